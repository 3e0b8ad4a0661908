/*
 * proc/PID/mem: a process's bytes, as a debugger reads and writes them; who may, what an old
 * descriptor is good for, and the journal, which keeps what was written to the byte.
 */
#include <mman/contents.h>
#include <mman/lab.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/replay.h"
#include "tests/ctl.h"
#include "tests/dump.h"
#include "tests/sound.h"
#include "tests/tap.h"

/* An open file and who opened it. */
struct handle {
	struct tree *tree;
	struct caller caller;
	struct open_file *file;
};

static int mem_open(struct tree *t, struct handle *h, u32 pid, const char *name, u32 uid)
{
	char path[64];
	u64 ino;
	int error;

	*h = (struct handle){ .tree = t, .caller = { .uid = uid, .gid = uid } };
	snprintf(path, sizeof(path), "proc/%u/%s", pid, name);
	error = tree_walk(t, &h->caller, path, &ino);
	return error ? error : tree_open(t, &h->caller, ino, O_RDWR, &h->file);
}

static ssize_t get(struct handle *h, u64 at, void *buffer, size_t size)
{
	return tree_read(h->tree, &h->caller, h->file, buffer, size, at);
}

static ssize_t put(struct handle *h, u64 at, const void *data, size_t size)
{
	return tree_write(h->tree, &h->caller, h->file, data, size, at);
}

static void mem_close(struct handle *h)
{
	tree_release(h->tree, &h->caller, h->file);
}

/* Start of a process's region, as sim/procs/NAME/regions has it. */
static u64 region(struct fixture *f, const char *process, const char *name)
{
	const char *text = fixture_read(f, fixture_format("sim/procs/%s/regions", process));
	char found[32];
	u64 start, end, size;

	for (; text && *text; text = strchr(text, '\n'), text += text != NULL)
		if (sscanf(text, "%lx-%lx %lu %31s", &start, &end, &size, found) == 4 &&
		    !strcmp(found, name))
			return start;
	bail_out("no region %s", name);
}

static void test_bytes(struct fixture *f, u32 pid)
{
	u64 m = region(f, "a", "m"), ro = region(f, "a", "ro"), minor;
	char buffer[8192];
	struct handle h;

	is_err(mem_open(f->t, &h, pid, "mem", 0), 0, "mem can be opened");
	is_int(get(&h, m, buffer, 4096), 4096, "and read");
	ok(!buffer[0] && !memcmp(buffer, buffer + 1, 4095), "it is zero");
	is_int(put(&h, m + 4090, "across pages", 12), 12, "a write may cross pages");
	is_int(get(&h, m + 4088, buffer, 16), 16, "what was written");
	ok(!memcmp(buffer, "\0\0across pages\0\0", 16), "reads back");
	is_int(put(&h, ro, "forced", 6), 6, "a read-only mapping can be written to");
	is_int(get(&h, ro, buffer, 6), 6, "and read");
	ok(!memcmp(buffer, "forced", 6), "with what was written");

	is_err(get(&h, 0, buffer, 16), -EIO, "EIO at address 0");
	is_err(put(&h, 0, "x", 1), -EIO, "for a write too");
	is_err(get(&h, 1ull << 47, buffer, 16), -EIO, "and above the last");
	is_err(get(&h, INT64_MAX - 100, buffer, 16), -EIO, "as far as a file reaches");
	is_int(get(&h, 0, buffer, 0), 0, "nothing of it is nothing");

	is_int(ctl_put(f, "a", "write m 0 12K value=65"), 22, "write with a value");
	is_int(get(&h, m, buffer, 8192), 8192, "leaves it");
	ok(buffer[0] == 'A' && !memcmp(buffer, buffer + 1, 8191), "in every byte");
	is_int(ctl_put(f, "a", "write m 10 2 value=66"), 21, "also in a few");
	is_int(get(&h, m + 8, buffer, 6), 6, "of one page");
	ok(!memcmp(buffer, "AABBAA", 6), "and in no others");
	minor = (u64)ctl_vmstat(f, "pgfault");
	ctl_put(f, "a", "write m");
	cmp_int(ctl_vmstat(f, "pgfault"), >, (s64)minor, "a write without a value touches pages");
	is_int(get(&h, m, buffer, 3), 3, "and leaves");
	ok(!memcmp(buffer, "AAA", 3), "the bytes what they were");
	mem_close(&h);
	is_sound(f->m, "after reads and writes of mem");
}

