#!/bin/bash
# Everything at once on a mounted machine (soak.c): readers of all kinds, writers, births and deaths, a file that is
# kept, the clock, signals, killed children. The daemon lives, no call hangs, no byte is wrong, the machine is
# sound, its journal replays. SOAK_SECONDS and SOAK_SEED in the environment choose another run (make soak).
# timeout: 200
. "$(dirname "$0")/lib.sh"

: "${SOAK_SECONDS:=4}" "${SOAK_SEED:=1}"

soak() {
	local machine=$1 journal=$T/journal-$1${2:-} daemon said
	mount_machine --machine "$machine" --journal "$journal"
	daemon=$(pids_of "$M")
	mkdir "$M/sim/procs/p0" "$M/sim/procs/p1" "$M/sim/procs/p2" "$M/sim/procs/p3"
	said=$(timeout -k 5 $((SOAK_SECONDS + 150)) "$BUILT/tests/mount/soak" "$M" "$SOAK_SECONDS" "$SOAK_SEED" ${2:+"$2"} 2>&1)
	is $? 0 "$machine${2:+, with $2}: all is read, written, interrupted and compared ($said)"
	is "$(pids_of "$M")" "$daemon" 'the daemon lives'
	like "$(head -c 9 "$M/proc/meminfo")" MemTotal: 'and answers'
	put "$M/sim/clock" pause
	cat "$M/proc/vmstat" "$M/proc/zoneinfo" "$M/sim/clock" >"$T/shown"
	umount_machine
	"$MMANFS" replay "$journal" --print proc/vmstat --print proc/zoneinfo --print sim/clock >"$T/replayed"
	is $? 0 'its journal replays'
	same_file "$T/shown" "$T/replayed" 'to the same numbers'
}

soak tiny
soak two-node travel

done_testing
