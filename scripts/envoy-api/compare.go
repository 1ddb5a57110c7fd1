package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
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

var v3 = regexp.MustCompile(`^envoy\..*\.v3(alpha)?$`)

// check prints how the bundle differs from the API, and reports whether it does not.
func check(u *Universe, bundle *Bundle) bool {
	messages, fields, fieldsV3, values, missing, different, extra := 0, 0, 0, 0, 0, 0, 0
	report := func(name string, gap Gap) {
		for _, item := range gap.missing {
			fmt.Printf("missing   %s.%s\n", name, item)
		}
		if gap.isMissing && len(gap.missing) == 0 {
			fmt.Printf("missing   %s\n", name)
			missing++
		}
		for _, item := range slices.Concat(gap.different, gap.other) {
			fmt.Printf("different %s.%s\n", name, item)
		}
		for _, item := range gap.extra {
			fmt.Printf("extra     %s.%s\n", name, item)
		}
		missing += len(gap.missing)
		different += len(gap.different) + len(gap.other)
		extra += len(gap.extra)
	}
	for _, m := range inDeclarationOrder(u.messages) {
		fact := messageFacts(m)
		messages++
		fields += len(fact.Fields)
		if v3.MatchString(string(m.ParentFile().Package())) {
			fieldsV3 += len(fact.Fields)
		}
		report(fact.Name, compareMessage(find(bundle.messages, fact.Name), fact))
	}
	for _, e := range inDeclarationOrder(u.enums) {
		fact := enumFacts(e)
		values += len(fact.Values)
		report(fact.Name, compareEnum(find(bundle.enums, fact.Name), fact))
	}
	for _, name := range beyond(u, bundle) {
		fmt.Printf("extra     %s\n", name)
		extra++
	}
	fmt.Printf("compared %d messages, %d fields (%d of them in envoy v3 packages), %d enum values\n", messages, fields, fieldsV3, values)
	fmt.Printf("missing %d\ndifferent %d\nextra %d\n", missing, different, extra)
	return missing+different+extra == 0
}

// beyond lists the types of the Envoy API that the bundle has and the Go module does not.
func beyond(u *Universe, bundle *Bundle) []string {
	names := []string{}
	for name := range bundle.messages {
		if u.messages[name] == nil && isEnvoys(name) {
			names = append(names, name)
		}
	}
	for name := range bundle.enums {
		if u.enums[name] == nil && isEnvoys(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

var envoys = regexp.MustCompile(`^(envoy\.(.*\.)?v3(alpha)?|xds|udpa)\.`)

func isEnvoys(name string) bool { return envoys.MatchString(name) }

func find[T any](types map[string]T, name string) *T {
	if item, isKnown := types[name]; isKnown {
		return &item
	}
	return nil
}
