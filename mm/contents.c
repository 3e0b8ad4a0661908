/*
 * contents.c - the bytes of pages that have any; contents.h has the picture.
 *
 * Only what somebody wrote is kept. Everything the machine does with pages (copies, swap, frees)
 * passes handles on; bytes are copied when a value that has other holders is written to, and never
 * otherwise.
 */
#include <mman/contents.h>

#include <errno.h>
#include <string.h>

#include "mm/check.h"
#include "mm/filemap.h"
#include "mm/hugetlb.h"

/* In ->value: not a handle of bytes, but one byte that the whole page consists of. */
#define VALUE_FILL 0x80000000u

struct page_contents {
	u32 references;
	u32 value; /* handle in ->bytes, or VALUE_FILL and the byte */
};

#define VALUES_MAX (1u << 22) /* 16 GiB of bytes: more the host would hardly have */

static struct page_contents *value_at(const struct machine *m, handle_t h)
{
	return (struct page_contents *)(void *)m->contents.values.base + h;
}

static u8 *bytes_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->contents.bytes, h);
}

/* ---- power on and off ---- */

int contents_init(struct machine *m)
{
	struct contents_state *s = &m->contents;
	u32 sections = (u32)(m->room_pfn >> PFN_SECTION_SHIFT) + 1;
	int error =
		pool_init(&s->values, "contents", sizeof(struct page_contents), VALUES_MAX + 256);

	if (!error)
		error = pool_init(&s->bytes, "contents bytes", PAGE_SIZE, VALUES_MAX);
	if (!error)
		error = pool_init(&s->arrays, "contents array",
				  PAGES_PER_SECTION * sizeof(handle_t), sections);
	if (!error)
		error = pool_init(&s->sections, "contents section", sizeof(handle_t), sections);
	return error;
}

void contents_destroy(struct machine *m)
{
	pool_destroy(&m->contents.values);
	pool_destroy(&m->contents.bytes);
	pool_destroy(&m->contents.arrays);
	pool_destroy(&m->contents.sections);
}

u64 contents_bytes(const struct machine *m)
{
	const struct contents_state *s = &m->contents;

	return (u64)s->values.nr_live * s->values.object_size +
	       (u64)s->bytes.nr_live * s->bytes.object_size +
	       (u64)s->arrays.nr_live * s->arrays.object_size +
	       (u64)s->sections.nr_live * s->sections.object_size;
}

/* ---- values ---- */

/* Both make a value with one reference; 0: no memory. */
static handle_t value_new(struct machine *m, u32 value)
{
	handle_t h = pool_alloc(&m->contents.values);

	if (h)
		*value_at(m, h) = (struct page_contents){ .references = 1, .value = value };
	return h;
}

static handle_t value_of_bytes(struct machine *m)
{
	handle_t bytes = pool_alloc(&m->contents.bytes), h = bytes ? value_new(m, bytes) : 0;

	if (bytes && !h)
		pool_free(&m->contents.bytes, bytes);
	return h;
}

/* A reference to the one value that is @byte all over. */
static handle_t value_of_fill(struct machine *m, u8 byte)
{
	handle_t *h = &m->contents.fill[byte];

	if (*h)
		return contents_get(m, *h);
	*h = value_new(m, VALUE_FILL | byte);
	return *h;
}

handle_t contents_get(struct machine *m, handle_t contents)
{
	if (contents)
		value_at(m, contents)->references++;
	return contents;
}

void contents_put(struct machine *m, handle_t contents)
{
	const struct page_contents *c = value_at(m, contents);

	if (!contents || --value_at(m, contents)->references)
		return;
	if (c->value & VALUE_FILL)
		m->contents.fill[c->value & 0xff] = 0;
	else
		pool_free(&m->contents.bytes, c->value);
	pool_free(&m->contents.values, contents);
}

u32 contents_references(const struct machine *m, handle_t contents)
{
	return contents && contents < m->contents.values.nr_slots ?
		       value_at(m, contents)->references :
		       0;
}

/* ---- which page has which ---- */

/* The pool rounds an object up to eight bytes. */
static handle_t *section_of(const struct machine *m, pfn_t pfn)
{
	return pool_at(&m->contents.sections, m->contents.first + (pfn >> PFN_SECTION_SHIFT));
}

static handle_t *array_at(const struct machine *m, handle_t array)
{
	return pool_at(&m->contents.arrays, array);
}

