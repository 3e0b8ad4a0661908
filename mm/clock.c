/*
 * clock.c - the virtual clock and its events.
 *
 * Events wait in a binary heap ordered by (due, sequence): the order in which they run depends on
 * nothing but what was scheduled. A handler runs with the clock standing at its event's due time,
 * or later if the command that was running had moved past it; it never moves the clock itself. On a
 * machine of one CPU a command waits for kswapd's batch, and has as long for itself before the next
 * one.
 */
#include <mman/lab.h>
#include <mman/machine.h>

#include <string.h>

/* The heap's slots are objects of event_pool, used as an array from slot 1 on. */
static struct event *heap(const struct machine *m)
{
	return (struct event *)pool_at(&m->event_pool, 1);
}

static bool earlier(const struct event *a, const struct event *b)
{
	return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void sift_up(struct event *h, u32 i)
{
	struct event e = h[i];

	while (i && earlier(&e, &h[(i - 1) / 2])) {
		h[i] = h[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	h[i] = e;
}

static void sift_down(struct event *h, u32 n, u32 i)
{
	struct event e = h[i];
	u32 child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && earlier(&h[child + 1], &h[child]))
			child++;
		if (!earlier(&h[child], &e))
			break;
		h[i] = h[child];
		i = child;
	}
	h[i] = e;
}

static u64 first_due(const struct machine *m)
{
	if (unlikely(m->panicked))
		return m->panic.reboot_at;
	return m->clock.nr_events ? heap(m)[0].due : UINT64_MAX;
}

/*
 * A command whose process has been killed, or whose machine has panicked, ends at its very next
 * safe point: time is up for it. A machine that has panicked runs no event; its host need only be
 * woken for the reboot.
 */
static void set_next_due(struct machine *m)
{
	if (unlikely(m->running && (m->panicked || m->running->fatal_signal)))
		m->clock.next_due = 0;
	else if (m->running && m->running->numa_due)
		m->clock.next_due = min_t(u64, first_due(m), m->running->numa_due);
	else
		m->clock.next_due = first_due(m);
}

void clock_recheck(struct machine *m)
{
	set_next_due(m);
}

void event_schedule(struct machine *m, enum event_kind kind, u32 arg, u64 due)
{
	struct clock *c = &m->clock;

	/* Slots are only ever added; a heap that shrank keeps them for its next growth. */
	if (c->nr_events + 1 >= m->event_pool.nr_slots && !pool_alloc_array(&m->event_pool, 64)) {
		printk(m, 3, "clock: no room for another event");
		return;
	}
	heap(m)[c->nr_events] =
		(struct event){ .due = due, .seq = c->next_seq++, .kind = kind, .arg = arg };
	sift_up(heap(m), c->nr_events++);
	set_next_due(m);
}

static void remove_at(struct machine *m, u32 i)
{
	struct event *h = heap(m);
	u32 n = --m->clock.nr_events;

	if (i == n)
		return;
	h[i] = h[n];
	sift_down(h, n, i);
	sift_up(h, i);
}

void event_cancel(struct machine *m, enum event_kind kind, u32 arg)
{
	u32 i = 0;

	while (i < m->clock.nr_events) {
		if (heap(m)[i].kind == kind && heap(m)[i].arg == arg)
			remove_at(m, i);
		else
			i++;
	}
	set_next_due(m);
}

bool event_pending(const struct machine *m, enum event_kind kind, u32 arg)
{
	u32 i;

	for (i = 0; i < m->clock.nr_events; i++)
		if (heap(m)[i].kind == kind && heap(m)[i].arg == arg)
			return true;
	return false;
}

static void event_dispatch(struct machine *m, const struct event *e)
{
	switch ((enum event_kind)e->kind) {
	case EVENT_FLUSHER:
		flusher_event(m, e->arg);
		break;
	case EVENT_LOAD:
		lab_load_event(m, e->arg);
		break;
	case EVENT_PSI:
		psi_trigger_check(m, e->arg);
		break;
	case EVENT_KSWAPD:
		kswapd_event(m, e->arg);
		break;
	case EVENT_KCOMPACTD:
		kcompactd_event(m, e->arg);
		break;
	case EVENT_IO_DONE:
		blk_done_event(m);
		break;
	case EVENT_OOM_REAPER:
		oom_reaper_event(m, e->arg);
		break;
	case EVENT_TASK_EXIT:
		oom_exit_event(m, e->arg);
		break;
	default:
		printk(m, 3, "clock: event %u has no handler", e->kind);
		break;
	}
}

/* Who watches the pressure leaves no trace: a replay knows nothing of him. */
static void count_step(struct machine *m, const struct event *e)
{
	if (e->kind != EVENT_PSI)
		m->clock.step++;
}

u64 clock_share_cpu(struct machine *m, u64 ns)
{
	if (!m->clock.one_cpu)
		return ns;
	m->clock.waited += ns;
	return 2 * ns;
}

/* @beside: a command is at work, and not asleep. */
static void run_handler(struct machine *m, const struct event *e, bool beside)
{
	struct clock *c = &m->clock;
	u64 waited;

	c->one_cpu = beside && m->nr_cpus == 1 && m->running;
	event_dispatch(m, e);
	c->one_cpu = false;
	waited = c->waited;
	if (likely(!waited))
		return;
	c->waited = 0;
	c->now += waited;
	m->running->started += waited;
	psi_stall(m, PSI_CPU, c->now - waited, c->now);
}

/* Run what is due at the clock's present time. Handlers may schedule more, even for now. */
static void run_due_events(struct machine *m, bool beside)
{
	struct event e;

	if (m->clock.in_events)
		return;
	m->clock.in_events = true;
	while (m->clock.nr_events && heap(m)[0].due <= m->clock.now && !m->panicked) {
		e = heap(m)[0];
		remove_at(m, 0);
		set_next_due(m);
		count_step(m, &e);
		run_handler(m, &e, beside);
	}
	m->clock.in_events = false;
	set_next_due(m);
}

/* Takes the first due event out that is no load: those wait for the next safe point. */
static bool take_kthread_event(struct machine *m, struct event *e)
{
	struct event *h = heap(m), *first = NULL;
	u32 i;

	for (i = 0; i < m->clock.nr_events; i++)
		if (h[i].due <= m->clock.now && h[i].kind != EVENT_LOAD &&
		    (!first || earlier(&h[i], first)))
			first = &h[i];
	if (!first)
		return false;
	*e = *first;
	remove_at(m, (u32)(first - h));
	return true;
}

void clock_run_kthreads(struct machine *m)
{
	struct event e;

	if (m->clock.in_events || m->clock.in_kthread || m->clock.now < m->clock.next_due ||
	    m->panicked)
		return;
	m->clock.in_kthread = true;
	while (!m->panicked && take_kthread_event(m, &e)) {
		count_step(m, &e);
		run_handler(m, &e, true);
	}
	m->clock.in_kthread = false;
	set_next_due(m);
}

bool machine_goes_on(const struct machine *m)
{
	const struct running *r = m->running;

	return !r || !(r->died || r->interrupted || r->fatal_signal);
}

/* False: the running command is to end. */
static bool let_others_in(struct machine *m)
{
	/* A handler's work is one bounded batch: who waits is let in when it is over. */
	if (!m->clock.in_events && m->host.yield &&
	    (m->clock.step >= m->clock.step_stop ||
	     __atomic_load_n(&m->attention, __ATOMIC_RELAXED)) &&
	    !m->host.yield(m, m->host.arg)) {
		/* an advance of the clock runs for nobody */
		if (!m->running)
			return false;
		m->running->interrupted = true;
	}
	return machine_goes_on(m);
}

bool machine_safe_point_slow(struct machine *m)
{
	if (unlikely(m->panicked))
		return false;
	if (m->running && m->running->numa_due && m->clock.now >= m->running->numa_due)
		task_tick_numa(m, m->running);
	if (m->clock.now >= m->clock.next_due)
		run_due_events(m, true);
	return let_others_in(m);
}

void clock_advance_to(struct machine *m, u64 ns)
{
	struct clock *c = &m->clock;

	while (c->now < ns && !m->panicked) {
		u64 due = first_due(m), step = c->step;

		c->now = due < ns ? max_t(u64, due, c->now) : ns;
		if (c->now >= due)
			run_due_events(m, false);
		/* a look at the pressure is no place to stop at: a replay does not come by */
		if (c->step == step && c->now < ns)
			continue;
		/*
		 * An advance of hours with busy loads is as long as any command: let others in.
		 * Only events count steps here: how the host cuts an advance into pieces must not
		 * show, nor whether somebody waits when a process dies in its sleep.
		 */
		if (!m->panicked &&
		    (c->step >= c->step_stop || __atomic_load_n(&m->attention, __ATOMIC_RELAXED) ||
		     !machine_goes_on(m)) &&
		    !let_others_in(m))
			return;
	}
	/* no further than to the reboot: what comes then is another machine's time */
	if (m->panicked) {
		c->now = max_t(u64, c->now, min_t(u64, ns, m->panic.reboot_at));
		set_next_due(m);
	}
}

bool clock_sleep(struct machine *m, u64 ns)
{
	u64 end = m->clock.now + ns;

	if (m->clock.in_events) {
		m->clock.now = end;
		return true;
	}
	while (m->clock.now < end) {
		clock_advance_to(m, end);
		if (!machine_safe_point_slow(m))
			return false;
	}
	return true;
}
