package commission_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"partner.example/referrals/commission"
)

// bobs is what is known of a conversion of Bob's, whom Ann referred: 100.00 of payout from 160.00 of revenue.
func bobs(occurredAt string, s commission.Structure) commission.Facts {
	return commission.Facts{
		Currency: usd, Zone: newYork.MustLocation(), Partner: "Bob", Referrer: "Ann",
		OccurredAt: at(occurredAt), Sums: brought("160", "100"), Structure: &s,
	}
}

func TestExplain_saysWhyInASentenceWithDatesAndAmounts(t *testing.T) { // [P5]
	tenPercent := percent("10", commission.Payout)
	running := commission.Term{ID: 1, Type: commission.TypePercentage, ReferredDate: at("2026-03-01T10:00:00-05:00")}
	ranOut, closed, fee := running, running, running
	ranOut.WindowEndsAt = until("2026-04-01T10:00:00-04:00")
	closed.ClosedAt, closed.CloseReason = until("2026-04-01T10:00:00-04:00"), commission.SettingEnded
	fee.Type = commission.TypeFlatFee
	since := commission.Interval{From: at("2026-02-01T10:00:00-05:00"), Until: until("2026-07-01T10:00:00-04:00")}
	april := commission.Interval{From: at("2026-04-01T00:00:00-04:00"), Until: until("2026-05-01T00:00:00-04:00")}
	one := func(terms ...commission.Term) []commission.Referral {
		return []commission.Referral{{Interval: since, Terms: terms}}
	}

	for _, c := range []struct {
		name      string
		referrals []commission.Referral
		at        string
		structure commission.Structure
		is        func(f *commission.Facts)
		reason    commission.Reason
		amount    string
		says      []string
	}{
		{
			"payable", one(running), "2026-03-02T09:00:00-05:00", tenPercent, nil, commission.ReasonEarned, "10.00",
			[]string{
				"This conversion of Bob occurred on 2 March 2026, 09:00, in the term of Ann under 10% of payout since 1 March 2026, 10:00.",
				"10% of its payout of 100.00 USD brought 10.00 USD.", "It is payable, and on no invoice yet.", "America/New_York",
			},
		},
		{
			"billed", one(running), "2026-03-02T09:00:00.000001-05:00", tenPercent,
			func(f *commission.Facts) { f.Invoice = 12; f.Adjusted = &commission.Sums{Payout: dec("-40")} },
			commission.ReasonEarned, "10.00",
			[]string{"2 March 2026, 09:00:00.000001", "It is paid by invoice 12.", "change its payout by -40.00 USD"},
		},
		{
			"billed, and under the threshold since", one(running), "2026-03-02T09:00:00-05:00", from("500", tenPercent),
			func(f *commission.Facts) {
				f.Invoice = 12
				f.Threshold = &commission.Threshold{Target: dec("500"), Progress: dec("100")}
			}, commission.ReasonEarned, "10.00",
			[]string{"invoice 12"},
		},
		{
			"below the threshold", one(running), "2026-03-02T09:00:00-05:00", from("500", tenPercent),
			func(f *commission.Facts) {
				f.Threshold = &commission.Threshold{Target: dec("500"), Progress: dec("123.4")}
			},
			commission.ReasonBelowThreshold, "10.00",
			[]string{"of the minimum of 500.00 USD in payout, 123.40 USD has been generated so far"},
		},
		{
			"forfeited", one(running), "2026-03-02T09:00:00-05:00", tenPercent,
			func(f *commission.Facts) { f.Forfeited, f.Because = true, "fraud" }, commission.ReasonReferralEnded, "0.00",
			[]string{"brought 10.00 USD", `It was forfeited when the referral ended on 1 July 2026, 10:00 ("fraud").`},
		},
		{
			"an adjustment", one(running), "2026-06-02T09:00:00-04:00", tenPercent, func(f *commission.Facts) {
				f.Sums = brought("-160", "-100")
				f.Adjusts = &commission.Original{ExternalID: "sale-7", OccurredAt: at("2026-03-02T09:00:00-05:00")}
			}, commission.ReasonEarned, "-10.00",
			[]string{"This adjustment of Bob occurred on 2 June 2026, 09:00, and adjusts \"sale-7\" of 2 March 2026, 09:00", "takes back 10.00 USD"},
		},
		{
			"nobody referred it", nil, "2026-03-02T09:00:00-05:00", tenPercent, nil, commission.ReasonNotReferred, "0.00",
			[]string{"no partner has ever had a referral of Bob"},
		},
		{
			"its referral waits", nil, "2026-03-02T09:00:00-05:00", tenPercent, func(f *commission.Facts) { f.Waiting = "Ann" }, commission.ReasonNotReferred, "0.00",
			[]string{"Referred By names Ann, and that referral starts with the first approval"},
		},
		{
			"before the referral", one(running), "2026-02-01T09:59:59-05:00", tenPercent, nil, commission.ReasonBeforeReferredDate, "0.00",
			[]string{"before the referral by Ann started on 1 February 2026, 10:00"},
		},
		{
			"after the referral", one(running), "2026-07-01T10:00:00-04:00", tenPercent, nil, commission.ReasonReferralEnded, "0.00",
			[]string{"after the referral by Ann had ended on 1 July 2026, 10:00"},
		},
		{
			"before the first term", one(running), "2026-02-15T10:00:00-05:00", tenPercent, nil, commission.ReasonNoStructure, "0.00",
			[]string{"tracked without a commission: no setting had paid Ann for it since it started on 1 February 2026, 10:00"},
		},
		{
			"after the setting", one(closed), "2026-04-15T10:00:00-04:00", tenPercent, nil, commission.ReasonNoStructure, "0.00",
			[]string{"no setting paid Ann for it any more since 1 April 2026, 10:00"},
		},
		{
			"expired", one(ranOut), "2026-04-15T10:00:00-04:00", lasting(1, commission.Month, tenPercent), nil, commission.ReasonExpired, "0.00",
			[]string{"after the term of Ann under 10% of payout for 1 month had run out on 1 April 2026, 10:00"},
		},
		{
			"paused",
			[]commission.Referral{{Interval: since, Terms: []commission.Term{running}, Pauses: []commission.Interval{april}}},
			"2026-04-15T10:00:00-04:00", tenPercent, nil, commission.ReasonReferrerNotActive, "0.00",
			[]string{"while Ann was not ACTIVE, from 1 April 2026, 00:00 until 1 May 2026, 00:00"},
		},
		{
			"a flat fee", one(fee), "2026-03-15T10:00:00-04:00", flat("50"), nil, commission.ReasonFlatFee, "0.00",
			[]string{"pays a flat fee of 50.00 for the first approval of the partner and nothing for what it generates"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := bobs(c.at, c.structure)
			if c.is != nil {
				c.is(&f)
			}
			moment := f.OccurredAt
			if f.Adjusts != nil {
				moment = f.Adjusts.OccurredAt
			}
			got := commission.Attribute(c.referrals, moment).Explain(f)
			if got.Reason != c.reason || commission.Format(got.Amount) != c.amount || got.Earned != (c.reason == commission.ReasonEarned) {
				t.Errorf("%s %s, earned: %t; want %s %s", got.Reason, commission.Format(got.Amount), got.Earned, c.reason, c.amount)
			}
			for _, words := range c.says {
				if !strings.Contains(got.Text, words) {
					t.Errorf("%q does not say %q", got.Text, words)
				}
			}
		})
	}
}

