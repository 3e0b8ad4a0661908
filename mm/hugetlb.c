/*
 * hugetlb.c - pools of huge pages.
 *
 * A pool grows one page at a time, each from the node whose turn it is; a node that has none passes
 * the turn on, and when all have passed the pool is as large as it gets. It shrinks the same way,
 * with a turn of its own. The turns go on from one request to the next, so that a single page made
 * and given back twice comes from two nodes.
 *
 * Source: Documentation/admin-guide/mm/hugetlbpage.rst, and the record of writes to nr_hugepages.
 */
#include <mman/hugetlb.h>

#include "mm/check.h"
#include "mm/contig.h"

#include <errno.h>

#define GFP_HUGE \
	(GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_RETRY_MAYFAIL | __GFP_NOWARN | __GFP_THISNODE)

/* ---- nodes in turn ---- */

static u64 memory_nodes(const struct machine *m, int nid)
{
	u64 mask = 0;
	u32 n;

	if (nid != NUMA_NO_NODE)
		return 1ull << nid;
	for (n = 0; n < m->nr_nodes; n++)
		mask |= (u64)m->node[n].has_memory << n;
	return mask;
}

/* The first node of @allowed from @nid on, round the end. */
static u32 node_from(u64 allowed, u32 nid)
{
	u64 above = nid < 64 ? allowed >> nid << nid : 0;

	return (u32)__builtin_ctzll(above ? above : allowed);
}

static u32 next_node(u32 *turn, u64 allowed)
{
	u32 nid = node_from(allowed, *turn);

	*turn = node_from(allowed, nid + 1);
	return nid;
}

/* ---- one page in or out of a pool ---- */

static bool pool_add(struct machine *m, struct hstate *h, u32 nid, pfn_t pfn)
{
	struct pool *frames = &m->boot.huge_frames;
	handle_t at = pool_alloc(frames);
	struct huge_frame *f;

	if (!at)
		return false;
	f = pool_at(frames, at);
	f->pfn = pfn;
	f->next = h->free_list[nid];
	h->free_list[nid] = at;
	h->nr_huge_pages++;
	h->free_huge_pages++;
	h->nr_node[nid]++;
	h->free_node[nid]++;
	return true;
}

static pfn_t pool_take(struct machine *m, struct hstate *h, u32 nid)
{
	struct pool *frames = &m->boot.huge_frames;
	handle_t at = h->free_list[nid];
	const struct huge_frame *f = pool_at(frames, at);
	pfn_t pfn = f->pfn;

	h->free_list[nid] = f->next;
	pool_free(frames, at);
	h->nr_huge_pages--;
	h->free_huge_pages--;
	h->nr_node[nid]--;
	h->free_node[nid]--;
	return pfn;
}

/* Give the frames back. What boot set aside never had struct pages, or has them still reserved. */
static void free_huge_frames(struct machine *m, const struct hstate *h, pfn_t pfn)
{
	pfn_t end = pfn + (1u << hstate_order(h));

	if (!page_exists(m, pfn) || page_test(pfn_to_page(m, pfn), PG_reserved)) {
		zone_free_range(m, pfn_zone(m, pfn), pfn, end);
		return;
	}
	page_clear(pfn_to_page(m, pfn), PG_hugetlb);
	if (hstate_is_gigantic(h))
		free_contig_range(m, pfn, end);
	else
		free_pages(m, pfn, hstate_order(h));
}

static bool alloc_fresh_huge_page(struct machine *m, struct hstate *h, u32 nid)
{
	pfn_t pfn;

	if (hstate_is_gigantic(h)) {
		pfn = alloc_contig_pages(m, 1u << hstate_order(h), nid);
	} else {
		pfn = alloc_pages_nodemask(m, GFP_HUGE, hstate_order(h), (int)nid, 1ull << nid);
		count_vm_event(m,
			       pfn == PFN_NONE ? HTLB_BUDDY_ALLOC_FAIL : HTLB_BUDDY_ALLOC_SUCCESS);
	}
	if (pfn == PFN_NONE)
		return false;
	page_set(pfn_to_page(m, pfn), PG_hugetlb);
	if (!pool_add(m, h, nid, pfn)) {
		free_huge_frames(m, h, pfn);
		return false;
	}
	return true;
}

