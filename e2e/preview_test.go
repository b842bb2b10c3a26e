package e2e_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// preview is what a change of settings would do, and what the last 90 days would have cost before and after it.
type preview struct {
	impact

	CostBefore, CostAfter decimal.Decimal
}

func (p preview) String() string {
	return fmt.Sprintf("%s, custom %d, cost %s to %s", p.impact, p.CustomPartners.TotalCount, p.CostBefore.StringFixed(2), p.CostAfter.StringFixed(2))
}

const previewSetting = `query ($input: UpdatePartnerReferralSettingInput!) { network { previewPartnerReferralSetting(input: $input) {
	termsClosed termsOpened referralsLeftExpired customPartners { totalCount } costBefore costAfter } } }`

// PreviewSettings tries a change of the network's settings.
func (p *product) PreviewSettings(changes vars) preview {
	p.Helper()
	input := vars{"version": p.settingsVersion()}
	maps.Copy(input, changes)
	var answer struct {
		Network struct{ PreviewReferralSettings preview }
	}
	p.As(admin).must("PreviewReferralSettings", vars{"input": input}, &answer)
	return answer.Network.PreviewReferralSettings
}

// PreviewSetting tries a change of a partner's own setting.
func (p *product) PreviewSetting(partner, mode string, changes vars) preview {
	p.Helper()
	input := vars{"partner": partner, "mode": mode, "version": p.Partner(partner).ReferralSetting.Version}
	maps.Copy(input, changes)
	var answer struct {
		Network struct{ PreviewPartnerReferralSetting preview }
	}
	p.As(admin).must(previewSetting, vars{"input": input}, &answer)
	return answer.Network.PreviewPartnerReferralSetting
}

func TestS7_aPreviewSaysWhatAChangeWouldDoAndCost(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, eve := p.Active("Ann"), p.Active("Eve")
		bob, cid, dan := p.Active("Bob", ann), p.Active("Cid", ann), p.Active("Dan", eve)
		p.Custom(eve, percent("50", "PAYOUT"))
		p.At("2026-05-30 10:00")
		p.Converts(bob, "2026-02-15 09:00", "1000") // more than 90 days ago
		p.Converts(bob, "2026-03-02 09:00", "100")
		p.Converts(cid, "2026-04-10 09:00", "40")
		p.Converts(dan, "2026-05-10 09:00", "10")
		sale := p.Converts(cid, "2026-05-29 09:00", "60")
		p.Adjust(sale, "2026-05-30 09:00", "0", "-30")

		for _, c := range []struct {
			name    string
			changes vars
			want    string
		}{
			{"nothing new", vars{"enabled": true}, "closed 0, opened 0, left expired 0, custom 1, cost 17.00 to 17.00"},
			{"twice the rate", vars{"structure": percent("20", "PAYOUT")}, "closed 2, opened 2, left expired 0, custom 1, cost 17.00 to 34.00"},
			{"another basis", vars{"structure": percent("1", "REVENUE")}, "closed 2, opened 2, left expired 0, custom 1, cost 17.00 to 20.00"},
			{"a minimum that one has reached", vars{"structure": tenPercent.from("500")}, "closed 2, opened 2, left expired 0, custom 1, cost 17.00 to 10.00"},
			{"a duration", vars{"structure": tenPercent.lasting(1, "MONTH")}, "closed 2, opened 2, left expired 0, custom 1, cost 17.00 to 10.00"},
			{"a flat fee", vars{"structure": flat("25")}, "closed 2, opened 2, left expired 0, custom 1, cost 17.00 to 0.00"},
			{"switched off", vars{"enabled": false}, "closed 2, opened 0, left expired 0, custom 1, cost 17.00 to 0.00"},
			{"and the custom ones with it", vars{"enabled": false, "disableCustom": true}, "closed 3, opened 0, left expired 0, custom 0, cost 22.00 to 0.00"},
		} {
			if got := p.PreviewSettings(c.changes).String(); got != c.want {
				p.Errorf("%s: %s\nwant %s", c.name, got, c.want)
			}
		}
		if got := p.PreviewSetting(eve, "INHERIT", nil).String(); got != "closed 1, opened 1, left expired 0, custom 0, cost 5.00 to 1.00" {
			p.Errorf("Eve inheriting: %s", got)
		}
		if got := p.PreviewSetting(ann, "CUSTOM", vars{"structure": percent("5", "PAYOUT")}).String(); got != "closed 2, opened 2, left expired 0, custom 0, cost 17.00 to 8.50" {
			p.Errorf("Ann on her own: %s", got)
		}

		// Tracked referrals have no accruals, and are counted by what their partners generated.
		p.Settings(vars{"enabled": false})
		if got := p.PreviewSettings(vars{"enabled": true}).String(); got != "closed 0, opened 2, left expired 0, custom 1, cost 0.00 to 17.00" {
			p.Errorf("switched on: %s", got)
		}
	})
}

