#!/bin/bash
# Memory pressure from one end to the other, as somebody types it who has just mounted a machine: page cache,
# writeback, LRU lists, reclaim, swap, the OOM killer, PSI and what explains them; then what is refused.
# timeout: 120
. "$(dirname "$0")/lib.sh"

vm() { field "$M/proc/vmstat" "$1"; }
mem() { field "$M/proc/meminfo" "$1"; }
ctl() { put "$M/sim/procs/$1/ctl" "$2" >/dev/null; }
advance() { put "$M/sim/clock" "advance $1"; }
pid_of() { cat "$M/sim/procs/$1/pid"; }
D=
machine() {
	mount_machine "$@"
	D=$M/sim/disk
	put "$M/sim/clock" pause
	echo never >"$M/sys/kernel/mm/transparent_hugepage/enabled"
}
# from the last report on
log() { dd if="$M/dev/kmsg" iflag=nonblock bs=4096 2>/dev/null | sed 's/^[^;]*;//' | awk '/invoked oom-killer/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }'; }
events() { dd if="$M/sim/events" iflag=nonblock bs=64k 2>/dev/null; }

cat >"$T/two" <<-'END'
	[machine]
	cpus = 2
	[node 0]
	memory = 256M
	cpus = 0
	[node 1]
	memory = 256M
	cpus = 1
END

# --- 1. A disk and its page cache ---

mkdir "$T/kept"
machine --machine "$T/two" --disk "$T/kept" --journal "$T/journal"
head -c 8M /dev/urandom >"$T/bytes"
dirtied=$(vm nr_dirtied)
cp "$T/bytes" "$D/file"
cmp_num "$(mem Dirty)" '>=' 8192 '1: what cp wrote is dirty'
cmp_num $(($(vm nr_dirtied) - dirtied)) '>=' 2048 '1: and counted'
cmp_num "$(mem Cached)" '>=' 8192 '1: in the page cache'
out=$(vm pgpgout)
ok '1: sync FILE' sync "$D/file"
cmp_num $(($(vm pgpgout) - out)) '>=' 8192 '1: writes it to the disk'
echo 3 >"$M/proc/sys/vm/drop_caches"
cmp_num "$(mem Cached)" '<' 2000 '1: drop_caches takes it out of memory'
in=$(vm pgpgin)
ok '1: it reads back the same' cmp "$T/bytes" "$D/file"
cmp_num $(($(vm pgpgin) - in)) '>=' 8192 '1: from the disk'
inactive=$(mem 'Inactive(file)') active=$(mem 'Active(file)')
cat "$D/file" >/dev/null
cmp_num $(($(mem 'Active(file)') - active)) '>=' 8000 '1: read twice it is active'
cmp_num $((inactive - $(mem 'Inactive(file)'))) '>=' 8000 '1: and no longer inactive'
echo 3 >"$M/proc/sys/vm/drop_caches"
in=$(vm pgpgin)
dd if="$D/file" of=/dev/null bs=4k count=1 2>/dev/null
cmp_num $(($(vm pgpgin) - in)) '<=' 32 '1: the first page brings its neighbours'
ios=$(awk '$3 == "vda" { print $4 }' "$M/proc/diskstats") in=$(vm pgpgin)
dd if="$D/file" of=/dev/null bs=4k 2>/dev/null
ios=$(($(awk '$3 == "vda" { print $4 }' "$M/proc/diskstats") - ios))
within $((($(vm pgpgin) - in) / ios)) 128 5 '1: a reader gets 128 KiB at a time'
mkdir "$D/dir" && mv "$D/file" "$D/dir/moved" && truncate -s 5000000 "$D/dir/moved"
is "$(head -c 5000000 "$T/bytes" | md5sum)" "$(md5sum <"$D/dir/moved")" '1: renamed and cut short'
cmp_num "$(mem Buffers)" '>' 0 '1: directories are in Buffers'
mkdir "$M/sim/procs/p"
ctl p 'mmap m 1M file=dir/moved'
ctl p 'read m'
cmp_num "$(mem Mapped)" '>=' 1024 '1: mapped'
out=$(vm pgpgout) cached=$(mem Cached)
dd if="$T/bytes" of="$D/direct" bs=1M oflag=direct 2>/dev/null
cmp_num $(($(vm pgpgout) - out)) '>=' 8192 '1: O_DIRECT writes'
cmp_num $(($(mem Cached) - cached)) '<=' 100 '1: past the page cache'
ok '1: and what it wrote is there' cmp "$T/bytes" "$D/direct"
rmdir "$M/sim/procs/p"
cat "$M/proc/vmstat" "$M/proc/diskstats" >"$T/counters"
umount_machine
timeout 60 "$MMANFS" replay "$T/journal" --print proc/vmstat --print proc/diskstats >"$T/replayed" 2>&1
same_file "$T/counters" "$T/replayed" '1: its journal plays to the same counters'
is "$(cd "$T/kept" && find . -type f | sort | paste -sd ' ')" './dir/moved ./direct' '1: --disk keeps the files'

