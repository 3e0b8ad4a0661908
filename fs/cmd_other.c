/* mmanfs exec and what other parts bring: the command line's side of them. */
#include "fs/options.h"

#include "fs/exec/exec.h"
#include "fs/twin/twin.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

int cmd_exec(const struct options *o)
{
	const struct exec_options exec = { .dir = o->args[0], .argv = o->args + 1 };

	return exec_command(&exec);
}

int cmd_capture(const struct options *o)
{
	const char *path = o->args[0];
	struct text capture;
	FILE *f;
	int error, status = 0;

	text_init(&capture);
	error = twin_capture(&capture, stderr);
	if (error) {
		status = complain(o, EX_OSERR, "%s", strerror(-error));
	} else {
		f = fopen(path, "we");
		if (!f || fwrite(capture.data, 1, capture.length, f) != capture.length || fflush(f))
			status = complain(o, EX_CANTCREAT, "%s: %s", path, strerror(errno));
		if (f)
			fclose(f);
	}
	text_free(&capture);
	return status;
}

int cmd_record(const struct options *o)
{
	return complain(o, EX_UNAVAILABLE, "not built yet");
}
