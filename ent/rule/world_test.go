package rule_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
)

var aDay = time.Date(2026, time.June, 30, 12, 0, 0, 0, time.UTC)

// world is two networks, with at least one row of every table in each, and those who ask.
type world struct {
	db      *database.Database
	ids     map[string]map[string]int // by the type of the row and its name
	viewers map[string]viewer.Viewer
}

// of is the id of a row.
func (w *world) of(kind, name string) int { return w.ids[kind][name] }

// names are the names of rows, in order.
func (w *world) names(kind string, ids []int) string {
	var names []string
	for name, id := range w.ids[kind] {
		if slices.Contains(ids, id) {
			names = append(names, name)
		}
	}
	if len(names) != len(ids) {
		names = append(names, "and rows that are not there")
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// everything is the names of all rows.
func (w *world) everything(kind string) string {
	var ids []int
	for _, id := range w.ids[kind] {
		ids = append(ids, id)
	}
	return w.names(kind, ids)
}

// as is the context of somebody who asks.
func (w *world) as(who string) context.Context {
	return audit.Because(viewer.With(context.Background(), w.viewers[who]), "test", "", aDay)
}

// program is the context of the program itself.
func program() context.Context {
	return audit.Because(viewer.AsSystem(context.Background(), "test"), "test", "", aDay)
}

var errUndo = errors.New("undo")

// try runs something in a transaction, and undoes it.
func (w *world) try(ctx context.Context, t *testing.T, work func(ctx context.Context, tx *database.Tx)) {
	t.Helper()
	err := w.db.Transact(ctx, func(ctx context.Context, tx *database.Tx) error {
		work(ctx, tx)
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Fatal(err)
	}
}

// newWorld makes what the tables of rule_test.go are about.
func newWorld(t *testing.T, location string) *world {
	t.Helper()
	w := &world{db: databasetest.Open(t, location), ids: map[string]map[string]int{}, viewers: map[string]viewer.Viewer{}}
	err := w.db.Transact(program(), func(ctx context.Context, tx *database.Tx) error {
		m := &maker{world: w, ctx: ctx, tx: tx}
		m.acme()
		m.zeta()
		m.network = 0
		m.account("staff", commission.Support, nil)
		m.event("staff", "Account", nil)
		return m.err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// maker makes rows and notes their names, until one fails.
type maker struct {
	*world
	ctx     context.Context
	tx      *database.Tx
	network int
	err     error
}

func (m *maker) acme() {
	m.newNetwork("acme")
	m.account("admin", commission.Admin, nil)
	m.account("global", commission.PartnerManager, nil)
	m.account("limited", commission.PartnerManager, func(v *viewer.Viewer) { v.Limited = true })
	m.account("tracker", commission.Tracker, nil)
	for _, rate := range []string{"5%", "10%", "20%", "30%", "40%"} {
		m.structure(rate)
	}
	m.did(m.tx.Network.UpdateOneID(m.network).SetReferralEnabled(true).SetReferralStructureID(m.of("CommissionStructure", "5%")).Exec(m.ctx))
	for _, name := range []string{"ann", "bob", "cid", "dan", "eve", "gus", "flo"} {
		m.partner(name)
	}
	for _, name := range []string{"ann", "flo"} {
		m.did(m.tx.Partner.UpdateOneID(m.of("Partner", name)).SetManagerID(m.of("Account", "limited")).Exec(m.ctx))
	}
	m.did(m.tx.Partner.UpdateOneID(m.of("Partner", "ann")).
		SetReferralMode(commission.Custom).SetReferralStructureID(m.of("CommissionStructure", "20%")).Exec(m.ctx))
	m.referral("ann", "bob", "10%")
	m.referral("cid", "ann", "40%")
	m.referral("dan", "eve", "5%")
	m.did(m.tx.Partner.UpdateOneID(m.of("Partner", "flo")).SetReferredByID(m.of("Partner", "gus")).Exec(m.ctx))
	m.dated("acme", nil, "40%")
	for name, rate := range map[string]string{"ann": "30%", "bob": "40%"} {
		m.dated(name, new(m.of("Partner", name)), rate)
	}
	m.invoice("ann", 1, "ann", false)
	m.invoice("ann-hidden", 2, "ann", true)
	m.invoice("bob", 3, "bob", false)
	for _, name := range []string{"ann", "bob"} {
		m.account(name, commission.PartnerUser, func(v *viewer.Viewer) { v.PartnerID = m.of("Partner", name) })
	}
	ann := m.of("Partner", "ann")
	m.event("ann's-account", "Account", &ann)
}

// dated makes a change that is dated ahead: of a partner's setting or, for nil, of the network's.
func (m *maker) dated(name string, partner *int, rate string) {
	row, err := m.tx.DatedChange.Create().SetNetworkID(m.network).SetNillablePartnerID(partner).SetEffectiveOn(1).SetEffectiveAt(aDay).
		SetChangesStructure(true).SetStructureID(m.of("CommissionStructure", rate)).SetApplyTo(commission.ToAll).
		SetReviveExpired(false).SetDisableCustom(false).SetAskedAt(aDay).SetAskedBy("admin").SetAskedAs("ADMIN").Save(m.ctx)
	m.note(name, row, err)
}

// invoice makes an invoice with a line.
func (m *maker) invoice(name string, number int, partner string, hidden bool) {
	row, err := m.tx.Invoice.Create().SetNetworkID(m.network).SetNumber(number).SetPartnerID(m.of("Partner", partner)).SetPartnerName(partner).
		SetFrom(0).SetTo(0).SetDueOn(0).SetStatus(commission.Unpaid).SetHidden(hidden).SetTotal(decimal.Zero).SetIssuedAt(aDay).Save(m.ctx)
	m.note(name, row, err)
	line, err := m.tx.InvoiceLine.Create().SetNetworkID(m.network).SetInvoiceID(m.of("Invoice", name)).SetType(commission.PartnerPayout).SetDescription("").
		SetFrom(0).SetTo(0).SetConversions(0).SetBasisAmount(decimal.Zero).SetAmount(decimal.Zero).Save(m.ctx)
	m.note(name, line, err)
}

func (m *maker) zeta() {
	m.newNetwork("zeta")
	m.structure("50%")
	m.partner("zed")
	m.partner("zoe")
	m.referral("zed", "zoe", "50%")
	m.dated("zeta", nil, "50%")
	m.invoice("zed", 1, "zed", false)
	m.account("zack", commission.Admin, nil)
}

func (m *maker) did(err error) {
	if m.err == nil {
		m.err = err
	}
}

// note notes a row that was created, under its name.
func (m *maker) note(name string, row any, err error) {
	if m.did(err); m.err != nil {
		return
	}
	created := reflect.ValueOf(row).Elem()
	kind := created.Type().Name()
	if m.ids[kind] == nil {
		m.ids[kind] = map[string]int{}
	}
	m.ids[kind][name] = int(created.FieldByName("ID").Int())
}

func (m *maker) newNetwork(name string) {
	row, err := m.tx.Network.Create().SetName(name).SetCurrency("USD").SetTimeZone("UTC").SetCreatedAt(aDay).SetChangedAt(aDay).Save(m.ctx)
	m.note(name, row, err)
	m.network = m.of("Network", name)
	gate, err := m.tx.Gate.Create().SetNetworkID(m.network).SetStripe(0).Save(m.ctx)
	m.note(name, gate, err)
	provider, err := m.tx.IdentityProvider.Create().SetNetworkID(m.network).SetIssuer("https://" + name).SetAudience(name).
		SetRoleClaim("role").SetPartnerClaim("partner").SetScopeClaim("scope").Save(m.ctx)
	m.note(name, provider, err)
	key, err := m.tx.IdempotencyKey.Create().SetAccountID(0).SetKeyHash(name).SetRequestHash("").SetCreatedAt(aDay).Save(m.ctx)
	m.note(name, key, err)
	m.event(name, "Test", nil)
}

func (m *maker) event(name, subject string, partner *int) {
	create := m.tx.AuditEvent.Create().SetNillablePartnerID(partner).SetAt(aDay).SetActorName("test").
		SetAction("test").SetSubjectType(subject).SetSubjectID(1).SetSubjectName(name).SetChanges("[]")
	if m.network != 0 {
		create.SetNetworkID(m.network)
	}
	row, err := create.Save(m.ctx)
	m.note(name, row, err)
}

// account makes an account with a token, and lets it ask.
func (m *maker) account(name string, role commission.Role, set func(v *viewer.Viewer)) {
	v := viewer.Viewer{Name: name, Role: role}
	create := m.tx.Account.Create().SetName(name).SetRole(role).SetCreatedAt(aDay)
	if role != commission.Support {
		v.NetworkID = m.network
		create.SetNetworkID(m.network)
	}
	if set != nil {
		set(&v)
	}
	if v.PartnerID != 0 {
		create.SetPartnerID(v.PartnerID)
	}
	if role == commission.PartnerManager {
		create.SetManagerScope(map[bool]commission.ManagerScope{true: commission.Limited, false: commission.Global}[v.Limited])
	}
	row, err := create.Save(m.ctx)
	m.note(name, row, err)
	v.AccountID = m.of("Account", name)
	m.viewers[name] = v
	token, err := m.tx.Token.Create().SetAccountID(v.AccountID).SetName(name).SetHash(name).SetCreatedAt(aDay).Save(m.ctx)
	m.note(name, token, err)
}

func (m *maker) structure(rate string) {
	value := decimal.RequireFromString(strings.TrimSuffix(rate, "%"))
	row, err := m.tx.CommissionStructure.Create().SetNetworkID(m.network).SetCanonical(rate).
		SetType(commission.TypePercentage).SetRate(&value).SetBasis(commission.Payout).SetCreatedAt(aDay).Save(m.ctx)
	m.note(rate, row, err)
}

// partner makes a partner with its history, a conversion and an event.
func (m *maker) partner(name string) {
	row, err := newPartner(m.tx, m.network, name).Save(m.ctx)
	m.note(name, row, err)
	id := m.of("Partner", name)
	status, err := newStatus(m.tx, m.network, id).Save(m.ctx)
	m.note(name, status, err)
	day, err := m.tx.EarningDay.Create().SetNetworkID(m.network).SetPartnerID(id).SetDay(0).
		SetConversions(1).SetRevenue(decimal.Zero).SetPayout(decimal.Zero).Save(m.ctx)
	m.note(name, day, err)
	conversion, err := m.tx.Conversion.Create().SetNetworkID(m.network).SetPartnerID(id).SetExternalID(name).SetOccurredAt(aDay).SetRecordedAt(aDay).
		SetRevenue(decimal.Zero).SetPayout(decimal.Zero).SetDay(0).SetEarningDayID(m.of("EarningDay", name)).Save(m.ctx)
	m.note(name, conversion, err)
	m.event(name, "Partner", &id)
}

func newPartner(tx *database.Tx, network int, name string) *ent.PartnerCreate {
	return tx.Partner.Create().SetNetworkID(network).SetName(name).SetEmail(name + "@example.com").SetSearchText(name).
		SetStatus(commission.PartnerActive).SetReferralCode(name).SetCreatedAt(aDay)
}

func newStatus(tx *database.Tx, network, partner int) *ent.PartnerStatusCreate {
	return tx.PartnerStatus.Create().SetNetworkID(network).SetPartnerID(partner).SetStatus(commission.PartnerActive).SetSince(aDay)
}

func newReferral(tx *database.Tx, network, referrer, referred int) *ent.ReferralCreate {
	return tx.Referral.Create().SetNetworkID(network).SetReferrerID(referrer).SetReferredID(referred).
		SetSource(commission.SourceManual).SetStartedAt(aDay)
}

// referral makes a referral with a term that has earned.
func (m *maker) referral(referrer, referred, rate string) {
	name := referrer + "-" + referred
	m.did(m.tx.Partner.UpdateOneID(m.of("Partner", referred)).SetReferredByID(m.of("Partner", referrer)).Exec(m.ctx))
	row, err := newReferral(m.tx, m.network, m.of("Partner", referrer), m.of("Partner", referred)).Save(m.ctx)
	m.note(name, row, err)
	term, err := m.tx.ReferralTerm.Create().SetNetworkID(m.network).SetReferralID(m.of("Referral", name)).
		SetStructureID(m.of("CommissionStructure", rate)).SetReferredDate(aDay).Save(m.ctx)
	m.note(name, term, err)
	accrual, err := m.tx.Accrual.Create().SetNetworkID(m.network).SetTermID(m.of("ReferralTerm", name)).SetDay(0).
		SetConversions(1).SetRevenue(decimal.Zero).SetPayout(decimal.Zero).SetFee(decimal.Zero).Save(m.ctx)
	m.note(name, accrual, err)
	m.did(m.tx.Conversion.UpdateOneID(m.of("Conversion", referred)).SetAccrualID(m.of("Accrual", name)).Exec(m.ctx))
	grant, err := m.tx.RetroactiveGrant.Create().SetNetworkID(m.network).SetReferralID(m.of("Referral", name)).SetStructureID(m.of("CommissionStructure", rate)).
		SetFrom(0).SetTo(0).SetMaximum(decimal.Zero).SetReason("promised").SetStatus(commission.GrantProposed).SetAmount(decimal.Zero).Save(m.ctx)
	m.note(name, grant, err)
	void, err := m.tx.CommissionVoid.Create().SetNetworkID(m.network).SetTermID(m.of("ReferralTerm", name)).SetFrom(0).SetTo(0).SetReason("fraud").
		SetVoidedAt(aDay).SetVoidedBy("admin").SetConversions(0).SetAmount(decimal.Zero).Save(m.ctx)
	m.note(name, void, err)
}
