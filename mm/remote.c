/*
 * remote.c - the bytes of a process's memory, read and written from outside (proc/PID/mem), or by
 * the process itself where bytes matter (`write NAME value=N`).
 *
 * Who looks from outside passes over the rights of a mapping, as a debugger does:
 *
 *	mapping                read                    write
 *	private                any, PROT_NONE too      any: a read-only one gets its own copy
 *	shared, writable       yes                     yes
 *	shared, read-only      yes                     no
 *	of a device            no                      no
 *
 * A page that is present serves although its entry forbids the process itself. What is missing is
 * faulted in, for nobody's account: pgfault counts it, no task's min_flt does.
 * Source: proc(5) (/proc/[pid]/mem), ptrace(2).
 */
#include <mman/contents.h>

#include <errno.h>
#include <string.h>

#include "mm/hugetlb.h"
#include "mm/rmap.h"
#include "mm/task.h"

struct remote {
	/* of whom the memory is: it is not taken down in the middle of a page */
	struct running running;
	handle_t mm;
	u64 id; /* of the address space: it may end at a safe point, and its slot be used again */
	bool write;
};

static void remote_begin(struct machine *m, struct remote *r, handle_t task, bool write)
{
	*r = (struct remote){
		.running = { .outer = m->running, .task = task_at(m, task)->leader },
		.mm = task_at(m, task)->mm,
		.write = write,
	};
	r->id = mm_at(m, r->mm)->id;
	m->running = &r->running;
}

/* A signal that came in between, of the OOM killer perhaps, was kept for now. */
static void remote_end(struct machine *m, struct remote *r)
{
	struct running *run = &r->running;

	if (!run->died && run->fatal_signal)
		exit_unmap(m, run);
	m->running = run->outer;
	if (!run->died && run->fatal_signal)
		do_exit(m, run->task, run->fatal_signal);
}

/* Is the address space still the one that was asked for? */
static bool mm_lives(const struct machine *m, const struct remote *r)
{
	return !r->running.died && task_at(m, r->running.task)->mm == r->mm &&
	       mm_at(m, r->mm)->id == r->id;
}

/* The mapping that holds @addr, grown down to it if it is a stack; 0 if there is none. */
static handle_t find_remote_vma(struct machine *m, const struct remote *r, u64 addr)
{
	handle_t h = addr < task_size(m) ? find_vma(m, r->mm, addr) : 0;
	const struct vma *v = vma_at(m, h);

	if (!h || v->start <= addr)
		return h;
	return v->flags & VM_GROWSDOWN && !expand_stack(m, r->running.task, h, addr) ? h : 0;
}

