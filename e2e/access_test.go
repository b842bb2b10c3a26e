package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph"
	"partner.example/referrals/graph/generated"
)

// writeAccess has the table of docs/access.md written as the server answers, to be read and compared with section 8 of
// docs/rules.md before it is committed.
var writeAccess = flag.Bool("access", false, "write docs/access.md as the server answers")

const accessTable = "../docs/access.md"

// ways lead to an object of a type at a place; % is where its fields are asked for. Of several the one counts that shows
// most. A new type needs a way to it here.
var ways = map[string][]string{
	"Query":                  {`%`},
	"Mutation":               {`%`},
	"Viewer":                 {`viewer { % }`},
	"Network":                {`network(id: "{network}") { % }`},
	"NetworkConnection":      {`networks { % }`},
	"ReferralSettings":       {`network(id: "{network}") { referralSettings { % } }`},
	"CommissionStructure":    {`node(id: "{structure}") { ... on CommissionStructure { % } }`},
	"FlatFee":                {`node(id: "{flat}") { ... on CommissionStructure { commission { ... on FlatFee { % } } } }`},
	"Percentage":             {`node(id: "{structure}") { ... on CommissionStructure { commission { ... on Percentage { % } } } }`},
	"Duration":               {`node(id: "{structure}") { ... on CommissionStructure { duration { % } } }`},
	"Partner":                {`node(id: "{partner}") { ... on Partner { % } }`, `network(id: "{network}") { partner(id: "{partner}") { % } }`},
	"PartnerReferralSetting": {`node(id: "{partner}") { ... on Partner { referralSetting { % } } }`},
	"Billing":                {`node(id: "{partner}") { ... on Partner { billing { % } } }`},
	"PartnerConnection":      {`network(id: "{network}") { partners(filter: {search: "{name}@"}) { % } }`},
	"DatedChange":            {`node(id: "{dated}") { ... on DatedChange { % } }`},
	"DatedChangeConnection":  {`network(id: "{network}") { pendingChanges { % } }`},
	"Account":                {`node(id: "{account}") { ... on Account { % } }`, `node(id: "{partner}") { ... on Partner { manager { % } } }`},
	"AccountConnection":      {`network(id: "{network}") { accounts { % } }`},
	"Token":                  {`node(id: "{token}") { ... on Token { % } }`},
	"AuditEvent":             {`node(id: "{event}") { ... on AuditEvent { % } }`},
	"AuditEventConnection":   {`network(id: "{network}") { auditLog(subject: "{partner}") { % } }`},
	"Actor":                  {`node(id: "{event}") { ... on AuditEvent { actor { % } } }`},
	"Subject":                {`node(id: "{event}") { ... on AuditEvent { subject { % } } }`},
	"FieldChange":            {`node(id: "{event}") { ... on AuditEvent { changes { % } } }`},
	"Referral":               {`node(id: "{referral}") { ... on Referral { % } }`},
	"ReferralConnection":     {`node(id: "{partner}") { ... on Partner { referralsMade { % } } }`},
	"ReferralTerm":           {`node(id: "{term}") { ... on ReferralTerm { % } }`},
	"RetroactiveGrant":       {`node(id: "{grant}") { ... on RetroactiveGrant { % } }`},
	"CommissionVoid":         {`node(id: "{void}") { ... on CommissionVoid { % } }`},
	"TermDay":                {`node(id: "{term}") { ... on ReferralTerm { days(from: "2026-02-01", to: "2026-02-28") { % } } }`},
	"Conversion":             {`node(id: "{conversion}") { ... on Conversion { % } }`},
	"ConversionConnection":   {`node(id: "{term}") { ... on ReferralTerm { days(from: "2026-02-01", to: "2026-02-28") { conversionList { % } } } }`},
	"ReferralReport": {
		`network(id: "{network}") { referralReport(from: "2026-02-01", to: "2026-02-28", filter: {referrer: "{partner}"}) { % } }`,
		`node(id: "{partner}") { ... on Partner { referralReport(from: "2026-02-01", to: "2026-02-28") { % } } }`,
	},
	"Invoice":                          {`node(id: "{invoice}") { ... on Invoice { % } }`, `network(id: "{network}") { invoice(id: "{invoice}") { % } }`},
	"InvoiceConnection":                {`network(id: "{network}") { invoices(filter: {partner: "{partner}"}) { % } }`, `node(id: "{partner}") { ... on Partner { invoices { % } } }`},
	"InvoiceDocuments":                 {`node(id: "{invoice}") { ... on Invoice { documents { % } } }`},
	"InvoiceLine":                      {`node(id: "{line}") { ... on InvoiceLine { % } }`},
	"PageInfo":                         {`node(id: "{partner}") { ... on Partner { invoices { pageInfo { % } } } }`},
	"InvoiceLineDayConnection":         {`node(id: "{line}") { ... on InvoiceLine { days { % } } }`},
	"InvoiceLineDay":                   {`node(id: "{line}") { ... on InvoiceLine { days { nodes { % } } } }`},
	"ReferralCommission":               {`node(id: "{conversion}") { ... on Conversion { referralCommission { % } } }`},
	"ReferralEvent":                    {`node(id: "{referral}") { ... on Referral { timeline { % } } }`},
	"Reconciliation":                   {`network(id: "{network}") { reconciliation { % } }`},
	"ReconciliationDifference":         {`network(id: "{network}") { reconciliation { differences { % } } }`}, // there is none
	"ReferrerReconciliationConnection": {`network(id: "{network}") { reconciliation { referrers { % } } }`},
	"ReferrerReconciliation":           {`network(id: "{network}") { reconciliation { referrers { nodes { % } } } }`},
	"Liability":                        {`network(id: "{network}") { liability { % } }`},
	"LiabilityAge":                     {`network(id: "{network}") { liability { ages { % } } }`},
	"RetroactiveGrantConnection":       {`network(id: "{network}") { retroactiveGrants(referral: "{referral}") { % } }`},
	"RetroactiveCommissionImpact":      {`network(id: "{network}") { previewRetroactiveCommission(input: {referral: "{referral}", from: "2026-01-01", to: "2026-01-31", maximum: "500", reason: "promised", pays: {percentage: {rate: "10", basis: PAYOUT}}}) { % } }`},
	"VoidReferralCommissionImpact":     {`network(id: "{network}") { previewVoidReferralCommission(input: {term: "{term}", to: "2026-02-01", reason: "fraud"}) { % } }`},
	"SettingsImpact":                   {`network(id: "{network}") { previewPartnerReferralSetting(input: {partner: "{partner}", version: {settingVersion}, mode: DISABLED}) { % } }`},
}

