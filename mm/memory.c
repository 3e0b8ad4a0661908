/*
 * memory.c - page faults and memory accesses.
 *
 *	entry        mapping            read                         write
 *	none         private anonymous  the zero page                a new page
 *	none         file or shared     page cache page, and up to   shared: that page, dirty
 *	                                15 around it that are there  private: a copy
 *	read-only    private            -                            only owner: reuse; or a copy
 *	read-only    shared             -                            page dirty, entry writable
 *
 * The second line is in file_fault.c, swap entries in swap_fault.c.
 *
 * A mapping's first anonymous page brings its anon_vma. New pages go on the inactive list. A fault
 * that had to read from disk is tried a second time when the page is there, and counts twice in
 * pgfault; the task counts it as major, also when only the next read-ahead window was started.
 *
 * Who has to wait for the disk moves the clock (blkdev.h). A real program behind a mapping will
 * have to answer VM_FAULT_PENDING and be continued by an event.
 */
#include <errno.h>
#include <mman/lab.h>

#include "mm/fault.h"
#include "mm/filemap.h"
#include "mm/hugetlb.h"
#include "mm/numa_balancing.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/task.h"
#include "mm/tlb.h"

/* What a fault asks for: a folio may have more than one page, hence __GFP_COMP. */
#define GFP_ANON_PAGE (GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_ZERO)

#define DRAW_AHEAD 4096u /* accesses of a stream from which on they are drawn many at a time */

#define PTE_NEW_ANON (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | PTE_SOFT_DIRTY)

/* Access rights of an entry for a page that this mapping may write to at once. */
static u64 writable_prot(const struct vma *v)
{
	return (v->flags & VM_ACCESS_FLAGS ? PTE_USER : 0) | (v->flags & VM_WRITE ? PTE_WRITE : 0);
}

/* ---- anonymous memory ---- */

void install_anon(struct machine *m, struct fault *f, pte_t *pte, pfn_t pfn)
{
	page_add_new_anon(m, pfn, f->v, fault_index(f));
	*pte = pte_make(pfn, PTE_NEW_ANON | writable_prot(f->v));
	f->mm->rss[MM_ANONPAGES]++;
}

pte_t *prepare_anon(struct machine *m, struct fault *f, gfp_t gfp, pfn_t *pfn)
{
	pte_t *pte;

	if (unlikely(anon_vma_prepare(m, f->vma)) || unlikely(pte_table_alloc(m, f->mmh, f->vpn)))
		return NULL;
	*pfn = alloc_page_vma(m, f->vma, f->vpn << PAGE_SHIFT, gfp);
	if (unlikely(*pfn == PFN_NONE))
		return NULL;
	pte = pte_chunk_get(m, pte_table_find(m, f->mm, f->vpn), f->vpn);
	if (unlikely(!pte))
		free_pages(m, *pfn, 0);
	return pte;
}

static enum vm_fault do_anonymous_page(struct machine *m, struct fault *f)
{
	pte_t *pte;
	pfn_t pfn;

	if (!f->write) {
		pte = pte_alloc(m, f->mmh, f->vpn);
		if (!pte)
			return VM_FAULT_OOM;
		*pte = pte_make(m->mms.zero_page,
				PTE_PRESENT | PTE_ACCESSED | PTE_SPECIAL | vma_page_prot(m, f->v));
		return VM_FAULT_DONE;
	}
	pte = prepare_anon(m, f, GFP_ANON_PAGE, &pfn);
	if (unlikely(!pte))
		return VM_FAULT_OOM;
	install_anon(m, f, pte, pfn);
	m->clock.now += m->cost.zero_page;
	return VM_FAULT_DONE;
}

/* ---- writes to what is mapped read-only ---- */

static void wp_page_reuse(struct machine *m, const struct fault *f, pte_t *pte)
{
	*pte |= PTE_ACCESSED | PTE_DIRTY | PTE_SOFT_DIRTY | writable_prot(f->v);
	count_vm_event(m, PGREUSE);
}

/* A copy in place of the zero page, of a page others share, or of a cache page. */
static enum vm_fault wp_page_copy(struct machine *m, struct fault *f, pte_t old)
{
	struct page *from = pte_has_page(old) ? pfn_to_page(m, pte_pfn(old)) : NULL;
	pte_t *pte;
	pfn_t pfn;

