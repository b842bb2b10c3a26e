package commission

import "time"

// Reason tells why a conversion earned a referral commission, or why none. The part of it that goes
// by time alone is Attribute's; whether an earning term pays is Threshold's.
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
	Interval            // from the start of the referral to its end
	Terms    []Term     // in any order, not overlapping
	Pauses   []Interval // when the referrer was not ACTIVE [T6]
}

// Attribution is where a conversion counts.
type Attribution struct {
	Reason Reason
	Term   *Term // set where the reason is EARNED or FLAT_FEE: the term whose sums the conversion adds to
}

// Attribute finds the term that was running when a conversion occurred [T5], among all the referrals
// that its partner was ever the referred partner of, and says why where there is none.
func Attribute(referrals []Referral, occurredAt time.Time) Attribution {
	if len(referrals) == 0 {
		return Attribution{Reason: ReasonNotReferred}
	}
	reason := ReasonBeforeReferredDate
	for i := range referrals {
		referral := &referrals[i]
		switch {
		case referral.Covers(occurredAt):
			return referral.attribute(occurredAt)
		case !occurredAt.Before(referral.From): // it had started, so it is over
			reason = ReasonReferralEnded
		}
	}
	return Attribution{Reason: reason}
}

func (r *Referral) attribute(occurredAt time.Time) Attribution {
	term := r.lastBegun(occurredAt)
	switch {
	case term == nil:
		return Attribution{Reason: ReasonNoStructure}
	case term.RanOut(occurredAt):
		return Attribution{Reason: ReasonExpired}
	case !term.Covers(occurredAt):
		return Attribution{Reason: ReasonNoStructure}
	}
	for _, pause := range r.Pauses {
		if pause.Covers(occurredAt) {
			return Attribution{Reason: ReasonReferrerNotActive}
		}
	}
	if term.Type == TypeFlatFee {
		return Attribution{Reason: ReasonFlatFee, Term: term}
	}
	return Attribution{Reason: ReasonEarned, Term: term}
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
