package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/graph/scalar"
)

type importCommand struct {
	Network string            `help:"The id of the network."                                                                                 placeholder:"ID" required:""`
	Map     map[string]string `help:"A column whose header has another name: --map 'revenue=Sale Amount'. Can be given more than once."     placeholder:"COLUMN=HEADER"`
	Rejects string            `help:"Where rows that are refused go, with line number and reason; FILE.rejects.csv where left out."         placeholder:"FILE"`
	File    string            `arg:""                                                                                                        help:"The CSV file; - for standard input."`
}

// Run imports. Rows that are refused hold nothing up: they are written to the rejects file, and told at the end.
func (c importCommand) Run(a *app) error {
	networkID := scalar.ParseID(c.Network).Of(scalar.Network)
	network, err := a.db.Network.Get(a, networkID)
	if ent.IsNotFound(err) {
		return commission.ErrNotFound("network", "network")
	} else if err != nil {
		return fmt.Errorf("find the network: %w", err)
	}
	zone, err := network.TimeZone.Location()
	if err != nil {
		return fmt.Errorf("find the network's time zone: %w", err)
	}
	in, size, err := c.open(a.stdin)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	i := &importing{app: a, networkID: networkID, zone: zone, rejects: rejects{path: c.rejectsPath()}}
	shown := i.show(size)
	err = i.run(in, c.Map)
	shown.done()
	if closing := i.rejects.close(); err == nil {
		err = closing
	}
	switch {
	case err != nil && i.recorded > 0:
		return fmt.Errorf("%s: %w; %d rows were recorded before that: import the file again, they count once", c.File, err, i.recorded)
	case err != nil:
		return fmt.Errorf("%s: %w", c.File, err)
	}
	_, _ = fmt.Fprintf(a.stderr, "%d rows were recorded, %d were recorded before, %d were refused\n", i.recorded, i.duplicates, i.rejects.count)
	_, _ = fmt.Fprintf(a.stdout, "recorded=%d duplicates=%d rejected=%d\n", i.recorded, i.duplicates, i.rejects.count)
	if i.rejects.count > 0 {
		return fmt.Errorf("%d rows were refused: %s has them, each with the reason; correct them there and import that file", i.rejects.count, i.rejects.path)
	}
	return nil
}

const stdinFile = "-"

// open opens the file; its size is -1 where nobody knows it. The rejects must not overwrite it.
func (c importCommand) open(stdin io.Reader) (io.ReadCloser, int64, error) {
	if c.File == stdinFile {
		return io.NopCloser(stdin), -1, nil
	}
	file, err := os.Open(c.File)
	if err != nil {
		return nil, 0, err
	}
	about, err := file.Stat()
	if err == nil && about.IsDir() {
		err = fmt.Errorf("%s is a folder", c.File)
	}
	if taken, missing := os.Stat(c.rejectsPath()); err == nil && missing == nil && os.SameFile(about, taken) {
		err = errors.New("--rejects must name another file than the one that is imported")
	}
	if err != nil {
		_ = file.Close()
		return nil, 0, err
	}
	return file, about.Size(), nil
}

func (c importCommand) rejectsPath() string {
	switch {
	case c.Rejects != "":
		return c.Rejects
	case c.File == stdinFile:
		return "rejects.csv"
	default:
		return c.File + ".rejects.csv"
	}
}

// importing is one file on its way into the ledger.
type importing struct {
	*app

	networkID int
	zone      *time.Location
	columns   columns
	rejects   rejects
	tell      func(bytes, rows int64)

	rows, recorded, duplicates int64
}

// show shows how far the import is: by bytes of a file, by rows where the end is not known.
func (i *importing) show(size int64) progress {
	if size < 0 {
		shown := showProgress(i.stderr, "importing", size, progressbar.OptionShowCount(), progressbar.OptionSetItsString("rows"), progressbar.OptionShowIts())
		i.tell = func(_, rows int64) { shown.at(rows) }
		return shown
	}
	shown := showProgress(i.stderr, "importing", size, progressbar.OptionShowBytes(true))
	i.tell = func(bytes, _ int64) { shown.at(bytes) }
	return shown
}

