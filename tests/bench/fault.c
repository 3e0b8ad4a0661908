/*
 * The engine's memory work beside the same work done by this host's kernel, in one process and one
 * thread each.
 * usage: fault time ROUNDS       a line for each round and kind of work, "NAME HOST-NS ENGINE-NS",
 *                                per page, of the processor's time
 *        fault memory            bytes of host memory per simulated page, "NAME BYTES"
 *        fault count PAGES COMMAND ...
 *                                makes a mapping m of that many pages, then gives the commands: for
 *                                callgrind, which counts instructions
 *
 *	order    the first write to each page of fresh anonymous memory, lowest address first
 *	random   the same in random order
 *	unmap    munmap of what was written in order
 *	fork     fork of a process with resident anonymous memory, until fork returns
 *	cow      then a write to each page in the parent, while the child has them still: a copy each
 *	reclaim  MADV_PAGEOUT of a mapped file whose pages are clean: out of the page table and the cache;
 *	         no line where the host's file system keeps them
 *
 * Pages are 4 KiB on both sides. The engine's side is whole commands of sim/procs/NAME/ctl, from
 * the text to the reply. The two sides take turns, round by round.
 */
#include "tests/bench_machine.h"

#include <mman/boot.h>

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES	   262144ul /* 1 GiB */
#define FORK_PAGES PAGES    /* twice after the copies */
#define FILE_PAGES 65536ul

struct times {
	double order, random, unmap, fork, cow; /* ns per page */
	double reclaim;				/* 0: nothing was reclaimed */
};

static struct bench_machine machine;

/* --- The engine --- */

static void command(const char *format, unsigned long pages)
{
	char text[128];

	snprintf(text, sizeof(text), format, pages);
	bench_command(&machine, "a", "%s", text);
}

static void boot(void)
{
	machine = bench_boot(preset_text("laptop"));
	bench_mkdir(&machine, "sim/procs", "a");
	/* a file on the disk, with nothing of it in memory */
	bench_create(&machine, "f");
	command("fwrite f 0 %luK", FILE_PAGES * 4);
	command("fsync f", 0);
	bench_write(&machine, "proc/sys/vm/drop_caches", "1");
}

/* ns per page that a command takes which is about @pages pages */
static double time_command(const char *text, unsigned long argument, unsigned long pages)
{
	double start = bench_cpu_ns();

	command(text, argument);
	return (bench_cpu_ns() - start) / (double)pages;
}

static void engine_reclaim(struct times *t)
{
	command("mmap f %luK file=f", FILE_PAGES * 4);
	command("read f", 0);
	t->reclaim = time_command("madvise f pageout", 0, FILE_PAGES);
	command("munmap f", 0);
}

static void engine_round(struct times *t)
{
	command("mmap m %luK", PAGES * 4);
	t->order = time_command("write m", 0, PAGES);
	t->unmap = time_command("munmap m", 0, PAGES);

	command("mmap m %luK", PAGES * 4);
	t->random = time_command("access m random %lu write=100", PAGES, PAGES);
	command("munmap m", 0);

	command("mmap m %luK", FORK_PAGES * 4);
	command("write m", 0);
	t->fork = time_command("fork b", 0, FORK_PAGES);
	t->cow = time_command("write m", 0, FORK_PAGES);
	command("munmap m", 0);
	bench_rmdir(&machine, "sim/procs", "b");
	engine_reclaim(t);
}

/* --- The host --- */

static char *host_map(unsigned long pages)
{
	char *p = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	madvise(p, pages * 4096, MADV_NOHUGEPAGE);
	return p;
}

/* ns per page for a store to each; @order: which page comes when, NULL: by address */
static double host_write(char *p, unsigned long pages, const unsigned int *order)
{
	double start = bench_cpu_ns();
	unsigned long i;

	for (i = 0; i < pages; i++)
		p[(order ? order[i] : i) * 4096] = 1;
	return (bench_cpu_ns() - start) / (double)pages;
}

static void host_fork(struct times *t)
{
	char *p = host_map(FORK_PAGES);
	double start;
	pid_t child;

	host_write(p, FORK_PAGES, NULL);
	start = bench_cpu_ns();
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child)
		for (;;)
			pause();
	t->fork = (bench_cpu_ns() - start) / FORK_PAGES;
	t->cow = host_write(p, FORK_PAGES, NULL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	munmap(p, FORK_PAGES * 4096);
}

