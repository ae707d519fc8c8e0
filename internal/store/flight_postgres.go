package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// A flight is what goes to the server in one round trip: statements, and after them, in a transaction that they have begun or
// that was begun before, events by COPY and the COMMIT. All of it is sent before any answer is read. That is safe, for when a
// statement fails, the server takes the transaction as failed: it refuses the COPY, ignores its data and answers the COMMIT
// with ROLLBACK (https://www.postgresql.org/docs/15/protocol-flow.html, "COPY Operations").
type flight struct {
	statements []statement
	rows       []byte // of events, as copyRows spells them; nil for none
}

// fly sends f and reads what comes back: how its last statement ended, or its first error. After an error that is not the
// server's the connection is closed, because nobody knows what is still to come on it.
func (db *DB) fly(ctx context.Context, conn *pgx.Conn, f flight) (last pgconn.CommandTag, err error) {
	wire := conn.PgConn()
	calls := make([]call, len(f.statements))
	for i, s := range f.statements { // before anything is sent, so that nothing is sent in part
		if calls[i], err = db.call(ctx, wire, s); err != nil {
			return last, err
		}
	}
	p := wire.StartPipeline(ctx)
	for _, c := range calls {
		c.send(p)
	}
	p.SendPipelineSync()
	if f.rows != nil {
		to := wire.Frontend()
		to.Send(&pgproto3.Query{String: db.schema.in("COPY event (" + eventNames + ") FROM STDIN BINARY")})
		to.Send(&pgproto3.CopyData{Data: f.rows})
		to.Send(&pgproto3.CopyDone{})
		to.Send(&pgproto3.Query{String: "COMMIT"})
	}
	if err = p.Flush(); err != nil {
		return last, err
	}
	for _, s := range f.statements {
		if last, err = result(conn, p, s); err != nil {
			break
		}
	}
	if closeErr := p.Close(); err == nil {
		err = closeErr
	}
	if f.rows != nil {
		last, err = landed(ctx, conn, err)
	}
	switch pgCode(err) {
	case "26000", "0A000": // a prepared statement is gone, or answers otherwise since the schema changed
		err = errors.Join(err, conn.Close(ctx))
	}
	return last, err
}

// result reads what one statement answers.
func result(conn *pgx.Conn, p *pgconn.Pipeline, s statement) (pgconn.CommandTag, error) {
	got, err := p.GetResults()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	reader, ok := got.(*pgconn.ResultReader)
	if !ok {
		return pgconn.CommandTag{}, fmt.Errorf("the server answers a statement with %T", got)
	}
	if s.read == nil {
		return reader.Close()
	}
	rows := pgx.RowsFromResultReader(conn.TypeMap(), reader)
	err = eachRow(rows, s.read)
	return rows.CommandTag(), err
}

// landed reads the ends of COPY and COMMIT, after statements that ended with err.
func landed(ctx context.Context, conn *pgx.Conn, err error) (last pgconn.CommandTag, _ error) {
	for ends := 0; ends < 2; {
		m, lost := conn.PgConn().ReceiveMessage(ctx)
		if lost != nil {
			return last, errors.Join(err, lost, conn.Close(ctx))
		}
		switch m := m.(type) {
		case *pgproto3.ReadyForQuery:
			ends++
		case *pgproto3.CommandComplete:
			last = pgconn.NewCommandTag(string(m.CommandTag))
		case *pgproto3.ErrorResponse:
			if err == nil {
				err = pgconn.ErrorResponseToPgError(m)
			}
		}
	}
	if err == nil {
		err = committed(last)
	}
	return last, err
}

// committed tells the end of a transaction that was committed from that of one that was not.
func committed(end pgconn.CommandTag) error {
	if end.String() != "COMMIT" {
		return errors.New("the transaction was rolled back")
	}
	return nil
}

// A call is a statement as the wire carries it. Arguments and answers are binary.
type call struct {
	name   string // of the prepared statement; empty for one that is prepared for this call alone
	text   string
	values [][]byte
	types  []uint32
}

func (c call) send(p *pgconn.Pipeline) {
	if c.name == "" {
		p.SendQueryParams(c.text, c.values, c.types, binaryFormat(), binaryFormat())
		return
	}
	p.SendQueryPrepared(c.name, c.values, binaryFormat(), binaryFormat())
}

func binaryFormat() []int16 { return []int16{pgx.BinaryFormatCode} }

// preparedHere is under what a connection keeps the names of the statements that are prepared on it, by their texts.
const preparedHere = "tollgate prepared"

// call spells a statement, which it prepares on its first use on a connection. Behind a pooler in transaction mode nothing is
// prepared for longer than one call.
func (db *DB) call(ctx context.Context, wire *pgconn.PgConn, s statement) (call, error) {
	c := call{text: db.schema.in(s.text)}
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
