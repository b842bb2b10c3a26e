// Command generate makes graph/generated of schema.graphqls, as gqlgen does, but for where fields are resolved at the
// same time.
//
// gqlgen begins a goroutine for every field that has a resolver, of every row of a page. Here what a row refers to is
// loaded before its fields are resolved, so that there is nothing to wait for: starting them took more than what they do.
// Only what stands at the top asks the database by itself, and is asked at the same time.
package main

import (
	"fmt"
	"os"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/plugin"
)

// atOnce is the types whose fields are questions of their own.
var atOnce = map[string]bool{"Query": true, "Viewer": true, "Network": true}

// oneByOne resolves the fields of all other types one after the other.
type oneByOne struct{}

var _ plugin.CodeGenerator = oneByOne{}

// Name names it among gqlgen's plugins.
func (oneByOne) Name() string { return "one by one" }

// GenerateCode says so, before the code is generated.
func (oneByOne) GenerateCode(data *codegen.Data) error {
	for _, object := range data.Objects {
		if !atOnce[object.Name] {
			object.DisableConcurrency = true
		}
	}
	return nil
}

func main() {
	read, err := config.LoadConfigFromDefaultLocations()
	if err == nil {
		err = api.Generate(read, api.AddPlugin(oneByOne{}))
	}
	if err == nil {
		err = lean(read.Exec.Filename)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
