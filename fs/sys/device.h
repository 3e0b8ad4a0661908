/*
 * device.h - what all devices of sysfs have: power/, uevent, links, lists of CPUs and nodes.
 */
#ifndef FS_SYS_DEVICE_H
#define FS_SYS_DEVICE_H

#include "fs/knob.h"

#define NR_POWER_ATTRS 9u
extern const struct attribute power_attrs[NR_POWER_ATTRS];

/* A power/ directory of its own for each kind of device: that and the object say whose it is. */
#define POWER_DIRECTORY(ident, device, is_there) \
	static const struct directory ident = {  \
		.name = device,                  \
		.mode = 0755,                    \
		.attrs = power_attrs,            \
		.nr_attrs = NR_POWER_ATTRS,      \
		.exists = is_there,              \
	}

ssize_t uevent_store(const struct request *rq, const char *data, size_t size, u64 offset);

#define UEVENT_ATTR                                                    \
	SYSFS_OTHER("uevent", 0644, show_nothing, uevent_store, HOLDS, \
		    "tell listeners of an action: add, remove, change ...")

/* st_size of the binary files with CPU masks and lists: what 8192 CPUs need. */
#define CPUMAP_SIZE  4096u
#define CPULIST_SIZE 28672u

/** emit_row_of() - iterate's way to one dynamic link or file: row @attr of the table @rows. */
static inline bool emit_row_of(struct dir_emit *e, const char *name, const struct directory *rows,
			       u32 row, u64 object, u64 next)
{
	struct entry entry = { .attr = &rows->attrs[row], .owner = rows, .object = object };

	return e->emit(e, name, &entry, next);
}

/** parse_object_name() - "memory12" with @prefix "memory": 12. false if it is not the plain
 * name. */
bool parse_object_name(const char *name, const char *prefix, u32 *number);

/** text_node_list() - "0-1\n" of the nodes for which @has is true. */
void text_node_list(const struct machine *m, struct text *out,
		    bool (*has)(const struct machine *m, u32 nid));
bool node_is_online(const struct machine *m, u32 nid);
bool node_has_memory(const struct machine *m, u32 nid);

/* The folders that hang in root.c, each with its own file. */
extern const struct directory sys_memory_directory, sys_node_directory, sys_cpu_directory,
	sys_bdi_directory, sys_memory_tiering_directory, sys_thp_directory, sys_ksm_directory,
	sys_lru_gen_directory, sys_numa_directory, sys_swap_directory, sys_page_idle_directory,
	sys_hugepages_directory, sys_slab_directory, sys_cgroup_directory, sys_debug_directory,
	sys_module_directory, sys_pci_directory, sys_block_directory, sys_class_block_directory,
	sys_dev_block_directory, sys_class_bdi_directory, sys_virtual_net_directory,
	sys_class_net_directory;
bool sys_has_hugepages(const struct request *rq);
/* i386 is not built for memory hotplug */
bool sys_has_memory_blocks(const struct request *rq);

/* node/nodeN/hugepages, with the node's number as object */
extern const struct directory node_hugepages_directory;

#endif
