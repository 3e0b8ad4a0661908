/*
 * compaction_suitable.c - is it worth trying, and not too soon?
 *
 * Compaction needs free pages to move others to, so a zone must have its watermark's worth and
 * twice the block besides. For costly orders the fragmentation index decides as well: at
 * extfrag_threshold and below it is memory that is wanting, and reclaim that would help.
 *
 * A run over the whole zone that brought nothing defers the next ones: 1, 3, 7, ... 63 requests of
 * that order and above are turned away before the next is tried. A success ends that.
 *
 * Source: Documentation/admin-guide/sysctl/vm.rst (extfrag_threshold); the keys of the kernel's
 * mm_compaction_defer_* tracepoints.
 */
#include "mm/compaction.h"

const char *compact_result_name(enum compact_result result)
{
	static const char *const names[NR_COMPACT_RESULTS] = {
		[COMPACT_NOT_SUITABLE_ZONE] = "not_suitable_zone",
		[COMPACT_SKIPPED] = "skipped",
		[COMPACT_DEFERRED] = "deferred",
		[COMPACT_NO_SUITABLE_PAGE] = "no_suitable_page",
		[COMPACT_CONTINUE] = "continue",
		[COMPACT_COMPLETE] = "complete",
		[COMPACT_PARTIAL_SKIPPED] = "partial_skipped",
		[COMPACT_CONTENDED] = "contended",
		[COMPACT_SUCCESS] = "success",
	};

	return names[result];
}

enum compact_result compaction_enough(const struct machine *m, const struct zone *z, s32 order,
				      unsigned int alloc_flags, enum zone_type highest, u64 free)
{
	s64 needs;

	if (order == -1)
		return COMPACT_CONTINUE;
	if (zone_watermark_ok(m, z, (unsigned int)order,
			      wmark_pages(z, alloc_flags & ALLOC_WMARK_MASK), highest, alloc_flags))
		return COMPACT_SUCCESS;
	needs = (s64)(wmark_pages(z, order > (s32)PAGE_ALLOC_COSTLY_ORDER ? WMARK_LOW : WMARK_MIN) +
		      compact_gap((u32)order) + z->lowmem_reserve[highest] +
		      z->nr_reserved_highatomic);
	return (s64)free > needs ? COMPACT_CONTINUE : COMPACT_SKIPPED;
}

enum compact_result compaction_suitable(struct machine *m, const struct zone *z, s32 order,
					unsigned int alloc_flags, enum zone_type highest)
{
	enum compact_result result = compaction_enough(m, z, order, alloc_flags, highest,
						       (u64)z->vm_stat[NR_FREE_PAGES]);
	s32 index;

	if (result == COMPACT_CONTINUE && order > (s32)PAGE_ALLOC_COSTLY_ORDER) {
		index = fragmentation_index(z, (u32)order);
		if (index >= 0 && index <= m->sysctl.extfrag_threshold)
			result = COMPACT_NOT_SUITABLE_ZONE;
	}
	if (order >= 0)
		trace_event(m, "mm_compaction_suitable node=%u zone=%s order=%d ret=%s", z->nid,
			    zone_name((enum zone_type)z->type), order, compact_result_name(result));
	return result == COMPACT_NOT_SUITABLE_ZONE ? COMPACT_SKIPPED : result;
}

/* ---- deferral ---- */

static void trace_defer(struct machine *m, const struct zone *z, s32 order, const char *event)
{
	const struct zone_compaction *c = &z->compact;

	trace_event(
		m, "mm_compaction_%s node=%u zone=%s order=%d order_failed=%d consider=%u limit=%u",
		event, z->nid, zone_name((enum zone_type)z->type), order, c->order_failed,
		c->considered, 1u << c->defer_shift);
}

void defer_compaction(struct machine *m, struct zone *z, s32 order)
{
	struct zone_compaction *c = &z->compact;

	c->considered = 0;
	c->defer_shift = min_t(u32, c->defer_shift + 1, COMPACT_MAX_DEFER_SHIFT);
	if (order < c->order_failed)
		c->order_failed = order;
	trace_defer(m, z, order, "defer_compaction");
}

bool compaction_deferred(struct machine *m, struct zone *z, s32 order)
{
	struct zone_compaction *c = &z->compact;
	u32 limit = 1u << c->defer_shift;

	if (order < c->order_failed)
		return false;
	if (++c->considered >= limit) {
		c->considered = limit;
		return false;
	}
	trace_defer(m, z, order, "deferred");
	return true;
}

void compaction_defer_reset(struct machine *m, struct zone *z, s32 order, bool success)
{
	struct zone_compaction *c = &z->compact;

	if (success)
		c->considered = c->defer_shift = 0;
	if (order >= c->order_failed)
		c->order_failed = order + 1;
	trace_defer(m, z, order, "defer_reset");
}

bool compaction_restarting(const struct zone *z, s32 order)
{
	const struct zone_compaction *c = &z->compact;

	return order >= c->order_failed && c->defer_shift == COMPACT_MAX_DEFER_SHIFT &&
	       c->considered >= 1u << c->defer_shift;
}
