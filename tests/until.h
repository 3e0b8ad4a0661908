/* until.h - waiting for another thread. */
#ifndef TESTS_UNTIL_H
#define TESTS_UNTIL_H

#include <time.h>

/* Gives other threads time until @cond holds; a test that waits in vain is ended by its time
 * limit. */
#define until(cond)                                             \
	do {                                                    \
		struct timespec pause_ = { .tv_nsec = 200000 }; \
                                                                \
		while (!(cond))                                 \
			nanosleep(&pause_, NULL);               \
	} while (0)

#endif
