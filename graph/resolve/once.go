package resolve

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// asked is a thing with what is asked of it.
type asked struct {
	of    any // a pointer
	first *ast.Selection
	many  int
}

// Once answers what is asked of a thing that rows refer to, as many rows of a list refer to the same: for the first of them.
// Once there is an error nothing is kept, since each place in an answer tells its own.
func Once[T any](ctx context.Context, selected ast.SelectionSet, of *T, answer func(context.Context, ast.SelectionSet, *T) graphql.Marshaler) graphql.Marshaler {
	l := listOf(ctx)
	if l == nil || len(selected) == 0 {
		return answer(ctx, selected, of)
	}
	question := asked{of, &selected[0], len(selected)}
	if known, there := l.answered(question); there {
		return known
	}
	made := answer(ctx, selected, of)
	if len(graphql.GetErrors(ctx)) == 0 {
		l.keep(question, made)
	}
	return made
}

func (l *list) answered(question asked) (graphql.Marshaler, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, there := l.known[question]
	return known, there
}

func (l *list) keep(question asked, answer graphql.Marshaler) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = map[asked]graphql.Marshaler{}
	}
	l.known[question] = answer
}
