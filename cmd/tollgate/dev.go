package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/examples/catalogs"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/sandbox"
)

const (
	sampleCatalog = "chat.yaml" // of examples/catalogs
	devKeyName    = "dev"
)

// A DevCmd serves the HTTP API for trying things out.
type DevCmd struct {
	DB      string  `name:"db" default:"tollgate-dev.db" placeholder:"FILE|URL" env:"TOLLGATE_DATABASE_URL,TOLLGATE_DB" help:"The database; made when it is not there."`
	Addr    string  `env:"TOLLGATE_ADDR" default:"127.0.0.1:4242" placeholder:"HOST:PORT" help:"Where to listen; port 0 takes a free one."`
	Catalog string  `placeholder:"FILE" help:"A catalog to publish at the start, when it has changed."`
	Sandbox string  `default:"127.0.0.1:12111" placeholder:"HOST:PORT" help:"Where the Stripe sandbox listens; port 0 takes a free one."`
	Shop    *string `name:"sandbox-file" placeholder:"FILE" help:"The SQLite file of the Stripe sandbox; one beside the database when not given, and empty keeps it in memory."`
	pages
	logging
}

// Help tells more than one line does.
func (DevCmd) Help() string {
	return `Needs nothing prepared: it makes the database, publishes a sample catalog when there is none, makes a test key and
prints a command to paste. A Stripe sandbox runs beside it, and both go by the sandbox's clock: move it at /_sandbox/ to see trials
end and plans renew. The key of an earlier start stops working. Delete the database and the sandbox's file, both, to begin anew.

Examples:

    tollgate dev
    tollgate dev --catalog catalog.yaml --addr 127.0.0.1:0`
}

// Validate refuses an address nobody can listen on.
func (cmd *DevCmd) Validate() error {
	for _, addr := range []string{cmd.Addr, cmd.Sandbox} {
		if err := checkAddr(addr); err != nil {
			return err
		}
	}
	return errors.Join(cmd.pages.Validate(), database{cmd.DB}.Validate())
}

