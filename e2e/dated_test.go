package e2e_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"
)

// datedChange is a change of settings that was dated ahead.
type datedChange struct {
	ID, EffectiveOn, Status, ApplyTo               string
	EffectiveAt, AskedAt                           time.Time
	AskedBy                                        string
	Reason, Mode                                   *string
	Enabled                                        *bool
	ChangesStructure                               bool
	Structure                                      *struct{ Summary string }
	Partner                                        *struct{ ID, Name string }
	TermsClosed, TermsOpened, ReferralsLeftExpired *int
}

// String is it, in short.
func (d datedChange) String() string {
	said := d.EffectiveOn
	if d.Partner != nil {
		said += " " + d.Partner.Name
	}
	if d.Mode != nil {
		said += " " + *d.Mode
	}
	if d.Enabled != nil {
		said += fmt.Sprintf(" enabled %v", *d.Enabled)
	}
	if d.Structure != nil {
		said += " " + d.Structure.Summary
	} else if d.ChangesStructure {
		said += " nothing"
	}
	return fmt.Sprintf("%s for %s: %s", said, d.ApplyTo, d.Status)
}

// did is what it did, to be held against what its preview said.
func (d datedChange) did() string {
	if d.TermsClosed == nil {
		return "nothing yet"
	}
	return impact{TermsClosed: *d.TermsClosed, TermsOpened: *d.TermsOpened, ReferralsLeftExpired: *d.ReferralsLeftExpired}.String()
}

const (
	dated = `id effectiveOn effectiveAt status partner { id name } enabled mode changesStructure structure { summary } applyTo
		reason askedAt askedBy termsClosed termsOpened referralsLeftExpired`
	dateSettings = `mutation ($input: UpdateReferralSettingsInput!) { updateReferralSettings(input: $input) {
		impact { termsClosed termsOpened referralsLeftExpired } datedChange { ` + dated + ` } } }`
	dateSetting = `mutation ($input: UpdatePartnerReferralSettingInput!) { updatePartnerReferralSetting(input: $input) {
		impact { termsClosed termsOpened referralsLeftExpired } datedChange { ` + dated + ` } } }`
	takeBack = `mutation ($id: ID!, $reason: String) { takeBackChange(id: $id, reason: $reason) { datedChange { ` + dated + ` } } }`
)

// dating is the answer to a change that is dated ahead.
type dating struct {
	Impact      impact
	DatedChange datedChange
}

// DateSettings dates a change of the network's settings ahead.
func (p *product) DateSettings(on string, changes vars) dating {
	p.Helper()
	input := vars{"version": p.settingsVersion(), "effectiveOn": on}
	maps.Copy(input, changes)
	var answer struct{ UpdateReferralSettings dating }
	p.As(admin).must(dateSettings, vars{"input": input}, &answer)
	return answer.UpdateReferralSettings
}

// DateSetting dates a change of a partner's own setting ahead.
func (p *product) DateSetting(on, partner, mode string, changes vars) dating {
	p.Helper()
	input := vars{"partner": partner, "mode": mode, "version": p.Partner(partner).ReferralSetting.Version, "effectiveOn": on}
	maps.Copy(input, changes)
	var answer struct{ UpdatePartnerReferralSetting dating }
	p.As(admin).must(dateSetting, vars{"input": input}, &answer)
	return answer.UpdatePartnerReferralSetting
}

// TakeBack takes a change back.
func (p *product) TakeBack(id string) datedChange {
	p.Helper()
	var answer struct {
		TakeBackChange struct{ DatedChange datedChange }
	}
	p.As(admin).must(takeBack, vars{"id": id, "reason": "thought better of it"}, &answer)
	return answer.TakeBackChange.DatedChange
}

// Dated is a change, whatever has become of it.
func (p *product) Dated(id string) datedChange {
	p.Helper()
	var answer struct{ Node datedChange }
	p.As(admin).must(`query ($id: ID!) { node(id: $id) { ... on DatedChange { `+dated+` } } }`, vars{"id": id}, &answer)
	return answer.Node
}

