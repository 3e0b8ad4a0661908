/*
 * sys/block/NAME/queue: which input a 6.1 kernel takes, and what the settings do.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ctl.h"
#include "tests/identities.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define VDA   "sys/devices/pci0000:00/0000:00:02.0/virtio0/block/vda/"
#define QUEUE VDA "queue/"

static const struct caller root;

/* Asked in this order of a 6.1 kernel, of a virtio disk with nr_requests of 256. */
static const struct {
	const char *file, *input;
	ssize_t result;
	const char *after;
} inputs[] = {
	{ "scheduler", "none", 4, "[none] mq-deadline \n" },
	{ "scheduler", "mq-deadline\n", 12, "[mq-deadline] none\n" },
	{ "scheduler", "none x", 6, "[none] mq-deadline \n" },
	{ "scheduler", " none", -EINVAL, "[none] mq-deadline \n" },
	{ "scheduler", "mq-deadline x", -EINVAL, "[none] mq-deadline \n" },
	{ "scheduler", " mq-deadline", 12, "[mq-deadline] none\n" },
	{ "scheduler", "deadline", 8, "[mq-deadline] none\n" },
	{ "scheduler", "mq-dead", -EINVAL, "[mq-deadline] none\n" },
	{ "scheduler", "bfq", -EINVAL, "[mq-deadline] none\n" },
	{ "scheduler", "\n", -EINVAL, "[mq-deadline] none\n" },
	{ "nr_requests", "2048", 4, "2048\n" },
	{ "nr_requests", "2049", -EINVAL, "2048\n" },
	{ "nr_requests", "3", 1, "4\n" },
	{ "nr_requests", "-1", -EINVAL, "4\n" },
	{ "nr_requests", " 8", -EINVAL, "4\n" },
	{ "nr_requests", "8\n", 2, "8\n" },
	{ "nr_requests", "0x10", -EINVAL, "8\n" },
	{ "nr_requests", "010", 3, "10\n" },
	{ "nr_requests", "4294967296", -EINVAL, "10\n" },
	{ "scheduler", "none", 4, "[none] mq-deadline \n" },
	{ "nr_requests", "256", 3, "256\n" },
	{ "nr_requests", "257", -EINVAL, "256\n" },
	{ "scheduler", "mq-deadline", 11, "[mq-deadline] none\n" },
	{ "max_sectors_kb", "3", -EINVAL, "1280\n" },
	{ "max_sectors_kb", "5", 1, "5\n" },
	{ "max_sectors_kb", "2147483648", -EINVAL, "5\n" },
	{ "max_sectors_kb", "1280", 4, "1280\n" },
	{ "rotational", "0", 1, "0\n" },
	{ "rotational", "x", -EINVAL, "0\n" },
	{ "rotational", "5", 1, "1\n" },
	{ "rotational", "-1", -EINVAL, "1\n" },
	{ "iostats", "x", -EINVAL, "1\n" },
	{ "iostats", "0", 1, "0\n" },
	{ "iostats", "1", 1, "1\n" },
	{ "nomerges", "2", 1, "2\n" },
	{ "nomerges", "3", 1, "1\n" },
	{ "nomerges", "x", -EINVAL, "1\n" },
	{ "nomerges", "0", 1, "0\n" },
	{ "io_poll", "0", -EINVAL, "0\n" },
	{ "io_poll_delay", "-2", -EINVAL, "-1\n" },
	{ "io_poll_delay", "7", 1, "7\n" },
	{ "wbt_lat_usec", "-2", -EINVAL, "75000\n" },
	{ "wbt_lat_usec", "0", 1, "0\n" },
	{ "wbt_lat_usec", "-1", 2, "75000\n" },
	{ "stable_writes", "7", 1, "1\n" },
	{ "add_random", "9", 1, "1\n" },
	{ "rq_affinity", "2", 1, "2\n" },
	{ "rq_affinity", "3", 1, "2\n" },
	{ "rq_affinity", "x", -EINVAL, "2\n" },
	{ "iosched/async_depth", "-1", 2, "1\n" },
	{ "iosched/fifo_batch", "-1", 2, "0\n" },
	{ "iosched/front_merges", "16", 2, "1\n" },
	{ "iosched/read_expire", "1", 1, "4\n" },
	{ "iosched/read_expire", "16", 2, "16\n" },
	{ "iosched/write_expire", "-1", 2, "0\n" },
	{ "iosched/writes_starved", "-2147483648", 11, "-2147483648\n" },
	{ "iosched/writes_starved", "-2147483649", -ERANGE, "-2147483648\n" },
	{ "iosched/writes_starved", "x", -EINVAL, "-2147483648\n" },
	{ "iosched/writes_starved", "2\n", 2, "2\n" },
};

static void test_input(struct fixture *f)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(inputs); i++) {
		const char *path = fixture_format(QUEUE "%s", inputs[i].file);

		is_int(fixture_write(f, path, inputs[i].input), inputs[i].result, "%s <- '%s'",
		       inputs[i].file, inputs[i].input);
		is_str(fixture_read(f, path), inputs[i].after, "what it says then");
	}
	fixture_write(f, QUEUE "scheduler", "none\n");
	is_int(fixture_error(f, QUEUE "iosched/writes_starved"), -ENOENT,
	       "no scheduler, nothing to tell it");
	fixture_write(f, QUEUE "scheduler", "mq-deadline\n");
	is_str(fixture_read(f, QUEUE "iosched/read_expire"), "500\n",
	       "one that comes anew has its defaults");
}

/* Column @nr of sys/block/vda/stat, from 1 on. */
static u64 stat_column(struct fixture *f, u32 nr)
{
	char *at = (char *)fixture_read(f, VDA "stat");
	u64 value = 0;

	while (nr--)
		value = strtoull(at, &at, 10);
	return value;
}

