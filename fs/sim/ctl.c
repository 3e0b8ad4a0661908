/*
 * sim/ctl: commands for the machine as a whole.
 */
#include "fs/sim/command.h"
#include "fs/sim/sim.h"

#include <errno.h>
#include <mman/namei.h>
#include <stdio.h>
#include <string.h>

/* kmalloc NAME SIZE [dma|dma32|normal] [movable|unmovable|reclaimable] [node=N] */
static int kmalloc_option(struct command_run *c, const char *word, gfp_t *gfp, int *nid)
{
	static const struct {
		const char *word;
		gfp_t gfp;
	} words[] = {
		{ "dma", __GFP_DMA },
		{ "dma32", __GFP_DMA32 },
		{ "normal", 0 },
		{ "unmovable", 0 },
		{ "movable", __GFP_MOVABLE },
		{ "reclaimable", __GFP_RECLAIMABLE },
	};
	const char *value = argument_option(word, "node");
	u64 node;
	u32 i;

	if (value) {
		if (argument_number(c, value, &node))
			return -EINVAL;
		if (node >= c->m->nr_nodes || !c->m->node[node].online)
			return command_explain(c, -EINVAL, "there is no node %s", value);
		*nid = (int)node;
		*gfp |= __GFP_THISNODE;
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i].word) == 0) {
			*gfp |= words[i].gfp;
			return 0;
		}
	return command_explain(c, -EINVAL, "unknown option '%s'", word);
}

static int cmd_kmalloc(struct command_run *c)
{
	gfp_t gfp = GFP_KERNEL;
	int nid = NUMA_NO_NODE, error;
	u64 size;
	u32 i;

	error = argument_size(c, c->word[2], &size);
	for (i = 3; i < c->nr_words && !error; i++)
		error = kmalloc_option(c, c->word[i], &gfp, &nid);
	if (!error && gfp & __GFP_DMA && gfp & __GFP_DMA32)
		error = command_explain(c, -EINVAL, "dma and dma32");
	if (error)
		return error;
	error = kmalloc_device(c->m, c->word[1], size, gfp, nid);
	if (error == -EEXIST)
		return command_explain(c, error, "there is a block '%s' already", c->word[1]);
	if (error == -ENOMEM && size > PAGE_SIZE << (MAX_ORDER - 1))
		return command_explain(c, error, "kmalloc gives at most %llu bytes",
				       (unsigned long long)(PAGE_SIZE << (MAX_ORDER - 1)));
	if (error == -ENOMEM)
		return command_explain(c, error, "no contiguous %llu bytes",
				       (unsigned long long)size);
	return error;
}

static int cmd_kfree(struct command_run *c)
{
	int error = kfree_device(c->m, c->word[1]);

	return error ? command_explain(c, error, "there is no block '%s'", c->word[1]) : 0;
}

#define SLAB_CHUNK 65536 /* objects at a time */

/* @n objects more, or -@n fewer; all of them, or none if memory ends or somebody interrupts. */
static int change_slab(struct machine *m, handle_t cache, s64 n)
{
	s64 done = 0, some;
	int error = 0;

	if (n < 0)
		kmem_cache_free(m, cache, (u32)-n);
	while (n > done && !error) {
		some = min_t(s64, n - done, SLAB_CHUNK);
		error = kmem_cache_alloc(m, cache, (u32)some);
		if (error)
			break;
		done += some;
		if (n > done && !machine_safe_point(m))
			error = -EINTR;
	}
	if (error)
		kmem_cache_free(m, cache, (u32)done);
	return error;
}

/* slab CACHE +N|-N: objects of the laboratory's own; nobody else's are given back. */
static int cmd_slab(struct command_run *c)
{
	handle_t h = kmem_cache_find(c->m, c->word[1]);
	struct kmem_cache *cache;
	s64 n;
	int error;

	if (!h)
		return command_explain(c, -ENOENT, "no cache '%s' (see proc/slabinfo)", c->word[1]);
	if (*c->word[2] != '+' && *c->word[2] != '-')
		return command_explain(c, -EINVAL, "say +N or -N");
	error = argument_signed_size(c, c->word[2], &n);
	if (error)
		return error;
	cache = pool_at(&c->m->slab.caches, h);
	if (n < 0 && (u64)-n > cache->lab_objects)
		return command_explain(c, -EINVAL, "the laboratory holds %llu objects of it",
				       (unsigned long long)cache->lab_objects);
	if (n > INT32_MAX || n < -(s64)INT32_MAX)
		return command_explain(c, -EINVAL, "too many at once");
	error = change_slab(c->m, h, n);
	if (!error)
		count_lab_objects(&c->m->slab, cache, n);
	return error;
}

