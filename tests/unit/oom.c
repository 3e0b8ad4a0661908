/*
 * The OOM killer: scores as a real 6.1 kernel printed them, who is chosen among whom, which
 * requests kill nobody, how a victim ends, and what the log says of it all.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <mman/lab.h>

#include "mm/oom.h"
#include "tests/ctl.h"
#include "tests/sound.h"
#include "tests/tap.h"
#include "tests/draw.h"

/* The @n-th line from the end (0: the last) of the kernel log that has @word in it. */
static const char *log_line(struct fixture *f, const char *word, u32 n)
{
	static char found[4][LOG_LINE_MAX];
	static u32 turn;
	char *at = found[turn++ % 4], text[LOG_LINE_MAX];
	u64 seq, time, first = f->m->kmsg.first_seq;
	int level;

	at[0] = '\0';
	for (seq = f->m->kmsg.next_seq; seq-- > first;) {
		u64 wanted = seq;

		if (log_read(&f->m->kmsg, &wanted, &time, &level, text, sizeof(text)) < 0 ||
		    !strstr(text, word) || n--)
			continue;
		snprintf(at, LOG_LINE_MAX, "%s", text);
		break;
	}
	return at;
}

/* Records that hold @word. */
static u32 log_count(const struct log_ring *r, const char *word)
{
	char text[LOG_LINE_MAX];
	u64 seq = r->first_seq, time;
	int level;
	u32 n = 0;

	for (; log_read(r, &seq, &time, &level, text, sizeof(text)) >= 0; seq++)
		n += strstr(text, word) != NULL;
	return n;
}

static handle_t task_of(struct fixture *f, const char *name)
{
	return lab_at(f->m, lab_find(f->m, name))->task;
}

/* A process with @size of its own, written. */
static void holder(struct fixture *f, const char *name, const char *size)
{
	if (ctl_mkdir(f, name) ||
	    ctl_put(f, name, fixture_format("mmap m %s noreserve\nwrite m", size)) < 0)
		bail_out("no process '%s': %s", name, ctl_read(f, name, "ctl"));
}

static void set_adj(struct fixture *f, const char *name, const char *adj)
{
	fixture_write(f, fixture_format("proc/%u/oom_score_adj", ctl_pid(f, name)), adj);
}

static struct oom_control request_of(struct machine *m, u64 nodemask)
{
	return (struct oom_control){ .gfp = GFP_HIGHUSER_MOVABLE,
				     .nodemask = nodemask,
				     .node = &m->node[0],
				     .highest = ZONE_MOVABLE };
}

/* ---- scores ---- */

/* RAM 983460 kB, no swap; resident pages and VmPTE as the record has them (behaviour/08-oom). */
static void test_scores(struct fixture *f)
{
	static const struct {
		u32 rss, pte_kb;
		s16 adj;
		u32 score;
	} reading[] = {
		{ 232, 28, 0, 666 },	  { 51358, 440, 0, 806 },    { 25751, 240, 0, 736 },
		{ 5225, 80, 0, 680 },	  { 51358, 440, 500, 1138 }, { 25751, 240, -500, 404 },
		{ 5225, 80, 1000, 1344 }, { 51358, 440, 100, 872 },  { 25751, 240, -1000, 0 },
		{ 5225, 80, -100, 614 },  { 51358, 440, -50, 772 },  { 25751, 240, 10, 742 },
		{ 5225, 80, 1, 681 },	  { 140930, 1144, 0, 1049 }, { 148653, 1204, 0, 1070 },
	};
	struct machine *m = f->m;
	struct task *t;
	struct mm *mm, saved;
	u32 i;

	ctl_mkdir(f, "s");
	t = task_at(m, task_of(f, "s"));
	mm = mm_at(m, t->mm);
	saved = *mm;
	is_uint(m->totalram_pages, 983460 / 4, "a machine of the record's size");
	for (i = 0; i < ARRAY_SIZE(reading); i++) {
		memset(mm->rss, 0, sizeof(mm->rss));
		mm->rss[MM_ANONPAGES] = reading[i].rss;
		mm->nr_ptes = reading[i].pte_kb / 4;
		mm->nr_pmds = mm->nr_puds = 0;
		t->oom_score_adj = reading[i].adj;
		is_uint(oom_score(m, task_of(f, "s")), reading[i].score,
			"%u pages resident, oom_score_adj %d", reading[i].rss, reading[i].adj);
	}
	*mm = saved;
	t->oom_score_adj = 0;
	ctl_rmdir(f, "s");
}

