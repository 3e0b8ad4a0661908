/*
 * cgroups.c - which control group a process is in.
 *
 *	0::/user.slice/user-1000.slice       the unified hierarchy
 *	4:memory:/containers/1               one of those before it
 *
 * The machine has the unified hierarchy. Where the other has none, or nobody in it, the group that
 * limits memory counts, or else systemd's.
 */
#include "fs/twin/furnish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE_MAX 4095u

/* The path of the line for @controllers ("" of the unified one); empty: no such line, or the
 * root. */
static struct slice path_of(struct slice cgroup, const char *controllers)
{
	struct slice line, none = { "", 0 };

	while (slice_line(&cgroup, &line)) {
		struct slice names;

		slice_cut(&line, ':');
		names = slice_cut(&line, ':');
		if (!slice_is(names, controllers))
			continue;
		return line.size > 1 && line.size <= PATH_SIZE_MAX && *line.at == '/' ? line : none;
	}
	return none;
}

int twin_cgroup_of(struct twin *t, struct slice cgroup, handle_t *out)
{
	static const char *const hierarchies[] = { "", "memory", "name=systemd" };
	struct slice path = { "", 0 };
	struct twin_cgroup *grown;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hierarchies) && !path.size; i++)
		path = path_of(cgroup, hierarchies[i]);
	*out = 0;
	if (!path.size)
		return 0;
	for (i = t->nr_cgroups; i-- > 0;)
		if (t->cgroups[i].path.size == path.size &&
		    !memcmp(t->cgroups[i].path.at, path.at, path.size)) {
			*out = t->cgroups[i].text;
			return 0;
		}
	grown = realloc(t->cgroups, (t->nr_cgroups + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	t->cgroups = grown;
	*out = twin_cgroup(t->m, path.at, path.size);
	t->cgroups[t->nr_cgroups++] = (struct twin_cgroup){ path, *out };
	return *out ? 0 : -ENOMEM;
}
