/* explain.h - the parts of sim/explain. */
#ifndef FS_SIM_EXPLAIN_H
#define FS_SIM_EXPLAIN_H

#include "fs/sim/sim.h"

typedef unsigned long long ull; /* what %llu takes */
#define KB(pages) ((ull)(pages)*PAGE_KB)

/** explain_time() - "At 12.345678901 s, ". */
void explain_time(struct text *out, u64 ns);
/** explain_request() - "4 kB in one piece (order 0, GFP_KERNEL, all nodes)". */
void explain_request(gfp_t gfp, u32 order, u64 nodemask, struct text *out);
/** explain_free() - "5000 kB were free." and, if the request was limited to nodes, how much of it
 * there. */
void explain_free(const struct memory_state *s, u64 nodemask, struct text *out);
/** explain_memory() - every zone as the decision found it, against a request of @order. */
void explain_memory(const struct memory_state *s, u32 order, struct text *out);
/** explain_compaction() - the last run of each kind. (explain_compaction.c) */
void explain_compaction(const struct machine *m, struct text *out);
void explain_alloc_failure(const struct alloc_failure *f, struct text *out);

#endif
