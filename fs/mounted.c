/* What a mount answers about names and attributes; mounted.h says to whom. */
#include "fs/mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define STATIC_TIMEOUT 1.0    /* seconds the kernel may remember what never changes */
#define NAME_TIMEOUT   3600.0 /* likewise, names that it can be told to forget */

/* Attributes of @ino. Held. */
static int fill_attr(struct mounted *mnt, const struct caller *c, u64 ino, struct mounted_entry *e)
{
	int error = tree_getattr(mnt->tree, c, ino, &e->attr);

	if (error)
		return error;
	mounter_show(&mnt->mounter, &e->attr);
	e->ino = ino;
	e->attr_timeout = tree_is_static(mnt->tree, ino) ? STATIC_TIMEOUT : 0.0;
	return 0;
}

/* With its attributes, for the kernel wants them next. */
int mounted_fill_entry(struct mounted *mnt, const struct caller *c, u64 ino,
		       struct mounted_entry *e)
{
	int error;

	memset(e, 0, sizeof(*e));
	error = fill_attr(mnt, c, ino, e);
	if (!error)
		e->name_timeout = names_remember(&mnt->names, ino) ? NAME_TIMEOUT : e->attr_timeout;
	return error;
}

/* An entry that is not there. Where that stays so the kernel may remember it: 0. Else -ENOENT.
 * Held. */
static int no_entry(struct mounted *mnt, const struct caller *c, u64 parent,
		    struct mounted_entry *e)
{
	if (!names_remember_none(&mnt->names, c, parent))
		return -ENOENT;
	memset(e, 0, sizeof(*e));
	e->name_timeout = NAME_TIMEOUT;
	return 0;
}

int mounted_lookup(struct mounted *mnt, struct caller *c, u64 parent, const char *name,
		   struct mounted_entry *e)
{
	u64 ino;
	int error;

	names_know_caller(&mnt->names, c, parent);
	/* only a number can be the caller's own; to find it out costs a look into the host's
	 * /proc */
	if (name[0] >= '0' && name[0] <= '9')
		names_look_up(&mnt->names, c);
	session_enter(&mnt->session);
	error = names_check(&mnt->names, c, parent);
	if (!error)
		error = tree_lookup(mnt->tree, c, parent, name, &ino);
	if (!error)
		error = mounted_fill_entry(mnt, c, ino, e);
	else if (error == -ENOENT)
		error = no_entry(mnt, c, parent, e);
	session_leave(&mnt->session);
	return error;
}

int mounted_getattr(struct mounted *mnt, struct caller *c, u64 ino, struct mounted_entry *e)
{
	int error;

	names_know_caller(&mnt->names, c, ino);
	session_enter(&mnt->session);
	error = names_check(&mnt->names, c, ino);
	if (!error)
		error = fill_attr(mnt, c, ino, e);
	session_leave(&mnt->session);
	return error;
}

int mounted_setattr(struct mounted *mnt, const struct caller *c, u64 ino, struct tree_setattr *a,
		    bool now, const u64 *size)
{
	int error = 0;

	a->uid = mounter_uid(&mnt->mounter, a->uid);
	a->gid = mounter_gid(&mnt->mounter, a->gid);
	session_enter(&mnt->session);
	if (now)
		a->mtime = tree_now_ns(mnt->tree);
	if (size)
		error = tree_truncate(mnt->tree, c, ino, *size);
	if (!error)
		error = tree_setattr(mnt->tree, c, ino, a);
	session_leave(&mnt->session);
	return error;
}

int mounted_access(struct mounted *mnt, struct caller *c, u64 ino, int mask)
{
	int error;

	names_know_caller(&mnt->names, c, ino);
	session_enter(&mnt->session);
	error = names_check(&mnt->names, c, ino);
	if (!error)
		error = tree_access(mnt->tree, c, ino, mask);
	session_leave(&mnt->session);
	return error;
}

int mounted_readlink(struct mounted *mnt, struct caller *c, u64 ino, struct text *target)
{
	int error;

	visitor_resolve(&mnt->names.visitors, c);
	session_enter(&mnt->session);
	error = names_check(&mnt->names, c, ino);
	if (!error)
		error = tree_readlink(mnt->tree, c, ino, target);
	session_leave(&mnt->session);
	text_char(target, '\0');
	return !error && text_error(target) ? -ENOMEM : error;
}

int mounted_make(struct mounted *mnt, const struct caller *c, u64 parent, const char *name,
		 mode_t mode, struct mounted_entry *e)
{
	u64 ino;
	int error;

	session_enter(&mnt->session);
	error = tree_mknod(mnt->tree, c, parent, name, mode, &ino);
	if (!error)
		error = mounted_fill_entry(mnt, c, ino, e);
	session_leave(&mnt->session);
	return error;
}

int mounted_open(struct mounted *mnt, struct caller *c, u64 ino, int flags, struct open_file **f)
{
	int error;

	names_know_caller(&mnt->names, c, ino);
	session_enter(&mnt->session);
	error = names_check(&mnt->names, c, ino);
	if (!error)
		error = tree_open(mnt->tree, c, ino, flags, f);
	session_leave(&mnt->session);
	return error;
}

int mounted_create(struct mounted *mnt, const struct caller *c, u64 parent, const char *name,
		   mode_t mode, int flags, struct mounted_entry *e, struct open_file **f)
{
	u64 ino;
	int error;

	session_enter(&mnt->session);
	error = tree_create_file(mnt->tree, c, parent, name, mode, &ino);
	if (!error)
		error = mounted_fill_entry(mnt, c, ino, e);
	if (!error)
		error = tree_open(mnt->tree, c, ino, flags & ~(O_CREAT | O_EXCL), f);
	session_leave(&mnt->session);
	return error;
}