/* ---- who ---- */

static void test_youngest_of_equals(struct fixture *f)
{
	struct oom_control oc = request_of(f->m, 0);

	holder(f, "old", "20M");
	holder(f, "young", "20M");
	is_int(oom_badness(f->m, task_of(f, "old"), 1000),
	       oom_badness(f->m, task_of(f, "young"), 1000), "two of the same badness");
	ok(out_of_memory(f->m, &oc), "one of them is killed");
	is_str(ctl_read(f, "young", "status"), "killed by signal 9 (out of memory)",
	       "the youngest, as 6.1 has it");
	is_uint(f->m->oom.last.nr_best, 2, "both were candidates");
	is_uint(f->m->oom.last.nr_why_not[OOM_IS_INIT], 1, "init was none");
	ctl_rmdir(f, "old");
	ctl_rmdir(f, "young");
	is_sound(f->m, "after that");
}

/* All that run in one address space die with one report; threads as well. */
static void test_sharers(struct fixture *f)
{
	struct oom_control oc = request_of(f->m, 0);
	s64 before = ctl_vmstat(f, "oom_kill"), anon = ctl_meminfo(f, "AnonPages:");
	u32 threads = f->m->tasks.nr_threads;

	holder(f, "owner", "24M");
	is_int(ctl_put(f, "owner", "clone kin"), 9, "a process in the same memory");
	is_int(ctl_put(f, "owner", "pthread_create"), 14, "and a thread");
	is_uint(f->m->tasks.nr_threads, threads + 3, "three tasks");
	set_adj(f, "owner", "300");
	is_str(fixture_read(f, fixture_format("proc/%u/oom_score_adj", ctl_pid(f, "kin"))), "300\n",
	       "oom_score_adj of one is that of the other");
	ok(out_of_memory(f->m, &oc), "memory is out");
	is_str(ctl_read(f, "kin", "status"), "killed by signal 9 (out of memory)",
	       "the youngest is the victim");
	is_str(ctl_read(f, "owner", "status"), "killed by signal 9", "the other goes with it");
	is_int(ctl_vmstat(f, "oom_kill"), before + 1, "which counts as one kill");
	like(log_line(f, "Killed process", 0), "\\(owner\\) total-vm", "and is one line");
	is_int(ctl_meminfo(f, "AnonPages:"), anon, "all their memory is back");
	is_uint(f->m->tasks.nr_threads, threads, "and the tasks are gone");
	ctl_rmdir(f, "owner");
	ctl_rmdir(f, "kin");
	is_sound(f->m, "after that");
}

/* Init does not die: then what it shares stays, and nobody waits for it. */
static void test_pinned_by_init(struct fixture *f)
{
	struct oom_control oc = request_of(f->m, 0);
	handle_t child;
	u32 pid;

	is_err(task_clone_vm(f->m, f->m->tasks.init, &child), 0, "a process in init's memory");
	pid = task_at(f->m, child)->pid;
	ok(out_of_memory(f->m, &oc), "is killed");
	is_uint(find_task_by_pid(f->m, pid), 0, "and is gone");
	like(log_line(f, "has mm pinned", 0),
	     fixture_format("^oom killer %u \\(.*\\) has mm pinned by 1 \\(", pid),
	     "the log says who stays");
	is_sound(f->m, "after that");
	fixture_write(f, "sim/clock", "advance 3s");
	is_uint(log_count(&f->m->trace, "skip_task_reaping"), 1, "the reaper passes it over");
	is_uint(f->m->oom.first_victim, 0, "and it is forgotten");
}

