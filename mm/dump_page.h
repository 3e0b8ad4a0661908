/*
 * dump_page.h - all there is to say about a page, in the kernel log.
 */
#ifndef MM_DUMP_PAGE_H
#define MM_DUMP_PAGE_H

#include <mman/machine.h>

#define DUMP_FLAGS_MAX 320

/** page_flags_text() - "0xfffffc0001000(reserved|node=0|zone=1|lastcpupid=0x1fffff)". */
void page_flags_text(const struct page *p, char *text, size_t size);

/**
 * dump_page() - the lines that 6.1 prints of a page: counts, owner, flags, raw words, and @reason.
 * Level 4 (warning). The addresses are those of a kernel that is not randomised: struct pages of 64
 * bytes from 0xffffea0000000000 on.
 */
void dump_page(struct machine *m, pfn_t pfn, const char *reason);

#endif
