/*
 * /sys/block/NAME/queue: what can be asked and set of the queue that the disks share, and what of
 * each disk.
 *
 * Reads go before writes that wait, and what lies one behind the other is merged, up to 128 KiB
 * (docs/writeback.md). Which input is accepted is what a 6.1 kernel answered for a virtio disk.
 * Source: Documentation/ABI/stable/sysfs-block, Documentation/block/queue-sysfs.rst,
 * deadline-iosched.rst, switching-sched.rst.
 */
#include "fs/sys/block.h"

#include <errno.h>
#include <string.h>

#define NR_REQUESTS_MIN	  4u
#define NR_REQUESTS_MAX	  2048u /* with a scheduler; without one what the disk takes */
#define MAX_HW_SECTORS_KB 2147483647u
#define MSEC_PER_JIFFY	  4 /* HZ=250 */

static struct blk_queue *queue_of(const struct request *rq)
{
	return &rq->m->blk.queue;
}

/* A number of this family: unsigned, of 32 bits, in base 10; everything else is EINVAL. */
static int queue_var(const char *data, size_t size, u32 *value)
{
	u64 n;

	if (parse_kstrtoull(data, size, 10, &n) || n > UINT32_MAX)
		return -EINVAL;
	*value = (u32)n;
	return 0;
}

/* ---- what acts ---- */

static int rotational_show(const struct request *rq, struct text *out)
{
	return show_u64(out, queue_of(rq)->rotational);
}

static ssize_t rotational_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u32 value;
	int error = queue_var(data, size, &value);

	(void)offset;
	if (error)
		return error;
	queue_of(rq)->rotational = value != 0;
	return (ssize_t)size;
}

static int nr_requests_show(const struct request *rq, struct text *out)
{
	return show_u64(out, queue_of(rq)->nr_requests);
}

static ssize_t nr_requests_store(const struct request *rq, const char *data, size_t size,
				 u64 offset)
{
	struct blk_queue *q = queue_of(rq);
	u32 value, max;
	int error = queue_var(data, size, &value);

	(void)offset;
	max = q->scheduler == SCHEDULER_NONE ? rq->m->config.disk.queue_depth : NR_REQUESTS_MAX;
	if (error || max_t(u32, value, NR_REQUESTS_MIN) > max_t(u32, max, NR_REQUESTS_MIN))
		return -EINVAL;
	q->nr_requests = max_t(u32, value, NR_REQUESTS_MIN);
	return (ssize_t)size;
}

static int max_sectors_kb_show(const struct request *rq, struct text *out)
{
	return show_u64(out, queue_of(rq)->max_sectors_kb);
}

static ssize_t max_sectors_kb_store(const struct request *rq, const char *data, size_t size,
				    u64 offset)
{
	u32 value;
	int error = queue_var(data, size, &value);

	(void)offset;
	if (error || value < PAGE_KB || value > MAX_HW_SECTORS_KB)
		return -EINVAL;
	queue_of(rq)->max_sectors_kb = value;
	blk_queue_changed(rq->m);
	return (ssize_t)size;
}

static int nomerges_show(const struct request *rq, struct text *out)
{
	return show_u64(out, queue_of(rq)->nomerges);
}

static ssize_t nomerges_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u32 value;
	int error = queue_var(data, size, &value);

	(void)offset;
	if (error)
		return error;
	queue_of(rq)->nomerges = value == 2 ? 2 : value != 0;
	blk_queue_changed(rq->m);
	return (ssize_t)size;
}

static int scheduler_show(const struct request *rq, struct text *out)
{
	text_str(out, queue_of(rq)->scheduler == SCHEDULER_NONE ? "[none] mq-deadline \n" :
								  "[mq-deadline] none\n");
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word(const char *data, size_t size, const char *word)
{
	while (size && is_blank(*data)) {
		data++;
		size--;
	}
	while (size && (is_blank(data[size - 1]) || !data[size - 1]))
		size--;
	return size == strlen(word) && !memcmp(data, word, size);
}

/* "none" is known by its beginning, and blanks around the others do not matter. */
static ssize_t scheduler_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	enum blk_scheduler scheduler = MQ_DEADLINE;

	(void)offset;
	if (size >= 4 && !memcmp(data, "none", 4))
		scheduler = SCHEDULER_NONE;
	else if (!is_word(data, size, "mq-deadline") && !is_word(data, size, "deadline"))
		return -EINVAL;
	blk_set_scheduler(rq->m, scheduler);
	return (ssize_t)size;
}

