/*
 * check_file.c - invariants of the disk's files: places, directories, shadows.
 */
#include <mman/namei.h>
#include <string.h>

#include "mm/check.h"
#include "mm/filemap.h"

extern const struct treap_type disk_extent_tree;

struct file_tally {
	struct check *c;
	s64 extents, blocks, linked, listed, shadow_nodes;
};

static void check_extents(struct file_tally *t, handle_t inode)
{
	struct machine *m = t->c->m;
	const struct inode *i = inode_at(m, inode);
	bool unwritten = false;
	u64 end = 0, blocks = 0;
	handle_t h;

	if (treap_check(m, &disk_extent_tree, i->extents) < 0)
		check_fail(t->c, "inode %u: broken tree of extents", inode);
	h = treap_first(m, &disk_extent_tree, i->extents);
	for (; h; h = treap_next(m, &disk_extent_tree, h)) {
		const struct disk_extent *e = disk_extent_at(m, h);

		if (!e->nr || e->first < end ||
		    (end && e->first == end && !e->unwritten == !unwritten))
			check_fail(t->c, "inode %u: extents overlap, touch or are empty at %llu",
				   inode, (unsigned long long)e->first);
		end = e->first + e->nr;
		unwritten = e->unwritten;
		blocks += e->nr;
		t->extents++;
	}
	check_equal(t->c, "pages of a file on the disk", (s64)blocks, (s64)i->blocks);
	t->blocks += (s64)blocks;
}

/* Dirty pages have a place to be written to. */
static void check_dirty_places(struct file_tally *t, handle_t inode)
{
	struct machine *m = t->c->m;
	u64 index = 0;

	while (xa_find_marked(m, inode_at(m, inode)->pages, &index, UINT64_MAX, XA_DIRTY)) {
		if (!inode_has_block(m, inode, index))
			check_fail(t->c, "inode %u: dirty page %llu has no place on the disk",
				   inode, (unsigned long long)index);
		index++;
	}
}

static void check_entries(struct file_tally *t, handle_t dir)
{
	struct machine *m = t->c->m;
	const struct inode *d = dir_at(m, dir);
	handle_t h, last = 0;
	u64 position = 0;
	u32 children = 0, subdirs = 0;

	for (h = d->first_child; h; last = h, h = inode_at(m, h)->sibling_next) {
		const struct inode *i = inode_at(m, h);
		const char *name = strrchr(inode_path(m, h), '/');
		size_t length = dir ? strlen(inode_path(m, dir)) : 0;

		if (i->parent != dir || i->sibling_prev != last || i->position <= position ||
		    !(i->flags & INODE_LINKED))
			check_fail(t->c, "inode %u: its directory does not know it", h);
		if (!name || (size_t)(name - inode_path(m, h)) != length ||
		    (dir && strncmp(inode_path(m, h), inode_path(m, dir), length)) ||
		    inode_lookup_linked(m, inode_path(m, h)) != h)
			check_fail(t->c, "inode %u: its path %s is not its directory's", h,
				   inode_path(m, h));
		position = i->position;
		children++;
		subdirs += i->kind == INODE_DIRECTORY;
		t->listed++;
	}
	if (d->last_child != last || d->nr_children != children || d->nr_subdirs != subdirs)
		check_fail(t->c, "directory %u: counts %u entries, has %u", dir, d->nr_children,
			   children);
}

static void check_shadow_nodes(struct file_tally *t)
{
	struct machine *m = t->c->m;
	handle_t h, prev = 0;

	for (h = m->mms.shadow_nodes.head; h;) {
		const struct xa_node *n = pool_at(&m->mms.xa_nodes, h);

		if (!n->shadow_only || n->prev != prev || n->count != n->nr_values ||
		    n->count != (u32)__builtin_popcountll(n->mark[XA_SHADOW]))
			check_fail(t->c, "index node %u has more than shadows", h);
		t->shadow_nodes++;
		prev = h;
		h = n->next;
	}
}

void check_file(struct check *c)
{
	struct machine *m = c->m;
	struct file_tally t = { .c = c };
	handle_t h;

	check_entries(&t, 0);
	for (h = m->mms.inode_head; h; h = inode_at(m, h)->next) {
		const struct inode *i = inode_at(m, h);

		check_extents(&t, h);
		t.linked += (i->flags & INODE_LINKED) != 0;
		if (i->kind == INODE_DIRECTORY)
			check_entries(&t, h);
		if (i->kind == INODE_REGULAR && !(i->flags & INODE_FOREIGN))
			check_dirty_places(&t, h);
	}
	check_shadow_nodes(&t);
	check_equal(c, "disk extents", t.extents, m->mms.disk_extents.nr_live);
	check_equal(c, "entries of directories", t.listed, t.linked);
	check_equal(c, "files of the disk", t.linked, (s64)m->mms.nr_disk_inodes);
	check_equal(c, "nodes with nothing but shadows", t.shadow_nodes,
		    (s64)m->mms.shadow_nodes.nr);
	check_equal(c, "workingset_nodes", t.shadow_nodes, m->vm_node_stat[WORKINGSET_NODES]);
}
