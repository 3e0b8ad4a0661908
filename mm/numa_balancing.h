/*
 * numa_balancing.h - the fault's side of automatic NUMA balancing (mman/numa_balancing.h).
 */
#ifndef MM_NUMA_BALANCING_H
#define MM_NUMA_BALANCING_H

#include <mman/numa_balancing.h>

#include "mm/fault.h"

/** do_numa_page() - the entry @pte has a hint: it is an ordinary one afterwards, and its page may
 * lie elsewhere. VM_FAULT_RETRY: a store has yet to get its right. */
enum vm_fault do_numa_page(struct machine *m, struct fault *f, pte_t *pte);

#endif
