/*
 * sim/disk: files on the simulated disk. Whoever reads or writes them goes through the simulated page
 * cache; what was written reads back the same.
 */
#include "fs/sim/disk.h"

#include <errno.h>
#include <string.h>

#include "fs/sim/sim.h"

static handle_t inode_of(const struct request *rq)
{
	return object_number(rq->object);
}

static u64 inode_object(const struct machine *m, handle_t h)
{
	return object_pack(h, inode_at(m, h)->ino);
}

/* Files of sim/disk are those whose path has one slash, the first letter. */
static bool on_disk(const struct machine *m, handle_t h)
{
	const struct inode *i = inode_at(m, h);
	const char *path = i->name ? inode_path(m, h) : "";

	return i->kind == INODE_REGULAR && !i->deleted && !(i->flags & INODE_FOREIGN) &&
	       *path == '/' && !strchr(path + 1, '/');
}

static bool file_exists(const struct request *rq)
{
	handle_t h = inode_of(rq);

	return h && h < rq->m->mms.inodes.nr_slots && inode_at(rq->m, h)->users &&
	       on_disk(rq->m, h) && inode_object(rq->m, h) == rq->object;
}

static u64 file_size(const struct request *rq)
{
	return inode_at(rq->m, inode_of(rq))->size;
}

static ssize_t file_pread(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	u64 end = file_size(rq);
	int error;

	if (offset >= end)
		return 0;
	size = min_t(u64, size, end - offset);
	error = disk_touch(rq->m, inode_of(rq), offset, size, false);
	if (error)
		tree_note_change(rq->tree);
	return error ? error : disk_read_bytes(rq->m, inode_of(rq), buffer, size, offset);
}

static ssize_t file_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	handle_t h = inode_of(rq);
	ssize_t n;
	int error;

	if (offset > DISK_FILE_SIZE_MAX || size > DISK_FILE_SIZE_MAX - offset)
		return -EFBIG;
	n = disk_write_bytes(rq->m, h, data, size, offset);
	if (n <= 0)
		return n;
	if (offset + (u64)n > inode_at(rq->m, h)->size)
		inode_at(rq->m, h)->size = offset + (u64)n;
	error = disk_touch(rq->m, h, offset, (u64)n, true);
	if (error)
		tree_note_change(rq->tree);
	return error ? error : n;
}

static const struct attribute file_attrs[] = {
	{ .name = "FILE",
	  .mode = 0644,
	  .flags = ATTR_POSITIONAL | ATTR_READ_CHANGES,
	  .pread = file_pread,
	  .store = file_store,
	  .get_size = file_size },
};

static void file_name(const struct request *rq, struct text *out)
{
	text_str(out, inode_path(rq->m, inode_of(rq)) + 1);
}

static int file_truncate(const struct request *rq, const struct attribute *attr, u64 size)
{
	int error;

	(void)attr;
	if (size > DISK_FILE_SIZE_MAX)
		return -EFBIG;
	error = disk_set_size(rq->m, inode_of(rq), size);
	if (!error)
		inode_truncate(rq->m, inode_of(rq), size);
	return error;
}

static const struct directory file_rows = {
	.name = "sim/disk/FILE",
	.attrs = file_attrs,
	.nr_attrs = ARRAY_SIZE(file_attrs),
	.exists = file_exists,
	.object_name = file_name,
	.truncate = file_truncate,
	.rows_only = true,
};

static struct entry file_entry(const struct machine *m, handle_t h)
{
	return (struct entry){ .attr = &file_attrs[0],
			       .owner = &file_rows,
			       .object = inode_object(m, h) };
}

static int disk_path(const char *name, char path[256])
{
	if (strlen(name) > 254)
		return -ENAMETOOLONG;
	path[0] = '/';
	strcpy(path + 1, name);
	return 0;
}

static int disk_lookup(const struct request *rq, const char *name, struct entry *out)
{
	char path[256];
	handle_t h = disk_path(name, path) ? 0 : inode_lookup(rq->m, path);

	if (!h || !on_disk(rq->m, h))
		return -ENOENT;
	*out = file_entry(rq->m, h);
	return 0;
}

static int disk_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	handle_t h;

	/* in order of creation; inode numbers only grow */
	for (h = rq->m->mms.inode_head; h; h = inode_at(rq->m, h)->next) {
		struct entry entry;

		if (inode_at(rq->m, h)->ino < position || !on_disk(rq->m, h))
			continue;
		entry = file_entry(rq->m, h);
		if (!e->emit(e, inode_path(rq->m, h) + 1, &entry, inode_at(rq->m, h)->ino + 1))
			break;
	}
	return 0;
}

static int disk_create(const struct request *rq, const char *name, mode_t mode, struct entry *out)
{
	char path[256];
	handle_t h;
	int error = disk_path(name, path);

	(void)mode;
	if (rq->caller->uid)
		return -EACCES;
	if (!error)
		error = inode_create(rq->m, path, 0, INODE_REGULAR, &h);
	if (!error)
		*out = file_entry(rq->m, h);
	return error;
}

static int disk_unlink(const struct request *rq, const char *name)
{
	char path[256];
	handle_t h = disk_path(name, path) ? 0 : inode_lookup(rq->m, path);

	if (rq->caller->uid)
		return -EACCES;
	if (!h)
		return -ENOENT;
	disk_forget(rq->m, h);
	inode_unlink(rq->m, h);
	return 0;
}

static const struct directory *const disk_dynamic[] = { &file_rows, NULL };

const struct directory disk_directory = {
	.name = "sim/disk",
	.mode = 0755,
	.dynamic = disk_dynamic,
	.lookup = disk_lookup,
	.iterate = disk_iterate,
	.create = disk_create,
	.unlink = disk_unlink,
};