// PendingIs wants the list of pending changes to be this, in short.
func (p *product) PendingIs(want ...string) {
	p.Helper()
	p.As(admin).pendingIs(want...)
}

func (c client) pendingIs(want ...string) {
	c.Helper()
	var answer struct {
		Network struct{ PendingChanges struct{ Nodes []datedChange } }
	}
	c.must(`{ network { pendingChanges(first: 100) { nodes { `+dated+` } } } }`, nil, &answer)
	got := make([]string, len(answer.Network.PendingChanges.Nodes))
	for i, change := range answer.Network.PendingChanges.Nodes {
		got[i] = strings.TrimSuffix(change.String(), ": PENDING")
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		c.Errorf("pending are\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// In is another network on the same database, in a zone, from a moment on.
func (p *product) In(zone, moment string) *product {
	p.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		p.Fatal(err)
	}
	other := &product{T: p.T, database: p.database, zone: location, tokens: map[account]string{}}
	other.clock = other.moment(moment)
	other.network = other.NewNetwork("Acme in "+zone, "USD", zone)
	return other
}

// A change takes effect with its day, to the microsecond, also where that has 23 or 25 hours or no midnight, and where
// no server ran then: whoever looks first finds it so.
func TestDated_takesEffectWithItsDayInEveryZone(t *testing.T) {
	onEachEngine(t, func(p *product) {
		for _, c := range []struct{ zone, on, at string }{
			{"America/New_York", "2026-03-08", "2026-03-08T05:00:00Z"}, // 23 hours
			{"America/New_York", "2026-11-01", "2026-11-01T04:00:00Z"}, // 25 hours
			{"Europe/London", "2026-03-30", "2026-03-29T23:00:00Z"},
			{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"}, // it began at 01:00
			{"Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00Z"},      // so did this
			{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},      // the day after the 29th
		} {
			midnight, err := time.Parse(time.RFC3339, c.at)
			if err != nil {
				p.Fatal(err)
			}
			p.Run(c.zone+" "+c.on, func(t *testing.T) {
				p := p.In(c.zone, midnight.Add(-time.Hour).Format(time.RFC3339))
				p.T = t
				p.At(midnight.Add(-4 * time.Minute).Format(time.RFC3339))
				defer p.Stop()
				p.Global(tenPercent)
				bob := p.Active("Bob", p.Active("Ann"))
				said := p.DateSettings(c.on, vars{"structure": percent("5", "PAYOUT")})
				if !said.DatedChange.EffectiveAt.Equal(midnight) || said.Impact.String() != "closed 1, opened 1, left expired 0" {
					p.Errorf("it takes effect at %s, and will have %s", said.DatedChange.EffectiveAt, said.Impact)
				}
				p.Converts(bob, midnight.Add(30*time.Second).Format(time.RFC3339), "1000") // recorded ahead of its time
				p.Reports("2010-01-01", "2030-12-31", "Ann > Bob, 10% of payout: EARNING 100.00")
				p.At(midnight.Add(9 * time.Hour).Format(time.RFC3339))
				p.Converts(bob, midnight.Add(-time.Microsecond).Format(time.RFC3339Nano), "100")
				p.Converts(bob, midnight.Format(time.RFC3339), "200")
				p.Reports("2010-01-01", "2030-12-31", "Ann > Bob, 10% of payout: SUPERSEDED 10.00", "Ann > Bob, 5% of payout: EARNING 60.00")
				rows, _ := p.Report("2010-01-01", "2030-12-31", nil)
				if opened := *rows[1].ReferredDate; !opened.Equal(midnight) {
					p.Errorf("the new term began at %s", opened)
				}
				if is := p.Dated(said.DatedChange.ID); is.Status != "IN_EFFECT" || is.did() != said.Impact.String() {
					p.Errorf("it is %s and did: %s", is, is.did())
				}
				p.PendingIs()
			})
		}
	})
}

func TestDated_isSeenAndTakenBackUntilItTakesEffect(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-06-10 12:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		one := p.DateSettings("2026-07-01", vars{"structure": percent("5", "PAYOUT"), "reason": "the summer"}).DatedChange
		p.DateSettings("2026-06-20", vars{"enabled": false})
		two := p.DateSetting("2026-06-20", ann, "CUSTOM", vars{"structure": percent("20", "PAYOUT"), "applyTo": "NEW_REFERRALS"}).DatedChange
		p.PendingIs("2026-06-20 enabled false for ALL", "2026-06-20 Ann CUSTOM 20% of payout for NEW_REFERRALS", "2026-07-01 5% of payout for ALL")
		if one.AskedBy != admin.name || one.Reason == nil || *one.Reason != "the summer" || one.AskedAt.IsZero() {
			p.Errorf("who asked for what, and when: %+v", one)
		}
		var own struct {
			Network struct {
				Partner struct{ PendingChanges []datedChange }
			}
		}
		ofPartner := `query ($id: ID!) { network { partner(id: $id) { pendingChanges { ` + dated + ` } } } }`
		p.As(manager).must(ofPartner, vars{"id": ann}, &own)
		if pending := own.Network.Partner.PendingChanges; len(pending) != 1 || pending[0].ID != two.ID {
			p.Errorf("of Ann are pending: %v", pending)
		}
		if p.settingsVersion() != 4 {
			p.Errorf("the version is %d: whoever edits the settings must have seen what is pending [S8]", p.settingsVersion())
		}
		p.As(admin).refused(dateSettings, vars{"input": vars{"version": 2, "effectiveOn": "2026-08-01", "enabled": true}}, "CONFLICT version")

		// who may
		p.As(manager).pendingIs("2026-06-20 Ann CUSTOM 20% of payout for NEW_REFERRALS")
		p.As(limited).pendingIs()
		p.As(tracker).refused(`{ network { pendingChanges { totalCount } } }`, nil, "FORBIDDEN")
		p.As(partnerOf(ann)).refused(ofPartner, vars{"id": ann}, "FORBIDDEN")
		p.As(manager).refused(takeBack, vars{"id": one.ID}, "NOT_FOUND id")
		p.As(limited).refused(takeBack, vars{"id": two.ID}, "NOT_FOUND id")
		p.As(admin).refused(takeBack, vars{"id": bob}, "NOT_FOUND id")
		p.As(tracker).refused(takeBack, vars{"id": one.ID}, "FORBIDDEN")

		// what is wrong is told at once, and before the day
		for _, wrong := range []string{"2026-06-10", "2026-06-09", "2036-12-31"} {
			p.As(admin).refused(dateSettings, vars{"input": vars{"version": 4, "effectiveOn": wrong, "structure": flat("0")}},
				"BAD_USER_INPUT effectiveOn", "BAD_USER_INPUT structure.commission.flatFee.amount")
		}
		p.As(admin).refused(dateSettings, vars{"input": vars{"version": 4, "applyTo": "NEW_REFERRALS", "reviveExpired": true}}, "BAD_USER_INPUT reviveExpired")

		if is := p.TakeBack(one.ID); is.Status != "TAKEN_BACK" {
			p.Errorf("taken back, it is %s", is)
		}
		p.TakeBack(one.ID) // again, which changes nothing
		p.At("2026-06-20 00:00:01")
		p.As(admin).refused(takeBack, vars{"id": two.ID}, "CONFLICT id")
		wrong := p.As(admin).Do(takeBack, vars{"id": two.ID}, nil)
		if !strings.Contains(wrong.String(), "in effect since 2026-06-20") {
			p.Errorf("too late: %s", wrong)
		}
		p.PendingIs()
		p.Reports("2026-06-01", "2026-07-31", "Ann > Bob, 10% of payout: ENDED 0.00")
		p.At("2026-07-02 12:00")
		if is := p.Partner(ann).ReferralSetting.Effective; is == nil || is.Summary != "20% of payout" {
			p.Errorf("Ann is paid by %v", is)
		}
		p.auditIs(
			"Ada Admin takes effect: updatePartnerReferralSetting on Ann", "Ada Admin takes effect: updateReferralSettings on Acme",
			"Ada Admin takeBackChange on Acme",
		)
	})
}

// auditIs wants these events among those of the log.
func (p *product) auditIs(want ...string) {
	p.Helper()
	var answer struct {
		Network struct {
			AuditLog struct {
				Nodes []struct {
					At      time.Time
					Actor   struct{ Name, Role string }
					Action  string
					Subject struct{ Name string }
				}
			}
		}
	}
	p.As(admin).must(`{ network { auditLog(first: 100) { nodes { at actor { name role } action subject { name } } } } }`, nil, &answer)
	said := map[string]bool{}
	for _, event := range answer.Network.AuditLog.Nodes {
		line := event.Actor.Name + " "
		if at := event.At.In(p.zone); at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 && at.Nanosecond() == 0 {
			line += "takes effect: "
		}
		said[line+event.Action+" on "+event.Subject.Name] = true
	}
	for _, line := range want {
		if !said[line] {
			p.Errorf("the log does not say %q, but %v", line, said)
		}
	}
}

// Changes of one day take effect in the order in which they were asked for, as if in one moment: no term is left that
// never ran.
func TestDated_changesOfOneDayTakeEffectAsOne(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-06-10 12:00")
		p.Global(tenPercent)
		ann, eve := p.Active("Ann"), p.Active("Eve")
		p.Active("Bob", ann)
		p.Active("Cid", eve)
		p.DateSettings("2026-06-20", vars{"structure": percent("5", "PAYOUT")})
		last := p.DateSettings("2026-06-20", vars{"structure": percent("6", "PAYOUT")})
		p.DateSetting("2026-06-20", eve, "CUSTOM", vars{"structure": percent("20", "PAYOUT")})
		off := p.DateSettings("2026-06-21", vars{"enabled": false, "disableCustom": true})
		if off.Impact.String() != "closed 2, opened 0, left expired 0" {
			p.Errorf("after the changes of the day before it will have %s", off.Impact)
		}
		p.At("2026-06-20 08:00")
		p.Reports("2026-06-01", "2026-06-30",
			"Ann > Bob, 10% of payout: SUPERSEDED 0.00", "Eve > Cid, 10% of payout: SUPERSEDED 0.00",
			"Ann > Bob, 6% of payout: EARNING 0.00", "Eve > Cid, 20% of payout: EARNING 0.00")
		if is := p.Dated(last.DatedChange.ID); is.did() != last.Impact.String() {
			p.Errorf("the second change did: %s; it was said: %s", is.did(), last.Impact)
		}
		p.At("2026-06-30 08:00")
		p.Reports("2026-06-01", "2026-06-30",
			"Ann > Bob, 10% of payout: SUPERSEDED 0.00", "Eve > Cid, 10% of payout: SUPERSEDED 0.00",
			"Ann > Bob, 6% of payout: ENDED 0.00", "Eve > Cid, 20% of payout: ENDED 0.00")
		if mode := p.Partner(eve).ReferralSetting.Mode; mode != "DISABLED" {
			p.Errorf("Eve is %s", mode)
		}
	})
}

