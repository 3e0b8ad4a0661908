/*
 * /proc/vmallocinfo: the kernel's virtually contiguous areas. Those of boot are one entry, then
 * comes the stack of each thread. Addresses are shown hashed, as Linux does it: one that looks like
 * an address, is the same while the machine runs, and says nothing.
 */
#include "fs/proc/proc.h"

static u64 hashed_address(u64 address)
{
	address ^= address >> 33;
	address *= 0xff51afd7ed558ccdull;
	address ^= address >> 33;
	return address & 0xffffffffu;
}

/* One area of @pages and its guard page; returns where the next may start. */
static u64 show_area(struct text *out, u64 start, u64 pages, const char *caller, const u32 *on_node)
{
	u64 bytes = (pages + 1) * PAGE_SIZE;
	u32 nid;

	text_str(out, "0x");
	text_hex(out, hashed_address(start), 16);
	text_str(out, "-0x");
	text_hex(out, hashed_address(start + bytes), 16);
	text_char(out, ' ');
	text_u64_width(out, bytes, 7);
	text_char(out, ' ');
	text_str(out, caller);
	text_str(out, " pages=");
	text_u64(out, pages);
	text_str(out, " vmalloc");
	for (nid = 0; nid < MAX_NUMNODES; nid++) {
		if (!on_node[nid])
			continue;
		text_str(out, " N");
		text_u64(out, nid);
		text_char(out, '=');
		text_u64(out, on_node[nid]);
	}
	text_char(out, '\n');
	return start + bytes;
}

static u64 show_stack(const struct machine *m, handle_t task, u64 at, struct text *out)
{
	u32 on_node[MAX_NUMNODES] = { 0 }, i;
	pfn_t pfn = task_at(m, task)->stack;

	for (i = 0; i < THREAD_PAGES && pfn && pfn != PFN_NONE; i++) {
		const struct page *p = pfn_to_page(m, pfn);

		on_node[p->node]++;
		pfn = p->next;
	}
	return show_area(out, at, THREAD_PAGES, "kernel_clone+0xbf/0x430", on_node);
}

int proc_vmallocinfo_show(const struct request *rq, struct text *out)
{
	const struct machine *m = rq->m;
	u32 on_node[MAX_NUMNODES] = { 0 };
	u64 at = 0xffffc90000000000ull;
	handle_t leader, task;

	on_node[0] = (u32)(m->boot.vmalloc_used_kb * 1024 / PAGE_SIZE);
	at = show_area(out, at, on_node[0], "load_module+0xbb7/0x21a0", on_node);
	for (leader = pid_next(m, 1); leader; leader = pid_next(m, task_at(m, leader)->pid + 1))
		for (task = leader; task; task = task_at(m, task)->next_thread)
			at = show_stack(m, task, at, out);
	return 0;
}
