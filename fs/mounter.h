/*
 * mounter.h - who mounted a machine is root in it: what he does there root does, and what is root's
 * there is shown to be his.
 */
#ifndef FS_MOUNTER_H
#define FS_MOUNTER_H

#include <sys/stat.h>

#include "fs/tree.h"

struct mounter {
	uid_t uid;
	gid_t gid;
};

/** mounter_caller() - @c, as the host knows him, as the machine is to know him. The host's root is
 * root, too. */
static inline void mounter_caller(const struct mounter *who, struct caller *c)
{
	if (c->uid == who->uid || !c->uid)
		c->uid = c->gid = 0;
}

/** mounter_show() - whose a file of the machine is, as the host is to see it. */
static inline void mounter_show(const struct mounter *who, struct stat *st)
{
	if (!st->st_uid)
		st->st_uid = who->uid;
	if (!st->st_gid)
		st->st_gid = who->gid;
}

/** mounter_uid(), mounter_gid() - whom a chown of the host's means. */
static inline uid_t mounter_uid(const struct mounter *who, uid_t uid)
{
	return uid == who->uid ? 0 : uid;
}

static inline gid_t mounter_gid(const struct mounter *who, gid_t gid)
{
	return gid == who->gid ? 0 : gid;
}

#endif
