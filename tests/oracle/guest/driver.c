/*
 * driver.c - the guest's side of the language: real processes, real system calls.
 *
 * The driver is the parent of all; each process of a case is a fork of it (or of another) that
 * takes commands over a socket. After a fork both sides write to every page they will ever use, so
 * that no copy-on-write fault of ours falls between `mark` and `delta`.
 *
 * usage: driver MACHINE ONLY|- CASE-FILE...
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/oracle/lib/language.h"

#define SLOTS	12
#define REGIONS 24

struct slot {
	char name[32];
	pid_t pid;
	int fd[2]; /* driver's end, process's end */
	bool used;
};

struct region {
	char name[32];
	char *start;
	size_t length;
};

static struct slot slots[SLOTS];
static struct region regions[REGIONS]; /* of this process */
static char heap_name[] = "heap";

extern char __executable_start[], __data_start[], _end[];

/* Text is read (a fork does not inherit its page tables), data, stack and the C library's small heap
 * are written to. */
static void __attribute__((noinline)) warm(void)
{
	volatile char stack[96 << 10];
	volatile char *at;
	size_t i;

	for (at = __executable_start; at < (volatile char *)__data_start; at += 1024)
		(void)*at;
	at = (volatile char *)((uintptr_t)&errno & ~4095ul);
	for (; at < (volatile char *)sbrk(0); at += 1024)
		*at = *at;

	for (i = 0; i < sizeof(stack); i += 1024)
		stack[i] = 0;
	for (at = __data_start; at < (volatile char *)_end; at += 1024)
		*at = *at;
}

/* ---- a process: the control language as system calls ---- */

static unsigned long long size_of(const char *text)
{
	char *end;
	bool negative = *text == '-';
	unsigned long long n = strtoull(text + (*text == '-' || *text == '+'), &end, 0);

	switch (*end) {
	case 'K':
		n <<= 10;
		break;
	case 'M':
		n <<= 20;
		break;
	case 'G':
		n <<= 30;
		break;
	case 'T':
		n <<= 40;
		break;
	}
	return negative ? -n : n;
}

static struct region *find_region(const char *name)
{
	int i;

	for (i = 0; i < REGIONS; i++)
		if (regions[i].length && !strcmp(regions[i].name, name))
			return &regions[i];
	return NULL;
}

static struct region *new_region(const char *name)
{
	int i;

	for (i = 0; i < REGIONS; i++)
		if (!regions[i].length) {
			snprintf(regions[i].name, sizeof(regions[i].name), "%s", name);
			return &regions[i];
		}
	_exit(3);
}

static int prot_of(const char *text)
{
	int prot = 0;

	if (!strcmp(text, "none"))
		return 0;
	for (; *text; text++)
		prot |= *text == 'r' ? PROT_READ :
			*text == 'w' ? PROT_WRITE :
			*text == 'x' ? PROT_EXEC :
				       0;
	return prot;
}

static int done(long result)
{
	return result < 0 ? -errno : 0;
}

