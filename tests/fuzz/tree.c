/*
 * Random writes to random files of the tree, in-process: whatever is written, no file crashes, no
 * command is without end, the invariants of the engine hold, and the journal of it all replays to
 * the same bytes in every file. FUZZ_SEED and FUZZ_WRITES in the environment choose another run.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/ctl.h"
#include "tests/fuzzer.h"
#include "tests/sound.h"
#include "tests/tap.h"

#define WRITES	  10000u
#define STEPS_MAX 20000u /* a command is interrupted after so many */

static const struct caller root;

static bool is_ctl(struct fuzzer *z, u64 ino)
{
	struct text path;
	bool is;

	text_init(&path);
	is = !tree_path(z->f.t, ino, &path) && path.length > 4 &&
	     !memcmp(path.data + path.length - 4, "/ctl", 4);
	text_free(&path);
	return is;
}

static void write_somewhere(struct fuzzer *z)
{
	struct caller c = { .uid = draw(&z->chance, 8) ? 0 : 1000 };
	u64 ino = z->files[draw(&z->chance, z->nr_files)];
	struct open_file *file;
	char bytes[6000], back[256];
	size_t n;

	if (tree_open(z->f.t, &c, ino, draw(&z->chance, 4) ? O_WRONLY : O_RDWR, &file)) {
		z->refused++;
		return;
	}
	n = is_ctl(z, ino) ? words_command(&z->chance, bytes, sizeof(bytes)) :
			     words_value(&z->chance, bytes, sizeof(bytes));
	fuzzer_arm(z, STEPS_MAX);
	if (tree_write(z->f.t, &c, file, bytes, n, draw(&z->chance, 16) ? 0 : n) < 0)
		z->refused++;
	else
		z->done++;
	if (!draw(&z->chance, 4))
		(void)tree_read(z->f.t, &c, file, back, sizeof(back), 0);
	tree_release(z->f.t, &c, file);
	fuzzer_settle(z);
}

static void make_or_end(struct fuzzer *z)
{
	static const char *const names[] = {
		"a",  "b",
		"c",  "p0",
		"p1", "p2",
		"p3", "data",
		".x", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnop"
	};
	const char *name = names[draw(&z->chance, ARRAY_SIZE(names))];
	u64 disk, ino;

	fuzzer_arm(z, STEPS_MAX);
	switch (draw(&z->chance, 6)) {
	case 0:
		ctl_rmdir(&z->f, name);
		break;
	case 1:
		if (!tree_walk(z->f.t, &root, "sim/disk", &disk) &&
		    !tree_create_file(z->f.t, &root, disk, "data", 0644, &ino))
			tree_truncate(z->f.t, &root, ino, draw(&z->chance, 4 << 20));
		break;
	case 2:
		if (!draw(&z->chance, 4) && !tree_walk(z->f.t, &root, "sim/disk", &disk))
			tree_unlink(z->f.t, &root, disk, "data");
		break;
	default:
		ctl_mkdir(&z->f, name);
		break;
	}
}

static void fuzz(const char *machine, u64 seed, u64 writes)
{
	struct fuzzer z;
	unsigned int violations = 0;
	u64 i;

	if (!fuzzer_power_on(&z, machine, preset_text(machine), seed))
		bail_out("%s does not boot", machine);
	for (i = 0; i < writes && !violations; i++) {
		if (i % 500 == 0)
			fuzzer_rescan(&z);
		if (i % 10 == 0)
			make_or_end(&z);
		write_somewhere(&z);
		if (i % 1000 == 999)
			violations = machine_check(z.f.m, NULL, NULL);
		if (violations)
			diag("seed %llu, after %llu writes", (unsigned long long)seed,
			     (unsigned long long)i + 1);
	}
	cmp_int(z.done, >, writes / 100, "%s: some of %llu random writes are taken", machine,
		(unsigned long long)writes);
	cmp_int(z.refused, >, writes / 100, "and some are refused");
	is_sound(z.f.m, "after all of them");
	fuzzer_replays(&z);
	fuzzer_power_off(&z);
}

int main(void)
{
	u64 seed = fuzzer_number("FUZZ_SEED", 1), writes = fuzzer_number("FUZZ_WRITES", WRITES);

	fuzz("tiny", seed, writes);
	fuzz("two-node", seed + 1, writes);
	fuzz("hotplug", seed + 2, writes);
	return done_testing();
}
