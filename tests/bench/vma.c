/*
 * What calls on mappings cost in a process that has many, beside one that has few.
 * usage: vma ROUNDS     a line for each round and kind of call, "NAME NS-WITH-FEW NS-WITH-MANY"
 *
 *	mmap      a new mapping, placed by the kernel, and away again: counted as two calls
 *	split     mprotect of a page in the middle of a mapping (two mappings more), and back (two less)
 *	hole      munmap of a page in the middle of a mapping, and mmap back into the hole
 *	all       the sum of these
 *	random    as split, at mappings drawn at random: what is looked at is in no cache then
 *
 * The process's own time counts: what else runs on the host takes nothing but the caches.
 *
 * Few are 100 mappings, many 65,530, the default of vm.max_map_count, which is raised for the ones
 * that are made here. The calls go from mapping to mapping by address, all over the address space.
 * The two processes take turns.
 */
#include <mman/machine.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FEW	    100u
#define MANY	    65530u
#define CALLS	    131060u
#define PAGES_EACH  4u
#define FIRST_PLACE 0x200000000000ull

struct process {
	handle_t task;
	u32 nr;
};

static struct machine *m;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(int error, const char *what)
{
	if (error)
		errx(1, "%s: %s", what, strerror(-error));
}

static u64 map(const struct process *p, u64 addr, u64 pages, u32 prot)
{
	struct mmap_request rq = { .addr = addr,
				   .length = pages * PAGE_SIZE,
				   .prot = prot,
				   .map = addr ? MAPF_FIXED : 0 };
	u64 at = 0;

	must(do_mmap(m, p->task, &rq, &at), "mmap");
	return at;
}

/* Mappings with a page between them, so that each stays for itself. */
static u64 place(u32 i)
{
	return FIRST_PLACE + (u64)i * (PAGES_EACH + 1) * PAGE_SIZE;
}

static struct process make_process(u32 nr)
{
	struct process p = { .nr = nr };
	u32 i;

	must(task_spawn(m, "bench", &p.task), "process");
	nr -= mm_at(m, task_at(m, p.task)->mm)->map_count;
	must(nr ? 0 : -EINVAL, "fewer mappings than a new process has");
	for (i = 0; i < nr; i++)
		map(&p, place(i), PAGES_EACH, VM_READ | VM_WRITE);
	p.nr = nr;
	return p;
}

static double time_mmap(const struct process *p)
{
	double start = now_ns();
	u32 i;

	for (i = 0; i < CALLS / 2; i++)
		must(do_munmap(m, p->task, map(p, 0, PAGES_EACH, VM_READ), PAGES_EACH * PAGE_SIZE),
		     "munmap");
	return (now_ns() - start) / CALLS;
}

static double split(const struct process *p, bool random)
{
	double start = now_ns();
	u32 i;

	for (i = 0; i < CALLS / 2; i++) {
		u64 addr =
			place(random ? (u32)machine_random_below(m, p->nr) : i % p->nr) + PAGE_SIZE;

		must(do_mprotect(m, p->task, addr, PAGE_SIZE, VM_READ), "mprotect");
		must(do_mprotect(m, p->task, addr, PAGE_SIZE, VM_READ | VM_WRITE), "mprotect");
	}
	return (now_ns() - start) / CALLS;
}

static double time_split(const struct process *p)
{
	return split(p, false);
}

static double time_random(const struct process *p)
{
	return split(p, true);
}

static double time_hole(const struct process *p)
{
	double start = now_ns();
	u32 i;

	for (i = 0; i < CALLS / 2; i++) {
		u64 addr = place(i % p->nr) + PAGE_SIZE;

		must(do_munmap(m, p->task, addr, PAGE_SIZE), "munmap");
		map(p, addr, 1, VM_READ | VM_WRITE);
	}
	return (now_ns() - start) / CALLS;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		double (*time)(const struct process *p);
	} kinds[] = { { "mmap", time_mmap },
		      { "split", time_split },
		      { "hole", time_hole },
		      { "random", time_random } };
	long rounds = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	struct machine_config *config = calloc(1, sizeof(*config));
	struct process few, many;
	char why[256];
	size_t i;

	if (rounds < 1 || !config)
		errx(64, "usage: vma ROUNDS");
	machine_config_init(config);
	config->ram = 4ull << 30;
	m = machine_create(config, why, sizeof(why));
	if (!m)
		errx(1, "%s", why);
	m->sysctl.max_map_count += 16;
	few = make_process(FEW);
	many = make_process(MANY);
	while (rounds-- > 0) {
		double sum_few = 0, sum_many = 0;

		for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
			double with_few = kinds[i].time(&few), with_many = kinds[i].time(&many);

			printf("%s %.1f %.1f\n", kinds[i].name, with_few, with_many);
			if (kinds[i].time == time_random)
				continue;
			sum_few += with_few;
			sum_many += with_many;
		}
		printf("all %.1f %.1f\n", sum_few, sum_many);
		fflush(stdout);
	}
	machine_destroy(m);
	free(config);
	return 0;
}
