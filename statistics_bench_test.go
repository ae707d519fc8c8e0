package tollgate_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// month opens an Engine with a month of usage of some customers on each of several meters, rolled up.
func month(b *testing.B, customers int, meters ...id.Slug) *tollgate.Engine {
	c := newClock(noon())
	e := open(b, testdb.SQLite(b), c)
	one := quantity.One
	for n := range customers {
		name := id.Customer(fmt.Sprint("c", n))
		put(b, e, name, "pro")
		var batch []meter.Usage
		for i := range 100 {
			at := noon().Add(-time.Duration(i) * 7 * time.Hour)
			m := meters[i%len(meters)]
			batch = append(batch, meter.Usage{Customer: name, Meter: m, Amount: &one, At: &at, TransactionID: id.Transaction(fmt.Sprint(i)), Record: true})
		}
		if _, err := e.Batch(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := e.RollUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	return e
}

func BenchmarkUsageOfOneMonth(b *testing.B) {
	e := month(b, 50, "requests")
	for i := 0; b.Loop(); i++ {
		r := tollgate.UsageRequest{Customer: id.Customer(fmt.Sprint("c", i%50)), Meter: "requests"}
		if out, err := e.Usage(b.Context(), r); err != nil || out.Events == 0 {
			b.Fatal(out.Events, err)
		}
	}
}

func BenchmarkUsageOfHundredCustomers(b *testing.B) {
	meters := []id.Slug{"requests", "tokens", "images", "storage"}
	e := month(b, 1000, meters...)
	var names []id.Customer
	for n := range 100 {
		names = append(names, id.Customer(fmt.Sprint("c", 10*n)))
	}
	for b.Loop() {
		if _, err := e.UsageOfMany(b.Context(), names, meters, tollgate.UsageSpan{Period: usage.Last30Days, GroupBy: usage.ByDay}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCustomer(b *testing.B) {
	e := month(b, 50, "requests")
	for i := 0; b.Loop(); i++ {
		if _, err := e.Customer(b.Context(), id.Customer(fmt.Sprint("c", i%50))); err != nil {
			b.Fatal(err)
		}
	}
}
