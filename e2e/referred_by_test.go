package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

func TestA4_byHandTheReferralStartsAtThatMomentAndNothingEarnedBeforeCounts(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, bob := p.Active("Ann"), p.Active("Bob")
		p.At("2026-02-05 10:00")
		p.Converts(bob, "2026-02-03 09:00", "100")
		if started := p.Assign(bob, ann); started == nil || started.Status != "ACTIVE" || started.Source != "MANUAL" || started.StartedAt.In(p.zone).Format("2006-01-02 15:04") != "2026-02-05 10:00" {
			p.Errorf("the referral is %+v", started)
		}
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-04 09:00", "100")
		p.Converts(bob, "2026-02-06 09:00", "30")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: EARNING 3.00")
	})
}

func TestA4_onAPendingPartnerTheReferralStartsAtItsApproval(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, amy, bob := p.Active("Ann"), p.Active("Amy"), p.Pending("Bob")
		if started := p.Assign(bob, amy); started != nil {
			p.Errorf("a referral started: %+v", started)
		}
		p.Remove(bob)
		p.Assign(bob, amy)
		p.Assign(bob, ann) // changes its mind, as long as nothing has started
		if by := p.Partner(bob).ReferredBy; by == nil || by.Name != "Ann" {
			p.Errorf("Referred By is %v", by)
		}
		p.Reports("2026-01-01", "2026-12-31")
		p.At("2026-02-05 10:00")
		p.Approve(bob)
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-04 09:00", "100")
		p.Converts(bob, "2026-02-06 09:00", "30")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: EARNING 3.00")
	})
}

func TestA5_whoMayBeNamed(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		bob := p.Active("Bob")
		for status, want := range map[string]string{
			"ACTIVE": "", "INACTIVE": "", "SUSPENDED": "",
			"PENDING": "FAILED_PRECONDITION referrer", "REJECTED": "FAILED_PRECONDITION referrer",
		} {
			referrer := p.Pending(status)
			if status != "PENDING" {
				p.Status(referrer, status)
			}
			if got := p.As(admin).Do("AssignReferredBy", vars{"input": vars{"partner": bob, "referrer": referrer}}, nil).codes(); got != want {
				p.Errorf("a referrer that is %s: %q", status, got)
			}
			created := p.As(admin).Do("CreatePartner", vars{"input": vars{"name": "Eve", "referredBy": referrer}}, nil).codes()
			if (created == "") != (want == "") || (created != "" && created != "FAILED_PRECONDITION referredBy") {
				p.Errorf("created with a referrer that is %s: %q", status, created)
			}
		}
	})
}

func TestA5_noCircleOfAnyLength(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		for _, length := range []int{1, 2, 5, 40} {
			circle := make([]string, length)
			for i := range circle {
				circle[i] = p.Active(fmt.Sprintf("%d of %d", i, length), circle[max(0, i-1):i]...)
			}
			p.As(admin).refused("AssignReferredBy", vars{"input": vars{"partner": circle[0], "referrer": circle[length-1]}}, "FAILED_PRECONDITION referrer")
		}
	})
}

func TestA5_twoOppositeAssignmentsAtOnceCannotBothSucceed(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		const pairs = 20
		outcomes := make([]chan string, pairs)
		for i := range pairs {
			outcomes[i] = make(chan string, 2)
			one, other := p.Active("one"), p.Active("other")
			for _, input := range []vars{{"partner": one, "referrer": other}, {"partner": other, "referrer": one}} {
				go func() { outcomes[i] <- p.As(admin).Do("AssignReferredBy", vars{"input": input}, nil).codes() }()
			}
		}
		for _, pair := range outcomes {
			both := []string{<-pair, <-pair}
			if slices.Sort(both); !slices.Equal(both, []string{"", "FAILED_PRECONDITION referrer"}) {
				p.Errorf("two opposite assignments: %q", both)
			}
		}
		if rows, _ := p.Report("2026-01-01", "2026-12-31", nil); len(rows) != pairs {
			p.Errorf("%d pairs have %d referrals", pairs, len(rows))
		}
	})
}

