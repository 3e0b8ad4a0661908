#!/bin/bash
# How the file system side of a mounted machine answers: as a real 6.1 kernel's does, as far as FUSE
# lets it.
# shellcheck disable=SC2016 # perl expands it
. "$(dirname "$0")/lib.sh"

mount_machine --machine tiny
is "$(head -c 9 "$M/proc/meminfo")" MemTotal: 'the tree answers when mount returns'
put "$M/sim/clock" pause
knob=$M/proc/sys/vm/swappiness

# sys CODE: run a piece of perl; the errno's name or "ok" comes out
sys() {
	perl -MFcntl=:DEFAULT,:seek -MErrno -we '
		my ($code, @a) = @ARGV;
		my ($m, $knob) = @a;
		my $r = eval $code;
		die $@ if $@;
		my ($name) = grep { $!{$_} } keys %!;
		print defined($r) ? "$r" : $name // "?";
	' "$1" "$M" "$knob"
}

# --- What is there ---

is "$(perl -e 'opendir D, shift; print join " ", (readdir D)[0, 1]' "$M/proc")" '. ..' \
	'. and .. come first in a listing'
is "$(cd "$M" && echo *)" 'dev proc sim sys' 'four directories at the top'
is "$(stat -c '%a %s %o %h %F' "$knob")" '644 0 1024 1 regular empty file' 'stat of a sysctl'
is "$(stat -c '%a %s %o %F' "$M/sys/kernel/mm/ksm/run")" '644 4096 4096 regular file' 'stat of a sysfs file'
is "$(stat -c '%a %F' "$M/proc/self")" '777 symbolic link' 'stat of a link'
is "$(stat -c %U "$M/proc/meminfo")" "$(id -un)" 'what is root'"'"'s is shown as the mounting user'"'"'s'
is "$(stat -f -c %T "$M")" fuseblk "statfs works" 2>/dev/null ||
	diag "statfs says $(stat -f -c %T "$M")"
like "$(grep " $M " /proc/self/mounts)" '^mmanfs .* fuse.mmanfs .*nosuid,nodev,noexec' \
	'the mount has a name and keeps programs and devices out'

# --- Reading ---

is "$(sys 'open F, "<", $knob; my $n = 0; while (sysread F, my $b, 1) { $n++ } $n')" 1 \
	'a sysctl read byte by byte ends after one'
is "$(sys 'open F, "<", "$m/proc/meminfo"; my $t = ""; while (sysread F, my $b, 7) { $t .= $b }
	open F, "<", "$m/proc/meminfo"; sysread F, my $all, 65536; $t eq $all ? "same" : "different"')" same \
	'a file read in small pieces is the same'
is "$(sys 'open F, "<", $knob; sysread F, my $a, 100; sysseek F, 0, 0; open G, ">", $knob;
	syswrite G, "77"; close G; sysread F, my $b, 100; chomp $b; $b')" 77 \
	'reading again from the start sees the new value'
is "$(sys 'open F, "<", "$m/proc/meminfo"; sysseek F, 3, 0; sysread F, my $b, 5; $b')" Total \
	'a read that starts in the middle'
is "$(sys 'open F, "<", "$m/proc/meminfo"; sysseek F, 100000, 0; sysread F, my $b, 5')" 0 'one behind the end'
is "$(sys 'open F, "<", $m; my $r = sysread F, my $b, 5; $r')" EISDIR 'a directory is not read'
is "$(sys 'my $r = sysopen F, "$m/proc/sys/vm/drop_caches", O_RDONLY; $r ? "ok" : undef')" EACCES \
	'a write-only sysctl is not read'

# --- Writing ---

is "$(sys 'sysopen F, $knob, O_RDWR; my $a = syswrite F, "1"; my $b = syswrite F, "0x"; sysseek F, 0, 0;
	sysread F, my $v, 9; chomp $v; "$a $b $v"')" '1 2 1' 'the second write on a descriptor is ignored'
put "$knob" 5
ok 'append writes a value' eval "echo 6 >>'$knob'"
is "$(cat "$knob")" 6 'which counts'
ok 'truncate is nothing' truncate -s 0 "$knob"
ok 'opening with O_TRUNC is nothing' eval ": >'$knob'"
is "$(cat "$knob")" 6 'the value stays'
is "$(sys 'my $r = sysopen(F, "$m/proc/meminfo", O_WRONLY) ? syswrite F, "1" : "open"; $r')" EIO \
	'a read-only file of proc fails at the write'
is "$(sys 'my $r = sysopen F, "$m/proc/sys/kernel/osrelease", O_WRONLY; $r ? "ok" : undef')" EACCES \
	'a read-only sysctl at the open'
is "$(sys 'my $r = sysopen F, "$m/sys/kernel/mm/ksm/pages_shared", O_RDWR; $r ? "ok" : undef')" EACCES \
	'and so does sysfs'
is "$(sys 'my $r = sysopen F, $knob, O_WRONLY | O_CREAT | O_EXCL; $r ? "ok" : undef')" EEXIST 'O_EXCL'
is "$(sys 'my $r = sysopen F, $knob, O_RDONLY | O_DIRECTORY; $r ? "ok" : undef')" ENOTDIR 'O_DIRECTORY'

