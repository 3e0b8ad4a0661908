/*
 * knob.h - a knob is declared once: name, mode, parser, field, range, what follows, one line of
 * help.
 *
 * A row of a directory's table is made by one of the macros below; tree, man page and docs/knobs.md
 * all come from it. What a file of this kind accepts is fs/parse.h's business, what a new value
 * causes is ->changed()'s.
 *
 *	static const struct attribute vm_attrs[] = {
 *		SYSCTL_INT("swappiness", sysctl.swappiness, 0, 200, NULL, HOLDS, "..."),
 *
 * ACTS: the engine reads the value. HOLDS: it is checked, kept and shown, and nothing reads it yet.
 */
#ifndef FS_KNOB_H
#define FS_KNOB_H

#include "fs/parse.h"
#include "fs/tree.h"

enum knob_parser {
	KNOB_INT,	 /* proc_dointvec, with a range */
	KNOB_UINT,	 /* proc_douintvec */
	KNOB_ULONG,	 /* proc_doulongvec_minmax */
	KNOB_JIFFIES,	 /* proc_dointvec_jiffies: seconds, as many as fit into an int of jiffies */
	KNOB_DOBOOL,	 /* proc_dobool: any number, not 0 is 1 */
	KNOB_STRING,	 /* proc_dostring */
	KNOB_ACTION,	 /* any bytes at all start it */
	KNOB_SYSFS,	 /* kstrtoul base 10; out of range is EINVAL, too long for 64 bits ERANGE */
	KNOB_SYSFS_UINT, /* kstrtouint base 10; every error is EINVAL */
	KNOB_SYSFS_INT,	 /* kstrtoint base 10 */
	KNOB_SYSFS_BOOL, /* kstrtobool, shown as 0 and 1 */
	KNOB_TRUTH,	 /* kstrtobool, shown as false and true */
	KNOB_WORD,	 /* one of ->words, shown [in] brackets */
	KNOB_PARAM_BOOL, /* module parameter: kstrtobool, shown as N and Y */
	KNOB_PARAM_UINT, /* module parameter: kstrtouint base 0 */
	KNOB_PARAM_INT,
	KNOB_PARAM_ULONG,
	KNOB_DEBUGFS, /* debugfs number: kstrtoull base 0 of the first 23 bytes */
	KNOB_OTHER    /* ->store and ->show do it */
};

enum knob_effect { HOLDS, ACTS, READ_ONLY };

struct knob {
	u8 parser;  /* enum knob_parser */
	u8 effect;  /* enum knob_effect */
	u8 width;   /* bytes of the field; of the whole buffer for KNOB_STRING */
	u8 count;   /* of a vector */
	u32 offset; /* of the field in struct machine */
	s64 min;
	u64 max;
	const char *const *words;
	/* The new value stands, @old was there before. Whatever follows from it; an error takes the
	 * value back. For KNOB_ACTION: do it. An empty write to a sysctl calls it as well. */
	int (*changed)(const struct request *rq, u64 old);
	/* KNOB_OTHER */
	int (*show)(const struct request *rq, struct text *out);
	ssize_t (*store)(const struct request *rq, const char *data, size_t size, u64 offset);
	const char *help;
};

int knob_show(const struct request *rq, struct text *out);
ssize_t knob_store(const struct request *rq, const char *data, size_t size, u64 offset);

/** knob_of() - the knob behind a row, NULL if it is something else. */
static inline const struct knob *knob_of(const struct attribute *attr)
{
	return attr->show == knob_show || attr->store == knob_store ? attr->data : NULL;
}

/** knob_family() - its parser in a word or two, for docs/knobs.md. */
const char *knob_family(const struct knob *k);
u64 knob_get(const struct machine *m, const struct knob *k);

/* Rows that need no knob: ->data is the text of a link or file. */
int show_text(const struct request *rq, struct text *out);
/** show_u64(), show_s64() - a file of one number; 0. */
int show_u64(struct text *out, u64 value);
int show_s64(struct text *out, s64 value);
/** show_nothing() - an empty file. */
int show_nothing(const struct request *rq, struct text *out);

#define SYSFS_SIZE	       4096u
#define KNOB_FIELD_SIZE(field) sizeof(((struct machine *)0)->field)
#define KNOB_AT(field)	       .offset = offsetof(struct machine, field), .width = KNOB_FIELD_SIZE(field)

#define KNOB_ROW(file, bits, attr_flags, bytes, ...)                                               \
	{                                                                                          \
		.name = file, .mode = bits, .flags = attr_flags, .size = bytes, .show = knob_show, \
		.store = (bits)&0222 ? knob_store : NULL,                                          \
		.data = &(const struct knob){ __VA_ARGS__ },                                       \
	}

/* ---- /proc/sys ---- */
#define SYSCTL_INT_MODE(file, bits, field, lo, hi, then, does, text)                         \
	KNOB_ROW(file, bits, ATTR_SYSCTL, 0, .parser = KNOB_INT, KNOB_AT(field), .count = 1, \
		 .min = lo, .max = (u64)(s64)(hi), .changed = then, .effect = does, .help = text)
