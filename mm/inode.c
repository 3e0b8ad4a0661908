/*
 * inode.c - files: their names, who holds them, and open files.
 *
 * A file that has a name is held by it; every open file holds its inode, every mapping its open
 * file. When the last of them is gone the page cache of the file is dropped, and what was charged
 * with it.
 */
#include <errno.h>
#include <mman/namei.h>
#include <mman/writeback.h>
#include <string.h>

#include "mm/blk.h"
#include "mm/dcache.h"
#include "mm/filemap.h"
#include "mm/hugetlb.h"
#include "mm/kobject.h"
#include "mm/vma.h"

#define NAME_SLOT_BYTES 64u
/* The disk that simulated files are on shows as this device, as a virtio disk does. */
/* Shared anonymous memory lives on the kernel's own tmpfs. */
#define SHMEM_MINOR 1u
/* Huge pages without a file live on a hugetlbfs of their own, one for each size. */
#define HUGETLBFS_MINOR 0xfu

static enum kmem_cache_id inode_cache(enum inode_kind kind)
{
	switch (kind) {
	case INODE_SHMEM:
		return CACHE_SHMEM_INODE;
	case INODE_HUGETLB:
		return CACHE_HUGETLBFS_INODE;
	default:
		return CACHE_INODE;
	}
}

/* ---- names ---- */

static handle_t *bucket_of(const struct machine *m, const char *path)
{
	u32 hash = 2166136261u; /* FNV-1a */

	for (; *path; path++)
		hash = (hash ^ (u8)*path) * 16777619u;
	return (handle_t *)&m->mms.inode_hash[hash % INODE_HASH_BUCKETS];
}

int inode_set_name(struct machine *m, struct inode *i, const char *path)
{
	size_t bytes = strlen(path) + 1;
	u32 slots = (u32)((bytes + NAME_SLOT_BYTES - 1) / NAME_SLOT_BYTES);

	i->name = slots == 1 ? pool_alloc(&m->mms.names) : pool_alloc_array(&m->mms.names, slots);
	if (!i->name)
		return -ENOMEM;
	i->name_slots = slots;
	memcpy(pool_at(&m->mms.names, i->name), path, bytes);
	return 0;
}

void inode_drop_name(struct machine *m, struct inode *i)
{
	while (i->name_slots)
		pool_free(&m->mms.names, i->name + --i->name_slots);
	i->name = 0;
}

handle_t inode_lookup(const struct machine *m, const char *path)
{
	handle_t h = *bucket_of(m, path);

	while (h && strcmp(inode_path(m, h), path) != 0)
		h = inode_at(m, h)->hash_next;
	return h;
}

handle_t inode_lookup_linked(const struct machine *m, const char *path)
{
	handle_t h = *bucket_of(m, path);

	while (h &&
	       (!(inode_at(m, h)->flags & INODE_LINKED) || strcmp(inode_path(m, h), path) != 0))
		h = inode_at(m, h)->hash_next;
	return h;
}

const char *inode_path(const struct machine *m, handle_t inode)
{
	const struct inode *i = inode_at(m, inode);

	if (i->name)
		return pool_at(&m->mms.names, i->name);
	switch (i->kind) {
	case INODE_SHMEM:
		return "/dev/zero";
	case INODE_HUGETLB:
		return "/anon_hugepage";
	default:
		return "";
	}
}

void inode_hash(struct machine *m, handle_t h)
{
	handle_t *bucket = bucket_of(m, inode_path(m, h));

	inode_at(m, h)->hash_next = *bucket;
	*bucket = h;
}

void inode_unhash(struct machine *m, handle_t h)
{
	handle_t *at = bucket_of(m, inode_path(m, h));

	while (*at != h)
		at = &inode_at(m, *at)->hash_next;
	*at = inode_at(m, h)->hash_next;
	inode_at(m, h)->hash_next = 0;
}

static void list_link(struct machine *m, handle_t h)
{
	struct inode *i = inode_at(m, h);

	i->prev = m->mms.inode_tail;
	if (i->prev)
		inode_at(m, i->prev)->next = h;
	else
		m->mms.inode_head = h;
	m->mms.inode_tail = h;
}

static void list_unlink(struct machine *m, handle_t h)
{
	struct inode *i = inode_at(m, h);

	if (i->prev)
		inode_at(m, i->prev)->next = i->next;
	else
		m->mms.inode_head = i->next;
	if (i->next)
		inode_at(m, i->next)->prev = i->prev;
	else
		m->mms.inode_tail = i->prev;
}

