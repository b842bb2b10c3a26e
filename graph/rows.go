package graph

import (
	"context"

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
		Query         string                    `json:"query"`
		OperationName string                    `json:"operationName"`
		DocumentID    *string                   `json:"documentId"`
		Variables     map[string]jsontext.Value `json:"variables"`
	}
	if jsonv2.Unmarshal(body, &envelope, jsonv2.RejectUnknownMembers(true)) != nil {
		return nil
	}
	asked := &request{DocumentID: envelope.DocumentID, unread: envelope.Variables}
	asked.Query, asked.OperationName = envelope.Query, envelope.OperationName
	return asked
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
		if err := decode(text, &value); err != nil {
			return err
		}
		r.Variables[name] = value
	}
	return nil
}

func isConversions(t *ast.Type) bool { return t.Elem != nil && t.Elem.NamedType == "ConversionInput" }

// conversionsIn reads a list of conversions; nil: something about it is not as it should be.
func conversionsIn(text jsontext.Value) []ledger.Conversion {
	var list []struct {
		ExternalID string `json:"externalId"`
		Partner    string `json:"partner"`
		OccurredAt string `json:"occurredAt"`
		Revenue    string `json:"revenue"`
		Payout     string `json:"payout"`
	}
	if jsonv2.Unmarshal(text, &list, jsonv2.RejectUnknownMembers(true)) != nil || len(list) == 0 || len(list) > ledger.MaxBatch {
		return nil
	}
	rows := make([]ledger.Conversion, len(list))
	for i, given := range list {
		occurredAt, wrong := scalar.ParseDateTime(given.OccurredAt)
		if wrong != "" || given.ExternalID == "" || given.Partner == "" { // "" may be null, or not given
			return nil
		}
		revenue, refusal := commission.ParseDecimal(given.Revenue)
		if refusal != nil {
			return nil
		}
		payout, refusal := commission.ParseDecimal(given.Payout)
		if refusal != nil {
			return nil
		}
		rows[i] = ledger.Conversion{
			ExternalID: given.ExternalID, PartnerID: scalar.ParseID(given.Partner).Of(scalar.Partner),
			OccurredAt: occurredAt, Revenue: revenue, Payout: payout,
		}
	}
	return rows
}

// readRows is the rows that were read straight from a request, by the names of their variables.
type readRows map[string][]ledger.Conversion

type rowsKey struct{}

func withRows(ctx context.Context, rows readRows) context.Context {
	if rows == nil {
		return ctx
	}
	return context.WithValue(ctx, rowsKey{}, rows)
}

// of is the rows that an argument stands for; nil: it has none that were read so.
func (r readRows) of(argument *ast.Argument) []ledger.Conversion {
	if argument == nil || argument.Value.Kind != ast.Variable {
		return nil
	}
	return r[argument.Value.Raw]
}

// rowsOf is the rows that an argument of the field stands for that is being resolved.
func rowsOf(ctx context.Context, argument string) []ledger.Conversion {
	rows, _ := ctx.Value(rowsKey{}).(readRows)
	return rows.of(graphql.GetFieldContext(ctx).Field.Arguments.ForName(argument))
}
