/* `adopt` on sim/ctl: commands for a process that nobody made in sim/procs, and who cannot be
 * had. */
#include <errno.h>
#include <string.h>

#include "tests/sound.h"
#include "tests/tap.h"
#include "tests/twin_host.h"

static int ctl(struct twin_test *t, const char *path, const char *line)
{
	ssize_t n = tree_write_file(t->f.t, path, line, strlen(line));

	return n < 0 ? (int)n : 0;
}

static const char *why(struct twin_test *t)
{
	return fixture_read(&t->f, "sim/ctl");
}

static void test_refusals(struct twin_test *t)
{
	is_err(ctl(t, "sim/ctl", "adopt 77 app\n"), -ESRCH, "there is nobody of that number");
	like(why(t), "there is no process 77", "which is said");
	is_err(ctl(t, "sim/ctl", "adopt x app\n"), -EINVAL, "no number");
	is_err(ctl(t, "sim/ctl", "adopt 1 app\n"), -EPERM, "init is left alone");
	is_err(ctl(t, "sim/ctl", "adopt 2 app\n"), -EPERM, "a kernel thread too");
	is_err(ctl(t, "sim/ctl", "adopt 41 app\n"), -ESRCH, "a thread is no process");
	is_err(ctl(t, "sim/ctl", "adopt 40 a/b\n"), -EINVAL, "a name that no directory has");
}

int main(void)
{
	static const char smaps[] =
		"00406000-00426000 rw-p 00000000 00:00 0                                  [heap]\n"
		"Rss:     20 kB\nAnonymous: 20 kB\nVmFlags: rd wr mr mw me ac \n";
	struct text capture;
	struct twin_test t;
	s64 rss;

	capture_start(&capture, NULL);
	capture_process(&capture, 1, 0, "init", smaps);
	capture_kthread(&capture, 2, "kthreadd");
	capture_process(&capture, 40, 1, "server", smaps);
	capture_file(
		&capture, "/proc/40/task/41/stat",
		"41 (thread) S 1 0 0 0 -1 0 1 0 0 0 30 20 0 0 20 0 2 0 400 0 0 0 0 0 0 0 0 0 0 "
		"0 0 0 0 0 0 0 0 1 0 0\n");
	twin_boot(&t, &capture, "a twin");
	test_refusals(&t);
	is_err(ctl(&t, "sim/ctl", "adopt 40 app\n"), 0, "a process of the twin is adopted");
	is_str(fixture_read(&t.f, "sim/procs/app/pid"), "40\n", "it is that one");
	is_str(fixture_read(&t.f, "sim/procs/app/status"), "sleeping\n", "and does nothing yet");
	is_err(ctl(&t, "sim/ctl", "adopt 40 again\n"), -EBUSY, "it has one directory");
	like(why(&t), "it is sim/procs/app", "which is said");
	rss = twin_number(&t, "proc/40/status", "VmRSS:");
	is_err(ctl(&t, "sim/procs/app/ctl", "mmap more 1M\nwrite more\n"), 0, "it takes commands");
	is_int(twin_number(&t, "proc/40/status", "VmRSS:"), rss + 1024, "and grows");
	is_err(ctl(&t, "sim/procs/app/ctl", "fork child\n"), 0, "it forks");
	is_err(ctl(&t, "sim/procs/app/ctl", "exit 3\n"), 0, "and ends");
	is_str(fixture_read(&t.f, "sim/procs/app/status"), "exited 3\n", "with a status");
	is_err(ctl(&t, "sim/ctl", "adopt 40 other\n"), -ESRCH, "nobody has that number any more");
	is_sound(t.f.m, "after all");
	twin_close(&t);
	text_free(&capture);
	return done_testing();
}
