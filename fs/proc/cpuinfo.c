/*
 * /proc/cpuinfo: one paragraph for each CPU. A socket is a node that has CPUs, each CPU a core of
 * its own, and APIC ids are CPU numbers.
 */
#include "fs/proc/proc.h"

void cpu_topology(const struct machine *m, u32 cpu, u32 *package, u32 *core, u32 *cores)
{
	u32 nid = m->cpu_to_node[cpu], i;
	const u64 *mask = m->node[nid].cpumask;

	*package = *core = *cores = 0;
	for (i = 0; i < nid; i++)
		*package += m->node[i].has_cpu;
	for (i = 0; i < NR_CPUS_MAX / 64; i++) {
		u64 below = i < cpu / 64 ? UINT64_MAX : i == cpu / 64 ? (1ull << cpu % 64) - 1 : 0;

		*core += (u32)__builtin_popcountll(mask[i] & below);
		*cores += (u32)__builtin_popcountll(mask[i]);
	}
}

static void show_flags(const struct machine *m, bool siblings, struct text *out)
{
	text_str(out,
		 "flags\t\t: fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 "
		 "clflush mmx fxsr sse sse2 ");
	text_str(out, siblings ? "ht " : "");
	text_str(out, "syscall nx ");
	text_str(out, m->config.cpu_1g_pages ? "pdpe1gb " : "");
	text_str(out, m->config.arch == ARCH_X86_64 ? "lm " : "");
	text_str(out, "rep_good nopl cpuid extd_apicid pni cx16 hypervisor lahf_lm ");
	text_str(out, siblings ? "cmp_legacy " : "");
	text_str(out, "svm 3dnowprefetch vmmcall");
	text_str(out, m->config.cpu_la57 ? " la57\n" : "\n");
}

static void show_cpu(const struct machine *m, u32 cpu, struct text *out)
{
	u32 package, core, cores, mhz = m->config.cpu_mhz;

	cpu_topology(m, cpu, &package, &core, &cores);
	text_printf(
		out,
		"processor\t: %u\nvendor_id\t: AuthenticAMD\ncpu family\t: 15\nmodel\t\t: 107\n",
		cpu);
	text_printf(out, "model name\t: %s\nstepping\t: 1\nmicrocode\t: 0x1000065\n",
		    m->config.cpu_model);
	text_printf(out, "cpu MHz\t\t: %u.000\ncache size\t: 512 KB\n", mhz);
	text_printf(out, "physical id\t: %u\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n",
		    package, cores, core, cores);
	text_printf(out, "apicid\t\t: %u\ninitial apicid\t: %u\n", cpu, cpu);
	text_str(out, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 13\nwp\t\t: yes\n");
	show_flags(m, cores > 1, out);
	text_str(out, "bugs\t\t: fxsave_leak sysret_ss_attrs null_seg swapgs_fence amd_e400 "
		      "spectre_v1 spectre_v2\n");
	text_printf(out, "bogomips\t: %u.00\nTLB size\t: 1024 4K pages\n", 2 * mhz);
	text_str(out, "clflush size\t: 64\ncache_alignment\t: 64\n");
	text_printf(out,
		    "address sizes\t: 40 bits physical, %u bits virtual\npower management:\n\n",
		    m->config.cpu_la57 ? 57u : 48u);
}

int proc_cpuinfo_show(const struct request *rq, struct text *out)
{
	u32 cpu;

	for (cpu = 0; cpu < rq->m->nr_cpus; cpu++)
		show_cpu(rq->m, cpu, out);
	return 0;
}
