package billing_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/auditevent"
	"partner.example/referrals/ent/generated/network"
)

const impatience = time.Minute

func (w *world) schedule(server string) *billing.Schedule {
	return &billing.Schedule{Billing: w.billing, Server: server, Patience: impatience, AtOnce: 2}
}

// look has a server look what is due, and gives what it did.
func (w *world) look(s *billing.Schedule) []billing.Turn {
	w.Helper()
	var mutex sync.Mutex
	var turns []billing.Turn
	w.must(s.Look(context.Background(), func(turn billing.Turn) {
		mutex.Lock()
		defer mutex.Unlock()
		turns = append(turns, turn)
	}))
	return turns
}

// wantTurns wants one turn, which made so many invoices and went well; -1: none at all.
func (w *world) wantTurn(turns []billing.Turn, made int) {
	w.Helper()
	if made < 0 && len(turns) == 0 {
		return
	}
	if len(turns) != 1 || turns[0].Err != nil || turns[0].Made != made {
		w.Errorf("the turns are %+v; want one that makes %d invoices", turns, made)
	}
}

// tamper writes into the tables as nobody but a test does.
func (w *world) tamper(statement string, args ...any) {
	w.Helper()
	w.must(w.db.Transact(w.system(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.ExecContext(ctx, statement, args...)
		return err
	}))
}

func (w *world) stored() *ent.Network {
	w.Helper()
	found, err := w.db.Network.Get(w.system(), w.network.ID)
	w.must(err)
	return found
}

// soldInJune has alice owed for bob's June, at the end of it.
func soldInJune(w *world) {
	aliceRefersBob(w)
	w.at("2026-06-30 23:58")
	w.earns("bob", "2026-06-10 12:00", "100")
	w.tamper("UPDATE network SET billed_through = ?", int32(day("2026-06-29")))
}

func TestSchedule_billsAfterMidnightInTheZoneOfTheNetwork(t *testing.T) { // I2
	each(t, func(w *world) {
		soldInJune(w)
		s := w.schedule("one")
		w.wantTurn(w.look(s), -1)
		w.at("2026-07-01 00:00")
		turns := w.look(s)
		w.wantTurn(turns, 2)
		if turns[0].Through != day("2026-06-30") || turns[0].NetworkID != w.network.ID {
			w.Errorf("it billed %+v", turns[0])
		}
		w.wantRow(w.admin(), "bob", "billed 10.00 balance 10.00 unbilled 0.00 below 0.00")
		w.wantTurn(w.look(s), -1)
		w.at("2026-07-01 23:59")
		w.wantTurn(w.look(s), -1)
		w.earns("bob", "2026-06-20 12:00", "50") // after the invoice of its month: it is July's
		w.at("2026-07-02 00:00")
		w.wantTurn(w.look(s), 0)
		w.at("2026-08-01 00:00")
		w.wantTurn(w.look(s), 2)
		w.wantRow(w.admin(), "bob", "billed 15.00 balance 15.00 unbilled 0.00 below 0.00")
		events, err := w.db.AuditEvent.Query().Where(auditevent.Action("runBilling")).All(w.system())
		w.must(err)
		if len(events) != 4 || events[0].ActorName != "scheduled billing" || events[0].ActorRole != "" || events[0].AccountID != nil {
			w.Errorf("the audit log tells of %v", events)
		}
	})
}

