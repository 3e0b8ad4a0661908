#!/bin/sh
# What `mmanfs mount --like` needs to know of this machine's memory, as one archive. Nothing is changed
# here. Root sees all; others, what they may read.
#
#	sh THIS [--anonymize] [--root DIR] FILE.tar.gz
#
#	--anonymize   without names: of programs, files, cgroups, this host (needs awk)
#	--root DIR    of DIR/proc and DIR/sys, copies of another machine's
#
# FILE may be "-", standard output. Made by `mmanfs capture --script`. Needs a POSIX shell, tar, and gzip
# to compress.
set -u
LC_ALL=C
export LC_ALL
umask 077
me=${0##*/}
nl='
'
root='' anonymize='' file=''

die() {
	echo "$me: $*" >&2
	exit 1
}

while [ $# -gt 0 ]; do
	case $1 in
	--anonymize) anonymize=1 ;;
	--root)
		[ $# -gt 1 ] || die '--root: which folder?'
		root=$2
		shift
		;;
	-?*) die "unknown option $1" ;;
	*)
		[ -z "$file" ] || die "one file only, not also $1"
		file=$1
		;;
	esac
	shift
done
[ -n "$file" ] || die 'which file? sh THIS [--anonymize] [--root DIR] FILE.tar.gz'
case $root in
*[[:space:]]*) die '--root: a folder without blanks in its name' ;;
esac
[ -r "$root/proc/zoneinfo" ] || die "no $root/proc/zoneinfo that can be read"
[ -z "$anonymize" ] || command -v awk >/dev/null || die '--anonymize needs awk'
case $file in
- | /*) ;;
*) file=$PWD/$file ;;
esac

work=$(mktemp -d 2>/dev/null) || {
	work=${TMPDIR:-/tmp}/mmanfs-capture.$$
	mkdir "$work" || exit 1
}
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
out=$work/files
mkdir "$out" || exit 1
echo '# mmanfs capture 1 raw' >"$work/about"
[ -z "$root" ] || sed -n '/^missing /p' "$root/capture" >>"$work/about" 2>/dev/null

# Patterns are expanded, and not split into words.
IFS=''

# copy DIR NAME ...: these files of a directory, with one cp
copy() {
	from=$1 to=$out${1#"$root"} list=''
	shift
	for name; do
		[ ! -f "$from/$name" ] || list=$list$from/$name$nl
	done
	[ -n "$list" ] || return 0
	[ -d "$to" ] || mkdir -p "$to" || exit 1
	IFS=$nl
	# shellcheck disable=SC2086 # a name a line
	cp $list "$to" 2>/dev/null
	IFS=''
	for name; do
		[ -f "$to/$name" ] || [ ! -f "$from/$name" ] ||
			echo "missing ${from#"$root"}/$name Permission denied" >>"$work/about"
	done
}

# files DIRS NAME ...: these files of each of the directories; a name may be a pattern
files() {
	for dir in $root$1; do
		[ -d "$dir" ] || continue
		each "$dir" "$@"
	done
}
each() {
	dir=$1
	shift 2
	case $* in
	*'*'*)
		pattern=$1
		set --
		for path in $dir/$pattern; do
			set -- "$@" "${path##*/}"
		done
		;;
	esac
	copy "$dir" "$@"
}

