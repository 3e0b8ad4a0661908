/*
 * sim/dimms: mkdir makes a slot, rmdir removes it. What is to be in it is written to its files;
 * `plug` plugs it in and pulls it out. The blocks are then in sys/devices/system/memory.
 */
#include "fs/parse.h"
#include "fs/sim/sim.h"

#include <errno.h>
#include <mman/memory_hotplug.h>
#include <string.h>

#include "fs/knob.h"

/* Object: the handle with the low bits of its creation number, so that a name made again after
 * rmdir is another inode. */
static u64 dimm_object(const struct machine *m, handle_t h)
{
	return object_pack(h, memory_dimm_at(&m->hotplug, h)->number);
}

static handle_t handle_of(const struct request *rq)
{
	return object_number(rq->object);
}

static struct memory_dimm *dimm_of(const struct request *rq)
{
	return memory_dimm_at(&rq->m->hotplug, handle_of(rq));
}

static bool dimm_exists(const struct request *rq)
{
	handle_t h;

	for (h = rq->m->hotplug.first_dimm; h; h = memory_dimm_at(&rq->m->hotplug, h)->next)
		if (dimm_object(rq->m, h) == rq->object)
			return true;
	return false;
}

/* ---- size, node, start ---- */

/* What is plugged in stays what it is. */
static int parse_number(const struct request *rq, const char *data, size_t size, u64 *value)
{
	char text[32];
	const char *end;

	parse_strip(&data, &size);
	if (!size || size >= sizeof(text))
		return -EINVAL;
	memcpy(text, data, size);
	text[size] = '\0';
	if (*text < '0' || *text > '9')
		return -EINVAL;
	*value = memparse(text, &end);
	if (*end)
		return -EINVAL;
	return dimm_of(rq)->plugged ? -EBUSY : 0;
}

static int size_show(const struct request *rq, struct text *out)
{
	return show_u64(out, dimm_of(rq)->size);
}

static ssize_t size_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u64 value;
	int error = parse_number(rq, data, size, &value);

	(void)offset;
	if (error)
		return error;
	dimm_of(rq)->size = value;
	return (ssize_t)size;
}

static int node_show(const struct request *rq, struct text *out)
{
	return show_u64(out, dimm_of(rq)->nid);
}

static ssize_t node_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	u64 value;
	int error = parse_number(rq, data, size, &value);

	(void)offset;
	if (error)
		return error;
	if (value >= MAX_NUMNODES)
		return -EINVAL;
	dimm_of(rq)->nid = (u32)value;
	return (ssize_t)size;
}

static int start_show(const struct request *rq, struct text *out)
{
	const struct memory_dimm *d = dimm_of(rq);
	u64 start = d->plugged ? d->start : d->wanted;

	if (start == UINT64_MAX) {
		text_str(out, "any\n");
	} else {
		text_str(out, "0x");
		text_hex(out, start, 0);
		text_char(out, '\n');
	}
	return 0;
}

static ssize_t start_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	const char *text = data;
	size_t length = size;
	u64 value;
	int error;

	(void)offset;
	parse_strip(&text, &length);
	if (length == 3 && !memcmp(text, "any", 3)) {
		error = dimm_of(rq)->plugged ? -EBUSY : 0;
		value = UINT64_MAX;
	} else {
		error = parse_number(rq, data, size, &value);
	}
	if (error)
		return error;
	dimm_of(rq)->wanted = value;
	return (ssize_t)size;
}

/* ---- plug, status ---- */

static int plug_show(const struct request *rq, struct text *out)
{
	text_str(out, dimm_of(rq)->plugged ? "1\n" : "0\n");
	return 0;
}

static ssize_t plug_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	struct memory_dimm *d = dimm_of(rq);
	bool plug;
	int error = parse_bool(data, size, &plug);

	(void)offset;
	if (error)
		return error;
	d->said[0] = '\0';
	if (plug)
		error = memory_dimm_plug(rq->m, handle_of(rq), d->said, sizeof(d->said));
	else
		error = memory_dimm_unplug(rq->m, handle_of(rq), d->said, sizeof(d->said));
	if (error)
		tree_note_change(rq->tree);
	return error ? error : (ssize_t)size;
}