/* What a path cannot have: empty parts, "." and "..". */
static bool has_bad_part(const char *path)
{
	const char *part = path + 1, *end;

	for (;; part = end + 1) {
		size_t length = strcspn(part, "/");

		end = part + length;
		if (!length || (length <= 2 && !strncmp(part, "..", length)))
			return true;
		if (!*end)
			return false;
	}
}

/* proc/swaps shows a partition NAME as /dev/NAME, a file as /NAME. */
static int swap_path(struct command_run *c, const char *name, bool file, char path[SWAP_NAME_MAX])
{
	int n = *name == '/' ? snprintf(path, SWAP_NAME_MAX, "%s", name) :
			       snprintf(path, SWAP_NAME_MAX, "%s%s", file ? "/" : "/dev/", name);

	if (n >= (int)SWAP_NAME_MAX)
		return command_explain(c, -ENAMETOOLONG, "the name is too long");
	if (has_bad_part(path))
		return command_explain(c, -EINVAL, "'%s' is no name of a device or file", name);
	return 0;
}

static int swapon_option(struct command_run *c, const char *word, s32 *prio, bool *file)
{
	const char *value = argument_option(word, "type");
	u64 number;

	if (value && (!strcmp(value, "partition") || !strcmp(value, "file"))) {
		*file = *value == 'f';
		return 0;
	}
	value = argument_option(word, "prio");
	if (!value)
		return command_explain(c, -EINVAL, "unknown option '%s'", word);
	if (argument_number(c, value, &number) || number > SWAP_PRIO_MAX)
		return command_explain(c, -EINVAL, "a priority is 0 to %d", SWAP_PRIO_MAX);
	*prio = (s32)number;
	return 0;
}

static int cmd_swapon(struct command_run *c)
{
	char path[SWAP_NAME_MAX];
	bool file = false;
	s32 prio = -1;
	handle_t h;
	u64 size, i;
	int error = argument_size(c, c->word[2], &size);

	for (i = 3; i < c->nr_words && !error; i++)
		error = swapon_option(c, c->word[i], &prio, &file);
	if (!error)
		error = swap_path(c, c->word[1], file, path);
	if (error)
		return error;
	h = file ? inode_lookup(c->m, path) : 0;
	if (h && inode_is_dir(c->m, h))
		return command_explain(c, -EISDIR, "%s is a directory", path);
	error = h ? swapon_file(c->m, h, size, prio) : swapon(c->m, path, size, prio, file);
	if (error == -EBUSY)
		return command_explain(c, error, "%s is in use as swap already", path);
	if (error == -EINVAL && h && size >= 2 * PAGE_SIZE)
		return command_explain(c, error, "the file %s is shorter, or has holes", path);
	if (error == -EINVAL)
		return command_explain(c, error, "a swap area has at least two pages");
	if (error == -ENOSPC)
		return command_explain(
			c, error, "the disk has %llu kB left",
			(unsigned long long)(c->m->blk.total_pages - c->m->blk.used_pages) * 4);
	if (error == -EPERM)
		return command_explain(c, error, "%u areas are in use, and there can be no more",
				       MAX_SWAPFILES);
	return error;
}

static int cmd_swapoff(struct command_run *c)
{
	char path[SWAP_NAME_MAX];
	int error = swap_path(c, c->word[1], false, path);

	if (!error)
		error = swapoff(c->m, path);
	/* a bare name may be a file's as well */
	if (error == -EINVAL && *c->word[1] != '/' && !swap_path(c, c->word[1], true, path))
		error = swapoff(c->m, path);
	switch (error) {
	case -EINVAL:
		return command_explain(c, error, "'%s' is not in use as swap", c->word[1]);
	case -ENOMEM:
		return command_explain(c, error,
				       "what lies in %s does not fit into memory: it stays on",
				       c->word[1]);
	case -EIO:
		return command_explain(c, error, "a page in %s cannot be read: it stays on",
				       c->word[1]);
	case -EINTR:
		return command_explain(c, error, "interrupted: %s stays on", c->word[1]);
	default:
		return error;
	}
}