static void test_permission(struct fixture *f)
{
	struct handle h;
	u32 pid;
	char byte;

	ctl_mkdir(f, "owned");
	pid = ctl_pid(f, "owned");
	ctl_put(f, "owned", "mmap m 64K\nsetuid 1000");
	is_err(mem_open(f->t, &h, pid, "mem", 1001), -EACCES, "another user may not open mem");
	is_err(mem_open(f->t, &h, ctl_pid(f, "a"), "mem", 1000), -EACCES,
	       "nor that of root's process");
	is_err(mem_open(f->t, &h, pid, "mem", 0), 0, "root may");
	mem_close(&h);
	is_err(mem_open(f->t, &h, 2, "mem", 0), 0, "a kernel thread's can be opened");
	is_int(get(&h, 0, &byte, 1), 0, "and is empty");
	is_int(put(&h, 0, "x", 1), 0, "and takes nothing");
	mem_close(&h);
	ctl_rmdir(f, "owned");
}

/* A descriptor belongs to the address space that was opened. */
static void test_ended(struct fixture *f)
{
	struct handle mem, pagemap;
	u64 entry, m;
	char byte;
	u32 pid;

	ctl_mkdir(f, "old");
	ctl_put(f, "old", "mmap m 64K\nwrite m");
	pid = ctl_pid(f, "old");
	m = region(f, "old", "m");
	mem_open(f->t, &mem, pid, "mem", 0);
	mem_open(f->t, &pagemap, pid, "pagemap", 0);
	is_int(get(&mem, m, &byte, 1), 1, "mem of a process");
	is_int(get(&pagemap, m / 4096 * 8, &entry, 8), 8, "and its pagemap");
	ctl_put(f, "old", "exec new");
	is_int(get(&mem, m, &byte, 1), 0, "are empty after exec");
	is_int(put(&mem, m, "x", 1), 0, "which goes for writing");
	is_int(get(&pagemap, m / 4096 * 8, &entry, 8), 0, "and pagemap");
	mem_close(&mem);
	mem_open(f->t, &mem, pid, "mem", 0);
	is_err(get(&mem, m, &byte, 1), -EIO, "opened again it shows the new program");
	ctl_rmdir(f, "old");
	is_int(get(&mem, m, &byte, 1), 0, "and nothing once the process has ended");
	is_int(put(&mem, m, "x", 1), 0, "for writing neither");
	is_int(get(&pagemap, m / 4096 * 8, &entry, 8), 0, "pagemap likewise");
	mem_close(&mem);
	mem_close(&pagemap);
}

static void test_costs(struct fixture *f)
{
	u64 before = contents_bytes(f->m), tables;
	u32 values = f->m->contents.values.nr_live;

	ctl_mkdir(f, "plain");
	ctl_put(f, "plain", "mmap m 8M\nwrite m\nfork child\nwrite m");
	is_uint(contents_bytes(f->m), before, "pages that nobody wrote bytes to cost none");
	ctl_put(f, "plain", "write m value=1");
	cmp_int((s64)(contents_bytes(f->m) - before), <=, 3 << 17,
		"2048 filled ones a few tables of handles");
	ctl_rmdir(f, "child");
	ctl_rmdir(f, "plain");
	tables = contents_bytes(f->m);
	cmp_int((s64)(tables - before), <=, 2 << 17, "afterwards the tables, which are kept");
	is_uint(f->m->contents.values.nr_live, values, "and no value");
	ctl_mkdir(f, "again");
	ctl_put(f, "again", "mmap m 8M\nwrite m value=2");
	ctl_rmdir(f, "again");
	is_uint(contents_bytes(f->m), tables, "the next one uses them again");
}

/* ---- the journal ---- */

static const struct machine_source source = {
	.name = "test",
	.machine = "[machine]\ncpus = 2\nmemory = 256M\n",
	.cmdline = "",
};

