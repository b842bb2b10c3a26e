// Package rule says who may see and change which rows: docs/rules.md section 8 as ent's privacy
// policies. They hold for every query and every mutation, also of a resolver that forgets to ask [R2],
// and hand-written SQL narrows itself by the same scopes.
package rule

import (
	"context"
	"errors"
	"fmt"

	entgo "entgo.io/ent"
	"entgo.io/ent/dialect/sql"

	"partner.example/referrals/commission"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/intercept"
	"partner.example/referrals/ent/generated/privacy"
	"partner.example/referrals/ent/viewer"
)

// Scope narrows a statement on a table to the rows that a viewer may reach.
type Scope func(v viewer.Viewer, rows *sql.Selector)

// Roles says for each role which rows it reaches; a role that is not named reaches none.
type Roles map[commission.Role]Scope

// Policy is who may see and who may change the rows of one table. Nobody who is not named may, but the
// program itself.
func Policy(see, change Roles) entgo.Policy {
	return privacy.Policy{
		Query: privacy.QueryPolicy{privacy.QueryRuleFunc(func(ctx context.Context, q ent.Query) error {
			narrow, err := see.of(ctx)
			if err != nil {
				return err
			}
			query, err := intercept.NewQuery(q)
			if err != nil {
				return err
			}
			query.WhereP(narrow)
			return privacy.Allow
		})},
		Mutation: privacy.MutationPolicy{privacy.MutationRuleFunc(func(ctx context.Context, m ent.Mutation) error {
			narrow, err := change.of(ctx)
			if err != nil {
				return err
			}
			if v, _ := viewer.From(ctx); v.IsSystem() {
				return privacy.Allow
			}
			if err := itsOwnRow(m); err != nil {
				return err
			}
			if m.Op().Is(ent.OpCreate) {
				return mayCreate(ctx, m, narrow)
			}
			existing, ok := m.(interface{ WhereP(...func(*sql.Selector)) })
			if !ok {
				return privacy.Denyf("%s cannot be narrowed", m.Type())
			}
			existing.WhereP(narrow)
			return privacy.Allow
		})},
	}
}

// Referrals says who sees which referrals, and with them the terms and the rows of the report.
var Referrals = Roles{
	commission.Admin:          OfTheNetwork,
	commission.PartnerManager: OfManaged("referrer_id"),
	commission.PartnerUser:    OfItself("referrer_id"),
	commission.Support:        Everywhere,
}

// Decisions says of whose referrals it is seen what staff decided on them beside the rules: grants, and what was taken away.
// A referrer sees what came of it, and not why.
var Decisions = Roles{
	commission.Admin:          Referrals[commission.Admin],
	commission.PartnerManager: Referrals[commission.PartnerManager],
	commission.Support:        Referrals[commission.Support],
}

// Invoices says who sees which invoices: a partner its own, not the hidden ones [I6].
var Invoices = Roles{
	commission.Admin:          OfTheNetwork,
	commission.PartnerManager: OfManaged("partner_id"),
	commission.PartnerUser: func(v viewer.Viewer, rows *sql.Selector) {
		OfItself("partner_id")(v, rows)
		rows.Where(sql.EQ(rows.C("hidden"), false))
	},
	commission.Support: Everywhere,
}

// Conversions says who sees what the tracking platform reported: a LIMITED manager what the partners that it manages
// generated, and what counts for them as referrers, so that it can follow every amount that it sees [P5].
var Conversions = Roles{
	commission.Admin: OfTheNetwork,
	commission.PartnerManager: func(v viewer.Viewer, rows *sql.Selector) {
		OfTheNetwork(v, rows)
		if v.Limited {
			accruals, terms, referrals := sql.Table("accrual"), sql.Table("referral_term"), sql.Table("referral")
			counted := sql.Select(accruals.C("id")).From(accruals).
				Join(terms).On(terms.C("id"), accruals.C("term_id")).
				Join(referrals).On(referrals.C("id"), terms.C("referral_id")).
				Where(sql.In(referrals.C("referrer_id"), managed(v)))
			rows.Where(sql.Or(sql.In(rows.C("partner_id"), managed(v)), sql.In(rows.C("accrual_id"), counted)))
		}
	},
	commission.Support: Everywhere,
}

// Narrow applies the viewer's scope to a hand-written statement on the table.
func (r Roles) Narrow(ctx context.Context, rows *sql.Selector) error {
	narrow, err := r.of(ctx)
	if err == nil {
		narrow(rows)
	}
	return err
}

