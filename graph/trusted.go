package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"partner.example/referrals/graph/generated"
)

// Trusted is the documents that clients were built with, by their ids: SHA-256 in hexadecimal, or what the build of a
// client calls them.
type Trusted map[string]*document

// manifest is the file of Apollo's build tools. Those of Relay and of GraphQL Code Generator write an object of ids
// and documents.
type manifest struct {
	Format     string      `json:"format"`
	Version    int         `json:"version"`
	Operations []operation `json:"operations"`
}

type operation struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Body string `json:"body"`
}

const manifestFormat = "apollo-persisted-query-manifest"

// ReadTrusted reads a manifest in either form. Every document in it must be one that this server can run.
func ReadTrusted(from io.Reader) (Trusted, error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	bodies := map[string]string{}
	var apollo manifest
	if err := json.Unmarshal(text, &apollo); err == nil && apollo.Format == manifestFormat {
		for _, o := range apollo.Operations {
			if body, twice := bodies[o.ID]; twice && body != o.Body {
				return nil, fmt.Errorf("a manifest has one document for an id, and there are two for %q", o.ID)
			}
			bodies[o.ID] = o.Body
		}
	} else if err := json.Unmarshal(text, &bodies); err != nil {
		return nil, errors.New(`a manifest is JSON: {"format": "` + manifestFormat + `", ...} or an object of ids and documents`)
	}
	trusted := Trusted{}
	var wrong []error
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	for _, id := range slices.Sorted(maps.Keys(bodies)) {
		if mistaken := wrongID(id, bodies[id]); mistaken != "" {
			wrong = append(wrong, fmt.Errorf("document %q: %s", id, mistaken))
		}
		read, mistakes := readDocument(schema, bodies[id], true)
		for _, mistake := range mistakes {
			wrong = append(wrong, fmt.Errorf("document %s: %w", id, mistake))
		}
		trusted[strings.TrimPrefix(id, hashPrefix)], trusted[digest(bodies[id])] = read, read
	}
	return trusted, errors.Join(wrong...)
}

var isHash = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

// wrongID is why an id cannot stand for a document: a client that sends it would be answered by another one, or never.
func wrongID(id, body string) string {
	name := strings.TrimPrefix(id, hashPrefix)
	switch {
	case name == "":
		return "its id is empty"
	case (isHash.MatchString(name) || name != id) && name != digest(body):
		return "its id is the SHA-256 of another document; its own is " + digest(body)
	default:
		return ""
	}
}

// WriteManifest writes the manifest of the operations in some files: each with the fragments that it needs, as the
// files have them. All must be valid.
func WriteManifest(to io.Writer, files ...*ast.Source) error {
	whole := &ast.Source{}
	for _, file := range files {
		if _, err := parser.ParseQuery(file); err != nil {
			return err
		}
		whole.Input += file.Input + "\n"
	}
	all, err := parser.ParseQuery(whole)
	if err != nil {
		return err
	}
	made := manifest{Format: manifestFormat, Version: 1, Operations: []operation{}}
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	wrong := namedTwice(all)
	pieces := piecesOf(whole, all)
	for _, o := range all.Operations {
		parts := []string{pieces[o.Position.Start]}
		for _, fragment := range spreads(all, o.SelectionSet, map[string]bool{}) {
			parts = append(parts, pieces[fragment.Position.Start])
		}
		body := strings.Join(parts, "\n")
		_, mistakes := readDocument(schema, body, true)
		for _, mistake := range mistakes {
			wrong = append(wrong, fmt.Errorf("%s: %w", o.Name, mistake))
		}
		made.Operations = append(made.Operations, operation{ID: digest(body), Name: o.Name, Type: string(o.Operation), Body: body})
	}
	if wrong != nil {
		return errors.Join(wrong...)
	}
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(made)
}

// namedTwice tells of operations and fragments that could be taken for another one.
func namedTwice(all *ast.QueryDocument) (wrong []error) {
	known := map[string]bool{}
	for _, o := range all.Operations {
		if o.Name == "" || known[o.Name] {
			wrong = append(wrong, fmt.Errorf("every operation must have a name of its own, and there is another %q", o.Name))
		}
		known[o.Name] = true
	}
	clear(known)
	for _, fragment := range all.Fragments {
		if known[fragment.Name] {
			wrong = append(wrong, fmt.Errorf("every fragment must have a name of its own, and there is another %q", fragment.Name))
		}
		known[fragment.Name] = true
	}
	return wrong
}

// piecesOf is the text of each operation and fragment, by where it begins.
func piecesOf(source *ast.Source, parsed *ast.QueryDocument) map[int]string {
	var starts []int
	for _, o := range parsed.Operations {
		starts = append(starts, o.Position.Start)
	}
	for _, fragment := range parsed.Fragments {
		starts = append(starts, fragment.Position.Start)
	}
	slices.Sort(starts)
	runes := []rune(source.Input)
	pieces := make(map[int]string, len(starts))
	for i, start := range starts {
		end := len(runes)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		pieces[start] = strings.TrimSpace(string(runes[start:end]))
	}
	return pieces
}

// spreads is the fragments that a selection needs, each once.
func spreads(all *ast.QueryDocument, set ast.SelectionSet, known map[string]bool) (needed []*ast.FragmentDefinition) {
	for _, selection := range set {
		switch selected := selection.(type) {
		case *ast.Field:
			needed = append(needed, spreads(all, selected.SelectionSet, known)...)
		case *ast.InlineFragment:
			needed = append(needed, spreads(all, selected.SelectionSet, known)...)
		case *ast.FragmentSpread:
			fragment := all.Fragments.ForName(selected.Name)
			if fragment == nil || known[selected.Name] { // validation tells what is missing
				continue
			}
			known[selected.Name] = true
			needed = append(append(needed, fragment), spreads(all, fragment.SelectionSet, known)...)
		}
	}
	return needed
}
