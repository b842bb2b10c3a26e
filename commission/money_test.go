package commission_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"partner.example/referrals/commission"
)

func TestParseDecimal_readsPlainNumbers(t *testing.T) { // [C7]
	for text, want := range map[string]decimal.Decimal{
		"0": decimal.Zero, "-0": decimal.Zero, "10.50": decimal.New(105, -1), "-10.50": decimal.New(-105, -1), "007": decimal.New(7, 0),
		"0.000001": decimal.New(1, -6), "999999999999999999": decimal.New(999999999999999999, 0),
		"0.000000000000000001": decimal.New(1, -18),
	} {
		if got, refusal := commission.ParseDecimal(text); refusal != nil || !got.Equal(want) {
			t.Errorf("%q is read as %s, %v; want %s", text, got, refusal, want)
		}
	}
}

func TestParseDecimal_refusesEverythingElse(t *testing.T) { // [C7]
	for _, text := range []string{
		"", " ", "-", ".", "+1", " 1", "1 ", "1\n", "\n1", "1\x00", "1.", ".5", "-.5", "--1", "1.2.3", "1,5", "1,000", "1_000",
		"1e9", "1E9", "1e-9", "1e1000000000", "0x10", "NaN", "Inf", "-Infinity", "null", "ten", "$1", "½", "１", "١",
		"1000000000000000000", "0.0000000000000000001", strings.Repeat("9", 10_000), "0." + strings.Repeat("0", 10_000),
	} {
		got, refusal := commission.ParseDecimal(text)
		if refusal == nil || refusal.Code != commission.BadUserInput || !got.IsZero() {
			t.Errorf("%.40q is read as %s, %v", text, got, refusal)
		}
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, seed := range []string{"10.50", "-0.000001", "007", "1e9", "NaN", "", ".5", "1.", "+1", "999999999999999999.999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, refusal := commission.ParseDecimal(text)
		if refusal != nil {
			return
		}
		// What is read is what was written, digit for digit, and reading it again gives the same.
		if want, ok := new(big.Rat).SetString(text); !ok || got.Rat().Cmp(want) != 0 {
			t.Fatalf("%q is read as %s", text, got)
		}
		for _, text := range []string{got.String(), commission.Format(got)} {
			if again, refusal := commission.ParseDecimal(text); refusal != nil || !again.Equal(got) {
				t.Fatalf("%q, read again, is %s, %v", text, again, refusal)
			}
		}
	})
}

func TestDecimalsOf_countsThoseThatAreNeeded(t *testing.T) {
	for text, want := range map[string]int{
		"0": 0, "0.000": 0, "10": 0, "10.00": 0, "1.50": 1, "-1.25": 2, "0.000001": 6, "-0.0000010": 6,
	} {
		if got := commission.DecimalsOf(dec(text)); got != want {
			t.Errorf("%s needs %d decimals, want %d", text, got, want)
		}
	}
	if got := commission.DecimalsOf(decimal.New(1, 9)); got != 0 {
		t.Errorf("a thousand million needs %d decimals", got)
	}
}

// Most amounts are rounded, and their decimals counted, as whole numbers of 64 bits; larger ones as they always were.
func TestCurrency_roundsSmallAmountsAsLargeOnes(t *testing.T) { // [C7]
	rapid.Check(t, func(t *rapid.T) {
		amount := decimal.New(rapid.OneOf(rapid.Int64(), rapid.Int64Range(-2000, 2000)).Draw(t, "coefficient"), rapid.Int32Range(-20, 3).Draw(t, "exponent"))
		if rapid.Bool().Draw(t, "too large for 64 bits") {
			amount = amount.Mul(decimal.New(math.MaxInt64, 0))
		}
		for _, currency := range []commission.Currency{"USD", "JPY", "KWD"} {
			if got, want := currency.Round(amount), amount.Round(currency.Digits()); !got.Equal(want) || got.Exponent() != want.Exponent() {
				t.Fatalf("%s is rounded to %s in %s, want %s", amount, got, currency, want)
			}
		}
		_, fraction, _ := strings.Cut(amount.String(), ".")
		if got := commission.DecimalsOf(amount); got != len(fraction) {
			t.Fatalf("%s needs %d decimals, want %d", amount, got, len(fraction))
		}
	})
}

func TestMicros_comeBackAsTheyWent(t *testing.T) { // [C7]
	roundTrip := func(micros int64) bool {
		again, err := commission.ToMicros(commission.FromMicros(micros))
		return err == nil && again == micros
	}
	for _, micros := range []int64{0, 1, -1, 999_999, 1_000_000, math.MaxInt64, math.MinInt64} {
		if !roundTrip(micros) {
			t.Errorf("%d millionths do not come back", micros)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if micros := rapid.Int64().Draw(t, "micros"); !roundTrip(micros) {
			t.Fatalf("%d millionths do not come back", micros)
		}
	})
}

