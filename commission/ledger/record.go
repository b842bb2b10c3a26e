package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/viewer"
)

const (
	// MaxBatch is how many rows one call may record.
	MaxBatch = 10_000
	// Ahead is how far in the future a conversion may have occurred: clocks differ.
	Ahead = 5 * time.Minute

	maxExternalID = 255
	maxReason     = 1000
)

// Conversion is what the tracking platform reports of a partner.
type Conversion struct {
	ExternalID string
	PartnerID  int
	OccurredAt time.Time
	Revenue    decimal.Decimal // >= 0
	Payout     decimal.Decimal // >= 0
}

// Adjustment changes the amounts of a conversion: a full reversal is its negative [C5].
type Adjustment struct {
	ExternalID string
	Adjusts    string // the externalId of the conversion
	OccurredAt time.Time
	Revenue    decimal.Decimal // the change
	Payout     decimal.Decimal // the change
	Reason     string
}

// Recorded tells what became of the rows of a call.
type Recorded struct {
	Recorded   int
	Duplicates int // were recorded before, with the same content
}

// entry is a row of either kind on its way in.
type entry struct {
	Conversion
	adjustment bool
	adjusts    string
	reason     string

	row      int // of the call
	counts   micros
	original *original
	number   int // of the adjustment among those of its original
}

// original is the conversion that an adjustment names, with what it is worth after all adjustments.
type original struct {
	id          int
	partnerID   int
	occurredAt  time.Time
	revenue     decimal.Decimal
	payout      decimal.Decimal
	line        int // of the sums that it counts in; forfeitedLine: it counts in none, or was forfeited
	grantID     int // 0: no grant pays it
	adjustments int
}

// RecordConversions records conversions, all or none. A row that was recorded before changes nothing;
// one whose externalId was recorded with other content is a Conflict. Every wrong row is told, with its
// field. For ADMIN and TRACKER of the network.
func (l *Ledger) RecordConversions(ctx context.Context, networkID int, rows []Conversion) (Recorded, error) {
	entries := make([]entry, len(rows))
	for i, row := range rows {
		entries[i] = entry{Conversion: row, row: i}
	}
	return l.record(ctx, networkID, "conversions", entries)
}

// RecordAdjustments records adjustments, under the same conditions as RecordConversions. An adjustment counts
// at the term of the conversion that it names, on its own day [C5].
func (l *Ledger) RecordAdjustments(ctx context.Context, networkID int, rows []Adjustment) (Recorded, error) {
	entries := make([]entry, len(rows))
	for i, row := range rows {
		entries[i] = entry{
			Conversion: Conversion{ExternalID: row.ExternalID, OccurredAt: row.OccurredAt, Revenue: row.Revenue, Payout: row.Payout},
			adjustment: true, adjusts: row.Adjusts, reason: row.Reason, row: i,
		}
	}
	return l.record(ctx, networkID, "adjustments", entries)
}

func (l *Ledger) record(ctx context.Context, networkID int, field string, entries []entry) (Recorded, error) {
	if _, err := viewer.Require(ctx, networkID, commission.Admin, commission.Tracker); err != nil {
		return Recorded{}, err
	}
	if len(entries) > MaxBatch {
		return Recorded{}, commission.Refuse(commission.BadUserInput, field, "must be at most %d rows a call, not %d: send them in parts", MaxBatch, len(entries))
	}
	now := commission.Moment(l.Now())
	var wrong commission.Problems
	fresh := make([]*entry, 0, len(entries))
	seen := make(map[string]*entry, len(entries))
	for i := range entries {
		e := &entries[i]
		e.OccurredAt = commission.Moment(e.OccurredAt)
		e.check(&wrong, now)
		if first := seen[e.ExternalID]; first == nil {
			seen[e.ExternalID] = e
			fresh = append(fresh, e)
		} else if !first.same(e) {
			wrong = append(wrong, commission.Refuse(commission.Conflict, e.field(".externalId"), "%q stands in this call twice, with different content", e.ExternalID))
		}
	}
	recorded := 0
	if len(entries) > 0 {
		if err := l.takeEffect(ctx, networkID); err != nil {
			return Recorded{}, err
		}
		thorough := len(wrong) > 0 || entries[0].adjustment
		try := newMaker()
		defer func() { try.end(true) }() // also where it panics
		err := l.DB.Transact(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
			try.end(true)
			try = newMaker()
			recorded, err = (&recording{Ledger: l, tx: tx, maker: try, networkID: networkID, now: now, wrong: wrong, thorough: thorough}).run(ctx, fresh)
			thorough = true
			if err != nil {
				try.end(true)
			}
			return err
		}, &recorded)
		try.end(err != nil)
		if err != nil {
			return Recorded{}, err
		}
	}
	became := Recorded{Recorded: recorded, Duplicates: len(entries) - recorded}
	if l.Watch != nil {
		l.Watch(became)
	}
	return became, nil
}

