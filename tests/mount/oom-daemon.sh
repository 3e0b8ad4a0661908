# shellcheck shell=bash
# Two processes for a daemon of user space that ends one before memory runs out. Sourced after lib.sh, with a machine
# mounted.

small=$(new_process small 6M)
big=$(new_process big 10M)

# ends_big DAEMON SIZE: the big one wants that much more, and the daemon, told by its PID, ends it. So ends the daemon.
ends_big() {
	ok 'with enough memory it ends nobody' test -e "$M/proc/$big"
	put "$M/sim/procs/big/ctl" "mmap more $2"
	put "$M/sim/procs/big/ctl" 'write more'
	ok 'under pressure it ends the process that it chose' wait_until 60 test ! -e "$M/proc/$big"
	ok 'the other one lives' test -e "$M/proc/$small"
	like "$(cat "$M/sim/procs/big/status")" 'signal (15|9)$' 'it was the signal that ended it'
	kill "$1"
	wait "$1" 2>"$T/err"
	is "$(field "$M/proc/vmstat" oom_kill)" 0 "the simulated kernel's own killer was not needed"
}
