/*
 * tree.h - the tree: tables of attributes, and how requests find and run them.
 *
 * A directory of the tree is a table of attributes (name, mode, show, store), as the kernel's
 * attribute groups are. A dynamic directory (PIDs, memory blocks, nodes, CPUs, sim/procs) adds
 * lookup and iterate, which yield (directory type, object). An inode number encodes (directory
 * kind, attribute, object), so a lookup needs no stored inode. Kinds are numbered by walking the
 * tables from the root once, at tree_create().
 *
 * The tree knows nothing of FUSE: fs/fuse.c, the tests, the fuzzer and replay all drive it
 * through the tree_*() calls below. Every callback runs with the machine's lock held, must not
 * block, and changes nothing when it returns an error.
 *
 * One file of the tree is one small C file or one row of a table: a show function, and its
 * registration at the bottom, as in the kernel's fs/proc.
 */
#ifndef FS_TREE_H
#define FS_TREE_H

#include <mman/machine.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "fs/text.h"

struct tree;
struct attribute;
struct directory;
struct open_file;

/* Who asks. In-process callers (tests, replay, run) are root without a PID. */
struct caller {
	u32 uid, gid;    /* as the simulated machine sees them: the mounting user is 0 */
	u32 tid, pid;    /* visitor's thread and process number as the tree shows them; 0: none */
	u32 host_pid;    /* the daemon's view of the same process, for /proc/PID of the host */
	bool replaying;  /* the journal speaks: do not journal again */
};

struct request {
	struct tree *tree;
	struct machine *m;
	const struct caller *caller;
	const struct directory *dir;
	const struct attribute *attr; /* NULL for the directory itself */
	u64 object;                   /* PID, node, block, CPU number, handle ...: the directory's own */
	struct open_file *file;       /* NULL outside open/read/write */
};

#define ATTR_LONG 1u        /* a write may run long: handed to a worker, answered later */
#define ATTR_POSITIONAL 2u  /* binary, pread/pwrite at an offset; no text buffer */
#define ATTR_STREAM 4u      /* one record per read (kmsg, events); read() below decides EAGAIN */
#define ATTR_NO_JOURNAL 8u  /* a write changes nothing worth replaying */
#define ATTR_SYSCTL 16u     /* sysctl rules: second write at offset > 0 is ignored, reads by byte end */
#define ATTR_OPEN_EACCES 32u /* write-open of this 0444 file fails with EACCES even for root */

struct attribute {
	const char *name;
	mode_t mode;         /* S_IFREG or S_IFLNK and permissions; S_IFREG may be left out */
	u32 flags;           /* ATTR_* */
	u32 size;            /* st_size as Linux reports it: 0 in proc, 4096 in sysfs */
	const void *data;    /* whatever the callbacks want: a knob's description, an offset */
	/* text of the file, or target of the link: append to @out; 0 or -errno */
	int (*show)(const struct request *rq, struct text *out);
	/* one write(2): bytes consumed, or -errno */
	ssize_t (*store)(const struct request *rq, const char *data, size_t size, u64 offset);
	/* ATTR_POSITIONAL and ATTR_STREAM */
	ssize_t (*pread)(const struct request *rq, char *buffer, size_t size, u64 offset);
	/* optional */
	int (*open)(const struct request *rq, int flags);
	void (*release)(const struct request *rq);
	bool (*visible)(const struct request *rq); /* is this row there for this object? */
	u64 (*get_size)(const struct request *rq);
	/* POLLIN-style events ready now (poll.h bits) */
	u32 (*poll)(const struct request *rq);
};

/* A child that lookup found. */
struct entry {
	const struct directory *dir;  /* set for a directory */
	const struct attribute *attr; /* set for a file or link: a row of @owner's table */
	const struct directory *owner;
	u64 object;
};

struct dir_emit {
	void *arg;
	/* returns false when the reader's buffer is full: stop and keep the position */
	bool (*emit)(struct dir_emit *e, const char *name, const struct entry *entry, u64 next_position);
};

struct subdirectory {
	const char *name;
	const struct directory *dir;
	bool (*visible)(const struct request *rq);
};

