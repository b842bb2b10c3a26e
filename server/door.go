package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"partner.example/referrals/commission"
	"partner.example/referrals/graph"
	"partner.example/referrals/server/explorer"
)

// doorFlags are what an operator decides about who may ask what, and how much.
type doorFlags struct {
	AllowOrigin    []string          `help:"An origin whose pages browsers may let ask, such as https://portal.example; several with commas." placeholder:"ORIGIN,..."`
	Documents      string            `help:"A manifest of the documents that clients are built with. Whoever is no explorer may send these alone." placeholder:"FILE"`
	Explorers      []commission.Role `default:"ADMIN,PARTNER_MANAGER,SUPPORT" help:"The roles that may introspect, and send documents that are not in the manifest." placeholder:"ROLE,..."`
	ExplorerIssuer string            `help:"The issuer of the OpenID Connect provider at which people sign in to the explorer." placeholder:"URL"`
	ExplorerClient string            `help:"What that provider knows the explorer as: a public client that it sends back to .../explorer/." placeholder:"ID"`
	ExplorerScope  string            `default:"openid" help:"What the explorer asks that provider for, so that access tokens are for this server." placeholder:"SCOPE"`
	AccountPoints  int               `default:"600000" help:"The cost points that an account may spend in a minute; 0: any." placeholder:"N"`
	AddressPoints  int               `default:"6000" help:"The cost points that those may spend in a minute who are not signed in, by their address; 0: any." placeholder:"N"`
}

// check refuses what would refuse everybody.
func (f doorFlags) check() error {
	for _, role := range f.Explorers {
		if !slices.Contains(role.Values(), string(role)) {
			return fmt.Errorf("--explorers: there is no role %q", role)
		}
	}
	switch {
	case (f.ExplorerIssuer == "") != (f.ExplorerClient == ""):
		return errors.New("--explorer-issuer and --explorer-client go together: whose people sign in, and what the provider knows the explorer as")
	case f.AccountPoints != 0 && f.AccountPoints < graph.MostOfAccount:
		return fmt.Errorf("--account-points must be 0 or at least %d, which one operation may cost", graph.MostOfAccount)
	case f.AddressPoints != 0 && f.AddressPoints < graph.MostOfAddress:
		return fmt.Errorf("--address-points must be 0 or at least %d, which one operation may cost", graph.MostOfAddress)
	default:
		return nil
	}
}

// open makes the door that the flags describe.
func (f doorFlags) open(a *app, extensions ...graphql.HandlerExtension) (*door, error) {
	trusted, err := f.trusted()
	if err != nil {
		return nil, fmt.Errorf("read the documents: %w", err)
	}
	origins, err := newOrigins(f.AllowOrigin)
	if err != nil {
		return nil, err
	}
	budgets := graph.NewBudgets(f.AccountPoints, f.AddressPoints, time.Now)
	return &door{
		program: a.program, identities: newIdentities(a.program), budgets: budgets, origins: origins,
		graphql: graph.New(a.db, a.ledger, a.program, a.billing).Handler(graph.Options{
			Trusted: trusted, Explorers: f.Explorers, Budgets: budgets, Extensions: extensions,
		}),
		invoices: invoices{a.db.Client, budgets, a.now},
	}, nil
}

// explorer is what the explorer is to know of the door.
func (f doorFlags) explorer(people *identities) func() explorer.Settings {
	return func() explorer.Settings {
		settings := explorer.Settings{Explorers: f.Explorers}
		if f.ExplorerIssuer == "" {
			return settings
		}
		provider, err := people.provider(f.ExplorerIssuer)
		if err != nil {
			slog.Warn("nobody can sign in to the explorer but by token: the provider's discovery document cannot be read", "issuer", f.ExplorerIssuer, "error", err)
			return settings
		}
		var told struct {
			Algorithms []string `json:"id_token_signing_alg_values_supported"`
		}
		_ = provider.Claims(&told) // it was read as JSON
		settings.SignIn = &explorer.SignIn{
			Issuer: f.ExplorerIssuer, Authorize: provider.Endpoint().AuthURL, Token: provider.Endpoint().TokenURL,
			Algorithms: told.Algorithms, Client: f.ExplorerClient, Scope: f.ExplorerScope,
		}
		return settings
	}
}

// trusted is the documents of the manifest; none where there is no manifest.
func (f doorFlags) trusted() (graph.Trusted, error) {
	if f.Documents == "" {
		return graph.Trusted{}, nil
	}
	file, err := os.Open(f.Documents)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return graph.ReadTrusted(file)
}
