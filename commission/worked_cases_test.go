package commission_test

import (
	"slices"
	"testing"
	"time"

	"partner.example/referrals/commission"
)

// workedCase is one of the worked cases of docs/rules.md, section 9, told as it happened: what the
// referrer's setting paid from when on, and what came in. The other cases (N7 to N9) need invoices.
type workedCase struct {
	name     string
	settings []paying
	events   []event
	rows     [][]string // after each event: the Balance of each row, in the order in which the rows opened
	basis    string     // of the last row in the end, where the case names it
}

// paying is the effective setting of the referrer from a moment on; nil pays nothing.
type paying struct {
	since     time.Time
	structure *commission.Structure
}

type event struct {
	at   time.Time
	sums commission.Sums
}

func TestWorkedCases(t *testing.T) {
	tenPercent := percent("10", commission.Payout)
	always := func(s commission.Structure) []paying { return []paying{{at("2026-01-31T10:00:00-05:00"), &s}} }

	for _, c := range []workedCase{
		{
			name:     "N1 ten percent of payout for one month",
			settings: always(lasting(1, commission.Month, tenPercent)),
			events: []event{
				{at("2026-02-03T09:00:00-05:00"), payout("60")},
				{at("2026-02-27T09:00:00-05:00"), payout("40")},
				{at("2026-03-03T09:00:00-05:00"), payout("500")},
			},
			rows: [][]string{{"6.00"}, {"10.00"}, {"10.00"}},
		},
		{
			name:     "N2 nothing until the minimum earnings are reached, then all of it",
			settings: always(from("100", tenPercent)),
			events: []event{
				{at("2026-02-03T09:00:00-05:00"), payout("60")},
				{at("2026-02-04T09:00:00-05:00"), payout("39.99")},
				{at("2026-02-05T09:00:00-05:00"), payout("0.01")},
			},
			rows: [][]string{{"0.00"}, {"0.00"}, {"10.00"}},
		},
		{
			name:     "N3 a month from 31 January 10:00 ends before 28 February 10:00",
			settings: always(lasting(1, commission.Month, tenPercent)),
			events: []event{
				{at("2026-01-31T09:59:59.999999-05:00"), payout("100")},
				{at("2026-01-31T10:00:00-05:00"), payout("100")},
				{at("2026-02-28T09:59:59.999999-05:00"), payout("100")},
				{at("2026-02-28T10:00:00-05:00"), payout("100")},
			},
			rows: [][]string{{"0.00"}, {"10.00"}, {"20.00"}, {"20.00"}},
		},
		{
			name:     "N4 payouts are summed before they are multiplied and rounded",
			settings: always(percent("33.3333", commission.Payout)),
			events: []event{
				{at("2026-02-03T09:00:00-05:00"), payout("0.10")},
				{at("2026-02-03T09:00:01-05:00"), payout("0.10")},
				{at("2026-02-03T09:00:02-05:00"), payout("0.10")},
			},
			rows: [][]string{{"0.03"}, {"0.07"}, {"0.10"}},
		},
		{
			name: "N5 a change of structure pays the old row up to its moment and the new one from there",
			settings: []paying{
				{at("2026-06-01T00:00:00-04:00"), &tenPercent},
				{at("2026-06-15T00:00:00-04:00"), new(percent("5", commission.Payout))},
			},
			events: []event{
				{at("2026-06-14T23:59:59.999999-04:00"), payout("100")},
				{at("2026-06-15T00:00:00-04:00"), payout("100")},
			},
			rows: [][]string{{"10.00", "0.00"}, {"10.00", "5.00"}},
		},
		{
			// That only the first approval puts a fee into the sums is commission/program's to see to.
			// What is true here: the fee is the fee, and nothing that comes in later adds to it.
			name:     "N6 a flat fee is earned once",
			settings: always(flat("50")),
			events: []event{
				{at("2026-02-03T09:00:00-05:00"), commission.Sums{Fee: dec("50")}},
				{at("2026-02-04T09:00:00-05:00"), payout("100")},
				{at("2026-02-05T09:00:00-05:00"), brought("1000", "1")},
			},
			rows: [][]string{{"50.00"}, {"50.00"}, {"50.00"}},
		},
		{
			name:     "N10 a loss is set off against profit",
			settings: always(percent("10", commission.Profit)),
			events: []event{
				{at("2026-02-03T09:00:00-05:00"), brought("100", "120")},
				{at("2026-02-04T09:00:00-05:00"), brought("50", "20")},
			},
			rows:  [][]string{{"-2.00"}, {"1.00"}},
			basis: "10",
		},
		{
			name: "N11 a custom setting pays also where the network's switch is off",
			settings: []paying{{
				at("2026-01-31T10:00:00-05:00"),
				commission.Effective(commission.Custom, new(percent("8", commission.Payout)), false, &tenPercent),
			}},
			events: []event{{at("2026-02-03T09:00:00-05:00"), payout("100")}},
			rows:   [][]string{{"8.00"}},
		},
		{
			name: "N12 only what comes after the switch is on counts",
			settings: []paying{
				{at("2026-01-31T10:00:00-05:00"), commission.Effective(commission.Inherit, nil, false, &tenPercent)},
				{at("2026-03-01T00:00:00-05:00"), commission.Effective(commission.Inherit, nil, true, &tenPercent)},
			},
			events: []event{
				{at("2026-02-03T09:00:00-05:00"), payout("100")},
				{at("2026-03-03T09:00:00-05:00"), payout("100")},
			},
			rows: [][]string{{"0.00"}, {"10.00"}},
		},
	} {
		t.Run(c.name, c.run)
	}
}

func (c workedCase) run(t *testing.T) {
	referral := commission.Referral{Interval: commission.Interval{From: c.settings[0].since}}
	var structures []commission.Structure // of each row; a term's ID is its row's index
	for _, setting := range c.settings {
		if setting.structure == nil {
			if last := len(referral.Terms) - 1; last >= 0 {
				referral.Terms[last].ClosedAt, referral.Terms[last].CloseReason = &setting.since, commission.SettingEnded
			}
			continue
		}
		term := commission.Term{
			ID:           len(structures),
			Type:         setting.structure.Commission.Type(),
			ReferredDate: setting.since,
			WindowEndsAt: setting.structure.WindowEndsAt(setting.since, newYork.MustLocation()),
		}
		referral.Append(term)
		structures = append(structures, *setting.structure)
	}

	sums := make([]commission.Sums, len(structures))
	for i, event := range c.events {
		if term := commission.Attribute([]commission.Referral{referral}, event.at).Term; term != nil {
			sums[term.ID] = sums[term.ID].Plus(event.sums)
		}
		if got := balances(structures, sums); !slices.Equal(got, c.rows[i]) {
			t.Errorf("Balances after event %d are %v, want %v", i+1, got, c.rows[i])
		}
	}
	if c.basis == "" {
		return
	}
	last := len(structures) - 1
	if got := sums[last].Of(structures[last].Basis()); !got.Equal(dec(c.basis)) {
		t.Errorf("the basis is %s, want %s", got, c.basis)
	}
}

// balances are the Balances of the rows of one referral. A threshold is measured through all the terms
// up to its own [C3].
func balances(structures []commission.Structure, sums []commission.Sums) []string {
	var through commission.Sums
	var all []string
	for i, structure := range structures {
		through = through.Plus(sums[i])
		reached := structure.ThresholdOf(through).Reached()
		row := structure.Amounts(usd, commission.RowSums{Unbilled: sums[i]}, reached, commission.ReferralActive)
		all = append(all, commission.Format(*row.Balance))
	}
	return all
}
