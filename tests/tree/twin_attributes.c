/*
 * Twins: what a process may use comes along (limits, processors, nodes), settings that nothing acts
 * upon, pages that may be freed at once, the swap cache; and what is too much to be stood for is
 * not.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/identities.h"
#include "tests/tap.h"
#include "tests/twin_host.h"

static void open_twin(struct twin_test *t, const struct text *capture, const char *what)
{
	if (!ok(twin_open(t, capture), "%s", what))
		bail_out("%s", t->said);
}

static void close_twin(struct twin_test *t, struct text *capture, const char *what)
{
	check_identities(t->f.t, what);
	twin_close(t);
	text_free(capture);
}

/* ---- limits ---- */

static const char limits[] =
	"Limit                     Soft Limit           Hard Limit           Units     \n"
	"Max cpu time              unlimited            unlimited            seconds   \n"
	"Max address space         53687091200          unlimited            bytes     \n"
	"Max open files            4096                 8192                 files     \n"
	"Max locked memory         9                    8                    bytes     \n"
	"Max from the future       1                    2                    bytes     \n";

static void test_limits(void)
{
	static const char status[] =
		"VmSize:\t  1 kB\nCpus_allowed_list:\t1\nMems_allowed_list:\t0\n"
		"voluntary_ctxt_switches:\t31\nnonvoluntary_ctxt_switches:\t7\n";
	struct text capture;
	struct twin_test t;
	u32 pid;

	capture_start(&capture, NULL);
	capture_process(&capture, 1, 0, "init", "");
	for (pid = 20; pid < 22; pid++) {
		capture_task(&capture, pid, 1, "limited", 'S', 0, status);
		capture_file(&capture, fixture_format("/proc/%u/limits", pid), limits);
		capture_file(&capture, fixture_format("/proc/%u/smaps", pid), "");
	}
	capture_process(&capture, 22, 1, "as after boot", "");
	open_twin(&t, &capture, "a twin with limits");
	for (pid = 20; pid < 22; pid++) {
		const char *said = fixture_read(&t.f, fixture_format("proc/%u/limits", pid));

		like(said, "Max address space         53687091200          unlimited",
		     "its limits");
		like(said, "Max open files            4096                 8192", "another");
		like(said, "Max locked memory         8388608              8388608",
		     "but none that no process can have");
		said = fixture_read(&t.f, fixture_format("proc/%u/status", pid));
		like(said, "Cpus_allowed_list:\t1\n", "the processors that it may be on");
		like(said, "nonvoluntary_ctxt_switches:\t7\n", "how often it gave way");
	}
	is_int(task_prlimit(t.f.m, find_task_by_pid(t.f.m, 20), RLIM_NOFILE, 5, 5, true), 0,
	       "one is set for the first");
	like(fixture_read(&t.f, "proc/21/limits"), "Max open files            4096 ",
	     "the second keeps his");
	like(fixture_read(&t.f, "proc/22/limits"), "Max open files            1024 ",
	     "who has told none has those of boot");
	close_twin(&t, &capture, "limits");
}

/* ---- scheduling ---- */

static void test_policy(void)
{
	/* fields 40 and 41 of stat: priority, policy */
	static const struct {
		unsigned int priority, policy, shown_priority, shown_policy;
	} cases[] = {
		{ 20, 2, 20, 2 }, { 0, 3, 0, 3 }, { 0, 5, 0, 5 }, { 0, 6, 0, 0 }, { 200, 1, 0, 0 }
	};
	struct text capture;
	struct twin_test t;
	unsigned int i, priority, policy;

	capture_start(&capture, NULL);
	capture_process(&capture, 1, 0, "init", "");
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		capture_file(
			&capture, fixture_format("/proc/%u/stat", 20 + i),
			fixture_format("%u (scheduled) S 1 0 0 0 -1 0 7 0 2 0 100 50 0 0 20 0 1 0 "
				       "300 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 1 %u %u 0 0 0\n",
				       20 + i, cases[i].priority, cases[i].policy));
	open_twin(&t, &capture, "a twin of processes with scheduling policies");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *at =
			strrchr(fixture_read(&t.f, fixture_format("proc/%u/stat", 20 + i)), ')');

		if (!at ||
		    sscanf(at,
			   ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			   "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			   "%*s %*s %*s %*s %*s %u %u",
			   &priority, &policy) != 2)
			priority = policy = 99;
		is_int(priority, cases[i].shown_priority, "priority of process %u", 20 + i);
		is_int(policy, cases[i].shown_policy, "its policy");
	}
	close_twin(&t, &capture, "policies");
}

