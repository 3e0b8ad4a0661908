#!/bin/bash
# Memory blocks and DIMMs from a shell: what each write answers, chmem and lsmem, the kernel's own test of
# offlining and onlining a part of all blocks, with errors injected, and two shells at once.
# timeout: 120
# shellcheck disable=SC2016 # another shell expands it
. "$(dirname "$0")/lib.sh"

mount_machine --machine hotplug
put "$M/sim/clock" pause
B=$M/sys/devices/system/memory
D=$M/sim/dimms

state() { cat "$B/memory$1/state"; }
zones() { cat "$B/memory$1/valid_zones"; }
# does FILE TEXT [NAME]
does() { accepted "$1" "$2" "${3:-$2 to ${1#"$M/"}}"; }
total() { field "$M/proc/meminfo" MemTotal; }

# --- one block ---

before=$(total)
is "$(zones 34)" 'Normal Movable' 'an offline block may become either'
does "$B/memory34/state" online_movable
is "$(zones 34)" Movable 'it became movable'
is $(($(total) - before)) 131072 'MemTotal follows'
is "$(awk '/CommitLimit/ { print $2 }' "$M/proc/meminfo")" $(($(total) / 2)) 'CommitLimit follows'
refused EINVAL "$B/memory34/state" online 'online twice'
refused EINVAL "$B/memory34/state" OFFLINE 'capitals'
refused EINVAL "$B/memory34/state" 'offline ' 'a blank'
does "$B/memory34/online" 1
is "$(cat "$M/sys/devices/system/node/has_memory")" 0-1 'node 1 has memory'
refused EINVAL "$B/memory0/state" offline 'the block that holds the kernel lies in two zones'
refused EINVAL "$B/memory7/state" offline 'the last boot block has a hole'
ok 'an absent block is no file' [ ! -e "$B/memory99/state" ]

# --- a block full of pages ---

P=$(new_process p)
put "$M/sim/procs/p/ctl" 'mmap x 300M'
does "$B/memory33/state" online_movable
does "$B/memory35/state" online_movable
put "$M/sim/procs/p/ctl" 'mbind x bind:1'
put "$M/sim/procs/p/ctl" 'write x 0 100M'
put "$M/sim/procs/p/ctl" 'write x 100M 1M value=7'
sum() { dd if="$M/proc/$P/mem" bs=1M skip=$((0x$(awk '$3 == "x" { sub(/-.*/, "", $1); print $1 }' "$M/sim/procs/p/regions") / 1048576)) count=101 2>/dev/null | cksum; }
was=$(sum)
for block in 33 34 35; do
	does "$B/memory$block/state" offline
done
is "$(sum)" "$was" 'no byte was lost'
cmp_num "$(field "$M/proc/vmstat" pgmigrate_success)" '>' 25000 'the pages were moved'
is "$(cat "$M/sys/devices/system/node/has_memory")" 0 'node 1 has no memory any more'
refused EINVAL "$B/memory34/state" offline 'offline twice'

# --- unmovable ---

does "$B/memory36/state" online_kernel
put "$M/sim/ctl" 'kmalloc k 64K node=1'
refused EBUSY "$B/memory36/state" offline 'a block with a page of the kernel'
is "$(state 36)" online 'is online as before'
like "$(timeout 0.5 cat "$M/dev/kmsg")" 'page dumped because: unmovable page' 'the log names the page'
put "$M/sim/ctl" 'kfree k'
does "$B/memory36/state" offline

# --- DIMMs ---

mkdir "$D/a"
refused EINVAL "$D/a/plug" 1 'a DIMM of size 0'
put "$D/a/size" 100M
refused EINVAL "$D/a/plug" 1 'a size that is no multiple of a block'
put "$D/a/size" 256M
put "$D/a/start" 0x100000000
refused EEXIST "$D/a/plug" 1 'where another one lies'
like "$(cat "$D/a/status")" 'is taken: System RAM' 'status says why'
put "$D/a/start" 0x10000000000
refused E2BIG "$D/a/plug" 1 'beyond the highest address'
refused EINVAL "$D/a/node" 64 'a node that cannot be'
put "$D/a/start" any
put "$D/a/node" 3
put "$B/auto_online_blocks" online_movable
does "$D/a/plug" 1
is "$(cat "$M/sys/devices/system/node/online")" 0-1,3 'its node appears'
is "$(zones 40)" Movable 'its blocks go online by policy'
refused EINVAL "$D/a/plug" 1 'plugged in twice'
refused EBUSY "$D/a/size" 128M 'what is plugged in stays what it is'
is "$(rmdir "$D/a" 2>&1 | grep -c busy)" 1 'and cannot be removed'
does "$D/a/plug" 0
is "$(cat "$M/sys/devices/system/node/online")" 0-1 'the node vanishes with it'
ok 'and so do its blocks' [ ! -e "$B/memory40" ]
rmdir "$D/a"
is "$(cat "$M/sim/check")" ok 'all is well'

# --- chmem, lsmem ---

if command -v chmem >/dev/null && command -v lsmem >/dev/null; then
	out=$("$MMANFS" exec "$M" -- lsmem --summary=only 2>&1)
	like "$out" 'Total offline memory: *1G' 'lsmem counts what is offline'
	"$MMANFS" exec "$M" -- chmem -e 256M >"$T/chmem" 2>&1
	is $? 0 'chmem brings memory online'
	is "$(cat "$B"/memory3?/state | grep -c online)" 2 'two blocks of it'
	out=$("$MMANFS" exec "$M" -- lsmem -o RANGE,SIZE,STATE 2>&1)
	like "$out" 'online' 'lsmem shows them'
	"$MMANFS" exec "$M" -- chmem -d 256M >"$T/chmem" 2>&1
	is $? 0 'chmem takes memory offline'
