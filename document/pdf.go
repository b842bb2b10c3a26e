package document

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// The sheet is A4, in millimetres.
const (
	width, height = 210, 297
	left, right   = 18, width - 18
	top, bottom   = 20, height - 26 // of what is written; the foot of the page is below

	daysAt      = 112 // where the column of days begins
	amountAt    = 160 // and that of amounts
	betweenText = 4   // what is kept free between two columns
	lineHeight  = 5
	rowPadding  = 2.4
)

// Sizes of letters, in points.
const (
	small, plain, larger, titleSize = 8.5, 10, 12.5, 20
)

// ink is a colour.
type ink struct{ r, g, b int }

var (
	black  = ink{22, 32, 44}
	quiet  = ink{91, 104, 118}
	rule   = ink{217, 223, 229}
	accent = ink{20, 80, 110}
	alarm  = ink{140, 29, 24}
)

const (
	family  = "sans"
	regular = ""
	bold    = "B"
)

// sheet is a PDF on its way.
type sheet struct {
	*fpdf.Fpdf
	invoice Invoice
}

// PDF writes the page of an invoice as a PDF. Its font, which it carries, has the letters of Latin, Greek and Cyrillic;
// in place of any other stands an empty square.
func PDF(w io.Writer, i Invoice) error {
	s := &sheet{fpdf.New("P", "mm", "A4", ""), i}
	s.describe()
	s.AddUTF8FontFromBytes(family, regular, liberationsansregular.TTF)
	s.AddUTF8FontFromBytes(family, bold, liberationsansbold.TTF)
	s.SetMargins(left, top, width-right)
	s.SetAutoPageBreak(false, 0)
	s.SetCellMargin(0)
	s.AliasNbPages("")
	s.SetFooterFunc(s.foot)
	s.AddPage()
	s.head()
	s.facts()
	s.columns()
	for _, line := range i.rows() {
		s.row(line)
	}
	s.total()
	if err := s.Output(w); err != nil {
		return fmt.Errorf("write the PDF: %w", err)
	}
	return nil
}

// describe says what the file is. It is dated as the invoice is, so that it is the same file each time.
func (s *sheet) describe() {
	s.SetTitle(s.invoice.name()+", "+s.invoice.Network, true)
	s.SetAuthor(s.invoice.Network, true)
	s.SetSubject(days(s.invoice.From, s.invoice.To), true)
	s.SetProducer("Partner referrals", true)
	s.SetLang("en")
	s.SetCreationDate(s.invoice.IssuedAt)
	s.SetModificationDate(s.invoice.IssuedAt)
	s.SetCatalogSort(true)
}

func (s *sheet) write(style string, points float64, colour ink) {
	s.SetFont(family, style, points)
	s.SetTextColor(colour.r, colour.g, colour.b)
}

// line draws one across the sheet, at where the next thing is written.
func (s *sheet) line(colour ink, thickness float64) {
	s.SetDrawColor(colour.r, colour.g, colour.b)
	s.SetLineWidth(thickness)
	s.Line(left, s.GetY(), right, s.GetY())
}

// at writes a text that is one line.
func (s *sheet) at(x, w float64, text, align string) {
	s.SetX(x)
	s.CellFormat(w, lineHeight, printable(text), "", 0, align, false, 0, "")
}

// paragraph writes a text that may be many lines, from where the next thing is written, and tells how many. It stays
// there.
func (s *sheet) paragraph(x, w float64, text string) float64 {
	lines := s.SplitText(printable(text), w)
	y := s.GetY()
	for n, line := range lines {
		s.SetXY(x, y+float64(n)*lineHeight)
		s.CellFormat(w, lineHeight, strings.TrimSpace(line), "", 0, "L", false, 0, "")
	}
	s.SetY(y)
	return float64(len(lines))
}

func (s *sheet) head() {
	const titleWidth, underTitle, underRule, thick = 62, 5, 7, 0.6
	s.write(bold, titleSize, black)
	s.SetY(top)
	s.at(right-titleWidth, titleWidth, s.invoice.name(), "R")
	s.write(bold, larger, accent)
	lines := s.paragraph(left, right-titleWidth-left-betweenText, s.invoice.Network)
	s.SetY(s.GetY() + lines*lineHeight + underTitle)
	s.line(accent, thick)
	s.SetY(s.GetY() + underRule)
	if notice := s.invoice.notice(); notice != "" {
		s.write(bold, plain, alarm)
		s.at(left, right-left, notice, "L")
		s.SetY(s.GetY() + lineHeight + betweenText)
	}
}

