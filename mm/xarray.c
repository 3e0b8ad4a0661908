/*
 * xarray.c - the page cache's index (xarray.h).
 *
 * The root handle is 0 for an empty file, a node with ROOT_NODE set, or, when the only entry is
 * the one at index 0, that entry itself with its marks in the bits above it.
 */
#include <mman/machine.h>
#include <mman/xarray.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "mm/dcache.h"
#include "mm/kobject.h"

#define ROOT_NODE	0x80000000u
#define ROOT_MARK_SHIFT 28u
#define ROOT_ENTRY_MASK ((1u << ROOT_MARK_SHIFT) - 1)

static inline struct xa_node *xa_node_at(const struct machine *m, handle_t h)
{
	return (struct xa_node *)(void *)m->mms.xa_nodes.base + h;
}

static bool root_is_node(handle_t root)
{
	return root & ROOT_NODE;
}

static handle_t root_node(handle_t root)
{
	return root & ~ROOT_NODE;
}

/* Does the tree below this root reach @index? */
static bool reaches(const struct machine *m, handle_t root, u64 index)
{
	const struct xa_node *n = xa_node_at(m, root_node(root));

	return n->shift + XA_SHIFT >= 64 || index >> (n->shift + XA_SHIFT) == 0;
}

/* From node @h, whose slots are 2^@shift indexes wide, down to the leaf. */
static inline handle_t descend(const struct machine *m, handle_t h, u32 shift, u64 index)
{
	for (; h && shift; shift -= XA_SHIFT)
		h = xa_node_at(m, h)->slot[index >> shift & (XA_SLOTS - 1)];
	return h;
}

/* Where the last walk has ended: 0 if that is not the leaf of @index. */
static inline handle_t known_leaf(const struct machine *m, handle_t root, u64 index)
{
	const struct xa_leaf *known = &m->mms.xa_leaf;

	return known->root == root && known->chunk == index >> XA_SHIFT &&
			       known->freed == m->mms.xa_freed ?
		       known->leaf :
		       0;
}

/* The lowest node on the way to @index, 0 if there is none. */
static inline handle_t leaf_of(const struct machine *m, handle_t root, u64 index)
{
	handle_t known = known_leaf(m, root, index);

	if (known)
		return known;
	if (!reaches(m, root, index))
		return 0;
	return descend(m, root_node(root), xa_node_at(m, root_node(root))->shift, index);
}

u32 xa_load(const struct machine *m, handle_t root, u64 index)
{
	handle_t leaf;

	if (!root_is_node(root))
		return index ? 0 : root & ROOT_ENTRY_MASK;
	leaf = leaf_of(m, root, index);
	return leaf ? xa_node_at(m, leaf)->slot[index & (XA_SLOTS - 1)] : 0;
}

static inline void remember(struct machine *m, handle_t root, u64 index, handle_t leaf)
{
	m->mms.xa_leaf = (struct xa_leaf){ root, leaf, index >> XA_SHIFT, m->mms.xa_freed };
}

/* The walks of xa_fetch() from node @top, whose slots are 2^@shift indexes wide: a constant, so that
 * each is a few steps without a branch. Below a slot that is empty it goes on in node 0, of which
 * all are. */
static inline __attribute__((always_inline)) void fetch_below(const struct machine *m, handle_t top,
							      struct xa_batch *b, const u32 shift)
{
	u32 i, s;

	for (i = 0; i < b->nr; i++) {
		u64 index = b->index[i];
		handle_t h = shift + XA_SHIFT < 64 && index >> (shift + XA_SHIFT) ? 0 : top;

#pragma GCC unroll 3
		for (s = shift; s; s -= XA_SHIFT)
			h = xa_node_at(m, h)->slot[index >> s & (XA_SLOTS - 1)];
		b->leaf[i] = h;
		b->node[i] = xa_node_at(m, h);
		b->slot[i] = &b->node[i]->slot[index & (XA_SLOTS - 1)];
		__builtin_prefetch(b->slot[i], 1);
	}
}

