/*
 * unread.c - processes of which only the sizes are known: others' mappings are theirs to read, but
 * status tells everybody how large they are.
 *
 *	text     VmExe + VmLib   r-xp   \ pages of one file that all such processes share: how far they
 *	rest     what is left    r--p   / share theirs in truth, nobody tells
 *	data     VmData          rw-p   anonymous pages
 *	shared   RssShmem        rw-s   pages of one piece of shared memory, as above; what of them does not
 *	                                fit here is text, of a program on a tmpfs
 *	stack    VmStk           rw-p
 *
 * The sums are exact: VSZ, VmData, VmStk, Rss and its three kinds.
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <string.h>

#define FIRST_ADDRESS 0x400000ull
#define STACK_TOP     0x7ffffffde000ull
#define FILE_NAME     "(mappings not readable)"
#define SHMEM_NAME    "/memfd:(mappings not readable)"

struct sizes {
	u64 total, locked, data, stack, exe, exec, anon, file, shmem, swap; /* pages */
};

struct layout_of_sizes {
	struct twin *t;
	size_t process;
	handle_t mm;
	u64 at;			/* where the next part goes */
	u64 pgoff, shmem_pgoff; /* in the file, in the shared memory */
	u32 flags;		/* of all parts */
	u64 data_and_stack;	/* pages of these parts */
	struct sizes left;	/* resident pages not placed yet */
	u64 *missing;
};

static u64 pages_of(struct slice status, const char *key)
{
	return slice_value(status, key, 0) / PAGE_KB;
}

/* Its own pages first, of a stack from its top, then its file's. */
static void place(struct layout_of_sizes *l, handle_t vma, u64 anon, u64 file, bool dirty)
{
	const struct vma *v = vma_at(l->t->m, vma);
	u64 first = v->flags & VM_GROWSDOWN ? vma_pages(v) - anon : 0;
	struct twin_stretch own = { vma, first, anon, anon, anon, 0 };
	struct twin_stretch shown = { vma, anon, file, file, dirty ? file : 0, 0 };
	u64 placed = 0;

	if (anon && v->kind == VMA_ANON && twin_has_kin(l->t, l->process))
		placed = twin_put_kin(l->t, l->process, vma, anon);
	else if (anon)
		placed = twin_put_own(l->t->m, &own);
	placed += file ? twin_put_file(l->t->m, &shown) : 0;
	*l->missing += anon + file - placed;
}

/* Behind its resident pages; of a stack, below them. */
static void place_swapped(struct twin *t, handle_t vma, u64 resident, u64 n)
{
	const struct vma *v = vma_at(t->m, vma);
	u64 first = v->flags & VM_GROWSDOWN ? vma_pages(v) - resident - n : resident, i;

	for (i = 0; i < n; i++) {
		u32 area = twin_swap_area(t);

		if (!twin_put_swapped(t->m, vma, first + i, area, true))
			break;
		t->swap_left[area] -= t->swap_left[area] != 0;
	}
	t->swap_short += n - i;
}

/* Data that is more than Committed_AS has room for was promised to nobody. */
static void charge(struct twin *t, struct twin_mapping *w)
{
	u64 pages = (w->end - w->start) >> PAGE_SHIFT;

	if (!(w->flags & VM_ACCOUNT))
		return;
	if (pages <= t->commit_left)
		t->commit_left -= pages;
	else
		w->flags = (w->flags & ~VM_ACCOUNT) | VM_NORESERVE;
}

/* One part of @pages; takes what it can of the resident pages that are left. */
static int add_part(struct layout_of_sizes *l, u64 pages, u32 flags, enum vma_kind kind,
		    handle_t inode)
{
	struct twin_mapping w = { .start = l->at,
				  .end = l->at + pages * PAGE_SIZE,
				  .flags = flags | l->flags | VM_MAY_ALL,
				  .kind = kind,
				  .inode = inode };
	u64 anon = 0, file = 0, swap;
	handle_t vma;
	int error;

	if (!pages)
		return 0;
	if (kind == VMA_FILE || kind == VMA_SHMEM) {
		u64 *pgoff = kind == VMA_FILE ? &l->pgoff : &l->shmem_pgoff;
		u64 *left = kind == VMA_FILE ? &l->left.file : &l->left.shmem;

		w.pgoff = *pgoff;
		*pgoff += pages;
		file = least(*left, pages);
		*left -= file;
	} else {
		w.pgoff = w.start >> PAGE_SHIFT;
		/* of one family, pages are at one offset */
		if (kind == VMA_ANON && twin_has_kin(l->t, l->process))
			w.pgoff = FIRST_ADDRESS >> PAGE_SHIFT;
	}
	if (kind != VMA_SHMEM) {
		/* text is read, not written: its own pages come last of all */
		anon = flags & VM_EXEC ? 0 : least(l->left.anon, pages - file);
		/* and of a file's others those that data and stack have no room for */
		if (kind == VMA_FILE)
			anon = least(anon, l->left.anon - least(l->left.anon, l->data_and_stack));
		l->left.anon -= anon;
	}
	charge(l->t, &w);
	error = twin_map(l->t->m, l->mm, &w, &vma);
	if (error)
		return error;
	place(l, vma, anon, file, flags & VM_SHARED);
	swap = kind == VMA_ANON || kind == VMA_STACK ? least(l->left.swap, pages - anon) : 0;
	l->left.swap -= swap;
	place_swapped(l->t, vma, anon, swap);
	l->at = w.end;
	return 0;
}

