package program

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	stdsql "database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/account"
	"partner.example/referrals/ent/generated/token"
	"partner.example/referrals/ent/viewer"
)

// NewAccount is somebody, or some program, that is to sign in.
type NewAccount struct {
	NetworkID int // 0: support staff
	Name      string
	Email     string
	Role      commission.Role
	Scope     commission.ManagerScope // of a PARTNER_MANAGER; "": GLOBAL
	PartnerID int                     // of a PARTNER
}

// CreateAccount creates an account. For ADMIN, in its network; support staff are the operator's to create.
func (p *Program) CreateAccount(ctx context.Context, input NewAccount) (*ent.Account, error) {
	var wrong commission.Problems
	input.Name = checkName(&wrong, input.Name)
	input.Email = checkEmail(&wrong, input.Email)
	if (input.Role == commission.Support) != (input.NetworkID == 0) {
		wrong.Add("role", "SUPPORT belongs to no network, every other role to one")
	}
	if (input.Role == commission.PartnerUser) != (input.PartnerID != 0) {
		wrong.Add("partner", "goes with the role PARTNER, which needs one")
	}
	if input.Scope != "" && input.Role != commission.PartnerManager {
		wrong.Add("scope", "goes with the role PARTNER_MANAGER alone")
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	d := doing{action: "createAccount", by: byAdmin}
	var created *ent.Account
	create := func(ctx context.Context, tx *database.Tx, at time.Time) error {
		row := tx.Account.Create().SetName(input.Name).SetEmail(input.Email).SetRole(input.Role).SetCreatedAt(at).SetNillableNetworkID(orNone(input.NetworkID))
		if input.PartnerID != 0 {
			found, err := tx.Partner.Get(viewer.Elevate(ctx), input.PartnerID)
			if (err == nil && found.NetworkID != input.NetworkID) || ent.IsNotFound(err) {
				return commission.ErrNotFound("partner", "partner")
			}
			if err != nil {
				return err
			}
			row.SetPartnerID(input.PartnerID)
		}
		if input.Role == commission.PartnerManager {
			row.SetManagerScope(cmp.Or(input.Scope, commission.Global))
		}
		var err error
		if created, err = row.Save(viewer.Elevate(ctx)); err != nil {
			return fmt.Errorf("create the account: %w", err)
		}
		return nil
	}
	if input.NetworkID != 0 {
		err := p.change(ctx, input.NetworkID, d, func(ctx context.Context, c *change) error { return create(ctx, c.tx, c.at) }, &created)
		return created, err
	}
	if v, ok := viewer.From(ctx); !ok || !v.IsSystem() {
		return nil, commission.Refuse(commission.Forbidden, "role", "support staff are created by the operator")
	}
	err := p.DB.Transact(ctx, func(ctx context.Context, tx *database.Tx) error {
		now := commission.Moment(p.Now())
		return create(audit.Because(ctx, d.action, "", now), tx, now)
	}, &created)
	return created, err
}

func orNone(id int) *int {
	if id == 0 {
		return nil
	}
	return &id
}

// CreateToken makes a token for an account and returns it, the only time that it is shown: its hash alone is
// kept. Without expiresAt it works until it is revoked. For ADMIN, for accounts of its network.
func (p *Program) CreateToken(ctx context.Context, accountID int, name string, expiresAt *time.Time) (string, *ent.Token, error) {
	owner, err := p.account(ctx, accountID)
	if err != nil {
		return "", nil, err
	}
	now := commission.Moment(p.Now())
	var wrong commission.Problems
	name = checkName(&wrong, name)
	if expiresAt != nil && !expiresAt.After(now) {
		wrong.Add("expiresAt", "must be in the future")
	}
	if err := wrong.Err(); err != nil {
		return "", nil, err
	}
	secret := "ref_" + rand.Text() + rand.Text()
	var made *ent.Token
	err = p.DB.Transact(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		ctx = audit.Because(viewer.Elevate(ctx), "createToken", "", now)
		made, err = tx.Token.Create().SetAccountID(owner.ID).SetName(name).SetHash(hashOf(secret)).
			SetCreatedAt(now).SetNillableExpiresAt(expiresAt).Save(ctx)
		if err != nil {
			return fmt.Errorf("keep the token: %w", err)
		}
		return nil
	}, &secret, &made)
	return secret, made, err
}

// account finds an account whose tokens the viewer may make and revoke.
func (p *Program) account(ctx context.Context, id int) (*ent.Account, error) {
	v, _ := viewer.From(ctx)
	if _, err := viewer.Require(ctx, v.NetworkID, byAdmin...); err != nil {
		return nil, err
	}
	found, err := p.DB.Account.Get(viewer.Elevate(ctx), id)
	if err == nil && !v.IsSystem() && (found.NetworkID == nil || *found.NetworkID != v.NetworkID) {
		return nil, commission.ErrNotFound("account", "account")
	}
	if err != nil {
		return nil, orNotFound(err, "account", "account")
	}
	return found, nil
}

