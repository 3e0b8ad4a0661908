/*
 * namei.h - the directories of the simulated disk, and what a file has besides its pages.
 *
 * A file or directory is an inode in a directory; handle 0 stands for the root. Its full path
 * ("/a/b") is its name everywhere else (maps, fread PATH) and its key in the path table; renaming a
 * directory renames what is below. Removing the name of a file that somebody holds open leaves the
 * file, until the last one lets go.
 *
 * The host keeps bytes, and perhaps names, through backing.h: what the host refuses is refused
 * here, before anything changed.
 *
 * Directory blocks and the inode table are page cache of the disk itself, Buffers: making and
 * opening files brings their blocks in, 4 KiB for sixteen inodes and for a directory's entries as
 * ext4 lays them out. They are read again after drop_caches. What changes an entry or an inode
 * makes its block dirty at once, and the flusher writes it, as on an ext4 without a journal.
 */
#ifndef MMAN_NAMEI_H
#define MMAN_NAMEI_H

#include <mman/machine.h>

#include <sys/types.h>

#define DISK_NAME_MAX	   255u
#define DISK_PATH_MAX	   4095u
#define DISK_FILE_SIZE_MAX ((u64)1 << 44) /* 16 TiB, ext4's */

/* Pages [first, first + nr) of a file have a place on the disk; between extents are holes. */
struct disk_extent {
	u64 first, nr;
	struct treap_node rb;
	u32 unwritten; /* fallocate(2) gave it, and nobody has written to it: it reads as a hole does */
};

#define disk_extent_at(m, h) ((struct disk_extent *)pool_at(&(m)->mms.disk_extents, h))

/** dir_at() - the inode of a file or directory of the disk; 0: the root's. */
static inline struct inode *dir_at(struct machine *m, handle_t h)
{
	return h ? inode_at(m, h) : &m->mms.root;
}

/** inode_is_dir() - is @h a directory (0: the root is)? */
static inline bool inode_is_dir(struct machine *m, handle_t h)
{
	return dir_at(m, h)->kind == INODE_DIRECTORY;
}

/** namei_init() - the root directory of the disk. */
void namei_init(struct machine *m);
/** vfs_lookup() - the entry @name of directory @dir. 0 and *@out, or -ENOENT, -ENAMETOOLONG. */
int vfs_lookup(struct machine *m, handle_t dir, const char *name, handle_t *out);
/** vfs_create() - a file or directory (@kind) with permissions @mode. -EEXIST, -ENOMEM,
 * -ENAMETOOLONG, -ENOSPC or what the host says. */
int vfs_create(struct machine *m, handle_t dir, const char *name, enum inode_kind kind, u32 mode,
	       handle_t *out);
/** vfs_import() - a file of @size bytes or a directory that is there already, as far as the host
 * goes;
 * @blocks: its pages that have a place, from the first on. */
int vfs_import(struct machine *m, const char *path, enum inode_kind kind, u64 size, u64 blocks,
	       handle_t *out);
/** vfs_unlink(), vfs_rmdir() - the entry goes. -ENOENT, -EISDIR, -ENOTDIR, -ENOTEMPTY, -EPERM (it
 * is swap). */
int vfs_unlink(struct machine *m, handle_t dir, const char *name);
int vfs_rmdir(struct machine *m, handle_t dir, const char *name);
/** vfs_rename() - as rename(2): what @new_name names is replaced, unless @noreplace (-EEXIST).
 * Neither may be in use as swap (-EPERM). */
int vfs_rename(struct machine *m, handle_t dir, const char *name, handle_t new_dir,
	       const char *new_name, bool noreplace);
/** vfs_truncate() - set the size; bytes behind it are gone. -EFBIG, -EISDIR, -ETXTBSY (swap, unless
 * it grows), the host's. */
int vfs_truncate(struct machine *m, handle_t inode, u64 size);
/** vfs_fallocate() - bytes [@offset, @offset + @length) get room on the disk, and the file that
 * size if it was smaller, unless FALLOCATE_KEEP_SIZE; or become a hole. -EISDIR, -EINVAL (none),
 * -EFBIG, -ENOSPC (and nothing is changed), -ENOMEM, -ETXTBSY, the host's. (mm/fallocate.c) */
int vfs_fallocate(struct machine *m, handle_t inode, u64 offset, u64 length,
		  enum fallocate_how how);
/** vfs_seek() - of @offset, or behind it, the next byte of data, or (@hole) of a hole, the file's
 * end being one.
 * -ENXIO: @offset is not in the file, or no data follows. */
