/*
 * vma_tree.c - the mappings of an address space by address: a B-tree that knows the holes.
 *
 *	               start | 0    7f00 ...          start: where the child's first mapping begins
 *	                 gap | 99   12                gap:   the largest hole below a mapping in it, pages
 *	               child | o    o
 *	                   __|      |______
 *	       start | 0    5  ...         | 7f00 7f20 ...
 *	         gap | 99   3              | 12   0
 *	       child | vma  vma            | vma  vma
 *
 * With many mappings an operation costs what it fetches from memory. A search reads keys that lie
 * side by side, one node for thirty mappings, and the levels above the leaves stay in the caches; a
 * mapping itself is only touched when it was found. All leaves are equally deep. A node that is
 * full is cut in two on the way down, before the entry that needs the room is there: nothing has to
 * be undone. A node with few entries joins one beside it if both fit; if not, the two together are
 * full enough.
 *
 * A hole is that below a mapping and above the one before it; the guard gap of a stack is no part
 * of it. The hole above the last mapping is in no node.
 */
#include <string.h>

#include "mm/vma.h"

#define ENTRIES	   VMA_NODE_ENTRIES
#define ROOM	   4u		     /* left in a node that is full for good */
#define FEW	   (ENTRIES / 4)     /* with fewer, a node asks its neighbour */
#define FITS	   (ENTRIES * 3 / 4) /* so that the next insertion does not cut the two apart again */
#define NOWHERE	   UINT64_MAX	     /* no mapping begins there, and nobody looks for it */
#define GAP_MAX	   UINT32_MAX	     /* that many pages, or more */
#define CACHE_LINE 64u		     /* bytes */
#define node(h)	   vma_node_at(m, h)

/* From the root, step 0, to the entry of a mapping in a leaf. */
struct path {
	u32 depth; /* steps */
	struct step {
		handle_t node;
		u32 at;
	} step[VMA_TREE_DEPTH];
};

/*
 * The last entry that begins at or below @addr; the first if there is none. Two rounds of
 * comparisons that do not wait for each other, and no branch: which entry it is cannot be guessed.
 */
static inline u32 entry_of(const struct vma_node *n, u64 addr)
{
	u32 at = 8 * ((u32)(n->start[8] <= addr) + (u32)(n->start[16] <= addr) +
		      (u32)(n->start[24] <= addr));
	const u64 *s = n->start + at;

	return at + (u32)(s[1] <= addr) + (u32)(s[2] <= addr) + (u32)(s[3] <= addr) +
	       (u32)(s[4] <= addr) + (u32)(s[5] <= addr) + (u32)(s[6] <= addr) +
	       (u32)(s[7] <= addr);
}

_Static_assert(VMA_NODE_ENTRIES + 1 == 4 * 8, "entry_of() looks at four times eight");

static void path_to(const struct machine *m, const struct mm *mm, u64 start, struct path *p)
{
	handle_t h = mm->vma_root;

	for (p->depth = 0;;) {
		const struct vma_node *n = node(h);
		u32 at = entry_of(n, start);

		p->step[p->depth++] = (struct step){ h, at };
		if (n->leaf)
			return;
		h = n->child[at];
	}
}

/* All of a node at once: what is fetched line by line as it is asked for takes as many times as
 * long. */
static inline void fetch_node(const struct vma_node *n)
{
	const u8 *line;

	for (line = (const u8 *)n; line < (const u8 *)(n + 1); line += CACHE_LINE)
		__builtin_prefetch(line);
}

handle_t vma_tree_floor(const struct machine *m, const struct mm *mm, u64 addr)
{
	const struct vma_node *n;
	handle_t h = mm->vma_root;
	u32 at;

	if (!h)
		return 0;
	addr = min_t(u64, addr, NOWHERE - 1);
	for (n = node(h);; n = node(n->child[at])) {
		fetch_node(n);
		at = entry_of(n, addr);
		if (n->leaf)
			break;
	}
	/* who wants to change it looks at the hole behind it as well */
	if (at + 1 < n->nr)
		__builtin_prefetch(vma_at(m, n->child[at + 1]));
	return n->start[at] <= addr ? n->child[at] : 0;
}

handle_t vma_tree_last(const struct machine *m, const struct mm *mm)
{
	handle_t h = mm->vma_root;

	while (h) {
		const struct vma_node *n = node(h);

		h = n->child[n->nr - 1];
		if (n->leaf)
			break;
	}
	return h;
}

/* ---- what a node knows of its children ---- */

