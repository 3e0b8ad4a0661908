/*
 * panic.c - the kernel stops.
 *
 * A machine that has panicked is all there still, for whoever wants to know why: every file reads
 * as it stood. But nothing runs on it: no event, no command, no change; only the clock goes on, and
 * after kernel.panic seconds it is to be booted anew, as it is by hand at any time (sim/ctl:
 * reboot). Source: Documentation/admin-guide/sysctl/kernel.rst (panic), kernel-parameters.txt
 * (panic=).
 */
#include <mman/machine.h>

#include <stdarg.h>
#include <stdio.h>

#include "mm/show_mem.h"

bool panic_reboot_due(const struct machine *m)
{
	return m->panicked && m->clock.now >= m->panic.reboot_at;
}

void panic(struct machine *m, const struct oom_control *oc, const char *format, ...)
{
	struct panic_state *p = &m->panic;
	s32 timeout = m->sysctl.panic;
	u64 seconds = timeout > 0 ? (u64)timeout : 0;
	va_list ap;

	if (m->panicked)
		return;
	va_start(ap, format);
	vsnprintf(p->text, sizeof(p->text), format, ap);
	va_end(ap);
	p->time = m->clock.now;
	p->reboot_at = UINT64_MAX;
	if (timeout)
		p->reboot_at = p->time + seconds * NSEC_PER_SEC;
	trace_event(m, "panic reboot_in=%d text=\"%s\"", timeout, p->text);
	printk(m, 0, "Kernel panic - not syncing: %s", p->text);
	dump_stack(m, m->current);
	dump_alloc_trace(m, oc, TRACE_PANIC);
	if (timeout > 0)
		printk(m, 0, "Rebooting in %d seconds..", timeout);
	else if (!timeout)
		printk(m, 0, "---[ end Kernel panic - not syncing: %s ]---", p->text);
	m->panicked = true;
	clock_recheck(m);
}
