package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// grantee is a grant as an ADMIN sees it.
type grantee struct {
	ID, Status, From, To, Reason, Amount, Maximum string
	Conversions                                   int
	Structure                                     struct{ Summary string }
	Term                                          *struct{ ID string }
	ProposedBy, GrantedBy, EndedBy, EndReason     *string
}

// String is it in short: "GRANTED 12.00 for 2 by 10% of payout, proposed by Sue, granted by Ada".
func (g grantee) String() string {
	told := []string{fmt.Sprintf("%s %s for %d by %s", g.Status, g.Amount, g.Conversions, g.Structure.Summary)}
	for _, did := range []struct {
		what string
		who  *string
	}{{"proposed", g.ProposedBy}, {"granted", g.GrantedBy}, {"ended", g.EndedBy}} {
		if did.who != nil {
			told = append(told, did.what+" by "+*did.who)
		}
	}
	return strings.Join(told, ", ")
}

// grantImpact is what a grant comes to.
type grantImpact struct {
	Summary, BasisAmount, Amount                                  string
	Conversions, AlreadyCounted, CountedForOthers, AlreadyGranted int
}

func (i grantImpact) String() string {
	return fmt.Sprintf("%s of %s for %d by %s, left out %d counted (%d for others), %d granted",
		i.Amount, i.BasisAmount, i.Conversions, i.Summary, i.AlreadyCounted, i.CountedForOthers, i.AlreadyGranted)
}

const (
	grantFields  = ` id status from to reason amount maximum conversions structure { summary } term { id } proposedBy grantedBy endedBy endReason `
	impactFields = ` summary basisAmount amount conversions alreadyCounted countedForOthers alreadyGranted `

	granting     = `mutation ($input: RetroactiveCommissionInput!) { grantRetroactiveCommission(input: $input) { grant {` + grantFields + `} impact {` + impactFields + `} } }`
	tryingGrant  = `query ($network: ID!, $input: RetroactiveCommissionInput!) { network(id: $network) { previewRetroactiveCommission(input: $input) {` + impactFields + `} } }`
	proposing    = `mutation ($network: ID!, $input: RetroactiveCommissionInput!) { proposeRetroactiveCommission(network: $network, input: $input) { grant {` + grantFields + `} } }`
	accepting    = `mutation ($id: ID!) { acceptRetroactiveCommission(id: $id) { grant {` + grantFields + `} impact {` + impactFields + `} } }`
	tryingAccept = `query ($id: ID!) { network { previewAcceptRetroactiveCommission(id: $id) {` + impactFields + `} } }`
	declining    = `mutation ($id: ID!, $reason: String) { declineRetroactiveCommission(id: $id, reason: $reason) { grant {` + grantFields + `} } }`
	revoking     = `mutation ($id: ID!, $reason: String!) { revokeRetroactiveCommission(id: $id, reason: $reason) { grant {` + grantFields + `} } }`
	voiding      = `mutation ($input: VoidReferralCommissionInput!) { voidReferralCommission(input: $input) { void { id from to amount conversions reason voidedBy } } }`
	tryingVoid   = `query ($input: VoidReferralCommissionInput!) { network { previewVoidReferralCommission(input: $input) { conversions amount } } }`
)

// grant asks for days of a referral.
func (p *product) grant(referral, from, to, maximum string, more ...vars) vars {
	input := vars{"referral": referral, "from": from, "to": to, "maximum": maximum, "reason": "promised by phone"}
	for _, fields := range more {
		maps.Copy(input, fields)
	}
	return vars{"network": p.network, "input": input}
}

// tenOfPayout is by which percentage.
var tenOfPayout = vars{"pays": vars{"percentage": vars{"rate": "10", "basis": "PAYOUT"}}}

// WouldGrant previews a grant, which changes nothing.
func (p *product) WouldGrant(asked vars, want string) {
	p.Helper()
	var answer struct {
		Network struct{ PreviewRetroactiveCommission grantImpact }
	}
	p.As(admin).must(tryingGrant, asked, &answer)
	if got := answer.Network.PreviewRetroactiveCommission.String(); got != want {
		p.Errorf("the preview says %s\nwant %s", got, want)
	}
}

