/* lines.h - a text, line by line. */
#ifndef TESTS_LINES_H
#define TESTS_LINES_H

#include <string.h>

/* The first line of *@text, terminated in place; *@text is behind it then. NULL at the end.
 * strtok() would swallow empty lines. */
static inline char *cut_line(char **text)
{
	char *line = *text, *end = strchr(line, '\n');

	if (!*line)
		return NULL;
	if (end)
		*end = '\0';
	*text = end ? end + 1 : line + strlen(line);
	return line;
}

#endif
