/*
 * The bytes of pages: who shares them, when they are copied, when they go, and what they cost.
 */
#include <mman/contents.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mmtest.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define A 0x20000000ull

static ssize_t put(struct mmtest *t, u64 addr, const void *bytes, size_t size)
{
	return access_remote_vm(t->m, t->task, addr, (void *)bytes, size, true);
}

static ssize_t get(struct mmtest *t, u64 addr, void *bytes, size_t size)
{
	return access_remote_vm(t->m, t->task, addr, bytes, size, false);
}

/* Is it @text there? */
static bool holds(struct mmtest *t, u64 addr, const char *text)
{
	char buffer[64];
	size_t n = strlen(text);

	return get(t, addr, buffer, n) == (ssize_t)n && !memcmp(buffer, text, n);
}

static bool is_byte(struct mmtest *t, u64 addr, u64 pages, int byte)
{
	u8 *buffer = malloc(pages * PAGE_SIZE);
	bool same = buffer &&
		    get(t, addr, buffer, pages * PAGE_SIZE) == (ssize_t)(pages * PAGE_SIZE) &&
		    buffer[0] == byte && !memcmp(buffer, buffer + 1, pages * PAGE_SIZE - 1);

	free(buffer);
	return same;
}

static pfn_t frame(struct mmtest *t, u64 addr)
{
	struct pte_info pte;

	pte_lookup(t->m, mm_of(t), addr, &pte);
	return pte.pfn;
}

/* The child of a fork: what follows is done by it. */
static handle_t forked(struct mmtest *t)
{
	handle_t child;

	if (task_fork(t->m, t->task, &child))
		bail_out("no child");
	return child;
}

static void test_costs(struct mmtest *t)
{
	u64 done;

	map(t, A, 1024, "rw", MAPF_FIXED);
	store(t, A, 1024);
	is_uint(contents_bytes(t->m), 0,
		"a thousand pages that were only touched have no contents");
	ok(is_byte(t, A, 1024, 0), "and read as zero");
	is_uint(contents_bytes(t->m), 0, "reading makes none");
	is_int(put(t, A, "\0\0\0\0", 4), 4, "zeros are written");
	is_uint(contents_bytes(t->m), 0, "which makes none either");

	is_int(mm_fill_range(t->m, t->task, A, 1024 * PAGE_SIZE, 0xa5, &done), 0, "all are filled");
	is_uint(done, 1024, "page by page");
	ok(is_byte(t, A, 1024, 0xa5), "with that byte");
	is_uint(t->m->contents.nr_pages, 1024, "each has contents");
	is_uint(t->m->contents.values.nr_live, 1, "the same ones");
	is_uint(t->m->contents.bytes.nr_live, 0, "for which no 4 KiB are kept");
	is_int(put(t, A + 5 * PAGE_SIZE + 7, "five", 4), 4, "one page is written to");
	is_uint(t->m->contents.bytes.nr_live, 1, "it has bytes of its own now");
	ok(holds(t, A + 5 * PAGE_SIZE + 6,
		 "\xa5"
		 "five\xa5"),
	   "in the midst of what it had");
	is_sound(t->m, "with contents");

	is_int(mm_fill_range(t->m, t->task, A + 100, PAGE_SIZE, 'x', &done), 0, "a part is filled");
	is_uint(done, 2, "of two pages");
	ok(holds(t, A + 98, "\xa5\xa5xx") && holds(t, A + PAGE_SIZE + 98, "xx\xa5\xa5"),
	   "from its first byte to its last");
	is_int(mm_fill_range(t->m, t->task, A, 1024 * PAGE_SIZE, 0, &done), 0, "all zero again");
	is_uint(contents_bytes(t->m) >> 20, 0, "there is nothing left but tables");
	is_uint(t->m->contents.values.nr_live, 0, "no value");
	is_err(mm_fill_range(t->m, t->task, A, UINT64_MAX - PAGE_SIZE, 1, &done), -EFAULT,
	       "a length beyond all addresses is a fault");
	t->r.fatal_signal = 0;
	unmap(t, A, 1024);
}

