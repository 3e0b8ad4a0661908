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

uint64_t chance_below(struct chance *c, uint64_t n)
{
	/* splitmix64 (public domain, Vigna) */
	uint64_t x = c->state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (x ^ x >> 31) % n;
}

static size_t put(char *buffer, size_t size, size_t at, const char *word)
{
	size_t n = strnlen(word, size - at);

	memcpy(buffer + at, word, n);
	return at + n;
}

/* Some bytes become others, or the text is cut. */
static size_t spoil(struct chance *c, char *buffer, size_t n)
{
	uint64_t times = n ? chance_below(c, 3) : 0;

	while (times--)
		buffer[chance_below(c, n)] = (char)chance_below(c, 256);
	return n && !chance_below(c, 4) ? chance_below(c, n) : n;
}

size_t words_value(struct chance *c, char *buffer, size_t size)
{
	size_t n = 0;

	if (!chance_below(c, 30)) {
		n = chance_below(c, size);
		memset(buffer, (int)chance_below(c, 256), n);
		return n;
	}
	n = put(buffer, size, 0, values[chance_below(c, COUNT(values))]);
	if (chance_below(c, 3))
		n = put(buffer, size, n, "\n");
	return chance_below(c, 8) ? n : spoil(c, buffer, n);
}

static size_t one_command(struct chance *c, char *buffer, size_t size, size_t n)
{
	uint64_t words = chance_below(c, 5);

	n = put(buffer, size, n, commands[chance_below(c, COUNT(commands))]);
	while (words--) {
		n = put(buffer, size, n, " ");
		n = put(buffer, size, n, arguments[chance_below(c, COUNT(arguments))]);
	}
	return n;
}

size_t words_command(struct chance *c, char *buffer, size_t size)
{
	uint64_t lines = 1 + chance_below(c, 3);
	size_t n = 0;

	if (!chance_below(c, 3)) /* something to work on */
		n = put(buffer, size, n, "mmap a 1M\n");
	while (lines--) {
		n = one_command(c, buffer, size, n);
		n = put(buffer, size, n, "\n");
	}
	return chance_below(c, 12) ? n : spoil(c, buffer, n);
}
