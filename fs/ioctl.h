/*
 * ioctl.h - what the mounted tree takes by ioctl(2) instead of by a written line.
 *
 * One request, on DIR/sim/ctl: a signal. `mmanfs exec` catches kill(2) and its kin and hands them
 * over here; nobody else needs it (a script writes "kill SIGNAL" to sim/procs/NAME/ctl).
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
 * sim/ctl speaks for @uid, so the receiver believes a @uid other than the speaker's own only when the
 * speaker is root or the mounting user.
 */
struct mmanfs_signal {
	int32_t pid;
	int32_t sig;
	uint32_t uid;
	uint32_t flags;
};

#define MMANFS_IOC_SIGNAL _IOWR('m', 1, struct mmanfs_signal)

#endif
