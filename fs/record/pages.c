/*
 * pages.c - which pages of a process are resident, from its pagemap
 * (Documentation/admin-guide/mm/pagemap.rst), and what it must have done since they were last
 * looked at.
 *
 *	nothing -> a file's page, or the zero page   a load
 *	anything else -> an anonymous page           a store
 *	an anonymous page -> another one             a store: a copy was made after a fork
 *
 * Frame numbers are shown to root alone. Without them one that is neither a file's nor exclusive is
 * the zero page, unless it was the program's own before. Who is the last to have a page that a fork
 * made shared takes it over when he writes to it: that leaves no trace but the number of faults.
 */
#include "fs/record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/pagemap.h"

#define ENTRIES 8192u
/* Who reserves more than that touches little of it, and to look at all of it takes seconds. */
#define MAPPING_BYTES_MAX (64ull << 30)

static int add_page(struct page_map *p, const struct page_state *s)
{
	if (p->nr == p->room) {
		size_t room = p->room ? 2 * p->room : 1024;
		struct page_state *at = realloc(p->at, room * sizeof(*at));

		if (!at)
			return -ENOMEM;
		p->at = at;
		p->room = room;
	}
	p->at[p->nr++] = *s;
	return 0;
}

static struct page_state state_of(u64 entry, u64 vpn, const struct host_mapping *w, u64 zero)
{
	struct page_state s = { .vpn = vpn,
				.exclusive = entry & PM_EXCLUSIVE,
				.writable = w->perms[1] == 'w' };

	if (entry & PM_SWAP) {
		s.kind = PAGE_OWN;
		return s;
	}
	s.pfn = entry & PM_FRAME;
	if (entry & PM_FILE)
		s.kind = PAGE_FILE;
	else if (s.pfn && zero)
		s.kind = s.pfn == zero ? PAGE_ZERO : PAGE_OWN;
	else
		s.kind = s.exclusive ? PAGE_OWN : PAGE_ZERO;
	s.store = w->perms[3] == 's' && w->perms[1] == 'w';
	return s;
}

static int read_mapping(int fd, const struct host_mapping *w, u64 zero, struct page_map *p)
{
	u64 entry[ENTRIES], vpn = w->start / PAGE_SIZE, end = w->end / PAGE_SIZE, i;
	int error = 0;

	while (vpn < end && !error) {
		u64 n = end - vpn < ENTRIES ? end - vpn : ENTRIES;
		ssize_t got = pread(fd, entry, n * sizeof(*entry), (off_t)(vpn * sizeof(*entry)));

		if (got <= 0)
			return 0;
		n = (u64)got / sizeof(*entry);
		for (i = 0; i < n && !error; i++)
			if (entry[i] & (PM_PRESENT | PM_SWAP)) {
				struct page_state s = state_of(entry[i], vpn + i, w, zero);

				error = add_page(p, &s);
			}
		vpn += n;
	}
	return error;
}

/* Special mappings have pages that nobody faults in, or that are no pages. */
static bool has_pages(const struct host_mapping *w)
{
	return w->end - w->start <= MAPPING_BYTES_MAX && strncmp(w->name, "[v", 2) != 0 &&
	       (w->perms[0] == 'r' || w->perms[1] == 'w' || w->perms[2] == 'x');
}

