/*
 * PID/smaps and smaps_rollup: what each mapping, or all of them, holds. Walks the process's own
 * page tables, nothing else.
 * Source: Documentation/filesystems/proc.rst.
 */
#include "fs/proc/pid.h"

#include <errno.h>
#include <mman/hugetlb.h>

#define HPAGE_SIZE (PAGE_SIZE << PAGEBLOCK_ORDER)

#define KB(label, bytes)                                                                \
	text_mem(out, label, sizeof(label) - 1), text_u64_width(out, (bytes) >> 10, 8), \
		text_mem(out, " kB\n", 4)

/* Two letters for each flag of a mapping, in the order of the bits. 6.1 has none for
 * LOCKONFAULT. */
static const struct {
	u32 flag;
	char letters[4];
} flag_names[] = {
	{ VM_READ, "rd " },	  { VM_WRITE, "wr " },	     { VM_EXEC, "ex " },
	{ VM_SHARED, "sh " },	  { VM_MAYREAD, "mr " },     { VM_MAYWRITE, "mw " },
	{ VM_MAYEXEC, "me " },	  { VM_MAYSHARE, "ms " },    { VM_GROWSDOWN, "gd " },
	{ VM_PFNMAP, "pf " },	  { VM_LOCKED, "lo " },	     { VM_IO, "io " },
	{ VM_SEQ_READ, "sr " },	  { VM_RAND_READ, "rr " },   { VM_DONTCOPY, "dc " },
	{ VM_DONTEXPAND, "de " }, { VM_LOCKONFAULT, "?? " }, { VM_ACCOUNT, "ac " },
	{ VM_NORESERVE, "nr " },  { VM_HUGETLB, "ht " },     { VM_WIPEONFORK, "wf " },
	{ VM_DONTDUMP, "dd " },	  { VM_SOFTDIRTY, "sd " },   { VM_MIXEDMAP, "mm " },
	{ VM_HUGEPAGE, "hg " },	  { VM_NOHUGEPAGE, "nh " },  { VM_MERGEABLE, "mg " },
};

static void show_flags(const struct vma *v, struct text *out)
{
	size_t i;

	text_str(out, "VmFlags: ");
	for (i = 0; i < ARRAY_SIZE(flag_names); i++)
		if (v->flags & flag_names[i].flag)
			text_mem(out, flag_names[i].letters, 3);
	text_char(out, '\n');
}

/* Could a huge page be put here? Settings and flags allow it, and a whole one fits. */
static bool thp_eligible(const struct machine *m, const struct vma *v)
{
	u64 first = (v->start + HPAGE_SIZE - 1) & ~(HPAGE_SIZE - 1);

	if (m->sysctl.thp_enabled == 2 || (m->sysctl.thp_enabled == 1 && !(v->flags & VM_HUGEPAGE)))
		return false;
	if (v->flags &
	    (VM_NOHUGEPAGE | VM_PFNMAP | VM_MIXEDMAP | VM_IO | VM_HUGETLB | VM_DONTEXPAND))
		return false;
	return vma_is_anonymous(v) && first >= v->start && first + HPAGE_SIZE <= v->end;
}

/* The lines that smaps and smaps_rollup share; only the latter divides Pss by kind. */
static void show_stats(const struct vma_stats *s, bool rollup, struct text *out)
{
	KB("Rss:            ", s->rss);
	KB("Pss:            ", s->pss >> PSS_SHIFT);
	KB("Pss_Dirty:      ", s->pss_dirty >> PSS_SHIFT);
	if (rollup) {
		KB("Pss_Anon:       ", s->pss_anon >> PSS_SHIFT);
		KB("Pss_File:       ", s->pss_file >> PSS_SHIFT);
		KB("Pss_Shmem:      ", s->pss_shmem >> PSS_SHIFT);
	}
	KB("Shared_Clean:   ", s->shared_clean);
	KB("Shared_Dirty:   ", s->shared_dirty);
	KB("Private_Clean:  ", s->private_clean);
	KB("Private_Dirty:  ", s->private_dirty);
	KB("Referenced:     ", s->referenced);
	KB("Anonymous:      ", s->anonymous);
	KB("LazyFree:       ", s->lazyfree);
	KB("AnonHugePages:  ", s->anonymous_thp);
	KB("ShmemPmdMapped: ", s->shmem_thp);
	KB("FilePmdMapped:  ", s->file_thp);
	KB("Shared_Hugetlb: ", s->shared_hugetlb);
	text_str(out, "Private_Hugetlb: "); /* longer than its column */
	text_u64_width(out, s->private_hugetlb >> 10, 7);
	text_str(out, " kB\n");
	KB("Swap:           ", s->swap);
	KB("SwapPss:        ", s->swap_pss >> PSS_SHIFT);
	KB("Locked:         ", s->pss_locked >> PSS_SHIFT);
}

