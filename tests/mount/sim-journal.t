#!/bin/bash
# The journal on a real mount: a machine goes on where it was after kill -9, and replay shows the same.
# timeout: 180
. "$(dirname "$0")/lib.sh"

# every readable text file, each line with its file's name; streams, memory itself and what is new with each
# reading left out
dump() {
	(cd "$M" && find proc sys sim -name disk -prune -o -type f -perm /444 ! -name kmsg ! -path sim/events \
		! -name 'kpage*' ! -name pagemap ! -name mem ! -name bitmap ! -name kcore \
		! -path proc/sys/kernel/random/uuid -print0 |
		LC_ALL=C sort -z | xargs -0 grep -aHs '')
}

kill_daemon() {
	kill -KILL "$(pids_of "$M")"
	wait_until 10 no_daemon "$M"
}

J=$T/journal
mount_machine --machine tiny --journal "$J"
put "$M/sim/clock" pause
mkdir "$M/sim/procs/a" "$M/sim/procs/b"
put "$M/sim/procs/a/ctl" $'mmap m 8M\nwrite m\nmmap r 1M prot=r'
put "$M/sim/procs/b/ctl" $'mmap s 4M shared\nload s zipf:0.8 3000 write=40'
put "$M/sim/clock" 'advance 2s'
put "$M/proc/sys/vm/swappiness" 17
put "$M/proc/sys/vm/swappiness" 1000 >/dev/null
put "$M/sim/procs/a/ctl" $'fork c\nwrite m 0 1M'
head -c 300000 /dev/zero | tr '\0' 'x' >"$M/sim/disk/file"
cat "$M/sim/disk/file" >"$T/read"
put "$M/sim/procs/a/ctl" 'mmap f 64K file=file shared'
put "$M/sim/procs/a/ctl" $'write f\nwrite r' >/dev/null
put "$M/sim/ctl" 'slab dentry +500'
put "$M/sim/clock" 'advance 1s'
is "$(stat -c %s "$T/read")" 300000 'a file of the disk reads back'
like "$(cat "$M/sim/procs/a/status")" 'signal 11' 'a process has ended'
dump >"$T/before"
cmp_num "$(wc -l <"$T/before")" '>' 5000 'the tree has something to say'

kill_daemon
mount_machine -d "$M" --journal "$J" 2>/dev/null
dump >"$T/after"
same_file "$T/before" "$T/after" 'after kill -9 every file reads as before'
cp "$M/sim/disk/file" "$T/again"
same_file "$T/read" "$T/again" 'what was written to the disk is there'

put "$M/sim/procs/b/ctl" 'unload s'
mkdir "$M/sim/procs/late"
put "$M/sim/procs/late/ctl" $'mmap m 2M\nwrite m'
dump >"$T/before"
umount_machine
for file in proc/meminfo proc/vmstat proc/zoneinfo proc/slabinfo sim/journal sim/lru sim/clock \
	sim/procs/late/regions "proc/sys/vm/swappiness"; do
	"$MMANFS" replay "$J" --print "$file" >"$T/replayed"
	is $? 0 "replay prints $file"
	grep -a "^$file:" "$T/before" | cut -d: -f2- >"$T/shown"
	same_file "$T/shown" "$T/replayed" 'as the mount showed it'
done

# --- Killed in the middle of a command ---

J=$T/second
mount_machine --machine tiny --journal "$J"
put "$M/sim/clock" pause
mkdir "$M/sim/procs/a"
put "$M/sim/procs/a/ctl" $'mmap m 8M\nwrite m'
before=$(cat "$M/sim/clock")
bash -c "echo 'access m uniform 2000000' >'$M/sim/procs/a/ctl'" 2>/dev/null &
long=$!
wait_until 10 eval "[ \"\$(cat '$M/sim/clock')\" != '$before' ]"
put "$M/proc/sys/vm/swappiness" 44
kill_daemon
wait "$long"
mount_machine -d "$M" --journal "$J" 2>/dev/null
is "$(cat "$M/proc/sys/vm/swappiness")" 44 'a knob that was written in the middle of the command is set'
put "$M/sim/procs/a/ctl" 'write m'
like "$(cat "$M/sim/procs/a/ctl")" '2048 pages' 'the machine goes on'
umount_machine
ok 'and its journal replays' "$MMANFS" replay "$J"

# --- One at a time ---

mkdir "$T/bad" "$T/kept"
mount_machine --journal "$J"
is "$("$MMANFS" mount --journal "$J" "$T/bad" 2>&1; echo $?)" "mmanfs mount: --journal $J: another machine writes it
75" 'a journal belongs to one machine at a time'
for i in 1 2 3; do
	"$MMANFS" umount "$M" || break
	"$MMANFS" mount --journal "$J" "$M" || break
done 2>"$T/said"
is "$i $(cat "$T/said" "$M/sim/check")" '3 ok' 'the next one waits until the last one is done with it'
for i in 1 2 3 4 5; do
	mount_machine --journal "$T/end$i"
	mkdir "$M/sim/procs/a"
	printf 'mmap m 4G\nwrite m\n' >"$M/sim/procs/a/ctl"
	"$MMANFS" umount "$M"
	tail -n 1 "$T/end$i" | grep -o ' clock$'
done >"$T/ends"
is "$(uniq -c "$T/ends")" '      5  clock' 'a journal is complete when umount returns'
mount_machine --machine tiny --disk "$T/kept"
is "$("$MMANFS" mount --disk "$T/kept" "$T/bad" 2>&1; echo $?)" "mmanfs mount: --disk $T/kept: another machine uses it
75" 'and so does a disk'

# --- Bad journals ---

printf 'hello\n' >"$T/text"
said=$("$MMANFS" mount --journal "$T/text" "$T/bad" 2>&1)
is $? 65 'a file that is no journal is refused'
like "$said" 'text:1: this is not an mmanfs journal' 'with its name, line and reason'
sed '1s/[0-9]*$/99/' "$J" >"$T/newer"
said=$("$MMANFS" replay "$T/newer" 2>&1)
is $? 65 'so is one of another version'
like "$said" 'version 99' 'which is named'
sed 's/^\([0-9]* [0-9.]* \)\([0-9]*\)\( 0:0 mkdir\)/\1999\3/' "$J" >"$T/other"
said=$("$MMANFS" replay "$T/other" 2>&1)
is $? 65 'a journal that does not come to the same state is refused'
like "$said" '/other: line [0-9]+: the machine is at another step' 'with the line'
printf '99 1.000000000 5 0:0 write proc/sys/vm/swa' >>"$J"
ok 'a torn last line is dropped' "$MMANFS" replay "$J"

done_testing