// Grants grants, and wants it to come to that; nil where there was nothing to grant.
func (p *product) Grants(asked vars, want string) *grantee {
	p.Helper()
	var answer struct {
		GrantRetroactiveCommission struct {
			Grant  *grantee
			Impact grantImpact
		}
	}
	p.As(admin).must(granting, vars{"input": asked["input"]}, &answer)
	if got := answer.GrantRetroactiveCommission.Impact.String(); got != want {
		p.Errorf("granted %s\nwant %s", got, want)
	}
	return answer.GrantRetroactiveCommission.Grant
}

// referralOf is the one referral of a referrer.
func (p *product) referralOf(referrer string) string {
	p.Helper()
	rows, _ := p.Report("2026-01-01", "2026-12-31", vars{"referrer": referrer})
	return rows[0].Referral.ID
}

// latestGrant is the id of the grant or proposal that was made last.
func (p *product) latestGrant() string {
	p.Helper()
	var answer struct {
		Network struct{ RetroactiveGrants struct{ Nodes []grantee } }
	}
	p.As(admin).must(`{ network { retroactiveGrants(first: 1) { nodes { id } } } }`, nil, &answer)
	return answer.Network.RetroactiveGrants.Nodes[0].ID
}

// A finance team's life with a grant: previewed, made, made again (nothing), billed, revoked too late.
func TestGrants_areMadeOnceBilledAndThenNotRevoked(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-01-05 10:00")
		ann, eve := p.Active("Ann"), p.Active("Eve")
		bob := p.Active("Bob")
		first := p.Converts(bob, "2026-01-02 09:00", "100")
		p.Converts(bob, "2026-01-03 09:00", "50.50")
		p.Converts(bob, "2026-01-01 23:59", "7")
		back := p.Adjust(first, "2026-01-04 09:00", "0", "-20")
		p.At("2026-02-01 10:00")
		p.Global(tenPercent.from("1000").lasting(1, "MONTH"))
		p.Assign(bob, ann)
		p.Invoiced(ann, vars{"frequency": "MANUAL"})
		p.At("2026-02-02 10:00")
		p.Converts(bob, "2026-02-01 10:30", "40")
		referral := p.referralOf(ann)
		asked := p.grant(referral, "2026-01-02", "2026-02-01", "100")

		before := p.state()
		p.WouldGrant(asked, "13.05 of 130.50 for 2 by 10% of payout, left out 1 counted (0 for others), 0 granted")
		p.unchanged(before)
		p.As(admin).refused(granting, p.grant(referral, "2026-01-02", "2026-02-01", "13.04"), "FAILED_PRECONDITION maximum")
		p.unchanged(before)

		grant := p.Grants(asked, "13.05 of 130.50 for 2 by 10% of payout, left out 1 counted (0 for others), 0 granted")
		if got := grant.String(); got != "GRANTED 13.05 for 2 by 10% of payout, granted by Ada Admin" {
			p.Errorf("the grant is %s", got)
		}
		p.Verify()
		p.pays(ann, "Ann > Bob, 10% of payout: GRANTED 13.05", "Ann > Bob, 10% of payout for 1 month, from 1000.00 earned: BELOW_THRESHOLD 0.00, waiting 4.00")
		p.Reports("2026-01-03", "2026-01-04", "Ann > Bob, 10% of payout: GRANTED 3.05", "Ann > Bob, 10% of payout for 1 month, from 1000.00 earned: BELOW_THRESHOLD 0.00")

		before = p.state()
		if again := p.Grants(asked, "0.00 of 0.00 for 0 by 10% of payout, left out 1 counted (0 for others), 2 granted"); again != nil {
			p.Errorf("granted again: %s", again)
		}
		p.unchanged(before)

		// The conversion names the grant, and its adjustment goes with it; what comes later is not granted.
		told := p.As(support).explain(first)
		if got := told.String(); got != "GRANTED 10.00 of Ann, earned: true" {
			p.Errorf("the conversion: %s", got)
		}
		for _, part := range []string{"before the referral by Ann started on 1 February 2026, 10:00", "granted to Ann on 2 February 2026", "by Ada Admin", `"promised by phone"`, "on no invoice yet"} {
			if !strings.Contains(told.ReferralCommission.Explanation, part) {
				p.Errorf("the conversion is explained by %q, without %q", told.ReferralCommission.Explanation, part)
			}
		}
		if got := p.As(support).explain(back).String(); got != "GRANTED -2.00 of Ann, earned: true" {
			p.Errorf("its adjustment: %s", got)
		}
		p.Adjust(first, "2026-02-01 09:00", "0", "-10")
		late := p.Converts(bob, "2026-01-03 09:30", "1000")
		if got := p.As(support).explain(late).String(); got != "BEFORE_REFERRED_DATE 0.00" {
			p.Errorf("what came late: %s", got)
		}
		p.pays(ann, "Ann > Bob, 10% of payout: GRANTED 12.05", "Ann > Bob, 10% of payout for 1 month, from 1000.00 earned: BELOW_THRESHOLD 0.00, waiting 4.00")
		p.Verify()

		// The next invoice has a line for it, after which it stands.
		billed := p.Bills(ann, "2026-02-01", "12.05 = 12.05 of 120.50 for Bob")
		if got := billed[0].Lines[0].Description; got != "Referral commission that was granted for Bob: 10% of payout" {
			p.Errorf("the line says %q", got)
		}
		p.Verify()
		p.As(admin).refused(revoking, vars{"id": grant.ID, "reason": "a mistake"}, "FAILED_PRECONDITION id")
		p.pays(ann, "Ann > Bob, 10% of payout: GRANTED 12.05, billed 12.05, unbilled 0.00", "Ann > Bob, 10% of payout for 1 month, from 1000.00 earned: BELOW_THRESHOLD 0.00, waiting 4.00")
		if got := p.As(support).explain(first).String(); got != "GRANTED 10.00 of Ann, on invoice 1, earned: true" {
			p.Errorf("the conversion: %s", got)
		}
		p.Delete(billed[0])
		p.Verify()
		p.As(admin).must(revoking, vars{"id": grant.ID, "reason": "a mistake"}, nil)
		p.Verify()
		p.pays(ann, "Ann > Bob, 10% of payout for 1 month, from 1000.00 earned: BELOW_THRESHOLD 0.00, waiting 4.00")
		p.Bills(ann, "2026-02-01")

		// What was revoked can be granted anew, to whomever; adjustments included, and what came late.
		p.At("2026-02-03 10:00")
		p.Assign(bob, eve)
		p.Grants(p.grant(p.referralOf(eve), "2026-01-01", "2026-02-02", "1000", vars{"pays": vars{"percentage": vars{"rate": "50", "basis": "PAYOUT"}}}),
			"563.75 of 1127.50 for 4 by 50% of payout, left out 1 counted (1 for others), 0 granted")
		p.Verify()

		timeline := p.happened(referral)
		for _, want := range []string{
			`GRANTED Ann was granted 13.05 USD for 2 conversions from 2026-01-02 to 2026-02-01. Reason: "promised by phone". Ada Admin`,
			`GRANT_REVOKED The grant from 2026-01-02 to 2026-02-01 was revoked. Reason: "a mistake". Ada Admin`,
		} {
			if !slices.Contains(timeline, want) {
				p.Errorf("the timeline has not %q:\n%s", want, strings.Join(timeline, "\n"))
			}
		}
	})
}

