package graph

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"partner.example/referrals/commission"
)

// given is the value of an input field that was given and is not null.
func given[T any](field graphql.Omittable[*T]) (T, bool) {
	v, set := field.ValueOK()
	if !set || v == nil {
		var none T
		return none, false
	}
	return *v, true
}

// or is the value of an input field, or another where it is absent or null.
func or[T any](field graphql.Omittable[*T], otherwise T) T {
	if v, ok := given(field); ok {
		return v
	}
	return otherwise
}

// value is what a pointer points to; the zero value where it is nil.
func value[T any](p *T) T {
	if p == nil {
		var none T
		return none
	}
	return *p
}

func pointer[T any](v T) *T { return &v }

// maxSearch is how long a name can be.
const maxSearch = 200

// words is what a search looks for, in lower case; "" where everything is found. What no name can hold is refused:
// engines take it in ways of their own.
func words(field, search string) (string, error) {
	if utf8.RuneCountInString(search) > maxSearch || strings.ContainsFunc(search, unicode.IsControl) {
		return "", commission.Refuse(commission.BadUserInput, field, "must be a text of at most %d characters, without control characters", maxSearch)
	}
	return strings.ToLower(strings.TrimSpace(search)), nil
}
