package rule

import (
	"context"
	"reflect"
	"slices"

	entgo "entgo.io/ent"

	"partner.example/referrals/commission"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/privacy"
	"partner.example/referrals/ent/viewer"
)

// Fields says which fields of the rows of a table a viewer is shown, where that is not all of them; nil: all. A field
// that is added later is among those that are hidden.
type Fields[T any] struct {
	// Partly tells of which viewers a row may be one that is shown in part.
	Partly func(v viewer.Viewer) bool
	// Shown is the fields of a row that such a viewer is shown.
	Shown func(v viewer.Viewer, row *T) []string
}

// Interceptor leaves, in whatever a query finds, the other fields empty, so that a resolver that forgets to ask shows
// nothing of them [R2]. Such viewers select no single columns: those would come without the row that says whose
// they are.
func (f Fields[T]) Interceptor() entgo.Interceptor {
	return entgo.InterceptFunc(func(next entgo.Querier) entgo.Querier {
		return entgo.QuerierFunc(func(ctx context.Context, q entgo.Query) (entgo.Value, error) {
			v, ok := viewer.From(ctx)
			if !ok || v.IsSystem() || !f.Partly(v) {
				return next.Query(ctx, q)
			}
			if asked := entgo.QueryFromContext(ctx); asked != nil && slices.Contains([]string{entgo.OpQuerySelect, entgo.OpQueryGroupBy}, asked.Op) {
				return nil, privacy.Denyf("the role %s selects no columns of a %s", v.Role, asked.Type)
			}
			found, err := next.Query(ctx, q)
			if rows, ok := found.([]*T); ok && err == nil {
				for _, row := range rows {
					f.Hide(v, row)
				}
			}
			return found, err
		})
	})
}

// Hide leaves empty, of a row that was read for somebody else, what a viewer is not shown.
func (f Fields[T]) Hide(v viewer.Viewer, row *T) {
	if v.IsSystem() || !f.Partly(v) {
		return
	}
	if shown := f.Shown(v, row); shown != nil {
		hideAllBut(row, shown)
	}
}

func hideAllBut[T any](row *T, shown []string) {
	fields := reflect.ValueOf(row).Elem()
	for i := range fields.NumField() {
		if of := fields.Type().Field(i); of.IsExported() && !slices.Contains(shown, of.Name) {
			fields.Field(i).SetZero()
		}
	}
}

// PartnerFields is the name and the status, and nothing more, of a partner that is named by something that the viewer
// sees and is not the viewer's. A partner is shown of itself neither who referred nor who manages it, nor how the
// network bills it.
var PartnerFields = Fields[ent.Partner]{
	Partly: func(v viewer.Viewer) bool { return v.Limited || v.Is(commission.PartnerUser) },
	Shown: func(v viewer.Viewer, partner *ent.Partner) []string {
		shown := []string{"ID", "NetworkID", "Name", "Status"}
		switch all := SeesAllOf(v, partner); {
		case all && v.Is(commission.PartnerUser):
			return append(shown, "Email", "ApprovedAt", "Version", "ReferralCode", "ReferralMode", "ReferralStructureID", "ReferralSettingVersion", "Edges")
		case all:
			return nil
		default:
			return shown
		}
	},
}

// AccountFields is the name; what an account may do, and how it is reached, is an ADMIN's to know.
var AccountFields = Fields[ent.Account]{
	Partly: func(v viewer.Viewer) bool { return !v.Is(commission.Admin) },
	Shown:  func(viewer.Viewer, *ent.Account) []string { return []string{"ID", "NetworkID", "Name"} },
}

// NetworkFields is, for those who are not its staff, how amounts and days are written; for a PARTNER also what its own
// effective setting and its sign-up link are made of.
var NetworkFields = Fields[ent.Network]{
	Partly: func(v viewer.Viewer) bool { return v.Is(commission.PartnerUser, commission.Tracker) },
	Shown: func(v viewer.Viewer, _ *ent.Network) []string {
		shown := []string{"ID", "Name", "Currency", "TimeZone"}
		if v.Is(commission.PartnerUser) {
			shown = append(shown, "ReferralEnabled", "ReferralStructureID", "SignUpPage")
		}
		return shown
	},
}

// ReferralFields is, for the referrer, all but why staff ended it.
var ReferralFields = Fields[ent.Referral]{
	Partly: func(v viewer.Viewer) bool { return v.Is(commission.PartnerUser) },
	Shown: func(viewer.Viewer, *ent.Referral) []string {
		return []string{"ID", "NetworkID", "ReferrerID", "ReferredID", "Source", "StartedAt", "EndedAt", "Edges"}
	},
}

// InvoiceLineFields is, for the partner that is paid, what it is paid and by which structure: neither how many
// conversions it was, nor of which amount.
var InvoiceLineFields = Fields[ent.InvoiceLine]{
	Partly: func(v viewer.Viewer) bool { return v.Is(commission.PartnerUser) },
	Shown: func(viewer.Viewer, *ent.InvoiceLine) []string {
		return []string{"ID", "NetworkID", "InvoiceID", "Type", "Description", "TermID", "ReferredID", "ReferredName", "StructureID", "From", "To", "Amount", "CarriedBy", "Edges"}
	},
}
