/*
 * tree.h - the tree: tables of attributes, and how requests find and run them.
 *
 * A directory of the tree is a table of attributes (name, mode, show, store), as the kernel's
 * attribute groups are. A dynamic directory (PIDs, memory blocks, nodes, CPUs, sim/procs) adds
 * lookup and iterate, which yield (directory type, object). An inode number encodes (directory
 * kind, attribute, object), so a lookup needs no stored inode. A kind is one place in the tree: a
 * table that hangs at two places is two kinds. Kinds are numbered by walking the tables from the
 * root once, at tree_create().
 *
 * Objects have OBJECT_BITS bits. Where numbers are reused (PIDs, pool handles) the directory packs
 * a generation beside the number (object_pack()), so that an old inode does not name the new
 * object;
 * ->exists() compares it. A static subdirectory has its parent's object.
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
#include <sys/statvfs.h>
#include <sys/types.h>

#include "fs/text.h"

struct tree;
struct attribute;
struct directory;
struct open_file;

/* Who asks. In-process callers (tests, replay, run) are root without a PID. */
struct caller {
	u32 uid, gid;	/* as the simulated machine sees them: the mounting user is 0 */
	u32 tid, pid;	/* visitor's thread and process number as the tree shows them; 0: none */
	u32 host_pid;	/* the daemon's view of the same process, for /proc/PID of the host */
	u32 host_tid;	/* likewise the thread; visitor.h makes the other three from it */
	bool replaying; /* the journal speaks: do not journal again */
	u64 line;	/* if so: the number of its line */
};

#define OBJECT_BITS	   44u
#define OBJECT_MASK	   (((u64)1 << OBJECT_BITS) - 1)
#define OBJECT_NUMBER_BITS 22u /* PIDs end at 2^22 */

/* A number of 22 bits with the low 22 bits of a generation, or any other second number. */
static inline u64 object_pack(u32 number, u64 generation)
{
	u64 mask = ((u64)1 << OBJECT_NUMBER_BITS) - 1;

	return (generation & mask) << OBJECT_NUMBER_BITS | (number & mask);
}

static inline u32 object_number(u64 object)
{
	return (u32)(object & (((u64)1 << OBJECT_NUMBER_BITS) - 1));
}

static inline u32 object_generation(u64 object)
{
	return (u32)(object >> OBJECT_NUMBER_BITS & (((u64)1 << OBJECT_NUMBER_BITS) - 1));
}

struct request {
	struct tree *tree;
	struct machine *m;
	const struct caller *caller;
	const struct directory *dir;
	const struct attribute *attr; /* NULL for the directory itself */
	u64 object;		/* PID, node, block, CPU number, handle ...: the directory's own */
	struct open_file *file; /* NULL outside open/read/write */
};

#define ATTR_LONG	1u /* a write may run long: handed to a worker, answered later */
#define ATTR_POSITIONAL 2u /* binary, pread/pwrite at an offset; no text buffer */
#define ATTR_STREAM	4u /* one record per read (kmsg, events); read() below decides EAGAIN */
#define ATTR_NO_JOURNAL 8u /* a write changes nothing worth replaying */
/* Integer sysctls: a write at an offset > 0 is ignored and returns its length, a read there ends
 * the file. Strings (osrelease) and handlers of their own (numa_zonelist_order) go without. */
#define ATTR_SYSCTL 16u
/* An open that no mode bit allows (write to 0444, read of 0200) fails with EACCES even for root.
 * All of FAMILY_SYSCTL and FAMILY_SYSFS behave so without it. */
#define ATTR_OPEN_EACCES  32u
#define ATTR_READ_CHANGES 64u  /* a pread changes the machine (faults pages in): journal it */
#define ATTR_PANICKED	  128u /* takes writes after a panic too; all others answer EIO then */
/* Who has the file open matters (files of sim/disk: read-ahead, and removed files that are still
 * open): opens and closes are journalled as well, and what is done through a descriptor names it by
 * number. Reads change the machine (the page cache), and large reads and writes may run long. */
#define ATTR_TRACKED 256u
#define ATTR_BRIEF   512u /* with ATTR_LONG: does not wait for a command that is in progress */

