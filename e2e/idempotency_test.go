package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"partner.example/referrals/ent/database"
)

// keyed is a mutation sent under an Idempotency-Key.
type keyed struct {
	document string
	input    vars
	other    vars // another input
}

// reply is an answer as it came, but for what may still be spent, which is told with it.
type reply struct {
	text     string
	replayed bool
	codes    string
}

var whatMayBeSpent = regexp.MustCompile(`,"rateLimit":\{[^}]*\}`)

// under sends a document under a key.
func (c client) under(key, document string, variables vars) reply {
	c.Helper()
	body := map[string]any{"query": document, "variables": variables}
	if isName.MatchString(document) {
		body["query"], body["operationName"] = operation(c.T, document), document
	}
	sent, err := json.Marshal(body)
	if err != nil {
		c.Fatal(err)
	}
	got, err := c.send(key, sent)
	if err != nil {
		c.Fatal(err)
	}
	return got
}

func (c client) send(key string, body []byte) (reply, error) {
	request, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.server.address+"/graphql", bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.server.http.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, err
	}
	var answer struct{ Errors problems }
	if err := json.Unmarshal(text, &answer); err != nil {
		return reply{}, err
	}
	text = whatMayBeSpent.ReplaceAll(text, nil)
	return reply{strings.TrimSpace(string(text)), response.Header.Get("Idempotency-Replayed") == "true", answer.Errors.codes()}, nil
}

// events is how many changes the audit log knows.
func (p *product) events() int {
	p.Helper()
	return p.count("SELECT COUNT(*) FROM audit_event WHERE action <> 'look'")
}

