/*
 * machine_calls.c - calls about the machine as a whole: sysinfo, uname, sync, swap areas, file
 * systems.
 *
 * None of them reaches the host, where root's swapoff would do harm.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>

#include "fs/exec/serve.h"

#define DISK	     "sim/disk/"
#define NAME_MAX_UTS 64
#define SWAP_FLAGS   0x7ffffu /* priority, whether one is given, three kinds of discard */

/* Errors of a machine that was unmounted under the command. */
static int machine_error(int error)
{
	return error == -ENOTCONN || error == -ECONNABORTED ? -ENOSYS : error;
}

static struct exec_answer call_machine(const struct exec_world *w, pid_t tid, struct mmanfs_call *c)
{
	struct exec_caller caller;

	if (w->get_user(w->ctx, tid, &caller) < 0)
		return answer(-ESRCH);
	c->uid = caller.uid;
	return answer(machine_error(w->call(w->ctx, c, false)));
}

EXEC_SERVE(serve_sysinfo)
{
	struct mmanfs_call c = { .op = MMANFS_SYSINFO };
	struct mmanfs_sysinfo from;
	struct sysinfo info = { .mem_unit = 1 };
	int i, error = w->call(w->ctx, &c, true);

	(void)call;
	if (error < 0)
		return answer(machine_error(error));
	memcpy(&from, c.data, sizeof(from));
	info.uptime = from.uptime;
	for (i = 0; i < 3; i++)
		info.loads[i] = from.loads[i];
	info.totalram = from.totalram;
	info.freeram = from.freeram;
	info.sharedram = from.sharedram;
	info.bufferram = from.bufferram;
	info.totalswap = from.totalswap;
	info.freeswap = from.freeswap;
	info.totalhigh = from.totalhigh;
	info.freehigh = from.freehigh;
	info.procs = (unsigned short)from.procs;
	return answer(w->write(w->ctx, tid, args[0], &info, sizeof(info)));
}

EXEC_SERVE(serve_uname)
{
	struct mmanfs_call c = { .op = MMANFS_UNAME };
	char uts[6][65] = { 0 };
	const char *from = c.data;
	int i, error = w->call(w->ctx, &c, true);

	(void)call;
	if (error < 0)
		return answer(machine_error(error));
	c.data[MMANFS_CALL_DATA - 1] = '\0';
	for (i = 0; i < 6 && from < c.data + MMANFS_CALL_DATA; i++) {
		memcpy(uts[i], from, strnlen(from, sizeof(uts[i]) - 1));
		from += strlen(from) + 1;
	}
	return answer(w->write(w->ctx, tid, args[0], uts, sizeof(uts)));
}

/* The name that uname(2) shows. The host's own is out of reach anyway, by a namespace. */
EXEC_SERVE(serve_sethostname)
{
	struct mmanfs_call c = { .op = MMANFS_SETHOSTNAME };
	struct exec_caller caller;
	int rc, length = int_arg(args[1]);

	(void)call;
	if (w->get_user(w->ctx, tid, &caller) < 0)
		return answer(-ESRCH);
	if (caller.uid)
		return answer(-EPERM);
	if (length < 0 || length > NAME_MAX_UTS)
		return answer(-EINVAL);
	rc = w->read(w->ctx, tid, args[0], c.data, (size_t)length);
	return rc < 0 ? answer(rc) : call_machine(w, tid, &c);
}

EXEC_SERVE(serve_sync)
{
	struct mmanfs_call c = { .op = MMANFS_SYNC };

	(void)call, (void)args;
	return call_machine(w, tid, &c);
}

EXEC_SERVE(serve_syncfs)
{
	struct mmanfs_call c = { .op = MMANFS_SYNC };
	char at[PATH_MAX];

	(void)call;
	if (w->locate(w->ctx, tid, int_arg(args[0]), NULL, at) <= 0)
		return go_on();
	return call_machine(w, tid, &c);
}

/* The path as the engine knows it: of a file in sim/disk its place there, else as it stands. */
static struct exec_answer swap_call(const struct exec_world *w, pid_t tid, uint64_t text,
				    enum mmanfs_call_op op, uint64_t flags)
{
	struct mmanfs_call c = { .op = op, .args = { flags } };
	char path[PATH_MAX], at[PATH_MAX];
	const char *name = path;
	struct exec_caller caller;
	int rc = w->get_user(w->ctx, tid, &caller);

	if (rc == 0 && caller.uid)
		rc = -EPERM;
	if (rc == 0)
		rc = w->read_text(w->ctx, tid, text, path, sizeof(path));
	if (rc < 0)
		return answer(rc);
	rc = w->locate(w->ctx, tid, -1, path, at);
	if (rc > 0 && strncmp(at, DISK, strlen(DISK)) == 0)
		name = at + strlen(DISK) - 1;
	if (strlen(name) >= sizeof(c.data))
		return answer(-ENAMETOOLONG);
	strcpy(c.data, name);
	return call_machine(w, tid, &c);
}

EXEC_SERVE(serve_swapon)
{
	(void)call;
	if ((uint32_t)args[1] & ~SWAP_FLAGS)
		return answer(-EINVAL);
	return swap_call(w, tid, args[0], MMANFS_SWAPON, (uint32_t)args[1]);
}

EXEC_SERVE(serve_swapoff)
{
	(void)call;
	return swap_call(w, tid, args[0], MMANFS_SWAPOFF, 0);
}

/* What a file below @at says it lies on. 0: nothing of Linux's. */
static unsigned long file_system_type(const char *at)
{
	static const struct {
		const char *prefix;
		unsigned long type;
	} types[] = {
		{ "sys/fs/cgroup", CGROUP2_SUPER_MAGIC },
		{ "sys/kernel/debug", DEBUGFS_MAGIC },
		{ "sys", SYSFS_MAGIC },
		{ "proc", PROC_SUPER_MAGIC },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t len = strlen(types[i].prefix);

		if (!strncmp(at, types[i].prefix, len) && (at[len] == '/' || !at[len]))
			return types[i].type;
	}
	return 0;
}

/* File systems that have no blocks: everything but the type is the same for all. */
static struct exec_answer answer_statfs(const struct exec_world *w, pid_t tid, unsigned long type,
					uint64_t to)
{
	struct statfs st = { .f_type = (__fsword_t)type,
			     .f_bsize = 4096,
			     .f_namelen = NAME_MAX,
			     .f_frsize = 4096,
			     .f_flags = 0x20 /* ST_VALID */ | ST_NOSUID | ST_NODEV | ST_NOEXEC |
					ST_RELATIME };

	return answer(w->write(w->ctx, tid, to, &st, sizeof(st)));
}

EXEC_SERVE(serve_statfs)
{
	char path[PATH_MAX], at[PATH_MAX];
	int rc = w->read_text(w->ctx, tid, args[0], path, sizeof(path));

	(void)call;
	/* what the kernel would say of it, let it say */
	if (rc < 0 || (rc = w->locate(w->ctx, tid, -1, path, at)) == 0)
		return go_on();
	if (rc < 0)
		return answer(rc);
	return file_system_type(at) ? answer_statfs(w, tid, file_system_type(at), args[1]) :
				      go_on();
}

EXEC_SERVE(serve_fstatfs)
{
	char at[PATH_MAX];

	(void)call;
	if (w->locate(w->ctx, tid, int_arg(args[0]), NULL, at) <= 0 || !file_system_type(at))
		return go_on();
	return answer_statfs(w, tid, file_system_type(at), args[1]);
}
