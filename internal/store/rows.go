package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// each runs read once per row and closes rows; read scans the current one.
func each(rows *sql.Rows, read func() error) error {
	for rows.Next() {
		if err := read(); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// pack spells a list for the dialect's rows function.
func pack(list any) (string, error) {
	b, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("pack %T: %w", list, err)
	}
	return string(b), nil
}

// packNames spells a list of strings for the dialect's rows function, each as the field n of an object: the
// engines differ in how they unpack a bare string.
func packNames[S ~string](names []S) (string, error) {
	type name struct {
		N S `json:"n"`
	}
	list := make([]name, len(names))
	for i, n := range names {
		list[i].N = n
	}
	return pack(list)
}
