package main

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// typeName gives the type of a field as a .proto file says it: the shortest name that means the right type there.
func (p *printer) typeName(d protoreflect.FieldDescriptor) string {
	scope := d.ContainingMessage()
	if d.IsMap() {
		return "map<" + d.MapKey().Kind().String() + ", " + referTo(d.MapValue(), scope) + ">"
	}
	return referTo(d, scope)
}

func referTo(d protoreflect.FieldDescriptor, scope protoreflect.MessageDescriptor) string {
	var target protoreflect.Descriptor
	switch {
	case d.Message() != nil:
		target = d.Message()
	case d.Enum() != nil:
		target = d.Enum()
	default:
		return d.Kind().String()
	}
	parts := strings.Split(string(target.FullName()), ".")
	for i := len(parts) - 1; i >= 0; i-- {
		name := strings.Join(parts[i:], ".")
		// A name with as many parts as the package, or more, is written in full: half a package name reads badly.
		isInPackage := i >= len(strings.Split(string(target.ParentFile().Package()), "."))
		if (isInPackage || i == 0) && resolve(name, scope) == target.FullName() {
			return name
		}
	}
	return "." + string(target.FullName())
}

// resolve finds what a relative name means in a message: from the innermost scope outwards, among the types of the
// same file's package, then as a full name.
func resolve(name string, scope protoreflect.MessageDescriptor) protoreflect.FullName {
	for outer := scope.FullName(); ; outer = outer.Parent() {
		candidate := protoreflect.FullName(name)
		if outer != "" {
			candidate = outer + "." + candidate
		}
		if isType(candidate) {
			return candidate
		}
		if outer == "" {
			return ""
		}
	}
}

func defaultJSONName(name string) string {
	var out strings.Builder
	isUpper := false
	for _, letter := range name {
		if letter == '_' {
			isUpper = true
			continue
		}
		if isUpper {
			out.WriteString(strings.ToUpper(string(letter)))
		} else {
			out.WriteRune(letter)
		}
		isUpper = false
	}
	return out.String()
}
