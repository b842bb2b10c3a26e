package ledger

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"iter"
	"maps"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/rule"
	"partner.example/referrals/ent/viewer"
)

// termRows is the rows of a report as they are read, by referral and by the terms of one: each is a term, or a referral that is
// tracked only. Of a hundred thousand a page shows fifty, so they are small, and without pointers that the garbage collector
// would have to follow.
type termRows struct {
	referrals list[referralPart]
	terms     list[termPart]
	rows      []rowAt
}

// rowAt is a row, by where it is what it is made of.
type rowAt struct {
	referral int32
	term     int32 // noTerm: it is tracked only
	counted  int32 // of its sums among the report's, counted from one; 0: it counted nothing in the range
}

const noTerm = -1

// termRow is one of the rows.
type termRow struct {
	*referralPart
	*termPart

	counted int32
}

// of is the row that is there.
func (r *termRows) of(at rowAt) termRow {
	row := termRow{r.referrals.at(int(at.referral)), &trackedOnly, at.counted}
	if at.term != noTerm {
		row.termPart = r.terms.at(int(at.term))
	}
	return row
}

// all is each row.
func (r *termRows) all() iter.Seq[termRow] {
	return func(yield func(termRow) bool) {
		for _, at := range r.rows {
			if !yield(r.of(at)) {
				return
			}
		}
	}
}

// add adds a row.
func (r *termRows) add(referral referralPart, term termPart) termRow {
	at := rowAt{referral: r.referrals.add(referral), term: noTerm}
	if term.termID != 0 {
		at.term = r.terms.add(term)
	}
	r.rows = append(r.rows, at)
	return r.of(at)
}

// sort has the rows in order.
func (r *termRows) sort() {
	slices.SortFunc(r.rows, func(a, b rowAt) int { return r.of(a).key().compare(r.of(b).key()) })
}

// referralPart is what a row has from its referral.
type referralPart struct {
	referralID     int
	referrerID     int
	referredID     int
	startedAt      moment
	endedAt        moment
	referrerActive bool
}

// termPart is what a row has from its term.
type termPart struct {
	termID       int // 0: tracked only
	structureID  int
	referredDate moment
	windowEndsAt moment
	closedAt     moment
	closeReason  int8 // its place among those there are
	granted      bool
}

var trackedOnly = termPart{referredDate: never, windowEndsAt: never, closedAt: never}

// moment is microseconds of Unix time.
type moment int64

const never = moment(math.MinInt64)

func (m moment) at() time.Time { return time.UnixMicro(int64(m)).UTC() }

func (m moment) optional() *time.Time {
	if m == never {
		return nil
	}
	at := m.at()
	return &at
}

func (r *referralPart) status() commission.ReferralStatus {
	if r.endedAt != never {
		return commission.ReferralInactive
	}
	return commission.ReferralActive
}

var (
	closeReasons = append(commission.CloseReason("").Values(), string(commission.Superseded))
	superseded   = int8(len(closeReasons) - 1)
)

// term is the term that the row is, if any, as far as its state and its explanation need it.
func (t termRow) term() commission.Term {
	term := commission.Term{WindowEndsAt: t.windowEndsAt.optional(), ClosedAt: t.closedAt.optional(), Granted: t.granted}
	if t.termID != 0 {
		term.ReferredDate = t.referredDate.at()
	}
	if t.closedAt != never && t.closeReason >= 0 {
		term.CloseReason = commission.CloseReason(closeReasons[t.closeReason])
	}
	return term
}

func (t termRow) key() RowKey { return RowKey{t.referralID, t.termID} }

// supersede closes the terms that others of their referrals follow [T2]. The rows of each referral are all there, one after the
// other.
func (r *termRows) supersede() {
	for rest := r.rows; len(rest) > 0; {
		its := rest[:1]
		for len(its) < len(rest) && r.of(rest[len(its)]).referralID == r.of(its[0]).referralID {
			its = rest[:len(its)+1]
		}
		if len(its) > 1 { // a few referrals
			for _, at := range its {
				r.of(at).supersededAmong(r, its)
			}
		}
		rest = rest[len(its):]
	}
}

