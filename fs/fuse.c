/*
 * fuse.c - the tree behind FUSE's low-level interface; the only file that knows FUSE.
 *
 * One loop thread reads requests and answers the short ones itself: enter the gate, ask the tree,
 * leave, reply. Nothing replies with the gate held. What may take long, and what has to wait, is
 * answered by other threads (deferred.h).
 */
#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
#include <linux/fuse.h>

#include "fs/awake.h"
#include "fs/deferred.h"
#include "fs/mount.h"
#include "fs/mounted.h"
#include "fs/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define READ_BUFFER   (1u << 20)
#define INLINE_IO_MAX (1u << 16) /* larger reads and writes of disk files go to the worker */

struct mount {
	struct mounted mounted; /* machine, tree, gate, worker, names */
	struct fuse_session *se;
	const struct mount_options *options;
	char *buffer; /* the loop thread's, READ_BUFFER bytes */
	struct deferred deferred;
};

static struct mount *mount_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* --- Who asks, and what he is told --- */

static struct mounted *mounted_of(fuse_req_t req)
{
	return &mount_of(req)->mounted;
}

static struct caller caller_of(fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct caller c = { .host_tid = (u32)ctx->pid, .uid = ctx->uid, .gid = ctx->gid };

	mounter_caller(&mounted_of(req)->mounter, &c);
	return c;
}

/* All names at once, and without a lock: this may happen in the middle of any request. Since Linux
 * 6.16. */
#define NAMES_LAST_MINOR 44
#define NOTIFY_INC_EPOCH 8

static void forget_names(void *arg)
{
	struct mount *mnt = arg;
	struct fuse_out_header out = { .len = sizeof(out), .error = NOTIFY_INC_EPOCH };

	if (write(fuse_session_fd(mnt->se), &out, sizeof(out)) != sizeof(out))
		names_set_last(&mnt->mounted.names, false);
}

static void reply_error(fuse_req_t req, int error)
{
	fuse_reply_err(req, -error);
}

static struct fuse_entry_param entry_param(const struct mounted_entry *e)
{
	return (struct fuse_entry_param){ .ino = e->ino,
					  .attr = e->attr,
					  .attr_timeout = e->attr_timeout,
					  .entry_timeout = e->name_timeout };
}

static void reply_entry(fuse_req_t req, int error, const struct mounted_entry *e)
{
	struct fuse_entry_param param;

	if (error) {
		reply_error(req, error);
		return;
	}
	param = entry_param(e);
	fuse_reply_entry(req, &param);
}

/* --- Names and attributes --- */

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct mount *mnt = userdata;

	conn->want |= conn->capable & FUSE_CAP_ATOMIC_O_TRUNC;
	conn->want &= ~(unsigned int)(FUSE_CAP_ASYNC_READ | FUSE_CAP_AUTO_INVAL_DATA);
	names_set_last(&mnt->mounted.names, conn->proto_minor >= NAMES_LAST_MINOR);
	if (mnt->options->ready)
		mnt->options->ready(mnt->options->arg);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct caller c = caller_of(req);
	struct mounted_entry e;

	reply_entry(req, mounted_lookup(mounted_of(req), &c, parent, name, &e), &e);
}

static void reply_attr(fuse_req_t req, struct caller *c, u64 ino, int error)
{
	struct mounted_entry e;

	if (!error)
		error = mounted_getattr(mounted_of(req), c, ino, &e);
	if (error)
		reply_error(req, error);
	else
		fuse_reply_attr(req, &e.attr, e.attr_timeout);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct caller c = caller_of(req);

	(void)fi;
	reply_attr(req, &c, ino, 0);
}

/* What the kernel asks for, as the tree wants it. */
static struct tree_setattr wanted_attr(const struct stat *attr, int to_set)
{
	struct tree_setattr a = {
		.mode = attr->st_mode & 07777,
		.uid = attr->st_uid,
		.gid = attr->st_gid,
		.mtime = attr->st_mtim.tv_sec * (s64)NSEC_PER_SEC + attr->st_mtim.tv_nsec,
	};

