package main

import (
	"log/slog"
)

// A logging is the flags of commands that log.
type logging struct {
	LogLevel  level  `env:"TOLLGATE_LOG_LEVEL" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
	LogFormat string `env:"TOLLGATE_LOG_FORMAT" default:"text" enum:"text,json" help:"text or json."`
}

// logger returns a logger on standard error.
func (l logging) logger(c *console) *slog.Logger {
	opts := &slog.HandlerOptions{Level: l.LogLevel.Level}
	if l.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(c.err, opts))
	}
	return slog.New(slog.NewTextHandler(c.err, opts))
}

// announce says something the operator must see whatever the level: a line of text, or of JSON among the others.
func (l logging) announce(c *console, text string, args ...any) {
	if l.LogFormat == "json" {
		slog.New(slog.NewJSONHandler(c.err, nil)).Info(text, args...)
		return
	}
	c.note("%s\n", text)
}
