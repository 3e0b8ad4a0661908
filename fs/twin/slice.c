/* slice.c - words, lines and numbers of texts that belong to somebody else. */
#include "fs/twin/capture.h"

#include <string.h>

bool slice_starts(struct slice s, const char *text)
{
	size_t n = strlen(text);

	return s.size >= n && !memcmp(s.at, text, n);
}

bool slice_ends(struct slice s, const char *text)
{
	size_t n = strlen(text);

	return s.size >= n && !memcmp(s.at + s.size - n, text, n);
}

bool slice_is(struct slice s, const char *text)
{
	return s.size == strlen(text) && slice_starts(s, text);
}

char *slice_copy(struct slice s, char *to, size_t size)
{
	size_t n = s.size < size - 1 ? s.size : size - 1;

	if (n)
		memcpy(to, s.at, n);
	to[n] = '\0';
	return to;
}

struct slice slice_cut(struct slice *rest, char c)
{
	const char *end = rest->size ? memchr(rest->at, c, rest->size) : NULL;
	struct slice s = { rest->at, end ? (size_t)(end - rest->at) : rest->size };
	size_t used = s.size + (end != NULL);

	*rest = (struct slice){ rest->at + used, rest->size - used };
	return s;
}

bool slice_line(struct slice *rest, struct slice *line)
{
	if (!rest->size)
		return false;
	*line = slice_cut(rest, '\n');
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static struct slice skip_blanks(struct slice s)
{
	while (s.size && is_blank(*s.at)) {
		s.at++;
		s.size--;
	}
	return s;
}

bool slice_word(struct slice *rest, struct slice *word)
{
	*rest = skip_blanks(*rest);
	*word = (struct slice){ rest->at, 0 };
	while (rest->size && !is_blank(*rest->at)) {
		word->size++;
		rest->at++;
		rest->size--;
	}
	return word->size != 0;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

bool slice_number(struct slice s, unsigned int base, u64 *out)
{
	u64 n = 0;
	size_t i;

	for (i = 0; i < s.size; i++) {
		unsigned int d = (unsigned int)digit_of(s.at[i]);

		if (d >= base || n > (UINT64_MAX - d) / base)
			return false;
		n = n * base + d;
	}
	*out = n;
	return s.size != 0;
}

bool slice_signed(struct slice s, s64 *out)
{
	bool minus = s.size && *s.at == '-';
	u64 n;

	if (minus)
		s = (struct slice){ s.at + 1, s.size - 1 };
	if (!slice_number(s, 10, &n) || n > INT64_MAX)
		return false;
	*out = minus ? -(s64)n : (s64)n;
	return true;
}

struct slice slice_text(struct slice text, const char *key)
{
	struct slice line;
	size_t n = strlen(key);

	while (slice_line(&text, &line))
		if (slice_starts(line, key))
			return skip_blanks((struct slice){ line.at + n, line.size - n });
	return (struct slice){ text.at, 0 };
}

u64 slice_value(struct slice text, const char *key, u64 fallback)
{
	struct slice rest = slice_text(text, key), word;
	u64 n;

	return slice_word(&rest, &word) && slice_number(word, 10, &n) ? n : fallback;
}

bool slice_list(struct slice s, u64 limit, void (*each)(void *arg, u64 n), void *arg)
{
	struct slice word;
	u64 first, last;

	if (!slice_word(&s, &word))
		return true;
	while (word.size) {
		struct slice to = slice_cut(&word, ','), from = slice_cut(&to, '-');

		if (!slice_number(from, 10, &first))
			return false;
		last = first;
		if (to.size && !slice_number(to, 10, &last))
			return false;
		if (first > last || last >= limit)
			return false;
		for (; first <= last; first++)
			each(arg, first);
	}
	return true;
}
