package databasetest

import "syscall"

// withUs has a server end with the tests, also where they are killed.
func withUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
