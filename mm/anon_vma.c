/*
 * anon_vma.c - the structure behind the reverse map of anonymous pages, and the trees of file
 * mappings.
 *
 *	parent's VMA --avc-- A            A: root, made at the first write fault
 *	child's VMA  --avc-- A            a page of A may be mapped by both: fork entered the child
 *	child's VMA  --avc-- B            B: child's own, for pages it gets after the fork
 *
 * A page knows the anon_vma it was made for. Whoever may map it is in that anon_vma's tree,
 * ordered by page offset: pages keep their linear index wherever a mapping moves. An anon_vma
 * whose last VMA left the tree goes, but a root stays while a child refers to it.
 */
#include "mm/vma.h"

#include <errno.h>

/* ---- interval trees: by first page offset, with the largest last one below ---- */

static u64 first_of(const struct vma *v)
{
	return v->pgoff;
}

static u64 last_of(const struct vma *v)
{
	return v->pgoff + vma_pages(v) - 1;
}

static struct treap_node *avc_node(struct machine *m, handle_t h)
{
	return &avc_at(m, h)->rb;
}

static bool avc_before(struct machine *m, handle_t a, handle_t b)
{
	u64 x = first_of(vma_at(m, avc_at(m, a)->vma)), y = first_of(vma_at(m, avc_at(m, b)->vma));

	return x != y ? x < y : a < b;
}

static u64 larger(u64 a, u64 b)
{
	return a > b ? a : b;
}

static bool avc_augment(struct machine *m, handle_t h)
{
	struct anon_vma_chain *c = avc_at(m, h);
	u64 last = last_of(vma_at(m, c->vma));

	if (c->rb.left)
		last = larger(last, avc_at(m, c->rb.left)->subtree_last);
	if (c->rb.right)
		last = larger(last, avc_at(m, c->rb.right)->subtree_last);
	if (c->subtree_last == last)
		return false;
	c->subtree_last = last;
	return true;
}

const struct treap_type anon_vma_tree = { avc_node, avc_before, avc_augment };

static struct treap_node *shared_node(struct machine *m, handle_t h)
{
	return &vma_at(m, h)->shared;
}

static bool shared_before(struct machine *m, handle_t a, handle_t b)
{
	u64 x = first_of(vma_at(m, a)), y = first_of(vma_at(m, b));

	return x != y ? x < y : a < b;
}

static bool shared_augment(struct machine *m, handle_t h)
{
	struct vma *v = vma_at(m, h);
	u64 last = last_of(v);

	if (v->shared.left)
		last = larger(last, vma_at(m, v->shared.left)->shared_last);
	if (v->shared.right)
		last = larger(last, vma_at(m, v->shared.right)->shared_last);
	if (v->shared_last == last)
		return false;
	v->shared_last = last;
	return true;
}

const struct treap_type i_mmap_tree = { shared_node, shared_before, shared_augment };

void rmap_trees_leave(struct machine *m, handle_t h)
{
	struct vma *v = vma_at(m, h);
	handle_t c;

	for (c = v->avc_head; c; c = avc_at(m, c)->next)
		treap_erase(m, &anon_vma_tree, &anon_vma_at(m, avc_at(m, c)->anon_vma)->rb_root, c);
	if (v->file)
		treap_erase(m, &i_mmap_tree, &inode_at(m, file_at(m, v->file)->inode)->i_mmap, h);
}

void rmap_trees_enter(struct machine *m, handle_t h)
{
	struct vma *v = vma_at(m, h);
	handle_t c;

	for (c = v->avc_head; c; c = avc_at(m, c)->next)
		treap_insert(m, &anon_vma_tree, &anon_vma_at(m, avc_at(m, c)->anon_vma)->rb_root,
			     c);
	if (v->file)
		treap_insert(m, &i_mmap_tree, &inode_at(m, file_at(m, v->file)->inode)->i_mmap, h);
}

struct visit {
	u64 first, last;
	bool (*fn)(struct machine *m, handle_t vma, void *arg);
	void *arg;
};

static bool visit_avcs(struct machine *m, handle_t h, const struct visit *at)
{
	const struct anon_vma_chain *c = avc_at(m, h);
	const struct vma *v;

	if (!h || c->subtree_last < at->first)
		return true;
	if (!visit_avcs(m, c->rb.left, at))
		return false;
	v = vma_at(m, c->vma);
	if (first_of(v) > at->last)
		return true;
	if (last_of(v) >= at->first && !at->fn(m, c->vma, at->arg))
		return false;
	return visit_avcs(m, c->rb.right, at);
}