void xa_fetch(const struct machine *m, handle_t root, struct xa_batch *b)
{
	handle_t top = root_is_node(root) ? root_node(root) : 0;
	u32 shift = xa_node_at(m, top)->shift;

	b->root = root;
	b->freed = m->mms.xa_freed;
	if (shift == 3 * XA_SHIFT)
		fetch_below(m, top, b, 3 * XA_SHIFT);
	else if (shift == 2 * XA_SHIFT)
		fetch_below(m, top, b, 2 * XA_SHIFT);
	else
		fetch_below(m, top, b, shift);
}

u32 xa_walk(struct machine *m, handle_t root, u64 index)
{
	handle_t leaf;

	if (!root_is_node(root))
		return xa_load(m, root, index);
	leaf = leaf_of(m, root, index);
	if (!leaf)
		return 0;
	remember(m, root, index, leaf);
	return xa_node_at(m, leaf)->slot[index & (XA_SLOTS - 1)];
}

/* ---- nodes with nothing but shadows ---- */

static void shadow_list_add(struct machine *m, handle_t h)
{
	struct shadow_nodes *l = &m->mms.shadow_nodes;
	struct xa_node *n = xa_node_at(m, h);

	n->shadow_only = true;
	n->next = 0;
	n->prev = l->tail;
	*(l->tail ? &xa_node_at(m, l->tail)->next : &l->head) = h;
	l->tail = h;
	l->nr++;
	mod_node_page_state(m, &m->node[n->nid], WORKINGSET_NODES, 1);
}

static void shadow_list_del(struct machine *m, handle_t h)
{
	struct shadow_nodes *l = &m->mms.shadow_nodes;
	struct xa_node *n = xa_node_at(m, h);

	n->shadow_only = false;
	*(n->prev ? &xa_node_at(m, n->prev)->next : &l->head) = n->next;
	*(n->next ? &xa_node_at(m, n->next)->prev : &l->tail) = n->prev;
	n->next = n->prev = 0;
	l->nr--;
	mod_node_page_state(m, &m->node[n->nid], WORKINGSET_NODES, -1);
}

/* The entries of leaf @h have changed. */
static void leaf_changed(struct machine *m, handle_t h)
{
	const struct xa_node *n = xa_node_at(m, h);
	bool only = n->count && n->count == n->nr_values;

	if (only == n->shadow_only)
		return;
	if (only)
		shadow_list_add(m, h);
	else
		shadow_list_del(m, h);
}

static void node_free(struct machine *m, handle_t h)
{
	m->mms.xa_freed++;
	kobject_free(m, &m->mms.xa_nodes, CACHE_RADIX_TREE_NODE, h);
}

/* Remove empty nodes from @h up to the root. */
static void prune(struct machine *m, handle_t *root, handle_t h)
{
	while (h && !xa_node_at(m, h)->count) {
		const struct xa_node *n = xa_node_at(m, h);
		handle_t parent = n->parent;

		if (parent) {
			xa_node_at(m, parent)->slot[n->offset] = 0;
			xa_node_at(m, parent)->count--;
		} else {
			*root = 0;
		}
		node_free(m, h);
		h = parent;
	}
}

/*
 * Nodes are taken before the tree is touched: taking one may make the machine reclaim pages of this
 * very file, and so change the tree.
 */
#define MAX_NEW_NODES 24u /* eleven levels to grow up, eleven to go down */

struct spare_nodes {
	handle_t node[MAX_NEW_NODES];
	u32 nr;
};

