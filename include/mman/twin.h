/*
 * twin.h - putting into a machine what another one has: a twin is not booted into its state by
 * programs that run, it is furnished.
 *
 * Nothing here asks a limit, sends a signal, reads ahead, reclaims or costs virtual time;
 * everything goes through the same page tables, lists and counters as a fault would, so that
 * afterwards nobody can tell. Where memory runs out a call does what it can and says how much that
 * was. Machine lock held by every caller; furnishing comes before the machine's first command.
 */
#ifndef MMAN_TWIN_H
#define MMAN_TWIN_H

#include <mman/mm.h>

/* ---- processes ---- */

/** twin_thread() - one more thread of @task's group, with the number @tid. -ENOMEM, -EEXIST ... */
int twin_thread(struct machine *m, handle_t task, u32 tid, const char *comm, handle_t *out);
/** twin_set_parent() - who waits for it. Not for the first process. */
void twin_set_parent(struct machine *m, handle_t task, handle_t parent);
/** twin_cgroup() - the text of a group's path, which lives as long as the machine: task->cgroup. 0:
 * no memory. */
handle_t twin_cgroup(struct machine *m, const char *path, size_t size);
/** twin_same_limits() - @task has the limits of @other from now on, one record for both. */
void twin_same_limits(struct machine *m, handle_t task, handle_t other);
/**
 * twin_kernel_tasks() - when the other machine's tasks are there: the engine's own among them take
 * up their work (init is PID 1, kswapdN and kcompactdN belong to their nodes), and those that the
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
/** twin_shmem_reserve() - shared memory that was promised as a whole: charges the file's size
 * instead of its pages. */
void twin_shmem_reserve(struct machine *m, handle_t inode);
/** twin_cache_fill() - up to @pages more pages at the end of @inode's page cache, of node @nid if
 * it has them, the first @dirty of them dirty. Returns how many there were. */
u64 twin_cache_fill(struct machine *m, handle_t inode, u64 pages, u64 dirty, int nid);
/** twin_activate() - the oldest @pages of a node's inactive list (of files, or anonymous) move to
 * the active one. Returns how many did. */
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

/*
 * Pages of a mapping, by their number in it. All of these calls put a page where none is, on the
 * node of m->cpu if it has room.
 */
struct twin_stretch {
	handle_t vma;
	u64 first, n;
	u64 young; /* the first of them have the accessed bit */
	u64 dirty; /* the first of them are dirty: written through this mapping */
	u64 lazy; /* the last of them that are not dirty were given up with MADV_FREE; anonymous ones only */
};

/** twin_put_own() - anonymous pages that are this mapping's alone. Returns how many there are: less
 * when the mapping is too short or memory runs out. */
u64 twin_put_own(struct machine *m, const struct twin_stretch *s);
/** twin_put_file() - pages of its file (or of the vdso), in the page cache or new there. One that
 * is dirty already counts for s->dirty too. Returns how many there are. */
u64 twin_put_file(struct machine *m, const struct twin_stretch *s);

/**
 * twin_family() - @vma is about to share anonymous pages: it descends, as by fork(2), from @first,
 * the first mapping that did (0: it is the first). 0 or -ENOMEM.
 */
int twin_family(struct machine *m, handle_t vma, handle_t first);
/** twin_put_shared() - an anonymous page that all of a family may have; the first who has it.
 * PFN_NONE: no memory. twin_share() - one more has it, at the same place. False: it is another
 * family's, or lies at another offset there. */
pfn_t twin_put_shared(struct machine *m, handle_t vma, u64 page, bool young, bool dirty);
bool twin_share(struct machine *m, handle_t vma, u64 page, pfn_t pfn, bool young, bool dirty);

/** twin_put_swapped() - an anonymous page that is in the swap area @area; others may have it too if
 * not @exclusive. Its slot, 0: the area is full or off. twin_share_swapped() - one more of the
 * family has @slot at the same place. */
u32 twin_put_swapped(struct machine *m, handle_t vma, u64 page, u32 area, bool exclusive);
bool twin_share_swapped(struct machine *m, handle_t vma, u64 page, u32 slot);
/** twin_cache_swapped() - the anonymous page @pfn, which is in memory and was read from swap, still
 * has a slot in @area. False: it has one already, or none is free. */