bool anon_vma_visit(struct machine *m, handle_t anon_vma, u64 first, u64 last,
		    bool (*fn)(struct machine *m, handle_t vma, void *arg), void *arg)
{
	struct visit at = { first, last, fn, arg };

	return visit_avcs(m, anon_vma_at(m, anon_vma)->rb_root, &at);
}

/* The last one first: what thousands map and few have in use, the newest have more often. */
static bool visit_shared(struct machine *m, handle_t h, const struct visit *at)
{
	const struct vma *v = vma_at(m, h);

	if (!h || v->shared_last < at->first)
		return true;
	if (first_of(v) <= at->last) {
		if (!visit_shared(m, v->shared.right, at))
			return false;
		if (last_of(v) >= at->first && !at->fn(m, h, at->arg))
			return false;
	}
	return visit_shared(m, v->shared.left, at);
}

bool i_mmap_visit(struct machine *m, handle_t inode, u64 first, u64 last,
		  bool (*fn)(struct machine *m, handle_t vma, void *arg), void *arg)
{
	struct visit at = { first, last, fn, arg };

	return visit_shared(m, inode_at(m, inode)->i_mmap, &at);
}

/* ---- anon_vmas and chains ---- */

static handle_t anon_vma_new(struct machine *m)
{
	handle_t h = kobject_alloc(m, &m->mms.anon_vmas, CACHE_ANON_VMA);

	if (h) {
		anon_vma_at(m, h)->refs = 1;
		anon_vma_at(m, h)->root = anon_vma_at(m, h)->parent = h;
	}
	return h;
}

static void anon_vma_put(struct machine *m, handle_t h)
{
	handle_t root = anon_vma_at(m, h)->root;

	if (--anon_vma_at(m, h)->refs)
		return;
	kobject_free(m, &m->mms.anon_vmas, CACHE_ANON_VMA, h);
	if (root != h)
		anon_vma_put(m, root);
}

bool anon_vma_chain_single(const struct machine *m, const struct vma *v)
{
	return v->avc_head && !avc_at(m, v->avc_head)->next;
}

/* One more link between a VMA and an anon_vma; in the tree at once if the VMA is linked. */
static int chain_add(struct machine *m, handle_t vma, handle_t anon_vma)
{
	handle_t c = kobject_alloc(m, &m->mms.anon_vma_chains, CACHE_ANON_VMA_CHAIN);
	handle_t *at = &vma_at(m, vma)->avc_head;

	if (!c)
		return -ENOMEM;
	avc_at(m, c)->vma = vma;
	avc_at(m, c)->anon_vma = anon_vma;
	while (*at)
		at = &avc_at(m, *at)->next;
	*at = c;
	anon_vma_at(m, anon_vma)->nr_chains++;
	if (vma_linked(m, vma))
		treap_insert(m, &anon_vma_tree, &anon_vma_at(m, anon_vma)->rb_root, c);
	return 0;
}

static void set_anon_vma(struct machine *m, handle_t vma, handle_t anon_vma)
{
	vma_at(m, vma)->anon_vma = anon_vma;
	anon_vma_at(m, anon_vma)->num_active_vmas++;
}

/* The VMA leaves one tree; an anon_vma that nothing is left in goes. */
static void chain_drop(struct machine *m, handle_t c, bool linked)
{
	handle_t h = avc_at(m, c)->anon_vma;
	struct anon_vma *a = anon_vma_at(m, h);

	if (linked)
		treap_erase(m, &anon_vma_tree, &a->rb_root, c);
	kobject_free(m, &m->mms.anon_vma_chains, CACHE_ANON_VMA_CHAIN, c);
	if (--a->nr_chains)
		return;
	anon_vma_at(m, a->parent)->num_children--;
	anon_vma_put(m, h);
}

