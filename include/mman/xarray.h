/*
 * xarray.h - a file's page cache index: page offset -> page frame.
 *
 * A radix tree of 64 slots a node, as deep as the largest index needs. A slot of the lowest level
 * is a PFN, or 0 for no page (frame 0 is never in a page cache). Marks are one bit per slot; on
 * the upper levels they say whether any slot below has the mark, so that the few dirty pages of a
 * large file are found at once. A file whose only page is the first needs no node, as on Linux:
 * the root then holds the entry itself.
 *
 * The owner keeps one handle (struct inode ->pages). Nodes are charged to radix_tree_node.
 * Source: Documentation/core-api/xarray.rst.
 */
#ifndef MMAN_XARRAY_H
#define MMAN_XARRAY_H

#include <mman/types.h>

#define XA_SLOTS 64u
#define XA_SHIFT 6u

enum xa_mark {
	XA_DIRTY,
	XA_WRITEBACK,
	XA_SHADOW, /* the slot holds no page but the age of its eviction */
	NR_XA_MARKS
};

/* An entry that is no page: a shadow (workingset.h) or, in shared memory, a swap slot. */
#define XA_VALUE 0x80000000u

/** xa_is_value() - is @entry no page? */
static inline bool xa_is_value(u32 entry)
{
	return entry & XA_VALUE;
}

/** xa_is_page() - neither that nor nothing? */
static inline bool xa_is_page(u32 entry)
{
	return (s32)entry > 0;
}

struct xa_node {
	u8 shift;	  /* bits of index below a slot of this node */
	u8 offset;	  /* slot in the parent */
	u8 count;	  /* slots in use */
	bool shadow_only; /* it holds nothing but shadows: in mm_state.shadow_nodes */
	handle_t parent;
	handle_t owner;	     /* inode, once a shadow was put here */
	u32 nid;	     /* whose WORKINGSET_NODES counts it */
	handle_t next, prev; /* in mm_state.shadow_nodes */
	u32 nr_values;	     /* of the lowest level: slots with XA_SHADOW */
	u64 mark[NR_XA_MARKS], reserved;
	u32 slot[XA_SLOTS];	/* shift 0: PFNs; else: nodes */
} __attribute__((aligned(64))); /* what is not slots is one line of the host's cache */

/* Where a walk has ended: what follows about the same entry need not walk again. A root with a node
 * below it belongs to one tree, so the two say which tree and which leaf are meant. Good until a
 * node is freed. */
struct xa_leaf {
	handle_t root, leaf;
	u64 chunk; /* index / XA_SLOTS */
	u64 freed; /* mm_state.xa_freed then */
};

/** xa_load() - the entry at @index, 0 if none. May be a value: who wants a page asks xa_page(). */
u32 xa_load(const struct machine *m, handle_t root, u64 index);
/** xa_walk() - the same, by whom more will be asked of this entry and its neighbours. */
u32 xa_walk(struct machine *m, handle_t root, u64 index);
/* Walks of one tree to several entries at once. */
#define XA_FETCH_MAX 32u
struct xa_batch {
	handle_t root;
	u32 nr;
	u64 freed; /* mm_state.xa_freed then */
	u64 index[XA_FETCH_MAX];
	handle_t leaf[XA_FETCH_MAX]; /* 0: none */
	/* where the entry is, and the leaf; without a leaf those of a node with no entries */
	const u32 *slot[XA_FETCH_MAX];
	const struct xa_node *node[XA_FETCH_MAX];
};

/** xa_fetch() - walk to each of @b->index without looking at what is there, which the host fetches
 * meanwhile. */
void xa_fetch(const struct machine *m, handle_t root, struct xa_batch *b);

/** xa_batch_peek() - what is at the @i-th by now; no more than a hint once nodes may have come or
 * gone. */
static inline u32 xa_batch_peek(const struct xa_batch *b, u32 i)
{
	return *b->slot[i];
}

/** xa_page() - the page at @index; 0 if none, or if the entry is a value. */
static inline u32 xa_page(const struct machine *m, handle_t root, u64 index)
{
	u32 entry = xa_load(m, root, index);

	return xa_is_value(entry) ? 0 : entry;
}

/** xa_store() - set the entry (never 0) at @index; marks are cleared. 0 or -ENOMEM, nothing
 * changed. xa_exchange(): *@old is what was there, 0 if nothing. */
int xa_store(struct machine *m, handle_t *root, u64 index, u32 entry);
int xa_exchange(struct machine *m, handle_t *root, u64 index, u32 entry, u32 *old);
/** xa_replace() - another entry where there is one (never 0); marks stay. 0; -ENOMEM, nothing
 * changed: only for the single entry of a file without nodes, when the frame's number is too large
 * for the root. */
int xa_replace(struct machine *m, handle_t *root, u64 index, u32 entry);
/** xa_erase() - remove and return the entry; empty nodes go. */
u32 xa_erase(struct machine *m, handle_t *root, u64 index);

/**
 * xa_store_shadow() - the page at @index of file @inode is being evicted from node @nid: @shadow
 * takes its place. Allocates nothing. False where no shadow can be: the only page of a file, which
 * has no node. Nodes with nothing but shadows are counted (WORKINGSET_NODES), and the oldest go
 * when there are more than an eighth as many as pages of RAM (WORKINGSET_NODERECLAIM), so that a
 * huge file read once does not fill the memory with its past.
 */
bool xa_store_shadow(struct machine *m, handle_t inode, u64 index, u32 shadow, u32 nid);
/** xa_store_shadows() - the same at each of @b->index, all of which are pages of the file's.
 * xa_fetch_shadows() comes before, and some other work meanwhile that leaves the tree alone: the
 * host fetches what will be changed. False: no shadow can be there. */
bool xa_fetch_shadows(const struct machine *m, handle_t root, struct xa_batch *b);
void xa_store_shadows(struct machine *m, handle_t inode, const struct xa_batch *b,
		      const u32 *shadow, u32 nid);
/** shrink_shadow_nodes() - forget the shadows of the @nr oldest such nodes; nodes freed. */
u64 shrink_shadow_nodes(struct machine *m, u64 nr);

/** xa_get_mark(), xa_set_mark(), xa_clear_mark() - of the entry at @index, which must be there to
 * be marked. */
bool xa_get_mark(const struct machine *m, handle_t root, u64 index, enum xa_mark mark);
void xa_set_mark(struct machine *m, handle_t *root, u64 index, enum xa_mark mark);
void xa_clear_mark(struct machine *m, handle_t *root, u64 index, enum xa_mark mark);

/** xa_find() - the first entry, page or value, at *@index or above, at most @max, which is moved
 * there; 0: none. xa_find_marked(): that has @mark. */
u32 xa_find(const struct machine *m, handle_t root, u64 *index, u64 max);
u32 xa_find_marked(const struct machine *m, handle_t root, u64 *index, u64 max, enum xa_mark mark);

/** xa_find_page() - as xa_find(), passing over values. */
static inline u32 xa_find_page(const struct machine *m, handle_t root, u64 *index, u64 max)
{
	u32 entry;

	while (xa_is_value(entry = xa_find(m, root, index, max))) {
		if (*index == max)
			return 0;
		++*index;
	}
	return entry;
}

#endif
