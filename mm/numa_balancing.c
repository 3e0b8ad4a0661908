/*
 * numa_balancing.c - who uses a page, from which node, and should it not lie there?
 *
 *	period over --> scan a stretch of the address space --> hints in its entries
 *	                                                          | next access
 *	faults by node <-- count it <-- move the page, if -- hint fault
 *	     | a pass is over         the user is a steady one
 *	     +--> the node the task prefers, and a new period: shorter while much is remote and shared,
 *	          longer when nearly all is local or private, twice as long when nothing was learned
 *
 * One access proves little. Early in a task's life the first hint fault moves a page that nobody
 * else had one on; later two in a row must come from the same node (the last one's node and PID are
 * kept for each page).
 *
 * Which entries get a hint: of mappings that the default policy serves, that can be accessed, and
 * that are no mere read-only file's; of pages that no other entry or swap slot of a private mapping
 * shares, that are not dirty file pages, and, in private mappings of an address space with one
 * user, that do not lie on his node already.
 */
#include "mm/numa_balancing.h"

#include <mman/migrate.h>

#include "mm/page_alloc.h"
#include "mm/rmap.h"
#include "mm/tlb.h"

#define PAGES_PER_MB	  256u
#define SCAN_A_SECOND_MAX 2560u /* MiB: no period is so short that it would be more */
#define VIRTUAL_FACTOR \
	8u /* untouched addresses: so many times the size of a scan are passed over */
#define EARLY_PASSES  4u
#define PERIOD_PARTS  10u /* a period changes by tenths */
#define PARTS_WANTED  7u  /* so many tenths private, or local, are good */
#define RUNS_AT_LEAST 32u /* times as long as it scans */

#define GFP_MISPLACED                                                                \
	((GFP_HIGHUSER_MOVABLE | __GFP_THISNODE | __GFP_NOMEMALLOC | __GFP_NORETRY | \
	  __GFP_NOWARN) &                                                            \
	 ~(gfp_t)__GFP_RECLAIM)

/* ---- power on and off ---- */

int numa_balancing_init(struct machine *m)
{
	struct numa_state *s = &m->numa;
	u32 sections = (u32)(m->room_pfn >> PFN_SECTION_SHIFT) + 1;
	int error = pool_init(&s->tasks, "numa_task", sizeof(struct numa_task), 1u << 22);

	if (!error)
		error = pool_init(&s->arrays, "cpupid array", PAGES_PER_SECTION * sizeof(u16),
				  sections);
	if (!error)
		error = pool_init(&s->sections, "cpupid section", sizeof(handle_t), sections + 1);
	return error;
}

void numa_balancing_destroy(struct machine *m)
{
	pool_destroy(&m->numa.tasks);
	pool_destroy(&m->numa.arrays);
	pool_destroy(&m->numa.sections);
}

/* ---- who used a page last ---- */

/* The page's place; NULL: its section has none. */
static u16 *cpupid_place(const struct machine *m, pfn_t pfn)
{
	u32 section = (u32)(pfn >> PFN_SECTION_SHIFT) + 1;
	handle_t array = 0;

	if (section < m->numa.sections.nr_slots)
		array = *(handle_t *)pool_at(&m->numa.sections, section);
	if (!array)
		return NULL;
	return (u16 *)pool_at(&m->numa.arrays, array) + (pfn & (PAGES_PER_SECTION - 1));
}

/* The same, made if need be; NULL: the host has no memory. */
static u16 *cpupid_make(struct machine *m, pfn_t pfn)
{
	struct numa_state *s = &m->numa;
	handle_t *array;

	if (s->sections.nr_slots <= 1 &&
	    !pool_alloc_array(&s->sections, (u32)(m->room_pfn >> PFN_SECTION_SHIFT) + 1))
		return NULL;
	array = pool_at(&s->sections, (u32)(pfn >> PFN_SECTION_SHIFT) + 1);
	if (!*array)
		*array = pool_alloc(&s->arrays);
	return *array ? cpupid_place(m, pfn) : NULL;
}

int page_cpupid_last(const struct machine *m, pfn_t pfn)
{
	const u16 *place;

	if (!page_test(pfn_to_page(m, pfn), PG_last_cpupid))
		return -1;
	place = cpupid_place(m, pfn);
	return place ? *place : -1;
}

/* What was there before. */
static int page_cpupid_set(struct machine *m, pfn_t pfn, u16 cpupid)
{
	int last = page_cpupid_last(m, pfn);
	u16 *place = cpupid_make(m, pfn);

	if (place) {
		*place = cpupid;
		page_set(pfn_to_page(m, pfn), PG_last_cpupid);
	}
	return last;
}

