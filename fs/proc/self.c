/* Links that lead through /proc/self, wherever that is for the caller. */
#include "fs/proc/proc.h"

int proc_mounts_link_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "self/mounts");
	return 0;
}

int proc_net_link_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(out, "self/net");
	return 0;
}