static void show_blocks(const struct request *rq, const struct memory_dimm *d, struct text *out)
{
	u32 block = (u32)(d->start >> SECTION_SHIFT), nr = (u32)(d->size >> SECTION_SHIFT);
	u32 online = 0, i;
	struct memory_block b;

	for (i = 0; i < nr; i++) {
		memory_block_look(rq->m, block + i, &b);
		online += b.online;
	}
	text_printf(out, "plugged in: memory%u", block);
	if (nr > 1)
		text_printf(out, " to memory%u", block + nr - 1);
	text_printf(out, " of node %u, %u of %u online\n", d->nid, online, nr);
}

/* What it is, and why the last plug or unplug did not work. */
static int status_show(const struct request *rq, struct text *out)
{
	const struct memory_dimm *d = dimm_of(rq);

	if (d->plugged)
		show_blocks(rq, d, out);
	else
		text_str(out, "not plugged in\n");
	if (d->said[0])
		text_printf(out, "last error: %s\n", d->said);
	return 0;
}

static const struct attribute dimm_attrs[] = {
	{ .name = "node", .mode = 0644, .show = node_show, .store = node_store },
	{ .name = "plug",
	  .mode = 0644,
	  .flags = ATTR_LONG,
	  .show = plug_show,
	  .store = plug_store },
	{ .name = "size", .mode = 0644, .show = size_show, .store = size_store },
	{ .name = "start", .mode = 0644, .show = start_show, .store = start_store },
	{ .name = "status", .mode = 0444, .show = status_show },
};

static void dimm_name(const struct request *rq, struct text *out)
{
	text_str(out, dimm_of(rq)->name);
}

static const struct directory dimm_directory = {
	.name = "sim/dimms/NAME",
	.mode = 0755,
	.attrs = dimm_attrs,
	.nr_attrs = ARRAY_SIZE(dimm_attrs),
	.exists = dimm_exists,
	.object_name = dimm_name,
};

/* ---- the directory ---- */

bool sim_has_dimms(const struct request *rq)
{
	return memory_hotplug_limit(rq->m) != 0;
}

static int dimms_lookup(const struct request *rq, const char *name, struct entry *out)
{
	handle_t h = memory_dimm_find(rq->m, name);

	if (!h)
		return -ENOENT;
	*out = (struct entry){ .dir = &dimm_directory, .object = dimm_object(rq->m, h) };
	return 0;
}

static int dimms_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	handle_t h;

	for (h = rq->m->hotplug.first_dimm; h; h = memory_dimm_at(&rq->m->hotplug, h)->next) {
		const struct memory_dimm *d = memory_dimm_at(&rq->m->hotplug, h);
		struct entry entry = { .dir = &dimm_directory, .object = dimm_object(rq->m, h) };

		if (d->number < position)
			continue;
		if (!e->emit(e, d->name, &entry, d->number + 1))
			return 0;
	}
	return 0;
}

static int dimms_mkdir(const struct request *rq, const char *name)
{
	handle_t h;

	return rq->caller->uid ? -EPERM : memory_dimm_create(rq->m, name, &h);
}

static int dimms_rmdir(const struct request *rq, const char *name)
{
	return rq->caller->uid ? -EPERM : memory_dimm_remove(rq->m, name);
}

static const struct directory *const dimms_dynamic[] = { &dimm_directory, NULL };

const struct directory dimms_directory = {
	.name = "sim/dimms",
	.mode = 0755,
	.dynamic = dimms_dynamic,
	.lookup = dimms_lookup,
	.iterate = dimms_iterate,
	.mkdir = dimms_mkdir,
	.rmdir = dimms_rmdir,
};
