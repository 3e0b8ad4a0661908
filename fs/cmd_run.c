/*
 * mmanfs run: a machine for one script.
 *
 *	mmanfs run         waits for the script, then ends the server
 *	  |- server        mounts at a directory of its own making, serves, unmounts, removes it
 *	  \- script        in the mount, with $MMANFS
 *
 * Whatever happens to the first process, the server ends: it is sent SIGTERM when its parent dies.
 * It is in a process group of its own, so that Ctrl-C on the terminal ends the script and not the
 * machine under it.
 */
#include "fs/cmd_common.h"
#include "fs/daemon.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define REMARK_MAX 512
#define OWN_FDS	   "/proc/self/fd/"

static void is_ready(void *arg)
{
	daemon_ready(arg);
}

/* The server's life. */
static int serve(const struct options *o, struct daemon *d, const char *dir, pid_t parent)
{
	struct mount_options options = {
		.dir = dir, .fuse_options = o->fuse_options, .ready = is_ready, .arg = d
	};
	struct powered machine;
	int status;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return EX_SOFTWARE;
	status = power_on(o, !o->realtime, &machine);
	if (status)
		return status;
	status = mount_serve(machine.m, machine.tree, &options);
	power_off(&machine);
	return status;
}

static int make_directory(const struct options *o, char dir[PATH_MAX])
{
	const char *tmp = getenv("TMPDIR");
	char path[PATH_MAX];

	if (!tmp || !*tmp)
		tmp = "/tmp";
	if (!realpath(tmp, path) || strlen(path) > PATH_MAX - 32)
		return complain(o, EX_CANTCREAT, "%s: %s", tmp, strerror(errno));
	snprintf(dir, PATH_MAX, "%.*s/mmanfs.XXXXXX", PATH_MAX - 32, path);
	if (!mkdtemp(dir))
		return complain(o, EX_CANTCREAT, "%s: %s", path, strerror(errno));
	return 0;
}

/* "#!INTERPRETER ARGUMENT": as execve(2) takes it; false: there is none. Cuts @line. */
static bool split_interpreter(char *line, char **interpreter, char **argument)
{
	char *at = line + 2, *end;

	if (strncmp(line, "#!", 2) != 0)
		return false;
	at += strspn(at, " \t");
	end = at + strcspn(at, " \t\r\n");
	*interpreter = at;
	*argument = *end ? end + 1 + strspn(end + 1, " \t") : end;
	*end = '\0';
	(*argument)[strcspn(*argument, "\r\n")] = '\0';
	return **interpreter;
}

/*
 * A script that may not be executed itself: by the interpreter that it names, else by sh. @argv has
 * two places free before the script.
 */
static void interpret(const char *script, char **argv)
{
	char line[REMARK_MAX] = "", *interpreter, *argument;
	FILE *f = fopen(script, "re");

	if (!f)
		return;
	if (!fgets(line, sizeof(line), f) || !split_interpreter(line, &interpreter, &argument)) {
		argument = line;
		*line = '\0';
		interpreter = (char *)(uintptr_t) "/bin/sh";
	}
	fclose(f);
	if (*argument)
		argv[1] = argument;
	else
		argv++;
	argv[0] = interpreter;
	execv(interpreter, argv);
}

/* A script may call mmanfs: it is found, behind all that PATH has already. */
static void add_to_path(void)
{
	const char *had = getenv("PATH");
	char self[PATH_MAX], *path;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return;
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	if (asprintf(&path, "%s:%s", had ? had : "/usr/bin:/bin", self) < 0)
		return;
	setenv("PATH", path, 1);
	free(path);
}

static void run_script(const struct options *o, const char *script, const char *dir,
		       const sigset_t *mask)
{
	char **argv = calloc((size_t)o->nr_args + 3, sizeof(*argv));
	int i;

	sigprocmask(SIG_SETMASK, mask, NULL);
	setenv("MMANFS", dir, 1);
	add_to_path();
	if (!argv || chdir(dir))
		_exit(complain(o, EX_OSERR, "%s: %s", dir, strerror(errno)));
	/* cppcheck-suppress nullPointerRedundantCheck; _exit() does not come back */
	argv[2] = (char *)(uintptr_t)script;
	for (i = 1; i < o->nr_args; i++)
		argv[i + 2] = o->args[i];

	execv(script, argv + 2);
	if (errno == EACCES || errno == ENOEXEC)
		interpret(script, argv);
	_exit(complain(o, errno == ENOENT ? EX_NOINPUT : EX_OSERR, "%s: %s", o->args[0],
		       strerror(errno)));
}

