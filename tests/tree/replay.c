/*
 * The same inputs give the same bytes: two runs of a long mixed scenario, and a replay of its
 * journal, agree in every file of the tree, knobs written in the middle of long commands included.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/replay.h"
#include "tests/dump.h"
#include "tests/sound.h"
#include "tests/tap.h"

static const struct caller root;

static const struct machine_source source = {
	.name = "test",
	.machine = "[machine]\ncpus = 4\nmemory = 512M\n[node 0]\nmemory = 256M\ncpus = 0-1\n"
		   "[node 1]\nmemory = 256M\ncpus = 2-3\n",
	.cmdline = "",
};

struct lab {
	struct tree *tree;
	struct journal *journal;
	u64 writes_inside; /* safe points at which the hook has written so far */
	u64 next_write;	   /* the step of the next one */
};

static void put(struct lab *l, const char *path, const char *text)
{
	ssize_t n = tree_write_file(l->tree, path, text, strlen(text));

	if (n < 0 && n != -EINTR)
		diag("%s <- %s: %s", path, text, strerror((int)-n));
}

static void make(struct lab *l, const char *path)
{
	char parent[256], *slash;
	u64 dir, ino;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	*slash = '\0';
	if (tree_walk(l->tree, &root, parent, &dir) ||
	    tree_mkdir(l->tree, &root, dir, slash + 1, &ino))
		diag("mkdir %s failed", path);
}

/* Somebody else writes knobs, at some steps of a long command. */
static bool visitor(struct machine *m, void *arg)
{
	static const char *const knobs[][2] = {
		{ "proc/sys/vm/swappiness", "10\n" },
		{ "proc/sys/vm/min_free_kbytes", "3000\n" },
		{ "proc/sys/vm/overcommit_memory", "1\n" },
		{ "proc/sys/vm/watermark_scale_factor", "50\n" },
		{ "proc/sys/vm/min_free_kbytes", "6000\n" },
	};
	struct lab *l = arg;
	const char *const *knob = knobs[l->writes_inside % ARRAY_SIZE(knobs)];

	if (m->clock.step >= l->next_write) {
		put(l, knob[0], knob[1]);
		l->writes_inside++;
		l->next_write = m->clock.step + 700;
	}
	/* the journal's step_stop is for replay; here every safe point asks */
	return l->writes_inside != 12 || l->next_write == 0;
}

static bool interrupting_visitor(struct machine *m, void *arg)
{
	struct lab *l = arg;
	bool go_on = visitor(m, arg);

	if (!go_on) {
		l->next_write = 0;
		journal_interrupted(l->journal, m);
	}
	return go_on;
}

static bool lab_open_as(struct lab *l, const struct machine_source *s)
{
	struct machine *m;

	memset(l, 0, sizeof(*l));
	m = machine_source_boot(s, stderr);
	if (!m)
		return false;
	l->tree = tree_create(m);
	l->journal = l->tree ? journal_create(l->tree, s) : NULL;
	return l->journal;
}

static bool lab_open(struct lab *l)
{
	return lab_open_as(l, &source);
}

static void lab_close(struct lab *l)
{
	struct machine *m = tree_machine(l->tree);

	journal_destroy(l->journal);
	tree_destroy(l->tree);
	machine_destroy(m);
}

static void memory_steps(struct lab *l)
{
	struct machine *m = tree_machine(l->tree);

	make(l, "sim/procs/a");
	make(l, "sim/procs/b");
	put(l, "sim/procs/a/ctl", "mmap m 40M\nwrite m\n");
	put(l, "sim/procs/b/ctl", "mmap s 8M shared\nwrite s\nsched_setaffinity 3\n");
	put(l, "sim/procs/b/ctl", "load s uniform 20000 write=50");
	put(l, "sim/clock", "advance 300ms");
	put(l, "sim/procs/a/ctl", "fork c");

	m->host.yield = interrupting_visitor;
	m->host.arg = l;
	__atomic_store_n(&m->attention, 1, __ATOMIC_RELAXED);
	l->next_write = m->clock.step + 100;
	put(l, "sim/procs/c/ctl", "access m zipf:0.8 20000 write=30");
	put(l, "sim/procs/a/ctl", "write m");
	__atomic_store_n(&m->attention, 0, __ATOMIC_RELAXED);
	m->host.yield = NULL;
}

