/*
 * generate_writes.c - what is written to each knob: a table of knobs, a table of inputs that every
 * knob gets, and numbers drawn for it, written in all the ways that numbers are written in.
 *
 * The limits in the table keep the guest alive: min_free_kbytes or a huge page pool as large as the
 * machine would end it, and a machine that dies answers nothing.
 */
#include "tests/oracle/lib/generate.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum kind {
	NUMBER,	 /* any number may be tried */
	CAREFUL, /* numbers up to ->high only, and such as no type holds */
	WORDS,	 /* one of ->words, or a number */
	LIST,	 /* several numbers */
	TRIGGER, /* writing does something: only ->words, which are harmless */
};

struct knob {
	const char *path;
	enum kind kind;
	uint32_t high;
	const char *words; /* separated by blanks */
	const char *machines;
};

#define VM  "proc/sys/vm/"
#define KN  "proc/sys/kernel/"
#define THP "sys/kernel/mm/transparent_hugepage/"
#define KSM "sys/kernel/mm/ksm/"
#define ZSW "sys/module/zswap/parameters/"
#define HP2 "sys/kernel/mm/hugepages/hugepages-2048kB/"
#define MEM "sys/devices/system/memory/"

static const struct knob knobs[] = {
	{ VM "admin_reserve_kbytes", NUMBER, 16384, NULL, NULL },
	{ VM "compact_unevictable_allowed", NUMBER, 1, NULL, NULL },
	{ VM "compaction_proactiveness", NUMBER, 100, NULL, NULL },
	{ VM "dirty_background_bytes", NUMBER, 100000000, NULL, NULL },
	{ VM "dirty_background_ratio", NUMBER, 100, NULL, NULL },
	{ VM "dirty_bytes", NUMBER, 100000000, NULL, NULL },
	{ VM "dirty_expire_centisecs", NUMBER, 6000, NULL, NULL },
	{ VM "dirty_ratio", NUMBER, 100, NULL, NULL },
	{ VM "dirty_writeback_centisecs", NUMBER, 3000, NULL, NULL },
	{ VM "dirtytime_expire_seconds", NUMBER, 86400, NULL, NULL },
	{ VM "drop_caches", NUMBER, 4, NULL, NULL },
	{ VM "extfrag_threshold", NUMBER, 1000, NULL, NULL },
	{ VM "hugetlb_optimize_vmemmap", NUMBER, 1, NULL, NULL },
	{ VM "hugetlb_shm_group", NUMBER, 1000, NULL, NULL },
	{ VM "laptop_mode", NUMBER, 10, NULL, NULL },
	{ VM "legacy_va_layout", NUMBER, 1, NULL, NULL },
	{ VM "lowmem_reserve_ratio", LIST, 512, NULL, NULL },
	{ VM "max_map_count", CAREFUL, 131072, NULL, NULL },
	{ VM "memory_failure_early_kill", NUMBER, 1, NULL, NULL },
	{ VM "memory_failure_recovery", NUMBER, 1, NULL, NULL },
	{ VM "min_free_kbytes", CAREFUL, 90000, NULL, NULL },
	{ VM "min_slab_ratio", NUMBER, 100, NULL, "two-node memoryless" },
	{ VM "min_unmapped_ratio", NUMBER, 100, NULL, "two-node memoryless" },
	{ VM "mmap_min_addr", CAREFUL, 65536, NULL, NULL },
	{ VM "mmap_rnd_bits", NUMBER, 34, NULL, NULL },
	{ VM "mmap_rnd_compat_bits", NUMBER, 18, NULL, NULL },
	{ VM "nr_hugepages", CAREFUL, 12, NULL, NULL },
	{ VM "nr_hugepages_mempolicy", CAREFUL, 12, NULL, "two-node" },
	{ VM "nr_overcommit_hugepages", NUMBER, 64, NULL, NULL },
	{ VM "numa_stat", NUMBER, 1, NULL, "two-node" },
	{ VM "numa_zonelist_order", WORDS, 1, "Node node n default d Zone zone Nodes N", NULL },
	{ VM "oom_dump_tasks", NUMBER, 1, NULL, NULL },
	{ VM "oom_kill_allocating_task", NUMBER, 1, NULL, NULL },
	{ VM "overcommit_kbytes", NUMBER, 4000000, NULL, NULL },
	{ VM "overcommit_memory", CAREFUL, 1, NULL, NULL },
	{ VM "overcommit_ratio", NUMBER, 200, NULL, NULL },
	{ VM "page-cluster", NUMBER, 31, NULL, NULL },
	{ VM "page_lock_unfairness", NUMBER, 10, NULL, NULL },
	{ VM "panic_on_oom", NUMBER, 2, NULL, NULL },
	{ VM "percpu_pagelist_high_fraction", NUMBER, 100, NULL, NULL },
	{ VM "stat_interval", CAREFUL, 10, NULL, NULL },
	{ VM "swappiness", NUMBER, 200, NULL, NULL },
	{ VM "unprivileged_userfaultfd", NUMBER, 1, NULL, NULL },
	{ VM "user_reserve_kbytes", NUMBER, 200000, NULL, NULL },
	{ VM "vfs_cache_pressure", NUMBER, 1000, NULL, NULL },
	{ VM "watermark_boost_factor", NUMBER, 30000, NULL, NULL },
	{ VM "watermark_scale_factor", CAREFUL, 1000, NULL, NULL },
	{ VM "zone_reclaim_mode", NUMBER, 7, NULL, "two-node memoryless" },
	{ KN "numa_balancing", NUMBER, 2, NULL, "two-node one-node" },
	{ KN "numa_balancing_promote_rate_limit_MBps", NUMBER, 65536, NULL, "two-node" },
	{ KN "randomize_va_space", NUMBER, 2, NULL, NULL },
	{ KN "shmmax", NUMBER, 100000000, NULL, NULL },
	{ KN "shmall", NUMBER, 100000000, NULL, NULL },
	{ KN "shmmni", NUMBER, 32768, NULL, NULL },
	{ KN "shm_rmid_forced", NUMBER, 1, NULL, NULL },
	{ THP "enabled", WORDS, 2, "always madvise never Always inherit alwaysx nev", NULL },
	{ THP "defrag", WORDS, 2, "always defer defer+madvise madvise never none", NULL },
	{ THP "shmem_enabled", WORDS, 2, "always within_size advise never deny force huge", NULL },
	{ THP "use_zero_page", NUMBER, 1, NULL, NULL },
	{ THP "khugepaged/alloc_sleep_millisecs", NUMBER, 60000, NULL, NULL },
	{ THP "khugepaged/scan_sleep_millisecs", CAREFUL, 60000, NULL, NULL },
	{ THP "khugepaged/pages_to_scan", NUMBER, 4096, NULL, NULL },
	{ THP "khugepaged/defrag", NUMBER, 1, NULL, NULL },
	{ THP "khugepaged/max_ptes_none", NUMBER, 511, NULL, NULL },
	{ THP "khugepaged/max_ptes_swap", NUMBER, 511, NULL, NULL },
	{ THP "khugepaged/max_ptes_shared", NUMBER, 511, NULL, NULL },
	{ KSM "pages_to_scan", NUMBER, 1000, NULL, NULL },
	{ KSM "sleep_millisecs", NUMBER, 1000, NULL, NULL },
	{ KSM "merge_across_nodes", NUMBER, 1, NULL, NULL },
	{ KSM "max_page_sharing", NUMBER, 256, NULL, NULL },
	{ KSM "use_zero_pages", NUMBER, 1, NULL, NULL },
	{ KSM "stable_node_chains_prune_millisecs", NUMBER, 2000, NULL, NULL },
	{ KSM "run", TRIGGER, 0, "0 1 2 0 3 -1 x 0x1 +1 01", NULL },
	{ "sys/kernel/mm/lru_gen/min_ttl_ms", CAREFUL, 1, NULL, NULL },
	{ "sys/kernel/mm/swap/vma_ra_enabled", WORDS, 1, "true false y n yes on off 1 0 t", NULL },
	{ "sys/kernel/mm/numa/demotion_enabled", WORDS, 1, "true false y n on off 1 0", NULL },
	{ ZSW "accept_threshold_percent", NUMBER, 100, NULL, NULL },
	{ ZSW "max_pool_percent", NUMBER, 100, NULL, NULL },
	{ ZSW "same_filled_pages_enabled", WORDS, 1, "Y N y n 1 0 on off yes no true", NULL },
	{ ZSW "non_same_filled_pages_enabled", WORDS, 1, "Y N y n 1 0 on off", NULL },
	{ ZSW "exclusive_loads", WORDS, 1, "Y N y n 1 0 on off", NULL },
	{ HP2 "nr_hugepages", CAREFUL, 12, NULL, NULL },
	{ HP2 "nr_overcommit_hugepages", NUMBER, 64, NULL, NULL },
	{ MEM "auto_online_blocks", WORDS, 1,
	  "online offline online_kernel online_movable on offlin", NULL },
	{ "sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages", CAREFUL, 8, NULL,
	  "two-node" },
	{ MEM "memory32/state", TRIGGER, 0,
	  "offline online_movable online offline online_kernel offline "
	  "online bad offline onlin online_movable\\n offline",
	  "hotplug" },
	{ MEM "memory33/online", TRIGGER, 0, "0 1 1 0 y on 2 off 0 x", "hotplug" },
	{ "sys/kernel/debug/fault_around_bytes", CAREFUL, 65536, NULL, NULL },
	{ "sys/devices/system/node/node0/compact", TRIGGER, 0, "1 0 abc -1", NULL },
	{ VM "compact_memory", TRIGGER, 0, "1 0 abc -1 1x", NULL },
	{ VM "stat_refresh", TRIGGER, 0, "1 0 abc", NULL },
	{ MEM "soft_offline_page", TRIGGER, 0, "x -1 0xffffffffffff000 18446744073709551616",
	  NULL },
	{ "proc/$p/oom_score_adj", NUMBER, 1000, "-1000 -1001 1001 -17", NULL },
	{ "proc/$p/oom_adj", NUMBER, 15, "-17 -18 16 -16", NULL },
	{ "proc/$p/coredump_filter", NUMBER, 511, "0x1ff 0xffffffff", NULL },
	{ "proc/$p/clear_refs", TRIGGER, 0, "1 2 3 4 5 6 0 -1 x 01 0x1 +1 1x 1\\s \\s1", NULL },
	{ "proc/$p/comm", TRIGGER, 0, "x name \\n", NULL },
};