# --- 2. Writeback ---

machine --machine tiny
mkdir "$M/sim/procs/w"
: >"$D/f"
ctl w 'fwrite f 0 1M'
advance 25s
cmp_num "$(mem Dirty)" '>=' 1024 '2: younger than dirty_expire_centisecs: it stays'
advance 15s
cmp_num "$(mem Dirty)" '<' 100 '2: older: the flusher writes it'
echo 0 >"$M/proc/sys/vm/dirty_writeback_centisecs"
ctl w 'fwrite f 0 1M'
advance 300s
cmp_num "$(mem Dirty)" '>=' 1024 '2: dirty_writeback_centisecs 0: no flusher'
echo 500 >"$M/proc/sys/vm/dirty_writeback_centisecs"
advance 10s
is "$(mem Dirty)" 0 '2: on again, all is written'
advance 60s
echo 8388608 >"$M/proc/sys/vm/dirty_background_bytes"
is "$(cat "$M/proc/sys/vm/dirty_background_ratio")" 0 '2: bytes zero the ratio'
is "$(vm nr_dirty_background_threshold)" 2048 '2: vmstat has the threshold'
echo 16777216 >"$M/proc/sys/vm/dirty_bytes"
is "$(vm nr_dirty_threshold)" 4096 '2: and the other'
events >/dev/null
ctl w 'fwrite f 0 64M'
cmp_num "$(vm nr_dirty)" '<=' 4096 '2: a writer of 64 MiB never gets above the limit'
like "$(events)" 'balance_dirty_pages .*pause=[0-9]' '2: it was made to pause'
echo 20 >"$M/proc/sys/vm/dirty_ratio"
is "$(cat "$M/proc/sys/vm/dirty_bytes")" 0 '2: the ratio zeroes bytes'
echo 10 >"$M/proc/sys/vm/dirty_background_ratio"
within "$(vm nr_dirty_threshold)" $((2 * $(vm nr_dirty_background_threshold))) 1 '2: 20 and 10 percent of the same memory'
put "$M/sim/ctl" sync
is "$(mem Dirty) $(mem Writeback)" '0 0' '2: sync waits until all is written'
ctl w 'mmap m 1M file=f shared'
ctl w 'write m'
is "$(mem Dirty)" 1024 '2: stores to a shared mapping are dirty'
ctl w 'msync m async'
is "$(mem Dirty)" 1024 '2: msync with MS_ASYNC starts nothing'
ctl w 'msync m 0 512K'
is "$(mem Dirty)" 512 '2: msync of a half'
ctl w 'fsync f'
is "$(mem Dirty)" 0 '2: fsync of the rest'
ctl w 'write m 0 4K'
advance 60s
out=$(vm pgpgout)
advance 600s
is "$(vm pgpgout)" "$out" '2: new times of a mapped file wait for twelve hours'
echo 300 >"$M/proc/sys/vm/dirtytime_expire_seconds"
advance 60s
cmp_num "$(vm pgpgout)" '>' "$out" '2: or for dirtytime_expire_seconds'
echo 5 >"$M/proc/sys/vm/laptop_mode"
ctl w 'fwrite f 0 64K'
echo 1 >"$M/proc/sys/vm/drop_caches"
ctl w 'fread f 1M 64K'
advance 4s
cmp_num "$(mem Dirty)" '>' 0 '2: laptop_mode: four seconds after a read nothing yet'
advance 3s
is "$(mem Dirty)" 0 '2: after five all is written, while the disk is awake'
echo 0 >"$M/proc/sys/vm/laptop_mode"

