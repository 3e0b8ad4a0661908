/*
 * disk_store.c - bytes of simulated files in unlinked temporary files of the host.
 */
#include "fs/sim/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One host file per simulated file, found by the inode's handle; fd + 1, so that 0 is "none". */
struct disk_store {
	int *fds;
	u32 nr;
};

static void store_end(void *disk)
{
	struct disk_store *s = disk;
	u32 i;

	for (i = 0; i < s->nr; i++)
		if (s->fds[i])
			close(s->fds[i] - 1);
	free(s->fds);
	free(s);
}

static struct disk_store *store_of(struct machine *m)
{
	if (!m->disk) {
		m->disk = calloc(1, sizeof(struct disk_store));
		m->disk_end = m->disk ? store_end : NULL;
	}
	return m->disk;
}

static int *slot_of(struct machine *m, handle_t inode, bool make)
{
	struct disk_store *s = make ? store_of(m) : m->disk;

	if (!s)
		return NULL;
	if (inode >= s->nr) {
		u32 nr = inode + inode / 2 + 16;
		int *fds = make ? realloc(s->fds, nr * sizeof(*fds)) : NULL;

		if (!fds)
			return NULL;
		memset(fds + s->nr, 0, (nr - s->nr) * sizeof(*fds));
		s->fds = fds;
		s->nr = nr;
	}
	return &s->fds[inode];
}

static int open_temporary(void)
{
	FILE *f = tmpfile();
	int fd = f ? fcntl(fileno(f), F_DUPFD_CLOEXEC, 0) : -1;

	if (f)
		fclose(f);
	return fd;
}

ssize_t disk_write_bytes(struct machine *m, handle_t inode, const char *data, size_t size,
			 u64 offset)
{
	int *slot = slot_of(m, inode, true);
	size_t done = 0;

	if (!slot)
		return -ENOMEM;
	if (!*slot)
		*slot = open_temporary() + 1;
	if (!*slot)
		return -errno;
	while (done < size) {
		ssize_t n = pwrite(*slot - 1, data + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno != EINTR)
			return done ? (ssize_t)done : -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return (ssize_t)size;
}

ssize_t disk_read_bytes(struct machine *m, handle_t inode, char *buffer, size_t size, u64 offset)
{
	int *slot = slot_of(m, inode, false);
	size_t done = 0;

	while (slot && *slot && done < size) {
		ssize_t n = pread(*slot - 1, buffer + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		if (n > 0)
			done += (size_t)n;
	}
	memset(buffer + done, 0, size - done);
	return (ssize_t)size;
}

int disk_set_size(struct machine *m, handle_t inode, u64 size)
{
	int *slot = slot_of(m, inode, false);

	if (slot && *slot && ftruncate(*slot - 1, (off_t)size))
		return -errno;
	return 0;
}

void disk_forget(struct machine *m, handle_t inode)
{
	int *slot = slot_of(m, inode, false);

	if (slot && *slot) {
		close(*slot - 1);
		*slot = 0;
	}
}

int disk_touch(struct machine *m, handle_t inode, u64 offset, u64 size, bool write)
{
	u64 index = offset >> PAGE_SHIFT, last = (offset + size - 1) >> PAGE_SHIFT;

	if (!size)
		return 0;
	for (; index <= last; index++) {
		pfn_t pfn = filemap_get_page(m, inode, index, true);

		if (pfn == PFN_NONE)
			return -ENOMEM;
		mark_page_accessed(m, pfn);
		if (write)
			page_set_dirty(m, pfn);
		if (!machine_safe_point(m))
			return -EINTR;
	}
	return 0;
}
