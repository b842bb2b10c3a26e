// Package fuzz sends to the door whatever can be sent, and holds every answer against what is true of all answers. It
// has as much of the product in its own process as answers GraphQL, so that a request takes a millisecond and what was
// reached by one is seen.
package fuzz
