#!/bin/bash
# The first session of the README works as printed. A line "..." stands for output that may differ.
. "$(dirname "$0")/lib.sh"

# The session's folder becomes a private one, which is also unmounted if a step fails.
machines+=("$T/m")
here() {
	sed -e "s|/tmp/m\>|$T/m|g" -e "s|\./mmanfs|$MMANFS|g" <<<"$1"
}

steps=0
command=
expected=

run_step() {
	local got
	[ -n "$command" ] || return
	steps=$((steps + 1))
	got=$(timeout 60 bash -c "$(here "$command")" 2>&1 | sed 's/^bash: line [0-9]*: /bash: /')
	if [ "$expected" = ... ]; then
		isnt "$got" '' "prints something: $command"
		unlike "$got" '^bash: |mmanfs: ' "and no error: $command"
	else
		is "$got" "$(here "$expected")" "as printed: $command"
	fi
}

while IFS= read -r line; do
	case $line in
	'    $ '*)
		run_step
		command=${line#    $ }
		expected=
		;;
	'    '*)
		expected+=${expected:+$'\n'}${line#    }
		;;
	esac
done < <(sed -n '/^## A first session/,/^## Building/p' "$SRC/README.md")
run_step

is "$steps" 10 'the first session has ten lines'
done_testing
