/*
 * fuse.c - the tree behind FUSE's low-level interface; the only file that knows FUSE.
 *
 * One loop thread reads requests and answers the short ones itself: enter the gate, ask the tree,
 * leave, reply. Nothing replies with the gate held. Three kinds of requests are answered later:
 *  - long writes and the like become jobs of the worker;
 *  - a read of a stream that has no record waits in ->waiting, and the notifier answers it;
 *  - polls are answered at once, and the notifier calls the kernel back when something changed.
 * An interrupt (a signal to the caller) takes a job off the queue, or ends it at its next safe point,
 * or ends the waiting.
 *
 * Ownership between threads: ->waiting and ->pollers are guarded by the gate. libfuse holds a lock of
 * the request while it calls an interrupt function, and so does fuse_req_interrupt_func(): whoever
 * takes a request off a list calls that function only after it has left the gate.
 */
#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

#include "fs/mount.h"
#include "fs/session.h"
#include "fs/visitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define STATIC_TIMEOUT 1.0   /* seconds the kernel may remember what never changes */
#define READ_BUFFER (1u << 20)
#define KICK_SIGNAL SIGUSR1  /* interrupts the loop thread's read */

struct mount {
	struct session session; /* machine, tree, gate, worker */
	struct tree *tree;
	struct fuse_session *se;
	const struct mount_options *options;
	uid_t uid;              /* who mounted: shown as the owner of what simulated root owns */
	gid_t gid;
	char *buffer;           /* the loop thread's, READ_BUFFER bytes */
	struct waiting_read *waiting;
	struct poller *pollers;
	struct visitor_cache visitors; /* the loop thread's */
	pthread_t loop_thread;
	pthread_t signal_thread;
	bool loop_ended;        /* atomic */
};

static struct mount *mount_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* --- Who asks, and what he is shown --- */

static struct caller caller_of(fuse_req_t req)
{
	const struct mount *mnt = mount_of(req);
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct caller c = { .host_tid = (u32)ctx->pid, .uid = ctx->uid, .gid = ctx->gid };

	if (ctx->uid == mnt->uid || !ctx->uid)
		c.uid = c.gid = 0;
	return c;
}

static void show_owner(const struct mount *mnt, struct stat *st)
{
	if (!st->st_uid)
		st->st_uid = mnt->uid;
	if (!st->st_gid)
		st->st_gid = mnt->gid;
}

static double timeout_of(const struct mount *mnt, u64 ino)
{
	return tree_is_static(mnt->tree, ino) ? STATIC_TIMEOUT : 0.0;
}

static void reply_error(fuse_req_t req, int error)
{
	fuse_reply_err(req, -error);
}

/* An entry that was found or made: with its attributes, for the kernel wants them next. Held. */
static int fill_entry(struct mount *mnt, const struct caller *c, u64 ino, struct fuse_entry_param *e)
{
	int error;

	memset(e, 0, sizeof(*e));
	error = tree_getattr(mnt->tree, c, ino, &e->attr);
	show_owner(mnt, &e->attr);
	e->ino = ino;
	e->attr_timeout = e->entry_timeout = timeout_of(mnt, ino);
	return error;
}

/* --- Names and attributes --- */

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct mount *mnt = userdata;

	conn->want |= conn->capable & FUSE_CAP_ATOMIC_O_TRUNC;
	conn->want &= ~(unsigned int)(FUSE_CAP_ASYNC_READ | FUSE_CAP_AUTO_INVAL_DATA);
	if (mnt->options->ready)
		mnt->options->ready(mnt->options->arg);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct fuse_entry_param e;
	u64 ino;
	int error;

	/* only a number can be the caller's own; to find it out costs a look into the host's /proc */
	if (name[0] >= '0' && name[0] <= '9')
		visitor_resolve(&mnt->visitors, &c);
	session_enter(&mnt->session);
	error = tree_lookup(mnt->tree, &c, parent, name, &ino);
	if (!error)
		error = fill_entry(mnt, &c, ino, &e);
	session_leave(&mnt->session);

	if (error)
		reply_error(req, error);
	else
		fuse_reply_entry(req, &e);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, u64 count)
{
	(void)ino;
	(void)count;
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	(void)count;
	(void)forgets;
	fuse_reply_none(req);
}

