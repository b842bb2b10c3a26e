package graphtest

import (
	"fmt"
	"strconv"
	"strings"
)

// Attack is a document that costs nothing to write and much to answer.
type Attack struct {
	Document string
	Limits   string // by which limits it is refused
	Code     string // with which code, where it is no limit
}

// Attacks are by their names what tools and people send to break a server.
func Attacks() map[string]Attack {
	n := func(times int, text string) string { return strings.Repeat(text, times) }
	fan := func(last string) string {
		text := []string{"{ network { partners { nodes { ...F0 } } } }"}
		for i := range 30 {
			text = append(text, fmt.Sprintf("fragment F%d on Partner { ...F%d ...F%d }", i, i+1, i+1))
		}
		return strings.Join(append(text, last), " ")
	}
	return map[string]Attack{
		"101 aliases":                      {"{ " + Numbered(101, "a#: __typename ") + "}", "rootFields, aliases", ""},
		"101 aliases below":                {"{ viewer { " + Numbered(101, "a#: role ") + "} }", "aliases", ""},
		"the same field 500 times":         {"{ viewer { " + n(500, "role ") + "} }", "repeats", ""},
		"the same field 2,000 times":       {"{ viewer { " + n(2000, "role ") + "} }", "tokens", ""},
		"the same object 40 times":         {"{ network { " + n(40, "partners { nodes { id name } } ") + "} }", "repeats", ""},
		"doubled at each depth":            {"{ network { partners { nodes { " + doubled(8) + " } } } }", "repeats", ""},
		"ten directives":                   {"{ viewer" + n(10, " @aa") + " { role } }", "directivesOnOne", ""},
		"500 directives":                   {"{ viewer" + n(500, " @include(if: true)") + " { role } }", "tokens", ""},
		"60 directives":                    {"{ viewer { " + n(14, "role @aa @bb @cc @dd ") + "} }", "directives", ""},
		"a type of a type of a type":       {"{ __schema { " + n(5, "types { fields { type { ") + "name" + n(5, "} } } ") + "} }", "depth", ""},
		"a circle of types":                {"{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }", "", "GRAPHQL_VALIDATION_FAILED"},
		"100 deep":                         {"{ network { partners { nodes { " + n(100, "referredBy { ") + "id" + n(100, " }") + " } } } }", "depth", ""},
		"1,500 deep":                       {n(1500, "{a") + n(1500, "}"), "depth", ""},
		"a list 900 deep":                  {"{ network(id: " + n(900, "[") + n(900, "]") + ") { id } }", "", "GRAPHQL_VALIDATION_FAILED"},
		"fragments that double 30 times":   {fan(" fragment F30 on Partner { id }"), "selections", ""},
		"fragments that double to nothing": {fan(""), "selections", ""},
		"fragments that nothing spreads":   {"{ viewer { role } } fragment A on Viewer { " + n(300, "role ") + "}", "repeats", ""},
		"51 fragments":                     {"{ viewer { " + Numbered(51, "...F# ") + "} }" + Numbered(51, " fragment F# on Viewer { role }"), "fragments", ""},
		"a fragment in itself":             {"{ viewer { ...A } } fragment A on Viewer { ...A }", "", "GRAPHQL_VALIDATION_FAILED"},
		"a circle of fragments":            {"{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }", "", "GRAPHQL_VALIDATION_FAILED"},
		"deferred":                         {"{ viewer { ... @defer { role } } }", "", "GRAPHQL_VALIDATION_FAILED"},
		"100 operations":                   {Numbered(100, "query Q# { viewer { ...A } } ") + "fragment A on Viewer { " + n(20, "role ") + "}", "selections", ""},
		"400 variables":                    {"query (" + Numbered(400, "$v#: Int ") + ") { viewer { role } }", "", "GRAPHQL_VALIDATION_FAILED"},
		"900 wrong values":                 {"{ network { partners(filter: {status: [" + n(900, "5 ") + "]}) { totalCount } } }", "", "GRAPHQL_VALIDATION_FAILED"},
		"900 fields that there are not":    {"{ viewer { " + Numbered(900, "rol# ") + "} }", "", "GRAPHQL_VALIDATION_FAILED"},
		"a comment of 60 KB":               {"{ viewer { rol } } #" + n(60_000, "x"), "", "GRAPHQL_VALIDATION_FAILED"},
		"20,000 comments":                  {"{ viewer { rol } }" + n(20_000, "#\n"), "tokens", ""},
		"a text of 60 KB":                  {`{ network(id: """` + n(30_000, " \n") + `""") { rol } }`, "", "GRAPHQL_VALIDATION_FAILED"},
		"70 KB":                            {"{ viewer { role } } #" + n(70_000, "x"), "bytes", ""},
		"pages of pages": {
			"{ network { partners(first: 100) { nodes { referralsMade(first: 100) { nodes { referred { name } referrer { name } } } } } } }", "cost", "",
		},
	}
}

func doubled(depth int) string {
	if depth == 0 {
		return "id"
	}
	return strings.Repeat("referredBy { "+doubled(depth-1)+" } ", 2)
}

// Numbered is a text so many times over, with its number wherever it has a #.
func Numbered(times int, text string) string {
	var all strings.Builder
	for i := range times {
		all.WriteString(strings.ReplaceAll(text, "#", strconv.Itoa(i)))
	}
	return all.String()
}
