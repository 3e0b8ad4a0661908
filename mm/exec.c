/*
 * exec.c - execve(2): the address space of a small statically linked program.
 *
 *	0x400000  (i386: 0x8048000)
 *	          headers r--p | text r-xp | rodata r--p | relro r--p | data rw-p   of the program file
 *	          bss rw-p (anonymous)
 *	  + random   [heap]
 *	             mmap area, growing down from mmap_base
 *	  - random   [stack]  [vvar]  [vdso]
 *
 * All programs of the laboratory share one file, as processes of one binary do: their text is in
 * the page cache once. What a C start-up touches is touched: some text, the data and bss pages, the
 * top of the stack, the first page of the heap.
 */
#include <mman/machine.h>

#include <errno.h>
#include <string.h>

#include "mm/task.h"

#define PROGRAM_PATH	"/usr/bin/simproc"
#define PROGRAM_BASE	0x400000ull
#define PROGRAM_BASE_32 0x8048000ull

/* Pages of each part of the program file, in file order. */
#define HEADER_PAGES 1u
#define TEXT_PAGES   126u
#define RODATA_PAGES 39u
#define RELRO_PAGES  4u
#define DATA_PAGES   3u
#define BSS_PAGES    6u
#define FILE_PAGES   (HEADER_PAGES + TEXT_PAGES + RODATA_PAGES + RELRO_PAGES + DATA_PAGES)

#define HEAP_PAGES	      HEAP_FIRST_PAGES /* what the first brk of a libc asks for */
#define STACK_PAGES	      33u
#define STACK_TOUCHED	      3u
#define VVAR_PAGES	      4u
#define STACK_GAP_MIN	      (128ull << 20)
#define STACK_GUARD_GAP	      (256 * PAGE_SIZE)
#define STACK_RANDOM_PAGES    (1u << 22) /* 16 GiB */
#define STACK_RANDOM_PAGES_32 (1u << 11) /* 8 MiB */
#define BRK_RANDOM_PAGES      (1u << 13) /* 32 MiB */

#define VM_MAY (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)

static u64 random_pages(struct machine *m, int level, u64 n)
{
	return m->sysctl.randomize_va_space >= level ? machine_random_below(m, n) : 0;
}

static bool is_32_bit(const struct machine *m)
{
	return m->config.arch == ARCH_I386;
}

static u64 program_base(const struct machine *m)
{
	return is_32_bit(m) ? PROGRAM_BASE_32 : PROGRAM_BASE;
}

static u64 stack_random_pages(const struct machine *m)
{
	return is_32_bit(m) ? STACK_RANDOM_PAGES_32 : STACK_RANDOM_PAGES;
}

static int program_inode(struct machine *m, handle_t *inode)
{
	int error = 0;

	/* whatever a visitor calls so in sim/disk is another file */
	if (!m->mms.program)
		error = inode_create(m, PROGRAM_PATH, FILE_PAGES * PAGE_SIZE, INODE_REGULAR,
				     &m->mms.program);
	*inode = m->mms.program;
	return error;
}

/* The parts of the file, one after the other; returns the address behind the last. */
static int map_program(struct machine *m, struct mm *mm, handle_t mmh, handle_t inode, u64 *end)
{
	static const struct {
		u32 pages, flags;
	} part[] = {
		{ HEADER_PAGES, VM_READ },
		{ TEXT_PAGES, VM_READ | VM_EXEC },
		{ RODATA_PAGES, VM_READ },
		{ RELRO_PAGES, VM_READ | VM_ACCOUNT },
		{ DATA_PAGES, VM_READ | VM_WRITE | VM_ACCOUNT },
	};
	u64 at = program_base(m), pgoff = 0;
	u32 i;
	int error;

	for (i = 0; i < ARRAY_SIZE(part); i++) {
		u64 size = part[i].pages * PAGE_SIZE;

		error = vma_install(m, mmh, at, at + size, part[i].flags | VM_MAY, VMA_FILE, inode,
				    pgoff);
		if (error)
			return error;
		if (part[i].flags & VM_EXEC) {
			mm->start_code = at;
			mm->end_code = at + size;
		}
		at += size;
		pgoff += part[i].pages;
	}
	mm->start_data = at - (RELRO_PAGES + DATA_PAGES) * PAGE_SIZE;
	mm->end_data = at;
	error = vma_install(m, mmh, at, at + BSS_PAGES * PAGE_SIZE,
			    VM_READ | VM_WRITE | VM_ACCOUNT | VM_MAY, VMA_ANON, 0,
			    at >> PAGE_SHIFT);
	*end = at + BSS_PAGES * PAGE_SIZE;
	return error;
}

