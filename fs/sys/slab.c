/*
 * /sys/kernel/slab: caches of kernel objects. Caches whose objects are alike share slabs: such a
 * directory has the name of what they have in common (":A-0000064"), and the caches' own names are
 * links to it. The numbers of one cache are in slab_stat.c.
 * Source: Documentation/ABI/testing/sysfs-kernel-slab, mm/slub.rst.
 */
#include "fs/sys/slab.h"

#include <errno.h>
#include <string.h>

static bool is_cache(const struct machine *m, u64 object)
{
	return object && object < m->slab.caches.nr_slots;
}

static bool cache_exists(const struct request *rq)
{
	return is_cache(rq->m, rq->object);
}

static bool is_shared(const struct kmem_cache *c)
{
	return strcmp(c->id, c->name) != 0;
}

/* ---- links: a cache's own name, or one more ---- */

static int own_link_show(const struct request *rq, struct text *out)
{
	text_str(out, kmem_cache_at(rq->m, (handle_t)rq->object)->id);
	return 0;
}

static int alias_link_show(const struct request *rq, struct text *out)
{
	text_str(out, slab_aliases[rq->object].id);
	return 0;
}

enum { OWN_LINK, ALIAS_LINK };

static const struct attribute link_attrs[] = {
	[OWN_LINK] = { .name = "own", .mode = S_IFLNK | 0777, .show = own_link_show },
	[ALIAS_LINK] = { .name = "alias", .mode = S_IFLNK | 0777, .show = alias_link_show },
};

static bool link_exists(const struct request *rq)
{
	if (rq->attr == &link_attrs[ALIAS_LINK])
		return rq->object < nr_slab_aliases;
	return is_cache(rq->m, rq->object);
}

static const struct directory slab_links = {
	.name = "slab/links",
	.attrs = link_attrs,
	.nr_attrs = ARRAY_SIZE(link_attrs),
	.rows_only = true,
	.exists = link_exists,
};

/* ---- a cache ---- */

static void cache_name(const struct request *rq, struct text *out)
{
	text_str(out, kmem_cache_at(rq->m, (handle_t)rq->object)->id);
}

static const struct directory cache_directory = {
	.name = "slab/CACHE",
	.mode = 0755,
	.attrs = slab_cache_attrs,
	.nr_attrs = NR_SLAB_CACHE_ATTRS,
	.exists = cache_exists,
	.object_name = cache_name,
};

/* ---- slab/ ---- */

static int slab_lookup(const struct request *rq, const char *name, struct entry *out)
{
	const struct machine *m = rq->m;
	u32 i;

	out->owner = &slab_links;
	for (i = 1; is_cache(m, i); i++) {
		const struct kmem_cache *c = kmem_cache_at(m, i);

		out->object = i;
		if (!strcmp(c->id, name)) {
			out->dir = &cache_directory;
			return 0;
		}
		if (!strcmp(c->name, name)) {
			out->attr = &link_attrs[OWN_LINK];
			return 0;
		}
	}
	for (i = 0; i < nr_slab_aliases; i++) {
		if (strcmp(slab_aliases[i].name, name))
			continue;
		out->attr = &link_attrs[ALIAS_LINK];
		out->object = i;
		return 0;
	}
	return -ENOENT;
}

/* Directories, then own names, then further names, each from a position of its own. */
#define POSITION_OWN   (1u << 16)
#define POSITION_ALIAS (2u << 16)

static int slab_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	struct entry entry = { .dir = &cache_directory };
	const struct machine *m = rq->m;
	u64 i;

	for (i = position; position < POSITION_OWN && is_cache(m, i + 1); i++) {
		entry.object = i + 1;
		if (!e->emit(e, kmem_cache_at(m, (handle_t)i + 1)->id, &entry, i + 1))
			return 0;
	}
	i = position > POSITION_OWN ? position - POSITION_OWN : 0;
	for (; position < POSITION_ALIAS && is_cache(m, i + 1); i++) {
		const struct kmem_cache *c = kmem_cache_at(m, (handle_t)i + 1);

		if (is_shared(c) &&
		    !emit_row_of(e, c->name, &slab_links, OWN_LINK, i + 1, POSITION_OWN + i + 1))
			return 0;
	}
	i = position > POSITION_ALIAS ? position - POSITION_ALIAS : 0;
	for (; i < nr_slab_aliases; i++)
		if (!emit_row_of(e, slab_aliases[i].name, &slab_links, ALIAS_LINK, i,
				 POSITION_ALIAS + i + 1))
			return 0;
	return 0;
}

static u32 slab_nlink(const struct request *rq)
{
	return 2 + rq->m->slab.caches.nr_live;
}

static const struct directory *const slab_dynamic[] = { &cache_directory, &slab_links, NULL };

const struct directory sys_slab_directory = {
	.name = "slab",
	.mode = 0755,
	.dynamic = slab_dynamic,
	.lookup = slab_lookup,
	.iterate = slab_iterate,
	.nlink = slab_nlink,
};
