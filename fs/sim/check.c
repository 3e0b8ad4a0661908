/* sim/check: "ok", or one violated invariant of the engine per line. */
#include "fs/sim/sim.h"

#include <errno.h>

/* What makes it long: more than this of either. */
#define MANY_PROCESSES 1000u
#define MANY_PAGES     (1u << 18)

static void report(void *arg, const char *line)
{
	struct text *out = arg;

	text_str(out, line);
	text_char(out, '\n');
}

bool sim_check_is_long(const struct request *rq)
{
	const struct machine *m = rq->m;

	return m->tasks.nr_tasks > MANY_PROCESSES ||
	       m->totalram_pages - (u64)m->vm_zone_stat[NR_FREE_PAGES] > MANY_PAGES;
}

int sim_check_show(const struct request *rq, struct text *out)
{
	unsigned int violations = 0;
	u32 part;

	for (part = 0; machine_check_part(rq->m, part, report, out, &violations); part++)
		if (!machine_read_point(rq->m))
			return -EINTR;
	if (!violations)
		text_str(out, "ok\n");
	return 0;
}