/* Pages of @p that are in the page cache. */
static unsigned long host_cached(char *p)
{
	static unsigned char in_core[FILE_PAGES];
	unsigned long i, n = 0;

	if (mincore(p, FILE_PAGES * 4096, in_core))
		err(1, "mincore");
	for (i = 0; i < FILE_PAGES; i++)
		n += in_core[i] & 1;
	return n;
}

static void host_reclaim(struct times *t, int fd)
{
	char *p = mmap(NULL, FILE_PAGES * 4096, PROT_READ, MAP_SHARED, fd, 0);
	volatile char sum = 0;
	double start;
	unsigned long i;

	t->reclaim = 0;
	if (p == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < FILE_PAGES; i++)
		sum = (char)(sum + p[i * 4096]);
	start = bench_cpu_ns();
	if (!madvise(p, FILE_PAGES * 4096, MADV_PAGEOUT))
		t->reclaim = (bench_cpu_ns() - start) / FILE_PAGES;
	if (host_cached(p) > FILE_PAGES / 10)
		t->reclaim = 0;
	munmap(p, FILE_PAGES * 4096);
}

/* Clean, and on a disk if /tmp is. */
static int host_file(void)
{
	FILE *f = tmpfile();
	char page[4096] = "x";
	unsigned long i;

	for (i = 0; f && i < FILE_PAGES; i++)
		if (fwrite(page, sizeof(page), 1, f) != 1)
			err(1, "a temporary file");
	if (!f || fflush(f) || fsync(fileno(f)))
		err(1, "a temporary file");
	return fileno(f);
}

static void host_round(struct times *t, const unsigned int *order, int file)
{
	char *p = host_map(PAGES);
	double start;

	t->order = host_write(p, PAGES, NULL);
	start = bench_cpu_ns();
	munmap(p, PAGES * 4096);
	t->unmap = (bench_cpu_ns() - start) / PAGES;

	p = host_map(PAGES);
	t->random = host_write(p, PAGES, order);
	munmap(p, PAGES * 4096);
	host_fork(t);
	host_reclaim(t, file);
}

static unsigned int *random_order(void)
{
	unsigned int *order = malloc(PAGES * sizeof(*order)), i, k, swap;

	if (!order)
		err(1, "malloc");
	srandom(1);
	for (i = 0; i < PAGES; i++)
		order[i] = i;
	for (i = PAGES - 1; i; i--) {
		k = (unsigned int)random() % (i + 1);
		swap = order[i];
		order[i] = order[k];
		order[k] = swap;
	}
	return order;
}

static void print_times(long rounds)
{
	unsigned int *order = random_order();
	struct times engine, host;
	int file = host_file();

	while (rounds-- > 0) {
		engine_round(&engine);
		host_round(&host, order, file);
		printf("order %.1f %.1f\nrandom %.1f %.1f\nunmap %.1f %.1f\n", host.order,
		       engine.order, host.random, engine.random, host.unmap, engine.unmap);
		printf("fork %.1f %.1f\ncow %.1f %.1f\n", host.fork, engine.fork, host.cow,
		       engine.cow);
		if (host.reclaim > 0)
			printf("reclaim %.1f %.1f\n", host.reclaim, engine.reclaim);
		fflush(stdout);
	}
	free(order);
}

static void print_memory(void)
{
	unsigned long before;

	/* what the first mapping ever costs, and code that was not yet run, is no matter of pages */
	command("mmap first %luK", PAGES * 4);
	command("write first 0 4K", 0);
	bench_resident();
	before = bench_resident();
	command("mmap m %luK", PAGES * 4);
	printf("untouched %.3f\n", (double)(bench_resident() - before) / PAGES);
	command("write m", 0);
	printf("resident %.2f\n", (double)(bench_resident() - before) / PAGES);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int i;

	boot();
	if (!strcmp(what, "time") && argc == 3) {
		print_times(strtol(argv[2], NULL, 10));
	} else if (!strcmp(what, "memory")) {
		print_memory();
	} else if (!strcmp(what, "count") && argc > 2) {
		command("mmap m %luK", strtoul(argv[2], NULL, 10) * 4);
		for (i = 3; i < argc; i++)
			command(argv[i], 0);
	} else {
		errx(64, "usage: fault time ROUNDS | memory | count PAGES COMMAND ...");
	}
	return 0;
}
