/*
 * proc_map.c - commands of sim/procs/NAME/ctl about mappings: mmap, munmap, mremap, mprotect,
 * madvise, swapout, mlock, mincore, msync, brk. The heap of libc: heap.c.
 */
#include "fs/sim/command.h"

#include <errno.h>
#include <mman/namei.h>
#include <string.h>

/* One option word of mmap. */
static int mmap_option(struct command_run *c, const char *word, struct mmap_request *rq)
{
	static const struct {
		const char *word;
		u32 flag;
	} flags[] = {
		{ "anon", 0 },
		{ "private", 0 },
		{ "shared", MAPF_SHARED },
		{ "noreserve", MAPF_NORESERVE },
		{ "populate", MAPF_POPULATE },
		{ "locked", MAPF_LOCKED },
		{ "hugetlb", MAPF_HUGETLB },
		{ "hugetlb=2M", MAPF_HUGETLB_2M },
		{ "hugetlb=1G", MAPF_HUGETLB_1G },
		{ "stack", MAPF_STACK | MAPF_GROWSDOWN },
		{ "growsdown", MAPF_GROWSDOWN },
		{ "noreplace", MAPF_FIXED_NOREPLACE },
	};
	const char *value;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (strcmp(word, flags[i].word) == 0) {
			rq->map |= flags[i].flag;
			return 0;
		}
	if ((value = argument_option(word, "prot")))
		return argument_prot(c, value, &rq->prot);
	if ((value = argument_option(word, "addr"))) {
		rq->map |= MAPF_FIXED;
		return argument_size(c, value, &rq->addr);
	}
	if ((value = argument_option(word, "hint")))
		return argument_size(c, value, &rq->addr);
	return command_explain(c, -EINVAL, "unknown option '%s'", word);
}

/* file=PATH[@OFF] */
static int mmap_file(struct command_run *c, const char *value, struct mmap_request *rq)
{
	char path[COMMAND_LINE_MAX];
	const char *at = strrchr(value, '@');
	size_t length = at ? (size_t)(at - value) : strlen(value);
	int error = at ? argument_size(c, at + 1, &rq->offset) : 0;

	if (error)
		return error;
	path[0] = '/';
	memcpy(path + 1, value, length);
	path[length + 1] = '\0';
	rq->inode = inode_lookup(c->m, *value == '/' ? path + 1 : path);
	if (!rq->inode)
		return command_explain(c, -ENOENT, "no file '%s' in sim/disk", path);
	if (inode_is_dir(c->m, rq->inode))
		return command_explain(c, -ENODEV, "'%s' is a directory", path);
	return 0;
}

/* dev=NAME: a device's memory is shared by all who map it. */
static int mmap_device(struct command_run *c, const char *name, struct mmap_request *rq)
{
	int error;

	if (rq->inode || rq->map & MAPF_ANY_HUGETLB)
		return command_explain(c, -EINVAL, "dev= and another kind of mapping");
	if (!rq->length)
		return -EINVAL;
	rq->map |= MAPF_SHARED;
	error = device_get(c->m, name, rq->length, &rq->inode);
	if (error == -EINVAL && *name && !strchr(name, '/'))
		return command_explain(c, error, "the device '%s' has less memory", name);
	if (error == -ENOSPC)
		return command_explain(c, error, "no room for it behind the PCI bridge");
	return error ? command_explain(c, error, "device '%s'", name) : 0;
}

int name_region(struct command_run *c, const char *name, u64 start, u64 length)
{
	int error = command_died(c) ? -EINTR : lab_region_add(c->m, c->lab, name, start, length);

	if (!error)
		text_printf(c->result, "%s at 0x%llx, %llu bytes", name, (unsigned long long)start,
			    (unsigned long long)length);
	return error;
}

int check_new_name(struct command_run *c, const char *name)
{
	if (strlen(name) >= LAB_NAME_MAX)
		return command_explain(c, -ENAMETOOLONG, "a region's name has at most %d letters",
				       LAB_NAME_MAX - 1);
	if (lab_region_find(c->m, c->lab, name))
		return command_explain(c, -EEXIST, "there is a region '%s' already", name);
	return 0;
}

/* One of two words that exclude each other is a mistake. */
static bool has_option(const struct command_run *c, const char *word)
{
	u32 i;

	for (i = 3; i < c->nr_words; i++)
		if (strcmp(c->word[i], word) == 0)
			return true;
	return false;
}

