#!/bin/bash
# Captures as files: of mmanfs, and of the shell script that stands in for it on machines without mmanfs.
# timeout: 200
. "$(dirname "$0")/lib.sh"

"$MMANFS" capture --script >"$T/script"
is $? 0 'the script is printed'
shells=()
command -v dash >/dev/null && shells+=("dash")
[ ${#shells[@]} -gt 0 ] || shells=("sh")
command -v busybox >/dev/null && shells+=("busybox sh")

# A machine that stands still: what the script took of this one, unpacked.
sh "$T/script" "$T/raw.tar.gz" 2>"$T/said"
is "$?$(cat "$T/said")" 0 'the script captures, and says nothing'
mkdir "$T/still"
tar -xzf "$T/raw.tar.gz" -C "$T/still"
# of all its processes a few
find "$T/still/proc" -maxdepth 1 -name '[0-9]*' | sort -t / -k 5n | sed -e "/\/\($$\|1\|2\)\$/d" -e 1,15d |
	xargs rm -rf
# names of swap files are names, too
if [ "$(wc -l <"$T/still/proc/swaps")" = 1 ]; then
	printf '%s\t%s\t\t%s\t\t0\t\t-%s\n' /home/jane/swap\\040of\\040jane file 8188 2 \
		/dev/jane-swap partition 4092 3 >>"$T/still/proc/swaps"
fi
tar -czf "$T/raw.tar.gz" -C "$T/still" capture uname unsteady proc sys
like "$(cat "$T/still/capture")" '^# mmanfs capture 1 raw$' 'files as they are'
is "$(cat "$T/still/proc/sys/vm/swappiness")" "$(cat /proc/sys/vm/swappiness)" 'with settings'
is "$(tr -d '\0' <"$T/still/proc/$$/cmdline")" "$(tr -d '\0' </proc/$$/cmdline)" 'and processes'

# capture NAME [option] ...: as an archive, unpacked below NAME
capture() {
	local name=$1
	shift
	mkdir "$T/$name"
	"$MMANFS" capture "$@" "$T/$name.tar.gz" >"$T/$name.said" 2>&1 && tar -xzf "$T/$name.tar.gz" -C "$T/$name"
}
ok 'mmanfs captures a folder' capture native --from "$T/still"
for shell in "${shells[@]}"; do
	name=${shell// /-}
	# shellcheck disable=SC2086 # busybox sh
	(cd "$T" && $shell "$T/script" --root "$T/still" "script-$name.tar.gz") >"$T/said" 2>&1
	is "$?$(cat "$T/said")" 0 "the script does the same by $shell"
	capture "by-$name" --from "$T/script-$name.tar.gz"
	is "$(diff -r "$T/native" "$T/by-$name" 2>&1)" '' 'file by file'
done
is "$(sh "$T/script" --root "$T/still" - 2>&1 | tar -tzf - | sed -n 1p)" capture 'to a pipe, too'

# --- without names ---

# The order in which names come may differ: what is the same name may not.
renumber() {
	perl -e '
		my (%n, $next);
		for my $path (sort split /\n/, `cd \Q$ARGV[0]\E && find . -type f`) {
			open my $f, "<", "$ARGV[0]/$path" or die;
			local $/;
			my $text = <$f>;
			$text =~ s/\bn(\d+)\b/"n" . ($n{$1} \/\/= ++$next)/ge;
			print "$path\n$text\n";
		}' "$T/$1" >"$T/$1.text"
}
ok 'mmanfs captures without names' capture nameless --anonymize --from "$T/still"
renumber nameless
for shell in "${shells[@]}"; do
	name=nameless-${shell// /-}
	# shellcheck disable=SC2086
	$shell "$T/script" --anonymize --root "$T/still" "$T/$name.raw" || diag "$shell failed"
	capture "$name" --from "$T/$name.raw"
	renumber "$name"
	same_file "$T/nameless.text" "$T/$name.text" "the script takes the same names away by $shell"
done
is "$(cat "$T/nameless/proc/sys/kernel/hostname")" host 'also that of the host'
is "$(grep -rla -e "capture[.]t" -e "$T" -e bash -e jane "$T/nameless")" '' 'no name is left'
like "$(cat "$T/nameless/proc/$$/smaps")" '^[0-9a-f]+-.* /usr/(lib|bin)/.*n[0-9]+$' 'paths keep their form'

# --- a twin of each ---

twin() {
	mkdir -p "$T/$1"
	M=$T/$1
	machines+=("$M")
	timeout 100 "$MMANFS" mount "${@:3}" --like "$2" "$M" 2>"$T/$1.said" || cat "$T/$1.said" >&2
}
shape() {
	grep -h -E '^(MemTotal|MemFree|Cached|AnonPages|Slab|SwapTotal):' "$1/proc/meminfo"
	for path in "$1"/proc/[0-9]*/statm; do
		echo "${path#"$1"} $(cat "$path")"
	done
}
twin twin "$T/native.tar.gz" --journal "$T/journal"
put "$M/sim/clock" pause
shape "$M" >"$T/native.shape"
is "$(wc -l <"$T/native.shape")" $((6 + $(find "$M/proc" -maxdepth 1 -name '[1-9]*' | wc -l))) 'a twin'
release=$(uname -r)
case $release in
6.1.*) skip 1 'this kernel is the one that is simulated' ;;
*) like "$(cat "$T/twin.said")" "^mmanfs: assumed: the capture is of Linux $release, and the twin runs 6.1" 'of another kernel, which is told' ;;
esac
for each in "$T/raw.tar.gz" "$T/still" "$T/nameless.tar.gz"; do
	name=twin-${each##*/}
	twin "$name" "$each"
	put "$M/sim/clock" pause
	shape "$M" >"$T/shape"
	same_file "$T/native.shape" "$T/shape" "the same of ${each##*/}"
	umount_machine "$M"
done

# The journal holds the whole capture.
umount_machine "$T/twin"
rm -r "$T/native" "$T/native.tar.gz" "$T/still" "$T/raw.tar.gz"
"$MMANFS" replay "$T/journal" --print proc/meminfo >"$T/replayed" 2>&1
is "$(grep -E '^(MemTotal|MemFree|Cached|AnonPages|Slab|SwapTotal):' "$T/replayed")" "$(grep : "$T/native.shape" | grep kB)" \
	'a journal needs no capture any more'
mount_machine --journal "$T/journal"
shape "$M" >"$T/shape"
same_file "$T/native.shape" "$T/shape" 'nor does a mount that goes on with it'

# --- others ---

not_ok 'a script without a file says so' sh "$T/script"
like "$(sh "$T/script" 2>&1)" 'which file' 'with a word'
like "$(sh "$T/script" --root "$T" x 2>&1)" 'no .*/proc/zoneinfo' 'one without /proc too'
like "$("$MMANFS" capture 2>&1)" 'operand missing' 'mmanfs capture without a file'
head -c 5000 "$T/nameless.tar.gz" >"$T/torn"
said=$("$MMANFS" mount --like "$T/torn" "$T/twin" 2>&1)
is $? 65 'half an archive is refused'
like "$said" "^mmanfs: $T/torn: the file is torn" 'with file and reason'
said=$(gzip -dc "$T/nameless.tar.gz" | "$MMANFS" capture --from - - 2>&1 >"$T/copy")
is $? 0 'an archive may come from a pipe and go to one, compressed or not'
is "$(gzip -dc "$T/copy" | tar -xOf - capture | head -n 1)" '# mmanfs capture 1' 'and is one again'

done_testing
