package commission

import (
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Facts are what is known of a conversion beside its partner's history: what it brought, and what has become
// of that since.
type Facts struct {
	Currency Currency
	Zone     *time.Location // in which the explanation tells the time

	Partner    string // the name of its partner
	Referrer   string // the name of the attribution's referrer
	OccurredAt time.Time
	Adjusts    *Original // of an adjustment: what it adjusts, by whose moment it was attributed [C5]
	Sums       Sums
	Waiting    string // who is named by Referred By, where that waits for the first approval [A1]; "": nobody

	Structure *Structure // of the attribution's term, the one that passed included
	Threshold *Threshold // of its term, now; nil: none
	Forfeited bool       // given up when the referral ended [A6]
	Because   string     // why it was given up
	Granted   *Decision  // with GRANTED
	Ruled     Ruled      // with GRANTED
	Voided    *Decision  // it was voided; nil: it was not
	Invoice   int        // the number of the invoice that pays it; 0: none yet
	Adjusted  *Sums      // what its own adjustments add to it; nil: there are none
}

// Decision is what an ADMIN decided beside the rules.
type Decision struct {
	At     time.Time
	By     string
	Reason string
}

// Ruled is whose referral, and which structure, a conversion met by the rules that was then granted.
type Ruled struct {
	Referrer  string
	Structure *Structure
}

// Original is the conversion that an adjustment names.
type Original struct {
	ExternalID string
	OccurredAt time.Time
}

// Explanation answers why a conversion earned what it did, or nothing [P5].
type Explanation struct {
	Earned bool // its amount is billed or payable
	Reason Reason
	Amount decimal.Decimal // what it brought, or takes back, to Scale decimals; zero where it brought nothing
	Text   string
}

// Explain adds to where a conversion counts what has become of it. What is billed stays earned, also where the
// measure has since gone back under the threshold [C3]; what was forfeited is gone with its referral [A6].
func (a Attribution) Explain(f Facts) Explanation {
	told := Explanation{Reason: a.Reason, Amount: f.Currency.Exact(decimal.Zero)}
	worth := decimal.Zero
	if a.Reason == ReasonEarned || a.Reason == ReasonGranted {
		worth = f.Currency.Exact(f.Structure.Earned(f.Sums).Round(Scale))
		switch {
		case f.Voided != nil:
			told.Reason = ReasonVoided
		case f.Forfeited:
			told.Reason = ReasonReferralEnded
		case f.Invoice == 0 && !f.Threshold.Reached():
			told.Reason, told.Amount = ReasonBelowThreshold, worth
		default:
			told.Earned, told.Amount = true, worth
		}
	}
	told.Text = a.words(f, told.Reason, worth)
	return told
}

// words is the explanation as sentences.
func (a Attribution) words(f Facts, reason Reason, worth decimal.Decimal) string {
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	subject := fmt.Sprintf("This conversion of %s occurred on %s", f.Partner, f.when(f.OccurredAt))
	if f.Adjusts != nil {
		say("%s, and adjusts %q of %s: it counts where that conversion does.", strings.Replace(subject, "conversion", "adjustment", 1), f.Adjusts.ExternalID, f.when(f.Adjusts.OccurredAt))
		subject = "That conversion occurred on " + f.when(f.Adjusts.OccurredAt)
	}
	a.place(f, subject, say)
	if a.Term != nil && a.Reason != ReasonFlatFee {
		a.account(f, reason, worth, say)
	}
	say("(Times are those of %s.)", f.Zone)
	return strings.Join(said, " ")
}

// place says where a conversion counts, or why it does not.
func (a Attribution) place(f Facts, subject string, say func(format string, args ...any)) {
	switch a.Reason {
	case ReasonGranted:
		ruled := f
		ruled.Referrer, ruled.Structure = f.Ruled.Referrer, f.Ruled.Structure
		a.Ruled.place(ruled, subject, say)
		say("It was granted to %s on %s by %s, under %s: %q.", f.Referrer, f.when(f.Granted.At), f.Granted.By, f.structure(), f.Granted.Reason)
	case ReasonNotReferred:
		say("%s, and no partner has ever had a referral of %s.", subject, f.Partner)
		if f.Waiting != "" {
			say("Referred By names %s, and that referral starts with the first approval.", f.Waiting)
		}
	case ReasonBeforeReferredDate:
		say("%s, before the referral by %s started on %s: nothing earned before the start counts.", subject, f.Referrer, f.when(a.Referral.From))
	case ReasonReferralEnded:
		say("%s, after the referral by %s had ended on %s.", subject, f.Referrer, f.when(*a.Referral.Until))
	case ReasonNoStructure:
		say("%s, while the referral by %s was tracked without a commission: %s.", subject, f.Referrer, a.unpaid(f))
	case ReasonExpired:
		say("%s, after the term of %s under %s had run out on %s.", subject, f.Referrer, f.structure(), f.when(*a.Passed.WindowEndsAt))
	case ReasonReferrerNotActive:
		pause := "which it has not been since " + f.when(a.Pause.From)
		if a.Pause.Until != nil {
			pause = "from " + f.when(a.Pause.From) + " until " + f.when(*a.Pause.Until)
		}
		say("%s, while %s was not ACTIVE, %s: that time is not paid afterwards.", subject, f.Referrer, pause)
	case ReasonFlatFee:
		say("%s, in the term of %s since %s, which pays a %s for the first approval of the partner and nothing for what it generates.",
			subject, f.Referrer, f.when(a.Term.ReferredDate), f.structure())
	default:
		say("%s, in the term of %s under %s since %s.", subject, f.Referrer, f.structure(), f.when(a.Term.ReferredDate))
	}
}

// account says what a conversion that counts is worth, and what has become of that.
func (a Attribution) account(f Facts, reason Reason, worth decimal.Decimal, say func(format string, args ...any)) {
	terms, _ := f.Structure.Commission.(Percentage)
	basis := strings.ToLower(string(terms.Basis))
	verb := "brought"
	if worth.IsNegative() {
		verb = "takes back"
	}
	say("%s%% of its %s of %s %s %s.", terms.Rate, basis, f.amount(f.Sums.Of(terms.Basis)), verb, f.amount(worth.Abs()))
	switch {
	case reason == ReasonVoided:
		say("It was voided on %s by %s: %q.", f.when(f.Voided.At), f.Voided.By, f.Voided.Reason)
	case reason == ReasonReferralEnded:
		say("It was forfeited when the referral ended on %s", f.when(*a.Referral.Until)+because(f.Because)+".")
	case reason == ReasonBelowThreshold:
		say("It waits below the threshold: of the minimum of %s in %s, %s has been generated so far.", f.amount(f.Threshold.Target), basis, f.amount(f.Threshold.Progress))
	case f.Invoice != 0:
		say("It is paid by invoice %d.", f.Invoice)
	default:
		say("It is payable, and on no invoice yet.")
	}
	if f.Adjusted != nil {
		say("Its adjustments, which are explained by themselves, change its %s by %s.", basis, f.amount(f.Adjusted.Of(terms.Basis)))
	}
}

// unpaid says why a referral had no term at a moment.
func (a Attribution) unpaid(f Facts) string {
	if a.Passed == nil {
		return fmt.Sprintf("no setting had paid %s for it since it started on %s", f.Referrer, f.when(a.Referral.From))
	}
	end, _ := a.Passed.End()
	return fmt.Sprintf("no setting paid %s for it any more since %s", f.Referrer, f.when(end))
}

func (f Facts) structure() string {
	if f.Structure == nil {
		return "its structure"
	}
	return f.Structure.Summary(f.Currency)
}

func (f Facts) amount(d decimal.Decimal) string {
	return Format(f.Currency.Exact(d)) + " " + string(f.Currency)
}

func (f Facts) when(t time.Time) string { return When(t, f.Zone) }

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return fmt.Sprintf(" (%q)", reason)
}

// When is a moment as people write it, on the clock of a zone, as exact as it is: "14 June 2026, 23:59:59.999999".
func When(t time.Time, zone *time.Location) string {
	local := t.In(zone)
	layout := "2 January 2006, 15:04"
	switch {
	case local.Nanosecond() != 0:
		layout += ":05.999999"
	case local.Second() != 0:
		layout += ":05"
	}
	return local.Format(layout)
}
