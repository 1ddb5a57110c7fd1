package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

const header = "// Written by scripts/envoy-api: facts of the Envoy 1.40 API that the npm package lacks; see protos/README.md.\n"

// writeSupplements replaces the files in dir by one per proto package that the bundle does not know whole, and a list
// of the names that it knows and the API does not.
func writeSupplements(u *Universe, bundle *Bundle, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	files := map[string]*file{}
	removed := beyond(u, bundle)
	for _, m := range inDeclarationOrder(u.messages) {
		gap := compareMessage(find(bundle.messages, string(m.FullName())), messageFacts(m))
		for _, name := range gap.extra {
			removed = append(removed, string(m.FullName())+"."+name)
		}
		if !gap.isEmpty() {
			fileOf(files, m).add(m, gap)
		}
	}
	for _, e := range inDeclarationOrder(u.enums) {
		gap := compareEnum(find(bundle.enums, string(e.FullName())), enumFacts(e))
		for _, name := range gap.extra {
			removed = append(removed, string(e.FullName())+"."+name)
		}
		if !gap.isEmpty() {
			fileOf(files, e).add(e, gap)
		}
	}
	for path, file := range files {
		target := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, []byte(file.text()), 0o644); err != nil {
			return err
		}
	}
	slices.Sort(removed)
	list := "# Written by scripts/envoy-api: what the npm package has and Envoy 1.40 refuses.\n" + strings.Join(removed, "\n") + "\n"
	return os.WriteFile(filepath.Join(dir, "removed.txt"), []byte(list), 0o644)
}

// file is one supplement: the types of a package that are needed, with what is needed of each.
type file struct {
	pkg, syntax string
	gaps        map[protoreflect.FullName]Gap
	// shown has the outermost types that hold something needed, in order.
	shown []protoreflect.Descriptor
	// needed has every type that has a gap or holds one that has.
	needed map[protoreflect.FullName]bool
}

func fileOf(files map[string]*file, d protoreflect.Descriptor) *file {
	pkg := string(d.ParentFile().Package())
	path := strings.ReplaceAll(pkg, ".", "/")
	syntax := d.ParentFile().Syntax().String()
	if syntax != "proto3" {
		// google.protobuf is the one package that has both: its descriptor.proto is proto2.
		path += "/" + syntax
		syntax = "proto2"
	}
	path += ".proto"
	if files[path] == nil {
		files[path] = &file{pkg, syntax, map[protoreflect.FullName]Gap{}, nil, map[protoreflect.FullName]bool{}}
	}
	return files[path]
}

func (f *file) add(d protoreflect.Descriptor, gap Gap) {
	f.gaps[d.FullName()] = gap
	outermost := d
	for ; outermost.Parent() != outermost.ParentFile(); outermost = outermost.Parent() {
		f.needed[outermost.FullName()] = true
	}
	if !f.needed[outermost.FullName()] {
		f.needed[outermost.FullName()] = true
		f.shown = append(f.shown, outermost)
	}
}

func (f *file) text() string {
	p := &printer{file: f}
	fmt.Fprintf(&p.out, "%ssyntax = %q;\n\npackage %s;\n", header, f.syntax, f.pkg)
	slices.SortStableFunc(f.shown, byDeclaration)
	for _, d := range f.shown {
		p.out.WriteString("\n")
		p.declaration(d)
	}
	return p.out.String()
}