static int iostats_show(const struct request *rq, struct text *out)
{
	return show_u64(out, !disk_of(rq)->no_iostats);
}

static ssize_t iostats_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u32 value;
	int error = queue_var(data, size, &value);

	(void)offset;
	if (error)
		return error;
	disk_of(rq)->no_iostats = !value;
	return (ssize_t)size;
}

static int write_cache_show(const struct request *rq, struct text *out)
{
	text_str(out, disk_of(rq)->write_through ? "write through\n" : "write back\n");
	return 0;
}

/* What follows the word does not matter. */
static ssize_t write_cache_store(const struct request *rq, const char *data, size_t size,
				 u64 offset)
{
	static const char *const words[] = { "write back", "write through", "none" };
	u32 i = 0;

	(void)offset;
	while (i < ARRAY_SIZE(words) &&
	       (size < strlen(words[i]) || strncmp(data, words[i], strlen(words[i]))))
		i++;
	if (i == ARRAY_SIZE(words))
		return -EINVAL;
	disk_of(rq)->write_through = i != 0;
	return (ssize_t)size;
}

/* ---- what is only kept ---- */

/* A bool, or rq_affinity: 0, 1, 2, and what is more changes nothing. */
static ssize_t store_small(u8 *field, u32 max, const char *data, size_t size)
{
	u32 value;
	int error = queue_var(data, size, &value);

	if (error)
		return error;
	if (max == 1)
		*field = value != 0;
	else if (value <= max)
		*field = (u8)value;
	return (ssize_t)size;
}

#define KEPT(field, max)                                                                      \
	static int field##_show(const struct request *rq, struct text *out)                   \
	{                                                                                     \
		return show_u64(out, disk_of(rq)->field);                                     \
	}                                                                                     \
	static ssize_t field##_store(const struct request *rq, const char *data, size_t size, \
				     u64 offset)                                              \
	{                                                                                     \
		(void)offset;                                                                 \
		return store_small(&disk_of(rq)->field, max, data, size);                     \
	}

KEPT(add_random, 1)
KEPT(rq_affinity, 2)
KEPT(stable_writes, 1)

static int io_poll_delay_show(const struct request *rq, struct text *out)
{
	text_printf(out, "%d\n", disk_of(rq)->io_poll_delay);
	return 0;
}

static ssize_t io_poll_delay_store(const struct request *rq, const char *data, size_t size,
				   u64 offset)
{
	s32 value;
	int error = parse_kstrtoint(data, size, 10, &value);

	(void)offset;
	if (error || value < -1)
		return error ? error : -EINVAL;
	disk_of(rq)->io_poll_delay = value;
	return (ssize_t)size;
}

static int io_poll_show(const struct request *rq, struct text *out)
{
	(void)rq;
	return show_u64(out, 0);
}

/* The disk has no queue for it. */
static ssize_t io_poll_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)rq, (void)data, (void)size, (void)offset;
	return -EINVAL;
}

static int wbt_lat_usec_show(const struct request *rq, struct text *out)
{
	return show_u64(out, disk_of(rq)->wbt_lat_usec);
}

/* -1: as at boot */
static ssize_t wbt_lat_usec_store(const struct request *rq, const char *data, size_t size,
				  u64 offset)
{
	s64 value;
	int error = parse_kstrtoll(data, size, 10, &value);

	(void)offset;
	if (error || value < -1)
		return error ? error : -EINVAL;
	disk_of(rq)->wbt_lat_usec = value < 0 ? WBT_LAT_USEC_DEFAULT : (u64)value;
	return (ssize_t)size;
}