/* ---- settings that are shown ---- */

static void test_held(void)
{
	struct text capture;
	struct twin_test t;

	capture_start(&capture, NULL);
	capture_process(&capture, 1, 0, "init", "");
	capture_file(&capture, "/proc/sys/fs/aio-max-nr", "65536\n");
	capture_file(&capture, "/proc/sys/kernel/core_pattern", "|/bin/core [%p] %e\n");
	capture_file(&capture, "/proc/sys/kernel/acct", "4\t2\t30\n");
	open_twin(&t, &capture, "a twin with settings that nothing here acts upon");
	is_str(fixture_read(&t.f, "proc/sys/kernel/core_pattern"), "|/bin/core [%p] %e\n",
	       "are shown");
	is_str(fixture_read(&t.f, "proc/sys/kernel/acct"), "4\t2\t30\n", "several numbers");
	is_int(fixture_write(&t.f, "proc/sys/kernel/acct", "3 1\n"), 4, "they are written");
	is_str(fixture_read(&t.f, "proc/sys/kernel/acct"), "3\t1\t30\n",
	       "fewer numbers leave the others");
	is_int(fixture_write(&t.f, "proc/sys/kernel/acct", "none\n"), -EINVAL,
	       "no word for a number");
	is_int(fixture_write(&t.f, "proc/sys/fs/aio-max-nr", "-1\n"), -EINVAL, "none below 0");
	is_int(fixture_write(&t.f, "proc/sys/fs/aio-max-nr", "18446744073709551615\n"), 21,
	       "a large one");
	is_str(fixture_read(&t.f, "proc/sys/fs/aio-max-nr"), "18446744073709551615\n", "stands");
	is_int(fixture_write(&t.f, "proc/sys/kernel/core_pattern", "core\n"), 5, "a line");
	is_str(fixture_read(&t.f, "proc/sys/kernel/core_pattern"), "core\n", "stands");
	is_str(fixture_read(&t.f, "proc/sys/kernel/modprobe"), "",
	       "what the other has not told is not there");
	like(fixture_read(&t.f, "sim/twin"), "3 of kernel.\\* and fs.\\* for show alone",
	     "the report says so");
	close_twin(&t, &capture, "settings that are shown");
}

/* ---- pages that may be freed, the swap cache ---- */

static void test_lazyfree(void)
{
	static const char smaps[] =
		"10000000-11000000 rw-p 00000000 00:00 0 \n"
		"Rss: 800 kB\nPss: 800 kB\nPrivate_Dirty: 500 kB\nPrivate_Clean: 300 kB\n"
		"Referenced: 400 kB\nAnonymous: 800 kB\nLazyFree: 240 kB\n"
		"VmFlags: rd wr mr mw me ac \n";
	struct text capture;
	struct twin_test t;

	capture_start(&capture, NULL);
	capture_process(&capture, 1, 0, "init", "");
	capture_process(&capture, 20, 1, "frees", smaps);
	open_twin(&t, &capture, "a twin of one who has given memory up with MADV_FREE");
	is_int(twin_number(&t, "proc/20/smaps", "LazyFree:"), 240, "it is as much");
	is_int(twin_number(&t, "proc/20/smaps", "Private_Dirty:"), 500, "beside what is dirty");
	is_int(twin_number(&t, "proc/20/smaps", "Referenced:"), 400, "and what is used");
	close_twin(&t, &capture, "MADV_FREE");
}

