package graph

import (
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// enumNames checks the values of enums in variables: gqlgen takes a name in letters of any case, and hands it on as
// it came, so that "forfeit" would mean neither FORFEIT nor KEEP.
type enumNames struct {
	schema *ast.Schema
	held   map[string]bool // the types of input that hold an enum, however deep, and the enums themselves
}

func newEnumNames(schema *ast.Schema) enumNames {
	n := enumNames{schema: schema, held: map[string]bool{}}
	for grew := true; grew; {
		grew = false
		for name, definition := range schema.Types {
			holds := definition.Kind == ast.Enum || (definition.Kind == ast.InputObject &&
				slices.ContainsFunc(definition.Fields, func(f *ast.FieldDefinition) bool { return n.held[f.Type.Name()] }))
			if holds && !n.held[name] {
				n.held[name], grew = true, true
			}
		}
	}
	return n
}

// check tells which variables of an operation hold a name that their enum has not, all at once.
func (n enumNames) check(operation *graphql.OperationContext) gqlerror.List {
	var wrong gqlerror.List
	for _, variable := range operation.Operation.VariableDefinitions {
		n.in(&wrong, ast.Path{ast.PathName("variable"), ast.PathName(variable.Variable)}, variable.Type, operation.Variables[variable.Variable])
	}
	return wrong
}

func (n enumNames) in(wrong *gqlerror.List, path ast.Path, of *ast.Type, value any) {
	if value == nil || !n.held[of.Name()] {
		return
	}
	definition := n.schema.Types[of.Name()]
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			n.in(wrong, append(slices.Clone(path), ast.PathIndex(i)), of, element)
		}
	case map[string]any:
		for _, field := range definition.Fields {
			n.in(wrong, append(slices.Clone(path), ast.PathName(field.Name)), field.Type, value[field.Name])
		}
	default:
		name, _ := value.(string)
		if definition.Kind == ast.Enum && definition.EnumValues.ForName(name) == nil {
			problem := gqlerror.ErrorPathf(path, "must be the name of a %s, in its own letters", definition.Name)
			errcode.Set(problem, errcode.ValidationFailed)
			*wrong = append(*wrong, problem)
		}
	}
}
