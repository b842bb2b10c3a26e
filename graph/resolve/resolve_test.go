package resolve

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

func field(alias string) graphql.CollectedField {
	return graphql.CollectedField{Field: &ast.Field{Alias: alias, Name: alias}}
}

func written(m graphql.Marshaler) string {
	var text bytes.Buffer
	m.MarshalGQL(&text)
	return text.String()
}

func TestObject_isWrittenAsAFieldSetIs(t *testing.T) {
	for _, names := range [][]string{{}, {"id"}, {"id", "name", "status"}, {"id", "name", "id", "name", "name"}} {
		fields := make([]graphql.CollectedField, len(names))
		for i, name := range names {
			fields[i] = field(name)
		}
		object, set := NewObject(fields), graphql.NewFieldSet(fields)
		for i := range names {
			object.Values[i] = graphql.MarshalString(strconv.Itoa(i))
			set.Values[i] = object.Values[i]
		}
		object.Dispatch(t.Context())
		if got, want := written(object), written(set); got != want {
			t.Errorf("%v is %s, a field set is %s", names, got, want)
		}
	}
}

func answering(t *testing.T) context.Context {
	t.Helper()
	return graphql.WithResponseContext(t.Context(), graphql.DefaultErrorPresenter, func(_ context.Context, panicked any) error {
		return fmt.Errorf("panic: %v", panicked)
	})
}

func TestList_resolvesItsRowsOneAfterTheOther(t *testing.T) {
	var order []int // of one goroutine, or the race detector says so
	list := List(answering(t), 100, func(ctx context.Context, i int) graphql.Marshaler {
		if at := graphql.GetFieldContext(ctx).Index; at == nil || *at != i || !InList(ctx) {
			t.Errorf("row %d does not know that it is", i)
		}
		order = append(order, i)
		return graphql.MarshalInt(i)
	})
	for i, row := range order {
		if row != i || written(list[i]) != strconv.Itoa(i) {
			t.Fatalf("in the order %v: %s", order, written(list))
		}
	}
	if len(order) != 100 || InList(t.Context()) || len(List(answering(t), 0, nil)) != 0 {
		t.Errorf("%d rows", len(order))
	}
}

// Each row waits until all have asked: a list that began them one after the other would never end.
func TestList_rowsWaitTogether(t *testing.T) {
	const rows, inner = 20, 7
	meeting := func(n int) func(ctx context.Context) {
		var all sync.WaitGroup
		all.Add(n)
		return func(ctx context.Context) {
			Waits(ctx)
			all.Done()
			all.Wait()
		}
	}
	one, within := meeting(rows), meeting(rows*inner)
	List(answering(t), rows, func(ctx context.Context, _ int) graphql.Marshaler {
		one(ctx)
		return List(ctx, inner, func(ctx context.Context, i int) graphql.Marshaler {
			within(ctx)
			return graphql.MarshalInt(i)
		})
	})
	Waits(t.Context()) // in no list
}

func TestList_rowThatPanicsIsNull(t *testing.T) {
	ctx := graphql.WithFieldContext(answering(t), &graphql.FieldContext{Field: field("rows")})
	list := List(ctx, 3, func(_ context.Context, i int) graphql.Marshaler {
		if i == 1 {
			panic("no such row")
		}
		return graphql.MarshalInt(i)
	})
	if got := written(list); got != "[0,null,2]" {
		t.Errorf("the list is %s", got)
	}
	if errors := graphql.GetErrors(ctx); len(errors) != 1 || errors[0].Path.String() != "rows[1]" {
		t.Errorf("it tells %v", errors)
	}
}

func TestOnce_answersForAllRowsThatReferToTheSame(t *testing.T) {
	type thing struct{ name string }
	one, other := &thing{"one"}, &thing{"other"}
	name, id := ast.SelectionSet{field("name")}, ast.SelectionSet{field("id")}
	for _, c := range []struct {
		what    string
		inList  bool
		fails   bool
		answers int
	}{
		{"in a list", true, false, 4},
		{"outside of lists", false, false, 12},
		{"where there is an error", true, true, 12},
	} {
		ctx, answers := answering(t), 0
		answer := func(ctx context.Context, selected ast.SelectionSet, of *thing) graphql.Marshaler {
			answers++
			if c.fails {
				graphql.AddErrorf(ctx, "no")
			}
			asked, _ := selected[0].(graphql.CollectedField)
			return graphql.MarshalString(asked.Name + " of " + of.name)
		}
		row := func(ctx context.Context) {
			for _, of := range []*thing{one, other} {
				for _, selected := range []ast.SelectionSet{name, id} {
					asked, _ := selected[0].(graphql.CollectedField)
					if got, want := written(Once(ctx, selected, of, answer)), `"`+asked.Name+" of "+of.name+`"`; got != want {
						t.Errorf("%s, it is %s, want %s", c.what, got, want)
					}
				}
			}
		}
		if c.inList {
			List(ctx, 3, func(ctx context.Context, _ int) graphql.Marshaler { row(ctx); return graphql.Null })
		} else {
			for range 3 {
				row(ctx)
			}
		}
		if answers != c.answers {
			t.Errorf("%s, it is answered %d times, want %d", c.what, answers, c.answers)
		}
	}
}