static void test_old_adj_sets_no_floor(struct fixture *f)
{
	const char *path;

	holder(f, "a", "1M");
	path = fixture_format("proc/%u/oom_adj", ctl_pid(f, "a"));
	is_int(fixture_write(f, path, "5\n"), 2, "root writes oom_adj");
	is_int(task_at(f->m, task_of(f, "a"))->oom_score_adj, 294, "5 of 17 is 294 of 1000");
	is_int(task_at(f->m, task_of(f, "a"))->oom_score_adj_min, 0, "and leaves the floor");
	is_int(fixture_write(f, path, "6\n"), 2, "root writes it again");
	is_uint(log_count(&f->m->kmsg, "oom_adj is deprecated, please use"), 1,
		"the log says once what it is");
	set_adj(f, "a", "100");
	is_int(task_at(f->m, task_of(f, "a"))->oom_score_adj_min, 100, "oom_score_adj sets it");
	ctl_rmdir(f, "a");
}

/* Nodes that a request is limited to: their size is all memory, the report leaves out the
 * others. */
static void test_nodemask(void)
{
	struct fixture f;
	struct oom_control oc;
	u64 all;

	if (!fixture_open(&f, "two-node", NULL))
		bail_out("%s", f.why);
	holder(&f, "big", "20M");
	holder(&f, "small", "4M");
	all = f.m->totalram_pages;
	oc = request_of(f.m, 2);
	ok(out_of_memory(f.m, &oc), "node 1 is full");
	like(log_line(&f, "oom-kill:", 0),
	     "^oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=1,cpuset=/,mems_allowed=0-1,"
	     "global_oom,task_memcg=/,task=big,pid=[0-9]+,uid=0$",
	     "the log names the constraint");
	is_uint(log_count(&f.m->kmsg, "Node 0 active"), 0, "and says nothing of node 0");
	is_uint(log_count(&f.m->kmsg, "Node 1 active_anon"), 1, "but of node 1");
	cmp_int((s64)f.m->oom.last.total_pages, <, (s64)all,
		"less than all memory is all there is");
	like(fixture_read(&f, "sim/explain"), "CONSTRAINT_MEMORY_POLICY", "sim/explain says so");
	like(fixture_read(&f, "sim/explain"),
	     "node 1\\) and could not get it: [0-9]+ kB "
	     "were free, of which only [0-9]+ kB there\\.",
	     "and how much of the free memory was of use");
	oc = request_of(f.m, 3);
	ok(out_of_memory(f.m, &oc), "both nodes are no limit");
	like(log_line(&f, "oom-kill:", 0), "constraint=CONSTRAINT_NONE,nodemask=\\(null\\)",
	     "none");
	fixture_write(&f, "proc/sys/vm/panic_on_oom", "1\n");
	holder(&f, "third", "4M");
	oc = request_of(f.m, 2);
	ok(out_of_memory(f.m, &oc) && !f.m->panicked, "panic_on_oom=1: not for a part of memory");
	fixture_write(&f, "proc/sys/vm/panic_on_oom", "2\n");
	oc = request_of(f.m, 2);
	ok(!out_of_memory(f.m, &oc) && f.m->panicked, "panic_on_oom=2: always");
	is_str(log_line(&f, "Kernel panic", 0),
	       "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled",
	       "in the kernel's words");
	ok(panic_reboot_due(f.m), "its panic=-1 has it booted anew at once");
	is_sound(f.m, "on a machine that has panicked");
	fixture_close(&f);
}

/* ---- requests that kill nobody ---- */