static void sync_file(struct fixture *f)
{
	ctl_put(f, "p", "fwrite data 0 4M\nfsync data\n");
}

static void cold_read(struct fixture *f)
{
	fixture_write(f, "proc/sys/vm/drop_caches", "1\n");
	ctl_put(f, "p", "fread data 0 4M\n");
}

static void test_transfers(struct fixture *f)
{
	u64 ios, flushes, now;

	ctl_mkdir(f, "p");
	sync_file(f);
	ios = stat_column(f, 1);
	cold_read(f);
	is_uint(stat_column(f, 1) - ios, 32, "4 MiB are read in transfers of 128 KiB");
	fixture_write(f, QUEUE "max_sectors_kb", "16\n");
	ios = stat_column(f, 1);
	cold_read(f);
	is_uint(stat_column(f, 1) - ios, 256, "of 16 KiB, if they may not be larger");
	fixture_write(f, QUEUE "max_sectors_kb", "1280\n");

	fixture_write(f, QUEUE "iostats", "0\n");
	ios = stat_column(f, 1);
	cold_read(f);
	is_uint(stat_column(f, 1) - ios, 0, "iostats 0: nothing is counted");
	fixture_write(f, QUEUE "iostats", "1\n");

	flushes = stat_column(f, 16);
	now = f->m->clock.now;
	fixture_write(f, "sim/ctl", "sync\n");
	is_uint(stat_column(f, 16) - flushes, 1, "sync flushes the disk's cache");
	cmp_int((s64)(f->m->clock.now - now), >=, f->m->cost.disk_flush, "which takes time");
	cmp_int((s64)f->m->blk.disk[0].flush_ns, >=, f->m->cost.disk_flush, "and is counted");
	fixture_write(f, QUEUE "write_cache", "write through\n");
	now = f->m->clock.now;
	flushes = stat_column(f, 16);
	fixture_write(f, "sim/ctl", "sync\n");
	is_uint(stat_column(f, 16) - flushes, 0, "a disk that writes through need not be flushed");
	cmp_int((s64)(f->m->clock.now - now), <, f->m->cost.disk_flush, "that takes none");
	fixture_write(f, QUEUE "write_cache", "write back\n");
	is_sound(f->m, "after transfers");
}

/* One process is written out, page by page, to places that follow each other. */
static u64 swap_out(struct fixture *f, const char *name)
{
	u64 before = f->m->blk.disk[1].stat[BIO_WRITE].ios;

	ctl_mkdir(f, name);
	ctl_put(f, name, "mmap m 1M\nwrite m\nswapout\n");
	fixture_write(f, "sim/ctl", "sync\n");
	return f->m->blk.disk[1].stat[BIO_WRITE].ios - before;
}

static void test_swap(struct fixture *f)
{
	u64 merged, alone;

	fixture_write(f, QUEUE "rotational", "0\n");
	fixture_write(f, "sim/ctl", "swapon vdb 64M\n");
	is_uint(f->m->swap.nr_rotate, 0, "an area on a disk that does not turn");
	fixture_write(f, QUEUE "rotational", "1\n");
	fixture_write(f, "sim/ctl", "swapon vdc 64M\n");
	is_uint(f->m->swap.nr_rotate, 1, "and one on a disk that does");
	fixture_write(f, "sim/ctl", "swapoff vdc\n");
	is_uint(f->m->swap.nr_rotate, 0, "which goes again");
	merged = swap_out(f, "a");
	fixture_write(f, QUEUE "nomerges", "2\n");
	alone = swap_out(f, "b");
	cmp_int((s64)merged, <, 64, "256 pages go out in a few transfers: %llu",
		(unsigned long long)merged);
	cmp_int((s64)alone, >=, 256, "one by one with nomerges: %llu", (unsigned long long)alone);
	fixture_write(f, QUEUE "nomerges", "0\n");
	ctl_rmdir(f, "a");
	ctl_rmdir(f, "b");
	is_sound(f->m, "after swap");
}

/* Which of a read and the writes before it is over first. */
static u64 read_behind_writes(struct fixture *f)
{
	struct machine *m = f->m;
	u64 start;
	u32 i;

	blk_wait_writes(m);
	start = m->clock.now;
	for (i = 0; i < 8; i++)
		blk_submit(m, BIO_WRITE, 1000 + 100 * i, 1, NULL, BIO_END_NONE);
	blk_read(m, 5000, 1);
	return (m->clock.now - start) / (m->cost.disk_seek + m->cost.disk_page_write);
}

static void test_order(struct fixture *f)
{
	is_uint(read_behind_writes(f), 2,
		"a read goes before writes that wait, but for the one at work");
	fixture_write(f, QUEUE "scheduler", "none\n");
	is_uint(read_behind_writes(f), 9, "with no scheduler it waits its turn");
	fixture_write(f, QUEUE "scheduler", "mq-deadline\n");
	blk_wait_writes(f->m);
	is_sound(f->m, "after both");
}

int main(void)
{
	struct fixture f;
	u64 disk, ino;

	if (!fixture_open(&f, "[machine]\nmemory = 128M\n[disk]\nqueue_depth = 256\n", NULL))
		bail_out("%s", f.why);
	if (tree_walk(f.t, &root, "sim/disk", &disk) ||
	    tree_create_file(f.t, &root, disk, "data", 0644, &ino))
		bail_out("cannot make a file");
	test_input(&f);
	test_transfers(&f);
	test_swap(&f);
	test_order(&f);
	check_identities(f.t, "at the end");
	fixture_close(&f);
	return done_testing();
}
