#!/bin/bash
# The script that captures reads page tables as mmanfs does, with frame numbers (root) and without.
# timeout: 120
. "$(dirname "$0")/lib.sh"

for tool in awk od dd perl; do
	command -v $tool >/dev/null || skip_all "no $tool"
done
"$MMANFS" capture --script >"$T/script"

# One that stands still, with pages of each kind; its memory shared with a child. Behind its last page come many like
# two that follow each other.
perl -e '
	$| = 1;
	my $memory = "x" x (8 << 20);
	my $pid = fork() // die;
	substr($memory, $_ * 8192, 1) = "y" for 0 .. ($pid ? 63 : 255);
	open my $ready, ">", "$ARGV[0]." . ($pid ? "parent" : "child");
	print $ready "$$\n";
	close $ready;
	$SIG{TERM} = sub { kill "KILL", $pid if $pid; exit };
	sleep 110;' "$T/ready" &
parent=$!
wait_until 20 test -s "$T/ready.parent" || bail_out 'no parent'
wait_until 20 test -s "$T/ready.child" || bail_out 'no child'
child=$(cat "$T/ready.child")

timeout 100 sh "$T/script" "$T/raw.tar.gz" 2>"$T/said"
is "$?$(cat "$T/said")" 0 'the script captures'
"$MMANFS" capture "$T/native.tar.gz" 2>/dev/null
kill "$parent"
wait "$parent" 2>/dev/null

# pages CAPTURE PID: letter by letter; who else has a page may change at any time
pages() {
	tar -xzOf "$T/$1.tar.gz" "proc/$2/pages" | perl -ne '
		my ($at, @words) = split;
		print "$at ", join("", map { /^(.)(\d+)/; lc($1) x $2 } @words), "\n"'
}
for pid in "$parent" "$child"; do
	pages native "$pid" >"$T/native.pages"
	pages raw "$pid" >"$T/raw.pages"
	same_file "$T/native.pages" "$T/raw.pages" "of process $pid, page by page"
	cmp_num "$(tr -dc a <"$T/raw.pages" | wc -c)" '>' 2000 'its own'
	cmp_num "$(tr -dc f <"$T/raw.pages" | wc -c)" '>' 20 'and those of files'
done
# numbers CAPTURE PID: of pages that it shares since the fork
numbers() {
	tar -xzOf "$T/$1.tar.gz" "proc/$2/pages" | grep -o 'A[0-9]*@[0-9]*' | perl -ne '
		/A(\d+)@(\d+)/; print map { "$_\n" } $2 .. $2 + $1 - 1' | sort -u
}
if [ "$(id -u)" = 0 ] && numbers native "$parent" | grep -q .; then
	for name in native raw; do
		comm -12 <(numbers $name "$parent") <(numbers $name "$child") | wc -l
	done >"$T/common"
	cmp_num "$(sed -n 2p "$T/common")" '>' 1000 'they share what they shared'
	within "$(sed -n 2p "$T/common")" "$(sed -n 1p "$T/common")" 2 'as much as mmanfs says'
else
	skip 2 'no frame numbers for him'
fi

done_testing
