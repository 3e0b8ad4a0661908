/* /proc/version and /proc/cmdline: which kernel this is, and what it was told. */
#include "fs/proc/proc.h"

int proc_version_show(const struct request *rq, struct text *out)
{
	(void)rq;
	text_str(
		out,
		"Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org) "
		"(gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) "
		"#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)\n");
	return 0;
}

int proc_cmdline_show(const struct request *rq, struct text *out)
{
	text_str(out, rq->m->config.cmdline);
	text_char(out, '\n');
	return 0;
}
