/*
 * Files and directories of the disk in the engine: errors of each call, places on the disk, and
 * thousands of random changes against a plain table, with every invariant checked.
 */
#include <errno.h>
#include <mman/namei.h>
#include <mman/writeback.h>
#include <stdio.h>
#include <string.h>

#include "tests/draw.h"
#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

static u64 seed = 11;

static u32 pick(u32 n)
{
	return draw(&seed, n);
}

/* ---- names ---- */

static void test_names(struct machine *m)
{
	handle_t d, e, f, g;
	char longest[DISK_NAME_MAX + 2];

	memset(longest, 'n', sizeof(longest));
	longest[DISK_NAME_MAX + 1] = '\0';
	is_err(vfs_create(m, 0, longest, INODE_REGULAR, 0644, &f), -ENAMETOOLONG, "256 letters");
	is_err(vfs_create(m, 0, "d", INODE_DIRECTORY, 0755, &d), 0, "a directory");
	is_err(vfs_create(m, 0, "d", INODE_REGULAR, 0644, &f), -EEXIST, "its name is taken");
	is_err(vfs_create(m, d, "f", INODE_REGULAR, 0600, &f), 0, "a file in it");
	is_str(inode_path(m, f), "/d/f", "with its path");
	is_uint(inode_lookup(m, "/d/f"), f, "by which it is found");
	is_err(vfs_lookup(m, d, "g", &g), -ENOENT, "others are not there");
	is_err(vfs_unlink(m, 0, "d"), -EISDIR, "unlink of a directory");
	is_err(vfs_rmdir(m, d, "f"), -ENOTDIR, "rmdir of a file");
	is_err(vfs_rmdir(m, 0, "d"), -ENOTEMPTY, "rmdir of what is not empty");
	is_err(vfs_truncate(m, d, 0), -EISDIR, "truncate of a directory");
	is_err(vfs_truncate(m, f, DISK_FILE_SIZE_MAX + 1), -EFBIG, "a file beyond 16 TiB");

	is_err(vfs_create(m, d, "e", INODE_DIRECTORY, 0755, &e), 0, "a directory in it");
	is_err(vfs_create(m, e, "g", INODE_REGULAR, 0644, &g), 0, "with a file");
	is_uint(dir_at(m, 0)->nr_subdirs, 1, "the root has one directory");
	is_err(vfs_rename(m, 0, "d", e, "x", false), -EINVAL, "a directory into itself");
	is_err(vfs_rename(m, d, "f", 0, "d", false), -EISDIR, "a file onto a directory");
	is_err(vfs_rename(m, d, "e", d, "f", false), -ENOTDIR, "a directory onto a file");
	is_err(vfs_rename(m, d, "nobody", d, "x", false), -ENOENT, "what is not there");
	is_err(vfs_rename(m, d, "f", e, "g", true), -EEXIST, "not to replace");
	is_err(vfs_rename(m, 0, "d", 0, "moved", false), 0, "a directory moves");
	is_str(inode_path(m, g), "/moved/e/g", "with all below");
	is_uint(inode_lookup(m, "/d/e/g"), 0, "the old paths are gone");
	is_err(vfs_rename(m, d, "f", e, "g", false), 0, "a file takes another's place");
	is_uint(inode_lookup(m, "/moved/e/g"), f, "and is found there");
	is_err(vfs_unlink(m, e, "g"), 0, "it goes");
	is_err(vfs_rmdir(m, d, "e"), 0, "the directory");
	is_err(vfs_rmdir(m, 0, "moved"), 0, "all of it");
	is_uint(m->mms.nr_disk_inodes, 0, "nothing is left");
	is_uint(m->blk.used_pages, inode_at(m, m->mms.program)->blocks, "no place taken");
}

/* ---- places ---- */

