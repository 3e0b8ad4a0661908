/*
 * proc.h - what the files of proc/ share. The table of the top directory is in root.c, that of a
 * process's directory in pid.c; each show function is in a file that has the name of what it shows.
 */
#ifndef FS_PROC_PROC_H
#define FS_PROC_PROC_H

#include "fs/tree.h"

#define K(pages) ((u64)(pages) << (PAGE_SHIFT - 10))

#define PROC_SHOW(name) int proc_##name##_show(const struct request *rq, struct text *out)

PROC_SHOW(meminfo);
PROC_SHOW(vmstat);
PROC_SHOW(zoneinfo);
PROC_SHOW(buddyinfo);
PROC_SHOW(pagetypeinfo);
PROC_SHOW(slabinfo);
PROC_SHOW(swaps);
PROC_SHOW(diskstats);
PROC_SHOW(partitions);
PROC_SHOW(stat);
PROC_SHOW(uptime);
PROC_SHOW(loadavg);
PROC_SHOW(version);
PROC_SHOW(cmdline);
PROC_SHOW(cpuinfo);
PROC_SHOW(filesystems);
PROC_SHOW(iomem);
PROC_SHOW(interrupts);
PROC_SHOW(softirqs);
PROC_SHOW(devices);
PROC_SHOW(cgroups);
PROC_SHOW(mtrr);
PROC_SHOW(vmallocinfo);
PROC_SHOW(mounts_link);
PROC_SHOW(net_link);
PROC_SHOW(sysrq_trigger);

ssize_t proc_mtrr_store(const struct request *rq, const char *data, size_t size, u64 offset);
ssize_t proc_sysrq_trigger_store(const struct request *rq, const char *data, size_t size,
				 u64 offset);
/** text_disk_stat() - the numbers of its line in diskstats, and the newline. */
void text_disk_stat(struct text *out, const struct machine *m, u32 disk, int width);
int proc_swaps_open(const struct request *rq, int flags);
u32 proc_swaps_poll(const struct request *rq);

ssize_t proc_kpagecount_pread(const struct request *rq, char *buffer, size_t size, u64 offset);
ssize_t proc_kpageflags_pread(const struct request *rq, char *buffer, size_t size, u64 offset);
ssize_t proc_kpagecgroup_pread(const struct request *rq, char *buffer, size_t size, u64 offset);
ssize_t proc_kcore_pread(const struct request *rq, char *buffer, size_t size, u64 offset);
u64 proc_kcore_size(const struct request *rq);

extern const struct directory proc_pressure_directory; /* pressure.c */
bool proc_pressure_visible(const struct request *rq);

extern const struct directory proc_sysvipc_directory; /* sysvipc.c */

/** struct interrupts - what interrupted a CPU since boot: its timer, 250 times each second that it
 * was busy; the disks, once a request (CPU 0 alone); other CPUs' calls, all of which are about
 * changed page tables. */
struct interrupts {
	u64 timer, disk, calls;
};
struct interrupts interrupts_of(const struct machine *m, u32 cpu);
/* Each disk has two, first that of its configuration, which nobody changes, then its queue's. */
#define IRQ_DISKS   24u
#define IRQ_DISK(i) (IRQ_DISKS + 2 * (i) + 1)
/** disk_interrupts() - one for each request to the disk. */
u64 disk_interrupts(const struct machine *m, u32 disk);

/** mounts_show(), mountinfo_show() - the machine's file systems, as PID/mounts and PID/mountinfo
 * have them. */
void mounts_show(const struct machine *m, struct text *out);
void mountinfo_show(const struct machine *m, struct text *out);

/** proc_show_zone_name() - "Node 0, zone   Normal", which lines of buddyinfo, zoneinfo and
 * pagetypeinfo begin with. */
void proc_show_zone_name(const struct zone *z, struct text *out);

/** cpu_idle_ns() - how long @cpu did nothing since boot. */
u64 cpu_idle_ns(const struct machine *m, u32 cpu);

/** cpu_topology() - socket of @cpu (sockets are the nodes that have CPUs), its number among the
 * cores there, and how many those are. */
void cpu_topology(const struct machine *m, u32 cpu, u32 *package, u32 *core, u32 *cores);

/** text_bitmap_list() - "0-3,7": the set bits below @nr, as cpulist and nodelist files have
 * them. */
void text_bitmap_list(struct text *out, const u64 *bits, u32 nr);
/** text_bitmap() - "3" or "00000000,00000003": hex words of 32 bits, highest first. */
void text_bitmap(struct text *out, const u64 *bits, u32 nr);

#endif
