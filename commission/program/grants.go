package program

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/referral"
	"partner.example/referrals/ent/generated/referralterm"
	"partner.example/referrals/ent/generated/retroactivegrant"
	"partner.example/referrals/ent/viewer"
)

// RetroactiveGrant asks to pay a referral for a window of days that the rules pay nobody for.
type RetroactiveGrant struct {
	ReferralID  int
	Days        ledger.Range           // that are over
	Percentage  *commission.Percentage // nil: that of the structure
	StructureID int                    // whose percentage; 0: of the structure that would have applied
	Maximum     decimal.Decimal        // what it may come to at most
	Reason      string
}

// Granting is what a grant comes to, or what one would.
type Granting struct {
	ledger.Grantable
	Summary     string // of the structure by which it pays
	BasisAmount decimal.Decimal
	Amount      decimal.Decimal // rounded to the currency's minor unit
}

var (
	byAdminOrSupport = []commission.Role{commission.Admin, commission.Support}
	bySupport        = []commission.Role{commission.Support}
)

// GrantRetroactiveCommission pays a referral for the conversions of a window that are known and that nothing pays: as a
// term of its own, from the first cent. A conversion is granted once; where none is left to grant nothing happens, and
// there is no grant. It is refused where it comes to more than its maximum. For ADMIN.
func (p *Program) GrantRetroactiveCommission(ctx context.Context, networkID int, input RetroactiveGrant) (*ent.RetroactiveGrant, Granting, error) {
	return p.grant(ctx, networkID, input, byAdmin)
}

// PreviewRetroactiveCommission says what GrantRetroactiveCommission would do, by doing it in a transaction that is rolled
// back. For ADMIN and SUPPORT.
func (p *Program) PreviewRetroactiveCommission(ctx context.Context, networkID int, input RetroactiveGrant) (Granting, error) {
	_, granting, err := p.grant(database.Refusing(ctx, errPreviewed), networkID, input, byAdminOrSupport)
	return granting, orPreviewed(err)
}

func (p *Program) grant(ctx context.Context, networkID int, input RetroactiveGrant, by []commission.Role) (*ent.RetroactiveGrant, Granting, error) {
	var granted *ent.RetroactiveGrant
	var granting Granting
	err := p.change(ctx, networkID, doing{action: "grantRetroactiveCommission", by: by, reason: input.Reason}, func(ctx context.Context, c *change) error {
		draft, err := c.draft(ctx, input)
		if err != nil {
			return err
		}
		if granting, err = c.grantable(ctx, draft); err != nil || granting.Conversions == 0 {
			return err
		}
		granted, err = draft.create(c).SetStatus(commission.GrantGranted).SetGrantedAt(c.at).SetGrantedBy(c.viewer.Name).
			SetConversions(int64(granting.Conversions)).SetAmount(granting.Amount).Save(viewer.Elevate(ctx))
		if err != nil {
			return fmt.Errorf("keep the grant: %w", err)
		}
		return c.carryOut(ctx, draft, granted.ID)
	}, &granted, &granting)
	return granted, granting, err
}

// ProposeRetroactiveCommission keeps a grant for an ADMIN of the network to decide on. Nothing is paid by it, and what it
// comes to is found when it is accepted. For SUPPORT.
func (p *Program) ProposeRetroactiveCommission(ctx context.Context, networkID int, input RetroactiveGrant) (*ent.RetroactiveGrant, error) {
	var proposed *ent.RetroactiveGrant
	err := p.change(ctx, networkID, doing{action: "proposeRetroactiveCommission", by: bySupport, reason: input.Reason}, func(ctx context.Context, c *change) error {
		draft, err := c.draft(ctx, input)
		if err != nil {
			return err
		}
		granting, err := c.grantable(ctx, draft)
		if err != nil {
			return err
		}
		if granting.Conversions == 0 {
			return commission.Refuse(commission.FailedPrecondition, "from", "there is nothing to grant: no conversion of these days is known that nothing pays")
		}
		waiting, err := c.tx.RetroactiveGrant.Query().Where(
			retroactivegrant.ReferralID(draft.referral.ID), retroactivegrant.StatusEQ(commission.GrantProposed),
			retroactivegrant.FromLTE(draft.days.To), retroactivegrant.ToGTE(draft.days.From)).Exist(ctx)
		if err != nil {
			return err
		}
		if waiting {
			return commission.Refuse(commission.FailedPrecondition, "from", "a grant of some of these days was proposed before, and waits to be decided on")
		}
		proposed, err = draft.create(c).SetStatus(commission.GrantProposed).SetProposedAt(c.at).SetProposedBy(c.viewer.Name).Save(viewer.Elevate(ctx))
		return err
	}, &proposed)
	return proposed, err
}

