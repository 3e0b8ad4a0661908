/*
 * rewind.c - sim/ctl: reboot and rewind put another machine behind the tree.
 *
 * rewind LINE boots the machine of the journal's header again and does to it what the first LINE
 * lines say; when that has succeeded it takes the place of the present one, and the journal forgets
 * the rest. Until then nothing is changed, so a rewind that is interrupted has not happened.
 */
#include "fs/sim/command.h"

#include <errno.h>

#include "fs/replay.h"
#include "fs/sim/disk.h"
#include "fs/sim/sim.h"

/* Who listened to the old one (a replay, in the middle of an advance) listens to the new one. */
static void replace_machine(const struct request *rq, struct machine *m)
{
	struct machine *old = rq->m;

	m->host = old->host;
	m->clock.step_stop = old->clock.step_stop;
	tree_set_machine(rq->tree, m);
	machine_destroy(old);
}

/* Boot as the journal's header says; the clock goes on in the way it went. */
static struct machine *boot_again(const struct request *rq, struct tree **tree)
{
	struct journal *j = tree_journal(rq->tree);
	const struct machine_source *source = journal_source(j);
	struct machine *m = machine_source_boot(source, stderr);

	if (!m)
		return NULL;
	m->clock.mode = rq->m->clock.mode;
	m->clock.rate = rq->m->clock.rate;
	*tree = tree_create(m);
	if (*tree) {
		tree_set_journal(*tree, j);
		/* what is not exact in a twin was told when it was made */
		if (!machine_source_furnish(source, *tree, NULL))
			return m;
		tree_destroy(*tree);
	}
	machine_destroy(m);
	return NULL;
}

int sim_reboot(const struct request *rq)
{
	struct tree *tree;
	struct machine *m;

	if (!tree_journal(rq->tree))
		return -EOPNOTSUPP;
	m = boot_again(rq, &tree);
	if (!m)
		return -ENOMEM;
	tree_destroy(tree);
	if (disk_move(rq->m, m)) {
		machine_destroy(m);
		return -ENOMEM;
	}
	replace_machine(rq, m);
	tree_clock_set(rq->tree);
	return 0;
}

int cmd_reboot(struct command_run *c)
{
	int error = sim_reboot(c->rq);

	if (error == -EOPNOTSUPP)
		return command_explain(c, error, "no journal is kept, so nobody knows what booted");
	return error;
}

/* The machine that is being built up is the mount's while it works on it (tree_adopt_machine()): so
 * is the one that a reboot among the lines puts in its place. Who listens to it, the replay, does
 * so again. */
struct building {
	struct tree_session hooks;
	struct tree *mounted;
};

static void built_anew(struct tree_session *hooks, struct machine *old, struct machine *m)
{
	struct building *b = (struct building *)hooks;
	struct machine_host host = m->host;

	(void)old;
	tree_adopt_machine(b->mounted, m);
	m->host = host;
}

/* Its clock is nobody's yet. */
static void clock_of_old(struct tree_session *hooks)
{
	(void)hooks;
}

/* The lines up to @last, one after the other in memory. */
static int replay_into(struct journal *j, struct tree *tree, u64 last)
{
	struct text lines;
	size_t length = 0;
	const char *line;
	u64 n;
	int error;

	text_init(&lines);
	for (n = 1; n <= last && (line = journal_line(j, n, &length)); n++) {
		text_mem(&lines, line, length);
		text_char(&lines, '\n');
	}
	error = text_error(&lines) ? -ENOMEM :
				     replay_lines(lines.data, lines.length, journal_data_fd(j),
						  tree, last, stderr);
	text_free(&lines);
	return error;
}

/* Also where the machine is built from a journal, without DIR. */
static bool has_host_disk(const struct machine *m, const struct journal *j)
{
	size_t length;
	const char *first = journal_line(j, 1, &length);

	return disk_is_host(m) || (first && replay_line_imports(first, first + length));
}

int cmd_rewind(struct command_run *c)
{
	struct journal *j = tree_journal(c->rq->tree);
	struct building b = { .hooks = { .machine_changed = built_anew,
					 .clock_set = clock_of_old } };
	struct machine *m;
	struct tree *tree;
	u64 line, lines;
	int error = argument_number(c, c->word[1], &line);

	if (error)
		return error;
	if (!j)
		return command_explain(c, -EOPNOTSUPP, "no journal is kept");
	/* the last line is this very command */
	lines = c->rq->caller->replaying ? c->rq->caller->line : journal_lines(j);
	if (line >= lines)
		return command_explain(c, -EINVAL, "the journal has lines 0 to %llu",
				       (unsigned long long)lines - 1);
	if (has_host_disk(c->m, j))
		return command_explain(
			c, -EOPNOTSUPP,
			"files of --disk stay as they are: they cannot be taken back");
	/* of those that succeeded a journal does not tell: this one was interrupted */
	if (c->rq->caller->replaying)
		return -EINTR;
	m = boot_again(c->rq, &tree);
	if (!m)
		return -ENOMEM;
	b.mounted = c->rq->tree;
	tree_set_session(tree, &b.hooks);
	tree_adopt_machine(c->rq->tree, m);
	journal_rewinds(j, true);
	error = replay_into(j, tree, line);
	journal_rewinds(j, false);
	/* a reboot among the lines has put yet another machine there */
	m = tree_machine(tree);
	if (!error) {
		journal_truncate(j, line);
		journal_close_files(j, tree);
	}
	tree_destroy(tree);
	if (error) {
		tree_adopt_machine(c->rq->tree, c->m);
		machine_destroy(m);
		return error == -EINTR ? error :
					 command_explain(c, error, "the journal does not replay");
	}
	replace_machine(c->rq, m);
	tree_clock_set(c->rq->tree);
	return 0;
}
