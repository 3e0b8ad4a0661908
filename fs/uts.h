/*
 * uts.h - the kernel that the simulated machine says it runs: Debian 12's.
 */
#ifndef FS_UTS_H
#define FS_UTS_H

#define UTS_SYSNAME "Linux"
#define UTS_RELEASE "6.1.0-56-amd64"
#define UTS_VERSION "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)"

#endif
