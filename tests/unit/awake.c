/* Bursts of requests keep the host's CPUs from sleeping, and nothing else does. */
#include "fs/awake.h"
#include "tests/tap.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char device[] = "/tmp/mmanfs.awakeXXXXXX";
static int pipe_ends[2];

/* @nr requests, @apart ns from each other */
static void requests(struct awake *a, u32 nr, u64 apart)
{
	static const u64 start = 5 * NSEC_PER_SEC;
	u32 i;

	for (i = 0; i < nr; i++)
		awake_request(a, start + i * apart);
}

static off_t written(void)
{
	struct stat st;

	if (stat(device, &st))
		err(1, "%s", device);
	return st.st_size;
}

static void test_burst(void)
{
	struct awake a;
	s32 latency = -1;
	int fd;

	awake_init(&a, device);
	requests(&a, 4, 1000);
	ok(a.fd < 0 && written() == 0, "the few requests of a cat hold nothing");
	requests(&a, 40, NSEC_PER_MSEC);
	ok(a.fd < 0 && written() == 0, "nor do many that come slowly");
	requests(&a, 40, 20000);
	ok(a.fd >= 0, "a burst holds the device");
	fd = open(device, O_RDONLY | O_CLOEXEC);
	ok(read(fd, &latency, sizeof(latency)) == sizeof(latency) && latency == 0,
	   "with a latency of 0");
	close(fd);

	if (write(pipe_ends[1], "x", 1) != 1)
		err(1, "pipe");
	awake_wait(&a, pipe_ends[0]);
	ok(a.fd >= 0, "it is held while the next request is there");
	if (read(pipe_ends[0], &latency, 1) != 1)
		err(1, "pipe");
	fd = a.fd;
	awake_wait(&a, pipe_ends[0]);
	ok(a.fd < 0 && fcntl(fd, F_GETFD) < 0, "and let go when none comes");
	requests(&a, 40, 20000);
	ok(a.fd >= 0, "the next burst holds it again");
	fd = a.fd;
	awake_end(&a);
	ok(fcntl(fd, F_GETFD) < 0, "the end lets it go");
}

static void test_refused(void)
{
	struct awake a;

	awake_init(&a, "/nonexistent/cpu_dma_latency");
	requests(&a, 40, 20000);
	ok(a.fd < 0 && a.refused, "where there is no such device, nothing is held");
	awake_wait(&a, pipe_ends[0]);
	requests(&a, 40, 20000);
	ok(a.fd < 0, "and it is not asked for again");
	awake_end(&a);
}

int main(void)
{
	int fd = mkstemp(device);

	if (fd < 0 || pipe(pipe_ends))
		err(1, "%s", device);
	close(fd);
	test_burst();
	test_refused();
	unlink(device);
	return done_testing();
}
