/*
 * sim/procs/NAME/trace: lines of lackey's, strace's and mmanfs record's, whole, cut, torn and
 * foreign, and what becomes of the process.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mman/lab.h>

#include "tests/draw.h"
#include "tests/ctl.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define TRACE "sim/procs/p/trace"

static const struct caller root;

/* A number of the report. */
static s64 told(struct fixture *f, const char *name)
{
	return text_value(fixture_read(f, TRACE), name);
}

static ssize_t put(struct fixture *f, const char *text)
{
	return fixture_write(f, TRACE, text);
}

static const char *maps(struct fixture *f, const char *name)
{
	return fixture_read(f, fixture_format("proc/%u/maps", ctl_pid(f, name)));
}

static s64 status(struct fixture *f, const char *key)
{
	return text_value(fixture_read(f, fixture_format("proc/%u/status", ctl_pid(f, "p"))), key);
}

static void begin(struct fixture *f)
{
	ctl_mkdir(f, "p");
}

static void end(struct fixture *f, const char *what)
{
	is_sound(f->m, what);
	ctl_rmdir(f, "p");
	is_sound(f->m, what);
}

/* ---- lackey ---- */

static const char lackey[] = "==4711== Lackey, an example Valgrind tool\n"
			     "==4711== \n"
			     "I  04001090,3\n"
			     "I  04001093,5\n"
			     " S 1ffeffe7e8,8\n"
			     " L 0421c7cc,4\n"
			     " M 0421c7cc,4\n"
			     " L 0421effc,8\n" /* reaches into the next page */
			     "I  04002000,1\n";

static void test_lackey(struct fixture *f)
{
	begin(f);
	is_str(fixture_read(f, TRACE), "", "nothing was written to it yet");
	is_int(put(f, lackey), (s64)strlen(lackey), "lackey's lines are taken");
	is_int(told(f, "lines"), 9, "nine lines");
	is_int(told(f, "ignored"), 2, "of which two are valgrind's own");
	is_int(told(f, "taken"), 7, "seven accesses");
	is_int(told(f, "fetches"), 3, "three fetches");
	is_int(told(f, "loads"), 2, "two loads");
	is_int(told(f, "stores"), 2, "a store and a modify");
	is_int(told(f, "refused"), 0, "none refused");
	/* 4001 4002 1ffeffe 421c 421e 421f */
	is_int(status(f, "VmRSS:"), 6 * 4, "each page that was touched is resident, and no other");
	like(maps(f, "p"), "^04000000-04010000 rwxp 00000000 00:00 0 \n",
	     "what is not known to be mapped is mapped around it");
	is_int(told(f, "implied_pages"), 3 * 16, "in pieces of 64 KiB");
	put(f, " S 1ffeffe000,8\nI  04001000,8\n");
	is_int(status(f, "VmRSS:"), 6 * 4, "a second trace goes on with the same process");
	is_int(told(f, "lines"), 2, "and is counted anew");
	end(f, "lackey");
}

static void test_first_line(struct fixture *f)
{
	begin(f);
	put(f, " L 7f0000001000,8");
	like(fixture_read(f, TRACE), "\nline 1: not ended yet: 17 bytes without a newline\n",
	     "a line without its newline is waited for");
	is_int(told(f, "lines"), 0, "and not carried out");
	like(maps(f, "p"), "/usr/bin/simproc", "the process is as it was");
	end(f, "first line");
}

/* ---- cut lines ---- */

static const char mixed[] =
	"100  execve(\"/usr/bin/x\", [\"x\", \"a, b) = 0\"], 0x7ffe /* 20 vars */) = 0\n"
	"100  brk(NULL)                         = 0x55d000001000\n"
	"100  brk(0x55d000022000)               = 0x55d000022000\n"
	"100  mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7efe68cc8000\n"
	"100  store 7efe68cc8000 2\n"
	" S 7efe68cc8010,8\n"
	"garbage\n"
	"100  munmap(0x7efe68cc8000, 4096)     = 0\n"
	"I  55d000001000,4\n"
	" L 55d000002000\n"
	"100  madvise(0x7efe68cc9000, 4096, MADV_DONTNEED) = 0\n";

