#!/bin/bash
# A process's bytes through the mount: dd writes them and reads them back, whatever the machine does with
# the pages meanwhile.
# shellcheck disable=SC2317 # called by name
. "$(dirname "$0")/lib.sh"

# start NAME REGION: its first address, decimal
start() {
	echo $((0x$(awk -F'[- ]' -v r="$2" '$NF == r { print $1 }' "$M/sim/procs/$1/regions")))
}

# poke NAME ADDRESS TEXT
poke() {
	printf '%s' "$3" | dd of="$M/proc/$(cat "$M/sim/procs/$1/pid")/mem" bs=1 seek="$2" conv=notrunc 2>"$T/err"
}

# peek NAME ADDRESS COUNT: zeros as dots
peek() {
	dd if="$M/proc/$(cat "$M/sim/procs/$1/pid")/mem" bs=1 skip="$2" count="$3" 2>"$T/err" | tr '\0' .
}

J=$T/journal
mount_machine --machine tiny --journal "$J"
put "$M/sim/clock" pause
mkdir "$M/sim/procs/a"
put "$M/sim/procs/a/ctl" $'mmap m 4M\nmmap s 64K shared'
m=$(start a m)
s=$(start a s)

ok 'dd writes into a process' poke a $((m + 4094)) hello
is "$(peek a $((m + 4092)) 9)" '..hello..' 'and reads it back, across pages'
ok 'shared memory can be written to' poke a "$s" shared
not_ok 'what is not mapped cannot' poke a 0 x
like "$(cat "$T/err")" 'Input/output error' 'which is EIO'
not_ok 'nor be read' dd if="$M/proc/$(cat "$M/sim/procs/a/pid")/mem" of=/dev/null bs=1 count=1

put "$M/sim/procs/a/ctl" 'fork b'
ok 'the parent writes' poke a $((m + 4094)) HELLO
is "$(peek a $((m + 4094)) 5)" HELLO 'and has what it wrote'
is "$(peek b $((m + 4094)) 5)" hello 'the child has what there was'
ok 'the child writes to shared memory' poke b "$s" SHARED
is "$(peek a "$s" 6)" SHARED 'and the parent sees it'

put "$M/sim/procs/a/ctl" 'write m 1M 1M value=46'
put "$M/sim/procs/a/ctl" 'write m 1M 4 value=65'
is "$(peek a $((m + 1048575)) 8)" '.AAAA...' 'write fills with value='
head -c 300000 /dev/urandom >"$T/random"
dd if="$T/random" of="$M/proc/$(cat "$M/sim/procs/a/pid")/mem" bs=300000 seek=$((m + 2097152 + 77)) \
	oflag=seek_bytes conv=notrunc 2>/dev/null
dd if="$M/proc/$(cat "$M/sim/procs/a/pid")/mem" of="$T/read" bs=300000 skip=$((m + 2097152 + 77)) \
	iflag=skip_bytes,fullblock count=1 2>/dev/null
same_file "$T/random" "$T/read" 'a large write reads back'

# --- Out to swap and back ---

counter() {
	field "$M/proc/vmstat" "$1"
}

put "$M/sim/ctl" 'swapon vdz 512M'
before=$(counter pswpout)
put "$M/sim/procs/a/ctl" swapout
cmp_num "$(counter pswpout)" '>' $((before + 200)) 'the whole process goes to swap'
put "$M/sim/clock" 'advance 1s'
cmp_num "$(field "$M/proc/$(cat "$M/sim/procs/a/pid")/status" VmSwap)" '>' 500 'where its pages are now'
is "$(peek a $((m + 4094)) 5)" HELLO 'its bytes come back'
is "$(peek b $((m + 4094)) 5)" hello 'so do those of the child'
is "$(peek b "$s" 6)" SHARED 'and shared memory'
ok 'a page that came back is written to' poke a $((m + 4094)) again
put "$M/sim/procs/a/ctl" swapout
put "$M/sim/clock" 'advance 1s'
is "$(peek a $((m + 4094)) 5)" again 'goes out once more, and has the new bytes'
put "$M/sim/procs/a/ctl" swapout
put "$M/sim/clock" 'advance 1s'
put "$M/sim/ctl" 'swapoff vdz'
is "$(field "$M/proc/meminfo" SwapTotal)" 0 'swapoff reads all of it back'
is "$(peek a $((m + 4092)) 9)" '..again..' 'with its bytes'
dd if="$M/proc/$(cat "$M/sim/procs/a/pid")/mem" of="$T/read" bs=300000 skip=$((m + 2097152 + 77)) \
	iflag=skip_bytes,fullblock count=1 2>/dev/null
same_file "$T/random" "$T/read" 'each of a large write'

put "$M/sim/ctl" 'swapon vdz 512M'
mkdir "$M/sim/procs/hog"
put "$M/sim/procs/hog/ctl" $'mmap h 200M\nwrite h\nwrite h'
is "$(cat "$M/sim/procs/hog/status")" sleeping 'another process takes more memory than there is'
cmp_num "$(field "$M/proc/$(cat "$M/sim/procs/a/pid")/status" VmSwap)" '>' 500 'reclaim takes it from this one'
is "$(peek a $((m + 4092)) 9)" '..again..' 'whose bytes are all there'
is "$(peek a $((m + 1048575)) 8)" '.AAAA...' 'filled or written'
rmdir "$M/sim/procs/hog"

exec 5<"$M/proc/$(cat "$M/sim/procs/b/pid")/mem"
rmdir "$M/sim/procs/b"
is "$(dd bs=1 count=1 <&5 2>"$T/err" | wc -c)" 0 'a descriptor of a process that has ended gives nothing'
unlike "$(cat "$T/err")" rror 'and no error'
exec 5<&-
is "$(peek a $((m + 4094)) 5)" again 'the other one keeps its bytes'
cp "$M/proc/vmstat" "$T/before"
umount_machine
ok 'the journal replays' "$MMANFS" replay "$J"
"$MMANFS" replay "$J" --print proc/vmstat >"$T/after"
same_file "$T/before" "$T/after" 'to the same machine, reads of memory included'
done_testing
