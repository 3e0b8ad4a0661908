/*
 * What knobs and sysfs files say on a machine that has just booted, against four real ones: values
 * to the byte (tests/data/values.tsv: MACHINES PATH TEXT NAMES), statistics by their layout
 * (tests/data/sys).
 */
#include "tests/fixture.h"
#include "tests/identities.h"
#include "tests/reference.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

enum { MACHINES, PATH, TEXT, NAMES };

struct suite {
	struct fixture f;
	u32 checked, wrong;
};

/* \n and \t as they stand in the table */
static void escape(const char *text, char *out, size_t room)
{
	size_t n = 0;

	for (; *text && n + 3 < room; text++) {
		if (*text == '\n' || *text == '\t') {
			out[n++] = '\\';
			out[n++] = *text == '\n' ? 'n' : 't';
		} else {
			out[n++] = *text;
		}
	}
	out[n] = '\0';
}

static void check_value(void *arg, char **columns, const char *name)
{
	struct suite *s = arg;
	const char *path = reference_name(columns[PATH], name);
	char got[512];

	escape(fixture_read(&s->f, path), got, sizeof(got));
	s->checked++;
	if (!strcmp(got, columns[TEXT]))
		return;
	diag("%s is %s, not %s", path, got, columns[TEXT]);
	s->wrong++;
}

static const struct {
	const char *path, *file;
} layouts[] = {
	{ "sys/devices/system/node/node0/meminfo", "node0-meminfo" },
	{ "sys/devices/system/node/node0/numastat", "node0-numastat" },
	{ "sys/devices/system/node/node0/vmstat", "node0-vmstat" },
	{ "sys/devices/system/node/node1/meminfo", "node1-meminfo" },
	{ "sys/devices/system/node/node1/numastat", "node1-numastat" },
	{ "sys/devices/system/node/node1/vmstat", "node1-vmstat" },
	{ "sys/fs/cgroup/memory.stat", "memory.stat" },
	{ "sys/fs/cgroup/memory.numa_stat", "memory.numa_stat" },
	{ "sys/kernel/debug/bdi/254:0/stats", "bdi-stats" },
	{ "sys/kernel/debug/extfrag/extfrag_index", "extfrag_index" },
	{ "sys/kernel/debug/extfrag/unusable_index", "unusable_index" },
	{ "sys/kernel/debug/lru_gen", "lru_gen" },
	{ "sys/kernel/debug/lru_gen_full", "lru_gen_full" },
};

static void check_layouts(struct suite *s, const char *machine)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		char *want =
			file_text(fixture_format("tests/data/sys/%s/%s", machine, layouts[i].file));

		if (want)
			ok(same_layout(fixture_read(&s->f, layouts[i].path), want),
			   "%s: %s is laid out as on the real machine", machine, layouts[i].path);
		free(want);
	}
}

int main(void)
{
	char *values = file_text("tests/data/values.tsv");
	struct suite s;
	u32 i;

	if (!values)
		bail_out("no reference: tests/data/values.tsv");
	for (i = 0; i < ARRAY_SIZE(reference_machines); i++) {
		const char *machine = reference_machines[i];

		memset(&s, 0, sizeof(s));
		if (!fixture_open(&s.f, machine, NULL))
			bail_out("%s", s.f.why);
		reference_rows(values, (char)('1' + i), NAMES, check_value, &s);
		is_int(s.wrong, 0, "%s: %u files say what they say on the real machine", machine,
		       s.checked);
		check_layouts(&s, machine);
		check_identities(s.f.t, fixture_format("%s after boot", machine));
		fixture_close(&s.f);
	}
	free(values);
	return done_testing();
}
