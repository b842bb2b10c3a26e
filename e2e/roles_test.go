package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// mutation is one of the schema, with a document that runs it and the roles that may (docs/rules.md, section 8).
type mutation struct {
	document string
	roles    []string
	input    vars
}

// mutations is all of them, by their names in the schema.
func mutations(p *product, ann, bob string) map[string]mutation {
	onlyAdmin, staff, recorders := []string{"ADMIN"}, []string{"ADMIN", "PARTNER_MANAGER"}, []string{"ADMIN", "TRACKER"}
	return map[string]mutation{
		"updateReferralSettings": {"UpdateReferralSettings", onlyAdmin, vars{"input": vars{"version": p.settingsVersion(), "enabled": true}}},
		"createPartner":          {"CreatePartner", staff, vars{"input": vars{"name": "Eve"}}},
		"updatePartner":          {"UpdatePartner", staff, vars{"input": vars{"id": ann, "version": p.Partner(ann).Version, "name": "Ann"}}},
		"approvePartner":         {"ApprovePartner", staff, vars{"id": ann}},
		"setPartnerStatus":       {"SetPartnerStatus", staff, vars{"id": ann, "status": "ACTIVE"}},
		"updatePartnerReferralSetting": {"UpdatePartnerReferralSetting", staff, vars{"input": vars{
			"partner": ann, "version": p.Partner(ann).ReferralSetting.Version, "mode": "INHERIT",
		}}},
		"takeBackChange":               {takeBack, staff, vars{"id": "none"}},
		"assignReferredBy":             {"AssignReferredBy", staff, vars{"input": vars{"partner": bob, "referrer": ann}}},
		"removeReferredBy":             {"RemoveReferredBy", staff, vars{"input": vars{"partner": ann}}},
		"recordConversions":            {"RecordConversions", recorders, vars{"conversions": []vars{p.conversion("c", bob, "2026-02-01 09:00", "1", "1")}}},
		"recordAdjustments":            {"RecordAdjustments", recorders, vars{"adjustments": []vars{}}},
		"runBilling":                   {"RunBilling", onlyAdmin, vars{"through": "2026-01-31"}},
		"markInvoicePaid":              {"MarkInvoicePaid", onlyAdmin, vars{"id": "none"}},
		"deleteInvoice":                {"DeleteInvoice", onlyAdmin, vars{"id": "none", "reason": "a mistake"}},
		"setInvoiceHidden":             {"SetInvoiceHidden", onlyAdmin, vars{"id": "none", "hidden": true}},
		"grantRetroactiveCommission":   {granting, onlyAdmin, vars{"input": p.grant("none", "2026-01-01", "2026-01-31", "500")["input"]}},
		"proposeRetroactiveCommission": {proposing, []string{"SUPPORT"}, p.grant("none", "2026-01-01", "2026-01-31", "500")},
		"acceptRetroactiveCommission":  {accepting, onlyAdmin, vars{"id": "none"}},
		"declineRetroactiveCommission": {declining, onlyAdmin, vars{"id": "none"}},
		"revokeRetroactiveCommission":  {revoking, onlyAdmin, vars{"id": "none", "reason": "a mistake"}},
		"voidReferralCommission":       {voiding, onlyAdmin, vars{"input": vars{"term": "none", "reason": "fraud"}}},

		"rotateReferralCode": {`mutation ($id: ID!) { rotateReferralCode(partner: $id) { partner { id } } }`, onlyAdmin, vars{"id": ann}},
		"setSignUpPage":      {`mutation ($url: String) { setSignUpPage(url: $url) { network { id } } }`, onlyAdmin, vars{"url": "https://acme.example/join"}},
		"createAccount":      {`mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } } }`, onlyAdmin, vars{"input": vars{"name": "Eve", "role": "TRACKER"}}},
		"createToken":        {`mutation ($input: CreateTokenInput!) { createToken(input: $input) { secret } }`, onlyAdmin, vars{"input": vars{"account": "none", "name": "t"}}},
		"revokeToken":        {`mutation ($id: ID!) { revokeToken(id: $id) { token { id } } }`, onlyAdmin, vars{"id": "none"}},
	}
}