// of is the viewer's own scope, as a narrowing of rows; an error where it has none.
func (r Roles) of(ctx context.Context) (func(*sql.Selector), error) {
	v, ok := viewer.From(ctx)
	if !ok {
		return nil, privacy.Denyf("no viewer in the context")
	}
	if v.IsSystem() {
		return everyRow, nil
	}
	scope, ok := r[v.Role]
	if !ok {
		return nil, privacy.Denyf("the role %s reaches no such rows", v.Role)
	}
	return func(rows *sql.Selector) { scope(v, rows) }, nil
}

func everyRow(*sql.Selector) {}

// itsOwnRow refuses what a narrowed mutation does beside its narrowing. Nobody but the program itself deletes.
// An update of nothing answers with the row of any id. And an edge that is no column of the row, by our
// convention one called edge_id, changes rows of another table, whoever they belong to.
func itsOwnRow(m ent.Mutation) error {
	if m.Op().Is(ent.OpDelete | ent.OpDeleteOne) {
		return privacy.Denyf("only the program itself deletes a %s", m.Type())
	}
	if m.Op().Is(ent.OpUpdateOne) && len(m.Fields())+len(m.AddedFields())+len(m.ClearedFields()) == 0 {
		return privacy.Denyf("an update of a %s that changes nothing", m.Type())
	}
	for _, edge := range append(m.AddedEdges(), m.ClearedEdges()...) {
		if _, set := m.Field(edge + "_id"); !set && !m.FieldCleared(edge+"_id") {
			return privacy.Denyf("%s of a %s are changed by themselves", edge, m.Type())
		}
	}
	if removed := m.RemovedEdges(); len(removed) > 0 {
		return privacy.Denyf("%s of a %s are changed by themselves", removed[0], m.Type())
	}
	return nil
}

// mayCreate holds a new row to the network of who creates it, and to what it may change there.
func mayCreate(ctx context.Context, m ent.Mutation, narrow func(*sql.Selector)) error {
	v, _ := viewer.From(ctx)
	row, ok := m.(interface{ NetworkID() (int, bool) })
	if !ok {
		return privacy.Denyf("only the program itself creates a %s", m.Type())
	}
	if network, set := row.NetworkID(); !set || network != v.NetworkID {
		return privacy.Denyf("a %s of another network", m.Type())
	}
	if !v.Limited {
		return privacy.Allow
	}
	switch reached, err := reaches(ctx, m, narrow); {
	case err != nil:
		return err
	case !reached:
		return privacy.Denyf("a %s out of scope", m.Type())
	default:
		return privacy.Allow
	}
}

// reaches tells whether a scope would reach a row that is yet to be created: it asks the database for the
// row's values, as if they were a row of the table.
func reaches(ctx context.Context, m ent.Mutation, narrow func(*sql.Selector)) (bool, error) {
	change, ok := m.(interface{ Client() *ent.Client })
	if !ok {
		return false, privacy.Denyf("%s cannot be narrowed", m.Type())
	}
	created := sql.Select()
	for _, column := range []string{"network_id", "manager_id", "partner_id", "referrer_id", "referred_id"} { // scopes go by these
		value, _ := m.Field(column)
		created.AppendSelectExprAs(sql.ExprFunc(func(b *sql.Builder) { b.Arg(value) }), column)
	}
	found := sql.SelectExpr(sql.Raw("1")).From(created.As("created")).As("created")
	narrow(found)
	query, args := found.Query()
	rows, err := change.Client().QueryContext(ctx, query, args...)
	if err != nil {
		return false, fmt.Errorf("narrow a new %s: %w", m.Type(), err)
	}
	reached := rows.Next()
	return reached, errors.Join(rows.Err(), rows.Close())
}

// Nobody reaches rows that only the program itself reads and writes.
func Nobody() Roles { return Roles{} }

// Everywhere is every row: for support staff.
func Everywhere(viewer.Viewer, *sql.Selector) {}

// OfTheNetwork is every row of the viewer's network.
func OfTheNetwork(v viewer.Viewer, rows *sql.Selector) {
	rows.Where(sql.EQ(rows.C("network_id"), v.NetworkID))
}

// TheNetworkItself is the row of the viewer's network.
func TheNetworkItself(v viewer.Viewer, rows *sql.Selector) {
	rows.Where(sql.EQ(rows.C("id"), v.NetworkID))
}

