/*
 * Names and inodes of the disk in memory: what reclaim makes the kernel forget, in which order, and
 * what it costs to look again.
 */
#include <mman/namei.h>
#include <mman/writeback.h>
#include <stdio.h>

#include "mm/dcache.h"
#include "mm/filemap.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define FILES 4000u

static u64 objects(struct machine *m, enum kmem_cache_id id)
{
	return ((struct kmem_cache *)pool_at(&m->slab.caches, m->slab.by_id[id]))->active_objects;
}

static void make_files(struct machine *m, handle_t *dir, handle_t file[FILES])
{
	u64 synced;
	char name[16];
	u32 i;

	if (vfs_create(m, 0, "d", INODE_DIRECTORY, 0755, dir))
		bail_out("no directory");
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		if (vfs_create(m, *dir, name, INODE_REGULAR, 0644, &file[i]))
			bail_out("no file");
	}
	ksys_sync(m, &synced);
}

static void look_at(struct machine *m, handle_t inode)
{
	handle_t file;

	if (vfs_open(m, inode, &file))
		bail_out("cannot open a file");
	vfs_close(m, file);
}

static void test_order(struct machine *m)
{
	handle_t dir, file[FILES], open;
	u64 dentries, inodes, before;
	char name[16];
	u32 i;

	vfs_create(m, 0, "first", INODE_REGULAR, 0644, &open); /* makes the block device's inode */
	vfs_unlink(m, 0, "first");
	dentries = objects(m, CACHE_DENTRY);
	inodes = objects(m, CACHE_INODE);
	make_files(m, &dir, file);
	is_uint(objects(m, CACHE_DENTRY) - dentries, FILES + 1, "a name is a dentry");
	is_uint(objects(m, CACHE_INODE) - inodes, FILES + 1, "and a file an inode");
	is_uint(m->mms.dentry_lru.nr, FILES,
		"all unused but the directory's, which has names below");
	look_at(m, file[0]);
	look_at(m, file[0]);
	vfs_open(m, file[1], &open);
	filemap_get_page(m, file[2], 0, true);
	generic_file_write(m, file[3], 0, PAGE_SIZE, NULL);
	is_uint(m->mms.dentry_lru.nr, FILES - 1, "an open file's name is in use");

	before = objects(m, CACHE_DENTRY);
	shrink_dcache_sb(m, 0, 2);
	cmp_int((s64)(before - objects(m, CACHE_DENTRY)), >, 1000,
		"a pass of reclaim forgets a share of them");
	ok(inode_at(m, file[0])->cached & DCACHE_DENTRY, "not the one that was used again");
	ok(!(inode_at(m, file[4])->cached & DCACHE_DENTRY), "the oldest go first");
	is_sound(m, "after a pass");

	for (i = 0; i < 30; i++)
		shrink_dcache_sb(m, 0, 0);
	is_uint(objects(m, CACHE_DENTRY) - dentries, 2,
		"in the end only the open file's and its directory's stay");
	ok(inode_at(m, file[2])->cached == DCACHE_INODE, "an inode stays as long as it has pages");
	ok(inode_at(m, file[3])->cached == DCACHE_INODE, "or is dirty");
	is_uint(objects(m, CACHE_INODE) - inodes, 4, "the other inodes are gone");
	is_sound(m, "when all are forgotten");

	drop_pagecache(m);
	is_uint(m->mms.inode_lru.nr, 1, "without its page the clean one may go");
	before = m->vm_event[PGPGIN];
	look_at(m, file[4]);
	is_uint(m->vm_event[PGPGIN] - before, 8, "to look again is to read a name and an inode");
	ok(inode_at(m, file[4])->cached & DCACHE_DENTRY, "which then are there again");
	vfs_close(m, open);
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		if (vfs_unlink(m, dir, name))
			bail_out("cannot remove %s", name);
	}
	is_int(vfs_rmdir(m, 0, "d"), 0, "forgotten files can be removed");
	is_uint(objects(m, CACHE_DENTRY), dentries, "and all is as it was: dentries");
	is_uint(objects(m, CACHE_INODE), inodes, "and inodes");
}

/* How many of the same files a pass forgets. */
static u64 forgotten(struct machine *m, int pressure)
{
	handle_t dir, file[FILES];
	u64 before;
	char name[16];
	u32 i;

	make_files(m, &dir, file);
	m->sysctl.vfs_cache_pressure = pressure;
	before = objects(m, CACHE_DENTRY);
	shrink_dcache_sb(m, 0, 1);
	before -= objects(m, CACHE_DENTRY);
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		vfs_unlink(m, dir, name);
	}
	vfs_rmdir(m, 0, "d");
	m->sysctl.vfs_cache_pressure = 100;
	return before;
}

static void test_pressure(struct machine *m)
{
	u64 normal = forgotten(m, 100), half = forgotten(m, 50);

	is_uint(forgotten(m, 0), 0, "vfs_cache_pressure 0 keeps them");
	cmp_int((s64)half, <, (s64)normal, "50 takes fewer than 100");
	cmp_int((s64)half, >, 0, "but some");
}

static void test_renames(struct machine *m)
{
	handle_t a, b, f, file;
	u64 synced;
	u32 i;

	vfs_create(m, 0, "a", INODE_DIRECTORY, 0755, &a);
	vfs_create(m, 0, "b", INODE_DIRECTORY, 0755, &b);
	vfs_create(m, a, "f", INODE_REGULAR, 0644, &f);
	ksys_sync(m, &synced);
	for (i = 0; i < 3; i++) {
		vfs_open(m, f, &file);
		vfs_close(m, file);
	}
	drop_slab(m);
	ok(!inode_at(m, f)->cached && !m->mms.dentry_lru.nr && !m->mms.inode_lru.nr,
	   "drop_caches forgets names at once, also those used again and again");
	is_int(vfs_rename(m, a, "f", b, "g", false), 0, "a forgotten file is renamed");
	ok(inode_at(m, f)->cached & DCACHE_DENTRY, "and known by its new name");
	is_sound(m, "after a rename");
	vfs_unlink(m, b, "g");
	vfs_rmdir(m, 0, "a");
	vfs_rmdir(m, 0, "b");
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 512);
	test_order(t.m);
	test_pressure(t.m);
	test_renames(t.m);
	mmtest_close(&t);
	return done_testing();
}
