package graph

import (
	"context"
	"sync"
	"time"

	"github.com/vikstrous/dataloadgen"
)

// loader loads things of one kind for the resolvers of one request, as the viewer sees them: what a page refers to is
// asked for ahead, all of it at once; what is asked for one by one is collected for a moment.
type loader[K comparable, V any] struct {
	*dataloadgen.Loader[K, V]
	fetch func(ctx context.Context, keys []K) (map[K]V, error)
	mu    sync.Mutex
	known map[K]loaded[V]
}

// loaded is what was found ahead, or that there is nothing.
type loaded[V any] struct {
	value V
	found bool
}

// patience is how long a loader waits for others to ask, which they do at once. Tests take it away.
var patience = 2 * time.Millisecond

func loading[K comparable, V any](fetch func(ctx context.Context, keys []K) (map[K]V, error)) *loader[K, V] {
	return &loader[K, V]{Loader: dataloadgen.NewMappedLoader(fetch, dataloadgen.WithWait(patience)), fetch: fetch, known: map[K]loaded[V]{}}
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
		return l.Loader.Load(ctx, key)
	case !known.found:
		return known.value, dataloadgen.ErrNotFound
	default:
		return known.value, nil
	}
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
	found, err := l.fetch(ctx, fresh)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range fresh {
		value, there := found[key]
		l.known[key] = loaded[V]{value, there}
	}
}
