/*
 * visitor.h - real processes that read the tree.
 *
 * FUSE says which thread asks, in the numbers of the daemon's own PID namespace. A visitor has the
 * number that it knows itself by: its process's, in its own innermost namespace (`mmanfs exec`
 * makes one). proc/self leads there; and a lookup of that number in proc/, by that process, finds
 * visitor_directory, which no listing shows. What is in it comes from the host's own /proc, with
 * numbers, times and masks as the simulated machine would have them.
 */
#ifndef FS_VISITOR_H
#define FS_VISITOR_H

#include "fs/tree.h"

#define VISITOR_CACHE 64u

/* Who a host's thread is. Kept for a moment: a number is not used again before all others were. */
struct visitor_cache {
	struct visitor {
		u32 host_tid, host_pid, tid, pid;
		u64 since; /* host ns */
	} slot[VISITOR_CACHE];
};

/** visitor_resolve() - fill in @c's other numbers from ->host_tid; they stay 0 where that is not
 * known. Reads the host's /proc: gate not held. */
void visitor_resolve(struct visitor_cache *cache, struct caller *c);

/** visitor_lookup_mate() - is @name the number of another process of the caller's session? For what
 * is no simulated process. 0 or -ENOENT. */
int visitor_lookup_mate(const struct request *rq, const char *name, struct entry *out);
/** visitor_list() - the caller himself, in the listing of proc/ that he reads, if he has asked for
 * it. */
void visitor_list(const struct request *rq, struct dir_emit *e, u64 next_position);

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

/** visitor_exists() - is he still there whose folder this is? */
bool visitor_exists(const struct request *rq);
/** visitor_net_directory - proc/self/net (fs/proc/net.c) */
extern const struct directory visitor_net_directory;

#endif
