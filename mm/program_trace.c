/*
 * program_trace.c - the state of traces that are being replayed, and files of which a trace tells.
 */
#include <mman/machine.h>

#include <errno.h>
#include <string.h>

#include "mm/filemap.h"
#include "mm/vma.h"

int program_trace_init(struct machine *m)
{
	int error = pool_init(&m->traced.traces, "program_trace", sizeof(struct program_trace),
			      1u << 12);

	if (!error)
		error = pool_init(&m->traced.processes, "traced_process",
				  sizeof(struct traced_process), 1u << 22);
	return error;
}

void program_trace_destroy(struct machine *m)
{
	pool_destroy(&m->traced.traces);
	pool_destroy(&m->traced.processes);
}

handle_t program_trace_new(struct machine *m)
{
	return pool_alloc(&m->traced.traces);
}

void program_trace_put(struct machine *m, handle_t h)
{
	struct program_trace *s = at_trace(m, h);

	if (s->busy) {
		s->orphan = true;
		return;
	}
	trace_process_remove_all(m, s);
	pool_free(&m->traced.traces, h);
}

/* ---- processes ---- */

static handle_t *bucket_of(struct program_trace *s, u32 pid)
{
	return &s->bucket[pid % TRACE_BUCKETS];
}

struct traced_process *trace_process_add(struct machine *m, struct program_trace *s, u32 pid,
					 handle_t task)
{
	handle_t h = pool_alloc(&m->traced.processes);
	struct traced_process *p;

	if (!h)
		return NULL;
	p = at_traced(m, h);
	p->pid = pid;
	p->task = task;
	p->simulated = task_at(m, task)->pid;
	p->start_time = task_at(m, task)->start_time;
	p->next = *bucket_of(s, pid);
	*bucket_of(s, pid) = h;
	return p;
}

static handle_t find(struct machine *m, const struct program_trace *s, u32 pid)
{
	handle_t h = s->bucket[pid % TRACE_BUCKETS];

	while (h && at_traced(m, h)->pid != pid)
		h = at_traced(m, h)->next;
	return h;
}

struct traced_process *trace_process_find(struct machine *m, const struct program_trace *s, u32 pid)
{
	handle_t h = find(m, s, pid);

	return h ? at_traced(m, h) : NULL;
}

void trace_process_remove(struct machine *m, struct program_trace *s, u32 pid)
{
	handle_t h = find(m, s, pid), *at = bucket_of(s, pid);

	if (!h)
		return;
	while (*at != h)
		at = &at_traced(m, *at)->next;
	*at = at_traced(m, h)->next;
	pool_free(&m->traced.processes, h);
}

void trace_process_remove_all(struct machine *m, struct program_trace *s)
{
	u32 i;

	for (i = 0; i < TRACE_BUCKETS; i++)
		while (s->bucket[i])
			trace_process_remove(m, s, at_traced(m, s->bucket[i])->pid);
}

static struct traced_process *first_from(struct machine *m, const struct program_trace *s,
					 u32 bucket)
{
	for (; bucket < TRACE_BUCKETS; bucket++)
		if (s->bucket[bucket])
			return at_traced(m, s->bucket[bucket]);
	return NULL;
}

struct traced_process *trace_process_first(struct machine *m, const struct program_trace *s)
{
	return first_from(m, s, 0);
}

struct traced_process *trace_process_next(struct machine *m, const struct program_trace *s,
					  const struct traced_process *p)
{
	return p->next ? at_traced(m, p->next) : first_from(m, s, p->pid % TRACE_BUCKETS + 1);
}

bool trace_task_lives(const struct machine *m, const struct traced_process *p)
{
	const struct task *t;

	if (p->ended || find_task_by_pid(m, p->simulated) != p->task)
		return false;
	t = task_at(m, p->task);
	return t->start_time == p->start_time && t->mm && !(t->flags & PF_EXITING);
}

/* ---- files ---- */

