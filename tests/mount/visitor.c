/*
 * What a program finds out about itself in a mounted tree, as "name value" lines.
 * usage: visitor MOUNT
 *
 * The main thread and a second one ask: FUSE names threads, and both belong to one process.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *mount_point;

static void print_link(const char *who, const char *name, const char *want)
{
	char path[4200], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/proc/%s", mount_point, name);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	printf("%s-%s %s\n", who, name, strcmp(target, want) ? target : "right");
}

static void ask(const char *who)
{
	char self[32], thread[64];

	snprintf(self, sizeof(self), "%d", getpid());
	snprintf(thread, sizeof(thread), "%d/task/%ld", getpid(), syscall(SYS_gettid));
	print_link(who, "self", self);
	print_link(who, "thread-self", thread);
}

static void *second_thread(void *arg)
{
	(void)arg;
	ask("thread");
	return NULL;
}

static int is_listed(void)
{
	char path[4200], name[32];
	struct dirent *entry;
	DIR *dir;
	int found = 0;

	snprintf(path, sizeof(path), "%s/proc", mount_point);
	snprintf(name, sizeof(name), "%d", getpid());
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		found |= !strcmp(entry->d_name, name);
	if (dir)
		closedir(dir);
	return found;
}

static int can_stat(const char *format, int number)
{
	char path[4200], relative[64];
	struct stat st;

	snprintf(relative, sizeof(relative), format, number);
	snprintf(path, sizeof(path), "%s/proc/%s", mount_point, relative);
	return !stat(path, &st);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 2)
		return 64;
	mount_point = argv[1];
	ask("main");
	pthread_create(&thread, NULL, second_thread, NULL);
	pthread_join(thread, NULL);
	printf("listed %d\n", is_listed());
	printf("own %d\n", can_stat("%d/stat", getpid()));
	printf("own-task %d\n", can_stat("%d/task", getpid()));
	printf("parent %d\n", can_stat("%d/stat", getppid()));
	return 0;
}
