package graph

import (
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// tellAudience says in the description of every field that is not for everybody whom it is for. Who reads
// schema.graphqls sees the directives; introspection shows descriptions alone. The schema is the process's one.
func tellAudience(schema *ast.Schema) {
	audienceTold.Do(func() {
		for _, definition := range schema.Types {
			for _, field := range definition.Fields {
				field.Description = strings.Join(nonEmpty(field.Description, audienceOf(field), wholeOf(field)), " ")
			}
		}
	})
}

var audienceTold sync.Once

// audienceOf is "For ADMIN, PARTNER_MANAGER and SUPPORT.", by what the field allows.
func audienceOf(field *ast.FieldDefinition) string {
	allowed := field.Directives.ForName("allow")
	if allowed == nil {
		return ""
	}
	var roles []string
	for _, role := range allowed.Arguments.ForName("roles").Value.Children {
		roles = append(roles, role.Value.Raw)
	}
	last := len(roles) - 1
	if last == 0 {
		return "For " + roles[0] + "."
	}
	return "For " + strings.Join(roles[:last], ", ") + " and " + roles[last] + "."
}

func wholeOf(field *ast.FieldDefinition) string {
	if field.Directives.ForName("whole") == nil {
		return ""
	}
	return "Of a partner of whom the viewer sees all."
}

func nonEmpty(sentences ...string) []string {
	var kept []string
	for _, sentence := range sentences {
		if sentence != "" {
			kept = append(kept, sentence)
		}
	}
	return kept
}
