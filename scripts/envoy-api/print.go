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
	// isApart: the last part ended, and what comes next is another.
	isApart bool
}

func (p *printer) line(format string, args ...any) {
	p.out.WriteString(strings.Repeat("  ", p.depth))
	fmt.Fprintf(&p.out, format, args...)
	p.out.WriteString("\n")
}

// block writes a head and, in braces, what body writes; an empty body stays on the line of the head.
func (p *printer) block(head string, body func(*printer)) {
	inner := &printer{file: p.file, depth: p.depth + 1}
	body(inner)
	if inner.out.Len() == 0 {
		p.line("%s {}", head)
		return
	}
	p.line("%s {", head)
	p.out.WriteString(inner.out.String())
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
	p.block("message "+string(m.Name()), func(p *printer) {
		gap := p.file.gaps[m.FullName()]
		facts := messageFacts(m)
		if facts.RulesDisabled && (gap.isMissing || slices.Contains(gap.other, "rulesDisabled")) {
			p.line("option (validate.disabled) = true;")
			p.endPart()
		}
		p.nested(m)
		p.fields(m, facts, gap)
	})
}

func (p *printer) nested(m protoreflect.MessageDescriptor) {
	for i := range m.Enums().Len() {
		if p.file.needed[m.Enums().Get(i).FullName()] {
			p.part()
			p.enum(m.Enums().Get(i))
			p.endPart()
		}
	}
	for i := range m.Messages().Len() {
		if p.file.needed[m.Messages().Get(i).FullName()] {
			p.part()
			p.message(m.Messages().Get(i))
			p.endPart()
		}
	}
}

// fields writes those that are needed in order of declaration, and a oneof where its first member stands.
func (p *printer) fields(m protoreflect.MessageDescriptor, facts Message, gap Gap) {
	isNeeded := func(name string) bool {
		return slices.Contains(gap.missing, name) || slices.Contains(gap.different, name)
	}
	isShown := map[string]bool{}
	for i, field := range facts.Fields {
		if field.Oneof == "" && isNeeded(field.Name) {
			p.separate()
			p.line("%s;", p.field(m.Fields().Get(i), field))
		}
		if field.Oneof == "" || isShown[field.Oneof] {
			continue
		}
		isShown[field.Oneof] = true
		lines := []string{}
		for j, member := range facts.Fields {
			if member.Oneof == field.Oneof && isNeeded(member.Name) {
				lines = append(lines, (&printer{file: p.file, depth: p.depth + 1}).field(m.Fields().Get(j), member)+";")
			}
		}
		if len(lines) > 0 || gap.isMissing || slices.Contains(gap.other, "oneof "+field.Oneof) {
			p.oneof(facts, field.Oneof, lines)
		}
	}
}

func (p *printer) oneof(facts Message, name string, lines []string) {
	p.part()
	p.block("oneof "+name, func(p *printer) {
		if slices.Contains(facts.Oneofs, Oneof{name, true}) {
			p.line("option (validate.required) = true;")
		}
		for _, line := range lines {
			p.line("%s", line)
		}
	})
	p.endPart()
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
	p.block("enum "+string(e.Name()), func(p *printer) {
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

// Options, blocks and runs of plain fields are the parts of a block; a blank line stands between two.

// part begins one that is set apart from whatever was written before.
func (p *printer) part() {
	if p.out.Len() > 0 {
		p.out.WriteString("\n")
	}
	p.isApart = false
}

// separate begins a line that is set apart only from a part that has ended.
func (p *printer) separate() {
	if p.isApart {
		p.part()
	}
}

func (p *printer) endPart() { p.isApart = true }
