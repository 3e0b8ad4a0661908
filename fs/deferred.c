/* Requests that are answered later; deferred.h has the rules. */
#include "fs/deferred.h"
#include "fs/ioctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum later_kind {
	LATER_WRITE,
	LATER_RMDIR,
	LATER_UNLINK,
	LATER_TRUNCATE,
	LATER_IOCTL,
	LATER_READ,
	LATER_PREAD,
	LATER_TEXT,
	LATER_FSYNC
};

struct later {
	struct job job; /* first; not used by a read */
	enum later_kind kind;
	struct deferred *d;
	void *request;
	struct caller caller;
	struct open_file *file;
	struct later *next; /* waiting reads */
	bool submitted;	    /* it is in the worker's or the notifier's hands */
	bool interrupted;   /* before that */
	u64 parent, offset; /* of a truncation: the file, its new size */
	u32 command;
	ssize_t result;
	size_t size, out_size;
	char *out;   /* behind the data: an ioctl's answer, a read's record */
	char data[]; /* what is written, the name, or the argument */
};

static struct later *new_later(struct deferred *d, void *request, enum later_kind kind,
			       const struct caller *c, const void *data, size_t size,
			       size_t out_size)
{
	struct later *l = malloc(sizeof(*l) + size + 1 + out_size);

	if (!l) {
		d->ops->error(request, -ENOMEM);
		return NULL;
	}
	memset(l, 0, sizeof(*l));
	l->kind = kind;
	l->d = d;
	l->request = request;
	l->caller = *c;
	l->size = size;
	l->out_size = out_size;
	l->out = l->data + size + 1;
	l->result = -EINTR; /* unless it is run */
	if (size)
		memcpy(l->data, data, size);
	l->data[size] = '\0';
	return l;
}

/* Answers and frees. The caller is the only one who knows of it still. */
static void finish(struct later *l)
{
	const struct reply_ops *ops = l->d->ops;

	if (l->kind == LATER_TRUNCATE)
		ops->attr(l->request, &l->caller, l->parent, (int)l->result);
	else if (l->result < 0)
		ops->error(l->request, (int)l->result);
	else if (l->kind == LATER_WRITE)
		ops->written(l->request, (size_t)l->result);
	else if (l->kind == LATER_IOCTL)
		ops->ioctl(l->request, (int)l->result, l->out, l->out_size);
	else if (l->kind == LATER_READ || l->kind == LATER_PREAD || l->kind == LATER_TEXT)
		ops->data(l->request, l->out, (size_t)l->result);
	else
		ops->error(l->request, 0);
	free(l);
}

static void finish_unwatched(struct later *l)
{
	l->d->ops->watch(l->request, NULL);
	finish(l);
}

/* --- Jobs --- */

static void run_job(struct job *job)
{
	struct later *l = (struct later *)job;
	struct tree *t = l->d->session->tree;

	switch (l->kind) {
	case LATER_WRITE:
		l->result = tree_write(t, &l->caller, l->file, l->data, l->size, l->offset);
		break;
	case LATER_RMDIR:
		l->result = tree_rmdir(t, &l->caller, l->parent, l->data);
		break;
	case LATER_UNLINK:
		l->result = tree_unlink(t, &l->caller, l->parent, l->data);
		break;
	case LATER_TRUNCATE:
		l->result = tree_truncate(t, &l->caller, l->parent, l->offset);
		break;
	case LATER_IOCTL:
		l->result = tree_ioctl(t, &l->caller, l->file, l->command, l->data, l->size, l->out,
				       &l->out_size);
		break;
	case LATER_PREAD:
	case LATER_TEXT:
		l->result = tree_read(t, &l->caller, l->file, l->out, l->out_size, l->offset);
		break;
	case LATER_FSYNC:
		l->result = tree_fsync(t, &l->caller, l->file);
		break;
	case LATER_READ:
		break;
	}
}

static void job_done(struct job *job)
{
	finish_unwatched((struct later *)job);
}

static struct worker *worker_of(const struct later *l)
{
	struct session *s = l->d->session;

	return l->kind == LATER_TEXT ? &s->reader : &s->worker;
}

static void submit(struct later *l)
{
	l->job.run = run_job;
	l->job.done = job_done;
	l->d->ops->watch(l->request, l);
	if (l->interrupted) {
		finish_unwatched(l);
		return;
	}
	l->submitted = true;
	worker_submit(worker_of(l), &l->job);
}

/* A request on an open file. NULL: it was answered with ENOMEM. */
static struct later *on_file(struct later *l, struct open_file *f, u64 offset)
{
	if (l) {
		l->file = f;
		l->offset = offset;
	}
	return l;
}