	/* what is to be copied stays while room is made for the copy */
	if (from)
		from->pins++;
	pte = prepare_anon(m, f, GFP_HIGHUSER_MOVABLE, &pfn);
	if (from)
		page_unpin(m, pte_pfn(old));
	if (!pte)
		return VM_FAULT_OOM;
	if (unlikely(*pte != old)) {
		free_pages(m, pfn, 0);
		return VM_FAULT_RETRY;
	}
	if (from && fault_has_bytes(m, pte_pfn(old)) && copy_page_contents(m, pfn, pte_pfn(old))) {
		free_pages(m, pfn, 0);
		return VM_FAULT_OOM;
	}
	tlb_flush_page(m, f->mm, f->vpn);
	install_anon(m, f, pte, pfn);
	if (!from) {
		clock_charge(m, m->cost.zero_page);
	} else {
		f->mm->rss[mm_counter(from)]--;
		page_remove_rmap(m, pte_pfn(old), from, f->v);
		if (!from->mapcount && page_mapping_type(from) == MAPPING_ANON)
			free_anon_page(m, pte_pfn(old));
		clock_charge(m, m->cost.copy_page);
	}
	return VM_FAULT_DONE;
}

/* Is this mapping the page's only owner? Then it is exclusive from now on, and belongs to this
 * VMA's anon_vma: nobody else can map it any more. */
static bool take_ownership(struct machine *m, const struct fault *f, pfn_t pfn, struct page *p)
{
	if (page_test(p, PG_anon_exclusive))
		return true;
	if (p->mapcount != 1 || p->pins || page_mapping_type(p) != MAPPING_ANON || !f->v->anon_vma)
		return false;
	if (page_test(p, PG_swapcache) && !try_to_free_swap(m, pfn))
		return false;
	page_set_mapping(p, f->v->anon_vma, MAPPING_ANON);
	page_set(p, PG_anon_exclusive);
	return true;
}

static enum vm_fault do_wp_page(struct machine *m, struct fault *f, pte_t *pte)
{
	pfn_t pfn = pte_pfn(*pte);
	struct page *p;

	if (!pte_has_page(*pte)) {
		if (!(f->v->flags & VM_SHARED))
			return wp_page_copy(m, f, *pte);
		wp_page_reuse(m, f, pte); /* a device's */
		return VM_FAULT_DONE;
	}
	p = pfn_to_page(m, pfn);
	if (f->v->flags & VM_SHARED) {
		if (f->v->file &&
		    filemap_page_mkwrite(m, file_at(m, f->v->file)->inode, fault_index(f)))
			return VM_FAULT_SIGBUS;
		wp_page_reuse(m, f, pte);
		page_set_dirty(m, pfn);
		return VM_FAULT_DONE;
	}
	if (page_mapping_type(p) == MAPPING_ANON && take_ownership(m, f, pfn, p)) {
		wp_page_reuse(m, f, pte);
		return VM_FAULT_DONE;
	}
	return wp_page_copy(m, f, *pte);
}

/* ---- the fault ---- */

enum vm_fault do_poisoned_page(struct machine *m, const struct fault *f)
{
	const struct task *t = m->current ? task_at(m, m->current) : NULL;

	printk(m, 3, "MCE: Killing %s:%u due to hardware memory corruption fault at %llx",
	       t ? t->comm : "kernel", t ? t->pid : 0, (unsigned long long)f->vpn << PAGE_SHIFT);
	return VM_FAULT_SIGBUS;
}

static enum vm_fault try_pte_fault(struct machine *m, struct fault *f)
{
	pte_t *pte = pte_find(m, f->mm, f->vpn);

	if (!pte || !*pte)
		return vma_is_anonymous(f->v) ? do_anonymous_page(m, f) : do_fault(m, f);
	if (unlikely(!pte_present(*pte)))
		return pte_is_poisoned(*pte) ? do_poisoned_page(m, f) : do_swap_page(m, f, pte);
	if (unlikely(!(*pte & PTE_USER)))
		return do_numa_page(m, f, pte);
	if (f->write && !(*pte & PTE_WRITE))
		return do_wp_page(m, f, pte);
	*pte |= access_leaves(f->write);
	return VM_FAULT_DONE;
}

