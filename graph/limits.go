package graph

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The limits of a document. They are held before anything walks it: validation compares fields in pairs, and what
// walks a tree at every spread takes time that doubles with each fragment.
const (
	maxBytes         = 64 << 10
	maxTokens        = 2000 // the largest document of a client has some 300
	maxDepth         = 16   // GraphiQL's introspection has 15
	maxSelections    = 1500 // fields and fragments: counted wherever they are spread, and where they are defined
	maxRootFields    = 20
	maxAliases       = 50
	maxRepeats       = 100 // pairs of fields that stand for the same place in the answer
	maxFragments     = 50
	maxDirectives    = 50
	maxDirectivesOne = 4 // on one field or fragment
)

// shape is how large a selection is, what its fragments stand for included.
type shape struct {
	depth, selections, aliases, directives int
	directivesOne                          int // the most on one
	introspects                            bool
}

// plenty is more than any limit: counting on is of no use, and would overflow.
const plenty = 1 << 30

func (s *shape) add(other shape) {
	s.depth = max(s.depth, other.depth)
	s.selections = min(s.selections+other.selections, plenty)
	s.aliases = min(s.aliases+other.aliases, plenty)
	s.directives = min(s.directives+other.directives, plenty)
	s.directivesOne = max(s.directivesOne, other.directivesOne)
	s.introspects = s.introspects || other.introspects
}

func (s *shape) directed(by ast.DirectiveList) {
	s.directives = min(s.directives+len(by), plenty)
	s.directivesOne = max(s.directivesOne, len(by))
}

// measuring finds the shapes of a document's selections, that of each fragment once.
type measuring struct {
	document  *ast.QueryDocument
	fragments map[string]*ast.FragmentDefinition
	known     map[string]shape
	inside    map[string]bool // the fragments that are being measured
	circles   []*ast.FragmentSpread
	deferred  []*ast.Directive
}

func measure(document *ast.QueryDocument) *measuring {
	m := &measuring{document: document, fragments: map[string]*ast.FragmentDefinition{}, known: map[string]shape{}, inside: map[string]bool{}}
	for _, fragment := range document.Fragments {
		if m.fragments[fragment.Name] == nil {
			m.fragments[fragment.Name] = fragment
		}
	}
	return m
}

func (m *measuring) of(set ast.SelectionSet) shape {
	var whole shape
	for _, selection := range set {
		whole.add(m.one(selection))
	}
	return whole
}

func (m *measuring) one(selection ast.Selection) shape {
	var s shape
	var by ast.DirectiveList
	switch selected := selection.(type) {
	case *ast.Field:
		s, by = m.of(selected.SelectionSet), selected.Directives
		s.depth++
		if selected.Alias != selected.Name {
			s.aliases = min(s.aliases+1, plenty)
		}
		s.introspects = s.introspects || selected.Name == "__schema" || selected.Name == "__type"
	case *ast.InlineFragment:
		s, by = m.of(selected.SelectionSet), selected.Directives
	case *ast.FragmentSpread:
		s, by = m.fragment(selected), selected.Directives
	}
	s.selections = min(s.selections+1, plenty)
	s.directed(by)
	for _, directive := range by {
		if directive.Name == "defer" || directive.Name == "stream" {
			m.deferred = append(m.deferred, directive)
		}
	}
	return s
}

// fragment is the shape of what a spread stands for; nothing where there is no such fragment, which validation tells.
func (m *measuring) fragment(spread *ast.FragmentSpread) shape {
	if s, measured := m.known[spread.Name]; measured {
		return s
	}
	fragment := m.fragments[spread.Name]
	if fragment == nil {
		return shape{}
	}
	if m.inside[spread.Name] {
		m.circles = append(m.circles, spread)
		return shape{}
	}
	m.inside[spread.Name] = true
	s := m.of(fragment.SelectionSet)
	s.directed(fragment.Directives)
	delete(m.inside, spread.Name)
	m.known[spread.Name] = s
	return s
}