// AcceptRetroactiveCommission carries out a proposal, as it is found when it is accepted. One that was decided on is a
// Conflict: of two at once, one is told that the other was faster. For ADMIN.
func (p *Program) AcceptRetroactiveCommission(ctx context.Context, networkID, id int) (*ent.RetroactiveGrant, Granting, error) {
	var granted *ent.RetroactiveGrant
	var granting Granting
	err := p.change(ctx, networkID, doing{action: "acceptRetroactiveCommission", by: byAdmin}, func(ctx context.Context, c *change) error {
		proposed, err := c.proposal(ctx, id)
		if err != nil {
			return err
		}
		draft, err := c.again(ctx, proposed)
		if err != nil {
			return err
		}
		if granting, err = c.grantable(ctx, draft); err != nil {
			return err
		}
		if granting.Conversions == 0 {
			return commission.Refuse(commission.FailedPrecondition, "id", "there is nothing left to grant: everything of these days is paid by a term or a grant; decline it")
		}
		granted, err = proposed.Update().SetStatus(commission.GrantGranted).SetGrantedAt(c.at).SetGrantedBy(c.viewer.Name).
			SetConversions(int64(granting.Conversions)).SetAmount(granting.Amount).Save(ctx)
		if err != nil {
			return fmt.Errorf("accept the proposal: %w", err)
		}
		return c.carryOut(ctx, draft, granted.ID)
	}, &granted, &granting)
	return granted, granting, err
}

// PreviewAcceptRetroactiveCommission says what AcceptRetroactiveCommission would do. For ADMIN.
func (p *Program) PreviewAcceptRetroactiveCommission(ctx context.Context, networkID, id int) (Granting, error) {
	_, granting, err := p.AcceptRetroactiveCommission(database.Refusing(ctx, errPreviewed), networkID, id)
	return granting, orPreviewed(err)
}

// DeclineRetroactiveCommission decides against a proposal. For ADMIN.
func (p *Program) DeclineRetroactiveCommission(ctx context.Context, networkID, id int, reason string) (*ent.RetroactiveGrant, error) {
	return p.decide(ctx, networkID, doing{action: "declineRetroactiveCommission", by: byAdmin, reason: reason}, func(ctx context.Context, c *change) (*ent.RetroactiveGrant, error) {
		var wrong commission.Problems
		checkReason(&wrong, reason)
		if err := wrong.Err(); err != nil {
			return nil, err
		}
		proposed, err := c.proposal(ctx, id)
		if err != nil {
			return nil, err
		}
		return c.end(ctx, proposed, commission.GrantDeclined, reason)
	})
}

// RevokeRetroactiveCommission takes a grant back of which nothing was billed: its conversions are paid by nobody again. One
// that was revoked before stays as it is. For ADMIN.
func (p *Program) RevokeRetroactiveCommission(ctx context.Context, networkID, id int, reason string) (*ent.RetroactiveGrant, error) {
	return p.decide(ctx, networkID, doing{action: "revokeRetroactiveCommission", by: byAdmin, reason: reason}, func(ctx context.Context, c *change) (*ent.RetroactiveGrant, error) {
		var wrong commission.Problems
		needReason(&wrong, reason)
		if err := wrong.Err(); err != nil {
			return nil, err
		}
		granted, err := c.granted(ctx, id)
		switch {
		case err != nil:
			return nil, err
		case granted.Status == commission.GrantRevoked:
			return granted, nil
		case granted.Status != commission.GrantGranted:
			return nil, commission.Refuse(commission.FailedPrecondition, "id", "this grant is %s: nothing was granted that could be revoked", granted.Status)
		}
		term, err := c.tx.ReferralTerm.Query().Where(referralterm.GrantID(granted.ID)).Only(viewer.Elevate(ctx))
		if err != nil {
			return nil, fmt.Errorf("find the term of the grant: %w", err)
		}
		if number, err := ledger.PaidBy(ctx, c.tx, term.ID); err != nil || number != 0 {
			if err != nil {
				return nil, err
			}
			return nil, commission.Refuse(commission.FailedPrecondition, "id", "invoice %d pays this grant, and what is billed is not revoked: delete that invoice first, while it is UNPAID", number)
		}
		if err := ledger.Revoke(ctx, c.tx, term.ID); err != nil {
			return nil, err
		}
		if err := term.Update().SetStoppedAt(c.at).SetStopReason(commission.Revoked).Exec(viewer.Elevate(ctx)); err != nil {
			return nil, fmt.Errorf("close the term of the grant: %w", err)
		}
		return c.end(ctx, granted, commission.GrantRevoked, reason)
	})
}

