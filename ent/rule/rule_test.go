package rule_test

import (
	"context"
	stdsql "database/sql"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	entsql "entgo.io/ent/dialect/sql"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/datedchange"
	"partner.example/referrals/ent/generated/invoice"
	"partner.example/referrals/ent/generated/network"
	"partner.example/referrals/ent/generated/partner"
	"partner.example/referrals/ent/generated/partnerstatus"
	"partner.example/referrals/ent/generated/privacy"
	"partner.example/referrals/ent/generated/referral"
	"partner.example/referrals/ent/generated/retroactivegrant"
	"partner.example/referrals/ent/rule"
	"partner.example/referrals/ent/viewer"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// The policy, as docs/rules.md section 8 has it, for the network acme; zeta is the other one, where the
// partner zed referred zoe. In acme, cid referred ann, ann referred bob and dan referred eve; gus will have
// referred flo once flo is approved. The LIMITED manager manages ann and flo.
//
// Who is not named may not even ask.
const (
	partners  = "ann bob cid dan eve flo gus"
	referrals = "ann-bob cid-ann dan-eve"
	invoices  = "ann ann-hidden bob"
	accounts  = "admin ann bob global limited tracker"
	all       = "all" // of both networks
)

var sees = map[string]map[string]string{
	"Network": {
		"admin": "acme", "global": "acme", "limited": "acme", "ann": "acme", "bob": "acme", "tracker": "acme", "staff": all,
	},
	"Partner": {
		"admin": partners, "global": partners, "staff": all,
		"limited": "ann bob cid flo gus", // of bob, cid and gus, who are at the other end of a referral, the name
		"ann":     "ann bob",             // of bob the name; of its own referrer nothing
		"bob":     "bob",
	},
	"PartnerStatus": {"admin": partners, "global": partners, "limited": "ann flo", "staff": all},
	"Conversion": {
		"admin": partners, "global": partners, "staff": all,
		"limited": "ann bob flo", // what ann is paid for includes bob's
	},
	"Referral": {
		"admin": referrals, "global": referrals, "staff": all,
		"limited": "ann-bob", "ann": "ann-bob", "bob": "", // where the referrer is in scope
	},
	"ReferralTerm": {
		"admin": referrals, "global": referrals, "staff": all,
		"limited": "ann-bob", "ann": "ann-bob", "bob": "",
	},
	"RetroactiveGrant": {"admin": referrals, "global": referrals, "staff": all, "limited": "ann-bob"}, // the referrer is told what it earns, and not why
	"CommissionVoid":   {"admin": referrals, "global": referrals, "staff": all, "limited": "ann-bob"},

	"Invoice":     {"admin": invoices, "global": invoices, "limited": "ann ann-hidden", "ann": "ann", "bob": "bob", "staff": all},
	"InvoiceLine": {"admin": invoices, "global": invoices, "limited": "ann ann-hidden", "ann": "ann", "bob": "bob", "staff": all},
	"CommissionStructure": {
		"admin": "10% 20% 30% 40% 5%", "global": "10% 20% 30% 40% 5%", "staff": all,
		"limited": "10% 20% 30% 5%", // of ann's term, of its setting as it is and as it is to be, and of the Global Setting
		"ann":     "10% 20%",        // of its term and of its setting, and not by what its own referrer is paid
		"bob":     "5%",             // of the Global Setting, which it inherits
	},
	"DatedChange": {"admin": "acme ann bob", "global": "ann bob", "limited": "ann", "staff": all}, // that of the network is an ADMIN's
	"Account": {
		"admin": accounts, "limited": "limited",
		"global": "admin global limited", "staff": "admin global limited zack", // who can be named as a manager
	},
	"Token":            {"admin": accounts},
	"AuditEvent":       {"admin": "acme ann ann's-account bob cid dan eve flo gus", "global": partners, "limited": "ann flo", "staff": "acme ann ann's-account bob cid dan eve flo gus zed zeta zoe"},
	"Accrual":          {}, // these are the program's own
	"EarningDay":       {},
	"Gate":             {},
	"IdentityProvider": {},
	"IdempotencyKey":   {},
}

var changes = map[string]map[string]string{
	"Network":             {"admin": "acme"},
	"Partner":             {"admin": partners, "global": partners, "limited": "ann flo"},
	"PartnerStatus":       {"admin": partners, "global": partners, "limited": "ann flo"},
	"Referral":            {"admin": referrals, "global": referrals, "limited": "cid-ann"}, // where the referred partner is in scope
	"Invoice":             {"admin": invoices},
	"RetroactiveGrant":    {"admin": referrals},
	"CommissionVoid":      {"admin": ""}, // made, and never changed
	"DatedChange":         {"admin": "acme ann bob", "global": "ann bob", "limited": "ann"},
	"CommissionStructure": {"admin": "", "global": "", "limited": ""}, // made, and never changed
}

// eachWorld runs a test on every engine.
func eachWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, location string) { test(t, newWorld(t, location)) })
}

