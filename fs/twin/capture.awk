# Reads names of files, and writes each without names below the directory "to". The rules are those of
# mmanfs capture --anonymize.
BEGIN {
@rules@
}
function name(w,  suffix) {
	if (w ~ /^[-0-9.:]*$/ || (w in common))
		return w
	suffix = ""
	if (match(w, /\.(slice|service|scope)$/)) {
		suffix = substr(w, RSTART)
		w = substr(w, 1, RSTART - 1)
	}
	if (!(w in number))
		number[w] = ++last
	return "n" number[w] suffix
}
function path(p,  i, n, part, head, tail) {
	for (i in mapping)
		if (index(p, i) == 1)
			return p
	if (p ~ /^\[anon[^:]*:.*\]$/) {
		i = index(p, ":")
		return substr(p, 1, i) name(substr(p, i + 1, length(p) - i - 1)) "]"
	}
	head = tail = ""
	if (p ~ / \(deleted\)$/) {
		tail = " (deleted)"
		p = substr(p, 1, length(p) - 10)
	}
	if (index(p, "/memfd:") == 1) {
		head = "/memfd:"
		p = substr(p, 8)
	}
	n = split(p, part, "/")
	for (i = 1; i <= n; i++)
		head = head (i > 1 ? "/" : "") (part[i] == "" ? "" : name(part[i]))
	return head tail
}
function kind_of(f,  i) {
	for (i = 1; i <= rules; i++)
		if (f ~ rule[i])
			return kind[i]
	return ""
}
# a line of stat, taken apart: before, comm, after; a kernel thread's name is the kernel's
function take_stat(s,  word) {
	match(s, /\(.*\)/)
	before = substr(s, 1, RSTART)
	comm = substr(s, RSTART + 1, RLENGTH - 2)
	after = substr(s, RSTART + RLENGTH - 1)
	split(substr(after, 2), word, " ")
	is_kthread = int(word[7] / 2097152) % 2
}
function mount(s,  w, n, i, type) {
	n = split(s, w, " ")
	for (i = 7; i < n && w[i] != "-"; i++);
	type = w[i + 1]
	if (!(type in memory))
		return ""
	return w[1] " " w[2] " " w[3] " " path(w[4]) " " path(w[5]) " " w[6] " - " type " none rw\n"
}
function boot(s,  w, n, i, key, all) {
	n = split(s, w, " ")
	all = ""
	for (i = 1; i <= n; i++) {
		key = w[i]
		sub(/=.*/, "", key)
		if (key in parameter)
			all = all (all == "" ? "" : " ") w[i]
	}
	return all "\n"
}
function head_and_path(s) {
	return substr(s, 1, RLENGTH) path(substr(s, RLENGTH + 1)) "\n"
}
function changed(k, s,  w, tail) {
	if (k == "stat") {
		take_stat(s)
		return before (is_kthread ? comm : name(comm)) after "\n"
	}
	if (k == "status" && index(s, "Name:\t") == 1 && !is_kthread)
		return "Name:\t" name(substr(s, 7)) "\n"
	if (k == "path")
		return path(s) "\n"
	if (k == "maps" && s !~ /^[A-Z]/) {
		match(s, /^[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ */)
		return head_and_path(s)
	}
	if (k == "mounts")
		return mount(s)
	if (k == "cgroup") {
		match(s, /^[^:]*:[^:]*:/)
		return head_and_path(s)
	}
	if (k == "swaps" && index(s, "Filename") != 1) {
		# path() matches as well
		match(s, /^[^ \t]+/)
		tail = substr(s, RLENGTH + 1)
		return path(substr(s, 1, RLENGTH)) tail "\n"
	}
	if (k == "boot")
		return boot(s)
	if (k == "version") {
		split(s, w, " ")
		return w[1] " " w[2] " " w[3] "\n"
	}
	if (k == "hostname")
		return "host\n"
	return s "\n"
}
# where numbers are wanted
function has_words(f,  s, bad) {
	bad = 0
	while ((getline s <f) > 0)
		if (s !~ /^[-0-9 \t.,]*$/)
			bad = 1
	close(f)
	return bad
}
{
	f = $0
	k = f == "capture" || f ~ /\/\.names$/ ? "keep" : kind_of(f ~ /\// ? "/" f : f)
	if (k == "" || (k == "numbers" && has_words(f)))
		next
	# whose it is, before what it says
	if (k == "status" || k == "cmdline") {
		stat = f
		sub(/[^\/]*$/, "stat", stat)
		is_kthread = 0
		comm = ""
		if ((getline s <stat) > 0)
			take_stat(s)
		close(stat)
	}
	printf "" >(to "/" f)
	while ((getline s <f) > 0) {
		if (k == "cmdline") {
			printf "%s", name(comm) >(to "/" f)
			break
		}
		printf "%s", changed(k, s) >(to "/" f)
	}
	close(f)
	close(to "/" f)
}
