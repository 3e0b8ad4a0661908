/*
 * deferred.h - requests that are answered later than they came:
 *
 *  - what may take long (writes to ATTR_LONG files, rmdir, ioctl, the end of a large file) becomes
 *    a job of the worker;
 *  - a read of a stream that has no record waits, and the session's notifier answers it;
 *  - a poll is answered at once, and the notifier calls the kernel back when something changed.
 *
 * An interrupt (a signal to the caller) takes a job off the queue, or ends it at its next safe
 * point, or ends the waiting.
 *
 * Nothing here knows FUSE: fs/fuse.c hands over a request as a pointer, with the ways to answer it.
 * Ownership between threads: the lists are guarded by the gate. FUSE holds a lock of the request
 * while it tells of an interrupt, and so does ->watch(): whoever takes a request off a list calls
 * ->watch() only after it has left the gate.
 */
#ifndef FS_DEFERRED_H
#define FS_DEFERRED_H

#include "fs/session.h"

struct later;

/* How a request is answered. None but ->drop_poll() is called with the gate held. */
struct reply_ops {
	void (*error)(void *request, int error); /* 0 or -errno */
	/* a truncation's: what @ino is like now, or @error */
	void (*attr)(void *request, struct caller *c, u64 ino, int error);
	void (*data)(void *request, const char *data, size_t size);
	void (*written)(void *request, size_t size);
	void (*ioctl)(void *request, int result, const void *out, size_t size);
	/* tell deferred_interrupted(@l) when the request is interrupted, at once if it is already;
	 * NULL: no more, and when this returns no such call is running */
	void (*watch)(void *request, struct later *l);
	/* the kernel asks again who waited with this handle; the handle is used up */
	void (*wake_poll)(void *handle);
	void (*drop_poll)(void *handle);
};

struct deferred {
	struct session *session;
	const struct reply_ops *ops;
	struct later *waiting;
	struct poller *pollers;
};

void deferred_write(struct deferred *d, void *request, const struct caller *c, struct open_file *f,
		    const char *data, size_t size, u64 offset);
void deferred_rmdir(struct deferred *d, void *request, const struct caller *c, u64 parent,
		    const char *name);
/** deferred_unlink(), deferred_truncate() - of a file that is large (tree_unlink_is_long()). */
void deferred_unlink(struct deferred *d, void *request, const struct caller *c, u64 parent,
		     const char *name);
void deferred_truncate(struct deferred *d, void *request, const struct caller *c, u64 ino,
		       u64 size);
void deferred_ioctl(struct deferred *d, void *request, const struct caller *c, struct open_file *f,
		    u32 command, const void *in, size_t in_size, size_t out_size);
/** deferred_ask() - an ioctl that only asks: at once. */
void deferred_ask(struct deferred *d, void *request, const struct caller *c, struct open_file *f,
		  u32 command, const void *in, size_t in_size, size_t out_size);
/** deferred_brief_write() - a write that may take long, but not so long that it would have to wait
 * for a command in progress: then it is done at once. */
void deferred_brief_write(struct deferred *d, void *request, const struct caller *c,
			  struct open_file *f, const char *data, size_t size, u64 offset);
/** deferred_text() - a read whose text takes long to make. */
void deferred_text(struct deferred *d, void *request, const struct caller *c, struct open_file *f,
		   size_t size, u64 offset);
/** deferred_pread() - a large read of a file of the disk; deferred_fsync(). */
void deferred_pread(struct deferred *d, void *request, const struct caller *c, struct open_file *f,
		    size_t size, u64 offset);
void deferred_fsync(struct deferred *d, void *request, const struct caller *c, struct open_file *f);
/** deferred_read() - a stream's read that found no record: answer when there is one. */
void deferred_read(struct deferred *d, void *request, const struct caller *c, struct open_file *f,
		   size_t size);
/** deferred_poll() - the events of now; remembers @handle (or NULL) to call back. */
u32 deferred_poll(struct deferred *d, const struct caller *c, struct open_file *f, void *handle);
/** deferred_release() - @f is about to be closed. Gate held. */
void deferred_release(struct deferred *d, struct open_file *f);

void deferred_interrupted(struct later *l);
/** deferred_notify() - the session's notifier: answer and call back whom the last change
 * concerns. */
void deferred_notify(void *deferred);
/** deferred_end() - dismiss those who still wait. The session's threads are gone. */
void deferred_end(struct deferred *d);

#endif
