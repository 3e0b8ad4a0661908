/* Swap areas and files: who may be one, in which turn their slots are taken, when they are full. */
#include <errno.h>
#include <mman/namei.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sound.h"
#include "tests/swaptest.h"
#include "tests/tap.h"

#include "mm/swapfile.h"

#define A    0x20000000ull
#define AREA SWAPTEST_AREA

static u64 at(u64 page)
{
	return A + page * PAGE_SIZE;
}

/* ---- areas ---- */

static void test_areas(void)
{
	struct mmtest t;
	u64 disk, i;

	mmtest_open(&t, 128);
	disk = t.m->blk.total_pages - t.m->blk.used_pages;
	is_err(swapon(t.m, "/dev/a", (disk + 1) * PAGE_SIZE, -1, false), -ENOSPC,
	       "an area larger than the disk");
	is_err(swapon(t.m, "/dev/a", UINT64_MAX, -1, false), -ENOSPC, "of 16 EiB");
	is_err(swapon(t.m, "/dev/a", 4096, -1, false), -EINVAL, "one page is too small");
	is_err(swapon(t.m, "/dev/a", 8192, -1, false), 0, "two are enough");
	is_int(t.m->swap.total_pages, 1, "and give one");
	is_int(t.m->blk.total_pages - t.m->blk.used_pages, disk - 2, "the disk has two less");
	is_err(swapon(t.m, "/dev/a", 8192, -1, false), -EBUSY, "twice the same");
	for (i = 1; i < MAX_SWAPFILES; i++) {
		char name[16] = "/dev/a0";

		name[6] = (char)('A' + i);
		is_err(swapon(t.m, name, 8192, -1, false), 0, "area %u", (unsigned)i + 1);
	}
	is_err(swapon(t.m, "/dev/z", 8192, -1, false), -EPERM, "there are %u types", MAX_SWAPFILES);
	is_err(swapoff(t.m, "/dev/a"), 0, "off");
	is_err(swapoff(t.m, "/dev/a"), -EINVAL, "off twice");
	is_int(t.m->blk.total_pages - t.m->blk.used_pages, disk - 2ul * (MAX_SWAPFILES - 1),
	       "the disk has its room back");
	mmtest_close(&t);
}

/* A file of @pages on the disk, written from @first on. */
static handle_t disk_file(struct mmtest *t, const char *name, u64 first, u64 pages)
{
	handle_t h;

	if (vfs_create(t->m, 0, name, INODE_REGULAR, 0600, &h))
		return 0;
	generic_file_write(t->m, h, first * PAGE_SIZE, (pages - first) * PAGE_SIZE, NULL);
	return h;
}

/* A file of the disk as swap: its own room, and nobody touches it. What a 6.1 kernel answered. */
static void test_swap_file(void)
{
	struct mmtest t;
	handle_t h, holes;
	u64 used;

	mmtest_open(&t, 128);
	h = disk_file(&t, "swap", 0, 1025);
	holes = disk_file(&t, "holes", 1, 64);
	used = t.m->blk.used_pages;
	is_err(swapon_file(t.m, holes, 64 * PAGE_SIZE, -1), -EINVAL, "a file with a hole");
	is_err(swapon_file(t.m, h, 1026 * PAGE_SIZE, -1), -EINVAL, "more than the file has");
	is_err(swapon_file(t.m, h, PAGE_SIZE, -1), -EINVAL, "one page");
	is_err(swapon_file(t.m, h, 1025 * PAGE_SIZE, -1), 0, "a file");
	is_int(t.m->blk.used_pages, used, "takes no room but its own");
	is_int(t.m->swap.total_pages, 1024, "and gives all of it but the header");
	is_err(swapon_file(t.m, h, 1025 * PAGE_SIZE, -1), -EBUSY, "twice");
	is_err((int)generic_file_write(t.m, h, 0, 1, NULL), -ETXTBSY, "writing to it");
	is_err((int)generic_file_write(t.m, h, 0, 0, NULL), -ETXTBSY, "writing nothing to it");
	is_err(vfs_truncate(t.m, h, 0), -ETXTBSY, "cutting it");
	is_err(vfs_truncate(t.m, h, 1025 * PAGE_SIZE), -ETXTBSY, "leaving its length");
	is_err(vfs_truncate(t.m, h, 2048 * PAGE_SIZE), 0, "making it longer is no harm");
	is_err(vfs_unlink(t.m, 0, "swap"), -EPERM, "removing it");
	is_err(vfs_rename(t.m, 0, "swap", 0, "other", false), -EPERM, "renaming it");
	is_err(vfs_rename(t.m, 0, "holes", 0, "swap", false), -EPERM, "taking its place");
	is_hex(map_file(&t, A, 1, "rw", MAPF_FIXED | MAPF_SHARED, h, 0), (u64)-ETXTBSY,
	       "a shared mapping that could write");
	is_hex(map_file(&t, A, 1, "r", MAPF_FIXED | MAPF_SHARED, h, 0), A, "one that cannot");
	is_hex(map_file(&t, A, 1, "rw", MAPF_FIXED, h, 0), A, "a private one");
	unmap(&t, A, 1);
	map(&t, A, 600, "rw", MAPF_FIXED);
	store(&t, A, 600);
	is_int(swap_out(&t, A, 600), 600, "pages go there");
	ok(is_sound(t.m, "with pages in a swap file"), "all is well");
	is_err(swapoff(t.m, "/swap"), 0, "off, by its name");
	is_err(vfs_unlink(t.m, 0, "swap"), 0, "now it can go");
	is_int(t.m->blk.used_pages, used - 1025, "and gives its room back, once");
	mmtest_close(&t);
}

