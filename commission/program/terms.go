package program

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database"
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

// and narrows them down.
func (r referrers) and(condition string, args ...any) referrers {
	return referrers{r.condition + " AND " + condition, slices.Concat(r.args, args)}
}

// repay pays referrals by another structure from now on: their open terms close and new ones open [T2]. Those whose
// last term has run out keep it, unless they are to be revived [T3]; those that hold a term under the structure
// already keep that [S6]. A structure of nil pays nothing. It takes the same few statements for any number of referrals.
func (c *change) repay(ctx context.Context, of referrers, structureID *int, revive bool) error {
	reason := commission.Superseded
	if structureID == nil {
		reason, revive = commission.SettingEnded, false
	}
	const running = "(window_ends_at IS NULL OR window_ends_at > ?)"
	ends, endArgs := running, []any{c.at}
	switch {
	case structureID != nil && revive:
		ends, endArgs = "(structure_id <> ? OR window_ends_at <= ?)", []any{*structureID, c.at}
	case structureID != nil:
		ends, endArgs = "structure_id <> ? AND "+running, []any{*structureID, c.at}
	}
	which, args := c.active(of)
	if c.previous.Equal(c.at) {
		if err := c.takeBackOpened(ctx, which+" AND closed_at IS NULL AND referred_date = ? AND "+ends, slices.Concat(args, []any{c.at}, endArgs)); err != nil {
			return err
		}
		_, err := c.tx.UpdateJoined(ctx, database.Joined{ // what the other change of this moment closed closes for this one
			Table: "referral_term", Set: "close_reason = ?",
			With: referralOfNetwork, On: "referral_term.id = r.latest_term_id", Where: which + " AND closed_at = ?",
		}, slices.Concat([]any{string(reason)}, args, []any{c.at})...)
		if err != nil {
			return fmt.Errorf("close terms for another reason: %w", err)
		}
	}
	closed, err := c.tx.UpdateJoined(ctx, database.Joined{
		Table: "referral_term", Set: "closed_at = ?, close_reason = ?",
		With: referralOfNetwork, On: "referral_term.id = r.latest_term_id", Where: which + " AND closed_at IS NULL AND " + ends,
	}, slices.Concat([]any{c.at, string(reason)}, args, endArgs)...)
	if err != nil {
		return fmt.Errorf("close terms: %w", err)
	}
	c.impact.TermsClosed += closed
	if err := c.countExpired(ctx, of); err != nil || structureID == nil {
		return err
	}
	opened, err := c.open(ctx, of, *structureID)
	c.impact.TermsOpened += opened
	return err
}

// active is a condition on r, an active referral of the network that is among some.
func (c *change) active(of referrers) (string, []any) {
	return "r.network_id = ? AND r.active_key IS NOT NULL AND " + of.condition, append([]any{c.network.ID}, of.args...)
}

// takeBackOpened deletes terms that another change of this moment opened: they never ran.
func (c *change) takeBackOpened(ctx context.Context, which string, args []any) error {
	_, err := c.tx.UpdateJoined(ctx, database.Joined{
		Table: referralOfNetwork, RowsFirst: true, Set: "latest_term_id = NULLIF(t.previous_id, 0)",
		With: "referral_term t", On: "t.id = r.latest_term_id", Where: which,
	}, args...)
	gone := 0
	if err == nil {
		gone, err = c.tx.DeleteJoined(ctx, database.Joined{
			Table: "referral_term", With: referralOfNetwork,
			On: "referral_term.referral_id = r.id AND referral_term.previous_id = COALESCE(r.latest_term_id, 0)", Where: which,
		}, args...)
	}
	if err != nil {
		return fmt.Errorf("take back terms of this moment: %w", err)
	}
	c.impact.TermsClosed += gone
	return nil
}

// countExpired counts the referrals that still hold a term which has run out.
func (c *change) countExpired(ctx context.Context, of referrers) error {
	which, args := c.active(of)
	return database.Each(ctx, c.tx, `
		SELECT COUNT(*) FROM referral r JOIN referral_term t ON t.id = r.latest_term_id
		WHERE t.closed_at IS NULL AND t.window_ends_at <= ? AND `+which, slices.Concat([]any{c.at}, args),
		func(row *sql.Rows) error {
			var count int
			err := row.Scan(&count)
			c.impact.ReferralsLeftExpired += count
			return err
		})
}

// open opens a term for each of the referrals whose latest one is closed, or that never had one. It follows that one, which
// no other term may: where two were to be opened at once, the second is refused as a duplicate.
func (c *change) open(ctx context.Context, of referrers, structureID int) (int, error) {
	structure, err := c.structure(ctx, structureID)
	if err != nil {
		return 0, err
	}
	which, args := c.active(of)
	opened, err := c.tx.Affect(ctx, `
		INSERT INTO referral_term (network_id, referral_id, structure_id, referred_date, window_ends_at, previous_id)
		SELECT r.network_id, r.id, ?, ?, ?, COALESCE(r.latest_term_id, 0)
		FROM referral r LEFT JOIN referral_term t ON t.id = r.latest_term_id AND t.closed_at IS NULL
		WHERE t.id IS NULL AND `+which, slices.Concat([]any{structureID, c.at, structure.WindowEndsAt(c.at, c.zone)}, args)...)
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
