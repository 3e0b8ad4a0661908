/* anonymize.c - names taken out of a capture: anonymize.h says how. */
#include "fs/twin/anonymize.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "fs/twin/capture.h"
#include "fs/twin/stat.h"
#include "fs/twin/twin.h"

#define DELETED	 "(deleted)"
#define NR_RULES ARRAY_SIZE(anonymize_rules)

const struct anonymize_rule anonymize_rules[] = {
	{ "^/proc/[0-9]+/(task/[0-9]+/)?stat$", ANONYMIZE_STAT },
	{ "^/proc/[0-9]+/status$", ANONYMIZE_STATUS },
	{ "^/proc/[0-9]+/cmdline$", ANONYMIZE_CMDLINE },
	{ "^/proc/[0-9]+/exe$", ANONYMIZE_PATH },
	{ "^/proc/[0-9]+/s?maps$", ANONYMIZE_MAPS },
	{ "^/proc/[0-9]+/mountinfo$", ANONYMIZE_MOUNTS },
	{ "^/proc/[0-9]+/cgroup$", ANONYMIZE_CGROUP },
	{ "^/proc/[0-9]+/(oom_score_adj|ns/mnt|pages|limits|smaps_rollup)$", ANONYMIZE_KEEP },
	{ "^/proc/swaps$", ANONYMIZE_SWAPS },
	{ "^/proc/cmdline$", ANONYMIZE_BOOT },
	{ "^/proc/version$", ANONYMIZE_VERSION },
	{ "^/proc/sys/kernel/hostname$", ANONYMIZE_HOSTNAME },
	{ "^/proc/sys/", ANONYMIZE_NUMBERS },
	{ "^/proc/(zoneinfo|meminfo|uptime|loadavg|vmstat|stat|cpuinfo|iomem|slabinfo|buddyinfo)$",
	  ANONYMIZE_KEEP },
	{ "^/proc/pressure/[a-z]+$", ANONYMIZE_KEEP },
	{ "^/sys/(devices/system/(cpu|node|memory)|kernel/mm|module/zswap/parameters)/",
	  ANONYMIZE_KEEP },
	{ "^(uname|unsteady)$", ANONYMIZE_KEEP },
};
const size_t anonymize_nr_rules = NR_RULES;

const char *const anonymize_kind_words[] = {
#define K(name, word) [ANONYMIZE_##name] = word,
	ANONYMIZE_KINDS(K)
#undef K
};

const char anonymize_common[] =
	"bin boot cache dev etc home lib lib32 lib64 libexec local log media memfd mnt opt proc root run "
	"sbin share shm spool srv swapfile sys tmp usr var x86_64-linux-gnu system.slice user.slice "
	"init.scope";
const char anonymize_parameters[] =
	"ro rw quiet mem memmap movablecore kernelcore movable_node hugepages hugepagesz default_hugepagesz "
	"hugetlb_cma transparent_hugepage numa numa_balancing swapaccount cgroup_disable cgroup_enable "
	"psi memhp_default_state crashkernel cma nr_cpus maxcpus possible_cpus isolcpus init_on_alloc "
	"init_on_free nokaslr page_poison slub_debug slab_nomerge zswap.enabled";
const char anonymize_mappings[] =
	"[heap] [stack [vdso] [vvar] [vvar_vclock] [vsyscall] [uprobes] /dev/zero /anon_hugepage /SYSV "
	"/i915 anon_inode:[ /drm";
const char anonymize_memory[] = "tmpfs devtmpfs ramfs hugetlbfs";

/* ---- names and their numbers ---- */

struct known {
	struct slice name;
	u32 next; /* in the same bucket; 0 ends */
};

#define BUCKETS 4096u

struct anonymizer {
	struct text *out;
	struct known *known; /* from 1 on */
	u32 nr, max;
	u32 bucket[BUCKETS];
	struct slice comm; /* of the process being read */
	bool kthread;
	bool failed;
	u64 nr_left_out;
	struct slice first_left_out;
};

static u32 hash_of(struct slice s)
{
	u32 hash = 2166136261u;
	size_t i;

	for (i = 0; i < s.size; i++)
		hash = (hash ^ (unsigned char)s.at[i]) * 16777619u;
	return hash % BUCKETS;
}

