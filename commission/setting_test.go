package commission_test

import (
	"testing"
	"time"

	"partner.example/referrals/commission"
)

func TestEffective_isTheMostSpecificSetting(t *testing.T) { // [S3]
	own, global := "own", "global"
	for _, c := range []struct {
		mode    commission.Mode
		custom  *string
		enabled bool
		global  *string
		want    *string
	}{
		{commission.Inherit, nil, true, &global, &global},
		{commission.Inherit, nil, false, &global, nil},
		{commission.Inherit, nil, true, nil, nil},
		{commission.Inherit, &own, true, &global, &global}, // what is left of an earlier CUSTOM
		{commission.Disabled, nil, true, &global, nil},
		{commission.Disabled, &own, true, &global, nil},
		{commission.Custom, &own, true, &global, &own},
		{commission.Custom, &own, false, &global, &own},
		{commission.Custom, &own, false, nil, &own},
		{commission.Custom, nil, true, &global, nil},
		{"", &own, true, &global, nil},
	} {
		if got := commission.Effective(c.mode, c.custom, c.enabled, c.global); got != c.want {
			t.Errorf("%s, switch on: %t: the structure is %v, want %v", c.mode, c.enabled, got, c.want)
		}
	}
}

func TestPartnerStatus_mayReferOnceApproved(t *testing.T) { // [A5]
	for status, want := range map[commission.PartnerStatus]bool{
		commission.PartnerPending: false, commission.PartnerActive: true, commission.PartnerInactive: true,
		commission.PartnerSuspended: true, commission.PartnerRejected: false,
	} {
		if status.MayRefer() != want {
			t.Errorf("a partner that is %s may refer: %t, want %t", status, !want, want)
		}
	}
}

func TestMoment_isUTCToTheMicrosecond(t *testing.T) { // [T5]
	got := commission.Moment(at("2026-06-14T23:59:59.999999999-04:00"))
	if !got.Equal(at("2026-06-15T03:59:59.999999Z")) || got.Location() != time.UTC {
		t.Errorf("the moment is kept as %s", got)
	}
}
