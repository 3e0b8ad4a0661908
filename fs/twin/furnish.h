/*
 * furnish.h - what the parts of furnishing a twin share.
 *
 *	furnish.c    the order, the report
 *	knobs.c      sysctls, sysfs
 *	tasks.c      processes, kernel threads, threads; time used
 *	spaces.c     smaps: mappings, resident pages
 *	unread.c     address spaces of processes whose smaps could not be read
 *	files.c      the files behind mappings
 *	caches.c     page cache, shared memory, slab, the kernel's own memory
 *
 * All of it depends on the capture and the machine only: a replay furnishes the same machine.
 */
#ifndef FS_TWIN_FURNISH_H
#define FS_TWIN_FURNISH_H

#include <mman/machine.h>
#include <mman/twin.h>

#include "fs/tree.h"
#include "fs/twin/capture.h"
#include "fs/twin/stat.h"

#define TICK_NS 10000000u /* /proc counts time in 1/100 s */

/* A file of the other machine, known by device, inode number and name. */
struct twin_inode {
	u64 dev, ino;	   /* dev: major << 32 | minor */
	struct slice name; /* as maps has it, "(deleted)" included */
	handle_t inode;
	bool deleted, is_exe;
	u32 next; /* in the same bucket; 0 ends */
};

#define TWIN_BUCKETS 4096u

struct twin_files {
	struct twin_inode *inodes; /* from 1 on */
	u32 nr, max;
	u32 bucket[TWIN_BUCKETS];
	u64 *memory_devs; /* devices of tmpfs */
	size_t nr_memory_devs;
};

struct twin {
	struct tree *tree;
	struct machine *m;
	struct capture c;
	FILE *err;
	struct twin_files files;
	bool soft_dirty; /* the other kernel keeps soft-dirty bits: VmFlags has "sd" */

	/* for the report */
	u64 nr_tasks, nr_unread, nr_short; /* processes: all; without smaps; with too few pages */
	u64 nr_threads, nr_threads_there;  /* that were shown; that the other kernel counts */
	u64 pages_short, swap_kb, hugetlb_kb, thp_kb;
	u64 nr_bad_mappings;
	u64 cache_short, cache_over, kernel_pages, free_short; /* pages */
};

/* knobs.c */
void twin_knobs(struct twin *t);
/* tasks.c */
int twin_tasks(struct twin *t);
void twin_totals(struct twin *t);
/* spaces.c */
int twin_spaces(struct twin *t);
/** twin_place() - populate and keep count of what did not fit. */
void twin_place(struct twin *t, handle_t vma, const struct twin_pages *want, u64 *missing);
/* unread.c */
int twin_unread_space(struct twin *t, handle_t mm, struct slice status, u64 *missing);
/* files.c */
int twin_files_init(struct twin *t);
/** twin_inode_of() - the file @name of @dev, made if it is new; 0: no memory. */
handle_t twin_inode_of(struct twin *t, u64 dev, u64 ino, struct slice name, u32 vm_flags);
/** twin_file_is_exe() - some process's exe leads to it. */
void twin_file_is_exe(struct twin *t, handle_t inode);
/** twin_files_done() - everything is mapped: paths that were deleted hold nothing any more. */
void twin_files_done(struct twin *t);
void twin_files_free(struct twin *t);
/* caches.c */
void twin_caches(struct twin *t);

#endif