/* ---- inodes ---- */

/* The kernel's tmpfs gives out inode numbers in batches of 1024 per CPU. */
static u64 next_shmem_ino(struct machine *m)
{
	u64 *next = &m->mms.shmem_ino[m->cpu];

	if (!(*next % 1024)) {
		*next = m->mms.next_shmem_ino;
		m->mms.next_shmem_ino += 1024;
		if (!*next)
			++*next;
	}
	return (*next)++;
}

handle_t inode_new(struct machine *m, enum inode_kind kind, u64 size)
{
	handle_t h;
	struct inode *i;

	if (mm_should_fail(m) || kmem_charge(m, CACHE_DENTRY, 1))
		return 0;
	h = kobject_alloc(m, &m->mms.inodes, inode_cache(kind));
	if (!h) {
		kmem_uncharge(m, CACHE_DENTRY, 1);
		return 0;
	}
	i = inode_at(m, h);
	i->kind = (u8)kind;
	i->size = size;
	i->users = 1;
	i->cached = DCACHE_INODE | DCACHE_DENTRY;
	i->mode = 0644;
	i->mtime = i->ctime = now_ns(m);
	if (kind == INODE_SHMEM) {
		i->dev_minor = SHMEM_MINOR;
		i->ino = next_shmem_ino(m);
	} else if (kind == INODE_HUGETLB) {
		i->dev_minor = HUGETLBFS_MINOR;
		i->ino = m->mms.next_hugetlb_ino++;
	} else {
		i->dev_major = DISK_MAJOR;
		i->ino = m->mms.next_ino++;
	}
	list_link(m, h);
	return h;
}

/* The directory that @path is in, if it is a directory of the disk. */
static bool find_directory(const struct machine *m, const char *path, handle_t *dir)
{
	const char *slash = strrchr(path, '/');
	char name[DISK_PATH_MAX + 1];
	size_t length = slash ? (size_t)(slash - path) : 0;

	*dir = 0;
	if (!slash || length > DISK_PATH_MAX)
		return false;
	if (!length)
		return true;
	memcpy(name, path, length);
	name[length] = '\0';
	*dir = inode_lookup_linked(m, name);
	return *dir && inode_at(m, *dir)->kind == INODE_DIRECTORY;
}

static int create_named(struct machine *m, const char *path, u64 size, enum inode_kind kind,
			handle_t *out)
{
	handle_t h = inode_new(m, kind, size);
	int error = 0;

	if (!h)
		return -ENOMEM;
	if (inode_set_name(m, inode_at(m, h), path))
		error = -ENOMEM;
	if (!error && kind == INODE_REGULAR)
		error = inode_reserve(m, h, 0, PAGE_ALIGN(size) >> PAGE_SHIFT);
	if (error) {
		inode_put(m, h);
		return error;
	}
	inode_hash(m, h);
	*out = h;
	return 0;
}

int inode_create(struct machine *m, const char *path, u64 size, enum inode_kind kind, handle_t *out)
{
	bool linked;
	handle_t dir;
	int error = 0;

	if (inode_lookup(m, path))
		return -EEXIST;
	linked = find_directory(m, path, &dir);
	if (linked)
		error = d_get(m, dir);
	if (error)
		return error;
	error = create_named(m, path, size, kind, out);
	if (linked && !error)
		dir_add(m, dir, *out);
	if (linked)
		d_put(m, dir);
	return error;
}

int inode_import(struct machine *m, const char *path, enum inode_kind kind, handle_t *out)
{
	handle_t dir;
	int error;

	if (inode_lookup(m, path))
		return -EEXIST;
	error = create_named(m, path, 0, kind, out);
	if (error || !find_directory(m, path, &dir))
		return error;
	d_forget(m, *out);
	dir_add(m, dir, *out);
	return 0;
}

void inode_get(struct machine *m, handle_t inode)
{
	inode_at(m, inode)->users++;
	d_update(m, inode);
}

/* What is done in the middle of another command is done at once. */
static bool is_nested(const struct machine *m)
{
	return m->running && m->running->outer;
}

/*
 * What was the last to hold a large file may be a command that is long anyway: it puts the end of
 * the file off until it is at a place where others can come in between. Until then the list is what
 * holds the file. It is a stack: who comes in between ends his own files and leaves those below.
 */
handle_t evict_begin(struct machine *m)
{
	m->mms.evict_later = !is_nested(m);
	return m->mms.evict_head;
}

