/* /proc/loadavg: three averages, runnable and all threads, the PID given out last. */
#include "fs/proc/proc.h"

#define LOAD_SHIFT 11

static void show_average(struct text *out, u64 fixed)
{
	u64 rounded = fixed + (1u << LOAD_SHIFT) / 200;
	u64 hundredths = (rounded & ((1u << LOAD_SHIFT) - 1)) * 100 >> LOAD_SHIFT;

	text_u64(out, rounded >> LOAD_SHIFT);
	text_char(out, '.');
	text_char(out, (char)('0' + hundredths / 10));
	text_char(out, (char)('0' + hundredths % 10));
	text_char(out, ' ');
}

int proc_loadavg_show(const struct request *rq, struct text *out)
{
	const struct machine *m = rq->m;
	u64 average[3];
	u32 i;

	loadavg(m, average);
	for (i = 0; i < 3; i++)
		show_average(out, average[i]);
	text_u64(out, m->tasks.nr_running);
	text_char(out, '/');
	text_u64(out, m->tasks.nr_threads);
	text_char(out, ' ');
	text_u64(out, m->tasks.last_pid);
	text_char(out, '\n');
	return 0;
}
