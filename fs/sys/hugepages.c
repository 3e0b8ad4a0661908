/*
 * Pools of huge pages: /sys/kernel/mm/hugepages and nodeN/hugepages. One folder for each size; the
 * same rows show the whole machine there and one node here.
 * Source: Documentation/admin-guide/mm/hugetlbpage.rst.
 */
#include "fs/sys/device.h"

#include <errno.h>
#include <mman/hugetlb.h>

#define SIZE_2M ((u64)2 << 20)
#define SIZE_4M ((u64)4 << 20) /* of an i386 without pae */
#define SIZE_1G ((u64)1 << 30)

static const struct directory all_2m_directory, all_4m_directory, all_1g_directory,
	node_2m_directory, node_4m_directory, node_1g_directory;

static struct hstate *hstate_of_size(const struct request *rq, u64 size)
{
	u32 i;

	for (i = 0; i < rq->m->boot.nr_hstates; i++)
		if (rq->m->boot.hstate[i].page_size == size)
			return &rq->m->boot.hstate[i];
	return NULL;
}

/* Which pool, and which node of it (NUMA_NO_NODE: all of it). */
static struct hstate *hstate_of(const struct request *rq, int *nid)
{
	static const struct {
		const struct directory *all, *node;
		u64 size;
	} sizes[] = {
		{ &all_2m_directory, &node_2m_directory, SIZE_2M },
		{ &all_4m_directory, &node_4m_directory, SIZE_4M },
		{ &all_1g_directory, &node_1g_directory, SIZE_1G },
	};
	u32 i = 0;

	while (rq->dir != sizes[i].all && rq->dir != sizes[i].node)
		i++;
	*nid = rq->dir == sizes[i].node ? (int)rq->object : NUMA_NO_NODE;
	return hstate_of_size(rq, sizes[i].size);
}

static int free_hugepages_show(const struct request *rq, struct text *out)
{
	int nid;
	const struct hstate *h = hstate_of(rq, &nid);

	return show_u64(out, nid == NUMA_NO_NODE ? h->free_huge_pages : h->free_node[nid]);
}

static int nr_hugepages_show(const struct request *rq, struct text *out)
{
	int nid;
	const struct hstate *h = hstate_of(rq, &nid);

	return show_u64(out, nid == NUMA_NO_NODE ? h->nr_huge_pages : h->nr_node[nid]);
}

static int surplus_hugepages_show(const struct request *rq, struct text *out)
{
	int nid;
	const struct hstate *h = hstate_of(rq, &nid);

	return show_u64(out, nid == NUMA_NO_NODE ? h->surplus_huge_pages : h->surplus_node[nid]);
}

static int resv_hugepages_show(const struct request *rq, struct text *out)
{
	int nid;

	return show_u64(out, hstate_of(rq, &nid)->resv_huge_pages);
}

static int nr_overcommit_hugepages_show(const struct request *rq, struct text *out)
{
	int nid;

	return show_u64(out, hstate_of(rq, &nid)->nr_overcommit_huge_pages);
}

static ssize_t nr_hugepages_store(const struct request *rq, const char *data, size_t size,
				  u64 offset)
{
	int nid, err;
	struct hstate *h = hstate_of(rq, &nid);
	u64 count;

	(void)offset;
	err = parse_kstrtoull(data, size, 10, &count);
	if (!err)
		err = hugetlb_set_pool(rq->m, h, count, nid);
	return err ? err : (ssize_t)size;
}

static ssize_t nr_overcommit_hugepages_store(const struct request *rq, const char *data,
					     size_t size, u64 offset)
{
	int nid, err;
	struct hstate *h = hstate_of(rq, &nid);

	(void)offset;
	if (hstate_is_gigantic(h))
		return -EINVAL;
	err = parse_kstrtoull(data, size, 10, &h->nr_overcommit_huge_pages);
	return err ? err : (ssize_t)size;
}

static ssize_t demote_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	int nid, err;
	struct hstate *h = hstate_of(rq, &nid), *to;
	u64 nr;

	(void)offset;
	err = parse_kstrtoull(data, size, 10, &nr);
	if (err)
		return err;
	to = hstate_of_size(rq, h->demote_size);
	if (!to)
		return -EINVAL;
	err = hugetlb_demote(rq->m, h, to, nr, nid);
	return err ? err : (ssize_t)size;
}

static int demote_size_show(const struct request *rq, struct text *out)
{
	int nid;

	text_u64(out, hstate_of(rq, &nid)->demote_size >> 10);
	text_str(out, "kB\n");
	return 0;
}

/* A size with a suffix; what follows it ("kB") does not matter. */
static ssize_t demote_size_store(const struct request *rq, const char *data, size_t size,
				 u64 offset)
{
	int nid;
	struct hstate *h = hstate_of(rq, &nid);
	size_t used;
	u64 bytes = parse_memparse(data, size, &used);

	(void)offset;
	if (!hstate_of_size(rq, bytes) || bytes >= h->page_size)
		return -EINVAL;
	h->demote_size = bytes;
	return (ssize_t)size;
}

