/*
 * machine.h - everything there is: one simulated machine.
 *
 * Start reading here, then mmzone.h (physical memory), mm.h (address spaces), task.h
 * (processes), clock.h (time), slab.h, sysctl.h.
 *
 * All state hangs off struct machine: plain values and pools of handles. Two machines can live in
 * one process. One lock guards a machine (fs/ owns it); nothing in mm/ takes locks, sleeps, reads
 * the host's clock or draws chance from anywhere but machine_random().
 */
#ifndef MMAN_MACHINE_H
#define MMAN_MACHINE_H

#include <mman/backing.h>
#include <mman/blkdev.h>
#include <mman/boot.h>
#include <mman/clock.h>
#include <mman/compaction.h>
#include <mman/contents.h>
#include <mman/knobs.h>
#include <mman/memory_hotplug.h>
#include <mman/mempolicy.h>
#include <mman/mm.h>
#include <mman/mmzone.h>
#include <mman/numa_balancing.h>
#include <mman/oom.h>
#include <mman/pagetable.h>
#include <mman/pool.h>
#include <mman/program_trace.h>
#include <mman/psi.h>
#include <mman/slab.h>
#include <mman/swap.h>
#include <mman/sysctl.h>
#include <mman/task.h>
#include <mman/tlb.h>
#include <mman/vmscan.h>
#include <mman/workingset.h>
#include <mman/writeback.h>

/* What the engine asks of the program around it. Not state: never in a snapshot. */
struct machine_host {
	void *arg;
	/* Called at a safe point when ->attention is set. May run other requests on the machine
	 * (a knob write, reads). Returns false to end the running command (EINTR). */
	bool (*yield)(struct machine *m, void *arg);
	/* The running command can only try again what others hold up: let them be for a moment. It
	 * changes nothing by itself. NULL: try at once. */
	void (*idle)(struct machine *m, void *arg);
	/* A line for sim/events or dev/kmsg was added: wake those who wait. */
	void (*wake)(struct machine *m, void *arg);
};

#define LOG_LINE_MAX   1024
#define LOG_RING_BYTES (1u << 18) /* CONFIG_LOG_BUF_SHIFT=18 */

/* A ring of text records: the kernel log, and the event stream. seq counts records since boot. */
struct log_ring {
	char *text;	/* LOG_RING_BYTES, records: u64 time, u16 length, u16 level, text */
	u64 head, tail; /* byte positions, ever growing */
	u64 first_seq, next_seq;
	u64 clear_seq; /* older records are passed over by syslog(2), as "dmesg --clear" asked */
};

struct machine {
	/* what it is made of */
	struct machine_config config; /* boot.h: the machine file and command line, resolved */
	struct pt_geometry pt;	      /* pagetable.h: levels, sizes, TASK_SIZE */
	u32 zone_mask;		      /* 1 << enum zone_type for each this architecture has */
	u32 nr_cpus, nr_nodes;	      /* node ids run 0 .. nr_nodes-1, some may be offline */
	u64 totalram_pages;	      /* managed pages of all zones */
	u64 max_pfn;		      /* one above the highest frame there is, or a DIMM slot has */
	u64 room_pfn;		      /* the same of frames that could be plugged in: >= max_pfn */

	/* physical memory */
	struct pglist_data *node; /* MAX_NUMNODES of them, in one allocation */
	struct page *mem_map;	  /* reserved address space, indexed by PFN */
	u64 *section_present;	  /* bitmaps by section number */
	u8 *section_nid;	  /* node of a section's first RAM, online or not */
	u64 *block_touched;	  /* bitmap by 4 MiB block: struct pages exist */
	u8 *pageblock_flags; /* 4 bits each: migratetype ^ MIGRATE_MOVABLE; 8: skip (compaction) */
	struct pool pagesets, extents;
	struct pool pagevecs; /* of the LRU lists */
	u32 pagevecs_reserved;
	struct pool zone_ranges; /* which zone a frame is in: a sorted array (mm/sparse.c) */
	u32 nr_zone_ranges;
	u8 cpu_to_node[NR_CPUS_MAX]; /* set by build_zonelists() from node[].cpumask */
	u8 gfp_zone[16];     /* highest zone of the low four GFP bits: set by physmem_init() */
	u32 nr_online_nodes; /* set by build_zonelists() */
	bool numa_costs;     /* likewise: an access to another node's memory takes longer */
	bool page_group_by_mobility_disabled; /* under 10 MiB of RAM */
	s64 vm_zone_stat[NR_VM_ZONE_STAT_ITEMS];
	s64 vm_node_stat[NR_VM_NODE_STAT_ITEMS];
	s64 vm_numa_stat[NR_VM_NUMA_STAT_ITEMS];
	u64 vm_event[NR_VM_EVENT_ITEMS];
	u64 nr_blockdev_pages;	/* page cache of block devices: Buffers */
	u64 num_poisoned_pages; /* HardwareCorrupted */
	struct psi_state psi;
	struct boot_info boot; /* boot.h: memory map, reservations, iomem */

