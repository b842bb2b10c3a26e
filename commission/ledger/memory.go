package ledger

// memory remembers what is asked for all the time: what was asked for last, of each as many as it keeps at least,
// and twice as many at most. It goes with a lock, which whoever looks into it holds, since it is asked for hundreds at a time.
type memory[K comparable, V any] struct{ recent, older map[K]V }

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

func (m *memory[K, V]) drop(key K) {
	delete(m.recent, key)
	delete(m.older, key)
}

// forget forgets everything.
func (m *memory[K, V]) forget() { m.recent, m.older = nil, nil }