func TestWithoutAViewer_nothingIsReadOrWritten(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for kind, client := range clients(w.db.Client) {
			for operation, attempt := range operations {
				if err := attempt(context.Background(), client); !errors.Is(err, privacy.Deny) {
					t.Errorf("%s of %s: %v, want it denied", operation, kind, err)
				}
			}
		}
	})
}

func TestEveryTable_hasAPolicy(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		kinds := slices.Sorted(maps.Keys(clients(w.db.Client)))
		if named := slices.Sorted(maps.Keys(sees)); !slices.Equal(kinds, named) {
			t.Errorf("the tables are %v, this test knows %v", kinds, named)
		}
		for _, kind := range kinds {
			if ids, err := idsOf(program(), clients(w.db.Client)[kind]); err != nil || len(ids) < 2 {
				t.Errorf("%s: %d rows, %v; the world needs one in each network", kind, len(ids), err)
			}
		}
	})
}

func TestEverybody_seesWhatIsTheirs(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for kind, client := range clients(w.db.Client) {
			for who := range w.viewers {
				ids, err := idsOf(w.as(who), client)
				want, may := sees[kind][who]
				switch {
				case who == "zack": // of the other network
				case !may:
					if !errors.Is(err, privacy.Deny) {
						t.Errorf("%s sees %s %q, %v; want it denied", who, kind, w.names(kind, ids), err)
					}
				case err != nil:
					t.Errorf("%s sees no %s: %v", who, kind, err)
				default:
					if want == all {
						want = w.everything(kind)
					}
					if kind == "AuditEvent" { // the world itself was logged; what it noted is meant
						ids = slices.DeleteFunc(ids, func(id int) bool { return !slices.Contains(slices.Collect(maps.Values(w.ids[kind])), id) })
					}
					if got := w.names(kind, ids); got != want {
						t.Errorf("%s sees %s %q, want %q", who, kind, got, want)
					}
				}
			}
		}
	})
}

