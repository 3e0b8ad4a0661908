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
#include "mm/hugetlb.h"

#include <mman/mempolicy.h>

#include "mm/check.h"
#include "mm/contig.h"
#include "mm/page_alloc.h"

#include <errno.h>

#define GFP_HUGE (GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

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

static struct huge_frame *frame_at(const struct machine *m, handle_t at)
{
	return pool_at(&m->boot.huge_frames, at);
}

static void count_huge_page(struct hstate *h, u32 nid, s64 delta)
{
	h->nr_huge_pages += (u64)delta;
	h->nr_node[nid] += (u64)delta;
}

static void count_surplus(struct hstate *h, u32 nid, s64 delta)
{
	h->surplus_huge_pages += (u64)delta;
	h->surplus_node[nid] += (u64)delta;
}

static void enqueue_frame(struct machine *m, struct hstate *h, u32 nid, handle_t at)
{
	frame_at(m, at)->next = h->free_list[nid];
	h->free_list[nid] = at;
	h->free_huge_pages++;
	h->free_node[nid]++;
}

/* The first of a node's free list, which has one. */
static handle_t dequeue_frame(struct machine *m, struct hstate *h, u32 nid)
{
	handle_t at = h->free_list[nid];

	h->free_list[nid] = frame_at(m, at)->next;
	h->free_huge_pages--;
	h->free_node[nid]--;
	return at;
}

static handle_t frame_new(struct machine *m, pfn_t pfn)
{
	handle_t at = pool_alloc(&m->boot.huge_frames);

	if (at)
		frame_at(m, at)->pfn = pfn;
	return at;
}

static bool pool_add(struct machine *m, struct hstate *h, u32 nid, pfn_t pfn)
{
	handle_t at = frame_new(m, pfn);

	if (!at)
		return false;
	enqueue_frame(m, h, nid, at);
	count_huge_page(h, nid, 1);
	return true;
}

static pfn_t pool_take(struct machine *m, struct hstate *h, u32 nid)
{
	handle_t at = dequeue_frame(m, h, nid);
	pfn_t pfn = frame_at(m, at)->pfn;

	pool_free(&m->boot.huge_frames, at);
	count_huge_page(h, nid, -1);
	return pfn;
}

/* Give the frames back. What boot set aside never had struct pages, or has them still reserved. */
static void free_huge_frames(struct machine *m, const struct hstate *h, pfn_t pfn)
{
	pfn_t end = pfn + hstate_pages(h);

	if (!page_exists(m, pfn) || page_test(pfn_to_page(m, pfn), PG_reserved)) {
		zone_free_range(m, pfn_zone(m, pfn), pfn, end);
		return;
	}
	pfn_to_page(m, pfn)->flags = PAGE_FLAG(head);
	if (hstate_is_gigantic(h))
		free_contig_range(m, pfn, end);
	else
		free_pages(m, pfn, hstate_order(h));
}

/* A page that the allocator gave becomes one of ours. */
static void mark_huge_page(struct machine *m, const struct hstate *h, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	page_set(p, PG_hugetlb);
	p->order = hstate_order(h) & 15u;
	p->next = 0;
}

static pfn_t alloc_buddy_huge_page(struct machine *m, const struct hstate *h, gfp_t gfp, int nid,
				   u64 nodes)
{
	pfn_t pfn = alloc_pages_nodemask(m, gfp, hstate_order(h), nid, nodes);

	count_vm_event(m, pfn == PFN_NONE ? HTLB_BUDDY_ALLOC_FAIL : HTLB_BUDDY_ALLOC_SUCCESS);
	return pfn;
}

static bool alloc_fresh_huge_page(struct machine *m, struct hstate *h, u32 nid)
{
	pfn_t pfn;

	if (hstate_is_gigantic(h))
		pfn = alloc_contig_pages(m, hstate_pages(h), nid);
	else
		pfn = alloc_buddy_huge_page(m, h, GFP_HUGE | __GFP_THISNODE, (int)nid, 1ull << nid);
	if (pfn == PFN_NONE)
		return false;
	mark_huge_page(m, h, pfn);
	if (!pool_add(m, h, nid, pfn)) {
		free_huge_frames(m, h, pfn);
		return false;
	}
	return true;
}

