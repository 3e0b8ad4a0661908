/* /proc/pressure: which triggers a 6.1 kernel takes. */
#include "tests/fixture.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#define NOBODY 65534u
#define PATH   "proc/pressure/memory"

static const struct {
	const char *bytes;
	size_t size;
	ssize_t result;
} cases[] = {
#define TEXT(s) s, sizeof(s) - 1
	{ TEXT("full 100000 1000000"), -EINVAL }, /* the last digit is overwritten: 100000 */
	{ TEXT("some 1000001 1000000"), -EINVAL },
	{ TEXT("some 0 1000000"), -EINVAL },
	{ TEXT("some 150000 499999"), -EINVAL },
	{ TEXT("some 150000"), -EINVAL },
	{ TEXT("some"), -EINVAL },
	{ TEXT(""), -EINVAL },
	{ TEXT("\n"), -EINVAL },
	{ TEXT("none 1 1"), -EINVAL },
	{ TEXT("SOME 150000 1000000"), -EINVAL },
	{ TEXT("some 150000 1000000 x"), 21 },
	{ TEXT("some 150000 10000000"), 20 },
	{ TEXT("some 150000 10000001"), 20 },
	{ TEXT("some -1 1000000"), -EINVAL },
	{ TEXT("some 0x1000 1000000"), -EINVAL },
	{ TEXT("some 150000 1000000\0"), 20 },
	{ TEXT("ssssssssssssssssssssssssssssssssssssssssssssssssss"), -EINVAL },
	{ TEXT("full 100000 1000000\n"), 20 },
	{ TEXT("some 1000000 1000000\n"), 21 },
	{ TEXT("some 1000001 1000000\n"), -EINVAL },
	{ TEXT("some 0 1000000\n"), -EINVAL },
	{ TEXT("some 1 1000000\n"), 15 },
	{ TEXT("some 150000 499999\n"), -EINVAL },
	{ TEXT("some 150000 500000\n"), 19 },
	{ TEXT("some 150000 10000000\n"), 21 },
	{ TEXT("some 150000 10000001\n"), -EINVAL },
	{ TEXT(" some 150000 1000000\n"), -EINVAL },
	{ TEXT("some  150000   1000000\n"), 23 },
	{ TEXT("some 150000 1000000 x\n"), 22 },
	{ TEXT("some 150000\n"), -EINVAL },
};

static void test_descriptor(struct fixture *f)
{
	struct caller root = { 0 };
	struct open_file *file;
	u64 ino;

	if (tree_walk(f->t, &root, PATH, &ino) || tree_open(f->t, &root, ino, O_RDWR, &file)) {
		fail(PATH " opens");
		return;
	}
	is_int(tree_poll(f->t, &root, file) & (POLLIN | POLLPRI | POLLOUT | POLLERR),
	       POLLIN | POLLPRI | POLLOUT | POLLERR, "poll without a trigger is an error");
	is_int(tree_write(f->t, &root, file, TEXT("some 150000 1000000\n"), 0), 20,
	       "a trigger is set");
	is_int(tree_poll(f->t, &root, file) & (POLLIN | POLLPRI | POLLERR), POLLIN,
	       "poll waits for it then: no stall, no event");
	is_err(tree_write(f->t, &root, file, TEXT("some 150000 1000000\n"), 0), -EBUSY,
	       "one trigger for each descriptor");
	tree_release(f->t, &root, file);
}

int main(void)
{
	struct fixture f;
	size_t i;

	if (!fixture_open(&f, "two-node", NULL))
		bail_out("%s", f.why);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ssize_t got = fixture_write_as(&f, 0, PATH, cases[i].bytes, cases[i].size);

		if (cases[i].result < 0)
			is_err(got, cases[i].result, "\"%.40s\" is refused", cases[i].bytes);
		else
			is_int(got, cases[i].result, "\"%.40s\" is taken", cases[i].bytes);
	}
	is_int(fixture_write_as(&f, NOBODY, PATH, TEXT("full 150000 2000000\n")), 20,
	       "another user may watch windows of 2 s");
	is_err(fixture_write_as(&f, NOBODY, PATH, TEXT("full 150000 1000000\n")), -EINVAL,
	       "not of 1 s");
	test_descriptor(&f);
	fixture_close(&f);
	return done_testing();
}
