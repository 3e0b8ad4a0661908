/*
 * log_calls.c - syslog(2): the simulated kernel's log as text, and how much of it is shown. Who
 * clears it must not clear the host's.
 *
 * The records come from the tree's dev/kmsg, one a read. What was cleared stays there, as on Linux.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/exec/serve.h"

#define LOG_BYTES  131072 /* CONFIG_LOG_BUF_SHIFT is 17 */
#define RECORD_MAX 8192

enum action {
	ACTION_CLOSE,
	ACTION_OPEN,
	ACTION_READ,
	ACTION_READ_ALL,
	ACTION_READ_CLEAR,
	ACTION_CLEAR,
	ACTION_CONSOLE_OFF,
	ACTION_CONSOLE_ON,
	ACTION_CONSOLE_LEVEL,
	ACTION_SIZE_UNREAD,
	ACTION_SIZE_BUFFER
};

/* Text that grows; where each record starts is found again by its mark. */
struct log_text {
	char *bytes;
	size_t used, room, *starts, nr, max;
};

static bool reserve(struct log_text *t, size_t more)
{
	void *grown;

	if (!t->bytes || t->used + more > t->room) {
		t->room = (t->used + more) * 2;
		grown = realloc(t->bytes, t->room);
		if (!grown)
			return false;
		t->bytes = grown;
	}
	if (t->nr == t->max) {
		t->max = t->max ? t->max * 2 : 1024;
		grown = realloc(t->starts, t->max * sizeof(*t->starts));
		if (!grown)
			return false;
		t->starts = grown;
	}
	return true;
}

/* One character of a record's text, in which control characters stand as \xNN. */
static char unescape(const char **at)
{
	char digits[3] = "", c = *(*at)++;

	if (c == '\\' && (*at)[0] == 'x' && (*at)[1] && (*at)[2]) {
		memcpy(digits, *at + 1, 2);
		*at += 3;
		c = (char)strtoul(digits, NULL, 16);
	}
	return c;
}

/* "<6>[   12.345678] ", at the start of each line of a record. */
static void add_prefix(struct log_text *t, uint64_t priority, uint64_t us)
{
	t->used += (size_t)sprintf(t->bytes + t->used, "<%u>[%5llu.%06llu] ",
				   (unsigned int)priority, (unsigned long long)us / 1000000,
				   (unsigned long long)us % 1000000);
}

/* "6,339,5140900," at the start of a record: priority, number, microseconds. */
static bool read_head(const char *record, uint64_t head[3])
{
	char *end;
	int i;

	for (i = 0; i < 3; i++) {
		head[i] = strtoull(record, &end, 10);
		if (end == record || *end != ',')
			return false;
		record = end + 1;
	}
	return true;
}

/* A record as dev/kmsg has it: "6,339,5140900,-;text". Those before @from are passed over. */
static bool add_record(struct log_text *t, char *record, uint64_t from)
{
	const size_t prefix = 64;
	uint64_t head[3];
	const char *at = strchr(record, ';');

	if (!at++ || !read_head(record, head) || head[1] < from)
		return true;
	record[strcspn(record, "\n")] = '\0'; /* behind it are a device's properties */
	if (!reserve(t, (strlen(at) + 1) * prefix))
		return false;
	t->starts[t->nr++] = t->used;
	add_prefix(t, head[0], head[2]);
	while (*at) {
		char c = unescape(&at);

		t->bytes[t->used++] = c;
		if (c == '\n')
			add_prefix(t, head[0], head[2]);
	}
	t->bytes[t->used++] = '\n';
	return true;
}

/* The log from record @from on; the caller frees what is in @t. 0 or -errno */
static int read_log(const struct exec_world *w, uint64_t from, struct log_text *t)
{
	char record[RECORD_MAX + 1];
	int fd = w->open_log(w->ctx), error = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	while (!error) {
		n = read(fd, record, RECORD_MAX);
		if (n < 0 && errno == EPIPE) /* some were overwritten meanwhile */
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		if (!add_record(t, record, from))
			error = -ENOMEM;
	}
	close(fd);
	return error;
}