struct attribute {
	const char *name;
	mode_t mode;	  /* S_IFREG or S_IFLNK and permissions; S_IFREG may be left out */
	u32 flags;	  /* ATTR_* */
	u32 size;	  /* st_size as Linux reports it: 0 in proc, 4096 in sysfs */
	const void *data; /* whatever the callbacks want: a knob's description, an offset */
	/* text of the file, or target of the link: append to @out; 0 or -errno */
	int (*show)(const struct request *rq, struct text *out);
	/* one write(2): bytes consumed, or -errno */
	ssize_t (*store)(const struct request *rq, const char *data, size_t size, u64 offset);
	/* ATTR_POSITIONAL and ATTR_STREAM */
	ssize_t (*pread)(const struct request *rq, char *buffer, size_t size, u64 offset);
	/* optional */
	/* Would making the text take long now? Then it is given to a thread of its own, and ->show
	 * yields by machine_read_point(). */
	bool (*show_is_long)(const struct request *rq);
	int (*open)(const struct request *rq, int flags);
	void (*release)(const struct request *rq);
	bool (*visible)(const struct request *rq); /* is this row there for this object? */
	u64 (*get_size)(const struct request *rq);
	/* Has what was opened ended since (the address space, by exec or exit)? Reads and writes of
	 * the descriptor give 0 from then on, also when the object has gone. NULL: it cannot. */
	bool (*ended)(const struct request *rq);
	/* fsync(2): 0 or -errno */
	int (*fsync)(const struct request *rq);
	/* POLLIN-style events ready now (poll.h bits) */
	u32 (*poll)(const struct request *rq);
	/* lseek(2) with SEEK_DATA: where the descriptor is from now on, or -errno */
	s64 (*seek_data)(const struct request *rq, u64 offset);
	/* ioctl(2): @in_size bytes at @in; up to *@out_size bytes to @out, *@out_size says how
	 * many. The value returned to the caller, or -errno (-ENOTTY: no such command). */
	int (*ioctl)(const struct request *rq, u32 command, const void *in, size_t in_size,
		     void *out, size_t *out_size);
	/* Is this command a question, which changes nothing? Then it is answered at once and not in
	 * the journal. */
	bool (*ioctl_asks)(u32 command);
};

/* A child that lookup found. */
struct entry {
	const struct directory *dir;  /* set for a directory */
	const struct attribute *attr; /* set for a file or link: a row of @owner's table */
	const struct directory *owner;
	u64 object;
};

/* What setattr is to change, but for the size. */
#define SETATTR_MODE  1u
#define SETATTR_UID   2u
#define SETATTR_GID   4u
#define SETATTR_MTIME 8u

struct tree_setattr {
	u32 which; /* SETATTR_* */
	mode_t mode;
	u32 uid, gid;
	s64 mtime; /* ns since the epoch */
};

struct dir_emit {
	void *arg;
	/* returns false when the reader's buffer is full: stop and keep the position */
	bool (*emit)(struct dir_emit *e, const char *name, const struct entry *entry,
		     u64 next_position);
	/* for those who call tree_readdir(): what is being emitted (@entry is NULL for . and ..) */
	u64 ino;
	mode_t mode; /* S_IFMT bits only */
};

/*
 * The part of the tree that a directory belongs to; it decides what only the file system's side of
 * a real kernel decides: block size, errors of mkdir, unlink, chmod and of writes to read-only
 * files. Inherited from the parent; found by path for proc/, proc/sys/, proc/PID, sys/,
 * sys/fs/cgroup and sys/kernel/debug, so tables need not say it.
 */
enum tree_family {
	FAMILY_INHERIT,
	FAMILY_OWN,
	FAMILY_PROC,
	FAMILY_PID,
	FAMILY_SYSCTL,
	FAMILY_SYSFS,
	FAMILY_CGROUP,
	FAMILY_DEBUG
};

struct subdirectory {
	const char *name;
	const struct directory *dir;
	bool (*visible)(const struct request *rq);
};

