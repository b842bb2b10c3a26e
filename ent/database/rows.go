package database

import (
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"strings"
	"time"

	"entgo.io/ent/dialect"
)

// Rows are rows to insert into a table. They are written down as they will stand in the statement, once: a value that is
// an argument of a statement is put into a box, checked, copied and written by database/sql and the driver, which takes
// most of the time that a program spends on inserting thousands of rows.
type Rows struct {
	table   string
	columns []string
	dialect string

	full  int    // from how many bytes on a statement takes no further row
	text  []byte // of the rows: "(1, 'a'), (2, 'b')"
	ends  []int  // where in it statements end, but for the last one
	count int    // of the values
	wrong string // a type that cannot be written
}

// statementSize is from which on a statement takes no further row. It keeps each under the limits of the engines, the
// least of which is MariaDB's 16 MB for a packet, what they need to understand one small, and its packet in the 256 KB
// that the driver keeps for each connection: a larger one has its memory anew.
const statementSize = 240 << 10

// Rows begins rows of a table, whose values will come in the order of the columns.
func (tx *Tx) Rows(table string, columns ...string) *Rows {
	return &Rows{table: table, columns: columns, dialect: tx.dialect, full: statementSize}
}

// Grow makes room for more rows, each of which takes so many bytes.
func (r *Rows) Grow(rows, each int) {
	if room := rows * each; cap(r.text)-len(r.text) < room {
		r.text = append(make([]byte, 0, len(r.text)+room), r.text...)
	}
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.count / len(r.columns) }

// Add appends values of a row: all of them, or the next ones. nil and nil pointers are NULL.
func (r *Rows) Add(values ...any) {
	for _, value := range values {
		r.begin()
		r.write(value)
		if r.count++; r.count%len(r.columns) == 0 {
			r.text = append(r.text, ')')
		}
	}
}

// begin writes what stands before a value.
func (r *Rows) begin() {
	last := 0
	if len(r.ends) > 0 {
		last = r.ends[len(r.ends)-1]
	}
	switch begun := len(r.text) - last; {
	case r.count%len(r.columns) > 0:
		r.text = append(r.text, ", "...)
		return
	case begun >= r.full:
		r.ends = append(r.ends, len(r.text))
	case begun > 0:
		r.text = append(r.text, ", "...)
	}
	r.text = append(r.text, '(')
}

// write writes a value. It keeps none of it, so that the boxes in which Add gets them are not made on the heap.
func (r *Rows) write(value any) {
	switch v := value.(type) {
	case nil:
		r.text = append(r.text, "NULL"...)
	case int:
		r.text = strconv.AppendInt(r.text, int64(v), 10)
	case int32:
		r.text = strconv.AppendInt(r.text, int64(v), 10)
	case int64:
		r.text = strconv.AppendInt(r.text, v, 10)
	case string:
		r.writeText(v)
	case time.Time:
		r.writeTime(v)
	case *time.Time:
		if v == nil {
			r.write(nil)
		} else {
			r.writeTime(*v)
		}
	default:
		r.wrong = reflect.TypeOf(value).String()
	}
}

// writeText writes a text. One that needs any thought, by any engine in any mode, is written by its bytes.
func (r *Rows) writeText(text string) {
	switch {
	case isPlain(text):
		r.text = append(append(append(r.text, '\''), text...), '\'')
	case r.dialect == dialect.SQLite:
		r.text = append(hex.AppendEncode(append(r.text, "CAST(x'"...), []byte(text)), "' AS TEXT)"...)
	default:
		r.text = append(hex.AppendEncode(append(r.text, "x'"...), []byte(text)), '\'')
	}
}

// isPlain tells whether a text stands for itself between quotes: it is of printable ASCII, without a quote or backslash.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '\'' || c == '\\' {
			return false
		}
	}
	return true
}

// writeTime writes a moment as the driver would.
func (r *Rows) writeTime(at time.Time) {
	if r.dialect == dialect.SQLite {
		r.text = strconv.AppendInt(r.text, at.UnixMicro(), 10)
		return
	}
	const fourDigits, twoDigits, sixDigits = 1000, 10, 100_000 // the least numbers that have as many
	at = at.UTC()
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	r.text = append(r.text, '\'')
	r.writePadded(year, fourDigits, '-')
	r.writePadded(int(month), twoDigits, '-')
	r.writePadded(day, twoDigits, ' ')
	r.writePadded(hour, twoDigits, ':')
	r.writePadded(minute, twoDigits, ':')
	r.writePadded(second, twoDigits, '.')
	r.writePadded(at.Nanosecond()/int(time.Microsecond), sixDigits, '\'')
}

// writePadded writes a number, with zeros before one that is less than another, and what stands behind it.
func (r *Rows) writePadded(n, least int, behind byte) {
	for ; n < least && least > 1; least /= 10 {
		r.text = append(r.text, '0')
	}
	r.text = append(strconv.AppendInt(r.text, int64(n), 10), behind)
}

// check tells what is wrong with the rows.
func (r *Rows) check() error {
	switch {
	case r.wrong != "":
		return fmt.Errorf("a value of type %s cannot be written", r.wrong)
	case r.count%len(r.columns) != 0:
		return errors.New("the last row lacks a value")
	default:
		return nil
	}
}

// statements are the statements that insert the rows.
func (r *Rows) statements(onConflict string) iter.Seq[string] {
	return r.between("INSERT INTO "+r.table+" ("+strings.Join(r.columns, ", ")+")"+valuesOfRows, onConflict)
}

// between is statements that have the rows, as many as each takes, between what stands before and behind them. Each is made
// when it is its turn.
func (r *Rows) between(before, behind string) iter.Seq[string] {
	return func(yield func(statement string) bool) {
		begin := 0
		for _, end := range append(r.ends, len(r.text)) {
			if begin < end {
				var statement strings.Builder // which copies the rows once
				statement.Grow(len(before) + end - begin + len(behind))
				statement.WriteString(before)
				statement.Write(r.text[begin:end])
				statement.WriteString(behind)
				if !yield(statement.String()) {
					return
				}
			}
			begin = end
		}
	}
}

// valuesOfRows and amongRows stand before what nobody but the database may read.
const (
	valuesOfRows = " VALUES "
	amongRows    = " IN ("
)

// withoutRows is a statement without the rows that it has, for those who are told of statements and not of values.
func withoutRows(statement string) string {
	for _, before := range []string{valuesOfRows, amongRows} {
		if head, _, found := strings.Cut(statement, before+"("); found {
			return head + before + "..."
		}
	}
	return statement
}
