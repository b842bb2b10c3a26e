package billing_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/invoice"
	"partner.example/referrals/ent/generated/invoiceline"
	"partner.example/referrals/ent/generated/partner"
	"partner.example/referrals/ent/viewer"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// fataler is what a test and a property share.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// world is one network with a clock that the test moves. Its partners are named; alice, who refers, has no
// traffic of her own.
type world struct {
	fataler
	db      *database.Database
	program *program.Program
	ledger  *ledger.Ledger
	billing *billing.Billing
	network *ent.Network
	zone    *time.Location
	now     time.Time
	ids     map[string]int // of partners
	names   map[int]string
	count   int // of conversions and adjustments
}

// each runs a test on an empty network in New York, in US dollars, on every engine.
func each(t *testing.T, test func(w *world)) {
	t.Helper()
	eachIn(t, "USD", "America/New_York", test)
}

func eachIn(t *testing.T, currency commission.Currency, zone commission.Zone, test func(w *world)) {
	t.Helper()
	databasetest.Each(t, in(currency, zone, test))
}

// eachServer is each for what only servers have.
func eachServer(t *testing.T, test func(w *world)) {
	t.Helper()
	databasetest.EachServer(t, in("USD", "America/New_York", test))
}

// in is a test in a network.
func in(currency commission.Currency, zone commission.Zone, test func(w *world)) func(t *testing.T, location string) {
	return func(t *testing.T, location string) {
		t.Helper()
		w := newWorld(t, databasetest.Open(t, location), currency, zone)
		test(w)
		w.verify()
	}
}

// newWorld makes a network that pays 10 % of payout, on the first of January 2026 at noon.
func newWorld(t fataler, db *database.Database, currency commission.Currency, zone commission.Zone) *world {
	t.Helper()
	w := &world{fataler: t, db: db, ids: map[string]int{}, names: map[int]string{}}
	clock := func() time.Time { return w.now }
	w.program = &program.Program{DB: db, Now: clock}
	w.ledger = &ledger.Ledger{DB: db, Now: clock, TakeEffect: w.program.TakeEffect}
	w.billing = &billing.Billing{DB: db, Now: clock, TakeEffect: w.program.TakeEffect}
	var err error
	w.zone, err = zone.Location()
	w.must(err)
	w.at("2026-01-01 12:00")
	w.network, err = w.program.CreateNetwork(w.system(), program.NewNetwork{Name: "Acme", Currency: currency, TimeZone: zone})
	w.must(err)
	w.settings(percent("10", commission.Payout))
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("%v", err)
	}
}

// refused wants an error of that code, at that field.
func (w *world) refused(err error, code commission.Code, field string) {
	w.Helper()
	if commission.CodeOf(err) != code || !strings.Contains(fmt.Sprint(err), field) {
		w.Errorf("refused with %v; want %s at %q", err, code, field)
	}
}

func (w *world) system() context.Context { return viewer.AsSystem(context.Background(), "test") }

func (w *world) admin() context.Context {
	return viewer.With(context.Background(), viewer.Viewer{AccountID: 1, Name: "Ada", Role: commission.Admin, NetworkID: w.network.ID})
}

func (w *world) as(name string) context.Context {
	return viewer.With(context.Background(), viewer.Viewer{AccountID: 2, Name: name, Role: commission.PartnerUser, NetworkID: w.network.ID, PartnerID: w.ids[name]})
}

// moment reads "2026-06-01 12:00" in the network's time zone.
func (w *world) moment(text string) time.Time {
	w.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04", text, w.zone)
	w.must(err)
	return moment
}

func (w *world) at(text string) { w.Helper(); w.now = w.moment(text) }

func day(text string) commission.Date {
	date, err := commission.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return date
}

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func percent(rate string, basis commission.Basis) commission.Structure {
	return commission.Structure{Commission: commission.Percentage{Rate: dec(rate), Basis: basis}}
}

func from(minimum string, s commission.Structure) commission.Structure {
	s.MinimumEarnings = new(dec(minimum))
	return s
}

// settings turns the switch on, with a Global Setting.
func (w *world) settings(structure commission.Structure) {
	w.Helper()
	w.settingsFor(structure, program.Reach{})
}