/* One page more, from whichever node of @allowed has one. */
static bool alloc_pool_huge_page(struct machine *m, struct hstate *h, u64 allowed)
{
	int tries;

	for (tries = __builtin_popcountll(allowed); tries; tries--)
		if (alloc_fresh_huge_page(m, h, next_node(&h->next_nid_to_alloc, allowed)))
			return true;
	return false;
}

u64 hugetlb_hold(struct machine *m, struct hstate *h, u32 nid, u64 nr, u64 surplus)
{
	struct pool *frames = &m->boot.huge_frames;
	u64 n;

	for (n = 0; n < nr && h->free_list[nid] && h->free_huge_pages > h->resv_huge_pages; n++) {
		handle_t at = h->free_list[nid];

		h->free_list[nid] = ((struct huge_frame *)pool_at(frames, at))->next;
		pool_free(frames, at);
		h->free_huge_pages--;
		h->free_node[nid]--;
	}
	surplus = min_t(u64, surplus, n);
	h->surplus_huge_pages += surplus;
	h->surplus_node[nid] += surplus;
	return n;
}

static bool remove_pool_huge_page(struct machine *m, struct hstate *h, u64 allowed)
{
	int tries;

	for (tries = __builtin_popcountll(allowed); tries; tries--) {
		u32 nid = next_node(&h->next_nid_to_free, allowed);

		if (h->free_list[nid]) {
			free_huge_frames(m, h, pool_take(m, h, nid));
			return true;
		}
	}
	return false;
}

/* The place of the link to the free page of @h that holds @pfn; NULL: none does. */
static handle_t *find_free(struct machine *m, struct hstate *h, u32 nid, pfn_t pfn)
{
	handle_t *at = &h->free_list[nid];

	for (; *at; at = &((struct huge_frame *)pool_at(&m->boot.huge_frames, *at))->next) {
		const struct huge_frame *f = pool_at(&m->boot.huge_frames, *at);

		if (pfn - f->pfn < 1u << hstate_order(h))
			return at;
	}
	return NULL;
}

int dissolve_free_huge_page(struct machine *m, pfn_t pfn)
{
	const struct zone *z = pfn_zone(m, pfn);
	struct hstate *h;
	handle_t *at, found;

	for (h = m->boot.hstate; z && h < m->boot.hstate + m->boot.nr_hstates; h++) {
		at = find_free(m, h, z->nid, pfn);
		if (!at)
			continue;
		if (h->free_huge_pages == h->resv_huge_pages)
			return -EBUSY;
		/* to the head of the list, from where pool_take() takes it */
		found = *at;
		*at = ((struct huge_frame *)pool_at(&m->boot.huge_frames, found))->next;
		((struct huge_frame *)pool_at(&m->boot.huge_frames, found))->next =
			h->free_list[z->nid];
		h->free_list[z->nid] = found;
		free_huge_frames(m, h, pool_take(m, h, z->nid));
		return 0;
	}
	return 0;
}

/* One page in use turns from persistent to surplus (@delta 1) or back (-1). */
static bool adjust_pool_surplus(struct hstate *h, u64 allowed, int delta)
{
	u32 *turn = delta < 0 ? &h->next_nid_to_alloc : &h->next_nid_to_free;
	int tries;

	for (tries = __builtin_popcountll(allowed); tries; tries--) {
		u32 nid = next_node(turn, allowed);

		if (delta < 0 ? !h->surplus_node[nid] : h->surplus_node[nid] >= h->nr_node[nid])
			continue;
		h->surplus_huge_pages += (u64)(s64)delta;
		h->surplus_node[nid] += (u64)(s64)delta;
		return true;
	}
	return false;
}

/* ---- the calls ---- */

int hugetlb_set_pool(struct machine *m, struct hstate *h, u64 count, int nid)
{
	u64 allowed = memory_nodes(m, nid), least;

	if (nid != NUMA_NO_NODE &&
	    __builtin_add_overflow(count, h->nr_huge_pages - h->nr_node[nid], &count))
		count = UINT64_MAX;
	if (!allowed)
		return 0;

	while (h->surplus_huge_pages && count > hstate_persistent(h))
		if (!adjust_pool_surplus(h, allowed, -1))
			break;
	while (count > hstate_persistent(h))
		if (!alloc_pool_huge_page(m, h, allowed) || !machine_safe_point(m))
			return 0;

	least = h->resv_huge_pages + h->nr_huge_pages - h->free_huge_pages;
	least = max_t(u64, least, count);
	while (least < hstate_persistent(h))
		if (!remove_pool_huge_page(m, h, allowed) || !machine_safe_point(m))
			break;
	while (count < hstate_persistent(h))
		if (!adjust_pool_surplus(h, allowed, 1))
			break;
	return 0;
}

