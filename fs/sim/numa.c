/*
 * numa.c - commands of sim/procs/NAME/ctl about nodes: set_mempolicy, mbind, migrate_pages,
 * move_pages; and gup, ungup, which pin pages to their frames.
 */
#include "fs/sim/command.h"

#include <errno.h>
#include <mman/mempolicy.h>
#include <string.h>

#include "fs/parse.h"

#define MOVE_CHUNK 4096u /* pages of one move_pages(2) */

/* ---- arguments ---- */

/* "0", "0-2,5" */
static int argument_nodes(struct command_run *c, const char *word, u64 *nodes)
{
	const char *p = word, *end = word + strlen(word);
	u64 from, to;

	*nodes = 0;
	while (parse_digits(&p, end, &from)) {
		to = from;
		if (parse_literal(&p, end, "-") && !parse_digits(&p, end, &to))
			break;
		if (to < from || to >= MAX_NUMNODES)
			break;
		for (; from <= to; from++)
			*nodes |= 1ull << from;
		if (p == end)
			return 0;
		if (!parse_literal(&p, end, ","))
			break;
	}
	return command_explain(c, -EINVAL, "'%s' is not a list of nodes such as 0-1,3", word);
}

struct policy_argument {
	u32 mode, flags;
	u64 nodes;
};

/* "static", "relative", "balancing", or one of the first two with "|balancing" */
static bool parse_policy_flags(const char *word, size_t length, u32 *flags)
{
	static const struct {
		const char *name;
		u32 flag;
	} known[] = { { "static", MPOL_F_STATIC_NODES },
		      { "relative", MPOL_F_RELATIVE_NODES },
		      { "balancing", MPOL_F_NUMA_BALANCING } };
	const char *end = word + length;
	u32 i;

	for (;;) {
		size_t n = strcspn(word, "|:");

		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (strlen(known[i].name) == n && !strncmp(word, known[i].name, n))
				break;
		if (i == ARRAY_SIZE(known))
			return false;
		*flags |= known[i].flag;
		word += n;
		if (word >= end)
			return true;
		word++;
	}
}

/* MODE[=FLAGS][:NODES] */
static int argument_policy(struct command_run *c, const char *word, struct policy_argument *p)
{
	static const char *const modes[MPOL_MAX] = {
		[MPOL_DEFAULT] = "default", [MPOL_PREFERRED] = "preferred",
		[MPOL_BIND] = "bind",	    [MPOL_INTERLEAVE] = "interleave",
		[MPOL_LOCAL] = "local",	    [MPOL_PREFERRED_MANY] = "preferred_many",
	};
	size_t length = strcspn(word, "=:");
	const char *rest = word + length;

	*p = (struct policy_argument){ .mode = 0 };
	while (p->mode < MPOL_MAX &&
	       (strncmp(word, modes[p->mode], length) != 0 || modes[p->mode][length] != '\0'))
		p->mode++;
	if (p->mode == MPOL_MAX)
		return command_explain(c, -EINVAL,
				       "'%s' is no policy: default, local, bind:NODES, "
				       "preferred:NODE, preferred_many:NODES, interleave:NODES",
				       word);
	if (*rest == '=') {
		const char *flag = rest + 1;

		length = strcspn(flag, ":");
		if (!parse_policy_flags(flag, length, &p->flags))
			return command_explain(c, -EINVAL,
					       "'%s': say =static, =relative or =balancing", word);
		rest = flag + length;
	}
	return *rest ? argument_nodes(c, rest + 1, &p->nodes) : 0;
}

/* The range may be named by the words from @first on, behind what mbind takes else. */
static int region_range(struct command_run *c, const char *name, u32 first, u64 *start, u64 *length)
{
	c->word[first - 1] = name;
	return argument_range(c, first - 1, start, length);
}

static int explain_policy(struct command_run *c, int error, const char *word)
{
	if (error == -EINVAL)
		return command_explain(c, error,
				       "'%s': bind, interleave and the like need a node that has "
				       "memory, default and local take none",
				       word);
	return error;
}

/* ---- policies ---- */

static int cmd_set_mempolicy(struct command_run *c)
{
	struct policy_argument p;
	int error = argument_policy(c, c->word[1], &p);

	if (error)
		return error;
	error = do_set_mempolicy(c->m, c->task, p.mode, p.flags, p.nodes);
	return explain_policy(c, error, c->word[1]);
}

/* mbind NAME POLICY [strict] [move|move_all] [OFF LEN] */
static int cmd_mbind(struct command_run *c)
{
	static const struct {
		const char *word;
		u32 flag;
	} flags[] = { { "strict", MPOL_MF_STRICT },
		      { "move", MPOL_MF_MOVE },
		      { "move_all", MPOL_MF_MOVE_ALL } };
	const char *policy = c->word[2];
	struct policy_argument p;
	u32 mf = 0, first = 3, i;
	u64 start, length;
	int error = argument_policy(c, policy, &p);

	for (i = 0; i < ARRAY_SIZE(flags) && first < c->nr_words; i++)
		if (strcmp(c->word[first], flags[i].word) == 0) {
			mf |= flags[i].flag;
			first++;
			i = UINT32_MAX; /* from the start */
		}
	if (!error)
		error = region_range(c, c->word[1], first, &start, &length);
	if (error)
		return error;
	error = do_mbind(c->m, c->task, start, length, p.mode, p.flags, p.nodes, mf);
	switch (error) {
	case -EIO:
		return command_explain(c, error, "pages of it lie on other nodes%s",
				       mf & ~MPOL_MF_STRICT ? ", and could not be moved" : "");
	case -EFAULT:
		return command_explain(c, error, "a part of the range is not mapped");
	case -EPERM:
		return command_explain(c, error, "move_all is for root");
	default:
		return explain_policy(c, error, policy);
	}
}