// slot is where the row counts in a term: what a forfeited referral earned is given up, but what takes back
// something that was billed is not, also where its invoice was deleted and it will be billed again [A6].
// What adjusts a conversion that was voided goes where that went.
func (e *entry) slot(term *commission.Term) int {
	switch {
	case e.original != nil && voidOfLine(e.original.line) != 0:
		return e.original.line
	case term.Forfeited && (e.original == nil || isGivenUp(e.original.line)):
		return forfeitedSlot
	default:
		return openSlot
	}
}

// field is a field of the row in the input: "conversions.17.revenue".
func (e *entry) field(name string) string {
	list := "conversions."
	if e.adjustment {
		list = "adjustments."
	}
	return list + strconv.Itoa(e.row) + name
}

// check notes what is wrong with the row in itself.
func (e *entry) check(wrong *commission.Problems, now time.Time) {
	e.checkText(wrong, ".externalId", e.ExternalID, maxExternalID)
	if e.OccurredAt.After(now.Add(Ahead)) {
		wrong.Add(e.field(".occurredAt"), "must not be more than %d minutes in the future", int(Ahead.Minutes()))
	} else if e.OccurredAt.Year() < 2000 { //nolint:mnd // before there were tracking platforms
		wrong.Add(e.field(".occurredAt"), "must not be before the year 2000")
	}
	e.counts.revenue = e.checkAmount(wrong, ".revenue", e.Revenue)
	e.counts.payout = e.checkAmount(wrong, ".payout", e.Payout)
	if !e.adjustment {
		e.counts.conversions = 1
	}
	if e.adjustment {
		e.checkText(wrong, ".adjusts", e.adjusts, maxExternalID)
		if len(e.reason) > maxReason || !utf8.ValidString(e.reason) {
			wrong.Add(e.field(".reason"), "must be at most %d bytes of text", maxReason)
		}
	}
}

func (e *entry) checkText(wrong *commission.Problems, field, text string, most int) {
	if text == "" || len(text) > most || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		wrong.Add(e.field(field), "must be a text of 1 to %d bytes, without control characters", most)
	}
}

// checkAmount gives an amount as it is stored.
func (e *entry) checkAmount(wrong *commission.Problems, field string, amount decimal.Decimal) int64 {
	micros, err := commission.ToMicros(amount)
	switch {
	case err == nil && micros <= maxMicros && (micros >= 0 || e.adjustment && micros >= -maxMicros):
		return micros
	case amount.IsNegative() && !e.adjustment:
		wrong.Add(e.field(field), "must not be negative: what is taken back is an adjustment")
	case amount.Abs().GreaterThan(commission.MaxAmount):
		wrong.Add(e.field(field), "must be at most %s", commission.MaxAmount)
	default:
		wrong.Add(e.field(field), "must have at most %d decimals", commission.Scale)
	}
	return 0
}

var maxMicros = commission.MaxAmount.Shift(commission.Scale).IntPart()

// same tells whether two rows say the same.
func (e *entry) same(other *entry) bool {
	return e.adjusts == other.adjusts && e.PartnerID == other.PartnerID && e.OccurredAt.Equal(other.OccurredAt) &&
		e.Revenue.Equal(other.Revenue) && e.Payout.Equal(other.Payout) && e.reason == other.reason
}

// recording is one call in its transaction. It takes the same number of statements for any number of
// rows, as long as they fit.
type recording struct {
	*Ledger
	tx        *database.Tx
	maker     *maker
	networkID int
	now       time.Time
	wrong     commission.Problems
	thorough  bool // ask of every row whether it was recorded before
}

// sampled is how many rows of a call are asked whether they were recorded before: a call that is sent again is found
// by any of them. Where none was, all are taken for new, and the unique key tells if one is not.
const sampled = 8

