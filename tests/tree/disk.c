/*
 * sim/disk through the tree: every operation and its errors, random bytes against a plain copy with
 * memory short, replay to the byte, --disk DIR, reboot and rewind.
 */
#include "fs/sim/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/replay.h"
#include "tests/draw.h"
#include "tests/ctl.h"
#include "tests/dump.h"
#include "tests/sound.h"
#include "tests/tap.h"

static const struct caller root, other = { .uid = 1000, .gid = 1000 };

static const struct machine_source source = {
	.name = "test",
	.machine = "[machine]\ncpus = 1\nmemory = 96M\n[disk]\nsize = 64M\n",
	.cmdline = "",
};

static u64 seed = 5;

static u32 pick(u32 n)
{
	return draw(&seed, n);
}

/* ---- by path ---- */

static int parent_of(struct tree *t, const char *path, u64 *dir, const char **name)
{
	char text[256];
	const char *slash = strrchr(path, '/');

	snprintf(text, sizeof(text), "sim/disk/%.*s", slash ? (int)(slash - path) : 0, path);
	*name = slash ? slash + 1 : path;
	return tree_walk(t, &root, text, dir);
}

static int at(struct tree *t, const char *path, u64 *ino)
{
	char text[256];

	snprintf(text, sizeof(text), "sim/disk/%s", path);
	return tree_walk(t, &root, text, ino);
}

static int create(struct tree *t, const struct caller *c, const char *path)
{
	const char *name;
	u64 dir, ino;
	int error = parent_of(t, path, &dir, &name);

	return error ? error : tree_create_file(t, c, dir, name, 0644, &ino);
}

static int make_dir(struct tree *t, const struct caller *c, const char *path)
{
	const char *name;
	u64 dir, ino;
	int error = parent_of(t, path, &dir, &name);

	return error ? error : tree_mkdir(t, c, dir, name, &ino);
}

static int delete (struct tree *t, const struct caller *c, const char *path, bool directory)
{
	const char *name;
	u64 dir;
	int error = parent_of(t, path, &dir, &name);

	if (error)
		return error;
	return directory ? tree_rmdir(t, c, dir, name) : tree_unlink(t, c, dir, name);
}

static int move(struct tree *t, const char *from, const char *to)
{
	const char *name, *new_name;
	u64 dir, new_dir;
	int error = parent_of(t, from, &dir, &name);

	if (!error)
		error = parent_of(t, to, &new_dir, &new_name);
	return error ? error : tree_rename(t, &root, dir, name, new_dir, new_name);
}

static struct stat status_of(struct tree *t, const char *path)
{
	struct stat st = { .st_size = -1 };
	u64 ino;

	if (!at(t, path, &ino))
		tree_getattr(t, &root, ino, &st);
	return st;
}

static struct open_file *open_at(struct tree *t, const char *path, int flags)
{
	struct open_file *f = NULL;
	u64 ino;

	if (at(t, path, &ino) || tree_open(t, &root, ino, flags, &f))
		return NULL;
	return f;
}

static ssize_t put(struct tree *t, const char *path, const char *text, int flags)
{
	struct open_file *f = open_at(t, path, O_WRONLY | flags);
	ssize_t n;

	if (!f)
		return -ENOENT;
	n = tree_write(t, &root, f, text, strlen(text), 0);
	tree_release(t, &root, f);
	return n;
}