/* What no knob of any type takes for a number that could hurt. */
static const char *const inputs[] = {
	"",
	"\\n",
	"\\s",
	"\\t\\n",
	"-1",
	"+1",
	"1x",
	"x1",
	"abc",
	"1 2",
	"1\\n2",
	"0x",
	"0x1",
	"01",
	"\\s1",
	"1\\s",
	"1\\n",
	"1\\0",
	"1\\t",
	"0",
	"1",
	"-0",
	"00",
	"1.5",
	"1,2",
	"1e2",
	"--1",
	"'1'",
	"\\xff",
	"\\0",
	"\\x7f1",
	"REP(0,40)",
	"REP(9,40)",
	"REP(x,300)",
	"18446744073709551616",
	"-9223372036854775809",
	"99999999999999999999999",
};

/* Numbers at the ends of types: not for the careful ones. */
static const char *const ends[] = {
	"2147483647",		"2147483648",  "4294967295",	      "4294967296",
	"-2147483648",		"-2147483649", "9223372036854775807", "9223372036854775808",
	"18446744073709551615", "0x7fffffff",
};

static void put_number(FILE *out, struct draw *d, uint32_t value)
{
	switch (draw_below(d, 12)) {
	case 0:
		fprintf(out, "0x%" PRIx32, value);
		break;
	case 1:
		fprintf(out, "0%" PRIo32, value);
		break;
	case 2:
		fprintf(out, "-%" PRIu32, value);
		break;
	case 3:
		fprintf(out, "\\s\\s%" PRIu32, value);
		break;
	case 4:
		fprintf(out, "+%" PRIu32, value);
		break;
	default:
		fprintf(out, "%" PRIu32, value);
	}
	switch (draw_below(d, 10)) {
	case 0:
		fprintf(out, "K");
		break;
	case 1:
		fprintf(out, "\\s%" PRIu32, draw_below(d, 100));
		break;
	case 2:
		fprintf(out, "\\0");
		break;
	case 3:
	case 4:
		break;
	default:
		fprintf(out, "\\n");
	}
}

