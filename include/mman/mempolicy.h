/*
 * mempolicy.h - NUMA memory policies: from which nodes memory is taken.
 *
 *	mapping   mbind(2)            a page for a fault in it comes as this says; where it says nothing:
 *	process   set_mempolicy(2)    all that is allocated for the process; where it says nothing:
 *	system                        the node of the CPU that runs, then by distance
 *
 * A policy is a value, made once and shared by all who have the same (handles are equal if and only
 * if the policies are): mappings merge by comparing handles. Shared memory has policies of its own,
 * by page of the file: whoever maps it sees them, whoever sets them, sets them for all.
 * Source: Documentation/admin-guide/mm/numa_memory_policy.rst, set_mempolicy(2), mbind(2),
 * migrate_pages(2), move_pages(2).
 */
#ifndef MMAN_MEMPOLICY_H
#define MMAN_MEMPOLICY_H

#include <mman/gfp.h>
#include <mman/pool.h>
#include <mman/types.h>

struct machine;
struct vma;
struct inode;

/* Numbers as in the system calls. */
enum mempolicy_mode {
	MPOL_DEFAULT,
	MPOL_PREFERRED,
	MPOL_BIND,
	MPOL_INTERLEAVE,
	MPOL_LOCAL,
	MPOL_PREFERRED_MANY,
	MPOL_MAX
};

/* of bind: NUMA balancing may move pages among the nodes */
#define MPOL_F_NUMA_BALANCING (1u << 13)
#define MPOL_F_RELATIVE_NODES (1u << 14) /* the nodes count among those that the process may use */
#define MPOL_F_STATIC_NODES   (1u << 15) /* the nodes are meant as they are numbered */

/* of mbind, move_pages */
#define MPOL_MF_STRICT	 1u /* pages that lie elsewhere are an error: -EIO */
#define MPOL_MF_MOVE	 2u /* move those that only this process maps */
#define MPOL_MF_MOVE_ALL 4u /* move all of them; root only */

struct mempolicy {
	u16 mode, flags; /* MPOL_F_* */
	u32 refs;
	u64 nodes;	/* in effect */
	u64 user_nodes; /* what was asked for with MPOL_F_*_NODES; else the nodes that were allowed */
	handle_t next; /* all policies */
	u32 reserved;
};

/* Pages [first, last] of a file of shared memory. In order, without overlaps. */
struct shared_policy {
	u64 first, last;
	handle_t policy, next;
};

struct mempolicy_state {
	struct pool policies, shared;
	handle_t first;
};

#define mempolicy_at(m, h) ((struct mempolicy *)pool_at(&(m)->mempolicy.policies, h))

/** mempolicy_init() - pools. 0 or -ENOMEM. mempolicy_destroy(): they go. */
int mempolicy_init(struct machine *m);
void mempolicy_destroy(struct machine *m);

/** memory_node_mask() - online nodes that have any. */
u64 memory_node_mask(const struct machine *m);
/** task_mems_allowed() - of those the ones that @task (0: the kernel) may use. */
u64 task_mems_allowed(const struct machine *m, handle_t task);

/**
 * mpol_new() - a reference to the policy of @mode with @nodes for @task; *@out 0: MPOL_DEFAULT.
 * -EINVAL: nodes where there must be none, none where some are needed, or none of them has memory
 * that the task may use. -ENOMEM.
 */
int mpol_new(struct machine *m, handle_t task, u32 mode, u32 flags, u64 nodes, handle_t *out);
/** mpol_get() - one more reference, @policy itself; mpol_put(): one less. 0, the default policy,
 * has none. */
handle_t mpol_get(struct machine *m, handle_t policy);
void mpol_put(struct machine *m, handle_t policy);

/** mpol_rebind() - the nodes with memory are others than before (@old): policies without
 * MPOL_F_STATIC_NODES follow, as when a node has come or gone. */
void mpol_rebind(struct machine *m, u64 old);

/** get_vma_policy() - the policy that @v itself has at @addr, 0: none (that of the process
 * counts). */
handle_t get_vma_policy(const struct machine *m, const struct vma *v, u64 addr);

/** alloc_pages_policy() - alloc_pages() for the running task, which has a policy. */
pfn_t alloc_pages_policy(struct machine *m, gfp_t gfp, unsigned int order);
/** alloc_page_shmem() - page @index of a file of shared memory, by its policy or the running
 * task's. */
pfn_t alloc_page_shmem(struct machine *m, handle_t inode, u64 index, gfp_t gfp);
/* alloc_page_vma(): mm/vma.h */

/** huge_node() - where a huge page of 2^@order small ones for @addr of @v is to come from: the node
 * to begin at;
 * *@nodes: of these only, 0: any; *@many: if they have none, of any. */
u32 huge_node(const struct machine *m, const struct vma *v, u64 addr, u32 order, u64 *nodes,
	      bool *many);

/** mpol_set_shared() - pages [@first, @last] of a file of shared memory have @policy (0: none) from
 * now on.
 * -ENOMEM: as they were. */
int mpol_set_shared(struct machine *m, handle_t inode, u64 first, u64 last, handle_t policy);
/** mpol_free_shared() - the file of shared memory goes. */
void mpol_free_shared(struct machine *m, struct inode *i);

/** mempolicy_mode_name() - "default", "prefer", "bind", ... as numa_maps has it. */
const char *mempolicy_mode_name(u32 mode);

/* ---- the calls: 0, a count, or -errno ---- */

/** do_set_mempolicy() - of @task. -EINVAL, -ENOMEM. */
int do_set_mempolicy(struct machine *m, handle_t task, u32 mode, u32 flags, u64 nodes);

/**
 * do_mbind() - of the mappings in [@addr, @addr+@length). @mf: MPOL_MF_*.
 * -EINVAL, -EFAULT: a hole in the range, -EIO: pages are elsewhere and stay there, -EPERM, -ENOMEM,
 * -EINTR.
 */
int do_mbind(struct machine *m, handle_t task, u64 addr, u64 length, u32 mode, u32 flags, u64 nodes,
	     u32 mf);

/** do_migrate_pages() - pages of @task on the nodes @from go to the nodes @to: between masks of
 * equal size each node to its counterpart. @all: also what others map. Pages that stayed, or
 * -errno. */
int do_migrate_pages(struct machine *m, handle_t task, u64 from, u64 to, bool all);

/**
 * do_move_pages() - page by page: @nr addresses, to @nodes[i] each. @nodes NULL: only ask.
 * @status: node of the page afterwards, or -errno; untouched where the call did not come to.
 * -ENODEV, -EACCES: a node without memory, not allowed; -ENOMEM, -EINTR; above 0: pages that
 * stayed.
 */
int do_move_pages(struct machine *m, handle_t task, u64 nr, const u64 *addrs, const int *nodes,
		  int *status, bool all);

#endif
