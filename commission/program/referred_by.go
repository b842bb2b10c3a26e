package program

import (
	"context"
	"database/sql"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/referral"
	"partner.example/referrals/ent/viewer"
)

// Unbilled says what becomes of money that is earned, payable and on no invoice when a referral ends [A6].
type Unbilled string

const (
	Keep    Unbilled = "KEEP"    // it stays payable
	Forfeit Unbilled = "FORFEIT" // it is not paid; needs a reason
)

// ReferredBy names the referrer of a partner.
type ReferredBy struct {
	PartnerID  int
	ReferrerID int
	Unbilled   Unbilled // of the referral that this ends, if any
	Reason     string
}

// AssignReferredBy sets or changes a partner's Referred By by hand. On an approved partner the referral
// starts now, on a pending one at its approval, and nothing earned before counts [A4]. Naming the referrer
// that it has changes nothing [A6]. The referral is nil until the partner is approved. For ADMIN and
// PARTNER_MANAGER; both partners must be in scope.
func (p *Program) AssignReferredBy(ctx context.Context, networkID int, input ReferredBy) (*ent.Partner, *ent.Referral, error) {
	var partner *ent.Partner
	var started *ent.Referral
	err := p.change(ctx, networkID, doing{action: "assignReferredBy", by: byStaff, reason: input.Reason}, func(ctx context.Context, c *change) (err error) {
		partner, started, err = c.assignReferredBy(ctx, input)
		return err
	}, &partner, &started)
	return partner, started, err
}

func (c *change) assignReferredBy(ctx context.Context, input ReferredBy) (*ent.Partner, *ent.Referral, error) {
	if err := checkUnbilled(input.Unbilled, input.Reason); err != nil {
		return nil, nil, err
	}
	referred, err := c.partner(ctx, "partner", input.PartnerID)
	if err != nil {
		return nil, nil, err
	}
	referrer, err := c.referrer(ctx, "referrer", input.ReferrerID)
	if err != nil {
		return nil, nil, err
	}
	if equal(referred.ReferredByID, &referrer.ID) {
		held, err := c.tx.Referral.Query().Where(referral.ActiveKey(referred.ID)).Only(viewer.Elevate(ctx))
		if ent.IsNotFound(err) {
			return referred, nil, nil
		}
		return referred, held, err
	}
	if err := c.refuseCircle(ctx, referred.ID, referrer.ID); err != nil {
		return nil, nil, err
	}
	if err := c.endReferral(ctx, referred.ID, input.Unbilled, input.Reason); err != nil {
		return nil, nil, err
	}
	referred, err = referred.Update().SetReferredByID(referrer.ID).SetReferredBySource(commission.SourceManual).AddVersion(1).Save(ctx)
	if err != nil || referred.ApprovedAt == nil {
		return referred, nil, err
	}
	started, err := c.startReferral(ctx, referred, false)
	return referred, started, err
}

// RemoveReferredBy clears a partner's Referred By and ends its referral [A6]; where it has none it changes
// nothing. For ADMIN and PARTNER_MANAGER, in scope.
func (p *Program) RemoveReferredBy(ctx context.Context, networkID, partnerID int, unbilled Unbilled, reason string) (*ent.Partner, error) {
	var partner *ent.Partner
	err := p.change(ctx, networkID, doing{action: "removeReferredBy", by: byStaff, reason: reason}, func(ctx context.Context, c *change) error {
		if err := checkUnbilled(unbilled, reason); err != nil {
			return err
		}
		found, err := c.partner(ctx, "partner", partnerID)
		if err != nil {
			return err
		}
		partner = found
		if found.ReferredByID == nil {
			return nil
		}
		if err := c.endReferral(ctx, found.ID, unbilled, reason); err != nil {
			return err
		}
		partner, err = found.Update().ClearReferredByID().ClearReferredBySource().AddVersion(1).Save(ctx)
		return err
	}, &partner)
	return partner, err
}

func checkUnbilled(unbilled Unbilled, reason string) error {
	var wrong commission.Problems
	checkReason(&wrong, reason)
	if unbilled == Forfeit && reason == "" {
		wrong.Add("reason", "is needed where unbilled money is forfeited")
	}
	return wrong.Err()
}

// referrer finds a partner that may be named as Referred By [A5].
func (c *change) referrer(ctx context.Context, field string, id int) (*ent.Partner, error) {
	found, err := c.partner(ctx, field, id)
	if err != nil {
		return nil, err
	}
	if !found.Status.MayRefer() {
		return nil, commission.Refuse(commission.FailedPrecondition, field,
			"a referrer must be ACTIVE, INACTIVE or SUSPENDED, and this partner is %s", found.Status)
	}
	return found, nil
}

// levels is how far up one statement climbs: engines bound their recursion at a thousand.
const levels = 500

// refuseCircle climbs from the referrer through everybody's Referred By: whoever is reached must not be the
// referred partner itself [A5]. The gate keeps the chain as it is meanwhile.
func (c *change) refuseCircle(ctx context.Context, referredID, referrerID int) error {
	for top := referrerID; top != 0; {
		next, circle := 0, false
		err := database.Each(ctx, c.tx, `
			WITH RECURSIVE chain (id, referred_by_id, level) AS (
				SELECT id, referred_by_id, 1 FROM partner WHERE id = ?
				UNION ALL
				SELECT p.id, p.referred_by_id, chain.level + 1 FROM partner p JOIN chain ON p.id = chain.referred_by_id
				WHERE chain.level < ? AND chain.id <> ?
			)
			SELECT id, COALESCE(referred_by_id, 0), level FROM chain`, []any{top, levels, referredID}, func(row *sql.Rows) error {
			var id, above, level int
			if err := row.Scan(&id, &above, &level); err != nil {
				return err
			}
			circle = circle || id == referredID
			if level == levels {
				next = above
			}
			return nil
		})
		if err != nil {
			return err
		}
		if circle {
			return commission.Refuse(commission.FailedPrecondition, "referrer",
				"this would make a circle: the referrer was itself referred, directly or through others, by this partner")
		}
		top = next
	}
	return nil
}
