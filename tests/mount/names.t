#!/bin/bash
# The kernel in front of the mount remembers names of processes, until one of them ends. Nobody may see
# the name of a process that has ended, nor what a name meant before.
. "$(dirname "$0")/lib.sh"

mount_machine --machine tiny
proc=$M/proc
put "$M/sim/clock" pause

# make NAME: sets pid
make() {
	mkdir "$M/sim/procs/$1" && read -r pid <"$M/sim/procs/$1/pid"
}

# look PID: everybody has seen all of its names
look() {
	stat "$proc/$1" "$proc/$1/task/$1" >/dev/null &&
		cat "$proc/$1"/{stat,status,comm} "$proc/$1/task/$1/comm" >/dev/null &&
		[ ! -e "$proc/$1/ctty" ]
}

# traces PID: which ways still lead to it
traces() {
	[ -d "$proc/$1" ] && echo "test -d"
	[ -e "$proc/$1/stat" ] && echo "test -e stat"
	[ -e "$proc/$1/task/$1" ] && echo "test -e task"
	{ : <"$proc/$1/comm"; } 2>/dev/null && echo open
	(cd "$proc/$1") 2>/dev/null && echo cd
	readlink "$proc/$1/cwd" && echo readlink
	realpath -e "$proc/$1" 2>/dev/null && echo realpath
	ls -d "$proc/$1"/*stat 2>/dev/null && echo ls
	return 0
}

seen=
for i in {1..20}; do
	make "a$i"
	look "$pid" || seen+="$i was not there "
	rmdir "$M/sim/procs/a$i"
	seen+=$(traces "$pid")
done
is "$seen" '' 'a process that has ended has no names, at once'

seen=
for i in {1..10}; do
	make "b$i"
	look "$pid"
	echo 'kill 9' >"$M/sim/procs/b$i/ctl"
	seen+=$(traces "$pid")
done
is "$seen" '' 'nor has one that a signal ended'

make x
look "$pid"
exec 9<"$proc/$pid/comm"
cd "$proc/$pid" || exit
make y
look "$pid"
rmdir "$M/sim/procs/y"
is "$(cat comm; read -r comm <&9; echo "$comm"; /bin/pwd)" "x
x
$PWD" 'who stands in another directory, or has a file open, notices nothing'
cd "$T" || exit
exec 9<&-

echo 'setuid 12345' >"$M/sim/procs/x/ctl"
read -r pid <"$M/sim/procs/x/pid"
is "$(stat -c %u "$proc/$pid" "$proc/$pid/stat")" $'12345\n12345' 'a new owner is seen at once'

# --- Numbers are used again ---

# those below 300 are not given twice
put "$proc/sys/kernel/pid_max" 304
for ((pid = 0; pid <= 300; )); do
	make first
	[ "$pid" -gt 300 ] || rmdir "$M/sim/procs/first"
done
number=$pid
look "$number"
rmdir "$M/sim/procs/first"
for i in {1..8}; do
	make "n$i"
	[ "$pid" != "$number" ] || break
	rmdir "$M/sim/procs/n$i"
done
is "$pid $(cat "$proc/$number/comm" "$proc/$number/task/$number/comm")" "$number n$i
n$i" 'a number that is used again names the new process'

# --- Whoever has that number himself ---

cat >"$T/visitor" <<'EOF'
for _ in 1 2 3; do
	read -r comm <"$1/1/comm"
	read -r self <"$1/self/comm"
	echo "$comm $self $(stat -c %u "$1/1") $(cat "$1/1/comm")"
done
EOF
look 1
space=(unshare --pid --fork)
[ "$(id -u)" = 0 ] || space=(unshare --user --map-current-user --pid --fork)
if "${space[@]}" true 2>/dev/null; then
	init=$(cat "$proc/1/comm")
	is "$("${space[@]}" bash "$T/visitor" "$proc")" "$(for _ in 1 2 3; do echo "bash bash $(id -u) $init"; done)" \
		'a visitor finds itself under its own number, others find the process'
else
	skip 1 'no PID namespaces here'
fi

# --- Many at once ---

cat >"$T/readers" <<'EOF'
cd "$1" || exit
while [ ! -e "$2" ]; do
	for d in [0-9]*; do
		stat "$d" "$d/task/$d"
		cat "$d/stat" "$d/comm"
		realpath -e "$d"
	done
done >/dev/null 2>&1
EOF
for i in 1 2; do
	bash "$T/readers" "$proc" "$T/stop" &
done
seen=
for i in {1..40}; do
	make "r$i"
	look "$pid"
	rmdir "$M/sim/procs/r$i"
	seen+=$(traces "$pid")
done
: >"$T/stop"
wait
is "$seen" '' 'the same while others list and read all processes'

done_testing
