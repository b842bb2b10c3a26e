package graph_test

import (
	"reflect"
	"testing"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph/generated"
	"partner.example/referrals/graph/scalar"
)

// Partners are read with the columns that a document asks for. Whatever field is asked for by itself, of partners in a list
// and of those that others refer to, is answered as it is where everything is.
func TestPartners_areTheSameWhateverElseIsAskedOfThem(t *testing.T) {
	const everything = "whole: billing { frequency }"
	below := map[string]string{
		"manager": "{ name }", "referredBy": "{ id name status }", "referralSetting": "{ mode effective { summary } }", "pendingChanges": "{ id }", "billing": "{ frequency }",
		"referralsMade": "{ totalCount nodes { referred { name } } }", "referralReport": `(from: "2025-09-01", to: "2026-12-31") { totals { billed } }`, "invoices": "{ nodes { number } }",
	}
	known := []string{"__typename"}
	for _, field := range generated.NewExecutableSchema(generated.Config{}).Schema().Types["Partner"].Fields {
		known = append(known, field.Name+below[field.Name])
	}
	databasetest.Each(t, func(t *testing.T, location string) {
		n := newHouse(t, location).newNetwork(3)
		limited := n.account(program.NewAccount{NetworkID: n.admin.NetworkID, Name: "Lea", Role: commission.PartnerManager, Scope: commission.Limited})
		limited.Limited = true
		n.ask(&n.admin, `mutation ($input: UpdatePartnerInput!) { updatePartner(input: $input) { partner { id } } }`, map[string]any{
			"input": map[string]any{"id": n.referred[0], "version": 2, "manager": accountID(limited), "email": "zoe@example.com"},
		}, nil)
		for _, who := range []*viewer.Viewer{&n.admin, &n.manager, &limited} {
			for _, field := range known {
				document := func(more string) string {
					return "{ network { partners(first: 10) { nodes { " + field + " " + more + " referredBy { name } } } } }"
				}
				var alone, among struct {
					Network struct {
						Partners struct{ Nodes []map[string]any }
					}
				}
				n.ask(who, document(""), nil, &alone)
				n.ask(who, document(everything), nil, &among)
				for _, partner := range among.Network.Partners.Nodes {
					delete(partner, "whole")
				}
				if !reflect.DeepEqual(alone, among) || len(alone.Network.Partners.Nodes) == 0 {
					t.Errorf("to %s, %s by itself is %v, and among others %v", who.Name, field, alone, among)
				}
			}
		}
	})
}

func accountID(v viewer.Viewer) string {
	return scalar.ID{Type: scalar.Account, Row: v.AccountID}.String()
}
