/*
 * From options to a machine with its tree: boot it, or rebuild it from its journal.
 */
#include "fs/cmd_common.h"

#include "fs/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#define DEFAULT_PRESET "laptop"
#define MACHINE_FILE_MAX (1u << 20)

/* A whole small file as a string; NULL with errno. */
static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	struct text t;
	size_t n;
	char *to;

	if (!f)
		return NULL;
	text_init(&t);
	errno = 0;
	do {
		to = text_reserve(&t, 4096);
		n = to ? fread(to, 1, 4096, f) : 0;
		t.length += n;
	} while (n && t.length < MACHINE_FILE_MAX);
	text_char(&t, '\0');
	if (!ferror(f) && n)
		errno = EFBIG;
	if (ferror(f) || n || text_error(&t))
		text_free(&t);
	fclose(f);
	return t.data;
}

/* A name with a slash is a file in any case; without one, a preset goes before a file. */
static int load_source(const struct options *o, struct machine_source *s)
{
	const char *name = o->machine ? o->machine : DEFAULT_PRESET;
	const char *preset = strchr(name, '/') ? NULL : preset_text(name);

	memset(s, 0, sizeof(*s));
	s->machine = preset ? strdup(preset) : read_file(name);
	if (!s->machine)
		return complain(o, EX_NOINPUT, "--machine %s: neither a preset nor a file that can be read: %s",
				name, strerror(errno));
	s->name = strdup(name);
	s->cmdline = strdup(o->cmdline ? o->cmdline : "");
	return s->name && s->cmdline ? 0 : complain(o, EX_OSERR, "%s", strerror(ENOMEM));
}

/* The machine of @s with its tree, as it is just after boot, and a journal that records nothing yet. */
static int boot(const struct options *o, const struct machine_source *s, struct powered *p)
{
	p->m = machine_source_boot(s, stderr);
	if (!p->m)
		return EX_CONFIG;
	p->tree = tree_create(p->m);
	if (!p->tree)
		return complain(o, EX_SOFTWARE, "the tree cannot be made");
	if (machine_source_furnish(s, p->tree, stderr))
		return EX_DATAERR;
	p->journal = journal_create(p->tree, s);
	return p->journal ? 0 : complain(o, EX_OSERR, "%s", strerror(ENOMEM));
}

static int boot_anew(const struct options *o, struct powered *p)
{
	struct machine_source source;
	int status = load_source(o, &source), error = 0;

	if (!status)
		status = boot(o, &source, p);
	machine_source_free(&source);
	if (!status && o->journal)
		error = journal_to_file(p->journal, o->journal);
	return error ? complain(o, EX_CANTCREAT, "--journal %s: %s", o->journal, strerror(-error)) : status;
}

/* Go on where the journal ends, after a clean end or kill -9. */
static int boot_from_journal(const struct options *o, struct powered *p)
{
	struct replay_file f;
	int status = replay_load(&f, o->journal, stderr), error;

	if (status)
		return status;
	if (o->machine && strcmp(o->machine, f.source.name) != 0)
		status = complain(o, EX_USAGE, "--journal %s: it is of machine %s, not %s", o->journal,
				  f.source.name, o->machine);
	if (!status)
		status = boot(o, &f.source, p);
	if (!status) {
		journal_suspend(p->journal, true);
		error = replay_remember(&f, p->journal);
		if (!error)
			error = replay_run(&f, p->tree, UINT64_MAX, stderr);
		journal_suspend(p->journal, false);
		p->m = tree_machine(p->tree);
		if (!error)
			error = journal_continue_file(p->journal, o->journal, f.keep);
		if (error)
			status = complain(o, EX_DATAERR, "--journal %s: it cannot be continued: %s",
					  o->journal, strerror(-error));
	}
	replay_unload(&f);
	return status;
}

static bool has_journal(const struct options *o)
{
	struct stat st;

	return o->journal && !stat(o->journal, &st) && st.st_size > 0;
}

int power_on(const struct options *o, bool paused, struct powered *p)
{
	const char *mode = paused ? "pause\n" : "realtime\n";
	int status;

	memset(p, 0, sizeof(*p));
	status = has_journal(o) ? boot_from_journal(o, p) : boot_anew(o, p);
	if (status) {
		power_off(p);
		return status;
	}
	/* through the tree, so that a replay knows how the clock went */
	(void)tree_write_file(p->tree, "sim/clock", mode, strlen(mode));
	return 0;
}

/* The tree may have another machine than at the start: a rewind changes it. */
void power_off(struct powered *p)
{
	struct machine *m = p->tree ? tree_machine(p->tree) : p->m;

	if (p->journal)
		journal_destroy(p->journal);
	tree_destroy(p->tree);
	if (m)
		machine_destroy(m);
	memset(p, 0, sizeof(*p));
}
