package database_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
)

// A server would go on with a statement whose client has left: on connections of a server that answers within some time
// it gives up by itself.
func TestAnswersWithin_endsAStatementThatNobodyWaitsFor(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, location string) {
		db, err := database.Open(location, database.AnswersWithin(2*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if err := db.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		const mark = "nobody waits for this"
		left, leave := context.WithCancel(t.Context())
		asking := make(chan error, 1)
		ask := func() {
			asking <- database.Each(left, db, "SELECT /* "+mark+" */ COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c, information_schema.columns d WHERE a.column_name < b.column_name AND b.column_name < c.column_name AND c.column_name < d.column_name", nil, func(*sql.Rows) error { return nil })
		}
		other := opened(t, location) // which waits for as long as it takes
		running := func() int {
			return one[int](t, other, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%"+mark+"%' AND info NOT LIKE '%processlist%'")
		}
		go ask()
		for running() == 0 {
			select {
			case err := <-asking: // before anybody saw it run
				if err == nil {
					t.Fatal("it was answered")
				}
				go ask()
			default:
			}
		}
		leave()
		if err := <-asking; err == nil {
			t.Error("it was answered")
		}
		for running() > 0 { // until the test's own end
			time.Sleep(10 * time.Millisecond)
		}
	})
}
