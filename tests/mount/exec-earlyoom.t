#!/bin/bash
# earlyoom as Debian has it, not dry: it sees the pressure of the simulated machine, and the process that it ends is a
# simulated one. Whatever has the same number on the host lives on.
# shellcheck disable=SC2119,SC2317 # no arguments are meant; called by name
. "$(dirname "$0")/lib.sh"

command -v earlyoom >"$T/which" 2>&1 || skip_all 'no earlyoom here'
mount_machine --machine tiny
for name in small big; do
	mkdir "$M/sim/procs/$name"
done
small=$(cat "$M/sim/procs/small/pid")
big=$(cat "$M/sim/procs/big/pid")
put "$M/sim/procs/small/ctl" 'mmap heap 6M'
put "$M/sim/procs/small/ctl" 'write heap'
put "$M/sim/procs/big/ctl" 'mmap heap 16M'
put "$M/sim/procs/big/ctl" 'write heap'

# processes of the host with the numbers of the simulated ones: as many as there are
real=()
for pid in "$small" "$big" 1; do
	[ ! -e "/proc/$pid" ] || real+=("$pid:$(cut -d' ' -f22 "/proc/$pid/stat")")
done

# a report after each look at the memory that is no reason to end somebody
looks() {
	grep -c '^mem avail:' "$T/earlyoom"
}
has_looked() {
	[ "$(looks)" -ge "$1" ]
}
timeout 100 "$MMANFS" exec "$M" -- earlyoom -r 0.1 -m 30,10 -s 100,100 >"$T/earlyoom" 2>&1 &
watcher=$!
ok 'earlyoom watches' wait_until 60 has_looked 3
ok 'with enough memory it ends nobody' test -e "$M/proc/$big"
put "$M/sim/procs/big/ctl" 'mmap more 16M'
put "$M/sim/procs/big/ctl" 'write more'
ok 'under pressure it ends the process that it chose' wait_until 60 test ! -e "$M/proc/$big"
ok 'the other one lives' test -e "$M/proc/$small"
like "$(cat "$M/sim/procs/big/status")" 'signal (15|9)' 'it was the signal that ended it'
like "$(cat "$T/earlyoom")" "sending SIGTERM to process $big .* \"big\"" 'and earlyoom says whom it meant'
kill "$watcher"
wait "$watcher" 2>"$T/err"

is "$(field "$M/proc/vmstat" oom_kill)" 0 "the simulated kernel's own killer was not needed"
for entry in "${real[@]}"; do
	is "$(cut -d' ' -f22 "/proc/${entry%%:*}/stat")" "${entry#*:}" "the host's process ${entry%%:*} lives on"
done

done_testing
