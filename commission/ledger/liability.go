package ledger

import (
	"context"
	stdsql "database/sql"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
)

// Liability is what a network owed its referrers at the end of a day, by how old it was.
type Liability struct {
	AsOf commission.Date
	Owing
	Ages []*Age
}

// Owing is the kinds of what is owed, to commission.Scale decimals: rows and lines round the sum of many days once.
type Owing struct {
	Owed           decimal.Decimal // payable, and on no invoice
	Unpaid         decimal.Decimal // on referral lines of invoices that were not paid
	Waiting        decimal.Decimal // below a threshold
	CarriedForward decimal.Decimal // what partners owe: carried to an invoice that was still to come, also of their own payouts
}

// Age is what was owed that was from FromDays to ToDays old.
type Age struct {
	FromDays int
	ToDays   int // -1: or older
	Owing
}

// ageDays are the first days of the ages.
var ageDays = []int{0, 31, 61, 91}

// Liability says what the network owed its referrers at the end of a day, which is over or today: of what was earned
// by then, as is known now, and by the invoices, payments, deletions, forfeits and voids of that time. What is on no invoice
// is as old as the day that earned it, and what is on one as old as the invoice. It takes four statements and reads
// no conversion. For ADMIN and SUPPORT.
func (l *Ledger) Liability(ctx context.Context, network *ent.Network, asOf commission.Date) (*Liability, error) {
	if _, err := viewer.Require(ctx, network.ID, commission.Admin, commission.Support); err != nil {
		return nil, err
	}
	zone, err := network.TimeZone.Location()
	if err != nil {
		return nil, err
	}
	if today := commission.DateOf(l.Now(), zone); asOf > today {
		return nil, commission.Refuse(commission.BadUserInput, "asOf", "must be %s or earlier", today)
	}
	owed := &Liability{AsOf: asOf}
	for i, from := range ageDays {
		age := &Age{FromDays: from, ToDays: -1}
		if i+1 < len(ageDays) {
			age.ToDays = ageDays[i+1] - 1
		}
		owed.Ages = append(owed.Ages, age)
	}
	end := (asOf + 1).Start(zone)
	err = l.DB.Snapshot(ctx, func(ctx context.Context, db database.Querier) error {
		if err := owed.addUnbilled(ctx, db, network.ID, end); err != nil {
			return err
		}
		return owed.addInvoiced(ctx, db, network.ID, zone, end)
	})
	owed.exact(network.Currency)
	return owed, err
}

// addUnbilled adds what was on no invoice that stood at the end.
func (o *Liability) addUnbilled(ctx context.Context, db database.Querier, networkID int, end time.Time) error {
	structures, err := structuresOf(ctx, db, networkID)
	if err != nil {
		return err
	}
	reached := map[int]bool{}
	structureOf := map[int]commission.Structure{}
	referral := 0
	var through commission.Sums
	err = database.Each(ctx, db, `
		SELECT t.id, t.referral_id, t.structure_id, t.grant_id IS NOT NULL, SUM(a.conversions), SUM(a.revenue), SUM(a.payout), SUM(a.fee)
		FROM accrual a JOIN referral_term t ON t.id = a.term_id
		WHERE a.network_id = ? AND a.day <= ? GROUP BY t.id, t.referral_id, t.structure_id, t.grant_id ORDER BY t.referral_id, t.id`,
		[]any{networkID, int32(o.AsOf)}, func(row *stdsql.Rows) error {
			var id, referralID, structureID int
			var granted bool
			sums, err := scanSums(row, &id, &referralID, &structureID, &granted)
			if referralID != referral {
				referral, through = referralID, commission.Sums{}
			}
			if !granted {
				through = through.Plus(sums)
			}
			structureOf[id] = structures[structureID]
			reached[id] = structures[structureID].ThresholdOf(through).Reached()
			return err
		})
	if err != nil {
		return err
	}
	return database.Each(ctx, db, `
		SELECT a.term_id, a.day, a.conversions, a.revenue, a.payout, a.fee
		FROM accrual a JOIN referral_term t ON t.id = a.term_id JOIN referral r ON r.id = t.referral_id
		LEFT JOIN invoice_line l ON l.id = a.line_id LEFT JOIN invoice i ON i.id = l.invoice_id
		LEFT JOIN invoice_line was ON was.id = a.slot LEFT JOIN invoice once ON once.id = was.invoice_id
		LEFT JOIN commission_void v ON v.id = ? - a.line_id
		WHERE a.network_id = ? AND a.day <= ? AND (a.line_id <> ? OR r.forfeited_at IS NULL OR r.forfeited_at >= ?)
		AND (v.id IS NULL OR v.voided_at >= ?) AND (i.id IS NULL OR i.issued_at >= ?)
		AND (once.id IS NULL OR once.issued_at >= ? OR (once.deleted_at IS NOT NULL AND once.deleted_at < ?))`,
		[]any{forfeitedLine, networkID, int32(o.AsOf), forfeitedLine, end, end, end, end, end}, func(row *stdsql.Rows) error {
			var id int
			var day commission.Date
			sums, err := scanSums(row, &id, &day)
			amount := structureOf[id].Earned(sums)
			kind := func(owing *Owing) *decimal.Decimal { return &owing.Waiting }
			if reached[id] {
				kind = func(owing *Owing) *decimal.Decimal { return &owing.Owed }
			}
			o.add(day, kind, amount)
			return err
		})
}