/* adopt PID NAME: sim/procs/NAME for a process that was not made there. */
static int cmd_adopt(struct command_run *c)
{
	struct machine *m = c->m;
	handle_t task, lab;
	u64 pid;
	int error = argument_number(c, c->word[1], &pid);

	if (error)
		return error;
	task = pid <= UINT32_MAX ? find_task_by_pid(m, (u32)pid) : 0;
	if (!task || task_at(m, task)->tgid != pid)
		return command_explain(c, -ESRCH, "there is no process %s", c->word[1]);
	if (task_at(m, task)->flags & PF_KTHREAD || task == m->tasks.init)
		return command_explain(c, -EPERM, "init and kernel threads do what they do");
	if (!task_at(m, task)->mm)
		return command_explain(c, -ESRCH, "process %s has ended", c->word[1]);
	if (task_at(m, task)->lab)
		return command_explain(c, -EBUSY, "it is sim/procs/%s",
				       lab_at(m, task_at(m, task)->lab)->name);
	error = lab_adopt(m, task, c->word[2], &lab);
	if (error == -EEXIST)
		return command_explain(c, error, "there is a process of that name");
	return error ? command_explain(c, error, "'%s' can be no directory", c->word[2]) : 0;
}

/* modprobe MODULE, rmmod MODULE: the one module that there is to load */
static int load_module(struct command_run *c, bool load)
{
	const char *name = c->word[1];

	if (strcmp(name, "memory-notifier-error-inject") &&
	    strcmp(name, "memory_notifier_error_inject"))
		return command_explain(c, -ENOENT, "there is only memory-notifier-error-inject");
	if (!load && !c->m->hotplug.inject_loaded)
		return command_explain(c, -ENOENT, "%s is not loaded", name);
	c->m->hotplug.inject_loaded = load;
	memset(c->m->hotplug.inject, 0, sizeof(c->m->hotplug.inject));
	return 0;
}

static int cmd_modprobe(struct command_run *c)
{
	return load_module(c, true);
}

static int cmd_rmmod(struct command_run *c)
{
	return load_module(c, false);
}

static const struct command commands[] = {
	{ "adopt", 2, 2, 0, cmd_adopt, "PID NAME" },
	{ "sync", 0, 0, 0, cmd_sync, "" },
	{ "swapon", 2, 4, 0, cmd_swapon, "NAME SIZE [prio=N] [type=partition|file]" },
	{ "swapoff", 1, 1, 0, cmd_swapoff, "NAME" },
	{ "kmalloc", 2, 5, 0, cmd_kmalloc,
	  "NAME SIZE [dma|dma32|normal] [movable|unmovable|reclaimable] [node=N]" },
	{ "kfree", 1, 1, 0, cmd_kfree, "NAME" },
	{ "slab", 2, 2, 0, cmd_slab, "CACHE +N|-N" },
	{ "fail", 1, 7, 0, cmd_fail,
	  "DEVICE [file=PATH] [sectors=FIRST[..LAST]] [read|write|all] [probability=PCT] "
	  "[interval=N] [times=N]|off" },
	{ "fragment", 3, 4, 0, cmd_fragment, "NODE ZONE INDEX [movable|unmovable]" },
	{ "modprobe", 1, 1, 0, cmd_modprobe, "memory-notifier-error-inject" },
	{ "rmmod", 1, 1, 0, cmd_rmmod, "memory-notifier-error-inject" },
	{ "reboot", 0, 0, COMMAND_PANICKED, cmd_reboot, "" },
	{ "rewind", 1, 1, COMMAND_PANICKED, cmd_rewind, "LINE" },
};

const struct command_table machine_commands = { commands, ARRAY_SIZE(commands) };

int sim_ctl_show(const struct request *rq, struct text *out)
{
	char line[1024];
	size_t n = lab_text_get(rq->m, rq->m->tasks.ctl_result, line, sizeof(line));

	text_mem(out, line, n);
	return 0;
}

ssize_t sim_ctl_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)offset;
	return command_store(rq, &machine_commands, 1, 0, data, size);
}
