/*
 * treap.h - ordered and interval trees over pool objects.
 *
 * One tree code for anon_vma_chains and file mappings by page offset, and more. A node is
 * three handles inside an object. The shape is that of a treap whose priorities are a hash of the
 * handle: no balance data is stored, and the same insertions give the same tree on every run,
 * whatever their order. The expected depth is 2 ln n.
 *
 * An owner may keep a sum per subtree ("augment"), recomputed from an object and its two children
 * whenever something below changed; treap_augment_up() after changing an object's own share.
 * Machine lock held by every caller.
 */
#ifndef MMAN_TREAP_H
#define MMAN_TREAP_H

#include <mman/types.h>

struct treap_node {
	handle_t left, right, parent;
};

struct treap_type {
	struct treap_node *(*node)(struct machine *m, handle_t h);
	/* a strict order; equal keys are told apart by their handles */
	bool (*before)(struct machine *m, handle_t a, handle_t b);
	/* recompute the subtree's sum of @h from its own share and its children; did it change? */
	bool (*augment)(struct machine *m, handle_t h);
};

/** treap_insert() - @h, in no tree yet, at its place in order. */
void treap_insert(struct machine *m, const struct treap_type *type, handle_t *root, handle_t h);
/** treap_erase() - @h goes. Nobody's share of a sum may have changed since it was computed last. */
void treap_erase(struct machine *m, const struct treap_type *type, handle_t *root, handle_t h);
/** treap_augment_up() - the sums of @h and of all above it, as far as they change. treap_first(),
 * treap_next(): in order; 0 at the end. */
void treap_augment_up(struct machine *m, const struct treap_type *type, handle_t h);
handle_t treap_first(struct machine *m, const struct treap_type *type, handle_t root);
handle_t treap_next(struct machine *m, const struct treap_type *type, handle_t h);

/** treap_check() - order, heap property, links and sums of a whole tree; nodes, or -1 if broken. */
s64 treap_check(struct machine *m, const struct treap_type *type, handle_t root);

#endif
