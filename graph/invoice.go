package graph

import (
	"context"
	"strconv"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/invoice"
	"partner.example/referrals/ent/generated/partner"
	"partner.example/referrals/ent/generated/predicate"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/page"
	"partner.example/referrals/graph/scalar"
)

// ID is opaque.
func (r invoiceResolver) ID(_ context.Context, i *ent.Invoice) (*scalar.ID, error) {
	return idOf(scalar.Invoice, i.ID)
}

// Partner is who is paid.
func (r invoiceResolver) Partner(ctx context.Context, i *ent.Invoice) (*ent.Partner, error) {
	found, err := one(ctx, loadersOf(ctx).partner, i.PartnerID, "partner")
	return under(i.PartnerName, found), err
}

// under is a partner by the name that an invoice has for it: what an invoice says does not change with the partner.
func under(name string, p *ent.Partner) *ent.Partner {
	if p == nil || p.Name == name {
		return p
	}
	then := *p
	then.Name = name
	return &then
}

// Currency is the network's.
func (r invoiceResolver) Currency(ctx context.Context, i *ent.Invoice) (string, error) {
	n, err := one(ctx, loadersOf(ctx).network, i.NetworkID, "network")
	if err != nil {
		return "", err
	}
	return string(n.Currency), nil
}

// Total is the sum of the lines.
func (r invoiceResolver) Total(ctx context.Context, i *ent.Invoice) (*decimal.Decimal, error) {
	return r.exact(ctx, i.NetworkID, i.Total)
}

// exact is an amount with the decimals with which the network's currency is written.
func (r *Resolver) exact(ctx context.Context, networkID int, amount decimal.Decimal) (*decimal.Decimal, error) {
	n, err := one(ctx, loadersOf(ctx).network, networkID, "network")
	if err != nil {
		return nil, err
	}
	return pointer(n.Currency.Exact(amount)), nil
}

// Lines is in the order in which they stand on the invoice.
func (r invoiceResolver) Lines(ctx context.Context, i *ent.Invoice) ([]*ent.InvoiceLine, error) {
	lines, err := loadersOf(ctx).lines.Load(ctx, i.ID)
	ahead(ctx, "InvoiceLine", lines)
	return lines, err
}

// Documents is where its documents are.
func (r invoiceResolver) Documents(_ context.Context, i *ent.Invoice) (*model.InvoiceDocuments, error) {
	path := "/invoices/" + scalar.ID{Type: scalar.Invoice, Row: i.ID}.String()
	return &model.InvoiceDocuments{CSV: path + ".csv", HTML: path + ".html", PDF: path + ".pdf"}, nil
}

// ID is opaque.
func (r invoiceLineResolver) ID(_ context.Context, l *ent.InvoiceLine) (*scalar.ID, error) {
	return idOf(scalar.Line, l.ID)
}

// Invoice is the one on which the line stands.
func (r invoiceLineResolver) Invoice(ctx context.Context, l *ent.InvoiceLine) (*ent.Invoice, error) {
	return one(ctx, loadersOf(ctx).invoice, l.InvoiceID, "invoice")
}

// Referred is who was referred, of a referral line.
func (r invoiceLineResolver) Referred(ctx context.Context, l *ent.InvoiceLine) (*ent.Partner, error) {
	found, err := maybe(ctx, loadersOf(ctx).partner, l.ReferredID)
	return under(l.ReferredName, found), err
}

// Term is what a referral line pays.
func (r invoiceLineResolver) Term(ctx context.Context, l *ent.InvoiceLine) (*ent.ReferralTerm, error) {
	return maybe(ctx, loadersOf(ctx).term, l.TermID)
}

// Description is what the line is, in words.
func (r invoiceLineResolver) Description(ctx context.Context, l *ent.InvoiceLine) (string, error) {
	origin, err := r.Counterpart(ctx, l)
	return billing.InWords(l, origin != nil), err
}

// Counterpart is the line on the other invoice of what is carried forward.
func (r invoiceLineResolver) Counterpart(ctx context.Context, l *ent.InvoiceLine) (*ent.InvoiceLine, error) {
	switch {
	case l.Type != commission.CarryForward:
		return nil, nil //nolint:nilnil // it is not carried
	case l.Amount.IsPositive():
		return maybe(ctx, loadersOf(ctx).line, l.CarriedBy)
	default:
		return maybe(ctx, loadersOf(ctx).broughtBack, &l.ID)
	}
}

func lineOf(l *ent.InvoiceLine) ledger.Line {
	return ledger.Line{ID: l.ID, Payouts: l.Type == commission.PartnerPayout}
}