func (r *recording) run(ctx context.Context, entries []*entry) (int, error) {
	network, err := r.enter(ctx, entries)
	if err != nil {
		return 0, err
	}
	r.thorough = r.thorough || network.sentAgain
	if r.thorough {
		if entries, err = r.withoutDuplicates(ctx, entries); err != nil {
			return 0, err
		}
	}
	if err := r.findOriginals(ctx, entries); err != nil {
		return 0, err
	}
	history, partners, err := r.historyOf(ctx, entries, network)
	if err != nil {
		return 0, err
	}
	if len(history) < partners && !r.thorough { // what else is wrong is told with it
		if entries, err = r.withoutDuplicates(ctx, entries); err != nil {
			return 0, err
		}
	}
	for _, e := range entries {
		if _, known := history[e.PartnerID]; !known && !e.adjustment {
			r.wrong = append(r.wrong, commission.ErrNotFound(e.field(".partner"), "partner"))
		}
	}
	if err := r.wrong.Err(); err != nil || len(entries) == 0 {
		return 0, err
	}
	return len(entries), r.insert(ctx, entries, history, network)
}

// historyOf is the histories of the partners of the rows, and how many these are: those of other networks have none.
func (r *recording) historyOf(ctx context.Context, entries []*entry, network seen) (history histories, count int, err error) {
	partners := map[int]struct{}{}
	for _, e := range entries {
		if !e.adjustment || e.original != nil {
			partners[e.PartnerID] = struct{}{}
		}
	}
	history, err = r.recall(ctx, r.tx, r.networkID, network.changedAt, keysOf(partners))
	return history, len(partners), err
}

// seen is what recording must know of a network.
type seen struct {
	zone      *time.Location
	changedAt time.Time
	shut      int64 // how often its gate was
	sentAgain bool  // some rows of the call were recorded before
}

// enter passes the gate, and looks at the network.
func (r *recording) enter(ctx context.Context, entries []*entry) (network seen, err error) {
	if err := r.tx.Pass(ctx, r.networkID); err != nil {
		return network, err
	}
	var args []any
	for i := range min(len(entries), sampled) {
		args = append(args, entries[i*(len(entries)-1)/max(min(len(entries), sampled)-1, 1)].ExternalID)
	}
	var zone commission.Zone
	err = database.Each(ctx, r.tx, `
		SELECT time_zone, changed_at, `+database.TimesShut+`, EXISTS (SELECT 1 FROM conversion c WHERE c.network_id = network.id AND c.external_id IN (`+database.Placeholders(len(args))+`))
		FROM network WHERE id = ?`, append(args, r.networkID), func(row *sql.Rows) error {
		return row.Scan(&zone, &network.changedAt, &network.shut, &network.sentAgain)
	})
	if err != nil {
		return network, err
	}
	network.zone, err = zone.Location()
	return network, err
}

// withoutDuplicates leaves out what was recorded before.
func (r *recording) withoutDuplicates(ctx context.Context, entries []*entry) ([]*entry, error) {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.ExternalID
	}
	known := map[string]*entry{}
	err := database.EachIn(ctx, r.tx, `
		SELECT c.external_id, c.partner_id, c.occurred_at, c.revenue, c.payout, c.reason, o.external_id
		FROM conversion c LEFT JOIN conversion o ON o.id = c.adjusts_id
		WHERE c.network_id = ? AND c.external_id IN (%s)`, []any{r.networkID}, ids, func(row *sql.Rows) error {
		var e entry
		var revenue, payout int64
		var adjusts sql.NullString
		if err := row.Scan(&e.ExternalID, &e.PartnerID, &e.OccurredAt, &revenue, &payout, &e.reason, &adjusts); err != nil {
			return err
		}
		e.Revenue, e.Payout, e.adjusts = commission.FromMicros(revenue), commission.FromMicros(payout), adjusts.String
		known[e.ExternalID] = &e
		return nil
	})
	if err != nil {
		return nil, err
	}
	fresh := entries[:0:0]
	for _, e := range entries {
		before := known[e.ExternalID]
		if before == nil {
			fresh = append(fresh, e)
			continue
		}
		if e.adjustment { // its partner is the original's, which the input does not name
			e.PartnerID = before.PartnerID
		}
		if !before.same(e) {
			r.wrong = append(r.wrong, commission.Refuse(commission.Conflict, e.field(".externalId"),
				"%q was recorded before with other content: what changes is an adjustment, with an externalId of its own", e.ExternalID))
		}
	}
	return fresh, nil
}