else
	skip 'chmem and lsmem are not there'
fi

# --- the kernel's selftest: a part of the hot-pluggable blocks, then with injected errors ---

hotplug() { # WORD: that state for half of the DIMM's blocks; how many went
	local n=0 block
	for block in 32 34 36 38; do
		echo "$1" 2>/dev/null >"$B/memory$block/state" && n=$((n + 1))
	done
	echo $n
}
for block in 32 33 34 35 36 37 38 39; do
	echo online_movable 2>/dev/null >"$B/memory$block/state"
done
is "$(hotplug offline)" 4 'half of the blocks go offline'
is "$(hotplug online)" 4 'and online again'
put "$M/sim/ctl" 'modprobe memory-notifier-error-inject'
I=$M/sys/kernel/debug/notifier-error-inject/memory/actions
put "$I/MEM_GOING_OFFLINE/error" -1
refused EPERM "$B/memory32/state" offline 'the notifier says no'
is "$(hotplug offline)" 0 'no block goes offline then'
put "$I/MEM_GOING_OFFLINE/error" 0
is "$(hotplug offline)" 4 'they do when it says yes'
put "$I/MEM_GOING_ONLINE/error" -12
refused ENOMEM "$B/memory32/state" online 'nor online'
is "$(hotplug online)" 0 'not one'
put "$I/MEM_GOING_ONLINE/error" 0
is "$(hotplug online)" 4 'but then all'
put "$M/sim/ctl" 'rmmod memory-notifier-error-inject'

# --- a DIMM that cannot go: its blocks come back, by the online policy (as asked of a real kernel) ---

for block in 32 33 34 35 36 37 38 39; do
	echo 0 >"$B/memory$block/online"
done
for block in 32 33 34; do put "$B/memory$block/state" online_movable; done
put "$B/memory35/state" online_kernel
put "$M/sim/ctl" 'kmalloc stays 4M unmovable node=1'
refused EBUSY "$D/dimm0/plug" 0 'kernel memory keeps a DIMM where it is'
is "$(cat "$B"/memory3[2-6]/valid_zones | tr '\n' ' ')" 'Normal Normal Normal Normal Normal Movable ' \
	'blocks that were movable are the zone'"'"'s around them now'
like "$(cat "$D/dimm0/status")" 'memory35 refused' 'status names the block'
put "$M/sim/ctl" 'kfree stays'

# --- two shells at once ---

mkdir "$D/b" "$D/c"
put "$D/b/size" 256M
put "$D/c/size" 256M
plugs() {
	local times=8 word
	while [ $((times--)) -gt 0 ]; do
		for word in 1 0; do
			echo $word >"$D/$1/plug" || echo "$1: $word is refused"
		done
	done
}
# neither is this shell, whose write a child's end would interrupt
plugs b >"$T/b" 2>&1 &
plugs c >"$T/c" 2>&1 &
wait
is "$(cat "$T/b" "$T/c")" '' 'plug and unplug in two shells do not disturb each other'

# --- a pin: until it is interrupted ---

put "$M/sim/procs/p/ctl" 'munmap x'
put "$M/sim/procs/p/ctl" 'mmap y 8M'
for block in 32 33 34 35 36 37 38 39; do
	put "$B/memory$block/state" offline >"$T/said" # or it is so already
done
does "$B/memory32/state" online_kernel
put "$M/sim/procs/p/ctl" 'mbind y bind:1'
put "$M/sim/procs/p/ctl" 'write y'
put "$M/sim/procs/p/ctl" 'gup y 0 16K'
timeout -s INT 1 sh -c 'echo offline >"$1"' sh "$B/memory32/state" 2>/dev/null
isnt $? 0 'a pinned page keeps its block online until the writer gives up'
is "$(state 32)" online 'which changes nothing'
like "$(timeout 0.5 cat "$M/dev/kmsg")" 'page dumped because: migration failure' 'the log complains'
put "$M/sim/procs/p/ctl" 'ungup y'
does "$B/memory32/state" offline

# --- while a load runs ---

for block in 33 34 35; do
	does "$B/memory$block/state" online_movable
done
mkdir "$M/sim/procs/l"
put "$M/sim/procs/l/ctl" 'mmap m 96M'
put "$M/sim/procs/l/ctl" 'mbind m preferred:1'
put "$M/sim/procs/l/ctl" 'write m'
put "$M/sim/procs/l/ctl" 'load m uniform 1000000 write=50'
for block in 33 34 35 33 34 35; do
	put "$M/sim/clock" 'advance 20ms'
	echo offline >"$B/memory$block/state" || diag "memory$block stays"
	is "$(state "$block")" offline "memory$block goes offline under load"
	put "$M/sim/clock" 'advance 20ms'
	echo online_movable >"$B/memory$block/state"
done
is "$(cat "$M/sim/procs/l/status")" running 'the load goes on'
is "$(cat "$M/sim/check")" ok 'and the machine is sound'
put "$M/sim/procs/l/ctl" 'unload m'

# --- all of it again, from the journal ---

cat "$M/sim/journal" >"$T/journal"
for file in proc/meminfo proc/zoneinfo proc/vmstat proc/buddyinfo proc/pagetypeinfo sys/devices/system/memory/memory36/valid_zones; do
	cat "$M/$file" >"$T/live"
	timeout 20 "$MMANFS" replay "$T/journal" --print "$file" >"$T/replayed" 2>"$T/err" || diag "$(cat "$T/err")"
	same_file "$T/live" "$T/replayed" "replay: $file is the same"
done
done_testing
