/* counters.c - the steps that read counters of the whole machine, its nodes and zones. */
#include "tests/oracle/lib/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct counter now[KEYS_MAX];

static unsigned int counters_of(struct run *r, const char *path, struct counter *to, unsigned int n)
{
	char *line, *save;

	if (read_text(r, path) < 0)
		return n;
	for (line = strtok_r(r->text, "\n", &save); line && n < KEYS_MAX;
	     line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%47s %lld", to[n].key, &to[n].value) == 2)
			n++;
	return n;
}

/* A node's own, as "node0.KEY". */
static unsigned int node_counters(struct run *r, unsigned int node, struct counter *to,
				  unsigned int n)
{
	static char key[48];
	char path[64];
	unsigned int i = n;

	snprintf(path, sizeof(path), "sys/devices/system/node/node%u/vmstat", node);
	for (n = counters_of(r, path, to, n); i < n; i++) {
		snprintf(key, sizeof(key), "node%u.%.40s", node, to[i].key);
		memcpy(to[i].key, key, sizeof(key));
	}
	return n;
}

static unsigned int snapshot(struct run *r, struct counter *to)
{
	bool open_failed;
	unsigned int n;

	/* counters that lag per CPU are folded first */
	r->s->write(r->s, "proc/sys/vm/stat_refresh", "1", 1, &open_failed);
	n = counters_of(r, "proc/meminfo", to, counters_of(r, "proc/vmstat", to, 0));
	return node_counters(r, 1, to, node_counters(r, 0, to, n));
}

void step_mark(struct run *r, char *rest)
{
	(void)rest;
	r->nr_marks = snapshot(r, r->marks);
}

void step_delta(struct run *r, char *rest)
{
	static char line[1024];
	unsigned int i, nr = snapshot(r, now);
	const char *key;
	int n = 0;

	while ((key = word(&rest))) {
		for (i = 0; i < nr && i < r->nr_marks; i++)
			if (!strcmp(now[i].key, key))
				break;
		if (i == nr || i == r->nr_marks)
			n += snprintf(line + n, sizeof(line) - (size_t)n, "%s%s missing",
				      n ? " " : "", key);
		else
			n += snprintf(line + n, sizeof(line) - (size_t)n, "%s%s %+lld",
				      n ? " " : "", key, now[i].value - r->marks[i].value);
	}
	answer(r, "%s", line);
}

/* ---- sums and shares ---- */

static bool counter_value(const struct counter *from, unsigned int nr, const char *key,
			  long long *value)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!strcmp(from[i].key, key)) {
			*value = from[i].value;
			return true;
		}
	return false;
}

/* "[+|-][N*]KEY" */
void step_sum(struct run *r, char *rest)
{
	unsigned int nr = snapshot(r, now);
	const char *term, *key;
	long long sum = 0;

	while ((term = word(&rest))) {
		long long value, times = *term == '-' ? -1 : 1;

		term += *term == '-' || *term == '+';
		key = strchr(term, '*');
		if (key)
			times *= strtoll(term, NULL, 10);
		key = key ? key + 1 : term;
		if (!counter_value(now, nr, key, &value)) {
			answer(r, "<no %s>", key);
			return;
		}
		sum += times * value;
	}
	answer(r, "%lld", sum);
}

/* What "KEY+KEY" changed by since the mark. */
static long long changed_by(const struct run *r, unsigned int nr, char *keys)
{
	long long sum = 0, before, after;
	char *key, *save;

	for (key = strtok_r(keys, "+", &save); key; key = strtok_r(NULL, "+", &save))
		if (counter_value(now, nr, key, &after) &&
		    counter_value(r->marks, r->nr_marks, key, &before))
			sum += after - before;
	return sum;
}

void step_share(struct run *r, char *rest)
{
	unsigned int nr = snapshot(r, now);
	char *part = word(&rest), *of = word(&rest), *whole = word(&rest);
	long long a, b;

	if (!of || !whole) {
		answer(r, "<of?>");
		return;
	}
	a = changed_by(r, nr, part);
	b = changed_by(r, nr, whole);
	if (b)
		answer(r, "%lld", a * 1000 / b);
	else
		answer(r, "nothing");
}

/* Columns of "Node 0, zone Normal 1 2 3 ..." from @order on. */
void step_blocks(struct run *r, char *rest)
{
	unsigned long order = strtoul(rest, NULL, 10), column;
	char *line, *save, *at;
	long long sum = 0;

	read_text(r, "proc/buddyinfo");
	for (line = strtok_r(r->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		at = strstr(line, "zone ");
		if (!at)
			continue;
		at += 5 + strspn(at + 5, " ");
		at += strcspn(at, " ");
		for (column = 0; *at; column++) {
			long long n = strtoll(at, &at, 10);

			sum += column >= order ? n : 0;
			at += strspn(at, " ");
		}
	}
	answer(r, "%lld", sum);
}

/* ---- zones ---- */

/* "Node 0, zone   Normal" ... "        managed  123", "        protection: (0, 1, 2)" */
void step_zones(struct run *r, char *rest)
{
	static char keys[512], values[1024];
	char *line, *save, zone[64] = "", at[128], *key, *list;
	long long managed = 0;
	int n = 0;

	read_text(r, "proc/zoneinfo");
	for (line = strtok_r(r->text, "\n", &save);; line = strtok_r(NULL, "\n", &save)) {
		int node;
		char name[32];

		if (!line || sscanf(line, "Node %d, zone %31s", &node, name) == 2) {
			if (zone[0] && managed)
				answer(r, "%s%s", zone, values);
			if (!line)
				break;
			snprintf(zone, sizeof(zone), "%d.%s", node, name);
			n = 0;
			managed = 0;
			continue;
		}
		line += strspn(line, " ");
		snprintf(at, sizeof(at), "%.*s", (int)strcspn(line, " :"), line);
		if (!strcmp(at, "managed"))
			managed = strtoll(line + 7, NULL, 10);
		snprintf(keys, sizeof(keys), "%s", rest);
		for (list = keys; (key = word(&list));)
			if (!strcmp(key, at)) {
				line += strlen(at) + strspn(line + strlen(at), " :");
				n += snprintf(values + n, sizeof(values) - (size_t)n, " %s %s", at,
					      line);
			}
	}
}