// settingsFor is settings from a day on, or for new referrals alone.
func (w *world) settingsFor(structure commission.Structure, reach program.Reach) {
	w.Helper()
	w.takeEffect()
	network, err := w.db.Network.Get(w.system(), w.network.ID)
	w.must(err)
	w.network, _, err = w.program.UpdateReferralSettings(w.admin(), w.network.ID, program.ReferralSettings{
		Version: network.ReferralSettingsVersion, Enabled: program.Some(true), Structure: program.Some(&structure), Reach: reach,
	})
	w.must(err)
}

// takeEffect has the changes take effect that are due, as the server does before anybody reads.
func (w *world) takeEffect() {
	w.Helper()
	w.must(w.program.TakeEffect(w.admin(), w.network.ID))
}

// partner creates one that is ACTIVE; referredBy names its referrer, or nobody.
func (w *world) partner(name, referredBy string) {
	w.Helper()
	input := program.NewPartner{Name: name, Status: commission.PartnerActive}
	if referredBy != "" {
		input.ReferredBy = new(w.ids[referredBy])
	}
	created, err := w.program.CreatePartner(w.admin(), w.network.ID, input)
	w.must(err)
	w.ids[name], w.names[created.ID] = created.ID, name
}

func (w *world) billed(name string, how program.Billing) {
	w.Helper()
	found, err := w.db.Partner.Get(w.system(), w.ids[name])
	w.must(err)
	_, err = w.program.UpdatePartner(w.admin(), w.network.ID, program.PartnerUpdate{ID: found.ID, Version: found.Version, Billing: how})
	w.must(err)
}

func (w *world) status(name string, status commission.PartnerStatus) {
	w.Helper()
	_, err := w.program.SetPartnerStatus(w.admin(), w.network.ID, w.ids[name], status, "")
	w.must(err)
}

// reassign changes Referred By; what is unbilled is kept or forfeited.
func (w *world) reassign(name, to string, unbilled program.Unbilled) {
	w.Helper()
	_, _, err := w.program.AssignReferredBy(w.admin(), w.network.ID, program.ReferredBy{
		PartnerID: w.ids[name], ReferrerID: w.ids[to], Unbilled: unbilled, Reason: "a test",
	})
	w.must(err)
}

// earns records a conversion that occurred at a moment, and tells its id. The clock must be there.
func (w *world) earns(name, when, payout string) string {
	w.Helper()
	return w.brings(name, when, payout, payout)
}

func (w *world) brings(name, when, revenue, payout string) string {
	w.Helper()
	w.count++
	id := "c" + strconv.Itoa(w.count)
	_, err := w.ledger.RecordConversions(w.admin(), w.network.ID, []ledger.Conversion{{
		ExternalID: id, PartnerID: w.ids[name], OccurredAt: w.moment(when), Revenue: dec(revenue), Payout: dec(payout),
	}})
	w.must(err)
	return id
}

// adjust changes a conversion's revenue and payout by an amount.
func (w *world) adjust(id, when, change string) {
	w.Helper()
	w.count++
	_, err := w.ledger.RecordAdjustments(w.admin(), w.network.ID, []ledger.Adjustment{{
		ExternalID: "a" + strconv.Itoa(w.count), Adjusts: id, OccurredAt: w.moment(when), Revenue: dec(change), Payout: dec(change),
	}})
	w.must(err)
}

// bill runs billing through a day, the clock being on the next, and shows alice's invoices that it made.
func (w *world) bill(through string, want ...string) []*ent.Invoice {
	w.Helper()
	return w.wantInvoices(w.run(billing.Run{Through: day(through)}), want...)
}

// billOnly is bill for one partner, by name.
func (w *world) billOnly(name, through string, want ...string) []*ent.Invoice {
	w.Helper()
	return w.wantInvoices(w.run(billing.Run{Through: day(through), PartnerID: w.ids[name]}), want...)
}

// run runs billing, the clock being on the day after, and tells the ids of the invoices that it made.
func (w *world) run(of billing.Run) []int {
	w.Helper()
	w.now = (of.Through + 1).Start(w.zone).Add(time.Hour)
	ids, err := w.billing.Bill(w.admin(), w.network.ID, of, nil)
	w.must(err)
	return ids
}

