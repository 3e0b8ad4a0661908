/*
 * The tree's core on a small private table: names and inodes, reading and writing by the rules of
 * each part of a real kernel's tree, permissions, changes and the journal's view of them.
 */
#include "fs/tree.h"
#include "tests/tap.h"
#include "tests/tree_world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct caller root_user, nobody = { .uid = 65534, .gid = 65534, .pid = 77 };

/* --- Helpers --- */

static struct machine *machine;
static struct tree *tree;

static u64 ino_of(const char *path)
{
	u64 ino = 0;

	return tree_walk(tree, &root_user, path, &ino) ? 0 : ino;
}

static const char *content(const char *path)
{
	static struct text t;
	int error;

	text_reset(&t);
	error = tree_read_file(tree, path, &t);
	if (error)
		text_printf(&t, "%s", strerrorname_np(-error));
	text_char(&t, '\0');
	return t.data;
}

static struct open_file *open_path(const struct caller *c, const char *path, int flags, int *error)
{
	struct open_file *f = NULL;
	int e = tree_open(tree, c, ino_of(path), flags, &f);

	if (error)
		*error = e;
	return e ? NULL : f;
}

static int open_error(const struct caller *c, const char *path, int flags)
{
	int error;
	struct open_file *f = open_path(c, path, flags, &error);

	if (f)
		tree_release(tree, c, f);
	return error;
}

static ssize_t read_at(struct open_file *f, char *buffer, size_t size, u64 offset)
{
	memset(buffer, 0, size + 1);
	return tree_read(tree, &root_user, f, buffer, size, offset);
}

/* --- Names --- */

struct listing {
	struct dir_emit emit;
	char names[512];
	u64 next;
	int limit;
	bool numbers_agree;
	u64 ino;
};

static bool list_one(struct dir_emit *e, const char *name, const struct entry *entry, u64 next)
{
	struct listing *l = e->arg;
	u64 ino;

	if (!l->limit)
		return false;
	l->limit--;
	strcat(strcat(l->names, l->names[0] ? " " : ""), name);
	if (entry && (tree_lookup(tree, &root_user, l->ino, name, &ino) || ino != e->ino))
		l->numbers_agree = false;
	l->next = next;
	return true;
}

static void list(struct listing *l, const char *path, u64 position, int limit)
{
	memset(l, 0, sizeof(*l));
	l->emit = (struct dir_emit){ .arg = l, .emit = list_one };
	l->limit = limit;
	l->numbers_agree = true;
	l->ino = ino_of(path);
	tree_readdir(tree, &root_user, l->ino, position, &l->emit);
}

static void check_readdir(void)
{
	struct listing l, rest;
	const char *all = ". .. info big bytes broken self sometimes sys 1 3 6";
	char joined[1100];
	int i;

	list(&l, "proc", 0, 1000);
	is_str(l.names, all, "dots, then static rows, then what is dynamic");
	ok(l.numbers_agree, "readdir and lookup agree on inode numbers");
	for (i = 1; i < 12; i++) {
		list(&l, "proc", 0, i);
		list(&rest, "proc", l.next, 1000);
		snprintf(joined, sizeof(joined), "%s%s%s", l.names, rest.names[0] ? " " : "",
			 rest.names);
		is_str(joined, all, "a listing cut after %d entries goes on where it stopped", i);
	}

	list(&l, "proc", 0, 10);
	world.shelf_generation[1] = 0;
	world.shelf_generation[2] = 5;
	list(&rest, "proc", l.next, 1000);
	is_str(rest.names, "2 3 6", "what came and went meanwhile neither skips nor repeats");
	reset_world();

	world.hidden = true;
	list(&l, "proc", 0, 1000);
	unlike(l.names, "sometimes", "a row that is not visible is not listed");
	is_str(content("proc/sometimes"), "ENOENT", "nor found");
	world.hidden = false;
	is_err(tree_readdir(tree, &root_user, ino_of("proc/info"), 0, &l.emit), -ENOTDIR,
	       "a file is no directory");
}

