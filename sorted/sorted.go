// Package sorted puts more values in order than memory holds. Those that wait are in a temporary file, which has no
// name: nothing is left of it, however the process ends.
package sorted

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/lanrat/extsort"
)

// atOnce is how many values are put in order in memory, while about three times as many come and go.
const atOnce = 4096

var errGivenUp = errors.New("what sorts has given up")

// Each calls use for all values that produce gives, in an order in which no two are equal; the first when the last has
// been given. Values that do not fit into memory are kept as encoding/gob writes them: their exported fields.
func Each[T any](ctx context.Context, compare func(a, b *T) int, produce func(ctx context.Context, give func(*T) error) error, use func(*T) error) error {
	values, err := newCodec[T]()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	given, ended := make(chan *T), make(chan struct{})
	sorter, inOrder, failed := extsort.Generic(given, values.decode, values.encode, compare, &extsort.Config{
		ChunkSize: atOnce, NumWorkers: 1, TempFilesDir: os.TempDir(),
	})
	defer func() { // whatever came of it, the file is closed
		cancel()
		for range inOrder {
		}
	}()
	go func() {
		defer close(ended)
		sorter.Sort(ctx)
	}()
	err = produce(ctx, func(value *T) error {
		select {
		case given <- value:
			return nil
		case <-ended:
			return errGivenUp
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if errors.Is(err, errGivenUp) {
		return fmt.Errorf("sort: %w", <-failed)
	}
	if err != nil {
		return err
	}
	close(given)
	for value := range inOrder {
		if err := use(value); err != nil {
			return err
		}
	}
	if err := <-failed; err != nil {
		return fmt.Errorf("sort: %w", err)
	}
	return nil
}

// codec writes values of a type one by one, each without a word of the type, which gob tells once in a stream.
type codec[T any] struct {
	preamble []byte // tells the type
	writing  sync.Mutex
	written  bytes.Buffer
	encoder  *gob.Encoder
	decoders sync.Pool // of *decoder, which were told the type
}

type decoder struct {
	from bytes.Reader
	*gob.Decoder
}

func newCodec[T any]() (*codec[T], error) {
	c := &codec[T]{}
	c.encoder = gob.NewEncoder(&c.written)
	preamble, err := c.encode(new(T))
	c.preamble = preamble
	return c, err
}

func (c *codec[T]) encode(value *T) ([]byte, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.written.Reset()
	err := c.encoder.Encode(value)
	return bytes.Clone(c.written.Bytes()), err
}

func (c *codec[T]) decode(written []byte) (*T, error) {
	d, told := c.decoders.Get().(*decoder)
	if !told {
		d = &decoder{}
		d.Decoder = gob.NewDecoder(&d.from)
		d.from.Reset(c.preamble)
		if err := d.Decode(new(T)); err != nil {
			return nil, err
		}
	}
	d.from.Reset(written)
	value := new(T)
	if err := d.Decode(value); err != nil {
		return nil, err
	}
	c.decoders.Put(d)
	return value, nil
}
