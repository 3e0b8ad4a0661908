/*
 * memory_failure.c - pages that are used no more. Which frames there are is known; taking one out of use
 * comes next.
 */
#include "mm/memory_hotplug.h"

#include <errno.h>

static int frame_error(struct machine *m, u64 pfn)
{
	return pfn < m->max_pfn && pfn_present(m, (pfn_t)pfn) ? -EOPNOTSUPP : -ENXIO;
}

int memory_failure(struct machine *m, u64 pfn)
{
	return frame_error(m, pfn);
}

int soft_offline_page(struct machine *m, u64 pfn)
{
	return frame_error(m, pfn);
}
