/*
 * Traces of real programs (tests/data/traces, made by the script there): a sort, a compiler, an
 * interpreter, and a shell that forks. At each point at which the recorder looked at the real
 * process's mappings, proc/PID/maps must be the same; peak RSS and faults must be within 5 % of
 * what the kernel counted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <mman/lab.h>

#include "tests/ctl.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define TRACE "sim/procs/p/trace"

static const struct caller root;

/* What is known of the trace while it goes in. */
struct player {
	struct fixture *f;
	struct open_file *file;
	u64 at;
	u32 first;	      /* number of its first process */
	struct text expected; /* mappings that the real process has now */
	u32 compared, equal;
	u64 rss, real_rss, faults, real_faults; /* largest; sums */
	u64 maxrss, getrusage_faults;
};

static char *unpack(const char *name)
{
	gzFile z = gzopen(fixture_format("tests/data/traces/%s.trace.gz", name), "rb");
	size_t size = 4 << 20;
	char *text = malloc(size);
	int n = z ? gzread(z, text, (unsigned int)size - 1) : -1;

	if (n <= 0 || (size_t)n >= size - 1)
		bail_out("no trace %s", name);
	gzclose(z);
	text[n] = '\0';
	return text;
}

static void feed(struct player *p, const char *from, const char *to)
{
	size_t n = (size_t)(to - from);

	if (tree_write(p->f->t, &root, p->file, from, n, p->at) != (ssize_t)n)
		diag("a write of %zu bytes was not taken", n);
	p->at += n;
}

/* The simulated process of a process of the trace. */
static u32 process_of(struct player *p, u32 pid)
{
	const char *name = pid == p->first ? "p" : fixture_format("p.%u", pid);
	unsigned int number = 0;

	sscanf(ctl_read(p->f, name, "pid"), "%u", &number);
	return number;
}

/* maps without device, inode and the blanks before the name; the kernels' own pages have one
 * name. */
static void plain_maps(const char *text, struct text *out)
{
	char range[64], perms[8], offset[32], line[1024];
	const char *end;
	int name;

	for (; *text; text = end + 1) {
		end = strchrnul(text, '\n');
		snprintf(line, sizeof(line), "%.*s", (int)(end - text), text);
		name = 0;
		if (sscanf(line, "%63s %7s %31s %*s %*s %n", range, perms, offset, &name) >= 3)
			text_printf(out, "%s %s %s %s\n", range, perms, offset,
				    name ? (strncmp(line + name, "[vvar", 5) ? line + name :
									       "[vvar]") :
					   "");
		if (!*end)
			break;
	}
}

static void compare(struct player *p, u32 pid)
{
	struct text got;

	text_init(&got);
	plain_maps(fixture_read(p->f, fixture_format("proc/%u/maps", process_of(p, pid))), &got);
	text_char(&got, '\0');
	text_char(&p->expected, '\0');
	p->compared++;
	if (!strcmp(got.data, p->expected.data))
		p->equal++;
	else
		diag("mappings of %u:\n%sand really:\n%s", pid, got.data, p->expected.data);
	text_free(&got);
	text_reset(&p->expected);
}

static void expect(struct player *p, const char *line)
{
	char range[64], perms[8], offset[32], text[1024];
	const char *end = strchrnul(line, '\n');
	int name = 0;

	snprintf(text, sizeof(text), "%.*s", (int)(end - line), line);
	sscanf(text, "%63s %7s %31s %n", range, perms, offset, &name);
	text_printf(&p->expected, "%s %s %s %s\n", range, perms, offset,
		    strncmp(text + name, "[vvar", 5) ? text + name : "[vvar]");
}

static void use(struct player *p, u32 pid, const char *line)
{
	const char *status, *stat;
	unsigned long long rss = 0, minor = 0, major = 0, minflt, majflt;
	u32 number = process_of(p, pid);

	sscanf(line, "rss=%llu minor=%llu major=%llu", &rss, &minor, &major);
	status = fixture_read(p->f, fixture_format("proc/%u/status", number));
	if (rss > p->real_rss) {
		p->real_rss = rss;
		p->rss = (u64)text_value(status, "VmHWM:");
	}
	stat = fixture_read(p->f, fixture_format("proc/%u/stat", number));
	stat = strrchr(stat, ')');
	if (stat &&
	    sscanf(stat, ") %*c %*d %*d %*d %*d %*d %*u %llu %*u %llu", &minflt, &majflt) == 2)
		p->faults += minflt + majflt;
	p->real_faults += minor + major;
}

/* "# getrusage: maxrss=28152 minflt=3950 majflt=0 before_exec=33" */
static void remember_rusage(struct player *p, const char *line)
{
	unsigned long long rss, minor, major, before;

	if (sscanf(line, "# getrusage: maxrss=%llu minflt=%llu majflt=%llu before_exec=%llu", &rss,
		   &minor, &major, &before) != 4)
		return;
	p->maxrss = rss;
	p->getrusage_faults = minor + major - before;
}

/* One line, of which something is to be looked at. *@fed: what of the trace is in. */
static void look(struct player *p, const char *line, const char *next, const char **fed)
{
	unsigned int pid = 0;
	int n = 0;

	if (*line == '#')
		remember_rusage(p, line);
	sscanf(line, "%u %n", &pid, &n);
	if (!n)
		return;
	if (!p->first)
		p->first = pid;
	if (!strncmp(line + n, "expect end", 10)) {
		feed(p, *fed, next);
		*fed = next;
		compare(p, pid);
	} else if (!strncmp(line + n, "expect ", 7)) {
		expect(p, line + n + 7);
	} else if (!strncmp(line + n, "usage ", 6)) {
		feed(p, *fed, next);
		*fed = next;
		use(p, pid, line + n + 6);
	}
}

