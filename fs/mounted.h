/*
 * mounted.h - a tree as a mount shows it: what the kernel in front of it asks about names and
 * attributes, and how long it may remember the answer. Knows nothing of FUSE.
 *
 * Who mounted the machine is root in it (mounter.h); names of processes are remembered until one ends
 * (names.h). But where it says otherwise, each function here passes the gate for itself, is called by
 * the loop thread without it, and returns 0 or the -errno to answer.
 */
#ifndef FS_MOUNTED_H
#define FS_MOUNTED_H

#include <sys/stat.h>

#include "fs/mounter.h"
#include "fs/names.h"
#include "fs/session.h"
#include "fs/text.h"
#include "fs/tree.h"

struct mounted {
	struct session session; /* machine, tree, gate, worker */
	struct tree *tree;
	struct mounter mounter;
	struct names names; /* the loop thread's, but for one flag */
};

/** struct mounted_entry - an inode and what the kernel may remember, in seconds */
struct mounted_entry {
	u64 ino; /* 0: there is no such name, which may be remembered as well */
	struct stat attr;
	double attr_timeout, name_timeout;
};

/** mounted_lookup() - the entry called @name in directory @parent */
int mounted_lookup(struct mounted *mnt, struct caller *c, u64 parent, const char *name,
		   struct mounted_entry *e);
/** mounted_getattr() - the entry of @ino, but for the name's timeout */
int mounted_getattr(struct mounted *mnt, struct caller *c, u64 ino, struct mounted_entry *e);
/**
 * mounted_setattr() - as setattr of the kernel's: @a names the host's users
 * @now:  the time to set is now
 * @size: truncate to so many bytes first, or NULL
 */
int mounted_setattr(struct mounted *mnt, const struct caller *c, u64 ino, struct tree_setattr *a,
		    bool now, const u64 *size);
/** mounted_access() - may @c do @mask (access(2))? */
int mounted_access(struct mounted *mnt, struct caller *c, u64 ino, int mask);
/** mounted_readlink() - where a symbolic link leads, ended by a zero byte */
int mounted_readlink(struct mounted *mnt, struct caller *c, u64 ino, struct text *target);
/** mounted_make() - mkdir(2), mknod(2), symlink(2), by the type in @mode */
int mounted_make(struct mounted *mnt, const struct caller *c, u64 parent, const char *name,
		 mode_t mode, struct mounted_entry *e);
/** mounted_open() - open(2) of what is there */
int mounted_open(struct mounted *mnt, struct caller *c, u64 ino, int flags, struct open_file **f);
/** mounted_create() - open(2) with O_CREAT of what is not there yet */
int mounted_create(struct mounted *mnt, const struct caller *c, u64 parent, const char *name,
		   mode_t mode, int flags, struct mounted_entry *e, struct open_file **f);
/** mounted_fill_entry() - all of an entry that was found. Gate held. */
int mounted_fill_entry(struct mounted *mnt, const struct caller *c, u64 ino,
		       struct mounted_entry *e);

#endif
