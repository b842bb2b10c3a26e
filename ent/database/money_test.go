package database_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/conversion"
	"partner.example/referrals/ent/generated/partner"
)

// amounts are in order, and would not be as text or as binary floating point [C7].
var amounts = []string{
	"-9223372036854.775808", "-9007199254.740993", "-9007199254.740992", "-10", "-9", "-0.000001", "0",
	"0.000001", "0.1", "0.3", "9", "10", "9007199254.740992", "9007199254.740993", "9223372036854.775806", "9223372036854.775807",
}

func TestMoney_isStoredOrderedAndComparedExactly(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		for i := range amounts { // not in their order
			text := amounts[(i*7)%len(amounts)]
			amount := decimal.RequireFromString(text)
			saved, err := newConversion(db.Client, partner, text).SetRevenue(amount).SetPayout(amount).Save(system())
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if read := db.Conversion.GetX(system(), saved.ID); !read.Revenue.Equal(amount) || !read.Payout.Equal(amount) {
				t.Errorf("%s came back as revenue %s, payout %s", text, read.Revenue, read.Payout)
			}
		}
		if got := externalIDs(t, db.Conversion.Query().Order(conversion.ByRevenue())); !slices.Equal(got, amounts) {
			t.Errorf("ordered by revenue:\n%v, want\n%v", got, amounts)
		}
		for i, text := range amounts {
			amount := decimal.RequireFromString(text)
			less := externalIDs(t, db.Conversion.Query().Where(conversion.RevenueLT(amount)).Order(conversion.ByPayout()))
			same := externalIDs(t, db.Conversion.Query().Where(conversion.RevenueEQ(amount)))
			more := externalIDs(t, db.Conversion.Query().Where(conversion.RevenueGT(amount)).Order(conversion.ByPayout()))
			if !slices.Equal(less, amounts[:i]) || !slices.Equal(same, amounts[i:i+1]) || !slices.Equal(more, amounts[i+1:]) {
				t.Errorf("compared with %s: less %v, same %v, more %v", text, less, same, more)
			}
		}
	})
}

func TestMoney_thatCannotBeStoredExactlyIsRefused(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		for _, text := range []string{"0.0000001", "-1.0000005", "9223372036854.775808", "-9223372036854.775809", "1e30"} {
			if saved, err := newConversion(db.Client, partner, text).SetRevenue(decimal.RequireFromString(text)).Save(system()); err == nil {
				t.Errorf("%s was stored as %s", text, saved.Revenue)
			}
		}
		if count := db.Conversion.Query().CountX(system()); count != 0 {
			t.Errorf("%d rows were stored", count)
		}
	})
}

func TestMoney_thatIsOptionalIsAbsentOrExact(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, first *ent.Partner) {
		read := func() *decimal.Decimal { return db.Partner.GetX(system(), first.ID).InvoiceThreshold }
		if got := read(); got != nil {
			t.Errorf("never set: %s, want nil", got)
		}
		zero, much := decimal.Zero, decimal.RequireFromString("9223372036854.775807")
		for _, amount := range []*decimal.Decimal{&zero, &much} {
			if err := updatePartner(db, first.ID, func(p *ent.PartnerUpdateOne) { p.SetInvoiceThreshold(amount) }); err != nil {
				t.Fatal(err)
			}
			if got := read(); got == nil || !got.Equal(*amount) {
				t.Errorf("set to %s: %v", amount, got)
			}
			if found := db.Partner.Query().Where(partner.InvoiceThresholdEQ(amount)).CountX(system()); found != 1 {
				t.Errorf("%d rows found by %s, want 1", found, amount)
			}
		}
		if err := updatePartner(db, first.ID, func(p *ent.PartnerUpdateOne) { p.ClearInvoiceThreshold() }); err != nil {
			t.Fatal(err)
		}
		if got := read(); got != nil {
			t.Errorf("cleared: %s, want nil", got)
		}
	})
}

func TestMoney_isSummedExactly(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		var want int64
		for i, micros := range []int64{1<<53 + 1, 1<<53 + 1, 1<<53 + 1, -1, 100_000, 100_000, 100_000, 1 << 60} {
			want += micros
			newConversion(db.Client, partner, strconv.Itoa(i)).SetRevenue(commission.FromMicros(micros)).ExecX(system())
		}
		if got := one[int64](t, db, "SELECT SUM(revenue) FROM conversion"); got != want {
			t.Errorf("SUM = %d, want %d", got, want)
		}
		if got := one[int64](t, db, "SELECT SUM(revenue - payout) FROM conversion WHERE payout = ?", 0); got != want {
			t.Errorf("SUM of the difference = %d, want %d", got, want)
		}
	})
}