static const char *get(struct tree *t, const char *path)
{
	static char text[4096];
	struct open_file *f = open_at(t, path, O_RDONLY);
	ssize_t n = f ? tree_read(t, &root, f, text, sizeof(text) - 1, 0) : -1;

	if (f)
		tree_release(t, &root, f);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

/* ---- operations ---- */

static void test_stat(struct tree *t)
{
	struct tree_setattr a = { .which = SETATTR_MODE | SETATTR_MTIME, .mode = 0640, .mtime = 5 };
	struct statvfs fs;
	u64 ino, disk, proc;

	tree_walk(t, &root, "sim/disk", &disk);
	tree_walk(t, &root, "proc", &proc);
	create(t, &root, "s");
	put(t, "s", "12345", 0);
	is_int(status_of(t, "s").st_size, 5, "a file's size");
	is_int(status_of(t, "s").st_blocks, 8, "takes a page of the disk");
	is_int(status_of(t, "s").st_nlink, 1, "has one name");
	at(t, "s", &ino);
	is_err(tree_truncate(t, &root, ino, 1 << 20), 0, "a longer size");
	is_int(status_of(t, "s").st_blocks, 8, "takes nothing more: a hole");
	is_err(tree_setattr(t, &root, ino, &a), 0, "mode and time can be set");
	ok((status_of(t, "s").st_mode & 07777) == 0640 && status_of(t, "s").st_mtim.tv_sec == 0 &&
		   status_of(t, "s").st_mtim.tv_nsec == 5,
	   "and are kept");
	is_err(tree_setattr(t, &other, ino, &a), -EPERM, "by root only");
	put(t, "s", "x", 0);
	cmp_int(status_of(t, "s").st_mtim.tv_sec, >, 1000, "writing sets the time");
	tree_statfs(t, disk, &fs);
	is_uint(fs.f_blocks, 16384, "df: 64 MiB");
	is_uint(fs.f_bfree, 16384 - tree_machine(t)->blk.used_pages, "what is not used is free");
	tree_statfs(t, proc, &fs);
	is_uint(fs.f_blocks, 0, "proc has no size, as on Linux");
	delete (t, &root, "s", false);
}

/* proc/diskstats, and the same for one disk in sys. */
static void test_diskstats(struct fixture *f)
{
	const struct machine *m = f->m;
	unsigned long long c[17], s[17];
	const char *line;
	u32 i, nr = 0;

	create(f->t, &root, "d");
	ctl_mkdir(f, "p");
	ctl_put(f, "p", "fwrite d 0 4M\nfsync d");
	ctl_rmdir(f, "p");
	line = fixture_read(f, "proc/diskstats");
	like(line, "^ 254       0 vda( [0-9]+){17}\n$", "proc/diskstats has one disk");
	for (line += 16; nr < 17 && sscanf(line, "%llu", &c[nr]) == 1; nr++)
		line += strspn(line, " ") + strcspn(line + strspn(line, " "), " ");
	is_uint(c[2], m->vm_event[PGPGIN] * 2, "sectors read are pgpgin");
	is_uint(c[6], m->vm_event[PGPGOUT] * 2, "sectors written are pgpgout");
	ok(c[4] && c[4] <= c[6] / 8 && c[7] && c[9] && c[10] >= c[7],
	   "transfers take time (%llu, %llu, %llu, %llu, %llu)", c[4], c[6], c[7], c[9], c[10]);
	is_uint(c[8], 0, "nothing is in flight after a sync");
	line = fixture_read(f, "sys/devices/pci0000:00/0000:00:02.0/virtio0/block/vda/stat");
	for (i = 0; i < 17; i++)
		sscanf(line + (size_t)i * 9, "%llu", &s[i]);
	ok(!memcmp(c, s, sizeof(c)), "sys/block/vda/stat has the same numbers");
	is_str(fixture_read(f, "sys/devices/pci0000:00/0000:00:02.0/virtio0/block/vda/size"),
	       fixture_format("%llu\n", (unsigned long long)m->blk.total_pages * 8),
	       "and size the sectors of the disk");
}

/* What a 6.1 kernel sends to a disk with a write cache, from an ext4 without a journal: a flush for
 * what is new of an inode, not for data alone; one for each sync(2). */
static void test_flushes(struct fixture *f)
{
	const struct blk_disk *d = &f->m->blk.disk[0];
	const char *cache =
		"sys/devices/pci0000:00/0000:00:02.0/virtio0/block/vda/queue/write_cache";
	u64 writes, flushes = d->flushes;

	create(f->t, &root, "s");
	ctl_mkdir(f, "p");
	ctl_put(f, "p", "fwrite s 0 8K\n");
	is_uint(d->flushes - flushes, 0, "a write flushes nothing");
	ctl_put(f, "p", "fsync s\n");
	is_uint(d->flushes - flushes, 1, "fsync of a new file does");
	ctl_put(f, "p", "fsync s\n");
	is_uint(d->flushes - flushes, 1, "of a clean one not");
	fixture_write(f, "sim/ctl", "sync\n");
	writes = d->stat[BIO_WRITE].ios;
	fixture_write(f, "sim/ctl", "sync\n");
	is_uint(d->flushes - flushes, 3, "sync always does");
	is_uint(d->stat[BIO_WRITE].ios - writes, 1, "it is a write without data besides");
	like(fixture_read(f, "proc/diskstats"),
	     fixture_format(" %llu %llu\n$", (unsigned long long)d->flushes,
			    (unsigned long long)(d->flush_ns / NSEC_PER_MSEC)),
	     "the last two columns count them, and their time");
	is_uint(d->flush_ns, d->flushes * f->m->cost.disk_flush, "half a millisecond each");
	is_str(fixture_read(f, cache), "write back\n", "queue/write_cache");
	is_err((int)fixture_write(f, cache, "writeback\n"), -EINVAL, "it is two words");
	is_int(fixture_write(f, cache, "write through\n"), 14, "write through");
	fixture_write(f, "sim/ctl", "sync\n");
	is_uint(d->flushes - flushes, 3, "then nobody needs to flush");
	is_int(fixture_write(f, cache, "write back\n"), 11, "write back");
	fixture_write(f, "sim/ctl", "sync\n");
	is_uint(d->flushes - flushes, 4, "again");
	ctl_rmdir(f, "p");
}

/* O_SYNC and O_DSYNC: a write ends when it is on the disk. */
static void test_sync_writes(struct fixture *f)
{
	static const int flags[] = { 0, O_DSYNC, O_SYNC };
	static const char *const what[] = { "a plain write", "with O_DSYNC", "with O_SYNC" };
	const struct machine *m = f->m;
	u32 i;

	create(f->t, &root, "o");
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct open_file *file = open_at(f->t, "o", O_WRONLY | flags[i]);
		s64 written;

		fixture_write(f, "sim/ctl", "sync\n");
		written = m->vm_node_stat[NR_WRITTEN];
		is_int(tree_write(f->t, &root, file, "hello", 5, 0), 5, "%s", what[i]);
		ok((m->vm_node_stat[NR_DIRTY] > 0) == !i, "%s dirty", i ? "leaves nothing" : "is");
		ok((m->vm_node_stat[NR_WRITTEN] > written) == (i > 0), "%s on the disk",
		   i ? "it is" : "and not");
		tree_release(f->t, &root, file);
	}
	delete (f->t, &root, "o", false);
	ok(is_sound(f->m, "after writes that wait"), "all is well");
}

