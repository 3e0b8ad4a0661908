/*
 * dcache.c - names and inodes in memory: how they come, and how memory pressure takes them
 * (dcache.h).
 */
#include "mm/dcache.h"

#include <errno.h>
#include <mman/namei.h>

#include "mm/kobject.h"
#include "mm/shrinker.h"

/* ---- the two lists ---- */

static struct inode_lru *list_of(struct machine *m, u8 which)
{
	return which == DCACHE_DENTRY_LRU ? &m->mms.dentry_lru : &m->mms.inode_lru;
}

static void lru_add_tail(struct machine *m, handle_t h, u8 which)
{
	struct inode_lru *l = list_of(m, which);
	struct inode *i = inode_at(m, h);

	i->cached |= which;
	i->lru_next = 0;
	i->lru_prev = l->tail;
	*(l->tail ? &inode_at(m, l->tail)->lru_next : &l->head) = h;
	l->tail = h;
	l->nr++;
}

static void lru_remove(struct machine *m, handle_t h)
{
	struct inode *i = inode_at(m, h);
	u8 which = i->cached & (DCACHE_DENTRY_LRU | DCACHE_INODE_LRU);
	struct inode_lru *l;

	if (!which)
		return;
	l = list_of(m, which);
	*(i->lru_prev ? &inode_at(m, i->lru_prev)->lru_next : &l->head) = i->lru_next;
	*(i->lru_next ? &inode_at(m, i->lru_next)->lru_prev : &l->tail) = i->lru_prev;
	i->lru_next = i->lru_prev = 0;
	i->cached = (u8)(i->cached & ~which);
	l->nr--;
}

/* ---- where an inode belongs ---- */

static bool dentry_in_use(const struct inode *i)
{
	return i->users > 1 || i->nr_child_dentries;
}

/* Whose pages, shadows or news would be lost, or written for nothing, stays. */
static bool inode_shrinkable(const struct inode *i)
{
	return i->users == 1 && !i->nrpages && !i->dirty_state && !i->pages;
}

void d_update(struct machine *m, handle_t h)
{
	struct inode *i = inode_at(m, h);
	u8 want = 0, have = i->cached & (DCACHE_DENTRY_LRU | DCACHE_INODE_LRU);

	if (!(i->flags & INODE_LINKED))
		return;
	if (i->cached & DCACHE_DENTRY)
		want = dentry_in_use(i) ? 0 : DCACHE_DENTRY_LRU;
	else if (i->cached & DCACHE_INODE)
		want = inode_shrinkable(i) ? DCACHE_INODE_LRU : 0;
	if (want == have)
		return;
	lru_remove(m, h);
	if (want)
		lru_add_tail(m, h, want);
}

/* ---- coming ---- */

static void child_dentries(struct machine *m, handle_t dir, int delta)
{
	struct inode *d = dir_at(m, dir);

	d->nr_child_dentries += (u32)delta;
	if (dir)
		d_update(m, dir);
}

/* @h, whose directory's name is in memory and, from here on, stays there, is not. */
static int d_alloc(struct machine *m, handle_t h)
{
	struct inode *i = inode_at(m, h);
	bool read_inode = !(i->cached & DCACHE_INODE);

	int error = -ENOMEM;

	lru_remove(m, h);
	child_dentries(m, i->parent, 1);
	if (mm_should_fail(m) || kmem_charge(m, CACHE_DENTRY, 1))
		goto out;
	if (read_inode && kmem_charge(m, CACHE_INODE, 1)) {
		kmem_uncharge(m, CACHE_DENTRY, 1);
		goto out;
	}
	read_dentry(m, h, read_inode);
	i->cached = DCACHE_INODE | DCACHE_DENTRY;
	error = 0;
out:
	if (error)
		child_dentries(m, i->parent, -1);
	d_update(m, h);
	return error;
}

/* The topmost of @h and the directories above it whose name is not in memory; 0: all are. */
static handle_t topmost_missing(struct machine *m, handle_t h)
{
	handle_t missing = 0;

	for (; h; h = inode_at(m, h)->parent)
		if (!(inode_at(m, h)->cached & DCACHE_DENTRY))
			missing = h;
	return missing;
}

static int d_lookup(struct machine *m, handle_t h)
{
	handle_t missing;
	int error;

	while ((missing = topmost_missing(m, h))) {
		error = d_alloc(m, missing);
		if (error)
			return error;
	}
	for (; h; h = inode_at(m, h)->parent) {
		u8 *cached = &inode_at(m, h)->cached;

		*cached = (u8)(*cached | (*cached & DCACHE_USED ? DCACHE_REFERENCED : DCACHE_USED));
	}
	return 0;
}