# --- What cannot be done ---

is "$(sys 'mkdir("$m/proc/sys/vm/x") || undef')" ENOENT 'mkdir among sysctls'
is "$(sys 'mkdir("$m/sys/kernel/mm/x") || undef')" EPERM 'mkdir in sysfs'
is "$(sys 'sysopen(F, "$m/proc/x", O_WRONLY | O_CREAT) || undef')" ENOENT 'a new file in proc'
is "$(sys 'sysopen(F, "$m/sys/kernel/mm/x", O_WRONLY | O_CREAT) || undef')" EACCES 'a new file in sysfs'
is "$(sys 'unlink($knob) || undef')" EACCES 'unlink of a sysctl'
is "$(sys 'unlink("$m/proc/meminfo") || undef')" EPERM 'unlink in proc'
is "$(sys 'rmdir("$m/proc/sys/vm") || undef')" EACCES 'rmdir among sysctls'
is "$(sys 'rmdir("$m/proc/1") || undef')" EPERM 'rmdir of a process'
is "$(sys 'rename($knob, "$knob.new") || undef')" ENOENT 'rename of a sysctl'
is "$(sys 'rename("$m/sys/kernel/mm/ksm/run", "$m/sys/kernel/mm/ksm/x") || undef')" EPERM 'rename in sysfs'
is "$(sys 'link($knob, "$knob.new") || undef')" ENOENT 'link of a sysctl'
is "$(sys 'symlink("x", "$m/sys/kernel/x") || undef')" EPERM 'a new link in sysfs'
is "$(sys 'chmod(0666, $knob) || undef')" EPERM 'chmod of a sysctl'
is "$(sys 'chmod(0600, "$m/proc/meminfo") || undef')" 1 'chmod of a file in proc'
is "$(stat -c %a "$M/proc/meminfo")" 600 'is seen'
is "$(sys 'open F, "<", $knob; my $x = ""; ioctl(F, 0x5401, $x) || undef')" ENOTTY 'a knob is no terminal'
is "$(sys 'mkdir("$m/sim/procs/" . "x" x 300) || undef')" ENAMETOOLONG 'a name that is too long'

# --- Permission ---

ok 'test -w of a knob' test -w "$knob"
not_ok 'test -x of a file' test -x "$knob"
ok 'test -r of what is 0400' test -r "$M/proc/slabinfo"

# --- Records ---

is "$(timeout 5 dd if="$M/dev/kmsg" iflag=nonblock bs=8192 2>&1 >"$T/kmsg" | head -1)" \
	"dd: error reading '$M/dev/kmsg': Resource temporarily unavailable" 'the log ends with EAGAIN'
like "$(cat "$T/kmsg")" '^[0-9]+,0,[0-9]+,-;Linux version 6\.1' 'after its records'
cat "$M/dev/kmsg" >"$T/log" &
reader=$!
ok 'a reader of the log gets what there is' wait_until 10 grep -q 'Linux version' "$T/log"
ok 'and waits for more' kill -0 "$reader"
ok 'somebody writes to the log' eval "echo 'hello from a test' >'$M/dev/kmsg'"
ok 'and it is woken' wait_until 10 grep -q 'hello from a test' "$T/log"
kill "$reader"
wait "$reader" 2>/dev/null
is $? 143 'a signal ends the waiting'

# --- Visitors ---

"$BUILT/tests/mount/visitor" "$M" >"$T/visitor"
is "$(cat "$T/visitor")" 'main-self right
main-thread-self right
thread-self right
thread-thread-self right
listed 0
own 1
own-task 1
parent 0' 'a visitor finds itself, is not listed, and does not find others'
is "$(sh -c 'read -r pid rest <"$0/proc/self/stat"; [ "$pid" = $$ ] && echo same' "$M")" same 'self/stat is its own'
is "$(awk '/^Mems_allowed_list/ { print $2 }' "$M/proc/self/status")" 0 'with the nodes of the machine'
is "$(awk '/^Cpus_allowed_list/ { print $2 }' "$M/proc/self/status")" 0 'and its CPUs'
like "$(cat "$M/proc/self/mounts")" '^sysfs /sys sysfs ' 'and its mounts'
is "$(cat "$M/proc/self/cgroup")" 0::/ 'in the root group'
like "$(ls -l "$M/proc/self/fd")" ' 1 -> ' 'and its open files'

# --- Another user ---

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	chmod 755 "$T"
	not_ok 'others are kept out' "${nobody[@]}" cat "$M/proc/version"
	first=$M
	mount_machine --machine tiny -o allow_other
	ok 'unless they were let in' "${nobody[@]}" cat "$M/proc/version"
	not_ok 'and do not write what is root'"'"'s' "${nobody[@]}" sh -c "echo 1 >'$M/proc/sys/vm/swappiness'"
	not_ok 'nor read what is root'"'"'s alone' "${nobody[@]}" cat "$M/proc/slabinfo"
	not_ok 'nor make processes' "${nobody[@]}" mkdir "$M/sim/procs/x"
	is "$("${nobody[@]}" stat -c %u "$M/proc/self/stat")" 65534 'but own their own directory'
	M=$first
else
	skip 6 'only root can become another user'
fi

done_testing
