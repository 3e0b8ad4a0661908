/*
 * translate.c - a page walk, shown. The host's tables are one thing, the machine's another
 * (pagetable.h): a step here is one of the machine's.
 */
#include <mman/translate.h>

#include <string.h>

#include "mm/vma.h"

/* What the kernel puts into the entries of upper tables: present, writable, user, accessed,
 * dirty. */
#define X86_TABLE_BITS \
	(X86_PTE_PRESENT | X86_PTE_RW | X86_PTE_USER | X86_PTE_ACCESSED | X86_PTE_DIRTY)

static u64 x86_bits(const struct machine *m, const struct vma *v, pte_t pte)
{
	u64 bits = (u64)pte_pfn(pte) << PAGE_SHIFT | X86_PTE_PRESENT;

	bits |= pte & PTE_WRITE ? X86_PTE_RW : 0;
	bits |= pte & PTE_USER ? X86_PTE_USER : 0;
	bits |= pte & PTE_ACCESSED ? X86_PTE_ACCESSED : 0;
	bits |= pte & PTE_DIRTY ? X86_PTE_DIRTY : 0;
	bits |= pte & PTE_SPECIAL ? X86_PTE_SPECIAL : 0;
	bits |= pte & PTE_SOFT_DIRTY ? X86_PTE_SOFT_DIRTY : 0;
	if (m->pt.entry_bytes == 8 && v && !(v->flags & VM_EXEC))
		bits |= X86_PTE_NX;
	return bits;
}

/* The frame that is the table with the entry of step @i; @table: the host's, of the level that has
 * it. */
static pfn_t table_frame(const struct machine *m, const struct mm *mm, u32 i, handle_t table)
{
	if (m->pt.levels == PT_WALK_MAX && i == 1)
		return table_at(m, mm->pgd)->p4d;
	return table_at(m, i ? table : mm->pgd)->pfn;
}

static struct translation_step *add_step(const struct machine *m, struct translation *t,
					 pfn_t table)
{
	u32 i = t->nr_steps++;
	const struct pt_walk_level *l = &m->pt.level[i];
	struct translation_step *s = &t->step[i];

	s->name = l->name;
	s->index = (u32)(t->addr >> l->shift) & ((1u << l->bits) - 1);
	s->table = table;
	s->address = ((u64)table << PAGE_SHIFT) + (u64)s->index * m->pt.entry_bytes;
	return s;
}

static void found_page(struct machine *m, struct translation *t, pte_t pte, u64 size)
{
	u64 offset = (t->addr & (size - 1)) >> PAGE_SHIFT;

	t->page_size = size;
	t->pfn = pte_pfn(pte) + (pfn_t)offset;
	t->mapcount = pte_has_page(pte) ? pfn_to_page(m, pte_pfn(pte))->mapcount : 0;
	t->zero_page = t->pfn == m->mms.zero_page;
	t->end = pte & PTE_USER ? TRANSLATED : NO_ACCESS;
}

/* The last entry: @pte is the host's, or NULL. */
static void leaf_step(struct machine *m, struct translation *t, struct translation_step *s,
		      const pte_t *pte, u64 size)
{
	const struct vma *v = t->vma ? vma_at(m, t->vma) : NULL;

	if (!pte || !*pte)
		return;
	if (pte_present(*pte)) {
		s->entry = x86_bits(m, v, *pte) | (size > PAGE_SIZE ? X86_PTE_LARGE : 0);
		found_page(m, t, *pte, size);
		return;
	}
	if (pte_is_poisoned(*pte))
		t->end = POISONED;
	if (!(*pte & PTE_SWAP))
		return;
	t->swap_type = (u32)(*pte >> PTE_SWAP_TYPE_SHIFT) % PTE_SWAP_TYPES;
	t->swap_offset = *pte >> PTE_SWAP_OFFSET_SHIFT;
	t->end = IN_SWAP;
}

/* Which of the host's levels has the entries of step @i of the walk. */
static enum pt_level host_level(const struct machine *m, u32 i)
{
	u32 from_last = m->pt.levels - 1 - i;

	return from_last > PT_PGD ? PT_PGD : (enum pt_level)from_last;
}

/* The host table of @level for @addr, going down from the root; 0: the machine has none either.
 * With PT_LEAF: a large page's entry is on the way. */
static handle_t host_table(const struct machine *m, const struct mm *mm, u64 addr,
			   enum pt_level level, enum pt_level *at)
{
	handle_t h = mm->pgd;

	for (*at = PT_PGD; h && !(h & PT_LEAF) && *at > level; --*at)
		h = dir_entry(m, h, *at, addr_vpn(addr));
	return h;
}

/* Does the machine have a table below step @i: one of the host's, or the twin that shares its
 * page? */
static handle_t below(const struct machine *m, const struct mm *mm, u64 addr, u32 i,
		      enum pt_level *at)
{
	enum pt_level level = host_level(m, i + 1);
	handle_t h = host_table(m, mm, addr, level, at);

	if (!h && level == PT_PTE && m->pt.pte_bits > TABLE_SHIFT)
		h = host_table(m, mm, addr ^ (u64)TABLE_ENTRIES << PAGE_SHIFT, level, at);
	return h;
}

static void walk(struct machine *m, const struct mm *mm, struct translation *t)
{
	pfn_t frame = table_frame(m, mm, 0, 0);
	struct translation_step *s = add_step(m, t, frame);
	enum pt_level at = PT_PGD;
	handle_t h;

	while (t->nr_steps < m->pt.levels) {
		h = below(m, mm, t->addr, t->nr_steps - 1, &at);
		if (h & PT_LEAF) {
			/* PT_LEAF was loaded from a table one level above @at */
			leaf_step(m, t, s, leaf_pte(m, h & ~PT_LEAF),
				  at + 1 == PT_PMD ? m->pt.huge_size : 1ull << 30);
			return;
		}
		if (!h)
			return;
		frame = table_frame(m, mm, t->nr_steps, h);
		/* the four top entries of a pae machine have no rights */
		s->entry =
			(u64)frame << PAGE_SHIFT |
			(m->pt.level[t->nr_steps - 1].bits == 2 ? X86_PTE_PRESENT : X86_TABLE_BITS);
		s = add_step(m, t, frame);
	}
	h = host_table(m, mm, t->addr, PT_PTE, &at);
	leaf_step(m, t, s, h ? table_pte(m, h, addr_vpn(t->addr)) : NULL, PAGE_SIZE);
}

static enum translation_end without_mapping(struct machine *m, handle_t mmh, u64 addr)
{
	handle_t next = find_vma(m, mmh, addr);

	return next && addr >= vma_start_gap(m, vma_at(m, next)) ? STACK_GUARD : NO_MAPPING;
}

void translate(struct machine *m, handle_t mmh, u64 addr, struct translation *out)
{
	*out = (struct translation){ .addr = addr, .pfn = PFN_NONE, .end = NOT_AN_ADDRESS };
	if (addr >= task_size(m))
		return;
	out->vma = find_vma_exact(m, mmh, addr);
	out->end = out->vma ? NOT_PRESENT : without_mapping(m, mmh, addr);
	walk(m, mm_at(m, mmh), out);
}
