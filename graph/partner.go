package graph

import (
	"cmp"
	"context"
	"net/url"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/page"
	"partner.example/referrals/graph/scalar"
)

// ID is opaque.
func (r partnerResolver) ID(_ context.Context, p *ent.Partner) (*scalar.ID, error) {
	return idOf(scalar.Partner, p.ID)
}

// Email is null where there is none.
func (r partnerResolver) Email(_ context.Context, p *ent.Partner) (*string, error) {
	return textOf(p.Email), nil
}

// Manager is the account that manages the partner.
func (r partnerResolver) Manager(ctx context.Context, p *ent.Partner) (*ent.Account, error) {
	return maybe(ctx, loadersOf(ctx).account, p.ManagerID)
}

// ReferralLink is the partner's sign-up link, while its referrals would pay [A2].
func (r partnerResolver) ReferralLink(ctx context.Context, p *ent.Partner) (*string, error) {
	n, effective, err := r.effective(ctx, p)
	if err != nil || effective == nil || n.SignUpPage == "" || p.ReferralCode == "" {
		return nil, err
	}
	link, err := url.Parse(n.SignUpPage)
	if err != nil {
		return nil, err
	}
	query := link.Query()
	query.Set("ref", p.ReferralCode)
	link.RawQuery = query.Encode()
	text := link.String()
	return &text, nil
}

// effective is the partner's network and the structure that pays its referrals now [S3].
func (r *Resolver) effective(ctx context.Context, p *ent.Partner) (*ent.Network, *int, error) {
	n, err := one(ctx, loadersOf(ctx).network, p.NetworkID, "network")
	if err != nil {
		return nil, nil, err
	}
	return n, commission.Effective(p.ReferralMode, p.ReferralStructureID, n.ReferralEnabled, n.ReferralStructureID), nil
}

// ReferredBy is the referrer.
func (r partnerResolver) ReferredBy(ctx context.Context, p *ent.Partner) (*ent.Partner, error) {
	return maybe(ctx, loadersOf(ctx).partner, p.ReferredByID)
}

// ReferralSetting is fields of the partner.
func (r partnerResolver) ReferralSetting(_ context.Context, p *ent.Partner) (*ent.Partner, error) {
	return p, nil
}

// Structure is the partner's own.
func (r partnerReferralSettingResolver) Structure(ctx context.Context, p *ent.Partner) (*ent.CommissionStructure, error) {
	return maybe(ctx, loadersOf(ctx).structure, p.ReferralStructureID)
}

// Effective is the structure that counts [S3].
func (r partnerReferralSettingResolver) Effective(ctx context.Context, p *ent.Partner) (*ent.CommissionStructure, error) {
	_, effective, err := r.effective(ctx, p)
	if err != nil {
		return nil, err
	}
	return maybe(ctx, loadersOf(ctx).structure, effective)
}

// Billing is fields of the partner.
func (r partnerResolver) Billing(_ context.Context, p *ent.Partner) (*ent.Partner, error) {
	return p, nil
}

// ReferralsMade is the referrals of a referrer. Where only their number is asked for, only that is read.
func (r partnerResolver) ReferralsMade(ctx context.Context, p *ent.Partner, first *int32, after *string) (*page.Referrals, error) {
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	from := loadersOf(ctx)
	total := 0
	asked := asks(ctx)
	if countIsAsked(asked) {
		if total, err = from.referralsMade.Load(ctx, p.ID); err != nil {
			return nil, err
		}
	}
	if onlyCounts(asked) {
		return page.Of[*ent.Referral](window, nil, total, nil), nil
	}
	rows, err := from.referrals.Load(ctx, pageOf(p, window))
	ahead(ctx, "Referral", rows)
	return page.Of(window, rows, total, func(r *ent.Referral) page.Position { return page.Position{Row: r.ID} }), err
}

// pageOf is the page of what a partner has in a window.
func pageOf(p *ent.Partner, window page.Window) partOf {
	of := partOf{partnerID: p.ID, first: window.First}
	if window.After != nil {
		of.before = window.After.Row
	}
	return of
}

// ReferralReport is the rows whose referrer is the partner.
func (r partnerResolver) ReferralReport(ctx context.Context, p *ent.Partner, from, to commission.Date) (*ledger.Report, error) {
	days := ledger.Range{From: from, To: to}
	if err := days.Check(); err != nil {
		return nil, err
	}
	report, err := loadersOf(ctx).reports.Load(ctx, reportOf{p.NetworkID, p.ID, days})
	return report.value, cmp.Or(err, report.err)
}

// CreatePartner creates a partner.
func (r mutationResolver) CreatePartner(ctx context.Context, input model.CreatePartnerInput) (*model.PartnerPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	created := program.NewPartner{
		Name: input.Name, Email: or(input.Email, ""), Status: or(input.Status, commission.PartnerPending),
		Billing: billingOf(input.Billing.Value()),
	}
	if referrer, ok := given(input.ReferredBy); ok {
		created.ReferredBy = pointer(referrer.Of(scalar.Partner))
	}
	if manager, ok := given(input.Manager); ok {
		created.ManagerID = pointer(manager.Of(scalar.Account))
	}
	return payload(r.Program.CreatePartner(ctx, v.NetworkID, created))
}

// UpdatePartner changes a partner.
func (r mutationResolver) UpdatePartner(ctx context.Context, input model.UpdatePartnerInput) (*model.PartnerPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	update := program.PartnerUpdate{
		ID: input.ID.Of(scalar.Partner), Version: int(input.Version), Billing: billingOf(input.Billing.Value()),
	}
	if name, set := input.Name.ValueOK(); set {
		update.Name = program.Some(value(name))
	}
	if email, set := input.Email.ValueOK(); set {
		update.Email = program.Some(value(email))
	}
	if manager, set := input.Manager.ValueOK(); set {
		update.ManagerID = program.Some[*int](nil)
		if manager != nil {
			update.ManagerID.Value = pointer(manager.Of(scalar.Account))
		}
	}
	return payload(r.Program.UpdatePartner(ctx, v.NetworkID, update))
}

func billingOf(input *model.BillingInput) program.Billing {
	var billing program.Billing
	if input == nil {
		return billing
	}
	if frequency, ok := given(input.Frequency); ok {
		billing.Frequency = program.Some(frequency)
	}
	if days, ok := given(input.PaymentTermsDays); ok {
		billing.PaymentTermsDays = program.Some(int(days))
	}
	if threshold, set := input.InvoiceThreshold.ValueOK(); set {
		billing.InvoiceThreshold = program.Some(threshold)
	}
	if hide, ok := given(input.HideInvoices); ok {
		billing.HideInvoices = program.Some(hide)
	}
	return billing
}

// ApprovePartner makes a partner ACTIVE.
func (r mutationResolver) ApprovePartner(ctx context.Context, id scalar.ID) (*model.PartnerPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return payload(r.Program.ApprovePartner(ctx, v.NetworkID, id.Of(scalar.Partner)))
}

// SetPartnerStatus changes where a partner stands.
func (r mutationResolver) SetPartnerStatus(ctx context.Context, id scalar.ID, status commission.PartnerStatus, reason *string) (*model.PartnerPayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return payload(r.Program.SetPartnerStatus(ctx, v.NetworkID, id.Of(scalar.Partner), status, value(reason)))
}

func payload(p *ent.Partner, err error) (*model.PartnerPayload, error) {
	if err != nil {
		return nil, err
	}
	return &model.PartnerPayload{Partner: p}, nil
}