static u32 number_of(struct anonymizer *a, struct slice name)
{
	u32 *bucket = &a->bucket[hash_of(name)], n;
	struct known *grown;

	for (n = *bucket; n; n = a->known[n].next)
		if (a->known[n].name.size == name.size &&
		    !memcmp(a->known[n].name.at, name.at, name.size))
			return n;
	if (a->nr + 1 >= a->max) {
		u32 max = a->max ? 2 * a->max : 1024;

		grown = realloc(a->known, max * sizeof(*grown));
		if (!grown) {
			a->failed = true;
			return 0;
		}
		a->known = grown;
		a->max = max;
	}
	a->known[++a->nr] = (struct known){ name, *bucket };
	return *bucket = a->nr;
}

static bool is_among(const char *words, struct slice name)
{
	struct slice rest = { words, strlen(words) }, word;

	while (slice_word(&rest, &word))
		if (word.size == name.size && !memcmp(word.at, name.at, word.size))
			return true;
	return false;
}

static bool begins_like_one_of(const char *words, struct slice name)
{
	struct slice rest = { words, strlen(words) }, word;

	while (slice_word(&rest, &word))
		if (word.size <= name.size && !memcmp(word.at, name.at, word.size))
			return true;
	return false;
}

static bool has_only(struct slice s, const char *chars)
{
	size_t i;

	for (i = 0; i < s.size; i++)
		if (!strchr(chars, s.at[i]) || !s.at[i])
			return false;
	return true;
}

static void put(struct anonymizer *a, struct slice s)
{
	text_mem(a->out, s.at, s.size);
}