// findOriginals finds the conversions that adjustments name, and refuses what would take one below zero.
func (r *recording) findOriginals(ctx context.Context, entries []*entry) error {
	var named []string
	for _, e := range entries {
		if e.adjustment {
			named = append(named, e.adjusts)
		}
	}
	if len(named) == 0 {
		return nil
	}
	originals := map[string]*original{}
	var ids []int
	byID := map[int]*original{}
	err := database.EachIn(ctx, r.tx, `
		SELECT c.external_id, c.id, c.partner_id, c.occurred_at, c.revenue, c.payout, COALESCE(a.line_id, ?), COALESCE(c.grant_id, 0)
		FROM conversion c LEFT JOIN accrual a ON a.id = c.accrual_id
		WHERE c.network_id = ? AND c.adjusts_id IS NULL AND c.external_id IN (%s)`, []any{forfeitedLine, r.networkID}, named, func(row *sql.Rows) error {
		var externalID string
		var o original
		var revenue, payout int64
		if err := row.Scan(&externalID, &o.id, &o.partnerID, &o.occurredAt, &revenue, &payout, &o.line, &o.grantID); err != nil {
			return err
		}
		o.revenue, o.payout = commission.FromMicros(revenue), commission.FromMicros(payout)
		originals[externalID], byID[o.id] = &o, &o
		ids = append(ids, o.id)
		return nil
	})
	if err != nil {
		return err
	}
	err = database.EachIn(ctx, r.tx, `
		SELECT adjusts_id, MAX(adjustment_number), SUM(revenue), SUM(payout) FROM conversion
		WHERE adjusts_id IN (%s) GROUP BY adjusts_id`, nil, ids, func(row *sql.Rows) error {
		var id, number int
		var revenue, payout int64
		if err := row.Scan(&id, &number, &revenue, &payout); err != nil {
			return err
		}
		o := byID[id]
		o.adjustments = number
		o.revenue, o.payout = o.revenue.Add(commission.FromMicros(revenue)), o.payout.Add(commission.FromMicros(payout))
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range entries {
		if o := originals[e.adjusts]; o != nil {
			r.adjust(e, o)
		} else if e.adjustment {
			r.wrong = append(r.wrong, commission.Refuse(commission.NotFound, e.field(".adjusts"), "no such conversion"))
		}
	}
	return nil
}

func (r *recording) adjust(e *entry, o *original) {
	if e.OccurredAt.Before(o.occurredAt) {
		r.wrong.Add(e.field(".occurredAt"), "must not be before the conversion that it adjusts, which occurred at %s", o.occurredAt.Format(time.RFC3339Nano))
	}
	revenue, payout := o.revenue.Add(e.Revenue), o.payout.Add(e.Payout)
	if revenue.IsNegative() {
		r.wrong.Add(e.field(".revenue"), "takes the conversion below zero: %s is left of it", o.revenue)
	}
	if payout.IsNegative() {
		r.wrong.Add(e.field(".payout"), "takes the conversion below zero: %s is left of it", o.payout)
	}
	o.revenue, o.payout = revenue, payout
	o.adjustments++
	e.original, e.number, e.PartnerID = o, o.adjustments, o.partnerID
}

// insert stores the conversions and adds them to the sums. What many calls at once add to comes last, so that they wait
// for each other as briefly as can be.
func (r *recording) insert(ctx context.Context, entries []*entry, history histories, network seen) error {
	counted, places, err := r.count(entries, history, network)
	if err != nil {
		return err
	}
	sums := counted.tallies()
	held, err := r.begin(ctx, sums, network.shut)
	if err != nil {
		return err
	}
	columns := []string{
		"network_id", "external_id", "partner_id", "occurred_at", "recorded_at", "revenue", "payout", "day", "accrual_id", "earning_day_id",
	}
	if entries[0].adjustment {
		columns = append(columns, "adjusts_id", "adjustment_number", "reason")
	}
	rows := r.tx.Rows("conversion", columns...)
	const usual = 160 // bytes of a row
	rows.Grow(len(entries), usual)
	var accrualID, earningID int
	for i, e := range entries {
		if i == 0 || places[i] != places[i-1] {
			accrualID, earningID = sums.accruals.id(places[i].accrual), sums.earnings.id(places[i].earning)
		}
		rows.Add(r.networkID, e.ExternalID, e.PartnerID, e.OccurredAt, r.now, e.counts.revenue, e.counts.payout, int32(places[i].earning.day))
		if accrualID != 0 {
			rows.Add(accrualID)
		} else {
			rows.Add(nil)
		}
		rows.Add(earningID)
		if e.adjustment {
			rows.Add(e.original.id, e.number, e.reason)
		}
	}
	if err := r.tx.Insert(ctx, rows); database.IsDuplicate(err) { // one of them was recorded before, or by somebody else at this moment
		return fmt.Errorf("%w: %w", database.ErrRetry, err)
	} else if err != nil {
		return err
	}
	err = r.add(ctx, sums, counted.months, held)
	if errors.Is(err, database.ErrOther) { // what was remembered of it is no longer so
		r.addresses.forget()
		return fmt.Errorf("%w: %w", database.ErrRetry, err)
	}
	return err
}

// countedAt is where a row counts: in an accrual, if it has a term, and in its partner's day.
type countedAt struct{ accrual, earning cell }

// count sorts the rows, and finds out where each counts and what all of them add to the sums.
func (r *recording) count(entries []*entry, history histories, network seen) (counts, []countedAt, error) {
	slices.SortFunc(entries, func(a, b *entry) int { // neighbours in the indexes are inserted one after the other
		return cmp.Or(cmp.Compare(a.PartnerID, b.PartnerID), a.OccurredAt.Compare(b.OccurredAt), cmp.Compare(a.ExternalID, b.ExternalID))
	})
	counted := newCounts(r.networkID)
	toAccruals, toEarnings := neighbours{add: counted.accrue}, neighbours{add: counted.earnings.add}
	places := make([]countedAt, len(entries))
	for i, e := range entries {
		occurredAt, grantID := e.OccurredAt, 0
		if e.adjustment {
			occurredAt, grantID = e.original.occurredAt, e.original.grantID
		}
		day := commission.DateOf(e.OccurredAt, network.zone)
		places[i].earning = cell{owner: e.PartnerID, day: day}
		if err := toEarnings.count(places[i].earning, e.counts); err != nil {
			return counts{}, nil, err
		}
		if term := history.attribute(e.PartnerID, occurredAt, grantID).Term; term != nil {
			places[i].accrual = cell{term.ID, day, e.slot(term)}
			if err := toAccruals.count(places[i].accrual, e.counts); err != nil {
				return counts{}, nil, err
			}
		}
	}
	if err := cmp.Or(toAccruals.end(), toEarnings.end()); err != nil {
		return counts{}, nil, err
	}
	return counted, places, nil
}

// begin finds the rows of sums, makes those that are missing, and gives the other calls that may hold some of them.
func (r *recording) begin(ctx context.Context, of tallies, shut int64) ([]*maker, error) {
	held, err := r.addresses.claim(ctx, of, shut, r.maker)
	if err != nil {
		return nil, err
	}
	failed := true
	defer func() { r.addresses.tell(of, shut, r.maker, failed) }()
	if err := ofTerms.begin(ctx, r.tx, r.networkID, of.accruals); err != nil {
		return nil, err
	}
	if err := ofPartners.begin(ctx, r.tx, r.networkID, of.earnings); err != nil {
		return nil, err
	}
	failed = false
	return held, nil
}

// patience is how long a call waits for others outside of the database, which finds a deadlock only where all wait in it: calls
// to several servers may have one, and calls with the same conversions.
const patience = time.Second

// add adds to the sums, all calls in the same order. Rows that others made and hold would be out of it, since whoever holds
// one may wait for any other. So it is their turn first, while this call holds nothing that they wait for: they began before it
// did, and know nothing that it made.
func (r *recording) add(ctx context.Context, of tallies, months months, held []*maker) error {
	waiting, end := context.WithTimeout(ctx, patience)
	defer end()
	for _, by := range held {
		select {
		case <-by.over:
		case <-waiting.Done():
		}
	}
	if err := ofTerms.addTo(ctx, r.tx, r.networkID, of.accruals); err != nil {
		return err
	}
	if err := months.store(ctx, r.tx, r.networkID); err != nil {
		return err
	}
	return ofPartners.addTo(ctx, r.tx, r.networkID, of.earnings)
}

func keysOf[K comparable](set map[K]struct{}) []K {
	keys := make([]K, 0, len(set))
	for key := range set {
		keys = append(keys, key)
	}
	return keys
}
