/*
 * contents.h - what the bytes of simulated memory are.
 *
 * A page has contents only when somebody wrote bytes to it (proc/PID/mem, `write NAME value=N`), or
 * when it is the private copy of a file's page that holds any. They are a 32-bit handle in a side
 * array per section, made on first need (DESIGN, rule 6). No handle: all zero.
 *
 *	page ---\
 *	page ----+--> value: references, and one byte for the whole page, or 4 KiB of its own
 *	slot ---/
 *
 *  - A value never changes while it is shared: copy on write, swap slots and the pages of the swap
 *    cache hold references to the same one, and writing to a shared one makes a copy first.
 *  - The pages filled with one byte share one value: each costs its handle.
 *  - Pages of the page cache have none, for their bytes are the file's (backing.h). Those of shared
 *    memory have.
 *  - free_pages() drops what a page still has, so nothing of it is seen by the frame's next user.
 *  - A swap slot holds a reference of its own from swap_writepage() to the end of the slot:
 *	written		slot's := contents_get(page_contents(page))		(what it had is put)
 *	read in		set_page_contents(page, contents_get(slot's))
 *	slot is freed	contents_put(slot's)
 *    Whatever a page of the swap cache is written meanwhile is its own; the slot keeps what it was.
 *
 * While nobody has written any bytes, all of it costs a test of contents_in_use().
 */
#ifndef MMAN_CONTENTS_H
#define MMAN_CONTENTS_H

#include <mman/pool.h>
#include <mman/types.h>

#include <sys/types.h>

struct machine;

struct contents_state {
	struct pool values;   /* struct page_contents: mm/contents.c */
	struct pool bytes;    /* 4 KiB each */
	struct pool arrays;   /* handles of a section's pages, one array each */
	struct pool sections; /* a table of them, by section number */
	handle_t first;	      /* of the table; 0: not made yet */
	u64 nr_pages;	      /* pages that have contents */
	handle_t fill[256];   /* the values that are one byte all over, where they are in use */
};

/** contents_init() - nothing has contents yet. 0 or -ENOMEM. contents_destroy(): pools go. */
int contents_init(struct machine *m);
void contents_destroy(struct machine *m);
/** contents_grow() - max_pfn is higher than it was. 0 or -ENOMEM. */
int contents_grow(struct machine *m);

/** contents_in_use() - does any page or swap slot have contents? */
#define contents_in_use(m) unlikely((m)->contents.values.nr_live)

/** page_contents() - the handle of @pfn's contents, 0: zero. Not a reference. */
handle_t page_contents(const struct machine *m, pfn_t pfn);

/** set_page_contents() - give @pfn the reference @contents (0: zeros), whatever it had is dropped.
 * -ENOMEM when the side array cannot be made (only for @contents != 0); the reference stays the
 * caller's. */
int set_page_contents(struct machine *m, pfn_t pfn, handle_t contents);

/** move_page_contents() - what @from has is @to's, which has none. -ENOMEM: nothing has changed. */
int move_page_contents(struct machine *m, pfn_t from, pfn_t to);

/** drop_contents() - 2^@order pages are freed: what they have goes. Ask contents_in_use()
 * before. */
void drop_contents(struct machine *m, pfn_t pfn, unsigned int order);

handle_t contents_get(struct machine *m, handle_t contents); /* one more reference; 0 stays 0 */
void contents_put(struct machine *m, handle_t contents);

/** copy_page_contents() - @to (an anonymous page just made) gets what @from has: COW. @from may be
 * a page cache page: its bytes are read from the file. -ENOMEM: no memory of the host. */
int copy_page_contents(struct machine *m, pfn_t to, pfn_t from);

/** read_page_bytes(), write_page_bytes() - of one page, @offset + @size <= PAGE_SIZE. For page
 * cache pages they go to the file, as far as it is long. Writing: -ENOMEM, -EIO, -ENOSPC; making
 * the page dirty is the caller's. */
void read_page_bytes(struct machine *m, pfn_t pfn, u32 offset, void *buffer, u32 size);
int write_page_bytes(struct machine *m, pfn_t pfn, u32 offset, const void *data, u32 size);

/** fill_page() - @size bytes at @offset are @byte: `write NAME value=N`. A whole page costs no 4
 * KiB. Errors as above. */
int fill_page(struct machine *m, pfn_t pfn, u32 offset, u32 size, u8 byte);

/** contents_bytes() - host memory that contents take now: handles, values and bytes. */
u64 contents_bytes(const struct machine *m);

/** contents_references() - of a live value; 0 if @contents is none. For checks. */
u32 contents_references(const struct machine *m, handle_t contents);

/* ---- the bytes of a process (mm/remote.c) ---- */

/**
 * access_remote_vm() - read or write bytes at @addr of @task's memory as proc/PID/mem does: faults
 * pages in, with a safe point after each, and passes over the rights of the mapping, as a debugger
 * may: a read-only private mapping gets its own copy written to. It stops at the first page that
 * cannot be had (not mapped, of a device, shared and not writable, out of memory), and when the
 * address space ends meanwhile. Bytes done, or -EIO for none, -EINTR when told to end before the
 * first.
 */
ssize_t access_remote_vm(struct machine *m, handle_t task, u64 addr, void *buffer, size_t size,
			 bool write);

/** mm_fill_range() - mm_access_range() with a store that leaves @byte in every byte of the
 * range. */
int mm_fill_range(struct machine *m, handle_t task, u64 addr, u64 length, u8 byte, u64 *pages);

#endif
