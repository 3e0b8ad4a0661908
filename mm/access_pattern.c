/*
 * access_pattern.c - streams of page indexes: seq, random, uniform, zipf.
 *
 * random visits every page once per round in a seeded order without storing the order: a Feistel
 * network over the smallest even number of bits that holds the page count, walked again for results
 * that fall outside. zipf draws a rank with probability proportional to rank^-theta and sends it
 * through the same permutation, so that the hot pages are spread over the region.
 *
 * No floating point: powers are 2^(-theta * log2 x) from two tables with linear interpolation,
 * exact to about five decimal digits.
 */
#include <mman/lab.h>

#define LOG2_SHIFT     24u /* fixed point of log2_table */
#define FEISTEL_ROUNDS 4u
#define EXACT_BUCKETS  10u /* ranks below 2^10 are summed one by one */

/* clang-format would put fewer numbers in a line. */
/* clang-format off */

/* log2(1 + i/256) */
static const u32 log2_table[257] = {
	0, 94364, 188362, 281996, 375270, 468185, 560745, 652952,
	744810, 836320, 927485, 1018309, 1108793, 1198939, 1288752, 1378232,
	1467383, 1556207, 1644705, 1732882, 1820738, 1908277, 1995500, 2082410,
	2169009, 2255299, 2341283, 2426963, 2512340, 2597417, 2682196, 2766679,
	2850868, 2934766, 3018374, 3101694, 3184728, 3267478, 3349946, 3432134,
	3514044, 3595678, 3677038, 3758124, 3838941, 3919488, 3999768, 4079782,
	4159533, 4239023, 4318251, 4397222, 4475935, 4554394, 4632599, 4710552,
	4788255, 4865709, 4942916, 5019878, 5096595, 5173071, 5249305, 5325300,
	5401057, 5476578, 5551864, 5626916, 5701737, 5776327, 5850688, 5924821,
	5998727, 6072409, 6145867, 6219103, 6292118, 6364913, 6437490, 6509850,
	6581994, 6653924, 6725641, 6797146, 6868440, 6939525, 7010402, 7081072,
	7151536, 7221795, 7291852, 7361706, 7431359, 7500812, 7570066, 7639123,
	7707984, 7776649, 7845119, 7913397, 7981483, 8049377, 8117082, 8184598,
	8251926, 8319067, 8386022, 8452793, 8519380, 8585785, 8652008, 8718050,
	8783912, 8849596, 8915102, 8980431, 9045584, 9110562, 9175366, 9239998,
	9304457, 9368745, 9432863, 9496811, 9560591, 9624203, 9687648, 9750928,
	9814042, 9876993, 9939780, 10002404, 10064867, 10127170, 10189312, 10251295,
	10313120, 10374787, 10436298, 10497652, 10558852, 10619897, 10680789, 10741528,
	10802114, 10862550, 10922835, 10982970, 11042956, 11102794, 11162484, 11222028,
	11281425, 11340677, 11399784, 11458748, 11517568, 11576245, 11634780, 11693175,
	11751428, 11809542, 11867517, 11925353, 11983051, 12040612, 12098037, 12155325,
	12212479, 12269497, 12326382, 12383133, 12439752, 12496238, 12552593, 12608817,
	12664911, 12720875, 12776710, 12832416, 12887994, 12943445, 12998770, 13053968,
	13109041, 13163988, 13218811, 13273511, 13328087, 13382540, 13436871, 13491080,
	13545168, 13599135, 13652983, 13706711, 13760320, 13813810, 13867183, 13920438,
	13973576, 14026597, 14079503, 14132294, 14184969, 14237530, 14289978, 14342312,
	14394532, 14446641, 14498638, 14550523, 14602297, 14653961, 14705514, 14756958,
	14808293, 14859519, 14910637, 14961648, 15012551, 15063347, 15114037, 15164621,
	15215099, 15265473, 15315742, 15365906, 15415967, 15465925, 15515779, 15565531,
	15615181, 15664730, 15714177, 15763523, 15812769, 15861915, 15910962, 15959909,
	16008758, 16057508, 16106160, 16154714, 16203172, 16251532, 16299796, 16347964,
	16396036, 16444013, 16491896, 16539683, 16587377, 16634976, 16682482, 16729896,
	16777216,
};

