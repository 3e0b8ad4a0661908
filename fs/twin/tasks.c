/*
 * tasks.c - the other machine's processes, kernel threads and threads, with their numbers, families
 * and the time they used. Nothing runs in a twin, so what ran or waited for a disk is asleep.
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <string.h>

/* ---- one task ---- */

static enum task_state_letter state_of(char letter)
{
	switch (letter) {
	case 'T':
	case 't':
		return TASK_STOPPED;
	case 'I':
		return TASK_IDLE;
	case 'Z':
		return TASK_ZOMBIE;
	default:
		return TASK_SLEEPING;
	}
}

/* SCHED_FIFO and SCHED_RR come with a priority; SCHED_DEADLINE is not simulated. */
static void set_policy(struct task *t, u64 policy, u64 priority)
{
	bool real_time = policy == 1 || policy == 2;

	if (policy > 5 || policy == 4 || (real_time && (!priority || priority > 99)))
		return;
	t->sched_policy = (u8)policy;
	t->rt_priority = real_time ? (u8)priority : 0;
}

static void set_fields(struct machine *m, handle_t h, const struct twin_stat *s)
{
	struct task *t = task_at(m, h);
	u64 start = s->field[STAT_STARTTIME];

	t->utime = s->field[STAT_UTIME] * USER_TICK_NS;
	t->stime = s->field[STAT_STIME] * USER_TICK_NS;
	t->min_flt = s->field[STAT_MINFLT];
	t->maj_flt = s->field[STAT_MAJFLT];
	t->nice = (s8)s->field[STAT_NICE];
	set_policy(t, s->field[STAT_POLICY], s->field[STAT_RT_PRIORITY]);
	t->start_time = start < m->clock.now / USER_TICK_NS ? start * USER_TICK_NS : m->clock.now;
	t->cpu = s->field[STAT_PROCESSOR] < m->nr_cpus ? (u32)s->field[STAT_PROCESSOR] : 0;
	task_set_state(m, h, state_of(s->state));
}

/* ---- one process ---- */

/* The effective one of "Uid:\t1000\t1000\t1000\t1000". */
static u32 effective_id(struct slice status, const char *key)
{
	struct slice rest = slice_text(status, key), word;
	u64 id = 0;

	slice_word(&rest, &word);
	return slice_word(&rest, &word) && slice_number(word, 10, &id) && id <= UINT32_MAX ?
		       (u32)id :
		       0;
}

static int set_identity(struct twin *t, const struct capture_process *p, handle_t h)
{
	struct task *task = task_at(t->m, h);
	struct slice status, text;
	s64 adj;

	capture_of_process(&t->c, p, "status", &status);
	task->uid = effective_id(status, "Uid:");
	task->gid = effective_id(status, "Gid:");
	capture_of_process(&t->c, p, "oom_score_adj", &text);
	if (slice_signed(slice_cut(&text, '\n'), &adj) && adj >= -1000 && adj <= 1000) {
		task->oom_score_adj = (s16)adj;
		task->oom_score_adj_min = (s16)(adj < 0 ? adj : 0);
	}
	capture_of_process(&t->c, p, "cgroup", &text);
	if (twin_cgroup_of(t, text, &task->cgroup))
		return -ENOMEM;
	capture_of_process(&t->c, p, "cmdline", &text);
	return text.size ? task_set_cmdline(t->m, h, text.at, text.size) : 0;
}

/* TID of ".../task/TID/stat"; 0 for all other files. */
static u32 thread_of(struct slice path)
{
	const char *at = memmem(path.at, path.size, "/task/", 6);
	struct slice rest;
	u64 tid;

	if (!at || !slice_ends(path, "/stat"))
		return 0;
	rest = (struct slice){ at + 6, path.size - (size_t)(at + 6 - path.at) };
	return slice_number(slice_cut(&rest, '/'), 10, &tid) && tid < 1u << 22 ? (u32)tid : 0;
}

static u64 less(u64 a, u64 b)
{
	return a > b ? a - b : 0;
}

/* A process's own stat counts for all of its threads; what is not theirs is the first one's. */
static void take_off(struct task *leader, const struct task *thread)
{
	leader->utime = less(leader->utime, thread->utime);
	leader->stime = less(leader->stime, thread->stime);
	leader->min_flt = less(leader->min_flt, thread->min_flt);
	leader->maj_flt = less(leader->maj_flt, thread->maj_flt);
}

static int add_threads(struct twin *t, const struct capture_process *p, handle_t leader)
{
	struct twin_stat s;
	handle_t h;
	size_t i;
	int error;

	for (i = p->first; i < p->first + p->nr; i++) {
		u32 tid = thread_of(t->c.files[i].path);

		if (!tid || !twin_parse_stat(t->c.files[i].data, &s))
			continue;
		error = twin_thread(t->m, leader, tid, s.comm, &h);
		if (error == -ENOMEM)
			return error;
		if (error)
			continue;
		t->nr_threads++;
		set_fields(t->m, h, &s);
		take_off(task_at(t->m, leader), task_at(t->m, h));
	}
	return 0;
}

static int add_task(struct twin *t, const struct capture_process *p)
{
	struct slice text;
	struct twin_stat s;
	handle_t h;
	int error;

	capture_of_process(&t->c, p, "stat", &text);
	if (!twin_parse_stat(text, &s))
		return 0;
	error = task_create(t->m, 0, s.comm, p->pid, &h);
	if (error)
		return error == -EEXIST ? 0 : error;
	t->nr_tasks++;
	t->nr_threads++;
	set_fields(t->m, h, &s);
	if (s.field[STAT_FLAGS] & PF_KTHREAD_HOST) {
		task_at(t->m, h)->flags |= PF_KTHREAD;
		task_at(t->m, h)->exit_signal = 0;
		return 0;
	}
	error = set_identity(t, p, h);
	if (!error)
		error = twin_attributes(t, p, h);
	return error ? error : add_threads(t, p, h);
}

