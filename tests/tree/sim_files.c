/*
 * The other files of sim/, and dev/kmsg: the maps of zones, the census of pages, events, the
 * journal, what the kernel log takes and gives.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/journal.h"
#include "tests/ctl.h"
#include "tests/sound.h"
#include "tests/tap.h"

static const struct caller root;

/* ---- sim/zones ---- */

static void count_letters(const char *map, u64 *blocks, u64 letters[256])
{
	const char *line = map, *end;

	*blocks = 0;
	memset(letters, 0, 256 * sizeof(*letters));
	while (*line && (end = strchr(line, '\n'))) {
		for (line += 9; line < end; line++) {
			letters[(unsigned char)*line]++;
			++*blocks;
		}
		line = end + 1;
	}
}

static void one_zone(struct fixture *f, struct zone *z, u32 nid, const char *name)
{
	const char *map = fixture_read(f, fixture_format("sim/zones/%u.%s/map", nid, name));
	u64 first = z->start_pfn / PAGEBLOCK_NR_PAGES,
	    last = (z->start_pfn + z->spanned_pages + PAGEBLOCK_NR_PAGES - 1) / PAGEBLOCK_NR_PAGES,
	    blocks;
	u64 letters[256], wholly_free, free_pages = (u64)z->vm_stat[NR_FREE_PAGES];

	like(map, "^[0-9a-f]{8} [.:murMURHI]+\n", "%u.%s: a frame number and letters", nid, name);
	is_hex(strtoull(map, NULL, 16), first * PAGEBLOCK_NR_PAGES,
	       "it begins with the zone's first pageblock");
	count_letters(map, &blocks, letters);
	is_uint(blocks, last - first, "a letter for each pageblock it spans");
	wholly_free = letters['.'] * PAGEBLOCK_NR_PAGES;
	cmp_int(wholly_free, <=, free_pages, "no more is wholly free than is free");
	cmp_int(free_pages - wholly_free, <,
		(letters['m'] + letters['u'] + letters['r'] + letters['H'] + letters['I'] + 1) *
			PAGEBLOCK_NR_PAGES,
		"the rest of the free pages is in the partly used ones");
}

static void test_zones(struct fixture *f)
{
	u32 nid, type, nr = 0;

	for (nid = 0; nid < f->m->nr_nodes; nid++)
		for (type = 0; type < MAX_NR_ZONES; type++) {
			struct zone *z = &f->m->node[nid].zones[type];

			if (!zone_populated(z))
				continue;
			one_zone(f, z, nid, zone_name((enum zone_type)type));
			nr++;
		}
	cmp_int(nr, >=, 3, "every zone that has memory was looked at");
	is_err(fixture_error(f, "sim/zones/0.Movable/map"), -ENOENT, "an empty zone is not there");
	is_err(fixture_error(f, "sim/zones/00.DMA/map"), -ENOENT, "nor is another spelling");
	is_err(fixture_error(f, "sim/zones/9.Normal/map"), -ENOENT, "nor a node that is not");
	is_err(fixture_error(f, "sim/zones/0.Cellar/map"), -ENOENT, "nor a zone of no such name");
}

/* A process fills a zone: the picture shows it. */
static void test_zone_changes(struct fixture *f)
{
	u64 before[256], after[256], blocks;

	count_letters(fixture_read(f, "sim/zones/0.DMA32/map"), &blocks, before);
	ctl_mkdir(f, "z");
	ctl_put(f, "z", "sched_setaffinity 0\nmmap m 200M\nwrite m");
	count_letters(fixture_read(f, "sim/zones/0.DMA32/map"), &blocks, after);
	cmp_int(after['M'] - before['M'], >=, 90,
		"200 MiB of anonymous memory fill movable pageblocks");
	cmp_int(before['.'] - after['.'], >=, 90, "which were free");
	ctl_rmdir(f, "z");
	count_letters(fixture_read(f, "sim/zones/0.DMA32/map"), &blocks, after);
	cmp_int(before['.'] - after['.'], <=, 8,
		"and are free again, but for what lies in the page lists of the CPUs");
}

/* ---- sim/lru ---- */

struct census {
	unsigned long long free, active, clean, dirty, unevictable;
};

