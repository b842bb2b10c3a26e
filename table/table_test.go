package table_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"

	"partner.example/referrals/table"
)

func TestWrite_writesExactAmountsAndNoFormulas(t *testing.T) {
	var sheet, text bytes.Buffer
	for format, to := range map[string]*bytes.Buffer{"csv": &text, "xlsx": &sheet} {
		err := table.Write(format, to, []string{"name", "count", "amount", "big", "none"}, func(row table.Row) error {
			for _, name := range []string{"=1+1", " @SUM(A1)", "Bob, \"the\" Builder", "\uff1d1"} {
				if err := row(name, int64(3), decimal.RequireFromString("-12.50"), decimal.RequireFromString("1234567890123.123456"), nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	const want = "name,count,amount,big,none\r\n" +
		"'=1+1,3,-12.50,1234567890123.123456,\r\n" +
		"' @SUM(A1),3,-12.50,1234567890123.123456,\r\n" +
		"\"Bob, \"\"the\"\" Builder\",3,-12.50,1234567890123.123456,\r\n" +
		"'\uff1d1,3,-12.50,1234567890123.123456,\r\n"
	if text.String() != want {
		t.Errorf("%q", text.String())
	}
	book, err := excelize.OpenReader(&sheet)
	if err != nil {
		t.Fatal(err)
	}
	for cell, want := range map[string]string{"A1": "name", "A2": "=1+1", "A3": " @SUM(A1)", "B2": "3", "C2": "-12.5", "D2": "1234567890123.123456", "E2": ""} {
		got, err := book.GetCellValue("Sheet1", cell)
		formula, _ := book.GetCellFormula("Sheet1", cell)
		if err != nil || got != want || formula != "" {
			t.Errorf("%s holds %q, formula %q: %v", cell, got, formula, err)
		}
	}
	if table.Media("pdf") != "" || table.Media("csv") == "" {
		t.Error("there is a format pdf, or none csv")
	}
}

// Memory does not grow with the rows: a hundred thousand in the tests, a million by the benchmark.
func TestWrite_keepsNoRows(t *testing.T) {
	for _, format := range []string{"csv", "xlsx"} {
		few, many := heap(t, format, 20_000), heap(t, format, 100_000)
		if many > few+24<<20 {
			t.Errorf("%s holds %d kB after 20,000 rows, and %d kB after 100,000", format, few>>10, many>>10)
		}
	}
}

// Where no row comes any more, or nobody takes the table, nothing of it is left, and it ends with what went wrong.
func TestWrite_leavesNothingBehind(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	left := func() int {
		t.Helper()
		files, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	wrong, most := errors.New("the client has left"), 0
	fill := func(end error) func(table.Row) error {
		return func(row table.Row) error {
			for i := range 9_000 {
				if err := row(strings.Repeat("a text that takes its place ", 80), i); err != nil {
					return err
				}
			}
			most = max(most, left())
			return end
		}
	}
	for _, format := range []string{"csv", "xlsx"} {
		for name, err := range map[string]error{
			"no more rows come": table.Write(format, io.Discard, []string{"text", "n"}, fill(wrong)),
			"nobody takes it":   table.Write(format, gone{wrong}, []string{"text", "n"}, fill(nil)),
			"somebody stumbles": stumbles(func() {
				_ = table.Write(format, io.Discard, []string{"text", "n"}, func(table.Row) error { panic(wrong) })
			}),
			"neither is the case": errors.Join(wrong, table.Write(format, io.Discard, []string{"text", "n"}, fill(nil))),
		} {
			if !errors.Is(err, wrong) || left() > 0 {
				t.Errorf("%s, %s: %v, and %d files are left", format, name, err, left())
			}
		}
	}
	if most == 0 {
		t.Error("the rows were kept in no temporary file: nothing was tried")
	}
}

type gone struct{ err error }

func (g gone) Write([]byte) (int, error) { return 0, g.err }

// stumbles is what was panicked with.
func stumbles(work func()) (err error) {
	defer func() { err, _ = recover().(error) }()
	work()
	return nil
}

// heap is the most that is held while rows are written.
func heap(t testing.TB, format string, rows int) (most uint64) {
	t.Helper()
	look := func() {
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		most = max(most, memory.HeapAlloc)
	}
	err := table.Write(format, io.Discard, []string{"externalId", "name", "payout", "date"}, func(row table.Row) error {
		for i := range rows {
			if err := row(fmt.Sprintf("conversion-%d", i), "Brisk Dune Collective", decimal.New(int64(i), -2), "2026-06-30"); err != nil {
				return err
			}
			if i%10_000 == 0 {
				look()
			}
		}
		look()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return most
}

func BenchmarkAMillionRows(b *testing.B) {
	for _, format := range []string{"csv", "xlsx"} {
		b.Run(format, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(heap(b, format, 1_000_000)>>10), "kB-held")
			}
		})
	}
}
