/*
 * What stat(2) shows and who may do what.
 *
 * The caller's uid is the simulated one: 0 is the mounting user, who has root's rights. So the mode
 * bits are checked here and not by the kernel in front of us, which would stop him at a file of
 * another simulated user.
 */
#include "fs/tree_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOT_SET UINT32_MAX

static struct override *find_override(const struct tree *t, u64 ino)
{
	u32 i;

	for (i = 0; i < t->nr_overrides; i++)
		if (t->overrides[i].ino == ino)
			return &t->overrides[i];
	return NULL;
}

static struct override *make_override(struct tree *t, u64 ino)
{
	struct override *o = find_override(t, ino);

	if (o)
		return o;
	o = realloc(t->overrides, (t->nr_overrides + 1) * sizeof(*o));
	if (!o)
		return NULL;
	t->overrides = o;
	o = &t->overrides[t->nr_overrides++];
	*o = (struct override){ .ino = ino, .mode = NOT_SET, .uid = NOT_SET, .gid = NOT_SET };
	return o;
}

static u64 node_ino(const struct node *n)
{
	return ino_make(n->kind, n->row, n->rq.object);
}

static mode_t node_mode(const struct tree *t, const struct node *n, u32 *uid, u32 *gid)
{
	const struct directory *dir = n->rq.dir;
	mode_t mode = n->rq.attr ? n->rq.attr->mode : dir->mode | S_IFDIR;
	const struct override *o;

	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	if (S_ISLNK(mode))
		mode |= 0777;
	if (dir->get_owner && dir->get_owner(&n->rq, &mode, uid, gid))
		return mode;
	*uid = dir->owner_uid ? dir->owner_uid(&n->rq) : 0;
	*gid = dir->owner_gid ? dir->owner_gid(&n->rq) : *uid;

	o = t->nr_overrides ? find_override(t, node_ino(n)) : NULL;
	if (o) {
		if (o->mode != NOT_SET)
			mode = (mode & S_IFMT) | o->mode;
		if (o->uid != NOT_SET)
			*uid = o->uid;
		if (o->gid != NOT_SET)
			*gid = o->gid;
	}
	return mode;
}

/* Sysctl and sysfs have rules of their own before those of the mode: an operation that the file
 * does not have at all is refused to root as well. */
static bool strict_for_root(const struct tree *t, const struct node *n)
{
	u8 family = node_family(t, n);

	return n->rq.attr && (family == FAMILY_SYSCTL || family == FAMILY_SYSFS ||
			      (n->rq.attr->flags & (ATTR_SYSCTL | ATTR_OPEN_EACCES)));
}

int node_permission(const struct tree *t, const struct node *n, int mask)
{
	const struct caller *c = n->rq.caller;
	u32 uid, gid;
	mode_t mode;

	if (!c->uid) {
		if (!strict_for_root(t, n))
			return 0;
		mode = node_mode(t, n, &uid, &gid);
		if ((mask & R_OK && !(mode & 0444)) || (mask & W_OK && !(mode & 0222)))
			return -EACCES;
		return 0;
	}

	mode = node_mode(t, n, &uid, &gid);
	if (c->uid == uid)
		mode >>= 6;
	else if (c->gid == gid)
		mode >>= 3;
	if ((mode & (mode_t)mask) != (mode_t)mask)
		return -EACCES;
	return n->rq.dir->permission ? n->rq.dir->permission(&n->rq) : 0;
}

int tree_access(struct tree *t, const struct caller *c, u64 ino, int mask)
{
	struct node n;
	u32 uid, gid;
	int error = node_find(t, c, ino, &n);

	if (error)
		return error;
	/* root may do all but run what nobody may run */
	if (mask & X_OK && n.row && !(node_mode(t, &n, &uid, &gid) & 0111))
		return -EACCES;
	return node_permission(t, &n, mask);
}

/* Sub-directories that can be seen, and the two links that each directory has of itself. */
static u32 count_links(const struct node *n)
{
	const struct directory *dir = n->rq.dir;
	struct request rq = n->rq;
	u32 i, links = 2;

	for (i = 0; i < dir->nr_subdirs; i++) {
		rq.dir = dir->subdirs[i].dir;
		links += !dir->subdirs[i].visible || dir->subdirs[i].visible(&rq);
	}
	return links;
}

