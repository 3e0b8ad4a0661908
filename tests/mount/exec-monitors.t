#!/bin/bash
# Monitors as Debian has them, inside `mmanfs exec` and, where they take a path, on the mount itself: each prints
# what the tree's files hold. A tool that is not installed skips its tests.
# shellcheck disable=SC2016,SC2119,SC2317 # other shells expand it; no arguments are meant; called by name
# timeout: 400
. "$(dirname "$0")/lib.sh"

mount_machine --machine two-node
put "$M/sim/clock" pause
put "$M/sim/clock" 'advance 7200s'
put "$M/sim/ctl" 'swapon vdz 256M'
put "$M/proc/sys/vm/nr_hugepages" 6
mkdir "$M/sim/procs/hog" "$M/sim/procs/other"
put "$M/sim/procs/hog/ctl" 'mmap heap 96M'
put "$M/sim/procs/hog/ctl" 'write heap 0 64M'
put "$M/sim/procs/hog/ctl" 'madvise heap pageout 0 16M'
hog=$(cat "$M/sim/procs/hog/pid")
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

cmp_num "$(kb SwapTotal)" '>=' "$((16384 + $(kb SwapFree)))" 'none of the numbers below is there by chance: swap is in use'
like "$(inside uptime)" " up  2:00, .* load average: $(sed 's/ /, /; s/ /, /; s/ .*//; s/,$//' "$M/proc/loadavg")" 'uptime'
is "$(inside vmstat -n | awk 'END { print $3 }')" "$(($(kb SwapTotal) - $(kb SwapFree)))" 'vmstat: swap in use'
is "$(inside vmstat -d | awk '$1 == "vda" { print $2, $4, $6, $8 }')" \
	"$(awk '$3 == "vda" { print $4, $6, $8, $10 }' "$M/proc/diskstats")" 'vmstat -d: reads and writes of a disk'
like "$(inside vmstat -s)" "^ *$(field "$M/proc/vmstat" pswpout) pages swapped out" 'vmstat -s: pages swapped out'
like "$(inside vmstat -a)" " $(kb Inactive) +$(kb Active) " 'vmstat -a: inactive and active'
awk 'NR > 2 { print substr($1, 1, 23), $2, $3, $4, $5 }' "$M/proc/slabinfo" | sort >"$T/wanted"
inside vmstat -n -m | awk '$1 != "Cache" { print $1, $2, $3, $4, $5 }' | sort >"$T/printed"
same_file "$T/wanted" "$T/printed" 'vmstat -m: each cache'
active=$(awk 'NR > 2 { sum += $2 } END { print sum }' "$M/proc/slabinfo")
slabtop=$(inside slabtop -o)
like "$slabtop" "Total Objects .*: $active / " 'slabtop: objects in use'
slab=$(awk '$1 == "dentry" { print $3, $2, $3 / $5, $5 }' "$M/proc/slabinfo")
is "$(awk '$NF == "dentry" { print $1, $2, $5, $6 }' <<<"$slabtop")" "$slab" 'slabtop: a cache'
is "$(inside pgrep -x hog)" "$hog" 'pgrep finds a process by name'
columns=$(inside pmap -X "$hog" | awk 'END { print $2 }')
is "$columns" "$(smaps_sum Rss)" 'pmap -X: the sum of Rss'
if has 2 script; then
	like "$(watched vdz on_screen 'watch -t -n 1 cat /proc/swaps')" 'vdz' 'watch'
	load=$(cut -d' ' -f1 "$M/proc/loadavg")
	like "$(watched "$load" on_screen 'tload -d 1')" "$load" 'tload'
fi

# --- util-linux ---

is "$(inside swapon --show=NAME,SIZE,USED --bytes --noheadings | xargs)" "/dev/vdz 268431360 $((($(kb SwapTotal) - $(kb SwapFree)) * 1024))" 'swapon --show'
is "$(inside lscpu -p=CPU,NODE | grep -v '^#' | xargs)" '0,0 1,1' 'lscpu: CPUs and their nodes'
is "$(inside lscpu | sed -n 's/^Model name: *//p')" "$(sed -n 's/^model name.*: //p' "$M/proc/cpuinfo" | head -n 1)" 'lscpu: the model'
is "$(lscpu --sysroot "$M" -p=CPU,NODE | grep -v '^#' | xargs)" '0,0 1,1' 'lscpu --sysroot, without exec'
like "$(inside choom -p "$hog")" "score: $(cat "$M/proc/$hog/oom_score")" 'choom: the OOM score'
like "$(inside dmesg)" 'Linux version 6\.1\.' 'dmesg: the simulated kernel log'
like "$(inside dmesg)" 'Adding 262140k swap on /dev/vdz' 'dmesg: and its last lines'
like "$(lsmem --sysroot "$M" -b --summary=only)" "online memory: +$((2 * 1024 * 1024 * 1024))\$" 'lsmem --sysroot, without exec'

