package commission_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"partner.example/referrals/commission"
)

func TestAttributeGranted_paysWhatTheRulesPayNobodyForAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPast(t)
		referrals := p.referrals(t)
		if len(referrals) == 0 {
			return
		}
		holder := rapid.IntRange(0, len(referrals)-1).Draw(t, "referral")
		from, to := p.drawMoment(t), p.drawMoment(t)
		window := commission.Term{ID: 1_000_000, ReferredDate: time.UnixMicro(min(from, to)), WindowEndsAt: new(time.UnixMicro(max(from, to) + 1)), Granted: true}
		referrals[holder].Grants = []commission.Grant{{ID: 7, Term: window}}
		for range 20 {
			moment := time.UnixMicro(p.drawMoment(t))
			ruled := commission.Attribute(referrals, moment)
			if got := commission.AttributeGranted(referrals, moment, 0); got.Reason != ruled.Reason || got.Grant != nil {
				t.Fatalf("what was not granted is %s; want %s", got.Reason, ruled.Reason)
			}
			got := commission.AttributeGranted(referrals, moment, 7)
			switch granted := ruled.Term == nil && window.Covers(moment); {
			case granted && (got.Reason != commission.ReasonGranted || got.Term.ID != window.ID || got.Referral != &referrals[holder] || got.Ruled.Reason != ruled.Reason):
				t.Fatalf("in the window, and paid by nobody (%s): %+v", ruled.Reason, got)
			case !granted && (got.Reason != ruled.Reason || got.Term != ruled.Term || got.Grant != nil):
				t.Fatalf("out of the window, or paid by a term: %s; want %s", got.Reason, ruled.Reason)
			}
			if got := commission.AttributeGranted(referrals, moment, 8); got.Grant != nil {
				t.Fatal("a grant that does not stand pays")
			}
		}
	})
}

func TestReferralNearestTerm_isTheLastThatHadBegunOrTheFirst(t *testing.T) {
	term := func(id int, referred, closed string) commission.Term {
		return commission.Term{ID: id, ReferredDate: at(referred), ClosedAt: until(closed)}
	}
	referral := commission.Referral{Terms: []commission.Term{
		term(2, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"), term(1, "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"), term(3, "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"),
	}}
	for end, want := range map[string]int{
		"2026-01-01T00:00:00Z": 1, // before all of them
		"2026-02-01T00:00:00Z": 1,
		"2026-03-01T00:00:00Z": 1, // a window that ends as a term begins has nothing of it
		"2026-03-02T00:00:00Z": 2,
		"2026-04-20T00:00:00Z": 2, // between them
		"2027-01-01T00:00:00Z": 3,
	} {
		if got := referral.NearestTerm(at(end)); got == nil || got.ID != want {
			t.Errorf("of a window that ends at %s: %+v; want term %d", end, got, want)
		}
	}
	if none := (&commission.Referral{}).NearestTerm(at("2026-01-01T00:00:00Z")); none != nil {
		t.Errorf("of a referral that was only tracked: %+v", none)
	}
}