// OfManaged is every row of the network, for a LIMITED manager only those whose column names a partner
// that it manages.
func OfManaged(column string) Scope {
	return func(v viewer.Viewer, rows *sql.Selector) {
		OfTheNetwork(v, rows)
		if v.Limited {
			rows.Where(sql.In(rows.C(column), managed(v)))
		}
	}
}

// Managed is every partner of the network, for a LIMITED manager only those that it manages.
func Managed(v viewer.Viewer, partners *sql.Selector) {
	OfTheNetwork(v, partners)
	if v.Limited {
		partners.Where(sql.EQ(partners.C("manager_id"), v.AccountID))
	}
}

// ChangesOfManaged is the changes of partners' settings that were dated ahead, for a LIMITED manager those of partners
// that it manages. What will become of the network's own settings is an ADMIN's business.
func ChangesOfManaged(v viewer.Viewer, changes *sql.Selector) {
	OfManaged("partner_id")(v, changes)
	changes.Where(sql.NotNull(changes.C("partner_id")))
}

// OfEveryNetwork is the rows of all networks, and none that is about support staff itself.
func OfEveryNetwork(_ viewer.Viewer, rows *sql.Selector) {
	rows.Where(sql.NotNull(rows.C("network_id")))
}

// EventsOfManaged is what happened to the partners of the network and to their referrals and invoices, for a LIMITED
// manager to those that it manages. Who signs in, and by what, is an ADMIN's business.
func EventsOfManaged(v viewer.Viewer, events *sql.Selector) {
	OfManaged("partner_id")(v, events)
	events.Where(sql.And(sql.NotNull(events.C("partner_id")), sql.NotIn(events.C("subject_type"), "Account", "Token")))
}

// WhoManage is the accounts that can be named as a partner's manager; for a LIMITED manager, whose partners name no
// other, itself.
func WhoManage(v viewer.Viewer, accounts *sql.Selector) {
	if v.Role != commission.Support {
		OfTheNetwork(v, accounts)
	}
	accounts.Where(sql.And(sql.NotNull(accounts.C("network_id")), sql.In(accounts.C("role"), commission.Admin, commission.PartnerManager)))
	if v.Limited {
		accounts.Where(sql.EQ(accounts.C("id"), v.AccountID))
	}
}

// OfItself is the rows whose column names the partner that the viewer is.
func OfItself(column string) Scope {
	return func(v viewer.Viewer, rows *sql.Selector) {
		OfTheNetwork(v, rows)
		rows.Where(sql.EQ(rows.C(column), v.PartnerID))
	}
}

// ThroughAll is, for each role, the rows whose column names a row of another table that the role reaches
// there.
func ThroughAll(column, table string, roles Roles) Roles {
	through := Roles{}
	for role, scope := range roles {
		through[role] = func(v viewer.Viewer, rows *sql.Selector) {
			there := sql.Table(table)
			reached := sql.Select(there.C("id")).From(there)
			scope(v, reached)
			rows.Where(sql.In(rows.C(column), reached))
		}
	}
	return through
}

// ManagedPartners is the partners that a manager manages, and those that these referred or were
// referred by: of the latter it is shown no more than the name and the status.
func ManagedPartners(v viewer.Viewer, rows *sql.Selector) {
	OfTheNetwork(v, rows)
	if v.Limited {
		rows.Where(sql.Or(
			sql.EQ(rows.C("manager_id"), v.AccountID),
			sql.In(rows.C("id"), referralEnds("referred_id", "referrer_id", managed(v))),
			sql.In(rows.C("id"), referrersOf(managed(v))),
		))
	}
}

// PartnerItself is the partner that the viewer is, and those that it referred: of these it is shown no
// more than the name and the status.
func PartnerItself(v viewer.Viewer, rows *sql.Selector) {
	OfTheNetwork(v, rows)
	referrals := sql.Table("referral")
	rows.Where(sql.Or(
		sql.EQ(rows.C("id"), v.PartnerID),
		sql.In(rows.C("id"), sql.Select(referrals.C("referred_id")).From(referrals).Where(sql.EQ(referrals.C("referrer_id"), v.PartnerID))),
	))
}

