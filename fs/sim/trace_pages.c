/*
 * trace_pages.c - what mmanfs record adds to strace's lines, each behind the number of its process:
 *
 *	image START_BRK=1000 BRK=2000 ...     execve has made this address space:
 *	map 55d0-55d8 r--p 1000 /usr/bin/sort     one of its mappings
 *	load 7f1200034000 12                  12 pages from there on were read since the last call,
 *	store 7ffc12345000                    this one was written to
 *	cached 1234567 /usr/lib/libc.so.6     this file, of so many bytes, was in the page cache
 *	expect 55d0-55d8 r--p 1000 /usr/...   now the real process has this mapping, behind the one before
 *	expect end                            and no other
 *	usage rss=3180 minor=402 major=0      what the kernel has counted since execve
 */
#include "fs/sim/trace.h"

#include <errno.h>
#include <mman/twin.h>
#include <string.h>

/* A line of /proc/PID/maps without device and inode. */
struct mapping {
	u64 start, end, offset;
	u32 prot;
	bool shared;
	struct piece name;
};

static bool parse_mapping(struct piece rest, struct mapping *w)
{
	struct piece word, from;
	const char *dash;

	if (!piece_word(&rest, &word))
		return false;
	dash = memchr(word.at, '-', piece_length(word));
	from = (struct piece){ word.at, dash };
	if (!dash || !piece_hex(from, &w->start) ||
	    !piece_hex((struct piece){ dash + 1, word.end }, &w->end) ||
	    !piece_word(&rest, &word) || piece_length(word) != 4)
		return false;
	w->prot = (word.at[0] == 'r' ? VM_READ : 0) | (word.at[1] == 'w' ? VM_WRITE : 0) |
		  (word.at[2] == 'x' ? VM_EXEC : 0);
	w->shared = word.at[3] == 's';
	if (!piece_word(&rest, &word) || !piece_hex(word, &w->offset))
		return false;
	piece_strip(&rest);
	w->name = rest;
	return w->start < w->end && !((w->start | w->end | w->offset) & ~PAGE_MASK) &&
	       w->offset <= INT64_MAX - (w->end - w->start);
}

/* ---- the image ---- */

static int set_field(struct mm *mm, struct piece word, u64 limit)
{
	const struct {
		const char *key;
		u64 *to;
	} fields[] = {
		{ "start_brk=", &mm->start_brk },     { "brk=", &mm->brk },
		{ "start_code=", &mm->start_code },   { "end_code=", &mm->end_code },
		{ "start_data=", &mm->start_data },   { "end_data=", &mm->end_data },
		{ "start_stack=", &mm->start_stack }, { "arg_start=", &mm->arg_start },
		{ "arg_end=", &mm->arg_end },	      { "env_start=", &mm->env_start },
		{ "env_end=", &mm->env_end },
	};
	size_t i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!piece_starts(word, fields[i].key))
			continue;
		word.at += strlen(fields[i].key);
		if (!piece_hex(word, &value))
			return -EBADMSG;
		if (value >= limit)
			return -EINVAL;
		*fields[i].to = value;
		return 0;
	}
	return -EBADMSG;
}

static int do_image(struct trace_run *t, struct traced_process *p, struct piece rest)
{
	struct mm *mm = mm_at(t->m, task_at(t->m, t->task)->mm);
	struct mm fields = *mm;
	struct piece word;
	int error = 0;

	if (!p->executing)
		return -ESPIPE;
	while (!error && piece_word(&rest, &word))
		error = set_field(&fields, word, task_size(t->m));
	if (error)
		return error;
	if (fields.brk < fields.start_brk)
		return -EBADMSG;
	*mm = fields;
	p->executing = false;
	p->image = true;
	p->heap = true;
	return 0;
}

static enum vma_kind kind_of(struct piece name, u32 *flags)
{
	if (piece_is(name, "[heap]"))
		return VMA_HEAP;
	if (piece_is(name, "[vdso]"))
		return VMA_VDSO;
	if (piece_is(name, "[stack]")) {
		*flags |= VM_GROWSDOWN;
		return VMA_STACK;
	}
	if (piece_starts(name, "[vvar")) {
		*flags = (*flags & ~VM_MAY_ALL) | VM_MAYREAD | VM_IO | VM_DONTEXPAND | VM_DONTDUMP |
			 VM_PFNMAP;
		return VMA_VVAR;
	}
	return VMA_ANON;
}