static void test_operations(struct tree *t)
{
	u64 proc, disk;
	struct open_file *f;
	char text[16];

	is_err(create(t, &other, "f"), -EACCES, "only root makes files");
	is_err(create(t, &root, "f"), 0, "create");
	is_err(create(t, &root, "f"), -EEXIST, "twice");
	is_err(make_dir(t, &root, "d"), 0, "mkdir");
	is_err(make_dir(t, &root, "d/e"), 0, "in it");
	is_err(create(t, &root, "nowhere/f"), -ENOENT, "in a directory that is not there");
	is_int(status_of(t, "d").st_nlink, 3, "a directory's links: itself, its name, those below");
	is_int(put(t, "f", "hello", 0), 5, "write");
	is_err(move(t, "f", "d/e/g"), 0, "rename across directories");
	is_str(get(t, "d/e/g"), "hello", "the bytes come along");
	is_err(move(t, "d", "d/e/d"), -EINVAL, "a directory below itself");
	is_err(delete (t, &root, "d", true), -ENOTEMPTY, "rmdir of what is not empty");
	is_err(delete (t, &root, "d", false), -EISDIR, "unlink of a directory");
	is_err(delete (t, &other, "d/e/g", false), -EACCES, "another user removes nothing");
	tree_walk(t, &root, "proc", &proc);
	tree_walk(t, &root, "sim/disk", &disk);
	is_err(tree_rename(t, &root, disk, "d", proc, "d"), -EXDEV, "rename out of the disk");
	create(t, &root, "h");
	put(t, "h", "other", 0);
	is_err(move(t, "h", "d/e/g"), 0, "rename onto a file");
	is_str(get(t, "d/e/g"), "other", "replaces it");
	is_err(move(t, "d", "moved"), 0, "rename of a directory");
	is_str(get(t, "moved/e/g"), "other", "moves all below");

	put(t, "moved/e/g", "+", O_APPEND);
	is_str(get(t, "moved/e/g"), "other+", "O_APPEND writes at the end");
	put(t, "moved/e/g", "new", O_TRUNC);
	is_str(get(t, "moved/e/g"), "new", "O_TRUNC empties first");

	f = open_at(t, "moved/e/g", O_RDWR);
	is_err(delete (t, &root, "moved/e/g", false), 0, "a file that is open is removed");
	is_int(tree_read(t, &root, f, text, sizeof(text), 0), 3, "and can still be read");
	is_int(tree_write(t, &root, f, "more", 4, 3), 4, "and written");
	is_err(tree_fsync(t, &root, f), 0, "and synced");
	tree_release(t, &root, f);
	is_err(delete (t, &root, "moved/e", true), 0, "rmdir");
	is_err(delete (t, &root, "moved", true), 0, "of both");
	is_uint(tree_machine(t)->mms.nr_disk_inodes, 0, "nothing is left");
}

