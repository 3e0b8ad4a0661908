/*
 * From options to a machine with its tree: boot it, or rebuild it from its journal.
 */
#include "fs/cmd_common.h"

#include "fs/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
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

static int boot(const struct options *o, const struct machine_source *s, struct powered *p)
{
	int error;

	p->m = machine_source_boot(s, stderr);
	if (!p->m)
		return EX_CONFIG;
	p->tree = tree_create(p->m);
	if (!p->tree)
		return complain(o, EX_SOFTWARE, "the tree cannot be made");
	error = machine_source_furnish(s, p->tree, stderr);
	if (error)
		return EX_DATAERR;
	p->journal = journal_create(p->tree, s);
	if (!p->journal)
		return complain(o, EX_OSERR, "%s", strerror(ENOMEM));
	if (o->journal) {
		error = journal_to_file(p->journal, o->journal);
		if (error)
			return complain(o, EX_CANTCREAT, "--journal %s: %s", o->journal, strerror(-error));
	}
	return 0;
}

int power_on(const struct options *o, bool paused, struct powered *p)
{
	struct machine_source source;
	int status;

	memset(p, 0, sizeof(*p));
	status = load_source(o, &source);
	if (!status)
		status = boot(o, &source, p);
	machine_source_free(&source);
	if (status) {
		power_off(p);
		return status;
	}
	p->m->clock.mode = paused ? CLOCK_PAUSED : CLOCK_REALTIME;
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
