/*
 * sim/procs/NAME/translate: write an address, read its page walk.
 *
 *	$ echo heap1+8192 > translate; cat translate
 *	address   0x7f0000002000 in rw-p mapping 7f0000000000-7f0000400000
 *	pgd[254]  0x0000000012340000 + 0x7f0: 0x0000000012345067  P RW US A D
 *	...
 *	page      4 KiB at 0x000000001a2b3000
 *	physical  0x000000001a2b3000: frame 0x1a2b3, node 0, zone Normal, memory block 3
 *	tlb       cpu 2: first level
 *
 * The address is hexadecimal (0x...), decimal, or REGION+OFF.
 */
#include "fs/sim/sim.h"

#include <errno.h>
#include <mman/translate.h>
#include <stdlib.h>
#include <string.h>

#include "fs/parse.h"

/* ---- writing: which address ---- */

static bool region_address(struct machine *m, handle_t lab, char *word, u64 *addr)
{
	char *plus = strchr(word, '+');
	const struct lab_region *r;
	size_t used;
	u64 offset = 0;

	if (plus) {
		*plus = '\0';
		if (plus[1] < '0' || plus[1] > '9')
			return false;
		offset = parse_memparse(plus + 1, strlen(plus + 1), &used);
		if (plus[1 + used])
			return false;
	}
	r = lab_region_find(m, lab, word);
	if (!r && strcmp(word, "stack") != 0)
		return false;
	*addr = (r ? r->start : mm_at(m, task_at(m, lab_at(m, lab)->task)->mm)->start_stack) +
		offset;
	return true;
}

static bool number_address(const char *word, u64 *addr)
{
	char *end;

	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	*addr = strtoull(word, &end, word[0] == '0' && (word[1] | 32) == 'x' ? 16 : 10);
	return !*end && !errno;
}

ssize_t process_translate_store(struct machine *m, handle_t lab, const char *data, size_t size)
{
	char word[LAB_NAME_MAX + 40];
	size_t n = size;
	u64 addr;

	if (!lab_at(m, lab)->task)
		return -ESRCH;
	parse_strip(&data, &n);
	if (!n || n >= sizeof(word))
		return -EINVAL;
	memcpy(word, data, n);
	word[n] = '\0';
	if (!region_address(m, lab, word, &addr) && !number_address(word, &addr))
		return -EINVAL;
	lab_at(m, lab)->translate = addr;
	lab_at(m, lab)->translates = true;
	return (ssize_t)size;
}

/* ---- reading: the walk ---- */

static void show_bits(const struct machine *m, const struct translation_step *s, struct text *out)
{
	static const struct {
		u64 bit;
		const char *name;
	} bits[] = {
		{ X86_PTE_PRESENT, " P" },  { X86_PTE_RW, " RW" },	   { X86_PTE_USER, " US" },
		{ X86_PTE_ACCESSED, " A" }, { X86_PTE_DIRTY, " D" },	   { X86_PTE_LARGE, " PS" },
		{ X86_PTE_SPECIAL, " SP" }, { X86_PTE_SOFT_DIRTY, " SD" }, { X86_PTE_NX, " NX" },
	};
	u32 i;

	text_hex(out, s->entry, 2u * m->pt.entry_bytes);
	text_char(out, ' ');
	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if (s->entry & bits[i].bit)
			text_str(out, bits[i].name);
}

/* "pgd[254]  0x12340000 + 0x7f0: 0x0000000012345067  P RW US A D" */
static void show_step(const struct machine *m, const struct translation_step *s, struct text *out)
{
	text_printf(out, "%s[%u]", s->name, s->index);
	text_printf(out, "%*s",
		    s->index < 10   ? 4 :
		    s->index < 100  ? 3 :
		    s->index < 1000 ? 2 :
				      1,
		    "");
	text_printf(out, "0x%llx + 0x%llx: ", (unsigned long long)s->table << PAGE_SHIFT,
		    (unsigned long long)(s->address - ((u64)s->table << PAGE_SHIFT)));
	if (s->entry) {
		text_str(out, "0x");
		show_bits(m, s, out);
	} else {
		text_str(out, "not present");
	}
	text_char(out, '\n');
}

static void show_mapping(struct machine *m, const struct translation *t, struct text *out)
{
	const struct vma *v;

	text_printf(out, "address   0x%llx", (unsigned long long)t->addr);
	if (!t->vma) {
		text_str(out, " in no mapping\n");
		return;
	}
	v = vma_at(m, t->vma);
	text_printf(out, " in %c%c%c%c mapping ", v->flags & VM_READ ? 'r' : '-',
		    v->flags & VM_WRITE ? 'w' : '-', v->flags & VM_EXEC ? 'x' : '-',
		    v->flags & VM_MAYSHARE ? 's' : 'p');
	text_hex(out, v->start, 8);
	text_char(out, '-');
	text_hex(out, v->end, 8);
	text_char(out, '\n');
}