/* Root's uid before a user namespace maps it; the mount shows it as the mounting user's. */
int tree_getattr(struct tree *t, const struct caller *c, u64 ino, struct stat *st)
{
	struct node n;
	u64 now;
	u8 family;
	int error = node_find(t, c, ino, &n);

	if (error)
		return error;
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_mode = node_mode(t, &n, &st->st_uid, &st->st_gid);
	if (n.rq.attr) {
		st->st_nlink = 1;
		st->st_size = n.rq.attr->get_size ? (off_t)n.rq.attr->get_size(&n.rq) :
						    (off_t)n.rq.attr->size;
	} else if (n.rq.dir->nlink) {
		st->st_nlink = n.rq.dir->nlink(&n.rq);
	} else {
		st->st_nlink = count_links(&n);
	}

	family = node_family(t, &n);
	st->st_blksize = family >= FAMILY_PROC && family <= FAMILY_SYSCTL ? 1024 : 4096;
	now = t->m->clock.now;
	st->st_mtim.tv_sec = (time_t)(t->m->config.boot_time + now / NSEC_PER_SEC);
	st->st_mtim.tv_nsec = (long)(now % NSEC_PER_SEC);
	st->st_atim = st->st_ctim = st->st_mtim;
	if (n.rq.dir->fill_stat)
		n.rq.dir->fill_stat(&n.rq, st);
	return 0;
}

s64 tree_now_ns(const struct tree *t)
{
	return (s64)(t->m->config.boot_time * NSEC_PER_SEC + t->m->clock.now);
}

/* proc and sys say nothing of sizes, as on Linux; whatever else is asked for is the disk's. */
void tree_statfs(struct tree *t, u64 ino, struct statvfs *st)
{
	static const struct caller root;
	struct node n;
	u64 disk;
	u8 family = FAMILY_OWN;

	memset(st, 0, sizeof(*st));
	st->f_bsize = st->f_frsize = 4096;
	st->f_namemax = 255;
	if (!node_find(t, &root, ino, &n))
		family = node_family(t, &n);
	if (family == FAMILY_OWN && !tree_walk(t, &root, "sim/disk", &disk) &&
	    !node_find(t, &root, disk, &n) && n.rq.dir->statfs)
		n.rq.dir->statfs(&n.rq, st);
}

int tree_readlink(struct tree *t, const struct caller *c, u64 ino, struct text *out)
{
	struct node n;
	int error = node_find(t, c, ino, &n);

	if (error)
		return error;
	if (!n.rq.attr || !S_ISLNK(n.rq.attr->mode) || !n.rq.attr->show)
		return -EINVAL;
	if (c->uid && n.rq.dir->permission)
		error = n.rq.dir->permission(&n.rq);
	if (!error)
		error = n.rq.attr->show(&n.rq, out);
	return error ? error : text_error(out) ? -ENOMEM : 0;
}

/* Only the owner may; sysctl never, and proc/PID takes the owner's change back at once. */
int tree_chmod(struct tree *t, const struct caller *c, u64 ino, mode_t mode)
{
	struct node n;
	struct override *o;
	int error = node_find(t, c, ino, &n);

	if (error)
		return error;
	if (c->uid || node_family(t, &n) == FAMILY_SYSCTL || node_family(t, &n) == FAMILY_PID)
		return -EPERM;
	o = make_override(t, ino);
	if (!o)
		return -ENOMEM;
	o->mode = mode & 07777;
	return 0;
}

int tree_chown(struct tree *t, const struct caller *c, u64 ino, u32 uid, u32 gid)
{
	struct node n;
	struct override *o;
	int error = node_find(t, c, ino, &n);

	if (error)
		return error;
	if (c->uid || node_family(t, &n) == FAMILY_SYSCTL)
		return -EPERM;
	if (node_family(t, &n) == FAMILY_PID)
		return 0;
	o = make_override(t, ino);
	if (!o)
		return -ENOMEM;
	if (uid != NOT_SET)
		o->uid = uid;
	if (gid != NOT_SET)
		o->gid = gid;
	return 0;
}

