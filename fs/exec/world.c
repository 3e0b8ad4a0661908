/*
 * world.c - how the supervisor knows who is who: from its PID namespace, and from the mounted
 * machine.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fs/exec/session.h"

#define OVERFLOW_UID 65534u /* of a user that the namespace does not know */

/* Process 1 is the supervisor itself; to the command, 1 is the simulated init. */
static bool is_there(pid_t number, pid_t as_kill_takes_it)
{
	return number > 1 && (kill(as_kill_takes_it, 0) == 0 || errno != ESRCH);
}

static bool has_task(void *ctx, pid_t number)
{
	return is_there(number, number) && !exec_stands_for(ctx, number);
}

static bool has_group(void *ctx, pid_t number)
{
	return is_there(number, -number) && !exec_stands_for(ctx, number);
}

/* A whole file of our /proc as a string. False: its owner is gone. */
static bool read_proc(const struct exec_view *view, const char *path, char *text, size_t size)
{
	int fd = openat(view->proc, path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t len = 0;

	if (fd < 0)
		return false;
	while (used < size - 1 && (len = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)len;
	close(fd);
	text[used] = '\0';
	return len >= 0;
}

/* The value of "\nKey:\t" in a status or fdinfo text. A task's name cannot hold a bare newline. */
static const char *field(const char *text, const char *key)
{
	const size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, "\t ");
	}
	return NULL;
}

static int read_status(const struct exec_view *view, pid_t tid, struct exec_caller *who)
{
	char path[32], text[4096];
	const char *uid, *tgid, *pids, *group;
	char *end;

	snprintf(path, sizeof(path), "%d/status", tid);
	if (!read_proc(view, path, text, sizeof(text)))
		return -ESRCH;
	uid = field(text, "Uid");
	tgid = field(text, "Tgid");
	pids = field(text, "NSpid");
	group = field(text, "NSpgid");
	if (!uid || !tgid || !pids || !group)
		return -ESRCH;

	strtoul(uid, &end, 10); /* real, then effective */
	who->uid = (uint32_t)strtoul(end, NULL, 10);
	who->tgid = (pid_t)strtol(tgid, NULL, 10);
	who->group = (pid_t)strtol(group, NULL, 10);
	strtol(pids, &end, 10); /* one number for each namespace from ours down */
	who->nested = *end == '\t';
	return 0;
}

/*
 * A number that ended while we read may belong to somebody else by now; while the stopped call is
 * still there, so is its caller.
 */
static bool still_waits(const struct exec_view *view)
{
	uint64_t id = view->id;

	return ioctl(view->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static int get_caller(void *ctx, pid_t tid, struct exec_caller *caller)
{
	const struct exec_view *view = ctx;
	int rc = read_status(view, tid, caller);

	return rc == 0 && !still_waits(view) ? -ESRCH : rc;
}

#define KNOWN_NS 100000000ll

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool is_nested_at(const struct exec_view *view, int dir, bool *nested)
{
	char ns[64];
	ssize_t n = readlinkat(dir, "ns/pid", ns, sizeof(ns) - 1);

	if (n < 0)
		return false;
	ns[n] = '\0';
	*nested = strcmp(ns, view->pid_ns) != 0;
	return true;
}

/* Who asks once often asks again at once. NULL: nobody has the number. */
static const struct known_caller *know(struct exec_view *view, pid_t tid)
{
	struct known_caller *k = &view->known;
	int64_t now = now_ns();
	char name[16];

	if (k->tid == tid && now < k->until)
		return k;
	if (k->tid)
		close(k->dir);
	snprintf(name, sizeof(name), "%d", tid);
	k->tid = 0;
	k->dir = openat(view->proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (k->dir < 0)
		return NULL;
	if (!is_nested_at(view, k->dir, &k->nested)) {
		close(k->dir);
		return NULL;
	}
	k->tid = tid;
	k->until = now + KNOWN_NS;
	return k;
}

/* Of whoever has the number now: who only asks and is gone by then gets no answer anyway. */
static int is_nested(void *ctx, pid_t tid)
{
	const struct known_caller *k = know(ctx, tid);

	return k ? k->nested : -ESRCH;
}

/*
 * The owner of a process's folder in /proc is its effective user; but root, or nobody that this
 * namespace knows, where the process is not dumpable. Then its capabilities tell whether it is
 * root, and else its status.
 */
static int get_user(void *ctx, pid_t tid, struct exec_caller *caller)
{
	struct exec_view *view = ctx;
	const struct known_caller *k = know(view, tid);
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, tid };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
	struct stat st;

	if (!k || fstat(k->dir, &st) < 0)
		return -ESRCH;
	if (st.st_uid == 0 && syscall(SYS_capget, &header, caps) < 0)
		return -ESRCH;
	if ((st.st_uid == 0 && !(caps[0].effective & 1u << CAP_KILL)) || st.st_uid == OVERFLOW_UID)
		return get_caller(ctx, tid, caller);
	*caller = (struct exec_caller){ .uid = st.st_uid, .nested = k->nested };
	return still_waits(view) ? 0 : -ESRCH;
}

static int get_pidfd(void *ctx, pid_t tid, int fd)
{
	const struct exec_view *view = ctx;
	char path[48], text[1024];
	const char *pid;
	long number;

	snprintf(path, sizeof(path), "%d/fdinfo/%d", tid, fd);
	if (!read_proc(view, path, text, sizeof(text)))
		return -EBADF;
	pid = field(text, "Pid");
	if (!pid)
		return -EBADF;
	number = strtol(pid, NULL, 10);
	return number < 0 ? -ESRCH : (int)number;
}

/* The next process of the namespace besides process 1, or 0 at the end. */
static pid_t next_process(DIR *dir)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		char *end;
		long number = strtol(entry->d_name, &end, 10);

		if (*end == '\0' && number > 1)
			return (pid_t)number;
	}
	return 0;
}