// below are ways that go on from those to another type.
var below = map[string]struct{ of, by string }{
	"ReferralReportTotals":            {"ReferralReport", `totals { % }`},
	"ReferralReportRowConnection":     {"ReferralReport", `rows { % }`},
	"ReferralReportRow":               {"ReferralReport", `rows { nodes { % } }`},
	"ReferralThreshold":               {"ReferralReport", `rows { nodes { threshold { % } } }`},
	"ReferralReportRowLineConnection": {"ReferralReport", `rows { nodes { lines { % } } }`},
	"ReferralReportRowLine":           {"ReferralReport", `rows { nodes { lines { nodes { % } } } }`},
}

// arguments are what a field is asked with; whatever is not here is asked without.
var arguments = map[string]string{
	"Query.network":          `(id: "{network}")`,
	"Query.node":             `(id: "{partner}")`,
	"Network.partner":        `(id: "{partner}")`,
	"Network.invoice":        `(id: "{invoice}")`,
	"Network.referralReport": `(from: "2026-02-01", to: "2026-02-28")`,
	"Partner.referralReport": `(from: "2026-02-01", to: "2026-02-28")`,
	"ReferralTerm.days":      `(from: "2026-02-01", to: "2026-02-28")`,
	"Network.conversion":     `(externalId: "{sale}")`,
	"Network.invoices":       `(filter: {partner: "{partner}"})`,
	"Network.partners":       `(filter: {search: "{name}@"})`,
	"Network.auditLog":       `(subject: "{partner}")`,

	"Network.previewReferralSettings":       `(input: {version: {settingsVersion}, enabled: true})`,
	"Network.previewPartnerReferralSetting": `(input: {partner: "{partner}", version: {settingVersion}, mode: DISABLED})`,

	"Network.retroactiveGrants":                  `(referral: "{referral}")`,
	"Network.previewRetroactiveCommission":       `(input: {referral: "{referral}", from: "2026-01-01", to: "2026-01-31", maximum: "500", reason: "promised", pays: {percentage: {rate: "10", basis: PAYOUT}}})`,
	"Network.previewAcceptRetroactiveCommission": `(id: "{proposal}")`,
	"Network.previewVoidReferralCommission":      `(input: {term: "{term}", to: "2026-02-01", reason: "fraud"})`,

	// Mutations keep things as they are, as far as they can.
	"Mutation.signUp":                       `(input: {network: "{home}", name: "Zoe", email: "zoe@example.com"})`,
	"Mutation.updateReferralSettings":       `(input: {version: {settingsVersion}, enabled: true})`,
	"Mutation.createPartner":                `(input: {name: "New", referredBy: "{partner}"})`,
	"Mutation.updatePartner":                `(input: {id: "{partner}", version: {version}})`,
	"Mutation.approvePartner":               `(id: "{partner}")`,
	"Mutation.setPartnerStatus":             `(id: "{partner}", status: ACTIVE)`,
	"Mutation.updatePartnerReferralSetting": `(input: {partner: "{partner}", version: {settingVersion}, mode: CUSTOM})`,
	"Mutation.takeBackChange":               `(id: "{takenBack}")`,
	"Mutation.assignReferredBy":             `(input: {partner: "{partner}", referrer: "{referrer}"})`,
	"Mutation.removeReferredBy":             `(input: {partner: "{loner}"})`,
	"Mutation.recordConversions":            `(conversions: [{externalId: "{sale}", partner: "{first}", occurredAt: "{saleAt}", revenue: "{revenue}", payout: "{payout}"}])`,
	"Mutation.recordAdjustments":            `(adjustments: [{externalId: "{back}", adjusts: "{sale}", occurredAt: "{backAt}", revenue: "-1", payout: "-1"}])`,
	"Mutation.runBilling":                   `(through: "2026-01-31", partner: "{partner}")`,
	"Mutation.markInvoicePaid":              `(id: "{invoice}")`,
	"Mutation.deleteInvoice":                `(id: "{deleted}", reason: "a mistake")`,
	"Mutation.setInvoiceHidden":             `(id: "{deleted}", hidden: false)`,
	"Mutation.grantRetroactiveCommission":   `(input: {referral: "{referral}", from: "2026-01-31", to: "2026-01-31", maximum: "500", reason: "promised", pays: {percentage: {rate: "10", basis: PAYOUT}}})`,
	"Mutation.proposeRetroactiveCommission": `(network: "{network}", input: {referral: "{referral}", from: "2026-01-31", to: "2026-01-31", maximum: "500", reason: "promised", pays: {percentage: {rate: "10", basis: PAYOUT}}})`,
	"Mutation.acceptRetroactiveCommission":  `(id: "{proposal}")`,
	"Mutation.declineRetroactiveCommission": `(id: "{proposal}")`,
	"Mutation.revokeRetroactiveCommission":  `(id: "{revokedGrant}", reason: "a mistake")`,
	"Mutation.voidReferralCommission":       `(input: {term: "{term}", to: "2026-01-31", reason: "fraud"})`,
	"Mutation.rotateReferralCode":           `(partner: "{loner}")`,
	"Mutation.setSignUpPage":                `(url: "https://acme.example/join")`,
	"Mutation.createAccount":                `(input: {name: "New", role: PARTNER, partner: "{partner}"})`,
	"Mutation.createToken":                  `(input: {account: "{account}", name: "new"})`,
	"Mutation.revokeToken":                  `(id: "{revoked}")`,
}

