/*
 * What real kernels showed after boot: 6.1.0-56-amd64 and 6.1.0-50-686-pae (Debian 12) under QEMU
 * 7.2, `-machine pc`, zoneinfo and meminfo read by PID 1. "reference" and "variant" rows are the
 * captures that the presets reproduce; the others are fresh guests with other RAM, nodes and
 * command lines.
 *
 * machine: "#NAME" is a preset, anything else a machine file. slack: pages by which managed may
 * differ, where the kernel's random base changes how many page tables the direct map takes.
 * blocks: memory blocks of 128 MiB, 0 where the kernel has none. A zone's protections are listed as
 * zoneinfo prints them, DMA first; on i386 there is no DMA32, and 0 stands in its place.
 */
struct guest_zone {
	int nid;
	const char *name;
	long long mark[3]; /* min, low, high */
	long long start, spanned, present, managed;
	long long protection[5];
	long long pcp_high, pcp_batch;
};

/* clang-format off */
static const struct guest {
	const char *guest, *machine;
	int slack;
	long long mem_total_kb, min_free_kb, blocks;
	int nr_zones;
	struct guest_zone zone[10];
} guests[] = {
	{ "reference one-node",
	  "#one-node",
	  0, 983460, 45056, 8, 2, {
		{ 0, "DMA", { 177, 221, 265 }, 1, 4095, 3998, 3840, { 0, 934, 934, 934, 934 }, 110, 1 },
		{ 0, "DMA32", { 11086, 13857, 16628 }, 4096, 258007, 258007, 242025, { 0, 0, 0, 0, 0 }, 6928, 63 } } },
	{ "reference two-node",
	  "#two-node",
	  0, 2017012, 67584, 16, 3, {
		{ 0, "DMA", { 129, 161, 193 }, 1, 4095, 3998, 3840, { 0, 991, 991, 991, 991 }, 161, 1 },
		{ 0, "DMA32", { 8552, 10690, 12828 }, 4096, 258048, 258048, 253843, { 0, 0, 0, 0, 0 }, 10690, 63 },
		{ 1, "DMA32", { 8214, 10267, 12320 }, 262144, 262103, 262103, 246570, { 0, 0, 0, 0, 0 }, 10267, 63 } } },
	{ "reference hotplug",
	  "#hotplug",
	  0, 916984, 45008, 16, 2, {
		{ 0, "DMA", { 190, 237, 284 }, 1, 4095, 3998, 3840, { 0, 869, 869, 869, 869 }, 118, 1 },
		{ 0, "DMA32", { 11061, 13826, 16591 }, 4096, 258007, 258007, 225406, { 0, 0, 0, 0, 0 }, 6913, 63 } } },
	{ "reference hugetlb",
	  "#hugetlb",
	  0, 3041216, 45056, 24, 2, {
		{ 0, "DMA", { 57, 71, 85 }, 1, 4095, 3998, 3840, { 0, 2944, 2944, 2944, 2944 }, 35, 1 },
		{ 0, "DMA32", { 11206, 14007, 16808 }, 4096, 782295, 782295, 756464, { 0, 0, 0, 0, 0 }, 7003, 63 } } },
	{ "variant movablecore",
	  "[machine]\nkernel_base=0x47000000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=two-node movablecore=30%\n[node 0]\n"
			"memory=1G\ncpus=0\ndistance=10 20\n[node 1]\nmemory=1G\ncpus=1\n"
			"distance=20 10\n",
	  0, 2017012, 67584, 16, 5, {
		{ 0, "DMA", { 129, 161, 193 }, 1, 4095, 3998, 3840, { 0, 704, 704, 991, 991 }, 161, 1 },
		{ 0, "DMA32", { 6073, 7591, 9109 }, 4096, 180224, 180224, 180224, { 0, 0, 0, 287, 287 }, 7591, 63 },
		{ 0, "Movable", { 2480, 3100, 3720 }, 184320, 77824, 77824, 73619, { 0, 0, 0, 0, 0 }, 3100, 15 },
		{ 1, "DMA32", { 5727, 7158, 8589 }, 262144, 183296, 183296, 171978, { 0, 0, 0, 288, 288 }, 7158, 31 },
		{ 1, "Movable", { 2484, 3105, 3726 }, 445440, 78807, 78807, 74592, { 0, 0, 0, 0, 0 }, 3105, 15 } } },
	{ "variant kernelcore-one-node",
	  "[machine]\nkernel_base=0x2aa00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=one-node kernelcore=512M\ncpus=2\n"
			"memory=1G\n",
	  0, 983460, 26236, 8, 3, {
		{ 0, "DMA", { 103, 128, 153 }, 1, 4095, 3998, 3840, { 0, 500, 500, 934, 934 }, 64, 1 },
		{ 0, "DMA32", { 3454, 4317, 5180 }, 4096, 128000, 128000, 128000, { 0, 0, 0, 434, 434 }, 2158, 31 },
		{ 0, "Movable", { 3000, 3750, 4500 }, 132096, 130007, 130007, 114025, { 0, 0, 0, 0, 0 }, 1875, 31 } } },
	{ "variant memhp-online",
	  "[machine]\nkernel_base=0x25600000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=hotplug memhp_default_state=online\n"
			"dimm_slots=4\nmax_memory=8G\n[node 0]\nmemory=1G\ncpus=0-1\n[node 1]\n"
			"memory=0\n[dimm dimm0]\nsize=1G\nnode=1\n",
	  0, 1965560, 67584, 16, 3, {
		{ 0, "DMA", { 132, 165, 198 }, 1, 4095, 3998, 3840, { 0, 869, 869, 869, 869 }, 82, 1 },
		{ 0, "DMA32", { 7696, 9620, 11544 }, 4096, 258007, 258007, 225406, { 0, 0, 0, 0, 0 }, 4810, 63 },
		{ 1, "Normal", { 9066, 11332, 13598 }, 1048576, 262144, 262144, 262144, { 0, 0, 0, 0, 0 }, 5666, 63 } } },
	{ "variant numa-off",
	  "[machine]\nkernel_base=0x36800000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=two-node numa=off\n[node 0]\nmemory=1G\n"
			"cpus=0\ndistance=10 20\n[node 1]\nmemory=1G\ncpus=1\ndistance=20 10\n",
	  0, 2014116, 45056, 16, 2, {
		{ 0, "DMA", { 86, 107, 128 }, 1, 4095, 3998, 3840, { 0, 1940, 1940, 1940, 1940 }, 53, 1 },
		{ 0, "DMA32", { 11177, 13971, 16765 }, 4096, 520151, 520151, 499689, { 0, 0, 0, 0, 0 }, 6985, 63 } } },
	{ "variant thp-never",
	  "[machine]\nkernel_base=0x16200000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=one-node transparent_hugepage=never\n"
			"cpus=2\nmemory=1G\n",
	  0, 983460, 3931, 8, 2, {
		{ 0, "DMA", { 15, 18, 21 }, 1, 4095, 3998, 3840, { 0, 934, 934, 934, 934 }, 9, 1 },
		{ 0, "DMA32", { 966, 1207, 1448 }, 4096, 258007, 258007, 242025, { 0, 0, 0, 0, 0 }, 603, 63 } } },
	{ "variant thp-madvise",
	  "[machine]\nkernel_base=0x23400000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=one-node transparent_hugepage=madvise\n"
			"cpus=2\nmemory=1G\n",
	  0, 983460, 45056, 8, 2, {
		{ 0, "DMA", { 177, 221, 265 }, 1, 4095, 3998, 3840, { 0, 934, 934, 934, 934 }, 110, 1 },
		{ 0, "DMA32", { 11086, 13857, 16628 }, 4096, 258007, 258007, 242025, { 0, 0, 0, 0, 0 }, 6928, 63 } } },
	{ "variant hugetlb-per-node",
	  "[machine]\nkernel_base=0xea00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=two-node hugepages=0:4,1:8\n[node 0]\n"
			"memory=1G\ncpus=0\ndistance=10 20\n[node 1]\nmemory=1G\ncpus=1\n"
			"distance=20 10\n",
	  0, 2017012, 67584, 16, 3, {
		{ 0, "DMA", { 129, 161, 193 }, 1, 4095, 3998, 3840, { 0, 939, 939, 939, 939 }, 161, 1 },
		{ 0, "DMA32", { 8105, 10131, 12157 }, 4096, 258048, 258048, 242525, { 0, 0, 0, 0, 0 }, 10131, 63 },
		{ 1, "DMA32", { 8661, 10826, 12991 }, 262144, 262103, 262103, 257888, { 0, 0, 0, 0, 0 }, 10826, 63 } } },
	{ "variant hugetlb-1g",
	  "[machine]\nkernel_base=0x83600000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=hugetlb hugepages=16 default_hugepagesz=1G hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=10\n"
			"cpu_1g_pages=yes\ncpu_la57=yes\ncpus=2\nmemory=3G\n",
	  0, 3041216, 45056, 24, 2, {
		{ 0, "DMA", { 57, 71, 85 }, 1, 4095, 3998, 3840, { 0, 1919, 1919, 1919, 1919 }, 35, 1 },
		{ 0, "DMA32", { 11206, 14007, 16808 }, 4096, 782295, 782295, 756464, { 0, 0, 0, 0, 0 }, 7003, 63 } } },
	{ "one-node-768",
	  "[machine]\nkernel_base=0x1de00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=one-node\ncpus=2\nmemory=768M\n",
	  0, 725412, 35444, 6, 2, {
		{ 0, "DMA", { 190, 237, 284 }, 1, 4095, 3998, 3840, { 0, 682, 682, 682, 682 }, 118, 1 },
		{ 0, "DMA32", { 8670, 10837, 13004 }, 4096, 192471, 192471, 177513, { 0, 0, 0, 0, 0 }, 5418, 31 } } },
	{ "one-node-1280",
	  "[machine]\nkernel_base=0x36600000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=one-node\ncpus=2\nmemory=1280M\n",
	  0, 1239972, 45056, 10, 2, {
		{ 0, "DMA", { 140, 175, 210 }, 1, 4095, 3998, 3840, { 0, 1184, 1184, 1184, 1184 }, 87, 1 },
		{ 0, "DMA32", { 11123, 13903, 16683 }, 4096, 323543, 323543, 306153, { 0, 0, 0, 0, 0 }, 6951, 63 } } },
	{ "one-plus-node",
	  "[machine]\nkernel_base=0x5a600000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\n[node 0]\nmemory=1G\ncpus=0\n"
			"distance=10 20\n[node 1]\nmemory=1G\ncpus=1\ndistance=20 10\n",
	  0, 2017012, 67584, 16, 3, {
		{ 0, "DMA", { 129, 161, 193 }, 1, 4095, 3998, 3840, { 0, 991, 991, 991, 991 }, 161, 1 },
		{ 0, "DMA32", { 8554, 10692, 12830 }, 4096, 258048, 258048, 253843, { 0, 0, 0, 0, 0 }, 10692, 63 },
		{ 1, "DMA32", { 8212, 10265, 12318 }, 262144, 262103, 262103, 246570, { 0, 0, 0, 0, 0 }, 10265, 63 } } },
	{ "two-node-768",
	  "[machine]\nkernel_base=0x4c200000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\n[node 0]\nmemory=768M\ncpus=0\n"
			"distance=10 20\n[node 1]\nmemory=768M\ncpus=1\ndistance=20 10\n",
	  0, 1500916, 67584, 12, 3, {
		{ 0, "DMA", { 174, 217, 260 }, 1, 4095, 3998, 3840, { 0, 739, 739, 739, 739 }, 217, 1 },
		{ 0, "DMA32", { 8590, 10737, 12884 }, 4096, 192512, 192512, 189331, { 0, 0, 0, 0, 0 }, 10737, 63 },
		{ 1, "DMA32", { 8130, 10162, 12194 }, 196608, 196567, 196567, 182058, { 0, 0, 0, 0, 0 }, 10162, 63 } } },
	{ "two-node-1280",
	  "[machine]\nkernel_base=0x97a00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\n[node 0]\nmemory=1280M\ncpus=0\n"
			"distance=10 20\n[node 1]\nmemory=1280M\ncpus=1\ndistance=20 10\n",
	  0, 2533108, 67584, 20, 3, {
		{ 0, "DMA", { 102, 127, 152 }, 1, 4095, 3998, 3840, { 0, 1243, 1243, 1243, 1243 }, 127, 1 },
		{ 0, "DMA32", { 8532, 10665, 12798 }, 4096, 323584, 323584, 318355, { 0, 0, 0, 0, 0 }, 10665, 63 },
		{ 1, "DMA32", { 8260, 10325, 12390 }, 327680, 327639, 327639, 311082, { 0, 0, 0, 0, 0 }, 10325, 63 } } },
	{ "three-node",
	  "[machine]\nkernel_base=0xac400000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\n[node 0]\nmemory=1G\ncpus=0\n"
			"distance=10 20 20\n[node 1]\nmemory=1G\ncpus=1\ndistance=20 10 20\n[node 2]\n"
			"memory=1G\ncpus=2\ndistance=20 20 10\n",
	  0, 3048780, 90112, 24, 4, {
		{ 0, "DMA", { 113, 141, 169 }, 1, 4095, 3998, 3840, { 0, 991, 991, 991, 991 }, 141, 1 },
		{ 0, "DMA32", { 7531, 9413, 11295 }, 4096, 258048, 258048, 253843, { 0, 0, 0, 0, 0 }, 9413, 63 },
		{ 1, "DMA32", { 7652, 9565, 11478 }, 262144, 262144, 262144, 257942, { 0, 0, 0, 0, 0 }, 9565, 63 },
		{ 2, "DMA32", { 7230, 9037, 10844 }, 524288, 262103, 262103, 246570, { 0, 0, 0, 0, 0 }, 9037, 63 } } },
	{ "hotplug-768",
	  "[machine]\nkernel_base=0xd200000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\ndimm_slots=4\nmax_memory=8G\n"
			"[node 0]\nmemory=768M\ncpus=0-1\n[node 1]\nmemory=0\n[dimm dimm0]\nsize=1G\n"
			"node=1\n",
	  0, 658936, 32132, 14, 2, {
		{ 0, "DMA", { 190, 237, 284 }, 1, 4095, 3998, 3840, { 0, 617, 617, 617, 617 }, 118, 1 },
		{ 0, "DMA32", { 7842, 9802, 11762 }, 4096, 192471, 192471, 160894, { 0, 0, 0, 0, 0 }, 4901, 31 } } },
	{ "hotplug-1280",
	  "[machine]\nkernel_base=0x28c00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\ndimm_slots=4\nmax_memory=8G\n"
			"[node 0]\nmemory=1280M\ncpus=0-1\n[node 1]\nmemory=0\n[dimm dimm0]\nsize=1G\n"
			"node=1\n",
	  0, 1173496, 45056, 18, 2, {
		{ 0, "DMA", { 148, 185, 222 }, 1, 4095, 3998, 3840, { 0, 1119, 1119, 1119, 1119 }, 92, 1 },
		{ 0, "DMA32", { 11115, 13893, 16671 }, 4096, 323543, 323543, 289534, { 0, 0, 0, 0, 0 }, 6946, 63 } } },
	{ "hotplug-3",
	  "[machine]\nkernel_base=0x43400000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\ndimm_slots=4\nmax_memory=8G\n"
			"[node 0]\nmemory=1G\ncpus=0-1\n[node 1]\nmemory=1G\n[node 2]\nmemory=0\n"
			"[dimm d]\nsize=1G\nnode=2\n",
	  0, 1950536, 67584, 24, 3, {
		{ 0, "DMA", { 133, 166, 199 }, 1, 4095, 3998, 3840, { 0, 991, 991, 991, 991 }, 83, 1 },
		{ 0, "DMA32", { 8845, 11056, 13267 }, 4096, 258048, 258048, 253781, { 0, 0, 0, 0, 0 }, 5528, 63 },
		{ 1, "DMA32", { 7916, 9895, 11874 }, 262144, 262103, 262103, 230013, { 0, 0, 0, 0, 0 }, 4947, 63 } } },
	{ "hotplug-movable_node",
	  "[machine]\nkernel_base=0x31000000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=hotplug movable_node\ndimm_slots=4\n"
			"max_memory=8G\n[node 0]\nmemory=1G\ncpus=0-1\n[node 1]\nmemory=0\n"
			"[dimm dimm0]\nsize=1G\nnode=1\n",
	  0, 916984, 44988, 16, 2, {
		{ 0, "DMA", { 190, 237, 284 }, 1, 4095, 3998, 3840, { 0, 869, 869, 869, 869 }, 118, 1 },
		{ 0, "DMA32", { 11056, 13820, 16584 }, 4096, 258007, 258007, 225406, { 0, 0, 0, 0, 0 }, 6910, 63 } } },
	{ "hugetlb-2304",
	  "[machine]\nkernel_base=0x16200000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom hugepages=16\ncpu_1g_pages=yes\n"
			"cpu_la57=yes\ncpus=2\nmemory=2304M\n",
	  0, 2267072, 45056, 18, 2, {
		{ 0, "DMA", { 76, 95, 114 }, 1, 4095, 3998, 3840, { 0, 2187, 2187, 2187, 2187 }, 47, 1 },
		{ 0, "DMA32", { 11187, 13983, 16779 }, 4096, 585687, 585687, 562928, { 0, 0, 0, 0, 0 }, 6991, 63 } } },
	{ "hugetlb-3840",
	  "[machine]\nkernel_base=0xa2e00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom hugepages=16\ncpu_1g_pages=yes\n"
			"cpu_la57=yes\ncpus=2\nmemory=3840M\n",
	  1, 3749048, 67584, 30, 3, {
		{ 0, "DMA", { 69, 86, 103 }, 1, 4095, 3998, 3840, { 0, 2936, 3634, 3634, 3634 }, 43, 1 },
		{ 0, "DMA32", { 13592, 16990, 20388 }, 4096, 1044480, 782295, 754593, { 0, 0, 698, 698, 698 }, 8495, 63 },
		{ 0, "Normal", { 3233, 4041, 4849 }, 1048576, 196608, 196608, 178829, { 0, 0, 0, 0, 0 }, 2020, 63 } } },
	{ "hugetlb-2n",
	  "[machine]\nkernel_base=0x144c00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom hugepages=16\ncpu_1g_pages=yes\n"
			"cpu_la57=yes\n[node 0]\nmemory=3G\ncpus=0\ndistance=10 20\n[node 1]\n"
			"memory=3G\ncpus=1\ndistance=20 10\n",
	  0, 6077456, 67584, 48, 3, {
		{ 0, "DMA", { 42, 52, 62 }, 1, 4095, 3998, 3840, { 0, 2940, 2940, 2940, 2940 }, 52, 1 },
		{ 0, "DMA32", { 8385, 10481, 12577 }, 4096, 782295, 782295, 753513, { 0, 0, 0, 0, 0 }, 10481, 63 },
		{ 1, "Normal", { 8467, 10583, 12699 }, 1048576, 786432, 786432, 762011, { 0, 0, 0, 0, 0 }, 10583, 63 } } },
	{ "one-256m",
	  "[machine]\nkernel_base=0x6600000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\ncpus=2\nmemory=256M\n",
	  0, 210468, 1784, 2, 2, {
		{ 0, "DMA", { 34, 42, 50 }, 1, 4095, 3998, 3840, { 0, 179, 179, 179, 179 }, 21, 1 },
		{ 0, "DMA32", { 411, 513, 615 }, 4096, 61399, 61399, 48777, { 0, 0, 0, 0, 0 }, 256, 15 } } },
	{ "one-512",
	  "[machine]\nkernel_base=0x10800000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\ncpus=2\nmemory=512M\n",
	  0, 468132, 2703, 4, 2, {
		{ 0, "DMA", { 22, 27, 32 }, 1, 4095, 3998, 3840, { 0, 430, 430, 430, 430 }, 13, 1 },
		{ 0, "DMA32", { 652, 815, 978 }, 4096, 126935, 126935, 113193, { 0, 0, 0, 0, 0 }, 407, 31 } } },
	{ "one-576",
	  "[machine]\nkernel_base=0x13c00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\ncpus=2\nmemory=576M\n",
	  0, 530852, 2882, 5, 2, {
		{ 0, "DMA", { 21, 26, 31 }, 1, 4095, 3998, 3840, { 0, 492, 492, 492, 492 }, 13, 1 },
		{ 0, "DMA32", { 698, 872, 1046 }, 4096, 143319, 143319, 128873, { 0, 0, 0, 0, 0 }, 436, 31 } } },
	{ "one-700",
	  "[machine]\nkernel_base=0x10c00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\ncpus=2\nmemory=700M\n",
	  0, 655780, 31976, 6, 2, {
		{ 0, "DMA", { 190, 237, 284 }, 1, 4095, 3998, 3840, { 0, 614, 614, 614, 614 }, 118, 1 },
		{ 0, "DMA32", { 7803, 9753, 11703 }, 4096, 175063, 175063, 160105, { 0, 0, 0, 0, 0 }, 4876, 31 } } },
	{ "one-1000",
	  "[machine]\nkernel_base=0x27a00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\ncpus=2\nmemory=1000M\n",
	  0, 958884, 45056, 8, 2, {
		{ 0, "DMA", { 182, 227, 272 }, 1, 4095, 3998, 3840, { 0, 910, 910, 910, 910 }, 113, 1 },
		{ 0, "DMA32", { 11081, 13851, 16621 }, 4096, 251863, 251863, 235881, { 0, 0, 0, 0, 0 }, 6925, 63 } } },
	{ "one-5g",
	  "[machine]\nkernel_base=0x130a00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\ncpus=2\nmemory=5G\n",
	  0, 5035168, 67584, 40, 3, {
		{ 0, "DMA", { 51, 63, 75 }, 1, 4095, 3998, 3840, { 0, 2988, 4890, 4890, 4890 }, 31, 1 },
		{ 0, "DMA32", { 10292, 12865, 15438 }, 4096, 1044480, 782295, 765911, { 0, 0, 1902, 1902, 1902 }, 6432, 63 },
		{ 0, "Normal", { 6552, 8190, 9828 }, 1048576, 524288, 524288, 489041, { 0, 0, 0, 0, 0 }, 4095, 63 } } },
	{ "tiny",
	  "[machine]\nkernel_base=0x1000000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\ncpus=1\nmemory=128M\n",
	  0, 81884, 1061, 1, 2, {
		{ 0, "DMA", { 57, 71, 85 }, 1, 4095, 3998, 3840, { 0, 53, 53, 53, 53 }, 71, 1 },
		{ 0, "DMA32", { 207, 258, 309 }, 4096, 28631, 28631, 16631, { 0, 0, 0, 0, 0 }, 258, 3 } } },
	{ "laptop",
	  "[machine]\nkernel_base=0x3cfe00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\ncpus=8\nmemory=16G\n",
	  0, 16375448, 67584, 128, 3, {
		{ 0, "DMA", { 15, 18, 21 }, 1, 4095, 3998, 3840, { 0, 2988, 15965, 15965, 15965 }, 4, 1 },
		{ 0, "DMA32", { 3159, 3948, 4737 }, 4096, 1044480, 782295, 765911, { 0, 0, 12976, 12976, 12976 }, 493, 63 },
		{ 0, "Normal", { 13720, 17150, 20580 }, 1048576, 3407872, 3407872, 3324111, { 0, 0, 0, 0, 0 }, 2143, 63 } } },
	{ "one-8g-24cpu",
	  "[machine]\nkernel_base=0x49200000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\ncpus=16\nmemory=8G\n",
	  0, 8128260, 67584, 64, 3, {
		{ 0, "DMA", { 31, 38, 45 }, 1, 4095, 3998, 3840, { 0, 2936, 7911, 7911, 7911 }, 4, 1 },
		{ 0, "DMA32", { 6259, 7823, 9387 }, 4096, 1044480, 782295, 754593, { 0, 0, 4975, 4975, 4975 }, 488, 63 },
		{ 0, "Normal", { 10604, 13255, 15906 }, 1048576, 1310720, 1310720, 1273632, { 0, 0, 0, 0, 0 }, 828, 63 } } },
	{ "server-64g",
	  "[machine]\nkernel_base=0x976c00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom memblock=debug log_buf_len=4M\n"
			"[node 0]\nmemory=8G\ncpus=0-3\n[node 1]\nmemory=8G\ncpus=4-7\n[node 2]\n"
			"memory=8G\ncpus=8-11\n[node 3]\nmemory=8G\ncpus=12-15\n[node 4]\nmemory=8G\n"
			"cpus=16-19\n[node 5]\nmemory=8G\ncpus=20-23\n[node 6]\nmemory=8G\ncpus=24-27\n"
			"[node 7]\nmemory=8G\ncpus=28-31\n",
	  3, 65919408, 225280, 512, 10, {
		{ 0, "DMA", { 13, 16, 19 }, 1, 4095, 3998, 3840, { 0, 2988, 7979, 7979, 7979 }, 4, 1 },
		{ 0, "DMA32", { 2615, 3380, 4145 }, 4096, 1044480, 782295, 765911, { 0, 0, 4990, 4990, 4990 }, 845, 63 },
		{ 0, "Normal", { 4367, 5644, 6921 }, 1048576, 1310720, 1310720, 1277657, { 0, 0, 0, 0, 0 }, 1411, 63 },
		{ 1, "Normal", { 7055, 9119, 11183 }, 2359296, 2097152, 2097152, 2064091, { 0, 0, 0, 0, 0 }, 2279, 63 },
		{ 2, "Normal", { 7055, 9119, 11183 }, 4456448, 2097152, 2097152, 2064092, { 0, 0, 0, 0, 0 }, 2279, 63 },
		{ 3, "Normal", { 7055, 9119, 11183 }, 6553600, 2097152, 2097152, 2064091, { 0, 0, 0, 0, 0 }, 2279, 63 },
		{ 4, "Normal", { 7009, 9059, 11109 }, 8650752, 2097152, 2097152, 2052774, { 0, 0, 0, 0, 0 }, 2264, 63 },
		{ 5, "Normal", { 7055, 9119, 11183 }, 10747904, 2097152, 2097152, 2064091, { 0, 0, 0, 0, 0 }, 2279, 63 },
		{ 6, "Normal", { 7055, 9119, 11183 }, 12845056, 2097152, 2097152, 2064092, { 0, 0, 0, 0, 0 }, 2279, 63 },
		{ 7, "Normal", { 7038, 9097, 11156 }, 14942208, 2097152, 2097152, 2059213, { 0, 0, 0, 0, 0 }, 2274, 63 } } },
	{ "two-mem512",
	  "[machine]\nkernel_base=0x10400000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom mem=512M\n[node 0]\nmemory=1G\n"
			"cpus=0\ndistance=10 20\n[node 1]\nmemory=1G\ncpus=1\ndistance=20 10\n",
	  0, 468124, 2703, 4, 2, {
		{ 0, "DMA", { 22, 27, 32 }, 1, 4095, 3998, 3840, { 0, 430, 430, 430, 430 }, 27, 1 },
		{ 0, "DMA32", { 652, 815, 978 }, 4096, 126976, 126976, 113191, { 0, 0, 0, 0, 0 }, 815, 31 } } },
	{ "two-mem1536",
	  "[machine]\nkernel_base=0x45000000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom mem=1536M\n[node 0]\nmemory=1G\n"
			"cpus=0\ndistance=10 20\n[node 1]\nmemory=1G\ncpus=1\ndistance=20 10\n",
	  0, 1501080, 67584, 12, 3, {
		{ 0, "DMA", { 174, 217, 260 }, 1, 4095, 3998, 3840, { 0, 991, 991, 991, 991 }, 217, 1 },
		{ 0, "DMA32", { 11516, 14395, 17274 }, 4096, 258048, 258048, 253843, { 0, 0, 0, 0, 0 }, 14395, 63 },
		{ 1, "DMA32", { 5204, 6505, 7806 }, 262144, 131072, 131072, 117587, { 0, 0, 0, 0, 0 }, 6505, 31 } } },
	{ "one-mem3g",
	  "[machine]\nkernel_base=0x52600000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom mem=3G\ncpus=2\nmemory=5G\n",
	  1, 3043232, 45056, 24, 2, {
		{ 0, "DMA", { 57, 71, 85 }, 1, 4095, 3998, 3840, { 0, 2945, 2945, 2945, 2945 }, 35, 1 },
		{ 0, "DMA32", { 11206, 14007, 16808 }, 4096, 782295, 782295, 756968, { 0, 0, 0, 0, 0 }, 7003, 63 } } },
	{ "one-mem4608",
	  "[machine]\nkernel_base=0x3de00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom mem=4608M\ncpus=2\nmemory=5G\n",
	  3, 3493016, 67584, 28, 3, {
		{ 0, "DMA", { 74, 92, 110 }, 1, 4095, 3998, 3840, { 0, 2936, 3384, 3384, 3384 }, 46, 1 },
		{ 0, "DMA32", { 14592, 18240, 21888 }, 4096, 1044480, 782295, 754593, { 0, 0, 448, 448, 448 }, 9120, 63 },
		{ 0, "Normal", { 2228, 2785, 3342 }, 1048576, 131072, 131072, 114821, { 0, 0, 0, 0, 0 }, 1392, 31 } } },
	{ "two-kernelcore1g",
	  "[machine]\nkernel_base=0x59400000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom kernelcore=1G\n[node 0]\n"
			"memory=1G\ncpus=0\ndistance=10 20\n[node 1]\nmemory=1G\ncpus=1\n"
			"distance=20 10\n",
	  0, 2017012, 49720, 16, 5, {
		{ 0, "DMA", { 95, 118, 141 }, 1, 4095, 3998, 3840, { 0, 500, 500, 991, 991 }, 118, 1 },
		{ 0, "DMA32", { 3173, 3966, 4759 }, 4096, 128000, 128000, 128000, { 0, 0, 0, 491, 491 }, 3966, 31 },
		{ 0, "Movable", { 3119, 3898, 4677 }, 132096, 130048, 130048, 125843, { 0, 0, 0, 0, 0 }, 3898, 31 },
		{ 1, "DMA32", { 2919, 3648, 4377 }, 262144, 131072, 131072, 119754, { 0, 0, 0, 492, 492 }, 3648, 31 },
		{ 1, "Movable", { 3122, 3902, 4682 }, 393216, 131031, 131031, 126816, { 0, 0, 0, 0, 0 }, 3902, 31 } } },
	{ "two-movablecore1g",
	  "[machine]\nkernel_base=0x2d600000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom movablecore=1G\n[node 0]\n"
			"memory=1G\ncpus=0\ndistance=10 20\n[node 1]\nmemory=1G\ncpus=1\n"
			"distance=20 10\n",
	  0, 2017012, 52368, 16, 5, {
		{ 0, "DMA", { 100, 125, 150 }, 1, 4095, 3998, 3840, { 0, 500, 500, 939, 939 }, 125, 1 },
		{ 0, "DMA32", { 3342, 4177, 5012 }, 4096, 128000, 128000, 128000, { 0, 0, 0, 439, 439 }, 4177, 31 },
		{ 0, "Movable", { 2938, 3672, 4406 }, 132096, 130048, 130048, 114525, { 0, 0, 0, 0, 0 }, 3672, 31 },
		{ 1, "DMA32", { 3422, 4277, 5132 }, 262144, 131072, 131072, 131072, { 0, 0, 0, 492, 492 }, 4277, 31 },
		{ 1, "Movable", { 3288, 4110, 4932 }, 393216, 131031, 131031, 126816, { 0, 0, 0, 0, 0 }, 4110, 31 } } },
	{ "one5g-movablecore2g",
	  "[machine]\nkernel_base=0x101a00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom movablecore=2G\ncpus=2\n"
			"memory=5G\n",
	  0, 5035168, 45056, 40, 3, {
		{ 0, "DMA", { 34, 42, 50 }, 1, 4095, 3998, 3840, { 0, 2988, 2988, 4890, 4890 }, 21, 1 },
		{ 0, "DMA32", { 6861, 8576, 10291 }, 4096, 1044480, 782295, 765911, { 0, 0, 0, 1902, 1902 }, 4288, 63 },
		{ 0, "Movable", { 4368, 5460, 6552 }, 1048576, 524288, 524288, 489041, { 0, 0, 0, 0, 0 }, 2730, 63 } } },
	{ "one5g-kernelcore50",
	  "[machine]\nkernel_base=0x169c00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom kernelcore=50%\ncpus=2\n"
			"memory=5G\n",
	  1, 5035172, 45056, 40, 3, {
		{ 0, "DMA", { 34, 42, 50 }, 1, 4095, 3998, 3840, { 0, 2988, 2988, 4890, 4890 }, 21, 1 },
		{ 0, "DMA32", { 6861, 8576, 10291 }, 4096, 1044480, 782295, 765911, { 0, 0, 0, 1902, 1902 }, 4288, 63 },
		{ 0, "Movable", { 4368, 5460, 6552 }, 1048576, 524288, 524288, 489042, { 0, 0, 0, 0, 0 }, 2730, 63 } } },
	{ "one5g-kernelcore4608",
	  "[machine]\nkernel_base=0xb8200000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom kernelcore=4608M\ncpus=2\n"
			"memory=5G\n",
	  2, 5035160, 67584, 40, 4, {
		{ 0, "DMA", { 51, 63, 75 }, 1, 4095, 3998, 3840, { 0, 2936, 4476, 4890, 4890 }, 31, 1 },
		{ 0, "DMA32", { 10113, 12641, 15169 }, 4096, 1044480, 782295, 754593, { 0, 0, 1540, 1954, 1954 }, 6320, 63 },
		{ 0, "Normal", { 5303, 6628, 7953 }, 1048576, 394240, 394240, 394240, { 0, 0, 0, 3316, 3316 }, 3314, 63 },
		{ 0, "Movable", { 1427, 1783, 2139 }, 1442816, 130048, 130048, 106117, { 0, 0, 0, 0, 0 }, 891, 31 } } },
	{ "one-numafake4",
	  "[machine]\nkernel_base=0x19800000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=one-node numa=fake=4\ncpus=2\n"
			"memory=1G\n",
	  0, 984468, 48356, 8, 5, {
		{ 0, "DMA", { 190, 237, 284 }, 1, 4095, 3998, 3840, { 0, 235, 235, 235, 235 }, 118, 1 },
		{ 0, "DMA32", { 2997, 3746, 4495 }, 4096, 61440, 61440, 60307, { 0, 0, 0, 0, 0 }, 1873, 15 },
		{ 1, "DMA32", { 2538, 3172, 3806 }, 65536, 65536, 65536, 53088, { 0, 0, 0, 0, 0 }, 1586, 15 },
		{ 2, "DMA32", { 3203, 4003, 4803 }, 131072, 65536, 65536, 64468, { 0, 0, 0, 0, 0 }, 2001, 15 },
		{ 3, "DMA32", { 3158, 3947, 4736 }, 196608, 65495, 65495, 64414, { 0, 0, 0, 0, 0 }, 1973, 15 } } },
	{ "one5g-numafake4",
	  "[machine]\nkernel_base=0x161e00000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom numa=fake=4\ncpus=2\nmemory=5G\n",
	  1, 5046932, 135168, 40, 6, {
		{ 0, "DMA", { 103, 128, 153 }, 1, 4095, 3998, 3840, { 0, 1243, 1243, 1243, 1243 }, 64, 1 },
		{ 0, "DMA32", { 8545, 10681, 12817 }, 4096, 323584, 323584, 318355, { 0, 0, 0, 0, 0 }, 5340, 63 },
		{ 1, "DMA32", { 8655, 10818, 12981 }, 327680, 327680, 327680, 322454, { 0, 0, 0, 0, 0 }, 5409, 63 },
		{ 2, "DMA32", { 3054, 3817, 4580 }, 655360, 393216, 131031, 114647, { 0, 0, 747, 747, 747 }, 1908, 31 },
		{ 2, "Normal", { 5138, 6422, 7706 }, 1048576, 196608, 196608, 191444, { 0, 0, 0, 0, 0 }, 3211, 63 },
		{ 3, "Normal", { 8294, 10367, 12440 }, 1245184, 327680, 327680, 310993, { 0, 0, 0, 0, 0 }, 5183, 63 } } },
	{ "memoryless-cpu",
	  "[machine]\nkernel_base=0x30600000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\n[node 0]\nmemory=1G\ncpus=0\n"
			"[node 1]\nmemory=0\ncpus=1\n",
	  0, 983288, 45056, 8, 2, {
		{ 0, "DMA", { 178, 222, 266 }, 1, 4095, 3998, 3840, { 0, 934, 934, 934, 934 }, 222, 1 },
		{ 0, "DMA32", { 11085, 13856, 16627 }, 4096, 258007, 258007, 241982, { 0, 0, 0, 0, 0 }, 13856, 63 } } },
	{ "memoryless-first",
	  "[machine]\nkernel_base=0x22600000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom\n[node 0]\nmemory=0\ncpus=0\n"
			"[node 1]\nmemory=1G\ncpus=1\n",
	  0, 983288, 45056, 8, 2, {
		{ 1, "DMA", { 178, 222, 266 }, 1, 4095, 3998, 3840, { 0, 934, 934, 934, 934 }, 222, 1 },
		{ 1, "DMA32", { 11085, 13856, 16627 }, 4096, 258007, 258007, 241982, { 0, 0, 0, 0, 0 }, 13856, 63 } } },
	{ "memhp-movable",
	  "[machine]\nkernel_base=0x16600000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=hotplug memhp_default_state=online_movable\n"
			"dimm_slots=4\nmax_memory=8G\n[node 0]\nmemory=1G\ncpus=0-1\n[node 1]\n"
			"memory=0\n[dimm dimm0]\nsize=1G\nnode=1\n",
	  0, 1965560, 45056, 16, 3, {
		{ 0, "DMA", { 88, 110, 132 }, 1, 4095, 3998, 3840, { 0, 869, 869, 869, 869 }, 55, 1 },
		{ 0, "DMA32", { 5131, 6413, 7695 }, 4096, 258007, 258007, 225406, { 0, 0, 0, 0, 0 }, 3206, 63 },
		{ 1, "Movable", { 6044, 7555, 9066 }, 1048576, 262144, 262144, 262144, { 0, 0, 0, 0, 0 }, 3777, 63 } } },
	{ "huge-1g-two",
	  "[machine]\nkernel_base=0x82200000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom hugepagesz=1G hugepages=2 hugepagesz=2M hugepages=20\n"
			"cpu_1g_pages=yes\ncpu_la57=yes\n[node 0]\nmemory=3G\ncpus=0\ndistance=10 20\n"
			"[node 1]\nmemory=3G\ncpus=1\ndistance=20 10\n",
	  2, 6077448, 67584, 48, 3, {
		{ 0, "DMA", { 42, 52, 62 }, 1, 4095, 3998, 3840, { 0, 1864, 1864, 1864, 1864 }, 52, 1 },
		{ 0, "DMA32", { 8237, 10296, 12355 }, 4096, 782295, 782295, 742195, { 0, 0, 0, 0, 0 }, 10296, 63 },
		{ 1, "Normal", { 8615, 10768, 12921 }, 1048576, 786432, 786432, 773327, { 0, 0, 0, 0, 0 }, 10768, 63 } } },
	{ "huge-1g-pernode",
	  "[machine]\nkernel_base=0x71600000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom hugepagesz=1G hugepages=0:1,1:1 default_hugepagesz=1G\n"
			"cpu_1g_pages=yes\ncpu_la57=yes\n[node 0]\nmemory=3G\ncpus=0\ndistance=10 20\n"
			"[node 1]\nmemory=3G\ncpus=1\ndistance=20 10\n",
	  2, 6077448, 67584, 48, 3, {
		{ 0, "DMA", { 42, 52, 62 }, 1, 4095, 3998, 3840, { 0, 2888, 2888, 2888, 2888 }, 52, 1 },
		{ 0, "DMA32", { 8237, 10296, 12355 }, 4096, 782295, 782295, 742195, { 0, 0, 0, 0, 0 }, 10296, 63 },
		{ 1, "Normal", { 8615, 10768, 12921 }, 1048576, 786432, 786432, 773327, { 0, 0, 0, 0, 0 }, 10768, 63 } } },
	{ "one-nokaslr",
	  "[machine]\nkernel_base=0x1000000\ninitrd=3448K\n"
			"cmdline=console=ttyS0 panic=-1 oracle=custom nokaslr\ncpus=2\nmemory=1G\n",
	  0, 983460, 45056, 8, 2, {
		{ 0, "DMA", { 177, 221, 265 }, 1, 4095, 3998, 3840, { 0, 934, 934, 934, 934 }, 110, 1 },
		{ 0, "DMA32", { 11086, 13857, 16628 }, 4096, 258007, 258007, 242025, { 0, 0, 0, 0, 0 }, 6928, 63 } } },
	{ "i386-2g-plain",
	  "[machine]\narch=i386\npae=yes\nkernel_base=0x1c000000\ninitrd=1116K\n"
			"cmdline=console=ttyS0 panic=-1 quiet\ncpus=2\nmemory=2G\n",
	  0, 2059064, 42776, 0, 3, {
		{ 0, "DMA", { 190, 237, 284 }, 1, 4095, 3998, 3840, { 0, 0, 825, 1993, 1993 }, 118, 1 },
		{ 0, "Normal", { 10503, 13128, 15753 }, 4096, 221182, 221182, 211948, { 0, 0, 0, 9343, 9343 }, 6564, 63 },
		{ 0, "HighMem", { 128, 3840, 7552 }, 225278, 298978, 298978, 298978, { 0, 0, 0, 0, 0 }, 1920, 63 } } },
	{ "i386-1536",
	  "[machine]\narch=i386\npae=yes\nkernel_base=0x11000000\ninitrd=1116K\n"
			"cmdline=console=ttyS0 panic=-1 quiet\ncpus=2\nmemory=1536M\n",
	  0, 1540248, 43048, 0, 3, {
		{ 0, "DMA", { 190, 237, 284 }, 1, 4095, 3998, 3840, { 0, 0, 831, 1487, 1487 }, 118, 1 },
		{ 0, "Normal", { 10571, 13213, 15855 }, 4096, 221182, 221182, 213316, { 0, 0, 0, 5247, 5247 }, 6606, 63 },
		{ 0, "HighMem", { 128, 2213, 4298 }, 225278, 167906, 167906, 167906, { 0, 0, 0, 0, 0 }, 1106, 31 } } },
	{ "i386-2560",
	  "[machine]\narch=i386\npae=yes\nkernel_base=0x16000000\ninitrd=1116K\n"
			"cmdline=console=ttyS0 panic=-1 quiet\ncpus=2\nmemory=2560M\n",
	  0, 2578424, 42528, 0, 3, {
		{ 0, "DMA", { 190, 237, 284 }, 1, 4095, 3998, 3840, { 0, 0, 821, 2500, 2500 }, 118, 1 },
		{ 0, "Normal", { 10441, 13051, 15661 }, 4096, 221182, 221182, 210716, { 0, 0, 0, 13439, 13439 }, 6525, 63 },
		{ 0, "HighMem", { 128, 5468, 10808 }, 225278, 430050, 430050, 430050, { 0, 0, 0, 0, 0 }, 2734, 63 } } },
	{ "i386-512",
	  "[machine]\narch=i386\npae=yes\nkernel_base=0x15000000\ninitrd=1116K\n"
			"cmdline=console=ttyS0 panic=-1 quiet\ncpus=1\nmemory=512M\n",
	  1, 502300, 2829, 0, 2, {
		{ 0, "DMA", { 21, 26, 31 }, 1, 4095, 3998, 3840, { 0, 0, 473, 473, 473 }, 26, 1 },
		{ 0, "Normal", { 685, 856, 1027 }, 4096, 126944, 126944, 121735, { 0, 0, 0, 0, 0 }, 856, 31 } } },
};