static void submit_on(struct later *l, struct open_file *f, u64 offset)
{
	if (on_file(l, f, offset))
		submit(l);
}

void deferred_write(struct deferred *d, void *request, const struct caller *c, struct open_file *f,
		    const char *data, size_t size, u64 offset)
{
	submit_on(new_later(d, request, LATER_WRITE, c, data, size, 0), f, offset);
}

void deferred_pread(struct deferred *d, void *request, const struct caller *c, struct open_file *f,
		    size_t size, u64 offset)
{
	submit_on(new_later(d, request, LATER_PREAD, c, NULL, 0, size), f, offset);
}

void deferred_text(struct deferred *d, void *request, const struct caller *c, struct open_file *f,
		   size_t size, u64 offset)
{
	submit_on(new_later(d, request, LATER_TEXT, c, NULL, 0, size), f, offset);
}

void deferred_fsync(struct deferred *d, void *request, const struct caller *c, struct open_file *f)
{
	submit_on(new_later(d, request, LATER_FSYNC, c, NULL, 0, 0), f, 0);
}

static bool is_busy(struct worker *w)
{
	bool busy;

	pthread_mutex_lock(&w->mutex);
	busy = w->running || w->first;
	pthread_mutex_unlock(&w->mutex);
	return busy;
}

/*
 * What ends a process may be for the very one whose command the worker is busy with, and its sender
 * waits: it must not queue behind that. With an idle worker it goes there, as the end of a large
 * process takes long.
 */
static void submit_or_run(struct later *l)
{
	struct session *session = l->d->session;

	if (!is_busy(&session->worker)) {
		submit(l);
		return;
	}
	session_enter(session);
	run_job(&l->job);
	session_leave(session);
	finish(l);
}

void deferred_brief_write(struct deferred *d, void *request, const struct caller *c,
			  struct open_file *f, const char *data, size_t size, u64 offset)
{
	struct later *l = on_file(new_later(d, request, LATER_WRITE, c, data, size, 0), f, offset);

	if (l)
		submit_or_run(l);
}

static void remove_later(struct deferred *d, void *request, enum later_kind kind,
			 const struct caller *c, u64 parent, const char *name)
{
	struct later *l = new_later(d, request, kind, c, name, strlen(name), 0);

	if (!l)
		return;
	l->parent = parent;
	submit_or_run(l);
}

void deferred_rmdir(struct deferred *d, void *request, const struct caller *c, u64 parent,
		    const char *name)
{
	remove_later(d, request, LATER_RMDIR, c, parent, name);
}

void deferred_unlink(struct deferred *d, void *request, const struct caller *c, u64 parent,
		     const char *name)
{
	remove_later(d, request, LATER_UNLINK, c, parent, name);
}

void deferred_truncate(struct deferred *d, void *request, const struct caller *c, u64 ino, u64 size)
{
	struct later *l = new_later(d, request, LATER_TRUNCATE, c, NULL, 0, 0);

	if (!l)
		return;
	l->parent = ino;
	l->offset = size;
	submit_or_run(l);
}

void deferred_ioctl(struct deferred *d, void *request, const struct caller *c, struct open_file *f,
		    u32 command, const void *in, size_t in_size, size_t out_size)
{
	struct later *l = new_later(d, request, LATER_IOCTL, c, in, in_size, out_size);

	if (!l)
		return;
	l->file = f;
	l->command = command;
	submit_or_run(l);
}

void deferred_ask(struct deferred *d, void *request, const struct caller *c, struct open_file *f,
		  u32 command, const void *in, size_t in_size, size_t out_size)
{
	char out[sizeof(struct mmanfs_call)];
	int n;

	if (out_size > sizeof(out)) {
		d->ops->error(request, -EINVAL);
		return;
	}
	session_enter(d->session);
	n = tree_ioctl(d->session->tree, c, f, command, in, in_size, out, &out_size);
	session_leave(d->session);
	if (n < 0)
		d->ops->error(request, n);
	else
		d->ops->ioctl(request, n, out, out_size);
}

/* --- Waiting for a record --- */

/* Takes it off the list; false when the notifier has it already. Held. */
static bool unlist(struct later *l)
{
	struct later **at;

	for (at = &l->d->waiting; *at && *at != l; at = &(*at)->next)
		;
	if (!*at)
		return false;
	*at = l->next;
	session_listen(l->d->session, -1);
	return true;
}

