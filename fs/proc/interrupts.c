/* /proc/interrupts and /proc/softirqs: the lines of a PC. Of interrupts only those are simulated that one CPU
 * sends to others when it has changed page tables (mman/tlb.h); all other counts are 0. */
#include "fs/proc/proc.h"

#include <string.h>

#define IRQ_WIDTH 3u

static void show_heading(const struct machine *m, struct text *out)
{
	u32 cpu;

	text_fill(out, ' ', IRQ_WIDTH + 8);
	for (cpu = 0; cpu < m->nr_cpus; cpu++)
		text_printf(out, "CPU%-8u", cpu);
	text_char(out, '\n');
}

static void show_counts(const struct machine *m, const char *name, const char *what,
			struct text *out)
{
	bool shootdowns = !strcmp(name, "TLB");
	u32 cpu;

	text_str_right(out, name, IRQ_WIDTH);
	text_str(out, ": ");
	for (cpu = 0; cpu < m->nr_cpus; cpu++) {
		text_u64_width(out, shootdowns ? tlb_stat(m, cpu).shootdowns : 0, 10);
		text_char(out, ' ');
	}
	text_str(out, what);
	text_char(out, '\n');
}

int proc_interrupts_show(const struct request *rq, struct text *out)
{
	static const struct {
		const char *name, *what;
	} row[] = {
		{ "0", "  IO-APIC   2-edge      timer" },
		{ "1", "  IO-APIC   1-edge      i8042" },
		{ "4", "  IO-APIC   4-edge      ttyS0" },
		{ "8", "  IO-APIC   8-edge      rtc0" },
		{ "9", "  IO-APIC   9-fasteoi   acpi" },
		{ "12", "  IO-APIC  12-edge      i8042" },
		{ "NMI", "  Non-maskable interrupts" },
		{ "LOC", "  Local timer interrupts" },
		{ "SPU", "  Spurious interrupts" },
		{ "PMI", "  Performance monitoring interrupts" },
		{ "IWI", "  IRQ work interrupts" },
		{ "RTR", "  APIC ICR read retries" },
		{ "RES", "  Rescheduling interrupts" },
		{ "CAL", "  Function call interrupts" },
		{ "TLB", "  TLB shootdowns" },
		{ "TRM", "  Thermal event interrupts" },
		{ "THR", "  Threshold APIC interrupts" },
		{ "DFR", "  Deferred Error APIC interrupts" },
		{ "MCE", "  Machine check exceptions" },
		{ "MCP", "  Machine check polls" },
	};
	static const struct {
		const char *name, *what;
	} posted[] = {
		{ "PIN", "  Posted-interrupt notification event" },
		{ "NPI", "  Nested posted-interrupt event" },
		{ "PIW", "  Posted-interrupt wakeup event" },
	};
	size_t i;

	show_heading(rq->m, out);
	for (i = 0; i < ARRAY_SIZE(row); i++)
		show_counts(rq->m, row[i].name, row[i].what, out);
	text_str(out, "ERR:          0\nMIS:          0\n"); /* of the machine, not of a CPU */
	for (i = 0; i < ARRAY_SIZE(posted); i++)
		show_counts(rq->m, posted[i].name, posted[i].what, out);
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

	text_fill(out, ' ', 20);
	for (cpu = 0; cpu < rq->m->nr_cpus; cpu++)
		text_printf(out, "CPU%-8u", cpu);
	text_char(out, '\n');
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		text_str_right(out, names[i], 12);
		text_char(out, ':');
		for (cpu = 0; cpu < rq->m->nr_cpus; cpu++)
			text_str(out, "          0");
		text_char(out, '\n');
	}
	return 0;
}
