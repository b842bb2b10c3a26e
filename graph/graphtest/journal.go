package graphtest

import (
	"bytes"
	"sync"
)

// Journal keeps what a log says, for a test to read.
type Journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to it.
func (j *Journal) Write(said []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(said)
}

// Take is what was said since it was asked last.
func (j *Journal) Take() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.text.Reset()
	return j.text.String()
}
