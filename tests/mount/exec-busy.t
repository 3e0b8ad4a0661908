#!/bin/bash
# A long command of the machine holds up neither a tool inside `mmanfs exec` nor a signal.
# shellcheck disable=SC2016,SC2119,SC2317 # other shells expand it; no arguments are meant; called by name
. "$(dirname "$0")/lib.sh"

mount_machine
inside_seconds=10
pid=$(new_process busy)
bystander=$(new_process bystander)
put "$M/sim/procs/busy/ctl" 'mmap heap 64M'

# Hours, if nobody ends it.
put "$M/sim/procs/busy/ctl" 'access heap uniform 1000000000000 write=50' >"$T/answer" &
busy=$!
has_started() {
	[ "$(field "$M/proc/$pid/status" VmRSS)" -gt 40000 ]
}
still_busy() {
	kill -0 "$busy"
}
ok 'a command that takes hours' wait_until 60 has_started
ok 'a tool works meanwhile' inside free
ok 'kill -0 is answered' inside kill -0 1
ok 'another process can be killed' inside kill -9 "$bystander"
not_ok 'at once' test -d "$M/proc/$bystander"
ok 'the command is running still' still_busy
ok 'kill of the process whose command it is' inside kill -9 "$pid"
wait_until 10 test -s "$T/answer" || kill "$busy"
wait "$busy"
like "$(cat "$T/answer")" 'Interrupted system call' 'ends the command with EINTR'
not_ok 'and the process' test -d "$M/proc/$pid"
is "$(cat "$M/sim/procs/busy/status")" 'killed by signal 9' 'by that signal'

done_testing
