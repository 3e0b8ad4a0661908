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

#include "mm/dcache.h"
#include "mm/kobject.h"

#define ROOT_NODE	0x80000000u
#define ROOT_MARK_SHIFT 28u
#define ROOT_ENTRY_MASK ((1u << ROOT_MARK_SHIFT) - 1)

static struct xa_node *xa_node_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->mms.xa_nodes, h);
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

/* The lowest node on the way to @index, 0 if there is none. */
static handle_t leaf_of(const struct machine *m, handle_t root, u64 index)
{
	handle_t h = root_node(root);

	if (!reaches(m, root, index))
		return 0;
	while (h) {
		const struct xa_node *n = xa_node_at(m, h);

		if (!n->shift)
			break;
		h = n->slot[index >> n->shift & (XA_SLOTS - 1)];
	}
	return h;
}

u32 xa_load(const struct machine *m, handle_t root, u64 index)
{
	handle_t leaf;

	if (!root_is_node(root))
		return index ? 0 : root & ROOT_ENTRY_MASK;
	leaf = leaf_of(m, root, index);
	return leaf ? xa_node_at(m, leaf)->slot[index & (XA_SLOTS - 1)] : 0;
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
	bool only = n->count && n->count == (u32)__builtin_popcountll(n->mark[XA_SHADOW]);

	if (only == n->shadow_only)
		return;
	if (only)
		shadow_list_add(m, h);
	else
		shadow_list_del(m, h);
}

static void node_free(struct machine *m, handle_t h)
{
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

int xa_store(struct machine *m, handle_t *root, u64 index, u32 entry)
{
	struct spare_nodes spare = { .nr = 0 };
	struct xa_node *n;
	u32 mark, slot = index & (XA_SLOTS - 1);

	if (!index && !root_is_node(*root) && entry <= ROOT_ENTRY_MASK) {
		*root = entry;
		return 0;
	}
	if (spare_fill(m, root, index, &spare))
		return -ENOMEM;
	n = xa_node_at(m, make_leaf(m, root, index, &spare));
	spare_put(m, &spare);
	if (!n->slot[slot])
		n->count++;
	n->slot[slot] = entry;
	for (mark = 0; mark < NR_XA_MARKS; mark++)
		if (n->mark[mark] >> slot & 1)
			xa_clear_mark(m, root, index, (enum xa_mark)mark);
	if (n->shadow_only)
		shadow_list_del(m, pool_handle(&m->mms.xa_nodes, n));
	return 0;
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
	handle_t leaf;
	struct xa_node *n;
	u32 mark, entry = xa_load(m, *root, index);

	if (!entry)
		return 0;
	if (!root_is_node(*root)) {
		*root = 0;
		return entry;
	}
	for (mark = 0; mark < NR_XA_MARKS; mark++)
		xa_clear_mark(m, root, index, (enum xa_mark)mark);
	leaf = leaf_of(m, *root, index);
	n = xa_node_at(m, leaf);
	n->slot[index & (XA_SLOTS - 1)] = 0;
	n->count--;
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

bool xa_store_shadow(struct machine *m, handle_t inode, u64 index, u32 shadow, u32 nid)
{
	handle_t *root = &inode_at(m, inode)->pages, leaf;
	u64 limit = m->totalram_pages / 8;
	struct xa_node *n;
	u32 mark;

	leaf = root_is_node(*root) ? leaf_of(m, *root, index) : 0;
	if (!leaf || !xa_node_at(m, leaf)->slot[index & (XA_SLOTS - 1)])
		return false;
	n = xa_node_at(m, leaf);
	n->slot[index & (XA_SLOTS - 1)] = shadow;
	for (mark = 0; mark < NR_XA_MARKS; mark++)
		if (n->mark[mark] >> (index & (XA_SLOTS - 1)) & 1)
			xa_clear_mark(m, root, index, (enum xa_mark)mark);
	xa_set_mark(m, root, index, XA_SHADOW);
	if (!n->shadow_only) {
		n->owner = inode;
		n->nid = nid;
	}
	leaf_changed(m, leaf);
	if (m->mms.shadow_nodes.nr > limit)
		shrink_shadow_nodes(m, m->mms.shadow_nodes.nr - limit);
	return true;
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
	u64 bit = 1ull << (index & (XA_SLOTS - 1));
	handle_t h;

	if (!xa_load(m, *root, index))
		return;
	if (!root_is_node(*root)) {
		*root |= 1u << (ROOT_MARK_SHIFT + (u32)mark);
		return;
	}
	for (h = leaf_of(m, *root, index); h; h = xa_node_at(m, h)->parent) {
		struct xa_node *n = xa_node_at(m, h);

		if (n->mark[mark] & bit)
			return;
		n->mark[mark] |= bit;
		bit = 1ull << n->offset;
	}
}

void xa_clear_mark(struct machine *m, handle_t *root, u64 index, enum xa_mark mark)
{
	u64 bit = 1ull << (index & (XA_SLOTS - 1));
	handle_t h;

	if (!root_is_node(*root)) {
		if (!index)
			*root &= ~(1u << (ROOT_MARK_SHIFT + (u32)mark));
		return;
	}
	for (h = leaf_of(m, *root, index); h; h = xa_node_at(m, h)->parent) {
		struct xa_node *n = xa_node_at(m, h);

		n->mark[mark] &= ~bit;
		if (n->mark[mark])
			return;
		bit = 1ull << n->offset;
	}
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
