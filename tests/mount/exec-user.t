#!/bin/bash
# Whoever mounted a machine is root in it, inside `mmanfs exec` too, whoever he is outside.
# shellcheck disable=SC2016,SC2119,SC2317 # other shells expand it; no arguments are meant; called by name
[ "$(id -u)" != 0 ] || exec "$(dirname "$0")/as-user" exec-user.t
. "$(dirname "$0")/lib.sh"

mount_machine
put "$M/sim/clock" pause

is "$(inside id -u)" 0 'whoever mounted the machine is root in it'
is "$(inside cat /proc/version)" "$(cat "$M/proc/version")" '/proc is the tree'
is "$(inside stat -c %u /proc/sys/vm/swappiness)" 0 "root's files are root's"
ok 'and can be written' inside sh -c 'echo 77 >/proc/sys/vm/swappiness'
is "$(cat "$M/proc/sys/vm/swappiness")" 77 'to effect'


mkdir "$M/sim/procs/other"
put "$M/sim/procs/other/ctl" 'setuid 1000'
pid=$(cat "$M/sim/procs/other/pid")
ok "and may signal anybody's process" inside kill -9 "$pid"
is "$(cat "$M/sim/procs/other/status")" 'killed by signal 9' 'to effect'
is "$(inside sh -c 'read -r _ outside _ </proc/self/uid_map; echo "$outside"')" "$(id -u)" \
	'outside of it he is who he was'
ok 'no program gives him more' inside grep -qx 'NoNewPrivs:	1' /proc/self/status
is "$(id -u)" "$(stat -c %u "$M")" 'and to himself, outside, the tree is his'

done_testing
