/*
 * task.c - tasks: their kernel objects, family links, command lines, limits.
 *
 * What a process is to the memory manager: an address space, a handful of slab objects
 * (task_struct, signal, sighand, files, cred, pid) and a kernel stack of four pages. All of them
 * are taken from the machine when the task is made, and given back when its parent has reaped it.
 */
#include <mman/lab.h>
#include <mman/machine.h>

#include <errno.h>
#include <string.h>

#include "mm/oom.h"
#include "mm/pid.h"
#include "mm/task.h"

#define STACK_KB 16
#define NR_OPEN	 (1u << 20) /* fs.nr_open */

/* The objects of every task; a thread shares signal, sighand and files with its group. */
static const enum kmem_cache_id process_objects[] = {
	CACHE_TASK_STRUCT, CACHE_PID,	CACHE_CRED, CACHE_SIGNAL,
	CACHE_SIGHAND,	   CACHE_FILES, CACHE_FS,
};
#define NR_THREAD_OBJECTS 3u

static int charge_objects(struct machine *m, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (kmem_charge(m, process_objects[i], 1)) {
			while (i-- > 0)
				kmem_uncharge(m, process_objects[i], 1);
			return -ENOMEM;
		}
	return 0;
}

static void uncharge_objects(struct machine *m, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		kmem_uncharge(m, process_objects[i], 1);
}

static void stack_free(struct machine *m, struct task *t)
{
	while (t->stack != PFN_NONE) {
		struct page *page = pfn_to_page(m, t->stack);
		pfn_t pfn = t->stack;

		t->stack = page->next;
		page->next = PFN_NONE;
		mod_node_page_state(m, page_node(m, page), NR_KERNEL_STACK,
				    -(s64)(STACK_KB / THREAD_PAGES));
		free_pages(m, pfn, 0);
	}
}

static int stack_alloc(struct machine *m, struct task *t)
{
	u32 i;

	t->stack = PFN_NONE;
	for (i = 0; i < THREAD_PAGES; i++) {
		pfn_t pfn = alloc_pages(m, GFP_KERNEL, 0, NUMA_NO_NODE);

		if (pfn == PFN_NONE) {
			stack_free(m, t);
			return -ENOMEM;
		}
		pfn_to_page(m, pfn)->next = t->stack;
		t->stack = pfn;
		mod_node_page_state(m, page_node(m, pfn_to_page(m, pfn)), NR_KERNEL_STACK,
				    STACK_KB / THREAD_PAGES);
	}
	return 0;
}

static void link_child(struct machine *m, handle_t parent, handle_t child)
{
	struct task *p = task_at(m, parent), *c = task_at(m, child);

	c->parent = parent;
	c->ppid = p->tgid;
	c->prev_sibling = 0;
	c->next_sibling = p->first_child;
	if (p->first_child)
		task_at(m, p->first_child)->prev_sibling = child;
	p->first_child = child;
}

static void unlink_child(struct machine *m, handle_t child)
{
	struct task *c = task_at(m, child);

	if (!c->parent)
		return;
	if (c->prev_sibling)
		task_at(m, c->prev_sibling)->next_sibling = c->next_sibling;
	else
		task_at(m, c->parent)->first_child = c->next_sibling;
	if (c->next_sibling)
		task_at(m, c->next_sibling)->prev_sibling = c->prev_sibling;
	c->parent = c->next_sibling = c->prev_sibling = 0;
}

void task_reparent(struct machine *m, handle_t child, handle_t parent)
{
	unlink_child(m, child);
	link_child(m, parent, child);
}

/* What a task has from its parent, as after fork(2). */
static void inherit(struct machine *m, struct task *t, handle_t parent)
{
	const struct task *p = task_at(m, parent);

	t->uid = p->uid;
	t->gid = p->gid;
	t->nice = p->nice;
	t->sched_policy = p->sched_policy;
	t->rt_priority = p->rt_priority;
	t->ioprio = p->ioprio;
	if (p->sched_policy & SCHED_POLICY_RESET) {
		bool real_time = p->rt_priority;

		t->sched_policy = t->rt_priority = 0;
		t->nice = real_time || p->nice < 0 ? 0 : p->nice;
	}
	t->policy = mpol_get(m, p->policy);
	t->il_prev = p->il_prev;
	t->memcg = p->memcg;
	t->cgroup = p->cgroup;
	t->exe = p->exe;
	t->oom_score_adj = p->oom_score_adj;
	t->oom_score_adj_min = p->oom_score_adj_min;
	t->personality = p->personality;
	t->coredump_filter = p->coredump_filter;
	t->mems_allowed = p->mems_allowed;
	t->rlimits = p->rlimits;
	if (p->cpus_allowed) {
		t->cpus_allowed = pool_alloc(&m->tasks.cpumasks);
		if (t->cpus_allowed)
			*(struct cpumask *)pool_at(&m->tasks.cpumasks, t->cpus_allowed) =
				*(struct cpumask *)pool_at(&m->tasks.cpumasks, p->cpus_allowed);
	}
}

