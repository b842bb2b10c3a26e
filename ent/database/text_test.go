package database_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/conversion"
	"partner.example/referrals/ent/generated/partner"
)

// codes are all different, in the order of their bytes. Collations would take many of them for one:
// capitals, accents, composed and decomposed letters, widths, sharp s, blanks at the end.
var codes = []string{
	"1", "1e0", "A", "B", "a", "a ", "a  ", "aa", "a\u0301", "b", "i", "ss",
	"\u00c1", "\u00df", "\u00e1", "\u0131", "\u2126", "\u212a", "\uff21", "\U0001f600", "\U0001f601",
}

func TestCodes_areComparedByteForByte(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, first *ent.Partner) {
		for i := range codes {
			code := codes[(i*5)%len(codes)]
			if err := newConversion(db.Client, first, code).Exec(system()); err != nil {
				t.Errorf("external id %q: %v", code, err)
			}
			newPartner(t, db, first.NetworkID, code)
		}
		if got := externalIDs(t, db.Conversion.Query().Order(conversion.ByExternalID())); !slices.Equal(got, codes) {
			t.Errorf("in order: %q, want %q", got, codes)
		}
		for _, code := range codes {
			if got := externalIDs(t, db.Conversion.Query().Where(conversion.ExternalID(code))); !slices.Equal(got, []string{code}) {
				t.Errorf("external id %q finds %q", code, got)
			}
			if got := externalIDs(t, db.Conversion.Query().Where(conversion.ExternalIDIn(code, "no such"))); !slices.Equal(got, []string{code}) {
				t.Errorf("external id in (%q) finds %q", code, got)
			}
			if got := db.Partner.Query().Where(partner.ReferralCode(code)).AllX(system()); len(got) != 1 || got[0].ReferralCode != code {
				t.Errorf("referral code %q finds %d partners", code, len(got))
			}
			if got := db.Partner.Query().Where(partner.Email(code)).AllX(system()); len(got) != 1 || got[0].Email != code {
				t.Errorf("e-mail %q finds %d partners", code, len(got))
			}
			if got := one[string](t, db, "SELECT external_id FROM conversion WHERE external_id = ?", code); got != code {
				t.Errorf("a statement finds %q by %q", got, code)
			}
		}
	})
}

func TestTexts_surviveWhateverTheyHold(t *testing.T) {
	texts := []string{"", `'; DROP TABLE partner; --`, `\`, `\'`, `%_`, "?", "line\nline\ttab\r", "\u0000", "\u202e", "\U0001f468\u200d\U0001f469\u200d\U0001f467", strings.Repeat("\U0001f600", 200)}
	eachEngine(t, func(t *testing.T, db *database.Database, first *ent.Partner) {
		for _, text := range texts {
			if err := updatePartner(db, first.ID, func(p *ent.PartnerUpdateOne) { p.SetName(text) }); err != nil {
				t.Errorf("%q: %v", text, err)
			}
			if got := db.Partner.GetX(system(), first.ID).Name; got != text {
				t.Errorf("%q came back as %q", text, got)
			}
			if got := one[string](t, db, "SELECT name FROM partner WHERE name = ?", text); got != text {
				t.Errorf("a statement finds %q by %q", got, text)
			}
		}
	})
}

func TestTexts_thatAreTooLongAreRefusedAndNeverCut(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, first *ent.Partner) {
		long := strings.Repeat("x", 100_000)
		if err := newConversion(db.Client, first, "a").SetReason(long).Exec(system()); err == nil {
			t.Error("a reason of 100,000 bytes was stored")
		}
		if db.Embedded() { // which bounds no text itself
			return
		}
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE partner SET referral_code = ?", long)
			return err
		})
		if err == nil {
			t.Error("a code of 100,000 bytes was stored")
		}
	})
}