static void dump(struct fixture *f, struct text *out)
{
	text_str(out, fixture_read(f, TRACE));
	text_str(out, maps(f, "p"));
	text_str(out, fixture_read(f, fixture_format("proc/%u/statm", ctl_pid(f, "p"))));
}

/* In pieces of @size bytes through one descriptor, as cat with a small buffer writes them. */
static void put_in_pieces(struct fixture *f, const char *text, size_t size)
{
	size_t length = strlen(text), at, n;
	struct open_file *file;
	u64 ino;

	if (tree_walk(f->t, &root, TRACE, &ino) || tree_open(f->t, &root, ino, 1, &file))
		bail_out("cannot open the trace");
	for (at = 0; at < length; at += n) {
		n = length - at < size ? length - at : size;
		if (tree_write(f->t, &root, file, text + at, n, at) != (ssize_t)n)
			diag("write at %zu failed", at);
	}
	tree_release(f->t, &root, file);
}

static void test_pieces(struct fixture *f)
{
	struct text whole, cut;
	u32 same = 0, size;

	text_init(&whole);
	text_init(&cut);
	fixture_write(f, "proc/sys/kernel/randomize_va_space", "0\n");
	begin(f);
	put(f, mixed);
	dump(f, &whole);
	ctl_rmdir(f, "p");
	for (size = 1; size <= 100; size++) {
		text_reset(&cut);
		begin(f);
		put_in_pieces(f, mixed, size);
		dump(f, &cut);
		ctl_rmdir(f, "p");
		same += cut.length == whole.length && !memcmp(cut.data, whole.data, cut.length);
	}
	is_int(same, 100, "cut into pieces of 1 to 100 bytes it comes to the same");
	text_char(&whole, '\0');
	like(whole.data, "\nline 7: no line of lackey's, strace's or mmanfs record's: garbage\n",
	     "a foreign line is told with its number");
	like(whole.data, "\nline 10: a torn line of lackey's:  L 55d000002000\n",
	     "so is a torn one");
	like(whole.data, "\nrefused 2\n", "and no other");
	like(whole.data, "7efe68cc9000-7efe68cca000 rw-p", "the lines behind it are carried out");
	text_free(&whole);
	text_free(&cut);
	begin(f);
	end(f, "pieces");
}

static void test_streams(struct fixture *f)
{
	begin(f);
	put(f, " S 10000,8\n S 20");
	put(f, "I  30000,4\n");
	is_int(told(f, "lines"), 1, "the next open begins a new line");
	like(fixture_read(f, TRACE), "the stream before ended in the middle of a line",
	     "and tells that the one before was not over");
	is_int(status(f, "VmRSS:"), 8, "the cut line was not carried out");
	end(f, "streams");
}

static void test_long_line(struct fixture *f)
{
	size_t size = 3ul * TRACE_LINE_MAX;
	char *line = malloc(size + 64);

	begin(f);
	memset(line, 'x', size);
	strcpy(line + size, "\n S 10000,8\n");
	put(f, line);
	is_int(told(f, "refused"), 1, "a line that is too long is one refused line");
	is_int(told(f, "stores"), 1, "the one behind it is taken");
	put_in_pieces(f, line, 1000);
	is_int(told(f, "refused"), 1, "also in pieces");
	is_int(told(f, "stores"), 1, "with the one behind it");
	is_int(told(f, "lines"), 2, "two lines in all");
	end(f, "long line");
	free(line);
}

/* ---- strace ---- */

