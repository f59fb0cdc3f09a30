package loop

import (
	"net"
	"testing"
	"time"
)

func TestAConnectionIsImpatientOnlyUntilTheFirstAnswer(t *testing.T) {
	c := &impatient{Conn: new(oracle)}
	late := time.Now().Add(time.Hour)
	if err := c.SetReadDeadline(late); err != nil || c.Conn.(*oracle).deadline.Equal(late) {
		t.Errorf("error %v, deadline %v: want one that comes soon", err, c.Conn.(*oracle).deadline)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(late); err != nil || !c.Conn.(*oracle).deadline.Equal(late) {
		t.Errorf("error %v, deadline %v: want %v", err, c.Conn.(*oracle).deadline, late)
	}
}

// oracle always has an answer.
type oracle struct {
	net.Conn
	deadline time.Time
}

func (o *oracle) Read(b []byte) (int, error) { return len(b), nil }

func (o *oracle) SetReadDeadline(t time.Time) error {
	o.deadline = t
	return nil
}