static void test_no_kill(struct fixture *f)
{
	static const struct {
		gfp_t gfp;
		u32 order;
		const char *why;
	} request[] = {
		{ GFP_KERNEL, 4, "for more than 32 kB in one piece" },
		{ GFP_KERNEL | __GFP_NORETRY, 0, "rather fail than have somebody killed" },
		{ GFP_KERNEL | __GFP_RETRY_MAYFAIL, 3, "rather fail than have somebody killed" },
		{ GFP_ATOMIC, 0, "It could not wait" },
		{ GFP_KERNEL | __GFP_DMA, 0, "next to nothing in the low zones" },
		{ GFP_KERNEL | __GFP_THISNODE, 0, "Only one node would do" },
	};
	s64 kills = ctl_vmstat(f, "oom_kill");
	pfn_t pfn;
	u32 i, tries;

	for (i = 0; i < ARRAY_SIZE(request); i++) {
		for (tries = 0; tries < 400000; tries++) {
			pfn = alloc_pages(f->m, request[i].gfp, request[i].order, NUMA_NO_NODE);
			if (pfn == PFN_NONE)
				break;
			pfn_to_page(f->m, pfn)->index = 0;
		}
		is_uint(pfn, PFN_NONE, "gfp 0x%x order %u is given up", request[i].gfp,
			request[i].order);
		like(fixture_read(f, "sim/explain"), request[i].why, "and sim/explain says why");
	}
	is_int(ctl_vmstat(f, "oom_kill"), kills, "nobody was killed");
	is_uint(log_count(&f->m->kmsg, "page allocation failure: order:4, mode:0xcc0(GFP_KERNEL), "
				       "nodemask=(null),cpuset=/,mems_allowed=0"),
		1, "the log has one report");
	is_uint(log_count(&f->m->kmsg, "page allocation failure"), 1, "and not one of each");
	f->m->clock.now += 11 * NSEC_PER_SEC;
	alloc_pages(f->m, GFP_KERNEL, 9, NUMA_NO_NODE);
	is_uint(log_count(&f->m->kmsg, "page allocation failure"), 2,
		"ten seconds later it has another");
	is_str(log_line(f, "callbacks", 0), "warn_alloc: 5 callbacks suppressed",
	       "and says how many it left out");
	like(fixture_read(f, "sim/explain"), "zones that it could use had pages enough|short of it",
	     "what was short");
}

/* ---- the call trace ---- */

/* The names of the last trace in the log, from __alloc_pages on. */
static const char *last_trace(struct fixture *f)
{
	static char names[1024];
	char text[LOG_LINE_MAX];
	u64 seq = f->m->kmsg.first_seq, time;
	bool inside = false;
	int level;

	for (; log_read(&f->m->kmsg, &seq, &time, &level, text, sizeof(text)) >= 0; seq++) {
		if (!strcmp(text, " __alloc_pages")) {
			inside = true;
			names[0] = '\0';
		} else if (!strcmp(text, " </TASK>")) {
			inside = false;
		} else if (inside) {
			strncat(names, text, sizeof(names) - strlen(names) - 1);
		}
	}
	return names;
}

/* As 6.1 had them in its own reports, for the same calls. */
static void test_trace(void)
{
	static const struct {
		const char *call, *trace;
	} way[] = {
		{ "mmap m 300M\nwrite m",
		  " __folio_alloc vma_alloc_folio __handle_mm_fault handle_mm_fault do_user_addr_fault "
		  "exc_page_fault asm_exc_page_fault" },
		{ "mmap m 300M\nmlock m",
		  " __folio_alloc vma_alloc_folio __handle_mm_fault handle_mm_fault __get_user_pages "
		  "populate_vma_page_range __mm_populate do_syscall_64 "
		  "entry_SYSCALL_64_after_hwframe" },
		{ "mmap m 300M shared\nwrite m",
		  " __folio_alloc vma_alloc_folio shmem_alloc_folio shmem_alloc_and_acct_folio "
		  "shmem_get_folio_gfp shmem_fault __do_fault do_fault __handle_mm_fault "
		  "handle_mm_fault do_user_addr_fault exc_page_fault asm_exc_page_fault" },
	};
	struct fixture f;
	u32 i;

	if (!fixture_open(&f, "[machine]\ncpus = 1\nmemory = 128M\n", NULL))
		bail_out("%s", f.why);
	f.m->sysctl.overcommit_memory = 1;
	for (i = 0; i < ARRAY_SIZE(way); i++) {
		ctl_mkdir(&f, "t");
		ctl_put(&f, "t", way[i].call);
		is_str(last_trace(&f), way[i].trace, "the way to the OOM killer, %u", i);
		ctl_rmdir(&f, "t");
		clock_advance_to(f.m, f.m->clock.now + 10 * NSEC_PER_SEC);
	}
	is_uint(log_count(&f.m->kmsg, "Call Trace:"), i, "a trace for each report");
	fixture_close(&f);
}

