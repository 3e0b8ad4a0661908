/* show_mem.h - the state of memory in the kernel log. */
#ifndef MM_SHOW_MEM_H
#define MM_SHOW_MEM_H

#include <mman/machine.h>

/** show_mem() - "Mem-Info:" and all that follows in the report of an OOM kill. */
void show_mem(struct machine *m);

#endif
