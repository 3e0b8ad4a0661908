/*
 * record.h - mmanfs record: a real program is run under strace, and its pages are looked at before
 * each of the calls that are traced.
 *
 *	mmanfs record ---- reads strace's lines, answers notifications, writes FILE
 *	  |- CMD           under a seccomp filter: each traced call stops until it has been looked at
 *	  \- strace -p     attached to CMD before that executes anything
 *
 * strace says which mappings and processes there are, not which pages were touched. So before a
 * traced call is let through, the process's pagemap is compared with that of the last time: a page
 * that is new was touched, one that is the program's own now was written to. strace has printed all
 * earlier calls by then, so that what is written to FILE stands in the order in which it happened.
 * docs/traces.md has the format.
 *
 *	run.c     the three processes and the loop
 *	filter.c  the filter and its notifications
 *	host.c    what /proc tells of a process
 *	pages.c   which pages are resident, and what has changed
 *	files.c   which files are in the page cache
 *	log.c     strace's lines as they come
 */
#ifndef FS_RECORD_RECORD_H
#define FS_RECORD_RECORD_H

#include <mman/types.h>
#include <stdio.h>
#include <sys/types.h>

#include "fs/text.h"

struct record_options {
	const char *output;
	char *const *argv; /* NULL-terminated */
	FILE *err;
};

/** record_program() - exit status: the program's own, or one of sysexits after a line on ->err. */
int record_program(const struct record_options *o);
/** record_accesses() - the same with valgrind's lackey: every access, in valgrind's layout. */
int record_accesses(const struct record_options *o);
/** record_find() - is there such a program in $PATH? */
bool record_find(const char *program);

/* ---- filter.c ---- */

/** record_calls() - the calls that are traced, as strace's -e trace= wants them. */
const char *record_calls(void);
/** record_filter() - install the filter in this process; the listener's descriptor, or -errno. */
int record_filter(void);

enum record_call {
	RECORD_OTHER,
	RECORD_EXEC,  /* execve, execveat */
	RECORD_EXIT,  /* exit_group */
	RECORD_FORK,  /* a child with a copy of the address space */
	RECORD_SHARE, /* a thread, or a child in the same address space */
	RECORD_UNMAP  /* [start, start + length) may lose its pages */
};

struct record_notice {
	u64 id;
	u32 tid;
	enum record_call call;
	u64 start, length;
};

/** record_listen() - the next notification; 1, 0 if it has gone, or -errno. record_allow(): the
 * call is let through. */
int record_listen(int fd, struct record_notice *n);
void record_allow(int fd, const struct record_notice *n);

/* ---- host.c ---- */

struct host_mapping {
	u64 start, end, offset;
	char perms[5];
	char name[512];
};

struct host_maps {
	struct host_mapping *at;
	size_t nr, room;
};

int host_maps_read(u32 pid, struct host_maps *m);
void host_maps_free(struct host_maps *m);

struct host_counts {
	u64 minor, major;
	u64 threads;
};

bool host_counts_read(u32 pid, struct host_counts *c);
/** host_status() - a number of /proc/PID/status: "Tgid:", "PPid:", "VmHWM:". 0: there is none. */
u64 host_status(u32 pid, const char *key);
/** host_layout() - " start_brk=... brk=..." of /proc/PID/stat. */
void host_layout(u32 pid, struct text *out);

/* ---- pages.c ---- */

enum page_kind { PAGE_ZERO, PAGE_FILE, PAGE_OWN };

struct page_state {
	u64 vpn;
	u64 pfn; /* 0: not shown to us */
	u8 kind;
	bool exclusive, writable;
	bool store; /* a page of shared memory, which somebody wrote */
};

struct page_map {
	struct page_state *at;
	size_t nr, room;
};

/** page_map_read() - all resident pages of a process; @zero: host_zero_frame(). */
int page_map_read(u32 pid, const struct host_maps *maps, u64 zero, struct page_map *p);
/** page_map_fork() - what fork copies of @from: not the pages of files, which the child faults in
 * anew. All of them are shared from then on. */
int page_map_fork(struct page_map *to, struct page_map *from);
void page_map_forget(struct page_map *p, u64 start, u64 length);
void page_map_free(struct page_map *p);
/** page_map_compare() - "PID load ADDR N" and "PID store ADDR N" lines for what came since @old, in
 * so many @faults. */
void page_map_compare(u32 pid, const struct page_map *old, struct page_map *now, u64 faults,
		      struct text *out);

/* ---- files.c ---- */

struct known_files {
	char **path;
	size_t nr, room;
};

/** files_tell() - "PID cached SIZE PATH", once for each file, if it is in the host's page cache. */
void files_tell(struct known_files *k, u32 pid, const char *path, size_t length, struct text *out);
void files_free(struct known_files *k);

#endif
