/*
 * disk.c - sim/disk: files and directories on the simulated disk. Whoever reads or writes them goes
 * through the simulated page cache; what was written reads back the same.
 *
 * An object is an inode's handle with its number as generation; 0 is the root directory. A file
 * that was removed lives as long as somebody has it open: its descriptor goes on, as on Linux.
 */
#include "fs/sim/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <mman/writeback.h>
#include <string.h>

#include "fs/sim/sim.h"

/* in the page cache, from which on it takes long to drop them: milliseconds */
#define LARGE_PAGES (1u << 16)

static handle_t inode_of(const struct request *rq)
{
	return object_number(rq->object);
}

static u64 inode_object(struct machine *m, handle_t h)
{
	return h ? object_pack(h, inode_at(m, h)->ino) : 0;
}

static bool is_inode(const struct request *rq, bool directory)
{
	handle_t h = inode_of(rq);
	const struct inode *i;

	if (!h || h >= rq->m->mms.inodes.nr_slots)
		return false;
	i = inode_at(rq->m, h);
	return i->users && !(i->flags & INODE_FOREIGN) && inode_object(rq->m, h) == rq->object &&
	       i->kind == (directory ? INODE_DIRECTORY : INODE_REGULAR);
}

/* ---- on whose behalf ---- */

/*
 * A visitor is nobody's process: what he causes is charged to no task, even if it happens in the
 * middle of a command of one. He can be interrupted as that can.
 */
static void visitor_begin(struct machine *m, struct running *r)
{
	*r = (struct running){ .outer = m->running,
			       .started = m->clock.now,
			       .saved_task = m->current,
			       .saved_cpu = m->cpu };
	m->running = r;
	m->current = 0;
}

static void visitor_end(struct machine *m, struct running *r)
{
	m->running = r->outer;
	m->current = r->saved_task;
	m->cpu = r->saved_cpu;
}

/* ---- what stat shows ---- */

static bool disk_get_owner(const struct request *rq, mode_t *mode, u32 *uid, u32 *gid)
{
	const struct inode *i = dir_at(rq->m, inode_of(rq));

	*mode = i->mode | (i->kind == INODE_DIRECTORY ? S_IFDIR : S_IFREG);
	*uid = i->uid;
	*gid = i->gid;
	return true;
}

static struct timespec time_stamp(s64 ns)
{
	s64 seconds = ns / (s64)NSEC_PER_SEC - (ns % (s64)NSEC_PER_SEC < 0);

	return (struct timespec){ .tv_sec = seconds,
				  .tv_nsec = (long)(ns - seconds * (s64)NSEC_PER_SEC) };
}

static void disk_fill_stat(const struct request *rq, struct stat *st)
{
	const struct inode *i = dir_at(rq->m, inode_of(rq));

	st->st_mtim = st->st_atim = time_stamp(i->mtime);
	st->st_ctim = time_stamp(i->ctime);
	st->st_blocks = (blkcnt_t)(i->blocks * (PAGE_SIZE / 512));
	if (i->kind == INODE_DIRECTORY) {
		st->st_nlink = 2 + i->nr_subdirs;
		st->st_size = (off_t)((1 + i->nr_children / 160) * PAGE_SIZE);
		st->st_blocks = st->st_size / 512;
	} else {
		st->st_nlink = i->flags & INODE_LINKED ? 1 : 0;
	}
}

static int disk_setattr(const struct request *rq, const struct tree_setattr *a)
{
	struct inode *i = dir_at(rq->m, inode_of(rq));
	struct running r;

	if (a->which & SETATTR_MODE)
		i->mode = a->mode & 07777;
	if (a->which & SETATTR_UID)
		i->uid = a->uid;
	if (a->which & SETATTR_GID)
		i->gid = a->gid;
	if (a->which & SETATTR_MTIME)
		i->mtime = a->mtime;
	i->ctime = now_ns(rq->m);
	visitor_begin(rq->m, &r);
	vfs_inode_changed(rq->m, inode_of(rq));
	visitor_end(rq->m, &r);
	if (inode_of(rq) && rq->m->backing && rq->m->backing->setattr)
		rq->m->backing->setattr(rq->m, inode_of(rq));
	return 0;
}

static void disk_statfs(const struct request *rq, struct statvfs *st)
{
	const struct blk_state *b = &rq->m->blk;

	st->f_blocks = blk_disk_pages(rq->m, 0);
	st->f_bfree = st->f_bavail = b->total_pages - b->used_pages;
	st->f_files = b->total_pages / 4; /* ext4 makes an inode for each 16 KiB */
	st->f_ffree = st->f_favail =
		st->f_files - min_t(u64, st->f_files, rq->m->mms.nr_disk_inodes);
}

