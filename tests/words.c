/* words.c - what the fuzzers write. */
#include "tests/words.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const values[] = {
	"0",
	"1",
	"2",
	"3",
	"-1",
	"10",
	"50",
	"60",
	"99",
	"100",
	"101",
	"200",
	"1000",
	"4096",
	"8192",
	"65536",
	"1048576",
	"2147483647",
	"2147483648",
	"-2147483648",
	"4294967295",
	"4294967296",
	"9223372036854775807",
	"18446744073709551615",
	"18446744073709551616",
	"0x10",
	"010",
	"+1",
	"1 2",
	"256 256 32",
	"256 32 32 0 0",
	"y",
	"n",
	"on",
	"off",
	"max",
	"never",
	"always",
	"madvise",
	"[always] madvise never",
	"online",
	"offline",
	"online_movable",
	"online_kernel",
	"Node",
	"Zone",
	"default",
	"lru",
	"classic",
	"1K",
	"1M",
	"12G",
	"some 150000 1000000",
	"+memory",
	"-cpu",
	"advance 10ms",
	"advance 1s",
	"pause",
	"realtime",
	"rate 100",
	"abc",
	" ",
	"\n",
	"\t7",
	"7 ",
	"%s%n",
	"../..",
	"f",
	"m",
	"s",
	"1-3",
	"0-0,2",
	"ffffffff",
};

/*
 * Commands that are nearly right. %r is a region, %s a size, %o a range of a region or nothing, %f
 * a file, %d a process, %n a small number, %P a protection, %N a node, %Q a memory policy, %A an
 * access pattern, %O an option of mmap, %D advice, %w a swap area, %S a signal.
 */
static const char *const process_lines[] = {
	"mmap %r %s %O",
	"mmap %r %s %O",
	"mmap %r %s %O %O",
	"mmap %r %s %O %O %O",
	"mmap %r 20M",
	"mmap %r 4M %O",
	"mmap %r 1M %O",
	"mmap %r 2M shared %O",
	"mmap %r 100M",
	"mmap %r 3M populate",
	"mmap %r 4M prot=rw addr=0x10000000",
	"mmap %r %s file=%f shared",
	"mmap %r 1M file=%f shared populate",
	"mmap %r %s file=%f@64K private",
	"munmap %r %o",
	"munmap %r %o",
	"mremap %r %s",
	"mremap %r %s nomove",
	"mremap %r %s dontunmap",
	"mremap %r %s addr=0x10000000",
	"mprotect %r %P %o",
	"madvise %r %D %o",
	"madvise %r %D %o",
	"mlock %r %o",
	"mlock %r onfault %o",
	"munlock %r %o",
	"mlockall current future",
	"mlockall future onfault",
	"munlockall",
	"mincore %r %o",
	"msync %r %o",
	"brk %s",
	"brk -%s",
	"malloc %r %s",
	"malloc %r %n",
	"free %r",
	"read %r",
	"read %r %o",
	"read %r %o",
	"write %r",
	"write %r",
	"write %r %o",
	"write %r %o",
	"write %r %o value=%n",
	"access %r %A 3000 write=50 %o",
	"access %r %A %n",
	"load %r %A 5000 write=50 for=2s",
	"load %r %A 100000 write=%n %o",
	"load %r %A %n",
	"unload %r",
	"fread %f %s %s",
	"fread %f 0 1M",
	"fwrite %f %s %s",
	"fwrite %f 0 %s",
	"fsync %f",
	"fork %d",
	"fork %d",
	"clone %d",
	"pthread_create",
	"exec %d",
	"exit %n",
	"kill %S",
	"setuid %n",
	"setrlimit as %s",
	"setrlimit memlock %s",
	"setrlimit data %s",
	"setrlimit stack unlimited",
	"setrlimit nproc %n",
	"sched_setaffinity %N",
	"sched_setaffinity 0-7",
	"set_mempolicy %Q",
	"mbind %r %Q",
	"mbind %r %Q strict move %o",
	"mbind %r %Q move_all",
	"migrate_pages %N %N",
	"move_pages %r %N",
	"move_pages %r %N all %o",
	"gup %r %o",
	"ungup %r %o",
	"swapout",
};