/* Frames that are freed and used again must not show what was in them. */
static void test_reuse(struct mmtest *t)
{
	u64 done;
	handle_t file;

	map(t, A, 512, "rw", MAPF_FIXED);
	mm_fill_range(t->m, t->task, A, 512 * PAGE_SIZE, 's', &done);
	unmap(t, A, 512);
	is_uint(t->m->contents.nr_pages, 0, "munmap drops the contents");
	map(t, A, 512, "rw", MAPF_FIXED);
	store(t, A, 512);
	ok(is_byte(t, A, 512, 0), "who gets the frames next sees zeros");
	mm_fill_range(t->m, t->task, A, 512 * PAGE_SIZE, 's', &done);
	advise(t, A, 512, "dontneed");
	ok(is_byte(t, A, 512, 0), "MADV_DONTNEED makes zeros");
	mm_fill_range(t->m, t->task, A, 512 * PAGE_SIZE, 's', &done);
	unmap(t, A, 512);

	map(t, A, 512, "rw", MAPF_FIXED | MAPF_SHARED);
	store(t, A, 512);
	ok(is_byte(t, A, 512, 0), "shared memory in such frames is zero");
	put(t, A, "shared", 6);
	is_uint(t->m->contents.nr_pages, 1, "and can be written to");
	unmap(t, A, 512);
	is_uint(t->m->contents.nr_pages, 0, "until its last user lets go");

	inode_create(t->m, "/data/reuse", 64 << PAGE_SHIFT, INODE_REGULAR, &file);
	map_file(t, A, 64, "rw", MAPF_FIXED, file, 0);
	store(t, A, 64);
	ok(is_byte(t, A, 64, 0), "private copies of a file without bytes are zero");
	unmap(t, A, 64);
	inode_unlink(t->m, file);
	is_sound(t->m, "after frames were used again");
}

static void test_fork(struct mmtest *t)
{
	handle_t parent = t->task, child;
	char big[3 * PAGE_SIZE];

	memset(big, 'b', sizeof(big));
	memcpy(big + PAGE_SIZE - 2, (const char[4]){ '1', '2', '3', '4' }, 4);
	map(t, A, 16, "rw", MAPF_FIXED);
	is_int(put(t, A, big, sizeof(big)), (s64)sizeof(big), "three pages are written");
	child = forked(t);
	is_uint(t->m->contents.nr_pages, 3, "fork copies no contents");

	put(t, A, "parent", 6);
	ok(holds(t, A, "parentb"), "the parent writes");
	is_uint(t->m->contents.nr_pages, 4, "to a copy of its own");
	as_task(t, child);
	ok(holds(t, A, "bbbbbbb"), "the child does not see it");
	store(t, A + PAGE_SIZE, 1);
	ok(frame(t, A + PAGE_SIZE) != PFN_NONE && holds(t, A + PAGE_SIZE - 2, "1234"),
	   "an ordinary store copies the page with its bytes");
	put(t, A + PAGE_SIZE, "XX", 2);
	ok(holds(t, A + PAGE_SIZE - 2, "12XXbb"), "the child writes to it");
	as_task(t, parent);
	ok(holds(t, A + PAGE_SIZE - 2, "1234bb"), "the parent does not see that");
	is_sound(t->m, "with contents that are shared");
	do_exit(t->m, child, 0);
	ok(holds(t, A, "parentb") && holds(t, A + PAGE_SIZE - 2, "1234bb"),
	   "the child's end changes nothing");
	unmap(t, A, 16);
	is_uint(t->m->contents.values.nr_live, 0, "all is gone with the last of them");
}

static u64 first_of(struct mmtest *t, enum vma_kind kind)
{
	handle_t h = mm_at(t->m, mm_of(t))->vma_first;

	while (h && vma_kind(t->m, vma_at(t->m, h)) != kind)
		h = vma_at(t->m, h)->next;
	return h ? vma_at(t->m, h)->start : 0;
}

