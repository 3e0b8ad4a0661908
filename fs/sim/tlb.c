/*
 * sim/tlb: what the TLBs did since boot, all CPUs and each that was used, and how large they are;
 * sim/procs/NAME/tlb: that of the process's CPU, and what it holds of the process.
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

static void show_bytes_right(u64 bytes, u32 width, struct text *out)
{
	u32 shift = bytes >> 30 && !(bytes & ((1u << 30) - 1)) ? 30 :
		    bytes >> 20 && !(bytes & ((1u << 20) - 1)) ? 20 :
								 10;

	text_u64_width(out, bytes >> shift, width);
	text_str(out, shift == 30 ? " GiB" : shift == 20 ? " MiB" : " KiB");
}

static void show_array(const struct tlb_array_view *v, struct text *out)
{
	text_str_left(out, v->name, 8);
	text_u64_width(out, v->entries, 8);
	text_u64_width(out, v->ways, 6);
}

/* Reach: what the array maps when it is full. */
static void show_arrays(const struct machine *m, struct text *out)
{
	struct tlb_array_view v;
	u32 id;

	text_str(out, "\narray    entries  ways      reach\n");
	for (id = 0; id < NR_TLB_ARRAYS; id++) {
		if (!tlb_array_describe(m, (enum tlb_array_id)id, &v))
			continue;
		show_array(&v, out);
		show_bytes_right(v.entries * v.page_size, 7, out);
		if (id == TLB_L2) {
			text_str(out, ", of large pages ");
			show_bytes_right(v.entries * m->pt.huge_size, 0, out);
		}
		text_char(out, '\n');
	}
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
	show_arrays(rq->m, out);
	return 0;
}

/* What the arrays of its CPU hold of the process, and how much memory that maps. */
static void show_held(const struct machine *m, const struct task *t, struct text *out)
{
	struct tlb_array_view v;
	u32 id;

	text_str(out, "\narray    entries  ways   held       maps\n");
	for (id = 0; id < NR_TLB_ARRAYS; id++) {
		if (!tlb_array_describe(m, (enum tlb_array_id)id, &v))
			continue;
		tlb_array_count(m, t->cpu, mm_at(m, t->mm), (enum tlb_array_id)id, &v);
		show_array(&v, out);
		text_u64_width(out, v.held + v.held_huge, 7);
		show_bytes_right(v.held * v.page_size + v.held_huge * m->pt.huge_size, 7, out);
		text_char(out, '\n');
	}
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
	if (task_at(m, task)->mm)
		show_held(m, task_at(m, task), out);
	return 0;
}
