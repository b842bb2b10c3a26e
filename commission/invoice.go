package commission

import "github.com/shopspring/decimal"

// InvoiceStatus is where an invoice stands [I4].
type InvoiceStatus string

const (
	Unpaid  InvoiceStatus = "UNPAID"
	Paid    InvoiceStatus = "PAID"
	Deleted InvoiceStatus = "DELETED"
)

// Values lists every status.
func (InvoiceStatus) Values() []string {
	return []string{string(Unpaid), string(Paid), string(Deleted)}
}

// LineType tells what a line of an invoice is.
type LineType string

const (
	PartnerPayout      LineType = "PARTNER_PAYOUT"
	ReferralCommission LineType = "REFERRAL_COMMISSION"
	ReferralAdjustment LineType = "REFERRAL_ADJUSTMENT"
	CarryForward       LineType = "CARRY_FORWARD"
)

// Values lists every type.
func (LineType) Values() []string {
	return []string{string(PartnerPayout), string(ReferralCommission), string(ReferralAdjustment), string(CarryForward)}
}

// TermBill is what a billing run knows of one term.
type TermBill struct {
	Structure Structure
	Unbilled  Sums            // to the period's end
	Reached   bool            // its threshold, now [C3]
	Billed    decimal.Decimal // on all its lines so far
}

// Line is what a term brings on an invoice; false: nothing. Below its threshold it waits [C3]; what rounds to
// nothing waits for more; and it never takes back more than it was billed: then nothing is billed, and the loss is
// set off against what it earns later [C6].
func (b TermBill) Line(currency Currency) (decimal.Decimal, LineType, bool) {
	if !b.Reached {
		return decimal.Zero, "", false
	}
	amount := currency.Round(b.Structure.Earned(b.Unbilled))
	switch {
	case amount.IsZero(), amount.IsNegative() && b.Billed.Add(amount).IsNegative():
		return decimal.Zero, "", false
	case amount.IsNegative():
		return amount, ReferralAdjustment, true
	default:
		return amount, ReferralCommission, true
	}
}

// Carry is what must be carried to the next invoice so that this one is not below zero [I5]: >= 0.
func Carry(total decimal.Decimal) decimal.Decimal {
	if total.IsNegative() {
		return total.Neg()
	}
	return decimal.Zero
}
