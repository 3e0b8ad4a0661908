/*
 * Files of sim/disk with O_DIRECT: what is refused, what is counted, what stays in the page cache.
 * The cases and numbers are those of a 6.1 kernel with ext4. Then both ways of reading and writing
 * mixed, against a copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "tests/ctl.h"
#include "tests/draw.h"
#include "tests/identities.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define K64 65536u

static u64 seed = 61;

static u32 pick(u32 n)
{
	return draw(&seed, n);
}

static const struct caller root;
static char buffer[1 << 20];

static struct open_file *open_data(struct fixture *f, const char *path, bool direct)
{
	struct open_file *file = NULL;
	u64 ino;

	if (tree_walk(f->t, &root, path, &ino) || tree_open(f->t, &root, ino, O_RDWR, &file))
		bail_out("cannot open %s", path);
	tree_set_direct(f->t, &root, file, direct);
	return file;
}

static void make_file(struct fixture *f, const char *name)
{
	u64 disk, ino;

	if (tree_walk(f->t, &root, "sim/disk", &disk) ||
	    tree_create_file(f->t, &root, disk, name, 0644, &ino))
		bail_out("cannot make sim/disk/%s", name);
}

static ssize_t rd(struct fixture *f, struct open_file *file, size_t size, u64 offset)
{
	return tree_read(f->t, &root, file, buffer, size, offset);
}

static ssize_t wr(struct fixture *f, struct open_file *file, size_t size, u64 offset)
{
	return tree_write(f->t, &root, file, buffer, size, offset);
}

/* What changed since the last time. */
static struct counts {
	s64 in, out, cached, dirty;
} before;

static struct counts since(struct fixture *f)
{
	struct counts now = { ctl_vmstat(f, "pgpgin"), ctl_vmstat(f, "pgpgout"),
			      ctl_vmstat(f, "nr_file_pages"), ctl_vmstat(f, "nr_dirty") },
		      d = { now.in - before.in, now.out - before.out, now.cached - before.cached,
			    now.dirty - before.dirty };

	before = now;
	return d;
}

static void test_counts(struct fixture *f)
{
	struct open_file *cached, *direct;
	struct counts c;

	make_file(f, "d");
	cached = open_data(f, "sim/disk/d", false);
	direct = open_data(f, "sim/disk/d", true);
	since(f);
	is_int(wr(f, cached, K64, 0), K64, "64 KiB through the page cache");
	c = since(f);
	is_int(c.cached, 16, "16 pages");
	is_int(c.dirty, 16, "dirty");
	is_int(rd(f, direct, K64, 0), K64, "are read with O_DIRECT");
	c = since(f);
	is_int(c.out, 64, "after they were written");
	is_int(c.in, 64, "from the disk");
	is_int(c.cached, 0, "and stay in the cache");
	rd(f, direct, K64, 0);
	is_int(since(f).in, 64, "a second time from the disk too");
	is_int(wr(f, direct, 16384, 16384), 16384, "16 KiB in the middle are written");
	c = since(f);
	is_int(c.out, 16, "to the disk");
	is_int(c.cached, -4, "and the cache forgets those four pages");
	is_int(wr(f, direct, 16384, K64), 16384, "16 KiB behind the end");
	c = since(f);
	is_int(c.out, 16, "are written");
	is_int(c.cached, 0, "and not cached");
	is_int(rd(f, direct, 100, 0), -EINVAL, "100 bytes cannot");
	tree_set_direct(f->t, &root, direct, false);
	is_int(rd(f, direct, 100, 0), 100, "without O_DIRECT they can: fcntl(2) changes it");
	tree_release(f->t, &root, cached);
	tree_release(f->t, &root, direct);
	is_sound(f->m, "after reads and writes past the cache");
}

/* A file of 81920 bytes; afterwards it ends at 1 MiB + 512. */
static void test_refused(struct fixture *f)
{
	static const struct {
		bool write;
		u64 offset, size;
		ssize_t result;
	} t[] = {
		{ false, 0, 512, 512 },
		{ false, 512, 512, 512 },
		{ false, 100, 512, -EINVAL },
		{ false, 0, 100, -EINVAL },
		{ true, 0, 512, 512 },
		{ true, 512, 1024, 1024 },
		{ true, 1, 512, -EINVAL },
		{ true, 0, 511, -EINVAL },
		{ false, 0, 0, 0 },
		{ true, 0, 0, 0 },
		{ false, 81920, 512, 0 },
		{ false, 81920 - 512, 4096, 512 },
		{ false, 81921, 512, 0 },
		{ false, 1 << 20, 4096, 0 },
		{ true, 1 << 20, 512, 512 },
		{ false, 3, 0, 0 },
		{ true, 3, 0, 0 },
		{ true, (u64)1 << 44, 512, -EFBIG },
	};
	struct open_file *direct = open_data(f, "sim/disk/d", true);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(t); i++)
		is_int(t[i].write ? wr(f, direct, t[i].size, t[i].offset) :
				    rd(f, direct, t[i].size, t[i].offset),
		       t[i].result, "%s of %llu bytes at %llu", t[i].write ? "write" : "read",
		       (unsigned long long)t[i].size, (unsigned long long)t[i].offset);
	since(f);
	is_int(rd(f, direct, K64, 524288), K64, "a hole is read");
	is_int(since(f).in, 0, "without the disk");
	tree_release(f->t, &root, direct);
}