// supersededAmong is commission.Term.Supersede by the next among the terms of its referral. A grant's follows none, and is followed by none.
func (t termRow) supersededAmong(all *termRows, its []rowAt) {
	for _, at := range its {
		next := all.of(at)
		if !t.granted && !next.granted && next.referredDate > t.referredDate && (t.closedAt == never || next.referredDate <= t.closedAt) {
			t.closedAt, t.closeReason = next.referredDate, superseded
		}
	}
}

// SupersededAt finds when each of some terms was followed by another, which superseded it where nothing had closed it before
// [T2]; one that is not followed is not in the answer. The caller has found the terms, which proves that the viewer sees them.
// It takes one statement.
func (l *Ledger) SupersededAt(ctx context.Context, termIDs []int) (map[int]*time.Time, error) {
	found := map[int]*time.Time{}
	return found, database.EachIn(ctx, l.DB, `
		SELECT t.id, next.referred_date FROM referral_term t JOIN referral_term next ON next.referral_id = t.referral_id AND next.previous_id = t.id
		WHERE t.id IN (%s)`, nil, termIDs, func(row *stdsql.Rows) error {
		var termID int
		var at time.Time
		err := row.Scan(&termID, &at)
		found[termID] = &at
		return err
	})
}

// termsRead is the terms of some referrals, in order, and what came with them.
type termsRead struct {
	termRows

	sums     *sumsInRange            // nil: they were not read
	parties  map[int]party           // nil: they were not read
	measures map[int]decimal.Decimal // of the thresholds that were measured
}

// withTerms is what is to come with the terms, so that nobody waits for it.
type withTerms struct {
	all  bool  // that their rows show beside sums
	sums *part // and these, of a month: of longer ranges a term has many rows, each with all the rest
}

// withTerms is all of a referrer of few.
func (l *Ledger) withTerms(asked *question) (with withTerms) {
	with.all = len(asked.referrers) == 1 && !l.many.has(asked.referrers[0])
	if month, whole := asked.days.month(); with.all && whole {
		with.sums = &month
	}
	return with
}

// terms reads the terms of some referrals; a referral without terms comes with none.
func (l *Ledger) terms(ctx context.Context, q database.Querier, asked *question, of referrals, with withTerms) (termsRead, error) {
	if !sweeps(ctx, asked, of) {
		return l.joined(ctx, q, asked, of, with)
	}
	read := termsRead{measures: map[int]decimal.Decimal{}}
	err := l.DB.Snapshot(ctx, func(ctx context.Context, q database.Querier) (err error) { // both tables at one moment
		read.termRows, err = l.swept(ctx, q, asked)
		return err
	})
	return read, err
}

// sweeps tells whether the tables are read whole, where the rows may be all that a network has.
func sweeps(ctx context.Context, asked *question, of referrals) bool {
	v, _ := viewer.From(ctx)
	return !v.Limited && of == everyReferral && !asked.names()
}

// names tells whether it is of the referrals of few partners.
func (a *question) names() bool {
	return len(a.referrers) > 0 || a.filter.ReferredID != 0 || a.filter.ManagerID != 0
}

// often prepares what is asked of one referrer at a time, in the same words again and again. Of several they differ by how many.
func (a *question) often(q database.Querier) database.Querier {
	if len(a.referrers) > 1 {
		return q
	}
	return database.Often(q)
}

// referralColumns and termColumns are what rows are read from.
var (
	referralColumns = []string{"id", "referrer_id", "referred_id", "started_at", "ended_at"}
	termColumns     = []string{"id", "structure_id", "referred_date", "window_ends_at", "stopped_at", "stop_reason", "grant_id"}
)

// columnsOf selects columns of a table, as they are: ent quotes and qualifies each by itself.
func columnsOf(table string, names ...string) sql.Querier {
	return sql.Raw(table + "." + strings.Join(names, ", "+table+"."))
}

