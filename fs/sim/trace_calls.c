/*
 * trace_calls.c - what the system calls of a trace do to its process.
 *
 * A call that failed in the real run does nothing here either. One that succeeded is done with the
 * same result: at the address that the real kernel chose. Where this machine refuses it, the report
 * says so and the trace goes on.
 */
#include "fs/sim/trace.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- arguments ---- */

/* The next of "A|B|C". */
static bool next_flag(struct piece *rest, struct piece *flag)
{
	const char *bar = memchr(rest->at, '|', piece_length(*rest));

	if (rest->at >= rest->end)
		return false;
	*flag = (struct piece){ rest->at, bar ? bar : rest->end };
	rest->at = bar ? bar + 1 : rest->end;
	piece_strip(flag);
	return true;
}

struct flag_name {
	const char *name;
	u32 flag;
};

static u32 flags_of(struct piece text, const struct flag_name *names, size_t nr)
{
	struct piece flag;
	u32 flags = 0;
	size_t i;

	while (next_flag(&text, &flag))
		for (i = 0; i < nr; i++)
			if (piece_is(flag, names[i].name))
				flags |= names[i].flag;
	return flags;
}

static u32 prot_of(struct piece text)
{
	static const struct flag_name names[] = { { "PROT_READ", VM_READ },
						  { "PROT_WRITE", VM_WRITE },
						  { "PROT_EXEC", VM_EXEC } };

	return flags_of(text, names, ARRAY_SIZE(names));
}

#define MAP_IS_ANONYMOUS 0x80000000u

static u32 map_of(struct piece text)
{
	static const struct flag_name names[] = {
		{ "MAP_SHARED", MAPF_SHARED },
		{ "MAP_SHARED_VALIDATE", MAPF_SHARED },
		{ "MAP_NORESERVE", MAPF_NORESERVE },
		{ "MAP_POPULATE", MAPF_POPULATE },
		{ "MAP_LOCKED", MAPF_LOCKED },
		{ "MAP_GROWSDOWN", MAPF_GROWSDOWN },
		{ "MAP_STACK", MAPF_STACK },
		{ "MAP_HUGETLB", MAPF_HUGETLB },
		{ "21<<MAP_HUGE_SHIFT", MAPF_HUGETLB_2M },
		{ "30<<MAP_HUGE_SHIFT", MAPF_HUGETLB_1G },
		{ "MAP_ANONYMOUS", MAP_IS_ANONYMOUS },
		{ "MAP_ANON", MAP_IS_ANONYMOUS },
	};

	return flags_of(text, names, ARRAY_SIZE(names));
}

/* "3</usr/lib/libc.so.6>", "4</tmp/x (deleted)>", or a number alone. */
static handle_t file_of(struct trace_run *t, struct piece fd, u64 size)
{
	const char *open = memchr(fd.at, '<', piece_length(fd));
	struct piece number = { fd.at, open ? open : fd.end }, name = { open, fd.end };
	char path[512];
	bool known, shmem;

	if (open && name.end[-1] == ')')
		name.end = memrchr(open, '(', piece_length(name));
	if (open && name.end && name.end - open > 2 && name.end[-1] == '>') {
		name.at++;
		name.end--;
		piece_copy(name, path, sizeof(path));
	} else {
		snprintf(path, sizeof(path), "/proc/self/fd/%.*s", (int)piece_length(number),
			 number.at);
	}
	shmem = !strncmp(path, "/dev/shm/", 9) || !strncmp(path, "/memfd:", 7);
	return trace_file(t->m, path, size, shmem, &known);
}

/* Ranges of which the trace has not told: only where it does not say what execve mapped. */
static void imply(struct trace_run *t, const struct traced_process *p, u64 start, u64 length)
{
	u64 pages;

	if (p->image || length > task_size(t->m) || start > task_size(t->m) - length)
		return;
	trace_imply(t->m, t->task, start, start + length, &pages);
	t->account->implied += pages;
}

/* ---- mappings ---- */

static int call_mmap(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	struct mmap_request rq = { .prot = prot_of(c->arg[2]) };
	u32 map = map_of(c->arg[3]);
	u64 addr;

	(void)p;
	if (!piece_number(c->arg[1], &rq.length) || !piece_number(c->arg[5], &rq.offset))
		return -EBADMSG;
	if (rq.length > task_size(t->m) || rq.offset > INT64_MAX - rq.length)
		return -EINVAL;
	rq.addr = c->result;
	rq.map = (map & ~MAP_IS_ANONYMOUS) | MAPF_FIXED | MAPF_SAME_FILE;
	if (!(map & MAP_IS_ANONYMOUS)) {
		rq.inode = file_of(t, c->arg[4], rq.offset + PAGE_ALIGN(rq.length));
		if (!rq.inode)
			return -ENOMEM;
	} else {
		rq.offset = 0;
	}
	return do_mmap(t->m, t->task, &rq, &addr);
}

