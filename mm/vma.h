/*
 * vma.h - what the files of the address space share: VMAs (vma.c, vma_merge.c), their anon_vmas
 * (anon_vma.c), limits and accounts (mmap.c), zapping (memory.c), locked pages (mlock.c).
 */
#ifndef MM_VMA_H
#define MM_VMA_H

#include <mman/machine.h>

#include "mm/kobject.h"
#include "mm/pgtable.h"

/* ---- vma.c: one mapping and its place in the address space ---- */

/** vma_new() - a zeroed VMA of @mm, linked nowhere; vma_dup(): a copy of @h with a reference to its
 * file, but in no tree and without anon_vma. 0: no memory. */
handle_t vma_new(struct machine *m, handle_t mm);
handle_t vma_dup(struct machine *m, handle_t mm, handle_t h);
/** vma_free() - of an unlinked VMA: leaves its anon_vmas, drops its file. */
void vma_free(struct machine *m, handle_t h);

/** vma_link() - into the list, the tree and the file's i_mmap; vma_unlink(): out of them. */
void vma_link(struct machine *m, handle_t h);
void vma_unlink(struct machine *m, handle_t h);

static inline bool vma_linked(const struct machine *m, handle_t h)
{
	return vma_at(m, h)->prev || mm_at(m, vma_at(m, h)->mm)->vma_first == h;
}

/** vma_set_extent() - move the ends of a linked VMA; the neighbours leave room for it. */
void vma_set_extent(struct machine *m, handle_t h, u64 start, u64 end, u64 pgoff);

/** vma_start_gap() - where the room below @v ends: the guard gap of a stack is not free. */
static inline u64 vma_start_gap(const struct machine *m, const struct vma *v)
{
	u64 gap = v->flags & VM_GROWSDOWN ? m->sysctl.stack_guard_gap : 0;

	return v->start > gap ? v->start - gap : 0;
}

/** vma_set_end() - the same of the upper end, of who puts what lies behind it in order: the hole
 * there is as large as it was when he is done. */
void vma_set_end(struct machine *m, handle_t h, u64 end);

/** find_vma_intersection() - the first VMA that has a byte of [@start, @end), 0 if none. */
handle_t find_vma_intersection(struct machine *m, handle_t mm, u64 start, u64 end);
/** find_vma_prev() - the last VMA that ends at or below @addr; 0 if none. */
handle_t find_vma_prev(struct machine *m, handle_t mm, u64 addr);

/** split_vma() - cut at @addr; *@upper: the new VMA from there on. max_map_count is the
 * caller's. -ENOMEM; -EINVAL: in the midst of a huge page. */
int split_vma(struct machine *m, handle_t h, u64 addr, handle_t *upper);
/** vma_rejoin() - undo a split: the VMA behind @h becomes part of it. Cannot fail. */
void vma_rejoin(struct machine *m, handle_t h);

/**
 * vma_pte() - the entry that maps @vpn, of a small page or a huge one; NULL if it is none for want
 * of a table.
 * *@pfn: the frame of that small page.
 */
pte_t *vma_pte(struct machine *m, const struct vma *v, u64 vpn, pfn_t *pfn);

/* ---- vma_tree.c: where they are ---- */

#define VMA_TREE_DEPTH 12u /* of more mappings than the pool has */

/** vma_tree_reserve() - before a mapping is made: the tree will have room for it. -ENOMEM. */
int vma_tree_reserve(struct machine *m);
/** vma_tree_insert() - of a VMA that is in the list already; vma_tree_erase(): of one that has left
 * it, but knows who was behind it. */
void vma_tree_insert(struct machine *m, handle_t h);
void vma_tree_erase(struct machine *m, handle_t h);
/** vma_tree_start() - a VMA began at @old until now; vma_tree_gap(): look at the hole below it
 * again. */
void vma_tree_start(struct machine *m, handle_t h, u64 old);
void vma_tree_gap(struct machine *m, handle_t h);

/** vma_tree_floor() - the last VMA that begins at or below @addr, and the last of all; 0 if
 * none. */
handle_t vma_tree_floor(const struct machine *m, const struct mm *mm, u64 addr);
handle_t vma_tree_last(const struct machine *m, const struct mm *mm);
/**
 * vma_tree_hole() - the highest (@topdown) or lowest hole below a mapping that has @length bytes in
 * [@low, @high): that part of it. The hole above the last mapping does not count.
 */
