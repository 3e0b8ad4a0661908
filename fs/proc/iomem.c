/* /proc/iomem: the physical address space. Who is not root sees the names, but no addresses. */
#include "fs/proc/proc.h"

#define ADDRESS_DIGITS 8u

int proc_iomem_show(const struct request *rq, struct text *out)
{
	const struct boot_info *boot = &rq->m->boot;
	bool hidden = rq->caller->uid;
	u32 i;

	for (i = 0; i < boot->nr_iomem; i++) {
		const struct resource *r = &boot->iomem[i];

		text_fill(out, ' ', (size_t)2 * r->depth);
		text_hex(out, hidden ? 0 : r->start, ADDRESS_DIGITS);
		text_char(out, '-');
		text_hex(out, hidden ? 0 : r->end, ADDRESS_DIGITS);
		text_str(out, " : ");
		text_str(out, r->name);
		text_char(out, '\n');
	}
	return 0;
}
