package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// printer writes the declarations of one file, two spaces a level.
type printer struct {
	file  *file
	out   strings.Builder
	depth int
}

func (p *printer) line(format string, args ...any) {
	p.out.WriteString(strings.Repeat("  ", p.depth))
	fmt.Fprintf(&p.out, format, args...)
	p.out.WriteString("\n")
}

func (p *printer) block(head string, body func()) {
	before := p.out.Len()
	p.line("%s {", head)
	empty := p.out.Len()
	p.depth++
	body()
	p.depth--
	if p.out.Len() == empty {
		text := p.out.String()[:before]
		p.out.Reset()
		p.out.WriteString(text)
		p.line("%s {}", head)
		return
	}
	p.line("}")
}

func (p *printer) declaration(d protoreflect.Descriptor) {
	switch d := d.(type) {
	case protoreflect.MessageDescriptor:
		p.message(d)
	case protoreflect.EnumDescriptor:
		p.enum(d)
	}
}

func (p *printer) message(m protoreflect.MessageDescriptor) {
	p.block("message "+string(m.Name()), func() {
		gap := p.file.gaps[m.FullName()]
		facts := messageFacts(m)
		parts := p.parts()
		if facts.RulesDisabled && (gap.isMissing || slices.Contains(gap.other, "rulesDisabled")) {
			parts.next()
			p.line("option (validate.disabled) = true;")
		}
		p.nested(m, parts)
		p.fields(m, facts, gap, parts)
	})
}

func (p *printer) nested(m protoreflect.MessageDescriptor, parts *parts) {
	for i := range m.Enums().Len() {
		if p.file.needed[m.Enums().Get(i).FullName()] {
			parts.next()
			p.enum(m.Enums().Get(i))
		}
	}
	for i := range m.Messages().Len() {
		if p.file.needed[m.Messages().Get(i).FullName()] {
			parts.next()
			p.message(m.Messages().Get(i))
		}
	}
}

func (p *printer) fields(m protoreflect.MessageDescriptor, facts Message, gap Gap, parts *parts) {
	isNeeded := func(name string) bool {
		return slices.Contains(gap.missing, name) || slices.Contains(gap.different, name)
	}
	isShown := map[string]bool{}
	for i, field := range facts.Fields {
		if field.Oneof == "" {
			if isNeeded(field.Name) {
				parts.item()
				p.line("%s;", p.field(m.Fields().Get(i), field))
			}
			continue
		}
		if isShown[field.Oneof] {
			continue
		}
		isShown[field.Oneof] = true
		members := []int{}
		for j, other := range facts.Fields {
			if other.Oneof == field.Oneof && isNeeded(other.Name) {
				members = append(members, j)
			}
		}
		if len(members) == 0 && !slices.Contains(gap.other, "oneof "+field.Oneof) {
			continue
		}
		parts.next()
		p.block("oneof "+field.Oneof, func() {
			for _, oneof := range facts.Oneofs {
				if oneof.Name == field.Oneof && oneof.IsRequired {
					p.line("option (validate.required) = true;")
				}
			}
			for _, j := range members {
				p.line("%s;", p.field(m.Fields().Get(j), facts.Fields[j]))
			}
		})
	}
}

func (p *printer) field(d protoreflect.FieldDescriptor, field Field) string {
	label := ""
	switch {
	case field.IsRepeated:
		label = "repeated "
	case d.Cardinality() == protoreflect.Required:
		label = "required "
	case field.Oneof == "" && field.Type.Kind != "map" && d.HasOptionalKeyword():
		label = "optional "
	}
	options := []string{}
	if field.IsRepeated && d.Kind() != protoreflect.StringKind && d.Kind() != protoreflect.BytesKind && d.Kind() != protoreflect.MessageKind {
		if field.IsPacked != (p.file.syntax == "proto3") {
			options = append(options, fmt.Sprintf("packed = %t", field.IsPacked))
		}
	}
	if d.HasJSONName() && field.JSONName != defaultJSONName(field.Name) {
		options = append(options, fmt.Sprintf("json_name = %q", field.JSONName))
	}
	if field.IsDeprecated {
		options = append(options, "deprecated = true")
	}
	if field.IsDisallowed {
		options = append(options, "(envoy.annotations.disallowed_by_default) = true")
	}
	if field.IsSensitive {
		options = append(options, "(udpa.annotations.sensitive) = true")
	}
	options = append(options, ruleOptions(d)...)
	return fmt.Sprintf("%s%s %s = %d", label, p.typeName(d), field.Name, field.Number) + p.options(options)
}

// options stand on the line of the field when they fit into a hundred columns, else one a line.
func (p *printer) options(options []string) string {
	if len(options) == 0 {
		return ""
	}
	indent := strings.Repeat("  ", p.depth)
	if joined := strings.Join(options, ", "); len(indent)+len(joined) < 60 {
		return " [" + joined + "]"
	}
	return " [\n" + indent + "  " + strings.Join(options, ",\n"+indent+"  ") + "\n" + indent + "]"
}

func (p *printer) enum(e protoreflect.EnumDescriptor) {
	p.block("enum "+string(e.Name()), func() {
		gap := p.file.gaps[e.FullName()]
		facts := enumFacts(e)
		numbers := map[int]bool{}
		for _, value := range facts.Values {
			if numbers[value.Number] {
				p.line("option allow_alias = true;")
				break
			}
			numbers[value.Number] = true
		}
		for _, value := range facts.Values {
			if !slices.Contains(gap.missing, value.Name) && !slices.Contains(gap.different, value.Name) {
				continue
			}
			option := ""
			if value.IsDisallowed {
				option = " [(envoy.annotations.disallowed_by_default_enum) = true]"
			}
			p.line("%s = %d%s;", value.Name, value.Number, option)
		}
	})
}

// parts puts a blank line between the parts of a block: options and fields stand together, blocks stand apart.
type parts struct {
	p            *printer
	isStarted    bool
	isAfterBlock bool
}

func (p *printer) parts() *parts { return &parts{p: p} }

func (s *parts) next() {
	if s.isStarted {
		s.p.out.WriteString("\n")
	}
	s.isStarted, s.isAfterBlock = true, true
}

func (s *parts) item() {
	if s.isStarted && s.isAfterBlock {
		s.p.out.WriteString("\n")
	}
	s.isStarted, s.isAfterBlock = true, false
}
