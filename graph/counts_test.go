package graph_test

import (
	"testing"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/viewer"
)

// How many partners and referrals there are is not counted again until the network changes, also past this server, and
// nobody is told of more than it sees.
func TestCounts_holdUntilTheNextChange(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		h := newHouse(t, location)
		h.support = h.account(program.NewAccount{Name: "Sue", Role: commission.Support})
		n := h.newNetwork(3)
		limited := h.account(program.NewAccount{NetworkID: n.admin.NetworkID, Name: "Lim", Role: commission.PartnerManager, Scope: commission.Limited})
		limited.Limited = true
		see := func(who string, as *viewer.Viewer, partners, referrals int) (statements uint64) {
			t.Helper()
			var found struct {
				Network struct {
					Partners struct {
						TotalCount int
						Nodes      []struct{ ReferralsMade struct{ TotalCount int } }
					}
				}
			}
			statements = h.ask(as, `query ($network: ID!) { network(id: $network) { partners(first: 1) { totalCount nodes { referralsMade { totalCount } } } } }`,
				map[string]any{"network": n.id}, &found)
			made := 0
			for _, ann := range found.Network.Partners.Nodes {
				made = ann.ReferralsMade.TotalCount
			}
			if total := found.Network.Partners.TotalCount; total != partners || made != referrals {
				t.Errorf("%s sees %d partners, the first of whom made %d referrals: there are %d and %d", who, total, made, partners, referrals)
			}
			return statements
		}
		counting := see("the admin", &n.admin, 8, 3)
		if knowing := see("the admin", &n.admin, 8, 3); knowing != counting-2 {
			t.Errorf("a page takes %d statements, and %d when it is known how many there are", counting, knowing)
		}
		see("a global manager", &n.manager, 8, 3)
		see("support", &h.support, 8, 3)
		see("a limited manager", &limited, 0, 0)

		var made struct {
			CreatePartner struct {
				Partner struct {
					ReferredBy struct{ ReferralsMade struct{ TotalCount int } }
				}
			}
		}
		h.ask(&n.admin, `mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { partner { referredBy { referralsMade { totalCount } } } } }`,
			map[string]any{"input": map[string]any{"name": "Zoe", "status": "ACTIVE", "referredBy": n.ann}}, &made)
		if count := made.CreatePartner.Partner.ReferredBy.ReferralsMade.TotalCount; count != 4 {
			t.Errorf("who referred one more is said to have referred %d: it is 4", count)
		}
		see("the admin", &n.admin, 9, 4)

		_, err := h.programs.CreatePartner(viewer.With(t.Context(), limited), n.admin.NetworkID, program.NewPartner{Name: "Zed", Status: commission.PartnerPending})
		if err != nil {
			t.Fatal(err)
		}
		see("the admin", &n.admin, 10, 4)
		see("a global manager", &n.manager, 10, 4)
		see("a limited manager", &limited, 1, 0)
	})
}
