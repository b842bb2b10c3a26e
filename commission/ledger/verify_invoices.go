package ledger

import (
	"context"
	stdsql "database/sql"
	"fmt"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
)

// verifyInvoices holds the invoices of a network against what they claimed: every line pays just the rows that
// carry it, at its rate, every total is the sum of its lines and not negative, and the numbers have no gaps [I3 to I5].
func (p *proof) verifyInvoices(ctx context.Context) error {
	for _, verify := range []func(context.Context) error{p.verifyTotals, p.verifyLines, p.verifyCarried, p.verifyClaims} {
		if err := verify(ctx); err != nil {
			return err
		}
	}
	return nil
}

// verifyTotals adds the lines up and counts the numbers.
func (p *proof) verifyTotals(ctx context.Context) error {
	number := 0
	err := database.Each(ctx, p.db, `
		SELECT i.number, i.total, COALESCE(SUM(l.amount), 0)
		FROM invoice i LEFT JOIN invoice_line l ON l.invoice_id = i.id
		WHERE i.network_id = ? GROUP BY i.id, i.number, i.total ORDER BY i.number`, []any{p.network.ID}, func(row *stdsql.Rows) error {
		var is int
		var total, lines int64
		if err := row.Scan(&is, &total, &lines); err != nil {
			return err
		}
		if number++; is != number {
			p.tellf("invoice %d of network %d should be number %d: numbers have no gaps", is, p.network.ID, number)
			number = is
		}
		if total != lines || total < 0 {
			p.tellf("invoice %d of network %d is %s in total; its lines sum %s, and it must not be negative",
				is, p.network.ID, commission.FromMicros(total), commission.FromMicros(lines))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return database.Each(ctx, p.db, "SELECT next_invoice_number FROM network WHERE id = ?", []any{p.network.ID}, func(row *stdsql.Rows) error {
		var next int
		err := row.Scan(&next)
		if next != number+1 {
			p.tellf("the next invoice of network %d would be number %d; its last is %d", p.network.ID, next, number)
		}
		return err
	})
}

// claimed is an invoice line with the sums of the rows that carry it.
type claimed struct {
	number          int
	status          commission.InvoiceStatus
	kind            commission.LineType
	partner         int // of the invoice
	referrer        int // of the line's term; 0: it has none
	term, structure int
	termsStructure  int
	conversions     int64
	basis, amount   decimal.Decimal

	accruals, earnings int // how many rows carry it
	ofOthers           int // those of them that are another term's or another partner's
	sums               commission.Sums
	worth              *decimal.Decimal // what the rows that carry it are worth; nil: it should have none
}

// verifyLines computes every line anew from the rows that carry it.
func (p *proof) verifyLines(ctx context.Context) error {
	return database.Each(ctx, p.db, `
		SELECT i.number, i.status, l.type, i.partner_id, COALESCE(r.referrer_id, 0), COALESCE(l.term_id, 0), COALESCE(l.structure_id, 0), COALESCE(t.structure_id, 0),
			l.conversions, l.basis_amount, l.amount,
			COALESCE(a.n, 0), COALESCE(e.n, 0), COALESCE(a.others, 0) + COALESCE(e.others, 0),
			COALESCE(a.conversions, 0) + COALESCE(e.conversions, 0), COALESCE(a.revenue, 0), COALESCE(a.payout, 0) + COALESCE(e.payout, 0), COALESCE(a.fee, 0)
		FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
		LEFT JOIN referral_term t ON t.id = l.term_id LEFT JOIN referral r ON r.id = t.referral_id
		LEFT JOIN (
			SELECT a.line_id, COUNT(*) AS n, SUM(CASE WHEN a.term_id = l.term_id THEN 0 ELSE 1 END) AS others,
				SUM(a.conversions) AS conversions, SUM(a.revenue) AS revenue, SUM(a.payout) AS payout, SUM(a.fee) AS fee
			FROM accrual a JOIN invoice_line l ON l.id = a.line_id WHERE a.network_id = ? AND a.line_id > 0 GROUP BY a.line_id
		) a ON a.line_id = l.id
		LEFT JOIN (
			SELECT e.line_id, COUNT(*) AS n, SUM(CASE WHEN e.partner_id = i.partner_id THEN 0 ELSE 1 END) AS others,
				SUM(e.conversions) AS conversions, SUM(e.payout) AS payout
			FROM earning_day e JOIN invoice_line l ON l.id = e.line_id JOIN invoice i ON i.id = l.invoice_id
			WHERE e.network_id = ? AND e.line_id > 0 GROUP BY e.line_id
		) e ON e.line_id = l.id
		WHERE l.network_id = ?`, []any{p.network.ID, p.network.ID, p.network.ID}, func(row *stdsql.Rows) error {
		var c claimed
		var basis, amount, revenue, payout, fee int64
		if err := row.Scan(&c.number, &c.status, &c.kind, &c.partner, &c.referrer, &c.term, &c.structure, &c.termsStructure,
			&c.conversions, &basis, &amount, &c.accruals, &c.earnings, &c.ofOthers, &c.sums.Conversions, &revenue, &payout, &fee); err != nil {
			return err
		}
		c.basis, c.amount = commission.FromMicros(basis), commission.FromMicros(amount)
		c.sums.Revenue, c.sums.Payout, c.sums.Fee = commission.FromMicros(revenue), commission.FromMicros(payout), commission.FromMicros(fee)
		if wrong := c.wrong(p.network.Currency, p.structures[c.structure]); wrong != "" {
			p.tell(Difference{
				Row:        fmt.Sprintf("invoice %d of network %d has a line %s of %s that %s", c.number, p.network.ID, c.kind, c.amount, wrong),
				ReferrerID: c.referrer, Expected: c.worth, Found: &c.amount,
			})
		}
		return nil
	})
}

// wrong says what is wrong with a line; "": nothing is.
func (c *claimed) wrong(currency commission.Currency, structure commission.Structure) string {
	if c.status == commission.Deleted {
		if c.accruals+c.earnings > 0 {
			return "was deleted, and still holds what it paid"
		}
		return ""
	}
	var basis, amount decimal.Decimal
	switch c.kind {
	case commission.CarryForward:
		if c.accruals+c.earnings > 0 {
			return "carries forward, and holds what another line should pay"
		}
		return ""
	case commission.PartnerPayout:
		if c.accruals > 0 {
			return "pays the partner's own payouts, and holds accruals"
		}
		basis = c.sums.Payout
		amount = basis
	default:
		if c.earnings > 0 {
			return "pays a referral, and holds earning days"
		}
		if c.structure != c.termsStructure || c.partner != c.referrer {
			return fmt.Sprintf("pays partner %d by structure %d; its term is partner %d's and has structure %d", c.partner, c.structure, c.referrer, c.termsStructure)
		}
		basis, amount = c.sums.Of(structure.Basis()), structure.Earned(c.sums)
	}
	amount = currency.Round(amount)
	c.worth = &amount
	switch {
	case c.ofOthers > 0:
		return fmt.Sprintf("holds %d rows of others", c.ofOthers)
	case !c.basis.Equal(basis) || !c.amount.Equal(amount) || c.conversions != c.sums.Conversions:
		return fmt.Sprintf("says %s of %d conversions; what it holds sums %s of %d, and is worth %s", c.basis, c.conversions, basis, c.sums.Conversions, amount)
	}
	return ""
}

// verifyCarried holds what was carried forward against what was brought back [I5]: one goes with one, of the same
// partner and the same amount, on invoices that stand.
func (p *proof) verifyCarried(ctx context.Context) error {
	return database.Each(ctx, p.db, `
		SELECT i.number, back.amount, COUNT(o.id) FROM invoice_line back JOIN invoice i ON i.id = back.invoice_id
		LEFT JOIN invoice_line l ON l.carried_by = back.id AND l.type = 'CARRY_FORWARD' AND l.amount = -back.amount
		LEFT JOIN invoice o ON o.id = l.invoice_id AND o.status <> 'DELETED' AND o.partner_id = i.partner_id AND o.number < i.number
		WHERE i.network_id = ? AND i.status <> 'DELETED' AND back.type = 'CARRY_FORWARD' AND back.amount < 0
		GROUP BY back.id, i.number, back.amount HAVING COUNT(o.id) <> 1
		UNION ALL
		SELECT i.number, l.amount, 0 FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
		LEFT JOIN invoice_line back ON back.id = l.carried_by LEFT JOIN invoice later ON later.id = back.invoice_id
		WHERE i.network_id = ? AND l.carried_by IS NOT NULL AND (later.id IS NULL OR later.status = 'DELETED' OR back.amount <> -l.amount)`,
		[]any{p.network.ID, p.network.ID}, func(row *stdsql.Rows) error {
			var number, outs int
			var amount int64
			err := row.Scan(&number, &amount, &outs)
			p.tellf("invoice %d of network %d carries %s forward that has not one line to go with on another invoice, but %d", number, p.network.ID, commission.FromMicros(amount), outs)
			return err
		})
}

// verifyClaims finds rows that carry a line which is not there, or are open and carry one.
func (p *proof) verifyClaims(ctx context.Context) error {
	for _, table := range []string{"accrual", "earning_day"} {
		err := database.Each(ctx, p.db, `
			SELECT a.id, a.slot, a.line_id FROM `+table+` a LEFT JOIN invoice_line l ON l.id = a.line_id
			WHERE a.network_id = ? AND a.line_id <> ? AND (a.slot = ? OR (a.line_id > 0 AND l.id IS NULL))`,
			[]any{p.network.ID, unbilledLine, openSlot}, func(row *stdsql.Rows) error {
				var id, slot, line int
				err := row.Scan(&id, &slot, &line)
				p.tellf("%s %d in the slot %d carries the line %d, which is not there or leaves it open", table, id, slot, line)
				return err
			})
		if err != nil {
			return err
		}
	}
	return nil
}
