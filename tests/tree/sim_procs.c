/*
 * sim/procs: what becomes of a process. How its end is told, what a signal does to it, what happens
 * when it dies in the middle of a command, how its family and its memory are accounted for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mman/lab.h>

#include "fs/ioctl.h"
#include "tests/ctl.h"
#include "tests/sound.h"
#include "tests/tap.h"

static const struct caller root;

static void test_directory(struct fixture *f)
{
	struct stat st;
	u64 ino, again;

	is_err(ctl_mkdir(f, "a"), 0, "mkdir makes a process");
	is_err(ctl_mkdir(f, "a"), -EEXIST, "a name is given once");
	is_err(ctl_mkdir(f, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklm"),
	       -ENAMETOOLONG, "a name of 65 letters is too long");
	is_err(ctl_rmdir(f, "b"), -ENOENT, "rmdir of nothing");
	is_str(ctl_read(f, "a", "status"), "sleeping", "it sleeps");
	like(fixture_read(f, fixture_format("proc/%u/stat", ctl_pid(f, "a"))),
	     "^[0-9]+ \\(a\\) S 1 ", "it is a child of init and has its directory's name");
	like(fixture_read(f, fixture_format("proc/%u/cmdline", ctl_pid(f, "a"))), "^a$",
	     "also as its command line");
	is_err(tree_walk(f->t, &root, "sim/procs/a/ctl", &ino), 0, "it has a ctl");
	is_err(tree_getattr(f->t, &root, ino, &st), 0, "with attributes");
	is_int(st.st_mode & 07777, 0644, "mode 644");

	ctl_rmdir(f, "a");
	ctl_mkdir(f, "a");
	is_err(tree_walk(f->t, &root, "sim/procs/a/ctl", &again), 0, "the name can be used again");
	ok(ino != again, "for another file");
	is_err(tree_getattr(f->t, &root, ino, &st), -ENOENT, "the old one is gone");
	ctl_rmdir(f, "a");
}

static void test_other_users(struct fixture *f)
{
	struct caller other = { .uid = 1000, .gid = 1000 };
	u64 dir, ino;

	tree_walk(f->t, &root, "sim/procs", &dir);
	is_err(tree_mkdir(f->t, &other, dir, "x", &ino), -EACCES, "another user makes no process");
	ctl_mkdir(f, "a");
	is_err(tree_rmdir(f->t, &other, dir, "a"), -EACCES, "nor ends one");
	is_err(fixture_write_as(f, 1000, "sim/procs/a/ctl", "exit\n", 5), -EACCES,
	       "nor drives one");
	ctl_rmdir(f, "a");
}

/* One way to end, and what status says then. */
static void one_end(struct fixture *f, const char *commands, const char *status)
{
	s64 anon = ctl_meminfo(f, "AnonPages:"), committed = ctl_meminfo(f, "Committed_AS:");
	s64 stack = ctl_meminfo(f, "KernelStack:"), tables = ctl_meminfo(f, "PageTables:");
	u32 pid;

	ctl_mkdir(f, "e");
	pid = ctl_pid(f, "e");
	ctl_put(f, "e", "mmap m 1M\nwrite m\nmmap ro 4K prot=r\nmmap sh 64K shared\nwrite sh");
	ctl_put(f, "e", commands);
	is_str(ctl_read(f, "e", "status"), status, "after '%s'", commands);
	is_err(fixture_error(f, fixture_format("proc/%u/stat", pid)), -ENOENT, "it has left proc/");
	is_int(ctl_pid(f, "e"), pid, "its number is still told");
	is_str(ctl_read(f, "e", "regions"), "", "its regions are gone");
	is_err(ctl_put(f, "e", "read m"), -ESRCH, "it takes no more commands");
	like(ctl_read(f, "e", "ctl"),
	     "^read: ESRCH: .*: the process has ended: (exited|killed by signal) [0-9]+$",
	     "and says why");
	is_err(ctl_rmdir(f, "e"), 0, "rmdir takes its directory away");
	is_int(ctl_meminfo(f, "AnonPages:"), anon, "its anonymous memory was given back");
	is_int(ctl_meminfo(f, "Committed_AS:"), committed, "and its commitment");
	is_int(ctl_meminfo(f, "KernelStack:"), stack, "and its stack");
	is_int(ctl_meminfo(f, "PageTables:"), tables, "and its page tables");
}

