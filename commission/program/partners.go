package program

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/account"
	"partner.example/referrals/ent/generated/partnerstatus"
	"partner.example/referrals/ent/generated/referral"
	"partner.example/referrals/ent/generated/referralterm"
	"partner.example/referrals/ent/viewer"
)

// Billing is how a partner is invoiced [I1].
type Billing struct {
	Frequency        Optional[commission.BillingFrequency]
	PaymentTermsDays Optional[int]
	InvoiceThreshold Optional[*decimal.Decimal] // nil: none
	HideInvoices     Optional[bool]
}

// NewPartner is a partner that staff create.
type NewPartner struct {
	Name       string
	Email      string
	Status     commission.PartnerStatus // PENDING or ACTIVE
	ReferredBy *int
	ManagerID  *int
	Billing    Billing
}

// CreatePartner creates a partner. Created ACTIVE it is approved in that moment [C2]. For ADMIN, and for
// PARTNER_MANAGER, whose partner it becomes where the manager is LIMITED.
func (p *Program) CreatePartner(ctx context.Context, networkID int, input NewPartner) (*ent.Partner, error) {
	var created *ent.Partner
	err := p.change(ctx, networkID, doing{action: "createPartner", by: byStaff}, func(ctx context.Context, c *change) (err error) {
		created, err = c.createPartner(ctx, input)
		return err
	}, &created)
	return created, err
}

func (c *change) createPartner(ctx context.Context, input NewPartner) (*ent.Partner, error) {
	var wrong commission.Problems
	name := checkName(&wrong, input.Name)
	email := checkEmail(&wrong, input.Email)
	if input.Status != commission.PartnerPending && input.Status != commission.PartnerActive {
		wrong.Add("status", "must be PENDING or ACTIVE: a partner begins as one of them")
	}
	create := c.tx.Partner.Create()
	input.Billing.apply(&wrong, c.network.Currency, create.Mutation())
	if c.viewer.Limited {
		if input.ManagerID != nil && *input.ManagerID != c.viewer.AccountID {
			return nil, commission.Refuse(commission.Forbidden, "manager", "a LIMITED manager may not give a partner away")
		}
		input.ManagerID = &c.viewer.AccountID
	}
	if err := c.checkManager(ctx, &wrong, input.ManagerID); err != nil {
		return nil, err
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	if input.ReferredBy != nil {
		if _, err := c.referrer(ctx, "referredBy", *input.ReferredBy); err != nil {
			return nil, err
		}
		create.SetReferredByID(*input.ReferredBy).SetReferredBySource(commission.SourceManual)
	}
	created, err := c.addPartner(ctx, create.SetNillableManagerID(input.ManagerID), name, email)
	if err != nil {
		return nil, err
	}
	if input.Status == commission.PartnerActive {
		return c.setStatus(ctx, created, commission.PartnerActive)
	}
	return created, nil
}

// addPartner adds a PENDING partner, with whatever else is set.
func (c *change) addPartner(ctx context.Context, create *ent.PartnerCreate, name, email string) (*ent.Partner, error) {
	created, err := create.
		SetNetworkID(c.network.ID).SetName(name).SetEmail(email).SetSearchText(searchText(name, email)).
		SetStatus(commission.PartnerPending).SetReferralCode(NewReferralCode()).SetCreatedAt(c.at).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("create the partner: %w", err)
	}
	return created, c.keepStatus(ctx, created.ID, commission.PartnerPending)
}

// NewReferralCode is a code for a sign-up link: 130 random bits, which nobody guesses or enumerates [A1].
func NewReferralCode() string { return rand.Text() }

// PartnerUpdate changes what staff may edit of a partner.
type PartnerUpdate struct {
	ID        int
	Version   int // that the editor started from [S8]
	Name      Optional[string]
	Email     Optional[string] // "": none
	ManagerID Optional[*int]   // nil: nobody
	Billing   Billing
}

// UpdatePartner changes a partner. For ADMIN and PARTNER_MANAGER, for partners in scope; only an ADMIN or a
// GLOBAL manager gives a partner to another manager.
func (p *Program) UpdatePartner(ctx context.Context, networkID int, input PartnerUpdate) (*ent.Partner, error) {
	var updated *ent.Partner
	err := p.change(ctx, networkID, doing{action: "updatePartner", by: byStaff}, func(ctx context.Context, c *change) (err error) {
		updated, err = c.updatePartner(ctx, input)
		return err
	}, &updated)
	return updated, err
}

