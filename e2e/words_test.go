package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// structure is how referrals are to pay, as the clients write it.
type structure vars

func percent(rate, basis string) structure {
	return structure{"commission": vars{"percentage": vars{"rate": rate, "basis": basis}}}
}

func flat(amount string) structure {
	return structure{"commission": vars{"flatFee": vars{"amount": amount}}}
}

func (s structure) with(field string, value any) structure {
	changed := maps.Clone(s)
	changed[field] = value
	return changed
}

func (s structure) from(minimumEarnings string) structure {
	return s.with("minimumEarnings", minimumEarnings)
}

func (s structure) lasting(value any, unit string) structure {
	return s.with("duration", vars{"value": value, "unit": unit})
}

// tenPercent is the structure of most tests.
var tenPercent = percent("10", "PAYOUT")

// moment is a time as clients send it. It may be written as a clock on the wall of the network shows it.
func (p *product) moment(text string) string {
	p.Helper()
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, p.zone); err == nil {
			return t.Format(time.RFC3339Nano)
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
		p.Fatal(err)
	}
	return text
}

// must runs an operation that succeeds.
func (c client) must(document string, variables vars, out any) {
	c.Helper()
	if wrong := c.Do(document, variables, out); wrong != nil {
		c.Fatalf("%s %v:\n%s", document, variables, wrong)
	}
}

// refused runs an operation that does not: each of its errors is told by its code and field, in any order.
func (c client) refused(document string, variables vars, want ...string) {
	c.Helper()
	wrong := c.Do(document, variables, nil)
	if slices.Sort(want); wrong.codes() != strings.Join(want, ", ") {
		c.Errorf("%.80s %.300s is refused for\n%s\nwant %q", document, fmt.Sprint(variables), wrong, want)
	}
}

// --- Settings ---

// impact is what a change of settings did.
type impact struct {
	TermsClosed, TermsOpened, ReferralsLeftExpired int
	CustomPartners                                 struct{ TotalCount int }
}

// String is it, in short.
func (i impact) String() string {
	return fmt.Sprintf("closed %d, opened %d, left expired %d", i.TermsClosed, i.TermsOpened, i.ReferralsLeftExpired)
}

// Settings changes the network's settings as whoever has just read them.
func (p *product) Settings(changes vars) impact {
	p.Helper()
	input := vars{"version": p.settingsVersion()}
	maps.Copy(input, changes)
	var answer struct {
		UpdateReferralSettings struct{ Impact impact }
	}
	p.As(admin).must("UpdateReferralSettings", vars{"input": input}, &answer)
	return answer.UpdateReferralSettings.Impact
}

// Global turns the feature on, with a Global Setting.
func (p *product) Global(s structure) impact {
	p.Helper()
	return p.Settings(vars{"enabled": true, "structure": s})
}

func (p *product) settingsVersion() int {
	p.Helper()
	var settings struct {
		Network struct{ ReferralSettings struct{ Version int } }
	}
	p.As(admin).must("ReferralSettings", nil, &settings)
	return settings.Network.ReferralSettings.Version
}

// Setting changes a partner's own setting as whoever has just read it. The structure goes with CUSTOM.
func (p *product) Setting(partner, mode string, changes vars) impact {
	p.Helper()
	input := vars{"partner": partner, "mode": mode, "version": p.Partner(partner).ReferralSetting.Version}
	maps.Copy(input, changes)
	var answer struct {
		UpdatePartnerReferralSetting struct{ Impact impact }
	}
	p.As(admin).must("UpdatePartnerReferralSetting", vars{"input": input}, &answer)
	return answer.UpdatePartnerReferralSetting.Impact
}

// Custom pays a referrer by a structure of its own.
func (p *product) Custom(partner string, s structure) impact {
	p.Helper()
	return p.Setting(partner, "CUSTOM", vars{"structure": s})
}

// --- Partners ---