static void reply_attr(fuse_req_t req, const struct caller *c, u64 ino, int error)
{
	struct mount *mnt = mount_of(req);
	struct stat st;

	if (!error) {
		session_enter(&mnt->session);
		error = tree_getattr(mnt->tree, c, ino, &st);
		session_leave(&mnt->session);
	}
	if (error) {
		reply_error(req, error);
		return;
	}
	show_owner(mnt, &st);
	fuse_reply_attr(req, &st, timeout_of(mnt, ino));
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct caller c = caller_of(req);

	(void)fi;
	reply_attr(req, &c, ino, 0);
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	u32 uid = to_set & FUSE_SET_ATTR_UID ? attr->st_uid : UINT32_MAX;
	u32 gid = to_set & FUSE_SET_ATTR_GID ? attr->st_gid : UINT32_MAX;
	int error = 0;

	(void)fi;
	if (uid == mnt->uid)
		uid = 0;
	if (gid == mnt->gid)
		gid = 0;
	session_enter(&mnt->session);
	if (to_set & FUSE_SET_ATTR_SIZE)
		error = tree_truncate(mnt->tree, &c, ino, (u64)attr->st_size);
	if (!error && to_set & FUSE_SET_ATTR_MODE)
		error = tree_chmod(mnt->tree, &c, ino, attr->st_mode);
	if (!error && to_set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		error = tree_chown(mnt->tree, &c, ino, uid, gid);
	session_leave(&mnt->session);
	reply_attr(req, &c, ino, error);
}

static void op_access(fuse_req_t req, fuse_ino_t ino, int mask)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	int error;

	session_enter(&mnt->session);
	error = tree_access(mnt->tree, &c, ino, mask);
	session_leave(&mnt->session);
	reply_error(req, error);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct text target;
	int error;

	visitor_resolve(&mnt->visitors, &c);
	text_init(&target);
	session_enter(&mnt->session);
	error = tree_readlink(mnt->tree, &c, ino, &target);
	session_leave(&mnt->session);
	text_char(&target, '\0');
	if (!error && text_error(&target))
		error = -ENOMEM;

	if (error)
		reply_error(req, error);
	else
		fuse_reply_readlink(req, target.data);
	text_free(&target);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	const struct statvfs st = { .f_bsize = 4096, .f_frsize = 4096, .f_namemax = 255 };

	(void)ino;
	fuse_reply_statfs(req, &st);
}

/* --- Directories --- */

static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	int error;

	session_enter(&mnt->session);
	error = tree_access(mnt->tree, &c, ino, R_OK);
	session_leave(&mnt->session);
	if (error)
		reply_error(req, error);
	else
		fuse_reply_open(req, fi);
}

struct listing {
	struct dir_emit emit;
	struct mount *mnt;
	const struct caller *caller;
	fuse_req_t req;
	char *buffer;
	size_t size, used;
	bool plus;
};

/*
 * With readdirplus the kernel takes the attributes of each entry along. For what may change under it
 * that would be in vain (it may not keep them), so these are listed by name only: inode 0.
 */
static bool list_entry(struct dir_emit *e, const char *name, const struct entry *entry, u64 next)
{
	struct listing *l = e->arg;
	struct fuse_entry_param p;
	size_t left = l->size - l->used, n;
	bool known = l->plus && entry && tree_is_static(l->mnt->tree, e->ino) &&
		     !fill_entry(l->mnt, l->caller, e->ino, &p);

	if (!known) {
		memset(&p, 0, sizeof(p));
		p.attr.st_ino = e->ino;
		p.attr.st_mode = e->mode;
	}
	if (l->plus)
		n = fuse_add_direntry_plus(l->req, l->buffer + l->used, left, name, &p, (off_t)next);
	else
		n = fuse_add_direntry(l->req, l->buffer + l->used, left, name, &p.attr, (off_t)next);
	if (n > left)
		return false;
	l->used += n;
	return true;
}