// probe asks for one field, by every way that leads to it.
type probe struct {
	of, field string // of which type
	documents []string
	mutation  bool
}

func (p probe) name() string { return p.of + "." + p.field }

// alike tells whether the probe asks in two columns for the same thing.
func (p probe) alike(a, b column) bool {
	return a.by.token == b.by.token && !slices.ContainsFunc(p.documents, func(d string) bool { return a.at.fill(d) != b.at.fill(d) })
}

// probes are of every field of every object of the schema, in its order. A field that it cannot ask for fails the test.
func probes(t *testing.T) []probe {
	t.Helper()
	promised, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	var types []*ast.Definition
	for _, definition := range promised.Types {
		if definition.Kind == ast.Object && !definition.BuiltIn && !strings.HasPrefix(definition.Name, "__") {
			types = append(types, definition)
		}
	}
	slices.SortFunc(types, func(a, b *ast.Definition) int { return a.Position.Start - b.Position.Start })
	var all []probe
	for _, definition := range types {
		leads, mutation := waysTo(t, promised, definition.Name), definition == promised.Mutation
		for _, field := range definition.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			asked, given := arguments[definition.Name+"."+field.Name]
			if !given && slices.ContainsFunc(field.Arguments, func(a *ast.ArgumentDefinition) bool { return a.Type.NonNull }) {
				t.Errorf("%s.%s is new: say in arguments (access_test.go) what it is asked with", definition.Name, field.Name)
				continue
			}
			text := field.Name + asked
			if kind := promised.Types[field.Type.Name()].Kind; kind == ast.Object || kind == ast.Union || kind == ast.Interface {
				text += ` { __typename }`
			}
			one := probe{of: definition.Name, field: field.Name, mutation: mutation}
			for _, way := range leads {
				one.documents = append(one.documents, strings.Replace(way, "%", text, 1))
				one.mutation = one.mutation || strings.HasPrefix(way, "mutation ")
			}
			all = append(all, one)
		}
	}
	return all
}

