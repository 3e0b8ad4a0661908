/*
 * How long a reader waits: opens, reads to the end and closes two files by turns, one every few
 * milliseconds. The second one belongs to a file system that has nothing else to do: how long it
 * lets a reader wait is the host's own share.
 * usage: latency SECONDS PATH OTHER-PATH
 * Prints "median MS", "p99 MS" and "longest MS" of the first, then the same of the other with
 * "other_" before each.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MAX	 100000
#define PAUSE_US 1500

static double times[2][MAX];
static char buffer[1 << 17];

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double time_read(const char *path)
{
	double start = now_ms();
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		err(1, "%s", path);
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	close(fd);
	return now_ms() - start;
}

static void print(const char *prefix, double *t, int n)
{
	qsort(t, (size_t)n, sizeof(*t), compare);
	printf("%smedian %.3f\n%sp99 %.3f\n%slongest %.3f\n", prefix, t[n / 2], prefix,
	       t[n * 99 / 100], prefix, t[n - 1]);
}

int main(int argc, char **argv)
{
	double end;
	int n, p;

	if (argc != 4)
		errx(64, "usage: latency SECONDS PATH OTHER-PATH");
	end = now_ms() + strtod(argv[1], NULL) * 1e3;
	for (n = 0; n < MAX && now_ms() < end; n++)
		for (p = 0; p < 2; p++) {
			times[p][n] = time_read(argv[2 + p]);
			usleep(PAUSE_US);
		}
	if (!n)
		errx(64, "no time to read");
	print("", times[0], n);
	print("other_", times[1], n);
	return 0;
}
