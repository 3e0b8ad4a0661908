#include "tests/twin_host.h"

#include <stdlib.h>
#include <string.h>

#include "fs/twin/twin.h"
#include "tests/tap.h"

#define PF_KTHREAD_HOST 0x200000u

void capture_head(struct text *capture)
{
	text_init(capture);
	text_str(capture, "# mmanfs capture 1\n");
}

void capture_file(struct text *capture, const char *path, const char *content)
{
	text_printf(capture, "file %s %zu\n%s\n", path, strlen(content), content);
}

void capture_zone(struct text *text, unsigned int nid, const char *zone, u64 start, u64 spanned,
		  u64 present, u64 managed)
{
	text_printf(text,
		    "Node %u, zone %8s\n  pages free     %llu\n        min      10\n"
		    "        low      12\n        high     14\n        spanned  %llu\n"
		    "        present  %llu\n        managed  %llu\n"
		    "        protection: (0, 100, 100, 100, 100)\n  start_pfn:           %llu\n",
		    nid, zone, (unsigned long long)managed, (unsigned long long)spanned,
		    (unsigned long long)present, (unsigned long long)managed,
		    (unsigned long long)start);
}

static const char pc_iomem[] = "00000000-00000fff : Reserved\n"
			       "00001000-0009fbff : System RAM\n"
			       "0009fc00-000fffff : Reserved\n"
			       "00100000-3ffdffff : System RAM\n"
			       "  01000000-01ffffff : Kernel code\n"
			       "3ffe0000-3fffffff : Reserved\n";

static void start_memory(struct text *capture, const struct capture_machine *m)
{
	struct text t;

	text_init(&t);
	capture_zone(&t, 0, "DMA", 1, 4095, 3998, 3840);
	capture_zone(&t, 0, "DMA32", 4096, 258016, 258016, 246000);
	text_str(&t, "Node 0, zone   Normal\n  pages free     0\n        spanned  0\n"
		     "        present  0\n        managed  0\n");
	text_char(&t, '\0');
	capture_file(capture, "/proc/zoneinfo", t.data);
	text_reset(&t);
	text_printf(
		&t,
		"MemTotal:  %llu kB\nMemFree:  %llu kB\nBuffers:  %llu kB\nCached:  %llu kB\n"
		"Active(anon):  %llu kB\nActive(file):  %llu kB\nDirty:  %llu kB\nShmem:  %llu kB\n"
		"SReclaimable:  %llu kB\nSUnreclaim:  %llu kB\nSwapTotal:  0 kB\n",
		(3840 + 246000) * 4ull, (unsigned long long)m->free, (unsigned long long)m->buffers,
		(unsigned long long)m->cached, (unsigned long long)m->active_anon,
		(unsigned long long)m->active_file, (unsigned long long)m->dirty,
		(unsigned long long)m->shmem, (unsigned long long)m->reclaimable,
		(unsigned long long)m->unreclaimable);
	if (m->swap_cached || m->anon || m->inactive_anon)
		text_printf(&t,
			    "SwapCached:  %llu kB\nAnonPages:  %llu kB\nInactive(anon):  %llu kB\n",
			    (unsigned long long)m->swap_cached, (unsigned long long)m->anon,
			    (unsigned long long)m->inactive_anon);
	if (m->committed)
		text_printf(&t, "Committed_AS:  %llu kB\n", (unsigned long long)m->committed);
	text_char(&t, '\0');
	capture_file(capture, "/proc/meminfo", t.data);
	text_free(&t);
	if (!m->iomem || *m->iomem)
		capture_file(capture, "/proc/iomem", m->iomem ? m->iomem : pc_iomem);
}

