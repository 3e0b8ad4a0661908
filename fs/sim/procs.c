/*
 * sim/procs: mkdir makes a process, rmdir ends it; its files drive it and tell what became of it.
 */
#include "fs/sim/command.h"
#include "fs/sim/sim.h"
#include "fs/sim/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fs/knob.h"

/* Object: the handle with the low bits of its creation number, so that a name made again after
 * rmdir is another inode. */
static u64 lab_object(const struct machine *m, handle_t h)
{
	return object_pack(h, lab_at(m, h)->number);
}

static handle_t lab_of(const struct request *rq)
{
	return object_number(rq->object);
}

static bool lab_exists(const struct request *rq)
{
	handle_t h = lab_of(rq);

	/* a freed slot's first bytes are its free link, so ask the name table */
	return h && h < rq->m->tasks.labs.nr_slots &&
	       lab_is_live(rq->m, h, object_generation(rq->object));
}

/* ---- files of one process ---- */

static int pid_show(const struct request *rq, struct text *out)
{
	return show_u64(out, lab_at(rq->m, lab_of(rq))->pid);
}

static int ctl_show(const struct request *rq, struct text *out)
{
	char line[1024];
	size_t n = lab_text_get(rq->m, lab_at(rq->m, lab_of(rq))->result, line, sizeof(line));

	text_mem(out, line, n);
	return 0;
}

static ssize_t ctl_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	const struct command_table tables[] = { access_commands, map_commands,	heap_commands,
						life_commands,	 file_commands, numa_commands };

	(void)offset;
	return command_store(rq, tables, ARRAY_SIZE(tables), lab_of(rq), data, size);
}

static int regions_show(const struct request *rq, struct text *out)
{
	const struct lab_process *l = lab_at(rq->m, lab_of(rq));
	const char *word;
	handle_t h;

	for (h = l->regions; h; h = lab_region_at(rq->m, h)->next) {
		const struct lab_region *r = lab_region_at(rq->m, h);

		text_hex(out, r->start, 0);
		text_char(out, '-');
		text_hex(out, r->start + r->length, 0);
		text_char(out, ' ');
		text_u64(out, r->length);
		text_char(out, ' ');
		text_str(out, r->name);
		word = heap_region_word(rq->m, l, r);
		if (word) {
			text_char(out, ' ');
			text_str(out, word);
		}
		text_char(out, '\n');
	}
	heap_show_free(rq->m, l, out);
	return 0;
}

static const char *state_word(u8 state)
{
	switch (state) {
	case TASK_RUNNING:
		return "running";
	case TASK_DISK:
		return "waiting for the disk";
	case TASK_STOPPED:
		return "stopped";
	default:
		return "sleeping";
	}
}

void process_end_text(const struct lab_process *l, struct text *out)
{
	s32 code = l->exit_code;

	if (code & 0x7f)
		text_printf(out, "killed by signal %d%s", code & 0x7f,
			    l->oom_killed ? " (out of memory)" : "");
	else
		text_printf(out, "exited %d", code >> 8 & 0xff);
}

static int status_show(const struct request *rq, struct text *out)
{
	const struct lab_process *l = lab_at(rq->m, lab_of(rq));

	if (l->ended)
		process_end_text(l, out);
	else
		text_str(out, state_word(task_at(rq->m, l->task)->state));
	text_char(out, '\n');
	return 0;
}

static int process_trace_show(const struct request *rq, struct text *out)
{
	return trace_show(rq, out, lab_of(rq));
}

static ssize_t process_trace_store(const struct request *rq, const char *data, size_t size,
				   u64 offset)
{
	return trace_store(rq, lab_of(rq), data, size, offset);
}

static int translate_show(const struct request *rq, struct text *out)
{
	return process_translate_show(rq->m, lab_of(rq), out);
}

static ssize_t translate_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)offset;
	return process_translate_store(rq->m, lab_of(rq), data, size);
}

static int tlb_show(const struct request *rq, struct text *out)
{
	return process_tlb_show(rq->m, lab_of(rq), out);
}

static const struct attribute process_attrs[] = {
	{ .name = "pid", .mode = 0444, .show = pid_show },
	{ .name = "ctl", .mode = 0644, .flags = ATTR_LONG, .show = ctl_show, .store = ctl_store },
	{ .name = "regions", .mode = 0444, .show = regions_show },
	{ .name = "status", .mode = 0444, .show = status_show },
	{ .name = "tlb", .mode = 0444, .show = tlb_show },
	{ .name = "translate", .mode = 0644, .show = translate_show, .store = translate_store },
	{ .name = "trace",
	  .mode = 0644,
	  .flags = ATTR_LONG,
	  .show = process_trace_show,
	  .store = process_trace_store },
};

static void process_name(const struct request *rq, struct text *out)
{
	text_str(out, lab_at(rq->m, lab_of(rq))->name);
}

static const struct directory process_directory = {
	.name = "sim/procs/NAME",
	.mode = 0755,
	.attrs = process_attrs,
	.nr_attrs = ARRAY_SIZE(process_attrs),
	.exists = lab_exists,
	.object_name = process_name,
};

/* ---- the directory ---- */

static int procs_lookup(const struct request *rq, const char *name, struct entry *out)
{
	handle_t h = lab_find(rq->m, name);

	if (!h)
		return -ENOENT;
	*out = (struct entry){ .dir = &process_directory, .object = lab_object(rq->m, h) };
	return 0;
}

static int procs_iterate(const struct request *rq, u64 position, struct dir_emit *e)
{
	handle_t h;

	for (h = lab_first(rq->m); h; h = lab_next(rq->m, h)) {
		const struct lab_process *l = lab_at(rq->m, h);
		struct entry entry = { .dir = &process_directory, .object = lab_object(rq->m, h) };

		if (l->number < position)
			continue;
		if (!e->emit(e, l->name, &entry, l->number + 1))
			return 0;
	}
	return 0;
}

static int procs_mkdir(const struct request *rq, const char *name)
{
	handle_t h;
	int error;

	if (rq->caller->uid)
		return -EPERM;
	error = lab_create(rq->m, name, &h);
	/* a process that could not be loaded has taken time and chance all the same */
	if (error && error != -EEXIST && error != -ENAMETOOLONG && error != -EINVAL)
		tree_note_change(rq->tree);
	return error;
}

static int procs_rmdir(const struct request *rq, const char *name)
{
	if (rq->caller->uid)
		return -EPERM;
	return lab_remove(rq->m, name);
}

static const struct directory *const procs_dynamic[] = { &process_directory, NULL };

const struct directory procs_directory = {
	.name = "sim/procs",
	.mode = 0755,
	.dynamic = procs_dynamic,
	.lookup = procs_lookup,
	.iterate = procs_iterate,
	.mkdir = procs_mkdir,
	.rmdir = procs_rmdir,
};
