package ledger

import "sync"

// memory remembers what is asked for all the time: what was asked for last, of each as many as it keeps at least,
// and twice as many at most. Whoever looks into it holds its lock, since it is asked for hundreds at a time.
type memory[K comparable, V any] struct {
	sync.Mutex
	recent, older map[K]V
}

const keptAtLeast = 20_000

func (m *memory[K, V]) get(key K) (value V, known bool) {
	if value, known = m.recent[key]; !known {
		if value, known = m.older[key]; known {
			m.keep(key, value)
		}
	}
	return value, known
}

// keep forgets what was asked for before as many others were.
func (m *memory[K, V]) keep(key K, value V) {
	if m.recent == nil || len(m.recent) >= keptAtLeast {
		m.recent, m.older = map[K]V{}, m.recent
	}
	m.recent[key] = value
}

// forget forgets everything.
func (m *memory[K, V]) forget() {
	m.Lock()
	defer m.Unlock()
	m.recent, m.older = nil, nil
}