/* How many nodes a store at @index would make now. */
static u32 nodes_missing(const struct machine *m, handle_t root, u64 index)
{
	u32 n = 0, shift = 0;
	handle_t h;

	if (!root_is_node(root)) {
		while (shift + XA_SHIFT < 64 && index >> (shift + XA_SHIFT))
			shift += XA_SHIFT;
		/* with an entry at 0 the old leaf hangs below the new top, beside the new leaf */
		return shift / XA_SHIFT + 1 + (root && shift ? shift / XA_SHIFT : 0);
	}
	h = root_node(root);
	shift = xa_node_at(m, h)->shift;
	if (!reaches(m, root, index)) {
		u32 top = shift;

		while (top + XA_SHIFT < 64 && index >> (top + XA_SHIFT)) {
			top += XA_SHIFT;
			n++;
		}
		return n + top / XA_SHIFT;
	}
	while (shift) {
		h = h ? xa_node_at(m, h)->slot[index >> shift & (XA_SLOTS - 1)] : 0;
		shift -= XA_SHIFT;
		n += !h;
	}
	return n;
}

static void spare_put(struct machine *m, struct spare_nodes *s)
{
	while (s->nr)
		node_free(m, s->node[--s->nr]);
}

static int spare_fill(struct machine *m, const handle_t *root, u64 index, struct spare_nodes *s)
{
	handle_t h;

	s->nr = 0;
	while (s->nr < nodes_missing(m, *root, index)) {
		h = kobject_alloc(m, &m->mms.xa_nodes, CACHE_RADIX_TREE_NODE);
		if (!h) {
			spare_put(m, s);
			return -ENOMEM;
		}
		s->node[s->nr++] = h;
	}
	return 0;
}

static handle_t spare_take(struct machine *m, struct spare_nodes *s, u8 shift, handle_t parent,
			   u8 offset)
{
	struct xa_node *n;
	handle_t h;

	assert(s->nr); /* nodes_missing() counted right */
	h = s->node[--s->nr];
	n = xa_node_at(m, h);
	n->shift = shift;
	n->parent = parent;
	n->offset = offset;
	return h;
}

/* Put one more level on top, the old tree below its first slot. */
static void grow_up(struct machine *m, handle_t *root, struct spare_nodes *s)
{
	handle_t old = root_node(*root);
	u32 direct = root_is_node(*root) ? 0 : *root, mark;
	u8 shift = root_is_node(*root) ? (u8)(xa_node_at(m, old)->shift + XA_SHIFT) : 0;
	handle_t h = spare_take(m, s, shift, 0, 0);
	struct xa_node *n = xa_node_at(m, h);

	if (direct) {
		n->slot[0] = direct & ROOT_ENTRY_MASK;
		n->count = 1;
		for (mark = 0; mark < NR_XA_MARKS; mark++)
			n->mark[mark] = direct >> (ROOT_MARK_SHIFT + mark) & 1;
	} else if (root_is_node(*root)) {
		n->slot[0] = old;
		n->count = 1;
		xa_node_at(m, old)->parent = h;
		for (mark = 0; mark < NR_XA_MARKS; mark++)
			n->mark[mark] = xa_node_at(m, old)->mark[mark] != 0;
	}
	*root = h | ROOT_NODE;
}

/* An empty tree gets its top at once; one with entries grows level by level. */
static void reach(struct machine *m, handle_t *root, u64 index, struct spare_nodes *s)
{
	u8 shift = 0;

	if (*root) {
		while (!root_is_node(*root) || !reaches(m, *root, index))
			grow_up(m, root, s);
		return;
	}
	while (shift + XA_SHIFT < 64 && index >> (shift + XA_SHIFT))
		shift = (u8)(shift + XA_SHIFT);
	*root = spare_take(m, s, shift, 0, 0) | ROOT_NODE;
}

/* The leaf for @index, made if need be. */
static handle_t make_leaf(struct machine *m, handle_t *root, u64 index, struct spare_nodes *s)
{
	handle_t h;

	reach(m, root, index, s);
	h = root_node(*root);
	while (xa_node_at(m, h)->shift) {
		struct xa_node *n = xa_node_at(m, h);
		u8 offset = (u8)(index >> n->shift & (XA_SLOTS - 1));

		if (!n->slot[offset]) {
			n->slot[offset] = spare_take(m, s, (u8)(n->shift - XA_SHIFT), h, offset);
			n->count++;
		}
		h = n->slot[offset];
	}
	return h;
}

