package document_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/document"
)

func day(text string) commission.Date {
	d, err := commission.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// sample is an invoice in a currency, with every kind of line. Amounts are counted in its minor unit.
func sample(currency commission.Currency) document.Invoice {
	amount := func(units int64) decimal.Decimal { return decimal.New(units, -currency.Digits()) }
	january := func(kind commission.LineType, description string, units int64) document.Line {
		return document.Line{
			Type: kind, Description: description, From: day("2026-01-01"), To: day("2026-01-31"),
			Conversions: 7, BasisAmount: amount(units * 10).Shift(-1), Amount: amount(units),
		}
	}
	bob := january(commission.ReferralCommission, "Referral commission for Bob: 10% of payout", 1_234_567)
	bob.Referred, bob.Structure = "Bob", "10% of payout"
	return document.Invoice{
		Network: "Acme Partner Network", Number: 12, Partner: "Ann & Søn", From: day("2026-01-01"), To: day("2026-01-31"),
		IssuedAt: time.Date(2026, time.February, 1, 6, 0, 0, 0, time.UTC), IssuedOn: day("2026-02-01"), DueOn: day("2026-03-03"),
		Status: commission.Unpaid, Currency: currency, Total: amount(1_234_567 + 500 - 1_000 - 99),
		Lines: []document.Line{
			january(commission.PartnerPayout, "Payouts of Ann & Søn", 500), bob,
			january(commission.ReferralAdjustment, "Adjustment of the referral commission for Żaneta Łęcka: 12.5% of profit for 6 months, from 100.00 earned", -1_000),
			january(commission.CarryForward, "Carried forward from invoice 11", -99),
		},
	}
}

func written(t *testing.T, write func(io.Writer, document.Invoice) error, i document.Invoice) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out, i); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var writers = map[string]func(io.Writer, document.Invoice) error{"csv": document.CSV, "html": document.HTML, "pdf": document.PDF}

func TestDocuments_areTheSameBytesEachTime(t *testing.T) {
	for kind, write := range writers {
		if first := written(t, write, sample("USD")); first != written(t, write, sample("USD")) {
			t.Errorf("the %s is another one the second time", kind)
		}
	}
}

func TestHTML_writesAmountsInTheFormatOfTheCurrency(t *testing.T) { // C7
	for currency, want := range map[commission.Currency][]string{
		"USD": {"12,345.67", "5.00", "\u221210.00", "USD\u00a012,339.68"},
		"JPY": {"1,234,567", "500", "\u22121,000", "JPY\u00a01,233,968"},
		"KWD": {"1,234.567", "0.500", "\u22121.000", "KWD\u00a01,233.968"},
	} {
		page := written(t, document.HTML, sample(currency))
		for _, amount := range want {
			if !strings.Contains(page, ">"+amount+"<") {
				t.Errorf("%s: the page does not say %s", currency, amount)
			}
		}
	}
}

func TestHTML_showsNamesAsTheyAreAndRunsNothing(t *testing.T) {
	i := sample("USD")
	i.Partner = `<script>alert(1)</script> "Привет" Ωμέγα 東京`
	i.Lines[0].Description = `</td><img src=x onerror=alert(1)>`
	page := written(t, document.HTML, i)
	if strings.Contains(page, "<script") || strings.Contains(page, "<img") || strings.Count(page, "<style>") != 1 {
		t.Errorf("a name is markup:\n%s", page)
	}
	if !strings.Contains(page, "Привет") || !strings.Contains(page, "東京") {
		t.Errorf("a name is not itself:\n%s", page)
	}
	for _, loads := range []string{"http:", "https:", "url(", "@import", "src=\"", "<link"} {
		if strings.Contains(page, loads) {
			t.Errorf("the page loads something: %s", loads)
		}
	}
}

func TestHTML_saysWhereTheInvoiceStands(t *testing.T) { // I4
	for status, want := range map[commission.InvoiceStatus]string{
		commission.Unpaid: "Due on 3 March 2026", commission.Paid: "Paid on 5 March 2026", commission.Deleted: "Nothing is paid by it.",
	} {
		i := sample("USD")
		i.Status, i.SettledOn = status, day("2026-03-05")
		if page := written(t, document.HTML, i); !strings.Contains(page, want) {
			t.Errorf("%s: the page does not say %q", status, want)
		}
	}
}

