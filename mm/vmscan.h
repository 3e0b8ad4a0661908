/*
 * vmscan.h - reclaim, as the page allocator calls it.
 */
#ifndef MM_VMSCAN_H
#define MM_VMSCAN_H

#include <mman/machine.h>

#define SWAP_CLUSTER_MAX 32u
#define DEF_PRIORITY	 12

/** wakeup_kswapd() - @z has too little for requests of @order that may use zones up to @highest. */
void wakeup_kswapd(struct machine *m, struct zone *z, unsigned int order, enum zone_type highest);

/** try_to_free_pages() - direct reclaim from the nodes of @n's zonelist that are in @nodemask (0: all),
 * zones up to @highest. Takes virtual time. Returns pages freed. */
u64 try_to_free_pages(struct machine *m, const struct pglist_data *n, u64 nodemask, gfp_t gfp,
		      unsigned int order, enum zone_type highest);

/** node_reclaim() - zone_reclaim_mode: drop local page cache; were 2^@order pages freed? */
bool node_reclaim(struct machine *m, struct pglist_data *n, gfp_t gfp, unsigned int order);

/** zone_reclaimable_pages() - pages of @z that reclaim might free. */
u64 zone_reclaimable_pages(const struct machine *m, const struct zone *z);

#endif
