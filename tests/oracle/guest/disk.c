/*
 * disk.c - files and swap of the guest. The file system is ext4 on the third disk, made by
 * tests/oracle/run; its modules lie on the first disk (the initramfs has a size that the machine
 * files name), and are loaded when the first file is asked for.
 */
#include "tests/oracle/guest/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE   4096ul
#define CHUNK  (512ul << 10)
#define CHUNKS 1024
#define OFFSET (512l << 20) /* where on the first disk the modules begin; swap is smaller */

/* Bytes of the first disk, past the page cache. */
static char *disk_bytes(int fd, size_t size, off_t offset)
{
	char *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t got = 0;
	ssize_t n;

	if (buffer == MAP_FAILED)
		return NULL;
	while (got < size && (n = pread(fd, buffer + got, size - got, offset + (off_t)got)) > 0)
		got += (size_t)n;
	if (got == size)
		return buffer;
	munmap(buffer, size);
	return NULL;
}

/* A page of "SIZE NAME" lines, then the modules, each from a page's start. */
static void load_modules(void)
{
	int fd = open("/dev/vda", O_RDONLY | O_DIRECT);
	char *table = fd < 0 ? NULL : disk_bytes(fd, PAGE, OFFSET), *line, *end;
	off_t at = OFFSET + (off_t)PAGE;

	if (!table) {
		perror("/dev/vda");
		return;
	}
	for (line = table; (end = strchr(line, '\n')); line = end + 1) {
		size_t size = strtoul(line, NULL, 10), room = (size + PAGE - 1) & ~(PAGE - 1);
		char *module = disk_bytes(fd, room, at);

		if (!module || (syscall(SYS_init_module, module, size, "") && errno != EEXIST))
			fprintf(stderr, "module %.*s: %s\n", (int)(end - line), line,
				strerror(errno));
		if (module)
			munmap(module, room);
		at += (off_t)room;
	}
	munmap(table, PAGE);
	close(fd);
}

static void disk_open(void)
{
	static bool opened;

	if (opened)
		return;
	opened = true;
	load_modules();
	mkdir("/disk", 0755);
	if (mount("/dev/vdc", "/disk", "ext4", MS_NOATIME, "noinit_itable"))
		perror("mount /dev/vdc");
}

static const char *on_disk(const char *path)
{
	static char out[128];

	snprintf(out, sizeof(out), "/disk/%s", path);
	return out;
}

int disk_file(const char *path, bool there)
{
	int fd;

	disk_open();
	if (!there)
		return done(unlink(on_disk(path)));
	fd = open(on_disk(path), O_RDWR | O_CREAT | O_EXCL, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Each call opens anew: an open file has its own read-ahead. */
static int open_disk(const char *path)
{
	int fd = open(on_disk(path), O_RDWR);

	return fd < 0 ? -errno : fd;
}

/* "PATH[@OFF]": the open file */
int disk_map(const char *path, unsigned long long *offset)
{
	char name[64];
	const char *at = strchr(path, '@');

	*offset = at ? size_of(at + 1) : 0;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, "@"), path);
	return open_disk(name);
}

/* One call for all of it, into a buffer that is much smaller. */
static ssize_t transfer(int fd, char *buffer, unsigned long long offset, size_t length, bool write)
{
	static struct iovec pieces[CHUNKS];
	int nr;

	for (nr = 0; nr < CHUNKS && length; nr++) {
		pieces[nr].iov_base = buffer;
		pieces[nr].iov_len = length < CHUNK ? length : CHUNK;
		length -= pieces[nr].iov_len;
	}
	return write ? pwritev(fd, pieces, nr, (off_t)offset) :
		       preadv(fd, pieces, nr, (off_t)offset);
}

static int do_transfer(struct command *c, bool write)
{
	int fd = open_disk(c->word[1]), error;
	char *buffer;

	if (fd < 0)
		return fd;
	buffer = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (buffer == MAP_FAILED) {
		close(fd);
		return -ENOMEM;
	}
	memset(buffer, 0x5a, CHUNK);
	error = transfer(fd, buffer, size_of(c->word[2]), size_of(c->word[3]), write) < 0 ? -errno :
											    0;
	munmap(buffer, CHUNK);
	close(fd);
	return error;
}

int do_fread(struct command *c)
{
	return do_transfer(c, false);
}

int do_fwrite(struct command *c)
{
	return do_transfer(c, true);
}

int do_fsync(struct command *c)
{
	int fd = open_disk(c->word[1]), error;

	if (fd < 0)
		return fd;
	error = done(fsync(fd));
	close(fd);
	return error;
}

/* ---- swap ---- */

/* A swap area of @size bytes at the head of a disk: what mkswap leaves there. */
static int make_swap(const char *device, unsigned long long size)
{
	uint32_t *header =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open(device, O_WRONLY | O_DIRECT), error = 0;

	if (header == MAP_FAILED || fd < 0)
		return -errno;
	header[256] = 1;
	header[257] = (uint32_t)(size / PAGE) - 1;
	memcpy((char *)header + PAGE - 10, "SWAPSPACE2", 10);
	if (pwrite(fd, header, PAGE, 0) != (ssize_t)PAGE)
		error = -errno;
	close(fd);
	munmap(header, PAGE);
	return error;
}

/* swapon NAME SIZE [prio=N] */
static int do_swapon(const char *line)
{
	char device[64], name[58], size[32], option[32] = "";
	int flags = 0, error;

	if (sscanf(line, "swapon %57s %31s %31s", name, size, option) < 2)
		return -EINVAL;
	snprintf(device, sizeof(device), "/dev/%s", name);
	if (!strncmp(option, "prio=", 5))
		flags = SWAP_FLAG_PREFER | ((int)size_of(option + 5) & SWAP_FLAG_PRIO_MASK);
	error = make_swap(device, size_of(size));
	/* one that is on cannot be written to: swapon says so */
	return error && error != -ETXTBSY ? error : done(swapon(device, flags));
}

/* Whoever takes swap away is the first to be killed when that does not fit: a child. */
static int do_swapoff(const char *name)
{
	char device[80];
	int pipes[2], error = -EINTR;
	pid_t pid;

	snprintf(device, sizeof(device), "/dev/%.60s", name);
	if (pipe(pipes))
		return -errno;
	pid = fork();
	if (!pid) {
		error = done(swapoff(device));
		if (write(pipes[1], &error, sizeof(error)) < 0)
			_exit(1);
		_exit(0);
	}
	close(pipes[1]);
	/* nothing to read: it is dead */
	if (pid < 0 || read(pipes[0], &error, sizeof(error)) < 0)
		error = -errno;
	close(pipes[0]);
	return error;
}

int disk_machine(const char *line)
{
	if (!strncmp(line, "swapon ", 7))
		return do_swapon(line);
	if (!strncmp(line, "swapoff ", 8))
		return do_swapoff(line + 8);
	if (strcmp(line, "sync") != 0)
		return -EINVAL;
	sync();
	return 0;
}
