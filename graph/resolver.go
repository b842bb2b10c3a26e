// Package graph answers schema.graphqls: thin resolvers, one file for each noun. Plain entities are read
// straight from ent, whose privacy rules scope them; whatever computes or moves money goes through
// commission/ledger and commission/program.
package graph

import (
	"golang.org/x/sync/semaphore"

	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/graph/generated"
)

//go:generate go run ./generate

// Resolver is the root of all resolvers.
type Resolver struct {
	DB      *database.Database
	Ledger  *ledger.Ledger
	Program *program.Program
	Billing *billing.Billing

	orders          *orders
	signUps         *signUps
	partnersOf      *counts             // networks
	referralsMadeBy *counts             // partners
	proving         *semaphore.Weighted // of reconciliations that are being computed
}

// New makes the root.
func New(db *database.Database, l *ledger.Ledger, p *program.Program, b *billing.Billing) *Resolver {
	return &Resolver{
		DB: db, Ledger: l, Program: p, Billing: b,
		orders: newOrders(), signUps: newSignUps(), partnersOf: newCounts(), referralsMadeBy: newCounts(), proving: semaphore.NewWeighted(mostProofs),
	}
}

type (
	accountResolver                struct{ *Resolver }
	auditEventResolver             struct{ *Resolver }
	tokenResolver                  struct{ *Resolver }
	commissionStructureResolver    struct{ *Resolver }
	conversionResolver             struct{ *Resolver }
	datedChangeResolver            struct{ *Resolver }
	invoiceResolver                struct{ *Resolver }
	invoiceLineResolver            struct{ *Resolver }
	invoiceLineDayResolver         struct{ *Resolver }
	mutationResolver               struct{ *Resolver }
	runBillingPayloadResolver      struct{ *Resolver }
	networkResolver                struct{ *Resolver }
	partnerResolver                struct{ *Resolver }
	partnerReferralSettingResolver struct{ *Resolver }
	queryResolver                  struct{ *Resolver }
	liabilityAgeResolver           struct{ *Resolver }
	reconciliationResolver         struct{ *Resolver }
	differenceResolver             struct{ *Resolver }
	referrerReconciliationResolver struct{ *Resolver }
	referralResolver               struct{ *Resolver }
	referralCommissionResolver     struct{ *Resolver }
	retroactiveGrantResolver       struct{ *Resolver }
	commissionVoidResolver         struct{ *Resolver }
	referralEventResolver          struct{ *Resolver }
	referralReportResolver         struct{ *Resolver }
	referralReportRowResolver      struct{ *Resolver }
	referralReportRowLineResolver  struct{ *Resolver }
	referralSettingsResolver       struct{ *Resolver }
	referralTermResolver           struct{ *Resolver }
	referralThresholdResolver      struct{ *Resolver }
	settingsImpactResolver         struct{ *Resolver }
	termDayResolver                struct{ *Resolver }
	viewerResolver                 struct{ *Resolver }
)

// Account resolves accounts.
func (r *Resolver) Account() generated.AccountResolver { return accountResolver{r} }

// AuditEvent resolves what somebody did.
func (r *Resolver) AuditEvent() generated.AuditEventResolver { return auditEventResolver{r} }

// Token resolves tokens.
func (r *Resolver) Token() generated.TokenResolver { return tokenResolver{r} }

// CommissionStructure resolves structures.
func (r *Resolver) CommissionStructure() generated.CommissionStructureResolver {
	return commissionStructureResolver{r}
}

// Conversion resolves conversions.
func (r *Resolver) Conversion() generated.ConversionResolver { return conversionResolver{r} }

// DatedChange resolves changes of settings that were dated ahead.
func (r *Resolver) DatedChange() generated.DatedChangeResolver { return datedChangeResolver{r} }

// Invoice resolves invoices.
func (r *Resolver) Invoice() generated.InvoiceResolver { return invoiceResolver{r} }

// InvoiceLine resolves the lines of invoices.
func (r *Resolver) InvoiceLine() generated.InvoiceLineResolver { return invoiceLineResolver{r} }

