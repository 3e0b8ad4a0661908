#!/bin/bash
# What the documents say is there, and what is there is said: options, commands, files of sim/, pages, samples.
# shellcheck disable=SC2016 # the backquotes of Markdown
. "$(dirname "$0")/lib.sh"
cd "$SRC" || exit

# missing FILE WORD ...: those that do not stand in it
missing() {
	local file=$1 word
	shift
	for word in "$@"; do
		grep -qE -- "(^|[^A-Za-z0-9_-])$word($|[^A-Za-z0-9_-])" "$file" || echo "$word"
	done
}

# --- options: --help, the man page, completion ---

"$MMANFS" --help >"$T/help"
sed 's/\\-/-/g' docs/mmanfs.1 >"$T/man"
mapfile -t options < <(grep -oE -- '--[a-z-]+' "$T/help" | sort -u)
cmp_num "${#options[@]}" '>=' 15 'there are options'
is "$(missing "$T/man" "${options[@]}")" '' 'the man page has all options of --help'
mapfile -t options < <(grep -oE -- '--[a-z][a-z-]+' "$T/man" | sort -u)
is "$(missing "$T/help" "${options[@]}")" '' '--help all of the man page'
mapfile -t words < <(sed -n 's/^  mmanfs \([a-z]*\) .*/\1/p' "$T/help")
cmp_num "${#words[@]}" '>=' 7 'there are commands'
is "$(missing "$T/man" "${words[@]}")" '' 'the man page has them all'

