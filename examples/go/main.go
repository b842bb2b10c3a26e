// Command earners is an example of a client in Go: it lists what each referrer of a network earned in a range of days.
//
//	REFERRALS_URL=http://127.0.0.1:8080/graphql REFERRALS_TOKEN=... earners 2025-07-01 2026-06-30
//
// Package generated is made by genqlient of operations.graphql: a document that asks for what the schema does not have does
// not generate, and one whose answer is read in another way does not compile.
package main

//go:generate go tool genqlient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/Khan/genqlient/graphql"
	"github.com/shopspring/decimal"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"partner.example/referrals/examples/go/generated"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: earners FROM TO")
		os.Exit(2)
	}
	client := signedIn(os.Getenv("REFERRALS_URL"), os.Getenv("REFERRALS_TOKEN"))
	earned, err := earners(context.Background(), client, os.Args[1], os.Args[2])
	if codeOf(err) == "FORBIDDEN" {
		err = errors.New("this token's role may not read the report of the network")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "earners:", err)
		os.Exit(1)
	}
	for _, e := range earned {
		fmt.Printf("%12s %s  %s\n", e.balance, e.currency, e.referrer)
	}
}

// signedIn is a client that sends a token.
func signedIn(url, token string) graphql.Client {
	return graphql.NewClient(url, &http.Client{Timeout: 30 * time.Second, Transport: bearer(token)})
}

type bearer string

// RoundTrip adds the token to a request.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// earner is what one referrer earned.
type earner struct {
	referrer, currency string
	balance            decimal.Decimal
}

const pageSize = 50

// earners sums the report by referrer, the largest first. It is what the report's own total says, or an error.
func earners(ctx context.Context, client graphql.Client, from, to string) ([]earner, error) {
	byReferrer := map[string]earner{}
	var sum, total decimal.Decimal
	var after *string
	for {
		answer, err := generated.Earners(ctx, client, from, to, pageSize, after)
		if err != nil {
			return nil, err
		}
		report := answer.Network.ReferralReport
		total = report.Totals.Balance
		for _, row := range report.Rows.Nodes {
			if row.Balance == nil {
				continue
			}
			e := byReferrer[row.Referrer.Id]
			e.referrer, e.currency, e.balance = row.Referrer.Name, report.Currency, e.balance.Add(*row.Balance)
			byReferrer[row.Referrer.Id], sum = e, sum.Add(*row.Balance)
		}
		if !report.Rows.PageInfo.HasNextPage {
			break
		}
		after = report.Rows.PageInfo.EndCursor
	}
	if !sum.Equal(total) {
		return nil, errors.New("the report changed while it was read: read it again")
	}
	return slices.SortedFunc(maps.Values(byReferrer), func(a, b earner) int {
		return cmp.Or(b.balance.Cmp(a.balance), cmp.Compare(a.referrer, b.referrer))
	}), nil
}

// codeOf is the code of what the server answered with, such as FORBIDDEN; "" for any other error.
func codeOf(err error) string {
	var refused *graphql.HTTPError // it did not run
	if errors.As(err, &refused) {
		err = refused.Response.Errors
	}
	var answered gqlerror.List
	if !errors.As(err, &answered) || len(answered) == 0 {
		return ""
	}
	code, _ := answered[0].Extensions["code"].(string)
	return code
}
