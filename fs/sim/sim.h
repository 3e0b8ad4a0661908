/* sim.h - what the files of the laboratory's own part of the tree share. */
#ifndef FS_SIM_SIM_H
#define FS_SIM_SIM_H

#include <mman/lab.h>

#include "fs/tree.h"

extern const struct directory procs_directory; /* fs/sim/procs.c: sim/procs */
extern const struct directory zones_directory; /* fs/sim/zones.c: sim/zones */
extern const struct directory disk_directory;  /* fs/sim/disk.c: sim/disk */
extern const struct directory dimms_directory; /* fs/sim/dimms.c: sim/dimms */

/** sim_has_dimms() - can memory be plugged into this machine? */
bool sim_has_dimms(const struct request *rq);

int sim_readme_show(const struct request *rq, struct text *out);
/** sim_reboot() - boot the machine anew behind the same tree: @rq->m is gone afterwards.
 * -EOPNOTSUPP without a journal, -ENOMEM. */
int sim_reboot(const struct request *rq);
int sim_clock_show(const struct request *rq, struct text *out);
ssize_t sim_clock_store(const struct request *rq, const char *data, size_t size, u64 offset);
int sim_ctl_show(const struct request *rq, struct text *out);
ssize_t sim_ctl_store(const struct request *rq, const char *data, size_t size, u64 offset);
int sim_ctl_ioctl(const struct request *rq, u32 command, const void *in, size_t in_size, void *out,
		  size_t *out_size);
bool sim_ctl_asks(u32 command);
bool sim_twin_visible(const struct request *rq);
int sim_twin_show(const struct request *rq, struct text *out);
int sim_check_show(const struct request *rq, struct text *out);
bool sim_check_is_long(const struct request *rq);
int sim_tlb_show(const struct request *rq, struct text *out);
int process_tlb_show(struct machine *m, handle_t lab, struct text *out);
int process_translate_show(struct machine *m, handle_t lab, struct text *out);
ssize_t process_translate_store(struct machine *m, handle_t lab, const char *data, size_t size);
int sim_lru_show(const struct request *rq, struct text *out);
int sim_policy_show(const struct request *rq, struct text *out);
ssize_t sim_policy_store(const struct request *rq, const char *data, size_t size, u64 offset);
int sim_explain_show(const struct request *rq, struct text *out);
/* What reclaim and kswapd did last: fs/sim/explain_reclaim.c. A part of sim/explain. */
int explain_reclaim(const struct request *rq, struct text *out);
int sim_journal_show(const struct request *rq, struct text *out);
ssize_t sim_events_read(const struct request *rq, char *buffer, size_t size, u64 offset);
u32 sim_events_poll(const struct request *rq);
int sim_events_open(const struct request *rq, int flags);

#endif
