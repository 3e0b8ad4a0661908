#!/bin/bash
# System calls inside `mmanfs exec` that mean the simulated machine, call by call, by tools as they are and
# by bare numbers where no tool makes the call.
# shellcheck disable=SC2016,SC2119,SC2317 # other shells expand it; no arguments are meant; called by name
. "$(dirname "$0")/lib.sh"

mount_machine --machine two-node
put "$M/sim/clock" pause
a=$(new_process a)
b=$(new_process b)
c=$(new_process c)
kb() {
	field "$M/proc/meminfo" "$1"
}

# --- sysinfo ---

# struct sysinfo: uptime, three loads, six sizes, procs, ..., unit
sysinfo=$(inside perl -e '$b = "\0" x 112; syscall(99, $b) == 0 or die; print join " ", (unpack "q10 S", $b)[0, 4, 5, 6, 8, 9, 10]')
read -r uptime total free shared swap_total swap_free procs <<<"$sysinfo"
is "$((total / 1024))" "$(kb MemTotal)" 'sysinfo: total memory'
is "$((free / 1024))" "$(kb MemFree)" 'sysinfo: free memory'
is "$((shared / 1024))" "$(kb Shmem)" 'sysinfo: shared memory'
is "$((swap_total / 1024)) $((swap_free / 1024))" "$(kb SwapTotal) $(kb SwapFree)" 'sysinfo: swap'
is "$procs" "$(awk '{ sub(".*/", "", $4); print $4 }' "$M/proc/loadavg")" 'sysinfo: processes'
cmp_num "$uptime" '>=' "$(cut -d. -f1 "$M/proc/uptime")" 'sysinfo: uptime'
is "$(inside getconf _PHYS_PAGES)" "$(($(kb MemTotal) / 4))" 'sysconf: physical pages'

# --- uname ---

is "$(inside uname -srvm)" "Linux $(cat "$M/proc/sys/kernel/osrelease" "$M/proc/sys/kernel/version" | xargs) x86_64" 'uname: the simulated kernel'
put "$M/proc/sys/kernel/hostname" teaching
is "$(inside uname -n)" teaching 'uname: the host name is the knob'

# --- file systems ---

is "$(inside stat -f -c %t /proc /proc/1 /sys /sys/devices/system/node /sys/fs/cgroup | xargs)" \
	'9fa0 9fa0 62656572 62656572 63677270' 'statfs: proc, sysfs and cgroup2 say what they are'
is "$(inside sh -c 'cd /proc/1 && stat -f -c %t . ../../sys' | xargs)" '9fa0 62656572' 'also by relative paths'
is "$(inside perl -e 'open F, "</proc/1/stat"; $b = "\0" x 120; syscall(138, fileno F, $b); printf "%x", unpack "q", $b')" \
	9fa0 'and by descriptors'
like "$(inside stat -f /proc/nobody 2>&1)" 'No such file' 'and what is not there is not there'
is "$(inside stat -f -c %t /)" "$(stat -f -c %t /)" 'the rest of the host is as it was'

# --- priority, affinity, scheduler, limits ---

inside renice -n 7 -p "$a" >"$T/renice"
is "$(inside ps -o ni= -p "$a" | xargs)" 7 'renice: a simulated process gets its nice value'
is "$(inside perl -e 'print getpriority(0, '"$a"')')" 7 'getpriority reads it'
cpus=$(nproc --all)
is "$(inside taskset -p "$a")" "pid $a's current affinity mask: 3" 'taskset: the CPUs of a simulated process'
inside taskset -p 2 "$a" >"$T/taskset"
is "$(field "$M/proc/$a/status" Cpus_allowed_list)" 1 'taskset -p: and they can be changed'
like "$(inside taskset -p f0 "$a" 2>&1)" 'Invalid argument' 'but not to CPUs that are not there'
is "$(nproc --all)" "$cpus" "the host's are untouched"
like "$(inside chrt -p "$a")" 'SCHED_OTHER' 'chrt: the scheduling policy'
inside prlimit -p "$a" --memlock=4096:8192
like "$(cat "$M/proc/$a/limits")" 'Max locked memory +4096 +8192' 'prlimit: a limit of a simulated process'
is "$(inside prlimit -p "$a" --memlock -o SOFT,HARD --noheadings | xargs)" '4096 8192' 'and read'
like "$(inside prlimit -p "$a" --memlock=9:8 2>&1)" 'prlimit' 'a soft limit above the hard one is refused'
inside choom -p "$b" -n 300 >"$T/choom"
is "$(cat "$M/proc/$b/oom_score_adj")" 300 'choom: the OOM score adjustment'

