/*
 * vma_merge.c - which neighbouring mappings become one.
 *
 *	two mappings that touch are one if they agree in flags (but for soft-dirty), in open file
 *	and its offsets, in memory policy, and in anon_vma:
 *
 *	    anon_vma of A   of B
 *	    the same        the same    yes (also: neither has one)
 *	    a               none        only if the one that stays is in just one anon_vma's tree
 *	    a               b           no
 *
 * "The one that stays" is the neighbour that is there already. That is why a part of a mapping
 * that was locked, touched and unlocked again stays apart from the rest, which was never touched
 * and therefore is in no tree at all; and why nothing merges any more with mappings that a fork
 * has copied.
 */
#include "mm/vma.h"

#include <errno.h>

struct vma_wish vma_as_wish(const struct vma *v, u64 start, u64 end)
{
	return (struct vma_wish){
		.start = start,
		.end = end,
		.pgoff = v->pgoff + ((start - v->start) >> PAGE_SHIFT),
		.flags = v->flags,
		.kind = v->kind,
		.file = v->file,
		.anon_vma = v->anon_vma,
		.policy = v->policy,
	};
}

int vma_insert(struct machine *m, handle_t mm, const struct vma_wish *w, handle_t *out)
{
	handle_t h = vma_new(m, mm);
	struct vma *v;

	if (!h)
		return -ENOMEM;
	v = vma_at(m, h);
	v->start = w->start;
	v->end = w->end;
	v->pgoff = w->pgoff;
	v->flags = w->flags;
	v->kind = w->kind;
	v->file = w->file;
	vma_link(m, h);
	*out = h;
	return 0;
}

static bool anon_vmas_agree(const struct machine *m, handle_t a, handle_t b,
			    const struct vma *stays)
{
	if (a == b)
		return true;
	return (!a || !b) && (!stays || anon_vma_chain_single(m, stays));
}

/* Heap and stack are names for places, not kinds of mapping. */
static bool kinds_agree(u8 a, u8 b)
{
	bool plain_a = a == VMA_ANON || a == VMA_HEAP || a == VMA_STACK;
	bool plain_b = b == VMA_ANON || b == VMA_HEAP || b == VMA_STACK;

	return a == b || (plain_a && plain_b);
}

static bool agrees(const struct machine *m, const struct vma *v, const struct vma_wish *w)
{
	return !((v->flags ^ w->flags) & ~VM_SOFTDIRTY) && !(w->flags & VM_SPECIAL) &&
	       v->file == w->file && kinds_agree(v->kind, w->kind) && v->policy == w->policy &&
	       anon_vmas_agree(m, w->anon_vma, v->anon_vma, v);
}

static bool can_merge_after(const struct machine *m, handle_t prev, const struct vma_wish *w)
{
	const struct vma *v = vma_at(m, prev);

	return v->end == w->start && v->pgoff + vma_pages(v) == w->pgoff && agrees(m, v, w);
}

static bool can_merge_before(const struct machine *m, handle_t next, const struct vma_wish *w)
{
	const struct vma *v = vma_at(m, next);

	return v->start == w->end && w->pgoff + ((w->end - w->start) >> PAGE_SHIFT) == v->pgoff &&
	       agrees(m, v, w);
}

/* @keep is about to hold what @goes held: it must be in the same anon_vmas' trees. */
static int inherit_anon_vma(struct machine *m, handle_t keep, handle_t goes)
{
	if (vma_at(m, keep)->anon_vma || !vma_at(m, goes)->anon_vma)
		return 0;
	return anon_vma_clone(m, keep, goes);
}

/* @next joins @prev, with whatever lies between them. */
static int merge_both(struct machine *m, handle_t prev, handle_t next, u32 flags)
{
	struct vma *p = vma_at(m, prev);
	u64 end = vma_at(m, next)->end;
	int error = inherit_anon_vma(m, prev, next);

	if (error)
		return error;
	p->flags |= (flags | vma_at(m, next)->flags) & VM_SOFTDIRTY;
	vma_set_end(m, prev, end);
	vma_unlink(m, next);
	vma_free(m, next);
	return 0;
}

static void extend_up(struct machine *m, handle_t prev, u64 end, u32 flags)
{
	struct vma *p = vma_at(m, prev);

	p->flags |= flags & VM_SOFTDIRTY;
	vma_set_extent(m, prev, p->start, end, p->pgoff);
}

static void extend_down(struct machine *m, handle_t next, u64 start, u32 flags)
{
	struct vma *n = vma_at(m, next);

	n->flags |= flags & VM_SOFTDIRTY;
	vma_set_extent(m, next, start, n->end, n->pgoff - ((n->start - start) >> PAGE_SHIFT));
}

/* A fresh mmap: the mapping above comes first, and with it its anon_vma, which then has to suit
 * the one below. */
static void choose_next_first(const struct machine *m, handle_t prev, handle_t next,
			      const struct vma_wish *w, bool *with_prev, bool *with_next)
{
	struct vma_wish joined = *w;

	*with_next = next && can_merge_before(m, next, w);
	if (*with_next)
		joined.anon_vma = vma_at(m, next)->anon_vma;
	*with_prev = prev && can_merge_after(m, prev, &joined);
}

