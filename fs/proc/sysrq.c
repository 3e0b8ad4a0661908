/*
 * /proc/sysrq-trigger: the first byte written is a command. Those about memory work: f kills the worst
 * process, as the OOM killer would. Any other byte logs the list, as an unknown one does on Linux.
 * Source: Documentation/admin-guide/sysrq.rst.
 */
#include "fs/proc/proc.h"

#include <errno.h>

int proc_sysrq_trigger_show(const struct request *rq, struct text *out)
{
	(void)rq, (void)out;
	return -EIO;
}

ssize_t proc_sysrq_trigger_store(const struct request *rq, const char *data, size_t size,
				 u64 offset)
{
	(void)offset;
	if (!size)
		return 0;
	if (data[0] == 'f') {
		struct oom_control oc = { .gfp = GFP_KERNEL,
					  .order = OOM_ORDER_SYSRQ,
					  .highest = (enum zone_type)rq->m->gfp_zone[0] };

		printk(rq->m, 6, "sysrq: Manual OOM execution");
		if (!out_of_memory(rq->m, &oc))
			printk(rq->m, 6, "sysrq: OOM request ignored. No task eligible");
	} else {
		printk(rq->m, 6, "sysrq: HELP : memory-full-oom-kill(f) ");
	}
	return (ssize_t)size;
}
