package commission_test

import (
	"testing"
	"time"

	"partner.example/referrals/commission"
)

func TestTermState_tellsWhereARowStands(t *testing.T) { // [P1], [T3], [T6]
	const (
		march = "2026-03-01T00:00:00Z"
		april = "2026-04-01T00:00:00Z"
		may   = "2026-05-01T00:00:00Z"
	)
	open := commission.Term{ReferredDate: at("2026-02-01T00:00:00Z")}
	closed := func(closedAt, windowEnds string, reason commission.CloseReason) commission.Term {
		term := open
		term.ClosedAt, term.CloseReason = until(closedAt), reason
		if windowEnds != "" {
			term.WindowEndsAt = until(windowEnds)
		}
		return term
	}
	lasts := open
	lasts.WindowEndsAt = until(april)

	for _, c := range []struct {
		name            string
		term            commission.Term
		now             string
		active, reached bool
		want            commission.State
	}{
		{"open, and paying", open, may, true, true, commission.Earning},
		{"open, and waiting for its minimum", open, may, true, false, commission.BelowThreshold},
		{"open, its referrer not active", open, may, false, true, commission.Paused},
		{"paused before it is below threshold", open, may, false, false, commission.Paused},
		{"just before its duration is over", lasts, "2026-03-31T23:59:59.999999Z", true, true, commission.Earning},
		{"at the end of its duration", lasts, april, true, true, commission.Expired},
		{"expired, whatever the referrer and the threshold", lasts, may, false, false, commission.Expired},
		{"superseded", closed(march, "", commission.Superseded), may, true, true, commission.SupersededState},
		{"superseded, whatever the referrer and the threshold", closed(march, "", commission.Superseded), may, false, false, commission.SupersededState},
		{"superseded before its duration was over", closed(march, april, commission.Superseded), may, true, true, commission.SupersededState},
		{"superseded in the moment in which it ran out", closed(april, april, commission.Superseded), may, true, true, commission.Expired},
		{"ran out before its referral ended", closed(may, april, commission.ReferralEnded), may, true, true, commission.Expired},
		{"its referral ended", closed(march, "", commission.ReferralEnded), may, true, true, commission.Ended},
		{"its setting ended", closed(march, april, commission.SettingEnded), may, false, false, commission.Ended},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.term.State(at(c.now), c.active, c.reached); got != c.want {
				t.Errorf("the row is %s, want %s", got, c.want)
			}
		})
	}
}

func TestTermSupersede_closesWhereTheNextBegins(t *testing.T) { // [T1], [T2]
	const march, april, may = "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"
	for _, c := range []struct {
		name, closed, closedAt string
		reason                 commission.CloseReason
	}{
		{"open until then", "", april, commission.Superseded},
		{"closed in the same moment", april, april, commission.Superseded},
		{"closed before, by what it says", march, march, commission.SettingEnded},
		{"closed by mistake after the next began", may, april, commission.Superseded},
	} {
		t.Run(c.name, func(t *testing.T) {
			term := commission.Term{ReferredDate: at("2026-02-01T00:00:00Z")}
			if c.closed != "" {
				term.ClosedAt, term.CloseReason = until(c.closed), commission.SettingEnded
			}
			term.Supersede(at(april))
			if !term.ClosedAt.Equal(at(c.closedAt)) || term.CloseReason != c.reason {
				t.Errorf("it is closed at %s as %s, want %s and %s", term.ClosedAt, term.CloseReason, c.closedAt, c.reason)
			}
		})
	}
}

func TestReferralAppend_supersedesTheTermBefore(t *testing.T) { // [T2]
	var referral commission.Referral
	for i, referredDate := range []string{"2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"} {
		referral.Append(commission.Term{ID: i, ReferredDate: at(referredDate)})
	}
	for i, term := range referral.Terms {
		end, ends := term.End()
		if last := i == len(referral.Terms)-1; ends == last || (ends && !end.Equal(referral.Terms[i+1].ReferredDate)) {
			t.Errorf("term %d ends at %s (%t)", i, end, ends)
		}
	}
}

func TestTermEnd_isTheFirstOfItsEnds(t *testing.T) { // [T1]
	const earlier, later = "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"
	for _, c := range []struct {
		name               string
		windowEnds, closed string
		want               string
	}{
		{"neither", "", "", ""},
		{"its duration", earlier, "", earlier},
		{"its close", "", earlier, earlier},
		{"its duration before its close", earlier, later, earlier},
		{"its close before its duration", later, earlier, earlier},
		{"both at once", earlier, earlier, earlier},
	} {
		t.Run(c.name, func(t *testing.T) {
			term := commission.Term{ReferredDate: at("2026-03-01T00:00:00Z")}
			if c.windowEnds != "" {
				term.WindowEndsAt = until(c.windowEnds)
			}
			if c.closed != "" {
				term.ClosedAt = until(c.closed)
			}
			end, ends := term.End()
			if ends != (c.want != "") || (ends && !end.Equal(at(c.want))) {
				t.Fatalf("the term ends at %s, %t; want %q", end, ends, c.want)
			}
			if term.Covers(term.ReferredDate.Add(-commission.Micro)) || !term.Covers(term.ReferredDate) {
				t.Error("the term does not begin with its Referred Date")
			}
			if ends && (!term.Covers(end.Add(-commission.Micro)) || term.Covers(end)) {
				t.Error("the end is not exclusive")
			}
			if !ends && !term.Covers(at("2999-01-01T00:00:00Z")) {
				t.Error("a term without an end does not go on")
			}
		})
	}
}

func TestTerm_thatIsClosedAsItOpensCoversNothing(t *testing.T) { // [T1]
	term := commission.Term{ReferredDate: at("2026-03-01T00:00:00Z"), ClosedAt: until("2026-03-01T00:00:00Z")}
	for _, moment := range []time.Time{term.ReferredDate.Add(-commission.Micro), term.ReferredDate, term.ReferredDate.Add(commission.Micro)} {
		if term.Covers(moment) {
			t.Errorf("it covers %s", moment)
		}
	}
}

func TestStructureWindowEndsAt_isTheEndOfItsDuration(t *testing.T) { // [T2], [T4], N3
	referred := at("2026-01-31T10:00:00-05:00")
	end := lasting(1, commission.Month, percent("10", commission.Payout)).WindowEndsAt(referred, newYork.MustLocation())
	if end == nil || !end.Equal(at("2026-02-28T10:00:00-05:00")) {
		t.Errorf("the window ends at %v", end)
	}
	for _, s := range []commission.Structure{percent("10", commission.Payout), flat("50")} {
		if end := s.WindowEndsAt(referred, newYork.MustLocation()); end != nil {
			t.Errorf("a window without a duration ends at %s", end)
		}
	}
}
