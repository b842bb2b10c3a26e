package e2e_test

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// place is one partner and everything that hangs on it: what stands in the braces of a probe, by name.
type place map[string]string

// fill puts the place's own values into the braces of a text.
func (at place) fill(text string) string {
	var pairs []string
	for name, value := range at {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// column is who asks, and about which place: a column of docs/access.md.
type column struct {
	title string
	role  string
	by    client
	at    place
}

// accessWorld is what the table of who may do what is about: in one network Ann, who referred Bob, and Dan, with whom
// they have nothing to do; in another one Zed. Lea manages Ann alone; Pat is Ann.
type accessWorld struct {
	*product
	other              *product
	ann, bob, dan, zed place
	columns            []column
	all                map[string]map[string][]answer // what those are answered who see everything, by the place and the field
}

func newAccessWorld(p *product) *accessWorld {
	p.Helper()
	p.With("--address-header", "X-Forwarded-For")
	p.At("2026-02-01 10:00")
	w := &accessWorld{product: p, other: p.Neighbour("Zeta")}
	global := flat("5").from("1")
	w.Global(global)
	w.other.Global(global)
	lea := w.managerID(limited)
	cid := w.person("Cid", lea)
	w.ann = w.begin(p, "Ann", lea, cid, "11")
	w.bob = w.begin(p, "Bob", "", w.ann["partner"], "12")
	w.dan = w.begin(p, "Dan", "", w.person("Doe", ""), "13")
	w.zed = w.begin(w.other, "Zed", "", w.other.person("Zoe", ""), "14")
	w.At("2026-03-02 10:00")
	w.other.server, w.other.clock = w.server, w.clock
	for _, at := range []place{w.ann, w.bob, w.dan} {
		w.bill(p, at)
	}
	w.bill(w.other, w.zed)
	pat := p.As(partnerOf(w.ann["partner"]))
	w.columns = []column{
		{"**ADMIN**", "ADMIN", p.As(admin), w.ann},
		{"elsewhere", "ADMIN", p.As(admin), w.zed},
		{"**GLOBAL**", "PARTNER_MANAGER", p.As(manager), w.ann},
		{"elsewhere", "PARTNER_MANAGER", p.As(manager), w.zed},
		{"**LIMITED**", "PARTNER_MANAGER", p.As(limited), w.ann},
		{"referred", "PARTNER_MANAGER", p.As(limited), w.bob},
		{"others", "PARTNER_MANAGER", p.As(limited), w.dan},
		{"elsewhere", "PARTNER_MANAGER", p.As(limited), w.zed},
		{"**PARTNER**", "PARTNER", pat, w.ann},
		{"referred", "PARTNER", pat, w.bob},
		{"others", "PARTNER", pat, w.dan},
		{"elsewhere", "PARTNER", pat, w.zed},
		{"**SUPPORT**", "SUPPORT", p.As(support), w.ann},
		{"elsewhere", "SUPPORT", p.As(support), w.zed},
		{"**TRACKER**", "TRACKER", p.As(tracker), w.ann},
		{"elsewhere", "TRACKER", p.As(tracker), w.zed},
		{"**nobody**", "", p.As(stranger), w.ann},
	}
	for i := range w.columns { // strangers sign up once from each
		w.columns[i].by.address = fmt.Sprint("192.0.2.", i)
	}
	return w
}

// person creates a partner with an e-mail and perhaps a manager.
func (p *product) person(name, managedBy string, more ...vars) string {
	p.Helper()
	input := vars{"name": name, "email": strings.ToLower(strings.ReplaceAll(name, "'s ", ".")) + "@example.com", "status": "ACTIVE", "billing": vars{"invoiceThreshold": "0.01"}}
	if managedBy != "" {
		input["manager"] = managedBy
	}
	for _, fields := range more {
		maps.Copy(input, fields)
	}
	var made struct {
		CreatePartner struct{ Partner struct{ ID string } }
	}
	p.As(admin).must("CreatePartner", vars{"input": input}, &made)
	return made.CreatePartner.Partner.ID
}

// managerID is the id of an account of staff.
func (p *product) managerID(of account) string {
	p.Helper()
	p.As(of)
	var found struct {
		Network struct {
			Accounts struct {
				Nodes []struct{ ID, Name string }
			}
		}
	}
	p.As(admin).must(`{ network { accounts(first: 100) { nodes { id name } } } }`, nil, &found)
	for _, node := range found.Network.Accounts.Nodes {
		if node.Name == of.name {
			return node.ID
		}
	}
	p.Fatalf("%s has no account", of.name)
	return ""
}

// begin creates a partner that was referred, and refers one itself: first for a flat fee, then by a percentage.
func (w *accessWorld) begin(p *product, name, managedBy, referrer, rate string) place {
	p.Helper()
	var second []vars
	if managedBy == "" {
		second = append(second, vars{"manager": p.managerID(manager)})
	}
	partner := p.person(name, managedBy, append(second, vars{"referredBy": referrer})...)
	first := p.person(name+"'s first", "", vars{"referredBy": partner})
	loner := p.person(name+"'s loner", managedBy)
	flatTerm := p.theRow("2026-02-01", "2026-02-28", partner, first)
	p.Custom(partner, percent(rate, "REVENUE").from("1").lasting(1, "YEAR"))
	row := p.theRow("2026-02-01", "2026-02-28", partner, first)
	at := place{
		"name": name, "home": w.network, "network": p.network, "partner": partner, "referrer": referrer, "first": first, "loner": loner,
		"term": row.Term.ID, "referral": row.Referral.ID,
	}
	at["sale"], at["saleAt"], at["revenue"], at["payout"] = name+"-sale", p.moment("2026-02-01 10:01"), "20"+rate+".57", "7"+rate+".31"
	p.Record(p.conversion(at["sale"], first, at["saleAt"], at["revenue"], at["payout"]))
	at["back"], at["backAt"] = name+"-back", p.moment("2026-02-01 10:02")
	p.As(tracker).must("RecordAdjustments", vars{"adjustments": []vars{p.adjustment(at["back"], at["sale"], at["backAt"], "-1", "-1")}}, nil)
	p.ConvertsFor(partner, "2026-02-01 10:03", "9"+rate+".83", "5"+rate+".29")
	p.As(partnerOf(partner)).must("Viewer", nil, nil) // so that its token was used
	var found struct {
		Network struct {
			Accounts struct {
				Nodes []struct {
					ID      string
					Partner *struct{ ID string }
					Tokens  []struct{ ID string }
				}
			}
			AuditLog struct {
				Nodes []struct {
					ID, Action string
				}
			}
		}
		Flat, Percent struct{ Structure struct{ ID string } }
		Node          struct {
			Days []struct {
				ConversionList struct{ Nodes []struct{ ID string } }
			}
		}
	}
	ada := p.As(admin)
	ada.must(`query ($partner: ID!, $flat: ID!, $percent: ID!) {
		network { accounts(first: 100) { nodes { id partner { id } tokens { id } } } auditLog(subject: $partner, first: 100) { nodes { id action } } }
		flat: node(id: $flat) { ... on ReferralTerm { structure { id } } } percent: node(id: $percent) { ... on ReferralTerm { structure { id } } }
		node(id: $percent) { ... on ReferralTerm { days(from: "2026-02-01", to: "2026-02-28") { conversionList { nodes { id } } } } }
	}`, vars{"partner": partner, "flat": flatTerm.Term.ID, "percent": row.Term.ID}, &found)
	at["flat"], at["structure"] = found.Flat.Structure.ID, found.Percent.Structure.ID
	at["conversion"] = found.Node.Days[0].ConversionList.Nodes[0].ID
	for _, event := range found.Network.AuditLog.Nodes {
		if event.Action == "updatePartnerReferralSetting" {
			at["event"] = event.ID
		}
	}
	for _, account := range found.Network.Accounts.Nodes {
		if account.Partner != nil && account.Partner.ID == partner {
			at["account"], at["token"] = account.ID, account.Tokens[0].ID
		}
	}
	var made struct {
		CreateToken struct{ Token struct{ ID string } }
	}
	ada.must(`mutation ($id: ID!) { createToken(input: {account: $id, name: "revoked"}) { token { id } } }`, vars{"id": at["account"]}, &made)
	at["revoked"] = made.CreateToken.Token.ID
	ada.must(revokeToken, vars{"id": at["revoked"]}, nil)
	w.grants(p, at)
	return at
}

// grants makes a grant that stands, one that was revoked, and a proposal that was declined.
func (w *accessWorld) grants(p *product, at place) {
	p.Helper()
	p.Converts(at["first"], "2026-01-30 09:00", "10")
	p.Converts(at["first"], "2026-01-31 09:00", "10")
	var made struct {
		GrantRetroactiveCommission, ProposeRetroactiveCommission struct{ Grant struct{ ID string } }
	}
	for _, kept := range []string{"revokedGrant", "grant"} {
		p.As(admin).must(granting, vars{"input": p.grant(at["referral"], "2026-01-31", "2026-01-31", "500", tenOfPayout)["input"]}, &made)
		at[kept] = made.GrantRetroactiveCommission.Grant.ID
		if kept == "revokedGrant" {
			p.As(admin).must(revoking, vars{"id": at[kept], "reason": "a mistake"}, nil)
		}
	}
	p.As(support).must(proposing, p.grant(at["referral"], "2026-01-30", "2026-01-30", "500", tenOfPayout), &made)
	at["proposal"] = made.ProposeRetroactiveCommission.Grant.ID
	p.As(admin).must(declining, vars{"id": at["proposal"]}, nil)
}

// bill makes an invoice that is deleted, and one that stays.
func (w *accessWorld) bill(p *product, at place) {
	p.Helper()
	for _, kept := range []string{"deleted", "invoice"} {
		var made struct {
			RunBilling struct {
				Invoices struct {
					Nodes []struct {
						ID    string
						Lines []struct{ ID, Type string }
					}
				}
			}
		}
		p.As(admin).must(`mutation ($partner: ID!) { runBilling(through: "2026-02-28", partner: $partner) { invoices { nodes { id lines { id type } } } } }`, vars{"partner": at["partner"]}, &made)
		invoice := made.RunBilling.Invoices.Nodes[0]
		at[kept] = invoice.ID
		for _, line := range invoice.Lines {
			if line.Type == "REFERRAL_COMMISSION" {
				at["line"] = line.ID
			}
		}
		if kept == "deleted" {
			p.As(admin).must("DeleteInvoice", vars{"id": invoice.ID, "reason": "a mistake"}, nil)
		}
	}
	p.ConvertsFor(at["first"], "2026-02-02 10:04", "50", "20")
	var made struct {
		VoidReferralCommission struct{ Void struct{ ID string } }
	}
	p.As(admin).must(voiding, vars{"input": vars{"term": at["term"], "from": "2026-02-02", "reason": "fraud"}}, &made)
	at["void"] = made.VoidReferralCommission.Void.ID
	p.ConvertsFor(at["first"], "2026-02-01 10:04", "77.70", "44.40") // which no invoice pays yet
	for _, kept := range []string{"dated", "takenBack"} {
		at[kept] = p.DateSetting("2026-12-24", at["partner"], "DISABLED", vars{"reason": "a holiday"}).DatedChange.ID
	}
	p.TakeBack(at["takenBack"])
}

// versions is the place with the versions that a save must name now.
func (w *accessWorld) versions(at place) place {
	w.Helper()
	home := w.product
	if at["network"] == w.other.network {
		home = w.other
	}
	now := maps.Clone(at)
	partner := home.Partner(at["partner"])
	now["version"] = strconv.Itoa(partner.Version)
	now["settingVersion"] = strconv.Itoa(partner.ReferralSetting.Version)
	now["settingsVersion"] = strconv.Itoa(home.settingsVersion())
	return now
}
