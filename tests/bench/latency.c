/*
 * How long a reader waits: opens, reads to the end and closes a file every few milliseconds.
 * usage: latency SECONDS PATH
 * Prints the median, the 99th percentile and the longest, in milliseconds.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MAX	 100000
#define PAUSE_US 3000

static double times[MAX];
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

int main(int argc, char **argv)
{
	double end, start;
	int n = 0, fd;

	if (argc != 3)
		errx(64, "usage: latency SECONDS PATH");
	end = now_ms() + strtod(argv[1], NULL) * 1e3;
	while (n < MAX && (start = now_ms()) < end) {
		fd = open(argv[2], O_RDONLY);
		if (fd < 0)
			err(1, "%s", argv[2]);
		while (read(fd, buffer, sizeof(buffer)) > 0)
			;
		close(fd);
		times[n++] = now_ms() - start;
		usleep(PAUSE_US);
	}
	qsort(times, (size_t)n, sizeof(*times), compare);
	printf("%.3f %.3f %.3f\n", times[n / 2], times[n * 99 / 100], times[n - 1]);
	return 0;
}