// StructuresOfManaged is every structure of the network; for a LIMITED manager the Global Setting, which it may read,
// and how the partners that it manages are paid, were, or were to be.
func StructuresOfManaged(v viewer.Viewer, rows *sql.Selector) {
	OfTheNetwork(v, rows)
	if !v.Limited {
		return
	}
	terms, referrals := sql.Table("referral_term"), sql.Table("referral")
	partner, network, dated := sql.Table("partner").As("paid"), sql.Table("network"), sql.Table("dated_change")
	rows.Where(sql.Or(
		sql.In(rows.C("id"), sql.Select(terms.C("structure_id")).From(terms).Join(referrals).On(referrals.C("id"), terms.C("referral_id")).
			Where(sql.In(referrals.C("referrer_id"), managed(v)))),
		sql.In(rows.C("id"), sql.Select(partner.C("referral_structure_id")).From(partner).
			Where(sql.And(sql.EQ(partner.C("manager_id"), v.AccountID), sql.NotNull(partner.C("referral_structure_id"))))),
		sql.In(rows.C("id"), sql.Select(network.C("referral_structure_id")).From(network).
			Where(sql.And(sql.EQ(network.C("id"), v.NetworkID), sql.NotNull(network.C("referral_structure_id"))))),
		sql.In(rows.C("id"), sql.Select(dated.C("structure_id")).From(dated).
			Where(sql.And(sql.In(dated.C("partner_id"), managed(v)), sql.NotNull(dated.C("structure_id"))))),
	))
}

// OwnStructures is how the viewer's own referrals pay: the structures of its terms, of its own setting
// and, where that inherits, of the Global Setting. Nobody else's rate is among them.
func OwnStructures(v viewer.Viewer, rows *sql.Selector) {
	OfTheNetwork(v, rows)
	terms, referrals := sql.Table("referral_term"), sql.Table("referral")
	partner, inheriting, network := sql.Table("partner").As("own"), sql.Table("partner").As("inheriting"), sql.Table("network")
	rows.Where(sql.Or(
		sql.In(rows.C("id"), sql.Select(terms.C("structure_id")).From(terms).Join(referrals).On(referrals.C("id"), terms.C("referral_id")).
			Where(sql.EQ(referrals.C("referrer_id"), v.PartnerID))),
		sql.In(rows.C("id"), sql.Select(partner.C("referral_structure_id")).From(partner).
			Where(sql.And(sql.EQ(partner.C("id"), v.PartnerID), sql.EQ(partner.C("referral_mode"), commission.Custom)))),
		sql.In(rows.C("id"), sql.Select(network.C("referral_structure_id")).From(network).
			Join(inheriting).On(inheriting.C("network_id"), network.C("id")).
			Where(sql.And(sql.EQ(inheriting.C("id"), v.PartnerID), sql.EQ(inheriting.C("referral_mode"), commission.Inherit), sql.EQ(network.C("referral_enabled"), true)))),
	))
}

func managed(v viewer.Viewer) *sql.Selector {
	partners := sql.Table("partner").As("managed")
	return sql.Select(partners.C("id")).From(partners).Where(sql.EQ(partners.C("manager_id"), v.AccountID))
}

func referralEnds(end, other string, of *sql.Selector) *sql.Selector {
	referrals := sql.Table("referral").As("referrals")
	return sql.Select(referrals.C(end)).From(referrals).Where(sql.In(referrals.C(other), of))
}

func referrersOf(partners *sql.Selector) *sql.Selector {
	referred := sql.Table("partner").As("referred")
	return sql.Select(referred.C("referred_by_id")).From(referred).
		Where(sql.And(sql.NotNull(referred.C("referred_by_id")), sql.In(referred.C("id"), partners)))
}

// SeenWhole is the partners that the viewer sees all of, as SeesAllOf tells: what lists and searches go over.
func SeenWhole(v viewer.Viewer, partners *sql.Selector) {
	switch {
	case v.IsSystem():
	case v.Role == commission.PartnerUser:
		OfItself("id")(v, partners)
	case v.Role != commission.Support:
		Managed(v, partners)
	}
}

// SeesAllOf tells whether everything about a partner may be shown to the viewer, and not only its name
// and its status.
func SeesAllOf(v viewer.Viewer, partner *ent.Partner) bool {
	switch {
	case v.IsSystem():
		return true
	case !v.Sees(partner.NetworkID):
		return false
	case v.Role == commission.PartnerUser:
		return partner.ID == v.PartnerID
	case v.Limited:
		return partner.ManagerID != nil && *partner.ManagerID == v.AccountID
	default:
		return true
	}
}
