/* host_pages.h - the running system's page tables as texts, for a capture. */
#ifndef FS_TWIN_HOST_PAGES_H
#define FS_TWIN_HOST_PAGES_H

#include "fs/text.h"
#include "fs/twin/capture.h"

struct host_pages;

/** host_pages_open() - NULL: no memory. */
struct host_pages *host_pages_open(void);
/** host_pages_read() - a line for each mapping of @smaps that has pages. 0 or -errno: not ours to
 * read. */
int host_pages_read(struct host_pages *h, u32 pid, struct slice smaps, struct text *out);
void host_pages_close(struct host_pages *h);

#endif
