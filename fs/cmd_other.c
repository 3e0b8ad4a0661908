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

static int print_script(const struct options *o)
{
	struct text script;
	int status = 0;

	if (o->nr_args || o->anonymize || o->like)
		return complain(o, EX_USAGE,
				"--script prints the script, which takes a file and --anonymize");
	text_init(&script);
	if (twin_capture_script(&script))
		status = complain(o, EX_OSERR, "out of memory");
	else if (fwrite(script.data, 1, script.length, stdout) != script.length || fflush(stdout))
		status = complain(o, EX_IOERR, "%s", strerror(errno));
	text_free(&script);
	return status;
}

/* Without names, in its own place. */
static int anonymize(struct text *capture)
{
	struct text without;
	int error;

	text_init(&without);
	error = twin_capture_anonymize(capture->data, capture->length, &without, stderr);
	text_free(capture);
	*capture = without;
	return error;
}

int cmd_capture(const struct options *o)
{
	struct text capture;
	int error, status = 0;

	if (o->script)
		return print_script(o);
	if (!o->nr_args)
		return complain(o, EX_USAGE,
				"operand missing: mmanfs capture [options] FILE, or --script");
	text_init(&capture);
	error = o->like ? twin_capture_load(o->like, &capture, stderr) :
			  twin_capture(&capture, stderr);
	if (error && error != -EINVAL)
		status = complain(o, o->like ? EX_NOINPUT : EX_OSERR, "%s: %s",
				  o->like ? o->like : "/proc", strerror(-error));
	if (!error && o->anonymize)
		error = anonymize(&capture);
	if (error == -EINVAL)
		status = EX_DATAERR; /* it was told */
	if (!error) {
		error = twin_capture_save(capture.data, capture.length, o->args[0], stderr);
		if (error)
			status = complain(o, EX_CANTCREAT, "%s: %s", o->args[0], strerror(-error));
	}
	text_free(&capture);
	return status;
}