func TestRoles_whoMayRunWhichMutation(t *testing.T) {
	onEachEngine(t, func(p *product) {
		promised, err := schema()
		if err != nil {
			p.Fatal(err)
		}
		p.At("2026-02-01 10:00")
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		all := mutations(p, ann, bob)
		for _, field := range promised.Mutation.Fields {
			if field.Name == "signUp" { // which is for everybody
				continue
			}
			m, known := all[field.Name]
			if !known {
				p.Errorf("this test does not know who may run %s", field.Name)
				continue
			}
			for _, who := range []account{admin, manager, tracker, support, partnerOf(ann)} {
				got := p.As(who).Do(m.document, m.input, nil).codes()
				if (got == "FORBIDDEN") == slices.Contains(m.roles, who.role) {
					p.Errorf("%s by %s: %q", field.Name, who.role, got)
				}
			}
			p.As(stranger).refused(m.document, m.input, "UNAUTHENTICATED")
			client{product: p, token: "ref_NOBODYSTOKEN"}.refused(m.document, m.input, "UNAUTHENTICATED")
		}
		for _, query := range []string{"Viewer", "ReferralSettings", "Partners"} {
			p.As(stranger).refused(query, nil, "UNAUTHENTICATED")
		}
		p.As(stranger).refused(`{ __schema { types { name } } }`, nil, "UNAUTHENTICATED")
	})
}

func TestRoles_aLimitedManagerReachesThePartnersThatItManages(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		lea := p.As(limited)
		var created struct {
			CreatePartner struct{ Partner struct{ ID string } }
		}
		lea.must("CreatePartner", vars{"input": vars{"name": "Lea's", "status": "ACTIVE"}}, &created)
		hers, ann := created.CreatePartner.Partner.ID, p.Active("Ann")
		bob := p.Active("Bob", hers)
		p.Active("Cid", ann)
		known := mutations(p, ann, bob)
		for _, name := range []string{"updatePartner", "approvePartner", "setPartnerStatus"} {
			lea.refused(known[name].document, known[name].input, "NOT_FOUND id")
		}
		for _, name := range []string{"updatePartnerReferralSetting", "assignReferredBy", "removeReferredBy"} {
			lea.refused(known[name].document, known[name].input, "NOT_FOUND partner")
		}
		lea.refused("AssignReferredBy", vars{"input": vars{"partner": hers, "referrer": ann}}, "NOT_FOUND referrer")
		lea.refused("CreatePartner", vars{"input": vars{"name": "Eve", "referredBy": ann}}, "NOT_FOUND referredBy")
		lea.refused("Partner", vars{"id": ann}, "NOT_FOUND id")
		rows, _ := lea.report("2026-02-01", "2026-02-28", nil)
		if len(rows) != 1 || rows[0].Referrer.ID != hers || rows[0].Referred.Name != "Bob" {
			p.Errorf("Lea sees %v", rows)
		}
		if rows, _ := lea.report("2026-02-01", "2026-02-28", vars{"referrer": ann}); len(rows) != 0 {
			p.Errorf("Lea sees of others %v", rows)
		}
	})
}

func TestRoles_aPartnerSeesItsOwnRowsAndNoBasis(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, amy := p.Active("Ann"), p.Active("Amy")
		bob := p.Active("Bob", ann)
		p.Active("Dan", amy)
		p.Converts(bob, "2026-02-01 10:01", "100")
		me := p.As(partnerOf(ann))
		var mine struct {
			Viewer struct {
				Partner struct{ ReferralReport reportPage }
			}
		}
		me.must("MyReferralReport", vars{"from": "2026-02-01", "to": "2026-02-28"}, &mine)
		if rows := mine.Viewer.Partner.ReferralReport.Rows.Nodes; len(rows) != 1 || rows[0].Referred.Name != "Bob" {
			p.Errorf("Ann sees %v", rows)
		}
		for _, secret := range []string{"conversions", "basisAmount", "threshold { progress }"} {
			me.refused(`{ viewer { partner { referralReport(from: "2026-02-01", to: "2026-02-28") { rows { nodes { `+secret+` } } } } } }`, nil, "FORBIDDEN")
		}
		me.refused(`{ viewer { partner { referralReport(from: "2026-02-01", to: "2026-02-28") { totals { conversions } } } } }`, nil, "FORBIDDEN")
		me.refused(`{ viewer { partner { referralReport(from: "2026-02-01", to: "2026-02-28") { rows { nodes { referred { email } } } } } } }`, nil, "FORBIDDEN")
		me.refused("ReferralReport", vars{"from": "2026-02-01", "to": "2026-02-28"}, "FORBIDDEN")
		me.refused("Partners", nil, "FORBIDDEN")
		me.refused(`query ($id: ID!) { network { partner(id: $id) { name } } }`, vars{"id": amy}, "NOT_FOUND id")
	})
}

