/*
 * Mappings of huge pages, as the files of the tree show them: maps, smaps, status, numa_maps,
 * pagemap, kpageflags, kpagecount, meminfo and a page walk tell the same of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ctl.h"
#include "tests/identities.h"
#include "tests/tap.h"

#define KPF_MMAP	  (1ull << 11)
#define KPF_ANON	  (1ull << 12)
#define KPF_COMPOUND_HEAD (1ull << 15)
#define KPF_COMPOUND_TAIL (1ull << 16)
#define KPF_HUGE	  (1ull << 17)

static void p(struct fixture *f, const char *command, s64 result)
{
	ssize_t n = fixture_write(f, "sim/procs/p/ctl", command);

	is_int(n < 0 ? n : 0, result, "%s", command);
}

static s64 pid_of(struct fixture *f, const char *name)
{
	return strtoll(fixture_read(f, fixture_format("sim/procs/%s/pid", name)), NULL, 10);
}

/* The paragraph of smaps that begins with @start; "" without. */
static const char *smaps_of(struct fixture *f, s64 pid, const char *start)
{
	const char *at =
		strstr(fixture_read(f, fixture_format("proc/%lld/smaps", (long long)pid)), start);

	return at ? at : "";
}

/* Eight bytes of a file that has an entry for each page. */
static u64 entry(struct fixture *f, const char *path, u64 page)
{
	struct caller caller = { .uid = 0 };
	struct open_file *file;
	u64 ino, value = 0;

	if (tree_walk(f->t, &caller, path, &ino) || tree_open(f->t, &caller, ino, O_RDONLY, &file))
		bail_out("%s cannot be opened", path);
	if (tree_read(f->t, &caller, file, (char *)&value, sizeof(value), page * 8) != 8)
		value = UINT64_MAX;
	tree_release(f->t, &caller, file);
	return value;
}

static void test_files(struct fixture *f)
{
	const char *pagemap, *text;
	s64 pid;
	u64 first, second;

	is_err(ctl_mkdir(f, "p"), 0, "a process");
	pid = pid_of(f, "p");
	is_int(fixture_write(f, "proc/sys/vm/nr_hugepages", "8"), 1, "a pool");
	p(f, "mmap a 8M hugetlb addr=0x200000000000", 0);
	p(f, "mmap b 64M hugetlb", -ENOMEM);
	p(f, "write a 0 4M", 0);
	text = fixture_read(f, "proc/meminfo");
	is_int(text_value(text, "HugePages_Free:"), 6, "two pages are in use");
	is_int(text_value(text, "HugePages_Rsvd:"), 2, "two are reserved");
	text = smaps_of(f, pid, "200000000000-200000800000 rw-p 00000000 00:0f ");
	ok(strstr(text, " /anon_hugepage (deleted)\n") != NULL, "smaps names the mapping");
	is_int(text_value(text, "Rss:"), 0, "it has no Rss");
	is_int(text_value(text, "Private_Hugetlb:"), 4096, "but huge pages");
	is_int(text_value(text, "KernelPageSize:"), 2048, "of 2 MiB");
	ok(strstr(text, "VmFlags: rd wr mr mw me de ht sd \n") != NULL, "VmFlags");
	text = fixture_read(f, fixture_format("proc/%lld/status", (long long)pid));
	is_int(text_value(text, "HugetlbPages:"), 4096, "status has them by themselves");
	ok(strstr(fixture_read(f, fixture_format("proc/%lld/numa_maps", (long long)pid)),
		  "200000000000 default file=/anon_hugepage\\040(deleted) huge anon=2 dirty=2 N0=2 "
		  "kernelpagesize_kB=2048\n") != NULL,
	   "numa_maps counts huge pages");

	pagemap = fixture_format("proc/%lld/pagemap", (long long)pid);
	first = entry(f, pagemap, 0x200000000);
	second = entry(f, pagemap, 0x200000001);
	is_uint(first >> 55, 0x103, "pagemap: present, exclusive, soft-dirty");
	is_uint(second, first + 1, "each small page has its own frame");
	is_uint(entry(f, pagemap, 0x200000400) >> 55, 1, "no page yet: soft-dirty only");
	first &= (1ull << 55) - 1;
	is_uint(first % 512, 0, "the first frame is aligned");
	is_uint(entry(f, "proc/kpageflags", first) &
			(KPF_MMAP | KPF_ANON | KPF_HUGE | KPF_COMPOUND_HEAD),
		KPF_MMAP | KPF_ANON | KPF_HUGE | KPF_COMPOUND_HEAD, "kpageflags of the head");
	is_uint(entry(f, "proc/kpageflags", first + 5),
		KPF_MMAP | KPF_ANON | KPF_HUGE | KPF_COMPOUND_TAIL, "and of a tail");
	is_uint(entry(f, "proc/kpagecount", first), 1, "kpagecount");
	p(f, "fork q", 0);
	is_uint(entry(f, "proc/kpagecount", first + 5), 2, "of a page that fork shares");
	is_int(text_value(smaps_of(f, pid, "200000000000-"), "Shared_Hugetlb:"), 4096,
	       "and Shared_Hugetlb");
	check_identities(f->t, "two processes share huge pages");

	fixture_write(f, "sim/procs/p/translate", "0x200000001234");
	text = fixture_read(f, "sim/procs/p/translate");
	ok(strstr(text, "2 MiB at 0x") != NULL && !strstr(text, "pte["),
	   "a page walk ends at the pmd");
	p(f, "munmap a 0 1M", -EINVAL);
	p(f, "mprotect a r 4K 4K", -EINVAL);
	p(f, "mremap a 16M", -EINVAL);
	p(f, "munmap a", 0);
	text = fixture_read(f, "proc/meminfo");
	is_int(text_value(text, "HugePages_Rsvd:"), 0, "what was reserved is free");
	is_int(text_value(text, "HugePages_Free:"), 6, "the child has two pages");
	p(f, "exit", 0);
	check_identities(f->t, "the child has them alone");
}

