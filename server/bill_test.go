package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/graph/scalar"
)

func TestBill(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		db, p, l := opened(t, location)
		p.Now = func() time.Time { return time.Date(2026, time.June, 1, 12, 0, 0, 0, time.UTC) }
		l.Now = p.Now
		network, err := p.CreateNetwork(system(), program.NewNetwork{Name: "Acme", Currency: "USD", TimeZone: "America/New_York"})
		if err != nil {
			t.Fatal(err)
		}
		partner := func(name string, status commission.PartnerStatus) string {
			made, err := p.CreatePartner(system(), network.ID, program.NewPartner{Name: name, Status: status})
			if err != nil {
				t.Fatal(err)
			}
			return scalar.ID{Type: scalar.Partner, Row: made.ID}.String()
		}
		ann, zoe := partner("Ann", commission.PartnerActive), partner("Zoe", commission.PartnerPending)
		_, err = l.RecordConversions(system(), network.ID, []ledger.Conversion{{
			ExternalID: "1", PartnerID: scalar.ParseID(ann).Of(scalar.Partner), OccurredAt: p.Now(), Payout: decimal.NewFromInt(7),
		}})
		if err != nil {
			t.Fatal(err)
		}
		bill := func(flags ...string) ran {
			return referrals(t.Context(), strings.NewReader(""), append([]string{"bill", "--database", location, "--clock", "2026-07-01T12:00:00Z"}, flags...)...)
		}
		id := scalar.ID{Type: scalar.Network, Row: network.ID}.String()
		for says, flags := range map[string][]string{
			"--network: no such network":                {"--network", ann, "--through", "2026-06-30"},
			"--through: must be before today, which is": {"--network", id, "--through", "2026-07-01"},
			"--through: must be a calendar date":        {"--network", id, "--through", "30.6.2026"},
			"--partner: no such partner":                {"--network", id, "--through", "2026-06-30", "--partner", id},
			"--partner: is PENDING":                     {"--network", id, "--through", "2026-06-30", "--partner", zoe},
		} {
			if got := bill(flags...); got.code != failure || got.stdout != "" || !strings.Contains(got.stderr, says) {
				t.Errorf("%v: exit %d, stdout %q, stderr %q; want %q", flags, got.code, got.stdout, got.stderr, says)
			}
		}
		for _, want := range []string{"invoices=1\n", "invoices=0\n"} {
			if got := bill("--network", id, "--through", "2026-06-30"); got.code != success || got.stdout != want {
				t.Errorf("exit %d, stdout %q, stderr %q; want %q", got.code, got.stdout, got.stderr, want)
			}
		}
		if n := db.Invoice.Query().CountX(system()); n != 1 {
			t.Errorf("%d invoices", n)
		}
	})
}

func TestBill_saysHowToGoOnWhereItIsCutOff(t *testing.T) {
	for err, want := range map[error]string{
		context.Canceled:           "cut off when 300 invoices were made; run the same command again, and it goes on with the rest",
		errors.New("no more disk"): "cut off when 300 invoices were made; run the same command again, and it goes on with the rest: no more disk",
	} {
		if got := cutOff(err, 300).Error(); got != want {
			t.Errorf("it says %q", got)
		}
	}
}
