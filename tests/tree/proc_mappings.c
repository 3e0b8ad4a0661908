/*
 * Mappings of every kind on a machine of two nodes: shared anonymous memory, files mapped private
 * and shared, as maps, smaps, numa_maps, status and meminfo show them.
 */
#include "tests/fixture.h"
#include "tests/identities.h"
#include "tests/tap.h"

#include <mman/lab.h>

#include <string.h>

#define FILE_PATH "/data/f1"
#define PAGES	  64u

struct world {
	struct fixture f;
	handle_t task;
	u32 pid;
};

static s64 meminfo(struct world *w, const char *key)
{
	return text_value(fixture_read(&w->f, "proc/meminfo"), key);
}

static const char *pid_file(struct world *w, const char *name)
{
	return fixture_read(&w->f, fixture_format("proc/%u/%s", w->pid, name));
}

/* A line of the paragraph of smaps that begins at @addr. */
static s64 smaps(struct world *w, u64 addr, const char *key)
{
	const char *at =
		strstr(pid_file(w, "smaps"), fixture_format("%llx-", (unsigned long long)addr));

	return at ? text_value(at, key) : -1;
}

static u64 map(struct world *w, handle_t inode, u32 map_flags, u32 prot)
{
	struct mmap_request rq = {
		.length = PAGES * PAGE_SIZE,
		.prot = prot,
		.map = map_flags,
		.inode = inode,
	};
	u64 addr = 0;

	is_err(do_mmap(w->f.m, w->task, &rq, &addr), 0, "mmap");
	return addr;
}

static void touch(struct world *w, u64 addr, u64 n, bool write)
{
	struct running r;
	u64 pages;

	task_run_begin(w->f.m, &r, w->task);
	is_err(mm_access_range(w->f.m, w->task, addr, n * PAGE_SIZE, write, &pages), 0, "%s",
	       write ? "write" : "read");
	task_run_end(w->f.m, &r);
}

static void test_shared_anonymous(struct world *w)
{
	s64 shmem = meminfo(w, "Shmem:"), anon = meminfo(w, "AnonPages:");
	s64 rss = text_value(pid_file(w, "status"), "RssShmem:");
	u64 addr = map(w, 0, MAPF_SHARED, VM_READ | VM_WRITE);

	touch(w, addr, 10, true);
	is_int(meminfo(w, "Shmem:") - shmem, 40, "shared anonymous pages are Shmem");
	is_int(meminfo(w, "AnonPages:"), anon, "not AnonPages");
	is_int(text_value(pid_file(w, "status"), "RssShmem:") - rss, 40, "RssShmem has them");
	like(pid_file(w, "maps"),
	     fixture_format("\n%llx-%llx rw-s 00000000 00:01 [0-9]+ +/dev/zero \\(deleted\\)\n",
			    (unsigned long long)addr,
			    (unsigned long long)(addr + PAGES * PAGE_SIZE)),
	     "maps calls them /dev/zero");
	is_int(smaps(w, addr, "Private_Dirty:"), 40, "dirty, as long as nobody else maps them");
	like(pid_file(w, "numa_maps"),
	     fixture_format("\n%llx default file=/dev/zero\\\\040\\(deleted\\) dirty=10 active=0 N",
			    (unsigned long long)addr),
	     "numa_maps has the blank as octal");
	is_int(text_value(pid_file(w, "smaps_rollup"), "Pss_Shmem:"), 40, "Pss_Shmem has them");
	check_identities(w->f.t, "with shared memory");
	is_err(do_munmap(w->f.m, w->task, addr, PAGES * PAGE_SIZE), 0, "munmap");
	is_int(meminfo(w, "Shmem:"), shmem, "they go with the last mapping");
}