// What changes of one day come to is what they would if they were made one right after the other.
func TestDated_changesOfOneDayReviveAndStopAsOneAfterTheOther(t *testing.T) {
	onEachEngine(t, func(p *product) {
		aWeek := tenPercent.lasting(1, "WEEK")
		const all, old = "2026-12-31", "2026-01-01"
		for i, c := range []struct {
			changes   []vars
			last      string // what the last of them did
			bob, cid  []string
			thenFive  string // what a change to 5% does, which revives nothing
			bobsAfter string
		}{
			{ // what the first revives goes on under the second
				[]vars{{"structure": percent("7", "PAYOUT"), "reviveExpired": true}, {"structure": percent("6", "PAYOUT")}},
				"closed 2, opened 2, left expired 0",
				[]string{"10% of payout for 1 week: EXPIRED", "6% of payout: EARNING"},
				[]string{"10% of payout for 1 week: SUPERSEDED", "6% of payout: EARNING"},
				"closed 2, opened 2, left expired 0", "5% of payout: EARNING",
			},
			{ // what the first revives and the second stops is open for what pays later
				[]vars{{"structure": percent("7", "PAYOUT"), "reviveExpired": true}, {"enabled": false}},
				"closed 2, opened 0, left expired 0",
				[]string{"10% of payout for 1 week: EXPIRED"},
				[]string{"10% of payout for 1 week: ENDED"},
				"closed 0, opened 2, left expired 0", "5% of payout: EARNING",
			},
			{ // a week begins anew with what pays again
				[]vars{{"enabled": false}, {"enabled": true}},
				"closed 0, opened 1, left expired 1",
				[]string{"10% of payout for 1 week: EXPIRED"},
				[]string{"10% of payout for 1 week: SUPERSEDED", "10% of payout for 1 week: EARNING"},
				"closed 1, opened 1, left expired 1", "10% of payout for 1 week: EXPIRED",
			},
		} {
			month := fmt.Sprintf("2026-%02d-", 2+3*i)
			p.At(month + "01 12:00")
			p.Settings(vars{"enabled": true, "structure": aWeek})
			ann := p.Active("Ann")
			bob := p.Active("Bob", ann)
			p.At(month + "15 12:00")
			cid := p.Active("Cid", ann)
			var last dating
			for _, change := range c.changes {
				last = p.DateSettings(month+"20", change)
			}
			p.At(month + "24 12:00")
			p.ReportsOnly(old, all, vars{"referred": bob}, rowsOf("Bob", c.bob)...)
			p.ReportsOnly(old, all, vars{"referred": cid}, rowsOf("Cid", c.cid)...)
			if did := p.Dated(last.DatedChange.ID).did(); did != c.last || last.Impact.String() != c.last {
				p.Errorf("case %d: the last change did %s; it was said %s; want %s", i, did, last.Impact, c.last)
			}
			if did := p.Settings(vars{"enabled": true, "structure": percent("5", "PAYOUT")}); did.String() != c.thenFive {
				p.Errorf("case %d: a change to 5%% did %s, want %s", i, did, c.thenFive)
			}
			if got := p.theRow(old, all, ann, bob).String(); got != rowsOf("Bob", []string{c.bobsAfter})[0] {
				p.Errorf("case %d: after a change to 5%% Bob's last row is %s, want %s", i, got, c.bobsAfter)
			}
			p.Remove(bob)
			p.Remove(cid)
		}
	})
}