static void test_giant(void)
{
	struct fixture f;
	const char *text;
	s64 pid;

	if (!fixture_open(&f, "laptop", "hugepagesz=1G hugepages=2 default_hugepagesz=2M"))
		bail_out("%s", f.why);
	is_err(ctl_mkdir(&f, "p"), 0, "a machine with pages of 1 GiB");
	pid = pid_of(&f, "p");
	p(&f, "mmap g 1G hugetlb=1G addr=0x200000000000", 0);
	p(&f, "mmap s 1G hugetlb=1G shared addr=0x200040000000", 0);
	p(&f, "mmap t 1G hugetlb=1G", -ENOMEM);
	p(&f, "write g 0 8K", 0);
	p(&f, "write s 512M 8K value=7", 0);
	text = smaps_of(&f, pid, "200000000000-200040000000 rw-p 00000000 00:10 ");
	is_int(text_value(text, "Private_Hugetlb:"), 1 << 20, "one store, 1 GiB");
	is_int(text_value(text, "KernelPageSize:"), 1 << 20, "in one page");
	is_int(strtoll(fixture_read(&f,
				    "sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages"),
		       NULL, 10),
	       0, "both are in use");
	fixture_write(&f, "sim/procs/p/translate", "0x200000001234");
	text = fixture_read(&f, "sim/procs/p/translate");
	ok(strstr(text, "1 GiB at 0x") != NULL && !strstr(text, "pmd["),
	   "a page walk ends at the pud");
	check_identities(f.t, "pages of 1 GiB are mapped");
	p(&f, "fork q", 0);
	p(&f, "write g", 0);
	check_identities(f.t, "the owner takes the page from his child");
	p(&f, "mprotect g r", 0);
	p(&f, "munmap g 0 512M", -EINVAL);
	p(&f, "munmap g", 0);
	p(&f, "exit", 0);
	check_identities(f.t, "the end");
	fixture_close(&f);
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "laptop", NULL))
		bail_out("%s", f.why);
	test_files(&f);
	fixture_close(&f);
	test_giant();
	return done_testing();
}
