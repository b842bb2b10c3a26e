package program

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/generated/referralterm"
	"partner.example/referrals/ent/viewer"
)

// referralOfNetwork is the table of referrals, r, of which servers of the MySQL family read what is the network's by an index; to
// SQLite the hint is a comment. Without it they go through all of the table where a network is a tenth of it, and wait for
// what the changes of other networks have locked.
const referralOfNetwork = "referral AS r /*! FORCE INDEX (PRIMARY, referral_network_id, referral_referrer_id_network_id) */"

// referrers picks the referrals that a change touches, by their referrer: a condition on r, a referral.
type referrers struct {
	condition string
	args      []any
}

func oneReferrer(id int) referrers { return referrers{"r.referrer_id = ?", []any{id}} }

func referrersOfMode(networkID int, mode commission.Mode) referrers {
	return referrers{
		"r.referrer_id IN (SELECT p.id FROM partner p WHERE p.network_id = ? AND p.referral_mode = ?)",
		[]any{networkID, string(mode)},
	}
}

// idsAtOnce is how many ids a statement names at most.
const idsAtOnce = 1000

// inheriting is those whose referrer inherits, by the referrers that do not, as long as there are few: else each statement
// looks up the referrer of each referral, an eighth of the time of a change.
func (c *change) inheriting(ctx context.Context) (referrers, error) {
	var others []any
	err := database.Each(ctx, c.tx, "SELECT id FROM partner WHERE network_id = ? AND referral_mode <> ? LIMIT ?",
		[]any{c.network.ID, string(commission.Inherit), idsAtOnce + 1}, func(row *sql.Rows) error {
			var id int
			err := row.Scan(&id)
			others = append(others, id)
			return err
		})
	switch {
	case err != nil:
		return referrers{}, fmt.Errorf("find who does not inherit: %w", err)
	case len(others) == 0:
		return referrers{"1 = 1", nil}, nil
	case len(others) > idsAtOnce:
		return referrersOfMode(c.network.ID, commission.Inherit), nil
	}
	return referrers{"r.referrer_id NOT IN (" + database.Placeholders(len(others)) + ")", others}, nil
}

// and narrows them down.
func (r referrers) and(condition string, args ...any) referrers {
	return referrers{r.condition + " AND " + condition, slices.Concat(r.args, args)}
}

// repay pays referrals by another structure from now on: their open terms close and new ones open [T2]. Those whose
// last term has run out keep it, unless they are to be revived [T3]; those that hold a term under the structure
// already keep that [S6]. A structure of nil pays nothing. It takes the same few statements for any number of referrals.
func (c *change) repay(ctx context.Context, of referrers, structureID *int, revive bool) error {
	if err := c.countEnding(ctx, of, structureID, revive); err != nil {
		return err
	}
	another := c.previous.Equal(c.at) // change, of this moment, came before it
	if structureID == nil {
		if another {
			if err := c.takeBackOpened(ctx, of); err != nil {
				return err
			}
		}
		return c.close(ctx, of)
	}
	if another {
		if err := c.takeOverOpened(ctx, of, *structureID, revive); err != nil {
			return err
		}
	}
	opened, err := c.open(ctx, of, *structureID, revive)
	c.impact.TermsOpened += opened
	return err
}

// ending is a condition on an open term: it ends where its referral is paid by a structure from now on; nil: by none.
func (c *change) ending(structureID *int, revive bool) (string, []any) {
	const running = "(window_ends_at IS NULL OR window_ends_at > ?)"
	switch {
	case structureID == nil:
		return running, []any{c.at}
	case revive:
		return "(structure_id <> ? OR window_ends_at <= ?)", []any{*structureID, c.at}
	default:
		return "structure_id <> ? AND " + running, []any{*structureID, c.at}
	}
}

// active is a condition on r, an active referral of the network that is among some.
func (c *change) active(of referrers) (string, []any) {
	return "r.network_id = ? AND r.active_key IS NOT NULL AND " + of.condition, append([]any{c.network.ID}, of.args...)
}

// countEnding counts the open terms that will end, and the referrals that will still hold one which has run out.
func (c *change) countEnding(ctx context.Context, of referrers, structureID *int, revive bool) error {
	ends, endArgs := c.ending(structureID, revive)
	which, args := c.active(of)
	return database.Each(ctx, c.tx, `
		SELECT COUNT(CASE WHEN `+ends+` THEN 1 END), COUNT(CASE WHEN `+ends+` THEN NULL WHEN window_ends_at <= ? THEN 1 END)
		FROM referral r JOIN referral_term t ON t.id = r.latest_term_id
		WHERE stopped_at IS NULL AND `+which, slices.Concat(endArgs, endArgs, []any{c.at}, args),
		func(row *sql.Rows) error {
			var closed, expired int
			err := row.Scan(&closed, &expired)
			c.impact.TermsClosed += closed
			c.impact.ReferralsLeftExpired += expired
			return err
		})
}

// openedNow is a condition on r and its latest term: another change of this moment opened it, and it would end. It never ran.
func (c *change) openedNow(of referrers, structureID *int, revive bool) (string, []any) {
	ends, endArgs := c.ending(structureID, revive)
	which, args := c.active(of)
	return which + " AND stopped_at IS NULL AND referred_date = ? AND " + ends, slices.Concat(args, []any{c.at}, endArgs)
}

