package commission

import "time"

// ApplyTo is which referrals a change of settings is for.
type ApplyTo string

const (
	ToAll          ApplyTo = "ALL"           // those that there are get new terms [T2]
	ToNewReferrals ApplyTo = "NEW_REFERRALS" // those that there are keep their open terms: what was promised stays
)

// Values lists both.
func (ApplyTo) Values() []string { return []string{string(ToAll), string(ToNewReferrals)} }

// Switch is where a change puts a network's switch, Enable Partner Referral.
type Switch string

const (
	On  Switch = "ON"
	Off Switch = "OFF"
)

// Values lists both.
func (Switch) Values() []string { return []string{string(On), string(Off)} }

// DatedChangeStatus is what has become of a change of settings that was dated ahead.
type DatedChangeStatus string

const (
	ChangePending   DatedChangeStatus = "PENDING"
	ChangeInEffect  DatedChangeStatus = "IN_EFFECT"
	ChangeTakenBack DatedChangeStatus = "TAKEN_BACK"
)

// Values lists every status.
func (DatedChangeStatus) Values() []string {
	return []string{string(ChangePending), string(ChangeInEffect), string(ChangeTakenBack)}
}

// MostDaysAhead is how far ahead a change may be dated: ten years, as long as a duration may be.
const MostDaysAhead = 3652

// EffectiveAt is the moment at which a change that is dated ahead takes effect: midnight with which its day begins
// in the zone or, where clocks are set at midnight, the first moment of the day. Today has begun, and is refused.
func EffectiveAt(day Date, now time.Time, zone *time.Location) (time.Time, *Error) {
	today := DateOf(now, zone)
	at := day.Start(zone)
	if day <= today || day > today+MostDaysAhead || !at.After(now) {
		return at, Refuse(BadUserInput, "effectiveOn", "must be after today, which is %s in %s, and at most ten years ahead: leave it out for a change that takes effect at once", today, zone)
	}
	return at, nil
}
