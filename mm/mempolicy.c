/*
 * mempolicy.c - policies as values, and allocation by them.
 *
 *	bind             of its nodes only, nearest first; none left: reclaim there, then the OOM killer
 *	preferred        its node first, then by distance from there
 *	preferred_many   of its nodes as long as that needs no reclaim, then from anywhere
 *	interleave       in turn: in a mapping by page offset, else one after the other
 *	local            the node of the CPU that runs
 *
 * A bind policy holds for zones from the highest kernel zone on: who asks for DMA memory gets it
 * where it is. The calls: mbind.c, move_pages.c.
 * Source: Documentation/admin-guide/mm/numa_memory_policy.rst.
 */
#include <mman/mempolicy.h>

#include "mm/filemap.h"
#include "mm/kobject.h"
#include "mm/page_alloc.h"
#include "mm/vma.h"

#include <errno.h>

#define MPOL_USER_NODES (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)

static struct shared_policy *shared_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->mempolicy.shared, h);
}

int mempolicy_init(struct machine *m)
{
	int error =
		pool_init(&m->mempolicy.policies, "mempolicy", sizeof(struct mempolicy), 1u << 20);

	return error ? error :
		       pool_init(&m->mempolicy.shared, "shared_policy",
				 sizeof(struct shared_policy), 1u << 20);
}

void mempolicy_destroy(struct machine *m)
{
	pool_destroy(&m->mempolicy.policies);
	pool_destroy(&m->mempolicy.shared);
}

const char *mempolicy_mode_name(u32 mode)
{
	static const char *const names[MPOL_MAX] = { "default",	   "prefer", "bind",
						     "interleave", "local",  "prefer (many)" };

	return names[mode];
}

/* ---- sets of nodes ---- */

u64 memory_node_mask(const struct machine *m)
{
	u64 nodes = 0;
	u32 nid;

	for (nid = 0; nid < m->nr_nodes; nid++)
		nodes |= (u64)m->node[nid].has_memory << nid;
	return nodes;
}

u64 task_mems_allowed(const struct machine *m, handle_t task)
{
	u64 allowed = task ? task_at(m, task)->mems_allowed : 0;

	return memory_node_mask(m) & (allowed ? allowed : UINT64_MAX);
}

static u32 first_node(u64 nodes)
{
	return (u32)__builtin_ctzll(nodes);
}

static u32 nodes_weight(u64 nodes)
{
	return (u32)__builtin_popcountll(nodes);
}

/* The @n-th node of the set, from 0. */
static u32 nth_node(u64 nodes, u64 n)
{
	while (n--)
		nodes &= nodes - 1;
	return first_node(nodes);
}

/* Node n of @nodes stands for the n-th of @allowed, round and round. */
static u64 relative_nodes(u64 nodes, u64 allowed)
{
	u32 weight = nodes_weight(allowed);
	u64 out = 0;

	for (; weight && nodes; nodes &= nodes - 1)
		out |= 1ull << nth_node(allowed, first_node(nodes) % weight);
	return out;
}

/* ---- values ---- */

static bool same_policy(const struct mempolicy *a, const struct mempolicy *b)
{
	return a->mode == b->mode && a->flags == b->flags && a->nodes == b->nodes &&
	       (!(a->flags & MPOL_USER_NODES) || a->user_nodes == b->user_nodes);
}

/* A reference to the one policy like @p; 0: no memory. */
static handle_t intern(struct machine *m, const struct mempolicy *p)
{
	struct mempolicy_state *s = &m->mempolicy;
	handle_t h;

	for (h = s->first; h; h = mempolicy_at(m, h)->next)
		if (same_policy(mempolicy_at(m, h), p))
			return mpol_get(m, h);
	h = kobject_alloc(m, &s->policies, CACHE_NUMA_POLICY);
	if (!h)
		return 0;
	*mempolicy_at(m, h) = *p;
	mempolicy_at(m, h)->refs = 1;
	mempolicy_at(m, h)->next = s->first;
	s->first = h;
	m->mms.nr_policies++;
	return h;
}

handle_t mpol_get(struct machine *m, handle_t policy)
{
	if (policy)
		mempolicy_at(m, policy)->refs++;
	return policy;
}