static void test_swap_cache(void)
{
	/* of 400 kB in swap, 160 were read again; 60 kB of anonymous memory are locked */
	static const char smaps[] =
		"10000000-11000000 rw-p 00000000 00:00 0 \n"
		"Rss: 60 kB\nPss: 60 kB\nPrivate_Dirty: 60 kB\nAnonymous: 60 kB\nLocked: 60 kB\n"
		"VmFlags: rd wr mr mw me lo ac \n"
		"20000000-21000000 rw-s 00000000 00:01 7                          /dev/zero (deleted)\n"
		"Rss: 40 kB\nPss: 40 kB\nPrivate_Dirty: 40 kB\nSwap: 400 kB\n"
		"VmFlags: rd wr sh mr mw me ms \n";
	struct text capture;
	struct twin_test t;

	capture_start(&capture, &(struct capture_machine){ .free = 600000,
							   .shmem = 40,
							   .cached = 40,
							   .swap_cached = 160,
							   .anon = 60,
							   .inactive_anon = 200 });
	capture_file(&capture, "/proc/swaps",
		     "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
		     "/dev/vdb                                partition\t409596\t\t400\t\t-2\n");
	capture_process(&capture, 1, 0, "init", "");
	capture_process(&capture, 20, 1, "shares", smaps);
	open_twin(&t, &capture, "a twin with shared memory in swap that was read again");
	is_int(twin_number(&t, "proc/meminfo", "SwapCached:"), 160, "which is in the swap cache");
	is_int(twin_number(&t, "proc/20/smaps", "Swap:"), 0, "the first has none there");
	like(fixture_read(&t.f, "proc/20/smaps_rollup"), "Swap: +400 kB", "the other still has");
	is_int(twin_number(&t, "proc/meminfo", "SwapFree:"), 409196, "as much as there");
	check_identities(t.f.t, "the swap cache");
	is_int(fixture_write(&t.f, "sim/ctl", "swapoff /dev/vdb"), 16,
	       "all of it can be read back");
	close_twin(&t, &capture, "the swap cache, after that");
}

/* ---- the sum of a process ---- */

/* Two mappings with a Pss of 1 kB and something each come to 2 or to 3: the fractions tell. */
static void test_rollup(void)
{
	static const char smaps[] =
		"10000000-10002000 rw-p 00000000 00:00 0 \n"
		"Rss: 8 kB\nPss: 1 kB\nShared_Dirty: 8 kB\nAnonymous: 8 kB\nVmFlags: rd wr mr mw me ac \n"
		"20000000-20002000 rw-p 00000000 00:00 0 \n"
		"Rss: 8 kB\nPss: 1 kB\nShared_Dirty: 8 kB\nAnonymous: 8 kB\nVmFlags: rd wr mr mw me ac \n";
	unsigned int sum;

	for (sum = 2; sum <= 3; sum++) {
		struct text capture;
		struct twin_test t;

		capture_start(&capture, NULL);
		capture_process(&capture, 1, 0, "init", "");
		capture_process(&capture, 20, 1, "shares", smaps);
		capture_file(&capture, "/proc/20/pages", "10000000 A2@1\n20000000 A2@5\n");
		capture_file(&capture, "/proc/20/smaps_rollup",
			     fixture_format("Pss: %u kB\n", sum));
		open_twin(&t, &capture, "a twin of one who knows what his mappings come to");
		is_int(twin_number(&t, "proc/20/smaps_rollup", "Pss:"), sum, "so do they");
		like(fixture_read(&t.f, "proc/20/smaps"), "Pss: +1 kB", "with shares as there");
		like(t.said, "1 of 1 processes agree exactly", "each of them");
		close_twin(&t, &capture, "the sum of a process");
	}
}