// Days is what the line pays, day by day.
func (r invoiceLineResolver) Days(ctx context.Context, l *ent.InvoiceLine, first *int32, after *string) (*page.LineDays, error) {
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	from := loadersOf(ctx)
	of := dayPage(l, window)
	sums, err := from.lineDays.Load(ctx, of)
	if err != nil {
		return nil, err
	}
	total, err := from.lineDaysIn.Load(ctx, of.Line)
	if err != nil {
		return nil, err
	}
	n, err := one(ctx, from.network, l.NetworkID, "network")
	if err != nil {
		return nil, err
	}
	var structure commission.Structure
	if l.StructureID != nil {
		stored, err := one(ctx, from.structure, *l.StructureID, "structure")
		if err != nil {
			return nil, err
		}
		structure = ledger.StructureOf(stored)
	}
	days := make([]*ledger.LineDay, len(sums))
	for i, day := range sums {
		days[i] = of.Day(ctx, n.Currency, structure, day)
	}
	ahead(ctx, "InvoiceLineDay", days)
	return page.Of(window, days, total, func(d *ledger.LineDay) page.Position { return page.Position{Row: int(d.Date)} }), nil
}

// dayPage is the page of a line's days in a window.
func dayPage(l *ent.InvoiceLine, window page.Window) daysOf {
	of := daysOf{Line: lineOf(l), first: window.First, after: -1}
	if window.After != nil {
		of.after = commission.Date(window.After.Row) //nolint:gosec // another number is no day, and none is behind it
	}
	return of
}

// ConversionList is what the line is the sum of.
func (r invoiceLineResolver) ConversionList(ctx context.Context, l *ent.InvoiceLine, first *int32, after *string) (*page.Conversions, error) {
	return r.conversions(ctx, lineOf(l).Counted(), first, after)
}

// ConversionList is what the day is the sum of.
func (r invoiceLineDayResolver) ConversionList(ctx context.Context, day *ledger.LineDay, first *int32, after *string) (*page.Conversions, error) {
	return r.conversions(ctx, day.Counted(), first, after)
}

// Line is the line itself.
func (r referralReportRowLineResolver) Line(ctx context.Context, l *ledger.RowLine) (*ent.InvoiceLine, error) {
	return one(ctx, loadersOf(ctx).line, l.LineID, "line")
}

// Explanation is what the line pays, in a sentence.
func (r invoiceLineResolver) Explanation(ctx context.Context, l *ent.InvoiceLine) (string, error) {
	on, err := r.Invoice(ctx, l)
	if err != nil {
		return "", err
	}
	n, err := one(ctx, loadersOf(ctx).network, l.NetworkID, "network")
	if err != nil {
		return "", err
	}
	v, _ := viewer.From(ctx)
	facts := commission.LineFacts{
		Currency: n.Currency, Own: v.Is(commission.PartnerUser), Type: l.Type, Partner: on.PartnerName, Referred: l.ReferredName,
		Days: commission.Period{From: l.From, To: l.To}, Conversions: l.Conversions, BasisAmount: l.BasisAmount, Amount: l.Amount, Deleted: on.Status == commission.Deleted,
	}
	if l.StructureID != nil {
		stored, err := one(ctx, loadersOf(ctx).structure, *l.StructureID, "structure")
		if err != nil {
			return "", err
		}
		structure := ledger.StructureOf(stored)
		facts.Structure = &structure
	}
	return facts.Explain(), nil
}

// Structure is how a referral line pays.
func (r invoiceLineResolver) Structure(ctx context.Context, l *ent.InvoiceLine) (*ent.CommissionStructure, error) {
	return maybe(ctx, loadersOf(ctx).structure, l.StructureID)
}

// BasisAmount is what the rate was taken of.
func (r invoiceLineResolver) BasisAmount(ctx context.Context, l *ent.InvoiceLine) (*decimal.Decimal, error) {
	return r.exact(ctx, l.NetworkID, l.BasisAmount)
}

// Amount is rounded to the currency's minor unit.
func (r invoiceLineResolver) Amount(ctx context.Context, l *ent.InvoiceLine) (*decimal.Decimal, error) {
	return r.exact(ctx, l.NetworkID, l.Amount)
}

// Invoice is the one that pays the day.
func (r termDayResolver) Invoice(ctx context.Context, day *ledger.Day) (*ent.Invoice, error) {
	if day.LineID <= 0 {
		return nil, nil //nolint:nilnil // none
	}
	line, err := maybe(ctx, loadersOf(ctx).line, &day.LineID)
	if err != nil || line == nil { // a hidden invoice is not its partner's to see
		return nil, err
	}
	return maybe(ctx, loadersOf(ctx).invoice, &line.InvoiceID)
}

