/*
 * files.c - the files behind mappings: one inode for each (device, number, name) that any process
 * maps, so that its pages are in memory once, whoever maps them.
 *
 * Which of them are memory themselves (tmpfs, shared memory)? What lives on a device that some
 * process has mounted as tmpfs, and the kernel's own files for shared memory, told by their names.
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DELETED	      " (deleted)"
#define SPECIAL_FLAGS (VM_IO | VM_PFNMAP | VM_MIXEDMAP)

/* ---- devices of tmpfs ---- */

static bool is_memory_dev(const struct twin_files *f, u64 dev)
{
	size_t i;

	for (i = 0; i < f->nr_memory_devs; i++)
		if (f->memory_devs[i] == dev)
			return true;
	return false;
}

static int add_memory_dev(struct twin_files *f, u64 dev)
{
	u64 *grown;

	if (is_memory_dev(f, dev))
		return 0;
	grown = realloc(f->memory_devs, (f->nr_memory_devs + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	f->memory_devs = grown;
	f->memory_devs[f->nr_memory_devs++] = dev;
	return 0;
}

static bool has(struct slice line, const char *text)
{
	return memmem(line.at, line.size, text, strlen(text)) != NULL;
}

/* "36 35 0:31 / /dev/shm rw,nosuid - tmpfs tmpfs rw": device 0:31. hugetlbfs has no small pages; a
 * rootfs that has a size is a tmpfs. */
static int read_mounts(struct twin_files *f, struct slice text)
{
	struct slice line, word, major;
	u64 high, low;
	int error = 0;

	while (!error && slice_line(&text, &line)) {
		if (!(has(line, "tmpfs ") || (has(line, " - rootfs ") && has(line, "size="))) ||
		    !slice_word(&line, &word) || !slice_word(&line, &word) ||
		    !slice_word(&line, &word))
			continue;
		major = slice_cut(&word, ':');
		if (slice_number(major, 10, &high) && slice_number(word, 10, &low))
			error = add_memory_dev(f, high << 32 | (u32)low);
	}
	return error;
}

/* What is in swap without a copy (SwapPss) of a mapping that could never be written to is in a
 * tmpfs. */
static bool shows_memory(const struct paragraph *p)
{
	return smaps_has_file(p) && p->swap && !p->swap_pss && p->has_flags &&
	       !has(p->vm_flags, "wr") && !has(p->vm_flags, "ac");
}

/* Mounts that no process shows, like that of a root file system in memory, told by their pages in
 * swap. */
static int find_swapped(struct twin *t)
{
	struct slice swaps, line, smaps;
	struct paragraph p;
	size_t i;
	int error = 0;

	/* a headline, and a line for each area */
	capture_find(&t->c, &swaps, "/proc/swaps");
	slice_line(&swaps, &line);
	if (!slice_line(&swaps, &line))
		return 0;
	for (i = 0; i < t->c.nr_processes; i++) {
		capture_of_process(&t->c, &t->c.processes[i], "smaps", &smaps);
		while (!error && smaps_next(&smaps, &p))
			if (shows_memory(&p))
				error = add_memory_dev(&t->files, p.dev);
	}
	return error;
}

int twin_files_init(struct twin *t)
{
	struct slice text;
	size_t i;
	int error = find_swapped(t);

	for (i = 0; i < t->c.nr_processes && !error; i++)
		if (capture_of_process(&t->c, &t->c.processes[i], "mountinfo", &text))
			error = read_mounts(&t->files, text);
	return error;
}

/* ---- files ---- */

static bool is_kernel_shmem(struct slice name)
{
	static const char *const names[] = { "/dev/zero (deleted)", "/memfd:", "/SYSV",
					     "/drm mm object",	    "/i915",   "[anon_shmem:" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (slice_starts(name, names[i]))
			return true;
	return false;
}

static enum inode_kind kind_of(struct twin *t, u64 dev, struct slice name, u32 vm_flags)
{
	if (vm_flags & VM_HUGETLB)
		return INODE_HUGETLB;
	if (vm_flags & SPECIAL_FLAGS)
		return INODE_REGULAR;
	if (is_kernel_shmem(name))
		return INODE_SHMEM;
	return is_memory_dev(&t->files, dev) ? INODE_SHMEM : INODE_REGULAR;
}

static u32 *bucket_of(struct twin_files *f, u64 dev, u64 ino, struct slice name)
{
	u64 hash = (dev * 31 + ino) * 0x9e3779b97f4a7c15ull + name.size;

	return &f->bucket[hash >> 52 & (TWIN_BUCKETS - 1)];
}

static int make_inode(struct twin *t, struct twin_inode *i, u32 vm_flags)
{
	size_t length = i->name.size - (i->deleted ? strlen(DELETED) : 0);
	char *name = malloc(length + 1);
	struct twin_file file = { .kind = kind_of(t, i->dev, i->name, vm_flags),
				  .dev_major = (u32)(i->dev >> 32),
				  .dev_minor = (u32)i->dev,
				  .ino = i->ino };

	if (!name)
		return -ENOMEM;
	file.name = slice_copy(i->name, name, length + 1);
	i->inode = twin_file(t->m, &file);
	free(name);
	return i->inode ? 0 : -ENOMEM;
}

handle_t twin_inode_of(struct twin *t, u64 dev, u64 ino, struct slice name, u32 vm_flags)
{
	struct twin_files *f = &t->files;
	u32 *bucket = bucket_of(f, dev, ino, name), n;
	struct twin_inode *i;

	for (n = *bucket; n; n = f->inodes[n].next) {
		i = &f->inodes[n];
		if (i->dev == dev && i->ino == ino && i->name.size == name.size &&
		    !memcmp(i->name.at, name.at, name.size))
			return i->inode;
	}
	if (f->nr + 1 >= f->max) {
		u32 max = f->max ? 2 * f->max : 1024;

		i = realloc(f->inodes, max * sizeof(*i));
		if (!i)
			return 0;
		f->inodes = i;
		f->max = max;
	}
	i = &f->inodes[f->nr + 1];
	*i = (struct twin_inode){ .dev = dev,
				  .ino = ino,
				  .name = name,
				  .deleted = slice_ends(name, DELETED),
				  .next = *bucket };
	if (make_inode(t, i, vm_flags))
		return 0;
	*bucket = ++f->nr;
	return i->inode;
}

/* Promised as a whole when it was made: shared anonymous memory, System V segments. */
static bool is_reserved(struct slice name)
{
	return slice_starts(name, "/dev/zero (deleted)") || slice_starts(name, "/SYSV");
}

void twin_file_is_exe(struct twin *t, handle_t inode)
{
	u32 n;

	for (n = 1; n <= t->files.nr; n++)
		t->files.inodes[n].is_exe |= t->files.inodes[n].inode == inode;
}

/* A program that was deleted stays held: its processes' exe still leads to it. */
void twin_files_done(struct twin *t)
{
	u32 n;

	for (n = 1; n <= t->files.nr; n++) {
		const struct twin_inode *i = &t->files.inodes[n];

		if (inode_at(t->m, i->inode)->kind == INODE_SHMEM && is_reserved(i->name))
			twin_shmem_reserve(t->m, i->inode);
		if (i->deleted && i->is_exe)
			inode_at(t->m, i->inode)->deleted = 1;
		else if (i->deleted)
			twin_file_deleted(t->m, i->inode);
	}
}

void twin_files_free(struct twin *t)
{
	free(t->files.inodes);
	free(t->files.memory_devs);
	memset(&t->files, 0, sizeof(t->files));
}
