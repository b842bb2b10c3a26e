package graph

import (
	"context"
	"sync"
	"time"

	"github.com/vikstrous/dataloadgen"

	"partner.example/referrals/graph/resolve"
)

// loader loads things of one kind for the resolvers of one request, as the viewer sees them. What a page refers to is
// asked for ahead, all of it at once. What is asked for one by one within a list is collected for a moment; outside of
// one there is nobody to wait for.
type loader[K comparable, V any] struct {
	fetch func(ctx context.Context, keys []K) (map[K]V, error)

	mu       sync.Mutex
	known    map[K]loaded[V]
	together *dataloadgen.Loader[K, V] // for those who ask within a list
	alone    *dataloadgen.Loader[K, V] // for others, who may still ask for the same at once
}

// loaded is what was found, or that there is nothing.
type loaded[V any] struct {
	value V
	found bool
}

// patience is how long a loader waits for others of a list to ask, which they do at once. Tests take it away.
var patience = 2 * time.Millisecond

func loading[K comparable, V any](fetch func(ctx context.Context, keys []K) (map[K]V, error)) *loader[K, V] {
	return &loader[K, V]{fetch: fetch}
}

// byID loads entities by their ids.
func byID[V any](find func(ctx context.Context, ids []int) ([]V, error), id func(V) int) *loader[int, V] {
	return loading(func(ctx context.Context, ids []int) (map[int]V, error) {
		found, err := find(ctx, ids)
		if err != nil {
			return nil, err
		}
		rows := make(map[int]V, len(found))
		for _, row := range found {
			rows[id(row)] = row
		}
		return rows, nil
	})
}

// Load is what there is under a key; dataloadgen.ErrNotFound where there is nothing.
func (l *loader[K, V]) Load(ctx context.Context, key K) (V, error) {
	switch known, asked := l.ahead(key); {
	case !asked:
		resolve.Waits(ctx)
		return l.collecting(resolve.InList(ctx)).Load(ctx, key)
	case !known.found:
		return known.value, dataloadgen.ErrNotFound
	default:
		return known.value, nil
	}
}

// collecting is what collects those who ask at once: of a list, or outside of one.
func (l *loader[K, V]) collecting(list bool) *dataloadgen.Loader[K, V] {
	l.mu.Lock()
	defer l.mu.Unlock()
	of, wait := &l.alone, time.Duration(0)
	if list {
		of, wait = &l.together, patience
	}
	if *of == nil {
		*of = dataloadgen.NewMappedLoader(l.fetched, dataloadgen.WithWait(wait))
	}
	return *of
}

// ahead is what was found ahead under a key; false: it was not asked for.
func (l *loader[K, V]) ahead(key K) (loaded[V], bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, asked := l.known[key]
	return known, asked
}

// loadAhead asks for what is not known yet, by one call. Where that fails, whoever asks for one is told why.
func (l *loader[K, V]) loadAhead(ctx context.Context, keys []any) {
	var fresh []K
	asked := map[K]bool{}
	for _, key := range keys {
		k := key.(K) //nolint:forcetypeassert // a step asks a loader for its own keys
		if _, known := l.ahead(k); !known && !asked[k] {
			asked[k] = true
			fresh = append(fresh, k)
		}
	}
	if len(fresh) == 0 {
		return
	}
	_, _ = l.fetched(ctx, fresh)
}

// fetched asks for what there is under keys, and keeps it.
func (l *loader[K, V]) fetched(ctx context.Context, keys []K) (map[K]V, error) {
	found, err := l.fetch(ctx, keys)
	if err != nil {
		return nil, err
	}
	l.keep(keys, found)
	return found, nil
}

// keep keeps what was found under keys.
func (l *loader[K, V]) keep(keys []K, found map[K]V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = make(map[K]loaded[V], len(keys))
	}
	for _, key := range keys {
		value, there := found[key]
		l.known[key] = loaded[V]{value, there}
	}
}
