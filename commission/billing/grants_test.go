package billing_test

import (
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/generated/referral"
	"partner.example/referrals/ent/generated/referralterm"
	"partner.example/referrals/ent/generated/retroactivegrant"
)

// mayBePrevented lets pass what is not possible as things are.
func (l *life) mayBePrevented(err error) {
	l.Helper()
	if commission.CodeOf(err) != commission.FailedPrecondition {
		l.must(err)
	}
}

// someDays are days that are over.
func (l *life) someDays(t *rapid.T) ledger.Range {
	to := commission.DateOf(l.now, l.zone) - commission.Date(rapid.IntRange(1, 20).Draw(t, "days ago"))
	return ledger.Range{From: to - commission.Date(rapid.IntRange(0, 30).Draw(t, "days")), To: to}
}

// grant pays a referral for what nothing pays, and then once more, which pays nothing.
func (l *life) grant(t *rapid.T) {
	ids, err := l.db.Referral.Query().Where(referral.NetworkID(l.network.ID)).Order(referral.ByID()).IDs(l.system())
	l.must(err)
	input := program.RetroactiveGrant{ReferralID: rapid.SampledFrom(ids).Draw(t, "referral"), Days: l.someDays(t), Maximum: decimal.NewFromInt(100_000), Reason: "a test"}
	if rapid.Bool().Draw(t, "by a rate of its own") {
		input.Percentage = &commission.Percentage{Rate: dec("12.5"), Basis: rapid.SampledFrom([]commission.Basis{commission.Payout, commission.Profit, commission.Revenue}).Draw(t, "basis")}
	}
	would, err := l.program.PreviewRetroactiveCommission(l.admin(), l.network.ID, input)
	l.mayBePrevented(err)
	_, did, err := l.program.GrantRetroactiveCommission(l.admin(), l.network.ID, input)
	l.mayBePrevented(err)
	if err == nil && (would.Conversions != did.Conversions || !would.Amount.Equal(did.Amount)) {
		l.Errorf("a grant would come to %+v, and came to %+v", would, did)
	}
	if again, _, err := l.program.GrantRetroactiveCommission(l.admin(), l.network.ID, input); err == nil && again != nil {
		l.Errorf("%d conversions were granted again", again.Conversions)
	}
}

func (l *life) revoke(t *rapid.T) {
	ids, err := l.db.RetroactiveGrant.Query().Where(retroactivegrant.NetworkID(l.network.ID)).Order(retroactivegrant.ByID()).IDs(l.system())
	l.must(err)
	if len(ids) > 0 {
		_, err := l.program.RevokeRetroactiveCommission(l.admin(), l.network.ID, rapid.SampledFrom(ids).Draw(t, "grant"), "a test")
		l.mayBePrevented(err)
	}
}

func (l *life) void(t *rapid.T) {
	ids, err := l.db.ReferralTerm.Query().Where(referralterm.NetworkID(l.network.ID)).Order(referralterm.ByID()).IDs(l.system())
	l.must(err)
	if len(ids) == 0 {
		return
	}
	days := l.someDays(t)
	input := program.CommissionVoid{TermID: rapid.SampledFrom(ids).Draw(t, "term"), Reason: "a test"}
	if rapid.Bool().Draw(t, "some days") {
		input.From, input.To = &days.From, &days.To
	}
	_, err = l.program.VoidReferralCommission(l.admin(), l.network.ID, input)
	l.mayBePrevented(err)
}
