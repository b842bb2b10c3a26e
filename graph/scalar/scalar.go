// Package scalar reads and writes the scalars of schema.graphqls. What is wrong comes back as a
// commission.Error.
package scalar

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/shopspring/decimal"
	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/commission"
)

// ID is an opaque identifier: the type of a thing and the number of its row. A part, where it has one, tells
// rows of a report apart.
type ID struct {
	Type string
	Row  int
}

// The types that ids are of.
const (
	Network   = "Network"
	Partner   = "Partner"
	Account   = "Account"
	Structure = "CommissionStructure"
	Referral  = "Referral"
	Term      = "ReferralTerm"
	Token     = "Token"
	Invoice   = "Invoice"
	Line      = "InvoiceLine"
	Event     = "AuditEvent"
	Converted = "Conversion"
	Grant     = "RetroactiveGrant"
	Void      = "CommissionVoid"
	Dated     = "DatedChange"
)

// String is the id as clients see it.
func (id ID) String() string { return string(id.appendTo(nil)) }

func (id ID) appendTo(text []byte) []byte {
	var room [64]byte
	return base64.RawURLEncoding.AppendEncode(text, strconv.AppendInt(append(append(room[:0], id.Type...), ':'), int64(id.Row), 10))
}

// ParseID reads an id. One that is none names nothing: whoever looks it up finds that it is not there.
func ParseID(text string) ID {
	var room [64]byte // thousands are read at a time, and none is longer
	plain, err := base64.RawURLEncoding.AppendDecode(room[:0], []byte(text))
	if err != nil {
		return ID{}
	}
	kind, number, _ := strings.Cut(string(plain), ":")
	row, err := strconv.Atoi(number)
	if err != nil || row <= 0 {
		return ID{}
	}
	var again [64]byte // there is one way to write an id
	if !bytes.Equal(base64.RawURLEncoding.AppendEncode(again[:0], strconv.AppendInt(append(room[:0], plain[:len(kind)+1]...), int64(row), 10)), []byte(text)) {
		return ID{}
	}
	return ID{Type: kind, Row: row}
}

// Of is the row of an id that must be of a type; 0, which no row has, for an id of another.
func (id ID) Of(kind string) int {
	if id.Type != kind {
		return 0
	}
	return id.Row
}

// MarshalID writes an ID.
func MarshalID(id ID) graphql.ContextMarshaler {
	var room [96]byte
	return written(append(id.appendTo(append(room[:0], '"')), '"'))
}

// UnmarshalID reads an ID.
func UnmarshalID(ctx context.Context, value any) (ID, error) { return read(ctx, value, idOf) }

func idOf(value any) (ID, string) {
	text, ok := value.(string)
	if !ok {
		return ID{}, "must be an id, as a string"
	}
	return ParseID(text), ""
}

// MarshalDecimal writes an amount with the decimals that it carries, never with an exponent.
func MarshalDecimal(d decimal.Decimal) graphql.ContextMarshaler {
	return written(`"` + commission.Format(d) + `"`)
}

// UnmarshalDecimal reads an exact decimal: a string, never a JSON number, which clients round.
func UnmarshalDecimal(ctx context.Context, value any) (decimal.Decimal, error) {
	return read(ctx, value, decimalOf)
}

func decimalOf(value any) (decimal.Decimal, string) {
	text, ok := value.(string)
	if !ok {
		return decimal.Zero, `must be a decimal number as a string, such as "10.50"`
	}
	d, refusal := commission.ParseDecimal(text)
	if refusal != nil {
		return decimal.Zero, refusal.Message
	}
	return d, ""
}

// MarshalDate writes a calendar date.
func MarshalDate(d commission.Date) graphql.ContextMarshaler {
	return written(`"` + d.String() + `"`)
}

// UnmarshalDate reads a calendar date.
func UnmarshalDate(ctx context.Context, value any) (commission.Date, error) {
	return read(ctx, value, dateOf)
}

func dateOf(value any) (commission.Date, string) {
	text, _ := value.(string)
	d, refusal := commission.ParseDate(text)
	if refusal != nil {
		return 0, refusal.Message
	}
	return d, ""
}

