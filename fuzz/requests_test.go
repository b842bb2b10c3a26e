package fuzz

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/graph/generated"
)

// FuzzRequests grows requests that fit the schema, so that they get behind the door: each choice that there is in one is
// a byte.
func FuzzRequests(f *testing.F) {
	w := newWorld(f)
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	for seed := range 64 {
		choices := make([]byte, 96)
		for i := range choices {
			choices[i] = byte((seed*131 + i*i*7 + i*seed) % 251)
		}
		f.Add(choices)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		r := &request{schema: schema, choices: choices, ids: w.ids, variables: map[string]any{}}
		who := r.pick(len(w.askers))
		body, err := json.Marshal(map[string]any{"query": r.document(), "variables": r.variables})
		if err != nil {
			t.Fatal(err)
		}
		w.holds(t, who, string(body))
	})
}

// request is one that grows.
type request struct {
	schema    *ast.Schema
	choices   []byte
	ids       []string
	declared  []string
	variables map[string]any
	fields    int
}

const (
	mostFields = 30
	mostDepth  = 9
)

// pick chooses one of so many; the first where there are no choices left.
func (r *request) pick(of int) int {
	if len(r.choices) == 0 || of == 0 {
		return 0
	}
	chosen := int(r.choices[0]) % of
	r.choices = r.choices[1:]
	return chosen
}

// rarely is true once in so many times.
func (r *request) rarely(of int) bool { return r.pick(of) == of-1 }

func (r *request) document() string {
	kind, root := "query", r.schema.Query
	if r.rarely(3) {
		kind, root = "mutation", r.schema.Mutation
	}
	selection := r.selection(root, 0)
	declared := ""
	if r.declared != nil {
		declared = "(" + strings.Join(r.declared, ", ") + ")"
	}
	return kind + " " + declared + selection
}

func (r *request) selection(of *ast.Definition, depth int) string {
	parts := []string{"__typename"}
	taken := map[int]bool{}
	for range 1 + r.pick(4) {
		if of.IsAbstractType() {
			possible := r.schema.GetPossibleTypes(of)
			if chosen := r.pick(len(possible)); !taken[chosen] {
				taken[chosen] = true
				parts = append(parts, "... on "+possible[chosen].Name+" "+r.selection(possible[chosen], depth+1))
			}
			continue
		}
		if chosen := r.pick(len(of.Fields)); !taken[chosen] {
			taken[chosen] = true
			parts = append(parts, r.field(of, of.Fields[chosen], depth))
		}
	}
	return "{ " + strings.Join(parts, " ") + " }"
}

func (r *request) field(of *ast.Definition, field *ast.FieldDefinition, depth int) string {
	r.fields++
	if r.fields > mostFields || strings.HasPrefix(field.Name, "__") {
		return ""
	}
	var given []string
	for _, argument := range field.Arguments {
		if argument.Type.NonNull && argument.DefaultValue == nil || r.pick(3) == 0 {
			given = append(given, argument.Name+": "+r.argument(argument.Type))
		}
	}
	text := field.Name
	if len(of.Interfaces) > 0 { // another type's field of this name may be of another type
		text = of.Name + "_" + text + ": " + text
	}
	if given != nil {
		text += "(" + strings.Join(given, ", ") + ")"
	}
	if inner := r.schema.Types[field.Type.Name()]; inner.IsCompositeType() {
		if depth == mostDepth {
			return ""
		}
		text += " " + r.selection(inner, depth+1)
	}
	return text
}

// argument is a value in the document, or a variable.
func (r *request) argument(of *ast.Type) string {
	value := r.value(of, 0)
	if r.pick(3) > 0 {
		return literal(value)
	}
	name := "v" + strconv.Itoa(len(r.declared))
	r.declared = append(r.declared, "$"+name+": "+of.String())
	r.variables[name] = plain(value)
	return "$" + name
}

// enum is a name in a document, and a text in variables.
type enum string