// waysTo are the ways to a type: those that are written, those that go on from others, by an edge of a list, and of what
// mutations answer by the mutation.
func waysTo(t *testing.T, promised *ast.Schema, name string) []string {
	t.Helper()
	if known := ways[name]; known != nil {
		return known
	}
	onward := func(of, by string) []string {
		var further []string
		for _, way := range waysTo(t, promised, of) {
			further = append(further, strings.Replace(way, "%", by, 1))
		}
		return further
	}
	if on, known := below[name]; known {
		return onward(on.of, on.by)
	}
	if list, isEdge := strings.CutSuffix(name, "Edge"); isEdge {
		return onward(list+"Connection", `edges { % }`)
	}
	for _, field := range promised.Mutation.Fields {
		if field.Type.Name() == name {
			return []string{"mutation " + field.Name + arguments["Mutation."+field.Name] + " { % }"}
		}
	}
	t.Errorf("%s is new: say in ways (access_test.go) how one comes to it", name)
	return nil
}

// answer is what came of a probe: what was shown, or why nothing was.
type answer struct {
	code  string // of the error; ""
	shown string // in JSON
}

// blank tells whether nothing is shown: that there is nothing, or nothing that this viewer sees.
func (a answer) blank() bool { return nothing.MatchString(a.shown) }

var nothing = regexp.MustCompile(`^[][,]*(("?0(\.0+)?"?|null|""|false|"0001-01-01T00:00:00Z")[][,]*)*$`)

// The marks of the table.
const (
	shownMark   = "✓"
	absent      = "·"
	forbidden   = "F"
	nobodyMark  = "U"
	otherwiseIs = "≠" // shown is something else than staff are shown
)