// Whoever knows its rate could divide its commission by it, and learn what the network earns more exactly than the report
// tells it.
func TestRoles_aPartnerLearnsNoMoreFromDaysThanFromTheReport(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		type pair struct{ ann, bob, cid string }
		pairs := map[string]pair{}
		for _, basis := range []string{"REVENUE", "PROFIT", "PAYOUT"} {
			ann := p.Active("Ann, by " + basis)
			p.Custom(ann, percent("10", basis))
			pairs[basis] = pair{ann, p.Active("Bob", ann), p.Active("Cid", ann)}
		}
		p.At("2026-02-03 10:00")
		for basis, want := range map[string]struct{ staff, partner string }{
			"REVENUE": {"2026-02-01 12.345679, 2026-02-02 0.004", "2026-02-01 12.35"},
			"PROFIT":  {"2026-02-01 2.345679, 2026-02-02 0.002", "2026-02-01 2.35"},
			"PAYOUT":  {"2026-02-01 10.00, 2026-02-02 0.002", "2026-02-01 10.00, 2026-02-02 0.002"},
		} {
			p.each(basis, func(p *product) {
				ann, bob, cid := pairs[basis].ann, pairs[basis].bob, pairs[basis].cid
				p.ConvertsFor(bob, "2026-02-01 12:00", "123.456789", "100")
				p.ConvertsFor(bob, "2026-02-02 12:00", "0.04", "0.02")
				term, unpaid := p.theRow("2026-02-01", "2026-02-28", ann, bob).Term.ID, p.theRow("2026-02-01", "2026-02-28", ann, cid).Term.ID
				if got := p.As(admin).days(term); got != want.staff {
					p.Errorf("staff see %s, want %s", got, want.staff)
				}
				me := p.As(partnerOf(ann))
				if got := me.days(term); got != want.partner {
					p.Errorf("the partner sees %s, want %s", got, want.partner)
				}
				me.refused(`{ viewer { partner { referralReport(from: "2026-02-01", to: "2026-02-28") { rows(orderBy: {field: BASIS_AMOUNT, direction: ASC}) { totalCount } } } } }`, nil, "FORBIDDEN orderBy.field")
				p.ConvertsFor(cid, "2026-02-02 12:00", "1000", "0") // of which nothing is paid by payout
				if got := me.days(unpaid); basis == "PAYOUT" && got != "" {
					p.Errorf("the partner sees that something was earned without a payout: %s", got)
				}
			})
		}
	})
}

// days is what somebody sees of the days of a term, and for which of them an invoice.
func (c client) days(term string) string {
	c.Helper()
	var answer struct {
		Node struct {
			Days []struct {
				Date, Commission string
				Invoice          *struct{ Number int }
			}
		}
	}
	c.must(`query ($id: ID!) { node(id: $id) { ... on ReferralTerm { days(from: "2026-01-01", to: "2026-12-31") { date commission invoice { number } } } } }`, vars{"id": term}, &answer)
	var days []string
	for _, day := range answer.Node.Days {
		text := day.Date + " " + day.Commission
		if day.Invoice != nil {
			text += fmt.Sprint(" on ", day.Invoice.Number)
		}
		days = append(days, text)
	}
	return strings.Join(days, ", ")
}

func TestI6_aDayDoesNotTellOfAHiddenInvoice(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.Converts(bob, "2026-02-01 10:01", "100")
		term := p.theRow("2026-02-01", "2026-02-28", ann, bob).Term.ID
		p.At("2026-03-02 10:00")
		var made struct {
			RunBilling struct {
				Invoices struct{ Nodes []struct{ ID string } }
			}
		}
		p.As(admin).must("RunBilling", vars{"through": "2026-02-28", "partner": ann}, &made)
		p.Converts(bob, "2026-02-01 10:02", "50") // late, and unbilled
		me := p.As(partnerOf(ann))
		if got, want := me.days(term), "2026-02-01 5.00, 2026-02-01 10.00 on 1"; got != want {
			p.Errorf("the partner sees %s, want %s", got, want)
		}
		p.As(admin).must("SetInvoiceHidden", vars{"id": made.RunBilling.Invoices.Nodes[0].ID, "hidden": true}, nil)
		if got, want := me.days(term), "2026-02-01 15.00"; got != want {
			p.Errorf("where the invoice is hidden the partner sees %s, want %s", got, want)
		}
		if got, want := p.As(manager).days(term), "2026-02-01 5.00, 2026-02-01 10.00 on 1"; got != want {
			p.Errorf("staff see %s, want %s", got, want)
		}
	})
}

