package cli

import "fmt"

// restorable is the stretches of restore points.
func (p statusPage) restorable() table {
	t := table{title: "CAN BE RESTORED", head: "FROM\tTO\tSINCE\tUNTIL\t"}
	for _, s := range p.Restorable {
		note := ""
		if !s.Proven {
			note = "before a gap: ask for it by zxid"
		}
		t.lines = append(t.lines, fmt.Sprintf("%s\t%s\t%s\t%s\t%s", s.First, s.Last, moment(s.FirstTime), moment(s.LastTime), note))
	}
	return t.newest()
}

func (p statusPage) gaps() table {
	t := table{title: "GAPS"}
	for _, g := range p.Gaps {
		text := g.Text
		if g.Bridged {
			text += "; bridged by a base"
		}
		t.lines = append(t.lines, text)
	}
	return t.newest()
}

func (p statusPage) diverged() table {
	return table{title: "SERVERS DISAGREE", lines: p.Diverged}.newest()
}

func (p statusPage) dead() table {
	t := table{title: "LOGGED, NEVER COMMITTED"}
	for _, d := range p.Dead {
		t.lines = append(t.lines, fmt.Sprintf("%s – %s\t%d records", d.First, d.Last, d.Last-d.First+1))
	}
	return t.newest()
}

func (p statusPage) bases() table {
	t := table{title: "BASES", head: "STATE\tOF\tSIZE\tSERVER\t", more: p.Bases - len(p.NewestBases)}
	for _, b := range p.NewestBases {
		note := ""
		if !b.Usable {
			note = "not usable: records that it needs are missing"
		}
		t.lines = append(t.lines, fmt.Sprintf("%s\t%s\t%s\t%d\t%s", b.At, moment(b.Time), size(b.Bytes), b.Server, note))
	}
	return t
}

func (p statusPage) servers() table {
	t := table{title: "SERVERS", head: "SERVER\tSHIPPED UP TO\tOF\t\tSEGMENTS\tBASES\tSIZE"}
	for _, s := range p.Servers {
		last, at, age := "no record", "", ""
		if s.Segments > 0 {
			last, at, age = s.Last.String(), moment(s.LastTime), ago(p.now.Sub(s.LastTime))
		}
		t.lines = append(t.lines, fmt.Sprintf("%d\t%s\t%s\t%s\t%d\t%d\t%s", s.Server, last, at, age, s.Segments, s.Bases, size(s.Bytes)))
	}
	return t
}

func (p statusPage) reports() table {
	t := table{title: "WHAT THE SIDECARS SAY", head: "SERVER\tROLE\tLOGGED\tARCHIVED\tNOT ARCHIVED\tLAST SEEN"}
	for _, r := range p.Reports {
		t.lines = append(t.lines, fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%s", r.Server, r.Role, r.Logged, r.Archived, counted(int(r.Pending), "record"), ago(p.now.Sub(r.Seen))))
	}
	return t
}
