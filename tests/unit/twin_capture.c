/* Captures as texts: taken apart, refused, and what machine file comes of one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/machine_file.h"
#include "fs/twin/capture.h"
#include "fs/twin/stat.h"
#include "fs/twin/twin.h"
#include "tests/tap.h"
#include "tests/twin_host.h"

static struct slice slice(const char *s)
{
	return (struct slice){ s, strlen(s) };
}

static void add_up(void *arg, u64 n)
{
	*(u64 *)arg += 1ull << n;
}

static void test_slices(void)
{
	struct slice rest = slice("a  b\tc\n"), word;
	u64 n = 0, bits = 0;
	s64 s = 0;

	ok(slice_word(&rest, &word) && slice_is(word, "a") && slice_word(&rest, &word) &&
		   slice_is(word, "b") && slice_word(&rest, &word) && slice_is(word, "c") &&
		   !slice_word(&rest, &word),
	   "words end at blanks and line ends");
	ok(slice_number(slice("18446744073709551615"), 10, &n) && n == UINT64_MAX,
	   "the largest number");
	ok(!slice_number(slice("18446744073709551616"), 10, &n), "one more does not fit");
	ok(!slice_number(slice(""), 10, &n) && !slice_number(slice("1x"), 10, &n) &&
		   !slice_number(slice("-1"), 10, &n),
	   "what is no number");
	ok(slice_number(slice("7fff00aa"), 16, &n) && n == 0x7fff00aa, "hexadecimal");
	ok(slice_signed(slice("-42"), &s) && s == -42, "a negative number");
	ok(slice_list(slice("0-2,5\n"), 64, add_up, &bits) && bits == 0x27, "a list of CPUs");
	ok(!slice_list(slice("0-64"), 64, add_up, &bits) &&
		   !slice_list(slice("2-1"), 64, add_up, &bits),
	   "lists beyond the limit, or backwards");
	is_uint(slice_value(slice("ab: 1\nMemFree:   17 kB\n"), "MemFree:", 0), 17,
		"a value by its key");
	is_uint(slice_value(slice("xMemFree: 1\n"), "MemFree:", 5), 5,
		"keys stand at a line's start");
}

static void test_stat(void)
{
	struct text capture;
	struct capture c;
	struct slice text;
	struct twin_stat s;

	capture_head(&capture);
	capture_task(&capture, 7, 1, "a) b (c", 'S', 0, "");
	is_err(capture_open(&c, capture.data, capture.length, NULL), 0, "a capture of one process");
	is_uint(c.nr_processes, 1, "has one process");
	capture_of_process(&c, &c.processes[0], "stat", &text);
	ok(twin_parse_stat(text, &s), "its stat can be read");
	is_str(s.comm, "a) b (c", "though its name has parentheses");
	is_uint(s.field[STAT_PPID], 1, "its parent");
	is_uint(s.field[STAT_STARTTIME], 300, "when it started");
	is_uint(s.field[STAT_ENV_END], 140737488350300, "where its environment ends");
	ok(!twin_parse_stat(slice("7 (x) S 1 2 3"), &s), "a line that is too short is none");
	capture_close(&c);
	text_free(&capture);
}

/* What capture_open() says of a text. */
static const char *refusal(const char *text)
{
	static char said[256];
	FILE *err = fmemopen(said, sizeof(said) - 1, "w");
	struct capture c;
	int error;

	memset(said, 0, sizeof(said));
	error = capture_open(&c, text, strlen(text), err);
	fclose(err);
	if (!error)
		capture_close(&c);
	return error == -EINVAL ? said : error ? "another error" : "accepted";
}

#define HEAD "# mmanfs capture 1\n"

static void test_refusals(void)
{
	is_str(refusal(""), "capture:1: the first line is not '# mmanfs capture 1'\n",
	       "nothing at all");
	is_str(refusal("# mmanfs capture 2\n"),
	       "capture:1: the first line is not '# mmanfs capture 1'\n", "another version");
	is_str(refusal(HEAD "file /proc/x 2\nab\nnonsense\n"),
	       "capture:4: neither 'file' nor 'missing' nor 'ended'\n",
	       "a line that means nothing");
	is_str(refusal(HEAD "file /proc/x 3\nab\n"),
	       "capture:2: the file is shorter or longer than its line says\n", "a file cut short");
	is_str(refusal(HEAD "file /proc/x 18446744073709551615\nab\n"),
	       "capture:2: the file is shorter or longer than its line says\n", "an absurd size");
	is_str(refusal(HEAD "file /proc/x\n"),
	       "capture:2: 'file' is followed by a path and a size\n", "no size");
	is_str(refusal(HEAD "file /proc/9/stat 1\na\nfile /proc/8/stat 1\na\n"),
	       "capture:4: processes do not follow each other by number\n",
	       "processes out of order");
	is_str(refusal(HEAD "ended x\n"), "capture:2: 'ended' is followed by a number\n",
	       "a bad count");
	is_str(refusal(HEAD "file /proc/x 2\nab\nmissing /proc/y no\nended 3\n"), "accepted",
	       "what is well formed");
}

/* ---- machine files ---- */

static struct machine_config *machine_of(const struct text *capture, char *said, size_t size)
{
	struct machine_config *c = calloc(1, sizeof(*c));
	FILE *err = fmemopen(said, size - 1, "w");
	struct text machine;
	char why[256] = "";

