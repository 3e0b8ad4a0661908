/*
 * tree_world.c - the table: files of each kind, directories that list objects, made-up links.
 */
#include "tests/tree_world.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct tree_world world;

static int knob_show(const struct request *rq, struct text *out)
{
	(void)rq;
	world.shows++;
	text_s64(out, world.knob);
	text_char(out, '\n');
	return 0;
}

static ssize_t knob_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)rq;
	if (!size || data[0] < '0' || data[0] > '9')
		return -EINVAL;
	world.knob = data[0] - '0';
	world.last_offset = offset;
	return (ssize_t)size;
}

static ssize_t half_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)data;
	(void)offset;
	(void)size;
	world.knob = 7;
	tree_note_change(rq->tree);
	return -EAGAIN;
}

static int version_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "6.1.0\n");
	return 0;
}

static int big_show(const struct request *rq, struct text *out)
{
	int i;

	(void)rq;
	for (i = 0; i < 20000; i++)
		text_u64(out, (u64)i % 10);
	return 0;
}

static int error_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "half");
	return -EBUSY;
}

static ssize_t bytes_pread(const struct request *rq, char *buffer, size_t size, u64 offset)
{
	size_t i;

	(void)rq;
	for (i = 0; i < size; i++)
		buffer[i] = (char)(offset + i);
	return (ssize_t)size;
}

static int shelf_show(const struct request *rq, struct text *out)
{
	text_printf(out, "shelf %u\n", object_number(rq->object));
	return 0;
}

static void counted_release(const struct request *rq)
{
	(void)rq;
	world.released++;
}

static bool not_hidden(const struct request *rq)
{
	(void)rq;
	return !world.hidden;
}

static int self_show(const struct request *rq, struct text *out)
{
	text_u64(out, rq->caller->pid);
	return 0;
}

/* a shelf: a dynamic object with a file, a link and a directory of its own */
static const struct attribute shelf_attrs[] = {
	{ .name = "content", .mode = 0444, .show = shelf_show, .release = counted_release },
	{ .name = "private", .mode = 0600, .show = shelf_show, .store = knob_store },
	{ .name = "link", .mode = S_IFLNK | 0777, .show = shelf_show },
};

static const struct attribute deep_attrs[] = {
	{ .name = "number", .mode = 0444, .show = shelf_show }
};
static const struct directory deep_directory = { .mode = 0555, .attrs = deep_attrs, .nr_attrs = 1 };
static const struct subdirectory shelf_subdirs[] = { { .name = "deep", .dir = &deep_directory } };

static bool shelf_exists(const struct request *rq)
{
	u32 number = object_number(rq->object);

	return number < 8 && world.shelf_generation[number] &&
	       world.shelf_generation[number] == object_generation(rq->object);
}

static u32 shelf_owner(const struct request *rq)
{
	(void)rq;
	return world.shelf_uid;
}

static const struct directory shelf_directory = {
	.name = "proc/N",
	.mode = 0555,
	.attrs = shelf_attrs,
	.nr_attrs = ARRAY_SIZE(shelf_attrs),
	.subdirs = shelf_subdirs,
	.nr_subdirs = 1,
	.exists = shelf_exists,
	.owner_uid = shelf_owner,
};

static u64 shelf_object(u32 number)
{
	return object_pack(number, world.shelf_generation[number]);
}

static int shelves_lookup(const struct request *rq, const char *name, struct entry *out)
{
	u32 number = (u32)(name[0] - '0');

	(void)rq;
	if (name[0] < '0' || name[0] > '7' || name[1] || !world.shelf_generation[number])
		return -ENOENT;
	*out = (struct entry){ .dir = &shelf_directory, .object = shelf_object(number) };
	return 0;
}

static int shelves_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	char name[2] = "0";
	u64 i;

	(void)rq;
	for (i = position; i < 8; i++) {
		struct entry entry = { .dir = &shelf_directory, .object = shelf_object((u32)i) };

		name[0] = (char)('0' + i);
		if (world.shelf_generation[i] && !e->emit(e, name, &entry, i + 1))
			return 0;
	}
	return 0;
}

static int shelves_mkdir(const struct request *rq, const char *name)
{
	(void)rq;
	if (name[0] < '0' || name[0] > '7' || name[1])
		return -EINVAL;
	world.shelf_generation[name[0] - '0'] = 9;
	return 0;
}

static int shelves_rmdir(const struct request *rq, const char *name)
{
	(void)rq;
	world.shelf_generation[name[0] - '0'] = 0;
	return 0;
}

static const struct attribute vm_attrs[] = {
	{ .name = "knob",
	  .mode = 0644,
	  .show = knob_show,
	  .store = knob_store,
	  .flags = ATTR_SYSCTL },
	{ .name = "string", .mode = 0644, .show = version_show, .store = knob_store },
	{ .name = "version", .mode = 0444, .show = version_show },
	{ .name = "push", .mode = 0200, .store = knob_store },
};

