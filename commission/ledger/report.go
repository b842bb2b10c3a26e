package ledger

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"iter"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/sync/errgroup"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
)

// Range is calendar days in the network's time zone, both included [P2].
type Range struct{ From, To commission.Date }

// Check refuses a range that ends before it begins.
func (r Range) Check() error {
	if r.To < r.From {
		return commission.Refuse(commission.BadUserInput, "to", "must not be before from")
	}
	return nil
}

// Filter narrows the rows of the report [P4]. Zero values narrow nothing.
type Filter struct {
	ReferrerID int
	ReferredID int
	ManagerID  int // of the referrer
	Status     commission.ReferralStatus
	States     []commission.State
	Type       commission.Type
	Search     string // in the names of referrer and referred partner, which is all that every viewer of a row sees of both
}

// Row is one row of the referral report: a term, or a referral that is tracked only [P1].
type Row struct {
	Days              Range
	Currency          commission.Currency
	ReferralID        int
	TermID            int // 0: tracked only
	ReferrerID        int
	ReferredID        int
	StructureID       int    // 0: none
	ReferrerName      string // these four once Name has read them
	ReferredName      string
	ReferrerStatus    commission.PartnerStatus
	ReferredStatus    commission.PartnerStatus
	ReferredDate      *time.Time
	ReferralStartedAt time.Time
	WindowEndsAt      *time.Time
	Status            commission.ReferralStatus
	State             commission.State
	Conversions       int64
	BasisAmount       decimal.Decimal
	Threshold         *Threshold // nil: the structure has none
	EndedAt           *time.Time // the referral
	Term              commission.Term
	zone              *time.Location
	commission.Amounts
}

func (r *Row) key() RowKey { return RowKey{r.ReferralID, r.TermID} }

// Explain says why the row shows what it does, to whoever it is shown to [P5].
func (r *Row) Explain(ctx context.Context, structure *commission.Structure) (commission.Reason, string) {
	v, _ := viewer.From(ctx)
	facts := commission.RowFacts{
		Currency: r.Currency, Zone: r.zone, Own: v.Is(commission.PartnerUser), Referrer: r.ReferrerName, Referred: r.ReferredName,
		Days: commission.Period{From: r.Days.From, To: r.Days.To}, Structure: structure, Term: r.Term, StartedAt: r.ReferralStartedAt, EndedAt: r.EndedAt, State: r.State,
		Amounts: r.Amounts, Conversions: r.Conversions, BasisAmount: r.BasisAmount,
	}
	if r.Threshold != nil {
		facts.Threshold = &commission.Threshold{Target: r.Threshold.Target, Progress: r.Threshold.Progress}
	}
	return facts.Explain()
}

// in has the row tell times by the network's clock.
func (r *Row) in(zone *time.Location) {
	r.zone = zone
	if r.Threshold != nil {
		r.Threshold.zone = zone
	}
}

// Threshold is the way of a term to its minimum earnings, as of now [C3].
type Threshold struct {
	TermID   int
	Target   decimal.Decimal
	Progress decimal.Decimal
	zone     *time.Location
}

// StartOf is the first moment of a day of the network's.
func (t *Threshold) StartOf(day commission.Date) time.Time { return day.Start(t.zone) }

// Totals are the sums of all rows of the filter, as shown [P4].
type Totals struct {
	Rows           int
	Conversions    int64
	Billed         decimal.Decimal
	Balance        decimal.Decimal
	Unbilled       decimal.Decimal
	BelowThreshold decimal.Decimal
}

// Report is the referral report of a network: all rows of a filter, with their totals. It has what they are computed from;
// Pages makes those that are shown.
type Report struct {
	Currency   commission.Currency
	Zone       commission.Zone
	Totals     Totals
	Structures map[int]*ent.CommissionStructure // all of the network's: a viewer sees those of its rows

	termRows

	asked    *question
	sums     *sumsInRange            // of the rows that counted something in the range
	measures map[int]decimal.Decimal // of the thresholds that were measured
	parties  map[int]party           // nil: they were not read

	names func(context.Context, database.Querier) (map[int]party, error) // reads them for all that were read together; nil: it is alone
}

// RowKey tells the rows of a report apart.
type RowKey struct {
	ReferralID int
	TermID     int // 0: tracked only
}

func (k RowKey) compare(other RowKey) int {
	return cmp.Or(cmp.Compare(k.ReferralID, other.ReferralID), cmp.Compare(k.TermID, other.TermID))
}

