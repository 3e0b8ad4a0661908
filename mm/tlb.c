/*
 * tlb.c - translation lookaside buffers: see include/mman/tlb.h for the model.
 *
 * A tag is, from the top: the PCID's number (24 bits), whether the page is a large one, the page's
 * number in units of its size. Giving a PCID another number forgets all it had in no time; what is
 * left of it is never found again, and replaced in its turn.
 */
#include "mm/tlb.h"

#include <errno.h>
#include <mman/translate.h>
#include <stdio.h>
#include <string.h>

/* ---- making them ---- */

struct array_size {
	const char *name;
	u32 entries, ways;
};

static bool sets_possible(u32 entries, u32 ways)
{
	u32 sets = ways ? entries / ways : 0;

	return sets && entries % ways == 0 && !(sets & (sets - 1));
}

/* As many ways as @most, or fewer if that gives a number of sets that is none; few entries are one
 * set. */
static u32 usual_ways(u32 entries, u32 most)
{
	u32 ways;

	for (ways = min_t(u32, most, entries); ways > 1; ways--)
		if (sets_possible(entries, ways))
			return ways;
	return entries <= TLB_WAYS_MAX ? entries : 1;
}

static void array_sizes(const struct machine_config *c, struct array_size size[NR_TLB_ARRAYS])
{
	const struct tlb_config *t = &c->tlb;
	const struct array_size all[NR_TLB_ARRAYS] = {
		[TLB_L1_4K] = { "l1d_4k", t->l1d_4k, t->l1d_4k_ways },
		[TLB_L1_2M] = { "l1d_2m", t->l1d_2m, t->l1d_2m_ways },
		[TLB_L1_1G] = { "l1d_1g", t->l1d_1g, t->l1d_1g_ways },
		[TLB_L2] = { "l2_4k", t->l2_4k, t->l2_4k_ways },
		[TLB_L2_1G] = { "l2_1g", t->l2_1g, t->l2_1g_ways },
		[TLB_PWC_PMD] = { "pwc_pmd", t->pwc_pmd, 0 },
		[TLB_PWC_PUD] = { "pwc_pud", t->pwc_pud, 0 },
		[TLB_PWC_PGD] = { "pwc_pgd", t->pwc_pgd, 0 },
	};
	u32 i;

	memcpy(size, all, sizeof(all));
	for (i = 0; i < NR_TLB_ARRAYS; i++)
		if (!size[i].ways)
			size[i].ways = usual_ways(size[i].entries, i == TLB_L2 ? 12 : 4);
}

int tlb_check_config(const struct machine_config *c, char *why, size_t why_size)
{
	struct array_size size[NR_TLB_ARRAYS];
	u32 i;

	array_sizes(c, size);
	for (i = 0; i < NR_TLB_ARRAYS; i++) {
		if (!size[i].entries || sets_possible(size[i].entries, size[i].ways))
			continue;
		snprintf(why, why_size,
			 "%s: %u entries in sets of %u: the number of sets must be a power of two",
			 size[i].name, size[i].entries, size[i].ways);
		return -EINVAL;
	}
	return 0;
}

/* Lays the arrays out behind struct tlb_cpu; returns the bytes of it all. */
static u32 place_arrays(struct machine *m)
{
	struct array_size size[NR_TLB_ARRAYS];
	u32 i, at = sizeof(struct tlb_cpu);

	array_sizes(&m->config, size);
	for (i = 0; i < NR_TLB_ARRAYS; i++) {
		struct tlb_array *a = &m->tlb.array[i];

		a->ways = size[i].ways;
		a->sets = a->ways ? size[i].entries / a->ways : 1;
		a->tags = at;
		at += size[i].entries * (u32)sizeof(u64);
	}
	for (i = 0; i < NR_TLB_ARRAYS; i++) {
		struct tlb_array *a = &m->tlb.array[i];

		a->payload = at;
		at += size[i].entries * (u32)sizeof(u32);
		a->used = at;
		at += a->sets * (u32)sizeof(u32);
		a->set_bits = (u32)__builtin_ctz(a->sets);
		at = (at + 7) / 8 * 8;
		a->marks = a->ways > 4 && a->ways <= TLB_MARKS ? at : 0;
		at += a->marks ? a->sets * TLB_MARKS : 0;
	}
	return at;
}