static u64 kernel_page_size(const struct machine *m, const struct vma *v)
{
	return v->flags & VM_HUGETLB ? vma_hstate(m, v)->page_size : PAGE_SIZE;
}

static int show_vma(struct pid_walk *w, handle_t h, struct text *out)
{
	const struct vma v = *vma_at(w->m, h); /* as it is now */
	u64 page_size = kernel_page_size(w->m, &v);
	bool eligible = thp_eligible(w->m, &v);
	struct vma_stats stats;

	pid_vma_line(w->m, &v, out);
	KB("Size:           ", v.end - v.start);
	KB("KernelPageSize: ", page_size);
	KB("MMUPageSize:    ", page_size);
	if (pid_walk_gather(w, h, &stats))
		return w->error;
	show_stats(&stats, false, out);
	text_str(out, eligible ? "THPeligible:    1\n" : "THPeligible:    0\n");
	show_flags(&v, out);
	return 0;
}

int pid_smaps_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	struct pid_walk w;
	handle_t v;

	for (v = pid_walk_begin(&w, rq->m, t); v; v = pid_walk_next(&w, v))
		if (show_vma(&w, v, out))
			break;
	return w.error;
}

/* The sums of smaps, without those of numa_maps. */
static void add_stats(struct vma_stats *sum, const struct vma_stats *s)
{
	sum->rss += s->rss;
	sum->pss += s->pss;
	sum->pss_anon += s->pss_anon;
	sum->pss_file += s->pss_file;
	sum->pss_shmem += s->pss_shmem;
	sum->pss_dirty += s->pss_dirty;
	sum->pss_locked += s->pss_locked;
	sum->shared_clean += s->shared_clean;
	sum->shared_dirty += s->shared_dirty;
	sum->private_clean += s->private_clean;
	sum->private_dirty += s->private_dirty;
	sum->referenced += s->referenced;
	sum->anonymous += s->anonymous;
	sum->lazyfree += s->lazyfree;
	sum->anonymous_thp += s->anonymous_thp;
	sum->shmem_thp += s->shmem_thp;
	sum->file_thp += s->file_thp;
	sum->shared_hugetlb += s->shared_hugetlb;
	sum->private_hugetlb += s->private_hugetlb;
	sum->swap += s->swap;
	sum->swap_pss += s->swap_pss;
}

static void show_rollup_line(u64 start, u64 end, struct text *out)
{
	size_t line = out->length;

	text_hex(out, start, 8);
	text_char(out, '-');
	text_hex(out, end, 8);
	text_str(out, " ---p 00000000 00:00 0 ");
	text_fill(out, ' ', out->length - line < 72 ? 73 - (out->length - line) : 1);
	text_str(out, "[rollup]\n");
}

int pid_smaps_rollup_show(const struct request *rq, struct text *out)
{
	struct vma_stats sum = { 0 }, stats;
	u64 start, end = 0;
	PID_RQ(rq, t);
	struct pid_walk w;
	handle_t v;

	if (!t->mm)
		return -ESRCH;
	v = pid_walk_begin(&w, rq->m, t);
	start = v ? vma_at(rq->m, v)->start : 0;
	for (; v; v = pid_walk_next(&w, v)) {
		end = w.end;
		if (pid_walk_gather(&w, v, &stats))
			break;
		add_stats(&sum, &stats);
	}
	if (w.error)
		return w.error;
	show_rollup_line(start, end, out);
	show_stats(&sum, true, out);
	return 0;
}
