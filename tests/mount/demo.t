#!/bin/bash
# make demo: a twin of this machine beside it. What it prints, what it leaves, and what it says where it
# cannot be done.
# shellcheck disable=SC2016,SC2317 # the inner shell expands it; called by name
. "$(dirname "$0")/lib.sh"

leftovers() {
	grep " $T/" /proc/self/mountinfo
	ls -d "$T"/mmanfs* 2>/dev/null
}

nothing_left() {
	[ -z "$(leftovers)" ]
}

demo() {
	timeout 60 "$SRC/scripts/demo"
}

said=$(demo 2>"$T/err")
is $? 0 'the demo succeeds'
is "$(cat "$T/err")" '' 'nothing on standard error, for this is no terminal'
for heading in 'free -h' 'numastat -m, MB'; do
	like "$said" "^  $heading  +this machine +its twin\$" "$heading stands side by side"
done
like "$said" '^  ps  +VSZ here +VSZ twin +RSS here +RSS twin$' 'ps does, too'
unlike "$said" $'\r' 'and no progress is shown'

# value LABEL COLUMN [N]: of the N-th line of that label; column 1 is this machine, 2 its twin
value() {
	grep -F -- "  $1 " <<<"$said" | awk -v from="$2" -v line="${3:-1}" 'NR == line { print $(NF - 2 + from) }'
}

# The nodes' memory in all, in MB and rounded, as the twin's column has it.
twin_nodes() {
	awk '$1 == "Node" && $3 == "MemTotal" { sum += $5 } END { printf "%d", sum + 0.5 }' <<<"$said"
}

is "$(value 'Mem: total' 1)" "$(value 'Mem: total' 2)" 'both have the same memory'
within "$(twin_nodes)" "$(awk '$1 == "MemTotal:" { printf "%d", $2 / 1024 + 0.5 }' /proc/meminfo)" 1 \
	'numastat finds it on the nodes'
# section TITLE: what stands below it, up to an empty line
section() {
	awk -v title="$1" 'index($0, title) == 1 { on = 1; next } on && !NF { exit } on' <<<"$said"
}

vmstat=$(section 'Its vmstat 1')
like "$vmstat" '^  procs -+memory-+ -+swap' 'vmstat looks on while a process of the twin takes all memory'
cmp_num "$(grep -cE '^ +[0-9]+ +[0-9]+ +[0-9]' <<<"$vmstat")" '>=' 1 'second by second'
cmp_num "$(section 'Its /proc/pressure/memory' | sed -n 's/^  some.*total=//p')" '>' 0 'which is memory pressure'
like "$(section 'Who was killed')" 'badness' 'the twin explains who was killed, and why'
like "$(section 'Its kernel log')" 'hog invoked oom-killer' 'the kernel log says who asked'
like "$(section 'Its kernel log')" 'Out of memory: Killed process [0-9]+ \(' 'and who was killed'
like "$said" 'want of memory meanwhile: 0$' 'nobody was killed here'
like "$said" '^  \$ mkdir sim/procs/hog$' 'and the demo says how that is done'
like "$said" 'mount --like-host' 'and how to keep a twin'
ok 'nothing is left behind' nothing_left

# --- however it ends ---

started() {
	grep -q " $T/" /proc/self/mountinfo
}

nothing_mounted() {
	! started
}

for signal in TERM KILL; do
	demo >"$T/out" 2>&1 &
	child=$!
	wait_until 20 started
	kill -"$signal" "$child"
	wait "$child" 2>/dev/null
	ok "stopped by SIG$signal, it goes away all the same" wait_until 30 nothing_mounted
	rm -f "$T"/mmanfs-demo.*
done

# --- where it cannot be done ---

said=$(MMANFS=$T/missing demo 2>&1)
isnt $? 0 'without a program it fails'
like "$said" 'run make first' 'and says what to do'

if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	: >"$T/no-fuse"
	said=$(unshare -m bash -c 'mount --make-rprivate / && mount --bind "$2" /dev/fuse && exec timeout 60 "$1"' \
		hide "$SRC/scripts/demo" "$T/no-fuse" 2>&1)
	isnt $? 0 'where FUSE is missing it fails'
	like "$said" 'FUSE is missing.*no /dev/fuse' 'in a clear word'

	# an ordinary user, where only root may open the device
	mkdir "$T/dev" "$T/reach"
	cp "$MMANFS" "$T/reach/mmanfs"
	cp "$SRC/scripts/demo" "$T/reach"
	chmod 711 "$T"
	user=(setpriv --reuid 65534 --regid 65534 --clear-groups env TMPDIR=/tmp "MMANFS=$T/reach/mmanfs")
	if "${user[@]}" test -x "$T/reach/mmanfs"; then
		said=$(unshare -m bash -c 'mount -t tmpfs none "$1" && mknod -m 600 "$1/fuse" c 10 229 &&
			mount --bind "$1/fuse" /dev/fuse && shift && exec timeout 60 "$@"' \
			hide "$T/dev" "${user[@]}" "$T/reach/demo" 2>&1)
		isnt $? 0 'who may not use it is refused, too'
		like "$said" 'may not open /dev/fuse' 'and told'
	else
		skip 2 "no ordinary user can reach $T"
	fi
else
	skip 4 'only root can hide /dev/fuse'
fi

done_testing
