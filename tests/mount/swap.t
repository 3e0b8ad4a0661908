#!/bin/bash
# A file of the disk as swap: mkswap and swapon as they are, what nobody may do to it meanwhile; and somebody who
# waits with poll(2) for swap areas to come and go.
# shellcheck disable=SC2317 # called by name
. "$(dirname "$0")/lib.sh"

watch=$BUILT/tests/mount/watch
mount_machine --machine one-node
put "$M/sim/clock" pause
D=$M/sim/disk
says() {
	"$@" 2>&1 | sed 's/.*: //'
}

# no ERRNO CTL LINE NAME: the command fails, and its ctl says so
no() {
	not_ok "$4" put "$2" "$3"
	like "$(cat "$2")" "$1" "$4: $1"
}

# --- A file as swap ---

dd if=/dev/zero of="$D/swapfile" bs=1M count=16 status=none
chmod 600 "$D/swapfile"
room=$(stat -f -c %f "$D")
ok 'mkswap' inside mkswap "$D/swapfile"
ok 'swapon' inside swapon --priority 5 "$D/swapfile"
is "$(tail -n 1 "$M/proc/swaps" | xargs)" '/swapfile file 16380 0 5' 'proc/swaps'
is "$(stat -f -c %f "$D")" "$room" 'its room is its own: nothing more is taken'
no EBUSY "$M/sim/ctl" 'swapon swapfile 16M type=file' 'twice'
is "$(says dd if=/dev/zero of="$D/swapfile" bs=4096 count=1 conv=notrunc status=none)" 'Text file busy' 'writing to it'
is "$(says truncate -s 4096 "$D/swapfile")" 'Text file busy' 'cutting it'
is "$(says rm -f "$D/swapfile")" 'Operation not permitted' 'removing it'
is "$(says mv "$D/swapfile" "$D/other")" 'Operation not permitted' 'renaming it'
ok 'reading it' cmp -n 4096 "$D/swapfile" "$D/swapfile"
mkdir "$M/sim/procs/a"
no ETXTBSY "$M/sim/procs/a/ctl" 'mmap m 4K file=swapfile shared' 'a shared mapping that could write to it'
put "$M/sim/procs/a/ctl" $'mmap a 8M\nwrite a\nswapout'
cmp_num "$(tail -n 1 "$M/proc/swaps" | awk '{ print $4 }')" '>=' 8192 'a process goes there'
ok 'swapoff' inside swapoff "$D/swapfile"
ok 'and it is a file again' rm "$D/swapfile"

truncate -s 16M "$D/sparse"
no EINVAL "$M/sim/ctl" 'swapon sparse 16M type=file' 'a file with holes'
like "$(cat "$M/sim/ctl")" 'has holes' 'and why'
mkdir "$D/directory"
no EISDIR "$M/sim/ctl" 'swapon directory 16M type=file' 'a directory'

# --- Names ---

no EINVAL "$M/sim/ctl" 'swapon ../vdb 16M' 'a name that leads elsewhere'
no EINVAL "$M/sim/ctl" 'swapon a//b 16M' 'a name with an empty part'
put "$M/sim/ctl" 'swapon vda 16M'
like "$(cat "$M/proc/swaps")" '/dev/vda .*partition.16380' 'an area may have any name'
put "$M/sim/ctl" 'swapoff vda'

# --- Room ---

size=$(stat -f -c %b "$D") room=$(stat -f -c %f "$D")
put "$M/sim/ctl" 'swapon part 64M'
is "$(stat -f -c %b "$D") $(stat -f -c %f "$D")" "$((size - 16384)) $((room - 16384))" \
	'a partition is taken from the disk, and no part of the file system: df shows no file of its size'
put "$M/sim/ctl" 'swapoff part'
is "$(stat -f -c %b "$D")" "$size" 'until it goes'

# --- Waiting ---

# told NAME LINE: who polls proc/swaps wakes when LINE is written to sim/ctl
told() {
	"$watch" "$M/proc/swaps" '' 1 60000 >"$T/watch" 2>&1 &
	sleep 0.3
	put "$M/sim/ctl" "$2"
	wait $!
	is "$(cat "$T/watch")" 'woken POLLPRI POLLERR' "$1"
}

is "$("$watch" "$M/proc/swaps" '' 1 0)" timeout 'nothing to tell at first'
told 'swapon wakes who polls proc/swaps' 'swapon vdb 64M'
told 'so does swapoff' 'swapoff vdb'

done_testing
