/*
 * compare.c - what of the twin agrees with the other machine, what does not, and why: sim/twin.
 *
 * Compared is what stands in the capture with what the twin's own counters and page tables say,
 * after all is done, before anything has happened.
 */
#include "fs/twin/furnish.h"

#include <stdlib.h>
#include <string.h>

#include "fs/tree_internal.h"

#define MOST_NAMED 20u /* processes that are named one by one */

static const char *const measure_names[NR_TWIN_MEASURES] = { "Rss", "Pss", "Swap", "Shared",
							     "Private" };

/* Sums of a process's mappings, kB. */
struct process_sums {
	u64 there[NR_TWIN_MEASURES], here[NR_TWIN_MEASURES];
	bool mapped;
};

enum verdict { EXACT, WITHIN_PERCENT, DIFFERENT };

struct comparison {
	struct twin *t;
	struct text *out;
	struct process_sums *sums;	  /* by the process's place in the capture */
	u64 nr[3], steady[3];		  /* processes by verdict: all; those that stood still */
	u64 measure[NR_TWIN_MEASURES][3]; /* of those that stood still */
	u64 nr_unsteady, named, there[NR_TWIN_MEASURES], here[NR_TWIN_MEASURES];
};

#define N(x) ((unsigned long long)(x))

/* ---- processes ---- */

static void gather(struct comparison *c)
{
	struct twin *t = c->t;
	size_t i;
	u32 k;

	for (i = 0; i < t->nr_seen; i++) {
		const struct twin_seen *s = &t->seen[i];
		struct process_sums *sums = &c->sums[s->process];
		struct vma_stats v;

		sums->mapped = true;
		for (k = 0; k < NR_TWIN_MEASURES; k++)
			sums->there[k] += s->kb[k];
		if (!s->kb[TWIN_RSS] && !s->kb[TWIN_SWAP])
			continue;
		vma_gather_stats(t->m, s->vma, &v);
		sums->here[TWIN_RSS] += v.rss >> 10;
		sums->here[TWIN_PSS] += v.pss >> (PSS_SHIFT + 10);
		sums->here[TWIN_SWAP] += v.swap >> 10;
		sums->here[TWIN_SHARED] += (v.shared_clean + v.shared_dirty) >> 10;
		sums->here[TWIN_PRIVATE] += (v.private_clean + v.private_dirty) >> 10;
	}
}

static enum verdict compare(u64 there, u64 here)
{
	u64 apart = there > here ? there - here : here - there;

	return !apart ? EXACT : apart * 100 <= there ? WITHIN_PERCENT : DIFFERENT;
}

static enum verdict verdict_of(const struct comparison *c, const struct process_sums *s)
{
	enum verdict worst = EXACT, v;
	u32 k;

	for (k = 0; k < NR_TWIN_MEASURES; k++) {
		if (k == TWIN_PSS && !c->t->has_pss)
			continue;
		v = compare(s->there[k], s->here[k]);
		worst = v > worst ? v : worst;
	}
	return worst;
}

static const char *reason(const struct comparison *c, size_t i)
{
	const struct twin *t = c->t;
	const struct process_sums *s = &c->sums[i];

	if (c->t->unsteady[i])
		return "it changed while it was read";
	if (s->here[TWIN_RSS] < s->there[TWIN_RSS])
		return twin_room(t->m) < PAGES_PER_SECTION ? "memory is full" :
							     "mappings that are not possible here";
	if (s->here[TWIN_SWAP] != s->there[TWIN_SWAP])
		return "its swap is not there";
	if (t->ksm_kb)
		return "pages may be merged (KSM)";
	if (s->here[TWIN_SHARED] != s->there[TWIN_SHARED])
		return "who it shares pages with came or went meanwhile";
	if (t->nr_capped && s->here[TWIN_PSS] > s->there[TWIN_PSS])
		return "so many share its pages that not all of them are stood for";
	if (t->nr_unread || !t->has_pages)
		return "shares with processes that could not be read are estimated";
	return "its Pss and that of others with the same pages were read at different moments";
}

static void name_process(struct comparison *c, size_t i)
{
	const struct capture_process *p = &c->t->c.processes[i];
	handle_t task = find_task_by_pid(c->t->m, p->pid);
	const struct process_sums *s = &c->sums[i];
	const char *at;
	u32 k;

	if (c->named++ >= MOST_NAMED)
		return;
	text_printf(c->out, "  %u ", p->pid);
	for (at = task ? task_at(c->t->m, task)->comm : "?"; *at; at++)
		text_char(c->out, *at < ' ' || *at > '~' ? '?' : *at);
	text_char(c->out, ':');
	for (k = 0; k < NR_TWIN_MEASURES; k++)
		if (s->there[k] != s->here[k] && (k != TWIN_PSS || c->t->has_pss))
			text_printf(c->out, " %s %llu, here %llu kB;", measure_names[k],
				    N(s->there[k]), N(s->here[k]));
	text_printf(c->out, " %s\n", reason(c, i));
}

