package e2e_test

import (
	"strings"
	"testing"
)

// token is one as an ADMIN sees it.
type token struct {
	ID, Name                         string
	ExpiresAt, LastUsedAt, RevokedAt *string
}

// accounts is what an ADMIN sees of who signs in, by the name of the account.
func (p *product) accounts() map[string][]token {
	p.Helper()
	var answer struct {
		Network struct {
			Accounts struct {
				Nodes []struct {
					Name   string
					Tokens []token
				}
			}
		}
	}
	p.As(admin).must(`{ network { accounts(first: 100) { nodes { name tokens { id name expiresAt lastUsedAt revokedAt } } } } }`, nil, &answer)
	all := map[string][]token{}
	for _, account := range answer.Network.Accounts.Nodes {
		all[account.Name] = account.Tokens
	}
	return all
}

const revokeToken = `mutation ($id: ID!) { revokeToken(id: $id) { token { id revokedAt } } }`

// NewToken makes an account with a token, and returns its id and the secret.
func (c client) NewToken(name, role string, expiresAt any) (id, secret string) {
	c.Helper()
	var made struct {
		CreateAccount struct{ Account struct{ ID string } }
		CreateToken   struct {
			Secret string
			Token  struct{ ID string }
		}
	}
	c.must(`mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } } }`, vars{"input": vars{"name": name, "role": role}}, &made)
	c.must(`mutation ($input: CreateTokenInput!) { createToken(input: $input) { secret token { id } } }`,
		vars{"input": vars{"account": made.CreateAccount.Account.ID, "name": name, "expiresAt": expiresAt}}, &made)
	return made.CreateToken.Token.ID, made.CreateToken.Secret
}

func TestTokens_areMadeAndRevokedByAnAdmin(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ada := p.As(admin)
		id, secret := ada.NewToken("Robot", "TRACKER", p.moment("2026-03-01 10:00"))
		robot := client{product: p, token: secret}
		robot.must("Viewer", nil, nil)
		listed := p.accounts()["Robot"]
		if len(listed) != 1 || listed[0].ID != id || listed[0].LastUsedAt == nil || listed[0].RevokedAt != nil || listed[0].ExpiresAt == nil {
			p.Fatalf("an ADMIN sees %+v", listed)
		}
		ada.must(revokeToken, vars{"id": id}, nil)
		robot.refused("Viewer", nil, "UNAUTHENTICATED")
		ended := p.accounts()["Robot"][0].RevokedAt
		if ended == nil {
			p.Fatal("it is not shown as revoked")
		}
		ada.must(revokeToken, vars{"id": id}, nil)
		if again := p.accounts()["Robot"][0].RevokedAt; again == nil || *again != *ended {
			p.Errorf("revoked at %s, and again at %v", *ended, again)
		}
		ada.refused(`mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } } }`, vars{"input": vars{"name": "Sue", "role": "SUPPORT"}}, "BAD_USER_INPUT role")
		_, secret = ada.NewToken("For a day", "TRACKER", p.moment("2026-02-02 10:00"))
		p.At("2026-02-02 09:59")
		client{product: p, token: secret}.must("Viewer", nil, nil)
		p.At("2026-02-02 10:00")
		client{product: p, token: secret}.refused("Viewer", nil, "UNAUTHENTICATED")
	})
}

// No ADMIN brings nearer the moment from which no ADMIN can sign in.
func TestTokens_theLastAdminCannotLockItselfOut(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ada := p.As(admin)
		its := p.accounts()[admin.name][0].ID
		ada.refused(revokeToken, vars{"id": its}, "FAILED_PRECONDITION id")
		ada.NewToken("Robot", "TRACKER", nil)
		ada.refused(revokeToken, vars{"id": its}, "FAILED_PRECONDITION id")
		forAnHour, _ := ada.NewToken("For an hour", "ADMIN", p.moment("2026-02-01 11:00"))
		ada.refused(revokeToken, vars{"id": its}, "FAILED_PRECONDITION id") // in an hour there would be nobody
		ada.must(revokeToken, vars{"id": forAnHour}, nil)
		second, _ := ada.NewToken("Second", "ADMIN", nil)
		ada.must(revokeToken, vars{"id": second}, nil)
		ada.refused(revokeToken, vars{"id": its}, "FAILED_PRECONDITION id")
		third, secret := ada.NewToken("Third", "ADMIN", nil)
		ada.must(revokeToken, vars{"id": its}, nil)
		ada.refused("Viewer", nil, "UNAUTHENTICATED")
		client{product: p, token: secret}.refused(revokeToken, vars{"id": third}, "FAILED_PRECONDITION id")
		if wrong := (client{product: p, token: secret}).Do(revokeToken, vars{"id": third}, nil); len(wrong) != 1 || !strings.Contains(wrong[0].Message, "make one first") {
			p.Errorf("it is told %s", wrong)
		}
	})
}

// Support's looks are logged, one a request, whichever way it comes to the network (rule R3).
func TestR3_supportsLooksAreLogged(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ann := p.Active("Ann")
		other := p.Neighbour("Other")
		sue := p.As(support)
		looks := func(at *product) (count int) {
			at.Helper()
			var answer struct {
				Network struct {
					AuditLog struct {
						Nodes []struct {
							Action string
							Actor  struct{ Name, Role string }
						}
					}
				}
			}
			at.As(admin).must(`{ network { auditLog(first: 100) { nodes { action actor { name role } } } } }`, nil, &answer)
			for _, event := range answer.Network.AuditLog.Nodes {
				if event.Action == "look" {
					count++
					if event.Actor.Name != support.name || event.Actor.Role != "SUPPORT" {
						at.Errorf("%+v looked", event.Actor)
					}
				}
			}
			return count
		}
		for _, look := range []struct {
			document string
			counts   int // in the first network
			others   int // in the other
		}{
			{`{ viewer { role } }`, 0, 0},
			{`{ networks { totalCount nodes { id name currency timeZone } edges { node { name } } } }`, 0, 0},
			{`query ($network: ID!) { network(id: $network) { name partners { totalCount } invoices { totalCount } } again: network(id: $network) { name } }`, 1, 0},
			{`query ($partner: ID!) { node(id: $partner) { ... on Partner { email } } }`, 1, 0},
			{`{ networks { nodes { partners { nodes { email } } } } }`, 1, 1},
			{`{ networks { edges { node { signUpPage } } } }`, 1, 1},
			{`query ($network: ID!) { network(id: $network) { accounts { totalCount } } }`, 1, 0}, // which it may not see
			{`query ($network: ID!) { node(id: $network) { id } }`, 1, 0},
		} {
			first, others := looks(p), looks(other)
			given := vars{}
			if strings.Contains(look.document, "$network") {
				given["network"] = p.network
			}
			if strings.Contains(look.document, "$partner") {
				given["partner"] = ann
			}
			sue.Do(look.document, given, nil)
			if got := looks(p) - first; got != look.counts {
				p.Errorf("%s: %d looks, want %d", look.document, got, look.counts)
			}
			if got := looks(other) - others; got != look.others {
				p.Errorf("%s: %d looks into the other network, want %d", look.document, got, look.others)
			}
		}
	})
}
