/*
 * stat, status and mounts of a visitor: the host's text with what would not fit the simulated
 * machine replaced. Process numbers are as the visitor sees them; what starts before it, or outside
 * its namespace, is nobody's: 0. CPUs and nodes are the machine's; start time counts on its clock.
 */
#include "fs/proc/proc.h"
#include "fs/visitor_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Numbers of the fields of stat, as proc(5) counts them. */
enum {
	STAT_STATE = 3,
	STAT_PPID = 4,
	STAT_PGRP = 5,
	STAT_SESSION = 6,
	STAT_TPGID = 8,
	STAT_STARTTIME = 22,
	STAT_CPU = 39
};

struct host_status {
	struct text text;
	unsigned int depth;	       /* of PID namespaces */
	u32 tid, pid, pgid, sid, ppid; /* in the innermost one */
};

static u32 innermost(const char *status, const char *key)
{
	u32 numbers[NAMESPACES_MAX];
	unsigned int n = status_numbers(status, key, numbers, NAMESPACES_MAX);

	return n ? numbers[n - 1] : 0;
}

/* What a process in a namespace @depth deep calls the host's @host_pid; 0 if it cannot see it. */
static u32 number_at_depth(u32 host_pid, const char *key, unsigned int depth)
{
	u32 numbers[NAMESPACES_MAX], number = 0;
	struct text status;

	if (!host_pid)
		return 0;
	text_init(&status);
	if (!visitor_host_file(host_pid, "status", &status)) {
		text_char(&status, '\0');
		if (!text_error(&status) &&
		    status_numbers(status.data, key, numbers, NAMESPACES_MAX) >= depth)
			number = numbers[depth - 1];
	}
	text_free(&status);
	return number;
}

static int read_host_status(u32 host_tid, struct host_status *s)
{
	u32 numbers[NAMESPACES_MAX], host_ppid = 0;
	int error;

	memset(s, 0, sizeof(*s));
	error = visitor_host_file(host_tid, "status", &s->text);
	text_char(&s->text, '\0');
	if (!error && text_error(&s->text))
		error = -ENOMEM;
	if (error)
		return error;
	s->depth = status_numbers(s->text.data, "NSpid", numbers, NAMESPACES_MAX);
	s->tid = innermost(s->text.data, "NSpid");
	s->pid = innermost(s->text.data, "NStgid");
	s->pgid = innermost(s->text.data, "NSpgid");
	s->sid = innermost(s->text.data, "NSsid");
	status_numbers(s->text.data, "PPid", &host_ppid, 1);
	s->ppid = s->depth ? number_at_depth(host_ppid, "NStgid", s->depth) : 0;
	return 0;
}

/* --- stat --- */

static u64 host_uptime_ticks(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (u64)t.tv_sec * USER_HZ + (u64)t.tv_nsec / USER_TICK_NS;
}

/* As long ago on the machine's clock as it is on the host's. */
static u64 simulated_start(const struct machine *m, u64 host_start)
{
	u64 now = m->clock.now / USER_TICK_NS, host_now = host_uptime_ticks();
	u64 age = host_now > host_start ? host_now - host_start : 0;

	return now > age ? now - age : 0;
}

static bool is_caller(const struct request *rq)
{
	return rq->object == rq->caller->host_tid;
}

static void print_field(const struct request *rq, const struct host_status *s, unsigned int field,
			const char *value, struct text *out)
{
	switch (field) {
	case STAT_STATE:
		/* it sleeps only because it waits for us */
		text_str(out, is_caller(rq) ? "R" : value);
		break;
	case STAT_PPID:
		text_u64(out, s->ppid);
		break;
	case STAT_PGRP:
		text_u64(out, s->pgid);
		break;
	case STAT_SESSION:
		text_u64(out, s->sid);
		break;
	case STAT_TPGID:
		if (value[0] == '-')
			text_str(out, "-1");
		else
			text_u64(out, number_at_depth((u32)strtoul(value, NULL, 10), "NSpgid",
						      s->depth));
		break;
	case STAT_STARTTIME:
		text_u64(out, simulated_start(rq->m, strtoull(value, NULL, 10)));
		break;
	case STAT_CPU:
		text_u64(out, strtoul(value, NULL, 10) % max_t(u32, rq->m->nr_cpus, 1));
		break;
	default:
		text_str(out, value);
	}
}

static int print_stat(const struct request *rq, const struct host_status *s, char *stat,
		      struct text *out)
{
	char *comm = strchr(stat, '('), *rest = strrchr(stat, ')'), *value;
	unsigned int field = 3;

	if (!comm || !rest)
		return -EIO;
	*rest++ = '\0';
	text_u64(out, s->tid);
	text_char(out, ' ');
	text_str(out, comm);
	text_char(out, ')');
	for (value = strtok_r(rest, " \n", &rest); value; value = strtok_r(NULL, " \n", &rest)) {
		text_char(out, ' ');
		print_field(rq, s, field++, value, out);
	}
	text_char(out, '\n');
	return 0;
}

int visitor_stat_show(const struct request *rq, struct text *out)
{
	struct host_status s;
	struct text stat;
	int error;

	text_init(&stat);
	error = read_host_status((u32)rq->object, &s);
	if (!error)
		error = visitor_host_file((u32)rq->object, "stat", &stat);
	text_char(&stat, '\0');
	if (!error && text_error(&stat))
		error = -ENOMEM;
	if (!error)
		error = print_stat(rq, &s, stat.data, out);
	text_free(&s.text);
	text_free(&stat);
	return error;
}

