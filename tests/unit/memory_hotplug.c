/*
 * Memory blocks go online and offline, and everything that depends on how much memory there is
 * follows. The machine: node 0 with 1 GiB, node 1 without CPUs, its DIMM (blocks 32 to 39) offline.
 */
#include "tests/bare.h"
#include "tests/sound.h"
#include "tests/tap.h"

#include <mman/memory_hotplug.h>

#include <errno.h>

#define FIRST 32u
#define LAST  39u

/* Somebody who waits for an offlining that does not end gives up after so many safe points. */
static bool give_up(struct machine *m, void *arg)
{
	u32 *patience = arg;

	(void)m;
	return (*patience)-- != 0;
}

static int offline(struct machine *m, u32 block)
{
	u32 patience = 200;
	int error;

	m->host.yield = give_up;
	m->host.arg = &patience;
	m->attention = 1;
	error = memory_block_offline(m, block);
	m->attention = 0;
	m->host.yield = NULL;
	return error;
}

static struct memory_block look(struct machine *m, u32 block)
{
	struct memory_block b;

	memory_block_look(m, block, &b);
	return b;
}

static void test_boot_blocks(void)
{
	struct machine *m = bare_machine("hotplug");

	ok(memory_block_exists(m, 0) && memory_block_exists(m, 7),
	   "boot memory is in blocks 0 to 7");
	ok(!memory_block_exists(m, 8) && !memory_block_exists(m, 31), "then there is nothing");
	is_uint(memory_block_next(m, 8), FIRST, "up to the DIMM");
	is_uint(memory_block_next(m, LAST + 1), UINT32_MAX, "and nothing after it");
	is_uint(look(m, 0).zones, 2, "block 0 lies in two zones");
	ok(look(m, 7).online && look(m, 7).holes, "the last boot block has a hole");
	ok(!look(m, FIRST).online, "the DIMM is offline");
	is_uint(look(m, FIRST).nid, 1, "on node 1");
	ok(memory_block_dimm(m, FIRST) == memory_dimm_find(m, "dimm0"), "it is the first DIMM");
	is_uint(memory_block_dimm(m, 3), 0, "boot memory is on none");

	is_err(offline(m, 0), -EINVAL, "two zones: cannot go offline");
	is_err(offline(m, 7), -EINVAL, "holes: cannot go offline");
	is_int(offline(m, FIRST), 1, "it is offline already");
	is_int(memory_block_online(m, 3, MMOP_ONLINE), 1, "it is online already");
	is_sound(m, "after nothing was done");
	machine_destroy(m);
}

static void test_online_and_back(void)
{
	struct machine *m = bare_machine("hotplug");
	u64 total = m->totalram_pages, pages = PAGES_PER_SECTION, free, min0;
	s32 min_free = m->sysctl.min_free_kbytes;

	/* boot computed the watermarks before all of its memory was handed over */
	setup_per_zone_wmarks(m);
	min0 = zone_of(m, 0, ZONE_DMA32)->watermark[WMARK_MIN];
	drain_pages(m, -1);
	free = global_zone_page_state(m, NR_FREE_PAGES);
	ok(!m->node[1].has_memory, "node 1 has no memory at first");
	is_err(memory_block_online(m, 33, MMOP_ONLINE), 0, "a block goes online");
	is_uint(m->totalram_pages, total + pages, "MemTotal grows by 128 MiB");
	is_uint(global_zone_page_state(m, NR_FREE_PAGES), free + pages, "so does free memory");
	is_uint(look(m, 33).type, ZONE_NORMAL, "it is Normal by default");
	ok(m->node[1].has_memory && m->node[1].has_normal_memory, "node 1 has memory now");
	is_uint(zone_of(m, 1, ZONE_NORMAL)->managed_pages, pages, "managed by its zone");
	cmp_int(m->sysctl.min_free_kbytes, >, min_free, "min_free_kbytes follows");
	cmp_int(zone_of(m, 1, ZONE_NORMAL)->watermark[WMARK_MIN], >, 0, "the zone has watermarks");
	is_sound(m, "with one block online");

	is_err(memory_block_online(m, 32, MMOP_ONLINE_KERNEL), 0,
	       "the block below it goes online too");
	is_err(memory_block_online(m, 39, MMOP_ONLINE_MOVABLE), 0, "and the last one, movable");
	is_uint(look(m, 39).type, ZONE_MOVABLE, "which is in ZONE_MOVABLE");
	is_uint(zone_of(m, 1, ZONE_NORMAL)->spanned_pages, 2 * pages, "the zone spans both");
	is_uint(memory_block_zone(m, 34, MMOP_ONLINE), ZONE_NORMAL,
		"between them, Normal is the default");
	is_sound(m, "with three blocks online");

	is_err(offline(m, 32), 0, "the first goes offline again");
	is_uint(zone_of(m, 1, ZONE_NORMAL)->spanned_pages, pages,
		"and the zone shrinks at that end");
	is_err(offline(m, 33), 0, "the second as well");
	is_uint(zone_of(m, 1, ZONE_NORMAL)->present_pages, 0, "and the zone is empty");
	is_err(offline(m, 39), 0, "and the last");
	ok(!m->node[1].has_memory, "node 1 has no memory again");
	is_uint(m->totalram_pages, total, "MemTotal is as before");
	is_uint(global_zone_page_state(m, NR_FREE_PAGES), free, "so is free memory");
	/* what THP asks for is cut to a share of memory less the watermarks of the moment */
	cmp_int(zone_of(m, 0, ZONE_DMA32)->watermark[WMARK_MIN], >=, min0,
		"node 0's watermarks are back");
	cmp_int(zone_of(m, 0, ZONE_DMA32)->watermark[WMARK_MIN], <=, min0 + min0 / 500,
		"to within 0.2 %%");
	is_sound(m, "with all blocks offline again");
	machine_destroy(m);
}