static void test_rights(struct mmtest *t)
{
	const struct mm *mm = mm_at(t->m, mm_of(t));
	u64 stack, faults = t->m->vm_event[PGFAULT], minor = task_at(t->m, t->task)->min_flt;
	struct mark at, d;
	char buffer[16];
	handle_t file;

	map(t, A, 4, "-", MAPF_FIXED);
	map(t, A + 4 * PAGE_SIZE, 4, "r", MAPF_FIXED);
	is_int(get(t, A, buffer, 16), 16, "PROT_NONE can be read from outside");
	is_int(put(t, A + 8, "none", 4), 4, "and written to");
	is_int(put(t, A + 5 * PAGE_SIZE, "ro", 2), 2, "so can a read-only private mapping");
	ok(holds(t, A + 8, "none") && holds(t, A + 5 * PAGE_SIZE, "ro"),
	   "what was written is there");
	cmp_int((s64)t->m->vm_event[PGFAULT], >, (s64)faults, "pages were faulted in");
	is_uint(task_at(t->m, t->task)->min_flt, minor, "for nobody's account");
	is_err(mm_access(t->m, t->task, A + 5 * PAGE_SIZE, true), -EFAULT,
	       "the process itself still may not write there");
	t->r.fatal_signal = 0;
	is_int(put(t, A + 5 * PAGE_SIZE, "RO", 2), 2, "we may, again");
	mark(t, &at);
	is_int(put(t, A + 5 * PAGE_SIZE, "ro", 2), 2, "and again");
	d = since(t, &at);
	is_uint(d.pgfault, 0, "without a fault, as the page is its own");
	unmap(t, A, 8);

	inode_create(t->m, "/data/ro", 4 << PAGE_SHIFT, INODE_REGULAR, &file);
	map_file(t, A, 4, "r", MAPF_FIXED | MAPF_SHARED, file, 0);
	is_int(get(t, A, buffer, 16), 16, "a shared read-only file can be read");
	is_err(put(t, A, "x", 1), -EIO, "and not written to");
	map_file(t, A, 8, "r", MAPF_FIXED, file, 0);
	is_int(get(t, A + 3 * PAGE_SIZE, buffer, 16), 16, "a private one up to its end");
	is_err(get(t, A + 4 * PAGE_SIZE, buffer, 16), -EIO, "EIO behind it, and no SIGBUS");
	is_int(t->r.fatal_signal, 0, "nobody was killed");
	is_int(put(t, A, "copy", 4), 4, "a read-only private one gets a copy");
	ok(holds(t, A, "copy"), "that holds what was written");
	unmap(t, A, 8);
	inode_unlink(t->m, file);

	is_err(get(t, first_of(t, VMA_VVAR), buffer, 1), -EIO,
	       "what the kernel maps cannot be read");
	is_int(get(t, first_of(t, VMA_VDSO), buffer, 1), 1, "the vdso can");
	is_int(put(t, first_of(t, VMA_VDSO), "int3", 4), 4, "and be written to: a breakpoint");
	ok(holds(t, first_of(t, VMA_VDSO), "int3"), "in a copy of its own");
	is_err(get(t, 0, buffer, 1), -EIO, "nothing is at address 0");
	is_err(get(t, TASK_SIZE_X86_64, buffer, 1), -EIO, "nor at the end");
	is_err(get(t, UINT64_MAX, buffer, 1), -EIO, "nor beyond it");
	map(t, A, 1, "rw", MAPF_FIXED);
	is_int(put(t, A + PAGE_SIZE - 3, "abcdef", 6), 3, "a write ends with the mapping");
	ok(holds(t, A + PAGE_SIZE - 3, "abc"), "and has written what it could");
	unmap(t, A, 1);

	stack = vma_at(t->m, find_vma_exact(t->m, mm_of(t), mm->start_stack))->start;
	is_int(put(t, stack - 64, "down", 4), 4, "a stack grows for us");
	ok(vma_at(t->m, find_vma_exact(t->m, mm_of(t), mm->start_stack))->start < stack,
	   "downwards");
	ok(holds(t, stack - 64, "down"), "and keeps what was written");
	is_sound(t->m, "after mappings of all sorts");
}

/* ---- files: the bytes lie elsewhere ---- */

static u8 store_bytes[8 * PAGE_SIZE];

static ssize_t store_read(struct machine *m, handle_t inode, void *buffer, size_t size, u64 offset)
{
	(void)m, (void)inode;
	if (offset >= sizeof(store_bytes))
		return 0;
	size = min_t(u64, size, sizeof(store_bytes) - offset);
	memcpy(buffer, store_bytes + offset, size);
	return (ssize_t)size;
}

static ssize_t store_write(struct machine *m, handle_t inode, const void *data, size_t size,
			   u64 offset)
{
	(void)m, (void)inode;
	if (offset + size > sizeof(store_bytes))
		return -ENOSPC;
	memcpy(store_bytes + offset, data, size);
	return (ssize_t)size;
}

static bool store_has_bytes(struct machine *m, handle_t inode, u64 index)
{
	(void)m, (void)inode;
	return index < 4;
}