static void test_calls(struct fixture *f)
{
	static const char text[] =
		"100 execve(\"/usr/bin/prog\", [\"prog\"], 0x7ffe) = 0\n"
		"100 brk(NULL) = 0x55d000001000\n"
		"100 mmap(NULL, 12345, PROT_READ, MAP_PRIVATE, 3</etc/ld.so.cache>, 0) = 0x7f0000100000\n"
		"100 mmap(0x7f0000200000, 8192, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED, 3</lib/a,b.so>, 0x3000) = 0x7f0000200000\n"
		"100 mmap(NULL, 65536, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0) = 0x7f0000300000\n"
		"100 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = 0x7f0000400000\n"
		"100 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = -1 ENODEV (No such device)\n"
		"100 mprotect(0x7f0000201000, 4096, PROT_READ) = 0\n"
		"100 mremap(0x7f0000300000, 65536, 131072, MREMAP_MAYMOVE) = 0x7f0000500000\n"
		"100 munmap(0x7f0000100000, 12345) = 0\n"
		"100 brk(0x55d000022000) = 0x55d000022000\n"
		"100 arch_prctl(ARCH_SET_FS, 0x7f0000600740) = 0\n"
		"100 madvise(0x55d000001000, 4096, MADV_WILLNEED) = 0\n";
	const char *m;

	begin(f);
	put(f, text);
	is_int(told(f, "refused"), 0, "strace's lines are taken");
	is_int(told(f, "calls_differ"), 0, "and succeed as in the real run");
	is_int(told(f, "calls_failed"), 1, "what failed there is not done here");
	is_int(told(f, "calls_other"), 1, "what concerns no memory is only counted");
	m = maps(f, "p");
	like(m, "^55d000001000-55d000022000 rw-p 00000000 00:00 0 +\\[heap\\]\n", "brk");
	like(m, "\n7f0000200000-7f0000201000 r-xp 00003000 .* +/lib/a,b.so\n", "a file's mapping");
	like(m, "\n7f0000201000-7f0000202000 r--p 00004000 .* +/lib/a,b.so\n", "mprotect");
	like(m, "\n7f0000400000-7f0000401000 ---p", "PROT_NONE");
	like(m, "\n7f0000500000-7f0000520000 rw-s .* +/dev/zero \\(deleted\\)\n",
	     "mremap, to where it went in the real run");
	unlike(m, "7f0000100000|7f0000300000", "what was unmapped or moved is gone");
	like(fixture_read(f, fixture_format("proc/%u/cmdline", ctl_pid(f, "p"))), "^/usr/bin/prog$",
	     "its name is the program's");
	end(f, "calls");
}

static void test_forks(struct fixture *f)
{
	u32 before = f->m->tasks.nr_threads;

	begin(f);
	put(f,
	    "100 execve(\"/usr/bin/sh\", [\"sh\"], 0x7ffe) = 0\n"
	    "100 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000100000\n"
	    "100 store 7f0000100000 2\n"
	    "100 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f) = 101\n"
	    "101 store 7f0000100000\n"
	    "100 vfork( <unfinished ...>\n"
	    "102 execve(\"/usr/bin/ls\", [\"ls\"], 0x7ffe <unfinished ...>\n"
	    "100 <... vfork resumed>) = 102\n"
	    "102 <... execve resumed>) = 0\n"
	    "102 mmap(NULL, 4096, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0) = 0x7f0000700000\n"
	    "100 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, stack=0x7f}, 88) = 103\n"
	    "103 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000800000\n");
	is_int(told(f, "refused"), 0, "forks are taken");
	is_int(told(f, "processes"), 4, "four processes and threads");
	is_str(ctl_read(f, "p.101", "status"), "sleeping", "a child has a directory");
	like(maps(f, "p.101"), "7f0000100000-7f0000102000 rw-p", "and its parent's mappings");
	like(maps(f, "p.102"), "7f0000700000",
	     "a child that was heard of before its parent's call ended");
	unlike(maps(f, "p.102"), "7f0000100000", "executed a program of its own");
	like(maps(f, "p"), "7f0000800000", "a thread maps for all of its group");
	is_int(status(f, "Threads:"), 2, "which has two threads");
	put_in_pieces(f,
		      "100 brk(NULL) = 0x55d000001000\n"
		      "103 exit(0) = ?\n"
		      "103 +++ exited with 0 +++\n"
		      "101 exit_group(1) = ?\n"
		      "101 +++ exited with 1 +++\n"
		      "102 +++ killed by SIGKILL +++\n"
		      "104 brk(NULL) = 0x1000\n"
		      "101 brk(NULL) = 0x1000\n",
		      7);
	is_int(status(f, "Threads:"), 1, "a thread ends");
	is_err(fixture_error(f, "sim/procs/p.101/status"), -ENOENT,
	       "so does a child, and its directory");
	is_err(fixture_error(f, "sim/procs/p.102/status"), -ENOENT, "also by a signal");
	like(fixture_read(f, TRACE), "\nline 7: no process 104 in this trace",
	     "who was never forked is not known");
	put(f, "100 exit_group(3) = ?\n100 +++ exited with 3 +++\n");
	is_str(ctl_read(f, "p", "status"), "exited 3", "the first process ends");
	is_err(put(f, "100 brk(NULL) = 0x1000\n"), -ESRCH, "and takes no other trace");
	end(f, "forks");
	is_int(f->m->tasks.nr_threads, before, "nobody is left");
}

