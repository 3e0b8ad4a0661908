/* nodes.c - memory policies and moving pages: the calls, without libnuma. */
#include "tests/oracle/guest/driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE	 4096ul
#define MODES	 6
#define PAGES	 4096 /* at most, of one move_pages */
#define MOVE	 2
#define MAX_NODE 64ul

/* "bind:0,1", "bind=static:0": mode with its flag, and mask; a plain word has no nodes */
static int policy_of(const char *text, unsigned long *mask)
{
	static const char *const modes[MODES] = { "default",	"preferred", "bind",
						  "interleave", "local",     "preferred_many" };
	size_t length = strcspn(text, ":=");
	int mode;

	*mask = 0;
	for (mode = 0; mode < MODES; mode++)
		if (strlen(modes[mode]) == length && !strncmp(text, modes[mode], length))
			break;
	text += length;
	if (!strncmp(text, "=static", 7))
		mode |= 1 << 15;
	else if (!strncmp(text, "=relative", 9))
		mode |= 1 << 14;
	else if (!strncmp(text, "=balancing", 10))
		mode |= 1 << 13;
	text += strcspn(text, ":");
	while (*text) {
		unsigned long first = strtoul(text + 1, (char **)&text, 10), last = first;

		if (*text == '-')
			last = strtoul(text + 1, (char **)&text, 10);
		for (; first <= last && first < MAX_NODE; first++)
			*mask |= 1ul << first;
	}
	return mode;
}

int do_set_mempolicy(struct command *c)
{
	unsigned long mask;
	int mode = policy_of(c->word[1], &mask);

	return done(syscall(SYS_set_mempolicy, mode, &mask, MAX_NODE + 1));
}

int do_mbind(struct command *c)
{
	unsigned long mask;
	int mode = policy_of(c->word[2], &mask), error, first = 3, flags = 0;
	char *start;
	size_t length;

	for (; c->nr > first; first++) {
		if (!strcmp(c->word[first], "strict"))
			flags |= 1;
		else if (!strcmp(c->word[first], "move"))
			flags |= MOVE;
		else if (!strcmp(c->word[first], "move_all"))
			flags |= 4;
		else
			break;
	}
	error = range_at(c, first, find_region(c->word[1]), &start, &length);
	return error ? error :
		       done(syscall(SYS_mbind, start, length, mode, &mask, MAX_NODE + 1, flags));
}

int do_migrate_pages(struct command *c)
{
	unsigned long from, to;
	char list[64];

	snprintf(list, sizeof(list), ":%.60s", c->word[1]);
	policy_of(list, &from);
	snprintf(list, sizeof(list), ":%.60s", c->word[2]);
	policy_of(list, &to);
	return syscall(SYS_migrate_pages, 0, MAX_NODE + 1, &from, &to) < 0 ? -errno : 0;
}

/* The whole region, page by page; a page that cannot move is no error. */
int do_move_pages(struct command *c)
{
	static void *pages[PAGES];
	static int nodes[PAGES], status[PAGES];
	unsigned long i, n;
	char *start;
	size_t length;
	int error = range_at(c, 3, find_region(c->word[1]), &start, &length);

	if (error)
		return error;
	n = length / PAGE < PAGES ? length / PAGE : PAGES;
	for (i = 0; i < n; i++) {
		pages[i] = start + i * PAGE;
		nodes[i] = (int)size_of(c->word[2]);
	}
	return syscall(SYS_move_pages, 0, n, pages, nodes, status, MOVE) < 0 ? -errno : 0;
}
