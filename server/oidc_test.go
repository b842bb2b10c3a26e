package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/account"
	"partner.example/referrals/graph/graphtest"
	"partner.example/referrals/graph/scalar"
)

// house is a server with two networks, whose people sign in by identity providers of their own.
type house struct {
	*testing.T
	location string
	db       *database.Database
	program  *program.Program
	server   *httptest.Server
	log      *graphtest.Journal
	network  *ent.Network
	partner  *ent.Partner
	theirs   *ent.Partner // of the other network
	issuer   *issuer
	other    *issuer
}

func eachHouse(t *testing.T, test func(h *house)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, location string) {
		db, p, l := opened(t, location)
		h := &house{T: t, location: location, db: db, program: p, log: &graphtest.Journal{}, issuer: startIssuer(t, "of Acme"), other: startIssuer(t, "of Zeta")}
		kept := slog.Default()
		t.Cleanup(func() { slog.SetDefault(kept) })
		h.network, h.partner = h.found("Acme", h.issuer)
		_, h.theirs = h.found("Zeta", h.other)
		h.server = served(t, db, p, l)
		test(h)
	})
}

// served is a server on what was opened, beside the test.
func served(t *testing.T, db *database.Database, p *program.Program, l *ledger.Ledger) *httptest.Server {
	t.Helper()
	command := &serveCommand{Timeout: time.Minute}
	if _, err := command.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	looked := newHealth(db)
	looked.welcome()
	d, err := command.Door.open(&app{db: db, program: p, ledger: l, billing: &billing.Billing{DB: db, Now: p.Now}, now: p.Now})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(command.routes(d, looked))
	t.Cleanup(server.Close)
	return server
}

// found makes a network with a partner, and with a provider.
func (h *house) found(name string, by *issuer) (*ent.Network, *ent.Partner) {
	h.Helper()
	network, err := h.program.CreateNetwork(system(), program.NewNetwork{Name: name, Currency: "USD", TimeZone: "UTC"})
	if err != nil {
		h.Fatal(err)
	}
	partner, err := h.program.CreatePartner(system(), network.ID, program.NewPartner{Name: "Ann", Status: commission.PartnerActive})
	if err != nil {
		h.Fatal(err)
	}
	err = h.program.SetIdentityProvider(system(), program.Provider{
		NetworkID: network.ID, Issuer: by.URL, Audience: "referrals", RoleClaim: "role", PartnerClaim: "partner", ScopeClaim: "scope",
	})
	if err != nil {
		h.Fatal(err)
	}
	return network, partner
}

// who is what the server answers to whoever asks who they are.
func (h *house) who(token string) (status int, body string) {
	h.Helper()
	request, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.server.URL+"/graphql", strings.NewReader(`{"query": "{ viewer { role name network { name } partner { id } } }"}`))
	if err != nil {
		h.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		h.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		h.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(text))
}