static void scenario(struct lab *l)
{
	memory_steps(l);
	put(l, "proc/sys/vm/overcommit_memory", "2\n");
	put(l, "sim/procs/a/ctl", "mmap toomuch 100G");
	put(l, "proc/sys/vm/overcommit_memory", "0\n");
	put(l, "sim/ctl", "kmalloc dev 512K dma32\nslab dentry +5000\n");
	put(l, "sim/procs/a/ctl", "munmap m 4M 8M\nmprotect m r 0 2M\n");
	put(l, "sim/procs/a/ctl", "write m 0 4096"); /* dies of it */
	put(l, "sim/procs/b/ctl", "unload s");
	put(l, "sim/clock", "advance 5s");
	make(l, "sim/procs/d");
	put(l, "sim/procs/d/ctl", "mmap x 64M noreserve\nread x\naccess x random 3000 write=10\n");
	put(l, "sim/procs/c/ctl", "exec other");
	put(l, "sim/procs/d/ctl", "kill TERM");
}

static void test_two_runs(void)
{
	struct lab one, two;
	struct text a, b;
	char where[512];
	const char *difference;
	bool both = lab_open(&one) && lab_open(&two);

	text_init(&a);
	text_init(&b);
	ok(both, "two machines live in one process");
	if (!both)
		return;
	scenario(&one);
	scenario(&two);
	tree_dump(one.tree, "", &a);
	tree_dump(two.tree, "", &b);
	difference = dump_difference(&a, &b, where, sizeof(where));
	cmp_int(a.length, >, 100000, "the tree has something to say");
	cmp_int(one.writes_inside, >=, 12, "knobs were written in the middle of long commands");
	ok(!difference, "two runs of the scenario agree in every file (%s)",
	   difference ? difference : "all equal");
	text_free(&a);
	text_free(&b);
	lab_close(&one);
	lab_close(&two);
}

static bool save(const struct lab *l, char *path)
{
	struct text out;
	bool saved;
	FILE *f;
	int fd = mkstemp(path);

	text_init(&out);
	journal_print(l->journal, &out);
	f = fdopen(fd, "w");
	saved = f && fwrite(out.data, 1, out.length, f) == out.length;
	if (f)
		fclose(f);
	text_free(&out);
	return saved;
}

static struct tree *replay_tree(const struct replay_file *f, struct journal **j)
{
	struct machine *m = machine_source_boot(&f->source, stderr);
	struct tree *t = m ? tree_create(m) : NULL;

	*j = t ? journal_create(t, &f->source) : NULL;
	if (*j) {
		journal_suspend(*j, true);
		replay_remember(f, *j);
	}
	return t;
}

/* Whoever listens to a machine is woken by his own name only, or not at all. */
static void wake(struct machine *m, void *arg)
{
	const u32 *name = arg;

	(void)m;
	if (*name != 0x1157e4)
		bail_out("a stranger is woken");
}

static void test_replay(void)
{
	char path[] = "/tmp/mmanfs-journal-XXXXXX", where[512];
	struct replay_file f;
	const char *difference;
	struct text a, b;
	struct lab live, replayed = { .tree = NULL };
	bool opened = lab_open(&live);
	u32 listener = 0x1157e4;

	text_init(&a);
	text_init(&b);
	ok(opened, "a machine with a journal");
	if (!opened)
		return;
	scenario(&live);
	tree_dump(live.tree, "", &a);
	ok(save(&live, path), "the journal can be saved");
	is_int(replay_load(&f, path, stderr), 0, "and loaded");
	is_uint(f.nr_lines, journal_lines(live.journal), "with as many lines");
	replayed.tree = replay_tree(&f, &replayed.journal);
	tree_machine(replayed.tree)->host = (struct machine_host){ .arg = &listener, .wake = wake };
	is_err(replay_run(&f, replayed.tree, UINT64_MAX, stderr), 0,
	       "it replays, at the same times and steps");
	ok(tree_machine(replayed.tree)->host.arg == &listener, "who listened to it does so again");
	tree_machine(replayed.tree)->host = (struct machine_host){ .arg = NULL };
	tree_dump(replayed.tree, "", &b);
	difference = dump_difference(&a, &b, where, sizeof(where));
	ok(!difference, "the replayed machine agrees in every file (%s)",
	   difference ? difference : "all equal");

	/* one machine more is not needed to rewind: the live one does it itself */
	put(&live, "sim/ctl", "rewind 3");
	is_uint(journal_lines(live.journal), 3, "rewind 3 leaves three lines");
	is_sound(tree_machine(live.tree), "in it");
	unlink(path);
	replay_unload(&f);
	text_free(&a);
	text_free(&b);
	lab_close(&live);
	lab_close(&replayed);
}

