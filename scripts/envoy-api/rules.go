package main

import (
	"fmt"
	"strings"

	"github.com/envoyproxy/protoc-gen-validate/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// ruleOptions gives the validation rules of a field as options: `(validate.rules).string = {min_len: 1}`.
func ruleOptions(d protoreflect.FieldDescriptor) []string {
	options := []string{}
	if !proto.HasExtension(d.Options(), validate.E_Rules) {
		return options
	}
	rules := proto.GetExtension(d.Options(), validate.E_Rules).(*validate.FieldRules).ProtoReflect()
	forEachField(rules, func(f protoreflect.FieldDescriptor, v protoreflect.Value) {
		options = append(options, fmt.Sprintf("(validate.rules).%s = %s", f.Name(), textValue(f, v)))
	})
	return options
}

func textMessage(m protoreflect.Message) string {
	parts := []string{}
	forEachField(m, func(f protoreflect.FieldDescriptor, v protoreflect.Value) {
		parts = append(parts, fmt.Sprintf("%s: %s", f.Name(), textValue(f, v)))
	})
	return "{" + strings.Join(parts, ", ") + "}"
}

func textValue(f protoreflect.FieldDescriptor, v protoreflect.Value) string {
	if f.IsList() {
		items := []string{}
		for i := range v.List().Len() {
			items = append(items, textSingle(f, v.List().Get(i)))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return textSingle(f, v)
}

func textSingle(f protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch value := v.Interface().(type) {
	case protoreflect.Message:
		return textMessage(value)
	case protoreflect.EnumNumber:
		return string(f.Enum().Values().ByNumber(value).Name())
	case string:
		return quote(value)
	case []byte:
		return quote(string(value))
	default:
		return v.String()
	}
}

var escapes = strings.NewReplacer("\\", "\\\\", "\"", "\\\"", "\n", "\\n", "\r", "\\r", "\t", "\\t", "\x00", "\\000")

func quote(text string) string { return "\"" + escapes.Replace(text) + "\"" }

// forEachField visits the fields that are set, in order of declaration.
func forEachField(m protoreflect.Message, visit func(protoreflect.FieldDescriptor, protoreflect.Value)) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); m.Has(f) {
			visit(f, m.Get(f))
		}
	}
}