// partner is what the network portal shows of one.
type partner struct {
	ID, Name, Status string
	Version          int
	ApprovedAt       *time.Time
	ReferralLink     *string
	ReferredBy       *struct{ ID, Name string }
	ReferralSetting  struct {
		Mode                 string
		Version              int
		Structure, Effective *struct{ Summary string }
	}
	ReferralsMade struct {
		TotalCount int
		Nodes      []referral
	}
}

type referral struct {
	ID, Status, Source string
	Referred           struct{ ID, Name string }
	StartedAt          time.Time
	EndedAt            *time.Time
}

// Partner is one partner as staff see it.
func (p *product) Partner(id string) partner {
	p.Helper()
	var answer struct{ Network struct{ Partner partner } }
	p.As(admin).must("Partner", vars{"id": id}, &answer)
	return answer.Network.Partner
}

// Active creates a partner that is approved in that moment.
func (p *product) Active(name string, referredBy ...string) string {
	p.Helper()
	return p.create(name, "ACTIVE", referredBy)
}

// Pending creates a partner that is not decided on.
func (p *product) Pending(name string, referredBy ...string) string {
	p.Helper()
	return p.create(name, "PENDING", referredBy)
}

func (p *product) create(name, status string, referredBy []string) string {
	p.Helper()
	input := vars{"name": name, "status": status}
	for _, referrer := range referredBy {
		input["referredBy"] = referrer
	}
	var answer struct {
		CreatePartner struct{ Partner struct{ ID string } }
	}
	p.As(admin).must("CreatePartner", vars{"input": input}, &answer)
	return answer.CreatePartner.Partner.ID
}

// SignUp signs a partner up by a link, and returns its id.
func (p *product) SignUp(name, link string) string {
	p.Helper()
	_, code, found := strings.Cut(link, "?ref=")
	if !found {
		p.Fatalf("%s is no sign-up link", link)
	}
	p.As(stranger).must("SignUp", vars{"input": vars{"network": p.network, "name": name, "email": "new@example.com", "referralCode": code}}, nil)
	var answer struct {
		Network struct{ Partners struct{ Nodes []partner } }
	}
	p.As(admin).must("Partners", vars{"filter": vars{"search": name, "status": []string{"PENDING"}}}, &answer)
	if len(answer.Network.Partners.Nodes) != 1 {
		p.Fatalf("%d partners signed up", len(answer.Network.Partners.Nodes))
	}
	return answer.Network.Partners.Nodes[0].ID
}

// Approve approves a partner.
func (p *product) Approve(id string) {
	p.Helper()
	p.As(admin).must("ApprovePartner", vars{"id": id}, nil)
}

// Status changes where a partner stands.
func (p *product) Status(id, status string) {
	p.Helper()
	p.As(admin).must("SetPartnerStatus", vars{"id": id, "status": status, "reason": "so says the test"}, nil)
}

// --- Referred By ---

// Assign says who referred a partner, and returns the referral that holds, if it has started.
func (p *product) Assign(partner, referrer string, more ...vars) *referral {
	p.Helper()
	input := vars{"partner": partner, "referrer": referrer}
	for _, fields := range more {
		maps.Copy(input, fields)
	}
	var answer struct {
		AssignReferredBy struct{ Referral *referral }
	}
	p.As(admin).must("AssignReferredBy", vars{"input": input}, &answer)
	return answer.AssignReferredBy.Referral
}

// Remove clears Referred By.
func (p *product) Remove(partner string, more ...vars) {
	p.Helper()
	input := vars{"partner": partner}
	for _, fields := range more {
		maps.Copy(input, fields)
	}
	p.As(admin).must("RemoveReferredBy", vars{"input": input}, nil)
}

// forfeit gives up what is unbilled.
var forfeit = vars{"unbilled": "FORFEIT", "reason": "fraud"}

// --- Recording ---

// conversion is a row as the tracking platform sends it.
func (p *product) conversion(externalID, partner, occurredAt, revenue, payout string) vars {
	p.Helper()
	return vars{"externalId": externalID, "partner": partner, "occurredAt": p.moment(occurredAt), "revenue": revenue, "payout": payout}
}