/* 2^(-i/256) */
static const u32 exp2_table[257] = {
	1073741824, 1070838486, 1067942999, 1065055341, 1062175491, 1059303428, 1056439131, 1053582579,
	1050733751, 1047892626, 1045059183, 1042233401, 1039415261, 1036604740, 1033801819, 1031006477,
	1028218693, 1025438448, 1022665720, 1019900489, 1017142735, 1014392438, 1011649578, 1008914134,
	1006186087, 1003465416, 1000752102, 998046124, 995347464, 992656100, 989972014, 987295185,
	984625594, 981963222, 979308048, 976660054, 974019220, 971385527, 968758955, 966139485,
	963527098, 960921775, 958323496, 955732243, 953147997, 950570738, 948000448, 945437108,
	942880699, 940331203, 937788600, 935252872, 932724001, 930201967, 927686753, 925178340,
	922676710, 920181844, 917693724, 915212331, 912737649, 910269657, 907808339, 905353676,
	902905651, 900464244, 898029440, 895601218, 893179563, 890764456, 888355878, 885953814,
	883558244, 881169153, 878786521, 876410331, 874040567, 871677210, 869320244, 866969651,
	864625413, 862287515, 859955938, 857630665, 855311680, 852998965, 850692504, 848392279,
	846098274, 843810471, 841528855, 839253408, 836984114, 834720956, 832463917, 830212982,
	827968132, 825729353, 823496627, 821269938, 819049271, 816834607, 814625932, 812423229,
	810226483, 808035676, 805850792, 803671817, 801498734, 799331526, 797170178, 795014675,
	792865000, 790721137, 788583072, 786450787, 784324269, 782203500, 780088465, 777979150,
	775875538, 773777614, 771685363, 769598769, 767517817, 765442492, 763372778, 761308661,
	759250125, 757197155, 755149737, 753107854, 751071493, 749040637, 747015274, 744995386,
	742980960, 740971982, 738968435, 736970306, 734977579, 732990241, 731008277, 729031671,
	727060411, 725094480, 723133865, 721178552, 719228525, 717283772, 715344277, 713410026,
	711481005, 709557200, 707638598, 705725183, 703816941, 701913860, 700015924, 698123120,
	696235434, 694352853, 692475362, 690602947, 688735596, 686873293, 685016026, 683163781,
	681316545, 679474303, 677637043, 675804750, 673977412, 672155015, 670337545, 668524990,
	666717336, 664914570, 663116678, 661323648, 659535466, 657752119, 655973594, 654199878,
	652430958, 650666822, 648907455, 647152846, 645402981, 643657847, 641917433, 640181724,
	638450708, 636724373, 635002706, 633285695, 631573326, 629865587, 628162466, 626463950,
	624770026, 623080683, 621395908, 619715688, 618040012, 616368866, 614702239, 613040119,
	611382493, 609729349, 608080675, 606436459, 604796689, 603161352, 601530438, 599903933,
	598281827, 596664106, 595050760, 593441776, 591837143, 590236848, 588640881, 587049229,
	585461881, 583878825, 582300049, 580725543, 579155293, 577589290, 576027521, 574469975,
	572916640, 571367506, 569822560, 568281792, 566745190, 565212742, 563684439, 562160268,
	560640218, 559124278, 557612438, 556104685, 554601009, 553101399, 551605844, 550114332,
	548626854, 547143398, 545663953, 544188508, 542717053, 541249576, 539786068, 538326517,
	536870912,
};

/* clang-format on */

