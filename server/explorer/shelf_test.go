package explorer

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"partner.example/referrals/commission"
)

// Every document of the shelf begins with its question, ends its comments with whose it is, and is what the schema
// serves. That each runs is shown in the browser: make test-explorer.
func TestShelf_asksWhatTheSchemaServes(t *testing.T) {
	sdl, err := os.ReadFile("../../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(sdl)})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("web/shelf/*.graphql")
	if err != nil || len(files) == 0 {
		t.Fatalf("the shelf is empty: %v", err)
	}
	comments := regexp.MustCompile(`^# .+\?\n#\n(?:# .+\n)+#\n# For: (?:` + anyRole() + `)(?:, (?:` + anyRole() + `))*\nquery \w+`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !comments.Match(text) {
			t.Errorf("%s does not begin with a question, what the answer holds, and for whom it is", file)
		}
		document, err := parser.ParseQuery(&ast.Source{Name: file, Input: string(text)})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if wrong := validator.ValidateWithRules(schema, document, nil); wrong != nil {
			t.Errorf("%s: %v", file, wrong)
		}
	}
}

func anyRole() string {
	return strings.Join([]string{
		string(commission.Admin), string(commission.PartnerManager), string(commission.PartnerUser), string(commission.Support),
	}, "|")
}
