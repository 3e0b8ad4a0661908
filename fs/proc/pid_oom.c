/*
 * PID/oom_score, oom_score_adj and its old form oom_adj. An ordinary user may raise the adjustment,
 * and lower it as far as root last set it; with oom_adj he may not lower it at all.
 * Source: Documentation/filesystems/proc.rst (3.1, 3.2).
 */
#include "fs/proc/pid.h"

#include <errno.h>

#define OOM_SCORE_ADJ_MAX 1000
#define OOM_DISABLE	  (-17)
#define OOM_ADJUST_MIN	  (-16)
#define OOM_ADJUST_MAX	  15

int pid_oom_score_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	text_u64(out, oom_score(rq->m, t->leader));
	text_char(out, '\n');
	return 0;
}

int pid_oom_score_adj_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	text_s64(out, t->oom_score_adj);
	text_char(out, '\n');
	return 0;
}

int pid_oom_adj_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	s32 adj = t->oom_score_adj * -OOM_DISABLE / OOM_SCORE_ADJ_MAX;

	if (t->oom_score_adj == OOM_SCORE_ADJ_MAX)
		adj = OOM_ADJUST_MAX;
	text_s64(out, min_t(s32, adj, OOM_ADJUST_MAX));
	text_char(out, '\n');
	return 0;
}

static void set_one(struct task *t, s32 adj, bool by_root)
{
	t->oom_score_adj = (s16)adj;
	if (by_root)
		t->oom_score_adj_min = (s16)adj;
}

/* All threads, and all other processes that run in the same address space (vfork). */
static void set_adjustment(const struct request *rq, struct task *t, s32 adj)
{
	struct machine *m = rq->m;
	bool by_root = !rq->caller->uid;
	handle_t h;

	for (h = t->leader; h; h = task_at(m, h)->next_thread)
		set_one(task_at(m, h), adj, by_root);
	if (!t->mm || mm_at(m, t->mm)->users < 2)
		return;
	for (h = pid_next(m, 1); h; h = pid_next(m, task_at(m, h)->pid + 1))
		if (task_at(m, h)->mm == t->mm && h != t->leader)
			set_one(task_at(m, h), adj, by_root);
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
	set_adjustment(rq, t, adj);
	return taken;
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
	set_adjustment(rq, t, adj);
	return taken;
}
