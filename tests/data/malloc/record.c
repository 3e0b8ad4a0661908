/*
 * What a real glibc does: a seeded sequence of malloc, free and sbrk, and where everything came to
 * lie.
 * usage: record PROFILE COUNT SEED   (profiles: small mixed large huge sbrk)
 *
 * Lines, numbers in decimal, addresses from the start of the heap:
 *	m ID SIZE ADDRESS BREAK     malloc; ADDRESS is "mmap" for a mapping of its own
 *	f ID BREAK
 *	s DELTA BREAK               sbrk by somebody else
 *
 * How the files beside it were made, on Debian 12 (glibc 2.36):
 *	gcc -O1 -o record record.c && for p in small mixed large huge sbrk; do ./record $p 1200 7 >$p; done
 */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCKS 256

static unsigned long state;

static unsigned long draw(unsigned long n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static size_t size_of(const char *profile)
{
	if (!strcmp(profile, "small"))
		return draw(10) ? draw(200) : draw(1100);
	if (!strcmp(profile, "mixed") || !strcmp(profile, "sbrk"))
		return draw(3) ? draw(900) : draw(20) ? draw(8000) : draw(200000);
	if (!strcmp(profile, "large"))
		return draw(4) ? draw(60000) : draw(400000);
	return draw(3) ? draw(100000) : draw(20) ? draw(4 << 20) : draw(40ul << 20);
}

static char text[1 << 20];
static size_t length;

#define SAY(...) (length += (size_t)snprintf(text + length, sizeof(text) - length, __VA_ARGS__))

int main(int argc, char **argv)
{
	static char *block[BLOCKS];
	const char *profile = argc > 1 ? argv[1] : "mixed";
	long count = argc > 2 ? atol(argv[2]) : 1000, i;
	char *start = sbrk(0);

	state = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
	state = state * 0x9e3779b97f4a7c15ul + 1;
	for (i = 0; i < count; i++) {
		unsigned long id = draw(BLOCKS);
		size_t size;

		if (!strcmp(profile, "sbrk") && !draw(60)) {
			long delta = (long)draw(30000);

			sbrk(delta);
			SAY("s %ld %ld\n", delta, (long)((char *)sbrk(0) - start));
			continue;
		}
		if (block[id]) {
			free(block[id]);
			block[id] = NULL;
			SAY("f %lu %ld\n", id, (long)((char *)sbrk(0) - start));
			continue;
		}
		size = size_of(profile);
		block[id] = malloc(size);
		SAY("m %lu %zu ", id, size);
		if (((size_t *)block[id])[-1] & 2)
			SAY("mmap");
		else
			SAY("%ld", (long)(block[id] - start));
		SAY(" %ld\n", (long)((char *)sbrk(0) - start));
	}
	return write(1, text, length) != (ssize_t)length;
}
