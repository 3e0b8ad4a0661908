/*
 * A capture of a machine that never was, on standard output: NODES nodes with 96 GiB together, 64
 * GiB of them in use, and as many processes as the argument says (2000 without one), a tenth of
 * them forked from each other. Its numbers agree with each other as those of a real machine do:
 * every Pss is what the mappings of the others make it.
 *
 * usage: twin_host [PROCESSES]
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE	     4096ull
#define KB	     4ull /* in a page */
#define GIB_PAGES    262144ull
#define RAM_PAGES    (96 * GIB_PAGES)
#define USED_PAGES   (64 * GIB_PAGES)
#define ANON_PAGES   (40 * GIB_PAGES)
#define CACHE_PAGES  (20 * GIB_PAGES)
#define SLAB_PAGES   (3 * GIB_PAGES - GIB_PAGES / 2)
#define NR_LIBRARIES 40u
#define LIBS_EACH    20u /* libraries of a process */
#define FAMILY	     10u /* processes of a family: one parent */
#define SHARED_PAGES 1000ull

static unsigned int nr_processes = 2000;

/* ---- files of the capture ---- */

static char *buffer;
static size_t length, room;

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void add(const char *format, ...)
{
	va_list args;
	int n;

	if (room - length < 4096) {
		room = room ? 2 * room : 1u << 20;
		buffer = realloc(buffer, room);
		if (!buffer)
			exit(71);
	}
	va_start(args, format);
	n = vsnprintf(buffer + length, room - length, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room - length)
		exit(70);
	length += (size_t)n;
}