/* A mount: the machine that it was given last, which must be there. */
struct mount {
	struct tree_session hooks;
	struct machine *adopted;
	u32 times;
	bool refuses;
};

static bool may_go_on(struct machine *m, void *arg)
{
	const struct mount *mount = arg;

	(void)m;
	return !mount->refuses;
}

static void adopt(struct tree_session *hooks, struct machine *m)
{
	struct mount *mount = (struct mount *)hooks;

	mount->adopted = m;
	mount->times++;
	m->host = (struct machine_host){ .arg = mount, .yield = may_go_on };
	__atomic_store_n(&m->attention, 1, __ATOMIC_RELAXED);
}

static void changed(struct tree_session *hooks, struct machine *old, struct machine *m)
{
	(void)old;
	adopt(hooks, m);
}

static void set_nothing(struct tree_session *hooks)
{
	(void)hooks;
}

/* The mount works on the machine that is there: also when a rewind comes to nothing, or passes a
 * reboot. */
static void test_mount(void)
{
	struct mount mount = { .hooks = { adopt, changed, set_nothing } };
	struct lab live;

	if (!lab_open(&live))
		bail_out("no machine");
	put(&live, "sim/clock", "advance 1s");
	put(&live, "sim/ctl", "reboot");
	put(&live, "sim/clock", "advance 2s");
	tree_set_session(live.tree, &mount.hooks);
	mount.refuses = true;
	is_int(tree_write_file(live.tree, "sim/ctl", "rewind 3", 8), -EINTR,
	       "a rewind is interrupted");
	cmp_int(mount.times, >, 1, "it had let the mount work on its machine");
	ok(mount.adopted == tree_machine(live.tree), "which has the living one again");
	mount.refuses = false;
	mount.times = 0;
	is_int(tree_write_file(live.tree, "sim/ctl", "rewind 3", 8), 8, "another comes to its end");
	is_uint(mount.times, 3,
		"with a machine, the one that the reboot made, and that one for all");
	ok(mount.adopted == tree_machine(live.tree), "which is the living one");
	is_sound(tree_machine(live.tree), "in it");
	tree_set_session(live.tree, NULL);
	tree_machine(live.tree)->host = (struct machine_host){ .arg = NULL };
	lab_close(&live);
}

/* The machine of @l, played from its journal, is the same in every file. */
static void is_replayed(struct lab *l, const char *what)
{
	char path[] = "/tmp/mmanfs-journal-XXXXXX", where[512];
	struct lab again = { .tree = NULL };
	const char *difference;
	struct replay_file f;
	struct text a, b;

	text_init(&a);
	text_init(&b);
	if (!save(l, path) || replay_load(&f, path, stderr))
		bail_out("the journal is not read");
	again.tree = replay_tree(&f, &again.journal);
	is_err(replay_run(&f, again.tree, UINT64_MAX, stderr), 0, "%s: it replays", what);
	tree_dump(l->tree, "", &a);
	tree_dump(again.tree, "", &b);
	difference = dump_difference(&a, &b, where, sizeof(where));
	ok(!difference, "%s: to the same (%s)", what, difference ? difference : "all equal");
	is_sound(tree_machine(again.tree), "in it");
	text_free(&a);
	text_free(&b);
	replay_unload(&f);
	unlink(path);
	lab_close(&again);
}

/* A mount whose command is interrupted at the yield of that number, after others did all sorts of
 * things. */
struct interruption {
	struct tree_session hooks;
	struct lab *lab;
	u32 after, yields;
};

static bool interrupt_at(struct machine *m, void *arg)
{
	struct interruption *i = arg;
	struct lab *l = i->lab;
	u64 dir;

	if (++i->yields == 1) {
		make(l, "sim/procs/x");
		put(l, "proc/sys/vm/swappiness", "10\n");
		put(l, "proc/sys/vm/drop_caches", "1\n");
		if (!tree_walk(l->tree, &root, "sim/procs", &dir))
			is_int(tree_rmdir(l->tree, &root, dir, "b"), 0,
			       "a process is ended meanwhile");
		put(l, "proc/sys/vm/min_free_kbytes", "5000\n");
	}
	if (i->yields < i->after)
		return true;
	journal_interrupted(l->journal, m);
	return false;
}

