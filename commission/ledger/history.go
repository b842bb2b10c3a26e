package ledger

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
)

// histories is what attribution needs to know of each referred partner. A partner without referrals is
// in it too, with none: one that is not in it is not the network's.
type histories map[int][]commission.Referral

// attribute says where a conversion of a partner counts, which says by which grant it was granted; 0: by none.
func (h histories) attribute(partnerID int, occurredAt time.Time, grantID int) commission.Attribution {
	return commission.AttributeGranted(h[partnerID], occurredAt, grantID)
}

// countsStill is a condition on t, a term: it is not the term of a grant that was revoked.
const countsStill = "(t.stop_reason IS NULL OR t.stop_reason <> 'REVOKED')"

type (
	recallKey struct{ networkID, partnerID int }
	recalled  struct {
		changedAt time.Time
		referrals []commission.Referral
	}
	recalledHistories struct {
		sync.Mutex
		memory[recallKey, recalled]
	}
)

// recall is load for those who have passed the gate, by which the network has not changed since a moment. What it read
// since then it still knows, and does not read again: nothing but a change of the network changes a history.
func (l *Ledger) recall(ctx context.Context, tx *database.Tx, networkID int, changedAt time.Time, partnerIDs []int) (histories, error) {
	all := make(histories, len(partnerIDs))
	var unknown []int
	l.histories.Lock()
	for _, id := range partnerIDs {
		if known, ok := l.histories.get(recallKey{networkID, id}); ok && known.changedAt.Equal(changedAt) {
			all[id] = known.referrals
		} else {
			unknown = append(unknown, id)
		}
	}
	l.histories.Unlock()
	if len(unknown) == 0 {
		return all, nil
	}
	read, err := load(ctx, tx, networkID, unknown)
	if err != nil {
		return nil, err
	}
	l.histories.Lock()
	defer l.histories.Unlock()
	for id, referrals := range read {
		l.histories.keep(recallKey{networkID, id}, recalled{changedAt, referrals})
		all[id] = referrals
	}
	return all, nil
}

// load reads the histories of the network's partners among those named; of all of them where none is.
// It takes two statements.
func load(ctx context.Context, q database.Querier, networkID int, partnerIDs []int) (histories, error) {
	found := histories{}
	type place struct{ partner, referral int }
	byReferrer := map[int][]place{}
	last := 0
	err := eachOf(ctx, q, `
		SELECT p.id, r.id, r.referrer_id, r.started_at, r.ended_at, t.id, t.referred_date, t.window_ends_at, t.stopped_at, t.structure_id, s.type, r.forfeited_at IS NOT NULL, COALESCE(t.grant_id, 0)
		FROM partner p
		LEFT JOIN referral r ON r.referred_id = p.id
		LEFT JOIN referral_term t ON t.referral_id = r.id AND `+countsStill+`
		LEFT JOIN commission_structure s ON s.id = t.structure_id
		WHERE p.network_id = ?`, "p.id", "ORDER BY p.id, r.id, t.referred_date", networkID, partnerIDs, func(row *sql.Rows) error {
		var partnerID int
		var referralID, referrerID, termID, structureID sql.NullInt64
		var startedAt, referredDate sql.NullTime
		var endedAt, windowEndsAt, closedAt *time.Time
		var kind sql.NullString
		var forfeited bool
		var grantID int
		if err := row.Scan(&partnerID, &referralID, &referrerID, &startedAt, &endedAt, &termID, &referredDate, &windowEndsAt, &closedAt, &structureID, &kind, &forfeited, &grantID); err != nil {
			return err
		}
		referrals := found[partnerID]
		if referralID.Valid && int(referralID.Int64) != last {
			last = int(referralID.Int64)
			byReferrer[int(referrerID.Int64)] = append(byReferrer[int(referrerID.Int64)], place{partnerID, len(referrals)})
			referrals = append(referrals, commission.Referral{
				ID: last, ReferrerID: int(referrerID.Int64), Interval: commission.Interval{From: startedAt.Time, Until: endedAt},
			})
		}
		if termID.Valid {
			referral := &referrals[len(referrals)-1]
			term := commission.Term{
				ID: int(termID.Int64), StructureID: int(structureID.Int64), Type: commission.Type(kind.String), ReferredDate: referredDate.Time,
				WindowEndsAt: windowEndsAt, ClosedAt: closedAt, Forfeited: forfeited, Granted: grantID != 0,
			}
			if term.Granted {
				referral.Grants = append(referral.Grants, commission.Grant{ID: grantID, Term: term})
			} else {
				referral.Append(term)
			}
		}
		found[partnerID] = referrals
		return nil
	})
	if err != nil || len(byReferrer) == 0 {
		return found, err
	}
	referrers := make([]int, 0, len(byReferrer))
	for id := range byReferrer {
		referrers = append(referrers, id)
	}
	if partnerIDs == nil {
		referrers = nil
	}
	err = eachOf(ctx, q, `SELECT s.partner_id, s.since, s.until FROM partner_status s WHERE s.network_id = ? AND s.status <> 'ACTIVE'`,
		"partner_id", "", networkID, referrers, func(row *sql.Rows) error {
			var referrerID int
			var pause commission.Interval
			if err := row.Scan(&referrerID, &pause.From, &pause.Until); err != nil {
				return err
			}
			for _, at := range byReferrer[referrerID] {
				referral := &found[at.partner][at.referral]
				referral.Pauses = append(referral.Pauses, pause)
			}
			return nil
		})
	return found, err
}

// eachOf runs a query about all rows of a network or, where keys are given, about those in a column.
func eachOf(ctx context.Context, q database.Querier, query, column, order string, networkID int, keys []int, scan func(*sql.Rows) error) error {
	if keys == nil {
		return database.Each(ctx, q, query+" "+order, []any{networkID}, scan)
	}
	return database.EachIn(ctx, q, query+" AND "+column+" IN (%s) "+order, []any{networkID}, keys, scan)
}