/* No slot of a node has the mark any more: its parent's slot for it has not either. */
static void clear_mark_above(struct machine *m, struct xa_node *n, enum xa_mark mark)
{
	do {
		u64 bit = 1ull << n->offset;

		if (!n->parent)
			return;
		n = xa_node_at(m, n->parent);
		n->mark[mark] &= ~bit;
	} while (!n->mark[mark]);
}

static inline void clear_mark(struct machine *m, struct xa_node *n, enum xa_mark mark, u64 bit)
{
	if (!(n->mark[mark] & bit))
		return;
	n->mark[mark] &= ~bit;
	if (unlikely(!n->mark[mark]))
		clear_mark_above(m, n, mark);
}

/* Another entry in slot @index of a leaf, without marks. Returns the old one. */
static inline __attribute__((always_inline)) u32 set_slot(struct machine *m, struct xa_node *n,
							  u64 index, u32 entry)
{
	u32 slot = index & (XA_SLOTS - 1), old = n->slot[slot];
	u64 bit = 1ull << slot;

	n->count = (u8)(n->count + !old);
	n->slot[slot] = entry;
	if ((n->mark[XA_DIRTY] | n->mark[XA_WRITEBACK] | n->mark[XA_SHADOW]) & bit) {
		n->nr_values -= n->mark[XA_SHADOW] >> slot & 1;
		clear_mark(m, n, XA_SHADOW, bit);
		clear_mark(m, n, XA_DIRTY, bit);
		clear_mark(m, n, XA_WRITEBACK, bit);
	}
	return old;
}

/* The same, and the leaf has a page now. */
static inline u32 exchange_in(struct machine *m, handle_t leaf, u64 index, u32 entry)
{
	struct xa_node *n = xa_node_at(m, leaf);
	u32 old = set_slot(m, n, index, entry);

	if (unlikely(n->shadow_only))
		shadow_list_del(m, leaf);
	return old;
}

static __attribute__((noinline)) int exchange_walking(struct machine *m, handle_t *root, u64 index,
						      u32 entry, u32 *old)
{
	struct spare_nodes spare;
	handle_t leaf;

	if (!index && !root_is_node(*root) && entry <= ROOT_ENTRY_MASK) {
		*old = *root & ROOT_ENTRY_MASK;
		*root = entry;
		return 0;
	}
	leaf = root_is_node(*root) ? leaf_of(m, *root, index) : 0;
	if (!leaf) {
		if (spare_fill(m, root, index, &spare))
			return -ENOMEM;
		leaf = make_leaf(m, root, index, &spare);
		spare_put(m, &spare);
	}
	remember(m, *root, index, leaf);
	*old = exchange_in(m, leaf, index, entry);
	return 0;
}

int xa_exchange(struct machine *m, handle_t *root, u64 index, u32 entry, u32 *old)
{
	handle_t leaf = known_leaf(m, *root, index);

	if (unlikely(!leaf))
		return exchange_walking(m, root, index, entry, old);
	*old = exchange_in(m, leaf, index, entry);
	return 0;
}

int xa_store(struct machine *m, handle_t *root, u64 index, u32 entry)
{
	u32 old;

	return xa_exchange(m, root, index, entry, &old);
}

int xa_replace(struct machine *m, handle_t *root, u64 index, u32 entry)
{
	handle_t old = *root;
	u32 mark;

	if (root_is_node(old)) {
		xa_node_at(m, leaf_of(m, old, index))->slot[index & (XA_SLOTS - 1)] = entry;
	} else if (entry <= ROOT_ENTRY_MASK) {
		*root = (old & ~ROOT_ENTRY_MASK) | entry;
	} else {
		if (xa_store(m, root, index, entry))
			return -ENOMEM;
		for (mark = 0; mark < NR_XA_MARKS; mark++)
			if (old >> (ROOT_MARK_SHIFT + mark) & 1)
				xa_set_mark(m, root, index, (enum xa_mark)mark);
	}
	return 0;
}