static void end_file(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void end_file(const char *format, ...)
{
	va_list args;

	fputs("file ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" %zu\n", length);
	fwrite(buffer, 1, length, stdout);
	putchar('\n');
	length = 0;
}

/* ---- the machine ---- */

static void zone(const char *name, unsigned long long start, unsigned long long pages,
		 unsigned long long managed)
{
	add("Node 0, zone %8s\n  pages free     %llu\n        min      1000\n        low      2000\n"
	    "        high     3000\n        spanned  %llu\n        present  %llu\n        managed  %llu\n"
	    "        protection: (0, 0, 0, 0, 0)\n  start_pfn:           %llu\n",
	    name, managed, pages, pages, managed, start);
}

static void machine(void)
{
	unsigned long long dma32 = 3 * GIB_PAGES - 4096, normal = RAM_PAGES - 3 * GIB_PAGES;

	add("machine x86_64\nrelease 6.1.0\npage_size 4096\n");
	end_file("uname");
	zone("DMA", 1, 4095, 3840);
	zone("DMA32", 4096, dma32, dma32 - dma32 / 64);
	zone("Normal", 4 * GIB_PAGES, normal, normal - normal / 64);
	end_file("/proc/zoneinfo");
	add("MemTotal: %llu kB\nMemFree: %llu kB\nBuffers: 100000 kB\nCached: %llu kB\nShmem: 0 kB\n"
	    "AnonPages: %llu kB\nSReclaimable: %llu kB\nSUnreclaim: 200000 kB\nSwapTotal: 0 kB\n",
	    (3840 + dma32 - dma32 / 64 + normal - normal / 64) * KB,
	    (RAM_PAGES - RAM_PAGES / 64 - USED_PAGES) * KB, CACHE_PAGES * KB, ANON_PAGES * KB,
	    SLAB_PAGES * KB);
	end_file("/proc/meminfo");
	add("864000.25 1.00\n");
	end_file("/proc/uptime");
	add("0.50 1.25 2.00 1/%u 9999\n", nr_processes);
	end_file("/proc/loadavg");
	add("cpu  30 0 20 100 5 0 0 0 0 0\ncpu0 10 0 20 50 5 0 0 0 0 0\nbtime 1600000000\n");
	end_file("/proc/stat");
	add("0-15\n");
	end_file("/sys/devices/system/cpu/online");
}

/* ---- processes ---- */

/* A mapping's paragraph: resident pages that all @users have, and of its own; all of one kind. */
static void paragraph(unsigned long long start, unsigned long long pages, const char *perms,
		      const char *file, unsigned long long shared, unsigned int users,
		      unsigned long long own, int anonymous)
{
	unsigned long long rss = shared + own, alone = users > 1 ? own : rss;
	unsigned long long pss = (shared * ((PAGE << 12) / users) + own * (PAGE << 12)) >> 22;

	add("%llx-%llx %s 00000000 %s %s\nSize: %llu kB\nRss: %llu kB\nPss: %llu kB\n"
	    "Shared_%s: %llu kB\nPrivate_%s: %llu kB\nReferenced: %llu kB\nAnonymous: %llu kB\n"
	    "VmFlags: %s\n",
	    start, start + pages * PAGE, perms, file ? "fe:01" : "00:00", file ? file : "0",
	    pages * KB, rss * KB, pss, anonymous ? "Dirty" : "Clean", (rss - alone) * KB,
	    anonymous ? "Dirty" : "Clean", alone * KB, rss * KB, anonymous ? rss * KB : 0,
	    anonymous ? "rd wr mr mw me ac" : "rd ex mr mw me");
}

/* How many processes have library @l, of those that there are? */
static unsigned int users_of(unsigned int l)
{
	unsigned int i, n = 0;

	for (i = 0; i < nr_processes; i++)
		n += (l + NR_LIBRARIES - i / FAMILY % NR_LIBRARIES) % NR_LIBRARIES < LIBS_EACH;
	return n;
}

static void libraries(unsigned int family, unsigned long long base, const unsigned int *users)
{
	unsigned int k;

	for (k = 0; k < LIBS_EACH; k++) {
		unsigned int l = (family + k) % NR_LIBRARIES;
		unsigned long long at = base + k * 0x1000000ull;
		char name[64];

		snprintf(name, sizeof(name), "%u /usr/lib/lib%u.so", 1000 + l, l);
		paragraph(at, 200, "r-xp", name, 60 + l, users[l], 0, 0);
		paragraph(at + 0x800000, 8, "rw-p", name, 0, 1, 4, 1);
		paragraph(at + 0x900000, 16, "rw-p", NULL, 0, 1, 3, 1);
	}
}

static void library_pages(unsigned int family, unsigned long long base)
{
	unsigned int k;

	for (k = 0; k < LIBS_EACH; k++) {
		unsigned int l = (family + k) % NR_LIBRARIES;
		unsigned long long at = base + k * 0x1000000ull;

		add("%llx .8 F%u\n%llx .2 a4\n%llx a1 .5 a2\n", at, 60 + l, at + 0x800000,
		    at + 0x900000);
	}
}

static void process(unsigned int i, const unsigned int *users)
{
	unsigned int pid = 100 + i, family = i / FAMILY,
		     parent = i % FAMILY ? 100 + family * FAMILY : 1;
	unsigned long long code = 0x550000000000ull + family * 0x10000000ull,
			   base = 0x7f0000000000ull + family * 0x100000000ull,
			   own = ANON_PAGES / nr_processes - SHARED_PAGES / FAMILY -
				 LIBS_EACH * 7ull,
			   rest = own / 40;
	unsigned int k;

	add("%u (server) S %u 0 0 0 -1 0 1 0 1 0 30 20 0 0 20 0 1 0 3000 0 0 18446744073709551615 %llu "
	    "%llu %llu 0 0 0 0 0 0 0 0 0 17 %u 0 0 0 0 0 %llu 0 %llu 0 0 0 0 0\n",
	    pid, parent, code, code + 0x10000, 0x7ffd00000000ull + family * 0x100000ull, i % 16,
	    code + 0x20000, code + 0x100000);
	end_file("/proc/%u/stat", pid);
	add("Name:\tserver\nTgid:\t%u\nPPid:\t%u\nUid:\t1000\t1000\t1000\t1000\nVmSize:\t  1 kB\nThreads:\t1\n",
	    pid, parent);
	end_file("/proc/%u/status", pid);
	paragraph(code + 0x100000, own, "rw-p", NULL, 0, 1, own - 40 * rest, 1);
	paragraph(code + 0x8000000, SHARED_PAGES, "rw-p", NULL, SHARED_PAGES, FAMILY, 0, 1);
	for (k = 0; k < 40; k++)
		paragraph(base + 0x80000000ull + k * 0x1000000ull, 2 * rest + 16, "rw-p", NULL, 0,
			  1, rest, 1);
	libraries(family, base, users);
	end_file("/proc/%u/smaps", pid);
	add("%llx a%llu\n%llx A%llu@%llu\n", code + 0x100000, own - 40 * rest, code + 0x8000000,
	    SHARED_PAGES, family * SHARED_PAGES + 1);
	for (k = 0; k < 40; k++)
		add("%llx a%llu .9 a%llu\n", base + 0x80000000ull + k * 0x1000000ull, rest / 2,
		    rest - rest / 2);
	library_pages(family, base);
	end_file("/proc/%u/pages", pid);
}

int main(int argc, char **argv)
{
	unsigned int users[NR_LIBRARIES], i;

	if (argc > 1)
		nr_processes = (unsigned int)strtoul(argv[1], NULL, 10) / FAMILY * FAMILY;
	if (!nr_processes || nr_processes > 100000) {
		fputs("usage: twin_host [PROCESSES]\n", stderr);
		return 64;
	}
	for (i = 0; i < NR_LIBRARIES; i++)
		users[i] = users_of(i);
	puts("# mmanfs capture 1");
	machine();
	for (i = 0; i < nr_processes; i++)
		process(i, users);
	add("%s", "");
	end_file("unsteady");
	return fflush(stdout) || ferror(stdout) ? 74 : 0;
}
