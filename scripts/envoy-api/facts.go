package main

import (
	"encoding/base64"
	"math"
	"strconv"

	udpa "github.com/cncf/xds/go/udpa/annotations"
	"github.com/envoyproxy/go-control-plane/envoy/annotations"
	"github.com/envoyproxy/protoc-gen-validate/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The types below have the shape of the descriptor bundle (src/schema/descriptor.ts), so that the facts of the Go
// descriptors and what Chancery knows are compared value by value.

type Message struct {
	Name          string  `json:"name"`
	Fields        []Field `json:"fields"`
	Oneofs        []Oneof `json:"oneofs"`
	RulesDisabled bool    `json:"rulesDisabled,omitempty"`
}

type Field struct {
	Name         string         `json:"name"`
	JSONName     string         `json:"jsonName"`
	Number       int            `json:"number"`
	Type         Type           `json:"type"`
	IsRepeated   bool           `json:"isRepeated"`
	IsPacked     bool           `json:"isPacked"`
	HasPresence  bool           `json:"hasPresence"`
	Oneof        string         `json:"oneof,omitempty"`
	IsDeprecated bool           `json:"isDeprecated,omitempty"`
	IsDisallowed bool           `json:"isDisallowed,omitempty"`
	IsSensitive  bool           `json:"isSensitive,omitempty"`
	Rules        map[string]any `json:"rules,omitempty"`
}

type Type struct {
	Kind   string `json:"kind"`
	Scalar string `json:"scalar,omitempty"`
	Name   string `json:"name,omitempty"`
	Key    string `json:"key,omitempty"`
	Value  *Type  `json:"value,omitempty"`
}

type Oneof struct {
	Name       string `json:"name"`
	IsRequired bool   `json:"isRequired"`
}

type Enum struct {
	Name   string      `json:"name"`
	Values []EnumValue `json:"values"`
}

type EnumValue struct {
	Name         string `json:"name"`
	Number       int    `json:"number"`
	IsDisallowed bool   `json:"isDisallowed,omitempty"`
}

func messageFacts(m protoreflect.MessageDescriptor) Message {
	facts := Message{Name: string(m.FullName()), Fields: []Field{}, Oneofs: []Oneof{}}
	for i := range m.Fields().Len() {
		facts.Fields = append(facts.Fields, fieldFacts(m.Fields().Get(i)))
	}
	for i := range m.Oneofs().Len() {
		oneof := m.Oneofs().Get(i)
		if !oneof.IsSynthetic() {
			facts.Oneofs = append(facts.Oneofs, Oneof{string(oneof.Name()), flag(oneof, validate.E_Required)})
		}
	}
	facts.RulesDisabled = flag(m, validate.E_Disabled) || flag(m, validate.E_Ignored)
	return facts
}

func fieldFacts(f protoreflect.FieldDescriptor) Field {
	facts := Field{
		Name:         string(f.Name()),
		JSONName:     f.JSONName(),
		Number:       int(f.Number()),
		Type:         typeFacts(f),
		IsRepeated:   f.IsList(),
		IsPacked:     f.IsPacked(),
		HasPresence:  f.HasPresence(),
		IsDeprecated: f.Options().(interface{ GetDeprecated() bool }).GetDeprecated(),
		IsDisallowed: flag(f, annotations.E_DisallowedByDefault),
		IsSensitive:  flag(f, udpa.E_Sensitive),
	}
	if oneof := f.ContainingOneof(); oneof != nil && !oneof.IsSynthetic() {
		facts.Oneof = string(oneof.Name())
	}
	if proto.HasExtension(f.Options(), validate.E_Rules) {
		rules := proto.GetExtension(f.Options(), validate.E_Rules).(*validate.FieldRules)
		facts.Rules = optionFacts(rules.ProtoReflect())
	}
	return facts
}

func typeFacts(f protoreflect.FieldDescriptor) Type {
	if f.IsMap() {
		value := typeFacts(f.MapValue())
		return Type{Kind: "map", Key: f.MapKey().Kind().String(), Value: &value}
	}
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return Type{Kind: "message", Name: string(f.Message().FullName())}
	case protoreflect.EnumKind:
		return Type{Kind: "enum", Name: string(f.Enum().FullName())}
	default:
		return Type{Kind: "scalar", Scalar: f.Kind().String()}
	}
}

func enumFacts(e protoreflect.EnumDescriptor) Enum {
	facts := Enum{Name: string(e.FullName())}
	for i := range e.Values().Len() {
		value := e.Values().Get(i)
		isDisallowed := flag(value, annotations.E_DisallowedByDefaultEnum)
		facts.Values = append(facts.Values, EnumValue{string(value.Name()), int(value.Number()), isDisallowed})
	}
	return facts
}

func flag(d protoreflect.Descriptor, extension protoreflect.ExtensionType) bool {
	return proto.HasExtension(d.Options(), extension) && proto.GetExtension(d.Options(), extension).(bool)
}

// optionFacts gives an option message in the form that field rules have in the bundle: 64-bit numbers are strings,
// bytes are base64, enums are names.
func optionFacts(m protoreflect.Message) map[string]any {
	facts := map[string]any{}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.IsList() {
			list := []any{}
			for i := range v.List().Len() {
				list = append(list, optionValue(f, v.List().Get(i)))
			}
			facts[string(f.Name())] = list
		} else {
			facts[string(f.Name())] = optionValue(f, v)
		}
		return true
	})
	return facts
}

func optionValue(f protoreflect.FieldDescriptor, v protoreflect.Value) any {
	switch value := v.Interface().(type) {
	case protoreflect.Message:
		return optionFacts(value)
	case protoreflect.EnumNumber:
		return string(f.Enum().Values().ByNumber(value).Name())
	case int64:
		return strconv.FormatInt(value, 10)
	case uint64:
		return strconv.FormatUint(value, 10)
	case []byte:
		return base64.StdEncoding.EncodeToString(value)
	case float32:
		// The shortest decimal of a float, which is how it was written.
		shortest, _ := strconv.ParseFloat(strconv.FormatFloat(float64(value), 'g', -1, 32), 64)
		return shortest
	case int32:
		return float64(value)
	case uint32:
		return float64(value)
	case float64:
		if math.IsInf(value, 0) || math.IsNaN(value) {
			return strconv.FormatFloat(value, 'g', -1, 64)
		}
		return value
	default:
		return value
	}
}
