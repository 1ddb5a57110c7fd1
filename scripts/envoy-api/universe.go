package main

import (
	"cmp"
	"regexp"
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Packages whose every type Chancery knows; of others it knows what these refer to. scripts/generate.mjs has the
// same list.
var whole = regexp.MustCompile(`^(envoy\..*\.v3(alpha)?|xds(\..*)?|udpa(\..*)?|google\.protobuf|grpc\.(health|reflection)\..*|validate)$`)

// Universe is the Envoy API of the Go module: the types, each after the ones before it in its file.
type Universe struct {
	messages map[string]protoreflect.MessageDescriptor
	enums    map[string]protoreflect.EnumDescriptor
}

func newUniverse() *Universe {
	u := &Universe{map[string]protoreflect.MessageDescriptor{}, map[string]protoreflect.EnumDescriptor{}}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if whole.MatchString(string(file.Package())) {
			u.addAll(file.Messages(), file.Enums())
		}
		return true
	})
	return u
}

func (u *Universe) addAll(messages protoreflect.MessageDescriptors, enums protoreflect.EnumDescriptors) {
	for i := range messages.Len() {
		u.addMessage(messages.Get(i))
		u.addAll(messages.Get(i).Messages(), messages.Get(i).Enums())
	}
	for i := range enums.Len() {
		u.enums[string(enums.Get(i).FullName())] = enums.Get(i)
	}
}

func (u *Universe) addMessage(m protoreflect.MessageDescriptor) {
	name := string(m.FullName())
	if u.messages[name] != nil || m.IsMapEntry() {
		return
	}
	u.messages[name] = m
	for i := range m.Fields().Len() {
		field := m.Fields().Get(i)
		if field.IsMap() {
			field = field.MapValue()
		}
		if field.Message() != nil {
			u.addMessage(field.Message())
		}
		if field.Enum() != nil {
			u.enums[string(field.Enum().FullName())] = field.Enum()
		}
	}
}

// inDeclarationOrder sorts by file, then by position in it.
func inDeclarationOrder[D protoreflect.Descriptor](types map[string]D) []D {
	list := []D{}
	for _, descriptor := range types {
		list = append(list, descriptor)
	}
	slices.SortFunc(list, byDeclaration)
	return list
}

func byDeclaration[D protoreflect.Descriptor](a, b D) int {
	return cmp.Or(
		cmp.Compare(a.ParentFile().Path(), b.ParentFile().Path()),
		slices.Compare(position(a), position(b)),
	)
}

// isType says whether a message or an enum of any file has the name.
func isType(name protoreflect.FullName) bool {
	descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return false
	}
	switch descriptor.(type) {
	case protoreflect.MessageDescriptor, protoreflect.EnumDescriptor:
		return true
	default:
		return false
	}
}

func position(d protoreflect.Descriptor) []int {
	if d == d.ParentFile() {
		return nil
	}
	return append(position(d.Parent()), d.Index())
}