static void let_interrupt(struct tree_session *hooks, struct machine *m)
{
	m->host = (struct machine_host){ .arg = hooks, .yield = interrupt_at };
	__atomic_store_n(&m->attention, 1, __ATOMIC_RELAXED);
}

static void let_alone(struct machine *m)
{
	m->host = (struct machine_host){ .arg = NULL };
	__atomic_store_n(&m->attention, 0, __ATOMIC_RELAXED);
}

static void rewind_interrupted(struct lab *l, struct interruption *i, u32 after, const char *what)
{
	u64 lines;

	make(l, "sim/procs/b");
	put(l, "sim/procs/b/ctl", "mmap m 4M\nwrite m\n");
	i->yields = 0;
	i->after = after;
	tree_set_session(l->tree, &i->hooks);
	is_int(tree_write_file(l->tree, "sim/ctl", "rewind 4\n", 9), -EINTR, "%s", what);
	tree_set_session(l->tree, NULL);
	let_alone(tree_machine(l->tree));
	cmp_int(i->yields, >=, after, "others were let in");
	lines = journal_lines(l->journal);
	journal_interrupted(l->journal, tree_machine(l->tree));
	is_uint(journal_lines(l->journal), lines, "an interrupt that comes too late is not told");
	is_replayed(l, what);
	put(l, "sim/clock", "advance 1s");
	is_replayed(l, "and what came after");
}

static void test_interrupted_rewind(void)
{
	struct lab live;
	struct interruption i = { .hooks = { let_interrupt, NULL, set_nothing }, .lab = &live };

	if (!lab_open(&live))
		bail_out("no machine");
	make(&live, "sim/procs/a");
	put(&live, "sim/procs/a/ctl", "mmap m 8M\nwrite m\n");
	put(&live, "sim/clock", "advance 1s");
	put(&live, "sim/procs/a/ctl", "access m random 3000 write=30\n");
	rewind_interrupted(&live, &i, 1, "a rewind is interrupted at once");
	rewind_interrupted(&live, &i, 1500, "another in the middle of a command");
	put(&live, "sim/ctl", "rewind 1000");
	is_replayed(&live, "a rewind to a line that there is not");
	put(&live, "sim/ctl", "rewind 8");
	is_uint(journal_lines(live.journal), 8, "the last one comes to its end");
	is_replayed(&live, "that one");
	lab_close(&live);
}

/* Somebody else comes at the end of an advance, behind its last event: no step is between them. */
struct latecomer {
	struct lab *lab;
	u64 end, before, step; /* steps: of the last place before, of this one */
	bool came;
};

static bool come_late(struct machine *m, void *arg)
{
	struct latecomer *l = arg;

	if (m->clock.now < l->end) {
		l->before = m->clock.step;
	} else if (!l->came) {
		l->came = true;
		l->step = m->clock.step;
		put(l->lab, "proc/sys/vm/swappiness", "10\n");
	}
	return true;
}

static void test_end_of_advance(void)
{
	struct lab live;
	struct latecomer l = { .lab = &live };
	struct machine *m;

	if (!lab_open(&live))
		bail_out("no machine");
	make(&live, "sim/procs/a");
	put(&live, "sim/procs/a/ctl", "mmap m 8M\nwrite m\n");
	put(&live, "sim/procs/a/ctl", "load m seq 3 write=50");
	m = tree_machine(live.tree);
	l.end = m->clock.now + 10070 * NSEC_PER_MSEC;
	m->host = (struct machine_host){ .arg = &l, .yield = come_late };
	__atomic_store_n(&m->attention, 1, __ATOMIC_RELAXED);
	put(&live, "sim/clock", "advance 10070ms");
	let_alone(m);
	ok(l.came && l.step == l.before,
	   "somebody comes after the last event of an advance, at the same step");
	is_replayed(&live, "that");
	lab_close(&live);
}

static struct open_file *make_file(struct lab *l, int flags)
{
	struct open_file *f;
	u64 dir, ino;

	if (tree_walk(l->tree, &root, "sim/disk", &dir) ||
	    tree_create_file(l->tree, &root, dir, "f", 0644, &ino) ||
	    tree_open(l->tree, &root, ino, flags, &f))
		bail_out("no file on the disk");
	return f;
}

/* Who watches the pressure is not in the journal: an advance lets nobody in where it only looks for
 * him. */
