/*
 * psi.h - pressure stall information: how long tasks waited for a CPU, for I/O, for memory.
 *
 * A stall is "some" while at least one task waits for the resource, "full" while no task makes
 * progress because of it. The engine adds stall time where the waiting happens; the running averages
 * follow on the clock. All zero until something stalls.
 * Source: Documentation/accounting/psi.rst.
 */
#ifndef MMAN_PSI_H
#define MMAN_PSI_H

#include <mman/types.h>

enum psi_resource { PSI_CPU, PSI_IO, PSI_MEM, NR_PSI_RESOURCES };
enum psi_kind { PSI_SOME, PSI_FULL, NR_PSI_KINDS };

#define PSI_AVG_SHIFT 11 /* fraction bits of an average, which is in percent */

struct psi_line {
	u64 total_ns;
	u64 avg[3]; /* over 10 s, 60 s, 300 s: percent, fixed point */
};

struct psi_state {
	struct psi_line line[NR_PSI_RESOURCES][NR_PSI_KINDS];
};

struct machine;

/**
 * psi_stall() - the running task (m->current; loads too) waited for @r from virtual time @start to
 * @end, ns. Called after the clock was moved past @end. Stalls of one resource may nest or overlap:
 * time is counted once. Waiting for the disk inside a memory stall is told to both.
 */
void psi_stall(struct machine *m, enum psi_resource r, u64 start, u64 end);

#endif
