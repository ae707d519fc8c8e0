package main

import (
	"slices"
	"time"
)

// A demoTally counts what the API has answered about one customer, or about all.
type demoTally struct {
	Sent       int64 // requests, each once, with those of bursts
	Accepted   int64 // of them
	Refused    int64 // of them, for want of requests
	Duplicates int64 // sent again after they were accepted: counted once
	Again      int64 // sent again after they were refused: refused again

	Bursts        int64
	BurstSent     int64
	BurstLeft     int64 // what balances had left when bursts came, up to the size of the burst
	BurstAccepted int64

	Tokens        int64 // charged
	TokensRefused int64 // usages and holds refused for want of credits

	Holds      int64 // that were opened
	Captured   int64 // of them
	HeldTokens int64 // set aside by them
	UsedTokens int64 // of these, what the captures used

	Events int64 // recorded for the first time
	took   []time.Duration

	unserved []demoRequest // refused for want of requests, but those of bursts
	unpaid   []demoRequest // whose tokens were refused
}

// add adds what another tally has counted.
func (t *demoTally) add(u demoTally) {
	t.Sent += u.Sent
	t.Accepted += u.Accepted
	t.Refused += u.Refused
	t.Duplicates += u.Duplicates
	t.Again += u.Again
	t.Bursts += u.Bursts
	t.BurstSent += u.BurstSent
	t.BurstLeft += u.BurstLeft
	t.BurstAccepted += u.BurstAccepted
	t.Tokens += u.Tokens
	t.TokensRefused += u.TokensRefused
	t.Holds += u.Holds
	t.Captured += u.Captured
	t.HeldTokens += u.HeldTokens
	t.UsedTokens += u.UsedTokens
	t.Events += u.Events
	t.took = append(t.took, u.took...)
}

// percentile returns the time that so many per cent of the calls took at most.
func (t *demoTally) percentile(percent int) time.Duration {
	if len(t.took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t.took))
	return sorted[(len(sorted)*percent+99)/100-1]
}