static int do_mmap(char **words, int nr)
{
	static const struct {
		const char *word;
		int flag;
	} options[] = {
		{ "private", 0 },
		{ "anon", 0 },
		{ "noreserve", MAP_NORESERVE },
		{ "populate", MAP_POPULATE },
		{ "locked", MAP_LOCKED },
		{ "hugetlb", MAP_HUGETLB },
		{ "hugetlb=2M", MAP_HUGETLB | 21 << 26 },
		{ "hugetlb=1G", MAP_HUGETLB | 30 << 26 },
		{ "growsdown", MAP_GROWSDOWN },
		{ "stack", MAP_STACK | MAP_GROWSDOWN },
	};
	int flags = MAP_ANONYMOUS, prot = PROT_READ | PROT_WRITE, i;
	size_t length = size_of(words[2]), j;
	bool shared = false;
	void *at = NULL;
	struct region *r;

	if (find_region(words[1]))
		return -EEXIST;
	for (i = 3; i < nr; i++) {
		if (!strcmp(words[i], "shared"))
			shared = true;
		else if (!strncmp(words[i], "prot=", 5))
			prot = prot_of(words[i] + 5);
		else if (!strncmp(words[i], "addr=", 5)) {
			at = (void *)(uintptr_t)size_of(words[i] + 5);
			flags |= MAP_FIXED;
		}
		for (j = 0; j < sizeof(options) / sizeof(options[0]); j++)
			if (!strcmp(words[i], options[j].word))
				flags |= options[j].flag;
	}
	at = mmap(at, length, prot, flags | (shared ? MAP_SHARED : MAP_PRIVATE), -1, 0);
	if (at == MAP_FAILED)
		return -errno;
	r = new_region(words[1]);
	r->start = at;
	r->length = (length + 4095) & ~4095ul;
	return 0;
}

static int advice_of(const char *word)
{
	static const struct {
		const char *name;
		int advice;
	} advices[] = {
		{ "normal", MADV_NORMAL },
		{ "random", MADV_RANDOM },
		{ "sequential", MADV_SEQUENTIAL },
		{ "willneed", MADV_WILLNEED },
		{ "dontneed", MADV_DONTNEED },
		{ "free", MADV_FREE },
		{ "remove", MADV_REMOVE },
		{ "dontfork", MADV_DONTFORK },
		{ "dofork", MADV_DOFORK },
		{ "mergeable", MADV_MERGEABLE },
		{ "unmergeable", MADV_UNMERGEABLE },
		{ "hugepage", MADV_HUGEPAGE },
		{ "nohugepage", MADV_NOHUGEPAGE },
		{ "dontdump", MADV_DONTDUMP },
		{ "dodump", MADV_DODUMP },
		{ "wipeonfork", MADV_WIPEONFORK },
		{ "keeponfork", MADV_KEEPONFORK },
		{ "cold", 20 },
		{ "pageout", 21 },
		{ "populate_read", 22 },
		{ "populate_write", 23 },
	};
	size_t i;

	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (!strcmp(word, advices[i].name))
			return advices[i].advice;
	return 9999;
}

static int do_touch(volatile char *at, size_t length, bool write, char *said, size_t room)
{
	struct rusage before, after;
	size_t i;

	getrusage(RUSAGE_SELF, &before);
	for (i = 0; i < length; i += 4096) {
		if (write)
			at[i] = (char)(i >> 12 | 1);
		else
			(void)at[i];
	}
	getrusage(RUSAGE_SELF, &after);
	snprintf(said, room, "minflt +%ld, majflt +%ld", after.ru_minflt - before.ru_minflt,
		 after.ru_majflt - before.ru_majflt);
	return 0;
}

static int do_brk(const char *delta, char *said, size_t room)
{
	char *now = (char *)syscall(SYS_brk, 0);
	char *want = now + (long)size_of(delta), *got = (char *)syscall(SYS_brk, want);
	struct region *heap = find_region(heap_name);

	(void)said;
	(void)room;
	if (got != want)
		return -ENOMEM;
	if (!heap) {
		heap = new_region(heap_name);
		heap->start = now;
	}
	heap->length = (size_t)(got - heap->start);
	return 0;
}

static int do_mlockall(char **words, int nr)
{
	int flags = nr == 1 ? MCL_CURRENT : 0, i;

	for (i = 1; i < nr; i++)
		flags |= !strcmp(words[i], "current") ? MCL_CURRENT :
			 !strcmp(words[i], "future")  ? MCL_FUTURE :
							MCL_ONFAULT;
	return done(mlockall(flags));
}