u32 xa_erase(struct machine *m, handle_t *root, u64 index)
{
	u32 entry = xa_load(m, *root, index);
	handle_t leaf;

	if (!entry)
		return 0;
	if (!root_is_node(*root)) {
		*root = 0;
		return entry;
	}
	leaf = leaf_of(m, *root, index);
	set_slot(m, xa_node_at(m, leaf), index, 0);
	xa_node_at(m, leaf)->count--;
	leaf_changed(m, leaf);
	prune(m, root, leaf);
	return entry;
}

/* The first index of leaf @h. */
static u64 first_index(const struct machine *m, handle_t h)
{
	const struct xa_node *n = xa_node_at(m, h);
	u64 index = 0;

	for (; n->parent; n = xa_node_at(m, n->parent))
		index |= (u64)n->offset << xa_node_at(m, n->parent)->shift;
	return index;
}

/* The entry of leaf @h at @index has the mark, and all above it. */
static void set_mark_from(struct machine *m, handle_t h, u64 index, enum xa_mark mark)
{
	u64 bit = 1ull << (index & (XA_SLOTS - 1));

	for (; h; h = xa_node_at(m, h)->parent) {
		struct xa_node *n = xa_node_at(m, h);

		if (n->mark[mark] & bit)
			return;
		n->mark[mark] |= bit;
		bit = 1ull << n->offset;
	}
}

u64 shrink_shadow_nodes(struct machine *m, u64 nr)
{
	u64 done;

	for (done = 0; done < nr && m->mms.shadow_nodes.head; done++) {
		handle_t h = m->mms.shadow_nodes.head;
		handle_t inode = xa_node_at(m, h)->owner, *root = &inode_at(m, inode)->pages;
		struct pglist_data *node = &m->node[xa_node_at(m, h)->nid];
		u64 index = first_index(m, h), shadows = xa_node_at(m, h)->mark[XA_SHADOW];

		/* with the last of them the node is gone */
		for (; shadows; shadows &= shadows - 1)
			xa_erase(m, root, index + (u64)__builtin_ctzll(shadows));
		if (!*root)
			d_update(m, inode);
		mod_node_page_state(m, node, WORKINGSET_NODERECLAIM, 1);
	}
	/* on Linux these nodes are a shrinker's objects */
	count_vm_events(m, SLABS_SCANNED, done);
	return done;
}

static inline void put_shadow(struct machine *m, handle_t inode, handle_t leaf, u64 index,
			      u32 shadow, u32 nid)
{
	struct xa_node *n = xa_node_at(m, leaf);

	set_slot(m, n, index, shadow);
	if (likely(n->mark[XA_SHADOW]))
		n->mark[XA_SHADOW] |= 1ull << (index & (XA_SLOTS - 1));
	else
		set_mark_from(m, leaf, index, XA_SHADOW);
	n->nr_values++;
	if (!n->shadow_only) {
		n->owner = inode;
		n->nid = nid;
	}
	if (unlikely(n->count == n->nr_values))
		leaf_changed(m, leaf);
}

static void limit_shadow_nodes(struct machine *m)
{
	u64 limit = m->totalram_pages / 8;

	if (m->mms.shadow_nodes.nr > limit)
		shrink_shadow_nodes(m, m->mms.shadow_nodes.nr - limit);
}

bool xa_store_shadow(struct machine *m, handle_t inode, u64 index, u32 shadow, u32 nid)
{
	handle_t root = inode_at(m, inode)->pages, leaf;

	leaf = root_is_node(root) ? leaf_of(m, root, index) : 0;
	if (!leaf || !xa_node_at(m, leaf)->slot[index & (XA_SLOTS - 1)])
		return false;
	put_shadow(m, inode, leaf, index, shadow, nid);
	limit_shadow_nodes(m);
	return true;
}

bool xa_fetch_shadows(const struct machine *m, handle_t root, struct xa_batch *b)
{
	u32 i;

	if (!root_is_node(root))
		return false;
	xa_fetch(m, root, b);
	for (i = 0; i < b->nr; i++)
		__builtin_prefetch(b->node[i], 1);
	return true;
}