int tlb_init(struct machine *m)
{
	struct tlb_state *t = &m->tlb;
	u32 pcids = m->config.arch == ARCH_I386 ? 1 : m->config.tlb.pcids;

	t->nr_pcids = pcids ? min_t(u32, pcids, TLB_PCIDS_MAX) : 1;
	t->fresh.next = TLB_NO_FRESH;
	return pool_init(&t->cpus, "TLB", place_arrays(m), m->nr_cpus + 1);
}

void tlb_destroy(struct machine *m)
{
	pool_destroy(&m->tlb.cpus);
}

/* ---- one array ---- */

static u8 *set_marks(struct tlb_cpu *c, const struct tlb_array *a, u32 set)
{
	return (u8 *)c + a->marks + (size_t)set * TLB_MARKS;
}

/* Which way of the set holds @want, the page @number, as bits: only those with its mark are looked
 * at. (A byte of x is 0 where they are equal.) */
static inline u32 match_marked(struct tlb_cpu *c, const struct tlb_array *a, u32 set, u64 number,
			       u64 want)
{
	const u64 ones = 0x0101010101010101ull,
		  *tag = tlb_array_tags(c, a) + (size_t)(set * a->ways);
	u64 mark = tlb_mark(a, number, want) * ones, x[2];
	u32 half, way;

	memcpy(x, set_marks(c, a, set), sizeof(x));
	for (half = 0; half < 2; half++) {
		x[half] ^= mark;
		x[half] = (x[half] - ones) & ~x[half] & ones << 7;
	}
	for (half = 0; half < 2; half++)
		for (; x[half]; x[half] &= x[half] - 1) {
			way = half * 8 + (u32)__builtin_ctzll(x[half]) / 8;
			if (likely(way < a->ways && tag[way] == want))
				return 1u << way;
		}
	return 0;
}

/* Does it hold the page @number (in units of its size) under @tag? *@payload: what it leads to. */
static inline bool array_find(struct tlb_cpu *c, const struct tlb_array *a, u64 number, u64 tag,
			      u32 *payload)
{
	u32 set = (u32)number & (a->sets - 1), first = set * a->ways, hit;

	if (!a->ways)
		return false;
	if (a->marks)
		hit = match_marked(c, a, set, number, tag | number);
	else
		hit = tlb_match(tlb_array_tags(c, a) + first, a->ways, tag | number);
	if (!hit)
		return false;
	tlb_use_way(tlb_array_used(c, a) + set, a->ways, (u32)__builtin_ctz(hit));
	*payload = tlb_array_payload(c, a)[first + (u32)__builtin_ctz(hit)];
	return true;
}

/* It does not have it yet. */
static inline void array_insert(struct tlb_cpu *c, const struct tlb_array *a, u64 number, u64 tag,
				u32 payload)
{
	u32 set = (u32)number & (a->sets - 1), *used = tlb_array_used(c, a) + set, way;

	if (!a->ways)
		return;
	way = (u32)__builtin_ctz(~*used);
	if (way >= a->ways) /* a single way is always used */
		way = 0;
	tlb_use_way(used, a->ways, way);
	tlb_array_tags(c, a)[set * a->ways + way] = tag | number;
	tlb_array_payload(c, a)[set * a->ways + way] = payload;
	if (a->marks)
		set_marks(c, a, set)[way] = tlb_mark(a, number, tag);
}

/* Find it or put it there: was it there? Straight through, because nobody can foretell the answer.
 * The payload is of no interest. */
