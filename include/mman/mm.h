/*
 * mm.h - address spaces: VMAs, page tables, faults, reverse mapping, files' page cache.
 *
 *	task -> mm -+- VMA tree (by address, with the largest hole in each subtree)
 *	            +- page table (pagetable.h): every table is a page of the machine (PageTables)
 *	VMA -> anon_vma (made at the first write fault) or inode: the two roads from a page back
 *	to all page table entries that map it (rmap.h half of this file).
 *
 * Addresses are bytes of the simulated process; internally virtual page numbers (vpn) are used.
 * A fault of a simulated process waits for the disk by moving the clock. One that can only end
 * later, a real program's, is to answer VM_FAULT_PENDING and be continued by an event: nothing does
 * so yet, but callers must ask.
 * Source: mmap(2), mprotect(2), mremap(2), madvise(2), proc(5),
 * Documentation/mm/{process_addrs,page_tables,overcommit-accounting}.rst.
 */
#ifndef MMAN_MM_H
#define MMAN_MM_H

#include <mman/libc_heap.h>
#include <mman/mmzone.h>
#include <mman/pagetable.h>
#include <mman/pool.h>
#include <mman/task.h>
#include <mman/treap.h>
#include <mman/xarray.h>

/* kept free below a VM_GROWSDOWN mapping, unless stack_guard_gap= says else */
#define STACK_GUARD_GAP_PAGES 256u

/* VMA flags: values as in a 6.1 kernel, so that VmFlags and tools agree. */
#define VM_READ	       0x1u
#define VM_WRITE       0x2u
#define VM_EXEC	       0x4u
#define VM_SHARED      0x8u
#define VM_MAYREAD     0x10u
#define VM_MAYWRITE    0x20u
#define VM_MAYEXEC     0x40u
#define VM_MAYSHARE    0x80u
#define VM_MAY_ALL     (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)
#define VM_GROWSDOWN   0x100u
#define VM_PFNMAP      0x400u
#define VM_LOCKED      0x2000u
#define VM_IO	       0x4000u
#define VM_SEQ_READ    0x8000u
#define VM_RAND_READ   0x10000u
#define VM_DONTCOPY    0x20000u
#define VM_DONTEXPAND  0x40000u
#define VM_LOCKONFAULT 0x80000u
#define VM_ACCOUNT     0x100000u
#define VM_NORESERVE   0x200000u
#define VM_HUGETLB     0x400000u
#define VM_WIPEONFORK  0x2000000u
#define VM_DONTDUMP    0x4000000u
#define VM_SOFTDIRTY   0x8000000u
#define VM_MIXEDMAP    0x10000000u
#define VM_HUGEPAGE    0x20000000u
#define VM_NOHUGEPAGE  0x40000000u
#define VM_MERGEABLE   0x80000000u

#define VM_ACCESS_FLAGS (VM_READ | VM_WRITE | VM_EXEC)
/* Mappings of devices and the kernel's own: never merged, locked or expanded. */
#define VM_SPECIAL (VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP)

/* What a mapping is, for the name at the end of a maps line. */
enum vma_kind {
	VMA_ANON,
	VMA_FILE,
	VMA_HEAP,
	VMA_STACK,
	VMA_VDSO,
	VMA_VVAR,
	VMA_SHMEM, /* /dev/zero (deleted) */
	VMA_HUGETLB,
	VMA_DEVICE
};

/*
 * One mapping. Ordered by address in a tree (vma_node) and a list (prev, next). A file mapping is
 * in its inode's i_mmap tree (shared), private or not; one that has anonymous pages has an
 * anon_vma, and a chain of anon_vma_chain entries that put it into the trees of that anon_vma and
 * of its ancestors. "s" in maps is VM_MAYSHARE: a shared mapping of a file opened read-only has no
 * VM_SHARED.
 */
struct vma {
	/* what faults, searches and merges look at: one cache line */
	u64 start, end;	     /* bytes, page aligned, [start, end) */
	u64 pgoff;	     /* pages: file offset; anonymous: start's page until it moves */
	handle_t prev, next; /* by address */
	u32 gap;	     /* the hole below, as the tree knows it: pages, or UINT32_MAX */
	u32 flags;	     /* VM_* */
	handle_t mm;
	u8 kind; /* enum vma_kind; ask vma_kind() for the name in maps */
	u8 reserved;
	/* swap read-ahead by addresses: the last window (0: none yet), hits since, page of the last
	 * fault */
	u8 swap_ra_window, swap_ra_hits;
	handle_t file, anon_vma; /* file: struct file */
	handle_t policy;	 /* memory policy; 0: the task's */
	handle_t avc_head;	 /* anon_vma_chain entries of this VMA */
	u64 shared_last;	 /* largest last page offset in this subtree of i_mmap */
	struct treap_node shared;
	u32 swap_ra_page;
	/* of huge pages (hugetlb.h): the reservations that a private mapping has made, 0: none;
	 * HPAGE_* */
	handle_t resv_map;
	u32 huge_flags;
	u64 unused[4]; /* two lines each */
};

