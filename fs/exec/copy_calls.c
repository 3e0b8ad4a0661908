/*
 * copy_calls.c - sendfile(2) and splice(2) from a file of the mounted tree.
 *
 * Files of proc and sys have no size that is known before they are read. Since Linux 6.5 these
 * calls take a FUSE file of no size for an empty one, where they read a real /proc. EINVAL is what
 * they say of files that they cannot take, and whoever gets it copies by read(2) and write(2).
 */
#define _GNU_SOURCE
#include <limits.h>

#include "fs/exec/serve.h"

/* sendfile(to, from, ...) and splice(from, ...) */
EXEC_SERVE(serve_copy)
{
	int from = int_arg(args[call->nr == SYS_sendfile ? 1 : 0]);
	char at[PATH_MAX];

	if (w->locate(w->ctx, tid, from, NULL, at) <= 0)
		return go_on();
	return strncmp(at, "sim/disk/", 9) == 0 ? go_on() : answer(-EINVAL);
}