static bool come_always(struct machine *m, void *arg)
{
	struct latecomer *l = arg;

	put(l->lab, "proc/sys/vm/swappiness", m->clock.now & 1 ? "10\n" : "20\n");
	return true;
}

static void test_watched_advance(void)
{
	static const char trigger[] = "some 150000 1000000";
	struct lab live;
	struct latecomer l = { .lab = &live };
	struct open_file *watched, *f;
	struct machine *m;
	u64 ino;

	if (!lab_open(&live))
		bail_out("no machine");
	m = tree_machine(live.tree);
	make(&live, "sim/procs/a");
	if (tree_walk(live.tree, &root, "proc/pressure/io", &ino) ||
	    tree_open(live.tree, &root, ino, O_RDWR, &watched))
		bail_out("no pressure to watch");
	is_int(tree_write(live.tree, &root, watched, trigger, sizeof(trigger), 0), sizeof(trigger),
	       "the pressure is watched");
	f = make_file(&live, O_WRONLY);
	tree_write(live.tree, &root, f, trigger, sizeof(trigger), 0);
	tree_fsync(live.tree, &root, f);
	tree_release(live.tree, &root, f);
	put(&live, "proc/sys/vm/drop_caches", "1\n");
	put(&live, "sim/procs/a/ctl", "mmap m 4K file=/f\nread m\n");
	ok(event_pending(m, EVENT_PSI, 1), "and a process has waited for the disk");
	m->host = (struct machine_host){ .arg = &l, .yield = come_always };
	__atomic_store_n(&m->attention, 1, __ATOMIC_RELAXED);
	put(&live, "sim/clock", "advance 3s");
	let_alone(m);
	tree_release(live.tree, &root, watched);
	is_replayed(&live, "an advance of a machine that is watched, with others in its middle");
	lab_close(&live);
}

/* An offline tries again and again what somebody holds, and idles in between: others come in
 * then, and at last the one who lets go. */
static void come_idle(struct machine *m, void *arg)
{
	struct latecomer *l = arg;
	u64 dir;

	(void)m;
	put(l->lab, "proc/sys/vm/swappiness", l->step % 2 ? "10\n" : "20\n");
	if (++l->step == 3 && !tree_walk(l->lab->tree, &root, "sim/procs", &dir))
		is_int(tree_rmdir(l->lab->tree, &root, dir, "a"), 0, "who holds pages goes");
}

static void test_idle(void)
{
	static const char block[] = "sys/devices/system/memory/memory32/state";
	const struct machine_source hotplug = {
		.name = "hotplug",
		.machine = "[machine]\ncpus = 2\ndimm_slots = 4\nmax_memory = 8G\n"
			   "[node 0]\nmemory = 512M\ncpus = 0-1\n[node 1]\nmemory = 0\n"
			   "[dimm d0]\nsize = 128M\nnode = 1\n",
		.cmdline = "",
	};
	struct lab live;
	struct latecomer l = { .lab = &live };

	if (!lab_open_as(&live, &hotplug))
		bail_out("no machine");
	make(&live, "sim/procs/a");
	put(&live, block, "online_kernel");
	put(&live, "sim/procs/a/ctl", "mmap m 1M\nmbind m bind:1\nwrite m\ngup m\n");
	tree_machine(live.tree)->host = (struct machine_host){ .arg = &l, .idle = come_idle };
	put(&live, block, "offline");
	let_alone(tree_machine(live.tree));
	cmp_int(l.step, >=, 3, "others came in while an offline waited");
	is_replayed(&live, "that");
	lab_close(&live);
}

/* What no process does is told to end at each safe point, not at one. */
static void test_interrupted_compaction(void)
{
	struct lab live;
	struct interruption i = { .lab = &live, .yields = 1, .after = 4 };
	u32 turn;

	if (!lab_open(&live))
		bail_out("no machine");
	make(&live, "sim/procs/a");
	put(&live, "sim/procs/a/ctl", "mmap m 300M\nwrite m\n");
	for (turn = 0; turn < 64; turn++) {
		char line[80];

		snprintf(line, sizeof(line), "munmap m %uM 2M\n", 4 * turn);
		put(&live, "sim/procs/a/ctl", line);
	}
	let_interrupt(&i.hooks, tree_machine(live.tree));
	tree_machine(live.tree)->host.arg = &i;
	put(&live, "proc/sys/vm/compact_memory", "1\n");
	let_alone(tree_machine(live.tree));
	cmp_int(i.yields, >, i.after, "a compaction is told to end more than once");
	is_replayed(&live, "that");
	lab_close(&live);
}

