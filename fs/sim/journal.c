/* sim/journal: every accepted change since boot, one replayable line each. */
#include "fs/sim/sim.h"

#include "fs/journal.h"

int sim_journal_show(const struct request *rq, struct text *out)
{
	const struct journal *j = tree_journal(rq->tree);

	return j ? journal_print(j, out) : 0;
}