/* ---- what record adds ---- */

static const char recorded[] =
	"100 execve(\"/usr/bin/prog\", [\"prog\"], 0x7ffe) = 0\n"
	"100 cached 20480 /usr/bin/prog\n"
	"100 image start_brk=55d000010000 brk=55d000010000 start_code=55d000001000 end_code=55d000003000 start_stack=7ffc12344000\n"
	"100 map 55d000000000-55d000001000 r--p 00000000 /usr/bin/prog\n"
	"100 map 55d000001000-55d000003000 r-xp 00001000 /usr/bin/prog\n"
	"100 map 55d000003000-55d000005000 rw-p 00003000 /usr/bin/prog\n"
	"100 map 7ffc12324000-7ffc12345000 rw-p 00000000 [stack]\n"
	"100 map 7ffc12390000-7ffc12394000 r--p 00000000 [vvar]\n"
	"100 map 7ffc12394000-7ffc12396000 r-xp 00000000 [vdso]\n"
	"100 load 55d000000000 5\n"
	"100 store 55d000003000\n"
	"100 store 7ffc12343000 2\n"
	"100 expect 55d000000000-55d000001000 r--p 00000000 /usr/bin/prog\n"
	"100 expect 55d000001000-55d000003000 r-xp 00001000 /usr/bin/prog\n"
	"100 expect 55d000003000-55d000005000 rw-p 00003000 /usr/bin/prog\n"
	"100 expect 7ffc12324000-7ffc12345000 rw-p 00000000 [stack]\n"
	"100 expect 7ffc12390000-7ffc12394000 r--p 00000000 [vvar]\n"
	"100 expect 7ffc12394000-7ffc12396000 r-xp 00000000 [vdso]\n"
	"100 expect end\n"
	"100 usage rss=28 minor=4 major=0\n";

static void test_record(struct fixture *f)
{
	begin(f);
	put(f, recorded);
	is_int(told(f, "refused"), 0, "record's lines are taken");
	is_int(told(f, "maps_compared"), 1, "the mappings were compared");
	is_int(told(f, "maps_equal"), 1, "and are the real program's");
	is_int(status(f, "RssFile:"), 4 * 4, "pages of its file");
	is_int(status(f, "RssAnon:"), 3 * 4, "and of its own");
	/* load: one fault with all that lies around it; store: copied; two of the stack */
	like(fixture_read(f, TRACE),
	     "\nprocess 100 prog: peak RSS 28 kB, really 28 kB; faults [1-6], really 4; of them major 0, really 0\n",
	     "its use is told beside the real one's");
	put(f,
	    "100 expect 55d000000000-55d000002000 r--p 00000000 /usr/bin/prog\n100 expect end\n");
	is_int(told(f, "maps_equal"), 0, "mappings that are not equal are told");
	like(fixture_read(f, TRACE),
	     "\nline 1: mappings differ: not this one \\(here 55d000000000-55d000001000\\)\n",
	     "with their line");
	put(f,
	    "100 map 55d000000000-55d000002000 r--p 00000000 /usr/bin/prog\n"
	    "100 image brk=1000\n100 load zz\n100 load 7ffffffffffff000\n100 store 55d000001000\n");
	is_int(told(f, "refused"), 5, "what does not belong there is refused");
	is_str(ctl_read(f, "p", "status"), "sleeping", "and the process lives");
	end(f, "record");
}