// touched are changes that everybody may try, of one row and of all that there are.
var touched = map[string]struct {
	one     func(ctx context.Context, tx *database.Tx, id int) error
	all     func(ctx context.Context, tx *database.Tx) (int, error)
	changed func(tx *database.Tx) []int
}{
	"Network": {
		func(ctx context.Context, tx *database.Tx, id int) error {
			return tx.Network.UpdateOneID(id).SetName("touched").Exec(ctx)
		},
		func(ctx context.Context, tx *database.Tx) (int, error) {
			return tx.Network.Update().SetName("touched").Save(ctx)
		},
		func(tx *database.Tx) []int { return tx.Network.Query().Where(network.Name("touched")).IDsX(program()) },
	},
	"Partner": {
		func(ctx context.Context, tx *database.Tx, id int) error {
			return tx.Partner.UpdateOneID(id).SetName("touched").Exec(ctx)
		},
		func(ctx context.Context, tx *database.Tx) (int, error) {
			return tx.Partner.Update().Where(partner.NameNEQ("nobody")).SetName("touched").Save(ctx)
		},
		func(tx *database.Tx) []int { return tx.Partner.Query().Where(partner.Name("touched")).IDsX(program()) },
	},
	"PartnerStatus": {
		func(ctx context.Context, tx *database.Tx, id int) error {
			return tx.PartnerStatus.UpdateOneID(id).SetUntil(aDay).Exec(ctx)
		},
		func(ctx context.Context, tx *database.Tx) (int, error) {
			return tx.PartnerStatus.Update().Where(partnerstatus.UntilIsNil()).SetUntil(aDay).Save(ctx)
		},
		func(tx *database.Tx) []int {
			return tx.PartnerStatus.Query().Where(partnerstatus.UntilNotNil()).IDsX(program())
		},
	},
	"Referral": {
		func(ctx context.Context, tx *database.Tx, id int) error {
			return tx.Referral.UpdateOneID(id).SetEndReason("touched").Exec(ctx)
		},
		func(ctx context.Context, tx *database.Tx) (int, error) {
			return tx.Referral.Update().Where(referral.Or(referral.EndReason(""), referral.EndedAtIsNil())).SetEndReason("touched").Save(ctx)
		},
		func(tx *database.Tx) []int {
			return tx.Referral.Query().Where(referral.EndReason("touched")).IDsX(program())
		},
	},
	"Invoice": {
		func(ctx context.Context, tx *database.Tx, id int) error {
			return tx.Invoice.UpdateOneID(id).SetStatus(commission.Paid).Exec(ctx)
		},
		func(ctx context.Context, tx *database.Tx) (int, error) {
			return tx.Invoice.Update().Where(invoice.StatusEQ(commission.Unpaid)).SetStatus(commission.Paid).Save(ctx)
		},
		func(tx *database.Tx) []int {
			return tx.Invoice.Query().Where(invoice.StatusEQ(commission.Paid)).IDsX(program())
		},
	},
	"RetroactiveGrant": {
		func(ctx context.Context, tx *database.Tx, id int) error {
			return tx.RetroactiveGrant.UpdateOneID(id).SetEndReason("touched").Exec(ctx)
		},
		func(ctx context.Context, tx *database.Tx) (int, error) {
			return tx.RetroactiveGrant.Update().Where(retroactivegrant.EndReason("")).SetEndReason("touched").Save(ctx)
		},
		func(tx *database.Tx) []int {
			return tx.RetroactiveGrant.Query().Where(retroactivegrant.EndReason("touched")).IDsX(program())
		},
	},
	"CommissionVoid": { // nothing of it can be set
		func(ctx context.Context, tx *database.Tx, id int) error {
			return tx.CommissionVoid.UpdateOneID(id).Exec(ctx)
		},
		func(ctx context.Context, tx *database.Tx) (int, error) {
			return tx.CommissionVoid.Update().Save(ctx)
		},
		func(*database.Tx) []int { return nil },
	},
	"DatedChange": {
		func(ctx context.Context, tx *database.Tx, id int) error {
			return tx.DatedChange.UpdateOneID(id).SetStatus(commission.ChangeTakenBack).Exec(ctx)
		},
		func(ctx context.Context, tx *database.Tx) (int, error) {
			return tx.DatedChange.Update().Where(datedchange.StatusEQ(commission.ChangePending)).SetStatus(commission.ChangeTakenBack).Save(ctx)
		},
		func(tx *database.Tx) []int {
			return tx.DatedChange.Query().Where(datedchange.StatusEQ(commission.ChangeTakenBack)).IDsX(program())
		},
	},
	"CommissionStructure": { // nothing of it can be set
		func(ctx context.Context, tx *database.Tx, id int) error {
			return tx.CommissionStructure.UpdateOneID(id).Exec(ctx)
		},
		func(ctx context.Context, tx *database.Tx) (int, error) {
			return tx.CommissionStructure.Update().Save(ctx)
		},
		func(*database.Tx) []int { return nil },
	},
}

