package e2e_test

import (
	"embed"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// operations is the contract: the documents of the clients, as they send them.
//
//go:embed operations/*.graphql
var operations embed.FS

// sent is what the clients send, by the name of the operation: its text and that of the fragments that it needs, byte
// for byte.
var sent = sync.OnceValues(func() (map[string]document, error) {
	files, err := operations.ReadDir("operations")
	if err != nil {
		return nil, err
	}
	all := map[string]document{}
	for _, file := range files {
		text, err := operations.ReadFile("operations/" + file.Name())
		if err != nil {
			return nil, err
		}
		source := &ast.Source{Name: file.Name(), Input: string(text)}
		parsed, err := parser.ParseQuery(source)
		if err != nil {
			return nil, err
		}
		for _, operation := range parsed.Operations {
			all[operation.Name] = document{file: file.Name(), operation: operation, text: cut(source, parsed, operation)}
		}
	}
	return all, nil
})

// document is one operation of a client.
type document struct {
	file      string
	operation *ast.OperationDefinition
	text      string
}

// cut is the text of an operation and of its fragments, out of the file that holds many.
func cut(source *ast.Source, parsed *ast.QueryDocument, operation *ast.OperationDefinition) string {
	runes := []rune(source.Input)
	var starts []int
	for _, definition := range parsed.Operations {
		starts = append(starts, definition.Position.Start)
	}
	for _, fragment := range parsed.Fragments {
		starts = append(starts, fragment.Position.Start)
	}
	slices.Sort(starts)
	from := func(start int) string {
		at, _ := slices.BinarySearch(starts, start)
		if at+1 < len(starts) {
			return string(runes[start:starts[at+1]])
		}
		return string(runes[start:])
	}
	var text strings.Builder
	text.WriteString(from(operation.Position.Start))
	for _, name := range spreads(parsed, operation.SelectionSet, map[string]bool{}) {
		text.WriteString(from(parsed.Fragments.ForName(name).Position.Start))
	}
	return text.String()
}

// spreads is the names of the fragments that a selection needs, each once.
func spreads(parsed *ast.QueryDocument, selections ast.SelectionSet, known map[string]bool) []string {
	var names []string
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			names = append(names, spreads(parsed, s.SelectionSet, known)...)
		case *ast.InlineFragment:
			names = append(names, spreads(parsed, s.SelectionSet, known)...)
		case *ast.FragmentSpread:
			if !known[s.Name] {
				known[s.Name] = true
				names = append(names, s.Name)
				names = append(names, spreads(parsed, parsed.Fragments.ForName(s.Name).SelectionSet, known)...)
			}
		}
	}
	return names
}

// operation is the text of an operation of the clients.
func operation(t *testing.T, name string) string {
	t.Helper()
	all, err := sent()
	if err != nil {
		t.Fatal(err)
	}
	found, ok := all[name]
	if !ok {
		t.Fatalf("no client sends %s", name)
	}
	return found.text
}

// schema is what the server promises.
var schema = sync.OnceValues(func() (*ast.Schema, error) {
	text, err := os.ReadFile("../schema.graphqls")
	if err != nil {
		return nil, err
	}
	return validator.LoadSchema(validator.Prelude, &ast.Source{Name: "schema.graphqls", Input: string(text)})
})

// validate holds a document against the schema.
func validate(t *testing.T, text string) gqlerror.List {
	t.Helper()
	promised, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return gqlerror.List{gqlerror.Wrap(err)}
	}
	return validator.ValidateWithRules(promised, parsed, nil)
}
