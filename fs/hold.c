/*
 * hold.c - locks between daemons, by flock(2): they go with the process, however it ends.
 */
#include "fs/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 5
#define FILE_MS	 2000
#define END_MS	 10000

static int lock_within(int fd, int ms)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			return 0;
		if (ms <= 0)
			return -EBUSY;
		nanosleep(&pause, NULL);
		ms -= PAUSE_MS;
	}
	return 0;
}

int hold_file(int fd)
{
	return lock_within(fd, FILE_MS);
}

void hold_mountpoint(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		flock(fd, LOCK_SH | LOCK_NB);
}

void hold_wait(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	lock_within(fd, END_MS);
	close(fd);
}

int hold_try(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = hold_file(fd);
	close(fd);
	return error;
}
