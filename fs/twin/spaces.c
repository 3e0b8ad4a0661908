/*
 * spaces.c - address spaces, from smaps.
 *
 *	555ba8618000-555ba861d000 r-xp 00002000 fe:00 247134      /usr/bin/cat
 *	Rss:                  20 kB      resident pages: the mapping's own (Anonymous) and its file's
 *	...
 *	VmFlags: rd ex mr mw me
 *
 * A paragraph becomes one mapping, whatever its neighbours are. smaps says how many pages are resident,
 * not which: they are put at the start, of a stack at its top, where programs touch first.
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KB_PAGES   (PAGE_SIZE >> 10)
#define VM_MAY_ALL (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)

struct paragraph {
	u64 start, end, offset, dev, ino;
	char perms[5];
	struct slice name;
	u64 rss, anonymous, shared_clean, shared_dirty, private_dirty; /* kB */
	u64 referenced, swap, hugetlb, thp;
	struct slice vm_flags;
	bool has_flags;
};

/* ---- the text ---- */

static bool parse_range(struct slice word, u64 *start, u64 *end)
{
	struct slice from = slice_cut(&word, '-');

	return slice_number(from, 16, start) && slice_number(word, 16, end);
}

static bool parse_heading(struct slice line, struct paragraph *p)
{
	struct slice word, major;
	u64 high, low;

	memset(p, 0, sizeof(*p));
	if (!slice_word(&line, &word) || !parse_range(word, &p->start, &p->end) ||
	    !slice_word(&line, &word) || word.size != 4)
		return false;
	slice_copy(word, p->perms, sizeof(p->perms));
	if (!slice_word(&line, &word) || !slice_number(word, 16, &p->offset) ||
	    !slice_word(&line, &word))
		return false;
	major = slice_cut(&word, ':');
	if (!slice_number(major, 16, &high) || !slice_number(word, 16, &low) ||
	    !slice_word(&line, &word) || !slice_number(word, 10, &p->ino))
		return false;
	p->dev = high << 32 | (u32)low;
	while (line.size && *line.at == ' ')
		line = (struct slice){ line.at + 1, line.size - 1 };
	p->name = line;
	return true;
}

static void parse_field(struct slice line, struct paragraph *p)
{
	const struct {
		const char *key;
		u64 *to;
	} fields[] = {
		{ "Rss:", &p->rss },
		{ "Anonymous:", &p->anonymous },
		{ "Shared_Clean:", &p->shared_clean },
		{ "Shared_Dirty:", &p->shared_dirty },
		{ "Private_Dirty:", &p->private_dirty },
		{ "Referenced:", &p->referenced },
		{ "Swap:", &p->swap },
		{ "Shared_Hugetlb:", &p->hugetlb },
		{ "Private_Hugetlb:", &p->hugetlb },
		{ "AnonHugePages:", &p->thp },
	};
	struct slice key, value;
	size_t i;
	u64 n;

	if (!slice_word(&line, &key))
		return;
	if (slice_is(key, "VmFlags:")) {
		p->vm_flags = line;
		p->has_flags = true;
		return;
	}
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (slice_is(key, fields[i].key) && slice_word(&line, &value) &&
		    slice_number(value, 10, &n))
			*fields[i].to += n;
}

/* The next paragraph; false at the end. What is no heading where one should be is skipped. */
static bool next_paragraph(struct slice *rest, struct paragraph *p)
{
	struct slice line, before;

	do {
		if (!slice_line(rest, &line))
			return false;
	} while (!parse_heading(line, p));
	for (before = *rest; slice_line(rest, &line); before = *rest) {
		if (line.size && *line.at >= 'A' && *line.at <= 'Z') {
			parse_field(line, p);
			continue;
		}
		*rest = before;
		break;
	}
	return true;
}

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

/* Names in brackets are the kernel's own, but for shared memory that was given a name. */
static bool has_file(const struct paragraph *p)
{
	return p->name.size && (*p->name.at != '[' || slice_starts(p->name, "[anon_shmem:"));
}

/* ---- one address space ---- */

void twin_place(struct twin *t, handle_t vma, const struct twin_pages *want, u64 *missing)
{
	u64 placed = want->anon + want->file ? twin_populate(t->m, vma, want) : 0;

	*missing += want->anon + want->file - placed;
}

/* Which pages: of a private mapping's own, those that it shares are its parent's, as far as that has
 * them; a file's shared pages are clean, as a rule. */
static struct twin_pages resident_pages(const struct machine *m, const struct paragraph *p,
					handle_t task, u32 flags)
{
	handle_t parent = task_at(m, task)->parent;
	u64 anonymous = p->anonymous < p->rss ? p->anonymous : p->rss;
	u64 shared = p->shared_dirty + (has_file(p) ? 0 : p->shared_clean);
	struct twin_pages pages = {
		.anon = anonymous / KB_PAGES,
		.file = (p->rss - anonymous) / KB_PAGES,
		.referenced = p->referenced / KB_PAGES,
		.shared = (shared < anonymous ? shared : anonymous) / KB_PAGES,
		.from = parent ? task_at(m, parent)->mm : 0,
	};

	if (flags & VM_MAYSHARE)
		pages.dirty = (p->shared_dirty + p->private_dirty) / KB_PAGES;
	return pages;
}

