#!/bin/bash
# Signals inside `mmanfs exec` reach simulated processes and own children, and nobody else.
# shellcheck disable=SC2016,SC2119,SC2317 # other shells expand it; no arguments are meant; called by name
. "$(dirname "$0")/lib.sh"

mount_machine
put "$M/sim/clock" pause

# --- simulated processes ---

pid=$(new_process victim)
ok 'kill -0 of a simulated process' inside kill -0 "$pid"
ok 'the shell asks no other way' inside bash -c "kill -0 $pid"
ok 'it is still there' test -d "$M/proc/$pid"
ok 'kill -9 of it' inside kill -9 "$pid"
not_ok 'and it is gone' test -d "$M/proc/$pid"
is "$(cat "$M/sim/procs/victim/status")" 'killed by signal 9' 'of that signal'
like "$(inside kill -0 "$pid" 2>&1)" 'No such process' 'kill of a number that nobody has any more'
rmdir "$M/sim/procs/victim"

pid=$(new_process named)
ok 'pkill finds it by name' inside pkill -TERM -x named
is "$(cat "$M/sim/procs/named/status")" 'killed by signal 15' 'and ends it'
rmdir "$M/sim/procs/named"

ok 'init is there' inside kill -0 1
ok 'and ignores what it has no handler for' inside kill -9 1
ok 'so that it is still there' test -d "$M/proc/1"

pid=$(new_process user)
put "$M/sim/procs/user/ctl" 'setuid 1000'
if [ "$(id -u)" = 0 ]; then
	chmod 711 "$T"
	like "$(inside setpriv --reuid 1001 --clear-groups "$(command -v kill)" -9 "$pid" 2>&1)" \
		'Permission denied|not permitted' 'another user is not let near'
fi
ok 'it lives' test -d "$M/proc/$pid"
ok 'root may' inside kill -9 "$pid"
rmdir "$M/sim/procs/user"

# --- everybody ---

a=$(new_process a)
b=$(new_process b)
is "$(inside bash -c 'sleep 60 & kill -TERM -1; wait $!; echo $?')" 143 'kill(-1) reaches own children'
not_ok 'and simulated processes' test -d "$M/proc/$a"
not_ok 'all of them' test -d "$M/proc/$b"
ok 'but init' test -d "$M/proc/1"
rmdir "$M/sim/procs/a" "$M/sim/procs/b"

# --- real processes ---

is "$(inside bash -c 'sleep 60 & kill $!; wait $!; echo $?')" 143 'an own child gets its signal'
first=$(inside bash -c 'echo $$')
pid_max=$(cat /proc/sys/kernel/pid_max)
cmp_num "$first" '>=' $((pid_max > 4040000 ? 4000000 : pid_max - pid_max / 4)) 'own processes have high numbers'

sleep 600 &
real=$!
like "$(inside kill -9 "$real" 2>&1)" 'No such process' 'a real process outside is out of reach'
ok 'and lives' kill -0 "$real"

# The case that matters: a simulated process that has the number of a real one. The real one is in a
# PID namespace of the test, where it can have any number.
pid=$(new_process twin)
same_number() {
	unshare --pid --fork --mount-proc bash -s "$pid" "$M" "$MMANFS" <<-'END'
		pid=$1 M=$2 MMANFS=$3
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
			sleep 600 &
			[ $! != "$pid" ] || break
			kill $!
		done
		[ $! = "$pid" ] || { echo "no real process $pid"; exit; }
		timeout 60 "$MMANFS" exec "$M" -- bash -c "kill -9 $pid" || echo 'kill failed'
		sleep 0.1
		kill -0 "$pid" && echo 'the real one lives'
		kill "$pid"
	END
}
if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
	is "$(same_number)" 'the real one lives' 'kill of a number that both a real and a simulated process have'
	is "$(cat "$M/sim/procs/twin/status")" 'killed by signal 9' 'hits the simulated one'
else
	skip 2 'only root chooses a process number, and not in a chroot'
fi
kill "$real"

# --- other calls ---

pid=$(new_process other)
like "$(inside prlimit --nofile --pid "$pid" 2>&1)" 'NOFILE .* 1024 4096' 'prlimit of a simulated process'
like "$(inside renice 5 "$pid" 2>&1)" 'new priority 5' 'renice of it'
like "$(inside taskset -p "$pid" 2>&1)" "current affinity mask: ff" 'taskset of it'
like "$(inside taskset -p 1 2>&1)" 'current affinity mask: ff' 'taskset of its init'
ok 'taskset of oneself' inside bash -c 'taskset -p $$'
like "$(inside chrt -p "$pid" 2>&1)" SCHED_OTHER 'chrt of a simulated process'
like "$(inside ionice -p "$pid" 2>&1)" 'none: prio 0' 'ionice of it'

done_testing
