/*
 * ioctl.h - what the mounted tree takes by ioctl(2) instead of by a written line.
 *
 * All on DIR/sim/ctl, and for `mmanfs exec` alone, which catches system calls that mean the
 * simulated machine and hands them over here (a script writes "kill SIGNAL" to sim/procs/NAME/ctl):
 *
 *	MMANFS_IOC_SIGNAL  kill(2) and its kin
 *	MMANFS_IOC_CALL    a call that changes something; it goes into the journal
 *	MMANFS_IOC_QUERY   a call that only asks; answered at once
 */
#ifndef FS_IOCTL_H
#define FS_IOCTL_H

#include <stdint.h>
#include <sys/ioctl.h>

/* The number is a thread's: tkill(2), tgkill(2) and rt_tgsigqueueinfo(2) */
#define MMANFS_SIGNAL_THREAD 1u

/**
 * struct mmanfs_signal - kill(2) as the simulated machine gets it
 * @pid:   as kill(2) takes it: above 0 a process, -1 everybody, below that the process group -@pid.
 *         0 never comes: the caller's own group holds no simulated process.
 * @sig:   signal number; 0 asks whether @pid is there and may be signalled
 * @uid:   effective user id of the caller, as the simulated machine knows it (the mounting user is 0)
 * @flags: MMANFS_SIGNAL_*; what is not known is -EINVAL
 *
 * The ioctl returns what kill(2) would: 0, -ESRCH, -EPERM, -EINVAL (no such signal). Whoever opened
 * sim/ctl speaks for @uid, so the receiver believes a @uid other than the speaker's own only when
 * the speaker is root or the mounting user.
 */
struct mmanfs_signal {
	int32_t pid;
	int32_t sig;
	uint32_t uid;
	uint32_t flags;
};

#define MMANFS_IOC_SIGNAL _IOWR('m', 1, struct mmanfs_signal)

/* The calls, with what stands in @args and @data; (q): a query. */
enum mmanfs_call_op {
	MMANFS_SYSINFO = 1, /* (q) out: struct mmanfs_sysinfo */
	MMANFS_START_TIME,  /* (q) of process @pid, ns since boot: out args[0]. -ESRCH */
	MMANFS_PROBE,	    /* (q) kill(2) with signal 0 */
	MMANFS_SWAPON,	    /* args[0]: flags of swapon(2); data: /NAME in sim/disk */
	MMANFS_SWAPOFF,	    /* data: path as proc/swaps has it */
	MMANFS_SYNC,
	MMANFS_GETPRIORITY, /* (q) returns 20 - nice, as the system call does */
	MMANFS_SETPRIORITY, /* args[0]: nice */
	MMANFS_GETAFFINITY, /* (q) out: data is the mask, the call returns its bytes */
	MMANFS_SETAFFINITY, /* args[0]: bytes of the mask in data */
	MMANFS_GETRLIMIT,   /* (q) args[0]: RLIMIT_*; out args: soft, hard */
	MMANFS_SETRLIMIT,   /* args: RLIMIT_*, soft, hard; out args[0], [1]: as they were */
	MMANFS_GETSCHEDULER, /* (q) returns SCHED_*, with SCHED_RESET_ON_FORK; out args: priority, nice */
	MMANFS_MADVISE,	      /* process_madvise(2): args: address, length, MADV_* */
	MMANFS_MRELEASE,      /* process_mrelease(2) */
	MMANFS_MIGRATE_PAGES, /* args: nodes from, nodes to; returns the pages that stayed */
	MMANFS_MOVE_PAGES, /* args: pages, have they nodes?, MPOL_MF_*; data: struct mmanfs_move, in and out */
	MMANFS_UNAME,	     /* (q) out: data is the texts of struct utsname, each with its NUL */
	MMANFS_SETSCHEDULER, /* args: SCHED_* with SCHED_RESET_ON_FORK or MMANFS_KEEP, real-time
				priority or MMANFS_KEEP, nice or MMANFS_KEEP */
	MMANFS_GETIOPRIO,    /* (q) returns class and level as ioprio_get(2) */
	MMANFS_SETIOPRIO,    /* args[0]: class and level */
	MMANFS_GETPRIORITY_USER, /* (q) as the call of a process; @pid is a user's number */
	MMANFS_SETPRIORITY_USER,
	MMANFS_SYSLOG_STATE, /* (q) out args: the first record that syslog(2) shows, the one after the
				   last, level of the console */
	MMANFS_SYSLOG_CLEAR,   /* args[0]: the first record that it shows from now on */
	MMANFS_SYSLOG_CONSOLE, /* args[0]: level of the console from 1 to 8, or MMANFS_CONSOLE_* */
	MMANFS_SETHOSTNAME,    /* data: the name */
	NR_MMANFS_CALLS
};

#define MMANFS_KEEP	   UINT64_MAX
#define MMANFS_CONSOLE_OFF 16u
#define MMANFS_CONSOLE_ON  17u
#define MMANFS_CALL_DATA   256u

/**
 * struct mmanfs_call - a system call as the simulated machine gets it
 * @op:   enum mmanfs_call_op
 * @pid:  process or thread that it is about
 * @uid:  effective user id of the caller, believed as that of struct mmanfs_signal
 * @data: text with its NUL, or bytes
 *
 * The ioctl returns what the system call would return: a value from 0 on, or -errno. A call asked
 * by the wrong ioctl is -ENOTTY.
 */
struct mmanfs_call {
	uint32_t op;
	int32_t pid;
	uint32_t uid;
	uint32_t reserved; /* 0 */
	uint64_t args[4];
	char data[MMANFS_CALL_DATA];
};

#define MMANFS_IOC_QUERY _IOWR('m', 2, struct mmanfs_call)
#define MMANFS_IOC_CALL	 _IOWR('m', 3, struct mmanfs_call)

#define MMANFS_MOVE_MAX	      15u
#define MMANFS_MOVE_UNTOUCHED INT32_MIN

/* A part of the arrays of move_pages(2). The status of a page that the call did not come to stays
 * what it was. */
struct mmanfs_move {
	uint64_t addr[MMANFS_MOVE_MAX];
	int32_t node[MMANFS_MOVE_MAX], status[MMANFS_MOVE_MAX];
};

/* sysinfo(2), in bytes; one instant of the machine, the same that meminfo would show. */
struct mmanfs_sysinfo {
	int64_t uptime;	   /* s */
	uint64_t loads[3]; /* 16 fraction bits */
	uint64_t totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	uint64_t totalhigh, freehigh;
	uint32_t procs;
	uint32_t reserved;
};

#endif
