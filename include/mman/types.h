/*
 * types.h - the integer types and units that the whole engine speaks in.
 *
 * Units are part of a name or of its comment: pages (4 KiB), bytes, kB (1024 bytes), ns.
 * Objects live in pools (pool.h) and are named by 32-bit handles; 0 is "none".
 */
#ifndef MMAN_TYPES_H
#define MMAN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef u32 pfn_t;    /* physical page frame number; 32 bits reach 16 TiB */
typedef u32 handle_t; /* index of an object in its pool; 0 is none */

#define PFN_NONE ((pfn_t)0xffffffffu)

#define PAGE_SHIFT	  12u
#define PAGE_SIZE	  ((u64)1 << PAGE_SHIFT)
#define PAGE_MASK	  (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(bytes) (((bytes) + PAGE_SIZE - 1) & PAGE_MASK)
#define PAGE_KB		  (PAGE_SIZE / 1024) /* kB of a page */

#define MAX_ORDER	   11u /* buddy orders 0..10 */
#define PAGEBLOCK_ORDER	   9u  /* 2 MiB */
#define PAGEBLOCK_NR_PAGES (1u << PAGEBLOCK_ORDER)
#define SECTION_SHIFT	   27u /* 128 MiB: sparse section and memory block */
#define PFN_SECTION_SHIFT  (SECTION_SHIFT - PAGE_SHIFT)
#define PAGES_PER_SECTION  (1u << PFN_SECTION_SHIFT)

#define NSEC_PER_SEC  1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull

#define HZ	     250 /* CONFIG_HZ: timer ticks, jiffies, a second */
#define JIFFY_NS     (NSEC_PER_SEC / HZ)
#define USER_HZ	     100u /* what /proc counts the time of a process in */
#define USER_TICK_NS (NSEC_PER_SEC / USER_HZ)

#define ARRAY_SIZE(a)	  (sizeof(a) / sizeof((a)[0]))
#define likely(x)	  __builtin_expect(!!(x), 1)
#define unlikely(x)	  __builtin_expect(!!(x), 0)
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define max_t(type, a, b) ((type)(a) > (type)(b) ? (type)(a) : (type)(b))

struct machine;

#endif
