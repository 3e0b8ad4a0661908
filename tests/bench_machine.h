/*
 * bench_machine.h - a simulated machine that is measured, and the clocks to do it with.
 *
 * No mount and no journal. What fails ends the program with a word: a number that was measured beside
 * a failure would be worth nothing.
 */
#ifndef TESTS_BENCH_MACHINE_H
#define TESTS_BENCH_MACHINE_H

#include "fs/tree.h"

struct bench_machine {
	struct machine *m;
	struct tree *tree;
};

/** bench_boot() - boot the text of a machine file; its clock is paused, and pages are small. */
struct bench_machine bench_boot(const char *machine_file);
void bench_shut_down(struct bench_machine *b);

/** bench_write() - write @text to @path. */
void bench_write(const struct bench_machine *b, const char *path, const char *text);
/** bench_command() - the same to the ctl of sim/procs/@process, as printf(). */
void bench_command(const struct bench_machine *b, const char *process, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** bench_mkdir() - a directory of @name in @parent: a process, a DIMM slot. */
void bench_mkdir(const struct bench_machine *b, const char *parent, const char *name);
/** bench_create() - an empty file on the disk. */
void bench_create(const struct bench_machine *b, const char *name);
/** bench_rmdir() - away with it, which must not be there afterwards. */
void bench_rmdir(const struct bench_machine *b, const char *parent, const char *name);

/** bench_cpu_ns() - this process's time on the processor: what else runs on the host does not
 * count. bench_wall_ns() - the clock on the wall. */
double bench_cpu_ns(void);
double bench_wall_ns(void);

/** bench_resident() - bytes of the host's memory that this process has. */
unsigned long bench_resident(void);

#endif
