/* What /proc tells of a running process. */
#include "fs/record/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_file(u32 pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	return fopen(path, "re");
}

static struct host_mapping *new_mapping(struct host_maps *m)
{
	if (m->nr == m->room) {
		size_t room = m->room ? 2 * m->room : 64;
		struct host_mapping *at = realloc(m->at, room * sizeof(*at));

		if (!at)
			return NULL;
		m->at = at;
		m->room = room;
	}
	return &m->at[m->nr++];
}

/* A hexadecimal number and the letter behind it. */
static bool parse_hex(char **at, char behind, u64 *value)
{
	char *end;

	*value = strtoull(*at, &end, 16);
	if (end == *at || *end != behind)
		return false;
	*at = end + 1;
	return true;
}

/* "55d0-55d8 r--p 00001000 fe:00 1234      /usr/bin/sort" */
static bool parse_mapping(char *line, struct host_mapping *w)
{
	char *at = line;
	int words;

	line[strcspn(line, "\n")] = '\0';
	if (!parse_hex(&at, '-', &w->start) || !parse_hex(&at, ' ', &w->end) || strlen(at) < 5)
		return false;
	memcpy(w->perms, at, 4);
	w->perms[4] = '\0';
	at += 5;
	if (!parse_hex(&at, ' ', &w->offset))
		return false;
	for (words = 0; words < 2; words++) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	snprintf(w->name, sizeof(w->name), "%s", at);
	return true;
}

int host_maps_read(u32 pid, struct host_maps *m)
{
	FILE *f = open_file(pid, "maps");
	char line[1024];
	int error = 0;

	m->nr = 0;
	if (!f)
		return -errno;
	while (!error && fgets(line, sizeof(line), f)) {
		struct host_mapping *w = new_mapping(m);

		if (!w)
			error = -ENOMEM;
		/* one page for all processes, in none of their address spaces */
		else if (!parse_mapping(line, w) || !strcmp(w->name, "[vsyscall]"))
			m->nr--;
	}
	fclose(f);
	return error;
}

void host_maps_free(struct host_maps *m)
{
	free(m->at);
	memset(m, 0, sizeof(*m));
}

/* The fields of stat behind the name, which may hold anything: field[0] is the third. */
#define STAT_FIELDS 50

static bool read_stat(u32 pid, unsigned long long field[STAT_FIELDS])
{
	FILE *f = open_file(pid, "stat");
	char line[2048], *at;
	int i;

	if (!f)
		return false;
	memset(field, 0, STAT_FIELDS * sizeof(*field));
	at = fgets(line, sizeof(line), f);
	fclose(f);
	at = at ? strrchr(line, ')') : NULL;
	if (!at || at[1] != ' ')
		return false;
	/* the state is a letter */
	at += 3;
	for (i = 1; i < STAT_FIELDS && *at; i++)
		field[i] = strtoull(at, &at, 10);
	return true;
}

/* Number of a field as proc(5) counts them. */
#define FIELD(n) ((n)-3)

bool host_counts_read(u32 pid, struct host_counts *c)
{
	unsigned long long field[STAT_FIELDS];

	if (!read_stat(pid, field))
		return false;
	c->minor = field[FIELD(10)];
	c->major = field[FIELD(12)];
	c->threads = field[FIELD(20)];
	return true;
}

void host_layout(u32 pid, struct text *out)
{
	static const struct {
		const char *name;
		int field;
	} names[] = {
		{ "start_brk", FIELD(47) },  { "start_code", FIELD(26) },
		{ "end_code", FIELD(27) },   { "start_stack", FIELD(28) },
		{ "start_data", FIELD(45) }, { "end_data", FIELD(46) },
		{ "arg_start", FIELD(48) },  { "arg_end", FIELD(49) },
		{ "env_start", FIELD(50) },  { "env_end", FIELD(51) },
	};
	unsigned long long field[STAT_FIELDS];
	size_t i;

	if (!read_stat(pid, field))
		return;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		text_printf(out, " %s=%llx", names[i].name, field[names[i].field]);
	text_printf(out, " brk=%llx", field[FIELD(47)]);
}

u64 host_status(u32 pid, const char *key)
{
	FILE *f = open_file(pid, "status");
	size_t n = strlen(key);
	unsigned long long value = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, n)) {
			value = strtoull(line + n, NULL, 10);
			break;
		}
	if (f)
		fclose(f);
	return value;
}
