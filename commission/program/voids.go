package program

import (
	"context"
	"fmt"
	"math"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/referralterm"
)

// CommissionVoid asks to take away what a term has unbilled.
type CommissionVoid struct {
	TermID int
	From   *commission.Date // the first day on which it was earned; nil: from the beginning
	To     *commission.Date // the last; nil: to the end
	Reason string
}

// VoidReferralCommission takes away what a term earned on some days and has on no invoice, below its threshold or not:
// no invoice will pay it. What is recorded later counts, but for what adjusts the voided. Where there is nothing to take
// nothing happens, and there is no void. For ADMIN.
func (p *Program) VoidReferralCommission(ctx context.Context, networkID int, input CommissionVoid) (*ent.CommissionVoid, error) {
	var void *ent.CommissionVoid
	err := p.change(ctx, networkID, doing{action: "voidReferralCommission", by: byAdmin, reason: input.Reason}, func(ctx context.Context, c *change) (err error) {
		void, err = c.void(ctx, input)
		return err
	}, &void)
	return void, err
}

// Voiding is what a void would take.
type Voiding struct {
	Conversions int
	Amount      decimal.Decimal
}

// PreviewVoidReferralCommission says what VoidReferralCommission would take, by doing it in a transaction that is rolled
// back. For ADMIN.
func (p *Program) PreviewVoidReferralCommission(ctx context.Context, networkID int, input CommissionVoid) (Voiding, error) {
	void, err := p.VoidReferralCommission(database.Refusing(ctx, errPreviewed), networkID, input)
	if err = orPreviewed(err); err != nil || void == nil {
		return Voiding{}, err
	}
	return Voiding{Conversions: int(void.Conversions), Amount: void.Amount}, nil
}

func (c *change) void(ctx context.Context, input CommissionVoid) (*ent.CommissionVoid, error) {
	var wrong commission.Problems
	needReason(&wrong, input.Reason)
	days := ledger.Range{From: 0, To: math.MaxInt32}
	if input.From != nil {
		days.From = *input.From
	}
	if input.To != nil {
		days.To = *input.To
	}
	if days.To < days.From {
		wrong.Add("to", "must not be before from")
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	term, err := c.tx.ReferralTerm.Query().Where(referralterm.ID(input.TermID), referralterm.NetworkID(c.network.ID)).Only(ctx)
	if err != nil {
		return nil, orNotFound(err, "term", "term")
	}
	if term.GrantID != nil {
		return nil, commission.Refuse(commission.FailedPrecondition, "term", "what was granted is not voided: revoke the grant")
	}
	structure, err := c.structure(ctx, term.StructureID)
	if err != nil {
		return nil, err
	}
	voidable, err := ledger.FindVoidable(ctx, c.tx, term.ID, structure.Commission.Type(), days)
	if err != nil || voidable.Sums.IsZero() {
		return nil, err
	}
	currency := c.network.Currency
	amount := currency.Round(structure.Earned(voidable.Sums))
	if !amount.IsPositive() {
		return nil, commission.Refuse(commission.FailedPrecondition, "from",
			"what is unbilled of these days comes to %s %s: a void takes away, and forgives no debt", commission.Format(amount), currency)
	}
	void, err := c.tx.CommissionVoid.Create().SetNetworkID(c.network.ID).SetTermID(term.ID).SetFrom(voidable.From).SetTo(voidable.To).
		SetReason(input.Reason).SetVoidedAt(c.at).SetVoidedBy(c.viewer.Name).SetConversions(voidable.Sums.Conversions).SetAmount(amount).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("keep the void: %w", err)
	}
	return void, voidable.Take(ctx, c.tx, c.network.ID, void.ID)
}
