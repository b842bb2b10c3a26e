package table_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"

	"partner.example/referrals/table"
)

func TestWriter_writesExactAmountsAndNoFormulas(t *testing.T) {
	var sheet, text bytes.Buffer
	for format, to := range map[string]*bytes.Buffer{"csv": &text, "xlsx": &sheet} {
		w := table.New(format, to, "name", "count", "amount", "big", "none")
		for _, name := range []string{"=1+1", " @SUM(A1)", "Bob, \"the\" Builder", "\uff1d1"} {
			if err := w.Row(name, int64(3), decimal.RequireFromString("-12.50").Round(2), decimal.RequireFromString("1234567890123.123456"), nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
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
	if table.New("pdf", &text) != nil {
		t.Error("there is a format pdf")
	}
}

// Memory does not grow with the rows: a hundred thousand in the tests, a million by the benchmark.
func TestWriter_keepsNoRows(t *testing.T) {
	for _, format := range []string{"csv", "xlsx"} {
		few, many := heap(t, format, 20_000), heap(t, format, 100_000)
		if many > few+24<<20 {
			t.Errorf("%s holds %d kB after 20,000 rows, and %d kB after 100,000", format, few>>10, many>>10)
		}
	}
}

// heap is the most that is held while rows are written.
func heap(t testing.TB, format string, rows int) (most uint64) {
	t.Helper()
	w := table.New(format, io.Discard, "externalId", "name", "payout", "date")
	look := func() {
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		most = max(most, memory.HeapAlloc)
	}
	for i := range rows {
		if err := w.Row(fmt.Sprintf("conversion-%d", i), "Brisk Dune Collective", decimal.New(int64(i), -2), "2026-06-30"); err != nil {
			t.Fatal(err)
		}
		if i%10_000 == 0 {
			look()
		}
	}
	look()
	if err := w.Close(); err != nil {
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
