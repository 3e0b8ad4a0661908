/* Serving callers from the CPU they run on; follow.h says why. */
#include "fs/follow.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_EVERY	128u /* requests: a look costs about as much as one of them */
#define PROCESSOR_FIELD 37u  /* of /proc/TID/stat, counted from the one behind the name */

void follow_init(struct follow *f)
{
	if (sched_getaffinity(0, sizeof(f->allowed), &f->allowed))
		CPU_ZERO(&f->allowed);
	f->countdown = LOOK_EVERY;
}

/* The CPU that @tid ran on last, or -1. */
static int cpu_of(u32 tid)
{
	char path[32], line[512], *at;
	ssize_t n;
	u32 field;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[n > 0 ? n : 0] = '\0';
	/* a name may hold blanks and parentheses: the last one ends it */
	at = strrchr(line, ')');
	for (field = 0; at && field < PROCESSOR_FIELD; field++)
		at = strchr(at + 1, ' ');
	return at ? (int)strtol(at, NULL, 10) : -1;
}

void follow_caller(struct follow *f, u32 tid)
{
	cpu_set_t one;
	int cpu;
	size_t to;

	if (--f->countdown)
		return;
	f->countdown = LOOK_EVERY;
	cpu = tid ? cpu_of(tid) : -1;
	if (cpu < 0 || cpu >= CPU_SETSIZE || cpu == sched_getcpu())
		return;
	to = (size_t)cpu;
	if (!CPU_ISSET(to, &f->allowed))
		return;
	/* go there, but do not stay bound: the scheduler may know better later */
	CPU_ZERO(&one);
	CPU_SET(to, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
	(void)sched_setaffinity(0, sizeof(f->allowed), &f->allowed);
}
