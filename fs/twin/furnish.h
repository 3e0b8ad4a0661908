/*
 * furnish.h - what the parts of furnishing a twin share.
 *
 *	furnish.c    the order, the report
 *	knobs.c      sysctls, sysfs
 *	tasks.c      processes, kernel threads, threads; time used
 *	cgroups.c    their control groups
 *	attributes.c their limits, processors and nodes
 *	spaces.c     smaps: mappings
 *	layout.c     which of their pages are resident or in swap
 *	plan.c	     the same, where only sums are known
 *	sharing.c    these pages, who has them with whom
 *	holder.c     what shares of pages those have who could not be read
 *	tune.c	     the same for all mappings at once
 *	swaps.c      swap areas
 *	hugepages.c  pages of hugetlb pools that are in use
 *	counters.c   vmstat
 *	compare.c    what agrees: sim/twin
 *	unread.c     address spaces of processes whose smaps could not be read
 *	kin.c	     what of their memory they share since a fork
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
#include "fs/twin/layout.h"
#include "fs/twin/stat.h"

#define MOST_HELD 4000 /* how often the holder maps a page */
/* Pss of a page that one mapping has alone, and of a kB. */
#define PAGE_PSS (PAGE_SIZE << PSS_SHIFT)
#define KB_PSS	 ((u64)1024 << PSS_SHIFT)

/** least() - the smaller of two counts; either is worked out once, unlike those of min_t(). */
static inline u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

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

/* What smaps says of a mapping, and what must come out; kB. */
enum twin_measure { TWIN_RSS, TWIN_PSS, TWIN_SWAP, TWIN_SHARED, TWIN_PRIVATE, NR_TWIN_MEASURES };

struct twin_seen {
	handle_t vma;
	size_t process; /* in the capture */
	u64 kb[NR_TWIN_MEASURES];
	struct wanted want;
	struct slice line; /* of PID/pages */
	u64 family;
	u64 young, dirty_own, dirty_shared, lazyfree; /* pages */
	u64 pgoff;
	bool dirty_told, swap_shared;
};

/* Pages of a mapping that others have too, and how many of these were not read: by plan. */
struct twin_place {
	size_t seen;
	u64 first, n, mappers, more;
};

/* An address space while it is made. */
struct twin_space {
	handle_t task;
	size_t process;
	u64 family;
};

/* A page (or slot of swap) that others will have too. */
struct twin_shared {
	u64 key[2]; /* number, 0; or family and file, place */
	u32 page;   /* PFN or slot, + 1; 0: unused */
};

struct twin_shares {
	struct twin_shared *table;
	u64 nr, mask;
};

/* A group of processes of the other machine. */
struct twin_cgroup {
	struct slice path;
	handle_t text;
};

/* Limits as PID/limits has them, and who has them. */
struct twin_limits {
	struct slice text;
	handle_t task;
};

/* A process that could not be read, among those that it was forked from. */
struct twin_kin {
	size_t parent; /* place in the capture, + 1; 0: none that is one program with it */
	bool has_child;
	handle_t vma; /* its data, once that is there, and how many pages it has */
	u64 anon;
};

struct twin {
	struct tree *tree;
	struct machine *m;
	struct capture c;
	FILE *err;
	struct twin_files files;
	struct twin_cgroup *cgroups;
	size_t nr_cgroups;
	struct twin_limits *limits;
	size_t nr_limits;
	bool soft_dirty;  /* the other kernel keeps soft-dirty bits: VmFlags has "sd" */
	bool has_pss;	  /* its smaps has Pss */
	bool has_pages;	  /* page tables were read */
	bool has_numbers; /* with the numbers of shared pages: who has which with whom is known */

	bool *unsteady; /* processes, by their place in the capture, that changed while they were read */
	bool read_twice;      /* so that this is known */
	struct layout layout; /* of the mapping that is being made */
	struct twin_seen *seen;
	size_t nr_seen, max_seen;
	struct twin_kin *kin; /* by place in the capture */
	/* pages that they share with their parents; that they could at most */
	u64 kin_shared, kin_most;
	u64 commit_left;	   /* pages of Committed_AS that are nobody's so far */
	u64 dirty_left;		   /* pages of files that may be dirty: meminfo's Dirty */
	struct layout *plans;	   /* by place in ->seen; NULL: page tables are known */
	struct twin_place *places; /* that come with the plans */
	size_t nr_places;
	struct twin_shares shares;
	struct twin_shares sharers;   /* how many have a page, by its place */
	u64 swap_left[MAX_SWAPFILES]; /* pages in use there that are not in the twin yet */
	handle_t holder;	      /* address space; 0: not needed so far */
	u64 holder_at;		      /* where it has room */
	u64 nr_held, anon_held;	      /* mappings of pages that it stands for; pages of its own */
	u64 nr_capped;		      /* pages that it would have to map more often than it can */

