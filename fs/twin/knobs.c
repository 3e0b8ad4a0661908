/*
 * knobs.c - the other machine's settings, written to the twin's own files.
 *
 * What reads the same already is left alone: writing min_free_kbytes anew, say, moves watermarks,
 * on a real machine too. A setting that the twin does not have, or does not take, is left out and
 * named.
 */
#include "fs/twin/furnish.h"

#include <string.h>

#include "fs/proc/sys_held.h"

/* Not settings: writing them does something, or they follow from other things. */
static const char *const not_knobs[] = {
	"/proc/sys/vm/drop_caches",
	"/proc/sys/vm/compact_memory",
	"/proc/sys/vm/stat_refresh",
	"/proc/sys/vm/nr_hugepages",
	"/proc/sys/vm/nr_hugepages_mempolicy",
	"/proc/sys/vm/nr_overcommit_hugepages",
	"/proc/sys/vm/numa_zonelist_order",
	"/proc/sys/kernel/ns_last_pid",
};

struct knob_run {
	struct twin *t;
	struct text names; /* of those left out, but for kernel.* and fs.* */
	u64 nr_missing, nr_missing_kernel, nr_missing_fs, nr_refused;
};

static bool is_knob(struct slice path, bool sysctls)
{
	size_t i;

	if (slice_starts(path, "/proc/sys/") != sysctls ||
	    (!sysctls && !slice_starts(path, "/sys/kernel/mm/") &&
	     !slice_starts(path, "/sys/module/") && !memmem(path.at, path.size, "/hugepages/", 11)))
		return false;
	for (i = 0; i < ARRAY_SIZE(not_knobs); i++)
		if (slice_is(path, not_knobs[i]))
			return false;
	return true;
}

/* "always [madvise] never" is set by writing madvise. */
static struct slice value_of(struct slice text)
{
	struct slice rest = text;

	while (text.size && (text.at[text.size - 1] == '\n' || text.at[text.size - 1] == ' '))
		text.size--;
	slice_cut(&rest, '[');
	if (rest.size && memchr(rest.at, ']', rest.size))
		return slice_cut(&rest, ']');
	return text;
}

static bool same_value(struct slice a, struct slice b)
{
	a = value_of(a);
	b = value_of(b);
	return a.size == b.size && !memcmp(a.at, b.at, a.size);
}

/* "vm.swappiness", "ksm/run" */
static void add_name(struct text *names, struct slice path)
{
	static const char *const prefixes[] = { "/proc/sys/vm/", "/proc/sys/", "/sys/kernel/mm/",
						"/sys/module/", "/sys/devices/system/" };
	size_t i;

	text_str(names, slice_starts(path, prefixes[0]) ? " vm." : " ");
	for (i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (slice_starts(path, prefixes[i])) {
			path.at += strlen(prefixes[i]);
			path.size -= strlen(prefixes[i]);
		}
	text_mem(names, path.at, path.size);
}

/* Shown as it is there, and nothing more. False: a 6.1 kernel does not have it either. */
static bool hold(struct knob_run *r, struct slice path, struct slice value)
{
	static const char folder[] = "/proc/sys/";
	char name[256];

	if (!slice_starts(path, folder))
		return false;
	slice_copy((struct slice){ path.at + strlen(folder), path.size - strlen(folder) }, name,
		   sizeof(name));
	value = slice_cut(&value, '\n');
	if (held_sysctl_set(r->t->m, name, value.at, value.size))
		return false;
	r->t->nr_knobs++;
	r->t->nr_knobs_held++;
	return true;
}

static void set_knob(struct knob_run *r, const struct capture_file *f)
{
	struct tree *tree = r->t->tree;
	struct slice value = value_of(f->data);
	const struct caller root = { .uid = 0 };
	struct text now;
	struct stat st;
	char path[256];
	u64 ino;

	slice_copy((struct slice){ f->path.at + 1, f->path.size - 1 }, path, sizeof(path));
	if (tree_walk(tree, &root, path, &ino) || tree_getattr(tree, &root, ino, &st)) {
		if (hold(r, f->path, f->data))
			return;
		r->nr_missing++;
		add_name(&r->t->knobs_missing, f->path);
		if (slice_starts(f->path, "/proc/sys/kernel/"))
			r->nr_missing_kernel++;
		else if (slice_starts(f->path, "/proc/sys/fs/"))
			r->nr_missing_fs++;
		else
			add_name(&r->names, f->path);
		return;
	}
	if (!(st.st_mode & 0200))
		return;
	text_init(&now);
	if ((tree_read_file(tree, path, &now) ||
	     !same_value((struct slice){ now.data, now.length }, f->data)) &&
	    tree_write_file(tree, path, value.at, value.size) < 0) {
		r->nr_refused++;
		add_name(&r->t->knobs_refused, f->path);
	} else {
		r->t->nr_knobs++;
	}
	text_free(&now);
}

static void report(struct knob_run *r)
{
	FILE *err = r->t->err;

	if (!err)
		return;
	if (r->nr_missing)
		fprintf(err,
			"mmanfs: twin: %llu settings that this machine does not have are left out: "
			"%llu kernel.* %llu fs.*%.*s\n",
			(unsigned long long)r->nr_missing, (unsigned long long)r->nr_missing_kernel,
			(unsigned long long)r->nr_missing_fs, (int)r->names.length,
			r->names.length ? r->names.data : "");
	if (r->nr_refused)
		fprintf(err,
			"mmanfs: twin: %llu settings are not possible here and left out:%.*s\n",
			(unsigned long long)r->nr_refused, (int)r->t->knobs_refused.length,
			r->t->knobs_refused.data);
}

/* sysfs goes first: switching huge pages on or off changes min_free_kbytes. */
void twin_knobs(struct twin *t)
{
	struct knob_run r = { .t = t };
	size_t i;
	int sysctls;

	text_init(&r.names);
	text_init(&t->knobs_missing);
	text_init(&t->knobs_refused);
	for (sysctls = 0; sysctls < 2; sysctls++)
		for (i = 0; i < t->c.nr_files; i++)
			if (is_knob(t->c.files[i].path, sysctls))
				set_knob(&r, &t->c.files[i]);
	report(&r);
	text_free(&r.names);
}
