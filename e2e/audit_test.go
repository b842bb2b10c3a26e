package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// event is one of the audit log.
type event struct {
	ID, Action string
	Actor      struct {
		Name string
		Role *string
	}
	Subject struct{ ID, Name string }
	Reason  *string
	Changes []struct {
		Field         string
		Before, After *string
	}
}

// String is the event in short: who did what to what, what changed, and why.
func (e event) String() string {
	value := func(v *string) string {
		if v == nil {
			return "-"
		}
		return *v
	}
	changes := make([]string, len(e.Changes))
	for i, c := range e.Changes {
		changes[i] = fmt.Sprintf("%s %s > %s", c.Field, value(c.Before), value(c.After))
	}
	line := fmt.Sprintf("%s: %s %s: %s", e.Actor.Name, e.Action, e.Subject.Name, strings.Join(changes, ", "))
	if e.Reason != nil {
		line += " (" + *e.Reason + ")"
	}
	return line
}

// fresh is what an ADMIN reads in the log that is newer than what it read before.
func (p *product) fresh(since map[string]bool) []event {
	p.Helper()
	var answer struct {
		Network struct{ AuditLog struct{ Nodes []event } }
	}
	p.As(admin).must(`{ network { auditLog(first: 100) { nodes { id action actor { name role } subject { id name } reason changes { field before after } } } } }`, nil, &answer)
	fresh := slices.DeleteFunc(answer.Network.AuditLog.Nodes, func(e event) bool { return since[e.ID] })
	slices.Reverse(fresh)
	for _, e := range fresh {
		since[e.ID] = true
	}
	return fresh
}

