package main

import (
	"context"
	"encoding/csv"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/generated/token"
	"partner.example/referrals/ent/rule"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph/scalar"
)

func TestToken_isListedAndRevokedByTheCommandLine(t *testing.T) {
	eachHouse(t, func(h *house) {
		database := h.location
		network := scalar.ID{Type: scalar.Network, Row: h.network.ID}.String()
		expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		secret := must(t, "token", "create", "--database", database, "--network", network, "--role", "ADMIN", "--name", "Ada, the first", "--expires-at", expires.Format(time.RFC3339))
		staff := must(t, "token", "create", "--database", database, "--role", "SUPPORT", "--name", "Sue")
		list := func(more ...string) [][]string {
			t.Helper()
			rows, err := csv.NewReader(strings.NewReader(must(t, append([]string{"token", "list", "--database", database}, more...)...))).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			return rows[1:]
		}
		rows := list("--network", network)
		if len(rows) != 1 || rows[0][1] != "Ada, the first" || rows[0][4] != "ADMIN" || rows[0][6] != expires.Format(time.RFC3339) || rows[0][7] != "" || rows[0][8] != "" {
			t.Fatalf("the list is %q", rows)
		}
		h.admits(secret, "ADMIN", "Ada, the first", "")
		if rows = list("--network", network); rows[0][7] == "" {
			t.Errorf("the use is not noted: %q", rows)
		}
		if kept := h.db.Token.Query().Where(token.NameContains("Ada")).OnlyX(system()); kept.Hash == "" || strings.Contains(secret, kept.Hash) || strings.Contains(kept.Hash, secret) {
			t.Error("the token itself is kept")
		}
		must(t, "token", "revoke", "--database", database, rows[0][0]) // the last of an ADMIN
		h.turnsAway(secret, "this token is not valid")
		if rows = list("--network", network); rows[0][8] == "" {
			t.Errorf("the end is not noted: %q", rows)
		}
		must(t, "token", "revoke", "--database", database, rows[0][0])
		if again := list("--network", network); again[0][8] != rows[0][8] {
			t.Errorf("revoked again: %q, then %q", rows, again)
		}
		if rows = list(); len(rows) != 1 || rows[0][4] != "SUPPORT" {
			t.Errorf("the list of support staff is %q", rows)
		}
		must(t, "token", "revoke", "--database", database, rows[0][0])
		if status, body := h.who(staff); status != http.StatusUnauthorized {
			t.Errorf("HTTP %d, %s", status, body)
		}
		for _, wrong := range [][]string{{"token", "revoke", "none"}, {"token", "revoke", network}, {"token", "list", "--network", "none"}, {"token", "list", "--network", "TmV0d29yazo5OTk"}} {
			if got := referrals(t.Context(), strings.NewReader(""), append(wrong, "--database", database)...); got.code != failure {
				t.Errorf("referrals %q: exit %d\n%s%s", wrong, got.code, got.stdout, got.stderr)
			}
		}
	})
}

func TestToken_worksUntilItExpires(t *testing.T) {
	eachHouse(t, func(h *house) {
		now := time.Now()
		h.program.Now = func() time.Time { return now }
		h.admits(h.issuer.token(nil), "ADMIN", "Ada", "")
		expires := now.Add(time.Hour)
		secret, _, err := h.program.CreateToken(system(), h.account("ada").ID, "for an hour", &expires)
		if err != nil {
			t.Fatal(err)
		}
		now = expires.Add(-time.Microsecond)
		h.admits(secret, "ADMIN", "Ada", "")
		now = expires
		h.turnsAway(secret, "this token is not valid")
	})
}

// What an identity provider says today it may take back tomorrow: by its ADMIN alone a network is not kept.
func TestToken_ofAnAccountOfTheProviderIsNoReasonToRevokeAnother(t *testing.T) {
	eachHouse(t, func(h *house) {
		network := scalar.ID{Type: scalar.Network, Row: h.network.ID}.String()
		last := must(t, "token", "create", "--database", h.location, "--network", network, "--role", "ADMIN", "--name", "Ada")
		h.admits(h.issuer.token(claims{"sub": "bea", "name": "Bea"}), "ADMIN", "Bea", "")
		_, its, err := h.program.CreateToken(system(), h.account("bea").ID, "Bea's", nil)
		if err != nil {
			t.Fatal(err)
		}
		ada, err := h.program.SignIn(t.Context(), last)
		if err != nil {
			t.Fatal(err)
		}
		ctx := viewer.With(t.Context(), ada.Viewer)
		first := h.db.Token.Query().Where(token.Name("Ada")).OnlyIDX(system())
		if _, err := h.program.RevokeToken(ctx, h.network.ID, first); commission.CodeOf(err) != commission.FailedPrecondition {
			t.Errorf("the last token of an ADMIN that the provider does not know: %v", err)
		}
		if _, err := h.program.RevokeToken(ctx, h.network.ID, its.ID); err != nil {
			t.Errorf("a token of one that it knows: %v", err)
		}
		h.admits(last, "ADMIN", "Ada", "")
	})
}