	/* kernel objects */
	struct contents_state contents; /* the bytes of pages */
	struct slab_state slab;
	struct task_state tasks;
	struct trace_state traced; /* real programs' traces */
	struct mm_state mms;
	struct mempolicy_state mempolicy;
	struct numa_state numa;
	struct swap_state swap;
	struct reclaim_state reclaim;
	struct compaction_state compaction;
	struct blk_state blk;
	struct bdi_writeback wb;

	struct tlb_state tlb;

	/* knobs, time, chance */
	struct sysctl sysctl;
	struct memory_hotplug_state hotplug;
	struct knobs knobs; /* knobs.h: the rest of them, and sysfs */
	struct clock clock;
	struct event *events;	/* binary heap */
	struct pool event_pool; /* backs ->events */
	struct cost_table cost;
	u64 random[4];

	/* who is running */
	handle_t current;	 /* task on whose behalf the engine works; 0: the kernel */
	u32 cpu;		 /* the CPU it runs on */
	struct running *running; /* task.h: the commands in progress, innermost first */
	u32 attention;		 /* atomic: somebody waits; see machine_safe_point() */
	bool panicked;
	struct panic_state panic; /* oom.h; valid if ->panicked */

	struct oom_state oom;
	struct log_ring kmsg, trace; /* dev/kmsg, sim/events */
	struct machine_host host;
	const struct backing_ops *backing;     /* bytes of files; NULL: zeros */
	void *backing_data;		       /* its own (fs/sim/disk_store.c) */
	u64 vm_event_start[NR_VM_EVENT_ITEMS]; /* what vm_event[] began with: a twin's */
};

/**
 * machine_create() - power on: boot @config.
 * On failure returns NULL and writes one line of reason into @why (size @why_size).
 */
struct machine *machine_create(const struct machine_config *config, char *why, size_t why_size);
/** machine_destroy() - power off: all that the machine has of the host's memory is given back. */
void machine_destroy(struct machine *m);

/** machine_random() - next 64 bits of the machine's one seeded generator. */
u64 machine_random(struct machine *m);
/** machine_random_below() - uniform in [0, @n), n > 0. */
u64 machine_random_below(struct machine *m, u64 n);