static struct census census_of(struct fixture *f, const char *name)
{
	const char *line = fixture_read(f, "sim/lru");
	struct census c = { 0 };
	size_t n = strlen(name);

	while (line && (strncmp(line, name, n) || line[n] != ' '))
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
	if (!line || sscanf(line + n, "%llu %llu %llu %llu %llu", &c.free, &c.active, &c.clean,
			    &c.dirty, &c.unevictable) != 5)
		fail("sim/lru has a line '%s' with five numbers", name);
	return c;
}

static u64 dirty_inactive(struct fixture *f)
{
	return (u64)ctl_vmstat(f, "nr_inactive_anon") + (u64)ctl_vmstat(f, "nr_dirty");
}

static void agrees(struct fixture *f, const char *when)
{
	struct census all = census_of(f, "all"), node = census_of(f, "node0");
	u64 inactive = (u64)(ctl_vmstat(f, "nr_inactive_anon") + ctl_vmstat(f, "nr_inactive_file"));
	u32 nid;

	is_uint(all.free, ctl_vmstat(f, "nr_free_pages"), "free pages are those of vmstat, %s",
		when);
	is_uint(all.active, ctl_vmstat(f, "nr_active_anon") + ctl_vmstat(f, "nr_active_file"),
		"active ones too");
	is_uint(all.clean + all.dirty, inactive, "inactive ones too");
	is_uint(all.dirty, dirty_inactive(f),
		"the dirty ones are the anonymous and the dirty file pages");
	is_uint(all.unevictable, ctl_vmstat(f, "nr_unevictable"), "unevictable ones too");
	for (nid = 1; nid < f->m->nr_nodes; nid++) {
		struct census next = census_of(f, fixture_format("node%u", nid));

		node.free += next.free;
		node.clean += next.clean;
	}
	is_uint(node.free, all.free, "the nodes add up to all");
	is_uint(node.clean, all.clean, "also in inactive clean pages");
}

static void test_lru(struct fixture *f)
{
	struct census before, after;
	u64 disk, ino;

	agrees(f, "after boot");
	tree_walk(f->t, &root, "sim/disk", &disk);
	tree_create_file(f->t, &root, disk, "data", 0644, &ino);
	tree_truncate(f->t, &root, ino, 1 << 20);
	tree_create_file(f->t, &root, disk, "new", 0644, &ino);
	/* their blocks of the disk itself are dirty, and active */
	fixture_write(f, "sim/ctl", "sync\n");
	ctl_mkdir(f, "c");
	ctl_put(f, "c", "mmap a 4M\nwrite a 0 1M");
	agrees(f, "with anonymous memory");
	/* blocks of the disk itself are looked at by each command: soon they are active */
	ctl_put(f, "c", "fread data 0 0\nfread data 0 0");
	before = census_of(f, "all");
	ctl_put(f, "c", "fread data 0 1M");
	after = census_of(f, "all");
	is_uint(after.clean - before.clean, 256, "a file that is read is inactive and clean");
	ctl_put(f, "c", "fwrite new 0 400K");
	is_uint(census_of(f, "all").dirty - after.dirty, 100, "a new file is inactive and dirty");
	agrees(f, "with a dirty file");
	ctl_put(f, "c", "fsync new");
	is_uint(census_of(f, "all").dirty, after.dirty, "written back, it is clean");
	ctl_put(f, "c", "fread new 0 400K\nfread new 0 400K\nfwrite new 0 400K");
	is_uint(census_of(f, "all").dirty, after.dirty,
		"used again, it is active, and dirty pages there are not counted");
	ctl_put(f, "c", "fsync new\nmlock a 0 64K\nfwrite new 1M 64K");
	agrees(f, "with locked memory and a dirty file");
	ctl_put(f, "c", "madvise a free 512K 256K");
	is_sound(f->m, "with pages that may be freed lazily, which are counted as clean");
	tree_unlink(f->t, &root, disk, "new");
	fixture_write(f, "sim/ctl", "sync\n");
	agrees(f, "after the dirty file was removed");
	ctl_rmdir(f, "c");
}

/* ---- dev/kmsg ---- */

