// Chat is a small AI chat with Tollgate inside: guests try it, users who sign up get some every day, Pro and top-ups are
// sold. Its model and its Stripe are built in, so that it needs no account and no network.
//
//	go run ./examples/chat
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.addr, "addr", "127.0.0.1:8080", "where to listen")
	flag.StringVar(&o.url, "url", "", "how browsers reach it, such as https://chat.example.com; the address when empty")
	flag.StringVar(&o.dir, "dir", "", "a folder that keeps everything; a new one, removed at the end, when empty")
	flag.StringVar(&o.stripeAddr, "stripe-addr", "127.0.0.1:12111", "where the Stripe sandbox listens")
	flag.DurationVar(&o.pace, "pace", 25*time.Millisecond, "how long the model takes for a word")
	flag.Parse()
	o.stripeKey, o.webhookSecret = os.Getenv("STRIPE_SECRET_KEY"), os.Getenv("STRIPE_WEBHOOK_SECRET")
	o.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

// run serves the chat until ctx ends.
func run(ctx context.Context, o options) error {
	c, err := open(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("Chat at %s\n", c.url)
	if c.stripe != nil {
		fmt.Printf("Its Stripe is a sandbox: pay with 4242 4242 4242 4242, 12/34, 123; move its clock at %s/_sandbox/\n", c.stripeURL)
	}
	<-ctx.Done()
	return c.close()
}