// What a partner generated while one referrer held it, and another one later, costs what each of them would have earned.
func TestS7_aPreviewKnowsWhoseAPartnerWas(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, eve := p.Active("Ann"), p.Active("Eve")
		bob := p.Active("Bob", ann)
		p.At("2026-04-01 10:00")
		p.Assign(bob, eve)
		p.At("2026-05-30 10:00")
		p.Converts(bob, "2026-03-10 09:00", "100")
		p.Converts(bob, "2026-05-10 09:00", "40")
		p.Custom(ann, percent("50", "PAYOUT")) // too late for what Bob generated
		if got := p.PreviewSettings(vars{"structure": percent("20", "PAYOUT")}).String(); got != "closed 1, opened 1, left expired 0, custom 1, cost 4.00 to 8.00" {
			p.Errorf("of the network: %s", got)
		}
		if got := p.PreviewSetting(ann, "DISABLED", nil).String(); got != "closed 0, opened 0, left expired 0, custom 0, cost 50.00 to 0.00" {
			p.Errorf("of Ann: %s", got)
		}
	})
}

func TestS7_aPreviewIsRefusedAsTheChangeWouldBeAndForWhoMayNot(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		stale := vars{"input": vars{"version": 1, "structure": flat("5")}}
		p.As(admin).refused("PreviewReferralSettings", stale, "CONFLICT version")
		p.As(admin).refused("PreviewReferralSettings", vars{"input": vars{"version": 2, "structure": percent("0", "PAYOUT").from("-1")}},
			"BAD_USER_INPUT structure.commission.percentage.rate", "BAD_USER_INPUT structure.minimumEarnings")
		p.As(admin).refused("PreviewReferralSettings", vars{"input": vars{"version": 2, "structure": percent("x", "PAYOUT").from("-1")}},
			"BAD_USER_INPUT structure.commission.percentage.rate", "BAD_USER_INPUT structure.minimumEarnings")
		setting := vars{"input": vars{"partner": ann, "version": 1, "mode": "CUSTOM", "structure": flat("5")}}
		for _, who := range []account{manager, limited, tracker} {
			p.As(who).refused("PreviewReferralSettings", vars{"input": vars{"version": 2}}, "FORBIDDEN")
		}
		p.As(partnerOf(ann)).refused("PreviewReferralSettings", vars{"input": vars{"version": 2}}, "FORBIDDEN")
		p.As(limited).refused(previewSetting, setting, "NOT_FOUND partner")
		p.As(manager).must(previewSetting, setting, nil)
		p.As(tracker).refused(previewSetting, setting, "FORBIDDEN")
	})
}

