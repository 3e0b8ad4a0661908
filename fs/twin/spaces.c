/*
 * spaces.c - address spaces, from smaps: a paragraph becomes one mapping, whatever its neighbours
 * are. Which of its pages are resident: layout.c; where they come from: sharing.c.
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- what kind of mapping ---- */

static const struct {
	char letters[3];
	u32 flag;
} flag_names[] = {
	{ "rd", VM_READ },	 { "wr", VM_WRITE },	   { "ex", VM_EXEC },
	{ "sh", VM_SHARED },	 { "mr", VM_MAYREAD },	   { "mw", VM_MAYWRITE },
	{ "me", VM_MAYEXEC },	 { "ms", VM_MAYSHARE },	   { "gd", VM_GROWSDOWN },
	{ "pf", VM_PFNMAP },	 { "lo", VM_LOCKED },	   { "io", VM_IO },
	{ "sr", VM_SEQ_READ },	 { "rr", VM_RAND_READ },   { "dc", VM_DONTCOPY },
	{ "de", VM_DONTEXPAND }, { "lf", VM_LOCKONFAULT }, { "ac", VM_ACCOUNT },
	{ "nr", VM_NORESERVE },	 { "ht", VM_HUGETLB },	   { "wf", VM_WIPEONFORK },
	{ "dd", VM_DONTDUMP },	 { "sd", VM_SOFTDIRTY },   { "mm", VM_MIXEDMAP },
	{ "hg", VM_HUGEPAGE },	 { "nh", VM_NOHUGEPAGE },  { "mg", VM_MERGEABLE },
};

/* From the permissions, where a kernel has no VmFlags. */
static u32 flags_of_perms(const struct paragraph *p)
{
	bool shared = p->perms[3] == 's';
	u32 flags = VM_MAY_ALL;

	flags |= p->perms[0] == 'r' ? VM_READ : 0;
	flags |= p->perms[1] == 'w' ? VM_WRITE : 0;
	flags |= p->perms[2] == 'x' ? VM_EXEC : 0;
	if (shared)
		flags |= VM_MAYSHARE | (flags & VM_WRITE ? VM_SHARED : 0);
	if (!shared && flags & VM_WRITE)
		flags |= VM_ACCOUNT;
	return flags | (slice_is(p->name, "[stack]") ? VM_GROWSDOWN : 0);
}

static u32 mapping_flags(const struct twin *t, const struct paragraph *p)
{
	struct slice rest = p->vm_flags, word;
	u32 flags = 0;
	size_t i;

	if (!p->has_flags)
		flags = flags_of_perms(p);
	while (slice_word(&rest, &word))
		for (i = 0; i < ARRAY_SIZE(flag_names); i++)
			if (slice_is(word, flag_names[i].letters))
				flags |= flag_names[i].flag;
	/* a mapping is born soft-dirty, where there is such a thing */
	if (!t->soft_dirty && !(flags & VM_GROWSDOWN))
		flags |= VM_SOFTDIRTY;
	return flags;
}

/* The kind of a mapping that no file is behind. */
static enum vma_kind kind_of_name(struct slice name)
{
	if (slice_is(name, "[heap]"))
		return VMA_HEAP;
	if (slice_is(name, "[stack]"))
		return VMA_STACK;
	if (slice_is(name, "[vdso]"))
		return VMA_VDSO;
	return slice_starts(name, "[vvar") ? VMA_VVAR : VMA_ANON;
}

static enum vma_kind kind_of_inode(const struct machine *m, handle_t inode, u32 flags)
{
	switch (inode_at(m, inode)->kind) {
	case INODE_SHMEM:
		return VMA_SHMEM;
	case INODE_HUGETLB:
		return VMA_HUGETLB;
	default:
		return flags & (VM_IO | VM_PFNMAP) ? VMA_DEVICE : VMA_FILE;
	}
}

/* ---- one address space ---- */

/* What smaps says of a mapping, in pages. */
static struct wanted wanted_of(const struct paragraph *p, const struct twin_mapping *w,
			       struct slice line)
{
	u64 rss = p->rss / PAGE_KB, shared = (p->shared_clean + p->shared_dirty) / PAGE_KB;
	struct wanted want = { .pages = (w->end - w->start) / PAGE_SIZE,
			       .from_top = w->flags & VM_GROWSDOWN,
			       .keep_swap = w->kind != VMA_SHMEM };

