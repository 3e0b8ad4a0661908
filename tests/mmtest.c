/* A simulated process without a tree (mmtest.h). */
#include "tests/mmtest.h"
#include "tests/sound.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/machine_file.h"
#include "tests/tap.h"

static void open_machine(struct mmtest *t, const char *text, u64 ram_mib)
{
	struct machine_config *c = malloc(sizeof(*c));
	char why[256];

	memset(t, 0, sizeof(*t));
	if (!c)
		bail_out("out of memory");
	machine_config_init(c);
	c->ram = ram_mib << 20;
	if (text && machine_file_parse(c, text, "test", why, sizeof(why)))
		bail_out("%s", why);
	t->m = machine_create(c, why, sizeof(why));
	free(c);
	if (!t->m)
		bail_out("cannot boot: %s", why);
	if (task_spawn(t->m, "test", &t->task))
		bail_out("cannot make a process");
	task_run_begin(t->m, &t->r, t->task);
}

void mmtest_open(struct mmtest *t, u64 ram_mib)
{
	open_machine(t, NULL, ram_mib);
}

void mmtest_open_on(struct mmtest *t, const char *machine)
{
	open_machine(t, machine, 0);
}

void mmtest_close(struct mmtest *t)
{
	is_sound(t->m, "before the process ends");
	if (task_run_end(t->m, &t->r))
		do_exit(t->m, t->task, 0);
	is_sound(t->m, "after the process has ended");
	machine_destroy(t->m);
}

void as_task(struct mmtest *t, handle_t task)
{
	task_run_end(t->m, &t->r);
	t->task = task;
	task_run_begin(t->m, &t->r, task);
}

u32 prot_bits(const char *prot)
{
	return (strchr(prot, 'r') ? VM_READ : 0) | (strchr(prot, 'w') ? VM_WRITE : 0) |
	       (strchr(prot, 'x') ? VM_EXEC : 0);
}

u64 map_file(struct mmtest *t, u64 addr, u64 pages, const char *prot, u32 flags, handle_t inode,
	     u64 offset)
{
	struct mmap_request rq = {
		.addr = addr,
		.length = pages * PAGE_SIZE,
		.prot = prot_bits(prot),
		.map = flags,
		.inode = inode,
		.offset = offset * PAGE_SIZE,
	};
	u64 at = 0;
	int error = do_mmap(t->m, t->task, &rq, &at);

	return error ? (u64)(s64)error : at;
}

u64 map(struct mmtest *t, u64 addr, u64 pages, const char *prot, u32 flags)
{
	return map_file(t, addr, pages, prot, flags, 0, 0);
}

int unmap(struct mmtest *t, u64 addr, u64 pages)
{
	return do_munmap(t->m, t->task, addr, pages * PAGE_SIZE);
}

int protect(struct mmtest *t, u64 addr, u64 pages, const char *prot)
{
	return do_mprotect(t->m, t->task, addr, pages * PAGE_SIZE, prot_bits(prot));
}

int advise(struct mmtest *t, u64 addr, u64 pages, const char *advice)
{
	return do_madvise(t->m, t->task, addr, pages * PAGE_SIZE, advice);
}

static int touch(struct mmtest *t, u64 addr, u64 pages, bool write)
{
	u64 done;

	return mm_access_range(t->m, t->task, addr, pages * PAGE_SIZE, write, &done);
}

int load(struct mmtest *t, u64 addr, u64 pages)
{
	return touch(t, addr, pages, false);
}

int store(struct mmtest *t, u64 addr, u64 pages)
{
	return touch(t, addr, pages, true);
}

const char *maps(struct mmtest *t, u64 start, u64 end)
{
	char *out = t->text, *limit = t->text + sizeof(t->text);
	handle_t h;

	*out = '\0';
	for (h = find_vma(t->m, mm_of(t), start); h; h = vma_at(t->m, h)->next) {
		const struct vma *v = vma_at(t->m, h);

		if (v->start >= end)
			break;
		out += snprintf(out, (size_t)(limit - out), "%s%llx-%llx %c%c%c%c",
				out > t->text ? "\n" : "", (unsigned long long)v->start,
				(unsigned long long)v->end, v->flags & VM_READ ? 'r' : '-',
				v->flags & VM_WRITE ? 'w' : '-', v->flags & VM_EXEC ? 'x' : '-',
				v->flags & VM_MAYSHARE ? 's' : 'p');
		if (v->file)
			out += snprintf(out, (size_t)(limit - out), " %llu %s",
					(unsigned long long)v->pgoff,
					inode_path(t->m, file_at(t->m, v->file)->inode));
	}
	return t->text;
}

void mark(struct mmtest *t, struct mark *at)
{
	const struct machine *m = t->m;
	const s64 *n = m->vm_node_stat;

	*at = (struct mark){
		.anon = n[NR_ANON_PAGES],
		.file = n[NR_FILE_PAGES],
		.shmem = n[NR_SHMEM],
		.mapped = n[NR_MAPPED],
		.dirty = n[NR_DIRTY],
		.dirtied = n[NR_DIRTIED],
		.written = n[NR_WRITTEN],
		.mlocked = m->vm_zone_stat[NR_MLOCK],
		.unevictable = n[NR_UNEVICTABLE],
		.inactive_anon = n[NR_INACTIVE_ANON],
		.inactive_file = n[NR_INACTIVE_FILE],
		.active_file = n[NR_ACTIVE_FILE],
		.tables = n[NR_PAGE_TABLE_PAGES],
		.committed = m->mms.committed_as,
		.free = m->vm_zone_stat[NR_FREE_PAGES],
		.pgfault = m->vm_event[PGFAULT],
		.pgmajfault = m->vm_event[PGMAJFAULT],
		.pgreuse = m->vm_event[PGREUSE],
		.pgpgin = m->vm_event[PGPGIN],
		.min_flt = task_at(t->m, t->task)->min_flt,
		.maj_flt = task_at(t->m, t->task)->maj_flt,
	};
}

struct mark since(struct mmtest *t, const struct mark *at)
{
	struct mark now;

	mark(t, &now);
	return (struct mark){
		.anon = now.anon - at->anon,
		.file = now.file - at->file,
		.shmem = now.shmem - at->shmem,
		.mapped = now.mapped - at->mapped,
		.dirty = now.dirty - at->dirty,
		.dirtied = now.dirtied - at->dirtied,
		.written = now.written - at->written,
		.mlocked = now.mlocked - at->mlocked,
		.unevictable = now.unevictable - at->unevictable,
		.inactive_anon = now.inactive_anon - at->inactive_anon,
		.inactive_file = now.inactive_file - at->inactive_file,
		.active_file = now.active_file - at->active_file,
		.tables = now.tables - at->tables,
		.committed = now.committed - at->committed,
		.free = now.free - at->free,
		.pgfault = now.pgfault - at->pgfault,
		.pgmajfault = now.pgmajfault - at->pgmajfault,
		.pgreuse = now.pgreuse - at->pgreuse,
		.pgpgin = now.pgpgin - at->pgpgin,
		.min_flt = now.min_flt - at->min_flt,
		.maj_flt = now.maj_flt - at->maj_flt,
	};
}