/* ---- in use and out of use ---- */

struct hstate *page_hstate(struct machine *m, const struct page *head)
{
	struct hstate *h = m->boot.hstate;

	while (h < m->boot.hstate + m->boot.nr_hstates - 1 && (hstate_order(h) & 15) != head->order)
		h++;
	return h;
}

/* What boot set aside becomes a page like any other when it is first used. */
static int make_struct_pages(struct machine *m, const struct hstate *h, pfn_t pfn)
{
	pfn_t end = pfn + hstate_pages(h), at;

	for (at = pfn; at < end; at += MAX_ORDER_NR_PAGES)
		if (page_touch(m, at))
			return -ENOMEM;
	if (page_test(pfn_to_page(m, pfn), PG_hugetlb))
		return 0;
	prep_compound_page(m, pfn, end);
	mark_huge_page(m, h, pfn);
	return 0;
}

pfn_t dequeue_huge_page_node(struct machine *m, struct hstate *h, u32 nid)
{
	handle_t at = h->free_list[nid];
	pfn_t pfn;

	if (!at)
		return PFN_NONE;
	pfn = frame_at(m, at)->pfn;
	if (make_struct_pages(m, h, pfn))
		return PFN_NONE;
	dequeue_frame(m, h, nid);
	pfn_to_page(m, pfn)->prev = at;
	pfn_to_page(m, pfn)->next = 0;
	return pfn;
}

/* The bytes of frames are gone when their page is. */
static void drop_huge_contents(struct machine *m, pfn_t pfn, u32 nr)
{
	pfn_t end = pfn + nr;

	for (; pfn < end && m->contents.nr_pages; pfn += MAX_ORDER_NR_PAGES)
		drop_contents(m, pfn, min_t(u32, __builtin_ctz(nr), MAX_ORDER - 1));
}

/* Nobody's, and without anything in it. */
static void reset_huge_page(struct machine *m, pfn_t head, const struct hstate *h)
{
	struct page *p = pfn_to_page(m, head);

	drop_huge_contents(m, head, hstate_pages(h));
	/* the kernel forgets neither of these two while the page is in its pool */
	p->flags &= PAGE_FLAG(head) | PAGE_FLAG(hugetlb) | PAGE_FLAG(uptodate) | PAGE_FLAG(dirty);
	p->mapping = p->mapcount = 0;
	page_set_index(p, 0);
}

void put_back_huge_page(struct machine *m, pfn_t head)
{
	struct page *p = pfn_to_page(m, head);
	struct hstate *h = page_hstate(m, p);

	reset_huge_page(m, head, h);
	enqueue_frame(m, h, p->node, p->prev);
}

void free_huge_page(struct machine *m, pfn_t head)
{
	struct page *p = pfn_to_page(m, head);
	struct hstate *h = page_hstate(m, p);
	u32 nid = p->node;
	handle_t at = p->prev;

	if (!h->surplus_node[nid]) {
		put_back_huge_page(m, head);
		return;
	}
	reset_huge_page(m, head, h);
	count_surplus(h, nid, -1);
	count_huge_page(h, nid, -1);
	pool_free(&m->boot.huge_frames, at);
	free_huge_frames(m, h, head);
}

pfn_t alloc_surplus_huge_page(struct machine *m, struct hstate *h, int nid, u64 nodes)
{
	pfn_t pfn;
	handle_t at;

	if (hstate_is_gigantic(h) || h->surplus_huge_pages >= h->nr_overcommit_huge_pages)
		return PFN_NONE;
	pfn = alloc_buddy_huge_page(m, h, GFP_HUGE, nid, nodes);
	if (pfn == PFN_NONE)
		return PFN_NONE;
	mark_huge_page(m, h, pfn);
	at = frame_new(m, pfn);
	/* the allocator may have let others in */
	if (!at || h->surplus_huge_pages >= h->nr_overcommit_huge_pages) {
		if (at)
			pool_free(&m->boot.huge_frames, at);
		free_huge_frames(m, h, pfn);
		return PFN_NONE;
	}
	pfn_to_page(m, pfn)->prev = at;
	count_huge_page(h, pfn_to_page(m, pfn)->node, 1);
	count_surplus(h, pfn_to_page(m, pfn)->node, 1);
	return pfn;
}

