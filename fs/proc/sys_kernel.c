/*
 * /proc/sys/kernel: what tools read, and what this simulator acts upon.
 * Source: Documentation/admin-guide/sysctl/kernel.rst.
 */
#include "fs/proc/sys.h"

#include <errno.h>
#include <sys/random.h>

#include "fs/knob.h"
#include "fs/proc/sys_held.h"
#include "fs/uts.h"

#define PID_MAX_LIMIT  (4 * 1024 * 1024)
#define FUTEX_TID_MASK 0x3fffffff
#define IPCMNI	       32768

#define RO_TEXT(file, line)                                                  \
	{                                                                    \
		.name = file, .mode = 0444, .show = show_text, .data = line, \
	}

static int numa_balancing_set(const struct request *rq, u64 old)
{
	(void)old;
	numa_balancing_changed(rq->m);
	return 0;
}

static const struct attribute kernel_attrs[] = {
	RO_TEXT("cap_last_cap", "40\n"),
	SYSCTL_STRING("hostname", knobs.hostname, HOLDS, "name of the machine"),
	SYSCTL_ULONG("hung_task_timeout_secs", knobs.hung_task_timeout_secs, 0, INT64_MAX / HZ,
		     NULL, HOLDS, "seconds in state D that are reported"),
	SYSCTL_INT("msgmax", knobs.msgmax, 0, INT32_MAX, NULL, HOLDS,
		   "bytes of a System V message"),
	SYSCTL_INT("msgmnb", knobs.msgmnb, 0, INT32_MAX, NULL, HOLDS, "bytes of a message queue"),
	RO_TEXT("ngroups_max", "65536\n"),
	SYSCTL_INT("numa_balancing", sysctl.numa_balancing, 0, 4, numa_balancing_set, ACTS,
		   "bits: 1 move pages to those who use them, 2 between memory tiers"),
	SYSCTL_INT("numa_balancing_promote_rate_limit_MBps",
		   knobs.numa_balancing_promote_rate_limit_MBps, 0, INT32_MAX, NULL, HOLDS,
		   "MiB a second that may move to a faster tier"),
	RO_TEXT("osrelease", UTS_RELEASE "\n"),
	RO_TEXT("ostype", UTS_SYSNAME "\n"),
	SYSCTL_INT("panic", sysctl.panic, INT32_MIN, INT32_MAX, NULL, ACTS,
		   "seconds from a panic to the reboot; 0: never"),
	SYSCTL_INT("panic_on_oops", sysctl.panic_on_oops, INT32_MIN, INT32_MAX, NULL, HOLDS,
		   "panic on a kernel bug"),
	SYSCTL_INT("panic_on_warn", sysctl.panic_on_warn, 0, 1, NULL, HOLDS, "panic on a warning"),
	SYSCTL_INT("pid_max", sysctl.pid_max, RESERVED_PIDS + 1, PID_MAX_LIMIT, NULL, ACTS,
		   "PIDs wrap before this number"),
	SYSCTL_VECTOR("printk", knobs.console_printk, 4, NULL, HOLDS,
		      "levels: shown on the console, of a message without, least, default"),
	SYSCTL_INT("randomize_va_space", sysctl.randomize_va_space, INT32_MIN, INT32_MAX, NULL,
		   ACTS,
		   "0: no randomness in address spaces, 1: all but the heap, 2: the heap too"),
	SYSCTL_VECTOR("sem", knobs.sem, 4, NULL, HOLDS,
		      "semaphores: a set, the system, operations of a call, sets"),
	SYSCTL_INT("shm_rmid_forced", knobs.shm_rmid_forced, 0, 1, NULL, HOLDS,
		   "shared memory ends with its last process"),
	SYSCTL_ULONG("shmall", knobs.shmall, 0, UINT64_MAX, NULL, HOLDS,
		     "pages of shared memory in all"),
	SYSCTL_ULONG("shmmax", knobs.shmmax, 0, UINT64_MAX, NULL, HOLDS, "bytes of one segment"),
	SYSCTL_INT("shmmni", knobs.shmmni, 0, IPCMNI, NULL, HOLDS, "segments in all"),
	SYSCTL_INT("sysctl_writes_strict", knobs.sysctl_writes_strict, -1, 1, NULL, HOLDS,
		   "1: a write at an offset is ignored or appends (this tree always does so)"),
	SYSCTL_INT("threads-max", sysctl.threads_max, 1, FUTEX_TID_MASK, NULL, ACTS,
		   "threads that the machine may have"),
	RO_TEXT("version", UTS_VERSION "\n"),
	HELD_KERNEL_ROWS(HELD_KERNEL_ATTRIBUTE)
};

/* ---- random/ ---- */

static void show_uuid(struct text *out, const u64 bits[2])
{
	u32 i;

	for (i = 0; i < 16; i++) {
		u32 byte = (u8)(bits[i / 8] >> i % 8 * 8);

		/* version 4, variant 1 */
		byte = i == 6 ? (byte & 0x0f) | 0x40 : i == 8 ? (byte & 0x3f) | 0x80 : byte;
		text_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", byte);
	}
	text_char(out, '\n');
}

/* The same machine booted again has the same. */
static int show_mixed(const struct request *rq, struct text *out, u64 which)
{
	u64 bits[2] = { rq->m->config.seed + 1, rq->m->config.boot_time + which };
	u32 i;

	for (i = 0; i < 2; i++) {
		bits[i] = (bits[i] ^ bits[i] >> 30) * 0xbf58476d1ce4e5b9ull;
		bits[i] = (bits[i] ^ bits[i] >> 27) * 0x94d049bb133111ebull;
		bits[i] ^= bits[i] >> 31;
	}
	show_uuid(out, bits);
	return 0;
}

/* One for a boot. */
static int boot_id_show(const struct request *rq, struct text *out)
{
	return show_mixed(rq, out, 0);
}

/* A new one each time, for the program that asks: the host's chance, none of the machine's. */
static int uuid_show(const struct request *rq, struct text *out)
{
	u64 bits[2] = { 0 };

	if (!rq->caller->host_tid) /* nobody: a replay */
		return show_mixed(rq, out, 1);
	if (getrandom(bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		return -EIO;
	show_uuid(out, bits);
	return 0;
}

/* A generator that has been seeded is full for ever. */
static const struct attribute random_attrs[] = {
	RO_TEXT("poolsize", "256\n"),
	RO_TEXT("entropy_avail", "256\n"),
	{ .name = "boot_id", .mode = 0444, .show = boot_id_show },
	{ .name = "uuid", .mode = 0444, .show = uuid_show },
};

static const struct directory random_directory = {
	.name = "proc/sys/kernel/random",
	.mode = 0555,
	.nlink = sysctl_nlink,
	.attrs = random_attrs,
	.nr_attrs = ARRAY_SIZE(random_attrs),
};

static const struct subdirectory kernel_subdirs[] = {
	{ .name = "random", .dir = &random_directory },
};

const struct directory proc_sys_kernel_directory = {
	.name = "proc/sys/kernel",
	.mode = 0555,
	.nlink = sysctl_nlink,
	.attrs = kernel_attrs,
	.nr_attrs = ARRAY_SIZE(kernel_attrs),
	.subdirs = kernel_subdirs,
	.nr_subdirs = ARRAY_SIZE(kernel_subdirs),
};