/* Slots of the first @n pages of the process, by area. */
static void count_types(struct mmtest *t, u64 n, u32 count[MAX_SWAPFILES])
{
	u64 i;

	memset(count, 0, MAX_SWAPFILES * sizeof(*count));
	for (i = 0; i < n; i++)
		if (entry(t, at(i)).swapped)
			count[entry(t, at(i)).swap_type]++;
}

static void test_turns(void)
{
	u32 count[MAX_SWAPFILES];
	struct mmtest t;

	mmtest_open(&t, 128);
	map(&t, A, 2048, "rw", MAPF_FIXED);
	store(&t, A, 2048);
	swapon(t.m, "/dev/low", 1001 * PAGE_SIZE, 1, false);
	swapon(t.m, "/dev/a", 601 * PAGE_SIZE, 5, false);
	swapon(t.m, "/dev/b", 601 * PAGE_SIZE, 5, false);
	swap_out(&t, A, 255);
	count_types(&t, 255, count);
	is_int(count[1], 255, "the higher priority first, a whole cluster");
	is_int(entry(&t, at(0)).swap_offset, 1, "from behind the header");
	is_int(entry(&t, at(254)).swap_offset, 255, "in the order in which they went");
	swap_out(&t, at(255), 256);
	count_types(&t, 511, count);
	is_int(count[2], 255, "then a cluster of the other area of this priority");
	swap_out(&t, at(511), 100);
	count_types(&t, 611, count);
	is_int(count[1], 356, "and the first again");
	is_int(swap_out(&t, at(611), 600), 600, "more than both have");
	count_types(&t, 1211, count);
	is_int(count[1], 600, "fills the one");
	is_int(count[2], 600, "and the other");
	is_int(count[0], 11, "before the area of lower priority");
	is_int(swap_out(&t, at(1211), 837), 837, "further");
	count_types(&t, 2048, count);
	is_int(count[0], 848, "pages lie there");
	is_sound(t.m, "with three areas in use");

	/* room in the better area again */
	unmap(&t, at(10), 20);
	is_int(free_swap_pages(t.m), 1000 - 848 + 20, "unmapping frees slots");
	store(&t, at(2000), 1);
	swap_out(&t, at(2000), 1);
	is_int(entry(&t, at(2000)).swap_type, 1, "the next page goes where the priority is higher");
	is_int(entry(&t, at(2000)).swap_offset, 11, "to the lowest free slot of a cluster");
	mmtest_close(&t);
}

static void test_full(void)
{
	struct mmtest t;

	open_with_swap(&t, 128, 100);
	map(&t, A, 200, "rw", MAPF_FIXED);
	store(&t, A, 200);
	is_int(swap_out(&t, A, 200), 100, "what fits goes");
	is_int(free_swap_pages(t.m), 0, "swap is full");
	ok(vm_swap_full(t.m), "and says so");
	is_int(load(&t, A, 200), 0, "all of it can be had");
	is_int(free_swap_pages(t.m), 50,
	       "what is read gives its slot back, until half of swap is free");
	mmtest_close(&t);
}

static u64 transfers(const struct machine *m, u32 disk)
{
	const struct blk_disk *d = &m->blk.disk[disk];

	return d->stat[BIO_READ].pages + d->stat[BIO_WRITE].pages;
}

