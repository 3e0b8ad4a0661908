/*
 * hugetlb_resv.c - which huge pages are promised to whom (mm/hugetlb.h has the picture), and taking
 * one for a fault.
 *
 * A set of page indexes is a set of bits: a sparse index (xarray.h) whose values have 31 of them.
 */
#include "mm/hugetlb.h"

#include <errno.h>
#include <mman/mempolicy.h>
#include <mman/xarray.h>

#define WORD_BITS 31u

/* ---- sets of bits ---- */

static bool bit_test(const struct machine *m, handle_t root, u64 index)
{
	return xa_load(m, root, index / WORD_BITS) >> index % WORD_BITS & 1;
}

static int bit_set(struct machine *m, handle_t *root, u64 index)
{
	u32 word = xa_load(m, *root, index / WORD_BITS) | XA_VALUE | 1u << index % WORD_BITS;

	return xa_store(m, root, index / WORD_BITS, word);
}

/* A word without bits is none. */
static void word_clear(struct machine *m, handle_t *root, u64 word, u32 bits)
{
	u32 old = xa_load(m, *root, word), left = old & ~XA_VALUE & ~bits;

	if (!old)
		return;
	if (left)
		xa_replace(m, root, word, left | XA_VALUE);
	else
		xa_erase(m, root, word);
}

/* The bits of @word that lie in [first, end). */
static u32 word_mask(u64 word, u64 first, u64 end)
{
	u64 base = word * WORD_BITS;
	u32 low = first > base ? (u32)(first - base) : 0;
	u32 high = end - base < WORD_BITS ? (u32)(end - base) : WORD_BITS;

	return (u32)((1ull << high) - (1ull << low));
}

static u64 bits_count(const struct machine *m, handle_t root, u64 first, u64 end)
{
	u64 word = first / WORD_BITS, nr = 0;
	u32 bits;

	while (first < end && (bits = xa_find(m, root, &word, (end - 1) / WORD_BITS))) {
		nr += (u32)__builtin_popcount(bits & ~XA_VALUE & word_mask(word, first, end));
		word++;
	}
	return nr;
}

static int bits_set(struct machine *m, handle_t *root, u64 first, u64 end)
{
	u64 word;
	int error = 0;

	for (word = first / WORD_BITS; !error && word * WORD_BITS < end; word++)
		error = xa_store(m, root, word,
				 xa_load(m, *root, word) | XA_VALUE | word_mask(word, first, end));
	return error;
}

static void bits_clear(struct machine *m, handle_t *root, u64 first, u64 end)
{
	u64 word = first / WORD_BITS;

	while (first < end && xa_find(m, *root, &word, (end - 1) / WORD_BITS)) {
		word_clear(m, root, word, word_mask(word, first, end));
		word++;
	}
}

/* ---- of a mapping ---- */

static struct inode *huge_inode(const struct machine *m, const struct vma *v)
{
	return inode_at(m, file_at(m, v->file)->inode);
}

static struct resv_map *map_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->mms.resv_maps, h);
}

void resv_map_get(struct machine *m, handle_t map)
{
	if (map)
		map_at(m, map)->refs++;
}

void resv_map_put(struct machine *m, handle_t map)
{
	if (!map || --map_at(m, map)->refs)
		return;
	bits_clear(m, &map_at(m, map)->bits, 0, UINT64_MAX);
	pool_free(&m->mms.resv_maps, map);
}

void hugetlb_dup_vma_private(struct machine *m, struct vma *v)
{
	resv_map_put(m, v->resv_map);
	v->resv_map = 0;
	v->huge_flags = 0;
}

/* Indexes of huge pages, of the file. */
static u64 first_index(const struct machine *m, const struct vma *v)
{
	return v->pgoff >> hstate_order(vma_hstate(m, v));
}

static u64 end_index(const struct machine *m, const struct vma *v)
{
	return (v->pgoff + vma_pages(v)) >> hstate_order(vma_hstate(m, v));
}

static u64 index_at(const struct machine *m, const struct vma *v, u64 addr)
{
	return (v->pgoff + ((addr - v->start) >> PAGE_SHIFT)) >> hstate_order(vma_hstate(m, v));
}

/* Where the mapping's bits are; NULL: it has none of its own. */
static handle_t *resv_bits(struct machine *m, const struct vma *v)
{
	if (v->flags & VM_MAYSHARE)
		return &huge_inode(m, v)->resv_map;
	return v->resv_map ? &map_at(m, v->resv_map)->bits : NULL;
}

int hugetlb_reserve_pages(struct machine *m, handle_t vma)
{
	struct vma *v = vma_at(m, vma);
	u64 first = first_index(m, v), end = end_index(m, v);
	struct inode *i = huge_inode(m, v);
	s64 nr = (s64)(end - first);

	if (v->flags & VM_NORESERVE)
		return 0;
	if (v->flags & VM_MAYSHARE) {
		nr -= (s64)bits_count(m, i->resv_map, first, end);
		if (bits_set(m, &i->resv_map, first, end) ||
		    hugetlb_acct_memory(m, vma_hstate(m, v), nr)) {
			bits_clear(m, &i->resv_map, first, end);
			return -ENOMEM;
		}
		return 0;
	}
	v->resv_map = pool_alloc(&m->mms.resv_maps);
	if (!v->resv_map)
		return -ENOMEM;
	map_at(m, v->resv_map)->refs = 1;
	if (hugetlb_acct_memory(m, vma_hstate(m, v), nr)) {
		hugetlb_dup_vma_private(m, v);
		return -ENOMEM;
	}
	return 0;
}

