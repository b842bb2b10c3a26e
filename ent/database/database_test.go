// Package database_test is the suite that every database must pass.
package database_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

func TestOpen_refusesWhatIsNoDatabase(t *testing.T) {
	for _, location := range []string{"", "referrals.db", "sqlite:", "postgres://localhost/referrals", "mysql://", "mysql://localhost", "mysql://localhost/", "mysql:// /x"} {
		if db, err := database.Open(location); err == nil {
			_ = db.Close()
			t.Errorf("Open(%q) succeeded, want an error", location)
		}
	}
}

// All of them turn the new file to a write-ahead log, for which SQLite itself waits most of the time.
func TestOpen_byManyAtOnceOfANewFile(t *testing.T) {
	const rounds, each = 100, 8
	for range rounds {
		location, start := databasetest.SQLite(t), make(chan struct{})
		var all sync.WaitGroup
		for range each {
			db := opened(t, location)
			all.Go(func() {
				<-start
				if err := errors.Join(db.Ping(t.Context()), db.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
	}
}

func TestOpen_neverTellsThePassword(t *testing.T) {
	db := opened(t, "mysql://root:s3cret@127.0.0.1:1/referrals")
	if _, err := db.Migrate(t.Context()); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("Migrate on a server that is not there: %v; want an error without the password", err)
	}
}

func TestEngine_saysWhichEngineItIs(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		db := opened(t, location)
		name, err := db.Engine(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Log(name)
		if strings.HasPrefix(name, "SQLite ") != db.Embedded() {
			t.Errorf("Engine = %q, Embedded = %v", name, db.Embedded())
		}
	})
}

// system is the context of the program itself.
func system() context.Context {
	return audit.Because(viewer.AsSystem(context.Background(), "test"), "test", "", aDay)
}

// change changes something, in a transaction of its own.
func change(db *database.Database, work func(ctx context.Context, tx *database.Tx) error) error {
	return db.Transact(system(), work)
}

func opened(t *testing.T, location string) *database.Database {
	t.Helper()
	db, err := database.Open(location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// eachEngine runs a test on a migrated database of every engine, with a partner in a network.
func eachEngine(t *testing.T, test func(t *testing.T, db *database.Database, partner *ent.Partner)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, location string) {
		db := databasetest.Open(t, location)
		test(t, db, newPartner(t, db, newNetwork(t, db), "first"))
	})
}

var aDay = time.Date(2026, time.June, 30, 12, 0, 0, 0, time.UTC)

// newNetwork makes a network with its gate.
func newNetwork(t *testing.T, db *database.Database) int {
	t.Helper()
	var made *ent.Network
	err := change(db, func(ctx context.Context, tx *database.Tx) (err error) {
		made, err = tx.Network.Create().SetName("Acme").SetCurrency("USD").SetTimeZone("UTC").SetCreatedAt(aDay).SetChangedAt(aDay).Save(ctx)
		if err != nil {
			return err
		}
		return tx.MakeGate(ctx, made.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

func newPartner(t *testing.T, db *database.Database, networkID int, code string) *ent.Partner {
	t.Helper()
	var made *ent.Partner
	err := change(db, func(ctx context.Context, tx *database.Tx) (err error) {
		made, err = createPartner(tx, networkID, code).Save(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func createPartner(tx *database.Tx, networkID int, code string) *ent.PartnerCreate {
	return tx.Partner.Create().SetNetworkID(networkID).SetName(code).SetEmail(code).SetSearchText("").
		SetStatus(commission.PartnerActive).SetReferralCode(code).SetCreatedAt(aDay)
}

// updatePartner changes a partner.
func updatePartner(db *database.Database, id int, set func(*ent.PartnerUpdateOne)) error {
	return change(db, func(ctx context.Context, tx *database.Tx) error {
		update := tx.Partner.UpdateOneID(id)
		set(update)
		return update.Exec(ctx)
	})
}

// newConversion is one of the partner's to save, all but its amounts at zero.
func newConversion(db *ent.Client, partner *ent.Partner, externalID string) *ent.ConversionCreate {
	return db.Conversion.Create().SetNetworkID(partner.NetworkID).SetPartnerID(partner.ID).SetExternalID(externalID).
		SetOccurredAt(aDay).SetRecordedAt(aDay).SetRevenue(commission.FromMicros(0)).SetPayout(commission.FromMicros(0)).
		SetDay(0).SetEarningDayID(1)
}

// one answers a query that gives one row of one value.
func one[V any](t *testing.T, q database.Querier, query string, args ...any) V {
	t.Helper()
	value, err := asked[V](q, query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func asked[V any](q database.Querier, query string, args ...any) (value V, err error) {
	rows := 0
	err = database.Each(context.Background(), q, query, args, func(row *sql.Rows) error {
		rows++
		return row.Scan(&value)
	})
	if err == nil && rows != 1 {
		err = fmt.Errorf("%s: %d rows, want 1", query, rows)
	}
	return value, err
}