void capture_start(struct text *capture, const struct capture_machine *machine)
{
	const struct capture_machine m = machine ? *machine :
						   (struct capture_machine){ .free = 600000 };

	capture_head(capture);
	capture_file(capture, "uname", "machine x86_64\nrelease 6.1.0\npage_size 4096\n");
	start_memory(capture, &m);
	capture_file(capture, "/proc/uptime",
		     fixture_format("%llu.25 1.00\n", (unsigned long long)m.uptime));
	capture_file(capture, "/proc/loadavg",
		     fixture_format("0.50 1.25 2.00 1/%llu 777\n", (unsigned long long)m.threads));
	capture_file(capture, "/proc/pressure/memory",
		     "some avg10=1.25 avg60=0.50 avg300=0.10 total=1234567\n"
		     "full avg10=1.00 avg60=0.25 avg300=0.05 total=234567\n");
	capture_file(capture, "/proc/stat",
		     "cpu  30 0 20 100 5 0 0 0 0 0\ncpu0 10 0 20 50 5 0 0 0 0 0\n"
		     "cpu1 20 0 0 50 0 0 0 0 0 0\nctxt 4711\nbtime 1600000000\nprocesses 12345\n");
	capture_file(capture, "/proc/cpuinfo",
		     "processor\t: 0\nmodel name\t: A \"quoted\" CPU\ncpu MHz\t\t: 2595.124\n"
		     "flags\t\t: fpu pdpe1gb lm\nprocessor\t: 1\n");
	capture_file(capture, "/proc/cmdline", "quiet hugepages=3 transparent_hugepage=never\n");
	capture_file(capture, "/sys/devices/system/cpu/online", "0-1\n");
}

static void add_stat(struct text *capture, u32 pid, u32 ppid, const char *comm, char state,
		     u32 flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	/* fields 4 .. 52: ppid, ... flags at 9 ... times at 14 ... start at 22 ... layout from
	 * 26 */
	capture_file(
		capture, path,
		fixture_format(
			"%u (%s) %c %u 0 0 0 -1 %u 7 0 2 0 100 50 0 0 20 5 1 0 300 0 0 "
			"18446744073709551615 4198400 4202496 140737488350000 0 0 0 0 0 0 0 0 0 "
			"17 1 0 3 0 0 0 4210688 4214784 4218880 140737488350100 "
			"140737488350200 140737488350200 140737488350300 0\n",
			pid, comm, state, ppid, flags));
}

void capture_task(struct text *capture, u32 pid, u32 ppid, const char *comm, char state, u32 flags,
		  const char *more)
{
	char path[64];

	add_stat(capture, pid, ppid, comm, state, flags);
	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	capture_file(capture, path,
		     fixture_format("Name:\t%s\nTgid:\t%u\nPPid:\t%u\nUid:\t0\t1000\t0\t0\n"
				    "Gid:\t0\t100\t0\t0\n%s",
				    comm, pid, ppid, more));
	snprintf(path, sizeof(path), "/proc/%u/oom_score_adj", pid);
	capture_file(capture, path, "-17\n");
	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	capture_file(capture, path, fixture_format("/bin/%s", comm));
}

void capture_process(struct text *capture, u32 pid, u32 ppid, const char *comm, const char *smaps)
{
	char path[64];

	capture_task(capture, pid, ppid, comm, 'S', 0, "VmPeak:\t  99996 kB\nVmSize:\t  1 kB\n");
	snprintf(path, sizeof(path), "/proc/%u/smaps", pid);
	capture_file(capture, path, smaps);
}

void capture_kthread(struct text *capture, u32 pid, const char *comm)
{
	add_stat(capture, pid, pid == 2 ? 0 : 2, comm, 'I', PF_KTHREAD_HOST);
}

bool twin_open(struct twin_test *t, const struct text *capture)
{
	struct machine_source source = { .name = (char *)(uintptr_t) "test",
					 .cmdline = (char *)(uintptr_t) "",
					 .capture = capture->data,
					 .capture_size = capture->length };
	FILE *err;
	bool done = false;

	memset(t, 0, sizeof(*t));
	text_init(&t->f.text);
	text_init(&t->machine);
	err = open_memstream(&t->said, &t->said_size);
	if (!err)
		return false;
	if (!twin_machine_file(capture->data, capture->length, &t->machine, err)) {
		text_char(&t->machine, '\0');
		source.machine = t->machine.data;
		t->f.m = machine_source_boot(&source, err);
		t->f.t = t->f.m ? tree_create(t->f.m) : NULL;
		done = t->f.t && !machine_source_furnish(&source, t->f.t, err);
	}
	fclose(err);
	return done;
}

void twin_boot(struct twin_test *t, const struct text *capture, const char *what)
{
	if (!ok(twin_open(t, capture), "%s", what))
		bail_out("%s", t->said);
}

void twin_close(struct twin_test *t)
{
	fixture_close(&t->f);
	text_free(&t->machine);
	free(t->said);
	t->said = NULL;
}

s64 twin_number(struct twin_test *t, const char *path, const char *key)
{
	return text_value(fixture_read(&t->f, path), key);
}