static const struct attribute proc_attrs[] = {
	{ .name = "info", .mode = 0444, .show = knob_show },
	{ .name = "big", .mode = 0444, .show = big_show },
	{ .name = "bytes", .mode = 0444, .pread = bytes_pread, .flags = ATTR_POSITIONAL },
	{ .name = "broken", .mode = 0444, .show = error_show },
	{ .name = "self", .mode = S_IFLNK, .show = self_show },
	{ .name = "sometimes", .mode = 0444, .show = knob_show, .visible = not_hidden },
};

static const struct directory vm_dir = { .mode = 0555,
					 .attrs = vm_attrs,
					 .nr_attrs = ARRAY_SIZE(vm_attrs) };
static const struct subdirectory psys_subdirs[] = { { .name = "vm", .dir = &vm_dir } };
static const struct directory psys_dir = { .mode = 0555, .subdirs = psys_subdirs, .nr_subdirs = 1 };
static const struct subdirectory proc_subdirs[] = { { .name = "sys", .dir = &psys_dir } };
static const struct directory *const proc_dynamic[] = { &shelf_directory, NULL };
static const struct directory proc_dir = {
	.mode = 0555,
	.attrs = proc_attrs,
	.nr_attrs = ARRAY_SIZE(proc_attrs),
	.subdirs = proc_subdirs,
	.nr_subdirs = 1,
	.dynamic = proc_dynamic,
	.lookup = shelves_lookup,
	.iterate = shelves_iterate,
};

/* links that a directory makes up: rows of another table */
static int cpu_link_show(const struct request *rq, struct text *out)
{
	text_printf(out, "../cpu%u", object_number(rq->object));
	return 0;
}

static const struct attribute cpu_rows[] = {
	{ .name = "cpu", .mode = S_IFLNK, .show = cpu_link_show },
	{ .name = "file", .mode = 0644, .show = knob_show, .store = knob_store },
};
static const struct directory cpu_links = { .attrs = cpu_rows, .nr_attrs = 2, .rows_only = true };

static int sys_lookup(const struct request *rq, const char *name, struct entry *out)
{
	(void)rq;
	if (strncmp(name, "cpu", 3) && strncmp(name, "fil", 3))
		return -ENOENT;
	*out = (struct entry){ .attr = &cpu_rows[name[0] == 'f'],
			       .owner = &cpu_links,
			       .object = (u32)(name[3] - '0') };
	return 0;
}

static int sys_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	struct entry entry = { .owner = &cpu_links };

	(void)rq;
	for (; position < 4; position++) {
		entry.attr = &cpu_rows[position / 2];
		entry.object = position & 1;
		if (!e->emit(e,
			     position == 0 ? "cpu0" :
			     position == 1 ? "cpu1" :
			     position == 2 ? "fil0" :
					     "fil1",
			     &entry, position + 1))
			break;
	}
	return 0;
}

static const struct attribute sys_attrs[] = {
	{ .name = "knob", .mode = 0644, .size = 4096, .show = knob_show, .store = knob_store },
	{ .name = "fixed", .mode = 0444, .size = 4096, .show = knob_show },
	{ .name = "push", .mode = 0200, .size = 4096, .store = knob_store },
};
static const struct directory *const sys_dynamic[] = { &cpu_links, NULL };
static const struct directory sys_dir = {
	.mode = 0755,
	.attrs = sys_attrs,
	.nr_attrs = ARRAY_SIZE(sys_attrs),
	.dynamic = sys_dynamic,
	.lookup = sys_lookup,
	.iterate = sys_iterate,
};

static const struct attribute sim_attrs[] = {
	{ .name = "ctl", .mode = 0644, .show = knob_show, .store = knob_store, .flags = ATTR_LONG },
	{ .name = "half", .mode = 0200, .store = half_store },
	{ .name = "quiet", .mode = 0200, .store = knob_store, .flags = ATTR_NO_JOURNAL },
};
static const struct directory *const lab_dynamic[] = { &shelf_directory, NULL };
static const struct directory sim_dir = {
	.mode = 0755,
	.attrs = sim_attrs,
	.nr_attrs = ARRAY_SIZE(sim_attrs),
	.dynamic = lab_dynamic,
	.lookup = shelves_lookup,
	.iterate = shelves_iterate,
	.mkdir = shelves_mkdir,
	.rmdir = shelves_rmdir,
};

static const struct subdirectory top_subdirs[] = {
	{ .name = "proc", .dir = &proc_dir },
	{ .name = "sim", .dir = &sim_dir },
	{ .name = "sys", .dir = &sys_dir },
};
const struct directory world_top = { .mode = 0755, .subdirs = top_subdirs, .nr_subdirs = 3 };

void reset_world(void)
{
	memset(&world, 0, sizeof(world));
	world.shelf_generation[1] = world.shelf_generation[3] = world.shelf_generation[6] = 5;
	world.knob = 4;
}