/* ---- how a victim ends ---- */

#define SLOW "[machine]\ncpus = 2\nmemory = 1G\n[cost]\npte_unmap = 100000\n"

static u64 zone_free(const struct machine *m)
{
	return global_zone_page_state(m, NR_FREE_PAGES);
}

/* The allocation goes on with the first batch; the rest comes back while time passes. */
static void test_large_victim(void)
{
	struct fixture f;
	struct oom_control oc;
	u64 started;
	u32 pid;

	if (!fixture_open(&f, SLOW, NULL))
		bail_out("%s", f.why);
	holder(&f, "large", "400M");
	pid = ctl_pid(&f, "large");
	oc = request_of(f.m, 0);
	started = f.m->clock.now;
	ok(out_of_memory(f.m, &oc), "a process of 400 MiB is killed");
	is_uint(f.m->clock.now, started, "which takes no time here");
	is_str(ctl_read(&f, "large", "status"), "killed by signal 9 (out of memory)", "it is dead");
	like(fixture_read(&f, fixture_format("proc/%u/status", pid)), "State:\tR",
	     "but still there");
	unlike(f.text.data, "VmRSS", "without an address space of its own");
	is_str(fixture_read(&f, fixture_format("proc/%u/oom_score", pid)), "0\n",
	       "nobody would kill it again");
	is_err(ctl_put(&f, "large", "write m"), -ESRCH, "its commands are over");
	is_sound(f.m, "while it ends");
	ok(out_of_memory(f.m, &oc), "who asks again is told to wait");
	is_uint(f.m->clock.now, started + 4 * NSEC_PER_MSEC, "for a tick");
	is_int(ctl_vmstat(&f, "oom_kill"), 1, "and nobody else is killed");
	fixture_write(&f, "sim/clock", "advance 1s");
	cmp_int((s64)global_node_page_state(f.m, NR_ANON_PAGES), >, 80000,
		"a second later it holds memory");
	is_uint(log_count(&f.m->trace, "start_task_reaping"), 0, "which nobody else takes from it");
	fixture_write(&f, "sim/clock", "advance 2s");
	is_uint(log_count(&f.m->trace, "start_task_reaping"), 1,
		"after two seconds the oom_reaper does");
	is_sound(f.m, "while it is reaped");
	fixture_write(&f, "sim/clock", "advance 3500ms");
	like(log_line(&f, "oom_reaper", 0),
	     fixture_format("^oom_reaper: reaped process %u \\(large\\), now anon-rss:0kB, "
			    "file-rss:[0-9]*kB, shmem-rss:0kB$",
			    pid),
	     "and says when it has all of it, well before 10 s");
	fixture_write(&f, "sim/clock", "advance 10s");
	is_uint(f.m->oom.first_victim, 0, "then it is gone");
	is_err(fixture_error(&f, fixture_format("proc/%u/status", pid)), -ENOENT, "altogether");
	is_sound(f.m, "afterwards");
	fixture_close(&f);
}