static void test_places(struct machine *m)
{
	u64 used = m->blk.used_pages, total = m->blk.total_pages;
	handle_t f, file;

	vfs_create(m, 0, "f", INODE_REGULAR, 0644, &f);
	generic_file_write(m, f, 0, 10 * PAGE_SIZE, NULL);
	generic_file_write(m, f, (u64)1 << 43, 1, NULL);
	is_uint(inode_at(m, f)->size, ((u64)1 << 43) + 1, "a file of 8 TiB");
	is_uint(inode_at(m, f)->blocks, 11, "has eleven pages on the disk");
	is_uint(m->blk.used_pages - used, 11, "which the disk counts");
	ok(inode_has_block(m, f, 9) && !inode_has_block(m, f, 10), "holes are no pages");
	generic_file_write(m, f, 5 * PAGE_SIZE, 10 * PAGE_SIZE, NULL);
	is_uint(inode_at(m, f)->blocks, 16, "writing over takes only what is new");
	vfs_truncate(m, f, 3 * PAGE_SIZE + 1);
	is_uint(inode_at(m, f)->blocks, 4, "truncation gives back");
	is_uint(m->blk.used_pages - used, 4, "to the disk");

	m->blk.total_pages = m->blk.used_pages + 5;
	is_int(generic_file_write(m, f, 4 * PAGE_SIZE, 8 * PAGE_SIZE, NULL), 5 * PAGE_SIZE,
	       "a full disk takes what it can");
	is_err((int)generic_file_write(m, f, 9 * PAGE_SIZE, 1, NULL), -ENOSPC, "and then no more");
	is_int(generic_file_write(m, f, 0, 9 * PAGE_SIZE, NULL), 9 * PAGE_SIZE,
	       "what has a place can be written over");
	is_uint(inode_at(m, f)->size, 9 * PAGE_SIZE, "the file is as long as what was taken");
	vfs_open(m, f, &file);
	vfs_unlink(m, 0, "f");
	is_uint(m->blk.used_pages - used, 9, "removed but open, it keeps its place");
	is_int(filemap_read(m, file, 0, 100), 100, "and can be read");
	vfs_close(m, file);
	is_uint(m->blk.used_pages, used, "until it is closed");
	m->blk.total_pages = total;
}

/* ---- Buffers ---- */

static void test_buffers(struct machine *m)
{
	u64 before = m->nr_blockdev_pages, read, written;
	handle_t d, f, file;
	char name[16];
	u32 i;

	vfs_create(m, 0, "d", INODE_DIRECTORY, 0755, &d);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "file%u", i);
		vfs_create(m, d, name, INODE_REGULAR, 0644, &f);
	}
	/* 1000 inodes of 256 bytes, 1000 entries of some 25: a real kernel had 70 pages more */
	ok(m->nr_blockdev_pages - before >= 66 && m->nr_blockdev_pages - before <= 74,
	   "a thousand files bring 63 blocks of inodes and a few of names (%llu)",
	   (unsigned long long)(m->nr_blockdev_pages - before));
	ok(m->vm_node_stat[NR_DIRTY] >= (s64)(m->nr_blockdev_pages - before),
	   "all of them are dirty");
	drop_pagecache(m);
	is_uint(m->nr_blockdev_pages, m->vm_node_stat[NR_DIRTY], "drop_caches leaves them");
	ksys_sync(m, &written);
	is_uint(m->vm_node_stat[NR_DIRTY], 0, "sync writes them");
	is_uint(written, m->nr_blockdev_pages, "each once");
	vfs_inode_changed(m, f);
	is_uint(m->vm_node_stat[NR_DIRTY], 1, "chmod dirties one");
	sync_inode_range(m, f, 0, UINT64_MAX, NULL);
	is_uint(m->vm_node_stat[NR_DIRTY], 0, "which fsync of the file writes");
	drop_pagecache(m);
	is_uint(m->nr_blockdev_pages, 0, "then drop_caches drops Buffers too");
	read = m->vm_event[PGPGIN];
	vfs_open(m, f, &file);
	vfs_close(m, file);
	is_uint(m->vm_event[PGPGIN] - read, 0,
		"who opens a file whose name is in memory reads nothing");
	drop_slab(m);
	drop_pagecache(m);
	read = m->vm_event[PGPGIN];
	vfs_open(m, f, &file);
	vfs_close(m, file);
	is_uint(m->vm_event[PGPGIN] - read, 16,
		"else two names and two inodes: its own and its directory's");
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "file%u", i);
		vfs_unlink(m, d, name);
	}
	vfs_rmdir(m, 0, "d");
}

/* ---- mapped files ---- */