void unlink_anon_vmas(struct machine *m, handle_t h)
{
	struct vma *v = vma_at(m, h);
	bool linked = vma_linked(m, h);
	handle_t newest_first = 0, c;

	if (v->anon_vma)
		anon_vma_at(m, v->anon_vma)->num_active_vmas--;
	v->anon_vma = 0;
	while ((c = v->avc_head)) {
		v->avc_head = avc_at(m, c)->next;
		avc_at(m, c)->next = newest_first;
		newest_first = c;
	}
	/* children before their parents, which they still need */
	while ((c = newest_first)) {
		newest_first = avc_at(m, c)->next;
		chain_drop(m, c, linked);
	}
}

/* Enter @dst into every tree that @src is in. */
static int clone_chain(struct machine *m, handle_t dst, handle_t src)
{
	handle_t c;

	for (c = vma_at(m, src)->avc_head; c; c = avc_at(m, c)->next)
		if (chain_add(m, dst, avc_at(m, c)->anon_vma)) {
			unlink_anon_vmas(m, dst);
			return -ENOMEM;
		}
	return 0;
}

int anon_vma_clone(struct machine *m, handle_t dst, handle_t src)
{
	int error = clone_chain(m, dst, src);

	if (!error && vma_at(m, src)->anon_vma)
		set_anon_vma(m, dst, vma_at(m, src)->anon_vma);
	return error;
}

/* An ancestor's anon_vma whose own mappings are gone, and which has at most one child, can serve
 * the child as well: so a line of processes that fork and exit does not pile up anon_vmas. */
static handle_t reusable_by_child(struct machine *m, handle_t child)
{
	handle_t c;

	for (c = vma_at(m, child)->avc_head; c; c = avc_at(m, c)->next) {
		const struct anon_vma *a = anon_vma_at(m, avc_at(m, c)->anon_vma);

		if (a->num_children < 2 && !a->num_active_vmas)
			return avc_at(m, c)->anon_vma;
	}
	return 0;
}

int anon_vma_fork(struct machine *m, handle_t child, handle_t parent)
{
	handle_t up = vma_at(m, parent)->anon_vma, own;

	if (!up)
		return 0;
	if (clone_chain(m, child, parent))
		return -ENOMEM;
	own = reusable_by_child(m, child);
	if (own) {
		set_anon_vma(m, child, own);
		return 0;
	}
	own = anon_vma_new(m);
	if (own && !chain_add(m, child, own)) {
		struct anon_vma *a = anon_vma_at(m, own);

		a->root = anon_vma_at(m, up)->root;
		a->parent = up;
		anon_vma_at(m, a->root)->refs++;
		anon_vma_at(m, up)->num_children++;
		set_anon_vma(m, child, own);
		return 0;
	}
	if (own)
		kobject_free(m, &m->mms.anon_vmas, CACHE_ANON_VMA, own);
	unlink_anon_vmas(m, child);
	return -ENOMEM;
}

/* ---- the first anonymous page of a mapping ---- */

/* Two neighbours that differ in protection only would be one mapping after an mprotect. */
static bool could_merge_later(const struct vma *a, const struct vma *b)
{
	return a->end == b->start && a->policy == b->policy && a->file == b->file &&
	       !((a->flags ^ b->flags) & ~(VM_ACCESS_FLAGS | VM_SOFTDIRTY)) &&
	       b->pgoff == a->pgoff + vma_pages(a);
}

/* The anon_vma of a neighbour, so that the two can still merge. */
static handle_t neighbours_anon_vma(struct machine *m, const struct vma *v)
{
	const struct vma *n;

	if (v->next) {
		n = vma_at(m, v->next);
		if (n->anon_vma && anon_vma_chain_single(m, n) && could_merge_later(v, n))
			return n->anon_vma;
	}
	if (v->prev) {
		n = vma_at(m, v->prev);
		if (n->anon_vma && anon_vma_chain_single(m, n) && could_merge_later(n, v))
			return n->anon_vma;
	}
	return 0;
}

int anon_vma_prepare_slow(struct machine *m, handle_t h)
{
	handle_t found = neighbours_anon_vma(m, vma_at(m, h)), a = found;

	if (!a) {
		a = anon_vma_new(m);
		if (!a)
			return -ENOMEM;
		anon_vma_at(m, a)->num_children = 1; /* itself */
	}
	if (chain_add(m, h, a)) {
		if (!found)
			kobject_free(m, &m->mms.anon_vmas, CACHE_ANON_VMA, a);
		return -ENOMEM;
	}
	set_anon_vma(m, h, a);
	return 0;
}
