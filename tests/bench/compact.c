/*
 * What compaction costs, without a mount.
 * usage: compact ROUNDS     a line for each round, "NAME SECONDS":
 *                           held: a zone of 16 GiB, half of it free, no two free pages side by
 *                           side, the other half held by `fragment`; written to compact_memory
 *                           mapped: the same, the other half being a process's anonymous memory
 *
 * Seconds of the processor: what else runs on this host does not count.
 */
#include "fs/journal.h"

#include <mman/boot.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* 3 GiB lie below 4 GiB: zone Normal has the rest */
#define MACHINE "[machine]\ncpus = 1\nmemory = 19G\ncmdline = transparent_hugepage=never\n"
#define LINES	1024u

static const struct caller root;

struct bench {
	struct machine *m;
	struct tree *tree;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put(struct bench *b, const char *path, const char *text)
{
	ssize_t n = tree_write_file(b->tree, path, text, strlen(text));

	if (n < 0)
		errx(1, "%s: writing '%.40s': %s", path, text, strerror((int)-n));
}

static void boot(struct bench *b)
{
	struct machine_source source = { .name = strdup("bench"),
					 .machine = strdup(MACHINE),
					 .cmdline = strdup("") };

	b->m = machine_source_boot(&source, stderr);
	b->tree = b->m ? tree_create(b->m) : NULL;
	if (!b->tree)
		errx(1, "no machine");
	put(b, "sim/clock", "pause");
	put(b, "proc/sys/vm/compaction_proactiveness", "0");
}

/*
 * Every second page of the region is given back: those in even frames, or the free scanner, which
 * looks at every second and fourth frame after a pageblock without free ones, would miss them all.
 */
static void punch(struct bench *b, u64 first, u64 pages)
{
	static char text[LINES * 48];
	u64 page = first;
	u32 i;

	while (page < pages) {
		char *p = text;

		for (i = 0; i < LINES && page < pages; i++, page += 2)
			p += sprintf(p, "madvise m dontneed %luK 4K\n", (unsigned long)page * 4);
		put(b, "sim/procs/p/ctl", text);
	}
}

static void compact(struct bench *b, const char *name)
{
	struct zone *z = &b->m->node[0].zones[ZONE_NORMAL];
	s32 before = unusable_free_index(z, PAGEBLOCK_ORDER), after;
	double start = now(), seconds;

	put(b, "proc/sys/vm/compact_memory", "1");
	seconds = now() - start;
	after = unusable_free_index(z, PAGEBLOCK_ORDER);
	if (before < 990 || after > 50)
		errx(1, "%s: the unusable index went from %d to %d thousandths", name, before,
		     after);
	printf("%s %.6f\n", name, seconds);
	fflush(stdout);
	tree_destroy(b->tree);
	machine_destroy(b->m);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 5;
	struct bench b;
	u64 procs, ino;

	for (; rounds > 0; rounds--) {
		boot(&b);
		put(&b, "sim/ctl", "fragment 0 Normal 1");
		compact(&b, "held");
		boot(&b);
		if (tree_walk(b.tree, &root, "sim/procs", &procs) ||
		    tree_mkdir(b.tree, &root, procs, "p", &ino))
			errx(1, "no process");
		put(&b, "sim/procs/p/ctl", "mmap m 16100M");
		put(&b, "sim/procs/p/ctl", "write m");
		punch(&b, 1, 16100ull * 256);
		compact(&b, "mapped");
	}
	return 0;
}
