package tollgate

import "github.com/tollgate/tollgate/fault"

// A Page is a part of a list. Next, when there is more, is what to ask for the next page with.
type Page[T any] struct {
	Data []T    `json:"data"`
	Next string `json:"next,omitempty"`
}

// pageLimit returns the number of rows a page is to have.
func pageLimit(n int) (int, error) {
	switch {
	case n == 0:
		return PageDefault, nil
	case n < 0 || n > PageMax:
		return 0, fault.Field("limit", n, PageMax, "limit is a number from 1 to %d.", PageMax)
	}
	return n, nil
}
