package database

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"time"

	"entgo.io/ent/dialect"
)

// stripes are the rows of a gate. At the first one those who shut it queue; each of the others lets one recorder in. A
// server takes them in turns, so that its own recorders do not wait for each other.
const stripes = 16

// MakeGate makes a new network's gate.
func (tx *Tx) MakeGate(ctx context.Context, networkID int) error {
	rows := tx.Rows("gate", "network_id", "stripe", "passes")
	for stripe := range stripes {
		rows.Add(networkID, stripe, 0)
	}
	return tx.Insert(ctx, rows)
}

// Pass lets the transaction through the network's gate beside others that pass: until it ends, no term
// of the network opens or closes. It is the first lock of every transaction that records.
func (tx *Tx) Pass(ctx context.Context, networkID int) error {
	statement := "UPDATE gate SET passes = passes + 1 WHERE network_id = ? AND stripe = ?"
	args := []any{networkID, 1 + tx.turn%(stripes-1)} // all but the first
	if tx.mayBeUndone() {
		from, to := aboutNow()
		statement += ` AND NOT EXISTS (
			SELECT 1 FROM (SELECT 1 FROM gate WHERE network_id = ? AND stripe = 0 AND ` + reserved + ` LIMIT 1) AS other
		)` // what is changed may be asked only as another table, which LIMIT makes of it
		args = append(args, networkID, from, to)
	}
	return tx.lock(ctx, networkID, statement, args...)
}

// TimesShut is, in a query of networks, how often the gate of each was shut: that is what its first row counts. Whoever
// passed knows by it whether anything was done behind the gate since.
const TimesShut = "(SELECT passes FROM gate WHERE gate.network_id = network.id AND gate.stripe = 0)"

// Hold shuts the network's gate until the transaction ends: whoever is inside is waited for, and nobody
// else enters. It is the first lock of every transaction that opens or closes terms.
//
// Those who shut it meet at the first row, and wait there in turn. TiDB lets go of all rows of a statement where one of
// them changed meanwhile, and tries again: beside recorders it would never have them all, and takes them one by one.
func (tx *Tx) Hold(ctx context.Context, networkID int) error {
	if tx.mayBeUndone() {
		tx.precedence.networkID = networkID
	}
	const shut = "UPDATE gate SET passes = passes + 1 WHERE network_id = ? AND stripe "
	from, to := aboutNow()
	if err := tx.lock(ctx, networkID, shut+"= 0 AND "+free, networkID, from, to, tx.precedence.until); err != nil {
		return err
	}
	if !tx.rowByRow {
		return tx.lock(ctx, networkID, shut+"> 0", networkID)
	}
	for stripe := 1; stripe < stripes; stripe++ {
		if err := tx.lock(ctx, networkID, shut+"= ?", networkID, stripe); err != nil {
			return err
		}
	}
	return nil
}

// mayBeUndone tells whether another transaction may undo this one, instead of waiting for it.
func (tx *Tx) mayBeUndone() bool { return tx.dialect != dialect.SQLite && !tx.rowByRow }

// precedence is what a transaction takes that shuts a gate and was undone a few times: it reserves the gate, and others
// wait. On a cluster whose servers write to several nodes nobody waits at a row: of two transactions the one that commits
// first undoes the other, and beside recorders who never pause one that takes a while would not ever commit.
//
// Nothing is right or wrong because of it: that is the locks' business.
type precedence struct {
	networkID int          // whose gate the transaction shuts; 0: none, or all wait for it as it is
	until     sql.NullTime // by which the gate knows who reserved it
}

const (
	undoneOften = 3               // how often a transaction is undone before it reserves the gate
	reservation = persistence / 2 // how long others wait for one whose server is gone
)

// reserved is a condition on the first row of a gate, with two arguments: aboutNow. free tells that nobody else has
// reserved it, and has a third one: by when one would have done so oneself.
const (
	reserved = "reserved_until BETWEEN ? AND ?"
	free     = "(reserved_until IS NULL OR NOT " + reserved + " OR reserved_until = ?)"
)

// aboutNow is when reservations end that hold now, on servers whose clocks are that much apart.
func aboutNow() (from, to time.Time) {
	now := time.Now().UTC().Truncate(time.Microsecond) //nolint:forbidigo // what others wait for, and no rule goes by it
	return now, now.Add(2 * reservation)
}

// take reserves the gate, from now on, if nobody else has. It does what it can: a transaction is undone without it too.
func (p *precedence) take(ctx context.Context, d *Database) {
	from, to := aboutNow()
	until := sql.NullTime{Time: from.Add(reservation), Valid: true}
	result, err := d.ExecContext(ctx, "UPDATE gate SET reserved_until = ? WHERE network_id = ? AND stripe = 0 AND "+free, until, p.networkID, from, to, p.until)
	if err != nil {
		return
	}
	if taken, err := result.RowsAffected(); err == nil && taken > 0 {
		p.until = until
	}
}

// giveBack lets the others go on.
func (p *precedence) giveBack(ctx context.Context, d *Database) {
	if !p.until.Valid {
		return
	}
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), reservation) // after which it has ended by itself
	defer end()
	for {
		_, err := d.ExecContext(ctx, "UPDATE gate SET reserved_until = NULL WHERE network_id = ? AND stripe = 0 AND reserved_until = ?", p.networkID, p.until)
		if !givesWay(err) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(firstPause):
		}
	}
}

// The lock is a write and not a SELECT .. FOR SHARE, because a write is what every engine of the family
// makes others wait for, or fail on, across all its nodes. A gate that is not there would lock nothing.
func (tx *Tx) lock(ctx context.Context, networkID int, statement string, args ...any) error {
	locked, err := tx.Affect(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("lock the gate: %w", err)
	}
	if locked > 0 {
		return nil
	}
	made := false
	err = Each(ctx, tx, "SELECT 1 FROM gate WHERE network_id = ? AND stripe = 0", []any{networkID}, func(*sql.Rows) error {
		made = true
		return nil
	})
	if err != nil || !made {
		return fmt.Errorf("network %d has no gate to lock: %w", networkID, cmp.Or(err, sql.ErrNoRows))
	}
	return fmt.Errorf("the gate of network %d is reserved: %w", networkID, ErrRetry)
}