func literal(value any) string {
	switch v := value.(type) {
	case map[string]any:
		var fields []string
		for name, inner := range v {
			fields = append(fields, name+": "+literal(inner))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case []any:
		var elements []string
		for _, inner := range v {
			elements = append(elements, literal(inner))
		}
		return "[" + strings.Join(elements, ", ") + "]"
	case enum:
		return string(v)
	case json.Number:
		return v.String()
	default:
		text, _ := json.Marshal(v) //nolint:errchkjson // texts and booleans
		return string(text)
	}
}

func plain(value any) any {
	switch v := value.(type) {
	case map[string]any:
		fields := map[string]any{}
		for name, inner := range v {
			fields[name] = plain(inner)
		}
		return fields
	case []any:
		elements := []any{}
		for _, inner := range v {
			elements = append(elements, plain(inner))
		}
		return elements
	case enum:
		return string(v)
	default:
		return v
	}
}

func (r *request) value(of *ast.Type, depth int) any {
	if r.rarely(23) {
		return nil
	}
	if of.Elem != nil {
		elements := []any{}
		for range r.pick(4) {
			elements = append(elements, r.value(of.Elem, depth))
		}
		return elements
	}
	definition := r.schema.Types[of.NamedType]
	switch definition.Kind {
	case ast.Enum:
		if r.rarely(29) {
			return enum("NONE")
		}
		return enum(definition.EnumValues[r.pick(len(definition.EnumValues))].Name)
	case ast.InputObject:
		fields := map[string]any{}
		only := -1
		if definition.Directives.ForName("oneOf") != nil && !r.rarely(7) {
			only = r.pick(len(definition.Fields))
		}
		for i, field := range definition.Fields {
			wanted := field.Type.NonNull || r.pick(2) == 0
			if only >= 0 {
				wanted = i == only
			}
			if wanted {
				fields[field.Name] = r.value(field.Type, depth+1)
			}
		}
		return fields
	default:
		return r.scalar(of.NamedType)
	}
}

// scalars are what is sent of each kind: the usual first, then what is at a border, and what is none.
var scalars = map[string][]any{
	"Boolean":  {true, false, "true", json.Number("1")},
	"Int":      {json.Number("1"), json.Number("2"), json.Number("0"), json.Number("100"), json.Number("101"), json.Number("-1"), json.Number("2147483647"), json.Number("2147483648"), json.Number("-2147483648"), json.Number("1.5"), json.Number("1e3"), "1"},
	"Decimal":  {"10", "1", "0.01", "0", "-1", "0.000001", "0.0000001", "1000000000", "1000000000.000001", "-0", "NaN", "1e9", "99999999999999999999", "", json.Number("5"), " 1"},
	"Date":     {"2026-03-01", "2026-03-03", "2026-02-28", "2026-01-01", "2026-12-31", "1970-01-01", "9999-12-31", "0001-01-01", "2026-02-30", "", "x", "2000-02-29", json.Number("1")},
	"DateTime": {"2026-03-02T10:00:00Z", "2026-03-03T10:00:00.000001Z", "2026-03-03T05:00:00-05:00", "1999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-03-02T10:00:00", "", "x"},
	"String":   {"Ann", "sale", "back", "new", "ann@example.com", "https://acme.example/join", "", " ", "%", "_", "\x00", "\n", "'; DROP TABLE partner; --", "\u202e", "😀", "\ufffd", strings.Repeat("x", 300), "sale ", "SALE", "MTox", "AAAA", "NHw1"},
	"ID":       {"", "x", "UGFydG5lcjow", "UGFydG5lcjotMQ", "UGFydG5lcjo5MjIzMzcyMDM2ODU0Nzc1ODA3", "UGFydG5lcjo5OTk5OTk5OTk5OTk5OTk5OTk5OTk", "OjE", "Tm90aGluZzox", json.Number("1")},
}

func (r *request) scalar(name string) any {
	if name == "ID" && !r.rarely(9) {
		return r.ids[r.pick(len(r.ids))]
	}
	known := scalars[name]
	if len(known) == 0 {
		return "x"
	}
	if !r.rarely(5) { // mostly what gets further
		const usual = 4
		return known[r.pick(min(usual, len(known)))]
	}
	return known[r.pick(len(known))]
}