void mpol_put(struct machine *m, handle_t policy)
{
	handle_t *at = &m->mempolicy.first;

	if (!policy || --mempolicy_at(m, policy)->refs)
		return;
	while (*at != policy)
		at = &mempolicy_at(m, *at)->next;
	*at = mempolicy_at(m, policy)->next;
	kobject_free(m, &m->mempolicy.policies, CACHE_NUMA_POLICY, policy);
	m->mms.nr_policies--;
}

/* The nodes that @p takes memory from, given those that are @allowed; 0: none, and then it is no
 * policy. */
static u64 nodes_in_effect(u32 mode, u32 flags, u64 nodes, u64 allowed)
{
	nodes = flags & MPOL_F_RELATIVE_NODES ? relative_nodes(nodes, allowed) : nodes & allowed;
	return mode == MPOL_PREFERRED ? nodes & -nodes : nodes;
}

int mpol_new(struct machine *m, handle_t task, u32 mode, u32 flags, u64 nodes, handle_t *out)
{
	u64 allowed = task_mems_allowed(m, task);
	struct mempolicy p;

	*out = 0;
	if (mode >= MPOL_MAX || flags & ~(MPOL_USER_NODES | MPOL_F_NUMA_BALANCING) ||
	    (flags & MPOL_F_NUMA_BALANCING && mode != MPOL_BIND) ||
	    (flags & MPOL_USER_NODES) == MPOL_USER_NODES)
		return -EINVAL;
	if (mode == MPOL_DEFAULT)
		return nodes ? -EINVAL : 0;
	if (mode == MPOL_PREFERRED && !nodes)
		mode = MPOL_LOCAL;
	if (mode == MPOL_LOCAL ? nodes || flags : !nodes)
		return -EINVAL;
	p = (struct mempolicy){ .mode = (u16)mode,
				.flags = (u16)flags,
				.user_nodes = flags & MPOL_USER_NODES ? nodes : allowed };
	if (mode != MPOL_LOCAL) {
		p.nodes = nodes_in_effect(mode, flags, nodes, allowed);
		if (!p.nodes)
			return -EINVAL;
	}
	*out = intern(m, &p);
	return *out ? 0 : -ENOMEM;
}

/* Where the n-th of the old nodes was, the n-th of the new ones is. */
static u64 remap_nodes(u64 nodes, u64 old, u64 new)
{
	u64 out = 0;

	for (; nodes; nodes &= nodes - 1) {
		u64 node = nodes & -nodes;

		if (old & node)
			node = 1ull
			       << nth_node(new, nodes_weight(old & (node - 1)) % nodes_weight(new));
		out |= node;
	}
	return out;
}

void mpol_rebind(struct machine *m, u64 old)
{
	u64 new = memory_node_mask(m), nodes;
	handle_t h;

	for (h = m->mempolicy.first; h && new != old; h = mempolicy_at(m, h)->next) {
		struct mempolicy *p = mempolicy_at(m, h);

		/* those that only prefer nodes keep them, with memory or without */
		if (p->mode == MPOL_LOCAL || p->mode == MPOL_PREFERRED ||
		    p->mode == MPOL_PREFERRED_MANY)
			continue;
		if (p->flags & MPOL_USER_NODES) {
			nodes = nodes_in_effect(p->mode, p->flags, p->user_nodes, new);
		} else {
			nodes = remap_nodes(p->nodes, p->user_nodes, new);
			p->user_nodes = new;
		}
		/* none is left: any will do */
		p->nodes = nodes ? nodes : new;
	}
}

/* ---- whose policy ---- */

static handle_t shared_policy_lookup(const struct machine *m, const struct inode *i, u64 index)
{
	handle_t h;

	for (h = i->shared_policy; h; h = shared_at(m, h)->next)
		if (index <= shared_at(m, h)->last)
			return index >= shared_at(m, h)->first ? shared_at(m, h)->policy : 0;
	return 0;
}

handle_t get_vma_policy(const struct machine *m, const struct vma *v, u64 addr)
{
	const struct inode *i = v->file ? inode_at(m, file_at(m, v->file)->inode) : NULL;

	if (i && i->kind == INODE_SHMEM)
		return shared_policy_lookup(m, i, v->pgoff + ((addr - v->start) >> PAGE_SHIFT));
	return v->policy;
}

static handle_t task_policy(const struct machine *m)
{
	return m->current ? task_at(m, m->current)->policy : 0;
}

/* ---- policies of shared memory ---- */

