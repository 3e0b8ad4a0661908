#!/bin/bash
# Memory in pieces, as a user sees it: fragmented, shown, compacted by hand, by a node, by who needs it, in the
# background; what is refused, and what a replay makes of it.
. "$(dirname "$0")/lib.sh"

mount_machine --machine two-node --journal "$T/journal"
put "$M/sim/clock" pause
put "$M/proc/sys/vm/compaction_proactiveness" 0

# huge NODE ZONE: free blocks of 2 MiB and more
huge() {
	awk -v node="$1," -v zone="$2" '$2 == node && $4 == zone { print $14 + 2 * $15 }' "$M/proc/buddyinfo"
}
unusable() {
	awk -v node="$1," -v zone="$2" '$2 == node && $4 == zone { sub(/\./, "", $14); print $14 + 0 }' \
		"$M/sys/kernel/debug/extfrag/unusable_index"
}
count() {
	field "$M/proc/vmstat" "$1"
}

# --- fragment ---

whole=$(huge 1 DMA32)
accepted "$M/sim/ctl" 'fragment 1 DMA32 0.5' 'a zone is fragmented to 0.5'
like "$(cat "$M/sim/ctl")" '^fragment: [0-9]+ pages held, unusable index 0\.5[0-9]*$' 'ctl says how far it came'
cmp_num "$(unusable 1 DMA32)" '>=' 500 'the unusable index agrees'
cmp_num "$(huge 1 DMA32)" '<' "$((whole / 2 + 20))" 'half of the large blocks are gone'
accepted "$M/sim/ctl" 'fragment 1 DMA32 1' 'once more, all of it'
is "$(huge 1 DMA32)" 0 'no block of 2 MiB is left'
like "$(sed -n 2p "$M/sim/zones/1.DMA32/map")" '^[0-9a-f]{8} m{64}$' 'the map shows pageblocks partly used'
cmp_num "$(huge 0 DMA32)" '>' 100 'the other node is as it was'
for wrong in 'fragment 1 DMA32' 'fragment 1 DMA32 2' 'fragment 1 DMA32 -1' 'fragment 1 DMA32 0,5' 'fragment 1 DMA32 0.5 fast'; do
	refused_ctl EINVAL "$M/sim/ctl" "$wrong" "'$wrong' is refused"
done
refused_ctl ENODEV "$M/sim/ctl" 'fragment 7 DMA32 0.5' 'so is a node that there is not'
refused_ctl ENODEV "$M/sim/ctl" 'fragment 1 Movable 0.5' 'and a zone without memory'
is "$(huge 1 DMA32)" 0 'which changes nothing'

# --- by hand ---

moved=$(count pgmigrate_success)
accepted "$M/sys/devices/system/node/node0/compact" 1 'the other node is compacted'
is "$(huge 1 DMA32)" 0 'which does not help this one'
accepted "$M/sys/devices/system/node/node1/compact" 1 'then this one'
cmp_num "$(huge 1 DMA32)" '>' "$((whole / 3))" 'large blocks are back'
cmp_num "$(($(count pgmigrate_success) - moved))" '>' 40000 'because pages were moved'
like "$(cat "$M/sim/explain")" 'somebody, by hand, compacted zone DMA32 of node 1' 'sim/explain tells of it'
like "$(sed -n 2p "$M/sim/zones/1.DMA32/map")" '^[0-9a-f]{8} \.{64}$' 'the lower part of the zone is free'
accepted "$M/sim/ctl" 'fragment 1 DMA32 1' 'fragmented again'
accepted "$M/proc/sys/vm/compact_memory" abc 'any write compacts all nodes'
cmp_num "$(huge 1 DMA32)" '>' "$((whole / 3))" 'so that they are back again'
not_ok 'compact_memory cannot be read' cat "$M/proc/sys/vm/compact_memory"

# --- by who needs it, and in the background ---

put "$M/sim/ctl" 'fragment 1 DMA32 1'
put "$M/sim/clock" 'advance 2s'
put "$M/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages" 8
# a run that met the hints of those before makes kswapd forget them
put "$M/sim/clock" 'advance 2s'
accepted "$M/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages" 8 'huge pages are asked for'
is "$(cat "$M/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages")" 8 'and got'
cmp_num "$(count compact_stall)" '>' 0 'somebody stood still for them'
cmp_num "$(count compact_success)" '>' 0 'with success'
put "$M/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages" 0

put "$M/sim/ctl" 'fragment 1 DMA32 1'
refused EINVAL "$M/proc/sys/vm/compaction_proactiveness" 101 'proactiveness is a percentage'
accepted "$M/proc/sys/vm/compaction_proactiveness" 60 'kcompactd is to be eager'
put "$M/sim/clock" 'advance 3s'
cmp_num "$(unusable 1 DMA32)" '<' 450 'it has been, after three seconds'
cmp_num "$(unusable 1 DMA32)" '>' 300 'and has left it at that'
like "$(grep -c kcompactd "$M"/proc/[0-9]*/comm | grep -c ':1$')" '^2$' 'there is a kcompactd for each node'
put "$M/proc/sys/vm/compaction_proactiveness" 0

# --- what cannot be moved ---

put "$M/sim/ctl" 'fragment 1 DMA32 1 unmovable'
slab=$(field "$M/proc/meminfo" SUnreclaim)
put "$M/proc/sys/vm/compact_memory" 1
is "$(huge 1 DMA32)" 0 'unmovable pages stay where they are'
put "$M/sim/ctl" 'fragment 1 DMA32 0'
cmp_num "$(field "$M/proc/meminfo" SUnreclaim)" '<' "$((slab - 300000))" 'INDEX 0 gives them back'
cmp_num "$(huge 1 DMA32)" '>' "$((whole - 10))" 'and everything is whole again'

cat "$M/proc/buddyinfo" "$M/proc/vmstat" "$M/sim/explain" >"$T/before"
umount_machine
"$MMANFS" replay "$T/journal" --print proc/buddyinfo --print proc/vmstat --print sim/explain >"$T/after" 2>"$T/errors"
is $? 0 'the journal is replayed'
same_file "$T/before" "$T/after" 'to the byte'
done_testing
