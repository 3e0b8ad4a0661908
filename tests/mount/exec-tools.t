#!/bin/bash
# Unmodified tools inside `mmanfs exec` print what the tree's files hold. The clock stands still
# meanwhile, so every number has one value.
# shellcheck disable=SC2016,SC2119,SC2317 # other shells expand it; no arguments are meant; called by name
. "$(dirname "$0")/lib.sh"

mount_machine --machine two-node
put "$M/sim/clock" pause
mkdir "$M/sim/procs/hog"
put "$M/sim/procs/hog/ctl" 'mmap heap 96M'
put "$M/sim/procs/hog/ctl" 'write heap 0 64M'
hog=$(cat "$M/sim/procs/hog/pid")
meminfo() {
	field "$M/proc/meminfo" "$1"
}
# column N of the first line of $2 that begins with the word $1
column() {
	awk -v word="$1" -v n="$2" '$1 == word { print $n; exit }' <<<"$3"
}
# the bytes that the mappings of a maps file cover
mapped() {
	perl -ne '/^(\w+)-(\w+)/ and $sum += hex($2) - hex($1); END { print $sum }' "$1"
}
# the sum of a field over all mappings of an smaps file
smaps_sum() {
	awk -v name="$1:" '$1 == name { sum += $2 } END { print sum + 0 }' "$2"
}

is "$(inside cat /proc/version)" "$(cat "$M/proc/version")" '/proc is the tree'
is "$(inside cat /sys/devices/system/node/online)" "$(cat "$M/sys/devices/system/node/online")" '/sys is the tree'
isnt "$(cat /proc/version)" "$(cat "$M/proc/version")" 'outside, /proc is the host'

# --- free ---

free=$(inside free -k)
cache=$(($(meminfo Buffers) + $(meminfo Cached) + $(meminfo SReclaimable)))
is "$(column Mem: 2 "$free")" "$(meminfo MemTotal)" 'free: total'
is "$(column Mem: 3 "$free")" "$(($(meminfo MemTotal) - $(meminfo MemAvailable)))" 'free: used'
is "$(column Mem: 4 "$free")" "$(meminfo MemFree)" 'free: free'
is "$(column Mem: 5 "$free")" "$(meminfo Shmem)" 'free: shared'
is "$(column Mem: 6 "$free")" "$cache" 'free: buff/cache'
is "$(column Mem: 7 "$free")" "$(meminfo MemAvailable)" 'free: available'
is "$(column Swap: 2 "$free")" "$(meminfo SwapTotal)" 'free: swap'

# --- vmstat ---

vmstat=$(inside vmstat -n | tail -n 1)
read -r _ _ swpd free_kb buff cached _ <<<"$vmstat"
is "$swpd" "$(($(meminfo SwapTotal) - $(meminfo SwapFree)))" 'vmstat: swpd'
is "$free_kb" "$(meminfo MemFree)" 'vmstat: free'
is "$buff" "$(meminfo Buffers)" 'vmstat: buff'
is "$cached" "$(($(meminfo Cached) + $(meminfo SReclaimable)))" 'vmstat: cache'
totals=$(inside vmstat -s)
like "$totals" "^ *$(meminfo MemTotal) K total memory" 'vmstat -s: total memory'
like "$totals" "^ *$(meminfo Active) K active memory" 'vmstat -s: active memory'
like "$totals" "^ *$(field "$M/proc/vmstat" pgpgin) K paged in" 'vmstat -s: paged in'
like "$totals" "^ *$(field "$M/proc/stat" ctxt) CPU context switches" 'vmstat -s: context switches'

irqs=$(awk '$1 != "TLB:" && NR > 1 { for (i = 2; i <= 3; i++) sum += $i } END { print sum }' "$M/proc/interrupts")
like "$totals" "^ *$irqs interrupts" 'vmstat -s: interrupts, of which TLB shootdowns are calls'
cmp_num "$irqs" '>=' "$(awk '$3 == "vda" { print $4 + $8 }' "$M/proc/diskstats")" 'each request to the disk was one'

# shellcheck disable=SC2016 # for the shell inside
is "$(inside sh -c 'echo 15 >/proc/$$/oom_adj; cat /proc/$$/oom_adj /proc/$$/oom_score_adj' | xargs)" '15 1000' \
	'a visitor has the old oom_adj, too'

# --- ps, top, pmap ---

pids=$(cd "$M/proc" && printf '%s\n' [0-9]* | sort -n)
is "$(inside ps -e -o pid= | tr -d ' ' | sort -n)" "$pids" 'ps: every process of the listing, and no other'
is "$(inside ps -o pid=,ppid=,rss=,vsz=,comm= -p "$hog" | xargs)" \
	"$hog $(field "$M/proc/$hog/status" PPid) $(field "$M/proc/$hog/status" VmRSS) $(field "$M/proc/$hog/status" VmSize) hog" \
	'ps: number, parent, RSS, VSZ and name of a process'
