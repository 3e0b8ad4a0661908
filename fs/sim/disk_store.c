/*
 * disk_store.c - bytes of simulated files in one unlinked temporary file of the host (disk.h).
 *
 * It is cut into chunks of 64 KiB, each of one simulated file, found by (inode, place in the file)
 * through a hash table. What was never written has no chunk, and within a chunk the host's file
 * has holes as well: sparse files stay sparse. A chunk that is given back becomes a hole.
 *
 *	inode 7   [0][1]   [3]        (0, 1, 3: chunk of the file)
 *	           |  |     |
 *	host file [A][B][C][D][E]...
 */
#include "fs/sim/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_SHIFT 16u
#define CHUNK_BYTES (1u << CHUNK_SHIFT)

struct chunk {
	u32 inode;     /* 0: free */
	u32 next;      /* of the same inode, or the next free one */
	u32 hash_next; /* same bucket */
	u32 index;     /* in the file: 16 TiB have 2^28 */
};

struct disk_store {
	int fd;
	struct chunk
		*chunks; /* [1 .. nr]: number n is at (n - 1) * CHUNK_BYTES of the host's file */
	u32 nr, room, free_head;
	u32 *hash, nr_buckets; /* a power of 2 */
	u32 *heads, nr_heads;  /* first chunk of each inode */
};

static struct disk_store *store_of(struct machine *m)
{
	return m->backing_data;
}

static u32 bucket_of(const struct disk_store *s, u32 inode, u32 index)
{
	u32 x = (inode * 0x9e3779b1u) ^ (index * 0x85ebca6bu);

	return (x ^ x >> 15) & (s->nr_buckets - 1);
}

static u32 find_chunk(struct disk_store *s, u32 inode, u32 index)
{
	u32 n = s->nr_buckets ? s->hash[bucket_of(s, inode, index)] : 0;

	while (n && (s->chunks[n].inode != inode || s->chunks[n].index != index))
		n = s->chunks[n].hash_next;
	return n;
}

/* ---- growing ---- */

static void hash_in(struct disk_store *s, u32 n)
{
	u32 *bucket = &s->hash[bucket_of(s, s->chunks[n].inode, s->chunks[n].index)];

	s->chunks[n].hash_next = *bucket;
	*bucket = n;
}

static bool grow_chunks(struct disk_store *s)
{
	u32 room = s->room ? 2 * s->room : 256, n;
	struct chunk *chunks = realloc(s->chunks, room * sizeof(*chunks));
	u32 *hash;

	if (!chunks)
		return false;
	s->chunks = chunks;
	hash = calloc(room, sizeof(*hash));
	if (!hash)
		return false;
	free(s->hash);
	s->hash = hash;
	s->nr_buckets = room;
	s->room = room;
	for (n = 1; n <= s->nr; n++)
		if (chunks[n].inode)
			hash_in(s, n);
	return true;
}

static bool grow_heads(struct disk_store *s, u32 inode)
{
	u32 nr = inode + inode / 2 + 64;
	u32 *heads = realloc(s->heads, nr * sizeof(*heads));

	if (!heads)
		return false;
	memset(heads + s->nr_heads, 0, (nr - s->nr_heads) * sizeof(*heads));
	s->heads = heads;
	s->nr_heads = nr;
	return true;
}

/* The chunk of @inode at @index, made if it is not there; 0: out of memory. */
static u32 make_chunk(struct disk_store *s, u32 inode, u32 index)
{
	u32 n = find_chunk(s, inode, index);

	if (n)
		return n;
	if (inode >= s->nr_heads && !grow_heads(s, inode))
		return 0;
	if (s->free_head) {
		n = s->free_head;
		s->free_head = s->chunks[n].next;
	} else {
		if (s->nr + 1 >= s->room && !grow_chunks(s))
			return 0;
		n = ++s->nr;
	}
	s->chunks[n] = (struct chunk){ .inode = inode, .index = index, .next = s->heads[inode] };
	s->heads[inode] = n;
	hash_in(s, n);
	return n;
}

static off_t place_of(u32 n, u64 offset)
{
	return (off_t)(((u64)(n - 1) << CHUNK_SHIFT) + (offset & (CHUNK_BYTES - 1)));
}