/*
 * A node of the tree of an address space's VMAs (mm/vma_tree.c): up to 31 entries by address, VMAs
 * in a leaf, nodes above. Of each: where its first VMA begins, and the largest hole below a VMA in
 * it.
 */
#define VMA_NODE_ENTRIES 31u

struct vma_node {
	u64 start[VMA_NODE_ENTRIES + 1]; /* bytes; UINT64_MAX where no entry is */
	u32 gap[VMA_NODE_ENTRIES];	 /* pages; UINT32_MAX: that many, or more */
	handle_t child[VMA_NODE_ENTRIES];
	u16 nr;
	bool leaf;
	u32 unused;
};

/* Counters of an address space, pages. rss_stat as in /proc/PID/status. */
enum mm_counter { MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES, NR_MM_COUNTERS };

#define MMF_OOM_SKIP	 1u /* the OOM killer need not look here: nothing is left to take */
#define MMF_MULTIPROCESS 2u /* more than one process runs in it (or did) */
#define MMF_LIBC_HEAP	 4u /* made by execve(2): the first brk of a libc is there (libc_heap.h) */

struct mm {
	handle_t vma_root, vma_first;
	u32 map_count;
	u32 users; /* tasks that share it */
	u64 mmap_base, start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	u64 arg_start, arg_end, env_start, env_end;
	u64 total_vm, locked_vm, pinned_vm, data_vm, exec_vm, stack_vm; /* pages */
	u64 hiwater_rss, hiwater_vm; /* pages; set when the value falls: mm_hiwater_rss() */
	u64 hugetlb_usage;	     /* pages: HugetlbPages */
	u64 ksm_merging_pages, ksm_rmap_items;
	s64 rss[NR_MM_COUNTERS];
	u32 nr_ptes, nr_pmds, nr_puds; /* table pages; the root is not in VmPTE, as on Linux */
	u32 def_flags;		       /* VM_LOCKED, VM_LOCKONFAULT after mlockall(MCL_FUTURE) */
	handle_t pgd;		       /* root table */
	handle_t owner;		       /* task */
	handle_t next, prev;	       /* all address spaces, in order of creation */
	/* the tables and the VMA last used; 0: none */
	u64 cache_vpn; /* vpn >> 9 of cache_table; its upper bits of cache_pmd */
	handle_t cache_table, cache_pmd, cache_vma;
	u64 id;		       /* never another one's */
	u32 maple_nodes;       /* kernel objects charged for the VMA tree */
	u32 flags;	       /* MMF_* */
	handle_t libc_heap;    /* what malloc(3) handed out; 0: nothing yet */
	handle_t pins;	       /* struct pin, the newest first */
	u32 tlb_live;	       /* may a TLB know it? (tlb.h) */
	u64 tlb_gen, tlb_cpus; /* flushes so far; CPUs, modulo 64, that have it loaded */
	/* numa_balancing.h: ns of the next scan, 0: not yet known; where it goes on; passes so
	 * far */
	u64 numa_next_scan, numa_scan_offset;
	u32 numa_scan_seq;
	u32 tables_freed; /* a handle of a table is good while it stays as it is */
};

/* A page that a device may write to, for as long as it likes: pin_user_pages(). */
struct pin {
	u64 vpn; /* where it was mapped */
	pfn_t pfn;
	handle_t next;
};

/* An open file as a VMA sees it: VMAs of one open file may merge. An inode is the file and its
 * cache. */
struct file {
	handle_t inode;
	u32 users;
	u32 ra_start, ra_size, ra_async_size; /* read-ahead window, pages (mm/readahead.c) */
	u32 mmap_miss;
	u32 ra_pages; /* read_ahead_kb when it was opened; 0: nothing is read ahead */
	u32 wb_err;   /* that of the inode as whoever has it open knows it */
	u64 prev_pos; /* behind the last byte read(2); UINT64_MAX: nothing was read */
};

enum inode_kind { INODE_REGULAR, INODE_SHMEM, INODE_DEVICE, INODE_HUGETLB, INODE_DIRECTORY };

#define INODE_NORESERVE 1u /* shmem: charged page by page instead of by its size */
#define INODE_FOREIGN	2u /* of the machine this one is the twin of: no path leads to it */
#define INODE_LINKED	4u /* in a directory of the disk (namei.h) */
#define INODE_SWAPFILE	8u /* in use as swap: stays as it is, under its name */