static void test_mapped(struct fixture *f)
{
	struct open_file *direct;

	ctl_mkdir(f, "p");
	is_int(ctl_put(f, "p", "fwrite m 0 64K\n"), -ENOENT, "no such file");
	make_file(f, "m");
	direct = open_data(f, "sim/disk/m", true);
	ctl_put(f, "p", "fwrite m 0 64K\nfsync m\nmmap v 64K file=m shared\nwrite v 0 8K\n");
	since(f);
	is_int(wr(f, direct, 4096, 0), 4096, "a mapped dirty page is overwritten");
	is_int(since(f).out, 8, "it was written before");
	is_int(ctl_vmstat(f, "nr_mapped") > 0, 1, "its neighbour stays mapped");
	ok(ctl_put(f, "p", "read v 0 4K\n") > 0, "and it is mapped anew when it is used");
	is_int(since(f).in, 4, "from the disk");
	is_int(ctl_put(f, "p", "fread m 0 64K direct\n") > 0, 1, "fread with O_DIRECT");
	is_int(ctl_put(f, "p", "fread m 1 64K direct\n"), -EINVAL, "misaligned");
	like(ctl_read(f, "p", "ctl"), "multiples of 512", "in words");
	is_int(ctl_put(f, "p", "fread m 0 64K often\n"), -EINVAL, "another word");
	fixture_write(f, "sim/ctl", "fail vda file=m sectors=8 write\n");
	is_int(ctl_put(f, "p", "fwrite m 64K 64K direct\n") > 0, 1, "fwrite, behind a bad sector");
	is_int(ctl_put(f, "p", "fwrite m 0 64K direct\n"), -EIO, "fwrite over it");
	is_int(ctl_put(f, "p", "fsync m\n") > 0, 1, "which fsync has no part in");
	is_int(wr(f, direct, 8192, 0), -EIO, "and write(2)");
	fixture_write(f, "sim/ctl", "fail vda off\n");
	tree_release(f->t, &root, direct);
	ctl_rmdir(f, "p");
	is_sound(f->m, "after a mapped file");
}

#define MODEL_SIZE (256u << 10)

static void test_against_copy(struct fixture *f)
{
	static char model[MODEL_SIZE], got[MODEL_SIZE];
	struct open_file *file[2];
	u32 step, wrong = 0, i;
	u64 length = 0;

	make_file(f, "x");
	file[0] = open_data(f, "sim/disk/x", false);
	file[1] = open_data(f, "sim/disk/x", true);
	for (step = 0; step < 3000; step++) {
		bool direct = pick(2);
		u32 unit = direct ? 512 : 1;
		u64 offset = (u64)pick(MODEL_SIZE / 2 / unit) * unit;
		u64 size = (u64)pick(MODEL_SIZE / (pick(2) ? 2 : 32) / unit) * unit, n;
		ssize_t result;

		if (!pick(40))
			fixture_write(f, "proc/sys/vm/drop_caches", "1\n");
		if (!pick(40))
			tree_fsync(f->t, &root, file[0]);
		if (pick(2)) {
			for (i = 0; i < size; i++)
				buffer[i] = (char)pick(256);
			result = wr(f, file[direct], size, offset);
			wrong += result != (ssize_t)size;
			memcpy(model + offset, buffer, size);
			if (size && offset + size > length)
				length = offset + size;
			continue;
		}
		n = offset < length ? min_t(u64, size, length - offset) : 0;
		result = tree_read(f->t, &root, file[direct], got, size, offset);
		wrong += result != (ssize_t)n || memcmp(got, model + offset, n) != 0;
	}
	is_uint(wrong, 0, "3000 reads and writes of either kind see each other's bytes");
	tree_release(f->t, &root, file[0]);
	tree_release(f->t, &root, file[1]);
	is_sound(f->m, "after them");
}

int main(void)
{
	struct fixture f;
	u64 ino;

	if (!fixture_open(&f, "tiny", NULL))
		bail_out("%s", f.why);
	test_counts(&f);
	test_refused(&f);
	test_mapped(&f);
	test_against_copy(&f);
	if (!tree_walk(f.t, &root, "proc/meminfo", &ino)) {
		struct open_file *file;

		is_err(tree_open(f.t, &root, ino, O_RDONLY | O_DIRECT, &file), -EINVAL,
		       "what lies on no disk cannot be opened with O_DIRECT");
	}
	check_identities(f.t, "at the end");
	fixture_close(&f);
	return done_testing();
}
