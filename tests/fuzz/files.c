/*
 * Machine files and journals that somebody spoiled: lines of good ones are left out, doubled,
 * swapped, cut, filled with other numbers, words and bytes. Each is refused with the file, the line
 * and the reason, or a sound machine comes of it. FUZZ_SEED and FUZZ_FILES in the environment
 * choose another run.
 */
#include <errno.h>
#include <mman/boot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/machine_file.h"
#include "fs/replay.h"
#include "tests/fuzzer.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define FILES	 300u
#define TEXT_MAX 65536u
#define BOOT_MAX (40ull << 30) /* larger machines are read, but not booted */

struct spoiler {
	u64 chance;
	char text[TEXT_MAX];
	size_t size;
	u32 refused, silent, booted, unsound;
};

/* ---- spoiling ---- */

static const char *const words[] = {
	"0",
	"1",
	"-1",
	"64",
	"1024",
	"1025",
	"4096",
	"128M",
	"1G",
	"1T",
	"64T",
	"16P",
	"0x1000",
	"07",
	"99999999999999999999999",
	"18446744073709551615",
	"2147483648",
	"yes",
	"no",
	"maybe",
	"[node 1]",
	"[node 63]",
	"[node 64]",
	"[machine]",
	"[dimm x]",
	"[swap v]",
	"[disk]",
	"[tlb]",
	"[cost]",
	"[zone 0 Normal]",
	"memory = 1G",
	"cpus = 0-3",
	"cpus = 4",
	"arch = i386",
	"pae = yes",
	"levels = 1",
	"range = 0x100000-0x7fffffff",
	"range = 0x100000000+1G",
	"distance = 10 20 30",
	"managed = 100",
	"start = 4096",
	"spanned = 7",
	"size = 256M",
	"node = 3",
	"prio = 40000",
	"l1d_4k = 3",
	"l1d_4k_ways = 5",
	"pcids = 17",
	"seed = x",
	"kernel_base = 3",
	"initrd = 1T",
	"dimm_slots = 70000",
	"max_memory = 1M",
	"bare = yes",
	"cmdline = mem=1M movablecore=90% hugepages=1000000 numa=fake=64",
	"minor_fault = 18446744073709551615",
	"boot_time = 0",
	"read_ns = 0",
	"bandwidth_mib = 0",
	"queue_depth = 0",
	"\"",
	"=",
	"\n",
	"#",
	" ",
	"+interrupt",
	"rewind 3",
	"reboot",
	"clock",
	"=7",
	"@-1",
	"\\x00",
	"\\xz",
	"#0+100000",
	"..",
	"sim/ctl",
	"proc/1/mem",
};

static u64 below(struct spoiler *s, u64 n)
{
	return n ? draw(&s->chance, n) : 0;
}

/* @removed bytes at @at become others. */
static void replace(struct spoiler *s, size_t at, size_t removed, const char *with, size_t n)
{
	if (s->size - removed + n >= TEXT_MAX)
		return;
	memmove(s->text + at + n, s->text + at + removed, s->size - at - removed);
	memcpy(s->text + at, with, n);
	s->size += n - removed;
}

static size_t line_end(const struct spoiler *s, size_t at)
{
	const char *newline = memchr(s->text + at, '\n', s->size - at);

	return newline ? (size_t)(newline + 1 - s->text) : s->size;
}

static size_t line_start(const struct spoiler *s, size_t at)
{
	while (at && s->text[at - 1] != '\n')
		at--;
	return at;
}

/* A word or number that stands there becomes another one. */
static void other_word(struct spoiler *s, size_t at)
{
	const char *word = words[below(s, ARRAY_SIZE(words))];
	size_t end = at;

	while (at && !strchr(" \n=", s->text[at - 1]))
		at--;
	while (end < s->size && !strchr(" \n=", s->text[end]))
		end++;
	replace(s, at, end - at, word, strlen(word));
}

static void spoil(struct spoiler *s)
{
	size_t at = below(s, s->size), from = line_start(s, at), to = line_end(s, at);
	const char *word = words[below(s, ARRAY_SIZE(words))];
	char line[1024], byte = (char)below(s, 256);
	size_t n = to - from < sizeof(line) ? to - from : sizeof(line);

	if (!s->size)
		return;
	memcpy(line, s->text + from, n);
	switch (below(s, 8)) {
	case 0:
		replace(s, from, to - from, "", 0);
		break;
	case 1:
		replace(s, line_start(s, below(s, s->size)), 0, line, n);
		break;
	case 2:
		s->text[at] = byte;
		break;
	case 3:
		replace(s, from, 0, "\n", 1);
		replace(s, from, 0, word, strlen(word));
		break;
	case 4:
		if (!below(s, 6))
			s->size = at;
		break;
	default:
		other_word(s, at);
		break;
	}
}

static void spoil_text(struct spoiler *s, const char *text, size_t size)
{
	u64 times = 1 + below(s, 4);

	s->size = size < TEXT_MAX - 1 ? size : TEXT_MAX - 1;
	memcpy(s->text, text, s->size);
	while (times--)
		spoil(s);
	s->text[s->size] = '\0';
}

/* ---- machine files ---- */

static u64 ram_of(const struct machine_config *c)
{
	u64 bytes = c->ram;
	u32 i;

	for (i = 0; i < MAX_NUMNODES; i++)
		bytes += c->node[i].size;
	for (i = 0; i < c->nr_ranges; i++)
		bytes += c->range[i].size;
	return bytes;
}