static const struct backing_ops store_ops = { .read = store_read,
					      .write = store_write,
					      .has_bytes = store_has_bytes };

static void test_files(struct mmtest *t)
{
	const struct backing_ops *before = t->m->backing;
	u64 pages = t->m->contents.nr_pages, values = t->m->contents.values.nr_live;
	struct mark at, d;
	handle_t file;

	t->m->backing = &store_ops;
	memset(store_bytes, 'f', 4 * PAGE_SIZE);
	inode_create(t->m, "/data/bytes", 7 * PAGE_SIZE + 10, INODE_REGULAR, &file);
	map_file(t, A, 8, "rw", MAPF_FIXED | MAPF_SHARED, file, 0);
	ok(holds(t, A + PAGE_SIZE, "ffff"), "a shared mapping shows the file's bytes");
	mark(t, &at);
	is_int(put(t, A + 6 * PAGE_SIZE, "six", 3), 3, "what is written to it");
	ok(!memcmp(store_bytes + 6 * PAGE_SIZE, "six", 3), "goes to the file");
	d = since(t, &at);
	is_int(d.dirty, 1, "whose page is dirty now");
	is_int(put(t, A + 7 * PAGE_SIZE + 8, "end", 3), 3,
	       "the last page can be written to its end");
	ok(!memcmp(store_bytes + 7 * PAGE_SIZE + 8, "en\0", 3),
	   "but the file is no longer than it is");
	is_uint(t->m->contents.nr_pages, pages, "no page of the cache has contents of its own");

	map_file(t, A + 16 * PAGE_SIZE, 8, "rw", MAPF_FIXED, file, 0);
	store(t, A + 16 * PAGE_SIZE, 1);
	ok(holds(t, A + 16 * PAGE_SIZE, "ffff"), "a store copies the page with the file's bytes");
	load(t, A + 17 * PAGE_SIZE, 1);
	store(t, A + 17 * PAGE_SIZE, 1);
	ok(holds(t, A + 17 * PAGE_SIZE, "ffff"), "also if it was read before");
	put(t, A + 18 * PAGE_SIZE, "mine", 4);
	ok(holds(t, A + 18 * PAGE_SIZE, "mineff"), "what is written to the copy is there");
	ok(store_bytes[2 * PAGE_SIZE] == 'f', "and never in the file");
	store(t, A + 21 * PAGE_SIZE, 1);
	ok(is_byte(t, A + 21 * PAGE_SIZE, 1, 0), "a hole is zero");
	is_uint(t->m->contents.nr_pages, pages + 3, "and costs nothing");
	is_sound(t->m, "with the bytes of files");
	unmap(t, A, 24);
	inode_unlink(t->m, file);
	is_uint(t->m->contents.values.nr_live, values, "nothing is left of them");
	t->m->backing = before;
}

/* ---- the end of the process in the middle ---- */

static bool kill_it(struct machine *m, void *arg)
{
	const u32 *pid = arg;
	handle_t task = find_task_by_pid(m, *pid);

	if (task)
		send_signal(m, task, 9, 0);
	return true;
}

static void test_end(struct mmtest *t)
{
	static char buffer[600 * PAGE_SIZE];
	handle_t child;
	u32 values = t->m->contents.values.nr_live, pid;
	ssize_t n;

	map(t, A, 600, "rw", MAPF_FIXED);
	child = forked(t);
	pid = task_at(t->m, child)->pid;
	memset(buffer, 7, sizeof(buffer));
	t->m->host = (struct machine_host){ .arg = &pid, .yield = kill_it };
	t->m->attention = 1;
	n = access_remote_vm(t->m, child, A, buffer, sizeof(buffer), true);
	t->m->attention = 0;
	t->m->host = (struct machine_host){ .arg = NULL };
	is_int(n, PAGE_SIZE, "a write to a process that is killed meanwhile ends early");
	ok(!find_task_by_pid(t->m, pid), "the process is gone");
	is_uint(t->m->contents.values.nr_live, values, "with all that was written");
	is_sound(t->m, "after the end of a process that was written to");
	unmap(t, A, 600);
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 256);
	test_costs(&t);
	test_reuse(&t);
	test_fork(&t);
	test_rights(&t);
	test_files(&t);
	test_end(&t);
	mmtest_close(&t);
	return done_testing();
}
