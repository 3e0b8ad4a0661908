/*
 * lab.c - the laboratory's processes: their names, regions and background loads.
 */
#include <mman/lab.h>
#include <mman/machine.h>

#include <errno.h>
#include <string.h>

#include "mm/task.h"

#define NAME_BUCKETS	(1u << 14)    /* of processes, and as many of regions */
#define LOAD_PERIOD_MIN NSEC_PER_MSEC /* loads are interleaved at this grain */

static struct lab_load *load_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->tasks.lab_loads, h);
}

static struct lab_region *region_at(const struct machine *m, handle_t h)
{
	return pool_at(&m->tasks.lab_regions, h);
}

int lab_init(struct machine *m)
{
	struct task_state *s = &m->tasks;
	int error = pool_init(&s->labs, "lab_process", sizeof(struct lab_process), 1u << 22);

	s->labs.asked_after = true;
	if (!error)
		error = pool_init(&s->lab_regions, "lab_region", sizeof(struct lab_region),
				  1u << 24);
	if (!error)
		error = pool_init(&s->lab_loads, "lab_load", sizeof(struct lab_load), 1u << 20);
	if (!error)
		error = pool_init(&s->lab_buckets, "lab_bucket", sizeof(u64), 2 * NAME_BUCKETS);
	if (!error && !pool_alloc_array(&s->lab_buckets, 2 * NAME_BUCKETS))
		error = -ENOMEM;
	return error;
}

void lab_destroy(struct machine *m)
{
	pool_destroy(&m->tasks.labs);
	pool_destroy(&m->tasks.lab_regions);
	pool_destroy(&m->tasks.lab_loads);
	pool_destroy(&m->tasks.lab_buckets);
}

/* ---- names ---- */

static u32 hash_name(u32 hash, const char *name)
{
	for (; *name; name++) /* FNV-1a */
		hash = (hash ^ (u8)*name) * 16777619u;
	return hash;
}

static u32 *bucket_of(const struct machine *m, const char *name)
{
	return pool_at(&m->tasks.lab_buckets, 1 + hash_name(2166136261u, name) % NAME_BUCKETS);
}

handle_t lab_find(const struct machine *m, const char *name)
{
	handle_t h = *bucket_of(m, name);

	while (h && strcmp(lab_at(m, h)->name, name) != 0)
		h = lab_at(m, h)->hash_next;
	return h;
}

bool lab_is_live(const struct machine *m, handle_t lab, u32 generation)
{
	const struct lab_process *l = lab_at(m, lab);

	/* lab_remove() clears the number of what it frees */
	return l->number && (l->number & 0x3fffff) == generation;
}

handle_t lab_first(const struct machine *m)
{
	return m->tasks.lab_first;
}

handle_t lab_next(const struct machine *m, handle_t lab)
{
	return lab_at(m, lab)->next;
}

static void lab_link(struct machine *m, handle_t h)
{
	struct lab_process *l = lab_at(m, h);
	u32 *bucket = bucket_of(m, l->name);

	l->hash_next = *bucket;
	*bucket = h;
	l->number = ++m->tasks.lab_number;
	l->prev = m->tasks.lab_last;
	if (l->prev)
		lab_at(m, l->prev)->next = h;
	else
		m->tasks.lab_first = h;
	m->tasks.lab_last = h;
}

static void lab_unlink(struct machine *m, handle_t h)
{
	struct lab_process *l = lab_at(m, h);
	u32 *at = bucket_of(m, l->name);

	while (*at != h)
		at = &lab_at(m, *at)->hash_next;
	*at = l->hash_next;
	if (l->prev)
		lab_at(m, l->prev)->next = l->next;
	else
		m->tasks.lab_first = l->next;
	if (l->next)
		lab_at(m, l->next)->prev = l->prev;
	else
		m->tasks.lab_last = l->prev;
}

/* It will be a directory's. */
static int check_name(const struct machine *m, const char *name)
{
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/'))
		return -EINVAL;
	if (strlen(name) >= LAB_NAME_MAX)
		return -ENAMETOOLONG;
	return lab_find(m, name) ? -EEXIST : 0;
}