void page_cpupid_move(struct machine *m, pfn_t from, pfn_t to)
{
	int last = page_cpupid_last(m, from);

	if (last >= 0)
		page_cpupid_set(m, to, (u16)last);
}

static u16 cpupid_of(u32 nid, const struct task *t)
{
	return (u16)(nid << 8 | (t->pid & 0xff));
}

static bool cpupid_is_task(int cpupid, const struct task *t)
{
	return cpupid >= 0 && (cpupid & 0xff) == (int)(t->pid & 0xff);
}

/* ---- tasks ---- */

static struct numa_task *numa_task_at(const struct machine *m, const struct task *t)
{
	return t->numa ? pool_at(&m->numa.tasks, t->numa) : NULL;
}

void numa_task_init(const struct machine *m, struct task *t)
{
	t->numa_scan_period_ms = m->knobs.misc.numa_scan_delay_ms;
}

void numa_task_put(struct machine *m, struct task *t)
{
	if (t->numa)
		pool_free(&m->numa.tasks, t->numa);
	t->numa = 0;
}

static struct numa_task *numa_task_get(struct machine *m, struct task *t)
{
	struct numa_task *n;

	if (t->numa)
		return numa_task_at(m, t);
	t->numa = pool_alloc(&m->numa.tasks);
	n = numa_task_at(m, t);
	if (n) {
		n->preferred_nid = NUMA_NO_NODE;
		n->scan_seq = 0;
	}
	return n;
}

/* ---- periods, ms of run time ---- */

/* Scans that a pass over what is resident takes. */
static u32 scans_of_pass(const struct machine *m, const struct task *t)
{
	u64 pages = (u64)m->knobs.misc.numa_scan_size_mb * PAGES_PER_MB;
	u64 rss = mm_rss(mm_at(m, t->mm));

	return pages && rss ? (u32)((rss + pages - 1) / pages) : 1;
}

static u32 period_min(const struct machine *m, const struct task *t)
{
	u32 size = m->knobs.misc.numa_scan_size_mb;
	u32 floor = 1000 / (size && size < SCAN_A_SECOND_MAX ? SCAN_A_SECOND_MAX / size : 1);

	return max_t(u32, floor, m->knobs.misc.numa_scan_period_min_ms / scans_of_pass(m, t));
}

static u32 period_max(const struct machine *m, const struct task *t)
{
	return max_t(u32, period_min(m, t),
		     m->knobs.misc.numa_scan_period_max_ms / scans_of_pass(m, t));
}

void numa_task_moved(struct machine *m, struct task *t, u32 from, u32 to)
{
	const struct numa_task *n = numa_task_at(m, t);
	s32 source = m->cpu_to_node[from], target = m->cpu_to_node[to];

	if (!m->sysctl.numa_balancing || !n || !t->mm || source == target)
		return;
	/* back to its memory, or from one strange node to another: nothing new */
	if (n->scan_seq && (target == n->preferred_nid ||
			    (n->preferred_nid != NUMA_NO_NODE && source != n->preferred_nid)))
		return;
	t->numa_scan_period_ms = period_min(m, t);
}

/*
 * After a placement: @private and @shared faults of the last pass. Tenths of what is good, above
 * those wanted, make the period longer, those that are missing make it shorter.
 */
static void adapt_period(struct machine *m, struct task *t, struct numa_task *n, u64 private,
			 u64 shared)
{
	u32 period = t->numa_scan_period_ms, part = (period + PERIOD_PARTS - 1) / PERIOD_PARTS;
	u64 local = n->local, remote = n->remote;
	s64 good, parts;

	if (local + shared == 0 || n->failed) {
		/* nothing to be learned, or nowhere to go: less often */
		t->numa_scan_period_ms = (u32)min_t(u64, period_max(m, t), (u64)period << 1);
		mm_at(m, t->mm)->numa_next_scan =
			m->clock.now + t->numa_scan_period_ms * NSEC_PER_MSEC;
		n->local = n->remote = n->failed = 0;
		return;
	}
	good = (s64)(private + shared ? private * PERIOD_PARTS / (private + shared) : 0);
	if (good < PARTS_WANTED) {
		s64 near = (s64)(local * PERIOD_PARTS / (local + remote ? local + remote : 1));

		good = near >= PARTS_WANTED ? near : max_t(s64, near, good);
	}
	parts = good - (s64)PARTS_WANTED;
	if (!parts)
		parts = 1;
	t->numa_scan_period_ms = (u32)min_t(
		s64, max_t(s64, (s64)period + parts * part, period_min(m, t)), period_max(m, t));
	n->local = n->remote = n->failed = 0;
}