static void check_names(void)
{
	u64 a, b;
	struct stat st;
	struct text t;

	is_uint(ino_of("/"), TREE_ROOT_INO, "the root is inode 1");
	is_str(content("proc/sys/vm/version"), "6.1.0\n", "a path is walked");
	is_str(content("proc/sys/vm/missing"), "ENOENT", "a missing name");
	is_str(content("proc/info/x"), "ENOTDIR", "a file on the way");
	is_str(content("proc/sys"), "EISDIR", "a directory is not read");
	is_str(content("proc/3/content"), "shelf 3\n", "a dynamic object");
	is_str(content("proc/3/deep/number"), "shelf 3\n",
	       "a static directory inside it has its object");

	a = ino_of("proc/3/content");
	b = ino_of("sim/3/content");
	ok(a && b && a != b, "the same table at two places is two inodes");
	world.shelf_generation[3] = 6;
	is_err(tree_getattr(tree, &root_user, a, &st), -ENOENT,
	       "a number used again is another inode");
	ok(ino_of("proc/3/content") != a, "and is found under a new one");
	reset_world();

	is_str(content("sys/cpu1"), "ELOOP", "a link is not opened");
	text_init(&t);
	is_err(tree_readlink(tree, &root_user, ino_of("sys/cpu1"), &t), 0, "but read");
	text_char(&t, '\0');
	is_str(t.data, "../cpu1", "as the row of another table that lookup named");
	text_reset(&t);
	is_err(tree_readlink(tree, &nobody, ino_of("proc/self"), &t), 0, "links know who asks");
	text_char(&t, '\0');
	is_str(t.data, "77", "so self leads to the caller");
	is_err(tree_readlink(tree, &root_user, ino_of("proc/info"), &t), -EINVAL,
	       "a file is no link");
	text_free(&t);

	ok(tree_is_static(tree, ino_of("proc/sys/vm")) && !tree_is_static(tree, ino_of("proc/3")) &&
		   !tree_is_static(tree, ino_of("proc/3/deep")),
	   "what is dynamic, or inside it, is not static");
}

static void check_path(const char *path)
{
	struct text t;

	text_init(&t);
	tree_path(tree, ino_of(path), &t);
	text_char(&t, '\0');
	is_str(t.data, path, "the path of inode %s", path);
	text_free(&t);
}

/* --- stat --- */

static struct stat stat_of(const char *path)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	tree_getattr(tree, &root_user, ino_of(path), &st);
	return st;
}

static void check_getattr(void)
{
	struct stat st = stat_of("proc/info");

	is_hex(st.st_mode, S_IFREG | 0444, "a file's mode");
	is_int(st.st_nlink, 1, "one link");
	is_int(st.st_size, 0, "no size in proc");
	is_int(st.st_blksize, 1024, "blocks of 1024 in proc");
	is_hex(stat_of("proc/self").st_mode, S_IFLNK | 0777, "a link's mode");
	st = stat_of("sys/knob");
	ok(st.st_size == 4096 && st.st_blksize == 4096, "4096 and 4096 in sysfs");
	is_int(stat_of("proc").st_nlink, 3,
	       "a directory has two links and one for each static directory in it");
	world.shelf_uid = 1000;
	is_int(stat_of("proc/3/content").st_uid, 1000, "the owner of an object");
	reset_world();
	ok(stat_of("proc/3").st_ino == ino_of("proc/3"), "st_ino is the number lookup gives");
}

/* --- Reading --- */

static void check_reading(void)
{
	struct open_file *f = open_path(&root_user, "proc/info", O_RDONLY, NULL);
	char b[16];
	const char *data;
	int i;
	bool same = true;

	is_int(read_at(f, b, 8, 0), 2, "the whole text");
	world.knob = 5;
	is_int(read_at(f, b, 8, 1), 1, "the rest comes from the same text");
	is_int(world.shows, 1, "which was made once");
	is_int(read_at(f, b, 8, 0), 2, "a read at 0 makes it anew");
	is_str(b, "5\n", "and sees the new value");
	is_int(read_at(f, b, 8, 100000), 0, "behind the end there is nothing");
	tree_release(tree, &root_user, f);

	f = open_path(&root_user, "proc/big", O_RDONLY, NULL);
	is_int(read_at(f, b, 5, 19998), 2, "a first read at an offset makes the text too");
	is_str(b, "89", "and gives what is there");
	for (i = 0; i < 20000; i++)
		same &= read_at(f, b, 1, (u64)i) == 1 && b[0] == (char)('0' + i % 10);
	ok(same, "read byte by byte it is the same");
	is_int(tree_read_text(tree, &root_user, f, 100, 19990, &data), 10, "without a copy too");
	is_mem(data, "0123456789", 10, "the same bytes");
	tree_release(tree, &root_user, f);

	f = open_path(&root_user, "proc/bytes", O_RDONLY, NULL);
	is_int(read_at(f, b, 3, 65), 3, "positional files read at an offset");
	is_str(b, "ABC", "what is there");
	is_err(tree_read_text(tree, &root_user, f, 3, 65, &data), -EINVAL, "and have no text");
	tree_release(tree, &root_user, f);

	f = open_path(&root_user, "proc/broken", O_RDONLY, NULL);
	is_err(read_at(f, b, 8, 0), -EBUSY, "an error of show is the error of read");
	is_err(read_at(f, b, 8, 1), -EBUSY, "half a text is never served");
	tree_release(tree, &root_user, f);
}