int lab_adopt(struct machine *m, handle_t task, const char *name, handle_t *out)
{
	int error = check_name(m, name);
	struct lab_process *l;
	handle_t h;

	if (error)
		return error;
	h = pool_alloc(&m->tasks.labs);
	if (!h)
		return -ENOMEM;
	l = lab_at(m, h);
	strcpy(l->name, name);
	l->task = task;
	l->pid = task_at(m, task)->pid;
	task_at(m, task)->lab = h;
	task_at(m, task)->flags |= PF_LAB;
	lab_link(m, h);
	*out = h;
	return 0;
}

int lab_create(struct machine *m, const char *name, handle_t *out)
{
	int error = check_name(m, name);
	handle_t task;

	if (error)
		return error;
	error = task_spawn(m, name, &task);
	if (error)
		return error;
	error = lab_adopt(m, task, name, out);
	if (error)
		do_exit(m, task, 9);
	return error;
}

/* ---- regions ---- */

static u32 *region_bucket(const struct machine *m, handle_t lab, const char *name)
{
	u32 hash = hash_name(2166136261u ^ lab * 2654435761u, name);

	return pool_at(&m->tasks.lab_buckets, 1 + NAME_BUCKETS + hash % NAME_BUCKETS);
}

struct lab_region *lab_region_find(struct machine *m, handle_t lab, const char *name)
{
	handle_t r = *region_bucket(m, lab, name);

	while (r && (region_at(m, r)->lab != lab || strcmp(region_at(m, r)->name, name) != 0))
		r = region_at(m, r)->hash_next;
	return r ? region_at(m, r) : NULL;
}

int lab_region_add(struct machine *m, handle_t lab, const char *name, u64 start, u64 length)
{
	struct lab_process *l = lab_at(m, lab);
	struct lab_region *r;
	u32 *bucket;
	handle_t h;

	if (strlen(name) >= LAB_NAME_MAX)
		return -ENAMETOOLONG;
	if (lab_region_find(m, lab, name))
		return -EEXIST;
	h = pool_alloc(&m->tasks.lab_regions);
	if (!h)
		return -ENOMEM;
	r = region_at(m, h);
	strcpy(r->name, name);
	r->start = start;
	r->length = length;
	r->lab = lab;
	bucket = region_bucket(m, lab, name);
	r->hash_next = *bucket;
	*bucket = h;
	r->prev = l->regions_last;
	*(r->prev ? &region_at(m, r->prev)->next : &l->regions) = h;
	l->regions_last = h;
	return 0;
}

static void region_drop(struct machine *m, struct lab_process *l, handle_t h)
{
	struct lab_region *r = region_at(m, h);
	u32 *at = region_bucket(m, r->lab, r->name);

	while (*at != h)
		at = &region_at(m, *at)->hash_next;
	*at = r->hash_next;
	*(r->prev ? &region_at(m, r->prev)->next : &l->regions) = r->next;
	*(r->next ? &region_at(m, r->next)->prev : &l->regions_last) = r->prev;
	pool_free(&m->tasks.lab_regions, h);
}

int lab_region_remove(struct machine *m, handle_t lab, const char *name)
{
	struct lab_region *r = lab_region_find(m, lab, name);

	if (!r)
		return -ENOENT;
	region_drop(m, lab_at(m, lab), pool_handle(&m->tasks.lab_regions, r));
	return 0;
}

static int copy_regions(struct machine *m, handle_t from, handle_t to)
{
	handle_t r;
	int error = 0;

	for (r = lab_at(m, from)->regions; r && !error; r = region_at(m, r)->next)
		error = lab_region_add(m, to, region_at(m, r)->name, region_at(m, r)->start,
				       region_at(m, r)->length);
	return error;
}

static int new_child(struct machine *m, handle_t lab, const char *name,
		     int (*make)(struct machine *m, handle_t parent, handle_t *out), handle_t *out)
{
	int error = check_name(m, name);
	handle_t child;

	if (error)
		return error;
	error = make(m, lab_at(m, lab)->task, &child);
	if (error)
		return error;
	/* somebody may have taken the name meanwhile */
	error = check_name(m, name);
	if (!error)
		error = lab_adopt(m, child, name, out);
	if (error) {
		do_exit(m, child, 9);
		return error;
	}
	error = copy_regions(m, lab, *out);
	if (error)
		lab_remove(m, name);
	return error;
}

int lab_fork(struct machine *m, handle_t lab, const char *name, handle_t *out)
{
	return new_child(m, lab, name, task_fork, out);
}

