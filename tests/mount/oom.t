#!/bin/bash
# The OOM killer, a panic and the reboot after it, as somebody types them at a mounted tree.
# shellcheck disable=SC2317 # called by name
. "$(dirname "$0")/lib.sh"

log() {
	dd if="$M/dev/kmsg" iflag=nonblock bs=4096 2>/dev/null | sed 's/^[^;]*;//'
}

process() {
	mkdir "$M/sim/procs/$1" && echo "mmap m $2 noreserve" >"$M/sim/procs/$1/ctl"
}

# --- Somebody dies ---

mount_machine --machine tiny
put "$M/sim/clock" pause
process cache 40M
process hog 1G
put "$M/sim/procs/cache/ctl" 'write m'
echo -1000 >"$M/proc/$(cat "$M/sim/procs/cache/pid")/oom_score_adj"
is "$(cat "$M/proc/$(cat "$M/sim/procs/cache/pid")/oom_score")" 0 'a protected process'
refused_ctl EINTR "$M/sim/procs/hog/ctl" 'write m' 'a command that wants more than there is'
is "$(cat "$M/sim/procs/hog/status")" 'killed by signal 9 (out of memory)' 'its process says of what it died'
is "$(cat "$M/sim/procs/cache/status")" sleeping 'the protected one lives'
kmsg=$(log)
like "$kmsg" 'hog invoked oom-killer: gfp_mask=0x140dca\(GFP_HIGHUSER_MOVABLE\|__GFP_COMP\|__GFP_ZERO\), order=0' \
	'the kernel log says who asked'
like "$kmsg" 'oom-kill:constraint=CONSTRAINT_NONE,nodemask=\(null\),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=hog,' \
	'who was chosen'
like "$kmsg" 'Out of memory: Killed process [0-9]+ \(hog\) total-vm:' 'and who died'
like "$(cat "$M/sim/explain")" 'cache \(pid [0-9]+\): oom_score_adj is -1000' 'sim/explain says who was spared'
like "$(dd if="$M/sim/events" iflag=nonblock bs=4096 2>/dev/null)" 'mark_victim pid=[0-9]+ comm=hog' 'sim/events too'
is "$(awk '/^oom_kill / { print $2 }' "$M/proc/vmstat")" 1 'vmstat counts it'

# --- By hand ---

process idle 1M
put "$M/sim/procs/idle/ctl" 'write m'
put "$M/proc/sysrq-trigger" f
is "$(cat "$M/sim/procs/idle/status")" 'killed by signal 9 (out of memory)' 'sysrq f kills the worst that may be killed'
put "$M/proc/sysrq-trigger" f
like "$(log)" 'sysrq: OOM request ignored. No task eligible' 'or nobody'
like "$(cat "$M/sim/explain")" 'a kill was asked for by hand' 'and sim/explain knows'
put "$M/proc/sysrq-trigger" m
like "$(log | sed -n '/sysrq: Show Memory/,$p' | paste -sd ' ')" '^sysrq: Show Memory Mem-Info: active_anon:.* pages hwpoisoned$' \
	'sysrq m logs the state of memory'
put "$M/proc/sysrq-trigger" '?'
is "$(log | tail -n 1)" 'sysrq: HELP : memory-full-oom-kill(f) show-memory-usage(m) ' 'and the list says what there is'

# --- Nobody may die ---

printf 'kept' >"$M/sim/disk/note"
rmdir "$M/sim/procs/idle" "$M/sim/procs/hog"
process hog 1G
exec 3<"$M/proc/uptime"
echo -1000 >"$M/proc/$(cat "$M/sim/procs/hog/pid")/oom_score_adj"
put "$M/proc/sys/kernel/panic" 0
refused_ctl EIO "$M/sim/procs/hog/ctl" 'write m' 'when nobody may be killed the command fails'
like "$(log)" 'Kernel panic - not syncing: System is deadlocked on memory' 'because the kernel has panicked'
like "$(cat "$M/sim/explain")" '^At [0-9.]+ s, the kernel panicked: System is deadlocked on memory' 'sim/explain begins with it'
like "$(cat "$M/proc/meminfo")" 'MemFree:' 'files read'
is "$(cat "$M/sim/disk/note")" kept 'those on the disk as well'
for f in proc/vmstat proc/zoneinfo proc/slabinfo proc/1/smaps proc/pressure/memory sys/devices/system/node/node0/meminfo \
	sim/lru sim/journal sim/check; do
	ok "$f reads" cat "$M/$f"
done
refused EIO "$M/proc/sys/vm/swappiness" 10 'knobs are stuck'
refused_ctl EIO "$M/sim/ctl" sync 'commands are refused'
not_ok 'no process is made' mkdir "$M/sim/procs/late"
not_ok 'no file is made' touch "$M/sim/disk/late"
put "$M/sim/clock" 'advance 10s'
like "$(cat "$M/sim/clock")" '^1[0-9]\.' 'the clock goes on'
put "$M/sim/ctl" reboot
like "$(cat "$M/sim/clock")" '^0\.' 'a reboot starts at 0'
is "$(ls "$M/sim/procs")" '' 'without processes'
is "$(cat "$M/sim/disk/note")" kept 'the disk is as it was'
like "$(cat <&3)" '^0\.' 'a descriptor from before goes on'
exec 3<&-
umount_machine

# --- kernel.panic counts in virtual time ---

J=$T/journal
mount_machine --machine tiny --cmdline panic=5 --journal "$J"
put "$M/sim/clock" pause
put "$M/proc/sys/vm/panic_on_oom" 1
is "$(cat "$M/proc/sys/kernel/panic")" 5 'panic=5 on the command line'
process hog 1G
refused_ctl EIO "$M/sim/procs/hog/ctl" 'write m' 'panic_on_oom'
like "$(log)" 'Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled' 'in the words of the kernel'
like "$(log)" 'Rebooting in 5 seconds..' 'which will boot anew'
is "$(log | sed -n '/Kernel panic/,$p' | sed -n '4,$p' | paste -sd ' ' | tr -s ' ')" \
	'Call Trace: <TASK> dump_stack_lvl panic out_of_memory __alloc_pages_slowpath __alloc_pages __folio_alloc vma_alloc_folio __handle_mm_fault handle_mm_fault do_user_addr_fault exc_page_fault asm_exc_page_fault </TASK> Rebooting in 5 seconds..' \
	'with its call trace, and no word after that'
like "$(cat "$M/sim/explain")" 'No allocation has been given up since boot' 'the allocation that panicked was not given up'
put "$M/sim/clock" 'advance 4s'
like "$(cat "$M/sim/explain")" 'the kernel panicked' 'four seconds later it has not'
put "$M/sim/clock" 'rate 1000'
has_rebooted() {
	! grep -q panicked "$M/sim/explain"
}
wait_until 60 has_rebooted
put "$M/sim/clock" pause
not_ok 'with the host'"'"'s time it does' grep -q panicked "$M/sim/explain"
like "$(tail -n 3 "$M/sim/journal")" ' write sim/ctl "reboot' 'the journal has it'
is "$(cat "$M/proc/sys/vm/panic_on_oom")" 0 'a machine as it booted first'
process again 8M
put "$M/sim/procs/again/ctl" 'write m'
cat "$M/proc/vmstat" "$M/sim/clock" "$M/proc/uptime" >"$T/shown"
umount_machine
"$MMANFS" replay "$J" --print proc/vmstat --print sim/clock --print proc/uptime >"$T/replayed"
is $? 0 'its journal replays'
same_file "$T/shown" "$T/replayed" 'to the same machine'

done_testing
