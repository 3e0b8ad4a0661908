/* Out of memory: who is chosen and why, what is told, and that its memory comes back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/ctl.h"
#include "tests/sound.h"
#include "tests/tap.h"

/* The last line of the kernel log that has @word in it. */
static const char *log_line(struct fixture *f, const char *word)
{
	static char found[LOG_LINE_MAX];
	char text[LOG_LINE_MAX];
	u64 seq = f->m->kmsg.first_seq, time;
	int level;

	found[0] = '\0';
	for (; log_read(&f->m->kmsg, &seq, &time, &level, text, sizeof(text)) >= 0; seq++)
		if (strstr(text, word))
			snprintf(found, sizeof(found), "%s", text);
	return found;
}

static void fill(struct fixture *f, const char *name, const char *size)
{
	is_err(ctl_mkdir(f, name), 0, "a process '%s'", name);
	is_int(ctl_put(f, name, fixture_format("mmap m %s noreserve", size)) > 0, 1,
	       "with a mapping of %s", size);
}

static void set_adj(struct fixture *f, const char *name, const char *adj)
{
	is_int(fixture_write(f, fixture_format("proc/%u/oom_score_adj", ctl_pid(f, name)), adj),
	       strlen(adj), "oom_score_adj of '%s' is %s", name, adj);
}

static void test_none(struct fixture *f)
{
	like(fixture_read(f, "sim/explain"), "^No process has been killed",
	     "nothing has happened yet");
	is_int(ctl_vmstat(f, "oom_kill"), 0, "and nobody was killed");
}

/* The largest dies, though another one asked. */
static void test_largest(struct fixture *f)
{
	u32 pid;

	fill(f, "large", "32M");
	fill(f, "small", "200M");
	ctl_put(f, "large", "write m");
	pid = ctl_pid(f, "large");
	is_err(ctl_put(f, "small", "write m 0 28M"), 13, "memory is there for a while, or is made");
	is_str(ctl_read(f, "large", "status"), "killed by signal 9 (out of memory)",
	       "the largest is killed");
	is_str(ctl_read(f, "small", "status"), "sleeping", "who asked goes on");
	is_int(ctl_vmstat(f, "oom_kill"), 1, "vmstat counts it");
	like(log_line(f, "invoked oom-killer"),
	     "^small invoked oom-killer: gfp_mask=0x[0-9a-f]+.*order=0, "
	     "oom_score_adj=0$",
	     "the log says who asked");
	like(log_line(f, "Killed process"),
	     fixture_format(
		     "^Out of memory: Killed process %u \\(large\\) total-vm:[0-9]+kB, anon-rss:3[0-9]{4}kB, "
		     "file-rss:[0-9]+kB, shmem-rss:0kB, UID:0 pgtables:[0-9]+kB oom_score_adj:0$",
		     pid),
	     "and who died");
	like(fixture_read(f, "sim/explain"), "small \\(pid [0-9]+\\) asked for 4 kB in one piece",
	     "sim/explain says what was asked");
	like(fixture_read(f, "sim/explain"),
	     fixture_format("large \\(pid %u\\) had the highest badness: 8[0-9]{3} ", pid),
	     "who was worst, with numbers");
	like(fixture_read(f, "sim/explain"), "The next in line had [0-9]+ pages",
	     "and by how much");
	is_sound(f->m, "after the kill");
	ctl_rmdir(f, "large");
	ctl_rmdir(f, "small");
}

static void test_adjusted(struct fixture *f)
{
	fill(f, "large", "24M");
	fill(f, "chosen", "8M");
	fill(f, "asks", "200M");
	ctl_put(f, "large", "write m");
	ctl_put(f, "chosen", "write m");
	set_adj(f, "large", "-1000");
	set_adj(f, "chosen", "900");
	is_str(fixture_read(f, fixture_format("proc/%u/oom_score", ctl_pid(f, "large"))), "0\n",
	       "-1000 makes the score 0");
	ctl_put(f, "asks", "write m 0 24M");
	is_str(ctl_read(f, "chosen", "status"), "killed by signal 9 (out of memory)",
	       "a small one with a high oom_score_adj goes first");
	is_str(ctl_read(f, "large", "status"), "sleeping", "the protected one stays");
	like(fixture_read(f, "sim/explain"), "of which oom_score_adj 900 made [0-9]+ pages",
	     "sim/explain says what the adjustment did");
	is_err(ctl_put(f, "asks", "write m"), -EINTR, "who asks for more than there is dies of it");
	is_str(ctl_read(f, "asks", "status"), "killed by signal 9 (out of memory)",
	       "when nobody else may");
	is_str(ctl_read(f, "large", "status"), "sleeping", "the protected one stays");
	is_sound(f->m, "after those kills");
	ctl_rmdir(f, "large");
	ctl_rmdir(f, "chosen");
	ctl_rmdir(f, "asks");
}

static void test_allocating(struct fixture *f)
{
	fixture_write(f, "proc/sys/vm/oom_kill_allocating_task", "1\n");
	fill(f, "large", "30M");
	fill(f, "asks", "200M");
	ctl_put(f, "large", "write m");
	is_err(ctl_put(f, "asks", "write m"), -EINTR,
	       "with oom_kill_allocating_task, who asks dies");
	is_str(ctl_read(f, "large", "status"), "sleeping", "however large others are");
	like(log_line(f, "Killed process"),
	     "^Out of memory \\(oom_kill_allocating_task\\): Killed process", "the log says why");
	like(fixture_read(f, "sim/explain"), "vm.oom_kill_allocating_task is set",
	     "sim/explain too");
	fixture_write(f, "proc/sys/vm/oom_kill_allocating_task", "0\n");
	ctl_rmdir(f, "large");
	ctl_rmdir(f, "asks");
}

/* A load is the one that asks, in the middle of its victim's command. */
static void test_in_a_command(struct fixture *f)
{
	fill(f, "busy", "40M");
	fill(f, "victim", "20M");
	set_adj(f, "victim", "800");
	ctl_put(f, "busy", "load m seq 10M write=100");
	is_int(ctl_put(f, "victim", "write m\naccess m uniform 10000000"), 8,
	       "a process that is killed for another's need stops in the middle of its command");
	like(ctl_read(f, "victim", "ctl"),
	     "^access: EINTR: .* ended meanwhile: killed by signal 9 \\(out of memory\\)$",
	     "the ctl says so");
	is_str(ctl_read(f, "victim", "status"), "killed by signal 9 (out of memory)",
	       "and says of what it died");
	is_sound(f->m, "after that");
	ctl_rmdir(f, "busy");
	ctl_rmdir(f, "victim");
}

int main(void)
{
	struct fixture f;
	s64 before;

	if (!fixture_open(&f, "tiny", NULL))
		bail_out("%s", f.why);
	test_none(&f);
	ctl_mkdir(&f, "first");
	before = ctl_meminfo(&f, "AnonPages:");
	test_largest(&f);
	test_adjusted(&f);
	test_allocating(&f);
	test_in_a_command(&f);
	is_int(ctl_meminfo(&f, "AnonPages:"), before, "all their memory came back");
	is_sound(f.m, "at the end");
	fixture_close(&f);
	return done_testing();
}