func (p *product) count(query string) (n int) {
	p.Helper()
	p.onDatabase(func(db *database.Database) error {
		rows, err := db.QueryContext(p.Context(), query)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			if err := rows.Scan(&n); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	return n
}

// forgetAnswers leaves the database as a server leaves it that dies after a commit and before its answer.
func (p *product) forgetAnswers() {
	p.Helper()
	p.onDatabase(func(db *database.Database) error {
		_, err := db.ExecContext(p.Context(), "UPDATE idempotency_key SET answer = NULL")
		return err
	})
}

func (p *product) onDatabase(do func(db *database.Database) error) {
	p.Helper()
	db, err := database.Open(p.database)
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := do(db); err != nil {
		p.Fatal(err)
	}
}

func TestIdempotency_everyMutationHappensOnceAndAnswersTheSameAgain(t *testing.T) {
	onEachEngine(t, func(p *product) {
		promised, err := schema()
		if err != nil {
			p.Fatal(err)
		}
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.Converts(bob, "2026-02-01 10:00", "1000")
		p.At("2026-03-03 10:00")
		var token struct {
			CreateAccount struct{ Account struct{ ID string } }
		}
		p.As(admin).must(`mutation { createAccount(input: {name: "Eve", role: TRACKER}) { account { id } } }`, nil, &token)
		var revoked struct {
			CreateToken struct{ Token struct{ ID string } }
		}
		eve := token.CreateAccount.Account.ID
		p.As(admin).must(`mutation ($account: ID!) { createToken(input: {account: $account, name: "old"}) { token { id } } }`, vars{"account": eve}, &revoked)

		s := stage{product: p, ann: ann, bob: bob}
		// Each is made when its turn has come: what one does, the next one builds on.
		cases := []struct {
			name string
			sent func() keyed
		}{
			{"signUp", func() keyed {
				input := func(name string) vars {
					return vars{"input": vars{"network": p.network, "name": name, "email": "zoe@example.com"}}
				}
				return keyed{"SignUp", input("Zoe"), input("Yan")}
			}},
			{"updateReferralSettings", func() keyed {
				input := func(s structure) vars {
					return vars{"input": vars{"version": p.settingsVersion(), "enabled": true, "structure": s}}
				}
				return keyed{"UpdateReferralSettings", input(percent("5", "PAYOUT")), input(percent("6", "PAYOUT"))}
			}},
			{"createPartner", func() keyed {
				return keyed{
					`mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { partner { id name email version referralLink referredBy { name } billing { frequency invoiceThreshold } } } }`,
					vars{"input": vars{"name": "Cid", "status": "ACTIVE", "referredBy": ann, "billing": vars{"invoiceThreshold": "0"}}},
					vars{"input": vars{"name": "Dan"}},
				}
			}},
			{"updatePartner", func() keyed {
				input := func(name string) vars {
					return vars{"input": vars{"id": bob, "version": p.Partner(bob).Version, "name": name}}
				}
				return keyed{"UpdatePartner", input("Bobby"), input("Rob")}
			}},
			{"setPartnerStatus", func() keyed {
				return keyed{"SetPartnerStatus", vars{"id": bob, "status": "SUSPENDED"}, vars{"id": bob, "status": "INACTIVE"}}
			}},
			{"approvePartner", func() keyed { return keyed{"ApprovePartner", vars{"id": bob}, vars{"id": ann}} }},
			{"updatePartnerReferralSetting", func() keyed {
				input := func(s structure) vars {
					return vars{"input": vars{"partner": ann, "version": p.Partner(ann).ReferralSetting.Version, "mode": "CUSTOM", "structure": s}}
				}
				return keyed{"UpdatePartnerReferralSetting", input(percent("7", "PROFIT")), input(percent("8", "PROFIT"))}
			}},
			{"takeBackChange", func() keyed {
				return keyed{takeBack, vars{"id": p.DateSettings("2026-12-24", vars{"enabled": false}).DatedChange.ID}, vars{"id": "other"}}
			}},
			{"removeReferredBy", func() keyed {
				return keyed{"RemoveReferredBy", vars{"input": vars{"partner": bob}}, vars{"input": vars{"partner": ann}}}
			}},
			{"assignReferredBy", func() keyed {
				return keyed{"AssignReferredBy", vars{"input": vars{"partner": bob, "referrer": ann}}, vars{"input": vars{"partner": ann, "referrer": bob}}}
			}},
			{"recordConversions", func() keyed {
				return keyed{"RecordConversions", vars{"conversions": []vars{p.conversion("k1", bob, "2026-03-02 09:00", "10", "1")}}, vars{"conversions": []vars{}}}
			}},
			{"recordAdjustments", func() keyed {
				return keyed{"RecordAdjustments", vars{"adjustments": []vars{p.adjustment("k2", "k1", "2026-03-02 09:00", "-1", "-1")}}, vars{"adjustments": []vars{}}}
			}},
			{"runBilling", func() keyed {
				return keyed{"RunBilling", vars{"through": "2026-02-28"}, vars{"through": "2026-02-27"}}
			}},
			{"setInvoiceHidden", func() keyed {
				return keyed{"SetInvoiceHidden", vars{"id": s.latestInvoice(), "hidden": true}, vars{"id": s.latestInvoice(), "hidden": false}}
			}},
			{"deleteInvoice", func() keyed {
				return keyed{"DeleteInvoice", vars{"id": s.latestInvoice(), "reason": "a mistake"}, vars{"id": s.latestInvoice(), "reason": "another"}}
			}},
			{"markInvoicePaid", func() keyed {
				p.As(admin).must("RunBilling", vars{"through": "2026-02-28"}, nil)
				return keyed{"MarkInvoicePaid", vars{"id": s.latestInvoice()}, vars{"id": "other"}}
			}},
			{"voidReferralCommission", func() keyed {
				row := p.theRow("2026-01-01", "2026-12-31", ann, bob)
				p.Converts(bob, "2026-03-02 09:30", "10")
				return keyed{voiding, vars{"input": vars{"term": row.Term.ID, "reason": "fraud"}}, vars{"input": vars{"term": row.Term.ID, "reason": "no"}}}
			}},
			{"proposeRetroactiveCommission", func() keyed {
				p.Converts(bob, "2026-01-20 09:00", "10")
				p.Converts(bob, "2026-01-21 09:00", "10")
				return keyed{proposing, p.grant(p.referralOf(ann), "2026-01-20", "2026-01-20", "50", tenOfPayout), p.grant(p.referralOf(ann), "2026-01-21", "2026-01-21", "50", tenOfPayout)}
			}},
			{"acceptRetroactiveCommission", func() keyed { return keyed{accepting, vars{"id": p.latestGrant()}, vars{"id": "other"}} }},
			{"revokeRetroactiveCommission", func() keyed {
				return keyed{revoking, vars{"id": p.latestGrant(), "reason": "a mistake"}, vars{"id": p.latestGrant(), "reason": "another"}}
			}},
			{"declineRetroactiveCommission", func() keyed {
				p.As(support).must(proposing, p.grant(p.referralOf(ann), "2026-01-20", "2026-01-20", "50", tenOfPayout), nil)
				return keyed{declining, vars{"id": p.latestGrant()}, vars{"id": "other"}}
			}},
			{"grantRetroactiveCommission", func() keyed {
				input := func(maximum string) vars {
					return vars{"input": p.grant(p.referralOf(ann), "2026-01-20", "2026-01-20", maximum, tenOfPayout)["input"]}
				}
				return keyed{granting, input("50"), input("60")}
			}},
			{"rotateReferralCode", func() keyed {
				return keyed{`mutation ($id: ID!) { rotateReferralCode(partner: $id) { partner { id referralLink } } }`, vars{"id": ann}, vars{"id": bob}}
			}},
			{"setSignUpPage", func() keyed {
				return keyed{
					`mutation ($url: String) { setSignUpPage(url: $url) { network { id signUpPage timeZone currency } } }`,
					vars{"url": "https://acme.example/here"},
					vars{"url": nil},
				}
			}},
			{"createAccount", func() keyed {
				return keyed{
					`mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id name role partner { name } } } }`,
					vars{"input": vars{"name": "Ann's", "role": "PARTNER", "partner": ann}},
					vars{"input": vars{"name": "Bob's", "role": "PARTNER", "partner": bob}},
				}
			}},
			{"createToken", func() keyed {
				return keyed{
					`mutation ($input: CreateTokenInput!) { createToken(input: $input) { secret token { id name expiresAt } } }`,
					vars{"input": vars{"account": eve, "name": "new"}},
					vars{"input": vars{"account": eve, "name": "newer"}},
				}
			}},
			{"revokeToken", func() keyed {
				return keyed{`mutation ($id: ID!) { revokeToken(id: $id) { token { id name revokedAt } } }`, vars{"id": revoked.CreateToken.Token.ID}, vars{"id": "other"}}
			}},
		}
		known := map[string]bool{}
		for _, c := range cases {
			known[c.name] = true
			who := p.As(admin)
			switch c.name {
			case "signUp":
				who = p.As(stranger)
			case "proposeRetroactiveCommission":
				who = p.As(support)
			}
			k, key := c.sent(), "key of "+c.name
			key = strings.ReplaceAll(key, " ", "-")
			first := who.under(key, k.document, k.input)
			if first.codes != "" || first.replayed {
				p.Errorf("%s: the first answer is %+v", c.name, first)
				continue
			}
			events, rows := p.events(), p.count("SELECT COUNT(*) FROM conversion")
			if again := who.under(key, k.document, k.input); again != (reply{text: first.text, replayed: true}) {
				p.Errorf("%s: sent again it answers %+v\nwant %s, replayed", c.name, again, first.text)
			}
			p.forgetAnswers()
			if again := who.under(key, k.document, k.input); again != (reply{text: first.text, replayed: true}) {
				p.Errorf("%s: after its answer was lost it answers %+v\nwant %s, replayed", c.name, again, first.text)
			}
			if other := who.under(key, k.document, k.other); other.codes != "CONFLICT" || other.replayed {
				p.Errorf("%s: another input under the same key: %+v, want a CONFLICT", c.name, other)
			}
			if p.events() != events || p.count("SELECT COUNT(*) FROM conversion") != rows {
				p.Errorf("%s: sent again it changed something", c.name)
			}
		}
		var unknown []string
		for _, field := range promised.Mutation.Fields {
			if !known[field.Name] {
				unknown = append(unknown, field.Name)
			}
		}
		if len(unknown) > 0 {
			p.Errorf("this test does not send %v: what does a mutation answer that is sent again?", unknown)
		}
	})
}

func TestIdempotency_sentManyTimesAtOnceHappensOnce(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		who := p.As(admin)
		who.must("Viewer", nil, nil)
		replies := make([]reply, 8)
		var all sync.WaitGroup
		for i := range replies {
			all.Go(func() { replies[i] = who.under("at-once", "CreatePartner", vars{"input": vars{"name": "Ann"}}) })
		}
		all.Wait()
		first := 0
		for _, r := range replies {
			if r.text != replies[0].text || r.codes != "" {
				p.Errorf("%+v, want the same as %+v", r, replies[0])
			}
			if !r.replayed {
				first++
			}
		}
		if n := p.count("SELECT COUNT(*) FROM partner"); n != 1 || first != 1 {
			p.Errorf("%d partners by %d first answers, want one by one", n, first)
		}
	})
}