func TestToMicros_refusesWhatItWouldHaveToCut(t *testing.T) { // [C7]
	for text, want := range map[string]int64{
		"1.5": 1_500_000, "1.50000000": 1_500_000, "-0.000001": -1, "0": 0,
		"9223372036854.775807": math.MaxInt64, "-9223372036854.775808": math.MinInt64,
	} {
		if got, err := commission.ToMicros(dec(text)); err != nil || got != want {
			t.Errorf("%s is stored as %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"0.0000001", "-1.0000005", "9223372036854.775808", "-9223372036854.775809", "18446744073709.551616", "1e30",
	} {
		if got, err := commission.ToMicros(dec(text)); err == nil {
			t.Errorf("%s is stored as %d", text, got)
		}
	}
}

func TestMaxAmount_canBeStoredThousandsOfTimesOver(t *testing.T) { // what its comment promises
	if _, err := commission.ToMicros(commission.MaxAmount.Mul(dec("9000"))); err != nil {
		t.Error(err)
	}
}

func TestCurrencyRound_roundsHalvesAwayFromZero(t *testing.T) { // [C7]
	for _, c := range []struct {
		currency commission.Currency
		amount   string
		want     string
	}{
		{"USD", "0.005", "0.01"},
		{"USD", "-0.005", "-0.01"},
		{"USD", "0.0049999999", "0.00"},
		{"USD", "-0.0049999999", "0.00"}, // there is no zero below zero
		{"USD", "2.675", "2.68"},
		{"USD", "0.025", "0.03"},
		{"USD", "0.0999999", "0.10"},
		{"USD", "10", "10.00"},
		{"JPY", "0.5", "1"},
		{"JPY", "-0.5", "-1"},
		{"JPY", "1.5", "2"},
		{"JPY", "2.5", "3"},
		{"JPY", "-2.5", "-3"},
		{"JPY", "0.49", "0"},
		{"KWD", "0.0005", "0.001"},
		{"KWD", "-0.0005", "-0.001"},
		{"KWD", "0.0025", "0.003"},
		{"KWD", "1", "1.000"},
	} {
		if got := commission.Format(c.currency.Round(dec(c.amount))); got != c.want {
			t.Errorf("%s in %s is %s, want %s", c.amount, c.currency, got, c.want)
		}
	}
}

func TestCurrencyRound_agreesWithPaper(t *testing.T) { // [C7]
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]commission.Currency{"USD", "JPY", "KWD"}).Draw(t, "currency")
		digits := map[commission.Currency]int64{"USD": 2, "JPY": 0, "KWD": 3}[currency]
		// Whole numbers of half a tenth of the minor unit, so that halves come up.
		n := rapid.Int64Range(-1e6, 1e6).Draw(t, "twentieths of the minor unit")
		amount := decimal.New(n*5, int32(-digits-2))
		want := decimal.NewFromBigInt(roundedQuotient(big.NewInt(n), big.NewInt(20)), int32(-digits))
		if got := currency.Round(amount); !got.Equal(want) || got.Exponent() != int32(-digits) {
			t.Fatalf("%s in %s is %s, want %s", amount, currency, got, want)
		}
	})
}

func TestCurrency_knowsTheCodesInUseAndTheirMinorUnits(t *testing.T) {
	for currency, digits := range map[commission.Currency]int32{
		"USD": 2, "EUR": 2, "ZWG": 2, "AED": 2, "JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "TND": 3,
	} {
		if !currency.Known() || currency.Digits() != digits {
			t.Errorf("%s is known: %t, with %d digits; want %d", currency, currency.Known(), currency.Digits(), digits)
		}
	}
	for _, text := range []commission.Currency{"", " ", "US", "usd", "USDX", "XXX", "DEM", "D A", " US", "SD ", "AED AFN", "BTC", "€"} {
		if text.Known() {
			t.Errorf("%q is taken for a currency", text)
		}
	}
}

func TestCurrencyExact_carriesTheMinorUnitAndWhatIsNeededBeyond(t *testing.T) {
	for _, c := range []struct {
		currency commission.Currency
		amount   string
		want     string
	}{
		{"USD", "50", "50.00"},
		{"USD", "50.5", "50.50"},
		{"USD", "50.500000", "50.50"},
		{"USD", "0.125", "0.125"},
		{"USD", "-0.000001", "-0.000001"},
		{"JPY", "50.00", "50"},
		{"JPY", "50.5", "50.5"},
		{"KWD", "1", "1.000"},
		{"USD", "0", "0.00"},
	} {
		if got := commission.Format(c.currency.Exact(dec(c.amount))); got != c.want {
			t.Errorf("%s in %s is written %s, want %s", c.amount, c.currency, got, c.want)
		}
	}
	if got := commission.Format(usd.Exact(commission.MaxAmount)); got != "1000000000.00" {
		t.Errorf("the largest amount is written %s", got)
	}
}

func TestFormat_writesTheDecimalsThatAnAmountCarries(t *testing.T) {
	for _, text := range []string{"0", "0.00", "10", "10.00", "-10.50", "0.000001"} {
		if got := commission.Format(dec(text)); got != text {
			t.Errorf("%s is written %s", text, got)
		}
	}
	if got := commission.Format(decimal.New(1, 3)); got != "1000" {
		t.Errorf("a thousand is written %s", got)
	}
}
