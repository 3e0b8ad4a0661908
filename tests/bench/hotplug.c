/*
 * What memory hotplug costs, without a mount.
 * usage: hotplug ROUNDS      lines for each round, "NAME NUMBER":
 *                            moved: millions of pages a second that leave a block of 128 MiB full
 *                            of mapped 4 KiB pages; plugged: ms to plug in 1 TiB, offline; online:
 *                            the same, online at once
 */
#include "tests/bench_machine.h"

#include <mman/machine.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

/* ns that the write took */
static double time_write(const struct bench_machine *b, const char *path, const char *text)
{
	double start = bench_cpu_ns();

	bench_write(b, path, text);
	return bench_cpu_ns() - start;
}

/* Block 32 is all the memory of node 1, which the process fills. */
static void bench_moved(void)
{
	struct bench_machine b =
		bench_boot("[machine]\ncpus = 1\n[node 0]\nmemory = 1G\ncpus = 0\n"
			   "[node 1]\nmemory = 0\n[dimm d]\nsize = 128M\nnode = 1\n");
	u64 before = b.m->vm_event[PGMIGRATE_SUCCESS], moved;
	double ns;

	bench_write(&b, "sys/devices/system/memory/memory32/state", "online_movable");
	bench_mkdir(&b, "sim/procs", "a");
	bench_command(&b, "a", "mmap m 124M");
	bench_command(&b, "a", "mbind m preferred:1");
	bench_command(&b, "a", "write m");
	ns = time_write(&b, "sys/devices/system/memory/memory32/state", "offline");
	moved = b.m->vm_event[PGMIGRATE_SUCCESS] - before;
	if (moved < 30000)
		errx(1, "the block was not full: %llu pages were moved", (unsigned long long)moved);
	printf("moved %f\n", (double)moved / ns * 1e3);
	bench_shut_down(&b);
}

static void bench_plug(const char *name, const char *policy)
{
	struct bench_machine b = bench_boot("[machine]\nmemory = 64G\ncpus = 8\n");

	bench_write(&b, "sys/devices/system/memory/auto_online_blocks", policy);
	bench_mkdir(&b, "sim/dimms", "d");
	bench_write(&b, "sim/dimms/d/size", "1T");
	printf("%s %f\n", name, time_write(&b, "sim/dimms/d/plug", "1") / 1e6);
	bench_shut_down(&b);
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
