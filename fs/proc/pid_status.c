/* PID/status: the same for people. Source: proc(5), Documentation/filesystems/proc.rst. */
#include "fs/proc/pid.h"

#include <errno.h>

/* A node mask is as long as the kernel was built for (NODES_SHIFT=10), a CPU mask as there are
 * CPUs. */
#define LINUX_MAX_NUMNODES 1024u

#define ALL_CAPABILITIES "000001ffffffffff"
#define NO_CAPABILITIES	 "0000000000000000"

#define KB(label, kb)                                                        \
	text_mem(out, label, sizeof(label) - 1), text_u64_width(out, kb, 8), \
		text_mem(out, " kB\n", 4)
#define NUMBER(label, n) \
	text_mem(out, label, sizeof(label) - 1), text_u64(out, n), text_char(out, '\n')

static const char *state_name(u8 state)
{
	switch (state) {
	case TASK_RUNNING:
		return "R (running)";
	case TASK_DISK:
		return "D (disk sleep)";
	case TASK_STOPPED:
		return "T (stopped)";
	case TASK_IDLE:
		return "I (idle)";
	case TASK_ZOMBIE:
		return "Z (zombie)";
	case TASK_DEAD:
		return "X (dead)";
	default:
		return "S (sleeping)";
	}
}

/* Real, effective, saved and file system id are one here. */
static void show_ids(struct text *out, const char *label, u32 id)
{
	u32 i;

	text_str(out, label);
	for (i = 0; i < 4; i++) {
		text_char(out, '\t');
		text_u64(out, id);
	}
	text_char(out, '\n');
}

/* A command name may hold anything but NUL: a newline would make another line. */
static void show_name(struct text *out, const char *comm)
{
	text_str(out, "Name:\t");
	for (; *comm; comm++) {
		if (*comm == '\n')
			text_str(out, "\\n");
		else if (*comm == '\\')
			text_str(out, "\\\\");
		else
			text_char(out, *comm);
	}
	text_char(out, '\n');
}

static void show_identity(const struct task *t, struct text *out)
{
	show_name(out, t->comm);
	text_str(out, "Umask:\t0022\nState:\t");
	text_str(out, state_name(t->state));
	text_char(out, '\n');
	NUMBER("Tgid:\t", t->tgid);
	text_str(out, "Ngid:\t0\n");
	NUMBER("Pid:\t", t->pid);
	NUMBER("PPid:\t", t->ppid);
	text_str(out, "TracerPid:\t0\n");
	show_ids(out, "Uid:", t->uid);
	show_ids(out, "Gid:", t->gid);
	text_str(out, "FDSize:\t64\nGroups:\t \n");
	NUMBER("NStgid:\t", t->tgid);
	NUMBER("NSpid:\t", t->pid);
	text_str(out, "NSpgid:\t0\nNSsid:\t0\n");
}

static u64 pages(s64 n)
{
	return n > 0 ? K(n) : 0;
}

static void show_memory(const struct mm *mm, struct text *out)
{
	u64 anon = pages(mm->rss[MM_ANONPAGES]), file = pages(mm->rss[MM_FILEPAGES]);
	u64 shmem = pages(mm->rss[MM_SHMEMPAGES]), rss = anon + file + shmem;
	u64 code = (PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK)) >> 10;

	code = min_t(u64, code, K(mm->exec_vm));
	KB("VmPeak:\t", K(mm_hiwater_vm(mm)));
	KB("VmSize:\t", K(mm->total_vm));
	KB("VmLck:\t", K(mm->locked_vm));
	KB("VmPin:\t", K(mm->pinned_vm));
	KB("VmHWM:\t", K(mm_hiwater_rss(mm)));
	KB("VmRSS:\t", rss);
	KB("RssAnon:\t", anon);
	KB("RssFile:\t", file);
	KB("RssShmem:\t", shmem);
	KB("VmData:\t", K(mm->data_vm));
	KB("VmStk:\t", K(mm->stack_vm));
	KB("VmExe:\t", code);
	KB("VmLib:\t", K(mm->exec_vm) - code);
	KB("VmPTE:\t", K(mm->nr_ptes + mm->nr_pmds + mm->nr_puds));
	KB("VmSwap:\t", pages(mm->rss[MM_SWAPENTS]));
	KB("HugetlbPages:\t", K(mm->hugetlb_usage));
	text_str(out, "CoreDumping:\t0\nTHP_enabled:\t1\n");
}

