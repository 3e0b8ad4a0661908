/* check_psi.c - the invariants of pressure stall information. */
#include "mm/check.h"

static const char *const names[NR_PSI_RESOURCES] = { "cpu", "io", "memory" };

static void check_stretches(struct check *c, const char *what, struct psi_stretches *s)
{
	u32 i;

	if (s->nr > PSI_STRETCHES)
		check_fail(c, "pressure, %s: %u stretches", what, s->nr);
	for (i = 0; i < s->nr && i < PSI_STRETCHES; i++) {
		const struct psi_stretch *t = psi_stretch(s, i);

		if (t->start >= t->end || (i && psi_stretch(s, i - 1)->end >= t->start))
			check_fail(c, "pressure, %s: stretch %u is out of order", what, i);
	}
}

/* No more time can have been stalled than there was, up to the end of the last stall. */
static void check_line(struct check *c, u32 r, u32 kind)
{
	struct psi_state *s = &c->m->psi;
	struct psi_stretches *t = &s->stalled[r][kind];
	const struct psi_line *line = &s->line[r][kind];
	u64 last = max_t(u64, c->m->clock.now, t->nr ? psi_stretch(t, t->nr - 1)->end : 0);
	u32 i;

	check_stretches(c, names[r], t);
	if (kind == PSI_FULL && !s->apart[r] && t->nr)
		check_fail(c, "pressure, %s: stretches of what is not apart", names[r]);
	if (line->total_ns > last)
		check_fail(c, "%s pressure: more stalled than time went by", names[r]);
	if (s->averaged_ns[r][kind] > line->total_ns)
		check_fail(c, "%s pressure: the averages have seen more than there was", names[r]);
	for (i = 0; i < 3; i++)
		if (line->avg[i] > (u64)100 << PSI_AVG_SHIFT)
			check_fail(c, "%s pressure: an average above 100 %%", names[r]);
}

void check_psi(struct check *c)
{
	struct psi_state *s = &c->m->psi;
	u32 r, kind, n = 0;
	handle_t h;

	for (r = 0; r < NR_PSI_RESOURCES; r++) {
		for (kind = 0; kind < NR_PSI_KINDS; kind++)
			check_line(c, r, kind);
		if (s->line[r][PSI_FULL].total_ns > s->line[r][PSI_SOME].total_ns)
			check_fail(c, "%s pressure: more full than some", names[r]);
	}
	check_stretches(c, "work", &s->worked);
	for (h = 1; h < s->triggers.nr_slots; h++) {
		const struct psi_trigger *t = pool_at(&s->triggers, h);

		n += t->window != 0;
		if (t->window && !t->active_until == event_pending(c->m, EVENT_PSI, h))
			check_fail(c, "pressure trigger %u: %s", h,
				   t->active_until ? "nobody checks it" : "checked in its sleep");
	}
	check_equal(c, "pressure triggers", n, s->nr_triggers);
}
