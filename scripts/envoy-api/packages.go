package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

var modules = []string{"github.com/envoyproxy/go-control-plane/envoy", "github.com/cncf/xds/go"}

// The packages of the v3 API; the module of go-control-plane also has the one before it.
var isV3 = regexp.MustCompile(`/go-control-plane/envoy/(.*/v3(alpha)?|annotations)$|/cncf/xds/`)

// Packages beside the modules that the API's users need: gRPC's own services, and the types of status and JSON.
var others = []string{
	"google.golang.org/genproto/googleapis/rpc/status",
	"google.golang.org/grpc/health/grpc_health_v1",
	"google.golang.org/grpc/reflection/grpc_reflection_v1",
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha",
	"google.golang.org/protobuf/types/known/emptypb",
	"google.golang.org/protobuf/types/known/fieldmaskpb",
}

// packages lists what the modules of go.mod have for the v3 API.
func packages() ([]string, error) {
	found := map[string]bool{}
	for _, module := range modules {
		list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
		list.Stderr = os.Stderr
		out, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		files := os.DirFS(strings.TrimSpace(string(out)))
		err = fs.WalkDir(files, ".", func(file string, _ fs.DirEntry, err error) error {
			if name := path.Join(module, path.Dir(file)); strings.HasSuffix(file, ".pb.go") && isV3.MatchString(name) {
				found[name] = true
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

func writeImports() error {
	all, err := packages()
	if err != nil {
		return err
	}
	text := "package main\n\n// Every package of the API: its descriptors are registered by being imported.\nimport (\n"
	for _, name := range slices.Sorted(slices.Values(slices.Concat(all, others))) {
		text += fmt.Sprintf("\t_ %q\n", name)
	}
	return os.WriteFile("imports.go", []byte(text+")\n"), 0o644)
}

// checkImports makes sure that no package of the modules was forgotten in imports.go.
func checkImports() error {
	all, err := packages()
	if err != nil {
		return err
	}
	imported := map[string]bool{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if options, isFile := file.Options().(*descriptorpb.FileOptions); isFile {
			name, _, _ := strings.Cut(options.GetGoPackage(), ";")
			imported[name] = true
		}
		return true
	})
	forgotten := slices.DeleteFunc(all, func(name string) bool { return imported[name] })
	if len(forgotten) > 0 {
		return fmt.Errorf("imports.go lacks %s; run: go run . imports", strings.Join(forgotten, ", "))
	}
	return nil
}
