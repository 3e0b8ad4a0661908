/*
 * command.h - the control language: lines of text written to a ctl file.
 *
 * A line is words separated by blanks; the first names a command, found in a table with its number
 * of words. An error is the errno that the system call would return; reading the ctl back gives
 * the result of the last command, or its error explained in one line.
 * docs/control-language.md is the reference for users.
 */
#ifndef FS_SIM_COMMAND_H
#define FS_SIM_COMMAND_H

#include <mman/lab.h>

#include "fs/text.h"
#include "fs/tree.h"

#define COMMAND_WORDS_MAX 32u
#define COMMAND_LINE_MAX  4096u

/* One command being carried out. */
struct command_run {
	const struct request *rq;
	struct machine *m;
	handle_t lab, task; /* 0 for sim/ctl */
	u64 lab_number;	    /* ->lab is still the same process */
	const char *word[COMMAND_WORDS_MAX];
	u32 nr_words;
	struct text *result; /* what ctl will read, or why it failed */
};

#define COMMAND_LAST	 1u /* may end its process: that is success, not EINTR */
#define COMMAND_PANICKED 4u /* can be given to a machine that has panicked */
#define COMMAND_OUTSIDE	 2u /* done to the process by somebody else: takes none of its time */

struct command {
	const char *name;
	u8 min_words, max_words; /* after the name */
	u8 flags;
	int (*run)(struct command_run *c);
	const char *usage; /* "NAME [OFF LEN]" */
};

struct command_table {
	const struct command *commands;
	u32 nr;
};

/**
 * command_store() - a ctl file's write: carries out the lines of @data one after the other, the
 * first that fails ends it. 4096 bytes and more must be whole lines. Returns @size, the bytes of
 * the lines that were carried out before the failing one, or -errno if that was the first. @result:
 * text object for reading back.
 */
ssize_t command_store(const struct request *rq, const struct command_table *tables, u32 nr_tables,
		      handle_t lab, const char *data, size_t size);

/** command_find_file() - the file of sim/disk at @name. 0 and *@inode, -ENOENT or -EISDIR with an
 * explanation. */
int command_find_file(struct command_run *c, const char *name, handle_t *inode);

/** command_explain() - why it failed, in words; returns @error so that a handler can return it. */
int command_explain(struct command_run *c, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** explain_no_memory() - which limit refused its process @bytes more; @map: MAPF_* of a mmap, or 0.
 * Returns -ENOMEM. */
int explain_no_memory(struct command_run *c, u64 bytes, u32 map);

/** process_end_text() - how a process ended: "exited 3", "killed by signal 9 (out of memory)". */
void process_end_text(const struct lab_process *l, struct text *out);

/** command_died() - its process was ended in the middle: its regions are gone, its name may be. */
bool command_died(const struct command_run *c);

/* ---- arguments: 0 or -EINVAL with an explanation ---- */

/** argument_size() - "64M", "4096", "0x1000": bytes. */
int argument_size(struct command_run *c, const char *word, u64 *bytes);
/** argument_signed_size() - the same with a sign. */
int argument_signed_size(struct command_run *c, const char *word, s64 *bytes);
int argument_number(struct command_run *c, const char *word, u64 *value);
/** argument_time() - "250ms", "3s", "10us", "1m", "2h", plain seconds "1.5": ns. */
int argument_time(const char *word, size_t length, u64 *ns);
/** argument_prot() - "rwx" in any part, "none" or "-". */
int argument_prot(struct command_run *c, const char *word, u32 *prot);
/** argument_option() - is @word "KEY=VALUE" for this key? its value, or NULL. */
const char *argument_option(const char *word, const char *key);
/** argument_cpus() - "0-3,8". */
int argument_cpus(struct command_run *c, const char *word, struct cpumask *mask);

/** argument_range() - the region word[@first] names and the optional OFF LEN behind it; *@start and
 * *@length in bytes, inside the region. -ENOENT if there is no such region, -EINVAL. */
int argument_range(struct command_run *c, u32 first, u64 *start, u64 *length);
/** argument_part() - the optional OFF LEN from word[@first] on: narrows *@start and *@length, which
 * are all that the word before names. -EINVAL outside. */
int argument_part(struct command_run *c, u32 first, u64 *start, u64 *length);

/* What commands that make regions share (fs/sim/proc_map.c, fs/sim/heap.c). */
/** check_new_name() - -ENAMETOOLONG, -EEXIST. name_region(): the result of a command that made
 * one. */
int check_new_name(struct command_run *c, const char *name);
int name_region(struct command_run *c, const char *name, u64 start, u64 length);
/** update_heap() - the region "heap" is what brk gave so far. */
int update_heap(struct command_run *c);
/** heap_region_word() - what libc says of a region: "in use"; NULL if it is none of malloc's. */
const char *heap_region_word(struct machine *m, const struct lab_process *l,
			     const struct lab_region *r);
/** heap_show_free() - a line for each free chunk of libc's heap, as in `regions`. */
void heap_show_free(struct machine *m, const struct lab_process *l, struct text *out);

/* Commands of sim/ctl that live elsewhere. */
int cmd_sync(struct command_run *c);	 /* fs/sim/proc_file.c */
int cmd_fail(struct command_run *c);	 /* fs/sim/fail.c */
int cmd_fragment(struct command_run *c); /* fs/sim/fragment.c */
int cmd_reboot(struct command_run *c);	 /* fs/sim/rewind.c */
int cmd_rewind(struct command_run *c);

extern const struct command_table map_commands;	    /* fs/sim/proc_map.c */
extern const struct command_table heap_commands;    /* fs/sim/heap.c */
extern const struct command_table access_commands;  /* fs/sim/proc_access.c */
extern const struct command_table life_commands;    /* fs/sim/proc_life.c */
extern const struct command_table file_commands;    /* fs/sim/proc_file.c */
extern const struct command_table numa_commands;    /* fs/sim/numa.c */
extern const struct command_table machine_commands; /* fs/sim/ctl.c */

#endif