/* Once for each pass over the address space: on which node is most of what the task uses? */
static void task_numa_placement(struct machine *m, struct task *t, struct numa_task *n)
{
	u64 most = 0, private = 0, shared = 0;
	u32 nid, seq = mm_at(m, t->mm)->numa_scan_seq;

	if (n->scan_seq == seq)
		return;
	n->scan_seq = seq;
	for (nid = 0; nid < m->nr_nodes; nid++) {
		u64 sum = 0;
		u32 i;

		for (i = 0; i < 2; i++) {
			n->faults[nid][i] = n->faults[nid][i] / 2 + n->recent[nid][i];
			sum += n->faults[nid][i];
		}
		shared += n->recent[nid][0];
		private += n->recent[nid][1];
		n->recent[nid][0] = n->recent[nid][1] = 0;
		if (sum > most) {
			most = sum;
			n->preferred_nid = (s32)nid;
		}
	}
	adapt_period(m, t, n, private, shared);
}

/* ---- the scanner ---- */

/* Does the policy that serves the mapping let pages follow their users? */
static bool policy_follows(const struct machine *m, const struct vma *v, const struct task *t)
{
	handle_t policy = get_vma_policy(m, v, v->start);

	/* shared memory without a policy of its own has none to ask */
	if (v->file && inode_at(m, file_at(m, v->file)->inode)->kind == INODE_SHMEM && !policy)
		return false;
	if (!policy)
		policy = t->policy;
	return !policy || mempolicy_at(m, policy)->flags & MPOL_F_NUMA_BALANCING;
}

