/* lackey.c - every access of a program, from valgrind's lackey; and which tools are there. */
#include "fs/record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

bool record_find(const char *program)
{
	const char *path = getenv("PATH"), *end;
	char name[4096];

	for (; path && *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, ':');
		snprintf(name, sizeof(name), "%.*s/%s", (int)(end - path), path, program);
		if (!access(name, X_OK))
			return true;
	}
	return false;
}

static _Noreturn void be_valgrind(const struct record_options *o, int log)
{
	size_t n = 0, i;
	char option[32], **argv;

	while (o->argv[n])
		n++;
	argv = calloc(n + 8, sizeof(*argv));
	if (!argv)
		_exit(EX_OSERR);
	snprintf(option, sizeof(option), "--log-fd=%d", log);
	argv[0] = (char *)(uintptr_t) "valgrind";
	argv[1] = (char *)(uintptr_t) "--tool=lackey";
	argv[2] = (char *)(uintptr_t) "--trace-mem=yes";
	argv[3] = option;
	argv[4] = (char *)(uintptr_t) "--";
	for (i = 0; i < n; i++)
		argv[5 + i] = o->argv[i];
	fcntl(log, F_SETFD, 0);
	execvp("valgrind", argv);
	_exit(EX_UNAVAILABLE);
}

int record_accesses(const struct record_options *o)
{
	int log = open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), status;
	pid_t child;

	if (log < 0) {
		fprintf(o->err, "mmanfs record: %s: %s\n", o->output, strerror(errno));
		return EX_CANTCREAT;
	}
	child = fork();
	if (!child)
		be_valgrind(o, log);
	close(log);
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			child = -1;
	if (child < 0) {
		fprintf(o->err, "mmanfs record: %s\n", strerror(errno));
		return EX_OSERR;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
