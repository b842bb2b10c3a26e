package main

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/Khan/genqlient/graphql"
	"github.com/shopspring/decimal"

	"partner.example/referrals/examples/go/generated"
)

// as is the client of a role of the demo network; `make test-clients` says where it is served, and by which tokens.
func as(t *testing.T, role string) (context.Context, graphql.Client) {
	t.Helper()
	url, token := os.Getenv("REFERRALS_URL"), os.Getenv(role+"_TOKEN")
	if url == "" || token == "" {
		t.Fatalf("REFERRALS_URL and %s_TOKEN must say where the demo network is served: run 'make test-clients'", role)
	}
	return t.Context(), signedIn(url, token)
}

func TestEarners_addUpToTheReport(t *testing.T) {
	ctx, client := as(t, "ADMIN")
	earned, err := earners(ctx, client, "2025-07-01", "2026-06-30")
	if err != nil {
		t.Fatal(err)
	}
	if len(earned) < 2 || earned[0].referrer == "" || earned[0].currency != "USD" || earned[0].balance.LessThan(earned[1].balance) {
		t.Errorf("the first of %d earners is %+v", len(earned), earned[0])
	}
}

func TestReport_mayBeSentAgain(t *testing.T) {
	ctx, client := as(t, "TRACKER")
	sale := &generated.ConversionInput{
		ExternalId: "example-go-1", Partner: os.Getenv("PARTNER"), OccurredAt: time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC),
		Revenue: decimal.RequireFromString("160.00"), Payout: decimal.RequireFromString("100.005"),
	}
	for _, want := range []generated.ReportRecordConversionsRecordPayload{{Recorded: 1}, {Duplicates: 1}} {
		answer, err := generated.Report(ctx, client, []*generated.ConversionInput{sale})
		if err != nil || *answer.RecordConversions != want {
			t.Errorf("recorded %+v, %v; want %+v", answer, err, want)
		}
	}
}

func TestErrors_haveCodes(t *testing.T) {
	ctx, client := as(t, "TRACKER")
	if _, err := earners(ctx, client, "2025-07-01", "2026-06-30"); codeOf(err) != "FORBIDDEN" {
		t.Errorf("a tracking platform that reads the report is answered %v", err)
	}
	if _, err := earners(ctx, signedIn(os.Getenv("REFERRALS_URL"), "ref_WRONG"), "2025-07-01", "2026-06-30"); codeOf(err) != "UNAUTHENTICATED" {
		t.Errorf("a wrong token is answered %v", err)
	}
}
