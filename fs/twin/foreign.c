/*
 * foreign.c - what has to be assumed of a capture that comes from elsewhere: of another kernel,
 * with files missing, perhaps put together by hand. What cannot be a machine of ours is refused.
 */
#include <errno.h>
#include <string.h>

#include "fs/twin/capture.h"

#define OUR_MAJOR 6u
#define OUR_MINOR 1u

/* What a twin does without. */
static const struct {
	const char *path; /* a slash at the end: all files below */
	const char *assumed;
} needed[] = {
	{ "/proc/meminfo", "no page cache and no slab; what processes do not have is free" },
	{ "/proc/stat", "no processor time was used" },
	{ "/proc/uptime", "it was booted just now" },
	{ "/proc/loadavg", "there was no load" },
	{ "/proc/cpuinfo", "processors without a name" },
	{ "/proc/cmdline", "no kernel parameters" },
	{ "/proc/swaps", "no swap areas" },
	{ "/sys/devices/system/cpu/online", "as many processors as /proc/cpuinfo has, or one" },
	{ "/proc/sys/", "settings are those of a machine that was just booted" },
};

bool capture_needs(struct slice path)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(needed); i++)
		if (slice_is(path, needed[i].path))
			return true;
	return false;
}

static bool is_there(const struct capture *c, const char *path)
{
	struct slice text;
	size_t i;

	if (path[strlen(path) - 1] != '/')
		return capture_find(c, &text, "%s", path);
	for (i = 0; i < c->nr_files; i++)
		if (slice_starts(c->files[i].path, path))
			return true;
	return false;
}

/* "release 5.10.0-21-amd64": the first two numbers. */
static bool release_of(const struct capture *c, struct slice *release, u64 *major, u64 *minor)
{
	struct slice text, rest;

	if (capture_find(c, &text, "uname"))
		text = slice_text(text, "release ");
	else if (capture_find(c, &text, "/proc/version"))
		text = slice_text(text, "Linux version ");
	if (!slice_word(&text, release))
		return false;
	rest = *release;
	if (!slice_number(slice_cut(&rest, '.'), 10, major))
		return false;
	for (text = rest, text.size = 0;
	     text.size < rest.size && text.at[text.size] >= '0' && text.at[text.size] <= '9';)
		text.size++;
	return slice_number(text, 10, minor);
}

static void tell_release(const struct capture *c, FILE *err)
{
	struct slice release;
	u64 major, minor;
	bool newer;

	if (!release_of(c, &release, &major, &minor)) {
		fputs("mmanfs: assumed: the capture does not say of which kernel it is: of one like 6.1\n",
		      err);
		return;
	}
	if (major == OUR_MAJOR && minor == OUR_MINOR)
		return;
	newer = major > OUR_MAJOR || (major == OUR_MAJOR && minor > OUR_MINOR);
	fprintf(err,
		"mmanfs: assumed: the capture is of Linux %.*s, and the twin runs 6.1: what %s does not have "
		"is %s\n",
		(int)release.size, release.at, newer ? "6.1" : "that one",
		newer ? "left out" : "as on a machine that was just booted");
}

static int refuse(FILE *err, const char *why)
{
	if (err)
		fprintf(err, "mmanfs: no twin of this machine: %s, and only x86_64 can be\n", why);
	return -EINVAL;
}

int capture_examine(const struct capture *c, FILE *err)
{
	struct slice text;
	size_t i;

	if (!capture_find(c, &text, "uname")) {
		capture_find(c, &text, "/proc/cpuinfo");
		if (memmem(text.at, text.size, "CPU implementer", 15))
			return refuse(err, "its processors are ARM's");
		if (memmem(text.at, text.size, "\nisa\t", 5))
			return refuse(err, "its processors are RISC-V's");
	}
	if (!err)
		return 0;
	if (!capture_find(c, &text, "uname"))
		fputs("mmanfs: assumed: the capture does not say of which architecture it is: of x86_64\n",
		      err);
	tell_release(c, err);
	for (i = 0; i < ARRAY_SIZE(needed); i++)
		if (!is_there(c, needed[i].path))
			fprintf(err, "mmanfs: assumed: the capture has no %s: %s\n", needed[i].path,
				needed[i].assumed);
	if (!c->nr_processes)
		fputs("mmanfs: assumed: the capture has no processes\n", err);
	return 0;
}