// RevokeToken ends a token at once; one that was revoked before stays as it is. For ADMIN, of its network; none of
// them brings nearer the moment from which no ADMIN of the network could sign in.
func (p *Program) RevokeToken(ctx context.Context, networkID, tokenID int) (*ent.Token, error) {
	var revoked *ent.Token
	err := p.change(ctx, networkID, doing{action: "revokeToken", by: byAdmin}, func(ctx context.Context, c *change) error {
		ctx = viewer.Elevate(ctx)
		found, err := c.tx.Token.Query().Where(token.ID(tokenID), token.HasAccountWith(account.NetworkID(networkID))).WithAccount().Only(ctx)
		if err != nil {
			return orNotFound(err, "id", "token")
		}
		if err := c.keepAnAdmin(ctx, found); err != nil {
			return err
		}
		revoked, err = revoke(ctx, found, c.at)
		return err
	}, &revoked)
	return revoked, err
}

// OperatorRevokesToken ends a token of any network, or of support staff, at once, be it the last of an ADMIN: the
// operator can make another one. It is for the program itself.
func (p *Program) OperatorRevokesToken(ctx context.Context, tokenID int) (*ent.Token, error) {
	if v, ok := viewer.From(ctx); !ok || !v.IsSystem() {
		return nil, commission.Refuse(commission.Forbidden, "", "this is the operator's to do")
	}
	var revoked *ent.Token
	err := p.DB.Transact(ctx, func(ctx context.Context, tx *database.Tx) error {
		now := commission.Moment(p.Now())
		found, err := tx.Token.Get(ctx, tokenID)
		if err != nil {
			return orNotFound(err, "id", "token")
		}
		revoked, err = revoke(audit.Because(ctx, "revokeToken", "", now), found, now)
		return err
	})
	return revoked, err
}

func revoke(ctx context.Context, found *ent.Token, at time.Time) (*ent.Token, error) {
	if found.RevokedAt != nil {
		return found, nil
	}
	return found.Update().SetRevokedAt(at).Save(ctx)
}

// keepAnAdmin refuses to end the token by which an ADMIN of the network can sign in longest. Those of accounts whose
// role an identity provider says do not count: it may say another one tomorrow.
func (c *change) keepAnAdmin(ctx context.Context, ending *ent.Token) error {
	owner := ending.Edges.Account
	works := ending.RevokedAt == nil && (ending.ExpiresAt == nil || c.at.Before(*ending.ExpiresAt))
	if !works || owner.Role != commission.Admin || owner.Subject != nil {
		return nil
	}
	lastsAsLong := token.ExpiresAtIsNil()
	if ending.ExpiresAt != nil {
		lastsAsLong = token.Or(lastsAsLong, token.ExpiresAtGTE(*ending.ExpiresAt))
	}
	others, err := c.tx.Token.Query().Where(
		token.IDNEQ(ending.ID), token.RevokedAtIsNil(), lastsAsLong,
		token.HasAccountWith(account.NetworkID(c.network.ID), account.RoleEQ(commission.Admin), account.SubjectIsNil()),
	).Exist(ctx)
	if err == nil && !others {
		return commission.Refuse(commission.FailedPrecondition, "id",
			"no other token of an ADMIN works as long as this one: make one first, or nobody could sign in after it")
	}
	return err
}

// Tokens is the tokens of a network's accounts, the latest first; of support staff for the network 0. It is for the
// program itself; an ADMIN sees them with its accounts.
func (p *Program) Tokens(ctx context.Context, networkID int) ([]*ent.Token, error) {
	if v, ok := viewer.From(ctx); !ok || !v.IsSystem() {
		return nil, commission.Refuse(commission.Forbidden, "", "this is the operator's to do")
	}
	of := account.NetworkIDIsNil()
	if networkID != 0 {
		if _, err := p.DB.Network.Get(ctx, networkID); err != nil {
			return nil, orNotFound(err, "network", "network")
		}
		of = account.NetworkID(networkID)
	}
	return p.DB.Token.Query().Where(token.HasAccountWith(of)).WithAccount().Order(token.ByID(sql.OrderDesc())).All(ctx)
}

// hashOf is what is kept of a token. It is random and long, so that a fast hash without a salt hides it.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// usedAgain is how old a token's last use grows before it is noted anew.
const usedAgain = time.Minute

// SignedIn is who the bearer of a token is, with what the statement that found it found too. What is nil is to be read
// anew, or there is none.
type SignedIn struct {
	Viewer  viewer.Viewer
	Network *ent.Network // the account's, whole
	Partner *ent.Partner // that the viewer is, as far as it is shown of itself
}

