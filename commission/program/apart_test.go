package program_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/viewer"
)

// Each network has a gate of its own. Whatever one of them has locked, the change of another goes on, also where an
// engine would rather go through all that there is of every network than find its own by an index.
func TestChange_waitsForNoOtherNetwork(t *testing.T) { // T2
	databasetest.EachServer(t, func(t *testing.T, location string) {
		n := newNeighbours(t, location)
		const others, own = 30_000, 6_000
		busy, other := n.network(others)
		network, _ := n.network(own)
		_, err := n.db.ExecContext(t.Context(), "ANALYZE TABLE partner, referral, referral_term")
		n.must(err)
		for _, held := range []string{
			"UPDATE referral SET end_reason = 'held' WHERE network_id = ? AND id = ?",
			"UPDATE referral_term SET stop_reason = 'REVOKED' WHERE network_id = ? AND id = ?",
		} {
			n.while(held, []any{busy, other}, func(ctx context.Context) {
				if did := n.change(ctx, network, nil); did.TermsClosed != own || did.TermsOpened != own {
					t.Errorf("a change at once: %+v, want %d terms", did, own)
				}
				day := commission.DateOf(n.now, time.UTC) + 1
				n.change(ctx, network, &day)
				n.change(ctx, network, &day)
				n.now = n.now.Add(48 * time.Hour)
				n.must(n.program.TakeEffect(ctx, network))
			})
		}
	})
}

// A change of the Global Setting touches those who inherit it alone, whether few partners do not or many.
func TestChange_touchesThoseAloneWhoInherit(t *testing.T) { // S6
	databasetest.Each(t, func(t *testing.T, location string) {
		n := newNeighbours(t, location)
		const many, others = 1200, 7
		network, first := n.network(many)
		ctx := viewer.AsSystem(t.Context(), "test")
		_, err := n.db.ExecContext(ctx, "UPDATE referral SET referrer_id = ? WHERE id BETWEEN ? AND ?", first, first+many-others, first+many-1)
		n.must(err)
		for _, c := range []struct{ disabled, touched int }{{0, many}, {1, many - others}, {1000, many - others}, {1001, many - others}} {
			_, err = n.db.ExecContext(ctx, "UPDATE partner SET referral_mode = 'DISABLED' WHERE id >= ? AND id < ?", first, first+c.disabled)
			n.must(err)
			if did := n.change(ctx, network, nil); did.TermsClosed != c.touched || did.TermsOpened != c.touched {
				t.Errorf("where %d partners do not inherit: %+v, want %d terms", c.disabled, did, c.touched)
			}
		}
	})
}

// neighbours are networks of one database.
type neighbours struct {
	*testing.T
	db      *database.Database
	program *program.Program
	now     time.Time
	rate    int64
}

func newNeighbours(t *testing.T, location string) *neighbours {
	t.Helper()
	n := &neighbours{T: t, db: databasetest.Open(t, location), now: time.Date(2026, time.January, 5, 12, 0, 0, 0, time.UTC)}
	n.program = &program.Program{DB: n.db, Now: func() time.Time { return n.now }}
	return n
}

func (n *neighbours) must(err error) {
	n.Helper()
	if err != nil {
		n.Fatal(err)
	}
}

// network makes a network in which one partner has referred many, and tells its id and that of one referral and its term.
func (n *neighbours) network(many int) (id, referral int) {
	n.Helper()
	ctx := viewer.AsSystem(n.Context(), "test")
	made, err := n.program.CreateNetwork(ctx, program.NewNetwork{Name: "Acme", Currency: "USD", TimeZone: "UTC"})
	n.must(err)
	n.change(ctx, made.ID, nil)
	made, err = n.db.Network.Get(ctx, made.ID)
	n.must(err)
	referrer, err := n.program.CreatePartner(n.admin(ctx, made.ID), made.ID, program.NewPartner{Name: "Ann", Status: commission.PartnerActive})
	n.must(err)
	first := made.ID * 1_000_000
	n.must(n.db.Transact(ctx, func(ctx context.Context, tx *database.Tx) error {
		partners := tx.Rows("partner", "id", "network_id", "name", "search_text", "status", "approved_at", "referral_code", "referred_by_id", "created_at")
		referrals := tx.Rows("referral", "id", "network_id", "referrer_id", "referred_id", "source", "started_at", "active_key", "latest_term_id")
		terms := tx.Rows("referral_term", "id", "network_id", "referral_id", "structure_id", "referred_date", "previous_id")
		for id := first; id < first+many; id++ {
			name := strconv.Itoa(id)
			partners.Add(id, made.ID, name, name, "ACTIVE", n.now, name, referrer.ID, n.now)
			referrals.Add(id, made.ID, referrer.ID, id, "MANUAL", n.now, id, id)
			terms.Add(id, made.ID, id, *made.ReferralStructureID, n.now, 0)
		}
		return errors.Join(tx.Insert(ctx, partners), tx.Insert(ctx, referrals), tx.Insert(ctx, terms))
	}))
	return made.ID, first
}

func (n *neighbours) admin(ctx context.Context, network int) context.Context {
	return viewer.With(ctx, viewer.Viewer{AccountID: 1, Name: "Ada", Role: commission.Admin, NetworkID: network})
}

// change has a network pay another rate, now or from a day on.
func (n *neighbours) change(ctx context.Context, network int, from *commission.Date) program.Impact {
	n.Helper()
	n.now, n.rate = n.now.Add(time.Second), n.rate+1
	was, err := n.db.Network.Get(viewer.AsSystem(ctx, "test"), network)
	n.must(err)
	_, did, err := n.program.UpdateReferralSettings(n.admin(ctx, network), network, program.ReferralSettings{
		Version: was.ReferralSettingsVersion, Enabled: program.Some(true), Reach: program.Reach{EffectiveOn: from},
		Structure: program.Some(&commission.Structure{Commission: commission.Percentage{Rate: decimal.NewFromInt(n.rate), Basis: commission.Payout}}),
	})
	n.must(err)
	return did.Impact
}

// while does something within seconds while somebody else holds what a statement has locked.
func (n *neighbours) while(held string, args []any, do func(ctx context.Context)) {
	n.Helper()
	undone := errors.New("nothing of it is to stay")
	err := n.db.Transact(viewer.AsSystem(n.Context(), "test"), func(_ context.Context, tx *database.Tx) error {
		if _, err := tx.ExecContext(n.Context(), held, args...); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(viewer.AsSystem(n.Context(), "test"), 20*time.Second)
		defer cancel()
		do(ctx)
		return undone
	})
	if !errors.Is(err, undone) {
		n.Fatal(err)
	}
}
