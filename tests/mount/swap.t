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

# --- A partition is a disk ---

# column NAME N: a column of its line in proc/diskstats
column() {
	awk -v name="$1" -v n="$2" '$3 == name { print $n }' "$M/proc/diskstats"
}

is "$(ls "$M/sys/block")" vda 'one disk'
blocks=$(awk '$4 == "vda" { print $3 }' "$M/proc/partitions")
put "$M/sim/ctl" 'swapon vdb 64M'
put "$M/sim/ctl" 'swapon mapper/s 32M'
is "$(cd "$M/sys/block" && echo *)" 'mapper!s vda vdb' 'sys/block: a disk for each partition'
is "$(readlink "$M/sys/class/block/vdb")" '../../devices/pci0000:00/0000:00:03.0/virtio1/block/vdb' 'sys/class/block'
is "$(cat "$M/sys/class/block/vdb/"{dev,size,ro,removable,diskseq} | xargs)" '254:16 131072 0 0 2' 'number, sectors, kind'
is "$(cd "$M/sys/block/vdb/device" && pwd -P)" "$M/sys/devices/pci0000:00/0000:00:03.0/virtio1" 'its device'
is "$(cd "$M/sys/block/vdb/bdi" && pwd -P)" "$M/sys/devices/virtual/bdi/254:16" 'its bdi'
is "$(tail -n +3 "$M/proc/partitions" | xargs)" "254 0 $((blocks - 98304)) vda 254 16 65536 vdb 254 32 32768 mapper/s" 	'proc/partitions'
before=$(column vda 10)
put "$M/sim/procs/a/ctl" 'write a'
put "$M/sim/procs/a/ctl" 'swapout'
cmp_num "$(column vdb 10)" '>=' 16384 'what is swapped out is written to it'
is "$(column vda 10)" "$before" 'and to no other'
is "$(xargs <"$M/sys/block/vdb/stat")" "$(sed -n 's/.*vdb //p' "$M/proc/diskstats")" 'stat says the same as proc/diskstats'
is "$(awk '$NF == "virtio1-req.0" { print $1, $2, $(NF - 2), $(NF - 1) }' "$M/proc/interrupts")" \
	"27: $(($(column vdb 4) + $(column vdb 8))) PCI-MSI 49153-edge" 'each request was an interrupt of its own'
is "$(column vdb 7) $(column 'mapper/s' 10)" '0 0' 'nothing was read, nor written elsewhere'
put "$M/sim/ctl" 'swapoff vdb'
is "$(cd "$M/sys/block" && echo *)" 'mapper!s vda' 'off: no disk'
ok 'nor what leads to it' test ! -e "$M/sys/devices/pci0000:00/0000:00:03.0"
put "$M/sim/ctl" 'swapoff mapper/s'

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
