/*
 * hold.c - files that only one machine at a time may write.
 */
#include "fs/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define TRIES	 200
#define PAUSE_NS 10000000

int hold_file(int fd)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int i;

	for (i = 0; flock(fd, LOCK_EX | LOCK_NB); i++) {
		if (errno != EWOULDBLOCK)
			return 0;
		if (i == TRIES)
			return -EBUSY;
		nanosleep(&pause, NULL);
	}
	return 0;
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
