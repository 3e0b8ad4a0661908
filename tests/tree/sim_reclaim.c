/* Reclaim seen through the tree: what sim/explain says is what vmstat counts; policies; swapout. */
#include <string.h>

#include "tests/ctl.h"
#include "tests/sound.h"
#include "tests/tap.h"

static bool open_tiny(struct fixture *f)
{
	return fixture_open(f, "[machine]\ncpus = 2\nmemory = 128M\n", NULL);
}

static void test_quiet(struct fixture *f)
{
	const char *text = fixture_read(f, "sim/explain");

	like(text, "kswapd has not been woken since boot", "nothing has happened yet");
	like(text, "No process has had to reclaim memory itself", "to anybody");
}

/* Memory fills with what can go to swap; kswapd, then whoever allocates, make room. */
static void test_pressure(struct fixture *f)
{
	const char *text;

	is_int(fixture_write(f, "sim/ctl", "swapon vdb 512M") > 0, true, "with swap");
	ctl_mkdir(f, "a");
	ctl_put(f, "a", "mmap m 160M\nwrite m");
	text = fixture_read(f, "sim/explain");
	like(text, "a \\(pid [0-9]+\\) woke kswapd0 .*not more than its low watermark of [0-9]+",
	     "who woke kswapd, and which watermark it was");
	like(text,
	     "swappiness 60 against recent costs|file pages and [0-9]+ free ones are not more",
	     "how the lists shared the work, with the numbers");
	like(text, "looked at [0-9]+ anonymous and [0-9]+ file pages and freed", "what came of it");
	like(text, "down to priority [0-9]+; it ended because", "and why it ended");
	cmp_int(ctl_vmstat(f, "pgscan_kswapd"), >, 0, "pgscan_kswapd");
	cmp_int(ctl_vmstat(f, "pswpout"), >, 1000, "pswpout");
	is_int(ctl_vmstat(f, "pgscan_kswapd") + ctl_vmstat(f, "pgscan_direct"),
	       ctl_vmstat(f, "pgscan_anon") + ctl_vmstat(f, "pgscan_file"),
	       "pgscan by who and by what are the same pages");
	is_int(ctl_vmstat(f, "pgsteal_kswapd") + ctl_vmstat(f, "pgsteal_direct"),
	       ctl_vmstat(f, "pgsteal_anon") + ctl_vmstat(f, "pgsteal_file"), "pgsteal too");
	is_sound(f->m, "under pressure");
}

static void test_policies(struct fixture *f)
{
	const char *text;

	fixture_write(f, "proc/sys/vm/swappiness", "60");
	is_int(fixture_write(f, "sim/reclaim_policy", "classic"), 7, "the classic policy");
	ctl_put(f, "a", "write m");
	text = fixture_read(f, "sim/explain");
	like(text,
	     "mapped_ratio [0-9]+ / 2 \\+ distress [0-9]+ \\+ swappiness 60 = swap_tendency [0-9]+",
	     "shows each of its terms");
	is_sound(f->m, "with the classic policy");
	is_int(fixture_write(f, "sim/reclaim_policy", "lru"), 3, "and back, in the middle of it");
	ctl_put(f, "a", "write m");
	/* the last run of kswapd is the last paragraph: nobody need have reclaimed himself since */
	text = strstr(fixture_read(f, "sim/explain"), "reclaimed memory of its node");
	unlike(text ? text : "swap_tendency", "swap_tendency", "no more of them");
	is_sound(f->m, "with lru again");
}

static void test_swapout(struct fixture *f)
{
	ctl_mkdir(f, "b");
	ctl_put(f, "b", "mmap m 4M\nwrite m value=7");
	is_int(ctl_put(f, "b", "swapout") > 0, true, "swapout");
	like(ctl_read(f, "b", "ctl"), "[0-9]+ pages swapped out$", "says how many pages");
	is_int(text_value(fixture_read(f, fixture_format("proc/%u/status", ctl_pid(f, "b"))),
			  "RssAnon:"),
	       0, "none is in memory");
	cmp_int(text_value(fixture_read(f, fixture_format("proc/%u/status", ctl_pid(f, "b"))),
			   "VmSwap:"),
		>=, 4096, "all are in swap");
	ctl_rmdir(f, "b");
	ctl_rmdir(f, "a");
	is_sound(f->m, "after swapout");
}

int main(void)
{
	struct fixture f;

	if (!open_tiny(&f))
		bail_out("%s", f.why);
	test_quiet(&f);
	test_pressure(&f);
	test_policies(&f);
	test_swapout(&f);
	fixture_close(&f);
	return done_testing();
}
