/*
 * What read(2) brings into the page cache: the answers of a 6.1 kernel (ext4 on a virtio disk,
 * mincore(2) after each read of one descriptor), and counters of reads that go through the cache.
 */
#include <errno.h>
#include <mman/namei.h>
#include <mman/xarray.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mmtest.h"
#include "tests/tap.h"

#include "mm/readahead.h"

#define FILE_PAGES 16384u

/* "OFFSET+LENGTH=RANGES OFFSET+LENGTH=RANGES": pages, or bytes behind a b; what is there after
 * each. */
static const struct {
	const char *name, *reads;
} kernel[] = {
	{ "page by page",
	  "0+1=0-3 1+1=0-11 2+1=0-11 3+1=0-11 4+1=0-27 5+1=0-27 8+1=0-27 12+1=0-59 28+1=0-91 44+1=0-91 "
	  "60+1=0-123" },
	{ "2 pages", "0+2=0-3" },
	{ "3 pages", "0+3=0-7" },
	{ "4 pages", "0+4=0-7" },
	{ "8 pages", "0+8=0-15" },
	{ "9 pages", "0+9=0-31" },
	{ "16 pages", "0+16=0-31" },
	{ "32 pages", "0+32=0-63 32+32=0-95 64+32=0-127" },
	{ "33 pages", "0+33=0-65 33+33=0-98 66+1=0-131 67+1=0-131" },
	{ "64 pages", "0+64=0-127 64+64=0-191" },
	{ "256 pages", "0+256=0-511 256+256=0-767" },
	{ "512 pages", "0+512=0-959" },
	{ "1024 pages", "0+1024=0-1599" },
	{ "a page in the middle",
	  "1000+1=1000-1000 1001+1=1000-1004 1002+1=1000-1012 1003+1=1000-1012 1004+1=1000-1012" },
	{ "four in the middle",
	  "1000+4=1000-1003 1004+4=1000-1011 1008+4=1000-1027 1012+4=1000-1059" },
	{ "64 in the middle", "1000+64=1000-1063 1064+64=1000-1191" },
	{ "here and there",
	  "1000+1=1000-1000 5000+1=1000-1000,5000-5000 3000+2=1000-1000,3000-3001,5000-5000 "
	  "7000+16=1000-1000,3000-3001,5000-5000,7000-7015 "
	  "2000+40=1000-1000,2000-2039,3000-3001,5000-5000,7000-7015" },
	{ "backwards", "1000+4=1000-1003 996+4=996-1003 992+4=992-1003 988+4=988-1003" },
	{ "every second page", "0+1=0-3 2+1=0-3 4+1=0-27 6+1=0-27 8+1=0-27 10+1=0-27 12+1=0-59" },
	{ "parts of pages", "b0+100=0-3 b100+100=0-3 b4000+200=0-11 b4200+100=0-11 b8190+10=0-11" },
	{ "four of every eight", "0+4=0-7 8+4=0-39 16+4=0-39 24+4=0-71 32+4=0-71" },
	{ "to the end", "16380+4=16380-16383 16384+1=16380-16383" },
	{ "beyond the end", "16370+64=16370-16383" },
	{ "again and again", "0+64=0-127 0+64=0-127 0+64=0-127" },
	{ "two streams",
	  "0+4=0-7 1000+4=0-7,1000-1003 4+4=0-23,1000-1003 1004+4=0-23,1000-1007 8+4=0-55,1000-1007 "
	  "1008+4=0-55,1000-1019 12+4=0-55,1000-1019 1012+4=0-55,1000-1019" },
	{ "large, then small",
	  "0+256=0-511 256+4=0-767 260+4=0-767 512+4=0-1023 516+4=0-1023 768+4=0-1279 800+4=0-1279 "
	  "1000+4=0-1279" },
	{ "large, then less", "0+256=0-511 256+40=0-767 512+40=0-1023" },
	{ "small, then large", "0+4=0-7 4+4=0-23 8+256=0-535 264+4=0-535 300+100=0-679" },
	{ "100 pages", "0+100=0-199 100+100=0-299 200+20=0-399 220+20=0-399 300+20=0-499" },
	{ "overlapping", "0+10=0-31 5+10=0-63 15+100=0-191 3+200=0-341" },
};

