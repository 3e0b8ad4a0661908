/*
 * The small folders of /sys/kernel/mm: lru_gen, numa, swap.
 * Source: Documentation/admin-guide/mm/multigen_lru.rst, ABI/testing/sysfs-kernel-mm-{numa,swap}.
 */
#include "fs/sys/device.h"

#include <errno.h>

#define MSEC_PER_JIFFY (JIFFY_NS / NSEC_PER_MSEC)
#define LRU_GEN_MASK   7u

/* ---- lru_gen ---- */

static int enabled_show(const struct request *rq, struct text *out)
{
	text_str(out, "0x");
	text_hex(out, rq->m->knobs.lru_gen.enabled, 4);
	text_char(out, '\n');
	return 0;
}

/* y, n, or the bits; those that do not exist are dropped. */
static ssize_t enabled_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u32 bits;

	(void)offset;
	if ((*data | 0x20) == 'n')
		bits = 0;
	else if ((*data | 0x20) == 'y')
		bits = LRU_GEN_MASK;
	else if (parse_kstrtouint(data, size, 0, &bits))
		return -EINVAL;
	rq->m->knobs.lru_gen.enabled = bits & LRU_GEN_MASK;
	return (ssize_t)size;
}

static int min_ttl_ms_show(const struct request *rq, struct text *out)
{
	return show_u64(out, (u32)rq->m->knobs.lru_gen.min_ttl_ms);
}

/* Kept in jiffies: rounded up to the next, and what looks negative is for ever. */
static ssize_t min_ttl_ms_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u64 jiffies = (u64)(INT64_MAX >> 1) - 1;
	u32 ms;

	(void)offset;
	if (parse_kstrtouint(data, size, 0, &ms))
		return -EINVAL;
	if (ms <= INT32_MAX)
		jiffies = ((u64)ms + MSEC_PER_JIFFY - 1) / MSEC_PER_JIFFY;
	rq->m->knobs.lru_gen.min_ttl_ms = jiffies * MSEC_PER_JIFFY;
	return (ssize_t)size;
}

static const struct attribute lru_gen_attrs[] = {
	SYSFS_OTHER(
		"enabled", 0644, enabled_show, enabled_store, HOLDS,
		"y, n, or bits: 1 the multi-generational LRU, 2 clear accessed bits in batches, 4 of upper tables"),
	SYSFS_OTHER("min_ttl_ms", 0644, min_ttl_ms_show, min_ttl_ms_store, HOLDS,
		    "milliseconds for which the working set is protected"),
};

const struct directory sys_lru_gen_directory = {
	.name = "lru_gen",
	.mode = 0755,
	.attrs = lru_gen_attrs,
	.nr_attrs = ARRAY_SIZE(lru_gen_attrs),
};

/* ---- numa, swap ---- */

static const struct attribute numa_attrs[] = {
	SYSFS_KNOB("demotion_enabled", KNOB_TRUTH, knobs.demotion_enabled, 0, 1, NULL, HOLDS,
		   "reclaim moves pages to a slower tier instead of dropping them"),
};

const struct directory sys_numa_directory = {
	.name = "numa",
	.mode = 0755,
	.attrs = numa_attrs,
	.nr_attrs = ARRAY_SIZE(numa_attrs),
};

static const struct attribute swap_attrs[] = {
	SYSFS_KNOB("vma_ra_enabled", KNOB_TRUTH, knobs.vma_ra_enabled, 0, 1, NULL, ACTS,
		   "swap read-ahead by address instead of by place on the disk"),
};

const struct directory sys_swap_directory = {
	.name = "swap",
	.mode = 0755,
	.attrs = swap_attrs,
	.nr_attrs = ARRAY_SIZE(swap_attrs),
};
