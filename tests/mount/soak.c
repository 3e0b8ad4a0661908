/*
 * soak DIR SECONDS SEED [travel]: everything at once on a mounted machine. Threads read files in
 * every way there is, write commands and knobs that are nearly right, make and end processes, keep
 * a file of the disk and compare each byte, move the clock, interrupt each other by signals;
 * children are killed while they read. With `travel` the machine is rebooted and rewound meanwhile,
 * and no file is kept. Status 1: a wrong byte; 2: a call that took a minute; 3: the daemon has
 * gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/words.h"

#define PATH_MOST 600
#define FILES_MAX 40000u
#define HANG	  60
#define KEPT	  (256u << 10)

enum status { WRONG = 1, HUNG, GONE };

struct worker {
	pthread_t thread;
	void (*act)(struct worker *w);
	u64 chance;
	time_t began; /* atomic: when the call it is in began; 0: none */
	char what[PATH_MOST];
	unsigned long done;
	unsigned char *kept; /* what its file holds */
	size_t kept_size;
	unsigned int number;
};

static const char *top;
static char **files;
static size_t nr_files;
static int travel, over;
static struct worker workers[16];
static size_t nr_workers; /* atomic: the first run while the last are started */
static _Thread_local sigjmp_buf no_page;

static uint64_t below(struct worker *w, uint64_t n)
{
	return draw(&w->chance, n);
}

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1;
}

static void end(enum status status, const char *what, const char *why)
{
	printf("%s: %s\n", what, why);
	fflush(stdout);
	_exit((int)status);
}

/* A call begins; whoever watches knows what it is about. */
static void begin(struct worker *w, const char *what)
{
	snprintf(w->what, sizeof(w->what), "%s", what);
	__atomic_store_n(&w->began, seconds(), __ATOMIC_RELEASE);
}

static void finish(struct worker *w, long result)
{
	if (result < 0 && (errno == ENOTCONN || errno == ECONNABORTED))
		end(GONE, w->what, "the daemon has gone");
	w->done++;
	__atomic_store_n(&w->began, 0, __ATOMIC_RELEASE);
}

static const char *path_of(char *buffer, const char *name)
{
	snprintf(buffer, PATH_MOST, "%s/%s", top, name);
	return buffer;
}

/* ---- reading ---- */

static void try_mapping(struct worker *w, int fd)
{
	volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	if (page == MAP_FAILED)
		return;
	if (!sigsetjmp(no_page, 1))
		w->done += page[below(w, 4096)] == 0;
	munmap((void *)page, 4096);
}

static void read_somehow(struct worker *w, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLPRI };
	char buffer[70000];
	size_t size = 1 + below(w, below(w, 3) ? 5000 : sizeof(buffer) - 1);
	int times = (int)below(w, 30);

	switch (below(w, 5)) {
	case 0:
		while (times-- && read(fd, buffer, size) > 0)
			;
		break;
	case 1:
		while (times-- > 20 && pread(fd, buffer, size, (off_t)below(w, 100000)) > 0)
			;
		break;
	case 2:
		(void)!pread(fd, buffer, size, (off_t)(below(w, UINT64_MAX) >> below(w, 64)));
		break;
	case 3:
		poll(&p, 1, (int)below(w, 3));
		break;
	default:
		try_mapping(w, fd);
		break;
	}
}

static void list_somewhere(struct worker *w, const char *path)
{
	char name[PATH_MOST], *slash;
	unsigned long most = below(w, 500);
	DIR *d;

	snprintf(name, sizeof(name), "%s", path);
	slash = strrchr(name, '/');
	*slash = '\0';
	d = opendir(name);
	while (d && most-- && readdir(d))
		;
	if (d)
		closedir(d);
}

static void act_read(struct worker *w)
{
	char path[PATH_MOST];
	struct stat st;
	int fd;

	begin(w, path_of(path, files[below(w, nr_files)]));
	if (!below(w, 10))
		list_somewhere(w, path);
	if (!below(w, 5))
		finish(w, stat(path, &st));
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		read_somehow(w, fd);
		close(fd);
	}
	finish(w, fd);
}

/* ---- writing ---- */

