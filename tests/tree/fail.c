/*
 * I/O errors (`fail` in sim/ctl): who is told, who dies, what the kernel log says, and that nobody
 * else notices.
 */
#include <errno.h>
#include <string.h>

#include "tests/ctl.h"
#include "tests/identities.h"
#include "tests/sound.h"
#include "tests/tap.h"

static const struct caller root;

static ssize_t ctl(struct fixture *f, const char *line)
{
	return fixture_write(f, "sim/ctl", line);
}

static void test_words(struct fixture *f)
{
	static const struct ctl_case cases[] = {
		{ "fail", -EINVAL, "usage: fail DEVICE" },
		{ "fail sdz", -ENODEV, "there is no device 'sdz': vda, or a swap area's name" },
		{ "fail vda sometimes", -EINVAL, "unknown option 'sometimes'" },
		{ "fail vda probability=101", -EINVAL, "0 to 100 percent" },
		{ "fail vda probability=many", -EINVAL, "is not a number" },
		{ "fail vda times=0", -EINVAL, "at least 1" },
		{ "fail vda interval=0", -EINVAL, "at least 1" },
		{ "fail vda read off", -EINVAL, "unknown option 'off'" },
		{ "fail vda write probability=50 interval=2 times=-1", 0, NULL },
		{ "fail /dev/vda off", 0, NULL },
		{ "fail vda off", 0, NULL },
	};

	ctl_cases(f, "sim/ctl", cases, ARRAY_SIZE(cases));
}

static void make_file(struct fixture *f, const char *name)
{
	u64 disk, ino;

	if (tree_walk(f->t, &root, "sim/disk", &disk) ||
	    tree_create_file(f->t, &root, disk, name, 0644, &ino))
		bail_out("cannot make sim/disk/%s", name);
}

static bool logged(struct fixture *f, const char *what)
{
	const struct log_ring *r = &f->m->kmsg;
	u64 seq = 0, time;
	char line[LOG_LINE_MAX];
	int level;

	for (; log_read(r, &seq, &time, &level, line, sizeof(line)) >= 0; seq++)
		if (strstr(line, what))
			return true;
	return false;
}

static void test_files(struct fixture *f)
{
	make_file(f, "data");
	ctl_mkdir(f, "a");
	ok(ctl_put(f, "a", "fwrite data 0 1M\n") > 0, "a file of 1 MiB");
	ctl(f, "fail vda write times=1\n");
	is_err(ctl_put(f, "a", "fsync data\n"), -EIO, "fsync says that it is not safe");
	like(ctl_read(f, "a", "ctl"), "the disk did not take all of the file", "in words");
	ok(ctl_put(f, "a", "fsync data\n") > 0, "once");
	ok(logged(f, "I/O error, dev vda, sector "), "the log has the request");
	ok(logged(f, "Buffer I/O error on dev vda, logical block "), "and the page");
	is_str(ctl_read(f, "a", "status"), "sleeping", "the process goes on");

	fixture_write(f, "proc/sys/vm/drop_caches", "1\n");
	ctl(f, "fail vda read\n");
	is_err(ctl_put(f, "a", "fread data 0 64K\n"), -EIO, "a read that the disk fails");
	is_str(ctl_read(f, "a", "status"), "sleeping", "is an error, and no death");
	ctl(f, "fail vda off\n");
	ok(ctl_put(f, "a", "fread data 0 64K\n") > 0, "it can be read when the disk is well");

	fixture_write(f, "proc/sys/vm/drop_caches", "1\n");
	ctl_put(f, "a", "mmap m 1M file=data shared prot=r\n");
	ctl(f, "fail vda read\n");
	ctl_put(f, "a", "read m 0 4K\n");
	like(ctl_read(f, "a", "status"), "signal 7|SIGBUS",
	     "a mapped page that cannot be read: SIGBUS");
	ctl(f, "fail vda off\n");
	ctl_rmdir(f, "a");
	is_sound(f->m, "after errors of files");
}

static void test_swap(struct fixture *f)
{
	ok(ctl(f, "swapon sw0 512M\n") > 0, "a swap area");
	ctl_mkdir(f, "small");
	ctl_mkdir(f, "large");
	ctl_put(f, "small", "mmap m 1M\n");
	ctl_put(f, "small", "write m\n");
	ctl_put(f, "small", "mlock m\n");
	ctl_put(f, "large", "mmap m 200M\n");
	ok(ctl_put(f, "large", "write m\n") > 0, "200 MiB in a machine of 128 MiB");
	cmp_int(ctl_vmstat(f, "pswpout"), >, 20000, "most of it is in swap");
	ok(ctl(f, "fail sw0 read\n") > 0, "the area cannot be read any more");
	ok(ctl_put(f, "small", "read m\n") > 0, "who needs nothing of it does not notice");
	ok(ctl_put(f, "small", "fread data 0 1M\n") > 0, "the rest of the disk is well");
	ctl_put(f, "large", "read m\n");
	like(ctl_read(f, "large", "status"), "signal 7|SIGBUS", "who needs a page of it dies");
	is_str(ctl_read(f, "small", "status"), "sleeping", "nobody else");
	ok(logged(f, "Read-error on swap-device (254:16:"), "the log says so");
	is_sound(f->m, "after errors of swap");
	ctl_rmdir(f, "large");
	ctl_mkdir(f, "more");
	ctl(f, "fail sw0 write\n");
	ctl_put(f, "more", "mmap m 100M\n");
	ctl_put(f, "more", "write m\n");
	ok(logged(f, "Write-error on swap-device (254:16:"), "pages that swap does not take");
	is_sound(f->m, "while swap takes nothing");
	ctl(f, "fail sw0 probability=0\n");
	ctl_rmdir(f, "more");
	ok(ctl(f, "swapoff sw0\n") > 0, "swapoff");
	is_err(ctl(f, "fail sw0\n"), -ENODEV, "what is off is no device");
	is_uint(f->m->blk.nr_faults, 0, "its rule went with it");
	ctl_rmdir(f, "small");
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "tiny", NULL))
		bail_out("%s", f.why);
	test_words(&f);
	test_files(&f);
	test_swap(&f);
	is_sound(f.m, "at the end");
	fixture_close(&f);
	return done_testing();
}