struct directory {
	const char *name;	       /* for diagnostics: "proc/PID" */
	mode_t mode;		       /* permissions, e.g. 0555 */
	const struct attribute *attrs; /* nr_attrs rows; children in this order */
	u32 nr_attrs;
	const struct subdirectory *subdirs; /* nr_subdirs static ones, same object */
	u32 nr_subdirs;
	/* types that lookup and iterate may yield; NULL ends */
	const struct directory *const *dynamic;
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
	/* Would it take long to remove or truncate it now? Then it is given to a worker, and lets
	 * others in at safe points. */
	bool (*is_large)(const struct request *rq);
	/* room for bytes of a file, and where its data and holes are (include/mman/namei.h) */
	int (*fallocate)(const struct request *rq, u64 offset, u64 length, enum fallocate_how how);
	s64 (*seek)(const struct request *rq, u64 offset, bool hole);
	/* Mode, owner and time stamp that the object itself keeps; false: it has none of its
	 * own. */
	bool (*get_owner)(const struct request *rq, mode_t *mode, u32 *uid, u32 *gid);
	int (*setattr)(const struct request *rq, const struct tree_setattr *a);
	/* the rest of stat(2): time stamps, blocks */
	void (*fill_stat)(const struct request *rq, struct stat *st);
	void (*statfs)(const struct request *rq, struct statvfs *st);
	bool (*exists)(const struct request *rq); /* is the object (still) there? NULL: always */
	/* A dynamic type whose names last: in the parent a name leads to the object as long as it
	 * is there, whoever asks, but for those to whom this says no; and everybody may look up the
	 * rows of its table, which are always the same. NULL: they do not. */
	bool (*leads_here)(const struct request *rq);
	u32 (*owner_uid)(const struct request *rq);
	u32 (*nlink)(const struct request *rq);
	/* may the caller see the object at all beyond mode bits (proc/PID files of others: EACCES)?
	 * 0 or -errno; asked at open, readlink and readdir, never of uid 0. */
	int (*permission)(const struct request *rq);
	u32 (*owner_gid)(const struct request *rq);
	u8 family; /* enum tree_family; 0: as the parent */
	/* A dynamic type only: this table holds rows for entries of the parent (links, files) that
	 * lookup gives names to; it is not a directory itself. */
	bool rows_only;
	/* For the journal's paths. Name of a dynamic object; without it the parent is searched. */
	void (*object_name)(const struct request *rq, struct text *out);
	/* Object of the directory that holds a dynamic one; without it, 0. */
	u64 (*parent_object)(const struct request *rq);
};

/* State of one open file: the text is made when a read starts at offset 0, then served from
 * here. */
struct open_file {
	u64 ino;
	u64 number;	/* of a file with ATTR_TRACKED: its name in the journal */
	u64 generation; /* of the tree's machine when it was opened; another one does not know it */
	struct text text;
	bool generated;
	bool wrote;    /* a write went through this descriptor */
	u64 appended;  /* O_APPEND: bytes written so far */
	int flags;     /* open flags */
	bool direct;   /* O_DIRECT, as things stand: fcntl(2) may change it */
	u64 sequence;  /* kmsg, events: next record */
	void *private; /* the attribute's own (PSI trigger ...), freed by its release */
	void *poller;  /* the mount's own (fs/fuse.c) */
	bool peeking; /* ->poll() is asked by the mount itself: what it reports counts as not seen */
	/* the tree's own: all that are open, or free to be used again */
	struct open_file *next, **link;
};

/*
 * A change that the journal wants to know. Long writes are announced when they start, so that what
 * is written in their middle comes after them in the journal; the end has the same id.
 */
enum tree_op {
	TREE_WRITE,
	TREE_MKDIR,
	TREE_RMDIR,
	TREE_CREATE,
	TREE_UNLINK,
	TREE_RENAME,
	TREE_TRUNCATE,
	TREE_FALLOCATE,
	TREE_IOCTL,
	TREE_READ,
	TREE_OPEN,
	TREE_CLOSE,
	TREE_FSYNC,
	TREE_SETFL,
	TREE_SETATTR,
	TREE_IMPORT
};