/* What the journal has of it. */
static void print_setattr(const struct tree_setattr *a, struct text *out)
{
	const char *blank = "";

	if (a->which & SETATTR_MODE) {
		text_printf(out, "mode=%04o", (u32)a->mode & 07777);
		blank = " ";
	}
	if (a->which & SETATTR_UID) {
		text_printf(out, "%suid=%u", blank, a->uid);
		blank = " ";
	}
	if (a->which & SETATTR_GID) {
		text_printf(out, "%sgid=%u", blank, a->gid);
		blank = " ";
	}
	if (a->which & SETATTR_MTIME)
		text_printf(out, "%smtime=%lld", blank, (long long)a->mtime);
}

int tree_parse_setattr(const char *text, struct tree_setattr *a)
{
	static const struct {
		const char *key;
		u32 bit;
		int base;
	} keys[] = { { "mode=", SETATTR_MODE, 8 },
		     { "uid=", SETATTR_UID, 10 },
		     { "gid=", SETATTR_GID, 10 },
		     { "mtime=", SETATTR_MTIME, 10 } };
	char *end;
	size_t i;

	memset(a, 0, sizeof(*a));
	while (*text) {
		long long value;

		for (i = 0; i < ARRAY_SIZE(keys); i++)
			if (!strncmp(text, keys[i].key, strlen(keys[i].key)))
				break;
		if (i == ARRAY_SIZE(keys))
			return -EINVAL;
		text += strlen(keys[i].key);
		value = strtoll(text, &end, keys[i].base);
		if (end == text || (*end && *end != ' '))
			return -EINVAL;
		a->which |= keys[i].bit;
		if (keys[i].bit == SETATTR_MODE)
			a->mode = (mode_t)value & 07777;
		else if (keys[i].bit == SETATTR_UID)
			a->uid = (u32)value;
		else if (keys[i].bit == SETATTR_GID)
			a->gid = (u32)value;
		else
			a->mtime = value;
		text = *end ? end + 1 : end;
	}
	return 0;
}

/* The object keeps its attributes itself. Only root may change them: the files are all his. */
static int set_own(struct tree *t, const struct node *n, const struct tree_setattr *a)
{
	struct tree_change change = { .op = TREE_SETATTR,
				      .caller = n->rq.caller,
				      .number = open_number(t, node_ino(n)) };
	struct text text;
	int error;

	if (n->rq.caller->uid)
		return -EPERM;
	text_init(&text);
	print_setattr(a, &text);
	change.data = text.data;
	change.size = text.length;
	error = text_error(&text) ? -ENOMEM : change_begin(t, n, &change, NULL);
	if (!error) {
		change.result = n->rq.dir->setattr(&n->rq, a);
		change_end(t, &change);
		error = (int)change.result;
	}
	text_free(&text);
	return error;
}

static bool keeps_attr(const struct node *n)
{
	mode_t mode;
	u32 uid, gid;

	return n->rq.dir->setattr && n->rq.dir->get_owner &&
	       n->rq.dir->get_owner(&n->rq, &mode, &uid, &gid);
}

bool tree_keeps_attr(struct tree *t, u64 ino)
{
	static const struct caller root;
	struct node n;

	return !node_find(t, &root, ino, &n) && keeps_attr(&n);
}

int tree_setattr(struct tree *t, const struct caller *c, u64 ino, const struct tree_setattr *a)
{
	struct node n;
	int error = node_find(t, c, ino, &n);

	if (error || !a->which)
		return error;
	if (keeps_attr(&n))
		return set_own(t, &n, a);
	if (a->which & SETATTR_MODE)
		error = tree_chmod(t, c, ino, a->mode);
	if (!error && a->which & (SETATTR_UID | SETATTR_GID))
		error = tree_chown(t, c, ino, a->which & SETATTR_UID ? a->uid : UINT32_MAX,
				   a->which & SETATTR_GID ? a->gid : UINT32_MAX);
	return error;
}