/* ---- pages to move to ---- */

/* Not one of a block that is being emptied: it would have to move again. */
static bool going_offline(const struct machine *m, pfn_t pfn)
{
	u32 block = m->hotplug.going_offline;

	return block && pfn / PAGES_PER_SECTION == block - 1;
}

static pfn_t dequeue_target(struct machine *m, struct hstate *h, u32 nid)
{
	handle_t at = h->free_list[nid];

	return at && going_offline(m, frame_at(m, at)->pfn) ? PFN_NONE :
							      dequeue_huge_page_node(m, h, nid);
}

pfn_t alloc_migration_huge_page(struct machine *m, struct hstate *h, u32 nid, u64 nodes,
				bool *temporary)
{
	const struct pglist_data *n = &m->node[nid];
	pfn_t pfn = PFN_NONE;
	handle_t at;
	u32 i;

	nodes = nodes ? nodes : memory_nodes(m, NUMA_NO_NODE);
	for (i = 0; i < n->nr_node_order && h->free_huge_pages > h->resv_huge_pages; i++) {
		if (nodes >> n->node_order[i] & 1)
			pfn = dequeue_target(m, h, n->node_order[i]);
		if (pfn != PFN_NONE)
			return pfn;
	}
	if (hstate_is_gigantic(h))
		return PFN_NONE;
	pfn = alloc_buddy_huge_page(m, h, GFP_HUGE, (int)nid, nodes);
	at = pfn == PFN_NONE ? 0 : frame_new(m, pfn);
	if (!at) {
		if (pfn != PFN_NONE)
			free_pages(m, pfn, hstate_order(h));
		return PFN_NONE;
	}
	mark_huge_page(m, h, pfn);
	pfn_to_page(m, pfn)->prev = at;
	count_huge_page(h, pfn_to_page(m, pfn)->node, 1);
	*temporary = true;
	return pfn;
}

void free_migrated_huge_page(struct machine *m, pfn_t head, u32 nid, bool temporary)
{
	struct page *p = pfn_to_page(m, head);
	struct hstate *h = page_hstate(m, p);

	if (!temporary) {
		free_huge_page(m, head);
		return;
	}
	reset_huge_page(m, head, h);
	count_huge_page(h, p->node, -1);
	if (h->surplus_node[p->node] && p->node != nid) {
		h->surplus_node[p->node]--;
		h->surplus_node[nid]++;
	}
	pool_free(&m->boot.huge_frames, p->prev);
	free_huge_frames(m, h, head);
}

/* ---- reserved pages ---- */

static bool remove_pool_huge_page(struct machine *m, struct hstate *h, u64 allowed,
				  bool acct_surplus);

/* What the pool lacks for @delta more is taken as surplus, and stays aside until all of it is
 * there. */
static int gather_surplus_pages(struct machine *m, struct hstate *h, u64 delta)
{
	u64 need = h->resv_huge_pages + delta, taken = 0;
	handle_t list = 0, at;
	pfn_t pfn = 0;

	while (pfn != PFN_NONE && need > h->free_huge_pages + taken) {
		pfn = alloc_surplus_huge_page(m, h, NUMA_NO_NODE, 0);
		if (pfn == PFN_NONE)
			break;
		at = pfn_to_page(m, pfn)->prev;
		frame_at(m, at)->next = list;
		list = at;
		taken++;
	}
	for (; list; list = at) {
		at = frame_at(m, list)->next;
		pfn = frame_at(m, list)->pfn;
		if (need <= h->free_huge_pages + taken)
			enqueue_frame(m, h, pfn_to_page(m, pfn)->node, list);
		else
			free_huge_page(m, pfn);
	}
	return need <= h->free_huge_pages ? 0 : -ENOMEM;
}