static enum vm_fault handle_pte_fault(struct machine *m, struct fault *f)
{
	enum vm_fault r;

	do
		r = try_pte_fault(m, f);
	while (unlikely(r == VM_FAULT_RETRY));
	return r == VM_FAULT_DONE && f->tried ? VM_FAULT_MAJOR : r;
}

/* May the access be made? A store wants VM_WRITE, a load any right at all. */
static bool access_allowed(const struct vma *v, bool write)
{
	return v->flags & (write ? VM_WRITE : VM_ACCESS_FLAGS);
}

static bool find_mapping(struct machine *m, handle_t task, struct fault *f, u64 addr)
{
	f->vma = find_vma(m, f->mmh, addr);
	if (!f->vma)
		return false;
	f->v = vma_at(m, f->vma);
	if (likely(f->v->start <= addr))
		return access_allowed(f->v, f->write);
	return f->v->flags & VM_GROWSDOWN && access_allowed(f->v, f->write) &&
	       !expand_stack(m, task, f->vma, addr);
}

static __attribute__((noinline)) enum vm_fault fault_slow(struct machine *m, handle_t task,
							  u64 addr, bool write)
{
	struct task *t = task_at(m, task);
	struct fault f = { .mmh = t->mm, .vpn = addr_vpn(addr), .write = write };
	enum vm_fault r;

	if (unlikely(addr >= task_size(m)))
		return VM_FAULT_SIGSEGV;
	f.mm = mm_at(m, f.mmh);
	if (unlikely(!find_mapping(m, task, &f, addr)))
		return VM_FAULT_SIGSEGV;
	count_vm_event(m, PGFAULT);
	m->clock.now += m->cost.minor_fault;
	r = f.v->flags & VM_HUGETLB ? hugetlb_fault(m, &f) : handle_pte_fault(m, &f);
	if (likely(r == VM_FAULT_DONE))
		t->min_flt++;
	else if (r == VM_FAULT_MAJOR)
		t->maj_flt++;
	return r;
}

enum vm_fault handle_remote_fault(struct machine *m, handle_t vma, u64 addr, bool write)
{
	struct fault f = { .v = vma_at(m, vma), .vma = vma, .vpn = addr_vpn(addr), .write = write };

	f.mmh = f.v->mm;
	f.mm = mm_at(m, f.mmh);
	count_vm_event(m, PGFAULT);
	m->clock.now += m->cost.minor_fault;
	return f.v->flags & VM_HUGETLB ? hugetlb_fault(m, &f) : handle_pte_fault(m, &f);
}

/* Neither the mapping nor the process has a memory policy, and no allocation is to fail. */
static __attribute__((noinline)) bool takes_any_page(const struct machine *m, handle_t task,
						     const struct vma *v)
{
	return !m->mms.fail_nth && !v->policy && !task_at(m, task)->policy;
}

/*
 * The commonest fault of all, straight through: a store to fresh private anonymous memory, in the
 * mapping that the last fault was in, whose entry (@pte, NULL while it has no chunk) in @table is
 * none, and a page that is at hand. VM_FAULT_RETRY, with nothing done, if it is another one.
 * Inline wherever it is used: without its calls it is a third shorter. A memory policy sends a
 * fault the other way, where alloc_page_vma() is.
 */
static inline __attribute__((always_inline)) enum vm_fault fault_fast(struct machine *m,
								      handle_t task, struct mm *mm,
								      handle_t table, pte_t *pte,
								      u64 vpn)
{
	const struct vma *v = vma_at(m, mm->cache_vma);
	u64 offset = vpn - addr_vpn(v->start);
	pfn_t pfn;

	/* no VMA remembered: slot 0 of the pool is all zero */
	if (unlikely(offset >= vma_pages(v) || !v->anon_vma || v->file ||
		     (v->flags & (VM_WRITE | VM_SHARED)) != VM_WRITE ||
		     (m->mms.not_plain && !takes_any_page(m, task, v))))
		return VM_FAULT_RETRY;
	pfn = alloc_page_fast(m, GFP_ANON_PAGE, NUMA_NO_NODE);
	if (unlikely(pfn == PFN_NONE))
		return VM_FAULT_RETRY;
	if (unlikely(!pte)) {
		pte = pte_chunk_get(m, table, vpn);
		if (unlikely(!pte)) {
			free_pages(m, pfn, 0);
			return VM_FAULT_OOM;
		}
	}
	page_add_new_anon(m, pfn, v, v->pgoff + offset);
	*pte = pte_make(pfn, PTE_NEW_ANON | PTE_USER | PTE_WRITE);
	mm->rss[MM_ANONPAGES]++;
	count_vm_event(m, PGFAULT);
	task_at(m, task)->min_flt++;
	m->clock.now += m->cost.minor_fault + m->cost.zero_page;
	return VM_FAULT_DONE;
}