// Report computes the referral report [P1 to P4], for the rows that the viewer sees. It takes as many statements for any
// number of rows, three at a time, and reads no conversion.
func (l *Ledger) Report(ctx context.Context, network *ent.Network, days Range, filter Filter) (*Report, error) {
	asked, err := l.ask(ctx, network, days, filter)
	if err != nil {
		return nil, err
	}
	if sweeps(ctx, asked, everyReferral) {
		done, err := l.sweeping.take(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
	}
	return l.report(ctx, l.DB, asked, everyReferral)
}

// referrersAtOnce is of how many referrers the reports are read together. Of a thousand MariaDB would make a table first.
const referrersAtOnce = 500

// Reports computes the reports of some referrers, each as Report does for one [P1 to P4]. It takes as many statements for one as for
// hundreds, and so do Pages of them.
func (l *Ledger) Reports(ctx context.Context, network *ent.Network, days Range, referrerIDs []int) (map[int]*Report, error) {
	reports := make(map[int]*Report, len(referrerIDs))
	for some := range slices.Chunk(referrerIDs, referrersAtOnce) {
		asked, err := l.ask(ctx, network, days, Filter{})
		if err != nil {
			return nil, err
		}
		asked.referrers = some
		all, err := l.read(ctx, l.DB, asked, everyReferral)
		if err != nil {
			return nil, err
		}
		if len(some) == 1 {
			all.total()
			reports[some[0]] = all
			continue
		}
		all.part(some, reports)
	}
	return reports, nil
}

// part makes the report of each of some referrers, out of what was read for all of them.
func (r *Report) part(referrerIDs []int, reports map[int]*Report) {
	var reading sync.Mutex
	names := func(ctx context.Context, q database.Querier) (map[int]party, error) {
		reading.Lock()
		defer reading.Unlock()
		if r.parties == nil {
			parties, err := readParties(ctx, q, r.partyIDs())
			if err != nil {
				return nil, err
			}
			r.parties = parties
		}
		return r.parties, nil
	}
	for _, id := range referrerIDs {
		reports[id] = &Report{
			Currency: r.Currency, Zone: r.Zone, Structures: r.Structures,
			termRows: termRows{referrals: r.referrals, terms: r.terms},
			asked:    r.asked, sums: r.sums, measures: r.measures, parties: r.parties, names: names,
		}
	}
	for _, at := range r.rows {
		its := reports[r.of(at).referrerID]
		its.rows = append(its.rows, at)
	}
	for _, id := range referrerIDs {
		reports[id].total()
	}
}

// question is what the report is asked, and what is known for all of its rows.
type question struct {
	network *ent.Network
	zone    *time.Location
	days    Range
	filter  Filter
	now     time.Time
	own     *int // the partner that asks: it is not shown what is not for it [R2]; nil: staff asks

	referrers []int // whose rows alone; none: everybody's

	// These are remembered, or read with the first rows.
	stored     map[int]*ent.CommissionStructure
	structures map[int]commission.Structure
}

func (l *Ledger) ask(ctx context.Context, network *ent.Network, days Range, filter Filter) (*question, error) {
	if err := days.Check(); err != nil {
		return nil, err
	}
	zone, err := network.TimeZone.Location()
	if err != nil {
		return nil, err
	}
	v, _ := viewer.From(ctx)
	asked := &question{network: network, zone: zone, days: days, filter: filter, now: commission.Moment(l.Now())}
	asked.stored, asked.structures = l.structures.of(network)
	asked.filter.Search = strings.ToLower(strings.TrimSpace(filter.Search))
	if filter.ReferrerID != 0 {
		asked.referrers = []int{filter.ReferrerID}
	}
	if v.Is(commission.PartnerUser) {
		asked.own = &v.PartnerID
		if len(asked.referrers) == 0 {
			asked.referrers = []int{v.PartnerID} // it sees no other rows: none is read
		}
	}
	return asked, nil
}

// measuredAtOnce is how many thresholds are measured while the sums are read; of more, those that something depends on.
const measuredAtOnce = 1000

// report computes the rows of some referrals.
func (l *Ledger) report(ctx context.Context, q database.Querier, asked *question, of referrals) (*Report, error) {
	r, err := l.read(ctx, q, asked, of)
	if err != nil {
		return nil, err
	}
	if asked.filter.computed() {
		r.rows = slices.DeleteFunc(r.rows, func(at rowAt) bool { return !r.wants(r.of(at)) })
	}
	r.total()
	return r, nil
}

// read reads what the rows of some referrals are computed from.
func (l *Ledger) read(ctx context.Context, q database.Querier, asked *question, of referrals) (*Report, error) {
	r := &Report{Currency: asked.network.Currency, Zone: asked.network.TimeZone, asked: asked}
	with := l.withTerms(asked)
	var counted, paying func(ctx context.Context) error
	if with.sums == nil {
		counted = func(ctx context.Context) (err error) {
			r.sums, err = l.sums(ctx, q, asked, of)
			return err
		}
	}
	if asked.stored == nil {
		paying = func(ctx context.Context) error { return l.readStructures(ctx, q, asked) }
	}
	named := func(ctx context.Context) error {
		read, err := l.terms(ctx, q, asked, of, with)
		r.termRows, r.parties, r.measures = read.termRows, read.parties, read.measures
		if with.sums != nil {
			r.sums = read.sums
		}
		return err
	}
	told := func(ctx context.Context) (err error) {
		if err := l.both(ctx, q, paying, named); err != nil {
			return err
		}
		if r.hasUnknownStructure() { // which came after they were read
			if err := l.readStructures(ctx, q, asked); err != nil {
				return err
			}
		}
		if asked.filter.Search != "" {
			if r.parties, err = r.allParties(ctx, q); err != nil {
				return err
			}
		}
		if len(asked.filter.States) > 0 || len(slices.Collect(r.each(r.hasThreshold))) <= measuredAtOnce {
			return r.measure(ctx, q, r.hasThreshold)
		}
		return nil
	}
	if err := l.both(ctx, q, counted, told); err != nil {
		return nil, err
	}
	for i, at := range r.rows {
		r.rows[i].counted = r.sums.placeOf(r.of(at).termID)
	}
	if err := r.measure(ctx, q, func(t termRow) bool { return t.counted != 0 }); err != nil {
		return nil, err
	}
	r.Structures = asked.stored
	return r, nil
}

// fewRows is of how many rows what they show is computed at once. Of more each core computes a part.
const fewRows = 10_000

// total computes what the rows show of the range, and their totals.
func (r *Report) total() {
	cores := runtime.GOMAXPROCS(0)
	parts := slices.Collect(slices.Chunk(r.rows, max(fewRows, (len(r.rows)+cores-1)/cores)))
	totals := make([]Totals, len(parts))
	var counting sync.WaitGroup
	for i, part := range parts {
		work := func() { totals[i] = r.count(part) }
		if i < len(parts)-1 {
			counting.Go(work)
		} else { // here, as all of few rows
			work()
		}
	}
	counting.Wait()
	r.Totals = r.nothing()
	for _, part := range totals {
		r.Totals.add(part)
	}
}

// nothing is the totals of no rows.
func (r *Report) nothing() Totals {
	zero := r.Currency.Round(decimal.Zero)
	return Totals{Billed: zero, Balance: zero, Unbilled: zero, BelowThreshold: zero}
}

// count computes what some rows show of what they counted in the range, and their totals.
func (r *Report) count(rows []rowAt) Totals {
	totals := r.nothing()
	totals.Rows = len(rows)
	for _, at := range rows {
		if at.counted == 0 { // as most rows of a month
			continue
		}
		t, counted := r.of(at), r.sums.at(at.counted)
		amounts := r.amounts(t, counted, r.threshold(t, r.measures))
		counted.shows(amounts)
		shown := Totals{Billed: amounts.Billed, Unbilled: amounts.Unbilled, BelowThreshold: amounts.BelowThreshold}
		if amounts.Balance != nil {
			shown.Balance = *amounts.Balance
		}
		if r.asked.own == nil { // it is not shown how many they were [R2]
			shown.Conversions = r.sums.conversions(counted)
		}
		totals.add(shown)
	}
	return totals
}

// add adds others. Most amounts are zero, of the same decimals.
func (t *Totals) add(others Totals) {
	t.Rows += others.Rows
	t.Conversions += others.Conversions
	for _, amount := range []struct {
		total *decimal.Decimal
		of    decimal.Decimal
	}{
		{&t.Billed, others.Billed},
		{&t.Balance, others.Balance},
		{&t.Unbilled, others.Unbilled},
		{&t.BelowThreshold, others.BelowThreshold},
	} {
		if !amount.of.IsZero() {
			*amount.total = amount.total.Add(amount.of)
		}
	}
}

// each is the rows that are which.
func (r *Report) each(which func(termRow) bool) iter.Seq[termRow] {
	return func(yield func(termRow) bool) {
		for t := range r.all() {
			if which(t) && !yield(t) {
				return
			}
		}
	}
}

// hasUnknownStructure tells whether a row has a structure that was not read.
func (r *Report) hasUnknownStructure() bool {
	known := 0 // neighbours have the same, mostly
	for t := range r.all() {
		if id := t.structureID; id != known {
			if r.asked.stored[id] == nil && id != 0 {
				return true
			}
			known = id
		}
	}
	return false
}

// hasThreshold tells whether the row's structure has minimum earnings.
func (r *Report) hasThreshold(t termRow) bool {
	return t.termID != 0 && r.asked.structures[t.structureID].MinimumEarnings != nil
}

// sumsOf is what a row counted in the range; nil: nothing.
func (r *Report) sumsOf(t termRow) *termSumsInRange {
	if t.counted == 0 {
		return nil
	}
	return r.sums.at(t.counted)
}

// amounts is what a row shows of what it counted.
func (r *Report) amounts(t termRow, counted *termSumsInRange, threshold *commission.Threshold) commission.Amounts {
	return r.asked.structures[t.structureID].Amounts(r.Currency, r.sums.rowSums(counted), threshold.Reached(), t.status())
}

// isUnmeasured tells whether the row has a threshold that was not measured yet.
func (r *Report) isUnmeasured(t termRow) bool {
	_, measured := r.measures[t.termID]
	return r.hasThreshold(t) && !measured
}

// measure measures the thresholds of rows that were not measured yet.
func (r *Report) measure(ctx context.Context, q database.Querier, which func(termRow) bool) error {
	var termIDs []int
	for t := range r.each(which) {
		if r.isUnmeasured(t) {
			termIDs = append(termIDs, t.termID)
		}
	}
	measures, err := Measures(ctx, q, termIDs)
	for _, id := range termIDs {
		r.measures[id] = measures[id] // none where it counted nothing
	}
	return err
}

// computed tells whether the filter is of what no column says.
func (f Filter) computed() bool { return f.Type != "" || f.Search != "" || len(f.States) > 0 }

// wants tells whether a row that was read passes the filter [P4].
func (r *Report) wants(t termRow) bool {
	f := r.asked.filter
	if f.Type != "" && (t.termID == 0 || r.asked.structures[t.structureID].Commission.Type() != f.Type) {
		return false
	}
	if f.Search != "" && !strings.Contains(strings.ToLower(r.parties[t.referrerID].name+"\n"+r.parties[t.referredID].name), f.Search) {
		return false
	}
	return len(f.States) == 0 || slices.Contains(f.States, r.state(t, r.threshold(t, r.measures)))
}

// threshold is nil where the row has none.
func (r *Report) threshold(t termRow, measures map[int]decimal.Decimal) *commission.Threshold {
	if !r.hasThreshold(t) {
		return nil
	}
	return r.asked.structures[t.structureID].ThresholdAt(measures[t.termID])
}

func (r *Report) state(t termRow, threshold *commission.Threshold) commission.State {
	if t.termID == 0 {
		return commission.Tracked
	}
	return t.term().State(r.asked.now, t.referrerActive, threshold.Reached())
}

// Keys is all rows, by referral and by the terms of one.
func (r *Report) Keys() []RowKey {
	keys := make([]RowKey, len(r.rows))
	for i, at := range r.rows {
		keys[i] = r.of(at).key()
	}
	return keys
}

// Page is rows of a report, by their keys.
type Page struct {
	*Report

	Keys []RowKey
}

// Pages makes the rows of each page, those that its report has. They have no names yet, unless these came with their
// terms, or were searched by. It takes one statement at most.
func (l *Ledger) Pages(ctx context.Context, pages ...Page) ([][]*Row, error) {
	return rowsOf(ctx, l.DB, pages...)
}

func rowsOf(ctx context.Context, q database.Querier, pages ...Page) ([][]*Row, error) {
	shown := make([][]termRow, len(pages))
	var unmeasured []int
	for i, of := range pages {
		for _, key := range of.Keys {
			t, found := of.find(key)
			if !found {
				continue
			}
			shown[i] = append(shown[i], t)
			if of.isUnmeasured(t) {
				unmeasured = append(unmeasured, t.termID)
			}
		}
	}
	measures, err := Measures(ctx, q, unmeasured)
	if err != nil {
		return nil, err
	}
	rows := make([][]*Row, len(pages))
	for i, of := range pages {
		all := make([]Row, len(shown[i]))
		rows[i] = make([]*Row, len(shown[i]))
		for j, t := range shown[i] {
			known := of.measures
			if of.isUnmeasured(t) {
				known = measures
			}
			all[j] = of.row(t, of.threshold(t, known))
			rows[i][j] = &all[j]
		}
	}
	return rows, nil
}

// find is the row of a key, if the report has it.
func (r *Report) find(key RowKey) (termRow, bool) {
	i, found := slices.BinarySearchFunc(r.rows, key, func(at rowAt, key RowKey) int { return r.of(at).key().compare(key) })
	if !found {
		return termRow{}, false
	}
	return r.of(r.rows[i]), true
}

// row is a row as the report shows it.
func (r *Report) row(t termRow, threshold *commission.Threshold) Row {
	asked, currency, term := r.asked, r.Currency, t.term()
	row := Row{
		Days: asked.days, Currency: currency,
		ReferralID: t.referralID, TermID: t.termID, ReferrerID: t.referrerID, ReferredID: t.referredID, StructureID: t.structureID,
		ReferredDate: t.referredDate.optional(), ReferralStartedAt: t.startedAt.at(), WindowEndsAt: term.WindowEndsAt,
		EndedAt: t.endedAt.optional(), Status: t.status(), State: r.state(t, threshold), Term: term,
	}
	if counted := r.sumsOf(t); counted != nil {
		row.Amounts = r.amounts(t, counted, threshold)
	} else {
		row.Amounts = commission.NothingEarned(currency, row.Status)
	}
	if asked.own == nil {
		r.tellBasis(&row, t, threshold)
	}
	row.told(r.parties)
	row.in(asked.zone)
	return row
}

// tellBasis tells of a row how many conversions it is, of which amount, and of its threshold: what its referrer is not shown,
// whoever asks for it [R2].
func (r *Report) tellBasis(row *Row, t termRow, threshold *commission.Threshold) {
	if counted := r.sumsOf(t); counted != nil {
		all := r.sums.all(counted)
		row.Conversions, row.BasisAmount = all.Conversions, r.basis(t, all)
	} else {
		row.BasisAmount = r.Currency.Round(decimal.Zero)
	}
	if threshold != nil {
		row.Threshold = &Threshold{TermID: t.termID, Target: r.Currency.Exact(threshold.Target), Progress: r.Currency.Exact(threshold.Progress)}
	}
}

// basis is the amount that a row's commission is of.
func (r *Report) basis(t termRow, all commission.Sums) decimal.Decimal {
	return r.Currency.Exact(all.Of(r.asked.structures[t.structureID].Basis()))
}

// Name reads the names and statuses of the partners of rows, which all who see a row are shown. Rows that have them are left
// out.
func (l *Ledger) Name(ctx context.Context, rows []*Row) error { return name(ctx, l.DB, rows) }

func name(ctx context.Context, q database.Querier, rows []*Row) error {
	var nameless []*Row
	ids := map[int]bool{}
	for _, row := range rows {
		if row.ReferrerName == "" {
			nameless = append(nameless, row)
			ids[row.ReferrerID], ids[row.ReferredID] = true, true
		}
	}
	parties, err := readParties(ctx, q, ids)
	for _, row := range nameless {
		row.told(parties)
	}
	return err
}

// party is what all who see a row are shown of its partners.
type party struct {
	name   string
	status commission.PartnerStatus
}

func readParties(ctx context.Context, q database.Querier, ids map[int]bool) (map[int]party, error) {
	parties := make(map[int]party, len(ids))
	return parties, database.EachIn(ctx, q, "SELECT id, name, status FROM partner WHERE id IN (%s)", nil, slices.Sorted(maps.Keys(ids)), func(row *stdsql.Rows) error {
		var id int
		var found party
		err := row.Scan(&id, &found.name, &found.status)
		parties[id] = found
		return err
	})
}

// allParties is those of all rows.
func (r *Report) allParties(ctx context.Context, q database.Querier) (map[int]party, error) {
	switch {
	case r.parties != nil:
		return r.parties, nil
	case r.names == nil:
		return readParties(ctx, q, r.partyIDs())
	}
	all, err := r.names(ctx, q)
	its := r.partyIDs()
	parties := make(map[int]party, len(its))
	for id := range its {
		parties[id] = all[id]
	}
	return parties, err
}

func (r *Report) partyIDs() map[int]bool {
	ids := make(map[int]bool, len(r.rows))
	for t := range r.all() {
		ids[t.referrerID], ids[t.referredID] = true, true
	}
	return ids
}

// told has the row tell its partners' names.
func (r *Row) told(parties map[int]party) {
	referrer, referred := parties[r.ReferrerID], parties[r.ReferredID]
	r.ReferrerName, r.ReferrerStatus = referrer.name, referrer.status
	r.ReferredName, r.ReferredStatus = referred.name, referred.status
}

// both asks two things at the same time, where they need not be of one moment. One of them may be known, which is nil.
func (l *Ledger) both(ctx context.Context, q database.Querier, one, other func(context.Context) error) error {
	if one == nil {
		return other(ctx)
	}
	if q != database.Querier(l.DB) { // a snapshot, which is one connection
		if err := one(ctx); err != nil {
			return err
		}
		return other(ctx)
	}
	asking, ctx := errgroup.WithContext(ctx)
	asking.Go(func() error { return one(ctx) })
	asking.Go(func() error { return other(ctx) })
	return asking.Wait()
}

func (l *Ledger) readStructures(ctx context.Context, q database.Querier, asked *question) (err error) {
	if asked.stored, err = storedStructures(ctx, q, asked.network.ID); err != nil {
		return err
	}
	asked.structures = asRules(asked.stored)
	l.structures.remember(asked)
	return nil
}

// networkStructures remembers the structures of networks, which do not change once they are there: whoever finds a row with
// another one reads them again. They are forgotten when the network changes, also for a database that takes over and lost the last one.
type networkStructures struct {
	sync.Mutex
	memory[int, paying]
}

type paying struct {
	changedAt  time.Time // the network, when they were read
	stored     map[int]*ent.CommissionStructure
	structures map[int]commission.Structure
}

func (s *networkStructures) of(network *ent.Network) (map[int]*ent.CommissionStructure, map[int]commission.Structure) {
	s.Lock()
	defer s.Unlock()
	if known, ok := s.get(network.ID); ok && known.changedAt.Equal(network.ChangedAt) {
		return known.stored, known.structures
	}
	return nil, nil
}

func (s *networkStructures) remember(asked *question) {
	s.Lock()
	defer s.Unlock()
	s.keep(asked.network.ID, paying{asked.network.ChangedAt, asked.stored, asked.structures})
}

// structuresOf is all of a network's: there are few, and each is on many rows.
func structuresOf(ctx context.Context, q database.Querier, networkID int) (map[int]commission.Structure, error) {
	stored, err := storedStructures(ctx, q, networkID)
	return asRules(stored), err
}

// asRules is stored structures as the rules know them.
func asRules(stored map[int]*ent.CommissionStructure) map[int]commission.Structure {
	structures := make(map[int]commission.Structure, len(stored))
	for id, s := range stored {
		structures[id] = StructureOf(s)
	}
	return structures
}

func storedStructures(ctx context.Context, q database.Querier, networkID int) (map[int]*ent.CommissionStructure, error) {
	structures := map[int]*ent.CommissionStructure{}
	return structures, database.Each(ctx, database.Often(q), `
		SELECT id, canonical, type, amount, rate, basis, minimum_earnings, duration_value, duration_unit, created_at
		FROM commission_structure WHERE network_id = ?`, []any{networkID}, func(row *stdsql.Rows) error {
		s := ent.CommissionStructure{NetworkID: networkID}
		var amount, rate, minimum stdsql.NullInt64
		if err := row.Scan(&s.ID, &s.Canonical, &s.Type, &amount, &rate, &s.Basis, &minimum, &s.DurationValue, &s.DurationUnit, &s.CreatedAt); err != nil {
			return err
		}
		s.Amount, s.Rate, s.MinimumEarnings = optional(amount), optional(rate), optional(minimum)
		structures[s.ID] = &s
		return nil
	})
}

func optional(micros stdsql.NullInt64) *decimal.Decimal {
	if !micros.Valid {
		return nil
	}
	amount := commission.FromMicros(micros.Int64)
	return &amount
}

// referrals are those with ids from one behind after up to one: their rows are read together.
type referrals struct{ after, upTo int }

var everyReferral = referrals{0, math.MaxInt}

// scanSums reads the four sums of a term, behind some columns of their own.
func scanSums(row *stdsql.Rows, head ...any) (commission.Sums, error) {
	var m micros
	if err := row.Scan(append(head, &m.conversions, &m.revenue, &m.payout, &m.fee)...); err != nil {
		return commission.Sums{}, err
	}
	return m.sums(), nil
}