// MarshalDateTime writes a moment in UTC.
func MarshalDateTime(t time.Time) graphql.ContextMarshaler {
	return written(t.UTC().Format(`"` + time.RFC3339Nano + `"`))
}

// UnmarshalDateTime reads a moment: RFC 3339 with a zone, and nothing else.
func UnmarshalDateTime(ctx context.Context, value any) (time.Time, error) {
	return read(ctx, value, momentOf)
}

func momentOf(value any) (time.Time, string) {
	text, _ := value.(string)
	return ParseDateTime(text)
}

// ParseDateTime reads a moment, and says what is wrong with a text that is none.
func ParseDateTime(text string) (time.Time, string) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || strings.Contains(text, ",") || t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}, "must be a moment with its zone in RFC 3339, such as 2026-06-30T12:00:00Z"
	}
	return commission.Moment(t), ""
}

// read reads a value; what is wrong with one that cannot be read is collected.
func read[T any](ctx context.Context, value any, as func(any) (T, string)) (T, error) {
	v, wrong := as(value)
	if wrong != "" {
		return v, refuse(ctx, wrong)
	}
	return v, nil
}

// Problem is what is wrong with a value of one of the schema's scalars; "" where nothing is.
func Problem(scalar string, value any) (wrong string) {
	switch scalar {
	case "ID":
		_, wrong = idOf(value)
	case "Decimal":
		_, wrong = decimalOf(value)
	case "Date":
		_, wrong = dateOf(value)
	case "DateTime":
		_, wrong = momentOf(value)
	}
	return wrong
}

// written is a value as it is written in JSON. It needs no context; but what is read does, and the two must be of one kind.
type written string

var _ graphql.ContextMarshaler = written("")

// MarshalGQLContext writes it.
func (v written) MarshalGQLContext(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, string(v))
	return err
}

// Refused collects what is wrong with the scalars of a request, so that it is told all at once and not only
// the first of it. The field whose arguments hold it is then refused.
type Refused struct {
	mu       sync.Mutex
	problems map[string]commission.Problems // by the path of the field
	known    commission.Problems            // what was wrong with the variables before they were read
}

type refusedKey struct{}

// Collect begins to collect. What is known to be wrong already refuses every field of the root.
func Collect(ctx context.Context, known commission.Problems) context.Context {
	return context.WithValue(ctx, refusedKey{}, &Refused{known: known})
}

// refuse notes a problem at the argument that is being read; without a collector it is the error itself.
func refuse(ctx context.Context, message string) error {
	collector, _ := ctx.Value(refusedKey{}).(*Refused)
	field := graphql.GetFieldContext(ctx)
	if collector == nil || field == nil {
		return commission.Refuse(commission.BadUserInput, "", "%s", message)
	}
	at := field.Path().String()
	collector.mu.Lock()
	defer collector.mu.Unlock()
	problems := collector.problems[at]
	problems.Add(Argument(ctx, graphql.GetPath(ctx)), "%s", message)
	if collector.problems == nil {
		collector.problems = map[string]commission.Problems{}
	}
	collector.problems[at] = problems
	return nil
}

// Argument is the path into the input, "structure.commission.percentage.rate", of the path of something that is read
// in the arguments of a field.
func Argument(ctx context.Context, path ast.Path) string {
	argument := path.String()
	if field := graphql.GetFieldContext(ctx); field != nil {
		argument = strings.TrimPrefix(argument, field.Path().String())
	}
	argument = strings.Trim(strings.ReplaceAll(strings.ReplaceAll(argument, "[", "."), "]", ""), ".")
	return strings.TrimPrefix(argument, "input.")
}

// Problems is what was wrong with the arguments of the field that is being resolved.
func Problems(ctx context.Context) commission.Problems {
	collector, _ := ctx.Value(refusedKey{}).(*Refused)
	field := graphql.GetFieldContext(ctx)
	if collector == nil || field == nil {
		return nil
	}
	collector.mu.Lock()
	defer collector.mu.Unlock()
	if len(collector.known)+len(collector.problems) == 0 { // which is asked for each field of an answer
		return nil
	}
	path := field.Path()
	if len(path) == 1 {
		return append(slices.Clone(collector.known), collector.problems[path.String()]...)
	}
	return collector.problems[path.String()]
}
