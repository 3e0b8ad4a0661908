/*
 * A machine that has panicked: every file reads, every change is refused, the clock goes on, and it
 * boots anew by hand or after kernel.panic seconds, wherever a clock's step takes it; its journal
 * replays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/replay.h"
#include "tests/dump.h"
#include "tests/sound.h"
#include "tests/tap.h"

static const struct caller root;

static const struct machine_source source = {
	.name = "test",
	.machine = "[machine]\ncpus = 2\nmemory = 128M\n",
	.cmdline = "",
};

struct world {
	struct tree *tree;
	struct journal *journal;
	struct text text;
};

static void world_open(struct world *w)
{
	struct machine *m = machine_source_boot(&source, stderr);

	memset(w, 0, sizeof(*w));
	text_init(&w->text);
	w->tree = m ? tree_create(m) : NULL;
	w->journal = w->tree ? journal_create(w->tree, &source) : NULL;
	if (!w->journal)
		bail_out("no machine");
}

static void world_close(struct world *w)
{
	struct machine *m = tree_machine(w->tree);

	journal_destroy(w->journal);
	tree_destroy(w->tree);
	machine_destroy(m);
	text_free(&w->text);
}

static ssize_t put(struct world *w, const char *path, const char *text)
{
	return tree_write_file(w->tree, path, text, strlen(text));
}

static const char *get(struct world *w, const char *path)
{
	text_reset(&w->text);
	if (tree_read_file(w->tree, path, &w->text))
		return "";
	text_char(&w->text, '\0');
	return w->text.data;
}

static int make(struct world *w, const char *directory, const char *name)
{
	u64 dir, ino;
	int error = tree_walk(w->tree, &root, directory, &dir);

	return error ? error : tree_mkdir(w->tree, &root, dir, name, &ino);
}

/* By a process that wants more than there is. */
static void let_panic(struct world *w, const char *seconds)
{
	put(w, "proc/sys/vm/panic_on_oom", "1\n");
	put(w, "proc/sys/kernel/panic", seconds);
	make(w, "sim/procs", "hog");
	put(w, "sim/procs/hog/ctl", "mmap m 1G noreserve");
	is_int(put(w, "sim/procs/hog/ctl", "write m"), -EIO,
	       "a command stops where the kernel does");
	ok(tree_machine(w->tree)->panicked, "the machine has panicked");
}

/* ---- reading and writing ---- */

struct
try {
	struct world *w;
	u32 files, refused;
};

static void try_file(struct try *t, const char *path)
{
	struct open_file *f;
	u64 ino;
	ssize_t n;

	/* they are the laboratory's own */
	if (!strcmp(path, "sim/ctl") || !strcmp(path, "sim/clock"))
		return;
	if (tree_walk(t->w->tree, &root, path, &ino) ||
	    tree_open(t->w->tree, &root, ino, O_WRONLY, &f))
		return;
	n = tree_write(t->w->tree, &root, f, "1\n", 2, 0);
	tree_release(t->w->tree, &root, f);
	t->files++;
	/* a file that takes no writes at all says so in its own way */
	t->refused += n == -EIO || n == -EINVAL;
	if (n != -EIO && n != -EINVAL)
		diag("%s takes a write: %zd", path, n);
}

/* To read a process's memory is to fault it in. */
static void test_memory(struct world *w)
{
	u64 now = tree_machine(w->tree)->clock.now, ino = 0;
	struct open_file *f = NULL;
	char path[64], buffer[100];

	snprintf(path, sizeof(path), "proc/%d/mem", atoi(get(w, "sim/procs/other/pid")));
	ok(!tree_walk(w->tree, &root, path, &ino) && !tree_open(w->tree, &root, ino, O_RDONLY, &f),
	   "a process's memory can be opened");
	is_int(tree_read(w->tree, &root, f, buffer, sizeof(buffer), 0x10000000), -EIO,
	       "but not be read");
	is_uint(tree_machine(w->tree)->clock.now, now, "which takes no time");
	tree_release(w->tree, &root, f);
}