static inline bool array_enter(struct tlb_cpu *c, const struct tlb_array *a, u64 number, u64 tag)
{
	u32 set = (u32)number & (a->sets - 1), *used = tlb_array_used(c, a) + set;
	u64 *tags = tlb_array_tags(c, a) + (size_t)set * a->ways;
	u32 hit = a->ways ? tlb_match(tags, a->ways, tag | number) : 0, missed = !hit, way;

	if (unlikely(!a->ways))
		return false;
	hide_from_compiler(missed);
	way = (u32)__builtin_ctz(hit | (~*used & (0 - missed)));
	way = way < a->ways ? way : 0;
	tlb_use_way(used, a->ways, way);
	tags[way] = tag | number;
	return !missed;
}

static void array_drop(struct tlb_cpu *c, const struct tlb_array *a, u64 number, u64 tag)
{
	u32 set = (u32)number & (a->sets - 1), first = set * a->ways;
	u32 hit = a->ways ? tlb_match(tlb_array_tags(c, a) + first, a->ways, tag | number) : 0;

	if (!hit)
		return;
	tlb_array_tags(c, a)[first + (u32)__builtin_ctz(hit)] = 0;
	tlb_array_used(c, a)[set] &= ~hit;
}

/* ---- tags and address spaces ---- */

/* All numbers were used: the CPU forgets everything, and begins anew. */
static void renumber(struct machine *m, struct tlb_cpu *c)
{
	u32 i;

	memset(c + 1, 0, m->tlb.cpus.object_size - sizeof(*c));
	c->last_tag = 0;
	c->pud_in_use = 0;
	for (i = 0; i < TLB_PCIDS_MAX; i++) {
		c->pcid[i].tag = ++c->last_tag;
		c->pcid[i].pwc_tag = ++c->last_tag;
	}
	m->tlb.active = 0;
	if (c == tlb_running_cpu(m))
		m->tlb.tag = tlb_tag_of(c->pcid[c->current].tag);
}

static u32 new_tag(struct machine *m, struct tlb_cpu *c)
{
	if (unlikely(c->last_tag >= TLB_TAG_MAX - 1))
		renumber(m, c);
	return ++c->last_tag;
}

static void forget_pcid(struct machine *m, struct tlb_cpu *c, struct tlb_pcid *p)
{
	p->tag = new_tag(m, c);
	p->pwc_tag = new_tag(m, c);
}

static u64 cpu_bit(u32 cpu)
{
	return 1ull << cpu % 64;
}

/* The address space that a PCID stands for, NULL if it is gone. */
static struct mm *pcid_mm(struct machine *m, const struct tlb_pcid *p)
{
	struct mm *mm = mm_at(m, p->mm);

	return p->mm_id && mm->id == p->mm_id ? mm : NULL;
}

/* The PCID of @mm on @c, found or given to it. */
static u32 find_pcid(struct machine *m, struct tlb_cpu *c, struct mm *mm)
{
	struct tlb_pcid *p;
	u32 i;

	for (i = 0; i < m->tlb.nr_pcids; i++)
		if (c->pcid[i].mm_id == mm->id) {
			c->stat.switches_kept += c->pcid[i].gen == mm->tlb_gen;
			return i;
		}
	i = c->next;
	c->next = i + 1 < m->tlb.nr_pcids ? i + 1 : 0;
	p = &c->pcid[i];
	c->stat.flushes += p->mm_id != 0;
	p->mm = pool_handle(&m->mms.mms, mm);
	p->mm_id = mm->id;
	p->gen = mm->tlb_gen;
	forget_pcid(m, c, p);
	return i;
}

static void switch_mm(struct machine *m, struct tlb_cpu *c, struct mm *mm)
{
	struct mm *old = pcid_mm(m, &c->pcid[c->current]);

	if (old)
		old->tlb_cpus &= ~cpu_bit(m->cpu);
	c->stat.switches++;
	c->current = find_pcid(m, c, mm);
	mm->tlb_cpus |= cpu_bit(m->cpu);
}

