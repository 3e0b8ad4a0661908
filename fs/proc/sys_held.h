/*
 * sys_held.h - settings that a twin shows and nothing here acts upon (sys_held.c).
 */
#ifndef FS_PROC_SYS_HELD_H
#define FS_PROC_SYS_HELD_H

#include "fs/tree.h"

enum held_kind { HELD_INT, HELD_ULONG, HELD_LINE };

/* X(identifier, file, mode, kind) */
#define HELD_KERNEL_ROWS(X)                                                                      \
	X(acct, "acct", 0644, INT)                                                               \
	X(acpi_video_flags, "acpi_video_flags", 0644, INT)                                       \
	X(apparmor_display_secid_mode, "apparmor_display_secid_mode", 0600, INT)                 \
	X(auto_msgmni, "auto_msgmni", 0644, INT)                                                 \
	X(bpf_stats_enabled, "bpf_stats_enabled", 0644, INT)                                     \
	X(cad_pid, "cad_pid", 0600, INT)                                                         \
	X(core_pattern, "core_pattern", 0644, LINE)                                              \
	X(core_pipe_limit, "core_pipe_limit", 0644, INT)                                         \
	X(core_uses_pid, "core_uses_pid", 0644, INT)                                             \
	X(ctrl_alt_del, "ctrl-alt-del", 0644, INT)                                               \
	X(dmesg_restrict, "dmesg_restrict", 0644, INT)                                           \
	X(domainname, "domainname", 0644, LINE)                                                  \
	X(ftrace_dump_on_oops, "ftrace_dump_on_oops", 0644, INT)                                 \
	X(ftrace_enabled, "ftrace_enabled", 0644, INT)                                           \
	X(hardlockup_all_cpu_backtrace, "hardlockup_all_cpu_backtrace", 0644, INT)               \
	X(hardlockup_panic, "hardlockup_panic", 0644, INT)                                       \
	X(hung_task_all_cpu_backtrace, "hung_task_all_cpu_backtrace", 0644, INT)                 \
	X(hung_task_check_count, "hung_task_check_count", 0644, INT)                             \
	X(hung_task_check_interval_secs, "hung_task_check_interval_secs", 0644, ULONG)           \
	X(hung_task_panic, "hung_task_panic", 0644, INT)                                         \
	X(hung_task_warnings, "hung_task_warnings", 0644, INT)                                   \
	X(io_delay_type, "io_delay_type", 0644, INT)                                             \
	X(kexec_load_disabled, "kexec_load_disabled", 0644, INT)                                 \
	X(kptr_restrict, "kptr_restrict", 0644, INT)                                             \
	X(max_lock_depth, "max_lock_depth", 0644, INT)                                           \
	X(max_rcu_stall_to_panic, "max_rcu_stall_to_panic", 0644, INT)                           \
	X(modprobe, "modprobe", 0644, LINE)                                                      \
	X(modules_disabled, "modules_disabled", 0644, INT)                                       \
	X(msgmni, "msgmni", 0644, INT)                                                           \
	X(nmi_watchdog, "nmi_watchdog", 0644, INT)                                               \
	X(oops_all_cpu_backtrace, "oops_all_cpu_backtrace", 0644, INT)                           \
	X(oops_limit, "oops_limit", 0644, ULONG)                                                 \
	X(overflowgid, "overflowgid", 0644, INT)                                                 \
	X(overflowuid, "overflowuid", 0644, INT)                                                 \
	X(panic_on_io_nmi, "panic_on_io_nmi", 0644, INT)                                         \
	X(panic_on_rcu_stall, "panic_on_rcu_stall", 0644, INT)                                   \
	X(panic_on_unrecovered_nmi, "panic_on_unrecovered_nmi", 0644, INT)                       \
	X(panic_print, "panic_print", 0644, ULONG)                                               \
	X(perf_cpu_time_max_percent, "perf_cpu_time_max_percent", 0644, INT)                     \
	X(perf_event_max_contexts_per_stack, "perf_event_max_contexts_per_stack", 0644, INT)     \
	X(perf_event_max_sample_rate, "perf_event_max_sample_rate", 0644, INT)                   \
	X(perf_event_max_stack, "perf_event_max_stack", 0644, INT)                               \
	X(perf_event_mlock_kb, "perf_event_mlock_kb", 0644, INT)                                 \
	X(perf_event_paranoid, "perf_event_paranoid", 0644, INT)                                 \
	X(poweroff_cmd, "poweroff_cmd", 0644, LINE)                                              \
	X(print_fatal_signals, "print-fatal-signals", 0644, INT)                                 \
	X(printk_delay, "printk_delay", 0644, INT)                                               \
	X(printk_devkmsg, "printk_devkmsg", 0644, LINE)                                          \
	X(printk_ratelimit, "printk_ratelimit", 0644, INT)                                       \
	X(printk_ratelimit_burst, "printk_ratelimit_burst", 0644, INT)                           \
	X(real_root_dev, "real-root-dev", 0644, INT)                                             \
	X(sched_autogroup_enabled, "sched_autogroup_enabled", 0644, INT)                         \
	X(sched_cfs_bandwidth_slice_us, "sched_cfs_bandwidth_slice_us", 0644, INT)               \
	X(sched_child_runs_first, "sched_child_runs_first", 0644, INT)                           \
	X(sched_deadline_period_max_us, "sched_deadline_period_max_us", 0644, ULONG)             \
	X(sched_deadline_period_min_us, "sched_deadline_period_min_us", 0644, ULONG)             \
	X(sched_energy_aware, "sched_energy_aware", 0644, INT)                                   \
	X(sched_rr_timeslice_ms, "sched_rr_timeslice_ms", 0644, INT)                             \
	X(sched_rt_period_us, "sched_rt_period_us", 0644, INT)                                   \
	X(sched_rt_runtime_us, "sched_rt_runtime_us", 0644, INT)                                 \
	X(sched_schedstats, "sched_schedstats", 0644, INT)                                       \
	X(soft_watchdog, "soft_watchdog", 0644, INT)                                             \
	X(softlockup_all_cpu_backtrace, "softlockup_all_cpu_backtrace", 0644, INT)               \
	X(softlockup_panic, "softlockup_panic", 0644, INT)                                       \
	X(split_lock_mitigate, "split_lock_mitigate", 0644, INT)                                 \
	X(stack_tracer_enabled, "stack_tracer_enabled", 0644, INT)                               \
	X(sysrq, "sysrq", 0644, INT)                                                             \
	X(tainted, "tainted", 0644, ULONG)                                                       \
	X(task_delayacct, "task_delayacct", 0644, INT)                                           \
	X(timer_migration, "timer_migration", 0644, INT)                                         \
	X(traceoff_on_warning, "traceoff_on_warning", 0644, INT)                                 \
	X(tracepoint_printk, "tracepoint_printk", 0644, INT)                                     \
	X(unknown_nmi_panic, "unknown_nmi_panic", 0644, INT)                                     \
	X(unprivileged_bpf_disabled, "unprivileged_bpf_disabled", 0644, INT)                     \
	X(unprivileged_userns_apparmor_policy, "unprivileged_userns_apparmor_policy", 0600, INT) \
	X(unprivileged_userns_clone, "unprivileged_userns_clone", 0644, INT)                     \
	X(warn_limit, "warn_limit", 0644, ULONG)                                                 \
	X(watchdog, "watchdog", 0644, INT)                                                       \
	X(watchdog_cpumask, "watchdog_cpumask", 0644, LINE)                                      \
	X(watchdog_thresh, "watchdog_thresh", 0644, INT)

