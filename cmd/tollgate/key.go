package main

import (
	"context"

	"github.com/tollgate/tollgate"
)

// A KeyCmd holds the commands about API keys.
type KeyCmd struct {
	Create KeyCreateCmd `cmd:"" help:"Make a key and print it, this once."`
	List   KeyListCmd   `cmd:"" help:"List the keys, without the keys themselves."`
	Revoke KeyRevokeCmd `cmd:"" help:"Make a key useless, at once."`

	EndTokens KeyEndTokensCmd `cmd:"" help:"End every customer token that has been made."`
}

// A KeyCreateCmd makes a key.
type KeyCreateCmd struct {
	database
	Scope string `required:"" enum:"full,record,read" help:"What the key may do: full (everything), record (send usage, make customers on the plans they begin with, read) or read."`
	Name  string `help:"What the key is for, such as the app that holds it."`
	Live  bool   `help:"Make a key for production (sk_live_…) rather than one for tests (sk_test_…)."`
	JSON  bool   `name:"json" help:"Print JSON: what key list prints, and the key itself as key."`
}

// Help tells more than one line does.
func (KeyCreateCmd) Help() string {
	return `The key is printed alone on standard output and kept only as a hash: store it now.

Example:

    KEY=$(tollgate key create --db tollgate.db --scope record --name "chat backend")`
}

// Run runs the command.
func (cmd *KeyCreateCmd) Run(ctx context.Context, c *console) error {
	return cmd.make(ctx, nil, func(engine *tollgate.Engine) error {
		secret, key, err := engine.CreateKey(ctx, tollgate.Scope(cmd.Scope), cmd.Name, cmd.Live)
		if err != nil {
			return err
		}
		if cmd.JSON {
			return c.json(struct {
				tollgate.Key
				Secret string `json:"key"`
			}{key, secret})
		}
		c.note("%s, scope %s. Store the key now: it is shown this once. Send it as Authorization: Bearer KEY.\n", key.ID, key.Scope)
		return c.print("%s\n", secret)
	})
}

// A KeyListCmd lists the keys.
type KeyListCmd struct {
	database
	JSON bool `name:"json" help:"Print JSON."`
}

// Run runs the command.
func (cmd *KeyListCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		keys, err := engine.Keys(ctx)
		if err != nil {
			return err
		}
		if cmd.JSON {
			return c.json(tollgate.Page[tollgate.Key]{Data: append([]tollgate.Key{}, keys...)})
		}
		if len(keys) == 0 {
			c.note("There are no keys: make one with tollgate key create %s --scope full\n", cmd.flag())
			return nil
		}
		t := newTable("ID", "KEY", "SCOPE", "NAME", "CREATED (UTC)", "REVOKED (UTC)")
		for _, k := range keys {
			t.add(k.ID, k.Hint, k.Scope, k.Name, moment(k.CreatedAt), moment(k.RevokedAt))
		}
		t.paint = func(row, _ int, cell string) string {
			if keys[row].RevokedAt.IsZero() {
				return cell
			}
			return c.paint(dim, cell)
		}
		return t.write(c.out)
	})
}

// A KeyRevokeCmd revokes a key.
type KeyRevokeCmd struct {
	ID string `arg:"" help:"The id of the key, as tollgate key list shows it (key_…)."`
	database
}

// Run runs the command.
func (cmd *KeyRevokeCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		if err := engine.RevokeKey(ctx, cmd.ID); err != nil {
			return err
		}
		return c.print("Revoked %s.\n", cmd.ID)
	})
}

// A KeyEndTokensCmd replaces the key that signs customer tokens.
type KeyEndTokensCmd struct {
	database
}

// Help tells more than one line does.
func (KeyEndTokensCmd) Help() string {
	return `Replaces the key in the database that signs customer tokens, so that those made before are refused, within a second on
every replica. For when the key may have become known, such as with a copy of the database.

Example:

    tollgate key end-tokens --db tollgate.db`
}

// Run runs the command.
func (cmd *KeyEndTokensCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		if err := engine.ReplaceTokenKey(ctx); err != nil {
			return err
		}
		c.note("Every customer token made before now is refused.\n")
		return nil
	})
}