enum vm_fault handle_mm_fault(struct machine *m, handle_t task, u64 addr, bool write)
{
	struct mm *mm = mm_at(m, task_at(m, task)->mm);
	u64 vpn = addr_vpn(addr);
	handle_t table = addr < task_size(m) ? pte_table_find(m, mm, vpn) : 0;
	pte_t *pte = table ? table_pte(m, table, vpn) : NULL;
	enum vm_fault r = VM_FAULT_RETRY;

	if (write && table && (!pte || !*pte))
		r = fault_fast(m, task, mm, table, pte, vpn);
	return r == VM_FAULT_RETRY ? fault_slow(m, task, addr, write) : r;
}

/* ---- loads and stores ---- */

/* No page: the task is the one that was killed for want of it, or nothing could be. */
static int access_nomem(const struct machine *m, handle_t task)
{
	const struct running *r = m->running;

	return r && r->task == task && (r->fatal_signal || r->died) ? -EINTR : -ENOMEM;
}

static int access_fault(struct machine *m, handle_t task, u64 addr, bool write)
{
	switch (fault_slow(m, task, addr, write)) {
	case VM_FAULT_DONE:
	case VM_FAULT_MAJOR:
		if (unlikely(m->wb.fault_dirtied) && !balance_dirty_pages_ratelimited(m, 1))
			return -EINTR;
		return 0;
	case VM_FAULT_SIGBUS:
		send_signal(m, task, SIGBUS_NR, 0);
		return -EFAULT;
	case VM_FAULT_SIGSEGV:
		send_signal(m, task, SIGSEGV_NR, 0);
		return -EFAULT;
	case VM_FAULT_PENDING:
		return -EINPROGRESS;
	default:
		return access_nomem(m, task);
	}
}

/* The bits of an entry that let an access through. */
static inline u64 access_needs(bool write)
{
	return PTE_PRESENT | PTE_USER | (write ? PTE_WRITE : 0);
}

/* The entry for @vpn, wherever it is; @level: of its table. */
static inline pte_t *walk_tables(struct machine *m, struct mm *mm, u64 vpn, handle_t *table,
				 enum pt_level *level)
{
	*level = PT_PTE;
	*table = pte_table_find(m, mm, vpn);
	if (*table)
		return table_pte(m, *table, vpn);
	return unlikely(mm->hugetlb_usage) ? huge_pte_find(m, mm, vpn, level) : NULL;
}

/*
 * An access to memory of another node takes longer, the more so the farther it is:
 * memory_access_remote is for distance 20, memory_access for the CPU's own node, 10, and the others
 * lie on the line through both.
 */
static __attribute__((noinline)) void charge_distance(struct machine *m, pte_t pte)
{
	const struct pglist_data *n = &m->node[m->cpu_to_node[m->cpu]];
	s64 step = (s64)m->cost.memory_access_remote - (s64)m->cost.memory_access, ns;

	if (!pte_has_page(pte))
		return;
	ns = step * (n->distance[pfn_to_page(m, pte_pfn(pte))->node] - 10) / 10;
	ns = max_t(s64, ns, -(s64)m->cost.memory_access);
	m->clock.now += (u64)ns;
	if (m->running)
		m->running->user_ns += (u64)ns;
}

static inline void access_made(struct machine *m, pte_t pte)
{
	if (unlikely(m->numa_costs))
		charge_distance(m, pte);
}

