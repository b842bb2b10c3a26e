package main

import (
	"fmt"
	"io"
	"os"

	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/graph"
)

type documentsCommand struct {
	Files []string `arg:"" help:"Files of GraphQL operations and fragments." placeholder:"FILE"`
}

const documentsName = "documents <files>" // as kong calls it

// run prints the manifest. It needs no database.
func (c documentsCommand) run(stdout io.Writer) error {
	files := make([]*ast.Source, len(c.Files))
	for i, name := range c.Files {
		text, err := os.ReadFile(name) //nolint:gosec // the operator's own file
		if err != nil {
			return err
		}
		files[i] = &ast.Source{Name: name, Input: string(text)}
	}
	if err := graph.WriteManifest(stdout, files...); err != nil {
		return fmt.Errorf("make the manifest:\n%w", err)
	}
	return nil
}