static void test_mapped(struct mmtest *t)
{
	struct machine *m = t->m;
	u64 total = m->blk.total_pages, a;
	handle_t f;

	vfs_create(m, 0, "f", INODE_REGULAR, 0644, &f);
	vfs_truncate(m, f, 16 * PAGE_SIZE);
	a = map_file(t, 0x40000000, 16, "rw", MAPF_FIXED | MAPF_SHARED, f, 0);
	is_int(load(t, a, 16), 0, "a hole can be read through a mapping");
	is_uint(inode_at(m, f)->blocks, 0, "which takes no place");
	is_int(store(t, a, 4), 0, "a store");
	is_uint(inode_at(m, f)->blocks, 4, "does");
	m->blk.total_pages = m->blk.used_pages;
	is_uint(handle_mm_fault(m, t->task, a + 5 * PAGE_SIZE, true), VM_FAULT_SIGBUS,
		"a store into a hole of a full disk is SIGBUS");
	m->blk.total_pages = total;
	vfs_truncate(m, f, 2 * PAGE_SIZE);
	is_uint(handle_mm_fault(m, t->task, a + 3 * PAGE_SIZE, false), VM_FAULT_SIGBUS,
		"so is what lies behind the end of a truncated file");
	is_int(load(t, a, 2), 0, "what is left can be read");
	unmap(t, a, 16);
	vfs_unlink(m, 0, "f");
}

/* ---- room ahead of the writing ---- */

static void test_fallocate(struct machine *m)
{
	u64 used = m->blk.used_pages, read;
	handle_t f, d, file;

	vfs_create(m, 0, "f", INODE_REGULAR, 0644, &f);
	vfs_create(m, 0, "d", INODE_DIRECTORY, 0755, &d);
	is_err(vfs_fallocate(m, d, 0, 1, FALLOCATE_GROW), -EISDIR, "fallocate of a directory");
	is_err(vfs_fallocate(m, f, 0, 0, FALLOCATE_GROW), -EINVAL, "of nothing");
	is_err(vfs_fallocate(m, f, DISK_FILE_SIZE_MAX, 1, FALLOCATE_GROW), -EFBIG, "beyond 16 TiB");
	is_err(vfs_fallocate(m, f, 0, m->blk.total_pages << PAGE_SHIFT, FALLOCATE_GROW), -ENOSPC,
	       "of more than there is");
	is_uint(m->blk.used_pages - used, 0, "which takes nothing");
	is_err(vfs_fallocate(m, f, PAGE_SIZE, 9 * PAGE_SIZE, FALLOCATE_KEEP_SIZE), 0,
	       "fallocate, the size kept");
	is_uint(inode_at(m, f)->size, 0, "it is");
	is_err(vfs_fallocate(m, f, 0, 10 * PAGE_SIZE, FALLOCATE_GROW), 0, "and all");
	is_uint(inode_at(m, f)->size, 10 * PAGE_SIZE, "the file has that size");
	is_uint(m->blk.used_pages - used, 10, "and its place on the disk, once");
	vfs_open(m, f, &file);
	read = m->vm_event[PGPGIN];
	filemap_read(m, file, 0, 10 * PAGE_SIZE);
	is_uint(m->vm_event[PGPGIN], read, "it reads as zeros, without the disk");
	vfs_close(m, file);
	is_int(vfs_seek(m, f, 0, false), -ENXIO, "there is no data");
	generic_file_write(m, f, 4 * PAGE_SIZE + 7, 2 * PAGE_SIZE, NULL);
	is_int(vfs_seek(m, f, 0, false), 4 * PAGE_SIZE, "what was written to is data");
	is_int(vfs_seek(m, f, 5 * PAGE_SIZE + 1, true), 7 * PAGE_SIZE, "up to a hole");
	is_int(vfs_seek(m, f, 10 * PAGE_SIZE, true), -ENXIO, "and none behind the end");
	is_uint(m->blk.used_pages - used, 10, "no more room is taken for it");
	is_err(swapon_file(m, f, 10 * PAGE_SIZE, -1), 0, "such a file can be swap");
	is_err(vfs_fallocate(m, f, 0, 1, FALLOCATE_GROW), -ETXTBSY, "and is not touched then");
	is_err(swapoff(m, "/f"), 0, "as long as it is");
	is_err(vfs_fallocate(m, f, 5 * PAGE_SIZE - 1, PAGE_SIZE + 2, FALLOCATE_PUNCH), 0,
	       "a hole is punched");
	is_uint(m->blk.used_pages - used, 9, "one page's room is free");
	ok(!inode_has_room(m, f, 5, 1) && inode_has_block(m, f, 4), "no other");
	is_int(vfs_seek(m, f, 4 * PAGE_SIZE, true), 5 * PAGE_SIZE, "where the data ends");
	is_err(vfs_fallocate(m, f, 8 * PAGE_SIZE, (u64)1 << 30, FALLOCATE_PUNCH), 0,
	       "beyond the end");
	is_uint(inode_at(m, f)->size, 10 * PAGE_SIZE, "which leaves the size as it is");
	is_uint(m->blk.used_pages - used, 7, "and frees what there is");
	vfs_truncate(m, f, 5 * PAGE_SIZE);
	is_uint(m->blk.used_pages - used, 5, "truncation gives the room back");
	vfs_unlink(m, 0, "f");
	vfs_rmdir(m, 0, "d");
	is_uint(m->blk.used_pages, used, "so does the end of the file");
}