// adjustment is a row too: the change of another one.
func (p *product) adjustment(externalID, adjusts, occurredAt, revenue, payout string) vars {
	p.Helper()
	return vars{"externalId": externalID, "adjusts": adjusts, "occurredAt": p.moment(occurredAt), "revenue": revenue, "payout": payout}
}

// recorded is what became of the rows of a call.
type recorded struct{ Recorded, Duplicates int }

// Record records rows, and says what became of them.
func (p *product) Record(conversions ...vars) recorded {
	p.Helper()
	var answer struct{ RecordConversions recorded }
	p.As(tracker).must("RecordConversions", vars{"conversions": append([]vars{}, conversions...)}, &answer)
	return answer.RecordConversions
}

// Converts records one new conversion by which a partner earns a payout, of a revenue of ten times as much, and
// returns its externalId.
func (p *product) Converts(partner, occurredAt, payout string) string {
	p.Helper()
	return p.ConvertsFor(partner, occurredAt, decimal.RequireFromString(payout).Shift(1).String(), payout)
}

// ConvertsFor is Converts, of a revenue that matters.
func (p *product) ConvertsFor(partner, occurredAt, revenue, payout string) string {
	p.Helper()
	id := p.newID()
	if got := p.Record(p.conversion(id, partner, occurredAt, revenue, payout)); got != (recorded{Recorded: 1}) {
		p.Fatalf("a new conversion: %+v", got)
	}
	return id
}

// Adjust records one new adjustment.
func (p *product) Adjust(adjusts, occurredAt, revenue, payout string) string {
	p.Helper()
	id := p.newID()
	var answer struct{ RecordAdjustments recorded }
	p.As(tracker).must("RecordAdjustments", vars{"adjustments": []vars{p.adjustment(id, adjusts, occurredAt, revenue, payout)}}, &answer)
	if answer.RecordAdjustments != (recorded{Recorded: 1}) {
		p.Fatalf("a new adjustment: %+v", answer.RecordAdjustments)
	}
	return id
}

// tryToRecord records rows on a server that may be gone before it answers.
func (c client) tryToRecord(conversions []vars) error {
	c.Helper()
	wrong, err := c.attempt("RecordConversions", vars{"conversions": conversions})
	if wrong != nil {
		c.Errorf("%s", wrong)
	}
	return err
}

// newID is an externalId that was not used before.
func (p *product) newID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows++
	return fmt.Sprintf("row-%d", p.rows)
}

// --- The report ---

// row is a row of the referral report.
type row struct {
	ID             string
	Term           *struct{ ID string }
	Referrer       struct{ ID, Name string }
	Referred       struct{ ID, Name, Status string }
	Structure      *struct{ Summary string }
	ReferredDate   *time.Time
	WindowEndsAt   *time.Time
	Status, State  string
	Conversions    int
	BasisAmount    decimal.Decimal
	Billed         decimal.Decimal
	Balance        *decimal.Decimal
	Unbilled       decimal.Decimal
	BelowThreshold decimal.Decimal
	Threshold      *struct {
		Target, Progress decimal.Decimal
		ReachedAt        *time.Time
	}
	ReferralStartedAt time.Time
	Referral          struct{ ID string }
}

// String is the row in short: "Ann > Bob, 10% of payout: EARNING 10.00", with what is unbilled where it is not
// the Balance, and what waits for the threshold.
func (r row) String() string {
	paid, balance := "tracked", "null"
	if r.Structure != nil {
		paid = r.Structure.Summary
	}
	if r.Balance != nil {
		balance = r.Balance.StringFixed(-r.Balance.Exponent())
	}
	line := fmt.Sprintf("%s > %s, %s: %s %s", r.Referrer.Name, r.Referred.Name, paid, r.State, balance)
	if !r.Billed.IsZero() {
		line += ", billed " + r.Billed.String()
	}
	if (r.Balance == nil && !r.Unbilled.IsZero()) || (r.Balance != nil && !r.Unbilled.Equal(*r.Balance)) {
		line += ", unbilled " + r.Unbilled.StringFixed(-r.Unbilled.Exponent())
	}
	if !r.BelowThreshold.IsZero() {
		line += ", waiting " + r.BelowThreshold.StringFixed(-r.BelowThreshold.Exponent())
	}
	return line
}