// run records the conversions as they come and the adjustments behind them, in their order: so an adjustment finds its
// conversion wherever in the file that stands, and a file that was cut off and imported again gives the same sums.
func (i *importing) run(from io.Reader, named map[string]string) error {
	in, err := readRecords(from)
	if err != nil {
		return err
	}
	header, err := in.next()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty")
	}
	if err != nil {
		return err
	}
	if header.Wrong != "" {
		return fmt.Errorf("the header cannot be read: %s", header.Wrong)
	}
	if i.columns, err = findColumns(header.Fields, named); err != nil {
		return err
	}
	i.rejects.header = header.Fields
	var later spool
	defer later.remove()
	conversions := batch[ledger.Conversion]{importing: i, read: i.columns.conversion, record: i.ledger.RecordConversions, cell: i.cell}
	err = conversions.all(func(use func(record) error) error {
		return i.each(in.next, func(r record) error {
			i.tell(in.consumed, i.rows)
			if r.Wrong == "" && i.columns.of(r, columnAdjusts) != "" {
				return later.add(r)
			}
			return use(r)
		})
	})
	if err != nil {
		return err
	}
	adjustments := batch[ledger.Adjustment]{importing: i, read: i.columns.adjustment, record: i.ledger.RecordAdjustments}
	return adjustments.all(func(use func(record) error) error { return i.each(later.next, use) })
}

// each passes on every record, and says of those that have more fields than the header that they are wrong.
func (i *importing) each(next func() (record, error), use func(record) error) error {
	for {
		r, err := next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		i.rows++
		if r.Wrong == "" && len(r.Fields) > len(i.rejects.header) && !(record{Fields: r.Fields[len(i.rejects.header):]}).blank() {
			r.Wrong = fmt.Sprintf("this row has %d fields and the header %d: quote what holds the separator", len(r.Fields), len(i.rejects.header))
		}
		if err := use(r); err != nil {
			return err
		}
	}
}

// cell is the sums that a conversion adds to: its partner's of its day, and its term's.
type cell struct {
	partner int
	day     commission.Date
}

func (i *importing) cell(c ledger.Conversion) cell {
	return cell{c.PartnerID, commission.DateOf(c.OccurredAt, i.zone)}
}

const (
	// batchSize is how many rows are recorded at a time: 1,000 take half as long again, 10,000 hardly less than these.
	batchSize = 5000
	// lotSize is how many rows are read before they are recorded, at the most. What adds to the same sums is brought
	// together in a lot; the first ones are smaller, since nothing is recorded while the first is read.
	lotSize = 20_000
	// lanes is how many batches are recorded at once, where the database lets more than one write.
	lanes = 2
	// patience is how often rows may be refused because of others that are refused themselves.
	patience = 5
)

// batch records rows of one kind, many at a time. While some are being recorded the next are read.
type batch[R any] struct {
	importing *importing
	read      func(record) (R, error)
	record    func(ctx context.Context, networkID int, rows []R) (ledger.Recorded, error)
	cell      func(R) cell // nil: the order of the rows matters

	next      lot[R]     // is being read
	last      lot[R]     // was read before it
	recording chan error // what became of the last one; nil: there is none
}

// lot is some rows of a file.
type lot[R any] struct {
	records []record // of the rows
	rows    []R
	refused []refusal
}

func (p lot[R]) size() int { return len(p.rows) + len(p.refused) }

// emptied is a lot without rows, with the memory that these had.
func (p lot[R]) emptied() lot[R] {
	clear(p.records)
	clear(p.rows)
	return lot[R]{records: p.records[:0], rows: p.rows[:0]}
}

// refusal is a record with why it was refused.
type refusal struct {
	record
	because string
}

// all records all the records that it is given, and returns when that is done.
func (b *batch[R]) all(give func(use func(record) error) error) error {
	err := give(b.add)
	if err == nil {
		err = b.flush()
	}
	if last := b.wait(); err == nil {
		err = last
	}
	return err
}

func (b *batch[R]) add(r record) error {
	var row R
	because := r.Wrong
	if because == "" {
		var err error
		if row, err = b.read(r); err != nil {
			because = err.Error()
		}
	}
	if because != "" {
		b.next.refused = append(b.next.refused, refusal{r, because})
	} else {
		b.next.records, b.next.rows = append(b.next.records, r), append(b.next.rows, row)
	}
	if b.next.size() < min(max(batchSize, 2*b.last.size()), lotSize) {
		return nil
	}
	return b.flush()
}

// flush has recorded what was read, as soon as what was read before is.
func (b *batch[R]) flush() error {
	if err := b.wait(); err != nil {
		return err
	}
	done, now := make(chan error, 1), b.next
	b.recording, b.last, b.next = done, now, b.last.emptied()
	go func() { done <- b.keep(now) }()
	return nil
}

// wait waits for what is being recorded.
func (b *batch[R]) wait() error {
	if b.recording == nil {
		return nil
	}
	err := <-b.recording
	b.recording = nil
	return err
}

