package ledger

import (
	"iter"
	"slices"
)

// list is rows by their places. Of a hundred thousand a slice would copy each as it grows, and keep twice the room.
type list[T any] struct {
	parts [][]T
	count int32 // so is a place: memory holds no more
}

const (
	partOfList  = 1024 // rows
	firstOfList = 64   // of the first part, which grows
)

// add gives the place of the row, counted from 0.
func (l *list[T]) add(row T) (place int32) {
	last := len(l.parts) - 1
	switch {
	case last < 0:
		l.parts, last = [][]T{make([]T, 0, firstOfList)}, 0
	case len(l.parts[last]) == partOfList:
		l.parts, last = append(l.parts, make([]T, 0, partOfList)), last+1
	case len(l.parts[last]) == cap(l.parts[last]):
		l.parts[last] = slices.Grow(l.parts[last], len(l.parts[last]))
	}
	l.parts[last] = append(l.parts[last], row)
	l.count++
	return l.count - 1
}

// at is where the row is, until the next is added.
func (l *list[T]) at(place int) *T { return &l.parts[place/partOfList][place%partOfList] }

func (l *list[T]) len() int { return int(l.count) }

// each is where each row is.
func (l *list[T]) each() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, part := range l.parts {
			for i := range part {
				if !yield(&part[i]) {
					return
				}
			}
		}
	}
}

// sort moves rows; that takes memory for all of them, unless they are in order, as they come from most engines.
func (l *list[T]) sort(compare func(a, b T) int) {
	for place := 1; place < l.len(); place++ {
		if compare(*l.at(place - 1), *l.at(place)) > 0 {
			all := slices.Concat(l.parts...)
			slices.SortFunc(all, compare)
			l.parts = slices.Collect(slices.Chunk(all, partOfList))
			return
		}
	}
}
