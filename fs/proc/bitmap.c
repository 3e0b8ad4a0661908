/* Sets of CPUs and nodes as text. */
#include "fs/proc/proc.h"

static bool test_bit(const u64 *bits, u32 i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

void text_bitmap_list(struct text *out, const u64 *bits, u32 nr)
{
	const char *separator = "";
	u32 i, last;

	for (i = 0; i < nr; i = last + 1) {
		last = i;
		if (!test_bit(bits, i))
			continue;
		while (last + 1 < nr && test_bit(bits, last + 1))
			last++;
		text_str(out, separator);
		text_u64(out, i);
		if (last > i) {
			text_char(out, '-');
			text_u64(out, last);
		}
		separator = ",";
	}
}

void text_bitmap(struct text *out, const u64 *bits, u32 nr)
{
	u32 words = (nr + 31) / 32, digits = (nr - (words - 1) * 32 + 3) / 4, i;

	/* the highest word has only as many digits as its bits need */
	for (i = words; i-- > 0; digits = 8) {
		text_hex(out, bits[i / 2] >> (i % 2 * 32) & 0xffffffffu, digits);
		if (i)
			text_char(out, ',');
	}
}
