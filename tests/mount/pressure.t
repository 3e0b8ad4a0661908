#!/bin/bash
# Somebody waits for pressure with poll(2) on the mounted file, while the clock is driven by hand, and while
# it follows the host's.
# timeout: 120
. "$(dirname "$0")/lib.sh"

watch=$BUILT/tests/mount/watch
mount_machine --machine laptop
put "$M/sim/clock" pause
mkdir "$M/sim/procs/writer"
ctl=$M/sim/procs/writer/ctl
truncate -s 400M "$M/sim/disk/data"

# stall: some tenths of a second of waiting for the disk
stall() {
	put "$ctl" 'fwrite data 0 100M'
	put "$ctl" 'fsync data'
}

# start_watch FILE TRIGGER TIMES TIMEOUT_MS: in the background; returns when it watches. With a
# fifth argument, that is the time limit of the first of the TIMES.
start_watch() {
	: >"$T/watch"
	"$watch" "$M/proc/pressure/$1" "$2" "$3" "$4" ${5:+"$5"} >"$T/watch" 2>&1 &
	watcher=$!
	wait_until 60 grep -q watching "$T/watch"
}

woken() {
	grep -c '^woken POLLPRI$' "$T/watch"
}

# --- No trigger ---

is "$("$watch" "$M/proc/pressure/io" '' 1 0)" 'woken POLLPRI POLLERR' 'without a trigger there is nothing to wait for'
is "$("$watch" "$M/proc/pressure/io" 'some 1 2' 1 0)" 'write: Invalid argument' 'a trigger that makes no sense is refused'

# --- By hand ---

start_watch io 'some 50000 1000000' 1 60000
is "$(head -1 "$T/watch")" 'watching, and again: Device or resource busy' 'a descriptor has one trigger'
put "$M/sim/clock" 'advance 10s'
is "$(woken)" 0 'nothing stalls: ten virtual seconds go by, and it waits'
stall
put "$M/sim/clock" 'advance 1s'
wait "$watcher"
is $? 0 'more than 50 ms of I/O stall in a second wake it'
is "$(woken)" 1 'with POLLPRI'
cmp_num "$(sed -n 's/^some.*total=//p' "$M/proc/pressure/io")" '>' 50000 'the total says so, too'
is "$(sed -n 's/^some.*total=//p' "$M/proc/pressure/memory")" 0 'memory was not short'

# what came too soon after an event is told when its window is over; then there is nothing new. When the
# second event comes by the host's clock is not known.
start_watch io 'some 50000 1000000' 3 1000 60000
stall
put "$M/sim/clock" 'advance 5s'
wait "$watcher"
like "$(sed 1d "$T/watch" | tr '\n' ' ')" '^woken POLLPRI (woken POLLPRI timeout|timeout woken POLLPRI|timeout timeout) $' 'it is told once in a window'

# not enough
start_watch io 'some 900000 1000000' 1 700
stall
put "$M/sim/clock" 'advance 1s'
wait "$watcher"
is "$(sed 1d "$T/watch")" timeout '900 ms it was not'

# --- Realtime ---

put "$M/sim/clock" realtime
start_watch io 'full 50000 500000' 1 60000
stall
wait "$watcher"
is $? 0 'with a clock that runs it is woken without another command'
is "$(woken)" 1 'with POLLPRI'

# whoever watches leaves when he likes, and nothing is left of him
start_watch io 'some 1 10000000' 1 60000
kill "$watcher"
wait "$watcher" 2>/dev/null
stall
is "$(sed 1d "$T/watch")" '' 'a watcher that was killed saw nothing'

# --- Another machine behind the same file ---

put "$M/sim/clock" pause
start_watch io 'some 1000 1000000' 1 60000
put "$M/sim/ctl" reboot
wait "$watcher"
is $? 0 'a reboot ends the waiting'
is "$(sed 1d "$T/watch")" 'woken POLLPRI POLLERR' 'with POLLERR: what was watched is gone'

done_testing