// totals are those of the report.
type totals struct {
	Rows, Conversions                         int
	Billed, Balance, Unbilled, BelowThreshold decimal.Decimal
}

func (t *totals) add(r row) {
	t.Rows++
	t.Conversions += r.Conversions
	t.Billed, t.Unbilled, t.BelowThreshold = t.Billed.Add(r.Billed), t.Unbilled.Add(r.Unbilled), t.BelowThreshold.Add(r.BelowThreshold)
	if r.Balance != nil {
		t.Balance = t.Balance.Add(*r.Balance)
	}
}

// String makes totals comparable.
func (t totals) String() string {
	return fmt.Sprintf("%d rows, %d conversions, billed %s, balance %s, unbilled %s, waiting %s", t.Rows, t.Conversions, t.Billed, t.Balance, t.Unbilled, t.BelowThreshold)
}

// reportPage is one answer of the report.
type reportPage struct {
	Currency, TimeZone string
	Totals             totals
	Rows               struct {
		TotalCount int
		PageInfo   struct {
			HasNextPage bool
			EndCursor   *string
		}
		Nodes []row
	}
}

// page asks for a page of the report.
func (c client) page(variables vars) reportPage {
	c.Helper()
	var answer struct {
		Network struct{ ReferralReport reportPage }
	}
	c.must("ReferralReport", variables, &answer)
	return answer.Network.ReferralReport
}

// Report is all rows of the report, the earliest Referred Date first. Whatever is asked for, the totals are the sums
// of the rows [P4], and a row's Balance is its Billed and its unbilled, and null where it is INACTIVE [P3, C7].
func (p *product) Report(from, to string, filter vars) ([]row, totals) {
	p.Helper()
	return p.As(admin).report(from, to, filter)
}

func (c client) report(from, to string, filter vars) ([]row, totals) {
	c.Helper()
	variables := vars{"from": from, "to": to, "filter": filter, "first": 100, "orderBy": vars{"field": "REFERRED_DATE", "direction": "ASC"}}
	var rows []row
	var sums, told totals
	for {
		page := c.page(variables)
		if len(rows) == 0 {
			told = page.Totals
		}
		for _, r := range page.Rows.Nodes {
			sums.add(r)
			if (r.Balance == nil) != (r.Status == "INACTIVE") || (r.Balance != nil && !r.Balance.Equal(r.Billed.Add(r.Unbilled))) {
				c.Errorf("%s, being %s, billed %s, unbilled %s", r, r.Status, r.Billed, r.Unbilled)
			}
		}
		rows = append(rows, page.Rows.Nodes...)
		if !page.Rows.PageInfo.HasNextPage {
			break
		}
		variables["after"] = page.Rows.PageInfo.EndCursor
	}
	if sums.String() != told.String() {
		c.Errorf("the totals are %s\nthe rows add up to %s", told, sums)
	}
	return rows, told
}

// Reports wants the report to have these rows, in short.
func (p *product) Reports(from, to string, want ...string) {
	p.Helper()
	p.ReportsOnly(from, to, nil, want...)
}

// ReportsOnly is Reports, through a filter.
func (p *product) ReportsOnly(from, to string, filter vars, want ...string) {
	p.Helper()
	rows, _ := p.Report(from, to, filter)
	got := make([]string, len(rows))
	for i, r := range rows {
		got[i] = r.String()
	}
	if !slices.Equal(got, want) {
		p.Errorf("the report from %s to %s, %v:\n\t%s\nwant\n\t%s", from, to, filter, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// theRow is the one row of the report between two partners that is not closed, or was closed last.
func (p *product) theRow(from, to, referrer, referred string) row {
	p.Helper()
	rows, _ := p.Report(from, to, vars{"referrer": referrer, "referred": referred})
	if len(rows) == 0 {
		p.Fatal("there is no such row in the report")
	}
	return rows[len(rows)-1]
}
