package commission_test

import (
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"partner.example/referrals/commission"
)

// accruals are the sums of each term and day, kept as commission/ledger keeps them.
type accruals map[termDay]commission.Sums

func (a accruals) record(referrals []commission.Referral, conversions []*conversion, zone *time.Location) {
	for _, c := range conversions {
		term := commission.Attribute(referrals, time.UnixMicro(c.original().at)).Term
		if term == nil {
			continue
		}
		key := termDay{term.ID, c.day(zone)}
		a[key] = a[key].Plus(c.sums())
	}
}

func (c *conversion) day(zone *time.Location) string {
	return commission.DateOf(time.UnixMicro(c.at), zone).String()
}

func (c *conversion) sums() commission.Sums {
	sums := commission.Sums{Revenue: commission.FromMicros(c.revenue), Payout: commission.FromMicros(c.payout)}
	if c.adjusts == nil {
		sums.Conversions = 1
	}
	return sums
}

func (t total) sums() commission.Sums {
	return commission.Sums{
		Conversions: t.conversions, Revenue: commission.FromMicros(t.revenue), Payout: commission.FromMicros(t.payout),
	}
}

// mustEqual compares accruals with the reference's.
func (a accruals) mustEqual(t *rapid.T, want map[termDay]total) {
	t.Helper()
	if len(a) != len(want) {
		t.Fatalf("accrued on %d terms and days, want %d", len(a), len(want))
	}
	for key, total := range want {
		if !a[key].Equal(total.sums()) {
			t.Fatalf("%v accrued %+v, want %+v", key, a[key], total.sums())
		}
	}
}

func TestAttribute_saysWhichTermWasRunningAndWhyNone(t *testing.T) { // [T1], [T3], [T5], [T6], [P5]
	rapid.Check(t, func(t *rapid.T) {
		p := drawPast(t)
		referrals := p.referrals(t)
		for range 20 {
			moment := p.drawMoment(t)
			reason, term := p.explain(moment)
			got := commission.Attribute(referrals, time.UnixMicro(moment))
			gotTerm := 0
			if got.Term != nil {
				gotTerm = got.Term.ID
			}
			if got.Reason != reason || gotTerm != term {
				t.Fatalf("at %s: %s, term %d; want %s, term %d", time.UnixMicro(moment).UTC(), got.Reason, gotTerm, reason, term)
			}
		}
	})
}

func TestAttribute_neverEarnsOutsideTheWindow(t *testing.T) { // [T1], [T6]
	rapid.Check(t, func(t *rapid.T) {
		p := drawPast(t)
		referrals := p.referrals(t)
		for range 20 {
			moment := p.drawMoment(t)
			earns := map[int]bool{}
			for _, referral := range p {
				for _, term := range referral.terms {
					paused := slices.ContainsFunc(referral.pauses, func(pause pastSpan) bool { return pause.has(moment) })
					earns[term.id] = term.window().has(moment) && !paused
				}
			}
			got := commission.Attribute(referrals, time.UnixMicro(moment)).Term
			for term, want := range earns {
				if (got != nil && got.ID == term) != want {
					t.Fatalf("at %s term %d earns: %t, want %t", time.UnixMicro(moment).UTC(), term, !want, want)
				}
			}
		}
	})
}

func TestAttribute_doesNotCareInWhichOrderConversionsArrive(t *testing.T) { // [T5]
	zone := newYork.MustLocation()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPast(t)
		referrals, conversions := p.referrals(t), p.drawConversions(t)
		got := accruals{}
		got.record(referrals, rapid.Permutation(conversions).Draw(t, "order of arrival"), zone)
		got.mustEqual(t, p.oneByOne(conversions, zone))
	})
}

func TestAttribute_doesNotCareHowABatchIsSplit(t *testing.T) { // [C1]
	zone := newYork.MustLocation()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPast(t)
		referrals, conversions := p.referrals(t), p.drawConversions(t)
		got := accruals{}
		for rest := conversions; len(rest) > 0; {
			size := rapid.IntRange(1, len(rest)).Draw(t, "size of the batch")
			batch := accruals{}
			batch.record(referrals, rest[:size], zone)
			for key, sums := range batch {
				got[key] = got[key].Plus(sums)
			}
			rest = rest[size:]
		}
		got.mustEqual(t, p.oneByOne(conversions, zone))
	})
}