static void shared_free(struct machine *m, handle_t h)
{
	mpol_put(m, shared_at(m, h)->policy);
	kobject_free(m, &m->mempolicy.shared, CACHE_SHARED_POLICY, h);
}

static handle_t shared_new(struct machine *m, u64 first, u64 last, handle_t policy)
{
	handle_t h = kobject_alloc(m, &m->mempolicy.shared, CACHE_SHARED_POLICY);

	if (h)
		*shared_at(m, h) = (struct shared_policy){ .first = first,
							   .last = last,
							   .policy = mpol_get(m, policy) };
	return h;
}

/* Nothing is said of [@first, @last] any more; *@spare: an object for the upper part of what is
 * cut. Where the next one belongs. */
static handle_t *shared_cut(struct machine *m, struct inode *i, u64 first, u64 last,
			    handle_t *spare)
{
	handle_t *at = &i->shared_policy, h;

	while ((h = *at) && shared_at(m, h)->last < first)
		at = &shared_at(m, h)->next;
	while ((h = *at) && shared_at(m, h)->first <= last) {
		struct shared_policy *s = shared_at(m, h);

		if (s->first < first && s->last > last) {
			struct shared_policy *upper = shared_at(m, *spare);

			*upper = (struct shared_policy){ last + 1, s->last, mpol_get(m, s->policy),
							 s->next };
			s->next = *spare;
			*spare = 0;
		}
		if (s->first < first) {
			s->last = first - 1;
			at = &s->next;
		} else if (s->last > last) {
			s->first = last + 1;
			break;
		} else {
			*at = s->next;
			shared_free(m, h);
		}
	}
	return at;
}

int mpol_set_shared(struct machine *m, handle_t inode, u64 first, u64 last, handle_t policy)
{
	handle_t spare = shared_new(m, 0, 0, 0),
		 new = policy ? shared_new(m, first, last, policy) : 0, *at;

	if (!spare || (policy && !new)) {
		if (spare)
			shared_free(m, spare);
		return -ENOMEM;
	}
	at = shared_cut(m, inode_at(m, inode), first, last, &spare);
	if (new) {
		shared_at(m, new)->next = *at;
		*at = new;
	}
	if (spare)
		shared_free(m, spare);
	return 0;
}

void mpol_free_shared(struct machine *m, struct inode *i)
{
	handle_t h;

	while ((h = i->shared_policy)) {
		i->shared_policy = shared_at(m, h)->next;
		shared_free(m, h);
	}
}

/* ---- allocation ---- */

static pfn_t alloc_interleaved(struct machine *m, gfp_t gfp, unsigned int order, u32 nid)
{
	pfn_t pfn = alloc_pages_nodemask(m, gfp, order, (int)nid, 0);

	if (pfn != PFN_NONE)
		count_interleave_hit(m, pfn, (int)nid);
	return pfn;
}

static pfn_t alloc_preferred_many(struct machine *m, gfp_t gfp, unsigned int order, u64 nodes)
{
	pfn_t pfn = alloc_pages_nodemask(
		m, (gfp | __GFP_NOWARN) & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL), order,
		NUMA_NO_NODE, nodes);

	return pfn != PFN_NONE ? pfn : alloc_pages_nodemask(m, gfp, order, NUMA_NO_NODE, 0);
}

/* The highest zone that is not for movable memory alone: below it a bind policy does not count. */
static enum zone_type policy_zone(const struct machine *m, u64 nodes)
{
	u32 nid, type, highest = 0;
	bool kernel_memory = false;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (type = 0; type < ZONE_MOVABLE; type++) {
			if (!m->node[nid].zones[type].managed_pages)
				continue;
			highest = max_t(u32, highest, type);
			kernel_memory |= nodes >> nid & 1;
		}
	return kernel_memory ? (enum zone_type)highest : ZONE_MOVABLE;
}

static pfn_t alloc_by_policy(struct machine *m, handle_t policy, gfp_t gfp, unsigned int order,
			     u32 interleave_nid)
{
	const struct mempolicy *p = mempolicy_at(m, policy);
	u64 nodes = p->nodes;

	switch ((enum mempolicy_mode)p->mode) {
	case MPOL_INTERLEAVE:
		return alloc_interleaved(m, gfp, order, interleave_nid);
	case MPOL_PREFERRED_MANY:
		return alloc_preferred_many(m, gfp, order, nodes);
	case MPOL_PREFERRED:
		return alloc_pages_nodemask(m, gfp, order, (int)first_node(nodes), 0);
	case MPOL_BIND:
		if ((enum zone_type)m->gfp_zone[gfp & 15] < policy_zone(m, nodes))
			nodes = 0;
		return alloc_pages_nodemask(m, gfp, order, NUMA_NO_NODE, nodes);
	default:
		return alloc_pages_nodemask(m, gfp, order, NUMA_NO_NODE, 0);
	}
}

