/*
 * /proc/sys/fs: counters of the objects behind files.
 * Source: Documentation/admin-guide/sysctl/fs.rst.
 */
#include "fs/proc/sys.h"

#include "fs/knob.h"
#include "fs/proc/sys_held.h"

static u64 active_objects(const struct machine *m, enum kmem_cache_id id)
{
	handle_t h = m->slab.by_id[id];

	return h ? ((const struct kmem_cache *)pool_at(&m->slab.caches, h))->active_objects : 0;
}

/* allocated, unused, age limit in seconds, pages wanted, negative, dummy */
static int dentry_state_show(const struct request *rq, struct text *out)
{
	text_u64(out, active_objects(rq->m, CACHE_DENTRY));
	text_char(out, '\t');
	text_u64(out, rq->m->mms.dentry_lru.nr);
	text_str(out, "\t45\t0\t0\t0\n");
	return 0;
}

static u64 nr_inodes(const struct machine *m)
{
	return active_objects(m, CACHE_INODE) + active_objects(m, CACHE_SHMEM_INODE) +
	       active_objects(m, CACHE_PROC_INODE);
}

/* allocated, unused, and five that are always 0 */
static int inode_state_show(const struct request *rq, struct text *out)
{
	text_u64(out, nr_inodes(rq->m));
	text_char(out, '\t');
	text_u64(out, rq->m->mms.inode_lru.nr);
	text_str(out, "\t0\t0\t0\t0\t0\n");
	return 0;
}

static int inode_nr_show(const struct request *rq, struct text *out)
{
	text_u64(out, nr_inodes(rq->m));
	text_char(out, '\t');
	text_u64(out, rq->m->mms.inode_lru.nr);
	text_char(out, '\n');
	return 0;
}

/* open files, free ones (always 0), the limit */
static int file_nr_show(const struct request *rq, struct text *out)
{
	text_u64(out, active_objects(rq->m, CACHE_FILP));
	text_str(out, "\t0\t");
	text_u64(out, rq->m->knobs.file_max);
	text_char(out, '\n');
	return 0;
}

static const struct attribute fs_attrs[] = {
	{ .name = "dentry-state", .mode = 0444, .flags = ATTR_SYSCTL, .show = dentry_state_show },
	SYSCTL_ULONG("file-max", knobs.file_max, 0, INT64_MAX, NULL, HOLDS,
		     "files that may be open at once"),
	{ .name = "file-nr", .mode = 0444, .flags = ATTR_SYSCTL, .show = file_nr_show },
	{ .name = "inode-nr", .mode = 0444, .flags = ATTR_SYSCTL, .show = inode_nr_show },
	{ .name = "inode-state", .mode = 0444, .flags = ATTR_SYSCTL, .show = inode_state_show },
	HELD_FS_ROWS(HELD_FS_ATTRIBUTE)
};

const struct directory proc_sys_fs_directory = {
	.name = "proc/sys/fs",
	.mode = 0555,
	.nlink = sysctl_nlink,
	.attrs = fs_attrs,
	.nr_attrs = ARRAY_SIZE(fs_attrs),
};
