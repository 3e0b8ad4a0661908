/*
 * twin.h - putting into a machine what another one has: a twin is not booted into its state by
 * programs that run, it is furnished.
 *
 * Nothing here asks a limit, sends a signal, reads ahead, reclaims or costs virtual time; everything
 * goes through the same page tables, lists and counters as a fault would, so that afterwards nobody
 * can tell. Where memory runs out a call does what it can and says how much that was.
 * Machine lock held by every caller; furnishing comes before the machine's first command.
 */
#ifndef MMAN_TWIN_H
#define MMAN_TWIN_H

#include <mman/mm.h>

/* ---- processes ---- */

/** twin_thread() - one more thread of @task's group, with the number @tid. -ENOMEM, -EEXIST ... */
int twin_thread(struct machine *m, handle_t task, u32 tid, const char *comm, handle_t *out);
/** twin_set_parent() - who waits for it. Not for the first process. */
void twin_set_parent(struct machine *m, handle_t task, handle_t parent);
/**
 * twin_kernel_tasks() - when the other machine's tasks are there: the engine's own among them take up
 * their work (init is PID 1, kswapdN and kcompactdN belong to their nodes), and those that the
 * other did not show (it was a container) are made with numbers that are free. 0 or -errno.
 */
int twin_kernel_tasks(struct machine *m);

/* ---- files ---- */

struct twin_file {
	const char *name; /* as maps shows it, without "(deleted)" */
	enum inode_kind kind;
	u32 dev_major, dev_minor;
	u64 ino;
};

/** twin_file() - a file of the other machine, held by one reference of the caller's: that of the
 * path that leads to it there. 0: no memory. */
handle_t twin_file(struct machine *m, const struct twin_file *f);
/** twin_file_deleted() - no path leads to it there: gives the reference up. */
void twin_file_deleted(struct machine *m, handle_t inode);
/** twin_shmem_reserve() - shared memory that was promised as a whole: charges the file's size instead of
 * its pages. */
void twin_shmem_reserve(struct machine *m, handle_t inode);
/** twin_cache_fill() - up to @pages more pages at the end of @inode's page cache, of node @nid if it
 * has them, the first @dirty of them dirty. Returns how many there were. */
u64 twin_cache_fill(struct machine *m, handle_t inode, u64 pages, u64 dirty, int nid);
/** twin_activate() - the oldest @pages of a node's inactive list (of files, or anonymous) move to the
 * active one. Returns how many did. */
u64 twin_activate(struct machine *m, u32 nid, bool file, u64 pages);

/* ---- address spaces ---- */

struct twin_mapping {
	u64 start, end; /* bytes */
	u64 pgoff;	/* pages; private anonymous: start >> PAGE_SHIFT */
	u32 flags;	/* VM_*: VM_ACCOUNT charges Committed_AS */
	enum vma_kind kind;
	handle_t inode; /* 0: none */
};

/** twin_map() - exactly this mapping, merged with no neighbour. -EINVAL, -EEXIST, -ENOMEM. */
int twin_map(struct machine *m, handle_t mm, const struct twin_mapping *w, handle_t *vma);

/* Resident pages of a mapping. */
struct twin_pages {
	u64 anon;	/* its own, from the start (of a stack: from the top) */
	u64 shared;	/* the first of these are those of the mapping at the same place in ... */
	handle_t from;	/* ... this address space, as after a fork; 0: none */
	u64 file;	/* its file's, behind those */
	u64 dirty;	/* of the file's: written through this mapping */
	u64 referenced; /* of all: with the accessed bit */
};

/** twin_populate() - exactly these pages of a mapping that has none yet, on the node of m->cpu if it has
 * room. Returns how many there are: less when the mapping is too short or memory runs out. */
u64 twin_populate(struct machine *m, handle_t vma, const struct twin_pages *want);

/* ---- the rest of memory ---- */

/** twin_set_marks() - a zone's watermarks (min, low, high) and protections as the other kernel's are
 * now; a later change of a knob computes them anew. @reserve: by enum zone_type. */
void twin_set_marks(struct machine *m, u32 nid, enum zone_type type, const u64 marks[3],
		    const u64 reserve[MAX_NR_ZONES]);

/** twin_room() - pages that can still be taken without anybody having to be asked to give some back. */
u64 twin_room(const struct machine *m);
/** twin_take_kernel_pages() - @pages that the other machine's kernel has and no counter names.
 * Returns how many there were. */
u64 twin_take_kernel_pages(struct machine *m, u64 pages, int nid);

#endif
