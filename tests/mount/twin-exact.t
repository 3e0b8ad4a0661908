#!/bin/bash
# A twin has the sharing and the swap of its machine: of this one, with a family that shares memory since a fork,
# and, where everything stands still, of a simulated one.
# timeout: 120
. "$(dirname "$0")/lib.sh"

# mapping FILE ADDRESS KEY...: these lines of a mapping's paragraph
mapping() {
	local file=$1 start=$2
	shift 2
	awk -v start="$start-" -v keys=" $* " '
		/^[0-9a-f]+-[0-9a-f]+ / { at = index($0, start) == 1 }
		at && index(keys, " " $1 " ") { printf "%s %s ", $1, $2 }' "$file"
}

# sums FILE: of all its mappings but the one that all processes share
sums() {
	awk '/^[0-9a-f]+-[0-9a-f]+ / { own = !/\[vsyscall\]$/ }
		own && /^(Rss|Pss|Swap|Shared_Clean|Shared_Dirty|Private_Clean|Private_Dirty):/ { s[$1] += $2 }
		END { print s["Rss:"] + 0, s["Pss:"] + 0, s["Swap:"] + 0, s["Shared_Clean:"] + s["Shared_Dirty:"],
			s["Private_Clean:"] + s["Private_Dirty:"] }' "$1"
}

# --- this machine: a parent with 24 MiB, and children that have written to some of it ---

command -v perl >/dev/null || skip_all 'no perl'
perl -e '
	$| = 1;
	my $memory = "x" x (24 << 20);
	my @children;
	for my $mib (1, 3, 5) {
		my $pid = fork();
		if (!$pid) {
			substr($memory, $_ * 4096, 1) = "y" for 0 .. $mib * 256 - 1;
			open my $ready, ">", "$ARGV[0].$mib"; close $ready;
			sleep 100; exit;
		}
		push @children, $pid;
	}
	print "@children\n";
	$SIG{TERM} = sub { kill "KILL", @children; exit };
	sleep 100;' "$T/ready" >"$T/children" &
parent=$!
wait_until 20 test -s "$T/children" || bail_out 'no children'
for mib in 1 3 5; do
	wait_until 20 test -e "$T/ready.$mib" || bail_out 'a child does not write'
done
read -r -a children <"$T/children"

mkdir -p "$T/machine"
said=$("$MMANFS" mount --like-host "$T/machine" 2>&1)
is $? 0 'the twin of this machine is mounted'
M=$T/machine
machines+=("$M")
put "$M/sim/clock" pause
like "$said" '[0-9]+ of [0-9]+ processes( that stood still)? agree exactly' 'it is said how many processes agree'
like "$(cat "$M/sim/twin")" 'MemTotal: +([0-9]+) +\1  exactly' 'sim/twin says what agrees'
# the mapping with the string: the largest one that is nobody's file
large=$(awk '/^[0-9a-f]+-[0-9a-f]+ / { at = $1; sub(/-.*/, "", at); file = $6 ~ /^\// } $1 == "Anonymous:" && !file && $2 > 20000 { print at; exit }' "/proc/$parent/smaps")
for pid in "$parent" "${children[@]}"; do
	is "$(mapping "$M/proc/$pid/smaps" "$large" Rss: Anonymous: Swap: Shared_Dirty: Private_Dirty:)" \
		"$(mapping "/proc/$pid/smaps" "$large" Rss: Anonymous: Swap: Shared_Dirty: Private_Dirty:)" \
		"what process $pid shares is shared: Rss, Shared, Private"
	# a whole number of kB, and a page that somebody else maps for a moment takes the last byte from it
	within "$(mapping "$M/proc/$pid/smaps" "$large" Pss: | tr -cd 0-9)" \
		"$(mapping "/proc/$pid/smaps" "$large" Pss: | tr -cd 0-9)" 1 "... and by as many: Pss"
done
within "$(sums "$M/proc/$parent/smaps" | cut -d ' ' -f 2)" "$(sums "/proc/$parent/smaps" | cut -d ' ' -f 2)" 1 \
	'its Pss as a whole, libraries included'
kill "$parent"
wait "$parent" 2>/dev/null
umount_machine

# --- a simulated machine, looked at by a capture that runs in it ---

mount_machine --machine laptop
put "$M/sim/clock" pause
head -c 3000000 /dev/zero >"$M/sim/disk/file"
mkdir "$M/sim/procs/p" "$M/sim/procs/q"
do_to() {
	local name=$1 line
	shift
	for line; do
		put "$M/sim/procs/$name/ctl" "$line" || diag "$name: $line"
	done
}
do_to p 'mmap a 40M' 'write a 0 30M' 'mmap s 8M shared' 'write s 0 4M' 'mmap f 2M file=file' 'read f' \
	'mmap g 1M file=file shared' 'write g 0 300K' 'fork p2' 'fork p3' 'write a 30M 2M'
do_to p2 'write a 0 5M' 'fork p4' 'madvise a pageout 8M 6M'
do_to p3 'write f 0 200K' 'mlock a 1M 1M'
do_to p4 'write a 10M 3M'
do_to q 'mmap f 2M file=file' 'read f 500K 1M' 'mmap b 20M' 'write b' 'swapout' 'read b 0 3M'
do_to p3 'exit 0'
pids=()
for name in p p2 p4 q; do
	pids+=("$(cat "$M/sim/procs/$name/pid")")
done
if timeout 60 "$MMANFS" exec "$M" -- "$MMANFS" capture "$T/capture" 2>"$T/said"; then
	pass=1
else
	diag "$(cat "$T/said")"
	pass=
fi
if [ -n "$pass" ]; then
	for pid in "${pids[@]}"; do
		sums "$M/proc/$pid/smaps"
	done >"$T/there"
	sed -n '2,$p' "$M/proc/swaps" >"$T/swaps"
	for key in MemTotal MemFree SwapFree AnonPages Shmem Cached Committed_AS; do
		echo "$key $(field "$M/proc/meminfo" $key)"
	done >"$T/meminfo"
	events=$(awk '$1 == "pswpout" { print $2 }' "$M/proc/vmstat")
	umount_machine
	mount_machine --like "$T/capture"
	put "$M/sim/clock" pause
	for pid in "${pids[@]}"; do
		sums "$M/proc/$pid/smaps"
	done >"$T/here"
	same_file "$T/there" "$T/here" 'the twin of a simulated machine: Rss, Pss, Swap, Shared and Private of all are the same'
	sed -n '2,$p' "$M/proc/swaps" >"$T/swaps.here"
	same_file "$T/swaps" "$T/swaps.here" 'its swap areas and how much is in them'
	while read -r key value; do
		within "$(field "$M/proc/meminfo" "$key")" "$value" 1 "$key"
	done <"$T/meminfo"
	cmp_num "$(awk '$1 == "pswpout" { print $2 }' "$M/proc/vmstat")" '>=' "$events" 'counters go on'
	# what was swapped comes back
	accepted "$M/sim/ctl" "swapoff $(awk 'NR == 2 { print $1 }' "$M/proc/swaps")" 'all that is in swap can be read back'
else
	skip 11 'no exec here'
fi

done_testing