bool tlb_use(struct machine *m, struct mm *mm)
{
	struct tlb_state *t = &m->tlb;
	struct tlb_pcid *p;
	struct tlb_cpu *c;

	if (likely(t->active == mm->id))
		return true;
	tlb_settle(m);
	if (!t->cpu[m->cpu] && !(t->cpu[m->cpu] = pool_alloc(&t->cpus)))
		return false;
	c = tlb_cpu_of(m, m->cpu);
	if (c->pcid[c->current].mm_id != mm->id)
		switch_mm(m, c, mm);
	p = &c->pcid[c->current];
	if (p->gen != mm->tlb_gen) {
		forget_pcid(m, c, p);
		p->gen = mm->tlb_gen;
		c->stat.flushes++;
	}
	c->lazy = false;
	t->active = mm->id;
	t->mm = p->mm;
	t->tag = tlb_tag_of(p->tag);
	t->offset = (u64)((u8 *)c - t->cpus.base);
	return true;
}

void tlb_idle(struct machine *m, u32 cpu)
{
	struct tlb_cpu *c = tlb_cpu_of(m, cpu);

	if (c)
		c->lazy = true;
}

/* ---- looking up ---- */

pte_t *tlb_l1_huge(const struct machine *m, u64 vpn)
{
	const struct tlb_array *a = m->tlb.array;
	struct tlb_cpu *c = tlb_running_cpu(m);
	u32 leaf;

	if (array_find(c, &a[TLB_L1_2M], vpn >> m->pt.pte_bits, m->tlb.tag, &leaf) ||
	    array_find(c, &a[TLB_L1_1G], vpn >> TLB_GIANT_SHIFT, m->tlb.tag, &leaf))
		return leaf_pte(m, leaf);
	return NULL;
}

/* The second level's, which goes into the first. */
static pte_t *l2_huge(struct machine *m, struct tlb_cpu *c, u64 vpn)
{
	const struct tlb_array *a = m->tlb.array;
	u64 large = vpn >> m->pt.pte_bits, giant = vpn >> TLB_GIANT_SHIFT, tag = m->tlb.tag;
	u32 leaf;

	if (array_find(c, &a[TLB_L2], large, tag | TLB_HUGE, &leaf))
		array_insert(c, &a[TLB_L1_2M], large, tag, leaf);
	else if (array_find(c, &a[TLB_L2_1G], giant, tag, &leaf))
		array_insert(c, &a[TLB_L1_1G], giant, tag, leaf);
	else
		return NULL;
	return leaf_pte(m, leaf);
}

enum tlb_hit tlb_lookup_beyond(struct machine *m, const struct mm *mm, u64 vpn, pte_t **pte)
{
	const struct tlb_array *a = m->tlb.array;
	struct tlb_cpu *c = tlb_running_cpu(m);
	u32 payload;

	if (array_find(c, &a[TLB_L2], vpn, m->tlb.tag, &payload)) {
		array_insert(c, &a[TLB_L1_4K], vpn, m->tlb.tag, payload);
		*pte = pte_chunk_at(m, payload) + vpn % PTE_CHUNK;
		return TLB_HIT_L2;
	}
	if (unlikely(mm->hugetlb_usage) && (*pte = l2_huge(m, c, vpn)))
		return TLB_HIT_L2;
	return TLB_MISS;
}

enum tlb_hit tlb_lookup(struct machine *m, const struct mm *mm, u64 vpn, pte_t **pte)
{
	*pte = tlb_l1_4k(m, vpn);
	if (!*pte && unlikely(mm->hugetlb_usage))
		*pte = tlb_l1_huge(m, vpn);
	return *pte ? TLB_HIT_L1 : tlb_lookup_beyond(m, mm, vpn, pte);
}

/* ---- walking ---- */

/* The number of the entry @i + 1 levels above the last one on the way to @vpn. */
static inline u64 upper_number(const struct machine *m, u64 vpn, u32 i)
{
	return vpn >> (i == 0 ? m->pt.pte_bits : i == 1 ? TLB_GIANT_SHIFT : TLB_PGD_SHIFT);
}

/* How many entries a walk reads that ends @depth levels down, with what the CPU remembers of upper
 * tables; it remembers them afterwards. @asked: so many of the lowest of them are not there, but
 * are now. */
