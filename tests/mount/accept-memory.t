#!/bin/bash
# Memory as a shell sees it: faults, stacks, bad accesses, counters that move by what was done.
. "$(dirname "$0")/lib.sh"

mount_machine --machine one-node
put "$M/sim/clock" pause
put "$M/sys/kernel/mm/transparent_hugepage/enabled" never
vmstat=$M/proc/vmstat
mkdir "$M/sim/procs/a"
a=$M/sim/procs/a/ctl
pid=$(cat "$M/sim/procs/a/pid")

# --- Populating ---

put "$a" 'mmap high 4M'
before=$(field "$vmstat" pgfault)
put "$a" 'mmap low 1M populate'
is $(($(field "$vmstat" pgfault) - before)) 256 \
	'MAP_POPULATE stops at its own end, also when it became one with the mapping above'

# --- Stacks ---

size() { awk '$6 == "[stack]" { split($1, a, "-"); print a[2], a[1] }' "$M/proc/$pid/maps"; }
read -r _ start < <(size)
accepted "$a" 'write stack -400K 4K' 'a store 400 KiB below the stack'
read -r _ grown < <(size)
is $((16#$start - 16#$grown)) 409600 'grows it down to there'
accepted "$a" 'mmap thread 128K growsdown addr=0x20000000' 'a stack of its own'
accepted "$a" 'write thread -16K' 'grows as well'
like "$(cat "$M/proc/$pid/maps")" '^1fffc000-20020000 rw-p' 'by as much'
refused_ctl EINVAL "$a" 'write thread 0 1M' 'what lies behind a region is a mistake of the caller'
refused_ctl EINVAL "$a" 'read thread -1T' 'and so is what lies below address 0'
refused_ctl EINTR "$a" 'write high -64M 4K' 'a store where nothing is'
is "$(cat "$M/sim/procs/a/status")" 'killed by signal 11' 'kills with SIGSEGV'

# --- Counters ---

before=$(field "$vmstat" drop_pagecache)
put "$M/proc/sys/vm/drop_caches" 3
is $(($(field "$vmstat" drop_pagecache) - before)) 1 'one drop of caches counts once'

refused_ctl ENOMEM "$M/sim/ctl" 'kmalloc big 5M' 'a device gets no more than the largest block'
like "$(cat "$M/sim/ctl")" 'at most 4194304 bytes' 'which the answer says'

done_testing
