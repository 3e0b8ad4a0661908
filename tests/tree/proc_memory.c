/*
 * What a process does with its memory, as the files of proc/ tell it: each step is looked at in
 * meminfo, in the process's own files, in pagemap and in the files of page frames.
 */
#include "tests/fixture.h"
#include "tests/identities.h"
#include "tests/tap.h"

#include <mman/lab.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY	      65534u
#define REGION_PAGES  1024u
#define WRITTEN_PAGES 100u

#define PM_PRESENT    (1ull << 63)
#define PM_EXCLUSIVE  (1ull << 56)
#define PM_SOFT_DIRTY (1ull << 55)
#define PM_FRAME      ((1ull << 55) - 1)

#define KPF_UPTODATE   (1ull << 3)
#define KPF_LRU	       (1ull << 5)
#define KPF_BUDDY      (1ull << 10)
#define KPF_MMAP       (1ull << 11)
#define KPF_ANON       (1ull << 12)
#define KPF_SWAPBACKED (1ull << 14)
#define KPF_ZERO_PAGE  (1ull << 24)
#define KPF_PGTABLE    (1ull << 26)
#define KPF_RESERVED   (1ull << 32)

static ssize_t read_at(struct fixture *f, u32 uid, const char *path, void *buffer, size_t size,
		       u64 offset)
{
	struct caller c = { .uid = uid, .gid = uid };
	struct open_file *file;
	ssize_t n;
	u64 ino;
	int error = tree_walk(f->t, &c, path, &ino);

	if (!error)
		error = tree_open(f->t, &c, ino, O_RDONLY, &file);
	if (error)
		return error;
	n = tree_read(f->t, &c, file, buffer, size, offset);
	tree_release(f->t, &c, file);
	return n;
}

/* Entry @index of a file of eight-byte entries; all ones if there is none. */
static u64 entry(struct fixture *f, const char *path, u64 index)
{
	u64 value = UINT64_MAX;

	return read_at(f, 0, path, &value, sizeof(value), index * 8) == 8 ? value : UINT64_MAX;
}

static u64 pagemap(struct fixture *f, u32 pid, u64 addr)
{
	return entry(f, fixture_format("proc/%u/pagemap", pid), addr >> PAGE_SHIFT);
}

static s64 meminfo(struct fixture *f, const char *key)
{
	return text_value(fixture_read(f, "proc/meminfo"), key);
}

static s64 status(struct fixture *f, u32 pid, const char *key)
{
	return text_value(fixture_read(f, fixture_format("proc/%u/status", pid)), key);
}

/* A line of the paragraph of smaps that begins at @addr. */
static s64 smaps(struct fixture *f, u32 pid, u64 addr, const char *key)
{
	const char *text = fixture_read(f, fixture_format("proc/%u/smaps", pid));
	const char *at = strstr(text, fixture_format("%llx-", (unsigned long long)addr));

	return at ? text_value(at, key) : -1;
}

struct process {
	handle_t task;
	u32 pid;
	u64 region;
};

static struct process make(struct fixture *f, const char *name)
{
	struct mmap_request rq = { .length = REGION_PAGES * PAGE_SIZE, .prot = VM_READ | VM_WRITE };
	struct process p = { 0 };
	handle_t lab;

	if (lab_create(f->m, name, &lab))
		bail_out("no process");
	p.task = ((struct lab_process *)pool_at(&f->m->tasks.labs, lab))->task;
	p.pid = task_at(f->m, p.task)->pid;
	if (do_mmap(f->m, p.task, &rq, &p.region))
		bail_out("no mapping");
	return p;
}

static void touch(struct fixture *f, const struct process *p, u64 page, u64 n, bool write)
{
	struct running r;
	u64 pages;

	task_run_begin(f->m, &r, p->task);
	is_err(mm_access_range(f->m, p->task, p->region + page * PAGE_SIZE, n * PAGE_SIZE, write,
			       &pages),
	       0, "%s %llu pages", write ? "writing" : "reading", (unsigned long long)n);
	task_run_end(f->m, &r);
}

