/*
 * sim/reclaim_policy: which reclaim policy the machine follows: lru (6.1's) or classic (2.6's). It
 * may be changed at any time. mglru is refused until its engine is built.
 */
#include "fs/sim/sim.h"

#include <errno.h>
#include <mman/machine.h>

#include "fs/parse.h"

int sim_policy_show(const struct request *rq, struct text *out)
{
	text_str(out, reclaim_policy_name((enum reclaim_policy_id)rq->m->reclaim.policy));
	text_char(out, '\n');
	return 0;
}

ssize_t sim_policy_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u32 i;

	(void)offset;
	for (i = 0; i < NR_RECLAIM_POLICIES; i++) {
		const char *name = reclaim_policy_name((enum reclaim_policy_id)i);

		if (name && parse_streq(data, size, name)) {
			reclaim_policy_set(rq->m, name);
			return (ssize_t)size;
		}
	}
	return -EINVAL;
}
