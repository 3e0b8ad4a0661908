#!/bin/bash
# Real programs' traces through a mount: cat, tee, dd and pipes, a killed writer, readers meanwhile, the journal,
# and mmanfs record where strace is installed.
# timeout: 120
. "$(dirname "$0")/lib.sh"

J=$T/journal
mount_machine --machine laptop --journal "$J"
put "$M/sim/clock" pause
P=$M/sim/procs

# told NAME KEY: a number of the report
told() {
	awk -v key="$2" '$1 == key { print $2 }' "$P/$1/trace"
}

rss() {
	awk '$1 == "VmRSS:" { print $2 }' "$M/proc/$(cat "$P/$1/pid")/status"
}

# lackey's lines: COUNT accesses over PAGES pages
lackey() {
	awk -v n="$1" -v pages="$2" 'BEGIN {
		for (i = 0; i < n; i++) {
			printf "I  %x,4\n", 4194304 + i % 4000
			printf " %s %x,8\n", substr("LSM", i % 3 + 1, 1), 268435456 + (i * 7919 % pages) * 4096
		}
	}'
}

# --- Ways to write ---

lackey 100000 1000 >"$T/lackey"
for way in cat tee dd pipe append; do
	mkdir "$P/$way"
done
timeout 60 cat "$T/lackey" >"$P/cat/trace"
is $? 0 'cat writes a trace'
timeout 60 tee "$P/tee/trace" <"$T/lackey" >/dev/null
timeout 60 dd if="$T/lackey" of="$P/dd/trace" bs=1000003 status=none
(sleep 0.2; head -c 1234567 "$T/lackey"; sleep 0.2; tail -c +1234568 "$T/lackey") | timeout 60 cat >"$P/pipe/trace"
timeout 60 cat "$T/lackey" >>"$P/append/trace"
for way in cat tee dd pipe append; do
	is "$(told "$way" lines) $(told "$way" refused) $(told "$way" fetches)" '200000 0 100000' "all lines came in by $way"
	is "$(rss "$way")" 4004 "and each page that was touched is resident: $way"
done
is "$(cat "$P/cat/trace")" "$(cat "$P/pipe/trace")" 'however it was cut'

mkdir "$P/bad"
{ echo ' S 10000,8'; echo 'hello'; echo ' L 2000'; echo ' S 20000,8'; } >"$P/bad/trace"
like "$(cat "$P/bad/trace")" '^line 2: .*: hello$' 'a foreign line is told by number'
like "$(cat "$P/bad/trace")" '^line 3: .*:  L 2000$' 'and a torn one'
is "$(told bad stores)" 2 'the rest goes on'

# --- Readers and killed writers ---

mkdir "$P/long"
lackey 500000 100000 >"$T/long"
(while cat "$T/long"; do sleep 0.2; done) | timeout -s KILL 1.5 cat >"$P/long/trace" &
writer=$!
sleep 0.3
for _ in 1 2 3 4 5; do
	timeout 10 cat "$M/proc/meminfo" >/dev/null || break
done
is $? 0 'a reader is let in meanwhile'
wait "$writer" 2>/dev/null
is "$(cat "$P/long/status")" sleeping 'a killed writer leaves a process'
is "$(told long refused)" 0 'in which every line counts that went in'
check_machine

# --- Recorded programs ---

for name in sort gcc perl; do
	mkdir "$P/$name"
	gzip -dc "$SRC/tests/data/traces/$name.trace.gz" | timeout 60 cat >"$P/$name/trace"
	is "$(cat "$P/$name/status")" 'exited 0' "$name runs to its end"
	is "$(told "$name" refused) $(told "$name" calls_differ)" '0 0' 'as the real one did'
	is "$(told "$name" maps_compared)" "$(told "$name" maps_equal)" 'with its mappings'
done
is "$(cd "$P" && echo gcc*)" gcc 'its children have left nothing'

# --- The journal ---

rmdir "$P/long"
(cd "$P" && cat ./*/trace; cat "$M"/proc/[1-9]*/{statm,stat}; cat "$M/proc/vmstat") >"$T/before"
kill -KILL "$(pids_of "$M")"
wait_until 10 no_daemon "$M"
mount_machine -d "$M" --journal "$J" 2>/dev/null
(cd "$P" && cat ./*/trace; cat "$M"/proc/[1-9]*/{statm,stat}; cat "$M/proc/vmstat") >"$T/after"
same_file "$T/before" "$T/after" 'after kill -9 the journal has every line of the traces, and the machine is the same'

# --- record ---

mkdir "$T/empty"
output=$(PATH=$T/empty "$MMANFS" record -o "$T/out" -- true 2>&1)
is $? 69 'without strace record says so'
like "$output" 'strace is not installed' 'by name'
output=$(PATH=$T/empty "$MMANFS" record --accesses -o "$T/out" -- true 2>&1)
is $? 69 'without valgrind --accesses does'
like "$output" 'valgrind is not installed' 'by name'
output=$("$MMANFS" record -- true 2>&1)
is $? 64 'record wants to know where to'

if ! command -v strace >/dev/null; then
	skip 7 'no strace'
elif ! timeout 20 strace -o /dev/null true 2>/dev/null; then
	skip 7 'strace may not trace here'
else
	timeout -k 5 60 "$MMANFS" record -o "$T/ls.trace" -- sh -c 'ls / | wc -l; exit 3' >"$T/out" 2>"$T/err"
	is $? 3 "record ends with the program's status"
	is "$(cat "$T/err")" '' 'and says nothing'
	is "$(cat "$T/out")" "$(find / -mindepth 1 -maxdepth 1 ! -name '.*' | wc -l)" 'the program runs as always'
	mkdir "$P/ls"
	timeout 60 cat "$T/ls.trace" >"$P/ls/trace"
	is "$(cat "$P/ls/status")" 'exited 3' 'what was recorded just now is replayed'
	is "$(told ls refused)" 0 'line for line'
	is "$(told ls maps_compared)" "$(told ls maps_equal)" 'with the mappings of the real processes'
	output=$(timeout -k 5 60 "$MMANFS" record -o "$T/none" -- "$T/no-such-program" 2>&1)
	is $? 127 'a program that is not there is told'
fi

if ! command -v valgrind >/dev/null; then
	skip 2 'no valgrind'
else
	timeout -k 5 100 "$MMANFS" record --accesses -o "$T/true.lackey" -- /bin/true
	mkdir "$P/true"
	timeout 60 cat "$T/true.lackey" >"$P/true/trace"
	cmp_num "$(told true fetches)" '>' 50000 'each access of a program, from valgrind'
	is "$(told true refused)" 0 'none refused'
fi
done_testing