static void play(struct player *p, const char *text)
{
	const char *line, *next, *fed = text;
	u64 ino;

	if (tree_walk(p->f->t, &root, TRACE, &ino) || tree_open(p->f->t, &root, ino, 1, &p->file))
		bail_out("cannot open the trace");
	for (line = text; *line; line = next) {
		next = strchrnul(line, '\n');
		next += *next != '\0';
		look(p, line, next, &fed);
	}
	feed(p, fed, line);
	tree_release(p->f->t, &root, p->file);
}

static void within(u64 got, u64 want, const char *program, const char *what)
{
	u64 off = got > want ? got - want : want - got;

	ok(want && off * 20 <= want, "%s: %s %llu, really %llu: within 5 %%", program, what,
	   (unsigned long long)got, (unsigned long long)want);
}

static void test_program(struct fixture *f, const char *name, u32 points)
{
	struct player p = { .f = f };
	char *text = unpack(name);
	const char *report;

	text_init(&p.expected);
	ctl_mkdir(f, "p");
	play(&p, text);
	cmp_int(p.compared, >=, points, "%s: its mappings are looked at %u times or more", name,
		points);
	is_int(p.equal, p.compared, "%s: and are the real program's each time", name);
	within(p.rss, p.real_rss, name, "peak RSS in kB");
	/* getrusage reads counters that each CPU keeps for itself, and brings in by 32 pages or
	 * more */
	within(p.rss, p.maxrss < p.rss && p.rss - p.maxrss <= 128 ? p.rss : p.maxrss, name,
	       "peak RSS in kB by getrusage");
	within(p.faults, p.getrusage_faults, name, "page faults");
	within(p.real_faults, p.getrusage_faults, name, "faults of each process, added up,");
	report = fixture_read(f, TRACE);
	is_int(text_value(report, "refused"), 0, "%s: no line is refused", name);
	is_int(text_value(report, "calls_differ"), 0, "%s: no call has another outcome", name);
	is_int(text_value(report, "maps_equal"), p.compared, "%s: the report says the same", name);
	is_str(ctl_read(f, "p", "status"), "exited 0", "%s: it ends as the real one did", name);
	is_sound(f->m, name);
	ctl_rmdir(f, "p");
	text_free(&p.expected);
	free(text);
}

/* The files of a program that ran before are in the page cache; of one that never did they come
 * from the disk. */
static void test_cold(struct fixture *f)
{
	char *text = unpack("perl"), *at;
	s64 before = ctl_vmstat(f, "pgmajfault"), major;

	/* the lines that say what was cached are made to say nothing */
	for (at = text; (at = strstr(at, " cached ")); at = strchrnul(at, '\n')) {
		while (at > text && at[-1] != '\n')
			at--;
		*at = '#';
	}
	fixture_write(f, "proc/sys/vm/drop_caches", "3\n");
	ctl_mkdir(f, "p");
	is_int(fixture_write(f, TRACE, text), (s64)strlen(text),
	       "a trace whose files were not cached");
	major = ctl_vmstat(f, "pgmajfault") - before;
	cmp_int(major, >, 0, "waits for the disk (%lld major faults)", (long long)major);
	is_int(text_value(fixture_read(f, TRACE), "refused"), 0, "and is carried out all the same");
	is_sound(f->m, "cold");
	ctl_rmdir(f, "p");
	free(text);
}

/* A machine too small for it: the OOM killer ends the process in the middle, or it is swapped. */
static void test_small(void)
{
	struct fixture f;
	char *text = unpack("gcc");
	u32 hogs = 0;
	ssize_t n;

	if (!fixture_open(&f, "tiny", NULL))
		bail_out("%s", f.why);
	ctl_mkdir(&f, "p");
	ctl_mkdir(&f, "hog");
	fixture_write(&f, fixture_format("proc/%u/oom_score_adj", ctl_pid(&f, "hog")), "-1000\n");
	ctl_put(&f, "hog", "mmap m 128M noreserve");
	for (; ctl_meminfo(&f, "MemAvailable:") > 11000 && hogs < 128; hogs++)
		ctl_put(&f, "hog", fixture_format("write m %uM 1M", hogs));
	n = fixture_write(&f, TRACE, text);
	is_int(n, (s64)strlen(text), "a machine with little memory takes the whole trace");
	cmp_int(ctl_vmstat(&f, "oom_kill"), >, 0, "the OOM killer has ended some of it");
	cmp_int(text_value(fixture_read(&f, TRACE), "refused"), >, 0,
		"whose lines are refused from then on");
	is_sound(f.m, "small");
	free(text);
	fixture_close(&f);
}

int main(void)
{
	struct fixture f;

	if (!fixture_open(&f, "laptop", NULL))
		bail_out("%s", f.why);
	test_program(&f, "sort", 3);
	test_program(&f, "gcc", 15);
	test_program(&f, "perl", 3);
	test_program(&f, "sh", 3);
	test_cold(&f);
	fixture_close(&f);
	test_small();
	return done_testing();
}
