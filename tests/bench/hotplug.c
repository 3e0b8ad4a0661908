/*
 * What memory hotplug costs, without a mount.
 * usage: hotplug ROUNDS      lines for each round, "NAME NUMBER":
 *                            moved: millions of pages a second that leave a block of 128 MiB full
 *                            of mapped 4 KiB pages; plugged: ms to plug in 1 TiB, offline; online:
 *                            the same, online at once
 */
#include "fs/journal.h"

#include <mman/boot.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct caller root;

/* Of the processor: what else runs on this host does not count. */
static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct tree *boot(const char *text)
{
	struct machine_source source = { .name = strdup("bench"),
					 .machine = strdup(text),
					 .cmdline = strdup("") };
	struct machine *m = machine_source_boot(&source, stderr);
	struct tree *tree = m ? tree_create(m) : NULL;

	if (!tree)
		errx(1, "no machine");
	machine_source_free(&source);
	return tree;
}

static void shut_down(struct tree *t)
{
	struct machine *m = tree_machine(t);

	tree_destroy(t);
	machine_destroy(m);
}

static void make(struct tree *t, const char *directory, const char *name)
{
	u64 parent, ino;

	if (tree_walk(t, &root, directory, &parent) || tree_mkdir(t, &root, parent, name, &ino))
		errx(1, "no %s/%s", directory, name);
}

/* ns that the write took */
static double put(struct tree *t, const char *path, const char *text)
{
	double start = now_ns();

	if (tree_write_file(t, path, text, strlen(text)) < 0)
		errx(1, "'%s' to %s failed", text, path);
	return now_ns() - start;
}

/* Block 32 is all the memory of node 1, which the process fills. */
static void bench_moved(void)
{
	struct tree *t = boot("[machine]\ncpus = 1\n[node 0]\nmemory = 1G\ncpus = 0\n"
			      "[node 1]\nmemory = 0\n[dimm d]\nsize = 128M\nnode = 1\n");
	u64 before = tree_machine(t)->vm_event[PGMIGRATE_SUCCESS], moved;
	double ns;

	put(t, "sim/clock", "pause");
	put(t, "sys/kernel/mm/transparent_hugepage/enabled", "never");
	put(t, "sys/devices/system/memory/memory32/state", "online_movable");
	make(t, "sim/procs", "a");
	put(t, "sim/procs/a/ctl", "mmap m 124M");
	put(t, "sim/procs/a/ctl", "mbind m preferred:1");
	put(t, "sim/procs/a/ctl", "write m");
	ns = put(t, "sys/devices/system/memory/memory32/state", "offline");
	moved = tree_machine(t)->vm_event[PGMIGRATE_SUCCESS] - before;
	if (moved < 30000)
		errx(1, "the block was not full: %llu pages were moved", (unsigned long long)moved);
	printf("moved %f\n", (double)moved / ns * 1e3);
	shut_down(t);
}

static void bench_plug(const char *name, const char *policy)
{
	struct tree *t = boot("[machine]\nmemory = 64G\ncpus = 8\n");

	put(t, "sim/clock", "pause");
	put(t, "sys/devices/system/memory/auto_online_blocks", policy);
	make(t, "sim/dimms", "d");
	put(t, "sim/dimms/d/size", "1T");
	printf("%s %f\n", name, put(t, "sim/dimms/d/plug", "1") / 1e6);
	shut_down(t);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 3;

	while (rounds-- > 0) {
		bench_moved();
		bench_plug("plugged", "offline");
		bench_plug("online", "online_movable");
	}
	return 0;
}
