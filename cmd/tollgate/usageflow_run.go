package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// undefinedTable is PostgreSQL's code for a table that is not there.
const undefinedTable = "42P01"

// A migration brings UsageFlow's rows over.
type migration struct {
	engine  *tollgate.Engine
	source  *usageflow
	shop    *shop
	plans   map[id.Customer]string
	console *console

	month  time.Time // when this calendar month began
	resets map[string]time.Time
	counts usageflowCounts

	charged, history []meter.Usage
}

func (m *migration) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{m.catalog, m.customers, m.lastResets, m.adjustLimits, m.events} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// skip names a row that cannot be brought over.
func (m *migration) skip(table string, row int64, why any) {
	m.counts.Skipped++
	m.console.note("%s", printable(fmt.Sprintf("%s row %d: %v", table, row, why))+"\n")
}

// catalog publishes the shop's catalog where there is none, and else sees that the one in force will do.
func (m *migration) catalog(ctx context.Context) error {
	now := m.engine.Catalog()
	if now.Version == 0 {
		_, err := m.engine.Publish(ctx, "usageflow", []byte(m.shop.yaml()), false)
		return err
	}
	var missing []string
	for _, name := range m.shop.meters {
		if _, ok := now.Meters[m.shop.slugs[name]]; !ok {
			missing = append(missing, "meter "+string(m.shop.slugs[name]))
		}
	}
	for _, p := range m.shop.plans {
		if _, ok := now.Plans[p.slug]; !ok {
			missing = append(missing, "plan "+string(p.slug))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the catalog in force lacks %s: --catalog-out FILE writes the one made of UsageFlow, so that you can merge the two and apply the result first", strings.Join(missing, ", "))
	}
	return nil
}

// customers makes everyone who appears in events, adjustments or the customers file.
func (m *migration) customers(ctx context.Context) error {
	var names []id.Customer
	flush := func() error {
		err := m.engine.EnsureCustomers(ctx, names)
		m.counts.Customers += int64(len(names))
		names = names[:0]
		return err
	}
	query := "SELECT DISTINCT user_id FROM " + m.source.tables.events
	err := m.source.each(ctx, query, func(r *sql.Rows) error {
		var name id.Customer
		if err := r.Scan(&name); err != nil {
			return err
		}
		if err := name.Check("user_id"); err != nil {
			m.skip("customers", 0, err)
			return nil
		}
		if names = append(names, name); len(names) < tollgate.BatchMax {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	for name, planName := range m.plans {
		if err != nil {
			return err
		}
		slug, ok := m.shop.plan(planName)
		if !ok {
			return fmt.Errorf("the customers file puts %s on the plan %q, which UsageFlow has not", name, planName)
		}
		_, _, err = m.engine.PutCustomer(ctx, name, tollgate.CustomerChange{Plan: &slug})
	}
	return err
}

// lastResets reads when each feature of a user was last reset this month.
func (m *migration) lastResets(ctx context.Context) error {
	m.resets = map[string]time.Time{}
	return m.source.each(ctx, `SELECT user_id, feature_name, max(timestamp) AT TIME ZONE 'UTC' FROM `+m.source.tables.events+
		` WHERE event_type = 'reset' GROUP BY 1, 2`, func(r *sql.Rows) error {
		var user, feature string
		var at time.Time
		err := r.Scan(&user, &feature, &at)
		if at.After(m.month) {
			m.resets[user+"\x00"+feature] = at
		}
		return err
	})
}

// adjustLimits brings limit adjustments over; UsageFlow's table is optional.
func (m *migration) adjustLimits(ctx context.Context) error {
	err := m.source.each(ctx, `SELECT id, user_id, feature_name, amount, type, start_date AT TIME ZONE 'UTC', end_date AT TIME ZONE 'UTC', CAST(metadata AS TEXT)
		FROM `+m.source.tables.adjustments+" ORDER BY id", func(r *sql.Rows) error {
		var row, amount int64
		var user id.Customer
		var feature, kind string
		var start, end time.Time
		var metadata sql.NullString
		if err := r.Scan(&row, &user, &feature, &amount, &kind, &start, &end, &metadata); err != nil {
			return err
		}
		slug, ok := m.shop.slugs[feature]
		if !ok {
			m.skip("limit adjustments", row, fmt.Sprintf("no plan limits the feature %q, and nobody has used it", feature))
			return nil
		}
		if _, _, err := m.engine.PutCustomer(ctx, user, tollgate.CustomerChange{}); err != nil {
			m.skip("limit adjustments", row, err)
			return nil
		}
		done, err := m.engine.AddLimitAdjustment(ctx, tollgate.LimitAdjustmentRequest{Customer: user, Balance: slug, Amount: quantity.Whole(amount),
			Type: credit.AdjustmentType(kind), StartsAt: &start, EndsAt: &end, Metadata: texts(metadata.String), ID: rowID("limit", row)})
		switch {
		case was(done.Duplicate, err):
			m.counts.Duplicate++
		case err != nil:
			m.skip("limit adjustments", row, err)
		default:
			m.counts.Adjustments++
		}
		return nil
	})
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == undefinedTable {
		return nil // enableUserAdjustments was off
	}
	return err
}

// rowID is the transactionId of a row.
func rowID(kind string, row int64) id.Transaction {
	if kind == "" {
		return id.Transaction(fmt.Sprintf("usageflow:%d", row))
	}
	return id.Transaction(fmt.Sprintf("usageflow:%s:%d", kind, row))
}

// texts returns a JSON object's values as texts.
func texts(object string) map[string]string {
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(object), &all) != nil {
		return nil
	}
	out := map[string]string{}
	for k, v := range all {
		var s string
		if json.Unmarshal(v, &s) != nil {
			s = string(v)
		}
		out[k] = s
	}
	return out
}

// events brings usage, adjustments and resets over, in their order.
func (m *migration) events(ctx context.Context) error {
	err := m.source.events(ctx, func(e flowEvent) error {
		slug := m.shop.slugs[e.feature]
		switch {
		case e.user.Check("user_id") != nil:
			m.skip("events", e.id, e.user.Check("user_id"))
		case e.kind == "reset":
			m.counts.Resets++
		case !e.credits.Valid:
			m.skip("events", e.id, "credits_used is NULL")
		case e.kind == "usage" && e.credits.Int64 >= 0:
			return m.usage(ctx, e, slug)
		default:
			return m.adjust(ctx, e, slug)
		}
		return nil
	})
	return errors.Join(err, m.flush(ctx))
}

// current reports whether an event counts in this month, since the last reset.
func (m *migration) current(e flowEvent) bool {
	return !e.at.Before(m.month) && !e.at.Before(m.resets[string(e.user)+"\x00"+e.feature])
}

func (m *migration) usage(ctx context.Context, e flowEvent, slug id.Slug) error {
	amount, at := quantity.Whole(e.credits.Int64), e.at
	u := meter.Usage{Customer: e.user, Meter: slug, Amount: &amount, TransactionID: rowID("", e.id), At: &at, Record: true}
	if text := bytes.TrimSpace([]byte(e.metadata.String)); len(text) > 0 && text[0] == '{' {
		u.Properties = text
	}
	list := &m.history
	if m.current(e) {
		list = &m.charged
	}
	if *list = append(*list, u); len(*list) < tollgate.BatchMax {
		return nil
	}
	return m.flush(ctx)
}

// flush sends the events that wait.
func (m *migration) flush(ctx context.Context) error {
	for _, part := range []struct {
		list  *[]meter.Usage
		send  func(context.Context, []meter.Usage) ([]tollgate.Outcome, error)
		count *int64
	}{{&m.charged, m.engine.Batch, &m.counts.Charged}, {&m.history, m.engine.Backfill, &m.counts.History}} {
		if len(*part.list) == 0 {
			continue
		}
		outcomes, err := part.send(ctx, *part.list)
		if err != nil {
			return err
		}
		for i, o := range outcomes {
			switch u := (*part.list)[i]; {
			case was(o.Receipt != nil && o.Duplicate, o.Err):
				m.counts.Duplicate++
			case o.Err != nil:
				m.counts.Skipped++
				m.console.note("%s", printable(fmt.Sprintf("%s: %v", u.TransactionID, o.Err))+"\n")
			default:
				*part.count++
			}
		}
		*part.list = (*part.list)[:0]
	}
	return nil
}

// adjust brings an adjustment over: below zero a refund, above zero a bonus.
func (m *migration) adjust(ctx context.Context, e flowEvent, slug id.Slug) error {
	if err := m.flush(ctx); err != nil { // a refund needs the usage before it
		return err
	}
	reason := texts(e.metadata.String)["reason"]
	if reason == "" {
		reason = "imported from UsageFlow"
	}
	r := tollgate.AdjustmentRequest{Customer: e.user, Meter: slug, Amount: quantity.Whole(e.credits.Int64), Reason: reason, TransactionID: rowID("", e.id)}
	count := &m.counts.Refunds
	switch {
	case e.credits.Int64 == 0:
		m.skip("events", e.id, "an adjustment of 0")
		return nil
	case e.credits.Int64 > 0:
		return m.bonus(ctx, e, slug, reason)
	case !m.current(e):
		r.Past = &e.at
	}
	done, err := m.engine.AdjustUsage(ctx, r)
	switch {
	case was(done.Duplicate, err):
		m.counts.Duplicate++
	case err != nil:
		m.skip("events", e.id, err)
	default:
		*count++
	}
	return nil
}

// bonus grants what is left of this month's bonus; older ones are over.
func (m *migration) bonus(ctx context.Context, e flowEvent, slug id.Slug, reason string) error {
	if e.at.Before(m.month) {
		m.skip("events", e.id, "a bonus of a month that is over")
		return nil
	}
	end := m.month.AddDate(0, 1, 0)
	done, err := m.engine.Grant(ctx, tollgate.GrantRequest{Customer: e.user, Balance: slug, Amount: quantity.Whole(e.credits.Int64), ID: rowID("", e.id),
		Source: string(tollgate.AdjustBonus), Reason: reason, ExpiresAt: &end})
	switch {
	case was(done.Duplicate, err):
		m.counts.Duplicate++
	case err != nil:
		m.skip("events", e.id, err)
	default:
		m.counts.Bonuses++
	}
	return nil
}
