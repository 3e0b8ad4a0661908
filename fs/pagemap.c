/* pagemap.c - what is asked of the host's own pagemap. */
#include "fs/pagemap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

u64 host_zero_frame(void)
{
	volatile char *page = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	u64 entry = 0;

	if (page != MAP_FAILED && fd >= 0) {
		(void)*page;
		if (pread(fd, &entry, sizeof(entry),
			  (off_t)((uintptr_t)page / PAGE_SIZE * sizeof(entry))) != sizeof(entry))
			entry = 0;
	}
	if (page != MAP_FAILED)
		munmap((void *)(uintptr_t)page, PAGE_SIZE);
	if (fd >= 0)
		close(fd);
	return entry & PM_FRAME;
}