inside renice -n 3 -g "$a" >"$T/renice"
is "$(inside ps -o ni= -p "$a" | xargs)" 3 'renice -g: each simulated process leads its group'
put "$M/sim/procs/b/ctl" 'setuid 12345'
inside renice -n 4 -u 12345 >"$T/renice"
is "$(inside ps -o ni= -p "$b" | xargs)" 4 'renice -u: all processes of a user'
inside chrt -f -p 10 "$a"
is "$(inside ps -o cls=,rtprio=,pri= -p "$a" | xargs)" 'FF 10 50' 'chrt -f: a real-time policy, kept and shown'
if [ "$(id -u)" = 0 ]; then
	like "$(inside setpriv --reuid 12345 chrt -r -p 5 "$b" 2>&1)" 'Operation not permitted' 'which a user may not set'
else
	skip 1 'only root can become another user'
fi
inside chrt -i -p 0 "$a"
like "$(inside chrt -p "$a")" 'SCHED_IDLE' 'chrt -i'
is "$(inside ionice -p "$a")" 'none: prio 0' 'ionice: no priority of disk access at first'
inside ionice -c 2 -n 6 -p "$a"
is "$(inside ionice -p "$a")" 'best-effort: prio 6' 'and one that was set'
is "$(inside ps -o stat= -p "$(inside pgrep -x khugepaged)"; inside chrt -p "$(inside pgrep -x migration/0)" | tail -n 1)" \
	"SN"$'\n'"pid $(inside pgrep -x migration/0)'s current scheduling priority: 99" "kernel threads have theirs"

# --- log, names, System V IPC: the host keeps its own ---

host_name=$(cat /proc/sys/kernel/hostname)
inside hostname simulated
is "$(inside hostname) $(cat "$M/proc/sys/kernel/hostname" /proc/sys/kernel/hostname | xargs)" "simulated simulated $host_name" \
	'hostname: of the simulated machine alone'
is "$(inside dmesg --syslog --raw | tail -n 1)" "$(inside dmesg --raw | tail -n 1)" 'dmesg --syslog: the same log by syslog(2)'
inside dmesg --clear
is "$(inside dmesg)$(inside dmesg --syslog)" '' 'dmesg --clear: nothing is shown'
cmp_num "$(timeout 10 dd if="$M/dev/kmsg" iflag=nonblock bs=9000 2>/dev/null | wc -l)" '>' 10 'but not lost'
inside sh -c 'echo "<5>from inside" >/dev/kmsg'
like "$(inside dmesg)" '] from inside$' 'what comes after is'
inside dmesg --console-level 3
is "$(cut -f 1 "$M/proc/sys/kernel/printk")" 3 'dmesg --console-level is kernel.printk'
is "$(inside ipcs -m | grep -c 0x)" 0 "ipcs: none of the host's shared memory"
if command -v busybox >/dev/null; then
	inside busybox cat /proc/meminfo >"$T/meminfo"
	same_file "$T/meminfo" "$M/proc/meminfo" 'sendfile of a file of no size gives way to read'
else
	skip 1 'no busybox here'
fi

# --- swap, sync ---

swap_lines() {
	wc -l <"$M/proc/swaps"
}
is "$(swap_lines)" 1 'no swap at first'
put "$M/sim/ctl" 'swapon vdz 64M'
is "$(swap_lines)" 2 'an area'
inside swapoff /dev/vdz
is "$? $(swap_lines)" '0 1' 'swapoff of a simulated area'
like "$(inside swapoff /dev/vdz 2>&1)" 'Invalid argument' 'and of one that is not on'
inside sync
is $? 0 'sync'

# --- pidfds ---