struct inode {
	u64 size; /* bytes */
	u64 ino;
	u32 dev_major, dev_minor;
	u32 nrpages; /* in the page cache */
	u32 nrdirty;
	u32 nrswapped;	     /* shared memory: in swap */
	u32 users;	     /* files and directory entries that hold it */
	handle_t pages;	     /* sparse index: page offset -> PFN (xarray.h) */
	handle_t i_mmap;     /* tree of shared and private file mappings */
	handle_t name;	     /* path text, in mm_state.names */
	handle_t next, prev; /* all files, in order of creation */
	handle_t hash_next;  /* same bucket of the path table */
	u32 name_slots;
	u8 kind;			     /* enum inode_kind */
	u8 deleted : 1;			     /* no path leads to it: maps says "(deleted)" */
	u16 flags;			     /* INODE_* */
	u64 nr_shmem_charged;		     /* pages of Committed_AS that it holds */
	u64 dirtied_when, dirtied_time_when; /* ns */
	u64 writeback_index;		     /* where the flusher goes on */
	handle_t wb_next, wb_prev;
	u8 dirty_state; /* I_DIRTY_* (writeback.h): what of it is new beside its pages */
	u8 wb_list;	/* enum wb_list_id */
	/* Of the disk's files and directories (namei.h). Times: ns since the epoch. */
	handle_t extents; /* tree of struct disk_extent: which pages have a place on the disk */
	u32 mode, uid, gid;
	u64 blocks; /* pages of the disk that it takes */
	s64 mtime, ctime;
	handle_t parent;		  /* directory; 0: the root */
	handle_t first_child, last_child; /* of a directory, in the order in which they came */
	handle_t sibling_next, sibling_prev;
	u32 nr_children, nr_subdirs;
	handle_t shared_policy; /* shared memory: struct shared_policy; 0: none */
	u32 wb_err;		/* failed writes, and whether the last was told of (writeback.h) */
	u64 position;		/* among its siblings: only grows */
	u64 first_frame;	/* of a device: where its memory lies */
	/* Of the disk's, what is in memory of it: mm/dcache.h. */
	u32 nr_child_dentries;
	handle_t lru_next, lru_prev;
	u8 cached; /* DCACHE_* */
	/* Of huge pages (hugetlb.h); ->pages is indexed by huge page. */
	u8 hstate;	   /* 1 + index of the size of its pages; 0: the default size */
	handle_t resv_map; /* which of its pages are reserved or there: set of bits */
};

/*
 * The way from an anonymous page back to its mappers. The first write fault of a mapping makes a
 * root; fork gives the child's mapping an anon_vma of its own, child of its parent's (or reuses one
 * whose mappings are gone), and enters the mapping into every anon_vma that its parent is in.
 */
struct anon_vma {
	handle_t root, parent;
	handle_t rb_root;    /* anon_vma_chain interval tree by page offset */
	u32 num_active_vmas; /* VMAs whose ->anon_vma is this one */
	u32 num_children;    /* child anon_vmas, and itself for a root */
	u32 nr_chains;	     /* anon_vma_chain entries that point here */
	u32 refs;	     /* 1 while there are such, and one for each child of a root */
	u32 reserved;
};

/* "This VMA may have pages of that anon_vma." */
struct anon_vma_chain {
	handle_t vma, anon_vma;
	handle_t next; /* next of the same VMA, the oldest first */
	struct treap_node rb;
	u64 subtree_last; /* largest last page offset in this subtree */
};

#define INODE_HASH_BUCKETS 1024u

/* Page cache nodes that hold nothing but shadows, the oldest first (xarray.h). */
struct shadow_nodes {
	handle_t head, tail;
	u64 nr;
};

/* Files of the disk that memory pressure may make the kernel forget, the longest unused first
 * (mm/dcache.h). */
struct inode_lru {
	handle_t head, tail;
	u64 nr;
};