// InvoiceLineDay resolves the days of the lines of invoices.
func (r *Resolver) InvoiceLineDay() generated.InvoiceLineDayResolver {
	return invoiceLineDayResolver{r}
}

// RunBillingPayload resolves what a billing run made.
func (r *Resolver) RunBillingPayload() generated.RunBillingPayloadResolver {
	return runBillingPayloadResolver{r}
}

// Mutation resolves mutations.
func (r *Resolver) Mutation() generated.MutationResolver { return mutationResolver{r} }

// Network resolves networks.
func (r *Resolver) Network() generated.NetworkResolver { return networkResolver{r} }

// Partner resolves partners.
func (r *Resolver) Partner() generated.PartnerResolver { return partnerResolver{r} }

// PartnerReferralSetting resolves partners' own settings.
func (r *Resolver) PartnerReferralSetting() generated.PartnerReferralSettingResolver {
	return partnerReferralSettingResolver{r}
}

// RetroactiveGrant resolves what was granted beside the rules.
func (r *Resolver) RetroactiveGrant() generated.RetroactiveGrantResolver {
	return retroactiveGrantResolver{r}
}

// CommissionVoid resolves what was taken away beside the rules.
func (r *Resolver) CommissionVoid() generated.CommissionVoidResolver {
	return commissionVoidResolver{r}
}

// Query resolves queries.
func (r *Resolver) Query() generated.QueryResolver { return queryResolver{r} }

// Referral resolves referrals.
func (r *Resolver) Referral() generated.ReferralResolver { return referralResolver{r} }

// LiabilityAge resolves what was owed of one age.
func (r *Resolver) LiabilityAge() generated.LiabilityAgeResolver { return liabilityAgeResolver{r} }

// Reconciliation resolves what was earned, and what has become of it.
func (r *Resolver) Reconciliation() generated.ReconciliationResolver {
	return reconciliationResolver{r}
}

// ReconciliationDifference resolves a row that is not what it should be.
func (r *Resolver) ReconciliationDifference() generated.ReconciliationDifferenceResolver {
	return differenceResolver{r}
}

// ReferrerReconciliation resolves what one referrer earned, and what has become of it.
func (r *Resolver) ReferrerReconciliation() generated.ReferrerReconciliationResolver {
	return referrerReconciliationResolver{r}
}

// ReferralEvent resolves what happened to a referral.
func (r *Resolver) ReferralEvent() generated.ReferralEventResolver { return referralEventResolver{r} }

// ReferralCommission resolves why a conversion earned what it did.
func (r *Resolver) ReferralCommission() generated.ReferralCommissionResolver {
	return referralCommissionResolver{r}
}

// ReferralReport resolves the referral report.
func (r *Resolver) ReferralReport() generated.ReferralReportResolver {
	return referralReportResolver{r}
}

// ReferralReportRow resolves the rows of the report.
func (r *Resolver) ReferralReportRow() generated.ReferralReportRowResolver {
	return referralReportRowResolver{r}
}

// ReferralReportRowLine resolves the invoice lines of the rows of the report.
func (r *Resolver) ReferralReportRowLine() generated.ReferralReportRowLineResolver {
	return referralReportRowLineResolver{r}
}

// ReferralSettings resolves a network's settings.
func (r *Resolver) ReferralSettings() generated.ReferralSettingsResolver {
	return referralSettingsResolver{r}
}

// ReferralTerm resolves terms.
func (r *Resolver) ReferralTerm() generated.ReferralTermResolver { return referralTermResolver{r} }

// ReferralThreshold resolves thresholds.
func (r *Resolver) ReferralThreshold() generated.ReferralThresholdResolver {
	return referralThresholdResolver{r}
}

// SettingsImpact resolves what a change of settings did.
func (r *Resolver) SettingsImpact() generated.SettingsImpactResolver {
	return settingsImpactResolver{r}
}

// TermDay resolves the days of a term.
func (r *Resolver) TermDay() generated.TermDayResolver { return termDayResolver{r} }

// Viewer resolves who is asking.
func (r *Resolver) Viewer() generated.ViewerResolver { return viewerResolver{r} }