static void ranges_of(struct machine *m, handle_t inode, char *text, size_t size)
{
	u64 index = 0, first, next;
	size_t length = 0;

	text[0] = '\0';
	while (xa_find_page(m, inode_at(m, inode)->pages, &index, UINT64_MAX)) {
		first = next = index;
		while (xa_page(m, inode_at(m, inode)->pages, next + 1))
			next++;
		length += (size_t)snprintf(text + length, size - length, "%s%llu-%llu",
					   length ? "," : "", (unsigned long long)first,
					   (unsigned long long)next);
		index = next + 1;
	}
}

/* One word of a sequence; false when what is there then is not what the kernel had. */
static bool read_step(struct machine *m, handle_t file, handle_t inode, const char *name,
		      const char *word)
{
	bool bytes = *word == 'b';
	const char *want = strchr(word, '=') + 1;
	char *end, have[512];
	u64 offset = strtoull(word + bytes, &end, 10), length = strtoull(end + 1, NULL, 10);

	if (!bytes) {
		offset <<= PAGE_SHIFT;
		length <<= PAGE_SHIFT;
	}
	filemap_read(m, file, offset, length);
	ranges_of(m, inode, have, sizeof(have));
	if (strlen(have) == strcspn(want, " ") && !strncmp(have, want, strlen(have)))
		return true;
	diag("%s: after %.*s there is %s", name, (int)strcspn(word, " "), word, have);
	return false;
}

static void test_kernel(struct mmtest *t)
{
	struct machine *m = t->m;
	handle_t inode, file;
	size_t i;

	inode_create(m, "/data/f", (u64)FILE_PAGES << PAGE_SHIFT, INODE_REGULAR, &inode);
	for (i = 0; i < ARRAY_SIZE(kernel); i++) {
		const char *word = kernel[i].reads;
		bool same = true;

		vfs_open(m, inode, &file);
		while (same && word) {
			same = read_step(m, file, inode, kernel[i].name, word);
			word = strchr(word, ' ');
			word += word != NULL;
		}
		ok(same, "%s: read ahead as the kernel does", kernel[i].name);
		vfs_close(m, file);
		invalidate_mapping_pages(m, inode, 0, UINT64_MAX);
	}
	inode_unlink(m, inode);
}

/* Another descriptor finds the mark that the first one left. */
static void test_two_descriptors(struct mmtest *t)
{
	struct machine *m = t->m;
	handle_t inode, a, b;
	char have[512];

	inode_create(m, "/data/f", 4 << 20, INODE_REGULAR, &inode);
	vfs_open(m, inode, &a);
	vfs_open(m, inode, &b);
	filemap_read(m, a, 0, 4 * PAGE_SIZE);
	filemap_read(m, b, 0, 16 * PAGE_SIZE);
	ranges_of(m, inode, have, sizeof(have));
	is_str(have, "0-71", "a mark is followed by whoever comes to it");
	filemap_read(m, b, 16 * PAGE_SIZE, 16 * PAGE_SIZE);
	ranges_of(m, inode, have, sizeof(have));
	is_str(have, "0-71", "once");
	vfs_close(m, a);
	vfs_close(m, b);
	inode_unlink(m, inode);
}

