/* /proc/version and /proc/cmdline: which kernel this is, and what it was told. */
#include "fs/proc/proc.h"

int proc_version_show(const struct request *rq, struct text *out)
{
	text_str(out, linux_banner(&rq->m->config));
	text_char(out, '\n');
	return 0;
}

int proc_cmdline_show(const struct request *rq, struct text *out)
{
	text_str(out, rq->m->config.cmdline);
	text_char(out, '\n');
	return 0;
}
