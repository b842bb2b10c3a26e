package commission_test

import (
	"strings"
	"testing"

	"partner.example/referrals/commission"
)

// rowFacts are of a row of Ann's for Bob in June 2026, at 10% of payout since 5 June.
func rowFacts(change func(f *commission.RowFacts)) commission.RowFacts {
	structure := percent("10", commission.Payout)
	zone := newYork.MustLocation()
	f := commission.RowFacts{
		Currency: usd, Zone: zone, Referrer: "Ann", Referred: "Bob",
		Days:      commission.Period{From: commission.NewDate(2026, 6, 1), To: commission.NewDate(2026, 6, 30)},
		Structure: &structure, Term: commission.Term{ReferredDate: at("2026-06-05T10:00:00-04:00")}, StartedAt: at("2026-06-05T10:00:00-04:00"),
		State: commission.Earning, Amounts: commission.NothingEarned(usd, commission.ReferralActive),
	}
	change(&f)
	return f
}

func TestRowExplain_saysWhyARowShowsWhatItDoes(t *testing.T) { // [P1] to [P3], [P5]
	earns := func(f *commission.RowFacts, billed, unbilled string) {
		f.Amounts.Billed, f.Amounts.Unbilled = dec(billed), dec(unbilled)
		if f.Amounts.Balance != nil {
			*f.Amounts.Balance = dec(billed).Add(dec(unbilled))
		}
		f.Conversions, f.BasisAmount = 3, dec("120")
	}
	for _, c := range []struct {
		name   string
		change func(f *commission.RowFacts)
		reason commission.Reason
		says   []string
	}{
		{
			"it earned", func(f *commission.RowFacts) { earns(f, "5.00", "7.00") }, commission.ReasonEarned,
			[]string{"Ann earns 10% of payout for Bob since 5 June 2026, 10:00.", "The Balance is 12.00 USD.", "On invoices are 5.00 USD, and payable on none yet 7.00 USD.", "It comes from 3 conversions, of 120.00 USD in payout."},
		},
		{"the referrer asks", func(f *commission.RowFacts) { earns(f, "5.00", "7.00"); f.Own = true }, commission.ReasonEarned, []string{"The Balance is 12.00 USD."}},
		{"more was taken back", func(f *commission.RowFacts) { earns(f, "0.00", "-2.00") }, commission.ReasonEarned, []string{"more was taken back in these days than earned. On no invoice yet are -2.00 USD."}},
		{"it ended", func(f *commission.RowFacts) {
			f.Amounts.Balance, f.EndedAt = nil, until("2026-06-20T12:00:00-04:00")
			earns(f, "0.00", "7.00")
		}, commission.ReasonReferralEnded, []string{"not calculated, since the referral ended on 20 June 2026, 12:00", "Payable are 7.00 USD, which are on no invoice yet."}},
		{"it waits", func(f *commission.RowFacts) {
			structure := from("1000", percent("10", commission.Payout))
			f.Structure, f.State, f.Amounts.BelowThreshold = &structure, commission.BelowThreshold, dec("12.00")
			f.Threshold = &commission.Threshold{Target: dec("1000"), Progress: dec("120")}
		}, commission.ReasonBelowThreshold, []string{"12.00 USD wait below the threshold", "of the minimum of 1000.00 USD in payout, 120.00 USD has been generated"}},
		{"nothing came", func(*commission.RowFacts) {}, commission.ReasonNothing, []string{"The Balance is 0.00 USD: nothing that counts"}},
		{"it had run out", func(f *commission.RowFacts) {
			f.Term.ReferredDate, f.Term.WindowEndsAt, f.State = at("2026-04-05T10:00:00-04:00"), until("2026-05-05T10:00:00-04:00"), commission.Expired
		}, commission.ReasonExpired, []string{"until 5 May 2026, 10:00", "Ann earned 10% of payout for Bob from 5 April 2026, 10:00", "after the duration had run out"}},
		{"it had closed", func(f *commission.RowFacts) {
			f.Term.ReferredDate, f.Term.ClosedAt, f.State = at("2026-04-05T10:00:00-04:00"), until("2026-05-05T10:00:00-04:00"), commission.SupersededState
		}, commission.ReasonNoStructure, []string{"after the term had closed"}},
		{"it had not begun", func(f *commission.RowFacts) { f.Term.ReferredDate = at("2026-07-01T00:00:00-04:00") }, commission.ReasonBeforeReferredDate, []string{"before the Referred Date"}},
		{"the referrer is not active", func(f *commission.RowFacts) { f.State = commission.Paused }, commission.ReasonReferrerNotActive, []string{"Ann is not ACTIVE"}},
		{"the referrer is not active any more", func(f *commission.RowFacts) { earns(f, "5.00", "0.00"); f.State = commission.Paused }, commission.ReasonEarned, []string{"On invoices are 5.00 USD, and nothing else is payable.", "Ann is not ACTIVE now"}},
		{"nothing of it is left", func(f *commission.RowFacts) {
			f.Amounts.Balance, f.EndedAt = nil, until("2026-06-20T12:00:00-04:00")
		}, commission.ReasonReferralEnded, []string{"Nothing is on invoices, and nothing is payable."}},
		{"a flat fee", func(f *commission.RowFacts) { structure := flat("50"); f.Structure = &structure }, commission.ReasonFlatFee, []string{"Ann earns a flat fee of 50.00 for Bob", "earned by the first approval"}},
		{"tracked", func(f *commission.RowFacts) { f.Structure, f.State = nil, commission.Tracked }, commission.ReasonNoStructure, []string{"tracked without a commission", "The Balance is 0.00 USD."}},
		{"granted", func(f *commission.RowFacts) { earns(f, "0.00", "12.00"); f.State = commission.Granted }, commission.ReasonGranted, []string{"Ann was granted 10% of payout for what Bob generated"}},
	} {
		reason, text := rowFacts(c.change).Explain()
		if reason != c.reason {
			t.Errorf("%s: %s, want %s", c.name, reason, c.reason)
		}
		for _, part := range append(c.says, "From 2026-06-01 to 2026-06-30") {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q\nshould say %q", c.name, text, part)
			}
		}
		if strings.Contains(c.name, "asks") && strings.Contains(text, "120") {
			t.Errorf("the referrer is told what was generated: %q", text)
		}
	}
}

