/*
 * check_tlb.c - what CPUs remember must be what the page tables say.
 *
 * Only PCIDs that have seen all flushes count: what others hold is forgotten before it is used.
 */
#include "mm/check.h"
#include "mm/tlb.h"

#define PAGE_NUMBER_MASK (TLB_HUGE - 1)

struct tlb_check {
	struct check *c;
	struct tlb_cpu *cpu;
	u32 number;
};

/* The address space that entries with @tag are of, NULL if they are of no use any more; @walk: the
 * tag is a walk cache's. */
static struct mm *mm_of_tag(struct machine *m, const struct tlb_cpu *c, u64 tag, bool walk)
{
	u32 i;

	for (i = 0; i < m->tlb.nr_pcids; i++) {
		const struct tlb_pcid *p = &c->pcid[i];
		struct mm *mm = mm_at(m, p->mm);

		if (!p->mm_id || (walk ? p->pwc_tag : p->tag) != tag)
			continue;
		return mm->id == p->mm_id && mm->tlb_gen == p->gen ? mm : NULL;
	}
	return NULL;
}

static void check_page(struct tlb_check *t, struct mm *mm, u64 vpn, u32 chunk)
{
	struct machine *m = t->c->m;
	const pte_t *pte = pte_find(m, mm, vpn);

	if (!pte || !pte_present(*pte))
		check_fail(t->c, "CPU %u: its TLB has page %llx, which is not present", t->number,
			   (unsigned long long)vpn);
	else if (pte_chunk_handle(m, pte) != chunk)
		check_fail(t->c, "CPU %u: its TLB has page %llx in a wrong place", t->number,
			   (unsigned long long)vpn);
}

static void check_huge(struct tlb_check *t, const struct mm *mm, u64 vpn, u32 leaf)
{
	struct machine *m = t->c->m;
	enum pt_level level;
	const pte_t *pte = huge_pte_find(m, mm, vpn, &level);

	if (!pte || leaf_handle(m, pte) != leaf)
		check_fail(t->c, "CPU %u: its TLB has a large page %llx that is not mapped",
			   t->number, (unsigned long long)vpn);
}

/* The table that an upper entry leads to must be there. */
static void check_upper(struct tlb_check *t, const struct mm *mm, u64 vpn, enum pt_level level)
{
	struct machine *m = t->c->m;
	handle_t table = mm->pgd;
	int at;

	for (at = PT_PGD; table && at > (int)level; at--)
		table = dir_load(m, table, (enum pt_level)at, vpn);
	/* of the two halves of a table either may be missing */
	if (!table && !(level == PT_PTE && m->pt.pte_bits > TABLE_SHIFT))
		check_fail(t->c, "CPU %u: its walk cache has a table for %llx that is gone",
			   t->number, (unsigned long long)vpn);
}

static void check_entry(struct tlb_check *t, enum tlb_array_id id, u64 tag, u32 payload)
{
	struct machine *m = t->c->m;
	bool walk = id >= TLB_PWC_PMD;
	struct mm *mm = mm_of_tag(m, t->cpu, tag >> TLB_TAG_SHIFT, walk);
	u64 number = tag & PAGE_NUMBER_MASK;

	if (!mm)
		return;
	if (walk)
		check_upper(t, mm,
			    number << (id == TLB_PWC_PMD ? m->pt.pte_bits :
				       id == TLB_PWC_PUD ? 18 :
							   27),
			    (enum pt_level)(id - TLB_PWC_PMD));
	else if (id == TLB_L1_2M || tag & TLB_HUGE)
		check_huge(t, mm, number << m->pt.pte_bits, payload);
	else if (id == TLB_L1_1G || id == TLB_L2_1G)
		check_huge(t, mm, number << 18, payload);
	else
		check_page(t, mm, number, payload);
}

static void check_array(struct tlb_check *t, enum tlb_array_id id)
{
	const struct tlb_array *a = &t->c->m->tlb.array[id];
	const u64 *tag = (const u64 *)(const void *)((const u8 *)t->cpu + a->tags);
	const u32 *payload = (const u32 *)(const void *)((const u8 *)t->cpu + a->payload);
	const u8 *mark = (const u8 *)t->cpu + a->marks;
	u32 i, j, set;

	for (i = 0; i < a->ways * a->sets; i++) {
		if (!tag[i])
			continue;
		check_entry(t, id, tag[i], payload[i]);
		if (a->marks && mark[i / a->ways * TLB_MARKS + i % a->ways] !=
					tlb_mark(a, tag[i] & PAGE_NUMBER_MASK, tag[i]))
			check_fail(t->c, "CPU %u: its TLB does not find page %llx", t->number,
				   (unsigned long long)(tag[i] & PAGE_NUMBER_MASK));
		set = i / a->ways * a->ways;
		for (j = set; j < i; j++)
			if (tag[j] == tag[i])
				check_fail(t->c, "CPU %u: its TLB has page %llx twice", t->number,
					   (unsigned long long)(tag[i] & PAGE_NUMBER_MASK));
	}
}

/* Does tlb_live say so where something is remembered? tlb_cpus where it is loaded? */
static void check_pcids(struct tlb_check *t)
{
	struct machine *m = t->c->m;
	const struct tlb_pcid *p = &t->cpu->pcid[t->cpu->current];
	const struct mm *mm = mm_at(m, p->mm);

	if (!p->mm_id || mm->id != p->mm_id)
		return;
	if (!(mm->tlb_cpus >> t->number % 64 & 1))
		check_fail(t->c, "CPU %u has an address space loaded that does not know it",
			   t->number);
}

void check_tlb(struct check *c)
{
	struct machine *m = c->m;
	struct tlb_check t = { .c = c };
	u32 id;

	for (t.number = 0; t.number < m->nr_cpus; t.number++) {
		handle_t h = m->tlb.cpu[t.number];

		if (!h)
			continue;
		t.cpu = pool_at(&m->tlb.cpus, h);
		for (id = 0; id < NR_TLB_ARRAYS; id++)
			check_array(&t, (enum tlb_array_id)id);
		check_pcids(&t);
	}
}
