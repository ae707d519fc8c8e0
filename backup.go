package tollgate

import (
	"context"

	"github.com/tollgate/tollgate/fault"
)

// Backup writes a consistent copy of a SQLite database to a new file while requests go on. On PostgreSQL it is
// refused: use pg_dump, or the backups of whoever runs the server.
func (e *Engine) Backup(ctx context.Context, path string) error {
	if e.db.Postgres() {
		return fault.New(fault.Invalid, "A PostgreSQL database is backed up with pg_dump, not with tollgate backup.")
	}
	return outside("back up", e.db.Backup(ctx, path))
}
