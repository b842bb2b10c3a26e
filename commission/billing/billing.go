// Package billing makes invoices of what partners and referrers earned, and does with them what is done later:
// paying, deleting, hiding.
//
// Everything that is billed is claimed: the accruals and earning days that a line pays carry its number, in the
// transaction that makes the invoice. A row carries one number or none, so nothing is billed twice, and what
// carries none is picked up by the next run, so nothing is lost [I3].
package billing

import (
	"context"
	"fmt"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
)

// Billing makes and keeps invoices. Now is its only clock.
type Billing struct {
	DB  *database.Database
	Now func() time.Time

	// TakeEffect has the changes of a network's settings take effect that are due, before a run. They take effect with
	// a day, and no run bills a day that is not over, so none becomes due for it meanwhile. nil: none is ever dated ahead.
	TakeEffect func(ctx context.Context, networkID int) error
}

// work is one transaction on a network's invoices, behind its gate: meanwhile nothing is recorded, no term opens
// or closes, and no other run bills.
type work struct {
	tx      *database.Tx
	network *ent.Network
	zone    *time.Location
	at      time.Time
}

// transact does work, which leaves what its caller is to know of it in what results point to (database.Transact).
func (b *Billing) transact(ctx context.Context, networkID int, action, reason string, do func(ctx context.Context, w *work) error, results ...any) error {
	return b.DB.Transact(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := tx.Hold(ctx, networkID); err != nil {
			return err
		}
		network, err := tx.Network.Get(viewer.Elevate(ctx), networkID)
		if err != nil {
			return fmt.Errorf("find the network: %w", err)
		}
		w := &work{tx: tx, network: network, at: commission.Moment(b.Now())}
		if w.zone, err = network.TimeZone.Location(); err != nil {
			return err
		}
		return do(audit.Because(ctx, action, reason, w.at), w)
	}, results...)
}