static bool can_demote(const struct request *rq)
{
	int nid;
	const struct hstate *h = hstate_of(rq, &nid);

	return h && h->demote_size;
}

/* ---- tables ---- */

#define NODE_ROWS                                                                                  \
	{ .name = "demote",                                                                        \
	  .mode = 0200,                                                                            \
	  .size = SYSFS_SIZE,                                                                      \
	  .show = knob_show,                                                                       \
	  .store = knob_store,                                                                     \
	  .visible = can_demote,                                                                   \
	  .data = &(const struct knob){ .parser = KNOB_OTHER,                                      \
					.store = demote_store,                                     \
					.effect = ACTS,                                            \
					.help = "split so many free pages into smaller ones" } },  \
		{ .name = "demote_size",                                                           \
		  .mode = 0644,                                                                    \
		  .size = SYSFS_SIZE,                                                              \
		  .show = knob_show,                                                               \
		  .store = knob_store,                                                             \
		  .visible = can_demote,                                                           \
		  .data = &(const struct knob){ .parser = KNOB_OTHER,                              \
						.show = demote_size_show,                          \
						.store = demote_size_store,                        \
						.effect = ACTS,                                    \
						.help = "size of the pages that demote makes" } }, \
		SYSFS_RO("free_hugepages", free_hugepages_show),                                   \
		SYSFS_LONG("nr_hugepages", 0644, nr_hugepages_show, nr_hugepages_store, ACTS,      \
			   "pages in the pool; grows as far as memory allows"),                    \
		SYSFS_RO("surplus_hugepages", surplus_hugepages_show)

static const struct attribute node_attrs[] = { NODE_ROWS };

static const struct attribute all_attrs[] = {
	NODE_ROWS,
	SYSFS_LONG("nr_hugepages_mempolicy", 0644, nr_hugepages_show, nr_hugepages_store, ACTS,
		   "the same, on the nodes of the writer's memory policy"),
	SYSFS_OTHER("nr_overcommit_hugepages", 0644, nr_overcommit_hugepages_show,
		    nr_overcommit_hugepages_store, ACTS,
		    "pages that may be made beyond that while needed"),
	SYSFS_RO("resv_hugepages", resv_hugepages_show),
};

static bool node_exists(const struct request *rq)
{
	return node_is_online(rq->m, (u32)rq->object);
}

#define POOL_DIRECTORY(ident, path, rows, is_there) \
	static const struct directory ident = {     \
		.name = path,                       \
		.mode = 0755,                       \
		.attrs = rows,                      \
		.nr_attrs = ARRAY_SIZE(rows),       \
		.exists = is_there,                 \
	}

POOL_DIRECTORY(all_2m_directory, "hugepages/hugepages-2048kB", all_attrs, NULL);
POOL_DIRECTORY(all_4m_directory, "hugepages/hugepages-4096kB", all_attrs, NULL);
POOL_DIRECTORY(all_1g_directory, "hugepages/hugepages-1048576kB", all_attrs, NULL);
POOL_DIRECTORY(node_2m_directory, "node/nodeN/hugepages/hugepages-2048kB", node_attrs, node_exists);
POOL_DIRECTORY(node_4m_directory, "node/nodeN/hugepages/hugepages-4096kB", node_attrs, node_exists);
POOL_DIRECTORY(node_1g_directory, "node/nodeN/hugepages/hugepages-1048576kB", node_attrs,
	       node_exists);

static bool has_2m(const struct request *rq)
{
	return hstate_of_size(rq, SIZE_2M) != NULL;
}

static bool has_4m(const struct request *rq)
{
	return hstate_of_size(rq, SIZE_4M) != NULL;
}

static bool has_1g(const struct request *rq)
{
	return hstate_of_size(rq, SIZE_1G) != NULL;
}

bool sys_has_hugepages(const struct request *rq)
{
	return rq->m->boot.nr_hstates != 0;
}

static const struct subdirectory all_subdirs[] = {
	{ .name = "hugepages-1048576kB", .dir = &all_1g_directory, .visible = has_1g },
	{ .name = "hugepages-2048kB", .dir = &all_2m_directory, .visible = has_2m },
	{ .name = "hugepages-4096kB", .dir = &all_4m_directory, .visible = has_4m },
};

static const struct subdirectory node_subdirs[] = {
	{ .name = "hugepages-1048576kB", .dir = &node_1g_directory, .visible = has_1g },
	{ .name = "hugepages-2048kB", .dir = &node_2m_directory, .visible = has_2m },
	{ .name = "hugepages-4096kB", .dir = &node_4m_directory, .visible = has_4m },
};

const struct directory sys_hugepages_directory = {
	.name = "hugepages",
	.mode = 0755,
	.subdirs = all_subdirs,
	.nr_subdirs = ARRAY_SIZE(all_subdirs),
};

const struct directory node_hugepages_directory = {
	.name = "node/nodeN/hugepages",
	.mode = 0755,
	.subdirs = node_subdirs,
	.nr_subdirs = ARRAY_SIZE(node_subdirs),
	.exists = node_exists,
};