static u32 largest_gap(const struct vma_node *n)
{
	u32 i, most = 0;

	for (i = 0; i < n->nr; i++)
		most = n->gap[i] > most ? n->gap[i] : most;
	return most;
}

/* The entry at @step of the path has another gap: what the nodes above know follows. */
static void set_gap(struct machine *m, const struct path *p, u32 step, u32 gap)
{
	for (;; step--) {
		struct vma_node *n = node(p->step[step].node);
		u32 *entry = &n->gap[p->step[step].at], old = *entry, known;

		*entry = gap;
		if (!step)
			return;
		known = node(p->step[step - 1].node)->gap[p->step[step - 1].at];
		if (gap < known && old < known)
			return;
		if (gap < known)
			gap = largest_gap(n);
		if (gap == known)
			return;
	}
}

/* An entry with @gap has left the node at @step. */
static void forget_gap(struct machine *m, const struct path *p, u32 step, u32 gap)
{
	const struct vma_node *parent = step ? node(p->step[step - 1].node) : NULL;

	if (parent && gap == parent->gap[p->step[step - 1].at])
		set_gap(m, p, step - 1, largest_gap(node(p->step[step].node)));
}

static void set_start(struct machine *m, const struct path *p, u32 step, u64 start)
{
	for (;; step--) {
		node(p->step[step].node)->start[p->step[step].at] = start;
		if (!step || p->step[step].at)
			return;
	}
}

static u32 gap_below(const struct machine *m, const struct vma *v)
{
	u64 below = v->prev ? vma_at(m, v->prev)->end : 0, top = vma_start_gap(m, v);
	u64 pages = top > below ? (top - below) >> PAGE_SHIFT : 0;

	return pages < GAP_MAX ? (u32)pages : GAP_MAX;
}

void vma_tree_gap(struct machine *m, handle_t h)
{
	struct vma *v = vma_at(m, h);
	u32 gap = gap_below(m, v);
	struct path p;

	if (gap == v->gap)
		return;
	v->gap = gap;
	path_to(m, mm_at(m, v->mm), v->start, &p);
	set_gap(m, &p, p.depth - 1, gap);
}

void vma_tree_start(struct machine *m, handle_t h, u64 old)
{
	const struct vma *v = vma_at(m, h);
	struct path p;

	if (v->start == old)
		return;
	path_to(m, mm_at(m, v->mm), old, &p);
	set_start(m, &p, p.depth - 1, v->start);
}

/* ---- entries come and go ---- */

static void move_entries(struct vma_node *to, u32 at, const struct vma_node *from, u32 first,
			 u32 nr)
{
	memmove(to->start + at, from->start + first, nr * sizeof(*to->start));
	memmove(to->gap + at, from->gap + first, nr * sizeof(*to->gap));
	memmove(to->child + at, from->child + first, nr * sizeof(*to->child));
}

static void set_nr(struct vma_node *n, u32 nr)
{
	u32 i;

	for (i = nr; i < n->nr; i++)
		n->start[i] = NOWHERE;
	n->nr = (u16)nr;
}

static handle_t new_node(struct machine *m, bool leaf)
{
	handle_t h = pool_alloc(&m->mms.vma_nodes);

	node(h)->leaf = leaf;
	memset(node(h)->start, 0xff, sizeof(node(h)->start));
	return h;
}

static void put_entry(struct vma_node *n, u32 at, u64 start, u32 gap, handle_t child)
{
	move_entries(n, at + 1, n, at, n->nr - at);
	n->start[at] = start;
	n->gap[at] = gap;
	n->child[at] = child;
	n->nr++;
}

static void take_entry(struct vma_node *n, u32 at)
{
	move_entries(n, at, n, at + 1, n->nr - at - 1);
	set_nr(n, n->nr - 1u);
}

/* The VMA @h is at @at in the leaf that @p leads to, or in the next leaf: the hole below it has
 * changed. */
static void next_gap(struct machine *m, struct path *p, u32 at, handle_t h)
{
	struct vma *v = vma_at(m, h);
	u32 gap;

	if (!h)
		return;
	if (at >= node(p->step[p->depth - 1].node)->nr) {
		vma_tree_gap(m, h);
		return;
	}
	gap = gap_below(m, v);
	if (gap == v->gap)
		return;
	v->gap = gap;
	p->step[p->depth - 1].at = at;
	set_gap(m, p, p->depth - 1, gap);
}

int vma_tree_reserve(struct machine *m)
{
	return pool_reserve(&m->mms.vma_nodes, VMA_TREE_DEPTH + 1);
}