is "$(inside findmnt -n -o TARGET,SOURCE,FSTYPE -l)" "$(inside findmnt -n -o TARGET,SOURCE,FSTYPE -l -F "$M/proc/1/mountinfo")" \
	'findmnt: the file systems of the machine'

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

if has 11 sar; then
	sar=$(LC_ALL=C inside sar -r -S -B -W -H 1 1 2>"$T/err" | grep '^Average')
	like "$(LC_ALL=C inside sar -r 1 1 2>"$T/err" | head -n 1)" "^Linux $(cat "$M/proc/sys/kernel/osrelease") \\(" 'sar: its headline'
	is "$(grep -A1 kbmemfree <<<"$sar" | awk 'END { print $2, $3 }')" "$(kb MemFree) $(kb MemAvailable)" 'sar -r: free and available'
	is "$(grep -A1 kbswpfree <<<"$sar" | awk 'END { print $2 }')" "$(kb SwapFree)" 'sar -S: free swap'
	is "$(grep -A1 kbhugfree <<<"$sar" | awk 'END { print $2 }')" $((6 * 2048)) 'sar -H: huge pages'
	# -B and -W print rates, of a clock that stands: what they are made of are the counters
	LC_ALL=C inside sar -o "$T/sar" -B -W 1 1 >"$T/out" 2>"$T/err"
	raw=$(sadf -r "$T/sar" -- -B -W | tr ';' '\n' | xargs)
	for pair in pgpgin/s:pgpgin pgpgout/s:pgpgout fault/s:pgfault majflt/s:pgmajfault pgfree/s:pgfree pswpin/s:pswpin pswpout/s:pswpout; do
		count=$(field "$M/proc/vmstat" "${pair#*:}")
		like "$raw" "(^| )${pair%:*} $count $count( |\$)" "sar -B -W: ${pair#*:}"
	done
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

if has 3 htop; then
	htop_for() {
		TERM=xterm inside script -qec "sh -c '(sleep $1; printf q) | htop -C -d 5'" /dev/null
	}
	screen=$(watched hog htop_for)
	# what a terminal would have done is left out
	text=$(sed 's/(B//g; s/\[[0-9;]*m//g; s/\[[0-9;?]*[a-zA-Z]/ /g' <<<"$screen")
	read -r size resident shared _ <"$M/proc/$hog/statm"
	like "$text" "root .* $((size * 4)) +$((resident * 4)) +$((shared * 4)) .* hog" 'htop: VIRT, RES and SHR of a process'
	used=$(($(kb MemTotal) - $(kb MemFree) - $(kb Buffers) - $(kb Cached) - $(kb SReclaimable)))
	like "$text" "Mem.*$(perl -e 'printf "%.0f", shift() / 1024' "$used")M/$(perl -e 'printf "%.2f", shift() / 1048576' "$(kb MemTotal)")G" \
		'htop: memory in use'
	like "$text" 'Uptime:.*0?2:00:' 'htop: uptime'
fi
if has 2 atop; then
	atop=$(inside atop -P MEM,SWP 1 1 2>"$T/err")
	is "$(cell '^MEM' 8 "$atop") $(cell '^MEM' 9 "$atop")" "$(($(kb MemTotal) / 4)) $(($(kb MemFree) / 4))" 'atop: physical and free pages'
	is "$(cell '^SWP' 8 "$atop") $(cell '^SWP' 9 "$atop")" "$(($(kb SwapTotal) / 4)) $(($(kb SwapFree) / 4))" 'atop: swap'
fi
if has 2 glances; then
	glances=$(inside glances --stdout mem,memswap --stop-after 1 2>"$T/err")
	like "$glances" "'total': $(($(kb MemTotal) * 1024)), 'available': $(($(kb MemAvailable) * 1024))," 'glances: memory'
	like "$glances" "'total': $(($(kb SwapTotal) * 1024)), 'used': $((($(kb SwapTotal) - $(kb SwapFree)) * 1024))," 'glances: swap'
fi
if has 2 dstat; then
	like "$(inside dstat --nocolor --bits -m 1 1 2>"$T/err" | tail -n 1)" "$(perl -e 'printf "%.0f", shift() / 1024' "$(kb MemFree)")M" 'dstat: free memory'
	like "$(inside dstat --nocolor --bits -s 1 1 2>"$T/err" | tail -n 1)" "$((($(kb SwapTotal) - $(kb SwapFree)) / 1024))M" 'dstat: swap in use'
fi
if has 2 collectl; then
	inside collectl -sm -c1 -i1 -P >"$T/collectl" 2>"$T/err"
	# named NAME: the value below that head
	named() {
		awk -v name="[MEM]$1" '/^#Date/ { for (i = 1; i <= NF; i++) if ($i == name) n = i } END { print $n }' "$T/collectl"
	}
	is "$(named Tot) $(named Free) $(named Slab) $(named Anon)" "$(kb MemTotal) $(kb MemFree) $(kb Slab) $(kb AnonPages)" 'collectl: memory'
	is "$(named SwapTot) $(named SwapFree) $(named HugeTotal)" "$(kb SwapTotal) $(kb SwapFree) 6" 'collectl: swap and huge pages'
