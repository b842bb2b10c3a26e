package graph

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/graph/scalar"
)

// Thousands of conversions in the variables of one request are read straight into rows. As trees of maps, which is
// how GraphQL's machinery wants them, they would be walked four times, and take three times as long as all else that
// the program does with them.
//
// Only what is entirely right is read so. Whatever is wrong, or merely unusual, with any row, and be it the order of
// its bytes, sends the whole request the usual way, where it is told what is wrong: the two cannot disagree on that.

// readAhead reads a body without its variables' values, which stay as they are written until it is known of which types
// they are; nil: it is to be read in the usual way.
func readAhead(body []byte) *request {
	var envelope struct {
		Query         string             `json:"query"`
		OperationName string             `json:"operationName"`
		DocumentID    *string            `json:"documentId"`
		Variables     map[string]written `json:"variables"`
	}
	if jsonv2.Unmarshal(body, &envelope, jsonv2.RejectUnknownMembers(true)) != nil {
		return nil
	}
	asked := &request{DocumentID: envelope.DocumentID, unread: envelope.Variables}
	asked.Query, asked.OperationName = envelope.Query, envelope.OperationName
	return asked
}

// written is a value as it is written in JSON, which is right JSON.
type written string

// UnmarshalJSONFrom takes it as it is.
func (w *written) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	value, err := from.ReadValue()
	*w = written(value)
	return err
}

// readVariables reads the values that readAhead left, for an operation. Those of rows it keeps apart: to GraphQL's
// machinery they are an empty list.
func (r *request) readVariables(operation *ast.OperationDefinition) error {
	if r.unread == nil {
		return nil
	}
	r.Variables = make(map[string]any, len(r.unread))
	for name, text := range r.unread {
		if variable := operation.VariableDefinitions.ForName(name); variable != nil && isConversions(variable.Type) {
			if rows := conversionsIn(text); rows != nil {
				if r.rows == nil {
					r.rows = readRows{}
				}
				r.rows[name], r.Variables[name] = rows, []any{}
				continue
			}
		}
		var value any
		if err := decode([]byte(text), &value); err != nil {
			return err
		}
		r.Variables[name] = value
	}
	return nil
}

func isConversions(t *ast.Type) bool { return t.Elem != nil && t.Elem.NamedType == "ConversionInput" }

// conversionsIn reads a list of conversions; nil: something about it is not as it should be.
func conversionsIn(text written) []ledger.Conversion {
	in := scanner{text: string(text)}
	var rows []ledger.Conversion
	for more := in.take('['); more; more = in.take(',') {
		row, ok := in.conversion()
		if !ok || len(rows) == ledger.MaxBatch {
			return nil
		}
		if rows == nil {
			const least = 128 // bytes of a row, about
			rows = make([]ledger.Conversion, 0, min(len(text)/least+1, ledger.MaxBatch))
		}
		rows = append(rows, row)
	}
	if !in.take(']') {
		return nil
	}
	return rows
}

// scanner reads what is known to be JSON, whose objects have no name twice. What it gives are parts of the text.
type scanner struct {
	text string
	at   int
}

// take takes a token of one letter, if it is the next.
func (s *scanner) take(token byte) bool {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
	taken := s.at < len(s.text) && s.text[s.at] == token
	if taken {
		s.at++
	}
	return taken
}

// word takes a string.
func (s *scanner) word() (string, bool) {
	if !s.take('"') {
		return "", false
	}
	begin := s.at
	for escaped := false; ; s.at++ {
		switch s.text[s.at] {
		case '\\':
			escaped = true
			s.at++ // nor does what is behind it end the string
		case '"':
			s.at++
			if !escaped {
				return s.text[begin : s.at-1], true
			}
			plain, err := jsontext.AppendUnquote(nil, s.text[begin-1:s.at])
			return string(plain), err == nil
		}
	}
}

// conversion takes an object that has the fields of a conversion and no others.
func (s *scanner) conversion() (row ledger.Conversion, ok bool) {
	const all = 5
	fields := 0
	for more := s.take('{'); more; more = s.take(',') {
		name, named := s.word()
		if !named || !s.take(':') {
			return row, false
		}
		value, isText := s.word()
		if !isText || value == "" {
			return row, false
		}
		var wrong string
		var refusal *commission.Error
		switch name {
		case "externalId":
			row.ExternalID = value
		case "partner":
			row.PartnerID = scalar.ParseID(value).Of(scalar.Partner)
		case "occurredAt":
			row.OccurredAt, wrong = scalar.ParseDateTime(value)
		case "revenue":
			row.Revenue, refusal = commission.ParseDecimal(value)
		case "payout":
			row.Payout, refusal = commission.ParseDecimal(value)
		default:
			return row, false
		}
		if wrong != "" || refusal != nil {
			return row, false
		}
		fields++
	}
	return row, fields == all && s.take('}')
}

// readRows is the rows that were read straight from a request, by the names of their variables.
type readRows map[string][]ledger.Conversion

// of is the rows that an argument stands for; nil: it has none that were read so.
func (r readRows) of(argument *ast.Argument) []ledger.Conversion {
	if argument == nil || argument.Value.Kind != ast.Variable {
		return nil
	}
	return r[argument.Value.Raw]
}

// rowsOf is the rows that an argument of the field stands for that is being resolved.
func rowsOf(ctx context.Context, argument string) []ledger.Conversion {
	return admittedOf(ctx).rows.of(graphql.GetFieldContext(ctx).Field.Arguments.ForName(argument))
}
