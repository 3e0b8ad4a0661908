/*
 * fuzzer.h - what the fuzzers of the tree share: a machine with a journal, the list of files that
 * may be written to, commands that end after a number of steps, and the replay of it all.
 *
 *	fuzzer_power_on(&z, "tiny", preset_text("tiny"), seed);
 *	for (...) {
 *		fuzzer_arm(&z, steps);
 *		... tree_write(z.f.t, ...)
 *		fuzzer_settle(&z);
 *	}
 *	fuzzer_replays(&z);
 *	fuzzer_power_off(&z);
 */
#ifndef TESTS_FUZZER_H
#define TESTS_FUZZER_H

#include "fs/journal.h"
#include "tests/fixture.h"
#include "tests/words.h"

struct fuzzer {
	struct fixture f;
	struct machine_source source;
	struct journal *journal;
	u64 chance;
	u64 *files; /* inodes of what may be written to */
	u32 nr_files;
	u64 step_limit;
	bool interrupted;
	u64 done, refused;
};

/** fuzzer_power_on() - boots the machine file @machine, called @name; false if it does not. */
bool fuzzer_power_on(struct fuzzer *z, const char *name, const char *machine, u64 seed);
void fuzzer_power_off(struct fuzzer *z);

/** fuzzer_rescan() - find out anew what there is to write to. */
void fuzzer_rescan(struct fuzzer *z);

/** fuzzer_arm() - what is done next is interrupted after @steps. */
void fuzzer_arm(struct fuzzer *z, u64 steps);
/** fuzzer_settle() - after each: a rewind or reboot may have put another machine there. */
void fuzzer_settle(struct fuzzer *z);

/** fuzzer_replays() - its journal makes the same machine again: every file reads the same. */
void fuzzer_replays(struct fuzzer *z);

/** fuzzer_number() - a number in the environment, or @otherwise. */
u64 fuzzer_number(const char *name, u64 otherwise);

#endif