int lab_clone(struct machine *m, handle_t lab, const char *name, handle_t *out)
{
	return new_child(m, lab, name, task_clone_vm, out);
}

void lab_regions_drop(struct machine *m, handle_t lab)
{
	struct lab_process *l = lab_at(m, lab);

	while (l->regions)
		region_drop(m, l, l->regions);
}

static void drop_loads(struct machine *m, struct lab_process *l)
{
	while (l->loads) {
		handle_t h = l->loads;

		l->loads = load_at(m, h)->next;
		event_cancel(m, EVENT_LOAD, h);
		pool_free(&m->tasks.lab_loads, h);
	}
}

/* Others may come in between, and do the same: false if the directory went with it. */
static bool end_process(struct machine *m, handle_t h)
{
	struct running r = { .outer = m->running, .task = lab_at(m, h)->task, .exits = true };
	u64 number = lab_at(m, h)->number;

	m->running = &r;
	exit_unmap(m, &r);
	m->running = r.outer;
	if (!r.died)
		exit_unmapped(m, &r, 9);
	return lab_at(m, h)->number == number;
}

int lab_remove(struct machine *m, const char *name)
{
	handle_t h = lab_find(m, name);

	if (!h || (lab_at(m, h)->task && !end_process(m, h)))
		return -ENOENT;
	lab_unlink(m, h);
	task_text_free(m, lab_at(m, h)->result);
	if (lab_at(m, h)->trace)
		program_trace_put(m, lab_at(m, h)->trace);
	lab_at(m, h)->number = 0;
	pool_free(&m->tasks.labs, h);
	return 0;
}

void lab_task_ended(struct machine *m, handle_t task)
{
	struct task *t = task_at(m, task);
	struct lab_process *l;

	if (!t->lab)
		return;
	l = lab_at(m, t->lab);
	lab_regions_drop(m, t->lab);
	drop_loads(m, l);
	l->task = 0;
	l->ended = true;
	l->exit_code = t->exit_code;
	l->oom_killed = t->flags & PF_MEMDIE;
}

/* ---- access and load ---- */

/* Resolve @spec's offset and length within the region into a stream. */
static int open_stream(struct machine *m, handle_t lab, const char *region,
		       const struct access_spec *spec, struct access_stream *s)
{
	struct lab_region *r = lab_region_find(m, lab, region);
	u64 length, pages;

	if (!r)
		return -ENOENT;
	if (spec->offset >= r->length || spec->length > r->length - spec->offset)
		return -EINVAL;
	length = spec->length ? spec->length : r->length - spec->offset;
	pages = ((spec->offset & (PAGE_SIZE - 1)) + length + PAGE_SIZE - 1) >> PAGE_SHIFT;
	access_stream_init(s, spec, (r->start + spec->offset) & PAGE_MASK, pages,
			   machine_random(m));
	return 0;
}

int lab_access(struct machine *m, handle_t lab, const char *region, const struct access_spec *spec,
	       u64 *done)
{
	handle_t task = lab_at(m, lab)->task;
	struct access_stream s;
	int error;

	*done = 0;
	if (!task)
		return -ESRCH;
	error = open_stream(m, lab, region, spec, &s);
	return error ? error : mm_access_stream(m, task, &s, spec->count, done);
}

bool lab_has_load(const struct machine *m, handle_t task)
{
	handle_t lab = task_at(m, task)->lab;

	return lab && lab_at(m, lab)->loads;
}

/* Accesses due since the load began, at its rate; none after its time is over. */
static u64 load_due(const struct machine *m, const struct lab_load *load)
{
	const struct access_spec *spec = &load->stream.spec;
	u64 elapsed = m->clock.now - load->started;

	if (spec->for_ns)
		elapsed = min_t(u64, elapsed, spec->for_ns);
	return (u64)((unsigned __int128)elapsed * spec->count / NSEC_PER_SEC);
}

/* When the next one is due. */
static u64 load_next(const struct lab_load *load)
{
	unsigned __int128 ns = (unsigned __int128)(load->done + 1) * NSEC_PER_SEC;

	return load->started + (u64)((ns + load->stream.spec.count - 1) / load->stream.spec.count);
}