static handle_t mapped_file(struct trace_run *t, const struct mapping *w)
{
	struct piece name = w->name;
	char path[512];
	bool known;

	if (piece_length(name) > 10 && !memcmp(name.end - 10, " (deleted)", 10))
		name.end -= 10;
	piece_copy(name, path, sizeof(path));
	return trace_file(t->m, path, w->offset + (w->end - w->start), false, &known);
}

static int do_map(struct trace_run *t, struct traced_process *p, struct piece rest)
{
	handle_t inode = 0, mmh = task_at(t->m, t->task)->mm;
	enum vma_kind kind = VMA_FILE;
	u32 flags = VM_MAY_ALL;
	struct mapping w;
	u64 pgoff;

	if (!parse_mapping(rest, &w))
		return -EBADMSG;
	if (!p->image)
		return -ESPIPE;
	if (w.end > task_size(t->m))
		return -EINVAL;
	if (mm_at(t->m, mmh)->map_count >= (u32)t->m->sysctl.max_map_count)
		return -ENOMEM;
	flags |= w.prot;
	if (w.shared)
		flags |= VM_MAYSHARE | (w.prot & VM_WRITE ? VM_SHARED : 0);
	else if (w.prot & VM_WRITE)
		flags |= VM_ACCOUNT;
	if (w.name.at < w.name.end && *w.name.at != '[') {
		inode = mapped_file(t, &w);
		if (!inode)
			return -ENOMEM;
		pgoff = w.offset >> PAGE_SHIFT;
	} else {
		kind = kind_of(w.name, &flags);
		pgoff = kind == VMA_VDSO || kind == VMA_VVAR ? 0 : w.start >> PAGE_SHIFT;
	}
	return vma_install(t->m, mmh, w.start, w.end, flags, kind, inode, pgoff);
}

/* ---- pages ---- */

static int do_touch(struct trace_run *t, struct piece rest, bool write)
{
	struct piece word;
	u64 addr, pages = 1;
	int error = 0;

	if (!piece_word(&rest, &word) || !piece_hex(word, &addr))
		return -EBADMSG;
	if (piece_word(&rest, &word) && !piece_number(word, &pages))
		return -EBADMSG;
	if (addr >= task_size(t->m) || pages > (task_size(t->m) - addr) >> PAGE_SHIFT)
		return -EINVAL;
	for (; pages && !error; pages--, addr += PAGE_SIZE) {
		if (!trace_point(t))
			return -EINTR;
		error = trace_touch(t, addr, write);
		t->account->pages++;
		t->running.user_ns += t->m->cost.memory_access;
	}
	return error;
}

static int do_cached(struct trace_run *t, struct piece rest)
{
	struct piece word;
	char path[512];
	u64 size, pages;
	bool known;
	handle_t inode;

	if (!piece_word(&rest, &word) || !piece_number(word, &size))
		return -EBADMSG;
	piece_strip(&rest);
	if (rest.at == rest.end || *rest.at != '/' || size > INT64_MAX)
		return -EBADMSG;
	piece_copy(rest, path, sizeof(path));
	inode = trace_file(t->m, path, 0, false, &known);
	if (!inode)
		return -ENOMEM;
	/* of a file that was mapped before the cache has what it has */
	if (inode_at(t->m, inode)->size)
		return 0;
	pages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	twin_cache_fill(t->m, inode, pages, 0, NUMA_NO_NODE);
	inode_at(t->m, inode)->size = size;
	return 0;
}

/* ---- comparison ---- */

static bool same_name(struct trace_run *t, const struct vma *v, struct piece name)
{
	static const char *const labels[] = {
		[VMA_HEAP] = "[heap]", [VMA_STACK] = "[stack]", [VMA_VDSO] = "[vdso]"
	};
	enum vma_kind kind = vma_kind(t->m, v);

	if (v->file) {
		const char *path = inode_path(t->m, file_at(t->m, v->file)->inode);

		return piece_starts(name, path);
	}
	if (kind == VMA_VVAR)
		return piece_starts(name, "[vvar");
	if (kind == VMA_HEAP || kind == VMA_STACK || kind == VMA_VDSO)
		return piece_is(name, labels[kind]);
	return name.at == name.end || piece_starts(name, "[anon:");
}

static bool same_mapping(struct trace_run *t, const struct vma *v, const struct mapping *w)
{
	return v->start == w->start && v->end == w->end &&
	       (v->flags & VM_ACCESS_FLAGS) == w->prot && !(v->flags & VM_MAYSHARE) == !w->shared &&
	       (!v->file || v->pgoff == w->offset >> PAGE_SHIFT) && same_name(t, v, w->name);
}

