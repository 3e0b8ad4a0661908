/*
 * process.c - a process of a case: takes lines of the control language over a socket, and carries
 * them out as system calls.
 */
#include "tests/oracle/guest/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define REGIONS 24

static struct region regions[REGIONS]; /* of this process */
static char heap_name[] = "heap";

extern char __executable_start[], __data_start[], _end[];

static void write_all(uintptr_t from, uintptr_t to)
{
	for (; from < to; from += 1024) {
		volatile char *at = (volatile char *)from;
		char now = *at;

		*at = now;
	}
}

/* Text is read (a fork does not inherit its page tables), data, stack and the C library's small
 * heap are written to. */
void __attribute__((noinline)) warm(void)
{
	volatile char stack[96 << 10];
	volatile char *at;
	size_t i;

	for (at = __executable_start; (uintptr_t)at < (uintptr_t)__data_start; at += 1024)
		(void)*at;
	write_all((uintptr_t)&errno & ~4095ul, (uintptr_t)sbrk(0));
	for (i = 0; i < sizeof(stack); i += 1024)
		stack[i] = 0;
	write_all((uintptr_t)__data_start, (uintptr_t)_end);
}

/* ---- words ---- */

unsigned long long size_of(const char *text)
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

struct region *find_region(const char *name)
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

int done(long result)
{
	return result < 0 ? -errno : 0;
}

/* NAME ... [OFF LEN]: @at is where OFF may stand */
int range_at(const struct command *c, int at, struct region *r, char **start, size_t *length)
{
	size_t offset = c->nr > at ? size_of(c->word[at]) : 0;

	if (!r)
		return -ENOENT;
	*start = r->start + offset;
	*length = c->nr > at + 1 ? size_of(c->word[at + 1]) : r->length - offset;
	return 0;
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

/* ---- mappings ---- */

static int mmap_option(const char *word)
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
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(word, options[i].word))
			return options[i].flag;
	return 0;
}

static int do_mmap(struct command *c)
{
	int flags = MAP_ANONYMOUS, kind = MAP_PRIVATE, prot = PROT_READ | PROT_WRITE, fd = -1, i;
	size_t length = size_of(c->word[2]);
	unsigned long long offset = 0;
	void *at = NULL;
	struct region *r;

	if (find_region(c->word[1]))
		return -EEXIST;
	for (i = 3; i < c->nr; i++) {
		const char *word = c->word[i];

		if (!strcmp(word, "shared")) {
			kind = MAP_SHARED;
		} else if (!strncmp(word, "prot=", 5)) {
			prot = prot_of(word + 5);
		} else if (!strncmp(word, "file=", 5)) {
			fd = disk_map(word + 5, &offset);
			if (fd < 0)
				return fd;
			flags &= ~MAP_ANONYMOUS;
		} else if (!strncmp(word, "addr=", 5)) {
			at = (void *)(uintptr_t)size_of(word + 5);
			flags |= MAP_FIXED;
		} else if (!strncmp(word, "hint=", 5)) {
			at = (void *)(uintptr_t)size_of(word + 5);
		} else if (!strcmp(word, "noreplace")) {
			flags = (flags & ~MAP_FIXED) | MAP_FIXED_NOREPLACE;
		}
		flags |= mmap_option(word);
	}
	at = mmap(at, length, prot, flags | kind, fd, (off_t)offset);
	i = errno;
	if (fd >= 0)
		close(fd);
	if (at == MAP_FAILED)
		return -i;
	r = new_region(c->word[1]);
	r->start = at;
	r->length = (length + 4095) & ~4095ul;
	return 0;
}

static int do_munmap(struct command *c)
{
	struct region *r = find_region(c->word[1]);
	char *start;
	size_t length;
	int error = range_at(c, 2, r, &start, &length);

	if (!error)
		error = done(munmap(start, length));
	if (!error && start == r->start && length >= r->length)
		r->length = 0;
	return error;
}

static int do_mremap(struct command *c)
{
	struct region *r = find_region(c->word[1]);
	size_t length = size_of(c->word[2]);
	int flags = MREMAP_MAYMOVE, i;
	void *to = NULL;
	char *at;

	if (!r)
		return -ENOENT;
	for (i = 3; i < c->nr; i++) {
		if (!strncmp(c->word[i], "addr=", 5)) {
			to = (void *)(uintptr_t)size_of(c->word[i] + 5);
			flags |= MREMAP_FIXED;
		} else if (!strcmp(c->word[i], "nomove")) {
			flags &= ~MREMAP_MAYMOVE;
		} else if (!strcmp(c->word[i], "dontunmap")) {
			flags |= MREMAP_DONTUNMAP;
		}
	}
	at = mremap(r->start, r->length, length, flags, to);
	if (at == MAP_FAILED)
		return -errno;
	snprintf(c->said, c->room, "%s", at == r->start ? "in place" : "moved");
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
		{ "hwpoison", 100 },
		{ "soft_offline", 101 },
		{ "populate_read", 22 },
		{ "populate_write", 23 },
		{ "hwpoison", 100 },
		{ "soft_offline", 101 },
	};
	size_t i;

	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (!strcmp(word, advices[i].name))
			return advices[i].advice;
	return 9999;
}