static bool remote_allowed(const struct vma *v, bool write)
{
	if (v->flags & (VM_IO | VM_PFNMAP))
		return false;
	if (!write)
		return v->flags & (VM_READ | VM_MAYREAD);
	/* nobody gets a copy of a huge page by force */
	return v->flags & VM_WRITE ||
	       (v->flags & (VM_HUGETLB | VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}

/* May the access go ahead with what the entry holds? */
static bool remote_serves(const struct machine *m, const struct vma *v, const pte_t *pte,
			  bool write)
{
	if (!pte || !pte_present(*pte))
		return false;
	if (!write || *pte & PTE_WRITE)
		return true;
	/* a copy made by force stays read-only for its process */
	return !(v->flags & VM_WRITE) && pte_has_page(*pte) &&
	       page_test(pfn_to_page(m, pte_pfn(*pte)), PG_anon_exclusive);
}

/* Memory is asked for in the name of the process: should it be the one to die of it, it gets what
 * it needs to come to an end. */
static enum vm_fault remote_fault(struct machine *m, const struct remote *r, handle_t vma, u64 addr)
{
	handle_t current = m->current;
	enum vm_fault fault;

	m->current = r->running.task;
	fault = handle_remote_fault(m, vma, addr, r->write);
	m->current = current;
	return fault;
}

/* The page at @addr, made present; *@pfn: PFN_NONE if it is all zero and has no struct page. */
static int get_remote_page(struct machine *m, const struct remote *r, u64 addr, pfn_t *pfn)
{
	handle_t h = find_remote_vma(m, r, addr);
	u64 vpn = addr_vpn(addr);
	pte_t *pte;

	if (!h || !remote_allowed(vma_at(m, h), r->write))
		return -EIO;
	pte = vma_pte(m, vma_at(m, h), vpn, pfn);
	if (!remote_serves(m, vma_at(m, h), pte, r->write)) {
		enum vm_fault fault = remote_fault(m, r, h, addr);

		if (fault != VM_FAULT_DONE && fault != VM_FAULT_MAJOR)
			return -EIO;
		pte = vma_pte(m, vma_at(m, h), vpn, pfn);
		if (!pte || !pte_present(*pte))
			return -EIO;
	}
	if (!pte_has_page(*pte))
		*pfn = PFN_NONE;
	if (*pfn != PFN_NONE && page_test(pfn_to_page(m, *pfn), PG_lru))
		mark_page_accessed(m, *pfn);
	return 0;
}

static bool is_huge_frame(struct machine *m, pfn_t pfn)
{
	struct page *p = pfn_to_page(m, pfn);

	return page_huge_head(m, &p);
}

/* @size bytes of one page. */
static int access_remote_page(struct machine *m, const struct remote *r, u64 addr, u8 *buffer,
			      u32 size)
{
	u32 offset = (u32)(addr & ~PAGE_MASK);
	pfn_t pfn;
	int error = get_remote_page(m, r, addr, &pfn);

	if (error)
		return error;
	clock_charge(m, m->cost.memory_access);
	if (!r->write) {
		if (pfn == PFN_NONE)
			memset(buffer, 0, size);
		else
			read_page_bytes(m, pfn, offset, buffer, size);
		return 0;
	}
	error = pfn == PFN_NONE ? -EIO : write_page_bytes(m, pfn, offset, buffer, size);
	if (!error && !is_huge_frame(m, pfn))
		page_set_dirty(m, pfn);
	return error;
}

ssize_t access_remote_vm(struct machine *m, handle_t task, u64 addr, void *buffer, size_t size,
			 bool write)
{
	handle_t current = m->current;
	struct remote r;
	size_t done = 0;
	int error = 0;

	if (!task_at(m, task)->mm)
		return 0;
	remote_begin(m, &r, task, write);
	m->current = 0; /* what is written is nobody's here */
	while (done < size && !error) {
		u64 room = PAGE_SIZE - ((addr + done) & ~PAGE_MASK);
		u32 n = (u32)min_t(u64, room, size - done);

		error = access_remote_page(m, &r, addr + done, (u8 *)buffer + done, n);
		if (!error)
			done += n;
		if (!error && done < size && (!machine_safe_point(m) || !mm_lives(m, &r)))
			error = -EINTR;
	}
	m->current = current;
	remote_end(m, &r);
	return done ? (ssize_t)done : error;
}

/* ---- a store that says what it stores ---- */

/* The page that a store has just made present and writable. */
static int fill_touched(struct machine *m, handle_t mm, u64 addr, u64 end, u8 byte)
{
	handle_t h = find_vma_exact(m, mm, addr);
	pfn_t pfn = PFN_NONE;
	const pte_t *pte = h ? vma_pte(m, vma_at(m, h), addr_vpn(addr), &pfn) : NULL;
	u64 page_end = (addr & PAGE_MASK) + PAGE_SIZE;

	if (!pte || !pte_has_page(*pte))
		return -EFAULT;
	end = end < page_end ? end : page_end;
	return fill_page(m, pfn, (u32)(addr & ~PAGE_MASK), (u32)(end - addr), byte);
}

int mm_fill_range(struct machine *m, handle_t task, u64 addr, u64 length, u8 byte, u64 *pages)
{
	handle_t mm = task_at(m, task)->mm;
	u64 end = addr + length;
	int error = 0;

	*pages = 0;
	if (addr >= task_size(m) || length > task_size(m) - addr)
		return mm_access(m, task, task_size(m), true);
	while (!error && addr < end) {
		error = mm_access(m, task, addr, true);
		if (!error)
			error = fill_touched(m, mm, addr, end, byte);
		if (error)
			break;
		++*pages;
		addr = (addr & PAGE_MASK) + PAGE_SIZE;
		if (!machine_safe_point(m))
			error = -EINTR;
	}
	return error;
}