static void test_ends(struct fixture *f)
{
	ctl_mkdir(f, "first"); /* the program's file is in the page cache from here on */
	one_end(f, "exit", "exited 0");
	one_end(f, "exit 3", "exited 3");
	one_end(f, "exit 259", "exited 3");
	one_end(f, "kill KILL", "killed by signal 9");
	one_end(f, "kill sigterm", "killed by signal 15");
	one_end(f, "kill 10", "killed by signal 10");
	one_end(f, "kill 34", "killed by signal 34");
	ctl_rmdir(f, "first");
}

static void test_faults(struct fixture *f)
{
	static const char *const bad[] = { "write ro", "munmap m 0 4K\nread m",
					   "mprotect m none\nread m", "access ro seq 1 write=100" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *last = strrchr(bad[i], '\n');
		ssize_t n;

		ctl_mkdir(f, "s");
		ctl_put(f, "s", "mmap ro 64K prot=r\nmmap m 64K\nwrite m");
		n = ctl_put(f, "s", bad[i]);
		if (last)
			is_int(n, last + 1 - bad[i], "'%s': the last line ends the process",
			       bad[i]);
		else
			is_err(n, -EINTR, "'%s' ends the process", bad[i]);
		is_str(ctl_read(f, "s", "status"), "killed by signal 11", "by SIGSEGV");
		like(ctl_read(f, "s", "ctl"),
		     "EINTR: .*: the process was ended meanwhile: killed by signal 11$",
		     "the ctl says how");
		ctl_rmdir(f, "s");
	}
}

static void test_stopped(struct fixture *f)
{
	ctl_mkdir(f, "t");
	ctl_put(f, "t", "mmap m 64K");
	is_int(ctl_put(f, "t", "kill STOP"), 9, "SIGSTOP");
	is_str(ctl_read(f, "t", "status"), "stopped", "stops it");
	like(fixture_read(f, fixture_format("proc/%u/stat", ctl_pid(f, "t"))), "\\) T ",
	     "proc/PID/stat says T");
	is_err(ctl_put(f, "t", "read m"), -EAGAIN, "it does nothing meanwhile");
	is_err(ctl_put(f, "t", "exit"), -EAGAIN, "it cannot even end itself");
	ctl_put(f, "t", "kill 0");
	is_str(ctl_read(f, "t", "status"), "stopped", "signal 0 does not wake it");
	ctl_put(f, "t", "kill URG");
	is_str(ctl_read(f, "t", "status"), "stopped", "nor does one that is ignored");
	ctl_put(f, "t", "kill CONT");
	is_str(ctl_read(f, "t", "status"), "sleeping", "SIGCONT lets it go on");
	is_int(ctl_put(f, "t", "read m"), 6, "and it works again");
	ctl_put(f, "t", "kill STOP");
	ctl_put(f, "t", "kill TERM");
	is_str(ctl_read(f, "t", "status"), "killed by signal 15",
	       "a stopped process can be killed");
	ctl_rmdir(f, "t");
}

/* ---- in the middle of a command ---- */

struct meddler {
	struct fixture *f;
	u64 at; /* do it at this step */
	bool (*what)(struct fixture *f);
	bool done;
};

static bool meddle(struct machine *m, void *arg)
{
	struct meddler *d = arg;

	if (d->done || m->clock.step < d->at)
		return true;
	d->done = true;
	return d->what(d->f);
}

static void start_meddling(struct meddler *d, u64 steps)
{
	struct machine *m = d->f->m;

	m->host.yield = meddle;
	m->host.arg = d;
	d->at = m->clock.step + steps;
	__atomic_store_n(&m->attention, 1, __ATOMIC_RELAXED);
}

static void stop_meddling(struct meddler *d)
{
	d->f->m->host.yield = NULL;
	__atomic_store_n(&d->f->m->attention, 0, __ATOMIC_RELAXED);
}

static bool interrupt(struct fixture *f)
{
	(void)f;
	return false;
}