static void check_sysctl(void)
{
	struct open_file *f = open_path(&root_user, "proc/sys/vm/knob", O_RDWR, NULL);
	char b[16];

	is_int(read_at(f, b, 1, 0), 1, "a sysctl read one byte at a time gives a byte");
	is_int(read_at(f, b, 1, 1), 0, "and stops");
	is_int(tree_write(tree, &root_user, f, "1", 1, 0), 1, "a write");
	is_int(tree_write(tree, &root_user, f, "0x", 2, 1), 2, "a second one returns its length");
	is_int(world.knob, 1, "and is ignored");
	is_int(tree_write(tree, &root_user, f, "0", 1, 0), 1, "after a seek to 0");
	is_int(world.knob, 0, "it counts");
	tree_release(tree, &root_user, f);

	f = open_path(&root_user, "proc/sys/vm/string", O_RDWR, NULL);
	is_int(read_at(f, b, 1, 1), 1, "a string goes on at an offset");
	is_int(tree_write(tree, &root_user, f, "3", 1, 1), 1, "and so does a write");
	is_int(world.last_offset, 1, "which is told the offset");
	tree_release(tree, &root_user, f);

	f = open_path(&root_user, "sys/knob", O_RDWR, NULL);
	tree_write(tree, &root_user, f, "1", 1, 0);
	is_int(tree_write(tree, &root_user, f, "0", 1, 1), 1, "sysfs takes every write");
	is_int(world.knob, 0, "as a new one");
	tree_release(tree, &root_user, f);
}

static int write_error(const char *path)
{
	int error;
	struct open_file *f = open_path(&root_user, path, O_WRONLY, &error);
	ssize_t n;

	if (!f)
		return 1000 - error;
	n = tree_write(tree, &root_user, f, "1", 1, 0);
	tree_release(tree, &root_user, f);
	return (int)-n;
}

static void check_permission(void)
{
	is_int(write_error("proc/info"), EIO,
	       "root opens a read-only file of proc and fails to write");
	is_int(write_error("proc/3/content"), EINVAL, "in a process's directory otherwise");
	is_int(write_error("proc/sys/vm/version"), 1000 + EACCES, "a sysctl is refused at open");
	is_int(write_error("sys/fixed"), 1000 + EACCES, "so is sysfs");
	is_err(open_error(&root_user, "proc/sys/vm/push", O_RDONLY), -EACCES,
	       "write-only sysctls to readers");
	is_err(open_error(&root_user, "sys/push", O_RDWR), -EACCES, "and in sysfs");
	is_err(open_error(&root_user, "proc/sys/vm/push", O_WRONLY | O_TRUNC), 0,
	       "O_TRUNC is nothing");

	is_err(open_error(&nobody, "proc/info", O_RDONLY), 0, "others read");
	is_err(open_error(&nobody, "proc/info", O_WRONLY), -EACCES,
	       "but do not write what is 0444");
	is_err(open_error(&nobody, "proc/sys/vm/knob", O_WRONLY), -EACCES, "nor what is root's");
	is_err(open_error(&nobody, "proc/3/private", O_RDONLY), -EACCES,
	       "nor read what is private");
	world.shelf_uid = 65534;
	is_err(open_error(&nobody, "proc/3/private", O_RDWR), 0, "unless it is their own");
	is_err(open_error(&root_user, "proc/3/private", O_RDWR), 0, "root may");
	reset_world();
	is_err(tree_access(tree, &nobody, ino_of("proc/sys/vm/knob"), R_OK), 0,
	       "access(2) says the same");
	is_err(tree_access(tree, &nobody, ino_of("proc/sys/vm/knob"), W_OK), -EACCES,
	       "access(2), writing");
	is_err(tree_access(tree, &root_user, ino_of("proc/info"), X_OK), -EACCES,
	       "nothing can be run");

	is_err(tree_truncate(tree, &root_user, ino_of("proc/info"), 0), 0, "truncate is nothing");
	is_err(tree_truncate(tree, &root_user, ino_of("proc/sys/vm/version"), 0), -EACCES,
	       "unless refused");
	is_err(tree_chmod(tree, &root_user, ino_of("proc/sys/vm/knob"), 0666), -EPERM,
	       "chmod of a sysctl");
	is_err(tree_chmod(tree, &root_user, ino_of("proc/3/content"), 0666), -EPERM,
	       "chmod in proc/PID");
	is_err(tree_chmod(tree, &nobody, ino_of("sys/knob"), 0666), -EPERM, "chmod by another");
	is_err(tree_chmod(tree, &root_user, ino_of("sys/knob"), 0666), 0, "chmod in sysfs");
	is_err(open_error(&nobody, "sys/knob", O_WRONLY), 0, "counts from then on");
	is_err(tree_chown(tree, &root_user, ino_of("proc/info"), 65534, UINT32_MAX), 0, "chown");
	is_int(stat_of("proc/info").st_uid, 65534, "is seen");
	is_err(tree_chown(tree, &root_user, ino_of("proc/sys/vm/knob"), 1, 1), -EPERM,
	       "chown of a sysctl");
}

