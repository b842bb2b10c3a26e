package graph

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"partner.example/referrals/commission"
	"partner.example/referrals/graph/generated"
)

// The codes are written down three times: in the program, in the docs, and in the schema.
func TestCodes_areTheSameInTheDocsAndInTheSchema(t *testing.T) {
	page, err := os.ReadFile("../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[commission.Code]int{}
	var lines []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| (\\d+) \\| (.+) \\|$").FindAllStringSubmatch(string(page), -1) {
		documented[commission.Code(row[1])], _ = strconv.Atoi(row[2])
		lines = append(lines, "- "+row[1]+": "+row[3])
	}
	if !maps.Equal(documented, statuses) {
		t.Errorf("docs/errors.md has %v\nthe program has %v", documented, statuses)
	}
	description := generated.NewExecutableSchema(generated.Config{}).Schema().Description
	for _, line := range lines {
		if !strings.Contains(description, line+"\n") && !strings.HasSuffix(description, line) {
			t.Errorf("the schema does not say %q", line)
		}
	}
	if told := strings.Count(description, "\n- "); told != len(lines) {
		t.Errorf("the schema tells of %d codes, the docs of %d", told, len(lines))
	}
}

// The limits that the docs tell are those that are held.
func TestLimits_areThoseOfTheDocs(t *testing.T) {
	page, err := os.ReadFile("../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-zA-Z]+)` \\| (\\d+) \\| ").FindAllStringSubmatch(string(page), -1) {
		documented[row[1]], _ = strconv.Atoi(row[2])
	}
	held := map[string]int{
		"bytes": maxBytes, "tokens": maxTokens, "depth": maxDepth, "selections": maxSelections, "rootFields": maxRootFields,
		"aliases": maxAliases, "repeats": maxRepeats, "fragments": maxFragments, "directives": maxDirectives, "directivesOnOne": maxDirectivesOne,
	}
	for name, maximum := range documented {
		if name == strings.ToUpper(name) {
			continue // a code
		}
		if held[name] != maximum || limitWords[name] == "" {
			t.Errorf("%s is %d in the docs, and %d in the program", name, maximum, held[name])
		}
		delete(held, name)
	}
	if len(held) > 0 {
		t.Errorf("the docs say nothing of %q", slices.Sorted(maps.Keys(held)))
	}
}

// What costs more than its objects is named as the schema names it.
func TestCost_namesFieldsThatThereAre(t *testing.T) {
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	for name := range extraCost {
		of, field, _ := strings.Cut(name, ".")
		if definition := schema.Types[of]; definition == nil || definition.Fields.ForName(field) == nil {
			t.Errorf("there is no %s", name)
		}
	}
}
