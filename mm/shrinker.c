/*
 * shrinker.c - the share of a shrinker (shrinker.h).
 */
#include "mm/shrinker.h"

#define DEFAULT_SEEKS \
	2u /* making an object anew costs so many reads, of the 4 that a page is thought worth */

u64 shrinker_scan(struct machine *m, u64 freeable, u64 batch, int priority, u64 *deferred)
{
	u64 delta, total, scanned = 0;

	if (!freeable)
		return 0;
	delta = (freeable >> priority) * 4 / DEFAULT_SEEKS;
	total = min_t(u64, (*deferred >> priority) + delta, 2 * freeable);
	while (total && (total >= batch || total >= freeable)) {
		u64 step = min_t(u64, batch, total);

		scanned += step;
		total -= step;
	}
	count_vm_events(m, SLABS_SCANNED, scanned);
	*deferred += delta;
	*deferred = min_t(u64, *deferred > scanned ? *deferred - scanned : 0, 2 * freeable);
	return scanned;
}