// TestR3_everyMutationIsInTheLog runs every mutation of the schema so that it changes something, and reads the log: a new
// one without a line here fails. What the tracking platform reports is a log by itself.
func TestR3_everyMutationIsInTheLog(t *testing.T) {
	logsThemselves := []string{"recordConversions", "recordAdjustments"}
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob, cid := p.Active("Bob", ann), p.Active("Cid")
		p.Converts(bob, "2026-02-01 10:01", "100")
		p.At("2026-03-02 10:00")
		read := map[string]bool{}
		p.fresh(read)
		var ids struct {
			CreateAccount struct{ Account struct{ ID string } }
			CreateToken   struct{ Token struct{ ID string } }
			RunBilling    struct {
				Invoices struct{ Nodes []struct{ ID string } }
			}
			ProposeRetroactiveCommission struct{ Grant struct{ ID string } }
		}
		bill := func() string {
			p.As(admin).must("RunBilling", vars{"through": "2026-02-28", "partner": ann}, &ids)
			return ids.RunBilling.Invoices.Nodes[0].ID
		}
		version := func(id string) int { return p.Partner(id).Version }
		did := []struct {
			mutation string
			document string
			input    func() vars
			want     []string // lines of the log, of which a "*" is anything
		}{
			{"signUp", "SignUp", func() vars {
				return vars{"input": vars{"network": p.network, "name": "Zoe", "email": "zoe@example.com"}}
			}, []string{"sign-up page: signUp Zoe: *name - > Zoe*"}},
			{"updateReferralSettings", "UpdateReferralSettings", func() vars {
				return vars{"input": vars{"version": p.settingsVersion(), "enabled": false, "reason": "a pause"}}
			}, []string{"Ada Admin: updateReferralSettings Acme: enabled true > false (a pause)"}},
			{"createPartner", "CreatePartner", func() vars { return vars{"input": vars{"name": "New"}} }, []string{"Ada Admin: createPartner New: *name - > New*"}},
			{"updatePartner", "UpdatePartner", func() vars {
				return vars{"input": vars{"id": cid, "version": version(cid), "name": "Cyd", "billing": vars{"frequency": "WEEKLY"}}}
			}, []string{"Ada Admin: updatePartner Cyd: billingFrequency MONTHLY > WEEKLY, name Cid > Cyd"}},
			{"setPartnerStatus", "SetPartnerStatus", func() vars { return vars{"id": cid, "status": "SUSPENDED", "reason": "fraud"} }, []string{"Ada Admin: setPartnerStatus Cyd: status ACTIVE > SUSPENDED (fraud)"}},
			{"approvePartner", "ApprovePartner", func() vars { return vars{"id": cid} }, []string{"Ada Admin: approvePartner Cyd: status SUSPENDED > ACTIVE"}},
			{"updatePartnerReferralSetting", "UpdatePartnerReferralSetting", func() vars {
				return vars{"input": vars{"partner": ann, "version": p.Partner(ann).ReferralSetting.Version, "mode": "CUSTOM", "structure": tenPercent, "reason": "a deal"}}
			}, []string{"Ada Admin: updatePartnerReferralSetting Ann: referralMode INHERIT > CUSTOM, structure - > * (a deal)"}},
			{"takeBackChange", takeBack, func() vars {
				change := p.DateSettings("2026-12-24", vars{"enabled": true, "structure": nil, "reason": "a holiday"}).DatedChange
				var made []string
				for _, e := range p.fresh(read) {
					made = append(made, e.String())
				}
				want := "Ada Admin: updateReferralSettings Acme: applyTo - > ALL, disableCustom - > false, effectiveOn - > 2026-12-24, enabled - > ON, reason - > a holiday, reviveExpired - > false, status - > PENDING (a holiday)"
				if len(made) != 1 || made[0] != want {
					p.Errorf("of a change that is dated ahead the log says\n\t%s\nwant\n\t%s", strings.Join(made, "\n\t"), want)
				}
				return vars{"id": change.ID, "reason": "no holiday"}
			}, []string{"Ada Admin: takeBackChange Acme: status PENDING > TAKEN_BACK (no holiday)"}},
			{"assignReferredBy", "AssignReferredBy", func() vars { return vars{"input": vars{"partner": cid, "referrer": ann, "reason": "she says so"}} }, []string{
				"Ada Admin: assignReferredBy Cyd: *referredBy - > " + ann + "* (she says so)", "Ada Admin: assignReferredBy Cyd: *referrer - > " + ann + "* (she says so)",
			}},
			{"removeReferredBy", "RemoveReferredBy", func() vars {
				return vars{"input": vars{"partner": cid, "unbilled": "FORFEIT", "reason": "fraud"}}
			}, []string{"Ada Admin: removeReferredBy Cyd: *endedAt - > * (fraud)", "Ada Admin: removeReferredBy Cyd: *referredBy " + ann + " > -* (fraud)"}},
			{"runBilling", "RunBilling", func() vars { return vars{"through": "2026-02-28", "partner": ann} }, []string{"Ada Admin: runBilling Ann: *number - > 1*"}},
			{"setInvoiceHidden", "SetInvoiceHidden", func() vars { return vars{"id": p.latestInvoice(), "hidden": true} }, []string{"Ada Admin: setInvoiceHidden Ann: hidden false > true"}},
			{"deleteInvoice", "DeleteInvoice", func() vars { return vars{"id": p.latestInvoice(), "reason": "a mistake"} }, []string{"Ada Admin: deleteInvoice Ann: *status UNPAID > DELETED (a mistake)"}},
			{"markInvoicePaid", "MarkInvoicePaid", func() vars {
				made := bill()
				p.fresh(read)
				return vars{"id": made}
			}, []string{"Ada Admin: markInvoicePaid Ann: *status UNPAID > PAID"}},
			{"voidReferralCommission", voiding, func() vars {
				p.Converts(bob, "2026-02-20 09:00", "100")
				rows, _ := p.Report("2026-01-01", "2026-12-31", vars{"referrer": ann, "referred": bob})
				return vars{"input": vars{"term": rows[0].Term.ID, "reason": "fraud"}}
			}, []string{"Ada Admin: voidReferralCommission Bob: amount - > 10, conversions - > 1, from - > 2026-02-20, reason - > fraud, term - > *, to - > 2026-02-20 (fraud)"}},
			{"proposeRetroactiveCommission", proposing, func() vars {
				p.Converts(bob, "2026-01-20 09:00", "100")
				return p.grant(p.referralOf(ann), "2026-01-20", "2026-01-20", "50")
			}, []string{"Sue Support: proposeRetroactiveCommission Bob: *maximum - > 50, reason - > promised by phone, *status - > PROPOSED, * (promised by phone)"}},
			{"acceptRetroactiveCommission", accepting, func() vars { return vars{"id": ids.ProposeRetroactiveCommission.Grant.ID} }, []string{
				"Ada Admin: acceptRetroactiveCommission Bob: amount 0 > 10, conversions 0 > 1, status PROPOSED > GRANTED",
			}},
			{"revokeRetroactiveCommission", revoking, func() vars {
				return vars{"id": ids.ProposeRetroactiveCommission.Grant.ID, "reason": "a mistake"}
			}, []string{"Ada Admin: revokeRetroactiveCommission Bob: endReason - > a mistake, endedAt - > *, status GRANTED > REVOKED (a mistake)"}},
			{"proposeRetroactiveCommission", proposing, func() vars { return p.grant(p.referralOf(ann), "2026-01-20", "2026-01-20", "50") }, []string{
				"Sue Support: proposeRetroactiveCommission Bob: * (promised by phone)",
			}},
			{"declineRetroactiveCommission", declining, func() vars { return vars{"id": ids.ProposeRetroactiveCommission.Grant.ID} }, []string{
				"Ada Admin: declineRetroactiveCommission Bob: endedAt - > *, status PROPOSED > DECLINED",
			}},
			{"grantRetroactiveCommission", granting, func() vars {
				return vars{"input": p.grant(p.referralOf(ann), "2026-01-20", "2026-01-20", "50")["input"]}
			}, []string{"Ada Admin: grantRetroactiveCommission Bob: *status - > GRANTED* (promised by phone)"}},
			{"rotateReferralCode", `mutation ($id: ID!) { rotateReferralCode(partner: $id) { partner { id } } }`, func() vars { return vars{"id": ann} }, []string{"Ada Admin: rotateReferralCode Ann: referralCode - > -"}},
			{"setSignUpPage", `mutation ($url: String) { setSignUpPage(url: $url) { network { id } } }`, func() vars { return vars{"url": "https://acme.example/new"} }, []string{
				"Ada Admin: setSignUpPage Acme: signUpPage https://acme.example/join > https://acme.example/new",
			}},
			{"createAccount", `mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } } }`, func() vars { return vars{"input": vars{"name": "Robot", "role": "TRACKER"}} }, []string{
				"Ada Admin: createAccount Robot: *name - > Robot, role - > TRACKER",
			}},
			{"createToken", `mutation ($input: CreateTokenInput!) { createToken(input: $input) { token { id } } }`, func() vars { return vars{"input": vars{"account": ids.CreateAccount.Account.ID, "name": "key"}} }, []string{
				"Ada Admin: createToken key: account - > *, name - > key",
			}},
			{"revokeToken", revokeToken, func() vars { return vars{"id": ids.CreateToken.Token.ID} }, []string{"Ada Admin: revokeToken key: revokedAt - > *"}},
		}
		known := slices.Clone(logsThemselves)
		for _, it := range did {
			known = append(known, it.mutation)
			p.each(it.mutation, func(p *product) {
				by := admin
				switch it.mutation {
				case "signUp":
					by = stranger
				case "proposeRetroactiveCommission":
					by = support
				}
				p.As(by).must(it.document, it.input(), &ids)
				var got []string
				for _, e := range p.fresh(read) {
					got = append(got, e.String())
					if by == admin && (e.Actor.Role == nil || *e.Actor.Role != "ADMIN") || by == stranger && e.Actor.Role != nil {
						p.Errorf("%s was done by a %v", e, e.Actor.Role)
					}
				}
				unlike := slices.DeleteFunc(slices.Clone(it.want), func(want string) bool {
					return slices.ContainsFunc(got, func(line string) bool { return likely(line, want) })
				})
				if len(unlike) > 0 || len(got) != len(it.want) {
					p.Errorf("the log says\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(it.want, "\n\t"))
				}
			})
		}
		promised, err := schema()
		if err != nil {
			p.Fatal(err)
		}
		for _, field := range promised.Mutation.Fields {
			if !slices.Contains(known, field.Name) {
				p.Errorf("this test does not know what %s leaves in the log", field.Name)
			}
		}
		// What is refused leaves nothing, also where a part of it was done before.
		p.As(admin).refused("CreatePartner", vars{"input": vars{"name": "No", "referredBy": "none"}}, "NOT_FOUND referredBy")
		p.As(admin).refused("AssignReferredBy", vars{"input": vars{"partner": ann, "referrer": bob}}, "FAILED_PRECONDITION referrer")
		p.As(manager).refused("UpdateReferralSettings", vars{"input": vars{"version": 1, "enabled": true}}, "FORBIDDEN")
		p.As(admin).must("ApprovePartner", vars{"id": ann}, nil) // which it is
		for _, e := range p.fresh(read) {
			if e.Actor.Name != "command line" { // which made the manager's account
				p.Errorf("what changed nothing is in the log: %s", e)
			}
		}
	})
}

