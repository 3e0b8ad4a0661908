/* visitor_internal.h - what the visitor's files share. An object is the host's number of a
 * thread. */
#ifndef FS_VISITOR_INTERNAL_H
#define FS_VISITOR_INTERNAL_H

#include "fs/visitor.h"

#define NAMESPACES_MAX 33u /* PID namespaces nest 32 deep */

/** visitor_host_file() - append the host's /proc/TID/@name to @out. 0 or -errno. */
int visitor_host_file(u32 host_tid, const char *name, struct text *out);
/** visitor_host_link() - likewise the target of a link. */
int visitor_host_link(u32 host_tid, const char *name, struct text *out);

/** status_numbers() - the numbers of line @key in the text of a status file; how many (at most
 * @max). */
unsigned int status_numbers(const char *status, const char *key, u32 *numbers, unsigned int max);

/** visitor_number() - the number that a process knows itself by; 0: it is gone. */
u32 visitor_number(u32 host_pid);
/** visitor_find_mate() - the host's number of the process that the caller, inside `mmanfs exec`,
 * knows by @number; 0: none of his. Looks at all of the host's processes. */
u32 visitor_find_mate(const struct caller *c, u32 number);
/** visitor_is_listed() - has the caller asked to be in listings that he reads himself? */
bool visitor_is_listed(const struct caller *c);

int visitor_stat_show(const struct request *rq, struct text *out);
int visitor_status_show(const struct request *rq, struct text *out);
int visitor_mounts_show(const struct request *rq, struct text *out);
int visitor_mountinfo_show(const struct request *rq, struct text *out);

#endif