/* A process uses the same files, by the same paths. */
static void test_processes(struct fixture *f)
{
	make_dir(f->t, &root, "lib");
	create(f->t, &root, "lib/x");
	ctl_mkdir(f, "p");
	is_int(ctl_put(f, "p", "fwrite lib/x 0 64K"), 18, "fwrite of a file in a directory");
	is_int(status_of(f->t, "lib/x").st_size, 65536, "the visitor sees its size");
	is_int(ctl_put(f, "p", "mmap m 64K file=lib/x shared"), 28, "mmap");
	is_int(ctl_put(f, "p", "read m"), 6, "read");
	is_int(ctl_put(f, "p", "fread lib 0 1"), -EISDIR, "a directory is no file");
	is_int(ctl_put(f, "p", "mmap d 64K file=lib"), -ENODEV, "nor can it be mapped");
	put(f->t, "lib/x", "visitor", 0);
	is_str(get(f->t, "lib/x"), "visitor", "a visitor writes it meanwhile");
	is_int(ctl_put(f, "p", "munmap m"), 8, "munmap");
	fixture_write(f, "sim/ctl", "sync");
	fixture_write(f, "proc/sys/vm/drop_caches", "3");
	is_int(ctl_put(f, "p", "fsync lib/x"), 11, "fsync of a file that memory has forgotten");
	fixture_write(f, "proc/sys/vm/drop_caches", "2");
	is_int(ctl_put(f, "p", "fwrite lib/x 0 64K"), 18, "it is forgotten again, and written");
	ok(is_sound(f->m, "after that"), "its inode is in memory, as its pages are");
	ctl_rmdir(f, "p");
	delete (f->t, &root, "lib/x", false);
	delete (f->t, &root, "lib", true);
	ok(is_sound(f->m, "after all operations"), "the machine is sound");
}

/* ---- bytes ---- */

#define FILES 6u
#define BYTES (1u << 20)

static u8 plain[FILES][BYTES];
static size_t length[FILES];

static void random_write(struct tree *t, u32 i, const char *name)
{
	static u8 data[100000];
	size_t size = 1 + pick(pick(3) ? 5000 : sizeof(data)), n;
	u64 offset = pick(BYTES - (u32)sizeof(data));
	struct open_file *f = open_at(t, name, O_WRONLY);
	ssize_t done;

	for (n = 0; n < size; n++)
		data[n] = (u8)pick(256);
	done = tree_write(t, &root, f, (char *)data, size, offset);
	tree_release(t, &root, f);
	if (done <= 0)
		return;
	memcpy(plain[i] + offset, data, (size_t)done);
	if (offset + (size_t)done > length[i])
		length[i] = offset + (size_t)done;
}

static void random_truncate(struct tree *t, u32 i, const char *name)
{
	size_t size = pick(BYTES);
	u64 ino;

	at(t, name, &ino);
	if (tree_truncate(t, &root, ino, size))
		return;
	if (size < length[i])
		memset(plain[i] + size, 0, BYTES - size);
	length[i] = size;
}

static bool same_bytes(struct tree *t, u32 i, const char *name)
{
	static char data[BYTES];
	struct open_file *f = open_at(t, name, O_RDONLY);
	ssize_t n = tree_read(t, &root, f, data, BYTES, 0);

	tree_release(t, &root, f);
	return n == (ssize_t)length[i] && !memcmp(data, plain[i], length[i]);
}

static u32 random_steps(struct tree *t, u32 steps)
{
	u32 wrong = 0, i, step;
	char name[16];

	for (step = 0; step < steps; step++) {
		i = pick(FILES);
		snprintf(name, sizeof(name), "r%u", i);
		switch (pick(10)) {
		case 0:
			random_truncate(t, i, name);
			break;
		case 1:
			tree_write_file(t, "proc/sys/vm/drop_caches", "3\n", 2);
			break;
		case 2:
			tree_write_file(t, "sim/clock", "advance 7s", 10);
			break;
		case 3:
		case 4:
			wrong += !same_bytes(t, i, name);
			break;
		default:
			random_write(t, i, name);
			break;
		}
	}
	return wrong;
}