struct tree_change {
	enum tree_op op;
	bool started;		      /* it only begins; ->result has no meaning yet */
	u64 id;			      /* pairs beginning and end */
	const char *path;	      /* relative to the root, valid during the call only */
	const char *path2;	      /* rename: the new one */
	const struct attribute *attr; /* of a write, truncate or fallocate */
	const char *data;	      /* write: the bytes */
	size_t size;
	u64 offset; /* write, read: position; truncate: new size; create: mode; ioctl: command */
	u64 number; /* of the descriptor it came through, 0: by path */
	s64 result; /* bytes, 0, or -errno of a failure that changed something */
	u64 time, step; /* m->clock.now and .step when it took effect (before it ran) */
	const struct caller *caller;
	/* the tree's own, like the next: what shows that a failure left traces */
	struct text path_buffer;
	u64 mark[5];
};

struct tree_hooks {
	void *arg;
	/* After each change that succeeded or called tree_note_change(); and before and after each
	 * that may be long: ATTR_LONG, rmdir, ioctl, reads that change. Not called for callers with
	 * ->replaying, nor for ATTR_NO_JOURNAL. Machine's lock held. */
	void (*change)(void *arg, const struct tree_change *change);
};

struct tree *tree_create(struct machine *m); /* NULL: host out of memory, or a bad table */
/** tree_create_root() - a tree of any tables; tests use it. */
struct tree *tree_create_root(struct machine *m, const struct directory *root);
void tree_destroy(struct tree *t);
/** tree_set_twin() - the machine is a twin: @text, which is the tree's to free from now on, says of
 * whom and how like it is (sim/twin). tree_twin() - that text; NULL: it is no twin. */
void tree_set_twin(struct tree *t, char *text);
const char *tree_twin(const struct tree *t);
struct machine *tree_machine(const struct tree *t);
/** tree_set_machine() - rewind and reboot put another machine behind the same tree. The caller ends
 * the old one afterwards; within its store function only, for the running command was the last. */
void tree_set_machine(struct tree *t, struct machine *m);

/** tree_set_journal(), tree_journal() - the journal of this tree (fs/journal.h); NULL: none. */
struct journal;
void tree_set_journal(struct tree *t, struct journal *journal);
struct journal *tree_journal(const struct tree *t);

void tree_set_hooks(struct tree *t, const struct tree_hooks *hooks);
/** tree_record() - something was done to the machine that no request asked for: tell the
 * journal. */
void tree_record(struct tree *t, struct tree_change *change);
/** tree_note_change() - a store that is about to fail has changed something: journal it all the
 * same. */
void tree_note_change(struct tree *t);

/* What a mount puts around a tree (fs/session.c). In-process users have none, and need none. */
struct tree_session {
	/* @m is being built up by the running command (rewind): readers are to be let in
	 * meanwhile */
	void (*adopt)(struct tree_session *s, struct machine *m);
	/* the tree shows another machine now; the old one is still there */
	void (*machine_changed)(struct tree_session *s, struct machine *old, struct machine *m);
	/* the clock was set on purpose (advance): host time counts from here */
	void (*clock_set)(struct tree_session *s);
};

void tree_set_session(struct tree *t, struct tree_session *session);
/** tree_adopt_machine() - before a rewind or reboot works on a machine that is not the tree's
 * yet. */
void tree_adopt_machine(struct tree *t, struct machine *m);
/** tree_clock_set() - after `advance` and its like: in realtime, host time counts on from here. A
 * clock that a command's cost has moved stays ahead and waits for the host's instead. */
void tree_clock_set(struct tree *t);

#define TREE_ROOT_INO 1u

/* All calls: the machine's lock is held by the caller; 0 or bytes, or -errno. */
int tree_lookup(struct tree *t, const struct caller *c, u64 parent, const char *name, u64 *ino);
int tree_getattr(struct tree *t, const struct caller *c, u64 ino, struct stat *st);
int tree_readlink(struct tree *t, const struct caller *c, u64 ino, struct text *out);
int tree_readdir(struct tree *t, const struct caller *c, u64 ino, u64 position, struct dir_emit *e);
int tree_open(struct tree *t, const struct caller *c, u64 ino, int flags, struct open_file **out);
ssize_t tree_read(struct tree *t, const struct caller *c, struct open_file *f, char *buffer,
		  size_t size, u64 offset);