s64 vfs_seek(struct machine *m, handle_t inode, u64 offset, bool hole);
/** vfs_inode_changed() - what stat shows of @inode (0: of the root) was changed: its block is
 * dirty. */
void vfs_inode_changed(struct machine *m, handle_t inode);
/** vfs_open() - an open file; its directory entry and its inode are looked at on the disk.
 * -ENOMEM. */
int vfs_open(struct machine *m, handle_t inode, handle_t *file);
/** vfs_close() - one user of the open file less. */
void vfs_close(struct machine *m, handle_t file);

/** now_ns() - virtual time as wall clock, ns since the epoch: what time stamps are. */
static inline s64 now_ns(const struct machine *m)
{
	return (s64)(m->config.boot_time * NSEC_PER_SEC + m->clock.now);
}

/* ---- reading and writing (mm/file_rw.c, mm/file_read_list.c, mm/direct_io.c) ---- */

/** filemap_read() - [@pos, @pos + @size) of an open file comes through the page cache, with
 * read-ahead. Bytes up to the file's end or an interruption; -EINTR, -ENOMEM, -EIO when there are
 * none. The bytes themselves are m->backing's. */
ssize_t filemap_read(struct machine *m, handle_t file, u64 pos, u64 size);
/** filemap_read_list() - filemap_read() of @size bytes at each of @pos, one after the other.
 * *@done: how many were made. 0, or the error of the one behind them; -EINTR. */
int filemap_read_list(struct machine *m, handle_t file, const u64 *pos, u64 nr, u64 size,
		      u64 *done);
/** generic_file_write() - @size bytes at @pos of @inode, which grows if need be. Without @data the
 * bytes stay what they were. Bytes written; or -ETXTBSY (it is swap), -ENOSPC, -EFBIG, -EINTR,
 * -ENOMEM, -EIO, the host's. */
ssize_t generic_file_write(struct machine *m, handle_t inode, u64 pos, u64 size, const void *data);
/** generic_file_direct_read(), generic_file_direct_write() - the same with O_DIRECT (mm/direct_io.c):
 * the disk is read or written at once, and waited for, past the page cache. -EINVAL: @pos or @size
 * is no multiple of 512, and there is something to do. */
ssize_t generic_file_direct_read(struct machine *m, handle_t file, u64 pos, u64 size);
ssize_t generic_file_direct_write(struct machine *m, handle_t inode, u64 pos, u64 size,
				  const void *data);

/* ---- pages and places (mm/disk_extent.c) ---- */

/** inode_is_on_disk() - has it places there at all? */
static inline bool inode_is_on_disk(const struct inode *i)
{
	return i->kind == INODE_REGULAR && !(i->flags & INODE_FOREIGN);
}

/** inode_has_block() - has page @index a place on the disk that was written to? Always, for files
 * that are not of this disk. inode_has_room() - have all of [@first, @first + @nr) a place, written
 * to or not? */
bool inode_has_room(struct machine *m, handle_t inode, u64 first, u64 nr);
/** inode_block_run() - pages from @first on, at most @nr, that all have one (*@mapped) or all have
 * not. */
u64 inode_block_run(struct machine *m, handle_t inode, u64 first, u64 nr, bool *mapped);

static inline bool inode_has_block(struct machine *m, handle_t inode, u64 index)
{
	const struct inode *i = inode_at(m, inode);
	const struct disk_extent *top = disk_extent_at(m, i->extents);
	bool mapped;

	/* a file without holes has one extent */
	if (likely(i->extents && inode_is_on_disk(i) && index - top->first < top->nr))
		return !top->unwritten;
	inode_block_run(m, inode, index, 1, &mapped);
	return mapped;
}
/** inode_copy_blocks() - @to gets places as @from of another machine has them. */
int inode_copy_blocks(struct machine *m, handle_t to, struct machine *other, handle_t from);
/** inode_reserve() - give pages [@first, @first + @nr) a place. 0 or -ENOSPC, -ENOMEM: nothing
 * changed. */
int inode_reserve(struct machine *m, handle_t inode, u64 first, u64 nr);
/** inode_preallocate() - the same without anything being written there. */
int inode_preallocate(struct machine *m, handle_t inode, u64 first, u64 nr);
/** inode_punch() - pages [@first, @first + @nr) have no place any more. 0 or -ENOMEM: some still
 * have. */
int inode_punch(struct machine *m, handle_t inode, u64 first, u64 nr);
/** inode_release() - the places of pages from @first on are free again. */
void inode_release(struct machine *m, handle_t inode, u64 first);

#endif