static int map_heap(struct machine *m, struct mm *mm, handle_t mmh, u64 behind)
{
	u64 start = behind + random_pages(m, 2, BRK_RANDOM_PAGES) * PAGE_SIZE;

	mm->flags |= MMF_LIBC_HEAP;
	mm->start_brk = start;
	mm->brk = start + HEAP_PAGES * PAGE_SIZE;
	return vma_install(m, mmh, start, mm->brk, VM_READ | VM_WRITE | VM_ACCOUNT | VM_MAY,
			   VMA_HEAP, 0, start >> PAGE_SHIFT);
}

static u64 mmap_base(struct machine *m, handle_t task)
{
	u64 gap = task_rlimit(m, task, RLIM_STACK);

	gap = gap == RLIM_INF || gap > task_size(m) / 6 * 5 ? task_size(m) / 6 * 5 : gap;
	gap += STACK_GUARD_GAP +
	       (m->sysctl.randomize_va_space ? stack_random_pages(m) * PAGE_SIZE : 0);
	gap = gap < STACK_GAP_MIN ? STACK_GAP_MIN : gap;
	return PAGE_ALIGN(task_size(m) - gap -
			  random_pages(m, 1, 1ull << m->sysctl.mmap_rnd_bits) * PAGE_SIZE);
}

static int map_stack(struct machine *m, handle_t task, struct mm *mm, handle_t mmh,
		     size_t arguments)
{
	/* vvar and vdso lie above the stack, below the end of user space */
	u64 top = task_size(m) - 64 * PAGE_SIZE -
		  random_pages(m, 1, stack_random_pages(m)) * PAGE_SIZE;
	u64 vvar;
	int error;

	mm->arg_end = mm->env_start = mm->env_end = top - 8;
	mm->arg_start = mm->arg_end - arguments;
	mm->start_stack = (mm->arg_start - 1024) & ~15ull;
	error = vma_install(m, mmh, top - STACK_PAGES * PAGE_SIZE, top,
			    VM_READ | VM_WRITE | VM_ACCOUNT | VM_GROWSDOWN | VM_MAY, VMA_STACK, 0,
			    (top >> PAGE_SHIFT) - STACK_PAGES);
	if (error)
		return error;
	vvar = top + (2 + random_pages(m, 1, 32)) * PAGE_SIZE;
	error = vma_install(m, mmh, vvar, vvar + VVAR_PAGES * PAGE_SIZE,
			    VM_READ | VM_MAYREAD | VM_IO | VM_DONTEXPAND | VM_DONTDUMP | VM_PFNMAP,
			    VMA_VVAR, 0, 0);
	if (error)
		return error;
	vvar += VVAR_PAGES * PAGE_SIZE;
	error = vma_install(m, mmh, vvar, vvar + VDSO_PAGES * PAGE_SIZE, VM_READ | VM_EXEC | VM_MAY,
			    VMA_VDSO, 0, 0);

	mm->mmap_base = mmap_base(m, task);
	return error;
}

static int touch(struct machine *m, handle_t task, u64 addr, u32 pages, bool write)
{
	u32 i;
	int error = 0;

	for (i = 0; i < pages && !error; i++)
		error = mm_access(m, task, addr + i * PAGE_SIZE, write);
	return error;
}

/* Start-up code: the loader writes the stack and the relocated data, then main() runs. */
static int start_program(struct machine *m, handle_t task, const struct mm *mm)
{
	u64 stack_page = mm->start_stack & PAGE_MASK;
	int error =
		touch(m, task, stack_page - (STACK_TOUCHED - 1) * PAGE_SIZE, STACK_TOUCHED, true);

	if (!error)
		error = touch(m, task, program_base(m), 1, false);
	if (!error)
		error = touch(m, task, mm->start_code, 64, false);
	if (!error)
		error = touch(m, task, mm->end_code, RODATA_PAGES, false);
	if (!error)
		error = touch(m, task, mm->start_data + RELRO_PAGES * PAGE_SIZE, DATA_PAGES, true);
	if (!error)
		error = touch(m, task, mm->end_data, BSS_PAGES, true);
	if (!error)
		error = touch(m, task, mm->start_brk, 2, true);
	return error;
}

