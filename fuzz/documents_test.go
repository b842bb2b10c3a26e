package fuzz

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/graph"
	"partner.example/referrals/graph/graphtest"
)

// FuzzDocuments begins with what clients send and with what attackers do, and changes it letter by letter.
func FuzzDocuments(f *testing.F) {
	w := newWorld(f)
	const variables = `{"input": {"name": "Ann", "version": 1}, "first": 1, "from": "2026-01-01", "to": "2026-12-31", "externalId": "sale"}`
	for who, document := range documentsOfClients(f) {
		f.Add(uint8(who), document, variables)
	}
	for _, attack := range graphtest.Attacks() {
		const short = 4000
		if len(attack.Document) < short {
			f.Add(uint8(0), attack.Document, `{}`)
		}
	}
	f.Fuzz(func(t *testing.T, who uint8, document, variables string) {
		asked := map[string]any{"query": document}
		if json.Valid([]byte(variables)) {
			asked["variables"] = json.RawMessage(variables)
		}
		body, err := json.Marshal(asked)
		if err != nil {
			t.Fatal(err)
		}
		w.holds(t, int(who), string(body))
	})
}

// documentsOfClients are the operations of the portals and those on the explorer's shelf, each with its fragments.
func documentsOfClients(f *testing.F) (documents []string) {
	f.Helper()
	for _, pattern := range []string{"../e2e/operations/*.graphql", "../server/explorer/web/shelf/*.graphql"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("there is no %s: %v", pattern, err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			var written bytes.Buffer
			if err := graph.WriteManifest(&written, &ast.Source{Name: path, Input: string(text)}); err != nil {
				f.Fatal(err)
			}
			var manifest struct{ Operations []struct{ Body string } }
			if err := json.Unmarshal(written.Bytes(), &manifest); err != nil {
				f.Fatal(err)
			}
			for _, operation := range manifest.Operations {
				documents = append(documents, operation.Body)
			}
		}
	}
	return documents
}
