/* show_mem.h - the state of memory in the kernel log, and other parts of its reports. */
#ifndef MM_SHOW_MEM_H
#define MM_SHOW_MEM_H

#include <mman/machine.h>

#define NODES_TEXT_MAX 192

/** nodes_text() - "0-1,3" of a mask, as far as there are such nodes; "(null)" of none. Returns
 * @text. */
const char *nodes_text(const struct machine *m, u64 mask, char text[NODES_TEXT_MAX]);

/** dump_stack() - CPU, task, kernel and hardware. @task: 0 for the idle task. */
void dump_stack(struct machine *m, handle_t task);

/* What the call trace of an allocation that failed begins with. */
enum trace_top {
	TRACE_WARN_ALLOC,
	TRACE_OOM_KILL,	  /* the report of a kill */
	TRACE_OOM_NOBODY, /* a report without one */
	TRACE_PANIC,
};

/** dump_alloc_trace() - the way to the allocation that failed (mm/call_trace.c). */
void dump_alloc_trace(struct machine *m, const struct oom_control *oc, enum trace_top top);

/** should_dump_unreclaim_slab() - is more in slabs that cannot be given back than on the LRU
 * lists? */
bool should_dump_unreclaim_slab(const struct machine *m);
void dump_unreclaimable_slab(struct machine *m);

#endif
