#!/bin/bash
# A command that takes long: others are answered meanwhile, a knob written in its middle acts and is
# replayed in its middle, and Ctrl-C ends it.
# timeout: 180
. "$(dirname "$0")/lib.sh"

J=$T/journal
mount_machine --machine laptop --journal "$J"
put "$M/sim/clock" pause
mkdir "$M/sim/procs/big" "$M/sim/procs/other"
put "$M/sim/procs/big/ctl" 'mmap m 12G'
put "$M/sim/procs/other/ctl" 'mmap m 16M'

# start_command TEXT: starts it and waits until its work is seen; its writer is $long
start_command() {
	local before
	before=$(cat "$M/sim/clock")
	# a shell starts its background jobs with SIGINT ignored; a terminal does not
	perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' \
		bash -c 'echo "$1" >"$2"' bash "$1" "$M/sim/procs/big/ctl" 2>"$T/long" &
	long=$!
	for ((tries = 0; tries < 5000; tries++)); do
		[ "$(cat "$M/sim/clock")" = "$before" ] || break
	done
}

# --- A reader and a knob ---

start_command 'write m'
for ((i = 0; i < 20; i++)); do
	used[i]=$(field "$M/proc/meminfo" AnonPages)
	kill -0 "$long" 2>/dev/null || break
done
put "$M/proc/sys/vm/min_free_kbytes" 20000
is "$(cat "$M/proc/sys/vm/min_free_kbytes")" 20000 'a knob that is written meanwhile is set'
wait "$long"
is $? 0 'a write of 12 GiB succeeds'
like "$(cat "$M/sim/procs/big/ctl")" '3145728 pages' 'of all its pages'
cmp_num "$i" '>' 0 'meminfo was read meanwhile'
cmp_num "${used[0]}" '<' 12582912 'and showed it on its way'

# --- Ctrl-C ---

start_command 'access m uniform 100000000000'
put "$M/proc/sys/vm/swappiness" 41
# what the terminal does on Ctrl-C: SIGINT to the shell that does the echo
kill -INT "$long"
wait "$long"
isnt $? 0 'SIGINT ends the writer'
ok 'and with it the command' wait_until 10 grep -q EINTR "$M/sim/procs/big/ctl"
is "$(cat "$M/sim/procs/big/status")" sleeping 'the process lives on'
put "$M/sim/procs/big/ctl" 'read m 0 1M'
like "$(cat "$M/sim/procs/big/ctl")" '256 pages' 'and takes commands'

# somebody with a handler sees the error number
perl -e '
	use Time::HiRes qw(ualarm);
	$SIG{ALRM} = sub { };
	open(my $f, ">", $ARGV[0]) or die;
	ualarm(300000);
	my $n = syswrite($f, "access m uniform 100000000000\n");
	print defined $n ? "wrote $n" : $!{EINTR} ? "EINTR" : "$!";
' "$M/sim/procs/big/ctl" >"$T/errno"
is "$(cat "$T/errno")" EINTR 'write(2) returns EINTR'

# --- Death in the middle ---

start_command 'access m uniform 100000000000'
put "$M/sim/procs/other/ctl" 'write m' >"$T/out" &
writer=$!
ok 'rmdir of the busy process' rmdir "$M/sim/procs/big"
wait "$long"
like "$(cat "$T/long")" 'Interrupted system call' 'ends its command with EINTR'
wait "$writer"
is "$?$(cat "$T/out")" 0 'and the next one has its turn'

# --- A large file goes ---

# write a knob as long as $1 runs, and at least once
busy_with_knob() {
	local value=50
	while
		put "$M/proc/sys/vm/swappiness" "$value"
		value=$((50 + (value + 1) % 50))
		kill -0 "$1" 2>/dev/null
	do :; done
}

truncate -s 8G "$M/sim/disk/large"
put "$M/sim/procs/other/ctl" 'fread large 0 8G'
cmp_num "$(field "$M/proc/meminfo" Cached)" '>=' 8388608 '8 GiB of a file are in the page cache'
truncate -s 4G "$M/sim/disk/large" &
busy_with_knob $!
wait $!
is $? 0 'it is truncated while knobs are written'
is "$(stat -c %s "$M/sim/disk/large")" 4294967296 'to what was asked for'
rm "$M/sim/disk/large" &
busy_with_knob $!
wait $!
is $? 0 'and removed'
cmp_num "$(field "$M/proc/meminfo" Cached)" '<' 1048576 'nothing of it is left'

# --- All of it again ---

cat "$M/proc/vmstat" "$M/proc/zoneinfo" "$M/sim/clock" >"$T/shown"
cat "$M/sim/journal" >"$T/journal.shown"
like "$(cat "$T/journal.shown")" ' \+write proc/sys/vm/swappiness' 'the journal says that the knob was in the middle'
like "$(cat "$T/journal.shown")" ' \+interrupt$' 'and where the command was interrupted'
umount_machine
"$MMANFS" replay "$J" --print proc/vmstat --print proc/zoneinfo --print sim/clock >"$T/replayed"
is $? 0 'replay comes through'
same_file "$T/shown" "$T/replayed" 'and ends with the same numbers'

done_testing