# --- 3. LRU, and 4. reclaim ---

mkdir "$M/sim/procs/hog"
put "$M/sim/ctl" 'swapon vdb 256M'
: >"$D/film"
ctl w 'fwrite film 0 100M'
put "$M/sim/ctl" sync
rmdir "$M/sim/procs/w"
mkdir "$M/sim/procs/w"
stall=$(vm allocstall_movable)$(vm allocstall_normal)$(vm allocstall_dma32)
ctl hog 'mmap m 100M'
ctl hog 'write m'
cmp_num "$(vm pgscan_kswapd)" '>' 0 '4: kswapd is awake'
cmp_num "$(vm pgsteal_kswapd)" '>' 0 '4: and frees pages'
isnt "$(vm allocstall_movable)$(vm allocstall_normal)$(vm allocstall_dma32)" "$stall" '4: the allocator outruns it'
cmp_num "$(vm pgscan_direct)" '>' 0 '4: and reclaims for itself'
cmp_num "$(vm pgrefill)" '>' 0 '3: pages are deactivated to be looked at'
before=$(vm workingset_refault_file)
ctl w 'fread film 0 100M'
ctl w 'fread film 0 100M'
cmp_num "$(vm workingset_refault_file)" '>' "$before" '3: pages that come back are known'
cmp_num "$(vm workingset_nodes)" '>' 0 '3: by the shadows they left'
is "$(cat "$M/sim/reclaim_policy")" 'lru' '4: the policy is 6.1'\''s'
like "$(cat "$M/sim/explain")" 'kswapd0' '8: sim/explain knows why kswapd ran'
refused_ctl ENOMEM "$M/sim/ctl" 'swapoff vdb' '5: swapoff of more than memory takes'
like "$(cat "$M/proc/swaps")" '^/dev/vdb' '5: leaves the area in use'
umount_machine

# used once and used twice: reading a large file once does not take away what is in use
machine --machine "$T/two"
mkdir "$M/sim/procs/a"
for f in used once; do : >"$D/$f"; done
ctl a 'fwrite used 0 64M'
ctl a 'fwrite once 0 900M'
put "$M/sim/ctl" sync
echo 1 >"$M/proc/sys/vm/drop_caches"
printf 'fread used 0 64M\nfread used 0 64M\nmmap m 64M file=used prot=r\n' >"$M/sim/procs/a/ctl"
ctl a 'fread once 0 900M'
in=$(vm pgpgin)
ctl a 'fread used 0 64M'
cmp_num $(($(vm pgpgin) - in)) '<' 4096 '3: a file in use stays, whatever is read once beside it'

low=$(awk '$1 == "low" { print $2; exit }' "$M/proc/zoneinfo")
echo $(($(cat "$M/proc/sys/vm/min_free_kbytes") * 2)) >"$M/proc/sys/vm/min_free_kbytes"
cmp_num "$(awk '$1 == "low" { print $2; exit }' "$M/proc/zoneinfo")" '>' "$low" '4: min_free_kbytes moves the watermarks at once'

# share SWAPPINESS: pages swapped out while a program and a file in use want more than there is
share() {
	echo "$1" >"$M/proc/sys/vm/swappiness"
	put "$M/sim/ctl" 'swapon vdb 512M'
	echo 3 >"$M/proc/sys/vm/drop_caches"
	mkdir "$M/sim/procs/s"
	local out
	out=$(vm pswpout)
	printf 'mmap m 200M\nwrite m\nfread once 0 120M\nfread once 0 120M\nmmap n 160M\nwrite n\n' >"$M/sim/procs/s/ctl"
	echo $(($(vm pswpout) - out))
	rmdir "$M/sim/procs/s"
	put "$M/sim/ctl" 'swapoff vdb'
}
s0=$(share 0) s60=$(share 60) s200=$(share 200)
cmp_num "$s0" '<' "$s60" '4: swappiness 60 swaps more than 0'
cmp_num "$s60" '<' "$s200" '4: and 200 more'
echo classic >"$M/sim/reclaim_policy"
cmp_num "$(share 60)" '>' 0 '4: the classic rule runs'
like "$(cat "$M/sim/explain")" 'mapped_ratio [0-9]+ / 2 \+ distress [0-9]+ \+ swappiness 60 = swap_tendency [0-9]+' '4: classic says its terms'
echo lru >"$M/sim/reclaim_policy"
not_ok '4: mglru is not built yet' put "$M/sim/reclaim_policy" mglru