static bool range_of(const struct trace_call *c, u64 *start, u64 *length)
{
	return piece_number(c->arg[0], start) && piece_number(c->arg[1], length);
}

static int call_munmap(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	u64 start, length;

	(void)p;
	if (!range_of(c, &start, &length))
		return -EBADMSG;
	return do_munmap(t->m, t->task, start, length);
}

static int call_mprotect(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	u64 start, length;

	if (!range_of(c, &start, &length))
		return -EBADMSG;
	imply(t, p, start, length);
	return do_mprotect(t->m, t->task, start, length, prot_of(c->arg[2]));
}

static int call_mremap(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	static const struct flag_name names[] = {
		{ "MREMAP_MAYMOVE", MREMAPF_MAYMOVE },
		{ "MREMAP_DONTUNMAP", MREMAPF_DONTUNMAP },
	};
	struct mremap_request rq = { .flags = flags_of(c->arg[3], names, ARRAY_SIZE(names)) };
	u64 addr;

	if (!piece_number(c->arg[0], &rq.addr) || !piece_number(c->arg[1], &rq.old_length) ||
	    !piece_number(c->arg[2], &rq.new_length))
		return -EBADMSG;
	imply(t, p, rq.addr, rq.old_length);
	/* where it went in the real run, there it goes */
	if (c->result != rq.addr) {
		rq.flags |= MREMAPF_MAYMOVE | MREMAPF_FIXED;
		rq.new_addr = c->result;
	} else {
		rq.flags &= ~(MREMAPF_MAYMOVE | MREMAPF_DONTUNMAP);
	}
	return do_mremap_to(t->m, t->task, &rq, &addr);
}

static int call_brk(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	struct mm *mm = mm_at(t->m, task_at(t->m, t->task)->mm);
	u64 brk;

	if (c->result >= task_size(t->m))
		return -EINVAL;
	if (!p->heap) {
		mm->start_brk = mm->brk = c->result;
		p->heap = true;
		return 0;
	}
	if (c->result == mm->brk)
		return 0;
	return do_brk(t->m, t->task, (s64)(c->result - mm->brk), &brk);
}

/* MADV_DONTNEED: the name without its prefix, in small letters. */
static int call_madvise(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	char advice[32];
	struct piece name = c->arg[2];
	u64 start, length;
	char *letter;
	int error;

	if (!range_of(c, &start, &length) || !piece_starts(name, "MADV_"))
		return -EBADMSG;
	name.at += 5;
	piece_copy(name, advice, sizeof(advice));
	for (letter = advice; *letter; letter++)
		*letter = (char)tolower(*letter);
	imply(t, p, start, length);
	error = do_madvise(t->m, t->task, start, length, advice);
	return error == -EINVAL ? -EOPNOTSUPP : error;
}

static int lock(struct trace_run *t, struct traced_process *p, struct trace_call *c, bool on)
{
	u64 start, length;

	if (!range_of(c, &start, &length))
		return -EBADMSG;
	imply(t, p, start, length);
	return do_mlock(t->m, t->task, start, length, on,
			c->nr_args > 2 && piece_has(c->arg[2], "MLOCK_ONFAULT"));
}

static int call_mlock(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	return lock(t, p, c, true);
}

static int call_munlock(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	return lock(t, p, c, false);
}

static int call_mlockall(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	(void)p;
	return do_mlockall(t->m, t->task, piece_has(c->whole, "MCL_CURRENT"),
			   piece_has(c->whole, "MCL_FUTURE"), piece_has(c->whole, "MCL_ONFAULT"),
			   true);
}

static int call_munlockall(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	(void)p, (void)c;
	return do_mlockall(t->m, t->task, true, true, false, false);
}

static u32 msync_of(const struct trace_call *c)
{
	static const struct flag_name names[] = { { "MS_ASYNC", MSYNC_ASYNC },
						  { "MS_INVALIDATE", MSYNC_INVALIDATE },
						  { "MS_SYNC", MSYNC_SYNC } };

	return c->nr_args > 2 ? flags_of(c->arg[2], names, ARRAY_SIZE(names)) : MSYNC_SYNC;
}

static int call_msync(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	u64 start, length;

	(void)p;
	if (!range_of(c, &start, &length))
		return -EBADMSG;
	return do_msync(t->m, t->task, start, length, msync_of(c));
}

/* ---- processes ---- */

static int call_clone(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	bool made = p->child_made;

	p->child_made = false;
	if (!c->result || c->result > UINT32_MAX || made)
		return made ? 0 : -EBADMSG;
	return trace_child(t, p, (u32)c->result, c->whole, c->name);
}

