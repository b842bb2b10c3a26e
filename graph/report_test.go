package graph_test

import (
	"encoding/json"
	"strings"
	"testing"

	"partner.example/referrals/ent/database/databasetest"
)

// The reports of a page are shown together, and each is refused by itself.
func TestReports_ofAPageAreRefusedOneByOne(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		n := newHouse(t, location).newNetwork(3)
		var first struct {
			Network struct {
				Partner struct {
					ReferralReport struct {
						Rows struct{ Edges []struct{ Cursor string } }
					}
				}
			}
		}
		n.ask(&n.admin, `query ($ann: ID!) { network { partner(id: $ann) { referralReport(from: "2025-09-01", to: "2026-12-31") {
			rows(first: 100) { edges { cursor } }
		} } } }`, map[string]any{"ann": n.ann}, &first)
		answer := n.send(t.Context(), &n.admin, `query ($after: String) { network { partners(first: 100) { nodes {
			name referredBy { name referralReport(from: "2025-09-01", to: "2026-12-31") { rows(first: 1, after: $after) { nodes { id } } } }
		} } } }`, map[string]any{"after": first.Network.Partner.ReferralReport.Rows.Edges[0].Cursor})
		var told struct {
			Errors []struct{ Message string }
			Data   struct {
				Network struct {
					Partners struct {
						Nodes []struct {
							Name       string
							ReferredBy *struct {
								Name           string
								ReferralReport struct {
									Rows struct{ Nodes []struct{ ID string } }
								}
							}
						}
					}
				}
			}
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &told); err != nil {
			t.Fatal(err)
		}
		shown := 0
		for _, partner := range told.Data.Network.Partners.Nodes {
			if of := partner.ReferredBy; of != nil {
				shown++
				if of.Name != "Ann" || len(of.ReferralReport.Rows.Nodes) != 1 {
					t.Errorf("of %s is shown %+v, by a cursor of Ann's", partner.Name, *of)
				}
			}
		}
		if shown != 3 || len(told.Errors) != 3 || !strings.Contains(told.Errors[0].Message, "cursor") {
			t.Errorf("the cursor shows rows of %d referrers, and is refused as %+v", shown, told.Errors)
		}
	})
}