/* ---- at random ---- */

#define NAMES 24u

/* Model: directory 0 is the root; entries[i] is there if used. */
static struct {
	bool used, dir;
	u32 parent; /* index + 1, 0: root */
	u64 size;
	handle_t h;
} model[NAMES];

static handle_t handle_of(u32 place)
{
	return place ? model[place - 1].h : 0;
}

static bool has_children(u32 i)
{
	u32 k;

	for (k = 0; k < NAMES; k++)
		if (model[k].used && model[k].parent == i + 1)
			return true;
	return false;
}

static u32 some_directory(void)
{
	u32 i = pick(NAMES + 6);

	return i < NAMES && model[i].used && model[i].dir ? i + 1 : 0;
}

static u32 step_create(struct machine *m, u32 i, const char *name)
{
	u32 dir = some_directory();
	bool is_dir = !pick(4);

	if (model[i].used)
		return 0;
	if (vfs_create(m, handle_of(dir), name, is_dir ? INODE_DIRECTORY : INODE_REGULAR, 0644,
		       &model[i].h))
		return 1;
	model[i].used = true;
	model[i].dir = is_dir;
	model[i].parent = dir;
	model[i].size = 0;
	return 0;
}

static u32 step_remove(struct machine *m, u32 i, const char *name)
{
	handle_t dir = handle_of(model[i].parent);
	int error, want;

	if (!model[i].used)
		return 0;
	error = model[i].dir ? vfs_rmdir(m, dir, name) : vfs_unlink(m, dir, name);
	want = model[i].dir && has_children(i) ? -ENOTEMPTY : 0;
	model[i].used = want != 0;
	return error != want;
}

static bool is_inside(u32 dir, u32 i)
{
	for (; dir; dir = model[dir - 1].parent)
		if (dir == i + 1)
			return true;
	return false;
}

/* Names are unique in the model, so nothing is replaced; that is tested above. */
static u32 step_rename(struct machine *m, u32 i, const char *name)
{
	u32 to = some_directory();
	int error, want;

	if (!model[i].used)
		return 0;
	want = model[i].dir && is_inside(to, i) ? -EINVAL : 0;
	error = vfs_rename(m, handle_of(model[i].parent), name, handle_of(to), name, pick(2));
	/* to where it is: only with RENAME_NOREPLACE that is an error */
	if (to == model[i].parent)
		return error && error != -EEXIST;
	if (!want)
		model[i].parent = to;
	return error != want;
}

static u32 step_write(struct machine *m, u32 i)
{
	u64 pos = pick(4) ? pick(600000) : (u64)pick(1000) << 30, size = 1 + pick(200000);
	u64 end;
	ssize_t n;

	if (!model[i].used || model[i].dir)
		return 0;
	n = generic_file_write(m, model[i].h, pos, size, NULL);
	if (n == -ENOSPC)
		return m->blk.total_pages - m->blk.used_pages > 60;
	if (n <= 0)
		return 1;
	end = pos + (u64)n;
	if (end > model[i].size)
		model[i].size = end;
	return (u64)n != size && m->blk.total_pages - m->blk.used_pages > 60;
}

static u32 step_read(struct machine *m, u32 i)
{
	u64 pos = pick(800000), size = pick(300000), want;
	handle_t file;
	ssize_t n;

	if (!model[i].used || model[i].dir || vfs_open(m, model[i].h, &file))
		return 0;
	want = pos < model[i].size ? min_t(u64, size, model[i].size - pos) : 0;
	n = filemap_read(m, file, pos, size);
	vfs_close(m, file);
	return n != (ssize_t)want;
}