static uint32_t draw_value(struct draw *d, const struct knob *k)
{
	uint32_t high = k->high ? k->high : 1;

	switch (draw_below(d, 6)) {
	case 0:
		return k->high;
	case 1:
		return k->kind == CAREFUL ? k->high - 1 : k->high + 1;
	case 2:
		return draw_below(d, 4) < high ? draw_below(d, high < 4 ? high + 1 : 4) : 0;
	case 3:
		return k->kind == CAREFUL ? draw_below(d, high + 1) : draw_below(d, 2 * high + 2);
	default:
		return draw_below(d, high + 1);
	}
}

struct writer {
	FILE *out;
	const char *path;
	unsigned int nr;
	const char *machines;
};

static void begin_try(struct writer *w)
{
	fprintf(w->out, "case write:%s:%u%s%s\n%s\ttry %s ", w->path, w->nr++,
		w->machines ? " on " : "", w->machines ? w->machines : "",
		strchr(w->path, '$') ? "\tprocess p\n" : "", w->path);
}

static void try_words(struct writer *w, const char *words)
{
	const char *end;

	for (; words && *words; words = *end ? end + 1 : end) {
		for (end = words; *end && *end != ' '; end++)
			;
		begin_try(w);
		fprintf(w->out, "%.*s\n", (int)(end - words), words);
	}
}