/* ---- queue/iosched: what the scheduler can be told, as long as there is one ---- */

static const struct iosched_row {
	const char *name;
	s32 min, max, unit; /* values are multiples of the unit, rounded up */
} iosched_rows[NR_BLK_IOSCHED] = {
	[IOSCHED_ASYNC_DEPTH] = { "async_depth", 1, INT32_MAX, 1 },
	[IOSCHED_FIFO_BATCH] = { "fifo_batch", 0, INT32_MAX, 1 },
	[IOSCHED_FRONT_MERGES] = { "front_merges", 0, 1, 1 },
	[IOSCHED_PRIO_AGING_EXPIRE] = { "prio_aging_expire", 0, INT32_MAX, MSEC_PER_JIFFY },
	[IOSCHED_READ_EXPIRE] = { "read_expire", 0, INT32_MAX, MSEC_PER_JIFFY },
	[IOSCHED_WRITE_EXPIRE] = { "write_expire", 0, INT32_MAX, MSEC_PER_JIFFY },
	[IOSCHED_WRITES_STARVED] = { "writes_starved", INT32_MIN, INT32_MAX, 1 },
};

static u32 iosched_index(const struct request *rq)
{
	u32 i = 0;

	while (strcmp(iosched_rows[i].name, rq->attr->name) != 0)
		i++;
	return i;
}

static int iosched_show(const struct request *rq, struct text *out)
{
	text_printf(out, "%d\n", queue_of(rq)->iosched[iosched_index(rq)]);
	return 0;
}

static ssize_t iosched_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u32 i = iosched_index(rq);
	const struct iosched_row *row = &iosched_rows[i];
	s32 value;
	int error = parse_kstrtoint(data, size, 0, &value);

	(void)offset;
	if (error)
		return error;
	value = value < row->min ? row->min : value > row->max ? row->max : value;
	if (value % row->unit && value <= INT32_MAX - row->unit)
		value += row->unit - value % row->unit;
	queue_of(rq)->iosched[i] = value;
	return (ssize_t)size;
}

#define IOSCHED(file, does, text) SYSFS_OTHER(file, 0644, iosched_show, iosched_store, does, text)

static const struct attribute iosched_attrs[] = {
	IOSCHED("async_depth", HOLDS, "asynchronous requests at a time"),
	IOSCHED("fifo_batch", HOLDS,
		"requests in the order of their places before times are looked at"),
	IOSCHED("front_merges", HOLDS, "whether a request may join one that begins where it ends"),
	IOSCHED("prio_aging_expire", HOLDS, "ms after which a lower class is served all the same"),
	IOSCHED("read_expire", HOLDS, "ms after which a read is due"),
	IOSCHED("write_expire", HOLDS, "ms after which a write is due"),
	IOSCHED("writes_starved", ACTS, "reads that may go before a write that waits"),
};

static bool iosched_exists(const struct request *rq)
{
	return disk_exists(rq) && queue_of(rq)->scheduler == MQ_DEADLINE;
}

static const struct directory iosched_directory = {
	.name = "block/vda/queue/iosched",
	.mode = 0755,
	.attrs = iosched_attrs,
	.nr_attrs = ARRAY_SIZE(iosched_attrs),
	.exists = iosched_exists,
};

