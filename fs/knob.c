/*
 * knob.c - reading and writing of every file that is a value with a range.
 */
#include "fs/knob.h"

#include <errno.h>
#include <string.h>

/* What the kernel looks at of a long write. */
#define SYSFS_WRITE_BYTES   PAGE_SIZE
#define DEBUGFS_WRITE_BYTES 23u

static void *field_of(const struct machine *m, const struct knob *k)
{
	return (u8 *)(uintptr_t)m + k->offset;
}

/* ---- fields of 1, 4 and 8 bytes ---- */

static bool is_signed(const struct knob *k)
{
	switch (k->parser) {
	case KNOB_INT:
	case KNOB_JIFFIES:
	case KNOB_SYSFS_INT:
	case KNOB_PARAM_INT:
		return true;
	default:
		return false;
	}
}

u64 knob_get(const struct machine *m, const struct knob *k)
{
	const void *field = field_of(m, k);

	switch (k->width) {
	case 1:
		return *(const u8 *)field;
	case 4:
		return is_signed(k) ? (u64)(s64) * (const s32 *)field : *(const u32 *)field;
	default:
		return *(const u64 *)field;
	}
}

static void knob_set(struct machine *m, const struct knob *k, u64 value)
{
	void *field = field_of(m, k);

	switch (k->width) {
	case 1:
		*(u8 *)field = (u8)value;
		break;
	case 4:
		*(u32 *)field = (u32)value;
		break;
	default:
		*(u64 *)field = value;
		break;
	}
}

/* ---- show ---- */

static void show_vector(const struct machine *m, const struct knob *k, struct text *out)
{
	const s32 *values = field_of(m, k);
	u32 i;

	for (i = 0; i < k->count; i++) {
		if (i)
			text_char(out, '\t');
		text_s64(out, values[i]);
	}
}

int knob_show(const struct request *rq, struct text *out)
{
	const struct knob *k = rq->attr->data;
	u64 value;

	if (k->parser == KNOB_OTHER)
		return k->show ? k->show(rq, out) : 0;
	if (k->parser == KNOB_ACTION)
		return 0;

	value = k->width <= 8 ? knob_get(rq->m, k) : 0;
	switch (k->parser) {
	case KNOB_STRING:
		text_str(out, field_of(rq->m, k));
		break;
	case KNOB_WORD:
		text_words(out, k->words, k->count, (u32)value);
		return 0;
	case KNOB_TRUTH:
		text_str(out, value ? "true" : "false");
		break;
	case KNOB_PARAM_BOOL:
		text_char(out, value ? 'Y' : 'N');
		break;
	case KNOB_INT:
		show_vector(rq->m, k, out);
		break;
	default:
		if (is_signed(k))
			text_s64(out, (s64)value);
		else
			text_u64(out, value);
	}
	text_char(out, '\n');
	return 0;
}

int show_text(const struct request *rq, struct text *out)
{
	text_str(out, rq->attr->data);
	return 0;
}

int show_u64(struct text *out, u64 value)
{
	text_u64(out, value);
	text_char(out, '\n');
	return 0;
}

int show_s64(struct text *out, s64 value)
{
	text_s64(out, value);
	text_char(out, '\n');
	return 0;
}

int show_nothing(const struct request *rq, struct text *out)
{
	(void)rq;
	(void)out;
	return 0;
}

/* ---- store: parse one value ---- */

/* Bytes consumed, or -errno; *@value is left alone by an empty write. */
static ssize_t parse_sysctl(const struct knob *k, const char *data, size_t size, u64 *value)
{
	s32 number = (s32)*value;
	ssize_t used;

	switch (k->parser) {
	case KNOB_ULONG:
		return sysctl_ulong(data, size, value, 1, (u64)k->min, k->max, NULL);
	case KNOB_UINT:
		used = sysctl_uint(data, size, (u32 *)&number, (u32)k->min, (u32)k->max);
		*value = (u32)number;
		return used;
	case KNOB_DOBOOL:
		return sysctl_bool(data, size, value);
	case KNOB_JIFFIES:
		used = sysctl_int(data, size, &number, 1, -(INT32_MAX / HZ), INT32_MAX / HZ, NULL);
		break;
	default:
		used = sysctl_int(data, size, &number, 1, k->min, (s64)k->max, NULL);
		break;
	}
	*value = (u64)(s64)number;
	return used;
}

static bool in_range(const struct knob *k, u64 value)
{
	return value >= (u64)k->min && value <= k->max;
}

/* 0 or -errno */
static int parse_unsigned(const char *data, size_t size, const struct knob *k, unsigned int base,
			  u64 *value)
{
	u64 number;
	int err = parse_kstrtoull(data, size, base, &number);

	if (err)
		return err;
	if (k->width == 4 && number > UINT32_MAX)
		return k->parser == KNOB_PARAM_UINT ? -ERANGE : -EINVAL;
	if (!in_range(k, number))
		return -EINVAL;
	*value = number;
	return 0;
}

static int parse_signed(const char *data, size_t size, const struct knob *k, unsigned int base,
			u64 *value)
{
	s32 number;
	int err = parse_kstrtoint(data, size, base, &number);

	if (err)
		return err;
	if (k->parser == KNOB_SYSFS_INT && (number < k->min || number > (s64)k->max))
		return -EINVAL;
	*value = (u64)(s64)number;
	return 0;
}

