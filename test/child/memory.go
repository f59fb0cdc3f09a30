package child

import (
	"fmt"
	"os"
	"strings"
)

// PeakMemory is the most that a running child has had resident so far, in bytes. It is known on Linux only.
func (p *Process) PeakMemory() (int64, error) {
	file := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)
	status, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read the memory of process %d: %w", p.cmd.Process.Pid, err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscanf(peak, "%d kB", &kib); err != nil {
		return 0, fmt.Errorf("read VmHWM in %s: %w", file, err)
	}
	return kib << 10, nil
}