func TestLineExplain_saysWhatALinePays(t *testing.T) { // [I2], [I5], [C5], [P5]
	structure, fee := percent("10", commission.Payout), flat("50")
	days := commission.Period{From: commission.NewDate(2026, 6, 1), To: commission.NewDate(2026, 6, 30)}
	line := commission.LineFacts{
		Currency: usd, Type: commission.ReferralCommission, Partner: "Ann", Referred: "Bob", Structure: &structure, Days: days,
		Conversions: 3, BasisAmount: dec("120"), Amount: dec("12"),
	}
	own, back, feeLine, payout, carried, brought, deleted := line, line, line, line, line, line, line
	own.Own = true
	back.Type, back.BasisAmount, back.Amount = commission.ReferralAdjustment, dec("-120"), dec("-12")
	feeLine.Structure, feeLine.Amount = &fee, dec("50")
	payout.Type = commission.PartnerPayout
	carried.Type = commission.CarryForward
	brought.Type, brought.Amount = commission.CarryForward, dec("-12")
	deleted.Deleted = true
	for want, of := range map[string]commission.LineFacts{
		"Ann is paid 10% of payout for what Bob generated from 2026-06-01 to 2026-06-30: of 120.00 USD in payout, of 3 conversions, that is 12.00 USD, rounded once.":                                                          line,
		"Ann is paid 10% of payout for what Bob generated from 2026-06-01 to 2026-06-30, which comes to 12.00 USD.":                                                                                                            own,
		"More was taken back than generated: Ann is paid 10% of payout for Bob, from 2026-06-01 to 2026-06-30: of -120.00 USD in payout, of 3 conversions, that is -12.00 USD, rounded once.":                                  back,
		"Ann is paid a flat fee of 50.00 for the first approval of Bob, from 2026-06-01 to 2026-06-30.":                                                                                                                        feeLine,
		"What Ann itself earned from 2026-06-01 to 2026-06-30 comes to 12.00 USD.":                                                                                                                                             payout,
		"Without it the invoice would be below zero: 12.00 USD are carried to the next one, which takes them back.":                                                                                                            carried,
		"12.00 USD that an earlier invoice carried forward are taken back.":                                                                                                                                                    brought,
		"Ann is paid 10% of payout for what Bob generated from 2026-06-01 to 2026-06-30: of 120.00 USD in payout, of 3 conversions, that is 12.00 USD, rounded once. The invoice was deleted: the line pays nothing any more.": deleted,
	} {
		if got := of.Explain(); got != want {
			t.Errorf("%q\nwant %q", got, want)
		}
	}
}
