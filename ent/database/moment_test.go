package database_test

import (
	"context"
	"database/sql"
	"slices"
	"testing"
	"time"

	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/conversion"
)

func TestMoment_isKeptToTheMicrosecondInUTC(t *testing.T) {
	auckland, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	moments := map[string]time.Time{
		"first":       time.Date(1000, time.January, 1, 0, 0, 0, 0, time.UTC),
		"before 1970": time.Date(1969, time.December, 31, 23, 59, 59, 999_999_000, time.UTC),
		"1970":        time.Unix(0, 0).UTC(),
		"2001":        time.Date(2001, time.September, 9, 1, 46, 40, 1_000, time.UTC),
		"midnight":    time.Date(2026, time.June, 15, 0, 0, 0, 0, time.UTC),
		"just before": time.Date(2026, time.June, 14, 23, 59, 59, 999_999_000, time.UTC),
		"leap day":    time.Date(2028, time.February, 29, 10, 0, 0, 123_456_000, time.UTC),
		"2038":        time.Date(2038, time.January, 19, 3, 14, 8, 0, time.UTC),
		"last":        time.Date(9999, time.December, 31, 23, 59, 59, 999_999_000, time.UTC),
		"elsewhere":   time.Date(2026, time.April, 5, 2, 30, 0, 1_000, auckland), // comes twice there
		"an offset":   time.Date(2026, time.June, 15, 1, 30, 0, 0, time.FixedZone("", 5*3600+45*60)),
	}
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		for name, moment := range moments {
			saved := newConversion(db.Client, partner, name).SetOccurredAt(moment).SaveX(system())
			read := db.Conversion.GetX(system(), saved.ID)
			if !read.OccurredAt.Equal(moment) || read.OccurredAt.Location() != time.UTC {
				t.Errorf("%s: %s came back as %s", name, moment, read.OccurredAt)
			}
			if raw := one[time.Time](t, db, "SELECT occurred_at FROM conversion WHERE id = ?", saved.ID); !raw.Equal(moment) || raw.Location() != time.UTC {
				t.Errorf("%s: %s came back from a statement as %s", name, moment, raw)
			}
			if found := db.Conversion.Query().Where(conversion.OccurredAtEQ(moment.In(auckland))).OnlyIDX(system()); found != saved.ID {
				t.Errorf("%s: another row was found by it", name)
			}
		}
	})
}

func TestMoment_isCutToTheMicrosecondAndNotRounded(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		cut := time.Date(2026, time.June, 14, 23, 59, 59, 999_999_000, time.UTC)
		finer := cut.Add(999)
		saved := newConversion(db.Client, partner, "a").SetOccurredAt(finer).SaveX(system())
		if read := db.Conversion.GetX(system(), saved.ID); !read.OccurredAt.Equal(cut) {
			t.Errorf("%s came back as %s, want %s", finer, read.OccurredAt, cut)
		}
		if found := db.Conversion.Query().Where(conversion.OccurredAtEQ(finer)).CountX(system()); found != 1 {
			t.Errorf("%d rows found by the same moment, want 1", found)
		}
	})
}

func TestMoment_isOrderedAndComparedWithinASecond(t *testing.T) {
	second := time.Date(2026, time.June, 14, 23, 59, 59, 0, time.UTC)
	order := []string{"0", "1", "10", "100000", "999999", "1000000"}
	after := []time.Duration{0, time.Microsecond, 10 * time.Microsecond, 100 * time.Millisecond, 999_999 * time.Microsecond, time.Second}
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		for _, i := range []int{3, 0, 5, 2, 4, 1} {
			newConversion(db.Client, partner, order[i]).SetOccurredAt(second.Add(after[i])).ExecX(system())
		}
		if got := externalIDs(t, db.Conversion.Query().Order(conversion.ByOccurredAt())); !slices.Equal(got, order) {
			t.Errorf("in order: %v, want %v", got, order)
		}
		for i, elapsed := range after {
			moment := second.Add(elapsed).In(time.FixedZone("", -3600))
			before := externalIDs(t, db.Conversion.Query().Where(conversion.OccurredAtLT(moment)).Order(conversion.ByOccurredAt()))
			if !slices.Equal(before, order[:i]) {
				t.Errorf("before %s: %v, want %v", moment, before, order[:i])
			}
			if got := one[int](t, db, "SELECT COUNT(*) FROM conversion WHERE occurred_at >= ?", moment); got != len(order)-i {
				t.Errorf("a statement finds %d not before %s, want %d", got, moment, len(order)-i)
			}
		}
	})
}

func TestMoment_thatHasNotComeIsNil(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		if read := db.Partner.GetX(system(), partner.ID); read.ApprovedAt != nil {
			t.Errorf("approvedAt = %v, want nil", read.ApprovedAt)
		}
		if err := updatePartner(db, partner.ID, func(p *ent.PartnerUpdateOne) { p.SetApprovedAt(aDay) }); err != nil {
			t.Fatal(err)
		}
		if read := db.Partner.GetX(system(), partner.ID); read.ApprovedAt == nil || !read.ApprovedAt.Equal(aDay) {
			t.Errorf("approvedAt = %v, want %s", read.ApprovedAt, aDay)
		}
		// A statement that is written by hand takes and gives the same, nil pointers included.
		var never *time.Time
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE partner SET approved_at = ? WHERE id = ?", never, partner.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := one[sql.NullTime](t, db, "SELECT approved_at FROM partner WHERE id = ?", partner.ID); got.Valid {
			t.Errorf("approved_at = %v, want none", got)
		}
	})
}
