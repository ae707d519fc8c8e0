package tollgate_test

import (
	"testing"

	"github.com/tollgate/tollgate"
)

// Should an act ever end twice, nobody is told of another one that has not ended.
func TestAnActThatEndsTwiceTellsNobodyOfAnother(t *testing.T) {
	t.Parallel()
	if tollgate.EndTwice() {
		t.Error("whoever waits for two acts is told, though one has not ended")
	}
}