static int do_mprotect(struct command *c)
{
	char *start;
	size_t length;
	int error = range_at(c, 3, find_region(c->word[1]), &start, &length);

	return error ? error : done(mprotect(start, length, prot_of(c->word[2])));
}

/* Up to 14 new pages wait in each CPU's batch, where reclaim passes them over; the simulation has
 * no such lag. Moving no page at all empties the batches. */
static void drain_batches(void)
{
	int nothing = 0;
	void *page = NULL;

	syscall(SYS_move_pages, 0, 0ul, &page, &nothing, &nothing, 0);
}

static int do_madvise(struct command *c)
{
	char *start;
	size_t length;
	int error = range_at(c, 3, find_region(c->word[1]), &start, &length);

	drain_batches();
	return error ? error : done(madvise(start, length, advice_of(c->word[2])));
}

static int do_mlock(struct command *c)
{
	char *start;
	size_t length;
	bool onfault = c->nr > 2 && !strcmp(c->word[2], "onfault");
	int error = range_at(c, onfault ? 3 : 2, find_region(c->word[1]), &start, &length);

	if (error)
		return error;
	if (onfault)
		return done(mlock2(start, length, MLOCK_ONFAULT));
	if (!strcmp(c->word[0], "mlock"))
		return done(mlock(start, length));
	if (!strcmp(c->word[0], "munlock"))
		return done(munlock(start, length));
	return done(msync(start, length, MS_SYNC));
}

/* "5 of 16 pages resident" */
static int do_mincore(struct command *c)
{
	static unsigned char vector[1 << 16];
	size_t length, i, n = 0;
	char *start;
	int error = range_at(c, 2, find_region(c->word[1]), &start, &length);

	if (!error && length > sizeof(vector) * 4096)
		error = -E2BIG;
	if (!error)
		error = done(mincore(start, length, vector));
	if (error)
		return error;
	for (i = 0; i < (length + 4095) / 4096; i++)
		n += vector[i] & 1;
	snprintf(c->said, c->room, "%zu of %zu pages resident", n, i);
	return 0;
}

/* Every other STEP bytes go back. */
static int do_punch(struct command *c)
{
	struct region *r = find_region(c->word[1]);
	size_t at, step = size_of(c->word[2]);

	if (!r || !step)
		return r ? -EINVAL : -ENOENT;
	for (at = 0; at < r->length; at += 2 * step)
		if (madvise(r->start + at, step, MADV_DONTNEED))
			return -errno;
	return 0;
}

static int do_touch(struct command *c)
{
	bool write = !strcmp(c->word[0], "write");
	struct rusage before, after;
	size_t i, length;
	char *start;
	int error = range_at(c, 2, find_region(c->word[1]), &start, &length);

	if (error)
		return error;
	getrusage(RUSAGE_SELF, &before);
	for (i = 0; i < length; i += 4096) {
		volatile char *at = start + i;

		if (write)
			*at = (char)(i >> 12 | 1);
		else
			(void)*at;
	}
	getrusage(RUSAGE_SELF, &after);
	snprintf(c->said, c->room, "minflt +%ld, majflt +%ld", after.ru_minflt - before.ru_minflt,
		 after.ru_majflt - before.ru_majflt);
	return 0;
}

