package program

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/datedchange"
	"partner.example/referrals/ent/generated/predicate"
	"partner.example/referrals/ent/viewer"
)

// Reach is from when on a change of settings counts, and for whom.
type Reach struct {
	EffectiveOn *commission.Date // nil: at once
	ApplyTo     commission.ApplyTo
}

// Outcome is what came of a change of settings.
type Outcome struct {
	Impact                  // what it did or, dated ahead, what it will do, as far as is known now
	Dated  *ent.DatedChange // nil: it took effect at once
}

// mostPending is how many changes of one setting may be pending.
const mostPending = 100

// checkReach notes what is wrong with a reach, and puts it into what is asked for.
func (c *change) checkReach(wrong *commission.Problems, reach Reach, asked *ent.DatedChange) {
	if asked.ApplyTo = reach.ApplyTo; asked.ApplyTo == "" {
		asked.ApplyTo = commission.ToAll
	}
	if asked.ReviveExpired && asked.ApplyTo == commission.ToNewReferrals {
		wrong.Add("reviveExpired", "goes with applyTo: ALL alone: an expired referral is not a new one")
	}
	if reach.EffectiveOn == nil {
		return
	}
	var refusal *commission.Error
	asked.EffectiveOn = *reach.EffectiveOn
	if asked.EffectiveAt, refusal = commission.EffectiveAt(asked.EffectiveOn, c.at, c.zone); refusal != nil {
		*wrong = append(*wrong, refusal)
	}
}

// date keeps a change until its day, and finds out what it will do then.
func (c *change) date(ctx context.Context, asked *ent.DatedChange, reason string) (*ent.DatedChange, error) {
	before, err := c.tx.DatedChange.Query().Where(datedchange.StatusEQ(commission.ChangePending), ofTheSame(c.network.ID, asked.PartnerID)).Count(ctx)
	if err != nil {
		return nil, fmt.Errorf("count the pending changes: %w", err)
	}
	if before >= mostPending {
		return nil, commission.Refuse(commission.FailedPrecondition, "effectiveOn", "%d changes of this setting are pending, and more are not kept: take one back", mostPending)
	}
	row := c.tx.DatedChange.Create().SetNetworkID(c.network.ID).SetNillablePartnerID(asked.PartnerID).
		SetEffectiveOn(asked.EffectiveOn).SetEffectiveAt(asked.EffectiveAt).
		SetNillableEnabled(asked.Enabled).SetNillableMode(asked.Mode).SetChangesStructure(asked.ChangesStructure).SetNillableStructureID(asked.StructureID).
		SetApplyTo(asked.ApplyTo).SetReviveExpired(asked.ReviveExpired).SetDisableCustom(asked.DisableCustom).SetReason(reason).
		SetAskedAt(c.at).SetAskedBy(c.viewer.Name).SetAskedAs(string(c.viewer.Role))
	if c.viewer.AccountID != 0 {
		row.SetAskedByID(c.viewer.AccountID)
	}
	dated, err := row.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("keep the change: %w", err)
	}
	if err := c.keepNext(ctx); err != nil {
		return nil, err
	}
	return dated, c.foresee(ctx, dated)
}

// ofTheSame is the changes of one setting: a partner's or, for nil, the network's.
func ofTheSame(networkID int, partnerID *int) predicate.DatedChange {
	if partnerID != nil {
		return datedchange.PartnerID(*partnerID)
	}
	return datedchange.And(datedchange.NetworkID(networkID), datedchange.PartnerIDIsNil())
}

