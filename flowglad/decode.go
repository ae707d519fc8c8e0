package flowglad

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/tollgate/tollgate"
)

// read reads the body of a call.
func (c *call) read() error {
	if c.Method == http.MethodGet || c.Body == nil {
		return nil
	}
	var err error
	c.body, err = io.ReadAll(http.MaxBytesReader(c.w, c.Body, BodyBytesMax))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return invalid("The body is larger than %d bytes.", BodyBytesMax)
	case err != nil:
		return invalid("The body ended before it was complete.")
	}
	return nil
}

// decode reads the body into v. An empty body is {}; what v does not have is passed over, because other versions of the
// packages may send more.
func (c *call) decode(v any) error {
	text := bytes.TrimSpace(c.body)
	if len(text) == 0 {
		return nil
	}
	err := json.Unmarshal(text, v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return invalid("%s cannot be a %s.", wrong.Field, wrong.Value)
	case err != nil:
		return invalid("The body is not the JSON object that is expected here: %v.", err)
	}
	return nil
}

// page reads limit and cursor of a list.
func (c *call) page() (limit int, cursor string, err error) {
	q := c.URL.Query()
	limit = tollgate.PageDefault
	if text := q.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > tollgate.PageMax {
			return 0, "", invalid("limit is a whole number from 1 to %d.", tollgate.PageMax)
		}
	}
	return limit, q.Get("cursor"), nil
}

// A list is one page of things.
type list struct {
	Data          any    `json:"data"`
	HasMore       bool   `json:"hasMore"`
	Total         int    `json:"total"`
	CurrentCursor string `json:"currentCursor,omitempty"`
	NextCursor    string `json:"nextCursor,omitempty"`
}

// listOf returns the page of all that a call asks for. The cursor is a position.
func listOf[T any](c *call, all []T) (any, error) {
	limit, cursor, err := c.page()
	if err != nil {
		return nil, err
	}
	from := 0
	if cursor != "" {
		if from, err = strconv.Atoi(cursor); err != nil || from < 0 {
			return nil, invalid("cursor must be the nextCursor of an earlier page.")
		}
	}
	from = min(from, len(all))
	to := min(from+limit, len(all))
	out := list{Data: append([]T{}, all[from:to]...), HasMore: to < len(all), Total: len(all), CurrentCursor: cursor}
	if out.HasMore {
		out.NextCursor = strconv.Itoa(to)
	}
	return out, nil
}
