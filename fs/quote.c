/* quote.c - bytes as C strings on one line. */
#include "fs/quote.h"

#include <errno.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

static void quote_byte(struct text *out, unsigned char c)
{
	switch (c) {
	case '\n':
		text_str(out, "\\n");
		break;
	case '\t':
		text_str(out, "\\t");
		break;
	case '"':
	case '\\':
		text_char(out, '\\');
		text_char(out, (char)c);
		break;
	default:
		if (c >= ' ' && c < 127) {
			text_char(out, (char)c);
			break;
		}
		text_str(out, "\\x");
		text_char(out, hex_digits[c >> 4]);
		text_char(out, hex_digits[c & 15]);
		break;
	}
}

void quote_bytes(struct text *out, const char *bytes, size_t size)
{
	size_t i;

	text_char(out, '"');
	for (i = 0; i < size; i++)
		quote_byte(out, (unsigned char)bytes[i]);
	text_char(out, '"');
}

void quote_path(struct text *out, const char *path)
{
	const char *p = path;

	while (*p > ' ' && *p < 127 && *p != '"' && *p != '\\')
		p++;
	if (*p || p == path)
		quote_bytes(out, path, strlen(path));
	else
		text_mem(out, path, (size_t)(p - path));
}

static int hex_value(char c)
{
	const char *at = c ? strchr(hex_digits, c) : NULL;

	return at ? (int)(at - hex_digits) : -1;
}

/* The escape behind a backslash at *@p. */
static int unquote_escape(const char **p, const char *end, struct text *out)
{
	char c;

	if (*p == end)
		return -EINVAL;
	c = *(*p)++;
	if (c == 'n') {
		text_char(out, '\n');
	} else if (c == 't') {
		text_char(out, '\t');
	} else if (c == '"' || c == '\\') {
		text_char(out, c);
	} else if (c == 'x' && end - *p >= 2 && hex_value((*p)[0]) >= 0 &&
		   hex_value((*p)[1]) >= 0) {
		text_char(out, (char)(hex_value((*p)[0]) * 16 + hex_value((*p)[1])));
		*p += 2;
	} else {
		return -EINVAL;
	}
	return 0;
}

int unquote(const char **p, const char *end, struct text *out)
{
	int error = 0;

	if (*p == end)
		return -EINVAL;
	if (**p != '"') {
		while (*p < end && **p != ' ')
			text_char(out, *(*p)++);
	} else {
		for (++*p; *p < end && **p != '"' && !error;) {
			char c = *(*p)++;

			if (c == '\\')
				error = unquote_escape(p, end, out);
			else
				text_char(out, c);
		}
		if (error || *p == end)
			return -EINVAL;
		++*p;
	}
	if (*p < end && *(*p)++ != ' ')
		return -EINVAL;
	return 0;
}
