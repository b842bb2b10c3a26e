package resolve

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
)

// list is a list on its way.
type list struct {
	within  *list // which one of its rows is a part of
	length  int64
	begun   atomic.Int64 // rows
	row     func(i int)
	workers sync.WaitGroup // beside the first

	mu    sync.Mutex
	known map[asked]graphql.Marshaler // what rows refer to, as it is answered
}

type listKey struct{}

func listOf(ctx context.Context) *list {
	of, _ := ctx.Value(listKey{}).(*list)
	return of
}

// List resolves the rows of a list, one after the other in the goroutine of the caller. What they need was loaded before,
// as a rule; where a row has to wait after all, another goroutine goes on with the rows behind it (Waits), so that they wait
// together. A row that panics is null, and its error is told.
func List(ctx context.Context, length int, element func(ctx context.Context, i int) graphql.Marshaler) graphql.Array {
	rows := make(graphql.Array, length)
	l := &list{within: listOf(ctx), length: int64(length)}
	ctx = context.WithValue(ctx, listKey{}, l)
	l.row = func(i int) {
		ctx := graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i})
		defer func() {
			if panicked := recover(); panicked != nil {
				graphql.AddError(ctx, graphql.Recover(ctx, panicked))
				rows[i] = graphql.Null
			}
		}()
		rows[i] = element(ctx, i)
	}
	l.work()
	l.workers.Wait()
	return rows
}

// work resolves rows that nobody has begun, until there are none.
func (l *list) work() {
	for i := l.begun.Add(1) - 1; i < l.length; i = l.begun.Add(1) - 1 {
		l.row(int(i))
	}
}

// Waits says that what is being resolved is going to wait: the rows behind it need not.
func Waits(ctx context.Context) {
	for l := listOf(ctx); l != nil; l = l.within {
		if l.begun.Load() < l.length {
			l.workers.Go(l.work)
		}
	}
}

// InList tells whether what is being resolved is in a list, whose other rows are asked for the same.
func InList(ctx context.Context) bool { return listOf(ctx) != nil }
