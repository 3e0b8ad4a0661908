#!/bin/bash
# sim/procs/NAME/translate and tlb, on processors of two, three, four and one levels of page tables.
# timeout: 60
. "$(dirname "$0")/lib.sh"

frame() { sed -n 's/.*frame \(0x[0-9a-f]*\),.*/\1/p' "$M/sim/procs/a/translate"; }
pagemap() {
	local start word
	start=$(sed -n 's/-.* m$//p' "$M/sim/procs/a/regions")
	word=$(dd if="$M/proc/$(cat "$M/sim/procs/a/pid")/pagemap" bs=8 skip=$((0x$start >> 12)) count=1 2>/dev/null | od -An -t u8)
	echo $((word & ((1 << 55) - 1)))
}
levels() { grep -c '^[p][gmut4][de][e]*\[' "$M/sim/procs/a/translate"; }

# try LEVELS WHAT: a process with memory, its walk
try() {
	put "$M/sim/clock" pause
	mkdir "$M/sim/procs/a"
	put "$M/sim/procs/a/ctl" 'mmap m 8M'
	put "$M/sim/procs/a/translate" m
	like "$(cat "$M/sim/procs/a/translate")" 'not present' "$2: nothing there yet"
	put "$M/sim/procs/a/ctl" 'write m'
	is "$(levels)" "$1" "$2: a walk of $1 levels"
	is $(($(frame))) "$(pagemap)" "$2: the frame is pagemap's"
	put "$M/sim/procs/a/translate" m+8M
	like "$(cat "$M/sim/procs/a/translate")" 'SIGSEGV|mapping' "$2: behind it"
	refused EINVAL "$M/sim/procs/a/translate" nowhere 'an unknown region'
	refused EINVAL "$M/sim/procs/a/translate" m+x 'no offset'
	refused EINVAL "$M/sim/procs/a/translate" '' 'nothing'
	put "$M/sim/procs/a/ctl" 'read m 0 64K'
	put "$M/sim/procs/a/ctl" 'read m 0 64K'
	like "$(cat "$M/sim/procs/a/tlb")" 'l1_hits +(1[6-9]|[2-9][0-9])' "$2: what was just read hits"
}

mount_machine --machine laptop
try 4 x86-64
put "$M/sim/procs/a/ctl" 'mmap d 64K dev=fb shared'
put "$M/sim/procs/a/ctl" 'write d'
put "$M/sim/procs/a/translate" d
like "$(cat "$M/sim/procs/a/translate")" '^physical .* no RAM' "a device's memory is in no node"
put "$M/sim/procs/a/translate" 18446744073709551615
like "$(cat "$M/sim/procs/a/translate")" '0xffffffffffffffff in no mapping' 'the last address of all'
printf '[machine]\narch = i386\nmemory = 1G\n' >"$T/two"
mount_machine --machine "$T/two"
try 2 i386
like "$(cat "$M/proc/zoneinfo")" HighMem 'i386 has HighMem'
printf '[machine]\narch = i386\npae = 1\nmemory = 5G\n' >"$T/three"
mount_machine --machine "$T/three"
try 3 pae
printf '[machine]\narch = i386\nlevels = 1\nmemory = 1G\n' >"$T/one"
mount_machine --machine "$T/one"
try 1 'one level'
like "$(cat "$M/proc/$(cat "$M/sim/procs/a/pid")/status")" 'VmPTE:[[:space:]]+4096 kB' 'which costs 4 MiB'
done_testing
