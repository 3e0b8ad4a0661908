/*
 * disk_extent.c - which pages of a file have a place on the disk.
 *
 *	file   0        8       20                          2^32
 *	       [########........####...................##...)
 *	extents {0,8}           {20,4}                 {..,2}
 *
 * A place is given when a page is written (no delayed allocation: a full disk says so to who
 * writes), or ahead of that by fallocate(2), and taken back by truncation and with the file.
 * Between extents are holes: they read as zeros without asking the disk, and cost nothing here or
 * on the host. So do places that were never written to, but they are the file's. Extents of the
 * same kind that touch are one. Where on the disk a place is follows from the file and the page
 * (blk_file_sector()): a file lies in one piece, fragmentation is not simulated.
 */
#include <errno.h>
#include <mman/namei.h>

#include "mm/kobject.h"

static struct treap_node *extent_node(struct machine *m, handle_t h)
{
	return &disk_extent_at(m, h)->rb;
}

static bool extent_before(struct machine *m, handle_t a, handle_t b)
{
	u64 x = disk_extent_at(m, a)->first, y = disk_extent_at(m, b)->first;

	return x != y ? x < y : a < b;
}

static bool extent_augment(struct machine *m, handle_t h)
{
	(void)m;
	(void)h;
	return false;
}

const struct treap_type disk_extent_tree = { extent_node, extent_before, extent_augment };

/* Programs, libraries and devices of a twin, and the disk itself, are not accounted for. */
/* The last extent that begins at @index or before; 0: none. */
static handle_t extent_at_or_before(struct machine *m, handle_t inode, u64 index)
{
	handle_t h = inode_at(m, inode)->extents, found = 0;

	while (h) {
		const struct disk_extent *e = disk_extent_at(m, h);

		if (e->first <= index) {
			found = h;
			h = e->rb.right;
		} else {
			h = e->rb.left;
		}
	}
	return found;
}

static handle_t extent_after(struct machine *m, handle_t inode, handle_t h)
{
	return h ? treap_next(m, &disk_extent_tree, h) :
		   treap_first(m, &disk_extent_tree, inode_at(m, inode)->extents);
}

enum place { PLACE_NONE, PLACE_UNWRITTEN, PLACE_WRITTEN };

/* How many pages from @first on, at most @nr, are of the same kind. */
static u64 place_run(struct machine *m, handle_t inode, u64 first, u64 nr, enum place *place)
{
	handle_t h;

	*place = PLACE_WRITTEN;
	if (!inode_is_on_disk(inode_at(m, inode)))
		return nr;
	h = extent_at_or_before(m, inode, first);
	if (h && first - disk_extent_at(m, h)->first < disk_extent_at(m, h)->nr) {
		const struct disk_extent *e = disk_extent_at(m, h);

		*place = e->unwritten ? PLACE_UNWRITTEN : PLACE_WRITTEN;
		return min_t(u64, nr, e->first + e->nr - first);
	}
	*place = PLACE_NONE;
	h = extent_after(m, inode, h);
	return h ? min_t(u64, nr, disk_extent_at(m, h)->first - first) : nr;
}

u64 inode_block_run(struct machine *m, handle_t inode, u64 first, u64 nr, bool *mapped)
{
	enum place place;
	u64 run = place_run(m, inode, first, nr, &place);

	*mapped = place == PLACE_WRITTEN;
	return run;
}

bool inode_has_room(struct machine *m, handle_t inode, u64 first, u64 nr)
{
	enum place place = PLACE_WRITTEN;
	u64 run;

	for (; nr && place != PLACE_NONE; first += run, nr -= run)
		run = place_run(m, inode, first, nr, &place);
	return place != PLACE_NONE;
}

static void extent_free(struct machine *m, handle_t inode, handle_t h)
{
	treap_erase(m, &disk_extent_tree, &inode_at(m, inode)->extents, h);
	pool_free(&m->mms.disk_extents, h);
}

static handle_t extent_new(struct machine *m, handle_t inode, u64 first, u64 nr, bool unwritten)
{
	handle_t h = mm_should_fail(m) ? 0 : pool_alloc(&m->mms.disk_extents);
	struct disk_extent *e;

	if (!h)
		return 0;
	e = disk_extent_at(m, h);
	e->first = first;
	e->nr = nr;
	e->unwritten = unwritten;
	treap_insert(m, &disk_extent_tree, &inode_at(m, inode)->extents, h);
	return h;
}

static bool is_kind(const struct disk_extent *e, bool unwritten)
{
	return !e->unwritten == !unwritten;
}

