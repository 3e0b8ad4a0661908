/*
 * treap.c - ordered trees over pool objects (treap.h).
 *
 * Insertion goes to a leaf and rotates up while its priority is higher than its parent's; erasing
 * rotates down to a leaf. Sums are recomputed by each rotation, and then all the way to the root:
 * an owner may have changed the share of a neighbour with the same stroke, so an equal sum on the
 * way proves nothing.
 */
#include <mman/treap.h>

/* A fixed mixing of the handle: neighbouring handles get unrelated priorities. */
static u32 priority(handle_t h)
{
	u32 x = h * 0x9e3779b1u;

	x = (x ^ x >> 15) * 0x85ebca77u;
	return x ^ x >> 13;
}

static struct treap_node *node_of(struct machine *m, const struct treap_type *type, handle_t h)
{
	return type->node(m, h);
}

/* Put @new where @old hangs below @parent. */
static void replace_child(struct machine *m, const struct treap_type *type, handle_t *root,
			  handle_t parent, handle_t old, handle_t new)
{
	if (!parent) {
		*root = new;
	} else {
		struct treap_node *p = node_of(m, type, parent);

		if (p->left == old)
			p->left = new;
		else
			p->right = new;
	}
	if (new)
		node_of(m, type, new)->parent = parent;
}

/*
 *	      p              h
 *	     / \            / \
 *	    h   c   <-->   a   p
 *	   / \                / \
 *	  a   b              b   c
 */
static void rotate_up(struct machine *m, const struct treap_type *type, handle_t *root, handle_t h)
{
	struct treap_node *n = node_of(m, type, h);
	handle_t parent = n->parent, moved;
	struct treap_node *p = node_of(m, type, parent);

	replace_child(m, type, root, p->parent, parent, h);
	if (p->left == h) {
		moved = n->right;
		p->left = moved;
		n->right = parent;
	} else {
		moved = n->left;
		p->right = moved;
		n->left = parent;
	}
	p->parent = h;
	if (moved)
		node_of(m, type, moved)->parent = parent;
	if (type->augment) {
		type->augment(m, parent);
		type->augment(m, h);
	}
}

void treap_augment_up(struct machine *m, const struct treap_type *type, handle_t h)
{
	while (h && type->augment(m, h))
		h = node_of(m, type, h)->parent;
}

/* @h hangs where it belongs by its key: now its place by priority, and the sums above. They were
 * right before, so that the first one that does not change ends it. */
static void settle(struct machine *m, const struct treap_type *type, handle_t *root, handle_t h)
{
	struct treap_node *n = node_of(m, type, h);

	if (type->augment)
		type->augment(m, h);
	while (n->parent && priority(h) > priority(n->parent))
		rotate_up(m, type, root, h);
	if (type->augment && n->parent)
		treap_augment_up(m, type, n->parent);
}

void treap_insert(struct machine *m, const struct treap_type *type, handle_t *root, handle_t h)
{
	struct treap_node *n = node_of(m, type, h);
	handle_t parent = 0, at = *root;
	bool left = false;

	while (at) {
		parent = at;
		left = type->before(m, h, at);
		at = left ? node_of(m, type, at)->left : node_of(m, type, at)->right;
	}
	n->left = n->right = 0;
	n->parent = parent;
	if (!parent)
		*root = h;
	else if (left)
		node_of(m, type, parent)->left = h;
	else
		node_of(m, type, parent)->right = h;
	settle(m, type, root, h);
}

void treap_erase(struct machine *m, const struct treap_type *type, handle_t *root, handle_t h)
{
	struct treap_node *n = node_of(m, type, h);
	handle_t parent, only;

	while (n->left && n->right)
		rotate_up(m, type, root,
			  priority(n->left) > priority(n->right) ? n->left : n->right);
	only = n->left ? n->left : n->right;
	parent = n->parent;
	replace_child(m, type, root, parent, h, only);
	n->left = n->right = n->parent = 0;
	if (type->augment)
		treap_augment_up(m, type, parent);
}

handle_t treap_first(struct machine *m, const struct treap_type *type, handle_t root)
{
	while (root && node_of(m, type, root)->left)
		root = node_of(m, type, root)->left;
	return root;
}

handle_t treap_next(struct machine *m, const struct treap_type *type, handle_t h)
{
	struct treap_node *n = node_of(m, type, h);

	if (n->right)
		return treap_first(m, type, n->right);
	while (n->parent && node_of(m, type, n->parent)->right == h) {
		h = n->parent;
		n = node_of(m, type, h);
	}
	return n->parent;
}

/* Links and heap order of one node; its sum must not change when computed again. */
static bool node_ok(struct machine *m, const struct treap_type *type, handle_t h)
{
	const struct treap_node *n = node_of(m, type, h);

	if (n->left && (node_of(m, type, n->left)->parent != h || priority(n->left) > priority(h)))
		return false;
	if (n->right &&
	    (node_of(m, type, n->right)->parent != h || priority(n->right) > priority(h)))
		return false;
	return !type->augment || !type->augment(m, h);
}

s64 treap_check(struct machine *m, const struct treap_type *type, handle_t root)
{
	handle_t h = treap_first(m, type, root), previous = 0;
	s64 count = 0;

	if (root && node_of(m, type, root)->parent)
		return -1;
	for (; h; h = treap_next(m, type, h)) {
		if (!node_ok(m, type, h) || (previous && !type->before(m, previous, h)))
			return -1;
		previous = h;
		count++;
	}
	return count;
}
