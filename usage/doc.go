// Package usage holds how usage is looked back on: periods and the buckets they fall into, in any time zone; the
// roll-up of a ledger's events by quarter of an hour; and the statistics that follow from both.
//
// A quarter of an hour is the grain because the clocks of every zone differ from UTC by whole quarters (the IANA time
// zone database since 2000; a test reads all zones): whatever the zone, calendar buckets are made of whole slots.
// What cuts a slot all the same (a span that begins within it; Gaza's clocks, which in 2010 changed at one minute
// past midnight) is counted event by event.
package usage