func TestA6_whatWasEarnedAndIsPayableStaysSo(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, amy := p.Active("Ann"), p.Active("Amy")
		bob := p.Active("Bob", ann)
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-05 09:00", "70")
		p.Assign(bob, amy)
		p.Reports("2026-02-01", "2026-02-28",
			"Ann > Bob, 10% of payout: ENDED null, unbilled 7.00",
			"Amy > Bob, 10% of payout: EARNING 0.00")
		p.At("2026-02-20 10:00")
		p.Converts(bob, "2026-02-06 09:00", "10") // of the time before, told later [T5]
		p.Converts(bob, "2026-02-15 09:00", "40")
		p.Remove(bob, vars{"unbilled": "KEEP"})
		p.Reports("2026-02-01", "2026-02-28",
			"Ann > Bob, 10% of payout: ENDED null, unbilled 8.00",
			"Amy > Bob, 10% of payout: ENDED null, unbilled 4.00")
		if bob := p.Partner(bob); bob.ReferredBy != nil {
			p.Errorf("Referred By is %+v", bob.ReferredBy)
		}
		p.Remove(bob) // there is none any more: nothing changes
		if made := p.Partner(ann).ReferralsMade; made.TotalCount != 1 || made.Nodes[0].Status != "INACTIVE" || made.Nodes[0].EndedAt == nil {
			p.Errorf("the referrer made %+v", made)
		}
	})
}

func TestA6_namingTheReferrerItHasChangesNothingAndNamingItAgainIsANewReferral(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent.lasting(1, "MONTH"))
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-05 09:00", "70")
		first := p.theRow("2026-02-01", "2026-02-28", ann, bob)
		if same := p.Assign(bob, ann, forfeit); same == nil || same.ID != first.Referral.ID {
			p.Errorf("naming the same referrer gives %+v, and the referral is %s", same, first.Referral.ID)
		}
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout for 1 month: EARNING 7.00")
		p.Remove(bob)
		p.At("2026-02-20 10:00")
		if again := p.Assign(bob, ann); again == nil || again.ID == first.Referral.ID || !again.StartedAt.After(first.ReferralStartedAt) {
			p.Errorf("naming it again gives %+v", again)
		}
		p.At("2026-03-15 10:00")
		p.Converts(bob, "2026-02-15 09:00", "1000") // of nobody
		p.Converts(bob, "2026-03-10 09:00", "20")   // of a month that started anew
		p.Reports("2026-02-01", "2026-03-31",
			"Ann > Bob, 10% of payout for 1 month: ENDED null, unbilled 7.00",
			"Ann > Bob, 10% of payout for 1 month: EARNING 2.00")
	})
}

func TestA6_forfeitedMoneyIsNotPaidNorWhatIsToldLaterOfTheTimeBefore(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.At("2026-02-10 10:00")
		sold := p.Converts(bob, "2026-02-05 09:00", "70")
		for operation, input := range map[string]vars{
			"AssignReferredBy": {"partner": bob, "referrer": p.Active("Amy")}, "RemoveReferredBy": {"partner": bob},
		} {
			for _, reason := range []any{nil, ""} {
				changed := maps.Clone(input)
				changed["unbilled"], changed["reason"] = "FORFEIT", reason
				p.As(admin).refused(operation, vars{"input": changed}, "BAD_USER_INPUT reason")
			}
		}
		p.Remove(bob, forfeit)
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: ENDED null")
		p.Converts(bob, "2026-02-06 09:00", "30")
		p.Adjust(sold, "2026-02-07 09:00", "0", "-70")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: ENDED null")
		if row := p.theRow("2026-02-01", "2026-02-28", ann, bob); row.Conversions != 2 || row.BasisAmount.String() != "30" {
			p.Errorf("of %d conversions, a basis of %s", row.Conversions, row.BasisAmount)
		}
	})
}

func TestA7_aReferralIsTrackedUntilASettingStartsToPay(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		bob := p.Active("Bob", p.Active("Ann"))
		p.At("2026-02-05 10:00")
		p.Converts(bob, "2026-02-03 09:00", "100")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, tracked: TRACKED 0.00")
		if did := p.Global(tenPercent).String(); did != "closed 0, opened 1, left expired 0" {
			p.Errorf("it starts to pay: %s", did)
		}
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-04 09:00", "100")
		p.Converts(bob, "2026-02-06 09:00", "30")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: EARNING 3.00")
		if did := p.Global(nil).String(); did != "closed 1, opened 0, left expired 0" {
			p.Errorf("it stops: %s", did)
		}
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: ENDED 3.00")
		p.At("2026-02-20 10:00")
		p.Converts(bob, "2026-02-15 09:00", "100")
		p.Global(percent("5", "PAYOUT"))
		p.At("2026-02-25 10:00")
		p.Converts(bob, "2026-02-22 09:00", "100")
		p.Reports("2026-02-01", "2026-02-28",
			"Ann > Bob, 10% of payout: ENDED 3.00",
			"Ann > Bob, 5% of payout: EARNING 5.00")
	})
}