static inline u32 walk_steps(struct machine *m, struct tlb_cpu *c, u64 vpn, u32 depth, u32 asked)
{
	const struct tlb_array *a = m->tlb.array;
	const u64 tag = tlb_tag_of(c->pcid[c->current].pwc_tag);
	const u32 levels = m->pt.levels;
	/* the four top entries of a pae machine are in registers */
	const u32 caches = levels == 3 ? 1 : min_t(u32, 3, levels - 1);
	u32 steps = levels == 3 ? depth - 1 : depth, payload, above = levels - depth, i;

	c->pud_in_use = 0;
	/* the entry @i + 1 levels above the last one is remembered: the walk starts below it */
	for (i = above + asked; i < caches; i++) {
		u64 number = upper_number(m, vpn, i);

		if (array_find(c, &a[TLB_PWC_PMD + i], number, tag, &payload)) {
			steps = i - above + 1;
			break;
		}
		array_insert(c, &a[TLB_PWC_PMD + i], number, tag, 0);
	}
	return steps ? steps : 1;
}

/* How far down there are tables for @vpn. */
static u32 depth_of_tables(const struct machine *m, const struct mm *mm, u64 vpn)
{
	handle_t table = mm->pgd;
	u32 missing = PT_PGD, levels = m->pt.levels;

	while (missing && (table = dir_load(m, table, (enum pt_level)missing, vpn)))
		missing--;
	return missing < levels ? levels - missing : 1;
}

static inline void remember_page(struct machine *m, struct tlb_cpu *c, u64 vpn, const pte_t *pte)
{
	const struct tlb_array *a = m->tlb.array;
	u32 chunk = pte_chunk_handle(m, pte);

	array_insert(c, &a[TLB_L1_4K], vpn, m->tlb.tag, chunk);
	array_insert(c, &a[TLB_L2], vpn, m->tlb.tag, chunk);
}

static void remember_huge(struct machine *m, struct tlb_cpu *c, u64 vpn, const pte_t *pte,
			  enum pt_level level)
{
	const struct tlb_array *a = m->tlb.array;
	u64 tag = m->tlb.tag;
	u32 leaf = leaf_handle(m, pte);

	if (level == PT_PMD) {
		array_insert(c, &a[TLB_L1_2M], vpn >> m->pt.pte_bits, tag, leaf);
		array_insert(c, &a[TLB_L2], vpn >> m->pt.pte_bits, tag | TLB_HUGE, leaf);
	} else {
		array_insert(c, &a[TLB_L1_1G], vpn >> TLB_GIANT_SHIFT, tag, leaf);
		array_insert(c, &a[TLB_L2_1G], vpn >> TLB_GIANT_SHIFT, tag, leaf);
	}
}

void tlb_walk(struct machine *m, struct mm *mm, u64 vpn, const pte_t *pte, enum pt_level level,
	      bool fill)
{
	struct tlb_cpu *c = tlb_running_cpu(m);
	u32 levels = m->pt.levels, depth;

	depth = pte ? (levels > (u32)level ? levels - (u32)level : 1) : depth_of_tables(m, mm, vpn);
	c->stat.misses++;
	c->stat.steps += walk_steps(m, c, vpn, depth, 0);
	if (!fill)
		return;
	if (level == PT_PTE)
		remember_page(m, c, vpn, pte);
	else
		remember_huge(m, c, vpn, pte, level);
	mm->tlb_live = true;
}

/* walk_steps() down to a page: whether its table is remembered is a toss-up, the one above is. */
static inline u32 page_steps(struct machine *m, struct tlb_cpu *c, u64 vpn)
{
	const struct tlb_array *a = m->tlb.array;
	const u64 tag = tlb_tag_of(c->pcid[c->current].pwc_tag);
	const u64 pud = vpn >> TLB_GIANT_SHIFT;
	u32 payload;

	if (unlikely(m->pt.levels < 4))
		return walk_steps(m, c, vpn, m->pt.levels, 0);
	if (array_enter(c, &a[TLB_PWC_PMD], vpn >> m->pt.pte_bits, tag))
		return 1;
	if (likely(c->pud_in_use == (tag | pud)))
		return 2;
	if (unlikely(!array_find(c, &a[TLB_PWC_PUD], pud, tag, &payload)))
		return walk_steps(m, c, vpn, m->pt.levels, 1);
	c->pud_in_use = a[TLB_PWC_PUD].ways > 1 ? tag | pud : 0;
	return 2;
}

