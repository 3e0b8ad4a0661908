#!/bin/bash
# `mmanfs exec` as a command: its status, its environment, visitors, sessions within sessions, refusals.
# shellcheck disable=SC2016,SC2119,SC2317 # other shells expand it; no arguments are meant; called by name
. "$(dirname "$0")/lib.sh"

mount_machine
put "$M/sim/clock" pause
# status COMMAND ...: its exit status
status() {
	"$@" >/dev/null 2>&1
	echo $?
}

# --- status and environment ---

is "$(status inside sh -c 'exit 7')" 7 "the command's status is the status"
is "$(status inside sh -c 'kill -TERM $$')" 143 'and so is the signal that ended it'
is "$(status inside no-such-command)" 127 'a command that is not there: 127'
is "$(status inside /)" 126 'one that cannot be run: 126'
is "$(inside sh -c 'echo "$MMANFS_EXEC $MMANFS"')" "1 $M" 'MMANFS_EXEC and MMANFS'
is "$(cd "$M/sim" && MMANFS_DIR=.. && timeout 60 "$MMANFS" exec "$MMANFS_DIR" -- sh -c 'echo "$MMANFS"')" "$M" \
	'DIR may be relative'
is "$(cd /sys/devices && inside sh -c 'cat system/node/possible')" "$(cat "$M/sys/devices/system/node/possible")" \
	'who stood in /sys stands in the simulated one'
if [ -e /dev/kmsg ]; then
	is "$(inside sh -c 'dd if=/dev/kmsg iflag=nonblock bs=8192 count=1 2>/dev/null')" \
		"$(dd if="$M/dev/kmsg" iflag=nonblock bs=8192 count=1 2>/dev/null)" '/dev/kmsg is the machine log'
fi

# --- visitors ---

is "$(inside bash -c 'echo $(($(readlink /proc/self) > $$)); :')" 1 "proc/self is the reader's number inside"
is "$(inside bash -c 'read -r pid _ </proc/self/stat; echo $(($$ - pid))')" 0 'and leads to its entry'
is "$(inside bash -c 'while read -r key value; do [ "$key" != Pid: ] || echo $((value - $$)); done </proc/self/status')" \
	0 'whose status has the number too'
ok 'which is found by that number' inside bash -c 'read -r _ </proc/$$/stat'
is "$(inside bash -c 'sleep 60 & read -r pid _ <"/proc/$!/stat"; echo $(($! - pid)); kill $!')" 0 'it finds its children as well'
is "$(inside bash -c 'sleep 60 & readlink "/proc/$!/fd/0"; kill $!')" /dev/null 'and what they have open'
not_ok 'not numbers of nobody' inside test -e /proc/4100000
not_ok 'nor does anybody outside find them' bash -c '
	timeout 60 "$MMANFS" exec "$1" -- bash -c "echo \$\$; exec sleep 5" >"$2" &
	until [ -s "$2" ]; do sleep 0.1; done
	test -e "$1/proc/$(cat "$2")"' - "$M" "$T/number"
not_ok 'but not listed' inside bash -c 'ls /proc | grep -x "$$"'

# --- descriptors by name ---

if [ -L /dev/fd ] && [ -L /dev/stdin ]; then
	is "$(inside bash -c 'echo piped | cat /dev/stdin')" piped '/dev/stdin is what the reader was given'
	is "$(inside bash -c 'echo word >/dev/stderr' 2>&1)" word '/dev/stderr likewise'
	is "$(inside bash -c 'cat <(echo first) <(echo second)' | xargs)" 'first second' "a shell's <( ) works"
	is "$(cd "$T" && inside /bin/pwd) $(cd "$M/proc/1" && inside /bin/pwd)" "$T $M/proc/1" 'all of it where the user stood'
	is "$(find "$M/dev/fd" -mindepth 1) $(readlink /dev/fd)" ' /proc/self/fd' 'and nothing of it is seen outside'
	ok 'nor is anything of the host' inside bash -c '! ls "$MMANFS"/dev/fd/proc/{meminfo,sys,1/../vmstat}'
fi

# --- sessions within sessions ---

is "$(inside "$MMANFS" exec "$M" -- sh -c 'read -r line </proc/version; echo "$line"')" "$(cat "$M/proc/version")" \
	'an exec inside an exec runs'
pid=$(new_process p)
ok 'and its signals reach the machine' inside "$MMANFS" exec "$M" -- kill -9 "$pid"
not_ok 'for good' test -d "$M/proc/$pid"
first=$M
mount_machine --machine tiny
# A sanitizer's search for leaks at the exit needs more of a /proc than a visitor is shown.
no_leaks=(env "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0")
elsewhere() {
	timeout 60 "$MMANFS" exec "$first" -- "${no_leaks[@]}" "$MMANFS" exec "$M" -- true
}
is "$(status elsewhere)" 69 'of another machine it is refused'
like "$(elsewhere 2>&1)" 'already inside' 'with a word'

# --- refusals ---

mkdir "$T/empty"
is "$(status "$MMANFS" exec "$T/empty" -- true)" 66 'a folder that is no mount: EX_NOINPUT'
is "$("$MMANFS" exec "$T/empty" -- true 2>&1)" "mmanfs exec: $T/empty: not an mmanfs mount" 'with a word'
is "$(status "$MMANFS" exec "$T/nowhere" -- true)" 66 'no folder: EX_NOINPUT'

# --- the end of the machine ---

kill -9 "$(pids_of "$M")"
is "$(status "$MMANFS" exec "$M" -- true)" 69 'a mount whose daemon is gone: EX_UNAVAILABLE'
like "$("$MMANFS" exec "$M" -- true 2>&1)" 'gone' 'with a word'
if [ "$(id -u)" = 0 ]; then umount -l "$M"; else fusermount3 -u -z "$M"; fi

done_testing
