/* show_mem.h - the state of memory in the kernel log, and other parts of its reports. */
#ifndef MM_SHOW_MEM_H
#define MM_SHOW_MEM_H

#include <mman/machine.h>

/** show_mem() - "Mem-Info:" and all that follows in the report of an OOM kill: of nodes in the mask
 * @nodes, zones up to @highest. */
void show_mem(struct machine *m, u64 nodes, enum zone_type highest);

#define NODES_TEXT_MAX 192

/** nodes_text() - "0-1,3" of a mask, as far as there are such nodes; "(null)" of none. Returns @text. */
const char *nodes_text(const struct machine *m, u64 mask, char text[NODES_TEXT_MAX]);

/** dump_stack() - CPU, task, kernel and hardware. @task: 0 for the idle task. dump_alloc_trace() - and the way to
 * the allocation that failed (mm/call_trace.c); @oom: to the OOM killer. */
void dump_stack(struct machine *m, handle_t task);
void dump_alloc_trace(struct machine *m, const struct oom_control *oc, bool oom);

/** should_dump_unreclaim_slab() - is more in slabs that cannot be given back than on the LRU lists? */
bool should_dump_unreclaim_slab(const struct machine *m);
void dump_unreclaimable_slab(struct machine *m);

#endif
