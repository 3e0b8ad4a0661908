/*
 * heap.c - commands of sim/procs/NAME/ctl about the C library's heap: malloc and free; and what
 * `regions` tells of it.
 */
#include "fs/sim/command.h"
#include "fs/sim/sim.h"

#include <errno.h>
#include <string.h>

int update_heap(struct command_run *c)
{
	const struct mm *mm;
	struct lab_region *heap;

	if (command_died(c))
		return 0;
	mm = mm_at(c->m, task_at(c->m, c->task)->mm);
	heap = lab_region_find(c->m, c->lab, "heap");
	if (!heap)
		return lab_region_add(c->m, c->lab, "heap", mm->start_brk, mm->brk - mm->start_brk);
	/* one of that name that somebody mapped is his */
	if (heap->start == mm->start_brk)
		heap->length = mm->brk - mm->start_brk;
	return 0;
}

/* Has the break moved? Then the region "heap" is another. */
static int follow_break(struct command_run *c, u64 before)
{
	if (command_died(c) || mm_at(c->m, task_at(c->m, c->task)->mm)->brk == before)
		return 0;
	return update_heap(c);
}

static int cmd_malloc(struct command_run *c)
{
	u64 size, addr, brk = mm_at(c->m, task_at(c->m, c->task)->mm)->brk;
	int error = check_new_name(c, c->word[1]);

	if (!error)
		error = argument_size(c, c->word[2], &size);
	if (error)
		return error;
	error = libc_malloc(c->m, c->task, size, &addr);
	if (error == -ENOMEM && !command_died(c))
		return explain_no_memory(c, size, 0);
	if (!error)
		error = name_region(c, c->word[1], addr, size);
	return error ? error : follow_break(c, brk);
}

static int cmd_free(struct command_run *c)
{
	const struct lab_region *r = lab_region_find(c->m, c->lab, c->word[1]);
	u64 brk = mm_at(c->m, task_at(c->m, c->task)->mm)->brk;
	int error;

	if (!r)
		return command_explain(c, -ENOENT, "no region named '%s'", c->word[1]);
	error = libc_free(c->m, c->task, r->start);
	if (error == -EINVAL)
		return command_explain(c, error, "'%s' is no block of malloc's, or freed already",
				       c->word[1]);
	if (error)
		return error;
	lab_region_remove(c->m, c->lab, c->word[1]);
	return follow_break(c, brk);
}

static const struct command commands[] = {
	{ "malloc", 2, 2, 0, cmd_malloc, "NAME SIZE" },
	{ "free", 1, 1, 0, cmd_free, "NAME" },
};

const struct command_table heap_commands = { commands, ARRAY_SIZE(commands) };

/* ---- regions ---- */

static const char *state_word(u8 state)
{
	static const char *const words[] = {
		[HEAP_IN_USE] = "in use",
		[HEAP_MMAPPED] = "in use, mmap",
		[HEAP_TCACHE] = "free, tcache",
		[HEAP_FASTBIN] = "free, fastbin",
		[HEAP_UNSORTED] = "free, unsorted",
		[HEAP_SMALLBIN] = "free, smallbin",
		[HEAP_LARGEBIN] = "free, largebin",
		[HEAP_TOP] = "free, top",
		[HEAP_FENCE] = "end",
	};

	return words[state];
}

/* The heap a process has, 0 if it never called malloc. */
static handle_t heap_of(const struct machine *m, const struct lab_process *l)
{
	return l->task && task_at(m, l->task)->mm ? mm_at(m, task_at(m, l->task)->mm)->libc_heap :
						    0;
}

const char *heap_region_word(struct machine *m, const struct lab_process *l,
			     const struct lab_region *r)
{
	handle_t heap = heap_of(m, l);
	handle_t h = heap ? heap_find(m, libc_heap_at(m, heap), r->start - HEAP_HEADER) : 0;

	return h ? state_word(heap_chunk_at(m, h)->state) : NULL;
}

void heap_show_free(struct machine *m, const struct lab_process *l, struct text *out)
{
	handle_t heap = heap_of(m, l), h;

	for (h = heap ? heap_chunk_first(m, heap) : 0; h; h = heap_chunk_next(m, h)) {
		const struct heap_chunk *k = heap_chunk_at(m, h);

		if (k->state == HEAP_IN_USE || k->state == HEAP_MMAPPED)
			continue;
		text_hex(out, k->addr, 0);
		text_char(out, '-');
		text_hex(out, k->addr + k->size, 0);
		text_char(out, ' ');
		text_u64(out, k->size);
		text_str(out, " - ");
		text_str(out, state_word(k->state));
		text_char(out, '\n');
	}
}