/* Signals for us are for the script; those of the terminal it gets itself. */
static int wait_for_script(pid_t script, const sigset_t *set)
{
	siginfo_t info;
	int status;

	for (;;) {
		if (waitpid(script, &status, WNOHANG) == script)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (sigwaitinfo(set, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD && info.si_code != SI_KERNEL)
			kill(script, info.si_signo);
	}
}

static void end_server(pid_t server, const char *dir)
{
	kill(server, SIGTERM);
	while (waitpid(server, NULL, 0) < 0 && errno == EINTR)
		;
	/* the server removes it as well, unless it was killed */
	rmdir(dir);
}

static int run_with_server(const struct options *o, const char *script, const char *dir,
			   pid_t server)
{
	sigset_t set, old;
	pid_t child;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &old);
	child = fork();
	if (!child)
		run_script(o, script, dir, &old);
	status = child < 0 ? complain(o, EX_OSERR, "%s", strerror(errno)) :
			     wait_for_script(child, &set);
	end_server(server, dir);
	return status;
}

/* "# KEY: VALUE" of the script; the text behind it, or NULL. */
static const char *remark(char *line, const char *key)
{
	size_t length = strlen(key);
	char *end = line + strlen(line);

	if (strncmp(line, "# ", 2) != 0 || strncmp(line + 2, key, length) != 0 ||
	    line[2 + length] != ':')
		return NULL;
	while (end > line && isspace((unsigned char)end[-1]))
		*--end = '\0';
	line += length + 3;
	return line + strspn(line, " \t");
}

/* @path from the script's own folder on; where it has none, from the present one. */
static char *from_script(char *to, const char *script, const char *path)
{
	bool none = *path == '/' || !strncmp(script, OWN_FDS, strlen(OWN_FDS));
	int folder = none ? 0 : (int)(strrchr(script, '/') + 1 - script);

	sprintf(to, "%.*s%s", folder, script, path);
	return to;
}

static int copy_all(int from, int to)
{
	char bytes[65536];
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))))
		if (n < 0 ? errno != EINTR : write(to, bytes, (size_t)n) != n)
			return -errno;
	return 0;
}

/*
 * Which file is the script? One that can be read only once (standard input, a pipe) is copied: both
 * we and its interpreter read it.
 */
static int find_script(const struct options *o, char script[PATH_MAX])
{
	const char *name = o->args[0];
	int from = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) : STDIN_FILENO, to;
	int error = 0;
	struct stat st;

	if (from < 0 && errno == EACCES && realpath(name, script))
		return 0; /* it may be executed without being read */
	if (from < 0 || fstat(from, &st))
		return complain(o, EX_NOINPUT, "%s: %s", name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		error = -EISDIR;
	else if (from != STDIN_FILENO && S_ISREG(st.st_mode))
		error = realpath(name, script) ? 0 : -errno;
	else if ((to = memfd_create("script", 0)) < 0)
		error = -errno;
	else if (!(error = copy_all(from, to)))
		snprintf(script, PATH_MAX, OWN_FDS "%d", to);
	if (from != STDIN_FILENO)
		close(from);
	return error ? complain(o, EX_NOINPUT, "%s: %s", name, strerror(-error)) : 0;
}

/*
 * A script may say which machine it wants, in the comment that it begins with:
 *	# machine: tiny                    (a preset; or a file, FOLDER/NAME, likewise from there on)
 *	# cmdline: mem=512M
 *	# like: captures/server.tar.gz      (from the script's own folder on)
 * The command line has the last word.
 */
static void read_remarks(struct options *o, const char *script, char machine[PATH_MAX + REMARK_MAX],
			 char cmdline[REMARK_MAX])
{
	bool own_machine = !o->machine && !o->like && !o->like_host, own_cmdline = !o->cmdline;
	FILE *f = fopen(script, "re");
	const char *value;
	char line[REMARK_MAX];

	while (f && fgets(line, sizeof(line), f) && *line == '#') {
		if (own_machine && (value = remark(line, "machine")))
			o->machine = strchr(value, '/') ? from_script(machine, script, value) :
							  strcpy(machine, value);
		if (own_machine && (value = remark(line, "like")))
			o->like = from_script(machine, script, value);
		if (own_cmdline && (value = remark(line, "cmdline")))
			o->cmdline = strcpy(cmdline, value);
	}
	if (f)
		fclose(f);
}

int cmd_run(const struct options *given)
{
	char dir[PATH_MAX], script[PATH_MAX], machine[PATH_MAX + REMARK_MAX], cmdline[REMARK_MAX];
	struct daemon d = { .pipe = -1 };
	struct options with_remarks = *given;
	const struct options *o = &with_remarks;
	pid_t self = getpid();
	int status = check_fuse_options(o), forked;

	if (status)
		return status;
	status = find_script(o, script);
	if (status)
		return status;
	read_remarks(&with_remarks, script, machine, cmdline);
	status = make_directory(o, dir);
	if (status)
		return status;

	forked = daemon_fork(&d);
	if (!forked) {
		status = serve(o, &d, dir, self);
		rmdir(dir);
		return status;
	}
	if (forked < 0) {
		rmdir(dir);
		return complain(o, EX_OSERR, "%s", strerror(-forked));
	}
	status = daemon_wait(&d);
	if (status)
		return status;
	return run_with_server(o, script, dir, d.child);
}
