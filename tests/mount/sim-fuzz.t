#!/bin/bash
# 10,000 random writes to random files of the mounted tree from 8 threads: the daemon lives, answers, and
# is whole.
# timeout: 240
. "$(dirname "$0")/lib.sh"

for machine in tiny two-node; do
	J=$T/journal-$machine
	mount_machine --machine "$machine" --journal "$J"
	daemon=$(pids_of "$M")
	mkdir "$M/sim/procs/p0" "$M/sim/procs/p1" "$M/sim/procs/p2" "$M/sim/procs/p3"
	head -c 100000 /dev/zero >"$M/sim/disk/data"
	# the ctl files ten times over: they are few, and most can go wrong there
	(cd "$M" && find . -type f -perm /222 | cut -c 3-
		for ((i = 0; i < 50; i++)); do
			printf '%s\n' sim/procs/p{0,1,2,3}/ctl sim/ctl sim/clock
		done) >"$T/files"
	cmp_num "$(wc -l <"$T/files")" '>' 500 "$machine: there are files to write to"
	said=$(timeout 100 "$BUILT/tests/mount/scribble" "$M" "$T/files" 10000 "${FUZZ_SEED:-1}" 2>&1)
	is $? 0 "10,000 random writes from 8 threads ($said)"
	like "$said" 'taken [1-9][0-9]{2,} refused [1-9][0-9]{2,}' 'some are taken, some refused'
	is "$(pids_of "$M")" "$daemon" 'the daemon lives'
	like "$(head -c 9 "$M/proc/meminfo")" MemTotal: 'and answers'
	put "$M/sim/clock" pause
	cat "$M/proc/vmstat" "$M/sim/clock" >"$T/shown"
	umount_machine
	"$MMANFS" replay "$J" --print proc/vmstat --print sim/clock >"$T/replayed"
	is $? 0 'its journal replays'
	same_file "$T/shown" "$T/replayed" 'to the same numbers'
done

done_testing
