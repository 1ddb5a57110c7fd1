// Command envoy-api holds the Envoy API that Chancery knows against the descriptors that are compiled into
// go-control-plane.
//
//	go run . check BUNDLE              prints what the bundle lacks or has otherwise; exit 1 when there is anything
//	go run . supplements BUNDLE DIR    writes .proto files into DIR with what the bundle lacks
//	go run . set FILE                  writes the API as a FileDescriptorSet
//	go run . imports                   writes imports.go, after the version of a module in go.mod has changed
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "envoy-api:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "check":
		bundle, err := readBundle(args[1])
		if err != nil {
			return err
		}
		if err := checkImports(); err != nil {
			return err
		}
		if !check(newUniverse(), bundle) {
			return fmt.Errorf("the bundle is not the API")
		}
		return nil
	case len(args) == 3 && args[0] == "supplements":
		bundle, err := readBundle(args[1])
		if err != nil {
			return err
		}
		return writeSupplements(newUniverse(), bundle, args[2])
	case len(args) == 2 && args[0] == "set":
		return writeSet(args[1])
	case len(args) == 1 && args[0] == "imports":
		return writeImports()
	default:
		return fmt.Errorf("usage: envoy-api check BUNDLE | supplements BUNDLE DIR | set FILE | imports")
	}
}
