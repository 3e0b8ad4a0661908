/*
 * /proc/sysvipc, /proc/locks, /proc/modules: what is shared and locked by calls that no simulated
 * process makes, and what nobody has loaded. Heads without a line.
 */
#include "fs/proc/proc.h"

int proc_locks_show(const struct request *rq, struct text *out)
{
	(void)rq, (void)out;
	return 0;
}

/* All that it needs is built in. */
int proc_modules_show(const struct request *rq, struct text *out)
{
	(void)rq, (void)out;
	return 0;
}

static int show_head(const struct request *rq, struct text *out)
{
	text_str(out, rq->attr->data);
	return 0;
}

#define HEAD(_name, text)                                                    \
	{                                                                    \
		.name = _name, .mode = 0444, .show = show_head, .data = text \
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