static void task_init_fields(struct machine *m, struct task *t, handle_t parent, const char *comm)
{
	t->stack = PFN_NONE;
	t->start_time = m->clock.now;
	t->state = TASK_SLEEPING;
	t->exit_signal = 17; /* SIGCHLD */
	t->coredump_filter = 0x33;
	t->rlimits = m->tasks.default_rlimits;
	if (parent)
		inherit(m, t, parent);
	((struct rlimits *)pool_at(&m->tasks.rlimits, t->rlimits))->users++;
	strncpy(t->comm, comm, TASK_COMM_LEN - 1);
	t->cpu = task_pick_cpu(m, t);
	numa_task_init(m, t);
}

static void rlimits_put(struct machine *m, handle_t h)
{
	struct rlimits *r = pool_at(&m->tasks.rlimits, h);

	if (!--r->users && h != m->tasks.default_rlimits)
		pool_free(&m->tasks.rlimits, h);
}

void task_share_rlimits(struct machine *m, handle_t task, handle_t rlimits)
{
	struct task *t = task_at(m, task);

	((struct rlimits *)pool_at(&m->tasks.rlimits, rlimits))->users++;
	rlimits_put(m, t->rlimits);
	t->rlimits = rlimits;
}

/* Of a task that ends in the middle of its own command, what the command does yet is nobody's. */
static void leave_cpu(struct machine *m, handle_t h)
{
	struct running *r;

	if (m->current == h)
		m->current = 0;
	for (r = m->running; r; r = r->outer)
		if (r->saved_task == h)
			r->saved_task = 0;
}

static void task_free(struct machine *m, handle_t h)
{
	struct task *t = task_at(m, h);

	leave_cpu(m, h);
	rlimits_put(m, t->rlimits);
	if (t->cpus_allowed)
		pool_free(&m->tasks.cpumasks, t->cpus_allowed);
	task_text_free(m, t->text);
	mpol_put(m, t->policy);
	numa_task_put(m, t);
	pool_free(&m->tasks.tasks, h);
}

/* One more task, charged and numbered, but in no thread group or family yet. */
static int task_new(struct machine *m, handle_t parent, const char *comm, u32 pid, u32 nr_objects,
		    handle_t *out)
{
	handle_t h = pool_alloc(&m->tasks.tasks);
	struct task *t;
	int error;

	if (!h)
		return -ENOMEM;
	t = task_at(m, h);
	task_init_fields(m, t, parent, comm);
	error = charge_objects(m, nr_objects);
	if (error)
		goto out_free;
	error = stack_alloc(m, t);
	if (error)
		goto out_objects;
	error = pid ? pid_claim(m, h, pid) : pid_alloc(m, h, &pid);
	if (error)
		goto out_stack;
	t->pid = pid;
	*out = h;
	return 0;

out_stack:
	stack_free(m, t);
out_objects:
	uncharge_objects(m, nr_objects);
out_free:
	task_free(m, h);
	return error;
}

int task_create(struct machine *m, handle_t parent, const char *comm, u32 pid, handle_t *out)
{
	struct task *t;
	int error = task_new(m, parent, comm, pid, ARRAY_SIZE(process_objects), out);

	if (error)
		return error;
	t = task_at(m, *out);
	t->tgid = t->pid;
	t->leader = *out;
	if (parent)
		link_child(m, task_at(m, parent)->leader, *out);
	m->tasks.nr_tasks++;
	m->tasks.nr_threads++;
	m->tasks.total_forks++;
	return 0;
}

int task_clone_thread(struct machine *m, handle_t task, handle_t *out)
{
	struct task *leader = task_at(m, task_at(m, task)->leader), *t;
	int error = task_new(m, task, leader->comm, 0, NR_THREAD_OBJECTS, out);

	if (error)
		return error;
	t = task_at(m, *out);
	t->tgid = leader->pid;
	t->leader = leader->leader;
	t->ppid = leader->ppid;
	t->exit_signal = 0;
	t->mm = leader->mm;
	if (t->mm)
		mm_at(m, t->mm)->users++;
	t->next_thread = leader->next_thread;
	leader->next_thread = *out;
	m->tasks.nr_threads++;
	m->tasks.total_forks++;
	return 0;
}

void task_release(struct machine *m, handle_t h)
{
	struct task *t = task_at(m, h);
	bool leads = t->leader == h;

	if (unlikely(m->oom.first_victim))
		oom_task_gone(m, h);
	pid_remove(m, t->pid);
	unlink_child(m, h);
	stack_free(m, t);
	uncharge_objects(m, leads ? ARRAY_SIZE(process_objects) : NR_THREAD_OBJECTS);
	task_free(m, h);
	m->tasks.nr_threads--;
	if (leads)
		m->tasks.nr_tasks--;
}

