/*
 * fragment NODE ZONE INDEX [movable|unmovable]: free memory of a zone in pieces, on purpose; INDEX
 * 0 is the way back. INDEX is the unusable index as sys/kernel/debug/extfrag/unusable_index prints
 * it, "0.85".
 */
#include "fs/sim/command.h"

#include <errno.h>
#include <string.h>

/* A number from 0 to 1 with at most three decimals, in thousandths. */
static int argument_index(struct command_run *c, const char *word, u32 *index)
{
	const char *p = word;
	u32 scale = 100;

	*index = 0;
	if (*p == '0' || *p == '1')
		*index = (u32)(*p++ - '0') * 1000;
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9' && scale; p++, scale /= 10)
			*index += (u32)(*p - '0') * scale;
	}
	if (*p || p == word || p[-1] == '.' || *index > 1000)
		return command_explain(c, -EINVAL, "'%s' is not an index from 0 to 1, such as 0.85",
				       word);
	return 0;
}

static int argument_zone(struct command_run *c, const char *node, const char *name, u32 *nid,
			 enum zone_type *type)
{
	u64 number;
	u32 i;

	if (argument_number(c, node, &number))
		return -EINVAL;
	for (i = 0; i < MAX_NR_ZONES; i++)
		if (strcmp(name, zone_name((enum zone_type)i)) == 0)
			break;
	if (i == MAX_NR_ZONES || number >= c->m->nr_nodes ||
	    !zone_populated(&c->m->node[number].zones[i]))
		return command_explain(c, -ENODEV, "there is no zone %s with memory on node %s",
				       name, node);
	*nid = (u32)number;
	*type = (enum zone_type)i;
	return 0;
}

static int argument_mobility(struct command_run *c, const char *word, bool *movable)
{
	*movable = strcmp(word, "unmovable") != 0;
	if (*movable && strcmp(word, "movable") != 0)
		return command_explain(c, -EINVAL, "movable or unmovable");
	return 0;
}

static int tell_result(struct command_run *c, u32 nid, enum zone_type type)
{
	const struct zone *z = &c->m->node[nid].zones[type];
	s32 index = unusable_free_index(z, COMPACTION_HPAGE_ORDER);

	return command_explain(c, 0, "%llu pages held, unusable index %d.%03d",
			       (unsigned long long)fragment_held(c->m, nid, type), index / 1000,
			       index % 1000);
}

int cmd_fragment(struct command_run *c)
{
	enum zone_type type = ZONE_DMA;
	bool movable = true;
	u32 nid = 0, index;
	int error;

	error = argument_zone(c, c->word[1], c->word[2], &nid, &type);
	if (!error)
		error = argument_index(c, c->word[3], &index);
	if (!error && c->nr_words > 4)
		error = argument_mobility(c, c->word[4], &movable);
	if (error)
		return error;
	error = fragment_zone(c->m, nid, type, index, movable);
	if (error == -ENOMEM)
		return command_explain(c, error,
				       "zone %s of node %s has not enough free memory for that",
				       c->word[2], c->word[1]);
	if (error == -EINTR)
		return command_explain(c, error, "interrupted: nothing is held");
	return error ? error : tell_result(c, nid, type);
}