// Run runs the command.
func (cmd *DevCmd) Run(ctx context.Context, c *console) error {
	limitMemory()
	log := cmd.logger(c)
	l, err := listen(ctx, "--addr", cmd.Addr)
	if err != nil {
		return err
	}
	file := cmd.sandboxFile()
	shop, shopURL, stop, err := beside(ctx, cmd.Sandbox, sandbox.Options{File: file, Log: log})
	if errors.Is(err, sandbox.ErrInUse) {
		err = fmt.Errorf("%w: end the tollgate dev that uses it, or give this one its own --db or --sandbox-file", err)
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer stop()
	hook := urlOf(l) + "/webhooks/stripe"
	secret, err := shop.Listen(hook)
	if err != nil {
		return err
	}
	sells := tollgate.Payments{SecretKey: devSecretKey, WebhookSecret: secret, URL: shopURL, SuccessURL: urlOf(l) + "/docs", PromotionCodes: true}
	return database{cmd.DB}.open(ctx, tollgate.Options{Logger: log, Now: shop.Now, Payments: sells, Notices: cmd.FlowgladWebhook != ""}, func(engine *tollgate.Engine) error {
		if err := cmd.publish(ctx, c, engine); err != nil {
			return err
		}
		if err := engine.Stock(ctx); err != nil {
			return err
		}
		server, err := newServer(engine, log, api.Options{}, cmd.pages)
		if err != nil {
			return err
		}
		key, err := devKey(ctx, engine)
		if err != nil {
			return err
		}
		if err := welcome(c, engine.Catalog(), urlOf(l), key, cmd.keptIn(file), shopURL); err != nil {
			return err
		}
		return server.run(ctx, l)
	})
}

// sandboxFile returns the file that keeps the sandbox of a database: each has its own, for it names customers and payments that
// no other sandbox knows. It is empty for one in memory.
func (cmd *DevCmd) sandboxFile() string {
	if cmd.Shop != nil {
		return *cmd.Shop
	}
	db := database{cmd.DB}
	if path, ok := db.file(); ok {
		return strings.TrimSuffix(path, filepath.Ext(path)) + "-sandbox.db"
	}
	return "tollgate-dev-sandbox-" + db.mark() + ".db"
}

// keptIn says where the data is, with the sandbox's file.
func (cmd *DevCmd) keptIn(file string) string {
	if file == "" {
		return redact(cmd.DB)
	}
	return redact(cmd.DB) + ", the sandbox's in " + file
}

// devSecretKey is what the sandbox beside dev is called with: it takes any key of this kind.
const devSecretKey = "sk_test_dev"

// publish puts the catalog asked for in force, or the sample when there is none.
func (cmd *DevCmd) publish(ctx context.Context, c *console, engine *tollgate.Engine) error {
	name, document := sampleCatalog, []byte(nil)
	var err error
	switch {
	case cmd.Catalog != "":
		name, document, err = readCatalog(c, cmd.Catalog)
	case engine.Catalog().Version == 0:
		document, err = fs.ReadFile(catalogs.FS, sampleCatalog)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	_, err = engine.Publish(ctx, name, document, false)
	return err
}

// devKey makes a key and revokes those of earlier starts.
func devKey(ctx context.Context, engine *tollgate.Engine) (string, error) {
	keys, err := engine.Keys(ctx)
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if k.Name != devKeyName || !k.RevokedAt.IsZero() {
			continue
		}
		if err := engine.RevokeKey(ctx, k.ID); err != nil {
			return "", err
		}
	}
	secret, _, err := engine.CreateKey(ctx, tollgate.ScopeFull, devKeyName, false)
	return secret, err
}

// welcome says where to go and what to paste.
func welcome(c *console, catalog *plan.Catalog, url, key, kept, shop string) error {
	return c.print(`Tollgate is at %s and keeps its data in %s.

    API     %[1]s/docs
    Key     %[3]s  (for tests; a new one with every start)
    Stripe  %[6]s/_sandbox/  (a sandbox: no account, no money)

Paste this to make a customer and let it use one unit of %[4]s:

    %[5]s
%[7]s
Ctrl-C stops the server.
`, c.paint(bold, url), kept, key, sampleMeter(catalog).Slug, sampleRequests(catalog, url, key), shop, sampleCheckout(catalog, url, key))
}

// sampleRequests returns one line of shell that makes a customer and consumes, each time it is pasted.
func sampleRequests(catalog *plan.Catalog, url, key string) string {
	curl := fmt.Sprintf(`curl -sS -H 'Authorization: Bearer %s' -H 'Content-Type: application/json'`, key)
	m := sampleMeter(catalog)
	end := `"}`
	if m.Aggregation == meter.Unique {
		end = fmt.Sprintf(`","properties":{%q:"one"}}`, m.Property)
	}
	body := quoted(fmt.Sprintf(`{"customer":"ada","meter":%q,"amount":1,"transactionId":"try-`, m.Slug)) + `"$(date +%s)"` + quoted(end)
	return curl + " -X PUT " + url + "/v1/customers/ada -d '{}' && " + curl + " " + url + "/v1/consume -d " + body
}

// sampleCheckout returns what to paste to sell that customer a plan; nothing when no plan has a price.
func sampleCheckout(catalog *plan.Catalog, url, key string) string {
	for _, p := range catalog.PlansInOrder() {
		for _, price := range p.Prices {
			if price.Meter == "" {
				body := quoted(fmt.Sprintf(`{"customer":"ada","price":%q}`, price.Slug))
				return "\nAnd this to sell it a plan: open the url it answers, and pay with 4242 4242 4242 4242, 12/34, 123:\n\n" +
					fmt.Sprintf("    curl -sS -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' %s/v1/checkout-sessions -d %s\n", key, url, body)
			}
		}
	}
	return ""
}

// sampleMeter returns a meter that customers of the default plan can use, or any when there is none such.
func sampleMeter(catalog *plan.Catalog) meter.Meter {
	slugs := slices.Sorted(maps.Keys(catalog.Meters))
	free := catalog.DefaultPlan()
	can := func(slug id.Slug) bool {
		payer, _ := catalog.Payer(free, slug)
		a, ok := free.Includes[payer]
		return ok && (a.Unlimited || a.Limit > 0)
	}
	if i := slices.IndexFunc(slugs, can); i >= 0 {
		return catalog.Meters[slugs[i]]
	}
	if len(slugs) == 0 {
		return meter.Meter{}
	}
	return catalog.Meters[slugs[0]]
}
