#!/bin/bash
# A twin of the machine that the test runs on: what it says of itself is what this machine said.
# timeout: 300
# shellcheck disable=SC2317 # called by name
. "$(dirname "$0")/lib.sh"

# --- to the page: against a capture, which stands still ---

"$MMANFS" capture "$T/capture" 2>"$T/said"
is $? 0 'a capture is taken'
mkdir "$T/files"
ok 'it is a compressed archive' tar -xzf "$T/capture" -C "$T/files"
is "$(head -n 1 "$T/files/capture")" '# mmanfs capture 1' 'of texts, and says what it is'

mount_machine --like "$T/capture" --journal "$T/journal"
put "$M/sim/clock" pause

# compare CAPTURE TREE: for each thing that must agree, "WHAT: wanted W, got G" where it does not; then
# how many processes were looked at, and how many of them with their mappings.
compare() {
	perl -e '
		my ($capture, $tree) = @ARGV;
		my (%file, $seen, $mapped);
		for my $path (split /\n/, `cd \Q$capture\E && find . -type f`) {
			open my $in, "<:raw", "$capture/$path" or die;
			local $/;
			$file{substr $path, 1} = <$in> // "";
		}
		sub text { open my $f, "<:raw", "$tree/$_[0]" or return ""; local $/; <$f> // "" }
		sub value { $_[0] =~ /^\Q$_[1]\E\s+(\d+)/m ? $1 : 0 }
		sub same { print "$_[0]: wanted $_[1], got $_[2]\n" if $_[1] ne $_[2] }
		# zones that have RAM: what each spans, has and manages; and its marks, as long as no kernel
		# counts more memory than its zones do
		sub zones {
			my %z; my $at;
			for (split /\n/, $_[0]) {
				$at = "$1 $2" if /^Node (\d+), zone +(\S+)/;
				$z{$at}{$1} = $2 if defined $at && /^ *(spanned|present|managed|start_pfn:|min|low|high) +(\d+)$/;
			}
			delete $z{$_} for grep { !$z{$_}{present} } keys %z;
			return \%z;
		}
		my ($want, $got) = map { zones($_) } $file{"/proc/zoneinfo"}, text("proc/zoneinfo");
		my ($total, $managed) = (value($file{"/proc/meminfo"}, "MemTotal:"), 0);
		$managed += 4 * $_->{managed} for values %$want;
		same("MemTotal", $total, value(text("proc/meminfo"), "MemTotal:"));
		same("zones", join(", ", sort keys %$want), join(", ", sort keys %$got));
		for my $zone (keys %$want) {
			for my $key (sort keys %{$want->{$zone}}) {
				next if $managed != $total && $key !~ /spanned|present|start/;
				same("zone $zone, $key", $want->{$zone}{$key}, $got->{$zone}{$key});
			}
		}
		my %changed = map { $_ => 1 } split /\n/, $file{"/unsteady"} // "";
		for my $path (sort keys %file) {
			my ($pid) = $path =~ m{^/proc/(\d+)/status$} or next;
			my ($status, $smaps) = ($file{$path}, $file{"/proc/$pid/smaps"});
			my $twin = text("proc/$pid/status");
			$seen++;
			for my $key ("Name:", "PPid:", "Threads:") {
				my ($w) = $status =~ /^\Q$key\E[ \t]+(.*)/m; my ($g) = $twin =~ /^\Q$key\E[ \t]+(.*)/m;
				# who vanished meanwhile is nobody any more
				next if $key eq "PPid:" && $w && !exists $file{"/proc/$w/stat"};
				same("process $pid, $key", $w, $g // "nothing");
			}
			same("process $pid, oom_score_adj", $file{"/proc/$pid/oom_score_adj"}, text("proc/$pid/oom_score_adj"));
			next unless $status =~ /^VmSize:/m;
			unless (defined $smaps) {
				same("process $pid, $_", value($status, $_), value($twin, $_))
					for "VmSize:", "RssAnon:", "RssFile:", "RssShmem:", "VmData:", "VmStk:", "VmExe:";
				next;
			}
			$mapped++;
			my ($vsz, $rss, $anon, $own, @maps) = (0, 0, 0, 1);
			for (split /\n/, $smaps) {
				if (/^[0-9a-f]+-[0-9a-f]+ /) {
					$own = !/\[vsyscall\]$/;
					# newer kernels have more names for the pages of the clock
					s/\[vvar_\w+\]/[vvar]/; s/\[anon:.*\]$//; s/ +$//;
					push @maps, $_ if $own;
				}
				next unless $own;
				$vsz += $1 if /^Size: +(\d+)/;
				$rss += $1 if /^Rss: +(\d+)/;
				$anon += $1 if /^Anonymous: +(\d+)/;
			}
			same("process $pid, VSZ", $vsz, value($twin, "VmSize:"));
			# who changed while he was read may have to give way to those that did not
			same("process $pid, Rss", $rss, value($twin, "VmRSS:")) unless $changed{$pid};
			same("process $pid, RssAnon", $anon, value($twin, "RssAnon:"));
			my @got = map { s/ +$//r } split /\n/, text("proc/$pid/maps");
			same("process $pid, maps", join("\n", @maps), join("\n", @got));
		}
		print "$seen $mapped\n"' "$1" "$2"
}

result=$(compare "$T/files" "$M")
is "$(sed '$d' <<<"$result" | head -n 20)" '' 'memory, zones and every process agree to the page'
cmp_num "$(tail -n 1 <<<"$result" | cut -d ' ' -f 1)" '>' 0 'processes were there'
cmp_num "$(tail -n 1 <<<"$result" | cut -d ' ' -f 2)" '>' 0 'with their mappings'

# wanted KEY: of the capture's meminfo
wanted() {
	awk -v key="$1:" '$1 == key { print $2; exit }' "$T/files/proc/meminfo"
}

for key in MemFree Cached Buffers Shmem; do
	within "$(field "$M/proc/meminfo" "$key")" "$(wanted "$key")" 2 "$key is this machine's"
done
like "$(ls "$M/sim/disk")" '^pagecache$' 'the page cache is one file'

# --- pushing it ---

half=$(($(field "$M/proc/meminfo" MemTotal) / 2))
available=$(($(field "$M/proc/meminfo" MemAvailable) * 8 / 10))
kb=$(((half < available ? half : available) / 4 * 4))
here=$(field /proc/meminfo MemAvailable)
mkdir "$M/sim/procs/hog"
accepted "$M/sim/procs/hog/ctl" "mmap m ${kb}K" 'a process of the twin maps much memory'
accepted "$M/sim/procs/hog/ctl" 'write m' 'and writes to it'
pid=$(cat "$M/sim/procs/hog/pid")
cmp_num "$(field "$M/proc/$pid/status" VmRSS)" '>=' "$kb" 'it has what it wrote to'
cmp_num "$(field /proc/meminfo MemAvailable)" '>' $((here - kb / 2)) 'which this machine has not given'
accepted "$M/proc/sys/vm/swappiness" 7 'a setting of the twin is changed'
check_machine

# --- the same again ---

files=(proc/meminfo proc/zoneinfo proc/vmstat proc/buddyinfo proc/slabinfo proc/stat proc/1/smaps sim/journal)
prints=()
for file in "${files[@]}"; do
	cat "$M/$file"
	prints+=(--print "$file")
done >"$T/before"
umount_machine
"$MMANFS" replay "$T/journal" "${prints[@]}" >"$T/after" 2>"$T/said"
same_file "$T/before" "$T/after" 'a replay of its journal needs no host: the same bytes'

# --- live: what the tools say of both, a moment apart ---

mount_machine --like-host
if command -v ps >/dev/null; then
	ps -eo pid=,vsz=,rss=,comm= >"$T/here"
	timeout 60 "$MMANFS" exec "$M" -- ps -eo pid=,vsz=,rss=,comm= >"$T/there"
	# who is there in both, and stood still: this shell for one
	is "$(awk -v pid=$$ '$1 == pid { print $1, $2, $4 }' "$T/there")" \
		"$(awk -v pid=$$ '$1 == pid { print $1, $2, $4 }' "$T/here")" 'ps finds this shell, with its VSZ'
	within "$(awk -v pid=$$ '$1 == pid { print $3 }' "$T/there")" \
		"$(awk -v pid=$$ '$1 == pid { print $3 }' "$T/here")" 5 'and its Rss'
else
	skip 2 'no ps'
fi
is "$(timeout 60 "$MMANFS" exec "$M" -- free | awk '$1 == "Mem:" { print $2 }')" \
	"$(field /proc/meminfo MemTotal)" 'free says MemTotal'

# --- captures that are none ---

echo hello >"$T/bad"
said=$("$MMANFS" mount --like "$T/bad" "$T" 2>&1)
is $? 65 'a file that is no capture is refused'
like "$said" "^mmanfs: $T/bad: neither a capture" 'with file and reason'
head -c 5000 "$T/capture" >"$T/bad"
said=$("$MMANFS" mount --like "$T/bad" "$T" 2>&1)
is $? 65 'so is half a capture'
like "$said" "^mmanfs: $T/bad: the file is torn" 'with file and reason'
said=$("$MMANFS" mount --like "$T/missing" "$T" 2>&1)
is $? 66 'so is one that is not there'
like "$said" missing 'by its name'

done_testing