/* ---- moving ---- */

static int cmd_migrate_pages(struct command_run *c)
{
	u64 from, to;
	int error = argument_nodes(c, c->word[1], &from), stayed;

	if (!error)
		error = argument_nodes(c, c->word[2], &to);
	if (error)
		return error;
	stayed = do_migrate_pages(c->m, c->task, from, to, !task_at(c->m, c->task)->uid);
	if (stayed == -EINVAL)
		return command_explain(c, stayed, "none of the nodes %s has memory", c->word[2]);
	if (stayed == -ENOMEM)
		return command_explain(c, stayed, "there is no memory left there");
	if (stayed > 0)
		text_printf(c->result, "%d pages could not be moved", stayed);
	return stayed < 0 ? stayed : 0;
}

/* How move_pages(2) ended for each page. */
struct tally {
	u64 there, shared, absent, unmapped, busy;
};

static void tally_add(struct tally *t, const int *status, u64 nr, int node)
{
	u64 i;

	for (i = 0; i < nr; i++) {
		t->there += status[i] == node;
		t->shared += status[i] == -EACCES;
		t->absent += status[i] == -ENOENT;
		t->unmapped += status[i] == -EFAULT;
		t->busy += status[i] == -EBUSY;
	}
}

static void tally_show(struct command_run *c, const struct tally *t, u64 node, u64 stayed)
{
	const struct {
		u64 n;
		const char *what;
	} row[] = {
		{ t->shared, "shared with others" },
		{ t->absent, "not in memory" },
		{ t->unmapped, "never touched" },
		{ t->busy, "on no list" },
		{ stayed, "in use" },
	};
	u32 i;

	text_printf(c->result, "%llu pages on node %llu", (unsigned long long)t->there,
		    (unsigned long long)node);
	for (i = 0; i < ARRAY_SIZE(row); i++)
		if (row[i].n)
			text_printf(c->result, ", %llu %s", (unsigned long long)row[i].n,
				    row[i].what);
}

static int move_chunk(struct command_run *c, u64 start, u64 nr, int node, bool all, struct tally *t)
{
	u64 addrs[MOVE_CHUNK], i;
	int nodes[MOVE_CHUNK], status[MOVE_CHUNK], result;

	for (i = 0; i < MOVE_CHUNK; i++) {
		addrs[i] = start + i * PAGE_SIZE;
		nodes[i] = node;
		status[i] = INT32_MIN;
	}
	result = do_move_pages(c->m, c->task, nr, addrs, nodes, status, all);
	tally_add(t, status, nr, node);
	return result;
}

/* move_pages NAME NODE [all] [OFF LEN] */
static int cmd_move_pages(struct command_run *c)
{
	const char *node_word = c->word[2];
	struct tally t = { 0 };
	bool all = c->nr_words > 3 && strcmp(c->word[3], "all") == 0;
	u64 start, length, node, stayed = 0;
	int error = argument_number(c, node_word, &node), left;

	if (!error)
		error = region_range(c, c->word[1], all ? 4 : 3, &start, &length);
	if (!error && all && task_at(c->m, c->task)->uid)
		error = command_explain(c, -EPERM, "all is for root");
	if (error)
		return error;
	length = PAGE_ALIGN(start + length) >> PAGE_SHIFT;
	start &= PAGE_MASK;
	for (length -= start >> PAGE_SHIFT; length && !error;) {
		u64 nr = min_t(u64, length, MOVE_CHUNK);

		left = move_chunk(c, start, nr, (int)min_t(u64, node, INT32_MAX), all, &t);
		if (left < 0)
			error = left;
		else
			stayed += (u64)left;
		start += nr << PAGE_SHIFT;
		length -= nr;
	}
	if (error == -ENODEV)
		return command_explain(c, error, "there is no node %s with memory", node_word);
	if (error == -ENOMEM)
		return command_explain(c, error, "there is no memory left on node %s", node_word);
	if (!error)
		tally_show(c, &t, node, stayed);
	return error;
}

/* ---- pins ---- */

static int cmd_gup(struct command_run *c)
{
	u64 start, length;
	int error = argument_range(c, 1, &start, &length);

	if (error)
		return error;
	error = pin_user_pages(c->m, c->task, start, length);
	if (error == -EFAULT)
		return command_explain(c, error, "a part of it is not mapped, or may not be read");
	if (!error)
		text_printf(
			c->result, "%llu pages pinned",
			(unsigned long long)((PAGE_ALIGN(start + length) - (start & PAGE_MASK)) >>
					     PAGE_SHIFT));
	return error;
}

static int cmd_ungup(struct command_run *c)
{
	u64 start, length;
	int error = argument_range(c, 1, &start, &length);

	if (!error)
		text_printf(c->result, "%llu pages unpinned",
			    (unsigned long long)unpin_user_pages(c->m, task_at(c->m, c->task)->mm,
								 start, length));
	return error;
}

static const struct command commands[] = {
	{ "set_mempolicy", 1, 1, 0, cmd_set_mempolicy, "POLICY" },
	{ "mbind", 2, 6, 0, cmd_mbind, "NAME POLICY [strict] [move|move_all] [OFF LEN]" },
	{ "migrate_pages", 2, 2, 0, cmd_migrate_pages, "FROM TO" },
	{ "move_pages", 2, 5, 0, cmd_move_pages, "NAME NODE [all] [OFF LEN]" },
	{ "gup", 1, 3, 0, cmd_gup, "NAME [OFF LEN]" },
	{ "ungup", 1, 3, 0, cmd_ungup, "NAME [OFF LEN]" },
};

const struct command_table numa_commands = { commands, ARRAY_SIZE(commands) };