/* What a fault brought is in the TLB afterwards. */
static void remember_fault(struct machine *m, struct mm *mm, u64 vpn)
{
	enum pt_level level;
	handle_t table;
	pte_t *pte, *known;

	if (!(tlb_use(m, mm) || m->numa_costs))
		return;
	pte = walk_tables(m, mm, vpn, &table, &level);
	if (!pte || !pte_present(*pte))
		return;
	access_made(m, *pte);
	tlb_settle(m);
	if (tlb_use(m, mm))
		tlb_walk(m, mm, vpn, pte, level, tlb_lookup(m, mm, vpn, &known) == TLB_MISS);
}

/* A fault in the way of an access. */
static int touch_fault(struct machine *m, handle_t task, struct mm *mm, u64 vpn, bool write)
{
	int error = access_fault(m, task, vpn << PAGE_SHIFT, write);

	if (!error)
		remember_fault(m, mm, vpn);
	return error;
}

/* The next of a run of first touches whose fault is no quick one: a table, a page from the zone's
 * lists, reclaim. Unless others used the TLB meanwhile, the run goes on. */
static int touch_fresh_slow(struct machine *m, handle_t task, struct mm *mm, u64 vpn)
{
	int error = access_fault(m, task, vpn << PAGE_SHIFT, true);

	if (!error && unlikely(mm->hugetlb_usage)) {
		remember_fault(m, mm, vpn);
		return 0;
	}
	if (!error && m->tlb.active == mm->id && m->tlb.fresh.next == vpn)
		m->tlb.fresh.next = vpn + 1;
	return error;
}

static bool is_fresh(struct machine *m, struct mm *mm, u64 vpn, bool write)
{
	const pte_t *pte;

	if (!write || m->tlb.active != mm->id || m->tlb.fresh.next != vpn)
		return false;
	pte = pte_find(m, mm, vpn);
	return !pte || !*pte;
}

/* What the lookup in the TLB came to; @tlb: there is one. */
struct tlb_answer {
	bool tlb;
	enum tlb_hit hit;
	pte_t *pte;
};

/* After the TLB was asked: its entry, a walk through the tables, or a fault. */
static inline __attribute__((always_inline)) int touch_answered(struct machine *m, handle_t task,
								struct mm *mm, u64 vpn, bool write,
								struct tlb_answer a)
{
	const u64 need = access_needs(write), leaves = access_leaves(write);
	enum pt_level level;
	enum vm_fault r;
	handle_t table;
	pte_t *pte;

	if (a.hit != TLB_MISS && (*a.pte & (need | leaves)) == (need | leaves)) {
		struct tlb_stat *s = &tlb_running_cpu(m)->stat;

		++*(a.hit == TLB_HIT_L1 ? &s->l1_hits : &s->l2_hits);
		access_made(m, *a.pte);
		return 0;
	}
	pte = walk_tables(m, mm, vpn, &table, &level);
	if (pte && (*pte & need) == need) {
		/* a store that changes nothing costs the host as much as one that does */
		if ((*pte & leaves) != leaves)
			*pte |= leaves;
		if (likely(a.tlb && a.hit == TLB_MISS && level == PT_PTE))
			tlb_miss_page(m, mm, vpn, pte);
		else if (a.tlb)
			tlb_walk(m, mm, vpn, pte, level, a.hit == TLB_MISS);
		m->clock.now += m->cost.tlb_miss;
		if (m->running)
			m->running->walk_ns += m->cost.tlb_miss;
		access_made(m, *pte);
		return 0;
	}
	if (write && table && (!pte || !*pte)) {
		r = fault_fast(m, task, mm, table, pte, vpn);
		if (likely(r == VM_FAULT_DONE)) {
			/* where it matters whose memory it is, each page is looked at: there are no
			 * runs */
			if (unlikely(m->numa_costs))
				remember_fault(m, mm, vpn);
			else if (a.tlb)
				tlb_fresh_start(m, mm, vpn);
			return 0;
		}
		if (unlikely(r == VM_FAULT_OOM))
			return access_nomem(m, task);
	}
	return touch_fault(m, task, mm, vpn, write);
}

/* Not in the first level, as far as that was asked: the second, a walk through the tables, or a
 * fault. */