static int do_setrlimit(const char *name, const char *value)
{
	static const struct {
		const char *name;
		unsigned int which;
	} limits[] = { { "memlock", RLIMIT_MEMLOCK },
		       { "as", RLIMIT_AS },
		       { "data", RLIMIT_DATA },
		       { "stack", RLIMIT_STACK } };
	struct rlimit limit;
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (!strcasecmp(name, limits[i].name)) {
			getrlimit(limits[i].which, &limit);
			limit.rlim_cur = strcmp(value, "unlimited") ? size_of(value) :
								      RLIM_INFINITY;
			if (limit.rlim_max < limit.rlim_cur)
				limit.rlim_max = limit.rlim_cur;
			return done(setrlimit(limits[i].which, &limit));
		}
	return -EINVAL;
}

/* one CPU is all that cases ask for */
static int do_setaffinity(const char *cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)atoi(cpu), &set);
	return done(sched_setaffinity(0, sizeof(set), &set));
}

static void serve(int fd) __attribute__((noreturn));

/* A new process is there when all its own pages are. */
static void __attribute__((noreturn)) begin(int fd)
{
	warm();
	send(fd, "ready", 5, 0);
	serve(fd);
}

static int do_fork(int slot, char *said, size_t room)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		begin(slots[slot].fd[1]);
	warm();
	snprintf(said, room, "pid %d", pid);
	return 0;
}

/* NAME [OFF LEN] at words[@first] */
static int range(char **words, int nr, int first, char **start, size_t *length)
{
	struct region *r = find_region(words[first]);
	size_t offset = nr > first + 1 ? size_of(words[first + 1]) : 0;

	if (!r)
		return -ENOENT;
	*start = r->start + offset;
	*length = nr > first + 2 ? size_of(words[first + 2]) : r->length - offset;
	return 0;
}

static int do_munmap(struct region *r, char *start, size_t length)
{
	int error = done(munmap(start, length));

	if (!error && start == r->start && length >= r->length)
		r->length = 0;
	return error;
}

static int do_mremap(struct region *r, size_t length, char *said, size_t room)
{
	char *at = mremap(r->start, r->length, length, MREMAP_MAYMOVE);

	if (at == MAP_FAILED)
		return -errno;
	snprintf(said, room, "%s", at == r->start ? "in place" : "moved");
	r->start = at;
	r->length = (length + 4095) & ~4095ul;
	return 0;
}

static int do_words(char **w, int nr, char *said, size_t room)
{
	char *start;
	size_t length;
	int first = !strcmp(w[0], "mprotect") || !strcmp(w[0], "madvise") ? 2 : 1, error;
	char *third = nr > 2 ? w[2] : NULL;

	if (!strcmp(w[0], "mmap"))
		return do_mmap(w, nr);
	if (!strcmp(w[0], "brk"))
		return do_brk(w[1], said, room);
	if (!strcmp(w[0], "mlockall"))
		return do_mlockall(w, nr);
	if (!strcmp(w[0], "munlockall"))
		return done(munlockall());
	if (!strcmp(w[0], "setrlimit"))
		return do_setrlimit(w[1], w[2]);
	if (!strcmp(w[0], "setuid"))
		return done(setresuid((uid_t)atoi(w[1]), (uid_t)atoi(w[1]), (uid_t)atoi(w[1])));
	if (!strcmp(w[0], "sched_setaffinity"))
		return do_setaffinity(w[1]);
	if (!strcmp(w[0], "fork"))
		return do_fork(atoi(w[1]), said, room);

	if (first == 2)
		w[2] = w[1];
	if (!strcmp(w[0], "mremap"))
		nr = 2;
	error = range(w, nr, first, &start, &length);
	if (error)
		return error;
	if (!strcmp(w[0], "munmap"))
		return do_munmap(find_region(w[1]), start, length);
	if (!strcmp(w[0], "mremap"))
		return do_mremap(find_region(w[1]), size_of(third), said, room);
	if (!strcmp(w[0], "mprotect"))
		return done(mprotect(start, length, prot_of(third)));
	if (!strcmp(w[0], "madvise"))
		return done(madvise(start, length, advice_of(third)));
	if (!strcmp(w[0], "mlock"))
		return done(mlock(start, length));
	if (!strcmp(w[0], "munlock"))
		return done(munlock(start, length));
	if (!strcmp(w[0], "msync"))
		return done(msync(start, length, MS_SYNC));
	if (!strcmp(w[0], "read") || !strcmp(w[0], "write"))
		return do_touch(start, length, w[0][0] == 'w', said, room);
	return -ENOSYS;
}

