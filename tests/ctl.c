/* ctl.c - driving the laboratory in-process. */
#include "tests/ctl.h"

#include <mman/lab.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/dump.h"
#include "tests/tap.h"

static const struct caller root;

int ctl_mkdir(struct fixture *f, const char *name)
{
	u64 dir, ino;
	int error = tree_walk(f->t, &root, "sim/procs", &dir);

	return error ? error : tree_mkdir(f->t, &root, dir, name, &ino);
}

int ctl_rmdir(struct fixture *f, const char *name)
{
	u64 dir;
	int error = tree_walk(f->t, &root, "sim/procs", &dir);

	return error ? error : tree_rmdir(f->t, &root, dir, name);
}

ssize_t ctl_put(struct fixture *f, const char *name, const char *text)
{
	return fixture_write(f, fixture_format("sim/procs/%s/ctl", name), text);
}

static const char *read_line(struct fixture *f, const char *path)
{
	if (fixture_error(f, path) < 0)
		return "(cannot be read)";
	if (f->text.length && f->text.data[f->text.length - 1] == '\n')
		f->text.length--;
	text_char(&f->text, '\0');
	return f->text.data;
}

const char *ctl_read(struct fixture *f, const char *name, const char *file)
{
	return read_line(f, fixture_format("sim/procs/%s/%s", name, file));
}

u32 ctl_pid(struct fixture *f, const char *name)
{
	unsigned int pid = 0;

	return sscanf(ctl_read(f, name, "pid"), "%u", &pid) == 1 ? pid : 0;
}

s64 ctl_meminfo(struct fixture *f, const char *key)
{
	return text_value(fixture_read(f, "proc/meminfo"), key);
}

s64 ctl_vmstat(struct fixture *f, const char *key)
{
	return text_value(fixture_read(f, "proc/vmstat"), key);
}

/* One process: mappings and what is resident. Time passes also for a command that fails. */
static void process_state(struct fixture *f, handle_t lab, struct text *out)
{
	static const char *const files[] = { "maps",	  "smaps", "statm",  "limits",
					     "oom_score", "comm",  "cmdline" };
	const struct lab_process *l = lab_at(f->m, lab);
	size_t i;

	text_printf(out, "%s %s\n", l->name,
		    fixture_read(f, fixture_format("sim/procs/%s/status", l->name)));
	text_str(out, fixture_read(f, fixture_format("sim/procs/%s/regions", l->name)));
	for (i = 0; i < ARRAY_SIZE(files) && !l->ended; i++)
		text_str(out, fixture_read(f, fixture_format("proc/%u/%s", l->pid, files[i])));
	if (!l->ended)
		text_printf(out, "uid %u nice %d loads %d\n", task_at(f->m, l->task)->uid,
			    task_at(f->m, l->task)->nice, lab_has_load(f->m, l->task));
}

void ctl_state(struct fixture *f, struct text *out)
{
	static const char *const files[] = { "proc/meminfo",   "proc/vmstat",	"proc/slabinfo",
					     "proc/buddyinfo", "proc/zoneinfo", "proc/swaps",
					     "sim/lru" };
	handle_t lab;
	size_t i;

	text_reset(out);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		text_printf(out, "== %s\n", files[i]);
		text_str(out, fixture_read(f, files[i]));
	}
	for (lab = lab_first(f->m); lab; lab = lab_next(f->m, lab)) {
		text_printf(out, "\n== process %s\n", lab_at(f->m, lab)->name);
		process_state(f, lab, out);
	}
}

static void one_case(struct fixture *f, const char *path, const struct ctl_case *c)
{
	struct text before, after;
	const char *said, *difference;
	char where[256];
	ssize_t n;

	text_init(&before);
	text_init(&after);
	if (c->error)
		ctl_state(f, &before);
	n = tree_write_file(f->t, path, c->line, strlen(c->line));
	if (!c->error) {
		is_int(n, strlen(c->line), "%s: '%s' is done", path, c->line);
	} else {
		is_err(n, c->error, "%s: '%.60s' is refused", path, c->line);
		ctl_state(f, &after);
		difference = dump_difference(&before, &after, where, sizeof(where));
		ok(!difference, "and changes nothing (%s)",
		   difference ? difference : "all as before");
	}
	said = read_line(f, path);
	ok(*said && !strchr(said, '\n') && f->text.length < 600, "it leaves one readable line");
	if (c->error)
		ok(strstr(said, strerrorname_np(-c->error)), "which names the error: %s", said);
	if (c->said)
		like(said, c->said, "and says: %s", said);
	text_free(&before);
	text_free(&after);
}

void ctl_cases(struct fixture *f, const char *path, const struct ctl_case *cases, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		one_case(f, path, &cases[i]);
}
