/*
 * dcache.h - which names and inodes of the disk the kernel has in memory: a directory entry
 * (dentry) leads to an inode (ext4_inode_cache), both are slab objects, and both can be forgotten
 * and read again.
 *
 * A file is on the disk whether or not the kernel knows of it. Who opens or changes it brings its
 * inode and the dentries of it and of all directories above it into memory. A dentry that is not in
 * use (no open file, no dentry below it) waits on a list for reclaim, which passes over one that
 * was used again since it last looked. The inode without a dentry waits on another list, unless it
 * has pages in the page cache, or shadows of them, or is dirty: it goes only after those.
 *
 * What is on no directory of the disk (shared memory, deleted files, the block device) is always in
 * memory. Source: Documentation/admin-guide/sysctl/vm.rst (vfs_cache_pressure, drop_caches),
 * sysctl/fs.rst.
 */
#ifndef MM_DCACHE_H
#define MM_DCACHE_H

#include <mman/machine.h>

enum {
	DCACHE_INODE = 1,	/* the inode is in memory */
	DCACHE_DENTRY = 2,	/* and its name */
	DCACHE_REFERENCED = 4,	/* used again since reclaim looked */
	DCACHE_USED = 8,	/* it was used once */
	DCACHE_DENTRY_LRU = 16, /* on the list of unused dentries */
	DCACHE_INODE_LRU = 32,	/* on the list of inodes without one */
};

/** d_get() - @inode (0: the root) is about to be used: it and the names that lead to it are in
 * memory afterwards, read from the disk where they were not, until d_put() or inode_put(). 0,
 * -ENOMEM. */
int d_get(struct machine *m, handle_t inode);
void d_put(struct machine *m, handle_t inode);
/** d_update() - who holds @inode, or what is below it, has changed. */
void d_update(struct machine *m, handle_t inode);
/** d_drop() - no directory has it any more: off the lists; what is in memory stays until it is
 * freed. */
void d_drop(struct machine *m, handle_t inode);
/** d_forget() - a new inode, in no directory yet, that was on the disk before: it is not in
 * memory. */
void d_forget(struct machine *m, handle_t inode);
/** d_release() - @inode is being freed: gives back what is in memory of it. */
void d_release(struct machine *m, handle_t inode);
/** shrink_dcache_sb() - a pass of the shrinker on node @nid, as shrink_slab()'s. */
void shrink_dcache_sb(struct machine *m, u32 nid, int priority);

/* ---- who calls and is called ---- */

/** read_dentry() - its blocks of the directory and of the inode table come into Buffers.
 * (namei.c) */
void read_dentry(struct machine *m, handle_t inode, bool inode_too);
/** inode_table_block() - the disk's block that @inode (0: the root) is in, a page of its own page
 * cache.
 * write_inode_block() - what is new of @inode goes there; false: that block is not in memory.
 * (namei.c) */
u64 inode_table_block(const struct machine *m, handle_t inode);
bool write_inode_block(struct machine *m, handle_t inode);

#endif
