#!/bin/bash
# /proc/kpageflags of a file's pages and VmFlags of locked mappings, as a 6.1 kernel with ext4 showed them after the
# same calls.
. "$(dirname "$0")/lib.sh"

mount_machine --machine tiny
put "$M/sim/clock" pause
pid=$(new_process a)
does() {
	put "$M/sim/procs/a/ctl" "$@"
}
# flags REGION PAGE: of the frame behind it, the bits that tell where a file's page came from
flags() {
	perl -e '
		my ($mount, $pid, $address, $page) = @ARGV;
		sub word {
			my ($file, $index) = @_;
			open my $f, "<:raw", "$mount/proc/$file" or die "$file: $!";
			sysseek $f, $index * 8, 0;
			sysread($f, my $word, 8) == 8 or die "$file: $!";
			return unpack "Q", $word;
		}
		my $frame = word("$pid/pagemap", hex($address) / 4096 + $page) & (1 << 55) - 1;
		my $flags = word("kpageflags", $frame);
		my @names = (mmap => 11, dirty => 4, mappedtodisk => 34, private => 35);
		print join " ", map { $flags >> $names[2 * $_ + 1] & 1 ? $names[2 * $_] : () } 0 .. 3' \
		"$M" "$pid" "$(awk -v name="$1" '$3 == name { sub(/-.*/, "", $1); print $1 }' "$M/sim/procs/a/regions")" "$2"
}

# --- Files: what was read lies on the disk, what was written has buffers ---

truncate -s 0 "$M/sim/disk/new" "$M/sim/disk/hole"
does 'fwrite new 0 64K'
does 'mmap new 64K shared file=new'
does 'read new'
is "$(flags new 0)" 'mmap dirty private' 'a page that was written has buffers'
put "$M/sim/ctl" sync
is "$(flags new 0)" 'mmap private' 'and keeps them when it is clean'
does 'munmap new'
put "$M/proc/sys/vm/drop_caches" 3
does 'mmap old 64K shared file=new'
does 'read old'
is "$(flags old 0)" 'mmap mappedtodisk' 'read back, it is mapped to the disk and has none'
does 'write old 0 4K'
is "$(flags old 0)" 'mmap dirty mappedtodisk private' 'a store brings buffers'
is "$(flags old 1)" 'mmap mappedtodisk' 'to that page only'
does 'msync old'
is "$(flags old 0)" 'mmap mappedtodisk private' 'and they stay'
does 'fwrite new 4K 4K'
is "$(flags old 1)" 'mmap dirty mappedtodisk private' 'write(2) to a page that was read: both'

does 'fwrite hole 32K 4K'
put "$M/sim/ctl" sync
put "$M/proc/sys/vm/drop_caches" 3
does 'mmap hole 36K shared file=hole'
does 'read hole'
is "$(flags hole 0)" 'mmap' 'a hole is nowhere on the disk'
is "$(flags hole 8)" 'mmap mappedtodisk' 'what lies behind it is'
does 'write hole 0 4K'
is "$(flags hole 0)" 'mmap dirty private' 'until it is written to'

# --- Locked mappings ---

# vmflags REGION: of its first mapping
vmflags() {
	awk -v at="$(awk -v name="$1" '$3 == name { sub(/-.*/, "", $1); print $1 }' "$M/sim/procs/a/regions")" '
		index($1, at "-") == 1 { found = 1 }
		found && $1 == "VmFlags:" { print; exit }' "$M/proc/$pid/smaps"
}
does 'mmap o 1M'
does 'mlock o onfault'
is "$(vmflags o)" 'VmFlags: rd wr mr mw me lo ?? ac sd ' 'MLOCK_ONFAULT: 6.1 has no letters for it'
does 'mlock o 0 64K'
is "$(vmflags o)" 'VmFlags: rd wr mr mw me lo ac sd ' 'mlock of a part takes it away there'
does 'munlock o'
is "$(vmflags o)" 'VmFlags: rd wr mr mw me ac sd ' 'and munlock both'

done_testing