/* Zeros from @offset of chunk @n to its end. */
static int clear_chunk(struct disk_store *s, u32 n, u32 offset)
{
	return disk_clear_fd(s->fd, place_of(n, offset), CHUNK_BYTES - offset);
}

static void free_chunk(struct disk_store *s, u32 n)
{
	u32 *at = &s->hash[bucket_of(s, s->chunks[n].inode, s->chunks[n].index)];

	while (*at != n)
		at = &s->chunks[*at].hash_next;
	*at = s->chunks[n].hash_next;
	s->chunks[n].inode = 0;
	/* one that cannot be cleared is not used again */
	if (clear_chunk(s, n, 0))
		return;
	s->chunks[n].next = s->free_head;
	s->free_head = n;
}

/* ---- what the engine asks for ---- */

/* All of [@offset, @offset + @size) of the host's file, whatever interrupts. */
int disk_write_fd(int fd, const char *data, size_t size, off_t offset)
{
	while (size) {
		ssize_t n = pwrite(fd, data, size, offset);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			offset += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* A hole, or real zeros where the host knows no holes. */
int disk_clear_fd(int fd, off_t offset, u64 size)
{
	static const char zeros[4096];
	int error = 0;

	if (!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, (off_t)size))
		return 0;
	for (; size && !error; offset += (off_t)min_t(u64, size, sizeof(zeros)),
			       size -= min_t(u64, size, sizeof(zeros)))
		error = disk_write_fd(fd, zeros, min_t(u64, size, sizeof(zeros)), offset);
	return error;
}

int disk_read_fd(int fd, char *buffer, size_t size, off_t offset)
{
	while (size) {
		ssize_t n = pread(fd, buffer, size, offset);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		if (n > 0) {
			buffer += n;
			offset += n;
			size -= (size_t)n;
		}
	}
	memset(buffer, 0, size);
	return 0;
}

/*
 * Neighbours in the file are mostly neighbours here: one call of the host for all. @length bytes
 * lie in chunk @n from @at in the file on, and so many of @size do that and in the chunks behind.
 */
static size_t side_by_side(struct disk_store *s, u32 (*chunk)(struct disk_store *, u32, u32),
			   handle_t inode, u32 n, u64 at, size_t length, size_t size)
{
	while (length < size && chunk(s, inode, (u32)((at + length) >> CHUNK_SHIFT)) == ++n)
		length += min_t(size_t, size - length, CHUNK_BYTES);
	return length;
}

static ssize_t store_write(struct machine *m, handle_t inode, const void *data, size_t size,
			   u64 offset)
{
	struct disk_store *s = store_of(m);
	const char *from = data;
	size_t done = 0, length;
	u32 n;
	int error;

	while (done < size) {
		u64 at = offset + done;

		n = make_chunk(s, inode, (u32)(at >> CHUNK_SHIFT));
		if (!n)
			return -ENOMEM;
		length = min_t(size_t, size - done, CHUNK_BYTES - (at & (CHUNK_BYTES - 1)));
		length = side_by_side(s, make_chunk, inode, n, at, length, size - done);
		error = disk_write_fd(s->fd, from + done, length, place_of(n, at));
		if (error)
			return error;
		done += length;
	}
	return (ssize_t)size;
}

static ssize_t store_read(struct machine *m, handle_t inode, void *buffer, size_t size, u64 offset)
{
	struct disk_store *s = store_of(m);
	char *to = buffer;
	size_t done = 0, length;
	u32 n;
	int error;

	while (done < size) {
		u64 at = offset + done;

		n = find_chunk(s, inode, (u32)(at >> CHUNK_SHIFT));
		length = min_t(size_t, size - done, CHUNK_BYTES - (at & (CHUNK_BYTES - 1)));
		if (!n) {
			memset(to + done, 0, length);
			done += length;
			continue;
		}
		length = side_by_side(s, find_chunk, inode, n, at, length, size - done);
		error = disk_read_fd(s->fd, to + done, length, place_of(n, at));
		if (error)
			return error;
		done += length;
	}
	return (ssize_t)size;
}

static bool store_has_bytes(struct machine *m, handle_t inode, u64 index)
{
	char page[PAGE_SIZE];
	u64 offset = index << PAGE_SHIFT;

	if (!find_chunk(store_of(m), inode, (u32)(offset >> CHUNK_SHIFT)))
		return false;
	if (store_read(m, inode, page, sizeof(page), offset) < 0)
		return true;
	return page[0] || memcmp(page, page + 1, sizeof(page) - 1) != 0;
}

static int store_truncate(struct machine *m, handle_t inode, u64 size)
{
	struct disk_store *s = store_of(m);
	u32 *at = inode < s->nr_heads ? &s->heads[inode] : NULL, n;
	int error = 0;

	while (at && (n = *at)) {
		u64 first = (u64)s->chunks[n].index << CHUNK_SHIFT;

		if (first >= size) {
			*at = s->chunks[n].next;
			free_chunk(s, n);
			continue;
		}
		if (size - first < CHUNK_BYTES && !error)
			error = clear_chunk(s, n, (u32)(size - first));
		at = &s->chunks[n].next;
	}
	return error;
}

static int store_clear(struct machine *m, handle_t inode, u64 offset, u64 size)
{
	struct disk_store *s = store_of(m);
	u32 *at = inode < s->nr_heads ? &s->heads[inode] : NULL, n;
	u64 end = offset + size;
	int error = 0;

	while (at && (n = *at) && !error) {
		u64 first = (u64)s->chunks[n].index << CHUNK_SHIFT;
		u64 from = max_t(u64, first, offset), to = min_t(u64, first + CHUNK_BYTES, end);

		if (from < to && to - from == CHUNK_BYTES) {
			*at = s->chunks[n].next;
			free_chunk(s, n);
			continue;
		}
		if (from < to)
			error = disk_clear_fd(s->fd, place_of(n, from), to - from);
		at = &s->chunks[n].next;
	}
	return error;
}

static void store_forget(struct machine *m, handle_t inode)
{
	store_truncate(m, inode, 0);
}

static void store_end(struct machine *m)
{
	struct disk_store *s = store_of(m);

	close(s->fd);
	free(s->chunks);
	free(s->hash);
	free(s->heads);
	free(s);
	m->backing = NULL;
	m->backing_data = NULL;
}

static const struct backing_ops store_ops = {
	.read = store_read,
	.write = store_write,
	.has_bytes = store_has_bytes,
	.truncate = store_truncate,
	.clear = store_clear,
	.forget = store_forget,
	.end = store_end,
};

/* ---- life ---- */

/* In $TMPDIR, or where the host keeps such files; never with a name. */
static int open_temporary(void)
{
	const char *dir[] = { getenv("TMPDIR"), "/tmp", "/var/tmp" };
	char name[4096];
	u32 i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(dir); i++) {
		if (!dir[i] || !*dir[i] || strlen(dir[i]) > sizeof(name) - 32)
			continue;
		fd = open(dir[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fd >= 0)
			return fd;
		snprintf(name, sizeof(name), "%s/mmanfs.XXXXXX", dir[i]);
		fd = mkostemp(name, O_CLOEXEC);
		if (fd >= 0) {
			unlink(name);
			return fd;
		}
	}
	return -errno;
}

int disk_store_attach(struct machine *m)
{
	struct disk_store *s;

	if (m->backing)
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->fd = open_temporary();
	if (s->fd < 0) {
		int error = s->fd;

		free(s);
		return error;
	}
	m->backing = &store_ops;
	m->backing_data = s;
	return 0;
}

void disk_store_renumber(struct machine *m, const handle_t *map, u32 nr)
{
	struct disk_store *s = store_of(m);
	u32 n;

	if (m->backing != &store_ops)
		return;
	if (!s->nr)
		return; /* no tables yet */
	memset(s->heads, 0, s->nr_heads * sizeof(*s->heads));
	memset(s->hash, 0, s->nr_buckets * sizeof(*s->hash));
	for (n = 1; n <= s->nr; n++) {
		struct chunk *c = &s->chunks[n];
		u32 inode = c->inode && c->inode < nr ? map[c->inode] : 0;

		if (!c->inode)
			continue;
		c->inode = inode;
		if (!inode || (inode >= s->nr_heads && !grow_heads(s, inode)))
			continue; /* nobody's: its place is lost until the store ends */
		c->next = s->heads[inode];
		s->heads[inode] = n;
		hash_in(s, n);
	}
}
