#!/bin/bash
# sim/disk with ordinary tools: trees copied and moved, archives, sparse files, a full disk, bytes after reclaim.
# timeout: 180
. "$(dirname "$0")/lib.sh"

cat >"$T/small" <<'END'
[machine]
cpus = 1
memory = 128M
[disk]
size = 400M
END

mount_machine --machine "$T/small"
put "$M/sim/clock" pause
D=$M/sim/disk

kb() {
	awk -v key="$1:" '$1 == key { print $2 }' "$M/proc/meminfo"
}

# --- Trees ---

mkdir -p "$T/tree/a/b/c" "$T/tree/empty"
for i in 1 2 3 4 5 6 7 8 9; do
	head -c $((i * 3001)) /dev/urandom >"$T/tree/a/file$i"
	echo "$i" >"$T/tree/a/b/c/$i"
done
chmod 640 "$T/tree/a/file1"
chmod 750 "$T/tree/a/b"
touch -d '2020-02-03 04:05:06.789' "$T/tree/a/file2"
ok 'cp -a copies a tree' cp -a "$T/tree" "$D/tree"
ok 'to the byte' diff -r "$T/tree" "$D/tree"
is "$(stat -c '%a %Y' "$D/tree/a/file2" "$D/tree/a/file1" | head -n 1 | cut -d' ' -f2)" "$(stat -c %Y "$T/tree/a/file2")" \
	'time stamps are kept'
is "$(stat -c %a "$D/tree/a/file1") $(stat -c %a "$D/tree/a/b")" '640 750' 'and modes'
is "$(stat -c %h "$D/tree/a")" 3 'a directory with one in it has three links'
ok 'mv moves it' mv "$D/tree" "$D/moved"
ok 'with all that is in it' diff -r "$T/tree" "$D/moved"
ok 'tar makes an archive' tar -C "$D" -cf "$D/x.tar" moved
mkdir "$D/out"
ok 'and unpacks it' tar -C "$D/out" -xf "$D/x.tar"
ok 'to the same' diff -r "$T/tree" "$D/out/moved"
is "$(cd "$D/moved" && find . | sort | md5sum)" "$(cd "$T/tree" && find . | sort | md5sum)" 'find finds it all'
not_ok 'mv -T onto a directory with files fails' mv -T "$D/out" "$D/moved"
not_ok 'rmdir too' rmdir "$D/moved"
ok 'rm -rf removes it' rm -rf "$D/out" "$D/moved" "$D/x.tar"
is "$(ls -A "$D")" '' 'nothing is left'

# --- Files ---

head -c 3000000 /dev/urandom >"$T/random"
ok 'dd writes' dd if="$T/random" of="$D/r" bs=10000 status=none
written=$(awk '$1 == "nr_written" { print $2 }' "$M/proc/vmstat")
ok 'oflag=dsync' dd if="$T/random" of="$D/dsync" bs=64K count=4 oflag=dsync status=none
cmp_num "$(awk '$1 == "nr_written" { print $2 }' "$M/proc/vmstat")" '>=' $((written + 64)) 'is on the disk at once'
rm "$D/dsync"
ok 'conv=notrunc in the middle' dd if="$T/random" of="$D/r" bs=1000 seek=500 skip=500 count=700 conv=notrunc,fsync status=none
ok 'cmp' cmp "$T/random" "$D/r"
put "$M/proc/sys/vm/drop_caches" 3
ok 'cmp after drop_caches' cmp "$T/random" "$D/r"
ok 'truncate' truncate -s 1234567 "$D/r" "$T/random"
ok 'truncate, longer again' truncate -s 2000000 "$D/r" "$T/random"
ok 'what was cut off reads as zeros' cmp "$T/random" "$D/r"
ok 'a sparse file of 8 TiB' truncate -s 8T "$D/sparse"
is "$(stat -c '%s %b' "$D/sparse")" '8796093022208 0' 'takes no place'
is "$(tail -c 3 "$D/sparse" | od -An -tx1 | tr -d ' ')" 000000 'and reads as zeros'
echo end | dd of="$D/sparse" bs=1M seek=8000000 conv=notrunc status=none
is "$(stat -c %b "$D/sparse")" 8 'but for what is written'
echo one >"$D/log"
echo two >>"$D/log"
is "$(tr '\n' ' ' <"$D/log")" 'one two ' 'appending'
echo short >"$D/log"
is "$(cat "$D/log")" short 'a file is emptied before it is written anew'
exec 3<"$D/log"
rm "$D/log"
is "$(cat <&3)" short 'a removed file can be read by who has it open'
exec 3<&-
not_ok 'no links' ln -s a "$D/b"
is "$(perl -e '
	open(my $f, "+<", $ARGV[0]) or die;
	# mmap(2), shared and writable: number 9 on x86-64
	print syscall(9, 0, 4096, 3, 1, fileno($f), 0) == -1 ? "$!" : "mapped"' "$D/r")" 'No such device' \
	'the host does not map such files shared'
rm "$D/r" "$D/sparse"

# --- Page cache, reclaim ---

