/* sim/twin: what a twin has of the machine that it was made of, and what not; made once, when it
 * was. */
#include "fs/sim/sim.h"

bool sim_twin_visible(const struct request *rq)
{
	return tree_twin(rq->tree) != NULL;
}

int sim_twin_show(const struct request *rq, struct text *out)
{
	text_str(out, tree_twin(rq->tree));
	return 0;
}
