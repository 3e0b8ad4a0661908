#!/bin/bash
# The sample scripts: each runs, says what it said when it was written, and says it twice.
# timeout: 600
. "$(dirname "$0")/lib.sh"

for script in "$SRC"/sample-scripts/*; do
	[ -f "$script" ] || continue
	name=${script##*/}
	timeout -k 2 200 "$MMANFS" run "$script" >"$T/$name.1" 2>&1
	is $? 0 "$name runs"
	same_file "$SRC/sample-scripts/expected/$name" "$T/$name.1" "$name says what is expected"
	timeout -k 2 200 "$MMANFS" run "$script" >"$T/$name.2" 2>&1
	same_file "$T/$name.1" "$T/$name.2" "and the same when run again"
	like "$(sed -n '1,6p' "$script")" "mmanfs run sample-scripts/$name" "$name says how to run it"
done
done_testing
