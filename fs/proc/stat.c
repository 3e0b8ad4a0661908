/*
 * /proc/stat: time of each CPU by kind in ticks of 1/100 s, and events since boot. Interrupts are
 * not simulated: their counts stay 0, but the line is as long as on a machine with as many CPUs.
 * Source: Documentation/filesystems/proc.rst.
 */
#include "fs/proc/proc.h"

/* Interrupt numbers of a PC: 24 IO-APIC pins, 16 legacy ones, 8 for each CPU, and room for as many
 * message-signalled ones as 16 times the pins; never more than the vectors of all CPUs. */
#define GSI_PINS    24u
#define LEGACY_IRQS 16u
#define VECTORS	    256u

#define NR_SOFTIRQS 10u

static u64 not_busy_ns(const struct machine *m, const struct cpu_time *c)
{
	u64 busy = c->user + c->nice + c->system + c->irq + c->softirq;

	/* a command that ran ahead on several CPUs at once may leave less than nothing */
	return busy < m->clock.now ? m->clock.now - busy : 0;
}

/* Who waits for the disk leaves the CPU idle, unless others work on it meanwhile. */
static u64 cpu_iowait_ns(const struct machine *m, const struct cpu_time *c)
{
	return min_t(u64, c->iowait, not_busy_ns(m, c));
}

u64 cpu_idle_ns(const struct machine *m, u32 cpu)
{
	const struct cpu_time *c = pool_at(&m->tasks.cpu_times, cpu + 1);

	return not_busy_ns(m, c) - cpu_iowait_ns(m, c);
}

static void show_ticks(struct text *out, u64 ns)
{
	text_char(out, ' ');
	text_u64(out, ns / USER_TICK_NS);
}

static void show_times(struct text *out, const struct cpu_time *c, u64 idle, u64 iowait)
{
	show_ticks(out, c->user);
	show_ticks(out, c->nice);
	show_ticks(out, c->system);
	show_ticks(out, idle);
	show_ticks(out, iowait);
	show_ticks(out, c->irq);
	show_ticks(out, c->softirq);
	text_str(out, " 0 0 0\n"); /* steal, guest, guest_nice: no hypervisor, no guests */
}

static void show_cpus(const struct machine *m, struct text *out)
{
	struct cpu_time sum = { 0 };
	u64 idle = 0;
	u32 cpu;

	for (cpu = 0; cpu < m->nr_cpus; cpu++) {
		const struct cpu_time *c = pool_at(&m->tasks.cpu_times, cpu + 1);

		sum.user += c->user;
		sum.nice += c->nice;
		sum.system += c->system;
		sum.iowait += cpu_iowait_ns(m, c);
		sum.irq += c->irq;
		sum.softirq += c->softirq;
		idle += cpu_idle_ns(m, cpu);
	}
	text_str(out, "cpu ");
	show_times(out, &sum, idle, sum.iowait);
	for (cpu = 0; cpu < m->nr_cpus; cpu++) {
		text_str(out, "cpu");
		text_u64(out, cpu);
		show_times(out, pool_at(&m->tasks.cpu_times, cpu + 1), cpu_idle_ns(m, cpu),
			   cpu_iowait_ns(m, pool_at(&m->tasks.cpu_times, cpu + 1)));
	}
}

static u32 nr_irqs(const struct machine *m)
{
	return min_t(u32, GSI_PINS + LEGACY_IRQS + 8 * m->nr_cpus + 16 * GSI_PINS,
		     VECTORS * m->nr_cpus);
}

static void show_zeros(struct text *out, const char *name, u32 n)
{
	u32 i;

	text_str(out, name);
	for (i = 0; i < n; i++)
		text_mem(out, " 0", 2);
	text_char(out, '\n');
}

/* All interrupts, and those of each number. */
static void show_interrupts(const struct machine *m, struct text *out)
{
	u64 total = 0;
	u32 i, disk = 0;

	for (i = 0; i < m->nr_cpus; i++) {
		struct interrupts irq = interrupts_of(m, i);

		total += irq.timer + irq.disk + irq.calls;
	}
	text_str(out, "intr ");
	text_u64(out, total);
	for (i = 0; i < nr_irqs(m); i++) {
		text_char(out, ' ');
		text_u64(out, disk < m->blk.nr_disks && i == IRQ_DISK(disk) ?
				      disk_interrupts(m, disk++) :
				      0);
	}
	text_char(out, '\n');
}

int proc_stat_show(const struct request *rq, struct text *out)
{
	const struct machine *m = rq->m;

	show_cpus(m, out);
	show_interrupts(m, out);
	text_count(out, "ctxt", m->tasks.context_switches);
	text_count(out, "btime", m->config.boot_time);
	text_count(out, "processes", m->tasks.total_forks);
	text_count(out, "procs_running", m->tasks.nr_running);
	text_count(out, "procs_blocked", m->tasks.nr_load_tasks - m->tasks.nr_running);
	show_zeros(out, "softirq", 1 + NR_SOFTIRQS);
	return 0;
}