static __attribute__((noinline)) int touch_slow(struct machine *m, handle_t task, struct mm *mm,
						u64 vpn, bool write)
{
	struct tlb_answer a = { .hit = TLB_MISS };

	if (is_fresh(m, mm, vpn, write) && !mm->hugetlb_usage)
		return touch_fresh_slow(m, task, mm, vpn);
	a.tlb = tlb_use(m, mm);
	tlb_settle(m);
	if (a.tlb)
		a.hit = tlb_lookup(m, mm, vpn, &a.pte);
	return touch_answered(m, task, mm, vpn, write, a);
}

/* The first level does not have it, and nothing has been put off. */
static __attribute__((noinline)) int touch_beyond(struct machine *m, handle_t task, struct mm *mm,
						  u64 vpn, bool write)
{
	struct tlb_answer a = { .tlb = true };

	a.hit = tlb_lookup_beyond(m, mm, vpn, &a.pte);
	return touch_answered(m, task, mm, vpn, write, a);
}

/* The next of a run of first touches, which the TLB hears of at its end; false, with nothing done,
 * if it is something else. */
static inline __attribute__((always_inline)) bool touch_fresh(struct machine *m, handle_t task,
							      struct mm *mm, u64 vpn)
{
	handle_t table = pte_table_find(m, mm, vpn);
	pte_t *pte = likely(table) ? table_pte(m, table, vpn) : NULL;

	if (unlikely(!table || (pte && *pte)) ||
	    unlikely(fault_fast(m, task, mm, table, pte, vpn) != VM_FAULT_DONE))
		return false;
	m->tlb.fresh.next = vpn + 1;
	return true;
}

/* What the hardware does: ask the TLB, walk the table, set the bits, or fault. */
static inline __attribute__((always_inline)) int touch(struct machine *m, handle_t task,
						       struct mm *mm, u64 vpn, bool write)
{
	const u64 want = access_needs(write) | access_leaves(write);
	const pte_t *pte;

	m->clock.now += m->cost.memory_access;
	if (likely(m->tlb.active == mm->id)) {
		if (write && vpn == m->tlb.fresh.next) {
			if (likely(touch_fresh(m, task, mm, vpn)))
				return 0;
		} else {
			pte = tlb_l1_4k(m, vpn);
			if (!pte && unlikely(mm->hugetlb_usage))
				pte = tlb_l1_huge(m, vpn);
			if (likely(pte && (*pte & want) == want)) {
				tlb_running_cpu(m)->stat.l1_hits++;
				access_made(m, *pte);
				return 0;
			}
			if (!pte && likely(m->tlb.fresh.next == TLB_NO_FRESH))
				return touch_beyond(m, task, mm, vpn, write);
		}
	}
	return touch_slow(m, task, mm, vpn, write);
}

int mm_access(struct machine *m, handle_t task, u64 addr, bool write)
{
	if (unlikely(addr >= task_size(m)))
		return access_fault(m, task, addr, write);
	return touch(m, task, mm_at(m, task_at(m, task)->mm), addr_vpn(addr), write);
}

static inline __attribute__((always_inline)) int touch_range(struct machine *m, handle_t task,
							     u64 *at, u64 end, bool write)
{
	struct mm *mm = mm_at(m, task_at(m, task)->mm);
	u64 vpn = *at;
	int error = 0;

	while (!error && vpn < end) {
		error = touch(m, task, mm, vpn, write);
		if (unlikely(error))
			break;
		vpn++;
		if (unlikely(!machine_safe_point(m)))
			error = -EINTR;
	}
	*at = vpn;
	return error;
}

int mm_access_range(struct machine *m, handle_t task, u64 addr, u64 length, bool write, u64 *pages)
{
	u64 vpn = addr_vpn(addr), end = addr_vpn(PAGE_ALIGN(addr + length));
	int error;

	if (addr >= task_size(m) || length > task_size(m) - addr)
		error = access_fault(m, task, task_size(m), write);
	else if (write)
		error = touch_range(m, task, &vpn, end, true);
	else
		error = touch_range(m, task, &vpn, end, false);
	*pages = vpn - addr_vpn(addr);
	if (m->running)
		m->running->user_ns += *pages * m->cost.memory_access;
	return error;
}

/*
 * Accesses to come: what they need lies all over the host's memory, and one thing says where the
 * next is: table, chunk of entries, entry, swap cluster, slot. It fetches those of all accesses at
 * once, step by step.
 */