/* ---- journal ---- */

struct lab {
	struct tree *tree;
	struct journal *journal;
};

static bool lab_open(struct lab *l)
{
	struct machine *m = machine_source_boot(&source, stderr);

	l->tree = m ? tree_create(m) : NULL;
	l->journal = l->tree ? journal_create(l->tree, &source) : NULL;
	return l->journal;
}

static void lab_close(struct lab *l)
{
	struct machine *m;

	journal_destroy(l->journal);
	l->journal = NULL;
	m = tree_machine(l->tree);
	tree_destroy(l->tree);
	machine_destroy(m);
}

static bool lab_replay(struct lab *l, const char *path)
{
	struct replay_file f;
	int error;

	if (replay_load(&f, path, stderr) || !lab_open(l))
		return false;
	journal_suspend(l->journal, true);
	replay_remember(&f, l->journal);
	error = replay_run(&f, l->tree, UINT64_MAX, stderr);
	replay_unload(&f);
	return !error;
}

static bool same_trees(struct tree *x, struct tree *y, char where[512])
{
	struct text a, b;
	const char *difference;

	text_init(&a);
	text_init(&b);
	tree_dump(x, "", &a);
	tree_dump(y, "", &b);
	difference = dump_difference(&a, &b, where, 512);
	text_free(&a);
	text_free(&b);
	return !difference;
}

static void test_replay(void)
{
	char path[] = "/tmp/mmanfs-disk-XXXXXX", data[64], where[512] = "all equal";
	int fd = mkstemp(path);
	struct open_file *held;
	struct lab live, again;
	u32 i, wrong = 0;
	u64 ino;

	close(fd);
	snprintf(data, sizeof(data), "%s.data", path);
	if (!lab_open(&live) || journal_to_file(live.journal, path))
		bail_out("no journal");
	for (i = 0; i < FILES; i++)
		create(live.tree, &root, fixture_format("r%u", i));
	make_dir(live.tree, &root, "d");
	create(live.tree, &root, "d/held");
	put(live.tree, "d/held", "kept", 0);
	held = open_at(live.tree, "d/held", O_RDWR);
	delete (live.tree, &root, "d/held", false);
	is_uint(random_steps(live.tree, 400), 0, "what was written reads back, in 96 MiB of RAM");
	create(live.tree, &root, "d/room");
	tree_walk(live.tree, &root, "sim/disk/d/room", &ino);
	is_err(tree_fallocate(live.tree, &root, ino, 4096, 100000, FALLOCATE_GROW), 0, "fallocate");
	is_err(tree_fallocate(live.tree, &root, ino, 200000, 1, FALLOCATE_KEEP_SIZE), 0,
	       "the size kept");
	put(live.tree, "d/room", "to be punched", 9000);
	is_err(tree_fallocate(live.tree, &root, ino, 9000, 6, FALLOCATE_PUNCH), 0, "punched");
	tree_walk(live.tree, &root, "proc/meminfo", &ino);
	is_err(tree_fallocate(live.tree, &root, ino, 0, 1, FALLOCATE_GROW), -EOPNOTSUPP,
	       "of Linux's files");
	tree_write(live.tree, &root, held, "and written", 11, 4);
	is_sound(tree_machine(live.tree), "after all of it");

	ok(lab_replay(&again, path), "its journal replays");
	ok(same_trees(live.tree, again.tree, where), "to the same machine in every file (%s)",
	   where);
	for (i = 0; i < FILES; i++)
		wrong += !same_bytes(again.tree, i, fixture_format("r%u", i));
	is_uint(wrong, 0, "and the same bytes");
	lab_close(&again);

	is_int(tree_write_file(live.tree, "sim/ctl", "rewind 14", 9), 9,
	       "rewind to where it was open");
	cmp_int(tree_read(live.tree, &root, held, data, 4, 0), <, 0,
		"its descriptor is of a machine that is no more");
	tree_release(live.tree, &root, held);
	is_sound(tree_machine(live.tree), "after it is closed");
	put(live.tree, "r0", "after", 0);
	ok(lab_replay(&again, path), "the journal goes on behind the rewind");
	is_str(get(again.tree, "r0"), "after", "with what came after it");
	lab_close(&again);
	lab_close(&live);
	unlink(path);
	snprintf(data, sizeof(data), "%s.data", path);
	unlink(data);
}

