/*
 * oom_kill.c - out of memory: who is worst, and its end.
 *
 * badness = resident pages + swapped pages + page table pages, plus oom_score_adj thousandths of
 * the memory that the request could have used (RAM and swap). The eligible process with the highest
 * badness dies, the youngest of equals. Init, kernel threads and those with oom_score_adj -1000 are
 * never chosen.
 *
 * A process that was killed and still holds memory makes everybody else wait: nobody is killed as
 * long as one is on its way out (mm/oom_reaper.c).
 * Source: Documentation/filesystems/proc.rst (oom_adj, oom_score), admin-guide/sysctl/vm.rst.
 */
#include <mman/machine.h>

#include <string.h>

#include "mm/oom.h"
#include "mm/show_mem.h"
#include "mm/task.h"

#define OOM_RS_INTERVAL (5 * NSEC_PER_SEC)
#define OOM_RS_BURST	10u

/* ---- how bad ---- */

static u64 all_memory(const struct machine *m)
{
	return m->totalram_pages + total_swap_pages(m);
}

enum oom_ineligible oom_ineligible(const struct machine *m, handle_t task)
{
	const struct task *t = task_at(m, task);

	if (task == m->tasks.init)
		return OOM_IS_INIT;
	if (t->flags & PF_KTHREAD)
		return OOM_IS_KTHREAD;
	if (!t->mm)
		return OOM_NO_MM;
	if (t->oom_score_adj == OOM_SCORE_ADJ_MIN)
		return OOM_ADJ_MIN;
	return mm_at(m, t->mm)->flags & MMF_OOM_SKIP ? OOM_REAPED : OOM_ELIGIBLE;
}

s64 oom_badness(const struct machine *m, handle_t task, u64 totalpages)
{
	const struct task *t = task_at(m, task);
	const struct mm *mm;
	s64 points;

	if (oom_ineligible(m, task) != OOM_ELIGIBLE)
		return INT64_MIN;
	mm = mm_at(m, t->mm);
	points = (s64)(mm_rss(mm) + mm_pgtables_pages(mm)) + mm->rss[MM_SWAPENTS];
	return points + (s64)t->oom_score_adj * (s64)(totalpages / 1000);
}

u32 oom_score(const struct machine *m, handle_t task)
{
	u64 total = all_memory(m);
	s64 badness = oom_badness(m, task, total), points;

	if (badness == INT64_MIN)
		return 0;
	points = (1000 + badness * 1000 / (s64)total) * 2 / 3;
	return points > 0 ? (u32)points : 0;
}

static void set_one_adj(struct machine *m, handle_t leader, s32 adj, bool set_floor)
{
	handle_t h;

	for (h = leader; h; h = task_at(m, h)->next_thread) {
		task_at(m, h)->oom_score_adj = (s16)adj;
		if (set_floor)
			task_at(m, h)->oom_score_adj_min = (s16)adj;
	}
}

void set_oom_adj(struct machine *m, handle_t leader, s32 adj, bool set_floor)
{
	const struct task *t = task_at(m, leader);
	handle_t h;

	set_one_adj(m, leader, adj, set_floor);
	trace_event(m, "oom_score_adj_update pid=%u comm=%s oom_score_adj=%d", t->pid, t->comm,
		    adj);
	if (!t->mm || !(mm_at(m, t->mm)->flags & MMF_MULTIPROCESS))
		return;
	/* they would die together: so they are protected together */
	for (h = pid_next(m, 2); h; h = pid_next(m, task_at(m, h)->pid + 1))
		if (task_at(m, h)->mm == t->mm && h != leader)
			set_one_adj(m, h, adj, set_floor);
}

/* ---- what the request could have used ---- */

static u64 mems_allowed(const struct machine *m, handle_t task)
{
	u64 allowed = task ? task_at(m, task)->mems_allowed : 0;

	return allowed ? allowed : ALL_NODES;
}

static u64 present_pages(const struct machine *m, u64 nodes)
{
	u64 pages = 0;
	u32 nid, zone;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (zone = 0; zone < MAX_NR_ZONES && nodes >> nid & 1; zone++)
			pages += m->node[nid].zones[zone].present_pages;
	return pages;
}

static enum oom_constraint constrained_alloc(const struct machine *m, struct oom_control *oc)
{
	u64 nodes = memory_node_mask(m), mems = mems_allowed(m, m->current);