func TestI6_whatComesBackDoesNotNameAHiddenInvoice(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ann := p.Active("Ann")
		sale := p.ConvertsFor(ann, "2026-02-01 10:01", "200", "100")
		bill := func(through string) string {
			p.As(admin).must("RunBilling", vars{"through": through, "partner": ann}, nil)
			return p.latestInvoice()
		}
		p.At("2026-03-02 10:00")
		bill("2026-02-28")
		p.Adjust(sale, "2026-03-01 10:00", "-100", "-60")
		p.At("2026-04-02 10:00")
		carries := bill("2026-03-31")
		p.ConvertsFor(ann, "2026-04-01 10:00", "200", "100")
		p.At("2026-05-02 10:00")
		back := bill("2026-04-30")
		paths := p.As(admin).documentsOf(back)
		lines := func(who account) string {
			var answer struct {
				Viewer, Network struct {
					Partner struct {
						Invoices struct {
							Nodes []struct {
								Lines []struct {
									Description, Amount string
									Counterpart         *struct{ ID string }
								}
							}
						}
					}
				}
			}
			p.As(who).must(`query ($id: ID!) { network { partner(id: $id) { invoices(first: 1) { nodes { lines { description amount counterpart { id } } } } } } }`, vars{"id": ann}, &answer)
			return fmt.Sprint(answer.Network.Partner.Invoices.Nodes[0].Lines)
		}
		if got := lines(partnerOf(ann)); !strings.Contains(got, "Carried forward from invoice 2") {
			p.Errorf("where nothing is hidden the partner sees %s", got)
		}
		p.As(admin).must("SetInvoiceHidden", vars{"id": carries, "hidden": true}, nil)
		if got := lines(partnerOf(ann)); strings.Contains(got, "invoice 2") || !strings.Contains(got, "Carried forward from an earlier invoice -60.00 <nil>") {
			p.Errorf("where the invoice is hidden the partner sees %s", got)
		}
		if got := lines(manager); !strings.Contains(got, "Carried forward from invoice 2") {
			p.Errorf("staff see %s", got)
		}
		for _, path := range []string{paths.CSV, paths.HTML} {
			if got := p.As(partnerOf(ann)).Document(path).body; strings.Contains(got, "invoice 2") || !strings.Contains(got, "Carried forward from an earlier invoice") {
				p.Errorf("where the invoice is hidden the document says\n%s", got)
			}
			if got := p.As(manager).Document(path).body; !strings.Contains(got, "Carried forward from invoice 2") {
				p.Errorf("to staff the document says\n%s", got)
			}
		}
	})
}