	a.which = (to_set & FUSE_SET_ATTR_MODE ? SETATTR_MODE : 0) |
		  (to_set & FUSE_SET_ATTR_UID ? SETATTR_UID : 0) |
		  (to_set & FUSE_SET_ATTR_GID ? SETATTR_GID : 0) |
		  (to_set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW) ? SETATTR_MTIME : 0);
	return a;
}

/* Of a large file, and of nothing but its size. */
static bool truncates_later(fuse_req_t req, const struct caller *c, u64 ino, u64 size,
			    const struct tree_setattr *a)
{
	struct mount *mnt = mount_of(req);
	bool later;

	if (a->which)
		return false;
	session_enter(&mnt->mounted.session);
	later = tree_truncate_is_long(mnt->mounted.tree, c, ino);
	session_leave(&mnt->mounted.session);
	if (later)
		deferred_truncate(&mnt->deferred, req, c, ino, size);
	return later;
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	struct caller c = caller_of(req);
	struct tree_setattr a = wanted_attr(attr, to_set);
	u64 size = (u64)attr->st_size;

	(void)fi;
	if (to_set & FUSE_SET_ATTR_SIZE && truncates_later(req, &c, ino, size, &a))
		return;
	reply_attr(req, &c, ino,
		   mounted_setattr(mounted_of(req), &c, ino, &a, to_set & FUSE_SET_ATTR_MTIME_NOW,
				   to_set & FUSE_SET_ATTR_SIZE ? &size : NULL));
}

static void op_access(fuse_req_t req, fuse_ino_t ino, int mask)
{
	struct caller c = caller_of(req);

	reply_error(req, mounted_access(mounted_of(req), &c, ino, mask));
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct caller c = caller_of(req);
	struct text target;
	int error;

	text_init(&target);
	error = mounted_readlink(mounted_of(req), &c, ino, &target);
	if (error)
		reply_error(req, error);
	else
		fuse_reply_readlink(req, target.data);
	text_free(&target);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct mounted *mnt = mounted_of(req);
	struct statvfs st;

	session_enter(&mnt->session);
	tree_statfs(mnt->tree, ino, &st);
	session_leave(&mnt->session);
	fuse_reply_statfs(req, &st);
}

/* --- Directories --- */

static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct caller c = caller_of(req);
	int error = mounted_access(mounted_of(req), &c, ino, R_OK);

	if (error)
		reply_error(req, error);
	else
		fuse_reply_open(req, fi);
}

struct listing {
	struct dir_emit emit;
	struct mounted *mnt;
	const struct caller *caller;
	fuse_req_t req;
	char *buffer;
	size_t size, used;
	bool plus;
};

/*
 * With readdirplus the kernel takes the attributes of each entry along. For what may change under
 * it that would be in vain (it may not keep them), so these are listed by name only: inode 0.
 */
static bool list_entry(struct dir_emit *e, const char *name, const struct entry *entry, u64 next)
{
	struct listing *l = e->arg;
	struct fuse_entry_param p = { .attr = { .st_ino = e->ino, .st_mode = e->mode } };
	struct mounted_entry known;
	size_t left = l->size - l->used, n;

	if (l->plus && entry && tree_is_static(l->mnt->tree, e->ino) &&
	    !mounted_fill_entry(l->mnt, l->caller, e->ino, &known))
		p = entry_param(&known);
	if (l->plus)
		n = fuse_add_direntry_plus(l->req, l->buffer + l->used, left, name, &p,
					   (off_t)next);
	else
		n = fuse_add_direntry(l->req, l->buffer + l->used, left, name, &p.attr,
				      (off_t)next);
	if (n > left)
		return false;
	l->used += n;
	return true;
}