static void try_boot(struct spoiler *s, const struct machine_config *c, const char *text, FILE *err)
{
	struct machine_source source = { .name = (char *)(uintptr_t) "spoiled",
					 .machine = (char *)(uintptr_t)text,
					 .cmdline = (char *)(uintptr_t) "" };
	struct machine *m;
	long before = ftell(err);

	if (ram_of(c) > BOOT_MAX)
		return;
	m = machine_source_boot(&source, err);
	fflush(err);
	if (!m) {
		s->refused++;
		s->silent += ftell(err) == before;
		return;
	}
	s->booted++;
	if (count_violations(m, "of a spoiled machine"))
		s->unsound++;
	machine_destroy(m);
}

static void fuzz_machines(struct spoiler *s, u64 files)
{
	FILE *err = tmpfile();
	char why[512];
	u64 i;

	for (i = 0; err && i < files; i++) {
		const char *text = preset_text(preset_name((u32)(i % 8)));
		struct machine_config *c = calloc(1, sizeof(*c));

		if (!c)
			bail_out("the host is out of memory");
		spoil_text(s, text, strlen(text));
		why[0] = '\0';
		if (!machine_file_parse(c, s->text, "spoiled", why, sizeof(why))) {
			try_boot(s, c, s->text, err);
		} else {
			s->refused++;
			if (strncmp(why, "spoiled:", 8) != 0 || !atoi(why + 8)) {
				diag("no line in '%s'", why);
				s->silent++;
			}
		}
		free(c);
	}
	if (err)
		fclose(err);
}

/* ---- journals ---- */

static size_t read_file(const char *path, char *text)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, TEXT_MAX - 1, f) : 0;

	if (f)
		fclose(f);
	return n;
}

static void write_file(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(text, 1, n, f) != n)
		bail_out("%s cannot be written", path);
	fclose(f);
}

static void make_journal(const char *path)
{
	static const char *const writes[][2] = {
		{ "sim/clock", "pause\n" },	     { "proc/sys/vm/swappiness", "10\n" },
		{ "sim/ctl", "swapon s 64M\n" },     { "sim/clock", "advance 1s\n" },
		{ "sim/ctl", "kmalloc k 64K\n" },    { "proc/sys/vm/min_free_kbytes", "5000\n" },
		{ "sim/ctl", "slab dentry +100\n" }, { "sim/clock", "advance 10ms\n" },
	};
	struct fuzzer z;
	u64 procs, ino;
	u32 i;

	if (!fuzzer_power_on(&z, "tiny", preset_text("tiny"), 1))
		bail_out("no machine");
	for (i = 0; i < ARRAY_SIZE(writes); i++)
		tree_write_file(z.f.t, writes[i][0], writes[i][1], strlen(writes[i][1]));
	if (!tree_walk(z.f.t, &(struct caller){ .uid = 0 }, "sim/procs", &procs))
		tree_mkdir(z.f.t, &(struct caller){ .uid = 0 }, procs, "a", &ino);
	fuzzer_arm(&z, 300);
	tree_write_file(z.f.t, "sim/procs/a/ctl", "mmap m 4M\nwrite m\n", 18);
	if (journal_to_file(z.journal, path))
		bail_out("no journal");
	fuzzer_power_off(&z);
}

static void try_replay(struct spoiler *s, const struct replay_file *f, FILE *err)
{
	struct machine *m = machine_source_boot(&f->source, err);
	struct tree *t = m ? tree_create(m) : NULL;

	if (!t)
		return;
	if (replay_run(f, t, UINT64_MAX, err))
		s->refused++;
	else
		s->booted++;
	m = tree_machine(t);
	if (count_violations(m, "after a spoiled journal"))
		s->unsound++;
	tree_destroy(t);
	machine_destroy(m);
}

static void fuzz_journals(struct spoiler *s, u64 files)
{
	static char good[TEXT_MAX];
	FILE *err = tmpfile();
	char path[64];
	size_t n;
	u64 i;

	snprintf(path, sizeof(path), "/tmp/mmanfs-files.%d", getpid());
	make_journal(path);
	n = read_file(path, good);
	for (i = 0; err && i < files; i++) {
		struct replay_file f;
		long before = ftell(err);
		u32 refused = s->refused;

		spoil_text(s, good, n);
		write_file(path, s->text, s->size);
		if (replay_load(&f, path, err)) {
			s->refused++;
		} else {
			try_replay(s, &f, err);
			replay_unload(&f);
		}
		fflush(err);
		if (s->refused != refused && ftell(err) == before) {
			diag("a journal is refused without a word");
			s->silent++;
		}
	}
	unlink(path);
	strcat(path, ".data");
	unlink(path);
	if (err)
		fclose(err);
}

static void outcome(const struct spoiler *s, const char *what, u64 files)
{
	cmp_int(s->refused, >, files / 10, "%u of %llu spoiled %s are refused", s->refused,
		(unsigned long long)files, what);
	is_uint(s->silent, 0, "each with a word on why");
	cmp_int(s->booted, >, files / 50, "%u make a machine", s->booted);
	is_uint(s->unsound, 0, "and it is sound");
}

int main(void)
{
	u64 seed = fuzzer_number("FUZZ_SEED", 1), files = fuzzer_number("FUZZ_FILES", FILES);
	struct spoiler *s = calloc(2, sizeof(*s));

	if (!s)
		bail_out("the host is out of memory");
	s[0].chance = s[1].chance = seed;
	fuzz_machines(&s[0], files);
	outcome(&s[0], "machine files", files);
	fuzz_journals(&s[1], files);
	outcome(&s[1], "journals", files);
	free(s);
	return done_testing();
}
