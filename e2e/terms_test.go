package e2e_test

import (
	"slices"
	"testing"
	"time"
)

func TestT2_aChangeOfStructureStartsTheDurationAnew(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent.lasting(1, "MONTH"))
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.At("2026-02-20 10:00")
		p.Global(percent("5", "PAYOUT").lasting(1, "MONTH"))
		row := p.theRow("2026-02-01", "2026-12-31", ann, bob)
		if end := row.WindowEndsAt.In(p.zone).Format("2006-01-02 15:04"); end != "2026-03-20 10:00" {
			p.Errorf("the new term ends on %s", end)
		}
		p.At("2026-04-01 10:00")
		p.Converts(bob, "2026-03-15 09:00", "100")
		p.Reports("2026-02-01", "2026-03-31",
			"Ann > Bob, 10% of payout for 1 month: SUPERSEDED 0.00",
			"Ann > Bob, 5% of payout for 1 month: EXPIRED 5.00")
	})
}

func TestT3_anExpiredReferralStaysSoUnlessTheChangeRevivesIt(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent.lasting(1, "WEEK"))
		ann, amy := p.Active("Ann"), p.Active("Amy")
		bob := p.Active("Bob", ann)
		p.At("2026-02-10 10:00")
		p.Active("Dan", amy)
		if did := p.Global(percent("5", "PAYOUT")).String(); did != "closed 1, opened 1, left expired 1" {
			p.Errorf("a change: %s", did)
		}
		p.At("2026-02-11 10:00")
		p.Converts(bob, "2026-02-10 12:00", "100")
		p.Settings(vars{"enabled": false})
		p.Settings(vars{"enabled": true})
		if did := p.Custom(ann, percent("6", "PAYOUT")).String(); did != "closed 0, opened 0, left expired 1" {
			p.Errorf("a change of its own setting: %s", did)
		}
		p.ReportsOnly("2026-02-01", "2026-02-28", vars{"referrer": ann}, "Ann > Bob, 10% of payout for 1 week: EXPIRED 0.00")
		if did := p.Setting(ann, "CUSTOM", vars{"structure": percent("7", "PAYOUT"), "reviveExpired": true}).String(); did != "closed 1, opened 1, left expired 0" {
			p.Errorf("a change that revives it: %s", did)
		}
		p.At("2026-02-20 10:00")
		p.Converts(bob, "2026-02-12 12:00", "100")
		p.ReportsOnly("2026-02-01", "2026-02-28", vars{"referrer": ann},
			"Ann > Bob, 10% of payout for 1 week: EXPIRED 0.00",
			"Ann > Bob, 7% of payout: EARNING 7.00")
	})
}

func TestT3_theGlobalSettingRevivesToo(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent.lasting(1, "DAY"))
		p.Active("Bob", p.Active("Ann"))
		p.At("2026-02-10 10:00")
		if did := p.Settings(vars{"structure": percent("5", "PAYOUT"), "reviveExpired": true}); did.TermsOpened != 1 || did.ReferralsLeftExpired != 0 {
			p.Errorf("it revives: %s", did)
		}
		p.Reports("2026-02-01", "2026-02-28",
			"Ann > Bob, 10% of payout for 1 day: EXPIRED 0.00",
			"Ann > Bob, 5% of payout: EARNING 0.00")
	})
}

func TestT4_aDayIsACalendarDayAlsoWhereItHas23Or25Hours(t *testing.T) {
	onEachEngine(t, func(p *product) {
		ann := ""
		for _, day := range []struct {
			from, to string
			hours    float64
		}{
			{"2026-03-07 10:00", "2026-03-08 10:00", 23},
			{"2026-06-01 10:00", "2026-06-02 10:00", 24},
			{"2026-10-31 10:00", "2026-11-01 10:00", 25},
		} {
			p.At(day.from)
			if ann == "" {
				ann = p.Active("Ann")
				p.Global(tenPercent.lasting(1, "DAY"))
			}
			row := p.theRow("2026-01-01", "2026-12-31", ann, p.Active("Bob", ann))
			end := row.WindowEndsAt.In(p.zone).Format("2006-01-02 15:04")
			if long := row.WindowEndsAt.Sub(*row.ReferredDate); end != day.to || long.Hours() != day.hours {
				p.Errorf("a day from %s ends on %s, after %s", day.from, end, long)
			}
		}
	})
}

