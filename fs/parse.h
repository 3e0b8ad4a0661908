/*
 * parse.h - the kernel's ways of reading a number or a word that somebody wrote.
 *
 * Each family accepts and refuses exactly what a 6.1 kernel's does, and they differ on purpose:
 *
 *	sysctl    /proc/sys: blanks around numbers, base 0, no '+', what follows a blank is left over
 *	kstrto*   sysfs: no blanks, base as the caller says, '+' allowed, one newline at the end;
 *	          text ends at the first NUL
 *	bool      sysfs: y n on off true false 0 1, only the first letters count
 *	word      sysfs: one of several words, a newline may follow; shown with [brackets]
 *	size      memory control groups and the command line: base 0 with K M G T P E
 *	sscanf    oddities: one number at the start, the rest ignored
 *	digits    what we write ourselves, read back: one form only
 *
 * Input is bytes and a length; nothing here needs or writes a terminating NUL. Results are stored
 * only on success. Pure functions.
 */
#ifndef FS_PARSE_H
#define FS_PARSE_H

#include <mman/types.h>
#include <sys/types.h>

#include "fs/text.h"

/* ---- sysctl ---- */

/*
 * sysctl_int(), sysctl_ulong() - up to @count numbers into @values, each within [@min, @max].
 * @nr: how many were read, if not NULL
 *
 * Fewer numbers than @count leave the rest of @values alone. Returns the bytes consumed, which may
 * be less than @size ("1 x": 2), 0 for an empty write (nothing is changed then), or -EINVAL; in
 * that case the numbers before the bad one have been stored and counted in @nr, so a caller that
 * must not change anything parses into a copy.
 */
ssize_t sysctl_int(const char *data, size_t size, s32 *values, u32 count, s64 min, s64 max,
		   u32 *nr);
ssize_t sysctl_ulong(const char *data, size_t size, u64 *values, u32 count, u64 min, u64 max,
		     u32 *nr);

/** sysctl_uint() - one unsigned int, as proc_douintvec() takes it. */
ssize_t sysctl_uint(const char *data, size_t size, u32 *value, u32 min, u32 max);

/** sysctl_bool() - proc_dobool(): any number, whatever its sign; 0 stays 0, all others become 1. */
ssize_t sysctl_bool(const char *data, size_t size, u64 *value);

/* ---- kstrto*: 0, -EINVAL, -ERANGE ---- */

int parse_kstrtoull(const char *data, size_t size, unsigned int base, u64 *value);
int parse_kstrtoll(const char *data, size_t size, unsigned int base, s64 *value);
int parse_kstrtouint(const char *data, size_t size, unsigned int base, u32 *value);
int parse_kstrtoint(const char *data, size_t size, unsigned int base, s32 *value);

/** parse_bool() - kstrtobool(): 0 or -EINVAL. */
int parse_bool(const char *data, size_t size, bool *value);

/* ---- words ---- */

/** parse_streq() - is it @word, a newline at its end or not? (sysfs_streq) */
bool parse_streq(const char *data, size_t size, const char *word);

/** parse_word() - which of @nr @words is it? Its index, or -EINVAL. */
int parse_word(const char *data, size_t size, const char *const *words, u32 nr);

/** text_words() - "always [madvise] never\n", the one at @current in brackets. */
void text_words(struct text *out, const char *const *words, u32 nr, u32 current);

/* ---- sizes ---- */

/** parse_memparse() - "4k", "0x10", "1G" at the start of the text; wraps at 64 bits as the kernel
 * does. *@used: bytes taken, 0 if there was no number. */
u64 parse_memparse(const char *data, size_t size, size_t *used);

#define PAGE_COUNTER_MAX ((u64)INT64_MAX / PAGE_SIZE) /* pages; shown as "max" */

/** parse_page_counter() - a memcg limit: blanks stripped, @max or a size, in whole pages. */
int parse_page_counter(const char *data, size_t size, const char *max, u64 *pages);

/* ---- helpers for odd ones ---- */

/** parse_strip() - take blanks (and all after a NUL) off both ends. */
void parse_strip(const char **data, size_t *size);

/** parse_scan_u64() - sscanf's %i-like number at *@data (blanks before it skipped, base 0 or 10);
 * moves past it. false if there is none. */
bool parse_scan_u64(const char **data, size_t *size, unsigned int base, u64 *value);

/* ---- text of our own: nothing is skipped, nothing wraps; *@at moves on success only ---- */

/** parse_digits() - a decimal number that starts right at *@at and fits. */
bool parse_digits(const char **at, const char *end, u64 *value);

/** parse_literal() - exactly @text at *@at. */
bool parse_literal(const char **at, const char *end, const char *text);

#endif
