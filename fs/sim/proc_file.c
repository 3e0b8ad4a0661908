/*
 * proc_file.c - commands of sim/procs/NAME/ctl about files: fread, fwrite, fsync; and sim/ctl's
 * sync.
 */
#include "fs/sim/command.h"

#include <errno.h>
#include <mman/writeback.h>
#include <string.h>

#include "fs/sim/disk.h"

int command_find_file(struct command_run *c, const char *name, handle_t *inode)
{
	char path[COMMAND_LINE_MAX + 1];

	path[0] = '/';
	strcpy(path + 1, *name == '/' ? name + 1 : name);
	*inode = inode_lookup(c->m, path);
	if (!*inode)
		return command_explain(c, -ENOENT, "no file '%s' in sim/disk", path + 1);
	return inode_is_dir(c->m, *inode) ?
		       command_explain(c, -EISDIR, "'%s' is a directory", path + 1) :
		       0;
}

static int parse_file_range(struct command_run *c, handle_t *inode, u64 *offset, u64 *length)
{
	int error = command_find_file(c, c->word[1], inode);

	if (!error)
		error = argument_size(c, c->word[2], offset);
	if (!error)
		error = argument_size(c, c->word[3], length);
	if (!error && (*offset > INT64_MAX || *length > INT64_MAX - *offset))
		error = command_explain(c, -EINVAL, "beyond the largest file");
	return error;
}

/* O_DIRECT */
static int parse_direct(struct command_run *c, bool *direct)
{
	*direct = c->nr_words > 4;
	if (*direct && strcmp(c->word[4], "direct") != 0)
		return command_explain(c, -EINVAL, "unknown option '%s'", c->word[4]);
	return 0;
}

static ssize_t explain_io(struct command_run *c, ssize_t n, bool direct)
{
	if (n == -EINVAL && direct)
		command_explain(c, -EINVAL, "offset and length are multiples of 512 with O_DIRECT");
	return n;
}

static int cmd_fread(struct command_run *c)
{
	u64 offset, length;
	handle_t inode, file;
	bool direct;
	ssize_t n;
	int error = parse_file_range(c, &inode, &offset, &length);

	if (!error)
		error = parse_direct(c, &direct);

	if (error)
		return error;
	error = vfs_open(c->m, inode, &file);
	if (error)
		return error;
	n = direct ? generic_file_direct_read(c->m, file, offset, length) :
		     filemap_read(c->m, file, offset, length);
	vfs_close(c->m, file);
	if (n < 0 || command_died(c))
		return n < 0 ? (int)explain_io(c, n, direct) : -EINTR;
	task_at(c->m, c->task)->io_rchar += (u64)n;
	task_at(c->m, c->task)->io_syscr++;
	text_printf(c->result, "%lld bytes", (long long)n);
	return 0;
}

/* Pages are dirtied; the bytes stay what they were, zero where there were none. */
static int cmd_fwrite(struct command_run *c)
{
	u64 offset, length;
	handle_t inode, file;
	bool direct;
	ssize_t n;
	int error = parse_file_range(c, &inode, &offset, &length);

	if (!error)
		error = parse_direct(c, &direct);
	if (!error && offset + length > DISK_FILE_SIZE_MAX)
		error = command_explain(c, -EFBIG, "a file has at most 16 TiB");
	if (error)
		return error;
	error = vfs_open(c->m, inode, &file);
	if (error)
		return error;
	n = direct ? generic_file_direct_write(c->m, inode, offset, length, NULL) :
		     generic_file_write(c->m, inode, offset, length, NULL);
	vfs_close(c->m, file);
	if (n < 0 || command_died(c))
		return n < 0 ? (int)explain_io(c, n, direct) : -EINTR;
	task_at(c->m, c->task)->io_wchar += (u64)n;
	task_at(c->m, c->task)->io_syscw++;
	text_printf(c->result, "%lld bytes", (long long)n);
	return 0;
}

static int cmd_fsync(struct command_run *c)
{
	handle_t inode, file;
	u64 pages;
	int error = command_find_file(c, c->word[1], &inode);

	if (!error)
		error = vfs_open(c->m, inode, &file);
	if (error)
		return error;
	error = vfs_fsync_range(c->m, file, 0, UINT64_MAX, &pages);
	vfs_close(c->m, file);
	if (error == -EIO)
		return command_explain(c, error, "the disk did not take all of the file");
	if (!error)
		text_printf(c->result, "%llu pages written", (unsigned long long)pages);
	return error;
}

int cmd_sync(struct command_run *c)
{
	u64 pages;
	int error = ksys_sync(c->m, &pages);

	if (!error)
		text_printf(c->result, "%llu pages written", (unsigned long long)pages);
	return error;
}

static const struct command commands[] = {
	{ "fread", 3, 4, 0, cmd_fread, "PATH OFF LEN [direct]" },
	{ "fwrite", 3, 4, 0, cmd_fwrite, "PATH OFF LEN [direct]" },
	{ "fsync", 1, 1, 0, cmd_fsync, "PATH" },
};

const struct command_table file_commands = { commands, ARRAY_SIZE(commands) };