// Invoices is those of the partners in scope, the latest first.
func (r networkResolver) Invoices(ctx context.Context, n *ent.Network, filter *model.InvoiceFilter, first *int32, after *string) (*page.Invoices, error) {
	where := []predicate.Invoice{invoice.NetworkID(n.ID)}
	if filter != nil {
		if id, ok := given(filter.Partner); ok {
			where = append(where, invoice.PartnerID(id.Of(scalar.Partner)))
		}
		if statuses := filter.Status.Value(); len(statuses) > 0 {
			where = append(where, invoice.StatusIn(statuses...))
		}
		if day, ok := given(filter.From); ok {
			where = append(where, invoice.ToGTE(day))
		}
		if day, ok := given(filter.To); ok {
			where = append(where, invoice.ToLTE(day))
		}
		search, err := words("filter.search", or(filter.Search, ""))
		if err != nil {
			return nil, err
		}
		if search != "" {
			found := invoice.HasPartnerWith(partner.SearchTextContains(search))
			if number, err := strconv.Atoi(search); err == nil {
				found = invoice.Or(found, invoice.Number(number))
			}
			where = append(where, found)
		}
	}
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	total, err := r.DB.Invoice.Query().Where(where...).Count(ctx)
	if err != nil {
		return nil, err
	}
	query := r.DB.Invoice.Query().Where(where...).Order(invoice.ByNumber(entsql.OrderDesc())).Limit(window.First + 1)
	if at := window.After; at != nil {
		query.Where(invoice.NumberLT(at.Row))
	}
	rows, err := query.All(ctx)
	ahead(ctx, "Invoice", rows)
	return page.Of(window, rows, total, invoicePosition), err
}

// Invoices is the partner's, the latest first.
func (r partnerResolver) Invoices(ctx context.Context, p *ent.Partner, first *int32, after *string) (*page.Invoices, error) {
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	from := loadersOf(ctx)
	total, err := from.invoicesIn.Load(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	rows, err := from.invoices.Load(ctx, pageOf(p, window))
	ahead(ctx, "Invoice", rows)
	return page.Of(window, rows, total, invoicePosition), err
}

// invoicePosition is the place of an invoice in a list: they go by their numbers.
func invoicePosition(i *ent.Invoice) page.Position { return page.Position{Row: i.Number} }

// Invoice is one of the network's.
func (r networkResolver) Invoice(ctx context.Context, n *ent.Network, id scalar.ID) (*ent.Invoice, error) {
	found, err := one(ctx, loadersOf(ctx).invoice, id.Of(scalar.Invoice), "invoice")
	if commission.CodeOf(err) == commission.NotFound || (err == nil && found.NetworkID != n.ID) {
		return nil, commission.ErrNotFound("id", "invoice")
	}
	aheadOf(ctx, "Invoice", found)
	return found, err
}

// RunBilling makes the invoices that are due.
func (r mutationResolver) RunBilling(ctx context.Context, through commission.Date, id *scalar.ID) (*billing.Made, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	run := billing.Run{Through: through}
	if id != nil {
		run.PartnerID = orNobody(id.Of(scalar.Partner))
	}
	made, err := r.Billing.Bill(ctx, v.NetworkID, run, nil)
	return &billing.Made{IDs: made}, err
}

// Invoices is what the run made, in the order of their numbers. They are named by their places in the run, not
// by a condition on thousands of ids.
func (r runBillingPayloadResolver) Invoices(ctx context.Context, made *billing.Made, first *int32, after *string) (*page.Invoices, error) {
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	ids := made.IDs
	if at := window.After; at != nil {
		for len(ids) > 0 && ids[0] <= at.Row {
			ids = ids[1:]
		}
	}
	ids = ids[:min(len(ids), window.First+1)]
	rows, err := r.DB.Invoice.Query().Where(invoice.IDIn(ids...)).Order(invoice.ByNumber()).All(ctx)
	ahead(ctx, "Invoice", rows)
	return page.Of(window, rows, len(made.IDs), func(i *ent.Invoice) page.Position { return page.Position{Row: i.ID} }), err
}

// MarkInvoicePaid says that an invoice was paid.
func (r mutationResolver) MarkInvoicePaid(ctx context.Context, id scalar.ID) (*model.InvoicePayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return invoicePayload(r.Billing.MarkPaid(ctx, v.NetworkID, id.Of(scalar.Invoice)))
}

// DeleteInvoice deletes an unpaid invoice.
func (r mutationResolver) DeleteInvoice(ctx context.Context, id scalar.ID, reason string) (*model.InvoicePayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return invoicePayload(r.Billing.Delete(ctx, v.NetworkID, id.Of(scalar.Invoice), reason))
}

// SetInvoiceHidden hides an invoice from its partner, or shows it again.
func (r mutationResolver) SetInvoiceHidden(ctx context.Context, id scalar.ID, hidden bool) (*model.InvoicePayload, error) {
	v, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return invoicePayload(r.Billing.SetHidden(ctx, v.NetworkID, id.Of(scalar.Invoice), hidden))
}

func invoicePayload(i *ent.Invoice, err error) (*model.InvoicePayload, error) {
	if err != nil {
		return nil, err
	}
	return &model.InvoicePayload{Invoice: i}, nil
}
