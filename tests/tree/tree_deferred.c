/*
 * Requests that are answered later, without FUSE: a request here is a struct that remembers how it
 * was answered, and an interrupt is a call.
 */
#include "fs/deferred.h"
#include "tests/fixture.h"
#include "tests/tap.h"
#include "tests/until.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct test_request {
	pthread_mutex_t mutex; /* as FUSE's: held while it tells of an interrupt */
	struct later *watched;
	bool was_interrupted;
	u32 answered; /* atomic, counts */
	long result;
	char data[1024];
};

static struct fixture fixture;
static struct session session;
static struct deferred deferred;
static const struct caller root;

static void answer(struct test_request *r, long result)
{
	r->result = result;
	__atomic_add_fetch(&r->answered, 1, __ATOMIC_RELEASE);
}

static void reply_error(void *request, int error)
{
	answer(request, error);
}

static void reply_data(void *request, const char *data, size_t size)
{
	struct test_request *r = request;

	memcpy(r->data, data, size < sizeof(r->data) ? size : sizeof(r->data) - 1);
	answer(r, (long)size);
}

static void reply_written(void *request, size_t size)
{
	answer(request, (long)size);
}

static void reply_ioctl(void *request, int result, const void *out, size_t size)
{
	(void)out;
	(void)size;
	answer(request, result);
}

static void watch(void *request, struct later *l)
{
	struct test_request *r = request;

	pthread_mutex_lock(&r->mutex);
	r->watched = l;
	if (l && r->was_interrupted)
		deferred_interrupted(l);
	pthread_mutex_unlock(&r->mutex);
}

static void interrupt(struct test_request *r)
{
	pthread_mutex_lock(&r->mutex);
	r->was_interrupted = true;
	if (r->watched)
		deferred_interrupted(r->watched);
	pthread_mutex_unlock(&r->mutex);
}

static u32 polls_woken, polls_dropped; /* atomic */

static void wake_poll(void *handle)
{
	(void)handle;
	__atomic_add_fetch(&polls_woken, 1, __ATOMIC_RELEASE);
}

static void drop_poll(void *handle)
{
	(void)handle;
	__atomic_add_fetch(&polls_dropped, 1, __ATOMIC_RELEASE);
}

static const struct reply_ops ops = {
	.error = reply_error,
	.data = reply_data,
	.written = reply_written,
	.ioctl = reply_ioctl,
	.watch = watch,
	.wake_poll = wake_poll,
	.drop_poll = drop_poll,
};

static struct test_request new_request(void)
{
	struct test_request r = { .mutex = PTHREAD_MUTEX_INITIALIZER };

	return r;
}

#define answers(r) __atomic_load_n(&(r).answered, __ATOMIC_ACQUIRE)

static struct open_file *open_file(const char *path, int flags)
{
	struct open_file *f = NULL;
	u64 ino;

	session_enter(&session);
	if (!tree_walk(fixture.t, &root, path, &ino))
		tree_open(fixture.t, &root, ino, flags, &f);
	session_leave(&session);
	if (!f)
		bail_out("%s cannot be opened", path);
	return f;
}

static void close_file(struct open_file *f)
{
	session_enter(&session);
	deferred_release(&deferred, f);
	tree_release(fixture.t, &root, f);
	session_leave(&session);
}

static void write_later(struct test_request *r, struct open_file *f, const char *text)
{
	deferred_write(&deferred, r, &root, f, text, strlen(text), 0);
}

static bool is_running(void)
{
	bool running;

	pthread_mutex_lock(&session.worker.mutex);
	running = session.worker.running != NULL;
	pthread_mutex_unlock(&session.worker.mutex);
	return running;
}

#define ENDLESS "access m uniform 100000000000"

static void check_jobs(void)
{
	struct test_request a = new_request(), b = new_request(), c = new_request(),
			    d = new_request();
	struct open_file *f = open_file("sim/procs/p/ctl", O_RDWR);
	u64 procs;

	write_later(&a, f, "mmap m 4M");
	until(answers(a));
	is_int(a.result, 9, "a long write is answered with its length");
	ok(!a.watched, "and nobody watches for its interrupt any more");

	a = new_request();
	write_later(&a, f, "no such command");
	until(answers(a));
	is_err(a.result, -EINVAL, "or with its error");

	a = new_request();
	write_later(&a, f, ENDLESS);
	write_later(&b, f, ENDLESS);
	write_later(&c, f, "read m");
	until(is_running());
	interrupt(&b);
	is_uint(answers(b), 1, "an interrupted job that waits is answered at once");
	is_err(b.result, -EINTR, "with EINTR");
	is_uint(answers(a), 0, "the one that runs goes on");
	interrupt(&a);
	until(answers(a) && answers(c));
	is_err(a.result, -EINTR, "until it is interrupted itself");
	is_int(c.result, 6, "then the next one runs");

	d.was_interrupted = true;
	write_later(&d, f, ENDLESS);
	until(answers(d));
	is_err(d.result, -EINTR, "what was interrupted before it came is not run");

	a = new_request();
	b = new_request();
	write_later(&a, f, ENDLESS);
	until(is_running());
	session_enter(&session);
	tree_walk(fixture.t, &root, "sim/procs", &procs);
	session_leave(&session);
	deferred_rmdir(&deferred, &b, &root, procs, "p");
	is_uint(answers(b), 1, "the process of a running command is removed at once");
	is_err(b.result, 0, "and well");
	until(answers(a));
	is_err(a.result, -EINTR, "its command ends");
	ok(answers(a) == 1 && answers(b) == 1 && answers(c) == 1 && answers(d) == 1,
	   "each request was answered once");
	close_file(f);
}