/* Children of nobody that can be seen are init's; those that entered a container are nobody's. */
static void find_parent(struct twin *t, const struct capture_process *p)
{
	handle_t h = find_task_by_pid(t->m, p->pid), parent;
	struct twin_stat s;
	struct slice text;

	capture_of_process(&t->c, p, "stat", &text);
	if (!h || h == t->m->tasks.init || !twin_parse_stat(text, &s) || !s.field[STAT_PPID])
		return;
	parent = s.field[STAT_PPID] < 1u << 22 ? find_task_by_pid(t->m, (u32)s.field[STAT_PPID]) :
						 0;
	parent = parent ? task_at(t->m, parent)->leader : t->m->tasks.init;
	if (parent != h)
		twin_set_parent(t->m, h, parent);
}

int twin_tasks(struct twin *t)
{
	size_t i;
	int error = 0;

	for (i = 0; i < t->c.nr_processes && !error; i++)
		error = add_task(t, &t->c.processes[i]);
	if (!error)
		error = twin_kernel_tasks(t->m);
	for (i = 0; i < t->c.nr_processes && !error; i++)
		find_parent(t, &t->c.processes[i]);
	return error;
}

/* ---- of all processes ---- */

static void set_cpu_times(struct machine *m, struct slice line, u32 cpu)
{
	struct cpu_time c = { 0 };
	u64 *const to[] = { &c.user, &c.nice, &c.system, NULL, &c.iowait, &c.irq, &c.softirq };
	u64 left = m->clock.now, ticks, ns;
	struct slice word;
	size_t i;

	slice_word(&line, &word);
	for (i = 0; i < ARRAY_SIZE(to) && slice_word(&line, &word); i++) {
		if (!to[i] || !slice_number(word, 10, &ticks))
			continue;
		ns = ticks < left / USER_TICK_NS ? ticks * USER_TICK_NS : left;
		*to[i] = ns;
		left -= ns;
	}
	*(struct cpu_time *)pool_at(&m->tasks.cpu_times, cpu + 1) = c;
	m->tasks.cpu_user_ns += c.user + c.nice;
	m->tasks.cpu_system_ns += c.system;
	m->tasks.cpu_iowait_ns += c.iowait;
}

/* "0.52" in units of 1/2048 */
static u64 load_of(struct slice word)
{
	struct slice whole = slice_cut(&word, '.');
	u64 n = 0, hundredths = 0;

	slice_number(whole, 10, &n);
	slice_number(word, 10, &hundredths);
	return n < 1u << 20 && hundredths < 100 ? (n << 11) + (hundredths << 11) / 100 : 0;
}

static void set_load(struct twin *t)
{
	struct task_state *s = &t->m->tasks;
	struct slice text, word;
	u64 last;
	u32 i;

	capture_find(&t->c, &text, "/proc/loadavg");
	for (i = 0; i < ARRAY_SIZE(s->avenrun) && slice_word(&text, &word); i++)
		s->avenrun[i] = load_of(word);
	s->load_time = t->m->clock.now;
	/* "1/144": how many run, of how many threads */
	if (slice_word(&text, &word)) {
		slice_cut(&word, '/');
		slice_number(word, 10, &t->nr_threads_there);
	}
	if (slice_word(&text, &word) && slice_number(word, 10, &last) &&
	    last < (u32)t->m->sysctl.pid_max)
		s->last_pid = (u32)last;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0": what it had stalled so far, and lately */
static void set_pressure(struct twin *t, enum psi_resource r, const char *name)
{
	static const char *const lines[NR_PSI_KINDS] = { "some ", "full " };
	struct psi_line known;
	struct slice text, line, word;
	u32 kind, i;

	capture_find(&t->c, &text, "/proc/pressure/%s", name);
	for (kind = 0; kind < NR_PSI_KINDS && slice_line(&text, &line); kind++) {
		if (!slice_starts(line, lines[kind]))
			break;
		known = (struct psi_line){ 0 };
		slice_word(&line, &word);
		for (i = 0; i < ARRAY_SIZE(known.avg) && slice_word(&line, &word); i++) {
			slice_cut(&word, '=');
			known.avg[i] = load_of(word);
		}
		if (slice_word(&line, &word)) {
			slice_cut(&word, '=');
			slice_number(word, 10, &known.total_ns);
			known.total_ns = min_t(u64, known.total_ns, UINT32_MAX * NSEC_PER_MSEC) *
					 NSEC_PER_USEC;
		}
		psi_set(t->m, r, (enum psi_kind)kind, &known);
	}
}

void twin_totals(struct twin *t)
{
	struct machine *m = t->m;
	struct slice stat, rest, line, word, number;
	u64 cpu;

	capture_find(&t->c, &stat, "/proc/stat");
	m->tasks.total_forks = slice_value(stat, "processes ", m->tasks.total_forks);
	m->tasks.context_switches = slice_value(stat, "ctxt ", 0);
	rest = stat;
	while (slice_line(&rest, &line)) {
		number = line;
		if (!slice_starts(line, "cpu") || !slice_word(&number, &word))
			continue;
		number = (struct slice){ word.at + 3, word.size - 3 };
		if (slice_number(number, 10, &cpu) && cpu < m->nr_cpus)
			set_cpu_times(m, line, (u32)cpu);
	}
	set_load(t);
	set_pressure(t, PSI_CPU, "cpu");
	set_pressure(t, PSI_IO, "io");
	set_pressure(t, PSI_MEM, "memory");
}