static u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* Half the bits of the greatest of @n indexes, rounded up. */
static u32 half_bits(u64 n)
{
	return n > 4 ? (65 - (u32)__builtin_clzll(n - 1)) / 2 : 1;
}

static u64 feistel(u64 right, u64 key, u32 round)
{
	return mix(right + key + round * 0x9e3779b97f4a7c15ull);
}

static u64 permute(u64 x, u64 n, u64 key)
{
	u32 half = half_bits(n), round;
	u64 mask = (1ull << half) - 1;

	do {
		u64 left = x >> half, right = x & mask;

		for (round = 0; round < FEISTEL_ROUNDS; round++) {
			u64 swap = left ^ (feistel(right, key, round) & mask);

			left = right;
			right = swap;
		}
		x = left << half | right;
	} while (x >= n);
	return x;
}

/* What the rounds make of each half an index: all that permute() needs to know. */
static void draw_prepare(struct access_draw *d, u64 n, u64 key)
{
	u32 round, i;

	d->half = half_bits(n);
	d->key = key;
	d->ready = d->half <= ACCESS_DRAW_BITS;
	for (round = 0; d->ready && round < FEISTEL_ROUNDS; round++)
		for (i = 0; i < 1u << d->half; i++)
			d->table[round][i] =
				(u16)(feistel(i, key, round) & ((1ull << d->half) - 1));
}

/* One pass of permute(). */
static inline u64 draw_permute(const struct access_draw *d, u64 x)
{
	u32 left = (u32)(x >> d->half), right = (u32)x & ((1u << d->half) - 1);

	left ^= d->table[0][right];
	right ^= d->table[1][left];
	left ^= d->table[2][right];
	right ^= d->table[3][left];
	return (u64)left << d->half | right;
}

/* log2 of @x >= 1, fixed point */
static u64 fixed_log2(u64 x)
{
	u32 whole = 63 - (u32)__builtin_clzll(x);
	/* the 24 bits below the leading one */
	u64 fraction = whole >= 24 ? x >> (whole - 24) & 0xffffff : x << (24 - whole) & 0xffffff;
	u32 i = (u32)(fraction >> 16);
	u64 low = log2_table[i], step = log2_table[i + 1] - low;

	return ((u64)whole << LOG2_SHIFT) + low + (step * (fraction & 0xffff) >> 16);
}

/* 2^-(@e / 2^LOG2_SHIFT) in units of 2^-30 */
static u64 fixed_exp2_negative(u64 e)
{
	u64 whole = e >> LOG2_SHIFT, fraction = e & ((1u << LOG2_SHIFT) - 1);
	u32 i = (u32)(fraction >> 16);
	u64 high = exp2_table[i], step = high - exp2_table[i + 1];

	if (whole >= 31)
		return 0;
	return (high - (step * (fraction & 0xffff) >> 16)) >> whole;
}

static u64 power_of_theta(u64 log2_x, u32 theta_millis)
{
	return fixed_exp2_negative(log2_x * theta_millis / 1000);
}

/* Sum of rank^-theta over [from, to), from a power of two, in units of 2^-30. */
static u64 bucket_weight(u64 from, u64 to, u32 theta_millis)
{
	u64 sum = 0, i, samples = 1u << EXACT_BUCKETS, span = to - from;

	if (span <= samples) {
		for (i = from; i < to; i++)
			sum += power_of_theta(fixed_log2(i), theta_millis);
		return sum;
	}
	for (i = 0; i < samples; i++)
		sum += power_of_theta(fixed_log2(from + (span * (2 * i + 1)) / (2 * samples)),
				      theta_millis);
	return (u64)((unsigned __int128)sum * span / samples);
}

static void zipf_init(struct access_stream *s)
{
	u32 k;

	s->zipf_total = 0;
	for (k = 0; k < ZIPF_BUCKETS && 1ull << k <= s->nr_pages; k++) {
		u64 from = 1ull << k, to = min_t(u64, 2 * from, s->nr_pages + 1);

		s->zipf_weight[k] = bucket_weight(from, to, s->spec.theta_millis);
		s->zipf_total += s->zipf_weight[k];
	}
}