// foresee finds out what a pending change will do, by letting it and what comes before it take effect, which is
// then undone.
func (c *change) foresee(ctx context.Context, dated *ent.DatedChange) error {
	return c.tx.Trying(ctx, func() error {
		before := datedchange.Or(datedchange.EffectiveAtLT(dated.EffectiveAt), datedchange.And(datedchange.EffectiveAt(dated.EffectiveAt), datedchange.IDLTE(dated.ID)))
		if dated.PartnerID != nil { // what becomes of other partners does not touch it
			before = datedchange.And(before, datedchange.Or(datedchange.PartnerIDIsNil(), datedchange.PartnerID(*dated.PartnerID)))
		}
		due, err := c.pending(ctx, before)
		then := *c
		for _, d := range due {
			if err == nil {
				err = then.effect(ctx, d)
			}
		}
		c.impact, c.impact.network, c.impact.at = then.impact, c.network, c.at
		return err
	})
}

// pending is the network's changes that have not taken effect, in the order in which they do: those of one moment as
// they were asked for.
func (c *change) pending(ctx context.Context, which ...predicate.DatedChange) ([]*ent.DatedChange, error) {
	all, err := c.tx.DatedChange.Query().
		Where(datedchange.NetworkID(c.network.ID), datedchange.StatusEQ(commission.ChangePending)).Where(which...).
		Order(datedchange.ByEffectiveAt(), datedchange.ByID()).All(viewer.Elevate(ctx))
	if err != nil {
		return nil, fmt.Errorf("find the pending changes: %w", err)
	}
	return all, nil
}

// takeEffect has the changes take effect that are due, each at the moment for which it was asked, however late it is.
func (c *change) takeEffect(ctx context.Context) error {
	due, err := c.pending(ctx, datedchange.EffectiveAtLTE(c.at))
	if err != nil {
		return err
	}
	for _, d := range due {
		if err := c.effect(ctx, d); err != nil {
			return err
		}
	}
	if len(due) > 0 {
		c.since = due[0].EffectiveAt
		c.notBefore(c.previous.Add(commission.Micro))
		err := c.tx.Network.UpdateOneID(c.network.ID).SetChangedAt(c.previous).Exec(viewer.Elevate(ctx))
		if err != nil {
			return fmt.Errorf("keep the moment: %w", err)
		}
	}
	return c.keepNext(ctx)
}

// effect makes a pending change, at its moment and as the one who asked for it.
func (c *change) effect(ctx context.Context, d *ent.DatedChange) error {
	then := &change{tx: c.tx, network: c.network, zone: c.zone, at: d.EffectiveAt, previous: c.previous, viewer: viewer.Viewer{
		Name: d.AskedBy, Role: commission.Role(d.AskedAs), NetworkID: d.NetworkID,
	}}
	if d.AskedByID != nil {
		then.viewer.AccountID = *d.AskedByID
	}
	ctx = viewer.Elevate(viewer.With(ctx, then.viewer))
	action := updateReferralSettings
	if d.PartnerID != nil {
		action = updatePartnerReferralSetting
	}
	ctx = audit.Because(ctx, action, d.Reason, then.at)
	if d.PartnerID == nil {
		saved, err := then.applySettings(ctx, d)
		if err != nil {
			return err
		}
		c.network = saved
	} else {
		referrer, err := c.tx.Partner.Get(ctx, *d.PartnerID)
		if err != nil {
			return fmt.Errorf("find the partner: %w", err)
		}
		if _, err := then.applySetting(ctx, referrer, d); err != nil {
			return err
		}
	}
	c.impact, c.previous = then.impact, then.at
	err := d.Update().SetStatus(commission.ChangeInEffect).SetTermsClosed(then.impact.TermsClosed).
		SetTermsOpened(then.impact.TermsOpened).SetReferralsLeftExpired(then.impact.ReferralsLeftExpired).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note that it is in effect: %w", err)
	}
	return nil
}

// keepNext notes on the network when the next of its changes takes effect.
func (c *change) keepNext(ctx context.Context) error {
	next, err := c.tx.DatedChange.Query().Where(datedchange.NetworkID(c.network.ID), datedchange.StatusEQ(commission.ChangePending)).
		Order(datedchange.ByEffectiveAt()).First(viewer.Elevate(ctx))
	update := c.tx.Network.UpdateOneID(c.network.ID)
	switch {
	case ent.IsNotFound(err):
		update.ClearNextChangeAt()
	case err != nil:
		return fmt.Errorf("find the next change: %w", err)
	default:
		update.SetNextChangeAt(next.EffectiveAt)
	}
	if err := update.Exec(viewer.Elevate(ctx)); err != nil {
		return fmt.Errorf("note the next change: %w", err)
	}
	return nil
}