func (w *world) wantInvoices(ids []int, want ...string) []*ent.Invoice {
	w.Helper()
	made, err := w.db.Invoice.Query().Where(invoice.IDIn(ids...)).Order(invoice.ByNumber()).All(w.system())
	w.must(err)
	var alices []*ent.Invoice
	var shown []string
	for _, i := range made {
		if i.PartnerID == w.ids["alice"] {
			alices = append(alices, i)
			shown = append(shown, w.show(i))
		}
	}
	if !slices.Equal(shown, want) {
		w.Errorf("alice's invoices are\n\t%s\nwant\n\t%s", strings.Join(shown, "\n\t"), strings.Join(want, "\n\t"))
	}
	return alices
}

// show is an invoice in one line: "10.00 = 10.00 of 100 for bob".
func (w *world) show(i *ent.Invoice) string {
	w.Helper()
	lines, err := w.db.InvoiceLine.Query().Where(invoiceline.InvoiceID(i.ID)).Order(invoiceline.ByID()).All(w.system())
	w.must(err)
	parts := make([]string, len(lines))
	for n, line := range lines {
		amount := commission.Format(w.network.Currency.Exact(line.Amount))
		switch line.Type {
		case commission.CarryForward:
			parts[n] = amount + " carried"
		case commission.PartnerPayout:
			parts[n] = amount + " payout"
		default:
			parts[n] = fmt.Sprintf("%s of %s for %s", amount, line.BasisAmount, w.names[*line.ReferredID])
			if line.Type == commission.ReferralAdjustment {
				parts[n] += " back"
			}
		}
	}
	return commission.Format(w.network.Currency.Exact(i.Total)) + " = " + strings.Join(parts, " + ")
}

// wantRow compares the money of alice's one row for a referred partner: "billed 10.00 balance 10.00 unbilled 0.00
// below 0.00", as somebody sees it.
func (w *world) wantRow(who context.Context, referred, want string) {
	w.Helper()
	w.wantRowIn(who, ledger.Range{From: day("2020-01-01"), To: day("2030-12-31")}, referred, want)
}

func (w *world) wantRowIn(who context.Context, days ledger.Range, referred, want string) {
	w.Helper()
	report, err := w.ledger.Report(who, w.network, days, ledger.Filter{ReferrerID: w.ids["alice"], ReferredID: w.ids[referred]})
	w.must(err)
	rows := w.rowsOf(report)
	shown := make([]string, len(rows))
	for i, row := range rows {
		balance := "null"
		if row.Balance != nil {
			balance = commission.Format(*row.Balance)
		}
		shown[i] = fmt.Sprintf("billed %s balance %s unbilled %s below %s",
			commission.Format(row.Billed), balance, commission.Format(row.Unbilled), commission.Format(row.BelowThreshold))
	}
	if got := strings.Join(shown, "\n"); got != want {
		w.Errorf("alice's row for %s is\n\t%s\nwant\n\t%s", referred, got, want)
	}
}

// rowsOf is all rows of a report.
func (w *world) rowsOf(report *ledger.Report) []*ledger.Row {
	w.Helper()
	pages, err := w.ledger.Pages(w.admin(), ledger.Page{Report: report, Keys: report.Keys()})
	w.must(err)
	return pages[0]
}

// verify recomputes everything, as the program does.
func (w *world) verify() {
	w.Helper()
	_, err := w.ledger.Verify(w.system(), func(difference string) { w.Helper(); w.Errorf("verify: %s", difference) })
	w.must(err)
}

// numbers are those of all invoices.
func (w *world) numbers() []int {
	w.Helper()
	all, err := w.db.Invoice.Query().Where(invoice.NetworkID(w.network.ID)).Order(invoice.ByNumber()).All(w.system())
	w.must(err)
	numbers := make([]int, len(all))
	for i, found := range all {
		numbers[i] = found.Number
	}
	return numbers
}

func (w *world) find(name string) *ent.Partner {
	w.Helper()
	found, err := w.db.Partner.Query().Where(partner.ID(w.ids[name])).Only(w.system())
	w.must(err)
	return found
}