/** printk() - one line into the kernel log at virtual now; @level 0..7. */
void printk(struct machine *m, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** trace_event() - one line "name key=value ..." into the event stream. */
void trace_event(struct machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * log_read() - the record with sequence number @seq, or the oldest kept if that is gone.
 * Copies at most @size bytes of text (always NUL-terminated) and returns its length; -EAGAIN when
 * @seq is not yet written. *@seq is set to the record's number, *@time to its ns, *@level.
 */
int log_read(const struct log_ring *r, u64 *seq, u64 *time, int *level, char *text, size_t size);

/** machine_check() - verify every invariant of the engine; calls @report once per violation and
 * returns how many there were. Walks everything: for sim/check and tests only. */
unsigned int machine_check(struct machine *m, void (*report)(void *arg, const char *line),
			   void *arg);

/** machine_check_part() - part @part of it, which is looked at by itself: others may be let in before
 * the next. False: there is none of that number. */
bool machine_check_part(struct machine *m, u32 part, void (*report)(void *arg, const char *line),
			void *arg, unsigned int *violations);

/** machine_goes_on() - false: the running command is to end at once, as a safe point has said. */
bool machine_goes_on(const struct machine *m);

/* what is rare of machine_safe_point() */
bool machine_safe_point_slow(struct machine *m);

/**
 * machine_safe_point() - between two page touches of a command: counts a step, runs due events,
 * lets waiting readers and writers in (machine->attention). Returns false when the running
 * command is to end at once, touching nothing more: interrupted, or its process died.
 */
static inline bool machine_safe_point(struct machine *m)
{
	m->clock.step++;
	if (likely(m->clock.now < m->clock.next_due && m->clock.step < m->clock.step_stop &&
		   !__atomic_load_n(&m->attention, __ATOMIC_RELAXED)))
		return true;
	return machine_safe_point_slow(m);
}

/**
 * machine_read_point() - in the middle of a long read: lets others in, counts nothing, runs
 * nothing. Returns false when the reader is to end at once: he gave up, or @m is there no more.
 * What was looked up before has to be looked up anew.
 */
static inline bool machine_read_point(struct machine *m)
{
	if (likely(!__atomic_load_n(&m->attention, __ATOMIC_RELAXED)) || !m->host.yield)
		return true;
	return m->host.yield(m, m->host.arg);
}

/** clock_charge() - the running operation took @ns of virtual time, spent by the running task. */
static inline void clock_charge(struct machine *m, u64 ns)
{
	m->clock.now += ns;
}

/** count_vm_event(), count_vm_events() - the one way to count an event of /proc/vmstat. */
static inline void count_vm_events(struct machine *m, enum vm_event_item item, u64 n)
{
	m->vm_event[item] += n;
}

static inline void count_vm_event(struct machine *m, enum vm_event_item item)
{
	m->vm_event[item]++;
}

/** page_zone(), page_node() - where @p is. */
static inline struct zone *page_zone(struct machine *m, const struct page *p)
{
	return &m->node[p->node].zones[p->zone];
}

static inline struct pglist_data *page_node(struct machine *m, const struct page *p)
{
	return &m->node[p->node];
}

/** mod_zone_page_state(), mod_node_page_state() - the one way to change a counter of a zone or
 * node. */
static inline void mod_zone_page_state(struct machine *m, struct zone *z, enum zone_stat_item item,
				       s64 delta)
{
	z->vm_stat[item] += delta;
	m->vm_zone_stat[item] += delta;
}

static inline void mod_node_page_state(struct machine *m, struct pglist_data *n,
				       enum node_stat_item item, s64 delta)
{
	n->vm_stat[item] += delta;
	m->vm_node_stat[item] += delta;
}

/** task_size() - user addresses end here, in bytes: TASK_SIZE of this machine. */
static inline u64 task_size(const struct machine *m)
{
	return m->pt.task_size;
}

/** page_exists() - has @pfn a struct page? RAM that was never used has none (mm/untouched.c), nor
 * have holes. */
static inline bool page_exists(const struct machine *m, pfn_t pfn)
{
	u32 block = pfn >> (MAX_ORDER - 1);

	return pfn < m->max_pfn && (m->block_touched[block / 64] >> block % 64 & 1);
}

/** get_pageblock_migratetype() - of the block of 2 MiB that @pfn is in. O(1). */
static inline enum migratetype get_pageblock_migratetype(const struct machine *m, pfn_t pfn)
{
	u32 block = pfn >> PAGEBLOCK_ORDER;

	return (enum migratetype)((m->pageblock_flags[block / 2] >> block % 2 * 4 & 7) ^
				  MIGRATE_MOVABLE);
}

/** global_zone_page_state(), global_node_page_state() - the sums over all zones and nodes, never
 * below 0. */
static inline u64 global_zone_page_state(const struct machine *m, enum zone_stat_item i)
{
	return m->vm_zone_stat[i] > 0 ? (u64)m->vm_zone_stat[i] : 0;
}

static inline u64 global_node_page_state(const struct machine *m, enum node_stat_item i)
{
	return m->vm_node_stat[i] > 0 ? (u64)m->vm_node_stat[i] : 0;
}

#endif
