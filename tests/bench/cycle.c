/*
 * Times an operation on several files in turn, so that a busy moment of the host strikes all alike,
 * and prints each one's 10th percentile and its ratio to the first.
 * usage: cycle read|write|list ROUNDS PATH PATH ...
 *
 *	read    open, read to the end, close
 *	write   open, write "1", close
 *	list    ls -l of a directory: its names, then stat of each; cold, that is, after a pause in which
 *	        the kernel forgets what file systems let it remember for a second
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATHS_MAX 8
#define BATCH	  20 /* operations between two looks at the clock */
#define FORGET_US 1200000

static char buffer[1 << 17];

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void do_read(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		err(1, "%s", path);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		;
	if (n < 0)
		err(1, "%s", path);
	close(fd);
}

static void do_write(const char *path)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, "1", 1) != 1)
		err(1, "%s", path);
	close(fd);
}

static void do_list(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;

	if (!dir)
		err(1, "%s", path);
	while ((entry = readdir(dir)))
		fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW);
	closedir(dir);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	void (*operation)(const char *) = NULL;
	uint64_t *times[PATHS_MAX], start;
	long rounds, i, k;
	int n = argc - 3, p, batch = BATCH;
	double first = 0, p10;

	if (n >= 1 && n <= PATHS_MAX) {
		operation = !strcmp(argv[1], "read")  ? do_read :
			    !strcmp(argv[1], "write") ? do_write :
			    !strcmp(argv[1], "list")  ? do_list :
							NULL;
	}
	if (!operation || (rounds = strtol(argv[2], NULL, 10)) < 1)
		errx(64, "usage: cycle read|write|list ROUNDS PATH ...");
	if (operation == do_list)
		batch = 1;
	for (p = 0; p < n; p++)
		times[p] = calloc((size_t)rounds, sizeof(**times));

	for (i = 0; i < rounds; i++) {
		for (p = 0; p < n; p++) {
			if (operation == do_list)
				usleep(FORGET_US);
			start = now_ns();
			for (k = 0; k < batch; k++)
				operation(argv[3 + p]);
			times[p][i] = (now_ns() - start) / (uint64_t)batch;
		}
	}
	for (p = 0; p < n; p++) {
		qsort(times[p], (size_t)rounds, sizeof(**times), compare);
		p10 = (double)times[p][rounds / 10];
		if (!p)
			first = p10;
		printf("%.2f us\t%.3f\t%s\n", p10 / 1000, p10 / first, argv[3 + p]);
		free(times[p]);
	}
	return 0;
}
