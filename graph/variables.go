package graph

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/graph/scalar"
)

// variables holds an operation's variables against their types and tells everything that is wrong with them, where
// gqlgen stops at the first, takes an enum's name in letters of any case, and does not look at @oneOf.
type variables struct {
	schema   *ast.Schema
	problems commission.Problems // all of them
	choices  commission.Problems // those of @oneOf
	shape    bool                // something does not fit its type, so that nothing can run
	most     int                 // how many problems are told
}

// checkVariables tells what is wrong with the variables of an operation, where it cannot run with them. It can where
// nothing is wrong but scalars that cannot be read, and choices where not one thing was chosen: these are told with
// what the rules find wrong with the rest.
//
// Up to so many problems are told, which bounds what an answer can take.
func checkVariables(schema *ast.Schema, operation *ast.OperationDefinition, given map[string]any, most int) (choices commission.Problems, err error) {
	v := variables{schema: schema, most: most}
	for _, variable := range operation.VariableDefinitions {
		value, present := given[variable.Variable]
		v.field([]string{variable.Variable}, variable.Type, variable.DefaultValue, value, present)
	}
	if v.shape {
		return nil, v.problems.Err()
	}
	return v.choices, nil
}

func (v *variables) refuse(path []string, message string) {
	v.shape = true
	v.tell(path, message)
}

func (v *variables) tell(path []string, message string) {
	if len(v.problems) < v.most {
		v.problems.Add(pathOf(path), "%s", message)
	}
}

func pathOf(path []string) string { return strings.TrimPrefix(strings.Join(path, "."), "input.") }

// field checks a variable or a field of an input object.
func (v *variables) field(path []string, of *ast.Type, otherwise *ast.Value, value any, present bool) {
	switch {
	case !present && (!of.NonNull || otherwise != nil):
	case !present:
		v.refuse(path, "is required")
	default:
		v.value(path, of, value)
	}
}

func (v *variables) value(path []string, of *ast.Type, value any) {
	if value == nil {
		if of.NonNull {
			v.refuse(path, "must not be null")
		}
		return
	}
	if of.Elem != nil {
		elements, isList := value.([]any)
		switch {
		case !isList: // one value stands for a list of it
			v.value(path, of.Elem, value)
		case len(elements) > ledger.MaxBatch:
			v.refuse(path, fmt.Sprintf("must be at most %d rows a call, not %d: send them in parts", ledger.MaxBatch, len(elements)))
			return
		}
		for i, element := range elements {
			v.value(append(slices.Clone(path), strconv.Itoa(i)), of.Elem, element)
		}
		return
	}
	switch definition := v.schema.Types[of.NamedType]; definition.Kind {
	case ast.InputObject:
		v.object(path, definition, value)
	case ast.Enum:
		if name, _ := value.(string); definition.EnumValues.ForName(name) == nil {
			v.refuse(path, "must be the name of a "+definition.Name+", in its own letters")
		}
	default:
		v.scalar(path, of.NamedType, value)
	}
}

func (v *variables) object(path []string, definition *ast.Definition, value any) {
	fields, isObject := value.(map[string]any)
	if !isObject {
		v.refuse(path, "must be an object")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if definition.Fields.ForName(name) == nil {
			v.refuse(append(slices.Clone(path), name), "there is no such field")
		}
	}
	if definition.Directives.ForName("oneOf") != nil && !exactlyOne(fields) {
		names := make([]string, len(definition.Fields))
		for i, field := range definition.Fields {
			names[i] = field.Name
		}
		v.tell(path, "must have exactly one of "+strings.Join(names, ", "))
		v.choices.Add(pathOf(path), "%s", "must have exactly one of "+strings.Join(names, ", "))
	}
	for _, field := range definition.Fields {
		inner, present := fields[field.Name]
		v.field(append(slices.Clone(path), field.Name), field.Type, field.DefaultValue, inner, present)
	}
}

// exactlyOne tells whether an object has one field, which is not null.
func exactlyOne(fields map[string]any) bool {
	for _, value := range fields {
		return len(fields) == 1 && value != nil
	}
	return false
}

func (v *variables) scalar(path []string, name string, value any) {
	switch name {
	case "Int":
		number, _ := value.(json.Number)
		if _, err := strconv.ParseInt(number.String(), 10, 32); err != nil {
			v.refuse(path, wholeNumber)
		}
	case "Boolean":
		if _, ok := value.(bool); !ok {
			v.refuse(path, "must be true or false")
		}
	case "String":
		if _, ok := value.(string); !ok {
			v.refuse(path, "must be a text")
		}
	default:
		if wrong := scalar.Problem(name, value); wrong != "" {
			v.tell(path, wrong)
		}
	}
}
