package commission

import (
	"fmt"
	"math"
	"math/bits"
	"strings"

	"github.com/shopspring/decimal"
)

// Scale is the number of decimals that amounts have inside the program and in storage [C7].
const Scale = 6

// MaxAmount bounds a single amount: what one conversion can bring, or one fee be. It leaves a day's
// sum room for nine thousand such amounts before it would leave a 64-bit integer of micro-units.
var MaxAmount = decimal.New(1, 9) //nolint:mnd // a thousand million

// maxDigits bounds the digits of a decimal on the wire, on either side of the point: parsing it costs nothing.
const maxDigits = 18

// ParseDecimal reads an exact number, written plainly: "-10.50", and no exponent, no NaN, no blanks. How many decimals
// it may have is for the field to say that it is for.
func ParseDecimal(text string) (decimal.Decimal, *Error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	if !areDigits(whole) || (hasPoint && !areDigits(fraction)) {
		return decimal.Zero, Refuse(BadUserInput, "", `must be a plain decimal number such as "10.50"`)
	}
	if len(whole)+len(fraction) > maxDigits { // more than fit into 64 bits
		d, err := decimal.NewFromString(text)
		if err != nil {
			return decimal.Zero, Refuse(BadUserInput, "", `must be a plain decimal number such as "10.50"`)
		}
		return d, nil
	}
	var value int64
	for _, part := range [...]string{whole, fraction} {
		for i := range len(part) {
			value = value*10 + int64(part[i]-'0')
		}
	}
	if negative {
		value = -value
	}
	return decimal.New(value, -int32(len(fraction))), nil //nolint:gosec // at most 18
}

func areDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return len(text) > 0 && len(text) <= maxDigits
}

// DecimalsOf counts the decimals that d needs: 2 for 1.50 is told as 1.
func DecimalsOf(d decimal.Decimal) int {
	if small, ok := coefficientOf(d); ok {
		decimals := -int(d.Exponent())
		for ; decimals > 0 && small%10 == 0; decimals-- {
			small /= 10
		}
		return max(decimals, 0)
	}
	text := d.String()
	_, fraction, found := strings.Cut(text, ".")
	if !found {
		return 0
	}
	return len(fraction)
}

// coefficientOf is an amount without its exponent, where that has few enough digits for 64 bits, as it nearly always has.
func coefficientOf(d decimal.Decimal) (int64, bool) {
	const certain = 18
	return d.CoefficientInt64(), d.NumDigits() <= certain
}

// ToMicros is an amount as it is stored: a whole number of millionths [C7].
func ToMicros(d decimal.Decimal) (int64, error) {
	if shift := Scale + d.Exponent(); 0 <= shift && shift <= Scale { // as amounts are nearly always
		if small, ok := coefficientOf(d); ok {
			if high, low := bits.Mul64(magnitude(small), powersOf10[shift]); high == 0 && low <= math.MaxInt64 {
				return int64(d.Sign()) * int64(low), nil
			}
		}
	}
	micros := d.Shift(Scale)
	if !micros.IsInteger() || !micros.BigInt().IsInt64() {
		return 0, fmt.Errorf("%s is no amount that can be stored: at most %d decimals and 12 digits before them", d, Scale)
	}
	return micros.IntPart(), nil
}

var powersOf10 = [Scale + 1]uint64{1, 10, 100, 1e3, 1e4, 1e5, 1e6}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n) //nolint:gosec // two's complement is meant: also of the smallest
	}
	return uint64(n)
}

// FromMicros is the amount that ToMicros stored.
func FromMicros(micros int64) decimal.Decimal {
	if micros == 0 {
		return zeros[Scale]
	}
	return decimal.New(micros, -Scale)
}

// zeros are nothing, by decimals: most amounts of most rows are that.
var zeros = func() (zeros [Scale + 1]decimal.Decimal) {
	for digits := range int32(len(zeros)) {
		zeros[digits] = decimal.New(0, -digits)
	}
	return zeros
}()

// Currency is an ISO 4217 code.
type Currency string

// minorUnits are the digits of the currencies whose minor unit is not a hundredth (ISO 4217).
var minorUnits = map[Currency]int32{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
	"RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, //nolint:mnd // this table is what they mean
}

// hundredths are the currencies whose minor unit is a hundredth (ISO 4217).
const hundredths = " AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF " +
	"CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF " +
	"IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK " +
	"MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE " +
	"SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG "

// Known tells whether c is a currency in use.
func (c Currency) Known() bool {
	_, odd := minorUnits[c]
	return odd || (len(c) == 3 && strings.Contains(hundredths, " "+string(c)+" "))
}

// Digits is how many decimals the currency's minor unit has: USD 2, JPY 0, KWD 3.
func (c Currency) Digits() int32 {
	if digits, odd := minorUnits[c]; odd {
		return digits
	}
	return 2
}

// Round rounds to the currency's minor unit, halves away from zero [C7].
func (c Currency) Round(amount decimal.Decimal) decimal.Decimal {
	digits := c.Digits()
	if amount.IsZero() {
		return zeros[digits]
	}
	small, ok := coefficientOf(amount)
	excess := -digits - amount.Exponent() // decimals that it has too many
	if !ok || excess <= 0 || excess > maxDigits {
		return amount.Round(digits)
	}
	unit := uint64(1)
	for range excess {
		unit *= 10
	}
	whole, rest := magnitude(small)/unit, magnitude(small)%unit
	if rest >= unit-rest { // half a unit or more
		whole++
	}
	if small < 0 {
		return decimal.New(-int64(whole), -digits) //nolint:gosec // a tenth of 64 bits, at most
	}
	return decimal.New(int64(whole), -digits) //nolint:gosec // as above
}

// Exact is the same amount, carrying as many decimals as the currency's minor unit has, more where it
// needs them and no others: so it is written.
func (c Currency) Exact(amount decimal.Decimal) decimal.Decimal {
	return amount.Round(max(c.Digits(), int32(DecimalsOf(amount)))) //nolint:gosec // at most 18
}

// Format writes an amount with the decimals that it carries.
func Format(amount decimal.Decimal) string { return amount.StringFixed(max(0, -amount.Exponent())) }