func TestMoney_thatSumsToMoreThanCanBeStoredIsAnErrorAndNoOtherAmount(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		most := commission.FromMicros(math.MaxInt64)
		newConversion(db.Client, partner, "a").SetRevenue(most).ExecX(system())
		newConversion(db.Client, partner, "b").SetRevenue(most).ExecX(system())
		if sum, err := asked[int64](db, "SELECT SUM(revenue) FROM conversion"); err == nil {
			t.Errorf("SUM = %d, want an error", sum)
		}
		err := addEarnings(db, partner, math.MaxInt64)
		if err == nil {
			err = addEarnings(db, partner, 1)
		}
		if err == nil { // then whoever reads it must be told
			var sum int64
			if sum, err = asked[int64](db, "SELECT revenue FROM earning_day"); err == nil {
				t.Errorf("InsertOrAdd made %d, want an error", sum)
			}
		}
	})
}

func TestInsertOrAdd_losesNothingUnderManyWriters(t *testing.T) {
	const writers, rounds = 16, 20
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		var all sync.WaitGroup
		var want int64
		for writer := range int64(writers) {
			amount := 1<<53 + writer - 7 // some sums are odd numbers beyond what a float64 tells apart
			want += amount * rounds
			all.Go(func() {
				for range rounds {
					if err := addEarnings(db, partner, amount); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if rows := one[int](t, db, "SELECT COUNT(*) FROM earning_day"); rows != 1 {
			t.Errorf("%d rows, want 1", rows)
		}
		if got := one[int64](t, db, "SELECT revenue FROM earning_day"); got != want {
			t.Errorf("revenue = %d, want %d", got, want)
		}
		if got := one[int64](t, db, "SELECT payout FROM earning_day"); got != -want {
			t.Errorf("payout = %d, want %d", got, -want)
		}
		if got := one[int64](t, db, "SELECT conversions FROM earning_day"); got != writers*rounds {
			t.Errorf("conversions = %d, want %d", got, writers*rounds)
		}
	})
}

// addEarnings adds to the sums of the partner's day.
func addEarnings(db *database.Database, partner *ent.Partner, micros int64) error {
	return change(db, func(ctx context.Context, tx *database.Tx) error {
		rows := tx.Rows("earning_day", "network_id", "partner_id", "day", "slot", "line_id", "conversions", "revenue", "payout")
		rows.Add(partner.NetworkID, partner.ID, 0, 0, 0, 1, micros, -micros)
		return tx.InsertOrAdd(ctx, rows, []string{"partner_id", "day", "slot"}, []string{"conversions", "revenue", "payout"})
	})
}

func externalIDs(t *testing.T, query *ent.ConversionQuery) []string {
	t.Helper()
	found, err := query.All(system())
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(found))
	for i, row := range found {
		ids[i] = row.ExternalID
	}
	return ids
}

func TestAddTo_addsToTheRowsThatItNamesOrToNone(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		add := func(id, slot int, micros int64) error {
			return change(db, func(ctx context.Context, tx *database.Tx) error {
				rows := tx.Rows("earning_day", "network_id", "partner_id", "day", "slot", "line_id", "conversions", "revenue", "payout", "id")
				rows.Add(partner.NetworkID, partner.ID, 0, slot, 0, 1, micros, -micros, id)
				return tx.AddTo(ctx, rows, []string{"partner_id", "day", "slot"}, []string{"conversions", "revenue", "payout"})
			})
		}
		holds := func(when string, want int64) {
			t.Helper()
			if got := one[int64](t, db, "SELECT SUM(revenue) FROM earning_day"); got != want {
				t.Errorf("%s: the sum is %d, want %d", when, got, want)
			}
		}
		if err := addEarnings(db, partner, 100); err != nil {
			t.Fatal(err)
		}
		id := one[int](t, db, "SELECT id FROM earning_day")
		if err := add(id, 0, 20); err != nil {
			t.Fatal(err)
		}
		holds("its own row", 120)
		if err := add(id, 7, 3); !errors.Is(err, database.ErrOther) {
			t.Errorf("a row of another slot: %v, want ErrOther", err)
		}
		holds("a row of another slot", 120)
		if err := add(id+1000, 0, 3); !errors.Is(err, database.ErrOther) {
			t.Errorf("a row that has another id by now: %v, want ErrOther", err)
		}
		holds("a row that has another id by now", 120)
		if err := add(id+1000, 8, 3); err != nil {
			t.Errorf("a row that is gone: %v", err)
		}
		holds("a row that is gone", 123)
		if got := one[int](t, db, "SELECT id FROM earning_day WHERE slot = 8"); got != id+1000 {
			t.Errorf("it was made again as %d, want %d", got, id+1000)
		}
	})
}
