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

/* All that is left of a read within one page, which is there. False: to end at once. */
static inline bool finish(struct machine *m, struct file *f, pfn_t pfn, u64 pos, u64 size)
{
	if (likely(!is_on_last_page(f, pos >> PAGE_SHIFT)) &&
	    unlikely(page_use(pfn_to_page(m, pfn))))
		activate_used_page(m, pfn);
	clock_charge(m, m->cost.copy_page);
	f->prev_pos = pos + size;
	return machine_safe_point(m);
}

/* Read @i is within page @entry, which was found there or nowhere, of a file without read-ahead: if
 * it still is nowhere, it is read by itself. False: that is for filemap_read() to do. */
static bool read_missing(struct machine *m, const struct file *f, struct reads *r, u32 i)
{
	const struct xa_batch *b = &r->b;
	const bool known = b->leaf[i] && b->freed == m->mms.xa_freed;
	u32 entry = likely(known) ? xa_batch_peek(b, i) :
				    xa_load(m, inode_at(m, f->inode)->pages, b->index[i]);

	if (f->ra_pages || xa_is_page(entry))
		return false;
	/* where the next question leads is known */
	if (likely(known))
		m->mms.xa_leaf =
			(struct xa_leaf){ b->root, b->leaf[i], b->index[i] >> XA_SHIFT, b->freed };
	return !filemap_read_page(m, f->inode, r->b.index[i], GFP_READAHEAD, &r->entry[i]);
}

/* What is no hit. Apart, so that those have the host's registers for themselves. */
static __attribute__((noinline)) int make_other(struct machine *m, handle_t file, struct reads *r,
						u32 i, u64 size, bool plain)
{
	struct file *f = file_at(m, file);
	ssize_t n;

	if (likely(plain && read_missing(m, f, r, i)))
		return finish(m, f, r->entry[i], r->pos[i], size) ? 0 : -EINTR;
	n = filemap_read(m, file, r->pos[i], size);
	return n < 0 ? (int)n : machine_goes_on(m) ? 0 : -EINTR;
}

static int make(struct machine *m, handle_t file, struct reads *r, u64 size, u64 *done)
{
	struct file *f = file_at(m, file);
	const struct inode *inode = inode_at(m, f->inode);
	const u32 mapping = f->inode << 2 | MAPPING_FILE, nr = r->b.nr;
	int error = 0;
	u32 i;

	for (i = 0; i < nr && !error; i++) {
		const u64 pos = r->pos[i];
		const u32 entry = r->entry[i];
		bool plain = size <= PAGE_SIZE - (pos & ~PAGE_MASK) && pos + size <= inode->size;

		if (plain && xa_is_page(entry) &&
		    is_page_of(pfn_to_page(m, entry), mapping, pos >> PAGE_SHIFT))
			error = finish(m, f, entry, pos, size) ? 0 : -EINTR;
		else
			error = make_other(m, file, r, i, size, plain);
	}
	/* what an interruption comes after is done */
	*done += error && error != -EINTR ? i - 1 : i;
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
