/*
 * The directories of processes, threads and kernel threads: what is in them with which modes, who
 * may look, and how the files read (tests/data/proc: what a real 6.1 kernel had).
 */
#include "tests/fixture.h"
#include "tests/identities.h"
#include "tests/tap.h"

#include <mman/lab.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS "[0-9a-f]{8,}"
#define NOBODY	65534u

struct listing {
	struct dir_emit emit;
	struct fixture *f;
	char names[8192]; /* each ends in a newline */
};

static bool collect(struct dir_emit *e, const char *name, const struct entry *entry, u64 next)
{
	struct listing *l = e->arg;
	size_t used = strlen(l->names);

	(void)entry, (void)next;
	if (name[0] != '.')
		snprintf(l->names + used, sizeof(l->names) - used, "%s\n", name);
	return true;
}

/* Names in a directory, without . and .., each with a newline. */
static const char *list(struct fixture *f, struct listing *l, u32 uid, const char *path, int *error)
{
	struct caller c = { .uid = uid, .gid = uid };
	u64 ino = 0;

	*l = (struct listing){ .f = f };
	l->emit = (struct dir_emit){ .arg = l, .emit = collect };
	*error = tree_walk(f->t, &c, path, &ino);
	if (!*error)
		*error = tree_readdir(f->t, &c, ino, 0, &l->emit);
	return l->names;
}

