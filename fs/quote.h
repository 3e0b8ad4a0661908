/* quote.h - bytes as C strings on one line: the journal's paths and data. */
#ifndef FS_QUOTE_H
#define FS_QUOTE_H

#include "fs/text.h"

/** quote_bytes() - "..." with escapes for quotes, backslashes and everything unprintable. */
void quote_bytes(struct text *out, const char *bytes, size_t size);
/** quote_path() - as it is if it has neither blanks nor anything to escape, else quoted. */
void quote_path(struct text *out, const char *path);

/**
 * unquote() - one word or quoted string at *@p (before @end); moves *@p behind it and the blank
 * that follows. The bytes go to @out. 0, or -EINVAL.
 */
int unquote(const char **p, const char *end, struct text *out);

#endif
