/*
 * proc_life.c - commands of sim/procs/NAME/ctl about the process itself: fork, clone, exec, exit,
 * kill, setuid, setrlimit, sched_setaffinity.
 */
#include "fs/sim/command.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static int make_child(struct command_run *c,
		      int (*make)(struct machine *m, handle_t lab, const char *name, handle_t *out))
{
	handle_t child;
	int error;

	if (lab_find(c->m, c->word[1]))
		return command_explain(c, -EEXIST, "there is a process '%s' already", c->word[1]);
	error = make(c->m, c->lab, c->word[1], &child);
	if (error == -EINVAL)
		return command_explain(c, error, "'%s' cannot be the name of a directory",
				       c->word[1]);
	if (!error)
		text_printf(c->result, "%s is process %u", c->word[1], lab_at(c->m, child)->pid);
	return error;
}

static int cmd_fork(struct command_run *c)
{
	return make_child(c, lab_fork);
}

static int cmd_clone(struct command_run *c)
{
	return make_child(c, lab_clone);
}

static int cmd_pthread_create(struct command_run *c)
{
	handle_t thread;
	int error = task_clone_thread(c->m, c->task, &thread);

	if (!error)
		text_printf(c->result, "thread %u", task_at(c->m, thread)->pid);
	return error;
}

static int cmd_exec(struct command_run *c)
{
	int error = task_exec(c->m, c->task, c->word[1]);

	if (!error && !command_died(c))
		lab_regions_drop(c->m, c->lab);
	return error;
}

static int cmd_exit(struct command_run *c)
{
	u64 code = 0;
	int error = c->nr_words > 1 ? argument_number(c, c->word[1], &code) : 0;

	if (error)
		return error;
	/* the low byte counts, as for exit(3); the command's end carries it out */
	task_exit_requested(c->m, (s32)(code & 0xff) << 8);
	return 0;
}

static const char *const signal_names[] = {
	[1] = "HUP",	 [2] = "INT",	[3] = "QUIT",	[4] = "ILL",   [5] = "TRAP",
	[6] = "ABRT",	 [7] = "BUS",	[8] = "FPE",	[9] = "KILL",  [10] = "USR1",
	[11] = "SEGV",	 [12] = "USR2", [13] = "PIPE",	[14] = "ALRM", [15] = "TERM",
	[16] = "STKFLT", [17] = "CHLD", [18] = "CONT",	[19] = "STOP", [20] = "TSTP",
	[21] = "TTIN",	 [22] = "TTOU", [23] = "URG",	[24] = "XCPU", [25] = "XFSZ",
	[26] = "VTALRM", [27] = "PROF", [28] = "WINCH", [29] = "IO",   [30] = "PWR",
	[31] = "SYS",
};

static int parse_signal(struct command_run *c, const char *word, int *sig)
{
	const char *name = strncasecmp(word, "SIG", 3) == 0 ? word + 3 : word;
	u64 number;
	u32 i;

	for (i = 1; i < ARRAY_SIZE(signal_names); i++)
		if (signal_names[i] && strcasecmp(name, signal_names[i]) == 0) {
			*sig = (int)i;
			return 0;
		}
	if (argument_number(c, word, &number) || number > 64)
		return command_explain(c, -EINVAL, "'%s' is not a signal", word);
	*sig = (int)number;
	return 0;
}

static int cmd_kill(struct command_run *c)
{
	int sig = 0, error = parse_signal(c, c->word[1], &sig);

	return error ? error : kill_process(c->m, c->task, sig, 0);
}

static int cmd_setuid(struct command_run *c)
{
	struct task *t = task_at(c->m, c->task);
	u64 uid;
	int error = argument_number(c, c->word[1], &uid);

	if (error)
		return error;
	if (uid >= UINT32_MAX)
		return command_explain(c, -EINVAL, "no such uid");
	if (t->uid && t->uid != uid)
		return command_explain(c, -EPERM, "uid %u may not become another user", t->uid);
	t->uid = (u32)uid;
	return 0;
}

static int parse_rlimit(struct command_run *c, const char *word, enum rlimit_id *which)
{
	static const char *const names[RLIM_NLIMITS] = {
		"cpu",	   "fsize", "data",  "stack",	   "core",     "rss",  "nproc",	 "nofile",
		"memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
	};
	const char *name = strncasecmp(word, "RLIMIT_", 7) == 0 ? word + 7 : word;
	u32 i;

	for (i = 0; i < RLIM_NLIMITS; i++)
		if (strcasecmp(name, names[i]) == 0) {
			*which = (enum rlimit_id)i;
			return 0;
		}
	return command_explain(c, -EINVAL, "'%s' is not a limit", word);
}

static int cmd_setrlimit(struct command_run *c)
{
	const struct rlimits *now = pool_at(&c->m->tasks.rlimits, task_at(c->m, c->task)->rlimits);
	enum rlimit_id which = RLIM_CPU;
	u64 value = RLIM_INF;
	int error = parse_rlimit(c, c->word[1], &which);

	if (!error && strcmp(c->word[2], "unlimited") != 0)
		error = argument_size(c, c->word[2], &value);
	if (error)
		return error;
	/* root may raise the hard limit with it; everybody else stays below */
	return task_setrlimit(c->m, c->task, which, value,
			      value > now->hard[which] ? value : now->hard[which]);
}

static int cmd_sched_setaffinity(struct command_run *c)
{
	struct cpumask mask;
	int error = argument_cpus(c, c->word[1], &mask);

	if (!error) {
		error = task_setaffinity(c->m, c->task, &mask);
		if (error == -EINVAL)
			return command_explain(c, error, "none of these CPUs is online");
	}
	return error;
}

static const struct command commands[] = {
	{ "fork", 1, 1, 0, cmd_fork, "NAME" },
	{ "clone", 1, 1, 0, cmd_clone, "NAME" },
	{ "pthread_create", 0, 0, 0, cmd_pthread_create, "" },
	{ "exec", 1, 1, 0, cmd_exec, "NAME" },
	{ "exit", 0, 1, COMMAND_LAST, cmd_exit, "[CODE]" },
	{ "kill", 1, 1, COMMAND_OUTSIDE, cmd_kill, "SIGNAL" },
	{ "setuid", 1, 1, 0, cmd_setuid, "UID" },
	{ "setrlimit", 2, 2, 0, cmd_setrlimit, "NAME VALUE" },
	{ "sched_setaffinity", 1, 1, 0, cmd_sched_setaffinity, "CPUS" },
};

const struct command_table life_commands = { commands, ARRAY_SIZE(commands) };