/* All that a program may write to is promised to it, if the overcommit mode allows. */
static int may_commit(struct machine *m, handle_t task, handle_t mmh)
{
	const s64 pages = RELRO_PAGES + DATA_PAGES + BSS_PAGES + HEAP_PAGES + STACK_PAGES;

	if (vm_enough_memory(m, mmh, pages, !task_at(m, task)->uid))
		return -ENOMEM;
	/* each part is charged when it is mapped */
	vm_unacct_memory(m, pages);
	return 0;
}

int exec_image(struct machine *m, handle_t task, const char *name)
{
	handle_t mmh = task_at(m, task)->mm, inode;
	struct mm *mm = mm_at(m, mmh);
	size_t arguments = strlen(name) + 1;
	u64 end;
	int error = program_inode(m, &inode);

	if (!error)
		error = may_commit(m, task, mmh);
	if (error)
		return error;
	task_at(m, task)->exe = inode;
	error = map_program(m, mm, mmh, inode, &end);
	if (!error)
		error = map_heap(m, mm, mmh, end);
	if (!error)
		error = map_stack(m, task, mm, mmh, arguments);
	if (!error)
		error = task_set_cmdline(m, task, name, arguments);
	if (!error)
		error = start_program(m, task, mm);
	return error;
}

static void set_comm(struct task *t, const char *name)
{
	const char *base = strrchr(name, '/');

	memset(t->comm, 0, sizeof(t->comm));
	strncpy(t->comm, base ? base + 1 : name, TASK_COMM_LEN - 1);
}

/* A fresh address space for @task, or -errno with the task as it was. *@old_mm: what it had. */
static int new_image(struct machine *m, handle_t task, const char *name, handle_t *old_mm)
{
	handle_t old = task_at(m, task)->mm, old_exe = task_at(m, task)->exe, mm;
	int error = mm_create(m, &mm);

	if (error)
		return error;
	task_at(m, task)->mm = mm;
	mm_at(m, mm)->owner = task;
	error = exec_image(m, task, name);
	if (error) {
		task_at(m, task)->mm = old;
		task_at(m, task)->exe = old_exe;
		mm_put(m, mm);
		return error;
	}
	exit_threads(m, task_at(m, task)->leader);
	*old_mm = old;
	return 0;
}

int task_exec(struct machine *m, handle_t task, const char *name)
{
	handle_t old;
	int error = new_image(m, task, name, &old);

	if (error)
		return error;
	set_comm(task_at(m, task), name);
	clock_charge(m, m->cost.exec);
	/* others come in between, and may end it */
	if (old)
		mm_put_slowly(m, old);
	return 0;
}

int task_exec_bare(struct machine *m, handle_t task, const char *name)
{
	handle_t old = task_at(m, task)->mm, mm;
	int error = mm_create(m, &mm);

	if (error)
		return error;
	error = task_set_cmdline(m, task, name, strlen(name) + 1);
	if (error) {
		mm_put(m, mm);
		return error;
	}
	mm_at(m, mm)->owner = task;
	mm_at(m, mm)->mmap_base = mmap_base(m, task);
	task_at(m, task)->mm = mm;
	exit_threads(m, task_at(m, task)->leader);
	if (old)
		mm_put(m, old);
	set_comm(task_at(m, task), name);
	clock_charge(m, m->cost.exec);
	return 0;
}

int task_exec_stack(struct machine *m, handle_t task, const char *name)
{
	handle_t mmh = task_at(m, task)->mm;

	return map_stack(m, task, mm_at(m, mmh), mmh, strlen(name) + 1);
}

int task_spawn(struct machine *m, const char *comm, handle_t *out)
{
	struct running r;
	handle_t task, none;
	int error;

	if (m->tasks.nr_threads >= (u32)m->sysctl.threads_max)
		return -EAGAIN;
	error = task_create(m, m->tasks.init, comm, 0, &task);
	if (error)
		return error;
	/* init forked and executed it: what a fresh process inherits is init's */
	task_run_begin(m, &r, task);
	error = new_image(m, task, comm, &none);
	if (!task_run_end(m, &r))
		return -EINTR;
	if (error) {
		task_release(m, task);
		return error;
	}
	*out = task;
	return 0;
}