	oc->totalpages = all_memory(m);
	if (oc->gfp & __GFP_THISNODE)
		return CONSTRAINT_NONE;
	if (oc->nodemask && nodes & ~oc->nodemask) {
		oc->totalpages = total_swap_pages(m) + present_pages(m, oc->nodemask);
		return CONSTRAINT_MEMORY_POLICY;
	}
	if (nodes & ~mems) {
		oc->totalpages = total_swap_pages(m) + present_pages(m, mems);
		return CONSTRAINT_CPUSET;
	}
	return CONSTRAINT_NONE;
}

/*
 * Would the end of @task help? Not of one that is bound to other nodes than those that are full, if
 * a policy asks for these; nor of two cpusets without a common node.
 */
static bool oom_cpuset_eligible(const struct machine *m, handle_t task,
				const struct oom_control *oc)
{
	const struct mempolicy *p = mempolicy_at(m, task_at(m, task)->policy);

	if (oc->constraint == CONSTRAINT_MEMORY_POLICY)
		return !task_at(m, task)->policy || p->mode != MPOL_BIND || p->nodes & oc->nodemask;
	return mems_allowed(m, task) & mems_allowed(m, m->current);
}

/* ---- who ---- */

/* A victim that still has something to give, or nobody knows. */
static bool victim_is_pending(const struct machine *m, handle_t task)
{
	const struct oom_victim *v = oom_victim_of(m, task);

	return v && !(mm_at(m, v->mm)->flags & MMF_OOM_SKIP);
}

/* Looks at one process: true if the search is over, because somebody is dying already. */
static bool oom_evaluate_task(struct machine *m, struct oom_control *oc, struct oom_explanation *e,
			      handle_t task)
{
	enum oom_ineligible why = oom_ineligible(m, task);
	s64 points;

	if (why != OOM_IS_INIT && why != OOM_IS_KTHREAD) {
		if (!oom_cpuset_eligible(m, task, oc))
			why = OOM_OTHER_NODES;
		else if (oc->order != OOM_ORDER_SYSRQ && victim_is_pending(m, task))
			return true;
	}
	points = why ? INT64_MIN : oom_badness(m, task, oc->totalpages);
	/* who gave himself up for this (swapoff) goes before all others */
	if (task_at(m, task)->flags & PF_OOM_ORIGIN && (!why || why == OOM_ADJ_MIN)) {
		points = INT64_MAX;
		why = OOM_ELIGIBLE;
	}
	oom_explain_task(m, e, task, why, points);
	if (why || points < oc->chosen_points)
		return false;
	oc->chosen = task;
	oc->chosen_points = points;
	return false;
}

/* False: wait, somebody is dying. */
static bool select_bad_process(struct machine *m, struct oom_control *oc, struct oom_explanation *e)
{
	handle_t task;

	oc->chosen_points = INT64_MIN;
	for (task = pid_next(m, 1); task; task = pid_next(m, task_at(m, task)->pid + 1))
		if (oom_evaluate_task(m, oc, e, task))
			return false;
	return true;
}

/* ---- the report ---- */

/* Who asks: a manual kill is carried out by a kernel worker. */
static handle_t oom_asker(const struct machine *m, const struct oom_control *oc)
{
	handle_t task;

	if (oc->order != OOM_ORDER_SYSRQ)
		return m->current;
	for (task = pid_next(m, 2); task; task = pid_next(m, task_at(m, task)->pid + 1))
		if (!strncmp(task_at(m, task)->comm, "kworker/", 8))
			return task;
	return 0;
}

/* Who asked for what, and on which way. */
static void dump_header(struct machine *m, const struct oom_control *oc, bool kill)
{
	handle_t asker = oom_asker(m, oc);
	const struct task *t = asker ? task_at(m, asker) : NULL;
	const char *comm = t ? t->comm : "swapper/0";
	char flags[256];

	gfp_flags_text(oc->gfp, flags, sizeof(flags));
	printk(m, 4, "%s invoked oom-killer: gfp_mask=0x%x(%s), order=%d, oom_score_adj=%d", comm,
	       oc->gfp, flags, oc->order, t ? t->oom_score_adj : 0);
	dump_stack(m, asker);
	if (oc->order == OOM_ORDER_SYSRQ)
		printk(m, 4, "Workqueue: events moom_callback");
	dump_alloc_trace(m, oc, kill ? TRACE_OOM_KILL : TRACE_OOM_NOBODY);
	show_mem(m, oc->nodemask ? oc->nodemask : mems_allowed(m, m->current), oc->highest);
	if (should_dump_unreclaim_slab(m))
		dump_unreclaimable_slab(m);
}