func TestEverybody_changesWhatIsTheirs(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for kind, roles := range changes {
			for who, want := range roles {
				w.try(w.as(who), t, func(ctx context.Context, tx *database.Tx) {
					count, err := touched[kind].all(ctx, tx)
					if got := w.names(kind, touched[kind].changed(tx)); err != nil || got != want || count != len(strings.Fields(want)) {
						t.Errorf("%s changes %d %s at once, %q, %v; want %q", who, count, kind, got, err, want)
					}
				})
				for name, id := range w.ids[kind] {
					w.try(w.as(who), t, func(ctx context.Context, tx *database.Tx) {
						err := touched[kind].one(ctx, tx, id)
						may := slices.Contains(strings.Fields(want), name)
						if refused := ent.IsNotFound(err) || errors.Is(err, privacy.Deny); may && err != nil || !may && !refused {
							t.Errorf("%s changes %s %s: %v, want that it may: %v", who, kind, name, err, may)
						}
						if changed := len(touched[kind].changed(tx)); !may && changed != 0 {
							t.Errorf("%s changed %s %s", who, kind, name)
						}
					})
				}
			}
		}
	})
}

func TestEverybodyElse_changesNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for who := range w.viewers {
			if who == "zack" {
				continue
			}
			w.try(w.as(who), t, func(ctx context.Context, tx *database.Tx) {
				for kind, client := range clients(tx.Client) {
					_, may := changes[kind][who]
					for _, operation := range []string{"Create", "CreateBulk", "Update", "UpdateOneID"} {
						if err := operations[operation](ctx, client); !may && !errors.Is(err, privacy.Deny) {
							t.Errorf("%s of %s by %s: %v, want it denied", operation, kind, who, err)
						}
					}
				}
			})
		}
	})
}

func TestNobody_deletes(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for who := range w.viewers {
			for kind, client := range clients(w.db.Client) {
				for _, operation := range []string{"Delete", "DeleteOneID"} {
					if err := operations[operation](w.as(who), client); !errors.Is(err, privacy.Deny) {
						t.Errorf("%s of %s by %s: %v, want it denied", operation, kind, who, err)
					}
				}
			}
		}
	})
}

// Not even the program itself rewrites what was done [R3].
func TestTheAuditLog_isOnlyAddedTo(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for who, ctx := range map[string]context.Context{"an ADMIN": w.as("admin"), "the program": program()} {
			w.try(ctx, t, func(ctx context.Context, tx *database.Tx) {
				for what, attempt := range map[string]func() error{
					"changes one": func() error { return tx.AuditEvent.UpdateOneID(w.of("AuditEvent", "ann")).Exec(ctx) },
					"deletes one": func() error { return tx.AuditEvent.DeleteOneID(w.of("AuditEvent", "ann")).Exec(ctx) },
					"deletes all": func() error { _, err := tx.AuditEvent.Delete().Exec(ctx); return err },
				} {
					if err := attempt(); err == nil {
						t.Errorf("%s %s", who, what)
					}
				}
			})
		}
	})
}

