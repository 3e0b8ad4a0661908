/*
 * visitor.h - real processes that read the tree.
 *
 * FUSE says which thread asks, in the numbers of the daemon's own PID namespace. A visitor has the
 * number that it knows itself by: its process's, in its own innermost namespace (`mmanfs exec` makes
 * one). proc/self leads there; and a lookup of that number in proc/, by that process, finds
 * visitor_directory, which no listing shows.
 */
#ifndef FS_VISITOR_H
#define FS_VISITOR_H

#include "fs/tree.h"

/** visitor_resolve() - fill in @c->tid and @c->pid from @c->host_tid; 0 where that is not known. */
void visitor_resolve(struct caller *c);

/**
 * visitor_lookup() - is @name the caller's own number?
 * 0 with @out filled in, or -ENOENT. For proc/'s lookup, before simulated processes.
 */
int visitor_lookup(const struct request *rq, const char *name, struct entry *out);

/** visitor_self(), visitor_thread_self() - targets of proc/self and proc/thread-self; -ENOENT for a
 * caller without a number. */
int visitor_self(const struct request *rq, struct text *out);
int visitor_thread_self(const struct request *rq, struct text *out);

/* To be listed in proc/'s ->dynamic. */
extern const struct directory visitor_directory;

#endif
