/* Going to the background; daemon.h has the order of events. */
#include "fs/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* Whoever waits for the end of a pipe that we were given must not wait for the machine's end. */
static void close_others(int keep)
{
	if (keep > STDERR_FILENO + 1)
		syscall(SYS_close_range, STDERR_FILENO + 1, (unsigned int)keep - 1, 0);
	syscall(SYS_close_range, (unsigned int)keep + 1, ~0u, 0);
}

int daemon_fork(struct daemon *d)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	d->child = fork();
	if (d->child < 0) {
		close(ends[0]);
		close(ends[1]);
		return -EAGAIN;
	}
	d->pipe = ends[d->child ? 0 : 1];
	close(ends[d->child ? 1 : 0]);
	if (!d->child)
		close_others(d->pipe);
	return d->child > 0;
}

int daemon_wait(struct daemon *d)
{
	ssize_t n;
	char c;
	int status;

	do {
		n = read(d->pipe, &c, 1);
	} while (n < 0 && errno == EINTR);
	close(d->pipe);
	d->pipe = -1;
	if (n == 1)
		return 0;

	while (waitpid(d->child, &status, 0) < 0)
		if (errno != EINTR)
			return EX_OSERR;
	d->child = 0;
	/* one that ended well without being ready was unmounted before it was */
	return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}

void daemon_ready(struct daemon *d)
{
	ssize_t n;

	if (d->pipe < 0)
		return;
	do {
		n = write(d->pipe, "", 1);
	} while (n < 0 && errno == EINTR);
	close(d->pipe);
	d->pipe = -1;
}

void daemon_detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	if (chdir("/"))
		return;
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
}
