/*
 * tlb_read.c - what the TLBs did and what they hold. Looking changes nothing.
 */
#include <mman/translate.h>

#include "mm/tlb.h"

struct tlb_stat tlb_stat(const struct machine *m, u32 cpu)
{
	const struct tlb_cpu *c = tlb_cpu_of(m, cpu);
	struct tlb_stat s = { 0 };

	if (!c)
		return s;
	s = c->stat;
	if (c == tlb_running_cpu(m) && m->tlb.fresh.next != TLB_NO_FRESH) {
		/* one step each at least: those above come with the count when they are settled */
		s.misses += m->tlb.fresh.next - m->tlb.fresh.first;
		s.steps += m->tlb.fresh.next - m->tlb.fresh.first;
	}
	return s;
}

struct tlb_stat tlb_stat_all(const struct machine *m)
{
	struct tlb_stat sum = { 0 };
	u32 cpu;

	for (cpu = 0; cpu < m->nr_cpus; cpu++) {
		struct tlb_stat s = tlb_stat(m, cpu);

		sum.l1_hits += s.l1_hits;
		sum.l2_hits += s.l2_hits;
		sum.misses += s.misses;
		sum.steps += s.steps;
		sum.flushes += s.flushes;
		sum.page_flushes += s.page_flushes;
		sum.shootdowns += s.shootdowns;
		sum.switches += s.switches;
		sum.switches_kept += s.switches_kept;
	}
	return sum;
}

/* Without a look at what was used: looking changes nothing. */
static bool array_has(struct tlb_cpu *c, const struct tlb_array *a, u64 number, u64 tag)
{
	u32 first = ((u32)number & (a->sets - 1)) * a->ways;

	return a->ways && tlb_match(tlb_array_tags(c, a) + first, a->ways, tag | number);
}

/* Pages that wait to be remembered: the last ones will be. */
static u32 peek_fresh(const struct machine *m, const struct mm *mm, u64 vpn)
{
	const struct tlb_fresh *f = &m->tlb.fresh;
	const struct tlb_array *a = m->tlb.array;
	u64 behind = f->next - 1 - vpn;

	if (f->next == TLB_NO_FRESH || mm_at(m, m->tlb.mm) != mm || vpn < f->first ||
	    vpn >= f->next)
		return 0;
	return behind < (u64)a[TLB_L1_4K].ways * a[TLB_L1_4K].sets ? 1 :
	       behind < (u64)a[TLB_L2].ways * a[TLB_L2].sets	   ? 2 :
								     0;
}

static const struct tlb_pcid *pcid_of(const struct machine *m, const struct tlb_cpu *c,
				      const struct mm *mm)
{
	u32 i;

	for (i = 0; i < m->tlb.nr_pcids; i++)
		if (c->pcid[i].mm_id == mm->id && c->pcid[i].gen == mm->tlb_gen)
			return &c->pcid[i];
	return NULL;
}

u32 tlb_peek(struct machine *m, handle_t task, u64 addr)
{
	const struct mm *mm = mm_at(m, task_at(m, task)->mm);
	const struct tlb_array *a = m->tlb.array;
	struct tlb_cpu *c = tlb_cpu_of(m, task_at(m, task)->cpu);
	u64 vpn = addr_vpn(addr), large = vpn >> m->pt.pte_bits, giant = vpn >> TLB_GIANT_SHIFT;
	const struct tlb_pcid *p = c ? pcid_of(m, c, mm) : NULL;
	u64 tag = p ? tlb_tag_of(p->tag) : 0;

	if (p &&
	    (array_has(c, &a[TLB_L1_4K], vpn, tag) || array_has(c, &a[TLB_L1_2M], large, tag) ||
	     array_has(c, &a[TLB_L1_1G], giant, tag)))
		return 1;
	if (p && (array_has(c, &a[TLB_L2], vpn, tag) ||
		  array_has(c, &a[TLB_L2], large, tag | TLB_HUGE) ||
		  array_has(c, &a[TLB_L2_1G], giant, tag)))
		return 2;
	return peek_fresh(m, mm, vpn);
}

/* ---- what they hold ---- */

/* Of the array's page, bytes; of a walk cache what the table below covers. */
static u64 page_size_of(const struct machine *m, enum tlb_array_id id)
{
	switch (id) {
	case TLB_L1_4K:
	case TLB_L2:
		return PAGE_SIZE;
	case TLB_L1_2M:
		return m->pt.huge_size;
	case TLB_PWC_PMD:
		return PAGE_SIZE << m->pt.pte_bits;
	case TLB_PWC_PGD:
		return PAGE_SIZE << TLB_PGD_SHIFT;
	default:
		return PAGE_SIZE << TLB_GIANT_SHIFT;
	}
}

/* What a processor of fewer levels does without. */
static bool array_is_used(const struct machine *m, enum tlb_array_id id)
{
	if (!m->tlb.array[id].ways)
		return false;
	if (id == TLB_L1_1G || id == TLB_L2_1G)
		return m->config.cpu_1g_pages;
	if (id == TLB_PWC_PUD || id == TLB_PWC_PGD)
		return m->pt.levels > 3;
	return id != TLB_PWC_PMD || m->pt.levels > 1;
}

bool tlb_array_describe(const struct machine *m, enum tlb_array_id id, struct tlb_array_view *v)
{
	static const char *const name[NR_TLB_ARRAYS] = {
		[TLB_L1_4K] = "l1d_4k",	   [TLB_L1_2M] = "l1d_2m",    [TLB_L1_1G] = "l1d_1g",
		[TLB_L2] = "l2_4k",	   [TLB_L2_1G] = "l2_1g",     [TLB_PWC_PMD] = "pwc_pmd",
		[TLB_PWC_PUD] = "pwc_pud", [TLB_PWC_PGD] = "pwc_pgd",
	};
	const struct tlb_array *a = &m->tlb.array[id];

	*v = (struct tlb_array_view){ .name = name[id],
				      .entries = a->ways * a->sets,
				      .ways = a->ways,
				      .page_size = page_size_of(m, id) };
	return array_is_used(m, id);
}

void tlb_array_count(const struct machine *m, u32 cpu, const struct mm *mm, enum tlb_array_id id,
		     struct tlb_array_view *v)
{
	const struct tlb_array *a = &m->tlb.array[id];
	struct tlb_cpu *c = tlb_cpu_of(m, cpu);
	const struct tlb_pcid *p = c ? pcid_of(m, c, mm) : NULL;
	const u64 *tag = c ? tlb_array_tags(c, a) : NULL;
	u32 i, mine;

	v->held = v->held_huge = 0;
	if (!p)
		return;
	mine = id >= TLB_PWC_PMD ? p->pwc_tag : p->tag;
	for (i = 0; i < a->ways * a->sets; i++) {
		if (tag[i] >> TLB_TAG_SHIFT != mine)
			continue;
		if (tag[i] & TLB_HUGE)
			v->held_huge++;
		else
			v->held++;
	}
}
