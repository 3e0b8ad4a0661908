/* /proc/interrupts and /proc/softirqs: the lines of a PC. Counted are the timer's, the disk's, and
 * those that one CPU sends to others when it has changed page tables (mman/tlb.h); there are no
 * others. */
#include "fs/proc/proc.h"

#include <string.h>

#define IRQ_WIDTH 3u

static void show_heading(const struct machine *m, u32 indent, struct text *out)
{
	u32 cpu;

	text_fill(out, ' ', indent);
	for (cpu = 0; cpu < m->nr_cpus; cpu++)
		text_printf(out, "CPU%-8u", cpu);
	text_char(out, '\n');
}

struct interrupts interrupts_of(const struct machine *m, u32 cpu)
{
	const struct cpu_time *t = pool_at(&m->tasks.cpu_times, cpu + 1);
	struct interrupts i = { .calls = tlb_stat(m, cpu).shootdowns };

	i.timer = (t->user + t->nice + t->system + t->irq + t->softirq) / JIFFY_NS;
	if (cpu == 0)
		i.disk = blk_total(m, BIO_READ).ios + blk_total(m, BIO_WRITE).ios;
	return i;
}

u64 disk_interrupts(const struct machine *m, u32 disk)
{
	const struct blk_disk *d = &m->blk.disk[disk];

	return d->stat[BIO_READ].ios + d->stat[BIO_WRITE].ios;
}

enum source { NOBODY, TIMER, CALLS };

static u64 count_of(const struct interrupts *i, enum source source)
{
	const u64 counts[] = { [TIMER] = i->timer, [CALLS] = i->calls };

	return source == NOBODY ? 0 : counts[source];
}

struct row {
	const char *name, *what;
	enum source source;
};

static void show_counts(const struct machine *m, const struct row *row, struct text *out)
{
	struct interrupts i;
	u32 cpu;

	text_str_right(out, row->name, IRQ_WIDTH);
	text_str(out, ": ");
	for (cpu = 0; cpu < m->nr_cpus; cpu++) {
		i = interrupts_of(m, cpu);
		text_u64_width(out, count_of(&i, row->source), 10);
		text_char(out, ' ');
	}
	text_str(out, row->what);
	text_char(out, '\n');
}

/* Its first CPU serves a disk. The number of a message is made of the slot on the PCI bus. */
static void show_disk(const struct machine *m, u32 disk, struct text *out)
{
	u32 irq, cpu;

	for (irq = IRQ_DISK(disk) - 1; irq <= IRQ_DISK(disk); irq++) {
		bool queue = irq == IRQ_DISK(disk);

		text_printf(out, "%*u: ", (int)IRQ_WIDTH, irq);
		for (cpu = 0; cpu < m->nr_cpus; cpu++) {
			text_u64_width(out, queue && !cpu ? disk_interrupts(m, disk) : 0, 10);
			text_char(out, ' ');
		}
		text_printf(out, "  PCI-MSI %u-edge      virtio%u-%s\n", ((disk + 2) << 14) + queue,
			    disk, queue ? "req.0" : "config");
	}
}

int proc_interrupts_show(const struct request *rq, struct text *out)
{
	static const struct row legacy[] = {
		{ "0", "  IO-APIC   2-edge      timer", NOBODY },
		{ "1", "  IO-APIC   1-edge      i8042", NOBODY },
		{ "4", "  IO-APIC   4-edge      ttyS0", NOBODY },
		{ "8", "  IO-APIC   8-edge      rtc0", NOBODY },
		{ "9", "  IO-APIC   9-fasteoi   acpi", NOBODY },
		{ "12", "  IO-APIC  12-edge      i8042", NOBODY },
	};
	static const struct row others[] = {
		{ "NMI", "  Non-maskable interrupts", NOBODY },
		{ "LOC", "  Local timer interrupts", TIMER },
		{ "SPU", "  Spurious interrupts", NOBODY },
		{ "PMI", "  Performance monitoring interrupts", NOBODY },
		{ "IWI", "  IRQ work interrupts", NOBODY },
		{ "RTR", "  APIC ICR read retries", NOBODY },
		{ "RES", "  Rescheduling interrupts", NOBODY },
		{ "CAL", "  Function call interrupts", CALLS },
		{ "TLB", "  TLB shootdowns", CALLS },
		{ "TRM", "  Thermal event interrupts", NOBODY },
		{ "THR", "  Threshold APIC interrupts", NOBODY },
		{ "DFR", "  Deferred Error APIC interrupts", NOBODY },
		{ "MCE", "  Machine check exceptions", NOBODY },
		{ "MCP", "  Machine check polls", NOBODY },
	};
	static const struct row posted[] = {
		{ "PIN", "  Posted-interrupt notification event", NOBODY },
		{ "NPI", "  Nested posted-interrupt event", NOBODY },
		{ "PIW", "  Posted-interrupt wakeup event", NOBODY },
	};
	const struct machine *m = rq->m;
	u32 i;

	show_heading(m, IRQ_WIDTH + 8, out);
	for (i = 0; i < ARRAY_SIZE(legacy); i++)
		show_counts(m, &legacy[i], out);
	for (i = 0; i < m->blk.nr_disks; i++)
		if (m->blk.disk[i].exists)
			show_disk(m, i, out);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		show_counts(m, &others[i], out);
	text_str(out, "ERR:          0\nMIS:          0\n"); /* of the machine, not of a CPU */
	for (i = 0; i < ARRAY_SIZE(posted); i++)
		show_counts(m, &posted[i], out);
	return 0;
}

int proc_softirqs_show(const struct request *rq, struct text *out)
{
	static const char *const names[] = {
		"HI",	    "TIMER",   "NET_TX", "NET_RX",  "BLOCK",
		"IRQ_POLL", "TASKLET", "SCHED",	 "HRTIMER", "RCU",
	};
	u32 cpu;
	size_t i;

	show_heading(rq->m, 20, out);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		text_str_right(out, names[i], 12);
		text_char(out, ':');
		for (cpu = 0; cpu < rq->m->nr_cpus; cpu++)
			text_str(out, "          0");
		text_char(out, '\n');
	}
	return 0;
}
