package program

import (
	"context"

	"partner.example/referrals/commission"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/partner"
	"partner.example/referrals/ent/viewer"
)

// SignUp is what a stranger fills in on the public page behind a sign-up link.
type SignUp struct {
	NetworkID    int
	Name         string
	Email        string
	ReferralCode string
}

// SignUp takes a stranger's application: a PENDING partner, with Referred By set where the code is a partner's of
// the same network [A1]. An unknown code, or one of another network, changes nothing but that [A3], and an e-mail
// that signed up before makes no second partner: nothing in the answer tells. For everybody.
func (p *Program) SignUp(ctx context.Context, input SignUp) error {
	ctx = viewer.AsSystem(ctx, "sign-up page")
	return p.change(ctx, input.NetworkID, doing{action: "signUp"}, func(ctx context.Context, c *change) error {
		var wrong commission.Problems
		name := checkName(&wrong, input.Name)
		email := checkEmail(&wrong, input.Email)
		if email == "" {
			wrong.Add("email", "must be an e-mail address such as name@example.com")
		}
		if err := wrong.Err(); err != nil {
			return err
		}
		known, err := c.tx.Partner.Query().Where(partner.NetworkID(c.network.ID), partner.Email(email)).Exist(ctx)
		if err != nil || known {
			return err
		}
		create := c.tx.Partner.Create()
		referrer, err := c.tx.Partner.Query().Where(partner.NetworkID(c.network.ID), partner.ReferralCode(input.ReferralCode)).Only(ctx)
		switch {
		case err != nil && !ent.IsNotFound(err):
			return err
		case err == nil && referrer.Status.MayRefer():
			create.SetReferredByID(referrer.ID).SetReferredBySource(commission.SourceLink)
		}
		_, err = c.addPartner(ctx, create, name, email)
		return err
	})
}

// RotateReferralCode gives a partner a new sign-up link; from then on the old one associates nobody. For ADMIN.
func (p *Program) RotateReferralCode(ctx context.Context, networkID, partnerID int) (*ent.Partner, error) {
	var rotated *ent.Partner
	err := p.change(ctx, networkID, doing{action: "rotateReferralCode", by: byAdmin}, func(ctx context.Context, c *change) error {
		found, err := c.partner(ctx, "partner", partnerID)
		if err != nil {
			return err
		}
		rotated, err = found.Update().SetReferralCode(NewReferralCode()).AddVersion(1).Save(ctx)
		return err
	}, &rotated)
	return rotated, err
}
