/*
 * docs/knobs.md says of every writable file which values it takes and whether anything depends on
 * it. It is printed from the tables that the files are made of:
 *
 *	build/tests/tree/knobs_doc --print >docs/knobs.md
 *
 * Without an argument this is a test that the document is up to date.
 */
#include "tests/fixture.h"
#include "tests/tap.h"

#include "fs/knob.h"
#include "fs/sys/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char heading[] =
	"<!-- Printed by build/tests/tree/knobs_doc --print from the tables in fs/. Do not edit. -->\n"
	"\n"
	"# Knobs: which ones act, and which only hold\n"
	"\n"
	"Every file below takes and refuses what Linux 6.1 does, keeps the value, and reads back as there.\n"
	"**acts**: the simulated machine depends on it. *holds*: nothing in it does.\n"
	"A name in capitals or N stands for each of a kind.\n"
	"\n"
	"How a file reads what is written to it (`fs/parse.h` has the details):\n"
	"\n"
	"- *sysctl*: blanks around the number, base 0 (`0x10`, `010`), no `+`; what follows a blank is left over\n"
	"- *sysfs*: base 10, one newline at the end, no blanks; *parameter*: the same in base 0\n"
	"- *bool*: `y` `n` `on` `off` `true` `false` `1` `0`, by their first letters\n"
	"- *one of its words*: exactly that word; reading shows them all, the current one in brackets\n"
	"- *anything*: whatever is written starts the action\n"
	"- *its own*: see the last column\n"
	"\n"
	"Where the engine behind a file is missing altogether the write fails, and changes nothing:\n"
	"`memory.reclaim` (EAGAIN), `cpuN/online` and `power/state` (EBUSY).\n"
	"What `dirty_*` and `laptop_mode` do is told in writeback.md. Every device also has\n"
	"`uevent` (takes an action: add, change ...) and, in `power/`, `async` and `control`: they hold.\n"
	"`sys/kernel/mm/page_idle/bitmap` acts. The files of processes are described in proc(5).\n"
	"\n"
	"## Files that never change\n"
	"\n"
	"What a file shows is computed from the machine when it is read. These stay as they are, for want of what they would count or name:\n"
	"\n"
	"| Files | because |\n"
	"|---|---|\n"
	"| `proc/net`, `proc/PID/net`, `sys/class/net` | there is no network: a loopback device that was never brought up, all counts 0 |\n"
	"| `proc/softirqs` | none are simulated: 0. `proc/interrupts` counts the timer, the disk and calls between CPUs, its other lines are 0 |\n"
	"| `proc/locks`, `proc/sysvipc`, `proc/modules` | empty: no simulated process makes such calls, and all is built in |\n"
	"| `sys/class/hwmon`, `power_supply`, `thermal` | empty: there are no sensors |\n"
	"| the counters of `sys/kernel/mm/ksm` and `sys/kernel/debug/zswap`; `thp_*`, `ksm_*`, `cow_ksm`, `zswp*`, `balloon_*`, `pgdemote_*`, `direct_map_*` of `proc/vmstat` | what would count there is not built: 0 (a twin: what its original had) |\n"
	"| most of `sys/block/DISK/queue` and `cpuN/cache`; `proc/filesystems`, `proc/devices`, `proc/version` and the like | they name hardware and a kernel of fixed make |\n"
	"| settings of `proc/sys/kernel` and `proc/sys/fs` that only a twin has (`core_pattern`, `watchdog` ...: fs/proc/sys_held.h) | its original had them; they keep what is written, and nothing acts upon them |\n";

/* ---- what a knob takes ---- */