static int add_mapping(struct twin *t, handle_t task, const struct paragraph *p, u64 *missing)
{
	struct machine *m = t->m;
	struct twin_mapping w = { .start = p->start, .end = p->end, .flags = mapping_flags(t, p) };
	struct twin_pages pages = resident_pages(m, p, task, w.flags);
	handle_t vma;
	int error;

	if (has_file(p)) {
		w.inode = twin_inode_of(t, p->dev, p->ino, p->name, w.flags);
		if (!w.inode)
			return -ENOMEM;
		w.kind = kind_of_inode(m, w.inode, w.flags);
		w.pgoff = p->offset >> PAGE_SHIFT;
		if (inode_at(m, w.inode)->size < p->offset + (p->end - p->start))
			inode_at(m, w.inode)->size = p->offset + (p->end - p->start);
	} else {
		w.kind = kind_of_name(p->name);
		w.pgoff = w.kind == VMA_VDSO || w.kind == VMA_VVAR ? 0 : p->start >> PAGE_SHIFT;
	}
	error = twin_map(m, task_at(m, task)->mm, &w, &vma);
	if (error == -ENOMEM)
		return error;
	if (error) {
		t->nr_bad_mappings++;
		return 0;
	}
	twin_place(t, vma, &pages, missing);
	return 0;
}

static int add_mappings(struct twin *t, handle_t task, struct slice smaps, u64 *missing)
{
	struct mm *mm = mm_at(t->m, task_at(t->m, task)->mm);
	struct paragraph p;
	int error = 0;

	while (!error && next_paragraph(&smaps, &p)) {
		/* one page for all processes, in none of their address spaces */
		if (slice_is(p.name, "[vsyscall]"))
			continue;
		if (slice_is(p.name, "[heap]") && p.end > mm->brk)
			mm->brk = p.end;
		t->swap_kb += p.swap;
		t->hugetlb_kb += p.hugetlb;
		t->thp_kb += p.thp;
		error = add_mapping(t, task, &p, missing);
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
	mm->hiwater_vm = slice_value(status, "VmPeak:", 0) / KB_PAGES;
	mm->hiwater_rss = slice_value(status, "VmHWM:", 0) / KB_PAGES;
}

static int add_space(struct twin *t, const struct capture_process *p, handle_t task)
{
	struct machine *m = t->m;
	struct slice smaps, status, text;
	struct twin_stat s;
	u64 missing = 0;
	handle_t mmh, thread;
	bool read = capture_of_process(&t->c, p, "smaps", &smaps);
	int error;

	capture_of_process(&t->c, p, "status", &status);
	capture_of_process(&t->c, p, "stat", &text);
	if (!twin_parse_stat(text, &s) || !slice_text(status, "VmSize:").size) {
		task_set_state(m, task, TASK_ZOMBIE);
		return 0;
	}
	error = mm_create(m, &mmh);
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
	set_layout(mm_at(m, mmh), &s);
	if (read)
		error = add_mappings(t, task, smaps, &missing);
	else
		error = twin_unread_space(t, mmh, status, &missing);
	set_peaks(mm_at(m, mmh), status);
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

/* The process in the capture that @pid's parent is; its index + 1, 0 if there is none. */
static size_t parent_index(const struct twin *t, size_t i)
{
	handle_t task = find_task_by_pid(t->m, t->c.processes[i].pid);
	u32 ppid = task ? task_at(t->m, task)->ppid : 0;
	size_t low = 0, high = t->c.nr_processes;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->c.processes[mid].pid == ppid)
			return mid + 1;
		if (t->c.processes[mid].pid < ppid)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

static int add_space_of(struct twin *t, size_t i)
{
	handle_t task = find_task_by_pid(t->m, t->c.processes[i].pid);

	/* a number that a thread of another process has taken is nobody's of ours */
	if (!task || task_at(t->m, task)->flags & PF_KTHREAD ||
	    task_at(t->m, task)->leader != task || task_at(t->m, task)->mm)
		return 0;
	return add_space(t, &t->c.processes[i], task);
}

/* Parents go before their children, who share pages with them: @chain is room for the way up. */
static int add_family(struct twin *t, size_t i, bool *done, size_t *chain)
{
	size_t n = 0, up;
	int error = 0;

	for (up = i + 1; up && !done[up - 1]; up = parent_index(t, up - 1)) {
		chain[n++] = up - 1;
		done[up - 1] = true;
	}
	while (n && !error)
		error = add_space_of(t, chain[--n]);
	return error;
}

int twin_spaces(struct twin *t)
{
	size_t nr = t->c.nr_processes, i;
	bool *done = calloc(nr + 1, sizeof(*done));
	size_t *chain = calloc(nr + 1, sizeof(*chain));
	u32 cpu = t->m->cpu;
	int error = done && chain ? 0 : -ENOMEM;

	t->soft_dirty = has_soft_dirty(&t->c);
	for (i = 0; i < nr && !error; i++)
		error = done[i] ? 0 : add_family(t, i, done, chain);
	t->m->cpu = cpu;
	free(done);
	free(chain);
	return error;
}
