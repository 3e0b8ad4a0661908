/*
 * pool.c - pools of typed objects: reserved address space that is made usable as it grows.
 *
 * Address space is reserved without access (it costs nothing, whatever the host's own overcommit
 * mode says) and opened in stretches as slots are first used. Free slots are a list threaded
 * through their own first four bytes.
 *
 * Of a pool that has grown large the host is asked for huge pages: objects are met at random
 * places, and with small pages each time the host's own tables have to be walked as well.
 */
#include <mman/pool.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define POOL_GROW_MIN (64u << 10) /* bytes opened at a time, at least */
#define POOL_GROW_MAX (4u << 20)
#define POOL_HUGE_MIN (4u << 20) /* from here on in huge pages */
#define POOL_JUNK     0xd5

/* A sanitizer is told which objects are free: who touches one is found out. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

static u64 round_to_host_page(u64 bytes)
{
	return PAGE_ALIGN(bytes);
}

/* In case of need on a boundary of huge pages. */
static void *reserve_addresses(u64 bytes)
{
	u64 room = bytes > POOL_HUGE_MIN ? bytes + HOST_HUGE_SIZE : bytes, head, tail;
	u8 *base = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return NULL;
	if (room == bytes)
		return base;
	head = -(u64)base & (HOST_HUGE_SIZE - 1);
	tail = room - bytes - head;
	if (head)
		munmap(base, head);
	if (tail)
		munmap(base + head + bytes, tail);
	return base + head;
}

int pool_init(struct pool *p, const char *name, u32 size, u32 max)
{
	u64 reserve;
	void *base;

	memset(p, 0, sizeof(*p));
	size = (size + 7) & ~7u;
	reserve = round_to_host_page((u64)size * ((u64)max + 1));
	base = reserve_addresses(reserve);
	if (!base)
		return -ENOMEM;
	p->base = base;
	p->object_size = size;
	p->nr_slots = 1;
	p->max_slots = max + 1;
	p->name = name;
	return 0;
}

void pool_destroy(struct pool *p)
{
	if (p->base) {
		ASAN_UNPOISON_MEMORY_REGION(p->base, pool_used_bytes(p));
		munmap(p->base, round_to_host_page((u64)p->object_size * p->max_slots));
	}
	memset(p, 0, sizeof(*p));
}

u64 pool_used_bytes(const struct pool *p)
{
	return (u64)p->object_size * p->nr_slots;
}

/* Open more of the reservation, so that slots below @slots may be touched: a quarter of what there
 * is already, within bounds, so that small pools stay small and large ones make few calls. */
static int pool_open(struct pool *p, u64 slots)
{
	u64 need = slots * p->object_size;
	u64 limit = round_to_host_page((u64)p->object_size * p->max_slots);
	u64 grow, to;

	if (need <= p->usable_bytes)
		return 0;
	grow = p->usable_bytes / 4;
	grow = grow < POOL_GROW_MIN ? POOL_GROW_MIN : grow > POOL_GROW_MAX ? POOL_GROW_MAX : grow;
	to = round_to_host_page(need > p->usable_bytes + grow ? need : p->usable_bytes + grow);
	if (to > POOL_HUGE_MIN)
		to = (to + HOST_HUGE_SIZE - 1) & ~(u64)(HOST_HUGE_SIZE - 1);
	to = to > limit ? limit : to;
	if (mprotect(p->base + p->usable_bytes, to - p->usable_bytes, PROT_READ | PROT_WRITE))
		return -ENOMEM;
	/* a host that has none gives what it has */
	if (to > POOL_HUGE_MIN)
		madvise(p->base + POOL_HUGE_MIN, to - POOL_HUGE_MIN, MADV_HUGEPAGE);
	p->usable_bytes = to;
	return 0;
}

handle_t pool_alloc(struct pool *p)
{
	handle_t h = p->free_head;
	u8 *object;

	if (h) {
		object = pool_at(p, h);
		ASAN_UNPOISON_MEMORY_REGION(object, p->object_size);
		memcpy(&p->free_head, object, sizeof(p->free_head));
		memset(object, 0, p->object_size);
		p->nr_live++;
		return h;
	}
	/* a slot never used before is zero as the host gave it */
	return pool_alloc_array(p, 1);
}

handle_t pool_alloc_array(struct pool *p, u32 n)
{
	handle_t first = p->nr_slots;

	if (n > p->max_slots - p->nr_slots || pool_open(p, (u64)first + n))
		return 0;
	p->nr_slots += n;
	p->nr_live += n;
	return first;
}

int pool_reserve(struct pool *p, u32 n)
{
	u32 spare = p->nr_slots - 1 - p->nr_live;

	if (spare >= n)
		return 0;
	n -= spare;
	return n > p->max_slots - p->nr_slots ? -ENOMEM : pool_open(p, (u64)p->nr_slots + n);
}

void pool_free(struct pool *p, handle_t h)
{
	u8 *object = pool_at(p, h);

#ifdef MMAN_DEBUG
	memset(object, POOL_JUNK, p->object_size);
#endif
	memcpy(object, &p->free_head, sizeof(p->free_head));
	p->free_head = h;
	p->nr_live--;
	if (!p->asked_after)
		ASAN_POISON_MEMORY_REGION(object, p->object_size);
}