func TestHTML_saysPeriodsShortly(t *testing.T) {
	for _, of := range []struct{ from, to, want string }{
		{"2026-01-01", "2026-01-31", "1 to 31 January 2026"},
		{"2026-01-16", "2026-01-16", "16 January 2026"},
		{"2026-01-01", "2026-03-31", "1 January to 31 March 2026"},
		{"2025-12-29", "2026-01-04", "29 December 2025 to 4 January 2026"},
	} {
		i := sample("USD")
		i.From, i.To = day(of.from), day(of.to)
		if page := written(t, document.HTML, i); !strings.Contains(page, "<bdi>"+of.want+"</bdi>") {
			t.Errorf("from %s to %s is not %q", of.from, of.to, of.want)
		}
	}
}

func TestCSV_isATableOfExactAmounts(t *testing.T) {
	i := sample("KWD")
	rows, err := csv.NewReader(strings.NewReader(written(t, document.CSV, i))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"12", "REFERRAL_COMMISSION", "Referral commission for Bob: 10% of payout", "Bob", "10% of payout", "2026-01-01", "2026-01-31", "1234.567", "KWD"}; len(rows) != 5 || !slices.Equal(rows[2], want) {
		t.Errorf("%d rows, the third %q; want %q", len(rows), rows[2], want)
	}
	i.Basis = true
	rows, _ = csv.NewReader(strings.NewReader(written(t, document.CSV, i))).ReadAll()
	if got := strings.Join(rows[0], ","); got != "invoice,type,description,referred,structure,from,to,conversions,basisAmount,amount,currency" || rows[3][8] != "-1.000" {
		t.Errorf("the header is %s, an amount %s", got, rows[3][8])
	}
}

func TestCSV_holdsNoFormulas(t *testing.T) {
	for name, safe := range map[string]string{
		`=HYPERLINK("http://x","y")`: `'=HYPERLINK("http://x","y")`, "+1+1": "'+1+1", "-1+1": "'-1+1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1",
		"  =1": "'  =1", "\uff1d1": "'\uff1d1", "Ann, \"the\nfirst\"": "Ann, \"the\nfirst\"", "Acme-West": "Acme-West", "": "",
	} {
		i := sample("USD")
		i.Lines[0].Referred = name
		rows, err := csv.NewReader(strings.NewReader(written(t, document.CSV, i))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if got := rows[1][3]; got != safe {
			t.Errorf("%q became %q, want %q", name, got, safe)
		}
	}
}

func TestPDF_takesAnyNameAndAnyLength(t *testing.T) {
	i := sample("USD")
	i.Partner = "Żółć Ünïcode, Ελλάδα, Українська Їжа, Việt Nam, e\u0301, 東京, \U0001F600, שלום \u202e"
	i.Network = strings.Repeat("Unbreakable", 30)
	for range 80 {
		i.Lines = append(i.Lines, i.Lines...)[:min(2*len(i.Lines), 300)]
	}
	out := written(t, document.PDF, i)
	if !strings.HasPrefix(out, "%PDF-1.") || len(out) > 400_000 {
		t.Errorf("%d bytes: %.20q", len(out), out)
	}
	if pages := strings.Count(out, "/Type /Page\n"); pages < 10 {
		t.Errorf("%d pages", pages)
	}
}

// Where DOCUMENTS names a folder, the samples are left there to be looked at.
func TestDocuments_lookGood(t *testing.T) {
	folder := os.Getenv("DOCUMENTS")
	if folder == "" {
		folder = t.TempDir()
	}
	for name, i := range map[string]document.Invoice{"usd": sample("USD"), "jpy": sample("JPY"), "kwd": sample("KWD")} {
		switch name {
		case "jpy":
			i.Status, i.SettledOn = commission.Paid, day("2026-03-05")
		case "kwd":
			i.Status, i.SettledOn, i.Partner = commission.Deleted, day("2026-03-05"), "Ελληνική Εταιρεία, Українська Їжа, Việt Nam"
			for range 40 {
				i.Lines = append(i.Lines, i.Lines[1])
			}
		}
		for kind, write := range writers {
			if err := os.WriteFile(filepath.Join(folder, name+"."+kind), []byte(written(t, write, i)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
