/*
 * sim/tlb: what the TLBs did since boot, all CPUs and each that was used; sim/procs/NAME/tlb: that of the
 * process's CPU.
 */
#include "fs/sim/sim.h"

static void show_row(const char *name, u64 value, struct text *out)
{
	text_str_left(out, name, 16);
	text_u64(out, value);
	text_char(out, '\n');
}

static void show_stat(const struct tlb_stat *s, struct text *out)
{
	show_row("accesses", s->l1_hits + s->l2_hits + s->misses, out);
	show_row("l1_hits", s->l1_hits, out);
	show_row("l2_hits", s->l2_hits, out);
	show_row("misses", s->misses, out);
	show_row("walk_steps", s->steps, out);
	show_row("flushes", s->flushes, out);
	show_row("page_flushes", s->page_flushes, out);
	show_row("shootdowns", s->shootdowns, out);
	show_row("switches", s->switches, out);
	show_row("switches_kept", s->switches_kept, out);
}

int sim_tlb_show(const struct request *rq, struct text *out)
{
	struct tlb_stat sum = tlb_stat_all(rq->m);
	u32 cpu;

	show_stat(&sum, out);
	text_str(out, "\ncpu      l1_hits      l2_hits       misses   walk_steps  flushes "
		      "page_flushes shootdowns switches\n");
	for (cpu = 0; cpu < rq->m->nr_cpus; cpu++) {
		struct tlb_stat s = tlb_stat(rq->m, cpu);

		if (!rq->m->tlb.cpu[cpu])
			continue;
		text_u64_width(out, cpu, 3);
		text_u64_width(out, s.l1_hits, 13);
		text_u64_width(out, s.l2_hits, 13);
		text_u64_width(out, s.misses, 13);
		text_u64_width(out, s.steps, 13);
		text_u64_width(out, s.flushes, 9);
		text_u64_width(out, s.page_flushes, 13);
		text_u64_width(out, s.shootdowns, 11);
		text_u64_width(out, s.switches, 9);
		text_char(out, '\n');
	}
	return 0;
}

int process_tlb_show(struct machine *m, handle_t lab, struct text *out)
{
	handle_t task = lab_at(m, lab)->task;
	struct tlb_stat s;

	if (!task)
		return 0;
	s = tlb_stat(m, task_at(m, task)->cpu);
	show_row("cpu", task_at(m, task)->cpu, out);
	show_stat(&s, out);
	return 0;
}