struct mm_state {
	struct pool mms, vmas, vma_nodes, anon_vmas, anon_vma_chains, files, inodes, names;
	struct pool tables, pte_chunks, dir_chunks; /* page tables: mm/pgtable.h */
	struct pool huge_ptes;			    /* entries of huge pages */
	struct pool resv_maps;			    /* of private mappings of huge pages */
	struct pool xa_nodes;			    /* page cache indexes */
	struct pool pins;
	struct xa_leaf xa_leaf; /* the last that a walk found */
	u64 xa_freed;		/* nodes, ever */
	struct shadow_nodes shadow_nodes;
	s64 committed_as; /* pages: Committed_AS; see vm_committed_as() */
	pfn_t zero_page;
	pfn_t vdso_page; /* first of VDSO_PAGES */
	struct pool disk_extents;
	struct pool heaps, heap_chunks; /* of simulated C libraries */
	struct inode root; /* the disk's root directory: handle 0, no object of any cache */
	handle_t blockdev; /* the disk as a device: its page cache is Buffers; 0: not used yet */
	handle_t program;  /* what every simulated process runs */
	handle_t device_first; /* devices that were mapped, by sibling_next */
	u32 nr_devices;
	u64 next_position; /* of an entry in its directory */
	struct inode_lru dentry_lru, inode_lru;
	u64 nr_disk_inodes; /* files and directories that have a name */
	u64 next_ino, next_shmem_ino, next_hugetlb_ino;
	u64 shmem_ino[NR_CPUS_MAX]; /* inode numbers for shared memory come in batches per CPU */
	handle_t inode_head, inode_tail; /* all files: named, deleted but held, shared memory */
	handle_t inode_hash[INODE_HASH_BUCKETS];
	handle_t evict_head; /* by hash_next: files that go batch by batch (mm/inode.c) */
	bool evict_later;
	handle_t mm_head, mm_tail;
	u64 nr_mms_made;
	union {
		struct {
			u32 fail_nth; /* fault injection for tests: 1: the next allocation here fails */
			u32 nr_policies; /* memory policies that are in use (mempolicy.h) */
		};
		u64 not_plain; /* any of these: an allocation has to look */
	};
};

#define VDSO_PAGES 2u

/* pool_at() with the object's size known to the compiler: these are on the way of every fault */
#define mm_at(m, h)	  ((struct mm *)(void *)(m)->mms.mms.base + (h))
#define vma_at(m, h)	  ((struct vma *)(void *)(m)->mms.vmas.base + (h))
#define vma_node_at(m, h) ((struct vma_node *)(void *)(m)->mms.vma_nodes.base + (h))
#define file_at(m, h)	  ((struct file *)(void *)(m)->mms.files.base + (h))
#define inode_at(m, h)	  ((struct inode *)(void *)(m)->mms.inodes.base + (h))
#define anon_vma_at(m, h) ((struct anon_vma *)(void *)(m)->mms.anon_vmas.base + (h))
#define avc_at(m, h)	  ((struct anon_vma_chain *)(void *)(m)->mms.anon_vma_chains.base + (h))

_Static_assert(sizeof(struct mm) % 8 == 0 && sizeof(struct vma) % 8 == 0 &&
		       sizeof(struct file) % 8 == 0 && sizeof(struct inode) % 8 == 0 &&
		       sizeof(struct anon_vma) % 8 == 0 && sizeof(struct anon_vma_chain) % 8 == 0,
	       "pools round object sizes up to 8 bytes");
_Static_assert(sizeof(struct vma) == 128 && offsetof(struct vma, shared_last) == 64 &&
		       sizeof(struct vma_node) == 512,
	       "one cache line of each VMA is enough for nearly all, and eight are a node");

/** mm_init() - pools, zero page, overcommit reserves. 0 or -ENOMEM. mm_destroy(): all of it
 * goes. */
int mm_init(struct machine *m);
void mm_destroy(struct machine *m);

/* ---- the calls (mm/mmap.c, munmap.c, mprotect.c, mremap.c, mincore.c, madvise.c, mlock.c, msync.c,
 * unmapped_area.c): 0 or -errno ----
 *
 * After an error nothing has changed, but for what Linux itself leaves behind: calls on a range
 * work VMA by VMA and stop at the first that refuses (mprotect, mlock, madvise), and mmap at a
 * fixed address has unmapped what was there before it looks at the overcommit limit.
 */

struct mmap_request {
	u64 addr;	/* hint, or the place if fixed; 0: top-down below mmap_base */
	u64 length;	/* bytes */
	u32 prot;	/* VM_READ | VM_WRITE | VM_EXEC */
	u32 map;	/* MAPF_* */
	handle_t inode; /* file mappings; 0: anonymous */
	u64 offset;	/* bytes, page aligned */
};

#define MAPF_SHARED	     1u
#define MAPF_FIXED	     2u
#define MAPF_NORESERVE	     4u
#define MAPF_POPULATE	     8u
#define MAPF_LOCKED	     16u
#define MAPF_GROWSDOWN	     32u
#define MAPF_STACK	     64u
#define MAPF_FIXED_NOREPLACE 128u
#define MAPF_HUGETLB_2M	     256u
#define MAPF_HUGETLB_1G	     512u
#define MAPF_HUGETLB	     1024u /* of the default size */
#define MAPF_ANY_HUGETLB     (MAPF_HUGETLB | MAPF_HUGETLB_2M | MAPF_HUGETLB_1G)
#define MAPF_SAME_FILE	     2048u /* the open file of a neighbour that is of the same inode */
#define DEVICE_NAME_MAX	     23u