/* The page's place; NULL while its section has no contents. */
static handle_t *place_of(const struct machine *m, pfn_t pfn)
{
	handle_t array;

	if (!m->contents.nr_pages)
		return NULL;
	array = *section_of(m, pfn);
	return array ? &array_at(m, array)[pfn & (PAGES_PER_SECTION - 1)] : NULL;
}

/* The table is the only thing in its pool: it grows at its end. */
int contents_grow(struct machine *m)
{
	struct pool *p = &m->contents.sections;
	u32 wanted = (u32)(m->max_pfn >> PFN_SECTION_SHIFT) + 1,
	    have = p->nr_slots - m->contents.first;

	if (!m->contents.first || have >= wanted)
		return 0;
	return pool_alloc_array(p, wanted - have) ? 0 : -ENOMEM;
}

static handle_t *make_place(struct machine *m, pfn_t pfn)
{
	struct contents_state *s = &m->contents;
	handle_t *array;

	if (!s->first)
		s->first =
			pool_alloc_array(&s->sections, (u32)(m->max_pfn >> PFN_SECTION_SHIFT) + 1);
	if (!s->first)
		return NULL;
	array = section_of(m, pfn);
	if (!*array)
		*array = pool_alloc(&s->arrays);
	if (!*array)
		return NULL;
	return &array_at(m, *array)[pfn & (PAGES_PER_SECTION - 1)];
}

handle_t page_contents(const struct machine *m, pfn_t pfn)
{
	const handle_t *place = place_of(m, pfn);

	return place ? *place : 0;
}

/* Nothing has contents any more. While anything has, an array that is empty now is soon in use
 * again. */
static void free_arrays(struct machine *m)
{
	u64 pfn;

	for (pfn = 0; pfn < m->max_pfn; pfn += PAGES_PER_SECTION) {
		handle_t *array = section_of(m, (pfn_t)pfn);

		if (*array)
			pool_free(&m->contents.arrays, *array);
		*array = 0;
	}
}

/* The reference that @pfn holds, which then has none. */
static handle_t take_page_contents(struct machine *m, pfn_t pfn)
{
	handle_t *place = place_of(m, pfn), contents = place ? *place : 0;

	if (!contents)
		return 0;
	*place = 0;
	if (!--m->contents.nr_pages)
		free_arrays(m);
	return contents;
}

int set_page_contents(struct machine *m, pfn_t pfn, handle_t contents)
{
	handle_t *place, old;

	if (!contents) {
		contents_put(m, take_page_contents(m, pfn));
		return 0;
	}
	place = make_place(m, pfn);
	if (!place)
		return -ENOMEM;
	old = *place;
	*place = contents;
	m->contents.nr_pages += !old;
	contents_put(m, old);
	return 0;
}

int move_page_contents(struct machine *m, pfn_t from, pfn_t to)
{
	handle_t contents = page_contents(m, from), *place;

	if (!contents)
		return 0;
	place = make_place(m, to);
	if (!place)
		return -ENOMEM;
	*place = contents;
	*place_of(m, from) = 0;
	return 0;
}

void drop_contents(struct machine *m, pfn_t pfn, unsigned int order)
{
	pfn_t end = pfn + (1u << order);

	for (; pfn < end && m->contents.nr_pages; pfn++)
		contents_put(m, take_page_contents(m, pfn));
}

/* ---- bytes ---- */

enum bytes_home {
	HOME_NONE, /* the kernel's own pages: zeros that nobody may write */
	HOME_PAGE,
	HOME_FILE
};

static enum bytes_home bytes_home(const struct machine *m, const struct page *p)
{
	struct page *head = (struct page *)p;

	if (page_huge_head(m, &head))
		return head->mapping ? HOME_PAGE : HOME_NONE;
	switch (page_mapping_type(p)) {
	case MAPPING_ANON:
	case MAPPING_KSM:
		return HOME_PAGE;
	case MAPPING_FILE:
		return inode_at(m, page_mapping(p))->kind == INODE_SHMEM ? HOME_PAGE : HOME_FILE;
	default:
		return HOME_NONE;
	}
}

static bool is_filled(const u8 *data, u32 size)
{
	return !size || !memcmp(data, data + 1, size - 1);
}

static void read_value(const struct machine *m, handle_t contents, u32 offset, void *buffer,
		       u32 size)
{
	u32 value = contents ? value_at(m, contents)->value : VALUE_FILL;

	if (value & VALUE_FILL)
		memset(buffer, (int)(value & 0xff), size);
	else
		memcpy(buffer, bytes_at(m, value) + offset, size);
}

