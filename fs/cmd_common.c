/*
 * From options to a machine with its tree: boot it, or rebuild it from its journal.
 */
#include "fs/cmd_common.h"

#include "fs/hold.h"
#include "fs/replay.h"
#include "fs/sim/disk.h"
#include "fs/twin/twin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#define DEFAULT_PRESET "laptop"
#define FILE_MAX       (1u << 30)

/* A whole file, and a zero behind it. 0 or -errno. */
static int read_file(const char *path, struct text *out)
{
	FILE *f = fopen(path, "re");
	size_t n;
	char *to;
	int error = 0;

	if (!f)
		return -errno;
	do {
		errno = 0;
		to = text_reserve(out, 65536);
		n = to ? fread(to, 1, 65536, f) : 0;
		out->length += n;
	} while (n && out->length < FILE_MAX);
	if (ferror(f))
		error = errno ? -errno : -EIO;
	else if (n)
		error = -EFBIG;
	fclose(f);
	text_char(out, '\0');
	return error ? error : text_error(out) ? -ENOMEM : 0;
}

/* Takes the text over as a string. */
static char *take_text(struct text *t)
{
	char *data = t->data;

	text_init(t);
	return data;
}

/* A name with a slash is a file in any case; without one, a preset goes before a file. */
static int load_machine(const struct options *o, struct machine_source *s)
{
	const char *name = o->machine ? o->machine : DEFAULT_PRESET;
	const char *preset = strchr(name, '/') ? NULL : preset_text(name);
	struct text text;
	int error = 0;

	text_init(&text);
	if (preset) {
		text_str(&text, preset);
		text_char(&text, '\0');
	} else {
		error = read_file(name, &text);
	}
	if (error) {
		text_free(&text);
		return complain(o, EX_NOINPUT,
				"--machine %s: neither a preset nor a file that can be read: %s",
				name, strerror(-error));
	}
	s->machine = take_text(&text);
	s->name = strdup(name);
	return 0;
}

/* The machine of a capture: of this host now, or of a file. */
static int load_twin(const struct options *o, struct machine_source *s)
{
	struct text capture, machine;
	int error, status = 0;

	text_init(&capture);
	text_init(&machine);
	error = o->like ? twin_capture_load(o->like, &capture, stderr) :
			  twin_capture(&capture, stderr);
	if (!error && twin_machine_file(capture.data, capture.length, &machine, stderr))
		error = -EINVAL;
	if (error == -EINVAL)
		status = EX_DATAERR; /* it was told */
	else if (error)
		status = complain(o, EX_NOINPUT, "%s: %s", o->like ? o->like : "--like-host",
				  strerror(-error));
	text_char(&machine, '\0');
	if (!status && (text_error(&capture) || text_error(&machine)))
		status = complain(o, EX_OSERR, "%s", strerror(ENOMEM));
	if (!status) {
		s->name = strdup(o->like ? o->like : "host");
		s->capture_size = capture.length;
		s->capture = take_text(&capture);
		s->machine = take_text(&machine);
	}
	text_free(&capture);
	text_free(&machine);
	return status;
}

static int load_source(const struct options *o, struct machine_source *s)
{
	int status;

	memset(s, 0, sizeof(*s));
	status = o->like || o->like_host ? load_twin(o, s) : load_machine(o, s);
	if (status)
		return status;
	s->cmdline = strdup(o->cmdline ? o->cmdline : "");
	return s->name && s->machine && s->cmdline ? 0 :
						     complain(o, EX_OSERR, "%s", strerror(ENOMEM));
}

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

static int take_disk(const struct options *o, struct powered *p, bool again)
{
	char why[DISK_PATH_MAX + 1];
	int error = again ? disk_resume(p->tree, o->disk, why) : disk_import(p->tree, o->disk, why);

	return !error ? 0 :
			complain(o,
				 error == -ENOSPC ? EX_CONFIG :
				 error == -EBUSY  ? EX_TEMPFAIL :
						    EX_NOINPUT,
				 "--disk %s%s: %s", o->disk, why,
				 error == -ENOSPC ? "the machine's disk is too small for it" :
				 error == -EBUSY  ? "another machine uses it" :
						    strerror(-error));
}