static void check_gone(void)
{
	struct open_file *f = open_path(&root_user, "proc/3/content", O_RDONLY, NULL);
	char b[16];

	world.shelf_generation[3] = 0;
	is_err(read_at(f, b, 8, 0), -ESRCH, "a process that went while its file was open");
	is_uint(tree_poll(tree, &root_user, f) & POLLERR, POLLERR, "poll says so");
	tree_release(tree, &root_user, f);
	is_int(world.released, 1, "the attribute is told of the release all the same");
	reset_world();
	f = open_path(&root_user, "sim/3/content", O_RDONLY, NULL);
	world.shelf_generation[3] = 0;
	is_err(read_at(f, b, 8, 0), -ENODEV, "any other object");
	tree_release(tree, &root_user, f);
	reset_world();
}

/* --- Changes --- */

static struct {
	char log[512];
	int open;
} journal;

static void note(void *arg, const struct tree_change *c)
{
	char line[128];

	snprintf(line, sizeof(line), "%s%d %s %.*s=%d @%d,%d; ", c->started ? "start " : "", c->op,
		 c->path, (int)c->size, c->data ? c->data : "", c->started ? 0 : (int)c->result,
		 (int)c->time, (int)c->step);
	strcat(arg, line);
}

static void check_entries(void)
{
	u64 ino, sim = ino_of("sim");

	is_err(tree_mkdir(tree, &root_user, sim, "5", &ino), 0, "mkdir");
	is_uint(ino, ino_of("sim/5"), "yields the new inode");
	is_err(tree_mkdir(tree, &root_user, sim, "5", &ino), -EEXIST, "mkdir twice");
	is_err(tree_mkdir(tree, &root_user, sim, "x", &ino), -EINVAL,
	       "mkdir of what the directory refuses");
	is_err(tree_mkdir(tree, &nobody, sim, "4", &ino), -EACCES, "mkdir by another");
	is_err(tree_rmdir(tree, &nobody, sim, "5"), -EACCES, "rmdir by another");
	is_err(tree_rmdir(tree, &root_user, sim, "ctl"), -ENOTDIR, "rmdir of a file");
	is_err(tree_rmdir(tree, &root_user, sim, "7"), -ENOENT, "rmdir of nothing");
	is_err(tree_rmdir(tree, &root_user, sim, "5"), 0, "rmdir");
	is_uint(ino_of("sim/5"), 0, "it is gone");
}