static const char *const machine_lines[] = {
	"swapon %w %s",
	"swapon %w 64M prio=%n",
	"swapon %w 32M type=file",
	"swapoff %w",
	"sync",
	"kmalloc %r %s",
	"kmalloc %r %s dma32 reclaimable",
	"kmalloc %r %s movable node=%N",
	"kfree %r",
	"slab dentry +%n",
	"slab dentry -%n",
	"slab inode_cache +3000",
	"slab ext4_inode_cache -%n",
	"fail vda all probability=%n times=%n",
	"fail vda read interval=%n times=%n",
	"fail vda write times=3",
	"fail %w all times=%n",
	"fail vda off",
	"fail %w off",
	"fragment %N Normal 0.5",
	"fragment %N DMA32 0.9 unmovable",
	"fragment %N DMA32 0",
	"fragment %N Normal 0",
	"modprobe memory-notifier-error-inject",
	"rmmod memory-notifier-error-inject",
	"adopt %n %d",
};

static const char *const regions[] = { "a", "a", "b", "b", "c", "d", "heap" };
static const char *const sizes[] = {
	"1", "4096", "64K", "64K", "1M", "1M", "3M", "2M", "20M", "100M", "1G", "0x1001", "1T",
};
static const char *const ranges[] = {
	"", "", "", "0 4096", "64K", "64K 64K", "0 1M", "512K 1M", "100 5000", "2M 2M", "0 2M",
};
static const char *const files[] = { "data", "data", "file", "dir/file", "none", "dir" };
static const char *const processes[] = { "a", "b", "c", "p0", "p1", "p2" };
static const char *const numbers[] = { "0", "1", "2", "7", "50", "100", "300", "1000", "20000" };
static const char *const protections[] = { "rwx", "r", "rw", "none", "x", "w" };
static const char *const nodes[] = { "0", "1", "0-1", "2" };
static const char *const policies[] = { "default",	"local",
					"bind:0",	"bind:1",
					"bind:0-1",	"interleave:0-1",
					"preferred:1",	"preferred_many:0-1",
					"interleave:0", "bind=balancing:0-1",
					"bind=static:1" };
static const char *const patterns[] = { "seq", "random", "uniform", "zipf:0.9", "zipf:1.2" };
static const char *const options[] = {
	"anon",		"private",	   "shared",
	"noreserve",	"populate",	   "locked",
	"stack",	"growsdown",	   "prot=rwx",
	"prot=r",	"prot=none",	   "file=data",
	"file=file@8K", "dev=gpu",	   "hugetlb",
	"hugetlb=2M",	"hugetlb=1G",	   "addr=0x10000000",
	"noreplace",	"addr=0x10200000", "hint=0x20000000",
	"shared",	"populate",
};
static const char *const advice[] = {
	"normal",	  "random",    "sequential", "willneed",   "dontneed",
	"free",		  "cold",      "pageout",    "remove",	   "populate_read",
	"populate_write", "dontfork",  "dofork",     "wipeonfork", "keeponfork",
	"dontdump",	  "mergeable", "hugepage",   "nohugepage",
};
static const char *const areas[] = { "swapx", "swapy", "data", "vdb", "file" };
static const char *const signals[] = {
	"TERM", "KILL", "STOP", "CONT", "CONT", "0", "SEGV", "USR1"
};

#define CHOICE(letter, list)              \
	{                                 \
		letter, list, COUNT(list) \
	}

static const struct choice {
	char letter;
	const char *const *words;
	size_t nr;
} choices[] = {
	CHOICE('r', regions),	  CHOICE('s', sizes),	  CHOICE('o', ranges),
	CHOICE('f', files),	  CHOICE('d', processes), CHOICE('n', numbers),
	CHOICE('P', protections), CHOICE('N', nodes),	  CHOICE('Q', policies),
	CHOICE('A', patterns),	  CHOICE('O', options),	  CHOICE('D', advice),
	CHOICE('w', areas),	  CHOICE('S', signals),
};

static const char *const commands[] = {
	"mmap",
	"munmap",
	"mremap",
	"mprotect",
	"madvise",
	"mlock",
	"munlock",
	"mlockall",
	"munlockall",
	"msync",
	"brk",
	"malloc",
	"free",
	"read",
	"write",
	"access",
	"load",
	"unload",
	"fread",
	"fwrite",
	"fsync",
	"fork",
	"clone",
	"exec",
	"exit",
	"kill",
	"setuid",
	"setrlimit",
	"sched_setaffinity",
	"kmalloc",
	"kfree",
	"slab",
	"sync",
	"set_mempolicy",
	"mbind",
	"gup",
	"swapout",
	"swapon",
	"#",
	"",
};