/** do_mmap() - mmap(2). A shared mapping without PROT_WRITE is of a file opened read-only. */
int do_mmap(struct machine *m, handle_t task, const struct mmap_request *rq, u64 *addr);
/** do_munmap() - munmap(2). -EINVAL: not at a page, nothing, or beyond task_size(); -ENOMEM: a VMA
 * would have to be split, and there are max_map_count of them. */
int do_munmap(struct machine *m, handle_t task, u64 addr, u64 length);
/** do_mprotect() - mprotect(2); @prot: VM_READ | VM_WRITE | VM_EXEC. -EINVAL; -ENOMEM: a hole, or
 * Committed_AS would be too large; -EACCES: a shared mapping of a file that is not open for
 * writing; -EINTR. */
int do_mprotect(struct machine *m, handle_t task, u64 addr, u64 length, u32 prot);
/** do_mremap() - do_mremap_to() with no flag but MREMAP_MAYMOVE. */
int do_mremap(struct machine *m, handle_t task, u64 addr, u64 old_length, u64 new_length,
	      bool maymove, u64 *new_addr);

struct mremap_request {
	u64 addr, old_length, new_length; /* bytes */
	u64 new_addr;			  /* with MREMAPF_FIXED */
	u32 flags;			  /* MREMAPF_* */
};

#define MREMAPF_MAYMOVE	  1u
#define MREMAPF_FIXED	  2u
#define MREMAPF_DONTUNMAP 4u

/** do_mremap_to() - mremap(2) with all its flags. */
int do_mremap_to(struct machine *m, handle_t task, const struct mremap_request *rq, u64 *new_addr);
/** do_mincore() - mincore(2): @tell hears of each page of the range, counted from 0, in order.
 * -EINVAL, -ENOMEM (a hole; what lies below it was told), -EINTR. */
int do_mincore(struct machine *m, handle_t task, u64 addr, u64 length,
	       void (*tell)(void *arg, u64 page, bool incore), void *arg);
/** do_brk() - sbrk(3); *@brk: the break afterwards. -ENOMEM. */
int do_brk(struct machine *m, handle_t task, s64 delta, u64 *brk);
/** do_madvise() - @advice: "dontneed", "free", "willneed", "cold", "pageout", "sequential", ... the
 * names of MADV_* in lower case, with or without '_' between words. -EINVAL when it is none. */
int do_madvise(struct machine *m, handle_t task, u64 addr, u64 length, const char *advice);
/** do_mlock() - mlock2(2), with MLOCK_ONFAULT if @onfault, or munlock(2). -EPERM: RLIMIT_MEMLOCK is
 * 0; -ENOMEM: more than it allows, or a hole; -EAGAIN: not all pages could be had; -EINTR. */
int do_mlock(struct machine *m, handle_t task, u64 addr, u64 length, bool lock, bool onfault);
/** do_mlockall() - mlockall(2) with MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT as said, or munlockall(2).
 * -EINVAL: none of the first two; -EPERM, -ENOMEM, -EINTR: as do_mlock(). */
int do_mlockall(struct machine *m, handle_t task, bool current, bool future, bool onfault,
		bool lock);
/* Flags of msync(2), as it numbers them. */
#define MSYNC_ASYNC	 1u /* nothing to do: the flushers come by themselves */
#define MSYNC_INVALIDATE 2u /* nothing to do, but locked pages are refused */
#define MSYNC_SYNC	 4u /* write, wait, tell of errors */

/** do_msync() - msync(2) of a range. 0, -EINVAL (@addr is not aligned, or not these flags together),
 * -EBUSY (MSYNC_INVALIDATE of locked memory), -ENOMEM (holes), -EIO, -EINTR. */
int do_msync(struct machine *m, handle_t task, u64 addr, u64 length, u32 flags);
/** get_unmapped_area() - where mmap would put @length bytes; -ENOMEM, -EINVAL, -EPERM. */
int get_unmapped_area(struct machine *m, handle_t task, const struct mmap_request *rq, u64 *addr);

/**
 * vma_install() - put a mapping in place without asking any limit (execve, the twin of a real
 * process): [@start, @end) must be free. VM_ACCOUNT in @flags charges Committed_AS. @inode: file
 * behind it, 0 for none; @pgoff: pages. Merges with neighbours as mmap would. -ENOMEM, -EEXIST.
 */
int vma_install(struct machine *m, handle_t mm, u64 start, u64 end, u32 flags, enum vma_kind kind,
		handle_t inode, u64 pgoff);

/* ---- finding mappings (mm/vma.c) ---- */

/** find_vma() - first VMA with @addr < end, 0 if none; find_vma_exact() - the one that holds
 * @addr. */
