/* Names that the kernel in front of the mount remembers; names.h says why and when. */
#include "fs/names.h"

#include <errno.h>

static bool names_last(const struct names *n)
{
	return __atomic_load_n(&n->last, __ATOMIC_RELAXED);
}

void names_set_last(struct names *n, bool last)
{
	__atomic_store_n(&n->last, last, __ATOMIC_RELAXED);
}

void names_know_caller(struct names *n, struct caller *c, u64 ino)
{
	if (names_last(n) && tree_name_lasts(n->session->tree, ino))
		visitor_resolve(&n->visitors, c);
}

void names_look_up(struct names *n, struct caller *c)
{
	visitor_resolve(&n->visitors, c);
	n->sent_back_tid = 0;
}

int names_check(struct names *n, const struct caller *c, u64 ino)
{
	bool again;

	if (!names_last(n) || likely(tree_leads_here(n->session->tree, c, ino)))
		return 0;
	again = n->sent_back_tid == c->host_tid && n->sent_back_ino == ino;
	n->sent_back_tid = again ? 0 : c->host_tid;
	n->sent_back_ino = ino;
	return again ? 0 : -ESTALE;
}

bool names_remember(struct names *n, u64 ino)
{
	if (!names_last(n) || !tree_name_lasts(n->session->tree, ino))
		return false;
	session_know_name(n->session);
	return true;
}

bool names_remember_none(struct names *n, const struct caller *c, u64 parent)
{
	struct stat st;

	if (!names_last(n) || !tree_no_name_lasts(n->session->tree, parent) ||
	    tree_getattr(n->session->tree, c, parent, &st))
		return false;
	session_know_name(n->session);
	return true;
}