static void test_write(struct fixture *f, const struct process *p)
{
	s64 anon = meminfo(f, "AnonPages:"), rss = status(f, p->pid, "RssAnon:");
	s64 minflt = (s64)task_at(f->m, p->task)->min_flt, pte = status(f, p->pid, "VmPTE:");

	touch(f, p, 0, WRITTEN_PAGES, true);
	is_int(meminfo(f, "AnonPages:") - anon, WRITTEN_PAGES * 4, "AnonPages has them");
	is_int(status(f, p->pid, "RssAnon:") - rss, WRITTEN_PAGES * 4, "so has RssAnon");
	is_int(smaps(f, p->pid, p->region, "Rss:"), WRITTEN_PAGES * 4, "Rss of the mapping");
	is_int(smaps(f, p->pid, p->region, "Pss:"), WRITTEN_PAGES * 4, "its Pss");
	is_int(smaps(f, p->pid, p->region, "Private_Dirty:"), WRITTEN_PAGES * 4,
	       "its Private_Dirty");
	is_int(smaps(f, p->pid, p->region, "Size:"), REGION_PAGES * 4, "Size is the whole mapping");
	is_int((s64)task_at(f->m, p->task)->min_flt - minflt, WRITTEN_PAGES,
	       "one minor fault each");
	is_int((status(f, p->pid, "VmPTE:") - pte) % 4, 0, "page tables are whole pages");
	like(fixture_read(f, fixture_format("proc/%u/numa_maps", p->pid)),
	     fixture_format("\n%llx default anon=%u dirty=%u active=0 N0=%u kernelpagesize_kB=4\n",
			    (unsigned long long)p->region, WRITTEN_PAGES, WRITTEN_PAGES,
			    WRITTEN_PAGES),
	     "numa_maps has them on node 0");
}

static void test_read(struct fixture *f, const struct process *p)
{
	s64 rss = status(f, p->pid, "VmRSS:"), anon = meminfo(f, "AnonPages:");

	touch(f, p, 512, 10, false);
	is_int(status(f, p->pid, "VmRSS:"), rss, "pages only read are the zero page: no Rss");
	is_int(meminfo(f, "AnonPages:"), anon, "and no AnonPages");
}

static void test_pagemap(struct fixture *f, const struct process *p)
{
	u64 written = pagemap(f, p->pid, p->region),
	    zero = pagemap(f, p->pid, p->region + 512 * PAGE_SIZE);
	u64 none = pagemap(f, p->pid, p->region + 900 * PAGE_SIZE), pfn = written & PM_FRAME,
	    value[4] = { 0 };
	const char *path = fixture_format("proc/%u/pagemap", p->pid);

	is_hex(written & ~PM_FRAME, PM_PRESENT | PM_EXCLUSIVE | PM_SOFT_DIRTY,
	       "pagemap of a written page");
	is_hex(none, PM_SOFT_DIRTY, "of one never touched in a young mapping");
	is_hex(zero & ~PM_FRAME, PM_PRESENT | PM_SOFT_DIRTY, "of one only read");
	is_hex(pagemap(f, p->pid, p->region - PAGE_SIZE * 4096), 0, "where nothing is mapped");
	is_hex(zero & PM_FRAME, f->m->mms.zero_page, "the one only read is the zero page");

	is_hex(entry(f, "proc/kpageflags", pfn) &
		       (KPF_LRU | KPF_MMAP | KPF_ANON | KPF_SWAPBACKED | KPF_UPTODATE | KPF_BUDDY),
	       KPF_LRU | KPF_MMAP | KPF_ANON | KPF_SWAPBACKED | KPF_UPTODATE,
	       "kpageflags of its frame");
	is_int(entry(f, "proc/kpagecount", pfn), 1, "kpagecount: mapped once");
	ok(entry(f, "proc/kpageflags", zero & PM_FRAME) & KPF_ZERO_PAGE, "the zero page is marked");

	is_err(read_at(f, 0, path, value, 12, 0), -EINVAL, "only whole entries");
	is_err(read_at(f, 0, path, value, 8, 3), -EINVAL, "at their places");
	is_int(read_at(f, 0, path, value, 32, (TASK_SIZE_X86_64 >> PAGE_SHIFT) * 8 - 8), 8,
	       "up to the end of the address space");
	is_int(read_at(f, 0, path, value, 8, TASK_SIZE_X86_64 >> PAGE_SHIFT << 3), 0,
	       "nothing behind it");
	is_err(read_at(f, 0, "proc/kpageflags", value, 7, 0), -EINVAL, "the same for frames");

	task_at(f->m, p->task)->uid = task_at(f->m, p->task)->gid = NOBODY;
	is_int(read_at(f, NOBODY, path, value, 8, (p->region >> PAGE_SHIFT) * 8), 8,
	       "its user may read pagemap");
	is_hex(value[0], written & ~PM_FRAME, "but sees no frame number");
	task_at(f->m, p->task)->uid = task_at(f->m, p->task)->gid = 0;
}