static struct open_file *open_kmsg(struct fixture *f)
{
	struct open_file *file = NULL;
	u64 ino;

	if (!tree_walk(f->t, &root, "dev/kmsg", &ino))
		(void)tree_open(f->t, &root, ino, O_RDWR | O_NONBLOCK, &file);
	return file;
}

static ssize_t kmsg_read(struct fixture *f, struct open_file *file, char *line, size_t size)
{
	ssize_t n = tree_read(f->t, &root, file, line, size - 1, 0);

	line[n > 0 ? n : 0] = '\0';
	return n;
}

/* What was written, and what the record is then. */
static void logs(struct fixture *f, struct open_file *file, const char *text, size_t size,
		 const char *regex)
{
	char line[4096];

	is_int(tree_write(f->t, &root, file, text, size, 0), size, "'%.30s' is written", text);
	ok(kmsg_read(f, file, line, sizeof(line)) > 0, "and is a record");
	like(line, regex, "which reads %.60s", line);
}

static void test_kmsg(struct fixture *f)
{
	struct open_file *file = open_kmsg(f);
	unsigned long long seq, next;
	char line[4096], longest[994];
	u32 n = 0;

	if (!ok(file, "dev/kmsg opens for reading and writing"))
		return;
	ok(kmsg_read(f, file, line, sizeof(line)) > 0, "a read gives a record");
	like(line, "^[0-9]+,0,0,-;Linux version 6\\.1", "the first one is the kernel's banner");
	for (seq = 0; kmsg_read(f, file, line, sizeof(line)) > 0; seq = next, n++)
		if (sscanf(line, "%*u,%llu,", &next) != 1 || next != seq + 1)
			break;
	cmp_int(n, >=, 20, "the log of the boot is there, numbered without a gap");
	is_err(kmsg_read(f, file, line, sizeof(line)), -EAGAIN, "and then there is no more");
	is_int(tree_poll(f->t, &root, file) & POLLIN, 0, "which poll knows");

	logs(f, file, "hello\n", 6, "^12,[0-9]+,[0-9]+,-;hello\n$");
	logs(f, file, "no newline", 10, "^12,.*;no newline\n$");
	logs(f, file, "<3>three", 8, "^11,.*;three\n$");
	logs(f, file, "<30>daemon", 10, "^30,.*;daemon\n$");
	logs(f, file, "<300>far", 8, "^300,.*;far\n$");
	logs(f, file, "<x>text", 7, "^12,.*;<x>text\n$");
	logs(f, file, "a\tb\\c\x01", 6, "^12,.*;a\\\\x09b\\\\x5cc\\\\x01\n$");
	logs(f, file, "two\nlines", 9, ";two\\\\x0alines\n$");
	memset(longest, 'x', sizeof(longest));
	is_err(tree_write(f->t, &root, file, longest, 993, 0), -EINVAL, "993 bytes are too long");
	is_int(tree_write(f->t, &root, file, longest, 992, 0), 992, "992 are not");
	cmp_int(tree_poll(f->t, &root, file) & POLLIN, !=, 0, "poll sees it");
	is_err(kmsg_read(f, file, line, 50), -EINVAL, "a buffer that is too small");
	ok(kmsg_read(f, file, line, sizeof(line)) > 992, "loses nothing");

	/* a reader who falls behind */
	for (n = 0; n < 2 * LOG_RING_BYTES / 992; n++)
		tree_write(f->t, &root, file, longest, 992, 0);
	is_err(kmsg_read(f, file, line, sizeof(line)), -EPIPE,
	       "a reader whose next record is gone is told once");
	ok(kmsg_read(f, file, line, sizeof(line)) > 0, "and goes on with the oldest there is");
	tree_release(f->t, &root, file);
	is_err(fixture_read_as(f, 1000, "dev/kmsg"), -EPERM,
	       "other users may not read it (CONFIG_SECURITY_DMESG_RESTRICT)");
	is_err(fixture_write_as(f, 1000, "dev/kmsg", "x\n", 2), -EACCES, "nor write to it");
}

/* ---- the rest ---- */

