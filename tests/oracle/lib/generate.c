/*
 * generate.c - drawn cases of behaviour: sequences of calls on mappings, settings of watermarks,
 * bounds of overcommit.
 */
#include "tests/oracle/lib/generate.h"

#include <inttypes.h>
#include <stddef.h>

#include "tests/oracle/lib/language.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define VMA_CASES	 90
#define WATERMARK_CASES	 40
#define PROTECTION_CASES 30
#define OVERCOMMIT_CASES 24
#define FAULT_CASES	 40
#define DIRTY_CASES	 30
#define WINDOW_PAGES	 48u

/* splitmix64 */
static uint64_t draw(struct draw *d)
{
	uint64_t x = d->state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

uint32_t draw_below(struct draw *d, uint32_t n)
{
	return (uint32_t)((draw(d) >> 32) * n >> 32);
}

static const char *draw_prot(struct draw *d)
{
	static const char *const prots[] = { "rw", "rw", "r", "none", "rx", "rwx" };

	return prots[draw_below(d, COUNT(prots))];
}

/* ---- VMA merging and splitting ---- */

static void range_in_window(struct draw *d, uint32_t *offset, uint32_t *pages)
{
	*offset = draw_below(d, WINDOW_PAGES);
	*pages = 1 + draw_below(d, WINDOW_PAGES - *offset < 16 ? WINDOW_PAGES - *offset : 16);
	/* the whole window would end the region that names it */
	if (*pages == WINDOW_PAGES)
		(*pages)--;
}

static void one_call(FILE *out, struct draw *d, unsigned int nr)
{
	static const char *const advices[] = {
		"dontfork",   "dofork",	  "dontdump",	"dodump",     "random",	    "normal",
		"sequential", "hugepage", "nohugepage", "wipeonfork", "keeponfork", "dontneed"
	};
	uint32_t offset, pages;

	range_in_window(d, &offset, &pages);
	switch (draw_below(d, 14)) {
	case 12:
	case 13:
		/* of a mapping that was made, and may be in pieces or gone by now */
		fprintf(out, "\tp: mremap m%" PRIu32 " %" PRIu32 "K\n", draw_below(d, nr + 1),
			pages * 4);
		break;
	case 0:
	case 1:
	case 2:
		fprintf(out, "\tp: mmap m%u %" PRIu32 "K prot=%s%s%s addr=0x%llx\n", nr, pages * 4,
			draw_prot(d), draw_below(d, 6) ? "" : " noreserve",
			draw_below(d, 8) ? "" : " shared", WINDOW_START + offset * 4096ull);
		break;
	case 3:
	case 4:
		fprintf(out, "\tp: munmap w %" PRIu32 "K %" PRIu32 "K\n", offset * 4, pages * 4);
		break;
	case 5:
	case 6:
	case 7:
		fprintf(out, "\tp: mprotect w %s %" PRIu32 "K %" PRIu32 "K\n", draw_prot(d),
			offset * 4, pages * 4);
		break;
	case 8:
	case 9:
		fprintf(out, "\tp: madvise w %s %" PRIu32 "K %" PRIu32 "K\n",
			advices[draw_below(d, COUNT(advices))], offset * 4, pages * 4);
		break;
	case 10:
		fprintf(out, "\tp: mlock w %" PRIu32 "K %" PRIu32 "K\n", offset * 4, pages * 4);
		break;
	default:
		fprintf(out, "\tp: munlock w %" PRIu32 "K %" PRIu32 "K\n", offset * 4, pages * 4);
	}
}

static void vma_case(FILE *out, struct draw *d, unsigned int nr)
{
	unsigned int i, calls = 6 + draw_below(d, 14);

	fprintf(out, "case vma-drawn-%u on one-node two-node\n\tprocess p\n", nr);
	fprintf(out, "\tp: mmap w %uK prot=%s addr=0x%llx\n", WINDOW_PAGES * 4, draw_prot(d),
		WINDOW_START);
	/* with pages in it, a mapping has an anon_vma, and merges more seldom */
	if (draw_below(d, 2))
		fprintf(out, "\tp: mprotect w rw 0 32K\n\tp: write w 0 32K\n");
	for (i = 0; i < calls; i++) {
		one_call(out, d, i);
		if (i % 5 == 4)
			fprintf(out, "\tmaps p\n");
	}
	fprintf(out, "\tmaps p\n\tsmaps p Size Rss Locked\n\tfield proc/$p/status VmLck:\n");
}

/* Faults in drawn ranges of a mapping that is split and protected in drawn ways. */
static void fault_case(FILE *out, struct draw *d, unsigned int nr)
{
	static const char *const forgets[] = { "dontneed", "populate_read", "populate_write" };
	unsigned int i, calls = 4 + draw_below(d, 8);
	uint32_t offset, pages;

	fprintf(out, "case fault-drawn-%u on one-node two-node\n\tprocess p\n", nr);
	fprintf(out, "\tp: mmap w %uK%s addr=0x%llx\n", WINDOW_PAGES * 4,
		draw_below(d, 3) ? "" : " shared", WINDOW_START);
	fprintf(out, "\tmark\n");
	for (i = 0; i < calls; i++) {
		range_in_window(d, &offset, &pages);
		switch (draw_below(d, 6)) {
		case 0:
		case 1:
			fprintf(out, "\tp: read w %" PRIu32 "K %" PRIu32 "K\n", offset * 4,
				pages * 4);
			break;
		case 2:
		case 3:
			fprintf(out, "\tp: write w %" PRIu32 "K %" PRIu32 "K\n", offset * 4,
				pages * 4);
			break;
		default:
			fprintf(out, "\tp: madvise w %s %" PRIu32 "K %" PRIu32 "K\n",
				forgets[draw_below(d, COUNT(forgets))], offset * 4, pages * 4);
		}
	}
	fprintf(out, "\tdelta nr_anon_pages nr_shmem nr_page_table_pages\n"
		     "\tsmaps p Rss Pss Private_Dirty Private_Clean Anonymous\n");
	fprintf(out, "\tp: fork q\n");
	range_in_window(d, &offset, &pages);
	fprintf(out, "\tmark\n\tq: write w %" PRIu32 "K %" PRIu32 "K\n", offset * 4, pages * 4);
	range_in_window(d, &offset, &pages);
	fprintf(out, "\tp: write w %" PRIu32 "K %" PRIu32 "K\n", offset * 4, pages * 4);
	fprintf(out,
		"\tdelta nr_anon_pages nr_shmem\n\tsmaps p Rss Pss Shared_Dirty Private_Dirty\n"
		"\tsmaps q Rss Pss Shared_Dirty Private_Dirty\n");
}

/* ---- watermarks ---- */

#define VM "proc/sys/vm/"

static void watermark_cases(FILE *out, struct draw *d)
{
	unsigned int i;

	fprintf(out, "area watermarks\n");
	for (i = 0; i < WATERMARK_CASES; i++) {
		fprintf(out, "case watermark-drawn-%u\n", i);
		fprintf(out, "\tput " VM "min_free_kbytes %" PRIu32 "\n",
			1000 + draw_below(d, 80000));
		fprintf(out, "\tput " VM "watermark_scale_factor %" PRIu32 "\n",
			1 + draw_below(d, 500));
		fprintf(out, "\tzones min low high\n");
		fprintf(out, "\tput " VM "watermark_scale_factor 10\n");
		fprintf(out, "\tput " VM "min_free_kbytes 20000\n");
	}
	fprintf(out, "area protections\n");
	for (i = 0; i < PROTECTION_CASES; i++) {
		fprintf(out, "case protection-drawn-%u\n", i);
		fprintf(out,
			"\tput " VM "lowmem_reserve_ratio %" PRIu32 "\\s%" PRIu32 "\\s%" PRIu32
			"\\s%" PRIu32 "\n",
			draw_below(d, 300), draw_below(d, 300), draw_below(d, 100),
			draw_below(d, 3));
		fprintf(out, "\tget " VM "lowmem_reserve_ratio\n\tzones protection\n");
		fprintf(out, "\tput " VM "lowmem_reserve_ratio 256\\s256\\s32\\s0\\s0\n");
	}
	fprintf(out, "area thp-reserve\n");
	fprintf(out,
		"case thp-reserve-never\n\tput sys/kernel/mm/transparent_hugepage/enabled never\n"
		"\tget " VM
		"min_free_kbytes\n\tput sys/kernel/mm/transparent_hugepage/enabled always\n"
		"\tget " VM "min_free_kbytes\n\tzones min low high\n");
}

/* ---- overcommit ---- */

static void overcommit_cases(FILE *out, struct draw *d)
{
	unsigned int i;

	fprintf(out, "area overcommit\n");
	for (i = 0; i < OVERCOMMIT_CASES; i++) {
		uint32_t kbytes = 200000 + draw_below(d, 500000), reserve = draw_below(d, 3000);
		bool by_ratio = draw_below(d, 2);

		fprintf(out, "case overcommit-drawn-%u\n\tprocess p\n", i);
		fprintf(out, "\tput " VM "admin_reserve_kbytes %" PRIu32 "\n", reserve);
		fprintf(out, "\tput " VM "user_reserve_kbytes 0\n");
		if (by_ratio)
			fprintf(out, "\tput " VM "overcommit_ratio %" PRIu32 "\n",
				30 + draw_below(d, 100));
		else
			fprintf(out, "\tput " VM "overcommit_kbytes %" PRIu32 "\n", kbytes);
		fprintf(out, "\tput " VM "overcommit_memory 2\n");
		fprintf(out, "\tfield proc/meminfo CommitLimit:\n");
		fprintf(out, "\tlargest p private minus CommitLimit-Committed_AS\n");
		fprintf(out, "\tlargest p shared%s minus CommitLimit-Committed_AS\n",
			draw_below(d, 2) ? " prot=r" : "");
		if (draw_below(d, 2))
			fprintf(out,
				"\tp: setuid 65534\n\tlargest p private minus CommitLimit-Committed_AS\n");
		fprintf(out, "\tput " VM "overcommit_memory 0\n\tput " VM "overcommit_ratio 50\n"
			     "\tput " VM "admin_reserve_kbytes 8192\n\tput " VM
			     "user_reserve_kbytes 131072\n");
	}
}

/* ---- dirty thresholds ---- */

/* A hundred times the threshold, less @ratio times what may be dirty: what is reserved, whatever is
 * free */
static void dirty_share(FILE *out, const char *which, uint32_t ratio)
{
	fprintf(out,
		"\twithin %" PRIu32
		" a hundredth is rounded, and a hundred pages come and go meanwhile\n",
		100 + 100 * ratio);
	fprintf(out,
		"\tsum 100*nr_dirty_%sthreshold -%" PRIu32 "*nr_free_pages -%" PRIu32
		"*nr_zone_inactive_file -%" PRIu32 "*nr_zone_active_file\n",
		which, ratio, ratio, ratio);
}

static void dirty_cases(FILE *out, struct draw *d)
{
	unsigned int i;

	fprintf(out, "area dirty-thresholds\n");
	for (i = 0; i < DIRTY_CASES; i++) {
		uint32_t ratio = 20 + draw_below(d, 81), background = 1 + draw_below(d, 18);
		uint32_t bytes = 8192 + draw_below(d, 64u << 20);
		uint32_t background_bytes = 1 + draw_below(d, 64u << 20);
		bool by_bytes = draw_below(d, 2);

		fprintf(out, "case dirty-threshold-drawn-%u\n", i);
		if (by_bytes) {
			fprintf(out, "\tput " VM "dirty_bytes %" PRIu32 "\n", bytes);
			fprintf(out, "\tput " VM "dirty_background_bytes %" PRIu32 "\n",
				background_bytes);
			fprintf(out, "\tsum nr_dirty_threshold\n");
			fprintf(out, "\tsum nr_dirty_background_threshold\n");
		} else {
			fprintf(out, "\tput " VM "dirty_ratio %" PRIu32 "\n", ratio);
			fprintf(out, "\tput " VM "dirty_background_ratio %" PRIu32 "\n",
				background);
			dirty_share(out, "", ratio);
			dirty_share(out, "background_", background);
		}
		fprintf(out, "\tput " VM "dirty_ratio 20\n");
		fprintf(out, "\tput " VM "dirty_background_ratio 10\n");
	}
}

void generate_cases(FILE *out, uint64_t seed)
{
	struct draw d = { .state = seed * 0x2545f4914f6cdd1dull };
	unsigned int i;

	fprintf(out, "# Drawn with seed %" PRIu64 ".\narea vma\n", seed);
	for (i = 0; i < VMA_CASES; i++)
		vma_case(out, &d, i);
	fprintf(out, "area faults-drawn\n");
	for (i = 0; i < FAULT_CASES; i++)
		fault_case(out, &d, i);
	overcommit_cases(out, &d);
	generate_writes(out, &d);
	watermark_cases(out, &d);
	dirty_cases(out, &d);
}