# knobs DIRS NAME: files that can be read and written; the name may be a pattern
knobs() {
	names=$2
	for dir in $root$1; do
		[ -d "$dir" ] || continue
		set --
		for path in $dir/$names; do
			# reading vm.stat_refresh does something
			[ ! -f "$path" ] || [ "${path##*/}" = stat_refresh ] || set -- "$@" "$path"
		done
		[ $# -gt 0 ] || continue
		# shellcheck disable=SC2012 # names of knobs, and their modes
		writable=$(ls -lnd "$@" | sed -n 's/^-rw.* //p')
		set --
		IFS=$nl
		for path in $writable; do
			set -- "$@" "${path##*/}"
		done
		IFS=''
		[ $# = 0 ] || copy "$dir" "$@"
	done
}

# links LINKS: where each leads, as a file
links() {
	for path in $root$1; do
		if [ -L "$path" ]; then
			echo "$path" >>"$work/links"
		elif [ -f "$path" ]; then
			copy "${path%/*}" "${path##*/}"
		fi
	done
	[ -s "$work/links" ] || return 0
	# one ls for many; of a link that may not be followed it shows no target
	xargs ls -ld <"$work/links" 2>/dev/null | sed -n 's/^l[^/]* \(\/.*\) -> \(.*\)$/\1\
\2/p' | while read -r path && read -r target; do
		to=$out${path#"$root"}
		[ -d "${to%/*}" ] || mkdir -p "${to%/*}"
		echo "$target" >"$to"
	done
	rm "$work/links"
}

# names DIRS: what there is in each, as a file in it
names() {
	for dir in $root$1; do
		[ -d "$dir" ] || continue
		to=$out${dir#"$root"}
		[ -d "$to" ] || mkdir -p "$to"
		ls "$dir" >"$to/.names"
	done
}

if [ -f "$root/uname" ] && [ -n "$root" ]; then
	cp "$root/uname" "$out/uname"
elif [ -z "$root" ]; then
	size=$(getconf PAGESIZE 2>/dev/null) ||
		size=$(($(sed -n '/^KernelPageSize:/{s/[^0-9]//g;p;q;}' /proc/self/smaps) * 1024))
	printf 'machine %s\nrelease %s\npage_size %s\n' "$(uname -m)" "$(uname -r)" "$size" >"$out/uname"
fi

@files@

# Page tables, where od and awk are there to make texts of them: which pages each mapping has, and, for root, which
# are the same as another's. What stands in pages: see docs/twin.md.
pages_plan() {
	awk -v out="$out" '
	function number(hex,  i, n) {
		for (i = 1; i <= length(hex); i++)
			n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
		return n
	}
	# mappings near each other are read in one go, by blocks of 512 entries
	function mapping(  first, last) {
		if (!rss || end - start > 512 * rss || end > 34359738368)
			return
		first = int(start / 512)
		last = int((end - 1) / 512)
		if (!n || first > block + 32) {
			if (n)
				reads = reads " " from " " block + 1 - from
			offset += n ? (block + 1) * 512 : 0
			offset -= first * 512
			from = first
		}
		block = last > block || first > block ? last : block
		n++
		print "M", name, start + offset, end - start
	}
	{
		pid = $0
		file = out "/proc/" pid "/smaps"
		n = rss = offset = block = 0
		reads = ""
		print "P", pid
		while ((getline line <file) > 0) {
			if (line ~ /^[0-9a-f]+-[0-9a-f]+ /) {
				mapping()
				rss = 0
				name = substr(line, 1, index(line, "-") - 1)
				start = number(name) / 4096
				line = substr(line, index(line, "-") + 1)
				end = number(substr(line, 1, index(line, " ") - 1)) / 4096
			} else if (line ~ /^(Rss|Swap):/) {
				split(line, word, " ")
				rss += word[2] / 4
			}
		}
		mapping()
		rss = 0
		close(file)
		print "D" (n ? reads " " from " " block + 1 - from : "")
	}'
}
pages_read() {
	while read -r line; do
		case $line in
		P*) pid=${line#P } ;;
		D*)
			IFS=' '
			# shellcheck disable=SC2086 # numbers
			set -- ${line#D}
			IFS=''
			while [ $# -gt 1 ]; do
				dd bs=4096 skip="$1" count="$2" if="/proc/$pid/pagemap" 2>/dev/null
				shift 2
			done >"$work/pagemap/$pid"
			;;
		esac
	done
}
pages_dump() {
	while read -r line; do
		echo "$line"
		case $line in
		P*) pid=${line#P } ;;
		D*)
			od -A d -t x8 "$work/pagemap/$pid"
			rm "$work/pagemap/$pid"
			;;
		esac
	done
}
# entries of page tables become letters, shared ones with their frames; a frame that a process has twice is that of
# the page of zeros, which is nobody's
pages_letters() {
	awk -v zeros="$work/zeros" '
	BEGIN {
		for (i = 0; i < 256; i++) {
			high = int(i / 16)
			key = substr("0123456789abcdef", high + 1, 1) substr("0123456789abcdef", i % 16 + 1, 1)
			letter[key] = int(high / 4) % 2 ? "s" : high < 8 ? "." : int(high / 2) % 2 ? \
				(i % 2 ? "f" : "F") : i % 2 ? "a" : "A"
		}
		printf "" >zeros
	}
	# a line for each stretch: strings that grow by a stretch are copied each time
	function put() {
		if (count && !named++)
			print "M", name[at]
		if (count)
			print last, count
		count = 0
	}
	function end_mapping() {
		if (last == ".")
			count = 0
		put()
		last = ""
		named = 0
		at++
	}
	# so many entries like this one
	function entries(e, many,  c, n, frame) {
		c = letter[substr(e, 1, 2)]
		while (many > 0 && at < nr) {
			if (position < first[at]) {
				n = first[at] - position < many ? first[at] - position : many
				position += n
				many -= n
				continue
			}
			n = first[at] + size[at] - position
			if (n <= 0) {
				end_mapping()
				continue
			}
			n = n < many ? n : many
			frame = c == "A" ? substr(e, 4) : ""
			if (c == "A" && frame ~ /[^0]/) {
				put()
				last = "x"
				if (n > 1 || owner[frame] == pid)
					zero[frame] = 1
				owner[frame] = pid
				if (!named++)
					print "M", name[at]
				print "A", n, frame
			} else {
				if (c != last)
					put()
				last = c
				count += n
			}
			position += n
			many -= n
			if (position == first[at] + size[at])
				end_mapping()
		}
	}
	$1 == "P" { pid = $2; nr = at = position = count = star = named = 0; last = ""; print "P", pid; next }
	$1 == "M" { name[nr] = $2; first[nr] = $3; size[nr++] = $4; next }
	$1 ~ /^D/ { next }
	$1 == "*" { star = 1; next }
	{
		# some take numbers with zeros before them for octal ones
		sub(/^0+/, "", $1)
		if (star && $1 / 8 > position) {
			if (one == two)
				entries(one, $1 / 8 - position)
			else
				for (many = ($1 / 8 - position) / 2; many > 0; many--) {
					entries(one, 1)
					entries(two, 1)
				}
		}
		star = 0
		position = $1 / 8
		if (NF > 1)
			entries(one = $2, 1)
		if (NF > 2)
			entries(two = $3, 1)
	}
	END { for (frame in zero) print frame >zeros }'
}
# frames become numbers, in the order in which they are seen
pages_numbers() {
	awk -v zeros="$work/zeros" -v out="$out" '
	BEGIN { while ((getline frame <zeros) > 0) zero[frame] = 1 }
	function put() {
		if (count && mapping != "") {
			printf "%s%s", lines++ ? "\n" : "", mapping >file
			mapping = ""
		}
		if (count)
			printf " %s%d%s", last, count, number ? "@" number : "" >file
		count = number = 0
	}
	function end_mapping() {
		if (last == ".")
			count = 0
		put()
		last = ""
	}
	function end_file() {
		end_mapping()
		if (lines)
			print "" >file
		if (file)
			close(file)
		lines = 0
	}
	$1 == "P" { end_file(); file = out "/proc/" $2 "/pages"; next }
	$1 == "M" { end_mapping(); mapping = $2; next }
	{
		c = $1
		known = 0
		if (NF > 2 && zero[$3])
			c = "."
		else if (NF > 2) {
			if (!($3 in numbers))
				numbers[$3] = ++frames
			known = numbers[$3]
		}
		if (!count || c != last || known != (number ? number + count : 0)) {
			put()
			last = c
			number = known
		}
		count += $2
	}
	END { end_file() }'
}
processes=''
for path in "$out"/proc/[0-9]*/smaps; do
	[ -s "$path" ] || continue
	path=${path%/smaps}
	processes=$processes${path##*/}$nl
done
mkdir "$work/pagemap" "$work/again" || exit 1
: >"$work/plan"
if [ -z "$root" ] && command -v awk >/dev/null && command -v od >/dev/null &&
	dd if=/proc/self/pagemap of=/dev/null bs=8 count=1 2>/dev/null; then
	printf %s "$processes" | pages_plan >"$work/plan"
	pages_read <"$work/plan"
fi
# a second reading tells which processes did something meanwhile
IFS=$nl
for pid in $processes; do
	cp "$root/proc/$pid/smaps" "$work/again/$pid" 2>/dev/null
done
IFS=''
if [ -s "$work/plan" ]; then
	pages_dump <"$work/plan" | pages_letters >"$work/pages"
	pages_numbers <"$work/pages"
fi

# Most of smaps are lines that say nothing.
IFS=$nl
for pid in $processes; do
	path=$out/proc/$pid/smaps
	sed '/ 0 kB$/d' "$path" >"$work/smaps" && mv -f "$work/smaps" "$path"
	sed '/^Referenced:/d' "$path" >"$work/first"
	sed -e '/ 0 kB$/d' -e '/^Referenced:/d' "$work/again/$pid" 2>/dev/null | cmp -s - "$work/first" ||
		echo "$pid"
done >"$out/unsteady"
IFS=''
[ ! -f "$root/unsteady" ] || cp "$root/unsteady" "$out/unsteady"

if [ -n "$anonymize" ]; then
	cat >"$work/awk" <<'END'
@awk@
END
	(cd "$out" && find . -type f | sed 's|^\./||' | sort) >"$work/list"
	mkdir "$work/without" || exit 1
	(cd "$out" && find . -type d) | (cd "$work/without" && xargs mkdir -p)
	(cd "$out" && awk -v to="$work/without" -f "$work/awk" <"$work/list") || die 'awk failed'
	out=$work/without
fi
cp "$work/about" "$out/capture"
cd "$out" || exit 1
set -- capture
for name in uname unsteady proc sys; do
	[ ! -e "$name" ] || set -- "$@" "$name"
done
compress='cat'
! command -v gzip >/dev/null || compress=gzip
if [ "$file" = - ]; then
	tar -cf - "$@" | $compress
else
	tar -cf - "$@" | $compress >"$file" || die "$file: cannot be written"
fi
