#!/bin/bash
# make demo as an ordinary user, who may not look into the processes of others.
[ "$(id -u)" != 0 ] || exec "$(dirname "$0")/as-user" demo-user.t
. "$(dirname "$0")/lib.sh"

said=$(timeout 60 "$SRC/scripts/demo" 2>"$T/err")
is $? 0 'the demo succeeds'
is "$(cat "$T/err")" '' 'nothing on standard error, for this is no terminal'
like "$said" '^  free -h +this machine +its twin$' 'free stands side by side'
like "$said" '  Out of memory: Killed process [0-9]+ \(' 'the twin fills up, and somebody is killed'
like "$said" 'want of memory meanwhile: 0$' 'in the twin, not here'
is "$(grep " $T/" /proc/self/mountinfo)" '' 'and is unmounted'

done_testing
