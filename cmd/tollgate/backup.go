package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tollgate/tollgate"
)

// A BackupCmd copies a database.
type BackupCmd struct {
	Target string `arg:"" help:"The file to write, which must not be there yet."`
	database
}

// Help tells more than one line does.
func (BackupCmd) Help() string {
	return `The copy is the database as it was at one moment, and a database itself. Requests go on meanwhile.
A PostgreSQL database is backed up with pg_dump instead.

Example:

    tollgate backup --db tollgate.db /backups/tollgate-$(date +%F).db`
}

// Run runs the command.
func (cmd *BackupCmd) Run(ctx context.Context, c *console) error {
	if _, err := os.Stat(cmd.Target); err == nil {
		return fmt.Errorf("%s is there already: name a new file", cmd.Target)
	}
	if _, err := os.Stat(filepath.Dir(cmd.Target)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no folder %s", filepath.Dir(cmd.Target))
	}
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		if err := engine.Backup(ctx, cmd.Target); err != nil {
			return err
		}
		return c.print("Copied to %s.\n", cmd.Target)
	})
}
