// Package program runs what networks and partners do: settings, Referred By, approval and status. It is
// what opens and closes referral terms; nothing else does.
//
// Every change is one transaction behind the network's gate (database.Tx.Hold), happens at one moment,
// and ends by putting conversions that occurred at that moment or later to where they now count. Before it, in the
// same transaction, the changes take effect that were dated ahead and are due.
package program

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/partner"
	"partner.example/referrals/ent/rule"
	"partner.example/referrals/ent/viewer"
)

// Program changes settings, partners and referrals. Now is its only clock.
type Program struct {
	DB  *database.Database
	Now func() time.Time
}

// change is one change of a network's program, in its transaction.
type change struct {
	tx      *database.Tx
	viewer  viewer.Viewer
	network *ent.Network
	zone    *time.Location
	at      time.Time // the one moment at which everything in it happens
	impact  Impact

	since    time.Time // the first moment at which something changes in the transaction
	previous time.Time // the moment of the change before it, in the same transaction
}

// change runs work at one moment, behind the network's gate. The moment is the clock's, but later than
// that of the network's last change: its time never runs backwards, also where servers' clocks differ.
// What its caller is to know of it, work leaves in what results point to (database.Transact).
func (p *Program) change(ctx context.Context, networkID int, d doing, work func(ctx context.Context, c *change) error, results ...any) error {
	who, err := viewer.Require(ctx, networkID, d.by...)
	if err != nil {
		return err
	}
	return p.DB.Transact(ctx, func(ctx context.Context, tx *database.Tx) error {
		c, err := p.begin(ctx, tx, networkID)
		if err != nil {
			return err
		}
		c.viewer = who
		if err := tx.Network.UpdateOneID(networkID).SetChangedAt(c.at).Exec(viewer.Elevate(ctx)); err != nil {
			return fmt.Errorf("keep the moment: %w", err)
		}
		if err := work(audit.Because(ctx, d.action, d.reason, c.at), c); err != nil {
			return err
		}
		return ledger.Reattribute(ctx, tx, networkID, c.since)
	}, results...)
}

// begin shuts the gate and has the changes take effect that are due. What comes after them has a later moment.
func (p *Program) begin(ctx context.Context, tx *database.Tx, networkID int) (*change, error) {
	if err := tx.Hold(ctx, networkID); errors.Is(err, sql.ErrNoRows) {
		return nil, commission.ErrNotFound("network", "network")
	} else if err != nil {
		return nil, err
	}
	network, err := tx.Network.Get(ctx, networkID)
	if err != nil {
		return nil, orNotFound(err, "network", "network")
	}
	c := &change{tx: tx, network: network, at: commission.Moment(p.Now())}
	if c.zone, err = network.TimeZone.Location(); err != nil {
		return nil, err
	}
	c.notBefore(network.ChangedAt.Add(commission.Micro))
	c.since = c.at
	if due := network.NextChangeAt; due != nil && !due.After(c.at) {
		if err := c.takeEffect(ctx); err != nil {
			return nil, fmt.Errorf("take effect: %w", err)
		}
	}
	c.impact = Impact{reached: reached{network: c.network, at: c.at}}
	return c, nil
}

func (c *change) notBefore(earliest time.Time) {
	if c.at.Before(earliest) {
		c.at = earliest
	}
}

// doing is what is done, as the audit log says it, and by which roles it may be.
type doing struct {
	action string // the name of the mutation
	by     []commission.Role
	reason string
}

var (
	byAdmin = []commission.Role{commission.Admin}
	byStaff = []commission.Role{commission.Admin, commission.PartnerManager}
)

// partner finds a partner that the viewer may change; any other is not there for it.
func (c *change) partner(ctx context.Context, field string, id int) (*ent.Partner, error) {
	found, err := c.tx.Partner.Query().Where(partner.ID(id), partner.NetworkID(c.network.ID)).Only(ctx)
	if err != nil {
		return nil, orNotFound(err, field, "partner")
	}
	if !rule.SeesAllOf(c.viewer, found) {
		return nil, commission.ErrNotFound(field, "partner")
	}
	return found, nil
}

// orNotFound turns ent's answer for a missing row into ours.
func orNotFound(err error, field, noun string) error {
	if ent.IsNotFound(err) {
		return commission.ErrNotFound(field, noun)
	}
	return err
}

const (
	maxName   = 200
	maxEmail  = 254
	maxReason = 1000
)

// checkName is the text without the blanks around it, noting what is wrong with it.
func checkName(wrong *commission.Problems, name string) string {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxName || !plain(name) {
		wrong.Add("name", "must be a text of 1 to %d characters, without control characters", maxName)
	}
	return name
}

func checkEmail(wrong *commission.Problems, email string) string {
	email = strings.TrimSpace(email)
	local, domain, found := strings.Cut(email, "@")
	if email != "" && (len(email) > maxEmail || !found || local == "" || domain == "" || strings.ContainsAny(email, " \t\r\n<>,;") ||
		strings.Contains(domain, "@") || !plain(email)) {
		wrong.Add("email", "must be an e-mail address such as name@example.com")
	}
	return email
}

func checkReason(wrong *commission.Problems, reason string) {
	if len(reason) > maxReason || !utf8.ValidString(reason) {
		wrong.Add("reason", "must be at most %d bytes of text", maxReason)
	}
}

func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// searchText is what a search for a partner looks through.
func searchText(name, email string) string { return strings.ToLower(name + "\n" + email) }