static u32 count_threads(const struct machine *m, const struct task *t)
{
	handle_t thread;
	u32 n = 0;

	for (thread = t->leader; thread; thread = task_at(m, thread)->next_thread)
		n++;
	return n;
}

static void show_signals(const struct machine *m, handle_t task, struct text *out)
{
	const struct task *t = task_at(m, task);

	NUMBER("Threads:\t", count_threads(m, t));
	text_str(out, "SigQ:\t0/");
	text_u64(out, task_rlimit(m, task, RLIM_SIGPENDING));
	text_str(
		out,
		"\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t0000000000000000\n");
	text_str(out, t->flags & PF_KTHREAD ? "SigIgn:\tffffffffffffffff\n" :
					      "SigIgn:\t0000000000000000\n");
	text_str(out, "SigCgt:\t0000000000000000\nCapInh:\t" NO_CAPABILITIES "\nCapPrm:\t");
	text_str(out, t->uid ? NO_CAPABILITIES : ALL_CAPABILITIES);
	text_str(out, "\nCapEff:\t");
	text_str(out, t->uid ? NO_CAPABILITIES : ALL_CAPABILITIES);
	text_str(out,
		 "\nCapBnd:\t" ALL_CAPABILITIES "\nCapAmb:\t" NO_CAPABILITIES "\nNoNewPrivs:\t0\n"
		 "Seccomp:\t0\nSeccomp_filters:\t0\nSpeculation_Store_Bypass:\tnot vulnerable\n"
		 "SpeculationIndirectBranch:\talways enabled\n");
}

static void show_cpus_allowed(const struct machine *m, const struct task *t, struct text *out)
{
	u64 bits[NR_CPUS_MAX / 64] = { 0 };
	u32 cpu;

	for (cpu = 0; cpu < m->nr_cpus; cpu++)
		if (task_cpu_allowed(m, t, cpu))
			bits[cpu / 64] |= 1ull << cpu % 64;
	text_str(out, "Cpus_allowed:\t");
	text_bitmap(out, bits, m->nr_cpus);
	text_str(out, "\nCpus_allowed_list:\t");
	text_bitmap_list(out, bits, m->nr_cpus);
	text_char(out, '\n');
}

static void show_mems_allowed(const struct machine *m, const struct task *t, struct text *out)
{
	u64 bits[LINUX_MAX_NUMNODES / 64] = { t->mems_allowed };
	u32 nid;

	for (nid = 0; !t->mems_allowed && nid < m->nr_nodes; nid++)
		if (m->node[nid].has_memory)
			bits[0] |= 1ull << nid;
	text_str(out, "Mems_allowed:\t");
	text_bitmap(out, bits, LINUX_MAX_NUMNODES);
	text_str(out, "\nMems_allowed_list:\t");
	text_bitmap_list(out, bits, MAX_NUMNODES);
	text_char(out, '\n');
}

int pid_status_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);

	show_identity(t, out);
	if (t->mm)
		show_memory(mm_at(rq->m, t->mm), out);
	show_signals(rq->m, t_handle, out);
	show_cpus_allowed(rq->m, t, out);
	show_mems_allowed(rq->m, t, out);
	NUMBER("voluntary_ctxt_switches:\t", t->nvcsw);
	NUMBER("nonvoluntary_ctxt_switches:\t", t->nivcsw);
	return 0;
}