static void put(struct worker *w, const char *name, const char *bytes, size_t n)
{
	char path[PATH_MOST];
	long result;
	int fd;

	begin(w, path_of(path, name));
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	result = fd < 0 ? -1 : write(fd, bytes, n);
	finish(w, result);
	if (fd >= 0)
		close(fd);
}

static void put_line(struct worker *w, const char *name, const char *line)
{
	put(w, name, line, strlen(line));
}

static void act_command(struct worker *w)
{
	char bytes[5000], name[64];

	if (!below(w, 8)) {
		put(w, "sim/ctl", bytes, words_machine(&w->chance, bytes, sizeof(bytes)));
		return;
	}
	snprintf(name, sizeof(name), "sim/procs/p%u/ctl", (unsigned int)below(w, 4));
	put(w, name, bytes,
	    below(w, 10) ? words_process(&w->chance, bytes, sizeof(bytes)) :
			   words_command(&w->chance, bytes, sizeof(bytes)));
}

static void act_knob(struct worker *w)
{
	const char *name = files[below(w, nr_files)];
	size_t length = strlen(name);
	char bytes[5000];

	/* commands are for others, and files of the disk are kept */
	if ((length > 4 && !strcmp(name + length - 4, "/ctl")) || strstr(name, "sysrq") ||
	    !strncmp(name, "sim/disk", 8))
		return;
	put(w, name, bytes, words_value(&w->chance, bytes, sizeof(bytes)));
}

static void act_birth(struct worker *w)
{
	char name[64], path[PATH_MOST];

	snprintf(name, sizeof(name), below(w, 6) ? "sim/procs/p%u" : "sim/dimms/d%u",
		 (unsigned int)below(w, 4));
	begin(w, path_of(path, name));
	finish(w, below(w, 4) ? mkdir(path, 0755) : rmdir(path));
	usleep(3000);
}

static void act_clock(struct worker *w)
{
	static const char *const lines[] = { "advance 1ms\n", "advance 30ms\n", "advance 1s\n",
					     "pause\n",	      "realtime\n",	"rate 10\n",
					     "advance 10s\n" };
	char line[64];

	if (travel && !below(w, 60)) {
		snprintf(line, sizeof(line), "rewind %u\n", 1 + (unsigned int)below(w, 300));
		put_line(w, "sim/ctl", below(w, 3) ? line : "reboot\n");
	}
	put_line(w, "sim/clock", lines[below(w, sizeof(lines) / sizeof(lines[0]))]);
	usleep(2000);
}

/* ---- a file that is kept ---- */

static void compare(struct worker *w, int fd, size_t size, size_t at)
{
	static _Thread_local unsigned char bytes[KEPT];
	ssize_t n = pread(fd, bytes, size, (off_t)at), i;

	for (i = 0; i < n; i++)
		if (bytes[i] != w->kept[at + (size_t)i])
			end(WRONG, w->what, "a byte is not what was written");
}

/* After a write that failed nobody knows what is there. */
static void keep(struct worker *w, int fd, size_t size, size_t at)
{
	static _Thread_local unsigned char bytes[KEPT];
	int value = (int)below(w, 256);
	ssize_t n;

	memset(bytes, value, size);
	n = pwrite(fd, bytes, size, (off_t)at);
	if (n > 0)
		memset(w->kept + at, value, (size_t)n);
	if (n >= 0 && n < (ssize_t)size)
		errno = 0;
	if (n > 0 && at + (size_t)n > w->kept_size)
		w->kept_size = at + (size_t)n;
}

static void cut(struct worker *w, int fd, size_t size)
{
	if (ftruncate(fd, (off_t)size))
		return;
	if (size < w->kept_size)
		memset(w->kept + size, 0, w->kept_size - size);
	w->kept_size = size;
}

static void act_keep(struct worker *w)
{
	char path[PATH_MOST], name[64];
	size_t at = below(w, KEPT - 70000), size = below(w, below(w, 3) ? 5000 : 70000);
	int fd;

	snprintf(name, sizeof(name), "sim/disk/kept%u", w->number);
	begin(w, path_of(path, name));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0) {
		switch (below(w, 6)) {
		case 0:
			cut(w, fd, below(w, KEPT));
			break;
		case 1:
			fsync(fd);
			break;
		case 2:
		case 3:
			keep(w, fd, size, at);
			break;
		default:
			compare(w, fd, size, at);
			break;
		}
		close(fd);
	}
	finish(w, fd);
}

