/*
 * sim/events and its page of the manual: every event that docs/events.md names happens in the
 * scenario below, with the keys that stand there, and none happens that is not named.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mman/lab.h>

#include "tests/ctl.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define EVENTS_MAX 64u

static const struct caller root;

struct documented {
	char name[64], keys[512];
	u32 seen;
};

struct book {
	struct documented event[EVENTS_MAX];
	u32 nr, unknown;
	u64 next; /* record to read */
};

static void read_book(struct book *b)
{
	char *page = file_text("docs/events.md"), *line, *rest = page;

	if (!page)
		bail_out("no docs/events.md");
	memset(b, 0, sizeof(*b));
	while ((line = strtok_r(rest, "\n", &rest))) {
		struct documented *d = &b->event[b->nr];

		if (sscanf(line, "| %*s | `%63[a-z_]` | %511[^|]", d->name, d->keys) == 2 &&
		    ++b->nr == EVENTS_MAX)
			bail_out("more events than the test holds");
	}
	free(page);
}

static struct documented *find(struct book *b, const char *name)
{
	u32 i;

	for (i = 0; i < b->nr; i++)
		if (!strcmp(b->event[i].name, name))
			return &b->event[i];
	return NULL;
}

/* "a=1 b=two" has the keys "a b ", in that order. */
static bool has_keys(const char *pairs, const char *keys)
{
	char key[64];
	int n;

	for (; sscanf(keys, "%63s%n", key, &n) == 1; keys += n) {
		size_t length = strlen(key);

		pairs += strspn(pairs, " ");
		if (strncmp(pairs, key, length) || pairs[length] != '=')
			return false;
		/* a quoted value is the last */
		pairs += pairs[length + 1] == '"' ? strlen(pairs) : strcspn(pairs, " ");
	}
	return !pairs[strspn(pairs, " ")];
}

/* What has happened since the last look. */
static void look(struct book *b, struct machine *m)
{
	char text[LOG_LINE_MAX], name[64];
	u64 time;
	int level;

	for (; log_read(&m->trace, &b->next, &time, &level, text, sizeof(text)) >= 0; b->next++) {
		struct documented *d;

		name[0] = '\0';
		sscanf(text, "%63s", name);
		d = find(b, name);
		if (d && has_keys(text + strlen(name), d->keys)) {
			d->seen++;
			continue;
		}
		if (!b->unknown++)
			diag("not as documented: %s", text);
	}
}

static void put(struct fixture *f, struct book *b, const char *name, const char *line)
{
	ctl_put(f, name, line);
	look(b, f->m);
}

static void advance(struct fixture *f, struct book *b, const char *time)
{
	fixture_write(f, "sim/clock", fixture_format("advance %s", time));
	look(b, f->m);
}

static void ctl(struct fixture *f, struct book *b, const char *line)
{
	fixture_write(f, "sim/ctl", line);
	look(b, f->m);
}

/* Free memory in pieces: made whole by hand, in the background, by who needs it; and where nothing
 * helps. */
static void compaction(struct fixture *f, struct book *b)
{
	u32 i;

	ctl(f, b, "fragment 0 DMA 1 unmovable");
	ctl(f, b, "fragment 0 DMA32 1");
	fixture_write(f, "proc/sys/vm/compact_memory", "1");
	look(b, f->m);
	ctl(f, b, "fragment 0 DMA32 1");
	fixture_write(f, "proc/sys/vm/compaction_proactiveness", "100");
	advance(f, b, "1s");
	fixture_write(f, "proc/sys/vm/compaction_proactiveness", "0");
	ctl(f, b, "fragment 0 DMA32 1");
	/* the hints of the last runs are in the way until kswapd has been by */
	ctl(f, b, "kmalloc a 4M");
	advance(f, b, "1s");
	ctl(f, b, "kmalloc b 4M");
	ctl(f, b, "kfree b");
	ctl(f, b, "fragment 0 DMA32 1 unmovable");
	for (i = 0; i < 4; i++)
		ctl(f, b, "kmalloc a 4M");
	fixture_write(f, "proc/sys/vm/nr_hugepages", "1");
	advance(f, b, "1s");
	ctl(f, b, "fragment 0 DMA32 0");
	ctl(f, b, "fragment 0 DMA 0");
}