func TestT5_aConversionCountsByWhenItOccurredWheneverItWasReported(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		bob := p.Active("Bob", p.Active("Ann"))
		p.At("2026-02-05 10:00")
		p.Global(percent("20", "PAYOUT").lasting(1, "WEEK"))
		p.At("2026-02-20 10:00")
		p.Global(nil)
		p.At("2026-03-01 10:00")
		p.Remove(bob)
		p.At("2026-04-01 10:00")
		for _, at := range []string{"2026-01-31 09:00", "2026-02-03 09:00", "2026-02-06 09:00", "2026-02-15 09:00", "2026-02-25 09:00", "2026-03-15 09:00"} {
			p.Converts(bob, at, "100")
		}
		p.Reports("2026-01-01", "2026-12-31",
			"Ann > Bob, 10% of payout: SUPERSEDED null, unbilled 10.00",
			"Ann > Bob, 20% of payout for 1 week: EXPIRED null, unbilled 20.00")
	})
}

// A term tells when it was closed, whatever closed it: the next term, a setting that pays nothing, or the end of the referral.
func TestT1_aTermTellsWhenItWasClosed(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob, cid := p.Active("Bob", ann), p.Active("Cid", ann)
		p.At("2026-02-05 10:00")
		p.Global(percent("20", "PAYOUT").lasting(1, "WEEK"))
		p.At("2026-02-20 10:00") // the week is over
		p.Settings(vars{"structure": percent("30", "PAYOUT"), "reviveExpired": true})
		p.At("2026-02-25 10:00")
		p.Global(nil)
		p.At("2026-02-27 10:00")
		p.Global(percent("40", "PAYOUT"))
		p.At("2026-03-01 10:00")
		p.Remove(bob)
		told := map[string][]string{}
		for _, term := range p.terms(ann) {
			line := term.ReferredDate.In(p.zone).Format("01-02 15:04") + " to "
			if term.ClosedAt != nil {
				line += term.ClosedAt.In(p.zone).Format("01-02 15:04")
			}
			told[term.Referral.Referred.ID] = append(told[term.Referral.Referred.ID], line)
		}
		want := []string{"02-01 10:00 to 02-05 10:00", "02-05 10:00 to 02-20 10:00", "02-20 10:00 to 02-25 10:00"}
		for partner, last := range map[string]string{bob: "02-27 10:00 to 03-01 10:00", cid: "02-27 10:00 to "} {
			if got := told[partner]; !slices.Equal(got, append(slices.Clone(want), last)) {
				p.Errorf("its terms are %q, want %q and %q", got, want, last)
			}
		}
	})
}

func TestT6_whileTheReferrerIsNotActiveNothingIsEarned(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		referred := map[string]string{}
		for _, status := range []string{"SUSPENDED", "INACTIVE", "REJECTED"} {
			referred[status] = p.Active("Bob", p.Active("Ann"))
		}
		report := func(want string) {
			for _, bob := range referred {
				p.ReportsOnly("2026-02-01", "2026-02-28", vars{"referred": bob}, want)
			}
		}
		p.At("2026-02-10 10:00")
		for status, bob := range referred {
			p.Converts(bob, "2026-02-05 09:00", "50")
			p.Status(p.Partner(bob).ReferredBy.ID, status)
		}
		p.At("2026-02-15 10:00")
		for _, bob := range referred {
			p.Converts(bob, "2026-02-12 09:00", "1000")
		}
		report("Ann > Bob, 10% of payout: PAUSED 5.00")
		for _, bob := range referred {
			p.Approve(p.Partner(bob).ReferredBy.ID)
		}
		p.At("2026-02-20 10:00")
		for _, bob := range referred {
			p.Converts(bob, "2026-02-13 09:00", "1000") // of the pause, told after it
			p.Converts(bob, "2026-02-06 09:00", "20")
			p.Converts(bob, "2026-02-16 09:00", "30")
		}
		report("Ann > Bob, 10% of payout: EARNING 10.00")
	})
}

func TestT7_whetherTheReferredPartnerIsActiveDoesNotMatter(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		bob := p.Active("Bob", p.Active("Ann"))
		p.At("2026-02-05 10:00")
		p.Status(bob, "SUSPENDED")
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-03 09:00", "100")
		p.Converts(bob, "2026-02-07 09:00", "100")
		p.Reports("2026-02-01", "2026-02-28", "Ann > Bob, 10% of payout: EARNING 20.00")
	})
}

