package commission

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Code says what the caller of a refused request can do about it.
type Code string

const (
	// Unauthenticated: sign in first.
	Unauthenticated Code = "UNAUTHENTICATED"
	// Forbidden: the thing may be seen, but not done, by this role.
	Forbidden Code = "FORBIDDEN"
	// NotFound: there is no such thing, or it is not the caller's to see [R1].
	NotFound Code = "NOT_FOUND"
	// BadUserInput: correct the field that is named.
	BadUserInput Code = "BAD_USER_INPUT"
	// Conflict: somebody was faster; read again and decide anew.
	Conflict Code = "CONFLICT"
	// FailedPrecondition: not possible in the present state.
	FailedPrecondition Code = "FAILED_PRECONDITION"
	// RateLimited: too much from here; try again later.
	RateLimited Code = "RATE_LIMITED"
	// Unavailable: the product cannot do it at the moment; the same may succeed later.
	Unavailable Code = "UNAVAILABLE"
)

// Error is a refusal that its reader can act on. Any other error is a fault of ours.
type Error struct {
	Code    Code
	Field   string // the path into the input, such as "structure.duration.value"; empty where none applies
	Message string // what is wrong and what would be right, as a sentence without a full stop
}

func (e *Error) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// Refuse makes an Error.
func Refuse(code Code, field, format string, args ...any) *Error {
	return &Error{Code: code, Field: field, Message: fmt.Sprintf(format, args...)}
}

// ErrNotFound is the one answer for what is not there and for what is not the caller's [R1].
func ErrNotFound(field, noun string) *Error {
	return Refuse(NotFound, field, "no such %s", noun)
}

// Problems collects everything that is wrong with an input, so that it is told all at once.
type Problems []*Error

// Add notes one more problem of code BadUserInput.
func (p *Problems) Add(field, format string, args ...any) {
	*p = append(*p, Refuse(BadUserInput, field, format, args...))
}

// In notes problems found in a part of the input, their fields prefixed with the part's own.
func (p *Problems) In(field string, found Problems) {
	for _, e := range found {
		inner := *e
		inner.Field = Path(field, e.Field)
		*p = append(*p, &inner)
	}
}

// Err is nil where nothing is wrong. Of one field the first problem is told: what else is wrong with it follows.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	told := make(map[string]bool, len(p))
	return slices.DeleteFunc(slices.Clone(p), func(problem *Error) bool {
		again := told[problem.Field] && problem.Field != ""
		told[problem.Field] = true
		return again
	})
}

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, e := range p {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "; ")
}

// Unwrap lets errors.As and errors.Is reach each problem.
func (p Problems) Unwrap() []error {
	all := make([]error, len(p))
	for i, e := range p {
		all[i] = e
	}
	return all
}

// Path joins the parts of a field's path, leaving out the empty ones.
func Path(parts ...string) string {
	var filled []string
	for _, part := range parts {
		if part != "" {
			filled = append(filled, part)
		}
	}
	return strings.Join(filled, ".")
}

// CodeOf is the code of a refusal, and "" for faults.
func CodeOf(err error) Code {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return ""
}