static int signal_by_ioctl(struct fixture *f, const struct caller *c, const struct mmanfs_signal *s)
{
	struct open_file *file;
	size_t out = 0;
	u64 ino;
	int error = tree_walk(f->t, c, "sim/ctl", &ino);

	if (!error)
		error = tree_open(f->t, c, ino, O_RDONLY, &file);
	if (error)
		return error;
	error = tree_ioctl(f->t, c, file, (u32)MMANFS_IOC_SIGNAL, s, sizeof(*s), NULL, &out);
	tree_release(f->t, c, file);
	return error;
}

static bool kill_it(struct fixture *f)
{
	struct mmanfs_signal s = { .pid = (s32)ctl_pid(f, "v"), .sig = 9 };

	return !signal_by_ioctl(f, &root, &s);
}

static bool remove_it(struct fixture *f)
{
	return !ctl_rmdir(f, "v");
}

static bool remove_and_replace(struct fixture *f)
{
	return !ctl_rmdir(f, "v") && !ctl_mkdir(f, "v");
}

static void test_in_the_middle(struct fixture *f)
{
	struct meddler interrupts = { .f = f, .what = interrupt },
		       kills = { .f = f, .what = kill_it }, removes = { .f = f, .what = remove_it },
		       replaces = { .f = f, .what = remove_and_replace };
	handle_t mm;
	s64 rss;

	ctl_mkdir(f, "v");
	ctl_put(f, "v", "mmap m 8M");
	start_meddling(&interrupts, 500);
	is_err(ctl_put(f, "v", "write m"), -EINTR, "an interrupted command returns EINTR");
	stop_meddling(&interrupts);
	mm = task_at(f->m, lab_at(f->m, lab_find(f->m, "v"))->task)->mm;
	rss = mm_at(f->m, mm)->rss[MM_ANONPAGES];
	ok(rss > 400 && rss < 700, "after the %lld pages that it came to", (long long)rss);
	is_str(ctl_read(f, "v", "status"), "sleeping", "the process lives on");
	is_int(ctl_put(f, "v", "write m"), 7, "and can go on");

	ctl_put(f, "v", "madvise m dontneed");
	start_meddling(&kills, 500);
	is_err(ctl_put(f, "v", "write m"), -EINTR,
	       "a command whose process is killed returns EINTR");
	stop_meddling(&kills);
	is_str(ctl_read(f, "v", "status"), "killed by signal 9", "and its status says by what");
	like(ctl_read(f, "v", "ctl"), "ended meanwhile", "and the ctl says it was ended");
	is_sound(f->m, "after a kill in the middle of a command");
	ctl_rmdir(f, "v");

	ctl_mkdir(f, "v");
	ctl_put(f, "v", "mmap m 8M");
	start_meddling(&removes, 500);
	is_err(ctl_put(f, "v", "mmap n 8M populate"), -EINTR,
	       "rmdir in the middle of a command ends it too");
	stop_meddling(&removes);
	is_err(ctl_rmdir(f, "v"), -ENOENT, "and the directory is gone");
	is_sound(f->m, "after an rmdir in the middle of a command");

	ctl_mkdir(f, "v");
	ctl_put(f, "v", "mmap m 8M");
	start_meddling(&replaces, 500);
	is_err(ctl_put(f, "v", "write m\nmmap x 4K"), -EINTR,
	       "also when another process has the name by then");
	stop_meddling(&replaces);
	is_str(ctl_read(f, "v", "ctl"), "", "which is left alone");
	is_str(ctl_read(f, "v", "regions"), "", "and has no regions");
	ctl_rmdir(f, "v");
	is_sound(f->m, "after that");
}

/* The break moves, what it gave is faulted in at once, and the process ends in the middle of
 * that. */
