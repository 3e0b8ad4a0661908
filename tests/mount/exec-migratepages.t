#!/bin/bash
# migratepages and numastat, unmodified: a simulated process moves to another node, and nobody else does.
# shellcheck disable=SC2119 # no arguments are meant
. "$(dirname "$0")/lib.sh"

command -v migratepages >"$T/which" 2>&1 || skip_all 'no migratepages here'
mount_machine --machine two-node
put "$M/sim/clock" pause
moves=$(new_process moves 8M)
stays=$(new_process stays 8M)
# on NODE PID: its own pages that are there
on() {
	grep anon= "$M/proc/$2/numa_maps" | tr ' ' '\n' | awk -F = -v node="N$1" '$1 == node { n += $2 } END { print n + 0 }'
}
all=$(on 0 "$moves")
before="$(on 0 "$stays") $(on 1 "$stays")"
cmp_num "$all" '>=' 2048 'a process has its pages on node 0'
ok 'migratepages moves it' inside migratepages "$moves" 0 1
is "$(on 0 "$moves") $(on 1 "$moves")" "0 $all" 'to node 1, with all that it has'
is "$(inside numastat -p "$moves" | awk '$1 == "Total" { print $2, $3 == $4 }')" '0.00 1' 'which numastat finds there'
is "$(on 0 "$stays") $(on 1 "$stays")" "$before" 'the other process keeps its pages where they were'
not_ok 'nobody of that number: an error' inside migratepages $((stays + 5000)) 0 1
like "$(inside migratepages $((stays + 5000)) 0 1 2>&1)" 'No such process' 'ESRCH'

done_testing