// fewReferrals is of how many referrals of a referrer all is read with the terms. Of more that takes longer than to read
// what a page shows.
const fewReferrals = 120

// joined has the engine put terms and referrals together: for few, which it finds by keys.
func (l *Ledger) joined(ctx context.Context, q database.Querier, asked *question, of referrals, with withTerms) (termsRead, error) {
	read := termsRead{measures: map[int]decimal.Decimal{}}
	from, err := l.selection(ctx, asked, of)
	if err != nil {
		return read, err
	}
	t := sql.Table("referral_term").As("t")
	from.referrer() // whose status comes too
	query := from.SelectExpr(columnsOf("r", referralColumns...), columnsOf("t", termColumns...), columnsOf("referrer", "status")).
		LeftJoin(t).OnP(sql.And(sql.ColumnsEQ(t.C("referral_id"), from.r.C("id")), sql.P(func(b *sql.Builder) { b.WriteString(countsStill) })))
	if with.all {
		from.andAllElse(t)
	}
	if with.sums != nil {
		from.andSums(t, with.sums, asked.own)
		read.sums = &sumsInRange{}
	}
	statement, args := query.Query()
	var tooLarge error
	err = database.EachValues(ctx, asked.often(q), statement, args, func(row *database.Values) {
		referral, status := referralIn(row), len(referralColumns)+len(termColumns)
		referral.referrerActive = row.Text(status) == string(commission.PartnerActive)
		found := read.add(referral, termIn(row, len(referralColumns)))
		if with.all {
			read.keep(row, found, status)
		}
		if line := status + firstSum; with.sums != nil && !row.IsNull(line) {
			tooLarge = cmp.Or(tooLarge, read.sums.add(found.termID, row, line, asked.own != nil))
		}
	})
	if len(read.parties) > 1+fewReferrals { // the referrer is one of them
		l.many.add(asked.referrers[0])
	}
	// Sorted here: engines sort whole rows, which takes them as long as reading these.
	read.sort()
	if with.sums != nil { // a term came with each of its lines
		read.rows = slices.CompactFunc(read.rows, func(a, b rowAt) bool { return read.of(a).key() == read.of(b).key() })
	}
	read.supersede()
	return read, cmp.Or(err, tooLarge)
}

// andAllElse has terms come with their partners, and with what their thresholds are measured on.
func (s *selection) andAllElse(t *sql.SelectTable) {
	referred, structure := sql.Table("partner").As("referred"), sql.Table("commission_structure").As("s")
	s.Join(referred).On(referred.C("id"), s.r.C("referred_id"))
	s.LeftJoin(structure).OnP(sql.And(sql.ColumnsEQ(structure.C("id"), t.C("structure_id")), sql.NotNull(structure.C("minimum_earnings"))))
	s.AppendSelectExpr(columnsOf("referrer", "name"), columnsOf("referred", "name", "status"), sql.Raw("CASE WHEN s.id IS NOT NULL THEN (SELECT COALESCE("+measure+", 0) "+
		"FROM referral_term earlier JOIN term_month total ON total.term_id = earlier.id WHERE "+isMeasured+") END"))
}

// andSums has terms come with what they counted in a month, behind all else: with as many rows as they have lines there.
func (s *selection) andSums(t *sql.SelectTable, month *part, partnerID *int) {
	c := sql.Table(month.table).As("c")
	s.LeftJoin(c).OnP(sql.And(sql.ColumnsEQ(c.C("term_id"), t.C("id")), sql.EQ(c.C(month.column), month.from)))
	s.AppendSelectExpr(columnsOf("c", sumColumns...))
	if partnerID != nil {
		s.AppendSelectExpr(sql.ExprP("CASE WHEN c.line_id > 0 THEN "+isHidden+" ELSE FALSE END", hiddenFrom(*partnerID)...))
	}
}

// These are the columns that andAllElse and andSums select, behind the status of the referrer.
const (
	referrerName = 1 + iota
	referredName
	referredStatus
	measured
	firstSum // of andSums
)