# vfs_cache_pressure and drop_caches 2
dentries() { awk '$1 == "dentry" { print $2 }' "$M/proc/slabinfo"; }
mkdir "$D/many"
for i in $(seq 300); do : >"$D/many/$i"; done
put "$M/sim/ctl" sync
n=$(dentries)
echo 1 >"$M/proc/sys/vm/drop_caches"
is "$(dentries)" "$n" '4: drop_caches 1 leaves names alone'
echo 2 >"$M/proc/sys/vm/drop_caches"
cmp_num "$(dentries)" '<=' $((n - 290)) '4: 2 forgets them'
for p in 0 100000; do
	(cd "$D/many" && seq 2000 | xargs touch)
	put "$M/sim/ctl" sync
	echo $p >"$M/proc/sys/vm/vfs_cache_pressure"
	n=$(dentries)
	ctl a 'fread once 0 900M'
	[ $p = 0 ] && cmp_num "$(dentries)" '>=' "$n" '4: vfs_cache_pressure 0 keeps names while pages go'
done
cmp_num "$(dentries)" '<' $((n - 1000)) '4: much of it forgets them'
echo 100 >"$M/proc/sys/vm/vfs_cache_pressure"

# zone_reclaim_mode: clean pages of the own node go before another node is asked
foreign() { field "$M/sys/devices/system/node/node0/numastat" numa_foreign; }
for mode in 0 1; do
	echo 3 >"$M/proc/sys/vm/drop_caches"
	echo $mode >"$M/proc/sys/vm/zone_reclaim_mode"
	mkdir "$M/sim/procs/z"
	ctl z 'sched_setaffinity 0'
	ctl z 'fread once 0 400M'
	before=$(foreign)
	printf 'mmap m 100M\nwrite m\n' >"$M/sim/procs/z/ctl"
	if [ $mode = 0 ]; then
		cmp_num $(($(foreign) - before)) '>' 1000 '4: zone_reclaim_mode 0: memory of the other node before own cache'
	else
		cmp_num $(($(foreign) - before)) '<' 100 '4: 1: the own cache goes first'
	fi
	rmdir "$M/sim/procs/z"
done
echo 0 >"$M/proc/sys/vm/zone_reclaim_mode"

# --- 5. Swap ---

put "$M/sim/ctl" 'swapon vdb 64M prio=5'
put "$M/sim/ctl" 'swapon vdc 64M prio=5'
put "$M/sim/ctl" 'swapon swapfile 64M type=file'
like "$(cat "$M/proc/swaps")" '^/swapfile[[:space:]]+file[[:space:]]+65532' '5: a partition, another, and a file'
pid=$(new_process b 40M)
ctl b swapout
within "$(field "$M/proc/$pid/status" VmSwap)" 40960 1 '5: swapout of a process'
is "$(awk '$1 ~ /vd[bc]/ { s[$1] = $4 } END { print (s["/dev/vdb"] - s["/dev/vdc"]) ^ 2 <= 4096 ^ 2 }' "$M/proc/swaps")" 1 '5: equal priorities share'
is "$(awk '$1 == "/swapfile" { print $4 }' "$M/proc/swaps")" 0 '5: the lowest gets nothing before they are full'
is "$(field "$M/proc/$pid/smaps_rollup" SwapPss)" "$(field "$M/proc/$pid/smaps_rollup" Swap)" '5: SwapPss of pages that are nobody else'\''s'