// admits wants a token to be somebody's: their role and name, and the partner that they are.
func (h *house) admits(token, role, name, partner string) {
	h.Helper()
	status, body := h.who(token)
	var answer struct {
		Data struct {
			Viewer struct {
				Role, Name string
				Network    struct{ Name string }
				Partner    *struct{ ID string }
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		h.Fatalf("%s: %v", body, err)
	}
	is := ""
	if answer.Data.Viewer.Partner != nil {
		is = answer.Data.Viewer.Partner.ID
	}
	if v := answer.Data.Viewer; status != http.StatusOK || v.Role != role || v.Name != name || v.Network.Name != "Acme" || is != partner {
		h.Errorf("HTTP %d, %s\nwant %s %s %s\n%s", status, body, role, name, partner, h.log.Take())
	}
}

// turnsAway wants a token to be refused, whatever is wrong with it in the same words, and the log to say why without it.
func (h *house) turnsAway(token, why string) {
	h.Helper()
	slog.SetDefault(slog.New(slog.NewTextHandler(h.log, nil))) // commands set their own
	h.log.Take()
	status, body := h.who(token)
	const want = `{"errors":[{"message":"this token is not valid: sign in again, or ask an ADMIN of your network for another one","extensions":{"code":"UNAUTHENTICATED"}}]}`
	if status != http.StatusUnauthorized || body != want {
		h.Errorf("HTTP %d, %s", status, body)
	}
	said := h.log.Take()
	if !strings.Contains(said, "sign-in refused") || !strings.Contains(said, why) {
		h.Errorf("the log says not %q:\n%s", why, said)
	}
	for _, secret := range strings.Split(token, ".") {
		const telling = 20 // shorter texts may be there by chance
		if len(secret) >= telling && strings.Contains(said, secret) {
			h.Errorf("the log holds a part of the token:\n%s", said)
		}
	}
}

func TestOIDC_admitsWhomTheProviderVouchesFor(t *testing.T) {
	eachHouse(t, func(h *house) {
		ann := scalar.ID{Type: scalar.Partner, Row: h.partner.ID}.String()
		h.admits(h.issuer.token(nil), "ADMIN", "Ada", "")
		h.admits(h.issuer.token(claims{"aud": []string{"somebody else", "referrals"}}), "ADMIN", "Ada", "")
		h.admits(h.issuer.token(claims{"sub": "max", "name": nil, "email": nil, "role": "PARTNER_MANAGER"}), "PARTNER_MANAGER", "max", "")
		h.admits(h.issuer.token(claims{"sub": "pat", "name": "P\x00at\r\n", "role": "PARTNER", "partner": ann}), "PARTNER", "Pat", ann)
		h.admits(h.issuer.token(claims{"sub": "robot", "name": "Robot", "role": "TRACKER", "partner": ann}), "TRACKER", "Robot", "")

		for subject, want := range map[string]struct {
			said  claims
			scope commission.ManagerScope
		}{
			"without a scope": {claims{"role": "PARTNER_MANAGER"}, commission.Limited},
			"limited":         {claims{"role": "PARTNER_MANAGER", "scope": "LIMITED"}, commission.Limited},
			"global":          {claims{"role": "PARTNER_MANAGER", "scope": "GLOBAL"}, commission.Global},
		} {
			want.said["sub"], want.said["name"] = subject, subject
			h.admits(h.issuer.token(want.said), "PARTNER_MANAGER", subject, "")
			if made := h.account(subject); made.ManagerScope == nil || *made.ManagerScope != want.scope {
				t.Errorf("a manager %s has the scope %v", subject, made.ManagerScope)
			}
		}
	})
}

// account is the one account of somebody whom the provider knows by that name.
func (h *house) account(subject string) *ent.Account {
	h.Helper()
	found, err := h.db.Account.Query().Where(account.NetworkID(h.network.ID), account.Subject(subject)).Only(system())
	if err != nil {
		h.Fatal(err)
	}
	return found
}

func TestOIDC_whatTheProviderSaysCountsFromThenOn(t *testing.T) {
	eachHouse(t, func(h *house) {
		ann := scalar.ID{Type: scalar.Partner, Row: h.partner.ID}.String()
		earlier := h.issuer.token(nil)
		h.admits(earlier, "ADMIN", "Ada", "")
		first := h.account("ada")
		h.admits(h.issuer.token(claims{"name": "Ada L.", "role": "PARTNER", "partner": ann}), "PARTNER", "Ada L.", ann)
		now := h.account("ada")
		if now.ID != first.ID || now.Role != commission.PartnerUser || now.PartnerID == nil || now.ManagerScope != nil {
			t.Errorf("the account %+v became %+v", first, now)
		}
		secret, _, err := h.program.CreateToken(system(), now.ID, "of ours", nil)
		if err != nil {
			t.Fatal(err)
		}
		h.admits(secret, "PARTNER", "Ada L.", ann)
	})
}

func TestOIDC_turnsAwayEverybodyElse(t *testing.T) {
	eachHouse(t, func(h *house) {
		key := h.issuer.inUse()
		signed := func(others claims) string { return signedBy(key, h.issuer.says(others)) }
		theirPartner := scalar.ID{Type: scalar.Partner, Row: h.theirs.ID}.String()
		good := h.issuer.token(nil)
		parts := strings.Split(good, ".")
		soon, past := time.Now().Add(10*time.Minute).Unix(), time.Now().Add(-time.Second).Unix()
		for what, attempt := range map[string]struct{ token, why string }{
			"alg none":                        {unsigned(h.issuer.says(nil)), "does not verify"},
			"alg none, with a signature":      {unsigned(h.issuer.says(nil)) + parts[2], "does not verify"},
			"the public key as a secret":      {signedWithTheSecret(key, h.issuer.says(nil)), "does not verify"},
			"no signature":                    {parts[0] + "." + parts[1] + ".", "does not verify"},
			"the signature of another token":  {parts[0] + "." + part(h.issuer.says(claims{"sub": "eve"})) + "." + parts[2], "does not verify"},
			"another key of the same name":    {signedBy(&signingKey{key.id, keyOf(t, "another").PrivateKey}, h.issuer.says(nil)), "does not verify"},
			"a key that nobody published":     {signedBy(keyOf(t, "unknown"), h.issuer.says(nil)), "does not verify"},
			"the key of another network":      {signedBy(h.other.inUse(), h.issuer.says(nil)), "does not verify"},
			"another audience":                {signed(claims{"aud": "somebody else"}), "audience"},
			"no audience":                     {signed(claims{"aud": nil}), "audience"},
			"expired":                         {signed(claims{"exp": past}), "expired"},
			"without an end":                  {signed(claims{"exp": nil}), "expired"},
			"not valid yet":                   {signed(claims{"nbf": soon}), "before the nbf"},
			"an unknown issuer":               {signed(claims{"iss": "https://nobody.example"}), "is no network's"},
			"an issuer with a slash behind":   {signed(claims{"iss": h.issuer.URL + "/"}), "is no network's"},
			"no issuer":                       {signed(claims{"iss": nil}), "is no network's"},
			"an issuer that forges the log":   {signed(claims{"iss": "x\nlevel=ERROR msg=forged"}), "is no network's"},
			"an endless issuer":               {signed(claims{"iss": strings.Repeat("x", 100_000)}), "is no network's"},
			"an unknown role":                 {signed(claims{"role": "OWNER"}), "OWNER"},
			"a role in other letters":         {signed(claims{"role": "admin"}), "admin"},
			"a list of roles":                 {signed(claims{"role": []string{"ADMIN"}}), "the role"},
			"no role":                         {signed(claims{"role": nil}), "the role"},
			"support staff":                   {signed(claims{"role": "SUPPORT"}), "SUPPORT"},
			"an unknown scope":                {signed(claims{"role": "PARTNER_MANAGER", "scope": "openid profile"}), "neither GLOBAL nor LIMITED"},
			"a PARTNER that is none":          {signed(claims{"role": "PARTNER"}), "none of this network's"},
			"a partner of another network":    {signed(claims{"role": "PARTNER", "partner": theirPartner}), "none of this network's"},
			"a partner that was never there":  {signed(claims{"role": "PARTNER", "partner": "UGFydG5lcjo5OTk5OTk"}), "none of this network's"},
			"nobody":                          {signed(claims{"sub": nil}), "subject"},
			"an endless subject":              {signed(claims{"sub": strings.Repeat("x", 256)}), "subject"},
			"no JWT":                          {"a.b.c", "no JWT"},
			"no claims":                       {"e30.e30.e30", "is no network's"},
			"a token of ours that there isnt": {"ref_NOBODYSTOKENTHATISLONGENOUGH", "this token is not valid"},
		} {
			h.Run(what, func(t *testing.T) {
				whole := h.T
				h.T = t
				defer func() { h.T = whole }()
				h.turnsAway(attempt.token, attempt.why)
			})
		}
		if n := h.db.Account.Query().CountX(system()); n != 0 {
			t.Errorf("%d accounts were made", n)
		}
		h.admits(good, "ADMIN", "Ada", "")
	})
}

func TestOIDC_followsTheKeys(t *testing.T) {
	eachHouse(t, func(h *house) {
		old := h.issuer.inUse()
		before := h.issuer.token(nil)
		h.admits(before, "ADMIN", "Ada", "")
		for range 20 {
			h.admits(before, "ADMIN", "Ada", "")
		}
		if n := h.issuer.fetched(); n != 1 {
			t.Errorf("the keys were fetched %d times for one", n)
		}
		next := keyOf(t, "second")
		h.issuer.set(func() { h.issuer.keys = append(h.issuer.keys, next) })
		h.admits(h.issuer.token(nil), "ADMIN", "Ada", "")
		h.admits(before, "ADMIN", "Ada", "") // both are published
		third := keyOf(t, "third")
		h.issuer.set(func() { h.issuer.keys = []*signingKey{third} })
		h.admits(h.issuer.token(nil), "ADMIN", "Ada", "")
		h.turnsAway(before, "does not verify") // the key is withdrawn
		h.turnsAway(signedBy(old, h.issuer.says(nil)), "does not verify")
	})
}

func TestOIDC_asksTheProviderSparingly(t *testing.T) {
	eachHouse(t, func(h *house) {
		good := h.issuer.token(nil)
		h.admits(good, "ADMIN", "Ada", "")
		for i := range 50 { // each names a key that is not known
			h.turnsAway(signedBy(&signingKey{fmt.Sprint("forged-", i), h.other.inUse().PrivateKey}, h.issuer.says(nil)), "does not verify")
		}
		const patience = 20 // and some more where this takes long
		if n := h.issuer.fetched(); n > patience {
			t.Errorf("50 forged tokens made us fetch the keys %d times", n)
		}
		h.admits(good, "ADMIN", "Ada", "")
	})
}

func TestOIDC_aProviderThatIsDownHoldsUpItsOwnPeopleAlone(t *testing.T) {
	eachHouse(t, func(h *house) {
		h.other.set(func() { h.other.down = true })
		h.turnsAway(h.other.token(nil), "discovery document cannot be read")
		h.admits(h.issuer.token(nil), "ADMIN", "Ada", "")
		h.issuer.set(func() { h.issuer.down = true })
		h.admits(h.issuer.token(claims{"name": "Ada L."}), "ADMIN", "Ada L.", "") // the keys are known
		h.other.set(func() { h.other.down = false })
		if status, body := h.who(h.other.token(nil)); status != http.StatusOK {
			t.Errorf("after it is up again: HTTP %d, %s", status, body)
		}
	})
}

// The explorer is told where people sign in, and of no provider that does not answer: they then paste tokens.
func TestOIDC_theExplorerIsToldOfTheProvider(t *testing.T) {
	from := startIssuer(t, "explorer")
	flags := doorFlags{ExplorerIssuer: from.URL, ExplorerClient: "explorer", ExplorerScope: "openid"}
	told := flags.explorer(newIdentities(nil))().SignIn
	if told == nil || told.Issuer != from.URL || told.Authorize != from.URL+"/authorize" || told.Token != from.URL+"/token" || told.Client != "explorer" || told.Scope != "openid" {
		t.Errorf("it is told %+v", told)
	}
	from.Close()
	if told := flags.explorer(newIdentities(nil))().SignIn; told != nil {
		t.Errorf("of a provider that is down it is told %+v", told)
	}
	if told := (doorFlags{}).explorer(newIdentities(nil))().SignIn; told != nil {
		t.Errorf("of none it is told %+v", told)
	}
	for _, half := range []doorFlags{{ExplorerIssuer: from.URL}, {ExplorerClient: "explorer"}} {
		if err := half.check(); err == nil || !strings.Contains(err.Error(), "--explorer-client") {
			t.Errorf("%+v is refused by %v", half, err)
		}
	}
}