static void test_frames(struct fixture *f)
{
	u64 *flags = calloc(f->m->max_pfn, 8), pfn, end, seen_free = 0, seen_table = 0,
	    untouched = 0;
	ssize_t n = read_at(f, 0, "proc/kpageflags", flags, f->m->max_pfn * 8 & ~7ull, 0);

	cmp_int(n, >, 0, "kpageflags can be read in one go");
	is_int(n % (ssize_t)(PAGES_PER_SECTION * 8), 0, "it ends with a section");
	end = n > 0 ? (u64)n / 8 : 0;
	for (pfn = 0; pfn < end; pfn++) {
		seen_free += flags[pfn] & KPF_BUDDY ? 1 : 0;
		seen_table += flags[pfn] & KPF_PGTABLE ? 1 : 0;
		untouched += !page_exists(f->m, (pfn_t)pfn);
	}
	cmp_int(untouched, >, 0, "most of memory was never touched");
	is_int(seen_free, text_value(fixture_read(f, "proc/vmstat"), "nr_free_pages"),
	       "as many frames are free as nr_free_pages says");
	cmp_int(seen_table, >=, text_value(fixture_read(f, "proc/vmstat"), "nr_page_table_pages"),
		"page tables are marked");
	is_hex(flags[0x000c0], KPF_RESERVED, "where the video ROM is, pages are reserved");
	free(flags);
}

static void test_fork(struct fixture *f, const struct process *p)
{
	s64 anon = meminfo(f, "AnonPages:");
	struct running r;
	handle_t child;
	u32 pid;
	u64 pfn;

	task_run_begin(f->m, &r, p->task);
	is_err(task_fork(f->m, p->task, &child), 0, "it forks");
	task_run_end(f->m, &r);
	pid = task_at(f->m, child)->pid;
	is_int(meminfo(f, "AnonPages:"), anon, "nothing is copied");
	is_int(smaps(f, pid, p->region, "Rss:"), WRITTEN_PAGES * 4, "the child has all of it");
	is_int(smaps(f, pid, p->region, "Pss:"), WRITTEN_PAGES * 2, "but half of each page");
	is_int(smaps(f, pid, p->region, "Shared_Dirty:"), WRITTEN_PAGES * 4, "it is shared");
	is_int(smaps(f, p->pid, p->region, "Shared_Dirty:"), WRITTEN_PAGES * 4,
	       "for the parent too");
	pfn = pagemap(f, p->pid, p->region) & PM_FRAME;
	is_int(entry(f, "proc/kpagecount", pfn), 2, "kpagecount: mapped twice");
	ok(!(pagemap(f, p->pid, p->region) & PM_EXCLUSIVE), "not exclusive any more");

	touch(f, p, 0, 1, true);
	is_int(meminfo(f, "AnonPages:") - anon, 4, "a write copies one page");
	is_int(entry(f, "proc/kpagecount", pfn), 1, "the old one is the child's alone");
	ok((pagemap(f, p->pid, p->region) & PM_FRAME) != pfn, "the parent has another");
	check_identities(f->t, "parent and child");
	do_exit(f->m, child, 0);
	is_int(meminfo(f, "AnonPages:"), anon, "the child's end gives back what was its own");
}

static void test_clear_refs(struct fixture *f, const struct process *p)
{
	const char *path = fixture_format("proc/%u/clear_refs", p->pid);

	is_int(fixture_write(f, path, "4"), 1, "clear_refs 4");
	ok(!(pagemap(f, p->pid, p->region + PAGE_SIZE) & PM_SOFT_DIRTY),
	   "takes the soft-dirty mark");
	is_hex(pagemap(f, p->pid, p->region + 900 * PAGE_SIZE), 0, "also the mapping's");
	unlike(fixture_read(f, fixture_format("proc/%u/smaps", p->pid)),
	       "VmFlags: rd wr mr mw me ac sd ", "no mapping has it any more");
	touch(f, p, 1, 1, true);
	ok(pagemap(f, p->pid, p->region + PAGE_SIZE) & PM_SOFT_DIRTY, "the next write sets it");
	ok(!(pagemap(f, p->pid, p->region + 2 * PAGE_SIZE) & PM_SOFT_DIRTY), "for that page alone");

	is_int(fixture_write(f, path, "1"), 1, "clear_refs 1");
	is_int(smaps(f, p->pid, p->region, "Referenced:"), 0, "takes the accessed mark");
	touch(f, p, 0, 3, false);
	is_int(smaps(f, p->pid, p->region, "Referenced:"), 12,
	       "what is read after that has it again");
	is_int(fixture_write(f, path, "5"), 1, "clear_refs 5");
	is_int(status(f, p->pid, "VmHWM:"), status(f, p->pid, "VmRSS:"),
	       "brings VmHWM down to VmRSS");
}

static void test_mlock(struct fixture *f, const struct process *p)
{
	u64 address = p->region + 600 * PAGE_SIZE;

	is_err(do_mlock(f->m, p->task, address, 16 * PAGE_SIZE, true, false), 0,
	       "16 pages are locked");
	is_int(status(f, p->pid, "VmLck:"), 64, "VmLck has them");
	is_int(smaps(f, p->pid, address, "Locked:"), 64, "so has Locked");
	is_int(meminfo(f, "Mlocked:"), 64, "Mlocked");
	is_int(meminfo(f, "Unevictable:"), 64, "and Unevictable");
	check_identities(f->t, "with locked memory");
	is_err(do_mlock(f->m, p->task, address, 16 * PAGE_SIZE, false, false), 0, "and unlocked");
	is_int(meminfo(f, "Mlocked:"), 0, "none is locked now");
}

