/*
 * visitor_session.c - visitors of one `mmanfs exec` session: they share a PID namespace, and find
 * each other in proc/ by the numbers that they have there, as a shell finds its children. No
 * listing shows them.
 *
 * One thing may be listed: to a visitor that asks for it by MMANFS_LISTED=1 in its environment, its
 * own number, for programs that take it for granted.
 */
#include "fs/visitor_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LISTED "MMANFS_LISTED=1"

static bool is_in_session(const struct caller *c)
{
	return c->pid && c->pid != c->host_pid;
}

static bool namespace_of(u32 host_pid, char name[64])
{
	struct text link;
	bool found;

	text_init(&link);
	found = !visitor_host_link(host_pid, "ns/pid", &link) && link.length < 64;
	if (found) {
		memcpy(name, link.data, link.length);
		name[link.length] = '\0';
	}
	text_free(&link);
	return found;
}

/* Whose the host says that it is: root's, too, if it may not be looked at. */
static bool owner_of(u32 host_pid, uid_t *uid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%u", host_pid);
	if (stat(path, &st))
		return false;
	*uid = st.st_uid;
	return true;
}

/* The daemon may have more rights than the visitor: only what is his own. */
static bool is_mate(u32 host_pid, const char *session, uid_t uid)
{
	char name[64];
	uid_t owner;

	return namespace_of(host_pid, name) && !strcmp(name, session) &&
	       owner_of(host_pid, &owner) && owner == uid;
}

u32 visitor_find_mate(const struct caller *c, u32 number)
{
	const struct dirent *entry;
	char session[64];
	u32 host_pid, found = 0;
	uid_t uid;
	DIR *dir;

	if (!is_in_session(c) || !namespace_of(c->host_pid, session) ||
	    !owner_of(c->host_pid, &uid))
		return 0;
	dir = opendir("/proc");
	while (dir && !found && (entry = readdir(dir))) {
		host_pid = (u32)strtoul(entry->d_name, NULL, 10);
		if (host_pid && is_mate(host_pid, session, uid) &&
		    visitor_number(host_pid) == number)
			found = host_pid;
	}
	if (dir)
		closedir(dir);
	return found;
}

bool visitor_is_listed(const struct caller *c)
{
	struct text environment;
	const char *at, *end;
	bool found = false;

	if (!is_in_session(c))
		return false;
	text_init(&environment);
	if (!visitor_host_file(c->host_pid, "environ", &environment)) {
		text_char(&environment, '\0');
		at = text_error(&environment) ? "" : environment.data;
		end = at + (text_error(&environment) ? 0 : environment.length);
		for (; at < end && !found; at += strlen(at) + 1)
			found = !strcmp(at, LISTED);
	}
	text_free(&environment);
	return found;
}