// keep records a lot, without the rows that the ledger refuses, and writes down which were refused, in their order.
func (b *batch[R]) keep(p lot[R]) error {
	parts, atOnce := b.parts(p)
	work := make(chan []int, len(parts))
	for _, part := range parts {
		work <- part
	}
	close(work)
	var mu sync.Mutex
	refused := p.refused
	var failed []error
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for part := range work {
				some := p.only(part)
				became, err := b.push(&some)
				mu.Lock()
				b.importing.recorded += int64(became.Recorded)
				b.importing.duplicates += int64(became.Duplicates)
				refused = append(refused, some.refused...)
				if err != nil {
					failed = append(failed, err)
				}
				stop := len(failed) > 0
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	all.Wait()
	slices.SortFunc(refused, func(a, b refusal) int { return cmp.Compare(a.Line, b.Line) })
	for _, r := range refused {
		if err := b.importing.rejects.add(r.record, r.because); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

// only is some of the rows of a lot.
func (p lot[R]) only(numbers []int) lot[R] {
	some := lot[R]{records: make([]record, len(numbers)), rows: make([]R, len(numbers))}
	for i, n := range numbers {
		some.records[i], some.rows[i] = p.records[n], p.rows[n]
	}
	return some
}

// parts is the numbers of the rows of a lot that are recorded together, and how many of such parts at once. Rows that add
// to the same sums are in one part, so that these are written once, and parts wait for nothing of each other; but where two
// rows have one externalId, which of them is right depends on which comes first: then all keep their order.
func (b *batch[R]) parts(p lot[R]) (parts [][]int, atOnce int) {
	numbers := make([]int, len(p.rows))
	for n := range numbers {
		numbers[n] = n
	}
	if b.cell == nil || b.repeats(p) {
		return slices.Collect(slices.Chunk(numbers, batchSize)), 1
	}
	atOnce = lanes
	if b.importing.db.Embedded() { // a file has one writer at a time
		atOnce = 1
	}
	cells := make([]cell, len(p.rows))
	for n, row := range p.rows {
		cells[n] = b.cell(row)
	}
	slices.SortFunc(numbers, func(a, b int) int {
		return cmp.Or(cmp.Compare(cells[a].partner, cells[b].partner), cmp.Compare(cells[a].day, cells[b].day), cmp.Compare(a, b))
	})
	size := min(batchSize, (len(numbers)+atOnce-1)/atOnce)
	for len(numbers) > 0 {
		end := min(size, len(numbers))
		for end < min(len(numbers), ledger.MaxBatch) && cells[numbers[end]] == cells[numbers[end-1]] {
			end++
		}
		parts, numbers = append(parts, numbers[:end]), numbers[end:]
	}
	return parts, atOnce
}

// repeats tells whether two rows of a lot have one externalId.
func (b *batch[R]) repeats(p lot[R]) bool {
	seen := make(map[string]struct{}, len(p.records))
	for _, r := range p.records {
		seen[b.importing.columns.of(r, columnExternalID)] = struct{}{}
	}
	return len(seen) < len(p.records)
}

// push records the rows of a lot, and moves those that the ledger refuses to what was refused.
func (b *batch[R]) push(p *lot[R]) (became ledger.Recorded, err error) {
	for attempt := 1; len(p.rows) > 0; attempt++ {
		became, err = b.record(b.importing, b.importing.networkID, p.rows)
		var problems commission.Problems
		switch {
		case err == nil:
			return became, nil
		case !errors.As(err, &problems):
			return became, err
		}
		if err := b.refuse(p, problems, attempt <= patience); err != nil {
			return became, err
		}
	}
	return became, nil
}

// refuse takes the rows that were refused out of a lot. What is wrong with one may be the doing of an earlier one
// that is refused itself, such as an externalId that stands there twice: of those that name the same conversion only the
// first goes at a time, unless that has been going on for too long.
func (b *batch[R]) refuse(p *lot[R], problems commission.Problems, oneAtATime bool) error {
	reasons := map[int][]string{}
	for _, problem := range problems {
		_, place, _ := strings.Cut(problem.Field, ".")
		index, field, _ := strings.Cut(place, ".")
		row, err := strconv.Atoi(index)
		if err != nil || row >= len(p.rows) {
			return problems // it is about no row
		}
		reasons[row] = append(reasons[row], b.importing.columns.called(field)+": "+problem.Message)
	}
	records, rows := p.records, p.rows
	p.records, p.rows = nil, nil
	refused := map[string]bool{}
	for n, r := range records {
		id, original := b.importing.columns.of(r, columnExternalID), b.importing.columns.of(r, columnAdjusts)
		reason, wrong := reasons[n]
		if !wrong || (oneAtATime && (refused[id] || refused[original])) {
			p.records, p.rows = append(p.records, r), append(p.rows, rows[n])
			continue
		}
		refused[id], refused[original], refused[""] = true, true, false
		p.refused = append(p.refused, refusal{r, strings.Join(reason, "; ")})
	}
	return nil
}
