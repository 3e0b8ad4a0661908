#!/bin/bash
# The daemon: how it starts, what it says when it cannot, how it ends, and that it answers meanwhile.
# timeout: 400
# shellcheck disable=SC2317 # called by name
. "$(dirname "$0")/lib.sh"

# status COMMAND ...: its exit status; what it said is in $said
status() {
	said=$("$@" 2>&1)
	code=$?
}

# fails STATUS REGEX NAME ARGUMENT ...: mmanfs ends with that status and a line that says why
fails() {
	local want=$1 regex=$2 name=$3
	shift 3
	status timeout 60 "$MMANFS" "$@"
	is "$code" "$want" "$name: exit status $want"
	like "$said" "$regex" "$name: says why"
}

# --- The command line ---

fails 64 'which command' 'no command'
fails 64 "'fly'" 'an unknown command' fly
fails 64 "'--speed'" 'an unknown option' mount --speed "$T"
fails 64 "'--print'" 'an option of another command' mount --print x "$T"
fails 64 "'--machine' needs a value" 'a missing value' mount --machine
fails 64 "'--like-host=3' takes no value" 'a value too many' mount --like-host=3 "$T"
fails 64 'DIR' 'no directory' mount
fails 64 "'two'" 'two directories' mount one two
fails 64 "'shiny'" 'an unknown mount option' mount -o shiny "$T"
fails 66 'nowhere' 'a directory that is not there' mount "$T/nowhere"
: >"$T/file"
fails 66 'Not a directory' 'a file' mount "$T/file"
fails 66 'quantum' 'a machine that is not there' mount --machine quantum "$T"
fails 66 'no machine is mounted' 'umount of an ordinary directory' umount "$T"
fails 64 'where to' 'record without a place' record -- true
printf '[machine]\ncpus = many\n' >"$T/bad.ini"
fails 78 'bad.ini:2' 'a machine file with an error' mount --machine "$T/bad.ini" "$T"
ok 'none of these left a mount' test -z "$(grep fuse.mmanfs /proc/self/mountinfo | grep "$T")"
status "$MMANFS" --help
is "$code" 0 '--help succeeds'
like "$said" 'presets:.* laptop' '--help names the presets'
for help in 'umount --help' 'umount -h' 'help umount'; do
	# shellcheck disable=SC2086 # two words
	status "$MMANFS" $help
	is "$code $(grep -c mmanfs <<<"$said")" '0 1' "$help tells of one command"
done
fails 64 "'fly'" 'help of an unknown command' help fly
fails 66 'Is a directory' 'a directory as a script' run "$T"
fails 66 'Is a directory' 'a directory as a journal' replay "$T"
status "$MMANFS" --version
like "$said" '^mmanfs [0-9]' '--version'
if [ -w /dev/full ]; then
	not_ok 'a full disk is an error' sh -c "'$MMANFS' --version >/dev/full"
fi

# --- Two machines at once ---

mount_machine --machine tiny
one=$M
mount_machine --machine two-node
two=$M
put "$one/proc/sys/vm/swappiness" 11
put "$two/proc/sys/vm/swappiness" 22
is "$(cat "$one/proc/sys/vm/swappiness") $(cat "$two/proc/sys/vm/swappiness")" '11 22' \
	'two machines do not know of each other'
cmp_num "$(field "$one/proc/meminfo" MemTotal)" '<' "$(field "$two/proc/meminfo" MemTotal)" 'nor share memory'
fails 69 'mounted there already' 'mounting over a live machine' mount "$one"
(cd "$one" && fails 75 'still uses it' 'umount of a busy machine' umount "$one")
run=$((run + 2))
umount_machine "$one"

# --- Endings ---

daemon=$(pids_of "$two")
isnt "$daemon" '' 'the daemon runs in the background'
is "$(readlink "/proc/$daemon/fd/1")" /dev/null 'without our terminal'
exec 5<"$two/proc/meminfo"
kill -TERM "$daemon"
ok 'SIGTERM ends it' wait_until 60 no_daemon "$two"
not_ok 'and unmounts, though a file is open' is_mounted "$two"
exec 5<&-

mount_machine --machine tiny
dead=$M
kill -KILL "$(pids_of "$dead")"
ok 'kill -9 ends it' wait_until 60 no_daemon "$dead"
ok 'and leaves a mount behind' is_mounted "$dead"
status cat "$dead/proc/meminfo"
like "$said" 'not connected|connection abort' 'which is dead'
mount_machine -d "$dead" --machine tiny 2>/dev/null
is "$(head -c 9 "$dead/proc/meminfo")" MemTotal: 'the next mount takes it over'
is "$(grep -c " $dead " /proc/self/mountinfo)" 1 'and is the only one there'
kill -KILL "$(pids_of "$dead")"
wait_until 60 no_daemon "$dead"
ok 'umount takes a dead mount away' "$MMANFS" umount "$dead"
not_ok 'and nothing is left' is_mounted "$dead"

mkdir "$T/front"
"$MMANFS" mount -f --machine tiny "$T/front" &
front=$!
ok 'with -f the tree is there too' wait_until 60 test -e "$T/front/proc/meminfo"
ok 'and mmanfs stays' kill -0 "$front"
kill -INT "$front"
wait "$front"
is $? 0 'SIGINT ends it well'
not_ok 'and unmounts' is_mounted "$T/front"

