//go:build !linux

package main

import "runtime/debug"

// rest gives back what the start of a server needed and the server does not.
func rest() { debug.FreeOSMemory() }