/* Page cache, dirty pages, reclaim, then memory out. */
static void scenario(struct fixture *f, struct book *b)
{
	struct oom_control oc = { .gfp = GFP_KERNEL,
				  .node = &f->m->node[0],
				  .highest = ZONE_MOVABLE };
	handle_t child;
	u64 dir, ino;
	u32 i;

	compaction(f, b);
	ctl_mkdir(f, "writer");
	if (tree_walk(f->t, &root, "sim/disk", &dir) ||
	    tree_create_file(f->t, &root, dir, "file", 0644, &ino))
		bail_out("no file");
	fixture_write(f, "proc/sys/vm/dirty_bytes", "8388608\n");
	for (i = 0; i < 16; i++)
		put(f, b, "writer", fixture_format("fwrite file %uM 8M", 8 * i));
	advance(f, b, "60s");
	for (i = 0; i < 40; i++)
		put(f, b, "writer", fixture_format("fread file %uM 8M", 8 * i % 120));
	fixture_write(f, "sim/ctl", "slab dentry +300000");
	look(b, f->m);
	ctl_mkdir(f, "large");
	fixture_write(f, fixture_format("proc/%u/oom_score_adj", ctl_pid(f, "large")), "900");
	put(f, b, "large", "mmap m 1G noreserve");
	for (i = 0; i < 5; i++)
		put(f, b, "large", fixture_format("write m %uM 40M", 40 * i));
	advance(f, b, "10s");
	put(f, b, "writer", "mmap n 1G noreserve\nwrite n 0 200M");
	advance(f, b, "30s");
	if (!task_clone_vm(f->m, f->m->tasks.init, &child))
		task_at(f->m, child)->oom_score_adj = 1000;
	out_of_memory(f->m, &oc);
	advance(f, b, "3s");
	fixture_write(f, "proc/sys/vm/panic_on_oom", "2\n");
	oc.chosen = 0;
	out_of_memory(f->m, &oc);
	look(b, f->m);
}

/* One record a read, then EAGAIN. */
static void test_reading(struct fixture *f)
{
	struct open_file *file;
	char record[2048];
	u64 ino, seconds, nanos, records = 0, wrong = 0;
	ssize_t n;

	tree_walk(f->t, &root, "sim/events", &ino);
	is_err(tree_open(f->t, &root, ino, O_RDONLY | O_NONBLOCK, &file), 0, "sim/events opens");
	is_int(tree_poll(f->t, &root, file) & POLLIN, POLLIN, "poll: there is something");
	is_int(tree_read(f->t, &root, file, record, 4, 0), 4, "a small buffer gets a piece");
	is_int(tree_poll(f->t, &root, file) & POLLIN, POLLIN, "poll: there is more of it");
	n = tree_read(f->t, &root, file, record, sizeof(record), 0);
	ok(n > 4 && memchr(record, '\n', (size_t)n) == record + n - 1,
	   "the rest of it is what comes next");
	while ((n = tree_read(f->t, &root, file, record, sizeof(record) - 1, 0)) > 0) {
		record[n] = '\0';
		records++;
		wrong += strchr(record, '\n') != record + n - 1 ||
			 sscanf(record, "%lu.%9lu ", &seconds, &nanos) != 2;
	}
	is_int(n, -EAGAIN, "then it is empty");
	is_int(tree_poll(f->t, &root, file) & POLLIN, 0, "which poll says too");
	cmp_int((s64)records, >, 100, "%lu records", (unsigned long)records);
	is_uint(wrong, 0, "each a line with a time");
	tree_release(f->t, &root, file);
}

int main(void)
{
	struct book b;
	struct fixture f;
	u32 i;

	read_book(&b);
	cmp_int(b.nr, >=, 18, "docs/events.md names events");
	if (!fixture_open(&f, "[machine]\ncpus = 2\nmemory = 256M\n[cost]\npte_unmap = 100000\n",
			  NULL))
		bail_out("%s", f.why);
	scenario(&f, &b);
	for (i = 0; i < b.nr; i++)
		cmp_int(b.event[i].seen, >, 0, "%s happens", b.event[i].name);
	is_uint(b.unknown, 0, "nothing happens that is not documented, keys included");
	ok(f.m->panicked, "the last of it is a panic");
	test_reading(&f);
	is_sound(f.m, "at the end");
	fixture_close(&f);
	return done_testing();
}
