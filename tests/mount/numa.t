#!/bin/bash
# Memory policies and migration on a mounted tree of two nodes: where pages lie, what the tools say and do.
. "$(dirname "$0")/lib.sh"

mount_machine --machine two-node
put "$M/sim/clock" pause
put "$M/sys/kernel/mm/transparent_hugepage/enabled" never
mkdir "$M/sim/procs/p"
ctl=$M/sim/procs/p/ctl
pid=$(cat "$M/sim/procs/p/pid")
p() { put "$ctl" "$*"; }
# maps ADDRESS: policy and nodes
maps() {
	sed -n "s/^$1 \(.*\) anon=.* active=[0-9]* \(.*\) kernelpagesize_kB=4$/\1 \2/p" "$M/proc/$pid/numa_maps"
}
hits() { awk -v k="$2" '$1 == k { print $2 }' "$M/sys/devices/system/node/node$1/numastat"; }

p sched_setaffinity 0
p mmap a 4M addr=0x10000000
p write a
is "$(maps 10000000)" 'default N0=1024' 'memory comes from the node of the CPU'
p mmap b 4M addr=0x20000000
p mbind b bind:1
before=$(hits 1 other_node)
p write b
is "$(maps 20000000)" 'bind:1 N1=1024' 'or from where the mapping is bound to'
is $(($(hits 1 other_node) - before)) 1024 'which numastat counts as other_node'
p set_mempolicy interleave:0-1
p mmap c 4M addr=0x30000000
before=$(hits 1 interleave_hit)
p write c
is "$(maps 30000000)" 'interleave:0-1 N0=512 N1=512' 'a process interleaves'
is $(($(hits 1 interleave_hit) - before >= 512)) 1 'and numastat says so'
p set_mempolicy default

refused_ctl EINVAL "$ctl" 'mbind a bind:5' 'a node that does not exist'
refused_ctl EINVAL "$ctl" 'mbind a bind' 'no node'
refused_ctl EINVAL "$ctl" 'mbind a default:1' 'a node where there is none'
refused_ctl EIO "$ctl" 'mbind a bind:1 strict' 'strict, and the pages lie elsewhere'
refused_ctl ENODEV "$ctl" 'move_pages a 7' 'pages to a node that does not exist'
is "$(maps 10000000)" 'default N0=1024' 'and nothing has changed'

p move_pages a 1 0 1M
is "$(cat "$ctl")" 'move_pages: 256 pages on node 1' 'a quarter is moved'
is "$(maps 10000000)" 'default N0=768 N1=256' 'and lies there'
p gup a 2M 4K
p migrate_pages 0 1
is "$(cat "$ctl")" 'migrate_pages: 1 pages could not be moved' 'all of it, but what is pinned'
is "$(maps 10000000)" 'default N0=1 N1=1023' 'which stays'
is "$(awk '$1 == "VmPin:" { print $2 }' "$M/proc/$pid/status")" 4 'and is counted in VmPin'
p ungup a

if command -v migratepages >/dev/null && [ "${MMANFS_NO_EXEC:-}" = '' ] && "$MMANFS" exec "$M" -- true 2>/dev/null; then
	timeout -k 2 20 "$MMANFS" exec "$M" -- migratepages "$pid" 1 0
	is $? 0 'migratepages(8) works on a simulated process'
	is "$(maps 10000000)" 'default N0=1024' 'and moves its pages'
	is "$(maps 20000000)" 'bind:1 N0=1024' 'wherever they are bound to'
fi
done_testing