static int mmap_word(struct command_run *c, const char *word, struct mmap_request *rq,
		     const char **device)
{
	const char *file = argument_option(word, "file"), *dev = argument_option(word, "dev");

	if (file)
		return mmap_file(c, file, rq);
	if (!dev)
		return mmap_option(c, word, rq);
	*device = dev;
	return 0;
}

/* Nothing has changed since it was refused. */
int explain_no_memory(struct command_run *c, u64 bytes, u32 map)
{
	const struct mm *mm = command_died(c) ? NULL : mm_at(c->m, task_at(c->m, c->task)->mm);
	const struct sysctl *sysctl = &c->m->sysctl;
	u64 pages = PAGE_ALIGN(bytes) >> PAGE_SHIFT, limit = vm_commit_limit(c->m);
	u64 committed = vm_committed_as(&c->m->mms);
	const char *name = NULL;

	if (!mm)
		return -ENOMEM;
	if (mm->total_vm + pages > task_rlimit(c->m, c->task, RLIM_AS) >> PAGE_SHIFT)
		name = "RLIMIT_AS";
	else if (mm->data_vm + pages > task_rlimit(c->m, c->task, RLIM_DATA) >> PAGE_SHIFT)
		name = "RLIMIT_DATA";
	else if ((s64)mm->map_count >= sysctl->max_map_count)
		name = "vm.max_map_count";
	if (name)
		return command_explain(c, -ENOMEM, "%s is in the way", name);
	if (map & MAPF_ANY_HUGETLB)
		return command_explain(c, -ENOMEM, "the pool of huge pages has not so many left");
	if (sysctl->overcommit_memory == OVERCOMMIT_NEVER && committed + pages >= limit)
		return command_explain(
			c, -ENOMEM,
			"overcommit_memory 2: of CommitLimit %llu kB, %llu kB are promised",
			(unsigned long long)limit * PAGE_KB,
			(unsigned long long)committed * PAGE_KB);
	if (sysctl->overcommit_memory == OVERCOMMIT_GUESS && !(map & MAPF_NORESERVE) &&
	    pages > c->m->totalram_pages + c->m->swap.total_pages)
		return command_explain(c, -ENOMEM,
				       "more than all RAM and swap (overcommit_memory 0)");
	return command_explain(c, -ENOMEM, "no room for %llu bytes", (unsigned long long)bytes);
}

static int cmd_mmap(struct command_run *c)
{
	struct mmap_request rq = { .prot = VM_READ | VM_WRITE };
	const char *device = NULL;
	u64 addr;
	u32 i, devices = c->m->mms.nr_devices;
	int error = check_new_name(c, c->word[1]);

	if (!error)
		error = argument_size(c, c->word[2], &rq.length);
	for (i = 3; i < c->nr_words && !error; i++)
		error = mmap_word(c, c->word[i], &rq, &device);
	if (!error && rq.map & MAPF_SHARED && has_option(c, "private"))
		error = command_explain(c, -EINVAL, "private and shared");
	if (!error && (rq.inode || device) && has_option(c, "anon"))
		error = command_explain(c, -EINVAL, "anon and %s", device ? "dev=" : "file=");
	if (!error && device && has_option(c, "private"))
		error = command_explain(c, -EINVAL, "a device's memory cannot be private");
	if (!error && rq.map & MAPF_FIXED_NOREPLACE && !(rq.map & MAPF_FIXED))
		error = command_explain(c, -EINVAL, "noreplace wants addr=");
	if (!error && device)
		error = mmap_device(c, device, &rq);
	if (!error) {
		error = do_mmap(c->m, c->task, &rq, &addr);
		if (error && devices != c->m->mms.nr_devices)
			device_undo(c->m, rq.inode);
		if (error == -ENOMEM)
			return explain_no_memory(c, rq.length, rq.map);
	}
	if (!error)
		error = name_region(c, c->word[1], addr, PAGE_ALIGN(rq.length));
	return error;
}

static int cmd_munmap(struct command_run *c)
{
	const struct lab_region *r;
	u64 start, length;
	int error = argument_range(c, 1, &start, &length);

	if (error)
		return error;
	error = do_munmap(c->m, c->task, start, length);
	r = lab_region_find(c->m, c->lab, c->word[1]);
	if (!error && r && start == r->start && PAGE_ALIGN(length) >= r->length)
		lab_region_remove(c->m, c->lab, c->word[1]);
	return error;
}