static bool evicts_later(const struct machine *m, const struct inode *i)
{
	return m->mms.evict_later && i->users == 1 && i->nrpages > BATCH_PAGES &&
	       i->kind != INODE_HUGETLB;
}

static void evict_push(struct machine *m, handle_t h)
{
	inode_at(m, h)->hash_next = m->mms.evict_head;
	m->mms.evict_head = h;
}

void evict_end(struct machine *m, handle_t mark)
{
	handle_t h;

	m->mms.evict_later = false;
	while ((h = m->mms.evict_head) != mark) {
		if (truncate_some(m, h, 0, BATCH_PAGES)) {
			/* ended or not: it has to go */
			machine_safe_point(m);
			continue;
		}
		m->mms.evict_head = inode_at(m, h)->hash_next;
		inode_at(m, h)->hash_next = 0;
		inode_put(m, h);
	}
}

void inode_put(struct machine *m, handle_t h)
{
	struct inode *i = inode_at(m, h);
	enum kmem_cache_id cache = inode_cache((enum inode_kind)i->kind);

	if (unlikely(evicts_later(m, i))) {
		evict_push(m, h);
		return;
	}
	if (--i->users) {
		d_update(m, h);
		return;
	}
	if (i->kind == INODE_HUGETLB)
		hugetlb_evict_inode(m, h);
	else
		truncate_range(m, h, 0, UINT64_MAX);
	inode_wb_evict(m, h);
	if (i->kind == INODE_SHMEM)
		shmem_evict(m, h);
	if (i->extents)
		inode_release(m, h, 0);
	if (m->blk.nr_faults)
		blk_forget_faults(m, blk_file_sector(h, 0), blk_file_sector(h, UINT32_MAX));
	if (m->backing && m->backing->forget && i->kind == INODE_REGULAR)
		m->backing->forget(m, h);
	inode_drop_name(m, i);
	list_unlink(m, h);
	d_release(m, h);
	if (i->cached & DCACHE_INODE)
		kmem_uncharge(m, cache, 1);
	pool_free(&m->mms.inodes, h);
}

void inode_unlink(struct machine *m, handle_t h)
{
	struct inode *i = inode_at(m, h);

	if (i->deleted)
		return;
	if (i->flags & INODE_LINKED)
		dir_remove(m, h);
	inode_unhash(m, h);
	i->deleted = 1;
	inode_put(m, h);
}

/* The pages behind the end go, of a large file in batches; the caller holds it. False: it has got
 * another size since. */
static bool drop_behind(struct machine *m, handle_t h, u64 size)
{
	u64 first = PAGE_ALIGN(size) >> PAGE_SHIFT, most = is_nested(m) ? UINT64_MAX : BATCH_PAGES;
	bool same = true;

	while (same && truncate_some(m, h, first, most)) {
		/* ended or not: what was begun is done */
		machine_safe_point(m);
		same = inode_at(m, h)->size == size;
	}
	return same;
}

void inode_truncate(struct machine *m, handle_t h, u64 size)
{
	struct inode *i = inode_at(m, h);
	u64 old = i->size;

	i->size = size;
	if (size != old && i->kind != INODE_SHMEM)
		mark_inode_dirty(m, h, I_DIRTY_SYNC);
	if (size >= old || !drop_behind(m, h, size))
		return;
	d_update(m, h);
	if (i->extents)
		inode_release(m, h, PAGE_ALIGN(size) >> PAGE_SHIFT);
}

/* ---- open files ---- */

handle_t file_open(struct machine *m, handle_t inode)
{
	handle_t h;

	if (d_get(m, inode))
		return 0;
	h = kobject_alloc(m, &m->mms.files, CACHE_FILP);
	if (!h) {
		d_put(m, inode);
		return 0;
	}
	file_at(m, h)->inode = inode;
	file_at(m, h)->users = 1;
	file_at(m, h)->wb_err = wb_err_sample(m, inode);
	file_at(m, h)->prev_pos = UINT64_MAX;
	file_at(m, h)->ra_pages = m->knobs.bdi[0].read_ahead_kb / PAGE_KB;
	return h;
}

void file_put(struct machine *m, handle_t h)
{
	handle_t inode = file_at(m, h)->inode;

	if (--file_at(m, h)->users)
		return;
	kobject_free(m, &m->mms.files, CACHE_FILP, h);
	inode_put(m, inode);
}
