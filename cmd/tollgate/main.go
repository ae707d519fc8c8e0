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

// The exit codes for signals, as shells have them.
const (
	exitSignalled = 130 // after a second signal, as for SIGINT
	exitUnheard   = 141 // nobody reads standard output any more, as for SIGPIPE
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	hangups := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGHUP) { // nohup has it ignored
		signal.Notify(hangups, syscall.SIGHUP)
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // then writing to who has left is an error, and ends the work in order, too
	go func() {                                             // ends with the process
		select { // the first one ends the work in order
		case <-signals:
		case <-hangups: // a terminal that closes sends several: none of them counts as a second one
		}
		cancel()
		<-signals // the second one does not wait for that
		os.Exit(exitSignalled)
	}()
	os.Exit(run(ctx, os.Args[1:], systemConsole()))
}