static struct exec_answer change(const struct exec_world *w, pid_t tid, enum mmanfs_call_op op,
				 uint64_t value)
{
	struct mmanfs_call c = { .op = op, .args = { value } };
	struct exec_answer a;
	int result;

	return exec_ask(w, tid, &c, false, &result, &a) ? answer(result) : a;
}

/* As many of the last whole records as there is room for. */
static struct exec_answer give_log(const struct exec_world *w, pid_t tid, const uint64_t *args,
				   const struct mmanfs_call *state)
{
	struct log_text t = { .used = 0 };
	int64_t room = int_arg(args[2]);
	size_t from = 0, i = 0;
	int error;

	if (!args[1] || room < 0)
		return answer(-EINVAL);
	if (room == 0)
		return answer(0);
	error = read_log(w, state->args[0], &t);
	while (i < t.nr && t.used - t.starts[i] > (size_t)room)
		i++;
	from = i < t.nr ? t.starts[i] : t.used;
	if (!error && t.used > from)
		error = w->write(w->ctx, tid, args[1], t.bytes + from, t.used - from);
	free(t.bytes);
	free(t.starts);
	if (error)
		return answer(error);
	if (int_arg(args[0]) == ACTION_READ_CLEAR)
		(void)change(w, tid, MMANFS_SYSLOG_CLEAR, state->args[1]);
	return answer_value((int64_t)(t.used - from));
}

/* Nobody reads by ACTION_READ, so all of it is unread. */
static struct exec_answer size_of_log(const struct exec_world *w)
{
	struct log_text t = { .used = 0 };
	int error = read_log(w, 0, &t);

	free(t.bytes);
	free(t.starts);
	return error ? answer(error) : answer_value((int64_t)t.used);
}

static struct exec_answer set_console(const struct exec_world *w, pid_t tid, int action, int level)
{
	if (action != ACTION_CONSOLE_LEVEL)
		return change(w, tid, MMANFS_SYSLOG_CONSOLE,
			      action == ACTION_CONSOLE_OFF ? MMANFS_CONSOLE_OFF :
							     MMANFS_CONSOLE_ON);
	return level < 1 || level > 8 ? answer(-EINVAL) :
					change(w, tid, MMANFS_SYSLOG_CONSOLE, (uint64_t)level);
}

/* syslog(action, buffer, size) */
EXEC_SERVE(serve_syslog)
{
	struct mmanfs_call state = { .op = MMANFS_SYSLOG_STATE };
	struct exec_caller caller;
	int action = int_arg(args[0]), result;

	(void)call;
	if (w->get_user(w->ctx, tid, &caller) < 0)
		return answer(-ESRCH);
	if (caller.uid)
		return answer(-EPERM);
	result = w->call(w->ctx, &state, true);
	if (result < 0)
		return answer(-EPERM);
	switch (action) {
	case ACTION_CLOSE:
	case ACTION_OPEN:
		return answer(0);
	case ACTION_READ_ALL:
	case ACTION_READ_CLEAR:
		return give_log(w, tid, args, &state);
	case ACTION_CLEAR:
		return change(w, tid, MMANFS_SYSLOG_CLEAR, state.args[1]);
	case ACTION_CONSOLE_OFF:
	case ACTION_CONSOLE_ON:
	case ACTION_CONSOLE_LEVEL:
		return set_console(w, tid, action, int_arg(args[2]));
	case ACTION_SIZE_UNREAD:
		return size_of_log(w);
	case ACTION_SIZE_BUFFER:
		return answer_value(LOG_BYTES);
	case ACTION_READ: /* would wait for the next record, and here nobody may */
		return answer(-ENOSYS);
	default:
		return answer(-EINVAL);
	}
}
