package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/graph/scalar"
)

type networkCommand struct {
	Create           networkCreateCommand    `cmd:"" help:"Create a network and print its id, nothing else."`
	IdentityProvider identityProviderCommand `cmd:"" help:"Set the OpenID Connect provider by which the people of a network sign in."`
}

type networkCreateCommand struct {
	Name       string `help:"The name of the company."                                                   required:""`
	Currency   string `help:"The currency of all amounts, by its ISO 4217 code."                         required:""`
	TimeZone   string `help:"The reporting time zone, by its IANA name, such as America/New_York."      required:""`
	SignUpPage string `help:"The URL of the public page behind sign-up links; without it there are none." placeholder:"URL"`
}

// Run creates the network.
func (c networkCreateCommand) Run(a *app) error {
	created, err := a.program.CreateNetwork(a, program.NewNetwork{
		Name: c.Name, Currency: commission.Currency(c.Currency), TimeZone: commission.Zone(c.TimeZone), SignUpPage: c.SignUpPage,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, scalar.ID{Type: scalar.Network, Row: created.ID})
	return err
}

type identityProviderCommand struct {
	Network      string `help:"The id of the network."                                                       placeholder:"ID"            required:""`
	Issuer       string `help:"The URL of the provider, exactly as its tokens name it."                    placeholder:"URL"           required:""`
	Audience     string `help:"For whom its tokens must be: the client id that it knows this program by." required:""`
	RoleClaim    string `default:"role"                                                                     help:"The claim that holds ADMIN, PARTNER_MANAGER, PARTNER or TRACKER."`
	PartnerClaim string `default:"partner"                                                                  help:"The claim that holds the id of the partner that a PARTNER is."`
	ScopeClaim   string `default:"scope"                                                                    help:"The claim that holds a PARTNER_MANAGER's scope, GLOBAL or LIMITED; LIMITED where it is absent."`
}

// Run sets the provider.
func (c identityProviderCommand) Run(a *app) error {
	return a.program.SetIdentityProvider(a, program.Provider{
		NetworkID: scalar.ParseID(c.Network).Of(scalar.Network), Issuer: c.Issuer, Audience: c.Audience,
		RoleClaim: c.RoleClaim, PartnerClaim: c.PartnerClaim, ScopeClaim: c.ScopeClaim,
	})
}

type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Create a token and print it, the only time that it is shown. Makes an account for it unless --account names one."`
	List   tokenListCommand   `cmd:"" help:"Print the tokens of a network as CSV, the latest first: whose they are, and until when they work."`
	Revoke tokenRevokeCommand `cmd:"" help:"End a token at once, be it the last of an ADMIN."`
}

type tokenListCommand struct {
	Network string `help:"The id of the network; without it the tokens of support staff." placeholder:"ID"`
}

// Run lists tokens, and no secret.
func (c tokenListCommand) Run(a *app) error {
	networkID := 0
	if c.Network != "" {
		if networkID = scalar.ParseID(c.Network).Of(scalar.Network); networkID == 0 {
			return fmt.Errorf("--network %q is the id of none", c.Network)
		}
	}
	tokens, err := a.program.Tokens(a, networkID)
	if err != nil {
		return err
	}
	rows := csv.NewWriter(a.stdout)
	_ = rows.Write([]string{"id", "name", "account", "account_name", "role", "created_at", "expires_at", "last_used_at", "revoked_at"})
	for _, t := range tokens {
		owner := t.Edges.Account
		_ = rows.Write([]string{
			scalar.ID{Type: scalar.Token, Row: t.ID}.String(), t.Name, scalar.ID{Type: scalar.Account, Row: owner.ID}.String(), owner.Name, string(owner.Role),
			written(&t.CreatedAt), written(t.ExpiresAt), written(t.LastUsedAt), written(t.RevokedAt),
		})
	}
	rows.Flush()
	return rows.Error()
}

// written is a moment as clients read it; "": none.
func written(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

type tokenRevokeCommand struct {
	ID string `arg:"" help:"The id of the token, as list shows it." name:"id"`
}

// Run ends the token.
func (c tokenRevokeCommand) Run(a *app) error {
	_, err := a.program.OperatorRevokesToken(a, scalar.ParseID(c.ID).Of(scalar.Token))
	return err
}

type tokenCreateCommand struct {
	Network   string    `help:"The id of the network; not for SUPPORT."                       placeholder:"ID"`
	Role      string    `enum:"ADMIN,PARTNER_MANAGER,PARTNER,SUPPORT,TRACKER,"                 default:""       help:"What the account may do: ADMIN, PARTNER_MANAGER, PARTNER, SUPPORT or TRACKER."`
	Scope     string    `enum:"GLOBAL,LIMITED,"                                                default:""       help:"Of a PARTNER_MANAGER: GLOBAL (all partners) or LIMITED (those it manages)."`
	Partner   string    `help:"Of a PARTNER: the id of the partner that it is."               placeholder:"ID"`
	Account   string    `help:"The id of an account that there is; --role and the like describe a new one." placeholder:"ID"`
	Name      string    `help:"The name of the token, and of a new account."                  default:"command line"`
	Email     string    `help:"The e-mail of a new account."`
	ExpiresAt time.Time `format:"2006-01-02T15:04:05Z07:00"                                    help:"When the token stops working; never where left out." placeholder:"T"`
}

// Run creates the token.
func (c tokenCreateCommand) Run(a *app) error {
	accountID := scalar.ParseID(c.Account).Of(scalar.Account)
	if c.Account == "" {
		if c.Role == "" {
			return errors.New("name an account by --account, or say by --role what a new one may do")
		}
		created, err := a.program.CreateAccount(a, program.NewAccount{
			NetworkID: scalar.ParseID(c.Network).Of(scalar.Network), Name: c.Name, Email: c.Email,
			Role: commission.Role(c.Role), Scope: commission.ManagerScope(c.Scope), PartnerID: scalar.ParseID(c.Partner).Of(scalar.Partner),
		})
		if err != nil {
			return err
		}
		accountID = created.ID
	}
	var expiresAt *time.Time
	if !c.ExpiresAt.IsZero() {
		expiresAt = &c.ExpiresAt
	}
	secret, _, err := a.program.CreateToken(a, accountID, c.Name, expiresAt)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, secret)
	return err
}
