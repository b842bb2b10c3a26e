package main

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// rest gives back what a server needed before and does not need now: heap, and those pages of the program's own file
// that were read, which on Linux stay in its memory. A page that is needed after all comes back from the file,
// which the system still has. What cannot be given back stays: it is memory and nothing more.
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
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(begin), uintptr(end-begin), syscall.MADV_DONTNEED)
	}
}
