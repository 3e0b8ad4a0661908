/* sim/check: "ok", or one violated invariant of the engine per line. */
#include "fs/sim/sim.h"

static void report(void *arg, const char *line)
{
	struct text *out = arg;

	text_str(out, line);
	text_char(out, '\n');
}

int sim_check_show(const struct request *rq, struct text *out)
{
	if (!machine_check(rq->m, report, out))
		text_str(out, "ok\n");
	return 0;
}