// SignIn tells who the bearer of a token is. The changes of the network's settings that were dated ahead and are due take
// effect, so that whatever is read is as of now.
//
// It stands before every request, and is one statement. Nothing of it is remembered: who is revoked is out at once.
func (p *Program) SignIn(ctx context.Context, secret string) (SignedIn, error) {
	ctx = viewer.AsSystem(ctx, "sign-in")
	now := commission.Moment(p.Now())
	t, who, err := p.bearer(ctx, hashOf(secret))
	switch {
	case err != nil:
		return SignedIn{}, fmt.Errorf("find the token: %w", err)
	case t == nil, t.RevokedAt != nil, t.ExpiresAt != nil && !now.Before(*t.ExpiresAt):
		return SignedIn{}, commission.Refuse(commission.Unauthenticated, "", "this token is not valid: ask an ADMIN of your network for another one")
	}
	if t.LastUsedAt == nil || now.Sub(*t.LastUsedAt) >= usedAgain {
		err := p.DB.Transact(ctx, func(ctx context.Context, tx *database.Tx) error {
			return tx.Token.UpdateOneID(t.ID).SetLastUsedAt(now).Exec(ctx)
		})
		if err != nil {
			return SignedIn{}, fmt.Errorf("note the use of the token: %w", err)
		}
	}
	switch n := who.Network; {
	case n == nil: // support staff look into every one
		return who, p.TakeEffect(ctx, 0)
	case n.NextChangeAt != nil && !n.NextChangeAt.After(now):
		return SignedIn{Viewer: who.Viewer}, p.TakeEffect(ctx, n.ID)
	default:
		return who, nil
	}
}

// bearer finds a token by its hash, with whose it is; no network: it is of support staff; no token: there is none.
func (p *Program) bearer(ctx context.Context, hash string) (found *ent.Token, who SignedIn, err error) {
	err = database.Each(ctx, database.Often(p.DB), `
		SELECT t.id, t.expires_at, t.revoked_at, t.last_used_at, a.id, a.name, a.role, a.network_id, a.partner_id, a.manager_scope,
			n.id, n.name, n.currency, n.time_zone, n.referral_enabled, n.referral_structure_id,
			n.referral_settings_version, n.referral_settings_updated_at, n.referral_settings_updated_by,
			n.sign_up_page, n.next_invoice_number, n.billed_through, n.billing_by, n.billing_beat, n.next_change_at, n.changed_at, n.created_at,
			p.id, p.name, p.email, p.status, p.approved_at, p.version, p.referral_code, p.referral_mode, p.referral_structure_id, p.referral_setting_version
		FROM token t JOIN account a ON a.id = t.account_id JOIN network n ON n.id = a.network_id
		LEFT JOIN partner p ON p.id = a.partner_id AND p.network_id = a.network_id
		WHERE t.hash = ?`,
		[]any{hash}, func(row *stdsql.Rows) error {
			var t ent.Token
			var a ent.Account
			var n ent.Network
			var self maybePartner
			err := row.Scan(append([]any{
				&t.ID, &t.ExpiresAt, &t.RevokedAt, &t.LastUsedAt, &a.ID, &a.Name, &a.Role, &a.NetworkID, &a.PartnerID, &a.ManagerScope,
				&n.ID, &n.Name, &n.Currency, &n.TimeZone, &n.ReferralEnabled, &n.ReferralStructureID,
				&n.ReferralSettingsVersion, &n.ReferralSettingsUpdatedAt, &n.ReferralSettingsUpdatedBy,
				&n.SignUpPage, &n.NextInvoiceNumber, &n.BilledThrough, &n.BillingBy, &n.BillingBeat, &n.NextChangeAt, &n.ChangedAt, &n.CreatedAt,
			}, self.columns()...)...)
			found, who = &t, SignedIn{Viewer: viewerOf(&a), Network: &n, Partner: self.of(n.ID)}
			return err
		})
	if err != nil || found != nil {
		return found, who, err
	}
	found, err = p.DB.Token.Query().Where(token.Hash(hash), token.HasAccountWith(account.NetworkIDIsNil())).WithAccount().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, SignedIn{}, nil
	}
	if err != nil {
		return nil, SignedIn{}, err
	}
	return found, SignedIn{Viewer: viewerOf(found.Edges.Account)}, nil
}

// maybePartner is columns of a partner that may not be there.
type maybePartner struct {
	id, version, structureID, settingVersion *int
	name, email, status, code, mode          *string
	approvedAt                               *time.Time
}

func (m *maybePartner) columns() []any {
	return []any{&m.id, &m.name, &m.email, &m.status, &m.approvedAt, &m.version, &m.code, &m.mode, &m.structureID, &m.settingVersion}
}

func (m *maybePartner) of(networkID int) *ent.Partner {
	if m.id == nil {
		return nil
	}
	return &ent.Partner{
		ID: *m.id, NetworkID: networkID, Name: *m.name, Email: *m.email, Status: commission.PartnerStatus(*m.status), ApprovedAt: m.approvedAt, Version: *m.version,
		ReferralCode: *m.code, ReferralMode: commission.Mode(*m.mode), ReferralStructureID: m.structureID, ReferralSettingVersion: *m.settingVersion,
	}
}

func viewerOf(a *ent.Account) viewer.Viewer {
	v := viewer.Viewer{AccountID: a.ID, Name: a.Name, Role: a.Role}
	if a.NetworkID != nil {
		v.NetworkID = *a.NetworkID
	}
	if a.PartnerID != nil {
		v.PartnerID = *a.PartnerID
	}
	v.Limited = a.ManagerScope != nil && *a.ManagerScope == commission.Limited
	return v
}