/* "nginx.service" becomes "n7.service": what a unit is, is no name. */
static void put_name(struct anonymizer *a, struct slice name)
{
	static const char *const kinds[] = { ".slice", ".service", ".scope" };
	size_t i;

	if (has_only(name, "0123456789.:-") || is_among(anonymize_common, name)) {
		put(a, name);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (slice_ends(name, kinds[i]))
			break;
	if (i < ARRAY_SIZE(kinds))
		name.size -= strlen(kinds[i]);
	text_printf(a->out, "n%u%s", number_of(a, name), i < ARRAY_SIZE(kinds) ? kinds[i] : "");
}

static void put_path(struct anonymizer *a, struct slice path)
{
	bool deleted = slice_ends(path, " " DELETED), more = true;

	if (begins_like_one_of(anonymize_mappings, path)) {
		put(a, path);
		return;
	}
	/* "[anon:name]", which a program gave */
	if (slice_starts(path, "[anon") && slice_ends(path, "]") &&
	    memchr(path.at, ':', path.size)) {
		path.size--;
		put(a, slice_cut(&path, ':'));
		text_char(a->out, ':');
		put_name(a, path);
		text_char(a->out, ']');
		return;
	}
	if (deleted)
		path.size -= strlen(" " DELETED);
	if (slice_starts(path, "/memfd:")) {
		text_str(a->out, "/memfd:");
		path = (struct slice){ path.at + 7, path.size - 7 };
	}
	while (more) {
		struct slice name;

		more = path.size && memchr(path.at, '/', path.size);
		name = slice_cut(&path, '/');
		if (name.size)
			put_name(a, name);
		if (more)
			text_char(a->out, '/');
	}
	if (deleted)
		text_str(a->out, " " DELETED);
}

/* ---- files ---- */

/* "7 (name) S 1 ..."; a kernel thread's name is the kernel's. */
static void put_stat(struct anonymizer *a, struct slice text, bool is_process)
{
	const char *open = memchr(text.at, '(', text.size);
	const char *close = memrchr(text.at, ')', text.size);
	struct twin_stat s;
	struct slice comm;
	bool kthread;

	if (!open || !close || close < open)
		return;
	comm = (struct slice){ open + 1, (size_t)(close - open - 1) };
	kthread = twin_parse_stat(text, &s) && s.field[STAT_FLAGS] & PF_KTHREAD_HOST;
	text_mem(a->out, text.at, (size_t)(open + 1 - text.at));
	if (kthread)
		put(a, comm);
	else
		put_name(a, comm);
	text_mem(a->out, close, (size_t)(text.at + text.size - close));
	if (is_process) {
		a->comm = comm;
		a->kthread = kthread;
	}
}

static void put_status(struct anonymizer *a, struct slice text)
{
	struct slice line;

	while (slice_line(&text, &line)) {
		if (slice_starts(line, "Name:\t") && !a->kthread) {
			text_str(a->out, "Name:\t");
			put_name(a, (struct slice){ line.at + 6, line.size - 6 });
		} else {
			put(a, line);
		}
		text_char(a->out, '\n');
	}
}

/* The path is what follows the first @fields words and the blanks behind them. */
static void put_line_with_path(struct anonymizer *a, struct slice line, int fields)
{
	struct slice rest = line, word;

	while (fields-- && slice_word(&rest, &word))
		;
	while (rest.size && *rest.at == ' ') {
		rest.at++;
		rest.size--;
	}
	text_mem(a->out, line.at, (size_t)(rest.at - line.at));
	put_path(a, rest);
}

static void put_maps(struct anonymizer *a, struct slice text)
{
	struct slice line;

	while (slice_line(&text, &line)) {
		if (line.size && *line.at >= 'A' && *line.at <= 'Z')
			put(a, line);
		else
			put_line_with_path(a, line, 5);
		text_char(a->out, '\n');
	}
}

/* "36 35 0:31 / /dev/shm rw shared:1 - tmpfs tmpfs rw": of file systems that are memory, without
 * what is free text. */
static void put_mounts(struct anonymizer *a, struct slice text)
{
	struct slice line, word[6], type;
	int i;

	while (slice_line(&text, &line)) {
		struct slice rest = line;

		for (i = 0; i < 6; i++)
			slice_word(&rest, &word[i]);
		while (slice_word(&rest, &type) && !slice_is(type, "-"))
			;
		if (!slice_word(&rest, &type) || !is_among(anonymize_memory, type))
			continue;
		for (i = 0; i < 6; i++) {
			if (i == 3 || i == 4)
				put_path(a, word[i]);
			else
				put(a, word[i]);
			text_char(a->out, ' ');
		}
		text_str(a->out, "- ");
		put(a, type);
		text_str(a->out, " none rw\n");
	}
}

/* "0::/system.slice/a.service" */
static void put_cgroup(struct anonymizer *a, struct slice text)
{
	struct slice line, word;
	int i;

	while (slice_line(&text, &line)) {
		for (i = 0; i < 2; i++) {
			word = slice_cut(&line, ':');
			put(a, word);
			text_char(a->out, ':');
		}
		put_path(a, line);
		text_char(a->out, '\n');
	}
}

static void put_swaps(struct anonymizer *a, struct slice text)
{
	struct slice line, path;

	while (slice_line(&text, &line)) {
		if (!slice_starts(line, "Filename")) {
			slice_word(&line, &path);
			put_path(a, path);
		}
		put(a, line);
		text_char(a->out, '\n');
	}
}

static void put_boot(struct anonymizer *a, struct slice text)
{
	struct slice word, rest;
	const char *blank = "";

	while (slice_word(&text, &word)) {
		rest = word;
		if (!is_among(anonymize_parameters, slice_cut(&rest, '=')))
			continue;
		text_str(a->out, blank);
		put(a, word);
		blank = " ";
	}
	text_char(a->out, '\n');
}

/* "Linux version 6.1.0-9-amd64", and nobody who built it. */
static void put_version(struct anonymizer *a, struct slice text)
{
	struct slice word;
	int i;

	for (i = 0; i < 3 && slice_word(&text, &word); i++) {
		if (i)
			text_char(a->out, ' ');
		put(a, word);
	}
	text_char(a->out, '\n');
}

static void put_content(struct anonymizer *a, const struct capture_file *f,
			enum anonymize_kind kind)
{
	switch (kind) {
	case ANONYMIZE_STAT:
		return put_stat(a, f->data, !memmem(f->path.at, f->path.size, "/task/", 6));
	case ANONYMIZE_STATUS:
		return put_status(a, f->data);
	case ANONYMIZE_CMDLINE:
		if (f->data.size)
			put_name(a, a->comm);
		return;
	case ANONYMIZE_PATH:
		return put_path(a, f->data);
	case ANONYMIZE_MAPS:
		return put_maps(a, f->data);
	case ANONYMIZE_MOUNTS:
		return put_mounts(a, f->data);
	case ANONYMIZE_CGROUP:
		return put_cgroup(a, f->data);
	case ANONYMIZE_SWAPS:
		return put_swaps(a, f->data);
	case ANONYMIZE_BOOT:
		return put_boot(a, f->data);
	case ANONYMIZE_VERSION:
		return put_version(a, f->data);
	case ANONYMIZE_HOSTNAME:
		return text_str(a->out, "host\n");
	case ANONYMIZE_NUMBERS:
	case ANONYMIZE_KEEP:
		return put(a, f->data);
	}
}

/* ---- all of them ---- */

/* Which rule; NR_RULES: none. */
static size_t rule_of(const regex_t *rules, struct slice path)
{
	char name[1024];
	size_t i;

	slice_copy(path, name, sizeof(name));
	for (i = 0; i < NR_RULES; i++)
		if (!regexec(&rules[i], name, 0, NULL, 0))
			break;
	return i;
}

static bool is_left_out(size_t rule, struct slice data)
{
	return rule == NR_RULES || (anonymize_rules[rule].kind == ANONYMIZE_NUMBERS &&
				    !has_only(data, "0123456789 \t\n.,-"));
}

static void put_file(struct anonymizer *a, const regex_t *rules, const struct capture_file *f)
{
	size_t rule = rule_of(rules, f->path);
	struct text content, *out = a->out;

	if (is_left_out(rule, f->data)) {
		if (rule == NR_RULES && !a->nr_left_out++)
			a->first_left_out = f->path;
		return;
	}
	text_init(&content);
	a->out = &content;
	put_content(a, f, anonymize_rules[rule].kind);
	a->out = out;
	a->failed |= text_error(&content);
	text_str(out, "file ");
	text_mem(out, f->path.at, f->path.size);
	text_printf(out, " %zu\n", content.length);
	text_mem(out, content.data, content.length);
	text_char(out, '\n');
	text_free(&content);
}

static void put_all(struct anonymizer *a, const struct capture *c, const regex_t *rules)
{
	size_t i;

	text_str(a->out, CAPTURE_FIRST_LINE "\n");
	for (i = 0; i < c->nr_files; i++)
		put_file(a, rules, &c->files[i]);
	for (i = 0; i < c->nr_missing; i++) {
		struct slice rest = c->missing[i], path;

		slice_word(&rest, &path);
		if (rule_of(rules, path) == NR_RULES)
			continue;
		text_str(a->out, "missing");
		put(a, c->missing[i]);
		text_char(a->out, '\n');
	}
	if (c->nr_ended)
		text_printf(a->out, "ended %llu\n", (unsigned long long)c->nr_ended);
}

int twin_capture_anonymize(const char *capture, size_t size, struct text *out, FILE *err)
{
	struct anonymizer *a = calloc(1, sizeof(*a));
	regex_t rules[NR_RULES];
	struct capture c;
	size_t i;
	int error = a ? capture_open(&c, capture, size, err) : -ENOMEM;

	if (error) {
		free(a);
		return error;
	}
	a->out = out;
	for (i = 0; i < NR_RULES; i++)
		a->failed |=
			regcomp(&rules[i], anonymize_rules[i].path, REG_EXTENDED | REG_NOSUB) != 0;
	if (!a->failed)
		put_all(a, &c, rules);
	if (a->nr_left_out && err)
		fprintf(err,
			"mmanfs: %llu files that no rule for names knows are left out: %.*s%s\n",
			(unsigned long long)a->nr_left_out, (int)a->first_left_out.size,
			a->first_left_out.at, a->nr_left_out > 1 ? ", ..." : "");
	error = a->failed || text_error(out) ? -ENOMEM : 0;
	for (i = 0; i < NR_RULES; i++)
		regfree(&rules[i]);
	free(a->known);
	free(a);
	capture_close(&c);
	return error;
}
