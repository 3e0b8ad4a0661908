/*
 * Settings of kernel.* and fs.* that nothing here acts upon. A machine of our own has no such
 * files; the twin of a machine that has them shows its values, and takes others: a number for a
 * number, a line for a line. Source: names, modes and kinds as a 6.1 kernel has them in /proc/sys.
 */
#include "fs/proc/sys_held.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <mman/lab.h>

#include "fs/parse.h"

#define VALUE_MAX 4096u
#define MOST_INTS 4u

#define KERNEL_NAME(id, file, bits, type) [HELD_KERNEL_##id] = { "kernel/" file, HELD_##type },
#define FS_NAME(id, file, bits, type)	  [HELD_FS_##id] = { "fs/" file, HELD_##type },
const struct held_sysctl_row held_sysctls[NR_HELD_SYSCTLS_USED] = { HELD_KERNEL_ROWS(KERNEL_NAME)
									    HELD_FS_ROWS(FS_NAME) };

static handle_t *home_of(struct machine *m, const struct held_sysctl_row *h)
{
	return &m->knobs.held[h - held_sysctls];
}

static size_t value_of(const struct request *rq, const struct held_sysctl_row *h, char *value)
{
	return lab_text_get(rq->m, *home_of(rq->m, h), value, VALUE_MAX);
}

bool held_sysctl_visible(const struct request *rq)
{
	return *home_of(rq->m, rq->attr->data) != 0;
}

int held_sysctl_show(const struct request *rq, struct text *out)
{
	char value[VALUE_MAX];

	text_mem(out, value, value_of(rq, rq->attr->data, value));
	text_char(out, '\n');
	return 0;
}

static ssize_t hold(const struct request *rq, const struct held_sysctl_row *h, const char *value,
		    size_t size)
{
	return lab_text_set(rq->m, home_of(rq->m, h), value, size) ? -ENOMEM : 0;
}

/* As many as are there now; fewer leave the others as they are. */
static ssize_t store_ints(const struct request *rq, const struct held_sysctl_row *h,
			  const char *data, size_t size)
{
	char value[VALUE_MAX];
	s32 now[MOST_INTS] = { 0 };
	u32 count = 0, i;
	ssize_t n;
	struct text line;

	sysctl_int(value, value_of(rq, h, value), now, MOST_INTS, INT32_MIN, INT32_MAX, &count);
	n = sysctl_int(data, size, now, count ? count : 1, INT32_MIN, INT32_MAX, NULL);
	if (n <= 0)
		return n;
	text_init(&line);
	for (i = 0; i < (count ? count : 1); i++)
		text_printf(&line, "%s%d", i ? "\t" : "", now[i]);
	if (text_error(&line) || hold(rq, h, line.data, line.length))
		n = -ENOMEM;
	text_free(&line);
	return n;
}

static ssize_t store_ulong(const struct request *rq, const struct held_sysctl_row *h,
			   const char *data, size_t size)
{
	char value[24];
	u64 now;
	ssize_t n = sysctl_ulong(data, size, &now, 1, 0, UINT64_MAX, NULL);

	if (n > 0 && hold(rq, h, value,
			  (size_t)snprintf(value, sizeof(value), "%llu", (unsigned long long)now)))
		return -ENOMEM;
	return n;
}

ssize_t held_sysctl_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	const struct held_sysctl_row *h = rq->attr->data;
	const char *end = memchr(data, '\n', size);
	size_t length = end ? (size_t)(end - data) : size;

	if (h->kind == HELD_INT)
		return store_ints(rq, h, data, size);
	if (h->kind == HELD_ULONG)
		return store_ulong(rq, h, data, size);
	if (offset || length >= VALUE_MAX)
		return -EINVAL;
	return hold(rq, h, data, length) ? -ENOMEM : (ssize_t)size;
}

int held_sysctl_set(struct machine *m, const char *name, const char *value, size_t size)
{
	u32 i;

	for (i = 0; i < NR_HELD_SYSCTLS_USED; i++)
		if (!strcmp(held_sysctls[i].name, name))
			return size < VALUE_MAX &&
					       !lab_text_set(m, &m->knobs.held[i], value, size) ?
				       0 :
				       -ENOMEM;
	return -ENOENT;
}