static int mremap_option(struct command_run *c, const char *word, struct mremap_request *rq)
{
	const char *addr = argument_option(word, "addr");

	if (addr) {
		rq->flags |= MREMAPF_FIXED;
		return argument_size(c, addr, &rq->new_addr);
	}
	if (strcmp(word, "nomove") == 0)
		rq->flags &= ~MREMAPF_MAYMOVE;
	else if (strcmp(word, "dontunmap") == 0)
		rq->flags |= MREMAPF_DONTUNMAP;
	else
		return command_explain(c, -EINVAL, "unknown option '%s'", word);
	return 0;
}

static int cmd_mremap(struct command_run *c)
{
	struct lab_region *r = lab_region_find(c->m, c->lab, c->word[1]);
	struct mremap_request rq = { .flags = MREMAPF_MAYMOVE };
	u64 addr;
	u32 i;
	int error;

	if (!r)
		return command_explain(c, -ENOENT, "no region named '%s'", c->word[1]);
	rq.addr = r->start;
	rq.old_length = r->length;
	error = argument_size(c, c->word[2], &rq.new_length);
	for (i = 3; i < c->nr_words && !error; i++)
		error = mremap_option(c, c->word[i], &rq);
	if (!error)
		error = do_mremap_to(c->m, c->task, &rq, &addr);
	if (error == -ENOMEM && rq.new_length > rq.old_length)
		return explain_no_memory(c, rq.new_length - rq.old_length, 0);
	if (error || command_died(c))
		return error;
	r = lab_region_find(c->m, c->lab, c->word[1]);
	if (!r)
		return 0;
	r->start = addr;
	r->length = PAGE_ALIGN(rq.new_length);
	text_printf(c->result, "%s at 0x%llx, %llu bytes", r->name, (unsigned long long)addr,
		    (unsigned long long)r->length);
	return 0;
}

static int cmd_mprotect(struct command_run *c)
{
	const char *prot_word = c->word[2];
	u64 start, length;
	u32 prot;
	int error = argument_prot(c, prot_word, &prot);

	if (error)
		return error;
	/* mprotect NAME PROT [OFF LEN]: the range's words stand behind the protection */
	c->word[2] = c->word[1];
	error = argument_range(c, 2, &start, &length);
	return error ? error : do_mprotect(c->m, c->task, start, length, prot);
}

static int cmd_madvise(struct command_run *c)
{
	const char *advice = c->word[2];
	u64 start, length;
	int error;

	c->word[2] = c->word[1];
	error = argument_range(c, 2, &start, &length);
	if (error)
		return error;
	error = do_madvise(c->m, c->task, start, length, advice);
	return error != -EINVAL ?
		       error :
		       command_explain(c, error,
				       "'%s' is no advice, or none for such a mapping: %s", advice,
				       "docs/control-language.md");
}

/* mlock NAME [onfault] [OFF LEN] */
static int cmd_mlock(struct command_run *c)
{
	bool onfault = c->nr_words > 2 && strcmp(c->word[2], "onfault") == 0;
	u64 start, length;
	int error;

	if (onfault)
		c->word[2] = c->word[1];
	error = argument_range(c, onfault ? 2 : 1, &start, &length);
	return error ? error : do_mlock(c->m, c->task, start, length, true, onfault);
}

static int cmd_munlock(struct command_run *c)
{
	u64 start, length;
	int error = argument_range(c, 1, &start, &length);

	return error ? error : do_mlock(c->m, c->task, start, length, false, false);
}

/* What mincore says, as ranges of page numbers. */
struct incore {
	struct text *out;
	u64 total, resident, first;
	bool open, cut;
};

#define INCORE_TEXT_MAX 700u /* the rest of a very patchy answer is left out */

static void incore_close(struct incore *n, u64 end)
{
	if (!n->open)
		return;
	n->open = false;
	if (n->out->length > INCORE_TEXT_MAX) {
		n->cut = true;
		return;
	}
	if (n->out->length)
		text_char(n->out, ',');
	text_u64(n->out, n->first);
	if (end - n->first > 1) {
		text_char(n->out, '-');
		text_u64(n->out, end - 1);
	}
}

static void incore_page(void *arg, u64 page, bool incore)
{
	struct incore *n = arg;

	n->total = page + 1;
	n->resident += incore;
	if (!incore)
		incore_close(n, page);
	else if (!n->open)
		n->first = page;
	n->open |= incore;
}

static int cmd_mincore(struct command_run *c)
{
	struct text ranges;
	struct incore n = { .out = &ranges };
	u64 start, length;
	int error = argument_range(c, 1, &start, &length);

	if (error)
		return error;
	text_init(&ranges);
	error = do_mincore(c->m, c->task, start, length, incore_page, &n);
	incore_close(&n, n.total);
	if (!error) {
		text_printf(c->result, "%llu of %llu pages resident",
			    (unsigned long long)n.resident, (unsigned long long)n.total);
		if (n.resident)
			text_str(c->result, ": ");
		text_mem(c->result, ranges.data, ranges.length);
		text_str(c->result, n.cut ? ",..." : "");
	}
	text_free(&ranges);
	return error;
}