/* --- status --- */

/* The id that the visitor's own user namespace has for the host's @id. */
static u32 inner_id(u32 host_tid, const char *map_name, u32 id)
{
	u64 inside, outside, count;
	struct text map;
	char *at, *end;
	u32 found = id;

	text_init(&map);
	if (!visitor_host_file(host_tid, map_name, &map)) {
		text_char(&map, '\0');
		/* lines of three numbers */
		for (at = text_error(&map) ? NULL : map.data; at && *at; at = end) {
			inside = strtoull(at, &end, 10);
			outside = strtoull(end, &end, 10);
			count = strtoull(end, &end, 10);
			if (end == at || !count)
				break;
			if (id >= outside && id - outside < count)
				found = (u32)(inside + (id - outside));
		}
	}
	text_free(&map);
	return found;
}

static void print_ids(u32 host_tid, const char *status, const char *key, const char *map,
		      struct text *out)
{
	u32 ids[4];
	unsigned int i, n = status_numbers(status, key, ids, 4);

	text_str(out, key);
	text_char(out, ':');
	for (i = 0; i < n; i++) {
		text_char(out, '\t');
		text_u64(out, inner_id(host_tid, map, ids[i]));
	}
	text_char(out, '\n');
}

static void print_number(const char *key, u64 number, struct text *out)
{
	text_str(out, key);
	text_str(out, ":\t");
	text_u64(out, number);
	text_char(out, '\n');
}

/* All of the first @n: "00000000,0000000f", in @words groups of 32 bits or as many as needed. */
static void print_mask(const char *key, u32 n, u32 words, struct text *out)
{
	u32 word, bits;

	if (!words)
		words = (n + 31) / 32;
	text_str(out, key);
	text_str(out, ":\t");
	for (word = words; word-- > 0;) {
		bits = n > word * 32 ? n - word * 32 : 0;
		text_hex(out, bits >= 32 ? UINT32_MAX : ((u64)1 << bits) - 1,
			 word == words - 1 && words == 1 ? 1 : 8);
		if (word)
			text_char(out, ',');
	}
	text_char(out, '\n');
}

static void print_list(const char *key, u32 n, struct text *out)
{
	text_str(out, key);
	text_str(out, n > 1 ? ":\t0-" : ":\t");
	text_u64(out, n ? n - 1 : 0);
	text_char(out, '\n');
}

/* Lines that a 6.1 kernel does not print; the host's may be newer. */
static bool is_unknown(const char *line)
{
	static const char *const unknown[] = { "Kthread:", "untag_mask:", "x86_Thread_features" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++)
		if (!strncmp(line, unknown[i], strlen(unknown[i])))
			return true;
	return false;
}

static bool has_key(const char *line, const char *key)
{
	size_t length = strlen(key);

	return !strncmp(line, key, length) && line[length] == ':';
}

/* The lines that are ours; false: the host's will do. */
static bool print_own_line(const struct request *rq, const struct host_status *s, const char *line,
			   struct text *out)
{
	const struct {
		const char *key;
		u64 number;
	} numbers[] = {
		{ "Tgid", s->pid },  { "Pid", s->tid },	    { "PPid", s->ppid },
		{ "TracerPid", 0 },  { "Ngid", 0 },	    { "NStgid", s->pid },
		{ "NSpid", s->tid }, { "NSpgid", s->pgid }, { "NSsid", s->sid },
	};
	const struct machine *m = rq->m;
	u32 host_tid = (u32)rq->object;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (has_key(line, numbers[i].key)) {
			print_number(numbers[i].key, numbers[i].number, out);
			return true;
		}
	}
	if (has_key(line, "State") && is_caller(rq))
		text_str(out, "State:\tR (running)\n");
	else if (has_key(line, "Uid"))
		print_ids(host_tid, s->text.data, "Uid", "uid_map", out);
	else if (has_key(line, "Gid"))
		print_ids(host_tid, s->text.data, "Gid", "gid_map", out);
	else if (has_key(line, "Cpus_allowed"))
		print_mask("Cpus_allowed", m->nr_cpus, 0, out);
	else if (has_key(line, "Cpus_allowed_list"))
		print_list("Cpus_allowed_list", m->nr_cpus, out);
	else if (has_key(line, "Mems_allowed"))
		print_mask("Mems_allowed", m->nr_nodes, 32, out);
	else if (has_key(line, "Mems_allowed_list"))
		print_list("Mems_allowed_list", m->nr_nodes, out);
	else
		return is_unknown(line);
	return true;
}

int visitor_status_show(const struct request *rq, struct text *out)
{
	struct host_status s;
	const char *line, *end;
	int error = read_host_status((u32)rq->object, &s);

	for (line = error ? NULL : s.text.data; line && *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			break;
		if (!print_own_line(rq, &s, line, out))
			text_mem(out, line, (size_t)(end - line) + 1);
	}
	text_free(&s.text);
	return error;
}

/* --- mounts: the machine's --- */

int visitor_mounts_show(const struct request *rq, struct text *out)
{
	mounts_show(rq->m, out);
	return 0;
}

int visitor_mountinfo_show(const struct request *rq, struct text *out)
{
	mountinfo_show(rq->m, out);
	return 0;
}