// What a preview said is what happens, whatever the change, also where it is dated ahead; and until then nothing has
// changed, not even the log.
func TestS7_whatThePreviewSaidIsWhatHappens(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		var referrers, referred []string
		for i := range 4 {
			referrers = append(referrers, p.Active(fmt.Sprint("Ann ", i)))
		}
		for i := range 9 {
			referred = append(referred, p.Active(fmt.Sprint("Bob ", i), referrers[i%len(referrers)]))
		}
		random := rand.New(rand.NewPCG(7, 7))
		day := 1
		ahead := "" // a change that takes effect when the clock moves on
		var foretold preview
		for change := range 200 {
			if change%20 == 0 { // durations run out, and something comes in
				day += 9
				p.At(time.Date(2026, 2, day, 10, 0, 0, 0, p.zone).Format("2006-01-02 15:04"))
				if did := p.didDated(ahead); ahead != "" && did != foretold.impact.String() {
					p.Fatalf("before change %d, the change that was dated ahead did: %s\nthe preview said: %s", change, did, foretold)
				}
				p.Assign(referred[random.IntN(len(referred))], referrers[random.IntN(len(referrers))])
				for _, partner := range referred {
					p.Converts(partner, time.Date(2026, 2, day-1, 9, 0, 0, 0, p.zone).Format("2006-01-02 15:04"), strconv.Itoa(random.IntN(100)))
				}
			}
			before := ""
			looking := change%10 == 9
			if looking {
				before = p.state()
			}
			var said preview
			var done impact
			switch kind := random.IntN(2); {
			case change%20 == 19:
				changes := p.randomSettings(random)
				changes["effectiveOn"] = time.Date(2026, 2, day+1+random.IntN(9), 0, 0, 0, 0, p.zone).Format(time.DateOnly)
				said = p.PreviewSettings(changes)
				p.unchanged(before)
				dating := p.DateSettings(changes["effectiveOn"].(string), changes)
				done, ahead, foretold = dating.Impact, dating.DatedChange.ID, said
				done.CustomPartners = said.CustomPartners // which the answer is not asked for
			case kind == 0:
				changes := p.randomSettings(random)
				said = p.PreviewSettings(changes)
				if looking {
					p.unchanged(before)
				}
				done = p.Settings(changes)
			default:
				mode := []string{"INHERIT", "DISABLED", "CUSTOM"}[random.IntN(3)]
				changes := randomReach(random)
				if mode == "CUSTOM" {
					changes["structure"] = randomStructure(random)
				}
				partner := referrers[random.IntN(len(referrers))]
				said = p.PreviewSetting(partner, mode, changes)
				if looking {
					p.unchanged(before)
				}
				done = p.Setting(partner, mode, changes)
			}
			if said.impact.String() != done.String() || said.CustomPartners.TotalCount != done.CustomPartners.TotalCount {
				p.Fatalf("change %d did: %s, custom %d\nthe preview said: %s", change, done, done.CustomPartners.TotalCount, said)
			}
		}
	})
}

// state is what a preview must leave as it is: the settings, the rows of the report, and the log.
func (p *product) state() string {
	p.Helper()
	var answer struct {
		Network struct {
			AuditLog         struct{ TotalCount int }
			ReferralSettings struct {
				Version   int
				UpdatedAt *time.Time
			}
			Partners struct{ Nodes []partner }
		}
	}
	p.As(admin).must(`{ network { auditLog { totalCount } referralSettings { version updatedAt }
		partners(first: 100) { nodes { name version referralSetting { mode version structure { summary } effective { summary } } } } } }`, nil, &answer)
	rows, _ := p.Report("2026-01-01", "2026-12-31", nil)
	lines := []string{fmt.Sprintf("%+v", answer.Network.ReferralSettings), fmt.Sprint(answer.Network.AuditLog)}
	for _, of := range answer.Network.Partners.Nodes {
		lines = append(lines, fmt.Sprint(of.Name, of.Version, of.ReferralSetting.Mode, of.ReferralSetting.Version))
	}
	for _, r := range rows {
		lines = append(lines, r.ID+" "+r.String())
	}
	return strings.Join(lines, "\n")
}

func (p *product) unchanged(before string) {
	p.Helper()
	if after := p.state(); after != before {
		p.Fatalf("a preview changed\n%s\nto\n%s", before, after)
	}
}

func (p *product) randomSettings(random *rand.Rand) vars {
	p.Helper()
	changes := randomReach(random)
	switch random.IntN(6) {
	case 0:
		changes["enabled"] = false
		changes["disableCustom"] = random.IntN(2) == 0
	case 1:
		changes["structure"] = nil
	default:
		changes["enabled"], changes["structure"] = true, randomStructure(random)
	}
	return changes
}

// randomReach is for whom a change is.
func randomReach(random *rand.Rand) vars {
	switch random.IntN(5) {
	case 0:
		return vars{"applyTo": "NEW_REFERRALS"}
	case 1, 2:
		return vars{"reviveExpired": true}
	default:
		return vars{"applyTo": "ALL"}
	}
}

// didDated is what a change did that was dated ahead.
func (p *product) didDated(id string) string {
	p.Helper()
	if id == "" {
		return ""
	}
	return p.Dated(id).did()
}

func randomStructure(random *rand.Rand) structure {
	s := flat("5")
	if random.IntN(4) > 0 {
		s = percent([]string{"5", "10"}[random.IntN(2)], []string{"PAYOUT", "PROFIT"}[random.IntN(2)])
		if random.IntN(2) == 0 {
			s = s.lasting([]int{1, 3, 30}[random.IntN(3)], "DAY")
		}
	}
	if random.IntN(3) == 0 {
		s = s.from("50")
	}
	return s
}