static void list_directory(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, bool plus)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct listing l = { .mnt = mnt, .caller = &c, .req = req, .buffer = mnt->buffer, .plus = plus };
	int error;

	l.size = min_t(size_t, size, READ_BUFFER);
	l.emit = (struct dir_emit){ .arg = &l, .emit = list_entry };
	session_enter(&mnt->session);
	error = tree_readdir(mnt->tree, &c, ino, (u64)offset, &l.emit);
	session_leave(&mnt->session);
	if (error)
		reply_error(req, error);
	else
		fuse_reply_buf(req, l.buffer, l.used);
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	(void)fi;
	list_directory(req, ino, size, offset, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
			   struct fuse_file_info *fi)
{
	(void)fi;
	list_directory(req, ino, size, offset, true);
}

static void reply_made(fuse_req_t req, const struct fuse_entry_param *e, int error)
{
	if (error)
		reply_error(req, error);
	else
		fuse_reply_entry(req, e);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct fuse_entry_param e;
	u64 ino;
	int error;

	(void)mode;
	session_enter(&mnt->session);
	error = tree_mkdir(mnt->tree, &c, parent, name, &ino);
	if (!error)
		error = fill_entry(mnt, &c, ino, &e);
	session_leave(&mnt->session);
	reply_made(req, &e, error);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct fuse_entry_param e;
	u64 ino;
	int error;

	(void)device;
	session_enter(&mnt->session);
	if (S_ISREG(mode))
		error = tree_create_file(mnt->tree, &c, parent, name, mode & 07777, &ino);
	else
		error = tree_link_error(mnt->tree, parent);
	if (!error)
		error = fill_entry(mnt, &c, ino, &e);
	session_leave(&mnt->session);
	reply_made(req, &e, error);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	int error;

	session_enter(&mnt->session);
	error = tree_unlink(mnt->tree, &c, parent, name);
	session_leave(&mnt->session);
	reply_error(req, error);
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
		      const char *new_name, unsigned int flags)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	int error = -EINVAL;

	session_enter(&mnt->session);
	if (!flags)
		error = tree_rename(mnt->tree, &c, parent, name, new_parent, new_name);
	session_leave(&mnt->session);
	reply_error(req, error);
}

static void refuse_link(fuse_req_t req, fuse_ino_t parent)
{
	struct mount *mnt = mount_of(req);
	int error;

	session_enter(&mnt->session);
	error = tree_link_error(mnt->tree, parent);
	session_leave(&mnt->session);
	reply_error(req, error);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	(void)target;
	(void)name;
	refuse_link(req, parent);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t new_parent, const char *name)
{
	(void)ino;
	(void)name;
	refuse_link(req, new_parent);
}

/* --- Jobs: what may take long --- */

enum job_kind { JOB_WRITE, JOB_RMDIR, JOB_IOCTL };

struct fuse_job {
	struct job job; /* first */
	enum job_kind kind;
	struct mount *mnt;
	fuse_req_t req;
	struct caller caller;
	bool submitted, interrupted;
	struct open_file *file;
	u64 ino, offset;
	u32 command;
	size_t out_size;
	ssize_t result;
	size_t size;
	char *out;    /* behind the data, if it is an ioctl */
	char data[];  /* what is written, the name, or the argument */
};

static void run_job(struct job *job)
{
	struct fuse_job *j = (struct fuse_job *)job;
	struct tree *t = j->mnt->tree;

	switch (j->kind) {
	case JOB_WRITE:
		j->result = tree_write(t, &j->caller, j->file, j->data, j->size, j->offset);
		break;
	case JOB_RMDIR:
		j->result = tree_rmdir(t, &j->caller, j->ino, j->data);
		break;
	case JOB_IOCTL:
		j->result = tree_ioctl(t, &j->caller, j->file, j->command, j->data, j->size, j->out,
				       &j->out_size);
		break;
	}
}

static void finish_job(struct fuse_job *j)
{
	if (j->result < 0)
		reply_error(j->req, (int)j->result);
	else if (j->kind == JOB_WRITE)
		fuse_reply_write(j->req, (size_t)j->result);
	else if (j->kind == JOB_IOCTL)
		fuse_reply_ioctl(j->req, (int)j->result, j->out, j->out_size);
	else
		fuse_reply_err(j->req, 0);
	free(j);
}