func (p *Program) decide(ctx context.Context, networkID int, d doing, decide func(ctx context.Context, c *change) (*ent.RetroactiveGrant, error)) (*ent.RetroactiveGrant, error) {
	var decided *ent.RetroactiveGrant
	err := p.change(ctx, networkID, d, func(ctx context.Context, c *change) (err error) {
		decided, err = decide(ctx, c)
		return err
	}, &decided)
	return decided, err
}

func (c *change) end(ctx context.Context, grant *ent.RetroactiveGrant, status commission.GrantStatus, reason string) (*ent.RetroactiveGrant, error) {
	ended, err := grant.Update().SetStatus(status).SetEndedAt(c.at).SetEndedBy(c.viewer.Name).SetEndReason(reason).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("end the grant: %w", err)
	}
	return ended, nil
}

// granted finds a grant of the network, whatever its status.
func (c *change) granted(ctx context.Context, id int) (*ent.RetroactiveGrant, error) {
	found, err := c.tx.RetroactiveGrant.Query().Where(retroactivegrant.ID(id), retroactivegrant.NetworkID(c.network.ID)).Only(ctx)
	return found, orNotFound(err, "id", "grant")
}

// proposal finds a grant that waits to be decided on.
func (c *change) proposal(ctx context.Context, id int) (*ent.RetroactiveGrant, error) {
	found, err := c.granted(ctx, id)
	if err != nil {
		return nil, err
	}
	who, when := found.GrantedBy, found.GrantedAt
	if found.EndedAt != nil {
		who, when = found.EndedBy, found.EndedAt
	}
	if found.Status != commission.GrantProposed {
		return nil, commission.Refuse(commission.Conflict, "id", "this grant is %s: %s was faster, on %s; read it again", found.Status, who, commission.When(*when, c.zone))
	}
	return found, nil
}

// draft is a grant that was checked, with what it is about.
type draft struct {
	RetroactiveGrant
	referral    *ent.Referral
	days        ledger.Range
	structureID int
	structure   commission.Structure
}

func (d *draft) create(c *change) *ent.RetroactiveGrantCreate {
	return c.tx.RetroactiveGrant.Create().SetNetworkID(c.network.ID).SetReferralID(d.referral.ID).SetStructureID(d.structureID).
		SetFrom(d.days.From).SetTo(d.days.To).SetMaximum(d.Maximum).SetReason(d.Reason).SetAmount(decimal.Zero)
}