static const struct attribute queue_attrs[] = {
	SYSFS_OTHER("add_random", 0644, add_random_show, add_random_store, HOLDS,
		    "whether its requests feed the random number generator"),
	SYSFS_TEXT("chunk_sectors", "0\n"),
	SYSFS_TEXT("dax", "0\n"),
	SYSFS_TEXT("discard_granularity", "0\n"),
	SYSFS_TEXT("discard_max_bytes", "0\n"),
	SYSFS_TEXT("discard_max_hw_bytes", "0\n"),
	SYSFS_TEXT("discard_zeroes_data", "0\n"),
	SYSFS_TEXT("dma_alignment", "511\n"),
	SYSFS_TEXT("fua", "0\n"),
	SYSFS_TEXT("hw_sector_size", "512\n"),
	SYSFS_OTHER("io_poll", 0644, io_poll_show, io_poll_store, READ_ONLY,
		    "whether requests may be polled for: this disk has no queue for it"),
	SYSFS_OTHER("io_poll_delay", 0644, io_poll_delay_show, io_poll_delay_store, HOLDS,
		    "us to sleep before polling; 0: half of what it takes, -1: do not sleep"),
	SYSFS_OTHER("iostats", 0644, iostats_show, iostats_store, ACTS,
		    "whether diskstats and stat count the disk's transfers"),
	SYSFS_TEXT("logical_block_size", "512\n"),
	SYSFS_TEXT("max_discard_segments", "1\n"),
	SYSFS_TEXT("max_hw_sectors_kb", "2147483647\n"),
	SYSFS_TEXT("max_integrity_segments", "0\n"),
	SYSFS_OTHER("max_sectors_kb", 0644, max_sectors_kb_show, max_sectors_kb_store, ACTS,
		    "kB of one transfer at most, and of what a large read asks for at once"),
	SYSFS_TEXT("max_segment_size", "4294967295\n"),
	SYSFS_TEXT("max_segments", "254\n"),
	SYSFS_TEXT("minimum_io_size", "512\n"),
	SYSFS_OTHER("nomerges", 0644, nomerges_show, nomerges_store, ACTS,
		    "2: no request joins one that waits; 1: only the last one, which is always so"),
	SYSFS_OTHER("nr_requests", 0644, nr_requests_show, nr_requests_store, ACTS,
		    "writes that may wait before the queue is congested"),
	SYSFS_TEXT("nr_zones", "0\n"),
	SYSFS_TEXT("optimal_io_size", "0\n"),
	SYSFS_TEXT("physical_block_size", "512\n"),
	SYSFS_OTHER("read_ahead_kb", 0644, read_ahead_kb_show, read_ahead_kb_store, ACTS,
		    "kB to read beyond what was asked for; the same as that of bdi"),
	SYSFS_OTHER("rotational", 0644, rotational_show, rotational_store, ACTS,
		    "1: swap areas that come into use are read ahead by slots, 0: by addresses"),
	SYSFS_OTHER("rq_affinity", 0644, rq_affinity_show, rq_affinity_store, HOLDS,
		    "which CPU ends a request"),
	SYSFS_OTHER("scheduler", 0644, scheduler_show, scheduler_store, ACTS,
		    "mq-deadline: reads before writes; none: in the order of submission"),
	SYSFS_OTHER("stable_writes", 0644, stable_writes_show, stable_writes_store, HOLDS,
		    "whether pages must not change while they are written"),
	SYSFS_TEXT("virt_boundary_mask", "0\n"),
	SYSFS_OTHER(
		"wbt_lat_usec", 0644, wbt_lat_usec_show, wbt_lat_usec_store, HOLDS,
		"us that reads may take before writeback is throttled; 0: never; -1: as at boot"),
	SYSFS_OTHER(
		"write_cache", 0644, write_cache_show, write_cache_store, ACTS,
		"write back: sync and fsync flush the disk's cache; write through: they need not"),
	SYSFS_TEXT("write_same_max_bytes", "0\n"),
	SYSFS_TEXT("write_zeroes_max_bytes", "0\n"),
	SYSFS_TEXT("zone_append_max_bytes", "0\n"),
	SYSFS_TEXT("zone_write_granularity", "0\n"),
	SYSFS_TEXT("zoned", "none\n"),
};

static const struct subdirectory queue_subdirs[] = {
	{ .name = "iosched", .dir = &iosched_directory },
};

const struct directory sys_block_queue_directory = {
	.name = "block/vda/queue",
	.mode = 0755,
	.attrs = queue_attrs,
	.nr_attrs = ARRAY_SIZE(queue_attrs),
	.subdirs = queue_subdirs,
	.nr_subdirs = ARRAY_SIZE(queue_subdirs),
	.exists = disk_exists,
};
