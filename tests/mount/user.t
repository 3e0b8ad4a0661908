#!/bin/bash
# An ordinary user mounts a machine: he is root on it, and nobody else is anything.
[ "$(id -u)" != 0 ] || exec "$(dirname "$0")/as-user" user.t
. "$(dirname "$0")/lib.sh"

mount_machine --machine tiny
is "$(stat -c %u "$M/proc/meminfo")" "$(id -u)" 'what is root'"'"'s is his'
accepted "$M/proc/sys/vm/swappiness" 33 'he writes knobs'
ok 'and reads what only root may' eval "head -1 '$M/proc/slabinfo' | grep -q slabinfo"
pid=$(new_process other)
accepted "$M/sim/procs/other/ctl" 'setuid 12345' 'a process of somebody else'
is "$(stat -c %u "$M/proc/$pid")" 12345 'is shown as that one'"'"'s'
ok 'but root may read its memory map' test -r "$M/proc/$pid/pagemap"
accepted "$M/proc/$pid/oom_score_adj" 500 'and write its score'
is "$(cat "$M/proc/$pid/oom_score_adj")" 500 'to effect'
is "$(stat -c %u "$M/proc/self/stat")" "$(id -u)" 'proc/self is his as well'

not_ok 'a second mount in the same place is refused' "$MMANFS" mount --machine tiny "$M"
kill -KILL "$(pids_of "$M")"
wait_until 10 no_daemon "$M"
dead=$M
mount_machine -d "$dead" --machine tiny 2>/dev/null
is "$(head -c 9 "$dead/proc/meminfo")" MemTotal: 'he takes over a mount whose daemon died'
is "$(grep -c " $dead " /proc/self/mountinfo)" 1 'which is gone'

mkdir -m 555 "$T/others"
is "$("$MMANFS" mount "$T/others" 2>&1; echo $?)" "mmanfs mount: $T/others: Permission denied: it takes a directory of your own
77" 'a directory that he may not write to'

# --- The end, asked for twice ---

mkdir "$T/front"
machines+=("$T/front")
wrong=
for _ in 1 2 3; do
	"$MMANFS" mount -f --machine tiny "$T/front" &
	daemon=$!
	wait_until 20 test -d "$T/front/sim"
	kill -TERM "$daemon"
	kill -TERM "$daemon" 2>/dev/null
	wait "$daemon" || wrong+="exit status $? "
	! is_mounted "$T/front" || wrong+="still mounted "
done
is "$wrong" '' 'a second signal does not end it before it is unmounted'

done_testing
