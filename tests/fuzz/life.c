/*
 * Long lives of small machines, in-process: processes that are born, map, touch, share, lock, move,
 * load and end; files of the disk that are made, written, held open, renamed and removed; memory
 * that comes and goes; swap areas, faults of the disk, knobs; the clock that moves; ^C; rewind and
 * reboot. Commands are nearly right, so that most of them do something. Whatever is done, the
 * invariants of the engine hold all along, and the journal of it replays to the same bytes in every
 * file. FUZZ_SEED, FUZZ_LIVES and FUZZ_STEPS in the environment choose other lives.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/ctl.h"
#include "tests/fuzzer.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define LIVES	   4u
#define STEPS	   1500u
#define PAGES_MAX  30000u /* touched by one command, or else it is interrupted */
#define OPEN_FILES 6u

static const struct caller root;

struct life {
	struct fuzzer z;
	struct open_file *open[OPEN_FILES];
	u64 step;
};

static u64 below(struct life *l, u64 n)
{
	return draw(&l->z.chance, n);
}

static const char *one_of(struct life *l, const char *const *words, size_t nr)
{
	return words[below(l, nr)];
}

#define ONE_OF(l, ...)                                  \
	one_of(l, (const char *const[]){ __VA_ARGS__ }, \
	       sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* ---- machines ---- */

static void draw_node(struct life *l, struct text *t, u32 node, u32 nodes)
{
	text_printf(t, "[node %u]\nmemory = %lluM\n", node,
		    64 + 32 * (unsigned long long)below(l, 6) + (node ? 0 : 128));
	if (nodes <= 2)
		text_printf(t, "cpus = %u-%u\n", node * 2, node * 2 + 1);
}

static void draw_machine(struct life *l, struct text *t)
{
	u32 nodes = 1 + (u32)below(l, 3), i;

	text_printf(t, "[machine]\ncpus = 4\nseed = %llu\ndimm_slots = 2\nmax_memory = 4G\n",
		    (unsigned long long)below(l, 1000));
	text_printf(t, "cmdline = %s %s %s %s\n",
		    ONE_OF(l, "", "movablecore=64M", "kernelcore=64M", "movable_node", "mem=180M"),
		    ONE_OF(l, "", "transparent_hugepage=always", "transparent_hugepage=never"),
		    ONE_OF(l, "", "hugepages=8", "hugepages=4 psi=1", "numa=fake=2"),
		    ONE_OF(l, "", "memhp_default_state=online", "numa_balancing=enable", "psi=0"));
	for (i = 0; i < nodes; i++)
		draw_node(l, t, i, nodes);
	text_printf(t, "[disk]\nsize = %s\n", ONE_OF(l, "1G", "300M", "64G"));
	if (below(l, 3))
		text_printf(t, "[swap vdb]\nsize = %lluM\n",
			    16 + (unsigned long long)below(l, 200));
	if (below(l, 2))
		text_printf(t, "[tlb]\nl1d_4k = 16\nl2_4k = 0\n");
	text_char(t, '\0');
}

static const char *choose_machine(struct life *l, struct text *t, const char **name)
{
	static const char *const presets[] = { "tiny", "two-node", "hotplug", "i386", "hugetlb" };

	*name = "a drawn machine";
	if (below(l, 3)) {
		draw_machine(l, t);
		return t->data;
	}
	*name = presets[below(l, ARRAY_SIZE(presets))];
	return preset_text(*name);
}

/* ---- what is done ---- */

static void count(struct life *l, s64 result)
{
	if (result < 0)
		l->z.refused++;
	else
		l->z.done++;
	fuzzer_settle(&l->z);
}

static void put_bytes(struct life *l, const char *path, const char *bytes, size_t n)
{
	fuzzer_arm(&l->z, PAGES_MAX);
	count(l, tree_write_file(l->z.f.t, path, bytes, n));
}

static void put(struct life *l, const char *path, const char *line)
{
	put_bytes(l, path, line, strlen(line));
}

static const char *process(struct life *l)
{
	return ONE_OF(l, "a", "b", "c", "p0", "p1", "p2");
}

static void command(struct life *l)
{
	const char *name = process(l);
	char bytes[1024];
	size_t n = words_process(&l->z.chance, bytes, sizeof(bytes));
	u64 ino;

	if (tree_walk(l->z.f.t, &root, fixture_format("sim/procs/%s/ctl", name), &ino))
		ctl_mkdir(&l->z.f, name);
	put_bytes(l, fixture_format("sim/procs/%s/ctl", name), bytes, n);
}

static void machine_command(struct life *l)
{
	char bytes[1024];
	size_t n = words_machine(&l->z.chance, bytes, sizeof(bytes));

	put_bytes(l, "sim/ctl", bytes, n);
}

static void birth_or_death(struct life *l)
{
	fuzzer_arm(&l->z, PAGES_MAX);
	count(l, below(l, 3) ? ctl_mkdir(&l->z.f, process(l)) : ctl_rmdir(&l->z.f, process(l)));
}

static void clock_moves(struct life *l)
{
	put(l, "sim/clock",
	    ONE_OF(l, "advance 1ms\n", "advance 40ms\n", "advance 300ms\n", "advance 2s\n",
		   "advance 11s\n", "advance 40s\n", "advance 1h\n", "pause\n", "realtime\n"));
}

static void write_anywhere(struct life *l)
{
	char bytes[6000];
	size_t n = words_value(&l->z.chance, bytes, sizeof(bytes));
	struct open_file *file;

	if (!(l->step % 64) || !l->z.nr_files)
		fuzzer_rescan(&l->z);
	if (tree_open(l->z.f.t, &root, l->z.files[below(l, l->z.nr_files)], O_WRONLY, &file))
		return;
	fuzzer_arm(&l->z, PAGES_MAX);
	count(l, tree_write(l->z.f.t, &root, file, bytes, n, 0));
	tree_release(l->z.f.t, &root, file);
}

static void knob(struct life *l)
{
	static const char *const vm[] = { "swappiness",
					  "overcommit_memory",
					  "overcommit_ratio",
					  "min_free_kbytes",
					  "watermark_scale_factor",
					  "watermark_boost_factor",
					  "dirty_ratio",
					  "dirty_background_bytes",
					  "dirty_expire_centisecs",
					  "dirty_writeback_centisecs",
					  "drop_caches",
					  "compact_memory",
					  "compaction_proactiveness",
					  "nr_hugepages",
					  "nr_overcommit_hugepages",
					  "oom_kill_allocating_task",
					  "panic_on_oom",
					  "page-cluster",
					  "vfs_cache_pressure",
					  "zone_reclaim_mode",
					  "max_map_count",
					  "lowmem_reserve_ratio",
					  "percpu_pagelist_high_fraction",
					  "extfrag_threshold",
					  "laptop_mode",
					  "numa_stat",
					  "user_reserve_kbytes",
					  "admin_reserve_kbytes" };

	if (!below(l, 2)) {
		write_anywhere(l);
		return;
	}
	put(l, fixture_format("proc/sys/vm/%s", vm[below(l, ARRAY_SIZE(vm))]),
	    ONE_OF(l, "0\n", "1\n", "2\n", "3\n", "10\n", "60\n", "100\n", "200\n", "1000\n",
		   "20000\n", "-1\n", "256 256 32 0 0\n"));
}

/* ---- the disk ---- */

static u64 directory(struct life *l)
{
	u64 ino = 0;

	if (tree_walk(l->z.f.t, &root, below(l, 2) ? "sim/disk" : "sim/disk/dir", &ino))
		tree_walk(l->z.f.t, &root, "sim/disk", &ino);
	return ino;
}

static const char *file_name(struct life *l)
{
	return ONE_OF(l, "data", "file", "other", "dir", "swapx", "x");
}

static void open_or_close(struct life *l)
{
	struct open_file **slot = &l->open[below(l, OPEN_FILES)];
	u64 ino;

	if (*slot) {
		tree_release(l->z.f.t, &root, *slot);
		*slot = NULL;
	}
	if (!below(l, 4) || tree_lookup(l->z.f.t, &root, directory(l), file_name(l), &ino) ||
	    tree_open(l->z.f.t, &root, ino, O_RDWR, slot))
		*slot = NULL;
}

static void through_descriptor(struct life *l)
{
	static char bytes[300000];
	struct open_file *f = l->open[below(l, OPEN_FILES)];
	u64 size = below(l, 2) ? below(l, 9000) : below(l, sizeof(bytes));
	u64 at = below(l, 4) ? below(l, 2 << 20) : below(l, 1ull << 44);

	if (!f)
		return;
	fuzzer_arm(&l->z, PAGES_MAX);
	switch (below(l, 5)) {
	case 0:
		count(l, tree_fsync(l->z.f.t, &root, f));
		break;
	case 1:
	case 2:
		count(l, tree_read(l->z.f.t, &root, f, bytes, size, at));
		break;
	default:
		memset(bytes, (int)below(l, 256), size);
		count(l, tree_write(l->z.f.t, &root, f, bytes, size, at));
		break;
	}
}

static void disk(struct life *l)
{
	struct tree *t = l->z.f.t;
	u64 dir = directory(l), other = directory(l), ino;
	const char *name = file_name(l), *new_name = file_name(l);

	fuzzer_arm(&l->z, PAGES_MAX);
	switch (below(l, 12)) {
	case 0:
	case 1:
		count(l, tree_create_file(t, &root, dir, name, 0644, &ino));
		break;
	case 2:
		count(l, tree_mkdir(t, &root, dir, name, &ino));
		break;
	case 3:
		count(l, below(l, 2) ? tree_unlink(t, &root, dir, name) :
				       tree_rmdir(t, &root, dir, name));
		break;
	case 4:
		count(l, tree_rename(t, &root, dir, name, other, new_name));
		break;
	case 5:
		if (!tree_lookup(t, &root, dir, name, &ino))
			count(l, tree_truncate(t, &root, ino, below(l, 40 << 20)));
		break;
	case 6:
		if (!tree_lookup(t, &root, dir, name, &ino))
			count(l, tree_chmod(t, &root, ino, (mode_t)below(l, 01000)));
		break;
	case 7:
	case 8:
		open_or_close(l);
		break;
	default:
		through_descriptor(l);
		break;
	}
}

/* ---- memory that comes and goes ---- */

static void hotplug(struct life *l)
{
	const char *slot = ONE_OF(l, "d0", "d1", "d2");
	u64 dimms, ino;

	fuzzer_arm(&l->z, PAGES_MAX);
	switch (below(l, 7)) {
	case 0:
		if (!tree_walk(l->z.f.t, &root, "sim/dimms", &dimms))
			count(l, below(l, 3) ? tree_mkdir(l->z.f.t, &root, dimms, slot, &ino) :
					       tree_rmdir(l->z.f.t, &root, dimms, slot));
		break;
	case 1:
		put(l, fixture_format("sim/dimms/%s/size", slot),
		    ONE_OF(l, "128M\n", "256M\n", "1G\n"));
		break;
	case 2:
		put(l, fixture_format("sim/dimms/%s/node", slot), ONE_OF(l, "0\n", "1\n", "3\n"));
		break;
	case 3:
		put(l, fixture_format("sim/dimms/%s/plug", slot), below(l, 3) ? "1\n" : "0\n");
		break;
	default:
		put(l,
		    fixture_format("sys/devices/system/memory/memory%u/state", (u32)below(l, 48)),
		    ONE_OF(l, "online\n", "online_movable\n", "online_kernel\n", "offline\n",
			   "offline\n"));
		break;
	}
}

/* ---- processes from outside ---- */

static void about_process(struct life *l)
{
	static const struct {
		const char *file, *text;
	} writes[] = { { "clear_refs", "1\n" },	       { "clear_refs", "4\n" },
		       { "clear_refs", "5\n" },	       { "oom_score_adj", "1000\n" },
		       { "oom_score_adj", "-1000\n" }, { "oom_score_adj", "0\n" },
		       { "coredump_filter", "7\n" },   { "comm", "other\n" } };
	u64 choice = below(l, ARRAY_SIZE(writes));

	put(l, fixture_format("proc/%u/%s", ctl_pid(&l->z.f, process(l)), writes[choice].file),
	    writes[choice].text);
}

static void process_memory(struct life *l)
{
	char regions[200] = "", bytes[5000];
	const char *name = process(l);
	struct open_file *f;
	u64 ino, at, size = below(l, sizeof(bytes));

	snprintf(regions, sizeof(regions), "%s", ctl_read(&l->z.f, name, "regions"));
	at = strtoull(regions, NULL, 16) + below(l, 70000);
	if (tree_walk(l->z.f.t, &root, fixture_format("proc/%u/mem", ctl_pid(&l->z.f, name)),
		      &ino) ||
	    tree_open(l->z.f.t, &root, ino, O_RDWR, &f))
		return;
	memset(bytes, (int)below(l, 256), size);
	fuzzer_arm(&l->z, PAGES_MAX);
	count(l, below(l, 2) ? tree_write(l->z.f.t, &root, f, bytes, size, at) :
			       tree_read(l->z.f.t, &root, f, bytes, size, at));
	tree_release(l->z.f.t, &root, f);
}

static void back_in_time(struct life *l)
{
	u64 lines = journal_lines(l->z.journal);

	/* what is open now was not there then */
	if (below(l, 3))
		put(l, "sim/ctl",
		    fixture_format(
			    "rewind %llu\n",
			    (unsigned long long)(lines - below(l, lines < 40 ? lines : 40))));
	else
		put(l, "sim/ctl", "reboot\n");
}

static void one_step(struct life *l)
{
	static const struct {
		u32 weight;
		void (*act)(struct life *l);
	} acts[] = { { 500, command },	     { 70, machine_command },
		     { 60, birth_or_death }, { 60, clock_moves },
		     { 60, knob },	     { 120, disk },
		     { 40, hotplug },	     { 30, about_process },
		     { 30, process_memory }, { 1, back_in_time } };
	u64 draw, i;

	for (draw = below(l, 971), i = 0; draw >= acts[i].weight; i++)
		draw -= acts[i].weight;
	acts[i].act(l);
}

static void live(u64 seed, u64 steps)
{
	u64 every = fuzzer_number("FUZZ_EVERY", 25);
	struct life l = { .z.chance = seed };
	struct text text;
	const char *name, *machine;
	unsigned int violations = 0;
	size_t i;

	text_init(&text);
	machine = choose_machine(&l, &text, &name);
	/* some of the drawn ones have too little RAM for a kernel */
	if (!fuzzer_power_on(&l.z, name, machine, seed)) {
		name = "tiny";
		if (!fuzzer_power_on(&l.z, name, preset_text(name), seed))
			bail_out("%s does not boot", name);
	}
	for (l.step = 0; l.step < steps && !violations; l.step++) {
		one_step(&l);
		if (l.step % every == every - 1)
			violations = machine_check(l.z.f.m, NULL, NULL);
		if (violations)
			diag("seed %llu, after %llu steps", (unsigned long long)seed,
			     (unsigned long long)l.step + 1);
	}
	cmp_int(l.z.done, >, steps / 20, "life %llu, of %s: much is done", (unsigned long long)seed,
		name);
	is_sound(l.z.f.m, "at its end");
	if (getenv("FUZZ_JOURNAL"))
		journal_to_file(l.z.journal, getenv("FUZZ_JOURNAL"));
	fuzzer_replays(&l.z);
	for (i = 0; i < OPEN_FILES; i++)
		if (l.open[i])
			tree_release(l.z.f.t, &root, l.open[i]);
	fuzzer_power_off(&l.z);
	text_free(&text);
}

int main(void)
{
	u64 seed = fuzzer_number("FUZZ_SEED", 1), lives = fuzzer_number("FUZZ_LIVES", LIVES),
	    steps = fuzzer_number("FUZZ_STEPS", STEPS), i;

	for (i = 0; i < lives; i++)
		live(seed + i, steps);
	return done_testing();
}
