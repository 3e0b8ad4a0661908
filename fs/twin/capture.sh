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

# Most of smaps are lines that say nothing. A second reading tells which processes did something meanwhile.
for path in "$out"/proc/[0-9]*/smaps; do
	[ -s "$path" ] || continue
	sed '/ 0 kB$/d' "$path" >"$work/smaps" && mv -f "$work/smaps" "$path"
	sed '/^Referenced:/d' "$path" >"$work/first"
	sed -e '/ 0 kB$/d' -e '/^Referenced:/d' "$root${path#"$out"}" 2>/dev/null | cmp -s - "$work/first" || {
		pid=${path%/smaps}
		echo "${pid##*/}"
	}
done >"$out/unsteady"
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
