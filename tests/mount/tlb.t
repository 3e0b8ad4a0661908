#!/bin/bash
# TLBs through a mount: huge pages in page walks and in the TLB, its sizes in the machine file, shootdowns.
# timeout: 60
. "$(dirname "$0")/lib.sh"

ctl() {
	local command
	for command; do
		put "$M/sim/procs/a/ctl" "$command"
	done
}
walk() {
	put "$M/sim/procs/a/translate" "$1"
	cat "$M/sim/procs/a/translate"
}
counter() { awk -v name="$1" '$1 == name { print $2 }' "$M/sim/procs/a/tlb"; }
held() { awk -v name="$1" '$1 == name { print $4 }' "$M/sim/procs/a/tlb"; }

# machine NAME LINE...: mounted, its clock paused, with a process a
machine() {
	printf '%s\n' '[machine]' "${@:2}" >"$T/$1"
	mount_machine --machine "$T/$1"
	put "$M/sim/clock" pause
	mkdir "$M/sim/procs/a"
}

# huge_walk SIZE LEVEL BYTES WHAT: a mapping h of huge pages, resident, and its walk
huge_walk() {
	local text address
	ctl 'write h'
	text=$(walk h+1M)
	like "$text" "^$2\[[0-9]+\] .* P RW US A D PS" "$4: the walk ends at the $2"
	unlike "$text" '^pte' "$4: there is no pte"
	like "$text" "^page +$1 at 0x" "$4: a page of $1"
	address=$(sed -n 's/^physical  \(0x[0-9a-f]*\):.*/\1/p' <<<"$text")
	is $((address % $3)) $((1 << 20)) "$4: the physical address is 1 MiB into it"
	like "$text" "frame $(printf 0x%x $((address >> 12)))," "$4: and the frame is its"
	like "$text" 'first level' "$4: it is in the TLB"
	ctl 'mprotect h r'
	unlike "$(walk h+1M)" 'first level|second level' "$4: mprotect takes it out"
	like "$(walk h+1M)" 'P US A' "$4: the right to write is gone"
	ctl 'mprotect h rw' 'munmap h'
}

machine plain 'memory = 4G' 'cpus = 4' 'cpu_1g_pages = yes'
put "$M/proc/sys/vm/nr_hugepages" 64
put "$M/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages" 1
ctl 'mmap h 4M hugetlb=2M'
huge_walk '2 MiB' pmd $((2 << 20)) '2 MiB'
ctl 'mmap h 1G hugetlb=1G'
before=$(counter flushes) pages=$(counter page_flushes)
huge_walk '1 GiB' pud $((1 << 30)) '1 GiB'
is "$(($(counter flushes) - before)) $(($(counter page_flushes) - pages))" '0 3' \
	'mprotect, twice, and munmap of a page of 1 GiB: each time one page to flush'
ctl 'mmap h 64M hugetlb' 'write h' 'access h uniform 5000'
is "$(held l1d_2m)" 32 'all 32 entries for pages of 2 MiB are in use'
before=$(counter misses)
ctl 'access h uniform 5000'
is "$(counter misses)" "$before" '64 MiB of them: no access misses'
ctl 'munmap h 0 2M'
is "$(held l1d_2m)" 31 'munmap drops the one'
ctl 'fork b'
is "$(held l1d_2m)" 0 'fork drops all'
ctl 'access h uniform 500 4M'
isnt "$(counter misses)" "$before" 'they are walked for again'

# another thread of the process runs on another CPU meanwhile
ctl 'mmap m 4M' 'write m' 'clone c'
put "$M/sim/procs/c/ctl" 'load m uniform 10000'
put "$M/sim/clock" 'advance 50ms'
ctl 'mprotect m r 0 4K'
is "$(awk '$1 == "shootdowns" { print $2 }' "$M/sim/tlb")" 1 'what runs elsewhere is shot down'
is "$(awk '$1 == "TLB:" { print $2 + $3 + $4 + $5 }' "$M/proc/interrupts")" 1 'proc/interrupts counts it'
is "$(awk '$1 == "TLB:" { for (i = 2; i <= 5; i++) if ($i) print i - 2 }' "$M/proc/interrupts")" \
	"$(awk '$1 == "cpu" { print $2 }' "$M/sim/procs/c/tlb")" 'on the CPU of that thread'
put "$M/proc/sys/vm/mmap_rnd_bits" 32
refused EINVAL "$M/proc/sys/vm/mmap_rnd_bits" 27 'a 64-bit machine has 28 bits of randomness at least'

declare -a nr
# misses COMMAND: of its accesses, made a second time
misses() {
	local before
	ctl "$1"
	before=$(counter misses)
	ctl "$1"
	echo $(($(counter misses) - before))
}
for entries in 1536 768; do
	machine "l2-$entries" 'memory = 1G' '[tlb]' "l2_4k = $entries"
	ctl 'mmap m 6M' 'write m'
	nr[entries]=$(misses 'access m uniform 20000')
done
diag "misses with 1536 and 768 entries: ${nr[1536]} ${nr[768]}"
cmp_num "${nr[768]}" '>' $((10 * nr[1536] + 1000)) 'half the entries for 4 KiB: many more misses'
for entries in 32 16; do
	machine "l1-$entries" 'memory = 1G' '[tlb]' "l1d_2m = $entries" 'l2_4k = 0'
	put "$M/proc/sys/vm/nr_hugepages" 32
	ctl 'mmap h 64M hugetlb' 'write h'
	nr[entries]=$(misses 'access h uniform 20000')
done
is "${nr[32]}" 0 '32 entries for pages of 2 MiB map 64 MiB'
cmp_num "${nr[16]}" '>' 5000 '16 do not'

machine i386 'arch = i386' 'memory = 1G'
put "$M/proc/sys/vm/nr_hugepages" 8
ctl 'mmap h 8M hugetlb'
huge_walk '4 MiB' pgd $((4 << 20)) i386
refused EINVAL "$M/proc/sys/vm/mmap_rnd_bits" 28 'i386 has 16 bits of randomness at most'
accepted "$M/proc/sys/vm/mmap_rnd_bits" 16 'and as many'
not_ok 'i386 has no programs of another width' test -e "$M/proc/sys/vm/mmap_rnd_compat_bits"
machine pae 'arch = i386' 'pae = yes' 'memory = 5G'
put "$M/proc/sys/vm/nr_hugepages" 8
ctl 'mmap h 8M hugetlb'
huge_walk '2 MiB' pmd $((2 << 20)) pae
done_testing