/* ---- families that could not be read ---- */

static void test_kin(void)
{
	static const char status[] = "VmSize:\t %u kB\nVmRSS:\t 400 kB\nRssAnon:\t 400 kB\n"
				     "VmData:\t %u kB\nVmStk:\t 132 kB\nVmExe:\t %u kB\n";
	struct text capture;
	struct twin_test t;
	u32 pid;

	/* each has 400 kB, and all of them 1000: of 800 that could be shared, 600 are; and one is
	 * another program */
	capture_start(&capture, &(struct capture_machine){
					.free = 600000, .anon = 1000, .committed = 20000 });
	capture_process(&capture, 1, 0, "init", "");
	for (pid = 30; pid < 34; pid++)
		capture_task(&capture, pid, pid == 30 ? 1 : 30, "worker", 'S', 0,
			     fixture_format(status, pid == 32 ? 3000000000u : 5000u,
					    pid == 32 ? 2900000000u : 4000u, pid == 33 ? 12 : 8));
	open_twin(&t, &capture, "a twin of a family that could not be read");
	for (pid = 30; pid < 34; pid++)
		is_int(twin_number(&t, fixture_format("proc/%u/status", pid), "RssAnon:"), 400,
		       "each has what it is said to have");
	is_int(twin_number(&t, "proc/meminfo", "AnonPages:"), 1000,
	       "all of them what meminfo says");
	is_int(twin_number(&t, "proc/33/smaps_rollup", "Pss:"), 400,
	       "who is no relative shares nothing");
	cmp_int(twin_number(&t, "proc/31/smaps_rollup", "Pss:"), <, 300, "a child shares");
	is_int(twin_number(&t, "proc/meminfo", "Committed_AS:"), 20000,
	       "what was promised to nobody is not committed");
	check_identities(t.f.t, "a family");
	is_int(fixture_write(&t.f, "sim/ctl", "adopt 30 it"), 11, "the parent");
	is_int(fixture_write(&t.f, "sim/procs/it/ctl", "kill 9"), 6, "ends");
	is_int(twin_number(&t, "proc/31/status", "RssAnon:"), 400, "a child keeps its memory");
	close_twin(&t, &capture, "a family without its parent");
}

/* ---- too many to be stood for ---- */

static void test_capped(void)
{
	static const char smaps[] =
		"10000000-20000000 rw-p 00000000 00:00 0 \n"
		"Rss: 262144 kB\nPss: 70 kB\nShared_Dirty: 262144 kB\nAnonymous: 262144 kB\n"
		"VmFlags: rd wr mr mw me ac \n";
	struct text capture;
	struct twin_test t;

	capture_start(&capture, NULL);
	capture_process(&capture, 1, 0, "init", "");
	capture_process(&capture, 20, 1, "one of 4000", smaps);
	open_twin(&t, &capture,
		  "a twin of one who shares 256 MiB with thousands that were not read");
	is_int(twin_number(&t, "proc/20/smaps", "Shared_Dirty:"), 262144, "it is shared");
	cmp_int(twin_number(&t, "proc/20/smaps", "Pss:"), >, 70, "not with all of them");
	cmp_int(twin_number(&t, "proc/meminfo", "PageTables:"), <, 200000,
		"so that the hidden holder's page tables are not larger than that");
	like(fixture_read(&t.f, "sim/twin"), "not all of them are stood for", "and this is told");
	/* shares of 16 million mappings are rounded down: the Pss of all do not come to
	 * AnonPages */
	is_int(machine_check(t.f.m, NULL, NULL), 0, "the engine agrees with itself");
	twin_close(&t);
	text_free(&capture);
}

int main(void)
{
	test_limits();
	test_policy();
	test_held();
	test_lazyfree();
	test_swap_cache();
	test_rollup();
	test_kin();
	test_capped();
	return done_testing();
}
