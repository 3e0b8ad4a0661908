/*
 * twin.c - the other machine's processes, files and mappings, put in place.
 *
 * Pages of address spaces: twin_pages.c.
 */
#include <mman/lab.h>
#include <mman/namei.h>
#include <mman/twin.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mm/filemap.h"
#include "mm/pagevec.h"
#include "mm/pid.h"
#include "mm/rmap.h"
#include "mm/task.h"
#include "mm/twin.h"
#include "mm/vma.h"

/* ---- processes ---- */

int twin_thread(struct machine *m, handle_t task, u32 tid, const char *comm, handle_t *out)
{
	struct task *t;
	u32 given, last = m->tasks.last_pid;
	int error;

	if (find_task_by_pid(m, tid))
		return -EEXIST;
	error = task_clone_thread(m, task, out);
	if (error)
		return error;
	t = task_at(m, *out);
	m->tasks.last_pid = last;
	given = t->pid;
	pid_remove(m, given);
	error = pid_claim(m, *out, tid);
	if (error) {
		/* the old number was free just now */
		pid_claim(m, *out, given);
		return error;
	}
	t->pid = tid;
	snprintf(t->comm, sizeof(t->comm), "%s", comm);
	return 0;
}

void twin_set_parent(struct machine *m, handle_t task, handle_t parent)
{
	task_reparent(m, task, parent);
}

handle_t twin_cgroup(struct machine *m, const char *path, size_t size)
{
	handle_t text = 0;

	return lab_text_set(m, &text, path, size) ? 0 : text;
}

void twin_same_limits(struct machine *m, handle_t task, handle_t other)
{
	task_share_rlimits(m, task, task_at(m, other)->rlimits);
}

static handle_t find_kthread(const struct machine *m, const char *comm)
{
	handle_t h;

	for (h = pid_next(m, 1); h; h = pid_next(m, task_at(m, h)->pid + 1))
		if (task_at(m, h)->flags & PF_KTHREAD && !strcmp(task_at(m, h)->comm, comm))
			return h;
	return 0;
}

/* The kernel thread @name of node @nid: the other machine's, or a new one. */
static int adopt_node_thread(struct machine *m, const char *name, u32 nid, handle_t *home)
{
	char comm[2 * TASK_COMM_LEN];

	snprintf(comm, sizeof(comm), "%s%u", name, nid);
	*home = find_kthread(m, comm);
	if (!*home)
		*home = kthread_create(m, comm);
	return *home ? 0 : -ENOMEM;
}

int twin_kernel_tasks(struct machine *m)
{
	handle_t h;
	u32 nid;
	int error = 0;

	m->tasks.init = find_task_by_pid(m, 1);
	if (!m->tasks.init)
		error = init_process(m);
	h = find_task_by_pid(m, 2);
	if (h && task_at(m, h)->flags & PF_KTHREAD)
		m->tasks.kthreadd = h;
	m->tasks.last_pid = 1;
	if (!error && !m->tasks.kthreadd)
		return kthreads_init(m) ? -ENOMEM : 0;
	m->wb.flusher = find_kthread(m, "writeback");
	for (nid = 0; nid < m->nr_nodes && !error; nid++) {
		if (!m->node[nid].has_memory)
			continue;
		error = adopt_node_thread(m, "kcompactd", nid, &m->node[nid].kcompactd);
		if (!error)
			error = adopt_node_thread(m, "kswapd", nid, &m->node[nid].kswapd);
	}
	return error;
}

/* ---- files ---- */

handle_t twin_file(struct machine *m, const struct twin_file *f)
{
	handle_t h = inode_new(m, f->kind, 0);
	struct inode *i;

	if (!h)
		return 0;
	i = inode_at(m, h);
	i->dev_major = f->dev_major;
	i->dev_minor = f->dev_minor;
	i->ino = f->ino;
	i->flags |= INODE_FOREIGN | (f->kind == INODE_SHMEM ? INODE_NORESERVE : 0);
	if (inode_set_name(m, i, f->name)) {
		inode_put(m, h);
		return 0;
	}
	return h;
}

void twin_file_deleted(struct machine *m, handle_t inode)
{
	inode_at(m, inode)->deleted = 1;
	inode_put(m, inode);
}

void twin_shmem_reserve(struct machine *m, handle_t inode)
{
	struct inode *i = inode_at(m, inode);
	u64 pages = PAGE_ALIGN(i->size) >> PAGE_SHIFT;

	i->flags &= (u16)~INODE_NORESERVE;
	m->mms.committed_as += (s64)pages - (s64)i->nr_shmem_charged;
	i->nr_shmem_charged = pages;
}

/* Page @index of @inode, made if it is not there; PFN_NONE: no memory. */
pfn_t twin_cache_page(struct machine *m, handle_t inode, u64 index, int nid)
{
	struct inode *i = inode_at(m, inode);
	pfn_t pfn = xa_page(m, i->pages, index);

	if (pfn)
		return pfn;
	if (i->kind == INODE_REGULAR && inode_reserve(m, inode, index, 1))
		return PFN_NONE;
	pfn = alloc_pages(m, GFP_TWIN, 0, nid);
	if (pfn == PFN_NONE)
		return PFN_NONE;
	if (add_to_page_cache(m, inode, index, pfn)) {
		free_pages(m, pfn, 0);
		return PFN_NONE;
	}
	if (i->flags & INODE_NORESERVE) {
		i->nr_shmem_charged++;
		m->mms.committed_as++;
	}
	if (i->size < (index + 1) << PAGE_SHIFT)
		i->size = (index + 1) << PAGE_SHIFT;
	return pfn;
}