static void test_private_file(struct world *w, handle_t inode)
{
	s64 cached = meminfo(w, "Cached:"), anon = meminfo(w, "AnonPages:");
	u64 addr = map(w, inode, 0, VM_READ | VM_WRITE);

	like(pid_file(w, "maps"),
	     fixture_format("\n%llx-%llx rw-p 00000000 fe:00 [0-9]+ +" FILE_PATH "\n",
			    (unsigned long long)addr,
			    (unsigned long long)(addr + PAGES * PAGE_SIZE)),
	     "a private file mapping has the file's name");
	touch(w, addr, PAGES, false);
	is_int(meminfo(w, "Cached:") - cached, PAGES * 4, "reading fills the page cache");
	is_int(smaps(w, addr, "Rss:"), PAGES * 4, "and maps it");
	is_int(smaps(w, addr, "Private_Clean:"), PAGES * 4, "clean");
	touch(w, addr, 4, true);
	is_int(meminfo(w, "AnonPages:") - anon, 16, "a write copies");
	is_int(smaps(w, addr, "Anonymous:"), 16, "the copies are anonymous");
	is_int(smaps(w, addr, "Private_Dirty:"), 16, "and dirty");
	is_int(meminfo(w, "Dirty:"), 0, "the file is not");
	like(pid_file(w, "numa_maps"),
	     fixture_format("\n%llx default file=" FILE_PATH " anon=4 dirty=4 mapped=%u ",
			    (unsigned long long)addr, PAGES),
	     "numa_maps counts both kinds");
	check_identities(w->f.t, "with a private file mapping");
	is_err(do_munmap(w->f.m, w->task, addr, PAGES * PAGE_SIZE), 0, "munmap");
	is_int(meminfo(w, "AnonPages:"), anon, "the copies are gone");
	is_int(meminfo(w, "Cached:") - cached, PAGES * 4, "the page cache stays");
}

static void test_shared_file(struct world *w, handle_t inode)
{
	u64 addr = map(w, inode, MAPF_SHARED, VM_READ | VM_WRITE);

	touch(w, addr, 8, true);
	is_int(meminfo(w, "Dirty:"), 32, "a store through a shared mapping makes the file dirty");
	is_int(smaps(w, addr, "Private_Dirty:"), 32, "so says smaps");
	is_int(text_value(fixture_read(&w->f, "proc/vmstat"), "nr_zone_write_pending"), 8,
	       "the zone's count follows");
	like(pid_file(w, "maps"), "rw-s 00000000 fe:00 [0-9]+ +" FILE_PATH "\n", "maps shows s");
	check_identities(w->f.t, "with a dirty file");
}

static void test_split(struct world *w)
{
	u64 addr = map(w, 0, 0, VM_READ | VM_WRITE);
	u32 lines = w->f.m->mms.mms.nr_live ?
			    mm_at(w->f.m, task_at(w->f.m, w->task)->mm)->map_count :
			    0;

	is_err(do_mprotect(w->f.m, w->task, addr + 16 * PAGE_SIZE, 16 * PAGE_SIZE, VM_READ), 0,
	       "mprotect of the middle");
	is_int(mm_at(w->f.m, task_at(w->f.m, w->task)->mm)->map_count, lines + 2,
	       "makes three of one");
	like(pid_file(w, "maps"),
	     fixture_format("\n%llx-%llx r--p 00000000 00:00 0 \n%llx-",
			    (unsigned long long)(addr + 16 * PAGE_SIZE),
			    (unsigned long long)(addr + 32 * PAGE_SIZE),
			    (unsigned long long)(addr + 32 * PAGE_SIZE)),
	     "and maps has the middle as a line of its own");
	check_identities(w->f.t, "after a split");
}

int main(void)
{
	struct world w = { 0 };
	handle_t lab, inode;

	if (!fixture_open(&w.f, "two-node", "transparent_hugepage=never"))
		bail_out("%s", w.f.why);
	if (lab_create(w.f.m, "p", &lab))
		bail_out("no process");
	w.task = ((struct lab_process *)pool_at(&w.f.m->tasks.labs, lab))->task;
	w.pid = task_at(w.f.m, w.task)->pid;
	if (inode_create(w.f.m, FILE_PATH, PAGES * PAGE_SIZE, INODE_REGULAR, &inode))
		bail_out("no file");
	test_shared_anonymous(&w);
	test_private_file(&w, inode);
	test_shared_file(&w, inode);
	test_split(&w);
	do_exit(w.f.m, w.task, 0);
	check_identities(w.f.t, "after its end");
	fixture_close(&w.f);
	return done_testing();
}
