// Package faults shows, on the real program, what survives when things go wrong: tollgate serve is built, loaded over
// HTTP and killed, stopped or run twice, on SQLite and on PostgreSQL.
//
// What it shows:
//
//   - kill -9 at random moments under load: every acknowledged event is there once, none is half there, tollgate audit
//     finds nothing, and replaying the whole load gives the same answers and the exact totals.
//   - SIGTERM under load: every request in flight is answered, and what was acknowledged stays.
//   - Two processes on one PostgreSQL: no unit is spent twice, one transactionId makes one event with one answer, and
//     what is changed through one process holds in the other.
//
// A failure prints the seed of its load; -seed runs it again. With -short there are fewer rounds. The faults that need
// no second process, a full disk and a lost connection, are shown in the tests of the root package.
package faults