int page_map_read(u32 pid, const struct host_maps *maps, u64 zero, struct page_map *p)
{
	char path[64];
	int fd, error = 0;
	size_t i;

	snprintf(path, sizeof(path), "/proc/%u/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	p->nr = 0;
	for (i = 0; i < maps->nr && !error; i++)
		if (has_pages(&maps->at[i]))
			error = read_mapping(fd, &maps->at[i], zero, p);
	close(fd);
	return error;
}

int page_map_fork(struct page_map *to, struct page_map *from)
{
	struct page_state *at = malloc((from->nr + 1) * sizeof(*at));
	size_t i, n = 0;

	if (!at)
		return -ENOMEM;
	for (i = 0; i < from->nr; i++) {
		from->at[i].exclusive = false;
		if (from->at[i].kind != PAGE_FILE)
			at[n++] = from->at[i];
	}
	free(to->at);
	*to = (struct page_map){ at, n, from->nr + 1 };
	return 0;
}

void page_map_forget(struct page_map *p, u64 start, u64 length)
{
	u64 end = start + length < start ? UINT64_MAX : start + length;
	size_t i, kept = 0;

	for (i = 0; i < p->nr; i++)
		if (p->at[i].vpn * PAGE_SIZE < start || p->at[i].vpn * PAGE_SIZE >= end)
			p->at[kept++] = p->at[i];
	p->nr = kept;
}

void page_map_free(struct page_map *p)
{
	free(p->at);
	memset(p, 0, sizeof(*p));
}

/* ---- what was done ---- */

enum done { NOTHING, LOAD, STORE };

/* It was shared, is the same, and is shared no more: who writes to it now takes it over. Did he, or
 * has only the other one gone? */
static bool may_be_reused(const struct page_state *old, const struct page_state *now)
{
	return old && old->kind == PAGE_OWN && now->kind == PAGE_OWN && now->writable &&
	       old->pfn == now->pfn && !old->exclusive && now->exclusive;
}

static enum done what_was_done(const struct page_state *old, const struct page_state *now)
{
	if (!old)
		return now->kind == PAGE_OWN || now->store ? STORE : LOAD;
	if (now->kind != PAGE_OWN)
		return NOTHING;
	if (old->kind != PAGE_OWN)
		return STORE;
	return old->pfn && now->pfn && old->pfn != now->pfn ? STORE : NOTHING;
}

static void print_run(u32 pid, enum done what, u64 vpn, u64 n, struct text *out)
{
	text_u64(out, pid);
	text_str(out, what == STORE ? " store " : " load ");
	text_hex(out, vpn * PAGE_SIZE, 0);
	if (n > 1) {
		text_char(out, ' ');
		text_u64(out, n);
	}
	text_char(out, '\n');
}

/* The state of the same page in @old, which is looked through once: @at is where. NULL: it was not
 * resident. */
static const struct page_state *state_before(const struct page_map *old, size_t *at, u64 vpn)
{
	while (*at < old->nr && old->at[*at].vpn < vpn)
		++*at;
	return *at < old->nr && old->at[*at].vpn == vpn ? &old->at[*at] : NULL;
}

/* All runs of pages to which @what was done. */
static void print_runs(u32 pid, const struct page_map *old, const struct page_map *now,
		       enum done what, struct text *out)
{
	u64 start = 0, n = 0;
	size_t i, j = 0;

	for (i = 0; i < now->nr; i++) {
		const struct page_state *s = &now->at[i];

		if (what_was_done(state_before(old, &j, s->vpn), s) != what)
			continue;
		if (n && s->vpn == start + n) {
			n++;
			continue;
		}
		if (n)
			print_run(pid, what, start, n, out);
		start = s->vpn;
		n = 1;
	}
	if (n)
		print_run(pid, what, start, n, out);
}

/* Faults that what is printed explains: one for each store, one for up to 16 pages of a file. */
static u64 faults_explained(const struct page_map *old, const struct page_map *now)
{
	u64 faults = 0, around = UINT64_MAX;
	size_t i, j = 0;

	for (i = 0; i < now->nr; i++) {
		const struct page_state *s = &now->at[i];
		enum done what = what_was_done(state_before(old, &j, s->vpn), s);

		if (what == NOTHING ||
		    (what == LOAD && s->kind == PAGE_FILE && s->vpn / 16 == around))
			continue;
		if (what == LOAD && s->kind == PAGE_FILE)
			around = s->vpn / 16;
		faults++;
	}
	return faults;
}

/* A page of the program's own that was not there may have been read before it was written to. */
static bool may_be_loaded(const struct page_state *old, const struct page_state *now)
{
	return !old && now->kind == PAGE_OWN;
}

/* Of the pages that may have been faulted in once more than is seen, as many as there were faults
 * for which there is no other reason. */
static u64 print_unseen(u32 pid, const struct page_map *old, const struct page_map *now,
			enum done what, u64 faults, struct text *out)
{
	size_t i, j = 0;

	for (i = 0; i < now->nr && faults; i++) {
		const struct page_state *s = &now->at[i], *before = state_before(old, &j, s->vpn);

		if (!(what == STORE ? may_be_reused : may_be_loaded)(before, s))
			continue;
		print_run(pid, what, s->vpn, 1, out);
		faults--;
	}
	return faults;
}

/* Without frame numbers a page that a fork made shared looks like the zero page; it was not
 * before. */
static void recognise_shared(const struct page_map *old, struct page_map *now)
{
	const struct page_state *before;
	size_t i, j = 0;

	for (i = 0; i < now->nr; i++) {
		before = state_before(old, &j, now->at[i].vpn);
		if (before && before->kind == PAGE_OWN && now->at[i].kind == PAGE_ZERO &&
		    !now->at[i].pfn)
			now->at[i].kind = PAGE_OWN;
	}
}

void page_map_compare(u32 pid, const struct page_map *old, struct page_map *now, u64 faults,
		      struct text *out)
{
	u64 explained, left;

	recognise_shared(old, now);
	explained = faults_explained(old, now);
	left = faults > explained ? faults - explained : 0;
	print_runs(pid, old, now, LOAD, out);
	left = print_unseen(pid, old, now, STORE, left, out);
	print_unseen(pid, old, now, LOAD, left, out);
	print_runs(pid, old, now, STORE, out);
}