func TestNobody_createsWhatTheyCouldNotChange(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		acme, zeta := w.of("Network", "acme"), w.of("Network", "zeta")
		structure := func(tx *database.Tx, networkID int) *ent.CommissionStructureCreate {
			return tx.CommissionStructure.Create().SetNetworkID(networkID).SetCanonical("new").SetType(commission.TypePercentage).SetCreatedAt(aDay)
		}
		partnerOf := func(name string) int { return w.of("Partner", name) }
		attempts := map[string]struct {
			create func(ctx context.Context, tx *database.Tx) error
			by     string // who may
		}{
			"a partner": {func(ctx context.Context, tx *database.Tx) error {
				return newPartner(tx, acme, "new").Exec(ctx)
			}, "admin global"},
			"a partner of the LIMITED manager": {func(ctx context.Context, tx *database.Tx) error {
				return newPartner(tx, acme, "new").SetManagerID(w.of("Account", "limited")).Exec(ctx)
			}, "admin global limited"},
			"a partner of another manager": {func(ctx context.Context, tx *database.Tx) error {
				return newPartner(tx, acme, "new").SetManagerID(w.of("Account", "global")).Exec(ctx)
			}, "admin global"},
			"several partners, one of another manager": {func(ctx context.Context, tx *database.Tx) error {
				return tx.Partner.CreateBulk(
					newPartner(tx, acme, "new").SetManagerID(w.of("Account", "limited")),
					newPartner(tx, acme, "newer").SetManagerID(w.of("Account", "global")),
				).Exec(ctx)
			}, "admin global"},
			"a partner of another network": {func(ctx context.Context, tx *database.Tx) error {
				return newPartner(tx, zeta, "new").SetManagerID(w.of("Account", "limited")).Exec(ctx)
			}, "zack"},
			"a status of a partner in scope": {func(ctx context.Context, tx *database.Tx) error {
				return newStatus(tx, acme, partnerOf("ann")).Exec(ctx)
			}, "admin global limited"},
			"a status of another partner": {func(ctx context.Context, tx *database.Tx) error {
				return newStatus(tx, acme, partnerOf("bob")).Exec(ctx)
			}, "admin global"},
			"a referral of a partner in scope": {func(ctx context.Context, tx *database.Tx) error {
				return newReferral(tx, acme, partnerOf("dan"), partnerOf("flo")).Exec(ctx)
			}, "admin global limited"},
			"a referral of another partner": {func(ctx context.Context, tx *database.Tx) error {
				return newReferral(tx, acme, partnerOf("ann"), partnerOf("eve")).Exec(ctx)
			}, "admin global"},
			"a structure": {func(ctx context.Context, tx *database.Tx) error {
				return structure(tx, acme).Exec(ctx)
			}, "admin global limited"},
			"a structure of another network": {func(ctx context.Context, tx *database.Tx) error {
				return structure(tx, zeta).Exec(ctx)
			}, "zack"},
		}
		for what, attempt := range attempts {
			for who := range w.viewers {
				may := slices.Contains(strings.Fields(attempt.by), who)
				w.try(w.as(who), t, func(ctx context.Context, tx *database.Tx) {
					if err := attempt.create(ctx, tx); may && err != nil || !may && !errors.Is(err, privacy.Deny) {
						t.Errorf("%s creates %s: %v, want that it may: %v", who, what, err, may)
					}
				})
			}
		}
	})
}

// ent lets a mutation of one row change rows of other tables, whose policies it does not ask.
func TestEdges_areNoBackDoor(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ann, zed, zeds := w.of("Partner", "ann"), w.of("Partner", "zed"), w.of("Referral", "zed-zoe")
		for what, update := range map[string]func(p *ent.PartnerUpdateOne){
			"adds another network's referral":  func(p *ent.PartnerUpdateOne) { p.AddReferralsMadeIDs(zeds) },
			"adds another network's partner":   func(p *ent.PartnerUpdateOne) { p.AddReferredPartnerIDs(zed).SetName("x") },
			"removes another one's referral":   func(p *ent.PartnerUpdateOne) { p.RemoveReferralsMadeIDs(zeds).SetName("x") },
			"removes all its referrals":        func(p *ent.PartnerUpdateOne) { p.ClearReferralsMade().SetName("x") },
			"removes all partners it referred": func(p *ent.PartnerUpdateOne) { p.ClearReferredPartners() },
		} {
			w.try(w.as("admin"), t, func(ctx context.Context, tx *database.Tx) {
				p := tx.Partner.UpdateOneID(ann)
				update(p)
				if err := p.Exec(ctx); !errors.Is(err, privacy.Deny) {
					t.Errorf("an update that %s: %v, want it denied", what, err)
				}
			})
		}
		w.try(w.as("admin"), t, func(ctx context.Context, tx *database.Tx) {
			err := newPartner(tx, w.of("Network", "acme"), "new").AddReferralsMadeIDs(zeds).Exec(ctx)
			if !errors.Is(err, privacy.Deny) {
				t.Errorf("a new partner with another network's referral: %v, want it denied", err)
			}
			err = tx.Partner.UpdateOneID(ann).ClearManager().SetReferredByID(w.of("Partner", "dan")).Exec(ctx)
			if err != nil {
				t.Errorf("an edge that is a column of the row: %v", err)
			}
		})
	})
}