static void test_mem(struct fixture *f, const struct process *p)
{
	const char *path = fixture_format("proc/%u/mem", p->pid);
	char buffer[16] = "x";
	s64 rss = status(f, p->pid, "VmRSS:");

	is_int(read_at(f, 0, path, buffer, 16, p->region), 16,
	       "mem can be read where something is mapped");
	is_int(buffer[0], 0, "it is all zeros");
	is_int(read_at(f, 0, path, buffer, 16, p->region + 800 * PAGE_SIZE), 16, "resident or not");
	is_int(status(f, p->pid, "VmRSS:"), rss,
	       "what nobody wrote to gets the zero page, which is nobody's");
	is_err(read_at(f, 0, path, buffer, 16, 0), -EIO, "EIO where nothing is mapped");
	is_int(read_at(f, 0, path, buffer, 16, p->region + REGION_PAGES * PAGE_SIZE - 8),
	       find_vma_exact(f->m, task_at(f->m, p->task)->mm,
			      p->region + REGION_PAGES * PAGE_SIZE) ?
		       16 :
		       8,
	       "a read ends with the mapping");
}

/* Reserves of all zones, as vm.rst has them: high watermark and the largest protection. */
static s64 total_reserve(struct fixture *f)
{
	const char *line = fixture_read(f, "proc/zoneinfo");
	s64 reserve = 0, high, protection, largest;

	for (line = strstr(line, "        high "); line; line = strstr(line + 1, "        high ")) {
		const char *at = strstr(line, "protection: (") + 13;

		high = strtoll(line + 13, NULL, 10);
		for (largest = 0; at[-1] != ')'; at += strcspn(at, ",)") + 1) {
			protection = strtoll(at, NULL, 10);
			largest = protection > largest ? protection : largest;
		}
		reserve += high + largest;
	}
	return reserve;
}

static void check_thresholds(struct fixture *f, s64 limit, s64 background, const char *what)
{
	const char *vmstat = fixture_read(f, "proc/vmstat");

	is_int(text_value(vmstat, "nr_dirty_threshold"), limit, "nr_dirty_threshold with %s", what);
	is_int(text_value(vmstat, "nr_dirty_background_threshold"), background,
	       "the background one");
}

/* The rounding of a 6.1 kernel: the ratio in 4096ths, rounded down first. */
static s64 percent(s64 pages, s64 ratio)
{
	return ratio * 4096 / 100 * pages / 4096;
}

static void test_dirty_thresholds(struct fixture *f)
{
	s64 dirtyable = meminfo(f, "MemFree:") / 4 + meminfo(f, "Active(file):") / 4 +
			meminfo(f, "Inactive(file):") / 4 + 1 - total_reserve(f);

	check_thresholds(f, percent(dirtyable, 20), percent(dirtyable, 10), "20 and 10 percent");
	fixture_write(f, "proc/sys/vm/dirty_ratio", "40");
	check_thresholds(f, percent(dirtyable, 40), percent(dirtyable, 10), "40 and 10 percent");
	fixture_write(f, "proc/sys/vm/dirty_background_ratio", "60");
	check_thresholds(f, percent(dirtyable, 40), percent(dirtyable, 40) / 2,
			 "a background above the limit");
	fixture_write(f, "proc/sys/vm/dirty_bytes", "8388608");
	check_thresholds(f, 2048, 1024, "8 MiB");
	fixture_write(f, "proc/sys/vm/dirty_background_bytes", "4194305");
	check_thresholds(f, 2048, 1025, "bytes rounded up to pages");
	fixture_write(f, "proc/sys/vm/dirty_background_bytes", "16777216");
	check_thresholds(f, 2048, 1024, "background bytes above the limit");
}

int main(void)
{
	struct fixture f;
	struct process p;

	if (!fixture_open(&f, "one-node", "transparent_hugepage=never"))
		bail_out("%s", f.why);
	p = make(&f, "p");
	test_write(&f, &p);
	test_read(&f, &p);
	test_pagemap(&f, &p);
	test_frames(&f);
	test_fork(&f, &p);
	test_mem(&f, &p);
	test_clear_refs(&f, &p);
	test_mlock(&f, &p);
	check_identities(f.t, "after all of it");
	do_exit(f.m, p.task, 0);
	test_dirty_thresholds(&f);
	check_identities(f.t, "after its end");
	fixture_close(&f);
	return done_testing();
}