#define SYSCTL_INT(file, field, lo, hi, then, does, text) \
	SYSCTL_INT_MODE(file, 0644, field, lo, hi, then, does, text)
#define SYSCTL_VECTOR(file, field, nr, then, does, text)                                       \
	KNOB_ROW(file, 0644, ATTR_SYSCTL, 0, .parser = KNOB_INT,                               \
		 .offset = offsetof(struct machine, field), .width = sizeof(s32), .count = nr, \
		 .min = INT32_MIN, .max = INT32_MAX, .changed = then, .effect = does,          \
		 .help = text)
#define SYSCTL_ULONG(file, field, lo, hi, then, does, text)                                   \
	KNOB_ROW(file, 0644, ATTR_SYSCTL, 0, .parser = KNOB_ULONG, KNOB_AT(field), .min = lo, \
		 .max = hi, .changed = then, .effect = does, .help = text)
#define SYSCTL_JIFFIES(file, field, then, does, text)                                \
	KNOB_ROW(file, 0644, ATTR_SYSCTL, 0, .parser = KNOB_JIFFIES, KNOB_AT(field), \
		 .changed = then, .effect = does, .help = text)
#define SYSCTL_STRING(file, field, does, text)                                            \
	KNOB_ROW(file, 0644, 0, 0, .parser = KNOB_STRING, KNOB_AT(field), .effect = does, \
		 .help = text)
#define SYSCTL_ACTION(file, bits, then, does, text)                                  \
	KNOB_ROW(file, bits, ATTR_SYSCTL, 0, .parser = KNOB_ACTION, .changed = then, \
		 .effect = does, .help = text)
#define SYSCTL_OTHER(file, bits, attr_flags, show_fn, store_fn, does, text)        \
	KNOB_ROW(file, bits, attr_flags, 0, .parser = KNOB_OTHER, .show = show_fn, \
		 .store = store_fn, .effect = does, .help = text)

/* ---- sysfs, module parameters, debugfs ---- */
#define SYSFS_KNOB(file, kind, field, lo, hi, then, does, text)                                   \
	KNOB_ROW(file, 0644, 0, SYSFS_SIZE, .parser = kind, KNOB_AT(field), .min = lo, .max = hi, \
		 .changed = then, .effect = does, .help = text)
#define SYSFS_COUNTER(file, field, text)                                          \
	KNOB_ROW(file, 0444, 0, SYSFS_SIZE, .parser = KNOB_SYSFS, KNOB_AT(field), \
		 .effect = READ_ONLY, .help = text)
#define SYSFS_WORDS(file, field, list, then, does, text)                                    \
	KNOB_ROW(file, 0644, 0, SYSFS_SIZE, .parser = KNOB_WORD, KNOB_AT(field),            \
		 .count = ARRAY_SIZE(list), .words = list, .changed = then, .effect = does, \
		 .help = text)
#define SYSFS_OTHER(file, bits, show_fn, store_fn, does, text)                     \
	KNOB_ROW(file, bits, 0, SYSFS_SIZE, .parser = KNOB_OTHER, .show = show_fn, \
		 .store = store_fn, .effect = does, .help = text)
/* the same, for a write that may take a while: the engine lets others in on the way */
#define SYSFS_LONG(file, bits, show_fn, store_fn, does, text)                              \
	KNOB_ROW(file, bits, ATTR_LONG, SYSFS_SIZE, .parser = KNOB_OTHER, .show = show_fn, \
		 .store = store_fn, .effect = does, .help = text)
#define PARAM(file, kind, field, does, text)                                                   \
	KNOB_ROW(file, 0644, 0, SYSFS_SIZE, .parser = kind, KNOB_AT(field), .max = UINT64_MAX, \
		 .effect = does, .help = text)
#define DEBUGFS_NUMBER(file, bits, field, does, text)                                      \
	KNOB_ROW(file, bits, 0, 0, .parser = KNOB_DEBUGFS, KNOB_AT(field), .effect = does, \
		 .help = text)
#define DEBUGFS_OTHER(file, bits, show_fn, store_fn, does, text)                             \
	KNOB_ROW(file, bits, 0, 0, .parser = KNOB_OTHER, .show = show_fn, .store = store_fn, \
		 .effect = does, .help = text)
/* a plain file of sysfs with a show function of its own */
#define SYSFS_RO(file, show_fn)                                                  \
	{                                                                        \
		.name = file, .mode = 0444, .size = SYSFS_SIZE, .show = show_fn, \
	}
#define SYSFS_TEXT(file, line)                                                                   \
	{                                                                                        \
		.name = file, .mode = 0444, .size = SYSFS_SIZE, .show = show_text, .data = line, \
	}
#define SYSFS_LINK(file, target)                                                         \
	{                                                                                \
		.name = file, .mode = S_IFLNK | 0777, .show = show_text, .data = target, \
	}

#endif
