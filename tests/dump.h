/* dump.h - the whole tree as one text, to compare machines byte by byte. */
#ifndef TESTS_DUMP_H
#define TESTS_DUMP_H

#include "fs/tree.h"

/** tree_dump() - every readable text file and link below @path ("" for all), as "==
 * PATH\n<text>". */
void tree_dump(struct tree *t, const char *path, struct text *out);

/** dump_difference() - name of the first file whose text differs, or NULL. Points into @a or @b. */
const char *dump_difference(const struct text *a, const struct text *b, char *buffer, size_t size);

#endif
