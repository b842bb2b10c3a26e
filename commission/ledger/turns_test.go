package ledger_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/viewer"
)

// As many have a turn as there are cores; the others wait for theirs, or until they are given up.
func TestTurns_areAsManyAsCores(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l ledger.Ledger
		cores := runtime.GOMAXPROCS(0)
		var seen sync.Mutex
		working, most, worked, gaveUp := 0, 0, 0, 0
		count := func(what *int, more int) {
			seen.Lock()
			defer seen.Unlock()
			*what += more
			most = max(most, working)
		}
		work := func(ctx context.Context) {
			done, err := l.TakeTurn(ctx)
			if err != nil {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("waited in vain: %v", err)
				}
				count(&gaveUp, 1)
				return
			}
			defer done()
			count(&working, 1)
			time.Sleep(time.Second)
			count(&working, -1)
			count(&worked, 1)
		}
		for range 3 * cores {
			go work(t.Context())
		}
		synctest.Wait()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		go work(impatient)
		time.Sleep(7 * time.Second / 2)
		synctest.Wait()
		if most != cores || worked != 3*cores || gaveUp != 1 {
			t.Errorf("%d of %d worked, %d at once, and %d gave up", worked, 3*cores, most, gaveUp)
		}
	})
}

// A report of all referrals waits for its turn, and gives it back; one of a referrer's own waits for nobody.
func TestReport_ofAllReferralsTakesTurns(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		b := newBooks(t, location)
		partners := b.partners("Ann", "Bob")
		referral := b.referrals(partners[0], partners[1])[0]
		b.term(referral, b.structure(10, 0), []int64{70})
		for range 2 * runtime.GOMAXPROCS(0) {
			if _, err := b.ledger.Report(b.ctx, b.network, june, ledger.Filter{}); err != nil {
				t.Fatal(err)
			}
		}
		for range runtime.GOMAXPROCS(0) {
			done, err := b.ledger.TakeTurn(b.ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer done()
		}
		impatient, cancel := context.WithTimeout(b.ctx, time.Second/20)
		defer cancel()
		if _, err := b.ledger.Report(impatient, b.network, june, ledger.Filter{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("where all turns are taken the report of all gave %v", err)
		}
		own := viewer.With(b.ctx, viewer.Viewer{Role: commission.PartnerUser, NetworkID: b.network.ID, PartnerID: partners[0]})
		for who, ctx := range map[string]context.Context{"its referrer": own, "staff, of one referrer": b.ctx} {
			filter := ledger.Filter{}
			if ctx != own {
				filter.ReferrerID = partners[0]
			}
			if report, err := b.ledger.Report(ctx, b.network, june, filter); err != nil || report.Totals.Rows != 1 {
				t.Errorf("for %s: %v", who, err)
			}
		}
	})
}