static int journal_is_held(const struct options *o)
{
	return complain(o, EX_TEMPFAIL, "--journal %s: another machine writes it", o->journal);
}

static int boot_new(const struct options *o, struct powered *p)
{
	struct machine_source source;
	int status = load_source(o, &source), error;

	if (!status)
		status = boot(o, &source, p);
	machine_source_free(&source);
	if (!status && o->disk)
		status = take_disk(o, p, false);
	if (status || !o->journal)
		return status;
	error = journal_to_file(p->journal, o->journal);
	if (error == -EBUSY)
		return journal_is_held(o);
	return error ? complain(o, EX_CANTCREAT, "--journal %s: %s", o->journal, strerror(-error)) :
		       0;
}

static bool is_other_machine(const struct options *o, const struct machine_source *s)
{
	return (o->machine && strcmp(o->machine, s->name)) ||
	       (o->cmdline && strcmp(o->cmdline, s->cmdline)) || o->like || o->like_host;
}

/* The machine goes on where its journal ended, well or by kill -9. */
static int boot_again(const struct options *o, struct powered *p)
{
	struct replay_file f;
	int status, error = hold_try(o->journal);

	if (error == -EBUSY)
		return journal_is_held(o);
	status = replay_load(&f, o->journal, stderr);
	if (status)
		return status;
	if (is_other_machine(o, &f.source))
		status =
			complain(o, EX_USAGE,
				 "--journal %s: it is of machine '%s', with kernel parameters '%s'",
				 o->journal, f.source.name, f.source.cmdline);
	if (!status && replay_has_disk(&f) && !o->disk)
		status = complain(
			o, EX_USAGE,
			"--journal %s: its machine has its files in a --disk DIR, of which it has names "
			"and sizes, not the bytes: say which",
			o->journal);
	if (!status && o->disk && !replay_has_disk(&f))
		status = complain(
			o, EX_USAGE,
			"--journal %s: its machine has its files in %s.data, not in a --disk",
			o->journal, o->journal);
	if (!status)
		status = boot(o, &f.source, p);
	if (!status) {
		journal_suspend(p->journal, true);
		error = replay_remember(&f, p->journal);
		if (!error)
			error = replay_run(&f, p->tree, UINT64_MAX, stderr);
		journal_suspend(p->journal, false);
		if (!error)
			error = journal_continue_file(p->journal, o->journal, f.keep);
		/* who had files of the disk open is gone */
		if (!error)
			journal_close_files(p->journal, p->tree);
		if (error == -EBUSY)
			status = journal_is_held(o);
		else if (error)
			status = complain(o, EX_DATAERR, "--journal %s: it cannot be continued: %s",
					  o->journal, strerror(-error));
	}
	if (!status && o->disk)
		status = take_disk(o, p, true);
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
	bool again = has_journal(o);
	int status;

	memset(p, 0, sizeof(*p));
	status = again ? boot_again(o, p) : boot_new(o, p);
	if (status) {
		power_off(p);
		return status;
	}
	p->m = tree_machine(p->tree);
	/* through the tree, so that the journal has it; one that goes on keeps its clock's mode */
	if (!again)
		tree_write_file(p->tree, "sim/clock", mode, strlen(mode));
	return 0;
}

/* The tree may have another machine than at the start: a rewind changes it. */
void power_off(struct powered *p)
{
	struct machine *m = p->tree ? tree_machine(p->tree) : p->m;

	journal_destroy(p->journal);
	tree_destroy(p->tree);
	if (m)
		machine_destroy(m);
	memset(p, 0, sizeof(*p));
}
