/*
 * sim/reclaim_policy: which reclaim policy the machine follows. `lru` (6.1's) is the one there is so
 * far; classic and mglru are refused until their engine is built.
 */
#include "fs/sim/sim.h"

#include <errno.h>

#include "fs/parse.h"

int sim_policy_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "lru\n");
	return 0;
}

ssize_t sim_policy_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)rq;
	(void)offset;
	return parse_streq(data, size, "lru") ? (ssize_t)size : -EINVAL;
}