/** tree_read_text() - like tree_read() at any offset without copying: *@data points into the file's
 * own buffer until the next call on it (text files only, else -EINVAL). */
ssize_t tree_read_text(struct tree *t, const struct caller *c, struct open_file *f, size_t size,
		       u64 offset, const char **data);
/** tree_read_data() - whichever of the two it can be: *@data is @buffer or the file's own. */
ssize_t tree_read_data(struct tree *t, const struct caller *c, struct open_file *f, char *buffer,
		       size_t size, u64 offset, const char **data);
ssize_t tree_write(struct tree *t, const struct caller *c, struct open_file *f, const char *data,
		   size_t size, u64 offset);
void tree_release(struct tree *t, const struct caller *c, struct open_file *f);
/** tree_find_open() - the tracked file with this number; NULL: none. tree_close_tracked() - close
 * all of them: those who had them open are gone (a journal that goes on). */
struct open_file *tree_find_open(struct tree *t, u64 number);
/** tree_set_number() - @f, which was just opened, is known by @number. */
void tree_set_number(struct tree *t, struct open_file *f, u64 number);
void tree_close_tracked(struct tree *t, const struct caller *c);
int tree_fsync(struct tree *t, const struct caller *c, struct open_file *f);
/** tree_set_direct() - reads and writes of a tracked file go past the page cache from now on, or no
 * more (O_DIRECT). */
void tree_set_direct(struct tree *t, const struct caller *c, struct open_file *f, bool direct);
/** tree_is_tracked() - is it a file with ATTR_TRACKED? */
bool tree_is_tracked(struct tree *t, u64 ino);
int tree_mkdir(struct tree *t, const struct caller *c, u64 parent, const char *name, u64 *ino);
int tree_rmdir(struct tree *t, const struct caller *c, u64 parent, const char *name);
int tree_truncate(struct tree *t, const struct caller *c, u64 ino, u64 size);
/** tree_fallocate() - as fallocate(2). -EOPNOTSUPP outside sim/disk. */
int tree_fallocate(struct tree *t, const struct caller *c, u64 ino, u64 offset, u64 length,
		   enum fallocate_how how);
/** tree_fallocate_mode() - what the @mode of fallocate(2) asks for; -EOPNOTSUPP: nothing known. */
int tree_fallocate_mode(int mode, enum fallocate_how *how);
/** tree_parse_fallocate() - "LENGTH", "LENGTH keep" or "LENGTH punch" as the journal has it.
 * -EINVAL. */
int tree_parse_fallocate(const char *text, u64 *length, enum fallocate_how *how);
int tree_create_file(struct tree *t, const struct caller *c, u64 parent, const char *name,
		     mode_t mode, u64 *ino);
int tree_unlink(struct tree *t, const struct caller *c, u64 parent, const char *name);
/** tree_unlink_is_long(), tree_truncate_is_long() - should it be given to the worker? Machine's lock
 * held. */
bool tree_unlink_is_long(struct tree *t, const struct caller *c, u64 parent, const char *name);
bool tree_truncate_is_long(struct tree *t, const struct caller *c, u64 ino);
/** tree_rename() - -EXDEV between directories that do not know each other's entries. */
int tree_rename(struct tree *t, const struct caller *c, u64 parent, const char *name,
		u64 new_parent, const char *new_name);
/** tree_rename2() - the same with the flags of renameat2(2), of which there is RENAME_NOREPLACE. */
int tree_rename2(struct tree *t, const struct caller *c, u64 parent, const char *name,
		 u64 new_parent, const char *new_name, unsigned int flags);
/** tree_mknod() - make what @mode says: a directory, a file, or else what cannot be made, see
 * tree_link_error(). Directories of the disk get the permissions of @mode, others have the
 * table's. */
int tree_mknod(struct tree *t, const struct caller *c, u64 parent, const char *name, mode_t mode,
	       u64 *ino);