// draft checks what is asked for, all that is wrong at once, and finds what it is about.
func (c *change) draft(ctx context.Context, input RetroactiveGrant) (*draft, error) {
	var wrong commission.Problems
	needReason(&wrong, input.Reason)
	if input.Days.To < input.Days.From {
		wrong.Add("to", "must not be before from")
	}
	if today := commission.DateOf(c.at, c.zone); input.Days.To >= today {
		wrong.Add("to", "must be before %s: what is granted is of days that are over", today)
	}
	if digits := int(c.network.Currency.Digits()); !input.Maximum.IsPositive() || input.Maximum.GreaterThan(commission.MaxAmount) || commission.DecimalsOf(input.Maximum) > digits {
		wrong.Add("maximum", "must be more than 0 and at most %s, with at most %d decimals", commission.MaxAmount, digits)
	}
	if input.Percentage != nil {
		wrong.In("pays", commission.Structure{Commission: *input.Percentage}.Check(c.network.Currency))
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	found, err := c.tx.Referral.Query().Where(referral.ID(input.ReferralID), referral.NetworkID(c.network.ID)).Only(ctx)
	if err != nil {
		return nil, orNotFound(err, "referral", "referral")
	}
	d := &draft{RetroactiveGrant: input, referral: found, days: input.Days}
	percentage := input.Percentage
	if percentage == nil {
		if percentage, err = c.percentageOf(ctx, d); err != nil {
			return nil, err
		}
	}
	d.structure = commission.Structure{Commission: *percentage}
	interned, err := c.intern(viewer.Elevate(ctx), &d.structure)
	if err != nil {
		return nil, err
	}
	d.structureID = *interned
	return d, nil
}

// again is the draft of a proposal.
func (c *change) again(ctx context.Context, proposed *ent.RetroactiveGrant) (*draft, error) {
	found, err := c.tx.Referral.Get(viewer.Elevate(ctx), proposed.ReferralID)
	if err != nil {
		return nil, fmt.Errorf("find the referral: %w", err)
	}
	structure, err := c.structure(ctx, proposed.StructureID)
	return &draft{
		RetroactiveGrant: RetroactiveGrant{Maximum: proposed.Maximum, Reason: proposed.Reason},
		referral:         found, days: ledger.Range{From: proposed.From, To: proposed.To},
		structureID: proposed.StructureID, structure: structure,
	}, err
}

// percentageOf is the percentage of the structure that is named or, where none is, of the one that would have applied.
func (c *change) percentageOf(ctx context.Context, d *draft) (*commission.Percentage, error) {
	id := &d.StructureID
	if d.StructureID == 0 {
		var err error
		if id, err = c.nearest(ctx, d); err != nil {
			return nil, err
		}
	}
	if id == nil {
		return nil, commission.Refuse(commission.FailedPrecondition, "pays", "is needed: no structure has ever paid this referral, and none pays its referrer now")
	}
	stored, err := c.tx.CommissionStructure.Get(viewer.Elevate(ctx), *id)
	if err == nil && stored.NetworkID != c.network.ID {
		return nil, commission.ErrNotFound("pays.structure", "structure")
	}
	if err != nil {
		return nil, orNotFound(err, "pays.structure", "structure")
	}
	percentage, ok := ledger.StructureOf(stored).Commission.(commission.Percentage)
	if !ok {
		return nil, commission.Refuse(commission.FailedPrecondition, "pays",
			"is needed: the structure is a %s, which is earned by an approval and not by conversions: give a percentage", ledger.StructureOf(stored).Summary(c.network.Currency))
	}
	return &percentage, nil
}

// nearest is the structure that would have applied: that of the last term that had begun by the end of the window, of
// the referral's first, or what its referrer's setting pays now; nil: there is none.
func (c *change) nearest(ctx context.Context, d *draft) (*int, error) {
	terms, err := c.tx.ReferralTerm.Query().Where(referralterm.ReferralID(d.referral.ID), referralterm.GrantIDIsNil()).
		Order(referralterm.ByReferredDate()).All(viewer.Elevate(ctx))
	if err != nil {
		return nil, fmt.Errorf("find the terms: %w", err)
	}
	var its commission.Referral
	for _, t := range terms {
		its.Append(commission.Term{StructureID: t.StructureID, ReferredDate: t.ReferredDate, WindowEndsAt: t.WindowEndsAt, ClosedAt: t.StoppedAt})
	}
	if term := its.NearestTerm(c.after(d.days)); term != nil {
		return &term.StructureID, nil
	}
	referrer, err := c.tx.Partner.Get(viewer.Elevate(ctx), d.referral.ReferrerID)
	if err != nil {
		return nil, fmt.Errorf("find the referrer: %w", err)
	}
	return c.effective(referrer.ReferralMode, referrer.ReferralStructureID), nil
}

// grantable says what there is to grant, and refuses what must not be: more than the maximum, and nothing or less.
func (c *change) grantable(ctx context.Context, d *draft) (Granting, error) {
	currency := c.network.Currency
	found, err := ledger.FindGrantable(ctx, c.tx, d.referral.ReferrerID, d.referral.ReferredID, d.days)
	if err != nil {
		return Granting{}, err
	}
	granting := Granting{
		Grantable: found, Summary: d.structure.Summary(currency),
		BasisAmount: currency.Exact(found.Sums.Of(d.structure.Basis())), Amount: currency.Round(d.structure.Earned(found.Sums)),
	}
	switch {
	case found.Conversions == 0:
		return granting, nil
	case !granting.Amount.IsPositive():
		return granting, commission.Refuse(commission.FailedPrecondition, "from", "the conversions of these days come to %s %s: there is nothing to pay", commission.Format(granting.Amount), currency)
	case granting.Amount.GreaterThan(d.Maximum):
		return granting, commission.Refuse(commission.FailedPrecondition, "maximum", "the conversions of these days come to %s %s, which is more than the maximum of %s",
			commission.Format(granting.Amount), currency, commission.Format(currency.Exact(d.Maximum)))
	default:
		return granting, nil
	}
}

// carryOut opens the term of a grant, and has it pay what there is to grant.
func (c *change) carryOut(ctx context.Context, d *draft, grantID int) error {
	term, err := c.tx.ReferralTerm.Create().SetNetworkID(c.network.ID).SetReferralID(d.referral.ID).SetStructureID(d.structureID).
		SetReferredDate(d.days.From.Start(c.zone)).SetWindowEndsAt(c.after(d.days)).SetGrantID(grantID).Save(viewer.Elevate(ctx))
	if err != nil {
		return fmt.Errorf("open the term of the grant: %w", err)
	}
	return ledger.Grant(ctx, c.tx, c.network.ID, ledger.Window{Range: d.days, GrantID: grantID, TermID: term.ID, PartnerID: d.referral.ReferredID})
}

// after is the first moment after some days.
func (c *change) after(days ledger.Range) time.Time { return (days.To + 1).Start(c.zone) }

// needReason notes where a reason is missing, or too long.
func needReason(wrong *commission.Problems, reason string) {
	if reason == "" || len(reason) > maxReason || !utf8.ValidString(reason) {
		wrong.Add("reason", "must be a text of 1 to %d bytes", maxReason)
	}
}