	want.anon = p->anonymous / PAGE_KB < rss ? p->anonymous / PAGE_KB : rss;
	want.file = rss - want.anon;
	if (want.keep_swap)
		want.swap = p->swap / PAGE_KB;
	/* copies of its own of shared memory's pages, beside those that are in swap there */
	if (!want.keep_swap && !(w->flags & VM_SHARED)) {
		want.keep_swap = true;
		want.swap = line.size ? layout_swapped(line) : p->swap_pss / PAGE_KB;
		if (want.swap + want.pages < p->swap / PAGE_KB)
			want.swap = p->swap / PAGE_KB - want.pages;
		want.swap = want.swap < p->swap / PAGE_KB ? want.swap : p->swap / PAGE_KB;
	}
	/* without page tables nobody tells whose the shared ones are: a file's are clean, as a
	 * rule */
	want.shared_anon = (p->shared_dirty + (smaps_has_file(p) ? 0 : p->shared_clean)) / PAGE_KB;
	want.shared_anon = want.shared_anon < want.anon ? want.shared_anon : want.anon;
	want.shared_file = shared - (want.shared_anon < shared ? want.shared_anon : shared);
	want.shared_file = want.shared_file < want.file ? want.shared_file : want.file;
	return want;
}

/* For later: what it was like there. */
static int remember(struct twin *t, const struct twin_space *space, handle_t vma,
		    const struct paragraph *p, const struct twin_mapping *w, struct slice line)
{
	struct twin_seen *s;

	if (t->nr_seen == t->max_seen) {
		size_t max = t->max_seen ? 2 * t->max_seen : 1024;
		struct twin_seen *grown = realloc(t->seen, max * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->seen = grown;
		t->max_seen = max;
	}
	s = &t->seen[t->nr_seen++];
	*s = (struct twin_seen){ .vma = vma,
				 .process = space->process,
				 .family = space->family,
				 .want = wanted_of(p, w, line),
				 .line = line,
				 .pgoff = w->pgoff,
				 .young = p->referenced / PAGE_KB,
				 .dirty_own = p->private_dirty / PAGE_KB,
				 .dirty_shared = p->shared_dirty / PAGE_KB,
				 .lazyfree = p->lazyfree / PAGE_KB,
				 .dirty_told = p->private_dirty || p->private_clean ||
					       p->shared_dirty || p->shared_clean,
				 .kb = { [TWIN_RSS] = p->rss,
					 [TWIN_PSS] = p->pss,
					 [TWIN_SWAP] = p->swap,
					 [TWIN_SHARED] = p->shared_clean + p->shared_dirty,
					 [TWIN_PRIVATE] = p->private_clean + p->private_dirty } };
	s->swap_shared = p->has_swap_pss && p->swap_pss < s->want.swap * PAGE_KB;
	return 0;
}

static int map_paragraph(struct twin *t, handle_t task, const struct paragraph *p,
			 struct twin_mapping *w, handle_t *vma)
{
	struct machine *m = t->m;

	*w = (struct twin_mapping){ .start = p->start,
				    .end = p->end,
				    .flags = mapping_flags(t, p) };
	if (smaps_has_file(p)) {
		w->inode = twin_inode_of(t, p->dev, p->ino, p->name, w->flags);
		if (!w->inode)
			return -ENOMEM;
		w->kind = kind_of_inode(m, w->inode, w->flags);
		w->pgoff = p->offset >> PAGE_SHIFT;
		if (inode_at(m, w->inode)->size < p->offset + (p->end - p->start))
			inode_at(m, w->inode)->size = p->offset + (p->end - p->start);
	} else {
		w->kind = kind_of_name(p->name);
		w->pgoff = w->kind == VMA_VDSO || w->kind == VMA_VVAR ? 0 : p->start >> PAGE_SHIFT;
	}
	return twin_map(m, task_at(m, task)->mm, w, vma);
}

static int add_mapping(struct twin *t, const struct twin_space *space, const struct paragraph *p,
		       struct slice line)
{
	struct twin_mapping w;
	handle_t vma;
	int error = map_paragraph(t, space->task, p, &w, &vma);

	if (error == -ENOMEM)
		return error;
	if (!error)
		return remember(t, space, vma, p, &w, line);
	t->nr_bad_mappings++;
	return 0;
}

static int add_mappings(struct twin *t, const struct twin_space *space, struct slice smaps,
			struct slice pages)
{
	struct mm *mm = mm_at(t->m, task_at(t->m, space->task)->mm);
	struct paragraph p;
	int error = 0;

	while (!error && smaps_next(&smaps, &p)) {
		/* one page for all processes, in none of their address spaces */
		if (slice_is(p.name, "[vsyscall]"))
			continue;
		if (slice_is(p.name, "[heap]") && p.end > mm->brk)
			mm->brk = p.end;
		mm->hugetlb_usage += p.hugetlb / PAGE_KB;
		t->huge_kb += p.hugetlb;
		t->thp_kb += p.thp;
		t->ksm_kb += p.ksm;
		t->has_pss |= p.has_pss;
		error = add_mapping(t, space, &p, layout_line(&pages, p.start));
	}
	return error;
}

/* Where the parts of the program lie; zeros where only its owner may know. */
static void set_layout(struct mm *mm, const struct twin_stat *s)
{
	mm->start_code = s->field[STAT_STARTCODE];
	mm->end_code = s->field[STAT_ENDCODE];
	mm->start_data = s->field[STAT_START_DATA];
	mm->end_data = s->field[STAT_END_DATA];
	mm->start_brk = mm->brk = s->field[STAT_START_BRK];
	mm->start_stack = s->field[STAT_STARTSTACK];
	mm->arg_start = s->field[STAT_ARG_START];
	mm->arg_end = s->field[STAT_ARG_END];
	mm->env_start = s->field[STAT_ENV_START];
	mm->env_end = s->field[STAT_ENV_END];
}

/* The file that PID/exe leads to is among those that the process maps. */
static void find_exe(struct twin *t, const struct capture_process *p, handle_t task)
{
	struct machine *m = t->m;
	struct slice exe;
	handle_t h;

	if (!capture_of_process(&t->c, p, "exe", &exe))
		return;
	for (h = mm_at(m, task_at(m, task)->mm)->vma_first; h; h = vma_at(m, h)->next) {
		handle_t inode = vma_at(m, h)->file ? file_at(m, vma_at(m, h)->file)->inode : 0;
		struct slice rest;
		size_t n = inode ? strlen(inode_path(m, inode)) : 0;

		if (!n || !slice_starts(exe, inode_path(m, inode)))
			continue;
		rest = (struct slice){ exe.at + n, exe.size - n };
		if (rest.size && !slice_is(rest, " (deleted)"))
			continue;
		task_at(m, task)->exe = inode;
		twin_file_is_exe(t, inode);
		return;
	}
}

static void set_peaks(struct mm *mm, struct slice status)
{
	mm->hiwater_vm = slice_value(status, "VmPeak:", 0) / PAGE_KB;
	mm->hiwater_rss = slice_value(status, "VmHWM:", 0) / PAGE_KB;
}

/* Who was made by fork(2) and has not called execve(2) since has its parent's layout, which is
 * random else. */
static u64 family_of(const struct twin_stat *s)
{
	static const u8 fields[] = { STAT_STARTCODE, STAT_ENDCODE, STAT_STARTSTACK,
				     STAT_START_DATA };
	u64 hash = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		hash = (hash ^ s->field[fields[i]]) * 0x9e3779b97f4a7c15ull;
	return hash;
}

static int make_mm(struct twin *t, handle_t task, const struct twin_stat *s)
{
	struct machine *m = t->m;
	handle_t mmh, thread;
	int error = mm_create(m, &mmh);

	if (error)
		return error;
	mm_at(m, mmh)->owner = task;
	/* all threads are there already */
	for (thread = task; thread; thread = task_at(m, thread)->next_thread)
		task_at(m, thread)->mm = mmh;
	for (thread = task_at(m, task)->next_thread; thread;
	     thread = task_at(m, thread)->next_thread)
		mm_at(m, mmh)->users++;
	m->cpu = task_at(m, task)->cpu;
	set_layout(mm_at(m, mmh), s);
	return 0;
}

static int add_space(struct twin *t, size_t process, handle_t task)
{
	const struct capture_process *p = &t->c.processes[process];
	struct twin_space space = { .task = task, .process = process };
	struct slice smaps, pages, status, text;
	struct twin_stat s;
	u64 missing = 0;
	bool read = capture_of_process(&t->c, p, "smaps", &smaps);
	int error;

	capture_of_process(&t->c, p, "status", &status);
	capture_of_process(&t->c, p, "stat", &text);
	t->has_pages |= capture_of_process(&t->c, p, "pages", &pages) && pages.size;
	if (!twin_parse_stat(text, &s) || !slice_text(status, "VmSize:").size) {
		task_set_state(t->m, task, TASK_ZOMBIE);
		return 0;
	}
	error = make_mm(t, task, &s);
	if (error)
		return error;
	space.family = family_of(&s);
	if (read)
		error = add_mappings(t, &space, smaps, pages);
	else
		error = twin_unread_space(t, process, task_at(t->m, task)->mm, status, &missing);
	set_peaks(mm_at(t->m, task_at(t->m, task)->mm), status);
	find_exe(t, p, task);
	t->nr_unread += !read;
	t->nr_short += missing != 0;
	t->pages_short += missing;
	return error;
}

/* Does the other kernel keep soft-dirty bits? */
static bool has_soft_dirty(const struct capture *c)
{
	struct slice smaps;
	size_t i;

	for (i = 0; i < c->nr_processes; i++)
		if (capture_of_process(c, &c->processes[i], "smaps", &smaps) &&
		    memmem(smaps.at, smaps.size, " sd ", 4))
			return true;
	return false;
}

static int add_space_of(struct twin *t, size_t i, bool read)
{
	handle_t task = find_task_by_pid(t->m, t->c.processes[i].pid);
	struct slice smaps;

	if (capture_of_process(&t->c, &t->c.processes[i], "smaps", &smaps) != read)
		return 0;

	/* a number that a thread of another process has taken is nobody's of ours */
	if (!task || task_at(t->m, task)->flags & PF_KTHREAD ||
	    task_at(t->m, task)->leader != task || task_at(t->m, task)->mm)
		return 0;
	return add_space(t, i, task);
}

/* The resident and swapped pages of every mapping, in the order of the capture. */
static int place_all(struct twin *t)
{
	struct machine *m = t->m;
	size_t i, last = SIZE_MAX;
	int error = 0;

	for (i = 0; i < t->nr_seen && !error; i++) {
		struct twin_seen *s = &t->seen[i];
		u64 missing = 0;

		if (!s->kb[TWIN_RSS] && !s->kb[TWIN_SWAP])
			continue;
		m->cpu = task_at(m, mm_at(m, vma_at(m, s->vma)->mm)->owner)->cpu;
		if (t->plans)
			layout_take(&t->layout, &t->plans[i], &s->want);
		else
			layout_read(&t->layout, s->line, &s->want);
		error = t->layout.failed ? -ENOMEM : twin_place(t, s, &missing);
		t->pages_short += missing;
		if (missing && s->process != last) {
			t->nr_short++;
			last = s->process;
		}
	}
	return error;
}

int twin_spaces(struct twin *t)
{
	u32 cpu = t->m->cpu;
	struct slice meminfo;
	size_t i;
	int error = 0;

	t->soft_dirty = has_soft_dirty(&t->c);
	if (capture_find(&t->c, &meminfo, "/proc/meminfo"))
		t->dirty_left = slice_value(meminfo, "Dirty:", UINT64_MAX) / PAGE_KB;
	for (i = 0; i < t->c.nr_processes && !error; i++)
		error = add_space_of(t, i, true);
	if (!error)
		error = twin_plan(t);
	if (!error)
		error = twin_count_sharers(t);
	if (!error)
		error = place_all(t);
	if (!error)
		error = twin_kin_init(t);
	for (i = 0; i < t->c.nr_processes && !error; i++)
		error = add_space_of(t, i, false);
	if (!error)
		twin_shmem_in_swap(t);
	t->m->cpu = cpu;
	return error;
}