// Nothing crosses a network's border: what another network has is not there, whatever one does with its id (rule
// R1).
func TestR1_whatAnotherNetworkHasIsNotThere(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		other := p.Neighbour("Other")
		other.Global(tenPercent)
		theirs := other.Active("Theirs")
		referred := other.Active("Referred", theirs)
		other.Converts(referred, "2026-02-01 10:01", "100")
		row := other.theRow("2026-02-01", "2026-02-28", theirs, referred)
		var they struct{ Network struct{ ID string } }
		other.As(admin).must(`{ network { id } }`, nil, &they)

		ids := map[string]string{
			"another network's": theirs, "never given": "UGFydG5lcjo5OTk5OTk", "of another type": row.Term.ID, "of nothing": "'; DROP TABLE partner; --",
			"empty": "", "too large": "UGFydG5lcjo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk",
		}
		for what, id := range ids {
			p.each(what, func(p *product) {
				for operation, input := range map[string]struct {
					variables vars
					field     string
				}{
					"UpdatePartner":                {vars{"input": vars{"id": id, "version": 1}}, "id"},
					"ApprovePartner":               {vars{"id": id}, "id"},
					"SetPartnerStatus":             {vars{"id": id, "status": "SUSPENDED"}, "id"},
					"UpdatePartnerReferralSetting": {vars{"input": vars{"partner": id, "version": 1, "mode": "DISABLED"}}, "partner"},
					"AssignReferredBy":             {vars{"input": vars{"partner": id, "referrer": ann}}, "partner"},
					"RemoveReferredBy":             {vars{"input": vars{"partner": id}}, "partner"},
					"CreatePartner":                {vars{"input": vars{"name": "Eve", "referredBy": id}}, "referredBy"},
					"RecordConversions":            {vars{"conversions": []vars{p.conversion("new", id, "2026-02-01 10:01", "1", "1")}}, "conversions.0.partner"},
					"Partner":                      {vars{"id": id}, "id"},
					"RunBilling":                   {vars{"through": "2026-01-31", "partner": id}, "partner"},
					"Invoice":                      {vars{"id": id}, "id"},
					"MarkInvoicePaid":              {vars{"id": id}, "id"},
					"DeleteInvoice":                {vars{"id": id, "reason": "a mistake"}, "id"},
					"SetInvoiceHidden":             {vars{"id": id, "hidden": true}, "id"},
				} {
					p.As(admin).refused(operation, input.variables, "NOT_FOUND "+input.field)
				}
				for document, field := range map[string]string{
					`mutation ($id: ID!) { rotateReferralCode(partner: $id) { partner { id } } }`:                                 "partner",
					`mutation ($id: ID!) { revokeToken(id: $id) { token { id } } }`:                                               "id",
					`mutation ($id: ID!) { createToken(input: {account: $id, name: "t"}) { secret } }`:                            "account",
					`mutation ($id: ID!) { createAccount(input: {name: "Eve", role: PARTNER, partner: $id}) { account { id } } }`: "partner",
					`query ($id: ID!) { network(id: $id) { name } }`:                                                              "id",
				} {
					p.As(admin).refused(document, vars{"id": id}, "NOT_FOUND "+field)
				}
				p.As(admin).refused("AssignReferredBy", vars{"input": vars{"partner": bob, "referrer": id}}, "NOT_FOUND referrer")
				p.As(admin).refused("CreatePartner", vars{"input": vars{"name": "Eve", "manager": id}}, "NOT_FOUND manager")
				p.As(admin).refused("UpdatePartner", vars{"input": vars{"id": ann, "version": 1, "manager": id}}, "NOT_FOUND manager")
				for _, filter := range []vars{{"referrer": id}, {"referred": id}, {"manager": id}} {
					p.ReportsOnly("2026-02-01", "2026-02-28", filter)
				}
				var found struct {
					Network struct{ Partners, Invoices struct{ TotalCount int } }
				}
				if p.As(admin).must("Invoices", vars{"filter": vars{"partner": id}}, &found); found.Network.Invoices.TotalCount != 0 {
					p.Errorf("invoices of another network: %d", found.Network.Invoices.TotalCount)
				}
				for _, filter := range []vars{{"manager": id}, {"referredBy": id}} {
					if p.As(admin).must("Partners", vars{"filter": filter}, &found); found.Network.Partners.TotalCount != 0 {
						p.Errorf("partners by %v: %d", filter, found.Network.Partners.TotalCount)
					}
				}
			})
		}
		p.As(tracker).refused("RecordAdjustments", vars{"adjustments": []vars{p.adjustment("new", "row-1", "2026-02-01 10:02", "0", "-1")}}, "NOT_FOUND adjustments.0.adjusts")
		p.As(admin).refused(`query ($id: ID!) { network(id: $id) { name } }`, vars{"id": they.Network.ID}, "NOT_FOUND id")
		for _, id := range append(slices.Collect(maps.Values(ids)), they.Network.ID, row.Term.ID, row.Referral.ID) {
			var answer struct{ Node *struct{ ID string } }
			p.As(admin).must(`query ($id: ID!) { node(id: $id) { id } }`, vars{"id": id}, &answer)
			if answer.Node != nil {
				p.Errorf("node(%q) is %v", id, answer.Node)
			}
		}
		var everything struct {
			Network struct{ Partners struct{ TotalCount int } }
		}
		p.As(support).must(`query ($id: ID!) { network(id: $id) { partners { totalCount } } }`, vars{"id": they.Network.ID}, &everything)
		if everything.Network.Partners.TotalCount != 2 {
			p.Errorf("support sees %d partners of the other network", everything.Network.Partners.TotalCount)
		}
		p.As(support).refused(`{ network { name } }`, nil, "BAD_USER_INPUT id")
	})
}
