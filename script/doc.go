// Package script tests the program from outside: it builds the real tollgate and runs the scripts of
// testdata against it, each once on SQLite and once on PostgreSQL.
//
// A script is a txtar file of commands a user could type (see the testscript package of
// github.com/rogpeppe/go-internal), with tollgate on PATH and, in the environment, DB: the file or
// URL of a fresh database for --db; and README: the README. To the standard commands it adds:
//
//	freeport VAR                     sets VAR to a free port of 127.0.0.1
//	waitfor URL                      waits until URL answers 200
//	http METHOD URL [body] [status]  sends a request; the answer is in stdout, its status, headers in stderr
//	capture VAR [regexp]             sets VAR to the last stdout, or to what the first group matched
//
// http expects the status, or any 2xx without one. A body that begins with @ names a file. With KEY in
// the environment, requests carry it as a bearer token. A server is started in the background and
// stopped by its name:
//
//	freeport PORT
//	exec tollgate serve --db $DB --addr 127.0.0.1:$PORT &server&
//	waitfor http://127.0.0.1:$PORT/healthz
//	http PUT http://127.0.0.1:$PORT/v1/customers/ada {} 200
//	kill -INT server
//	wait server
package script
