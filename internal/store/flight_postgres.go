package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/tollgate/tollgate/id"
)

// landing is what a flight of statements came to.
type landing struct {
	conn  *pgx.Conn
	calls []call
	done  int               // calls that are over
	last  pgconn.CommandTag // of the last that is
	types []uint32          // of the columns of the call that is under way
	err   error             // the first
}

// fly runs statements in one round trip and returns how the last one ended, or the first error. All are sent before any answer
// is read, what a COPY copies included, and answered in one piece, so that who waits wakes once; after an error the server
// passes over the rest (https://www.postgresql.org/docs/15/protocol-flow.html, "Pipelining" and "COPY Operations"). Then a
// transaction that was begun is still open: rollBackConn ends it. Outside a transaction the statements are one. When what the
// server says is not known to the end, the connection is closed.
func (db *DB) fly(ctx context.Context, conn *pgx.Conn, all ...statement) (pgconn.CommandTag, error) {
	wire, l := conn.PgConn(), landing{conn: conn}
	letter, _ := wire.CustomData()[letterHere].([]byte)
	letter = letter[:0]
	for _, s := range all { // before anything is sent, so that nothing is sent in part
		c, err := db.call(ctx, wire, s)
		if err == nil {
			letter, err = c.append(letter)
		}
		if err != nil {
			return l.last, err
		}
		l.calls = append(l.calls, c)
	}
	letter, err := (&pgproto3.Sync{}).Encode(letter)
	if err != nil {
		return l.last, err
	}
	if cap(letter) <= letterBytesMax {
		wire.CustomData()[letterHere] = letter
	}
	stop := context.AfterFunc(ctx, func() { wire.Conn().SetDeadline(time.Unix(1, 0)) })
	_, lost := wire.Conn().Write(letter) // the driver's own writer makes a new buffer for each flight
	for over := false; lost == nil && !over; {
		var m pgproto3.BackendMessage
		if m, lost = wire.ReceiveMessage(context.Background()); lost == nil { // stop is cheaper than a watch over each message
			over = l.take(m)
		}
	}
	if lost != nil {
		l.fail(errors.Join(ctx.Err(), lost))
	}
	code := pgCode(l.err)
	// A prepared statement that is gone, or answers otherwise since the schema changed, is prepared anew on another connection.
	if expired := !stop(); expired || lost != nil || code == "26000" || code == "0A000" {
		l.fail(conn.Close(ctx))
	}
	return l.last, l.err
}

func (l *landing) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// take reads what the server says next, and reports whether that is its last word.
func (l *landing) take(m pgproto3.BackendMessage) (over bool) {
	switch m := m.(type) {
	case *pgproto3.RowDescription:
		l.types = l.types[:0]
		for _, f := range m.Fields {
			l.types = append(l.types, f.DataTypeOID)
		}
	case *pgproto3.DataRow:
		if read := l.calls[l.done].read; read != nil && l.err == nil {
			l.err = read(wireRow{m.Values, l.types, l.conn.TypeMap()})
		}
	case *pgproto3.CommandComplete:
		l.last = pgconn.NewCommandTag(string(m.CommandTag))
		l.done++
	case *pgproto3.ErrorResponse:
		l.fail(pgconn.ErrorResponseToPgError(m))
	case *pgproto3.ReadyForQuery:
		return true
	}
	return false
}

// committed tells the end of a transaction that was committed from that of one that was not.
func committed(end pgconn.CommandTag) error {
	if end.String() != "COMMIT" {
		return errors.New("the transaction was rolled back")
	}
	return nil
}

// A wireRow is a row in the server's binary format.
type wireRow struct {
	values  [][]byte
	columns []uint32 // their types
	types   *pgtype.Map
}

