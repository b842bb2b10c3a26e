package commission

import "time"

// ReferralStatus tells whether Referred By still holds. Nothing else changes it.
type ReferralStatus string

const (
	ReferralActive   ReferralStatus = "ACTIVE"
	ReferralInactive ReferralStatus = "INACTIVE"
)

// Values lists every status.
func (ReferralStatus) Values() []string {
	return []string{string(ReferralActive), string(ReferralInactive)}
}

// CloseReason tells why a term was closed before its duration ran out.
type CloseReason string

const (
	Superseded    CloseReason = "SUPERSEDED"     // the effective structure changed: another term follows [T2]
	ReferralEnded CloseReason = "REFERRAL_ENDED" // Referred By was changed or removed [A6]
	SettingEnded  CloseReason = "SETTING_ENDED"  // the effective setting pays nothing any more [A7]
	Revoked       CloseReason = "REVOKED"        // the grant whose term it is was revoked: it counts nothing
)

// Values lists what stops a term. That it is superseded is said by the term that follows it.
func (CloseReason) Values() []string {
	return []string{string(ReferralEnded), string(SettingEnded), string(Revoked)}
}

// State is where a row of the report stands now [P1].
type State string

const (
	Earning         State = "EARNING"
	BelowThreshold  State = "BELOW_THRESHOLD"
	Expired         State = "EXPIRED"
	Paused          State = "PAUSED"
	SupersededState State = "SUPERSEDED"
	Ended           State = "ENDED"
	Tracked         State = "TRACKED"
	Granted         State = "GRANTED"
)

// Values lists every state.
func (State) Values() []string {
	return []string{
		string(Earning), string(BelowThreshold), string(Expired), string(Paused), string(SupersededState), string(Ended), string(Tracked), string(Granted),
	}
}

// Term is one referral under one structure, earning over [ReferredDate, End) [T1].
type Term struct {
	ID           int
	StructureID  int
	Type         Type // of its structure: what earns, and when
	ReferredDate time.Time
	WindowEndsAt *time.Time // the end of the duration; nil: indefinite
	ClosedAt     *time.Time // nil: not closed
	CloseReason  CloseReason
	Forfeited    bool // what it earned and was not billed is given up [A6]
	Granted      bool // it is a grant's: it pays what was granted, and neither runs nor runs out
}

// WindowEndsAt is the end of a term that the structure opens at a moment; nil: indefinite [T2, T4].
func (s Structure) WindowEndsAt(referredDate time.Time, zone *time.Location) *time.Time {
	if s.Duration == nil {
		return nil
	}
	end := s.Duration.After(referredDate, zone)
	return &end
}

// Supersede closes the term at the Referred Date of the one that follows it, unless it was closed before then [T1].
func (t *Term) Supersede(referredDate time.Time) {
	if t.ClosedAt == nil || !t.ClosedAt.Before(referredDate) {
		t.ClosedAt, t.CloseReason = &referredDate, Superseded
	}
}

// End is the first moment that is no longer the term's; false where there is none yet [T1].
func (t Term) End() (time.Time, bool) {
	switch {
	case t.WindowEndsAt == nil && t.ClosedAt == nil:
		return time.Time{}, false
	case t.WindowEndsAt == nil || (t.ClosedAt != nil && t.ClosedAt.Before(*t.WindowEndsAt)):
		return *t.ClosedAt, true
	default:
		return *t.WindowEndsAt, true
	}
}

// Covers tells whether the term runs at a moment.
func (t Term) Covers(at time.Time) bool {
	end, ends := t.End()
	return !at.Before(t.ReferredDate) && (!ends || at.Before(end))
}

// RanOut tells whether the term's duration was over before anything else closed it [T3].
func (t Term) RanOut(now time.Time) bool {
	return t.WindowEndsAt != nil && !t.WindowEndsAt.After(now) &&
		(t.ClosedAt == nil || !t.ClosedAt.Before(*t.WindowEndsAt))
}

// State is what the report says of the term now [P1].
func (t Term) State(now time.Time, referrerActive, thresholdReached bool) State {
	switch {
	case t.Granted:
		return Granted
	case t.RanOut(now):
		return Expired
	case t.ClosedAt != nil && t.CloseReason == Superseded:
		return SupersededState
	case t.ClosedAt != nil:
		return Ended
	case !referrerActive:
		return Paused
	case !thresholdReached:
		return BelowThreshold
	default:
		return Earning
	}
}
