/* smaps.c - paragraphs of /proc/PID/smaps. Lines that a paragraph does not have are zero. */
#include "fs/twin/smaps.h"

#include <string.h>

static bool parse_range(struct slice word, u64 *start, u64 *end)
{
	struct slice from = slice_cut(&word, '-');

	return slice_number(from, 16, start) && slice_number(word, 16, end);
}

static bool parse_heading(struct slice line, struct paragraph *p)
{
	struct slice word, major;
	u64 high, low;

	memset(p, 0, sizeof(*p));
	if (!slice_word(&line, &word) || !parse_range(word, &p->start, &p->end) ||
	    !slice_word(&line, &word) || word.size != 4)
		return false;
	slice_copy(word, p->perms, sizeof(p->perms));
	if (!slice_word(&line, &word) || !slice_number(word, 16, &p->offset) ||
	    !slice_word(&line, &word))
		return false;
	major = slice_cut(&word, ':');
	if (!slice_number(major, 16, &high) || !slice_number(word, 16, &low) ||
	    !slice_word(&line, &word) || !slice_number(word, 10, &p->ino))
		return false;
	p->dev = high << 32 | (u32)low;
	while (line.size && *line.at == ' ')
		line = (struct slice){ line.at + 1, line.size - 1 };
	p->name = line;
	return true;
}

#define FIELD(key, member)                                                \
	{                                                                 \
		key, sizeof(key) - 1, offsetof(struct paragraph, member), \
	}

static const struct {
	const char *key;
	size_t size, offset;
} fields[] = {
	FIELD("Rss:", rss),
	FIELD("Pss:", pss),
	FIELD("Shared_Clean:", shared_clean),
	FIELD("Shared_Dirty:", shared_dirty),
	FIELD("Private_Clean:", private_clean),
	FIELD("Private_Dirty:", private_dirty),
	FIELD("Referenced:", referenced),
	FIELD("Anonymous:", anonymous),
	FIELD("LazyFree:", lazyfree),
	FIELD("KSM:", ksm),
	FIELD("AnonHugePages:", thp),
	FIELD("ShmemPmdMapped:", thp),
	FIELD("FilePmdMapped:", thp),
	FIELD("Shared_Hugetlb:", hugetlb),
	FIELD("Private_Hugetlb:", hugetlb),
	FIELD("Swap:", swap),
	FIELD("SwapPss:", swap_pss),
};

static void parse_field(struct slice line, struct paragraph *p)
{
	struct slice key, value;
	size_t i;
	u64 n;

	if (!slice_word(&line, &key))
		return;
	if (*key.at == 'V' && slice_is(key, "VmFlags:")) {
		p->vm_flags = line;
		p->has_flags = true;
		return;
	}
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (key.size == fields[i].size && !memcmp(key.at, fields[i].key, key.size))
			break;
	if (i == ARRAY_SIZE(fields) || !slice_word(&line, &value) || !slice_number(value, 10, &n))
		return;
	/* more than an address space has is no size */
	*(u64 *)(void *)((char *)p + fields[i].offset) += n >> 40 ? 0 : n;
	p->has_pss |= fields[i].offset == offsetof(struct paragraph, pss);
	p->has_swap_pss |= fields[i].offset == offsetof(struct paragraph, swap_pss);
}

bool smaps_next(struct slice *rest, struct paragraph *p)
{
	struct slice line, before;

	do {
		if (!slice_line(rest, &line))
			return false;
	} while (!parse_heading(line, p));
	for (before = *rest; slice_line(rest, &line); before = *rest) {
		if (line.size && *line.at >= 'A' && *line.at <= 'Z') {
			parse_field(line, p);
			continue;
		}
		*rest = before;
		break;
	}
	return true;
}

bool smaps_has_file(const struct paragraph *p)
{
	return p->name.size && (*p->name.at != '[' || slice_starts(p->name, "[anon_shmem:"));
}