static int demote_one(struct machine *m, struct hstate *h, struct hstate *to, u64 allowed)
{
	int tries;

	for (tries = __builtin_popcountll(allowed); tries; tries--) {
		u32 nid = next_node(&h->next_nid_to_free, allowed);
		pfn_t pfn, end;

		if (!h->free_list[nid])
			continue;
		pfn = pool_take(m, h, nid);
		end = pfn + (1u << hstate_order(h));
		for (; pfn < end; pfn += 1u << hstate_order(to)) {
			split_contig_page(m, pfn, hstate_order(to));
			if (!pool_add(m, to, nid, pfn))
				free_huge_frames(m, to, pfn);
		}
		return 0;
	}
	return -EBUSY;
}

int hugetlb_demote(struct machine *m, struct hstate *h, struct hstate *to, u64 nr, int nid)
{
	u64 allowed = memory_nodes(m, nid), available;
	int err = 0;

	for (; nr && !err; nr--) {
		available = nid == NUMA_NO_NODE ? h->free_huge_pages - h->resv_huge_pages :
						  h->free_node[nid];
		if (!available)
			break;
		err = demote_one(m, h, to, allowed);
	}
	return err;
}

struct hstate *hugetlb_default(struct machine *m)
{
	return m->boot.nr_hstates ? &m->boot.hstate[m->boot.default_hstate] : NULL;
}

/* Is this the size that @h demotes to by default: the largest of the smaller ones? */
static void set_demote_size(struct machine *m, struct hstate *h)
{
	u32 i;

	for (i = 0; i < m->boot.nr_hstates; i++) {
		u64 size = m->boot.hstate[i].page_size;

		if (size < h->page_size && size > h->demote_size)
			h->demote_size = size;
	}
}

static void print_hstate(struct machine *m, const struct hstate *h)
{
	const char *size = h->page_size >> 30 ? "1.00 GiB" : "2.00 MiB";
	u64 vmemmap = (h->page_size >> PAGE_SHIFT) * 64; /* of the kernel's struct pages */

	printk(m, 6, "HugeTLB: registered %s page size, pre-allocated %llu pages", size,
	       (unsigned long long)h->nr_huge_pages);
	printk(m, 6, "HugeTLB: %llu KiB vmemmap can be freed for a %s page",
	       (unsigned long long)(vmemmap - PAGE_SIZE) >> 10, size);
}

int hugetlb_init(struct machine *m)
{
	const struct boot_params *p = &m->boot.params;
	u32 i, k;

	for (k = 0; k < m->boot.nr_hstates; k++) {
		struct hstate *h = &m->boot.hstate[k];

		set_demote_size(m, h);
		for (i = 0; i < p->nr_hugepages && !hstate_is_gigantic(h); i++) {
			const struct hugepage_param *hp = &p->hugepages[i];

			if (hp->page_size == h->page_size && hp->nid < (s32)m->nr_nodes)
				hugetlb_set_pool(m, h, hp->nr, hp->nid);
		}
	}
	for (k = 0; k < m->boot.nr_hstates; k++)
		print_hstate(m, &m->boot.hstate[k]);
	return 0;
}

/* ---- invariants ---- */

void check_hugetlb(struct check *c)
{
	u32 k, nid;

	for (k = 0; k < c->m->boot.nr_hstates; k++) {
		const struct hstate *h = &c->m->boot.hstate[k];
		u64 nr = 0, free = 0, surplus = 0;

		for (nid = 0; nid < MAX_NUMNODES; nid++) {
			const struct huge_frame *f;
			s64 listed = 0;
			handle_t at;

			for (at = h->free_list[nid]; at; at = f->next, listed++)
				f = pool_at(&c->m->boot.huge_frames, at);
			check_equal(c, "free huge pages of a node", listed, (s64)h->free_node[nid]);
			nr += h->nr_node[nid];
			free += h->free_node[nid];
			surplus += h->surplus_node[nid];
		}
		check_equal(c, "nr_hugepages", (s64)nr, (s64)h->nr_huge_pages);
		check_equal(c, "free_hugepages", (s64)free, (s64)h->free_huge_pages);
		check_equal(c, "surplus_hugepages", (s64)surplus, (s64)h->surplus_huge_pages);
	}
}
