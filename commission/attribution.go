package commission

import "time"

// Reason tells why a conversion earned a referral commission, or why none. The part of it that goes
// by time alone is Attribute's; whether an earning term pays is Explain's to add.
type Reason string

const (
	ReasonEarned             Reason = "EARNED"
	ReasonBelowThreshold     Reason = "BELOW_THRESHOLD"
	ReasonNotReferred        Reason = "NOT_REFERRED"
	ReasonBeforeReferredDate Reason = "BEFORE_REFERRED_DATE"
	ReasonNoStructure        Reason = "NO_STRUCTURE"
	ReasonExpired            Reason = "EXPIRED"
	ReasonReferrerNotActive  Reason = "REFERRER_NOT_ACTIVE"
	ReasonReferralEnded      Reason = "REFERRAL_ENDED"
	ReasonFlatFee            Reason = "FLAT_FEE"
	ReasonGranted            Reason = "GRANTED"           // the rules paid nobody, and an ADMIN granted it
	ReasonNothing            Reason = "NOTHING_GENERATED" // of a row: nothing in the range counts
	ReasonVoided             Reason = "VOIDED"            // it counts, and an ADMIN took away what it brought
)

// Interval is [From, Until); without Until it goes on.
type Interval struct {
	From  time.Time
	Until *time.Time
}

// Covers tells whether a moment lies in the interval.
func (i Interval) Covers(at time.Time) bool {
	return !at.Before(i.From) && (i.Until == nil || at.Before(*i.Until))
}

// Referral is what attribution needs to know of one association of a referred partner.
type Referral struct {
	ID         int
	ReferrerID int
	Interval              // from the start of the referral to its end
	Terms      []Term     // in any order, not overlapping
	Pauses     []Interval // when the referrer was not ACTIVE [T6]
	Grants     []Grant    // that stand, in any order
}

// Append adds the term that follows those that a setting opened before, the last of which it supersedes [T2].
func (r *Referral) Append(next Term) {
	if last := len(r.Terms) - 1; last >= 0 {
		r.Terms[last].Supersede(next.ReferredDate)
	}
	r.Terms = append(r.Terms, next)
}

// Attribution is where a conversion counts or, where it does not, what it met instead.
type Attribution struct {
	Reason   Reason
	Term     *Term     // set where the reason is EARNED, FLAT_FEE or GRANTED: the term whose sums the conversion adds to
	Referral *Referral // that held then; where none did, the last that had ended or, before the first, that one
	Passed   *Term     // where the reason is another: the last term that had begun; nil: none had
	Pause    *Interval // with REFERRER_NOT_ACTIVE: when the referrer was not

	Grant *Grant       // with GRANTED: the one whose term it is
	Ruled *Attribution // with GRANTED: what the rules say of the conversion without the grant
}

// Attribute finds the term that was running when a conversion occurred [T5], among all the referrals
// that its partner was ever the referred partner of, and says why where there is none. It decides where
// recording adds a conversion, and it is what Explain puts into words: the two cannot disagree [P5]. Whether the partner
// itself is active it does not ask [T7].
func Attribute(referrals []Referral, occurredAt time.Time) Attribution {
	if len(referrals) == 0 {
		return Attribution{Reason: ReasonNotReferred}
	}
	var ended, first *Referral
	for i := range referrals {
		referral := &referrals[i]
		switch {
		case referral.Covers(occurredAt):
			return referral.attribute(occurredAt)
		case !occurredAt.Before(referral.From): // it had started, so it is over
			if ended == nil || referral.From.After(ended.From) {
				ended = referral
			}
		case first == nil || referral.From.Before(first.From):
			first = referral
		}
	}
	if ended != nil {
		return Attribution{Reason: ReasonReferralEnded, Referral: ended}
	}
	return Attribution{Reason: ReasonBeforeReferredDate, Referral: first}
}

func (r *Referral) attribute(occurredAt time.Time) Attribution {
	term := r.lastBegun(occurredAt)
	switch {
	case term == nil:
		return Attribution{Reason: ReasonNoStructure, Referral: r}
	case term.RanOut(occurredAt):
		return Attribution{Reason: ReasonExpired, Referral: r, Passed: term}
	case !term.Covers(occurredAt):
		return Attribution{Reason: ReasonNoStructure, Referral: r, Passed: term}
	}
	if pause := r.pauseAt(occurredAt); pause != nil {
		return Attribution{Reason: ReasonReferrerNotActive, Referral: r, Passed: term, Pause: pause}
	}
	if term.Type == TypeFlatFee {
		return Attribution{Reason: ReasonFlatFee, Referral: r, Term: term}
	}
	return Attribution{Reason: ReasonEarned, Referral: r, Term: term}
}

// pauseAt is the stretch that a moment lies in, in which the referrer was not ACTIVE [T6]; nil: it was.
func (r *Referral) pauseAt(at time.Time) *Interval {
	for i := range r.Pauses {
		if r.Pauses[i].Covers(at) {
			return &r.Pauses[i]
		}
	}
	return nil
}

// lastBegun is the last term that had begun at a moment: it is the one that runs if any does, and a
// referral is expired only where it is the one that ran out [T3].
func (r *Referral) lastBegun(at time.Time) *Term {
	var last *Term
	for i := range r.Terms {
		term := &r.Terms[i]
		if !at.Before(term.ReferredDate) && (last == nil || term.follows(last)) {
			last = term
		}
	}
	return last
}

// follows tells whether t is the later of two terms of one referral. Of two that opened in the same
// moment, the one that was closed in it came first.
func (t *Term) follows(other *Term) bool {
	if !t.ReferredDate.Equal(other.ReferredDate) {
		return t.ReferredDate.After(other.ReferredDate)
	}
	end, ends := other.End()
	return ends && end.Equal(other.ReferredDate)
}
