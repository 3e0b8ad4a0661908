/* cmd_common.h - what the commands that start a machine share. */
#ifndef FS_CMD_COMMON_H
#define FS_CMD_COMMON_H

#include "fs/mount.h"
#include "fs/options.h"

struct journal;

/* A machine that was powered on as the options say, with its tree. */
struct powered {
	struct machine *m;
	struct tree *tree;
	struct journal *journal;
};

/** power_on() - 0, or an exit status after a line on stderr. @paused: how the clock starts. */
int power_on(const struct options *o, bool paused, struct powered *p);
void power_off(struct powered *p);

/** check_fuse_options() - 0 or EX_USAGE with a word about the first that is not known. */
int check_fuse_options(const struct options *o);

#endif
