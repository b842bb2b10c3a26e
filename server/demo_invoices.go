package main

import (
	"fmt"
	"slices"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/ent/generated/invoice"
)

// What staff do with invoices.
const (
	billingDelay = 20 * time.Minute // after midnight
	paidInTime   = 12               // members whose invoices are paid on the day that they are due; the others' are paid elsewhere
)

// invoiceDays are the days of the month on which invoices are made, beside the Mondays.
var invoiceDays = []int{1, 16}

// bill makes the invoices that are due at the end of a day, and pays those of earlier days.
func (y *demoYear) bill(day commission.Date) error {
	today := day + 1
	if _, _, of := today.Civil(); today.Weekday() != time.Monday && !slices.Contains(invoiceDays, of) {
		return nil
	}
	y.now = today.Start(y.zone).Add(billingDelay)
	made, err := y.billing.Bill(y.staff, y.networkID, billing.Run{Through: day}, nil)
	if err != nil {
		return err
	}
	y.invoices += len(made)
	var payees []int
	for _, m := range y.members[:min(paidInTime, len(y.members))] {
		payees = append(payees, m.id)
	}
	due, err := y.billing.DB.Invoice.Query().
		Where(invoice.PartnerIDIn(payees...), invoice.StatusEQ(commission.Unpaid), invoice.DueOnLTE(today)).Order(invoice.ByNumber()).IDs(y.staff)
	if err != nil {
		return fmt.Errorf("find what is to be paid: %w", err)
	}
	for _, id := range due {
		if _, err := y.billing.MarkPaid(y.staff, y.networkID, id); err != nil {
			return err
		}
	}
	return nil
}

// planInvoices is what goes another way than usual: one that is hidden from its partner, and one that is deleted, whose
// sums are on a later one.
func (y *demoYear) planInvoices() {
	for _, change := range []struct {
		day    commission.Date
		member int
		do     func(id int) error
	}{
		{demoDate(2026, time.April, 20), 2, func(id int) error {
			_, err := y.billing.SetHidden(y.staff, y.networkID, id, true)
			return err
		}},
		{demoDate(2026, time.May, 20), 4, func(id int) error {
			_, err := y.billing.Delete(y.staff, y.networkID, id, "the bank details were wrong")
			return err
		}},
	} {
		y.on(change.day, noon, func() error {
			latest, err := y.billing.DB.Invoice.Query().
				Where(invoice.PartnerID(y.members[change.member].id), invoice.StatusEQ(commission.Unpaid)).Order(invoice.ByNumber()).IDs(y.staff)
			if err != nil || len(latest) == 0 {
				return fmt.Errorf("member %d has no unpaid invoice on %s: %w", change.member, change.day, err)
			}
			return change.do(latest[len(latest)-1])
		})
	}
}
