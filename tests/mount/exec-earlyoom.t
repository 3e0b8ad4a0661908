#!/bin/bash
# earlyoom as Debian has it, not dry: it sees the pressure of the simulated machine, and the process that it ends is a
# simulated one. Whatever has the same number on the host lives on.
# shellcheck disable=SC2119,SC2317 # no arguments are meant; called by name
. "$(dirname "$0")/lib.sh"

command -v earlyoom >"$T/which" 2>&1 || skip_all 'no earlyoom here'
mount_machine --machine tiny
. "$(dirname "$0")/oom-daemon.sh"

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
ends_big "$watcher" 22M
like "$(cat "$T/earlyoom")" "sending SIGTERM to process $big .* \"big\"" 'and earlyoom says whom it meant'
for entry in "${real[@]}"; do
	is "$(cut -d' ' -f22 "/proc/${entry%%:*}/stat")" "${entry#*:}" "the host's process ${entry%%:*} lives on"
done

done_testing
