/* run.c - the program, strace, and the loop that writes down what both tell; record.h has the
 * picture. */
#include "fs/record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "fs/pagemap.h"

#define ATTACH_TENTHS 100

/* A process that is recorded, by its thread group's number. */
struct recorded {
	u32 pid;
	bool image;  /* it has executed a program that was not looked at yet */
	bool shares; /* its address space is its parent's until then */
	struct page_map pages, at_fork;
	struct host_counts base, last; /* at execve; when the pages were last looked at */
	u64 calls, compare;	       /* since execve; at which its mappings are to be told */
	struct recorded *next;
};

struct recorder {
	const struct record_options *o;
	FILE *out;
	pid_t program, strace;
	int log, listener;
	struct text pending; /* of strace's, up to where the last newline may come */
	struct recorded *first;
	struct known_files files;
	struct host_maps maps;
	struct page_map pages;
	u64 zero; /* host_zero_frame() */
	struct text text;
	u64 before_exec; /* minor faults of our own child */
	bool started;	 /* CMD has been executed */
	bool failed;
};

static int fail(const struct recorder *r, int status, const char *what, int error)
{
	fprintf(r->o->err, "mmanfs record: %s: %s\n", what, strerror(error));
	return status;
}

/* ---- the program's side ---- */

static int send_fd(int socket, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	return sendmsg(socket, &m, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

static int receive_fd(int socket)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != 1)
		return -EPIPE;
	if (m.msg_controllen >= sizeof(control.head) && control.head.cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}

/* Waits until strace is there, puts itself under the filter, and becomes CMD. */
static _Noreturn void be_program(const struct record_options *o, int socket)
{
	char go;
	int fd;

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	/* the simulated machine has no huge pages that nobody asked for; inherited by all it
	 * executes */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (read(socket, &go, 1) != 1)
		_exit(EX_UNAVAILABLE);
	fd = record_filter();
	send_fd(socket, fd);
	close(socket);
	execvp(o->argv[0], o->argv);
	fprintf(o->err, "mmanfs record: %s: %s\n", o->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static _Noreturn void be_strace(pid_t program, int log)
{
	char pid[16], output[32];

	snprintf(pid, sizeof(pid), "%d", program);
	snprintf(output, sizeof(output), "/dev/fd/%d", log);
	/* Ctrl-C is for the program */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	fcntl(log, F_SETFD, 0);
	execlp("strace", "strace", "-f", "-y", "-q", "-e", record_calls(), "-e", "signal=none",
	       "-o", output, "-p", pid, (char *)NULL);
	_exit(EX_UNAVAILABLE);
}

static bool is_attached(const struct recorder *r)
{
	int i;

	for (i = 0; i < ATTACH_TENTHS; i++) {
		if (host_status((u32)r->program, "TracerPid:"))
			return true;
		if (waitpid(r->strace, NULL, WNOHANG) == r->strace)
			return false;
		usleep(100000);
	}
	return false;
}

/* ---- who is recorded ---- */

static struct recorded *find_recorded(struct recorder *r, u32 pid)
{
	struct recorded *p = r->first;

	while (p && p->pid != pid)
		p = p->next;
	return p;
}

static struct recorded *new_recorded(struct recorder *r, u32 pid)
{
	struct recorded *p = calloc(1, sizeof(*p)), *parent;

	if (!p)
		return NULL;
	p->pid = pid;
	parent = find_recorded(r, (u32)host_status(pid, "PPid:"));
	if (parent && parent->at_fork.at)
		page_map_fork(&p->pages, &parent->at_fork);
	else
		p->shares = parent != NULL;
	p->next = r->first;
	r->first = p;
	return p;
}

static void drop_recorded(struct recorder *r, u32 pid)
{
	struct recorded **at = &r->first, *p;

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	p = *at;
	if (!p)
		return;
	*at = p->next;
	page_map_free(&p->pages);
	page_map_free(&p->at_fork);
	free(p);
}

/* ---- strace's lines ---- */

static void put_text(struct recorder *r)
{
	if (r->text.length && fwrite(r->text.data, 1, r->text.length, r->out) != r->text.length)
		r->failed = true;
	text_reset(&r->text);
}

/* "3</usr/lib/libc.so.6>" of an mmap. */
static void tell_file(struct recorder *r, u32 pid, const char *line, const char *end)
{
	const char *open = memchr(line, '<', (size_t)(end - line)), *close;

	if (!memmem(line, (size_t)(end - line), " mmap(", 6) || !open)
		return;
	close = memchr(open, '>', (size_t)(end - open));
	if (close)
		files_tell(&r->files, pid, open + 1, (size_t)(close - open - 1), &r->text);
}

static bool has(const char *line, const char *end, const char *what)
{
	return memmem(line, (size_t)(end - line), what, strlen(what)) != NULL;
}

static void one_line(struct recorder *r, const char *line, const char *end)
{
	u32 pid = (u32)strtoul(line, NULL, 10);
	const char *text = line + strspn(line, "0123456789 ");
	bool executed = (!strncmp(text, "execve", 6) || !strncmp(text, "<... execve", 11)) &&
			has(end - 8 > line ? end - 8 : line, end, " = 0");
	struct recorded *p;

	if (executed) {
		p = find_recorded(r, pid);
		if (p && !r->started)
			r->before_exec = p->base.minor;
		r->started |= pid == (u32)r->program;
		if (p) {
			p->image = true;
			p->shares = false;
			p->calls = 0;
			p->compare = 4;
			page_map_free(&p->pages);
		}
	}
	if (!r->started)
		return;
	tell_file(r, pid, line, end);
	text_mem(&r->text, line, (size_t)(end - line));
	text_char(&r->text, '\n');
	put_text(r);
	if (has(text, end, "+++ exited with") || has(text, end, "+++ killed by"))
		drop_recorded(r, pid);
}

static void whole_lines(struct recorder *r)
{
	char *at = r->pending.data, *end = at + r->pending.length, *newline;

	while (at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		one_line(r, at, newline);
		at = newline + 1;
	}
	if (at > r->pending.data && r->pending.length) {
		r->pending.length = (size_t)(end - at);
		memmove(r->pending.data, at, r->pending.length);
	}
}

/* What strace has printed so far; false at the end. */
static bool drain(struct recorder *r)
{
	char *to;
	ssize_t n;

	for (;;) {
		to = text_reserve(&r->pending, 1 << 16);
		n = to ? read(r->log, to, 1 << 16) : -1;
		if (n > 0) {
			r->pending.length += (size_t)n;
			whole_lines(r);
			continue;
		}
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	}
}

/* ---- looking at a process ---- */

static void print_mapping(u32 pid, const char *word, const struct host_mapping *w, struct text *out)
{
	text_printf(out, "%u %s %08llx-%08llx %s %08llx %s\n", pid, word,
		    (unsigned long long)w->start, (unsigned long long)w->end, w->perms,
		    (unsigned long long)w->offset, w->name);
}

/* What execve has mapped: nothing that is traced has been called since. */
static void print_image(struct recorder *r, struct recorded *p)
{
	size_t i;

	for (i = 0; i < r->maps.nr; i++)
		files_tell(&r->files, p->pid, r->maps.at[i].name, strlen(r->maps.at[i].name),
			   &r->text);
	text_printf(&r->text, "%u image", p->pid);
	host_layout(p->pid, &r->text);
	text_char(&r->text, '\n');
	for (i = 0; i < r->maps.nr; i++)
		print_mapping(p->pid, "map", &r->maps.at[i], &r->text);
	p->image = false;
}

static void print_expected(struct recorder *r, struct recorded *p)
{
	size_t i;

	for (i = 0; i < r->maps.nr; i++)
		print_mapping(p->pid, "expect", &r->maps.at[i], &r->text);
	text_printf(&r->text, "%u expect end\n", p->pid);
}

static void print_usage(struct recorder *r, struct recorded *p, const struct host_counts *now)
{
	text_printf(&r->text, "%u usage rss=%llu minor=%llu major=%llu\n", p->pid,
		    (unsigned long long)host_status(p->pid, "VmHWM:"),
		    (unsigned long long)(now->minor - p->base.minor),
		    (unsigned long long)(now->major - p->base.major));
}

static void compare_pages(struct recorder *r, struct recorded *p, const struct host_counts *now)
{
	struct page_map swap;

	if (page_map_read(p->pid, &r->maps, r->zero, &r->pages))
		return;
	page_map_compare(p->pid, &p->pages, &r->pages,
			 now->minor + now->major - p->last.minor - p->last.major, &r->text);
	swap = p->pages;
	p->pages = r->pages;
	r->pages = swap;
	p->last = *now;
}

static void look_at(struct recorder *r, struct recorded *p, enum record_call call)
{
	struct host_counts now = { 0 };
	bool faulted, compare;

	if (!r->started || p->shares || !host_counts_read(p->pid, &now))
		return;
	p->calls++;
	faulted = now.minor != p->last.minor || now.major != p->last.major;
	compare = (p->calls >= p->compare || call == RECORD_EXIT) && now.threads <= 1;
	if (!p->image && !faulted && !compare && call != RECORD_EXIT)
		return;
	if (host_maps_read(p->pid, &r->maps))
		return;
	if (p->image)
		print_image(r, p);
	compare_pages(r, p, &now);
	if (compare) {
		print_expected(r, p);
		p->compare = 4 * p->compare;
	}
	if (call == RECORD_EXIT)
		print_usage(r, p, &now);
	put_text(r);
}

/* What the call is about to change in what is known of the pages. */
static void foresee(struct recorded *p, const struct record_notice *n)
{
	switch (n->call) {
	case RECORD_EXEC:
		host_counts_read(p->pid, &p->base);
		break;
	case RECORD_FORK:
		page_map_fork(&p->at_fork, &p->pages);
		break;
	case RECORD_SHARE:
		page_map_free(&p->at_fork);
		break;
	case RECORD_UNMAP:
		page_map_forget(&p->pages, n->start & PAGE_MASK, n->length);
		break;
	default:
		break;
	}
}

static void notified(struct recorder *r)
{
	struct record_notice n;
	struct recorded *p;
	u32 pid;
	int got = record_listen(r->listener, &n);

	if (got < 0) {
		close(r->listener);
		r->listener = -1;
	}
	if (got <= 0)
		return;
	drain(r);
	pid = (u32)host_status(n.tid, "Tgid:");
	p = pid ? find_recorded(r, pid) : NULL;
	if (!p && pid)
		p = new_recorded(r, pid);
	if (p) {
		look_at(r, p, n.call);
		foresee(p, &n);
	}
	record_allow(r->listener, &n);
}

/* ---- the loop ---- */

static void loop(struct recorder *r)
{
	struct pollfd fds[2] = { { .fd = r->log, .events = POLLIN },
				 { .fd = r->listener, .events = POLLIN } };

	for (;;) {
		fds[1].fd = r->listener;
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (fds[1].revents & POLLIN)
			notified(r);
		else if (fds[1].revents & (POLLHUP | POLLERR | POLLNVAL))
			r->listener = -1;
		if (fds[0].revents && !drain(r))
			return;
	}
}

static int exit_status(pid_t pid, struct rusage *usage)
{
	int status;

	while (wait4(pid, &status, 0, usage) < 0)
		if (errno != EINTR)
			return EX_SOFTWARE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What the kernel says of the program and of those of its children that it waited for; the faults
 * that our own child made before it became the program are in it. */
static void footer(struct recorder *r, const struct rusage *u)
{
	fprintf(r->out, "# getrusage: maxrss=%ld minflt=%ld majflt=%ld before_exec=%llu\n",
		u->ru_maxrss, u->ru_minflt, u->ru_majflt, (unsigned long long)r->before_exec);
}

static void header(struct recorder *r)
{
	char *const *arg;

	fputs("# mmanfs record 1:", r->out);
	for (arg = r->o->argv; *arg; arg++)
		fprintf(r->out, " %s", *arg);
	fputc('\n', r->out);
}

static int start_strace(struct recorder *r, int pipe_fds[2])
{
	if (pipe2(pipe_fds, O_CLOEXEC))
		return -errno;
	r->strace = fork();
	if (!r->strace)
		be_strace(r->program, pipe_fds[1]);
	close(pipe_fds[1]);
	r->log = pipe_fds[0];
	if (r->strace < 0)
		return -errno;
	fcntl(r->log, F_SETFL, O_NONBLOCK);
	return is_attached(r) ? 0 : -EPERM;
}

/* Both are there; lets the program begin. */
static int begin(struct recorder *r, int socket)
{
	int pipe_fds[2], error = start_strace(r, pipe_fds);

	if (error)
		return fail(r, EX_UNAVAILABLE, "strace does not attach to the program", -error);
	if (write(socket, "", 1) != 1)
		return fail(r, EX_OSERR, "the program", errno);
	r->listener = receive_fd(socket);
	if (r->listener < 0)
		fprintf(r->o->err,
			"mmanfs record: this kernel sends no notification of system calls: mappings and "
			"processes are recorded, pages are not\n");
	header(r);
	return 0;
}

static void dispose(struct recorder *r)
{
	while (r->first)
		drop_recorded(r, r->first->pid);
	files_free(&r->files);
	host_maps_free(&r->maps);
	page_map_free(&r->pages);
	text_free(&r->pending);
	text_free(&r->text);
	if (r->log >= 0)
		close(r->log);
	if (r->listener >= 0)
		close(r->listener);
}

static int run(struct recorder *r)
{
	int sockets[2], status, program_status;
	struct rusage usage = { .ru_maxrss = 0 };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return fail(r, EX_OSERR, "socketpair", errno);
	fflush(r->out);
	r->program = fork();
	if (!r->program) {
		close(sockets[0]);
		be_program(r->o, sockets[1]);
	}
	close(sockets[1]);
	if (r->program < 0) {
		close(sockets[0]);
		return fail(r, EX_OSERR, "fork", errno);
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	status = begin(r, sockets[0]);
	close(sockets[0]);
	if (!status)
		loop(r);
	else
		kill(r->program, SIGKILL);
	program_status = exit_status(r->program, &usage);
	if (r->strace > 0)
		exit_status(r->strace, NULL);
	if (!status)
		footer(r, &usage);
	return status ? status : program_status;
}

int record_program(const struct record_options *o)
{
	struct recorder r = { .o = o, .log = -1, .listener = -1, .zero = host_zero_frame() };
	int status;

	r.out = fopen(o->output, "we");
	if (!r.out)
		return fail(&r, EX_CANTCREAT, o->output, errno);
	text_init(&r.pending);
	text_init(&r.text);
	status = run(&r);
	dispose(&r);
	if (fclose(r.out) || r.failed)
		return fail(&r, EX_IOERR, o->output, errno ? errno : EIO);
	return status;
}