static const char *const arguments[] = {
	"a",
	"b",
	"c",
	"heap",
	"data",
	"1",
	"4096",
	"64K",
	"1M",
	"3M",
	"20M",
	"1G",
	"1T",
	"0",
	"-64K",
	"+100",
	"-100",
	"0x1000",
	"99999999999999999999",
	"anon",
	"private",
	"shared",
	"noreserve",
	"populate",
	"locked",
	"stack",
	"growsdown",
	"prot=rwx",
	"prot=r",
	"prot=none",
	"addr=0x10000000",
	"addr=1",
	"file=data",
	"file=data@64K",
	"file=nothing",
	"hugetlb",
	"rwx",
	"r",
	"none",
	"dontneed",
	"free",
	"willneed",
	"cold",
	"pageout",
	"hugepage",
	"dontfork",
	"wipeonfork",
	"seq",
	"random",
	"uniform",
	"zipf:0.9",
	"zipf:10",
	"write=50",
	"write=100",
	"for=100ms",
	"value=7",
	"current",
	"future",
	"onfault",
	"TERM",
	"KILL",
	"STOP",
	"CONT",
	"11",
	"as",
	"memlock",
	"stack",
	"unlimited",
	"1000",
	"0-3",
	"dentry",
	"dma",
	"dma32",
	"movable",
	"node=0",
	"node=1",
};

static size_t put(char *buffer, size_t size, size_t at, const char *word)
{
	size_t n = strnlen(word, size - at);

	memcpy(buffer + at, word, n);
	return at + n;
}

/* Some bytes become others, or the text is cut. */
static size_t spoil(u64 *c, char *buffer, size_t n)
{
	uint64_t times = n ? draw(c, 3) : 0;

	while (times--)
		buffer[draw(c, n)] = (char)draw(c, 256);
	return n && !draw(c, 4) ? draw(c, n) : n;
}

size_t words_value(u64 *c, char *buffer, size_t size)
{
	size_t n = 0;

	if (!draw(c, 30)) {
		n = draw(c, size);
		memset(buffer, (int)draw(c, 256), n);
		return n;
	}
	n = put(buffer, size, 0, values[draw(c, COUNT(values))]);
	if (draw(c, 3))
		n = put(buffer, size, n, "\n");
	return draw(c, 8) ? n : spoil(c, buffer, n);
}

static size_t one_command(u64 *c, char *buffer, size_t size, size_t n)
{
	uint64_t words = draw(c, 5);

	n = put(buffer, size, n, commands[draw(c, COUNT(commands))]);
	while (words--) {
		n = put(buffer, size, n, " ");
		n = put(buffer, size, n, arguments[draw(c, COUNT(arguments))]);
	}
	return n;
}

static const char *chosen(u64 *c, char letter)
{
	size_t i;

	for (i = 0; i < COUNT(choices); i++)
		if (choices[i].letter == letter)
			return choices[i].words[draw(c, choices[i].nr)];
	return "";
}

static size_t one_sentence(u64 *c, char *buffer, size_t size, size_t n, const char *line)
{
	for (; *line; line++) {
		char byte[2] = { *line };

		n = put(buffer, size, n, *line == '%' ? chosen(c, *++line) : byte);
	}
	return put(buffer, size, n, "\n");
}

size_t words_process(u64 *c, char *buffer, size_t size)
{
	uint64_t lines = 1 + draw(c, 4);
	size_t n = 0;

	while (lines--)
		n = one_sentence(c, buffer, size, n, process_lines[draw(c, COUNT(process_lines))]);
	return n;
}

size_t words_machine(u64 *c, char *buffer, size_t size)
{
	return one_sentence(c, buffer, size, 0, machine_lines[draw(c, COUNT(machine_lines))]);
}

size_t words_command(u64 *c, char *buffer, size_t size)
{
	uint64_t lines = 1 + draw(c, 3);
	size_t n = 0;

	if (!draw(c, 3)) /* something to work on */
		n = put(buffer, size, n, "mmap a 1M\n");
	while (lines--) {
		n = one_command(c, buffer, size, n);
		n = put(buffer, size, n, "\n");
	}
	return draw(c, 12) ? n : spoil(c, buffer, n);
}