/* A part that moves or changes: each neighbour on its own; if the two do not suit each other, the
 * lower. */
static void choose_prev_first(const struct machine *m, handle_t prev, handle_t next,
			      const struct vma_wish *w, bool *with_prev, bool *with_next)
{
	*with_prev = prev && can_merge_after(m, prev, w);
	*with_next = next && can_merge_before(m, next, w);
	if (*with_prev && *with_next &&
	    !anon_vmas_agree(m, vma_at(m, prev)->anon_vma, vma_at(m, next)->anon_vma, NULL))
		*with_next = false;
}

int vma_merge_new(struct machine *m, handle_t mmh, const struct vma_wish *w, bool next_first,
		  handle_t *out)
{
	handle_t prev = find_vma_prev(m, mmh, w->start);
	handle_t next = prev ? vma_at(m, prev)->next : mm_at(m, mmh)->vma_first;
	bool with_prev, with_next;
	int error = 0;

	*out = 0;
	if (next_first)
		choose_next_first(m, prev, next, w, &with_prev, &with_next);
	else
		choose_prev_first(m, prev, next, w, &with_prev, &with_next);
	if (with_prev && with_next) {
		error = merge_both(m, prev, next, w->flags);
		if (!error)
			*out = prev;
	} else if (with_prev) {
		extend_up(m, prev, w->end, w->flags);
		*out = prev;
	} else if (with_next) {
		extend_down(m, next, w->start, w->flags);
		*out = next;
	}
	return error;
}

bool vma_grow(struct machine *m, handle_t h, const struct vma_wish *w)
{
	if (!can_merge_after(m, h, w))
		return false;
	extend_up(m, h, w->end, w->flags);
	return true;
}

/* Take [v->start, end) away from @h: all of it, or its lower part. */
static void give_lower(struct machine *m, handle_t h, u64 end)
{
	struct vma *v = vma_at(m, h);

	if (end == v->end) {
		vma_unlink(m, h);
		vma_free(m, h);
	} else {
		vma_set_extent(m, h, end, v->end, v->pgoff + ((end - v->start) >> PAGE_SHIFT));
	}
}

static void give_upper(struct machine *m, handle_t h, u64 start)
{
	struct vma *v = vma_at(m, h);

	if (start == v->start) {
		vma_unlink(m, h);
		vma_free(m, h);
	} else {
		vma_set_extent(m, h, v->start, start, v->pgoff);
	}
}

/* The changed part of @h goes over to a neighbour that is like it; *@out stays 0 if there is
 * none. */
static int merge_changed(struct machine *m, handle_t h, const struct vma_wish *w, handle_t *out)
{
	struct vma *v = vma_at(m, h);
	handle_t prev = w->start == v->start ? v->prev : 0, next = w->end == v->end ? v->next : 0;
	bool with_prev, with_next;
	int error;

	choose_prev_first(m, prev, next, w, &with_prev, &with_next);
	if (!with_prev && !with_next)
		return 0;
	error = inherit_anon_vma(m, with_prev ? prev : next, h);
	if (!error && with_prev && with_next)
		error = inherit_anon_vma(m, prev, next);
	if (error)
		return error;
	*out = with_prev ? prev : next;
	if (!with_prev) {
		give_upper(m, h, w->start);
		extend_down(m, next, w->start, w->flags);
		return 0;
	}
	vma_at(m, prev)->flags |= w->flags & VM_SOFTDIRTY;
	vma_set_end(m, prev, w->end);
	give_lower(m, h, w->end);
	return with_next ? merge_both(m, prev, next, w->flags) : 0;
}

/* [w->start, w->end) of @h is to have flags and policy of @w. */
static int change(struct machine *m, handle_t h, const struct vma_wish *w, handle_t *out)
{
	u64 start = w->start, end = w->end;
	handle_t lower = 0, upper, policy;
	int error;

	*out = 0;
	error = merge_changed(m, h, w, out);
	if (error || *out)
		return error;
	if (start > vma_at(m, h)->start) {
		if (map_count_full(m, mm_at(m, vma_at(m, h)->mm)))
			return -ENOMEM;
		error = split_vma(m, h, start, &upper);
		if (error)
			return error;
		lower = h;
		h = upper;
	}
	if (end < vma_at(m, h)->end) {
		error = map_count_full(m, mm_at(m, vma_at(m, h)->mm)) ?
				-ENOMEM :
				split_vma(m, h, end, &upper);
		if (error) {
			if (lower)
				vma_rejoin(m, lower);
			return error;
		}
	}
	policy = vma_at(m, h)->policy;
	vma_at(m, h)->flags = w->flags;
	vma_at(m, h)->policy = mpol_get(m, w->policy);
	mpol_put(m, policy);
	*out = h;
	return 0;
}

int vma_modify(struct machine *m, handle_t h, u64 start, u64 end, u32 flags, handle_t *out)
{
	struct vma_wish w = vma_as_wish(vma_at(m, h), start, end);

	w.flags = flags;
	return change(m, h, &w, out);
}

int vma_modify_policy(struct machine *m, handle_t h, u64 start, u64 end, handle_t policy)
{
	struct vma_wish w = vma_as_wish(vma_at(m, h), start, end);
	handle_t changed;

	w.policy = policy;
	return change(m, h, &w, &changed);
}