handle_t find_vma(struct machine *m, handle_t mm, u64 addr);
handle_t find_vma_exact(struct machine *m, handle_t mm, u64 addr);
/** vma_kind() - what maps calls it: [heap] and [stack] are where brk and the stack are now,
 * whatever mapping that may be. */
enum vma_kind vma_kind(const struct machine *m, const struct vma *v);

/** vma_pages() - how many it spans. */
static inline u64 vma_pages(const struct vma *v)
{
	return (v->end - v->start) >> PAGE_SHIFT;
}

/** vma_is_anonymous() - no file behind it, and none of the kernel's own pages. */
static inline bool vma_is_anonymous(const struct vma *v)
{
	return !v->file && v->kind != VMA_VDSO && v->kind != VMA_VVAR;
}

/* ---- devices that are mapped (mm/chardev.c) ---- */

/** device_get() - the device /dev/@name, made with @bytes of memory of its own if there is none yet
 * (dev=NAME). -EINVAL: it has less; -ENOSPC: no room behind the PCI bridge; -ENAMETOOLONG,
 * -ENOMEM. */
int device_get(struct machine *m, const char *name, u64 bytes, handle_t *inode);
/** device_undo() - the newest device was made for a mapping that could not be had: it goes
 * again. */
void device_undo(struct machine *m, handle_t inode);

/* ---- faults and access (mm/memory.c) ---- */

enum vm_fault {
	VM_FAULT_DONE,
	VM_FAULT_MAJOR,
	VM_FAULT_OOM,
	VM_FAULT_SIGSEGV,
	VM_FAULT_SIGBUS,
	VM_FAULT_PENDING
};

/** handle_mm_fault() - make @addr of @task readable or writable. Counts pgfault, min_flt... */
enum vm_fault handle_mm_fault(struct machine *m, handle_t task, u64 addr, bool write);

/** mm_access() - one load or store as a CPU does it: page table first (sets accessed and dirty),
 * a fault if need be. A fault that cannot be served sends the signal. 0, or -EFAULT/-ENOMEM. */
int mm_access(struct machine *m, handle_t task, u64 addr, bool write);

/** mm_access_range() - touch [addr, addr+length) once per page in order with a safe point between
 * pages; -EINTR when interrupted or the process died. *@pages: pages touched. */
int mm_access_range(struct machine *m, handle_t task, u64 addr, u64 length, bool write, u64 *pages);

/** mm_access_list() - the accesses of a trace, in its order, with a safe point after each:
 * addresses, of stores with ACCESS_STORE (lab.h). As they are known before they are made the host
 * looks ahead. *@done: made. */
int mm_access_list(struct machine *m, handle_t task, const u64 *addr, u64 nr, u64 *done);

/** mm_access_stream() - @count accesses of a stream (lab.h) with a safe point after each; *@done:
 * made. As mm_access_range(). */
struct access_stream;
int mm_access_stream(struct machine *m, handle_t task, struct access_stream *s, u64 count,
		     u64 *done);

/* ---- whole address spaces (mm/mm.c) ---- */

/** mm_create() - an address space without a mapping, of one user. -ENOMEM. */
int mm_create(struct machine *m, handle_t *mm);
/** mm_dup() - fork: a copy, shared until one side writes, charged; with safe points. It has no
 * owner yet. -ENOMEM, -EINTR: the running command is to end, and the process of @from may be
 * gone. */
int mm_dup(struct machine *m, handle_t from, handle_t *mm);
/** mm_put() - one user less; with the last one all mappings go. */
void mm_put(struct machine *m, handle_t mm);
/** mm_put_slowly() - the same by a command: what is large goes in batches with safe points between.
 * Stopped or not, it goes. */
void mm_put_slowly(struct machine *m, handle_t mm);
/** mm_is_live() - is @mm still the address space with this id? After others were let in. */
bool mm_is_live(const struct machine *m, handle_t mm, u64 id);

/** mm_rss() - resident pages now; mm_hiwater_rss(), mm_hiwater_vm(): the most pages there ever
 * were, resident (VmHWM) and mapped (VmPeak). Source: proc(5), /proc/pid/status. */
static inline u64 mm_rss(const struct mm *mm)
{
	s64 n = mm->rss[MM_FILEPAGES] + mm->rss[MM_ANONPAGES] + mm->rss[MM_SHMEMPAGES];

	return n > 0 ? (u64)n : 0;
}

static inline u64 mm_hiwater_rss(const struct mm *mm)
{
	return mm->hiwater_rss > mm_rss(mm) ? mm->hiwater_rss : mm_rss(mm);
}

static inline u64 mm_hiwater_vm(const struct mm *mm)
{
	return mm->hiwater_vm > mm->total_vm ? mm->hiwater_vm : mm->total_vm;
}

