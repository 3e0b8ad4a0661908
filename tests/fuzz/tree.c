/*
 * Random writes to random files of the tree, in-process: whatever is written, no file crashes, no command
 * is without end, the invariants of the engine hold, and the journal of it all replays to the same bytes
 * in every file. FUZZ_SEED and FUZZ_WRITES in the environment choose another run.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/replay.h"
#include "tests/ctl.h"
#include "tests/dump.h"
#include "tests/sound.h"
#include "tests/tap.h"
#include "tests/words.h"

#define WRITES	  10000u
#define STEPS_MAX 20000u /* a command is interrupted after so many */
#define FILES_MAX 20000u

static const struct caller root;

struct fuzzer {
	struct fixture f;
	struct machine_source source;
	struct journal *journal;
	struct chance chance;
	u64 *files; /* inodes of what may be written to */
	u32 nr_files;
	u64 step_limit;
	bool interrupted;
	u64 done, refused;
};

/* ---- what there is ---- */

struct collector {
	struct fuzzer *z;
	u64 dirs[512];
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
	if (S_ISDIR(e->mode) && c->nr_dirs < ARRAY_SIZE(c->dirs))
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

static void rescan(struct fuzzer *z)
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

static void arm(struct fuzzer *z)
{
	struct machine *m = z->f.m;

	z->step_limit = m->clock.step + STEPS_MAX;
	z->interrupted = false;
	m->host.yield = enough;
	m->host.arg = z;
	__atomic_store_n(&m->attention, 1, __ATOMIC_RELAXED);
}

static bool is_ctl(struct fuzzer *z, u64 ino)
{
	struct text path;
	bool is;

	text_init(&path);
	is = !tree_path(z->f.t, ino, &path) && path.length > 4 &&
	     !memcmp(path.data + path.length - 4, "/ctl", 4);
	text_free(&path);
	return is;
}

static void write_somewhere(struct fuzzer *z)
{
	struct caller c = { .uid = chance_below(&z->chance, 8) ? 0 : 1000 };
	u64 ino = z->files[chance_below(&z->chance, z->nr_files)];
	struct open_file *file;
	char bytes[6000], back[256];
	size_t n;

	if (tree_open(z->f.t, &c, ino, chance_below(&z->chance, 4) ? O_WRONLY : O_RDWR, &file)) {
		z->refused++;
		return;
	}
	n = is_ctl(z, ino) ? words_command(&z->chance, bytes, sizeof(bytes)) :
			     words_value(&z->chance, bytes, sizeof(bytes));
	arm(z);
	if (tree_write(z->f.t, &c, file, bytes, n, chance_below(&z->chance, 16) ? 0 : n) < 0)
		z->refused++;
	else
		z->done++;
	if (!chance_below(&z->chance, 4))
		(void)tree_read(z->f.t, &c, file, back, sizeof(back), 0);
	tree_release(z->f.t, &c, file);
}

static void make_or_end(struct fuzzer *z)
{
	static const char *const names[] = {
		"a",  "b",
		"c",  "p0",
		"p1", "p2",
		"p3", "data",
		".x", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnop"
	};
	const char *name = names[chance_below(&z->chance, ARRAY_SIZE(names))];
	u64 disk, ino;

	arm(z);
	switch (chance_below(&z->chance, 6)) {
	case 0:
		ctl_rmdir(&z->f, name);
		break;
	case 1:
		if (!tree_walk(z->f.t, &root, "sim/disk", &disk) &&
		    !tree_create_file(z->f.t, &root, disk, "data", 0644, &ino))
			tree_truncate(z->f.t, &root, ino, chance_below(&z->chance, 4 << 20));
		break;
	case 2:
		if (!chance_below(&z->chance, 4) && !tree_walk(z->f.t, &root, "sim/disk", &disk))
			tree_unlink(z->f.t, &root, disk, "data");
		break;
	default:
		ctl_mkdir(&z->f, name);
		break;
	}
}

static u64 from_environment(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void power_on(struct fuzzer *z, const char *machine)
{
	const struct machine_source source = { .name = (char *)(uintptr_t)machine,
					       .machine = (char *)(uintptr_t)preset_text(machine),
					       .cmdline = (char *)(uintptr_t) "" };

	z->files = malloc(FILES_MAX * sizeof(*z->files));
	text_init(&z->f.text);
	if (z->files && !machine_source_copy(&z->source, &source))
		z->f.m = machine_source_boot(&z->source, stderr);
	z->f.t = z->f.m ? tree_create(z->f.m) : NULL;
	z->journal = z->f.t ? journal_create(z->f.t, &z->source) : NULL;
	if (!z->journal)
		bail_out("%s does not boot", machine);
}

static void power_off(struct fuzzer *z)
{
	journal_destroy(z->journal);
	machine_source_free(&z->source);
	fixture_close(&z->f);
	free(z->files);
}

/* Do it all again, and compare every file. */
static void replays(struct fuzzer *z)
{
	struct machine *m = machine_source_boot(&z->source, stderr);
	struct tree *t = m ? tree_create(m) : NULL;
	struct text lines, a, b;
	char where[512];
	const char *line, *difference;
	size_t length;
	u64 n;

	text_init(&lines);
	text_init(&a);
	text_init(&b);
	for (n = 1; (line = journal_line(z->journal, n, &length)); n++) {
		text_mem(&lines, line, length);
		text_char(&lines, '\n');
	}
	is_err(replay_lines(lines.data, lines.length, journal_data_fd(z->journal), t, UINT64_MAX,
			    stderr),
	       0, "its journal of %llu lines replays", (unsigned long long)n - 1);
	clock_advance_to(m, z->f.m->clock.now);
	m->host = (struct machine_host){ .arg = NULL };
	z->f.m->host = m->host;
	z->f.m->attention = 0;
	/* the journal is not kept by the second machine */
	tree_set_journal(z->f.t, NULL);
	tree_dump(z->f.t, "", &a);
	tree_dump(t, "", &b);
	difference = dump_difference(&a, &b, where, sizeof(where));
	ok(!difference, "and every file reads the same (%s)",
	   difference ? difference : "all equal");
	text_free(&lines);
	text_free(&a);
	text_free(&b);
	tree_destroy(t);
	machine_destroy(m);
}

static void fuzz(const char *machine, u64 seed, u64 writes)
{
	struct fuzzer z = { .chance = { seed } };
	unsigned int violations = 0;
	u64 i;

	power_on(&z, machine);
	for (i = 0; i < writes && !violations; i++) {
		if (i % 500 == 0)
			rescan(&z);
		if (i % 10 == 0)
			make_or_end(&z);
		write_somewhere(&z);
		if (i % 1000 == 999)
			violations =
				count_violations(z.f.m, "after write %llu", (unsigned long long)i);
		if (violations)
			diag("seed %llu, after %llu writes", (unsigned long long)seed,
			     (unsigned long long)i + 1);
	}
	cmp_int(z.done, >, writes / 20, "%s: some of %llu random writes are taken", machine,
		(unsigned long long)writes);
	cmp_int(z.refused, >, writes / 20, "and some are refused");
	is_sound(z.f.m, "after all of them");
	replays(&z);
	power_off(&z);
}

int main(void)
{
	u64 seed = from_environment("FUZZ_SEED", 1),
	    writes = from_environment("FUZZ_WRITES", WRITES);

	fuzz("tiny", seed, writes);
	fuzz("two-node", seed + 1, writes);
	fuzz("hotplug", seed + 2, writes);
	return done_testing();
}