void tlb_miss_page(struct machine *m, struct mm *mm, u64 vpn, const pte_t *pte)
{
	struct tlb_cpu *c = tlb_running_cpu(m);

	c->stat.misses++;
	c->stat.steps += page_steps(m, c, vpn);
	remember_page(m, c, vpn, pte);
	mm->tlb_live = true;
}

/* ---- first touches, put off ---- */

/* What they count, whether or not they are remembered. */
static void count_fresh(struct machine *m, struct tlb_cpu *c, const struct tlb_fresh *f)
{
	u64 nr = f->next - f->first, at = f->first;

	c->stat.misses += nr;
	c->stat.steps += nr;
	/* the first of each table's pages reads the tables above too, unless they are known */
	for (; at < f->next; at = ((at >> m->pt.pte_bits) + 1) << m->pt.pte_bits)
		c->stat.steps += walk_steps(m, c, at, m->pt.levels, 0) - 1;
}

void tlb_settle_slow(struct machine *m)
{
	struct tlb_fresh f = m->tlb.fresh;
	struct tlb_cpu *c = tlb_running_cpu(m);
	struct mm *mm = mm_at(m, m->tlb.mm);
	/* what is older has been replaced by what is younger */
	u64 most = 2 * (u64)max_t(u32, m->tlb.array[TLB_L2].ways * m->tlb.array[TLB_L2].sets,
				  m->tlb.array[TLB_L1_4K].ways * m->tlb.array[TLB_L1_4K].sets);
	u64 vpn = f.next - f.first > most ? f.next - most : f.first;

	m->tlb.fresh = (struct tlb_fresh){ TLB_NO_FRESH, TLB_NO_FRESH };
	count_fresh(m, c, &f);
	for (; vpn < f.next; vpn++) {
		const pte_t *pte = pte_find(m, mm, vpn);

		if (pte && pte_present(*pte))
			remember_page(m, c, vpn, pte);
	}
}

/* All of the address space is being flushed: nothing is left to remember. */
static void drop_fresh(struct machine *m, const struct mm *mm)
{
	struct tlb_fresh f = m->tlb.fresh;

	if (f.next == TLB_NO_FRESH || mm_at(m, m->tlb.mm) != mm)
		return;
	m->tlb.fresh = (struct tlb_fresh){ TLB_NO_FRESH, TLB_NO_FRESH };
	count_fresh(m, tlb_running_cpu(m), &f);
}

/* ---- flushing ---- */

/* The running CPU does it for itself; others are interrupted, unless nothing of user space runs
 * there: such a CPU looks at the generation when it comes back. NULL: it need not do anything
 * now. */
static struct tlb_cpu *reached_cpu(struct machine *m, const struct mm *mm, u32 cpu)
{
	const struct task *t = m->current ? task_at(m, m->current) : NULL;
	struct tlb_cpu *c = tlb_cpu_of(m, cpu);

	if (!c || c->pcid[c->current].mm_id != mm->id)
		return NULL;
	if (cpu == m->cpu && !(t && t->flags & PF_KTHREAD))
		return c;
	if (c->lazy)
		return NULL;
	c->stat.shootdowns++;
	return c;
}

static void flush_small(struct machine *m, struct tlb_cpu *c, u64 tag, u64 vpn, u64 end)
{
	const struct tlb_array *a = m->tlb.array;

	for (; vpn < end; vpn++) {
		array_drop(c, &a[TLB_L1_4K], vpn, tag);
		array_drop(c, &a[TLB_L2], vpn, tag);
		c->stat.page_flushes++;
	}
}

/* @stride: of the pages that the caller says are there; each of them is an INVLPG, which drops
 * whatever there really is. */