// The log is read page by page, and by what something was done to: of a partner also what was done to its referrals and
// invoices.
func TestR3_theLogIsReadByPagesAndBySubject(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, cid := p.Active("Ann"), p.Active("Cid")
		p.Assign(cid, ann)
		p.Remove(cid, forfeit)
		read := func(by client, subject any, first int) (ids, names []string) {
			variables := vars{"subject": subject, "first": first}
			for more := true; more; {
				var answer struct {
					Network struct {
						AuditLog struct {
							TotalCount int
							PageInfo   struct {
								HasNextPage bool
								EndCursor   *string
							}
							Nodes []event
						}
					}
				}
				by.must(`query ($subject: ID, $first: Int, $after: String) { network { auditLog(subject: $subject, first: $first, after: $after) {
					totalCount pageInfo { hasNextPage endCursor } nodes { id subject { name } } } } }`, variables, &answer)
				log := answer.Network.AuditLog
				for _, e := range log.Nodes {
					ids, names = append(ids, e.ID), append(names, e.Subject.Name)
				}
				if more, variables["after"] = log.PageInfo.HasNextPage, log.PageInfo.EndCursor; !more && len(ids) != log.TotalCount {
					p.Errorf("%d events are read, %d counted", len(ids), log.TotalCount)
				}
			}
			return ids, names
		}
		ada := p.As(admin)
		whole, _ := read(ada, nil, 100)
		if pages, _ := read(ada, nil, 2); !slices.Equal(pages, whole) {
			p.Errorf("page by page it is %v, at once %v", pages, whole)
		}
		if _, names := read(ada, cid, 100); len(names) < 5 || slices.ContainsFunc(names, func(name string) bool { return name != "Cid" }) {
			p.Errorf("of Cid it tells %v", names) // created, approved, referred, and that ended
		}
		if ids, _ := read(ada, p.network, 100); len(ids) == 0 || len(ids) >= len(whole) {
			p.Errorf("of the network itself it tells %d of %d", len(ids), len(whole))
		}
		if ids, _ := read(p.As(limited), nil, 100); len(ids) != 0 {
			p.Errorf("who manages nobody reads %v", ids)
		}
	})
}

// latestInvoice is its id.
func (p *product) latestInvoice() string {
	p.Helper()
	var answer struct {
		Network struct {
			Invoices struct{ Nodes []struct{ ID string } }
		}
	}
	p.As(admin).must("Invoices", vars{"first": 1}, &answer)
	if len(answer.Network.Invoices.Nodes) == 0 {
		p.Fatal("there is no invoice")
	}
	return answer.Network.Invoices.Nodes[0].ID
}

// likely tells whether a text is as it should be, where a "*" is anything.
func likely(text, want string) bool {
	first, rest, more := strings.Cut(want, "*")
	if !more {
		return text == want
	}
	text, found := strings.CutPrefix(text, first)
	for found && !likely(text, rest) {
		if text == "" {
			return false
		}
		text = text[1:]
	}
	return found
}
