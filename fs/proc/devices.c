/* /proc/devices and /proc/mtrr: registered drivers, and how caches treat the hole below 4 GiB. */
#include "fs/proc/proc.h"

#include <errno.h>
#include <string.h>

#define MIB (1ull << 20)
#define GIB (1ull << 30)

int proc_devices_show(const struct request *rq, struct text *out)
{
	static const struct {
		u32 major;
		const char *name;
	} character[] = {
		{ 1, "mem" },	   { 4, "/dev/vc/0" },	  { 4, "tty" },	      { 4, "ttyS" },
		{ 5, "/dev/tty" }, { 5, "/dev/console" }, { 5, "/dev/ptmx" }, { 7, "vcs" },
		{ 10, "misc" },	   { 13, "input" },	  { 29, "fb" },	      { 128, "ptm" },
		{ 136, "pts" },	   { 153, "spi" },	  { 247, "cxl" },     { 248, "bsg" },
		{ 249, "ptp" },	   { 250, "pps" },	  { 251, "rtc" },     { 252, "dax" },
		{ 253, "tpm" },	   { 254, "gpiochip" },
	};
	size_t i;

	(void)rq;
	text_str(out, "Character devices:\n");
	for (i = 0; i < ARRAY_SIZE(character); i++)
		text_printf(out, "%3u %s\n", character[i].major, character[i].name);
	text_str(out, "\nBlock devices:\n254 virtblk\n259 blkext\n");
	return 0;
}

/* The firmware of a PC makes everything from the PCI hole to 4 GiB uncachable. The hole starts at
 * 2 GiB, or at 3 GiB if more RAM than that lies below it. */
static u64 pci_hole_start(const struct machine *m)
{
	u64 low_end = 0;
	u32 i;

	for (i = 0; i < m->boot.nr_iomem; i++) {
		const struct resource *r = &m->boot.iomem[i];

		if (r->end < 4 * GIB && !strcmp(r->name, "System RAM"))
			low_end = max_t(u64, low_end, r->end + 1);
	}
	return low_end > 2 * GIB ? 3 * GIB : 2 * GIB;
}

int proc_mtrr_show(const struct request *rq, struct text *out)
{
	u64 start = pci_hole_start(rq->m);

	text_str(out, "reg00: base=0x");
	text_hex(out, start, 9);
	text_str(out, " (");
	text_u64_width(out, start / MIB, 5);
	text_str(out, "MB), size=");
	text_u64_width(out, (4 * GIB - start) / MIB, 5);
	text_str(out, "MB, count=1: uncachable\n");
	return 0;
}

/* Memory types cannot be changed here: only the empty write is not an error. */
ssize_t proc_mtrr_store(const struct request *rq, const char *data, size_t size, u64 offset)
{
	(void)rq, (void)data, (void)offset;
	return size ? -EINVAL : 0;
}
