/* Are the engine's invariants kept? (sound.h) */
#include "tests/sound.h"

#include <stdarg.h>
#include <stdio.h>

#include "tests/tap.h"

static void report(void *when, const char *line)
{
	diag("%s: %s", (const char *)when, line);
}

bool is_sound(struct machine *m, const char *when)
{
	return is_int(count_violations(m, "%s", when), 0, "every invariant holds %s", when);
}

unsigned int count_violations(struct machine *m, const char *when, ...)
{
	char place[128];
	va_list args;

	va_start(args, when);
	vsnprintf(place, sizeof(place), when, args);
	va_end(args);
	return machine_check(m, report, place);
}