// rowsOf is rows of the report of a partner that Ann referred, by their structures and states.
func rowsOf(referred string, told []string) (rows []string) {
	for _, row := range told {
		rows = append(rows, "Ann > "+referred+", "+row+" 0.00")
	}
	return rows
}

func TestDated_whatIsAskedForAtOnceComesBeforeIt(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-06-10 12:00")
		p.Global(tenPercent)
		bob := p.Active("Bob", p.Active("Ann"))
		p.DateSettings("2026-06-20", vars{"structure": percent("5", "PAYOUT")})
		p.At("2026-06-12 12:00")
		p.Global(percent("7", "PAYOUT")) // at once; what is pending stays pending
		p.At("2026-06-20 10:00")
		p.Global(percent("8", "PAYOUT")) // after it, though nobody has looked since midnight
		p.At("2026-06-22 10:00")
		for _, at := range []string{"2026-06-11 09:00", "2026-06-19 23:59", "2026-06-20 00:00", "2026-06-20 09:59", "2026-06-20 11:00"} {
			p.Converts(bob, at, "100")
		}
		p.Reports("2026-06-01", "2026-06-30",
			"Ann > Bob, 10% of payout: SUPERSEDED 10.00", "Ann > Bob, 7% of payout: SUPERSEDED 7.00",
			"Ann > Bob, 5% of payout: SUPERSEDED 10.00", "Ann > Bob, 8% of payout: EARNING 8.00")
	})
}