/* [@first, @first + @nr) is a hole; it joins its neighbours. */
static int extent_fill(struct machine *m, handle_t inode, u64 first, u64 nr, bool unwritten)
{
	handle_t before = extent_at_or_before(m, inode, first), after;
	struct disk_extent *e = before ? disk_extent_at(m, before) : NULL;

	after = extent_after(m, inode, before);
	if (!e || e->first + e->nr != first || !is_kind(e, unwritten)) {
		before = extent_new(m, inode, first, 0, unwritten);
		if (!before)
			return -ENOMEM;
		e = disk_extent_at(m, before);
	}
	e->nr += nr;
	if (after && disk_extent_at(m, after)->first == first + nr &&
	    is_kind(disk_extent_at(m, after), unwritten)) {
		e->nr += disk_extent_at(m, after)->nr;
		extent_free(m, inode, after);
	}
	inode_at(m, inode)->blocks += nr;
	return 0;
}

/* [@first, @first + @nr), of one extent, is a hole from now on. */
static int extent_cut(struct machine *m, handle_t inode, u64 first, u64 nr)
{
	handle_t h = extent_at_or_before(m, inode, first);
	struct disk_extent *e = disk_extent_at(m, h);
	u64 end = e->first + e->nr, before = first - e->first;

	if (before && end > first + nr) {
		if (!extent_new(m, inode, first + nr, end - first - nr, e->unwritten))
			return -ENOMEM;
		e = disk_extent_at(m, h);
		e->nr = before;
	} else if (before) {
		e->nr = before;
	} else if (end > first + nr) {
		/* its place among the others stays: nothing begins between the two */
		e->first = first + nr;
		e->nr = end - e->first;
	} else {
		extent_free(m, inode, h);
	}
	inode_at(m, inode)->blocks -= nr;
	return 0;
}

/* Places of the file that nobody wrote to are written to now. */
static int extent_write(struct machine *m, handle_t inode, u64 first, u64 nr)
{
	int error = extent_cut(m, inode, first, nr);

	if (error)
		return error;
	error = extent_fill(m, inode, first, nr, false);
	/* out of memory in between: they are a hole again */
	if (error)
		blk_free_space(m, blk_file_sector(inode, first), nr);
	return error;
}

/* All of [@first, @first + @nr) get a place, if they have none, and count as written if that is
 * so. */
static int fill(struct machine *m, handle_t inode, u64 first, u64 nr, bool unwritten)
{
	u64 index, run, missing = 0, end = first + nr;
	enum place place;
	int error;

	/* others' files need no place: place_run() says that they have one */
	for (index = first; index < end; index += run) {
		run = place_run(m, inode, index, end - index, &place);
		missing += place == PLACE_NONE ? run : 0;
	}
	error = missing ? blk_alloc_space(m, missing, NULL) : 0;
	for (index = first; index < end && !error; index += run) {
		run = place_run(m, inode, index, end - index, &place);
		if (place == PLACE_NONE) {
			error = extent_fill(m, inode, index, run, unwritten);
			missing -= error ? 0 : run;
		} else if (place == PLACE_UNWRITTEN && !unwritten) {
			error = extent_write(m, inode, index, run);
		}
	}
	/* what was filled before memory ran out stays the file's, as after any short write */
	if (error == -ENOMEM && missing)
		blk_free_space(m, blk_file_sector(inode, first), missing);
	return error;
}

int inode_reserve(struct machine *m, handle_t inode, u64 first, u64 nr)
{
	return fill(m, inode, first, nr, false);
}

int inode_preallocate(struct machine *m, handle_t inode, u64 first, u64 nr)
{
	return fill(m, inode, first, nr, true);
}

int inode_punch(struct machine *m, handle_t inode, u64 first, u64 nr)
{
	u64 index, run, freed = 0, end = first + nr;
	enum place place;
	int error = 0;

	if (!inode_is_on_disk(inode_at(m, inode)))
		return 0;
	for (index = first; index < end && !error; index += run) {
		run = place_run(m, inode, index, end - index, &place);
		if (place == PLACE_NONE)
			continue;
		error = extent_cut(m, inode, index, run);
		freed += error ? 0 : run;
	}
	if (freed)
		blk_free_space(m, blk_file_sector(inode, first), freed);
	return error;
}

void inode_release(struct machine *m, handle_t inode, u64 first)
{
	handle_t h = extent_at_or_before(m, inode, first), next;
	u64 freed = 0, keep;

	if (!h)
		h = extent_after(m, inode, 0);
	for (; h; h = next) {
		struct disk_extent *e = disk_extent_at(m, h);

		next = treap_next(m, &disk_extent_tree, h);
		keep = e->first < first ? min_t(u64, first - e->first, e->nr) : 0;
		freed += e->nr - keep;
		e->nr = keep;
		if (!keep)
			extent_free(m, inode, h);
	}
	if (!freed)
		return;
	inode_at(m, inode)->blocks -= freed;
	blk_free_space(m, blk_file_sector(inode, first), freed);
}

int inode_copy_blocks(struct machine *m, handle_t to, struct machine *other, handle_t from)
{
	handle_t h = treap_first(other, &disk_extent_tree, inode_at(other, from)->extents);
	int error = 0;

	for (; h && !error; h = treap_next(other, &disk_extent_tree, h)) {
		const struct disk_extent *e = disk_extent_at(other, h);

		error = fill(m, to, e->first, e->nr, e->unwritten);
	}
	return error;
}