/** tree_link_error() - why a hard or symbolic link, or a node, cannot be made here. */
int tree_link_error(struct tree *t, u64 parent);
/** tree_chmod(), tree_chown() - as far as Linux lets one; -1: leave as it is. */
int tree_chmod(struct tree *t, const struct caller *c, u64 ino, mode_t mode);
int tree_chown(struct tree *t, const struct caller *c, u64 ino, u32 uid, u32 gid);
/** tree_setattr() - both, and the time stamp where the object keeps one. */
int tree_setattr(struct tree *t, const struct caller *c, u64 ino, const struct tree_setattr *a);
/** tree_parse_setattr() - "mode=0644 uid=0 mtime=1.000000000" as the journal has it. -EINVAL. */
int tree_parse_setattr(const char *text, struct tree_setattr *a);
/** tree_keeps_attr() - does the object keep its own mode (files and directories of sim/disk)? */
bool tree_keeps_attr(struct tree *t, u64 ino);
/** tree_statfs() - sizes of the file system at @ino. */
void tree_statfs(struct tree *t, u64 ino, struct statvfs *st);
/** tree_now_ns() - the machine's time as time stamps have it. */
s64 tree_now_ns(const struct tree *t);
/** tree_access() - access(2): @mask of R_OK, W_OK, X_OK. tree_open() checks the same by itself. */
int tree_access(struct tree *t, const struct caller *c, u64 ino, int mask);
int tree_ioctl(struct tree *t, const struct caller *c, struct open_file *f, u32 command,
	       const void *in, size_t in_size, void *out, size_t *out_size);
/** tree_is_static() - does this inode name a fixed row or directory, the same for ever? */
bool tree_is_static(struct tree *t, u64 ino);
/** tree_name_lasts() - does the name that led to this inode lead to it until it has gone
 * (directory.leads_here)? tree_no_name_lasts() - may be remembered as well that @parent has no such
 * name? */
bool tree_name_lasts(const struct tree *t, u64 ino);
bool tree_no_name_lasts(const struct tree *t, u64 parent);
/** tree_leads_here() - of a name that lasts: does it lead this caller here? */
bool tree_leads_here(struct tree *t, const struct caller *c, u64 ino);
/** tree_names_gone() - counts what ended of all that lasts; a different number: forget names. */
u64 tree_names_gone(const struct tree *t);
/** tree_has_poll(), tree_is_stream() - is poll(2) more than "always ready"? one record per read? */
bool tree_has_poll(struct tree *t, u64 ino);
bool tree_has_ioctl(struct tree *t, u64 ino);
bool tree_ioctl_asks(struct tree *t, u64 ino, u32 command);
bool tree_is_stream(struct tree *t, u64 ino);
u32 tree_poll(struct tree *t, const struct caller *c, struct open_file *f);
/** tree_seek() - lseek(2) with SEEK_DATA or SEEK_HOLE: the offset, or -errno */
s64 tree_seek(struct tree *t, const struct caller *c, struct open_file *f, u64 offset, int whence);
/** tree_write_is_long() - should this write be given to a worker? */
bool tree_write_is_long(struct tree *t, u64 ino);
/** tree_write_is_brief() - and should it, rather than wait for the worker, be done at once? */
bool tree_write_is_brief(struct tree *t, u64 ino);
/** tree_read_is_long() - should this read be given to the reader? Machine's lock held. */
bool tree_read_is_long(struct tree *t, const struct caller *c, struct open_file *f, u64 offset);
/** tree_path() - "proc/sys/vm/swappiness" of an inode, for the journal. */
int tree_path(struct tree *t, u64 ino, struct text *out);

/* By path, relative to the root, for tests, replay and --print: one open, one call, one release. */
int tree_walk(struct tree *t, const struct caller *c, const char *path, u64 *ino);
int tree_read_file(struct tree *t, const char *path, struct text *out);
ssize_t tree_write_file(struct tree *t, const char *path, const char *data, size_t size);

/* The root's table is fs/root.c; each part of the tree exports its top directory. */
extern const struct directory root_directory;
extern const struct directory proc_directory; /* fs/proc/root.c */
extern const struct directory sys_directory;  /* fs/sys/root.c */
extern const struct directory dev_directory;  /* fs/dev/root.c */
extern const struct directory sim_directory;  /* fs/sim/root.c */

#endif
