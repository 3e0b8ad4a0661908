/*
 * /proc/sysvipc: what is shared by calls that no simulated process makes. Heads without a line.
 */
#include "fs/knob.h"
#include "fs/proc/proc.h"

#define HEAD(_name, text)                                                    \
	{                                                                    \
		.name = _name, .mode = 0444, .show = show_text, .data = text \
	}

static const struct attribute sysvipc_attrs[] = {
	HEAD("msg",
	     "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid"
	     "      stime      rtime      ctime\n"),
	HEAD("sem",
	     "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n"),
	HEAD("shm",
	     "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid"
	     "      atime      dtime      ctime                   rss                  swap\n"),
};

const struct directory proc_sysvipc_directory = {
	.name = "proc/sysvipc",
	.mode = 0555,
	.attrs = sysvipc_attrs,
	.nr_attrs = ARRAY_SIZE(sysvipc_attrs),
};