"$MMANFS" mount -f --machine tiny "$T/front" &
front=$!
wait_until 60 test -e "$T/front/proc/meminfo"
cat "$T/front/sim/events" >"$T/events" 2>&1 &
reader=$!
umount -l "$T/front" 2>/dev/null || fusermount3 -u -z "$T/front"
# it may have ended with the mount
kill "$reader" 2>/dev/null
wait "$front"
is $? 0 'unmounted by somebody else it ends well'
wait "$reader" 2>/dev/null

# --- A long command ---

mount_machine --machine laptop
put "$M/sim/clock" pause
mkdir "$M/sim/procs/a" "$M/sim/procs/b"
accepted "$M/sim/procs/a/ctl" 'mmap m 2G' 'a mapping for a long command'
accepted "$M/sim/procs/a/ctl" 'write m' 'with pages'
accepted "$M/sim/procs/b/ctl" 'mmap m 64M' 'another process'

# a command that would take minutes: it is interrupted at the end of each test
long_command() {
	bash -c "echo 'access m uniform 100000000000' >'$M/sim/procs/a/ctl'" 2>"$T/long" &
	long=$!
	# it has begun when the clock, which only commands move, has moved
	local before
	before=$(cat "$M/sim/clock")
	wait_until 60 eval "[ \"\$(cat '$M/sim/clock')\" != '$before' ]"
}

long_command
for ((i = 0; i < 50; i++)); do
	cat "$M/proc/meminfo" "$M/proc/vmstat" >/dev/null || break
done
is "$i" 50 'files are read while a command runs'
ok 'which goes on' kill -0 "$long"
accepted "$M/proc/sys/vm/swappiness" 33 'a knob is written while a command runs'
is "$(cat "$M/proc/sys/vm/swappiness")" 33 'and has its effect at once'
mkdir "$M/sim/procs/c"
ok 'a process is made' test -d "$M/sim/procs/c"
ok 'still it goes on' kill -0 "$long"

bash -c "echo begun >'$T/begun'; echo 'write m' >'$M/sim/procs/b/ctl'" 2>"$T/queued" &
queued=$!
# before that it still has this shell's traps, and a signal is lost
wait_until 60 test -s "$T/begun"
bash -c "echo 'write m' >'$M/sim/procs/b/ctl'" 2>"$T/queued2" &
queued2=$!
kill -INT "$queued" && kill "$queued"
wait "$queued" 2>/dev/null
ok 'a command that waits for its turn can be interrupted' kill -0 "$long"
kill "$long"
wait "$long" 2>/dev/null
cmp_num $? '>' 128 'the running command is interrupted by a signal'
wait "$queued2"
is $? 0 'and the one behind it gets its turn'
is "$(cat "$M/sim/check")" ok 'the machine is whole'

mkdir "$M/sim/procs/d"
put "$M/sim/procs/d/ctl" 'mmap m 64M'
bash -c "echo 'access m uniform 100000000000' >'$M/sim/procs/d/ctl'" 2>"$T/long" &
long=$!
wait_until 60 eval "[ \"\$(cat '$M/sim/clock')\" != '$(cat "$M/sim/clock")' ]"
ok 'a process is removed in the middle of its own command' rmdir "$M/sim/procs/d"
wait "$long"
like "$(cat "$T/long")" 'Interrupted system call' 'which ends with EINTR'

long_command
put "$M/sim/procs/a/ctl" 'exit' >"$T/out" &
kill_writer=$!
pid=$(cat "$M/sim/procs/a/pid")
ok 'reading goes on with a command in the queue' cat "$M/proc/$pid/status"
kill "$long"
wait "$long" 2>/dev/null
wait "$kill_writer"
is "$(pids_of "$M" | wc -l)" 1 'the daemon lives'

long_command_on_b() {
	bash -c "echo 'access m uniform 100000000000' >'$M/sim/procs/b/ctl'" 2>"$T/long" &
	long=$!
	wait_until 60 eval "[ \"\$(cat '$M/sim/clock')\" != '$1' ]"
}
long_command_on_b "$(cat "$M/sim/clock")"
daemon=$(pids_of "$M")
kill -TERM "$daemon"
ok 'SIGTERM ends the daemon in the middle of a command' wait_until 60 no_daemon "$M"
not_ok 'and unmounts' is_mounted "$M"
kill "$long" 2>/dev/null
wait "$long" 2>/dev/null

# --- Idleness ---

mount_machine --machine laptop
daemon=$(pids_of "$M")
cat "$M/proc/meminfo" >"$T/out"
ticks() {
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$daemon/stat"
}
# In some second: on a busy host the daemon may still have to finish what it began at the mount.
is_idle() {
	local before
	before=$(ticks)
	sleep 1
	[ "$(ticks)" -le "$((before + 1))" ]
}
ok 'an idle machine costs no processor time' wait_until 3 is_idle

# While requests follow close upon each other the host's CPUs are kept awake, where that may be asked for.
keeps_awake() {
	find "/proc/$daemon/fd" -lname /dev/cpu_dma_latency | grep -q .
}
awake_during_reads() {
	local reader seen=1
	grep -rs . "$M/proc/sys" "$M/sys" >/dev/null &
	reader=$!
	while [ -d "/proc/$reader" ] && [ "$seen" = 1 ]; do
		keeps_awake && seen=0
	done
	wait "$reader"
	return "$seen"
}
sleeps() {
	! keeps_awake
}
if sh -c ': >/dev/cpu_dma_latency' 2>/dev/null; then
	ok 'many reads at once keep the CPUs awake' wait_until 20 awake_during_reads
	ok 'and when they are over, the CPUs may sleep' wait_until 20 sleeps
else
	skip 2 'no right to /dev/cpu_dma_latency'
fi

done_testing
