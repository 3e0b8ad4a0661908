/*
 * PID/oom_score, oom_score_adj and its old form oom_adj. An ordinary user may raise the adjustment,
 * and lower it as far as root last set it; with oom_adj he may not lower it at all.
 * Source: Documentation/filesystems/proc.rst (3.1, 3.2).
 */
#include "fs/proc/pid.h"

#include <errno.h>

#include "fs/knob.h"

#define OOM_DISABLE    (-17)
#define OOM_ADJUST_MIN (-16)
#define OOM_ADJUST_MAX 15

int pid_oom_score_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	return show_u64(out, oom_score(rq->m, t->leader));
}

int pid_oom_score_adj_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	return show_s64(out, t->oom_score_adj);
}

int pid_oom_adj_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	s32 adj = t->oom_score_adj * -OOM_DISABLE / OOM_SCORE_ADJ_MAX;

	if (t->oom_score_adj == OOM_SCORE_ADJ_MAX)
		adj = OOM_ADJUST_MAX;
	return show_s64(out, min_t(s32, adj, OOM_ADJUST_MAX));
}

ssize_t pid_oom_score_adj_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	PID_RQ(rq, t);
	s32 adj;
	ssize_t taken = pid_parse_int(data, size, 0, &adj);

	(void)offset;
	if (taken < 0)
		return taken;
	if (adj < -OOM_SCORE_ADJ_MAX || adj > OOM_SCORE_ADJ_MAX)
		return -EINVAL;
	if (rq->caller->uid && adj < t->oom_score_adj_min)
		return -EACCES;
	set_oom_adj(rq->m, t->leader, adj, !rq->caller->uid);
	return taken;
}

/* Once since boot, as the kernel does. Who writes is no task of the machine's: a number of the
 * host's would be another on replay. */
static void warn_deprecated(struct machine *m, const struct task *t)
{
	if (m->oom.oom_adj_warned)
		return;
	m->oom.oom_adj_warned = true;
	printk(m, 4,
	       "visitor (0): /proc/%u/oom_adj is deprecated, please use /proc/%u/oom_score_adj instead.",
	       t->pid, t->pid);
}

ssize_t pid_oom_adj_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	PID_RQ(rq, t);
	s32 adj;
	ssize_t taken = pid_parse_int(data, size, 0, &adj);

	(void)offset;
	if (taken < 0)
		return taken;
	if (adj != OOM_DISABLE && (adj < OOM_ADJUST_MIN || adj > OOM_ADJUST_MAX))
		return -EINVAL;
	/* the two scales meet only at their ends */
	adj = adj == OOM_ADJUST_MAX ? OOM_SCORE_ADJ_MAX : adj * OOM_SCORE_ADJ_MAX / -OOM_DISABLE;
	if (rq->caller->uid && adj < t->oom_score_adj)
		return -EACCES;
	warn_deprecated(rq->m, t);
	/* the old file sets no floor */
	set_oom_adj(rq->m, t->leader, adj, false);
	return taken;
}