static void test_break_in_the_middle(struct fixture *f)
{
	struct meddler kills = { .f = f, .what = kill_it }, removes = { .f = f, .what = remove_it };

	ctl_mkdir(f, "v");
	ctl_put(f, "v", "mlockall future");
	start_meddling(&removes, 500);
	is_err(ctl_put(f, "v", "brk 8M"), -EINTR, "rmdir in the middle of a brk");
	stop_meddling(&removes);
	ok(removes.done, "while its pages are locked");
	is_err(ctl_rmdir(f, "v"), -ENOENT, "leaves nothing");
	is_sound(f->m, "after that");

	ctl_mkdir(f, "v");
	ctl_put(f, "v", "mlockall future");
	start_meddling(&kills, 500);
	is_err(ctl_put(f, "v", "brk 8M"), -EINTR, "a kill in the middle of a brk");
	stop_meddling(&kills);
	is_str(ctl_read(f, "v", "regions"), "", "leaves no region");
	is_sound(f->m, "after that one");
	ctl_rmdir(f, "v");
}

/* A command that keeps the address space until it returns is the one that takes it down. */
static void test_last_user_in_the_middle(struct fixture *f)
{
	struct meddler removes = { .f = f, .what = remove_it };

	ctl_mkdir(f, "v");
	ctl_put(f, "v", "mmap m 8M\nwrite m");
	start_meddling(&removes, 500);
	is_err(ctl_put(f, "v", "gup m"), -EINTR, "rmdir in the middle of gup");
	stop_meddling(&removes);
	is_sound(f->m, "no page stays pinned");

	removes.done = false;
	ctl_mkdir(f, "v");
	ctl_put(f, "v", "mmap m 8M\nwrite m");
	start_meddling(&removes, 1);
	is_err(ctl_put(f, "v", "migrate_pages 0 1"), -EINTR,
	       "rmdir in the middle of migrate_pages");
	stop_meddling(&removes);
	ok(removes.done, "which keeps the address space meanwhile");
	is_err(ctl_rmdir(f, "v"), -ENOENT, "and nothing is left");
	is_sound(f->m, "after that");
}

static void test_ioctl(struct fixture *f)
{
	struct caller other = { .uid = 1000, .gid = 1000 };
	struct mmanfs_signal s = { .pid = 4000000, .sig = 15 };

	is_err(signal_by_ioctl(f, &root, &s), -ESRCH, "a signal to nobody");
	ctl_mkdir(f, "g");
	s.pid = (s32)ctl_pid(f, "g");
	s.sig = 99;
	is_err(signal_by_ioctl(f, &root, &s), -EINVAL, "no such signal");
	s.sig = 0;
	is_err(signal_by_ioctl(f, &root, &s), 0, "signal 0 asks whether it is there");
	s.flags = 4;
	is_err(signal_by_ioctl(f, &root, &s), -EINVAL, "unknown flags");
	s.flags = 0;
	s.uid = 1000;
	s.sig = 15;
	is_err(signal_by_ioctl(f, &root, &s), -EPERM, "uid 1000 may not signal root's process");
	s.uid = 0;
	is_err(signal_by_ioctl(f, &other, &s), -EPERM, "and may not say that it is root");
	ctl_put(f, "g", "setuid 1000");
	s.uid = 1000;
	is_err(signal_by_ioctl(f, &other, &s), 0, "its own it may");
	is_str(ctl_read(f, "g", "status"), "killed by signal 15", "which ends");
	ctl_rmdir(f, "g");

	s = (struct mmanfs_signal){ .pid = 1, .sig = 9 };
	is_err(signal_by_ioctl(f, &root, &s), 0, "init may be signalled");
	is_err(fixture_error(f, "proc/1/stat"), 0, "and does not mind");
	s.pid = 2;
	is_err(signal_by_ioctl(f, &root, &s), 0, "so may a kernel thread");
	is_err(fixture_error(f, "proc/2/stat"), 0, "and does not either");
	s.pid = INT32_MIN;
	is_err(signal_by_ioctl(f, &root, &s), -ESRCH, "a process group of no number");
	ctl_mkdir(f, "g");
	s.pid = -(s32)ctl_pid(f, "g");
	is_err(signal_by_ioctl(f, &root, &s), 0, "a process group");
	is_str(ctl_read(f, "g", "status"), "killed by signal 9", "which ends");
	ctl_rmdir(f, "g");
	ctl_mkdir(f, "g");
	ctl_mkdir(f, "h");
	s.pid = -1;
	is_err(signal_by_ioctl(f, &root, &s), 0, "everybody");
	is_str(ctl_read(f, "g", "status"), "killed by signal 9", "the first");
	is_str(ctl_read(f, "h", "status"), "killed by signal 9", "and the second");
	is_err(signal_by_ioctl(f, &root, &s), -ESRCH, "and then there is nobody left");
	ctl_rmdir(f, "g");
	ctl_rmdir(f, "h");
}

