/*
 * check_dcache.c - what must hold of names and inodes in memory (dcache.h).
 */
#include "mm/check.h"
#include "mm/dcache.h"

static void check_list(struct check *c, const struct inode_lru *l, u8 which, const char *name)
{
	struct machine *m = c->m;
	handle_t h, prev = 0;
	u64 nr = 0;

	for (h = l->head; h && nr <= l->nr; prev = h, h = inode_at(m, h)->lru_next, nr++)
		if (!(inode_at(m, h)->cached & which) || inode_at(m, h)->lru_prev != prev)
			check_fail(c, "inode %u: not of the list of unused %s", h, name);
	check_equal(c, name, (s64)nr, (s64)l->nr);
}

static void check_linked(struct check *c, handle_t h)
{
	struct machine *m = c->m;
	const struct inode *i = inode_at(m, h);
	bool dentry = i->cached & DCACHE_DENTRY, inode = i->cached & DCACHE_INODE;
	bool busy = i->users > 1 || i->nr_child_dentries;

	if (dentry && (!inode || (i->parent && !(inode_at(m, i->parent)->cached & DCACHE_DENTRY))))
		check_fail(c, "inode %u: its name is in memory, what it leads through is not", h);
	if (dentry && busy == !!(i->cached & DCACHE_DENTRY_LRU))
		check_fail(c, "inode %u: on the list of unused names or not, wrongly", h);
	if (!dentry && busy)
		check_fail(c, "inode %u: in use without a name in memory", h);
	if (!inode && (i->pages || i->dirty_state))
		check_fail(c, "inode %u: not in memory, but its pages or news are", h);
	if (!dentry && inode && (!i->pages && !i->dirty_state) != !!(i->cached & DCACHE_INODE_LRU))
		check_fail(c, "inode %u: on the list of unused inodes or not, wrongly", h);
}

static u32 child_dentries(struct machine *m, const struct inode *dir)
{
	handle_t h;
	u32 nr = 0;

	for (h = dir->first_child; h; h = inode_at(m, h)->sibling_next)
		nr += (inode_at(m, h)->cached & DCACHE_DENTRY) != 0;
	return nr;
}

void check_dcache(struct check *c)
{
	struct machine *m = c->m;
	handle_t h;

	check_list(c, &m->mms.dentry_lru, DCACHE_DENTRY_LRU, "unused names");
	check_list(c, &m->mms.inode_lru, DCACHE_INODE_LRU, "unused inodes");
	check_equal(c, "names below the root", child_dentries(m, &m->mms.root),
		    m->mms.root.nr_child_dentries);
	for (h = m->mms.inode_head; h; h = inode_at(m, h)->next) {
		const struct inode *i = inode_at(m, h);

		if (i->flags & INODE_LINKED)
			check_linked(c, h);
		else if (!(i->cached & DCACHE_INODE) ||
			 i->cached & (DCACHE_DENTRY_LRU | DCACHE_INODE_LRU))
			check_fail(c, "inode %u: of no directory, but to be forgotten", h);
		check_equal(c, "names below a directory", child_dentries(m, i),
			    i->nr_child_dentries);
	}
}