static void serve(int fd)
{
	static char line[1024], said[512], reply[600];
	char *words[32], *word, *save;
	int nr, error;
	ssize_t n;

	while ((n = recv(fd, line, sizeof(line) - 1, 0)) > 0) {
		line[n] = '\0';
		nr = 0;
		for (word = strtok_r(line, " ", &save); word && nr < 31;
		     word = strtok_r(NULL, " ", &save))
			words[nr++] = word;
		words[nr] = NULL;
		strcpy(said, "ok");
		error = do_words(words, nr, said, sizeof(said));
		snprintf(reply, sizeof(reply), "%d %s", error, said);
		send(fd, reply, strlen(reply), 0);
	}
	_exit(0);
}

/* ---- the driver ---- */

static struct slot *find_slot(const char *name)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (slots[i].used && !strcmp(slots[i].name, name))
			return &slots[i];
	return NULL;
}

static void renew_slots(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (slots[i].used)
			return;
	for (i = 0; i < SLOTS; i++) {
		if (slots[i].fd[0]) {
			close(slots[i].fd[0]);
			close(slots[i].fd[1]);
		}
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, slots[i].fd))
			perror("socketpair");
		slots[i].pid = 0;
	}
}

/* A slot that this round has not used yet: what was sent to a dead process must not reach another. */
static int take_slot(const char *name)
{
	int i;

	renew_slots();
	for (i = 0; i < SLOTS; i++)
		if (!slots[i].used && !slots[i].pid) {
			snprintf(slots[i].name, sizeof(slots[i].name), "%s", name);
			slots[i].used = true;
			return i;
		}
	return -1;
}

static int receive(struct slot *slot, char *buffer, size_t room)
{
	struct pollfd p = { .fd = slot->fd[0], .events = POLLIN };
	ssize_t n;
	int i;

	for (i = 0; i < 1200; i++) {
		if (poll(&p, 1, 50) > 0) {
			n = recv(slot->fd[0], buffer, room - 1, 0);
			buffer[n > 0 ? n : 0] = '\0';
			return n > 0 ? 0 : -EINTR;
		}
		if (kill(slot->pid, 0))
			return -EINTR;
	}
	return -ETIMEDOUT;
}

static int guest_make(struct side *s, const char *name)
{
	static char ready[16];
	int i = take_slot(name);
	pid_t pid;

	(void)s;
	if (i < 0)
		return -EAGAIN;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_NAME, name);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		begin(slots[i].fd[1]);
	}
	if (pid < 0) {
		slots[i].used = false;
		return -errno;
	}
	slots[i].pid = pid;
	warm();
	return receive(&slots[i], ready, sizeof(ready));
}

/* SIGCHLD is ignored everywhere: who ended is gone, memory and all. */
static void guest_end(struct side *s, const char *name)
{
	struct slot *slot = find_slot(name);
	int i;

	(void)s;
	if (!slot)
		return;
	kill(slot->pid, SIGKILL);
	for (i = 0; i < 20000 && !kill(slot->pid, 0); i++)
		usleep(500);
	slot->used = false;
}

static int guest_pid(struct side *s, const char *name)
{
	struct slot *slot = find_slot(name);

	(void)s;
	return slot ? slot->pid : -1;
}