// takeOverOpened has the terms that another change of this moment opened, and that would end, take the structure that pays now.
func (c *change) takeOverOpened(ctx context.Context, of referrers, structureID int, revive bool) error {
	structure, err := c.structure(ctx, structureID)
	if err != nil {
		return err
	}
	which, args := c.openedNow(of, &structureID, revive)
	opened, err := c.tx.UpdateJoined(ctx, database.Joined{
		Table: "referral_term", Set: "structure_id = ?, window_ends_at = ?",
		With: referralOfNetwork, On: "referral_term.id = r.latest_term_id", Where: which,
	}, slices.Concat([]any{structureID, structure.WindowEndsAt(c.at, c.zone)}, args)...)
	if err != nil {
		return fmt.Errorf("have terms of this moment pay otherwise: %w", err)
	}
	c.impact.TermsOpened += opened
	return nil
}

// takeBackOpened deletes the terms that another change of this moment opened, since nothing pays them. What they superseded
// is closed, also where it had run out: it had been revived.
func (c *change) takeBackOpened(ctx context.Context, of referrers) error {
	which, args := c.openedNow(of, nil, false)
	var superseded []int
	err := database.Each(ctx, c.tx, "SELECT previous_id FROM referral r JOIN referral_term t ON t.id = r.latest_term_id WHERE previous_id > 0 AND "+which, args,
		func(row *sql.Rows) error {
			var id int
			err := row.Scan(&id)
			superseded = append(superseded, id)
			return err
		})
	if err == nil {
		_, err = c.tx.UpdateJoined(ctx, database.Joined{
			Table: referralOfNetwork, RowsFirst: true, Set: "latest_term_id = NULLIF(t.previous_id, 0)",
			With: "referral_term t", On: "t.id = r.latest_term_id", Where: which,
		}, args...)
	}
	if err == nil {
		_, err = c.tx.DeleteJoined(ctx, database.Joined{
			Table: "referral_term", With: referralOfNetwork,
			On: "referral_term.referral_id = r.id AND referral_term.previous_id = COALESCE(r.latest_term_id, 0)", Where: which,
		}, args...)
	}
	if err != nil {
		return fmt.Errorf("take back terms of this moment: %w", err)
	}
	for some := range slices.Chunk(superseded, idsAtOnce) {
		err := c.tx.ReferralTerm.Update().Where(referralterm.IDIn(some...), referralterm.StoppedAtIsNil()).
			SetStoppedAt(c.at).SetStopReason(commission.SettingEnded).Exec(viewer.Elevate(ctx))
		if err != nil {
			return fmt.Errorf("close what terms of this moment superseded: %w", err)
		}
	}
	return nil
}

// close closes the open terms that run: nothing pays them any more, and none follows them.
func (c *change) close(ctx context.Context, of referrers) error {
	ends, endArgs := c.ending(nil, false)
	which, args := c.active(of)
	_, err := c.tx.UpdateJoined(ctx, database.Joined{
		Table: "referral_term", Set: "stopped_at = ?, stop_reason = ?",
		With: referralOfNetwork, On: "referral_term.id = r.latest_term_id", Where: which + " AND stopped_at IS NULL AND " + ends,
	}, slices.Concat([]any{c.at, string(commission.SettingEnded)}, args, endArgs)...)
	if err != nil {
		return fmt.Errorf("close terms: %w", err)
	}
	return nil
}

// open opens a term for each of the referrals whose latest one ends or is closed, or that never had one. It follows that one,
// which is superseded by being followed. No other term may follow it: where two were to be opened at once, the second is
// refused as a duplicate.
func (c *change) open(ctx context.Context, of referrers, structureID int, revive bool) (int, error) {
	structure, err := c.structure(ctx, structureID)
	if err != nil {
		return 0, err
	}
	ends, endArgs := c.ending(&structureID, revive)
	which, args := c.active(of)
	opened, err := c.tx.Affect(ctx, `
		INSERT INTO referral_term (network_id, referral_id, structure_id, referred_date, window_ends_at, previous_id)
		SELECT r.network_id, r.id, ?, ?, ?, COALESCE(r.latest_term_id, 0)
		FROM referral r LEFT JOIN referral_term t ON t.id = r.latest_term_id
		WHERE (t.id IS NULL OR stopped_at IS NOT NULL OR `+ends+`) AND `+which,
		slices.Concat([]any{structureID, c.at, structure.WindowEndsAt(c.at, c.zone)}, endArgs, args)...)
	if err == nil {
		_, err = c.tx.UpdateJoined(ctx, database.Joined{
			Table: referralOfNetwork, RowsFirst: true, Set: "latest_term_id = t.id",
			With: "referral_term t", On: "t.referral_id = r.id AND t.previous_id = COALESCE(r.latest_term_id, 0)", Where: which,
		}, args...)
	}
	if err != nil {
		return 0, fmt.Errorf("open terms: %w", err)
	}
	return opened, nil
}

func (c *change) structure(ctx context.Context, id int) (commission.Structure, error) {
	stored, err := c.tx.CommissionStructure.Get(viewer.Elevate(ctx), id)
	if err != nil {
		return commission.Structure{}, fmt.Errorf("find the structure: %w", err)
	}
	return ledger.StructureOf(stored), nil
}