static bool is_cow_mapping(const struct vma *v)
{
	return (v->flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}

static bool vma_is_scanned(const struct machine *m, const struct vma *v, const struct task *t)
{
	if (!vma_migratable(v) || v->flags & (VM_HUGETLB | VM_MIXEDMAP) ||
	    !(v->flags & VM_ACCESS_FLAGS))
		return false;
	/* a library's code and constants, most likely: many use them, and there is a cache for
	 * them */
	if (v->file && (v->flags & (VM_READ | VM_WRITE)) == VM_READ)
		return false;
	return policy_follows(m, v, t);
}

/* @local: the node of the only user, which has no need to be told; NUMA_NO_NODE. */
static bool wants_hint(const struct machine *m, const struct vma *v, pte_t pte, int local)
{
	const struct page *p = pfn_to_page(m, pte_pfn(pte));

	if (!pte_has_page(pte) || !(pte & PTE_USER) || page_test(p, PG_reserved))
		return false;
	if (is_cow_mapping(v) && (page_mapping_type(p) != MAPPING_ANON || p->mapcount != 1 ||
				  p->pins || page_test(p, PG_swapcache)))
		return false;
	if (!page_test(p, PG_swapbacked) && page_test(p, PG_dirty))
		return false;
	return (int)p->node != local;
}

/* Hints for [start, end) of @v, bytes; how many. */
static u64 change_prot_numa(struct machine *m, const struct vma *v, u64 start, u64 end)
{
	struct mm *mm = mm_at(m, v->mm);
	struct pte_walk w = pte_walk_range(mm, addr_vpn(start), addr_vpn(end));
	bool alone = mm->users == 1 && !(v->flags & VM_SHARED);
	int local = alone ? m->cpu_to_node[m->cpu] : NUMA_NO_NODE;
	u64 updates = 0, first = 0, last = 0;
	u32 i;

	while (pte_walk_next(m, &w))
		for (i = 0; i < w.n; i++) {
			if (!wants_hint(m, v, w.pte[i], local))
				continue;
			w.pte[i] &= ~PTE_USER;
			first = updates++ ? first : w.vpn + i;
			last = w.vpn + i + 1;
		}
	if (updates)
		tlb_flush_range(m, mm, first, last);
	count_vm_events(m, NUMA_PTE_UPDATES, updates);
	clock_charge(m, updates * m->cost.scan_page);
	return updates;
}

struct scan {
	s64 pages, virtual_pages; /* that may still be looked at */
};

/* On from @start in @v; where it ended, which is the mapping's end unless the scan is over. */
static u64 scan_vma(struct machine *m, const struct vma *v, u64 start, struct scan *s)
{
	const u64 huge = PAGE_SIZE << TABLE_SHIFT;
	u64 at = max_t(u64, start, v->start), end, passed;

	while (at < v->end && s->pages > 0 && s->virtual_pages > 0) {
		end = (at + ((u64)s->pages << PAGE_SHIFT) + huge - 1) & ~(huge - 1);
		end = min_t(u64, end, v->end);
		passed = (end - at) >> PAGE_SHIFT;
		if (change_prot_numa(m, v, at, end))
			s->pages -= (s64)passed;
		s->virtual_pages -= (s64)passed;
		at = end;
	}
	return at;
}

/* The next stretch of the address space that @task runs in. */
static void scan_mm(struct machine *m, const struct task *t)
{
	struct mm *mm = mm_at(m, t->mm);
	struct scan s = { .pages = (s64)m->knobs.misc.numa_scan_size_mb * PAGES_PER_MB };
	handle_t h = find_vma(m, t->mm, mm->numa_scan_offset);
	u64 start = mm->numa_scan_offset;

	if (!s.pages || !(m->sysctl.numa_balancing & NUMA_BALANCING_NORMAL))
		return;
	s.virtual_pages = s.pages * VIRTUAL_FACTOR;
	if (!h) {
		mm->numa_scan_seq++;
		start = 0;
		h = mm->vma_first;
	}
	for (; h; h = vma_at(m, h)->next) {
		const struct vma *v = vma_at(m, h);

		if (!vma_is_scanned(m, v, t))
			continue;
		start = scan_vma(m, v, start, &s);
		if (s.pages <= 0 || s.virtual_pages <= 0)
			break;
	}
	if (!h) {
		mm->numa_scan_seq++;
		start = 0;
	}
	mm->numa_scan_offset = start;
}

static void task_numa_work(struct machine *m, struct task *t)
{
	struct mm *mm = mm_at(m, t->mm);
	u64 started = m->clock.now;

	if (!mm->numa_next_scan)
		mm->numa_next_scan = started + m->knobs.misc.numa_scan_delay_ms * NSEC_PER_MSEC;
	if (started < mm->numa_next_scan)
		return;
	if (!t->numa_scan_period_ms)
		t->numa_scan_period_ms = period_min(m, t);
	mm->numa_next_scan = started + t->numa_scan_period_ms * NSEC_PER_MSEC;
	/* others of this address space have their turn */
	t->node_stamp += 2 * JIFFY_NS;
	scan_mm(m, t);
	t->node_stamp += RUNS_AT_LEAST * (m->clock.now - started);
}

/* ---- the task's time ---- */

static u64 task_runtime(const struct machine *m, const struct running *r)
{
	const struct task *t = task_at(m, r->task);

	return t->utime + t->stime + (m->clock.now > r->started ? m->clock.now - r->started : 0);
}

u64 numa_tick_due(const struct machine *m, const struct running *r)
{
	const struct task *t = task_at(m, r->task);
	u64 ran, due;

	if (!m->sysctl.numa_balancing || r->died || !t->mm || t->flags & (PF_KTHREAD | PF_EXITING))
		return UINT64_MAX;
	ran = task_runtime(m, r);
	due = t->node_stamp + t->numa_scan_period_ms * NSEC_PER_MSEC + 1;
	return m->clock.now + (due > ran ? due - ran : 0);
}

void task_tick_numa(struct machine *m, struct running *r)
{
	u64 due = numa_tick_due(m, r), now = m->clock.now;
	struct task *t = task_at(m, r->task);

	if (due <= now) {
		u32 period = t->numa_scan_period_ms;

		if (!t->node_stamp)
			t->numa_scan_period_ms = period_min(m, t);
		t->node_stamp += period * NSEC_PER_MSEC;
		if (now >= mm_at(m, t->mm)->numa_next_scan)
			task_numa_work(m, t);
		/* who has got behind catches up tick by tick */
		due = max_t(u64, numa_tick_due(m, r), now + JIFFY_NS);
	}
	r->numa_due = due;
}

void numa_balancing_changed(struct machine *m)
{
	struct running *r;

	for (r = m->running; r; r = r->outer)
		if (r->numa_due)
			r->numa_due = m->clock.now;
	clock_recheck(m);
}

/* ---- the hint fault ---- */

struct hint {
	pfn_t pfn;
	u32 nid;  /* where the page lies */
	int last; /* who used it before: page_cpupid_last() */
	bool local, moved, failed;
};

/* Does the policy in effect allow the page on the node @here? */
static bool policy_wants_here(const struct machine *m, const struct vma *v, u64 addr,
			      const struct task *t, u32 here)
{
	handle_t policy = get_vma_policy(m, v, addr);
	const struct mempolicy *p;

	if (!policy)
		policy = t->policy;
	if (!policy)
		return true;
	p = mempolicy_at(m, policy);
	return p->flags & MPOL_F_NUMA_BALANCING && p->nodes >> here & 1;
}

/* Is the running task the one that the page should be near? To be asked once for each fault: it
 * notes who asks. */
static bool should_migrate(struct machine *m, const struct task *t, pfn_t pfn, u32 nid)
{
	const struct numa_task *n = numa_task_at(m, t);
	int last = page_cpupid_set(m, pfn, cpupid_of(nid, t));
	bool mine = cpupid_is_task(last, t);
	bool early = !n || n->preferred_nid == NUMA_NO_NODE || n->scan_seq <= EARLY_PASSES;

	if (early && (last < 0 || mine))
		return true;
	/* the second in a row from here */
	return last < 0 || (u32)last >> 8 == nid;
}

/* Would a page more leave the node balanced? kswapd is not to be woken for a guess. */
static bool node_has_room(struct machine *m, u32 nid)
{
	struct pglist_data *n = &m->node[nid];
	int i;

	for (i = MAX_NR_ZONES - 1; i >= 0; i--) {
		struct zone *z = &n->zones[i];

		if (z->managed_pages &&
		    zone_watermark_ok(m, z, 0, wmark_pages(z, WMARK_HIGH) + 1, ZONE_MOVABLE, 0))
			return true;
	}
	return false;
}

static pfn_t alloc_misplaced(struct machine *m, pfn_t old, void *arg)
{
	(void)old;
	return alloc_pages(m, GFP_MISPLACED, 0, *(const int *)arg);
}

/* To the node @nid. What it is not worth: code that several run, and dirty pages, which would have
 * to wait. */
static bool migrate_misplaced_page(struct machine *m, const struct vma *v, pfn_t pfn, u32 nid)
{
	const struct page *p = pfn_to_page(m, pfn);
	struct page_list list;
	int to = (int)nid;
	u64 moved = 0;

	if (!page_test(p, PG_swapbacked) &&
	    ((p->mapcount != 1 && v->flags & VM_EXEC) || page_test(p, PG_dirty)))
		return false;
	if (!node_has_room(m, nid) || isolate_lru_page(m, pfn))
		return false;
	page_list_init(&list);
	page_list_add(m, &list, pfn);
	migrate_pages(m, &list, alloc_misplaced, NULL, &to, MIGRATE_ASYNC, MR_NUMA_MISPLACED,
		      &moved);
	putback_movable_pages(m, &list);
	count_vm_events(m, NUMA_PAGES_MIGRATED, moved);
	return moved;
}

static void task_numa_fault(struct machine *m, struct task *t, const struct hint *h)
{
	struct numa_task *n = numa_task_get(m, t);

	if (!n)
		return;
	if (m->clock.now >= n->retry_at) {
		task_numa_placement(m, t, n);
		if (n->preferred_nid != NUMA_NO_NODE)
			n->retry_at =
				m->clock.now + min_t(u64, NSEC_PER_SEC,
						     t->numa_scan_period_ms * NSEC_PER_MSEC / 16);
	}
	n->pages_migrated += h->moved;
	n->failed += h->failed;
	n->recent[h->nid][h->last < 0 || cpupid_is_task(h->last, t)]++;
	*(h->local ? &n->local : &n->remote) += 1;
}

static void hint_fault(struct machine *m, const struct fault *f, struct hint *h)
{
	u32 here = m->cpu_to_node[m->cpu];
	struct task *t = task_at(m, m->current);

	h->nid = pfn_to_page(m, h->pfn)->node;
	h->local = h->nid == here;
	h->last = page_cpupid_last(m, h->pfn);
	count_vm_event(m, NUMA_HINT_FAULTS);
	count_vm_events(m, NUMA_HINT_FAULTS_LOCAL, h->local);
	if (!t->mm)
		return;
	if (!h->local && policy_wants_here(m, f->v, f->vpn << PAGE_SHIFT, t, here) &&
	    should_migrate(m, t, h->pfn, here)) {
		h->moved = migrate_misplaced_page(m, f->v, h->pfn, here);
		h->failed = !h->moved;
		if (h->moved)
			h->nid = here;
	}
	if (m->sysctl.numa_balancing)
		task_numa_fault(m, t, h);
}

enum vm_fault do_numa_page(struct machine *m, struct fault *f, pte_t *pte)
{
	struct hint h = { .pfn = pte_pfn(*pte) };

	*pte |= PTE_ACCESSED | PTE_USER;
	if (pte_has_page(*pte) && m->current)
		hint_fault(m, f, &h);
	if (likely(!f->write || *pte & PTE_WRITE)) {
		*pte |= access_leaves(f->write);
		return VM_FAULT_DONE;
	}
	/* the store is tried again, and finds that it may not */
	count_vm_event(m, PGFAULT);
	return VM_FAULT_RETRY;
}