cmp_num "$(field "$M/proc/$hog/status" VmRSS)" '>=' 65536 'and these are not small numbers'
is "$(inside ps -o comm= -p 1)" "$(cat "$M/proc/1/comm")" 'ps: init'
is "$(inside ps -o pid= -p 2 | xargs)" 2 'ps: a kernel thread'

top=$(inside top -b -n1 -w 200 -p "$hog")
read -r size resident shared _ <"$M/proc/$hog/statm"
is "$(column "$hog" 5 "$top") $(column "$hog" 6 "$top") $(column "$hog" 7 "$top")" \
	"$((size * 4)) $((resident * 4)) $((shared * 4))" 'top: VIRT, RES, SHR'
total=$(perl -e 'printf "%.1f", $ARGV[0] / 1024' "$(meminfo MemTotal)")
like "$top" "^MiB Mem : +${total//./\\.} total" 'top: total memory'
is "$(inside top -b -n1 | awk '$1 ~ /^[0-9]+$/ && NF > 10 { print $1 }' | sort -n)" "$pids" 'top: every process'

pmap=$(inside pmap "$hog")
like "$pmap" "^ total +$(($(mapped "$M/proc/$hog/maps") / 1024))K" 'pmap: the sum of the mappings'
is "$(grep -c '^[0-9a-f]\{16\} ' <<<"$pmap")" "$(grep -vc vsyscall "$M/proc/$hog/maps")" 'pmap: each of them'
is "$(inside pmap -x "$hog" | awk '$1 == "total" { print $4 }')" "$(smaps_sum Rss "$M/proc/$hog/smaps")" 'pmap -x: Rss'

# --- sysctl ---

is "$(inside sysctl -n vm.swappiness)" "$(cat "$M/proc/sys/vm/swappiness")" 'sysctl reads a knob'
is "$(inside sysctl -w vm.swappiness=77)" 'vm.swappiness = 77' 'sysctl sets it'
is "$(cat "$M/proc/sys/vm/swappiness")" 77 'and it is set'
like "$(inside sysctl -w vm.swappiness=201 2>&1)" 'Invalid argument' 'sysctl is refused what the kernel refuses'
is "$(inside sysctl -a 2>/dev/null | grep -c '^vm\.')" \
	"$(find "$M/proc/sys/vm" -type f -perm /0400 ! -name stat_refresh | wc -l)" 'sysctl -a: every readable knob of vm'

# --- lsmem, numactl, numastat ---

blocks=$(grep -lx online "$M"/sys/devices/system/memory/memory*/state | wc -l)
size=$((16#$(cat "$M/sys/devices/system/memory/block_size_bytes")))
lsmem=$(inside lsmem -b --summary=only)
like "$lsmem" "^Memory block size: +$size\$" 'lsmem: block size'
like "$lsmem" "^Total online memory: +$((blocks * size))\$" 'lsmem: online memory'
is "$(inside lsmem -a -n -b -o SIZE --summary=never | wc -l)" "$(printf '%s\n' "$M"/sys/devices/system/memory/memory[0-9]* | wc -l)" 'lsmem -a: each block'

nodes=$(printf '%s\n' "$M"/sys/devices/system/node/node[0-9]* | wc -l)
hardware=$(inside numactl --hardware)
like "$hardware" "^available: $nodes nodes \(0-$((nodes - 1))\)\$" 'numactl: the nodes'
numastat=$(inside numastat)
for ((node = 0; node < nodes; node++)); do
	dir=$M/sys/devices/system/node/node$node
	mem() {
		awk -v name="$1:" '$3 == name { print int($4 / 1024) }' "$dir/meminfo"
	}
	like "$hardware" "^node $node size: $(mem MemTotal) MB\$" "numactl: memory of node $node"
	like "$hardware" "^node $node free: $(mem MemFree) MB\$" "numactl: free memory of node $node"
	is "$(column "$node:" 2 "$hardware") $(column "$node:" 3 "$hardware")" \
		"$(xargs <"$dir/distance")" "numactl: distances of node $node"
	for counter in numa_hit numa_miss numa_foreign interleave_hit local_node other_node; do
		is "$(column "$counter" $((node + 2)) "$numastat")" "$(field "$dir/numastat" "$counter")" \
			"numastat: $counter of node $node"
	done
done
# numa_maps counts pages, numastat -p prints MB
private=$(perl -ne '$sum += $1 while /\bN\d+=(\d+)/g; END { printf "%.2f", $sum * 4096 / 1048576 }' "$M/proc/$hog/numa_maps")
is "$(inside numastat -p "$hog" | awk '$1 == "Total" { print $NF }' | tail -n 1)" "$private" 'numastat -p: pages of a process'

done_testing
