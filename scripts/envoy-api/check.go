package main

import (
	"fmt"
	"regexp"
	"slices"
)

var v3 = regexp.MustCompile(`^envoy\..*\.v3(alpha)?$`)

// report prints what is wrong as it is told, and counts.
type report struct {
	missing, different, extra int
}

func (r *report) add(name string, gap Gap) {
	if gap.isMissing && len(gap.missing) == 0 {
		r.line(&r.missing, "missing", name)
	}
	for _, item := range gap.missing {
		r.line(&r.missing, "missing", name+"."+item)
	}
	for _, item := range slices.Concat(gap.different, gap.other) {
		r.line(&r.different, "different", name+"."+item)
	}
	for _, item := range gap.extra {
		r.line(&r.extra, "extra", name+"."+item)
	}
}

func (r *report) line(count *int, kind, name string) {
	*count++
	fmt.Printf("%-9s %s\n", kind, name)
}

// check prints how the bundle differs from the API, and reports whether it does not.
func check(u *Universe, bundle *Bundle) bool {
	fields, fieldsV3, values := 0, 0, 0
	r := &report{}
	for _, m := range inDeclarationOrder(u.messages) {
		fact := messageFacts(m)
		fields += len(fact.Fields)
		if v3.MatchString(string(m.ParentFile().Package())) {
			fieldsV3 += len(fact.Fields)
		}
		r.add(fact.Name, compareMessage(find(bundle.messages, fact.Name), fact))
	}
	for _, e := range inDeclarationOrder(u.enums) {
		fact := enumFacts(e)
		values += len(fact.Values)
		r.add(fact.Name, compareEnum(find(bundle.enums, fact.Name), fact))
	}
	for _, name := range beyond(u, bundle) {
		r.line(&r.extra, "extra", name)
	}
	fmt.Printf("compared %d messages, %d fields (%d of them in envoy v3 packages), %d enum values\n",
		len(u.messages), fields, fieldsV3, values)
	fmt.Printf("missing %d\ndifferent %d\nextra %d\n", r.missing, r.different, r.extra)
	return *r == report{}
}

// beyond lists the types of the Envoy API that the bundle has and the Go module does not.
func beyond(u *Universe, bundle *Bundle) []string {
	names := []string{}
	for name := range bundle.messages {
		if u.messages[name] == nil && envoys.MatchString(name) {
			names = append(names, name)
		}
	}
	for name := range bundle.enums {
		if u.enums[name] == nil && envoys.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

var envoys = regexp.MustCompile(`^(envoy\.(.*\.)?v3(alpha)?|xds|udpa)\.`)

func find[T any](types map[string]T, name string) *T {
	if item, isKnown := types[name]; isKnown {
		return &item
	}
	return nil
}