/* A partition is a disk of its own as long as it is on, with counters of its own. */
static void test_disks(void)
{
	struct mmtest t;
	u64 used, pages, vda;
	u32 b;

	mmtest_open(&t, 128);
	used = t.m->blk.used_pages;
	vda = blk_disk_pages(t.m, 0);
	is_int(t.m->blk.nr_disks, 1, "a machine without swap has one disk");
	swapon(t.m, "/dev/vdb", 4096 * PAGE_SIZE, -1, false);
	swapon(t.m, "/dev/mapper/c", 8192, -1, false);
	swapon(t.m, "/dev/vda", 8192, -1, false);
	swapon(t.m, "/f", 8192, -1, true);
	is_int(t.m->blk.nr_disks, 3, "two partitions are two more: vda and a file are no others");
	b = blk_disk_find(t.m, "vdb");
	is_uint(blk_disk_pages(t.m, b), 4096, "of the area's size, with its header");
	is_uint(blk_disk_pages(t.m, 0), vda - 4098, "which vda has less");
	vda = transfers(t.m, 0);
	map(&t, A, 600, "rw", MAPF_FIXED);
	store(&t, A, 600);
	is_int(swap_out(&t, A, 600), 600, "pages go there");
	load(&t, A, 300);
	ok(is_sound(t.m, "with pages in a swap partition"), "all is well");
	ok(transfers(t.m, b) >= 900 && transfers(t.m, 0) == vda, "it counts them, vda does not");
	pages = blk_total(t.m, BIO_WRITE).pages;
	is_err(swapoff(t.m, "/dev/vdb"), 0, "off");
	is_int(blk_disk_find(t.m, "vdb"), BLK_DISKS_MAX, "the disk has gone");
	is_uint(blk_total(t.m, BIO_WRITE).pages, pages, "what the machine wrote has not");
	swapon(t.m, "/dev/vdc", 8192, -1, false);
	b = blk_disk_find(t.m, "vdc");
	is_uint(transfers(t.m, b), 0, "another one begins with nothing");
	cmp_int(t.m->blk.disk[b].diskseq, ==, 4, "as the fourth disk that there was");
	swapoff(t.m, "/dev/vdc");
	swapoff(t.m, "/dev/vda");
	swapoff(t.m, "/dev/mapper/c");
	swapoff(t.m, "/f");
	is_int(t.m->blk.nr_disks, 1, "all off: one disk");
	is_uint(t.m->blk.used_pages, used, "which has its room back");
	ok(is_sound(t.m, "without them"), "all is well");
	mmtest_close(&t);
}

/* Those of the machine file stay. */
static void test_fixed_disk(void)
{
	struct machine_config *c = calloc(1, sizeof(*c));
	struct mmtest t = { 0 };
	char why[128];
	u64 used;

	machine_config_init(c);
	c->ram = 128 << 20;
	c->nr_swap = 1;
	c->swap[0] = (struct swap_config){ .size = 64 << 20, .prio = -1, .name = "vdb" };
	c->disk.size = 1 << 30;
	t.m = machine_create(c, why, sizeof(why));
	free(c);
	task_spawn(t.m, "test", &t.task);
	task_run_begin(t.m, &t.r, t.task);
	used = t.m->blk.used_pages;
	is_err(swapoff(t.m, "/dev/vdb"), 0, "off");
	is_uint(t.m->blk.used_pages, used, "a disk of the machine file keeps its room");
	is_int(blk_disk_find(t.m, "vdb"), 1, "and its place");
	is_err(swapon(t.m, "/dev/vdb", 2ull << 30, -1, false), -ENOSPC, "2 GiB are too much");
	is_uint(blk_disk_pages(t.m, 1), 16384, "and leave it as it was");
	ok(is_sound(t.m, "after a refusal"), "all is well");
	is_err(swapon(t.m, "/dev/vdb", 128 << 20, -1, false), 0, "128 MiB, and it has grown");
	is_uint(blk_disk_pages(t.m, 1), 32768, "to that");
	is_err(swapon(t.m, "/dev/vdb", 8192, -1, false), -EBUSY, "twice");
	is_err(swapoff(t.m, "/dev/vdb"), 0, "off again");
	is_uint(t.m->blk.used_pages, used + 16384, "it keeps that room too");
	ok(is_sound(t.m, "at the end"), "all is well");
	mmtest_close(&t);
}

/* A huge area costs nothing until it is used. */
static void test_sparse(void)
{
	struct machine_config *c = calloc(1, sizeof(*c));
	struct mmtest t = { 0 };
	char why[128];

	machine_config_init(c);
	c->ram = 128 << 20;
	c->disk.size = 8ull << 40;
	t.m = machine_create(c, why, sizeof(why));
	free(c);
	task_spawn(t.m, "test", &t.task);
	task_run_begin(t.m, &t.r, t.task);
	is_err(swapon(t.m, AREA, 1ull << 40, -1, false), 0, "1 TiB of swap");
	is_err(swapon(t.m, "/dev/b", 6ull << 40, 3, false), 0, "and 6 TiB");
	map(&t, A, 300, "rw", MAPF_FIXED);
	store(&t, A, 300);
	swap_out(&t, A, 300);
	is_int(t.m->swap.slots.nr_live, 2, "two clusters do, for 300 pages");
	is_int(load(&t, A, 300), 0, "which come back");
	unmap(&t, A, 300);
	cmp_int(t.m->swap.slots.nr_live, <=, 1, "and go with the pages");
	is_err(swapoff(t.m, "/dev/b"), 0, "off");
	is_int(t.m->swap.slots.nr_live, 0, "nothing is left");
	mmtest_close(&t);
}

int main(void)
{
	test_areas();
	test_swap_file();
	test_turns();
	test_full();
	test_disks();
	test_fixed_disk();
	test_sparse();
	return done_testing();
}
