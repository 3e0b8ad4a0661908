/*
 * smaps.h - a paragraph of /proc/PID/smaps: what one mapping is, and how much of it there is.
 *
 *	555ba8618000-555ba861d000 r-xp 00002000 fe:00 247134      /usr/bin/cat
 *	Rss:                  20 kB
 *	...
 *	VmFlags: rd ex mr mw me
 */
#ifndef FS_TWIN_SMAPS_H
#define FS_TWIN_SMAPS_H

#include "fs/twin/capture.h"

struct paragraph {
	u64 start, end, offset, ino;
	u64 dev; /* major << 32 | minor */
	char perms[5];
	struct slice name;
	/* kB */
	u64 rss, pss, anonymous, shared_clean, shared_dirty, private_clean, private_dirty;
	u64 referenced, swap, swap_pss, hugetlb, thp, ksm, lazyfree;
	bool has_pss, has_swap_pss;
	struct slice vm_flags;
	bool has_flags;
};

/** smaps_next() - the next paragraph of @rest; false at the end. What is no heading where one
 * should be is skipped. */
bool smaps_next(struct slice *rest, struct paragraph *p);
/** smaps_has_file() - is a file behind it? Names in brackets are the kernel's own, but for shared
 * memory that was given a name. */
bool smaps_has_file(const struct paragraph *p);

#endif