// A sign-in hands on the network and the partner as they are stored: each column is set here, and one that is added, of the
// partner one that it is shown of itself, fails this test until the sign-in reads it.
func TestSignIn_handsOnWhatIsStored(t *testing.T) {
	eachHouse(t, func(h *house) {
		network, partner := scalar.ID{Type: scalar.Network, Row: h.network.ID}.String(), h.partner.ID
		admin := must(t, "token", "create", "--database", h.location, "--network", network, "--role", "ADMIN", "--name", "Ada")
		self := must(t, "token", "create", "--database", h.location, "--network", network, "--role", "PARTNER", "--name", "Bea", "--partner", scalar.ID{Type: scalar.Partner, Row: partner}.String())
		later := commission.Moment(time.Now()).Add(time.Hour)
		err := h.db.Transact(audit.Because(system(), "test", "", later), func(ctx context.Context, tx *database.Tx) error {
			rate := decimal.New(5, 0)
			structure, err := tx.CommissionStructure.Create().SetNetworkID(h.network.ID).SetType(commission.TypePercentage).SetRate(&rate).
				SetBasis(commission.Payout).SetCanonical("five").SetCreatedAt(later).Save(ctx)
			if err != nil {
				return err
			}
			err = tx.Partner.UpdateOneID(partner).SetEmail("bea@partner.example").SetApprovedAt(later).SetVersion(3).SetReferralMode(commission.Custom).
				SetReferralStructureID(structure.ID).SetReferralSettingVersion(5).SetBillingFrequency(commission.Weekly).SetHideInvoices(true).Exec(ctx)
			if err != nil {
				return err
			}
			return tx.Network.UpdateOneID(h.network.ID).SetReferralEnabled(true).SetReferralStructureID(structure.ID).SetReferralSettingsVersion(4).
				SetReferralSettingsUpdatedAt(later).SetReferralSettingsUpdatedBy("Ada").SetSignUpPage("https://acme.example/join").SetNextInvoiceNumber(7).
				SetBilledThrough(commission.DateOf(later, time.UTC)).SetBillingBy("a server").SetBillingBeat(3).SetNextChangeAt(later).Exec(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		who, err := h.program.SignIn(t.Context(), admin)
		if v := who.Viewer; err != nil || v.Role != commission.Admin || v.NetworkID != h.network.ID || v.Name != "Ada" || who.Partner != nil {
			t.Fatalf("signs in as %+v: %v", who, err)
		}
		handedOn(t, who.Network, h.db.Network.GetX(system(), h.network.ID), nil)
		who, err = h.program.SignIn(t.Context(), self)
		if v := who.Viewer; err != nil || v.Role != commission.PartnerUser || v.PartnerID != partner {
			t.Fatalf("signs in as %+v: %v", who, err)
		}
		stored := h.db.Partner.GetX(system(), partner)
		handedOn(t, who.Partner, stored, rule.PartnerFields.Shown(who.Viewer, stored))
	})
}

// handedOn checks that a row was handed on as it is stored, or some fields of it, and those alone.
func handedOn[T any](t *testing.T, row, stored *T, fields []string) {
	t.Helper()
	got, want := reflect.ValueOf(row).Elem(), reflect.ValueOf(stored).Elem()
	for i := range want.NumField() {
		field := want.Type().Field(i)
		if !field.IsExported() || field.Name == "Edges" {
			continue
		}
		is, was := got.Field(i), want.Field(i)
		switch asked := fields == nil || slices.Contains(fields, field.Name); {
		case !asked && !is.IsZero():
			t.Errorf("%s is handed on", field.Name)
		case asked && (was.IsZero() || !reflect.DeepEqual(was.Interface(), is.Interface())):
			t.Errorf("%s is %v, stored %v", field.Name, is, was)
		}
	}
}