fi

# --- busybox ---

if has 5 busybox; then
	free=$(inside busybox free)
	is "$(cell '^Mem:' 2 "$free") $(cell '^Mem:' 4 "$free")" "$(kb MemTotal) $(kb MemFree)" 'busybox free, by sysinfo and meminfo'
	like "$(inside busybox ps)" "^ *$hog root +hog" 'busybox ps'
	like "$(inside busybox top -b -n1 | head -n 1)" "$(kb MemFree)K free" 'busybox top'
	is "$(cell '^Swap:' 3 "$free")" "$(($(kb SwapTotal) - $(kb SwapFree)))" 'busybox free: swap in use'
	like "$(inside busybox uptime)" " up  2:00, .*load average: $(cut -d' ' -f1 "$M/proc/loadavg")" 'busybox uptime'
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
	is "$(inside /usr/bin/python3 -c "
import psutil
asked = ['name', 'ionice', 'nice', 'cpu_affinity', 'io_counters', 'num_ctx_switches', 'connections']
print(sum(p.as_dict(asked)['ionice'] is not None for p in psutil.process_iter()), list(psutil.net_io_counters(pernic=True)))")" \
		"$(printf '%s\n' "$M"/proc/[0-9]* | wc -l) ['lo']" 'psutil: everything of every process, and the network'
	is "$(/usr/bin/python3 -c "
import psutil
psutil.PROCFS_PATH = '$M/proc'
print(psutil.virtual_memory().total)")" "$(($(kb MemTotal) * 1024))" 'psutil with PROCFS_PATH, without exec'
else
	skip 5 'no psutil here'
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
if has 11 prometheus-node-exporter; then
	port=$((20000 + $$ % 10000))
	prometheus-node-exporter --path.procfs "$M/proc" --path.sysfs "$M/sys" --web.listen-address "127.0.0.1:$port" \
		--collector.disable-defaults --collector.meminfo --collector.meminfo_numa --collector.vmstat --collector.zoneinfo \
		--collector.pressure --collector.buddyinfo --collector.slabinfo --collector.processes \
		--collector.arp --collector.entropy --collector.netclass --collector.netstat --collector.sockstat \
		--collector.softnet --collector.stat --collector.udp_queues >"$T/exporter" 2>&1 &
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
	stalled=$(sed -n 's/^some .*total=//p' "$M/proc/pressure/io")
	cmp_num "$stalled" '>' 0 'somebody waited for the disk'
	is "$(awk '$1 == "node_pressure_io_waiting_seconds_total" { printf "%.0f", $2 * 1000000 }' "$T/metrics")" "$stalled" 'node exporter: pressure'
	is "$(metric 'node_slabinfo_active_objects{slab="dentry"}') $(metric 'node_slabinfo_pages_per_slab{slab="dentry"}')" \
		"$(awk '$1 == "dentry" { print $2, $6 }' "$M/proc/slabinfo")" 'node exporter: slabinfo'
	is "$(awk '/^node_scrape_collector_success/ && $2 != 1' "$T/metrics")" '' 'node exporter: no collector fails'
	is "$(metric node_intr_total)" "$(awk '$1 == "intr" { print $2 }' "$M/proc/stat")" 'node exporter: interrupts'
	is "$(metric 'node_buddyinfo_blocks{node="0",size="10",zone="DMA32"}')" \
		"$(awk '/^Node 0, zone +DMA32/ { print $NF }' "$M/proc/buddyinfo")" 'node exporter: buddyinfo'
	is "$(metric 'node_processes_pids')" "$(printf '%s\n' "$M"/proc/[0-9]* | wc -l)" 'node exporter: processes'
fi

# --- huge pages, KSM ---

if has 5 hugeadm; then
	is "$(inside hugeadm --pool-list 2>&1 | awk '$1 == 2097152 { print $2, $3, $4 }')" '6 6 6' 'hugeadm --pool-list'
	is "$(inside hugeadm --list-all-mounts 2>"$T/err" | awk '$1 ~ /^\// { print $1, $2 }')" \
		"$(awk '$3 == "hugetlbfs" { print $2, $4 }' "$M/proc/1/mounts")" 'hugeadm --list-all-mounts'
	inside hugeadm --pool-pages-min 2M:8
	is "$? $(cat "$M/proc/sys/vm/nr_hugepages") $(kb HugePages_Total)" '0 8 8' 'hugeadm --pool-pages-min acts'
	like "$(inside hugeadm --explain 2>&1)" '^ +2097152 +8 +8 +8 +\*' 'hugeadm --explain: the pools'
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
