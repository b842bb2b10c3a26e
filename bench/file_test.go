package bench

import (
	"fmt"
	"os"
	"testing"

	"github.com/go-sql-driver/mysql"

	"partner.example/referrals/graph/scalar"
)

// BenchmarkFile imports a large file, and a tenth of it, and loads the same file into a bare table by LOAD DATA.
func BenchmarkFile(b *testing.B) {
	const partners = 2_000
	location := newDatabase(b, "file")
	little := newTraded(b, location, partners/2, partners/2, 0)
	large := newTraded(b, location, partners/2, partners/2, 0)
	bare := connect(b, location)
	newDatabase(b, "bare")
	execute(b, bare, "CREATE TABLE bare.conversion LIKE file.conversion")

	imports := func(n *traded, file string, rows int) *measured {
		return command(b, bare, fmt.Sprintf("import of %s rows", counted(rows)), "rows/s", rows,
			"import", "--database", location, "--network", scalar.ID{Type: scalar.Network, Row: n.network}.String(), file)
	}
	tenth := little.export(b, sizes.ImportRows/10)
	least := imports(little, tenth, sizes.ImportRows/10)
	file := large.export(b, sizes.ImportRows)
	defer func() { _ = os.Remove(file) }()
	whole := imports(large, file, sizes.ImportRows)
	mysql.RegisterLocalFile(file)
	defer mysql.DeregisterLocalFile(file)
	before := spending(b, bare, nil)
	loaded := took(func() {
		execute(b, bare, fmt.Sprintf(`
			LOAD DATA LOCAL INFILE '%s' INTO TABLE bare.conversion FIELDS TERMINATED BY ',' IGNORE 1 LINES (external_id, @partner, @at, @revenue, @payout)
			SET network_id = %d, partner_id = SUBSTRING_INDEX(CAST(FROM_BASE64(CONCAT(@partner, REPEAT('=', -LENGTH(@partner) & 3))) AS CHAR), ':', -1),
				occurred_at = REPLACE(REPLACE(@at, 'T', ' '), 'Z', ''), recorded_at = NOW(6), revenue = @revenue * 1000000, payout = @payout * 1000000,
				day = TO_DAYS(occurred_at) - 719528, accrual_id = partner_id * 1000 + day MOD 1000, earning_day_id = accrual_id`, file, large.network))
	})
	bulk := lines(whole.workload, whole.unit, byHandInGo)[byHandInGo]
	bulk.alone, bulk.perSecond = loaded, float64(sizes.ImportRows)/loaded.Seconds()
	bulk.costs(spending(b, bare, nil).since(before), 1)
	if got := count(b, opened(b, location), "SELECT COUNT(*) FROM bare.conversion WHERE partner_id > ? AND revenue > 0", large.firstReferrer-1); got != sizes.ImportRows {
		b.Fatalf("LOAD DATA loaded %d rows", got)
	}
	run(b, "verify", "--database", location)

	must(b, goal{
		what: whole.workload, product: whole.throughput(), against: bulk.throughput() + " LOAD DATA",
		reached: whole.perSecond / bulk.perSecond, least: 0.5,
	})
	must(b, goal{
		what: "memory of it, against a tenth of the rows", product: inMegabytes(whole.memory), against: inMegabytes(least.memory),
		reached: float64(whole.memory) / float64(least.memory), most: 1.2,
	})
}