void xa_store_shadows(struct machine *m, handle_t inode, const struct xa_batch *b,
		      const u32 *shadow, u32 nid)
{
	u32 i;

	for (i = 0; i < b->nr; i++)
		put_shadow(m, inode, b->leaf[i], b->index[i], shadow[i], nid);
	limit_shadow_nodes(m);
}

/* ---- marks ---- */

static bool root_mark(handle_t root, enum xa_mark mark)
{
	return root >> (ROOT_MARK_SHIFT + (u32)mark) & 1;
}

bool xa_get_mark(const struct machine *m, handle_t root, u64 index, enum xa_mark mark)
{
	handle_t leaf;

	if (!root_is_node(root))
		return !index && root_mark(root, mark);
	leaf = leaf_of(m, root, index);
	return leaf && (xa_node_at(m, leaf)->mark[mark] >> (index & (XA_SLOTS - 1)) & 1);
}

void xa_set_mark(struct machine *m, handle_t *root, u64 index, enum xa_mark mark)
{
	if (!xa_load(m, *root, index))
		return;
	if (!root_is_node(*root))
		*root |= 1u << (ROOT_MARK_SHIFT + (u32)mark);
	else
		set_mark_from(m, leaf_of(m, *root, index), index, mark);
}

void xa_clear_mark(struct machine *m, handle_t *root, u64 index, enum xa_mark mark)
{
	struct xa_node *n;
	handle_t leaf;

	if (!root_is_node(*root)) {
		if (!index)
			*root &= ~(1u << (ROOT_MARK_SHIFT + (u32)mark));
		return;
	}
	leaf = leaf_of(m, *root, index);
	if (!leaf)
		return;
	n = xa_node_at(m, leaf);
	n->mark[mark] &= ~(1ull << (index & (XA_SLOTS - 1)));
	if (!n->mark[mark])
		clear_mark_above(m, n, mark);
}

/* ---- search ---- */

/* The first used (or marked) slot of @n at @from or behind; XA_SLOTS when there is none. */
static u32 next_slot(const struct xa_node *n, u32 from, s32 mark)
{
	if (mark >= 0) {
		u64 bits = from < XA_SLOTS ? n->mark[mark] >> from : 0;

		return bits ? from + (u32)__builtin_ctzll(bits) : XA_SLOTS;
	}
	while (from < XA_SLOTS && !n->slot[from])
		from++;
	return from;
}

/* Depth first below node @h, whose first index is @base; @mark < 0: any entry. */
static u32 find_below(const struct machine *m, handle_t h, u64 base, u64 *index, u64 max, s32 mark)
{
	const struct xa_node *n = xa_node_at(m, h);
	u32 slot = *index > base ? (u32)((*index - base) >> n->shift) : 0, found;

	for (; (slot = next_slot(n, slot, mark)) < XA_SLOTS; slot++) {
		u64 first = base + ((u64)slot << n->shift);

		if (first > max)
			return 0;
		if (first > *index)
			*index = first;
		if (!n->shift)
			return n->slot[slot];
		found = find_below(m, n->slot[slot], first, index, max, mark);
		if (found)
			return found;
	}
	return 0;
}

static u32 find_from(const struct machine *m, handle_t root, u64 *index, u64 max, s32 mark)
{
	if (*index > max || !root)
		return 0;
	if (!root_is_node(root))
		return *index || (mark >= 0 && !root_mark(root, (enum xa_mark)mark)) ?
			       0 :
			       root & ROOT_ENTRY_MASK;
	if (!reaches(m, root, *index))
		return 0;
	return find_below(m, root_node(root), 0, index, max, mark);
}

u32 xa_find(const struct machine *m, handle_t root, u64 *index, u64 max)
{
	return find_from(m, root, index, max, -1);
}

u32 xa_find_marked(const struct machine *m, handle_t root, u64 *index, u64 max, enum xa_mark mark)
{
	return find_from(m, root, index, max, (s32)mark);
}