// happened is the timeline of a referral in short.
func (p *product) happened(referral string) (told []string) {
	p.Helper()
	var answer struct {
		Node struct {
			Timeline []struct {
				Happening, Text string
				Actor           *struct{ Name string }
			}
		}
	}
	p.As(admin).must(`query ($id: ID!) { node(id: $id) { ... on Referral { timeline { happening text actor { name } } } } }`, vars{"id": referral}, &answer)
	for _, e := range answer.Node.Timeline {
		line := e.Happening + " " + e.Text
		if e.Actor != nil {
			line += " " + e.Actor.Name
		}
		told = append(told, line)
	}
	return told
}

func TestGrants_payWhatTheRulesPayNobodyFor(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(percent("10", "PROFIT").lasting(3, "DAY"))
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.At("2026-02-02 10:00")
		p.Status(ann, "SUSPENDED")
		p.At("2026-02-03 10:00")
		p.Status(ann, "ACTIVE")
		p.At("2026-02-20 10:00")
		p.ConvertsFor(bob, "2026-02-01 11:00", "30", "10")
		p.ConvertsFor(bob, "2026-02-02 11:00", "130", "30")
		p.ConvertsFor(bob, "2026-02-10 11:00", "250", "50")
		p.ConvertsFor(bob, "2026-02-15 11:00", "10", "50")
		referral := p.referralOf(ann)

		// Paused and expired, by the percentage that would have applied, without its minimum and duration.
		p.WouldGrant(p.grant(referral, "2026-02-01", "2026-02-10", "50"), "30.00 of 300.00 for 2 by 10% of profit, left out 1 counted (0 for others), 0 granted")
		// A loss pays nothing, and nothing is granted of days that are not over, or in part.
		p.As(admin).refused(granting, p.grant(referral, "2026-02-15", "2026-02-15", "50"), "FAILED_PRECONDITION from")
		p.As(admin).refused(granting, p.grant(referral, "2026-02-20", "2026-02-19", "0", vars{"reason": "", "pays": vars{"percentage": vars{"rate": "101", "basis": "PAYOUT"}}}),
			"BAD_USER_INPUT reason", "BAD_USER_INPUT to", "BAD_USER_INPUT maximum", "BAD_USER_INPUT pays.commission.percentage.rate")
		p.As(admin).refused(granting, p.grant(referral, "2026-02-01", "2026-02-20", "10"), "BAD_USER_INPUT to")
		// By the percentage of a structure of the network, or by none that pays otherwise.
		p.Settings(vars{"structure": flat("25"), "reviveExpired": true})
		var settings struct {
			Network struct {
				ReferralSettings struct{ Structure struct{ ID string } }
			}
		}
		p.As(admin).must(`{ network { referralSettings { structure { id } } } }`, nil, &settings)
		p.As(admin).refused(granting, p.grant(referral, "2026-02-01", "2026-02-10", "50", vars{"pays": vars{"structure": settings.Network.ReferralSettings.Structure.ID}}), "FAILED_PRECONDITION pays")
		p.As(admin).refused(granting, p.grant(referral, "2026-02-01", "2026-02-10", "50", vars{"pays": vars{"structure": bob}}), "NOT_FOUND pays.structure")

		// A referral that has ended is paid too; its Balance is not calculated.
		p.Remove(bob)
		p.Grants(p.grant(referral, "2026-02-02", "2026-02-15", "50"), "26.00 of 260.00 for 3 by 10% of profit, left out 0 counted (0 for others), 0 granted")
		p.pays(ann, "Ann > Bob, 10% of profit for 3 days: EXPIRED null, unbilled 2.00", "Ann > Bob, 10% of profit: GRANTED null, unbilled 26.00", "Ann > Bob, flat fee of 25.00: ENDED null")

		// A referral that is tracked only needs a percentage, and has a row of its own then.
		eve, cid := p.Active("Eve"), p.Active("Cid")
		p.Settings(vars{"enabled": false})
		p.Assign(cid, eve)
		p.Converts(cid, "2026-02-10 11:00", "10")
		tracked := p.referralOf(eve)
		p.As(admin).refused(granting, p.grant(tracked, "2026-02-10", "2026-02-10", "50"), "FAILED_PRECONDITION pays")
		grant := p.Grants(p.grant(tracked, "2026-02-10", "2026-02-10", "50", vars{"pays": vars{"percentage": vars{"rate": "5", "basis": "PAYOUT"}}}),
			"0.50 of 10.00 for 1 by 5% of payout, left out 0 counted (0 for others), 0 granted")
		p.pays(eve, "Eve > Cid, 5% of payout: GRANTED 0.50")
		p.As(admin).must(revoking, vars{"id": grant.ID, "reason": "a mistake"}, nil)
		p.pays(eve, "Eve > Cid, tracked: TRACKED 0.00")

		// The referrer sees its row, and not why; what a term is paid for is followed as ever.
		var own struct {
			Viewer struct {
				Partner struct {
					ReferralReport struct {
						Rows struct {
							Nodes []struct {
								State, Unbilled string
								Term            struct{ ID string }
							}
						}
					}
				}
			}
		}
		p.As(partnerOf(ann)).must(`{ viewer { partner { referralReport(from: "2026-01-01", to: "2026-12-31") {
			rows(orderBy: {field: UNBILLED, direction: DESC}) { nodes { state unbilled term { id } } } } } } }`, nil, &own)
		seen := own.Viewer.Partner.ReferralReport.Rows.Nodes
		if len(seen) != 3 || seen[0].State != "GRANTED" || seen[0].Unbilled != "26.00" {
			p.Errorf("Ann sees %+v", seen)
		}
		p.As(partnerOf(ann)).refused(`query ($id: ID!) { node(id: $id) { ... on ReferralTerm { grant { reason } } } }`, vars{"id": seen[0].Term.ID}, "FORBIDDEN")
	})
}

