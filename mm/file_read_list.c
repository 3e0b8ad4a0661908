/*
 * file_read_list.c - many reads of a file, of which all are known before the first is made.
 *
 * What a read needs lies all over the host's memory, and one thing says where the next is: the leaf
 * of the index, its entry, the page. So the host fetches those of a batch of reads at once, and
 * those of the next batch while this one is made:
 *
 *	walk(next)    the leaves of the next batch, whose lines are asked for
 *	make(this)    as filemap_read() would
 *	load(next)    the entries, which are there by now; their pages are asked for
 *
 * What was found ahead is no more than a hint: a page says itself whether it is still the file's,
 * and where nothing was found, the index is asked again.
 */
#include <errno.h>
#include <mman/namei.h>

#include "mm/filemap.h"
#include "mm/lru.h"
#include "mm/oom.h"
#include "mm/readahead.h"

struct reads {
	const u64 *pos;
	u32 entry[XA_FETCH_MAX];
	struct xa_batch b;
};

static void walk(struct machine *m, handle_t inode, struct reads *r, const u64 *pos, u64 left)
{
	u32 i;

	r->pos = pos;
	r->b.nr = (u32)min_t(u64, left, XA_FETCH_MAX);
	for (i = 0; i < r->b.nr; i++)
		r->b.index[i] = pos[i] >> PAGE_SHIFT;
	xa_fetch(m, inode_at(m, inode)->pages, &r->b);
}

static void load(struct machine *m, struct reads *r)
{
	u32 i;

	for (i = 0; i < r->b.nr; i++) {
		const u32 entry = xa_batch_peek(&r->b, i);
		const u64 page = (u64)pfn_to_page(m, entry), leaf = (u64)r->b.node[i];
		const u64 there = 0 - (u64)xa_is_page(entry);

		r->entry[i] = entry;
		/* half of them are there, and no host can tell which: it shall not have to guess */
		__builtin_prefetch((const void *)((page & there) | (leaf & ~there)), 1);
	}
}

/* Still the page that was found, and nothing follows from reading it but that it was read? */
static inline bool is_page_of(const struct page *p, u32 mapping, u64 index)
{
	const u32 state = PAGE_FLAG(lru) | PAGE_FLAG(reclaim) | PAGE_FLAG(unevictable);

	return (p->flags & state) == PAGE_FLAG(lru) && p->mapping == mapping &&
	       page_index(p) == index;
}

/* Page @i of a file without read-ahead is not in memory, and is read by itself. False: it is, or
 * that is for filemap_read() to try. */
static bool read_missing(struct machine *m, const struct file *f, struct reads *r, u32 i)
{
	u32 entry = xa_batch_load(m, inode_at(m, f->inode)->pages, &r->b, i);

	if (f->ra_pages || (entry && !xa_is_value(entry)))
		return false;
	xa_resume(m, &r->b, i);
	return !filemap_read_page(m, f->inode, r->b.index[i], GFP_READAHEAD, &r->entry[i]);
}

/* All that is left of a read within page @p, which is there. */
static inline void finish(struct machine *m, struct file *f, pfn_t pfn, u64 pos, u64 size)
{
	if (likely(!is_on_last_page(f, pos >> PAGE_SHIFT)) &&
	    unlikely(page_use(pfn_to_page(m, pfn))))
		activate_used_page(m, pfn);
	clock_charge(m, m->cost.copy_page);
	f->prev_pos = pos + size;
}

/* What is not within one page of the file that is there or can be read by itself. */
static __attribute__((noinline)) int read_otherwise(struct machine *m, handle_t file, u64 pos,
						    u64 size)
{
	ssize_t n = filemap_read(m, file, pos, size);

	return n < 0 ? (int)n : machine_goes_on(m) ? 0 : -EINTR;
}

static int make(struct machine *m, handle_t file, struct reads *r, u64 size, u64 *done)
{
	struct file *f = file_at(m, file);
	const struct inode *inode = inode_at(m, f->inode);
	const u32 mapping = f->inode << 2 | MAPPING_FILE;
	int error = 0;
	u32 i;

	for (i = 0; i < r->b.nr && likely(!error); i++) {
		const u64 pos = r->pos[i];
		const u32 entry = r->entry[i];

		if (unlikely(size > PAGE_SIZE - (pos & ~PAGE_MASK) || pos + size > inode->size ||
			     (!(xa_is_page(entry) &&
				is_page_of(pfn_to_page(m, entry), mapping, pos >> PAGE_SHIFT)) &&
			      !read_missing(m, f, r, i)))) {
			error = read_otherwise(m, file, pos, size);
			if (error && error != -EINTR)
				break;
			continue;
		}
		finish(m, f, r->entry[i], pos, size);
		if (unlikely(!machine_safe_point(m)))
			error = -EINTR;
	}
	*done += i;
	return error;
}

int filemap_read_list(struct machine *m, handle_t file, const u64 *pos, u64 nr, u64 size, u64 *done)
{
	enum alloc_by by = alloc_by(m, ALLOC_BY_READ);
	handle_t inode = file_at(m, file)->inode;
	struct reads reads[2], *this = &reads[0], *next = &reads[1], *swap;
	int error = 0;
	u64 at;

	*done = 0;
	walk(m, inode, this, pos, nr);
	load(m, this);
	for (at = 0; at < nr && !error; at += XA_FETCH_MAX) {
		u64 behind = min_t(u64, at + XA_FETCH_MAX, nr);

		walk(m, inode, next, pos + behind, nr - behind);
		error = make(m, file, this, size, done);
		load(m, next);
		swap = this;
		this = next;
		next = swap;
	}
	alloc_by(m, by);
	return error;
}