static void list_directory(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, bool plus)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct listing l = {
		.mnt = &mnt->mounted, .caller = &c, .req = req, .buffer = mnt->buffer, .plus = plus
	};
	int error;

	l.size = min_t(size_t, size, READ_BUFFER);
	l.emit = (struct dir_emit){ .arg = &l, .emit = list_entry };
	session_enter(&mnt->mounted.session);
	error = tree_readdir(mnt->mounted.tree, &c, ino, (u64)offset, &l.emit);
	session_leave(&mnt->mounted.session);
	if (error)
		reply_error(req, error);
	else
		fuse_reply_buf(req, l.buffer, l.used);
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		       struct fuse_file_info *fi)
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

static void make_entry(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct caller c = caller_of(req);
	struct mounted_entry e;

	reply_entry(req, mounted_make(mounted_of(req), &c, parent, name, mode, &e), &e);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	make_entry(req, parent, name, S_IFDIR | (mode & 07777));
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
	(void)device;
	make_entry(req, parent, name, mode);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct mounted *mnt = mounted_of(req);
	struct caller c = caller_of(req);
	bool later;
	int error = 0;

	session_enter(&mnt->session);
	later = tree_unlink_is_long(mnt->tree, &c, parent, name);
	if (!later)
		error = tree_unlink(mnt->tree, &c, parent, name);
	session_leave(&mnt->session);
	if (later)
		deferred_unlink(&mount_of(req)->deferred, req, &c, parent, name);
	else
		reply_error(req, error);
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
		      const char *new_name, unsigned int flags)
{
	struct mounted *mnt = mounted_of(req);
	struct caller c = caller_of(req);
	int error;

	session_enter(&mnt->session);
	error = tree_rename2(mnt->tree, &c, parent, name, new_parent, new_name, flags);
	session_leave(&mnt->session);
	reply_error(req, error);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	(void)target;
	make_entry(req, parent, name, S_IFLNK);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t new_parent, const char *name)
{
	(void)ino;
	make_entry(req, new_parent, name, S_IFLNK);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct caller c = caller_of(req);

	deferred_rmdir(&mount_of(req)->deferred, req, &c, parent, name);
}

/* --- Files --- */

static void fill_open(const struct open_file *f, struct fuse_file_info *fi)
{
	fi->fh = (u64)(uintptr_t)f;
	fi->direct_io = 1;
}

static struct open_file *file_of(const struct fuse_file_info *fi)
{
	return (struct open_file *)(uintptr_t)fi->fh;
}

/* When an open is answered and the caller was interrupted meanwhile, there will be no release. */
static void release(struct mount *mnt, const struct caller *c, struct open_file *f)
{
	session_enter(&mnt->mounted.session);
	deferred_release(&mnt->deferred, f);
	tree_release(mnt->mounted.tree, c, f);
	session_leave(&mnt->mounted.session);
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct caller c = caller_of(req);
	struct open_file *f;
	int error = mounted_open(mounted_of(req), &c, ino, fi->flags, &f);

	if (error) {
		reply_error(req, error);
		return;
	}
	fill_open(f, fi);
	if (fuse_reply_open(req, fi) == -ENOENT)
		release(mount_of(req), &c, f);
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		      struct fuse_file_info *fi)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct fuse_entry_param param;
	struct mounted_entry e;
	struct open_file *f;
	int error =
		mounted_create(&mnt->mounted, &c, parent, name, mode & 07777, fi->flags, &e, &f);

	if (error) {
		reply_error(req, error);
		return;
	}
	param = entry_param(&e);
	fill_open(f, fi);
	if (fuse_reply_create(req, &param, fi) == -ENOENT)
		release(mnt, &c, f);
}

