# shellcheck shell=bash
# For the tests that mount a machine. Source it first:
#
#	. "$(dirname "$0")/lib.sh"
#	mount_machine --machine laptop
#	put "$M/sim/clock" pause
#	is "$(cat "$M/proc/sys/vm/swappiness")" 60 'swappiness starts at 60'
#	refused EINVAL "$M/proc/sys/vm/swappiness" 201 'swappiness above 200'
#	done_testing
#
# A test's last argument is a sentence that says which behaviour it pins. Every machine is unmounted
# when the script ends, however it ends; before that, its sim/check must say "ok", which counts as one
# more test. tests/run gives each script a private folder ($T here) and a time limit.

set -u
export LC_ALL=C

SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034 # for the scripts: where helper programs were built
BUILT=${MMANFS_BUILD:-$SRC/build}
: "${MMANFS:=$SRC/mmanfs}"
if [ -n "${MMANFS_TEST_TMP:-}" ]; then
	T=$MMANFS_TEST_TMP
	own_folder=
else
	# Run by hand, without tests/run.
	T=$(mktemp -d "${TMPDIR:-/tmp}/mmanfs-test.XXXXXX")
	export MMANFS_TEST_TMP=$T TMPDIR=$T
	own_folder=1
fi
M=
machines=()
run=0
failed=0
ended=

# --- Results ---

diag() {
	printf '%s\n' "$*" | sed 's/^/# /' >&2
}

# The line of the script that is being run, not of this file.
where() {
	local depth=0 line file
	while read -r line _ file < <(caller "$depth"); do
		[ "$file" = "${BASH_SOURCE[0]}" ] || break
		depth=$((depth + 1))
	done
	echo "$file:$line"
}

