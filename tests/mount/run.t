#!/bin/bash
# mmanfs run: a machine for one script.
# shellcheck disable=SC2317 # called by name
. "$(dirname "$0")/lib.sh"

script() {
	cat >"$T/script"
	chmod +x "$T/script"
}

leftovers() {
	grep " $T/" /proc/self/mountinfo
	ls -d "$T"/mmanfs.* 2>/dev/null
}

script <<'S'
#!/bin/sh
echo "$MMANFS"; pwd; echo "$1-$2"; cat sim/clock; cat sim/clock; cat proc/sys/vm/swappiness
exit 7
S
said=$("$MMANFS" run --machine tiny "$T/script" a 'b c')
is $? 7 'the exit status is the script'"'"'s'
mapfile -t line <<<"$said"
like "${line[0]}" "^$T/mmanfs\." "the mount is in \$MMANFS, below \$TMPDIR"
is "${line[1]}" "${line[0]}" 'the script starts there'
is "${line[2]}" 'a-b c' 'with its arguments'
like "${line[3]}" 'paused$' 'the clock is paused'
is "${line[3]}" "${line[4]}" 'and stands still'
is "${line[5]}" 60 'and the machine is there'
is "$(leftovers)" '' 'nothing is left behind'

echo 'cat sim/clock' >"$T/plain"
like "$("$MMANFS" run --machine tiny --realtime "$T/plain")" 'realtime$' \
	'a script that cannot be executed is run by sh, in real time if asked for'

said=$("$MMANFS" run - x <<'S'
# machine: two-node
cat sys/devices/system/node/online; echo "$1"
S
)
is "$said" $'0-1\nx' 'a script from standard input'
is "$("$MMANFS" run --machine tiny <(printf '#!/bin/sh\ncat proc/sys/vm/swappiness; exit 3\n')); $?" '60; 3' \
	'or from a pipe'

chmod -x "$T/plain"
# shellcheck disable=SC2016 # the script's own
printf '#! /bin/bash -u\necho "${BASH_VERSION+bash} $- $1"\n' >"$T/plain"
like "$("$MMANFS" run --machine tiny "$T/plain" x)" '^bash .*u.* x$' 'one that names its interpreter is run by that'
printf '#!/no/such/interpreter\n' >"$T/plain"
is "$("$MMANFS" run --machine tiny "$T/plain" 2>&1; echo $?)" "mmanfs run: $T/plain: No such file or directory
66" 'or not at all'

# --- A script that wants a machine of its own ---

script <<'S'
#!/bin/sh
# A lesson.
#
# machine: two-node
# cmdline: debug  quiet

# machine: tiny
ls -d sys/devices/system/node/node* | wc -l; cat proc/cmdline
S
said=$("$MMANFS" run "$T/script")
is "${said%%$'\n'*}" 2 'a script says in its first comment which machine it wants'
like "$said" 'debug  quiet$' 'and what its command line is'
said=$("$MMANFS" run --machine tiny --cmdline quiet "$T/script")
is "${said%%$'\n'*}" 1 'the options have the last word'
unlike "$said" 'debug' 'about the command line, too'

script <<'S'
#!/bin/sh
kill -TERM $$
S
"$MMANFS" run --machine tiny "$T/script"
is $? 143 'a script that dies by a signal'

"$MMANFS" run --machine tiny "$T/missing" 2>"$T/out"
is $? 66 'a script that is not there'
like "$(cat "$T/out")" missing 'is named'
"$MMANFS" run --machine quantum "$T/plain" 2>"$T/out"
is $? 66 'a machine that is not there'
like "$(cat "$T/out")" quantum 'is named'
is "$(leftovers)" '' 'and nothing is left behind'

script <<'S'
#!/bin/sh
trap 'echo stopped; exit 3' TERM
echo started
while :; do sleep 0.1; done
S
"$MMANFS" run --machine tiny "$T/script" >"$T/out" &
child=$!
wait_until 20 grep -q started "$T/out"
kill -TERM "$child"
wait "$child"
is $? 3 'a signal is passed on to the script'
like "$(cat "$T/out")" stopped 'which ends as it likes'
is "$(leftovers)" '' 'the machine ends after it'

script <<'S'
#!/bin/sh
echo started
exec sleep 1000
S
"$MMANFS" run --machine tiny "$T/script" >"$T/out" &
child=$!
wait_until 20 grep -q started "$T/out"
kill -KILL "$child"
wait "$child" 2>/dev/null
gone() { [ -z "$(leftovers)" ]; }
ok 'when mmanfs itself is killed, the mount goes all the same' wait_until 10 gone

done_testing
