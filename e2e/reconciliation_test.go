package e2e_test

import (
	"testing"

	"github.com/shopspring/decimal"
)

func TestReconciliation_isForAdminAndSupportAndAddsUp(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, eve := p.Active("Ann"), p.Active("Eve")
		p.Custom(eve, tenPercent.from("1000"))
		bob, dan := p.Active("Bob", ann), p.Active("Dan", eve)
		p.At("2026-03-01 10:00")
		p.Converts(bob, "2026-02-05 09:00", "33.33")
		p.Converts(dan, "2026-02-05 09:00", "100")
		p.As(admin).must("RunBilling", vars{"through": "2026-02-28", "partner": ann}, nil)
		p.Converts(bob, "2026-02-06 09:00", "10")
		var answer struct {
			Network struct {
				Reconciliation struct {
					Earned, Billed, Unbilled, BelowThreshold, Forfeited, Rounding decimal.Decimal
					Balanced                                                      bool
					DifferenceCount                                               int
					Referrers                                                     struct {
						TotalCount int
						PageInfo   struct{ HasNextPage bool }
						Nodes      []struct {
							Referrer struct{ Name string }
							Earned   decimal.Decimal
						}
					}
				}
				Liability struct {
					Owed, Unpaid, Waiting, CarriedForward string
					Ages                                  []struct {
						FromDays int
						ToDays   *int
						Owed     string
					}
				}
			}
		}
		const document = `query ($network: ID!) { network(id: $network) {
			reconciliation { earned billed unbilled belowThreshold forfeited rounding balanced differenceCount differences { row }
				referrers(first: 1) { totalCount pageInfo { hasNextPage } nodes { referrer { name } earned } } }
			liability { owed unpaid waiting carriedForward ages { fromDays toDays owed } } } }`
		asked := vars{"network": p.network}
		p.As(support).must(document, asked, &answer)
		r := answer.Network.Reconciliation
		if !r.Balanced || r.DifferenceCount != 0 || r.Earned.String() != "14.33" || r.Billed.String() != "3.33" || r.Unbilled.String() != "1" ||
			r.BelowThreshold.String() != "10" || r.Rounding.String() != "-0.003" || r.Referrers.TotalCount != 2 || !r.Referrers.PageInfo.HasNextPage ||
			r.Referrers.Nodes[0].Referrer.Name != "Ann" || r.Referrers.Nodes[0].Earned.String() != "4.33" {
			p.Errorf("the reconciliation is %+v", r)
		}
		if l := answer.Network.Liability; l.Owed != "1.00" || l.Unpaid != "3.33" || l.Waiting != "10.00" || l.CarriedForward != "0.00" ||
			len(l.Ages) != 4 || l.Ages[0].Owed != "1.00" || *l.Ages[0].ToDays != 30 || l.Ages[3].ToDays != nil {
			p.Errorf("the liability is %+v", l)
		}
		for _, who := range []account{manager, limited, tracker, partnerOf(ann)} {
			p.As(who).refused("Reconciliation", asked, "FORBIDDEN")
			p.As(who).refused(`{ network { liability { owed } } }`, nil, "FORBIDDEN")
		}
	})
}