static int parse_sysfs(const struct knob *k, const char *data, size_t size, u64 *value)
{
	bool truth;
	int err;

	switch (k->parser) {
	case KNOB_SYSFS_UINT:
		return parse_unsigned(data, size, k, 10, value) ? -EINVAL : 0;
	case KNOB_SYSFS_INT:
		return parse_signed(data, size, k, 10, value);
	case KNOB_PARAM_UINT:
	case KNOB_PARAM_ULONG:
		return parse_unsigned(data, size, k, 0, value);
	case KNOB_PARAM_INT:
		return parse_signed(data, size, k, 0, value);
	case KNOB_SYSFS_BOOL:
	case KNOB_TRUTH:
	case KNOB_PARAM_BOOL:
		err = parse_bool(data, size, &truth);
		if (!err)
			*value = truth;
		return err;
	case KNOB_WORD:
		err = parse_word(data, size, k->words, k->count);
		if (err >= 0)
			*value = (u64)err;
		return err < 0 ? err : 0;
	default:
		return parse_unsigned(data, size, k, 10, value);
	}
}

/* ---- store ---- */

static bool is_sysctl(const struct knob *k)
{
	return k->parser <= KNOB_DOBOOL;
}

static int after_change(const struct request *rq, const struct knob *k, u64 old)
{
	int err = k->changed ? k->changed(rq, old) : 0;

	if (err)
		knob_set(rq->m, k, old);
	return err;
}

static ssize_t store_vector(const struct request *rq, const struct knob *k, const char *data,
			    size_t size)
{
	s32 values[16];
	void *field = field_of(rq->m, k);
	ssize_t used;

	memcpy(values, field, k->count * sizeof(*values));
	used = sysctl_int(data, size, values, k->count, k->min, (s64)k->max, NULL);
	if (used < 0)
		return used;
	memcpy(field, values, k->count * sizeof(*values));
	if (k->changed)
		k->changed(rq, 0);
	return used;
}

/* A write at an offset goes on where the last one ended, or is ignored beyond the end. */
static ssize_t store_string(const struct request *rq, const struct knob *k, const char *data,
			    size_t size, u64 offset)
{
	char *field = field_of(rq->m, k);
	size_t length = strlen(field), room = k->width - 1u, i;

	if (offset > length)
		return (ssize_t)size;
	length = offset;
	for (i = 0; i < size && length < room && data[i] && data[i] != '\n'; i++)
		field[length++] = data[i];
	field[length] = '\0';
	return (ssize_t)size;
}

static ssize_t store_debugfs(const struct request *rq, const struct knob *k, const char *data,
			     size_t size)
{
	u64 value, old = knob_get(rq->m, k);
	int err = parse_kstrtoull(data, min_t(size_t, size, DEBUGFS_WRITE_BYTES), 0, &value);

	if (err)
		return err;
	knob_set(rq->m, k, value);
	err = after_change(rq, k, old);
	return err ? err : (ssize_t)size;
}

ssize_t knob_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	const struct knob *k = rq->attr->data;
	u64 old, value;
	ssize_t used;
	int err;

	if (k->parser == KNOB_STRING)
		return store_string(rq, k, data, size, offset);
	if (k->parser == KNOB_DEBUGFS)
		return store_debugfs(rq, k, data, size);
	if (k->parser == KNOB_INT && k->count > 1)
		return store_vector(rq, k, data, size);

	/* sysfs takes a page at a time, and never hears of an empty write */
	if (rq->attr->size && !size)
		return 0;
	if (rq->attr->size)
		size = min_t(size_t, size, SYSFS_WRITE_BYTES);
	if (k->parser == KNOB_OTHER)
		return k->store(rq, data, size, offset);
	if (k->parser == KNOB_ACTION) {
		err = size && k->changed ? k->changed(rq, 0) : 0;
		return err ? err : (ssize_t)size;
	}

	old = value = knob_get(rq->m, k);
	used = (ssize_t)size;
	if (is_sysctl(k))
		used = parse_sysctl(k, data, size, &value);
	else if ((err = parse_sysfs(k, data, size, &value)))
		return err;
	if (used < 0)
		return used;
	knob_set(rq->m, k, value);
	err = after_change(rq, k, old);
	return err ? err : used;
}

const char *knob_family(const struct knob *k)
{
	static const char *const names[] = {
		[KNOB_INT] = "sysctl int",
		[KNOB_UINT] = "sysctl unsigned int",
		[KNOB_ULONG] = "sysctl unsigned long",
		[KNOB_JIFFIES] = "sysctl seconds",
		[KNOB_DOBOOL] = "sysctl bool",
		[KNOB_STRING] = "sysctl string",
		[KNOB_ACTION] = "anything",
		[KNOB_SYSFS] = "sysfs number",
		[KNOB_SYSFS_UINT] = "sysfs unsigned int",
		[KNOB_SYSFS_INT] = "sysfs int",
		[KNOB_SYSFS_BOOL] = "sysfs bool",
		[KNOB_TRUTH] = "sysfs bool",
		[KNOB_WORD] = "one of its words",
		[KNOB_PARAM_BOOL] = "parameter bool",
		[KNOB_PARAM_UINT] = "parameter unsigned int",
		[KNOB_PARAM_INT] = "parameter int",
		[KNOB_PARAM_ULONG] = "parameter unsigned long",
		[KNOB_DEBUGFS] = "debugfs number",
		[KNOB_OTHER] = "its own",
	};

	return k->parser == KNOB_INT && k->count > 1 ? "sysctl ints" : names[k->parser];
}
