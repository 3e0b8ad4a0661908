#!/bin/bash
# Mappings of huge pages on a real mount: the pool's counters, SIGBUS, bytes, offline blocks, bad memory, i386.
# timeout: 60
. "$(dirname "$0")/lib.sh"

pool() { awk '/^HugePages_/ { printf "%d ", $2 }' "$M/proc/meminfo"; }
ctl() { put "$M/sim/procs/$1/ctl" "$2"; }
bytes() { dd if="$M/proc/$(cat "$M/sim/procs/$1/pid")/mem" bs=1 skip=$(($2)) count="$3" 2>/dev/null; }
# no ERRNO NAME COMMAND WHAT
no() {
	printf '%s\n' "$3" >"$M/sim/procs/$2/ctl" 2>/dev/null
	like "$(cat "$M/sim/procs/$2/ctl")" ": $1: " "$4"
}
poke() { printf %s "$3" | dd of="$M/proc/$(cat "$M/sim/procs/$1/pid")/mem" bs=1 seek=$(($2)) conv=notrunc 2>/dev/null; }

mount_machine --machine hotplug
put "$M/sim/clock" pause
put "$M/proc/sys/vm/nr_hugepages" 8
mkdir "$M/sim/procs/p"
ctl p 'mmap a 8M hugetlb addr=0x200000000000'
is "$(pool)" '8 8 4 0 ' 'mmap reserves'
no ENOMEM p 'mmap b 10M hugetlb' 'more than is left'
no EINVAL p 'mmap b 1G hugetlb=1G' 'a size that the machine has not'
no EINVAL p 'munmap a 0 1M' 'half a huge page'
ctl p 'write a 0 4M'
is "$(pool)" '8 6 2 0 ' 'faults take pages'
poke p 0x2000001ffffc 'across a border'
is "$(bytes p 0x2000001ffffc 15)" 'across a border' 'bytes cross from one huge page to the next'
ctl p 'fork q'
poke q 0x200000200000 child
is "$(bytes p 0x2000001ffffc 15)" 'across a border' "the child's are its own"
is "$(bytes q 0x2000001ffffc 15)" 'acrochildborder' 'and it has both'
ctl q exit
no EINVAL p 'mremap a 16M' 'a mapping of huge pages does not grow'
ctl p 'mremap a 8M addr=0x200040000000'
is "$(bytes p 0x2000401ffffc 15)" 'across a border' 'it moves with its bytes'
ctl p exit

put "$M/sys/devices/system/memory/memory36/state" online_movable
put "$M/proc/sys/vm/nr_hugepages" 0
put "$M/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages" 4
mkdir "$M/sim/procs/n"
ctl n 'set_mempolicy preferred:1'
ctl n 'mmap a 4M hugetlb noreserve addr=0x200000000000'
ctl n 'write a value=7'
like "$(grep huge "$M/proc/$(cat "$M/sim/procs/n/pid")/numa_maps")" 'N1=2' 'two pages on the DIMM'
put "$M/sys/devices/system/memory/memory36/state" offline
like "$(grep huge "$M/proc/$(cat "$M/sim/procs/n/pid")/numa_maps")" 'N0=2' 'its block goes offline: they move'
is "$(bytes n 0x200000300000 1 | od -An -tu1 | tr -d ' ')" 7 'with their bytes'
ctl n 'madvise a hwpoison 0 4K'
ctl n 'read a 2M 2M'
no EINTR n 'read a 0 4K' 'a bad page ends who touches it'
like "$(cat "$M/sim/procs/n/status")" 'signal 7' 'with SIGBUS'

printf '[machine]\narch = i386\nmemory = 1G\n' >"$T/two"
mount_machine --machine "$T/two"
put "$M/proc/sys/vm/nr_hugepages" 3
mkdir "$M/sim/procs/p"
no EINVAL p 'mmap a 4M hugetlb=2M' 'i386 without pae has none of 2 MiB'
ctl p 'mmap a 5M hugetlb'
is "$(pool)" '3 3 2 0 ' 'but of 4 MiB'
ctl p 'write a'
ctl p 'fork q'
ctl q 'write a 4M 4K'
is "$(pool)" '3 0 0 0 ' 'with a copy on write'
put "$M/sim/procs/p/translate" a+3M
like "$(cat "$M/sim/procs/p/translate")" '4 MiB at' 'a walk of one level'
ctl p 'munmap a 0 8M'
ctl q exit
is "$(pool)" '3 3 0 0 ' 'all are back'
done_testing
