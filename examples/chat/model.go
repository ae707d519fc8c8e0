package main

import (
	"context"
	"errors"
	"hash/fnv"
	"strings"
	"time"
)

const (
	// promptBytesMax is the longest question.
	promptBytesMax = 2000
	// tokensMax is the most that a question and its answer have together: what is set aside for them.
	tokensMax = 1000
	// breakWord in a question makes the model break off, to show what then happens.
	breakWord = "#break"

	sentencesMin, sentencesMax = 3, 8
	wordsBeforeBreak           = 5
	bytesPerToken              = 4 // about as many as English has
)

// errBroken says that the model stopped in the middle of an answer.
var errBroken = errors.New("the model broke off")

// text is what the model knows.
const text = `A toll gate asks one small thing of everyone who passes and lets them go on. ` +
	`The first question is always whether there is enough left, and it has to be asked before the road is used. ` +
	`Counting afterwards is bookkeeping; counting before is a promise. ` +
	`If a hundred carts arrive at once, the gate still opens exactly as often as it should. ` +
	`A traveller who turns back halfway gets the rest of the fare returned. ` +
	`Nobody pays twice because a letter arrived late. ` +
	`Every coin in the box has a line in the book, and every line has a reason. ` +
	`When the month turns, the book opens a clean page and keeps the old one. ` +
	`Those who pass often buy a pass; those who pass once need not stop for long. ` +
	`A good gatekeeper tells you what is left before you have to ask. ` +
	`Small numbers, kept honestly, carry long roads. ` +
	`And when the bridge fails, the fare goes back, for no one should pay for half a crossing.`

// A model answers every question with sentences of its own text, the same ones each time. Pace is how long it takes for
// a word.
type model struct{ pace time.Duration }

// answer says an answer word by word. How many tokens it took, with the question's, is known when it has ended, whichever
// way: errBroken, the error of say, and the end of ctx stop it.
func (m model) answer(ctx context.Context, prompt string, say func(word string) error) (tokens int64, err error) {
	tokens = tokensOf(prompt)
	for n, word := range words(prompt) {
		if n == wordsBeforeBreak && strings.Contains(prompt, breakWord) {
			return tokens, errBroken
		}
		select {
		case <-ctx.Done():
			return tokens, ctx.Err()
		case <-time.After(m.pace):
		}
		tokens += tokensOf(word)
		if err := say(word); err != nil {
			return tokens, err
		}
	}
	return tokens, nil
}

// words returns the answer to a question, each word with the space after it.
func words(prompt string) []string {
	h := fnv.New32a()
	h.Write([]byte(prompt)) // a hash.Hash never returns an error
	sum := int(h.Sum32())
	sentences := strings.SplitAfter(text, ". ")
	var b strings.Builder
	for i := range sentencesMin + sum%(sentencesMax-sentencesMin+1) {
		b.WriteString(strings.TrimSpace(sentences[(sum/7+i)%len(sentences)]) + " ")
	}
	return strings.SplitAfter(strings.TrimSpace(b.String()), " ")
}

func tokensOf(s string) int64 { return int64((len(s) + bytesPerToken - 1) / bytesPerToken) }