/* Every process that could have been chosen: vm.oom_dump_tasks. */
static void dump_tasks(struct machine *m, const struct oom_control *oc)
{
	handle_t task;

	printk(m, 6, "Tasks state (memory values in pages):");
	printk(m, 6,
	       "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name");
	for (task = pid_next(m, 1); task; task = pid_next(m, task_at(m, task)->pid + 1)) {
		const struct task *t = task_at(m, task);
		const struct mm *mm;

		if (task == m->tasks.init || t->flags & PF_KTHREAD || !t->mm ||
		    !oom_cpuset_eligible(m, task, oc))
			continue;
		mm = mm_at(m, t->mm);
		printk(m, 6, "[%7u] %5u %5u %8llu %8llu %8llu %8llu         %5d %s", t->pid, t->uid,
		       t->tgid, (unsigned long long)mm->total_vm, (unsigned long long)mm_rss(mm),
		       (unsigned long long)mm_pgtables_pages(mm) * PAGE_SIZE,
		       (unsigned long long)mm->rss[MM_SWAPENTS], t->oom_score_adj, t->comm);
	}
}

/* The line that log readers look for. */
static void dump_oom_summary(struct machine *m, const struct oom_control *oc,
			     const struct task *victim)
{
	static const char *const constraint[] = {
		[CONSTRAINT_NONE] = "CONSTRAINT_NONE",
		[CONSTRAINT_CPUSET] = "CONSTRAINT_CPUSET",
		[CONSTRAINT_MEMORY_POLICY] = "CONSTRAINT_MEMORY_POLICY",
		[CONSTRAINT_MEMCG] = "CONSTRAINT_MEMCG",
	};
	char mask[NODES_TEXT_MAX], mems[NODES_TEXT_MAX];

	printk(m, 6,
	       "oom-kill:constraint=%s,nodemask=%s,cpuset=/,mems_allowed=%s,global_oom,task_memcg=/,"
	       "task=%s,pid=%u,uid=%u",
	       constraint[oc->constraint], nodes_text(m, oc->nodemask, mask),
	       nodes_text(m, mems_allowed(m, m->current) & memory_node_mask(m), mems), victim->comm,
	       victim->pid, victim->uid);
}

static void oom_report(struct machine *m, const struct oom_control *oc, const struct task *victim)
{
	dump_header(m, oc, victim != NULL);
	if (m->sysctl.oom_dump_tasks)
		dump_tasks(m, oc);
	if (victim)
		dump_oom_summary(m, oc, victim);
}

/* ---- the end ---- */

/* What the log says of it last. */
static void print_killed(struct machine *m, const struct task *t, const char *message)
{
	const struct mm *mm = mm_at(m, t->mm);

	printk(m, 3,
	       "%s: Killed process %u (%s) total-vm:%llukB, anon-rss:%llukB, file-rss:%llukB, "
	       "shmem-rss:%llukB, UID:%u pgtables:%llukB oom_score_adj:%d",
	       message, t->pid, t->comm, (unsigned long long)mm->total_vm * 4,
	       (unsigned long long)mm->rss[MM_ANONPAGES] * 4,
	       (unsigned long long)mm->rss[MM_FILEPAGES] * 4,
	       (unsigned long long)mm->rss[MM_SHMEMPAGES] * 4, t->uid,
	       (unsigned long long)mm_pgtables_pages(mm) * 4, t->oom_score_adj);
}

/*
 * Whoever runs in the same address space dies with it, or its memory would stay. Init cannot die:
 * then nothing comes of it, and nobody need wait for this memory.
 */
