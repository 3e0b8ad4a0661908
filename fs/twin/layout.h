/*
 * layout.h - which pages of a mapping are where: stretches, from a line of the capture's PID/pages
 * (format: host_pages.c), from the numbers of smaps where there is none, and brought to these
 * numbers in any case.
 */
#ifndef FS_TWIN_LAYOUT_H
#define FS_TWIN_LAYOUT_H

#include "fs/twin/smaps.h"

enum stretch_kind {
	STRETCH_OWN,	     /* a: anonymous, of this mapping alone */
	STRETCH_SHARED,	     /* A: anonymous, others have it too */
	STRETCH_FILE,	     /* f: its file's */
	STRETCH_FILE_SHARED, /* F */
	STRETCH_SWAPPED	     /* s */
};

struct stretch {
	u64 first, n; /* pages of the mapping */
	u64 number;   /* of its first page among all shared ones; 0: not known */
	enum stretch_kind kind;
};

struct layout {
	struct stretch *stretches; /* ascending */
	size_t nr, max;
	bool known;  /* from page tables, not from sums */
	bool failed; /* no memory */
};

/* What a mapping has, pages. */
struct wanted {
	u64 pages; /* that it spans */
	u64 anon, file, swap;
	u64 shared_anon, shared_file; /* of those: others have them too */
	bool from_top;		      /* a stack: used from its end on */
	bool keep_swap;		      /* entries of its page table: not shared memory's */
};

/** layout_read() - @line may be empty. ->stretches is used again; the caller frees it in the
 * end. */
void layout_read(struct layout *l, struct slice line, const struct wanted *w);
/** layout_insert() - a stretch where there is none yet. */
void layout_insert(struct layout *l, const struct stretch *s);
/** layout_count() - pages of that kind. */
u64 layout_count(const struct layout *l, enum stretch_kind kind);
/** layout_take() - as layout_read(), but what is known is in @plan, whose stretches are taken
 * over. */
void layout_take(struct layout *l, struct layout *plan, const struct wanted *w);
/** layout_line() - the line of the mapping at @start, which is taken off @rest with all before it;
 * empty if there is none. */
struct slice layout_line(struct slice *rest, u64 start);

/** layout_swapped() - pages of a line that are in swap. */
u64 layout_swapped(struct slice line);

#endif
