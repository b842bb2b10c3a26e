package main

import "log/slog"

type backupCommand struct {
	File string `arg:"" help:"The new file." placeholder:"FILE"`
}

// Run backs up, while servers go on.
func (c backupCommand) Run(a *app) error {
	if err := a.db.Backup(a, c.File); err != nil {
		return err
	}
	slog.Info("backed up", "file", c.File)
	return nil
}