func TestIdempotency_keepsToTheAccountTheRequestAndTwoDays(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ann := vars{"input": vars{"name": "Ann"}}
		partners := func() int { return p.count("SELECT COUNT(*) FROM partner") }
		first := p.As(admin).under("k", "CreatePartner", ann)
		if other := p.As(manager).under("k", "CreatePartner", ann); other.replayed || other.codes != "" || partners() != 2 {
			p.Errorf("the same key of another account: %+v, %d partners; want a second partner", other, partners())
		}
		document := strings.ReplaceAll(operation(p.T, "CreatePartner"), "\n", "\n  ")
		if again := p.As(admin).under("k", document, ann); again.text != first.text || !again.replayed {
			p.Errorf("with other blanks in the document: %+v, want %s, replayed", again, first.text)
		}
		if other := p.As(admin).under("k", "ApprovePartner", vars{"id": "none"}); other.codes != "CONFLICT" {
			p.Errorf("another mutation under the same key: %+v, want a CONFLICT", other)
		}
		if asked := p.As(admin).under("k", "Viewer", nil); asked.codes != "" || asked.replayed {
			p.Errorf("a query under a key: %+v, want its answer", asked)
		}
		for _, wrong := range []string{"", "a b", strings.Repeat("k", 256)} {
			if refused := p.As(admin).under(wrong, "CreatePartner", ann); refused.codes != "BAD_REQUEST" {
				p.Errorf("the key %.20q: %+v, want BAD_REQUEST", wrong, refused)
			}
		}
		p.At("2026-02-03 09:59")
		if again := p.As(admin).under("k", "CreatePartner", ann); again.text != first.text {
			p.Errorf("after almost two days: %+v, want %s", again, first.text)
		}
		p.At("2026-02-03 10:01")
		before := partners()
		if later := p.As(admin).under("k", "CreatePartner", vars{"input": vars{"name": "Bob"}}); later.codes != "" || later.replayed || partners() != before+1 {
			p.Errorf("after two days the key is a new one: %+v", later)
		}
		if left := p.count("SELECT COUNT(*) FROM idempotency_key"); left != 1 {
			p.Errorf("%d keys are left, want the new one alone", left)
		}
	})
}