/* ---- hostile ---- */

static const char *const hostile[] = {
	"I  ffffffffffffffff,8",
	" S 7fffffffefff,8",
	" S 0,8",
	" S fffffffffffffffff,8",
	" S 10000,99999999999",
	" S 10000,-1",
	" S 10000,",
	" S ,8",
	" L 800000000000,1",
	"100 mmap(NULL, 18446744073709551615, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000",
	"100 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xffffffffffffffff",
	"100 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 99999999999999999999999",
	"100 mmap(NULL, 4096",
	"100 mmap(",
	"100 mmap",
	"100 mmap)",
	"100 (",
	"100 mmap(\"",
	"100 mmap(<",
	"100 mmap({{{{) = 0",
	"100 mmap(NULL, 4096, PROT_READ) = 0x1000",
	"100 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</x, 0) = 0x7f0000000000",
	"100 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, ), 0) = 0x7f0000000000",
	"100 munmap(0x7fffffff0000, 0xffffffffffffffff) = 0",
	"100 mremap(0x1000, 0xffffffffffffffff, 0xffffffffffffffff, MREMAP_MAYMOVE) = 0x2000",
	"100 brk(0xffffffffffffffff) = 0xffffffffffffffff",
	"100 brk(0x0) = 0x1",
	"100 mprotect(0xfffffffffffff000, 0x2000, PROT_READ) = 0",
	"100 madvise(0x1000, 0x1000, MADV_NONSENSEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE) = 0",
	"100 madvise(0x1000, 0x1000, 77) = 0",
	"100 clone(flags=SIGCHLD) = 100",
	"100 clone(flags=SIGCHLD) = 0",
	"100 clone(flags=SIGCHLD) = 18446744073709551615",
	"100 execve(0x1234) = 0",
	"100 execve(\") = 0",
	"100 <... mmap resumed>) = 0",
	"100 <... resumed>) = 0",
	"100 <... ",
	"100 +++",
	"100 +++ +++",
	"4294967296 brk(NULL) = 0",
	"[pid  brk(NULL) = 0",
	"[pid 100",
	"0 brk(NULL) = 0x1000",
	"100 image start_brk=ffff",
	"100 map 2000-1000 rwxp 0 /x",
	"100 map 0-ffffffffffffffff rwxp 0 /x",
	"100 map 1000-2000 rwxp ffffffffffff0000 /x",
	"100 store 7f0000000000 999999999999999999",
	"100 cached 99999999999999999999 /x",
	"100 cached 1 x",
	"100 cached",
	"100 expect",
	"100 usage rss",
	"100 nonsense 1 2 3",
	"\x01\x02\xff\xfe",
	"SYSCALL[",
};

static void test_hostile(struct fixture *f)
{
	struct text all;
	size_t i;

	begin(f);
	text_init(&all);
	for (i = 0; i < ARRAY_SIZE(hostile); i++)
		text_printf(&all, "%s\n", hostile[i]);
	text_str(&all, " S 10000,8\n");
	text_char(&all, '\0');
	is_int(put(f, all.data), (s64)all.length - 1, "hostile lines are all taken in");
	is_int(told(f, "lines"), ARRAY_SIZE(hostile) + 1, "and counted");
	ok(told(f, "refused") > 40, "most of them are refused (%lld)",
	   (long long)told(f, "refused"));
	is_int(told(f, "stores"), 1, "the good one behind them is carried out");
	is_str(ctl_read(f, "p", "status"), "sleeping", "the process lives");
	text_free(&all);
	end(f, "hostile");
}

/* ---- seeded mutation ---- */

static u64 seed = 20250203;

static u32 pick(u32 n)
{
	return draw(&seed, n);
}

