package tollgate

import (
	"context"
	"errors"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/plan"
)

// A Publication is what publishing a catalog does, or would do.
type Publication struct {
	Version int64         `json:"version"` // in force afterwards
	Changes []plan.Change `json:"changes"` // against the catalog in force before; empty when nothing changed
	DryRun  bool          `json:"dryRun,omitempty"`
}

// noticed is after how long every process has noticed a catalog that another has published.
const noticed = 3 * catalogPoll

// Catalog returns the catalog in force; Version 0 means that none has been published.
func (e *Engine) Catalog() *plan.Catalog { return e.book.Load().Catalog }

// CatalogText returns the document of the catalog in force, as its author wrote it.
func (e *Engine) CatalogText() string { return e.book.Load().text }

// Publish reads a catalog and puts it in force as a new version, here at once and in other processes within a
// second. One without changes publishes nothing. With dryRun nothing is published in any case. file names the
// document in error messages. A new policy for subscriptions that are not paid holds for those customers within seconds, as
// long as payments are configured. Faults: invalid_request with every problem and its place; conflict when somebody
// published at the same moment.
func (e *Engine) Publish(ctx context.Context, file string, document []byte, dryRun bool) (Publication, error) {
	return e.publish(ctx, file, document, dryRun, anyVersion)
}

// PublishOver is Publish of a change to a certain version, such as the one that a dry run compared with: when another one is
// in force nothing is published; 0 stands for none. A document without changes is answered as by Publish, so that a retry is.
// Faults: those of Publish; conflict with the details version, which was named, and current, which is in force.
func (e *Engine) PublishOver(ctx context.Context, version int64, file string, document []byte, dryRun bool) (Publication, error) {
	if version < 0 {
		return Publication{}, fault.Field("over", version, nil, "over is the number of a version, or 0 when no catalog has been published yet.")
	}
	return e.publish(ctx, file, document, dryRun, version)
}

// anyVersion stands for whichever version is in force.
const anyVersion = -1

func (e *Engine) publish(ctx context.Context, file string, document []byte, dryRun bool, over int64) (Publication, error) {
	c, err := plan.Parse(file, document)
	if err != nil {
		return Publication{}, err
	}
	if err := e.reload(ctx); err != nil {
		return Publication{}, outside("read catalog", err)
	}
	old := e.book.Load()
	before := old.Catalog
	if old.Version == 0 {
		before = nil
	}
	out := Publication{Version: old.Version, Changes: plan.Diff(before, c), DryRun: dryRun}
	if len(out.Changes) > 0 && over != anyVersion && over != old.Version {
		f := fault.New(fault.Conflict, "Version %d of the catalog is in force, not %d. Look at what it changed, then publish over it.", old.Version, over)
		return Publication{}, f.With("version", over).With("current", old.Version)
	}
	if dryRun || len(out.Changes) == 0 {
		return out, nil
	}
	err = e.db.Update(ctx, func(tx *store.Tx) error {
		err := tx.Publish(ctx, store.Document{Version: old.Version + 1, Text: string(document), PublishedAt: e.Now()})
		if err != nil || before == nil || before.Access == c.Access {
			return err
		}
		return tx.Relapse(ctx, e.Now().Add(noticed)) // the customers whom the policy is about are looked at anew
	})
	if errors.Is(err, store.ErrSeen) {
		return Publication{}, fault.New(fault.Conflict, "Another catalog was published at the same moment. Look at it, then publish again.")
	}
	if err != nil {
		return Publication{}, outside("publish", err)
	}
	out.Version++
	return out, outside("read catalog", e.reload(ctx))
}