int d_get(struct machine *m, handle_t h)
{
	struct inode *i = dir_at(m, h);
	int error = h && i->flags & INODE_LINKED ? d_lookup(m, h) : 0;

	if (error)
		return error;
	i->users++;
	if (h)
		d_update(m, h);
	return 0;
}

void d_put(struct machine *m, handle_t h)
{
	if (h)
		inode_put(m, h);
	else
		m->mms.root.users--;
}

/* ---- going ---- */

static void forget_dentry(struct machine *m, handle_t h, u32 nid)
{
	struct inode *i = inode_at(m, h);

	lru_remove(m, h);
	i->cached = i->cached & DCACHE_INODE;
	kmem_uncharge_node(m, CACHE_DENTRY, 1, nid);
	d_update(m, h);
}

static void forget_inode(struct machine *m, handle_t h, u32 nid)
{
	lru_remove(m, h);
	inode_at(m, h)->cached = 0;
	kmem_uncharge_node(m, CACHE_INODE, 1, nid);
}

/* With the last name below a directory its own goes too, if nothing else holds it. */
static void prune_dentry(struct machine *m, handle_t h, u32 nid)
{
	handle_t dir;

	for (;; h = dir) {
		dir = inode_at(m, h)->parent;
		forget_dentry(m, h, nid);
		child_dentries(m, dir, -1);
		if (!dir || dentry_in_use(inode_at(m, dir)))
			return;
	}
}

void d_drop(struct machine *m, handle_t h)
{
	struct inode *i = inode_at(m, h);

	lru_remove(m, h);
	if (i->cached & DCACHE_DENTRY)
		child_dentries(m, i->parent, -1);
}

void d_forget(struct machine *m, handle_t h)
{
	inode_at(m, h)->cached = 0;
	kmem_uncharge(m, CACHE_INODE, 1);
	kmem_uncharge(m, CACHE_DENTRY, 1);
}

void d_release(struct machine *m, handle_t h)
{
	struct inode *i = inode_at(m, h);

	lru_remove(m, h);
	if (i->cached & DCACHE_DENTRY)
		kmem_uncharge(m, CACHE_DENTRY, 1);
}

/* ---- the shrinker ---- */

/* The oldest names: those used again get another round. */
static void prune_dcache_sb(struct machine *m, u32 nid, u64 nr)
{
	handle_t h;

	for (; nr && (h = m->mms.dentry_lru.head); nr--) {
		struct inode *i = inode_at(m, h);

		if (i->cached & DCACHE_REFERENCED) {
			i->cached = (u8)(i->cached & ~DCACHE_REFERENCED);
			lru_remove(m, h);
			lru_add_tail(m, h, DCACHE_DENTRY_LRU);
		} else {
			prune_dentry(m, h, nid);
		}
	}
}

static void prune_icache_sb(struct machine *m, u32 nid, u64 nr)
{
	for (; nr && m->mms.inode_lru.head; nr--)
		forget_inode(m, m->mms.inode_lru.head, nid);
}

/* Of @nr objects on a list those that, by the slabs they are in, are on node @nid. */
static u64 share_of_node(const struct machine *m, enum kmem_cache_id id, u32 nid, u64 nr)
{
	const struct kmem_cache *c = pool_at(&m->slab.caches, m->slab.by_id[id]);
	const struct kmem_cache_node *n = kmem_cache_node_of(&m->slab, c, nid);

	return c->nr_objects ? nr * n->total_objects / c->nr_objects : 0;
}

void shrink_dcache_sb(struct machine *m, u32 nid, int priority)
{
	u64 dentries = share_of_node(m, CACHE_DENTRY, nid, m->mms.dentry_lru.nr);
	u64 inodes = share_of_node(m, CACHE_INODE, nid, m->mms.inode_lru.nr);
	u64 all = dentries + inodes, nr;

	nr = shrinker_scan(m, all * (u64)m->sysctl.vfs_cache_pressure / 100, SUPER_BATCH, priority,
			   &m->node[nid].super_deferred);
	if (!nr || !all)
		return;
	nr = min_t(u64, nr, all);
	prune_dcache_sb(m, nid, nr * dentries / all);
	prune_icache_sb(m, nid, nr * inodes / all);
}