static void return_unused_surplus_pages(struct machine *m, struct hstate *h, u64 unused)
{
	u64 nr = min_t(u64, unused, h->surplus_huge_pages);

	h->resv_huge_pages -= unused;
	while (nr-- && remove_pool_huge_page(m, h, memory_nodes(m, NUMA_NO_NODE), true))
		;
}

/* Free pages where the running task may take them. */
static u64 allowed_mems_nr(const struct machine *m, const struct hstate *h)
{
	u64 nodes = task_mems_allowed(m, m->current), nr = 0;
	handle_t policy = m->current ? task_at(m, m->current)->policy : 0;

	if (policy && mempolicy_at(m, policy)->mode == MPOL_BIND)
		nodes &= mempolicy_at(m, policy)->nodes;
	for (; nodes; nodes &= nodes - 1)
		nr += h->free_node[__builtin_ctzll(nodes)];
	return nr;
}

int hugetlb_acct_memory(struct machine *m, struct hstate *h, s64 delta)
{
	if (delta < 0)
		return_unused_surplus_pages(m, h, (u64)-delta);
	if (delta <= 0)
		return 0;
	if (gather_surplus_pages(m, h, (u64)delta))
		return -ENOMEM;
	h->resv_huge_pages += (u64)delta;
	if ((u64)delta <= allowed_mems_nr(m, h))
		return 0;
	return_unused_surplus_pages(m, h, (u64)delta);
	return -ENOMEM;
}

/* ---- the size of a pool ---- */

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
	u64 n;

	for (n = 0; n < nr && h->free_list[nid] && h->free_huge_pages > h->resv_huge_pages; n++)
		pool_free(&m->boot.huge_frames, dequeue_frame(m, h, nid));
	h->held_huge_pages += n;
	surplus = min_t(u64, surplus, n);
	count_surplus(h, nid, (s64)surplus);
	return n;
}

/* @acct_surplus: a surplus page. */
static bool remove_pool_huge_page(struct machine *m, struct hstate *h, u64 allowed,
				  bool acct_surplus)
{
	int tries;

	for (tries = __builtin_popcountll(allowed); tries; tries--) {
		u32 nid = next_node(&h->next_nid_to_free, allowed);

		if (!h->free_list[nid] || (acct_surplus && !h->surplus_node[nid]))
			continue;
		if (acct_surplus)
			count_surplus(h, nid, -1);
		free_huge_frames(m, h, pool_take(m, h, nid));
		return true;
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
		count_surplus(h, nid, delta);
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
		if (!remove_pool_huge_page(m, h, allowed, false) || !machine_safe_point(m))
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

/* Pages of @bytes; NULL: this machine has none of them. 0: the default size. */
static struct hstate *hstate_by_size(struct machine *m, u64 bytes)
{
	u32 i;

	if (!bytes)
		return hugetlb_default(m);
	for (i = 0; i < m->boot.nr_hstates; i++)
		if (m->boot.hstate[i].page_size == bytes)
			return &m->boot.hstate[i];
	return NULL;
}

struct hstate *hugetlb_mmap_hstate(struct machine *m, u32 map)
{
	if (m->pt.flat) /* one table of small pages is all that there is */
		return NULL;
	return hstate_by_size(m, map & MAPF_HUGETLB_1G ? 1ull << 30 :
				 map & MAPF_HUGETLB_2M ? 2ull << 20 :
							 0);
}

struct hstate *vma_hstate(const struct machine *m, const struct vma *v)
{
	const struct inode *i = v->file ? inode_at(m, file_at(m, v->file)->inode) : NULL;
	u32 at = i && i->hstate ? i->hstate - 1u : m->boot.default_hstate;

	return (struct hstate *)&m->boot.hstate[at];
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
	const char *size = h->page_size >> 30 ? "1.00 GiB" :
			   h->page_size >> 22 ? "4.00 MiB" :
						"2.00 MiB";
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