u64 resv_count_vma(const struct machine *m, const struct vma *v)
{
	u64 first = first_index(m, v), end = end_index(m, v);

	return v->resv_map ? end - first - bits_count(m, map_at(m, v->resv_map)->bits, first, end) :
			     0;
}

u64 resv_count_inode(const struct machine *m, const struct inode *i)
{
	return bits_count(m, i->resv_map, 0, UINT64_MAX) - i->nrpages;
}

void hugetlb_unreserve_vma(struct machine *m, struct vma *v)
{
	u64 unused = resv_count_vma(m, v);

	if (unused)
		hugetlb_acct_memory(m, vma_hstate(m, v), -(s64)unused);
	hugetlb_dup_vma_private(m, v);
}

void hugetlb_unreserve_pages(struct machine *m, struct inode *i, u64 first, u64 end, u64 freed)
{
	u32 at = i->hstate ? i->hstate - 1u : m->boot.default_hstate;
	u64 nr = bits_count(m, i->resv_map, first, end);

	bits_clear(m, &i->resv_map, first, end);
	if (nr > freed)
		hugetlb_acct_memory(m, &m->boot.hstate[at], -(s64)(nr - freed));
}

/* ---- a page for a fault ---- */

/* Must the page be more than what the mapping has reserved? */
static bool needs_reservation(struct machine *m, const struct vma *v, u64 index)
{
	const handle_t *bits = resv_bits(m, v);

	if (v->flags & VM_MAYSHARE)
		return !bit_test(m, *bits, index);
	return !bits || bit_test(m, *bits, index);
}

/* May it be one of the reserved ones? @more: it needs more than was reserved. */
static bool vma_has_reserves(const struct vma *v, bool more)
{
	if (v->flags & VM_MAYSHARE)
		return !more;
	return v->resv_map && !more;
}

/* A free page from a node of @nodes (0: any), @nid and its neighbours first. */
static pfn_t dequeue_nodes(struct machine *m, struct hstate *h, u32 nid, u64 nodes)
{
	const struct pglist_data *n = &m->node[nid];
	u64 allowed = task_mems_allowed(m, m->current);
	pfn_t pfn = PFN_NONE;
	u32 i;

	allowed = nodes ? allowed & nodes : allowed;
	for (i = 0; i < n->nr_node_order && pfn == PFN_NONE; i++)
		if (allowed >> n->node_order[i] & 1)
			pfn = dequeue_huge_page_node(m, h, n->node_order[i]);
	return pfn;
}

static pfn_t take_huge_page(struct machine *m, const struct vma *v, u64 addr, bool reserved,
			    bool avoid)
{
	struct hstate *h = vma_hstate(m, v);
	u64 nodes;
	bool many;
	u32 nid = huge_node(m, v, addr, hstate_order(h), &nodes, &many);
	pfn_t pfn = PFN_NONE;

	if ((reserved && !avoid) || h->free_huge_pages > h->resv_huge_pages)
		pfn = dequeue_nodes(m, h, nid, nodes);
	if (pfn == PFN_NONE && many &&
	    ((reserved && !avoid) || h->free_huge_pages > h->resv_huge_pages))
		pfn = dequeue_nodes(m, h, nid, 0);
	if (pfn == PFN_NONE)
		pfn = alloc_surplus_huge_page(m, h, (int)nid, nodes);
	if (pfn == PFN_NONE && many)
		pfn = alloc_surplus_huge_page(m, h, (int)nid, 0);
	return pfn;
}

int alloc_huge_page(struct machine *m, handle_t vma, u64 addr, bool avoid_reserve,
		    struct huge_page_alloc *out)
{
	struct vma *v = vma_at(m, vma);
	u64 index = index_at(m, v, addr);
	handle_t *bits = resv_bits(m, v);
	bool more = needs_reservation(m, v, index) || avoid_reserve;
	bool reserved = vma_has_reserves(v, more);

	*out = (struct huge_page_alloc){ .pfn = PFN_NONE };
	if (mm_should_fail(m))
		return -ENOMEM;
	if (bits && !bit_test(m, *bits, index)) {
		if (bit_set(m, bits, index))
			return -ENOMEM;
		out->committed = true;
	}
	out->pfn = take_huge_page(m, v, addr, reserved, avoid_reserve);
	if (out->pfn == PFN_NONE) {
		if (out->committed)
			bits_clear(m, resv_bits(m, v), index, index + 1);
		return -ENOSPC;
	}
	out->reserved = reserved;
	vma_hstate(m, v)->resv_huge_pages -= reserved;
	return 0;
}

void undo_huge_page(struct machine *m, handle_t vma, u64 addr, const struct huge_page_alloc *a)
{
	const struct vma *v = vma_at(m, vma);
	u64 index = index_at(m, v, addr);

	if (a->committed)
		bits_clear(m, resv_bits(m, v), index, index + 1);
	vma_hstate(m, v)->resv_huge_pages += a->reserved;
	if (a->reserved) /* also a surplus page: it is promised again */
		put_back_huge_page(m, a->pfn);
	else
		free_huge_page(m, a->pfn);
}