static void count(struct comparison *c, const struct process_sums *s, bool steady)
{
	enum verdict v = verdict_of(c, s);
	u32 k;

	c->nr[v]++;
	for (k = 0; k < NR_TWIN_MEASURES; k++) {
		c->there[k] += s->there[k];
		c->here[k] += s->here[k];
		if (steady)
			c->measure[k][compare(s->there[k], s->here[k])]++;
	}
	if (steady)
		c->steady[v]++;
}

/* ---- the text ---- */

/* "Rss and Pss and ...: how many processes agree." */
static void show_processes(struct comparison *c)
{
	static const enum verdict worst_first[] = { DIFFERENT, WITHIN_PERCENT };
	size_t i, nr = c->t->c.nr_processes, v;
	u32 k;

	for (i = 0; i < nr; i++)
		if (c->sums[i].mapped)
			count(c, &c->sums[i], !c->t->unsteady[i]);
	for (i = 0; i < nr; i++)
		c->nr_unsteady += c->t->unsteady[i] && c->sums[i].mapped;
	text_printf(c->out, "\nProcesses whose mappings were read: %llu",
		    N(c->nr[0] + c->nr[1] + c->nr[2]));
	if (c->t->read_twice)
		text_printf(c->out, "; %llu of them changed while they were read",
			    N(c->nr_unsteady));
	text_str(c->out,
		 ".\nOf those that did not, how many agree\n\n"
		 "                 exactly  within 1 %        less   kB there    kB here\n");
	for (k = 0; k < NR_TWIN_MEASURES; k++)
		if (k != TWIN_PSS || c->t->has_pss)
			text_printf(c->out, "  %-12s %10llu %10llu %10llu %10llu %10llu\n",
				    measure_names[k], N(c->measure[k][EXACT]),
				    N(c->measure[k][WITHIN_PERCENT]), N(c->measure[k][DIFFERENT]),
				    N(c->there[k]), N(c->here[k]));
	if (c->nr[DIFFERENT] + c->nr[WITHIN_PERCENT])
		text_str(c->out, "\nWhich do not agree exactly, and why:\n");
	for (v = 0; v < ARRAY_SIZE(worst_first); v++)
		for (i = 0; i < nr; i++)
			if (c->sums[i].mapped && verdict_of(c, &c->sums[i]) == worst_first[v])
				name_process(c, i);
	if (c->named > MOST_NAMED)
		text_printf(c->out, "  ... and %llu more\n", N(c->named - MOST_NAMED));
}

/* Why a line of meminfo may come out differently; NULL: files are not read at one moment. */
struct meminfo_line {
	const char *key, *why;
};

static const char moved[] = "files were not read at one moment";

static const char lists[] = "processes came or went while files were read";

static void show_line(struct comparison *c, const struct meminfo_line *l, u64 there, u64 here)
{
	static const char *const words[] = { "exactly", "to 1 %", "no: " };
	enum verdict v = compare(there, here);
	const char *why = l->why ? l->why : moved;

	if (why == lists && c->t->ksm_kb && here > there)
		why = "pages that KSM has merged are one each here";
	text_printf(c->out, "  %-16s %12llu %12llu  %s%s\n", l->key, N(there), N(here), words[v],
		    v != DIFFERENT ? "" : why);
}

/* meminfo, line by line as the other machine has it. */
static void show_meminfo(struct comparison *c)
{
	static const char small[] = "transparent huge pages are small pages here";
	static const struct meminfo_line lines[] = {
		{ "MemTotal:", NULL },
		{ "MemFree:", "the twin's own records need memory" },
		{ "Buffers:", NULL },
		{ "Cached:", "files that are mapped come to more" },
		{ "SwapCached:", "whose pages are in it nobody tells" },
		{ "Active(anon):", lists },
		{ "Inactive(anon):", lists },
		{ "Active(file):", lists },
		{ "Inactive(file):", lists },
		{ "Unevictable:",
		  "what is not evictable for other reasons than mlock is not copied" },
		{ "Mlocked:", lists },
		{ "SwapTotal:", NULL },
		{ "SwapFree:", NULL },
		{ "Dirty:", NULL },
		{ "AnonPages:", lists },
		{ "Mapped:", lists },
		{ "Shmem:", NULL },
		{ "KernelStack:", "other kernel threads, or threads that are not shown" },
		{ "PageTables:", "tables that have become empty are kept there" },
		{ "SReclaimable:", NULL },
		{ "SUnreclaim:", NULL },
		{ "CommitLimit:", NULL },
		{ "Committed_AS:", lists },
		{ "AnonHugePages:", small },
		{ "ShmemHugePages:", small },
		{ "FileHugePages:", small },
		{ "HugePages_Total:", NULL },
		{ "HugePages_Free:", NULL },
		{ "HugePages_Rsvd:", NULL },
		{ "HugePages_Surp:", NULL },
	};
	struct slice there, here;
	struct text meminfo;
	size_t i;

	text_init(&meminfo);
	tree_read_file(c->t->tree, "proc/meminfo", &meminfo);
	here = (struct slice){ meminfo.data, meminfo.length };
	capture_find(&c->t->c, &there, "/proc/meminfo");
	text_str(c->out, "                        there         here  agrees\n");
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		if (slice_text(there, lines[i].key).size)
			show_line(c, &lines[i], slice_value(there, lines[i].key, 0),
				  slice_value(here, lines[i].key, 0));
	text_free(&meminfo);
}