static void show_size(u64 bytes, struct text *out)
{
	u32 shift = bytes >> 30 ? 30 : bytes >> 20 ? 20 : 10;

	text_u64(out, bytes >> shift);
	text_str(out, shift == 30 ? " GiB" : shift == 20 ? " MiB" : " KiB");
}

/* Where in RAM, if it is RAM. */
static void show_place(struct machine *m, const struct translation *t, struct text *out)
{
	const struct page *p;

	if (!page_exists(m, t->pfn)) {
		text_str(out, "no RAM but a device's memory: no node, no zone\n");
		return;
	}
	p = pfn_to_page(m, t->pfn);
	text_printf(out, "node %u, zone %s", p->node, zone_name((enum zone_type)p->zone));
	if (m->config.arch == ARCH_X86_64) /* where memory comes in sections */
		text_printf(out, ", memory block %u", t->pfn / PAGES_PER_SECTION);
	text_char(out, '\n');
}

static void show_page(struct machine *m, const struct translation *t, struct text *out)
{
	u64 physical = ((u64)t->pfn << PAGE_SHIFT) + (t->addr & ~PAGE_MASK);

	text_str(out, "page      ");
	show_size(t->page_size, out);
	text_printf(out, " at 0x%llx", (unsigned long long)(physical & ~(t->page_size - 1)));
	if (t->zero_page)
		text_str(out, ", the zero page");
	else if (t->mapcount > 1)
		text_printf(out, ", mapped %u times", t->mapcount);
	text_printf(out, "\nphysical  0x%llx: frame 0x%x, ", (unsigned long long)physical, t->pfn);
	show_place(m, t, out);
}

static void show_no_mapping(struct machine *m, const struct translation *t, struct text *out)
{
	switch (t->end) {
	case NOT_AN_ADDRESS:
		text_printf(out, "no user address: those end at 0x%llx; an access is a SIGSEGV\n",
			    (unsigned long long)task_size(m));
		break;
	case STACK_GUARD:
		text_str(out,
			 "no mapping: in the guard gap below a stack, which grows with an access "
			 "to it unless something is in its way\n");
		break;
	default:
		text_str(out, "no mapping: an access is a SIGSEGV\n");
	}
}

static void show_end(struct machine *m, const struct translation *t, struct text *out)
{
	const char *last = t->nr_steps ? t->step[t->nr_steps - 1].name : "";

	switch (t->end) {
	case TRANSLATED:
		show_page(m, t, out);
		break;
	case NO_ACCESS:
		show_page(m, t, out);
		if (t->vma && vma_at(m, t->vma)->flags & VM_ACCESS_FLAGS)
			text_str(
				out,
				"end       a hint for NUMA balancing: resident; the next access is a "
				"fault, which tells who uses it\n");
		else
			text_str(out, "end       PROT_NONE: resident, but no access is allowed\n");
		break;
	case IN_SWAP:
		text_printf(out,
			    "end       %s: in swap, %s slot %llu; an access is a major fault\n",
			    last, swap_area_path(m, &m->swap.area[t->swap_type]),
			    (unsigned long long)t->swap_offset);
		break;
	case POISONED:
		text_printf(out,
			    "end       %s: the page was lost (hwpoison); an access is a SIGBUS\n",
			    last);
		break;
	case NOT_PRESENT:
		text_printf(out,
			    "end       %s: not present: nothing was touched here yet, or it was "
			    "dropped; an access is a page fault\n",
			    last);
		break;
	default:
		text_printf(out, "end       %s%s", last, *last ? ": " : "");
		show_no_mapping(m, t, out);
	}
}

static void show_tlb(struct machine *m, handle_t task, const struct translation *t,
		     struct text *out)
{
	static const char *const where[] = { "not in the TLB", "first level", "second level" };

	text_printf(out, "tlb       cpu %u: %s\n", task_at(m, task)->cpu,
		    where[tlb_peek(m, task, t->addr)]);
}

int process_translate_show(struct machine *m, handle_t lab, struct text *out)
{
	handle_t task = lab_at(m, lab)->task;
	struct translation t;
	u32 i;

	if (!task || !task_at(m, task)->mm || !lab_at(m, lab)->translates)
		return 0;
	translate(m, task_at(m, task)->mm, lab_at(m, lab)->translate, &t);
	show_mapping(m, &t, out);
	for (i = 0; i < t.nr_steps; i++)
		show_step(m, &t.step[i], out);
	show_end(m, &t, out);
	if (t.end == TRANSLATED)
		show_tlb(m, task, &t, out);
	return 0;
}
