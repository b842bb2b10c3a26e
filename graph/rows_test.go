package graph

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/graph/generated"
	"partner.example/referrals/graph/scalar"
)

const plainRow = `{"externalId": "a", "partner": "UGFydG5lcjox", "occurredAt": "2026-02-05T09:00:00.5-05:00", "revenue": "10.50", "payout": "-0.000001"}`

func TestConversionsIn_readsWhatIsEntirelyRight(t *testing.T) {
	for _, text := range []string{
		`[` + plainRow + `]`,
		"[ " + plainRow + ",\n\t" + strings.ReplaceAll(plainRow, `"a"`, `"\u00e9\t\\\""`) + "]",
		`[{"payout": "0", "revenue": "999999999999999999.999999999999999999", "occurredAt": "2026-02-05T09:00:00Z", "partner": "nobody", "externalId": "b"}]`,
	} {
		if rows := rowsIn(text); rows == nil {
			t.Errorf("%s is not read", text)
		} else {
			agree(t, text, rows)
		}
	}
}

func TestConversionsIn_leavesAnythingElseToTheUsualWay(t *testing.T) {
	row := func(old, replacement string) string {
		return "[" + strings.Replace(plainRow, old, replacement, 1) + "]"
	}
	for _, text := range []string{
		"", "null", "[]", "7", plainRow, "[null]", "[[]]", "[" + plainRow + ",]", "[" + plainRow, "[" + plainRow + "]]",
		row(`"a"`, `""`), row(`"a"`, `null`), row(`"a"`, `7`), row(`"a"`, "\"\xff\""), row(`"a"`, "\"\n\""), row(`"a"`, `"\ud800"`),
		row(`"externalId"`, `"ExternalId"`), row(`"externalId": "a", `, ``), row(`"externalId"`, `"reason": "b", "externalId"`), row(`"externalId"`, `"externalId": "b", "externalId"`),
		row(`"UGFydG5lcjox"`, `""`), row(`"UGFydG5lcjox"`, `null`),
		row("09:00", "25:00"), row("-05:00", ""), row(`"2026-02-05T09:00:00.5-05:00"`, `0`),
		row(`"10.50"`, `10.50`), row(`"10.50"`, `"1e3"`), row(`"10.50"`, `"NaN"`), row(`"10.50"`, `""`), row(`"10.50"`, `"10.5.0"`), row(`"10.50"`, `"--1"`), row(`"10.50"`, `" 1"`), row(`"10.50"`, `"1."`),
		"[" + strings.TrimSuffix(strings.Repeat(plainRow+",", ledger.MaxBatch+1), ",") + "]",
	} {
		if rows := rowsIn(text); rows != nil {
			t.Errorf("%.300s is read as %d rows", text, len(rows))
		}
	}
}

// rowsIn is the rows that are read straight from the value of a variable.
func rowsIn(text string) []ledger.Conversion {
	asked := readAhead([]byte(`{"query": "", "variables": {"conversions": ` + text + `}}`))
	if asked == nil || string(asked.unread["conversions"]) != strings.Trim(text, " \t\r\n") {
		return nil
	}
	return conversionsIn(asked.unread["conversions"])
}

func FuzzConversionsIn(f *testing.F) {
	f.Add("[" + plainRow + "]")
	f.Fuzz(func(t *testing.T, text string) {
		if rows := rowsIn(text); rows != nil {
			agree(t, text, rows)
		}
	})
}

// agree holds rows against what the usual way reads in the same text: nothing is wrong with it, and it is the same.
func agree(t *testing.T, text string, rows []ledger.Conversion) {
	t.Helper()
	var value any
	if err := decode([]byte(text), &value); err != nil {
		t.Fatalf("%q is read, and is no JSON: %v", text, err)
	}
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	variable := &ast.VariableDefinition{Variable: "conversions", Type: ast.NonNullListType(ast.NonNullNamedType("ConversionInput", nil), nil)}
	v := variables{schema: schema, most: 1}
	v.field([]string{"conversions"}, variable.Type, nil, value, true)
	if v.problems != nil {
		t.Fatalf("%q is read, and is wrong: %v", text, v.problems.Err())
	}
	usual := make([]ledger.Conversion, len(value.([]any)))
	for i, element := range value.([]any) {
		fields := element.(map[string]any)
		id, err1 := scalar.UnmarshalID(context.Background(), fields["partner"])
		at, err2 := scalar.UnmarshalDateTime(context.Background(), fields["occurredAt"])
		revenue, err3 := scalar.UnmarshalDecimal(context.Background(), fields["revenue"])
		payout, err4 := scalar.UnmarshalDecimal(context.Background(), fields["payout"])
		for _, err := range []error{err1, err2, err3, err4} {
			if err != nil {
				t.Fatalf("%q is read, and is wrong: %v", text, err)
			}
		}
		usual[i] = ledger.Conversion{ExternalID: fields["externalId"].(string), PartnerID: id.Of(scalar.Partner), OccurredAt: at, Revenue: revenue, Payout: payout}
	}
	same := func(a, b ledger.Conversion) bool {
		return a.ExternalID == b.ExternalID && a.PartnerID == b.PartnerID && a.OccurredAt.Equal(b.OccurredAt) &&
			a.Revenue.Equal(b.Revenue) && a.Revenue.Exponent() == b.Revenue.Exponent() && a.Payout.Equal(b.Payout)
	}
	if !slices.EqualFunc(rows, usual, same) {
		t.Fatalf("%q is read as %+v, and in the usual way as %+v", text, rows, usual)
	}
}

func TestReadAhead_leavesOddBodiesToTheUsualWay(t *testing.T) {
	for body, ahead := range map[string]bool{
		`{"query": "{ a }"}`: true,
		`{"query": "{ a }", "variables": {"a": [1, {}]}, "operationName": null}`: true,
		`{"documentId": "a", "variables": null}`:                                 true,
		`{"Query": "{ a }"}`:                                                     false,
		`{"query": "{ a }", "query": "{ b }"}`:                                   false,
		`{"query": "{ a }", "extensions": {}}`:                                   false,
		`{"query": "{ a }", "variables": {"a": 1, "a": 2}}`:                      false,
		`{"query": "{ a }", "variables": []}`:                                    false,
		`{"query": "{ a }"} {}`:                                                  false,
		`[{"query": "{ a }"}]`:                                                   false,
		"{\"query\": \"{ a \xff }\"}":                                            false,
	} {
		if got := readAhead([]byte(body)) != nil; got != ahead {
			t.Errorf("%s is read ahead: %s", body, strconv.FormatBool(got))
		}
	}
}