static bool has_name(const char *names, const char *name, size_t length)
{
	const char *at;

	for (at = names; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (!strncmp(at, name, length) && at[length] == '\n')
			return true;
	return false;
}

static u32 count_lines(const char *text)
{
	u32 n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static bool get_stat(struct fixture *f, const char *path, struct stat *st)
{
	struct caller root = { 0 };
	u64 ino;

	return !tree_walk(f->t, &root, path, &ino) && !tree_getattr(f->t, &root, ino, st);
}

static void test_listing(struct fixture *f, u32 pid)
{
	char *want = file_text("tests/data/proc/one-node/pid-list"), *names, name[64], *line, *save;
	struct listing l;
	unsigned int mode, rows = 0;
	struct stat st;
	int error;

	list(f, &l, 0, fixture_format("proc/%u", pid), &error);
	is_err(error, 0, "a process's directory can be listed");
	for (line = strtok_r(want, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%63s %o", name, &mode) != 2)
			continue;
		if (!get_stat(f, fixture_format("proc/%u/%s", pid, name), &st)) {
			fail("proc/PID/%s is there", name);
			continue;
		}
		is_int(st.st_mode & 07777, (int)mode, "proc/PID/%s has mode %o", name, mode);
		if (strcmp(name, "."))
			ok(has_name(l.names, name, strlen(name)), "proc/PID/%s is listed", name);
		rows++;
	}
	is_int(count_lines(l.names), rows - 1, "nothing else is listed");
	free(want);

	names = file_text("tests/data/proc/one-node/tid-names");
	list(f, &l, 0, fixture_format("proc/%u/task/%u", pid, pid), &error);
	for (line = strtok_r(names, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (*line != '.')
			ok(has_name(l.names, line, strlen(line)), "proc/PID/task/TID/%s is listed",
			   line);
	free(names);
	ok(!has_name(l.names, "task", 4) && !has_name(l.names, "timers", 6),
	   "a thread has no task directory and no timers");
}

static void test_layout(struct fixture *f, u32 pid)
{
	static const char *const same[] = { "status", "statm", "stat",	   "limits",
					    "io",     "sched", "schedstat" };
	char *want;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(same); i++) {
		want = file_text(fixture_format("tests/data/proc/one-node/pid-%s", same[i]));
		ok(want && same_layout(fixture_read(f, fixture_format("proc/%u/%s", pid, same[i])),
				       want),
		   "PID/%s is laid out as on a real kernel", same[i]);
		free(want);
	}
}

static void test_maps(struct fixture *f, u32 pid)
{
	char *maps, *smaps, *numa, *rollup, *want;
	const char *paragraph;

	maps = strdup(fixture_read(f, fixture_format("proc/%u/maps", pid)));
	like(maps,
	     "^00400000-" ADDRESS " r--p 00000000 fe:00 [0-9]+ +/usr/bin/simproc\n" ADDRESS
	     "-" ADDRESS " r-xp 00001000 ",
	     "maps begins with the program's headers and text");
	like(maps, "\n" ADDRESS "-" ADDRESS " rw-p 00000000 00:00 0  +\\[heap\\]\n",
	     "there is a heap");
	like(maps, "\n" ADDRESS "-" ADDRESS " rw-p 00000000 00:00 0  +\\[stack\\]\n",
	     "there is a stack");
	like(maps, "\\[vvar\\]\n" ADDRESS "-" ADDRESS " r-xp 00000000 00:00 0  +\\[vdso\\]\n$",
	     "vvar and vdso are last");
	like(maps, "\n" ADDRESS "-" ADDRESS " rw-p 00000000 00:00 0 \n",
	     "bss has no name, but the blank");
	is_int(strchr(maps, '/') - maps, 73, "names begin in column 73");

	smaps = strdup(fixture_read(f, fixture_format("proc/%u/smaps", pid)));
	is_int(count_lines(smaps), count_lines(maps) * 24, "smaps has 24 lines for each mapping");
	want = file_text("tests/data/proc/one-node/pid-smaps");
	paragraph = strchr(smaps, '\n') + 1;
	ok(!strncmp(smaps, maps, (size_t)(paragraph - smaps)),
	   "smaps begins with the line of maps");
	paragraph = strndup(paragraph, (size_t)(strstr(paragraph, "THPeligible") - paragraph) + 17);
	ok(same_layout(paragraph, want), "a paragraph of smaps is laid out as on a real kernel");
	like(smaps, "\nTHPeligible:    0\nVmFlags: rd mr mw me sd \n0040",
	     "flags as a real program's headers");
	free((char *)paragraph);
	free(want);

	want = file_text("tests/data/proc/one-node/pid-smaps_rollup");
	rollup = strdup(fixture_read(f, fixture_format("proc/%u/smaps_rollup", pid)));
	like(rollup, "^00400000-" ADDRESS " ---p 00000000 00:00 0  +\\[rollup\\]\n",
	     "rollup spans them all");
	ok(same_layout(strchr(rollup, '\n') + 1, want),
	   "smaps_rollup is laid out as on a real kernel");
	free(want);

	numa = strdup(fixture_read(f, fixture_format("proc/%u/numa_maps", pid)));
	is_int(count_lines(numa), count_lines(maps), "numa_maps has a line for each mapping");
	like(numa,
	     "^00400000 default file=/usr/bin/simproc [a-zN0-9= ]*N0=[0-9]+ kernelpagesize_kB=4\n",
	     "numa_maps says which file and node");
	like(numa, "\n" ADDRESS " default heap anon=[0-9]+ dirty=[0-9]+ ",
	     "... and which is the heap");
	like(numa, "\n" ADDRESS " default stack anon=[0-9]+ dirty=[0-9]+ ", "... and the stack");
	like(numa, "\n" ADDRESS " default\n" ADDRESS " default\n$",
	     "vvar and vdso have no pages of their own");
	free(numa);
	free(rollup);
	free(smaps);
	free(maps);
}

static void test_small_files(struct fixture *f, u32 pid)
{
	static const struct {
		const char *name, *text;
	} row[] = {
		{ "oom_score_adj", "0\n" },
		{ "oom_adj", "0\n" },
		{ "cgroup", "0::/\n" },
		{ "cpuset", "/\n" },
		{ "personality", "00000000\n" },
		{ "coredump_filter", "00000033\n" },
		{ "loginuid", "4294967295" },
		{ "sessionid", "4294967295" },
		{ "setgroups", "allow\n" },
		{ "uid_map", "         0          0 4294967295\n" },
		{ "timers", "" },
		{ "arch_status", "" },
		{ "timens_offsets",
		  "monotonic           0         0\nboottime            0         0\n" },
		{ "timerslack_ns", "50000\n" },
		{ "patch_state", "-1\n" },
		{ "autogroup", "" },
		{ "cpu_resctrl_groups", "res:\nmon:\n" },
		{ "ksm_merging_pages", "0\n" },
		{ "ksm_stat", "ksm_rmap_items 0\n" },
		{ "attr/current", "unconfined\n" },
		{ "fdinfo/0", "pos:\t0\nflags:\t0100002\nmnt_id:\t24\nino:\t4\n" },
		{ "environ", "" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(row); i++)
		is_str(fixture_read(f, fixture_format("proc/%u/%s", pid, row[i].name)), row[i].text,
		       "PID/%s of an idle process", row[i].name);
	is_err(fixture_error(f, fixture_format("proc/%u/attr/exec", pid)), -EINVAL,
	       "attr/exec cannot be read");
	fixture_read(f, fixture_format("proc/%u/cmdline", pid));
	is_mem(f->text.data, "act\0", 4, "cmdline ends each argument with NUL");
	fixture_read(f, fixture_format("proc/%u/auxv", pid));
	cmp_int(f->text.length, >, 16 * 16, "auxv has its entries");
	is_int(*(u64 *)(void *)f->text.data, 33, "... first the vdso's address");
	is_str(fixture_read(f, "proc/1/task/1/children"), fixture_format("%u ", pid),
	       "children lists PIDs");
}

static void test_links(struct fixture *f, u32 pid)
{
	static const char *const links[][2] = {
		{ "cwd", "/" },
		{ "root", "/" },
		{ "exe", "/usr/bin/simproc" },
		{ "fd/0", "/dev/null" },
		{ "ns/pid", "pid:[4026531836]" },
		{ "ns/net", "net:[4026531840]" },
	};
	struct caller root = { 0 };
	struct text target;
	u64 ino;
	size_t i;

	text_init(&target);
	for (i = 0; i < ARRAY_SIZE(links); i++) {
		text_reset(&target);
		if (!tree_walk(f->t, &root, fixture_format("proc/%u/%s", pid, links[i][0]), &ino))
			tree_readlink(f->t, &root, ino, &target);
		text_char(&target, '\0');
		is_str(target.data, links[i][1], "PID/%s leads there", links[i][0]);
	}
	text_free(&target);
}

static void test_map_files(struct fixture *f, u32 pid)
{
	struct listing l;
	struct caller root = { 0 };
	struct text target;
	u64 ino;
	int error;

	list(f, &l, 0, fixture_format("proc/%u/map_files", pid), &error);
	is_err(error, 0, "map_files can be listed");
	is_int(count_lines(l.names), 5, "... and has the five parts of the program");
	like(l.names, "^400000-401000\n", "... named by their addresses");
	text_init(&target);
	is_err(tree_walk(f->t, &root, fixture_format("proc/%u/map_files/400000-401000", pid), &ino),
	       0, "such a name is found");
	is_err(tree_readlink(f->t, &root, ino, &target), 0, "... and is a link");
	text_char(&target, '\0');
	is_str(target.data, "/usr/bin/simproc", "... to the file");
	text_free(&target);
	is_err(tree_walk(f->t, &root, fixture_format("proc/%u/map_files/400000-402000", pid), &ino),
	       -ENOENT, "a range that is no mapping is not there");
}

static void test_kernel_thread(struct fixture *f)
{
	static const char *const empty[] = { "maps",	"smaps", "numa_maps",	    "cmdline",
					     "environ", "auxv",	 "coredump_filter", "ksm_stat" };
	static const char *const same[] = { "status", "stat", "sched" };
	handle_t kswapd = f->m->node[0].kswapd;
	u32 pid = kswapd ? task_at(f->m, kswapd)->pid : 0;
	char *want;
	size_t i;

	if (!ok(pid, "node 0 has a kswapd"))
		return;
	for (i = 0; i < ARRAY_SIZE(empty); i++)
		is_int(fixture_error(f, fixture_format("proc/%u/%s", pid, empty[i])) |
			       (int)f->text.length,
		       0, "%s of a kernel thread is empty", empty[i]);
	is_str(fixture_read(f, fixture_format("proc/%u/statm", pid)), "0 0 0 0 0 0 0\n",
	       "statm is all zeros");
	is_str(fixture_read(f, fixture_format("proc/%u/oom_score", pid)), "0\n", "oom_score is 0");
	is_err(fixture_error(f, fixture_format("proc/%u/smaps_rollup", pid)), -ESRCH,
	       "smaps_rollup opens, but a read finds no process");
	is_err(fixture_write(f, fixture_format("proc/%u/coredump_filter", pid), "5"), -ESRCH,
	       "it has no coredump_filter to set");
	is_int(fixture_write(f, fixture_format("proc/%u/clear_refs", pid), "1"), 1,
	       "clear_refs does nothing");
	is_str(fixture_read(f, fixture_format("proc/%u/wchan", pid)), "kswapd",
	       "wchan says where it waits");
	for (i = 0; i < ARRAY_SIZE(same); i++) {
		want = file_text(fixture_format("tests/data/proc/one-node/kthread-%s", same[i]));
		ok(same_layout(fixture_read(f, fixture_format("proc/%u/%s", pid, same[i])), want),
		   "%s of kswapd is laid out as on a real kernel", same[i]);
		free(want);
	}
	for (i = 0; i < 3; i++)
		cmp_int(fixture_read_as(f, NOBODY, fixture_format("proc/%u/%s", pid, empty[i])), ==,
			0, "anybody may read its empty %s", empty[i]);
}

static void test_permission(struct fixture *f, u32 pid)
{
	static const char *const closed[] = {
		"environ",	"auxv",	       "personality", "syscall", "maps",  "smaps",
		"smaps_rollup", "numa_maps",   "mem",	      "pagemap", "io",	  "stack",
		"mountstats",	"patch_state", "ksm_stat",    "fd/0",	 "ns/pid"
	};
	static const char *const open[] = {
		"status",	 "stat",      "statm",	"limits",
		"cmdline",	 "comm",      "cgroup", "oom_score",
		"oom_score_adj", "oom_adj",   "mounts", "mountinfo",
		"sched",	 "schedstat", "cpuset", "coredump_filter",
		"uid_map",	 "setgroups", "timers", "attr/current",
		"loginuid",	 "wchan"
	};
	u32 own = fixture_process(f, "own", NOBODY);
	struct listing l;
	struct stat st;
	size_t i;
	int error;

	for (i = 0; i < ARRAY_SIZE(closed); i++)
		cmp_int(fixture_read_as(f, NOBODY, fixture_format("proc/%u/%s", pid, closed[i])), <,
			0, "another user cannot read %s", closed[i]);
	for (i = 0; i < ARRAY_SIZE(open); i++)
		cmp_int(fixture_read_as(f, NOBODY, fixture_format("proc/%u/%s", pid, open[i])), >=,
			0, "but %s", open[i]);
	is_err(fixture_read_as(f, NOBODY, fixture_format("proc/%u/maps", pid)), -EACCES,
	       "maps: EACCES");
	is_err(fixture_read_as(f, NOBODY, fixture_format("proc/%u/timerslack_ns", pid)), -EPERM,
	       "timerslack_ns: EPERM when it is read");
	fixture_read_as(f, NOBODY, fixture_format("proc/%u/wchan", pid));
	is_str(f->text.data, "0", "wchan hides where it waits");
	fixture_read_as(f, NOBODY, fixture_format("proc/%u/stat", pid));
	like(f->text.data,
	     " 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 [0-9]+ 0 0 0 0 0 0 0 0 0 0 0 0 0\n$",
	     "stat hides addresses from him");
	list(f, &l, NOBODY, fixture_format("proc/%u/fd", pid), &error);
	is_err(error, -EACCES, "he cannot list fd");
	list(f, &l, NOBODY, fixture_format("proc/%u/map_files", pid), &error);
	is_err(error, -EACCES, "nor map_files");
	list(f, &l, NOBODY, fixture_format("proc/%u/task", pid), &error);
	is_err(error, 0, "but the threads");

	cmp_int(fixture_read_as(f, NOBODY, fixture_format("proc/%u/maps", own)), >, 0,
		"his own maps he can");
	is_err(fixture_read_as(f, NOBODY, fixture_format("proc/%u/stack", own)), -EACCES,
	       "not even his own kernel stack");
	ok(get_stat(f, fixture_format("proc/%u/maps", own), &st) && st.st_uid == NOBODY &&
		   st.st_gid == NOBODY,
	   "the files of a process belong to its user");
}

static void test_life(struct fixture *f)
{
	struct caller root = { 0 };
	u32 last = f->m->tasks.last_pid, pid = fixture_process(f, "first", 0);
	u64 ino, again;
	struct open_file *file;
	struct listing l;
	struct stat st;
	char buffer[64];
	int error;

	list(f, &l, 0, "proc", &error);
	ok(has_name(l.names, fixture_format("%u", pid), strlen(fixture_format("%u", pid))),
	   "a new process is listed");
	ok(has_name(l.names, "1", 1) && has_name(l.names, "self", 4) &&
		   has_name(l.names, "meminfo", 7),
	   "so are init, self and the files");
	is_err(tree_walk(f->t, &root, fixture_format("proc/%u", pid), &ino), 0, "it is found");
	is_err(tree_walk(f->t, &root, fixture_format("proc/0%u", pid), &again), -ENOENT,
	       "not with a leading zero");
	is_err(tree_walk(f->t, &root, "proc/4194304", &again), -ENOENT, "what never was is not");
	tree_walk(f->t, &root, fixture_format("proc/%u/stat", pid), &again);
	is_err(tree_open(f->t, &root, again, 0, &file), 0, "its stat opens");
	do_exit(f->m, find_task_by_pid(f->m, pid), 0);
	is_err(tree_getattr(f->t, &root, ino, &st), -ENOENT, "after its end the directory is gone");
	is_err(tree_read(f->t, &root, file, buffer, sizeof(buffer), 0), -ESRCH,
	       "and a descriptor on a file in it reads ESRCH");
	tree_release(f->t, &root, file);

	f->m->tasks.last_pid = last;
	is_int(fixture_process(f, "second", 0), pid, "another process gets the same number");
	is_err(tree_walk(f->t, &root, fixture_format("proc/%u", pid), &again), 0, "it is found");
	ok(again != ino, "but is another inode");
	is_err(tree_getattr(f->t, &root, ino, &st), -ENOENT, "the old one stays gone");
}

static u64 ino_at(struct fixture *f, const char *path)
{
	const struct caller root = { .uid = 0 };
	u64 ino = 0;

	tree_walk(f->t, &root, path, &ino);
	return ino;
}

/* What the kernel in front of a mount may remember. */
static void test_names(struct fixture *f)
{
	static const char *const lasting[] = { "proc/1",    "proc/1/stat",   "proc/1/task",
					       "proc/1/fd", "proc/1/task/1", "proc/1/task/1/comm" };
	static const char *const others[] = { "proc", "proc/meminfo", "proc/self", "proc/1/net/dev",
					      "sim/procs" };
	const struct caller first = { .pid = 1, .tid = 1 }, other = { .pid = 4000000 };
	u64 before;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lasting); i++)
		ok(tree_name_lasts(f->t, ino_at(f, lasting[i])) &&
			   tree_leads_here(f->t, &other, ino_at(f, lasting[i])) &&
			   !tree_leads_here(f->t, &first, ino_at(f, lasting[i])),
		   "%s lasts for all but him who has the number", lasting[i]);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		ok(!tree_name_lasts(f->t, ino_at(f, others[i])), "%s does not last", others[i]);
	ok(tree_no_name_lasts(f->t, ino_at(f, "proc/1")), "nothing appears in proc/1");
	ok(!tree_no_name_lasts(f->t, ino_at(f, "proc")) &&
		   !tree_no_name_lasts(f->t, ino_at(f, "proc/1/task")),
	   "processes and threads do");

	before = tree_names_gone(f->t);
	fixture_process(f, "short", 0);
	is_int(tree_names_gone(f->t), before, "a new process makes no name wrong");
	do_exit(f->m, find_task_by_pid(f->m, f->m->tasks.last_pid), 0);
	ok(tree_names_gone(f->t) != before, "its end does");
}

int main(void)
{
	struct fixture f;
	u32 pid;

	if (!fixture_open(&f, "one-node", NULL))
		bail_out("%s", f.why);
	pid = fixture_process(&f, "act", 0);
	test_listing(&f, pid);
	test_layout(&f, pid);
	test_maps(&f, pid);
	test_small_files(&f, pid);
	test_links(&f, pid);
	test_map_files(&f, pid);
	test_kernel_thread(&f);
	test_permission(&f, pid);
	test_life(&f);
	test_names(&f);
	check_identities(f.t, "after processes came and went");
	fixture_close(&f);
	return done_testing();
}