func (c *change) updatePartner(ctx context.Context, input PartnerUpdate) (*ent.Partner, error) {
	before, err := c.partner(ctx, "id", input.ID)
	if err != nil {
		return nil, err
	}
	var wrong commission.Problems
	update := before.Update()
	name, email := before.Name, before.Email
	if input.Name.Set {
		name = checkName(&wrong, input.Name.Value)
	}
	if input.Email.Set {
		email = checkEmail(&wrong, input.Email.Value)
	}
	if input.ManagerID.Set && !equal(input.ManagerID.Value, before.ManagerID) {
		if c.viewer.Limited {
			return nil, commission.Refuse(commission.Forbidden, "manager", "a LIMITED manager may not give a partner away")
		}
		if err := c.checkManager(ctx, &wrong, input.ManagerID.Value); err != nil {
			return nil, err
		}
		if update.ClearManagerID(); input.ManagerID.Value != nil {
			update.SetManagerID(*input.ManagerID.Value)
		}
	}
	input.Billing.apply(&wrong, c.network.Currency, update.Mutation())
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	if err := checkVersion(input.Version, before.Version, "partner"); err != nil {
		return nil, err
	}
	return update.SetName(name).SetEmail(email).SetSearchText(searchText(name, email)).AddVersion(1).Save(ctx)
}

// maxPaymentTerms is a year.
const maxPaymentTerms = 365

// apply notes what is wrong with the settings and puts what was given into the mutation.
func (b Billing) apply(wrong *commission.Problems, currency commission.Currency, m *ent.PartnerMutation) {
	if b.Frequency.Set {
		m.SetBillingFrequency(b.Frequency.Value)
	}
	if b.PaymentTermsDays.Set {
		if b.PaymentTermsDays.Value < 0 || b.PaymentTermsDays.Value > maxPaymentTerms {
			wrong.Add("billing.paymentTermsDays", "must be from 0 to %d", maxPaymentTerms)
		}
		m.SetPaymentTermsDays(b.PaymentTermsDays.Value)
	}
	if b.InvoiceThreshold.Set {
		m.ClearInvoiceThreshold()
		if amount := b.InvoiceThreshold.Value; amount != nil {
			if amount.IsNegative() || amount.GreaterThan(commission.MaxAmount) || commission.DecimalsOf(*amount) > int(currency.Digits()) {
				wrong.Add("billing.invoiceThreshold", "must be from 0 to %s, with at most %d decimals", commission.MaxAmount, currency.Digits())
			}
			m.SetInvoiceThreshold(amount)
		}
	}
	if b.HideInvoices.Set {
		m.SetHideInvoices(b.HideInvoices.Value)
	}
}

func (c *change) checkManager(ctx context.Context, wrong *commission.Problems, id *int) error {
	if id == nil {
		return nil
	}
	found, err := c.tx.Account.Query().
		Where(account.ID(*id), account.NetworkID(c.network.ID), account.RoleIn(commission.PartnerManager, commission.Admin)).Exist(ctx)
	if err == nil && !found {
		*wrong = append(*wrong, commission.ErrNotFound("manager", "manager"))
	}
	return err
}

// ApprovePartner makes a partner ACTIVE. The first approval starts the referral and earns the flat fee
// [A1, A4, C2]; approving an ACTIVE partner changes nothing. For ADMIN and PARTNER_MANAGER, in scope.
func (p *Program) ApprovePartner(ctx context.Context, networkID, partnerID int) (*ent.Partner, error) {
	return p.setPartnerStatus(ctx, networkID, partnerID, commission.PartnerActive, doing{action: "approvePartner", by: byStaff})
}

// SetPartnerStatus changes where a partner stands. While a referrer is not ACTIVE its terms do not earn
// [T6]. No partner becomes PENDING again. For ADMIN and PARTNER_MANAGER, in scope.
func (p *Program) SetPartnerStatus(ctx context.Context, networkID, partnerID int, status commission.PartnerStatus, reason string) (*ent.Partner, error) {
	return p.setPartnerStatus(ctx, networkID, partnerID, status, doing{action: "setPartnerStatus", by: byStaff, reason: reason})
}

func (p *Program) setPartnerStatus(ctx context.Context, networkID, partnerID int, status commission.PartnerStatus, d doing) (*ent.Partner, error) {
	var changed *ent.Partner
	err := p.change(ctx, networkID, d, func(ctx context.Context, c *change) error {
		var wrong commission.Problems
		checkReason(&wrong, d.reason)
		if err := wrong.Err(); err != nil {
			return err
		}
		found, err := c.partner(ctx, "id", partnerID)
		if err != nil {
			return err
		}
		changed, err = c.setStatus(ctx, found, status)
		return err
	}, &changed)
	return changed, err
}

