#!/bin/bash
# A twin made by an ordinary user: what he may not read is told, and has the right size all the same.
[ "$(id -u)" != 0 ] || exec "$(dirname "$0")/as-user" twin-user.t
. "$(dirname "$0")/lib.sh"

mkdir -p "$T/machine"
said=$("$MMANFS" mount --like-host "$T/machine" 2>&1)
is $? 0 'the twin is mounted'
M=$T/machine
machines+=("$M")
is "$(field "$M/proc/meminfo" MemTotal)" "$(field /proc/meminfo MemTotal)" 'MemTotal is exact'

zones() {
	awk '/^Node/ { zone = $2 $4 } $1 ~ /^(spanned|present)$/ && $2 { print zone, $1, $2 }' "$1"
}
is "$(zones "$M/proc/zoneinfo")" "$(zones /proc/zoneinfo)" 'zones are exact'

others=0
for path in /proc/[0-9]*; do
	[ -d "$path" ] && [ ! -r "$path/smaps" ] && grep -q '^VmSize' "$path/status" && others=$((others + 1))
done 2>/dev/null
if [ "$others" -gt 0 ]; then
	like "$said" 'not read: the mappings of [0-9]+ of [0-9]+ processes' 'others keep their mappings to themselves'
	like "$said" '[0-9]+ of [0-9]+ processes could not be read: they have the sizes' 'which is told'
else
	skip 2 'every process here is his'
fi
shell=$$
is "$(awk '$1 == "VmSize:" { print $2 }' "$M/proc/$shell/status")" \
	"$(awk '$1 == "VmSize:" { print $2 }' /proc/$shell/status)" 'his own are exact'

done_testing
