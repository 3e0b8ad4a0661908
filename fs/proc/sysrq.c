/*
 * /proc/sysrq-trigger: the first byte written is a command. Those about memory work: f kills the
 * worst process, as the OOM killer would; m logs the state of memory, as the killer's report has
 * it. Any other byte logs the list, as an unknown one does on Linux.
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
	} else if (data[0] == 'm') {
		printk(rq->m, 6, "sysrq: Show Memory");
		show_mem(rq->m, ~(u64)0, MAX_NR_ZONES - 1);
	} else {
		printk(rq->m, 6, "sysrq: HELP : memory-full-oom-kill(f) show-memory-usage(m) ");
	}
	return (ssize_t)size;
}
