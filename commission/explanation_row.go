package commission

import (
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// RowFacts are what is known of a row of the report: what it shows, and when its term and its referral were.
type RowFacts struct {
	Currency  Currency
	Zone      *time.Location
	Own       bool // the referrer asks: it is told neither what was generated, nor how far the threshold is [R2]
	Referrer  string
	Referred  string
	Days      Period
	Structure *Structure // nil: the referral is tracked only
	Term      Term       // of the structure
	StartedAt time.Time  // the referral
	EndedAt   *time.Time
	State     State

	Amounts     Amounts
	Conversions int64
	BasisAmount decimal.Decimal
	Threshold   *Threshold // nil: none, or it is not told
}

// Explain answers why a row shows what it does: why its Balance is null, or nothing, or what waits [P1 to P3, P5].
func (f RowFacts) Explain() (Reason, string) {
	reason, said := f.explain()
	said = append(said, fmt.Sprintf("(From %s to %s, by the day on which it was earned; times are those of %s.)", f.Days.From, f.Days.To, f.Zone))
	return reason, strings.Join(said, " ")
}

func (f RowFacts) explain() (Reason, []string) {
	if f.Structure == nil {
		return f.tracked()
	}
	how := fmt.Sprintf("%s earns %s for %s since %s%s.", f.Referrer, f.pay(), f.Referred, f.when(f.Term.ReferredDate), f.until())
	switch f.State {
	case Expired, SupersededState, Ended:
		how = fmt.Sprintf("%s earned %s for %s from %s%s.", f.Referrer, f.pay(), f.Referred, f.when(f.Term.ReferredDate), f.until())
	case Granted:
		how = fmt.Sprintf("%s was granted %s for what %s generated from %s%s.", f.Referrer, f.Structure.Summary(f.Currency), f.Referred, f.when(f.Term.ReferredDate), f.until())
	}
	var said []string
	reason := f.reason()
	switch {
	case f.Amounts.Balance == nil:
		said = append(said, how, fmt.Sprintf("The Balance is not calculated, since the referral ended on %s. %s", f.when(*f.EndedAt), f.parts()))
	case reason == ReasonBelowThreshold:
		said = append(said, how, f.waiting())
	case f.Amounts.Balance.IsZero() && f.Amounts.Billed.IsZero():
		said = append(said, how, fmt.Sprintf("The Balance is %s: %s.", f.amount(*f.Amounts.Balance), f.nothing(reason)))
	default:
		said = append(said, how, f.earned())
	}
	if reason != ReasonBelowThreshold && !f.Amounts.BelowThreshold.IsZero() {
		said = append(said, f.waiting())
	}
	if f.State == Paused && reason != ReasonReferrerNotActive {
		said = append(said, f.Referrer+" is not ACTIVE now, and earns nothing meanwhile.")
	}
	return reason, said
}

// pay is what the referrer earns, in short.
func (f RowFacts) pay() string {
	if f.Structure.Commission.Type() == TypeFlatFee {
		return "a " + f.Structure.Summary(f.Currency)
	}
	return f.Structure.Summary(f.Currency)
}

func (f RowFacts) tracked() (Reason, []string) {
	held := fmt.Sprintf("The referral of %s by %s, which started on %s, is tracked without a commission: no setting has paid for it.", f.Referred, f.Referrer, f.when(f.StartedAt))
	if f.Amounts.Balance == nil {
		return ReasonReferralEnded, []string{held, fmt.Sprintf("The Balance is not calculated, since the referral ended on %s.", f.when(*f.EndedAt))}
	}
	return ReasonNoStructure, []string{held, fmt.Sprintf("The Balance is %s.", f.amount(*f.Amounts.Balance))}
}

// reason is what says most about the row.
func (f RowFacts) reason() Reason {
	_, isFlat := f.Structure.Commission.(FlatFee)
	end, ends := f.Term.End()
	switch {
	case f.Amounts.Balance == nil:
		return ReasonReferralEnded
	case !f.Amounts.Balance.IsZero() || !f.Amounts.Billed.IsZero():
		if f.State == Granted {
			return ReasonGranted
		}
		return ReasonEarned
	case !f.Amounts.BelowThreshold.IsZero() || f.State == BelowThreshold:
		return ReasonBelowThreshold
	case !f.Term.ReferredDate.Before((f.Days.To + 1).Start(f.Zone)):
		return ReasonBeforeReferredDate
	case isFlat:
		return ReasonFlatFee
	case ends && !end.After(f.Days.From.Start(f.Zone)) && f.Term.WindowEndsAt != nil && end.Equal(*f.Term.WindowEndsAt):
		return ReasonExpired
	case ends && !end.After(f.Days.From.Start(f.Zone)):
		return ReasonNoStructure
	case f.State == Paused:
		return ReasonReferrerNotActive
	default:
		return ReasonNothing
	}
}

// nothing says why the range has nothing.
func (f RowFacts) nothing(reason Reason) string {
	switch reason {
	case ReasonBeforeReferredDate:
		return "the days are before the Referred Date"
	case ReasonFlatFee:
		return "the fee is earned by the first approval of the partner, which was not in these days or before the referral, and nothing is earned for what it generates"
	case ReasonExpired:
		return "the days are after the duration had run out"
	case ReasonNoStructure:
		return "the days are after the term had closed"
	case ReasonReferrerNotActive:
		return f.Referrer + " is not ACTIVE, and earns nothing meanwhile"
	default:
		return "nothing that counts was generated in these days, or what was earned was given up"
	}
}

// earned says what the Balance is made of.
func (f RowFacts) earned() string {
	said := fmt.Sprintf("The Balance is %s. %s", f.amount(*f.Amounts.Balance), f.parts())
	if f.Amounts.Balance.IsNegative() {
		said = fmt.Sprintf("The Balance is %s: more was taken back in these days than earned. %s", f.amount(*f.Amounts.Balance), f.parts())
	}
	if _, isPercentage := f.Structure.Commission.(Percentage); isPercentage && !f.Own {
		said += fmt.Sprintf(" It comes from %s, of %s in %s.", conversions(f.Conversions), f.amount(f.BasisAmount), strings.ToLower(string(f.Structure.Basis())))
	}
	return said
}

// parts says what is billed, and what is payable.
func (f RowFacts) parts() string {
	billed, unbilled := f.amount(f.Amounts.Billed), f.amount(f.Amounts.Unbilled)
	switch {
	case f.Amounts.Billed.IsZero() && f.Amounts.Unbilled.IsZero():
		return "Nothing is on invoices, and nothing is payable."
	case f.Amounts.Billed.IsZero() && f.Amounts.Unbilled.IsNegative():
		return fmt.Sprintf("On no invoice yet are %s.", unbilled)
	case f.Amounts.Unbilled.IsNegative():
		return fmt.Sprintf("On invoices are %s, and on none yet %s.", billed, unbilled)
	case f.Amounts.Billed.IsZero():
		return fmt.Sprintf("Payable are %s, which are on no invoice yet.", unbilled)
	case f.Amounts.Unbilled.IsZero():
		return fmt.Sprintf("On invoices are %s, and nothing else is payable.", billed)
	default:
		return fmt.Sprintf("On invoices are %s, and payable on none yet %s.", billed, unbilled)
	}
}

// waiting says what waits for the minimum.
func (f RowFacts) waiting() string {
	said := f.amount(f.Amounts.BelowThreshold) + " wait below the threshold, and are in no Balance before it is reached"
	if f.Own || f.Threshold == nil {
		return said + "."
	}
	return fmt.Sprintf("%s: of the minimum of %s in %s, %s has been generated so far.",
		said, f.amount(f.Threshold.Target), strings.ToLower(string(f.Structure.Basis())), f.amount(f.Threshold.Progress))
}

// until says when the term ended, or will.
func (f RowFacts) until() string {
	end, ends := f.Term.End()
	if !ends {
		return ""
	}
	return " until " + f.when(end)
}

func (f RowFacts) amount(d decimal.Decimal) string {
	return Format(f.Currency.Exact(d)) + " " + string(f.Currency)
}

func (f RowFacts) when(t time.Time) string { return When(t, f.Zone) }

// conversions is how many they are, in words.
func conversions(n int64) string {
	if n == 1 {
		return "1 conversion"
	}
	return fmt.Sprintf("%d conversions", n)
}

// LineFacts are what is known of an invoice line.
type LineFacts struct {
	Currency    Currency
	Own         bool // its partner asks: it is not told what was generated [R2]
	Type        LineType
	Partner     string // who is paid
	Referred    string // of a referral line
	Structure   *Structure
	Days        Period
	Conversions int64
	BasisAmount decimal.Decimal
	Amount      decimal.Decimal
	Deleted     bool // its invoice was
}

// Explain says what a line pays, and by what it comes to that [I2, I5, C5, P5].
func (f LineFacts) Explain() string {
	amount := func(d decimal.Decimal) string { return Format(f.Currency.Exact(d)) + " " + string(f.Currency) }
	days := fmt.Sprintf("from %s to %s", f.Days.From, f.Days.To)
	var said string
	switch {
	case f.Type == CarryForward && f.Amount.IsPositive():
		said = fmt.Sprintf("Without it the invoice would be below zero: %s are carried to the next one, which takes them back.", amount(f.Amount))
	case f.Type == CarryForward:
		said = amount(f.Amount.Neg()) + " that an earlier invoice carried forward are taken back."
	case f.Type == PartnerPayout:
		said = fmt.Sprintf("What %s itself earned %s comes to %s.", f.Partner, days, amount(f.Amount))
	case f.Structure.Commission.Type() == TypeFlatFee:
		said = fmt.Sprintf("%s is paid a %s for the first approval of %s, %s.", f.Partner, f.Structure.Summary(f.Currency), f.Referred, days)
	default:
		said = fmt.Sprintf("%s is paid %s for what %s generated %s", f.Partner, f.Structure.Summary(f.Currency), f.Referred, days)
		if f.Type == ReferralAdjustment {
			said = fmt.Sprintf("More was taken back than generated: %s is paid %s for %s, %s", f.Partner, f.Structure.Summary(f.Currency), f.Referred, days)
		}
		if f.Own {
			said += fmt.Sprintf(", which comes to %s.", amount(f.Amount))
		} else {
			said += fmt.Sprintf(": of %s in %s, of %s, that is %s, rounded once.", amount(f.BasisAmount), strings.ToLower(string(f.Structure.Basis())), conversions(f.Conversions), amount(f.Amount))
		}
	}
	if f.Deleted {
		said += " The invoice was deleted: the line pays nothing any more."
	}
	return said
}