func TestGrants_areProposedBySupportAndDecidedOnByAnAdmin(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, bob := p.Active("Ann"), p.Active("Bob")
		p.At("2026-02-05 10:00")
		p.Converts(bob, "2026-02-02 09:00", "100")
		p.Converts(bob, "2026-02-04 09:00", "100")
		p.Assign(bob, ann)
		referral := p.referralOf(ann)
		propose := func(from, to, maximum string) string {
			p.Helper()
			var answer struct {
				ProposeRetroactiveCommission struct{ Grant grantee }
			}
			p.As(support).must(proposing, p.grant(referral, from, to, maximum), &answer)
			if got := answer.ProposeRetroactiveCommission.Grant.String(); got != "PROPOSED 0.00 for 0 by 10% of payout, proposed by Sue Support" {
				p.Errorf("proposed: %s", got)
			}
			return answer.ProposeRetroactiveCommission.Grant.ID
		}
		var would struct {
			Network struct{ PreviewRetroactiveCommission, PreviewAcceptRetroactiveCommission grantImpact }
		}
		p.As(support).must(tryingGrant, p.grant(referral, "2026-02-01", "2026-02-04", "50"), &would)
		if got := would.Network.PreviewRetroactiveCommission.Amount; got != "20.00" {
			p.Errorf("granting would come to %s", got)
		}
		proposal := propose("2026-02-01", "2026-02-04", "20")
		p.pays(ann, "Ann > Bob, 10% of payout: EARNING 0.00")
		p.As(support).refused(proposing, p.grant(referral, "2026-02-04", "2026-02-04", "50"), "FAILED_PRECONDITION from")
		p.As(support).refused(proposing, p.grant(referral, "2026-02-03", "2026-02-03", "50"), "FAILED_PRECONDITION from")

		// Who may do what: SUPPORT proposes, an ADMIN of the network decides, nobody else is told of it.
		for _, who := range []account{manager, limited, tracker, partnerOf(ann), admin} {
			p.As(who).refused(proposing, p.grant(referral, "2026-02-04", "2026-02-04", "50"), "FORBIDDEN")
		}
		for _, who := range []account{manager, limited, tracker, partnerOf(ann), support} {
			p.As(who).refused(granting, vars{"input": p.grant(referral, "2026-02-04", "2026-02-04", "50")["input"]}, "FORBIDDEN")
			p.As(who).refused(accepting, vars{"id": proposal}, "FORBIDDEN")
			p.As(who).refused(declining, vars{"id": proposal}, "FORBIDDEN")
			p.As(who).refused(revoking, vars{"id": proposal, "reason": "no"}, "FORBIDDEN")
		}
		other := p.Neighbour("Other")
		for _, document := range []string{accepting, declining, revoking} {
			other.As(admin).refused(document, vars{"id": proposal, "reason": "no"}, "NOT_FOUND id")
		}
		other.As(admin).refused(granting, p.grant(referral, "2026-02-01", "2026-02-04", "50"), "NOT_FOUND referral")
		other.As(admin).refused(tryingGrant, p.grant(referral, "2026-02-01", "2026-02-04", "50"), "NOT_FOUND id")
		other.As(support).refused(proposing, vars{"network": other.network, "input": p.grant(referral, "2026-02-01", "2026-02-04", "50")["input"]}, "NOT_FOUND referral")

		// By now it comes to more than its maximum, and is declined; another one is accepted, as it is found then.
		p.As(support).refused(proposing, p.grant(referral, "2026-02-01", "2026-02-01", "20"), "FAILED_PRECONDITION from")
		p.Converts(bob, "2026-02-03 09:00", "20")
		p.As(admin).refused(tryingAccept, vars{"id": proposal}, "FAILED_PRECONDITION maximum")
		p.As(admin).refused(accepting, vars{"id": proposal}, "FAILED_PRECONDITION maximum")
		p.As(admin).must(declining, vars{"id": proposal, "reason": "too little"}, nil)
		p.As(admin).refused(accepting, vars{"id": proposal}, "CONFLICT id")
		p.As(admin).refused(declining, vars{"id": proposal}, "CONFLICT id")
		p.As(admin).refused(revoking, vars{"id": proposal, "reason": "no"}, "FAILED_PRECONDITION id")
		p.As(support).refused(proposing, p.grant(referral, "2026-02-01", "2026-02-04", "20"), "FAILED_PRECONDITION maximum")
		second := propose("2026-02-01", "2026-02-04", "25")
		p.As(admin).must(tryingAccept, vars{"id": second}, &would)
		if got := would.Network.PreviewAcceptRetroactiveCommission.Amount; got != "22.00" {
			p.Errorf("accepting would come to %s", got)
		}

		// Two accept at once, and one of them is told that the other was faster.
		var wait sync.WaitGroup
		var mu sync.Mutex
		var told []string
		for range 2 {
			wait.Go(func() {
				wrong := p.As(admin).Do(accepting, vars{"id": second}, nil)
				mu.Lock()
				defer mu.Unlock()
				told = append(told, wrong.codes())
			})
		}
		wait.Wait()
		slices.Sort(told)
		if !slices.Equal(told, []string{"", "CONFLICT id"}) {
			p.Errorf("two who accept are told %q", told)
		}
		p.pays(ann, "Ann > Bob, 10% of payout: GRANTED 22.00", "Ann > Bob, 10% of payout: EARNING 0.00")

		var list struct {
			Network struct{ RetroactiveGrants struct{ Nodes []grantee } }
		}
		asked := `query ($network: ID!, $status: [RetroactiveGrantStatus!]) { network(id: $network) { retroactiveGrants(status: $status) { nodes {` + grantFields + `} } } }`
		p.As(support).must(asked, vars{"network": p.network}, &list)
		var all []string
		for _, g := range list.Network.RetroactiveGrants.Nodes {
			all = append(all, g.String())
		}
		if want := []string{
			"GRANTED 22.00 for 3 by 10% of payout, proposed by Sue Support, granted by Ada Admin",
			"DECLINED 0.00 for 0 by 10% of payout, proposed by Sue Support, ended by Ada Admin",
		}; !slices.Equal(all, want) {
			p.Errorf("the grants are %q", all)
		}
		p.As(limited).must(asked, vars{"network": p.network}, &list)
		if n := len(list.Network.RetroactiveGrants.Nodes); n != 0 {
			p.Errorf("a manager of other partners sees %d grants", n)
		}
		p.As(partnerOf(ann)).refused(asked, vars{"network": p.network}, "FORBIDDEN")

		// The log has who did what, and why.
		var log struct {
			Network struct {
				AuditLog struct {
					Nodes []struct {
						Action, Reason string
						Actor          struct{ Name string }
						Changes        []struct{ Field, After string }
					}
				}
			}
		}
		p.As(admin).must(`query ($id: ID!) { network { auditLog(subject: $id) { nodes { action reason actor { name } changes { field after } } } } }`, vars{"id": second}, &log)
		var events []string
		for _, e := range log.Network.AuditLog.Nodes {
			line := []string{e.Action, "by", e.Actor.Name + ":"}
			for _, c := range e.Changes {
				if slices.Contains([]string{"from", "to", "status", "amount", "maximum"}, c.Field) {
					line = append(line, c.Field, c.After)
				}
			}
			events = append(events, strings.Join(line, " "))
		}
		if want := []string{
			"acceptRetroactiveCommission by Ada Admin: amount 22 status GRANTED",
			"proposeRetroactiveCommission by Sue Support: amount 0 from 2026-02-01 maximum 25 status PROPOSED to 2026-02-04",
		}; !slices.Equal(events, want) {
			p.Errorf("the log has %q", events)
		}
	})
}