// mark is how an answer stands in the table, where whoever sees everything is answered that.
func (a answer) mark(everything answer) string {
	switch {
	case a.code == "FORBIDDEN":
		return forbidden
	case a.code == "NOT_FOUND":
		return absent
	case a.code == "UNAUTHENTICATED":
		return nobodyMark
	case a.code == "CONFLICT", a.code == "FAILED_PRECONDITION": // who may, but not as things are
		return shownMark
	case a.code != "":
		return a.code
	case a.shown == everything.shown:
		return shownMark
	case a.blank():
		return absent
	default:
		return otherwiseIs
	}
}

// asking is one probe by one of its ways, and what came of it.
type asking struct {
	probe
	document string
	answer
}

// aRequest is how much is asked for at once: a server takes no request that asks for everything.
const aRequest = 4

// ask sends probes about a place, some a request, and returns what came of each by each of its ways.
func (c client) ask(all []probe, at place) map[string][]answer {
	c.Helper()
	var questions, changes []*asking
	for _, one := range all {
		for _, document := range one.documents {
			way := &asking{probe: one, document: at.fill(strings.TrimPrefix(document, "mutation "))}
			if one.mutation {
				changes = append(changes, way)
			} else {
				questions = append(questions, way)
			}
		}
	}
	size := aRequest
	if c.token == "" { // to strangers the door gives little
		size = 1
	}
	for some := range slices.Chunk(questions, size) {
		c.pose("query", some)
		c.pose("query", slices.DeleteFunc(slices.Clone(some), func(a *asking) bool { return a.code != "" || a.shown != "" })) // an error beside them took them away
	}
	for some := range slices.Chunk(changes, size) {
		c.pose("mutation", some)
	}
	answers := map[string][]answer{}
	for _, way := range append(questions, changes...) {
		answers[way.name()] = append(answers[way.name()], way.answer)
	}
	return answers
}