static int cmd_mlockall(struct command_run *c)
{
	bool current = c->nr_words == 1, future = false, onfault = false;
	u32 i;

	for (i = 1; i < c->nr_words; i++) {
		if (strcmp(c->word[i], "current") == 0)
			current = true;
		else if (strcmp(c->word[i], "future") == 0)
			future = true;
		else if (strcmp(c->word[i], "onfault") == 0)
			onfault = true;
		else
			return command_explain(
				c, -EINVAL, "'%s' is none of current, future, onfault", c->word[i]);
	}
	return do_mlockall(c->m, c->task, current, future, onfault, true);
}

static int cmd_munlockall(struct command_run *c)
{
	return do_mlockall(c->m, c->task, true, true, false, false);
}

/* Flags come before the range, as those of mlock; without any it is MS_SYNC. */
static int cmd_msync(struct command_run *c)
{
	static const char *const names[] = { "async", "invalidate", "sync" };
	u32 flags = 0, at = 2, i;
	u64 start, length;
	int error;

	for (i = 0; at < c->nr_words && i < ARRAY_SIZE(names);) {
		if (!strcmp(c->word[at], names[i])) {
			flags |= 1u << i;
			at++;
			i = 0;
		} else {
			i++;
		}
	}
	c->word[at - 1] = c->word[1];
	error = argument_range(c, at - 1, &start, &length);
	if (error)
		return error;
	error = do_msync(c->m, c->task, start, length, flags ? flags : MSYNC_SYNC);
	if (error == -EBUSY)
		return command_explain(c, error, "it is locked in memory");
	if (error == -EIO)
		return command_explain(c, error, "the disk did not take all of the file");
	return error;
}

static int cmd_brk(struct command_run *c)
{
	s64 delta;
	u64 brk;
	int error = argument_signed_size(c, c->word[1], &delta);

	if (!error)
		error = do_brk(c->m, c->task, delta, &brk);
	if (error == -ENOMEM && delta > 0)
		return explain_no_memory(c, (u64)delta, 0);
	if (!error)
		error = update_heap(c);
	if (!error)
		text_printf(c->result, "0x%llx", (unsigned long long)brk);
	return error;
}

/* The whole process; `madvise NAME pageout` and reclaim put out single pages. */
static int cmd_swapout(struct command_run *c)
{
	u64 pages = 0;
	int error = swap_out_process(c->m, c->task, &pages);

	if (!error || pages)
		text_printf(c->result, "%llu pages swapped out", (unsigned long long)pages);
	return error;
}

static const struct command commands[] = {
	{ "mmap", 2, 16, 0, cmd_mmap,
	  "NAME SIZE [anon|file=PATH[@OFF]|dev=NAME] [private|shared] [prot=rwx] [addr=A [noreplace]|hint=A] "
	  "[noreserve] [populate] [locked] [hugetlb[=2M|1G]] [stack|growsdown]" },
	{ "munmap", 1, 3, 0, cmd_munmap, "NAME [OFF LEN]" },
	{ "mremap", 2, 5, 0, cmd_mremap, "NAME SIZE [addr=A] [nomove] [dontunmap]" },
	{ "mprotect", 2, 4, 0, cmd_mprotect, "NAME PROT [OFF LEN]" },
	{ "madvise", 2, 4, 0, cmd_madvise, "NAME ADVICE [OFF LEN]" },
	{ "swapout", 0, 0, COMMAND_OUTSIDE, cmd_swapout, "" },
	{ "mlock", 1, 4, 0, cmd_mlock, "NAME [onfault] [OFF LEN]" },
	{ "munlock", 1, 3, 0, cmd_munlock, "NAME [OFF LEN]" },
	{ "mlockall", 0, 3, 0, cmd_mlockall, "[current|future|onfault]" },
	{ "munlockall", 0, 0, 0, cmd_munlockall, "" },
	{ "mincore", 1, 3, 0, cmd_mincore, "NAME [OFF LEN]" },
	{ "msync", 1, 6, 0, cmd_msync, "NAME [sync|async] [invalidate] [OFF LEN]" },
	{ "brk", 1, 1, 0, cmd_brk, "DELTA" },
};

const struct command_table map_commands = { commands, ARRAY_SIZE(commands) };
