package resolve

import (
	"bytes"
	"context"
	"sync/atomic"
)

// Size is how long the last answer to a document was, and the next one will be about.
type Size struct{ atomic.Int64 }

type sizeKey struct{}

// WithSize has an answer begin with room for as much.
func WithSize(ctx context.Context, size *Size) context.Context {
	return context.WithValue(ctx, sizeKey{}, size)
}

const (
	mostRoom = 64 << 10 // that is made before it is known to be needed
	around   = 256      // is written behind the data, and some answers are a little longer
)

// Answer is where the data of an answer is written: a buffer that grew by doubling would be copied five times on its way
// to a page, and leave as much behind.
func Answer(ctx context.Context) *bytes.Buffer {
	room := int64(0)
	if size, known := ctx.Value(sizeKey{}).(*Size); known {
		room = min(size.Load(), mostRoom)
	}
	return bytes.NewBuffer(make([]byte, 0, room+room/16+around))
}