// voided is what was taken away.
type voided struct {
	From, To, Amount, Reason, VoidedBy string
	Conversions                        int
}

func (p *product) Voids(term string, days vars) *voided {
	p.Helper()
	input := vars{"term": term, "reason": "self-dealing"}
	maps.Copy(input, days)
	var preview struct {
		Network struct {
			PreviewVoidReferralCommission struct {
				Conversions int
				Amount      string
			}
		}
	}
	var answer struct{ VoidReferralCommission struct{ Void *voided } }
	p.As(admin).must(tryingVoid, vars{"input": input}, &preview)
	p.As(admin).must(voiding, vars{"input": input}, &answer)
	would, did := preview.Network.PreviewVoidReferralCommission, answer.VoidReferralCommission.Void
	if (did == nil && would.Amount != "0.00") || (did != nil && (would.Amount != did.Amount || would.Conversions != did.Conversions)) {
		p.Errorf("would void %+v, and voided %+v", would, did)
	}
	return did
}

func TestVoids_takeAwayWhatIsUnbilledAndNothingElse(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.Invoiced(ann, vars{"frequency": "MANUAL"})
		p.At("2026-02-10 10:00")
		paid := p.Converts(bob, "2026-02-02 09:00", "100")
		p.Bills(ann, "2026-02-02", "10.00 = 10.00 of 100.00 for Bob")
		p.At("2026-03-10 10:00")
		sale := p.Converts(bob, "2026-02-03 09:00", "200")
		p.Adjust(sale, "2026-02-08 09:00", "0", "-50")
		p.Adjust(paid, "2026-02-03 10:00", "0", "-40")
		p.Converts(bob, "2026-02-08 09:00", "30")
		term := p.theRow("2026-01-01", "2026-12-31", ann, bob).Term.ID
		p.pays(ann, "Ann > Bob, 10% of payout: EARNING 24.00, billed 10, unbilled 14.00")

		// The adjustment of another day goes with what it adjusts; what takes back what was billed does not.
		if got := p.Voids(term, vars{"from": "2026-02-03", "to": "2026-02-05"}); got == nil || *got != (voided{"2026-02-03", "2026-02-08", "15.00", "self-dealing", "Ada Admin", 1}) {
			p.Errorf("voided %+v", got)
		}
		p.Verify()
		p.pays(ann, "Ann > Bob, 10% of payout: EARNING 9.00, billed 10, unbilled -1.00")
		if got := p.As(support).explain(sale); got.String() != "VOIDED 0.00 of Ann" || !strings.Contains(got.ReferralCommission.Explanation, `by Ada Admin: "self-dealing"`) {
			p.Errorf("what was voided: %s, %+v", got, got.ReferralCommission)
		}
		if again := p.Voids(term, vars{"from": "2026-02-03", "to": "2026-02-05"}); again != nil {
			p.Errorf("voided again: %+v", again)
		}

		// What adjusts it later goes where it went; what is recorded later counts, and can be voided too.
		p.Adjust(sale, "2026-02-08 10:00", "0", "-10")
		p.Converts(bob, "2026-02-03 11:00", "60")
		p.pays(ann, "Ann > Bob, 10% of payout: EARNING 15.00, billed 10, unbilled 5.00")
		p.Verify()
		if got := p.Voids(term, vars{"from": "2026-02-03", "to": "2026-02-03"}); got == nil || got.Amount != "6.00" {
			p.Errorf("voided %+v", got)
		}
		p.Verify()
		p.As(admin).refused(voiding, vars{"input": vars{"term": term, "from": "2026-02-02", "to": "2026-02-01", "reason": ""}}, "BAD_USER_INPUT reason", "BAD_USER_INPUT to")
		p.As(admin).refused(voiding, vars{"input": vars{"term": bob, "reason": "no"}}, "NOT_FOUND term")
		for _, who := range []account{manager, tracker, support, partnerOf(ann)} {
			p.As(who).refused(voiding, vars{"input": vars{"term": term, "reason": "no"}}, "FORBIDDEN")
		}

		// Billed is what is left; and it is all in the books.
		p.Converts(bob, "2026-02-20 11:00", "500")
		p.Bills(ann, "2026-03-09", "49.00 = 49.00 of 490.00 for Bob")
		if none := p.Voids(term, nil); none != nil {
			p.Errorf("voided what was billed: %+v", none)
		}
		var books struct {
			Network struct {
				Reconciliation struct {
					Earned, Billed, Unbilled, Forfeited string
					Balanced                            bool
				}
			}
		}
		p.As(admin).must(`{ network { reconciliation { earned billed unbilled forfeited balanced } } }`, nil, &books)
		if got := fmt.Sprintf("%+v", books.Network.Reconciliation); got != "{Earned:79.00 Billed:59.00 Unbilled:0.00 Forfeited:20.00 Balanced:true}" {
			p.Errorf("the books say %s", got)
		}

		// A fee is voided with its day, and a referral that ends with a forfeit after a void forfeits the rest.
		p.Settings(vars{"structure": flat("25")})
		cid := p.Active("Cid", ann)
		fee := p.theRow("2026-01-01", "2026-12-31", ann, cid).Term.ID
		if got := p.Voids(fee, nil); got == nil || got.Amount != "25.00" || got.From != "2026-03-10" {
			p.Errorf("voided the fee: %+v", got)
		}
		p.Converts(bob, "2026-02-21 11:00", "100")
		p.Voids(term, vars{"from": "2026-02-21"})
		p.Converts(bob, "2026-02-21 12:00", "100")
		p.Remove(bob, forfeit)
		p.Converts(bob, "2026-02-21 13:00", "100")
		p.Verify()
		p.As(admin).refused(voiding, vars{"input": vars{"term": p.grantedTerm(ann, bob), "reason": "no"}}, "FAILED_PRECONDITION term")
	})
}