# result STATUS NAME: one line of TAP; returns the status
result() {
	local status=$1 name=${2//'#'/'\#'}
	run=$((run + 1))
	if [ "$status" = 0 ]; then
		printf 'ok %d - %s\n' "$run" "$name"
	else
		failed=$((failed + 1))
		printf 'not ok %d - %s\n' "$run" "$name"
		diag "failed at $(where)"
	fi
	return "$status"
}

# ok NAME COMMAND ...: the command succeeds
ok() {
	local name=$1 output status
	shift
	output=$("$@" 2>&1)
	status=$?
	result "$status" "$name" || diag "  failed: $* (exit status $status)"$'\n'"$output"
}

# not_ok NAME COMMAND ...: the command ends with a failure of its own, not by a signal
not_ok() {
	local name=$1 output status held=1
	shift
	output=$("$@" 2>&1)
	status=$?
	[ "$status" = 0 ] || [ "$status" -ge 124 ] || held=0
	result "$held" "$name" || diag "expected: a failure of $*"$'\n'"     got: exit status $status"$'\n'"$output"
}

# is GOT EXPECTED NAME
is() {
	local held=1
	[ "$1" != "$2" ] || held=0
	result "$held" "$3" || diag "     got: '$1'"$'\n'"expected: '$2'"
}

# isnt GOT UNEXPECTED NAME
isnt() {
	local held=1
	[ "$1" = "$2" ] || held=0
	result "$held" "$3" || diag "     got: '$1', which it should not be"
}

# like GOT REGEX NAME: an extended regular expression matches in some line
like() {
	local held=1
	! grep -qE -e "$2" <<<"$1" || held=0
	result "$held" "$3" || diag "     got: '$1'"$'\n'"to match: '$2'"
}

# unlike GOT REGEX NAME: it matches in none
unlike() {
	local held=1
	grep -qE -e "$2" <<<"$1" || held=0
	result "$held" "$3" || diag "     got: '$1'"$'\n'"to avoid: '$2'"
}

# cmp_num A OP B NAME: integers; OP is one of == != < <= > >=
cmp_num() {
	local -A ops=(['==']=-eq ['!=']=-ne ['<']=-lt ['<=']=-le ['>']=-gt ['>=']=-ge)
	local held=0
	test "$1" "${ops[$2]}" "$3" 2>/dev/null || held=1
	result "$held" "$4" || diag "     got: $1"$'\n'"expected: $2 $3"
}

# within GOT EXPECTED PERCENT NAME: integers that differ by no more than that share of the expected
within() {
	local held=1 off
	if [[ $1 =~ ^-?[0-9]+$ && $2 =~ ^-?[0-9]+$ ]]; then
		off=$(($1 - $2))
		((${off#-} * 100 <= ${2#-} * $3)) && held=0
	fi
	result "$held" "$4" || diag "     got: $1"$'\n'"expected: $2, give or take $3 %"
}

# same_file FILE FILE NAME: to the byte; shows the first differing lines
same_file() {
	local held=0 output
	output=$(diff -u -- "$1" "$2" 2>&1) || held=1
	result "$held" "$3" || diag "$(head -n 20 <<<"$output")"
}

# skip COUNT WHY: the next COUNT tests cannot be made here
skip() {
	local left
	for ((left = $1; left > 0; left--)); do
		run=$((run + 1))
		echo "ok $run # SKIP $2"
	done
}

# skip_all WHY: none of this script can
skip_all() {
	echo "1..0 # SKIP $*"
	ended=1
	exit 0
}

bail_out() {
	echo "Bail out! $*"
	exit 255
}

# --- Writing to the tree ---

# put FILE TEXT: one write(2) of the text and a newline. What went wrong is on standard output.
put() {
	{ printf '%s\n' "$2" >"$1"; } 2>&1
}

# accepted FILE TEXT NAME
accepted() {
	local output status
	output=$(put "$1" "$2")
	status=$?
	result "$status" "$3" || diag "writing '$2' to $1: ${output##*: }"
}

# What the shell prints for an error number.
errno_text() {
	perl -MErrno -e '$! = Errno->can($ARGV[0])->(); print "$!"' "$1"
}

# refused ERRNO FILE TEXT NAME: the write fails with that error, and the file reads as before
refused() {
	local before after output held=1 want
	want=$(errno_text "$1")
	before=$(cat "$2" 2>&1)
	if output=$(put "$2" "$3"); then
		output=success
	fi
	after=$(cat "$2" 2>&1)
	[ "${output##*: }" != "$want" ] || [ "$before" != "$after" ] || held=0
	result "$held" "$4" ||
		diag "     got: ${output##*: }, '$before' became '$after'"$'\n'"expected: $want, no change"
}

# refused_ctl ERRNO FILE TEXT NAME: the same for a control file, whose reading explains the error
refused_ctl() {
	local output held=1 want
	want=$(errno_text "$1")
	if output=$(put "$2" "$3"); then
		output=success
	fi
	[ "${output##*: }" != "$want" ] || held=0
	result "$held" "$4" || diag "     got: ${output##*: }, $(cat "$2" 2>&1)"$'\n'"expected: $want"
}

# field FILE NAME: the first number of the line that starts with that word (meminfo, vmstat, status)
field() {
	awk -v name="$2" '$1 == name || $1 == name ":" { print $2; exit }' "$1"
}

# --- Waiting ---

# wait_until SECONDS COMMAND ...: until the command succeeds
wait_until() {
	local tenths=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$tenths" -gt 0 ] || return 1
		tenths=$((tenths - 1))
		sleep 0.1
	done
}

# --- Machines ---

# Read in one go: "read" seeks back after each line, and where another mount has vanished meanwhile the
# rest of the file has moved, so that a line is missed.
is_mounted() {
	local point line lines=()
	mapfile -t lines </proc/self/mountinfo
	for line in "${lines[@]}"; do
		read -r _ _ _ _ point _ <<<"$line"
		printf -v point '%b' "${point//\\/\\0}"
		[ "$point" != "$1" ] || return 0
	done
	return 1
}

# Says why nothing can be mounted here; silent where it can.
why_no_mount() {
	local caps
	[ -c /dev/fuse ] || { echo 'no /dev/fuse'; return; }
	: 2>/dev/null <>/dev/fuse || { echo 'no access to /dev/fuse'; return; }
	if [ "$(id -u)" = 0 ]; then
		caps=$(awk '$1 == "CapEff:" { print $2 }' /proc/self/status)
		((16#${caps:-0} >> 21 & 1)) || echo 'not allowed to mount here (CAP_SYS_ADMIN is missing)'
	elif ! command -v fusermount3 >/dev/null; then
		echo 'no fusermount3'
	fi
}

# mount_machine [-d DIR] [option of mmanfs mount] ...: sets $M to the mount; ends the script if the
# machine does not come up
mount_machine() {
	local dir=$T/machine${#machines[@]} output
	if [ "${1:-}" = -d ]; then
		dir=$2
		shift 2
	fi
	mkdir -p "$dir"
	M=$dir
	machines+=("$dir")
	if ! output=$(timeout 60 "$MMANFS" mount "$@" "$dir" 2>&1); then
		diag "$output"
		bail "mmanfs mount $* failed"
	fi
	is_mounted "$dir" || bail "mmanfs mount $* said success, but $dir is no mount"
}

# new_process NAME [SIZE]: a simulated process, with so much memory in use (its region heap); prints its number
new_process() {
	mkdir "$M/sim/procs/$1" && cat "$M/sim/procs/$1/pid" || return
	[ -z "${2:-}" ] || printf 'mmap heap %s\nwrite heap\n' "$2" >"$M/sim/procs/$1/ctl"
}

# inside COMMAND ...: by a program in the machine; may take $inside_seconds
inside_seconds=100
inside() {
	timeout "$inside_seconds" "$MMANFS" exec "$M" -- "$@"
}

# Ends this script, not the whole run of prove.
bail() {
	result 1 "$*"
	exit 1
}

# check_machine [DIR]: the engine's own check of its invariants
check_machine() {
	local dir=${1:-$M}
	is "$(timeout 100 cat "$dir/sim/check" 2>&1)" ok "the machine's invariants hold (${dir##*/})"
}

# umount_machine [DIR]: with its check. The daemon is gone afterwards, with what it wrote at its end.
umount_machine() {
	local dir=${1:-$M} each left=()
	check_machine "$dir"
	ok "the machine is unmounted (${dir##*/})" stop_machine "$dir"
	for each in "${machines[@]}"; do
		[ "$each" = "$dir" ] || left+=("$each")
	done
	machines=("${left[@]}")
}

# pids_of DIR: the daemons that serve a folder, told by their command line and our environment
pids_of() {
	local path words
	for path in /proc/[0-9]*; do
		mapfile -d '' -t words <"$path/cmdline" || continue
		[[ ${words[1]:-} == mount && ${words[-1]} == "$1" ]] || continue
		grep -qzFx "MMANFS_TEST_TMP=$T" "$path/environ" && echo "${path#/proc/}"
	done
} 2>/dev/null

no_daemon() {
	[ -z "$(pids_of "$1")" ]
}

stop_machine() {
	timeout 30 "$MMANFS" umount "$1" || return
	! is_mounted "$1" || { echo "still mounted"; return 1; }
	wait_until 60 no_daemon "$1" || { echo "the daemon did not end: $(pids_of "$1")"; return 1; }
}

done_testing() {
	local dir
	for dir in "${machines[@]}"; do
		! is_mounted "$dir" || umount_machine "$dir"
	done
	echo "1..$run"
	ended=1
	[ "$failed" = 0 ] || diag "$failed of $run tests failed"
	[ "$failed" = 0 ] && [ "$run" -gt 0 ]
	exit
}

at_exit() {
	local status=$? dir children=()
	trap '' INT TERM HUP
	# whoever runs in the background still would keep the machine busy
	mapfile -t children < <(jobs -pr)
	[ ${#children[@]} = 0 ] || kill "${children[@]}" 2>/dev/null
	for dir in "${machines[@]}"; do
		if is_mounted "$dir"; then
			timeout 10 "$MMANFS" umount "$dir" || fusermount3 -u -z "$dir" || umount -l "$dir"
		fi >/dev/null 2>&1
	done
	[ -n "$ended" ] || diag "the script ended before done_testing"
	[ -z "$own_folder" ] || { cd / && "$SRC/scripts/cleanup" "$T"; }
	[ -n "$ended" ] || [ "$status" != 0 ] || status=1
	exit "$status"
}
trap at_exit EXIT
trap 'exit 143' INT TERM HUP

reason=$(why_no_mount)
[ -z "$reason" ] || skip_all "$reason"
[ -x "$MMANFS" ] || bail_out "no $MMANFS: run make first"