# what is in a process, and where: addr PROCESS REGION
addr() { awk -v name="$2" '$NF == name { sub(/-.*/, "", $1); print $1 }' "$M/sim/procs/$1/regions"; }
# bytes OFFSET COUNT: of region heap of process $1
peek() { dd if="$M/proc/$(pid_of "$1")/mem" bs=4096 skip=$((0x$(addr "$1" heap) / 4096 + $2)) count="$3" 2>/dev/null; }
poke() { dd of="$M/proc/$(pid_of "$1")/mem" bs=4096 seek=$((0x$(addr "$1" heap) / 4096 + $2)) conv=notrunc 2>/dev/null; }
new_process c 2M >/dev/null
head -c 2M "$T/bytes" | poke c 0
ctl c swapout
ok '5: bytes are read back from swap' cmp <(peek c 0 512) <(head -c 2M "$T/bytes")
ctl c 'fork d'
ctl c swapout
ctl d swapout
tail -c 1M "$T/bytes" | poke d 256
ok '5: the parent keeps its own after fork' cmp <(peek c 0 512) <(head -c 2M "$T/bytes")
ok '5: the child has what it wrote' cmp <(peek d 0 512) <(head -c 1M "$T/bytes"; tail -c 1M "$T/bytes")
put "$M/sim/ctl" 'swapoff vdb'
put "$M/sim/ctl" 'swapoff vdc'
put "$M/sim/ctl" 'swapoff swapfile'
is "$(mem SwapTotal)" 0 '5: no swap is left'
ok '5: after swapoff the parent is as it was' cmp <(peek c 0 512) <(head -c 2M "$T/bytes")
ok '5: and the child' cmp <(peek d 0 512) <(head -c 1M "$T/bytes"; tail -c 1M "$T/bytes")
for p in b c d; do rmdir "$M/sim/procs/$p"; done

put "$M/sim/ctl" 'swapon vdb 128M'
new_process e 16M >/dev/null
ctl e swapout
new_process f 440M >/dev/null
rmdir "$M/sim/procs/f"
for cluster in 0 3; do
	echo $cluster >"$M/proc/sys/vm/page-cluster"
	in=$(vm pswpin)
	# the first one that is not in memory still
	for ((at = 4 * cluster; at < 16 && $(vm pswpin) == in; at++)); do
		ctl e "read heap ${at}M 4K"
	done
	is $(($(vm pswpin) - in)) $((1 << cluster)) "5: page-cluster $cluster reads $((1 << cluster))"
done
rmdir "$M/sim/procs/e"
umount_machine

# --- 6. The OOM killer ---

status() { cat "$M/sim/procs/$1/status"; }
victim='killed by signal 9 (out of memory)'
machine --machine tiny
put "$M/sim/ctl" 'swapon vdb 16M'
new_process small 10M >/dev/null
big=$(new_process big 30M)
new_process lucky 5M >/dev/null
echo -1000 >"$M/proc/$(pid_of lucky)/oom_score_adj"
is "$(cat "$M/proc/$(pid_of lucky)/oom_score")" 0 '6: -1000: not to be killed'
refused EINVAL "$M/proc/$big/oom_score_adj" 1001 '6: 1001 is no such value'
echo -17 >"$M/proc/$big/oom_adj"
is "$(cat "$M/proc/$big/oom_score_adj")" -1000 '6: the old oom_adj'
echo 0 >"$M/proc/$big/oom_score_adj"
total=$((($(mem MemTotal) + $(mem SwapTotal)) / 4))
points=$((($(field "$M/proc/$big/status" VmRSS) + $(field "$M/proc/$big/status" VmSwap) + $(field "$M/proc/$big/status" VmPTE)) / 4))
within "$(cat "$M/proc/$big/oom_score")" $((2 * (1000 + points * 1000 / total) / 3)) 1 '6: oom_score is what of memory and swap it has'
ctl big 'pthread_create'
ctl big 'clone vforked'
twin=$(pid_of vforked)
mkdir "$M/sim/procs/asks"
ctl asks 'mmap m 42M'
ctl asks 'write m'
# of two that have the same, the later one is named
is "$(status vforked)" "$victim" '6: the largest that may be is killed, not the one who asks'
is "$(status big)" 'killed by signal 9' '6: and who shares its memory'
is "$(status small) $(status lucky)" 'sleeping sleeping' '6: nobody else'
report=$(log)
like "$report" '^Free swap  = 0kB$' '5: swap was full'
like "$report" '^asks invoked oom-killer: gfp_mask=0x' '6: the report: who asked'
like "$report" '^Mem-Info:$' '6: what memory is used for'
like "$report" '^lowmem_reserve\[\]: ' '6: the reserves'
like "$report" '^Node 0 DMA: [0-9]+\*4kB \(' '6: the free lists'
like "$report" '^\[ *[0-9]+\] +0 +[0-9]+ .* big$' '6: the processes'
like "$report" '^oom-kill:constraint=CONSTRAINT_NONE,.*,task=big,pid='"$twin"',uid=0$' '6: the choice'
like "$report" "^Out of memory: Killed process $twin \\(big\\) total-vm:[0-9]+kB, anon-rss:[0-9]+kB" '6: the kill'
like "$(cat "$M/sim/explain")" "big \\(pid $twin\\) had the highest badness" '8: sim/explain has the candidates'
like "$(events)" "mark_victim pid=$twin comm=big" '8: sim/events the victim'
rmdir "$M/sim/procs/asks" "$M/sim/procs/big" "$M/sim/procs/vforked"