/* Cut, doubled, swapped and scribbled lines. */
static void mutate(char *text, size_t length)
{
	u32 n = 1 + pick(12);

	while (n--) {
		size_t at = pick((u32)length), size = 1 + pick(30);

		if (at + size >= length)
			continue;
		switch (pick(4)) {
		case 0:
			text[at] = (char)pick(256);
			break;
		case 1:
			memmove(text + at, text + at + size, length - at - size);
			break;
		case 2:
			text[at] = "0123456789abcdef,()<>=\n \"|x-"[pick(28)];
			break;
		default:
			memmove(text + pick((u32)(length - size)), text + at, size);
			break;
		}
		if (!text[at])
			text[at] = ' ';
	}
}

static void test_mutation(struct fixture *f)
{
	char text[sizeof(mixed) + sizeof(recorded) + sizeof(lackey) + 512];
	u32 round, bad = 0;

	for (round = 0; round < 300; round++) {
		char *p;

		snprintf(text, sizeof(text),
			 "%s%s%s100 clone(flags=SIGCHLD) = 101\n101 store 55d000003000\n"
			 "101 exit_group(0) = ?\n101 +++ exited with 0 +++\n",
			 mixed, recorded, lackey);
		mutate(text, strlen(text));
		for (p = text; p < text + sizeof(text) - 1 && *p; p++)
			;
		begin(f);
		if (round & 1)
			put_in_pieces(f, text, 1 + pick(200));
		else
			put(f, text);
		if (round % 16 == 0)
			bad += !is_sound(f->m, "mutation");
		(void)fixture_read(f, TRACE);
		ctl_rmdir(f, "p");
		ctl_rmdir(f, "p.101");
	}
	is_int(bad, 0, "300 damaged traces leave the machine whole");
	begin(f);
	end(f, "mutation");
}

/* ---- much ---- */

static void test_many(struct fixture *f)
{
	struct text all;
	u32 i;

	text_init(&all);
	begin(f);
	text_str(&all, "1 execve(\"/x\", [], 0x7) = 0\n");
	for (i = 0; i < 100000; i++)
		text_printf(
			&all,
			"1 mmap(NULL, 4096, PROT_READ%s, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x%llx\n",
			i & 1 ? "|PROT_WRITE" : "",
			0x7f0000000000ull + (unsigned long long)i * 4096);
	put_in_pieces(f, (text_char(&all, '\0'), all.data), 1 << 17);
	is_int(told(f, "calls"), 100001, "100,000 mappings");
	is_int(told(f, "calls_differ"), 100000 - 65531 + 3,
	       "are made as far as max_map_count goes, beside stack, vvar and vdso");
	is_str(ctl_read(f, "p", "status"), "sleeping", "and the process lives");
	end(f, "many mappings");

	text_reset(&all);
	begin(f);
	text_str(&all, "1 execve(\"/x\", [], 0x7) = 0\n1 store 7f0000000000 8\n");
	for (i = 2; i < 1500; i++)
		text_printf(
			&all, "1 clone(flags=SIGCHLD) = %u\n%u store 7f0000000000\n%s", i, i,
			i % 3 ? fixture_format("%u exit_group(0) = ?\n%u +++ exited with 0 +++\n",
					       i, i) :
				"");
	put_in_pieces(f, (text_char(&all, '\0'), all.data), 1 << 17);
	is_int(told(f, "processes"), 1499, "1,498 forks");
	is_int(told(f, "refused"), 0, "none refused");
	is_sound(f->m, "many forks");
	for (i = 3; i < 1500; i += 3)
		ctl_rmdir(f, fixture_format("p.%u", i));
	end(f, "many forks");
	text_free(&all);
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "tiny", NULL))
		bail_out("%s", f.why);
	test_lackey(&f);
	test_first_line(&f);
	test_pieces(&f);
	test_streams(&f);
	test_long_line(&f);
	test_calls(&f);
	test_forks(&f);
	test_record(&f);
	test_hostile(&f);
	test_mutation(&f);
	test_many(&f);
	fixture_close(&f);
	return done_testing();
}
