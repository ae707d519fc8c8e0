package store

import (
	"context"
	"fmt"
	"time"
)

// A Document is one published version of the catalog, as its author wrote it.
type Document struct {
	Version     int64
	Text        string
	PublishedAt time.Time
}

// Catalog returns the newest document; sql.ErrNoRows before the first.
func (db *DB) Catalog(ctx context.Context) (Document, error) { return catalog(ctx, db.reads) }

// Catalog returns the newest document; sql.ErrNoRows before the first.
func (tx *Tx) Catalog(ctx context.Context) (Document, error) { return catalog(ctx, tx.sql) }

func catalog(ctx context.Context, q querier) (Document, error) {
	return scanDocument(q.QueryRowContext(ctx, "SELECT version, document, published_at FROM catalog ORDER BY version DESC LIMIT 1"))
}

func scanDocument(row scanner) (Document, error) {
	var d Document
	var at int64
	err := row.Scan(&d.Version, &d.Text, &at)
	d.PublishedAt = moment(at)
	return d, err
}

// CatalogsAfter returns the documents of the versions above one, oldest first.
func (db *DB) CatalogsAfter(ctx context.Context, version int64) ([]Document, error) {
	rows, err := db.reads.QueryContext(ctx, "SELECT version, document, published_at FROM catalog WHERE version > $1 ORDER BY version", version)
	if err != nil {
		return nil, fmt.Errorf("read catalogs: %w", err)
	}
	var out []Document
	err = each(rows, func() error {
		var d Document
		var at int64
		err := rows.Scan(&d.Version, &d.Text, &at)
		d.PublishedAt = moment(at)
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read catalogs: %w", err)
	}
	return out, nil
}

// CatalogVersion returns the newest version's number, 0 before the first.
func (db *DB) CatalogVersion(ctx context.Context) (int64, error) {
	return catalogVersion(ctx, db.reads)
}

// CatalogVersion returns the newest version's number, 0 before the first.
func (tx *Tx) CatalogVersion(ctx context.Context) (int64, error) { return catalogVersion(ctx, tx.sql) }

func catalogVersion(ctx context.Context, q querier) (int64, error) {
	var v int64
	err := q.QueryRowContext(ctx, "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM catalog").Scan(&v)
	if err != nil {
		return 0, fmt.Errorf("read catalog: %w", err)
	}
	return v, nil
}

// Publish writes a document as the version it names, which must be one above the newest: ErrSeen when
// somebody else has published that version.
func (tx *Tx) Publish(ctx context.Context, d Document) error {
	_, err := tx.sql.ExecContext(ctx, "INSERT INTO catalog (version, document, published_at) VALUES ($1, $2, $3)",
		d.Version, d.Text, micros(d.PublishedAt))
	return tx.seen("publish catalog", err)
}