// addInvoiced adds what was on invoices that stood at the end and was not settled by then.
func (o *Liability) addInvoiced(ctx context.Context, db database.Querier, networkID int, zone *time.Location, end time.Time) error {
	return database.Each(ctx, db, `
		SELECT l.amount, i.issued_at, l.term_id IS NOT NULL AND (i.paid_at IS NULL OR i.paid_at >= ?),
			l.type = 'CARRY_FORWARD' AND l.amount > 0 AND (later.id IS NULL OR later.issued_at >= ?)
		FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
		LEFT JOIN invoice_line back ON back.id = l.carried_by LEFT JOIN invoice later ON later.id = back.invoice_id
		WHERE i.network_id = ? AND l.type <> 'PARTNER_PAYOUT' AND i.issued_at < ? AND (i.deleted_at IS NULL OR i.deleted_at >= ?)`,
		[]any{end, end, networkID, end, end}, func(row *stdsql.Rows) error {
			var micros int64
			var issuedAt time.Time
			var unpaid, carried bool
			if err := row.Scan(&micros, &issuedAt, &unpaid, &carried); err != nil {
				return err
			}
			day, amount := commission.DateOf(issuedAt, zone), commission.FromMicros(micros)
			if unpaid {
				o.add(day, func(owing *Owing) *decimal.Decimal { return &owing.Unpaid }, amount)
			}
			if carried {
				o.add(day, func(owing *Owing) *decimal.Decimal { return &owing.CarriedForward }, amount)
			}
			return nil
		})
}

// add adds an amount of one kind to its age and to the whole.
func (o *Liability) add(day commission.Date, kind func(*Owing) *decimal.Decimal, amount decimal.Decimal) {
	days := int(o.AsOf - day)
	for _, age := range o.Ages {
		if days >= age.FromDays && (age.ToDays < 0 || days <= age.ToDays) {
			*kind(&age.Owing) = kind(&age.Owing).Add(amount)
		}
	}
	*kind(&o.Owing) = kind(&o.Owing).Add(amount)
}

// exact cuts amounts to the decimals that they are kept with. Ages are cut first, and the whole is their sum.
func (o *Liability) exact(currency commission.Currency) {
	o.Owing = Owing{}
	for _, age := range o.Ages {
		for _, of := range []func(*Owing) *decimal.Decimal{
			func(w *Owing) *decimal.Decimal { return &w.Owed },
			func(w *Owing) *decimal.Decimal { return &w.Unpaid },
			func(w *Owing) *decimal.Decimal { return &w.Waiting },
			func(w *Owing) *decimal.Decimal { return &w.CarriedForward },
		} {
			*of(&age.Owing) = currency.Exact(of(&age.Owing).Round(commission.Scale))
			*of(&o.Owing) = currency.Exact(of(&o.Owing).Add(*of(&age.Owing)))
		}
	}
}

// String is what is owed, kind by kind, for people.
func (w Owing) String() string {
	var said []string
	for _, kind := range []struct {
		name   string
		amount decimal.Decimal
	}{{"owed", w.Owed}, {"unpaid", w.Unpaid}, {"waiting", w.Waiting}, {"carried forward", w.CarriedForward}} {
		if !kind.amount.IsZero() {
			said = append(said, kind.name+" "+commission.Format(kind.amount))
		}
	}
	return strings.Join(said, " ")
}
