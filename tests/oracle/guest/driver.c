/*
 * driver.c - the guest's side of the language: makes processes, hands them their lines, reads and
 * writes files.
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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/oracle/guest/driver.h"
#include "tests/oracle/lib/language.h"

#define SLOTS	  12
#define TEXT_ROOM (4ul << 20)

struct slot {
	char name[32];
	pid_t pid;
	int fd[2]; /* driver's end, process's end */
	bool used;
};

static struct slot slots[SLOTS];

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

/* A slot that this round has not used yet: what was sent to a dead process must not reach
 * another. */
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

/* Whoever asks for the number is going to look at the process: it is back asleep by then. */
static int guest_pid(struct side *s, const char *name)
{
	struct slot *slot = find_slot(name);

	(void)s;
	usleep(3000);
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
		snprintf(fork_line, sizeof(fork_line), "fork %d",
			 child < 0 ? -1 : slots[child].fd[1]);
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

static bool guest_alive(struct side *s, const char *name)
{
	struct slot *slot = find_slot(name);

	(void)s;
	usleep(300000); /* who was killed is on its way out */
	return slot && !kill(slot->pid, 0);
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

static int guest_machine(struct side *s, const char *line)
{
	(void)s;
	return disk_machine(line);
}

static void guest_wait(struct side *s, unsigned int ms)
{
	(void)s;
	usleep(ms * 1000);
}

static int guest_file(struct side *s, const char *path, bool there)
{
	(void)s;
	return disk_file(path, there);
}

static int guest_directory(struct side *s, const char *path, bool there)
{
	(void)s;
	return done(there ? mkdir(absolute(path), 0755) : rmdir(absolute(path)));
}

static ssize_t guest_at(struct side *s, const char *path, unsigned long long offset, char *buffer,
			size_t size, bool write)
{
	int fd = open(absolute(path), write ? O_RDWR : O_RDONLY), error;
	ssize_t n;

	(void)s;
	if (fd < 0)
		return -errno;
	n = write ? pwrite(fd, buffer, size, (off_t)offset) :
		    pread(fd, buffer, size, (off_t)offset);
	error = errno;
	close(fd);
	return n < 0 ? -error : n;
}

static void guest_log(struct side *s, void (*each)(void *arg, const char *record), void *arg)
{
	static char record[8192];
	static int fd = -1;
	char *text;
	ssize_t n;

	(void)s;
	if (fd < 0)
		fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		record[n < 0 ? 0 : n] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		text[strcspn(text, "\n")] = '\0';
		each(arg, text + 1);
	}
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
			     .command = guest_command,
			     .alive = guest_alive,
			     .machine = guest_machine,
			     .wait = guest_wait,
			     .file = guest_file,
			     .directory = guest_directory,
			     .at = guest_at,
			     .log = guest_log };
	struct recorder recorder = { .begin = print_case, .answer = print_answer };
	int i;

	/* not for the processes that are forked off */
	char *text =
		mmap(NULL, TEXT_ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (argc < 4 || text == MAP_FAILED || madvise(text, TEXT_ROOM, MADV_DONTFORK))
		return 2;
	signal(SIGCHLD, SIG_IGN);
	set_oom_score_adj("-1000"); /* never the victim */
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	for (i = 3; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY);
		ssize_t n = fd < 0 ? -1 : read(fd, text, TEXT_ROOM - 1);

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
