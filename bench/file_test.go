package bench

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"partner.example/referrals/graph/scalar"
)

// BenchmarkFile imports a large file, and a tenth of it, and loads the same file into a bare table by LOAD DATA.
func BenchmarkFile(b *testing.B) {
	const partners = 2_000
	location := newDatabase(b, "file")
	little := newTraded(b, location, partners, 0)
	large := newTraded(b, location, partners, 0)
	bare := connect(b, location)
	newDatabase(b, "bare")
	execute(b, bare, "CREATE TABLE bare.conversion LIKE file.conversion")

	imports := func(n *traded, file string, rows int) (lasted time.Duration, peak int64) {
		lasted = took(func() {
			peak = imported(b, location, scalar.ID{Type: scalar.Network, Row: n.network}.String(), file, rows, 0)
		})
		return lasted, peak
	}
	tenth := little.export(b, sizes.ImportRows/10)
	_, least := imports(little, tenth, sizes.ImportRows/10)
	file := large.export(b, sizes.ImportRows)
	defer func() { _ = os.Remove(file) }()
	lasted, peak := imports(large, file, sizes.ImportRows)
	mysql.RegisterLocalFile(file)
	defer mysql.DeregisterLocalFile(file)
	loaded := took(func() {
		execute(b, bare, fmt.Sprintf(`
			LOAD DATA LOCAL INFILE '%s' INTO TABLE bare.conversion FIELDS TERMINATED BY ',' IGNORE 1 LINES (external_id, @partner, @at, @revenue, @payout)
			SET network_id = %d, partner_id = SUBSTRING_INDEX(CAST(FROM_BASE64(CONCAT(@partner, REPEAT('=', -LENGTH(@partner) & 3))) AS CHAR), ':', -1),
				occurred_at = REPLACE(REPLACE(@at, 'T', ' '), 'Z', ''), recorded_at = NOW(6), revenue = @revenue * 1000000, payout = @payout * 1000000,
				day = TO_DAYS(occurred_at) - 719528, accrual_id = partner_id * 1000 + day MOD 1000, earning_day_id = accrual_id`, file, large.network))
	})
	if got := count(b, opened(b, location), "SELECT COUNT(*) FROM bare.conversion WHERE partner_id > ? AND revenue > 0", large.firstReferred-1); got != sizes.ImportRows {
		b.Fatalf("LOAD DATA loaded %d rows", got)
	}
	run(b, "verify", "--database", location)

	rows := float64(sizes.ImportRows)
	name := fmt.Sprintf("import of %s rows", counted(sizes.ImportRows))
	must(b, goal{
		what: name, product: perSecond(rows / lasted.Seconds()), against: perSecond(rows/loaded.Seconds()) + " LOAD DATA",
		reached: loaded.Seconds() / lasted.Seconds(), least: 0.5,
	})
	must(b, goal{
		what: "memory of it, against a tenth of the rows", product: inMegabytes(peak), against: inMegabytes(least),
		reached: float64(peak) / float64(least), most: 1.2,
	})
}