static void flush_huge(struct machine *m, struct tlb_cpu *c, u64 tag, u64 vpn, u64 end, u32 stride)
{
	const struct tlb_array *a = m->tlb.array;
	u64 at;

	for (at = vpn >> m->pt.pte_bits; at <= (end - 1) >> m->pt.pte_bits; at++) {
		array_drop(c, &a[TLB_L1_2M], at, tag);
		array_drop(c, &a[TLB_L2], at, tag | TLB_HUGE);
	}
	for (at = vpn >> TLB_GIANT_SHIFT; at <= (end - 1) >> TLB_GIANT_SHIFT; at++) {
		array_drop(c, &a[TLB_L1_1G], at, tag);
		array_drop(c, &a[TLB_L2_1G], at, tag);
	}
	c->stat.page_flushes += ((end - 1) >> stride) - (vpn >> stride) + 1;
}

static void flush_pages(struct machine *m, struct tlb_cpu *c, struct tlb_pcid *p, u64 vpn, u64 end,
			u32 stride)
{
	if (stride)
		flush_huge(m, c, tlb_tag_of(p->tag), vpn, end, stride);
	else
		flush_small(m, c, tlb_tag_of(p->tag), vpn, end);
	/* an INVLPG drops all that the walk caches have of the PCID */
	p->pwc_tag = new_tag(m, c);
}

static void flush_all(struct machine *m, struct tlb_cpu *c, struct tlb_pcid *p)
{
	forget_pcid(m, c, p);
	c->stat.flushes++;
	/* who runs with the old number looks again */
	m->tlb.active = 0;
}

/* [@vpn, @end) on every CPU that has it loaded, pages of 2^@stride small ones; @end 0:
 * everything. */
static void flush(struct machine *m, struct mm *mm, u64 vpn, u64 end, u32 stride)
{
	u64 seen = mm->tlb_gen++, mask = mm->tlb_cpus;
	u32 cpu, first;

	for (; mask; mask &= mask - 1) {
		first = (u32)__builtin_ctzll(mask);
		for (cpu = first; cpu < m->nr_cpus; cpu += 64) {
			struct tlb_cpu *c = reached_cpu(m, mm, cpu);
			struct tlb_pcid *p = c ? &c->pcid[c->current] : NULL;

			if (!c)
				continue;
			if (end && p->gen == seen)
				flush_pages(m, c, p, vpn, end, stride);
			else
				flush_all(m, c, p);
			p->gen = mm->tlb_gen;
		}
	}
}

void tlb_flush_mm_slow(struct machine *m, struct mm *mm)
{
	drop_fresh(m, mm);
	flush(m, mm, 0, 0, 0);
	mm->tlb_live = false;
}

void tlb_flush_range_slow(struct machine *m, struct mm *mm, u64 vpn, u64 end)
{
	if (end - vpn > m->knobs.misc.tlb_single_page_flush_ceiling) {
		tlb_flush_mm_slow(m, mm);
		return;
	}
	tlb_settle(m);
	flush(m, mm, vpn, end, 0);
}

void tlb_flush_huge_slow(struct machine *m, struct mm *mm, u64 vpn, u64 end, bool giant)
{
	u32 stride = giant ? TLB_GIANT_SHIFT : m->pt.pte_bits;

	if ((end - vpn) >> stride > m->knobs.misc.tlb_single_page_flush_ceiling) {
		tlb_flush_mm_slow(m, mm);
		return;
	}
	tlb_settle(m);
	flush(m, mm, vpn, end, stride);
}

void tlb_flush_tables_slow(struct machine *m, struct mm *mm)
{
	u32 cpu;

	for (cpu = 0; cpu < m->nr_cpus; cpu++) {
		struct tlb_cpu *c = tlb_cpu_of(m, cpu);
		u32 i;

		for (i = 0; c && i < m->tlb.nr_pcids; i++)
			if (c->pcid[i].mm_id == mm->id)
				c->pcid[i].pwc_tag = new_tag(m, c);
	}
}