static void check_refusals(void)
{
	u64 ino;

	is_err(tree_mkdir(tree, &root_user, ino_of("proc/sys/vm"), "x", &ino), -ENOENT,
	       "mkdir among sysctls");
	is_err(tree_mkdir(tree, &root_user, ino_of("proc/3"), "x", &ino), -ENOENT,
	       "mkdir in proc/PID");
	is_err(tree_mkdir(tree, &root_user, ino_of("sys"), "x", &ino), -EPERM, "mkdir in sysfs");
	is_err(tree_rmdir(tree, &root_user, ino_of("proc/sys"), "vm"), -EACCES,
	       "rmdir among sysctls");
	is_err(tree_rmdir(tree, &root_user, ino_of("proc"), "3"), -EPERM, "rmdir of a process");
	is_err(tree_unlink(tree, &root_user, ino_of("proc"), "info"), -EPERM, "unlink in proc");
	is_err(tree_unlink(tree, &root_user, ino_of("proc/sys/vm"), "knob"), -EACCES,
	       "unlink of a sysctl");
	is_err(tree_unlink(tree, &root_user, ino_of("sys"), "knob"), -EPERM, "unlink in sysfs");
	is_err(tree_create_file(tree, &root_user, ino_of("proc"), "x", 0644, &ino), -ENOENT,
	       "create in proc");
	is_err(tree_create_file(tree, &root_user, ino_of("sys"), "x", 0644, &ino), -EACCES,
	       "create in sysfs");
	is_err(tree_rename(tree, &root_user, ino_of("proc"), "info", ino_of("proc"), "y"), -ENOENT,
	       "rename in proc");
	is_err(tree_rename(tree, &root_user, ino_of("sys"), "knob", ino_of("sys"), "y"), -EPERM,
	       "rename in sysfs");
	is_err(tree_link_error(tree, ino_of("sys")), -EPERM, "link in sysfs");
}

static void check_journal(void)
{
	static const struct caller replay = { .replaying = true };
	struct tree_hooks hooks = { .arg = journal.log, .change = note };
	struct open_file *f;
	u64 ino, sim = ino_of("sim");

	machine->clock.now = 12;
	machine->clock.step = 3;
	tree_set_hooks(tree, &hooks);
	tree_write_file(tree, "proc/sys/vm/knob", "8", 1);
	tree_write_file(tree, "proc/sys/vm/knob", "x", 1);
	tree_mkdir(tree, &root_user, sim, "2", &ino);
	tree_rmdir(tree, &root_user, sim, "2");
	is_str(journal.log,
	       "0 proc/sys/vm/knob 8=1 @12,3; 1 sim/2 =0 @12,3; "
	       "start 2 sim/2 =0 @12,3; 2 sim/2 =0 @12,3; ",
	       "the journal is told of each change that succeeded");
	journal.log[0] = 0;
	tree_write_file(tree, "sim/ctl", "5", 1);
	tree_write_file(tree, "sim/half", "5", 1);
	tree_write_file(tree, "sim/quiet", "5", 1);
	is_str(journal.log,
	       "start 0 sim/ctl 5=0 @12,3; 0 sim/ctl 5=1 @12,3; 0 sim/half 5=-11 @12,3; ",
	       "of the start of a long write, and of a failure that changed something");
	journal.log[0] = 0;
	f = open_path(&replay, "sys/knob", O_WRONLY, NULL);
	tree_write(tree, &replay, f, "1", 1, 0);
	tree_release(tree, &replay, f);
	is_str(journal.log, "", "but not of what it said itself");
	ok(tree_write_is_long(tree, ino_of("sim/ctl")) &&
		   !tree_write_is_long(tree, ino_of("sim/half")),
	   "a long write is known by its inode");
	is_err(tree_write_file(tree, "proc/3/content", "x", 1), -EINVAL, "write by path");
}

int main(void)
{
	machine = calloc(1, sizeof(*machine));
	reset_world();
	tree = tree_create_root(machine, &world_top);
	if (!ok(tree != NULL, "a tree is made of tables"))
		return done_testing();

	check_names();
	check_readdir();
	check_path("proc/sys/vm/knob");
	check_path("proc/3/deep/number");
	check_path("sim/6/content");
	check_path("sim");
	check_path("sys/fil1");
	check_getattr();
	check_reading();
	check_sysctl();
	check_permission();
	check_gone();
	check_entries();
	check_refusals();
	check_journal();

	open_path(&root_user, "proc/3/content", O_RDONLY, NULL);
	world.released = 0;
	tree_destroy(tree);
	is_int(world.released, 1, "what is open at the end is closed");
	free(machine);
	return done_testing();
}
