/*
 * replay_file.c - a journal's file: header, sources, where its lines begin and which are whole.
 */
#include "fs/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "fs/parse.h"

#define FIRST_LINE "# mmanfs journal "
#define LINES_MARK "# lines\n"

static int complain_at(const struct replay_file *f, FILE *err, u64 line, const char *why)
{
	fprintf(err, "%s:%llu: %s\n", f->name, (unsigned long long)line, why);
	return EX_DATAERR;
}

/* All of @fd, which may be a pipe, with a zero behind it. 0 or -errno. */
static int read_all(struct replay_file *f, int fd)
{
	struct stat st;
	size_t room;
	ssize_t n;

	if (fstat(fd, &st))
		return -errno;
	room = S_ISREG(st.st_mode) ? (size_t)st.st_size + 2 : 65536;
	for (;;) {
		char *text = realloc(f->text, room);

		if (!text)
			return -ENOMEM;
		f->text = text;
		n = read(fd, f->text + f->size, room - 1 - f->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		f->size += (size_t)n;
		if (f->size == room - 1)
			room *= 2;
	}
	f->text[f->size] = '\0';
	return n < 0 ? -errno : 0;
}

static int read_whole(struct replay_file *f, const char *path, FILE *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;

	if (fd < 0) {
		fprintf(err, "%s: %s\n", path, strerror(errno));
		return EX_NOINPUT;
	}
	error = read_all(f, fd);
	close(fd);
	if (error)
		fprintf(err, "%s: %s\n", path, strerror(-error));
	return error == -EISDIR ? EX_NOINPUT : error ? EX_IOERR : 0;
}

static char *copy_bytes(const char *bytes, size_t size)
{
	char *copy = malloc(size + 1);

	if (copy) {
		memcpy(copy, bytes, size);
		copy[size] = '\0';
	}
	return copy;
}

/* Where the source called @what is kept; NULL if there is none of that name. */
static char **source_home(struct replay_file *f, const char **at, const char *end)
{
	const struct {
		const char *what;
		char **home;
	} homes[] = {
		{ "name ", &f->source.name },
		{ "machine ", &f->source.machine },
		{ "cmdline ", &f->source.cmdline },
		{ "capture ", &f->source.capture },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(homes); i++)
		if (parse_literal(at, end, homes[i].what))
			return homes[i].home;
	return NULL;
}

/* "# source WHAT SIZE\n" and SIZE bytes and a newline at @*at. */
static bool read_source(struct replay_file *f, const char **at)
{
	const char *end = f->text + f->size;
	char **home;
	u64 size;

	if (!parse_literal(at, end, "# source "))
		return false;
	home = source_home(f, at, end);
	if (!home || *home || !parse_digits(at, end, &size) || !parse_literal(at, end, "\n"))
		return false;
	if (size >= (size_t)(end - *at) || (*at)[size] != '\n')
		return false;
	*home = copy_bytes(*at, size);
	if (home == &f->source.capture)
		f->source.capture_size = size;
	*at += size + 1;
	return *home != NULL;
}

static u64 line_number_at(const struct replay_file *f, const char *at)
{
	const char *p;
	u64 n = 1;

	for (p = f->text; p < at; p++)
		n += *p == '\n';
	return n;
}

static int read_header(struct replay_file *f, FILE *err)
{
	const char *at = f->text, *end = f->text + f->size;
	u64 version;

	if (!parse_literal(&at, end, FIRST_LINE) || !parse_digits(&at, end, &version) ||
	    !parse_literal(&at, end, "\n"))
		return complain_at(f, err, 1, "this is not an mmanfs journal");
	if (version != JOURNAL_VERSION) {
		fprintf(err, "%s:1: a journal of version %llu; this program replays version %d\n",
			f->name, (unsigned long long)version, JOURNAL_VERSION);
		return EX_DATAERR;
	}
	while (!parse_literal(&at, end, LINES_MARK))
		if (!read_source(f, &at))
			return complain_at(f, err, line_number_at(f, at),
					   "the header cannot be read");
	if (!f->source.machine || !f->source.cmdline || !f->source.name)
		return complain_at(f, err, line_number_at(f, at),
				   "the header does not say which machine it is");
	f->lines_at = (size_t)(at - f->text);
	return 0;
}

/* Whole lines only; a clock line at the end is where recording went to sleep. */
static void find_end(struct replay_file *f)
{
	const char *at = f->text + f->lines_at, *end = f->text + f->size, *newline;

	f->keep = (off_t)f->lines_at;
	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		size_t length = (size_t)(newline - at);
		bool is_clock = length > 6 && !memcmp(newline - 6, " clock", 6);

		if (!is_clock) {
			f->nr_lines++;
			f->keep = newline + 1 - f->text;
		}
		at = newline + 1;
	}
	f->size = (size_t)(at - f->text);
}

int replay_load(struct replay_file *f, const char *path, FILE *err)
{
	char data[sizeof(f->name) + 8];
	int status;

	memset(f, 0, sizeof(*f));
	f->data = -1;
	snprintf(f->name, sizeof(f->name), "%s", path);
	status = read_whole(f, path, err);
	if (!status)
		status = read_header(f, err);
	if (status) {
		replay_unload(f);
		return status;
	}
	find_end(f);
	snprintf(data, sizeof(data), "%s.data", path);
	f->data = open(data, O_RDONLY | O_CLOEXEC);
	return 0;
}

bool replay_line_imports(const char *at, const char *end)
{
	u32 words;

	/* NUMBER TIME STEP UID:GID OPERATION */
	for (words = 4; words && at < end; at++)
		words -= *at == ' ';
	return parse_literal(&at, end, "import");
}

bool replay_has_disk(const struct replay_file *f)
{
	/* they come before all others */
	return replay_line_imports(f->text + f->lines_at, f->text + f->keep);
}

void replay_unload(struct replay_file *f)
{
	machine_source_free(&f->source);
	free(f->text);
	if (f->data >= 0)
		close(f->data);
	f->text = NULL;
	f->data = -1;
}

int replay_remember(const struct replay_file *f, struct journal *j)
{
	const char *at = f->text + f->lines_at, *end = f->text + f->keep;
	int error = 0;

	while (at < end && !error) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (newline - at <= 6 || memcmp(newline - 6, " clock", 6) != 0)
			error = journal_add_line(j, at, (size_t)(newline - at));
		at = newline + 1;
	}
	return error;
}