static void read_file_bytes(struct machine *m, const struct page *p, u32 offset, u8 *buffer,
			    u32 size)
{
	ssize_t n = 0;

	if (m->backing && m->backing->read)
		n = m->backing->read(m, page_mapping(p), buffer, size,
				     (page_index(p) << PAGE_SHIFT) + offset);
	n = n < 0 ? 0 : n;
	memset(buffer + n, 0, size - (size_t)n);
}

void read_page_bytes(struct machine *m, pfn_t pfn, u32 offset, void *buffer, u32 size)
{
	const struct page *p = pfn_to_page(m, pfn);

	if (bytes_home(m, p) == HOME_FILE)
		read_file_bytes(m, p, offset, buffer, size);
	else
		read_value(m, page_contents(m, pfn), offset, buffer, size);
}

/* What lies behind the file's end in its last page is never written back. */
static int write_file_bytes(struct machine *m, const struct page *p, u32 offset, const void *data,
			    u32 size)
{
	u64 at = (page_index(p) << PAGE_SHIFT) + offset, end = inode_at(m, page_mapping(p))->size;
	ssize_t n;

	if (!m->backing || !m->backing->write || at >= end)
		return 0;
	n = m->backing->write(m, page_mapping(p), data, min_t(u64, size, end - at), at);
	return n < 0 ? (int)n : 0;
}

/* The bytes of a page that are nobody else's, ready to be written to; NULL: no memory. */
static u8 *own_bytes(struct machine *m, pfn_t pfn)
{
	handle_t old = page_contents(m, pfn), h;
	const struct page_contents *c = value_at(m, old);

	if (old && c->references == 1 && !(c->value & VALUE_FILL))
		return bytes_at(m, c->value);
	h = value_of_bytes(m);
	if (!h)
		return NULL;
	read_value(m, old, 0, bytes_at(m, value_at(m, h)->value), PAGE_SIZE);
	if (set_page_contents(m, pfn, h)) {
		contents_put(m, h);
		return NULL;
	}
	return bytes_at(m, value_at(m, h)->value);
}

/* A whole page of one byte. */
static int fill_whole(struct machine *m, pfn_t pfn, u8 byte)
{
	handle_t h = byte ? value_of_fill(m, byte) : 0;

	if (byte && !h)
		return -ENOMEM;
	if (set_page_contents(m, pfn, h)) {
		contents_put(m, h);
		return -ENOMEM;
	}
	return 0;
}

static int write_own_bytes(struct machine *m, pfn_t pfn, u32 offset, const u8 *data, u32 size)
{
	bool same = is_filled(data, size);
	u8 *bytes;

	if (same && size == PAGE_SIZE)
		return fill_whole(m, pfn, *data);
	/* zeros on zeros */
	if (same && !*data && !page_contents(m, pfn))
		return 0;
	bytes = own_bytes(m, pfn);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes + offset, data, size);
	return 0;
}

int write_page_bytes(struct machine *m, pfn_t pfn, u32 offset, const void *data, u32 size)
{
	const struct page *p = pfn_to_page(m, pfn);

	if (!size)
		return 0;
	switch (bytes_home(m, p)) {
	case HOME_PAGE:
		return write_own_bytes(m, pfn, offset, data, size);
	case HOME_FILE:
		return write_file_bytes(m, p, offset, data, size);
	default:
		return -EIO;
	}
}

int fill_page(struct machine *m, pfn_t pfn, u32 offset, u32 size, u8 byte)
{
	u8 data[PAGE_SIZE];

	if (size == PAGE_SIZE && bytes_home(m, pfn_to_page(m, pfn)) == HOME_PAGE)
		return fill_whole(m, pfn, byte);
	memset(data, byte, size);
	return write_page_bytes(m, pfn, offset, data, size);
}

/* ---- copy on write ---- */

static int copy_from_file(struct machine *m, pfn_t to, const struct page *from)
{
	u8 data[PAGE_SIZE];

	if (m->backing->has_bytes &&
	    !m->backing->has_bytes(m, page_mapping(from), page_index(from)))
		return 0;
	read_file_bytes(m, from, 0, data, PAGE_SIZE);
	return write_own_bytes(m, to, 0, data, PAGE_SIZE);
}

int copy_page_contents(struct machine *m, pfn_t to, pfn_t from)
{
	const struct page *p = pfn_to_page(m, from);
	handle_t h;

	if (bytes_home(m, p) == HOME_FILE)
		return m->backing ? copy_from_file(m, to, p) : 0;
	h = contents_get(m, page_contents(m, from));
	if (h && set_page_contents(m, to, h)) {
		contents_put(m, h);
		return -ENOMEM;
	}
	return 0;
}
