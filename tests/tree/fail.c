/*
 * I/O errors (`fail` in sim/ctl): who is told, who dies, what the kernel log says, and that nobody
 * else notices.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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

static void make_file(struct fixture *f, const char *name)
{
	u64 disk, ino;

	if (tree_walk(f->t, &root, "sim/disk", &disk) ||
	    tree_create_file(f->t, &root, disk, name, 0644, &ino))
		bail_out("cannot make sim/disk/%s", name);
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
		{ "fail vda sectors=0..7", -EINVAL, "is not said: file=PATH" },
		{ "fail vda file=none", -ENOENT, "no file 'none'" },
		{ "fail vda file=d sectors=7..0", -EINVAL, "no such sectors" },
		{ "fail vda file=d sectors=0..x", -EINVAL, "is not a number" },
		{ "fail vda file=d sectors=..", -EINVAL, "is not a number" },
		{ "fail vda file=d sectors=99999999999", -EINVAL, "no such sectors" },
		{ "fail vda file=d sectors=8..15 write", 0, NULL },
		{ "fail vda read file=d sectors=0", 0, NULL },
		{ "fail vda file=d sectors=0 read off", -EINVAL, "unknown option 'off'" },
		{ "fail vda file=d off", 0, NULL },
		{ "fail vda write probability=50 interval=2 times=-1", 0, NULL },
		{ "fail /dev/vda off", 0, NULL },
		{ "fail vda off", 0, NULL },
	};

	make_file(f, "d");
	ctl_cases(f, "sim/ctl", cases, ARRAY_SIZE(cases));
	is_uint(f->m->blk.nr_faults, 0, "no rule is left");
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

/* ---- parts ---- */

static struct open_file *open_data(struct fixture *f, const char *path, int flags)
{
	struct open_file *file = NULL;
	u64 ino;

	if (tree_walk(f->t, &root, path, &ino) || tree_open(f->t, &root, ino, flags, &file))
		bail_out("cannot open %s", path);
	return file;
}

static void test_part_of_file(struct fixture *f)
{
	struct open_file *one, *two, *other, *late;
	u64 disk;

	make_file(f, "parts");
	make_file(f, "whole");
	one = open_data(f, "sim/disk/parts", O_RDWR);
	two = open_data(f, "sim/disk/parts", O_RDWR);
	other = open_data(f, "sim/disk/whole", O_RDWR);
	ctl_mkdir(f, "a");
	ctl_put(f, "a", "fwrite parts 0 1M\n");
	ctl_put(f, "a", "fwrite whole 0 1M\n");
	ctl(f, "fail vda file=parts sectors=80..95 write\n");
	is_err(tree_fsync(f->t, &root, other), 0, "another file is safe");
	is_err(tree_fsync(f->t, &root, one), -EIO, "the one with the bad sectors is not");
	is_err(tree_fsync(f->t, &root, one), 0, "a descriptor hears of it once");
	is_err(tree_fsync(f->t, &root, two), -EIO, "and so does another of the same file");
	is_err(tree_fsync(f->t, &root, two), 0, "once");
	late = open_data(f, "sim/disk/parts", O_RDWR);
	is_err(tree_fsync(f->t, &root, late), 0, "who came later does not");
	ctl_put(f, "a", "fwrite parts 0 40K\n");
	is_err(tree_fsync(f->t, &root, late), 0, "pages beside the bad sectors can be written");
	ctl_put(f, "a", "fwrite parts 44K 4K\n");
	is_err(tree_fsync(f->t, &root, late), -EIO, "and those can not");
	ctl(f, "fail vda file=parts off\n");

	fixture_write(f, "proc/sys/vm/drop_caches", "1\n");
	ctl(f, "fail vda file=parts sectors=80 read\n");
	ok(ctl_put(f, "a", "fread parts 0 40K\n") > 0, "what lies before is read");
	is_err(ctl_put(f, "a", "fread parts 40K 4K\n"), -EIO, "what lies there is not");
	ok(ctl_put(f, "a", "fread parts 44K 900K\n") > 0, "what lies behind is");
	ctl_rmdir(f, "a");
	tree_release(f->t, &root, one);
	tree_release(f->t, &root, two);
	tree_release(f->t, &root, other);
	tree_release(f->t, &root, late);
	is_uint(f->m->blk.nr_faults, 1, "the rule stays as long as the file");
	if (tree_walk(f->t, &root, "sim/disk", &disk) || tree_unlink(f->t, &root, disk, "parts"))
		bail_out("cannot remove a file");
	is_uint(f->m->blk.nr_faults, 0, "and no longer");
	is_sound(f->m, "after errors of a part of a file");
}

/* Where page @index of the only mapping of a process lies in swap, as its pagemap has it. */
static u64 swap_offset(struct fixture *f, const char *name, u64 index)
{
	u64 start = strtoull(ctl_read(f, name, "regions"), NULL, 16), entry = 0;
	struct open_file *pagemap =
		open_data(f, fixture_format("proc/%u/pagemap", ctl_pid(f, name)), O_RDONLY);

	tree_read(f->t, &root, pagemap, (char *)&entry, sizeof(entry), (start / 4096 + index) * 8);
	tree_release(f->t, &root, pagemap);
	if (!(entry >> 62 & 1))
		bail_out("page %llu of %s is not in swap", (unsigned long long)index, name);
	return entry >> 5 & (((u64)1 << 50) - 1);
}

static void test_slots(struct fixture *f)
{
	static const char *const name[] = { "a", "b" };
	u32 i;

	ctl(f, "swapon vdb 64M\n");
	for (i = 0; i < 2; i++) {
		ctl_mkdir(f, name[i]);
		ctl_put(f, name[i], "mmap m 32K\nwrite m\nswapout\n");
	}
	/* they are in the swap cache until somebody needs the memory */
	ctl_mkdir(f, "c");
	ctl_put(f, "c", "mmap m 110M\nwrite m\n");
	ctl_rmdir(f, "c");
	is_err(ctl(f, "fail vdb sectors=131072\n"), -EINVAL, "the area ends before that");
	ok(ctl(f, fixture_format("fail vdb read sectors=%llu\n",
				 (unsigned long long)swap_offset(f, "b", 1) * 8)) > 0,
	   "the second page of b cannot be read");
	ok(ctl_put(f, "a", "read m\n") > 0, "a has all of its pages");
	ok(ctl_put(f, "b", "read m 0 4K\n") > 0, "b its first");
	ok(ctl_put(f, "b", "read m 8K 24K\n") > 0, "and those from the third on");
	is_err(ctl_put(f, "b", "read m 4K 4K\n"), -EINTR, "when it touches the second");
	like(ctl_read(f, "b", "status"), "signal 7|SIGBUS", "it dies");
	is_str(ctl_read(f, "a", "status"), "sleeping", "and nobody else");
	ctl_rmdir(f, "a");
	ctl_rmdir(f, "b");
	ok(ctl(f, "swapoff vdb\n") > 0, "swapoff");
	is_uint(f->m->blk.nr_faults, 0, "takes the rule along");
	is_sound(f->m, "after an error of one slot");
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "tiny", NULL))
		bail_out("%s", f.why);
	test_words(&f);
	test_files(&f);
	test_swap(&f);
	test_part_of_file(&f);
	test_slots(&f);
	is_sound(f.m, "at the end");
	fixture_close(&f);
	return done_testing();
}