bool vma_tree_hole(const struct machine *m, const struct mm *mm, bool topdown, u64 length, u64 low,
		   u64 high, u64 *from, u64 *to);

/** vma_tree_check() - order, depth and holes of the whole tree; VMAs, or -1 if it is broken. */
s64 vma_tree_check(const struct machine *m, const struct mm *mm);

/* ---- vma_merge.c: which neighbours become one ---- */

/* A mapping that is to be: what decides whether it can be part of a neighbour. */
struct vma_wish {
	u64 start, end, pgoff;
	u32 flags;
	u8 kind;
	handle_t file, anon_vma, policy;
};

struct vma_wish vma_as_wish(const struct vma *v, u64 start, u64 end);

/** vma_insert() - the free range of @w becomes a VMA of its own, which takes over the file's
 * reference. 0 or -ENOMEM, and the reference is still the caller's. */
int vma_insert(struct machine *m, handle_t mm, const struct vma_wish *w, handle_t *out);
/**
 * vma_merge_new() - make the free range of @w part of its neighbours, if they allow it.
 * @next_first: a fresh mmap looks at the mapping above before the one below; a moved mapping the
 * other way round. *@out: the VMA that covers the range now, 0 if a new one is needed. 0 or
 * -ENOMEM.
 */
int vma_merge_new(struct machine *m, handle_t mm, const struct vma_wish *w, bool next_first,
		  handle_t *out);
/** vma_grow() - may [@end, @w->end) simply be added to @h, the VMA below? Does it: brk. */
bool vma_grow(struct machine *m, handle_t h, const struct vma_wish *w);

/**
 * vma_modify() - give [@start, @end) of @h other flags: merged with neighbours that have them, or
 * split off. *@out: the VMA that covers the range. -ENOMEM (max_map_count, or memory): unchanged.
 */
int vma_modify(struct machine *m, handle_t h, u64 start, u64 end, u32 flags, handle_t *out);

/** vma_modify_policy() - the same for the memory policy. */
int vma_modify_policy(struct machine *m, handle_t h, u64 start, u64 end, handle_t policy);

/* ---- anon_vma.c ---- */

/** anon_vma_prepare() - @h is about to get its first anonymous page. 0 or -ENOMEM. */
int anon_vma_prepare_slow(struct machine *m, handle_t h);
static inline int anon_vma_prepare(struct machine *m, handle_t h)
{
	return likely(vma_at(m, h)->anon_vma) ? 0 : anon_vma_prepare_slow(m, h);
}

/** anon_vma_clone() - @dst may hold whatever anonymous pages @src holds (split, merge, move). */
int anon_vma_clone(struct machine *m, handle_t dst, handle_t src);
/** anon_vma_fork() - @child is fork's copy of @parent. */
int anon_vma_fork(struct machine *m, handle_t child, handle_t parent);
void unlink_anon_vmas(struct machine *m, handle_t h);
/** anon_vma_chain_single() - is this mapping in exactly one anon_vma's tree? */
bool anon_vma_chain_single(const struct machine *m, const struct vma *v);

/* Before and after the page offsets of a VMA change: out of the interval trees, and in again. */
void rmap_trees_leave(struct machine *m, handle_t h);
void rmap_trees_enter(struct machine *m, handle_t h);

/** anon_vma_visit(), i_mmap_visit() - every VMA of an anon_vma, or of a file, whose page offsets include [@first,
 * @last], until @fn returns false. */
bool anon_vma_visit(struct machine *m, handle_t anon_vma, u64 first, u64 last,
		    bool (*fn)(struct machine *m, handle_t vma, void *arg), void *arg);
bool i_mmap_visit(struct machine *m, handle_t inode, u64 first, u64 last,
		  bool (*fn)(struct machine *m, handle_t vma, void *arg), void *arg);
extern const struct treap_type anon_vma_tree, i_mmap_tree;

/* ---- mmap.c: limits and accounts ---- */

static inline bool task_capable(const struct machine *m, handle_t task)
{
	return !task || task_at(m, task)->uid == 0;
}

u64 task_rlimit_pages(const struct machine *m, handle_t task, enum rlimit_id which);
bool may_expand_vm(const struct machine *m, handle_t task, const struct mm *mm, u32 flags,
		   u64 pages);
void vm_stat_account(struct mm *mm, u32 flags, s64 pages);
/** mlock_future_check() - may @pages more be locked? 0 or -EAGAIN. */
int mlock_future_check(const struct machine *m, handle_t task, const struct mm *mm, u32 flags,
		       u64 pages);