struct directory {
	const char *name;                       /* for diagnostics: "proc/PID" */
	mode_t mode;                            /* permissions, e.g. 0555 */
	const struct attribute *attrs;          /* nr_attrs rows; children in this order */
	u32 nr_attrs;
	const struct subdirectory *subdirs;     /* nr_subdirs static ones, same object */
	u32 nr_subdirs;
	const struct directory *const *dynamic; /* types that lookup and iterate may yield; NULL ends */
	/* dynamic children; static ones were looked up before. 0, or -ENOENT */
	int (*lookup)(const struct request *rq, const char *name, struct entry *out);
	/* emit dynamic children from @position (0: first) in stable order; positions are object
	 * numbers + 1, so that churn neither skips nor repeats */
	int (*iterate)(const struct request *rq, u64 position, struct dir_emit *e);
	int (*mkdir)(const struct request *rq, const char *name);
	int (*rmdir)(const struct request *rq, const char *name);
	/* create/unlink/rename of files: sim/disk only */
	int (*create)(const struct request *rq, const char *name, mode_t mode, struct entry *out);
	int (*unlink)(const struct request *rq, const char *name);
	int (*rename)(const struct request *rq, const char *name, const struct request *to,
		      const char *new_name);
	int (*truncate)(const struct request *rq, const struct attribute *attr, u64 size);
	bool (*exists)(const struct request *rq); /* is the object (still) there? NULL: always */
	u32 (*owner_uid)(const struct request *rq);
	u32 (*nlink)(const struct request *rq);
	/* may the caller see the object at all beyond mode bits (proc/PID files of others: EACCES)? */
};

/* State of one open file: the text is made when a read starts at offset 0, then served from here. */
struct open_file {
	u64 ino;
	struct text text;
	bool generated;
	bool wrote;      /* a write went through this descriptor (sysctl's second write) */
	int flags;       /* open flags */
	u64 sequence;    /* kmsg, events: next record */
	void *private;   /* the attribute's own (PSI trigger ...), freed by its release */
};

struct tree *tree_create(struct machine *m); /* NULL: host out of memory */
void tree_destroy(struct tree *t);
struct machine *tree_machine(const struct tree *t);
/** tree_set_machine() - rewind and reboot put another machine behind the same tree. */
void tree_set_machine(struct tree *t, struct machine *m);

#define TREE_ROOT_INO 1u

/* All calls: the machine's lock is held by the caller; 0 or bytes, or -errno. */
int tree_lookup(struct tree *t, const struct caller *c, u64 parent, const char *name, u64 *ino);
int tree_getattr(struct tree *t, const struct caller *c, u64 ino, struct stat *st);
int tree_readlink(struct tree *t, const struct caller *c, u64 ino, struct text *out);
int tree_readdir(struct tree *t, const struct caller *c, u64 ino, u64 position, struct dir_emit *e);
int tree_open(struct tree *t, const struct caller *c, u64 ino, int flags, struct open_file **out);
ssize_t tree_read(struct tree *t, const struct caller *c, struct open_file *f, char *buffer, size_t size,
		  u64 offset);
/** tree_read_text() - like tree_read() at any offset without copying: *@data points into the file's
 * own buffer until the next call on it (text files only, else -EINVAL). */
ssize_t tree_read_text(struct tree *t, const struct caller *c, struct open_file *f, size_t size,
		       u64 offset, const char **data);
ssize_t tree_write(struct tree *t, const struct caller *c, struct open_file *f, const char *data,
		   size_t size, u64 offset);
void tree_release(struct tree *t, const struct caller *c, struct open_file *f);
int tree_mkdir(struct tree *t, const struct caller *c, u64 parent, const char *name, u64 *ino);
int tree_rmdir(struct tree *t, const struct caller *c, u64 parent, const char *name);
int tree_truncate(struct tree *t, const struct caller *c, u64 ino, u64 size);
u32 tree_poll(struct tree *t, const struct caller *c, struct open_file *f);
/** tree_write_is_long() - should this write be given to a worker? */
bool tree_write_is_long(struct tree *t, u64 ino);
/** tree_path() - "proc/sys/vm/swappiness" of an inode, for the journal. */
int tree_path(struct tree *t, u64 ino, struct text *out);

/* By path, relative to the root, for tests, replay and --print: one open, one call, one release. */
int tree_walk(struct tree *t, const struct caller *c, const char *path, u64 *ino);
int tree_read_file(struct tree *t, const char *path, struct text *out);
ssize_t tree_write_file(struct tree *t, const char *path, const char *data, size_t size);

/* The root's table is fs/root.c; each part of the tree exports its top directory. */
extern const struct directory root_directory;
extern const struct directory proc_directory;   /* fs/proc/root.c */
extern const struct directory sys_directory;    /* fs/sys/root.c */
extern const struct directory dev_directory;    /* fs/dev/root.c */
extern const struct directory sim_directory;    /* fs/sim/root.c */

#define ATTR_RO(n, fn) { .name = #n, .mode = 0444, .show = fn }

#endif
