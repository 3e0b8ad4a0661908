/* Bursts of requests keep the host's CPUs from sleeping, and nothing else does. */
#include "fs/awake.h"
#include "tests/tap.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char device[] = "/tmp/mmanfs.awakeXXXXXX";

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

	awake_init(&a, device, 0);
	requests(&a, 4, 1000);
	ok(!awake_held(&a) && written() == 0, "the few requests of a cat hold nothing");
	requests(&a, 40, NSEC_PER_MSEC);
	ok(!awake_held(&a) && written() == 0, "nor do many that come slowly");
	requests(&a, 40, 20000);
	ok(awake_held(&a), "a burst holds the device");
	fd = open(device, O_RDONLY | O_CLOEXEC);
	ok(read(fd, &latency, sizeof(latency)) == sizeof(latency) && latency == 0,
	   "with a latency of 0");
	close(fd);

	awake_look(&a);
	requests(&a, 1, 0);
	awake_look(&a);
	ok(awake_held(&a), "it is held while requests come");
	fd = a.fd;
	awake_look(&a);
	ok(!awake_held(&a) && fcntl(fd, F_GETFD) < 0, "and let go when none comes");
	awake_look(&a);
	requests(&a, 40, 20000);
	ok(awake_held(&a), "the next burst holds it again");
	fd = a.fd;
	awake_end(&a);
	ok(fcntl(fd, F_GETFD) < 0, "the end lets it go");
}

/* A thread of its own looks, and lets go sooner or later. */
static void test_thread(void)
{
	struct awake a;
	u32 burst;

	awake_init(&a, device, 1);
	for (burst = 0; burst < 3; burst++) {
		requests(&a, 40, 20000);
		while (awake_held(&a))
			usleep(100);
	}
	ok(!a.refused, "bursts come and go");
	requests(&a, 40, 20000);
	awake_end(&a);
	ok(!awake_held(&a), "the end does not wait for the thread's look");
}

static void test_refused(void)
{
	struct awake a;

	awake_init(&a, "/nonexistent/cpu_dma_latency", 1);
	requests(&a, 40, 20000);
	ok(!awake_held(&a) && a.refused, "where there is no such device, nothing is held");
	requests(&a, 40, 20000);
	ok(!awake_held(&a), "and it is not asked for again");
	awake_end(&a);
}

int main(void)
{
	int fd = mkstemp(device);

	if (fd < 0)
		err(1, "%s", device);
	close(fd);
	test_burst();
	test_thread();
	test_refused();
	unlink(device);
	return done_testing();
}