/*
 * The full child at @at of @parent becomes two; how many entries stay. Where addresses only grow,
 * or only fall, the entry that is about to come lies near one end, and what was filled is not cut
 * in half each time. A little room is left even then, for mappings that are in pieces for a while.
 */
static u32 where_to_cut(const struct vma_node *n, u64 start)
{
	u32 at = start < n->start[0] ? 0 : entry_of(n, start) + 1;

	if (at > ENTRIES - FEW)
		return min_t(u32, at, ENTRIES - ROOM);
	return at < FEW ? max_t(u32, at, ROOM) : ENTRIES / 2;
}

static void cut_child(struct machine *m, struct vma_node *parent, u32 at, u64 start)
{
	struct vma_node *left = node(parent->child[at]), *right;
	handle_t h = new_node(m, left->leaf);
	u32 stay = where_to_cut(left, start);

	right = node(h);
	right->nr = (u16)(ENTRIES - stay);
	move_entries(right, 0, left, stay, right->nr);
	set_nr(left, stay);
	parent->gap[at] = largest_gap(left);
	put_entry(parent, at + 1, right->start[0], largest_gap(right), h);
}

static void grow_root(struct machine *m, struct mm *mm)
{
	handle_t h = new_node(m, !mm->vma_root);
	struct vma_node *n = node(h);

	if (mm->vma_root)
		put_entry(n, 0, node(mm->vma_root)->start[0], largest_gap(node(mm->vma_root)),
			  mm->vma_root);
	mm->vma_root = h;
}

void vma_tree_insert(struct machine *m, handle_t h)
{
	struct vma *v = vma_at(m, h);
	struct mm *mm = mm_at(m, v->mm);
	handle_t at = mm->vma_root;
	struct vma_node *n;
	struct path p;
	u32 i;

	if (!at || node(at)->nr == ENTRIES)
		grow_root(m, mm);
	at = mm->vma_root;
	for (p.depth = 0;;) {
		n = node(at);
		i = entry_of(n, v->start);
		if (n->leaf)
			break;
		if (node(n->child[i])->nr == ENTRIES) {
			cut_child(m, n, i, v->start);
			i = entry_of(n, v->start);
		}
		p.step[p.depth++] = (struct step){ at, i };
		at = n->child[i];
	}
	i += n->nr && n->start[i] < v->start;
	p.step[p.depth++] = (struct step){ at, i };
	v->gap = gap_below(m, v);
	put_entry(n, i, v->start, 0, h);
	set_start(m, &p, p.depth - 1, v->start);
	set_gap(m, &p, p.depth - 1, v->gap);
	next_gap(m, &p, i + 1, v->next);
}

/* The children at @at and behind it become one, if they are not too many entries. */
static bool join(struct machine *m, struct vma_node *parent, u32 at)
{
	struct vma_node *left, *right;

	if (at + 1 >= parent->nr)
		return false;
	left = node(parent->child[at]);
	right = node(parent->child[at + 1]);
	if (left->nr + right->nr > FITS)
		return false;
	move_entries(left, left->nr, right, 0, right->nr);
	left->nr = (u16)(left->nr + right->nr);
	pool_free(&m->mms.vma_nodes, parent->child[at + 1]);
	parent->gap[at] = largest_gap(left);
	take_entry(parent, at + 1);
	return true;
}

/* From @step up: what has few entries joins the node before it, or the one behind. */
static void join_few(struct machine *m, const struct path *p, u32 step)
{
	for (; step && node(p->step[step].node)->nr < FEW; step--) {
		struct vma_node *parent = node(p->step[step - 1].node);
		u32 at = p->step[step - 1].at;

		if (!at || !join(m, parent, at - 1))
			join(m, parent, at);
	}
}

static void shrink_root(struct machine *m, struct mm *mm)
{
	handle_t h = mm->vma_root;

	while (h && (!node(h)->nr || (node(h)->nr == 1 && !node(h)->leaf))) {
		mm->vma_root = node(h)->nr ? node(h)->child[0] : 0;
		pool_free(&m->mms.vma_nodes, h);
		h = mm->vma_root;
	}
}