static struct tree *boot(struct journal **j)
{
	struct machine *m = machine_source_boot(&source, stderr);
	struct tree *t = m ? tree_create(m) : NULL;

	*j = t ? journal_create(t, &source) : NULL;
	if (!*j)
		bail_out("no machine");
	return t;
}

static void shut(struct tree *t, struct journal *j)
{
	struct machine *m = tree_machine(t);

	journal_destroy(j);
	tree_destroy(t);
	machine_destroy(m);
}

#define WINDOW 300000u

/* What the child and its parent hold, all of it. */
static void bytes_of(struct fixture *f, const char *process, char *to)
{
	struct handle h;

	mem_open(f->t, &h, ctl_pid(f, process), "mem", 0);
	is_int(get(&h, region(f, process, "m"), to, WINDOW), WINDOW, "the bytes of %s", process);
	mem_close(&h);
}

static void write_scenario(struct fixture *f)
{
	static char big[200000];
	struct handle h;
	size_t i;
	u64 m;

	for (i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 + i / 251);
	ctl_mkdir(f, "a");
	ctl_put(f, "a", "mmap m 1M");
	m = region(f, "a", "m");
	mem_open(f->t, &h, ctl_pid(f, "a"), "mem", 0);
	put(&h, m + 100, "a few bytes \0 \n \xff", 17);
	put(&h, m + 5000, big, sizeof(big));
	get(&h, m + 900000, big, 60000);
	put(&h, 0, big, 10);
	ctl_put(f, "a", "write m 4K 64K value=7\nfork b");
	put(&h, m + 20000, "parent", 6);
	mem_close(&h);
	mem_open(f->t, &h, ctl_pid(f, "b"), "mem", 0);
	put(&h, m + 20000, "child", 5);
	put(&h, m + 100000, big, 5000);
	mem_close(&h);
	ctl_put(f, "a", "munmap m 512K 64K");
}

static void test_journal(void)
{
	static char bytes[4][WINDOW];
	char path[] = "/tmp/mmanfs-mem-XXXXXX", data[64], where[512];
	struct fixture live = { 0 }, again = { 0 };
	struct journal *j, *k;
	struct replay_file file;
	struct text a, b;
	const char *difference;

	text_init(&a);
	text_init(&b);
	close(mkstemp(path));
	snprintf(data, sizeof(data), "%s.data", path);
	live.t = boot(&j);
	is_err(journal_to_file(j, path), 0, "a journal with a file");
	write_scenario(&live);
	bytes_of(&live, "a", bytes[0]);
	bytes_of(&live, "b", bytes[1]);
	ok(memcmp(bytes[0], bytes[1], WINDOW) != 0, "parent and child differ");
	tree_dump(live.t, "", &a);
	/* the clock line of the end is written by the copy that is loaded only when it is closed */
	shut(live.t, j);

	is_int(replay_load(&file, path, stderr), 0, "it loads");
	again.t = boot(&k);
	journal_suspend(k, true);
	replay_remember(&file, k);
	is_err(replay_run(&file, again.t, UINT64_MAX, stderr), 0, "and replays");
	tree_dump(again.t, "", &b);
	difference = dump_difference(&a, &b, where, sizeof(where));
	ok(!difference, "to a machine that agrees in every file (%s)",
	   difference ? difference : "all equal");
	bytes_of(&again, "a", bytes[2]);
	bytes_of(&again, "b", bytes[3]);
	ok(!memcmp(bytes[0], bytes[2], WINDOW) && !memcmp(bytes[1], bytes[3], WINDOW),
	   "and in every byte that was written");
	is_sound(tree_machine(again.t), "in it");
	shut(again.t, k);
	replay_unload(&file);
	unlink(path);
	unlink(data);
	text_free(&a);
	text_free(&b);
	text_free(&live.text);
	text_free(&again.text);
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "one-node", NULL))
		bail_out("%s", f.why);
	ctl_mkdir(&f, "a");
	ctl_put(&f, "a", "mmap m 1M\nmmap ro 64K prot=r");
	test_bytes(&f, ctl_pid(&f, "a"));
	test_permission(&f);
	test_ended(&f);
	test_costs(&f);
	is_sound(f.m, "at the end");
	fixture_close(&f);
	test_journal();
	return done_testing();
}