/* All records that are there. */
static void drain(struct open_file *f)
{
	char buffer[2048];

	session_enter(&session);
	while (tree_read(fixture.t, &root, f, buffer, sizeof(buffer), 0) > 0)
		;
	session_leave(&session);
}

static void log_line(const char *text)
{
	session_enter(&session);
	printk(fixture.m, 6, "%s", text);
	session_leave(&session);
}

static void check_streams(void)
{
	struct test_request a = new_request(), b = new_request(), c = new_request();
	struct open_file *f = open_file("dev/kmsg", O_RDONLY), *g = open_file("dev/kmsg", O_RDONLY);

	drain(f);
	drain(g);
	deferred_read(&deferred, &a, &root, f, sizeof(a.data));
	deferred_read(&deferred, &b, &root, g, sizeof(b.data));
	ok(!answers(a) && !answers(b), "a read of a log that has no record waits");
	interrupt(&b);
	is_uint(answers(b), 1, "an interrupted one is answered at once");
	is_err(b.result, -EINTR, "with EINTR");
	log_line("something happened");
	until(answers(a));
	like(a.data, "something happened", "the other one gets the next record");

	log_line("before the read");
	deferred_read(&deferred, &c, &root, f, sizeof(c.data));
	until(answers(c));
	like(c.data, "before the read", "a record that came in between is not missed");
	ok(answers(a) == 1 && answers(b) == 1 && answers(c) == 1, "each was answered once");
	close_file(f);
	close_file(g);
}

static void check_polls(void)
{
	struct open_file *f = open_file("dev/kmsg", O_RDONLY),
			 *g = open_file("proc/meminfo", O_RDONLY);
	int handle;

	drain(f);
	is_uint(deferred_poll(&deferred, &root, f, &handle) & POLLIN, 0, "nothing to read");
	is_uint(polls_woken, 0, "nobody is called back");
	log_line("now");
	until(__atomic_load_n(&polls_woken, __ATOMIC_ACQUIRE));
	is_uint(deferred_poll(&deferred, &root, f, NULL) & POLLIN, POLLIN,
		"until there is a record");
	drain(f);

	deferred_poll(&deferred, &root, f, &handle);
	deferred_poll(&deferred, &root, f, &handle);
	is_uint(polls_dropped, 1, "a second handle takes the first one's place");
	is_uint(deferred_poll(&deferred, &root, g, &handle) & (POLLIN | POLLOUT), POLLIN | POLLOUT,
		"an ordinary file is always ready");
	is_uint(polls_dropped, 2, "and keeps no handle");
	close_file(f);
	is_uint(polls_dropped, 3, "closing gives the handle back");
	close_file(g);
}

static void check_end(void)
{
	struct test_request a = new_request(), b = new_request(), c = new_request();
	struct open_file *f = open_file("dev/kmsg", O_RDONLY),
			 *g = open_file("sim/procs/q/ctl", O_RDWR);

	drain(f);
	deferred_read(&deferred, &a, &root, f, sizeof(a.data));
	write_later(&b, g, "mmap m 4M");
	until(answers(b));
	b = new_request();
	write_later(&b, g, ENDLESS);
	write_later(&c, g, ENDLESS);
	until(is_running());
	ok(session_stop(&session), "a session stops in the middle of a command");
	is_err(b.result, -EINTR, "which is interrupted");
	is_err(c.result, -EINTR, "as is the one behind it");
	deferred_end(&deferred);
	is_err(a.result, -EINTR, "and a reader that still waited");
	tree_release(fixture.t, &root, f);
	tree_release(fixture.t, &root, g);
}

int main(void)
{
	u64 procs, ino;

	if (!fixture_open(&fixture, "tiny", NULL))
		bail_out("%s", fixture.why);
	fixture_write(&fixture, "sim/clock", "pause");
	tree_walk(fixture.t, &root, "sim/procs", &procs);
	if (tree_mkdir(fixture.t, &root, procs, "p", &ino) ||
	    tree_mkdir(fixture.t, &root, procs, "q", &ino))
		bail_out("no process");
	deferred = (struct deferred){ .session = &session, .ops = &ops };
	if (session_start(&session, fixture.m, fixture.t, deferred_notify, &deferred))
		bail_out("no session");
	check_jobs();
	check_streams();
	check_polls();
	check_end();
	fixture_close(&fixture);
	return done_testing();
}
