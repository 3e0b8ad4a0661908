/*
 * blk_fault.c - I/O that fails because somebody asked for it, and the log lines of I/O errors.
 *
 * The words are those of the kernel's fault injection: of every interval-th I/O, probability
 * percent fail, at most times. A rule for a part of a disk lets only the pages that lie there fail.
 * Rules are tried in the order in which they were set, and a page that has failed is asked of no
 * further one. Chance comes from the machine's one generator, and
 * only where there is any to take.
 * Source: Documentation/fault-injection/fault-injection.rst (probability, interval, times).
 */
#include "mm/blk.h"

#include <errno.h>
#include <string.h>

#define SECTORS_PER_PAGE (PAGE_SIZE / 512)
#define LOG_INTERVAL	 (5 * NSEC_PER_SEC)
#define LOG_BURST	 10u

/* The pages of [@sector, @sector + @nr) that lie in [@first, @last], a bit each. */
static u32 pages_within(u64 first, u64 last, u64 sector, u32 nr)
{
	u32 from = first > sector ? (u32)(first - sector) : 0;
	u32 to = last - sector < nr - 1 ? (u32)(last - sector) : nr - 1;

	return (u32)((((u64)1 << (to + 1)) - 1) & ~(((u64)1 << from) - 1));
}

/* It is this rule's turn to let an I/O fail. */
static bool rule_hits(struct machine *m, struct blk_fault *f)
{
	if (++f->nr < f->interval)
		return false;
	f->nr = 0;
	if (f->probability < 100 && machine_random_below(m, 100) >= f->probability)
		return false;
	if (f->times != BLK_FAULT_TIMES)
		f->times--;
	return true;
}

u32 blk_failing_pages(struct machine *m, enum bio_op op, u64 sector, u32 nr)
{
	u32 disk = blk_disk_of(m, sector), failed = 0, pages, i;

	for (i = 0; i < m->blk.nr_faults && nr; i++) {
		struct blk_fault *f = &m->blk.fault[i];

		if (!f->on[op] || !f->times || f->disk != disk || sector > f->last ||
		    sector + nr - 1 < f->first)
			continue;
		pages = pages_within(f->first, f->last, sector, nr);
		if (pages & ~failed && rule_hits(m, f))
			failed |= pages;
	}
	return failed;
}

static void remove_rule(struct blk_state *s, u32 i)
{
	s->nr_faults--;
	memmove(&s->fault[i], &s->fault[i + 1], (s->nr_faults - i) * sizeof(s->fault[0]));
}

bool blk_clear_faults(struct machine *m, u32 disk, u64 first, u64 last)
{
	struct blk_state *s = &m->blk;
	u32 nr = s->nr_faults, i = 0;

	while (i < s->nr_faults) {
		if (s->fault[i].disk == disk && s->fault[i].first >= first &&
		    s->fault[i].last <= last)
			remove_rule(s, i);
		else
			i++;
	}
	return s->nr_faults != nr;
}

int blk_set_fault(struct machine *m, const struct blk_fault *fault)
{
	struct blk_state *s = &m->blk;
	u32 i;

	for (i = 0; i < s->nr_faults; i++) {
		if (s->fault[i].disk != fault->disk || s->fault[i].first != fault->first ||
		    s->fault[i].last != fault->last)
			continue;
		s->fault[i] = *fault;
		return 0;
	}
	if (s->nr_faults == BLK_FAULTS_MAX)
		return -ENOSPC;
	s->fault[s->nr_faults++] = *fault;
	return 0;
}

void blk_forget_faults(struct machine *m, u64 first, u64 last)
{
	blk_clear_faults(m, blk_disk_of(m, first), first, last);
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