// repeats counts the pairs of fields that stand for the same place in the answer. It walks every spread, and comes
// after the limit of selections.
func (m *measuring) repeats(sets []ast.SelectionSet) int {
	byName := map[string][]ast.SelectionSet{}
	var collect func(set ast.SelectionSet)
	collect = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch selected := selection.(type) {
			case *ast.Field:
				byName[selected.Alias] = append(byName[selected.Alias], selected.SelectionSet)
			case *ast.InlineFragment:
				collect(selected.SelectionSet)
			case *ast.FragmentSpread:
				if fragment := m.fragments[selected.Name]; fragment != nil {
					collect(fragment.SelectionSet)
				}
			}
		}
	}
	for _, set := range sets {
		collect(set)
	}
	pairs := 0
	for _, same := range byName {
		pairs += len(same)*(len(same)-1)/2 + m.repeats(same)
	}
	return pairs
}

// withinLimits tells by which limits a document is too large, all at once, and whether it asks for introspection.
func withinLimits(document *ast.QueryDocument) (introspects bool, wrong gqlerror.List) {
	m := measure(document)
	var whole, defined shape
	var sets []ast.SelectionSet
	roots := 0
	for _, operation := range document.Operations {
		s := m.of(operation.SelectionSet)
		s.directed(operation.Directives)
		whole.add(s)
		roots = max(roots, len(operation.SelectionSet))
		sets = append(sets, operation.SelectionSet)
	}
	for _, fragment := range document.Fragments { // also those that nothing spreads: validation looks at them
		defined.add(m.fragment(&ast.FragmentSpread{Name: fragment.Name, Position: fragment.Position}))
		sets = append(sets, fragment.SelectionSet)
	}
	wrong = exceeded(
		limit{"depth", maxDepth, max(whole.depth, defined.depth)},
		limit{"selections", maxSelections, whole.selections + defined.selections},
		limit{"rootFields", maxRootFields, roots},
		limit{"aliases", maxAliases, whole.aliases},
		limit{"fragments", maxFragments, len(document.Fragments)},
		limit{"directives", maxDirectives, whole.directives},
		limit{"directivesOnOne", maxDirectivesOne, max(whole.directivesOne, defined.directivesOne)},
	)
	for _, spread := range m.circles {
		wrong = append(wrong, invalid(spread.Position, "fragment %q spreads itself", spread.Name))
	}
	for _, directive := range m.deferred {
		wrong = append(wrong, invalid(directive.Position, "@%s is not served: leave it out", directive.Name))
	}
	introspects = whole.introspects || defined.introspects
	if wrong != nil {
		return introspects, wrong
	}
	repeats := 0
	for _, set := range sets {
		repeats += m.repeats([]ast.SelectionSet{set})
	}
	return introspects, exceeded(limit{"repeats", maxRepeats, repeats})
}

// limit is one of the limits, and what was found of it; 0: too much to be counted.
type limit struct {
	name           string
	maximum, found int
}

var limitWords = map[string]string{ //nolint:gosec // no credentials
	"bytes":           "is too long",
	"tokens":          "has too many words and signs",
	"depth":           "nests fields too deeply",
	"selections":      "selects too many fields, counting fragments wherever they are spread",
	"rootFields":      "asks for too many things at once",
	"aliases":         "renames too many fields",
	"repeats":         "names the same fields too often",
	"fragments":       "has too many fragments",
	"directives":      "has too many directives",
	"directivesOnOne": "has too many directives in one place",
	"cost":            "costs too much: ask for smaller pages, or for less at once",
}

// exceeded is an error for each of the limits that is exceeded.
func exceeded(limits ...limit) (wrong gqlerror.List) {
	for _, l := range limits {
		if l.found > l.maximum {
			wrong = append(wrong, l.exceeded())
		}
	}
	return wrong
}

func (l limit) exceeded() *gqlerror.Error {
	found := fmt.Sprintf(" and this is %d", l.found)
	told := map[string]any{"name": l.name, "maximum": l.maximum}
	if l.found > 0 && l.found < plenty {
		told["found"] = l.found
	} else {
		found = ""
	}
	return &gqlerror.Error{
		Message:    fmt.Sprintf("the operation %s: the limit is %d%s", limitWords[l.name], l.maximum, found),
		Extensions: map[string]any{"code": string(limitExceeded), "limit": told},
	}
}
