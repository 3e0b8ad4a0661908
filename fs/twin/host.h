/* host.h - reading a running system's /proc and /sys into a capture. */
#ifndef FS_TWIN_HOST_H
#define FS_TWIN_HOST_H

#include <stdio.h>

#include "fs/twin/host_pages.h"
#include "fs/twin/source.h"

struct host_reader {
	struct host_source source;
	bool running; /* the source is the system that this runs on */
	struct text *out;
	struct text file;    /* the file being read */
	struct text missing; /* lines for the end of the capture */
	u64 nr_ended;
	char (*namespaces)[64]; /* mount namespaces whose mounts are in the capture */
	size_t nr_namespaces;
	struct host_pages *pages; /* while processes of the running system are read */
};

/** host_read() - a file's text into ->file. 0 or -errno. */
int host_read(struct host_reader *r, const char *path);
/** host_filter() - only those lines of a text stay that @keep wants. */
void host_filter(struct text *file, bool (*keep)(const char *line, size_t size));
/** host_add() - ->file as a file of the capture; @keep says of each line whether it stays, NULL:
 * all. */
void host_add(struct host_reader *r, const char *path, bool (*keep)(const char *line, size_t size));
/** host_missing() - a line for what could not be read. */
void host_missing(struct host_reader *r, const char *path, int error);
/** twin_capture_source() - a capture of whatever @source has; as twin_capture(), twin.h */
int twin_capture_source(struct host_source source, bool running, struct text *out, FILE *err);
/** host_machine(), host_processes() - host.c, host_process.c. @start: where in ->out the capture
 * begins */
void host_machine(struct host_reader *r);
void host_processes(struct host_reader *r, size_t start);

#endif
