/*
 * filter.c - the calls that are traced, and the filter under which each of them waits for us.
 */
#include "fs/record/record.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#define NATIVE_ARCH 0
#endif

/* One list for strace and for the filter: the words and the numbers stand side by side. */
static const int numbers[] = {
	SYS_mmap,	SYS_munmap,   SYS_mprotect,	 SYS_mremap,	 SYS_brk,
	SYS_madvise,	SYS_mlock,    SYS_mlock2,	 SYS_munlock,	 SYS_mlockall,
	SYS_munlockall, SYS_msync,    SYS_pkey_mprotect, SYS_clone,	 SYS_clone3,
	SYS_execve,	SYS_execveat, SYS_exit,		 SYS_exit_group,
#ifdef SYS_fork
	SYS_fork,	SYS_vfork,
#endif
};

const char *record_calls(void)
{
	return "trace=mmap,munmap,mprotect,mremap,brk,madvise,mlock,mlock2,munlock,mlockall,munlockall,"
	       "msync,pkey_mprotect,clone,clone3,execve,execveat,exit,exit_group"
#ifdef SYS_fork
	       ",fork,vfork"
#endif
		;
}

#define NR_NUMBERS ARRAY_SIZE(numbers)

/* 0, or -errno: notifications of this kernel are larger than those it was built for. */
static int can_listen(void)
{
	struct seccomp_notif_sizes sizes;

	if (!NATIVE_ARCH || syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes))
		return -ENOSYS;
	return sizes.seccomp_notif > sizeof(struct seccomp_notif) ||
			       sizes.seccomp_notif_resp > sizeof(struct seccomp_notif_resp) ?
		       -ENOSYS :
		       0;
}

int record_filter(void)
{
	struct sock_filter code[NR_NUMBERS + 6];
	struct sock_fprog program = { .filter = code };
	unsigned short n = 0;
	int error = can_listen();
	size_t i;
	long fd;

	if (error)
		return error;
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, arch));
	/* another architecture's calls are not looked at */
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (i = 0; i < NR_NUMBERS; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (u32)numbers[i],
							 (u8)(NR_NUMBERS - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	program.len = n;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		     &program);
	if (fd < 0 && errno == EACCES) {
		/* an ordinary user may filter what can gain no rights: set-uid programs run without
		 * them */
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			     &program);
	}
	return fd < 0 ? -errno : (int)fd;
}

/* The flags of clone3 lie in the caller's memory; a thread's are told by its caller's status
 * later. */
static enum record_call kind_of_clone(const struct seccomp_notif *s)
{
	return s->data.args[0] & CLONE_VM ? RECORD_SHARE : RECORD_FORK;
}

static enum record_call kind_of_clone3(const struct seccomp_notif *s)
{
	u64 flags = CLONE_VM;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/mem", s->pid);
	f = fopen(path, "re");
	if (f) {
		if (fseeko(f, (off_t)s->data.args[0], SEEK_SET) ||
		    fread(&flags, sizeof(flags), 1, f) != 1)
			flags = CLONE_VM;
		fclose(f);
	}
	return flags & CLONE_VM ? RECORD_SHARE : RECORD_FORK;
}

static void describe(const struct seccomp_notif *s, struct record_notice *n)
{
	n->start = s->data.args[0];
	n->length = s->data.args[1];
	switch (s->data.nr) {
	case SYS_execve:
	case SYS_execveat:
		n->call = RECORD_EXEC;
		break;
	case SYS_exit_group:
		n->call = RECORD_EXIT;
		break;
	case SYS_clone:
		n->call = kind_of_clone(s);
		break;
	case SYS_clone3:
		n->call = kind_of_clone3(s);
		break;
#ifdef SYS_fork
	case SYS_fork:
		n->call = RECORD_FORK;
		break;
	case SYS_vfork:
		n->call = RECORD_SHARE;
		break;
#endif
	case SYS_mmap:
		n->call = s->data.args[3] & MAP_FIXED ? RECORD_UNMAP : RECORD_OTHER;
		break;
	case SYS_munmap:
	case SYS_mremap:
		n->call = RECORD_UNMAP;
		break;
	case SYS_madvise:
		n->call = s->data.args[2] == MADV_DONTNEED || s->data.args[2] == MADV_FREE ||
					  s->data.args[2] == MADV_REMOVE ?
				  RECORD_UNMAP :
				  RECORD_OTHER;
		break;
	case SYS_brk:
		n->call = n->start ? RECORD_UNMAP : RECORD_OTHER;
		n->length = 1ull << 40; /* what is above it; below the mappings */
		break;
	default:
		n->call = RECORD_OTHER;
		break;
	}
}

int record_listen(int fd, struct record_notice *n)
{
	struct seccomp_notif s;

	memset(&s, 0, sizeof(s));
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &s))
		return errno == ENOENT || errno == EINTR ? 0 : -errno;
	n->id = s.id;
	n->tid = s.pid;
	describe(&s, n);
	/* clone3's flags were read from memory that may be another's by now */
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &s.id) ? 0 : 1;
}

void record_allow(int fd, const struct record_notice *n)
{
	struct seccomp_notif_resp r = { .id = n->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	/* it may have been killed meanwhile */
	(void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r);
}