static void job_done(struct job *job)
{
	struct fuse_job *j = (struct fuse_job *)job;

	fuse_req_interrupt_func(j->req, NULL, NULL);
	finish_job(j);
}

static void interrupt_job(fuse_req_t req, void *data)
{
	struct fuse_job *j = data;

	(void)req;
	if (!j->submitted)
		j->interrupted = true;
	else if (worker_cancel(&j->mnt->session.worker, &j->job))
		finish_job(j);
}

static struct fuse_job *new_job(fuse_req_t req, enum job_kind kind, const void *data, size_t size,
				size_t out_size)
{
	struct fuse_job *j = calloc(1, sizeof(*j) + size + 1 + out_size);

	if (!j) {
		reply_error(req, -ENOMEM);
		return NULL;
	}
	*j = (struct fuse_job){
		.job = { .run = run_job, .done = job_done },
		.kind = kind,
		.mnt = mount_of(req),
		.req = req,
		.caller = caller_of(req),
		.size = size,
		.out_size = out_size,
		.result = -EINTR, /* unless it is run */
		.out = j->data + size + 1,
	};
	if (size)
		memcpy(j->data, data, size);
	return j;
}

static void submit_job(struct fuse_job *j)
{
	fuse_req_interrupt_func(j->req, interrupt_job, j);
	if (j->interrupted) {
		job_done(&j->job);
		return;
	}
	j->submitted = true;
	worker_submit(&j->mnt->session.worker, &j->job);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_job *j = new_job(req, JOB_RMDIR, name, strlen(name), 0);

	if (!j)
		return;
	j->ino = parent;
	submit_job(j);
}

/* --- Files --- */

static void fill_open(const struct mount *mnt, const struct open_file *f, struct fuse_file_info *fi)
{
	(void)mnt;
	fi->fh = (u64)(uintptr_t)f;
	fi->direct_io = 1;
}

static struct open_file *file_of(const struct fuse_file_info *fi)
{
	return (struct open_file *)(uintptr_t)fi->fh;
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct open_file *f;
	int error;

	session_enter(&mnt->session);
	error = tree_open(mnt->tree, &c, ino, fi->flags, &f);
	session_leave(&mnt->session);
	if (error) {
		reply_error(req, error);
		return;
	}
	fill_open(mnt, f, fi);
	/* the caller was interrupted meanwhile: there will be no release */
	if (fuse_reply_open(req, fi) == -ENOENT) {
		session_enter(&mnt->session);
		tree_release(mnt->tree, &c, f);
		session_leave(&mnt->session);
	}
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		      struct fuse_file_info *fi)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct fuse_entry_param e;
	struct open_file *f;
	u64 ino;
	int error;

	session_enter(&mnt->session);
	error = tree_create_file(mnt->tree, &c, parent, name, mode & 07777, &ino);
	if (!error)
		error = fill_entry(mnt, &c, ino, &e);
	if (!error)
		error = tree_open(mnt->tree, &c, ino, fi->flags & ~(O_CREAT | O_EXCL), &f);
	session_leave(&mnt->session);
	if (error) {
		reply_error(req, error);
		return;
	}
	fill_open(mnt, f, fi);
	if (fuse_reply_create(req, &e, fi) == -ENOENT) {
		session_enter(&mnt->session);
		tree_release(mnt->tree, &c, f);
		session_leave(&mnt->session);
	}
}

/* --- Streams --- */

struct waiting_read {
	struct waiting_read *next;
	struct mount *mnt;
	fuse_req_t req;
	struct caller caller;
	struct open_file *file;
	size_t size, length;
	bool listed, interrupted;
	char *data;
};

static void finish_waiting(struct waiting_read *w, ssize_t result)
{
	if (result < 0)
		reply_error(w->req, (int)result);
	else
		fuse_reply_buf(w->req, w->data, (size_t)result);
	free(w->data);
	free(w);
}

