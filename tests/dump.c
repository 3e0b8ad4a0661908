/* dump.c - walking the tree in-process. */
#include "tests/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct caller root;

struct child {
	char name[256];
	u64 ino;
	mode_t mode;
};

struct children {
	struct child *list;
	size_t nr, room;
	u64 next;
	u32 room_now;
};

static bool collect(struct dir_emit *e, const char *name, const struct entry *entry, u64 next)
{
	struct children *c = e->arg;

	(void)entry;
	/* a reader's buffer is small: so the positions are exercised too */
	if (!c->room_now)
		return false;
	c->room_now--;
	c->next = next;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return true;
	if (c->nr == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		c->list = realloc(c->list, c->room * sizeof(*c->list));
		if (!c->list)
			abort();
	}
	snprintf(c->list[c->nr].name, sizeof(c->list[c->nr].name), "%s", name);
	c->list[c->nr].ino = e->ino;
	c->list[c->nr].mode = e->mode;
	c->nr++;
	return true;
}

static void list(struct tree *t, u64 ino, struct children *c)
{
	struct dir_emit e = { .arg = c, .emit = collect };

	memset(c, 0, sizeof(*c));
	do {
		c->room_now = 50;
		if (tree_readdir(t, &root, ino, c->next, &e))
			break;
	} while (!c->room_now);
}

static void dump_file(struct tree *t, u64 ino, struct text *out)
{
	struct open_file *f;
	const char *data;
	u64 offset = 0;
	ssize_t n;

	if (tree_is_stream(t, ino) || tree_open(t, &root, ino, O_RDONLY, &f))
		return;
	while ((n = tree_read_text(t, &root, f, 1 << 20, offset, &data)) > 0) {
		text_mem(out, data, (size_t)n);
		offset += (u64)n;
	}
	if (n < 0)
		text_printf(out, "(%s)\n", strerrorname_np((int)-n));
	tree_release(t, &root, f);
}

static void dump_directory(struct tree *t, u64 ino, const char *path, struct text *out)
{
	struct children c;
	size_t i;

	list(t, ino, &c);
	for (i = 0; i < c.nr; i++) {
		char child[1024];

		snprintf(child, sizeof(child), "%s%s%s", path, *path ? "/" : "", c.list[i].name);
		if (S_ISDIR(c.list[i].mode)) {
			dump_directory(t, c.list[i].ino, child, out);
			continue;
		}
		text_printf(out, "== %s\n", child);
		if (S_ISLNK(c.list[i].mode)) {
			(void)tree_readlink(t, &root, c.list[i].ino, out);
			text_char(out, '\n');
		} else {
			dump_file(t, c.list[i].ino, out);
		}
	}
	free(c.list);
}

void tree_dump(struct tree *t, const char *path, struct text *out)
{
	u64 ino = TREE_ROOT_INO;

	if (!*path || !tree_walk(t, &root, path, &ino))
		dump_directory(t, ino, path, out);
}

const char *dump_difference(const struct text *a, const struct text *b, char *buffer, size_t size)
{
	size_t i, n = a->length < b->length ? a->length : b->length, start = 0;
	const char *end;

	for (i = 0; i < n && a->data[i] == b->data[i]; i++)
		if (a->data[i] == '\n' && i + 3 < n && !memcmp(a->data + i + 1, "== ", 3))
			start = i + 4;
	if (i == a->length && i == b->length)
		return NULL;
	end = memchr(a->data + start, '\n', a->length - start);
	snprintf(buffer, size, "%.*s near: %.60s | %.60s",
		 end ? (int)(end - a->data - (ptrdiff_t)start) : 0, a->data + start,
		 i < a->length ? a->data + i : "(end)", i < b->length ? b->data + i : "(end)");
	return buffer;
}