func TestAttribute_putsAnAdjustmentToTheTermOfItsOriginal(t *testing.T) { // [C5]
	zone := newYork.MustLocation()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPast(t)
		referrals := p.referrals(t)
		original := &conversion{at: p.drawMoment(t), revenue: 9_000_000, payout: 4_000_000}
		reversal := &conversion{at: p.drawMoment(t), revenue: -9_000_000, payout: -4_000_000, adjusts: original}
		got := accruals{}
		got.record(referrals, []*conversion{original, reversal}, zone)

		// Whatever runs at the moment of the reversal, it takes back all of its original, from the
		// original's term alone and on a day of its own.
		_, term := p.explain(original.at)
		var left commission.Sums
		for key, sums := range got {
			if key.term != term {
				t.Fatalf("term %d accrued %+v, but the conversion was of term %d", key.term, sums, term)
			}
			left = left.Plus(sums)
		}
		if !left.Revenue.IsZero() || !left.Payout.IsZero() {
			t.Fatalf("%+v is left of a conversion that was reversed in full", left)
		}
		earned, takenBack := original.day(zone), reversal.day(zone)
		if term != 0 && earned != takenBack && !got[termDay{term, takenBack}].Equal(reversal.sums()) {
			t.Fatalf("the reversal does not count on its own day %s", takenBack)
		}
	})
}

func TestSums_ofTheDaysAddUpToTheRange(t *testing.T) { // [C1], [C7], [P2]
	zone := newYork.MustLocation()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPast(t)
		conversions := p.drawConversions(t)
		kept := accruals{}
		kept.record(p.referrals(t), conversions, zone)

		first := commission.DateOf(time.UnixMicro(p.drawMoment(t)), zone)
		last := first + commission.Date(rapid.IntRange(0, 60).Draw(t, "days"))
		rate := rapid.Int64Range(1, 100_0000).Draw(t, "rate") // in ten-thousandths of a percent
		structure := commission.Structure{Commission: commission.Percentage{Rate: decimal.New(rate, -4), Basis: commission.Profit}}

		for _, referral := range p {
			for _, term := range referral.terms {
				var inRange commission.Sums
				for day := first; day <= last; day++ {
					inRange = inRange.Plus(kept[termDay{term.id, day.String()}])
				}
				profit := int64(0)
				for _, c := range conversions {
					_, counts := p.explain(c.original().at)
					day := time.UnixMicro(c.at).In(zone).Format("2006-01-02")
					if counts == term.id && first.String() <= day && day <= last.String() {
						profit += c.revenue - c.payout
					}
				}
				row := structure.Amounts(usd, commission.RowSums{Unbilled: inRange}, true, commission.ReferralActive)
				if want := commissionOn(profit, rate, usd); !row.Balance.Equal(want) {
					t.Fatalf("the Balance of %s to %s is %s, want %s", first, last, row.Balance, want)
				}
			}
		}
	})
}

// commissionOn is the commission on a basis in micro-units at a rate in ten-thousandths of a percent,
// rounded once, halves away from zero [C7]: in whole numbers, as on paper.
func commissionOn(basis, rate int64, currency commission.Currency) decimal.Decimal {
	digits := map[commission.Currency]int64{"USD": 2, "JPY": 0, "KWD": 3}[currency]
	product := new(big.Int).Mul(big.NewInt(basis), big.NewInt(rate)) // in 10^-12
	return decimal.NewFromBigInt(roundedQuotient(product, tenTo(12-digits)), int32(-digits))
}

func tenTo(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }

// roundedQuotient is n / d to the nearest whole number, halves away from zero; d > 0.
func roundedQuotient(n, d *big.Int) *big.Int {
	quotient, rest := new(big.Int).QuoRem(n, d, new(big.Int))
	if rest.Abs(rest).Lsh(rest, 1).Cmp(d) >= 0 {
		quotient.Add(quotient, big.NewInt(int64(n.Sign())))
	}
	return quotient
}