func (c *change) setStatus(ctx context.Context, before *ent.Partner, status commission.PartnerStatus) (*ent.Partner, error) {
	switch status {
	case before.Status:
		return before, nil
	case commission.PartnerPending:
		return nil, commission.Refuse(commission.FailedPrecondition, "status", "a partner that was decided on does not become PENDING again")
	}
	if err := c.keepStatus(ctx, before.ID, status); err != nil {
		return nil, err
	}
	update := before.Update().SetStatus(status).AddVersion(1)
	firstApproval := status == commission.PartnerActive && before.ApprovedAt == nil
	if firstApproval {
		update.SetApprovedAt(c.at)
	}
	after, err := update.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("save the status: %w", err)
	}
	if firstApproval && after.ReferredByID != nil {
		if _, err := c.startReferral(ctx, after, true); err != nil {
			return nil, err
		}
	}
	return after, nil
}

// keepStatus begins a new stretch of the partner's status history.
func (c *change) keepStatus(ctx context.Context, partnerID int, status commission.PartnerStatus) error {
	err := c.tx.PartnerStatus.Update().
		Where(partnerstatus.PartnerID(partnerID), partnerstatus.UntilIsNil()).SetUntil(c.at).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end the last status: %w", err)
	}
	err = c.tx.PartnerStatus.Create().SetNetworkID(c.network.ID).SetPartnerID(partnerID).SetStatus(status).SetSince(c.at).Exec(ctx)
	if err != nil {
		return fmt.Errorf("begin the status: %w", err)
	}
	return nil
}

// startReferral starts the referral of a partner whose Referred By is set, opens its first term where
// the referrer's effective setting pays [A4, A7], and accrues the flat fee where this is the partner's
// first approval [C2].
func (c *change) startReferral(ctx context.Context, referred *ent.Partner, firstApproval bool) (*ent.Referral, error) {
	started, err := c.tx.Referral.Create().
		SetNetworkID(c.network.ID).SetReferrerID(*referred.ReferredByID).SetReferredID(referred.ID).
		SetSource(*referred.ReferredBySource).SetStartedAt(c.at).SetActiveKey(referred.ID).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the referral: %w", err)
	}
	referrer, err := c.tx.Partner.Get(viewer.Elevate(ctx), *referred.ReferredByID) // of whom a LIMITED manager may see no more than the name
	if err != nil {
		return nil, fmt.Errorf("find the referrer: %w", err)
	}
	structureID := c.effective(referrer.ReferralMode, referrer.ReferralStructureID)
	if structureID == nil {
		return started, nil
	}
	if _, err := c.open(ctx, referrers{"r.id = ?", []any{started.ID}}, *structureID, false); err != nil {
		return nil, err
	}
	structure, err := c.structure(ctx, *structureID)
	if err != nil {
		return nil, err
	}
	fee, isFlat := structure.Commission.(commission.FlatFee)
	if !isFlat || !firstApproval || referrer.Status != commission.PartnerActive {
		return started, nil
	}
	termID, err := c.tx.ReferralTerm.Query().Where(referralterm.ReferralID(started.ID)).OnlyID(viewer.Elevate(ctx))
	if err != nil {
		return nil, fmt.Errorf("find the term: %w", err)
	}
	return started, ledger.AccrueFee(ctx, c.tx, c.network.ID, termID, c.at, c.zone, fee.Amount)
}

// endReferral ends a partner's referral, if it has one, and closes its open term [A6]. Where the change
// says so, what is unbilled is forfeited.
func (c *change) endReferral(ctx context.Context, referredID int, unbilled Unbilled, reason string) error {
	held, err := c.tx.Referral.Query().Where(referral.ActiveKey(referredID)).Only(viewer.Elevate(ctx))
	if ent.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = c.tx.ExecContext(ctx, `
		UPDATE referral_term SET stopped_at = ?, stop_reason = ?
		WHERE id = ? AND stopped_at IS NULL AND (window_ends_at IS NULL OR window_ends_at > ?)`,
		c.at, string(commission.ReferralEnded), held.LatestTermID, c.at)
	if err != nil {
		return fmt.Errorf("close the term: %w", err)
	}
	end := held.Update().SetEndedAt(c.at).ClearActiveKey().SetEndReason(reason)
	if unbilled == Forfeit {
		end.SetForfeitedAt(c.at)
		if err := ledger.Forfeit(ctx, c.tx, held.ID); err != nil {
			return err
		}
	}
	if err := end.Exec(ctx); err != nil {
		return fmt.Errorf("end the referral: %w", err)
	}
	return nil
}