// A rate that was promised stays: referrals that there are keep their open terms, until a change for all.
func TestNewReferrals_keepWhatWasPromised(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-06-01 12:00")
		p.Global(tenPercent.lasting(1, "MONTH"))
		ann := p.Active("Ann")
		p.Active("Bob", ann)
		five := vars{"structure": percent("5", "PAYOUT"), "applyTo": "NEW_REFERRALS"}
		said := p.PreviewSettings(five)
		if did := p.Settings(five); did.String() != "closed 0, opened 0, left expired 0" || did.String() != said.impact.String() {
			p.Errorf("for new referrals alone: %s; it was said: %s", did, said)
		}
		p.Active("Cid", ann)
		p.DateSetting("2026-06-10", ann, "CUSTOM", vars{"structure": percent("20", "PAYOUT"), "applyTo": "NEW_REFERRALS"})
		p.At("2026-06-10 00:00:01")
		p.Active("Dan", ann)
		p.Reports("2026-06-01", "2026-06-30",
			"Ann > Bob, 10% of payout for 1 month: EARNING 0.00", "Ann > Cid, 5% of payout: EARNING 0.00", "Ann > Dan, 20% of payout: EARNING 0.00")

		// back to inheriting, for all: who has what it pays already keeps it
		if did := p.Setting(ann, "INHERIT", nil); did.String() != "closed 2, opened 2, left expired 0" {
			p.Errorf("a change for all: %s", did)
		}
		p.Reports("2026-06-01", "2026-06-30",
			"Ann > Bob, 10% of payout for 1 month: SUPERSEDED 0.00", "Ann > Cid, 5% of payout: EARNING 0.00", "Ann > Dan, 20% of payout: SUPERSEDED 0.00",
			"Ann > Bob, 5% of payout: EARNING 0.00", "Ann > Dan, 5% of payout: EARNING 0.00")

		// switched off for new ones alone: those that there are go on earning, new ones are tracked
		p.Settings(vars{"enabled": false, "applyTo": "NEW_REFERRALS"})
		eve := p.Active("Eve", ann)
		p.ReportsOnly("2026-06-01", "2026-06-30", vars{"referred": eve}, "Ann > Eve, tracked: TRACKED 0.00")
		p.At("2026-06-12 12:00")
		rows, _ := p.Report("2026-06-01", "2026-06-30", vars{"state": []string{"EARNING"}})
		if len(rows) != 3 {
			p.Errorf("%d go on earning, want 3", len(rows))
		}
		// a promise ends with its duration, and with the referral
		p.Settings(vars{"enabled": true, "structure": tenPercent.lasting(1, "DAY")})
		p.Settings(vars{"structure": percent("3", "PAYOUT"), "applyTo": "NEW_REFERRALS"})
		p.At("2026-06-20 12:00")
		p.ReportsOnly("2026-06-01", "2026-06-30", vars{"state": []string{"EARNING"}})
		p.Remove(eve)
		p.Assign(eve, ann)
		p.ReportsOnly("2026-06-01", "2026-06-30", vars{"state": []string{"EARNING"}}, "Ann > Eve, 3% of payout: EARNING 0.00")
	})
}

