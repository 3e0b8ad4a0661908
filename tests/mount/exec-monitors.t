#!/bin/bash
# Monitors as Debian has them, inside `mmanfs exec` and, where they take a path, on the mount itself: each prints
# what the tree's files hold. A tool that is not installed skips its tests.
# shellcheck disable=SC2016,SC2119,SC2317 # other shells expand it; no arguments are meant; called by name
# timeout: 400
. "$(dirname "$0")/lib.sh"

mount_machine --machine two-node
put "$M/sim/clock" pause
put "$M/sim/ctl" 'swapon vdz 256M'
mkdir "$M/sim/procs/hog" "$M/sim/procs/other"
put "$M/sim/procs/hog/ctl" 'mmap heap 96M'
put "$M/sim/procs/hog/ctl" 'write heap 0 64M'
hog=$(cat "$M/sim/procs/hog/pid")
inside() {
	timeout 100 "$MMANFS" exec "$M" -- "$@"
}
kb() {
	field "$M/proc/meminfo" "$1"
}
# has N TOOL: is it installed? If not, N tests are skipped.
has() {
	command -v "$2" >"$T/which" 2>&1 && return
	skip "$1" "no $2 here"
	return 1
}
# watched REGEX COMMAND ...: what a tool without an end shows. COMMAND runs it for $seconds: more of them, until
# the pattern is there.
watched() {
	local regex=$1 shown seconds
	shift
	for seconds in 2 8 30; do
		shown=$("$@" "$seconds" 2>&1 </dev/null | tr -d '\033\000')
		! grep -qE -e "$regex" <<<"$shown" || break
	done
	printf '%s\n' "$shown"
}
# A UTF-8 locale, as on a terminal: in the C locale watch shows nothing at all.
on_screen() {
	LC_ALL=C.UTF-8 TERM=xterm inside script -qec "timeout --foreground $2 $1" /dev/null
}
# cell LINE-PATTERN N TEXT: the Nth word of the first line that matches
cell() {
	awk -v pattern="$1" -v n="$2" '$0 ~ pattern { print $n; exit }' <<<"$3"
}
smaps_sum() {
	awk -v name="$1:" '$1 == name { sum += $2 } END { print sum + 0 }' "$M/proc/$hog/smaps"
}
pages() {
	awk -v n="$1" '{ print $n }' "$M/proc/$hog/statm"
}

# --- procps: what exec-tools.t leaves out ---

like "$(inside uptime)" "up .* load average: $(cut -d' ' -f1 "$M/proc/loadavg")" 'uptime'
like "$(inside vmstat -a)" " $(kb Inactive) +$(kb Active) " 'vmstat -a: inactive and active'
slab=$(awk '$1 == "kmalloc-64" { print $2, $3, $4 }' "$M/proc/slabinfo")
is "$(inside vmstat -m | awk '$1 == "kmalloc-64" { print $2, $3, $4 }')" "$slab" 'vmstat -m: a cache'
active=$(awk 'NR > 2 { sum += $2 } END { print sum }' "$M/proc/slabinfo")
like "$(inside slabtop -o)" "Total Objects .*: $active / " 'slabtop: objects in use'
is "$(inside pgrep -x hog)" "$hog" 'pgrep finds a process by name'
columns=$(inside pmap -X "$hog" | awk 'END { print $2 }')
is "$columns" "$(smaps_sum Rss)" 'pmap -X: the sum of Rss'
if has 2 script; then
	like "$(watched vdz on_screen 'watch -t -n 1 cat /proc/swaps')" 'vdz' 'watch'
	load=$(cut -d' ' -f1 "$M/proc/loadavg")
	like "$(watched "$load" on_screen 'tload -d 1')" "$load" 'tload'
fi

# --- util-linux ---

is "$(inside swapon --show=NAME,SIZE,USED --bytes --noheadings | xargs)" '/dev/vdz 268431360 0' 'swapon --show'
is "$(inside lscpu -p=CPU,NODE | grep -v '^#' | xargs)" '0,0 1,1' 'lscpu: CPUs and their nodes'
like "$(inside choom -p "$hog")" "score: $(cat "$M/proc/$hog/oom_score")" 'choom: the OOM score'
like "$(inside dmesg)" 'Linux version 6\.1\.' 'dmesg: the simulated kernel log'
like "$(inside dmesg)" 'Adding 262140k swap on /dev/vdz' 'dmesg: and its last lines'
like "$(lsmem --sysroot "$M" -b --summary=only)" "online memory: +$((2 * 1024 * 1024 * 1024))\$" 'lsmem --sysroot, without exec'

# --- numactl ---

