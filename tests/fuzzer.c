/* fuzzer.c - what the fuzzers of the tree share. */
#include "tests/fuzzer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/replay.h"
#include "tests/dump.h"
#include "tests/tap.h"

#define FILES_MAX 20000u
#define DIRS_MAX  512u

static const struct caller root;

/* ---- what there is ---- */

struct collector {
	struct fuzzer *z;
	u64 dirs[DIRS_MAX];
	u32 nr_dirs;
};

static bool collect(struct dir_emit *e, const char *name, const struct entry *entry, u64 next)
{
	struct collector *c = e->arg;
	struct fuzzer *z = c->z;

	(void)entry;
	(void)next;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return true;
	if (S_ISDIR(e->mode) && c->nr_dirs < DIRS_MAX)
		c->dirs[c->nr_dirs++] = e->ino;
	else if (S_ISREG(e->mode) && z->nr_files < FILES_MAX)
		z->files[z->nr_files++] = e->ino;
	return true;
}

static void scan(struct fuzzer *z, u64 dir, u32 depth)
{
	struct collector *c = calloc(1, sizeof(*c));
	struct dir_emit e = { .arg = c, .emit = collect };
	u32 i;

	if (!c)
		bail_out("the host is out of memory");
	c->z = z;
	tree_readdir(z->f.t, &root, dir, 0, &e);
	for (i = 0; i < c->nr_dirs && depth < 12; i++)
		scan(z, c->dirs[i], depth + 1);
	free(c);
}

void fuzzer_rescan(struct fuzzer *z)
{
	u32 read = 0, i;

	z->nr_files = 0;
	scan(z, TREE_ROOT_INO, 0);
	/* kept: what somebody may write to */
	for (i = 0; i < z->nr_files; i++) {
		struct stat st;

		if (!tree_getattr(z->f.t, &root, z->files[i], &st) && st.st_mode & 0222)
			z->files[read++] = z->files[i];
	}
	z->nr_files = read;
}

/* ---- one step ---- */

static bool enough(struct machine *m, void *arg)
{
	struct fuzzer *z = arg;

	if (m->clock.step < z->step_limit)
		return true;
	if (!z->interrupted)
		journal_interrupted(z->journal, m);
	z->interrupted = true;
	return false;
}

void fuzzer_arm(struct fuzzer *z, u64 steps)
{
	struct machine *m = z->f.m;

	z->step_limit = m->clock.step + steps;
	z->interrupted = false;
	m->host.yield = enough;
	m->host.arg = z;
	__atomic_store_n(&m->attention, 1, __ATOMIC_RELAXED);
}

void fuzzer_settle(struct fuzzer *z)
{
	z->f.m = tree_machine(z->f.t);
}

/* ---- a machine ---- */

bool fuzzer_power_on(struct fuzzer *z, const char *name, const char *machine, u64 seed)
{
	const struct machine_source source = { .name = (char *)(uintptr_t)name,
					       .machine = (char *)(uintptr_t)machine,
					       .cmdline = (char *)(uintptr_t) "" };

	*z = (struct fuzzer){ .chance = seed };
	z->files = malloc(FILES_MAX * sizeof(*z->files));
	text_init(&z->f.text);
	if (z->files && !machine_source_copy(&z->source, &source))
		z->f.m = machine_source_boot(&z->source, stderr);
	z->f.t = z->f.m ? tree_create(z->f.m) : NULL;
	z->journal = z->f.t ? journal_create(z->f.t, &z->source) : NULL;
	if (z->journal)
		return true;
	machine_source_free(&z->source);
	free(z->files);
	return false;
}

void fuzzer_power_off(struct fuzzer *z)
{
	journal_destroy(z->journal);
	machine_source_free(&z->source);
	fixture_close(&z->f);
	free(z->files);
}

static void all_lines(const struct journal *j, struct text *lines)
{
	const char *line;
	size_t length;
	u64 n;

	for (n = 1; (line = journal_line(j, n, &length)); n++) {
		text_mem(lines, line, length);
		text_char(lines, '\n');
	}
}

/* Both stop listening, and neither is recorded: the dumps are of the machines alone. */
static void compare(struct fuzzer *z, struct tree *t)
{
	struct text a, b;
	char where[512];
	const char *difference;

	text_init(&a);
	text_init(&b);
	tree_machine(t)->host = (struct machine_host){ .arg = NULL };
	z->f.m->host = tree_machine(t)->host;
	z->f.m->attention = 0;
	tree_set_journal(z->f.t, NULL);
	tree_dump(z->f.t, "", &a);
	tree_dump(t, "", &b);
	difference = dump_difference(&a, &b, where, sizeof(where));
	ok(!difference, "and every file reads the same (%s)",
	   difference ? difference : "all equal");
	text_free(&a);
	text_free(&b);
}

void fuzzer_replays(struct fuzzer *z)
{
	struct machine *m = machine_source_boot(&z->source, stderr);
	struct tree *t = m ? tree_create(m) : NULL;
	struct journal *j = t ? journal_create(t, &z->source) : NULL;
	struct text lines;

	if (!j)
		bail_out("%s does not boot again", z->source.name);
	/* a reboot wants to know where the machine came from */
	journal_suspend(j, true);
	text_init(&lines);
	all_lines(z->journal, &lines);
	is_err(replay_lines(lines.data, lines.length, journal_data_fd(z->journal), t, UINT64_MAX,
			    stderr),
	       0, "its journal of %llu lines replays",
	       (unsigned long long)journal_lines(z->journal));
	clock_advance_to(tree_machine(t), z->f.m->clock.now);
	journal_destroy(j);
	compare(z, t);
	text_free(&lines);
	m = tree_machine(t);
	tree_destroy(t);
	machine_destroy(m);
}

u64 fuzzer_number(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}
