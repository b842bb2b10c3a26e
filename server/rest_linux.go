package main

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// rest gives back what the start of a server needed and the server does not: heap, and those pages of the program's own file
// that were read once, which on Linux stay in its memory. A page that is needed after all comes back from the file, from now
// on without its fifteen neighbours. What cannot be given back stays: it is memory and nothing more.
func rest() {
	debug.FreeOSMemory()
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer func() { _ = maps.Close() }()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		// 00400000-01b2f000 r-xp 00000000 08:01 4711   /usr/bin/referrals
		columns := strings.Fields(lines.Text())
		const addresses, rights, path = 0, 1, 5
		if len(columns) <= path || columns[path] != program || strings.Contains(columns[rights], "w") {
			continue // not of the program's file, or changed since it was read
		}
		from, to, _ := strings.Cut(columns[addresses], "-")
		begin, _ := strconv.ParseUint(from, 16, 64)
		end, _ := strconv.ParseUint(to, 16, 64)
		for _, advice := range []uintptr{syscall.MADV_DONTNEED, syscall.MADV_RANDOM} {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(begin), uintptr(end-begin), advice)
		}
	}
}