/* Takes it off the list; false when the notifier has it already. Held. */
static bool unlist_waiting(struct waiting_read *w)
{
	struct waiting_read **at;

	for (at = &w->mnt->waiting; *at && *at != w; at = &(*at)->next)
		;
	if (!*at)
		return false;
	*at = w->next;
	session_listen(&w->mnt->session, -1);
	return true;
}

static void interrupt_waiting(fuse_req_t req, void *data)
{
	struct waiting_read *w = data;
	bool ours;

	(void)req;
	if (!w->listed) {
		w->interrupted = true;
		return;
	}
	gate_enter(&w->mnt->session.gate);
	ours = unlist_waiting(w);
	gate_leave(&w->mnt->session.gate);
	if (ours)
		finish_waiting(w, -EINTR);
}

/* No record yet: look once more with the request on the list, so that none is missed. */
static void wait_for_record(fuse_req_t req, const struct caller *c, struct open_file *f, size_t size)
{
	struct mount *mnt = mount_of(req);
	struct waiting_read *w = calloc(1, sizeof(*w));
	ssize_t n;

	if (w)
		w->data = malloc(size);
	if (!w || !w->data) {
		free(w);
		reply_error(req, -ENOMEM);
		return;
	}
	w->mnt = mnt;
	w->req = req;
	w->caller = *c;
	w->file = f;
	w->size = size;
	fuse_req_interrupt_func(req, interrupt_waiting, w);

	gate_enter(&mnt->session.gate);
	n = w->interrupted ? -EINTR : tree_read(mnt->tree, c, f, w->data, size, 0);
	if (n == -EAGAIN) {
		w->next = mnt->waiting;
		mnt->waiting = w;
		w->listed = true;
		session_listen(&mnt->session, 1);
	}
	gate_leave(&mnt->session.gate);
	if (n == -EAGAIN)
		return;
	fuse_req_interrupt_func(req, NULL, NULL);
	finish_waiting(w, n);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct open_file *f = file_of(fi);
	const char *data;
	ssize_t n;

	session_enter(&mnt->session);
	n = tree_read_text(mnt->tree, &c, f, size, (u64)offset, &data);
	if (n == -EINVAL) {
		size = min_t(size_t, size, READ_BUFFER);
		data = mnt->buffer;
		n = tree_read(mnt->tree, &c, f, mnt->buffer, size, (u64)offset);
	}
	session_leave(&mnt->session);

	/* the text stays as it is until this descriptor is read again, which this thread does */
	if (n >= 0)
		fuse_reply_buf(req, data, (size_t)n);
	else if (n == -EAGAIN && !(fi->flags & O_NONBLOCK) && tree_is_stream(mnt->tree, ino))
		wait_for_record(req, &c, f, size);
	else
		reply_error(req, (int)n);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
		     struct fuse_file_info *fi)
{
	struct mount *mnt = mount_of(req);
	struct caller c;
	struct fuse_job *j;
	ssize_t n;

	if (tree_write_is_long(mnt->tree, ino)) {
		j = new_job(req, JOB_WRITE, data, size, 0);
		if (!j)
			return;
		j->file = file_of(fi);
		j->offset = (u64)offset;
		submit_job(j);
		return;
	}
	c = caller_of(req);
	session_enter(&mnt->session);
	n = tree_write(mnt->tree, &c, file_of(fi), data, size, (u64)offset);
	session_leave(&mnt->session);
	if (n < 0)
		reply_error(req, (int)n);
	else
		fuse_reply_write(req, (size_t)n);
}

static void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int command, void *arg,
		     struct fuse_file_info *fi, unsigned int flags, const void *in, size_t in_size,
		     size_t out_size)
{
	struct mount *mnt = mount_of(req);
	struct fuse_job *j;

	(void)arg;
	if (flags & FUSE_IOCTL_DIR || !tree_has_ioctl(mnt->tree, ino)) {
		reply_error(req, -ENOTTY);
		return;
	}
	j = new_job(req, JOB_IOCTL, in, in_size, out_size);
	if (!j)
		return;
	j->file = file_of(fi);
	j->command = command;
	submit_job(j);
}

/* --- Poll --- */

