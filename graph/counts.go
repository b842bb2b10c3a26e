package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/viewer"
)

// counts remembers how many rows of a kind something has, which a database finds out by going through all of them. Only a
// change of the network makes such rows, and nothing deletes them: what was counted when a change was known to be the last
// holds until there is another one, which has another moment.
type counts struct {
	known *lru.Cache[int, remembered]
}

type remembered struct {
	as    standing
	count int
}

// standing is a network as a change left it. The one that has no network is for those who do not see all of theirs, for whom
// nothing is remembered.
type standing struct {
	networkID int
	changedAt int64 // in microseconds
}

const rememberedCounts = 20_000

func newCounts() *counts {
	known, err := lru.New[int, remembered](rememberedCounts)
	if err != nil {
		panic(err) // no size is too small for it but 0
	}
	return &counts{known: known}
}

// of is how many each of some has. Those of which it is not remembered are read, at once.
func (c *counts) of(as standing, ids []int, read func(ids []int) (map[int]int, error)) (map[int]int, error) {
	if as == (standing{}) {
		return read(ids)
	}
	all := make(map[int]int, len(ids))
	var unknown []int
	for _, id := range ids {
		if known, ok := c.known.Get(id); ok && known.as == as {
			all[id] = known.count
		} else {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) == 0 {
		return all, nil
	}
	found, err := read(unknown)
	if err != nil {
		return nil, err
	}
	for id, count := range found {
		c.known.Add(id, remembered{as, count})
		all[id] = count
	}
	return all, nil
}

// standingOf is how the viewer's network stood when a question began. A mutation changes it.
func standingOf(ctx context.Context) standing {
	v, _ := viewer.From(ctx)
	if v.Limited || !v.Is(commission.Admin, commission.PartnerManager) || graphql.GetOperationContext(ctx).Operation.Operation != ast.Query {
		return standing{}
	}
	network, _ := loadersOf(ctx).network.ahead(v.NetworkID)
	if !network.found {
		return standing{}
	}
	return standing{v.NetworkID, network.value.ChangedAt.UnixMicro()}
}
