/*
 * PID/numa_maps: memory policy of each mapping, and on which nodes its pages are. Numbers that are
 * what one would expect anyway are left out.
 * Source: proc(5), Documentation/admin-guide/mm/numa_memory_policy.rst.
 */
#include "fs/proc/pid.h"

#include <errno.h>
#include <mman/hugetlb.h>

static void show_number(struct text *out, const char *label, u64 n)
{
	text_str(out, label);
	text_u64(out, n);
}

static void show_kind(struct machine *m, const struct vma *v, struct text *out)
{
	const struct inode *inode = v->file ? inode_at(m, file_at(m, v->file)->inode) : NULL;

	if (inode) {
		text_str(out, " file=");
		text_escaped(out, inode_path(m, file_at(m, v->file)->inode), "\n\t= ");
		if (inode->deleted)
			text_str(out, "\\040(deleted)");
	} else if (vma_kind(m, v) == VMA_HEAP) {
		text_str(out, " heap");
	} else if (vma_kind(m, v) == VMA_STACK) {
		text_str(out, " stack");
	}
	if (v->flags & VM_HUGETLB)
		text_str(out, " huge");
}

static void show_pages(const struct vma *v, const struct vma_stats *s, u64 pages, struct text *out)
{
	u32 nid;

	if (s->anon_pages)
		show_number(out, " anon=", s->anon_pages);
	if (s->dirty_pages)
		show_number(out, " dirty=", s->dirty_pages);
	if (pages != s->anon_pages && pages != s->dirty_pages)
		show_number(out, " mapped=", pages);
	if (s->mapcount_max > 1)
		show_number(out, " mapmax=", s->mapcount_max);
	if (s->swapcache_pages)
		show_number(out, " swapcache=", s->swapcache_pages);
	if (s->active_pages < pages && !(v->flags & VM_HUGETLB))
		show_number(out, " active=", s->active_pages);
	if (s->writeback_pages)
		show_number(out, " writeback=", s->writeback_pages);
	for (nid = 0; nid < MAX_NUMNODES; nid++) {
		if (!s->node_pages[nid])
			continue;
		show_number(out, " N", nid);
		show_number(out, "=", s->node_pages[nid]);
	}
}

/* "default", "bind:1", "interleave=static:0-1", "prefer (many):0,2", "bind=static|balancing:0" */
static void show_policy(const struct machine *m, handle_t policy, struct text *out)
{
	const struct mempolicy *p = mempolicy_at(m, policy);

	text_char(out, ' ');
	text_str(out, mempolicy_mode_name(policy ? p->mode : MPOL_DEFAULT));
	if (!policy)
		return;
	if (p->flags & MPOL_F_STATIC_NODES)
		text_str(out, "=static");
	else if (p->flags & MPOL_F_RELATIVE_NODES)
		text_str(out, "=relative");
	if (p->flags & MPOL_F_NUMA_BALANCING)
		text_str(out, p->flags == MPOL_F_NUMA_BALANCING ? "=balancing" : "|balancing");
	if (p->nodes) {
		text_char(out, ':');
		text_bitmap_list(out, &p->nodes, MAX_NUMNODES);
	}
}

static int show_vma(struct pid_walk *w, handle_t h, handle_t task_policy, struct text *out)
{
	struct machine *m = w->m;
	const struct vma copy = *vma_at(m, h), *v = &copy; /* as it is now */
	struct vma_stats stats;
	u64 pages = 0, page_kb = PAGE_KB;
	handle_t policy = get_vma_policy(m, v, v->start);
	u32 nid;

	text_hex(out, v->start, 8);
	show_policy(m, policy ? policy : task_policy, out);
	show_kind(m, v, out);

	/* the kernel's own pages that every process maps are not counted */
	if (v->kind == VMA_VDSO || v->kind == VMA_VVAR)
		goto out;
	if (pid_walk_gather(w, h, &stats))
		return w->error;
	for (nid = 0; nid < MAX_NUMNODES; nid++)
		pages += stats.node_pages[nid];
	if (!pages)
		goto out;
	show_pages(v, &stats, pages, out);
	if (v->flags & VM_HUGETLB)
		page_kb = vma_hstate(m, v)->page_size >> 10;
	show_number(out, " kernelpagesize_kB=", page_kb);
out:
	text_char(out, '\n');
	return 0;
}

int pid_numa_maps_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	struct pid_walk w;
	handle_t v;

	for (v = pid_walk_begin(&w, rq->m, t); v; v = pid_walk_next(&w, v)) {
		handle_t task = pid_task(rq); /* others may have been let in: it may have ended */

		if (show_vma(&w, v, task ? task_at(rq->m, task)->policy : 0, out))
			break;
	}
	return w.error;
}
