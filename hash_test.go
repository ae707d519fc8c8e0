package tollgate_test

import (
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// Hashes are stored with events: were they computed otherwise, a retry after an upgrade would be a conflict.
func TestTheHashOfARequestStaysWhatIsStored(t *testing.T) {
	t.Parallel()
	at := noon()
	timed := meter.Reading{Amount: -5, At: at, Properties: []byte(`{"a":1}`)}
	for _, tt := range []struct {
		name  string
		usage meter.Usage
		read  meter.Reading
		kind  credit.Kind
		want  int64
	}{
		{"one unit", meter.Usage{Meter: "requests"}, meter.Reading{Amount: quantity.One}, credit.KindConsume, -8213008715719282276},
		{"one unit that has happened", meter.Usage{Meter: "requests"}, meter.Reading{Amount: quantity.One}, credit.KindRecord, -5765877607915768107},
		{"a time that was not sent", meter.Usage{Meter: "requests"}, timed, credit.KindConsume, -8244445491400064749},
		{"a time and properties", meter.Usage{Meter: "chat", At: &at}, timed, credit.KindConsume, -8320854459096972336},
	} {
		if got := tollgate.UsageHash(tt.usage, tt.read, tt.kind); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}