static void test_events(struct fixture *f)
{
	struct open_file *file;
	char line[2048];
	u64 ino;
	ssize_t n;

	tree_walk(f->t, &root, "sim/events", &ino);
	is_err(tree_open(f->t, &root, ino, O_RDONLY | O_NONBLOCK, &file), 0, "sim/events opens");
	ctl_mkdir(f, "ev");
	trace_event(f->m, "mark_victim pid=%d comm=%s", 42, "x");
	while ((n = tree_read(f->t, &root, file, line, sizeof(line) - 1, 0)) > 0)
		line[n] = '\0';
	like(line, "^[0-9]+\\.[0-9]{9} mark_victim pid=42 comm=x\n$", "time, event, key=value");
	is_err(n, -EAGAIN, "and then no more");
	trace_event(f->m, "mark_victim pid=%d comm=%s", 43, "y");
	for (n = 0; n < (ssize_t)sizeof(line) - 1; n++)
		if (tree_read(f->t, &root, file, line + n, 1, 0) != 1)
			break;
	line[n] = '\0';
	like(line, "^[0-9]+\\.[0-9]{9} mark_victim pid=43 comm=y\n$",
	     "who reads it byte by byte gets the same");
	tree_release(f->t, &root, file);
	ctl_rmdir(f, "ev");
}

static void test_small_files(struct fixture *f)
{
	is_str(fixture_read(f, "sim/check"), "ok\n", "sim/check says ok");
	like(fixture_read(f, "sim/README"), "mmap NAME SIZE", "sim/README has the commands");
	is_str(fixture_read(f, "sim/reclaim_policy"), "lru\n", "the reclaim policy is lru");
	is_int(fixture_write(f, "sim/reclaim_policy", "lru\n"), 4, "and may be set to that");
	is_int(fixture_write(f, "sim/reclaim_policy", "classic"), 7, "classic is the other one");
	is_str(fixture_read(f, "sim/reclaim_policy"), "classic\n", "and holds");
	like(fixture_read(f, "sim/explain"), "The reclaim policy is classic",
	     "as sim/explain says");
	fixture_write(f, "sim/reclaim_policy", "lru\n");
	is_err(fixture_write(f, "sim/reclaim_policy", "mglru\n"), -EINVAL,
	       "but not to what is not built");
	is_str(fixture_read(f, "sim/journal"), "", "without a journal, its file is empty");
}

static void test_journal(struct fixture *f)
{
	static const struct machine_source source = { .name = "n",
						      .machine = "[machine]\n",
						      .cmdline = "" };
	struct journal *j = journal_create(f->t, &source);
	u64 lines;

	if (!ok(j, "a journal is kept from here on"))
		return;
	fixture_write(f, "proc/sys/vm/swappiness", "33\n");
	is_uint(journal_lines(j), 1, "a knob's change is a line");
	like(fixture_read(f, "sim/journal"),
	     "\n1 [0-9]+\\.[0-9]{9} [0-9]+ 0:0 write proc/sys/vm/swappiness \"33\\\\n\"\n",
	     "with time, step, user, file and bytes");
	like(fixture_read(f, "sim/journal"), "\n2 [0-9.]+ [0-9]+ 0:0 clock\n$",
	     "the clock of now is the last one");
	fixture_write(f, "proc/sys/vm/swappiness", "333\n");
	fixture_read(f, "proc/meminfo");
	is_uint(journal_lines(j), 1, "what was refused is none, nor is reading");
	ctl_mkdir(f, "j");
	ctl_put(f, "j", "fly");
	ctl_rmdir(f, "j");
	lines = journal_lines(j);
	is_uint(lines, 4, "mkdir, a command, rmdir");
	like(fixture_read(f, "sim/journal"),
	     "\n2 .* mkdir sim/procs/j\n3 .* write sim/procs/j/ctl \"fly\"\n4 .* rmdir sim/procs/j\n",
	     "a command is written down when it begins, whatever comes of it");
	journal_destroy(j);
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "two-node", NULL))
		bail_out("%s", f.why);
	test_zones(&f);
	test_zone_changes(&f);
	test_lru(&f);
	test_events(&f);
	test_small_files(&f);
	test_journal(&f);
	test_kmsg(&f);
	is_sound(f.m, "at the end");
	fixture_close(&f);
	return done_testing();
}