static void test_family(struct fixture *f)
{
	u32 parent, child;

	ctl_mkdir(f, "dad");
	parent = ctl_pid(f, "dad");
	ctl_put(f, "dad", "mmap m 1M\nwrite m\nmmap s 64K shared\nwrite s");
	is_int(ctl_put(f, "dad", "fork son"), 8, "fork");
	child = ctl_pid(f, "son");
	is_int(child, parent + 1, "numbers are given out in order");
	like(fixture_read(f, fixture_format("proc/%u/stat", child)),
	     fixture_format("^%u \\(dad\\) S %u ", child, parent),
	     "the child is its parent's, with its name");
	like(ctl_read(f, "son", "regions"), " m\n.* s$", "it knows the regions");
	is_int(ctl_put(f, "son", "write m"), 7, "it writes its own copy");
	like(ctl_read(f, "son", "ctl"), "minflt \\+256", "a page at a time");
	ctl_put(f, "son", "write s");
	like(ctl_read(f, "son", "ctl"), "16 pages", "shared memory stays shared");
	ctl_rmdir(f, "dad");
	like(fixture_read(f, fixture_format("proc/%u/stat", child)),
	     fixture_format("^%u \\(dad\\) S 1 ", child), "an orphan goes to init");
	is_sound(f->m, "with an orphan");
	is_int(ctl_put(f, "son", "exec newborn"), 12, "exec");
	is_str(ctl_read(f, "son", "regions"), "", "drops the regions");
	is_int(ctl_pid(f, "son"), child, "and keeps the number");
	ctl_rmdir(f, "son");
}

static u64 resident(struct fixture *f, u32 pid)
{
	const char *line = strstr(fixture_read(f, fixture_format("proc/%u/status", pid)), "VmRSS:");

	return line ? strtoull(line + 6, NULL, 10) : 0;
}

/* Processes in one address space: clone(CLONE_VM). */
static void test_clones(struct fixture *f)
{
	u32 one, two;

	ctl_mkdir(f, "one");
	ctl_put(f, "one", "mmap m 1M\nwrite m");
	is_int(ctl_put(f, "one", "clone two"), 9, "clone");
	one = ctl_pid(f, "one");
	two = ctl_pid(f, "two");
	ok(one != two, "it has a number of its own");
	like(ctl_read(f, "two", "regions"), " m$", "knows the regions");
	ctl_put(f, "two", "read m");
	like(ctl_read(f, "two", "ctl"), "256 pages, minflt \\+0", "and has the pages already");
	ctl_put(f, "two", "mmap n 64K\nwrite n");
	is_uint(resident(f, one), resident(f, two), "what one maps, both have");
	is_sound(f->m, "two processes in one address space");
	ctl_rmdir(f, "one");
	is_str(ctl_read(f, "two", "status"), "sleeping", "one ends, the other lives on");
	ctl_put(f, "two", "read m");
	like(ctl_read(f, "two", "ctl"), "256 pages, minflt \\+0", "with its memory");
	ctl_put(f, "two", "clone three\nexec other");
	ctl_put(f, "three", "read n");
	like(ctl_read(f, "three", "ctl"), "16 pages, minflt \\+0",
	     "exec leaves the memory to the others");
	is_sound(f->m, "after exec");
	is_err(ctl_put(f, "two", "clone three"), -EEXIST, "names are unique");
	ctl_rmdir(f, "two");
	ctl_rmdir(f, "three");
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "two-node", NULL))
		bail_out("%s", f.why);
	test_directory(&f);
	test_other_users(&f);
	test_ends(&f);
	test_faults(&f);
	test_stopped(&f);
	test_in_the_middle(&f);
	test_break_in_the_middle(&f);
	test_last_user_in_the_middle(&f);
	test_ioctl(&f);
	test_family(&f);
	test_clones(&f);
	is_sound(f.m, "at the end");
	fixture_close(&f);
	return done_testing();
}