// What the last days would have cost: referrals that there were before them stay with what they have.
func TestNewReferrals_costOnlyWhatNewOnesWouldHave(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-01-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.At("2026-05-01 10:00")
		cid := p.Active("Cid", ann)
		p.At("2026-05-30 10:00")
		p.Converts(bob, "2026-05-10 09:00", "100")
		p.Converts(cid, "2026-05-10 09:00", "100")
		for applyTo, want := range map[string]string{"ALL": "20.00 to 100.00", "NEW_REFERRALS": "20.00 to 60.00"} {
			for on, changes := range map[string]vars{"at once": {}, "in June": {"effectiveOn": "2026-06-10"}} {
				changes["structure"], changes["applyTo"] = percent("50", "PAYOUT"), applyTo
				if said := p.PreviewSettings(changes).String(); !strings.HasSuffix(said, "cost "+want) {
					p.Errorf("for %s %s: %s, want %s", applyTo, on, said, want)
				}
			}
		}
	})
}

// A run bills the days before a change at the old rate and those after it at the new one, though it is the first to
// come by.
func TestDated_isBilledAcrossItsDay(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-06-10 12:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.DateSettings("2026-06-30", vars{"structure": percent("5", "PAYOUT")})
		p.At("2026-06-29 23:58")
		p.Converts(bob, "2026-06-29 23:57", "100")
		p.Converts(bob, "2026-06-30 00:02", "100") // ahead of its time, and of the change
		p.Stop()
		p.clock = p.moment("2026-07-01 03:00")
		p.Command("bill", "--network", p.network, "--through", "2026-06-30")
		p.At("2026-07-01 03:01")
		p.Reports("2026-06-01", "2026-06-30", "Ann > Bob, 10% of payout: SUPERSEDED 10.00, billed 10, unbilled 0.00", "Ann > Bob, 5% of payout: EARNING 5.00, billed 5, unbilled 0.00")
	})
}

