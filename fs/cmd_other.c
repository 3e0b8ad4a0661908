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
	int error, status = 0;

	text_init(&capture);
	error = o->like ? twin_capture_load(o->like, &capture, stderr) :
			  twin_capture(&capture, stderr);
	if (error == -EINVAL) {
		status = EX_DATAERR;
	} else if (error) {
		status = complain(o, o->like ? EX_NOINPUT : EX_OSERR, "%s: %s",
				  o->like ? o->like : "/proc", strerror(-error));
	} else {
		error = twin_capture_save(capture.data, capture.length, path, stderr);
		if (error)
			status = complain(o, error == -EINVAL ? EX_DATAERR : EX_CANTCREAT, "%s: %s",
					  path, strerror(-error));
	}
	text_free(&capture);
	return status;
}

int cmd_record(const struct options *o)
{
	return complain(o, EX_UNAVAILABLE, "not built yet");
}