/* X(identifier, file, mode, kind) */
#define HELD_FS_ROWS(X)                                              \
	X(aio_max_nr, "aio-max-nr", 0644, ULONG)                     \
	X(dir_notify_enable, "dir-notify-enable", 0644, INT)         \
	X(lease_break_time, "lease-break-time", 0644, INT)           \
	X(leases_enable, "leases-enable", 0644, INT)                 \
	X(mount_max, "mount-max", 0644, INT)                         \
	X(nr_open, "nr_open", 0644, INT)                             \
	X(overflowgid, "overflowgid", 0644, INT)                     \
	X(overflowuid, "overflowuid", 0644, INT)                     \
	X(pipe_max_size, "pipe-max-size", 0644, INT)                 \
	X(pipe_user_pages_hard, "pipe-user-pages-hard", 0644, ULONG) \
	X(pipe_user_pages_soft, "pipe-user-pages-soft", 0644, ULONG) \
	X(protected_fifos, "protected_fifos", 0644, INT)             \
	X(protected_hardlinks, "protected_hardlinks", 0644, INT)     \
	X(protected_regular, "protected_regular", 0644, INT)         \
	X(protected_symlinks, "protected_symlinks", 0644, INT)       \
	X(suid_dumpable, "suid_dumpable", 0644, INT)

#define HELD_KERNEL_INDEX(id, file, bits, type) HELD_KERNEL_##id,
#define HELD_FS_INDEX(id, file, bits, type)	HELD_FS_##id,
enum held_sysctl {
	HELD_KERNEL_ROWS(HELD_KERNEL_INDEX) HELD_FS_ROWS(HELD_FS_INDEX) NR_HELD_SYSCTLS_USED
};
_Static_assert(NR_HELD_SYSCTLS_USED <= NR_HELD_SYSCTLS, "room in struct knobs");

/* A setting, by its name below proc/sys. */
struct held_sysctl_row {
	const char *name;
	enum held_kind kind;
};
extern const struct held_sysctl_row held_sysctls[NR_HELD_SYSCTLS_USED];

bool held_sysctl_visible(const struct request *rq);
int held_sysctl_show(const struct request *rq, struct text *out);
ssize_t held_sysctl_store(const struct request *rq, const char *data, size_t size, u64 offset);
/** held_sysctl_set() - @name ("kernel/core_pattern") is there from now on, with the line @value.
 * -ENOENT: a 6.1 kernel has no such setting; -ENOMEM. */
int held_sysctl_set(struct machine *m, const char *name, const char *value, size_t size);

#define HELD_ROW(file, bits, at, type)                               \
	{                                                            \
		.name = file,                                        \
		.mode = bits,                                        \
		.flags = HELD_##type == HELD_LINE ? 0 : ATTR_SYSCTL, \
		.show = held_sysctl_show,                            \
		.store = held_sysctl_store,                          \
		.visible = held_sysctl_visible,                      \
		.data = &held_sysctls[at],                           \
	},
#define HELD_KERNEL_ATTRIBUTE(id, file, bits, type) HELD_ROW(file, bits, HELD_KERNEL_##id, type)
#define HELD_FS_ATTRIBUTE(id, file, bits, type)	    HELD_ROW(file, bits, HELD_FS_##id, type)

#endif
