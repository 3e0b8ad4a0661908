/* answers.h - what a side answered, in the order in which it did, and how two sides compare. */
#ifndef ORACLE_ANSWERS_H
#define ORACLE_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>

struct answer {
	unsigned int step;
	const char *text; /* the step; "" in answers that were read from a file */
	const char *with; /* "", "within ...", "ordered ..." */
	const char *answer;
};

struct answered_case {
	const char *area, *name;
	size_t first, nr; /* of ->answers */
	bool seen;
};

struct answers {
	struct answer *answers;
	size_t nr, room;
	struct answered_case *cases;
	size_t nr_cases, room_cases;
	unsigned long long seed;
	char kernel[256];
};

void answers_begin(struct answers *a, const char *area, const char *name);
void answers_add(struct answers *a, unsigned int step, const char *text, const char *with,
		 const char *answer);
/** answers_load() - a file that tests/oracle/run wrote; false: none, or not such a file. */
bool answers_load(struct answers *a, const char *path);
struct answered_case *answers_find(struct answers *a, const char *name);
void answers_free(struct answers *a);

enum verdict { EQUAL, TOLERATED, DIFFERENT };

/** compare_answer() - one line of answer, by the rules of its step. */
enum verdict compare_answer(const struct answer *ours, const char *kernel);
/** compare_order() - of all steps marked `ordered`: is the order of their numbers the same? */
bool compare_order(const struct answers *ours, const struct answered_case *c,
		   const struct answers *kernels, const struct answered_case *k);

#endif