int lab_load_start(struct machine *m, handle_t lab, const char *region,
		   const struct access_spec *spec)
{
	struct lab_process *l = lab_at(m, lab);
	struct lab_load *load;
	handle_t h;
	int error;

	if (!l->task)
		return -ESRCH;
	if (!spec->count)
		return -EINVAL;
	for (h = l->loads; h; h = load_at(m, h)->next)
		if (strcmp(load_at(m, h)->region, region) == 0)
			return -EEXIST;
	h = pool_alloc(&m->tasks.lab_loads);
	if (!h)
		return -ENOMEM;
	load = load_at(m, h);
	error = open_stream(m, lab, region, spec, &load->stream);
	if (error) {
		pool_free(&m->tasks.lab_loads, h);
		return error;
	}
	load->lab = lab;
	strcpy(load->region, region);
	load->started = m->clock.now;
	load->next = l->loads;
	l->loads = h;
	task_set_state(m, l->task, TASK_RUNNING);
	event_schedule(m, EVENT_LOAD, h,
		       max_t(u64, load_next(load), m->clock.now + LOAD_PERIOD_MIN));
	return 0;
}

int lab_load_stop(struct machine *m, handle_t lab, const char *region)
{
	struct lab_process *l = lab_at(m, lab);
	handle_t *at = &l->loads, h;

	while (*at && strcmp(load_at(m, *at)->region, region) != 0)
		at = &load_at(m, *at)->next;
	h = *at;
	if (!h)
		return -ENOENT;
	*at = load_at(m, h)->next;
	event_cancel(m, EVENT_LOAD, h);
	pool_free(&m->tasks.lab_loads, h);
	if (!l->loads && l->task &&
	    (task_at(m, l->task)->state == TASK_RUNNING || task_at(m, l->task)->state == TASK_DISK))
		task_set_state(m, l->task, TASK_SLEEPING);
	return 0;
}

/*
 * One batch: what has come due. The clock stands still meanwhile, because other CPUs work at the
 * same time; what the batch cost delays the next one instead, so a load that asks for more than a
 * CPU can do falls behind.
 */
static u64 load_batch(struct machine *m, handle_t h, struct running *r)
{
	struct lab_load *load = load_at(m, h);
	u64 started = m->clock.now, due = load_due(m, load), cost;
	bool write;

	if (r->numa_due && started >= r->numa_due)
		task_tick_numa(m, r);
	while (load->done < due && m->clock.now - started < LOAD_PERIOD_MIN) {
		u64 addr = access_stream_next(&load->stream, &write);

		load->done++;
		if (mm_access(m, r->task, addr, write) || r->fatal_signal || r->died)
			break;
		r->user_ns += m->cost.memory_access;
		m->clock.step++;
	}
	cost = m->clock.now - started;
	/* nobody can catch up for ever: what a saturated CPU missed is not made good later */
	if (cost >= LOAD_PERIOD_MIN)
		load->done = due;
	return cost;
}

void lab_load_event(struct machine *m, u32 h)
{
	struct lab_load *load = load_at(m, h);
	const struct access_spec *spec = &load->stream.spec;
	handle_t lab = load->lab;
	handle_t task = lab_at(m, lab)->task;
	u64 started = m->clock.now, cost = 0, next;
	struct running r;
	bool alive = true;

	if (task_at(m, task)->state == TASK_STOPPED) {
		/* what it would have done meanwhile is not made good */
		load->done = load_due(m, load);
	} else {
		task_run_begin(m, &r, task);
		psi_batch_begin(m);
		cost = load_batch(m, h, &r);
		psi_batch_end(m, started, cost);
		alive = task_run_end(m, &r);
		/* until its next batch it is seen in what took most of this one: the wait for the
		 * disk? */
		if (alive && r.started - started > cost / 2 &&
		    task_at(m, task)->state == TASK_RUNNING)
			task_set_state(m, task, TASK_DISK);
		m->clock.now = started;
	}
	if (!alive)
		return;
	if (spec->for_ns && started >= load->started + spec->for_ns) {
		lab_load_stop(m, lab, load->region);
		return;
	}
	next = max_t(u64, load_next(load), started + max_t(u64, LOAD_PERIOD_MIN, cost));
	if (spec->for_ns)
		next = min_t(u64, next, max_t(u64, load->started + spec->for_ns, started + 1));
	event_schedule(m, EVENT_LOAD, h, next);
}