// ent answers an update of nothing with the row, whoever's it is.
func TestAnUpdateOfNothing_isNoWayToRead(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for who := range w.viewers {
			for _, name := range []string{"zed", "cid"} {
				w.try(w.as(who), t, func(ctx context.Context, tx *database.Tx) {
					if read, err := tx.Partner.UpdateOneID(w.of("Partner", name)).Save(ctx); err == nil {
						t.Errorf("%s reads %s", who, read.Name)
					}
				})
			}
		}
	})
}

func TestWhatIsLoadedAlong_isSeenByTheSameRules(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ann := partner.ID(w.of("Partner", "ann"))
		if got := w.db.Partner.Query().Where(ann).WithReferredBy().OnlyX(w.as("ann")); got.Edges.ReferredBy != nil {
			t.Errorf("ann sees her referrer, %s", got.Edges.ReferredBy.Name)
		}
		if got := w.db.Partner.Query().Where(ann).WithReferredBy().OnlyX(w.as("limited")); got.Edges.ReferredBy == nil {
			t.Error("the LIMITED manager does not see who referred ann")
		}
		if got := w.db.Partner.Query().Where(ann).WithReferralsMade().OnlyX(w.as("ann")); len(got.Edges.ReferralsMade) != 1 {
			t.Errorf("ann sees %d referrals of hers, want 1", len(got.Edges.ReferralsMade))
		}
		if _, err := w.db.Partner.Query().Where(ann).WithManager().Only(w.as("ann")); !errors.Is(err, privacy.Deny) {
			t.Errorf("ann sees accounts: %v", err)
		}
		if _, err := w.db.Network.Query().QueryReferralStructure().All(w.as("tracker")); !errors.Is(err, privacy.Deny) {
			t.Errorf("the tracker sees structures: %v", err)
		}
		if got := w.db.Partner.Query().QueryReferredBy().QueryReferredPartners().CountX(w.as("limited")); got != 3 { // ann, bob, flo
			t.Errorf("the LIMITED manager walks to %d partners, want 3", got)
		}
	})
}

func TestTheGlobalSetting_isShownToWhomItPays(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.try(program(), t, func(ctx context.Context, tx *database.Tx) {
			tx.Network.UpdateOneID(w.of("Network", "acme")).SetReferralEnabled(false).ExecX(ctx)
			if got := tx.CommissionStructure.Query().IDsX(w.as("bob")); len(got) != 0 {
				t.Errorf("bob, whom nothing pays, sees %q", w.names("CommissionStructure", got))
			}
		})
	})
}

func TestNarrow_scopesAStatementAsEntIsScoped(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for who := range w.viewers {
			rows := entsql.Dialect(w.db.Dialect()).Select("id").From(entsql.Table("referral"))
			err := rule.Referrals.Narrow(w.as(who), rows)
			want, wantErr := idsOf(w.as(who), clients(w.db.Client)["Referral"])
			if (err == nil) != (wantErr == nil) {
				t.Errorf("%s: %v by a statement, %v by ent", who, err, wantErr)
			}
			if err != nil {
				continue
			}
			var got []int
			query, args := rows.Query()
			err = database.Each(t.Context(), w.db, query, args, func(row *stdsql.Rows) error {
				var id int
				err := row.Scan(&id)
				got = append(got, id)
				return err
			})
			if slices.Sort(got); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s sees %q by a statement, %v; by ent %q", who, w.names("Referral", got), err, w.names("Referral", want))
			}
		}
		if err := rule.Referrals.Narrow(context.Background(), entsql.Select()); !errors.Is(err, privacy.Deny) {
			t.Errorf("without a viewer: %v, want it denied", err)
		}
	})
}

func TestSeesAllOf_isTrueOfPartnersInScope(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		want := map[string]string{
			"admin": partners, "global": partners, "limited": "ann flo", "ann": "ann", "bob": "bob",
			"tracker": partners, // which sees no partner in the first place
			"staff":   partners + " zed zoe", "zack": "zed zoe",
		}
		for who, v := range w.viewers {
			var ids []int
			for _, p := range w.db.Partner.Query().AllX(program()) {
				if rule.SeesAllOf(v, p) {
					ids = append(ids, p.ID)
				}
			}
			if got := w.names("Partner", ids); got != want[who] {
				t.Errorf("%s sees all of %q, want %q", who, got, want[who])
			}
		}
		v, _ := viewer.From(program())
		if p := w.db.Partner.GetX(program(), w.of("Partner", "zed")); !rule.SeesAllOf(v, p) {
			t.Error("the program itself does not see all")
		}
	})
}

