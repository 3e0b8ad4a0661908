#include "tests/reference.h"

#include "tests/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const reference_machines[4] = { "one-node", "two-node", "hotplug", "hugetlb" };

u32 split_columns(char *line, char *columns[REFERENCE_COLUMNS])
{
	char *end = line + strlen(line);
	u32 n = 0, i;

	for (columns[n++] = line; n < REFERENCE_COLUMNS && (line = strchr(line, '\t'));
	     columns[n++] = line)
		*line++ = '\0';
	for (i = n; i < REFERENCE_COLUMNS; i++)
		columns[i] = end;
	return n;
}

const char *reference_name(const char *with, const char *name)
{
	const char *star = strchr(with, '*');

	return star ? fixture_format("%.*s%s%s", (int)(star - with), with, name, star + 1) :
		      fixture_format("%s", with);
}

static void each_name(char **columns, u32 names,
		      void (*row)(void *arg, char **columns, const char *name), void *arg)
{
	char list[512], name[64], *word, *save;
	u32 first, last;

	if (!*columns[names]) {
		row(arg, columns, "");
		return;
	}
	snprintf(list, sizeof(list), "%s", columns[names]);
	for (word = strtok_r(list, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (sscanf(word, "memory%u-%u", &first, &last) != 2) {
			row(arg, columns, word);
			continue;
		}
		for (; first <= last; first++) {
			snprintf(name, sizeof(name), "memory%u", first);
			row(arg, columns, name);
		}
	}
}

void reference_rows(const char *text, char machine, u32 names,
		    void (*row)(void *arg, char **columns, const char *name), void *arg)
{
	char *copy = strdup(text), *line, *save, *columns[REFERENCE_COLUMNS];

	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '#')
			continue;
		split_columns(line, columns);
		if (strchr(columns[0], machine))
			each_name(columns, names, row, arg);
	}
	free(copy);
}
