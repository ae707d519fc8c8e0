package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// migrations are forward only: a file is never edited once it has landed.
//
//go:embed migration/*.sql
var migrations embed.FS

// migrationLock is the PostgreSQL advisory lock under which replicas migrate one at a time.
const migrationLock = 0x746f6c6c67617465 // "tollgate"

func (db *DB) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migration/*.sql")
	if err != nil {
		return err
	}
	return db.Update(ctx, func(tx *Tx) error {
		if db.Postgres() {
			if _, err := tx.sql.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrationLock)); err != nil {
				return fmt.Errorf("lock migrations: %w", err)
			}
			if err := db.schema.make(ctx, tx.raw); err != nil {
				return err
			}
		}
		if _, err := tx.sql.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS migration (name TEXT NOT NULL PRIMARY KEY, hash TEXT NOT NULL)"); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		done, err := tx.migrated(ctx)
		if err != nil {
			return err
		}
		if len(done) > len(names) {
			return fmt.Errorf("the database was written by a newer version of Tollgate (%d migrations, this one knows %d): run that version", len(done), len(names))
		}
		for _, name := range names {
			if err := tx.migrateOne(ctx, name, done); err != nil {
				return err
			}
		}
		if db.Postgres() {
			return tx.secureRows(ctx)
		}
		return nil
	})
}

// secureRows switches row level security on for every table of ours, whichever migration made it. There is no policy:
// only the owner of the tables, which is the role that Tollgate connects as, sees rows. Hosts that serve tables to
// browsers, such as Supabase, so serve none of these.
func (tx *Tx) secureRows(ctx context.Context) error {
	var open []string
	for _, table := range tables() {
		var secured bool
		err := tx.sql.QueryRowContext(ctx, "SELECT relrowsecurity FROM pg_class WHERE oid = CAST($1 AS regclass)", tx.sql.schema.of(table)).Scan(&secured)
		if err != nil {
			return fmt.Errorf("look at table %s: %w", table, err)
		}
		if !secured {
			open = append(open, table)
		}
	}
	for _, table := range open {
		if _, err := tx.sql.ExecContext(ctx, "ALTER TABLE "+table+" ENABLE ROW LEVEL SECURITY"); err != nil {
			return fmt.Errorf("switch row level security on: %w", err)
		}
	}
	return nil
}

func (tx *Tx) migrated(ctx context.Context) (map[string]string, error) {
	done := map[string]string{}
	rows, err := tx.sql.QueryContext(ctx, "SELECT name, hash FROM migration ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	err = each(rows, func() error {
		var name, hash string
		if err := rows.Scan(&name, &hash); err != nil {
			return err
		}
		done[name] = hash
		return nil
	})
	return done, err
}

func (tx *Tx) migrateOne(ctx context.Context, name string, done map[string]string) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	hash, short := hex.EncodeToString(sum[:]), path.Base(name)
	if had, ok := done[short]; ok {
		if had != hash {
			return fmt.Errorf("migration %s has changed since it was applied: restore it, and write a new one", short)
		}
		return nil
	}
	for _, stmt := range strings.Split(tx.ddl(string(text)), ";\n") {
		if strings.TrimSpace(stmt) == "" {
			continue
		}
		if _, err := tx.sql.ExecContext(ctx, stmt); err != nil {
			return fmt.Errorf("migration %s: %w", short, err)
		}
	}
	if _, err := tx.sql.ExecContext(ctx, "INSERT INTO migration (name, hash) VALUES ($1, $2)", short, hash); err != nil {
		return fmt.Errorf("migration %s: %w", short, err)
	}
	return nil
}
