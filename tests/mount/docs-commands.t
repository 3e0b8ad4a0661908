#!/bin/bash
# Every command of the documents can be pasted: it does what its page says, and its page says when it is refused.
# shellcheck disable=SC2016,SC2317 # the commands as they stand there, which call functions
. "$(dirname "$0")/lib.sh"

# commands PAGE: those of its indented blocks, a line each; what a line ends with | goes on in the next
commands() {
	sed -n 's/^    \(\$ \)\?//p' "$SRC/docs/$1.md" |
		awk '/^(awk|cat|cd|cp|dd|df|echo|exec|for|grep|mkdir|mmanfs|printf|seq) / || more { printf "%s", $0
			more = /\|$/; if (!more) print ""; else printf " " }'
}

mmanfs() { timeout 60 "$MMANFS" "$@"; }
dd() { timeout 20 dd "$@"; }

# lacks_tool COMMAND: it is about a tool that is not here, and says so, or about what that would have made
lacks_tool() {
	case $1 in
	*jq\ *) ! command -v jq ;;
	*sort.trace*) ! command -v strace ;;
	*) false ;;
	esac >/dev/null
}

# try PAGE [OPTION OF sed] ...: its commands, one after the other, in the machine; "# ENAME:" behind one says how
# it is refused. The options put things in the place of the page's words.
try() {
	local page=$1 command want bad='' tried=0 said status
	shift
	[ ! -d "$M/sim" ] || new_process a >"$T/pid"
	cd "$M" || exit
	while IFS= read -r command; do
		! lacks_tool "$command" || continue
		want=
		[[ ! $command =~ \#\ (E[A-Z]+): ]] || want=$(errno_text "${BASH_REMATCH[1]}")
		command=$(sed -e 's|\.\.\.||' "$@" <<<"$command")
		tried=$((tried + 1))
		eval "$command" >"$T/out" 2>"$T/err" </dev/null
		status=$?
		# tools say on standard error what they have done
		said=$(grep -vE '^mmanfs: |records (in|out)$|bytes.* copied' "$T/err")
		case $want in
		'') [ "$status$said" = 0 ] ;;
		*) [[ $status != 0 && $said == *$want ]] ;;
		esac || bad+="$command: $status $said"$'\n'
	done < <(commands "$page")
	cd "$T" || exit
	[ ! -d "$M/sim" ] || rmdir "$M"/sim/procs/*
	is "$bad" '' "docs/$page.md: its commands"
	cmp_num "$tried" '>' 0 "$tried of them"
}

cd "$T" || exit
mkdir bin dir src
ln -s "$MMANFS" bin/mmanfs
PATH=$T/bin:$PATH:/usr/sbin
cp "$SRC/docs/disk.md" src/main.c
seq 1000 | shuf --random-source=src/main.c >numbers

mount_machine
put "$M/sim/clock" pause
try writeback
try control-language -e "s|data 64M|& addr=0x7ffff7d00000|; s|write m |write data |; s|\$PID|\$(cat sim/procs/a/pid)|"
try disk -e "s|cp -r src|cp -r $T/src|" -e "s|--disk DIR MOUNTPOINT|--machine tiny --disk $T/src $T/dir|"
ok 'with a machine of its own' stop_machine "$T/dir"
try compaction -e "s|sample-scripts|$SRC/&|"
try events
try reclaim -e 's|^cat sim/events.*|timeout 1 cat sim/events >/dev/null; [ $? = 124 ]|'
try oom -e 's|proc/57|proc/$(cat sim/procs/a/pid)|'
try psi
exec 3<&-
try swap
try hugetlb
umount_machine

mount_machine --machine hotplug
try hotplug -e 's/memory34/memory35/'
umount_machine

mount_machine --machine tiny
try traces -e "s|DIR|.|; s| sort.trace| $T/sort.trace|; s| numbers| $T/numbers|"
umount_machine

# --- Captures and twins ---

M=$T
machines+=("$T/m" "$T/dir")
cp "$SRC/sample-scripts/captures/server.tar.gz" host.tar.gz
try capture -e "s|FILE OTHER|$T/host.tar.gz $T/other.tar.gz|; s|FILE DIR|$T/host.tar.gz $T/dir|; s|FILE|$T/new.tar.gz|"
ok 'the twin is unmounted' stop_machine "$T/dir"
mkdir m
try twin -e "s|FILE DIR|$T/host.tar.gz $T/m|; s|FILE|$T/again.tar.gz|; s|DIR|$T/dir|"
ok 'two twins are unmounted' stop_machine "$T/dir"
ok 'the other one, too' stop_machine "$T/m"
rmdir m
try what-if -e 's|/tmp/|$T/|g; s|mmanfs capture|cp $T/host.tar.gz|; s|FILE|$T/host.tar.gz|; s|sample-scripts|$SRC/&|' \
	-e 's|what-if NAME|what-if app|; s|mmanfs run --like-host|: &|; s|rewind 7|rewind 1|'

is "$(cd "$SRC/docs" && for page in *.md; do
	[ -z "$(commands "${page%.md}")" ] || grep -q "^try ${page%.md}\>" "$SRC/tests/mount/docs-commands.t" || echo "$page"
done)" "exec.md" 'every page with commands was tried'

done_testing