func (s *sheet) facts() {
	const valueAt, apart, under = left + 30, 1.2, 8
	for n, f := range s.invoice.facts() {
		s.write(regular, plain, quiet)
		s.at(left, valueAt-left, f.Name, "L")
		if s.write(regular, plain, black); n == 0 {
			s.write(bold, plain, black)
		}
		lines := s.paragraph(valueAt, right-valueAt, f.Value)
		s.SetY(s.GetY() + lines*lineHeight + apart)
	}
	s.SetY(s.GetY() + under)
}

// columns writes the head of the table, on each page.
func (s *sheet) columns() {
	const under, thin = 1.6, 0.25
	s.write(regular, small, quiet)
	s.at(left, daysAt-left, "Description", "L")
	s.at(daysAt, amountAt-daysAt, "Days", "L")
	s.at(amountAt, right-amountAt, "Amount, "+string(s.invoice.Currency), "R")
	s.SetY(s.GetY() + lineHeight + under)
	s.line(black, thin)
}

func (s *sheet) row(r row) {
	const thin = 0.15
	s.write(regular, plain, black)
	lines := len(s.SplitText(printable(r.Description), daysAt-left-betweenText))
	lines = max(lines, len(s.SplitText(printable(r.Days), amountAt-daysAt-betweenText)))
	tall := float64(lines)*lineHeight + 2*rowPadding
	if s.GetY()+tall > bottom {
		s.next()
		s.write(regular, plain, black)
	}
	y := s.GetY()
	s.SetY(y + rowPadding)
	s.paragraph(left, daysAt-left-betweenText, r.Description)
	s.at(amountAt, right-amountAt, r.Amount, "R")
	s.write(regular, plain, quiet)
	s.paragraph(daysAt, amountAt-daysAt-betweenText, r.Days)
	s.SetY(y + tall)
	s.line(rule, thin)
}

// next goes on with the table on another page.
func (s *sheet) next() {
	s.AddPage()
	s.SetY(top)
	s.columns()
}

func (s *sheet) total() {
	const above, tall, footnoteAbove = 5, 34, 12
	if s.GetY()+tall > bottom {
		s.next()
	}
	s.SetY(s.GetY() + above)
	s.write(bold, larger, black)
	s.at(left, daysAt-left, "Total", "L")
	s.at(daysAt, right-daysAt, string(s.invoice.Currency)+" "+s.invoice.money(s.invoice.Total), "R")
	s.SetY(s.GetY() + lineHeight + 1)
	s.write(regular, small, quiet)
	s.at(left, daysAt-left, s.invoice.due(), "L")
	s.SetY(s.GetY() + footnoteAbove)
	s.at(left, right-left, s.invoice.footnote(), "L")
}

// foot is at the bottom of every page.
func (s *sheet) foot() {
	s.SetY(height - top + betweenText)
	s.write(regular, small, quiet)
	s.at(left, right-left, s.invoice.name()+", page "+strconv.Itoa(s.PageNo())+" of {nb}", "L")
}

// typeface is the font, as it is asked which letters it has.
var typeface = func() *sfnt.Font {
	font, err := sfnt.Parse(liberationsansregular.TTF)
	if err != nil {
		panic(err)
	}
	return font
}()

// printable is a text in the letters that the font has and that stand one after the other from left to right.
func printable(text string) string {
	var buffer sfnt.Buffer
	return strings.Map(func(letter rune) rune {
		if unicode.IsControl(letter) || unicode.Is(unicode.Cf, letter) {
			return -1
		}
		glyph, err := typeface.GlyphIndex(&buffer, letter)
		if err != nil || glyph == 0 || letter > 0xFFFF || unicode.In(letter, unicode.Hebrew, unicode.Arabic) {
			return '\u25a1'
		}
		return letter
	}, norm.NFC.String(text))
}
