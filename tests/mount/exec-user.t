#!/bin/bash
# `mmanfs exec` for an ordinary user, who is root of the machine that he mounted.
#
# Root makes itself one: a mount namespace with a /dev/fuse that everybody may open, and uid 65534.
# shellcheck disable=SC2016,SC2119 # other shells expand it; no arguments are meant
if [ "$(id -u)" = 0 ]; then
	. "$(dirname "$0")/lib.sh"
	command -v setpriv unshare fusermount3 >/dev/null || skip_all 'needs setpriv, unshare and fusermount3'
	trap - EXIT
	mkdir -p "$T/user" "$T/dev"
	cp "$MMANFS" "$T/user/mmanfs"
	cp "$SRC"/tests/mount/{lib.sh,exec-user.t} "$T/user/"
	chmod 711 "$T"
	chown -R 65534:65534 "$T/user"
	exec unshare --mount bash -c '
		mount -t tmpfs -o mode=755 none "$1/dev" &&
		mknod -m 666 "$1/dev/fuse" c 10 229 &&
		mount --bind "$1/dev/fuse" /dev/fuse &&
		cd "$1/user" &&
		exec setpriv --reuid 65534 --regid 65534 --clear-groups \
			env MMANFS="$1/user/mmanfs" MMANFS_TEST_TMP="$1/user" TMPDIR="$1/user" HOME="$1/user" \
			bash "$1/user/exec-user.t"' - "$T"
fi
. "$(dirname "$0")/lib.sh"

mount_machine
put "$M/sim/clock" pause
inside() {
	timeout 60 "$MMANFS" exec "$M" -- "$@"
}
if ! output=$(inside true 2>&1); then
	[[ $output == *namespace* ]] && { umount_machine; skip_all "$output"; }
fi

is "$(inside id -u)" 0 'whoever mounted the machine is root in it'
is "$(inside cat /proc/version)" "$(cat "$M/proc/version")" '/proc is the tree'
is "$(inside stat -c %u /proc/sys/vm/swappiness)" 0 "root's files are root's"
ok 'and can be written' inside sh -c 'echo 77 >/proc/sys/vm/swappiness'
is "$(cat "$M/proc/sys/vm/swappiness")" 77 'to effect'

free=$(inside free -k)
is "$(awk '$1 == "Mem:" { print $2 }' <<<"$free")" "$(field "$M/proc/meminfo" MemTotal)" 'free'
is "$(inside ps -e -o pid= | tr -d ' ' | sort -n)" "$(cd "$M/proc" && printf '%s\n' [0-9]* | sort -n)" 'ps'
is "$(inside sysctl -n vm.swappiness)" 77 'sysctl'
ok 'top' inside top -b -n1
ok 'vmstat' inside vmstat
ok 'lsmem' inside lsmem
ok 'numactl' inside numactl --hardware
ok 'numastat' inside numastat
is "$(inside pmap 1 | awk '$1 == "total" { print $2 }')" \
	"$(perl -ne '/^(\w+)-(\w+)/ and $s += hex($2) - hex($1); END { print $s / 1024, "K" }' "$M/proc/1/maps")" 'pmap'

mkdir "$M/sim/procs/victim"
pid=$(cat "$M/sim/procs/victim/pid")
ok 'kill of a simulated process' inside kill -9 "$pid"
is "$(cat "$M/sim/procs/victim/status")" 'killed by signal 9' 'reaches it'
like "$(inside kill -9 "$pid" 2>&1)" 'No such process' 'a number of nobody'
sleep 600 &
like "$(inside kill -9 $! 2>&1)" 'No such process' 'a real process outside is out of reach'
ok 'and lives' kill -0 $!
kill $!
is "$(inside bash -c 'sleep 60 & kill $!; wait $!; echo $?')" 143 'an own child gets its signal'
is "$(inside sh -c 'exit 7'; echo $?)" 7 'the status comes through'
ok 'nothing gives more rights than there are' inside grep -q '^' /proc/self/status

done_testing
