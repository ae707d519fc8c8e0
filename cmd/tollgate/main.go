// Command tollgate meters usage, enforces limits and credits exactly, and explains every number.
//
// One file per command; docs/commands.md describes them. A command is a struct whose fields are its flags and
// arguments, with a Run method.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the program is one file: it brings the time zones along
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal ends the work in order, a second one at once
	code := run(ctx, os.Args[1:], systemConsole())
	stop()
	os.Exit(code)
}