bool twin_cache_swapped(struct machine *m, pfn_t pfn, u32 area);
/** twin_read_back() - up to @n pages of @vma that are in swap are in memory too, as reading ahead
 * leaves them: in the swap cache, mapped by nobody. Returns how many. */
u64 twin_read_back(struct machine *m, handle_t vma, u64 n);
/** twin_shmem_swapped() - up to @n pages of shared memory that @vma shows, has not and that are not
 * in memory are in the area @area. Returns how many. */
u64 twin_shmem_swapped(struct machine *m, handle_t vma, u64 n, u32 area);

/** twin_unshare() - instead of an anonymous page that others have too a mapping has one of its own
 * there, which others may have as twin_put_shared()'s. PFN_NONE: it is none, or no memory. */
pfn_t twin_unshare(struct machine *m, handle_t vma, u64 page);
/** twin_cached_page() - page @index of a file, if it is in memory; else PFN_NONE. */
pfn_t twin_cached_page(struct machine *m, handle_t inode, u64 index);
/** twin_other_page() - a page of its file that a mapping does not have so far, and that @may be
 * taken or is not in memory; UINT64_MAX: none. */
u64 twin_other_page(struct machine *m, handle_t vma, bool (*may)(void *arg, pfn_t pfn), void *arg);
/** twin_change_page() - a mapping has page @other of its file instead of page @page, both counted
 * from its start; UINT64_MAX: none instead. False: that is not possible, and nothing changes. */
bool twin_change_page(struct machine *m, handle_t vma, u64 page, u64 other);

/** twin_visit() - @fn for each resident page of a mapping. */
void twin_visit(struct machine *m, handle_t vma,
		void (*fn)(void *arg, u64 page, pfn_t pfn, const struct page *p), void *arg);

/*
 * The hidden holder: an address space of no process, which stands for the mappings of all those
 * that could not be read. Its pages have their share of Pss, and can be reclaimed as any other's.
 */

/** twin_hold() - @holder maps the pages @first to @first + @n of @vma as well, page @first + i
 * @times[i] times; not resident ones are left out. *@at: where in the holder there is room; moves
 * on. 0, -ENOMEM. */
int twin_hold(struct machine *m, handle_t holder, u64 *at, handle_t vma, u64 first, u64 n,
	      const u16 *times);
/** twin_hold_file() - @holder maps the first @n pages of a file that has them in the page cache.
 * Returns how many. */
u64 twin_hold_file(struct machine *m, handle_t holder, u64 *at, handle_t inode, u64 n);
/** twin_hold_anon() - @holder has @n anonymous pages of its own, in a mapping of @span; @accounted:
 * which counts in Committed_AS. Returns how many. */
u64 twin_hold_anon(struct machine *m, handle_t holder, u64 *at, u64 n, u64 span, bool accounted);
/** twin_hold_swapped() - @holder has @n pages in the area @area. Returns how many. */
u64 twin_hold_swapped(struct machine *m, handle_t holder, u64 *at, u64 n, u32 area);

/* ---- the rest of memory ---- */

/** twin_set_marks() - a zone's watermarks (min, low, high) and protections as the other kernel's
 * are now; a later change of a knob computes them anew. @reserve: by enum zone_type. */
void twin_set_marks(struct machine *m, u32 nid, enum zone_type type, const u64 marks[3],
		    const u64 reserve[MAX_NR_ZONES]);

/** twin_event(), twin_numa_counter(), twin_node_counter() - what a counter of the other machine has
 * come to. */
void twin_event(struct machine *m, enum vm_event_item item, u64 n);
void twin_numa_counter(struct machine *m, u32 nid, enum numa_stat_item item, u64 n);
void twin_node_counter(struct machine *m, u32 nid, enum node_stat_item item, u64 n);

/** twin_room() - pages that can still be taken without anybody having to be asked to give some
 * back. */
u64 twin_room(const struct machine *m);
/** twin_take_kernel_pages() - @pages that the other machine's kernel has and no counter names.
 * Returns how many there were. */
u64 twin_take_kernel_pages(struct machine *m, u64 pages, int nid);

#endif