// grantedTerm grants something to an old referral, and tells its term.
func (p *product) grantedTerm(referrer, referred string) string {
	p.Helper()
	p.Converts(referred, "2026-01-10 12:00", "10")
	referral := p.theRow("2026-01-01", "2026-12-31", referrer, referred).Referral.ID
	return p.Grants(p.grant(referral, "2026-01-01", "2026-01-31", "5"), "1.00 of 10.00 for 1 by 10% of payout, left out 0 counted (0 for others), 0 granted").Term.ID
}

// Grants and their revocation, voids, billing and recording at once: everything adds up, and nothing is paid twice.
func TestGrants_atOnceWithBillingAndRecordingAddUp(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, bob := p.Active("Ann"), p.Active("Bob")
		p.At("2026-03-10 10:00")
		for day := range 9 {
			p.Converts(bob, fmt.Sprintf("2026-02-0%d 09:00", day+1), "100")
		}
		p.Assign(bob, ann)
		referral := p.referralOf(ann)
		var wait sync.WaitGroup
		allowed := func(what string, wrong problems, codes ...string) {
			if wrong != nil && !slices.Contains(codes, wrong.codes()) {
				p.Errorf("%s: %s", what, wrong)
			}
		}
		for i := range 3 {
			wait.Go(func() { // the same window, thrice
				var answer struct {
					GrantRetroactiveCommission struct{ Grant *grantee }
				}
				wrong := p.As(admin).Do(granting, p.grant(referral, "2026-02-01", "2026-02-09", "500"), &answer)
				allowed("grant", wrong)
				if grant := answer.GrantRetroactiveCommission.Grant; grant != nil && i == 0 {
					allowed("revoke", p.As(admin).Do(revoking, vars{"id": grant.ID, "reason": "at once"}, nil), "FAILED_PRECONDITION id")
				}
			})
			wait.Go(func() {
				allowed("bill", p.As(admin).Do("RunBilling", vars{"through": "2026-03-09", "partner": ann}, nil))
			})
			wait.Go(func() {
				for n := range 5 {
					p.Converts(bob, fmt.Sprintf("2026-02-0%d 1%d:00", n+1, i), "1")
				}
			})
		}
		wait.Wait()
		p.Verify()
		rows, _ := p.Report("2026-02-01", "2026-02-09", vars{"referrer": ann})
		conversions := 0
		for _, r := range rows {
			conversions += r.Conversions
		}
		if conversions > 9+15 {
			p.Errorf("%d conversions are paid, of 24", conversions)
		}
	})
}

// A grant that is sent again under its key is made once, and answered as it was.
func TestGrants_areMadeOnceUnderAKey(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann, bob := p.Active("Ann"), p.Active("Bob")
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-02 09:00", "100")
		p.Assign(bob, ann)
		asked := vars{"input": p.grant(p.referralOf(ann), "2026-02-01", "2026-02-09", "500")["input"]}
		first := p.As(admin).under("one-grant", granting, asked)
		again := p.As(admin).under("one-grant", granting, asked)
		if first.text != again.text || !again.replayed || !strings.Contains(first.text, `"amount":"10.00"`) {
			p.Errorf("answered %s\nand then %s", first.text, again.text)
		}
	})
}
