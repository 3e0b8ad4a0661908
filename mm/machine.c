/*
 * machine.c - power on and off.
 */
#include <mman/hugetlb.h>
#include <mman/lab.h>
#include <mman/machine.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* xoshiro256** seeded by splitmix64 (both in the public domain, by Blackman and Vigna): one
 * generator for all chance there is. */
static u64 rotate_left(u64 x, unsigned int k)
{
	return x << k | x >> (64 - k);
}

static void seed_random(struct machine *m, u64 seed)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		u64 z = (seed += 0x9e3779b97f4a7c15ull);

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
		z = (z ^ z >> 27) * 0x94d049bb133111ebull;
		m->random[i] = z ^ z >> 31;
	}
}

u64 machine_random(struct machine *m)
{
	u64 *s = m->random;
	u64 result = rotate_left(s[1] * 5, 7) * 9;
	u64 t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

u64 machine_random_below(struct machine *m, u64 n)
{
	return (u64)((unsigned __int128)machine_random(m) * n >> 64);
}

static int power_on(struct machine *m, char *why, size_t why_size)
{
	int error;

	m->node = calloc(MAX_NUMNODES, sizeof(*m->node));
	m->kmsg.text = calloc(1, LOG_RING_BYTES);
	m->trace.text = calloc(1, LOG_RING_BYTES);
	if (!m->node || !m->kmsg.text || !m->trace.text)
		return -ENOMEM;
	error = pool_init(&m->event_pool, "event", sizeof(struct event), 1u << 20);
	if (error)
		return error;
	m->clock.next_due = UINT64_MAX;
	m->clock.step_stop = UINT64_MAX;
	m->clock.mode = CLOCK_MODE_PAUSED;
	m->clock.rate = 1;
	m->cost = m->config.cost;
	pt_geometry_init(&m->pt, &m->config);
	seed_random(m, m->config.seed);
	sysctl_defaults(m);
	error = knobs_init(m);
	if (error)
		return error;

	error = oom_init(m);
	if (!error)
		error = memory_hotplug_init(m);
	if (!error)
		error = machine_boot(m, why, why_size);
	if (!error)
		error = slab_init(m);
	if (!error)
		error = contents_init(m);
	if (!error)
		error = mempolicy_init(m);
	if (!error)
		error = numa_balancing_init(m);
	if (!error)
		error = mm_init(m);
	if (!error)
		error = tlb_init(m);
	if (!error)
		error = hugetlb_init(m);
	if (!error)
		error = psi_init(m);
	if (!error)
		error = blk_init(m);
	if (!error)
		writeback_init(m);
	if (!error)
		error = swap_init(m);
	if (!error)
		error = tasks_init(m);
	if (!error)
		knobs_late_init(m);
	return error;
}

struct machine *machine_create(const struct machine_config *config, char *why, size_t why_size)
{
	struct machine *m = calloc(1, sizeof(*m));
	int error;

	if (why_size)
		why[0] = '\0';
	if (!m) {
		snprintf(why, why_size, "the host is out of memory");
		return NULL;
	}
	m->config = *config;
	error = power_on(m, why, why_size);
	if (error) {
		if (why_size && !why[0])
			snprintf(why, why_size, "cannot boot: %s", strerror(-error));
		machine_destroy(m);
		return NULL;
	}
	return m;
}

void machine_destroy(struct machine *m)
{
	if (!m)
		return;
	if (m->backing && m->backing->end)
		m->backing->end(m);
	knobs_destroy(m);
	memory_hotplug_destroy(m);
	tasks_destroy(m);
	oom_destroy(m);
	mm_destroy(m);
	tlb_destroy(m);
	mempolicy_destroy(m);
	numa_balancing_destroy(m);
	swap_destroy(m);
	contents_destroy(m);
	slab_destroy(m);
	physmem_destroy(m);
	boot_destroy(m);
	blk_destroy(m);
	psi_destroy(m);
	pool_destroy(&m->event_pool);
	free(m->kmsg.text);
	free(m->trace.text);
	free(m->node);
	free(m);
}