/* All pages of all regions are read until that has taken so many ms of CPU time. */
static int do_use(struct command *c)
{
	struct timespec now, end;
	size_t i;
	int r;

	drain_batches();
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	end.tv_nsec += atol(c->word[1]) % 1000 * 1000000;
	end.tv_sec += atol(c->word[1]) / 1000 + end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	do {
		for (r = 0; r < REGIONS; r++)
			for (i = 0; i < regions[r].length; i += 4096)
				(void)*(volatile char *)(regions[r].start + i);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while (now.tv_sec < end.tv_sec ||
		 (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
	return 0;
}

static int do_brk(struct command *c)
{
	char *now = (char *)syscall(SYS_brk, 0);
	char *want = now + (long)size_of(c->word[1]), *got = (char *)syscall(SYS_brk, want);
	struct region *heap = find_region(heap_name);

	if (got != want)
		return -ENOMEM;
	if (!heap) {
		heap = new_region(heap_name);
		heap->start = now;
	}
	heap->length = (size_t)(got - heap->start);
	return 0;
}

static int do_mlockall(struct command *c)
{
	int flags = c->nr == 1 ? MCL_CURRENT : 0, i;

	if (!strcmp(c->word[0], "munlockall"))
		return done(munlockall());
	for (i = 1; i < c->nr; i++)
		flags |= !strcmp(c->word[i], "current") ? MCL_CURRENT :
			 !strcmp(c->word[i], "future")	? MCL_FUTURE :
							  MCL_ONFAULT;
	return done(mlockall(flags));
}

/* ---- the process itself ---- */

static int do_setrlimit(struct command *c)
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
		if (!strcasecmp(c->word[1], limits[i].name)) {
			getrlimit(limits[i].which, &limit);
			limit.rlim_cur = strcmp(c->word[2], "unlimited") ? size_of(c->word[2]) :
									   RLIM_INFINITY;
			if (limit.rlim_max < limit.rlim_cur)
				limit.rlim_max = limit.rlim_cur;
			return done(setrlimit(limits[i].which, &limit));
		}
	return -EINVAL;
}

static int do_setuid(struct command *c)
{
	uid_t uid = (uid_t)size_of(c->word[1]);

	return done(setresuid(uid, uid, uid));
}

/* one CPU is all that cases ask for */
static int do_setaffinity(struct command *c)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)size_of(c->word[1]), &set);
	return done(sched_setaffinity(0, sizeof(set), &set));
}

void set_oom_score_adj(const char *value)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		perror("oom_score_adj");
	if (fd >= 0)
		close(fd);
}

/* fork FD: the child serves that */
static int do_fork(struct command *c)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		begin((int)size_of(c->word[1]));
	warm();
	snprintf(c->said, c->room, "pid %d", pid);
	return 0;
}

static const struct {
	const char *name;
	int words;
	int (*run)(struct command *c);
} commands[] = {
	{ "mmap", 3, do_mmap },
	{ "munmap", 2, do_munmap },
	{ "mremap", 3, do_mremap },
	{ "mprotect", 3, do_mprotect },
	{ "madvise", 3, do_madvise },
	{ "mlock", 2, do_mlock },
	{ "munlock", 2, do_mlock },
	{ "msync", 2, do_mlock },
	{ "mincore", 2, do_mincore },
	{ "punch", 3, do_punch },
	{ "read", 2, do_touch },
	{ "write", 2, do_touch },
	{ "use", 2, do_use },
	{ "brk", 2, do_brk },
	{ "mlockall", 1, do_mlockall },
	{ "munlockall", 1, do_mlockall },
	{ "setrlimit", 3, do_setrlimit },
	{ "setuid", 2, do_setuid },
	{ "sched_setaffinity", 2, do_setaffinity },
	{ "fork", 2, do_fork },
	{ "fread", 4, do_fread },
	{ "fwrite", 4, do_fwrite },
	{ "fsync", 2, do_fsync },
	{ "set_mempolicy", 2, do_set_mempolicy },
	{ "mbind", 3, do_mbind },
	{ "migrate_pages", 3, do_migrate_pages },
	{ "move_pages", 3, do_move_pages },
};

static int run_command(struct command *c)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(c->word[0], commands[i].name))
			return c->nr < commands[i].words ? -EINVAL : commands[i].run(c);
	return -ENOSYS;
}

static void __attribute__((noreturn)) serve(int fd)
{
	static char line[1024], said[512], reply[600], none[1];
	struct command c = { .said = said, .room = sizeof(said) };
	char *word, *save;
	int error, i;
	ssize_t n;

	while ((n = recv(fd, line, sizeof(line) - 1, 0)) > 0) {
		line[n] = '\0';
		for (i = 0; i < WORDS; i++)
			c.word[i] = none;
		c.nr = 0;
		for (word = strtok_r(line, " ", &save); word && c.nr < WORDS;
		     word = strtok_r(NULL, " ", &save))
			c.word[c.nr++] = word;
		strcpy(said, "ok");
		error = run_command(&c);
		snprintf(reply, sizeof(reply), "%d %s", error, said);
		send(fd, reply, strlen(reply), 0);
	}
	_exit(0);
}

/* A new process is there when all its own pages are. */
void begin(int fd)
{
	set_oom_score_adj("0");
	warm();
	send(fd, "ready", 5, 0);
	serve(fd);
}