/* ---- signals ---- */

static void nothing(int number)
{
	(void)number;
}

static void page_missing(int number)
{
	(void)number;
	siglongjmp(no_page, 1);
}

static void act_interrupt(struct worker *w)
{
	size_t nr = __atomic_load_n(&nr_workers, __ATOMIC_ACQUIRE);

	pthread_kill(workers[below(w, nr)].thread, SIGUSR1);
	usleep((useconds_t)below(w, 4000));
}

/* A child reads, and is killed. */
static void act_kill(struct worker *w)
{
	pid_t child;

	begin(w, "a child that is killed");
	child = fork();
	if (!child) {
		struct worker own = { .chance = below(w, UINT64_MAX) };

		alarm(30);
		for (;;)
			if (below(&own, 4))
				act_read(&own);
			else
				act_command(&own);
	}
	usleep((useconds_t)below(w, 20000));
	if (child > 0) {
		kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	finish(w, 0);
}

/* ---- all together ---- */

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		w->act(w);
	return NULL;
}

static void collect(const char *name)
{
	char path[PATH_MOST], child[PATH_MOST];
	struct dirent *e;
	DIR *d = opendir(path_of(path, name));

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.' || !strcmp(e->d_name, "kcore"))
			continue;
		if (snprintf(child, sizeof(child), "%s%s%s", name, *name ? "/" : "", e->d_name) >=
		    (int)sizeof(child))
			continue;
		if (e->d_type == DT_DIR)
			collect(child);
		else if (nr_files < FILES_MAX)
			files[nr_files++] = strdup(child);
	}
	if (d)
		closedir(d);
}

static void watch(time_t until)
{
	size_t i;

	while (seconds() < until) {
		usleep(200000);
		for (i = 0; i < nr_workers; i++) {
			time_t began = __atomic_load_n(&workers[i].began, __ATOMIC_ACQUIRE);

			if (began && seconds() - began > HANG)
				end(HUNG, workers[i].what, "it takes more than a minute");
		}
	}
}

static void start(void (*act)(struct worker *), uint64_t seed)
{
	struct worker *w = &workers[nr_workers];

	w->act = act;
	w->number = (unsigned int)nr_workers;
	w->chance = seed * 100 + nr_workers;
	w->kept = calloc(1, KEPT);
	if (!w->kept || pthread_create(&w->thread, NULL, work, w))
		abort();
	__atomic_store_n(&nr_workers, nr_workers + 1, __ATOMIC_RELEASE);
}

/* A signal to its writer ends a command; one that ends the threads must not wait for them for
 * ever. */
static void stop(void)
{
	time_t until = seconds() + HANG;
	size_t i;

	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	for (i = 0; i < nr_workers; i++) {
		while (pthread_tryjoin_np(workers[i].thread, NULL)) {
			if (seconds() > until)
				end(HUNG, workers[i].what, "it does not end by a signal");
			pthread_kill(workers[i].thread, SIGUSR1);
			usleep(10000);
		}
	}
}

int main(int argc, char **argv)
{
	static void (*const acts[])(struct worker *) = { act_read,    act_read, act_command,
							 act_command, act_knob, act_birth,
							 act_clock,   act_kill, act_interrupt,
							 act_keep,    act_keep };
	struct sigaction interrupt = { .sa_handler = nothing },
			 missing = { .sa_handler = page_missing };
	unsigned long done = 0;
	uint64_t seed;
	size_t i;

	if (argc < 4) {
		fprintf(stderr, "usage: soak DIR SECONDS SEED [travel]\n");
		return 64;
	}
	sigaction(SIGUSR1, &interrupt, NULL);
	sigaction(SIGBUS, &missing, NULL);
	top = argv[1];
	travel = argc > 4;
	seed = strtoul(argv[3], NULL, 10);
	files = malloc(FILES_MAX * sizeof(*files));
	if (!files)
		return 71;
	collect("");
	if (!nr_files)
		return 66;
	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (!travel || acts[i] != act_keep)
			start(acts[i], seed);
	watch(seconds() + (time_t)strtoul(argv[2], NULL, 10));
	stop();
	for (i = 0; i < nr_workers; i++)
		done += workers[i].done;
	printf("done %lu of %zu files\n", done, nr_files);
	return 0;
}