static int call_execve(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	u32 which = piece_is(c->name, "execveat");
	struct piece name = c->arg[which];
	char path[512];

	if (c->nr_args <= which || piece_length(name) < 2 || *name.at != '"')
		return -EBADMSG;
	name.at++;
	name.end -= name.end[-1] == '"';
	piece_copy(name, path, sizeof(path));
	return trace_exec(t, p, path);
}

static int leave(struct trace_run *t, struct traced_process *p, struct trace_call *c, bool group)
{
	u64 code = 0;

	if (c->nr_args && !piece_number(c->arg[0], &code))
		return -EBADMSG;
	trace_exit(t, p, (s32)(code & 0xff) << 8, group);
	return 0;
}

static int call_exit(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	return leave(t, p, c, false);
}

static int call_exit_group(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	return leave(t, p, c, true);
}

/* ---- the table ---- */

#define CALL_EXITS 1u /* never returns: its result is "?" */
#define CALL_EXECS 2u /* needs no address space of the trace's before */
#define CALL_CHILD 4u

static const struct call_type {
	const char *name;
	u32 args, flags;
	int (*run)(struct trace_run *t, struct traced_process *p, struct trace_call *c);
} types[] = {
	{ "mmap", 6, 0, call_mmap },
	{ "munmap", 2, 0, call_munmap },
	{ "mprotect", 3, 0, call_mprotect },
	{ "pkey_mprotect", 3, 0, call_mprotect },
	{ "mremap", 3, 0, call_mremap },
	{ "brk", 1, 0, call_brk },
	{ "madvise", 3, 0, call_madvise },
	{ "mlock", 2, 0, call_mlock },
	{ "mlock2", 3, 0, call_mlock },
	{ "munlock", 2, 0, call_munlock },
	{ "mlockall", 1, 0, call_mlockall },
	{ "munlockall", 0, 0, call_munlockall },
	{ "msync", 3, 0, call_msync },
	{ "fork", 0, CALL_CHILD, call_clone },
	{ "vfork", 0, CALL_CHILD, call_clone },
	{ "clone", 1, CALL_CHILD, call_clone },
	{ "clone3", 1, CALL_CHILD, call_clone },
	{ "execve", 1, CALL_EXECS, call_execve },
	{ "execveat", 2, CALL_EXECS, call_execve },
	{ "exit", 0, CALL_EXITS, call_exit },
	{ "exit_group", 0, CALL_EXITS, call_exit_group },
};

static const struct call_type *find_type(struct piece name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (piece_is(name, types[i].name))
			return &types[i];
	return NULL;
}

bool trace_call_makes_child(struct piece name)
{
	const struct call_type *type = find_type(name);

	return type && type->flags & CALL_CHILD;
}

static void judge(struct trace_run *t, const struct trace_call *c, int error)
{
	if (error == -EBADMSG) {
		trace_refuse(t, c->line, "its arguments cannot be read");
		return;
	}
	t->account->taken++;
	t->account->calls++;
	if (!error)
		return;
	if (error == -EOPNOTSUPP) {
		t->account->other++;
		return;
	}
	t->account->differ++;
	trace_remark(t, "%.*s succeeded in the real run, here it is %s", (int)piece_length(c->name),
		     c->name.at, strerrorname_np(-error));
}

/* In the process, which must be there. */
static void run_call(struct trace_run *t, struct traced_process *p, struct trace_call *c,
		     const struct call_type *type)
{
	int error = -EINTR;

	if (!trace_enter(t, p) ||
	    (!(type->flags & (CALL_EXECS | CALL_EXITS)) && !trace_own_space(t, p))) {
		if (!t->stop)
			trace_refuse(t, c->line, "its process has ended");
		return;
	}
	clock_charge(t->m, t->m->cost.syscall);
	error = type->run(t, p, c);
	if (!(type->flags & CALL_EXITS) && t->process == p && trace_broken(t, error)) {
		if (!t->stop)
			trace_refuse(t, c->line, "its process has ended in the middle of it");
		return;
	}
	judge(t, c, error);
}

void trace_call(struct trace_run *t, struct traced_process *p, struct trace_call *c)
{
	const struct call_type *type = find_type(c->name);

	/* one that was ended in the middle is as good as none */
	if (!type || (c->unknown && !(type->flags & CALL_EXITS))) {
		t->account->taken++;
		t->account->other++;
	} else if (c->failed) {
		t->account->taken++;
		t->account->failed++;
		p->child_made = false;
	} else if (c->nr_args < type->args) {
		trace_refuse(t, c->line, "an argument is missing");
	} else {
		run_call(t, p, c, type);
	}
}