head -c 150M /dev/urandom >"$T/large"
ok 'a file larger than the memory is written' cp "$T/large" "$D/large"
ok 'and reads back after reclaim' cmp "$T/large" "$D/large"
cmp_num "$(awk '$1 == "pgsteal_kswapd" || $1 == "pgsteal_direct" { n += $2 } END { print n }' "$M/proc/vmstat")" '>' 10000 \
	'pages were reclaimed meanwhile'
cmp_num "$(kb Cached)" '<' 131072 'the cache is no larger than the memory'
cmp_num "$(kb Cached)" '>' 40000 'but uses it'
ok 'the same through a copy' cp "$D/large" "$D/copy"
ok 'cmp' cmp "$D/large" "$D/copy"
cmp_num "$(awk '$1 ~ /^workingset_refault_file/ { n += $2 } END { print n }' "$M/proc/vmstat")" '>' 0 \
	'pages that came back are known'
put "$M/sim/clock" 'advance 60s'
is "$(kb Dirty)" 0 'in a minute all is written'

# --- A full disk ---

is "$(df --output=size -B1M "$M" | tail -n 1 | tr -d ' ')" 400 'df shows the size of the disk'
cmp_num "$(df --output=avail -B1M "$M" | tail -n 1)" '<' 110 'and what is left'
like "$(cp "$T/large" "$D/more" 2>&1)" 'No space left on device' 'a full disk says so'
is "$(df --output=avail "$M" | tail -n 1 | tr -d ' ')" 0 'when nothing is left'
ok 'nothing else is lost' cmp "$T/large" "$D/large"
size=$(stat -c %s "$D/more")
ok 'what was taken is right' cmp -n "$size" "$T/large" "$D/more"
rm "$D/more" "$D/copy"
cmp_num "$(df --output=avail -B1M "$M" | tail -n 1)" '>' 200 'removing files gives the place back'
ok 'which can be used again' cp "$T/large" "$D/again"
rm "$D/again" "$D/large"

# --- Sparse files, and room ahead of the writing ---

ok 'fallocate' fallocate -l 8M "$D/room"
is "$(stat -c '%s %b' "$D/room")" "$((8 << 20)) $((8 << 11))" 'has the size and the blocks'
put "$M/proc/sys/vm/drop_caches" 3
read=$(awk '$1 == "pgpgin" { print $2 }' "$M/proc/vmstat")
ok 'reads as zeros' cmp -n $((8 << 20)) "$D/room" /dev/zero
cmp_num "$(awk '$1 == "pgpgin" { print $2 }' "$M/proc/vmstat")" '<' $((read + 16)) 'without the disk'
not_ok 'more than there is' fallocate -l 1T "$D/room"
is "$(fallocate -l 1M "$M/proc/sys/vm/swappiness" 2>&1 | sed 's/.*: //')" 'Operation not supported' 'nothing of Linux'"'"'s has room'
ok 'a file made so can be swap' "$MMANFS" exec "$M" -- sh -c "mkswap '$D/room' && swapon '$D/room' && swapoff '$D/room'"
truncate -s 1T "$D/sparse"
echo end >>"$D/sparse"
ok 'copying a sparse file of 1 TiB takes no time' timeout 60 cp --sparse=always "$D/sparse" "$D/copy"
is "$(stat -c '%s %b' "$D/copy")" "$(stat -c '%s %b' "$D/sparse")" 'nor room'
is "$(tail -c 4 "$D/copy")" end 'its data is found'
yes data | head -c 65536 >"$D/holes"
(head -c 8192 "$D/holes" && head -c 16384 /dev/zero && tail -c 40960 "$D/holes") >"$T/holes"
mkdir "$M/sim/procs/puncher"
put "$M/sim/procs/puncher/ctl" $'mmap m 64K file=holes shared\nread m\nmadvise m remove 8K 12K'
fallocate -p -o 20000 -l 4576 "$D/holes"
ok 'MADV_REMOVE and fallocate --punch-hole make zeros' cmp "$D/holes" "$T/holes"
is "$(stat -c '%s %b' "$D/holes")" "65536 $(((65536 - 16384) / 512))" 'and give the room back'
put "$M/proc/sys/vm/drop_caches" 3
ok 'which they stay' cmp "$D/holes" "$T/holes"
cp --sparse=never "$T/holes" "$D/full"
fallocate -d "$D/full"
is "$(stat -c %b "$D/full")" "$(stat -c %b "$D/holes")" 'fallocate --dig-holes finds them'
rmdir "$M/sim/procs/puncher"
rm "$D/room" "$D/sparse" "$D/copy" "$D/holes" "$D/full"

# --- What the disk did ---

read -r _ _ name reads _ sectors _ writes _ written _ <"$M/proc/diskstats"
is "$name" vda 'proc/diskstats: the disk'
is "$((sectors / 2)) $((written / 2))" "$(awk '/^pgpg/ { printf "%s%s", sep, $2; sep = " " }' "$M/proc/vmstat")" \
	'read and wrote what vmstat says'
