package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTimeline_tellsWhatHappenedToAReferralInOrderAndWhoDidIt(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent.from("50"))
		ann, eve := p.Active("Ann"), p.Active("Eve")
		bob := p.SignUp("Bob", *p.Partner(ann).ReferralLink)
		p.At("2026-02-03 10:00")
		p.Approve(bob)
		p.At("2026-02-05 10:00")
		p.Settings(vars{"structure": tenPercent.from("50").lasting(1, "MONTH")})
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-06 09:00", "80")
		p.Status(ann, "INACTIVE")
		p.Status(ann, "ACTIVE")
		p.At("2026-04-01 10:00")
		p.As(admin).must("RunBilling", vars{"through": "2026-02-28", "partner": ann}, nil)
		p.Assign(bob, eve, vars{"reason": "a mistake"})
		var answer struct {
			Network struct {
				Partner struct {
					ReferralsMade struct {
						Nodes []struct {
							Timeline []struct {
								At              time.Time
								Happening, Text string
								Actor           *struct{ Name string }
								Invoice         *struct{ Number int }
							}
						}
					}
				}
			}
		}
		const document = `query ($id: ID!) { network { partner(id: $id) { referralsMade { nodes {
			timeline { at happening text actor { name } invoice { number } } } } } } }`
		p.As(admin).must(document, vars{"id": ann}, &answer)
		var told []string
		timeline := answer.Network.Partner.ReferralsMade.Nodes[0].Timeline
		for i, e := range timeline {
			if i > 0 && e.At.Before(timeline[i-1].At) {
				p.Errorf("%s comes after what was later", e.Text)
			}
			line := e.Happening + " " + e.Text
			if e.Actor != nil && e.Actor.Name != "" {
				line += " " + e.Actor.Name
			}
			told = append(told, line)
		}
		want := []string{
			"SIGNED_UP Bob signed up by the link of Ann. sign-up page",
			"APPROVED Bob was approved. Ada Admin",
			"STARTED The referral started: Bob was referred by Ann, by link. Ada Admin",
			"TERM_OPENED A term opened: Ann earns 10% of payout, from 50.00 earned. Ada Admin",
			"TERM_CLOSED The term under 10% of payout, from 50.00 earned closed: another structure pays from here on. Ada Admin",
			"TERM_OPENED A term opened: Ann earns 10% of payout for 1 month, from 50.00 earned. Ada Admin",
			"THRESHOLD_REACHED On this day Bob reached the minimum of 50.00 USD.",
			"PAUSED Ann became INACTIVE: the referral does not earn. Ada Admin",
			"RESUMED Ann is not INACTIVE any more. Ada Admin",
			"TERM_EXPIRED The term under 10% of payout for 1 month, from 50.00 earned ran out.",
			"BILLED Invoice 1 pays 8.00 USD of it. Ada Admin",
			`ENDED Referred By was changed to Eve, and the referral ended. Reason: "a mistake". Ada Admin`,
		}
		if !slices.Equal(told, want) {
			p.Errorf("the timeline is\n\t%s\nwant\n\t%s", strings.Join(told, "\n\t"), strings.Join(want, "\n\t"))
		}
		p.As(partnerOf(ann)).refused(document, vars{"id": ann}, "FORBIDDEN")
	})
}

// To whom a referral went over is for those to know who see either of the two partners of the new one (rule R1).
func TestTimeline_doesNotNameAReferrerOutOfScope(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		lea := p.managerID(limited)
		ann, dan := p.person("Ann", lea), p.person("Dan", "")
		bob, her := p.person("Bob", "", vars{"referredBy": ann}), p.person("Her", lea, vars{"referredBy": ann})
		p.At("2026-02-02 10:00")
		p.Assign(bob, dan)
		p.Assign(her, dan)
		ended := func(who account) map[string]string {
			var answer struct {
				Network struct {
					Partner struct {
						ReferralsMade struct {
							Nodes []struct {
								Referred struct{ Name string }
								Timeline []struct{ Happening, Text string }
							}
						}
					}
				}
			}
			p.As(who).must(`query ($id: ID!) { network { partner(id: $id) { referralsMade { nodes { referred { name } timeline { happening text } } } } } }`, vars{"id": ann}, &answer)
			texts := map[string]string{}
			for _, referral := range answer.Network.Partner.ReferralsMade.Nodes {
				for _, e := range referral.Timeline {
					if e.Happening == "ENDED" {
						texts[referral.Referred.Name] = e.Text
					}
				}
			}
			return texts
		}
		const named, unnamed = "Referred By was changed to Dan, and the referral ended.", "Referred By was changed, and the referral ended."
		if got := ended(limited); got["Bob"] != unnamed || got["Her"] != named {
			p.Errorf("a LIMITED manager reads %q", got)
		}
		if got := ended(manager); got["Bob"] != named || got["Her"] != named {
			p.Errorf("a GLOBAL manager reads %q", got)
		}
	})
}
