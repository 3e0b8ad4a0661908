/*
 * filter.c - the table of calls as a seccomp program.
 *
 * Every system call of the command runs through it, so it is a binary search: six comparisons for a
 * call that is not in the table.
 *
 *	foreign instruction set?  kill		(32-bit programs: their numbers mean other calls)
 *	x32 number?               ENOSYS	(as a kernel without x32)
 *	number >= middle?         right half, else left half, ...
 *	number == the one left?   means oneself?  allow, else notify
 *	                          otherwise       allow
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs/exec/calls.h"
#include "fs/exec/filter.h"

#if defined(__x86_64__) && !defined(__ILP32__)
#define FILTER_ARCH	   AUDIT_ARCH_X86_64
#define FILTER_FOREIGN_BIT 0x40000000u /* __X32_SYSCALL_BIT */
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#endif

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The lower half of an argument: both architectures are little-endian. */
#define ARG_OFFSET(n) ((uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)(n)))

struct program {
	struct sock_filter *code;
	size_t len;
	size_t max;
	int error;
};

static size_t emit(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->len == p->max) {
		p->error = -E2BIG;
		return 0;
	}
	p->code[p->len] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
	return p->len++;
}

static void emit_return(struct program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

static void emit_load(struct program *p, uint32_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void emit_call(struct program *p, const struct exec_call *call)
{
	if (call->self < 0) {
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->nr, 0, 1);
	} else {
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->nr, 0, 3);
		emit_load(p, ARG_OFFSET(call->self));
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	}
	emit_return(p, SECCOMP_RET_USER_NOTIF);
	emit_return(p, SECCOMP_RET_ALLOW);
}

/* The search among calls[0 .. n-1]. The number is in the accumulator. */
static void emit_search(struct program *p, const struct exec_call *const *calls, size_t n)
{
	size_t branch, distance;

	if (n == 1) {
		emit_call(p, calls[0]);
		return;
	}
	branch = emit(p, BPF_JMP | BPF_JGE | BPF_K, (uint32_t)calls[n / 2]->nr, 0, 0);
	emit_search(p, calls, n / 2);
	distance = p->len - branch - 1;
	if (distance > UINT8_MAX)
		p->error = -E2BIG;
	else if (p->error == 0)
		p->code[branch].jt = (uint8_t)distance;
	emit_search(p, calls + n / 2, n - n / 2);
}

static int compare_calls(const void *left, const void *right)
{
	const struct exec_call *l = *(const struct exec_call *const *)left;
	const struct exec_call *r = *(const struct exec_call *const *)right;

	return (l->nr > r->nr) - (l->nr < r->nr);
}

int exec_filter_build(struct sock_filter *code, size_t max)
{
#ifdef FILTER_ARCH
	struct program p = { .code = code, .max = max };
	const struct exec_call *sorted[128];

	if (exec_nr_calls > sizeof(sorted) / sizeof(sorted[0]))
		return -E2BIG;
	for (size_t i = 0; i < exec_nr_calls; i++)
		sorted[i] = &exec_calls[i];
	qsort(sorted, exec_nr_calls, sizeof(sorted[0]), compare_calls);

	emit_load(&p, (uint32_t)offsetof(struct seccomp_data, arch));
	emit(&p, BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0);
	emit_return(&p, SECCOMP_RET_KILL_PROCESS);
	emit_load(&p, (uint32_t)offsetof(struct seccomp_data, nr));
#ifdef FILTER_FOREIGN_BIT
	emit(&p, BPF_JMP | BPF_JGE | BPF_K, FILTER_FOREIGN_BIT, 0, 1);
	emit_return(&p, SECCOMP_RET_ERRNO | ENOSYS);
#endif
	emit_search(&p, sorted, exec_nr_calls);
	return p.error ? p.error : (int)p.len;
#else
	(void)code;
	(void)max;
	return -ENOSYS;
#endif
}

int exec_filter_install(void)
{
	struct sock_filter code[EXEC_FILTER_MAX];
	int len = exec_filter_build(code, EXEC_FILTER_MAX);
	struct sock_fprog program = { .len = (unsigned short)len, .filter = code };
	long fd;

	if (len < 0)
		return len;
	/*
	 * A signal must not interrupt a call that the supervisor has taken up: the kernel would
	 * make it again, and a simulated process would get its signal twice. Kernels before 5.19
	 * cannot promise that; most signals bear it.
	 */
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		     &program);
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			     &program);
	return fd < 0 ? -errno : (int)fd;
}
