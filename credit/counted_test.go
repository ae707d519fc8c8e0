package credit_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/period"
)

// A field that OnlyCounted forgets would be lost from the account's row: every field of a state, and of its window, is changed
// alone, those added later included.
func TestOnlyCountedSeesEveryOtherField(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	base := credit.State{
		Seq: 3, Opened: true, Limit: 40, Paid: at, Billed: at, Reset: 1,
		Window: credit.Window{Span: period.Span{Start: at, End: at.Add(time.Hour)}, Used: 2, Spent: 2},
	}
	counted := map[string]bool{"State.Seq": true, "State.Window.Used": true, "State.Window.Spent": true}
	var changes int
	var walk func(name string, at func(*credit.State) reflect.Value)
	walk = func(name string, at func(*credit.State) reflect.Value) {
		s := base
		v := at(&s)
		switch x := v.Addr().Interface().(type) {
		case *time.Time:
			*x = x.Add(time.Second)
		case *bool:
			*x = !*x
		default:
			switch v.Kind() {
			case reflect.Struct:
				for i := range v.NumField() {
					walk(name+"."+v.Type().Field(i).Name, func(s *credit.State) reflect.Value { return at(s).Field(i) })
				}
				return
			case reflect.Slice:
				v.Set(reflect.MakeSlice(v.Type(), 1, 1))
				if s.OnlyCounted(&s) {
					t.Errorf("a state with one in %s is compared with itself, whose list is not", name)
				}
			default:
				v.SetInt(v.Int() + 1)
			}
		}
		changes++
		if got := s.OnlyCounted(&base); got != counted[name] {
			t.Errorf("%s changed: OnlyCounted is %t, want %t", name, got, counted[name])
		}
		if got := base.OnlyCounted(&s); got != counted[name] {
			t.Errorf("%s changed back: OnlyCounted is %t, want %t", name, got, counted[name])
		}
	}
	walk("State", func(s *credit.State) reflect.Value { return reflect.ValueOf(s).Elem() })
	if changes < 15 {
		t.Errorf("%d fields were changed: the walk does not reach them", changes)
	}
}