static void test_dead(void)
{
	struct text before, after;
	struct world w;
	struct try t = { .w = &w };
	char *line, *rest, *paths, where[512];
	const char *difference;
	u64 ino, dir;

	world_open(&w);
	make(&w, "sim/procs", "other");
	put(&w, "sim/procs/other/ctl", "mmap m 1M addr=0x10000000 populate");
	let_panic(&w, "0");
	like(get(&w, "sim/explain"),
	     "^At [0-9.]+ s, the kernel panicked: Out of memory: system-wide "
	     "panic_on_oom is enabled\\.\nkernel.panic is 0",
	     "sim/explain says so");
	like(get(&w, "sim/explain"), "so the kernel panicked and killed nobody", "and why");
	is_sound(tree_machine(w.tree), "on it");
	text_init(&before);
	text_init(&after);
	tree_dump(w.tree, "", &before);
	cmp_int((s64)before.length, >, 100000, "every file reads");
	paths = strdup(before.data);
	for (line = strtok_r(paths, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!strncmp(line, "== ", 3))
			try_file(&t, line + 3);
	free(paths);
	cmp_int(t.files, >, 100, "%u files can be opened for writing", t.files);
	is_uint(t.refused, t.files, "and refuse it");
	is_int(make(&w, "sim/procs", "more"), -EIO, "no process is made");
	tree_walk(w.tree, &root, "sim/procs", &dir);
	is_int(tree_rmdir(w.tree, &root, dir, "other"), -EIO, "none is ended");
	tree_walk(w.tree, &root, "sim/disk", &dir);
	is_int(tree_create_file(w.tree, &root, dir, "f", 0644, &ino), -EIO, "no file is made");
	test_memory(&w);
	is_int(put(&w, "sim/ctl", "sync"), -EIO, "commands are refused");
	like(get(&w, "sim/ctl"), "^sync: EIO: .*only reboot and rewind",
	     "with a word on what helps");
	tree_dump(w.tree, "proc", &after);
	text_reset(&before);
	tree_dump(w.tree, "proc", &before);
	difference = dump_difference(&before, &after, where, sizeof(where));
	ok(!difference, "and nothing has changed (%s)", difference ? difference : "all equal");
	is_int(put(&w, "sim/clock", "advance 10m"), 11, "the clock goes on");
	is_int(atoi(get(&w, "proc/uptime")) >= 600, 1, "uptime too");
	ok(tree_machine(w.tree)->panicked, "and no reboot comes");
	is_int(put(&w, "sim/ctl", "reboot"), 6, "until it is asked for");
	ok(!tree_machine(w.tree)->panicked, "a fresh machine");
	is_str(get(&w, "proc/sys/vm/panic_on_oom"), "0\n", "with its own knobs");
	is_int(make(&w, "sim/procs", "more"), 0, "which works");
	is_sound(tree_machine(w.tree), "on it");
	text_free(&before);
	text_free(&after);
	world_close(&w);
}

/* ---- kernel.panic ---- */

static void test_timeout(const char *seconds, const char *step, u32 steps)
{
	struct open_file *f;
	struct world w;
	char buffer[64];
	u64 ino;
	u32 i;

	world_open(&w);
	tree_walk(w.tree, &root, "proc/uptime", &ino);
	tree_open(w.tree, &root, ino, O_RDONLY, &f);
	let_panic(&w, seconds);
	for (i = 0; i < steps; i++)
		is_int(put(&w, "sim/clock", step), (s64)strlen(step), "%s", step);
	ok(!tree_machine(w.tree)->panicked, "it has booted anew");
	is_int(atoi(get(&w, "proc/uptime")), 3, "three seconds ago");
	cmp_int((s64)tree_read(w.tree, &root, f, buffer, sizeof(buffer), 0), >, 5,
		"a descriptor from before reads the new one");
	tree_release(w.tree, &root, f);
	is_int(make(&w, "sim/procs", "hog"), 0, "its process list is a new one");
	is_sound(tree_machine(w.tree), "on it");
	world_close(&w);
}

/* ---- the journal ---- */

static bool save(struct world *w, char *path)
{
	int fd = mkstemp(path);
	bool saved;

	text_reset(&w->text);
	journal_print(w->journal, &w->text);
	saved = write(fd, w->text.data, w->text.length) == (ssize_t)w->text.length;
	close(fd);
	return saved;
}

static void test_replay(void)
{
	char path[] = "/tmp/mmanfs-journal-XXXXXX", where[512];
	struct world live, again = { .tree = NULL };
	const char *difference;
	struct replay_file f;
	struct text a, b;

	world_open(&live);
	text_init(&a);
	text_init(&b);
	let_panic(&live, "5");
	put(&live, "sim/clock", "advance 7s");
	make(&live, "sim/procs", "p");
	put(&live, "sim/procs/p/ctl", "mmap m 4M\nwrite m\n");
	let_panic(&live, "0");
	put(&live, "sim/clock", "advance 1s");
	put(&live, "sim/ctl", "reboot");
	put(&live, "sim/clock", "advance 2s");
	let_panic(&live, "0");
	tree_dump(live.tree, "", &a);
	ok(save(&live, path), "two reboots and a third panic are in the journal");
	is_int(replay_load(&f, path, stderr), 0, "which can be read");
	again.tree = tree_create(machine_source_boot(&f.source, stderr));
	again.journal = journal_create(again.tree, &f.source);
	text_init(&again.text);
	journal_suspend(again.journal, true);
	replay_remember(&f, again.journal);
	is_err(replay_run(&f, again.tree, UINT64_MAX, stderr), 0, "and replays");
	tree_dump(again.tree, "", &b);
	difference = dump_difference(&a, &b, where, sizeof(where));
	ok(!difference, "to the same machine in every file (%s)",
	   difference ? difference : "all equal");
	is_int(put(&live, "sim/ctl", "rewind 4"), 8, "a dead machine can be rewound");
	ok(!tree_machine(live.tree)->panicked, "to when it lived");
	unlink(path);
	replay_unload(&f);
	text_free(&a);
	text_free(&b);
	world_close(&live);
	world_close(&again);
}

int main(void)
{
	test_dead();
	test_timeout("5\n", "advance 8s", 1);
	test_timeout("5\n", "advance 1s", 8);
	test_timeout("-1\n", "advance 1s", 3);
	test_replay();
	return done_testing();
}
