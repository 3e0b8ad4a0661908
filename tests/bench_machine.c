#include "tests/bench_machine.h"

#include <mman/boot.h>
#include <mman/machine.h>

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fs/journal.h"

static const struct caller root;

/* The last words of a machine's log, for who wants to know why. */
static void print_log(const struct machine *m)
{
	const struct log_ring *log = &m->kmsg;
	char text[LOG_LINE_MAX];
	u64 seq = log->next_seq > 40 ? log->next_seq - 40 : 0, time;
	int level;

	for (; seq < log->next_seq; seq++)
		if (log_read(log, &seq, &time, &level, text, sizeof(text)) >= 0)
			fprintf(stderr, "%s\n", text);
}

struct bench_machine bench_boot(const char *machine_file)
{
	struct machine_source source = { .name = strdup("bench"),
					 .machine = strdup(machine_file),
					 .cmdline = strdup("") };
	struct bench_machine b = { .m = machine_source_boot(&source, stderr) };

	b.tree = b.m ? tree_create(b.m) : NULL;
	if (!b.tree)
		errx(1, "no machine");
	machine_source_free(&source);
	bench_write(&b, "sim/clock", "pause");
	bench_write(&b, "sys/kernel/mm/transparent_hugepage/enabled", "never");
	return b;
}

void bench_shut_down(struct bench_machine *b)
{
	tree_destroy(b->tree);
	machine_destroy(b->m);
}

void bench_write(const struct bench_machine *b, const char *path, const char *text)
{
	ssize_t n = tree_write_file(b->tree, path, text, strlen(text));

	if (n >= 0)
		return;
	print_log(b->m);
	errx(1, "%s: writing '%.40s': %s", path, text, strerror((int)-n));
}

void bench_command(const struct bench_machine *b, const char *process, const char *format, ...)
{
	char path[64], text[128];
	va_list args;

	snprintf(path, sizeof(path), "sim/procs/%s/ctl", process);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	bench_write(b, path, text);
}

void bench_mkdir(const struct bench_machine *b, const char *parent, const char *name)
{
	u64 directory, ino;

	if (tree_walk(b->tree, &root, parent, &directory) ||
	    tree_mkdir(b->tree, &root, directory, name, &ino))
		errx(1, "no %s/%s", parent, name);
}

void bench_create(const struct bench_machine *b, const char *name)
{
	u64 directory, ino;

	if (tree_walk(b->tree, &root, "sim/disk", &directory) ||
	    tree_create_file(b->tree, &root, directory, name, 0644, &ino))
		errx(1, "no sim/disk/%s", name);
}

void bench_rmdir(const struct bench_machine *b, const char *parent, const char *name)
{
	u64 directory, ino;

	if (tree_walk(b->tree, &root, parent, &directory) ||
	    tree_rmdir(b->tree, &root, directory, name) ||
	    !tree_lookup(b->tree, &root, directory, name, &ino))
		errx(1, "%s/%s stays", parent, name);
}

static double ns_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double bench_cpu_ns(void)
{
	return ns_of(CLOCK_PROCESS_CPUTIME_ID);
}

double bench_wall_ns(void)
{
	return ns_of(CLOCK_MONOTONIC);
}

unsigned long bench_resident(void)
{
	unsigned long total, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%lu %lu", &total, &resident) != 2)
		errx(1, "statm");
	fclose(f);
	return resident * (unsigned long)sysconf(_SC_PAGESIZE);
}