static int guest_command(struct side *s, const char *name, const char *line, char *said,
			 size_t room)
{
	static char reply[600], fork_line[64];
	struct slot *slot = find_slot(name);
	int error, child = -1, skip = 0;

	(void)s;
	if (!slot)
		return -ESRCH;
	if (!strncmp(line, "fork ", 5)) {
		child = take_slot(line + 5);
		snprintf(fork_line, sizeof(fork_line), "fork %d", child);
		line = fork_line;
	}
	send(slot->fd[0], line, strlen(line), MSG_NOSIGNAL);
	error = receive(slot, reply, sizeof(reply));
	if (!error && sscanf(reply, "%d %n", &error, &skip) == 1)
		snprintf(said, room, "%s", reply + skip);
	if (child >= 0) {
		if (error || sscanf(said, "pid %d", &slots[child].pid) != 1)
			slots[child].used = false;
		else
			receive(&slots[child], reply, sizeof(reply));
		snprintf(said, room, "ok");
	}
	return error;
}

static const char *absolute(const char *path)
{
	static char out[600];

	snprintf(out, sizeof(out), "/%s", path);
	return out;
}

static ssize_t guest_read(struct side *s, const char *path, char *buffer, size_t size)
{
	int fd = open(absolute(path), O_RDONLY | O_NONBLOCK), error;
	size_t length = 0;
	ssize_t n = 0;

	(void)s;
	if (fd < 0)
		return -errno;
	while (length < size && (n = read(fd, buffer + length, size - length)) > 0)
		length += (size_t)n;
	error = errno;
	close(fd);
	return n < 0 ? -error : (ssize_t)length;
}

static ssize_t guest_write(struct side *s, const char *path, const char *data, size_t size,
			   bool *open_failed)
{
	int fd = open(absolute(path), O_WRONLY), error;
	ssize_t n;

	(void)s;
	*open_failed = fd < 0;
	if (fd < 0)
		return -errno;
	n = write(fd, data, size);
	error = errno;
	close(fd);
	return n < 0 ? -error : n;
}

static int guest_stat(struct side *s, const char *path, struct stat *st, char *target, size_t room)
{
	ssize_t n;

	(void)s;
	if (lstat(absolute(path), st))
		return -errno;
	if (S_ISLNK(st->st_mode)) {
		n = readlink(absolute(path), target, room - 1);
		target[n > 0 ? n : 0] = '\0';
	}
	return 0;
}

static int guest_readdir(struct side *s, const char *path,
			 void (*each)(void *arg, const char *name), void *arg)
{
	DIR *dir = opendir(absolute(path));
	struct dirent *e;

	(void)s;
	if (!dir)
		return -errno;
	while ((e = readdir(dir)))
		each(arg, e->d_name);
	closedir(dir);
	return 0;
}

static void print_case(void *arg, const char *area, const char *name)
{
	(void)arg;
	printf("@ %s %s\n", area, name);
	fflush(stdout);
}

static void print_answer(void *arg, unsigned int step, const char *text, const char *with,
			 const char *answer)
{
	(void)arg;
	(void)text;
	(void)with;
	printf("%u\t%s\n", step, answer);
	fflush(stdout);
}

static char text[4 << 20];

int main(int argc, char **argv)
{
	static char buffer[1 << 16];
	struct side side = { .read = guest_read,
			     .write = guest_write,
			     .stat = guest_stat,
			     .readdir = guest_readdir,
			     .make = guest_make,
			     .end = guest_end,
			     .pid = guest_pid,
			     .command = guest_command };
	struct recorder recorder = { .begin = print_case, .answer = print_answer };
	int i;

	if (argc < 4)
		return 2;
	signal(SIGCHLD, SIG_IGN);
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	for (i = 3; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (n < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(errno));
			return 1;
		}
		close(fd);
		text[n] = '\0';
		run_cases(&side, text, argv[1], strcmp(argv[2], "-") ? argv[2] : NULL, &recorder);
	}
	return 0;
}