static void show_range(const struct knob *k, struct text *out)
{
	u32 i;

	switch (k->parser) {
	case KNOB_WORD:
		for (i = 0; i < k->count; i++)
			text_printf(out, "%s%s", i ? ", " : "", k->words[i]);
		return;
	case KNOB_INT:
	case KNOB_SYSFS_INT:
		if (k->min == INT32_MIN && k->max == INT32_MAX)
			return;
		if (k->max == INT32_MAX)
			text_printf(out, "from %lld", (long long)k->min);
		else
			text_printf(out, "%lld to %lld", (long long)k->min, (long long)k->max);
		return;
	case KNOB_ULONG:
	case KNOB_SYSFS:
	case KNOB_SYSFS_UINT:
		if (k->max >= INT64_MAX || (k->width == 4 && k->max >= UINT32_MAX) ||
		    (k->max >= INT64_MAX / HZ && k->min == 0)) {
			if (k->min)
				text_printf(out, "from %lld", (long long)k->min);
			return;
		}
		text_printf(out, "%lld to %llu", (long long)k->min, (unsigned long long)k->max);
		return;
	default:
		return;
	}
}

/* ---- walking the tables ---- */

struct path {
	const struct path *above;
	const char *name;
	const struct directory *dir;
};

static void show_path(const struct path *p, struct text *out)
{
	if (p->above) {
		show_path(p->above, out);
		if (p->above->above)
			text_char(out, '/');
	}
	text_str(out, p->name);
}

/* Of all writable files, those that every device has are told of once, in the heading. */
static const struct knob *documented_knob(const struct attribute *a)
{
	return a->store && strcmp(a->name, "uevent") ? knob_of(a) : NULL;
}

static bool has_knobs(const struct directory *dir)
{
	u32 i;

	for (i = 0; i < dir->nr_attrs; i++)
		if (documented_knob(&dir->attrs[i]))
			return true;
	return false;
}

static void show_table(const struct path *p, struct text *out)
{
	u32 i;

	text_str(out, "\n## ");
	show_path(p, out);
	text_str(out, "\n\n| file | takes | range | | what it does |\n|---|---|---|---|---|\n");
	for (i = 0; i < p->dir->nr_attrs; i++) {
		const struct attribute *a = &p->dir->attrs[i];
		const struct knob *k = documented_knob(a);

		if (!k)
			continue;
		text_printf(out, "| %s | %s | ", a->name, knob_family(k));
		show_range(k, out);
		text_printf(out, " | %s | %s |\n", k->effect == ACTS ? "**acts**" : "*holds*",
			    k->help);
	}
}

static bool is_above(const struct path *p, const struct directory *dir)
{
	for (; p; p = p->above)
		if (p->dir == dir)
			return true;
	return false;
}

/* A dynamic type is called by the last part of its name: "memory/memoryN" is memoryN. */
static const char *dynamic_name(const struct directory *dir)
{
	const char *slash = strrchr(dir->name, '/');

	return slash ? slash + 1 : dir->name;
}

static void walk(const struct path *p, struct text *out)
{
	u32 i;

	if (has_knobs(p->dir))
		show_table(p, out);
	for (i = 0; i < p->dir->nr_subdirs; i++) {
		struct path child = { p, p->dir->subdirs[i].name, p->dir->subdirs[i].dir };

		if (child.dir->attrs != power_attrs)
			walk(&child, out);
	}
	for (i = 0; p->dir->dynamic && p->dir->dynamic[i]; i++) {
		struct path child = { p, dynamic_name(p->dir->dynamic[i]), p->dir->dynamic[i] };

		if (!is_above(p, child.dir) && !child.dir->rows_only)
			walk(&child, out);
	}
}

int main(int argc, char **argv)
{
	struct path root = { NULL, "", &root_directory };
	struct text doc;
	char *kept;

	text_init(&doc);
	text_str(&doc, heading);
	walk(&root, &doc);
	text_char(&doc, '\0');
	if (argc > 1 && !strcmp(argv[1], "--print")) {
		fputs(doc.data, stdout);
		text_free(&doc);
		return 0;
	}
	kept = file_text("docs/knobs.md");
	if (!ok(kept && !strcmp(kept, doc.data), "docs/knobs.md is what the tables say"))
		diag("build/tests/tree/knobs_doc --print >docs/knobs.md");
	free(kept);
	text_free(&doc);
	return done_testing();
}
