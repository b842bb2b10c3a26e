package ledger

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"
)

// turns lets as many work at once as there are cores for it. The others wait: at once all of them would be ready no sooner, and
// take the memory for each.
type turns struct {
	made sync.Once
	free *semaphore.Weighted
}

// take waits for one's turn, which lasts until it is done.
func (t *turns) take(ctx context.Context) (done func(), err error) {
	t.made.Do(func() { t.free = semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))) })
	if err := t.free.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait for a turn: %w", err)
	}
	return func() { t.free.Release(1) }, nil
}
