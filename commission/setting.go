package commission

import "time"

// Mode is a partner's own Partner Referral Setting [S2].
type Mode string

const (
	Inherit  Mode = "INHERIT"
	Disabled Mode = "DISABLED"
	Custom   Mode = "CUSTOM"
)

// Values lists every mode.
func (Mode) Values() []string { return []string{string(Inherit), string(Disabled), string(Custom)} }

// Effective picks the setting that counts, the most specific one: CUSTOM pays its own structure also
// where the network's switch is off, DISABLED nothing, INHERIT the Global Setting if the switch is
// on [S3]. S is how the caller holds a structure; nil pays nothing.
func Effective[S any](mode Mode, custom *S, enabled bool, global *S) *S {
	switch {
	case mode == Custom:
		return custom
	case mode == Inherit && enabled:
		return global
	default:
		return nil
	}
}

// PartnerStatus is where a partner stands with the network.
type PartnerStatus string

const (
	PartnerPending   PartnerStatus = "PENDING"
	PartnerActive    PartnerStatus = "ACTIVE"
	PartnerInactive  PartnerStatus = "INACTIVE"
	PartnerSuspended PartnerStatus = "SUSPENDED"
	PartnerRejected  PartnerStatus = "REJECTED"
)

// Values lists every status.
func (PartnerStatus) Values() []string {
	return []string{
		string(PartnerPending), string(PartnerActive), string(PartnerInactive),
		string(PartnerSuspended), string(PartnerRejected),
	}
}

// MayRefer tells whether a partner of this status can be named as Referred By [A5].
func (s PartnerStatus) MayRefer() bool { return s != PartnerPending && s != PartnerRejected }

// ReferralSource tells how Referred By was set.
type ReferralSource string

const (
	SourceLink   ReferralSource = "LINK"   // by the referrer's sign-up link [A1]
	SourceManual ReferralSource = "MANUAL" // by hand, by staff [A4]
)

// Values lists every source.
func (ReferralSource) Values() []string { return []string{string(SourceLink), string(SourceManual)} }

// BillingFrequency is how often a partner is invoiced [I1].
type BillingFrequency string

const (
	Weekly    BillingFrequency = "WEEKLY"
	Bimonthly BillingFrequency = "BIMONTHLY" // on the 1st and the 16th
	Monthly   BillingFrequency = "MONTHLY"
	TwoMonths BillingFrequency = "TWO_MONTHS"
	Quarterly BillingFrequency = "QUARTERLY"
	Manual    BillingFrequency = "MANUAL"
)

// Values lists every frequency.
func (BillingFrequency) Values() []string {
	return []string{
		string(Weekly), string(Bimonthly), string(Monthly), string(TwoMonths), string(Quarterly), string(Manual),
	}
}

// Micro is the resolution of every moment in the program [T5].
const Micro = time.Microsecond

// Moment is t as the program keeps time: UTC, to the microsecond.
func Moment(t time.Time) time.Time { return t.UTC().Truncate(Micro) }