if has 2 numastat; then
	like "$(inside numastat -m 2>"$T/err")" "^MemTotal +[0-9.]+ +[0-9.]+ +$(perl -e 'printf "%.2f", shift() / 1024' "$(kb MemTotal)")" 'numastat -m'
	like "$(inside numactl -H)" '^available: 2 nodes' 'numactl -H'
fi

# --- hwloc ---

if has 2 lstopo-no-graphics; then
	node0=$(awk '$3 == "MemTotal:" { print int($4 / 1024 + 0.5) }' "$M/sys/devices/system/node/node0/meminfo")
	like "$(inside lstopo-no-graphics --of console)" "NUMANode L#0 \(P#0 ${node0}MB\)" 'lstopo: the memory of a node'
	like "$(HWLOC_FSROOT=$M HWLOC_THISSYSTEM=0 lstopo-no-graphics --of console)" "NUMANode L#0 \(P#0 ${node0}MB\)" 'the same by HWLOC_FSROOT, without exec'
fi

# --- sysstat ---

if has 5 sar; then
	sar=$(LC_ALL=C inside sar -r -S -B -W -H 1 1 2>"$T/err" | grep '^Average')
	like "$(LC_ALL=C inside sar -r 1 1 2>"$T/err" | head -n 1)" "^Linux $(cat "$M/proc/sys/kernel/osrelease") \\(" 'sar: its headline'
	is "$(grep -A1 kbmemfree <<<"$sar" | awk 'END { print $2, $3 }')" "$(kb MemFree) $(kb MemAvailable)" 'sar -r: free and available'
	is "$(grep -A1 kbswpfree <<<"$sar" | awk 'END { print $2 }')" "$(kb SwapFree)" 'sar -S: free swap'
	is "$(grep -A1 kbhugfree <<<"$sar" | awk 'END { print $2 }')" 0 'sar -H: huge pages'
	is "$(grep -A1 pgscank <<<"$sar" | awk 'END { print NF }')" 10 'sar -B: the paging columns'
fi

# --- smem, smemstat ---

if has 3 smem; then
	is "$(inside smem -H -c 'pid swap uss pss rss' -P '^hog' | xargs)" \
		"$hog $(smaps_sum Swap) $(($(smaps_sum Private_Clean) + $(smaps_sum Private_Dirty))) $(smaps_sum Pss) $(smaps_sum Rss)" 'smem'
	is "$(smem -S "$M" -H -c 'pid rss' -P '^hog' | xargs)" "$hog $(smaps_sum Rss)" 'smem -S, without exec'
	is "$(inside smem -w -H -c 'area used' | awk '/^free memory/ { print $3 }')" "$(kb MemFree)" 'smem -w: free memory'
fi
if has 1 smemstat; then
	rss=$(inside smemstat | awk -v pid="$hog" '$1 == pid { print $8 }')
	is "$rss" "$(perl -e 'printf "%.1f", shift() / 1024' "$(smaps_sum Rss)")" 'smemstat: Rss in MiB'
fi

# --- htop, atop, glances, dstat, collectl ---

if has 2 htop; then
	htop_for() {
		TERM=xterm inside script -qec "sh -c '(sleep $1; printf q) | htop -C -d 5'" /dev/null
	}
	screen=$(watched hog htop_for)
	like "$screen" 'hog' 'htop shows a process'
	like "$screen" 'Mem' 'htop shows the meters'
fi
if has 2 atop; then
	atop=$(inside atop -P MEM,SWP 1 1 2>"$T/err")
	is "$(cell '^MEM' 8 "$atop") $(cell '^MEM' 9 "$atop")" "$(($(kb MemTotal) / 4)) $(($(kb MemFree) / 4))" 'atop: physical and free pages'
	is "$(cell '^SWP' 8 "$atop")" "$(($(kb SwapTotal) / 4))" 'atop: swap'
fi
if has 1 glances; then
	glances=$(inside glances --stdout mem --stop-after 1 2>"$T/err")
	like "$glances" "'total': $(($(kb MemTotal) * 1024)), 'available': $(($(kb MemAvailable) * 1024))," 'glances'
fi
if has 1 dstat; then
	like "$(inside dstat --nocolor --bits -m 1 1 2>"$T/err" | tail -n 1)" "$(perl -e 'printf "%.0f", shift() / 1024' "$(kb MemFree)")M" 'dstat: free memory'
fi
if has 1 collectl; then
	free=$(inside collectl -sm -c1 -i1 -P 2>"$T/err" | tail -n 1 | awk '{ print $5 }')
	is "$free" "$(kb MemFree)" 'collectl: free memory'
fi

# --- busybox ---