/* ---- command lines ---- */

void task_text_free(struct machine *m, handle_t h)
{
	while (h) {
		handle_t next = ((struct task_text *)pool_at(&m->tasks.texts, h))->next;

		pool_free(&m->tasks.texts, h);
		h = next;
	}
}

size_t task_cmdline(const struct machine *m, handle_t task, char *buffer, size_t size)
{
	return lab_text_get(m, task_at(m, task_at(m, task)->leader)->text, buffer, size);
}

size_t lab_text_get(const struct machine *m, handle_t h, char *buffer, size_t size)
{
	size_t length = 0;

	while (h && length < size) {
		const struct task_text *t = pool_at(&m->tasks.texts, h);
		size_t n = t->length < size - length ? t->length : size - length;

		memcpy(buffer + length, t->bytes, n);
		length += n;
		h = t->next;
	}
	return length;
}

int task_set_cmdline(struct machine *m, handle_t task, const char *bytes, size_t size)
{
	return lab_text_set(m, &task_at(m, task)->text, bytes, size);
}

int lab_text_set(struct machine *m, handle_t *text, const char *bytes, size_t size)
{
	handle_t first = 0, last = 0, h;

	while (size) {
		struct task_text *t;

		h = pool_alloc(&m->tasks.texts);
		if (!h) {
			task_text_free(m, first);
			return -ENOMEM;
		}
		t = pool_at(&m->tasks.texts, h);
		t->length = (u32)(size < sizeof(t->bytes) ? size : sizeof(t->bytes));
		memcpy(t->bytes, bytes, t->length);
		bytes += t->length;
		size -= t->length;
		if (last)
			((struct task_text *)pool_at(&m->tasks.texts, last))->next = h;
		else
			first = h;
		last = h;
	}
	task_text_free(m, *text);
	*text = first;
	return 0;
}

/* ---- limits ---- */

u64 task_rlimit(const struct machine *m, handle_t task, enum rlimit_id which)
{
	const struct rlimits *r = pool_at(&m->tasks.rlimits, task_at(m, task)->rlimits);

	return r->soft[which];
}

int task_setrlimit(struct machine *m, handle_t task, enum rlimit_id which, u64 soft, u64 hard)
{
	return task_prlimit(m, task, which, soft, hard, !task_at(m, task)->uid);
}

int task_prlimit(struct machine *m, handle_t task, enum rlimit_id which, u64 soft, u64 hard,
		 bool cap_sys_resource)
{
	struct task *t = task_at(m, task);
	struct rlimits *r = pool_at(&m->tasks.rlimits, t->rlimits);

	if (which >= RLIM_NLIMITS || soft > hard)
		return -EINVAL;
	if (which == RLIM_NOFILE && hard > NR_OPEN)
		return -EPERM;
	if (hard > r->hard[which] && !cap_sys_resource)
		return -EPERM;
	if (r->users > 1) {
		handle_t own = pool_alloc(&m->tasks.rlimits);
		struct rlimits *copy;

		if (!own)
			return -ENOMEM;
		copy = pool_at(&m->tasks.rlimits, own);
		*copy = *r;
		copy->users = 1;
		r->users--;
		t->rlimits = own;
		r = copy;
	}
	r->soft[which] = soft;
	r->hard[which] = hard;
	return 0;
}

/* Limits of PID 1 on a 6.1 kernel (the manifests' proc/1/limits): a few follow from threads-max. */
void rlimits_defaults(struct machine *m, struct rlimits *r)
{
	u32 i;

	for (i = 0; i < RLIM_NLIMITS; i++)
		r->soft[i] = r->hard[i] = RLIM_INF;
	r->soft[RLIM_STACK] = 8 << 20;
	r->soft[RLIM_CORE] = 0;
	r->soft[RLIM_NPROC] = r->hard[RLIM_NPROC] = (u64)m->sysctl.threads_max / 2;
	r->soft[RLIM_NOFILE] = 1024;
	r->hard[RLIM_NOFILE] = 4096;
	r->soft[RLIM_MEMLOCK] = r->hard[RLIM_MEMLOCK] = 8 << 20;
	r->soft[RLIM_SIGPENDING] = r->hard[RLIM_SIGPENDING] = (u64)m->sysctl.threads_max / 2;
	r->soft[RLIM_MSGQUEUE] = r->hard[RLIM_MSGQUEUE] = 819200;
	r->soft[RLIM_NICE] = r->hard[RLIM_NICE] = 0;
	r->soft[RLIM_RTPRIO] = r->hard[RLIM_RTPRIO] = 0;
}