/* A write of O_DSYNC is two changes; who interrupts it ends both. */
static void test_interrupted_dsync(void)
{
	struct lab live;
	struct interruption i = { .lab = &live, .yields = 1, .after = 2 };
	char bytes[4096] = "";
	struct open_file *f;
	struct machine *m;

	if (!lab_open(&live))
		bail_out("no machine");
	m = tree_machine(live.tree);
	f = make_file(&live, O_WRONLY | O_DSYNC);
	let_interrupt(&i.hooks, m);
	m->host.arg = &i;
	cmp_int(tree_write(live.tree, &root, f, bytes, sizeof(bytes), 0), >, 0,
		"a write is interrupted");
	let_alone(m);
	cmp_int(i.yields, >, i.after, "it was told so more than once");
	tree_release(live.tree, &root, f);
	is_replayed(&live, "with the fsync behind it");
	lab_close(&live);
}

/* A read of a process's memory faults pages in, and lets others in: they come in its middle. */
static void test_read_of_memory(void)
{
	struct lab live;
	struct interruption i = { .lab = &live, .after = UINT32_MAX };
	u64 address = 0x10000000, ino;
	struct open_file *f;
	char path[64], *bytes = malloc(8 << 20);
	struct machine *m;
	struct text pid;
	ssize_t n;
	u32 turn;

	if (!bytes || !lab_open(&live))
		bail_out("no machine");
	m = tree_machine(live.tree);
	make(&live, "sim/procs/a");
	make(&live, "sim/procs/b");
	put(&live, "sim/procs/a/ctl", "mmap m 8M addr=0x10000000\n");
	text_init(&pid);
	tree_read_file(live.tree, "sim/procs/a/pid", &pid);
	text_char(&pid, '\0');
	snprintf(path, sizeof(path), "proc/%lu/mem", strtoul(pid.data, NULL, 10));
	text_free(&pid);
	for (turn = 0; turn < 2; turn++) {
		if (tree_walk(live.tree, &root, path, &ino) ||
		    tree_open(live.tree, &root, ino, O_RDONLY, &f))
			bail_out("no memory to read");
		i.yields = turn; /* others come in the first time only; the second is interrupted */
		i.after = turn ? 100 : UINT32_MAX;
		let_interrupt(&i.hooks, m);
		n = tree_read(live.tree, &root, f, bytes, 8 << 20, address);
		cmp_int(n, >, 0, "memory is read");
		let_alone(m);
		cmp_int(i.yields, >=, 100, "others were let in");
		tree_release(live.tree, &root, f);
		is_replayed(&live, turn ? "a read that was interrupted" :
					  "a read with others in its middle");
	}
	free(bytes);
	lab_close(&live);
}

static int load_text(const char *text)
{
	char path[] = "/tmp/mmanfs-journal-XXXXXX";
	struct replay_file f;
	int fd = mkstemp(path), status;
	ssize_t written = write(fd, text, strlen(text));
	FILE *null;

	close(fd);
	if (written < 0)
		return -1;
	null = fopen("/dev/null", "w");
	status = replay_load(&f, path, null);
	if (!status)
		replay_unload(&f);
	unlink(path);
	fclose(null);
	return status;
}

static void test_bad_files(void)
{
	cmp_int(load_text(""), !=, 0, "an empty file is no journal");
	cmp_int(load_text("hello\n"), !=, 0, "nor is any other text");
	cmp_int(load_text("# mmanfs journal 99\n# lines\n"), !=, 0, "another version is refused");
	cmp_int(load_text("# mmanfs journal 2\n# source machine 999999\n"), !=, 0,
		"a torn header too");
	is_int(load_text(
		       "# mmanfs journal 2\n# source name 1\nx\n# source machine 0\n\n# source cmdline 0\n\n"
		       "# lines\n1 0.000000000 0 0:0 wri"),
	       0, "a torn last line is dropped");
}

int main(void)
{
	test_two_runs();
	test_replay();
	test_mount();
	test_interrupted_rewind();
	test_end_of_advance();
	test_watched_advance();
	test_idle();
	test_interrupted_compaction();
	test_interrupted_dsync();
	test_read_of_memory();
	test_bad_files();
	return done_testing();
}
