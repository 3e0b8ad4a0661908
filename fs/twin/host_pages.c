/*
 * host_pages.c - which pages of its mappings a process has: /proc/PID/pagemap, made a text.
 *
 *	555ba8618000 f3 .2 a4 A12@40 s1
 *
 * A line for each mapping that has any: its start, then stretches from there on, a letter and how
 * many
 *
 *	.  none            a  its own, of this process alone      f  its file's, of this process alone
 *	s  in swap         A  its own, shared with others         F  its file's, mapped by others, too
 *
 * Shared pages have numbers, where the kernel tells frame numbers (to root): "A12@40" are the
 * shared pages 40 to 51 of this capture, whoever has them. A file's pages are known by its file.
 * The page of zeros, which is nobody's, is left out. A mapping so wide that reading it would take
 * long has no line.
 */
#include "fs/twin/host_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/pagemap.h"
#include "fs/twin/smaps.h"

#define CHUNK_ENTRIES  65536u
#define PAGES_PER_LOOK 16384u /* entries that may be read for each page that is there */

struct seen_page {
	u64 frame; /* + 1; 0: unused */
	u64 number;
};

struct host_pages {
	u64 *entries;
	u64 zero_frame;
	struct seen_page *seen; /* shared pages, by frame */
	u64 nr_seen, mask;
};

/* ---- shared pages get numbers ---- */

static struct seen_page *slot_of(struct seen_page *table, u64 mask, u64 frame)
{
	u64 i = (frame * 0x9e3779b97f4a7c15ull >> 20) & mask;

	while (table[i].frame && table[i].frame != frame + 1)
		i = (i + 1) & mask;
	return &table[i];
}

static bool grow(struct host_pages *h)
{
	u64 mask = h->mask ? 2 * h->mask + 1 : 4095, i;
	struct seen_page *table = calloc(mask + 1, sizeof(*table));

	if (!table)
		return false;
	for (i = 0; h->mask && i <= h->mask; i++)
		if (h->seen[i].frame)
			*slot_of(table, mask, h->seen[i].frame - 1) = h->seen[i];
	free(h->seen);
	h->seen = table;
	h->mask = mask;
	return true;
}

/* The number of a shared page, from 1 on; 0: it is not told, or no memory. */
static u64 number_of(struct host_pages *h, u64 frame)
{
	struct seen_page *s;

	if (!frame || (2 * h->nr_seen >= h->mask && !grow(h)))
		return 0;
	s = slot_of(h->seen, h->mask, frame);
	if (!s->frame)
		*s = (struct seen_page){ frame + 1, ++h->nr_seen };
	return s->number;
}

/* ---- one mapping ---- */

struct stretch {
	char letter;
	u64 n, number; /* of its first page; 0: none */
};

static void put_stretch(struct text *out, const struct stretch *s)
{
	if (!s->n)
		return;
	text_char(out, ' ');
	text_char(out, s->letter);
	text_u64(out, s->n);
	if (!s->number)
		return;
	text_char(out, '@');
	text_u64(out, s->number);
}

static char letter_of(const struct host_pages *h, u64 entry)
{
	if (entry & PM_SWAP)
		return 's';
	if (!(entry & PM_PRESENT) || (h->zero_frame && (entry & PM_FRAME) == h->zero_frame))
		return '.';
	if (entry & PM_FILE)
		return entry & PM_EXCLUSIVE ? 'f' : 'F';
	return entry & PM_EXCLUSIVE ? 'a' : 'A';
}

static void add_entries(struct host_pages *h, u64 n, struct stretch *s, struct text *out)
{
	u64 i, number;
	char letter;

	for (i = 0; i < n; i++) {
		letter = letter_of(h, h->entries[i]);
		number = letter == 'A' ? number_of(h, h->entries[i] & PM_FRAME) : 0;
		if (letter == s->letter && number == (s->number ? s->number + s->n : 0)) {
			s->n++;
			continue;
		}
		put_stretch(out, s);
		*s = (struct stretch){ letter, 1, number };
	}
}

/* Its line; without one where nothing can be read. */
static void add_mapping(struct host_pages *h, int fd, const struct paragraph *p, struct text *out)
{
	u64 at = p->start / PAGE_SIZE, end = p->end / PAGE_SIZE;
	struct stretch s = { '.', 0, 0 };
	size_t start = out->length, head;

	text_hex(out, p->start, 1);
	head = out->length;
	while (at < end) {
		u64 want = end - at < CHUNK_ENTRIES ? end - at : CHUNK_ENTRIES;
		ssize_t n = pread(fd, h->entries, want * sizeof(u64), (off_t)(at * sizeof(u64)));

		if (n < (ssize_t)sizeof(u64))
			break;
		add_entries(h, (u64)n / sizeof(u64), &s, out);
		at += (u64)n / sizeof(u64);
	}
	if (s.letter != '.')
		put_stretch(out, &s);
	if (at < end || out->length == head)
		out->length = start;
	else
		text_char(out, '\n');
}

int host_pages_read(struct host_pages *h, u32 pid, struct slice smaps, struct text *out)
{
	struct paragraph p;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (smaps_next(&smaps, &p)) {
		u64 resident = (p.rss + p.swap) / PAGE_KB;

		if (resident && p.end > p.start && p.end <= (u64)1 << 47 &&
		    (p.end - p.start) / PAGE_SIZE / PAGES_PER_LOOK <= resident)
			add_mapping(h, fd, &p, out);
	}
	close(fd);
	return 0;
}

struct host_pages *host_pages_open(void)
{
	struct host_pages *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->entries = malloc(CHUNK_ENTRIES * sizeof(*h->entries));
	h->zero_frame = host_zero_frame();
	if (h->entries)
		return h;
	free(h);
	return NULL;
}

void host_pages_close(struct host_pages *h)
{
	if (!h)
		return;
	free(h->entries);
	free(h->seen);
	free(h);
}
