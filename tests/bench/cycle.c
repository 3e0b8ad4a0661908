/*
 * Times an operation on two files in turn, so that a busy moment of the host strikes both alike.
 * usage: cycle read|write|list ROUNDS BATCHES PATH OTHER-PATH
 * Prints a line for each round, "OPERATION NS OTHER-NS", and a last one of all rounds together,
 * "OPERATION_all NS OTHER-NS": the 10th percentile of the batches, which is what the operation
 * costs when nobody interferes.
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
	DIR *dir;
	struct dirent *entry;
	struct stat st;

	dir = opendir(path);
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

static void print_p10(const char *operation, const char *suffix, uint64_t *times[2], long n)
{
	int p;

	for (p = 0; p < 2; p++)
		qsort(times[p], (size_t)n, sizeof(**times), compare);
	printf("%s%s %llu %llu\n", operation, suffix, (unsigned long long)times[0][n / 10],
	       (unsigned long long)times[1][n / 10]);
}

static uint64_t time_batch(void (*operation)(const char *), const char *path)
{
	int k, batch = operation == do_list ? 1 : BATCH;
	uint64_t start;

	if (operation == do_list)
		usleep(FORGET_US);
	start = now_ns();
	for (k = 0; k < batch; k++)
		operation(path);
	return (now_ns() - start) / (uint64_t)batch;
}

int main(int argc, char **argv)
{
	void (*operation)(const char *) = NULL;
	long rounds, batches, round, i;
	uint64_t *all[2], *times[2];
	int p;

	if (argc == 6)
		operation = !strcmp(argv[1], "read")  ? do_read :
			    !strcmp(argv[1], "write") ? do_write :
			    !strcmp(argv[1], "list")  ? do_list :
							NULL;
	if (!operation || (rounds = strtol(argv[2], NULL, 10)) < 1 ||
	    (batches = strtol(argv[3], NULL, 10)) < 1)
		errx(64, "usage: cycle read|write|list ROUNDS BATCHES PATH OTHER-PATH");
	for (p = 0; p < 2; p++)
		if (!(all[p] = calloc((size_t)(rounds * batches), sizeof(**all))))
			err(1, "calloc");

	for (round = 0; round < rounds; round++) {
		for (p = 0; p < 2; p++)
			times[p] = all[p] + round * batches;
		for (i = 0; i < batches; i++)
			for (p = 0; p < 2; p++)
				times[p][i] = time_batch(operation, argv[4 + p]);
		print_p10(argv[1], "", times, batches);
	}
	print_p10(argv[1], "_all", all, rounds * batches);
	free(all[0]);
	free(all[1]);
	return 0;
}