struct poller {
	struct poller *next;
	struct open_file *file;
	struct fuse_pollhandle *handle; /* NULL: nobody waits at present */
	struct caller caller;
	u32 seen;                       /* events that the kernel was told of */
};

static struct poller *make_poller(struct mount *mnt, struct open_file *f, const struct caller *c)
{
	struct poller *p = f->poller;

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->file = f;
	p->caller = *c;
	p->next = mnt->pollers;
	mnt->pollers = p;
	f->poller = p;
	session_listen(&mnt->session, 1);
	return p;
}

static void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *handle)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct poller *p = NULL;
	u32 events;

	session_enter(&mnt->session);
	events = tree_poll(mnt->tree, &c, file_of(fi));
	if (handle && tree_has_poll(mnt->tree, ino))
		p = make_poller(mnt, file_of(fi), &c);
	if (p) {
		struct fuse_pollhandle *old = p->handle;

		p->handle = handle;
		p->seen = events;
		handle = old;
	}
	session_leave(&mnt->session);
	if (handle)
		fuse_pollhandle_destroy(handle);
	fuse_reply_poll(req, events);
}

static void drop_poller(struct mount *mnt, struct open_file *f)
{
	struct poller *p = f->poller, **at;

	for (at = &mnt->pollers; *at != p; at = &(*at)->next)
		;
	*at = p->next;
	f->poller = NULL;
	if (p->handle)
		fuse_pollhandle_destroy(p->handle);
	free(p);
	session_listen(&mnt->session, -1);
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct open_file *f = file_of(fi);

	(void)ino;
	session_enter(&mnt->session);
	if (f->poller)
		drop_poller(mnt, f);
	tree_release(mnt->tree, &c, f);
	session_leave(&mnt->session);
	fuse_reply_err(req, 0);
}

/* --- The notifier --- */

/* A waiting reader that has a record now, or an error. Gate not held. */
static struct waiting_read *take_ready(struct mount *mnt)
{
	struct waiting_read *w;
	ssize_t n = -EAGAIN;

	gate_enter(&mnt->session.gate);
	for (w = mnt->waiting; w; w = w->next) {
		n = tree_read(mnt->tree, &w->caller, w->file, w->data, w->size, 0);
		if (n != -EAGAIN)
			break;
	}
	if (w) {
		unlist_waiting(w);
		w->length = (size_t)n;
	}
	gate_leave(&mnt->session.gate);
	return w;
}

static struct fuse_pollhandle *take_changed(struct mount *mnt)
{
	struct fuse_pollhandle *handle = NULL;
	struct poller *p;
	u32 events;

	gate_enter(&mnt->session.gate);
	for (p = mnt->pollers; p && !handle; p = p->next) {
		if (!p->handle)
			continue;
		events = tree_poll(mnt->tree, &p->caller, p->file);
		if (!(events & ~p->seen))
			continue;
		handle = p->handle;
		p->handle = NULL;
	}
	gate_leave(&mnt->session.gate);
	return handle;
}

static void notify(void *arg)
{
	struct mount *mnt = arg;
	struct waiting_read *w;
	struct fuse_pollhandle *handle;

	while ((w = take_ready(mnt))) {
		fuse_req_interrupt_func(w->req, NULL, NULL);
		finish_waiting(w, (ssize_t)w->length);
	}
	while ((handle = take_changed(mnt))) {
		fuse_lowlevel_notify_poll(handle);
		fuse_pollhandle_destroy(handle);
	}
}

/* Those who still wait when the mount ends. The threads are gone. */
static void dismiss_waiting(struct mount *mnt)
{
	struct waiting_read *w;

	while ((w = mnt->waiting)) {
		mnt->waiting = w->next;
		fuse_req_interrupt_func(w->req, NULL, NULL);
		finish_waiting(w, -EINTR);
	}
	while (mnt->pollers)
		drop_poller(mnt, mnt->pollers->file);
}

/* --- The loop --- */

static const struct fuse_lowlevel_ops operations = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.access = op_access,
	.readlink = op_readlink,
	.statfs = op_statfs,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.mknod = op_mknod,
	.unlink = op_unlink,
	.rename = op_rename,
	.symlink = op_symlink,
	.link = op_link,
	.create = op_create,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.ioctl = op_ioctl,
	.poll = op_poll,
	.release = op_release,
};

