/*
 * attributes.c - what a process may use: its limits, the processors and nodes that it may be on.
 *
 * Most processes of a machine have the limits of others: equal texts are read once.
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/proc/pid.h"

#define VALUES_AT  26u /* where the numbers of a line of PID/limits begin */
#define MOST_TEXTS 64u /* that are remembered */

/* "unlimited", or a number. */
static bool next_limit(struct slice *line, u64 *value)
{
	struct slice word;

	*value = RLIM_INF;
	return slice_word(line, &word) &&
	       (slice_is(word, "unlimited") || slice_number(word, 10, value));
}

/* "Max cpu time              unlimited            unlimited            seconds" */
static int set_limit(struct machine *m, handle_t task, struct slice line)
{
	u64 soft, hard;
	u32 i;

	for (i = 0; i < RLIM_NLIMITS; i++)
		if (slice_starts(line, pid_limits[i].name))
			break;
	if (i == RLIM_NLIMITS || line.size < VALUES_AT)
		return 0;
	line = (struct slice){ line.at + VALUES_AT, line.size - VALUES_AT };
	if (!next_limit(&line, &soft) || !next_limit(&line, &hard))
		return 0;
	/* what is no limit of Linux stays as it was */
	return task_prlimit(m, task, i, soft, hard, true) == -ENOMEM ? -ENOMEM : 0;
}

static int set_limits(struct twin *t, handle_t task, struct slice text)
{
	struct slice rest = text, line;
	size_t i;
	int error = 0;

	for (i = 0; i < t->nr_limits; i++)
		if (t->limits[i].text.size == text.size &&
		    !memcmp(t->limits[i].text.at, text.at, text.size)) {
			twin_same_limits(t->m, task, t->limits[i].task);
			return 0;
		}
	while (!error && slice_line(&rest, &line))
		error = set_limit(t->m, task, line);
	if (!t->limits)
		t->limits = calloc(MOST_TEXTS, sizeof(*t->limits));
	if (t->limits && t->nr_limits < MOST_TEXTS)
		t->limits[t->nr_limits++] = (struct twin_limits){ text, task };
	return error;
}

static void add_cpu(void *arg, u64 cpu)
{
	struct cpumask *mask = arg;

	mask->bits[cpu / 64] |= 1ull << cpu % 64;
}

/* 0: all CPUs. */
static int set_cpus(struct machine *m, handle_t task, struct slice list)
{
	struct cpumask mask = { { 0 } };
	u32 cpu = 0;

	if (!list.size || !slice_list(list, NR_CPUS_MAX, add_cpu, &mask))
		return 0;
	while (cpu < m->nr_cpus && mask.bits[cpu / 64] >> cpu % 64 & 1)
		cpu++;
	return cpu < m->nr_cpus && task_setaffinity(m, task, &mask) == -ENOMEM ? -ENOMEM : 0;
}

static void add_node(void *arg, u64 nid)
{
	*(u64 *)arg |= 1ull << nid;
}

static void set_mems(struct machine *m, handle_t task, struct slice list)
{
	u64 all = 0, mems = 0;
	u32 nid;

	if (!list.size || !slice_list(list, MAX_NUMNODES, add_node, &mems))
		return;
	for (nid = 0; nid < m->nr_nodes; nid++)
		if (m->node[nid].has_memory)
			all |= 1ull << nid;
	if (mems & all && (mems & all) != all)
		task_at(m, task)->mems_allowed = mems & all;
}

int twin_attributes(struct twin *t, const struct capture_process *p, handle_t task)
{
	struct slice status, text;
	int error = 0;

	capture_of_process(&t->c, p, "status", &status);
	set_mems(t->m, task, slice_text(status, "Mems_allowed_list:"));
	task_at(t->m, task)->nvcsw = slice_value(status, "voluntary_ctxt_switches:", 0);
	task_at(t->m, task)->nivcsw = slice_value(status, "nonvoluntary_ctxt_switches:", 0);
	if (capture_of_process(&t->c, p, "limits", &text))
		error = set_limits(t, task, text);
	return error ? error : set_cpus(t->m, task, slice_text(status, "Cpus_allowed_list:"));
}