echo 0 >"$M/proc/sys/vm/oom_dump_tasks"
echo 1 >"$M/proc/sys/vm/oom_kill_allocating_task"
mkdir "$M/sim/procs/asks"
ctl asks 'mmap m 5M'
ctl asks 'write m'
new_process fills 35M >/dev/null
ctl asks 'mmap n 60M'
ctl asks 'write n'
is "$(status asks)" "$victim" '6: oom_kill_allocating_task: who asks'
unlike "$(log)" '^\[ *[0-9]+\] +0 ' '6: oom_dump_tasks 0: no list'
refused_ctl ENOMEM "$M/sim/ctl" 'kmalloc x 4M' '6: an allocation of a high order fails and kills nobody'
is "$(status small)" sleeping '6: indeed'
echo 1 >"$M/proc/sys/vm/panic_on_oom"
echo 0 >"$M/proc/sys/kernel/panic"
mkdir "$M/sim/procs/last"
ctl last 'mmap m 200M noreserve'
ctl last 'write m'
like "$(log)" 'Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled' '6: panic_on_oom'
ok '6: a machine that has panicked still answers' cat "$M/proc/meminfo" "$M/proc/1/status" "$M/sim/lru"
refused EIO "$M/proc/sys/vm/swappiness" 10 '6: but changes no more'
put "$M/sim/ctl" reboot
is "$(cat "$M/proc/sys/vm/panic_on_oom")" 0 '6: until it is started anew'
umount_machine

# memory is free, but not in one piece
machine --machine tiny
c=$M/sim/ctl
put "$c" 'fragment 0 DMA32 0.98 unmovable' && put "$c" 'fragment 0 DMA 0.98 unmovable'
new_process v 4M >/dev/null
n=0
while put "$c" "kmalloc c$n 64K" >/dev/null; do n=$((n + 1)); done
like "$(cat "$c")" 'ENOMEM' '6: no more pieces of 64 KiB'
like "$(log)" 'page allocation failure: order:4' '6: the log says so'
is "$(status v)" sleeping '6: nobody is killed for a costly order'
n=0
while [ "$(status v)" = sleeping ] && put "$c" "kmalloc b$n 32K" >/dev/null; do n=$((n + 1)); done
is "$(status v)" "$victim" '6: for 32 KiB the kernel kills'
cmp_num "$(mem MemFree)" '>' 8192 '6: with megabytes free'
like "$(cat "$M/sim/explain")" 'enough pages, but no free block of 32 kB: memory is fragmented' '8: and says why'
put "$c" reboot
umount_machine

# of one node only
machine --machine "$T/two"
new_process both 200M >/dev/null
for panic in 1 2; do
	echo $panic >"$M/proc/sys/vm/panic_on_oom"
	mkdir "$M/sim/procs/bound"
	printf 'set_mempolicy bind:1\nmmap m 300M\n' >"$M/sim/procs/bound/ctl"
	ctl bound 'write m'
	[ $panic = 1 ] || continue
	is "$(status bound)" "$victim" '6: panic_on_oom 1: a shortage of one node kills'
	like "$(log)" '^oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=1,' '6: for which who is bound to it is chosen'
	is "$(status both)" sleeping '6: and nobody else'
	rmdir "$M/sim/procs/bound"
done
like "$(log)" 'Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled' '6: with 2 it panics all the same'
put "$M/sim/ctl" reboot
put "$M/sim/clock" pause

