/* stat.c - the line of /proc/PID/stat. */
#include "fs/twin/stat.h"

#include <string.h>

bool twin_parse_stat(struct slice text, struct twin_stat *s)
{
	const char *open, *close;
	struct slice rest, word;
	u32 i;

	memset(s, 0, sizeof(*s));
	/* a name may have blanks and parentheses in it */
	open = text.size ? memchr(text.at, '(', text.size) : NULL;
	close = text.size ? memrchr(text.at, ')', text.size) : NULL;
	if (!open || !close || close < open)
		return false;
	slice_copy((struct slice){ open + 1, (size_t)(close - open - 1) }, s->comm,
		   sizeof(s->comm));
	rest = (struct slice){ close + 1, (size_t)(text.at + text.size - close - 1) };
	if (!slice_word(&rest, &word))
		return false;
	s->state = *word.at;
	for (i = STAT_PPID; i < NR_STAT_FIELDS && slice_word(&rest, &word); i++) {
		s64 n;

		if (slice_signed(word, &n))
			s->field[i] = (u64)n;
		else if (!slice_number(word, 10, &s->field[i]))
			return false;
	}
	return i > STAT_PROCESSOR;
}