// Zones in which midnight comes first and last, at half hours, twice, not at all, and a day that never came.
func TestSchedule_findsMidnightInEveryZone(t *testing.T) { // T5
	for _, walk := range []struct {
		from string
		days int
		zone []commission.Zone
	}{
		{"2026-03-07T00:00:00Z", 3, []commission.Zone{"UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata", "America/New_York", "America/Havana"}},
		{"2026-10-30T00:00:00Z", 4, []commission.Zone{"America/New_York", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe"}},
		{"2018-11-03T00:00:00Z", 2, []commission.Zone{"America/Sao_Paulo"}},
		{"2011-12-29T00:00:00Z", 3, []commission.Zone{"Pacific/Apia"}},
	} {
		t.Run(walk.from, func(t *testing.T) {
			w := newWorld(t, databasetest.Open(t, databasetest.SQLite(t)), "USD", "UTC")
			var err error
			w.now, err = time.Parse(time.RFC3339, walk.from)
			w.must(err)
			for _, zone := range walk.zone {
				_, err := w.program.CreateNetwork(w.system(), program.NewNetwork{Name: string(zone), Currency: "USD", TimeZone: zone})
				w.must(err)
			}
			w.look(w.schedule("one"))
			s := w.schedule("another")
			turns, dates := map[string]int{}, map[string]map[string]bool{}
			for end := w.now.AddDate(0, 0, walk.days); w.now.Before(end); w.now = w.now.Add(30 * time.Minute) {
				for _, turn := range w.look(s) {
					w.must(turn.Err)
					turns[w.db.Network.GetX(w.system(), turn.NetworkID).Name]++
				}
				for _, n := range w.db.Network.Query().Where(network.IDNEQ(w.network.ID)).AllX(w.system()) {
					date := commission.DateOf(w.now, n.TimeZone.MustLocation())
					if *n.BilledThrough != date-1 {
						t.Fatalf("at %s in %s it is %s, and billed through %s", w.now, n.TimeZone, date, *n.BilledThrough)
					}
					if dates[n.Name] == nil {
						dates[n.Name] = map[string]bool{}
					}
					dates[n.Name][date.String()] = true
				}
			}
			for name, shown := range dates {
				if turns[name] != len(shown)-1 {
					t.Errorf("%s was billed %d times; want once on each new day of %v", name, turns[name], shown)
				}
			}
		})
	}
}

func TestSchedule_isDoneByOneOfManyServers(t *testing.T) { // I3
	each(t, func(w *world) {
		soldInJune(w)
		for i := range 5 {
			_, err := w.program.CreateNetwork(w.system(), program.NewNetwork{Name: "Other " + strconv.Itoa(i), Currency: "EUR", TimeZone: "America/New_York"})
			w.must(err)
		}
		w.at("2026-07-01 00:00")
		turns := make([][]billing.Turn, 5)
		var looks sync.WaitGroup
		for i := range turns {
			looks.Go(func() { turns[i] = w.look(w.schedule("server " + strconv.Itoa(i))) })
		}
		looks.Wait()
		made, networks := 0, map[int]int{}
		for _, turn := range slices.Concat(turns...) {
			w.must(turn.Err)
			made += turn.Made
			networks[turn.NetworkID]++
		}
		if made != 2 || len(networks) != 6 {
			w.Errorf("%d invoices were made in the networks %v; want 2 in 6", made, networks)
		}
		for id, times := range networks {
			if times != 1 {
				w.Errorf("network %d was billed %d times", id, times)
			}
		}
		w.wantTurn(w.look(w.schedule("late")), -1)
	})
}

func TestSchedule_takesOverFromAServerThatStandsStill(t *testing.T) { // I3
	each(t, func(w *world) {
		soldInJune(w)
		w.at("2026-07-01 00:00")
		w.tamper("UPDATE network SET billing_by = 'dead', billing_beat = 7")
		s := w.schedule("heir")
		w.wantTurn(w.look(s), -1)
		w.now = w.now.Add(impatience - time.Second)
		w.wantTurn(w.look(s), -1)
		w.tamper("UPDATE network SET billing_beat = 8") // it was only slow
		w.now = w.now.Add(time.Second)
		w.wantTurn(w.look(s), -1)
		w.now = w.now.Add(impatience)
		turns := w.look(s)
		w.wantTurn(turns, 2)
		if turns[0].From != "dead" {
			w.Errorf("it was taken over from %q", turns[0].From)
		}
		if n := w.stored(); n.BillingBy != "" || *n.BilledThrough != day("2026-06-30") {
			w.Errorf("the network is at %q, billed through %v", n.BillingBy, n.BilledThrough)
		}
	})
}

// An answer that was lost leaves the server's own name on the network, without a run.
func TestSchedule_goesOnWhereItsOwnNameStands(t *testing.T) {
	each(t, func(w *world) {
		soldInJune(w)
		w.at("2026-07-01 00:00")
		w.tamper("UPDATE network SET billing_by = 'one', billing_beat = 7")
		w.wantTurn(w.look(w.schedule("one")), 2)
	})
}

func TestSchedule_stopsWhereItWasTakenOver(t *testing.T) { // I3
	each(t, func(w *world) {
		soldInJune(w)
		w.at("2026-07-01 00:00")
		asleep := *w.billing
		stolen := false
		asleep.Now = func() time.Time {
			if !stolen && w.stored().BillingBy == "sleeper" { // it sleeps just after it took the network
				stolen = true
				w.tamper("UPDATE network SET billing_by = 'heir', billing_beat = billing_beat + 1")
			}
			return w.now
		}
		s := w.schedule("sleeper")
		s.Billing = &asleep
		turns := w.look(s)
		if len(turns) != 1 || turns[0].Made != 0 || turns[0].Err == nil {
			w.Errorf("the turns are %+v; want one that was cut off", turns)
		}
		if n := w.stored(); n.BillingBy != "heir" || *n.BilledThrough != day("2026-06-29") {
			w.Errorf("the network is at %q, billed through %v", n.BillingBy, n.BilledThrough)
		}
		w.wantTurn(w.look(w.schedule("heir")), 2)
	})
}

func TestSchedule_goesOnWithTheOthersWhereANetworkFails(t *testing.T) { // I3
	each(t, func(w *world) {
		soldInJune(w)
		broken, err := w.program.CreateNetwork(w.system(), program.NewNetwork{Name: "Broken", Currency: "USD", TimeZone: "America/New_York"})
		w.must(err)
		zoe, err := w.program.CreatePartner(w.system(), broken.ID, program.NewPartner{Name: "Zoe", Status: commission.PartnerActive})
		w.must(err)
		_, err = w.ledger.RecordConversions(w.system(), broken.ID, []ledger.Conversion{{ExternalID: "1", PartnerID: zoe.ID, OccurredAt: w.now, Payout: dec("7")}})
		w.must(err)
		w.tamper("UPDATE gate SET network_id = -network_id WHERE network_id = ?", broken.ID)
		w.tamper("UPDATE network SET billed_through = billed_through - 1")
		w.at("2026-07-01 00:00")
		s := w.schedule("one")
		failures := func() (failed int) {
			for _, turn := range w.look(s) {
				if turn.Err != nil && turn.NetworkID == broken.ID {
					failed++
				}
			}
			return failed
		}
		if got := failures(); got != 1 {
			w.Errorf("%d runs failed", got)
		}
		w.wantRow(w.admin(), "bob", "billed 10.00 balance 10.00 unbilled 0.00 below 0.00")
		for _, wait := range []struct {
			pause time.Duration
			runs  int
		}{{impatience - 1, 0}, {1, 1}, {2*impatience - 1, 0}, {1, 1}, {4*impatience - 1, 0}} {
			w.now = w.now.Add(wait.pause)
			if got := failures(); got != wait.runs {
				w.Errorf("after %s more it was tried %d times; want %d", wait.pause, got, wait.runs)
			}
		}
		lag, err := w.billing.Lag(w.system())
		w.must(err)
		if lag != (billing.Lag{Networks: 1, Days: 2}) {
			w.Errorf("billing is behind by %+v", lag)
		}
		w.tamper("UPDATE gate SET network_id = -network_id WHERE network_id < 0")
		w.now = w.now.Add(1)
		w.wantTurn(w.look(s), 1)
		lag, err = w.billing.Lag(w.system())
		w.must(err)
		if lag != (billing.Lag{}) {
			w.Errorf("billing is behind by %+v", lag)
		}
	})
}

func TestSchedule_catchesUpInOneRunAndSurvivesAClockThatWasWrong(t *testing.T) {
	each(t, func(w *world) {
		soldInJune(w)
		s := w.schedule("one")
		w.at("2026-09-17 08:00") // nobody was there all summer
		w.wantTurn(w.look(s), 2)
		w.wantTurn(w.look(s), -1)
		w.at("2026-09-16 23:59") // clocks differ
		w.wantTurn(w.look(s), -1)
		w.at("2036-09-17 08:00") // one is far off
		w.wantTurn(w.look(s), 0)
		w.at("2026-09-18 00:00") // and was set right
		w.wantTurn(w.look(s), 0)
		w.wantTurn(w.look(s), -1)
		w.at("2026-09-19 00:00")
		w.wantTurn(w.look(s), 0)
	})
}

func TestSchedule_neverRanYet(t *testing.T) {
	each(t, func(w *world) {
		soldInJune(w)
		w.tamper("UPDATE network SET billed_through = NULL")
		lag, err := w.billing.Lag(w.system())
		w.must(err)
		if lag != (billing.Lag{Networks: 1, Days: 1}) {
			w.Errorf("billing is behind by %+v", lag)
		}
		w.at("2026-07-15 12:00")
		w.wantTurn(w.look(w.schedule("one")), 2)
	})
}

func TestSchedule_takesOneStatementWhereNothingIsDue(t *testing.T) {
	location, statements := databasetest.Counted(t, databasetest.MySQL(t))
	w := newWorld(t, databasetest.Open(t, location), "USD", "America/New_York")
	for i := range 20 {
		_, err := w.program.CreateNetwork(w.system(), program.NewNetwork{Name: strconv.Itoa(i), Currency: "USD", TimeZone: "Europe/Berlin"})
		w.must(err)
	}
	s := w.schedule("one")
	before := statements.Count()
	for range 10 {
		w.wantTurn(w.look(s), -1)
	}
	if got := statements.Count() - before; got != 10 {
		t.Errorf("10 looks took %d statements", got)
	}
}