/* Each request says whether the descriptor has O_DIRECT: fcntl(2) is not told otherwise. */
static void note_direct(struct mount *mnt, const struct caller *c, const struct fuse_file_info *fi)
{
	bool direct = fi->flags & O_DIRECT;

	if (likely(file_of(fi)->direct == direct))
		return;
	session_enter(&mnt->mounted.session);
	tree_set_direct(mnt->mounted.tree, c, file_of(fi), direct);
	session_leave(&mnt->mounted.session);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	struct open_file *f = file_of(fi);
	const char *data;
	ssize_t n;

	size = min_t(size_t, size, READ_BUFFER);
	note_direct(mnt, &c, fi);
	if (size > INLINE_IO_MAX && tree_is_tracked(mnt->mounted.tree, ino)) {
		deferred_pread(&mnt->deferred, req, &c, f, size, (u64)offset);
		return;
	}
	session_enter(&mnt->mounted.session);
	if (tree_read_is_long(mnt->mounted.tree, &c, f, (u64)offset)) {
		session_leave(&mnt->mounted.session);
		deferred_text(&mnt->deferred, req, &c, f, size, (u64)offset);
		return;
	}
	n = tree_read_data(mnt->mounted.tree, &c, f, mnt->buffer, size, (u64)offset, &data);
	session_leave(&mnt->mounted.session);

	/* the text stays as it is until this descriptor is read again, which this thread does */
	if (n >= 0)
		fuse_reply_buf(req, data, (size_t)n);
	else if (n == -EAGAIN && !(fi->flags & O_NONBLOCK) &&
		 tree_is_stream(mnt->mounted.tree, ino))
		deferred_read(&mnt->deferred, req, &c, f, size);
	else
		reply_error(req, (int)n);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
		     struct fuse_file_info *fi)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);
	ssize_t n;

	note_direct(mnt, &c, fi);
	if (tree_write_is_brief(mnt->mounted.tree, ino)) {
		deferred_brief_write(&mnt->deferred, req, &c, file_of(fi), data, size, (u64)offset);
		return;
	}
	if (tree_write_is_long(mnt->mounted.tree, ino) ||
	    ((size > INLINE_IO_MAX || file_of(fi)->flags & O_DSYNC) &&
	     tree_is_tracked(mnt->mounted.tree, ino))) {
		deferred_write(&mnt->deferred, req, &c, file_of(fi), data, size, (u64)offset);
		return;
	}
	session_enter(&mnt->mounted.session);
	n = tree_write(mnt->mounted.tree, &c, file_of(fi), data, size, (u64)offset);
	session_leave(&mnt->mounted.session);
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
	struct caller c = caller_of(req);

	(void)arg;
	if (flags & FUSE_IOCTL_DIR || !tree_has_ioctl(mnt->mounted.tree, ino))
		reply_error(req, -ENOTTY);
	else if (tree_ioctl_asks(mnt->mounted.tree, ino, command))
		deferred_ask(&mnt->deferred, req, &c, file_of(fi), command, in, in_size, out_size);
	else
		deferred_ioctl(&mnt->deferred, req, &c, file_of(fi), command, in, in_size,
			       out_size);
}

static void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct caller c = caller_of(req);

	(void)ino, (void)datasync;
	deferred_fsync(&mount_of(req)->deferred, req, &c, file_of(fi));
}

static void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
			 struct fuse_file_info *fi)
{
	struct mounted *mnt = mounted_of(req);
	struct caller c = caller_of(req);
	enum fallocate_how how;
	int error = tree_fallocate_mode(mode, &how);

	(void)fi;
	session_enter(&mnt->session);
	if (!error)
		error = tree_fallocate(mnt->tree, &c, ino, (u64)offset, (u64)length, how);
	session_leave(&mnt->session);
	reply_error(req, error);
}

static void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		    struct fuse_pollhandle *handle)
{
	struct mount *mnt = mount_of(req);
	struct caller c = caller_of(req);

	(void)ino;
	fuse_reply_poll(req, deferred_poll(&mnt->deferred, &c, file_of(fi), handle));
}