func TestIdempotency_whatWasRefusedMayBeTriedAgain(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		ann, bob := p.Active("Ann"), p.Pending("Bob")
		assign := vars{"input": vars{"partner": ann, "referrer": bob}}
		if refused := p.As(admin).under("k", "AssignReferredBy", assign); refused.codes != "FAILED_PRECONDITION referrer" {
			p.Errorf("%+v", refused)
		}
		p.Approve(bob)
		if done := p.As(admin).under("k", "AssignReferredBy", assign); done.codes != "" || done.replayed {
			p.Errorf("%+v, want it done", done)
		}

		// Of several mutations in one request, what was done is not done again.
		const two = `mutation { made: createPartner(input: {name: "Cid"}) { partner { id name } } refused: approvePartner(id: "none") { partner { id } } }`
		both := p.As(admin).under("two", two, nil)
		before := p.count("SELECT COUNT(*) FROM partner")
		again := p.As(admin).under("two", two, nil)
		if both.codes != "NOT_FOUND id" || again != (reply{both.text, true, both.codes}) || p.count("SELECT COUNT(*) FROM partner") != before {
			p.Errorf("%+v, and again %+v; want the same, and no other partner", both, again)
		}
	})
}

// The answer may hold a token: the database has neither it nor the key.
func TestIdempotency_keepsNoSecretsInTheClear(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		made := p.As(admin).under("the-key-itself", `mutation { createAccount(input: {name: "Eve", role: TRACKER}) { account { name } } }`, nil)
		if made.codes != "" {
			p.Fatal(made)
		}
		p.onDatabase(func(db *database.Database) error {
			rows, err := db.QueryContext(p.Context(), "SELECT * FROM idempotency_key")
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			for rows.Next() {
				values := make([]any, len(columns))
				into := make([]any, len(columns))
				for i := range values {
					into[i] = &values[i]
				}
				if err := rows.Scan(into...); err != nil {
					return err
				}
				for i, v := range values {
					if text, ok := v.([]byte); ok && (bytes.Contains(text, []byte("Eve")) || bytes.Contains(text, []byte("the-key-itself"))) {
						p.Errorf("%s tells %s", columns[i], text)
					}
				}
			}
			return rows.Err()
		})
	})
}
