package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
)

// Bundle is a descriptor bundle as scripts/generate.mjs writes it.
type Bundle struct {
	messages map[string]Message
	enums    map[string]Enum
}

func readBundle(path string) (*Bundle, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Messages []Message
		Enums    []Enum
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	bundle := &Bundle{map[string]Message{}, map[string]Enum{}}
	for _, message := range file.Messages {
		bundle.messages[message.Name] = message
	}
	for _, enum := range file.Enums {
		bundle.enums[enum.Name] = enum
	}
	return bundle, nil
}

// Gap is what Chancery lacks, has otherwise, or has beyond the API, of one message or enum.
type Gap struct {
	// isMissing: the whole type is not in the bundle.
	isMissing bool
	// missing and different fields or enum values, in the API's order; extra ones in the bundle's.
	missing, different, extra []string
	// other says what differs beside the fields: oneofs, message options, the default of an enum.
	other []string
}

func (g Gap) isEmpty() bool {
	return !g.isMissing && len(g.missing)+len(g.different)+len(g.extra)+len(g.other) == 0
}

func compareMessage(known *Message, fact Message) Gap {
	if known == nil {
		return Gap{isMissing: true, missing: namesOf(fact.Fields)}
	}
	gap := Gap{}
	gap.missing, gap.different, gap.extra = compareLists(known.Fields, fact.Fields)
	missing, different, extra := compareLists(known.Oneofs, fact.Oneofs)
	for _, name := range slices.Concat(missing, different, extra) {
		gap.other = append(gap.other, "oneof "+name)
	}
	if known.RulesDisabled != fact.RulesDisabled {
		gap.other = append(gap.other, "rulesDisabled")
	}
	return gap
}

func compareEnum(known *Enum, fact Enum) Gap {
	if known == nil {
		return Gap{isMissing: true, missing: namesOf(fact.Values)}
	}
	gap := Gap{}
	gap.missing, gap.different, gap.extra = compareLists(known.Values, fact.Values)
	if known.Values[0].Number != fact.Values[0].Number {
		gap.other = append(gap.other, "default")
	}
	for number, name := range printedNames(fact.Values) {
		if len(gap.missing) == 0 && printedNames(known.Values)[number] != name {
			gap.other = append(gap.other, "alias "+name)
		}
	}
	return gap
}

// printedNames gives the first name of each number, which is the one that output uses.
func printedNames(values []EnumValue) map[int]string {
	names := map[int]string{}
	for _, value := range values {
		if _, isAlias := names[value.Number]; !isAlias {
			names[value.Number] = value.Name
		}
	}
	return names
}

type named interface{ nameOf() string }

func (f Field) nameOf() string     { return f.Name }
func (o Oneof) nameOf() string     { return o.Name }
func (v EnumValue) nameOf() string { return v.Name }

func namesOf[T named](items []T) []string {
	names := []string{}
	for _, item := range items {
		names = append(names, item.nameOf())
	}
	return names
}

func compareLists[T named](known, facts []T) (missing, different, extra []string) {
	byName := map[string]T{}
	for _, item := range known {
		byName[item.nameOf()] = item
	}
	for _, fact := range facts {
		item, isKnown := byName[fact.nameOf()]
		delete(byName, fact.nameOf())
		if !isKnown {
			missing = append(missing, fact.nameOf())
		} else if !reflect.DeepEqual(item, fact) {
			different = append(different, fact.nameOf())
		}
	}
	for _, item := range known {
		if _, isLeft := byName[item.nameOf()]; isLeft {
			extra = append(extra, item.nameOf())
		}
	}
	return missing, different, extra
}