// keep keeps what came with a term. The status of the referrer is in a column.
func (r *termsRead) keep(row *database.Values, found termRow, status int) {
	if r.parties == nil {
		r.parties = map[int]party{found.referrerID: {row.Text(status + referrerName), commission.PartnerStatus(row.Text(status))}}
	}
	r.parties[found.referredID] = party{row.Text(status + referredName), commission.PartnerStatus(row.Text(status + referredStatus))}
	if !row.IsNull(status + measured) {
		r.measures[found.termID] = commission.FromMicros(int64(row.Int(status + measured)))
	}
}

// referrers remembers some, by their ids.
type referrers struct {
	sync.Mutex
	memory[int, struct{}]
}

func (r *referrers) has(id int) bool {
	r.Lock()
	defer r.Unlock()
	_, known := r.get(id)
	return known
}

func (r *referrers) add(id int) {
	r.Lock()
	defer r.Unlock()
	r.keep(id, struct{}{})
}

// swept reads referrals and terms one table after the other, and puts them together here: an engine that joins them looks
// every term up by itself, which takes it three times as long.
func (l *Ledger) swept(ctx context.Context, q database.Querier, asked *question) (termRows, error) {
	from, err := l.selection(ctx, asked, everyReferral)
	if err != nil {
		return termRows{}, err
	}
	var all list[referralPart]
	statement, args := from.SelectExpr(columnsOf("r", referralColumns...)).Query()
	if err := database.Sweep(ctx, q, statement, args, func(row *database.Values) { all.add(referralIn(row)) }); err != nil {
		return termRows{}, err
	}
	all.sort(func(a, b referralPart) int { return cmp.Compare(a.referralID, b.referralID) })
	if err := readStatuses(ctx, q, &all); err != nil {
		return termRows{}, err
	}
	together := newJoin(all)
	t := sql.Table("referral_term").As("t")
	statement, args = sql.Dialect(l.DB.Dialect()).SelectExpr(columnsOf("t", "referral_id"), columnsOf("t", termColumns...)).From(t).
		Where(sql.And(sql.EQ(t.C("network_id"), asked.network.ID), sql.P(func(b *sql.Builder) { b.WriteString(countsStill) }))).Query()
	err = database.Sweep(ctx, q, statement, args, func(row *database.Values) { together.add(row.Int(0), termIn(row, 1)) })
	return together.rows(), err
}

// join puts terms to their referrals, which are in order. It is a sort that takes no longer than the rows are many.
type join struct {
	referrals list[referralPart]
	last      []int32 // of each referral: the term that came last, as the how manieth of all; 0: it has none
	terms     list[termPart]
	before    list[int32] // of each term: the one that came before it, likewise
	tracked   int         // how many referrals have no term
	at        int         // the referral of the term that came last
}

func newJoin(all list[referralPart]) *join {
	return &join{referrals: all, last: make([]int32, all.len()), tracked: all.len()}
}

func (j *join) referralID() int { return j.referrals.at(j.at).referralID }

// add adds a term, unless it is of no such referral. Terms come nearly in order.
func (j *join) add(referralID int, term termPart) {
	for range 2 { // nearly always it is the same or the next
		if j.at < len(j.last) && j.referralID() < referralID {
			j.at++
		}
	}
	if j.at == len(j.last) || j.referralID() != referralID {
		j.at = sort.Search(len(j.last), func(i int) bool { return j.referrals.at(i).referralID >= referralID })
		if j.at == len(j.last) || j.referralID() != referralID {
			return
		}
	}
	if j.last[j.at] == 0 {
		j.tracked--
	}
	j.before.add(j.last[j.at])
	j.last[j.at] = j.terms.add(term) + 1
}

// rows is all of them, in order.
func (j *join) rows() termRows {
	all := termRows{j.referrals, j.terms, make([]rowAt, 0, j.terms.len()+j.tracked)}
	for i, last := range j.last {
		its, begin := rowAt{referral: int32(i), term: noTerm}, len(all.rows)
		if last == 0 {
			all.rows = append(all.rows, its)
		}
		for ; last > 0; last = *j.before.at(int(last - 1)) {
			its.term = last - 1
			all.rows = append(all.rows, its)
		}
		slices.SortFunc(all.rows[begin:], func(a, b rowAt) int {
			return cmp.Compare(j.terms.at(int(a.term)).termID, j.terms.at(int(b.term)).termID)
		})
	}
	all.supersede()
	return all
}