// Scan reads the row's numbers, truths and texts, and the keys and names of most rows, at once; other kinds of them it leaves to the driver.
func (r wireRow) Scan(dest ...any) error {
	if len(dest) != len(r.values) || len(dest) != len(r.columns) {
		return fmt.Errorf("the row has %d columns, and %d are read", len(r.values), len(dest))
	}
	for i, to := range dest {
		switch v := r.values[i]; to := to.(type) {
		case *int64:
			if len(v) == 8 {
				*to = int64(binary.BigEndian.Uint64(v))
				continue
			}
		case *bool:
			if len(v) == 1 {
				*to = v[0] != 0
				continue
			}
		case *string:
			if v != nil {
				*to = string(v)
				continue
			}
		case *id.Key:
			if len(v) == 8 {
				*to = id.Key(binary.BigEndian.Uint64(v))
				continue
			}
		case *id.Slug:
			if v != nil {
				*to = id.Slug(v)
				continue
			}
		case *id.Transaction:
			if v != nil {
				*to = id.Transaction(v)
				continue
			}
		}
		if err := r.types.Scan(r.columns[i], pgx.BinaryFormatCode, r.values[i], to); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// A call is a statement as the wire carries it. Arguments and answers are binary.
type call struct {
	statement
	name   string // of the prepared statement; empty for one that is prepared for this call alone
	values [][]byte
	types  []uint32
}

// append appends what is sent for the call.
func (c call) append(b []byte) ([]byte, error) {
	binary := []int16{pgx.BinaryFormatCode}
	var messages []pgproto3.FrontendMessage
	if c.name == "" {
		messages = append(messages, &pgproto3.Parse{Query: c.text, ParameterOIDs: c.types})
	}
	messages = append(messages, &pgproto3.Bind{PreparedStatement: c.name, ParameterFormatCodes: binary, Parameters: c.values, ResultFormatCodes: binary})
	if c.read != nil {
		messages = append(messages, &pgproto3.Describe{ObjectType: 'P'})
	}
	messages = append(messages, &pgproto3.Execute{})
	var err error
	for _, m := range messages {
		if b, err = m.Encode(b); err != nil {
			return b, err
		}
	}
	if c.events == nil {
		return b, nil
	}
	if b, err = appendCopy(b, c.events); err != nil {
		return b, err
	}
	return (&pgproto3.CopyDone{}).Encode(b)
}

const (
	// letterHere is under what a connection keeps the buffer of what it sent last, for the next flight.
	letterHere = "tollgate letter"
	// letterBytesMax is the largest that is kept.
	letterBytesMax = 1 << 20
)

// preparedHere is under what a connection keeps the names of the statements that are prepared on it, by their texts.
const preparedHere = "tollgate prepared"

// call spells a statement, which it prepares on its first use on a connection. Behind a pooler in transaction mode nothing is
// prepared for longer than one call.
func (db *DB) call(ctx context.Context, wire *pgconn.PgConn, s statement) (call, error) {
	c := call{statement: s}
	c.text = db.schema.in(s.text)
	var err error
	if c.values, c.types, err = spellArguments(s.args); err != nil || db.pooled {
		return c, err
	}
	names, _ := wire.CustomData()[preparedHere].(map[string]string)
	if names == nil {
		names = map[string]string{}
		wire.CustomData()[preparedHere] = names
	}
	if c.name = names[c.text]; c.name != "" {
		return c, nil
	}
	c.name = fmt.Sprint("tollgate_", len(names)+1)
	if _, err := wire.Prepare(ctx, c.name, c.text, c.types); err != nil {
		return c, fmt.Errorf("prepare: %w", err)
	}
	names[c.text] = c.name
	return c, nil
}

// The server's numbers of the types that our statements take (https://www.postgresql.org/docs/15/catalog-pg-type.html, pg_type.dat).
const (
	boolType, int8Type, textType       = 16, 20, 25
	boolsType, int8sType, textListType = 1000, 1016, 1009
)

// spellArguments spells arguments in the server's binary format: our statements take no other types than these.
func spellArguments(args []any) (values [][]byte, types []uint32, err error) {
	values, types = make([][]byte, len(args)), make([]uint32, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case int64:
			types[i], values[i] = int8Type, binary.BigEndian.AppendUint64(make([]byte, 0, 8), uint64(v))
		case bool:
			types[i], values[i] = boolType, []byte{bit(v)}
		case string:
			types[i], values[i] = textType, []byte(v)
		case []int64:
			b := arrayOf(int8Type, len(v), 12*len(v))
			for _, n := range v {
				b = binary.BigEndian.AppendUint32(b, 8)
				b = binary.BigEndian.AppendUint64(b, uint64(n))
			}
			types[i], values[i] = int8sType, b
		case []bool:
			b := arrayOf(boolType, len(v), 5*len(v))
			for _, is := range v {
				b = append(binary.BigEndian.AppendUint32(b, 1), bit(is))
			}
			types[i], values[i] = boolsType, b
		case []string:
			size := 0
			for _, text := range v {
				size += 4 + len(text)
			}
			b := arrayOf(textType, len(v), size)
			for _, text := range v {
				b = append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
			}
			types[i], values[i] = textListType, b
		default:
			return nil, nil, fmt.Errorf("spell argument %d: a %T", i+1, arg)
		}
	}
	return values, types, nil
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// arrayOf begins an array of n elements that take size bytes: how many dimensions, no nulls, the type, and of the one
// dimension its length and where it starts (array_recv in the server's arrayfuncs.c).
func arrayOf(element uint32, n, size int) []byte {
	b := make([]byte, 0, 20+size)
	for _, v := range []uint32{1, 0, element, uint32(n), 1} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}