u64 twin_cache_fill(struct machine *m, handle_t inode, u64 pages, u64 dirty, int nid)
{
	u64 first = inode_at(m, inode)->nrpages, n, room = twin_room(m);

	if (pages > room)
		pages = room;
	for (n = 0; n < pages; n++) {
		pfn_t pfn = twin_cache_page(m, inode, first + n, nid);

		if (pfn == PFN_NONE)
			break;
		if (n < dirty)
			page_set_dirty(m, pfn);
	}
	return n;
}

u64 twin_activate(struct machine *m, u32 nid, bool file, u64 pages)
{
	const struct pagevec_list *list =
		&m->node[nid].lruvec.lists[file ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON];
	u64 n;

	for (n = 0; n < pages && list->nr; n++) {
		pfn_t pfn = pagevec_oldest(m, list);

		activate_page(m, pfn);
		if (pagevec_oldest(m, list) == pfn)
			break;
	}
	return n;
}

/* ---- address spaces ---- */

/* One open file for the parts of a program or library that follow each other. */
static handle_t open_for(struct machine *m, handle_t mm, const struct twin_mapping *w)
{
	handle_t prev = find_vma_prev(m, mm, w->start);
	handle_t file = prev ? vma_at(m, prev)->file : 0;

	if (!file || file_at(m, file)->inode != w->inode)
		return file_open(m, w->inode);
	file_at(m, file)->users++;
	return file;
}

int twin_map(struct machine *m, handle_t mm, const struct twin_mapping *w, handle_t *vma)
{
	u64 pages = (w->end - w->start) >> PAGE_SHIFT;
	struct vma_wish wish = {
		.start = w->start,
		.end = w->end,
		.pgoff = w->pgoff,
		.flags = w->flags,
		.kind = (u8)w->kind,
	};

	if (w->start >= w->end || w->end > task_size(m) || (w->start | w->end) & ~PAGE_MASK)
		return -EINVAL;
	if (find_vma_intersection(m, mm, w->start, w->end))
		return -EEXIST;
	if (w->inode) {
		wish.file = open_for(m, mm, w);
		if (!wish.file)
			return -ENOMEM;
	}
	if (vma_insert(m, mm, &wish, vma)) {
		if (wish.file)
			file_put(m, wish.file);
		return -ENOMEM;
	}
	vm_stat_account(mm_at(m, mm), w->flags, (s64)pages);
	if (w->flags & VM_ACCOUNT)
		m->mms.committed_as += (s64)pages;
	if ((w->flags & (VM_LOCKED | VM_SPECIAL)) == VM_LOCKED)
		mm_at(m, mm)->locked_vm += pages;
	return 0;
}

/* ---- the rest of memory ---- */

void twin_set_marks(struct machine *m, u32 nid, enum zone_type type, const u64 marks[3],
		    const u64 reserve[MAX_NR_ZONES])
{
	struct zone *z = &m->node[nid].zones[type];

	memcpy(z->watermark, marks, 3 * sizeof(*marks));
	z->watermark[WMARK_PROMO] = 2 * marks[WMARK_HIGH] - marks[WMARK_LOW];
	memcpy(z->lowmem_reserve, reserve, sizeof(z->lowmem_reserve));
	calculate_totalreserve_pages(m);
}

void twin_event(struct machine *m, enum vm_event_item item, u64 n)
{
	m->vm_event_start[item] += n - m->vm_event[item];
	m->vm_event[item] = n;
}

/* Zones add up to their node: the first one that has pages keeps the count. */
void twin_numa_counter(struct machine *m, u32 nid, enum numa_stat_item item, u64 n)
{
	struct pglist_data *node = &m->node[nid];
	u32 z, first = MAX_NR_ZONES;

	for (z = MAX_NR_ZONES; z-- > 0;) {
		m->vm_numa_stat[item] -= node->zones[z].vm_numa_stat[item];
		node->zones[z].vm_numa_stat[item] = 0;
		first = node->zones[z].managed_pages ? z : first;
	}
	if (first == MAX_NR_ZONES)
		return;
	node->zones[first].vm_numa_stat[item] = (s64)n;
	m->vm_numa_stat[item] += (s64)n;
}

void twin_node_counter(struct machine *m, u32 nid, enum node_stat_item item, u64 n)
{
	mod_node_page_state(m, &m->node[nid], item, (s64)n - m->node[nid].vm_stat[item]);
}

u64 twin_room(const struct machine *m)
{
	u64 room = 0;
	u32 nid, z;

	for (nid = 0; nid < m->nr_nodes; nid++)
		for (z = 0; z < MAX_NR_ZONES; z++) {
			const struct zone *zone = &m->node[nid].zones[z];
			s64 kept = (s64)(zone->watermark[WMARK_LOW] +
					 zone->lowmem_reserve[ZONE_MOVABLE]);

			if (zone->vm_stat[NR_FREE_PAGES] > kept)
				room += (u64)(zone->vm_stat[NR_FREE_PAGES] - kept);
		}
	return room;
}

u64 twin_take_kernel_pages(struct machine *m, u64 pages, int nid)
{
	const gfp_t gfp = (GFP_KERNEL & ~__GFP_RECLAIM) | __GFP_NOWARN;
	unsigned int order = PAGE_ALLOC_COSTLY_ORDER;
	u64 taken = 0, room = twin_room(m);

	if (pages > room)
		pages = room;
	while (taken < pages) {
		while (order && (u64)1 << order > pages - taken)
			order--;
		if (alloc_pages(m, gfp, order, nid) != PFN_NONE)
			taken += (u64)1 << order;
		else if (order)
			order--;
		else
			break;
	}
	return taken;
}