# --- 7. Pressure ---

echo never >"$M/sys/kernel/mm/transparent_hugepage/enabled"
total() { sed -n "s/^$2.*total=//p" "$M/proc/pressure/$1"; }
is "$(cat "$M/proc/pressure/memory")" $'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0' '7: no pressure yet'
# no child of this shell: the signal of its end would interrupt the command that is running then
("$BUILT/tests/mount/watch" "$M/proc/pressure/memory" 'some 1000 1000000' 1 60000 >"$T/watch" 2>&1 &)
wait_until 20 grep -q watching "$T/watch"
put "$M/sim/ctl" 'swapon vdb 1G'
mkdir "$M/sim/procs/a"
printf 'mmap m 700M\nwrite m\nread m\n' >"$M/sim/procs/a/ctl"
advance 2s
ok '7: a trigger wakes who polls' wait_until 20 grep -q POLLPRI "$T/watch"
cmp_num "$(total memory some)" '>' 1000 '7: memory pressure is counted'
cmp_num "$(total io some)" '>' 1000 '7: and that of waiting for the disk'
cmp_num "$(total memory some)" '>=' "$(total memory full)" '7: full is a part of some'
like "$(cat "$M/proc/pressure/memory")" '^some avg10=[0-9]*[1-9][0-9.]* ' '7: the averages follow'
avg() { sed -n 's/^some avg10=\([0-9]*\).*/\1/p' "$M/proc/pressure/memory"; }
before=$(avg)
advance 60s
cmp_num "$(avg)" '<=' "$before" '7: and fade'
refused EINVAL "$M/proc/pressure/memory" 'some 0 1000000' '7: a trigger of nothing'

# --- 8. Why ---

is "$(awk '$1 == "all" { print $3 * 4, ($4 + $5) * 4, $6 * 4 }' "$M/sim/lru")" "$(mem Active) $(mem Inactive) $(mem Unevictable)" '8: sim/lru agrees with meminfo'
steals() { echo $(($(vm pgsteal_kswapd) + $(vm pgsteal_direct))); }
read -r now _ <"$M/sim/clock"
steal=$(steals)
ctl a 'read m 0 100M'
steal=$(($(steals) - steal))
cmp_num "$steal" '>' 1000 '4: reading it in again puts others out'
is "$(events | awk -v now="$now" '$1 >= now && /shrink_inactive/ { sub(/.*nr_reclaimed=/, ""); sum += $1 } END { print sum }')" "$steal" '8: sim/events and vmstat count the same pages'
like "$(cat "$M/sim/explain")" 'swappiness 60 against recent costs of [0-9]+ pages of I/O for anonymous and [0-9]+ for file' '8: what swappiness made of it'
like "$(cat "$M/sim/explain")" 'woke kswapd[01] for 4 kB .*zone [A-Za-z0-9]+ of node [01] had [0-9]+ pages free, not more than its low watermark of [0-9]+' '8: and what woke kswapd'
umount_machine

# --- Bad input ---

cat >"$T/small" <<-'END'
	[machine]
	memory = 128M
	[disk]
	size = 40M
END
machine --machine "$T/small"
c=$M/sim/ctl
refused_ctl EINVAL "$c" 'swapon vdb 0' 'swap of no size'
refused_ctl EINVAL "$c" 'swapon vdb 4K' 'of one page, which the header takes'
refused_ctl EINVAL "$c" 'swapon vdb many' 'of no number'
refused_ctl EINVAL "$c" 'swapon vdb 8M prio=40000' 'a priority that there is not'
refused_ctl ENOSPC "$c" 'swapon vdb 1G' 'more than the disk has'
put "$c" 'swapon vdb 8M'
refused_ctl EBUSY "$c" 'swapon vdb 8M' 'twice the same'
refused_ctl EINVAL "$c" 'swapoff vdc' 'swapoff of what is none'
is "$(awk 'NR > 1 { print $1, $3 }' "$M/proc/swaps")" '/dev/vdb 8188' 'one area is in use'
for bad in -1 201 0.5 60% 10k abc ''; do
	refused EINVAL "$M/proc/sys/vm/swappiness" "$bad" "swappiness '$bad'"