// Three servers find the same change due at once: it takes effect once, and each of them answers as of after it.
func TestDated_takesEffectOnceOnManyServers(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-06-10 12:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		for i := range 5 {
			p.Active(fmt.Sprint("Bob ", i), ann)
		}
		change := p.DateSettings("2026-06-20", vars{"structure": percent("5", "PAYOUT")}).DatedChange
		p.At("2026-06-20 01:00")
		token := p.As(admin).token
		var servers []*server
		for range 3 {
			servers = append(servers, start(p.T, p.database, p.clock, "--billing-every", "50ms"))
		}
		defer func() {
			for _, s := range servers {
				if err := s.stop(); err != nil {
					p.Error(err)
				}
			}
		}()
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				at := &product{T: p.T, server: servers[i%len(servers)]}
				var answer struct {
					Network struct {
						ReferralSettings struct{ Structure struct{ Summary string } }
					}
				}
				c := client{product: at, token: token}
				if wrong := c.Do("ReferralSettings", nil, &answer); wrong != nil || answer.Network.ReferralSettings.Structure.Summary != "5% of payout" {
					p.Errorf("a server answers %+v %v", answer, wrong)
				}
			})
		}
		all.Wait()
		rows, _ := p.Report("2026-06-01", "2026-06-30", nil)
		if is := p.Dated(change.ID); len(rows) != 10 || is.did() != "closed 5, opened 5, left expired 0" {
			p.Errorf("%d terms, and it did: %s", len(rows), is.did())
		}
	})
}

// A server has changes take effect by itself, also where nobody asks for anything.
func TestDated_takesEffectByItself(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-06-10 12:00")
		p.Global(tenPercent)
		p.DateSettings("2026-06-20", vars{"structure": percent("5", "PAYOUT")})
		p.With("--billing-every", "50ms")
		p.At("2026-06-19 23:59:58")
		p.eventually("the change is in effect", func() bool { return p.count("SELECT COUNT(*) FROM dated_change WHERE status = 'IN_EFFECT'") == 1 })
		p.auditIs("Ada Admin takes effect: updateReferralSettings on Acme")
	})
}

// Under a key a change is dated ahead once, however often it is asked for.
func TestDated_onceUnderAKey(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-06-10 12:00")
		p.Global(tenPercent)
		p.Active("Bob", p.Active("Ann"))
		input := vars{"input": vars{"version": p.settingsVersion(), "effectiveOn": "2026-06-20", "structure": percent("5", "PAYOUT")}}
		first := p.As(admin).under("dated", dateSettings, input)
		p.forgetAnswers() // as if the server had died before it answered
		again := p.As(admin).under("dated", dateSettings, input)
		if first.text != again.text || !again.replayed || !strings.Contains(first.text, "PENDING") {
			p.Errorf("first\n%s\nand again\n%s", first.text, again.text)
		}
		p.PendingIs("2026-06-20 5% of payout for ALL")
	})
}