// A conversion may be recorded some minutes before it occurs, by clocks that differ. Whatever changes between the
// two, it counts where it belongs when it occurs.
func TestT5_aConversionRecordedAheadOfItsTimeCountsWhereItThenBelongs(t *testing.T) {
	cases := map[string]struct {
		change func(p *product, ann, amy, bob string)
		want   []string
	}{
		"the settings change": {
			func(p *product, _, _, _ string) { p.Global(percent("5", "PAYOUT")) },
			[]string{"Ann > Bob, 10% of payout: SUPERSEDED 1.00", "Ann > Bob, 5% of payout: EARNING 4.50"},
		},
		"the setting of the referrer changes": {
			func(p *product, ann, _, _ string) { p.Custom(ann, percent("20", "PAYOUT")) },
			[]string{"Ann > Bob, 10% of payout: SUPERSEDED 1.00", "Ann > Bob, 20% of payout: EARNING 18.00"},
		},
		"the settings stop to pay": {
			func(p *product, _, _, _ string) { p.Settings(vars{"enabled": false}) },
			[]string{"Ann > Bob, 10% of payout: ENDED 1.00"},
		},
		"the settings change twice": {
			func(p *product, _, _, _ string) {
				p.Settings(vars{"enabled": false})
				p.Settings(vars{"enabled": true})
			},
			[]string{"Ann > Bob, 10% of payout: ENDED 1.00", "Ann > Bob, 10% of payout: EARNING 9.00"},
		},
		"the partner is reassigned": {
			func(p *product, _, amy, bob string) { p.Assign(bob, amy) },
			[]string{"Ann > Bob, 10% of payout: ENDED null, unbilled 1.00", "Amy > Bob, 10% of payout: EARNING 9.00"},
		},
		"the partner is reassigned, and what was earned is forfeited": {
			func(p *product, _, amy, bob string) { p.Assign(bob, amy, forfeit) },
			[]string{"Ann > Bob, 10% of payout: ENDED null", "Amy > Bob, 10% of payout: EARNING 9.00"},
		},
		"the referral is removed": {
			func(p *product, _, _, bob string) { p.Remove(bob) },
			[]string{"Ann > Bob, 10% of payout: ENDED null, unbilled 1.00"},
		},
		"the referral is removed, and what was earned is forfeited": {
			func(p *product, _, _, bob string) { p.Remove(bob, forfeit) },
			[]string{"Ann > Bob, 10% of payout: ENDED null"},
		},
		"the referrer is suspended": {
			func(p *product, ann, _, _ string) { p.Status(ann, "SUSPENDED") },
			[]string{"Ann > Bob, 10% of payout: PAUSED 1.00"},
		},
		"the referrer is suspended and active again": {
			func(p *product, ann, _, _ string) { p.Status(ann, "SUSPENDED"); p.Status(ann, "ACTIVE") },
			[]string{"Ann > Bob, 10% of payout: EARNING 10.00"},
		},
	}
	onEachEngine(t, func(p *product) {
		evening := time.Date(2026, time.January, 1, 23, 58, 0, 0, p.zone)
		for name, changes := range cases {
			evening = evening.AddDate(0, 0, 7)
			at := func(later time.Duration) string { return evening.Add(later).Format(time.RFC3339) }
			p.each(name, func(p *product) {
				p.At(at(-time.Hour))
				p.Global(tenPercent)
				ann, amy := p.Active("Ann"), p.Active("Amy")
				bob := p.Active("Bob", ann)
				p.At(at(0))
				p.Converts(bob, at(-time.Minute), "10")
				ahead := p.Converts(bob, at(3*time.Minute), "100") // tomorrow
				p.Adjust(ahead, at(4*time.Minute), "0", "-10")
				changes.change(p, ann, amy, bob)
				p.Verify()
				p.At(at(time.Hour))
				p.ReportsOnly("2026-01-01", "2026-12-31", vars{"referred": bob}, changes.want...)
			})
		}
	})
}

func TestT5_aReferralThatStartsBeforeWhatWasRecordedAheadOccursCountsIt(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, bob, cid := p.Active("Ann"), p.Active("Bob"), p.Pending("Cid", p.Active("Amy"))
		p.Converts(bob, "2026-02-01 10:04", "100")
		p.Converts(cid, "2026-02-01 10:04", "100")
		p.Assign(bob, ann)
		p.Approve(cid)
		p.Reports("2026-02-01", "2026-02-28",
			"Ann > Bob, 10% of payout: EARNING 10.00",
			"Amy > Cid, 10% of payout: EARNING 10.00")
		p.As(tracker).refused("RecordConversions", vars{"conversions": []vars{
			p.conversion("late", bob, time.Date(2026, time.February, 1, 10, 6, 0, 0, p.zone).Format(time.RFC3339), "1", "1"),
		}}, "BAD_USER_INPUT conversions.0.occurredAt")
	})
}
