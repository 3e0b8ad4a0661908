/*
 * call_trace.c - who asked for memory, as the kernel's stack would tell it.
 *
 *	dump_stack_lvl, dump_header, oom_kill_process, out_of_memory      why there is a trace
 *	__alloc_pages_slowpath, __alloc_pages                              the allocation
 *	__folio_alloc, vma_alloc_folio, ...                                what the page is for
 *	__handle_mm_fault, handle_mm_fault, ...                            the fault, if it is one
 *	asm_exc_page_fault; or do_syscall_64, entry_SYSCALL_64_after_hwframe
 *
 * No machine code runs, so there are no offsets into functions and no registers; the names are
 * those of the way the request took here, which a 6.1 kernel calls so in its own reports. Where the
 * way is not known the trace ends.
 */
#include "mm/show_mem.h"

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void frames(struct machine *m, const char *const *names)
{
	for (; names && *names; names++)
		printk(m, 4, " %s", *names);
}

enum page_use { USE_UNKNOWN, USE_ANON, USE_COW, USE_TABLE, USE_FILE, USE_SHMEM };

static enum page_use use_of(const struct machine *m, gfp_t gfp)
{
	if (m->oom.page_of == ALLOC_FOR_FILE)
		return USE_FILE;
	if (m->oom.page_of == ALLOC_FOR_SHMEM)
		return USE_SHMEM;
	if (gfp & __GFP_MOVABLE)
		return gfp & __GFP_ZERO ? USE_ANON : USE_COW;
	return (gfp & (__GFP_ACCOUNT | __GFP_ZERO)) == (__GFP_ACCOUNT | __GFP_ZERO) ? USE_TABLE :
										      USE_UNKNOWN;
}

static void page_frames(struct machine *m, enum page_use use)
{
	const char *const *const of[] = {
		[USE_ANON] = NAMES("__folio_alloc", "vma_alloc_folio"),
		[USE_COW] = NAMES("__folio_alloc", "vma_alloc_folio", "wp_page_copy"),
		[USE_TABLE] = NAMES("pte_alloc_one", "__pte_alloc"),
		[USE_FILE] = NAMES("folio_alloc", "__filemap_get_folio"),
		[USE_SHMEM] = NAMES("__folio_alloc", "vma_alloc_folio", "shmem_alloc_folio",
				    "shmem_alloc_and_acct_folio", "shmem_get_folio_gfp"),
	};

	frames(m, of[use]);
}

static void fault_frames(struct machine *m, enum page_use use)
{
	if (use == USE_FILE)
		frames(m, NAMES("filemap_fault", "__do_fault", "do_fault"));
	else if (use == USE_SHMEM)
		frames(m, NAMES("shmem_fault", "__do_fault", "do_fault"));
	frames(m, NAMES("__handle_mm_fault", "handle_mm_fault"));
}

static void caller_frames(struct machine *m, enum page_use use)
{
	const char *const *const calls[] = {
		[ALLOC_BY_POPULATE] =
			NAMES("__get_user_pages", "populate_vma_page_range", "__mm_populate"),
		[ALLOC_BY_READ] =
			NAMES("filemap_get_pages", "filemap_read", "vfs_read", "ksys_read"),
		[ALLOC_BY_WRITE] = NAMES("pagecache_get_page", "ext4_da_write_begin",
					 "generic_perform_write", "ext4_buffered_write_iter",
					 "vfs_write", "ksys_write"),
		[ALLOC_BY_FORK] =
			NAMES("copy_page_range", "dup_mm", "copy_process", "kernel_clone"),
	};
	const u32 by = m->running ? m->running->alloc_by : ALLOC_BY_OTHER;

	if (by == ALLOC_BY_OTHER)
		return;
	if (by == ALLOC_BY_FAULT || by == ALLOC_BY_POPULATE)
		fault_frames(m, use);
	if (by == ALLOC_BY_FAULT) {
		frames(m, NAMES("do_user_addr_fault", "exc_page_fault", "asm_exc_page_fault"));
		return;
	}
	frames(m, calls[by]);
	frames(m, NAMES("do_syscall_64", "entry_SYSCALL_64_after_hwframe"));
}

void dump_alloc_trace(struct machine *m, const struct oom_control *oc, enum trace_top top)
{
	const char *const *const tops[] = {
		[TRACE_WARN_ALLOC] = NAMES("warn_alloc"),
		[TRACE_OOM_KILL] = NAMES("dump_header", "oom_kill_process", "out_of_memory"),
		[TRACE_OOM_NOBODY] = NAMES("dump_header", "out_of_memory"),
		[TRACE_PANIC] = NAMES("panic", "out_of_memory"),
	};
	enum page_use use = use_of(m, oc->gfp);

	printk(m, 4, "Call Trace:");
	printk(m, 4, " <TASK>");
	frames(m, NAMES("dump_stack_lvl"));
	if (oc->order == OOM_ORDER_SYSRQ) {
		frames(m, tops[top]);
		frames(m, NAMES("moom_callback", "process_one_work", "worker_thread", "kthread",
				"ret_from_fork"));
	} else {
		frames(m, tops[top]);
		frames(m, NAMES("__alloc_pages_slowpath", "__alloc_pages"));
		page_frames(m, use);
		if (use != USE_UNKNOWN && m->current)
			caller_frames(m, use);
	}
	printk(m, 4, " </TASK>");
}
