/*
 * names.h - names that the kernel in front of the mount remembers.
 *
 * Those of processes, and of what is in their directories, it remembers for all callers until it is
 * told that one of them has ended (session.h), which saves half of the requests that ps makes.
 * Without a kernel that can be told (Linux 6.16) it remembers none.
 *
 * For the visitor who has a process's number himself (visitor.h) the name leads elsewhere: whatever
 * he asks for below it is answered by ESTALE, which makes the kernel look the name up anew. Who
 * comes back with the same inode did not get there by name.
 */
#ifndef FS_NAMES_H
#define FS_NAMES_H

#include "fs/session.h"
#include "fs/visitor.h"

struct names {
	struct session *session;
	struct visitor_cache visitors;
	u32 last;	   /* atomic: they do */
	u32 sent_back_tid; /* the last who was to look up a name anew ... */
	u64 sent_back_ino; /* ... and of what */
};

/** names_set_last() - can the kernel be told to forget names? Any thread. */
void names_set_last(struct names *n, bool last);

/** names_know_caller() - fill in who @c is, if that matters for @ino. Gate not held. */
void names_know_caller(struct names *n, struct caller *c, u64 ino);
/** names_look_up() - likewise, of who looks up a number. */
void names_look_up(struct names *n, struct caller *c);
/** names_check() - 0, or -ESTALE: @c is to look up anew the name that led to @ino. Gate held. */
int names_check(struct names *n, const struct caller *c, u64 ino);
/** names_remember() - the name that led to @ino is about to be told: may it be remembered? Gate
 * held. */
bool names_remember(struct names *n, u64 ino);
/** names_remember_none() - the same of a name that @parent does not have. Gate held. */
bool names_remember_none(struct names *n, const struct caller *c, u64 parent);

#endif