static u32 step_truncate(struct machine *m, u32 i)
{
	u64 size = pick(3) ? pick(500000) : 0;

	if (!model[i].used || model[i].dir)
		return 0;
	model[i].size = size;
	return vfs_truncate(m, model[i].h, size) != 0;
}

static u32 step_fallocate(struct machine *m, u32 i)
{
	u64 pos = pick(600000), size = 1 + pick(200000);
	enum fallocate_how how = (enum fallocate_how)pick(3);
	int error;

	if (!model[i].used || model[i].dir)
		return 0;
	error = vfs_fallocate(m, model[i].h, pos, size, how);
	if (error)
		return error != -ENOSPC || m->blk.total_pages - m->blk.used_pages > 60;
	if (how == FALLOCATE_PUNCH)
		return pos + size < model[i].size && size > 2 * PAGE_SIZE &&
		       inode_has_room(m, model[i].h, PAGE_ALIGN(pos) >> PAGE_SHIFT, 1);
	if (how == FALLOCATE_GROW && pos + size > model[i].size)
		model[i].size = pos + size;
	return !inode_has_room(m, model[i].h, pos >> PAGE_SHIFT,
			       ((pos + size - 1) >> PAGE_SHIFT) - (pos >> PAGE_SHIFT) + 1);
}

/* What lseek says, page by page. */
static u32 step_seek(struct machine *m, u32 i)
{
	u64 at = pick(700000), page = at >> PAGE_SHIFT;
	bool hole = pick(2);
	s64 want = -ENXIO;

	if (!model[i].used || model[i].dir || model[i].size > 1 << 20)
		return 0;
	for (; at < model[i].size && page << PAGE_SHIFT < model[i].size && want < 0; page++)
		if (inode_has_block(m, model[i].h, page) != hole)
			want = (s64)max_t(u64, page << PAGE_SHIFT, at);
	if (at < model[i].size && want < 0 && hole)
		want = (s64)model[i].size;
	return vfs_seek(m, model[i].h, at, hole) != want;
}

static u32 compare(struct machine *m)
{
	u32 i, wrong = 0, there = 0;

	for (i = 0; i < NAMES; i++) {
		char name[16];
		handle_t h;

		snprintf(name, sizeof(name), "n%u", i);
		if (!model[i].used)
			continue;
		there++;
		wrong += vfs_lookup(m, handle_of(model[i].parent), name, &h) || h != model[i].h ||
			 (!model[i].dir && inode_at(m, h)->size != model[i].size);
	}
	return wrong + (m->mms.nr_disk_inodes != there);
}

static void test_random(struct machine *m)
{
	u64 total = m->blk.total_pages;
	u32 step, wrong = 0, unsound = 0;

	m->blk.total_pages = m->blk.used_pages + 1500;
	for (step = 0; step < 6000; step++) {
		u32 i = pick(NAMES);
		char name[16];

		snprintf(name, sizeof(name), "n%u", i);
		switch (pick(13)) {
		case 0:
		case 1:
			wrong += step_create(m, i, name);
			break;
		case 2:
			wrong += pick(3) ? 0 : step_remove(m, i, name);
			break;
		case 3:
			wrong += step_rename(m, i, name);
			break;
		case 4:
		case 5:
		case 6:
			wrong += step_write(m, i);
			break;
		case 7:
		case 8:
			wrong += step_read(m, i);
			break;
		case 9:
			wrong += step_truncate(m, i);
			break;
		case 10:
			if (!pick(4))
				drop_pagecache(m);
			break;
		case 11:
			wrong += step_fallocate(m, i) + step_seek(m, i);
			break;
		default:
			if (model[i].used && !model[i].dir)
				wrong += sync_inode_range(m, model[i].h, 0, UINT64_MAX, NULL) != 0;
			break;
		}
		if (step % 40 == 0) {
			wrong += compare(m);
			unsound += count_violations(m, "step %u", step);
		}
		if (wrong + unsound)
			break;
	}
	is_uint(wrong, 0, "%u random changes agree with a plain table", step);
	is_uint(unsound, 0, "and leave every invariant whole");
	m->blk.total_pages = total;
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 128);
	test_names(t.m);
	test_places(t.m);
	test_buffers(t.m);
	test_mapped(&t);
	test_fallocate(t.m);
	is_sound(t.m, "after a few");
	test_random(t.m);
	mmtest_close(&t);
	return done_testing();
}