/* Read once, a page is inactive; read twice, it is active; written, neither. */
static void test_lists(struct mmtest *t)
{
	struct machine *m = t->m;
	struct mark at, d;
	handle_t inode, file;
	u64 activated;

	inode_create(m, "/data/f", 0, INODE_REGULAR, &inode);
	vfs_open(m, inode, &file);
	mark(t, &at);
	activated = m->vm_event[PGACTIVATE];
	is_int(generic_file_write(m, inode, 0, 64 * PAGE_SIZE, NULL), 64 * PAGE_SIZE,
	       "64 pages written");
	generic_file_write(m, inode, 0, 64 * PAGE_SIZE, NULL);
	generic_file_write(m, inode, 0, 64 * PAGE_SIZE, NULL);
	d = since(t, &at);
	is_int(d.dirty, 64, "are dirty");
	is_int(d.inactive_file, 64, "and inactive, however often they are written");
	is_uint(d.pgpgin, 0, "whole pages are not read first");
	filemap_read(m, file, 0, 64 * PAGE_SIZE);
	is_uint(m->vm_event[PGACTIVATE], activated, "read once, they are referenced");
	filemap_read(m, file, 0, 64 * PAGE_SIZE);
	is_uint(m->vm_event[PGACTIVATE], activated + 64, "read twice, they are active");

	filemap_fdatawrite(m, inode, 0, UINT64_MAX);
	while (blk_wait_next(m, false))
		;
	invalidate_mapping_pages(m, inode, 0, UINT64_MAX);
	mark(t, &at);
	generic_file_write(m, inode, 5 * PAGE_SIZE + 10, 100, NULL);
	d = since(t, &at);
	is_uint(d.pgpgin, 4, "a page that is overwritten in part is read first, by itself");
	is_int(d.file, 1, "and nothing with it");
	generic_file_write(m, inode, 200 * PAGE_SIZE + 10, 100, NULL);
	d = since(t, &at);
	is_uint(d.pgpgin, 4, "in a hole there is nothing to read");
	filemap_read(m, file, 100 * PAGE_SIZE, PAGE_SIZE);
	d = since(t, &at);
	is_uint(d.pgpgin, 4, "nor does reading a hole ask the disk");
	is_int(d.file, 3, "but it takes a page");
	vfs_close(m, file);
	inode_unlink(m, inode);
}

static void test_marks_accessed(struct mmtest *t)
{
	struct machine *m = t->m;
	handle_t inode, file;
	u64 activated = m->vm_event[PGACTIVATE];
	u32 i;

	inode_create(m, "/data/f", 4 << 20, INODE_REGULAR, &inode);
	vfs_open(m, inode, &file);
	for (i = 0; i < 40; i++)
		filemap_read(m, file, (u64)i * 100, 100);
	is_uint(m->vm_event[PGACTIVATE], activated, "small reads of one page are one access");
	filemap_read(m, file, 5000, 100);
	filemap_read(m, file, 0, 100);
	is_uint(m->vm_event[PGACTIVATE], activated + 1, "coming back to it is another");
	is_int(filemap_read(m, file, 4 << 20, 100), 0, "nothing lies behind the end");
	is_int(filemap_read(m, file, (4 << 20) - 10, 100), 10, "a read ends there");
	vfs_close(m, file);
	inode_unlink(m, inode);
}

/* read_ahead_kb, as it was when the file was opened. */
static void test_knob(struct mmtest *t)
{
	static const struct {
		u32 kb, pages;
	} window[] = { { 0, 1 }, { 16, 4 }, { 64, 16 }, { 128, 32 }, { 512, 128 } };
	struct machine *m = t->m;
	handle_t inode, file;
	u64 read;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(window); i++) {
		m->knobs.bdi[0].read_ahead_kb = window[i].kb;
		inode_create(m, "/data/f", 8 << 20, INODE_REGULAR, &inode);
		vfs_open(m, inode, &file);
		m->knobs.bdi[0].read_ahead_kb = 128;
		read = m->vm_event[PGPGIN];
		mmap_sync_readahead(m, file, 0, 500);
		is_uint(m->vm_event[PGPGIN] - read, window[i].kb, "%u kB around a fault",
			window[i].kb);
		read = m->vm_event[PGPGIN];
		filemap_read(m, file, 0, PAGE_SIZE);
		cmp_int(m->vm_event[PGPGIN] - read, <=, 4 * window[i].pages,
			"no more than that at the start of a file");
		vfs_close(m, file);
		inode_unlink(m, inode);
	}
}

int main(void)
{
	struct mmtest t;

	mmtest_open(&t, 256);
	test_kernel(&t);
	test_two_descriptors(&t);
	test_lists(&t);
	test_marks_accessed(&t);
	test_knob(&t);
	mmtest_close(&t);
	return done_testing();
}
