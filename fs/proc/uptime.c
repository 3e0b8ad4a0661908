/* /proc/uptime: seconds since boot, and seconds that all CPUs together were idle. */
#include "fs/proc/proc.h"

static void show_seconds(struct text *out, u64 ns)
{
	u64 hundredths = ns / (NSEC_PER_SEC / 100) % 100;

	text_u64(out, ns / NSEC_PER_SEC);
	text_char(out, '.');
	text_char(out, (char)('0' + hundredths / 10));
	text_char(out, (char)('0' + hundredths % 10));
}

int proc_uptime_show(const struct request *rq, struct text *out)
{
	const struct machine *m = rq->m;
	u64 idle = 0;
	u32 cpu;

	for (cpu = 0; cpu < m->nr_cpus; cpu++)
		idle += cpu_idle_ns(m, cpu);
	show_seconds(out, m->clock.now);
	text_char(out, ' ');
	show_seconds(out, idle);
	text_char(out, '\n');
	return 0;
}