static void show_rest(struct comparison *c)
{
	const struct twin *t = c->t;

	if (t->nr_unread)
		text_printf(
			c->out,
			"\n%llu processes could not be read: they have the sizes that their status tells, "
			"in a mapping of each kind.\n",
			N(t->nr_unread));
	if (t->nr_held)
		text_printf(
			c->out,
			"\nWhat these and others that are not here share with those that are: a hidden "
			"address space stands for %llu\nmappings of a page, so that the shares come out "
			"right.\n",
			N(t->nr_held));
	if (t->anon_held)
		text_printf(
			c->out,
			"\nAnonymous memory of processes that were not shown, or not any more, is its own: "
			"%llu kB.\n",
			N(t->anon_held) * PAGE_KB);
	if (!t->has_pages)
		text_str(
			c->out,
			"\nPage tables were not read: which pages are shared comes from Shared_* and Pss.\n");
	if (t->thp_kb)
		text_printf(c->out, "\nTransparent huge pages are small pages here: %llu kB.\n",
			    N(t->thp_kb));
	if (t->ksm_kb)
		text_printf(
			c->out,
			"\nPages that KSM has merged from different places are one page each here: %llu kB.\n",
			N(t->ksm_kb));
	if (t->huge_kb)
		text_printf(
			c->out,
			"\nPages of hugetlb pools that processes have are counted, for the pool and for the "
			"process, and stay in use\nwhen it ends: %llu kB.\n",
			N(t->huge_kb));
	if (t->nr_cgroups)
		text_printf(
			c->out,
			"\nControl groups: who is in which, of %zu; not what they may use, nor what they have "
			"used.\n",
			t->nr_cgroups);
}

static void show_settings(struct comparison *c)
{
	const struct twin *t = c->t;

	text_printf(c->out, "\nSettings: %llu are as there", N(t->nr_knobs));
	if (t->nr_knobs_held)
		text_printf(c->out, ", %llu of kernel.* and fs.* for show alone",
			    N(t->nr_knobs_held));
	if (t->knobs_missing.length)
		text_printf(c->out, "; this machine does not have%.*s",
			    (int)t->knobs_missing.length, t->knobs_missing.data);
	if (t->knobs_refused.length)
		text_printf(c->out, "; not possible here:%.*s", (int)t->knobs_refused.length,
			    t->knobs_refused.data);
	text_str(c->out, ".\n");
	if (t->nr_counters)
		text_printf(c->out, "\nCounters of vmstat that only grow: %llu go on from there.\n",
			    N(t->nr_counters));
}

static void summary(const struct comparison *c)
{
	u64 read = c->nr[0] + c->nr[1] + c->nr[2], steady = read - c->nr_unsteady;

	if (!c->t->err || !read)
		return;
	fprintf(c->t->err,
		"mmanfs: twin: %llu of %llu processes%s agree exactly in Rss, Pss, Swap, Shared and Private",
		N(c->steady[EXACT]), N(steady), c->nr_unsteady ? " that stood still" : "");
	if (c->steady[WITHIN_PERCENT])
		fprintf(c->t->err, ", %llu to 1 %%", N(c->steady[WITHIN_PERCENT]));
	if (c->steady[DIFFERENT])
		fprintf(c->t->err, ", %llu do not", N(c->steady[DIFFERENT]));
	fputs(": see sim/twin\n", c->t->err);
}

void twin_compare(struct twin *t)
{
	struct text out;
	struct comparison c = { .t = t, .out = &out };

	text_init(&out);
	c.sums = calloc(t->c.nr_processes + 1, sizeof(*c.sums));
	if (c.sums) {
		gather(&c);
		text_str(
			&out,
			"What this machine has of the one that it is the twin of, as it was when it was "
			"made; kB.\n\n");
		show_meminfo(&c);
		show_processes(&c);
		show_rest(&c);
		show_settings(&c);
		summary(&c);
	}
	text_char(&out, '\0');
	tree_set_twin(t->tree, text_error(&out) ? NULL : out.data);
	if (text_error(&out))
		text_free(&out);
	free(c.sums);
}