void vma_tree_erase(struct machine *m, handle_t h)
{
	const struct vma *v = vma_at(m, h);
	struct mm *mm = mm_at(m, v->mm);
	struct vma_node *n;
	struct path p;
	u32 step, at;

	path_to(m, mm, v->start, &p);
	step = p.depth - 1;
	at = p.step[step].at;
	n = node(p.step[step].node);
	take_entry(n, at);
	/* a node that is left empty goes, and the entry above it, and so on */
	while (!n->nr && step) {
		pool_free(&m->mms.vma_nodes, p.step[step].node);
		n = node(p.step[--step].node);
		take_entry(n, p.step[step].at);
	}
	if (n->nr && step && !p.step[step].at)
		set_start(m, &p, step - 1, n->start[0]);
	if (n->nr)
		forget_gap(m, &p, step, v->gap);
	/* an empty leaf is gone, and what is behind it is elsewhere */
	if (step + 1 == p.depth)
		next_gap(m, &p, at, v->next);
	else if (v->next)
		vma_tree_gap(m, v->next);
	join_few(m, &p, step);
	shrink_root(m, mm);
}

/* ---- holes ---- */

/* Of at least length bytes between low and high. */
struct hole {
	u64 length, low, high;
	u64 from, to; /* what was found */
};

static bool hole_below(const struct machine *m, handle_t h, struct hole *s)
{
	const struct vma *v = vma_at(m, h);

	s->from = v->prev ? vma_at(m, v->prev)->end : 0;
	s->to = vma_start_gap(m, v);
	s->from = s->from < s->low ? s->low : s->from;
	s->to = s->to > s->high ? s->high : s->to;
	return s->to >= s->from && s->to - s->from >= s->length;
}

static bool large_enough(u32 gap, const struct hole *s)
{
	u64 pages = s->length >> PAGE_SHIFT;

	return gap >= (pages < GAP_MAX ? pages : GAP_MAX);
}

static bool highest(const struct machine *m, handle_t h, struct hole *s)
{
	const struct vma_node *n = node(h);
	u32 i;

	for (i = n->nr; i--;) {
		/* holes of this entry lie above where the one before begins */
		if (!large_enough(n->gap[i], s) || (i && n->start[i - 1] >= s->high))
			continue;
		if (n->leaf ? hole_below(m, n->child[i], s) : highest(m, n->child[i], s))
			return true;
		if (n->start[i] <= s->low)
			break;
	}
	return false;
}

static bool lowest(const struct machine *m, handle_t h, struct hole *s)
{
	const struct vma_node *n = node(h);
	u32 i;

	for (i = 0; i < n->nr; i++) {
		if (i && n->start[i - 1] >= s->high)
			break;
		if (!large_enough(n->gap[i], s) || (i + 1 < n->nr && n->start[i + 1] <= s->low))
			continue;
		if (n->leaf ? hole_below(m, n->child[i], s) : lowest(m, n->child[i], s))
			return true;
	}
	return false;
}

bool vma_tree_hole(const struct machine *m, const struct mm *mm, bool topdown, u64 length, u64 low,
		   u64 high, u64 *from, u64 *to)
{
	struct hole s = { .length = length, .low = low, .high = high };

	if (!mm->vma_root ||
	    !(topdown ? highest(m, mm->vma_root, &s) : lowest(m, mm->vma_root, &s)))
		return false;
	*from = s.from;
	*to = s.to;
	return true;
}

/* ---- checking ---- */

struct check {
	u32 depth;     /* of all leaves; 0: none was seen yet */
	handle_t next; /* that the list goes on with */
	s64 count;
};

static bool check_leaf(const struct machine *m, const struct vma_node *n, struct check *c)
{
	u32 i;

	for (i = 0; i < n->nr; i++) {
		const struct vma *v = vma_at(m, n->child[i]);

		if (n->child[i] != c->next || n->start[i] != v->start || n->gap[i] != v->gap ||
		    v->gap != gap_below(m, v))
			return false;
		c->next = v->next;
		c->count++;
	}
	return true;
}

static bool check_node(const struct machine *m, handle_t h, u32 depth, struct check *c)
{
	const struct vma_node *n = node(h);
	u32 i;

	if (!n->nr || n->nr > ENTRIES || depth > VMA_TREE_DEPTH)
		return false;
	for (i = n->nr; i <= ENTRIES; i++)
		if (n->start[i] != NOWHERE)
			return false;
	if (n->leaf) {
		if (c->depth && c->depth != depth)
			return false;
		c->depth = depth;
		return check_leaf(m, n, c);
	}
	for (i = 0; i < n->nr; i++) {
		const struct vma_node *child = node(n->child[i]);

		if (n->start[i] != child->start[0] || n->gap[i] != largest_gap(child) ||
		    !check_node(m, n->child[i], depth + 1, c))
			return false;
	}
	return true;
}

s64 vma_tree_check(const struct machine *m, const struct mm *mm)
{
	struct check c = { .next = mm->vma_first };

	if (mm->vma_root && (!check_node(m, mm->vma_root, 1, &c) || c.next))
		return -1;
	return c.count;
}
