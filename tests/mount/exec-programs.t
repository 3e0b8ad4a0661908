#!/bin/bash
# Programs that are hard on who runs them: without shared libraries, with threads, with vfork, with filters of their own,
# with another's rights, killed half-way; and many at once. None of them gets by the machine or leaves anything behind.
# shellcheck disable=SC2016,SC2119,SC2317 # other shells expand it; no arguments are meant; called by name
. "$(dirname "$0")/lib.sh"

mount_machine --machine tiny
put "$M/sim/clock" pause
pid=$(new_process target)
put "$M/sim/procs/target/ctl" 'mmap heap 1M'
TOTAL=$(field "$M/proc/meminfo" MemTotal)
RELEASE=$(cat "$M/proc/sys/kernel/osrelease")
export TOTAL RELEASE

programs=(dynamic)
# not the one that was built beside the tests: filters of its own and others' rights bear no sanitizer
if ! cc -O1 -pthread -o "$T/dynamic" "$(dirname "$0")/programs.c" 2>"$T/cc"; then
	skip_all "no helper program: $(head -n 1 "$T/cc")"
fi
if cc -O1 -static -pthread -o "$T/static" "$(dirname "$0")/programs.c" 2>"$T/cc"; then
	programs+=(static)
else
	skip 6 "no static program can be made here: $(head -n 1 "$T/cc")"
fi
for program in "${programs[@]}"; do
	for kind in plain threads vfork filter listener alarms; do
		is "$(inside "$T/$program" "$kind" "$pid" 2>&1)" ok "$kind ($program)"
	done
done
ok 'the simulated process lives through it all' test -d "$M/proc/$pid"

# --- another's rights ---

if [ "$(id -u)" = 0 ]; then
	cp "$T/dynamic" "$T/setuid"
	chown 65534 "$T/setuid" && chmod u+s "$T/setuid" && chmod 711 "$T"
	is "$(inside "$T/setuid" ids "$pid")" '0 65534' 'root runs a setuid program with the rights of its owner'
else
	su=$(command -v su)
	if [ -u "${su:-/}" ]; then
		is "$(inside sh -c 'grep NoNewPrivs /proc/self/status')" $'NoNewPrivs:\t1' \
			"an ordinary user's setuid programs lose their privilege"
	else
		skip 1 'no setuid program here'
	fi
fi

# --- killed half-way ---

left_behind() {
	local path
	for path in /proc/[0-9]*/environ; do
		! grep -qzFx "SESSION=$1" "$path" 2>/dev/null || echo "${path%/environ}"
	done
}
nobody_left() {
	[ -z "$(left_behind "$1")" ]
}
before=$(grep -cF "$T" /proc/self/mountinfo)
SESSION=$T.1 "$MMANFS" exec "$M" -- sh -c '"$1" endless "$2" & "$1" endless "$2" & sleep 600 & wait' sh "$T/dynamic" "$pid" >"$T/said" 2>&1 &
session=$!
is_running() {
	[ "$(left_behind "$T.1" | wc -l)" -ge 6 ]
}
ok 'a session with tools in the middle of their work' wait_until 30 is_running
kill -9 "$session"
wait "$session" 2>/dev/null
ok 'is killed, and nobody is left' wait_until 30 nobody_left "$T.1"
is "$(grep -cF "$T" /proc/self/mountinfo)" "$before" 'nor a mount'
is "$(inside "$T/dynamic" plain "$pid")" ok 'the next one finds the machine as it should be'

SESSION=$T.2 "$MMANFS" exec "$M" -- sh -c '"$1" endless "$2" & echo $! >"$3"; wait $!; echo "ended by $(($? - 128))"' \
	sh "$T/dynamic" "$pid" "$T/number" >"$T/said" &
session=$!
ok 'a tool within a session' wait_until 30 test -s "$T/number"
tool=$(left_behind "$T.2" | while read -r path; do
	[ "$(readlink "$path/exe")" != "$T/dynamic" ] || echo "${path#/proc/}"
done)
kill -9 "$tool"
wait "$session" 2>"$T/err"
is "$(cat "$T/said")" 'ended by 9' 'that is killed from outside ends as it would anywhere'
ok 'and nobody is left' wait_until 30 nobody_left "$T.2"

# a tool that waits for a long call of the machine's
put "$M/sim/ctl" 'swapon sda2 64M'
mkdir "$M/sim/procs/filler"
printf 'mmap heap 90M\nwrite heap\nmunmap heap 50M 40M\n' >"$M/sim/procs/filler/ctl"
cmp_num "$(field "$M/proc/$(cat "$M/sim/procs/filler/pid")/status" VmSwap)" '>' 4000 'a process in swap'
for delay in 0.02 0.04 0.06; do
	timeout -s KILL "$delay" "$MMANFS" exec "$M" -- swapoff /dev/sda2 >"$T/said" 2>&1
	is "$(cat "$M/sim/check")" ok "a swapoff that is killed after $delay s leaves the machine whole"
done 2>"$T/said"
! grep -q sda2 "$M/proc/swaps" || inside swapoff /dev/sda2
is "$(grep -c sda2 "$M/proc/swaps")" 0 'and the area can be taken off in the end'

# --- many at once ---

nr=12
for ((i = 0; i < nr; i++)); do
	mkdir "$M/sim/procs/own$i"
	own=$(cat "$M/sim/procs/own$i/pid")
	inside sh -c '"$1" plain "$2" && "$1" vfork "$2" && kill -9 "$3" && ! kill -0 "$3" 2>/dev/null && echo done' \
		sh "$T/dynamic" "$pid" "$own" >"$T/many.$i" 2>&1 &
done
wait
is "$(sort "$T"/many.* | uniq -c | awk '{ print $1, $2 }' | paste -sd ' ')" "$nr done $((2 * nr)) ok" \
	"$nr sessions at once: each has its answers"
ok 'and the bystander lives' test -d "$M/proc/$pid"
is "$(cat "$M"/sim/procs/own*/status | sort -u)" 'killed by signal 9' 'and each its own process'

done_testing
