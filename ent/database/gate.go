package database

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
)

// stripes are the rows of a gate. At the first one those who shut it queue; each of the others lets one recorder in. A
// server takes them in turns, so that its own recorders do not wait for each other.
const stripes = 16

// MakeGate makes a new network's gate.
func (tx *Tx) MakeGate(ctx context.Context, networkID int) error {
	rows := Rows{Table: "gate", Columns: []string{"network_id", "stripe", "passes"}}
	for stripe := range stripes {
		rows.Add(networkID, stripe, 0)
	}
	return tx.Insert(ctx, rows)
}

// Pass lets the transaction through the network's gate beside others that pass: until it ends, no term
// of the network opens or closes. It is the first lock of every transaction that records.
func (tx *Tx) Pass(ctx context.Context, networkID int) error {
	stripe := 1 + tx.turn%(stripes-1) // all but the first
	return tx.lock(ctx, networkID, "UPDATE gate SET passes = passes + 1 WHERE network_id = ? AND stripe = ?", networkID, stripe)
}

// Hold shuts the network's gate until the transaction ends: whoever is inside is waited for, and nobody
// else enters. It is the first lock of every transaction that opens or closes terms.
//
// Those who shut it meet at the first row, and wait there in turn. TiDB lets go of all rows of a statement where one of
// them changed meanwhile, and tries again: beside recorders it would never have them all, and takes them one by one.
func (tx *Tx) Hold(ctx context.Context, networkID int) error {
	const shut = "UPDATE gate SET passes = passes + 1 WHERE network_id = ? AND stripe "
	if err := tx.lock(ctx, networkID, shut+"= 0", networkID); err != nil {
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

// The lock is a write and not a SELECT .. FOR SHARE, because a write is what every engine of the family
// makes others wait for, or fail on, across all its nodes. A gate that is not there would lock nothing.
func (tx *Tx) lock(ctx context.Context, networkID int, statement string, args ...any) error {
	result, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("lock the gate: %w", err)
	}
	if locked, err := result.RowsAffected(); err != nil || locked == 0 {
		return fmt.Errorf("network %d has no gate to lock: %w", networkID, cmp.Or(err, sql.ErrNoRows))
	}
	return nil
}