// pose sends some in one request.
func (c client) pose(operation string, some []*asking) {
	c.Helper()
	if len(some) == 0 {
		return
	}
	var text strings.Builder
	for i, way := range some {
		fmt.Fprintf(&text, "a%d: %s\n", i, way.document)
	}
	body, err := json.Marshal(vars{"query": operation + " {" + text.String() + "}"})
	if err != nil {
		c.Fatal(err)
	}
	data, wrong, err := c.Post(bytes.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	if len(some) > 1 && strings.HasPrefix(wrong.codes(), "LIMIT_EXCEEDED") { // together they cost too much
		for _, one := range some {
			c.pose(operation, []*asking{one})
		}
		return
	}
	codes := map[string]string{}
	for _, problem := range wrong {
		if len(problem.Path) == 0 && c.token == "" { // it is told to sign in before it is told what for
			codes["a0"] = "UNAUTHENTICATED"
			continue
		}
		if len(problem.Path) == 0 {
			c.Fatalf("%s\n%s", problem.Message, text.String())
		}
		codes[fmt.Sprint(problem.Path[0])] = problem.Extensions.Code
	}
	var shown map[string]any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // amounts and counts as they are
	if err := decoder.Decode(&shown); len(data) > 0 && err != nil {
		c.Fatal(err)
	}
	for i, way := range some {
		alias := fmt.Sprint("a", i)
		whole, isThere := shown[alias]
		if way.of == "Query" { // it is the field itself
			whole = map[string]any{way.field: whole}
		}
		leaf, reached := leafOf(whole, way.field)
		switch code := codes[alias]; {
		case code != "":
			way.code = code
		case way.mutation:
			way.shown = "done"
		case reached && isThere:
			said, _ := json.Marshal(leaf)
			way.shown = string(said)
		case isThere:
			way.code = "NOT_FOUND"
		}
	}
}

// leafOf is what lies at the end of a way, in the field of that name: every object on it has one field. Of a list it is
// what all have. false where the way ends before.
func leafOf(value any, field string) (leaf any, reached bool) {
	switch value := value.(type) {
	case map[string]any:
		for name, inside := range value {
			if name != field {
				return leafOf(inside, field)
			}
			return objectsByType(inside), true
		}
	case []any:
		var leaves []any
		for _, element := range value {
			if leaf, found := leafOf(element, field); found {
				leaves, reached = append(leaves, leaf), true
			}
		}
		return leaves, reached
	}
	return nil, false
}

// objectsByType is a value as it is, and objects by the names of their types.
func objectsByType(value any) any {
	switch value := value.(type) {
	case map[string]any:
		return value["__typename"]
	case []any:
		names := make([]any, len(value))
		for i, element := range value {
			names[i] = objectsByType(element)
		}
		return names
	default:
		return value
	}
}

// best is the answer of the way that shows most.
func best(answers []answer, everything []answer) string {
	order := []string{shownMark, otherwiseIs, absent, forbidden, nobodyMark}
	found := ""
	for i, a := range answers {
		if mark := a.mark(everything[i]); found == "" || slices.Index(order, mark) < slices.Index(order, found) {
			found = mark
		}
	}
	return found
}

// everything is what those are answered who see all of a place: support staff, or else the network's ADMIN.
func (w *accessWorld) everything(all []probe, at place) map[string][]answer {
	home := w.product
	if at["network"] == w.other.network {
		home = w.other
	}
	seen, byAdmin := w.As(support).ask(all, at), home.As(admin).ask(all, at)
	for name, answers := range seen {
		for i, a := range answers {
			if a.code != "" || a.blank() {
				answers[i] = byAdmin[name][i]
			}
		}
	}
	return seen
}

// marks are the table: by the name of the field, in the order of the columns.
func (w *accessWorld) marks(all []probe) map[string][]string {
	w.Helper()
	marks := map[string][]string{}
	for _, changes := range []bool{false, true} { // what changes something comes last
		for i, c := range w.columns {
			asked := slices.DeleteFunc(slices.Clone(all), func(p probe) bool {
				return p.mutation != changes || i > 0 && p.alike(w.columns[i-1], c)
			})
			answers := c.by.ask(asked, w.versions(c.at))
			for _, one := range all {
				everything := w.all[c.at["name"]][one.name()]
				if one.mutation || one.of == "Viewer" || one.name() == "Reconciliation.asOf" { // there is nothing to compare it with
					everything = answers[one.name()]
				}
				if one.mutation == changes {
					marks[one.name()] = append(marks[one.name()], best(answers[one.name()], everything))
				}
			}
		}
	}
	return marks
}

// look notes what those are answered who see everything.
func (w *accessWorld) look(all []probe) {
	w.Helper()
	questions := slices.DeleteFunc(slices.Clone(all), func(p probe) bool { return p.mutation })
	w.all = map[string]map[string][]answer{}
	for _, at := range []place{w.ann, w.bob, w.dan, w.zed} {
		w.all[at["name"]] = w.everything(questions, w.versions(at))
	}
}

// render writes the table as people read it: of each type the fields in the order of the schema, those that are alike
// in one line.
func render(all []probe, columns []column, marks map[string][]string) string {
	var text strings.Builder
	text.WriteString(accessIntroduction)
	var of string
	var fields []string
	line := func(cells []string) {
		fmt.Fprintf(&text, "| %s | %s |\n", strings.Join(fields, " "), strings.Join(cells, " | "))
		fields = nil
	}
	for i, one := range all {
		if one.of != of {
			of = one.of
			fmt.Fprintf(&text, "\n### %s\n\n|", of)
			for _, c := range columns {
				fmt.Fprintf(&text, " | %s", c.title)
			}
			fmt.Fprintf(&text, " |\n|%s\n", strings.Repeat("---|", len(columns)+1))
		}
		fields = append(fields, "`"+one.field+"`")
		if last := i == len(all)-1; last || all[i+1].of != of || !slices.Equal(marks[all[i+1].name()], marks[one.name()]) {
			line(marks[one.name()])
		}
	}
	return text.String()
}

const accessIntroduction = `# Who may ask for what

Every field of every object of the schema, asked for by everybody, of what is theirs and of what is not. A test asks a
server and fails where it answers otherwise (` + "`TestAccess`" + `), so that this table is what is; section 8 of
[rules.md](rules.md) is what should be. ` + "`make access`" + ` writes the table anew, to be compared with that section.

| mark | |
|---|---|
| ✓ | it is shown, or done |
| F | FORBIDDEN |
| · | it is not there: NOT_FOUND or null, as for an id that was never given, or an empty list or sum |
| U | UNAUTHENTICATED |
| ≠ | less is shown than others see |
| | as in the column before, since it is not asked of anything in particular |

| columns | of what is asked |
|---|---|
| **ADMIN**, **GLOBAL** manager, **TRACKER** | a partner of its network, its referral, its invoices and so on |
| **LIMITED** manager | a partner that it manages |
| **PARTNER** | itself |
| referred | a partner that the former referred, and what that one earns |
| others | a partner of the network that has nothing to do with it |
| elsewhere | a partner of another network |
| **SUPPORT** | a partner of any network; of another one |
| **nobody** | a partner, asked without a token |
`

// TestAccess holds the whole schema against docs/access.md.
func TestAccess(t *testing.T) {
	onEachEngine(t, func(p *product) {
		w := newAccessWorld(p)
		all := probes(p.T)
		if p.Failed() {
			return
		}
		w.look(all)
		marks := w.marks(all)
		w.holdAgainstTheSchema(all, marks)
		w.each("the storage alone", func(*product) { w.withoutTheDirectives(all, marks) })
		got := render(all, w.columns, marks)
		if *writeAccess {
			if err := os.WriteFile(accessTable, []byte(got), 0o644); err != nil {
				p.Fatal(err)
			}
		}
		want, err := os.ReadFile(accessTable)
		if err != nil {
			p.Fatal(err)
		}
		if string(want) != got {
			p.Errorf("docs/access.md says otherwise: %s\nRead what is new, and write it by 'make access' if it is right.", difference(string(want), got))
		}
	})
}

// heldBySchema are types and fields that the storage shows to some whom the schema does not let ask, of their own network:
// they are shown the same elsewhere.
var heldBySchema = map[string]string{
	"Network.signUpPage":       "sign-up links begin with it",
	"ReferralSettings.enabled": "a partner's effective setting follows from it",
	"NetworkConnection":        "its own network alone",
	"AccountConnection":        "the names of those who manage partners, which partners name",
	"AccountEdge":              "likewise",
	"PartnerConnection":        "of a PARTNER: itself",
	"ReferralConnection":       "of a PARTNER: its own referrals, which its report shows",
	"ReferralEdge":             "likewise",
	"ReferralReport.currency":  "its network's",
	"ReferralReport.timeZone":  "likewise",
}

// withoutTheDirectives asks everything once more of a server without the schema's locks: whatever the table says is
// not shown or not done, the storage does not let through either [R2].
func (w *accessWorld) withoutTheDirectives(all []probe, marks map[string][]string) {
	w.Helper()
	bare := w.bare()
	for i, c := range w.columns {
		asked := slices.DeleteFunc(slices.Clone(all), func(p probe) bool {
			atHome := c.at["network"] == w.network || c.role == "SUPPORT"
			return slices.Contains([]string{"", shownMark, otherwiseIs}, marks[p.name()][i]) || atHome && heldBySchema[p.name()]+heldBySchema[p.of] != ""
		})
		answers := client{product: bare, token: c.by.token, address: c.by.address}.ask(asked, w.versions(c.at))
		for _, one := range asked {
			for way, got := range answers[one.name()] {
				switch {
				case one.mutation && got.code == "":
					w.Errorf("%s, %s: %s is done", c.title, c.at["name"], one.name())
				case !one.mutation && got.code == "" && !got.blank() && !got.names():
					w.Errorf("%s, %s: %s is shown, %s, of %v", c.title, c.at["name"], one.name(), got.shown, w.all[c.at["name"]][one.name()][way].shown)
				}
			}
		}
	}
}

// names tells whether no more is shown than that there is an object of some type.
func (a answer) names() bool { return typeName.MatchString(a.shown) }

var typeName = regexp.MustCompile(`^\[*"[A-Z]\w*[a-z]\w*"\]*$`)

// bare is the same world on a server whose schema has no locks.
func (w *accessWorld) bare() *product {
	w.Helper()
	db, err := database.Open(w.database)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = db.Close() })
	clock, err := time.Parse(time.RFC3339Nano, w.clock)
	if err != nil {
		w.Fatal(err)
	}
	ahead := time.Until(clock)
	now := func() time.Time { return time.Now().Add(ahead) }
	programs := &program.Program{DB: db, Now: now}
	open := func(ctx context.Context, _ any, next graphql.Resolver) (any, error) { return next(ctx) }
	handler := graph.New(db, &ledger.Ledger{DB: db, Now: now}, programs, &billing.Billing{DB: db, Now: now}).HandlerBehind(generated.DirectiveRoot{
		Allow: func(ctx context.Context, obj any, next graphql.Resolver, _ []commission.Role) (any, error) {
			return open(ctx, obj, next)
		},
		Whole: open,
	}, graph.Options{Explorers: []commission.Role{commission.Admin, commission.PartnerManager, commission.PartnerUser, commission.Support, commission.Tracker}})
	listener := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if secret, found := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer "); found {
			who, err := programs.SignIn(request.Context(), secret)
			if err != nil {
				http.Error(answer, err.Error(), http.StatusUnauthorized)
				return
			}
			request = request.WithContext(viewer.With(request.Context(), who.Viewer))
		}
		handler.ServeHTTP(answer, request)
	}))
	w.Cleanup(listener.Close)
	return &product{T: w.T, database: w.database, network: w.network, zone: w.zone, clock: w.clock, server: &server{address: listener.URL, http: listener.Client()}}
}