static void fetch_ahead(struct machine *m, struct mm *mm, const u64 *addr, u32 nr, handle_t *table)
{
	const pte_t *pte[ACCESS_DRAW_MAX];
	u32 slot[ACCESS_DRAW_MAX], nr_slots = 0, i;

	pte_tables_find(m, mm, addr, nr, table);
	for (i = 0; i < nr; i++)
		__builtin_prefetch(table_chunk(m, table[i], addr_vpn(addr[i])));
	for (i = 0; i < nr; i++) {
		pte[i] = table[i] ? table_pte(m, table[i], addr_vpn(addr[i])) : NULL;
		__builtin_prefetch(pte[i], 1);
	}
	for (i = 0; i < nr; i++) {
		if (!pte[i] || !(*pte[i] & PTE_SWAP))
			continue;
		slot[nr_slots] = swap_pte_slot(m, *pte[i]);
		swap_fetch_cluster(m, slot[nr_slots++]);
	}
	for (i = 0; i < nr_slots; i++)
		swap_fetch_slot(m, slot[i]);
}

static int touch_list(struct machine *m, handle_t task, const u64 *addr, u32 nr, u64 *done)
{
	struct mm *mm = mm_at(m, task_at(m, task)->mm);
	u32 freed = mm->tables_freed, i;
	handle_t table[ACCESS_DRAW_MAX];

	fetch_ahead(m, mm, addr, nr, table);
	for (i = 0; i < nr; i++) {
		int error;

		if (likely(mm->tables_freed == freed))
			pte_table_remember(mm, addr_vpn(addr[i]), table[i]);
		error = touch(m, task, mm, addr_vpn(addr[i]), addr[i] & ACCESS_STORE);

		if (unlikely(error))
			return error;
		++*done;
		if (unlikely(!machine_safe_point(m)))
			return -EINTR;
	}
	return 0;
}

int mm_access_list(struct machine *m, handle_t task, const u64 *addr, u64 nr, u64 *done)
{
	u64 at;
	int error = 0;

	*done = 0;
	for (at = 0; at < nr && !error; at += ACCESS_DRAW_MAX) {
		u64 end = min_t(u64, nr, at + ACCESS_DRAW_MAX), i;

		for (i = at; i < end; i++)
			if (unlikely(addr[i] >= task_size(m)))
				return access_fault(m, task, addr[i], addr[i] & ACCESS_STORE);
		error = touch_list(m, task, addr + at, (u32)(end - at), done);
	}
	if (m->running)
		m->running->user_ns += *done * m->cost.memory_access;
	return error;
}

/* @count accesses in an order that takes time to draw; *@done: made. */
static int touch_ahead(struct machine *m, handle_t task, struct access_stream *s, u64 count,
		       u64 *done)
{
	struct access_draw d = { .key = 0 };
	u64 addr[ACCESS_DRAW_MAX];
	int error = 0;
	u32 nr;

	while (*done < count && !error) {
		nr = access_stream_draw(s, &d, addr,
					(u32)min_t(u64, ACCESS_DRAW_MAX, count - *done));
		error = touch_list(m, task, addr, nr, done);
	}
	return error;
}

static int touch_one_by_one(struct machine *m, handle_t task, struct access_stream *s, u64 count,
			    u64 *done)
{
	struct mm *mm = mm_at(m, task_at(m, task)->mm);
	bool write;
	int error = 0;
	u64 n = 0, addr;

	while (!error && n < count) {
		addr = access_stream_next(s, &write);
		error = touch(m, task, mm, addr_vpn(addr), write);
		if (unlikely(error))
			break;
		n++;
		if (unlikely(!machine_safe_point(m)))
			error = -EINTR;
	}
	*done = n;
	return error;
}

int mm_access_stream(struct machine *m, handle_t task, struct access_stream *s, u64 count,
		     u64 *done)
{
	int error;

	*done = 0;
	/* a few are not worth tables */
	if (s->spec.pattern == ACCESS_RANDOM && count >= DRAW_AHEAD)
		error = touch_ahead(m, task, s, count, done);
	else
		error = touch_one_by_one(m, task, s, count, done);
	if (m->running)
		m->running->user_ns += *done * m->cost.memory_access;
	return error;
}
