/*
 * Kernel parameters: what is understood, what is passed over, what goes on to init.
 */
#include "tests/tap.h"

#include <mman/machine.h>

#include <string.h>

static struct boot_params parse(const char *text)
{
	struct boot_params p;

	parse_cmdline(&p, text);
	return p;
}

static void test_memparse(void)
{
	static const struct {
		const char *text;
		u64 want;
		const char *rest;
	} cases[] = {
		{ "0", 0, "" },
		{ "512M", 512u << 20, "" },
		{ "1G", 1u << 30, "" },
		{ "2g", 2ull << 30, "" },
		{ "0x10k", 16 << 10, "" },
		{ "010", 8, "" },
		{ "1T,next", 1ull << 40, ",next" },
		{ "30%", 30, "%" },
		{ "x", 0, "x" },
		{ "M", 0, "M" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *end;

		is_uint(memparse(cases[i].text, &end), cases[i].want, "memparse(\"%s\")",
			cases[i].text);
		is_str(end, cases[i].rest, "memparse(\"%s\") ends where it should", cases[i].text);
	}
}

static void test_memory(void)
{
	struct boot_params p = parse("mem=1536M kernelcore=512M");

	is_uint(p.mem, 1536ull << 20, "mem=1536M");
	is_uint(p.kernelcore, 512ull << 20, "kernelcore=512M");
	p = parse("kernelcore=30% movablecore=2G movable_node numa=off");
	is_int(p.kernelcore_percent, 30, "kernelcore=30%%");
	is_uint(p.movablecore, 2ull << 30, "movablecore=2G");
	ok(p.movable_node && p.numa_off, "flags without a value");
	p = parse("mem=nopentium mem=0");
	is_uint(p.mem, 0, "mem= without a size limits nothing");
	p = parse("mem=1G mem=2G");
	is_uint(p.mem, 2ull << 30, "the last one counts");
	is_int(parse("numa=fake=4").numa_fake, 4, "numa=fake=4");
	p = parse("kernelcore=mirror");
	is_uint(p.kernelcore, 0, "kernelcore=mirror asks for nothing on memory without mirrors");
}

static void test_words(void)
{
	struct boot_params p = parse("");

	ok(p.thp == -1 && p.numa_balancing == -1 && p.swapaccount == -1 && !p.psi_off,
	   "nothing is set by an empty line");
	is_int(parse("transparent_hugepage=always").thp, 0, "transparent_hugepage=always");
	is_int(parse("transparent_hugepage=madvise").thp, 1, "transparent_hugepage=madvise");
	is_int(parse("transparent-hugepage=never").thp, 2, "'-' and '_' are one letter in a name");
	is_int(parse("transparent_hugepage=maybe").thp, -1,
	       "a word that is none keeps the default");
	is_int(parse("memhp_default_state=online_kernel").memhp, MEMHP_ONLINE_KERNEL,
	       "memhp_default_state=online_kernel");
	is_int(parse("memhp_default_state=online_movable").memhp, MEMHP_ONLINE_MOVABLE,
	       "memhp_default_state=online_movable");
	is_int(parse("memhp_default_state=on").memhp, MEMHP_OFFLINE, "a wrong state stays offline");
	ok(parse("psi=0").psi_off && !parse("psi=1").psi_off && parse("psi=no").psi_off, "psi=");
	ok(!parse("psi=maybe").psi_off, "psi=maybe changes nothing");
	is_int(parse("swapaccount=0").swapaccount, 0, "swapaccount=0");
	is_int(parse("numa_balancing=disable").numa_balancing, 0, "numa_balancing=disable");
	p = parse("panic=5 panic=-1 -- panic=9");
	is_int(p.panic, -1, "panic=: the last one counts, and not what is init's");
	is_int(p.nr_unknown, 0, "it is the kernel's own");
	is_hex(parse("cgroup_disable=memory,pids").cgroup_disabled,
	       1 << CGROUP_MEMORY | 1 << CGROUP_PIDS, "cgroup_disable= takes a list");
	p = parse("init_on_alloc=0 init_on_free=1 page_poison=1 nokaslr log_buf_len=300000");
	ok(p.no_init_on_alloc && p.init_on_free && p.page_poison && p.nokaslr,
	   "debugging switches");
	is_uint(p.log_buf_len, 524288, "log_buf_len= is rounded up to a power of two");
}

static void test_hugepages(void)
{
	struct boot_params p = parse("hugepages=16");

	is_int(p.nr_hugepages, 1, "hugepages=16 is one request");
	ok(p.hugepages[0].nr == 16 && p.hugepages[0].page_size == 2u << 20 &&
		   p.hugepages[0].nid == NUMA_NO_NODE,
	   "for 16 pages of 2 MiB anywhere");
	p = parse("hugepages=0:4,1:8");
	ok(p.nr_hugepages == 2 && p.hugepages[1].nid == 1 && p.hugepages[1].nr == 8, "per node");
	p = parse("default_hugepagesz=1G hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=10");
	is_uint(p.default_hugepage_size, 1u << 30, "default_hugepagesz=1G");
	ok(p.nr_hugepages == 2 && p.hugepages[0].page_size == 1u << 30 && p.hugepages[0].nr == 1 &&
		   p.hugepages[1].page_size == 2u << 20 && p.hugepages[1].nr == 10,
	   "hugepages= counts pages of the hugepagesz= before it");
	p = parse("hugepages=3 default_hugepagesz=1G");
	is_uint(p.hugepages[0].page_size, 1u << 30,
		"a count before any size is of the default size");
	is_int(parse("hugepagesz=4M hugepages=7").nr_hugepages, 0,
	       "a size that the CPU has not is passed over");
	is_int(parse("hugepages=x").nr_hugepages, 0, "no number, no request");
}

static void test_unknown(void)
{
	struct boot_params p =
		parse("console=ttyS0 panic=-1 oracle=two-node quiet zram.num_devices=2 3");

	is_str(p.unknown, "3 oracle=two-node", "init gets what nobody knows, words first");
	is_int(p.nr_unknown, 2, "and they are counted");
	p = parse("a=\"b c\" mem=1G -- mem=2G splash");
	is_str(p.unknown, "a=b c", "quotes hold blanks together");
	is_uint(p.mem, 1u << 30, "behind -- everything is init's");
	p = parse("\"mem=1G\"  \t transparent_hugepage=\"never\"");
	ok(p.mem == 1u << 30 && p.thp == 2, "quotes around all or a value go away");
}

static void test_long(void)
{
	char text[CMDLINE_MAX];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	is_int(parse(text).nr_unknown, 1, "a word as long as the line");
	memset(text, '=', sizeof(text) - 1);
	is_int(parse(text).nr_unknown, 1, "a line of equal signs");
	memset(text, '"', sizeof(text) - 1);
	cmp_int(parse(text).nr_unknown, <=, 1, "a line of quotes");
}

int main(void)
{
	test_memparse();
	test_memory();
	test_words();
	test_hugepages();
	test_unknown();
	test_long();
	return done_testing();
}