/* Looks once more with the gate held before it goes on the list, so that no record is missed. */
void deferred_read(struct deferred *d, void *request, const struct caller *c, struct open_file *f,
		   size_t size)
{
	struct later *l = new_later(d, request, LATER_READ, c, NULL, 0, size);
	bool waits;

	if (!l)
		return;
	l->file = f;
	d->ops->watch(request, l);

	gate_enter(&d->session->gate);
	if (!l->interrupted)
		l->result = tree_read(d->session->tree, c, f, l->out, size, 0);
	waits = l->result == -EAGAIN;
	if (waits) {
		l->next = d->waiting;
		d->waiting = l;
		l->submitted = true;
		session_listen(d->session, 1);
	}
	session_check_names(d->session);
	gate_leave(&d->session->gate);
	/* from here on a waiting one belongs to the notifier */
	if (!waits)
		finish_unwatched(l);
}

void deferred_interrupted(struct later *l)
{
	struct deferred *d = l->d;
	bool ours;

	if (!l->submitted) {
		l->interrupted = true;
		return;
	}
	if (l->kind == LATER_READ) {
		gate_enter(&d->session->gate);
		ours = unlist(l);
		gate_leave(&d->session->gate);
		if (ours)
			l->result = -EINTR;
	} else {
		ours = worker_cancel(worker_of(l), &l->job);
	}
	/* watched still, by the one who tells us: no ->watch() here */
	if (ours)
		finish(l);
}

/* --- Poll --- */

struct poller {
	struct poller *next;
	struct open_file *file;
	void *handle; /* NULL: nobody waits at present */
	struct caller caller;
	u32 seen; /* events that the kernel was told of */
};

static struct poller *find_poller(struct deferred *d, const struct caller *c, struct open_file *f)
{
	struct poller *p = f->poller;

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->file = f;
	p->caller = *c;
	p->next = d->pollers;
	d->pollers = p;
	f->poller = p;
	session_listen(d->session, 1);
	return p;
}

u32 deferred_poll(struct deferred *d, const struct caller *c, struct open_file *f, void *handle)
{
	struct poller *p = NULL;
	void *unused = handle;
	u32 events;

	session_enter(d->session);
	events = tree_poll(d->session->tree, c, f);
	if (handle && tree_has_poll(d->session->tree, f->ino))
		p = find_poller(d, c, f);
	if (p) {
		unused = p->handle;
		p->handle = handle;
		p->seen = events;
	}
	session_leave(d->session);
	if (unused)
		d->ops->drop_poll(unused);
	return events;
}

void deferred_release(struct deferred *d, struct open_file *f)
{
	struct poller *p = f->poller, **at;

	if (!p)
		return;
	for (at = &d->pollers; *at != p; at = &(*at)->next)
		;
	*at = p->next;
	f->poller = NULL;
	if (p->handle)
		d->ops->drop_poll(p->handle);
	free(p);
	session_listen(d->session, -1);
}

/* --- The notifier --- */

/* A waiting reader that has a record now, or an error. */
static struct later *take_ready(struct deferred *d)
{
	struct later *l, **at;

	gate_enter(&d->session->gate);
	for (at = &d->waiting; (l = *at); at = &l->next) {
		l->result =
			tree_read(d->session->tree, &l->caller, l->file, l->out, l->out_size, 0);
		if (l->result != -EAGAIN)
			break;
	}
	if (l) {
		*at = l->next;
		session_listen(d->session, -1);
	}
	session_check_names(d->session);
	gate_leave(&d->session->gate);
	return l;
}

/* Looks for the mount itself: the poll(2) that follows is the one that is told. */
static u32 peek(struct deferred *d, const struct poller *p)
{
	u32 events;

	p->file->peeking = true;
	events = tree_poll(d->session->tree, &p->caller, p->file);
	p->file->peeking = false;
	return events;
}

/* The handle of a poller that has not been told of all there is now. */
static void *take_changed(struct deferred *d)
{
	void *handle = NULL;
	struct poller *p;

	gate_enter(&d->session->gate);
	for (p = d->pollers; p && !handle; p = p->next) {
		if (!p->handle || !(peek(d, p) & ~p->seen))
			continue;
		handle = p->handle;
		p->handle = NULL;
	}
	gate_leave(&d->session->gate);
	return handle;
}

void deferred_notify(void *deferred)
{
	struct deferred *d = deferred;
	struct later *l;
	void *handle;

	while ((l = take_ready(d)))
		finish_unwatched(l);
	while ((handle = take_changed(d)))
		d->ops->wake_poll(handle);
}

void deferred_end(struct deferred *d)
{
	struct later *l;

	while ((l = d->waiting)) {
		d->waiting = l->next;
		l->result = -EINTR;
		finish_unwatched(l);
	}
	while (d->pollers)
		deferred_release(d, d->pollers->file);
}