/* A rank in [1, nr_pages]: its bucket by weight, then its place in the bucket by rejection (at
 * least 2^-theta of the draws are kept). */
static u64 zipf_rank(struct access_stream *s)
{
	u64 draw = access_stream_below(s, s->zipf_total), from, to, rank, relative;
	u32 k = 0;

	while (k < ZIPF_BUCKETS - 1 && draw >= s->zipf_weight[k])
		draw -= s->zipf_weight[k++];
	from = 1ull << k;
	to = min_t(u64, 2 * from, s->nr_pages + 1);
	do {
		rank = from + access_stream_below(s, to - from);
		relative = fixed_log2(rank) - ((u64)k << LOG2_SHIFT);
	} while ((access_stream_random(s) >> 34) >= power_of_theta(relative, s->spec.theta_millis));
	return rank;
}

void access_stream_init(struct access_stream *s, const struct access_spec *spec, u64 start,
			u64 nr_pages, u64 seed)
{
	*s = (struct access_stream){ .spec = *spec, .start = start, .nr_pages = nr_pages };
	s->key = mix(seed + 1);
	s->random[0] = mix(seed + 2) | 1;
	s->random[1] = mix(seed + 3);
	s->round_key = s->key + mix(0);
	if (spec->pattern == ACCESS_ZIPF)
		zipf_init(s);
}

u64 access_stream_permuted(struct access_stream *s)
{
	u64 at = s->index;

	if (s->spec.pattern == ACCESS_ZIPF)
		return permute(zipf_rank(s) - 1, s->nr_pages, s->key);
	if (++s->index == s->nr_pages) {
		s->index = 0;
		s->round++;
	}
	at = permute(at, s->nr_pages, s->round_key);
	if (!s->index)
		s->round_key = s->key + mix(s->round);
	return at;
}

/* The next @nr pages of this round, in its order. Which draws fall outside and are made again,
 * nobody can foretell: they are, after all others. */
static void draw_round(struct access_stream *s, struct access_draw *d, u64 *page, u32 nr)
{
	u32 again[ACCESS_DRAW_MAX], nr_again = 0, i, j;

	for (i = 0; i < nr; i++) {
		page[i] = draw_permute(d, s->index + i);
		again[nr_again] = i;
		nr_again += page[i] >= s->nr_pages;
	}
	while (nr_again) {
		u32 left = 0;

		for (j = 0; j < nr_again; j++) {
			i = again[j];
			page[i] = draw_permute(d, page[i]);
			again[left] = i;
			left += page[i] >= s->nr_pages;
		}
		nr_again = left;
	}
	s->index += nr;
	if (s->index == s->nr_pages) {
		s->index = 0;
		s->round_key = s->key + mix(++s->round);
	}
}

u32 access_stream_draw(struct access_stream *s, struct access_draw *d, u64 *addr, u32 nr)
{
	bool write;
	u32 i;

	nr = min_t(u32, nr, ACCESS_DRAW_MAX);
	if (s->spec.pattern == ACCESS_RANDOM && d->key != s->round_key)
		draw_prepare(d, s->nr_pages, s->round_key);
	if (s->spec.pattern == ACCESS_RANDOM && d->ready) {
		nr = (u32)min_t(u64, nr, s->nr_pages - s->index);
		draw_round(s, d, addr, nr);
		for (i = 0; i < nr; i++)
			addr[i] = (s->start + addr[i] * PAGE_SIZE) |
				  (access_stream_store(s) ? ACCESS_STORE : 0);
		return nr;
	}
	for (i = 0; i < nr; i++) {
		addr[i] = access_stream_next(s, &write);
		addr[i] |= write ? ACCESS_STORE : 0;
	}
	return nr;
}
