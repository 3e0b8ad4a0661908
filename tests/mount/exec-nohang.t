#!/bin/bash
# nohang as Debian has it, not dry: the process that it ends is a simulated one. It takes for granted that a listing of
# /proc has itself in it, which a visitor's has if he asks for it.
# shellcheck disable=SC2016,SC2119 # another shell expands it; no arguments are meant
. "$(dirname "$0")/lib.sh"

mount_machine --machine tiny
is "$(inside bash -c 'ls /proc | grep -c "^4[0-9]\{6\}"')" 0 'a listing of proc/ has no visitors'
is "$(inside env MMANFS_LISTED=1 ls -U /proc | tail -n 1)" "$(inside sh -c 'echo $$')" \
	'but the reader himself, last, who asks for it'
is "$(inside env MMANFS_LISTED=1 bash -c 'ls /proc | grep -cx "$$"; :')" 0 'and nobody else'
is "$(MMANFS_LISTED=1 bash -c 'ls "$0/proc" | grep -c "^[1-9]"' "$M")" \
	"$(find "$M/proc" -maxdepth 1 -name '[1-9]*' | wc -l)" 'outside of exec nobody is'

if ! command -v nohang >"$T/which" 2>&1; then
	skip 6 'no nohang here'
	done_testing
fi
. "$(dirname "$0")/oom-daemon.sh"
sed -e 's/^\(soft_threshold_min_mem *=\).*/\1 30 %/' -e 's/^\(hard_threshold_min_mem *=\).*/\1 10 %/' \
	-e 's/^\(warning_threshold_min_mem *=\).*/\1 30 %/' -e 's/^\(psi_checking_enabled *=\).*/\1 False/' \
	/etc/nohang/nohang.conf >"$T/conf"
timeout 100 "$MMANFS" exec "$M" -- env MMANFS_LISTED=1 nohang --monitor --config "$T/conf" >"$T/nohang" 2>&1 &
watcher=$!
ok 'nohang watches' wait_until 60 grep -q 'Monitoring has started' "$T/nohang"
ends_big "$watcher" 24M

done_testing
