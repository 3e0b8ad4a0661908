/* What a process is called and was started with: PID/comm, cmdline, environ, auxv. */
#include "fs/proc/pid.h"

#include <errno.h>

/* Entries of the auxiliary vector (getauxval(3)). */
enum {
	AUX_NULL = 0,
	AUX_PHDR = 3,
	AUX_PHENT = 4,
	AUX_PHNUM = 5,
	AUX_PAGESZ = 6,
	AUX_BASE = 7,
	AUX_FLAGS = 8,
	AUX_ENTRY = 9,
	AUX_UID = 11,
	AUX_EUID = 12,
	AUX_GID = 13,
	AUX_EGID = 14,
	AUX_HWCAP = 16,
	AUX_CLKTCK = 17,
	AUX_SECURE = 23,
	AUX_HWCAP2 = 26,
	AUX_SYSINFO_EHDR = 33,
};

#define CMDLINE_USUAL 512u /* bytes that most command lines fit into */

#define ELF_HEADER_BYTES	 64u
#define ELF_PROGRAM_HEADER_BYTES 56u
#define PROGRAM_HEADERS		 10u
#define HWCAP_X86		 0x178bfbfdu /* the features of /proc/cpuinfo as CPUID's EDX has them */

int pid_comm_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	text_str(out, t->comm);
	text_char(out, '\n');
	return 0;
}

/* A process may rename itself and its threads; a visitor is never one of those. */
ssize_t pid_comm_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)rq, (void)data, (void)size, (void)offset;
	return -EINVAL;
}

int pid_cmdline_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	size_t room, length;
	char *to;

	(void)t;
	for (room = CMDLINE_USUAL;; room *= 4) {
		to = text_reserve(out, room);
		length = to ? task_cmdline(rq->m, t_handle, to, room) : 0;
		if (length < room)
			break;
	}
	out->length += length;
	return 0;
}

/* Programs here are started with an empty environment. */
int pid_environ_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	(void)t, (void)out;
	return 0;
}

static void aux(struct text *out, u64 type, u64 value)
{
	text_mem(out, &type, sizeof(type));
	text_mem(out, &value, sizeof(value));
}

static u64 vdso_address(const struct machine *m, const struct task *t)
{
	handle_t v;

	for (v = pid_vma_first(m, t); v; v = vma_at(m, v)->next)
		if (vma_at(m, v)->kind == VMA_VDSO)
			return vma_at(m, v)->start;
	return 0;
}

int pid_auxv_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	const struct mm *mm;
	handle_t first = pid_vma_first(rq->m, t);

	if (!t->mm || !first)
		return 0;
	mm = mm_at(rq->m, t->mm);
	aux(out, AUX_SYSINFO_EHDR, vdso_address(rq->m, t));
	aux(out, AUX_HWCAP, HWCAP_X86);
	aux(out, AUX_PAGESZ, PAGE_SIZE);
	aux(out, AUX_CLKTCK, USER_HZ);
	aux(out, AUX_PHDR, vma_at(rq->m, first)->start + ELF_HEADER_BYTES);
	aux(out, AUX_PHENT, ELF_PROGRAM_HEADER_BYTES);
	aux(out, AUX_PHNUM, PROGRAM_HEADERS);
	aux(out, AUX_BASE, 0); /* static: no interpreter */
	aux(out, AUX_FLAGS, 0);
	aux(out, AUX_ENTRY, mm->start_code);
	aux(out, AUX_UID, t->uid);
	aux(out, AUX_EUID, t->uid);
	aux(out, AUX_GID, t->gid);
	aux(out, AUX_EGID, t->gid);
	aux(out, AUX_SECURE, 0);
	aux(out, AUX_HWCAP2, 0);
	aux(out, AUX_NULL, 0);
	return 0;
}