/** mm_pgtables_pages() - VmPTE, in pages. */
static inline u64 mm_pgtables_pages(const struct mm *mm)
{
	return (u64)mm->nr_ptes + mm->nr_pmds + mm->nr_puds;
}

/* ---- long-term pins (mm/gup.c) ---- */

/**
 * pin_user_pages() - the pages of the range stay where they are until they are unpinned, whatever
 * happens to the mapping: a device may use them. Faults them in, for writing where the mapping
 * allows that, and moves them out of ZONE_MOVABLE first. Counts NR_FOLL_PIN_ACQUIRED and VmPin. All
 * of them or none.
 * -EFAULT: not mapped, or no memory behind it; -ENOMEM: RLIMIT_MEMLOCK, no memory outside
 * ZONE_MOVABLE, or 1022 pins of one page; -EINTR. Source:
 * Documentation/core-api/pin_user_pages.rst.
 */
int pin_user_pages(struct machine *m, handle_t task, u64 addr, u64 length);
/** unpin_user_pages() - what is pinned in the range is let go, the last pin of a page first; how
 * many. A page that nobody maps any more is freed then. */
u64 unpin_user_pages(struct machine *m, handle_t mm, u64 addr, u64 length);

/* ---- overcommit (mm/util.c) ---- */
/* vm.overcommit_memory */
enum { OVERCOMMIT_GUESS, OVERCOMMIT_ALWAYS, OVERCOMMIT_NEVER };

/** vm_enough_memory() - charge @pages to Committed_AS if the mode allows; -ENOMEM. @cap_sys_admin:
 * the caller is root. Source: Documentation/mm/overcommit-accounting.rst. */
int vm_enough_memory(struct machine *m, handle_t mm, s64 pages, bool cap_sys_admin);
/** vm_unacct_memory() - takes such a charge back. vm_commit_limit(): CommitLimit, pages. */
void vm_unacct_memory(struct machine *m, s64 pages);
u64 vm_commit_limit(const struct machine *m);
/** vm_committed_as() - Committed_AS, pages. */
static inline u64 vm_committed_as(const struct mm_state *s)
{
	return s->committed_as > 0 ? (u64)s->committed_as : 0;
}
/** overcommit_init() - admin_reserve_kbytes and user_reserve_kbytes from what is free at boot. */
void overcommit_init(struct machine *m);
/** total_swap_pages(), free_swap_pages() - of all areas together: SwapTotal and SwapFree.
 * total_hugetlb_pages(): in the pools of huge pages, as 4 KiB pages, which no limit of overcommit
 * counts. */
u64 total_swap_pages(const struct machine *m);
u64 free_swap_pages(const struct machine *m);
u64 total_hugetlb_pages(const struct machine *m);

/* ---- looking at an address space (mm/pagewalk.c) ---- */

/* A page table entry as readers see it. soft_dirty is the entry's own: pagemap shows it also for
 * every page of a VMA with VM_SOFTDIRTY. exclusive: mapped once (bit 56 of pagemap). */
struct pte_info {
	bool present, swapped, write, dirty, accessed, soft_dirty, zero_page, file, exclusive;
	pfn_t pfn;
	u64 swap_offset;
	u32 swap_type;
};

/** pte_lookup() - the entry for @addr; false where no table exists. */
bool pte_lookup(struct machine *m, handle_t mm, u64 addr, struct pte_info *out);

#define PSS_SHIFT 12u /* fraction bits of proportional sizes */

/* Sums over [start, end) of one VMA, bytes unless said otherwise: the lines of smaps. */
struct vma_stats {
	u64 rss, pss /* bytes << 12 */, pss_anon, pss_file, pss_shmem, pss_dirty, pss_locked;
	u64 shared_clean, shared_dirty, private_clean, private_dirty;
	u64 referenced, anonymous, lazyfree, anonymous_thp, shmem_thp, file_thp, swap, swap_pss;
	u64 shared_hugetlb, private_hugetlb, locked, ksm;
	/* numa_maps */
	u64 node_pages[MAX_NUMNODES], dirty_pages, mapcount_max, anon_pages, writeback_pages,
		active_pages, swapcache_pages;
};

/** vma_gather_stats() - of a whole VMA. vma_gather_range(): adds a part of it, [@start, @end), to
 * @out. Source: proc(5), /proc/pid/smaps and numa_maps. */
void vma_gather_stats(struct machine *m, handle_t vma, struct vma_stats *out);
void vma_gather_range(struct machine *m, handle_t vma, u64 start, u64 end, struct vma_stats *out);

/* What is written to clear_refs: whose pages lose their referenced bits, or what else is
 * cleared. */
