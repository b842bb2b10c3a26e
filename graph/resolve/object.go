// Package resolve is what the generated code is run by where gqlgen does more than our pages need: objects that are
// written as they are, and lists whose rows are resolved one after the other until one of them has to wait.
package resolve

import (
	"context"
	"io"

	"github.com/99designs/gqlgen/graphql"
)

// Object is an object of an answer whose fields are resolved one after the other: gqlgen's FieldSet without what it keeps
// for fields that are resolved at once, deferred, or written in parts.
type Object struct {
	Values   []graphql.Marshaler
	Invalids uint32 // how many fields are null that must not be
	fields   []graphql.CollectedField
}

// NewObject is an object of the fields that are asked for.
func NewObject(fields []graphql.CollectedField) *Object {
	return &Object{Values: make([]graphql.Marshaler, len(fields)), fields: fields}
}

// Dispatch has nothing to do: every value is there.
func (*Object) Dispatch(context.Context) {}

// MarshalGQL writes the object as JSON, in the order of the question. Names need no escapes.
func (o *Object) MarshalGQL(w io.Writer) {
	opens := "{\""
	for i, value := range o.Values {
		name := o.fields[i].Alias
		if o.asked(name, i) {
			continue
		}
		_, _ = io.WriteString(w, opens)
		_, _ = io.WriteString(w, name)
		_, _ = io.WriteString(w, "\":")
		value.MarshalGQL(w)
		opens = ",\""
	}
	if opens == "{\"" {
		_, _ = io.WriteString(w, "{")
	}
	_, _ = io.WriteString(w, "}")
}

// asked tells whether a field of that name stands before another: through an interface and its type, one may be asked for
// twice, of which the answer has the first.
func (o *Object) asked(name string, before int) bool {
	for i := range before {
		if o.fields[i].Alias == name {
			return true
		}
	}
	return false
}
