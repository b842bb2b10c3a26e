package billing

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"unicode/utf8"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/invoice"
	"partner.example/referrals/ent/viewer"
)

const maxReason = 1000

// change changes one invoice of the network. For ADMIN.
func (b *Billing) change(ctx context.Context, networkID, id int, action, reason string, do func(ctx context.Context, w *work, found *ent.Invoice) (*ent.Invoice, error)) (*ent.Invoice, error) {
	if _, err := viewer.Require(ctx, networkID, commission.Admin); err != nil {
		return nil, err
	}
	var changed *ent.Invoice
	err := b.transact(ctx, networkID, action, reason, func(ctx context.Context, w *work) error {
		found, err := w.tx.Invoice.Query().Where(invoice.ID(id), invoice.NetworkID(networkID)).Only(ctx)
		if ent.IsNotFound(err) {
			return commission.ErrNotFound("id", "invoice")
		}
		if err != nil {
			return err
		}
		changed, err = do(ctx, w, found)
		return err
	}, &changed)
	return changed, err
}

// MarkPaid says that an invoice was paid, which nothing takes back; one that is PAID stays as it is [I4]. For ADMIN.
func (b *Billing) MarkPaid(ctx context.Context, networkID, id int) (*ent.Invoice, error) {
	return b.change(ctx, networkID, id, "markInvoicePaid", "", func(ctx context.Context, w *work, found *ent.Invoice) (*ent.Invoice, error) {
		switch found.Status {
		case commission.Paid:
			return found, nil
		case commission.Deleted:
			return nil, commission.Refuse(commission.FailedPrecondition, "id", "invoice %d is DELETED", found.Number)
		default:
			return found.Update().SetStatus(commission.Paid).SetPaidAt(w.at).Save(ctx)
		}
	})
}

// Delete deletes an unpaid invoice: what it billed is unbilled again, what it brought back is carried forward again,
// and its number stays taken [I4]. One whose carry-forward a later invoice brought back is not deleted before
// that one, nor is one of which a later invoice took back more than the others billed [C6]. For ADMIN.
func (b *Billing) Delete(ctx context.Context, networkID, id int, reason string) (*ent.Invoice, error) {
	if reason == "" || len(reason) > maxReason || !utf8.ValidString(reason) {
		return nil, commission.Refuse(commission.BadUserInput, "reason", "must be a text of 1 to %d bytes", maxReason)
	}
	return b.change(ctx, networkID, id, "deleteInvoice", reason, func(ctx context.Context, w *work, found *ent.Invoice) (*ent.Invoice, error) {
		switch found.Status {
		case commission.Deleted:
			return found, nil
		case commission.Paid:
			return nil, commission.Refuse(commission.FailedPrecondition, "id", "invoice %d is PAID, and a paid invoice is not deleted", found.Number)
		}
		if later, err := w.builtOn(ctx, id); err != nil || later != 0 {
			if err != nil {
				return nil, err
			}
			return nil, commission.Refuse(commission.FailedPrecondition, "id", "invoice %d brought back what this one carried forward: delete that one first", later)
		}
		if later, err := w.takenBackBy(ctx, id); err != nil || later != 0 {
			if err != nil {
				return nil, err
			}
			return nil, commission.Refuse(commission.FailedPrecondition, "id", "invoice %d took back what this one billed: delete that one first", later)
		}
		const itsLines = "(SELECT id AS its FROM invoice_line WHERE invoice_id = ?) released"
		for _, release := range []database.Joined{
			{Table: "accrual", Set: "line_id = 0", With: itsLines, On: "released.its = accrual.line_id"},
			{Table: "earning_day", Set: "line_id = 0", With: itsLines, On: "released.its = earning_day.line_id"},
			{Table: "invoice_line", Set: "carried_by = NULL", With: itsLines, On: "released.its = invoice_line.carried_by"},
		} {
			if _, err := w.tx.UpdateJoined(ctx, release, id); err != nil {
				return nil, fmt.Errorf("release what was billed: %w", err)
			}
		}
		since := map[int]commission.Date{} // of each term that it paid: the first day
		err := database.Each(ctx, w.tx, "SELECT term_id, from_day FROM invoice_line WHERE invoice_id = ? AND term_id IS NOT NULL", []any{id}, func(row *stdsql.Rows) error {
			var term int
			var from commission.Date
			err := row.Scan(&term, &from)
			since[term] = from
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("find what was billed: %w", err)
		}
		if err := ledger.Recount(ctx, w.tx, since); err != nil {
			return nil, err
		}
		return found.Update().SetStatus(commission.Deleted).SetDeletedAt(w.at).Save(ctx)
	})
}

// builtOn is the number of the invoice that brought back what this one carried forward; 0: none did.
func (w *work) builtOn(ctx context.Context, id int) (int, error) {
	number := 0
	err := database.Each(ctx, w.tx, `
		SELECT i.number FROM invoice_line l JOIN invoice_line back ON back.id = l.carried_by JOIN invoice i ON i.id = back.invoice_id
		WHERE l.invoice_id = ?`, []any{id}, func(row *stdsql.Rows) error { return row.Scan(&number) })
	return number, err
}

// takenBackBy is the number of the last invoice that took back from a term what it would not have been billed without
// this one [C6]; 0: none did.
func (w *work) takenBackBy(ctx context.Context, id int) (int, error) {
	number := 0
	err := database.Each(ctx, w.tx, `
		SELECT MAX(CASE WHEN l.amount < 0 THEN i.number ELSE 0 END) FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
		WHERE i.status <> 'DELETED' AND i.id <> ? AND l.term_id IN (SELECT term_id FROM invoice_line WHERE invoice_id = ? AND term_id IS NOT NULL)
		GROUP BY l.term_id HAVING SUM(l.amount) < 0 ORDER BY 1`, []any{id, id}, func(row *stdsql.Rows) error { return row.Scan(&number) })
	return number, err
}

// SetHidden hides an invoice from its partner, or shows it again [I6]. For ADMIN.
func (b *Billing) SetHidden(ctx context.Context, networkID, id int, hidden bool) (*ent.Invoice, error) {
	return b.change(ctx, networkID, id, "setInvoiceHidden", "", func(ctx context.Context, _ *work, found *ent.Invoice) (*ent.Invoice, error) {
		if found.Hidden == hidden {
			return found, nil
		}
		return found.Update().SetHidden(hidden).Save(ctx)
	})
}

// InWords is what a line is, in words, to a viewer of it. Where it brings back what another invoice carried forward, that
// one is named to those alone who see it too: it may be hidden from its partner [I6].
func InWords(line *ent.InvoiceLine, seesOrigin bool) string {
	if line.Type == commission.CarryForward && line.Amount.IsNegative() && !seesOrigin {
		return "Carried forward from an earlier invoice"
	}
	return line.Description
}