enum clear_refs_type {
	CLEAR_REFS_ALL = 1,
	CLEAR_REFS_ANON,
	CLEAR_REFS_MAPPED,
	CLEAR_REFS_SOFT_DIRTY,
	CLEAR_REFS_MM_HIWATER_RSS
};

/** clear_refs() - what writing @type to clear_refs does; with safe points. Source: proc(5),
 * /proc/pid/clear_refs; Documentation/admin-guide/mm/soft-dirty.rst. */
void clear_refs(struct machine *m, handle_t mm, enum clear_refs_type type);

/* ---- reverse mapping (mm/rmap.c) ---- */
/** rmap_walk() - call @fn for each page table entry that maps @pfn, until it returns false. */
void rmap_walk(struct machine *m, pfn_t pfn,
	       bool (*fn)(struct machine *m, handle_t vma, u64 addr, void *arg), void *arg);
/** page_referenced() - how many entries have the accessed bit, which is cleared; *@vm_flags: of the
 * VMAs that referenced it (VM_LOCKED, VM_EXEC). A page with PG_young counts once more. */
u32 page_referenced(struct machine *m, pfn_t pfn, u32 *vm_flags);
/** try_to_unmap() - take @pfn out of every page table; dirty bits go to the page. @swap: the entry
 * that an anonymous page leaves behind, 0 if it has none (then only a clean MADV_FREE page goes).
 * False if it is still mapped: locked, dirty again, or no entry given. */
bool try_to_unmap(struct machine *m, pfn_t pfn, u64 swap);
/** page_mkclean() - write-protect a file page everywhere; true if an entry was dirty. */
bool page_mkclean(struct machine *m, pfn_t pfn);

/* ---- files and their page cache (mm/inode.c, mm/filemap.c, mm/shmem.c) ---- */
/** inode_create() - a file of @size bytes named @path (as maps shows it), all of it on the disk. It
 * is in the directory that @path names, if there is one; else no listing shows it. -EEXIST,
 * -ENOMEM, -ENOSPC. */
int inode_create(struct machine *m, const char *path, u64 size, enum inode_kind kind,
		 handle_t *out);
/** inode_lookup() - the file of that name, 0 if there is none; inode_path(): its name. inode_put():
 * one holder less; the last one takes a file without a name along. */
handle_t inode_lookup(const struct machine *m, const char *path);
const char *inode_path(const struct machine *m, handle_t inode);
void inode_put(struct machine *m, handle_t inode);
/** inode_unlink() - the path is gone; the pages go when nobody maps or holds the file any more. */
void inode_unlink(struct machine *m, handle_t inode);
/* What fallocate(2) does to a range of a file: vfs_fallocate() (namei.h). */
enum fallocate_how { FALLOCATE_GROW, FALLOCATE_KEEP_SIZE, FALLOCATE_PUNCH };

/** inode_truncate() - set the size; pages behind it are unmapped everywhere and dropped. */
void inode_truncate(struct machine *m, handle_t inode, u64 size);
/** filemap_get_page() - page @index of @inode in the page cache; @create: read in if need be (one
 * page, no read-ahead). PFN_NONE: not there, or no memory. */
pfn_t filemap_get_page(struct machine *m, handle_t inode, u64 index, bool create);
/** invalidate_mapping_pages() - drop what is clean, unmapped and not shared memory; pages
 * dropped. */
u64 invalidate_mapping_pages(struct machine *m, handle_t inode, u64 first, u64 last);
/** drop_pagecache() - the same for every file: vm.drop_caches=1. */
void drop_pagecache(struct machine *m);

/* ---- their dirty pages (mm/page_writeback.c) ---- */
/** filemap_fdatawrite() - start writing the dirty pages [@first, @last] of @inode, which the
 * caller holds: a large one has safe points; how many. Who must know them written:
 * filemap_fdatawait(), vfs_fsync_range() (writeback.h). */
u64 filemap_fdatawrite(struct machine *m, handle_t inode, u64 first, u64 last);
/** page_set_dirty() - the page's contents differ from the disk's: counts and tags it. */
void page_set_dirty(struct machine *m, pfn_t pfn);

/* ---- LRU (mm/swap.c) ---- */
/** lru_add() - on the list that the page's flags say: PG_active, PG_swapbacked (anonymous lists),
 * PG_unevictable (counted, on no list: ->next is then the number of VMAs that lock it). */
void lru_add(struct machine *m, pfn_t pfn);
/** lru_del() - off it again. activate_page(): from an inactive list to the head of the active one
 * (PGACTIVATE). */
void lru_del(struct machine *m, pfn_t pfn);
void activate_page(struct machine *m, pfn_t pfn);
/** mark_page_accessed() - inactive, inactive and referenced, active: one step. */
void mark_page_accessed(struct machine *m, pfn_t pfn);

#endif
