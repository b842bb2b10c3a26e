package commission_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"partner.example/referrals/commission"
)

func TestAmounts_roundEachLineAndTheRestOnce(t *testing.T) { // [C7], [P1], [P3]
	amount := rapid.Int64Range(-1e11, 1e11)
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]commission.Currency{"USD", "JPY", "KWD"}).Draw(t, "currency")
		rate := rapid.Int64Range(1, 100_0000).Draw(t, "rate")
		structure := commission.Structure{Commission: commission.Percentage{Rate: decimal.New(rate, -4), Basis: commission.Payout}}
		lines := rapid.SliceOfN(amount, 0, 5).Draw(t, "lines")
		unbilled := amount.Draw(t, "unbilled")
		reached := rapid.Bool().Draw(t, "reached")
		status := rapid.SampledFrom([]commission.ReferralStatus{commission.ReferralActive, commission.ReferralInactive}).Draw(t, "status")

		row := commission.RowSums{Unbilled: commission.Sums{Payout: commission.FromMicros(unbilled)}}
		billed, all := decimal.Zero, unbilled
		for _, line := range lines {
			row.Lines = append(row.Lines, commission.Sums{Payout: commission.FromMicros(line)})
			billed = billed.Add(commissionOn(line, rate, currency))
			all += line
		}
		payable, waiting := commissionOn(unbilled, rate, currency), decimal.Zero
		if !reached {
			payable, waiting = waiting, payable
		}

		got := structure.Amounts(currency, row, reached, status)
		if !got.Billed.Equal(billed) || !got.Unbilled.Equal(payable) || !got.BelowThreshold.Equal(waiting) {
			t.Fatalf("the row is %+v, want Billed %s, unbilled %s, below threshold %s", got, billed, payable, waiting)
		}
		switch {
		case status == commission.ReferralInactive && got.Balance != nil:
			t.Fatalf("the Balance of an inactive referral is %s, want none", got.Balance)
		case status == commission.ReferralActive && !got.Balance.Equal(billed.Add(payable)):
			t.Fatalf("the Balance is %s, want %s + %s", got.Balance, billed, payable)
		}
		if !row.All().Payout.Equal(commission.FromMicros(all)) {
			t.Fatalf("the row's sums are %s, want %s", row.All().Payout, commission.FromMicros(all))
		}
	})
}

func TestAmounts_stayBilledWhenAReversalTakesTheMeasureBackUnderTheThreshold(t *testing.T) { // [C3]
	structure := from("100", percent("10", commission.Payout))
	row := commission.RowSums{Lines: []commission.Sums{payout("100")}, Unbilled: payout("-40")}
	got := structure.Amounts(usd, row, structure.ThresholdOf(row.All()).Reached(), commission.ReferralActive)
	if !got.Billed.Equal(dec("10")) || !got.Balance.Equal(dec("10")) || !got.Unbilled.IsZero() || !got.BelowThreshold.Equal(dec("-4")) {
		t.Errorf("the row is %+v", got)
	}
}

func TestAmounts_keepWhatIsPayableWhereTheReferralIsInactive(t *testing.T) { // [P3], N9
	got := percent("10", commission.Payout).Amounts(usd, commission.RowSums{Unbilled: payout("70")}, true, commission.ReferralInactive)
	if got.Balance != nil || commission.Format(got.Unbilled) != "7.00" {
		t.Errorf("the row is %+v, want no Balance and 7.00 unbilled", got)
	}
}

func TestNothingEarned_isWrittenInTheCurrencysMinorUnit(t *testing.T) { // [A7]
	for currency, zero := range map[commission.Currency]string{"USD": "0.00", "JPY": "0", "KWD": "0.000"} {
		got := commission.NothingEarned(currency, commission.ReferralActive)
		for _, amount := range []decimal.Decimal{got.Billed, *got.Balance, got.Unbilled, got.BelowThreshold} {
			if text := commission.Format(amount); text != zero {
				t.Errorf("nothing in %s is %s, want %s", currency, text, zero)
			}
		}
		if commission.NothingEarned(currency, commission.ReferralInactive).Balance != nil {
			t.Error("an inactive referral has a Balance")
		}
	}
}

func TestSums_takeBackWhatTheyAdd(t *testing.T) {
	sums := commission.Sums{Conversions: 2, Revenue: dec("10"), Payout: dec("4.50"), Fee: dec("1")}
	if got := sums.Plus(sums.Negated()); !got.IsZero() {
		t.Errorf("the sums less themselves are %+v", got)
	}
	if !sums.Equal(commission.Sums{Conversions: 2, Revenue: dec("10.00"), Payout: dec("4.5"), Fee: dec("1.0")}) {
		t.Error("sums are compared by how they are written")
	}
	for _, other := range []commission.Sums{
		{Conversions: 1}, {Revenue: dec("1")}, {Payout: dec("1")}, {Fee: dec("1")},
	} {
		if other.IsZero() || other.Equal(commission.Sums{}) {
			t.Errorf("%+v is taken for nothing", other)
		}
	}
}
