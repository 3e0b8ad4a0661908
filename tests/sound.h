/* sound.h - are the engine's invariants kept? Each that is not is a remark. */
#ifndef TESTS_SOUND_H
#define TESTS_SOUND_H

#include <mman/machine.h>

/** is_sound() - a check: every invariant holds @when ("after the process has ended"). */
bool is_sound(struct machine *m, const char *when);

/** count_violations() - the same without a check, between the steps of a random test: how many do
 * not hold. @when, a format, says where it is: count_violations(m, "step %u", step). */
unsigned int count_violations(struct machine *m, const char *when, ...)
	__attribute__((format(printf, 2, 3)));

#endif
