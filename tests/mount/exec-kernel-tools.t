#!/bin/bash
# The kernel's own page-types and slabinfo, of 6.1's sources: what they print is what the tree's files say, and
# sim/lru's census. Built by scripts/kernel-tools, which make check-tools runs, or here where the sources are installed;
# skipped where neither is.
# shellcheck disable=SC2119 # no arguments are meant
. "$(dirname "$0")/lib.sh"

tools=${KERNEL_TOOLS:-$BUILT/kernel-tools}
if [ ! -x "$tools/page-types" ] && { [ -n "${LINUX_SOURCE:-}" ] || [ -r /usr/src/linux-source-6.1.tar.xz ]; }; then
	tools=$T/kernel-tools
	"$SRC/scripts/kernel-tools" "$tools" 2>&1 | sed 's/^/# /'
fi
[ -x "$tools/page-types" ] || skip_all "no $tools: scripts/kernel-tools makes them; no linux-source-6.1 is installed"
mount_machine --machine tiny
put "$M/sim/clock" pause
pid=$(new_process a)
truncate -s 3M "$M/sim/disk/data"
printf '%s\n' 'mmap heap 4M' 'write heap' 'mmap map 3M file=data' 'read map' 'mmap locked 1M' 'mlock locked' \
	'mmap shared 1M shared' 'write shared' >"$M/sim/procs/a/ctl"

# --- page-types ---

# kpageflags MASK: frames that have all of these bits
kpageflags() {
	perl -e '
		open my $f, "<:raw", "$ARGV[0]/proc/kpageflags" or die;
		my ($n, $mask) = (0, hex $ARGV[1]);
		while (read $f, my $chunk, 65536) {
			$n += ($_ & $mask) == $mask for unpack "Q*", $chunk;
		}
		print $n' "$M" "$1"
}
# total [option ...]: the pages that page-types counts
total() {
	inside "$tools/page-types" "$@" | awk '$1 == "total" { print $2 }'
}
is "$(total)" "$(kpageflags 0)" 'page-types counts every frame'
while read -r name bit; do
	is "$(total -b "$name")" "$(kpageflags "$bit")" "$name pages"
done <<-END
	lru 20
	slab 80
	buddy 400
	mmap 800
	anon 1000
	swapbacked 4000
	unevictable 40000
	pgtable 4000000
END
is "$(total -b buddy)" "$(awk '{ for (i = 5; i <= NF; i++) n += $i * 2 ^ (i - 5) } END { print n }' "$M/proc/buddyinfo")" \
	'what is free is what buddyinfo says'
is "$((($(total -b slab) + $(total -r -b compound_head,~slab) + $(total -r -b compound_tail,~slab)) * 4))" "$(field "$M/proc/meminfo" Slab)" \
	'and slabs, with buffers too large for one, what meminfo says'
is "$(total -p "$pid" -b anon)" "$(($(field "$M/proc/$pid/status" RssAnon) / 4))" 'of a process: its anonymous pages'
is "$(total -p "$pid")" "$(($(field "$M/proc/$pid/status" VmRSS) / 4))" 'and all that it has'
is "$(total -p "$pid" -b unevictable)" \
	"$(($(field "$M/proc/$pid/status" VmLck) / 4))" 'with what it has locked'

# --- The census ---

truncate -s 0 "$M/sim/disk/written"
printf '%s\n' 'fwrite written 0 2M' 'fread data 0 1M' 'fread data 0 1M' >"$M/sim/procs/a/ctl"
read -r _ free active clean dirty unevictable < <(grep '^all ' "$M/sim/lru")
cmp_num "$dirty" '>' "$((512 + 1024 + 256))" 'pages that were written wait on the inactive lists'
cmp_num "$active" '>' 0 'and some are active'
is "$(total -b buddy)" "$free" 'census: free'
is "$(total -b lru,active,~unevictable)" "$active" 'active'
inactive=lru,~active,~unevictable
is "$(total -b $inactive,~swapbacked,~dirty,~writeback)" "$clean" 'inactive and clean'
is "$(($(total -b $inactive,swapbacked) + $(total -b $inactive,~swapbacked,dirty) + $(
	total -b $inactive,~swapbacked,~dirty,writeback)))" "$dirty" 'inactive and to be written'
is "$(total -b lru,unevictable=lru,unevictable)" "$unevictable" 'unevictable'
put "$M/sim/ctl" sync
is "$(total -b $inactive,~swapbacked,dirty)" 0 'after a sync no file has a dirty page'
is "$(total -b $inactive,~swapbacked)" "$(awk '$1 == "all" { print $4 }' "$M/sim/lru")" 'and the census says so too'
is "$(cat "$M/sim/check")" ok 'which agrees with what sim/check counted'

# --- slabinfo ---

inside "$tools/slabinfo" >"$T/slabs"
awk 'NR > 1 && NF >= 7 { print $1, $2, $3, $6, $7 }' "$T/slabs" >"$T/printed"
while read -r name _; do
	dir=$M/sys/kernel/slab/$name
	echo "$name $(sed 's/ .*//' "$dir/objects") $(cat "$dir/object_size" "$dir/objs_per_slab" "$dir/order" | paste -sd ' ')"
done <"$T/printed" >"$T/wanted"
cmp_num "$(grep -c . "$T/printed")" '>' 50 'slabinfo lists the caches'
same_file "$T/wanted" "$T/printed" 'each with the objects, sizes and orders of /sys/kernel/slab'
is "$(inside "$tools/slabinfo" -T | sed -n 's/^Slabcaches : *\([0-9]*\).*/\1/p')" \
	"$(find "$M/sys/kernel/slab" -mindepth 1 -maxdepth 1 -type d | wc -l)" 'and counts them'
links=$(find "$M/sys/kernel/slab" -mindepth 1 -maxdepth 1 -type l)
is "$(inside "$tools/slabinfo" -T | sed -n 's/.*Aliases *: *\([0-9>-]*\).*/\1/p')" \
	"$(grep -c . <<<"$links")->$(xargs readlink <<<"$links" | sort -u | grep -c .)" 'and the names that share one'

done_testing