done
for bad in -1 101 1.5 4K; do
	refused EINVAL "$M/proc/sys/vm/dirty_ratio" "$bad" "dirty_ratio '$bad'"
done
refused EINVAL "$M/proc/sys/vm/dirty_bytes" 4096 'dirty_bytes of less than two pages'
refused EINVAL "$M/proc/sys/vm/min_free_kbytes" -1 'min_free_kbytes -1'
refused EINVAL "$M/proc/sys/vm/drop_caches" 5 'drop_caches 5'
refused EINVAL "$M/sim/reclaim_policy" random 'a policy that there is not'

head -c 20M "$T/bytes" >"$D/a"
head -c 20M /dev/urandom >"$T/more"
cp "$T/more" "$D/full" 2>/dev/null
cat "$T/more" >>"$D/full" 2>"$T/error"
like "$(cat "$T/error")" 'No space left on device' 'a full disk says so'
put "$c" sync
echo 3 >"$M/proc/sys/vm/drop_caches"
size=$(stat -c %s "$D/full")
cat "$T/more" "$T/more" >"$T/twice"
ok 'what fitted is there' cmp -n "$size" "$D/full" "$T/twice"
ok 'and all that was there before' cmp "$D/a" "$T/bytes"
rm "$D/full"
ok 'there is room again' cp "$T/bytes" "$D/b"

mkdir "$M/sim/procs/map"
ctl map 'mmap m 8M file=b shared'
ctl map 'read m'
truncate -s 4M "$D/b"
ctl map 'read m 0 4M'
is "$(status map)" sleeping 'a truncated mapped file: what is left can be read'
ctl map 'read m 4M 4K'
like "$(status map)" '^killed by signal 7' 'what is gone is SIGBUS'

new_process one 2M >/dev/null
new_process other 2M >/dev/null
ctl one swapout
ctl other swapout
new_process fills 50M >/dev/null
rmdir "$M/sim/procs/fills"
entry=$(dd if="$M/proc/$(pid_of one)/pagemap" bs=8 skip=$((0x$(addr one heap) / 4096 + 100)) count=1 2>/dev/null | od -An -tu8)
cmp_num $((entry >> 62 & 1)) == 1 'a page is in swap'
put "$c" "fail vdb sectors=$(((entry >> 5 & (1 << 50) - 1) * 8)) read"
ctl other 'read heap'
ctl one 'read heap 0 400K'
is "$(status one) $(status other)" 'sleeping sleeping' 'one bad sector of swap: who needs other pages goes on'
ctl one 'read heap 400K 4K'
like "$(status one)" '^killed by signal 7' 'who needs that page is killed'
is "$(status other)" sleeping 'and nobody else'
like "$(dd if="$M/dev/kmsg" iflag=nonblock bs=4096 2>/dev/null)" 'Read-error on swap-device \(254:16:' 'the log says so'
refused_ctl ENODEV "$c" 'fail vdz' 'a disk that there is not'
refused_ctl EINVAL "$c" 'fail vdb sectors=99999999' 'a sector that there is not'
refused_ctl ENOENT "$c" 'fail vda file=none' 'a file that there is not'

put "$c" 'fail vda file=b sectors=8..15 write'
# two descriptors, a write of two pages, and what fsync answers each
fsyncs() {
	perl -MIO::Handle -e 'open(my $a, "+<", $ARGV[0]) or die; open(my $b, "+<", $ARGV[0]) or die; sysseek($a, $ARGV[1], 0);
		syswrite($a, "x" x 4096) == 4096 or die; print join(" ", map { $_->sync ? "ok" : $!{EIO} ? "EIO" : "$!" } $a, $a, $b, $b)' "$D/b" "$1"
}
is "$(fsyncs 0)" 'ok ok ok ok' 'a page beside the bad sectors of a file: fsync succeeds'
is "$(fsyncs 4096)" 'EIO ok EIO ok' 'one that lies there: each descriptor is told once'
put "$c" 'fail vda off'
is "$(fsyncs 4096)" 'ok ok ok ok' 'well again'
is "$(dd if="$D/b" of=/dev/null bs=100 count=1 iflag=direct 2>&1 | head -n 1)" "dd: error reading '$D/b': Invalid argument" 'O_DIRECT of 100 bytes'
done_testing