static int lay_out(struct layout_of_sizes *l, const struct sizes *s, handle_t file, handle_t shmem)
{
	const u32 exec = VM_READ | VM_EXEC, private = VM_READ | VM_WRITE | VM_ACCOUNT;
	struct mm *mm = mm_at(l->t->m, l->mm);
	u64 rest = s->total - s->data - s->stack - s->exec, shared = least(rest, s->shmem);
	u64 shmem_text = least(s->shmem - shared, s->exec);
	const struct {
		u64 pages;
		u32 flags;
		enum vma_kind kind;
		handle_t inode;
	} parts[] = {
		{ shmem_text, exec, VMA_SHMEM, shmem },
		{ s->exec - shmem_text, exec, VMA_FILE, file },
		{ rest - shared, VM_READ, VMA_FILE, file },
		{ s->data, private, VMA_ANON, 0 },
		{ shared, VM_READ | VM_WRITE | VM_SHARED | VM_MAYSHARE, VMA_SHMEM, shmem },
		{ s->stack, private | VM_GROWSDOWN, VMA_STACK, 0 },
	};
	size_t i;
	int error = 0;

	mm->start_code = l->at;
	mm->end_code = l->at + s->exe * PAGE_SIZE;
	mm->start_stack = s->stack ? STACK_TOP - 1024 : 0;
	for (i = 0; i < ARRAY_SIZE(parts) && !error; i++) {
		if (parts[i].kind == VMA_STACK)
			l->at = STACK_TOP - s->stack * PAGE_SIZE;
		error = add_part(l, parts[i].pages, parts[i].flags, parts[i].kind, parts[i].inode);
	}
	*l->missing += l->left.anon + l->left.file + l->left.shmem;
	l->t->swap_short += l->left.swap;
	return error;
}

int twin_unread_space(struct twin *t, size_t process, handle_t mm, struct slice status,
		      u64 *missing)
{
	struct sizes s = { .total = pages_of(status, "VmSize:"),
			   .locked = pages_of(status, "VmLck:"),
			   .data = pages_of(status, "VmData:"),
			   .stack = pages_of(status, "VmStk:"),
			   .exe = pages_of(status, "VmExe:"),
			   .anon = pages_of(status, "RssAnon:"),
			   .file = pages_of(status, "RssFile:"),
			   .shmem = pages_of(status, "RssShmem:"),
			   .swap = pages_of(status, "VmSwap:") };
	const struct slice file_name = { FILE_NAME, strlen(FILE_NAME) };
	const struct slice shmem_name = { SHMEM_NAME, strlen(SHMEM_NAME) };
	struct layout_of_sizes l = { .t = t,
				     .process = process,
				     .mm = mm,
				     .at = FIRST_ADDRESS,
				     .left = s,
				     .missing = missing };
	handle_t file, shmem = 0;

	s.exec = s.exe + pages_of(status, "VmLib:");
	/* larger than an address space, or than its parts: such numbers are no process's */
	if (s.total > (STACK_TOP - FIRST_ADDRESS) / PAGE_SIZE || s.data > s.total ||
	    s.stack > s.total || s.exec > s.total || s.data + s.stack + s.exec > s.total) {
		t->nr_bad_mappings++;
		return 0;
	}
	l.data_and_stack = s.data + s.stack;
	l.flags = t->soft_dirty ? 0 : VM_SOFTDIRTY;
	/* mlockall() shows in the sum only */
	l.flags |= s.locked && s.locked >= s.total / 10 * 9 ? VM_LOCKED : 0;
	file = twin_inode_of(t, 0, 0, file_name, 0);
	if (s.shmem)
		shmem = twin_inode_of(t, 0, 0, shmem_name, VM_SHARED);
	if (!file || (s.shmem && !shmem))
		return -ENOMEM;
	return lay_out(&l, &s, file, shmem);
}
