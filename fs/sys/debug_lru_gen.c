/*
 * /sys/kernel/debug/lru_gen: generations by age, for each memory control group and node.
 *
 * There is one group so far, the root, and pages are in the classic lists: generations are empty.
 * They can be made (+) and, being empty, evicted (-).
 * Source: Documentation/admin-guide/mm/multigen_lru.rst.
 */
#include "fs/sys/debug.h"

#include <errno.h>
#include <string.h>

#define ROOT_MEMCG_ID 1u
#define MAX_NR_TIERS  4u

/* ---- show ---- */

static void show_counts(struct text *out, const char *marks, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		text_char(out, ' ');
		text_u64_width(out, 0, 10);
		text_char(out, marks[i]);
	}
	text_char(out, '\n');
}

/* What was refaulted, evicted and protected in each tier of a generation, and its page table
 * walks. */
static void show_history(struct text *out, bool oldest, bool youngest)
{
	u32 tier;

	for (tier = 0; tier < MAX_NR_TIERS; tier++) {
		text_fill(out, ' ', 12);
		text_u64_width(out, tier, 10);
		show_counts(out, youngest ? "RT RT " : oldest ? "reprep" : "      ", 6);
	}
	text_fill(out, ' ', 22);
	show_counts(out, youngest ? "LOYNFA" : "      ", 6);
}

static int show(const struct request *rq, struct text *out, bool full)
{
	const struct machine *m = rq->m;
	u32 nid;

	text_printf(out, "memcg %5u /\n", ROOT_MEMCG_ID);
	for (nid = 0; nid < m->nr_nodes; nid++) {
		u64 seq, min = m->knobs.lru_gen.node[nid].min_seq,
			 max = m->knobs.lru_gen.node[nid].max_seq;

		if (!node_has_memory(m, nid))
			continue;
		text_printf(out, " node %5u\n", nid);
		for (seq = min; seq <= max; seq++) {
			u64 birth = m->knobs.lru_gen.node[nid].birth[seq % LRU_GEN_MAX_NR];
			u64 age = (m->clock.now / JIFFY_NS - birth / JIFFY_NS) *
				  (JIFFY_NS / NSEC_PER_MSEC);

			text_char(out, ' ');
			text_u64_width(out, seq, 10);
			text_char(out, ' ');
			text_u64_width(out, age, 10);
			show_counts(out, "  ", 2);
			if (full)
				show_history(out, seq == min, seq == max);
		}
	}
	return 0;
}

int debug_lru_gen_show(const struct request *rq, struct text *out)
{
	return show(rq, out, false);
}

int debug_lru_gen_full_show(const struct request *rq, struct text *out)
{
	return show(rq, out, true);
}

/* ---- commands ---- */

struct lru_gen_command {
	char what;
	u64 memcg, nid, seq, swappiness, option; /* option: force_scan of +, pages of - */
	bool has_swappiness, has_option;
};

static void skip_space(const char **p, size_t *left)
{
	while (*left && (**p == ' ' || **p == '\t')) {
		++*p;
		--*left;
	}
}

static bool parse_command(const char *p, size_t left, struct lru_gen_command *c)
{
	memset(c, 0, sizeof(*c));
	c->what = *p++;
	left--;
	if (!parse_scan_u64(&p, &left, 10, &c->memcg) || !parse_scan_u64(&p, &left, 10, &c->nid) ||
	    !parse_scan_u64(&p, &left, 10, &c->seq))
		return false;
	c->has_swappiness = parse_scan_u64(&p, &left, 10, &c->swappiness);
	if (c->has_swappiness)
		c->has_option = parse_scan_u64(&p, &left, 10, &c->option);
	skip_space(&p, &left);
	return !left;
}

static int run_aging(struct machine *m, const struct lru_gen_command *c)
{
	u64 *min = &m->knobs.lru_gen.node[c->nid].min_seq,
	    *max = &m->knobs.lru_gen.node[c->nid].max_seq;

	if (c->seq < *max)
		return 0;
	if (c->seq > *max)
		return -EINVAL;
	if (!c->option && *min + LRU_GEN_MAX_NR - 1 <= *max)
		return -ERANGE;
	++*max;
	if (*max - *min >= LRU_GEN_MAX_NR)
		*min = *max - LRU_GEN_MAX_NR + 1;
	m->knobs.lru_gen.node[c->nid].birth[*max % LRU_GEN_MAX_NR] = m->clock.now;
	return 0;
}

/* Empty generations go at once, down to the two that must be. */
static int run_eviction(struct machine *m, const struct lru_gen_command *c)
{
	u64 *min = &m->knobs.lru_gen.node[c->nid].min_seq,
	    max = m->knobs.lru_gen.node[c->nid].max_seq;

	if (c->seq + LRU_GEN_MIN_NR > max)
		return -EINVAL;
	if (c->seq >= *min)
		*min = max - LRU_GEN_MIN_NR + 1;
	return 0;
}

static int run_command(struct machine *m, const struct lru_gen_command *c)
{
	if (c->nid >= MAX_NUMNODES || !node_has_memory(m, (u32)c->nid) ||
	    c->memcg != ROOT_MEMCG_ID || c->swappiness > 200)
		return -EINVAL;
	switch (c->what) {
	case '+':
		return run_aging(m, c);
	case '-':
		return run_eviction(m, c);
	default:
		return -EINVAL;
	}
}

/* Commands are separated by comma, semicolon or newline; the first that fails ends it. */
ssize_t debug_lru_gen_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	size_t at = 0, end;
	int err = -EINVAL;

	(void)offset;
	for (; at < size; at = end + 1) {
		struct lru_gen_command c;
		const char *p = data + at;
		size_t left;

		for (end = at; end < size && !strchr(",;\n", data[end]); end++)
			;
		left = end - at;
		skip_space(&p, &left);
		if (!left)
			continue;
		err = parse_command(p, left, &c) ? run_command(rq->m, &c) : -EINVAL;
		if (err)
			break;
	}
	return err ? err : (ssize_t)size;
}