static handle_t new_file(struct machine *m, const char *path, bool shmem)
{
	handle_t h = inode_new(m, shmem ? INODE_SHMEM : INODE_REGULAR, 0);
	struct inode *i;

	if (!h)
		return 0;
	i = inode_at(m, h);
	/* it takes no room of the simulated disk */
	i->flags |= INODE_FOREIGN | (shmem ? INODE_NORESERVE : 0);
	if (inode_set_name(m, i, path)) {
		inode_put(m, h);
		return 0;
	}
	inode_hash(m, h);
	return h;
}

handle_t trace_file(struct machine *m, const char *path, u64 size, bool shmem, bool *known)
{
	handle_t h = inode_lookup_linked(m, path);

	*known = true;
	if (h && inode_at(m, h)->kind == INODE_REGULAR)
		return h;
	h = inode_lookup(m, path);
	if (!h || !(inode_at(m, h)->flags & INODE_FOREIGN)) {
		*known = false;
		h = new_file(m, path, shmem);
	}
	if (h && inode_at(m, h)->size < size)
		inode_at(m, h)->size = size;
	return h;
}

/* ---- accesses ---- */

#define IMPLIED_BYTES (64ull << 10)
#define IMPLIED_FLAGS (VM_ACCESS_FLAGS | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_NORESERVE)

static int may_access(struct machine *m, handle_t task, u64 addr, bool write, bool *implied)
{
	handle_t h = find_vma(m, task_at(m, task)->mm, addr);
	const struct vma *v = h ? vma_at(m, h) : NULL;

	if (addr >= task_size(m) || !v)
		return -ENXIO;
	if (v->start > addr && (!(v->flags & VM_GROWSDOWN) || expand_stack(m, task, h, addr)))
		return -ENXIO;
	*implied = v->kind == VMA_ANON && (v->flags & IMPLIED_FLAGS) == IMPLIED_FLAGS;
	return v->flags & (write ? VM_WRITE : VM_ACCESS_FLAGS) ? 0 : -EACCES;
}

int trace_access(struct machine *m, handle_t task, u64 addr, bool write)
{
	u64 need = PTE_PRESENT | PTE_USER | (write ? PTE_WRITE : 0);
	pte_t *pte = addr < task_size(m) ?
			     pte_find(m, mm_at(m, task_at(m, task)->mm), addr_vpn(addr)) :
			     NULL;
	int error;

	if (unlikely(!pte || (*pte & need) != need)) {
		bool implied = false;

		error = may_access(m, task, addr, write, &implied);
		if (error)
			return error;
		/* what was loaded from it before anybody stored there was the program's own all the
		 * same */
		write |= implied && (!pte || !*pte);
	}
	return mm_access(m, task, addr, write);
}

int trace_imply(struct machine *m, handle_t task, u64 start, u64 end, u64 *pages)
{
	handle_t mmh = task_at(m, task)->mm, h;
	u64 at = max_t(u64, start & ~(IMPLIED_BYTES - 1), PAGE_ALIGN(m->sysctl.mmap_min_addr));
	int error = 0;

	*pages = 0;
	if (start >= end || end > task_size(m) || start < at)
		return -EINVAL;
	end = min_t(u64, (end + IMPLIED_BYTES - 1) & ~(IMPLIED_BYTES - 1), task_size(m));
	while (at < end && !error) {
		u64 next, stop = end;

		h = find_vma(m, mmh, at);
		next = h ? vma_at(m, h)->end : end;
		if (h)
			stop = min_t(u64, end, max_t(u64, at, vma_at(m, h)->start));
		if (at < stop && map_count_full(m, mm_at(m, mmh)))
			error = -ENOMEM;
		else if (at < stop)
			error = vma_install(m, mmh, at, stop, IMPLIED_FLAGS, VMA_ANON, 0,
					    at >> PAGE_SHIFT);
		if (!error)
			*pages += (stop - at) >> PAGE_SHIFT;
		at = next;
	}
	return error;
}
