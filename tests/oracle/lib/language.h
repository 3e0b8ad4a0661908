/*
 * language.h - the language of the cases, spoken to a real kernel and to the simulated one.
 *
 * A case file is lines; '#' begins a remark:
 *
 *	area NAME                   what the following cases count for
 *	watch PATH ...              knobs whose change `try` reports, for the following cases
 *	case NAME [on MACHINE ...]  begins a case; without `on`: for every machine
 *	within N[%] WHY             the next step's numbers may differ by that much
 *	factor N[+S] WHY            the next step's numbers: neither is more than N times the other, plus S
 *	ordered [+N] WHY            of all such steps in this case only the order of the numbers counts, those that
 *	                            are less than N apart being equal
 *
 * and steps, each of which gives no, one or several lines of answer:
 *
 *	process NAME | end NAME     make a process, end it (what is left is ended with the case)
 *	NAME: COMMAND               a line of the control language, done by the process (sim/README)
 *	put PATH BYTES              one write(2), bytes C-escaped or REP(c,n): its result
 *	try PATH BYTES              put, then what the file reads, and which watched knobs changed to
 *	                            what; then everything is put back
 *	get PATH                    the file's text
 *	look PATH                   the same, of which only the layout counts: numbers may differ
 *	field PATH KEY              the number behind KEY at the start of a line
 *	list PATH                   every path below: type, mode, size, link target
 *	maps NAME                   the process's mappings in the window
 *	smaps NAME KEY ...          sums over these mappings
 *	mark, delta KEY ...         counters of proc/vmstat and proc/meminfo (Key:), their change since
 *	zones KEY ...               of each zone with pages: the numbers behind KEY in proc/zoneinfo
 *	largest NAME WORDS minus FIELD[+FIELD|-FIELD]...
 *	                            the most pages one mmap with these words can have, less those fields
 *	                            of proc/meminfo (kB, counted in pages)
 *	sum [+|-][N*]KEY ...        of those counters now
 *	share KEY[+KEY] of KEY[+KEY]   of what the one changed by since mark, in thousandths of the other
 *	peek PATH OFFSET LENGTH, poke PATH OFFSET BYTES   of a file with positions
 *	ctl COMMAND                 a line of sim/ctl: swapon, swapoff, sync
 *	wait MILLISECONDS           time passes
 *	file PATH                   a new empty file on the disk; gone after the case
 *	mkdir PATH, rmdir PATH      a directory of the tree, gone after the case
 *	attach NAME PATH            the process's number is written there
 *	status NAME                 alive or gone
 *	log TEXT[|TEXT]...          records of the kernel's log since the case began (or the last log
 *	                            step) that hold one of the texts: their layout, as look does
 *	numa NAME                   proc/PID/numa_maps in the window
 *	blocks ORDER                free blocks of at least this order, in proc/buddyinfo
 *	splits NAME REGION          mprotect of every other page of it until one is refused: how many
 *	                            mappings more than max_map_count there are
 *	floor NAME REGION           written to, 4 MiB at a time, until that fails: has free memory ever
 *	                            been less than min_free_kbytes?
 *
 * A process's commands have two words that the control language has not: punch REGION STEP gives
 * back every other STEP bytes of it (madvise dontneed); use MS reads all its regions, page by page,
 * again and again, until that has taken MS milliseconds of its CPU time. Counters of a node are
 * "node0.KEY".
 *
 * "$NAME" in a path is a process's number. The window is where cases put their mappings: a part of
 * the address space that no program uses by itself.
 *
 * This file and language.c are part of the guest's static driver too: no engine, no tree.
 */
#ifndef ORACLE_LANGUAGE_H
#define ORACLE_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define WINDOW_START 0x200000000000ull
#define WINDOW_END   0x208000000000ull

#define TEXT_MAX  (256u << 10)
#define LINE_MAX_ 9000u
#define WATCH_MAX 160u

/* One of the two that are asked. Paths are relative to the root; results are bytes or -errno. */
struct side {
	void *arg;
	ssize_t (*read)(struct side *s, const char *path, char *buffer, size_t size);
	/* *@open_failed: the error is open's */
	ssize_t (*write)(struct side *s, const char *path, const char *data, size_t size,
			 bool *open_failed);
	int (*stat)(struct side *s, const char *path, struct stat *st, char *target, size_t room);
	/* calls @each for each name, sorted or not */
	int (*readdir)(struct side *s, const char *path, void (*each)(void *arg, const char *name),
		       void *arg);
	int (*make)(struct side *s, const char *name);
	void (*end)(struct side *s, const char *name);
	int (*pid)(struct side *s, const char *name);
	/* one line of the control language */
	int (*command)(struct side *s, const char *name, const char *line, char *said, size_t room);
	bool (*alive)(struct side *s, const char *name);
	/* a line of sim/ctl */
	int (*machine)(struct side *s, const char *line);
	void (*wait)(struct side *s, unsigned int ms);
	/* a new empty file on the disk, or none any more */
	int (*file)(struct side *s, const char *path, bool there);
	int (*directory)(struct side *s, const char *path, bool there);
	ssize_t (*at)(struct side *s, const char *path, unsigned long long offset, char *buffer,
		      size_t size, bool write);
	/* records of the kernel's log since the last call, without what stands before ';' */
	void (*log)(struct side *s, void (*each)(void *arg, const char *record), void *arg);
};

/* What a run does with each answer. */
struct recorder {
	void *arg;
	void (*begin)(void *arg, const char *area, const char *name);
	/* @kind: of the step, its first word; @text: the step; @with: "", or the within/ordered
	 * line */
	void (*answer)(void *arg, unsigned int step, const char *text, const char *with,
		       const char *answer);
};

/**
 * run_cases() - every case of @text for @machine, or only @only if not NULL. Returns how many ran.
 * @text is cut up.
 */
unsigned int run_cases(struct side *s, char *text, const char *machine, const char *only,
		       const struct recorder *r);

size_t unescape(const char *from, char *to);
void escape(const char *from, size_t size, char *to, size_t room);

#endif