// readStatuses reads which referrers are active: there are far fewer of them than referrals.
func readStatuses(ctx context.Context, q database.Querier, all *list[referralPart]) error {
	inactive := map[int]bool{}
	for r := range all.each() {
		inactive[r.referrerID] = false
	}
	err := database.EachIn(ctx, q, "SELECT id FROM partner WHERE status <> ? AND id IN (%s)", []any{commission.PartnerActive},
		slices.Sorted(maps.Keys(inactive)), func(row *stdsql.Rows) error {
			var id int
			err := row.Scan(&id)
			inactive[id] = true
			return err
		})
	for r := range all.each() {
		r.referrerActive = !inactive[r.referrerID]
	}
	return err
}

// referralIn is the referral that a row begins with.
func referralIn(row *database.Values) referralPart {
	return referralPart{
		referralID: row.Int(0), referrerID: row.Int(1), referredID: row.Int(2), startedAt: momentIn(row, 3), endedAt: momentIn(row, 4), //nolint:mnd // referralColumns
	}
}

// termIn is the term whose columns begin at one.
func termIn(row *database.Values, at int) termPart {
	if row.IsNull(at) {
		return trackedOnly
	}
	term := termPart{
		termID: row.Int(at), structureID: row.Int(at + 1),
		referredDate: momentIn(row, at+2), windowEndsAt: momentIn(row, at+3), closedAt: momentIn(row, at+4), //nolint:mnd // termColumns
		granted: !row.IsNull(at + 6), //nolint:mnd // as above
	}
	if term.closedAt != never {
		term.closeReason = int8(slices.Index(closeReasons, row.Text(at+5))) //nolint:mnd,gosec // as above; there are few
	}
	return term
}

func momentIn(row *database.Values, column int) moment {
	at, some := row.Moment(column)
	if !some {
		return never
	}
	return moment(at.UnixMicro())
}

// selection selects from the referrals that the viewer sees and the filter leaves, as far as both are said by columns.
type selection struct {
	*sql.Selector
	r      *sql.SelectTable
	joined *sql.SelectTable // their referrers, once they are needed
}

// referrer is the table of the referrers.
func (s *selection) referrer() *sql.SelectTable {
	if s.joined == nil {
		s.joined = sql.Table("partner").As("referrer")
		s.Join(s.joined).On(s.joined.C("id"), s.r.C("referrer_id"))
	}
	return s.joined
}

func (l *Ledger) selection(ctx context.Context, asked *question, of referrals) (*selection, error) {
	r, filter := sql.Table("referral").As("r"), asked.filter
	from := &selection{Selector: sql.Dialect(l.DB.Dialect()).Select().From(r), r: r}
	from.Where(sql.EQ(r.C("network_id"), asked.network.ID))
	if len(asked.referrers) > 0 {
		from.Where(sql.InInts(r.C("referrer_id"), asked.referrers...))
	}
	if filter.ReferredID != 0 {
		from.Where(sql.EQ(r.C("referred_id"), filter.ReferredID))
	}
	if filter.ManagerID != 0 {
		from.Where(sql.EQ(from.referrer().C("manager_id"), filter.ManagerID))
	}
	switch filter.Status {
	case commission.ReferralActive:
		from.Where(sql.IsNull(r.C("ended_at")))
	case commission.ReferralInactive:
		from.Where(sql.NotNull(r.C("ended_at")))
	}
	if of.after > everyReferral.after {
		from.Where(sql.GT(r.C("id"), of.after))
	}
	if of.upTo < everyReferral.upTo {
		from.Where(sql.LTE(r.C("id"), of.upTo))
	}
	return from, rule.Referrals.Narrow(ctx, from.Selector)
}