// What is explained is what is recorded: nothing has an amount that Attribute puts into no term, and whatever it puts
// into a term has its commission, unless that is a fee's or was given up [P5, C1].
func TestExplain_agreesWithWhereAConversionCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPast(t)
		referrals := p.referrals(t)
		for range 20 {
			moment := time.UnixMicro(p.drawMoment(t))
			reason, _ := p.explain(moment.UnixMicro())
			f := bobs("2026-03-02T09:00:00-05:00", percent("10", commission.Payout))
			f.OccurredAt, f.Forfeited, f.Invoice = moment, rapid.Bool().Draw(t, "forfeited"), rapid.IntRange(0, 1).Draw(t, "invoice")
			f.Threshold = &commission.Threshold{Target: dec("100"), Progress: dec(rapid.SampledFrom([]string{"0", "99.999999", "100"}).Draw(t, "progress"))}
			attributed := commission.Attribute(referrals, moment)
			if attributed.Referral != nil && attributed.Referral.Until == nil {
				f.Forfeited = false
			}
			got := attributed.Explain(f)
			want, amount := reason, "0.00"
			switch {
			case reason != commission.ReasonEarned:
			case f.Forfeited:
				want = commission.ReasonReferralEnded
			case f.Invoice == 0 && f.Threshold.Progress.LessThan(dec("100")):
				want, amount = commission.ReasonBelowThreshold, "10.00"
			default:
				amount = "10.00"
			}
			if got.Reason != want || commission.Format(got.Amount) != amount || got.Text == "" || strings.Contains(got.Text, "%!") {
				t.Fatalf("at %s: %+v; want %s %s", moment.UTC(), got, want, amount)
			}
		}
	})
}