// clients are the clients of all tables, by the type of their rows: a table that is added is among them.
func clients(client *ent.Client) map[string]reflect.Value {
	found := map[string]reflect.Value{}
	fields := reflect.ValueOf(client).Elem()
	for i := range fields.NumField() {
		if fields.Type().Field(i).IsExported() && fields.Field(i).MethodByName("Query").IsValid() {
			found[fields.Type().Field(i).Name] = fields.Field(i)
		}
	}
	return found
}

// operations are what can be tried on any table.
var operations = map[string]func(ctx context.Context, client reflect.Value) error{
	"Query": func(ctx context.Context, c reflect.Value) error { return end(ctx, call(c, "Query"), "All") },
	"Count": func(ctx context.Context, c reflect.Value) error { return end(ctx, call(c, "Query"), "Count") },
	"Exist": func(ctx context.Context, c reflect.Value) error { return end(ctx, call(c, "Query"), "Exist") },
	"IDs":   func(ctx context.Context, c reflect.Value) error { return end(ctx, call(c, "Query"), "IDs") },
	"First": func(ctx context.Context, c reflect.Value) error { return end(ctx, call(c, "Query"), "First") },
	"Aggregate": func(ctx context.Context, c reflect.Value) error {
		return end(ctx, call(call(c, "Query"), "Aggregate", ent.Count()), "Ints")
	},
	"Get": func(ctx context.Context, c reflect.Value) error {
		return failed(c.MethodByName("Get").Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(1)}))
	},
	"Create": func(ctx context.Context, c reflect.Value) error { return end(ctx, call(c, "Create"), "Save") },
	"CreateBulk": func(ctx context.Context, c reflect.Value) error {
		return end(ctx, c.MethodByName("CreateBulk").Call([]reflect.Value{call(c, "Create"), call(c, "Create")})[0], "Save")
	},
	"Update":      func(ctx context.Context, c reflect.Value) error { return end(ctx, call(c, "Update"), "Save") },
	"UpdateOneID": func(ctx context.Context, c reflect.Value) error { return end(ctx, call(c, "UpdateOneID", 1), "Save") },
	"Delete":      func(ctx context.Context, c reflect.Value) error { return end(ctx, call(c, "Delete"), "Exec") },
	"DeleteOneID": func(ctx context.Context, c reflect.Value) error { return end(ctx, call(c, "DeleteOneID", 1), "Exec") },
}

func call(on reflect.Value, method string, args ...any) reflect.Value {
	values := make([]reflect.Value, len(args))
	for i, arg := range args {
		values[i] = reflect.ValueOf(arg)
	}
	return on.MethodByName(method).Call(values)[0]
}

func end(ctx context.Context, on reflect.Value, method string) error {
	return failed(on.MethodByName(method).Call([]reflect.Value{reflect.ValueOf(ctx)}))
}

// failed is the error that a call returned last.
func failed(results []reflect.Value) error {
	err, _ := results[len(results)-1].Interface().(error)
	return err
}

func idsOf(ctx context.Context, client reflect.Value) ([]int, error) {
	results := call(client, "Query").MethodByName("IDs").Call([]reflect.Value{reflect.ValueOf(ctx)})
	ids, _ := results[0].Interface().([]int)
	slices.Sort(ids)
	return ids, failed(results)
}

// rowsOf is all rows of a table that somebody sees.
func rowsOf(ctx context.Context, client reflect.Value) []reflect.Value {
	found := call(client, "Query").MethodByName("All").Call([]reflect.Value{reflect.ValueOf(ctx)})[0]
	rows := make([]reflect.Value, found.Len())
	for i := range rows {
		rows[i] = found.Index(i).Elem()
	}
	return rows
}
