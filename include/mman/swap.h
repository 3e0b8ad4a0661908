/*
 * swap.h - swap areas: devices and files that memory can be written to.
 *
 * swapon(2) and swapoff(2) with their priorities and sums. Areas are numbered by the lowest free slot;
 * the slots inside an area are handed out by reclaim, which is a later part of the engine: until
 * then nothing is ever written to an area and used_pages stays 0.
 * Source: swapon(2), Documentation/filesystems/proc.rst (swaps).
 */
#ifndef MMAN_SWAP_H
#define MMAN_SWAP_H

#include <mman/types.h>

#define MAX_SWAPFILES 23u /* 32 types less those for devices, migration, poison and markers */
#define SWAP_NAME_MAX 48u
#define SWAP_PRIO_MAX 32767

struct swap_area {
	char path[SWAP_NAME_MAX]; /* as proc/swaps shows it: /dev/NAME or /NAME */
	u64 pages;		  /* usable: one less than the area has, for the header */
	u64 used_pages;
	s32 prio;
	bool in_use, file;
};

struct swap_state {
	struct swap_area area[MAX_SWAPFILES];
	u64 total_pages, used_pages;
	s32 least_priority; /* of the automatic ones: -1 - how many were given */
};

/**
 * swapon() - use a device or file of @bytes at @path as swap. @prio: 0 to SWAP_PRIO_MAX, or -1 for
 * the next automatic one. 0, -EBUSY (in use already), -EINVAL (too small, bad priority), -EPERM (no
 * type left), -ENAMETOOLONG.
 */
int swapon(struct machine *m, const char *path, u64 bytes, s32 prio, bool file);

/** swapoff() - stop using it. 0, -EINVAL (not in use), -ENOMEM (overcommit would be broken). */
int swapoff(struct machine *m, const char *path);

/** swap_init() - the areas that the machine file has on. 0 or -errno. */
int swap_init(struct machine *m);

#endif