	memset(said, 0, size);
	text_init(&machine);
	if (!twin_machine_file(capture->data, capture->length, &machine, err)) {
		text_char(&machine, '\0');
		if (machine_file_parse(c, machine.data, "twin", why, sizeof(why)))
			fprintf(err, "%s", why);
	}
	fclose(err);
	text_free(&machine);
	return c;
}

static void test_pc(void)
{
	struct text capture;
	struct machine_config *c;
	char said[512];

	capture_start(&capture, NULL);
	capture_file(&capture, "/proc/swaps",
		     "Filename Type Size Used Priority\n/dev/vdb partition 1048572 1036 -2\n"
		     "/var/swap file 8188 0 5\n");
	c = machine_of(&capture, said, sizeof(said));
	is_str(said, "", "a PC: nothing to tell");
	is_uint(c->nr_cpus, 2, "its CPUs");
	is_str(c->cpu_model, "A \"quoted\" CPU", "their model");
	is_uint(c->cpu_mhz, 2595, "their speed");
	ok(c->cpu_1g_pages && !c->cpu_la57, "what they can");
	is_str(c->cmdline, "quiet transparent_hugepage=never",
	       "the command line without pools, which are filled later");
	is_uint(c->boot_time, 1600000000, "when it booted");
	is_uint(c->kernel_base, 16 << 20, "where its kernel lies");
	ok(c->bare, "no processes of boot's own");
	is_uint(c->nr_ranges, 2, "two ranges of RAM");
	is_hex(c->range[0].start + c->range[0].size, 0x9f000, "whole pages below the EBDA");
	is_hex(c->range[1].start + c->range[1].size, 0x3ffe0000, "up to what the firmware keeps");
	is_uint(c->nr_zones, 2, "zones that have RAM");
	is_uint(c->zone[1].spanned_pages, 258016, "what a zone spans");
	is_uint(c->nr_swap, 2, "two swap areas");
	is_str(c->swap[0].name, "vdb", "a partition's name");
	is_uint(c->swap[0].size, 1ull << 30, "with the page of its header");
	ok(c->swap[1].file && c->swap[1].prio == 5, "a file, with its priority");
	free(c);
	text_free(&capture);
}

static void test_nodes(void)
{
	struct text capture, zones;
	struct machine_config *c;
	char said[512];

	capture_head(&capture);
	text_init(&zones);
	/* two nodes that take turns at the memory blocks above 4 GiB, and one without memory */
	capture_zone(&zones, 0, "DMA32", 4096, 258048, 258048, 250000);
	capture_zone(&zones, 0, "Normal", 1048576, 98304, 65536, 60000);
	capture_zone(&zones, 1, "Normal", 1081344, 98304, 65536, 60000);
	text_char(&zones, '\0');
	capture_file(&capture, "/proc/zoneinfo", zones.data);
	capture_file(&capture, "/proc/iomem",
		     "01000000-3fffffff : System RAM\n100000000-11fffffff : System RAM\n");
	capture_file(&capture, "/sys/devices/system/memory/block_size_bytes", "8000000\n");
	capture_file(&capture, "/sys/devices/system/node/online", "0-1,3\n");
	capture_file(&capture, "/sys/devices/system/node/node0/memory*",
		     "0\n1\n2\n3\n4\n5\n6\n7\n32\n34\n");
	capture_file(&capture, "/sys/devices/system/node/node0/distance", "10 21 31\n");
	capture_file(&capture, "/sys/devices/system/node/node0/cpulist", "0,2\n");
	capture_file(&capture, "/sys/devices/system/node/node1/memory*", "33\n35\n");
	capture_file(&capture, "/sys/devices/system/node/node1/cpulist", "1,3\n");
	capture_file(&capture, "/sys/devices/system/node/node3/cpulist", "\n");
	capture_file(&capture, "/sys/devices/system/cpu/online", "0-3\n");
	c = machine_of(&capture, said, sizeof(said));
	is_str(said, "", "nodes that are woven: nothing to tell");
	is_uint(c->nr_nodes, 4, "nodes up to the highest number");
	ok(c->node[3].present && !c->node[2].present, "those that are online");
	is_uint(c->node[0].distance[3], 31, "the third distance is that to the third node");
	is_hex(c->node[1].cpumask[0], 0xa, "a node's CPUs");
	is_uint(c->nr_ranges, 5, "RAM in pieces");
	is_hex(c->range[2].start, 0x110000000, "the first node's second block");
	is_uint(c->range[3].nid, 1, "the second node's first");
	free(c);
	text_free(&zones);
	text_free(&capture);
}

static void test_no_machine(void)
{
	struct text capture;
	char said[512];

	capture_head(&capture);
	free(machine_of(&capture, said, sizeof(said)));
	like(said, "no /proc/zoneinfo", "without zones there is no machine");
	capture_file(&capture, "uname", "machine aarch64\nrelease 6.1\npage_size 65536\n");
	free(machine_of(&capture, said, sizeof(said)));
	like(said, "aarch64", "nor on another architecture");
	text_free(&capture);
}

int main(void)
{
	test_slices();
	test_stat();
	test_refusals();
	test_pc();
	test_nodes();
	test_no_machine();
	return done_testing();
}