// TakeBackChange takes back a change that was dated ahead, until it takes effect. For ADMIN, and for PARTNER_MANAGER of
// partners in scope.
func (p *Program) TakeBackChange(ctx context.Context, networkID, id int, reason string) (*ent.DatedChange, error) {
	var changed *ent.DatedChange
	err := p.change(ctx, networkID, doing{action: "takeBackChange", by: byStaff, reason: reason}, func(ctx context.Context, c *change) (err error) {
		changed, err = c.takeBack(ctx, id, reason)
		return err
	}, &changed)
	return changed, err
}

func (c *change) takeBack(ctx context.Context, id int, reason string) (*ent.DatedChange, error) {
	var wrong commission.Problems
	checkReason(&wrong, reason)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	found, err := c.tx.DatedChange.Query().Where(datedchange.ID(id), datedchange.NetworkID(c.network.ID)).Only(ctx)
	if err != nil {
		return nil, orNotFound(err, "id", "change")
	}
	switch found.Status {
	case commission.ChangeTakenBack:
		return found, nil
	case commission.ChangeInEffect:
		return nil, commission.Refuse(commission.Conflict, "id", "this change is in effect since %s began in %s: what it changed can only be changed anew", found.EffectiveOn, c.network.TimeZone)
	}
	if found, err = found.Update().SetStatus(commission.ChangeTakenBack).Save(ctx); err != nil {
		return nil, fmt.Errorf("take it back: %w", err)
	}
	if found.PartnerID == nil {
		err = c.tx.Network.UpdateOneID(c.network.ID).AddReferralSettingsVersion(1).Exec(ctx)
	} else {
		err = c.tx.Partner.UpdateOneID(*found.PartnerID).AddReferralSettingVersion(1).Exec(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("count the change: %w", err)
	}
	return found, c.keepNext(ctx)
}

// TakeEffect has the changes of a network's settings take effect that were dated ahead and are due; 0: of every
// network. Whoever reads or records what terms have to do with calls it first: where nothing is due, which is nearly
// always, it is one look at an index. However many servers do so at once, each change takes effect once: behind the
// gate whoever comes second finds it done.
func (p *Program) TakeEffect(ctx context.Context, networkID int) error {
	due, err := p.due(ctx, networkID)
	var failed []error
	for _, id := range due {
		if err := p.takeEffect(ctx, id); err != nil {
			failed = append(failed, fmt.Errorf("have the changes of network %d take effect: %w", id, err))
		}
	}
	return errors.Join(append(failed, err)...)
}

func (p *Program) due(ctx context.Context, networkID int) ([]int, error) {
	query, args := "SELECT id FROM network WHERE next_change_at <= ?", []any{commission.Moment(p.Now())}
	if networkID != 0 {
		query, args = query+" AND id = ?", append(args, networkID)
	}
	var due []int
	err := database.Each(ctx, p.DB, query, args, func(row *sql.Rows) error {
		var id int
		err := row.Scan(&id)
		due = append(due, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ask which changes are due: %w", err)
	}
	return due, nil
}

func (p *Program) takeEffect(ctx context.Context, networkID int) error {
	ctx = viewer.AsSystem(database.WithoutKey(ctx), "dated changes")
	for {
		err := p.DB.Transact(ctx, func(ctx context.Context, tx *database.Tx) error {
			c, err := p.begin(ctx, tx, networkID)
			if err != nil {
				return err
			}
			return ledger.Reattribute(ctx, tx, networkID, c.since)
		})
		if !errors.Is(err, database.ErrOutcomeUnknown) { // then it is asked again whether it is done
			return err
		}
	}
}
