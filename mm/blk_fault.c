/*
 * blk_fault.c - I/O that fails because somebody asked for it, and the log lines of I/O errors.
 *
 * The words are those of the kernel's fault injection: of every interval-th I/O, probability
 * percent fail, at most times. Rules are tried in the order in which they were set, the first that
 * lets the I/O fail is the one that counts it. Chance comes from the machine's one generator, and
 * only where there is any to take.
 * Source: Documentation/fault-injection/fault-injection.rst (probability, interval, times).
 */
#include "mm/blk.h"

#include <errno.h>
#include <string.h>

#define SECTORS_PER_PAGE (PAGE_SIZE / 512)
#define LOG_INTERVAL	 (5 * NSEC_PER_SEC)
#define LOG_BURST	 10u

static bool rule_hits(struct machine *m, struct blk_fault *f, enum bio_op op, u64 sector, u32 nr)
{
	if (!f->on[op] || !f->times || sector > f->last || sector + nr - 1 < f->first)
		return false;
	if (++f->nr < f->interval)
		return false;
	f->nr = 0;
	if (f->probability < 100 && machine_random_below(m, 100) >= f->probability)
		return false;
	if (f->times != BLK_FAULT_TIMES)
		f->times--;
	return true;
}

bool blk_should_fail(struct machine *m, enum bio_op op, u64 sector, u32 nr)
{
	u32 i;

	for (i = 0; i < m->blk.nr_faults; i++)
		if (rule_hits(m, &m->blk.fault[i], op, sector, nr))
			return true;
	return false;
}

bool blk_clear_fault(struct machine *m, u64 first, u64 last)
{
	struct blk_state *s = &m->blk;
	u32 i;

	for (i = 0; i < s->nr_faults; i++) {
		if (s->fault[i].first != first || s->fault[i].last != last)
			continue;
		s->nr_faults--;
		memmove(&s->fault[i], &s->fault[i + 1], (s->nr_faults - i) * sizeof(s->fault[0]));
		return true;
	}
	return false;
}

int blk_set_fault(struct machine *m, const struct blk_fault *fault)
{
	struct blk_state *s = &m->blk;

	blk_clear_fault(m, fault->first, fault->last);
	if (s->nr_faults == BLK_FAULTS_MAX)
		return -ENOSPC;
	s->fault[s->nr_faults++] = *fault;
	return 0;
}

void blk_forget_faults(struct machine *m, u64 first, u64 last)
{
	struct blk_state *s = &m->blk;
	u32 i = 0;

	while (i < s->nr_faults) {
		if (s->fault[i].first >= first && s->fault[i].last <= last)
			blk_clear_fault(m, s->fault[i].first, s->fault[i].last);
		else
			i++;
	}
}

/* Ten lines in five seconds; how many there would have been is told when the next one comes. */
static bool log_allowed(struct machine *m, enum blk_message what)
{
	static const char *const origin[NR_BLK_MESSAGES] = {
		[BLK_LOG_REQUEST] = "blk_print_req_error",
		[BLK_LOG_BUFFER] = "buffer_io_error",
		[BLK_LOG_SWAP] = "end_swap_bio_write",
	};
	struct blk_log *l = &m->blk.log[what];

	if (!l->lines || m->clock.now >= l->begin + LOG_INTERVAL) {
		if (l->missed)
			printk(m, 4, "%s: %u callbacks suppressed", origin[what], l->missed);
		*l = (struct blk_log){ .begin = m->clock.now };
	}
	if (l->lines == LOG_BURST) {
		l->missed++;
		return false;
	}
	l->lines++;
	return true;
}

void blk_log_error(struct machine *m, enum blk_message what, enum bio_op op, u64 sector, u32 nr)
{
	u32 disk = blk_disk_of(m, sector);
	const struct blk_disk *d = &m->blk.disk[disk];
	u64 block = (sector - d->first) % max_t(u64, blk_disk_pages(m, disk), 1);

	if (!log_allowed(m, what))
		return;
	switch (what) {
	case BLK_LOG_BUFFER:
		printk(m, 3,
		       "Buffer I/O error on dev %s, logical block %llu, lost async page write",
		       d->name, (unsigned long long)block);
		break;
	case BLK_LOG_SWAP:
		printk(m, 1, "%s-error on swap-device (%u:%u:%llu)",
		       op == BIO_READ ? "Read" : "Write", DISK_MAJOR, disk * DISK_MINORS,
		       (unsigned long long)block * SECTORS_PER_PAGE);
		break;
	default:
		printk(m, 3,
		       "I/O error, dev %s, sector %llu op 0x%x:(%s) flags 0x%x phys_seg %u prio class 2",
		       d->name, (unsigned long long)block * SECTORS_PER_PAGE, (u32)op,
		       op == BIO_READ ? "READ" : "WRITE", 0, nr);
		break;
	}
}
