/*
 * oom_kill.c - out of memory: who is worst, and its end.
 *
 * badness = resident pages + swapped pages + page table pages, plus oom_score_adj thousandths of
 * all memory (RAM and swap). The eligible process with the highest badness dies. Init, kernel
 * threads and those with oom_score_adj -1000 are never chosen.
 * Source: Documentation/filesystems/proc.rst (oom_adj, oom_score), admin-guide/sysctl/vm.rst.
 */
#include <mman/machine.h>

#include <stdio.h>
#include <string.h>

#include "mm/show_mem.h"

#define OOM_SCORE_ADJ_MIN (-1000)
#define SIGKILL		  9

static u64 all_memory(const struct machine *m)
{
	return m->totalram_pages + total_swap_pages(m);
}

s64 oom_badness(const struct machine *m, handle_t task, u64 totalpages)
{
	const struct task *t = task_at(m, task);
	const struct mm *mm;
	s64 points;

	if (task == m->tasks.init || t->flags & PF_KTHREAD || !t->mm)
		return INT64_MIN;
	if (t->oom_score_adj == OOM_SCORE_ADJ_MIN)
		return INT64_MIN;
	mm = mm_at(m, t->mm);
	points = mm->rss[MM_FILEPAGES] + mm->rss[MM_ANONPAGES] + mm->rss[MM_SHMEMPAGES] +
		 mm->rss[MM_SWAPENTS] + mm->nr_ptes + mm->nr_pmds + mm->nr_puds;
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

/* The worst process; among equals the one found first, in order of PIDs. */
static handle_t select_bad_process(struct machine *m, struct oom_explanation *e)
{
	handle_t task, chosen = 0;
	u64 total = all_memory(m);

	e->badness = e->second_badness = INT64_MIN;
	for (task = pid_next(m, 1); task; task = pid_next(m, task_at(m, task)->pid + 1)) {
		s64 badness = oom_badness(m, task, total);

		e->candidates += badness != INT64_MIN;
		if (badness > e->badness) {
			e->second_badness = e->badness;
			e->badness = badness;
			chosen = task;
		} else if (badness > e->second_badness) {
			e->second_badness = badness;
		}
	}
	return chosen;
}

/* Keep what sim/explain tells about this decision. */
static void explain(struct machine *m, struct oom_explanation *e, gfp_t gfp, unsigned int order,
		    handle_t victim)
{
	const struct task *v = task_at(m, victim),
			  *asked = m->current ? task_at(m, m->current) : NULL;

	e->time = m->clock.now;
	e->count = m->oom.count + 1;
	e->gfp = gfp;
	e->order = order;
	e->victim_pid = v->pid;
	e->asked_pid = asked ? asked->pid : 0;
	e->total_pages = all_memory(m);
	e->free_pages = global_zone_page_state(m, NR_FREE_PAGES);
	e->oom_score_adj = v->oom_score_adj;
	memcpy(e->victim, v->comm, sizeof(e->victim));
	memcpy(e->asked, asked ? asked->comm : "kernel",
	       asked ? sizeof(e->asked) : sizeof("kernel"));
	m->oom = *e;
}

/* Who asked for what. The stack of a simulated kernel is not there to be shown. */
static void dump_header(struct machine *m, gfp_t gfp, unsigned int order)
{
	const struct task *t = m->current ? task_at(m, m->current) : NULL;
	const char *comm = t ? t->comm : "swapper/0";
	char flags[256];

	gfp_flags_text(gfp, flags, sizeof(flags));
	printk(m, 4, "%s invoked oom-killer: gfp_mask=0x%x(%s), order=%u, oom_score_adj=%d", comm,
	       gfp, flags, order, t ? t->oom_score_adj : 0);
	printk(m, 4, "CPU: %u PID: %u Comm: %s Not tainted 6.1.0-56-amd64 #1  Debian 6.1.192-2",
	       m->cpu, t ? t->pid : 0, comm);
	printk(m, 4,
	       "Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2-debian-1.16.2-1 "
	       "04/01/2014");
}

/* Every process that could have been chosen: vm.oom_dump_tasks. */
static void dump_tasks(struct machine *m)
{
	handle_t task;

	printk(m, 6, "Tasks state (memory values in pages):");
	printk(m, 6,
	       "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name");
	for (task = pid_next(m, 1); task; task = pid_next(m, task_at(m, task)->pid + 1)) {
		const struct task *t = task_at(m, task);
		const struct mm *mm;

		if (task == m->tasks.init || t->flags & PF_KTHREAD || !t->mm)
			continue;
		mm = mm_at(m, t->mm);
		printk(m, 6, "[%7u] %5u %5u %8llu %8llu %8llu %8llu         %5d %s", t->pid, t->uid,
		       t->tgid, (unsigned long long)mm->total_vm, (unsigned long long)mm_rss(mm),
		       (unsigned long long)mm_pgtables_pages(mm) * PAGE_SIZE,
		       (unsigned long long)mm->rss[MM_SWAPENTS], t->oom_score_adj, t->comm);
	}
}

/* The line that log readers look for. */
static void dump_decision(struct machine *m, const struct task *victim)
{
	char mems[64];
	u32 nid, first = UINT32_MAX, last = 0;

	for (nid = 0; nid < m->nr_nodes; nid++)
		if (m->node[nid].has_memory) {
			first = first == UINT32_MAX ? nid : first;
			last = nid;
		}
	snprintf(mems, sizeof(mems), first == last ? "%u" : "%u-%u", first, last);
	printk(m, 6,
	       "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=%s,global_oom,"
	       "task_memcg=/,task=%s,pid=%u,uid=%u",
	       mems, victim->comm, victim->pid, victim->uid);
}

static void report(struct machine *m, gfp_t gfp, unsigned int order, const struct task *victim)
{
	dump_header(m, gfp, order);
	show_mem(m);
	if (m->sysctl.oom_dump_tasks)
		dump_tasks(m);
	if (victim)
		dump_decision(m, victim);
}

static void oom_kill_process(struct machine *m, handle_t victim, const char *message)
{
	struct task *t = task_at(m, victim);
	const struct mm *mm = mm_at(m, t->mm);
	u64 tables = mm_pgtables_pages(mm);

	count_vm_event(m, OOM_KILL);
	printk(m, 3,
	       "%s: Killed process %u (%s) total-vm:%llukB, anon-rss:%llukB, file-rss:%llukB, "
	       "shmem-rss:%llukB, UID:%u pgtables:%llukB oom_score_adj:%d",
	       message, t->pid, t->comm, (unsigned long long)mm->total_vm * 4,
	       (unsigned long long)mm->rss[MM_ANONPAGES] * 4,
	       (unsigned long long)mm->rss[MM_FILEPAGES] * 4,
	       (unsigned long long)mm->rss[MM_SHMEMPAGES] * 4, t->uid,
	       (unsigned long long)tables * 4, t->oom_score_adj);
	trace_event(m, "mark_victim pid=%u comm=%s", t->pid, t->comm);
	t->flags |= PF_MEMDIE;
	send_signal(m, victim, SIGKILL, 0);
}

bool out_of_memory(struct machine *m, gfp_t gfp, unsigned int order)
{
	struct oom_explanation e = { 0 };
	handle_t victim = 0;

	/* Who is already dying frees its memory first. */
	if (m->current && task_at(m, m->current)->flags & PF_MEMDIE)
		return true;
	if (m->sysctl.oom_kill_allocating_task && m->current &&
	    oom_badness(m, task_at(m, m->current)->leader, all_memory(m)) != INT64_MIN) {
		e.of_allocating_task = true;
		e.candidates = 1;
		e.badness = oom_badness(m, task_at(m, m->current)->leader, all_memory(m));
		explain(m, &e, gfp, order, task_at(m, m->current)->leader);
		report(m, gfp, order, task_at(m, task_at(m, m->current)->leader));
		oom_kill_process(m, task_at(m, m->current)->leader,
				 "Out of memory (oom_kill_allocating_task)");
		return true;
	}
	victim = select_bad_process(m, &e);
	if (!victim) {
		report(m, gfp, order, NULL);
		printk(m, 0, "Kernel panic - not syncing: System is deadlocked on memory");
		m->panicked = true;
		return false;
	}
	explain(m, &e, gfp, order, victim);
	report(m, gfp, order, task_at(m, victim));
	oom_kill_process(m, victim, "Out of memory");
	return true;
}