/* A fault waits for the first batch only. */
static void test_fault_goes_on(void)
{
	struct fixture f;
	u64 anon;

	if (!fixture_open(&f, SLOW, NULL))
		bail_out("%s", f.why);
	holder(&f, "large", "500M");
	set_adj(&f, "large", "500");
	ctl_mkdir(&f, "asks");
	ctl_put(&f, "asks", "mmap m 2G noreserve");
	/* to the brink, and a little beyond */
	while (!f.m->oom.kills && zone_free(f.m))
		if (ctl_put(&f, "asks", "write m 0 1G") < 0)
			break;
	is_int(ctl_vmstat(&f, "oom_kill"), 2, "first the one, then the other dies");
	like(log_line(&f, "Killed process", 1), "\\(large\\)", "large,");
	like(log_line(&f, "Killed process", 0), "\\(asks\\)",
	     "and who asked, when nothing was left");
	anon = global_node_page_state(f.m, NR_ANON_PAGES);
	fixture_write(&f, "sim/clock", "advance 60s");
	cmp_int((s64)global_node_page_state(f.m, NR_ANON_PAGES), <=, (s64)anon,
		"all of it comes back");
	is_uint(f.m->oom.first_victim, 0, "no victim is left");
	is_sound(f.m, "afterwards");
	fixture_close(&f);
}

/* ---- at random ---- */

static void random_step(struct fixture *f, u64 *c)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	const char *name = names[draw(c, 4)];
	struct oom_control oc = request_of(f->m, 0);

	switch (draw(c, 12)) {
	case 0:
		ctl_rmdir(f, name);
		break;
	case 1:
		if (lab_find(f->m, name) && task_of(f, name))
			set_adj(f, name, fixture_format("%d", (int)draw(c, 2000) - 999));
		break;
	case 2:
		ctl_put(f, name, "load m uniform 200000 write=80 for=3s");
		break;
	case 3:
		fixture_write(f, "proc/sysrq-trigger", "f");
		break;
	case 4:
		if (lab_find(f->m, name) && task_of(f, name))
			out_of_memory(f->m, &oc);
		break;
	case 5:
		ctl_put(f, name, "pthread_create");
		break;
	case 6:
		ctl_put(f, name, fixture_format("clone %s", names[draw(c, 4)]));
		break;
	case 7:
		fixture_write(f, "proc/sys/vm/oom_kill_allocating_task",
			      draw(c, 2) ? "1\n" : "0\n");
		break;
	case 8:
		fixture_write(f, "sim/clock", fixture_format("advance %ums", (u32)draw(c, 2500)));
		break;
	case 9:
		ctl_put(f, name, "kill 9");
		break;
	default:
		if (!lab_find(f->m, name))
			ctl_mkdir(f, name);
		ctl_put(f, name, "mmap m 1G noreserve");
		ctl_put(f, name,
			fixture_format("access m uniform %u write=100", (u32)draw(c, 60000)));
		break;
	}
}

static void test_random(u64 seed)
{
	u64 c = seed;
	struct fixture f;
	u32 i, wrong = 0;

	if (!fixture_open(&f, "[machine]\ncpus = 2\nmemory = 384M\n[cost]\npte_unmap = 20000\n",
			  NULL))
		bail_out("%s", f.why);
	for (i = 0; i < 250 && !wrong && !f.m->panicked; i++) {
		random_step(&f, &c);
		wrong += count_violations(f.m, "step %u", i);
	}
	is_uint(wrong, 0, "seed %llu: %u random steps, %lld kills, all invariants after each",
		(unsigned long long)seed, i, (long long)f.m->oom.kills);
	fixture_close(&f);
}

int main(void)
{
	struct fixture f;
	u64 seed;

	if (!fixture_open(&f, "one-node", NULL))
		bail_out("%s", f.why);
	test_scores(&f);
	test_youngest_of_equals(&f);
	test_sharers(&f);
	test_pinned_by_init(&f);
	test_old_adj_sets_no_floor(&f);
	test_no_kill(&f);
	fixture_close(&f);
	test_nodemask();
	test_trace();
	test_large_victim();
	test_fault_goes_on();
	for (seed = 1; seed <= 3; seed++)
		test_random(seed);
	return done_testing();
}
