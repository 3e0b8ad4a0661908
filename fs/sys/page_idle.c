/*
 * /sys/kernel/mm/page_idle/bitmap: a bit for each page frame, in words of 64.
 * Source: Documentation/admin-guide/mm/idle_page_tracking.rst.
 */
#include "fs/sys/device.h"

#include <errno.h>
#include <mman/page_idle.h>
#include <string.h>

#define WORD_BYTES sizeof(u64)

static bool is_aligned(size_t size, u64 offset)
{
	return size % WORD_BYTES == 0 && offset % WORD_BYTES == 0;
}

static u64 read_word(struct machine *m, pfn_t first)
{
	u64 word = 0;
	u32 bit;

	/* a word's frames share a 4 MiB block: without struct pages none was ever used */
	if (!page_exists(m, first))
		return 0;
	for (bit = 0; bit < 64 && first + bit < m->max_pfn; bit++)
		word |= (u64)page_idle_test(m, first + bit) << bit;
	return word;
}

static ssize_t bitmap_pread(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	size_t done;

	if (!is_aligned(size, offset))
		return -EINVAL;
	for (done = 0; done < size && (offset + done) * 8 < rq->m->max_pfn; done += WORD_BYTES) {
		u64 word = read_word(rq->m, (pfn_t)((offset + done) * 8));

		memcpy(buffer + done, &word, WORD_BYTES);
	}
	return (ssize_t)done;
}

static ssize_t bitmap_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	size_t done;

	if (!is_aligned(size, offset))
		return -EINVAL;
	if (offset * 8 >= rq->m->max_pfn)
		return -ENXIO;
	for (done = 0; done < size && (offset + done) * 8 < rq->m->max_pfn; done += WORD_BYTES) {
		pfn_t first = (pfn_t)((offset + done) * 8);
		u64 word;

		memcpy(&word, data + done, WORD_BYTES);
		for (; word; word &= word - 1) {
			pfn_t pfn = first + (u32)__builtin_ctzll(word);

			if (pfn < rq->m->max_pfn)
				page_idle_mark(rq->m, pfn);
		}
	}
	return (ssize_t)done;
}

static const struct attribute page_idle_attrs[] = {
	{ .name = "bitmap",
	  .mode = 0600,
	  .flags = ATTR_POSITIONAL,
	  .pread = bitmap_pread,
	  .store = bitmap_store },
};

const struct directory sys_page_idle_directory = {
	.name = "page_idle",
	.mode = 0755,
	.attrs = page_idle_attrs,
	.nr_attrs = ARRAY_SIZE(page_idle_attrs),
};