static void try_lists(struct writer *w, struct draw *d, const struct knob *k)
{
	unsigned int i, n;

	for (i = 0; i < 12; i++) {
		begin_try(w);
		for (n = 1 + draw_below(d, 6); n; n--)
			fprintf(w->out, "%s%" PRIu32 "%s", draw_below(d, 8) ? "" : "-",
				draw_below(d, k->high), draw_below(d, 3) ? "\\s" : "\\t");
		fprintf(w->out, "\n");
	}
}

/*
 * The whole of the fixed table goes to two machines only, half to each: a sysctl does not depend on
 * how many nodes there are, and the guest's time is short. Drawn numbers go everywhere they are
 * for.
 */
static void try_knob(struct writer *w, struct draw *d, const struct knob *k)
{
	const char *wide = k->machines ? k->machines : "one-node two-node hugetlb";
	size_t i;

	w->path = k->path;
	w->nr = 0;
	w->machines = k->machines ? k->machines : "one-node";
	try_words(w, k->words);
	if (k->kind == TRIGGER)
		return;
	for (i = 0; i < COUNT(inputs); i++) {
		if (!k->machines)
			w->machines = i & 1 ? "one-node" : "two-node";
		begin_try(w);
		fprintf(w->out, "%s\n", inputs[i]);
	}
	for (i = 0; i < COUNT(ends) && k->kind != CAREFUL; i++) {
		begin_try(w);
		fprintf(w->out, "%s\n", ends[i]);
	}
	w->machines = wide;
	if (k->kind == LIST)
		try_lists(w, d, k);
	for (i = 0; i < 8; i++) {
		begin_try(w);
		put_number(w->out, d, draw_value(d, k));
		fprintf(w->out, "\n");
	}
}

void generate_writes(FILE *out, struct draw *d)
{
	struct writer w = { .out = out };
	size_t i;

	fprintf(out, "area writes\n");
	for (i = 0; i < COUNT(knobs); i++)
		if (!knobs[i].machines && !strchr(knobs[i].path, '$'))
			fprintf(out, "watch %s\n", knobs[i].path);
	for (i = 0; i < COUNT(knobs); i++)
		try_knob(&w, d, &knobs[i]);
}