/* ---- files ---- */

static bool file_exists(const struct request *rq)
{
	return is_inode(rq, false);
}

static u64 file_size(const struct request *rq)
{
	return inode_at(rq->m, inode_of(rq))->size;
}

static void inode_name(const struct request *rq, struct text *out)
{
	text_str(out, strrchr(inode_path(rq->m, inode_of(rq)), '/') + 1);
}

static u64 inode_parent(const struct request *rq)
{
	return inode_object(rq->m, inode_at(rq->m, inode_of(rq))->parent);
}

static handle_t file_of(const struct request *rq)
{
	return (handle_t)(uintptr_t)rq->file->private;
}

static int file_open_attr(const struct request *rq, int flags)
{
	struct running r;
	handle_t file;
	int error;

	(void)flags;
	if (rq->m->panicked)
		return 0;
	visitor_begin(rq->m, &r);
	error = vfs_open(rq->m, inode_of(rq), &file);
	visitor_end(rq->m, &r);
	if (!error)
		rq->file->private = (void *)(uintptr_t)file;
	return error;
}

static void file_release_attr(const struct request *rq)
{
	if (file_of(rq))
		vfs_close(rq->m, file_of(rq));
	rq->file->private = NULL;
}

/* A machine that has panicked gives out what is there, but its page cache moves no more. */
static ssize_t size_left(const struct request *rq, size_t size, u64 offset)
{
	u64 end = file_size(rq);

	return offset < end ? (ssize_t)min_t(u64, size, end - offset) : 0;
}

static ssize_t file_pread(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	struct machine *m = rq->m;
	struct running r;
	ssize_t n;

	if (m->panicked || !file_of(rq)) {
		n = size_left(rq, size, offset);
	} else {
		visitor_begin(m, &r);
		clock_charge(m, m->cost.syscall);
		n = rq->file->direct ? generic_file_direct_read(m, file_of(rq), offset, size) :
				       filemap_read(m, file_of(rq), offset, size);
		visitor_end(m, &r);
	}
	if (n <= 0)
		return n;
	if (m->backing)
		return m->backing->read(m, inode_of(rq), buffer, (size_t)n, offset);
	memset(buffer, 0, (size_t)n);
	return n;
}

static ssize_t file_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	struct machine *m = rq->m;
	struct running r;
	ssize_t n = disk_store_attach(m);

	if (n || m->panicked)
		return n ? n : -EIO;
	visitor_begin(m, &r);
	clock_charge(m, m->cost.syscall);
	n = rq->file && rq->file->direct ?
		    generic_file_direct_write(m, inode_of(rq), offset, size, data) :
		    generic_file_write(m, inode_of(rq), offset, size, data);
	visitor_end(m, &r);
	return n;
}

static int file_fsync(const struct request *rq)
{
	struct running r;
	int error;

	visitor_begin(rq->m, &r);
	clock_charge(rq->m, rq->m->cost.syscall);
	error = file_of(rq) ? vfs_fsync_range(rq->m, file_of(rq), 0, UINT64_MAX, NULL) : -EIO;
	visitor_end(rq->m, &r);
	return error;
}

static bool file_is_large(const struct request *rq)
{
	return inode_at(rq->m, inode_of(rq))->nrpages >= LARGE_PAGES;
}

static int file_truncate(const struct request *rq, const struct attribute *attr, u64 size)
{
	struct running r;
	int error;

	(void)attr;
	if (rq->m->panicked)
		return -EIO;
	visitor_begin(rq->m, &r);
	error = vfs_truncate(rq->m, inode_of(rq), size);
	visitor_end(rq->m, &r);
	return error;
}

static int file_fallocate(const struct request *rq, u64 offset, u64 length, enum fallocate_how how)
{
	struct running r;
	int error = rq->m->panicked ? -EIO : disk_store_attach(rq->m);

	if (error)
		return error;
	visitor_begin(rq->m, &r);
	error = vfs_fallocate(rq->m, inode_of(rq), offset, length, how);
	visitor_end(rq->m, &r);
	return error;
}

static s64 file_seek(const struct request *rq, u64 offset, bool hole)
{
	return vfs_seek(rq->m, inode_of(rq), offset, hole);
}

static const struct attribute file_attrs[] = {
	{ .name = "FILE",
	  .mode = 0644,
	  .flags = ATTR_POSITIONAL | ATTR_TRACKED,
	  .open = file_open_attr,
	  .release = file_release_attr,
	  .pread = file_pread,
	  .store = file_store,
	  .fsync = file_fsync,
	  .get_size = file_size },
};

