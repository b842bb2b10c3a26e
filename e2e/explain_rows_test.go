package e2e_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestP5_aRowAndALineSayWhatTheyShow(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, eve := p.Active("Ann"), p.Active("Eve")
		bob := p.Active("Bob", ann)
		p.Custom(eve, tenPercent.from("1000"))
		cid := p.Active("Cid", eve)
		p.Invoiced(ann, vars{"frequency": "MANUAL"})
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-02 09:00", "120")
		p.Converts(cid, "2026-02-02 09:00", "60")
		p.Bills(ann, "2026-02-02", "12.00 = 12.00 of 120.00 for Bob")
		type told struct{ Reason, Explanation string }
		var answer struct {
			Network struct {
				ReferralReport struct{ Rows struct{ Nodes []told } }
				Invoices       struct {
					Nodes []struct {
						Lines []struct{ Explanation string }
					}
				}
			}
			Viewer struct {
				Partner struct {
					ReferralReport struct{ Rows struct{ Nodes []told } }
					Invoices       struct {
						Nodes []struct {
							Lines []struct{ Explanation string }
						}
					}
				}
			}
		}
		const asked = `referralReport(from: "2026-02-01", to: "2026-02-28") { rows(orderBy: {field: REFERRED_DATE, direction: ASC}) { nodes { reason explanation } } } invoices { nodes { lines { explanation } } }`
		p.As(admin).must("{ network { "+asked+" } }", nil, &answer)
		p.As(partnerOf(ann)).must("{ viewer { partner { "+asked+" } } }", nil, &answer)
		rows, own := answer.Network.ReferralReport.Rows.Nodes, answer.Viewer.Partner.ReferralReport.Rows.Nodes
		for want, got := range map[string]string{
			"EARNED, The Balance is 12.00 USD., of 120.00 USD in payout":            fmt.Sprint(rows[0]),
			"BELOW_THRESHOLD, 6.00 USD wait below the threshold, of 1000.00 USD in": fmt.Sprint(rows[1]),
			"EARNED, The Balance is 12.00 USD., On invoices are 12.00 USD":          fmt.Sprint(own[0]),
			"of 120.00 USD in payout, of 1 conversion":                              answer.Network.Invoices.Nodes[0].Lines[0].Explanation,
			"which comes to 12.00 USD.":                                             answer.Viewer.Partner.Invoices.Nodes[0].Lines[0].Explanation,
		} {
			for _, part := range strings.Split(want, ", ") {
				if !strings.Contains(got, part) {
					p.Errorf("%q\nshould say %q", got, part)
				}
			}
		}
		if len(own) != 1 || strings.Contains(fmt.Sprint(own, answer.Viewer.Partner.Invoices), "120") {
			p.Errorf("Ann is told what Bob generated: %v", own)
		}
	})
}
