//go:build !linux

package databasetest

import "syscall"

func withUs() *syscall.SysProcAttr { return nil }