// difference is the lines that only one of two texts has.
func difference(want, got string) string {
	var lines strings.Builder
	is, was := strings.Split(got, "\n"), strings.Split(want, "\n")
	for _, line := range was {
		if !slices.Contains(is, line) {
			fmt.Fprintf(&lines, "\n- %s", line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			fmt.Fprintf(&lines, "\n+ %s", line)
		}
	}
	return lines.String()
}

// holdAgainstTheSchema is what no table may say: something shown of another network, to a stranger, or to a role that
// the schema does not allow.
func (w *accessWorld) holdAgainstTheSchema(all []probe, marks map[string][]string) {
	w.Helper()
	promised, err := schema()
	if err != nil {
		w.Fatal(err)
	}
	for _, one := range all {
		field := promised.Types[one.of].Fields.ForName(one.field)
		var allowed []string
		if allow := field.Directives.ForName("allow"); allow != nil {
			for _, role := range allow.Arguments.ForName("roles").Value.Children {
				allowed = append(allowed, role.Value.Raw)
			}
		}
		for i, c := range w.columns {
			mark := marks[one.name()][i]
			if mark != shownMark && mark != otherwiseIs {
				continue
			}
			switch public := one.name() == "Mutation.signUp" || one.of == "SignUpPayload"; {
			case public:
			case c.role == "":
				w.Errorf("%s is shown to a stranger", one.name())
			case allowed != nil && !slices.Contains(allowed, c.role):
				w.Errorf("%s is shown to %s, which the schema does not allow", one.name(), c.role)
			case c.at["network"] == w.other.network && c.role != "SUPPORT":
				w.Errorf("%s of another network is shown: %s", one.name(), c.title)
			}
		}
	}
}