static void nothing(int signal)
{
	(void)signal;
}

/*
 * A signal may come between the loop's look at fuse_session_exited() and its read(2), which would
 * then wait for a request for ever. So a thread takes the signals, and kicks until the loop is out.
 */
static void *take_signals(void *arg)
{
	struct mount *mnt = arg;
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigwait(&set, &signal);
	fuse_session_exit(mnt->se);
	while (!__atomic_load_n(&mnt->loop_ended, __ATOMIC_ACQUIRE)) {
		pthread_kill(mnt->loop_thread, KICK_SIGNAL);
		usleep(5000);
	}
	return NULL;
}

static int start_signals(struct mount *mnt, sigset_t *old)
{
	struct sigaction action = { .sa_handler = nothing };
	sigset_t all;
	int error;

	sigaction(KICK_SIGNAL, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, old);
	mnt->loop_thread = pthread_self();
	error = pthread_create(&mnt->signal_thread, NULL, take_signals, mnt);
	sigdelset(&all, KICK_SIGNAL);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	return -error;
}

static void end_signals(struct mount *mnt, const sigset_t *old)
{
	__atomic_store_n(&mnt->loop_ended, true, __ATOMIC_RELEASE);
	pthread_kill(mnt->signal_thread, SIGTERM);
	pthread_join(mnt->signal_thread, NULL);
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

static void loop(struct fuse_session *se)
{
	struct fuse_buf buffer = { .mem = NULL };
	int n;

	while (!fuse_session_exited(se)) {
		n = fuse_session_receive_buf(se, &buffer);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		fuse_session_process_buf(se, &buffer);
	}
	free(buffer.mem);
}

/* libfuse's own complaints, under our name. */
static void log_line(enum fuse_log_level level, const char *format, va_list args)
{
	(void)level;
	fputs("mmanfs: ", stderr);
	vfprintf(stderr, format, args);
}

static struct fuse_session *new_session(struct mount *mnt, const char *more)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *se = NULL;

	fuse_set_log_func(log_line);
	if (!fuse_opt_add_arg(&args, "mmanfs") && !fuse_opt_add_arg(&args, "-o") &&
	    !fuse_opt_add_arg(&args, "fsname=mmanfs,subtype=mmanfs,nosuid,nodev,noexec") &&
	    (!more || (!fuse_opt_add_arg(&args, "-o") && !fuse_opt_add_arg(&args, more))))
		se = fuse_session_new(&args, &operations, sizeof(operations), mnt);
	fuse_opt_free_args(&args);
	return se;
}

static int serve(struct mount *mnt, struct machine *m)
{
	sigset_t old;
	int error = session_start(&mnt->session, m, mnt->tree, notify, mnt);

	if (error)
		return error;
	error = start_signals(mnt, &old);
	if (error) {
		session_stop(&mnt->session);
		return error;
	}
	loop(mnt->se);
	session_stop(&mnt->session);
	dismiss_waiting(mnt);
	end_signals(mnt, &old);
	return 0;
}

int mount_serve(struct machine *m, struct tree *tree, const struct mount_options *options)
{
	struct mount mnt = { .tree = tree, .options = options, .uid = geteuid(), .gid = getegid() };
	int status = EX_UNAVAILABLE, error;

	mnt.buffer = malloc(READ_BUFFER);
	if (!mnt.buffer) {
		fprintf(stderr, "mmanfs: %s\n", strerror(ENOMEM));
		return EX_OSERR;
	}
	mnt.se = new_session(&mnt, options->fuse_options);
	if (!mnt.se) {
		free(mnt.buffer);
		return EX_USAGE;
	}

	if (!fuse_session_mount(mnt.se, options->dir)) {
		error = serve(&mnt, m);
		if (error)
			fprintf(stderr, "mmanfs: %s\n", strerror(-error));
		status = error ? EX_OSERR : 0;
		if (options->ending)
			options->ending(options->arg);
		fuse_session_unmount(mnt.se);
	}
	fuse_session_destroy(mnt.se);
	free(mnt.buffer);
	return status;
}
