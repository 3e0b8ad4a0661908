/* mmanfs replay FILE [--print PATH]...: play a journal without a mount, at full speed. */
#include "fs/options.h"
#include "fs/replay.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int print_file(const struct options *o, struct tree *t, const char *path)
{
	struct text out;
	int error;

	while (*path == '/')
		path++;
	text_init(&out);
	error = tree_read_file(t, path, &out);
	if (!error)
		fwrite(out.data, 1, out.length, stdout);
	text_free(&out);
	return error ? complain(o, EX_NOINPUT, "--print %s: %s", path, strerror(-error)) : 0;
}

static int play(const struct options *o, const struct replay_file *f, struct tree *t)
{
	int status = 0, i;

	if (replay_run(f, t, UINT64_MAX, stderr))
		return EX_DATAERR;
	for (i = 0; i < o->nr_print && !status; i++)
		status = print_file(o, t, o->print[i]);
	return status;
}

int cmd_replay(const struct options *o)
{
	struct journal *j = NULL;
	struct machine *m = NULL;
	struct tree *t = NULL;
	struct replay_file f;
	int status = replay_load(&f, o->args[0], stderr);

	if (status)
		return status;
	status = EX_DATAERR;
	m = machine_source_boot(&f.source, stderr);
	if (m)
		t = tree_create(m);
	if (t && !machine_source_furnish(&f.source, t, stderr)) {
		/* sim/journal and reboot want to know where the machine came from */
		j = journal_create(t, &f.source);
		if (j) {
			journal_suspend(j, true);
			status = replay_remember(&f, j) ? EX_OSERR : play(o, &f, t);
		}
	}
	if (t)
		m = tree_machine(t);
	journal_destroy(j);
	tree_destroy(t);
	machine_destroy(m);
	replay_unload(&f);
	return status;
}