/* SEEK_DATA and SEEK_HOLE: the rest the kernel does. */
static void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence,
		     struct fuse_file_info *fi)
{
	struct mounted *mnt = mounted_of(req);
	struct caller c = caller_of(req);
	s64 result;

	(void)ino;
	session_enter(&mnt->session);
	result = offset < 0 ? -ENXIO : tree_seek(mnt->tree, &c, file_of(fi), (u64)offset, whence);
	session_leave(&mnt->session);
	if (result < 0)
		reply_error(req, (int)result);
	else
		fuse_reply_lseek(req, result);
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct caller c = caller_of(req);

	(void)ino;
	release(mount_of(req), &c, file_of(fi));
	fuse_reply_err(req, 0);
}

/* --- For what is answered later --- */

static void later_error(void *request, int error)
{
	reply_error(request, error);
}

static void later_attr(void *request, struct caller *c, u64 ino, int error)
{
	reply_attr(request, c, ino, error);
}

static void later_data(void *request, const char *data, size_t size)
{
	fuse_reply_buf(request, data, size);
}

static void later_written(void *request, size_t size)
{
	fuse_reply_write(request, size);
}

static void later_ioctl(void *request, int result, const void *out, size_t size)
{
	fuse_reply_ioctl(request, result, out, size);
}

static void interrupted(fuse_req_t req, void *data)
{
	(void)req;
	deferred_interrupted(data);
}

static void later_watch(void *request, struct later *l)
{
	fuse_req_interrupt_func(request, l ? interrupted : NULL, l);
}

static void later_wake_poll(void *handle)
{
	fuse_lowlevel_notify_poll(handle);
	fuse_pollhandle_destroy(handle);
}

static void later_drop_poll(void *handle)
{
	fuse_pollhandle_destroy(handle);
}

static const struct reply_ops later_ops = {
	.error = later_error,
	.attr = later_attr,
	.data = later_data,
	.written = later_written,
	.ioctl = later_ioctl,
	.watch = later_watch,
	.wake_poll = later_wake_poll,
	.drop_poll = later_drop_poll,
};

/* --- The loop --- */

static const struct fuse_lowlevel_ops operations = {
	.init = op_init,
	.lookup = op_lookup,
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
	.fsync = op_fsync,
	.fallocate = op_fallocate,
	.lseek = op_lseek,
	.release = op_release,
};

static void stop(void *session)
{
	fuse_session_exit(session);
}

static void loop(struct fuse_session *se)
{
	struct fuse_buf buffer = { .mem = NULL };
	struct awake awake;
	int n;

	awake_init(&awake, AWAKE_DEVICE, AWAKE_LINGER_MS);
	while (!fuse_session_exited(se)) {
		n = fuse_session_receive_buf(se, &buffer);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		awake_request(&awake, host_ns());
		fuse_session_process_buf(se, &buffer);
	}
	awake_end(&awake);
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
	struct signals signals;
	int error;

	mnt->deferred = (struct deferred){ .session = &mnt->mounted.session, .ops = &later_ops };
	error = session_start(&mnt->mounted.session, m, mnt->mounted.tree, deferred_notify,
			      &mnt->deferred);
	if (error)
		return error;
	mnt->mounted.names.session = &mnt->mounted.session;
	session_set_names(&mnt->mounted.session, forget_names, mnt);
	error = signals_start(&signals, stop, mnt->se);
	if (error) {
		session_stop(&mnt->mounted.session);
		return error;
	}
	loop(mnt->se);
	if (!session_stop(&mnt->mounted.session)) {
		/* the command's thread has the machine: all that can be done is to leave no
		 * mount */
		fuse_session_unmount(mnt->se);
		_exit(EX_SOFTWARE);
	}
	deferred_end(&mnt->deferred);
	signals_end(&signals);
	return 0;
}

int mount_serve(struct machine *m, struct tree *tree, const struct mount_options *options)
{
	struct mount mnt = { .mounted = { .tree = tree, .mounter = { geteuid(), getegid() } },
			     .options = options };
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