static const struct directory file_rows = {
	.name = "sim/disk/FILE",
	.attrs = file_attrs,
	.nr_attrs = ARRAY_SIZE(file_attrs),
	.exists = file_exists,
	.object_name = inode_name,
	.parent_object = inode_parent,
	.truncate = file_truncate,
	.is_large = file_is_large,
	.fallocate = file_fallocate,
	.seek = file_seek,
	.get_owner = disk_get_owner,
	.setattr = disk_setattr,
	.fill_stat = disk_fill_stat,
	.rows_only = true,
};

/* ---- directories ---- */

static bool directory_exists(const struct request *rq)
{
	return !rq->object || is_inode(rq, true);
}

static struct entry inode_entry(struct machine *m, handle_t h)
{
	struct entry e = { .object = inode_object(m, h) };

	if (inode_is_dir(m, h)) {
		e.dir = &disk_directory;
	} else {
		e.attr = &file_attrs[0];
		e.owner = &file_rows;
	}
	return e;
}

static int disk_lookup(const struct request *rq, const char *name, struct entry *out)
{
	handle_t h;
	int error = vfs_lookup(rq->m, inode_of(rq), name, &h);

	if (!error)
		*out = inode_entry(rq->m, h);
	return error;
}

static int disk_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	handle_t h = dir_at(rq->m, inode_of(rq))->first_child;

	for (; h; h = inode_at(rq->m, h)->sibling_next) {
		const struct inode *i = inode_at(rq->m, h);
		struct entry entry;

		if (i->position < position)
			continue;
		entry = inode_entry(rq->m, h);
		if (!e->emit(e, strrchr(inode_path(rq->m, h), '/') + 1, &entry, i->position + 1))
			break;
	}
	return 0;
}

/* May the caller change the disk? Its files are all root's. */
static int may_change(const struct request *rq)
{
	if (rq->caller->uid)
		return -EACCES;
	return rq->m->panicked ? -EIO : disk_store_attach(rq->m);
}

static int create_entry(const struct request *rq, const char *name, enum inode_kind kind, u32 mode,
			handle_t *out)
{
	struct running r;
	int error = may_change(rq);

	if (error)
		return error;
	visitor_begin(rq->m, &r);
	error = vfs_create(rq->m, inode_of(rq), name, kind, mode, out);
	visitor_end(rq->m, &r);
	return error;
}

static int disk_create(const struct request *rq, const char *name, mode_t mode, struct entry *out)
{
	handle_t h;
	int error = create_entry(rq, name, INODE_REGULAR, mode, &h);

	if (!error)
		*out = inode_entry(rq->m, h);
	return error;
}

static int disk_mkdir(const struct request *rq, const char *name)
{
	handle_t h;

	return create_entry(rq, name, INODE_DIRECTORY, 0755, &h);
}

static int remove_entry(const struct request *rq, const char *name,
			int (*remove)(struct machine *m, handle_t dir, const char *name))
{
	struct running r;
	int error = may_change(rq);

	if (error)
		return error;
	visitor_begin(rq->m, &r);
	error = remove(rq->m, inode_of(rq), name);
	visitor_end(rq->m, &r);
	return error;
}

static int disk_unlink(const struct request *rq, const char *name)
{
	return remove_entry(rq, name, vfs_unlink);
}

static int disk_rmdir(const struct request *rq, const char *name)
{
	return remove_entry(rq, name, vfs_rmdir);
}

static int disk_rename(const struct request *rq, const char *name, const struct request *to,
		       const char *new_name)
{
	struct running r;
	int error = may_change(rq);

	if (error)
		return error;
	visitor_begin(rq->m, &r);
	error = vfs_rename(rq->m, inode_of(rq), name, inode_of(to), new_name, false);
	visitor_end(rq->m, &r);
	return error;
}

static const struct directory *const disk_dynamic[] = { &disk_directory, &file_rows, NULL };

const struct directory disk_directory = {
	.name = "sim/disk",
	.mode = 0755,
	.dynamic = disk_dynamic,
	.exists = directory_exists,
	.object_name = inode_name,
	.parent_object = inode_parent,
	.lookup = disk_lookup,
	.iterate = disk_iterate,
	.create = disk_create,
	.mkdir = disk_mkdir,
	.rmdir = disk_rmdir,
	.unlink = disk_unlink,
	.rename = disk_rename,
	.get_owner = disk_get_owner,
	.setattr = disk_setattr,
	.fill_stat = disk_fill_stat,
	.statfs = disk_statfs,
};