cat >"$T/pidfd.pl" <<'END'
my ($pid, $signal) = @ARGV;
my $fd = syscall(434, $pid + 0, 0);
die "pidfd_open: $!\n" if $fd < 0;
sub readable {
	my $set = '';
	vec($set, $fd, 1) = 1;
	return 0 + select($set, undef, undef, shift);
}
print 'before ', readable(0);
print ' released ', syscall(448, $fd, 0) < 0 ? "$!" : 'yes';
print ' sent ', syscall(424, $fd, $signal + 0, 0, 0);
print ' after ', readable(60), "\n";
print 'again ', syscall(424, $fd, 0, 0, 0) < 0 ? "$!" : 'yes', "\n";
END
pidfd=$(inside perl "$T/pidfd.pl" "$c" 15)
is "$(head -n 1 <<<"$pidfd")" 'before 0 released Invalid argument sent 0 after 1' \
	'pidfd: a signal by descriptor, and the end seen by poll'
is "$(tail -n 1 <<<"$pidfd")" 'again No such process' 'afterwards nobody is there'
ok 'the simulated process is gone' test ! -e "$M/proc/$c"
like "$(inside perl "$T/pidfd.pl" 31999 15 2>&1)" 'No such process' 'pidfd_open of nobody'
mkdir "$M/sim/procs/fleeting"
if command -v killall >/dev/null; then
	inside killall fleeting
	is "$? $(cat "$M/sim/procs/fleeting/status")" '0 killed by signal 15' 'killall: a signal by a folder of /proc'
else
	skip 1 'no killall here'
fi

# --- every call that takes a number, with that of a real process outside ---

sleep 300 &
real=$!
[ ! -e "$M/proc/$real" ] || diag "a simulated process has the number $real too"
# state of the real process that the calls could have changed
real_state() {
	cut -d ' ' -f 18-20,40-41 "/proc/$real/stat"
	grep -E '^(State|Cpus_allowed|SigPnd|ShdPnd|TracerPid)' "/proc/$real/status"
	cat "/proc/$real/limits"
}
sleeps() {
	grep -q '(sleep) S' "/proc/$real/stat"
}
wait_until 30 sleeps
before=$(real_state)
cat >"$T/calls.pl" <<'END'
my $p = shift() + 0;
my $b = "\0" x 4096;
my $info = pack('l3', 0, 0, -1) . "\0" x 116;
my @calls = (
	[kill => 62, $p, 9], [tkill => 200, $p, 9], [tgkill => 234, $p, $p, 9],
	[rt_sigqueueinfo => 129, $p, 10, $info],
	[rt_tgsigqueueinfo => 297, $p, $p, 10, $info],
	[pidfd_open => 434, $p, 0], [setpriority => 141, 0, $p, 10], [getpriority => 140, 0, $p],
	[sched_setaffinity => 203, $p, 8, pack("Q", 1)], [sched_getaffinity => 204, $p, 8, $b],
	[prlimit64 => 302, $p, 7, pack("QQ", 5, 5), $b], [sched_setscheduler => 144, $p, 3, $b],
	[sched_getscheduler => 145, $p], [sched_setparam => 142, $p, $b], [sched_getparam => 143, $p, $b],
	[sched_setattr => 314, $p, pack("LLQlLQQQ", 48, 3, 0, 0, 0, 0, 0, 0), 0], [sched_getattr => 315, $p, $b, 48, 0],
	[sched_rr_get_interval => 148, $p, $b], [ioprio_set => 251, 1, $p, 3 << 13], [ioprio_get => 252, 1, $p],
	[ptrace => 101, 16, $p, 0, 0], [process_vm_readv => 310, $p, $b, 0, $b, 0, 0],
	[process_vm_writev => 311, $p, $b, 0, $b, 0, 0], [migrate_pages => 256, $p, 65, pack("Q", 1), pack("Q", 2)],
	[move_pages => 279, $p, 0, 0, 0, 0, 0],
);
for (@calls) {
	my ($name, $number, @args) = @$_;
	my $result = syscall($number, @args);
	print "$name ", $result < 0 ? $! + 0 : "said $result", "\n";
}
END
calls=$(inside perl "$T/calls.pl" "$real")
if [ "$(uname -m)" = x86_64 ]; then
	is "$(wc -l <<<"$calls") $(awk '$2 != 3' <<<"$calls")" '25 ' 'each of 25 calls finds nobody of that number: ESRCH'
else
	skip 1 'the numbers are those of x86-64'
fi
is "$(real_state)" "$before" 'and the real process is as it was'
kill "$real"

is "$(cat "$M/sim/check")" ok 'the engine is sound'
done_testing
