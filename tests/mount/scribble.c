/*
 * scribble DIR FILES WRITES SEED: eight threads write random things to the files that FILES lists
 * (one path below DIR per line), WRITES times in all, and now and then read, make or end a process.
 * Prints how many writes were taken and how many refused. An error of the transport (a daemon that
 * died) ends it with status 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/words.h"

#define THREADS 8

struct scribbler {
	pthread_t thread;
	const char *dir;
	char **files;
	size_t nr_files;
	unsigned long writes, taken, refused;
	u64 chance;
	int dead;
};

static int is_dead(int error)
{
	return error == ENOTCONN || error == ECONNABORTED;
}

static void write_file(struct scribbler *s, const char *name)
{
	size_t length = strlen(name), n;
	char path[4096], bytes[5000];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		s->dead |= is_dead(errno);
		s->refused++;
		return;
	}
	n = length > 4 && !strcmp(name + length - 4, "/ctl") ?
		    words_command(&s->chance, bytes, sizeof(bytes)) :
		    words_value(&s->chance, bytes, sizeof(bytes));
	if (write(fd, bytes, n) < 0) {
		s->dead |= is_dead(errno);
		s->refused++;
	} else {
		s->taken++;
	}
	close(fd);
}

static void read_file(struct scribbler *s, const char *name)
{
	char path[4096], bytes[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, bytes, sizeof(bytes)) < 0)
		s->dead |= is_dead(errno);
	close(fd);
}

static void make_or_end(struct scribbler *s)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/sim/procs/p%d", s->dir, (int)draw(&s->chance, 4));
	if (draw(&s->chance, 3) ? mkdir(path, 0755) : rmdir(path))
		s->dead |= is_dead(errno);
}

static void *scribble(void *arg)
{
	struct scribbler *s = arg;
	unsigned long i;

	for (i = 0; i < s->writes && !s->dead; i++) {
		write_file(s, s->files[draw(&s->chance, s->nr_files)]);
		if (!draw(&s->chance, 5))
			read_file(s, s->files[draw(&s->chance, s->nr_files)]);
		if (!draw(&s->chance, 10))
			make_or_end(s);
	}
	return NULL;
}

static size_t read_list(const char *name, char ***files)
{
	FILE *f = fopen(name, "r");
	size_t n = 0, room = 0, size = 0;
	char *line = NULL;
	ssize_t length;

	*files = NULL;
	while (f && (length = getline(&line, &size, f)) > 0) {
		line[length - 1] = '\0';
		if (n == room) {
			room = room ? 2 * room : 1024;
			*files = realloc(*files, room * sizeof(**files));
			if (!*files)
				abort();
		}
		(*files)[n++] = strdup(line);
	}
	free(line);
	if (f)
		fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	struct scribbler s[THREADS];
	unsigned long taken = 0, refused = 0;
	size_t nr_files, i;
	char **files;
	int dead = 0;

	if (argc != 5) {
		fprintf(stderr, "usage: scribble DIR FILES WRITES SEED\n");
		return 64;
	}
	nr_files = read_list(argv[2], &files);
	if (!nr_files) {
		fprintf(stderr, "scribble: no files in %s\n", argv[2]);
		return 66;
	}
	for (i = 0; i < THREADS; i++) {
		s[i] = (struct scribbler){ .dir = argv[1],
					   .files = files,
					   .nr_files = nr_files,
					   .writes = strtoul(argv[3], NULL, 10) / THREADS };
		s[i].chance = strtoul(argv[4], NULL, 10) * THREADS + i;
		if (pthread_create(&s[i].thread, NULL, scribble, &s[i]))
			return 71;
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(s[i].thread, NULL);
		taken += s[i].taken;
		refused += s[i].refused;
		dead |= s[i].dead;
	}
	printf("taken %lu refused %lu\n", taken, refused);
	for (i = 0; i < nr_files; i++)
		free(files[i]);
	free(files);
	return dead ? 1 : 0;
}
