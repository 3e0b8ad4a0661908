/*
 * contents.h - what the bytes of simulated memory are.
 *
 * A page has contents only when somebody wrote bytes to it (proc/PID/mem, `write NAME value=N`): a
 * 32-bit handle in a side array per section, made on first need (DESIGN, rule 6). No handle: all zero.
 * Handles are reference counted values that never change while shared: COW, fork, swap slots and the
 * swap cache pass them on; writing to a shared one makes a copy. A page filled with one value costs a
 * handle, not 4 KiB. Page cache pages have none: their bytes are the file's (backing.h).
 */
#ifndef MMAN_CONTENTS_H
#define MMAN_CONTENTS_H

#include <mman/pool.h>
#include <mman/types.h>

struct machine;

struct contents_state {
	struct pool values; /* struct page_contents: references, fill or bytes */
	struct pool bytes;  /* 4 KiB each */
	u64 nr_pages; /* pages that have contents */
};

int contents_init(struct machine *m);
void contents_destroy(struct machine *m);

/** page_contents() - the handle of @pfn's contents, 0: zero. Not a reference. */
handle_t page_contents(const struct machine *m, pfn_t pfn);

/** set_page_contents() - give @pfn the reference @contents (0: zeros), whatever it had is dropped.
 * -ENOMEM when the side array cannot be made (only for @contents != 0); the reference stays the caller's. */
int set_page_contents(struct machine *m, pfn_t pfn, handle_t contents);

/** take_page_contents() - the reference that @pfn holds, which then has none: swap-out. */
handle_t take_page_contents(struct machine *m, pfn_t pfn);

handle_t contents_get(struct machine *m, handle_t contents); /* one more reference; 0 stays 0 */
void contents_put(struct machine *m, handle_t contents);

/** copy_page_contents() - @to (an anonymous page just made) gets what @from has: COW. @from may be a
 * page cache page: its bytes are read from the file. -ENOMEM. */
int copy_page_contents(struct machine *m, pfn_t to, pfn_t from);

/** read_page_bytes(), write_page_bytes() - of one page, @offset + @size <= PAGE_SIZE. For page cache
 * pages they go to the file. Writing: -ENOMEM, -EIO, -ENOSPC. */
void read_page_bytes(struct machine *m, pfn_t pfn, u32 offset, void *buffer, u32 size);
int write_page_bytes(struct machine *m, pfn_t pfn, u32 offset, const void *data, u32 size);

/** fill_page() - all 4096 bytes are @byte: `write NAME value=N`. Costs no 4 KiB. -ENOMEM. */
int fill_page(struct machine *m, pfn_t pfn, u8 byte);

/** access_remote_vm() - read or write bytes at @addr of @mm as proc/PID/mem does: faults pages in (COW
 * broken by a write, even where the mapping is read-only, for private mappings). Bytes done, or -EIO,
 * -EFAULT, -ENOMEM for none. */
ssize_t access_remote_vm(struct machine *m, handle_t task, u64 addr, void *buffer, size_t size,
			 bool write);

#endif
