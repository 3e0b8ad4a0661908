/*
 * util.c - overcommit: how much memory may be promised.
 *
 *	mode 0  refuse a single request that exceeds all RAM and swap; count the sum, no limit
 *	mode 1  promise anything
 *	mode 2  the sum stays below CommitLimit, less a reserve that only root may use
 *	        (admin_reserve_kbytes) and one that keeps a single process from taking the rest
 *	        (user_reserve_kbytes, at most 1/32 of the process)
 *
 * Source: Documentation/mm/overcommit-accounting.rst, admin-guide/sysctl/vm.rst.
 */
#include <mman/machine.h>

#include <errno.h>

#define KB_TO_PAGES(kb)	     ((kb) >> (PAGE_SHIFT - 10))
#define PAGES_TO_KB(pages)   ((pages) << (PAGE_SHIFT - 10))
#define ADMIN_RESERVE_MAX_KB (1ull << 13) /* 8 MiB */
#define USER_RESERVE_MAX_KB  (1ull << 17) /* 128 MiB */

u64 total_swap_pages(const struct machine *m)
{
	return m->swap.total_pages;
}

u64 free_swap_pages(const struct machine *m)
{
	return m->swap.total_pages - m->swap.used_pages;
}

u64 total_hugetlb_pages(const struct machine *m)
{
	u64 pages = 0;
	u32 i;

	for (i = 0; i < m->boot.nr_hstates; i++)
		pages += m->boot.hstate[i].nr_huge_pages *
			 (m->boot.hstate[i].page_size >> PAGE_SHIFT);
	return pages;
}

u64 vm_commit_limit(const struct machine *m)
{
	u64 ram = m->totalram_pages - total_hugetlb_pages(m);
	u64 allowed = m->sysctl.overcommit_kbytes ? KB_TO_PAGES(m->sysctl.overcommit_kbytes) :
						    ram * (u64)m->sysctl.overcommit_ratio / 100;

	return allowed + total_swap_pages(m);
}

/* Mode 2: is the sum, with what was just added, below the limit? The reserves may exceed it. */
static bool below_limit(const struct machine *m, handle_t mm, bool cap_sys_admin)
{
	s64 allowed = (s64)vm_commit_limit(m);

	if (!cap_sys_admin)
		allowed -= (s64)KB_TO_PAGES(m->sysctl.admin_reserve_kbytes);
	if (mm)
		allowed -= min_t(s64, mm_at(m, mm)->total_vm / 32,
				 KB_TO_PAGES(m->sysctl.user_reserve_kbytes));
	return (s64)vm_committed_as(&m->mms) < allowed;
}

int vm_enough_memory(struct machine *m, handle_t mm, s64 pages, bool cap_sys_admin)
{
	bool enough = true;

	m->mms.committed_as += pages;
	switch (m->sysctl.overcommit_memory) {
	case OVERCOMMIT_GUESS:
		enough = pages <= (s64)(m->totalram_pages + total_swap_pages(m));
		break;
	case OVERCOMMIT_NEVER:
		enough = below_limit(m, mm, cap_sys_admin);
		break;
	default:
		break;
	}
	if (enough)
		return 0;
	vm_unacct_memory(m, pages);
	return -ENOMEM;
}

void vm_unacct_memory(struct machine *m, s64 pages)
{
	m->mms.committed_as -= pages;
}

/* The kernel computes these when its slab caches are still empty; here they are filled already. */
void overcommit_init(struct machine *m)
{
	u64 free_kb = PAGES_TO_KB(global_zone_page_state(m, NR_FREE_PAGES) +
				  global_node_page_state(m, NR_SLAB_RECLAIMABLE) +
				  global_node_page_state(m, NR_SLAB_UNRECLAIMABLE));

	m->sysctl.user_reserve_kbytes = min_t(u64, free_kb / 32, USER_RESERVE_MAX_KB);
	m->sysctl.admin_reserve_kbytes = min_t(u64, free_kb / 32, ADMIN_RESERVE_MAX_KB);
}