/* By its own turn, not by any address. */
static u32 interleave_next(struct machine *m, const struct mempolicy *p)
{
	struct task *t = task_at(m, m->current);
	u64 after = t->il_prev + 1u < MAX_NUMNODES ? p->nodes & -(1ull << (t->il_prev + 1u)) : 0;

	t->il_prev = (u8)first_node(after ? after : p->nodes);
	return t->il_prev;
}

static u32 interleave_at(const struct mempolicy *p, u64 offset)
{
	return nth_node(p->nodes, offset % nodes_weight(p->nodes));
}

pfn_t alloc_pages_policy(struct machine *m, gfp_t gfp, unsigned int order)
{
	handle_t policy = task_policy(m);
	const struct mempolicy *p = mempolicy_at(m, policy);
	u32 nid = p->mode == MPOL_INTERLEAVE ? interleave_next(m, p) : 0;

	return alloc_by_policy(m, policy, gfp, order, nid);
}

/* @offset: of the page, for interleaving. */
static pfn_t alloc_at(struct machine *m, handle_t policy, gfp_t gfp, u64 offset)
{
	const struct mempolicy *p;

	if (!policy)
		policy = task_policy(m);
	if (!policy)
		return alloc_pages(m, gfp, 0, NUMA_NO_NODE);
	p = mempolicy_at(m, policy);
	return alloc_by_policy(m, policy, gfp, 0,
			       p->mode == MPOL_INTERLEAVE ? interleave_at(p, offset) : 0);
}

pfn_t alloc_page_vma(struct machine *m, handle_t vma, u64 addr, gfp_t gfp)
{
	const struct vma *v = vma_at(m, vma);

	if (mm_should_fail(m))
		return PFN_NONE;
	gfp |= __GFP_COMP; /* a folio, of one page */
	if (likely(!m->mms.nr_policies))
		return alloc_pages(m, gfp, 0, NUMA_NO_NODE);
	if (!vma) /* a page of swap, read for nobody's mapping */
		return alloc_at(m, 0, gfp, 0);
	return alloc_at(m, get_vma_policy(m, v, addr), gfp,
			v->pgoff + ((addr - v->start) >> PAGE_SHIFT));
}

pfn_t alloc_page_shmem(struct machine *m, handle_t inode, u64 index, gfp_t gfp)
{
	const struct inode *i = inode_at(m, inode);
	pfn_t pfn;

	if (mm_should_fail(m))
		return PFN_NONE;
	m->oom.page_of = ALLOC_FOR_SHMEM;
	if (likely(!m->mms.nr_policies))
		pfn = alloc_pages(m, gfp | __GFP_COMP, 0, NUMA_NO_NODE);
	else /* files begin their turn at different nodes */
		pfn = alloc_at(m, shared_policy_lookup(m, i, index), gfp | __GFP_COMP,
			       index + i->ino);
	m->oom.page_of = ALLOC_FOR_ANY;
	return pfn;
}

u32 huge_node(const struct machine *m, const struct vma *v, u64 addr, u32 order, u64 *nodes,
	      bool *many)
{
	handle_t policy = get_vma_policy(m, v, addr);
	u32 local = m->cpu_to_node[m->cpu];
	const struct mempolicy *p;

	*nodes = 0;
	*many = false;
	policy = policy ? policy : task_policy(m);
	if (!policy)
		return local;
	p = mempolicy_at(m, policy);
	*many = p->mode == MPOL_PREFERRED_MANY;
	switch ((enum mempolicy_mode)p->mode) {
	case MPOL_INTERLEAVE:
		return interleave_at(p, (v->pgoff >> order) +
						((addr - v->start) >> (PAGE_SHIFT + order)));
	case MPOL_PREFERRED:
		return first_node(p->nodes);
	case MPOL_BIND:
	case MPOL_PREFERRED_MANY:
		*nodes = p->nodes;
		return local;
	default:
		return local;
	}
}