static void tell_difference(struct trace_run *t, struct traced_process *p, const struct vma *v,
			    const char *what)
{
	if (!p->differs)
		trace_remark(t, "mappings differ: %s (here %llx-%llx)", what,
			     v ? (unsigned long long)v->start : 0,
			     v ? (unsigned long long)v->end : 0);
	p->differs = true;
}

static int do_expect(struct trace_run *t, struct traced_process *p, struct piece rest)
{
	handle_t h = find_vma(t->m, task_at(t->m, t->task)->mm, p->comparing ? p->cursor : 0);
	const struct vma *v = h ? vma_at(t->m, h) : NULL;
	struct mapping w;

	piece_strip(&rest);
	if (!p->comparing)
		p->differs = false;
	if (piece_is(rest, "end")) {
		if (v)
			tell_difference(t, p, v, "one more than in the real run");
		t->account->compared++;
		t->account->equal += !p->differs;
		p->comparing = false;
		p->cursor = 0;
		return 0;
	}
	if (!parse_mapping(rest, &w))
		return -EBADMSG;
	p->comparing = true;
	if (!v || !same_mapping(t, v, &w)) {
		tell_difference(t, p, v, "not this one");
		p->cursor = w.end;
		return 0;
	}
	p->cursor = v->end;
	return 0;
}

static int do_usage(struct trace_run *t, struct traced_process *p, struct piece rest)
{
	const struct task *task = task_at(t->m, t->task);
	struct trace_usage u = { .pid = p->pid }, *to;
	u64 minor = 0;
	struct piece word;

	while (piece_word(&rest, &word)) {
		const char *equals = memchr(word.at, '=', piece_length(word));
		u64 n;

		if (!equals || !piece_number((struct piece){ equals + 1, word.end }, &n))
			return -EBADMSG;
		if (piece_starts(word, "rss="))
			u.real_rss_kb = n;
		else if (piece_starts(word, "minor="))
			minor = n;
		else if (piece_starts(word, "major="))
			u.real_major = n;
	}
	u.real_faults = minor + u.real_major;
	u.rss_kb = mm_hiwater_rss(mm_at(t->m, task->mm)) * PAGE_KB;
	u.major = task->maj_flt - p->major_base;
	u.faults = task->min_flt - p->minor_base + u.major;
	memcpy(u.comm, task->comm, sizeof(u.comm));
	if (t->s->nr_usages == TRACE_USAGES)
		return 0;
	to = &t->s->usage[t->s->nr_usages++];
	*to = u;
	return 0;
}

/* ---- one line ---- */

enum word { IMAGE, MAP, LOAD, STORE, CACHED, EXPECT, USAGE, NR_WORDS };

static const char *const words[] = { "image", "map", "load", "store", "cached", "expect", "usage" };

static int run_word(struct trace_run *t, struct traced_process *p, u32 which, struct piece rest)
{
	switch (which) {
	case IMAGE:
		return do_image(t, p, rest);
	case MAP:
		return do_map(t, p, rest);
	case LOAD:
	case STORE:
		return do_touch(t, rest, which == STORE);
	case CACHED:
		return do_cached(t, rest);
	case EXPECT:
		return do_expect(t, p, rest);
	default:
		return do_usage(t, p, rest);
	}
}

static const char *why_not(int error)
{
	switch (error) {
	case -EBADMSG:
		return "a torn line of mmanfs record's";
	case -ESPIPE:
		return "not at this place: it belongs behind execve";
	case -EACCES:
		return "the mapping does not allow it";
	case -EINVAL:
		return "outside of what a program can have";
	case -EEXIST:
		return "something is mapped there already";
	case -ENOMEM:
		return "no memory";
	default:
		return "cannot be done";
	}
}

bool trace_pages(struct trace_run *t, struct traced_process *p, struct piece word,
		 struct piece rest, struct piece line)
{
	u32 which = 0;
	int error;

	while (which < NR_WORDS && !piece_is(word, words[which]))
		which++;
	if (which == NR_WORDS)
		return false;
	if (!trace_enter(t, p) || (which != IMAGE && which != CACHED && !trace_own_space(t, p))) {
		if (!t->stop)
			trace_refuse(t, line, "its process has ended");
		return true;
	}
	error = run_word(t, p, which, rest);
	if (!error)
		t->account->taken++;
	else if (!trace_broken(t, error))
		trace_refuse(t, line, "%s", why_not(error));
	else if (!t->stop)
		trace_refuse(t, line, "its process has ended in the middle of it");
	return true;
}