static void kill_sharers(struct machine *m, handle_t victim, handle_t mmh)
{
	u32 victim_pid = task_at(m, victim)->pid, pid = 0;
	handle_t task;

	if (!(mm_at(m, mmh)->flags & MMF_MULTIPROCESS))
		return;
	while ((task = pid_next(m, pid + 1))) {
		const struct task *t = task_at(m, task);

		pid = t->pid;
		if (t->mm != mmh || task == victim)
			continue;
		if (task == m->tasks.init) {
			mm_at(m, mmh)->flags |= MMF_OOM_SKIP;
			printk(m, 6, "oom killer %u (%s) has mm pinned by %u (%s)", victim_pid,
			       task_at(m, victim)->comm, t->pid, t->comm);
			continue;
		}
		send_signal(m, task, SIGKILL_NR, 0);
	}
}

static void oom_kill_process(struct machine *m, struct oom_control *oc, const char *message)
{
	handle_t victim = oc->chosen;
	struct task *t = task_at(m, victim);

	/* it needs no signal any more, only time and the reserves */
	if (task_will_free_mem(m, victim)) {
		mark_oom_victim(m, victim);
		return;
	}
	if (ratelimit(m, &m->oom.oom_rs, OOM_RS_INTERVAL, OOM_RS_BURST, "oom_kill_process"))
		oom_report(m, oc, t);
	count_vm_event(m, OOM_KILL);
	m->oom.kills++;
	mark_oom_victim(m, victim);
	print_killed(m, t, message);
	kill_sharers(m, victim, t->mm);
	oom_exit_victim(m, victim);
}

static void check_panic_on_oom(struct machine *m, struct oom_control *oc)
{
	s32 mode = m->sysctl.panic_on_oom;

	if (!mode || (mode != 2 && oc->constraint != CONSTRAINT_NONE) ||
	    oc->order == OOM_ORDER_SYSRQ)
		return;
	oom_explain(m, oc, &(struct oom_explanation){ .outcome = OOM_PANIC_ON_OOM });
	oom_report(m, oc, NULL);
	panic(m, oc, "Out of memory: %s panic_on_oom is enabled",
	      mode == 2 ? "compulsory" : "system-wide");
}

/* vm.oom_kill_allocating_task: no search. */
static bool kill_allocating_task(struct machine *m, struct oom_control *oc)
{
	handle_t leader = m->current ? task_at(m, m->current)->leader : 0;
	struct oom_explanation e = { .outcome = OOM_KILLED_ALLOCATING };
	enum oom_ineligible why = leader ? oom_ineligible(m, leader) : OOM_NO_MM;

	if (!m->sysctl.oom_kill_allocating_task || (why != OOM_ELIGIBLE && why != OOM_REAPED))
		return false;
	oc->chosen = leader;
	oom_explain_task(m, &e, leader, OOM_ELIGIBLE, oom_badness(m, leader, oc->totalpages));
	oom_explain(m, oc, &e);
	oom_kill_process(m, oc, "Out of memory (oom_kill_allocating_task)");
	return true;
}

static bool nobody_to_kill(struct machine *m, struct oom_control *oc, struct oom_explanation *e)
{
	bool by_hand = oc->order == OOM_ORDER_SYSRQ;

	e->outcome = by_hand ? OOM_NOBODY_SYSRQ : OOM_NOBODY;
	oom_explain(m, oc, e);
	oom_report(m, oc, NULL);
	printk(m, 4, "Out of memory and no killable processes...");
	if (!by_hand)
		panic(m, oc, "System is deadlocked on memory");
	return false;
}

bool out_of_memory(struct machine *m, struct oom_control *oc)
{
	struct oom_explanation e = { .outcome = OOM_KILLED };

	/* who is dying anyway gets at the reserves, and is gone soon */
	if (m->current && task_will_free_mem(m, task_at(m, m->current)->leader)) {
		mark_oom_victim(m, task_at(m, m->current)->leader);
		return true;
	}
	/* what cannot write files out has not tried everything */
	if (oc->gfp && !(oc->gfp & __GFP_FS))
		return true;
	oc->constraint = constrained_alloc(m, oc);
	if (oc->constraint != CONSTRAINT_MEMORY_POLICY)
		oc->nodemask = 0;
	check_panic_on_oom(m, oc);
	if (m->panicked)
		return false;
	if (kill_allocating_task(m, oc))
		return true;
	if (!select_bad_process(m, oc, &e)) {
		oom_wait(m);
		return true;
	}
	if (!oc->chosen)
		return nobody_to_kill(m, oc, &e);
	oom_explain(m, oc, &e);
	oom_kill_process(m, oc, "Out of memory");
	return true;
}