static void test_reboot(void)
{
	struct lab l;

	if (!lab_open(&l))
		bail_out("no machine");
	make_dir(l.tree, &root, "d");
	create(l.tree, &root, "d/f");
	put(l.tree, "d/f", "before", 0);
	is_int(tree_write_file(l.tree, "sim/ctl", "reboot", 6), 6, "a reboot");
	is_str(get(l.tree, "d/f"), "before", "keeps the disk");
	is_int(status_of(l.tree, "d/f").st_blocks, 8, "and its places");
	put(l.tree, "d/f", "after", 0);
	is_str(get(l.tree, "d/f"), "aftere", "which goes on");
	is_sound(tree_machine(l.tree), "at the end");
	lab_close(&l);
}

/* ---- --disk DIR ---- */

static void host_put(const char *dir, const char *name, const char *text)
{
	FILE *f = fopen(fixture_format("%s/%s", dir, name), "w");

	if (!f)
		return;
	fputs(text, f);
	fclose(f);
}

static bool host_has(const char *dir, const char *name, const char *want)
{
	char *text = file_text(fixture_format("%s/%s", dir, name));
	bool same = text && !strcmp(text, want);

	free(text);
	return same;
}

static void test_host(void)
{
	char dir[] = "/tmp/mmanfs-dir-XXXXXX", why[DISK_PATH_MAX + 1],
	     path[] = "/tmp/mmanfs-disk-XXXXXX", where[512] = "all equal";
	struct lab l, again = { .tree = NULL };
	struct open_file *f;
	int fd = mkstemp(path);

	close(fd);
	if (!mkdtemp(dir) || !lab_open(&l))
		bail_out("no directory");
	mkdir(fixture_format("%s/sub", dir), 0755);
	host_put(dir, "sub/old", "from the host");
	host_put(dir, "b", "b");
	if (symlink("/etc/passwd", fixture_format("%s/link", dir)))
		diag("no link");
	is_err(disk_import(l.tree, "/nonexistent/dir", why), -ENOENT, "a DIR that is not there");
	is_err(disk_import(l.tree, dir, why), 0, "--disk DIR is taken in");
	journal_to_file(l.journal, path);
	is_str(get(l.tree, "sub/old"), "from the host", "its files are there");
	is_int(status_of(l.tree, "link").st_size, -1, "links are not seen");
	put(l.tree, "sub/old", "FROM", 0);
	ok(host_has(dir, "sub/old", "FROM the host"), "what is written is in DIR at once");
	make_dir(l.tree, &root, "new");
	create(l.tree, &root, "new/f");
	put(l.tree, "new/f", "x", 0);
	is_err(move(l.tree, "sub/old", "new/f"), 0, "rename");
	ok(host_has(dir, "new/f", "FROM the host"), "in DIR as well");
	is_err(delete (l.tree, &root, "sub", true), 0, "rmdir");
	ok(access(fixture_format("%s/sub", dir), F_OK), "too");
	f = open_at(l.tree, "b", O_RDWR);
	delete (l.tree, &root, "b", false);
	is_int(tree_read(l.tree, &root, f, why, 1, 0), 1,
	       "a removed file that is open keeps its bytes");
	tree_release(l.tree, &root, f);
	cmp_int(tree_write_file(l.tree, "sim/ctl", "rewind 1", 8), <, 0, "DIR is not taken back");
	is_sound(tree_machine(l.tree), "at the end");
	if (!lab_replay(&again, path))
		bail_out("the journal does not replay without DIR");
	ok(same_trees(l.tree, again.tree, where), "to the same machine (%s)", where);
	lab_close(&again);
	lab_close(&l);

	if (!lab_open(&l) || disk_import(l.tree, dir, why))
		bail_out("no second machine");
	is_str(get(l.tree, "new/f"), "FROM the host", "the next machine finds what was kept");
	delete (l.tree, &root, "new/f", false);
	delete (l.tree, &root, "new", true);
	lab_close(&l);
	unlink(fixture_format("%s/link", dir));
	ok(!rmdir(dir), "and DIR holds nothing that was not asked for");
	unlink(path);
	unlink(fixture_format("%s.data", path));
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, source.machine, NULL))
		bail_out("%s", f.why);
	test_stat(f.t);
	test_operations(f.t);
	test_diskstats(&f);
	test_flushes(&f);
	test_sync_writes(&f);
	test_processes(&f);
	fixture_close(&f);
	test_replay();
	test_reboot();
	test_host();
	return done_testing();
}
