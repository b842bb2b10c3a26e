package program

import (
	"context"
	"fmt"
	"net/url"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
)

// NewNetwork is a tenant that the operator creates.
type NewNetwork struct {
	Name       string
	Currency   commission.Currency
	TimeZone   commission.Zone
	SignUpPage string // the URL of the page behind sign-up links; "": there is none
}

// CreateNetwork creates a tenant. It is for the program itself: no role may.
func (p *Program) CreateNetwork(ctx context.Context, input NewNetwork) (*ent.Network, error) {
	if v, ok := viewer.From(ctx); !ok || !v.IsSystem() {
		return nil, commission.Refuse(commission.Forbidden, "", "networks are created by the operator")
	}
	var wrong commission.Problems
	name := checkName(&wrong, input.Name)
	if !input.Currency.Known() {
		wrong.Add("currency", "must be an ISO 4217 code in use, such as USD")
	}
	zone, err := input.TimeZone.Location()
	if err != nil {
		wrong.Add("timeZone", "must be an IANA time zone such as America/New_York")
	}
	checkPage(&wrong, "signUpPage", input.SignUpPage)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	var created *ent.Network
	err = p.DB.Transact(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		now := commission.Moment(p.Now())
		created, err = tx.Network.Create().
			SetName(name).SetCurrency(input.Currency).SetTimeZone(input.TimeZone).SetSignUpPage(input.SignUpPage).
			SetBilledThrough(commission.DateOf(now, zone) - 1). // before this day there was nothing to bill
			SetChangedAt(now).SetCreatedAt(now).Save(audit.Because(ctx, "createNetwork", "", now))
		if err != nil {
			return fmt.Errorf("create the network: %w", err)
		}
		return tx.MakeGate(ctx, created.ID)
	}, &created)
	return created, err
}

// SetSignUpPage changes the page that sign-up links lead to; "" takes the links away. For ADMIN.
func (p *Program) SetSignUpPage(ctx context.Context, networkID int, page string) (*ent.Network, error) {
	var saved *ent.Network
	err := p.change(ctx, networkID, doing{action: "setSignUpPage", by: byAdmin}, func(ctx context.Context, c *change) (err error) {
		var wrong commission.Problems
		checkPage(&wrong, "url", page)
		if err := wrong.Err(); err != nil {
			return err
		}
		saved, err = c.network.Update().SetSignUpPage(page).Save(ctx)
		return err
	}, &saved)
	return saved, err
}

const maxPage = 250

func checkPage(wrong *commission.Problems, field, page string) {
	if page == "" {
		return
	}
	at, err := url.Parse(page)
	if err != nil || (at.Scheme != "https" && at.Scheme != "http") || at.Host == "" || len(page) > maxPage {
		wrong.Add(field, "must be the URL of a page, such as https://example.com/sign-up")
	}
}