/** vma_page_prot() - PTE_USER and PTE_WRITE of a fresh entry: private mappings wait for the
 * copy. */
u64 vma_page_prot(const struct machine *m, const struct vma *v);
bool map_count_full(const struct machine *m, const struct mm *mm);

/** How many pages are worked on between two safe points of a long call: about a millisecond. */
#define BATCH_PAGES (1u << 15)

/* Is to unmap all of it more than a batch? Tables without pages of memory count, too. */
static inline bool mm_takes_batches(const struct mm *mm)
{
	return mm_rss(mm) > BATCH_PAGES || mm->nr_ptes > BATCH_PAGES / 16;
}
/** batch_end() - a call that changes mappings may take [@start, @end) of one in pieces that others
 * come in between; the pieces become one mapping again as they get the same rights. Where the next
 * piece ends: at @end if there is no room for the two mappings more that it may take meanwhile. */
u64 batch_end(struct machine *m, const struct mm *mm, u64 start, u64 end);

/* ---- munmap.c ---- */

/** mm_munmap() - unmap without a task's limits; @keep_charge: Committed_AS stays (mremap). */
int mm_munmap(struct machine *m, handle_t mm, u64 start, u64 length, bool keep_charge);
/** mm_munmap_slowly() - by a command: what is large goes in batches with safe points between.
 * -EINTR: stopped half-way, or the process has died. */
int mm_munmap_slowly(struct machine *m, handle_t mm, u64 start, u64 length);
/** expand_stack() - grow @h down to @addr; -ENOMEM, -EPERM. */
int expand_stack(struct machine *m, handle_t task, handle_t h, u64 addr);

/* ---- chardev.c ---- */

/** remap_pfn_range() - enter all frames of a device into its new mapping. -ENOMEM. */
int remap_pfn_range(struct machine *m, handle_t vma);

/* ---- mbind.c, mempolicy.c ---- */

/** vma_migratable() - may pages of the mapping move to other frames? */
bool vma_migratable(const struct vma *v);
/** alloc_page_vma() - a user page for @addr of @vma (0: nobody's), by its memory policy or the
 * running task's. */
pfn_t alloc_page_vma(struct machine *m, handle_t vma, u64 addr, gfp_t gfp);

/* ---- zap.c ---- */

/** zap_page_range() - forget the entries of [@start, @end) of one VMA; pages nobody else has go. */
void zap_page_range(struct machine *m, handle_t vma, u64 start, u64 end);
/** zap_page_range_some() - the same, but stops after @most pages, or as much work; returns how far it came. */
u64 zap_page_range_some(struct machine *m, handle_t vma, u64 start, u64 end, u64 most);
/** unmap_some() - a batch of [@start, @end) of one VMA that is to go altogether: pages, and the
 * tables that held nothing else. How far it came. */
u64 unmap_some(struct machine *m, handle_t vma, u64 start, u64 end);
/** unmap_mapping_range() - zap the pages [@first, @last] of a file in every mapping of it;
 * @even_cows: private copies too (truncate). */
void unmap_mapping_range(struct machine *m, handle_t inode, u64 first, u64 last, bool even_cows);
/** copy_page_range() - fork: the child's @dst gets the entries of @src, in batches with safe
 * points.
 * -ENOMEM; -EINTR: to end at once, the parent may be gone. */
int copy_page_range(struct machine *m, handle_t dst, handle_t src);

/* ---- gup.c ---- */

/** populate_vma_range() - fault in what is missing of [@start, @end) of one VMA, as mlock does. */
int populate_vma_range(struct machine *m, handle_t task, handle_t vma, u64 start, u64 end,
		       bool write);
/** mm_populate() - the same for every VMA of the range; @ignore_errors: as far as it goes. */
int mm_populate(struct machine *m, handle_t task, u64 start, u64 length, bool ignore_errors);

/* ---- memory.c ---- */

/** handle_remote_fault() - make the page at @addr of @vma present and, for @write, its own,
 * whatever the mapping allows its process; the caller has looked at that. No task's faults. */
enum vm_fault handle_remote_fault(struct machine *m, handle_t vma, u64 addr, bool write);

static inline void update_hiwater_rss(struct mm *mm)
{
	u64 rss = mm_rss(mm);

	if (rss > mm->hiwater_rss)
		mm->hiwater_rss = rss;
}

#endif