static DIR *open_processes(const struct exec_view *view)
{
	int fd = openat(view->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

static bool has_others(void *ctx, pid_t tgid)
{
	DIR *dir = open_processes(ctx);
	bool found = false;
	pid_t pid;

	while (dir && !found && (pid = next_process(dir)))
		found = pid != tgid && !exec_stands_for(ctx, pid);
	if (dir)
		closedir(dir);
	return found;
}

/*
 * The group that the session was started in has members outside, in the user's pipeline or script.
 * So it is not for the kernel to signal: those inside get it one by one.
 */
static int kill_start_group(void *ctx, const struct exec_caller *caller, int sig)
{
	const struct exec_view *view = ctx;
	DIR *dir = open_processes(view);
	int result = -ESRCH;
	pid_t pid;

	while (dir && (pid = next_process(dir))) {
		struct exec_caller member;

		if (read_status(view, pid, &member) < 0 || member.group != 0)
			continue;
		if (caller->uid != 0 && caller->uid != member.uid) {
			if (result == -ESRCH)
				result = -EPERM;
		} else if (kill(pid, sig) == 0) {
			result = 0;
		} else if (errno == EINVAL) {
			result = -EINVAL;
			break;
		}
	}
	if (dir)
		closedir(dir);
	return result;
}

static int kill_own(void *ctx, const struct exec_caller *caller, pid_t pid, int sig)
{
	struct exec_caller target;

	if (read_status(ctx, pid, &target) < 0)
		return -ESRCH;
	if (caller->uid != 0 && caller->uid != target.uid)
		return -EPERM;
	return kill(pid, sig) < 0 ? -errno : 0;
}

static int deliver(void *ctx, const struct mmanfs_signal *signal)
{
	const struct exec_session *s = ((const struct exec_view *)ctx)->session;
	struct mmanfs_signal request = *signal;

	if (s->opt->deliver)
		return s->opt->deliver(s->opt->ctx, signal);
	return ioctl(s->ctl, MMANFS_IOC_SIGNAL, &request) < 0 ? -errno : 0;
}

static int call(void *ctx, struct mmanfs_call *c, bool asks)
{
	const struct exec_session *s = ((const struct exec_view *)ctx)->session;
	int rc;

	if (c->op == MMANFS_PROBE && s->opt->deliver)
		return deliver(ctx, &(struct mmanfs_signal){ .pid = c->pid, .uid = c->uid });
	/* a stand-in for the mount knows signals only */
	if (s->ctl < 0)
		return c->pid ? -ESRCH : -ENOSYS;
	rc = ioctl(s->ctl, asks ? MMANFS_IOC_QUERY : MMANFS_IOC_CALL, c);
	return rc < 0 ? -errno : rc;
}

static int open_log(void *ctx)
{
	const struct exec_view *view = ctx;
	int fd = openat(view->tree, "dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void exec_world_init(struct exec_world *world, struct exec_view *view)
{
	ssize_t n = readlinkat(view->proc, "self/ns/pid", view->pid_ns, sizeof(view->pid_ns) - 1);

	view->pid_ns[n > 0 ? n : 0] = '\0';
	*world = (struct exec_world){
		.has_task = has_task,
		.has_group = has_group,
		.has_others = has_others,
		.get_caller = get_caller,
		.get_user = get_user,
		.is_nested = is_nested,
		.get_pidfd = get_pidfd,
		.kill_start_group = kill_start_group,
		.kill_own = kill_own,
		.deliver = deliver,
		.call = call,
		.read = exec_read,
		.write = exec_write,
		.read_text = exec_read_text,
		.locate = exec_locate,
		.open_log = open_log,
		.stand_in = exec_stand_in,
		.stands_for = exec_stands_for,
		.identity = view->session->identity,
		.ctx = view,
	};
}