is "$(xargs <"$M/sys/block/vda/stat")" "$(sed 's/.*vda //' "$M/proc/diskstats")" 'sys/block/vda/stat says the same'
is "$(cat "$M/sys/dev/block/254:0/size")" $((400 * 2048)) 'and its size, by its number'
if command -v vmstat >"$T/null"; then
	is "$("$MMANFS" exec "$M" -- vmstat -d | awk '$1 == "vda" { print $2, $6 }')" "$reads $writes" 'vmstat -d reads it'
fi

# --- Kept in a directory ---

mkdir -p "$T/kept/sub"
echo before >"$T/kept/sub/f"
umount_machine
mount_machine --machine "$T/small" --disk "$T/kept"
D=$M/sim/disk
is "$(cat "$D/sub/f")" before '--disk: what is in DIR is on the disk'
echo after >"$D/sub/g"
mv "$D/sub" "$D/dir"
is "$(cat "$T/kept/dir/g")" after 'what is done there is done in DIR'
put "$M/sim/ctl" reboot
is "$(cat "$D/dir/g")" after 'and stays through a reboot'
kill -KILL "$(pids_of "$M")"
wait_until 60 no_daemon "$M"
mount_machine -d "$M" --machine "$T/small" --disk "$T/kept" 2>/dev/null
is "$(cat "$D/dir/f" "$D/dir/g" | tr '\n' ' ')" 'before after ' 'and is there after kill -9'
umount_machine
mount_machine -d "$M" --machine "$T/small" --disk "$T/kept" --journal "$T/j"
put "$M/sim/clock" pause
echo new >"$D/dir/h"
cat "$D/dir/f" >"$T/f"
grep -v -E '^(Filename|proc)' "$M/proc/vmstat" >"$T/vmstat"
umount_machine
"$MMANFS" replay "$T/j" --print proc/vmstat --print sim/disk/dir/h >"$T/replayed"
is $? 0 '--disk with a new --journal: it replays'
is "$(grep -c -x -F -f "$T/vmstat" "$T/replayed")" "$(wc -l <"$T/vmstat")" 'to the same machine'
is "$(tail -n 1 "$T/replayed")" new 'with what was written'
said=$("$MMANFS" mount --journal "$T/j" "$T" 2>&1)
is $? 64 'it is not continued without the --disk'
like "$said" 'not the bytes' 'with the reason'

# --- and gone on with ---

again() {
	mount_machine -d "$M" --disk "$T/kept" --journal "$T/j"
}
again
is "$(grep -c -x -F -f "$T/vmstat" "$M/proc/vmstat")" "$(wc -l <"$T/vmstat")" 'with --disk it goes on'
is "$(cat "$D/dir/f" "$D/dir/g" "$D/dir/h" | xargs)" 'before after new' 'with its files, those from before as well'
mkdir "$M/sim/procs/a" "$D/gone"
echo new >"$D/gone/x"
dd if=/dev/zero of="$D/dir/large" bs=1M count=8 status=none
put "$M/sim/procs/a/ctl" 'mmap m 64K file=dir/large'
kill -KILL "$(pids_of "$M")"
wait_until 60 no_daemon "$M"
# what a request that was not answered may have left, and what somebody did meanwhile
truncate -s 5M "$T/kept/dir/large"
rm -r "$T/kept/gone" "$T/kept/dir/g"
mkdir "$T/kept/dir/g"
echo found >"$T/kept/dir/g/found"
again 2>/dev/null
is "$(cd "$D" && find . | sort | xargs)" '. ./dir ./dir/f ./dir/g ./dir/g/found ./dir/h ./dir/large' \
	'after kill -9: where DIR is different, DIR is right'
is "$(cat "$D/dir/g/found") $(stat -c %s "$D/dir/large")" "found $((5 << 20))" 'in names, bytes and sizes'
is "$(sed -n 's/.* \(unlink\|rmdir\|truncate[@0-9]*\|import[@0-9]*\) \([^ ]*\).*/\1 \2/p' "$M/sim/journal" | tail -n 6 | xargs)" \
	'unlink sim/disk/gone/x rmdir sim/disk/gone unlink sim/disk/dir/g import sim/disk/dir/g/ import@6 sim/disk/dir/g/found truncate@5242880 sim/disk/dir/large' \
	'and the journal has the changes'
put "$M/sim/procs/a/ctl" 'read m'
put "$M/sim/clock" pause
cat "$M/proc/vmstat" >"$T/vmstat"
umount_machine
"$MMANFS" replay "$T/j" --print proc/vmstat >"$T/replayed"
ok 'which replays' cmp "$T/vmstat" "$T/replayed"
said=$("$MMANFS" mount --machine tiny --journal "$T/other" "$M" && "$MMANFS" umount "$M" &&
	"$MMANFS" mount --disk "$T/kept" --journal "$T/other" "$M" 2>&1)
is $? 64 'a machine that was made without a --disk does not go on with one'
like "$said" 'not in a --disk' 'with the reason'
said=$("$MMANFS" mount --disk "$T/nothing" "$T" 2>&1)
is $? 66 '--disk of what is not there is refused'

done_testing