func TestAttribute_tellsTheReasons(t *testing.T) { // [P5]
	running := commission.Term{ID: 1, Type: commission.TypePercentage, ReferredDate: at("2026-03-01T00:00:00Z")}
	ranOut, closed, fee := running, running, running
	ranOut.WindowEndsAt = until("2026-04-01T00:00:00Z")
	closed.ClosedAt, closed.CloseReason = until("2026-04-01T00:00:00Z"), commission.SettingEnded
	fee.Type = commission.TypeFlatFee
	// Revived after it had run out, and given up by the setting since: the last term counts [T3].
	revived := commission.Term{
		ID: 2, Type: commission.TypePercentage, ReferredDate: at("2026-05-01T00:00:00Z"),
		WindowEndsAt: until("2027-05-01T00:00:00Z"), ClosedAt: until("2026-06-01T00:00:00Z"), CloseReason: commission.SettingEnded,
	}
	// Opened and superseded in one moment, by the term that runs from there.
	fleeting := running
	fleeting.ID, fleeting.ClosedAt, fleeting.CloseReason = 3, until("2026-03-01T00:00:00Z"), commission.Superseded
	since := commission.Interval{From: at("2026-02-01T00:00:00Z")}
	over := commission.Interval{From: since.From, Until: until("2026-07-01T00:00:00Z")}
	april := commission.Interval{From: at("2026-04-01T00:00:00Z"), Until: until("2026-05-01T00:00:00Z")}
	terms := func(terms ...commission.Term) []commission.Referral {
		return []commission.Referral{{Interval: since, Terms: terms}}
	}

	for _, c := range []struct {
		name      string
		referrals []commission.Referral
		at        string
		want      commission.Reason
	}{
		{"no referral at all", nil, "2026-04-15T00:00:00Z", commission.ReasonNotReferred},
		{"before the referral", terms(running), "2026-01-31T23:59:59.999999Z", commission.ReasonBeforeReferredDate},
		{"tracked only", terms(), "2026-04-15T00:00:00Z", commission.ReasonNoStructure},
		{"before the first term", terms(running), "2026-02-28T23:59:59.999999Z", commission.ReasonNoStructure},
		{"on the Referred Date", terms(running), "2026-03-01T00:00:00Z", commission.ReasonEarned},
		{"under a flat fee", terms(fee), "2026-03-01T00:00:00Z", commission.ReasonFlatFee},
		{"just inside the duration", terms(ranOut), "2026-03-31T23:59:59.999999Z", commission.ReasonEarned},
		{"at the end of the duration", terms(ranOut), "2026-04-01T00:00:00Z", commission.ReasonExpired},
		{"at the end of the setting", terms(closed), "2026-04-01T00:00:00Z", commission.ReasonNoStructure},
		{"superseded as it opened", terms(fleeting, running), "2026-03-01T00:00:00Z", commission.ReasonEarned},
		{"superseded as it opened, told the other way round", terms(running, fleeting), "2026-03-01T00:00:00Z", commission.ReasonEarned},
		{"revived after it ran out", terms(ranOut, revived), "2026-05-15T00:00:00Z", commission.ReasonEarned},
		{"revived and then given up", terms(ranOut, revived), "2026-06-15T00:00:00Z", commission.ReasonNoStructure},
		{"revived and then given up, told the other way round", terms(revived, ranOut), "2026-06-15T00:00:00Z", commission.ReasonNoStructure},
		{
			"while the referrer is not active",
			[]commission.Referral{{Interval: since, Terms: []commission.Term{running}, Pauses: []commission.Interval{april}}},
			"2026-04-01T00:00:00Z", commission.ReasonReferrerNotActive,
		},
		{
			"once the referrer is active again",
			[]commission.Referral{{Interval: since, Terms: []commission.Term{running}, Pauses: []commission.Interval{april}}},
			"2026-05-01T00:00:00Z", commission.ReasonEarned,
		},
		{
			"after the referral",
			[]commission.Referral{{Interval: over, Terms: []commission.Term{running}}},
			"2026-07-01T00:00:00Z", commission.ReasonReferralEnded,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := commission.Attribute(c.referrals, at(c.at))
			if got.Reason != c.want {
				t.Errorf("Attribute says %s, want %s", got.Reason, c.want)
			}
			counts := c.want == commission.ReasonEarned || c.want == commission.ReasonFlatFee
			if (got.Term != nil) != counts {
				t.Errorf("Attribute names term %v with %s", got.Term, got.Reason)
			}
		})
	}
}