	/* for the report */
	/* processes: all; with smaps; without; with too few pages */
	u64 nr_tasks, nr_unread, nr_short;
	u64 nr_threads, nr_threads_there; /* that were shown; that the other kernel counts */
	u64 pages_short, swap_short, thp_kb, ksm_kb, huge_kb;
	u64 nr_knobs, nr_counters; /* settings that are as there; counters that go on */
	u64 nr_knobs_held;	   /* of these, those that nothing acts upon */
	struct text knobs_missing, knobs_refused; /* their names, a blank before each */
	u64 nr_bad_mappings;
	u64 cache_short, cache_over, free_short; /* pages */
};

/* knobs.c */
void twin_knobs(struct twin *t);
/* tasks.c */
int twin_tasks(struct twin *t);
/** twin_cgroup_of() - the group that PID/cgroup names: task->cgroup. -ENOMEM. (cgroups.c) */
int twin_cgroup_of(struct twin *t, struct slice cgroup, handle_t *out);
/* attributes.c */
int twin_attributes(struct twin *t, const struct capture_process *p, handle_t task);
void twin_totals(struct twin *t);
/* spaces.c */
int twin_spaces(struct twin *t);
/* sharing.c */
/** twin_place() - the pages of ->layout in the mapping @seen, as far as there is room; what is
 * missing is counted. 0, -ENOMEM. */
int twin_place(struct twin *t, const struct twin_seen *seen, u64 *missing);
/** twin_count_sharers() - of all of ->seen, before the first is placed. 0, -ENOMEM. */
int twin_count_sharers(struct twin *t);
void twin_shares_free(struct twin *t);
/* plan.c */
/** twin_plan() - layouts for all of ->seen, where only sums are known. 0, -ENOMEM. */
int twin_plan(struct twin *t);
void twin_plan_free(struct twin *t);
/* swaps.c */
void twin_swaps_init(struct twin *t);
/** twin_swap_area() - where the next swapped page goes. */
u32 twin_swap_area(const struct twin *t);
/** twin_shmem_in_swap() - shared memory's, when all that is resident is there. */
void twin_shmem_in_swap(struct twin *t);
/** twin_swap_cache() - what was read back and is still there. */
void twin_swap_cache(struct twin *t);
/** twin_swap_rest() - what nobody that was read has there. */
void twin_swap_rest(struct twin *t);
/* holder.c */
int twin_holder(struct twin *t);
int twin_hold_shares(struct twin *t);
/** twin_hold_rest() - anonymous memory that belongs to nobody who was shown. */
void twin_hold_rest(struct twin *t);
/** twin_hold_mapped() - up to @n pages of @inode that somebody maps who was not shown. */
void twin_hold_mapped(struct twin *t, handle_t inode, u64 n);
/* tune.c */
/** twin_tune() - @held: by frame, how often the holder is to map it; brought to the Pss of all
 * mappings. 0, -ENOMEM. */
int twin_tune(struct twin *t, s16 *held);
/** twin_has_sums() - there are sums of whole processes that it could bring about. */
bool twin_has_sums(const struct twin *t);
/* counters.c */
void twin_counters(struct twin *t);
/* compare.c */
/** twin_compare() - the text of sim/twin, and its summary on t->err. */
void twin_compare(struct twin *t);
/* unread.c */
int twin_unread_space(struct twin *t, size_t process, handle_t mm, struct slice status,
		      u64 *missing);
/* kin.c */
/** twin_kin_init() - when all that could be read is there. 0, -ENOMEM. */
int twin_kin_init(struct twin *t);
bool twin_has_kin(const struct twin *t, size_t process);
/** twin_put_kin() - @n anonymous pages at the start of @vma, all families' at the same offset. How
 * many there are. */
u64 twin_put_kin(struct twin *t, size_t process, handle_t vma, u64 n);
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
/* hugepages.c */
void twin_huge_pages(struct twin *t);

#endif