static void test_use(void)
{
	struct machine *m = bare_machine("hotplug");
	pfn_t pfn;

	memory_block_online(m, 35, MMOP_ONLINE_MOVABLE);
	pfn = alloc_pages(m, GFP_HIGHUSER_MOVABLE | __GFP_THISNODE, 0, 1);
	ok(pfn / PAGES_PER_SECTION == 35, "a movable page comes from the new block");
	is_err(offline(m, 35), -EINTR, "which cannot go offline with a page in use");
	ok(look(m, 35).online, "and stays online");
	is_sound(m, "after a refusal");
	free_pages(m, pfn, 0);
	is_err(offline(m, 35), 0, "when the page is free it can");
	is_err(memory_block_online(m, 35, MMOP_ONLINE_KERNEL), 0, "and come back as Normal");
	pfn = alloc_pages(m, GFP_KERNEL | __GFP_THISNODE, 0, 1);
	ok(pfn != PFN_NONE && pfn_to_page(m, pfn)->zone == ZONE_NORMAL,
	   "its pages know their new zone");
	free_pages(m, pfn, 0);
	is_sound(m, "after a change of zone");
	machine_destroy(m);
}

static void test_boot_memory(void)
{
	struct machine *m = bare_machine("hotplug");
	u32 block, done = 0, busy = 0;

	for (block = 1; block < 7; block++) {
		int err = offline(m, block);

		done += err == 0;
		busy += err == -EBUSY;
	}
	is_uint(done + busy, 6, "a boot block goes offline or is busy");
	cmp_int(done, >=, 1, "one at least is free");
	cmp_int(busy, >=, 1, "one at least holds the kernel");
	is_sound(m, "with holes in a zone");
	for (block = 1; block < 7; block++)
		memory_block_online(m, block, MMOP_ONLINE);
	is_uint(look(m, 6).nid, 0, "they come back to their own node");
	is_uint(zone_of(m, 0, ZONE_DMA32)->present_pages + zone_of(m, 0, ZONE_DMA)->present_pages,
		m->node[0].node_present_pages, "and zone");
	is_sound(m, "when all are back");

	for (block = 6; offline(m, block); block--)
		;
	is_err(memory_block_online(m, block, MMOP_ONLINE_MOVABLE), 0, "one comes back as Movable");
	is_uint(look(m, block).type, ZONE_MOVABLE, "in the middle of another zone");
	is_sound(m, "with one zone within another");
	machine_destroy(m);
}

/* Any order of online, offline, allocate and free. */
static void test_random(void)
{
	struct machine *m = bare_machine("hotplug");
	u64 total = m->totalram_pages;
	pfn_t held[64];
	u32 i, nr = 0, block, wrong = 0;

	for (i = 0; i < 3000; i++) {
		block = machine_random_below(m, 3) ? FIRST + (u32)machine_random_below(m, 8) :
						     (u32)machine_random_below(m, 8);
		switch (machine_random_below(m, 6)) {
		case 0:
			memory_block_online(
				m, block,
				MMOP_ONLINE + (enum mhp_online_type)machine_random_below(m, 3));
			break;
		case 1:
			offline(m, block);
			break;
		case 2:
		case 3:
			if (nr < ARRAY_SIZE(held))
				held[nr] = alloc_pages(m,
						       GFP_NOWAIT | __GFP_NOWARN | __GFP_HIGHMEM |
							       __GFP_MOVABLE,
						       0, 1);
			nr += nr < ARRAY_SIZE(held) && held[nr] != PFN_NONE;
			break;
		default:
			if (nr)
				free_pages(m, held[--nr], 0);
		}
		if (i % 500 == 0)
			wrong += count_violations(m, "step %u", i);
	}
	is_uint(wrong, 0, "all invariants hold on the way");
	while (nr)
		free_pages(m, held[--nr], 0);
	for (block = FIRST; block <= LAST; block++)
		offline(m, block);
	for (block = 0; block < 8; block++)
		memory_block_online(m, block, MMOP_ONLINE);
	is_uint(m->totalram_pages, total, "and the machine is as large as before");
	is_sound(m, "in the end");
	machine_destroy(m);
}

int main(void)
{
	test_boot_blocks();
	test_online_and_back();
	test_use();
	test_boot_memory();
	test_random();
	return done_testing();
}