# complete WORD ...: what completion offers for the last word
. scripts/mmanfs.bash-completion
complete_words() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_mmanfs "$MMANFS"
	[ ${#COMPREPLY[@]} = 0 ] || printf '%s\n' "${COMPREPLY[@]}" | sort -u
}

complete_words mmanfs '' >"$T/offered"
is "$(missing "$T/offered" "${words[@]}")" '' 'completion offers all commands'
gone=
for word in "${words[@]}"; do
	"$MMANFS" "$word" --help | grep -oE -- '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '-+[a-z][a-z-]*' | sort -u >"$T/own"
	complete_words mmanfs "$word" - | cmp -s - "$T/own" || gone+="$word "
	mapfile -t options < <(grep -E -- '^--' "$T/own")
	gone+=$(missing "$T/help" "${options[@]}")
done
is "$gone" '' 'and for each command the options that its --help has'
is "$(complete_words mmanfs mount --machine = two)" two-node 'a value behind ='
is "$(complete_words mmanfs run -m tiny sample-scripts/page-w)" sample-scripts/page-walk 'a script behind an option with a value'
is "$(complete_words mmanfs run sample-scripts/page-walk --mach)" '' "the script's options are not ours"
like "$(complete_words mmanfs exec docs -- tru)" '^true$' 'a command'
is "$(complete_words mmanfs exec docs -- cat READ)" README.md 'and its files'
mapfile -t words < <(sed -n 's/^presets: //p' "$T/help" | tr ' ' '\n')
is "$(missing "$T/man" "${words[@]}")$(missing docs/machine.md "${words[@]}")" '' \
	'presets are in the man page and in docs/machine.md'

mapfile -t words < <(grep -rhoE '\bEX_[A-Z]+' fs --include='*.c' | sort -u | grep -f - -wo /usr/include/sysexits.h | sort -u |
	while read -r word; do awk -v word="$word" '$2 == word { print $3 }' /usr/include/sysexits.h; done)
cmp_num "${#words[@]}" '>=' 10 'there are exit statuses'
is "$(missing "$T/man" "${words[@]}")" '' 'the man page tells them all'

# --- sim/: commands and files ---

# rows of the tables: { "mmap", 2, 16, 0, cmd_mmap, ...
mapfile -t words < <(sed -n 's/^\t{ "\([a-z_]*\)", [0-9]*, [0-9]*, [A-Z_0]*, cmd_.*/\1/p' fs/sim/*.c | sort -u)
cmp_num "${#words[@]}" '>=' 50 'there are commands'
is "$(missing docs/control-language.md "${words[@]}")" '' 'docs/control-language.md has all commands'
is "$(missing fs/sim/readme.c "${words[@]}")" '' 'and so has sim/README'
# and of each command the words of its usage: { "mbind", 2, 6, 0, cmd_mbind, "NAME POLICY [strict] ...
rest=
while IFS='|' read -r word usage; do
	mapfile -t options < <(grep -oE '[a-z][a-z_0-9-]+' <<<"$usage")
	rest+=$(missing fs/sim/readme.c "${options[@]}")$(missing docs/control-language.md "${options[@]}")
done < <(tr '\n' ' ' < <(cat fs/sim/*.c) | grep -oE '\{ "[a-z_]+", [0-9]+, [0-9]+, [A-Z_0 |]+,\s+cmd_[a-z_]+,(\s*"[^"]*")+' |
	sed 's/^{ "\([a-z_]*\)", [^"]*"/\1|/; s/"//g')
is "$rest" '' 'with the words that they take'
mapfile -t words < <(sed -n '/sim_attrs/,/^};/s/.*\.name = "\([A-Za-z_]*\)".*/\1/p; /sim_subdirs/,/^};/s/.*\.name = "\([a-z]*\)".*/\1/p' \
	fs/sim/root.c)
cmp_num "${#words[@]}" '>=' 12 'there are files'
is "$(missing fs/sim/readme.c "${words[@]}")" '' 'sim/README has all files of sim/'
cat docs/*.md >"$T/docs"
is "$(missing "$T/docs" "${words[@]}")" '' 'docs/ have them'

# --- machines: keys of the file, kernel parameters ---

mapfile -t words < <(sed -n 's/^\t{ "\([a-z_0-9]*\)", parse_.*/\1/p; s/^\t\(TLB\|COST\)(\([a-z_0-9]*\).*/\2/p' fs/machine_file*.c | sort -u)
cmp_num "${#words[@]}" '>=' 60 'there are keys'
is "$(missing docs/machine.md "${words[@]}")" '' 'docs/machine.md has all keys of a machine file'
mapfile -t words < <(sed -n 's/^\t{ "\([a-z_.]*\)", param_.*/\1/p' mm/cmdline.c)
cmp_num "${#words[@]}" '>=' 20 'there are parameters'
cat docs/machine.md docs/hotplug.md >"$T/docs"
is "$(missing "$T/docs" "${words[@]}")" '' 'and all kernel parameters that mean something'

# --- pages: links lead somewhere, and each page is led to ---

gone=
while IFS=: read -r page target; do
	[ -e "$(dirname "$page")/${target%%#*}" ] || gone+="$page: $target "
done < <(grep -oE '\]\([^)#][^):]*\)' README.md docs/*.md tests/oracle/README.md | sed 's/\](\(.*\))$/\1/')
is "$gone" '' 'every link leads to a file'
mapfile -t words < <(cd docs && printf '%s\n' *.md)
is "$(missing README.md "${words[@]}")" '' 'README leads to every page of docs/'
gone=
while IFS=: read -r page path; do
	[ -e "$path" ] || compgen -G "$path*" >"$T/found" || gone+="$page: $path "
done < <(grep -oE '`(mm|fs|include|scripts|sample-scripts)/[A-Za-z0-9_./-]+`' README.md docs/*.md | tr -d '`')
is "$gone" '' 'every source file that a page names is there'
gone=
while IFS= read -r path; do
	[ -e "$path" ] || gone+="$path "
done < <(grep -rhoE '(^|[^A-Za-z0-9_./<-])(mm|fs|include/mman|tests)/[A-Za-z0-9_/-]+\.[ch]\b' README.md docs mm fs include tests \
	--include='*.[ch]' --include='*.md' | sed 's/^[^a-z]*//' | sort -u)
is "$gone" '' 'and every one that a comment names'
mapfile -t words < <(cd sample-scripts && find . -maxdepth 1 -type f -printf '%P\n')
cat README.md docs/*.md >"$T/docs"
is "$(missing "$T/docs" "${words[@]}")" '' 'every sample script is told of'

done_testing
