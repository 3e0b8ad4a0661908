/*
 * The least that a low-level FUSE file system can be: what mmanfs's own costs are measured against.
 * usage: minimal_fs MOUNTPOINT TEXT-FILE ENTRIES
 *
 *	text       ready-made, the bytes of TEXT-FILE
 *	knob       takes any write; keeps the first byte
 *	many/      ENTRIES empty directories named by number
 *
 * It stays in the foreground and prints a line when it is mounted.
 */
#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ROOT = FUSE_ROOT_ID, TEXT, KNOB, MANY, FIRST_ENTRY };

struct minimal {
	char *text;
	size_t length;
	unsigned long nr_entries;
	char knob;
};

static int fill(const struct minimal *m, fuse_ino_t ino, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_nlink = 1;
	if (ino == TEXT)
		st->st_mode = S_IFREG | 0444;
	else if (ino == KNOB)
		st->st_mode = S_IFREG | 0644;
	else if (ino == ROOT || (ino >= MANY && ino < FIRST_ENTRY + m->nr_entries))
		st->st_mode = S_IFDIR | 0555;
	else
		return ENOENT;
	return 0;
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	const struct minimal *m = fuse_req_userdata(req);
	struct fuse_entry_param e = { .attr_timeout = 1.0, .entry_timeout = 1.0 };

	if (parent == MANY)
		e.ino = FIRST_ENTRY + strtoul(name, NULL, 10) - 1;
	else if (!strcmp(name, "text"))
		e.ino = TEXT;
	else if (!strcmp(name, "knob"))
		e.ino = KNOB;
	else if (!strcmp(name, "many"))
		e.ino = MANY;
	if (!e.ino || fill(m, e.ino, &e.attr))
		fuse_reply_err(req, ENOENT);
	else
		fuse_reply_entry(req, &e);
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	if (fill(fuse_req_userdata(req), ino, &st))
		fuse_reply_err(req, ENOENT);
	else
		fuse_reply_attr(req, &st, 1.0);
}

static void do_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	(void)attr;
	(void)to_set;
	do_getattr(req, ino, fi);
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fi->direct_io = 1;
	fuse_reply_open(req, fi);
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	const struct minimal *m = fuse_req_userdata(req);
	size_t at = (size_t)offset, left = at < m->length ? m->length - at : 0;

	(void)fi;
	if (ino == KNOB)
		fuse_reply_buf(req, &m->knob, at ? 0 : 1);
	else
		fuse_reply_buf(req, m->text + at, left < size ? left : size);
}

static void do_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
		     struct fuse_file_info *fi)
{
	struct minimal *m = fuse_req_userdata(req);

	(void)ino;
	(void)offset;
	(void)fi;
	m->knob = data[0];
	fuse_reply_write(req, size);
}

static void do_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		       struct fuse_file_info *fi)
{
	const struct minimal *m = fuse_req_userdata(req);
	struct stat st = { .st_mode = S_IFDIR };
	char *buffer = malloc(size), name[24];
	unsigned long i = (unsigned long)offset;
	size_t used = 0, n;

	(void)fi;
	for (; ino == MANY && i < m->nr_entries; i++) {
		snprintf(name, sizeof(name), "%lu", i + 1);
		st.st_ino = FIRST_ENTRY + i;
		n = fuse_add_direntry(req, buffer + used, size - used, name, &st, (off_t)i + 1);
		if (n > size - used)
			break;
		used += n;
	}
	fuse_reply_buf(req, buffer, used);
	free(buffer);
}

static void do_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	(void)conn;
	puts("mounted");
	fflush(stdout);
}

static const struct fuse_lowlevel_ops operations = {
	.init = do_init,
	.lookup = do_lookup,
	.getattr = do_getattr,
	.setattr = do_setattr,
	.open = do_open,
	.read = do_read,
	.write = do_write,
	.readdir = do_readdir,
};

static int read_text(struct minimal *m, const char *path)
{
	FILE *f = fopen(path, "r");
	const size_t max = 1 << 20;

	if (!f)
		return -1;
	m->text = malloc(max);
	m->length = m->text ? fread(m->text, 1, max, f) : 0;
	fclose(f);
	return m->length ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct minimal m = { .knob = '0' };
	struct fuse_session *se;
	int error = 1;

	if (argc != 4 || read_text(&m, argv[2])) {
		fprintf(stderr, "usage: minimal_fs MOUNTPOINT TEXT-FILE ENTRIES\n");
		return 64;
	}
	m.nr_entries = strtoul(argv[3], NULL, 10);
	se = fuse_session_new(&args, &operations, sizeof(operations), &m);
	if (!se)
		return 1;
	if (!fuse_set_signal_handlers(se) && !fuse_session_mount(se, argv[1])) {
		error = fuse_session_loop(se);
		fuse_session_unmount(se);
		fuse_remove_signal_handlers(se);
	}
	fuse_session_destroy(se);
	free(m.text);
	return error != 0;
}