if has 4 busybox; then
	free=$(inside busybox free)
	is "$(cell '^Mem:' 2 "$free") $(cell '^Mem:' 4 "$free")" "$(kb MemTotal) $(kb MemFree)" 'busybox free, by sysinfo and meminfo'
	like "$(inside busybox ps)" "^ *$hog root +hog" 'busybox ps'
	like "$(inside busybox top -b -n1 | head -n 1)" "$(kb MemFree)K free" 'busybox top'
	like "$(inside busybox uptime)" 'load average: 0\.' 'busybox uptime'
fi

# --- psutil, node exporter ---

if [ -e /usr/lib/python3/dist-packages/psutil ]; then
	read -r total available swap rss uss <<<"$(inside /usr/bin/python3 -c "
import psutil
m, p = psutil.virtual_memory(), psutil.Process($hog).memory_full_info()
print(m.total, m.available, psutil.swap_memory().total, p.rss, p.uss)")"
	is "$total $available" "$(($(kb MemTotal) * 1024)) $(($(kb MemAvailable) * 1024))" 'psutil: memory'
	is "$swap" "$(($(kb SwapTotal) * 1024))" 'psutil: swap'
	is "$rss $uss" "$(($(pages 2) * 4096)) $((($(smaps_sum Private_Clean) + $(smaps_sum Private_Dirty)) * 1024))" 'psutil: a process'
	is "$(/usr/bin/python3 -c "
import psutil
psutil.PROCFS_PATH = '$M/proc'
print(psutil.virtual_memory().total)")" "$(($(kb MemTotal) * 1024))" 'psutil with PROCFS_PATH, without exec'
else
	skip 4 'no psutil here'
fi

# fetch PORT: the exporter's page
fetch() {
	perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:" . shift) or exit 1;
		print $s "GET /metrics HTTP/1.0\r\n\r\n";
		print while <$s>;' "$1"
}
metric() {
	awk -v name="$1" '$1 == name { printf "%.0f\n", $2; exit }' "$T/metrics"
}
if has 7 prometheus-node-exporter; then
	port=$((20000 + $$ % 10000))
	prometheus-node-exporter --path.procfs "$M/proc" --path.sysfs "$M/sys" --web.listen-address "127.0.0.1:$port" \
		--collector.disable-defaults --collector.meminfo --collector.meminfo_numa --collector.vmstat --collector.zoneinfo \
		--collector.pressure --collector.buddyinfo --collector.slabinfo --collector.processes >"$T/exporter" 2>&1 &
	exporter=$!
	wait_until 60 fetch "$port"
	fetch "$port" >"$T/metrics"
	kill "$exporter"
	is "$(metric node_memory_MemFree_bytes)" "$(($(kb MemFree) * 1024))" 'node exporter: meminfo'
	is "$(metric 'node_memory_numa_MemTotal{node="0"}')" \
		"$(awk '$3 == "MemTotal:" { printf "%.0f", $4 * 1024 }' "$M/sys/devices/system/node/node0/meminfo")" 'node exporter: meminfo_numa'
	is "$(metric node_vmstat_pgfault)" "$(field "$M/proc/vmstat" pgfault)" 'node exporter: vmstat'
	is "$(metric 'node_zoneinfo_managed_pages{node="0",zone="DMA32"}')" \
		"$(awk '/^Node 0, zone +DMA32/ { here = 1 } here && $1 == "managed" { print $2; exit }' "$M/proc/zoneinfo")" 'node exporter: zoneinfo'
	is "$(metric node_pressure_memory_waiting_seconds_total)" 0 'node exporter: pressure'
	is "$(metric 'node_buddyinfo_blocks{node="0",size="10",zone="DMA32"}')" \
		"$(awk '/^Node 0, zone +DMA32/ { print $NF }' "$M/proc/buddyinfo")" 'node exporter: buddyinfo'
	is "$(metric 'node_processes_pids')" "$(printf '%s\n' "$M"/proc/[0-9]* | wc -l)" 'node exporter: processes'
fi

# --- huge pages, KSM ---

if has 1 hugeadm; then
	like "$(inside hugeadm --explain 2>&1)" "Total System Memory: $(($(kb MemTotal) / 1024)) MB" 'hugeadm --explain'
fi
if has 1 ksmtuned; then
	# a service without an end: it has to be stopped, and to have written its knobs by then
	ksmtuned_for() {
		inside timeout "$1" bash -x "$(command -v ksmtuned)"
	}
	like "$(watched "$(kb MemTotal)" ksmtuned_for)" "$(kb MemTotal)" 'ksmtuned reads the memory of the machine'
fi

is "$(cat "$M/sim/check")" ok 'the engine is sound'
done_testing
